//! The members of a request's body, read one by one with what is wrong about each (contract sections 2 and 9).

use super::answer::Refusal;
use super::catalogue;
use super::ids::{Guids, Kind};
use super::objects::Metadata;
use super::switches::{MetadataUpdate, NullValue, Switches};
use crate::simulator::clock::read_time;
use jiff::{Timestamp, civil};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A body being read. Members of the wrong type are noted; what was wrong comes out at the end.
pub struct Fields<'a> {
    body: &'a Map<String, Value>,
    switches: &'a Switches,
    guids: Guids,
    wrong: BTreeMap<String, Vec<String>>,
    asked: BTreeSet<&'static str>,
}

/// What was said about a member.
enum Given<'a> {
    Nothing,
    Clear,
    Set(&'a Value),
}

impl<'a> Fields<'a> {
    /// Begins.
    pub fn new(body: &'a Map<String, Value>, switches: &'a Switches, guids: Guids) -> Self {
        Self { body, switches, guids, wrong: BTreeMap::new(), asked: BTreeSet::new() }
    }

    /// Notes what is wrong about a member.
    pub fn wrong(&mut self, name: &str, why: impl Into<String>) {
        self.wrong.entry(name.to_owned()).or_default().push(why.into());
    }

    /// Demands members that must be there.
    pub fn require(&mut self, names: &[&'static str]) {
        for name in names {
            let missing = match self.body.get(*name) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => text.trim().is_empty(),
                Some(_) => false,
            };
            if missing {
                self.wrong(name, "This parameter is required.");
            }
        }
    }

    /// True if the member is there at all.
    pub fn has(&self, name: &str) -> bool {
        self.body.get(name).is_some_and(|v| !v.is_null())
    }

    /// A member that is read by nobody but allowed to be there.
    pub fn pass_over(&mut self, name: &'static str) {
        self.asked.insert(name);
    }

    fn given(&mut self, name: &'static str) -> Given<'a> {
        self.asked.insert(name);
        match self.body.get(name) {
            None => Given::Nothing,
            Some(Value::Null) => match self.switches.null_value {
                NullValue::Clear => Given::Clear,
                NullValue::Keep => Given::Nothing,
                NullValue::Refuse => {
                    self.wrong(name, "null is not allowed.");
                    Given::Nothing
                }
            },
            Some(value) => Given::Set(value),
        }
    }

    fn read<T>(&mut self, name: &'static str, into: &mut Option<T>, of: impl FnOnce(&Value) -> Result<T, String>) {
        match self.given(name) {
            Given::Nothing => {}
            Given::Clear => *into = None,
            Given::Set(value) => match of(value) {
                Ok(value) => *into = Some(value),
                Err(why) => self.wrong(name, why),
            },
        }
    }

    /// Text.
    pub fn text(&mut self, name: &'static str, into: &mut Option<String>) {
        self.read(name, into, |v| v.as_str().map(ToOwned::to_owned).ok_or_else(|| "A string is expected.".into()));
    }

    /// Text that cannot be cleared.
    pub fn firm_text(&mut self, name: &'static str, into: &mut String) {
        let mut value = Some(std::mem::take(into));
        let kept = value.clone();
        self.text(name, &mut value);
        if value.is_none() {
            self.wrong(name, "This parameter cannot be cleared.");
        }
        *into = value.or(kept).unwrap_or_default();
    }

    /// One word of a closed list.
    pub fn word(&mut self, name: &'static str, words: &[&'static str], into: &mut Option<&'static str>) {
        self.read(name, into, |v| {
            let sent = v.as_str().ok_or("A string is expected.")?;
            words.iter().find(|w| **w == sent).copied().ok_or_else(|| format!("'{sent}' is not a known {name}."))
        });
    }

    /// One word of a closed list that cannot be cleared.
    pub fn firm_word(&mut self, name: &'static str, words: &[&'static str], into: &mut &'static str) {
        let mut value = Some(*into);
        self.word(name, words, &mut value);
        match value {
            Some(value) => *into = value,
            None => self.wrong(name, "This parameter cannot be cleared."),
        }
    }

    /// A moment.
    pub fn time(&mut self, name: &'static str, into: &mut Option<Timestamp>) {
        self.read(name, into, |v| v.as_str().and_then(read_time).ok_or_else(|| "A date-time is expected.".into()));
    }

    /// A day.
    pub fn date(&mut self, name: &'static str, into: &mut Option<civil::Date>) {
        self.read(name, into, |v| {
            v.as_str().and_then(|t| t.parse().ok()).ok_or_else(|| "A date (YYYY-MM-DD) is expected.".into())
        });
    }

    /// A number of things.
    pub fn number(&mut self, name: &'static str, into: &mut Option<u32>) {
        self.read(name, into, |v| {
            v.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(|| "A whole number is expected.".into())
        });
    }

    /// An entry of a catalogue, by id.
    pub fn entry(&mut self, name: &'static str, kind: Kind, into: &mut Option<u16>) {
        let guids = self.guids;
        self.read(name, into, |v| {
            let id = v.as_str().ok_or("An identifier is expected, not an object.")?;
            catalogue::entry(guids, kind, id).ok_or_else(|| format!("There is no {name} with this identifier."))
        });
    }

    /// Another object, by id; `find` says whether it is there.
    pub fn reference<T>(&mut self, name: &'static str, into: &mut Option<T>, find: impl FnOnce(&str) -> Option<T>) {
        self.read(name, into, |v| {
            let id = v.as_str().ok_or("An identifier is expected.")?;
            find(id).ok_or_else(|| format!("There is no {name} with this identifier."))
        });
    }

    /// Metadata (rows A1 and A2).
    pub fn metadata(&mut self, into: &mut Metadata) {
        let (was, switches) = (into.take(), self.switches);
        *into = was.clone();
        self.read("metadata", into, |v| {
            let sent = v.as_object().ok_or("An object is expected.")?;
            let mut map = match switches.metadata_update {
                MetadataUpdate::Replace => Map::new(),
                MetadataUpdate::Merge => was.unwrap_or_default(),
            };
            for (key, value) in sent {
                if value.is_null() && !switches.metadata_keeps_null {
                    map.remove(key);
                } else {
                    map.insert(key.clone(), value.clone());
                }
            }
            Ok(map)
        });
    }

    /// Everything that is wrong, the members that nobody knows included where the tenant is strict (row A16).
    pub fn done(mut self) -> Result<(), Refusal> {
        if self.switches.unknown_refused {
            let strangers: Vec<&String> = self.body.keys().filter(|k| !self.asked.contains(k.as_str())).collect();
            for name in strangers {
                self.wrong(name, "This parameter is not known.");
            }
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(Refusal::parameters(self.wrong)) }
    }
}
