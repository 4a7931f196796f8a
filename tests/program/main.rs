//! The built program: terminal, plain commands, kill and restart.
// What is waited for here happens in other processes, in real time.
#![allow(clippy::disallowed_methods)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod commands;
mod console_in_a_terminal;
mod hostile_corpus;
mod hostile_names;
mod kill_and_restart;
mod mutual_tls;
mod other_desk;
mod refusals;
mod screen;
mod site;
mod soak;
mod stream;
mod trouble;
