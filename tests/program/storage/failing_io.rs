//! Every n-th call on a file fails: `PASSDESK_IO=all` tries every error, alone and lasting, on every call.
//!
//! `PASSDESK_IO=all cargo test --locked --test program every_nth_call -- --nocapture`

use crate::branch::{Branch, Candidate, Data};
use crate::interposer::{self, Deed, Errno};
use crate::site::wait;
use passdesk::domain::credential::{State, System};
use passdesk::domain::journal::IntentState;
use passdesk::ports::ledger::{Ledger, LedgerHealth};
use passdesk::simulator::accessgrid::Action;
use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many runs go on at one time: most of each is waiting.
const WORKERS: usize = 4;
/// No act has so many calls.
const ENDLESS: u64 = 3_000;

/// What ran, and how it ended.
#[derive(Default, Debug)]
struct Tally {
    runs: u64,
    sent: u64,
    codes: BTreeMap<i32, u64>,
    unverified: u64,
}

/// An act that can be repeated over and over, each time on somebody's credential in its first state.
struct Work<'a> {
    branch: &'a Branch,
    system: System,
    args: fn(&Candidate) -> Vec<String>,
    /// Whose: one a worker where it can be undone, else one a run.
    people: Vec<Candidate>,
    undo: Option<fn(&Branch, &Candidate)>,
}

impl Work<'_> {
    fn whose(&self, worker: usize, run: u64) -> &Candidate {
        let at = if self.undo.is_some() { worker } else { usize::try_from(run).unwrap() };
        self.people.get(at).unwrap_or_else(|| panic!("only {} people for run {run}", self.people.len()))
    }

    fn command(&self, data: &Data, whose: &Candidate) -> Command {
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
fn said_properly(what: &str, out: &Output) -> i32 {
    let told = String::from_utf8_lossy(&out.stderr);
    let code = out.status.code().unwrap_or_else(|| panic!("{what}: ended by a signal: {:?}\n{told}", out.status));
    assert!((0..=9).contains(&code), "{what}: exit code {code}\n{told}");
    assert!(!told.contains("panicked") && !told.contains("unwrap"), "{what}: {told}");
    if code != 0 {
        let line = told.lines().find(|line| line.starts_with("passdesk: ")).unwrap_or_default();
        assert!(line.len() > 20 && line.ends_with('.'), "{what}: no plain words: {told:?}");
    }
    code
}

/// One run with a call that fails. False: the run was over before that call.
fn run(work: &Work<'_>, worker: usize, deed: Deed, n: u64, tally: &Mutex<Tally>) -> bool {
    let (branch, data) = (work.branch, work.branch.fresh(work.system));
    let whose = work.whose(worker, n);
    let what = format!("{:?} {} {deed:?} at call {n}", work.system, (work.args)(whose)[0]);
    let (since, before) = (branch.logged(work.system), branch.truth(work.system, &whose.holder));
    let recorded = data.events("SENDING").unwrap();
    let report = data.beside("report");
    let mut command = work.command(&data, whose);
    interposer::steer(&mut command, &data.root, &report, deed, n, false);
    let out = command.output().unwrap();
    let code = said_properly(&what, &out);
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    let reached = interposer::reported(&report).first().map(|call| format!("{} {}", call.more, call.path));
    let what = format!("{what} ({})\n{told}", reached.clone().unwrap_or_default());

    // Never a request without its record.
    let sent = work.sent(whose, since);
    let sending = data.events("SENDING").unwrap_or_else(|| panic!("{what}: the ledger cannot be read")) - recorded;
    assert!(sent as u64 <= sending, "{what}: {sent} requests, {sending} SENDING");
    assert!(sent <= 1, "{what}: {sent} requests");
    let after = branch.truth(work.system, &whose.holder);
    assert!(code != 0 || after != before, "{what}: success, and nothing was done");

    // Without trouble: verified, or told what is wrong; and people are found either way.
    let verified = branch.command(work.system, &data, &["ledger", "verify"]).output().unwrap();
    let unverified = said_properly(&what, &verified) != 0;
    let found = branch.command(work.system, &data, &["search", &whose.holder.to_string()]).output().unwrap();
    assert_eq!(said_properly(&what, &found), 0, "{what}: browsing: {}", String::from_utf8_lossy(&found.stderr));
    if !unverified {
        let records = data.begun(&whose.holder);
        let nothing = |s: IntentState| matches!(s, IntentState::Abandoned | IntentState::Intent | IntentState::Snapshotted);
        let known = records.iter().any(|r| !nothing(r.state));
        assert!(after == before || known, "{what}: done, and the ledger does not know: {records:?}");
        let done = records.iter().any(|r| r.state == IntentState::Done);
        assert!(after != before || !done, "{what}: DONE, and nothing was done");
    }
    if let Some(undo) = work.undo.filter(|_| after != before) {
        undo(branch, whose);
    }
    let mut tally = tally.lock().unwrap();
    tally.runs += 1;
    tally.sent += sent as u64;
    *tally.codes.entry(code).or_default() += 1;
    tally.unverified += u64::from(unverified);
    assert!(!unverified, "{what}: {}", String::from_utf8_lossy(&verified.stderr));
    reached.is_some()
}

/// All calls of an act in turn, until one run no longer has so many.
fn sweep(work: &Work<'_>, deed: Deed, stride: u64) {
    let (tally, next) = (Mutex::new(Tally::default()), AtomicU64::new(1));
    let over = AtomicU64::new(u64::MAX);
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (tally, next, over) = (&tally, &next, &over);
            scope.spawn(move || {
                loop {
                    let n = next.fetch_add(stride, Ordering::SeqCst);
                    assert!(n < ENDLESS, "it never ends");
                    if n > over.load(Ordering::SeqCst) || !run(work, worker, deed, n, tally) {
                        over.fetch_min(n, Ordering::SeqCst);
                        return;
                    }
                }
            });
        }
    });
    let (tally, calls) = (tally.into_inner().unwrap(), over.into_inner());
    println!(
        "{:?} {deed:?}: {calls} calls, {} runs, {} requests, exit codes {:?}, {} ledgers not verified afterwards",
        work.system, tally.runs, tally.sent, tally.codes, tally.unverified
    );
    assert!(calls > 100 && tally.sent > 0 && tally.codes.len() > 1, "{tally:?}: the interposer reached nothing");
}

fn args(words: &[&str], id: &Candidate) -> Vec<String> {
    let words = words.iter().map(|word| if *word == "ID" { id.id.to_string() } else { (*word).to_owned() });
    words.collect()
}

fn deeds() -> Vec<(Deed, u64)> {
    let all = [
        Deed::Fail(Errno::Io),
        Deed::Fail(Errno::NoSpace),
        Deed::Fail(Errno::Quota),
        Deed::FailFrom(Errno::Io),
        Deed::FailFrom(Errno::NoSpace),
        Deed::FailFrom(Errno::Quota),
    ];
    if std::env::var("PASSDESK_IO").is_ok_and(|v| v == "all") {
        return all.into_iter().map(|deed| (deed, 1)).collect();
    }
    vec![(all[0], 1), (all[4], 3)]
}

#[test]
fn i1_i8_a_suspend_sends_nothing_unrecorded_whichever_call_fails() {
    if !interposer::available("every n-th call of a suspend fails") {
        return;
    }
    let branch = Branch::open(7, 600);
    let active = branch.candidates.iter().filter(|c| c.system == System::AccessGrid && c.word == "active");
    let people: Vec<Candidate> = active.filter(|c| !c.id.key.as_str().contains('/')).cloned().collect();
    let work = Work {
        branch: &branch,
        system: System::AccessGrid,
        args: |c| args(&["suspend", "ID", "--why", "lost", "--ticket", "INC0012345", "--yes"], c),
        people,
        undo: Some(|branch, c| branch.sim.grid().foreign_act(c.id.key.as_str(), Action::Resume).unwrap()),
    };
    for (deed, stride) in deeds() {
        sweep(&work, deed, stride);
    }
}

#[test]
fn i1_i8_a_reissue_sends_nothing_unrecorded_whichever_call_fails() {
    if !interposer::available("every n-th call of a reissue fails") {
        return;
    }
    for (deed, stride) in deeds() {
        let branch = Branch::open(8, 5_000);
        let expired = branch.candidates.iter().filter(|c| c.system == System::Gallagher && c.state == State::Expired);
        let work = Work {
            branch: &branch,
            system: System::Gallagher,
            args: |c| args(&["reissue", "ID", "--why", "expired", "--yes"], c),
            people: expired.cloned().collect(),
            undo: None,
        };
        sweep(&work, deed, stride.max(2));
    }
}

#[test]
fn i1_nothing_leaves_before_its_record_is_synced() {
    if !interposer::available("the order of sync and send") {
        return;
    }
    let branch = Branch::open(9, 600);
    for system in crate::branch::SYSTEMS {
        let usable = branch.candidates.iter().filter(|c| c.system == system && c.state == State::Active);
        let whose = usable.clone().find(|c| !c.id.key.as_str().contains('/') || system == System::Gallagher).unwrap();
        let data = branch.fresh(system);
        let id = whose.id.to_string();
        let args = ["suspend", &id, "--why", "lost", "--ticket", "INC0012345", "--yes"];
        let mut command = branch.command(system, &data, &args);
        interposer::steer(&mut command, &data.root, &data.beside("report"), Deed::Trace, 0, true);
        let out = command.output().unwrap();
        assert_eq!(said_properly("traced", &out), 0, "{}", String::from_utf8_lossy(&out.stderr));
        let (mut dirty, mut syncs, mut anchored, mut sent) = (false, 0, 0, 0);
        for call in interposer::reported(&data.beside("report")) {
            let log = call.path.ends_with("ledger.db-wal");
            match call.word.as_str() {
                "write" if log => dirty = true,
                "sync" if log => (dirty, syncs) = (false, syncs + 1),
                "rename" if call.path.ends_with("sim.anchor") => anchored += 1,
                "send" if !call.more.starts_with("GET ") && (call.more.starts_with("PATCH ") || is_act(system, &call.more)) => {
                    assert!(!dirty, "{system}: call {}: bytes leave before the record is synced", call.n);
                    assert!(syncs >= 3 && anchored == 1, "{system}: {syncs} syncs, {anchored} anchors before it");
                    sent += 1;
                }
                _ => {}
            }
        }
        assert_eq!(sent, 1, "{system}: the request was not seen");
        assert!(matches!(wait(data.ledger().verify()), LedgerHealth::Verified { .. }));
    }
}

/// The interposer shows the first 20 bytes of what is sent: a POST that is no sign-in.
fn is_act(system: System, first: &str) -> bool {
    first.starts_with("POST ") && !(system == System::ThalesD1 && first.starts_with("POST /authz"))
}
