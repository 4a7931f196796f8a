//! What a person waits for: a search letter, a redraw, the verification of a long ledger. `cargo bench`.
#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use passdesk::console::message::Msg;
use passdesk::desk::Desk;
use passdesk::desk::clock::RandomIds;
use passdesk::domain::cardholder::Cardholder;
use passdesk::domain::ids::IntentId;
use passdesk::domain::journal::{EventDraft, IntentState, Payload, Remark};
use passdesk::domain::policy::Mode;
use passdesk::domain::text::{SafeText, Untrusted};
use passdesk::ports::cache::{Cache, Scope};
use passdesk::ports::clock::Clock;
use passdesk::ports::ledger::Ledger;
use passdesk::ports::provider::HolderRead;
use passdesk::ports::requests::RequestLog;
use passdesk::runtime::{Console, Looks};
use passdesk::simulator::{self, SimOptions};
use passdesk::store::archive::SqliteArchive;
use passdesk::store::cache::SqliteCache;
use passdesk::store::ledger::SqliteLedger;
use passdesk::store::paths::DataRoot;
use passdesk::store::process::this_process;
use passdesk::widgets::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
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
    HolderRead { holder, credentials: Vec::new(), whole: true, server_date: None, documents: Vec::new() }
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

/// A ledger of 10,000 intents whose outcome is not known, of a process that is gone: each of another person.
static UNFINISHED: LazyLock<(tempfile::TempDir, Arc<SqliteLedger>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(&DataRoot::new(folder.path()).ledger(Mode::Sim), Arc::new(Still)).unwrap();
    RUNTIME.block_on(async {
        let sim = simulator::start(SimOptions::default()).await.unwrap();
        let chain = simulator::ledger_entries(sim.issued_by_console(), &"gall".parse().unwrap()).unwrap();
        let of_first = |d: &&EventDraft| d.intent == chain[0].intent;
        let first: Vec<&EventDraft> = chain.iter().filter(of_first).take(3).collect();
        for thousand in 0..10 {
            let events = (thousand * 1000..(thousand + 1) * 1000).flat_map(|n| lost(&first, n)).collect();
            ledger.append_all(events).await.unwrap();
        }
        ledger.verify().await;
    });
    (folder, Arc::new(ledger))
});

/// A call of ours whose answer was lost, for the n-th person.
fn lost(first: &[&EventDraft], n: usize) -> Vec<EventDraft> {
    let intent = IntentId(uuid::Uuid::now_v7());
    let mut events: Vec<EventDraft> = first.iter().map(|d| EventDraft { intent, ..(*d).clone() }).collect();
    if let Payload::Purpose(purpose) = &mut events[0].payload {
        purpose.holder = format!("gall:{}", 100_000 + n).parse().unwrap();
    }
    let words = Remark { text: "no answer".into(), status: None, candidates: Vec::new() };
    let unknown = EventDraft { state: IntentState::Unknown, payload: Payload::Remark(words), ..events[2].clone() };
    events.push(unknown);
    events
}

/// What a start asks of the ledger first.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn unfinished_of_10_000_intents() -> usize {
    RUNTIME.block_on(UNFINISHED.1.unfinished()).unwrap().len()
}

/// From the start of a console to 10,000 unfinished intents on its screen.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn unfinished_work_on_screen_with_10_000_intents(bencher: Bencher<'_, '_>) {
    let ledger = Arc::clone(&UNFINISHED.1);
    let desk = || Desk {
        providers: Vec::new(),
        ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
        cache: Arc::new(SqliteCache::open_in_memory().unwrap()),
        archive: Arc::new(SqliteArchive::open_in_memory().unwrap()),
        clock: Arc::new(Still),
        ids: Arc::new(RandomIds),
        operator: "op7".into(),
        owner: this_process(),
        mode: Mode::Sim,
        requests: Arc::new(RequestLog::new(Arc::new(Still))),
        missing: Vec::new(),
    };
    // A runtime of its own, so that what one start still looks for does not slow the next one down.
    bencher.with_inputs(|| (desk(), Runtime::new().unwrap())).bench_local_values(|(desk, runtime)| {
        let looks = Looks::new(Theme::default().without_colour(), jiff::tz::TimeZone::UTC);
        let terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let console = runtime.block_on(async {
            let mut console = Console::new(terminal, desk, looks).unwrap();
            console.handle(Msg::Start);
            console.until(|model| model.open.len() == 10_000).await.unwrap();
            console
        });
        (console, runtime)
    });
}

/// Cleaning one name for the screen.
#[divan::bench(args = ["Jane Doe", "山田 太郎", "\u{1b}]0;x\u{7}\u{202e}evil"])]
fn clean_a_name(text: &str) -> SafeText {
    SafeText::of(text)
}

fn main() {
    divan::main();
}
