//! Many kills at random moments between request and answer, each followed by a restart: what became of every change
//! is found out or honestly unknown, and nothing is ever issued twice, touched that is not ours, or forgotten.
//!
//! `PASSDESK_KILLS=200 cargo test --release --locked --test program kill_in_mid_reissue -- --nocapture`

use crate::screen::{ENTER, PATIENCE, Screen};
use crate::site::{Site, program, wait};
use passdesk::domain::journal::{IntentRecord, IntentState};
use passdesk::simulator::Author;
use passdesk::simulator::population::PassFate;
use passdesk::simulator::request_log::Ending;
use passdesk::simulator::{FaultKind, Release};
use passdesk::simulator::{TrueCard, TrueCardholder};
use rand::{Rng, SeedableRng};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// When the request's effect happens, as seen from the kill.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Done before the kill; the answer is held.
    Applied,
    /// Not done; the connection is dropped after the kill.
    NotApplied,
    /// Not done at the kill; the server goes on with it afterwards, if it still wants to.
    GoesOn,
    /// Late by a random time: the kill comes before, during or after.
    Race,
    /// Not done until after the restart: the effect arrives late.
    Late,
}

const MOMENTS: [Moment; 5] = [Moment::Applied, Moment::NotApplied, Moment::GoesOn, Moment::Race, Moment::Late];

#[derive(Debug, Default)]
struct Tally {
    runs: u32,
    bound: u32,
    unknown: u32,
    not_applied: u32,
    double: u32,
    foreign: u32,
    lost: u32,
}

/// A person of whom this console issued an expired pass.
struct Case {
    holder: String,
    card: String,
}

#[test]
fn kill_in_mid_reissue() {
    let runs: usize = std::env::var("PASSDESK_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(30);
    let seed: u64 = std::env::var("PASSDESK_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(20_260_611);
    println!("{runs} kills, seed {seed}");
    let mut dice = rand::rngs::SmallRng::seed_from_u64(seed);
    let site = Site::of(if runs <= 50 { 1_000 } else { 5_000 });
    let cases: Vec<Case> = (site.sim.issued_by_console().iter())
        .filter(|issue| issue.fate == PassFate::Expired)
        .map(|issue| Case {
            holder: issue.holder_id.clone(),
            card: format!("gall:{}/{}", issue.holder_id, issue.card_segment),
        })
        .collect();
    assert!(cases.len() >= runs, "only {} people have an expired pass of ours", cases.len());
    fill_cache(&site);
    let mut tally = Tally::default();
    for (run, case) in cases.iter().take(runs).enumerate() {
        let moment = MOMENTS[dice.random_range(0..MOMENTS.len())];
        let pause = Duration::from_micros(dice.random_range(0..30_000));
        let before = site.world().cardholder(&case.holder).unwrap();
        let patches = site.world().log().patches;
        arm(&site, moment, dice.random_range(0..40));
        if run % 5 == 4 {
            kill_console(&site, case, moment, pause);
        } else {
            kill_command(&site, case, moment, pause);
        }
        if matches!(moment, Moment::Late) {
            let early = recovered(&site, case, &before).map(|r| r.state);
            assert_eq!(early, Some(IntentState::Unknown), "nothing is proved while the request may still arrive");
        }
        settle(&site, moment);
        let record = recovered(&site, case, &before);
        let what = format!("run {run}: {moment:?}, kill after {pause:?}, {}", case.card);
        judge(&site, case, &before, record.as_ref(), &what, &mut tally);
        assert!(site.world().log().patches <= patches + 1, "{what}: more than one request");
    }
    println!(
        "runs {}  bound {}  unknown {}  not applied {}  double {}  foreign touched {}  lost {}",
        tally.runs, tally.bound, tally.unknown, tally.not_applied, tally.double, tally.foreign, tally.lost
    );
    site.run(&["ledger", "verify"]).assert().success();
    assert_eq!((tally.double, tally.foreign, tally.lost), (0, 0, 0), "seed {seed}: {tally:?}");
    assert_eq!(tally.runs, tally.bound + tally.unknown + tally.not_applied, "seed {seed}: {tally:?}");
}

/// The console reads everybody once, so that the plain commands know them.
fn fill_cache(site: &Site) {
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for(", cache ");
    screen.press("\x1b[21~");
    screen.wait_exit();
}

fn arm(site: &Site, moment: Moment, ms: u64) {
    site.world().clear_faults();
    match moment {
        Moment::Applied => site.strike("PATCH", FaultKind::Hold { applied: true }),
        Moment::NotApplied | Moment::GoesOn | Moment::Late => site.strike("PATCH", FaultKind::Hold { applied: false }),
        Moment::Race => site.strike("PATCH", FaultKind::Latency { ms }),
    }
}

/// Waits until the request has reached the server.
fn request_seen(site: &Site, moment: Moment, patches: u64) {
    if matches!(moment, Moment::Race) {
        let until = Instant::now() + PATIENCE;
        while site.world().log().patches == patches {
            assert!(Instant::now() < until, "no request came");
            std::thread::yield_now();
        }
    } else {
        wait(site.world().held_at_least(1));
    }
}

fn kill_command(site: &Site, case: &Case, moment: Moment, pause: Duration) {
    let patches = site.world().log().patches;
    let mut command = Command::new(program().get_program());
    command.arg("--config").arg(site.file()).args(["reissue", &case.card, "--why", "expired", "--yes"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    request_seen(site, moment, patches);
    // The moment of the kill is what is random here; nothing is waited for.
    std::thread::sleep(pause);
    let _ = child.kill();
    child.wait().unwrap();
}

fn kill_console(site: &Site, case: &Case, moment: Moment, pause: Duration) {
    let patches = site.world().log().patches;
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("RW");
    // By id, so that namesakes do not come in between.
    for scope in ["number ^S", "contact ^S", " id ^S"] {
        screen.press("\x13").wait_for(scope);
    }
    screen.press(&case.holder).press(ENTER).wait_for("read 0s ago").wait_for("*ours");
    screen.press("r").wait_for(&format!("1 PATCH to cardholder {}:", case.holder)).wait_for("y send");
    screen.press_until("y", "Sending the reissue");
    request_seen(site, moment, patches);
    std::thread::sleep(pause);
    screen.kill9();
}

/// Lets the server end what it still holds, and waits until it has.
fn settle(site: &Site, moment: Moment) {
    let how = if matches!(moment, Moment::GoesOn | Moment::Late) { Release::GoOn } else { Release::Drop };
    site.world().release(how);
    let until = Instant::now() + PATIENCE;
    while site.world().log().requests.iter().any(|r| r.method == "PATCH" && r.ending == Ending::Open) {
        assert!(Instant::now() < until, "the server never ended it");
        std::thread::yield_now();
    }
}

/// Starts the console anew and waits until it has found out what can be found out: a new card carries our marker, so
/// it must be found; without one, the most that can be said is that nobody knows.
fn recovered(site: &Site, case: &Case, before: &TrueCardholder) -> Option<IntentRecord> {
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("gall ok").wait_for("RW");
    let until = Instant::now() + PATIENCE;
    let applied = !fresh(before, &site.world().cardholder(&case.holder).unwrap()).is_empty();
    let mut record = newest(site, case);
    while Instant::now() < until {
        let settled = record.as_ref().is_some_and(|r| match r.state {
            IntentState::Intent | IntentState::Snapshotted | IntentState::Sending | IntentState::Applied => false,
            IntentState::Unknown => !applied,
            _ => true,
        });
        if settled {
            break;
        }
        // Something is drawn whenever something was found out.
        screen.sees("\u{0}", Duration::from_millis(20));
        record = newest(site, case);
    }
    screen.press("\x1b[21~");
    assert_eq!(screen.wait_exit().code, 0);
    record
}

/// The change that was begun in this test.
fn newest(site: &Site, case: &Case) -> Option<IntentRecord> {
    let ours = site.intents(&case.holder).into_iter().filter(|i| i.purpose.owner.boot != "before-this-world");
    ours.max_by_key(|i| i.seq)
}

/// Cards that were not there before.
fn fresh(before: &TrueCardholder, after: &TrueCardholder) -> Vec<TrueCard> {
    let known = |card: &TrueCard| before.cards.iter().any(|c| c.segment == card.segment);
    after.cards.iter().filter(|card| !known(card)).cloned().collect()
}

fn judge(
    site: &Site,
    case: &Case,
    before: &TrueCardholder,
    record: Option<&IntentRecord>,
    what: &str,
    tally: &mut Tally,
) {
    tally.runs += 1;
    let after = site.world().cardholder(&case.holder).unwrap();
    let fresh = fresh(before, &after);
    let old = case.card.rsplit('/').next().unwrap();
    let touched = before.cards.iter().filter(|c| c.segment != old).any(|c| !after.cards.contains(c));
    tally.double += u32::from(fresh.len() > 1);
    tally.foreign += u32::from(touched || fresh.iter().any(|c| c.created_by != Author::Console));
    let Some(record) = record else {
        tally.lost += 1;
        println!("{what}: the ledger knows nothing of it");
        return;
    };
    match (record.state, fresh.first()) {
        (IntentState::Done, Some(card)) => {
            let bound = record.binding.as_ref().and_then(|b| b.object.as_ref()).map(|o| o.id.to_string());
            assert_eq!(bound, Some(format!("gall:{}/{}", case.holder, card.segment)), "{what}: bound to another");
            assert!(after.cards.iter().all(|c| c.segment != old), "{what}: the old one is still there");
            tally.bound += 1;
        }
        (IntentState::Unknown, fresh) => {
            assert!(fresh.is_none(), "{what}: our marker is there to be read, and it was not found");
            tally.unknown += 1;
        }
        (IntentState::Abandoned, None) => tally.not_applied += 1,
        (state, fresh) => panic!("{what}: the ledger says {state}, the world {fresh:?}"),
    }
}
