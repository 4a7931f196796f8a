//! A simulated site in this process, so that tests see the true world; the program works on it from outside, like
//! on any other site.

use assert_cmd::Command;
use passdesk::cli::sim::{Books, write_books, write_site};
use passdesk::desk::clock::SystemClock;
use passdesk::domain::ids::HolderId;
use passdesk::domain::journal::IntentRecord;
use passdesk::domain::policy::Mode;
use passdesk::ports::ledger::{Ledger, LedgerHealth};
use passdesk::simulator::{self, Fault, FaultKind, SimOptions, Simulator, WorldHandle};
use passdesk::store::archive::SqliteArchive;
use passdesk::store::ledger::SqliteLedger;
use passdesk::store::paths::DataRoot;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Jane Doe, whose invitation has expired, in every default world.
pub const JANE: &str = "4665";

/// The provider of those libraries that ask for the process's own.
pub fn crypto() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        crypto();
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    })
}

/// Runs something of the simulator or the ledger to its end.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    runtime().block_on(async { tokio::time::timeout(Duration::from_mins(1), work).await.expect("it never ended") })
}

pub struct Site {
    pub sim: Simulator,
    ledger: Arc<SqliteLedger>,
    folder: tempfile::TempDir,
}

impl Site {
    /// A site of 300 people with its site file and matching ledger.
    pub fn open() -> Self {
        Self::of(300)
    }

    pub fn of(cardholders: u32) -> Self {
        Self::with(SimOptions { seed: 7, cardholders, ..SimOptions::default() })
    }

    /// A site with the tenant of Command Centre alone.
    pub fn with(options: SimOptions) -> Self {
        let site = Self::whole(options);
        let mut table: toml::Table = std::fs::read_to_string(site.file()).unwrap().parse().unwrap();
        table["tenant"].as_array_mut().unwrap().truncate(1);
        std::fs::write(site.file(), toml::to_string(&table).unwrap()).unwrap();
        site
    }

    /// A site with tenants of all four systems.
    pub fn whole(options: SimOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.toml");
        let (sim, ledger) = wait(async {
            let sim = simulator::start(options).await.unwrap();
            write_site(&sim, &file).await.unwrap();
            let root = DataRoot::new(folder.path().join("passdesk-data"));
            let ledger = SqliteLedger::open(&root.ledger(Mode::Sim), Arc::new(SystemClock::start())).unwrap();
            assert!(matches!(ledger.verify().await, LedgerHealth::Verified { .. }));
            let (ledger, archive) = (Arc::new(ledger), SqliteArchive::open(&root.archive(Mode::Sim)).unwrap());
            let books = Books { ledger: Arc::clone(&ledger) as _, archive: Arc::new(archive) };
            write_books(&sim, &books).await.unwrap();
            (sim, ledger)
        });
        Self { sim, ledger, folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("site.toml")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn world(&self) -> WorldHandle {
        self.sim.world()
    }

    /// The journal of a person, oldest first.
    pub fn intents(&self, holder: &str) -> Vec<IntentRecord> {
        let holder: HolderId = format!("gall:{holder}").parse().unwrap();
        wait(self.ledger.intents_of(&holder)).unwrap()
    }

    /// Lets a fault strike the next request of a method once.
    pub fn strike(&self, method: &str, kind: FaultKind) {
        self.world().arm(Fault::once(method, kind)).unwrap();
    }

    /// Lets a fault strike all requests of a method until it is cleared.
    pub fn plague(&self, method: &str, kind: FaultKind) {
        self.world().arm(Fault { times: 0, ..Fault::once(method, kind) }).unwrap();
    }

    /// The program on this site.
    pub fn run(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.arg("--config").arg(self.file()).args(args);
        command
    }

    /// The id of Jane's phone credential.
    pub fn janes_pass(&self) -> String {
        let jane = self.world().cardholder(JANE).unwrap();
        let card = jane.cards.iter().find(|c| c.class == "mobile").unwrap();
        format!("gall:{JANE}/{}", card.segment)
    }

    /// Lets the program see everybody whose name matches.
    pub fn seen(&self, name: &str) {
        self.run(&["search", name, "--live"]).assert().success();
    }

    /// Sends one request to the vendor with the other system's key, as another program at the site would.
    pub fn foreign(&self, method: &str, path: &str, body: &serde_json::Value) -> u16 {
        use std::io::{Read, Write};
        let url = self.sim.gallagher_url();
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let body = body.to_string();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: GGL-API-KEY {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.sim.foreign_api_key(),
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// The program without anything of this machine's own settings.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passdesk"));
    for name in ["PASSDESK_CONFIG", "PASSDESK_DATA", "PASSDESK_LOG"] {
        command.env_remove(name);
    }
    // Nobody's own preferences: an empty file.
    command.env("PASSDESK_PREFERENCES", "/dev/null").env_remove("PASSDESK_THEME");
    command.env("TZ", "UTC").timeout(Duration::from_mins(2));
    command
}

/// Everything on stdout, as text.
pub fn stdout(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// Everything on stderr, as text.
pub fn stderr(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

/// JSON lines.
pub fn json_lines(assert: &assert_cmd::assert::Assert) -> Vec<serde_json::Value> {
    stdout(assert).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
