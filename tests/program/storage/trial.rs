//! One run of an act on a disk in trouble, and what must be true afterwards whatever the trouble was.

use crate::branch::{Branch, Candidate, Data};
use passdesk::domain::credential::{State, System};
use passdesk::domain::journal::IntentState;
use passdesk::simulator::accessgrid::Action;
use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::Mutex;

/// What ran, and how it ended.
#[derive(Default, Debug)]
pub struct Tally {
    pub runs: u64,
    pub sent: u64,
    pub codes: BTreeMap<i32, u64>,
}

/// An act that can be repeated over and over, each time on somebody's credential in its first state.
pub struct Work<'a> {
    pub branch: &'a Branch,
    pub system: System,
    pub args: fn(&Candidate) -> Vec<String>,
    /// Whose: one a worker where it can be undone, else one a run.
    pub people: Vec<Candidate>,
    pub undo: Option<fn(&Branch, &Candidate)>,
}

impl Work<'_> {
    pub fn whose(&self, worker: usize, run: u64) -> &Candidate {
        let at = if self.undo.is_some() { worker } else { usize::try_from(run).unwrap() };
        self.people.get(at).unwrap_or_else(|| panic!("only {} people for run {run}", self.people.len()))
    }

    pub fn command(&self, data: &Data, whose: &Candidate) -> Command {
        let args = (self.args)(whose);
        self.branch.command(self.system, data, &args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Requests about this person's credential that could have changed something.
    fn sent(&self, whose: &Candidate, since: u64) -> usize {
        let key = match self.system {
            System::Gallagher => whose.holder.key.as_str(),
            _ => whose.id.key.as_str(),
        };
        self.branch.mutations(self.system, since).iter().filter(|r| r.path.contains(key)).count()
    }
}

/// Plain words and an exit code that the manual names; never a panic, never a signal.
pub fn said_properly(what: &str, out: &Output) -> i32 {
    let told = String::from_utf8_lossy(&out.stderr);
    let code = out.status.code().unwrap_or_else(|| panic!("{what}: ended by a signal: {:?}\n{told}", out.status));
    assert!((0..=9).contains(&code), "{what}: exit code {code}\n{told}");
    assert!(!told.contains("panicked") && !told.contains("unwrap"), "{what}: {told}");
    if code != 0 {
        // That there is nothing is no problem of the program's, and is said without its name.
        let line = told.lines().find(|line| line.starts_with("passdesk: ") || code == 4).unwrap_or_default();
        assert!(line.len() > 20 && line.ends_with('.'), "{what}: no plain words: {told:?}");
    }
    code
}

/// One run. `trouble` changes the command so that its disk is in trouble, and `told` says afterwards where it struck.
///
/// # Panics
/// If a request left without its record, the ledger does not know what was done or is not whole afterwards, nobody can
/// be found any more, or what was said is not plain.
pub fn run(
    work: &Work<'_>,
    whose: &Candidate,
    what: &str,
    tally: &Mutex<Tally>,
    trouble: impl FnOnce(Command, &Data) -> Command,
    told: impl FnOnce(&Data) -> String,
) {
    let (branch, data) = (work.branch, work.branch.fresh(work.system));
    let (since, before) = (branch.logged(work.system), branch.truth(work.system, &whose.holder));
    let recorded = data.events("SENDING").unwrap();
    let out = trouble(work.command(&data, whose), &data).output().unwrap();
    let what = format!("{what}: {}", told(&data));
    let code = said_properly(&what, &out);
    let what = format!("{what}\n{}", String::from_utf8_lossy(&out.stderr));

    // Never a request without its record.
    let sent = work.sent(whose, since);
    let sending = data.events("SENDING").unwrap_or_else(|| panic!("{what}: the ledger cannot be read")) - recorded;
    assert!(sent as u64 <= sending, "{what}: {sent} requests, {sending} SENDING");
    assert!(sent <= 1, "{what}: {sent} requests");
    let after = branch.truth(work.system, &whose.holder);
    assert!(code != 0 || after != before, "{what}: success, and nothing was done");

    // Without trouble: it is whole, people are found, and it knows what was done.
    let found = branch.command(work.system, &data, &["search", &whose.holder.to_string()]).output().unwrap();
    assert_eq!(said_properly(&what, &found), 0, "{what}: browsing: {}", String::from_utf8_lossy(&found.stderr));
    let verified = branch.command(work.system, &data, &["ledger", "verify"]).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert_eq!(said_properly(&what, &verified), 0, "{what}: {said}");
    let records = data.begun(&whose.holder);
    let nothing = |s: IntentState| matches!(s, IntentState::Abandoned | IntentState::Intent | IntentState::Snapshotted);
    let known = records.iter().any(|r| !nothing(r.state));
    assert!(after == before || known, "{what}: done, and the ledger does not know: {records:?}");
    let done = records.iter().any(|r| r.state == IntentState::Done);
    assert!(after != before || !done, "{what}: DONE, and nothing was done");
    if let Some(undo) = work.undo.filter(|_| after != before) {
        undo(branch, whose);
    }
    let mut tally = tally.lock().unwrap();
    tally.runs += 1;
    tally.sent += sent as u64;
    *tally.codes.entry(code).or_default() += 1;
}

fn args(words: &[&str], id: &Candidate) -> Vec<String> {
    let words = words.iter().map(|word| if *word == "ID" { id.id.to_string() } else { (*word).to_owned() });
    words.collect()
}

/// A suspend, undone after each run, so that one person a worker is enough.
pub fn suspends(branch: &Branch) -> Work<'_> {
    let active = branch.candidates.iter().filter(|c| c.system == System::AccessGrid && c.word == "active");
    let working = active.filter(|c| c.state == State::Active && !c.id.key.as_str().contains('/'));
    Work {
        branch,
        system: System::AccessGrid,
        args: |c| args(&["suspend", "ID", "--why", "lost", "--ticket", "INC0012345", "--yes"], c),
        people: working.cloned().collect(),
        undo: Some(|branch, c| branch.sim.grid().foreign_act(c.id.key.as_str(), Action::Resume).unwrap()),
    }
}

/// A reissue in one call, each of somebody else.
pub fn swaps(branch: &Branch) -> Work<'_> {
    let expired = branch.candidates.iter().filter(|c| c.system == System::Gallagher && c.state == State::Expired);
    Work {
        branch,
        system: System::Gallagher,
        args: |c| args(&["reissue", "ID", "--why", "expired", "--yes"], c),
        people: expired.cloned().collect(),
        undo: None,
    }
}
