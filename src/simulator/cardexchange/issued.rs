//! What this console made in the tenant before the world began: plain data for a ledger that matches it.

use super::catalogue;
use super::ids::{DataMode, Guids, Key, Kind};
use super::people::{Beginning, helpdesk_op};
use crate::domain::change::PreparedChange;
use crate::domain::credential::{CardStatus, Credential, CredentialClass};
use crate::domain::ids::{BadId, CredentialId, HolderId, TenantName, VendorKey};
use crate::domain::journal::Marker;
use crate::domain::text::Untrusted;
use crate::simulator::Author;
use crate::simulator::past::PastIssue;
use crate::simulator::population::Population;
use jiff::Timestamp;

/// A card that this console made before the world began.
#[derive(Clone, Debug, PartialEq)]
pub struct IssuedCard {
    /// The person's place in the population.
    pub index: u32,
    /// GUID of the person.
    pub holder_id: String,
    /// Path of the person.
    pub holder_path: String,
    /// GUID of the cardholder.
    pub cardholder_id: String,
    /// Path of the cardholder.
    pub cardholder_path: String,
    /// GUID of the card.
    pub card_id: String,
    /// Path of the card.
    pub card_path: String,
    /// Displayable number.
    pub card_number: String,
    /// GUID of the card type.
    pub type_id: String,
    /// Name of the card type.
    pub type_name: &'static str,
    /// `helpdesk_ref` in its metadata.
    pub marker: uuid::Uuid,
    /// `helpdesk_op` in its metadata.
    pub operation: &'static str,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Its state when the world began.
    pub status: &'static str,
}

/// Everything that this console made in the test data before the world began, oldest first.
pub fn issued(population: &Population) -> Vec<IssuedCard> {
    let guids = Guids::new(population, DataMode::Test);
    let beginning = Beginning { population: population.clone(), mode: DataMode::Test };
    let path = |key: Key| format!("/api/v1/{}/{}", key.kind.path(), guids.of(key));
    let cards = (0..population.count).flat_map(|index| beginning.keys(Kind::Card, index));
    let ours = cards.filter_map(|key| beginning.card(key)).filter(|card| card.author == Author::Console);
    let mut issued: Vec<IssuedCard> = ours
        .map(|card| {
            let person = Key::new(Kind::Person, card.key.index);
            IssuedCard {
                index: card.key.index,
                holder_id: guids.of(person).to_string(),
                holder_path: path(person),
                cardholder_id: guids.of(card.cardholder).to_string(),
                cardholder_path: path(card.cardholder),
                card_id: guids.of(card.key).to_string(),
                card_path: path(card.key),
                card_number: card.number.clone(),
                type_id: guids.of(Key::new(Kind::CardType, u32::from(card.of_type))).to_string(),
                type_name: catalogue::names(Kind::CardType)[usize::from(card.of_type)],
                marker: beginning.helpdesk_ref(card.key.index),
                operation: helpdesk_op(population, card.key.index),
                issued_at: card.created,
                status: card.status,
            }
        })
        .collect();
    issued.sort_by_key(|card| card.issued_at);
    issued
}

/// A card as the ledger of a tenant of this name remembers it. One asks for a card of a profile, so that is its type.
///
/// # Errors
/// If an id of the world is none, which its own tests exclude.
pub fn past(issue: &IssuedCard, tenant: &TenantName) -> Result<PastIssue, BadId> {
    let body = serde_json::json!({
        "cardholder": issue.cardholder_id,
        "metadata": { "helpdesk_ref": issue.marker.to_string(), "helpdesk_op": issue.operation },
    });
    let card = Credential {
        id: CredentialId::new(tenant.clone(), issue.card_id.parse()?),
        holder: HolderId::new(tenant.clone(), issue.holder_id.parse::<VendorKey>()?),
        link: issue.card_path.parse()?,
        lasting_id: Untrusted::default(),
        class: CredentialClass::PrintedCard,
        type_link: issue.cardholder_path.parse()?,
        type_name: Untrusted::new(issue.type_name),
        number: Untrusted::new(&*issue.card_number),
        marker: Some(Marker::from_uuid(issue.marker)),
        issue_level: None,
        status: CardStatus::Pending,
        status_word: Untrusted::new("initialized"),
        invitation: None,
        from: None,
        until: None,
        last_used: None,
        barred: false,
        particulars: Vec::new(),
        as_of: issue.issued_at,
    };
    Ok(PastIssue {
        card,
        holder_link: issue.holder_path.parse()?,
        before: Vec::new(),
        request: PreparedChange { method: "POST", link: "/api/v1/cards".parse()?, body: body.to_string().into_bytes() },
        issued_at: issue.issued_at,
        named: true,
    })
}
