//! The ledger: the append-only journal of what this console intended, sent and learnt. It speaks no SQL, so
//! that a team ledger can stand behind it later (decision 8).

use crate::domain::ids::{HolderId, IntentId, TenantName};
use crate::domain::journal::{Event, EventDraft, IntentRecord, Marker, ProcessMark};
use crate::domain::operation::Operation;
use crate::domain::ownership::Imported;
use async_trait::async_trait;
use jiff::Timestamp;

/// Why the ledger did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The state table of the journal does not allow it: a defect of ours, refused with an alarm.
    #[error("the journal does not allow {0}")]
    Transition(String),
    /// Another intent for this person and type is open (invariant I6).
    #[error("another change for this person is not settled yet (intent {0})")]
    Busy(IntentId),
    /// Chain, MAC, schema, anchor or storage failed: mutations are off, browsing goes on (invariant I8).
    #[error("the ledger cannot be trusted or written: {0}")]
    Unsafe(String),
}

/// What the journal says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerHealth {
    /// Chain, MACs and anchor are still being verified; mutations wait (decision 23).
    Verifying,
    /// Everything agrees.
    Verified {
        /// Events in the chain.
        events: u64,
    },
    /// Everything agrees, so what it says is proved; but nothing can be added, for this reason, so mutations are off.
    ReadOnly(String),
    /// Mutations are off, with the place and the reason.
    Broken(String),
}

/// Which rows of the history are wanted, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Only this person.
    pub holder: Option<HolderId>,
    /// At most so many rows.
    pub limit: usize,
}

/// Changes whose outcome was unknown, and that were held to have had no effect (safety.md section 2.1, last row).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LateWatch {
    /// Those that made a credential, if they had an effect after all. Oldest first.
    pub watched: Vec<IntentRecord>,
    /// The alarms: `Arrival` intents whose credential was neither ended or stopped since, nor kept by a person. Oldest
    /// first.
    pub arrived: Vec<IntentRecord>,
}

/// The journal and what is derived from it. Every method that writes is durable when it returns.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Appends one event: checks the transition and, for INTENT, that no other intent of the same
    /// (tenant, person, type) blocks; computes hash and MAC; commits with full sync; moves the anchor
    /// after SENDING and after every terminal event.
    async fn append(&self, draft: EventDraft) -> Result<Event, LedgerError>;

    /// Appends many events in one transaction, for imports and generated worlds. Same checks.
    async fn append_all(&self, drafts: Vec<EventDraft>) -> Result<u64, LedgerError>;

    /// All intents ever recorded for a person, oldest first: what ownership is computed from.
    async fn intents_of(&self, holder: &HolderId) -> Result<Vec<IntentRecord>, LedgerError>;

    /// What the imported ledgers of other consoles say about a person, and about these markers on whomever. A ledger
    /// that takes in no others knows nothing.
    async fn imported(&self, holder: &HolderId, markers: &[Marker]) -> Result<Vec<Imported>, LedgerError> {
        let _ = (holder, markers);
        Ok(Vec::new())
    }

    /// One intent.
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, LedgerError>;

    /// All intents that are not terminal, oldest first.
    async fn unfinished(&self) -> Result<Vec<IntentRecord>, LedgerError>;

    /// AFTER_ACCEPT work whose new credential is bound and whose old one still waits to be retired: the `Issue`
    /// intents that are DONE, name an old credential, have no finished or open `Retire` intent in their saga, and
    /// were not superseded by a newer reissue for the same person and type (decision 19). Oldest first.
    async fn waiting_retirements(&self) -> Result<Vec<IntentRecord>, LedgerError>;

    /// Work that is HALF DONE, oldest first: REVOKE_FIRST stops that are DONE and after which nothing was issued for
    /// the same person and type (a newer reissue finishes it), and cards to be printed that were made and not sent to
    /// their printer (what the vendor shows of them decides whether that is still so).
    async fn half_done(&self) -> Result<Vec<IntentRecord>, LedgerError>;

    /// What changes that were held to have had no effect may still do, and what they did: those that ended later than
    /// `since`, and all alarms that nobody dealt with.
    async fn late_watch(&self, since: Timestamp) -> Result<LateWatch, LedgerError>;

    /// History rows, newest first: one row an intent, as it stands.
    async fn operations(&self, query: &HistoryQuery) -> Result<Vec<Operation>, LedgerError>;

    /// Takes the lease on one person of one tenant (invariant I6, decision 22). `Ok(false)`: a live process holds it.
    async fn claim(&self, holder: &HolderId, owner: &ProcessMark) -> Result<bool, LedgerError>;

    /// Gives the lease back.
    async fn release(&self, holder: &HolderId, owner: &ProcessMark) -> Result<(), LedgerError>;

    /// Verifies chain, MACs and anchor from the first event on, and remembers the result.
    async fn verify(&self) -> LedgerHealth;

    /// The result of the last verification.
    fn health(&self) -> LedgerHealth;

    /// Name of this console, minted with its ledger.
    fn console_id(&self) -> &str;

    /// Tenants that have at least one unfinished intent (for the start-up banner).
    async fn unsettled_tenants(&self) -> Result<Vec<TenantName>, LedgerError>;
}
