//! Ids of what exists from the start: they say nothing about a person, and lead back to her without a table.

use crate::simulator::population::spread;

/// What an id is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A consumer.
    Consumer,
    /// A card.
    Card,
    /// A digital card.
    Digital,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Consumer => "cons-",
            Self::Card => "card-",
            Self::Digital => "dgc-",
        }
    }
}

/// A person's place, and which of her things of a kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The person's place.
    pub index: u32,
    /// From 0.
    pub nth: u8,
}

/// The id of a slot: half of it finds the way back, half of it shows that it was not guessed.
pub fn id_of(seed: u64, kind: Kind, slot: Slot) -> String {
    let plain = (slot.index << 8) | u32::from(slot.nth);
    format!("{}{:08x}{:08x}", kind.prefix(), scramble(seed, kind, plain), proof(seed, kind, plain))
}

/// The slot of an id, if it is one of this kind and seed.
pub fn slot_of(seed: u64, kind: Kind, id: &str) -> Option<Slot> {
    let hex = id.strip_prefix(kind.prefix())?;
    let found = u32::from_str_radix(hex.get(..8)?, 16).ok()?;
    let plain = unscramble(seed, kind, found);
    let slot = Slot { index: plain >> 8, nth: (plain & 0xff) as u8 };
    (id_of(seed, kind, slot) == id).then_some(slot)
}

fn proof(seed: u64, kind: Kind, plain: u32) -> u32 {
    (spread(seed ^ spread(((kind as u64) << 40) | u64::from(plain))) >> 16) as u32
}

fn round(seed: u64, kind: Kind, number: u64, half: u16) -> u16 {
    spread(seed ^ ((kind as u64) << 56) ^ (number << 48) ^ u64::from(half)) as u16
}

/// Four rounds of a Feistel network: a permutation of the 32-bit numbers.
fn scramble(seed: u64, kind: Kind, plain: u32) -> u32 {
    let (mut left, mut right) = ((plain >> 16) as u16, plain as u16);
    for number in 0..4 {
        (left, right) = (right, left ^ round(seed, kind, number, right));
    }
    (u32::from(left) << 16) | u32::from(right)
}

fn unscramble(seed: u64, kind: Kind, found: u32) -> u32 {
    let (mut left, mut right) = ((found >> 16) as u16, found as u16);
    for number in (0..4).rev() {
        (left, right) = (right ^ round(seed, kind, number, left), left);
    }
    (u32::from(left) << 16) | u32::from(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_leads_back_and_a_guessed_one_does_not() {
        for index in (0..1_000_000).step_by(997) {
            for (kind, nth) in [(Kind::Consumer, 0), (Kind::Card, 1), (Kind::Digital, 255)] {
                let slot = Slot { index, nth };
                let id = id_of(7, kind, slot);
                assert_eq!(slot_of(7, kind, &id), Some(slot), "{id}");
                assert_eq!(slot_of(8, kind, &id), None, "another seed");
            }
        }
        let id = id_of(7, Kind::Card, Slot { index: 3, nth: 0 });
        for wrong in [id.replace("card-", "dgc-"), format!("{id}0"), id[..id.len() - 1].to_owned(), String::new()] {
            assert_eq!(slot_of(7, Kind::Card, &wrong), None, "{wrong}");
        }
    }
}
