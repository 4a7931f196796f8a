//! Every n-th call on a file fails: `PASSDESK_IO=all` tries every error, alone and lasting, on every call.
//!
//! `PASSDESK_IO=all cargo test --locked --test program whichever_call_fails -- --nocapture`

use super::trial::{Tally, Work, run, said_properly, suspends, swaps};
use crate::branch::{Branch, SYSTEMS};
use crate::interposer::{self, Deed, Errno};
use crate::site::wait;
use passdesk::domain::credential::{State, System};
use passdesk::ports::ledger::{Ledger, LedgerHealth};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many runs go on at one time: most of each is waiting.
const WORKERS: usize = 4;
/// No act has so many calls.
const ENDLESS: u64 = 3_000;

/// One run with a call that fails. False: the run was over before that call.
fn fails(work: &Work<'_>, worker: usize, deed: Deed, n: u64, tally: &Mutex<Tally>) -> bool {
    let whose = work.whose(worker, n);
    let what = format!("{:?} {} {deed:?} at call {n}", work.system, (work.args)(whose)[0]);
    let mut reached = false;
    let trouble = |mut command: std::process::Command, data: &crate::branch::Data| {
        interposer::steer(&mut command, &data.root, &data.beside("report"), deed, n, false);
        command
    };
    run(work, whose, &what, tally, trouble, |data| {
        let first = interposer::reported(&data.beside("report")).into_iter().next();
        reached = first.is_some();
        first.map(|call| format!("{} {}", call.more, call.path)).unwrap_or_default()
    });
    reached
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
                    if n > over.load(Ordering::SeqCst) || !fails(work, worker, deed, n, tally) {
                        over.fetch_min(n, Ordering::SeqCst);
                        return;
                    }
                }
            });
        }
    });
    let (tally, calls) = (tally.into_inner().unwrap(), over.into_inner());
    println!(
        "{:?} {deed:?}: {calls} calls, {} runs, {} requests, exit codes {:?}",
        work.system, tally.runs, tally.sent, tally.codes
    );
    assert!(calls > 100 && tally.sent > 0 && tally.codes.len() > 1, "{tally:?}: the interposer reached nothing");
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
    let work = suspends(&branch);
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
        sweep(&swaps(&branch), deed, stride.max(2));
    }
}

#[test]
fn i1_nothing_leaves_before_its_record_is_synced() {
    if !interposer::available("the order of sync and send") {
        return;
    }
    let branch = Branch::open(9, 600);
    for system in SYSTEMS {
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
                "send"
                    if !call.more.starts_with("GET ")
                        && (call.more.starts_with("PATCH ") || is_act(system, &call.more)) =>
                {
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
