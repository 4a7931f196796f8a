//! All four systems without sockets: the real clients, workflows and ledger against the real simulator, whose routes
//! are called in process. One thread, one clock, one source of chance: the same seed does the same thing.

use crate::site::{BOTH, Proofs};
use crate::stage::crypto;
use crate::town::Dice;
use async_trait::async_trait;
use axum::body::Bytes;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use passdesk::backends::accessgrid::{self, AccessGrid};
use passdesk::backends::cardexchange::{self, Auth, CardExchange};
use passdesk::backends::gallagher::{self, Gallagher};
use passdesk::backends::http::Limits;
use passdesk::backends::thales_d1::{self, ThalesD1};
use passdesk::backends::wire::{Way, Wire, WireError};
use passdesk::domain::credential::System;
use passdesk::domain::journal::ProcessMark;
use passdesk::domain::origin::Origin;
use passdesk::domain::policy::Mode;
use passdesk::domain::text::Secret;
use passdesk::ports::archive::Archive;
use passdesk::ports::clock::{Clock, Ids};
use passdesk::ports::ledger::Ledger;
use passdesk::ports::provider::{Provider, TenantProfile};
use passdesk::simulator::accessgrid::{ANDROID_TEMPLATE, APPLE_TEMPLATE};
use passdesk::simulator::thales_d1::{ISSUER, KID};
use passdesk::simulator::{self, Author, SimOptions, Simulator, WorldHandle};
use passdesk::store::archive::SqliteArchive;
use passdesk::store::ledger::{Liveness, SqliteLedger};
use passdesk::workflow::Means;
use passdesk::workflow::gate::LiveView;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longer than any simulated vendor needs; on a clock that stands still unless everybody waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// The simulator's clock, for both sides. It moves when it is told to.
pub struct HouseClock {
    world: WorldHandle,
    begin: Timestamp,
}

impl Clock for HouseClock {
    fn now(&self) -> Timestamp {
        self.world.now()
    }
    fn elapsed(&self) -> Duration {
        Duration::try_from(self.world.now().duration_since(self.begin)).unwrap()
    }
}

/// The way into one system: no socket, and a door that can be shut.
pub struct Corridor {
    sim: Arc<Simulator>,
    system: System,
    origin: String,
    shut: AtomicBool,
    changes: AtomicUsize,
    /// Every request that set out: method and path.
    pub asked: Mutex<Vec<(String, String)>>,
}

impl Corridor {
    /// Nobody listens from now on, or somebody does again.
    pub fn shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::SeqCst);
    }

    /// Requests other than reads (and signing in) that reached the server so far.
    pub fn changes(&self) -> usize {
        self.changes.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Wire for Corridor {
    async fn exchange(&self, request: reqwest::Request) -> Result<reqwest::Response, WireError> {
        let (method, url) = (request.method().clone(), request.url().clone());
        self.asked.lock().unwrap().push((method.to_string(), url.path().to_owned()));
        if self.shut.load(Ordering::SeqCst) {
            return Err(WireError::Refused);
        }
        if method != http::Method::GET && !url.path().ends_with("/token") {
            self.changes.fetch_add(1, Ordering::SeqCst);
        }
        let mut inside = http::Request::builder().method(method).uri(place(&url));
        *inside.headers_mut().unwrap() = request.headers().clone();
        let body = request.body().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default();
        let inside = inside
            .header(http::header::HOST, &self.origin)
            .header(http::header::CONTENT_LENGTH, body.len())
            .body(body)
            .unwrap();
        let answered = tokio::time::timeout(PATIENCE, self.sim.ask(self.system, inside)).await;
        let (parts, body) = match answered {
            Err(_) => return Err(WireError::TimedOut),
            Ok(Err(_)) => return Err(WireError::Cut),
            Ok(Ok(response)) => response.into_parts(),
        };
        let body = body.collect().await.map_err(|_| WireError::Cut)?.to_bytes();
        Ok(http::Response::from_parts(parts, body).into())
    }
}

/// Path and query.
fn place(url: &reqwest::Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// What many houses have in common: their people, and the past that the ledger and the directory know.
pub struct Pattern {
    options: SimOptions,
    ledger: SqliteLedger,
    archive: SqliteArchive,
}

impl Pattern {
    /// So many people of that seed.
    pub async fn draw(seed: u64, people: u32) -> Self {
        let house_ledger: Arc<Mutex<Option<SqliteLedger>>> = Arc::default();
        let kept = Arc::clone(&house_ledger);
        let ledger = move |clock| -> Arc<dyn Ledger> {
            let ledger = SqliteLedger::open_in_memory(clock).unwrap();
            *kept.lock().unwrap() = Some(ledger.clone());
            Arc::new(ledger)
        };
        let house = House::furnished(seed, people, ledger).await;
        let ledger = house_ledger.lock().unwrap().take().unwrap();
        Self { options: options(seed, people), ledger, archive: house.store.clone() }
    }

    /// A new house like it, as the first of its kind was on its first day.
    pub async fn house(&self, seed: u64, site: Says, is_alive: Liveness) -> House {
        let sim = Arc::new(simulator::indoors(&self.options).unwrap());
        let clock = clock_of(&sim);
        let ledger = self.ledger.copy_in_memory(Arc::clone(&clock), is_alive).await.unwrap();
        House::around(sim, clock, Arc::new(ledger), self.archive.copy_in_memory().await.unwrap(), seed, site)
    }
}

fn options(seed: u64, people: u32) -> SimOptions {
    let begin: Timestamp = crate::stage::BEGIN.parse().unwrap();
    SimOptions { seed, cardholders: people, start: Some(begin), frozen: true, ..SimOptions::default() }
}

fn clock_of(sim: &Simulator) -> Arc<dyn Clock> {
    Arc::new(HouseClock { world: sim.world(), begin: crate::stage::BEGIN.parse().unwrap() })
}

/// What the site file says about its tenants.
#[derive(Clone, Copy, Debug)]
pub struct Says {
    pub proofs: Proofs,
    pub sole_issuer: bool,
}

/// A house of four systems, a desk in it, and a way to each system.
pub struct House {
    pub sim: Arc<Simulator>,
    pub clock: Arc<dyn Clock>,
    pub ledger: Arc<dyn Ledger>,
    pub archive: Arc<dyn Archive>,
    store: SqliteArchive,
    pub ids: Arc<dyn Ids>,
    pub ways: BTreeMap<System, Arc<Corridor>>,
    pub providers: BTreeMap<System, Arc<dyn Provider>>,
    site: Says,
}

impl House {
    /// A house of so many people, whose past issues the ledger knows.
    pub async fn open(seed: u64, people: u32) -> Self {
        let ledger = |clock| -> Arc<dyn Ledger> { Arc::new(SqliteLedger::open_in_memory(clock).unwrap()) };
        Self::furnished(seed, people, ledger).await
    }

    /// As [`open`](Self::open), with another ledger, which must be empty.
    pub async fn open_over(seed: u64, people: u32, ledger: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn Ledger>) -> Self {
        Self::furnished(seed, people, ledger).await
    }

    async fn furnished(seed: u64, people: u32, ledger: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn Ledger>) -> Self {
        crypto();
        let begin: Timestamp = crate::stage::BEGIN.parse().unwrap();
        let sim = Arc::new(simulator::indoors(&options(seed, people)).unwrap());
        let clock = clock_of(&sim);
        let ledger = ledger(Arc::clone(&clock));
        let archive = SqliteArchive::open_in_memory().unwrap();
        let house = Self::around(sim, clock, ledger, archive, seed, Says { proofs: BOTH, sole_issuer: false });
        let directory = passdesk::cli::sim::directory_csv(&house.sim).unwrap().into_bytes();
        let bank = &house.providers[&System::ThalesD1].profile().name;
        house.archive.import(bank, directory, begin, false).await.unwrap();
        for system in System::ALL {
            let past = house.sim.past(system, &house.providers[&system].profile().name).unwrap();
            if !past.is_empty() {
                house.ledger.append_all(past).await.unwrap();
            }
        }
        house
    }

    fn around(
        sim: Arc<Simulator>,
        clock: Arc<dyn Clock>,
        ledger: Arc<dyn Ledger>,
        store: SqliteArchive,
        seed: u64,
        site: Says,
    ) -> Self {
        let archive: Arc<dyn Archive> = Arc::new(store.clone());
        let ids: Arc<dyn Ids> = Dice::new(seed);
        let ways = System::ALL.map(|system| (system, corridor(&sim, system))).into_iter().collect();
        let mut house = Self { sim, clock, ledger, archive, store, ids, ways, providers: BTreeMap::new(), site };
        house.providers = house.connect();
        house
    }

    /// New clients of all systems: what a process that starts has.
    pub fn connect(&self) -> BTreeMap<System, Arc<dyn Provider>> {
        System::ALL.map(|system| (system, self.client(system))).into_iter().collect()
    }

    fn client(&self, system: System) -> Arc<dyn Provider> {
        self.client_over(system, Arc::clone(&self.ways[&system]) as Arc<dyn Wire>)
    }

    /// What acting on a system needs, as one process of that number.
    pub fn means(&self, system: System, pid: u32) -> Means {
        Means {
            provider: Arc::clone(&self.providers[&system]),
            ledger: Arc::clone(&self.ledger),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            operator: "op7".into(),
            owner: ProcessMark { pid, boot: "house".into(), started: u64::from(pid) },
        }
    }

    /// A new client of a system over a wire of the test's own, which ends in the corridor.
    pub fn client_over(&self, system: System, wire: Arc<dyn Wire>) -> Arc<dyn Provider> {
        let way = Way::Within(wire);
        let limits = Limits { pause: Duration::from_millis(5), in_flight: 4, ..Limits::default() };
        let origin = Origin::parse(&format!("http://{}", self.ways[&system].origin)).unwrap();
        let (sim, clock) = (&self.sim, Arc::clone(&self.clock));
        let name = match system {
            System::Gallagher => "gall",
            System::AccessGrid => "accg",
            System::ThalesD1 => "d1",
            System::CardExchange => "cxc",
        };
        let profile = TenantProfile {
            name: name.parse().unwrap(),
            system,
            mode: Mode::Sim,
            starts_unlocked: true,
            marker: self.site.proofs.marker,
            sole_issuer: self.site.sole_issuer,
            feed_operator: (system == System::Gallagher && self.site.proofs.feed)
                .then(|| sim.feed_operator().parse().unwrap()),
        };
        match system {
            System::Gallagher => {
                let key = Secret::new(sim.api_key().to_owned());
                let settings = gallagher::Settings { profile, origin, key, way, limits };
                Arc::new(Gallagher::open(settings, clock).unwrap())
            }
            System::AccessGrid => {
                let account = sim.grid().account(Author::Console).unwrap();
                let settings = accessgrid::Settings {
                    profile,
                    origin,
                    account: account.id,
                    secret: Secret::new(account.secret),
                    template_ids: vec![APPLE_TEMPLATE.to_owned(), ANDROID_TEMPLATE.to_owned()],
                    desk: "desk 4".to_owned(),
                    way,
                    // A run does not wait for the real clock of the vendor's limit.
                    limits: Limits { per_second: None, ..limits },
                };
                Arc::new(AccessGrid::open(settings, clock).unwrap())
            }
            System::ThalesD1 => {
                let settings = thales_d1::Settings {
                    profile,
                    token_url: None,
                    origin,
                    issuer_id: ISSUER.into(),
                    kid: KID.into(),
                    key: Secret::new(sim.d1_private_key().to_owned()),
                    audience: None,
                    user: Some("desk-7".into()),
                    routes: thales_d1::Routes::default(),
                    codes: thales_d1::ReasonCodes::default(),
                    consumer_delete: false,
                    way,
                    limits,
                };
                let ids = Arc::clone(&self.ids);
                Arc::new(ThalesD1::open(settings, Arc::clone(&self.archive), clock, ids).unwrap())
            }
            System::CardExchange => {
                let key = Secret::new(sim.exchange_key());
                let settings = cardexchange::Settings { profile, origin, auth: Auth::Bearer, key, way, limits };
                Arc::new(CardExchange::open(settings, clock).unwrap())
            }
        }
    }
}

fn corridor(sim: &Arc<Simulator>, system: System) -> Arc<Corridor> {
    Arc::new(Corridor {
        sim: Arc::clone(sim),
        system,
        origin: format!("127.0.0.1:{}", 4001 + system as u16),
        shut: AtomicBool::new(false),
        changes: AtomicUsize::new(0),
        asked: Mutex::default(),
    })
}

#[tokio::test(start_paused = true)]
async fn every_system_answers_without_a_socket() {
    let house = House::open(1, 20).await;
    for (system, provider) in &house.providers {
        provider.connect().await.unwrap();
        let people = provider.list_holders(None, 10).await.unwrap().rows;
        assert!(!people.is_empty(), "{system}");
        let first = &people[0].holder;
        assert_eq!(provider.holder(&first.id, &first.link).await.unwrap().holder.id, first.id);
        let view = LiveView::read(&house.means(*system, 1), &first.id, &first.link).await.unwrap();
        assert_eq!(view.read.holder.id, first.id);
        assert_eq!(house.ways[system].changes(), 0, "{system}");
    }
    house.ways[&System::Gallagher].shut(true);
    assert!(house.providers[&System::Gallagher].find_holders("jane", 10).await.is_err());
}
