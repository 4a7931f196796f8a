//! A person and her cards as the simulated site stores them, and what follows from them at a given time.

use super::card_types::CardType;
use super::memberships::Membership;
use super::piv::PivData;
use super::switches::Switches;
use crate::simulator::Author;
use crate::simulator::clock::later;
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Id of the first person; the others count up from there.
pub const FIRST_ID: u32 = 4665;

/// The invitation of a phone credential (contract section 5.4). Its status follows from these times.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    /// Mail address, or empty.
    pub email: String,
    /// Phone for the confirmation code, or empty.
    pub mobile: String,
    /// No PIN or biometric at enrolment.
    pub single_factor: bool,
    /// When the vendor's cloud sent it.
    pub sent: Option<Timestamp>,
    /// When the phone enrolled.
    pub accepted: Option<Timestamp>,
    /// Secret code, 4 x 4.
    pub code: String,
}

impl Invitation {
    /// Wire word of the status at `now`, with the lifetime that the switches say.
    pub fn status(&self, now: Timestamp, switches: &Switches) -> &'static str {
        match (self.accepted, self.sent) {
            (Some(_), _) => "accepted",
            (None, None) => "notSent",
            (None, Some(sent)) if now >= later(sent, i64::from(switches.invitation_lifetime_s)) => "expired",
            (None, Some(_)) => "sent",
        }
    }
}

/// One card.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Opaque part of its href, shown as 32 hex digits.
    pub segment: u128,
    /// Card type id.
    pub type_id: u16,
    /// Number, in the form of its type.
    pub number: String,
    /// Chip serial number, or empty.
    pub serial: String,
    /// Issue level; plastic only.
    pub issue_level: Option<u8>,
    /// Index into the type's states.
    pub state: u8,
    /// Valid from.
    pub from: Option<Timestamp>,
    /// Valid until.
    pub until: Option<Timestamp>,
    /// Phone credentials only.
    pub invitation: Option<Invitation>,
    /// Lasting identity; phone credentials only.
    pub credential_id: Option<u128>,
    /// Radio id; phone credentials only.
    pub ble_facility: Option<u32>,
    /// Last use at a reader.
    pub last_used: Option<Timestamp>,
    /// Raise an event on each use.
    pub trace: bool,
    /// What carries it, in the vendor's word; wallet badges only.
    pub device: &'static str,
    /// PIV and PIV-I only.
    pub piv: Option<Box<PivData>>,
    /// Government passes only: the holder is a visiting contractor.
    pub visitor: bool,
    /// True: the server has disabled it because it was not used.
    pub idle: bool,
    /// When it was made: no vendor shows it.
    pub created: Timestamp,
    /// Who made it: no vendor shows it.
    pub author: Author,
}

impl Card {
    /// Its card type. Cards are only ever made of types that exist; the first stands in for the impossible.
    pub fn kind(&self) -> &'static CardType {
        CardType::find(self.type_id).unwrap_or(&super::card_types::CARD_TYPES[0])
    }

    /// The opaque part of its href: 32 hex digits.
    pub fn key(&self) -> String {
        format!("{:032x}", self.segment)
    }

    /// Lasting identity as a GUID, or empty.
    pub fn lasting_id(&self) -> String {
        self.credential_id.map(|id| uuid::Uuid::from_u128(id).to_string()).unwrap_or_default()
    }

    /// The site's word and the machine's word at `now` (contract section 5.3): a disabled state wins over the
    /// dates, and the invitation has no say.
    pub fn status(&self, now: Timestamp) -> (&'static str, &'static str) {
        if self.state != 0 {
            let states = self.kind().states;
            return (states.get(usize::from(self.state)).copied().unwrap_or(states[0]), "inactive");
        }
        if self.idle {
            return ("Disabled (by inactivity)", "inactive");
        }
        if self.piv.as_ref().is_some_and(|piv| !piv.works()) {
            return ("Not Trusted", "inactive");
        }
        if self.from.is_some_and(|from| now < from) {
            return ("Not Yet Activated", "pending");
        }
        if self.until.is_some_and(|until| now > until) {
            return ("Expired", "expired");
        }
        (self.kind().states[0], "active")
    }
}

/// A card that is gone, and who ended it; only the judge sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct RemovedCard {
    /// As it last was.
    pub card: Card,
    /// When it was removed.
    pub removed: Timestamp,
    /// By whom.
    pub by: Author,
}

/// A person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Place in the world, from 0; the id is [`FIRST_ID`] more.
    pub index: u32,
    /// Given name, or empty.
    pub first: Cow<'static, str>,
    /// Family name, or empty.
    pub last: Cow<'static, str>,
    /// At most 16 characters, or empty.
    pub short: String,
    /// What the site writes beside the name: a department.
    pub description: Cow<'static, str>,
    /// False: every access request is denied.
    pub authorised: bool,
    /// Division id.
    pub division: u16,
    /// Personal data field 702.
    pub email: String,
    /// Personal data field 703.
    pub employee_number: String,
    /// Personal data field 704.
    pub mobile: String,
    /// Her other personal data by field id, as text; what is blank is not there.
    pub more_data: BTreeMap<u16, String>,
    /// Fields whose address is used for notifications.
    pub notified: BTreeSet<u16>,
    /// PINs by card: nothing that is served ever shows them.
    pub pins: BTreeMap<u128, String>,
    /// Last access: when, and the zone she is in.
    pub last_access: Option<(Timestamp, u16)>,
    /// The access groups that she belongs to, oldest first.
    pub memberships: Vec<Membership>,
    /// All cards, oldest first.
    pub cards: Vec<Card>,
    /// Cards that are gone.
    pub removed: Vec<RemovedCard>,
}

impl Person {
    /// The vendor's id, a number in text form.
    pub fn id(&self) -> u32 {
        self.index + FIRST_ID
    }

    /// `Last, First`: the third form that a name search looks at (contract section 3.2), and the sort key.
    pub fn sort_name(&self) -> String {
        sort_name(&self.first, &self.last)
    }

    /// The card with this opaque part.
    pub fn card(&self, segment: u128) -> Option<&Card> {
        self.cards.iter().find(|c| c.segment == segment)
    }
}

/// `Last, First`, or the one half that is there.
pub fn sort_name(first: &str, last: &str) -> String {
    match (first.is_empty(), last.is_empty()) {
        (false, false) => format!("{last}, {first}"),
        (true, _) => last.to_owned(),
        (_, true) => first.to_owned(),
    }
}
