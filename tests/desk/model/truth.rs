//! The passes of a person as they truly are, in one form for all vendors: what the judges of the simulator show, and no
//! vendor does.

use crate::indoors::House;
use passdesk::domain::credential::System;
use passdesk::domain::ids::{CredentialId, HolderId, Link};
use passdesk::simulator::Author;
use passdesk::simulator::accessgrid::State;
use passdesk::simulator::population::Population;
use passdesk::simulator::thales_d1::ISSUER;
use passdesk::simulator::thales_d1::bank::{CardState, DigitalState};

/// A person of one system.
#[derive(Clone, Debug)]
pub struct Person {
    pub system: System,
    pub holder: HolderId,
    pub link: Link,
    /// Employee number, or the vendor's own id.
    pub key: String,
}

/// A pass as it truly is.
#[derive(Clone, PartialEq, Debug)]
pub struct TruePass {
    /// The vendor's id; of a pair, that of one half.
    pub id: String,
    /// The vendor's id of the whole credential, as this desk names it.
    pub whole: String,
    pub by: Author,
    /// Everything about it that a request may change.
    pub word: String,
    /// What an operator sees of it before she confirms an act on it, and what must be the same when that is sent.
    pub face: String,
    /// It could open a door, or be made to by its holder alone.
    pub usable: bool,
    /// It opens doors now.
    pub works: bool,
    /// It is gone, or ended for good.
    pub gone: bool,
    /// A phone, wallet or printed pass that this desk could issue.
    pub reissuable: bool,
}

/// Everybody, in all systems in which she is known.
pub fn people(house: &House, seed: u64, count: u32) -> Vec<Person> {
    let population = Population::new(seed, count, crate::stage::BEGIN.parse().unwrap());
    let mut all = Vec::new();
    for index in 0..count {
        for system in System::ALL {
            let (key, link) = match system {
                System::Gallagher => {
                    let id = (4665 + index).to_string();
                    (id.clone(), format!("/api/cardholders/{id}"))
                }
                System::AccessGrid => {
                    let number = population.employee_number(index);
                    if house.sim.grid().passes_of(&number).is_empty() {
                        continue;
                    }
                    (number.clone(), format!("/v1/key-cards?employee_id={number}"))
                }
                System::ThalesD1 => {
                    let Some(consumer) = house.sim.d1().consumer_of(index) else { continue };
                    let link = format!("/banking/v2/issuers/{ISSUER}/consumers/{}", consumer.id);
                    (consumer.id, link)
                }
                System::CardExchange => {
                    let Some(person) = house.sim.exchange().person_at(index) else { continue };
                    let link = format!("/api/v1/persons/{}", person.id);
                    (person.id, link)
                }
            };
            let tenant = house.providers[&system].profile().name.clone();
            let spoken = if system == System::AccessGrid { format!("emp.{key}") } else { key.clone() };
            let holder = HolderId::new(tenant, spoken.parse().unwrap());
            all.push(Person { system, holder, link: link.parse().unwrap(), key });
        }
    }
    all
}

impl Person {
    /// The id by which this desk names one of her passes.
    pub fn credential(&self, pass: &TruePass) -> CredentialId {
        CredentialId::new(self.holder.tenant.clone(), pass.whole.parse().unwrap())
    }
}

/// The passes of a person, the gone ones too.
pub fn passes(house: &House, person: &Person) -> Vec<TruePass> {
    match person.system {
        System::Gallagher => gallagher(house, person),
        System::AccessGrid => grid(house, person),
        System::ThalesD1 => bank(house, person),
        System::CardExchange => cards(house, person),
    }
}

fn gallagher(house: &House, person: &Person) -> Vec<TruePass> {
    let Some(truth) = house.sim.world().cardholder(&person.key) else { return Vec::new() };
    let there = truth.cards.iter().map(|card| (card, false));
    let gone = truth.removed.iter().map(|card| (card, true));
    there
        .chain(gone)
        .map(|(card, gone)| {
            let alive = !gone && matches!(card.status, "active" | "pending");
            let id = format!("{}/{}", person.key, card.segment);
            TruePass {
                whole: id.clone(),
                id,
                by: card.created_by,
                // What time and the holder change is none of it.
                word: format!("{} {} {:?}", card.status_word, card.number, card.until),
                face: format!("{} {} {:?}", card.status_word, card.number, card.until),
                usable: alive && card.invitation != "expired",
                works: alive && card.status == "active" && matches!(card.invitation, "" | "accepted"),
                gone,
                reissuable: card.class == "mobile",
            }
        })
        .collect()
}

fn grid(house: &House, person: &Person) -> Vec<TruePass> {
    let now = house.clock.now();
    let all = house.sim.grid().passes_of(&person.key);
    let whole = |pass: &passdesk::simulator::accessgrid::TruePass| {
        let Some(pair) = &pass.unified_id else { return pass.id.clone() };
        let mut ids: Vec<&str> =
            all.iter().filter(|p| p.unified_id.as_ref() == Some(pair)).map(|p| p.id.as_str()).collect();
        ids.sort_unstable();
        ids.join("/")
    };
    all.iter()
        .map(|pass| {
            let in_time = pass.expires.is_none_or(|until| until > now);
            TruePass {
                id: pass.id.clone(),
                whole: whole(pass),
                by: pass.created_by,
                word: format!("{} {} {:?}", pass.state, serde_json::Value::from(pass.metadata.clone()), pass.expires),
                face: format!("{} {:?}", pass.state, pass.expires),
                usable: in_time && matches!(pass.state, State::Created | State::Active | State::Suspended),
                works: in_time && pass.state == State::Active,
                gone: pass.state == State::Deleted,
                reissuable: true,
            }
        })
        .collect()
}

fn bank(house: &House, person: &Person) -> Vec<TruePass> {
    let Some(consumer) = house.sim.d1().consumer(&person.key) else { return Vec::new() };
    let mut all = Vec::new();
    for card in &consumer.cards {
        all.push(TruePass {
            id: card.id.clone(),
            whole: card.id.clone(),
            by: Author::Import,
            word: format!("{:?} {}", card.state, card.state_reason),
            face: format!("{:?}", card.state),
            usable: card.state == CardState::Active,
            works: card.state == CardState::Active,
            gone: matches!(card.state, CardState::Deleted | CardState::Replaced),
            reissuable: false,
        });
        all.extend(card.digital.iter().map(|pass| TruePass {
            id: pass.id.clone(),
            whole: pass.id.clone(),
            by: Author::Holder,
            word: format!("{:?}", pass.state),
            face: format!("{:?}", pass.state),
            usable: matches!(pass.state, DigitalState::Active | DigitalState::PendingIdv),
            works: pass.state == DigitalState::Active,
            gone: pass.state == DigitalState::Deleted,
            reissuable: true,
        }));
    }
    all
}

fn cards(house: &House, person: &Person) -> Vec<TruePass> {
    let Some(truth) = house.sim.exchange().person(&person.key) else { return Vec::new() };
    let usable = |status: &str| {
        matches!(
            status,
            "initialized"
                | "in_production"
                | "personalized"
                | "issued"
                | "activated"
                | "linked"
                | "unlinked"
                | "blocked"
        )
    };
    let gone = |status: &str| matches!(status, "withdrawn" | "returned" | "destroyed" | "blacklisted");
    truth
        .cards
        .iter()
        .map(|card| TruePass {
            id: card.id.clone(),
            whole: card.id.clone(),
            by: card.created_by,
            word: format!("{} {}", card.status, card.metadata),
            face: card.status.to_string(),
            usable: usable(card.status),
            works: matches!(card.status, "activated" | "linked"),
            gone: gone(card.status),
            reissuable: true,
        })
        .collect()
}
