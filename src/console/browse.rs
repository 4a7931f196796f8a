//! Moving about: search, cursor, panes, opening people.

use super::message::{Effect, Query, Slot, Timer};
use super::model::{Model, Overlay, Pane, SLOW, Tone};
use super::shown::Record;
use crate::domain::ids::{HolderId, Link, TenantName};
use crate::domain::policy::Writes;
use crate::ports::cache::Scope;
use std::time::Duration;
use tui_input::Input;

/// Rows asked of the cache for one search.
pub const HITS: usize = 200;
/// Rows asked of a system for one search.
const REMOTE_HITS: usize = 50;
/// Rows asked of the history.
pub const HISTORY: usize = 200;
/// Typing pause before the systems are asked.
const DEBOUNCE: Duration = Duration::from_millis(150);
/// Fewer characters than this are not worth asking the systems about.
const REMOTE_MIN: usize = 2;

impl Model {
    /// The text or the scope of the search changed: ask the cache now, and the systems after a pause.
    pub(super) fn search_changed(&mut self) -> Vec<Effect> {
        self.searching = true;
        self.filters.leave_search();
        self.open_when_found = false;
        self.typed_ahead.clear();
        let text = self.search.value().trim().to_owned();
        self.fresh = true;
        let local = self.ask(Slot::Search, Query::Search { text: text.clone(), scope: self.scope, limit: HITS });
        let mut effects = vec![local];
        for (tenant, _) in std::mem::take(&mut self.asking) {
            effects.extend(self.forget(Slot::Remote(tenant)));
        }
        self.asked += 1;
        self.pause = self.asked;
        if text.chars().count() >= REMOTE_MIN && self.scope == Scope::Name {
            effects.push(Effect::Timer(Timer::Debounce(self.pause), DEBOUNCE));
        }
        effects
    }

    /// The typing pause is over: every system is asked by itself, and none waits for another.
    pub(super) fn ask_systems(&mut self, pause: u64) -> Vec<Effect> {
        if self.pause != pause {
            return Vec::new();
        }
        let text = self.search.value().trim().to_owned();
        let tenants: Vec<TenantName> = self.tenants.iter().map(|t| t.profile.name.clone()).collect();
        self.asking = tenants.iter().map(|t| (t.clone(), self.since_start)).collect();
        let mut effects = Vec::new();
        for tenant in tenants {
            let query = Query::Remote { tenant: tenant.clone(), text: text.clone(), limit: REMOTE_HITS };
            effects.push(self.ask(Slot::Remote(tenant), query));
        }
        effects.extend(self.tick());
        effects
    }

    /// The timer by which a slow read shows how long it takes; none while nothing is being read.
    pub(super) fn tick(&mut self) -> Option<Effect> {
        let waiting = self.shown.reading() || !self.asking.is_empty();
        if self.ticking || !waiting || self.still {
            return None;
        }
        self.ticking = true;
        Some(Effect::Timer(Timer::Slow, SLOW))
    }

    /// Moves the cursor of the focused list by so many rows.
    pub(super) fn step(&mut self, by: isize) -> Vec<Effect> {
        // Over the rows that are shown: what a filter hides is stepped over.
        let rows = self.visible(self.focus);
        let moved = |row: Option<usize>| -> Option<usize> {
            let last = rows.len().checked_sub(1)?;
            let at = row.and_then(|row| rows.iter().position(|shown| *shown == row));
            rows.get(at.map_or(0, |at| at.saturating_add_signed(by).min(last))).copied()
        };
        self.filters.moved(self.focus);
        match self.focus {
            Pane::Search | Pane::Holders => {
                let Some(row) = moved(self.hit_row()) else { return Vec::new() };
                let id = self.hits.rows[row].holder.id.clone();
                if self.hit.as_ref() == Some(&id) {
                    return Vec::new();
                }
                self.hit = Some(id.clone());
                vec![self.ask(Slot::Cached, Query::Person(id))]
            }
            Pane::Pass => Vec::new(),
            Pane::Cards => {
                if let Some(row) = moved(self.shown.row()) {
                    self.shown.cursor = Some(self.shown.cards[row].0.id.clone());
                }
                Vec::new()
            }
            Pane::History => {
                if let Some(row) = moved(Some(self.history_cursor)) {
                    self.history_cursor = row;
                }
                Vec::new()
            }
        }
    }

    /// Moves by pages, or by parts of one.
    pub(super) fn page(&mut self, direction: isize, parts: isize) -> Vec<Effect> {
        let rows = isize::from(i16::try_from(self.size.1).unwrap_or(24)).saturating_sub(12).max(2);
        self.step(direction * (rows / parts).max(1))
    }

    /// To another pane.
    pub(super) fn go(&mut self, pane: Pane) -> Vec<Effect> {
        if self.focus != pane {
            self.before = self.focus;
            self.focus = pane;
            self.filters.typing = None;
        }
        Vec::new()
    }

    /// To the next or previous pane.
    pub(super) fn turn(&mut self, by: isize) -> Vec<Effect> {
        let at = Pane::ALL.iter().position(|p| *p == self.focus).unwrap_or(0);
        let next = (at as isize + by).rem_euclid(Pane::ALL.len() as isize) as usize;
        self.go(Pane::ALL[next])
    }

    /// Enter: opens what is under the cursor. Never writes (rule R1).
    pub(super) fn open(&mut self) -> Vec<Effect> {
        match self.focus {
            Pane::Search | Pane::Holders => {
                if self.focus == Pane::Search && self.searching {
                    self.open_when_found = true;
                    return Vec::new();
                }
                self.open_hit()
            }
            Pane::Cards => self.go(Pane::Pass),
            Pane::Pass => self.go(Pane::History),
            Pane::History => Vec::new(),
        }
    }

    /// Opens the person under the cursor of the hits: her cards, live.
    pub(super) fn open_hit(&mut self) -> Vec<Effect> {
        let Some(row) = self.hit_row() else {
            if !self.search.value().trim().is_empty() {
                let asked = if self.asking.is_empty() { "" } else { "; the systems are still being asked" };
                let text = format!("Nothing found for \"{}\"{asked}.", self.search.value().trim());
                self.say(Tone::Info, &text);
            }
            return Vec::new();
        };
        let hit = self.hits.rows[row].clone();
        let mut effects = self.go(Pane::Cards);
        if !self.shown.records.iter().any(|r| hit.has(&r.holder.id)) {
            effects.extend(self.turn_away());
        }
        for holder in hit.records() {
            if self.shown.record(&holder.id).is_none() {
                self.shown.records.push(Record::cached(holder.clone()));
            }
        }
        if hit.card.is_some() {
            self.shown.cursor.clone_from(&hit.card);
        }
        effects.push(self.ask(Slot::Cached, Query::Person(hit.holder.id.clone())));
        self.shown.opened = true;
        effects.extend(self.read_person());
        effects
    }

    /// Reads all records of the person shown, each by itself, and her history.
    pub(super) fn read_person(&mut self) -> Vec<Effect> {
        let records: Vec<(HolderId, Link)> =
            self.shown.records.iter().map(|r| (r.holder.id.clone(), r.holder.link.clone())).collect();
        let mut effects = Vec::new();
        for (id, link) in records {
            effects.extend(self.read_record(id, link));
        }
        effects.push(self.read_ledger());
        effects.extend(self.tick());
        self.looked = self.since_start;
        effects.extend(self.live_timer());
        effects
    }

    /// Reads one record live, and the person's history with it.
    pub(super) fn read_live(&mut self, id: HolderId, link: Link) -> Vec<Effect> {
        let mut effects = self.read_record(id, link);
        effects.push(self.read_ledger());
        effects.extend(self.tick());
        effects
    }

    fn read_record(&mut self, id: HolderId, link: Link) -> Vec<Effect> {
        let now = self.since_start;
        if let Some(record) = self.shown.record_mut(&id) {
            record.asked = Some(now);
            record.by_itself = false;
            record.events.reading = true;
        }
        vec![
            self.ask(Slot::Live(id.clone()), Query::Live(id.clone(), link)),
            self.ask(Slot::Events(id.clone()), Query::Events(id, HISTORY)),
        ]
    }

    fn read_ledger(&mut self) -> Effect {
        let ids = self.shown.records.iter().map(|r| r.holder.id.clone()).collect();
        self.ask(Slot::Ledger, Query::Ledger(ids, HISTORY))
    }

    /// Nobody is shown any more: what was being read of the person is not waited for.
    pub(super) fn turn_away(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.filters.leave_person();
        for record in std::mem::take(&mut self.shown).records {
            effects.extend(self.forget(Slot::Live(record.holder.id.clone())));
            effects.extend(self.forget(Slot::Events(record.holder.id)));
        }
        effects.extend(self.forget(Slot::Ledger));
        self.history.clear();
        self.history_cursor = 0;
        effects
    }

    /// Reads the person shown again; a paused or unreachable system is asked who it is first.
    pub(super) fn refresh(&mut self) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self
            .tenants
            .iter()
            .filter(|t| !matches!(t.connection, Some(Ok(_))))
            .map(|t| Effect::Connect(t.profile.name.clone()))
            .collect();
        if let Some(id) = self.shown.first().map(|r| r.holder.id.clone()) {
            effects.push(self.ask(Slot::Cached, Query::Person(id)));
            self.shown.opened = true;
            effects.extend(self.read_person());
        } else {
            // The same search, asked again: its filter stays.
            let filters = std::mem::take(&mut self.filters);
            effects.extend(self.search_changed());
            self.filters = filters;
        }
        effects
    }

    /// Escape: one step back, and it never quits.
    pub(super) fn back(&mut self) -> Vec<Effect> {
        if self.toast.as_ref().is_some_and(|t| matches!(t.tone, Tone::Error | Tone::Warn)) {
            self.toast = None;
            return Vec::new();
        }
        if self.zoom {
            self.zoom = false;
            return Vec::new();
        }
        if self.unfilter() {
            return Vec::new();
        }
        match self.focus {
            Pane::Search if !self.search.value().is_empty() => {
                self.search.reset();
                self.search_changed()
            }
            Pane::Search => {
                let text = format!("{} goes to the lists; {} quits.", self.key("next-pane"), self.key("quit"));
                self.say(Tone::Info, &text);
                Vec::new()
            }
            Pane::Holders => self.go(Pane::Search),
            Pane::Cards => self.go(Pane::Search),
            Pane::Pass => self.go(Pane::Cards),
            Pane::History => self.go(Pane::Pass),
        }
    }

    /// The next search scope.
    pub(super) fn next_scope(&mut self) -> Vec<Effect> {
        self.scope = match self.scope {
            Scope::Name => Scope::Number,
            Scope::Number => Scope::Contact,
            Scope::Contact => Scope::Id,
            Scope::Id => Scope::Name,
        };
        self.search_changed()
    }

    /// The focused pane fills the screen, or not.
    pub(super) fn toggle_zoom(&mut self) -> Vec<Effect> {
        self.zoom = !self.zoom;
        Vec::new()
    }

    /// Locks or unlocks writes.
    pub(super) fn toggle_lock(&mut self) -> Vec<Effect> {
        match self.writes {
            Writes::Unlocked => {
                self.writes = Writes::Locked;
                self.confirmed.clear();
                let text = format!("Writes are locked; {} unlocks them.", self.key("lock"));
                self.say(Tone::Info, &text);
            }
            Writes::Locked => {
                self.writes = Writes::Unlocked;
                let text = format!("Writes are unlocked; {} locks them.", self.key("lock"));
                self.say(Tone::Warn, &text);
            }
            Writes::ReadOnly(_) => {}
        }
        Vec::new()
    }

    /// Times in UTC, or local.
    pub(super) fn toggle_utc(&mut self) -> Vec<Effect> {
        self.utc = !self.utc;
        Vec::new()
    }

    /// Opens the message log at the newest line.
    pub(super) fn open_messages(&mut self) -> Vec<Effect> {
        self.overlay = Some(Overlay::Messages { scroll: 0 });
        Vec::new()
    }

    /// Opens the list of unfinished and waiting work.
    pub(super) fn open_jobs(&mut self) -> Vec<Effect> {
        self.overlay = Some(Overlay::Jobs { cursor: 0, confirm: None, drawn: None });
        vec![self.look_again()]
    }

    /// Opens the line for the session's ticket.
    pub(super) fn open_ticket(&mut self) -> Vec<Effect> {
        self.overlay = Some(Overlay::Ticket(Input::new(self.ticket.clone())));
        Vec::new()
    }
}
