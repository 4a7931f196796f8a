//! One access pass as the simulated account stores it, and the state machine (contract section 5).

use super::ids::Number;
use super::switches::Switches;
use super::templates::Template;
use crate::simulator::Author;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The five states; the vendor's spelling is `unlink`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// Issued, on no phone yet.
    Created,
    /// On a phone and usable.
    Active,
    /// Stopped for a while.
    Suspended,
    /// Taken off the phone for good; only deleting is left.
    Unlink,
    /// Gone; the record stays readable.
    Deleted,
}

/// What an API client may ask for; each is a POST without a body (contract section 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Action {
    /// Stop it.
    Suspend,
    /// Let it go on.
    Resume,
    /// Take it off the phone.
    Unlink,
    /// End it.
    Delete,
}

impl Action {
    /// The state it leads to from here; `None`: refused (contract sections 5 and 5.1).
    pub fn from(self, state: State, switches: &Switches) -> Option<State> {
        match (self, state) {
            (Self::Delete, State::Deleted) => switches.repeated_delete.then_some(State::Deleted),
            (_, State::Deleted) => None,
            (Self::Delete, _) => Some(State::Deleted),
            (Self::Suspend, State::Active) => Some(State::Suspended),
            (Self::Resume, State::Suspended) => Some(State::Active),
            (Self::Resume, State::Unlink) => switches.resume_from_unlink.then_some(State::Active),
            (Self::Unlink, State::Active | State::Suspended) => Some(State::Unlink),
            (Self::Unlink, State::Created) => switches.unlink_created.then_some(State::Unlink),
            (Self::Suspend | Self::Resume | Self::Unlink, _) => None,
        }
    }

    /// Name of the event that it leaves in the log.
    pub fn event(self) -> &'static str {
        match self {
            Self::Suspend => "access_pass.suspended",
            Self::Resume => "access_pass.resumed",
            Self::Unlink => "access_pass.unlinked",
            Self::Delete => "access_pass.deleted",
        }
    }
}

/// What a device is (contract section 4.5); closed sets, because a client of the vendor breaks on others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeviceType {
    /// Apple.
    Iphone,
    /// Apple.
    AppleWatch,
    /// Google.
    AndroidPhone,
    /// Google.
    AndroidWatch,
}

impl DeviceType {
    /// `apple` or `android`.
    pub fn platform(self) -> &'static str {
        match self {
            Self::Iphone | Self::AppleWatch => "apple",
            Self::AndroidPhone | Self::AndroidWatch => "android",
        }
    }
}

/// What has become of a pass on a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeviceStatus {
    /// In the wallet.
    Installed,
    /// Removed from the wallet, by the holder or by a call.
    Uninstalled,
    /// In the wallet, not usable.
    Suspended,
}

/// A device that carries a pass.
#[derive(Clone, PartialEq, Debug)]
pub struct Device {
    /// Opaque.
    pub id: String,
    /// What it is.
    pub kind: DeviceType,
    /// What has become of the pass there.
    pub status: DeviceStatus,
    /// When the pass was put there.
    pub created: Timestamp,
    /// When that last changed.
    pub updated: Timestamp,
}

/// A pass. Texts that nobody gave are absent from `attributes`.
#[derive(Clone, PartialEq, Debug)]
pub struct Pass {
    /// Its address.
    pub number: Number,
    /// The pair that it is half of.
    pub unified: Option<Number>,
    /// Its template.
    pub template: Template,
    /// State.
    pub state: State,
    /// Whoever suspended it, while it is suspended.
    pub suspended_by: Option<Author>,
    /// Name of the holder.
    pub full_name: String,
    /// Card number and site code: always texts on the wire.
    pub card_number: Option<String>,
    /// See `card_number`.
    pub site_code: Option<String>,
    /// Hexadecimal text.
    pub file_data: Option<String>,
    /// 14 hexadecimal digits.
    pub tag_id: Option<String>,
    /// Valid from.
    pub start: Option<Timestamp>,
    /// Valid until; passing it changes no state (contract C8).
    pub expires: Option<Timestamp>,
    /// When it was issued.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// `employee_id`, `email`, `department` and so on, by their wire names.
    pub attributes: BTreeMap<&'static str, String>,
    /// At most a day; DESFire and SmartTap only.
    pub temporary: bool,
    /// Where it is.
    pub devices: Vec<Device>,
    /// What its writers noted.
    pub metadata: Map<String, Value>,
    /// Who issued it: the judge's view.
    pub author: Author,
}

impl Pass {
    /// An attribute, or empty.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Takes on a state, and its devices with it.
    pub fn enter(&mut self, state: State, by: Author, now: Timestamp) {
        let status = match state {
            State::Created => None,
            State::Active => Some(DeviceStatus::Installed),
            State::Suspended => Some(DeviceStatus::Suspended),
            State::Unlink | State::Deleted => Some(DeviceStatus::Uninstalled),
        };
        for device in self.devices.iter_mut().filter(|d| d.status != DeviceStatus::Uninstalled) {
            device.status = status.unwrap_or(device.status);
            device.updated = now;
        }
        self.suspended_by = (state == State::Suspended).then_some(by);
        self.state = state;
        self.updated = now;
    }
}

/// Texts of a pass that are passed through, by their wire names (contract sections 4.1 and 4.3). The second half
/// of each: whether an issued pass may still be given another.
pub const ATTRIBUTES: &[(&str, bool)] = &[
    ("employee_id", true),
    ("email", false),
    ("phone_number", true),
    ("title", true),
    ("department", true),
    ("location", true),
    ("site_name", true),
    ("workstation", true),
    ("mail_stop", true),
    ("company_address", true),
    ("organization_name", true),
    ("classification", true),
    ("employee_photo", true),
];

/// Fields of hotels and multi-family houses that an update may carry as well; they are taken and not kept, since no
/// template here shows them.
pub const OTHER_TRADES: &[&str] = &[
    "member_id",
    "membership_status",
    "is_pass_ready_to_transact",
    "tile_data",
    "reservations",
    "property_name",
    "property_address",
    "building_name",
    "storage_unit",
    "parking_address",
    "barcode_data",
    "unit_numbers",
    "parking_details",
];
