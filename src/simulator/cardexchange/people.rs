//! Who and what is in the tenant when the world begins, as functions of a person's place in the population.

use super::catalogue::{CONTRACTOR, EMPLOYEE};
use super::ids::{DataMode, Key, Kind};
use super::objects::{Address, Card, Cardholder, Metadata, Person, Photo, Production};
use crate::domain::credential::System;
use crate::simulator::Author;
use crate::simulator::clock::later;
use crate::simulator::population::{HOLDER_OF_8841, JANE, JANET, JOHN, Population, SAM};
use jiff::{Timestamp, ToSpan as _, civil};
use serde_json::{Map, json};
use std::borrow::Cow;
use std::ops::Range;

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// The tenant at the start.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The one world of people.
    pub population: Population,
    /// Which data set.
    pub mode: DataMode,
}

/// The cards of one person, in short: state, and whether this console made it.
type Cards = Vec<(&'static str, Author)>;

impl Beginning {
    /// How many people there are to ask for; not all of them are in this tenant.
    pub fn count(&self) -> u32 {
        self.population.count
    }

    /// The cards of somebody; `None` if the tenant does not know her.
    fn cards_of(&self, index: u32) -> Option<Cards> {
        let people = &self.population;
        let ours = if self.mode == DataMode::Test { Author::Console } else { Author::Workstation };
        match index {
            _ if index >= people.count => return None,
            JANE => return Some(vec![("issued", Author::Foreign)]),
            JOHN | SAM => return Some(vec![("activated", ours)]),
            HOLDER_OF_8841 => return Some(vec![("activated", Author::Workstation)]),
            JANET => return Some(Vec::new()),
            _ if people.system_of_expired(index) == Some(System::CardExchange) => return Some(vec![("expired", ours)]),
            _ if !people.chance(index, 0x3100, 55) => return None,
            _ => {}
        }
        let mut cards = vec![self.other_card(index, 0)];
        if people.chance(index, 0x3101, 35) {
            cards.push(self.other_card(index, 1));
        }
        Some(cards)
    }

    fn other_card(&self, index: u32, slot: u32) -> (&'static str, Author) {
        let draw = self.population.draw(index, 0x3110 + slot);
        let status = match draw % 100 {
            0..=47 => "activated",
            48..=52 => "initialized",
            53..=56 => "in_production",
            57..=60 => "personalized",
            61..=65 => "issued",
            66..=73 => "blocked",
            74..=82 => "expired",
            83..=86 => "withdrawn",
            87..=90 => "returned",
            91..=94 => "destroyed",
            95 => "blacklisted",
            96..=97 => "bulk_blocked",
            98 => "linked",
            _ => "unlinked",
        };
        let author = match (draw >> 32) % 10 {
            0..=3 => Author::Import,
            4..=6 => Author::Foreign,
            _ => Author::Workstation,
        };
        (status, author)
    }

    /// True if the tenant knows the person at this place.
    pub fn knows(&self, index: u32) -> bool {
        self.cards_of(index).is_some()
    }

    /// How many profiles somebody has.
    fn profiles(&self, index: u32) -> u8 {
        1 + u8::from(!Population::is_special(index) && self.population.chance(index, 0x3102, 8))
    }

    /// Places of somebody's profiles, cards or addresses; none if the tenant does not know her.
    pub fn keys(&self, kind: Kind, index: u32) -> impl Iterator<Item = Key> + use<> {
        let cards = self.cards_of(index);
        let count = match (kind, &cards) {
            (_, None) => 0,
            (Kind::Person, _) => 1,
            (Kind::Cardholder, _) => self.profiles(index),
            (Kind::Card, Some(cards)) => cards.len() as u8,
            (Kind::Address, _) => u8::from(self.population.chance(index, 0x3103, 60)),
            _ => 0,
        };
        (0..count).map(move |slot| Key::new(kind, index).slot(slot))
    }

    /// The cards of one profile: the second card belongs to the second profile, where there is one.
    pub fn keys_of_cardholder(&self, holder: Key) -> Vec<Key> {
        self.keys(Kind::Card, holder.index).filter(|card| self.holder_of(*card) == holder).collect()
    }

    fn holder_of(&self, card: Key) -> Key {
        let slot = card.slot.min(self.profiles(card.index) - 1);
        Key::new(Kind::Cardholder, card.index).slot(slot)
    }

    fn entered(&self, index: u32) -> Timestamp {
        self.population.before(index, 0x3120, 900..2200)
    }

    /// A person.
    pub fn person(&self, key: Key) -> Option<Person> {
        let (index, people) = (key.index, &self.population);
        if key.slot > 0 || !self.knows(index) {
            return None;
        }
        let (first, last) = people.names(index);
        let draw = people.draw(index, 0x3121);
        let birth = civil::date(1955, 1, 1).checked_add(((draw >> 8) % 17_500).cast_signed().days()).ok();
        Some(Person {
            key,
            number: people.employee_number(index),
            profile: Some(EMPLOYEE),
            address_preference: people.chance(index, 0x3122, 50).then_some("business"),
            id_type: Some(if draw.is_multiple_of(9) { "passport" } else { "none" }),
            id_value: draw.is_multiple_of(9).then(|| format!("N{:08}", (draw >> 20) % 100_000_000)),
            first: Cow::Borrowed(first),
            middle: None,
            last: Cow::Borrowed(last),
            birth,
            gender: Some(["not_specified", "female", "male", "decline"][(draw % 4) as usize]),
            prefix: Some(["none", "none", "dr", "ms"][((draw >> 4) % 4) as usize]),
            suffix: Some("none"),
            phone: None,
            mobile: Some(people.mobile(index)),
            status: Some(if Population::is_special(index) || !draw.is_multiple_of(40) {
                "activated"
            } else {
                "blocked"
            }),
            metadata: None,
            photo: if people.chance(index, 0x3123, 40) { Photo::Usual } else { Photo::Missing },
            created: self.entered(index),
        })
    }

    /// A profile.
    pub fn cardholder(&self, key: Key) -> Option<Cardholder> {
        let (index, people) = (key.index, &self.population);
        if !self.knows(index) || key.slot >= self.profiles(index) {
            return None;
        }
        let (first, last) = people.names(index);
        let draw = people.draw(index, 0x3130 + u32::from(key.slot));
        let special = Population::is_special(index) || people.system_of_expired(index) == Some(System::CardExchange);
        let status = match draw % 100 {
            _ if special => "activated",
            0..=93 => "activated",
            94..=96 => "blocked",
            _ => "expired",
        };
        let department = crate::simulator::names::DEPARTMENTS.iter().position(|d| *d == people.department(index));
        let contractor = key.slot > 0;
        let created = later(self.entered(index), 60 + (draw >> 40).cast_signed() % 3_600);
        Some(Cardholder {
            key,
            person: Some(Key::new(Kind::Person, index)),
            profile: if contractor { CONTRACTOR } else { EMPLOYEE },
            number: format!("PR-{:07}", index * 4 + u32::from(key.slot)),
            login: (!contractor).then(|| people.employee_number(index).to_lowercase()),
            email: Some(people.email(index)),
            business_unit: Some((draw % 3) as u16),
            external_company: contractor.then_some(((draw >> 8) % 2) as u16),
            department: department.map(|d| d as u16),
            cost_account: (draw >> 9).is_multiple_of(2).then_some(((draw >> 10) % 3) as u16),
            location: Some(((draw >> 12) % 3) as u16),
            start: Some(created),
            end: (status == "expired").then(|| later(people.start(), -DAY * (1 + ((draw >> 16) % 90).cast_signed()))),
            status,
            name_on_card: Some(format!("{first} {last}")),
            note: None,
            metadata: None,
            created,
        })
    }

    /// A card.
    pub fn card(&self, key: Key) -> Option<Card> {
        let (index, people) = (key.index, &self.population);
        let (status, author) = *self.cards_of(index)?.get(usize::from(key.slot))?;
        let draw = people.draw(index, 0x3140 + u32::from(key.slot));
        let holder = self.holder_of(key);
        let made = |days: Range<i64>| people.before(index, 0x3150 + u32::from(key.slot), days);
        let created = match status {
            "initialized" | "in_production" => made(0..5),
            "personalized" | "issued" => made(3..40),
            "expired" => made(400..700),
            _ => made(20..360),
        };
        let life = if status == "expired" {
            // Ended one to three hundred days ago: a year after it was made.
            YEAR
        } else {
            3 * YEAR
        };
        let blank = matches!(status, "initialized" | "in_production");
        let mut card = Card {
            key,
            cardholder: holder,
            number: format!("C-{:07}", u64::from(index) * 4 + u64::from(key.slot)),
            chip: (!blank).then(|| format!("04{:010X}", draw & 0xff_ffff_ffff)),
            status,
            card_type: u16::from(holder.slot > 0),
            layout: ((draw >> 41) % 3) as u16,
            encryption: ["aes", "aes", "aes", "triple_des", "des"][((draw >> 44) % 5) as usize],
            start: Some(created),
            end: Some(later(created, life)),
            metadata: self.metadata(index, author),
            created,
            author,
            production: None,
            turns: 0,
        };
        if status == "in_production" {
            let (first, last) = people.names(index);
            card.production = Some(Production {
                key: Key { kind: Kind::Production, ..key },
                name_on_card: Some(format!("{first} {last}")),
                chip: None,
                user_name: Some(
                    if author == Author::Foreign { "svc-visitor-desk" } else { "print.station" }.to_owned(),
                ),
                exported: (draw >> 50).is_multiple_of(3),
                printed_on: None,
                tries: Some(0),
                since: created,
            });
            card.turns = 1;
        }
        Some(card)
    }

    /// What this console wrote into a card that it made.
    fn metadata(&self, index: u32, author: Author) -> Metadata {
        let text = match author {
            Author::Console => {
                json!({ "helpdesk_ref": self.helpdesk_ref(index), "helpdesk_op": helpdesk_op(&self.population, index) })
            }
            Author::Foreign => json!({ "visitor_desk": format!("V{}", 1000 + index) }),
            _ => return None,
        };
        text.as_object().cloned().or_else(|| Some(Map::new()))
    }

    /// The marker of the card that this console made for somebody: a version 4 UUID.
    pub fn helpdesk_ref(&self, index: u32) -> uuid::Uuid {
        let wide = self.population.draw_wide(index, 0x3160);
        uuid::Builder::from_random_bytes(wide.to_be_bytes()).into_uuid()
    }

    /// An address.
    pub fn address(&self, key: Key) -> Option<Address> {
        let (index, people) = (key.index, &self.population);
        if key.slot > 0 || !self.knows(index) || !people.chance(index, 0x3103, 60) {
            return None;
        }
        let draw = people.draw(index, 0x3170);
        let pick = |words: &'static [&'static str], bits: u64| words[(bits % words.len() as u64) as usize].to_owned();
        let street = pick(&["Harbour Road", "Mill Lane", "High Street", "Station Road", "Elm Grove"], draw >> 8);
        let place = draw >> 16;
        Some(Address {
            key,
            person: Key::new(Kind::Person, index),
            kind: if draw.is_multiple_of(4) { "business" } else { "home" },
            street: format!("{} {street}", 1 + draw % 180),
            locality: pick(&["Northport", "Lakeside", "Millbrook"], place),
            region: pick(&["North", "South", "Mid"], place),
            postal_code: format!("{:04}", 1000 + place % 9000),
            country: "Exampleland".into(),
            metadata: None,
            created: later(self.entered(index), 30),
        })
    }
}

/// Whether the console's pass was the first or took the place of another.
pub fn helpdesk_op(population: &Population, index: u32) -> &'static str {
    if population.chance(index, 0x3161, 30) { "reissue" } else { "issue" }
}
