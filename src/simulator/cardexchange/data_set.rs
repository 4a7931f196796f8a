//! One data set of the tenant: what it was at the start, and over it what has changed since.

use super::catalogue::VISITOR;
use super::ids::{DataMode, Guids, Key, Kind};
use super::objects::{Address, AnonymousSet, Belonging, Card, Cardholder, Person, Photo, Production};
use super::people::Beginning;
use super::switches::Switches;
use crate::simulator::Author;
use crate::simulator::clock::later;
use crate::simulator::population::Population;
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Place of an object in a list: by `created`, then id (contract section 5).
pub type Place = (i64, Uuid, Key);

/// One thing that somebody did, for the judge: the vendor shows no history (contract section 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// When (virtual time).
    pub at: Timestamp,
    /// Who.
    pub by: Author,
    /// To what: its path.
    pub object: String,
    /// What: a verb, or the state that a card came from and went to.
    pub what: String,
}

/// One data set.
#[derive(Debug)]
pub struct DataSet {
    /// What was there at the start.
    pub beginning: Beginning,
    /// Its ids.
    pub guids: Guids,
    /// Anonymous sets, oldest first.
    pub sets: Vec<AnonymousSet>,
    /// What was done, oldest first.
    pub deeds: Vec<Deed>,
    persons: HashMap<Key, Person>,
    cardholders: HashMap<Key, Cardholder>,
    cards: HashMap<Key, Card>,
    addresses: HashMap<Key, Address>,
    gone: HashSet<Key>,
    /// Profiles and addresses of a person and cards of a profile, where they are not what they were.
    owned: HashMap<(Key, Kind), Vec<Key>>,
    orders: HashMap<Kind, Vec<Place>>,
    ends: Option<BTreeSet<(Timestamp, Key)>>,
    printing: BTreeMap<Key, Timestamp>,
    printed: BTreeMap<Key, Timestamp>,
    made: u32,
}

/// An object that is there, as it was or as it was changed.
type Found<'a, T> = Option<Cow<'a, T>>;

impl DataSet {
    /// A data set as it is at the start.
    pub fn new(population: Population, mode: DataMode) -> Self {
        let guids = Guids::new(&population, mode);
        let start = population.start();
        let mut set = Self {
            beginning: Beginning { population, mode },
            guids,
            sets: Vec::new(),
            deeds: Vec::new(),
            persons: HashMap::new(),
            cardholders: HashMap::new(),
            cards: HashMap::new(),
            addresses: HashMap::new(),
            gone: HashSet::new(),
            owned: HashMap::new(),
            orders: HashMap::new(),
            ends: None,
            printing: BTreeMap::new(),
            printed: BTreeMap::new(),
            made: 0,
        };
        for (nth, name) in (0_i64..).zip(["Visitor badges", "Temporary staff"]) {
            let created = later(start, (nth - 300) * 86_400);
            let given = Belonging { location: Some(0), ..Belonging::default() };
            set.make_set(name.to_owned(), VISITOR, given, 4, Author::Workstation, created);
        }
        set.deeds.clear();
        set
    }

    /// The GUID of a place.
    pub fn guid(&self, key: Key) -> Uuid {
        self.guids.of(key)
    }

    /// A new place of a kind.
    pub fn next_key(&mut self, kind: Kind) -> Key {
        self.made += 1;
        Key::made(kind, self.made)
    }

    /// Notes what somebody did.
    pub fn note(&mut self, at: Timestamp, by: Author, key: Key, what: impl Into<String>) {
        let object = format!("/api/v1/{}/{}", key.kind.path(), self.guid(key));
        self.deeds.push(Deed { at, by, object, what: what.into() });
    }

    /// A person.
    pub fn person(&self, key: Key) -> Found<'_, Person> {
        match self.persons.get(&key) {
            _ if self.gone.contains(&key) => None,
            Some(changed) => Some(Cow::Borrowed(changed)),
            None => self.beginning.person(key).map(Cow::Owned),
        }
    }

    /// A profile.
    pub fn cardholder(&self, key: Key) -> Found<'_, Cardholder> {
        match self.cardholders.get(&key) {
            _ if self.gone.contains(&key) => None,
            Some(changed) => Some(Cow::Borrowed(changed)),
            None => self.beginning.cardholder(key).map(Cow::Owned),
        }
    }

    /// A card.
    pub fn card(&self, key: Key) -> Found<'_, Card> {
        match self.cards.get(&key) {
            _ if self.gone.contains(&key) => None,
            Some(changed) => Some(Cow::Borrowed(changed)),
            None => self.beginning.card(key).map(Cow::Owned),
        }
    }

    /// An address.
    pub fn address(&self, key: Key) -> Found<'_, Address> {
        match self.addresses.get(&key) {
            _ if self.gone.contains(&key) => None,
            Some(changed) => Some(Cow::Borrowed(changed)),
            None => self.beginning.address(key).map(Cow::Owned),
        }
    }

    /// The card whose production this is, if it is running.
    pub fn card_in_production(&self, production: Key) -> Found<'_, Card> {
        let key = Key { kind: Kind::Card, turn: 0, ..production };
        self.card(key).filter(|card| card.production.as_ref().is_some_and(|p| p.key == production))
    }

    /// True if the object is there.
    pub fn exists(&self, key: Key) -> bool {
        match key.kind {
            Kind::Person => self.person(key).is_some(),
            Kind::Cardholder => self.cardholder(key).is_some(),
            Kind::Card => self.card(key).is_some(),
            Kind::Production => self.card_in_production(key).is_some(),
            Kind::Address => self.address(key).is_some(),
            _ => self.sets.iter().any(|s| s.key == key),
        }
    }

    /// What belongs to a person (profiles, addresses) or to a profile (cards).
    pub fn owned(&self, owner: Key, kind: Kind) -> Vec<Key> {
        if let Some(changed) = self.owned.get(&(owner, kind)) {
            return changed.clone();
        }
        match kind {
            Kind::Card => self.beginning.keys_of_cardholder(owner),
            _ => self.beginning.keys(kind, owner.index).collect(),
        }
    }

    fn own(&mut self, owner: Key, key: Key) {
        let mut keys = self.owned(owner, key.kind);
        keys.push(key);
        self.owned.insert((owner, key.kind), keys);
    }

    fn disown(&mut self, owner: Key, key: Key) {
        let mut keys = self.owned(owner, key.kind);
        keys.retain(|k| *k != key);
        self.owned.insert((owner, key.kind), keys);
    }

    /// Keeps a person, changed or new.
    pub fn put_person(&mut self, person: Person) {
        self.enter(person.key, person.created, self.persons.contains_key(&person.key));
        self.persons.insert(person.key, person);
    }

    /// Keeps a profile, changed, moved or new.
    pub fn put_cardholder(&mut self, holder: Cardholder) {
        let was = self.cardholder(holder.key).map(|h| h.person);
        self.enter(holder.key, holder.created, was.is_some());
        if was.flatten() != holder.person || was.is_none() {
            if let Some(owner) = was.flatten() {
                self.disown(owner, holder.key);
            }
            if let Some(owner) = holder.person {
                self.own(owner, holder.key);
            }
        }
        self.cardholders.insert(holder.key, holder);
    }

    /// Keeps an address, changed, moved or new.
    pub fn put_address(&mut self, address: Address) {
        let was = self.address(address.key).map(|a| a.person);
        self.enter(address.key, address.created, was.is_some());
        if was != Some(address.person) {
            if let Some(owner) = was {
                self.disown(owner, address.key);
            }
            self.own(address.person, address.key);
        }
        self.addresses.insert(address.key, address);
    }

    /// Keeps a card, changed or new.
    pub fn put_card(&mut self, card: Card) {
        let known = self.card(card.key).is_some();
        self.enter(card.key, card.created, known);
        if !known {
            self.own(card.cardholder, card.key);
            if let (Some(end), Some(ends)) = (card.end, self.ends.as_mut()) {
                ends.insert((end, card.key));
            }
        }
        match &card.production {
            Some(production) => self.printing.insert(card.key, production.since),
            None => self.printing.remove(&card.key),
        };
        if card.status != "personalized" {
            self.printed.remove(&card.key);
        }
        self.cards.insert(card.key, card);
    }

    /// Removes an object and what it owns.
    pub fn remove(&mut self, key: Key) {
        let owned: &[Kind] = match key.kind {
            Kind::Person => &[Kind::Cardholder, Kind::Address],
            Kind::Cardholder => &[Kind::Card],
            _ => &[],
        };
        for kind in owned {
            for child in self.owned(key, *kind) {
                self.remove(child);
            }
        }
        let (owner, created) = match key.kind {
            Kind::Person => (None, self.person(key).map(|p| p.created)),
            Kind::Cardholder => (self.cardholder(key).and_then(|h| h.person), self.cardholder(key).map(|h| h.created)),
            Kind::Card => (self.card(key).map(|c| c.cardholder), self.card(key).map(|c| c.created)),
            _ => (self.address(key).map(|a| a.person), self.address(key).map(|a| a.created)),
        };
        if let Some(owner) = owner {
            self.disown(owner, key);
        }
        let guid = self.guid(key);
        if let (Some(created), Some(order)) = (created, self.orders.get_mut(&key.kind))
            && let Ok(place) = order.binary_search(&(created.as_second(), guid, key))
        {
            order.remove(place);
        }
        self.printing.remove(&key);
        self.gone.insert(key);
        for set in &mut self.sets {
            set.persons.retain(|p| *p != key);
        }
    }

    fn enter(&mut self, key: Key, created: Timestamp, known: bool) {
        if known || key.number_made().is_none() {
            return;
        }
        let place = (created.as_second(), self.guid(key), key);
        if let Some(order) = self.orders.get_mut(&key.kind)
            && let Err(at) = order.binary_search(&place)
        {
            order.insert(at, place);
        }
    }

    /// Everything of a kind in the order of its list; made when first asked for.
    pub fn order(&mut self, kind: Kind) -> &[Place] {
        if !self.orders.contains_key(&kind) {
            let mut order: Vec<Place> = (0..self.beginning.count())
                .flat_map(|index| self.beginning.keys(kind, index))
                .chain(self.persons.keys().copied())
                .chain(self.cardholders.keys().copied())
                .chain(self.cards.keys().copied())
                .chain(self.addresses.keys().copied())
                .filter(|key| key.kind == kind && !self.gone.contains(key))
                .filter_map(|key| Some((self.created(key)?.as_second(), self.guid(key), key)))
                .collect();
            order.sort_unstable();
            order.dedup();
            order.shrink_to_fit();
            self.orders.insert(kind, order);
        }
        self.orders.get(&kind).map_or(&[], Vec::as_slice)
    }

    fn created(&self, key: Key) -> Option<Timestamp> {
        match key.kind {
            Kind::Person => self.person(key).map(|p| p.created),
            Kind::Cardholder => self.cardholder(key).map(|h| h.created),
            Kind::Card => self.card(key).map(|c| c.created),
            Kind::Address => self.address(key).map(|a| a.created),
            _ => None,
        }
    }

    /// Moves a card to a state, with what that does to its production (contract section 6.1). `user` is named as
    /// the one who started a production.
    pub fn set_status(&mut self, key: Key, status: &'static str, by: Author, user: &str, now: Timestamp) -> bool {
        let Some(card) = self.card(key) else { return false };
        if card.status == status {
            return false;
        }
        let mut card = card.into_owned();
        let what = format!("{} -> {status}", card.status);
        card.status = status;
        if status == "in_production" {
            let holder = self.cardholder(card.cardholder);
            let turn = card.turns;
            card.turns = card.turns.wrapping_add(1) & 63;
            card.production = Some(Production {
                key: Key { kind: Kind::Production, turn, ..key },
                name_on_card: holder.and_then(|h| h.name_on_card.clone()),
                chip: card.chip.clone(),
                user_name: Some(user.to_owned()),
                exported: false,
                printed_on: None,
                tries: Some(0),
                since: now,
            });
        } else {
            card.production = None;
        }
        self.put_card(card);
        self.note(now, by, key, what);
        true
    }

    /// Makes a card as the profile's settings say (contract section 4.3).
    pub fn make_card(
        &mut self,
        cardholder: Key,
        metadata: super::objects::Metadata,
        (by, user): (Author, &str),
        switches: &Switches,
        now: Timestamp,
    ) -> Key {
        let key = self.next_key(Kind::Card);
        let profile = self.cardholder(cardholder).map_or(0, |h| h.profile);
        let number = key.number_made().unwrap_or_default();
        self.put_card(Card {
            key,
            cardholder,
            number: format!("C-9{number:07}"),
            chip: None,
            status: "initialized",
            card_type: profile,
            layout: 0,
            encryption: "aes",
            start: Some(now),
            end: Some(later(now, 3 * 365 * 86_400)),
            metadata,
            created: now,
            author: by,
            production: None,
            turns: 0,
        });
        self.note(now, by, key, "created");
        if switches.auto_approve {
            self.set_status(key, "in_production", Author::Vendor, user, now);
        }
        key
    }

    /// Makes a set of anonymous persons, each with a profile and a card.
    pub fn make_set(
        &mut self,
        name: String,
        profile: u16,
        given: Belonging,
        quantity: u32,
        by: Author,
        now: Timestamp,
    ) -> Key {
        let key = self.next_key(Kind::AnonymousSet);
        self.sets.push(AnonymousSet { key, profile, name, persons: Vec::new(), given, created: now });
        self.note(now, by, key, "created");
        self.add_to_set(key, quantity, by, now);
        key
    }

    /// Adds persons to a set.
    pub fn add_to_set(&mut self, key: Key, quantity: u32, by: Author, now: Timestamp) {
        let Some(at) = self.sets.iter().position(|s| s.key == key) else { return };
        let (profile, given, name) = (self.sets[at].profile, self.sets[at].given.clone(), self.sets[at].name.clone());
        for _ in 0..quantity {
            let person = self.next_key(Kind::Person);
            let number = person.number_made().unwrap_or_default();
            self.put_person(Person {
                number: format!("A{number:06}"),
                profile: Some(profile),
                last: Cow::Owned(format!("{name} {}", self.sets[at].persons.len() + 1)),
                status: Some("unlinked"),
                ..blank_person(person, now)
            });
            let holder = self.next_key(Kind::Cardholder);
            self.put_cardholder(Cardholder {
                person: Some(person),
                status: "unlinked",
                business_unit: given.business_unit,
                external_company: given.external_company,
                department: given.department,
                cost_account: given.cost_account,
                location: given.location,
                note: given.note.clone(),
                ..blank_cardholder(holder, profile, now)
            });
            let card = self.make_card(holder, None, (by, ""), &Switches::default(), now);
            self.set_status(card, "unlinked", Author::Vendor, "", now);
            self.sets[at].persons.push(person);
        }
    }

    /// The printer has a go at a card: `ok` or not (contract section 11).
    pub fn print(&mut self, key: Key, ok: bool, now: Timestamp) -> Result<(), &'static str> {
        let mut card = self.card(key).ok_or("no such card")?.into_owned();
        let production = card.production.as_mut().ok_or("the card is not in production")?;
        production.tries = Some(production.tries.unwrap_or_default() + 1);
        production.printed_on = Some(now);
        if card.chip.is_none() {
            card.chip =
                production.chip.clone().or_else(|| Some(format!("04{:010X}", self.guid(key).as_u64_pair().1 >> 24)));
        }
        self.put_card(card);
        self.note(now, Author::Vendor, key, if ok { "printed" } else { "print failed" });
        if ok {
            self.set_status(key, "personalized", Author::Vendor, "", now);
            self.printed.insert(key, now);
        }
        Ok(())
    }

    /// Sets cards to `expired` whose end date lies behind `now`, whoever activated them when (contract section 11).
    pub fn run_expiry(&mut self, now: Timestamp) -> usize {
        self.tick(now, &Switches::default());
        let late: Vec<Key> = self.order(Kind::Card).iter().map(|(_, _, key)| *key).collect();
        let late: Vec<Key> = late
            .into_iter()
            .filter(|key| self.card(*key).is_some_and(|c| c.status == "activated" && c.end.is_some_and(|e| e <= now)))
            .collect();
        late.into_iter().filter(|key| self.set_status(*key, "expired", Author::Vendor, "", now)).count()
    }

    /// Lets happen by itself what is due: end dates, printers, approvals.
    pub fn tick(&mut self, now: Timestamp, switches: &Switches) {
        if self.ends.is_none() {
            let start = self.beginning.population.start();
            let base = (0..self.beginning.count()).flat_map(|index| self.beginning.keys(Kind::Card, index));
            let base = base.filter_map(|key| self.beginning.card(key));
            let ends = base.chain(self.cards.values().cloned()).filter_map(|card| Some((card.end?, card.key)));
            self.ends = Some(ends.filter(|(end, _)| *end > start).collect());
        }
        while let Some((end, key)) = self.ends.as_mut().and_then(|ends| match ends.first() {
            Some((end, _)) if *end <= now => ends.pop_first(),
            _ => None,
        }) {
            if self.card(key).is_some_and(|card| card.status == "activated") {
                self.set_status(key, "expired", Author::Vendor, "", end);
            }
        }
        for (key, at) in due(&self.printing, switches.printer_delay_s, now) {
            // It is in production, so printing cannot be refused.
            let _ = self.print(key, true, at);
        }
        for (key, at) in due(&self.printed, switches.approval_delay_s, now) {
            self.set_status(key, "issued", Author::Workstation, "", at);
        }
    }
}

/// What has waited long enough, and since when it is due; a delay of 0 waits for ever.
fn due(waiting: &BTreeMap<Key, Timestamp>, delay_s: u32, now: Timestamp) -> Vec<(Key, Timestamp)> {
    let due = waiting.iter().map(|(key, since)| (*key, later(*since, i64::from(delay_s))));
    due.filter(|(_, at)| delay_s > 0 && *at <= now).collect()
}

/// A person of whom nothing is known yet.
pub fn blank_person(key: Key, now: Timestamp) -> Person {
    Person {
        key,
        number: format!("P{:06}", key.number_made().unwrap_or_default()),
        profile: None,
        address_preference: None,
        id_type: None,
        id_value: None,
        first: Cow::Borrowed(""),
        middle: None,
        last: Cow::Borrowed(""),
        birth: None,
        gender: None,
        prefix: None,
        suffix: None,
        phone: None,
        mobile: None,
        status: Some("activated"),
        metadata: None,
        photo: Photo::Missing,
        created: now,
    }
}

/// A profile of which nothing is known yet.
pub fn blank_cardholder(key: Key, profile: u16, now: Timestamp) -> Cardholder {
    Cardholder {
        key,
        person: None,
        profile,
        number: format!("PR-9{:07}", key.number_made().unwrap_or_default()),
        login: None,
        email: None,
        business_unit: None,
        external_company: None,
        department: None,
        cost_account: None,
        location: None,
        start: Some(now),
        end: None,
        status: "activated",
        name_on_card: None,
        note: None,
        metadata: None,
        created: now,
    }
}
