//! The judge and the controls of this vendor, in-process; the control port offers the same over HTTP.

use super::acts::{self, Act};
use super::bank::{Bank, Consumer};
use super::notices::Notice;
use super::operations::{Operation, Requestor, Subject};
use super::rules::Action;
use super::switches::Switches;
use super::{Desk, everyday};
use crate::simulator::front::Front;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One consumer in the list that the issuer gives its helpdesk (contract section 12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DirectoryRow {
    /// Consumer.
    pub consumer_id: String,
    /// Her cards.
    pub card_ids: Vec<String>,
    /// The digital cards of all of them.
    pub digital_card_ids: Vec<String>,
    /// Name.
    pub display_name: String,
    /// Employee number.
    pub customer_ref: String,
    /// Last digits of the first card.
    pub last4: String,
}

/// An act of somebody else (contract section 13).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignAct {
    /// Id of a consumer, a card or a digital card.
    pub on: String,
    /// `suspend`, `resume`, `delete`, `activate`, `renew` or `replace`; or any type of operation in capitals, which
    /// then is only written down.
    pub operation: String,
    /// Who.
    pub by: Requestor,
    /// Free text.
    #[serde(default)]
    pub reason: Option<String>,
    /// Code.
    #[serde(default)]
    pub code: Option<String>,
}

/// The holder adds a card on a phone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPhone {
    /// The card.
    pub card: String,
    /// The phone.
    pub device: String,
    /// True: it is in force at once; false: it waits for identification.
    #[serde(default)]
    pub identified: bool,
}

/// Types of operations that somebody else may leave behind without an effect.
const LEFT_BEHIND: &[&str] = &[
    "SUSPEND",
    "RESUME",
    "REGISTER",
    "ENROLL_AUTHN",
    "DELETE_AUTHN",
    "CLICK_TO_PAY_UPDATE",
    "DISPLAY",
    "VERIFY",
    "PRODUCE",
    "PIN_CHANGE",
    "RENEW",
    "UPDATE_ORDER",
];

/// The judge of the simulated issuer's server.
#[derive(Clone, Debug)]
pub struct D1Handle(pub(in crate::simulator) Arc<Desk>);

impl D1Handle {
    /// Door, faults and log.
    pub fn front(&self) -> &Arc<Front> {
        &self.0.front
    }

    /// The switches in force.
    pub fn switches(&self) -> Switches {
        self.0.at_once(|bank, _| bank.switches.clone())
    }

    /// Puts other switches in force.
    pub fn set_switches(&self, switches: Switches) {
        self.0.at_once(|bank, _| bank.switches = switches);
    }

    /// Changes some switches, by name.
    ///
    /// # Errors
    /// If a name or value is none.
    pub fn change_switches(&self, changes: &serde_json::Value) -> Result<Switches, String> {
        let changes = changes.as_object().ok_or("give an object of switches")?;
        self.0.at_once(|bank, _| {
            let mut all = serde_json::to_value(&bank.switches).map_err(|e| e.to_string())?;
            if let Some(all) = all.as_object_mut() {
                all.extend(changes.clone());
            }
            let new: Switches = serde_json::from_value(all).map_err(|e| e.to_string())?;
            new.defect().map_or(Ok(()), Err)?;
            bank.switches = new.clone();
            Ok(new)
        })
    }

    /// Virtual now.
    pub fn now(&self) -> Timestamp {
        self.0.front.clock.now()
    }

    /// The consumer that a person of the world is: her place, as in `Population`.
    pub fn consumer_of(&self, index: u32) -> Option<Consumer> {
        self.0.at_once(|bank, _| bank.at(index).map(std::borrow::Cow::into_owned))
    }

    /// A consumer as it really is.
    pub fn consumer(&self, id: &str) -> Option<Consumer> {
        self.0.at_once(|bank, _| bank.at(bank.place(id)?).map(std::borrow::Cow::into_owned))
    }

    /// Everything that happened to a consumer, her cards and digital cards, the newest first, also what the server
    /// does not show any more.
    pub fn happened(&self, id: &str, from: Timestamp, to: Timestamp) -> Vec<Operation> {
        self.0.at_once(|bank, _| {
            let consumer = bank.place(id).and_then(|place| bank.at(place));
            consumer.map(|consumer| bank.happened(&consumer, from, to)).unwrap_or_default()
        })
    }

    /// Somebody else acts.
    ///
    /// # Errors
    /// If there is no such thing, or its state forbids it.
    pub fn foreign(&self, wish: &ForeignAct) -> Result<Operation, String> {
        self.0.at_once(|bank, now| {
            let (place, subject) = find(bank, &wish.on).ok_or_else(|| format!("there is no {}", wish.on))?;
            if let Some(action) = Action::of_word(&wish.operation) {
                let (reason, code) = (wish.reason.clone(), wish.code.clone());
                let act = Act { subject, action, by: wish.by, reason, code };
                return acts::perform(bank, place, act, now).map_err(|refusal| format!("{refusal:?}"));
            }
            let word = LEFT_BEHIND.iter().find(|word| **word == wish.operation);
            let word = word.ok_or_else(|| format!("{:?} is no type of operation", wish.operation))?;
            let consumer_id = bank.at(place).map(|c| c.id.clone()).unwrap_or_default();
            let by = everyday::requestor_id(wish.by, &consumer_id);
            let mut operation = bank.operation(subject, word, (wish.by, &by), now);
            (operation.reason, operation.reason_code) = (wish.reason.clone(), wish.code.clone());
            bank.change(place, |consumer| consumer.operations.push(operation.clone()));
            Ok(operation)
        })
    }

    /// The holder adds a card on a new phone; the id of the digital card.
    ///
    /// # Errors
    /// If there is no such card, or it is not active.
    pub fn new_phone(&self, wish: &NewPhone) -> Result<String, String> {
        self.0.at_once(|bank, now| {
            let place = bank.place_of_card(&wish.card).ok_or_else(|| format!("there is no {}", wish.card))?;
            acts::digitize(bank, place, &wish.card, &wish.device, wish.identified, now)
        })
    }

    /// What the issuer would have been told by now.
    pub fn notices(&self) -> Vec<Notice> {
        self.0.at_once(|bank, now| bank.notices.arrived(now))
    }

    /// All consumers as the issuer lists them for its helpdesk.
    pub fn directory(&self) -> Vec<DirectoryRow> {
        self.0.at_once(|bank, _| {
            let rows = bank.places().into_iter().filter_map(|index| {
                let consumer = bank.at(index)?;
                let known = index < bank.population.count;
                let (first, last) = if known { bank.population.names(index) } else { ("", "") };
                Some(DirectoryRow {
                    card_ids: consumer.cards.iter().map(|card| card.id.clone()).collect(),
                    digital_card_ids: consumer.cards.iter().flat_map(|c| &c.digital).map(|d| d.id.clone()).collect(),
                    display_name: format!("{first} {last}").trim().to_owned(),
                    customer_ref: if known { bank.population.employee_number(index) } else { String::new() },
                    last4: consumer.cards.first().map(|card| card.last4.clone()).unwrap_or_default(),
                    consumer_id: consumer.id.clone(),
                })
            });
            rows.collect()
        })
    }
}

fn find(bank: &Bank, id: &str) -> Option<(u32, Subject)> {
    if let Some(place) = bank.place(id) {
        return Some((place, Subject::Consumer));
    }
    if let Some(place) = bank.place_of_card(id) {
        return Some((place, Subject::Card(id.to_owned())));
    }
    let place = bank.place_of_digital(id)?;
    let consumer = bank.at(place)?;
    let (card, _) = consumer.digital(id)?;
    Some((place, Subject::Digital { digital: id.to_owned(), card: card.id.clone() }))
}
