//! What the model knows: chance, what every process wrote into the journal, which request it belongs to, and what each
//! request truly did. The judge's own account, beside the product's.

use super::checks;
use super::tally::Tally;
use super::truth::TruePass;
use super::unseen::Unseen;
use jiff::Timestamp;
use passdesk::domain::credential::System;
use passdesk::domain::ids::{HolderId, IntentId, SagaId};
use passdesk::domain::journal::{Binding, EventDraft, IntentState, Payload, Purpose, Snapshot};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Chance from a seed, and from nothing else.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.draw() % n.max(1) as u64) as usize
    }

    pub fn between(&mut self, from: u32, to: u32) -> u32 {
        from + self.below((to - from + 1) as usize) as u32
    }

    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        (!all.is_empty()).then(|| &all[self.below(all.len())])
    }
}

/// One intent as the processes of this run wrote it, and what its request truly did.
#[derive(Clone, Debug)]
pub struct Line {
    pub state: IntentState,
    pub purpose: Purpose,
    pub snapshot: Option<Snapshot>,
    pub binding: Option<Binding>,
    /// The confirmed plan that it was made for.
    pub plan: Option<u64>,
    /// Requests that set out for it.
    pub requests: u32,
    /// The vendor did it.
    pub applied: bool,
    /// The passes that its request truly made.
    pub made: Vec<String>,
    /// Its outcome was once UNKNOWN.
    pub lost: bool,
    /// Anybody else, the holder too, did something with the same person's passes before it was settled.
    pub disturbed: bool,
    /// Another system or a workstation did.
    pub rival: bool,
    /// A person decided about it.
    pub decided: bool,
    /// How many events there were when it was opened.
    pub opened: u64,
    /// How old the reading was that its snapshot rests on (seconds).
    pub read_before: i64,
}

/// The last reading of a person by a process.
#[derive(Clone, Debug)]
pub struct Reading {
    /// How many events there were when it began.
    pub after: u64,
    /// When it began.
    pub at: Timestamp,
    /// What was true all the while; `None` if that changed.
    pub truth: Option<Vec<TruePass>>,
    /// What a vendor that forgets rows did not list.
    pub left_out: Vec<String>,
}

impl Line {
    pub fn system(&self) -> System {
        self.purpose.class.system()
    }
}

/// The book of one run, open to its wires, its ledgers and its actors.
pub struct Book(Mutex<Pages>);

/// What stands in it.
pub struct Pages {
    pub chance: Chance,
    pub lines: BTreeMap<IntentId, Line>,
    pub tally: Tally,
    /// Rules that were broken.
    pub wrongs: Vec<String>,
    trace: Vec<String>,
    traced: bool,
    /// No faults any more: the end of the run.
    pub calm: bool,
    /// Only reading is allowed now: a recovery is at work.
    pub reading_only: bool,
    /// Who was touched by somebody else in this step.
    pub touched: Vec<HolderId>,
    /// Issue requests by confirmed plan.
    pub issued_by_plan: BTreeMap<u64, u32>,
    /// Events written so far.
    pub events: u64,
    /// What each process saw of each person last.
    pub readings: BTreeMap<(u32, HolderId), Reading>,
    /// What was true when a plan was shown.
    pub shown: BTreeMap<u64, Vec<TruePass>>,
    /// The same for each piece of work, without what its own requests changed since.
    pub shown_of: BTreeMap<SagaId, Vec<TruePass>>,
    /// What others did that no reading can show.
    pub unseen: Unseen,
    step: usize,
}

/// Lines of a trace that are kept.
const KEPT: usize = 4_000;

impl Book {
    /// A book that keeps its trace, or only what is counted.
    pub fn new(seed: u64, traced: bool) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Pages {
            chance: Chance::of(seed ^ 0x0b00_c0de),
            lines: BTreeMap::new(),
            tally: Tally::default(),
            wrongs: Vec::new(),
            trace: Vec::new(),
            traced,
            calm: false,
            reading_only: false,
            touched: Vec::new(),
            unseen: Unseen::default(),
            issued_by_plan: BTreeMap::new(),
            events: 0,
            readings: BTreeMap::new(),
            shown: BTreeMap::new(),
            shown_of: BTreeMap::new(),
            step: 0,
        })))
    }

    pub fn open(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn say(&self, words: impl FnOnce() -> String) {
        self.open().say(words);
    }
}

impl Pages {
    pub fn trace(&self) -> &Vec<String> {
        &self.trace
    }

    pub fn begin_step(&mut self, step: usize) {
        self.step = step;
        self.touched.clear();
        self.tally.steps += 1;
    }

    pub fn say(&mut self, words: impl FnOnce() -> String) {
        if self.traced && self.trace.len() < KEPT {
            let line = format!("{:>3} {}", self.step, words());
            self.trace.push(line);
        }
    }

    /// A rule was broken.
    pub fn wrong(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.say(|| format!("BROKEN: {what}"));
        self.wrongs.push(what);
    }

    /// Somebody else touched this person: a rival, or the holder and the vendor's own machines.
    pub fn touch(&mut self, holder: &HolderId, rival: bool) {
        self.touched.push(holder.clone());
        for line in self.lines.values_mut().filter(|line| line.purpose.holder == *holder && !line.state.is_terminal()) {
            line.disturbed = true;
            // What came before the snapshot stands in it.
            line.rival |= rival && line.snapshot.is_some();
        }
    }

    /// An event of a process became durable.
    pub fn written(&mut self, draft: &EventDraft, plan: Option<u64>, pid: u32) {
        let id = draft.intent;
        self.events += 1;
        self.say(|| {
            let words = match &draft.payload {
                Payload::Remark(remark) => remark.text.chars().take(110).collect(),
                Payload::Purpose(p) => format!(
                    "{} {} {} {}",
                    p.mode,
                    p.act,
                    p.holder,
                    p.old.as_ref().map(|o| o.id.to_string()).unwrap_or_default()
                ),
                Payload::Binding(b) => {
                    format!("{:?} {:?}", b.proofs, b.object.as_ref().map(|o| o.id.to_string()))
                }
                Payload::Snapshot(s) => format!("{} before", s.before.len()),
            };
            format!("journal {} {} {words}", short(id), draft.state)
        });
        if let Payload::Purpose(purpose) = &draft.payload {
            if self.lines.contains_key(&id) {
                self.wrong(format!("intent {id} was recorded twice"));
            }
            let line = Line {
                state: draft.state,
                purpose: (**purpose).clone(),
                snapshot: None,
                binding: None,
                plan,
                requests: 0,
                applied: false,
                made: Vec::new(),
                lost: false,
                disturbed: false,
                rival: false,
                decided: false,
                opened: self.events,
                read_before: 0,
            };
            if let Some(shown) = plan.and_then(|number| self.shown.get(&number)) {
                self.shown_of.entry(purpose.saga).or_insert_with(|| shown.clone());
            }
            self.lines.insert(id, line);
            return;
        }
        let Some(line) = self.lines.get_mut(&id) else {
            // What happened before the run began.
            return;
        };
        let was = std::mem::replace(&mut line.state, draft.state);
        line.lost |= draft.state == IntentState::Unknown;
        match &draft.payload {
            Payload::Snapshot(snapshot) => line.snapshot = Some((**snapshot).clone()),
            Payload::Binding(binding) => line.binding = Some((**binding).clone()),
            _ => {}
        }
        let reading = self.readings.get(&(pid, line.purpose.holder.clone()));
        if draft.state == IntentState::Snapshotted {
            line.read_before = reading.map_or(i64::MAX, |seen| draft.wall.duration_since(seen.at).as_secs());
        }
        let wrongs = [
            checks::of_transition(was, line, &self.unseen),
            checks::of_gate(line, reading, self.shown_of.get(&line.purpose.saga)),
            checks::of_marker(line, reading),
        ];
        for what in wrongs.into_iter().flatten() {
            self.wrong(format!("intent {}: {what}", short(id)));
        }
    }

    /// The intent whose SENDING covers exactly this request, and that has not sent one yet.
    pub fn sending(&self, digests: &[String]) -> Option<IntentId> {
        let fits = |line: &Line| {
            line.state == IntentState::Sending
                && line.requests == 0
                && line.snapshot.as_ref().is_some_and(|s| digests.contains(&s.request))
        };
        self.lines.iter().find(|(_, line)| fits(line)).map(|(id, _)| *id)
    }

    /// A request of an intent truly did something, or nothing.
    pub fn done(&mut self, intent: IntentId, before: &[TruePass], after: &[TruePass]) {
        let Some(line) = self.lines.get(&intent).cloned() else { return };
        let touched = self.touched.contains(&line.purpose.holder);
        let saga = self.lines.values().filter(|l| l.purpose.saga == line.purpose.saga && l.purpose.act.makes());
        let issued = saga.filter_map(|l| l.binding.as_ref()?.object.as_ref().map(|o| o.id.key.as_str().to_owned()));
        let issued: Vec<String> = issued.collect();
        let (made, changed) = checks::difference(before, after);
        for what in checks::of_effect(&line, before, after, &made, &changed, &issued, touched) {
            self.wrong(format!("intent {}: {what}", short(intent)));
        }
        if let Some(shown) = self.shown_of.get_mut(&line.purpose.saga) {
            // From here on the desk goes by what it reads after its own change.
            shown.retain(|pass| !changed.contains(&pass.id));
        }
        let did = !made.is_empty() || !changed.is_empty();
        self.say(|| format!("truly   {} made {made:?} changed {changed:?}", short(intent)));
        if let Some(line) = self.lines.get_mut(&intent) {
            line.applied |= did;
            line.made.extend(made);
        }
        self.tally.applied += u64::from(did);
    }
}

pub fn short(intent: IntentId) -> String {
    intent.to_string().chars().take(6).collect()
}
