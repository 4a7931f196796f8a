//! The parts together, in process: workflow, ledger, backends and simulator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod bench;
mod binding;
mod clocks;
mod crash;
mod decisions;
mod drawing;
mod elsewhere;
mod indoors;
mod late_arrival;
mod late_feed;
mod matrix;
mod model;
mod one_request;
mod orders;
mod ownership;
mod pictures;
mod reissue;
mod site;
mod stage;
mod stopping;
mod stories;
mod town;
mod trouble;
mod turn;
mod turn_crash;
mod wallet;
mod wire;
mod wire_crash;
