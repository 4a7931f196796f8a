//! A disk that takes no more than so much, at a hundred sizes: a limit on the size of files, of which the kernel would
//! tell by a signal that ends a program.

use super::trial::{Tally, run, suspends};
use crate::branch::Branch;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const WORKERS: usize = 4;
const SIZES: u64 = 100;
/// Bytes between two sizes; the last one is more than an act writes to any file.
const APART: u64 = 2_560;

/// The command under a limit on the size of the files that it writes (`ulimit` counts in 512 bytes).
fn limited(command: &Command, bytes: u64) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f \"$0\" && exec \"$@\"", &(bytes / 512).to_string()]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(std::process::Stdio::null());
    shell
}

#[test]
fn i1_i8_a_disk_full_at_a_hundred_sizes_sends_nothing_unrecorded() {
    let branch = Branch::open(10, 600);
    let (work, tally, next) = (suspends(&branch), Mutex::new(Tally::default()), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (work, tally, next) = (&work, &tally, &next);
            scope.spawn(move || {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= SIZES {
                        return;
                    }
                    let what = format!("files of at most {} bytes", n * APART);
                    let trouble = |command: Command, _: &crate::branch::Data| limited(&command, n * APART);
                    run(work, work.whose(worker, n), &what, tally, trouble, |_| String::new());
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!("{} sizes, {} requests, exit codes {:?}", tally.runs, tally.sent, tally.codes);
    assert_eq!(tally.runs, SIZES);
    assert!(tally.sent > 0 && tally.codes.len() > 1, "{tally:?}: the limit was never met, or always");
}
