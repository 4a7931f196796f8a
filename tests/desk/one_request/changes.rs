//! The changes of all four vendors, as their providers send them.

use crate::bench::process;
use crate::town::{Dice, Watch};
use passdesk::backends::accessgrid::{self, AccessGrid};
use passdesk::backends::cardexchange::{self, Auth, CardExchange};
use passdesk::backends::gallagher::{self, Gallagher};
use passdesk::backends::http::Limits;
use passdesk::backends::thales_d1::{self, ThalesD1};
use passdesk::backends::wire::Way;
use passdesk::domain::change::{CredentialChange, NewCredential, PreparedChange, Turn};
use passdesk::domain::credential::{CredentialClass, Particular, System};
use passdesk::domain::ids::{IntentId, SagaId};
use passdesk::domain::journal::{Act, EventDraft, IntentState, Marker, Payload, Purpose, Seen, Snapshot};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::origin::Origin;
use passdesk::domain::policy::{Mode, ReissueMode, Why};
use passdesk::domain::text::Secret;
use passdesk::ports::clock::Clock;
use passdesk::ports::ledger::Ledger;
use passdesk::ports::permit::Permit;
use passdesk::ports::provider::{Provider, TenantProfile};
use passdesk::simulator::thales_d1::{ISSUER, KID};
use passdesk::simulator::{SimOptions, start};
use passdesk::store::archive::SqliteArchive;
use passdesk::store::ledger::SqliteLedger;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Stands in every key: must be seen nowhere but by the configured origin.
pub const CANARY: &str = "CANARY";

const GUID: &str = "0e3bfda5-aed0-4b9e-a7af-a12fc38fa6fe";

#[derive(Clone)]
pub struct Vendor {
    pub name: &'static str,
    pub system: System,
    /// A key pair that the token endpoint of Thales D1 would take.
    pair: String,
}

/// Each change of each vendor: which, and whose.
pub async fn vendors() -> Vec<(usize, Vendor)> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let sim = start(SimOptions { cardholders: 10, ..SimOptions::default() }).await.unwrap();
    let pair = sim.d1_private_key().to_owned();
    let mut all = Vec::new();
    for (name, system, changes) in [
        ("gallagher", System::Gallagher, 3),
        ("accessgrid", System::AccessGrid, 2),
        ("thales-d1", System::ThalesD1, 2),
        ("cardexchange", System::CardExchange, 2),
    ] {
        let vendor = Vendor { name, system, pair: pair.clone() };
        all.extend((0..changes).map(|which| (which, vendor.clone())));
    }
    all
}

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        total: Duration::from_millis(1_500),
        pause: Duration::from_millis(2),
        in_flight: 4,
        per_second: None,
    }
}

impl Vendor {
    /// Its answer can say in a success that the operation has failed (thales-d1.md section 10).
    pub fn may_fail_in_success(&self) -> bool {
        self.system == System::ThalesD1
    }

    /// A token is asked for before the first change.
    pub fn signs_in(&self) -> bool {
        self.system == System::ThalesD1
    }

    fn profile(&self) -> TenantProfile {
        TenantProfile {
            name: "t".parse().unwrap(),
            system: self.system,
            mode: Mode::Sim,
            starts_unlocked: true,
            marker: true,
            sole_issuer: false,
            feed_operator: None,
        }
    }

    /// The provider on that origin, and one of its changes, prepared by it.
    pub fn open(&self, origin: &Origin, which: usize) -> (Arc<dyn Provider>, PreparedChange) {
        let (profile, origin, way, limits) = (self.profile(), origin.clone(), Way::default(), limits());
        let clock: Arc<dyn Clock> = Watch::new();
        let provider: Arc<dyn Provider> = match self.system {
            System::Gallagher => {
                let key = Secret::new("CANARY-7F3A-0C11".to_owned());
                Arc::new(Gallagher::open(gallagher::Settings { profile, origin, key, way, limits }, clock).unwrap())
            }
            System::AccessGrid => {
                let settings = accessgrid::Settings {
                    profile,
                    origin,
                    account: "CANARY-account".to_owned(),
                    secret: Secret::new("CANARY-secret".to_owned()),
                    template_ids: vec!["tpl-1".to_owned()],
                    desk: "desk 4".to_owned(),
                    way,
                    limits,
                };
                Arc::new(AccessGrid::open(settings, clock).unwrap())
            }
            System::ThalesD1 => {
                let settings = thales_d1::Settings {
                    profile,
                    origin,
                    token_url: None,
                    issuer_id: ISSUER.into(),
                    kid: KID.into(),
                    key: Secret::new(self.pair.clone()),
                    audience: None,
                    user: None,
                    routes: thales_d1::Routes::default(),
                    codes: thales_d1::ReasonCodes::default(),
                    consumer_delete: false,
                    way,
                    limits,
                };
                let archive = Arc::new(SqliteArchive::open_in_memory().unwrap());
                Arc::new(ThalesD1::open(settings, archive, clock, Dice::new(5)).unwrap())
            }
            System::CardExchange => {
                let key = Secret::new("sk_test_CANARY".to_owned());
                let settings = cardexchange::Settings { profile, origin, auth: Auth::Basic, key, way, limits };
                Arc::new(CardExchange::open(settings, clock).unwrap())
            }
        };
        let change = provider.prepare(&self.change(which)).unwrap();
        (provider, change)
    }

    fn change(&self, which: usize) -> CredentialChange {
        let (id, link, class, from, to) = match self.system {
            System::Gallagher => {
                ("t:7741/41aa70f3", "/api/cardholders/7741/cards/41aa70f3", CredentialClass::Mobile, "Active", "Lost")
            }
            System::AccessGrid => ("t:Phs1", "/v1/key-cards/Phs1", CredentialClass::WalletPass, "active", "suspended"),
            System::ThalesD1 => ("t:dgc-1", "/x", CredentialClass::DigitalCard, "ACTIVE", "SUSPENDED"),
            System::CardExchange => (
                "t:0e3bfda5-aed0-4b9e-a7af-a12fc38fa6fe",
                "/api/v1/cards/0e3bfda5-aed0-4b9e-a7af-a12fc38fa6fe",
                CredentialClass::PrintedCard,
                "activated",
                "blocked",
            ),
        };
        let object = Seen {
            id: id.parse().unwrap(),
            link: link.parse().unwrap(),
            lasting_id: String::new(),
            type_link: "/x".parse().unwrap(),
            class,
            marker: None,
            contact_hash: String::new(),
            fingerprint: String::new(),
        };
        let marker = match self.system {
            System::Gallagher | System::ThalesD1 => Marker::from_bits([3; 10]),
            System::AccessGrid | System::CardExchange => Marker::from_uuid(uuid::Uuid::from_u128(3)),
        };
        let plain = CredentialChange {
            holder: "t:7741".parse().unwrap(),
            holder_link: "/api/cardholders/7741".parse().unwrap(),
            add: None,
            remove: None,
            turn: None,
            why: Why::Lost,
            note: "INC1 lost".to_owned(),
            marker: Some(marker.clone()),
        };
        let turn = |verb, to: &str| Turn { object: object.clone(), verb, from: from.to_owned(), to: to.to_owned() };
        match (self.system, which) {
            (_, 0) => CredentialChange { turn: Some(turn(Verb::Suspend, to)), ..plain },
            (System::ThalesD1, _) => CredentialChange { turn: Some(turn(Verb::End, "DELETED")), ..plain },
            (System::Gallagher, 2) => CredentialChange { turn: Some(turn(Verb::End, "")), ..plain },
            _ => {
                let type_link = match self.system {
                    System::Gallagher => "/api/card_types/2601".to_owned(),
                    System::AccessGrid => "/v1/console/card-templates/tpl-1".to_owned(),
                    _ => format!("/api/v1/cardholders/{GUID}"),
                };
                let gallagher = self.system == System::Gallagher;
                let new = NewCredential {
                    type_link: type_link.parse().unwrap(),
                    number: gallagher.then(|| marker.stamp("Mobile").as_str().into()),
                    marker: Some(marker),
                    email: "jane.doe@example.org".into(),
                    phone: "".into(),
                    single_factor: false,
                    until: None,
                    particulars: vec![(Particular::FullName, "Jane Doe".into())],
                    replaces: None,
                };
                CredentialChange { add: Some(new), remove: gallagher.then_some(object), ..plain }
            }
        }
    }
}

/// Leave to send a change, out of a real ledger.
pub async fn permit(change: &PreparedChange) -> Permit {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = u128::from(NEXT.fetch_add(1, Ordering::SeqCst));
    let watch = Watch::new();
    let ledger = SqliteLedger::open_in_memory(Arc::clone(&watch) as Arc<dyn Clock>).unwrap();
    let intent = IntentId(uuid::Uuid::from_u128(n));
    let purpose = Purpose {
        saga: SagaId(uuid::Uuid::from_u128(n)),
        mode: ReissueMode::AfterAccept,
        act: Act::Suspend,
        holder: "t:7741".parse().unwrap(),
        holder_link: "/x".parse().unwrap(),
        type_link: "/x".parse().unwrap(),
        class: CredentialClass::Mobile,
        marker: None,
        old: None,
        target: None,
        prints: false,
        why: Why::Lost,
        ticket: String::new(),
        note: String::new(),
        owner: process(1),
    };
    let snapshot =
        Snapshot { before: Vec::new(), bookmark: None, request: change.digest(), expect_contact: String::new() };
    for (state, payload) in [
        (IntentState::Intent, Payload::Purpose(Box::new(purpose))),
        (IntentState::Snapshotted, Payload::Snapshot(Box::new(snapshot))),
    ] {
        let (operator, wall) = ("op7".to_owned(), watch.now());
        ledger
            .append(EventDraft { intent, state, attempt: 1, payload, operator, wall, server_date: None })
            .await
            .unwrap();
    }
    Permit::after_sending(&ledger, intent, 1, change, "op7", watch.now()).await.unwrap()
}
