//! The paths of contract section 5, matched by hand: a colon in a last part is meant as it stands, and no router
//! may read it as a mark of its own.

use super::answer::{Answer, Refusal, Reply, into_response};
use super::bank::{Bank, Consumer};
use super::operations::{Operation, Subject, months_before};
use super::rules::{self, Action, is_card_id, is_correlation_id, is_long_id, is_user_id};
use super::switches::{CorrelationPattern, Mismatch, NoHistory, Remaining};
use super::{Desk, ISSUER, acts, everyday, registering, shapes, tokens};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// The two versions of the API (contract section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `/banking/v1`.
    V1,
    /// `/banking/v2`.
    V2,
}

/// A request that has passed the door: token, headers and issuer are in order.
pub struct Asked<'a> {
    /// Which version.
    pub version: Version,
    /// Name and value, decoded.
    pub query: Vec<(String, String)>,
    /// Body.
    pub body: &'a [u8],
    /// Virtual now.
    pub now: Timestamp,
}

/// All paths of this vendor.
pub fn routes(desk: Arc<Desk>) -> Router {
    Router::new().fallback(serve).with_state(desk)
}

async fn serve(
    State(desk): State<Arc<Desk>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    desk.at_once(|bank, now| {
        let form = bank.switches.error_body;
        let (version, rest) = match parts.as_slice() {
            ["authz", "v1", "oauth2", "token"] if method == Method::POST => {
                let (reply, by) = tokens::token(bank, &desk.keys, &token_form(&headers, &body), now);
                return into_response(reply, by, form);
            }
            ["banking", "v1", rest @ ..] => (Version::V1, rest),
            ["banking", "v2", rest @ ..] => (Version::V2, rest),
            _ => return into_response(Err(Refusal::no_route(404)), None, form),
        };
        let authorization = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let by = match tokens::bearer(bank, authorization, now) {
            Ok(by) => by,
            Err(refusal) => return into_response(Err(refusal), None, form),
        };
        let query = pairs(query.as_deref().unwrap_or_default().as_bytes());
        let asked = Asked { version, query, body: &body, now };
        let reply = at_the_door(bank, version, &headers).and_then(|()| dispatch(bank, &method, rest, &asked));
        into_response(reply, Some(by), form)
    })
}

/// Names and values of a query or a form.
fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let decoded = |part: &str| {
        let part = part.replace('+', " ");
        let mut bytes = Vec::with_capacity(part.len());
        let mut rest = part.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
            match hex.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| *first == b'%') {
                Some(byte) => {
                    bytes.push(byte);
                    rest = &tail[2..];
                }
                None => {
                    bytes.push(*first);
                    rest = tail;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let text = String::from_utf8_lossy(text);
    let found = text.split('&').filter(|pair| !pair.is_empty());
    found.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(n, v)| (decoded(n), decoded(v))).collect()
}

/// The fields of a token request: a form, or JSON (contract section 3).
fn token_form(headers: &HeaderMap, body: &[u8]) -> Vec<(String, String)> {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return pairs(body);
    }
    let object: Value = serde_json::from_slice(body).unwrap_or_default();
    let members = object.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// The patterns of contract section 4.
fn at_the_door(bank: &Bank, version: Version, headers: &HeaderMap) -> Result<(), Refusal> {
    let strict = version == Version::V2 || bank.switches.correlation_pattern == CorrelationPattern::Strict;
    let given = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if given("x-correlation-id").is_some_and(|id| !is_correlation_id(id, strict)) {
        return Err(Refusal::format("x-correlation-id"));
    }
    let refused = version == Version::V1 && !bank.switches.user_id_on_v1;
    if given("x-user-id").is_some_and(|id| refused || !is_user_id(id)) {
        return Err(Refusal::format("x-user-id"));
    }
    Ok(())
}

fn dispatch(bank: &mut Bank, method: &Method, parts: &[&str], asked: &Asked<'_>) -> Reply {
    let ["issuers", issuer, rest @ ..] = parts else { return Err(Refusal::no_route(404)) };
    if issuer.len() != 10 {
        return Err(Refusal::format("issuerId"));
    }
    if *issuer != ISSUER {
        return Err(match bank.switches.issuer_mismatch {
            Mismatch::NotFound => Refusal::not_found("issuer"),
            Mismatch::Forbidden => Refusal::forbidden("Another issuer"),
        });
    }
    let absent =
        |name: &str| bank.switches.absent.contains(name).then(|| Refusal::no_route(bank.switches.absent_status));
    let has = |name: &str| absent(name).map_or(Ok(()), Err);
    let (v1, v2) = (asked.version == Version::V1, asked.version == Version::V2);
    let (get, post, put) = (method == Method::GET, method == Method::POST, method == Method::PUT);
    match rest {
        ["consumers", id] if put => {
            has("C1").and_then(|()| registering::register(bank, checked(id, "consumerId")?, asked))
        }
        ["consumers", id, "cards"] if put && v1 => {
            has("C2").and_then(|()| registering::register_cards(bank, checked(id, "consumerId")?, asked))
        }
        ["consumers", id] if get && v2 => {
            has("C3")?;
            let place = consumer_place(bank, id)?;
            bank.at(place)
                .map_or(Err(Refusal::not_found("consumer")), |c| Ok(Answer::read(shapes::consumer(&c, &bank.switches))))
        }
        ["consumers", id, "cards"] if get => {
            has("C8")?;
            let place = consumer_place(bank, id)?;
            let consumer = bank.at(place).ok_or_else(|| Refusal::not_found("consumer"))?;
            let cards: Vec<Value> = consumer.cards.iter().map(|c| shapes::card(&consumer, c, &bank.switches)).collect();
            Ok(Answer::read(json!({ "cards": cards })))
        }
        ["consumers", id, "operations"] if get && v1 => {
            has("C6")?;
            history(bank, checked(id, "consumerId")?, asked)
        }
        ["consumers", id, "operations", operation] if get && v1 => {
            has("C7")?;
            let id = checked(id, "consumerId")?;
            let place = bank.place(id).ok_or_else(|| Refusal::not_found("consumer"))?;
            one_operation(bank, place, checked(operation, "operationId")?, asked, |s| *s == Subject::Consumer)
        }
        ["consumers", id, last] if post => {
            let action = action_of(last, &[Action::Delete, Action::Update])?;
            let id = checked(id, "consumerId")?;
            if action == Action::Update {
                return if v2 {
                    has("C4").and_then(|()| registering::update(bank, id, asked))
                } else {
                    Err(Refusal::no_route(404))
                };
            }
            has("C5")?;
            let place = bank.place(id).ok_or_else(|| Refusal::not_found("consumer"))?;
            act(bank, place, Subject::Consumer, action, asked, false)
        }
        ["cards", id, rest @ ..] => {
            let id = if is_card_id(id) { *id } else { return Err(Refusal::format("cardId")) };
            let place = bank.place_of_card(id);
            let known = || place.ok_or_else(|| Refusal::not_found("card"));
            let own = Subject::Card(id.to_owned());
            match rest {
                [] if get => {
                    has("K1")?;
                    let place = known()?;
                    acts::poll(bank, place, |o| o.subject == own, asked.now);
                    one_card(bank, place, id)
                }
                ["digitalCards"] if get && v1 => {
                    has("T6")?;
                    let consumer = bank.at(known()?).ok_or_else(|| Refusal::not_found("card"))?;
                    let card = consumer.card(id).ok_or_else(|| Refusal::not_found("card"))?;
                    let passes: Vec<Value> =
                        card.digital.iter().map(|d| shapes::digital(card, d, &bank.switches)).collect();
                    Ok(Answer::read(json!({ "digitalCards": passes })))
                }
                ["operations"] if get && v1 => {
                    has("K5")?;
                    let place = known()?;
                    let below = bank.switches.card_lists_digital;
                    let wanted = |subject: &Subject| {
                        *subject == own || (below && matches!(subject, Subject::Digital { card, .. } if card == id))
                    };
                    acts::poll(bank, place, |o| wanted(&o.subject), asked.now);
                    let consumer = bank.at(place).ok_or_else(|| Refusal::not_found("card"))?;
                    page(bank, &bank.shown(&consumer, asked.now, wanted), asked)
                }
                ["operations", operation] if get && v1 => {
                    has("K5")?;
                    let place = known()?;
                    one_operation(bank, place, checked(operation, "operationId")?, asked, |s| match s {
                        Subject::Card(card) | Subject::Digital { card, .. } => card == id,
                        Subject::Consumer => false,
                    })
                }
                ["3ds", "operations"] if get && v1 => {
                    has("K6")?;
                    let consumer = bank.at(known()?).ok_or_else(|| Refusal::not_found("card"))?;
                    let from = months_before(asked.now, 12);
                    page(bank, &everyday::three_ds(bank, &consumer, id, from, asked.now), asked)
                }
                [last] if post => {
                    let possible = [Action::Suspend, Action::Resume, Action::Delete, Action::Renew, Action::Replace];
                    let action = action_of(last, &possible)?;
                    let replaces = action == Action::Replace;
                    has(if replaces { "K4" } else { "K3" })?;
                    if replaces && v1 {
                        return Err(Refusal::no_route(404));
                    }
                    act(bank, known()?, own.clone(), action, asked, false)
                }
                _ => Err(Refusal::no_route(404)),
            }
        }
        ["digitalCards", id, rest @ ..] if v1 => {
            let id = checked(id, "digitalCardId")?;
            let place = bank.place_of_digital(id);
            let known = || place.ok_or_else(|| Refusal::not_found("digital card"));
            match rest {
                [] if get => {
                    has("T4")?;
                    let place = known()?;
                    acts::poll(bank, place, |o| is_about_digital(&o.subject, id), asked.now);
                    let consumer = bank.at(place).ok_or_else(|| Refusal::not_found("digital card"))?;
                    let (card, pass) = consumer.digital(id).ok_or_else(|| Refusal::not_found("digital card"))?;
                    Ok(Answer::read(shapes::digital(card, pass, &bank.switches)))
                }
                ["operations", operation] if get => {
                    has("T5")?;
                    let place = known()?;
                    one_operation(bank, place, checked(operation, "operationId")?, asked, |s| is_about_digital(s, id))
                }
                [last] if post => {
                    let all = [Action::Suspend, Action::Resume, Action::Delete, Action::Activate];
                    let action = action_of(last, if bank.switches.activation { &all } else { &all[..3] })?;
                    has(match action {
                        Action::Suspend => "T1",
                        Action::Resume => "T2",
                        _ => "T3",
                    })?;
                    let place = known()?;
                    let consumer = bank.at(place).ok_or_else(|| Refusal::not_found("digital card"))?;
                    let (card, _) = consumer.digital(id).ok_or_else(|| Refusal::not_found("digital card"))?;
                    let subject = Subject::Digital { digital: id.to_owned(), card: card.id.clone() };
                    drop(consumer);
                    act(bank, place, subject, action, asked, true)
                }
                _ => Err(Refusal::no_route(404)),
            }
        }
        _ => Err(Refusal::no_route(404)),
    }
}

fn is_about_digital(subject: &Subject, id: &str) -> bool {
    matches!(subject, Subject::Digital { digital, .. } if digital == id)
}

fn checked<'a>(id: &'a str, field: &str) -> Result<&'a str, Refusal> {
    if is_long_id(id) { Ok(id) } else { Err(Refusal::format(field)) }
}

fn action_of(last: &str, possible: &[Action]) -> Result<Action, Refusal> {
    let action = last.strip_prefix("operations:").and_then(Action::of_word);
    action.filter(|action| possible.contains(action)).ok_or_else(|| Refusal::no_route(404))
}

/// The place of a consumer that can be read; a deleted one can.
fn consumer_place(bank: &Bank, id: &str) -> Result<u32, Refusal> {
    bank.place(checked(id, "consumerId")?).ok_or_else(|| Refusal::not_found("consumer"))
}

fn one_card(bank: &Bank, place: u32, id: &str) -> Reply {
    let consumer = bank.at(place).ok_or_else(|| Refusal::not_found("card"))?;
    let card = consumer.card(id).ok_or_else(|| Refusal::not_found("card"))?;
    Ok(Answer::read(shapes::card(&consumer, card, &bank.switches)))
}

/// A consumer's own operations (C6).
fn history(bank: &mut Bank, id: &str, asked: &Asked<'_>) -> Reply {
    let place = bank.place(id);
    let readable = |consumer: &Consumer| consumer.deleted.is_none() || bank.switches.history_of_deleted;
    let Some(place) = place.filter(|place| bank.at(*place).is_some_and(|c| readable(&c))) else {
        return match bank.switches.no_history {
            NoHistory::Empty => page(bank, &[], asked),
            NoHistory::NotFound => Err(Refusal::not_found("consumer")),
            NoHistory::Forbidden => Err(Refusal::forbidden("The consumer is not registered")),
        };
    };
    acts::poll(bank, place, |o| o.subject == Subject::Consumer, asked.now);
    let consumer = bank.at(place).ok_or_else(|| Refusal::not_found("consumer"))?;
    page(bank, &bank.shown(&consumer, asked.now, |subject| *subject == Subject::Consumer), asked)
}

fn one_operation(bank: &mut Bank, place: u32, id: &str, asked: &Asked<'_>, wanted: impl Fn(&Subject) -> bool) -> Reply {
    acts::poll(bank, place, |o| o.id == id, asked.now);
    let consumer = bank.at(place).ok_or_else(|| Refusal::not_found("operation"))?;
    let readable = consumer.deleted.is_none() || bank.switches.history_of_deleted;
    let found = bank.shown(&consumer, asked.now, wanted).into_iter().find(|o| o.id == id).filter(|_| readable);
    let found = found.ok_or_else(|| Refusal::not_found("operation"))?;
    Ok(Answer::read(shapes::operation(&found, &bank.switches)))
}

/// A page of a list, the newest first (contract section 6.2).
fn page(bank: &Bank, all: &[Operation], asked: &Asked<'_>) -> Reply {
    let number = |name: &str, usual: usize| match asked.query.iter().find(|(n, _)| n == name) {
        None => Ok(usual),
        Some((_, text)) => text.parse::<usize>().map_err(|_| Refusal::format(name)),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", 10)?);
    if !(1..=50).contains(&limit) {
        return Err(Refusal::value("limit"));
    }
    let items: Vec<Value> =
        all.iter().skip(offset).take(limit).map(|one| shapes::listed(one, &bank.switches)).collect();
    let older = all.len().saturating_sub(offset + items.len());
    let mut body = json!({});
    match bank.switches.remaining_operations {
        Remaining::Older => body["remainingOperations"] = older.into(),
        Remaining::All => body["remainingOperations"] = all.len().into(),
        Remaining::Absent => {}
    }
    body[bank.switches.operations_name.as_str()] = items.into();
    if bank.switches.extra_fields {
        body["generatedBy"] = "a version to come".into();
    }
    Ok(Answer::read(body))
}

/// A lifecycle action: `{reason?, reasonCode?}`; on digital cards nothing else may stand in the body.
fn act(bank: &mut Bank, place: u32, subject: Subject, action: Action, asked: &Asked<'_>, closed: bool) -> Reply {
    let body = object_of(asked.body)?;
    if let (true, Some(stray)) = (closed, body.keys().find(|name| !matches!(name.as_str(), "reason" | "reasonCode"))) {
        return Err(Refusal::format(stray));
    }
    let text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::format(name)),
    };
    let (reason, code) = (text("reason")?, text("reasonCode")?);
    if reason.as_deref().is_some_and(|reason| !rules::is_reason(reason)) {
        return Err(Refusal::format("reason"));
    }
    let by = super::operations::Requestor::Issuer;
    let done = acts::perform(bank, place, acts::Act { subject, action, by, reason, code }, asked.now)?;
    if bank.switches.empty_success {
        return Ok(Answer::done());
    }
    let mut answer = json!({});
    if bank.switches.operation_id {
        answer["operationId"] = done.id.as_str().into();
    }
    if bank.switches.write_status || closed {
        answer["status"] = done.status.wire().into();
    }
    if bank.switches.extra_fields {
        answer["x-later-addition"] = true.into();
    }
    Ok(Answer::done_with(answer))
}

/// A body that is an object, or nothing.
pub fn object_of(body: &[u8]) -> Result<serde_json::Map<String, Value>, Refusal> {
    if body.is_empty() {
        return Ok(serde_json::Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Refusal::unparsed()),
    }
}
