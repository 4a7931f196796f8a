//! The `/` filter of the lists (ux.md section 7): typing filters at once, the last good filter stays in force while a
//! word is wrong, and what is hidden keeps its cursor (rule R4).

use super::keymap::Key;
use super::message::{Effect, Query, Slot};
use super::model::{Model, Pane};
use super::update::edit;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::System;
use crate::domain::filter::{
    Calendar, CardRow, Completion, Facts, Field, Filter, HistoryRow, HolderRow, Mistake, Tally, Verdict, complete,
};
use crate::domain::ids::{CredentialId, HolderId, TenantName};
use crate::domain::operation::Operation;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use tui_input::Input;

/// A filter that is in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// As it was typed.
    pub text: String,
    /// What it means.
    filter: Filter,
    /// The rows of the whole list that fit, in their order.
    pub rows: Vec<usize>,
    /// How many there are, and how many it would depend.
    pub tally: Tally,
}

/// The input line of a filter.
#[derive(Debug)]
pub struct Typing {
    /// The list.
    pub list: Pane,
    /// What is typed.
    pub input: Input,
    /// Why it is no filter; the last good one stays in force.
    pub mistake: Option<Mistake>,
    /// What could stand at the cursor, as TAB asked.
    pub offer: Option<Offer>,
}

/// What TAB offers, and how often it was pressed.
#[derive(Debug)]
pub struct Offer {
    /// The text for which it was asked.
    text: String,
    /// What could stand there.
    pub completion: Completion,
    /// The candidate that stands in the line.
    pub at: usize,
}

/// The filters of all lists.
#[derive(Debug, Default)]
pub struct Filters {
    holders: Option<InForce>,
    cards: Option<InForce>,
    history: Option<InForce>,
    /// The input line, while it is open.
    pub typing: Option<Typing>,
    /// What stood under each cursor before a filter hid it.
    kept_hit: Option<HolderId>,
    kept_card: Option<CredentialId>,
    kept_row: Option<Operation>,
}

impl Filters {
    /// The filter in force of a list.
    pub fn of(&self, list: Pane) -> Option<&InForce> {
        match list {
            Pane::Holders => self.holders.as_ref(),
            Pane::Cards => self.cards.as_ref(),
            Pane::History => self.history.as_ref(),
            Pane::Search | Pane::Pass => None,
        }
    }

    /// The input line, if it is that of this list.
    pub fn typing_in(&self, list: Pane) -> Option<&Typing> {
        self.typing.as_ref().filter(|typing| typing.list == list)
    }

    fn put(&mut self, list: Pane, filter: Option<InForce>) {
        match list {
            Pane::Holders => self.holders = filter,
            Pane::Cards => self.cards = filter,
            Pane::History => self.history = filter,
            Pane::Search | Pane::Pass => {}
        }
    }

    /// The filters of a person's lists go with the person.
    pub(super) fn leave_person(&mut self) {
        (self.cards, self.history) = (None, None);
        (self.kept_card, self.kept_row) = (None, None);
        if self.typing.as_ref().is_some_and(|typing| typing.list != Pane::Holders) {
            self.typing = None;
        }
    }

    /// A list of people goes with its search.
    pub(super) fn leave_search(&mut self) {
        (self.holders, self.kept_hit) = (None, None);
    }

    /// The cursor was moved by hand: it does not go back.
    pub(super) fn moved(&mut self, list: Pane) {
        match list {
            Pane::Search | Pane::Holders => self.kept_hit = None,
            Pane::Cards => self.kept_card = None,
            Pane::History => self.kept_row = None,
            Pane::Pass => {}
        }
    }
}

/// What a list is called in a mistake, and the fields that it knows.
fn knows(list: Pane) -> (&'static str, &'static [Field]) {
    match list {
        Pane::Search | Pane::Holders => ("This list of cardholders", HolderRow::FIELDS),
        Pane::Cards | Pane::Pass => ("This list of cards", CardRow::FIELDS),
        Pane::History => ("This history", HistoryRow::FIELDS),
    }
}

/// True if the last word of a text is the beginning of a field's name.
fn begins_field(text: &str, known: &[Field]) -> bool {
    let word = text.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '-')).next().unwrap_or_default();
    let word = word.to_lowercase();
    !word.is_empty() && known.iter().any(|field| field.to_string().starts_with(&word))
}

/// Why `/` is off in a pane.
pub(super) fn allowed(model: &Model) -> Result<(), Cow<'static, str>> {
    match model.focus {
        Pane::Holders | Pane::Cards | Pane::History => Ok(()),
        Pane::Search | Pane::Pass => Err("this pane is no list; F3 searches".into()),
    }
}

impl Model {
    fn calendar(&self) -> Calendar {
        Calendar { now: self.now, zone: if self.utc { TimeZone::UTC } else { self.zone.clone() } }
    }

    fn system_of(&self, tenant: &TenantName) -> Option<System> {
        self.tenant(tenant).map(|t| t.profile.system)
    }

    /// What each row of a list says, in the order of the whole list.
    fn facts(&self, list: Pane) -> Vec<Facts> {
        let shown = &self.shown;
        let holder = |id: &HolderId| shown.record(id).map(|record| &record.holder);
        match list {
            Pane::Search | Pane::Holders => {
                let of_hit = |hit: &crate::ports::cache::HolderHit| {
                    let records: Vec<(&Cardholder, Option<System>)> =
                        hit.records().map(|h| (h, self.system_of(&h.id.tenant))).collect();
                    HolderRow { records: &records, need: hit.need }.facts()
                };
                self.hits.rows.iter().map(of_hit).collect()
            }
            Pane::Cards | Pane::Pass => {
                let of_card = |(card, owner): &(crate::domain::credential::Credential, _)| {
                    let system = self.system_of(&card.id.tenant);
                    CardRow { card, owner: Some(owner), holder: holder(&card.holder), system }.facts()
                };
                shown.cards.iter().map(of_card).collect()
            }
            Pane::History => {
                let of_row = |operation: &Operation| {
                    let card = operation.credential.as_ref();
                    let card = card.and_then(|id| shown.cards.iter().map(|(card, _)| card).find(|card| card.id == *id));
                    let (holder, system) = (holder(&operation.holder), self.system_of(&operation.holder.tenant));
                    HistoryRow { operation, system, holder, card, me: &self.operator, console: None }.facts()
                };
                self.history.iter().map(of_row).collect()
            }
        }
    }

    /// The rows of a list that are shown: all, or those that its filter lets through.
    pub fn visible(&self, list: Pane) -> Vec<usize> {
        let length = match list {
            Pane::Search | Pane::Holders => self.hits.rows.len(),
            Pane::Cards | Pane::Pass => self.shown.cards.len(),
            Pane::History => self.history.len(),
        };
        match self.filters.of(if list == Pane::Search { Pane::Holders } else { list }) {
            Some(force) => force.rows.iter().copied().filter(|row| *row < length).collect(),
            None => (0..length).collect(),
        }
    }

    /// `/`: opens the input line in the title of the list, with the filter that is in force.
    pub(super) fn open_filter(&mut self) -> Vec<Effect> {
        let text = self.filters.of(self.focus).map(|force| force.text.clone()).unwrap_or_default();
        self.filters.typing = Some(Typing { list: self.focus, input: Input::new(text), mistake: None, offer: None });
        Vec::new()
    }

    /// Takes the filter of the focused list off. False: there is none.
    pub(super) fn unfilter(&mut self) -> bool {
        let filtered = self.filters.of(self.focus).is_some();
        self.filters.put(self.focus, None);
        filtered
    }

    /// A key while the input line is open.
    pub(super) fn filter_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(typing) = &mut self.filters.typing else { return Vec::new() };
        match key {
            Key::Esc => {
                self.unfilter();
                self.filters.typing = None;
            }
            Key::Enter => {
                self.filter_typed(true);
                // A wrong word keeps its message; what is in force is not what stands there.
                self.filters.typing = self.filters.typing.take().filter(|typing| typing.mistake.is_some());
            }
            Key::Tab => self.complete_filter(1),
            Key::BackTab => self.complete_filter(-1),
            Key::Down => return self.step(1),
            Key::Up => return self.step(-1),
            other => {
                let before = typing.input.value().to_owned();
                edit(&mut typing.input, other);
                if before != typing.input.value() {
                    self.filter_typed(false);
                }
            }
        }
        Vec::new()
    }

    /// The text of the input line changed: if it is a filter, it is in force from now on. A last word that may become
    /// the name of a field counts for nothing until it is `settled`: it would empty the list on the way.
    pub(super) fn filter_typed(&mut self, settled: bool) {
        let Some(typing) = &mut self.filters.typing else { return };
        typing.offer = None;
        let (list, text) = (typing.list, typing.input.value().to_owned());
        let (name, known) = knows(list);
        if !settled && begins_field(&text, known) {
            typing.mistake = None;
            return;
        }
        match Filter::read(&text, known, name) {
            Ok(filter) => {
                typing.mistake = None;
                let force = InForce { text: text.trim().to_owned(), filter, rows: Vec::new(), tally: Tally::default() };
                self.filters.put(list, Some(force).filter(|force| !force.filter.is_everything()));
            }
            Err(mistake) => typing.mistake = Some(mistake),
        }
    }

    /// TAB: puts the next candidate in place of the word at the cursor.
    fn complete_filter(&mut self, by: isize) {
        let Some(list) = self.filters.typing.as_ref().map(|typing| typing.list) else { return };
        let (rows, calendar) = (self.facts(list), self.calendar());
        let Some(typing) = &mut self.filters.typing else { return };
        let offer = match typing.offer.take() {
            // One that was alone is settled: what follows it is asked for anew.
            Some(Offer { text, completion, at }) if completion.candidates.len() > 1 => {
                let count = completion.candidates.len() as isize;
                Offer { text, at: (at as isize + by).rem_euclid(count) as usize, completion }
            }
            _ => {
                let text = typing.input.value().to_owned();
                let completion = complete(&text, typing.input.cursor(), knows(list).1, &rows, &calendar);
                Offer { text, completion, at: 0 }
            }
        };
        if let Some(candidate) = offer.completion.candidates.get(offer.at) {
            let (text, cursor) = offer.completion.applied(&offer.text, candidate);
            typing.input = Input::new(text).with_cursor(cursor);
            self.filter_typed(true);
        }
        if let Some(typing) = &mut self.filters.typing {
            typing.offer = Some(offer);
        }
    }

    /// After every message: which rows fit now, and where the cursors stand.
    pub(super) fn refilter(&mut self) -> Vec<Effect> {
        let calendar = self.calendar();
        for list in [Pane::Holders, Pane::Cards, Pane::History] {
            let Some(mut force) = self.filters.of(list).cloned() else { continue };
            (force.rows, force.tally) = (Vec::new(), Tally::default());
            for (row, facts) in self.facts(list).iter().enumerate() {
                let verdict = force.filter.judge(facts, &calendar);
                // Nobody knows what happened while nobody looked: the gap stays in sight.
                let gap = list == Pane::History && self.history.get(row).is_some_and(Operation::is_gap);
                if verdict == Verdict::Match || gap && verdict != Verdict::No {
                    force.rows.push(row);
                }
                if !gap {
                    force.tally.count(&verdict);
                }
            }
            self.filters.put(list, Some(force));
        }
        self.keep_card();
        self.keep_row();
        self.keep_hit()
    }

    fn keep_card(&mut self) {
        let rows = self.visible(Pane::Cards);
        let row_of = |id: &CredentialId| self.shown.cards.iter().position(|(card, _)| card.id == *id);
        if let Some(kept) = self.filters.kept_card.clone() {
            match row_of(&kept) {
                Some(row) if rows.contains(&row) => {
                    self.shown.cursor = Some(kept);
                    self.filters.kept_card = None;
                }
                Some(_) => {}
                None => self.filters.kept_card = None,
            }
        }
        let hidden = self.shown.row().is_none_or(|row| !rows.contains(&row));
        if hidden && self.filters.cards.is_some() {
            let before =
                std::mem::replace(&mut self.shown.cursor, rows.first().map(|row| self.shown.cards[*row].0.id.clone()));
            self.filters.kept_card = self.filters.kept_card.take().or(before);
        }
    }

    fn keep_row(&mut self) {
        let rows = self.visible(Pane::History);
        if let Some(kept) = &self.filters.kept_row {
            match self.history.iter().position(|row| row == kept) {
                Some(row) if rows.contains(&row) => {
                    self.history_cursor = row;
                    self.filters.kept_row = None;
                }
                Some(_) => {}
                None => self.filters.kept_row = None,
            }
        }
        if self.filters.history.is_some()
            && !rows.contains(&self.history_cursor)
            && let Some(first) = rows.first()
        {
            let before = self.history.get(self.history_cursor).cloned();
            self.filters.kept_row = self.filters.kept_row.take().or(before);
            self.history_cursor = *first;
        }
    }

    /// As for the cards; another person under the cursor is another person shown.
    fn keep_hit(&mut self) -> Vec<Effect> {
        if self.focus > Pane::Holders {
            return Vec::new();
        }
        let rows = self.visible(Pane::Holders);
        let now = self.hit.clone();
        if let Some(kept) = self.filters.kept_hit.clone() {
            match self.hits.rows.iter().position(|hit| hit.has(&kept)) {
                Some(row) if rows.contains(&row) => {
                    self.hit = Some(kept);
                    self.filters.kept_hit = None;
                }
                Some(_) => {}
                None => self.filters.kept_hit = None,
            }
        }
        let hidden = self.hit_row().is_none_or(|row| !rows.contains(&row));
        if hidden && self.filters.holders.is_some() {
            let first = rows.first().map(|row| self.hits.rows[*row].holder.id.clone());
            let before = std::mem::replace(&mut self.hit, first);
            self.filters.kept_hit = self.filters.kept_hit.take().or(before);
        }
        match self.hit.clone() {
            hit if hit == now => Vec::new(),
            Some(id) => vec![self.ask(Slot::Cached, Query::Person(id))],
            None => self.turn_away(),
        }
    }
}
