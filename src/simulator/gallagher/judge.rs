//! The true world as tests see it, and every control in-process: what the control port offers over HTTP.

use super::foreign::{ForeignWrite, When};
use super::objects::card_path;
use super::operators::{Client, Licence};
use super::person::{Card, Person};
use super::state::Shared;
use super::switches::Switches;
use super::wallet::WalletMove;
use crate::simulator::Author;
use crate::simulator::clock::wire_time;
use crate::simulator::faults::{Fault, HeldRequest, Release};
use crate::simulator::request_log::LogView;
use crate::simulator::server::Door;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A card as it really is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrueCard {
    /// Opaque part of its href: 32 hex digits.
    pub segment: String,
    /// Path of its href.
    pub path: String,
    /// Number.
    pub number: String,
    /// Path of its card type.
    pub type_path: String,
    /// Wire word of its class.
    pub class: &'static str,
    /// Lasting identity, or empty.
    pub credential_id: String,
    /// Machine word of its status.
    pub status: &'static str,
    /// The site's word of its status.
    pub status_word: &'static str,
    /// Invitation: status, or empty.
    pub invitation: &'static str,
    /// Invitation: mail address, or empty.
    pub email: String,
    /// What carries it, in the vendor's word, or empty.
    pub device: &'static str,
    /// Whether it has a PIN.
    pub has_pin: bool,
    /// Valid until.
    pub until: Option<Timestamp>,
    /// Who made it.
    pub created_by: Author,
    /// When it was made (virtual time).
    pub created_at: Timestamp,
    /// Who removed it, if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<Author>,
    /// When it was removed (virtual time).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
}

/// A person as she really is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrueCardholder {
    /// Id.
    pub id: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Whether access requests are granted at all.
    pub authorised: bool,
    /// Cards that are there, oldest first.
    pub cards: Vec<TrueCard>,
    /// Cards that were removed since the start, in that order.
    pub removed: Vec<TrueCard>,
}

/// How much there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorldCounts {
    /// People.
    pub cardholders: u32,
    /// Cards of all kinds.
    pub cards: u64,
    /// Phone credentials among them.
    pub mobile: u64,
    /// The console's whose invitation has expired.
    pub expired_of_console: u64,
    /// Rows of the change feed.
    pub changes: usize,
    /// Operator events.
    pub events: usize,
    /// PATCH requests received.
    pub patches: u64,
    /// Virtual now, RFC 3339.
    pub now: String,
}

/// An invitation that a test moves on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationMove {
    /// The person's id.
    pub cardholder: String,
    /// The card: its 32 hex digits.
    pub card: String,
    /// `accepted` is the one move that a holder can make.
    pub status: String,
}

/// What a test changes about a REST client; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientChange {
    /// Item id: 9001 the console's, 9002 the foreign system's.
    pub client: u32,
    /// SHA-1 of the certificate that it must show; empty: none is registered.
    pub thumbprint: Option<String>,
    /// Addresses that it may call from; empty: all.
    pub only_from: Option<Vec<std::net::IpAddr>>,
    /// What is licensed for it.
    pub licences: Option<BTreeSet<Licence>>,
    /// Personal data fields that its operator has no access to, by id.
    pub hidden_fields: Option<BTreeSet<u16>>,
    /// Whether its operator sees where invitations went.
    pub sees_contacts: Option<bool>,
    /// Whether its operator may activate a badge that its holder suspended.
    pub may_override: Option<bool>,
    /// Disabled: 401.
    pub disabled: Option<bool>,
    /// May write, else 403.
    pub may_edit: Option<bool>,
    /// May see people, else empty lists and 404.
    pub may_view: Option<bool>,
}

/// The judge: sees and controls everything. Cheap to clone; outlives nothing it looks at.
#[derive(Clone, Debug)]
pub struct WorldHandle(pub(in crate::simulator) Arc<Shared>);

impl WorldHandle {
    /// How much there is; walks everybody.
    pub fn counts(&self) -> WorldCounts {
        let patches = self.0.front.log().view().patches;
        self.0.at_once(|world, now| {
            let (cards, mobile, expired_of_console) = world.count_cards(now);
            WorldCounts {
                cardholders: world.cardholders(),
                cards,
                mobile,
                expired_of_console,
                changes: world.changes.len(),
                events: world.events.len(),
                patches,
                now: wire_time(now),
            }
        })
    }

    /// A person by id.
    pub fn cardholder(&self, id: &str) -> Option<TrueCardholder> {
        self.0.at_once(|world, now| Some(true_person(world.find(id)?.as_ref(), now, &world.switches)))
    }

    /// Requests received so far.
    pub fn log(&self) -> LogView {
        self.0.front.log().view()
    }

    /// Arms a fault.
    ///
    /// # Errors
    /// One sentence, if it makes no sense.
    pub fn arm(&self, fault: Fault) -> Result<(), String> {
        self.0.front.faults.arm(fault)
    }

    /// Disarms all faults; held requests stay held.
    pub fn clear_faults(&self) {
        self.0.front.faults.clear();
    }

    /// Armed faults.
    pub fn armed(&self) -> Vec<Fault> {
        self.0.front.faults.armed()
    }

    /// Held requests.
    pub fn held(&self) -> Vec<HeldRequest> {
        self.0.front.faults.held()
    }

    /// Waits until at least so many requests are held.
    pub async fn held_at_least(&self, count: usize) {
        self.0.front.faults.held_at_least(count).await;
    }

    /// Lets held requests go on; returns how many.
    pub fn release(&self, how: Release) -> usize {
        self.0.front.faults.release(how)
    }

    /// Opens, closes or slams the door of the vendor's listener, and waits until it is so.
    pub async fn set_door(&self, door: Door) {
        self.0.front.doors.set(door).await;
    }

    /// What new connections meet.
    pub fn door(&self) -> Door {
        self.0.front.doors.door()
    }

    /// Virtual now.
    pub fn now(&self) -> Timestamp {
        self.0.front.clock.now()
    }

    /// Moves virtual time forward.
    pub fn advance(&self, seconds: u32) -> Timestamp {
        self.0.front.clock.advance(seconds)
    }

    /// A write by somebody else: now, or around the console's next PATCH of that person. Returns the opaque
    /// part of the card made or touched, if it happened at once.
    ///
    /// # Errors
    /// One sentence, if person or card is not there.
    pub fn foreign(&self, write: ForeignWrite) -> Result<Option<String>, String> {
        self.0.at_once(|world, now| {
            if write.when == When::Now {
                return write.apply(world, now).map(Some);
            }
            world.find(&write.cardholder).ok_or("no such cardholder")?;
            world.waiting.push(write);
            Ok(None)
        })
    }

    /// Lets a phone accept its invitation.
    ///
    /// # Errors
    /// One sentence, if there is none, or it is not out.
    pub fn invitation(&self, wish: &InvitationMove) -> Result<(), String> {
        if wish.status != "accepted" {
            return Err(format!("status must be \"accepted\", not {:?}; the rest happens by time", wish.status));
        }
        let card = u128::from_str_radix(&wish.card, 16).map_err(|_| "card must be 32 hex digits".to_owned())?;
        self.0.at_once(|world, now| {
            let index = world.find(&wish.cardholder).ok_or("no such cardholder")?.index;
            world.accept(index, card, now)
        })
    }

    /// What a holder does in her wallet; returns the opaque part of the badge.
    ///
    /// # Errors
    /// One sentence, if the card is not there or does not allow it.
    pub fn wallet(&self, wish: &WalletMove) -> Result<String, String> {
        self.0.at_once(|world, now| wish.apply(world, now))
    }

    /// The switches in force.
    pub fn switches(&self) -> Switches {
        self.0.at_once(|world, _| world.switches.clone())
    }

    /// Puts switches in force.
    pub fn set_switches(&self, switches: Switches) {
        self.0.at_once(|world, now| world.switch(switches, now));
    }

    /// Changes some switches by name and leaves the others.
    ///
    /// # Errors
    /// One sentence naming what was not understood.
    pub fn change_switches(&self, changes: &serde_json::Value) -> Result<Switches, String> {
        let changes = changes.as_object().ok_or("an object of switches is needed")?;
        let mut all = serde_json::to_value(self.switches()).map_err(|e| e.to_string())?;
        for (name, value) in changes {
            all[name.as_str()] = value.clone();
        }
        let switches: Switches = serde_json::from_value(all).map_err(|e| e.to_string())?;
        self.set_switches(switches.clone());
        Ok(switches)
    }

    /// Opens a person in an interactive editor (writes get 409), or closes her.
    ///
    /// # Errors
    /// One sentence, if there is no such person.
    pub fn lock(&self, cardholder: &str, locked: bool) -> Result<(), String> {
        self.0.at_once(|world, _| {
            let index = world.find(cardholder).ok_or("no such cardholder")?.index;
            if locked {
                world.locked.insert(index)
            } else {
                world.locked.remove(&index)
            };
            Ok(())
        })
    }

    /// Changes a REST client.
    ///
    /// # Errors
    /// One sentence, if there is no such client.
    pub fn change_client(&self, change: &ClientChange) -> Result<Client, String> {
        self.0.at_once(|world, _| {
            let client = world.clients.with_id(change.client).ok_or("client must be 9001 or 9002")?;
            client.thumbprint = change.thumbprint.clone().unwrap_or_else(|| client.thumbprint.clone());
            client.only_from = change.only_from.clone().unwrap_or_else(|| client.only_from.clone());
            client.licences = change.licences.clone().unwrap_or_else(|| client.licences.clone());
            client.hidden_fields = change.hidden_fields.clone().unwrap_or_else(|| client.hidden_fields.clone());
            client.sees_contacts = change.sees_contacts.unwrap_or(client.sees_contacts);
            client.may_override = change.may_override.unwrap_or(client.may_override);
            client.disabled = change.disabled.unwrap_or(client.disabled);
            client.may_edit = change.may_edit.unwrap_or(client.may_edit);
            client.may_view = change.may_view.unwrap_or(client.may_view);
            Ok(client.clone())
        })
    }
}

fn true_person(person: &Person, now: Timestamp, switches: &Switches) -> TrueCardholder {
    let removed = person.removed.iter().map(|gone| TrueCard {
        removed_by: Some(gone.by),
        removed_at: Some(gone.removed),
        ..true_card(person, &gone.card, now, switches)
    });
    TrueCardholder {
        id: person.id().to_string(),
        first_name: person.first.to_string(),
        last_name: person.last.to_string(),
        authorised: person.authorised,
        cards: person.cards.iter().map(|card| true_card(person, card, now, switches)).collect(),
        removed: removed.collect(),
    }
}

fn true_card(person: &Person, card: &Card, now: Timestamp, switches: &Switches) -> TrueCard {
    let (status_word, status) = card.status(now);
    TrueCard {
        segment: card.key(),
        path: card_path(person.id(), card),
        number: card.number.clone(),
        type_path: format!("/api/card_types/{}", card.type_id),
        class: card.kind().class,
        credential_id: card.lasting_id(),
        status,
        status_word,
        invitation: card.invitation.as_ref().map_or("", |i| i.status(now, switches)),
        email: card.invitation.as_ref().map(|i| i.email.clone()).unwrap_or_default(),
        device: card.device,
        has_pin: person.pins.contains_key(&card.segment),
        until: card.until,
        created_by: card.author,
        created_at: card.created,
        removed_by: None,
        removed_at: None,
    }
}
