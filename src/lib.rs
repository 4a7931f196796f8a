//! passdesk: a terminal console with which a helpdesk runs access passes.
//!
//! Who may use whom (tested by `tests/architecture.rs`):
//! `domain` uses nothing. `ports` uses `domain`. `workflow` uses `domain`, `ports`. `backends` and `store` use
//! `domain`, `ports`. `widgets` uses `domain`. `console` and `panes` (one unit) use `domain`, `ports` (data only), `widgets`.
//! `simulator` uses `domain`. `runtime`, `desk`, `cli` tie everything together.

pub mod backends;
pub mod cli;
pub mod config;
pub mod console;
pub mod desk;
pub mod domain;
pub mod logging;
pub mod panes;
pub mod ports;
pub mod runtime;
pub mod simulator;
pub mod store;
pub mod widgets;
pub mod workflow;
