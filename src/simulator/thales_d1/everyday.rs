//! What happens to consumers and cards without anybody of the console: holders, the vendor's own desk, card networks
//! and the vendor, in the months before the start and ever after, as a function of the seed and the week.

use super::bank::{Bank, Consumer, PURPOSE};
use super::operations::{Operation, Requestor, Status, Subject};
use super::{CCI_AGENT, ISSUER};
use crate::simulator::clock::later;
use crate::simulator::population::{HOLDER_OF_8841, spread};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const WEEK: i64 = 7 * 86_400;
/// Operations begin so many weeks before the start: seven months and some days.
const WEEKS_BEFORE: i64 = 31;

/// Kinds of things that happen to a consumer.
const TO_CONSUMER: &[(&str, Requestor)] = &[
    ("ENROLL_AUTHN", Requestor::User),
    ("DELETE_AUTHN", Requestor::User),
    ("CLICK_TO_PAY_UPDATE", Requestor::User),
    ("SUSPEND", Requestor::Cci),
    ("RESUME", Requestor::Issuer),
];

/// Kinds of things that happen to a card.
const TO_CARD: &[(&str, Requestor)] = &[
    ("DISPLAY", Requestor::User),
    ("VERIFY", Requestor::Tsp),
    ("PIN_DISPLAY", Requestor::User),
    ("CARDHOLDER_VERIFICATION", Requestor::Tsp),
    ("RENEW", Requestor::D1),
    ("PIN_CHANGE", Requestor::Cci),
    ("PUSH", Requestor::User),
    ("CLICK_TO_PAY_ENROLMENT", Requestor::Issuer),
];

/// Registrations, and the digital cards that existed at the start.
pub fn beginnings(bank: &Bank, consumer: &Consumer) -> Vec<Operation> {
    let id = |purpose: u32| format!("op-{:016x}", bank.population.draw(consumer.index, PURPOSE + purpose));
    let blank = |id: String, subject: Subject, operation: &'static str, by: Requestor, start: Timestamp| Operation {
        id,
        subject,
        operation,
        status: Status::Successful,
        start,
        end: Some(later(start, 1)),
        requestor: by,
        requestor_id: requestor_id(by, &consumer.id),
        reason: None,
        reason_code: None,
        details: None,
        pending: None,
    };
    let mut made = vec![blank(id(3), Subject::Consumer, "REGISTER", Requestor::Issuer, consumer.registered)];
    // Cards and digital cards that came later bring their own operation.
    for (nth, card) in (0..).zip(&bank.from_the_start(consumer.index).cards) {
        made.push(blank(id(512 + nth), Subject::Card(card.id.clone()), "REGISTER", Requestor::Issuer, card.created));
        for (pass, digital) in (0..).zip(&card.digital) {
            let mut one = blank(
                id(1_024 + 64 * nth + pass),
                Subject::Card(card.id.clone()),
                "DIGITIZE",
                digital.requestor,
                digital.created,
            );
            one.details = Some(json!({ "digitalCardId": digital.id, "deviceName": digital.device }));
            made.push(one);
        }
    }
    made
}

/// Who is named as the one who asked (contract section 6.3).
pub fn requestor_id(by: Requestor, consumer_id: &str) -> String {
    match by {
        Requestor::Issuer => ISSUER.to_owned(),
        Requestor::User => consumer_id.to_owned(),
        Requestor::Cci => CCI_AGENT.to_owned(),
        Requestor::Tsp => "VTS".to_owned(),
        Requestor::D1 => "D1".to_owned(),
    }
}

/// What happens from one moment to another. One consumer has so many operations that they fill several pages.
pub fn between(bank: &Bank, consumer: &Consumer, from: Timestamp, to: Timestamp) -> Vec<Operation> {
    let start = bank.population.start();
    let week_of = |at: Timestamp| at.as_second().saturating_sub(start.as_second()).div_euclid(WEEK);
    let (first, last) = (week_of(from).max(-WEEKS_BEFORE), week_of(to));
    let busy = consumer.index == HOLDER_OF_8841;
    let mut made = Vec::new();
    for week in first..=last {
        for slot in 0..if busy { 8 } else { 1 } {
            let own = spread(bank.population.draw(consumer.index, PURPOSE + 8_192) ^ spread((week * 16 + slot) as u64));
            if !busy && own % 100 >= 55 {
                continue;
            }
            let seconds = week * WEEK + ((own >> 8) % WEEK as u64) as i64;
            let at = later(start, seconds);
            let at = at.checked_add(SignedDuration::from_millis(((own >> 40) % 1_000) as i64)).unwrap_or(at);
            made.push(one(consumer, own, at));
        }
    }
    made
}

fn one(consumer: &Consumer, own: u64, at: Timestamp) -> Operation {
    let kind = spread(own);
    let own_card = consumer.cards.first().filter(|_| kind.is_multiple_of(2));
    let (subject, (operation, by)) = match own_card {
        Some(card) => (Subject::Card(card.id.clone()), TO_CARD[(kind >> 8) as usize % TO_CARD.len()]),
        None => (Subject::Consumer, TO_CONSUMER[(kind >> 8) as usize % TO_CONSUMER.len()]),
    };
    let failed = (kind >> 20).is_multiple_of(12);
    let by_desk = matches!(by, Requestor::Cci | Requestor::Issuer);
    Operation {
        id: format!("op-{own:016x}"),
        subject,
        operation,
        status: if failed { Status::Failed } else { Status::Successful },
        start: at,
        end: (kind >> 24).is_multiple_of(2).then(|| later(at, 1)),
        requestor: by,
        requestor_id: requestor_id(by, &consumer.id),
        reason: by_desk.then(|| format!("call {}", 10_000 + (kind >> 32) % 90_000)),
        reason_code: by_desk.then(|| if by == Requestor::Cci { "USER_DECISION" } else { "ISSUER_DECISION" }.to_owned()),
        details: details_of(operation),
        pending: None,
    }
}

fn details_of(operation: &str) -> Option<Value> {
    match operation {
        "ENROLL_AUTHN" | "DELETE_AUTHN" => Some(json!({ "authenticatorType": "PASSKEY", "deviceName": "Phone" })),
        "CLICK_TO_PAY_UPDATE" | "CLICK_TO_PAY_ENROLMENT" => {
            Some(json!({ "scheme": "VISA", "consumerStatus": "ENROLLED" }))
        }
        _ => None,
    }
}

/// The 3-D Secure history of a card: kept one year (contract section 5, K6).
pub fn three_ds(bank: &Bank, consumer: &Consumer, card_id: &str, from: Timestamp, to: Timestamp) -> Vec<Operation> {
    let start = bank.population.start();
    let week_of = |at: Timestamp| at.as_second().saturating_sub(start.as_second()).div_euclid(WEEK);
    let mut made = Vec::new();
    for week in week_of(from)..=week_of(to) {
        let own = spread(bank.population.draw(consumer.index, PURPOSE + 8_193) ^ spread(week as u64));
        let at = later(start, week * WEEK + ((own >> 8) % WEEK as u64) as i64);
        if own % 100 >= 40 || at < from || at > to {
            continue;
        }
        made.push(Operation {
            id: format!("op-{own:016x}"),
            subject: Subject::Card(card_id.to_owned()),
            operation: "AUTHENTICATION",
            status: if (own >> 40).is_multiple_of(9) { Status::Failed } else { Status::Successful },
            start: at,
            end: Some(later(at, 20)),
            requestor: Requestor::User,
            requestor_id: consumer.id.clone(),
            reason: None,
            reason_code: None,
            details: Some(json!({ "merchantName": "Harbour Books", "amount": 1_990, "currency": "EUR" })),
            pending: None,
        });
    }
    super::operations::newest_first(&mut made);
    made
}
