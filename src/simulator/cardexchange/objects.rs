//! The objects as the simulated tenant stores them (contract section 4).

use super::ids::Key;
use crate::simulator::Author;
use jiff::{Timestamp, civil};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Metadata of an object; `None`: never given, or cleared.
pub type Metadata = Option<Map<String, Value>>;

/// A person's picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Photo {
    /// None.
    #[default]
    Missing,
    /// One of the usual size (a switch).
    Usual,
    /// One of so many bytes.
    Sized(u32),
    /// As it was sent: base64.
    Sent(String),
}

/// A human (section 4.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Place.
    pub key: Key,
    /// Displayable number.
    pub number: String,
    /// Profile.
    pub profile: Option<u16>,
    /// Preferred address.
    pub address_preference: Option<&'static str>,
    /// Identification: type.
    pub id_type: Option<&'static str>,
    /// Identification: value.
    pub id_value: Option<String>,
    /// Given name.
    pub first: Cow<'static, str>,
    /// Middle name.
    pub middle: Option<String>,
    /// Family name.
    pub last: Cow<'static, str>,
    /// Day of birth.
    pub birth: Option<civil::Date>,
    /// Gender.
    pub gender: Option<&'static str>,
    /// Prefix.
    pub prefix: Option<&'static str>,
    /// Suffix.
    pub suffix: Option<&'static str>,
    /// Phone.
    pub phone: Option<String>,
    /// Mobile phone.
    pub mobile: Option<String>,
    /// State.
    pub status: Option<&'static str>,
    /// Metadata.
    pub metadata: Metadata,
    /// Picture.
    pub photo: Photo,
    /// When she was entered.
    pub created: Timestamp,
}

/// One profile of a person (section 4.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Cardholder {
    /// Place.
    pub key: Key,
    /// Whose.
    pub person: Option<Key>,
    /// Profile.
    pub profile: u16,
    /// Displayable number.
    pub number: String,
    /// Login.
    pub login: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Part of the organisation.
    pub business_unit: Option<u16>,
    /// Another company.
    pub external_company: Option<u16>,
    /// Department.
    pub department: Option<u16>,
    /// Cost account.
    pub cost_account: Option<u16>,
    /// Place.
    pub location: Option<u16>,
    /// Active from.
    pub start: Option<Timestamp>,
    /// Active until.
    pub end: Option<Timestamp>,
    /// State.
    pub status: &'static str,
    /// Name to print.
    pub name_on_card: Option<String>,
    /// Note.
    pub note: Option<String>,
    /// Metadata.
    pub metadata: Metadata,
    /// When it was entered.
    pub created: Timestamp,
}

/// A card (section 4.3), with its production while there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Place.
    pub key: Key,
    /// Whose.
    pub cardholder: Key,
    /// Displayable number.
    pub number: String,
    /// Number of the chip.
    pub chip: Option<String>,
    /// State.
    pub status: &'static str,
    /// Card type.
    pub card_type: u16,
    /// Layout.
    pub layout: u16,
    /// Cipher.
    pub encryption: &'static str,
    /// Valid from.
    pub start: Option<Timestamp>,
    /// Valid until.
    pub end: Option<Timestamp>,
    /// Metadata.
    pub metadata: Metadata,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub author: Author,
    /// Production record; there while the state is `in_production`.
    pub production: Option<Production>,
    /// How many productions it has had.
    pub turns: u8,
}

/// What is known while a card is being printed (section 4.4).
#[derive(Clone, Debug, PartialEq)]
pub struct Production {
    /// Place.
    pub key: Key,
    /// Name to print.
    pub name_on_card: Option<String>,
    /// Number of the chip.
    pub chip: Option<String>,
    /// Who started it.
    pub user_name: Option<String>,
    /// Handed to a bureau.
    pub exported: bool,
    /// Last print.
    pub printed_on: Option<Timestamp>,
    /// Tries so far.
    pub tries: Option<u32>,
    /// When the card came in.
    pub since: Timestamp,
}

/// A postal address (section 4.5).
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// Place.
    pub key: Key,
    /// Whose.
    pub person: Key,
    /// Type.
    pub kind: &'static str,
    /// Street.
    pub street: String,
    /// City.
    pub locality: String,
    /// Region.
    pub region: String,
    /// Post code.
    pub postal_code: String,
    /// Country.
    pub country: String,
    /// Metadata.
    pub metadata: Metadata,
    /// When it was entered.
    pub created: Timestamp,
}

/// A set of anonymous persons (section 4.6).
#[derive(Clone, Debug, PartialEq)]
pub struct AnonymousSet {
    /// Place.
    pub key: Key,
    /// Profile of its cardholders.
    pub profile: u16,
    /// Name.
    pub name: String,
    /// Its persons.
    pub persons: Vec<Key>,
    /// What its newest cardholders were given.
    pub given: Belonging,
    /// When it was made.
    pub created: Timestamp,
}

/// Where cardholders belong in the organisation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Belonging {
    /// Part of the organisation.
    pub business_unit: Option<u16>,
    /// Another company.
    pub external_company: Option<u16>,
    /// Department.
    pub department: Option<u16>,
    /// Cost account.
    pub cost_account: Option<u16>,
    /// Place.
    pub location: Option<u16>,
    /// Note.
    pub note: Option<String>,
}
