//! The provider against the simulator, which serves the contract over real sockets. Where the vendor leaves
//! something open, both positions of the simulator's switch are tried (decision 35).

mod changes;
mod reading;
mod shifting;

use super::*;
use crate::backends::http::tests::{permit, short};
use crate::domain::change::Turn;
use crate::domain::credential::System;
use crate::domain::journal::Seen;
use crate::domain::lifecycle::Verb;
use crate::domain::policy::{Mode, Why};
use crate::simulator::cardexchange::ExchangeHandle;
use crate::simulator::{self, SimOptions, Simulator};
use serde_json::{Value, json};
use std::time::Duration;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        "2026-06-02T08:00:00Z".parse().unwrap()
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// A tenant, its judge, and the console's view of it.
struct Desk {
    sim: Simulator,
    world: ExchangeHandle,
    provider: CardExchange,
}

impl Desk {
    async fn open(people: u32) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options =
            SimOptions { cardholders: people, start: Some(Fixed.now()), frozen: true, ..SimOptions::default() };
        let sim = simulator::start(options).await.unwrap();
        let provider = opened(&sim, &sim.exchange_key(), Auth::Basic, Mode::Sim).unwrap();
        Self { world: sim.exchange(), sim, provider }
    }

    /// Somebody by her place in the population, read live.
    async fn read(&self, index: u32) -> HolderRead {
        let key = self.world.person_at(index).unwrap().id;
        let id: HolderId = format!("cx:{key}").parse().unwrap();
        self.provider.holder(&id, &format!("/api/v1/persons/{key}").parse().unwrap()).await.unwrap()
    }

    async fn send(&self, change: &CredentialChange) -> SendOutcome {
        let prepared = self.provider.prepare(change).unwrap();
        self.provider.send(permit(&prepared).await, &prepared).await
    }

    /// A new card in the place of somebody's first one.
    fn reissue(&self, read: &HolderRead, marker: &Marker) -> CredentialChange {
        let old = &read.credentials[0];
        let new = self.provider.successor(read, old, Some(marker.clone()), Fixed.now()).unwrap();
        CredentialChange {
            holder: read.holder.id.clone(),
            holder_link: read.holder.link.clone(),
            add: Some(new),
            remove: None,
            turn: None,
            why: Why::Damaged,
            note: String::new(),
            marker: Some(marker.clone()),
        }
    }

    fn switch(&self, changes: &Value) {
        self.world.change_switches(changes).unwrap();
    }
}

fn opened(sim: &Simulator, key: &str, auth: Auth, mode: Mode) -> Result<CardExchange, ProviderError> {
    let settings = Settings {
        profile: TenantProfile {
            name: "cx".parse().unwrap(),
            system: System::CardExchange,
            mode,
            starts_unlocked: true,
            marker: true,
            sole_issuer: false,
            feed_operator: None,
        },
        origin: Origin::parse(&sim.url(System::CardExchange)).unwrap(),
        auth,
        key: Secret::new(key.to_owned()),
        way: Way::default(),
        limits: short(),
    };
    CardExchange::open(settings, Arc::new(Fixed))
}

fn turn(read: &HolderRead, card: &Credential, verb: Verb, to: &str) -> CredentialChange {
    CredentialChange {
        holder: read.holder.id.clone(),
        holder_link: read.holder.link.clone(),
        add: None,
        remove: None,
        turn: Some(Turn { object: Seen::of(card), verb, from: card.status_word.raw().to_owned(), to: to.to_owned() }),
        why: Why::Lost,
        note: String::new(),
        marker: None,
    }
}

fn marker(nth: u128) -> Marker {
    Marker::from_uuid(uuid::Builder::from_random_bytes((nth << 64 | 7).to_be_bytes()).into_uuid())
}
