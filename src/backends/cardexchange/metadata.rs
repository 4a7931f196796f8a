//! Metadata: other systems keep theirs in the same map, and nobody says whether an update replaces or merges it
//! (contract section 9, A1 and A2). So the map is read, added to, written whole, and compared afterwards.

use crate::domain::change::PreparedChange;
use crate::domain::ids::VendorKey;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Our keys begin so.
pub const PREFIX: &str = "helpdesk_";
/// Own keys in one map.
const MOST_KEYS: usize = 10;
/// Characters of a value of ours.
const LONGEST: usize = 200;
/// Maps that are remembered.
const KEPT: usize = 2_000;

/// What is to be added: own keys without their prefix, and short texts without personal data.
pub type Tags<'a> = &'a [(&'a str, &'a str)];

/// A map with our keys in it and everything else as it was; `None` if the tags would not be decent: too many, too
/// long, or empty.
pub fn merged(before: &Map<String, Value>, tags: Tags<'_>) -> Option<Map<String, Value>> {
    let mut map = before.clone();
    for (name, text) in tags {
        if text.is_empty() || text.chars().count() > LONGEST {
            return None;
        }
        map.insert(format!("{PREFIX}{name}"), Value::String((*text).to_owned()));
    }
    (map.keys().filter(|key| key.starts_with(PREFIX)).count() <= MOST_KEYS).then_some(map)
}

/// Keys of others that were written and are not there, or not the same, any more.
pub fn vanished(written: &Map<String, Value>, now: &Map<String, Value>) -> Vec<String> {
    let others = written.iter().filter(|(key, _)| !key.starts_with(PREFIX));
    others.filter(|(key, value)| now.get(*key) != Some(*value)).map(|(key, _)| key.clone()).collect()
}

/// What was last read of a card's metadata, and last written into it.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Maps>);

#[derive(Debug, Default)]
struct Maps {
    read: HashMap<String, Map<String, Value>>,
    written: HashMap<String, Map<String, Value>>,
}

impl Memory {
    /// Notes what a live read shows. Returns the keys of others that went missing since we wrote.
    pub fn read(&self, card: &VendorKey, shown: &Value) -> Vec<String> {
        let mut maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if maps.read.len() >= KEPT {
            maps.read.clear();
        }
        let map = match shown {
            Value::Object(map) => map.clone(),
            Value::Null => Map::new(),
            // Nothing that a map could be merged into.
            _ => {
                maps.read.remove(card.as_str());
                return Vec::new();
            }
        };
        let lost = maps.written.get(card.as_str()).map(|written| vanished(written, &map)).unwrap_or_default();
        maps.read.insert(card.as_str().to_owned(), map);
        lost
    }

    /// The map as last read live.
    pub fn known(&self, card: &str) -> Option<Map<String, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read.get(card).cloned()
    }

    /// Notes what a change wrote, or may have written.
    pub fn written(&self, change: &PreparedChange) {
        let Ok(Value::Object(body)) = serde_json::from_slice(&change.body) else { return };
        let Some(Value::Object(map)) = body.get("metadata") else { return };
        let mut maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if maps.written.len() >= KEPT {
            maps.written.clear();
        }
        maps.written.insert(change.link.last_segment().to_owned(), map.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a1_the_map_is_written_whole_and_others_keys_survive() {
        let before = map(&json!({ "visitor": { "id": 7 }, "helpdesk_ref": "r" }));
        let after = merged(&before, &[("why", "lost")]).unwrap();
        assert_eq!(after, map(&json!({ "visitor": { "id": 7 }, "helpdesk_ref": "r", "helpdesk_why": "lost" })));
        assert!(vanished(&after, &after).is_empty());
        assert_eq!(vanished(&after, &map(&json!({ "helpdesk_ref": "x" }))), ["visitor"]);
        assert_eq!(vanished(&after, &map(&json!({ "visitor": { "id": 8 } }))), ["visitor"]);
    }

    #[test]
    fn a2_own_keys_are_few_and_short_texts() {
        let before = Map::new();
        assert!(merged(&before, &[("note", &"x".repeat(200))]).is_some());
        assert!(merged(&before, &[("note", &"x".repeat(201))]).is_none());
        assert!(merged(&before, &[("note", "")]).is_none());
        let full = (0..10).map(|n| (format!("{PREFIX}{n}"), json!("x"))).collect();
        assert!(merged(&full, &[("more", "x")]).is_none());
        assert!(merged(&full, &[("1", "again")]).is_some());
    }
}
