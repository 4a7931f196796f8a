//! An act on one credential that exists, as data: suspend, resume, unlink, end, set a word. The preview holds the plan
//! that it confirms; what was shown is what runs.

use super::cardholder::Cardholder;
use super::change::CredentialChange;
use super::credential::Credential;
use super::ids::{CredentialId, HolderId, Link};
use super::lifecycle::{Target, Verb};
use super::ownership::Ownership;
use super::policy::{ConfirmLevel, Why};
use super::reissue::ReadMark;
use super::text::SafeText;
use jiff::Timestamp;

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnRequest {
    /// The person.
    pub holder: HolderId,
    /// Where the vendor serves her.
    pub holder_link: Link,
    /// The credential.
    pub credential: CredentialId,
    /// What is to be done to it.
    pub verb: Verb,
    /// The word it shall have, where there are several; `None` takes the one that the reason suggests.
    pub word: Option<String>,
    /// Reason; `None`: not chosen yet.
    pub why: Option<Why>,
    /// Ticket, or empty.
    pub ticket: String,
    /// Note, or empty.
    pub note: String,
    /// The fingerprint that the operator saw, if it was on a screen: a difference refuses (invariant I12).
    pub seen: Option<String>,
}

/// Exactly what would happen, computed from a live read. Fresh and void as a
/// [`ReissuePlan`](super::reissue::ReissuePlan) is.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnPlan {
    /// What was asked.
    pub request: TurnRequest,
    /// The person as just read.
    pub holder: Cardholder,
    /// The credential as just read.
    pub card: Credential,
    /// Whose it is, from evidence read just now.
    pub ownership: Ownership,
    /// The state that it shall have.
    pub target: Target,
    /// All words that could be chosen instead, in the vendor's or the site's spelling; empty where there is no choice.
    pub words: Vec<SafeText>,
    /// How grave the confirm is.
    pub level: ConfirmLevel,
    /// True: no `y` without a ticket (decision 14).
    pub needs_ticket: bool,
    /// The call, in our words.
    pub change: CredentialChange,
    /// `Sends` line: the call and its effect.
    pub sends: String,
    /// `Then` line: what is awaited and watched, and what lags.
    pub then: String,
    /// `Undo` line: what can be taken back, and how.
    pub undo: String,
    /// When the target was read (UTC), for showing.
    pub read_at: Timestamp,
    /// The same, for deciding.
    pub mark: ReadMark,
}

impl TurnPlan {
    /// True if the act is about a word and none was chosen: there is nothing yet that could be done.
    pub fn undecided(&self) -> bool {
        self.request.undecided()
    }
}

impl TurnRequest {
    /// As [`TurnPlan::undecided`].
    pub fn undecided(&self) -> bool {
        self.verb == Verb::Set && self.word.is_none()
    }
}
