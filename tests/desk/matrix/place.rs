//! The person that a play is about, in the true world of each vendor: a pass of ours, another system's beside it, and
//! what really is there.

use super::cells::Mode;
use super::rule::Old;
use crate::indoors::House;
use passdesk::domain::credential::System;
use passdesk::domain::ids::{CredentialId, HolderId, Link};
use passdesk::simulator::accessgrid::{DeviceType, State as PassState};
use passdesk::simulator::cardexchange::Act;
use passdesk::simulator::thales_d1::NewPhone;
use passdesk::simulator::thales_d1::bank::DigitalState;
use passdesk::simulator::{Author, ForeignKind, ForeignWrite, InvitationMove, When};
use passdesk::workflow::Means;
use passdesk::workflow::gate::LiveView;

/// Places in every world: who has an expired invitation of ours, and who has a working pass of ours everywhere.
const JANE: u32 = 0;
const SAM: u32 = 5;

/// Somebody with an old pass of ours and one of another system.
pub struct Place {
    system: System,
    person: u32,
    pub holder: HolderId,
    pub link: Link,
    pub old: CredentialId,
    foreign: String,
    /// Passes that were there before the work.
    before: Vec<String>,
    old_before: String,
    foreign_before: String,
}

impl Place {
    /// Sets the scene.
    pub async fn set(house: &House, system: System, mode: Mode) -> Self {
        let person = if mode == Mode::Swap && system == System::Gallagher { JANE } else { SAM };
        let tenant = house.providers[&system].profile().name.clone();
        let key = match system {
            System::Gallagher => (4665 + person).to_string(),
            System::AccessGrid => {
                let ours = house.sim.grid().issued();
                format!("emp.{}", ours.iter().find(|issue| issue.person == person).unwrap().employee_id)
            }
            System::ThalesD1 => house.sim.d1().consumer_of(person).unwrap().id,
            System::CardExchange => house.sim.exchange().person_at(person).unwrap().id,
        };
        let holder = HolderId::new(tenant, key.parse().unwrap());
        let link = match system {
            System::Gallagher => format!("/api/cardholders/{key}"),
            System::CardExchange => format!("/api/v1/persons/{key}"),
            System::AccessGrid | System::ThalesD1 => "/".to_owned(),
        };
        let link = house.providers[&system].holder(&holder, &link.parse().unwrap()).await.unwrap().holder.link;
        let means = house.means(system, 1);
        let view = LiveView::read(&means, &holder, &link).await.unwrap();
        let mut ours = view.read.credentials.iter().zip(&view.grades);
        let wanted = if system == System::ThalesD1 { "digitalCard" } else { "*ours" };
        let old = ours.find(|(card, o)| o.grade.badge() == wanted || card.class.to_string() == wanted);
        let old = old.unwrap_or_else(|| panic!("{system}: nothing of ours: {:?}", view.grades)).0.id.clone();
        let mut place = Self {
            system,
            person,
            holder,
            link,
            old,
            foreign: String::new(),
            before: Vec::new(),
            old_before: String::new(),
            foreign_before: String::new(),
        };
        place.foreign = place.beside(house);
        place.before = place.passes(house).into_iter().map(|(id, _)| id).collect();
        place.old_before = place.word(house, &place.key_of_old());
        place.foreign_before = place.word(house, &place.foreign);
        assert!(
            !place.old_before.is_empty() && !place.foreign_before.is_empty() && place.foreign != place.key_of_old()
        );
        place
    }

    /// The other system's own pass for the same person, in use.
    fn beside(&self, house: &House) -> String {
        let old = self.key_of_old();
        match self.system {
            System::Gallagher => {
                let write = ForeignWrite {
                    cardholder: self.holder.key.to_string(),
                    kind: ForeignKind::SameType,
                    of: None,
                    when: When::Now,
                    email: None,
                    number: None,
                    workstation: false,
                    by: None,
                };
                let made = house.sim.world().foreign(write).unwrap().unwrap();
                self.accept(house, &made);
                made
            }
            System::AccessGrid => {
                let made = house.sim.grid().foreign_issue(&old).unwrap();
                self.accept(house, &made);
                made
            }
            System::ThalesD1 => self.phone(house, "theirs"),
            System::CardExchange => {
                let exchange = house.sim.exchange();
                let cardholder = exchange.card(&old).unwrap().cardholder;
                let made =
                    exchange.act(&Act::ForeignCreate { cardholder, metadata: serde_json::Map::default() }).unwrap();
                exchange.act(&Act::ForeignStatus { card: made.clone(), status: "activated".into() }).unwrap();
                made
            }
        }
    }

    /// The old pass as the judge names it.
    fn key_of_old(&self) -> String {
        let key = self.old.key.as_str();
        key.split_once('/').filter(|_| self.system == System::Gallagher).map_or(key, |(_, card)| card).to_owned()
    }

    /// The holder begins to use a new pass.
    pub fn accept(&self, house: &House, pass: &str) {
        match self.system {
            System::Gallagher => {
                // Until the mail is out there is nothing to accept.
                house.sim.world().advance(10);
                let (cardholder, card) = (self.holder.key.to_string(), pass.to_owned());
                house.sim.world().invitation(&InvitationMove { cardholder, card, status: "accepted".into() }).unwrap();
            }
            System::AccessGrid => {
                let on = |device| house.sim.grid().install(pass, device);
                on(DeviceType::Iphone).or_else(|_| on(DeviceType::AndroidPhone)).unwrap();
            }
            System::ThalesD1 => unreachable!("there the holder makes it"),
            System::CardExchange => {
                let exchange = house.sim.exchange();
                exchange.print(pass, true).unwrap();
                exchange.approve(pass).unwrap();
                exchange.holder_reactivates(pass).unwrap();
            }
        }
        house.sim.world().advance(10);
    }

    /// The holder adds her card on a phone.
    pub fn phone(&self, house: &House, device: &str) -> String {
        let consumer = house.sim.d1().consumer_of(self.person).unwrap();
        let card = consumer.digital(&self.key_of_old()).unwrap().0.id.clone();
        house.sim.d1().new_phone(&NewPhone { card, device: device.into(), identified: true }).unwrap()
    }

    /// All passes that are or were there, and whether this console made them.
    fn passes(&self, house: &House) -> Vec<(String, bool)> {
        let ours = |by: Author| by == Author::Console;
        match self.system {
            System::Gallagher => {
                let person = house.sim.world().cardholder(self.holder.key.as_str()).unwrap();
                let all = person.cards.into_iter().chain(person.removed);
                all.map(|card| (card.segment, ours(card.created_by))).collect()
            }
            System::AccessGrid => {
                let employee = self.holder.key.as_str().trim_start_matches("emp.");
                let all = house.sim.grid().passes_of(employee);
                all.into_iter().map(|pass| (pass.id, ours(pass.created_by))).collect()
            }
            System::ThalesD1 => {
                let consumer = house.sim.d1().consumer_of(self.person).unwrap();
                consumer.cards.iter().flat_map(|card| &card.digital).map(|d| (d.id.clone(), false)).collect()
            }
            System::CardExchange => {
                let person = house.sim.exchange().person_at(self.person).unwrap();
                person.cards.into_iter().map(|card| (card.id, ours(card.created_by))).collect()
            }
        }
    }

    /// Ids of the passes that this console made since, as the judge names them.
    pub fn made(&self, house: &House) -> Vec<String> {
        let new = self.passes(house).into_iter().filter(|(id, ours)| *ours && !self.before.contains(id));
        new.map(|(id, _)| id).collect()
    }

    /// The true state of a pass; empty: it is gone.
    fn word(&self, house: &House, id: &str) -> String {
        match self.system {
            System::Gallagher => {
                let cards = house.sim.world().cardholder(self.holder.key.as_str()).unwrap().cards;
                let card = cards.into_iter().find(|card| card.segment == id);
                card.map(|c| format!("{} {} {} {}", c.status, c.status_word, c.invitation, c.number))
                    .unwrap_or_default()
            }
            System::AccessGrid => {
                let pass = house.sim.grid().passes(id).into_iter().next();
                let there = pass.filter(|pass| pass.state != PassState::Deleted);
                there.map(|p| format!("{:?} {:?} {:?}", p.state, p.metadata, p.devices)).unwrap_or_default()
            }
            System::ThalesD1 => {
                let consumer = house.sim.d1().consumer_of(self.person).unwrap();
                let pass = consumer.digital(id).map(|(_, digital)| digital.clone());
                let there = pass.filter(|digital| digital.state != DigitalState::Deleted);
                there.map(|digital| format!("{:?}", digital.state)).unwrap_or_default()
            }
            System::CardExchange => {
                let card = house.sim.exchange().card(id);
                card.map(|card| format!("{} {}", card.status, card.metadata)).unwrap_or_default()
            }
        }
    }

    /// What became of the old pass.
    pub fn old(&self, house: &House) -> Old {
        match self.word(house, &self.key_of_old()) {
            word if word == self.old_before => Old::AsItWas,
            word if word.is_empty() => Old::Gone,
            _ => Old::Stopped,
        }
    }

    /// True if the other system's pass is exactly what it was.
    pub fn foreign_is_untouched(&self, house: &House) -> bool {
        self.word(house, &self.foreign) == self.foreign_before
    }

    /// Whose the other system's pass is shown to be.
    pub async fn badge_of_foreign(&self, means: &Means) -> &'static str {
        let view = LiveView::read(means, &self.holder, &self.link).await.unwrap();
        let found = view.read.credentials.iter().zip(&view.grades);
        let foreign = found.into_iter().find(|(card, _)| card.id.key.as_str().ends_with(&self.foreign));
        foreign.map_or("(gone)", |(_, ownership)| ownership.grade.badge())
    }
}
