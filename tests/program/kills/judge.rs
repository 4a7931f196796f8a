//! What the ledger says after recovery, against what is true.

use super::plays::Play;
use crate::branch::TrueObject;
use passdesk::domain::credential::System;
use passdesk::domain::journal::{IntentRecord, IntentState};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One kill and its recovery.
pub struct Verdict<'a> {
    pub what: &'a str,
    pub before: &'a [TrueObject],
    pub after: &'a [TrueObject],
    /// What was begun in this run.
    pub records: &'a [IntentRecord],
    /// Requests that the server received.
    pub sent: usize,
}

#[derive(Default)]
struct Row {
    kills: u64,
    by_console: u64,
    done: u64,
    unknown: u64,
    not_applied: u64,
    untouched: u64,
}

/// All kills.
#[derive(Default)]
pub struct Tally {
    systems: BTreeMap<String, Row>,
    plays: BTreeMap<&'static str, u64>,
    places: BTreeMap<&'static str, u64>,
    lost: Vec<String>,
    doubled: Vec<String>,
    foreign: Vec<String>,
}

impl Verdict<'_> {
    /// Judges, and counts.
    ///
    /// # Panics
    /// If the ledger says what is not so.
    pub fn enter(&self, tally: &mut Tally, play: &Play, place: &'static str, by_console: bool) {
        let known = |o: &&TrueObject| !self.before.iter().any(|b| b.id == o.id);
        let made: Vec<&TrueObject> = self.after.iter().filter(known).collect();
        let units: BTreeSet<&str> = made.iter().map(|o| o.unit.as_str()).collect();
        let named: Vec<&str> =
            self.records.iter().filter_map(|r| r.purpose.old.as_ref()).map(|seen| seen.id.key.as_str()).collect();
        let moved = self.before.iter().filter(|b| self.state_of(&b.id) != Some(b.state.as_str()));
        let moved: Vec<&TrueObject> = moved.collect();
        let ours_to_move = |o: &TrueObject| o.ours && named.iter().any(|id| id.contains(&o.id));
        let told = || format!("{} at {place}\n{:#?}\n{:#?}\n{:#?}", self.what, self.before, self.after, self.states());
        if units.len() > 1 || self.sent > self.records.iter().filter(|r| r.sent.is_some()).count().max(1) {
            tally.doubled.push(told());
        }
        if moved.iter().any(|o| !ours_to_move(o)) || made.iter().any(|o| !o.ours) {
            tally.foreign.push(told());
        }
        let recorded = self.records.iter().filter(|r| r.sent.is_some()).count();
        let effect = !moved.is_empty() || !made.is_empty();
        let nothing = |s: IntentState| matches!(s, IntentState::Abandoned | IntentState::NotApplied);
        let owned_up = self.records.iter().any(|r| r.sent.is_some() && !nothing(r.state));
        if self.sent > recorded || (effect && !owned_up) {
            tally.lost.push(told());
        }
        for record in self.records {
            self.agrees(record, &made);
        }
        let row = tally.systems.entry(play.system.to_string()).or_default();
        row.kills += 1;
        row.by_console += u64::from(by_console);
        let last = self.records.iter().filter(|r| r.sent.is_some()).max_by_key(|r| r.seq).map(|r| r.state);
        match last {
            None => row.untouched += 1,
            Some(IntentState::Done) => row.done += 1,
            Some(IntentState::Unknown) => row.unknown += 1,
            Some(_) => row.not_applied += 1,
        }
        *tally.plays.entry(play.name).or_default() += 1;
        *tally.places.entry(place).or_default() += 1;
    }

    fn state_of(&self, id: &str) -> Option<&str> {
        self.after.iter().find(|o| o.id == id).map(|o| o.state.as_str())
    }

    fn states(&self) -> Vec<String> {
        let line = |r: &IntentRecord| format!("{} {} {:?} {:?}", r.purpose.act, r.state, r.purpose.old, r.remark);
        self.records.iter().map(line).collect()
    }

    /// What a record says is so.
    fn agrees(&self, record: &IntentRecord, made: &[&TrueObject]) {
        let what =
            || format!("{}: {:#?}\nbefore {:#?}\nafter {:#?}", self.what, self.states(), self.before, self.after);
        let makes = record.purpose.act.makes();
        match record.state {
            IntentState::Done if makes => {
                let object = record.binding.as_ref().and_then(|b| b.object.as_ref());
                let bound = object.unwrap_or_else(|| panic!("{}: DONE without an object", what())).id.key.as_str();
                assert!(
                    made.iter().any(|o| bound.contains(&o.id)),
                    "{}: bound to {bound}, which it did not make",
                    what()
                );
            }
            IntentState::Done => assert!(self.reached(record), "{}: DONE, and it is not so", what()),
            IntentState::Unknown => {
                let effect = if makes { !made.is_empty() } else { self.reached(record) && !self.was_so(record) };
                assert!(!effect, "{}: it is there to be read, and was not found", what());
            }
            IntentState::Abandoned if record.sent.is_some() && makes => {
                assert!(made.is_empty(), "{}: called undone, and it was done", what());
            }
            IntentState::Abandoned => {}
            state => panic!("{}: recovery leaves it {state}", what()),
        }
    }

    /// The state that a record asked for, as far as a later step did not move it on.
    fn reached(&self, record: &IntentRecord) -> bool {
        let Some(seen) = &record.purpose.old else { return false };
        let later = self
            .records
            .iter()
            .any(|r| r.seq > record.seq && r.purpose.old.as_ref().is_some_and(|o| o.id == seen.id) && r.sent.is_some());
        let objects: Vec<&TrueObject> = self.after.iter().filter(|o| seen.id.key.as_str().contains(&o.id)).collect();
        match &record.purpose.target {
            _ if later => true,
            None => objects.iter().all(|o| matches!(o.state.as_str(), "deleted" | "DELETED")),
            Some(word) => {
                let same = |o: &&TrueObject| {
                    o.state.eq_ignore_ascii_case(word)
                        // Half of a pair, of which the holder installed the other.
                        || o.state == "deleted"
                        || (seen.id.tenant == crate::branch::tenant(System::ThalesD1)
                            && matches!((o.state.as_str(), word.as_str()), ("SUSPENDED", "INACTIVE") | ("INACTIVE", "SUSPENDED")))
                };
                !objects.is_empty() && objects.iter().all(same)
            }
        }
    }

    fn was_so(&self, record: &IntentRecord) -> bool {
        let Some(seen) = &record.purpose.old else { return false };
        self.before
            .iter()
            .filter(|o| seen.id.key.as_str().contains(&o.id))
            .all(|o| self.state_of(&o.id) == Some(&o.state))
    }
}

impl Tally {
    pub fn kills(&self) -> u64 {
        self.systems.values().map(|row| row.kills).sum()
    }

    pub fn harm(&self) -> (usize, usize, usize) {
        (self.lost.len(), self.doubled.len(), self.foreign.len())
    }

    pub fn played(&self, name: &str) -> u64 {
        self.plays.get(name).copied().unwrap_or(0)
    }

    pub fn findings(&self) -> String {
        [&self.lost, &self.doubled, &self.foreign].into_iter().flatten().cloned().collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (system, row) in &self.systems {
            let Row { kills, by_console, done, unknown, not_applied, untouched } = row;
            writeln!(
                f,
                "{system:<13} kills {kills:>4}  of these in a console {by_console:>4}  done {done:>4}  unknown {unknown:>4}  \
                 not applied {not_applied:>4}  nothing sent {untouched:>4}"
            )?;
        }
        writeln!(f, "-- by act")?;
        for (name, count) in &self.plays {
            writeln!(f, "{name:<32} {count:>4}")?;
        }
        writeln!(f, "-- by place")?;
        for (place, count) in &self.places {
            writeln!(f, "{place:<32} {count:>4}")?;
        }
        let (lost, doubled, foreign) = self.harm();
        write!(f, "kills {}  lost {lost}  doubled {doubled}  foreign touched {foreign}", self.kills())
    }
}
