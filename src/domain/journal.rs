//! The states of one mutation intent and the events that the journal records (safety.md section 2).

use super::credential::{Credential, CredentialClass};
use super::ids::{CredentialId, HolderId, IntentId, Link, SagaId, VendorKey};
use super::lifecycle::Verb;
use super::policy::{ReissueMode, Why};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The state that an intent is in; every event of an intent names the state it reaches.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum IntentState {
    /// Recorded, nothing sent.
    Intent,
    /// Before-list, fingerprints, bookmark and expectation stored.
    Snapshotted,
    /// Durable "bytes may leave now".
    Sending,
    /// Proved: no request byte left.
    NotSent,
    /// The origin itself refused.
    Rejected,
    /// Any other ending.
    Unknown,
    /// Effect proved.
    Applied,
    /// Absence proved by the vendor's rule.
    NotApplied,
    /// Several candidates.
    Ambiguous,
    /// Parked by a person with a reason.
    Held,
    /// Applied, but the read-back differs.
    Diverged,
    /// Read back, fingerprint agrees.
    Bound,
    /// Finished.
    Done,
    /// Given up before anything was sent, or after proof that nothing happened.
    Abandoned,
    /// A person closed an open question.
    WrittenOff,
}

impl IntentState {
    /// The states that may follow (safety.md table 2.1).
    pub fn next(self) -> &'static [Self] {
        use IntentState as S;
        match self {
            S::Intent => &[S::Snapshotted, S::Abandoned],
            S::Snapshotted => &[S::Sending, S::Abandoned],
            S::Sending => &[S::Applied, S::Rejected, S::NotSent, S::Unknown],
            S::NotSent | S::Rejected | S::NotApplied => &[S::Snapshotted, S::Abandoned],
            S::Unknown => &[S::Applied, S::NotApplied, S::Ambiguous, S::Held],
            S::Applied => &[S::Bound, S::Diverged],
            S::Bound => &[S::Done],
            S::Ambiguous => &[S::Applied, S::Held],
            S::Held => &[S::Applied, S::NotApplied, S::WrittenOff],
            S::Diverged => &[S::Bound, S::Held],
            S::Done | S::Abandoned | S::WrittenOff => &[],
        }
    }

    /// True if nothing can follow any more.
    pub fn is_terminal(self) -> bool {
        self.next().is_empty()
    }

    /// True while a new mutation for the same person and type must wait: something may be on its way, or
    /// its outcome is not settled (invariant I6). A refusal that nobody tries again blocks nobody.
    pub fn blocks(self) -> bool {
        !self.is_terminal() && !matches!(self, Self::NotSent | Self::Rejected | Self::NotApplied | Self::Held)
    }

    /// True if bytes may have left and the effect is not known.
    pub fn is_open_question(self) -> bool {
        matches!(self, Self::Sending | Self::Unknown | Self::Ambiguous | Self::Diverged)
    }
}

/// What one intent asks a vendor to do. Each vendor mutation is its own intent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Act {
    /// Remove the old and add the new credential in one call.
    Swap,
    /// Add a new credential.
    Issue,
    /// End or stop the old credential after the new one became usable.
    Retire,
    /// Stop a credential so that it can be resumed.
    Suspend,
    /// Let a stopped credential work again.
    Resume,
    /// Take a pass off its device for good, and keep its record.
    Unlink,
    /// End a credential for good.
    End,
    /// Give a credential another state word of its vendor or site.
    Set,
    /// Nothing is asked of the vendor: it shows a credential of a change that was held to have had no effect.
    Arrival,
}

impl From<Verb> for Act {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Suspend => Self::Suspend,
            Verb::Resume => Self::Resume,
            Verb::Unlink => Self::Unlink,
            Verb::End => Self::End,
            Verb::Set => Self::Set,
        }
    }
}

impl Act {
    /// True if it makes a credential.
    pub fn makes(self) -> bool {
        matches!(self, Self::Swap | Self::Issue)
    }

    /// The word of the history.
    pub fn word(self) -> &'static str {
        match self {
            Self::Swap => "reissue",
            Self::Issue => "issue",
            Self::Retire => "retire",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Unlink => "unlink",
            Self::End => "end",
            Self::Set => "set state",
            Self::Arrival => "late pass",
        }
    }
}

/// An object as a snapshot remembers it: identity without personal data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// `TENANT:VENDORID`.
    pub id: CredentialId,
    /// The vendor's reference.
    pub link: Link,
    /// The vendor's lasting identity (Gallagher `credentialId`), or empty.
    pub lasting_id: String,
    /// Card type.
    pub type_link: Link,
    /// Kind.
    pub class: CredentialClass,
    /// Our marker, if its number carries one in valid form.
    pub marker: Option<Marker>,
    /// SHA-256 over the invitation's contacts, shortened; or empty.
    pub contact_hash: String,
    /// [`Credential::fingerprint`].
    pub fingerprint: String,
}

/// Our mark in a vendor's record: `PDX` and 16 Crockford base-32 characters, 80 random bits (decision 12), or a
/// random UUID where the contract says so.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Marker(String);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const MARKER_PREFIX: &str = "PDX";

impl Marker {
    /// Makes the marker of 80 random bits.
    pub fn from_bits(bits: [u8; 10]) -> Self {
        let mut value = bits.iter().fold(0u128, |acc, b| (acc << 8) | u128::from(*b));
        let mut digits = [0u8; 16];
        for slot in digits.iter_mut().rev() {
            *slot = CROCKFORD[(value & 31) as usize];
            value >>= 5;
        }
        let digits: String = digits.iter().map(|b| char::from(*b)).collect();
        Self(format!("{MARKER_PREFIX}{digits}"))
    }

    /// A marker in the form of a random UUID, where the contract says so (accessgrid.md section 9, cardexchange.md
    /// section 7).
    pub fn from_uuid(id: uuid::Uuid) -> Self {
        Self(id.hyphenated().to_string())
    }

    /// A text that is a marker and nothing else, in either form; foreign texts are none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_uuid = text.parse::<uuid::Uuid>().is_ok_and(|id| id.hyphenated().to_string() == text);
        if is_uuid {
            return Some(Self(text.to_owned()));
        }
        match Self::split(text) {
            ("", Some(marker)) if marker.0 == text => Some(marker),
            _ => None,
        }
    }

    /// What follows the prefix, for where the two are written apart (thales-d1.md section 11).
    pub fn digits(&self) -> &str {
        self.0.strip_prefix(MARKER_PREFIX).unwrap_or(&self.0)
    }

    /// The marker as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Splits a card number into its label and the marker at its end, if there is one in valid form.
    pub fn split(number: &str) -> (&str, Option<Self>) {
        let trimmed = number.trim_end();
        let (label, last) = trimmed.rsplit_once(' ').map_or(("", trimmed), |(l, m)| (l.trim_end(), m));
        let valid = last.len() == MARKER_PREFIX.len() + 16
            && last.starts_with(MARKER_PREFIX)
            && last.bytes().skip(MARKER_PREFIX.len()).all(|b| CROCKFORD.contains(&b));
        if valid { (label, Some(Self(last.to_owned()))) } else { (number, None) }
    }

    /// A card number: the label, a blank, the marker.
    pub fn stamp(&self, label: &str) -> String {
        let (label, _) = Self::split(label);
        let label = label.trim();
        if label.is_empty() { self.0.clone() } else { format!("{label} {}", self.0) }
    }
}

impl Seen {
    /// What a snapshot keeps of a credential.
    pub fn of(card: &Credential) -> Self {
        Self {
            id: card.id.clone(),
            link: card.link.clone(),
            lasting_id: card.lasting_id.raw().to_owned(),
            type_link: card.type_link.clone(),
            class: card.class,
            marker: card.marker.clone(),
            contact_hash: contact_hash(card),
            fingerprint: card.fingerprint(),
        }
    }

    /// The same object: same lasting identity where there is one, else the same reference (decision 11).
    pub fn is(&self, card: &Credential) -> bool {
        if self.lasting_id.is_empty() || card.lasting_id.is_empty() {
            self.link == card.link
        } else {
            self.lasting_id == card.lasting_id.raw()
        }
    }
}

/// SHA-256 over the invitation's e-mail and phone, 16 hex digits; empty without an invitation.
pub fn contact_hash(card: &Credential) -> String {
    use sha2::{Digest, Sha256};
    let Some(invitation) = &card.invitation else {
        return String::new();
    };
    let text = format!("{}\u{0}{}", invitation.email.raw(), invitation.phone.raw());
    Sha256::digest(text.as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// What an intent is for: the payload of its INTENT event. Opaque ids only, no personal data.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Purpose {
    /// The piece of work it belongs to.
    pub saga: SagaId,
    /// Order of the whole work.
    pub mode: ReissueMode,
    /// What this call does.
    pub act: Act,
    /// The person.
    pub holder: HolderId,
    /// Where the vendor serves the person.
    pub holder_link: Link,
    /// Card type of what is added, or of what is removed.
    pub type_link: Link,
    /// Kind of what is added, or of what is removed.
    pub class: CredentialClass,
    /// The marker that the new object will carry, if the tenant uses markers.
    pub marker: Option<Marker>,
    /// The old credential, if one goes; of an act on one credential, that one.
    pub old: Option<Seen>,
    /// The vendor's word for the state that `old` shall have afterwards; `None`: it shall be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// True if what is made goes to a printer afterwards, as part of the same work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prints: bool,
    /// Reason.
    pub why: Why,
    /// Ticket, or empty.
    pub ticket: String,
    /// Note, or empty.
    pub note: String,
    /// Process that owns it: pid and boot id (decision 22).
    pub owner: ProcessMark,
}

/// Which process wrote an intent, so that recovery takes only those of dead ones (decision 22).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ProcessMark {
    /// Process id.
    pub pid: u32,
    /// Boot id of the machine.
    pub boot: String,
    /// Start time of the process in clock ticks since boot, which tells a reused pid apart.
    pub started: u64,
}

/// What was read just before sending: the payload of SNAPSHOTTED.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// All credentials of the person.
    pub before: Vec<Seen>,
    /// Where the change feed stood, if the tenant has one.
    pub bookmark: Option<Link>,
    /// SHA-256 of the exact request that may be sent (method, path, body), hex.
    pub request: String,
    /// Contact hash that the new object will show, or empty.
    pub expect_contact: String,
}

/// How an outcome was learnt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Proof {
    /// The vendor's answer named the id.
    Answer,
    /// Our marker on exactly one object.
    Marker,
    /// The vendor's log names our identity.
    Feed,
    /// Exactly one new object between two reads.
    Diff,
    /// The old object is gone (for removals).
    Absence,
    /// The object reads back in the state that was asked for.
    State,
    /// A person looked at what could not be told apart, and chose.
    Person,
}

/// The payload of APPLIED and BOUND: which object it is and how that is known.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Binding {
    /// The object that was added; `None` for a pure removal, and until the read-back on an empty answer.
    pub object: Option<Seen>,
    /// All kinds of evidence that agree.
    pub proofs: Vec<Proof>,
    /// The object whose end was seen: it is tombstoned (invariant I14).
    pub ended: Option<Seen>,
    /// The credential that the vendor's own answer named as made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<CredentialId>,
    /// The vendor's id of the operation, from its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<VendorKey>,
}

impl Purpose {
    /// What an [`Act::Arrival`] is recorded with once a person wants that pass to stay as it is.
    pub const KEPT: &'static str = "kept";
}

/// The payload of every other event: words for people. No personal data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remark {
    /// What happened, in a short sentence.
    pub text: String,
    /// HTTP status, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The candidates, where several objects could be meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Seen>,
}

/// What an event carries.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Payload {
    /// INTENT.
    Purpose(Box<Purpose>),
    /// SNAPSHOTTED.
    Snapshot(Box<Snapshot>),
    /// APPLIED, BOUND, DONE.
    Binding(Box<Binding>),
    /// All others.
    Remark(Remark),
}

/// An event before it has its place in the chain.
#[derive(Clone, PartialEq, Debug)]
pub struct EventDraft {
    /// The intent that moves.
    pub intent: IntentId,
    /// The state that it reaches.
    pub state: IntentState,
    /// Which attempt, from 1.
    pub attempt: u16,
    /// Details.
    pub payload: Payload,
    /// OS account of the operator.
    pub operator: String,
    /// Wall clock (UTC).
    pub wall: Timestamp,
    /// The vendor's `Date`, if an answer was at hand.
    pub server_date: Option<Timestamp>,
}

/// An event with its place in the chain, as stored.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Place in the chain, from 1.
    pub seq: u64,
    /// What it says.
    pub draft: EventDraft,
    /// Chain hash, hex.
    pub hash: String,
}

/// An intent with everything that its events said so far: rebuilt from the journal, never edited.
#[derive(Clone, PartialEq, Debug)]
pub struct IntentRecord {
    /// Its id.
    pub intent: IntentId,
    /// Where it stands.
    pub state: IntentState,
    /// Attempt, from 1.
    pub attempt: u16,
    /// What for.
    pub purpose: Purpose,
    /// Who asked for it.
    pub operator: String,
    /// When it was recorded (UTC).
    pub opened: Timestamp,
    /// When it last moved (UTC).
    pub moved: Timestamp,
    /// When bytes may first have left (UTC).
    pub sent: Option<Timestamp>,
    /// The latest snapshot.
    pub snapshot: Option<Snapshot>,
    /// The latest binding.
    pub binding: Option<Binding>,
    /// The latest remark.
    pub remark: Option<Remark>,
    /// Sequence number of its last event.
    pub seq: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn every_state_can_reach_an_end() {
        for state in IntentState::iter() {
            let mut reached = vec![state];
            let mut i = 0;
            while i < reached.len() {
                for next in reached[i].next() {
                    if !reached.contains(next) {
                        reached.push(*next);
                    }
                }
                i += 1;
            }
            assert!(reached.iter().any(|s| s.is_terminal()), "{state} has no end");
        }
    }

    #[test]
    fn i1_only_a_snapshot_leads_to_sending() {
        let before: Vec<_> = IntentState::iter().filter(|s| s.next().contains(&IntentState::Sending)).collect();
        assert_eq!(before, [IntentState::Snapshotted]);
    }

    #[test]
    fn an_open_question_is_what_may_have_left_and_is_not_known() {
        use IntentState as S;
        let open: Vec<S> = S::iter().filter(|state| state.is_open_question()).collect();
        assert_eq!(open, [S::Sending, S::Unknown, S::Ambiguous, S::Diverged]);
    }

    #[test]
    fn a_marker_is_found_again() {
        let marker = Marker::from_bits([0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(marker.as_str().len(), 19);
        let number = marker.stamp("0411 222 333");
        assert_eq!(Marker::split(&number), ("0411 222 333", Some(marker.clone())));
        let again = Marker::from_bits([1; 10]);
        assert_eq!(again.stamp(&number), format!("0411 222 333 {}", again.as_str()));
        assert_eq!(Marker::split("0411 222 333"), ("0411 222 333", None));
        assert_eq!(Marker::split("x PDX0123456789ABCDEI").1, None);
        assert_eq!(Marker::split(marker.as_str()).0, "");
    }
}
