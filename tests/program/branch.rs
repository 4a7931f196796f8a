//! A branch of all four systems with a data folder that is copied afresh for every run, so that thousands of runs share
//! one simulator and none sees what another left behind. The world itself is asked what is true.

use crate::site::{crypto, program, wait};
use passdesk::backends::http::Limits;
use passdesk::backends::thales_d1::{self, ThalesD1};
use passdesk::backends::tls::Trust;
use passdesk::cli::sim::{Books, write_books, write_site};
use passdesk::config::Site;
use passdesk::desk::Desk;
use passdesk::desk::clock::SystemClock;
use passdesk::domain::credential::{Credential, CredentialClass, State, System};
use passdesk::domain::ids::{CredentialId, HolderId, TenantName};
use passdesk::domain::journal::IntentRecord;
use passdesk::domain::origin::Origin;
use passdesk::domain::ownership::grade_all;
use passdesk::domain::policy::Mode;
use passdesk::domain::text::Secret;
use passdesk::ports::cache::Cache;
use passdesk::ports::ledger::{Ledger, LedgerHealth};
use passdesk::ports::provider::{HolderRead, Provider};
use passdesk::simulator::front::Front;
use passdesk::simulator::request_log::LoggedRequest;
use passdesk::simulator::thales_d1::{ISSUER, KID};
use passdesk::simulator::{self, Author, SimOptions, Simulator};
use passdesk::store::cache::SqliteCache;
use passdesk::store::ledger::SqliteLedger;
use passdesk::store::paths::{DataRoot, LedgerPaths};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

pub const SYSTEMS: [System; 4] = [System::Gallagher, System::AccessGrid, System::ThalesD1, System::CardExchange];

/// Consumers that are read when a branch opens.
const CONSUMERS: usize = 300;

/// The tenant that site files of the simulator have for a system.
pub fn tenant(system: System) -> TenantName {
    let name = match system {
        System::Gallagher => "gall",
        System::AccessGrid => "accg",
        System::ThalesD1 => "d1",
        System::CardExchange => "cxc",
    };
    name.parse().unwrap()
}

/// A credential that this desk may act on, as it was when the branch opened.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub system: System,
    pub holder: HolderId,
    pub id: CredentialId,
    pub state: State,
    pub word: String,
}

/// One credential as it really is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueObject {
    /// What its id in lists contains.
    pub id: String,
    /// One issue makes one unit: a pair of passes is one.
    pub unit: String,
    pub state: String,
    pub ours: bool,
}

pub struct Branch {
    pub sim: Simulator,
    pub candidates: Vec<Candidate>,
    folder: tempfile::TempDir,
}

impl Branch {
    /// A branch of so many people whose cache knows everybody of whom there is something to act on.
    pub fn open(seed: u64, people: u32) -> Self {
        crypto();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.toml");
        let (sim, candidates) = wait(async {
            let options = SimOptions { seed, cardholders: people, ..SimOptions::default() };
            let sim = simulator::start(options).await.unwrap();
            write_site(&sim, &file).await.unwrap();
            let site = Site::load(&file).unwrap();
            let desk = Desk::open(&site, &folder.path().join("passdesk-data")).unwrap();
            assert!(matches!(desk.ledger.verify().await, LedgerHealth::Verified { .. }));
            let books = Books { ledger: Arc::clone(&desk.ledger), archive: Arc::clone(&desk.archive) };
            write_books(&sim, &books).await.unwrap();
            let candidates = seen(&sim, &desk, folder.path()).await;
            (sim, candidates)
        });
        let branch = Self { sim, candidates, folder };
        if std::env::var_os("PASSDESK_LOOK").is_some() {
            let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
            for c in &branch.candidates {
                *counts.entry((c.system.to_string(), format!("{} {}", c.state, c.word))).or_default() += 1;
            }
            println!("{counts:#?}");
        }
        for system in SYSTEMS {
            branch.write_site_of(system);
        }
        // What is copied shall be whole without the logs beside it.
        let books = ["ledger", "archive"].map(|name| branch.folder.path().join(format!("passdesk-data/sim/{name}.db")));
        for file in books.into_iter().chain(SYSTEMS.map(|system| cache_of(branch.folder.path(), system))) {
            let connection = rusqlite::Connection::open(file).unwrap();
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }
        branch
    }

    /// The site file with all four systems.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("site.toml")
    }

    /// The site file with that system alone.
    pub fn file_of(&self, system: System) -> PathBuf {
        self.folder.path().join(format!("{system}.toml"))
    }

    fn write_site_of(&self, system: System) {
        let mut table: toml::Table = std::fs::read_to_string(self.file()).unwrap().parse().unwrap();
        let tenants = table["tenant"].as_array_mut().unwrap();
        tenants.retain(|t| t["system"].as_str() == Some(system.to_string().as_str()));
        assert_eq!(tenants.len(), 1);
        std::fs::write(self.file_of(system), toml::to_string(&table).unwrap()).unwrap();
    }

    /// A data folder of its own for one run on a system.
    pub fn fresh(&self, system: System) -> Data {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        copy(&self.folder.path().join("passdesk-data"), &root);
        std::fs::copy(cache_of(self.folder.path(), system), root.join("sim/cache.db")).unwrap();
        Data { root, _folder: folder }
    }

    /// The program on one system with the data folder of a run.
    pub fn command(&self, system: System, data: &Data, args: &[&str]) -> Command {
        self.command_in(system, &data.root, args)
    }

    /// The program on one system with any data folder.
    pub fn command_in(&self, system: System, root: &Path, args: &[&str]) -> Command {
        let plain = program();
        let mut command = Command::new(plain.get_program());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.arg("--config").arg(self.file_of(system)).arg("--data").arg(root).args(args);
        command.stdin(std::process::Stdio::null());
        command
    }

    pub fn front(&self, system: System) -> &Arc<Front> {
        self.sim.front(system).unwrap()
    }

    /// Requests that could have changed something, from the log's row `since` on.
    pub fn mutations(&self, system: System, since: u64) -> Vec<LoggedRequest> {
        let mut rows = self.front(system).log().view().requests;
        rows.retain(|r| r.request > since && r.method != "GET" && !r.path.contains("/oauth2/"));
        rows
    }

    /// How many requests were logged so far.
    pub fn logged(&self, system: System) -> u64 {
        self.front(system).log().view().received
    }

    /// Everything that a person has in a system.
    pub fn truth(&self, system: System, holder: &HolderId) -> Vec<TrueObject> {
        let key = holder.key.as_str();
        let object = |id: &str, unit: &str, state: String, ours: bool| TrueObject {
            id: id.to_owned(),
            unit: unit.to_owned(),
            state,
            ours,
        };
        match system {
            System::Gallagher => {
                let person = self.sim.world().cardholder(key).unwrap();
                let cards = person.cards.iter();
                cards
                    .map(|c| object(&c.segment, &c.segment, c.status_word.to_owned(), c.created_by == Author::Console))
                    .collect()
            }
            System::AccessGrid => {
                let passes = self.sim.grid().passes_of(key.strip_prefix("emp.").unwrap());
                let of = |p: &passdesk::simulator::accessgrid::TruePass| {
                    let unit = p.unified_id.as_ref().unwrap_or(&p.id);
                    object(&p.id, unit, p.state.to_string(), p.created_by == Author::Console)
                };
                passes.iter().map(of).collect()
            }
            System::ThalesD1 => {
                let consumer = self.sim.d1().consumer(key).unwrap();
                let cards = consumer.cards.iter().flat_map(|card| {
                    let own = object(&card.id, &card.id, format!("{:?}", card.state).to_uppercase(), true);
                    let digital = card.digital.iter();
                    let digital = digital.map(|d| object(&d.id, &d.id, format!("{:?}", d.state).to_uppercase(), true));
                    std::iter::once(own).chain(digital).collect::<Vec<_>>()
                });
                cards.collect()
            }
            System::CardExchange => {
                let person = self.sim.exchange().person(key).unwrap();
                let cards = person.cards.iter();
                cards.map(|c| object(&c.id, &c.id, c.status.to_owned(), c.created_by == Author::Console)).collect()
            }
        }
    }
}

/// Reads everybody of whom this console issued something, and some consumers of the issuer, into the cache.
async fn seen(sim: &Simulator, desk: &Desk, folder: &Path) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for system in SYSTEMS {
        // One for each: a desk that has one system shall not be shown what it knows of another.
        let cache = SqliteCache::open(&cache_of(folder, system)).unwrap();
        for read in people(sim, desk, system).await {
            let records = desk.ledger.intents_of(&read.holder.id).await.unwrap();
            let grades = grade_all(&records, &read.credentials);
            let ours = |card: &Credential| system == System::ThalesD1 && card.class == CredentialClass::DigitalCard;
            let before = candidates.len();
            for (card, ownership) in read.credentials.iter().zip(grades) {
                if ours(card) || ownership.grade.badge() == "*ours" {
                    let (holder, id) = (card.holder.clone(), card.id.clone());
                    let (state, word) = (card.state(), card.status_word.raw().to_owned());
                    candidates.push(Candidate { system, holder, id, state, word });
                }
            }
            if candidates.len() > before {
                cache.store(vec![read], None).await.unwrap();
            }
        }
    }
    candidates
}

fn cache_of(folder: &Path, system: System) -> PathBuf {
    folder.join(system.to_string()).join("cache.db")
}

/// Everybody in a system by its lists; of the issuer's consumers the first few hundred, who are read one by one.
async fn people(sim: &Simulator, desk: &Desk, system: System) -> Vec<HolderRead> {
    let provider = desk.provider(&tenant(system)).unwrap();
    let mut all: BTreeMap<HolderId, HolderRead> = BTreeMap::new();
    if system == System::ThalesD1 {
        let bank = unhurried(sim, desk);
        for row in sim.d1().directory().into_iter().filter(|row| !row.digital_card_ids.is_empty()).take(CONSUMERS) {
            let holder = HolderId::new(tenant(system), row.consumer_id.parse().unwrap());
            let read = bank.holder(&holder, &"/x".parse().unwrap()).await.unwrap();
            all.insert(holder, read);
        }
        return all.into_values().collect();
    }
    let mut page = None;
    loop {
        let read = provider.list_holders(page.as_ref(), 1000).await.unwrap();
        // A person may come on several pages; the last one carries all of her.
        all.extend(read.rows.into_iter().map(|row| (row.holder.id.clone(), row)));
        page = read.next;
        if page.is_none() {
            return all.into_values().collect();
        }
    }
}

/// The issuer's system without the pace that a desk keeps.
fn unhurried(sim: &Simulator, desk: &Desk) -> ThalesD1 {
    let settings = thales_d1::Settings {
        profile: desk.provider(&tenant(System::ThalesD1)).unwrap().profile().clone(),
        origin: Origin::parse(sim.url(System::ThalesD1).trim_end_matches('/')).unwrap(),
        token_url: None,
        issuer_id: ISSUER.into(),
        kid: KID.into(),
        key: Secret::new(sim.d1_private_key().to_owned()),
        audience: None,
        user: None,
        routes: thales_d1::Routes::default(),
        codes: thales_d1::ReasonCodes::default(),
        consumer_delete: false,
        trust: Trust::default(),
        limits: Limits { per_second: None, ..thales_d1::limits() },
    };
    ThalesD1::open(settings, Arc::clone(&desk.archive), Arc::clone(&desk.clock), Arc::clone(&desk.ids)).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else if ["ledger.db", "archive.db", ".key", ".anchor"]
            .iter()
            .any(|name| path.to_string_lossy().ends_with(name))
        {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The data folder of one run.
pub struct Data {
    pub root: PathBuf,
    _folder: tempfile::TempDir,
}

impl Data {
    pub fn paths(&self) -> LedgerPaths {
        DataRoot::new(&self.root).ledger(Mode::Sim)
    }

    /// A file beside the data folder, for what must not lie in it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.with_file_name(name)
    }

    /// How many events of a kind the ledger holds; `None` if it cannot be read.
    pub fn events(&self, kind: &str) -> Option<u64> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = rusqlite::Connection::open_with_flags(self.paths().database, flags).ok()?;
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        connection.query_row("SELECT count(*) FROM events WHERE kind = ?1", [kind], count).ok()?.try_into().ok()
    }

    /// The ledger as a desk would open it now.
    pub fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open(&self.paths(), Arc::new(SystemClock::start())).unwrap()
    }

    /// What was begun in this run about a person, oldest first.
    pub fn begun(&self, holder: &HolderId) -> Vec<IntentRecord> {
        let ledger = self.ledger();
        let mut records = wait(ledger.intents_of(holder)).unwrap();
        records.retain(|r| r.purpose.owner.boot != "before-this-world");
        records.sort_by_key(|r| r.opened);
        records
    }
}
