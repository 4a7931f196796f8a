//! Cards as credentials, and the search for a card whose create was never answered (contract sections 4.3, 6 and 7).

use super::wire::{self, Moment};
use super::{CardExchange, Listed, ProviderError, Question, Resource, metadata};
use crate::domain::credential::{CardStatus, Credential, CredentialClass, Particular};
use crate::domain::ids::{CredentialId, HolderId, VendorKey};
use crate::domain::journal::Marker;
use crate::domain::lifecycle;
use crate::domain::text::Untrusted;
use jiff::Timestamp;
use serde_json::Value;

/// What came of a create that was never answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LostAnswer {
    /// Exactly one card of the cardholder carries the marker.
    Made(CredentialId),
    /// Several do: somebody copied it, and a person must decide.
    Several(Vec<CredentialId>),
    /// Two whole and equal lists show none. A person confirms before that counts (safety.md 4.3).
    NotThere,
    /// The lists do not agree with each other or with their count; look again.
    Moving,
}

impl CardExchange {
    /// Looks for the card that carries a marker among all cards of a cardholder (contract section 7, step 4).
    ///
    /// # Errors
    /// As the lists say.
    pub async fn lost_answer(&self, cardholder: &VendorKey, marker: &Marker) -> Result<LostAnswer, ProviderError> {
        let question = Question::new(Resource::Cards).filtered("cardholder", cardholder.as_str())?;
        let first = self.list(&question).await?;
        let second = self.list(&question).await?;
        let whole = |list: &Listed| list.complete && list.unreadable == 0 && list.total == Some(list.rows.len());
        let bearers: Vec<CredentialId> = second
            .rows
            .iter()
            .filter(|card| marker_of(card).as_ref() == Some(marker))
            .filter_map(|card| Some(CredentialId::new(self.profile.name.clone(), wire::key(card, "id")?)))
            .collect();
        Ok(match bearers.as_slice() {
            [only] => LostAnswer::Made(only.clone()),
            [] if whole(&first) && whole(&second) && first.ids() == second.ids() => LostAnswer::NotThere,
            [] => LostAnswer::Moving,
            _ => LostAnswer::Several(bearers),
        })
    }

    /// A card of a cardholder; `None` without a usable id. `live` reads also remember its metadata for a change.
    pub(super) fn read_card(&self, card: &Value, of: &Whose<'_>, live: bool) -> Option<Credential> {
        let key = wire::key(card, "id")?;
        let link = wire::item(Resource::Cards.path(), &key)?;
        let word = wire::text(card, "status");
        let status = lifecycle::meaning(CredentialClass::PrintedCard, word.raw()).unwrap_or(CardStatus::Unknown);
        let (from, until) = (wire::moment(card, "startDate"), wire::moment(card, "endDate"));
        let profile = wire::text(of.cardholder, "status");
        let mut particulars = Vec::new();
        let mut say = |name: Particular, value: Untrusted| {
            if !value.is_empty() {
                particulars.push((name, value));
            }
        };
        say(Particular::Profile, profile_name(of.cardholder));
        say(Particular::ProfileStatus, profile.clone());
        say(Particular::NameOnCard, wire::text(of.cardholder, "nameOnCard"));
        say(Particular::Layout, wire::described(card, "layout"));
        say(Particular::Encryption, wire::text(card, "encryption"));
        say(Particular::Created, wire::text(card, "created"));
        let shown = card.get("metadata").unwrap_or(&Value::Null);
        say(Particular::Replaces, wire::text(shown, &format!("{}replaces", metadata::PREFIX)));
        for (name, moment) in [("starts", &from), ("ends", &until)] {
            if let Moment::Unclear(text) = moment {
                let zone = if wire::is_local_time(text.raw()) { "in an unknown time zone" } else { "which is no time" };
                say(Particular::Remark, Untrusted::new(format!("{name} {}, {zone}", text.raw())));
            }
        }
        if live {
            for lost in self.memory.read(&key, shown) {
                tracing::warn!("a key of another system is missing in the metadata of a card that this console wrote");
                let words = format!("metadata \"{lost}\" of another system is gone since this console wrote");
                say(Particular::Remark, Untrusted::new(words));
            }
        }
        Some(Credential {
            id: CredentialId::new(self.profile.name.clone(), key),
            holder: of.holder.clone(),
            link,
            lasting_id: Untrusted::default(),
            class: CredentialClass::PrintedCard,
            // What one asks for is a card of this profile; which type that is, the tenant's settings say.
            type_link: wire::item(Resource::Cardholders.path(), of.key)?,
            type_name: wire::described(card, "type"),
            number: wire::text(card, "cardNumber"),
            marker: marker_of(card),
            issue_level: None,
            status,
            status_word: word,
            invitation: None,
            from: from.at(),
            until: until.at(),
            last_used: None,
            barred: matches!(profile.raw(), "blocked" | "expired" | "blacklisted"),
            particulars,
            as_of: of.as_of,
        })
    }
}

/// Whose card it is.
pub(super) struct Whose<'a> {
    /// The person.
    pub holder: &'a HolderId,
    /// The profile, as it came.
    pub cardholder: &'a Value,
    /// Its id.
    pub key: &'a VendorKey,
    /// When it was read.
    pub as_of: Timestamp,
}

/// Name and number of a profile.
fn profile_name(cardholder: &Value) -> Untrusted {
    let (name, number) = (wire::described(cardholder, "profile"), wire::text(cardholder, "profileNumber"));
    match (name.is_empty(), number.is_empty()) {
        (_, true) => name,
        (true, false) => number,
        (false, false) => Untrusted::new(format!("{} {}", name.raw(), number.raw())),
    }
}

/// Our marker in a card's metadata; foreign texts are none.
fn marker_of(card: &Value) -> Option<Marker> {
    Marker::parse(card.get("metadata")?.get(format!("{}ref", metadata::PREFIX))?.as_str()?)
}
