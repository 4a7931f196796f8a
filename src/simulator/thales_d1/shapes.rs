//! Objects as the server writes them (contract sections 6 to 8), in the form that the switches ask for.

use super::bank::{Card, CardState, Consumer, DigitalCard, DigitalState};
use super::operations::{Operation, Status, Subject};
use super::switches::{ListItem, MemberNames, Switches, TimeForm};
use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use serde_json::{Value, json};

/// A moment on the wire.
pub fn time(at: Timestamp, form: TimeForm) -> String {
    match form {
        TimeForm::Millis => at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        TimeForm::Seconds => at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        TimeForm::Offset => {
            at.to_zoned_datetime(TimeZone::fixed(offset(2))).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
        }
    }
}

fn extra(object: &mut Value, switches: &Switches) {
    if switches.extra_fields {
        object["x-later-addition"] = json!({ "since": "a version to come" });
    }
}

/// True for one object in three, when words that nobody knows are wished for.
fn odd(id: &str, switches: &Switches) -> bool {
    switches.unknown_words && id.bytes().map(u32::from).sum::<u32>().is_multiple_of(3)
}

/// A whole operation.
pub fn operation(operation: &Operation, switches: &Switches) -> Value {
    let word = if odd(&operation.id, switches) { "TELEPORT" } else { operation.operation };
    let mut object = json!({
        "operationId": operation.id,
        "operation": word,
        "status": operation.status.wire(),
        "startTime": time(operation.start, switches.time_form),
        "requestorType": operation.requestor.wire(),
        "requestorId": operation.requestor_id,
    });
    if let Some(end) = operation.end {
        object["endTime"] = time(end, switches.time_form).into();
    }
    if let Some(reason) = &operation.reason {
        object["reason"] = reason.as_str().into();
    }
    if let Some(code) = &operation.reason_code {
        object["reasonCode"] = code.as_str().into();
    }
    let mut details = operation.details.clone();
    if let (Subject::Digital { digital, .. }, None) = (&operation.subject, &details) {
        details = Some(json!({ "digitalCardId": digital }));
    }
    if switches.odd_details && !operation.id.is_empty() {
        details = Some(match operation.id.len() + operation.id.bytes().map(usize::from).sum::<usize>() {
            n if n.is_multiple_of(3) => json!(["a", { "list": [1, 2, 3] }]),
            n if n % 3 == 1 => json!("only words"),
            _ => json!({ "deep": { "deeper": [null, true, 1.5] } }),
        });
    }
    if let Some(details) = details {
        object["details"] = details;
    }
    if operation.status == Status::Failed {
        object["errorCode"] = "TSP_REFUSED".into();
        object["error"] = "The token service did not accept the request".into();
    }
    extra(&mut object, switches);
    object
}

/// An operation in a list.
pub fn listed(one: &Operation, switches: &Switches) -> Value {
    match switches.list_item {
        ListItem::Whole => operation(one, switches),
        ListItem::Short => json!({ "operationId": one.id, "operation": one.operation }),
    }
}

/// A card (K1).
pub fn card(consumer: &Consumer, card: &Card, switches: &Switches) -> Value {
    let state = match card.state {
        CardState::Active => "ACTIVE",
        CardState::Inactive => "INACTIVE",
        CardState::Expired => "EXPIRED",
        CardState::Deleted => "DELETED",
        CardState::Replaced => "REPLACED",
    };
    let state = if odd(&card.id, switches) { "IN_LIMBO" } else { state };
    let mut object = json!({
        "consumerId": consumer.id,
        "cardId": card.id,
        "cardProductId": card.product,
        "threeDSsupport": true,
        "createdTime": time(card.created, switches.time_form),
        "updatedTime": time(card.updated, switches.time_form),
        "stateReason": card.state_reason,
        "ongoingOperation": "NONE",
    });
    let names = match switches.member_names {
        MemberNames::Short => ["scheme", "last4", "exp", "state"],
        MemberNames::Long => ["cardScheme", "lastFourDigits", "expiryDate", "cardState"],
    };
    for (name, value) in names.into_iter().zip([card.scheme, &card.last4, &card.expires, state]) {
        object[name] = value.into();
    }
    extra(&mut object, switches);
    object
}

/// A digital card (T4).
pub fn digital(card: &Card, pass: &DigitalCard, switches: &Switches) -> Value {
    let state = match pass.state {
        DigitalState::PendingIdv => "PENDING_IDV",
        DigitalState::Active => "ACTIVE",
        DigitalState::Suspended if switches.suspended_reads_inactive => "INACTIVE",
        DigitalState::Suspended => "SUSPENDED",
        DigitalState::Deleted => "DELETED",
    };
    let state = if odd(&pass.id, switches) { "IN_LIMBO" } else { state };
    let mut object = json!({
        "digitalCardId": pass.id,
        "cardId": card.id,
        "deviceName": pass.device,
        "deviceType": if pass.device.contains("Watch") { "WATCH" } else { "PHONE" },
        "tokenRequestorId": pass.token_requestor,
        "createdTime": time(pass.created, switches.time_form),
    });
    let names = match switches.member_names {
        MemberNames::Short => ["scheme", "last4", "exp", "state"],
        MemberNames::Long => ["cardScheme", "lastFourDigits", "expiryDate", "digitalCardState"],
    };
    for (name, value) in names.into_iter().zip([card.scheme, &card.last4, &card.expires, state]) {
        object[name] = value.into();
    }
    extra(&mut object, switches);
    object
}

/// A consumer (C3): the server may hold nothing but the id.
pub fn consumer(consumer: &Consumer, switches: &Switches) -> Value {
    let mut object = json!({ "consumerId": consumer.id });
    object["state"] = if consumer.deleted.is_some() { "DELETED" } else { "REGISTERED" }.into();
    if switches.personal_data {
        for (name, value) in &consumer.data {
            object[name] = value.clone();
        }
    }
    extra(&mut object, switches);
    object
}
