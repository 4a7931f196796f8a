//! Productions: what is known while a card is being printed, and gone as soon as it leaves that state (contract
//! sections 4.4, 7 and 8). The vendor's evidence is read and never written: `userName` is its word, not ours.

use super::{CardExchange, ProviderError, Question, Resource, wire};
use crate::domain::credential::{Credential, Particular};
use crate::domain::ids::VendorKey;
use crate::domain::text::Untrusted;
use jiff::Timestamp;
use serde_json::Value;

/// A production as it was read; nothing of it can be read later.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductionRecord {
    /// Its id.
    pub id: VendorKey,
    /// The person.
    pub person: Option<VendorKey>,
    /// The profile.
    pub cardholder: Option<VendorKey>,
    /// The card.
    pub card: VendorKey,
    /// Name to print.
    pub name_on_card: Untrusted,
    /// Who started it, in the vendor's word: probably the key's user. Anybody with a key can overwrite it.
    pub user_name: Untrusted,
    /// Handed to a bureau.
    pub exported: Option<bool>,
    /// Last print, as it was written.
    pub printed_on: Untrusted,
    /// Tries so far.
    pub tries: Untrusted,
    /// When it was read (UTC).
    pub read_at: Timestamp,
}

impl ProductionRecord {
    /// What is shown of it beside its card.
    pub(super) fn particulars(&self) -> Vec<(Particular, Untrusted)> {
        let said = [
            (Particular::Production, Untrusted::new(self.id.as_str())),
            (Particular::Tries, self.tries.clone()),
            (Particular::Printed, self.printed_on.clone()),
        ];
        said.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }
}

impl CardExchange {
    /// The production of a card, if it is being printed: looked for by the card's number and told by its id, and if
    /// the search does not find it, among all of them.
    ///
    /// # Errors
    /// As the lists say.
    pub async fn production_of(&self, card: &Credential) -> Result<Option<ProductionRecord>, ProviderError> {
        let number = card.number.raw();
        if !number.is_empty() {
            let hits = self.list(&Question::new(Resource::Productions).mentioning(number)).await?;
            let found = hits.rows.iter().filter_map(|row| self.read_production(row)).find(|p| p.card == card.id.key);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(self.productions().await?.into_iter().find(|p| p.card == card.id.key))
    }

    /// All productions that are running.
    ///
    /// # Errors
    /// As the list says.
    pub async fn productions(&self) -> Result<Vec<ProductionRecord>, ProviderError> {
        let listed = self.list(&Question::new(Resource::Productions)).await?;
        Ok(listed.rows.iter().filter_map(|row| self.read_production(row)).collect())
    }

    fn read_production(&self, row: &Value) -> Option<ProductionRecord> {
        Some(ProductionRecord {
            id: wire::key(row, "id")?,
            person: wire::key(row, "person"),
            cardholder: wire::key(row, "cardholder"),
            card: wire::key(row, "card")?,
            name_on_card: wire::text(row, "nameOnCard"),
            user_name: wire::text(row, "userName"),
            exported: row.get("exported").and_then(Value::as_bool),
            printed_on: wire::text(row, "printedOn"),
            tries: wire::text(row, "numberOfTries"),
            read_at: self.clock.now(),
        })
    }
}
