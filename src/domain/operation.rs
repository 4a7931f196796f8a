//! What was done, by whom, to what, with which outcome: the rows of the history.

use super::ids::{CredentialId, HolderId, IntentId};
use super::journal::Act;
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
    /// The same of a ledger row, for what depends on it.
    #[serde(skip)]
    pub act: Option<Act>,
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

/// With which words the row of a gap begins.
const NOT_OBSERVED: &str = "not observed";

impl Operation {
    /// A row that says that nobody looked from one moment to another (UTC): what a vendor keeps only for a while, and
    /// was not read in time, is unknown and not nothing (decision 27).
    pub fn not_observed(holder: HolderId, from: Timestamp, to: Timestamp) -> Self {
        let day = |t: Timestamp| t.strftime("%Y-%m-%d").to_string();
        Self {
            at: to,
            source: Source::Vendor,
            act: None,
            action: SafeText::of(&format!("{NOT_OBSERVED} {}..{}", day(from), day(to))),
            result: SafeText::default(),
            holder,
            credential: None,
            operator: SafeText::default(),
            ticket: SafeText::default(),
            note: SafeText::default(),
            intent: None,
            seq: None,
        }
    }

    /// True for a row that says that nobody looked.
    pub fn is_gap(&self) -> bool {
        self.source == Source::Vendor && self.action.as_str().starts_with(NOT_OBSERVED)
    }
}
