//! A deterministic model of everything at once: seeded operators, holders, foreign issuers, faults and kills against the
//! true world of the simulator, checked after every step (safety.md section 7). Same seed, same run.
//!
//! `PASSDESK_MODEL=N` plays N seeds, `PASSDESK_MODEL_SEED=S` one of them with its trace.

mod book;
mod checks;
mod faults;
mod life;
mod operators;
mod readings;
mod rivals;
mod run;
mod tally;
mod truth;
mod unseen;
mod wires;

use run::{Came, play};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tally::Tally;

/// Seeds that are played when nobody says how many.
const SEEDS: u64 = 20_000;
/// Lines of a failing run that are printed.
const SHOWN: usize = 60;

fn one(seed: u64, traced: bool) -> Came {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(play(seed, traced))
}

/// What the processor spent on this thread so far: beside other work, only this says how fast the model is.
fn work_of_this_thread() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(spent.tv_sec).unwrap_or_default(), u32::try_from(spent.tv_nsec).unwrap_or_default())
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text}")))
}

fn command(seed: u64) -> String {
    format!("PASSDESK_MODEL_SEED={seed} cargo test --locked --test desk model -- --nocapture")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how fast it was is told at the end, and nothing depends on it")]
fn model_of_everything_at_once() {
    if let Some(seed) = asked("PASSDESK_MODEL_SEED") {
        let came = one(seed, true);
        println!("{}", came.trace.join("\n"));
        println!("{}", came.tally);
        assert!(came.wrongs.is_empty(), "seed {seed}:\n{}", came.wrongs.join("\n"));
        return;
    }
    let seeds = asked("PASSDESK_MODEL").unwrap_or(SEEDS);
    let from = asked("PASSDESK_MODEL_FROM").unwrap_or(0);
    let next = AtomicU64::new(from);
    let failed: Mutex<Vec<(u64, String)>> = Mutex::default();
    let total: Mutex<Tally> = Mutex::default();
    let worked: Mutex<Duration> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Tally::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= from + seeds || failed.lock().unwrap().len() >= 5 {
                        break;
                    }
                    match catch_unwind(AssertUnwindSafe(|| one(seed, false))) {
                        Ok(came) => {
                            mine.add(&came.tally);
                            if !came.wrongs.is_empty() {
                                // The same again, with its trace.
                                let came = one(seed, true);
                                let tail = came.trace.len().saturating_sub(SHOWN);
                                let trace = came.trace[tail..].join("\n");
                                let words = format!("{}\n...\n{trace}", came.wrongs.join("\n"));
                                failed.lock().unwrap().push((seed, words));
                            }
                        }
                        Err(_) => failed.lock().unwrap().push((seed, "it panicked".to_owned())),
                    }
                }
                total.lock().unwrap().add(&mine);
                *worked.lock().unwrap() += work_of_this_thread();
            });
        }
    });
    let (total, seconds) = (total.into_inner().unwrap(), began.elapsed().as_secs_f64());
    println!("{total}");
    println!(
        "seeds {from} to {}; {:.0} runs a second on {threads} threads, {seconds:.1} s; {:.0} runs a second of a core's time",
        from + seeds - 1,
        total.runs as f64 / seconds,
        total.runs as f64 / worked.into_inner().unwrap().as_secs_f64()
    );
    let failed = failed.into_inner().unwrap();
    for (seed, words) in &failed {
        println!("\nseed {seed} broke a rule: {words}\n{}", command(*seed));
    }
    assert!(failed.is_empty(), "{} seeds broke a rule, the first: {}", failed.len(), command(failed[0].0));
}

/// A seed is worth printing only if it does the same thing again.
#[test]
fn the_same_seed_does_the_same_thing() {
    for seed in 0..25 {
        let (first, again) = (one(seed, true), one(seed, true));
        let differs = first.trace.iter().zip(&again.trace).position(|(a, b)| a != b);
        assert!(
            differs.is_none() && first.trace.len() == again.trace.len(),
            "seed {seed} at line {differs:?}:\n{:?}\n{:?}",
            differs.map(|at| &first.trace[at]),
            differs.map(|at| &again.trace[at])
        );
    }
}
