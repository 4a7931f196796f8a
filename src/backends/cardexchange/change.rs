//! Changes as the one POST that each becomes: a new card, or another state of one (contract sections 4.3, 6.1 and 7).
//! Nothing is ever deleted, no end date set, no profile moved, no name written: there is no code for it.

use super::metadata::{self, Memory};
use super::{ProviderError, Resource, not_possible};
use crate::domain::change::{CredentialChange, NewCredential, PreparedChange, Turn};
use crate::domain::credential::{Credential, CredentialClass};
use crate::domain::ids::Link;
use crate::domain::journal::Marker;
use crate::domain::lifecycle::{Hand, edges};
use crate::domain::text::Untrusted;
use crate::ports::provider::HolderRead;
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
struct NewCard<'a> {
    cardholder: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<NewMetadata<'a>>,
}

#[derive(Serialize)]
struct NewMetadata<'a> {
    helpdesk_ref: &'a str,
    helpdesk_op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    helpdesk_replaces: Option<&'a str>,
}

#[derive(Serialize)]
struct NewStatus<'a> {
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Map<String, Value>>,
}

/// A card of the same profile; type, layout, number and dates come from the profile's settings.
pub(super) fn successor(
    holder: &HolderRead,
    old: &Credential,
    marker: Option<Marker>,
) -> Result<NewCredential, ProviderError> {
    if old.barred {
        return Err(not_possible("the cardholder's profile is not activated: no card is made for it"));
    }
    let half_made = |card: &&Credential| {
        card.type_link == old.type_link
            && card.id != old.id
            && matches!(card.status_word.raw(), "initialized" | "in_production" | "personalized" | "issued")
    };
    if let Some(card) = holder.credentials.iter().find(half_made) {
        let (number, word) = (card.number.safe(), card.status_word.safe());
        return Err(not_possible(format!(
            "card {number} of this profile is {word} already: finish or withdraw it before another is made"
        )));
    }
    Ok(NewCredential {
        type_link: old.type_link.clone(),
        marker,
        number: None,
        email: Untrusted::default(),
        phone: Untrusted::default(),
        single_factor: false,
        until: None,
        particulars: Vec::new(),
        replaces: Some(old.id.key.clone()),
    })
}

/// The exact request. The same change gives the same bytes as long as the card's metadata is what was last read.
pub(super) fn prepare(change: &CredentialChange, memory: &Memory) -> Result<PreparedChange, ProviderError> {
    match (&change.add, &change.remove, &change.turn) {
        (Some(new), None, None) => create(new),
        (None, None, Some(turn)) => set_state(change, turn, memory),
        (_, Some(_), _) => Err(not_possible("cards cannot be deleted here; the end of life is returned or withdrawn")),
        _ => Err(not_possible("the change is not exactly one new card or one other state")),
    }
}

fn create(new: &NewCredential) -> Result<PreparedChange, ProviderError> {
    let cardholder = under(&new.type_link, Resource::Cardholders)
        .ok_or_else(|| not_possible("a new card needs the cardholder that it is for"))?;
    let metadata = new.marker.as_ref().map(|marker| NewMetadata {
        helpdesk_ref: marker.as_str(),
        helpdesk_op: if new.replaces.is_some() { "reissue" } else { "issue" },
        helpdesk_replaces: new.replaces.as_ref().map(|old| old.as_str()),
    });
    let link = Resource::Cards.path().parse().map_err(|_| not_possible("no address for new cards"))?;
    Ok(PreparedChange { method: "POST", link, body: written(&NewCard { cardholder, metadata })? })
}

fn set_state(change: &CredentialChange, turn: &Turn, memory: &Memory) -> Result<PreparedChange, ProviderError> {
    let object = &turn.object;
    if object.id.tenant != change.holder.tenant || object.class != CredentialClass::PrintedCard {
        return Err(not_possible("the card is not one of this tenant"));
    }
    let id = under(&object.link, Resource::Cards).ok_or_else(|| not_possible("the card has no usable address"))?;
    let (from, to) = (turn.from.as_str(), turn.to.as_str());
    if from == to {
        return Err(not_possible(format!("the card is {to} already: nothing is sent")));
    }
    let way = edges(CredentialClass::PrintedCard)
        .iter()
        .find(|e| e.from == from && e.to == to && matches!(e.hand, Hand::Console(_)));
    match way.map(|edge| edge.withheld) {
        None => {
            return Err(not_possible(format!("a card that is {from} is not set to {to} from here")));
        }
        Some(Some(why)) => return Err(not_possible(why)),
        Some(None) => {}
    }
    let why = change.why.to_string();
    let mut tags = vec![("why", why.as_str())];
    if !change.note.is_empty() {
        tags.push(("note", change.note.as_str()));
    }
    // Only over a map that was just read: without one, leaving it out keeps what is there (A3).
    let metadata = memory.known(id).and_then(|before| metadata::merged(&before, &tags));
    Ok(PreparedChange {
        method: "POST",
        link: object.link.clone(),
        body: written(&NewStatus { status: to, metadata })?,
    })
}

/// The id of a link to an object of a resource.
fn under(link: &Link, resource: Resource) -> Option<&str> {
    let id = link.as_str().strip_prefix(resource.path())?.strip_prefix('/')?;
    (!id.is_empty() && !id.contains(['/', '?'])).then_some(id)
}

fn written(body: &impl Serialize) -> Result<Vec<u8>, ProviderError> {
    serde_json::to_vec(body).map_err(|e| not_possible(format!("the change cannot be written: {e}")))
}
