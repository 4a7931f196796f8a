//! A D1 tenant on the simulated bank, over real sockets and on its clock.

use super::*;
use crate::backends::http::tests::{permit, short};
use crate::domain::change::Turn;
use crate::domain::credential::System;
use crate::domain::ids::{CredentialId, TenantName};
use crate::domain::journal::Seen;
use crate::domain::lifecycle::Verb;
use crate::domain::policy::Mode;
use crate::simulator::thales_d1::{ISSUER, KID};
use crate::simulator::{D1Handle, SimOptions, Simulator};
use crate::store::archive::SqliteArchive;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) struct BankClock(pub D1Handle);

impl Clock for BankClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

#[derive(Default)]
pub(super) struct Counted(AtomicU64);

impl Ids for Counted {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)))
    }
    fn marker_bits(&self) -> [u8; 10] {
        let mut bits = [7; 10];
        bits[..8].copy_from_slice(&self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        bits
    }
}

pub(super) struct Branch {
    pub sim: Simulator,
    pub d1: D1Handle,
    pub archive: Arc<dyn Archive>,
    pub provider: ThalesD1,
}

pub(super) fn settings(sim: &Simulator) -> Settings {
    Settings {
        profile: TenantProfile {
            name: tenant(),
            system: System::ThalesD1,
            mode: Mode::Sim,
            starts_unlocked: true,
            marker: true,
            sole_issuer: false,
            feed_operator: None,
        },
        origin: Origin::parse(sim.url(System::ThalesD1).trim_end_matches('/')).unwrap(),
        token_url: None,
        issuer_id: ISSUER.into(),
        kid: KID.into(),
        key: Secret::new(sim.d1_private_key().to_owned()),
        audience: None,
        user: Some("desk-7".into()),
        routes: Routes::default(),
        codes: ReasonCodes::default(),
        consumer_delete: false,
        way: Way::default(),
        limits: Limits { in_flight: 4, ..short() },
    }
}

pub(super) fn tenant() -> TenantName {
    "bank".parse().unwrap()
}

pub(super) async fn simulator(options: SimOptions) -> Simulator {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let start = Some("2026-06-02T08:00:00Z".parse().unwrap());
    crate::simulator::start(SimOptions { start, frozen: true, cardholders: 600, ..options }).await.unwrap()
}

impl Branch {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    /// With the issuer's list imported, as a desk would begin.
    pub async fn open_with(change: impl FnOnce(&mut Settings)) -> Self {
        let sim = simulator(SimOptions::default()).await;
        let branch = Self::on(sim, change).unwrap();
        let mut list = String::from("consumer_id,card_id,digital_card_id,display_name,customer_ref,last4\n");
        for row in branch.d1.directory() {
            let (card, pass) = (&row.card_ids[0], row.digital_card_ids.first().cloned().unwrap_or_default());
            let Row { consumer_id, display_name, customer_ref, last4, .. } = &row;
            list.push_str(&format!("{consumer_id},{card},{pass},{display_name},{customer_ref},{last4}\n"));
        }
        let report = branch.archive.import(&tenant(), list.into_bytes(), branch.d1.now(), false).await.unwrap();
        assert_eq!(report.errors, []);
        branch
    }

    pub fn on(sim: Simulator, change: impl FnOnce(&mut Settings)) -> Result<Self, ProviderError> {
        let d1 = sim.d1();
        let mut settings = settings(&sim);
        change(&mut settings);
        let archive: Arc<dyn Archive> = Arc::new(SqliteArchive::open_in_memory().unwrap());
        let clock = Arc::new(BankClock(d1.clone()));
        let provider = ThalesD1::open(settings, Arc::clone(&archive), clock, Arc::new(Counted::default()))?;
        Ok(Self { sim, d1, archive, provider })
    }

    pub fn switch(&self, changes: &Value) {
        self.d1.change_switches(changes).unwrap();
    }

    pub fn advance_days(&self, days: u32) {
        self.sim.world().advance(days * 86_400);
    }

    /// One of the people of the guides.
    pub fn id(&self, person: u32) -> HolderId {
        let key = self.d1.consumer_of(person).unwrap().id.parse().unwrap();
        HolderId::new(tenant(), key)
    }

    pub async fn read(&self, person: u32) -> HolderRead {
        let id = self.id(person);
        self.provider.holder(&id, &"/x".parse().unwrap()).await.unwrap()
    }

    /// Does to a credential what an operator would, with the preview's live read before it.
    pub async fn act(&self, person: u32, digital: bool, verb: Verb, why: Why) -> SendOutcome {
        let read = self.read(person).await;
        let system = crate::domain::credential::CredentialClass::DigitalCard;
        let one = read.credentials.iter().find(|c| (c.class == system) == digital).unwrap();
        let change = change_of(one, verb, why);
        let prepared = self.provider.prepare(&change).unwrap();
        self.provider.send(permit(&prepared).await, &prepared).await
    }

    /// Requests of a method that the server has seen.
    pub fn asked(&self, method: &str) -> Vec<String> {
        let log = self.d1.front().log().view();
        log.requests.iter().filter(|r| r.method == method).map(|r| r.path.clone()).collect()
    }
}

use crate::simulator::thales_d1::DirectoryRow as Row;

pub(super) fn change_of(one: &Credential, verb: Verb, why: Why) -> CredentialChange {
    CredentialChange {
        holder: one.holder.clone(),
        holder_link: "/x".parse().unwrap(),
        add: None,
        remove: None,
        turn: Some(Turn { object: seen(one), verb, from: one.status_word.raw().into(), to: String::new() }),
        why,
        note: "ref 50177".into(),
        marker: Some(Marker::from_bits([3; 10])),
    }
}

pub(super) fn seen(one: &Credential) -> Seen {
    Seen {
        id: CredentialId::new(one.id.tenant.clone(), one.id.key.clone()),
        link: one.link.clone(),
        lasting_id: String::new(),
        type_link: one.type_link.clone(),
        class: one.class,
        marker: None,
        contact_hash: String::new(),
        fingerprint: one.fingerprint(),
    }
}
