//! Acting on credentials: journalled, gated, recovered.

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
