//! What this process knows and no list would tell it: passes that it has seen, pairs whose own id an answer or the
//! vendor's billing named, and issues whose answer never came.

use crate::domain::ids::VendorKey;
use crate::domain::journal::Marker;
use std::collections::{BTreeSet, HashMap};

/// The memory of one tenant. Lost with the process, and then made up for by reading.
#[derive(Debug, Default)]
pub struct Memory {
    /// Own ids of pairs, by the ids of their halves.
    pub unified: HashMap<String, String>,
    seen: HashMap<VendorKey, BTreeSet<String>>,
    sent: HashMap<VendorKey, Vec<Marker>>,
    unanswered: HashMap<VendorKey, Vec<Marker>>,
}

impl Memory {
    /// Passes of a person that were once seen.
    pub fn seen_of(&self, person: &VendorKey) -> BTreeSet<String> {
        self.seen.get(person).cloned().unwrap_or_default()
    }

    /// Notes passes of a person.
    pub fn saw<'a>(&mut self, person: &VendorKey, passes: impl Iterator<Item = &'a String>) {
        self.seen.entry(person.clone()).or_default().extend(passes.cloned());
    }

    /// Markers of everything that was sent for a person.
    pub fn sent_for(&self, person: &VendorKey) -> Vec<Marker> {
        self.sent.get(person).cloned().unwrap_or_default()
    }

    /// Those of them whose answer did not name what was made.
    pub fn unanswered_of(&self, person: &VendorKey) -> Vec<Marker> {
        self.unanswered.get(person).cloned().unwrap_or_default()
    }

    /// Notes that an issue left, and whether its answer named what it made.
    pub fn issued(&mut self, person: VendorKey, marker: Marker, answered: bool) {
        if !answered {
            self.unanswered.entry(person.clone()).or_default().push(marker.clone());
        }
        self.sent.entry(person).or_default().push(marker);
    }
}
