//! What the ledger of another console says, once its export was verified and imported here (decision 10).

use crate::domain::journal::{IntentRecord, IntentState, Proof};
use crate::domain::operator::ConsoleId;
use crate::domain::text::SafeText;
use jiff::Timestamp;
use serde::Serialize;

/// Another console of the site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Desk {
    /// Minted with its ledger.
    pub console: ConsoleId,
    /// What people call it: the operator's name in the site file, else the console's own.
    pub name: SafeText,
    /// When its ledger was last imported (UTC).
    pub imported: Timestamp,
}

/// An intent as another console recorded it.
#[derive(Clone, PartialEq, Debug)]
pub struct Imported {
    /// Whose ledger says so.
    pub desk: Desk,
    /// What it says.
    pub record: IntentRecord,
}

impl Imported {
    /// True if that console itself would call the credential its own: made by it, bound, and not merely inferred.
    pub fn is_settled(&self) -> bool {
        let record = &self.record;
        record.purpose.act.makes()
            && matches!(record.state, IntentState::Bound | IntentState::Done)
            && record.binding.as_ref().is_some_and(|bound| {
                bound.object.is_some()
                    && bound.proofs.iter().any(|p| matches!(p, Proof::Answer | Proof::Marker | Proof::Feed))
            })
    }
}
