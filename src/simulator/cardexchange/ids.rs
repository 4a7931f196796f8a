//! Ids of the simulated objects: GUIDs from which their place in the world can be read back, so that a hundred
//! thousand people need no index. To a client they are version 4 GUIDs like any other (contract section 3.1).

use crate::simulator::population::{Population, spread};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which of the two data sets a key opens (contract section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DataMode {
    /// `sk_test_`.
    Test,
    /// `sk_live_`.
    Live,
}

/// What an id is of: the six resources, and what nested descriptors describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A human.
    Person = 1,
    /// One profile of a person.
    Cardholder,
    /// A card.
    Card,
    /// The record of a card in production.
    Production,
    /// A postal address.
    Address,
    /// A set of anonymous persons.
    AnonymousSet,
    /// Settings of cardholders.
    Profile,
    /// Part of the organisation.
    BusinessUnit,
    /// Another company.
    ExternalCompany,
    /// Department.
    Department,
    /// Cost account.
    CostAccount,
    /// Place.
    Location,
    /// Card type.
    CardType,
    /// Printed layout.
    Layout,
}

impl Kind {
    const ALL: [Self; 14] = [
        Self::Person,
        Self::Cardholder,
        Self::Card,
        Self::Production,
        Self::Address,
        Self::AnonymousSet,
        Self::Profile,
        Self::BusinessUnit,
        Self::ExternalCompany,
        Self::Department,
        Self::CostAccount,
        Self::Location,
        Self::CardType,
        Self::Layout,
    ];

    /// Its word in a path.
    pub fn path(self) -> &'static str {
        match self {
            Self::Person => "persons",
            Self::Cardholder => "cardholders",
            Self::Card => "cards",
            Self::Production => "productions",
            Self::Address => "addresses",
            Self::AnonymousSet => "anonymous-sets",
            _ => "",
        }
    }

    /// The resource that a path names.
    pub fn of_path(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| !word.is_empty() && kind.path() == word)
    }
}

/// Numbers from here on are of objects made since the world began.
const FIRST_MADE: u32 = 1 << 31;

/// The place of an object in its data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The person's place in the population, or from 2^31 on a running number.
    pub index: u32,
    /// What it is.
    pub kind: Kind,
    /// Which of several of one person.
    pub slot: u8,
    /// Productions: which run of the card's.
    pub turn: u8,
}

impl Key {
    /// The first object of a kind at a place.
    pub fn new(kind: Kind, index: u32) -> Self {
        Self { index, kind, slot: 0, turn: 0 }
    }

    /// An object of a kind that did not exist when the world began.
    pub fn made(kind: Kind, number: u32) -> Self {
        Self::new(kind, FIRST_MADE + number)
    }

    /// Another of the same person.
    #[must_use]
    pub fn slot(self, slot: u8) -> Self {
        Self { slot, ..self }
    }

    /// Running number of what was made since the world began.
    pub fn number_made(self) -> Option<u32> {
        self.index.checked_sub(FIRST_MADE)
    }
}

/// Turns places into GUIDs and back, differently for each seed and mode.
#[derive(Clone, Copy, Debug)]
pub struct Guids(u64);

const PLACE: u64 = (1 << 48) - 1;

impl Guids {
    /// Those of one data set.
    pub fn new(population: &Population, mode: DataMode) -> Self {
        Self(population.draw(u32::MAX, 0x3000 + u32::from(mode == DataMode::Live)))
    }

    /// The GUID of a place.
    pub fn of(self, key: Key) -> Uuid {
        let place = (u64::from(key.index) << 16)
            | ((key.kind as u64) << 12)
            | (u64::from(key.slot & 63) << 6)
            | u64::from(key.turn & 63);
        let low = spread(self.0 ^ spread(place)) >> 2;
        let high = (place ^ (spread(low ^ self.0) & PLACE)) << 16;
        let middle = spread(low ^ !self.0) & 0xfff;
        Uuid::from_u64_pair(high | 0x4000 | middle, low | (1 << 63))
    }

    /// The place of a GUID, if it is one of ours in this mode.
    pub fn place(self, text: &str, kind: Kind) -> Option<Key> {
        let guid = Uuid::try_parse(text).ok()?;
        let (high, low) = guid.as_u64_pair();
        let place = (high >> 16) ^ (spread((low & !(1 << 63)) ^ self.0) & PLACE);
        let key = Key {
            index: (place >> 16) as u32,
            kind: *Kind::ALL.iter().find(|k| **k as u64 == (place >> 12) & 15)?,
            slot: ((place >> 6) & 63) as u8,
            turn: (place & 63) as u8,
        };
        (key.kind == kind && self.of(key) == guid).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_leads_back_to_its_place_in_its_own_data_set_only() {
        let people = Population::new(7, 100, "2026-06-02T08:00:00Z".parse().unwrap());
        let (test, live) = (Guids::new(&people, DataMode::Test), Guids::new(&people, DataMode::Live));
        let mut seen = std::collections::HashSet::new();
        for kind in Kind::ALL {
            for index in [0, 1, 99, FIRST_MADE, FIRST_MADE + 5] {
                for slot in [0, 1, 5] {
                    let key = Key { index, kind, slot, turn: slot };
                    let guid = test.of(key);
                    assert_eq!((guid.get_version_num(), guid.get_variant()), (4, uuid::Variant::RFC4122));
                    assert!(seen.insert(guid));
                    assert_eq!(test.place(&guid.to_string().to_uppercase(), kind), Some(key));
                    assert_eq!(live.place(&guid.to_string(), kind), None);
                    let other = if kind == Kind::Card { Kind::Person } else { Kind::Card };
                    assert_eq!(test.place(&guid.to_string(), other), None);
                }
            }
        }
        assert_eq!(test.place("6f0f6a52-30b4-4c1e-9d0e-6f6d2b1c7a10", Kind::Card), None);
        assert_eq!(test.place("", Kind::Card), None);
    }
}
