//! Consumers and their cards as the issuer's own systems register them (contract section 5, C1, C2 and C4).

use super::answer::{Answer, Refusal, Reply};
use super::bank::{Bank, Card, CardState};
use super::operations::{Requestor, Subject};
use super::routes::{Asked, Version, object_of};
use super::rules::{is_card_id, is_language};
use super::{ISSUER, operations::Operation};
use serde_json::{Map, Value};

/// What the server holds of a consumer; anything else in a body is passed over.
const DATA: &[&str] = &["language", "firstName", "lastName", "email", "mobilePhoneNumber", "address"];

/// C1: a consumer that is there is left as it is.
pub fn register(bank: &mut Bank, id: &str, asked: &Asked<'_>) -> Reply {
    let body = object_of(asked.body)?;
    let data = if asked.version == Version::V2 { own_data(&body)? } else { Map::new() };
    let place = place_for(bank, id, asked)?;
    bank.change(place, |consumer| consumer.data.extend(data));
    Ok(Answer::done())
}

/// C2: a consumer with cards; called again, it adds the cards that are new.
pub fn register_cards(bank: &mut Bank, id: &str, asked: &Asked<'_>) -> Reply {
    let body = object_of(asked.body)?;
    let listed = body.get("cards").and_then(Value::as_array).ok_or_else(|| Refusal::format("cards"))?;
    let mut ids = Vec::new();
    for card in listed {
        let card_id = card.get("cardId").and_then(Value::as_str).filter(|id| is_card_id(id));
        ids.push(card_id.ok_or_else(|| Refusal::format("cardId"))?.to_owned());
    }
    let place = place_for(bank, id, asked)?;
    for card_id in ids {
        match bank.place_of_card(&card_id) {
            Some(owner) if owner != place => return Err(Refusal::forbidden("The card belongs to another consumer")),
            Some(_) => continue,
            None => {}
        }
        let card = Card {
            id: card_id.clone(),
            product: "classic".to_owned(),
            scheme: "VISA",
            last4: bank.new_last4(),
            expires: "0129".to_owned(),
            state: CardState::Active,
            state_reason: "NONE".to_owned(),
            created: asked.now,
            updated: asked.now,
            digital: Vec::new(),
        };
        bank.name_card(&card_id, place);
        bank.change(place, |consumer| consumer.cards.push(card));
        note(bank, place, Subject::Card(card_id), "REGISTER", asked);
    }
    Ok(Answer::done())
}

/// C4: other data of a consumer.
pub fn update(bank: &mut Bank, id: &str, asked: &Asked<'_>) -> Reply {
    let data = own_data(&object_of(asked.body)?)?;
    let place = bank.place(id).ok_or_else(|| Refusal::not_found("consumer"))?;
    if bank.at(place).is_some_and(|consumer| consumer.deleted.is_some()) {
        return Err(Refusal::forbidden("The consumer is deleted"));
    }
    bank.change(place, |consumer| consumer.data.extend(data));
    let done = note(bank, place, Subject::Consumer, "UPDATE", asked);
    Ok(Answer::done_with(serde_json::json!({ "operationId": done.id, "status": done.status.wire() })))
}

fn own_data(body: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    if body.get("language").is_some_and(|l| !l.as_str().is_some_and(is_language)) {
        return Err(Refusal::format("language"));
    }
    Ok(body.iter().filter(|(name, _)| DATA.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect())
}

/// The place of a consumer to be registered: hers if she is there, a new one if not. A deleted id is refused, or
/// taken up again where the server allows that (contract section 6).
fn place_for(bank: &mut Bank, id: &str, asked: &Asked<'_>) -> Result<u32, Refusal> {
    let place = match bank.place(id) {
        Some(place) if bank.at(place).is_some_and(|c| c.deleted.is_none()) => return Ok(place),
        Some(_) if !bank.switches.id_reuse => {
            return Err(Refusal::forbidden("The id was used by a consumer that was deleted"));
        }
        Some(place) => {
            bank.change(place, |consumer| {
                (consumer.deleted, consumer.registered) = (None, asked.now);
                consumer.data.clear();
            });
            place
        }
        None => bank.register(id, asked.now),
    };
    note(bank, place, Subject::Consumer, "REGISTER", asked);
    Ok(place)
}

fn note(bank: &mut Bank, place: u32, subject: Subject, word: &'static str, asked: &Asked<'_>) -> Operation {
    let operation = bank.operation(subject, word, (Requestor::Issuer, ISSUER), asked.now);
    bank.change(place, |consumer| consumer.operations.push(operation.clone()));
    operation
}
