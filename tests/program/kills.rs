//! The real process is killed in the middle of every act of every system, and started again: what became of each change
//! is found out by reading or is honestly unknown; nothing is lost, done twice, or touched that is not ours.
//!
//! `PASSDESK_KILLS=1000 cargo test --locked --test program kill_in_mid_act -- --nocapture`
//!
//! `PASSDESK_SEED` repeats a run, `PASSDESK_WORKERS` says how many go on at one time.

mod judge;
mod moments;
mod plays;

use crate::branch::{Branch, Data, SYSTEMS, tenant};
use crate::interposer;
use crate::screen::Screen;
use crate::site::wait;
use judge::{Tally, Verdict};
use moments::{Moment, place_of};
use passdesk::domain::credential::System;
use passdesk::domain::journal::{IntentRecord, IntentState};
use passdesk::ports::ledger::{Ledger, LedgerHealth};
use passdesk::simulator::request_log::Ending;
use plays::{PLAYS, Play, Pool, Turn};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longer than any act, and than anything that a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Every so many runs go through the console.
const CONSOLE_EVERY: u64 = 5;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn kill_in_mid_act() {
    let (kills, seed) = (number("PASSDESK_KILLS", 30), number("PASSDESK_SEED", 20_260_611));
    let workers = number("PASSDESK_WORKERS", 2);
    let steps = interposer::available("kills at a chosen call (the kills at other moments run)");
    println!("{kills} kills, seed {seed}, {workers} workers");
    let (tally, next) = (Mutex::new(Tally::default()), AtomicU64::new(0));
    let people = if kills <= 100 { 1_500 } else { 5_000 };
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (tally, next) = (&tally, &next);
            scope.spawn(move || {
                let mut world = seed.wrapping_add(worker * 1_000);
                let mut branch = Branch::open(world, people);
                let mut pool = Pool::of(&branch);
                loop {
                    let run = next.fetch_add(1, Ordering::SeqCst);
                    if run >= kills {
                        return;
                    }
                    let mut attempt = 0;
                    loop {
                        // One number makes the whole run: which act, when, and how long after.
                        let dice = SmallRng::seed_from_u64(seed ^ (run << 20) ^ (attempt << 8));
                        let begun = Instant::now();
                        let went = Kill { branch: &branch, run, steps, dice }.go(&mut pool, tally);
                        if std::env::var_os("PASSDESK_LOOK").is_some() {
                            println!("run {run}.{attempt}: {went:?} in {:?}", begun.elapsed());
                        }
                        match went {
                            Went::Killed => break,
                            Went::Missed => attempt += 1,
                            Went::NobodyLeft => {
                                world += workers * 1_000;
                                branch = Branch::open(world, people);
                                pool = Pool::of(&branch);
                            }
                        }
                        assert!(attempt < 40, "run {run}, seed {seed}: 40 attempts, and no kill hit");
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!("{tally}");
    assert_eq!(tally.kills(), kills, "seed {seed}");
    assert_eq!(tally.harm(), (0, 0, 0), "seed {seed}: lost, doubled, foreign touched\n{}", tally.findings());
    if kills >= 300 {
        for play in PLAYS {
            assert!(tally.played(play.name) > 0, "{} was never killed", play.name);
        }
    }
}

/// How one attempt at a kill ended.
#[derive(Debug)]
enum Went {
    Killed,
    /// The program was done before the moment came.
    Missed,
    /// This branch has nobody left for this act.
    NobodyLeft,
}

struct Kill<'a> {
    branch: &'a Branch,
    run: u64,
    steps: bool,
    dice: SmallRng,
}

impl Kill<'_> {
    fn go(mut self, pool: &mut Pool, tally: &Mutex<Tally>) -> Went {
        // Systems in turn, so that each gets its share; of its acts, one at random.
        let system = SYSTEMS[usize::try_from(self.run % 4).unwrap()];
        let plays: Vec<&Play> = PLAYS.iter().filter(|play| play.system == system).collect();
        let by_console = self.run % CONSOLE_EVERY == CONSOLE_EVERY - 1;
        let play = plays[self.dice.random_range(0..plays.len())];
        if by_console && play.keys.is_empty() {
            return Went::Missed;
        }
        let moment = Moment::draw(&mut self.dice, play, self.steps && !by_console);
        let data = self.branch.fresh(system);
        let Some(turn) = pool.turn(self.branch, play, &data) else { return Went::NobodyLeft };
        let before = self.branch.truth(system, &turn.whose.holder);
        let since = self.branch.logged(system);
        let known: Vec<_> = data.begun(&turn.whose.holder).iter().map(|r| r.intent).collect();
        moment.arm(self.branch, system);
        if std::env::var_os("PASSDESK_LOOK").is_some() {
            println!("run {} {} {moment:?}{}", self.run, play.name, if by_console { " by console" } else { "" });
        }
        let hit = if by_console {
            self.kill_console(play, &turn, &data, moment, since)
        } else {
            self.kill_command(&turn, &data, moment, since)
        };
        self.branch.front(system).faults.clear();
        let what = format!(
            "run {} {} {moment:?}{} {}",
            self.run,
            play.name,
            if by_console { " by console" } else { "" },
            turn.whose.id
        );
        let fresh = |data: &Data| -> Vec<IntentRecord> {
            data.begun(&turn.whose.holder).into_iter().filter(|r| !known.contains(&r.intent)).collect()
        };
        if !hit {
            self.settle(system, moment);
            return Went::Missed;
        }
        let place = place_of(&data, &fresh(&data), &self.branch.mutations(system, since));
        if matches!(moment, Moment::Late { .. }) {
            // Nothing is proved while the request may still arrive.
            self.recover(play, &data, &turn, false);
            for record in fresh(&data) {
                let open =
                    !matches!(record.state, IntentState::Abandoned | IntentState::NotApplied) || record.sent.is_none();
                assert!(open, "{what}: {} while its request is on its way", record.state);
            }
        }
        self.settle(system, moment);
        let sent = self.branch.mutations(system, since).len();
        self.recover(play, &data, &turn, by_console);
        assert_eq!(self.branch.mutations(system, since).len(), sent, "{what}: recovery sends (i5)");
        let verdict = Verdict {
            what: &what,
            before: &before,
            after: &self.branch.truth(system, &turn.whose.holder),
            records: &fresh(&data),
            sent,
        };
        let health = wait(data.ledger().verify());
        assert!(matches!(health, LedgerHealth::Verified { .. }), "{what}: {health:?}");
        verdict.enter(&mut tally.lock().unwrap(), play, place, by_console);
        pool.give_back(self.branch, &turn);
        Went::Killed
    }

    /// Runs the command and kills it at the moment. False: it was over before.
    fn kill_command(&mut self, turn: &Turn, data: &Data, moment: Moment, since: u64) -> bool {
        let system = turn.whose.system;
        let args: Vec<&str> = turn.args.iter().map(String::as_str).collect();
        let mut command = self.branch.command(system, data, &args);
        if let Some((deed, at)) = moment.deed() {
            interposer::steer(&mut command, &data.root, &data.beside("report"), deed, at, true);
        }
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        let (begun, until) = (Instant::now(), Instant::now() + PATIENCE);
        while child.try_wait().unwrap().is_none() && !moment.has_come(self.branch, system, since, begun) {
            assert!(Instant::now() < until, "{moment:?} never came");
            std::thread::sleep(Duration::from_micros(200));
        }
        // The moment of the kill is what is random here; nothing is waited for.
        std::thread::sleep(moment.pause());
        let _ = child.kill();
        child.wait().unwrap().code().is_none()
    }

    /// The same in the console, by keys. False: the act was not possible, or over before.
    fn kill_console(&mut self, play: &Play, turn: &Turn, data: &Data, moment: Moment, since: u64) -> bool {
        let system = turn.whose.system;
        let screen = self.console(system, data);
        screen.wait_for("RW");
        // By id, so that namesakes do not come in between.
        for scope in ["number ^S", "contact ^S", " id ^S"] {
            screen.press("\x13").wait_for(scope);
        }
        screen.press(turn.whose.holder.key.as_str()).press(crate::screen::ENTER).wait_for("s ago");
        for keys in play.keys {
            // A reason is chosen once there is a preview to choose it in.
            if keys.starts_with(|c: char| c.is_ascii_digit()) && screen.sees("Sends", Duration::from_secs(5)) {
                // What was drawn just now drops what comes too early.
                let chosen = format!("chosen: {keys}");
                let _ = (0..20).any(|_| screen.press(keys).sees(&chosen, Duration::from_millis(150)));
            } else {
                screen.press(keys);
            }
        }
        if !screen.sees("y send", Duration::from_secs(5)) {
            screen.look(&format!("{} was not possible", play.name));
            screen.kill9();
            return false;
        }
        let (begun, until) = (Instant::now(), Instant::now() + Duration::from_secs(10));
        let mut pressed: Option<Instant> = None;
        while !moment.has_come(self.branch, system, since, begun) {
            if Instant::now() > until {
                screen.look(&format!("{}: {moment:?} never came", play.name));
                screen.kill9();
                return false;
            }
            // A confirm that was drawn just now drops what comes too early.
            if pressed.is_none_or(|at| at.elapsed() > Duration::from_millis(150))
                && self.branch.mutations(system, since).is_empty()
            {
                screen.press("y");
                pressed = Some(Instant::now());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        std::thread::sleep(moment.pause());
        screen.kill9().signal.as_deref() == Some("Killed")
    }

    fn console(&self, system: System, data: &Data) -> Screen {
        let (file, root) = (self.branch.file_of(system), data.root.clone());
        Screen::start(120, 45, &["--config", file.to_str().unwrap(), "--data", root.to_str().unwrap()], &[])
    }

    /// Lets the server end what it still holds, and waits until it has.
    fn settle(&self, system: System, moment: Moment) {
        let front = self.branch.front(system);
        let until = Instant::now() + PATIENCE;
        loop {
            front.faults.release(moment.release());
            let open = |r: &passdesk::simulator::request_log::LoggedRequest| r.ending == Ending::Open;
            if !front.log().view().requests.iter().rev().take(50).any(open) {
                return;
            }
            assert!(Instant::now() < until, "the server never ended it");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts the program anew until everything is found out that reading can find out now.
    fn recover(&self, play: &Play, data: &Data, turn: &Turn, by_console: bool) {
        let open = || -> Vec<IntentRecord> {
            data.begun(&turn.whose.holder).into_iter().filter(|r| !r.state.is_terminal()).collect()
        };
        if open().is_empty() {
            return;
        }
        if by_console {
            let screen = self.console(play.system, data);
            screen.wait_for(&format!("{} ok", tenant(play.system))).wait_for("RW");
            let until = Instant::now() + Duration::from_secs(6);
            let unsettled = |r: &IntentRecord| r.state != IntentState::Held;
            while open().iter().any(unsettled) && Instant::now() < until {
                // Something is drawn whenever something was found out.
                screen.sees("\u{0}", Duration::from_millis(50));
                if open().iter().all(|r| r.state == IntentState::Unknown) && stays_as_it_is(&screen) {
                    break;
                }
            }
            screen.press("\x1b[21~");
            assert_eq!(screen.wait_exit().code, 0);
            return;
        }
        for record in open() {
            let id = record.intent.to_string();
            let out = self.branch.command(play.system, data, &["jobs", "resume", &id, "--yes"]).output().unwrap();
            let code = out.status.code();
            assert!(matches!(code, Some(0 | 4 | 5 | 9)), "{code:?}: {}", String::from_utf8_lossy(&out.stderr));
        }
    }
}

/// Nothing is drawn for longer than a console that has something to find looks again after (2 s).
fn stays_as_it_is(screen: &Screen) -> bool {
    !screen.sees("\u{0}", Duration::from_millis(2_500))
}
