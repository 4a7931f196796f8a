//! The fault matrix of decision 29: 12 crash points x 14 answer faults x 4 vendors x 3 orders of work = 2,016 cells,
//! each played in a world of its own and compared with an end that is written down by rule.
//!
//! `cargo test --locked --test desk matrix -- --nocapture` prints the table; `PASSDESK_CELL` plays the cells whose name
//! begins so, such as `gallagher/swap/after-sending/none`.

mod cells;
mod line;
mod place;
mod play;
mod rule;
mod table;
mod under_way;

use cells::{Cell, Leg};
use play::play;
use rule::expected;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a cell went.
struct Outcome {
    cell: Cell,
    /// The ends of its plays.
    ends: Vec<rule::End>,
    /// What did not go by the rule.
    faults: Vec<String>,
}

/// Plays a leg; what is wrong with it, if anything.
fn judge(leg: Leg) -> Vec<String> {
    let alone = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let played = catch_unwind(AssertUnwindSafe(|| alone.block_on(play(leg))));
    let Ok(found) = played else { return vec![format!("{leg}: it could not be played; the reason stands above")] };
    let mut wrong: Vec<String> = found.broken.into_iter().map(|what| format!("{leg}: {what}")).collect();
    let (mut end, rule) = (found.end, expected(&leg));
    // The rule names the part of the sentence that matters.
    let says_it = |part: &String| end.shown.words.as_ref().is_some_and(|said| said.contains(part));
    if rule.shown.words.as_ref().is_some_and(says_it) {
        end.shown.words.clone_from(&rule.shown.words);
    }
    if end != rule {
        wrong.push(format!("{leg}:\n    the rule says {rule:?}\n    it ended in   {end:?}"));
    }
    wrong
}

fn run(cells: &[Cell]) -> Vec<Outcome> {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let legs = cell.legs();
                    let faults = legs.iter().flat_map(|leg| judge(*leg)).collect();
                    let ends = legs.iter().map(expected).collect();
                    outcomes.lock().unwrap().push(Outcome { cell: *cell, ends, faults });
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by_key(|outcome| outcome.cell.number);
    outcomes
}

#[test]
fn i5_every_cell_ends_as_the_rule_says() {
    let mut cells = cells::all();
    let wanted = std::env::var("PASSDESK_CELL").unwrap_or_default();
    cells.retain(|cell| cell.to_string().starts_with(&wanted));
    assert!(!cells.is_empty(), "no cell is called {wanted}");
    let outcomes = run(&cells);
    println!("{}", table::of(&outcomes));
    let faults: Vec<&String> = outcomes.iter().flat_map(|outcome| &outcome.faults).collect();
    for fault in &faults {
        println!("{fault}");
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.faults.is_empty());
    let names: Vec<String> = failed.map(|outcome| outcome.cell.to_string()).collect();
    assert!(
        names.is_empty(),
        "{} cells did not end as the rule says:\n{}\none alone: PASSDESK_CELL={}",
        names.len(),
        names.join("\n"),
        names[0]
    );
}
