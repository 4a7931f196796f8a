//! The only door through which a mutation can leave the process.
//!
//! A [`Permit`] exists only after its SENDING event is durable: [`Permit::after_sending`] is its one
//! constructor, and it appends that event itself. [`Provider::send`](super::provider::Provider::send) takes the permit by value, and a
//! permit can be neither cloned nor built by hand (invariants I1, I2):
//!
//! ```compile_fail
//! let forged = passdesk::ports::permit::Permit { intent: todo!(), attempt: 1, request: String::new() };
//! ```

use super::ledger::{Ledger, LedgerError};
use crate::domain::change::PreparedChange;
use crate::domain::ids::IntentId;
use crate::domain::journal::{EventDraft, IntentState, Payload, Remark};
use jiff::Timestamp;

/// Leave to send exactly one request, once.
#[derive(Debug)]
pub struct Permit {
    intent: IntentId,
    attempt: u16,
    request: String,
}

impl Permit {
    /// Records SENDING for `intent` and, once that is durable, gives leave to send exactly `change`.
    ///
    /// # Errors
    /// Whatever the ledger says; then nothing may be sent.
    pub async fn after_sending(
        ledger: &dyn Ledger,
        intent: IntentId,
        attempt: u16,
        change: &PreparedChange,
        operator: &str,
        wall: Timestamp,
    ) -> Result<Self, LedgerError> {
        let request = change.digest();
        ledger
            .append(EventDraft {
                intent,
                state: IntentState::Sending,
                attempt,
                payload: Payload::Remark(Remark {
                    text: format!("request {request}"),
                    status: None,
                    candidates: Vec::new(),
                }),
                operator: operator.to_owned(),
                wall,
                server_date: None,
            })
            .await?;
        Ok(Self { intent, attempt, request })
    }

    /// The intent it was given for.
    pub fn intent(&self) -> IntentId {
        self.intent
    }

    /// The attempt it was given for.
    pub fn attempt(&self) -> u16 {
        self.attempt
    }

    /// True if this is leave to send exactly that request.
    pub fn covers(&self, change: &PreparedChange) -> bool {
        self.request == change.digest()
    }
}
