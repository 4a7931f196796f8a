//! What a person waits for: a search letter, a redraw, the verification of a long ledger. `cargo bench`.
#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use passdesk::domain::cardholder::Cardholder;
use passdesk::domain::ids::IntentId;
use passdesk::domain::journal::EventDraft;
use passdesk::domain::policy::Mode;
use passdesk::domain::text::{SafeText, Untrusted};
use passdesk::ports::cache::{Cache, Scope};
use passdesk::ports::clock::Clock;
use passdesk::ports::ledger::Ledger;
use passdesk::ports::provider::HolderRead;
use passdesk::simulator::{self, SimOptions};
use passdesk::store::cache::SqliteCache;
use passdesk::store::ledger::SqliteLedger;
use passdesk::store::paths::DataRoot;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A clock that nobody reads twice.
struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        "2026-06-11T00:42:00Z".parse().unwrap()
    }
    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

fn person(n: usize) -> HolderRead {
    let first = ["Jane", "John", "Sam", "Mara", "Åsa", "山田", "Chen", "Ivo"][n % 8];
    let last = ["Doe", "Roe", "Poe", "Quill", "Öberg", "太郎", "Diaz", "Haas"][n / 8 % 8];
    let holder = Cardholder {
        id: format!("gall:{n}").parse().unwrap(),
        link: format!("/api/cardholders/{n}").parse().unwrap(),
        first_name: first.into(),
        last_name: Untrusted::new(format!("{last}{n}")),
        description: "Facilities".into(),
        division: Untrusted::default(),
        employee_number: Untrusted::new(format!("E{n}")),
        email: Untrusted::new(format!("p{n}@site.example")),
        authorised: true,
        as_of: Still.now(),
    };
    HolderRead { holder, credentials: Vec::new(), server_date: None }
}

static CACHE: LazyLock<(tempfile::TempDir, SqliteCache)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(&folder.path().join("cache.db")).unwrap();
    RUNTIME.block_on(async {
        for page in 0..50 {
            cache.store((page * 1000..(page + 1) * 1000).map(person).collect(), None).await.unwrap();
        }
    });
    (folder, cache)
});

/// One search letter against 50,000 people.
#[divan::bench(args = ["j", "jane", "jane d", "oberg", "山", "nobody at all"])]
fn search_of_50_000(bencher: Bencher<'_, '_>, text: &str) {
    let cache = &CACHE.1;
    bencher.bench(|| RUNTIME.block_on(cache.search(text, Scope::Name, 200)).unwrap());
}

static FOUR_SYSTEMS: LazyLock<(tempfile::TempDir, SqliteCache)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(&folder.path().join("cache.db")).unwrap();
    RUNTIME.block_on(async {
        for tenant in ["gall", "accg", "d1", "cxc"] {
            for page in 0..50 {
                let mut rows: Vec<_> = (page * 1000..(page + 1) * 1000).map(person).collect();
                for row in &mut rows {
                    row.holder.id = format!("{tenant}:{}", row.holder.id.key).parse().unwrap();
                }
                cache.store(rows, None).await.unwrap();
            }
        }
    });
    (folder, cache)
});

/// The same with each of them in four systems: 200,000 records, put together again for every answer.
#[divan::bench(args = ["j", "jane", "jane d", "oberg", "山", "nobody at all"])]
fn search_of_50_000_in_four_systems(bencher: Bencher<'_, '_>, text: &str) {
    let cache = &FOUR_SYSTEMS.1;
    bencher.bench(|| RUNTIME.block_on(cache.search(text, Scope::Name, 200)).unwrap());
}

/// Chain, MACs and anchor of about 100,000 events.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn verify_100_000_events(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(&DataRoot::new(folder.path()).ledger(Mode::Sim), Arc::new(Still)).unwrap();
    RUNTIME.block_on(async {
        let sim = simulator::start(SimOptions::default()).await.unwrap();
        let chain = simulator::ledger_entries(sim.issued_by_console(), &"gall".parse().unwrap()).unwrap();
        for _ in 0..100_000 / chain.len() {
            ledger.append_all(anew(&chain)).await.unwrap();
        }
    });
    bencher.bench_local(|| RUNTIME.block_on(ledger.verify()));
}

/// The same history again, under new intents.
fn anew(chain: &[EventDraft]) -> Vec<EventDraft> {
    let mut names: HashMap<IntentId, IntentId> = HashMap::new();
    let renamed = |draft: &EventDraft| EventDraft {
        intent: *names.entry(draft.intent).or_insert_with(|| IntentId(uuid::Uuid::now_v7())),
        ..draft.clone()
    };
    chain.iter().map(renamed).collect()
}

/// Cleaning one name for the screen.
#[divan::bench(args = ["Jane Doe", "山田 太郎", "\u{1b}]0;x\u{7}\u{202e}evil"])]
fn clean_a_name(text: &str) -> SafeText {
    SafeText::of(text)
}

fn main() {
    divan::main();
}
