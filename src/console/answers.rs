//! What comes back: search results, people, histories, connections.

use super::message::{Answer, Effect, HolderView, Query, Slot};
use super::model::{Model, Pane, Tone};
use super::shown::Events;
use super::wizard::Plan;
use crate::domain::cardholder::Cardholder;
use crate::domain::ids::{HolderId, TenantName};
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::cache::{FillMark, Hits};
use crate::ports::ledger::LedgerHealth;
use crate::ports::provider::Connection;
use std::time::Duration;

impl Model {
    /// An answer whose number is the newest of its slot.
    pub(super) fn answer(&mut self, slot: &Slot, answer: Answer) -> Vec<Effect> {
        match (answer, slot) {
            (Answer::Hits { hits, first, took }, _) => self.found(hits, first, took),
            (Answer::Remote(found), Slot::Remote(tenant)) => {
                self.asking.retain(|(t, _)| t != tenant);
                if found == 0 { Vec::new() } else { self.search_again() }
            }
            (Answer::Person(views), _) => self.person_known(views),
            (Answer::Holder(view), Slot::Live(id)) => self.record_read(id, *view),
            (Answer::History(rows), Slot::Events(id)) => {
                if let Some(record) = self.shown.record_mut(id) {
                    record.events = Events { rows, ..Events::default() };
                }
                self.tell_history();
                Vec::new()
            }
            (Answer::History(rows), _) => {
                self.shown.ledger = rows;
                self.tell_history();
                Vec::new()
            }
            (Answer::Plan(plan), _) => self.plan_read(Ok(Plan::Reissue(plan))),
            (Answer::TurnPlan(plan), _) => self.plan_read(Ok(Plan::Turn(plan))),
            (Answer::Case(case), _) => self.case_read(Ok(case)),
            (Answer::Requests(lines), _) => self.requests_read(lines),
            (Answer::Checkup(checks), _) => self.checked(checks),
            (Answer::Failed(problem), _) => self.query_failed(slot, problem),
            // No query of those slots is answered so.
            (Answer::Remote(_) | Answer::Holder(_), _) => Vec::new(),
        }
    }

    fn query_failed(&mut self, slot: &Slot, problem: Problem) -> Vec<Effect> {
        match slot {
            Slot::Preview => return self.plan_read(Err(problem)),
            Slot::Case => return self.case_read(Err(problem)),
            Slot::Live(id) => {
                self.log(Tone::Error, &problem.to_string(), &problem.detail);
                self.note_outage(&id.tenant, &problem);
                if let Some(record) = self.shown.record_mut(id) {
                    record.asked = None;
                    record.problem = Some(problem);
                }
            }
            Slot::Events(id) => {
                self.log(Tone::Warn, &problem.to_string(), &problem.detail);
                if let Some(record) = self.shown.record_mut(id) {
                    record.events.reading = false;
                    record.events.problem = Some(problem);
                }
            }
            Slot::Search => {
                self.searching = false;
                self.open_when_found = false;
                self.typed_ahead.clear();
                self.trouble(&problem);
            }
            Slot::Remote(tenant) => {
                self.asking.retain(|(t, _)| t != tenant);
                self.log(Tone::Warn, &problem.to_string(), &problem.detail);
                self.note_outage(tenant, &problem);
            }
            Slot::Cached | Slot::Ledger | Slot::Requests | Slot::Checkup => {
                self.log(Tone::Warn, &problem.to_string(), &problem.detail);
            }
        }
        Vec::new()
    }

    /// A read showed that the system is not there or refuses us: the header says so too.
    fn note_outage(&mut self, tenant: &TenantName, problem: &Problem) {
        let outage = matches!(problem.kind, ProblemKind::Unreachable)
            || problem.kind == ProblemKind::Unauthorised
                && ["refused our key", "wants a client certificate"].iter().any(|what| problem.what.ends_with(what));
        if outage && let Some(state) = self.tenants.iter_mut().find(|t| t.profile.name == *tenant) {
            state.connection = Some(Err(problem.clone()));
        }
    }

    fn found(&mut self, mut hits: Hits, first: Vec<HolderView>, took: Duration) -> Vec<Effect> {
        self.searching = false;
        self.took = Some(took);
        for hit in &mut hits.rows {
            // Which system was read first must not decide what stands first.
            let mut records: Vec<Cardholder> = hit.records().cloned().collect();
            records.sort_by_key(|record| self.place_of(&record.id.tenant));
            let mut records = records.into_iter();
            if let Some(first) = records.next() {
                (hit.holder, hit.others) = (first, records.collect());
            }
        }
        self.hits = hits;
        // What was typed anew puts its best hit under the cursor; late answers leave the cursor on its person.
        let fresh = std::mem::take(&mut self.fresh) && self.focus == Pane::Search;
        let mut effects = Vec::new();
        if fresh || self.hit_row().is_none() && self.focus <= Pane::Holders {
            self.hit = self.hits.rows.first().map(|r| r.holder.id.clone());
            effects.extend(self.person_known(first));
        } else if let Some(record) = self.shown.first() {
            // A system may be heard of after she was opened: her record there belongs on the screen as well.
            let id = record.holder.id.clone();
            let grown = self
                .hits
                .rows
                .iter()
                .find(|hit| hit.has(&id))
                .is_some_and(|hit| hit.records().any(|known| self.shown.record(&known.id).is_none()));
            if grown {
                effects.push(self.ask(Slot::Cached, Query::Person(id)));
            }
        }
        if std::mem::take(&mut self.open_when_found) {
            effects.extend(self.open_hit());
        }
        for key in std::mem::take(&mut self.typed_ahead) {
            effects.extend(self.routed_key(key));
        }
        effects
    }

    /// Where a system stands in the site file.
    fn place_of(&self, tenant: &TenantName) -> usize {
        self.tenants.iter().position(|t| t.profile.name == *tenant).unwrap_or(usize::MAX)
    }

    /// The cache says which records are one person. If she is on the screen already, what was read live stays, and
    /// records that are new are read too.
    fn person_known(&mut self, mut views: Vec<HolderView>) -> Vec<Effect> {
        views.sort_by_key(|view| self.place_of(&view.holder.id.tenant));
        let of_her = |id: &HolderId| views.iter().any(|v| v.holder.id == *id);
        if views.is_empty() {
            let browsing = self.focus <= Pane::Holders;
            return if browsing { self.turn_away() } else { Vec::new() };
        }
        let mut effects = Vec::new();
        if self.shown.records.iter().any(|r| of_her(&r.holder.id)) {
            let strangers: Vec<HolderId> =
                self.shown.records.iter().map(|r| r.holder.id.clone()).filter(|id| !of_her(id)).collect();
            for id in strangers {
                effects.extend(self.forget(Slot::Live(id.clone())));
                effects.extend(self.forget(Slot::Events(id)));
            }
            self.shown.keep_only(of_her);
        } else {
            // Somebody asked for her by a key, and nobody is shown yet.
            let opened = self.shown.opened && self.shown.records.is_empty();
            effects = self.turn_away();
            self.shown.opened = opened;
        }
        let mut unread = Vec::new();
        let untouched = self.shown.cursor.is_none();
        for view in views {
            if self.shown.record(&view.holder.id).is_none() {
                unread.push((view.holder.id.clone(), view.holder.link.clone()));
            }
            self.shown.absorb(view);
        }
        if untouched {
            // What stands first when all is known, not what happened to be known first.
            self.shown.cursor = self.shown.cards.first().map(|(card, _)| card.id.clone());
        }
        if self.shown.opened {
            for (id, link) in unread {
                effects.extend(self.read_live(id, link));
            }
        }
        self.tell_history();
        effects
    }

    /// A system gave one record live.
    fn record_read(&mut self, id: &HolderId, view: HolderView) -> Vec<Effect> {
        let now = self.since_start;
        let Some(record) = self.shown.record_mut(id) else { return Vec::new() };
        let took = record.asked.take().map(|since| now.saturating_sub(since));
        record.problem = None;
        let (clock, late) = (view.clock, view.late);
        let who = |h: &Cardholder| (h.name(), h.email.clone(), h.employee_number.clone());
        let changed = who(&record.holder) != who(&view.holder);
        let news = if std::mem::take(&mut record.by_itself) { self.news(&view) } else { None };
        self.show(view);
        if let Some((tone, text)) = news {
            self.say(tone, &text);
        }
        let mut effects = Vec::new();
        if changed {
            // It may be another person's record by now, or agree with records that it did not agree with before.
            let first = self.shown.first().map_or_else(|| id.clone(), |r| r.holder.id.clone());
            effects.push(self.ask(Slot::Cached, Query::Person(first)));
        }
        if let Some(state) = self.tenants.iter_mut().find(|t| t.profile.name == id.tenant) {
            state.round_trip = took.or(state.round_trip);
            let news = clock.is_some() && state.clock.is_none();
            state.clock = clock;
            if matches!(state.connection, Some(Err(_))) {
                effects.push(Effect::Connect(id.tenant.clone()));
            }
            if let Some(trouble) = clock.filter(|_| news) {
                let text = format!(
                    "{}: {trouble}. Nothing is held to be ours by comparing lists until that is set right.",
                    id.tenant
                );
                self.say(Tone::Warn, &text);
            }
        }
        if late {
            effects.push(self.look_again());
        }
        effects.extend(self.open_pending());
        effects
    }

    /// Puts one record on the screen; the cursor keeps its card, and a live view is never replaced by an older one.
    pub(super) fn show(&mut self, view: HolderView) {
        let id = view.holder.id.clone();
        self.shown.absorb(view);
        let shown = &self.shown;
        if let Some(hit) = self.hits.rows.iter_mut().find(|hit| hit.has(&id))
            && hit.records().all(|h| shown.record(&h.id).is_some())
        {
            hit.cards = shown.cards.len();
            hit.need = shown.cards.iter().map(|(card, _)| card.state()).min();
        }
    }

    /// Makes one history of what the ledger and the systems said so far; the cursor keeps its row's content.
    fn tell_history(&mut self) {
        let kept = self.history.get(self.history_cursor).filter(|_| self.history_cursor > 0).cloned();
        let events = self.shown.records.iter().flat_map(|r| &r.events.rows);
        self.history = self.shown.ledger.iter().chain(events).cloned().collect();
        self.history.sort_by(|a, b| b.at.cmp(&a.at).then(a.source.cmp(&b.source)));
        self.history.truncate(super::browse::HISTORY);
        let last = self.history.len().saturating_sub(1);
        let found = kept.and_then(|kept| self.history.iter().position(|row| *row == kept));
        self.history_cursor = found.unwrap_or(self.history_cursor).min(last);
    }

    /// Asks the cache again for what is in the search line, because it may know more now.
    fn search_again(&mut self) -> Vec<Effect> {
        let text = self.search.value().trim().to_owned();
        let (scope, limit) = (self.scope, super::browse::HITS);
        vec![self.ask(Slot::Search, Query::Search { text, scope, limit })]
    }

    /// A system said who it is, or did not.
    pub(super) fn connected(&mut self, tenant: &TenantName, result: Result<Connection, Problem>) -> Vec<Effect> {
        if let Err(problem) = &result {
            self.trouble(problem);
        }
        if let Some(state) = self.tenants.iter_mut().find(|t| t.profile.name == *tenant) {
            state.filling = result.is_ok();
            state.round_trip = result.as_ref().ok().map(|c| c.round_trip).or(state.round_trip);
            state.connection = Some(result);
        }
        Vec::new()
    }

    /// The background fill of the cache moved on.
    pub(super) fn filled(&mut self, tenant: &TenantName, mark: FillMark, problem: Option<&Problem>) -> Vec<Effect> {
        if let Some(problem) = problem {
            self.log(Tone::Warn, &problem.to_string(), &problem.detail);
        }
        let Some(state) = self.tenants.iter_mut().find(|t| t.profile.name == *tenant) else { return Vec::new() };
        state.filling = problem.is_none() && mark.next.is_some();
        let first_page = state.fill.seen == 0 && mark.seen > 0;
        let ended = problem.is_none() && mark.next.is_none();
        state.fill = mark;
        // New rows may match; the cursor keeps its person. Pages in between are not worth a redraw of the list.
        if (first_page || ended) && self.focus <= Pane::Holders { self.search_again() } else { Vec::new() }
    }

    /// The ledger was verified beside the browsing (decision 23).
    pub(super) fn ledger_verified(&mut self, health: LedgerHealth) -> Vec<Effect> {
        if let LedgerHealth::Broken(reason) = &health {
            let problem = Problem::new(
                ProblemKind::Refused,
                "The ledger cannot be trusted, so writes are off",
                reason.clone(),
                "run `passdesk ledger verify`; browsing goes on",
            );
            self.trouble(&problem);
            self.ledger = health;
            // What is on screen was graded when nothing spoke against the ledger yet.
            return self.refresh();
        }
        if let LedgerHealth::ReadOnly(reason) = &health {
            let problem = Problem::new(
                ProblemKind::Refused,
                "Nothing can be recorded in the ledger, so writes are off",
                reason.clone(),
                "check the data folder and start again; browsing goes on, and what it holds is proved",
            );
            self.trouble(&problem);
        }
        self.ledger = health;
        // What arrived late can only be recorded from now on.
        let verified = matches!(self.ledger, LedgerHealth::Verified { .. });
        if verified && self.watched > 0 { vec![self.look_again()] } else { Vec::new() }
    }
}
