//! What this console made in the tenant before the world began: plain data for a ledger that matches it.

use super::catalogue;
use super::ids::{DataMode, Guids, Key, Kind};
use super::people::{Beginning, helpdesk_op};
use crate::simulator::Author;
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
                type_id: guids.of(Key::new(Kind::CardType, u32::from(card.card_type))).to_string(),
                type_name: catalogue::names(Kind::CardType)[usize::from(card.card_type)],
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
