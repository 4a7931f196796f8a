//! Credentials: plastic cards, phone credentials, wallet passes; their states, and whether one opens a door.

use super::ids::{CredentialId, HolderId, Link};
use super::journal::Marker;
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

impl System {
    /// All four, in the order of their ports in the simulator.
    pub const ALL: [Self; 4] = [Self::Gallagher, Self::AccessGrid, Self::ThalesD1, Self::CardExchange];

    /// The product's name in sentences for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Gallagher => "Command Centre",
            Self::AccessGrid => "AccessGrid",
            Self::ThalesD1 => "Thales D1",
            Self::CardExchange => "CardExchange",
        }
    }
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
    /// A pass in an Apple or Google wallet (accessgrid.md section 4).
    WalletPass,
    /// A card that digital cards hang from (thales-d1.md section 7).
    FundingCard,
    /// A digital card, born in the holder's wallet (thales-d1.md section 8).
    DigitalCard,
    /// A printed card (cardexchange.md section 4.3).
    PrintedCard,
    /// A class that this version does not know; shown, never acted on.
    Unknown,
}

impl CredentialClass {
    /// Why a credential of this kind is not issued through its vendor's API, in the vendor's terms (gallagher.md
    /// sections 5.2 and 5.8); `None`: it is.
    pub fn not_issued_because(self) -> Option<&'static str> {
        match self {
            Self::Mobile | Self::WalletPass | Self::DigitalCard | Self::PrintedCard => None,
            Self::FundingCard => Some("a card of the issuer is replaced in the issuer's own process"),
            Self::Card | Self::Piv | Self::Pivi | Self::GovPass => {
                Some("plastic is printed and encoded at a desk with a printer, which this API does not drive")
            }
            Self::ApplePass => {
                Some("a wallet badge is provisioned from the phone after its mobile credential is registered")
            }
            Self::DigitalId => Some("a digital ID is made by the vendor's cloud, not by an invitation"),
            Self::TrackingTag | Self::Transact => Some("this kind is handed out by the system that it belongs to"),
            Self::Unknown => Some("this version does not know this kind of credential"),
        }
    }

    /// The one system that has this kind.
    pub fn system(self) -> System {
        match self {
            Self::WalletPass => System::AccessGrid,
            Self::FundingCard | Self::DigitalCard => System::ThalesD1,
            Self::PrintedCard => System::CardExchange,
            Self::Card
            | Self::Mobile
            | Self::DigitalId
            | Self::ApplePass
            | Self::Piv
            | Self::Pivi
            | Self::GovPass
            | Self::TrackingTag
            | Self::Transact
            | Self::Unknown => System::Gallagher,
        }
    }
}

/// The card's own state in words that all systems share; what the vendor calls it stands in
/// [`Credential::status_word`]. For Gallagher these are its machine words (gallagher.md section 5.3).
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
    /// Made, and not on the holder's device yet.
    Invited,
    /// Taken off the holder's device for good.
    Unlinked,
    /// Gone for good, and still shown by its vendor.
    Ended,
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

/// What else a vendor says about a credential or its holder, by the names that all layers use.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Particular {
    /// The name on it.
    FullName,
    /// The name printed on it.
    NameOnCard,
    /// Employee number.
    EmployeeNumber,
    /// Mail address.
    Email,
    /// Phone.
    Phone,
    /// Title.
    Title,
    /// Department.
    Department,
    /// Organisation.
    Organisation,
    /// Location.
    Location,
    /// Site name.
    SiteName,
    /// Workstation.
    Workstation,
    /// Mail stop.
    MailStop,
    /// Company address.
    CompanyAddress,
    /// Classification.
    Classification,
    /// Number that readers see.
    CardNumber,
    /// Site code that readers see.
    SiteCode,
    /// Chip or tag.
    Tag,
    /// Apple, Android.
    Platform,
    /// The device that carries it.
    Device,
    /// How the device says it stands.
    DeviceStatus,
    /// Who made it, where the vendor says so.
    CreatedBy,
    /// When it was made (RFC 3339).
    Created,
    /// When it was last changed (RFC 3339).
    Changed,
    /// Why it is in its state, in the vendor's word.
    StateReason,
    /// What the vendor is doing with it at the moment.
    Ongoing,
    /// Payment scheme.
    Scheme,
    /// Who asked for the token.
    TokenRequestor,
    /// The credential that this one hangs from.
    Parent,
    /// The other half of a pass that exists once an Apple and once an Android phone.
    Half,
    /// A badge that came from the same phone credential, and outlives it.
    Sibling,
    /// The profile that it hangs from.
    Profile,
    /// How that profile stands.
    ProfileStatus,
    /// Layout.
    Layout,
    /// Encryption.
    Encryption,
    /// Its running production.
    Production,
    /// Tries of the running production.
    Tries,
    /// When it was printed (RFC 3339).
    Printed,
    /// What it replaces.
    Replaces,
    /// Something for people to know that has no name of its own.
    Remark,
}

impl Particular {
    /// The name on screen.
    pub fn words(self) -> String {
        self.to_string().replace('-', " ")
    }
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
    /// Our marker, wherever this vendor has room for it (safety.md section 2). Foreign hands may have copied it.
    pub marker: Option<Marker>,
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
    /// True: what it hangs from (a profile, an end user) is stopped, so that it opens no door whatever its own state.
    pub barred: bool,
    /// What else the vendor says, in the order in which it is shown.
    pub particulars: Vec<(Particular, Untrusted)>,
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
            Self::Pending | Self::Invited => '.',
            Self::Active => 'o',
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
    /// The credential as it is once its vendor does not list it any more.
    #[must_use]
    pub fn removed(self) -> Self {
        let status_word = Untrusted::new("removed");
        Self { status: CardStatus::Ended, status_word, invitation: None, ..self }
    }

    /// In place of a vendor's word: known from a list of the issuer's, and never read from the vendor.
    pub const UNREAD: &str = "(not read yet)";

    /// True if its state was ever read from its vendor.
    pub fn was_read(&self) -> bool {
        self.status_word.raw() != Self::UNREAD
    }

    /// What the vendor says under this name, or nothing.
    pub fn particular(&self, wanted: Particular) -> Option<&Untrusted> {
        self.particulars.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }

    /// The canonical state. The card's own state and the invitation's are independent
    /// (gallagher.md section 5.3): a phone credential whose invitation lapsed is still "active" there.
    pub fn state(&self) -> State {
        match (self.status, self.invitation.as_ref().map(|i| i.status)) {
            (CardStatus::Unknown, _) | (_, Some(InvitationStatus::Unknown)) => State::Unknown,
            (CardStatus::Ended, _) => State::Ended,
            (CardStatus::Unlinked, _) => State::Unlinked,
            (CardStatus::Inactive, _) => State::Suspended,
            (CardStatus::Invited, _) => State::Invited,
            (CardStatus::Expired, _) | (_, Some(InvitationStatus::Expired)) => State::Expired,
            (CardStatus::Pending, _) | (_, Some(InvitationStatus::NotSent)) => State::Pending,
            (CardStatus::Active, Some(InvitationStatus::Sent)) => State::Invited,
            (CardStatus::Active, Some(InvitationStatus::Accepted)) => State::Active,
            (CardStatus::Active, None) if self.class == CredentialClass::Mobile => State::Unknown,
            (CardStatus::Active, None) => State::Active,
        }
    }

    /// True if it could open a door, or be made to by its holder alone (decision 16): active, not yet valid,
    /// invited and not lapsed, or suspended where the holder can lift that (accessgrid.md C4, a CardExchange
    /// holder in self-service). What cannot be judged counts as usable, so that it is never lost by mistake.
    pub fn usable(&self) -> bool {
        match self.state() {
            State::Expired | State::Ended | State::Unlinked => false,
            State::Suspended => match self.class.system() {
                System::AccessGrid => true,
                System::CardExchange => self.status_word.raw() == "blocked",
                System::Gallagher | System::ThalesD1 => false,
            },
            State::Unknown | State::Pending | State::Invited | State::Active => true,
        }
    }

    /// Does it open a door now, and why (one plain sentence, with what the vendor's words mean).
    pub fn opens_doors(&self, authorised: bool) -> (OpensDoors, &'static str) {
        if !authorised {
            return (OpensDoors::No, "the person is not authorised: every access request is denied");
        }
        if self.barred {
            return (OpensDoors::No, "the profile or end user that it hangs from is stopped");
        }
        let system = self.class.system();
        match self.state() {
            State::Active => (
                OpensDoors::Yes,
                match system {
                    System::Gallagher => "active on the server; readers may take minutes to hear of a change",
                    System::AccessGrid => "active at the vendor; the phone itself is not asked",
                    System::ThalesD1 => "active at the network; the device may lag and is not asked",
                    System::CardExchange => "activated; what the doors read is another system's and is not asked",
                },
            ),
            State::Invited => (OpensDoors::No, "invited, not accepted yet: nothing is on the phone"),
            State::Pending => (
                OpensDoors::No,
                match (system, self.status) {
                    (System::Gallagher, CardStatus::Pending) => "not valid yet: its start date lies ahead",
                    (System::Gallagher, _) => "the invitation has not been sent yet: nothing is on the phone",
                    (System::AccessGrid, _) => "not valid yet: its start date lies ahead",
                    (System::ThalesD1, _) => "it waits for its activation",
                    (System::CardExchange, _) => "not handed out yet: it is being made, or waits for its activation",
                },
            ),
            State::Expired if system == System::Gallagher && self.status != CardStatus::Expired => {
                (OpensDoors::No, "invitation expired, nothing on the phone")
            }
            State::Expired => (OpensDoors::No, "its end date has passed"),
            State::Suspended => (
                OpensDoors::No,
                match system {
                    System::Gallagher => "disabled in Command Centre; readers may take minutes to hear of it",
                    System::AccessGrid => "suspended; the holder may lift that by marking the device as found",
                    System::ThalesD1 => "suspended at the network; the device may lag and is not asked",
                    System::CardExchange => "blocked; what the doors read is another system's and is not asked",
                },
            ),
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
        // Where the marker is not part of the number, and the word not all of the state.
        if self.class.system() != System::Gallagher {
            for part in [
                self.marker.as_ref().map_or("", Marker::as_str),
                self.particular(Particular::StateReason).map_or("", Untrusted::raw),
                if self.barred { "barred" } else { "" },
            ] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part.as_bytes());
            }
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
    /// The words that a card of this type may be set to, the one that a new card gets first.
    pub states: Vec<Untrusted>,
}
