//! What is done to consumers, cards and digital cards, by whomever: checked against the state, written down as an
//! operation, and applied at once or when its polls have run out (contract sections 6 to 8 and 10).

use super::answer::Refusal;
use super::bank::{Bank, Card, CardState, Consumer, DigitalState};
use super::everyday::requestor_id;
use super::names::Kind;
use super::notices::Notice;
use super::operations::{Operation, Pending, Requestor, Status, Subject};
use super::rules::{Action, DEFAULT_CODE, card_after, card_takes, digital_after};
use super::switches::PendingEnd;
use super::{ISSUER, everyday};
use crate::simulator::clock::later;
use jiff::Timestamp;
use serde_json::json;

/// An act that somebody asks for.
#[derive(Clone, Debug)]
pub struct Act {
    /// To what.
    pub subject: Subject,
    /// What.
    pub action: Action,
    /// Who asks.
    pub by: Requestor,
    /// Free text.
    pub reason: Option<String>,
    /// Code.
    pub code: Option<String>,
}

/// Does an act, or accepts it as pending, and returns its operation.
pub fn perform(bank: &mut Bank, place: u32, act: Act, now: Timestamp) -> Result<Operation, Refusal> {
    let consumer = bank.at(place).ok_or_else(|| Refusal::not_found("consumer"))?.into_owned();
    let code = act.code.as_deref().unwrap_or(DEFAULT_CODE);
    check(&consumer, &act, code, &bank.switches.digital_suspend_codes, &bank.switches.digital_resume_codes)?;
    let by = (act.by, requestor_id(act.by, &consumer.id));
    let mut operation = bank.operation(act.subject.clone(), act.action.wire(), (by.0, &by.1), now);
    operation.reason.clone_from(&act.reason);
    operation.reason_code = Some(code.to_owned());
    // Only what the issuer asks for waits: the others tell the server what has happened already.
    if bank.switches.pending_polls > 0 && act.by == Requestor::Issuer {
        operation.status = Status::Pending;
        operation.pending =
            Some(Pending { polls: bank.switches.pending_polls, action: act.action, end: bank.switches.pending_end });
    }
    let made = operation.clone();
    bank.change(place, |consumer| consumer.operations.push(operation));
    if made.status == Status::Successful {
        apply(bank, place, &made, act.action, now);
    }
    notify(bank, &made, now);
    Ok(made)
}

fn check(
    consumer: &Consumer,
    act: &Act,
    code: &str,
    suspend_codes: &std::collections::BTreeSet<String>,
    resume_codes: &std::collections::BTreeSet<String>,
) -> Result<(), Refusal> {
    let takes = match (&act.subject, act.action) {
        (Subject::Consumer, _) | (Subject::Digital { .. }, Action::Delete | Action::Activate) => {
            matches!(code, "USER_DECISION" | "ISSUER_DECISION")
                || (act.action == Action::Delete && act.subject != Subject::Consumer && suspend_codes.contains(code))
        }
        (Subject::Card(_), action) => card_takes(action, code),
        (Subject::Digital { .. }, Action::Suspend) => suspend_codes.contains(code),
        (Subject::Digital { .. }, Action::Resume) => resume_codes.contains(code),
        (Subject::Digital { .. }, _) => false,
    };
    if !takes {
        return Err(Refusal::value("reasonCode"));
    }
    if consumer.deleted.is_some() {
        return Err(Refusal::forbidden("The consumer is deleted"));
    }
    let under_way = consumer.operations.iter().any(|o| o.subject == act.subject && o.pending.is_some());
    let possible = match &act.subject {
        Subject::Consumer => !under_way,
        Subject::Card(id) => {
            consumer.card(id).is_some_and(|c| card_after(c.state, &c.state_reason, act.action, code).is_some())
        }
        Subject::Digital { digital, .. } => {
            consumer.digital(digital).is_some_and(|(_, d)| digital_after(d.state, act.action).is_some())
        }
    };
    if possible && !under_way { Ok(()) } else { Err(Refusal::forbidden("The current state does not allow it")) }
}

fn apply(bank: &mut Bank, place: u32, operation: &Operation, action: Action, now: Timestamp) {
    let code = operation.reason_code.clone().unwrap_or_default();
    match &operation.subject {
        Subject::Consumer if action == Action::Delete => delete_consumer(bank, place, now),
        Subject::Consumer => {}
        Subject::Digital { digital, .. } => {
            bank.change(place, |consumer| {
                if let Some(pass) = consumer.digital_mut(digital) {
                    pass.state = digital_after(pass.state, action).unwrap_or(pass.state);
                    pass.device_told = false;
                }
            });
        }
        Subject::Card(id) => {
            let successor = (action == Action::Replace).then(|| successor(bank, place, id, now)).flatten();
            bank.change(place, |consumer| {
                let Some(card) = consumer.card_mut(id) else { return };
                let Some(state) = card_after(card.state, &card.state_reason, action, &code) else { return };
                card.state = state;
                card.updated = now;
                code_of_state(&code, state).clone_into(&mut card.state_reason);
                if action == Action::Renew {
                    card.expires = later(now, 3 * 365 * 86_400).strftime("%m%y").to_string();
                }
                if action == Action::Delete {
                    for pass in &mut card.digital {
                        pass.state = DigitalState::Deleted;
                    }
                }
                // The network keeps the digital cards linked: they belong to the new card now.
                if let Some(mut new) = successor {
                    new.digital = std::mem::take(&mut card.digital);
                    consumer.cards.push(new);
                }
            });
        }
    }
}

fn code_of_state(code: &str, state: CardState) -> &str {
    if state == CardState::Inactive { code } else { "NONE" }
}

fn successor(bank: &mut Bank, place: u32, old: &str, now: Timestamp) -> Option<Card> {
    let consumer = bank.at(place)?.into_owned();
    let card = consumer.card(old)?.clone();
    let id = bank.new_id(Kind::Card, &consumer);
    Some(Card {
        id,
        last4: bank.new_last4(),
        expires: later(now, 3 * 365 * 86_400).strftime("%m%y").to_string(),
        state: CardState::Active,
        state_reason: "NONE".to_owned(),
        created: now,
        updated: now,
        digital: Vec::new(),
        ..card
    })
}

/// Everything of the consumer goes with it; each thing has an operation of its own, without reason (contract section 11).
fn delete_consumer(bank: &mut Bank, place: u32, now: Timestamp) {
    let Some(consumer) = bank.at(place).map(std::borrow::Cow::into_owned) else { return };
    let mut children = Vec::new();
    for card in consumer.cards.iter().filter(|card| card.state != CardState::Deleted) {
        for pass in card.digital.iter().filter(|pass| pass.state != DigitalState::Deleted) {
            children.push(Subject::Digital { digital: pass.id.clone(), card: card.id.clone() });
        }
        children.push(Subject::Card(card.id.clone()));
    }
    for subject in children {
        let child = bank.operation(subject, Action::Delete.wire(), (Requestor::Issuer, ISSUER), now);
        bank.change(place, |consumer| consumer.operations.push(child));
    }
    bank.change(place, |consumer| {
        consumer.deleted = Some(now);
        for card in &mut consumer.cards {
            card.state = CardState::Deleted;
            for pass in &mut card.digital {
                pass.state = DigitalState::Deleted;
            }
        }
    });
}

/// Somebody read an operation, or what it happens to: pending ones come one poll nearer to their end.
pub fn poll(bank: &mut Bank, place: u32, read: impl Fn(&Operation) -> bool, now: Timestamp) {
    let waiting = |operation: &&mut Operation| operation.pending.is_some();
    let mut ended = Vec::new();
    // A consumer that nothing was done to stays a function of the seed.
    if bank.at(place).is_none_or(|c| !c.operations.iter().any(|o| o.pending.is_some())) {
        return;
    }
    bank.change(place, |consumer| {
        for operation in consumer.operations.iter_mut().filter(waiting) {
            if !read(operation) {
                continue;
            }
            let Some(pending) = &mut operation.pending else { continue };
            if pending.polls > 0 {
                pending.polls -= 1;
                continue;
            }
            let (action, end) = (pending.action, pending.end);
            operation.pending = None;
            operation.end = Some(now);
            operation.status = if end == PendingEnd::Failed { Status::Failed } else { Status::Successful };
            ended.push((operation.clone(), action));
        }
    });
    for (operation, action) in ended {
        if operation.status == Status::Successful {
            apply(bank, place, &operation, action, now);
        }
        notify(bank, &operation, now);
    }
}

fn notify(bank: &mut Bank, operation: &Operation, now: Timestamp) {
    let path = match &operation.subject {
        Subject::Consumer => return,
        Subject::Card(_) => format!("/notifications/d1/v2/issuers/{ISSUER}/cards"),
        Subject::Digital { digital, .. } => {
            format!("/notifications/d1/v1/issuers/{ISSUER}/digitalCards/{digital}/notifications")
        }
    };
    let how = bank.switches.notifications;
    let (operation_id, word, status) = (operation.id.clone(), operation.operation, operation.status.wire());
    bank.notices.send(Notice { path, operation_id, operation: word, status, at: now }, how);
}

/// The holder adds a card on a phone: a digital card that waits, or is in force at once.
pub fn digitize(
    bank: &mut Bank,
    place: u32,
    card_id: &str,
    device: &str,
    identified: bool,
    now: Timestamp,
) -> Result<String, String> {
    let consumer = bank.at(place).ok_or("there is no such consumer")?.into_owned();
    let card = consumer.card(card_id).ok_or("there is no such card")?;
    if consumer.deleted.is_some() || card.state != CardState::Active {
        return Err("the card is not active".into());
    }
    let id = bank.new_id(Kind::Digital, &consumer);
    let by = Requestor::Tsp;
    let mut operation = bank.operation(
        Subject::Card(card_id.to_owned()),
        "DIGITIZE",
        (by, &everyday::requestor_id(by, &consumer.id)),
        now,
    );
    operation.details = Some(json!({ "digitalCardId": id, "deviceName": device }));
    let pass = super::bank::DigitalCard {
        id: id.clone(),
        state: if identified { DigitalState::Active } else { DigitalState::PendingIdv },
        device: device.to_owned().into(),
        token_requestor: "40010075001",
        created: now,
        requestor: by,
        device_told: true,
    };
    bank.change(place, |consumer| {
        consumer.operations.push(operation);
        if let Some(card) = consumer.card_mut(card_id) {
            card.digital.push(pass);
        }
    });
    Ok(id)
}
