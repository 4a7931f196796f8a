//! passdesk: a terminal console with which a helpdesk runs access passes.
//!
//! Who may use whom is written in `ARCHITECTURE.md` and tested by `tests/house`: `domain` uses nothing, `ports`
//! uses `domain`; `workflow`, `backends` and `store` use those two; `console` and `panes` use them and `widgets`;
//! `simulator` uses `domain` alone; `runtime`, `desk` and `cli` tie everything together.

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
