//! Credentials: plastic cards, phone credentials, wallet passes; their states, and whether one opens a door.

use super::ids::{CredentialId, HolderId, Link};
use super::text::Untrusted;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The four systems (decision 3).
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
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum System {
    /// Gallagher Command Centre.
    Gallagher,
    /// AccessGrid.
    #[serde(rename = "accessgrid")]
    #[strum(serialize = "accessgrid")]
    AccessGrid,
    /// Thales D1.
    ThalesD1,
    /// CardExchange Cloud.
    #[serde(rename = "cardexchange")]
    #[strum(serialize = "cardexchange")]
    CardExchange,
}

/// What kind of thing a credential is (gallagher.md section 5.1; an open list).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum CredentialClass {
    /// Plastic.
    Card,
    /// Phone credential, enrolled by invitation.
    Mobile,
    /// Digital ID.
    DigitalId,
    /// Apple Wallet badge.
    ApplePass,
    /// PIV card.
    Piv,
    /// PIV-I card.
    Pivi,
    /// Government pass.
    GovPass,
    /// Tracking tag.
    TrackingTag,
    /// Transact credential.
    Transact,
    /// A class that this version does not know; shown, never acted on.
    Unknown,
}

/// The card's own state as the vendor's machine word says it (gallagher.md section 5.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum CardStatus {
    /// Not valid yet.
    Pending,
    /// Valid.
    Active,
    /// Past its end date.
    Expired,
    /// In a disabled state.
    Inactive,
    /// A word that this version does not know.
    Unknown,
}

/// Where the invitation of a phone credential stands (gallagher.md section 5.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum InvitationStatus {
    /// Seconds old, or the site cannot reach the vendor's cloud.
    NotSent,
    /// Mail or message is out.
    Sent,
    /// The phone is enrolled.
    Accepted,
    /// Lapsed; nothing is on the phone.
    Expired,
    /// A word that this version does not know.
    Unknown,
}

/// The invitation of a phone credential. Its link is a secret (whoever holds it can enrol) and is not kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    /// Where it stands.
    pub status: InvitationStatus,
    /// Where the mail went, if one was asked for and the operator may see it.
    pub email: Untrusted,
    /// Where the confirmation code went, likewise.
    pub phone: Untrusted,
    /// True: no PIN or biometric at enrolment.
    pub single_factor: bool,
}

/// One credential as last read from its vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// `TENANT:VENDORID`.
    pub id: CredentialId,
    /// The person it belongs to.
    pub holder: HolderId,
    /// The vendor's own reference, as used in changes.
    pub link: Link,
    /// The vendor's second, lasting identity of the credential (Gallagher `credentialId`), if it has one.
    pub lasting_id: Untrusted,
    /// Kind.
    pub class: CredentialClass,
    /// The site's card type: reference.
    pub type_link: Link,
    /// The site's card type: name.
    pub type_name: Untrusted,
    /// Card number; on phone credentials a free text that carries our marker.
    pub number: Untrusted,
    /// Issue level of plastic.
    pub issue_level: Option<u32>,
    /// The vendor's machine word.
    pub status: CardStatus,
    /// The vendor's own (localised, site-defined) word.
    pub status_word: Untrusted,
    /// Phone credentials only.
    pub invitation: Option<Invitation>,
    /// Valid from (UTC).
    pub from: Option<Timestamp>,
    /// Valid until (UTC).
    pub until: Option<Timestamp>,
    /// Last use that a controller saw (UTC).
    pub last_used: Option<Timestamp>,
    /// When this was read from the vendor (UTC).
    pub as_of: Timestamp,
}

/// The canonical state words of `ux.md` section 4; the vendor's word always stands beside.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum State {
    /// The invitation lapsed, or the end date passed.
    Expired,
    /// Something that this version cannot name.
    Unknown,
    /// In a disabled state.
    Suspended,
    /// Not valid yet, or not sent yet.
    Pending,
    /// The invitation is out.
    Invited,
    /// In force.
    Active,
    /// Removed from the wallet.
    Unlinked,
    /// Gone for good.
    Ended,
}

impl State {
    /// The glyph that stands before the word in every list (ASCII, rule R9).
    pub fn glyph(self) -> char {
        match self {
            Self::Pending => '.',
            Self::Invited | Self::Active => 'o',
            Self::Suspended => '=',
            Self::Expired => '!',
            Self::Unlinked => '/',
            Self::Ended => 'x',
            Self::Unknown => '?',
        }
    }
}

/// The answer to the first question of every call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OpensDoors {
    /// The server says that it does; readers may lag by minutes.
    Yes,
    /// It does not.
    No,
    /// Nobody can say.
    Unknown,
}

impl fmt::Display for OpensDoors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Yes => "YES",
            Self::No => "NO",
            Self::Unknown => "UNKNOWN",
        })
    }
}

impl Credential {
    /// The canonical state. The card's own state and the invitation's are independent
    /// (gallagher.md section 5.3): a phone credential whose invitation lapsed is still "active" there.
    pub fn state(&self) -> State {
        match (self.status, self.invitation.as_ref().map(|i| i.status)) {
            (CardStatus::Unknown, _) | (_, Some(InvitationStatus::Unknown)) => State::Unknown,
            (CardStatus::Inactive, _) => State::Suspended,
            (CardStatus::Expired, _) | (_, Some(InvitationStatus::Expired)) => State::Expired,
            (CardStatus::Pending, _) | (_, Some(InvitationStatus::NotSent)) => State::Pending,
            (CardStatus::Active, Some(InvitationStatus::Sent)) => State::Invited,
            (CardStatus::Active, Some(InvitationStatus::Accepted)) => State::Active,
            (CardStatus::Active, None) if self.class == CredentialClass::Mobile => State::Unknown,
            (CardStatus::Active, None) => State::Active,
        }
    }

    /// True if it could open a door, or be made to by its holder alone (decision 16): active, not yet valid,
    /// or invited and not lapsed. What cannot be judged counts as usable, so that it is never lost by mistake.
    pub fn usable(&self) -> bool {
        !matches!(self.state(), State::Expired | State::Suspended | State::Ended | State::Unlinked)
    }

    /// Does it open a door now, and why (one plain sentence, with what the vendor's words mean).
    pub fn opens_doors(&self, authorised: bool) -> (OpensDoors, &'static str) {
        if !authorised {
            return (OpensDoors::No, "the person is not authorised: every access request is denied");
        }
        match self.state() {
            State::Active => (OpensDoors::Yes, "active on the server; readers may take minutes to hear of a change"),
            State::Invited => (OpensDoors::No, "invited, not accepted yet: nothing is on the phone"),
            State::Pending if self.status == CardStatus::Pending => {
                (OpensDoors::No, "not valid yet: its start date lies ahead")
            }
            State::Pending => (OpensDoors::No, "the invitation has not been sent yet: nothing is on the phone"),
            State::Expired if self.status == CardStatus::Expired => (OpensDoors::No, "its end date has passed"),
            State::Expired => (OpensDoors::No, "invitation expired, nothing on the phone"),
            State::Suspended => (OpensDoors::No, "disabled in Command Centre"),
            State::Unlinked => (OpensDoors::No, "removed from the wallet"),
            State::Ended => (OpensDoors::No, "gone for good"),
            State::Unknown => (OpensDoors::Unknown, "the vendor used a word that this version does not know"),
        }
    }

    /// What the operator saw, in one short hash-like text: if it differs at the time of action, the card
    /// changed and nothing is sent (invariant I12). Leaves out what changes by itself, such as last use.
    pub fn fingerprint(&self) -> String {
        use sha2::{Digest, Sha256};
        let invitation = self.invitation.as_ref();
        let mut hash = Sha256::new();
        for part in [
            self.id.to_string().as_str(),
            self.lasting_id.raw(),
            self.type_link.as_str(),
            self.number.raw(),
            &self.status.to_string(),
            self.status_word.raw(),
            &invitation.map(|i| i.status.to_string()).unwrap_or_default(),
            invitation.map(|i| i.email.raw()).unwrap_or_default(),
            invitation.map(|i| i.phone.raw()).unwrap_or_default(),
            &self.from.map(|t| t.to_string()).unwrap_or_default(),
            &self.until.map(|t| t.to_string()).unwrap_or_default(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect()
    }
}

/// A kind of credential that the tenant's operator may assign (gallagher.md section 6).
#[derive(Clone, Debug, PartialEq)]
pub struct CredentialType {
    /// The vendor's reference.
    pub link: Link,
    /// Name.
    pub name: Untrusted,
    /// Kind of credential it makes.
    pub class: CredentialClass,
    /// The words that a card of this type may be set to.
    pub states: Vec<Untrusted>,
}
