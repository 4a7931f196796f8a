//! One change of a person as the site remembers it for its change feed (contract section 8): what it was,
//! what it became, and in whose name.

use super::memberships::Membership;
use super::operators::Operator;
use super::person::{Card, Person};
use super::personal_data::{PERSONAL_DATA_FIELDS, PersonalDataField};
use jiff::Timestamp;

/// What happened to the person as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Came to be.
    Add,
    /// Changed.
    Update,
    /// Is gone.
    Remove,
}

impl ChangeKind {
    /// Wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Remove => "remove",
        }
    }
}

/// One half of a change: only what differs from the other half. Fields that are blank have an empty text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// Flat fields: wire name and text.
    pub flat: Vec<(&'static str, String)>,
    /// Cards that are only in this half, or differ in the other.
    pub cards: Vec<Card>,
    /// Memberships that are only in this half: one that was edited has another address in the other.
    pub memberships: Vec<Membership>,
}

/// One row of the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRecord {
    /// Opaque id.
    pub id: u32,
    /// When.
    pub time: Timestamp,
    /// What happened.
    pub kind: ChangeKind,
    /// The person.
    pub index: u32,
    /// In whose name.
    pub operator: Operator,
    /// Before.
    pub old: Values,
    /// After.
    pub new: Values,
}

impl ChangeRecord {
    /// The difference between two states of a person; `None` for the state before she came or after she went.
    pub fn between(
        kind: ChangeKind,
        old: Option<&Person>,
        new: Option<&Person>,
        index: u32,
        operator: Operator,
        time: Timestamp,
    ) -> Self {
        let cards = |p: Option<&Person>| p.map(|p| p.cards.clone()).unwrap_or_default();
        let (old_cards, new_cards) = (cards(old), cards(new));
        let mut record = Self { id: 0, time, kind, index, operator, old: Values::default(), new: Values::default() };
        for ((name, before), (_, after)) in flat(old).into_iter().zip(flat(new)) {
            if before != after {
                record.old.flat.push((name, before));
                record.new.flat.push((name, after));
            }
        }
        record.new.cards = new_cards.iter().filter(|c| !old_cards.contains(c)).cloned().collect();
        record.old.cards = old_cards.into_iter().filter(|c| !new_cards.contains(c)).collect();
        let memberships = |p: Option<&Person>| p.map(|p| p.memberships.clone()).unwrap_or_default();
        let (before, after) = (memberships(old), memberships(new));
        record.new.memberships = after.iter().filter(|m| !before.contains(m)).copied().collect();
        record.old.memberships = before.into_iter().filter(|m| !after.contains(m)).collect();
        record
    }

    /// Takes a later change of the same person into this row: the old half stays, the new half is the later
    /// one, and what came and went in between is never seen.
    pub fn absorb(&mut self, later: Self) {
        for (name, value) in later.old.flat {
            if self.old.flat.iter().all(|(n, _)| *n != name) {
                self.old.flat.push((name, value));
            }
        }
        for (name, value) in later.new.flat {
            self.new.flat.retain(|(n, _)| *n != name);
            self.new.flat.push((name, value));
        }
        for card in later.old.cards {
            let fresh = self.new.cards.iter().any(|c| c.segment == card.segment);
            self.new.cards.retain(|c| c.segment != card.segment);
            let known = self.old.cards.iter().any(|c| c.segment == card.segment);
            if !fresh && !known {
                self.old.cards.push(card);
            }
        }
        self.new.cards.extend(later.new.cards);
        for membership in later.old.memberships {
            let came = self.new.memberships.iter().position(|m| m.link == membership.link);
            match came {
                Some(place) => drop(self.new.memberships.remove(place)),
                None => self.old.memberships.push(membership),
            }
        }
        self.new.memberships.extend(later.new.memberships);
    }

    /// What a change did to the cards, in the words of an event's free text.
    pub fn words(old: Option<&Person>, new: &Person) -> String {
        let before: &[Card] = old.map_or(&[], |p| &p.cards);
        let mut words = Vec::new();
        for removed in new.removed.iter().skip(old.map_or(0, |p| p.removed.len())) {
            let (state, _) = removed.card.status(removed.removed);
            words.push(format!("Card \"{}\" removed ({state})", removed.card.number));
        }
        for card in &new.cards {
            match before.iter().find(|c| c.segment == card.segment) {
                None => words.push(format!("Card \"{}\" added", card.number)),
                Some(was) if was != card => words.push(format!("Card \"{}\" changed", card.number)),
                Some(_) => {}
            }
        }
        words.join("; ")
    }
}

fn flat(person: Option<&Person>) -> Vec<(&'static str, String)> {
    let text = |get: fn(&Person) -> String| person.map(get).unwrap_or_default();
    let mut flat = vec![
        ("firstName", text(|p| p.first.to_string())),
        ("lastName", text(|p| p.last.to_string())),
        ("shortName", text(|p| p.short.clone())),
        ("description", text(|p| p.description.to_string())),
        ("authorised", text(|p| p.authorised.to_string())),
        ("division", text(|p| p.division.to_string())),
    ];
    // A portrait is no text: that there is one is all that the feed says.
    let kept = |field: &PersonalDataField, text: &str| match field.kind {
        "image" if !text.is_empty() => "(image)".to_owned(),
        _ => text.to_owned(),
    };
    flat.extend(
        PERSONAL_DATA_FIELDS
            .iter()
            .map(|field| (field.member, person.map(|person| kept(field, field.of(person))).unwrap_or_default())),
    );
    flat
}
