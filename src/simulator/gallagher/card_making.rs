//! Making a card the way the server does, whoever asks: the console, another system or a workstation.

use super::card_types::{CardType, NumberFormat};
use super::person::{Card, Invitation};
use super::piv::PivData;
use super::switches::OmittedNumber;
use super::world::World;
use crate::simulator::Author;
use crate::simulator::population::invitation_code;
use jiff::Timestamp;

/// What the one who asks may say about a new card.
#[derive(Clone, Debug, Default)]
pub struct CardWish {
    /// Number in the form of its type; `None`: the server's choice.
    pub number: Option<String>,
    /// Invitation: mail address, or empty.
    pub email: String,
    /// Invitation: phone, or empty.
    pub mobile: String,
    /// Invitation: no PIN or biometric.
    pub single_factor: bool,
    /// Valid from.
    pub from: Option<Timestamp>,
    /// Valid until.
    pub until: Option<Timestamp>,
    /// What carries it; wallet badges only.
    pub device: &'static str,
    /// PIV and PIV-I only.
    pub piv: Option<Box<PivData>>,
    /// Government passes only.
    pub visitor: bool,
    /// Index of the state word; `None`: the type's initial one.
    pub state: Option<u8>,
}

/// The number that the vendor's cloud gives a badge (contract section 5.2).
pub fn badge_number(bits: u128) -> String {
    format!("1-40771-01-01-{:010}", bits % 10_000_000_000)
}

/// Mints the identities and fills what was left open (contract sections 5.1, 5.2, 5.4). The number of plastic
/// must have been chosen before: uniqueness is the caller's to check.
pub fn make_card(world: &mut World, kind: &CardType, wish: CardWish, by: Author, now: Timestamp) -> Card {
    let segment = world.draw();
    let credential = kind.is_mobile().then(|| uuid::Builder::from_random_bytes(world.draw().to_be_bytes()).into_uuid());
    let number = match (wish.number, credential) {
        (Some(number), _) => number,
        (None, _) if kind.format == NumberFormat::Guid => {
            uuid::Builder::from_random_bytes(world.draw().to_be_bytes()).into_uuid().to_string()
        }
        (None, _) if kind.format == NumberFormat::Cloud => badge_number(world.draw()),
        (None, Some(credential)) if world.switches.omitted_number == OmittedNumber::CredentialId => {
            credential.to_string()
        }
        (None, _) => "1".to_owned(),
    };
    let invitation = credential.map(|_| Invitation {
        email: wish.email,
        mobile: wish.mobile,
        single_factor: wish.single_factor,
        sent: None,
        accepted: None,
        code: invitation_code(world.draw()),
    });
    Card {
        segment,
        type_id: kind.id,
        number,
        serial: String::new(),
        issue_level: kind.is_plastic().then_some(1),
        state: wish.state.unwrap_or(kind.initial),
        from: wish.from,
        until: wish.until,
        invitation,
        credential_id: credential.map(|c| c.as_u128()),
        ble_facility: credential.map(|_| 884_878),
        last_used: None,
        trace: false,
        device: wish.device,
        piv: wish.piv,
        visitor: wish.visitor,
        idle: false,
        created: now,
        author: by,
    }
}
