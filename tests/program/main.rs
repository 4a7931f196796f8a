//! The built program: terminal, plain commands, kill and restart.
// What is waited for here happens in other processes, in real time.
#![allow(clippy::disallowed_methods)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod branch;
mod commands;
mod console_in_a_terminal;
mod doctor;
mod doubted_ledger;
mod filters;
mod hostile_corpus;
mod hostile_names;
mod interposer;
mod kill_and_restart;
mod kills;
mod mutual_tls;
mod other_desk;
mod refusals;
mod screen;
mod second_terminal;
mod site;
mod storage;
mod stream;
mod trouble;
