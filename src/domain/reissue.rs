//! A reissue as data: what is asked, what exactly would happen, and how it ended. The wizard holds the plan
//! that it confirms; what was shown is what runs.

use super::cardholder::Cardholder;
use super::change::CredentialChange;
use super::credential::{CardStatus, Credential, System};
use super::ids::{CredentialId, HolderId, IntentId, Link, SagaId};
use super::lifecycle::Verb;
use super::ownership::Ownership;
use super::policy::{ConfirmLevel, ReissueMode, Why};
use super::problem::Problem;
use super::text::SafeText;
use jiff::Timestamp;
use std::time::Duration;

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct ReissueRequest {
    /// The person.
    pub holder: HolderId,
    /// Where the vendor serves her.
    pub holder_link: Link,
    /// The credential to replace.
    pub credential: CredentialId,
    /// Reason; `None` takes the one that the card's state suggests.
    pub why: Option<Why>,
    /// Ticket, or empty.
    pub ticket: String,
    /// Note, or empty.
    pub note: String,
    /// Replace a credential that still works in one call, instead of waiting for the new one.
    pub at_once: bool,
    /// The fingerprint that the operator saw, if it was on a screen: a difference refuses (invariant I12).
    pub seen: Option<String>,
}

/// When a plan was read, by what no wall clock can move: a plan dies of old age, and of anything that the journal
/// recorded since, whatever the time of day is set to (invariant I25).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadMark {
    /// When the read was asked for, on the clock of this process that never jumps.
    pub elapsed: Duration,
    /// The last event that the journal had about this person, by its sequence number; 0 if there was none.
    pub seq: u64,
}

/// Exactly what would happen, computed from a live read. Void after [`ReissuePlan::LIFE_SECONDS`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReissuePlan {
    /// What was asked.
    pub request: ReissueRequest,
    /// The reason in force; `None`: the operator must choose one before `y`.
    pub why: Option<Why>,
    /// The person as just read.
    pub holder: Cardholder,
    /// The old credential as just read.
    pub old: Credential,
    /// Whose it is, from evidence read just now.
    pub ownership: Ownership,
    /// Order of the work.
    pub mode: ReissueMode,
    /// How grave the confirm is.
    pub level: ConfirmLevel,
    /// The first call, in our words.
    pub change: CredentialChange,
    /// The call that stops the old credential before anything is issued (REVOKE_FIRST); `None` where it is stopped.
    pub stop: Option<Box<CredentialChange>>,
    /// All credentials of the person as just read: what is not among them is new.
    pub before: Vec<CredentialId>,
    /// True: the old credential stays where it is, because it is not ours at a sufficient grade.
    pub leaves_old: bool,
    /// `Sends` line: the calls and their effect.
    pub sends: String,
    /// `Then` line: what is awaited and watched.
    pub then: String,
    /// `Order` line: which comes first.
    pub order: String,
    /// `Undo` line: what can be taken back.
    pub undo: String,
    /// When the target was read (UTC), for showing.
    pub read_at: Timestamp,
    /// The same, for deciding.
    pub mark: ReadMark,
}

impl ReissuePlan {
    /// `y` needs a read of the target that is at most this old (rule R3).
    pub const FRESH_SECONDS: i64 = 10;
    /// A plan is void after this time.
    pub const LIFE_SECONDS: i64 = 15 * 60;
}

/// Where a running reissue is; shown as it happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ReissueStep {
    /// The target is read again and the gate computed.
    Checking,
    /// SENDING is durable, the request is on its way.
    Sending(IntentId),
    /// The answer is in; the person is read back.
    ReadingBack(IntentId),
}

/// How a reissue (or one attempt to finish it) ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ReissueEnd {
    /// The new credential is bound by evidence, the old one gone (SWAP), or the work finished.
    Done {
        /// The intent.
        intent: IntentId,
        /// The new credential as read back, if the act made one.
        new: Option<Box<Credential>>,
        /// Whose it is, and why.
        ownership: Option<Ownership>,
    },
    /// AFTER_ACCEPT: the new credential is bound; the old one works until the new one is accepted.
    Waiting {
        /// The saga whose second half waits.
        saga: SagaId,
        /// The new credential as read back.
        new: Box<Credential>,
        /// Whose it is, and why.
        ownership: Ownership,
    },
    /// Nothing is sent: the holder makes the new credential with her own device. It is watched with
    /// `workflow::reissue::new_card_of_holder`; once it works, the old one can be ended.
    Watching(Box<ReissuePlan>),
    /// A sequence of calls stopped after one that counts (its intent); the problem names the one step that finishes it.
    HalfDone(IntentId, Problem),
    /// Nothing was sent: gate, lease, plan or ledger refused.
    NotSent(Problem),
    /// The vendor refused; nothing changed.
    Rejected(IntentId, Problem),
    /// Sent, and the effect is not known; it is being checked by reading.
    Unknown(IntentId, Problem),
    /// Applied, but several objects could be ours: nothing is touched until a person decides.
    Ambiguous(IntentId, Problem),
    /// Applied, but the answer could not be recorded; the ids stand in the problem (invariant I9).
    NotRecorded(IntentId, Problem),
}

/// What is done to a credential that somebody else may have, before anything is issued (decision 19): the reversible
/// stop, but for a stolen wallet pass, whose holder could lift that. `None`: nothing is left to stop.
pub fn stop_first(card: &Credential, why: Why) -> Option<Verb> {
    if !(card.usable() && why.is_loss()) {
        return None;
    }
    match (card.class.system(), card.status) {
        (System::AccessGrid, CardStatus::Invited) => Some(Verb::End),
        (System::AccessGrid, _) if why == Why::Stolen => Some(Verb::Unlink),
        (System::ThalesD1, _) | (_, CardStatus::Inactive) => None,
        _ => Some(Verb::Suspend),
    }
}

/// How an old credential ends once its successor works: removed (no word), or turned by a verb to a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retirement {
    /// It is removed.
    Removed,
    /// It gets this state.
    Turned(Verb, &'static str),
}

/// How this credential is retired, or why there is nothing to retire (accessgrid.md section 9, cardexchange.md section
/// 7).
///
/// # Errors
/// A clause for people.
pub fn retirement(card: &Credential) -> Result<Retirement, &'static str> {
    match (card.class.system(), card.status_word.raw()) {
        (System::Gallagher, _) => Ok(Retirement::Removed),
        (System::AccessGrid, "deleted") => Err("it is deleted already"),
        (System::AccessGrid, _) => Ok(Retirement::Turned(Verb::End, "deleted")),
        (System::ThalesD1, _) => Err("it is ended by a command of its own"),
        (System::CardExchange, "activated") => Ok(Retirement::Turned(Verb::Suspend, "blocked")),
        (System::CardExchange, "initialized" | "in_production" | "personalized" | "issued") => {
            Ok(Retirement::Turned(Verb::End, "withdrawn"))
        }
        (System::CardExchange, "blocked" | "bulk_blocked") => Err("it is blocked and stays so"),
        (System::CardExchange, _) => Err("it is out of use and stays as it is"),
    }
}

/// What reading told about one unfinished intent, at start or later.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The intent.
    pub intent: IntentId,
    /// The person.
    pub holder: HolderId,
    /// Where it stands now.
    pub state: super::journal::IntentState,
    /// One plain sentence.
    pub words: String,
}

/// People by id, for lists that would otherwise show ids alone.
pub type Names = std::collections::HashMap<HolderId, SafeText>;
