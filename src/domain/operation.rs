//! What was done, by whom, to what, with which outcome: the rows of the history.

use super::ids::{CredentialId, HolderId, IntentId};
use super::text::SafeText;
use jiff::Timestamp;
use serde::Serialize;

/// Where a row comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, strum::Display)]
pub enum Source {
    /// This console's ledger.
    #[strum(serialize = "L")]
    Ledger,
    /// The vendor's own events.
    #[strum(serialize = "V")]
    Vendor,
}

/// One row of the history. Everything in it is safe to show.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operation {
    /// When it happened (UTC).
    pub at: Timestamp,
    /// Ledger or vendor.
    pub source: Source,
    /// What was done: `reissue`, `retire`, or the vendor's event name.
    pub action: SafeText,
    /// `ok`, `refused`, `unknown`, ... or empty for vendor rows.
    pub result: SafeText,
    /// The person concerned.
    pub holder: HolderId,
    /// The credential concerned, if one is known.
    pub credential: Option<CredentialId>,
    /// Who did it.
    pub operator: SafeText,
    /// Ticket, or empty.
    pub ticket: SafeText,
    /// Reason or the vendor's message, or empty.
    pub note: SafeText,
    /// The intent behind a ledger row.
    pub intent: Option<IntentId>,
    /// Ledger sequence number of the last event of the row, if it is a ledger row.
    pub seq: Option<u64>,
}
