//! Consumers, their cards and digital cards: functions of the seed until something changes them.

use super::everyday;
use super::names::{Kind, Slot, id_of, slot_of};
use super::notices::Notices;
use super::operations::{Operation, Requestor, Status, Subject, months_before, newest_first};
use super::switches::Switches;
use crate::simulator::Author;
use crate::simulator::clock::later;
use crate::simulator::population::{HOLDER_OF_8841, JANE, JOHN, Population, SAM, spread};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

const DAY: i64 = 86_400;
/// Purposes of draws begin here, so that this system's people are independent of the others'.
pub(super) const PURPOSE: u32 = 7_000;

/// State of a card (contract section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CardState {
    /// In force.
    Active,
    /// Suspended or locked.
    Inactive,
    /// Past its end date.
    Expired,
    /// Ended.
    Deleted,
    /// Another card took its place.
    Replaced,
}

/// State of a digital card (contract section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DigitalState {
    /// Waits for the holder to be identified.
    PendingIdv,
    /// In force.
    Active,
    /// Suspended.
    Suspended,
    /// Ended.
    Deleted,
}

/// A digital card.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DigitalCard {
    /// Id.
    pub id: String,
    /// State.
    pub state: DigitalState,
    /// Device.
    pub device: Cow<'static, str>,
    /// Id of the wallet or merchant that asked for it.
    pub token_requestor: &'static str,
    /// When it was made.
    pub created: Timestamp,
    /// Who asked for it: the holder by the bank's app, or the wallet.
    pub requestor: Requestor,
    /// True: the device knows too (contract section 8: it may lag).
    pub device_told: bool,
}

/// A card.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Card {
    /// Id.
    pub id: String,
    /// Product.
    pub product: String,
    /// Network.
    pub scheme: &'static str,
    /// Last four digits.
    pub last4: String,
    /// End, `MMYY`.
    pub expires: String,
    /// State.
    pub state: CardState,
    /// Why it is in that state, `NONE` if there is no reason.
    pub state_reason: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Its digital cards, oldest first.
    pub digital: Vec<DigitalCard>,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consumer {
    /// Place in the world of people, or after them all.
    pub index: u32,
    /// Id.
    pub id: String,
    /// When it was registered.
    pub registered: Timestamp,
    /// When it was deleted, if it was.
    pub deleted: Option<Timestamp>,
    /// The person's own data, as far as the server holds them.
    pub data: BTreeMap<String, Value>,
    /// Cards, oldest first.
    pub cards: Vec<Card>,
    /// What was done since the world began.
    pub operations: Vec<Operation>,
}

impl Consumer {
    /// The card with an id.
    pub fn card(&self, id: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == id)
    }

    /// The card with an id, to change it.
    pub fn card_mut(&mut self, id: &str) -> Option<&mut Card> {
        self.cards.iter_mut().find(|card| card.id == id)
    }

    /// A digital card and the card that it belongs to.
    pub fn digital(&self, id: &str) -> Option<(&Card, &DigitalCard)> {
        self.cards.iter().find_map(|card| Some((card, card.digital.iter().find(|d| d.id == id)?)))
    }

    /// A digital card, to change it.
    pub fn digital_mut(&mut self, id: &str) -> Option<&mut DigitalCard> {
        self.cards.iter_mut().flat_map(|card| &mut card.digital).find(|d| d.id == id)
    }
}

/// All there is.
#[derive(Debug)]
pub struct Bank {
    /// The one world of people.
    pub population: Population,
    seed: u64,
    changed: HashMap<u32, Consumer>,
    named: HashMap<String, u32>,
    named_cards: HashMap<String, u32>,
    next_index: u32,
    draws: u64,
    /// Unpublished behaviour.
    pub switches: Switches,
    /// Tokens in force: until when, and whose.
    pub tokens: HashMap<String, (Timestamp, Author)>,
    /// What the issuer is told.
    pub notices: Notices,
}

impl Bank {
    /// The bank at the start.
    pub fn new(seed: u64, people: u32, start: Timestamp) -> Self {
        Self {
            population: Population::new(seed, people, start),
            seed,
            changed: HashMap::new(),
            named: HashMap::new(),
            named_cards: HashMap::new(),
            next_index: people,
            draws: 0,
            switches: Switches::default(),
            tokens: HashMap::new(),
            notices: Notices::default(),
        }
    }

    /// Bits that nobody can foretell but the seed.
    pub fn draw(&mut self) -> u64 {
        self.draws += 1;
        spread(self.seed ^ spread(self.draws ^ 0xd1d1_0001))
    }

    /// An id for a new operation.
    pub fn new_operation_id(&mut self) -> String {
        format!("op-{:016x}", self.draw())
    }

    /// True for the people who are consumers of this issuer: those of the guides, and three of ten others.
    pub fn is_consumer(&self, index: u32) -> bool {
        matches!(index, JANE | JOHN | SAM | HOLDER_OF_8841)
            || (index < self.population.count && self.population.chance(index, PURPOSE, 30))
    }

    /// The id of a person who is a consumer.
    pub fn consumer_id(&self, index: u32) -> String {
        id_of(self.seed, Kind::Consumer, Slot { index, nth: 0 })
    }

    /// The places of everybody who is or was a consumer.
    pub fn places(&self) -> Vec<u32> {
        let born = (0..self.population.count).filter(|index| self.is_consumer(*index));
        born.chain(self.population.count..self.next_index).collect()
    }

    /// The consumer at a place.
    pub fn at(&self, index: u32) -> Option<Cow<'_, Consumer>> {
        match self.changed.get(&index) {
            Some(consumer) => Some(Cow::Borrowed(consumer)),
            None => self.is_consumer(index).then(|| Cow::Owned(self.from_the_start(index))),
        }
    }

    /// The place of a consumer.
    pub fn place(&self, consumer_id: &str) -> Option<u32> {
        let born = slot_of(self.seed, Kind::Consumer, consumer_id).map(|slot| slot.index);
        self.named.get(consumer_id).copied().or(born.filter(|index| self.is_consumer(*index)))
    }

    /// The place of the consumer that holds a card.
    pub fn place_of_card(&self, card_id: &str) -> Option<u32> {
        let known = slot_of(self.seed, Kind::Card, card_id).map(|slot| slot.index);
        let index = self.named_cards.get(card_id).copied().or(known)?;
        self.at(index)?.card(card_id).map(|_| index)
    }

    /// The place of the consumer that holds a digital card.
    pub fn place_of_digital(&self, digital_id: &str) -> Option<u32> {
        let index = slot_of(self.seed, Kind::Digital, digital_id)?.index;
        self.at(index)?.digital(digital_id).map(|_| index)
    }

    /// Changes the consumer at a place.
    pub fn change<R>(&mut self, index: u32, act: impl FnOnce(&mut Consumer) -> R) -> Option<R> {
        if !self.changed.contains_key(&index) {
            let consumer = self.is_consumer(index).then(|| self.from_the_start(index))?;
            self.changed.insert(index, consumer);
        }
        self.changed.get_mut(&index).map(act)
    }

    /// A consumer that did not exist before.
    pub fn register(&mut self, id: &str, now: Timestamp) -> u32 {
        let index = self.next_index;
        self.next_index += 1;
        self.named.insert(id.to_owned(), index);
        let consumer = Consumer {
            index,
            id: id.to_owned(),
            registered: now,
            deleted: None,
            data: BTreeMap::new(),
            cards: Vec::new(),
            operations: Vec::new(),
        };
        self.changed.insert(index, consumer);
        index
    }

    /// Notes whose a card is that the issuer named itself.
    pub fn name_card(&mut self, card_id: &str, index: u32) {
        self.named_cards.insert(card_id.to_owned(), index);
    }

    /// An id for a new card, or a new digital card, of a consumer. One more than there are would meet an old one
    /// after so many that a person has no time to make them.
    pub fn new_id(&self, kind: Kind, consumer: &Consumer) -> String {
        let have = match kind {
            Kind::Card => consumer.cards.len(),
            _ => consumer.cards.iter().map(|card| card.digital.len()).sum(),
        };
        let used = |id: &str| consumer.card(id).is_some() || consumer.digital(id).is_some();
        let ids = (have..256).map(|nth| id_of(self.seed, kind, Slot { index: consumer.index, nth: nth as u8 }));
        ids.into_iter().find(|id| !used(id)).unwrap_or_default()
    }

    /// The digits that a new card of a product ends with.
    pub fn new_last4(&mut self) -> String {
        format!("{:04}", self.draw() % 10_000)
    }

    /// A consumer as she was when the world began.
    pub fn from_the_start(&self, index: u32) -> Consumer {
        let people = &self.population;
        let special = Population::is_special(index);
        let cards = if special { 1 } else { 1 + u8::from(people.chance(index, PURPOSE + 1, 20)) };
        let registered = people.before(index, PURPOSE + 2, 500..1_500);
        let (first, last) = people.names(index);
        let mut data = BTreeMap::new();
        for (name, value) in [
            ("language", "en-GB".to_owned()),
            ("firstName", first.to_owned()),
            ("lastName", last.to_owned()),
            ("email", people.email(index)),
            ("mobilePhoneNumber", people.mobile(index)),
        ] {
            data.insert(name.to_owned(), Value::String(value));
        }
        let mut digital = 0;
        Consumer {
            index,
            id: self.consumer_id(index),
            registered,
            deleted: None,
            data,
            cards: (0..cards).map(|nth| self.card_from_the_start(index, nth, &mut digital)).collect(),
            operations: Vec::new(),
        }
    }

    fn card_from_the_start(&self, index: u32, nth: u8, digital: &mut u8) -> Card {
        let people = &self.population;
        let own = PURPOSE + 16 * (u32::from(nth) + 1);
        let special = Population::is_special(index);
        let draw = people.draw(index, own);
        let created = people.before(index, own + 1, 440..480);
        let (state, reason) = match draw % 100 {
            _ if special => (CardState::Active, "NONE"),
            0..=5 => (CardState::Inactive, "ISSUER_DECISION"),
            6..=7 => (CardState::Inactive, "CARD_LOST"),
            8 => (CardState::Inactive, "PIN_LOCKED"),
            9 => (CardState::Expired, "NONE"),
            _ => (CardState::Active, "NONE"),
        };
        let passes = if special { 1 } else { (draw >> 8) % 3 };
        let passes = (0..passes).map(|_| {
            let made = self.digital_from_the_start(index, *digital);
            *digital += 1;
            made
        });
        Card {
            id: id_of(self.seed, Kind::Card, Slot { index, nth }),
            product: if (draw >> 16).is_multiple_of(3) { "gold".to_owned() } else { "classic".to_owned() },
            scheme: if (draw >> 20).is_multiple_of(2) { "VISA" } else { "MASTERCARD" },
            last4: if index == HOLDER_OF_8841 && nth == 0 {
                "8841".to_owned()
            } else {
                format!("{:04}", (draw >> 24) % 10_000)
            },
            expires: later(created, 3 * 365 * DAY).strftime("%m%y").to_string(),
            state,
            state_reason: reason.to_owned(),
            created,
            updated: created,
            digital: passes.collect(),
        }
    }

    fn digital_from_the_start(&self, index: u32, nth: u8) -> DigitalCard {
        const DEVICES: &[&str] = &["iPhone 16", "Pixel 9", "Galaxy S25", "Apple Watch", "iPhone 15 Pro"];
        let people = &self.population;
        let own = PURPOSE + 256 + 16 * u32::from(nth);
        let draw = people.draw(index, own);
        let special = Population::is_special(index);
        let state = match draw % 100 {
            _ if special => DigitalState::Active,
            0..=7 => DigitalState::Suspended,
            8..=12 => DigitalState::PendingIdv,
            13..=17 => DigitalState::Deleted,
            _ => DigitalState::Active,
        };
        let (device, days) = match index {
            JOHN => ("Galaxy S8", 400..430),
            _ if special => (DEVICES[(draw >> 8) as usize % DEVICES.len()], 30..80),
            _ => (DEVICES[(draw >> 8) as usize % DEVICES.len()], 3..430),
        };
        DigitalCard {
            id: id_of(self.seed, Kind::Digital, Slot { index, nth }),
            state,
            device: Cow::Borrowed(device),
            token_requestor: if device.contains("Apple") || device.contains("iPhone") {
                "40010030273"
            } else {
                "40010075001"
            },
            created: people.before(index, own + 1, days),
            requestor: if (draw >> 40).is_multiple_of(2) { Requestor::User } else { Requestor::Tsp },
            device_told: true,
        }
    }

    /// Everything that ever happened to a consumer from one moment to another, both included, whether or not the
    /// server still shows it; the newest first.
    pub fn happened(&self, consumer: &Consumer, from: Timestamp, to: Timestamp) -> Vec<Operation> {
        let to = consumer.deleted.map_or(to, |end| to.min(end));
        let mut all: Vec<Operation> = Vec::new();
        if self.is_consumer(consumer.index) {
            all.extend(everyday::beginnings(self, consumer));
            all.extend(everyday::between(self, consumer, from, to));
        }
        all.extend(consumer.operations.iter().cloned());
        all.retain(|operation| operation.start >= from && operation.start <= to);
        newest_first(&mut all);
        all
    }

    /// What the server still shows of a consumer's operations on some subjects, the newest first: 3 calendar months
    /// (contract section 6.2), for cards and digital cards as the switches say.
    pub fn shown(&self, consumer: &Consumer, now: Timestamp, wanted: impl Fn(&Subject) -> bool) -> Vec<Operation> {
        let cards = months_before(now, self.switches.card_retention_months);
        let own = months_before(now, 3);
        let mut found = self.happened(consumer, own.min(cards), now);
        found.retain(|operation| {
            let first = if operation.subject == Subject::Consumer { own } else { cards };
            operation.start >= first && wanted(&operation.subject)
        });
        found
    }

    /// An operation that has just been accepted and is done.
    pub fn operation(
        &mut self,
        subject: Subject,
        operation: &'static str,
        requestor: (Requestor, &str),
        now: Timestamp,
    ) -> Operation {
        Operation {
            id: self.new_operation_id(),
            subject,
            operation,
            status: Status::Successful,
            start: now,
            end: None,
            requestor: requestor.0,
            requestor_id: requestor.1.to_owned(),
            reason: None,
            reason_code: None,
            details: None,
            pending: None,
        }
    }
}
