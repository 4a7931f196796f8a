//! The judge's view of the tenant, and every control in-process.

use super::data_set::{DataSet, Deed};
use super::ids::{DataMode, Key, Kind};
use super::objects::Photo;
use super::others::{Act, Interference, Moment};
use super::shown::Shown;
use super::switches::Switches;
use super::{ApiKey, Exchange};
use crate::simulator::Author;
use crate::simulator::front::Front;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A card as it really is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrueCard {
    /// GUID.
    pub id: String,
    /// GUID of its cardholder.
    pub cardholder: String,
    /// Displayable number.
    pub number: String,
    /// State.
    pub status: &'static str,
    /// Metadata; null if there is none.
    pub metadata: Value,
    /// GUID of its production, while there is one.
    pub production: Option<String>,
    /// When it was made (virtual time).
    pub created_at: Timestamp,
    /// Who made it, which the vendor does not show.
    pub created_by: Author,
}

/// A person as she really is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TruePerson {
    /// GUID.
    pub id: String,
    /// Her number.
    pub number: String,
    /// Given name.
    pub first: String,
    /// Family name.
    pub last: String,
    /// GUIDs of her cardholders.
    pub cardholders: Vec<String>,
    /// Her cards.
    pub cards: Vec<TrueCard>,
}

/// The judge: sees and controls one data set. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ExchangeHandle {
    exchange: Arc<Exchange>,
    mode: DataMode,
}

impl ExchangeHandle {
    /// A judge of the test data.
    pub fn new(exchange: Arc<Exchange>) -> Self {
        Self { exchange, mode: DataMode::Test }
    }

    /// The same of the live data.
    #[must_use]
    pub fn live(&self) -> Self {
        self.of(DataMode::Live)
    }

    /// The same of a data set.
    #[must_use]
    pub fn of(&self, mode: DataMode) -> Self {
        Self { exchange: Arc::clone(&self.exchange), mode }
    }

    /// Which data set it looks at.
    pub fn mode(&self) -> DataMode {
        self.mode
    }

    /// Door, faults and request log.
    pub fn front(&self) -> &Arc<Front> {
        &self.exchange.front
    }

    /// All API keys, the secrets included.
    pub fn keys(&self) -> Vec<ApiKey> {
        self.exchange.whole(|tenant, _| tenant.keys.0.clone())
    }

    /// The API key of this console or of the other system for this data set.
    pub fn key_of(&self, author: Author) -> String {
        self.exchange.whole(|tenant, _| tenant.keys.of(self.mode, author))
    }

    /// Withdraws the key of somebody, or gives it back.
    pub fn disable_key(&self, author: Author, disabled: bool) {
        self.exchange.whole(|tenant, _| {
            for key in tenant.keys.0.iter_mut().filter(|k| (k.mode, k.author) == (self.mode, author)) {
                key.disabled = disabled;
            }
        });
    }

    /// A person by her place in the population.
    pub fn person_at(&self, index: u32) -> Option<TruePerson> {
        self.exchange.at_once(self.mode, |set, switches, _| true_person(set, switches, Key::new(Kind::Person, index)))
    }

    /// A person by id.
    pub fn person(&self, id: &str) -> Option<TruePerson> {
        self.exchange
            .at_once(self.mode, |set, switches, _| true_person(set, switches, set.guids.place(id, Kind::Person)?))
    }

    /// A card by id.
    pub fn card(&self, id: &str) -> Option<TrueCard> {
        self.exchange.at_once(self.mode, |set, _, _| true_card(set, set.guids.place(id, Kind::Card)?))
    }

    /// Any object by its word in a path and its id, as the API would show it.
    pub fn shown(&self, resource: &str, id: &str) -> Option<Value> {
        self.exchange.at_once(self.mode, |set, switches, _| {
            let key = set.guids.place(id, Kind::of_path(resource)?).filter(|key| set.exists(*key))?;
            Some(Shown { set, switches }.any(key))
        })
    }

    /// How many cards there are in each state.
    pub fn cards_by_status(&self) -> BTreeMap<&'static str, usize> {
        self.exchange.at_once(self.mode, |set, _, _| {
            let keys: Vec<Key> = set.order(Kind::Card).iter().map(|(_, _, key)| *key).collect();
            let mut counts = BTreeMap::new();
            for card in keys.iter().filter_map(|key| set.card(*key)) {
                *counts.entry(card.status).or_default() += 1;
            }
            counts
        })
    }

    /// How many persons there are, those of anonymous sets included.
    pub fn persons(&self) -> usize {
        self.exchange.at_once(self.mode, |set, _, _| set.order(Kind::Person).len())
    }

    /// What was done since the world began, and by whom.
    pub fn deeds(&self) -> Vec<Deed> {
        self.exchange.at_once(self.mode, |set, _, _| set.deeds.clone())
    }

    /// Lets somebody else do something now. Returns the id of what was made or touched.
    ///
    /// # Errors
    /// One sentence, if it is not possible.
    pub fn act(&self, act: &Act) -> Result<String, String> {
        self.exchange.whole(|tenant, now| act.apply(tenant, self.mode, now))
    }

    /// Lets somebody else do something just before or after a request.
    pub fn act_at(&self, what: Act, moment: Moment) {
        let interference = Interference { mode: self.mode, what, when: Some(moment) };
        self.exchange.whole(|tenant, _| tenant.waiting.push(interference));
    }

    /// The printer has a go at a card.
    pub fn print(&self, card: &str, ok: bool) -> Result<(), String> {
        self.act(&Act::Print { card: card.to_owned(), ok }).map(drop)
    }

    /// Somebody approves a printed card.
    pub fn approve(&self, card: &str) -> Result<(), String> {
        self.act(&Act::Approve { card: card.to_owned() }).map(drop)
    }

    /// The holder blocks a card.
    pub fn holder_blocks(&self, card: &str) -> Result<(), String> {
        self.act(&Act::HolderBlocks { card: card.to_owned() }).map(drop)
    }

    /// The holder activates a card again, or for the first time.
    pub fn holder_reactivates(&self, card: &str) -> Result<(), String> {
        self.act(&Act::HolderReactivates { card: card.to_owned() }).map(drop)
    }

    /// Lets the end-date job run as of `now`. Returns how many cards it ended. It also runs by the clock.
    pub fn run_expiry(&self, now: Timestamp) -> usize {
        self.exchange.whole(|tenant, _| tenant.set(self.mode).0.run_expiry(now))
    }

    /// Archives a person.
    pub fn archive(&self, person: &str) -> Result<(), String> {
        self.act(&Act::Archive { person: person.to_owned() }).map(drop)
    }

    /// An operator changes an object in the vendor's console.
    pub fn operator_edit(&self, resource: &str, id: &str, set: &Value) -> Result<(), String> {
        let set = set.as_object().cloned().ok_or("an object of members is needed")?;
        self.act(&Act::OperatorEdit { resource: resource.to_owned(), id: id.to_owned(), set }).map(drop)
    }

    /// An operator deletes a card that is still `initialized`.
    pub fn operator_delete(&self, card: &str) -> Result<(), String> {
        self.act(&Act::OperatorDelete { card: card.to_owned() }).map(drop)
    }

    /// Gives a person a picture of so many bytes (before base64).
    ///
    /// # Errors
    /// If there is no such person.
    pub fn picture(&self, person: &str, bytes: u32) -> Result<(), String> {
        self.exchange.at_once(self.mode, |set, _, _| {
            let person = set.guids.place(person, Kind::Person).and_then(|key| set.person(key));
            let mut person = person.ok_or("no such person")?.into_owned();
            person.photo = Photo::Sized(bytes);
            set.put_person(person);
            Ok(())
        })
    }

    /// The switches in force, for both data sets.
    pub fn switches(&self) -> Switches {
        self.exchange.whole(|tenant, _| tenant.switches.clone())
    }

    /// Puts switches in force.
    pub fn set_switches(&self, switches: Switches) {
        self.exchange.whole(|tenant, _| tenant.switches = switches);
    }

    /// Changes some switches by name and leaves the others.
    ///
    /// # Errors
    /// One sentence naming what was not understood.
    pub fn change_switches(&self, changes: &Value) -> Result<Switches, String> {
        let changes = changes.as_object().ok_or("an object of switches is needed")?;
        let mut all = serde_json::to_value(self.switches()).map_err(|e| e.to_string())?;
        for (name, value) in changes {
            all[name.as_str()] = value.clone();
        }
        let switches: Switches = serde_json::from_value(all).map_err(|e| e.to_string())?;
        self.set_switches(switches.clone());
        Ok(switches)
    }
}

fn true_person(set: &DataSet, switches: &Switches, key: Key) -> Option<TruePerson> {
    let person = set.person(key)?;
    let holders = set.owned(key, Kind::Cardholder);
    let cards = holders.iter().flat_map(|holder| set.owned(*holder, Kind::Card));
    Some(TruePerson {
        id: set.guid(key).to_string(),
        number: Shown { set, switches }.person_number(&person),
        first: person.first.to_string(),
        last: person.last.to_string(),
        cardholders: holders.iter().map(|holder| set.guid(*holder).to_string()).collect(),
        cards: cards.filter_map(|card| true_card(set, card)).collect(),
    })
}

fn true_card(set: &DataSet, key: Key) -> Option<TrueCard> {
    let card = set.card(key)?;
    Some(TrueCard {
        id: set.guid(key).to_string(),
        cardholder: set.guid(card.cardholder).to_string(),
        number: card.number.clone(),
        status: card.status,
        metadata: card.metadata.clone().map_or(Value::Null, Value::Object),
        production: card.production.as_ref().map(|p| set.guid(p.key).to_string()),
        created_at: card.created,
        created_by: card.author,
    })
}
