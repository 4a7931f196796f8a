//! Acting on credentials: journalled, gated, recovered.
//!
//! The journal gets each step before it is taken (`attempt`), the `gate` is computed from a live read,
//! `reissue` and `retire` say what is sent and in which order, `binding` finds out which object a call made,
//! `conclude` records how it ended, and `recovery` settles by reading what was left open.

mod attempt;
pub mod binding;
mod conclude;
pub mod decide;
pub mod gate;
pub mod late;
mod preview;
pub mod recovery;
pub mod reissue;
mod retire;
pub mod turn;
mod whose;

pub use whose::{Whose, whose};

use crate::domain::journal::ProcessMark;
use crate::ports::clock::{Clock, Ids};
use crate::ports::ledger::Ledger;
use crate::ports::provider::Provider;
use std::sync::Arc;

/// Everything that acting on one tenant needs.
#[derive(Clone)]
pub struct Means {
    /// The system.
    pub provider: Arc<dyn Provider>,
    /// The journal.
    pub ledger: Arc<dyn Ledger>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers and markers.
    pub ids: Arc<dyn Ids>,
    /// OS account of the operator.
    pub operator: String,
    /// This process.
    pub owner: ProcessMark,
}
