//! Ids of passes: 15 characters that mean nothing to anybody (contract section 10), yet lead back to the pass, so
//! that a pass nobody has touched needs no place in memory.

use crate::simulator::population::spread;

/// The address of a pass or of a pair: of the start, by person and place; of later, by turn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Number(u32);

const LATER: u32 = 1 << 31;
const SLOTS: u32 = 16;
const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
const LENGTH: u32 = 15;
/// No id may contain them: clients tell addresses apart by the last part of a path (contract sections 2 and 10).
const WORDS: [&str; 7] = ["templates", "suspend", "resume", "unlink", "delete", "publish", "verify"];

impl Number {
    /// The pass at a place of a person of the start.
    pub fn of_start(index: u32, slot: u8) -> Self {
        Self(index * SLOTS + u32::from(slot) % SLOTS)
    }

    /// The nth that was made since.
    pub fn of_later(nth: u32) -> Self {
        Self(LATER | nth)
    }

    /// Person and place, for one of the start.
    pub fn start(self) -> Option<(u32, u8)> {
        (self.0 & LATER == 0).then_some((self.0 / SLOTS, (self.0 % SLOTS) as u8))
    }

    /// The id, in the world of this seed.
    pub fn id(self, seed: u64) -> String {
        // The second salt is needed once in a thousand worlds, the others never.
        (0..8).map(|salt| self.salted(seed, salt)).find(|id| is_plain(id)).unwrap_or_default()
    }

    fn salted(self, seed: u64, salt: u64) -> String {
        let check = spread(seed ^ spread((u64::from(self.0) << 8) | salt)) >> 6;
        let hidden = self.0 ^ (spread(check) as u32);
        let bits = (u128::from(check) << 32) | u128::from(hidden);
        (0..LENGTH).map(|place| char::from(SIGNS[((bits >> (6 * place)) & 63) as usize])).collect()
    }

    /// The number that an id leads to. Whether anything stands there is another question.
    pub fn of_id(id: &str, seed: u64) -> Option<Self> {
        if id.len() != LENGTH as usize {
            return None;
        }
        let mut bits: u128 = 0;
        for (place, byte) in id.bytes().enumerate() {
            let sign = SIGNS.iter().position(|s| *s == byte)?;
            bits |= (sign as u128) << (6 * place);
        }
        let number = Self(bits as u32 ^ (spread((bits >> 32) as u64) as u32));
        (number.id(seed) == id).then_some(number)
    }
}

fn is_plain(id: &str) -> bool {
    let lower = id.to_ascii_lowercase();
    !WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_back_and_no_other_text_does() {
        for number in (0..2_000).map(|i| Number::of_start(i, (i % 5) as u8)).chain((0..500).map(Number::of_later)) {
            let id = number.id(7);
            assert_eq!(id.len(), 15);
            assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)), "{id}");
            assert_eq!(Number::of_id(&id, 7), Some(number));
            assert_eq!(Number::of_id(&id, 8), None, "another world's id");
            let mut other = id.clone();
            other.replace_range(3..4, if &id[3..4] == "A" { "B" } else { "A" });
            assert_eq!(Number::of_id(&other, 7), None);
        }
        for bad in ["", "key-cards", "x", "ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ", "..............."] {
            assert_eq!(Number::of_id(bad, 7), None, "{bad}");
        }
    }

    #[test]
    fn no_id_can_be_taken_for_an_action() {
        assert!(!is_plain("aaSuspendbbbbbb") && !is_plain("xxxtemplatesxxx") && is_plain("mQ7xT_b2LwZ0aKe"));
    }
}
