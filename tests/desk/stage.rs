//! A stage for stories: the real loop on a buffer, the real ledger and cache in memory, the real client against
//! the real simulator over a socket. Time stands still unless it is told to pass.

use crate::town::Dice;
use jiff::{SignedDuration, Timestamp};
use passdesk::backends::gallagher::{Gallagher, Settings};
use passdesk::backends::http::Limits;
use passdesk::backends::wire::Way;
use passdesk::console::keymap::Key;
use passdesk::console::message::Msg;
use passdesk::desk::Desk;
use passdesk::domain::credential::System;
use passdesk::domain::origin::Origin;
use passdesk::domain::policy::Mode;
use passdesk::domain::text::Secret;
use passdesk::ports::clock::Clock;
use passdesk::ports::ledger::Ledger;
use passdesk::ports::provider::{Provider, TenantProfile};
use passdesk::ports::requests::RequestLog;
use passdesk::runtime::{Console, Looks};
use passdesk::simulator::{self, SimOptions, Simulator, WorldHandle};
use passdesk::store::cache::SqliteCache;
use passdesk::store::ledger::SqliteLedger;
use passdesk::store::process::this_process;
use passdesk::widgets::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

/// The moment at which every story begins.
pub const BEGIN: &str = "2026-06-11T00:42:00Z";

/// A clock that only moves when told.
pub struct StageClock(AtomicI64);

impl StageClock {
    /// A clock at the moment at which every story begins.
    pub fn begin() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(0)))
    }
}

impl StageClock {
    fn pass(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        BEGIN.parse::<Timestamp>().unwrap() + SignedDuration::from_millis(self.0.load(Ordering::SeqCst))
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.load(Ordering::SeqCst)).unwrap())
    }
}

/// What a story may set.
#[derive(Clone, Copy)]
pub struct Setting {
    pub seed: u64,
    pub cardholders: u32,
    pub marker: bool,
    pub feed: bool,
    pub colour: bool,
    pub lines: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self { seed: 7, cardholders: 300, marker: true, feed: true, colour: true, lines: false }
    }
}

pub struct Stage {
    pub console: Console<TestBackend>,
    pub sim: Simulator,
    pub desk: Desk,
    pub clock: Arc<StageClock>,
    pub keys: usize,
}

/// Installs the one cryptography provider, as `main` does.
pub fn crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// A world of people that stands still at the clock's moment.
pub async fn world(clock: &StageClock, setting: Setting) -> Simulator {
    let options = SimOptions {
        seed: setting.seed,
        cardholders: setting.cardholders,
        start: Some(clock.now()),
        frozen: true,
        ..SimOptions::default()
    };
    simulator::start(options).await.unwrap()
}

/// Time-outs short enough for tests.
pub fn brief() -> Limits {
    Limits { total: Duration::from_millis(1500), pause: Duration::from_millis(5), ..Limits::default() }
}

/// The real client of a simulator, as one tenant of a desk.
pub fn provider_on(
    sim: &Simulator,
    name: &str,
    clock: &Arc<dyn Clock>,
    setting: Setting,
    limits: Limits,
) -> Arc<dyn Provider> {
    crypto();
    let profile = TenantProfile {
        name: name.parse().unwrap(),
        system: System::Gallagher,
        mode: Mode::Sim,
        starts_unlocked: true,
        marker: setting.marker,
        sole_issuer: false,
        feed_operator: setting.feed.then(|| sim.feed_operator().parse().unwrap()),
    };
    let provider = Gallagher::open(
        Settings {
            profile,
            origin: Origin::parse(&sim.gallagher_url()).unwrap(),
            key: Secret::new(sim.api_key().to_owned()),
            way: Way::default(),
            limits,
        },
        Arc::clone(clock),
    );
    Arc::new(provider.unwrap())
}

/// A desk with these systems, an empty cache, and a ledger that knows what it issued in the first one.
pub async fn desk_with(
    providers: Vec<Arc<dyn Provider>>,
    sim: &Simulator,
    clock: Arc<dyn Clock>,
    setting: Setting,
) -> Desk {
    let ledger = SqliteLedger::open_in_memory(Arc::clone(&clock)).unwrap();
    let first = providers[0].profile().name.clone();
    ledger.append_all(simulator::ledger_entries(sim.issued_by_console(), &first).unwrap()).await.unwrap();
    Desk {
        archive: Arc::new(passdesk::store::archive::SqliteArchive::open_in_memory().unwrap()),
        providers,
        ledger: Arc::new(ledger),
        cache: Arc::new(SqliteCache::open_in_memory().unwrap()),
        requests: Arc::new(RequestLog::new(Arc::clone(&clock))),
        clock,
        ids: Dice::new(setting.seed),
        operator: "op7".into(),
        owner: this_process(),
        mode: Mode::Sim,
        missing: Vec::new(),
    }
}

/// A desk on this simulator.
pub async fn desk_on(sim: &Simulator, clock: Arc<dyn Clock>, setting: Setting) -> Desk {
    let provider = provider_on(sim, "gall", &clock, setting, brief());
    desk_with(vec![provider], sim, clock, setting).await
}

impl Stage {
    /// A console at this size on the default world, started and idle.
    pub async fn open(columns: u16, rows: u16) -> Self {
        Self::with(columns, rows, Setting::default()).await
    }

    pub async fn with(columns: u16, rows: u16, setting: Setting) -> Self {
        crypto();
        let clock = StageClock::begin();
        let sim = world(&clock, setting).await;
        let desk = desk_on(&sim, Arc::clone(&clock) as Arc<dyn Clock>, setting).await;
        Self::on(columns, rows, setting, sim, desk, clock).await
    }

    pub async fn on(
        columns: u16,
        rows: u16,
        setting: Setting,
        sim: Simulator,
        desk: Desk,
        clock: Arc<StageClock>,
    ) -> Self {
        let theme = Theme::default().with_lines(setting.lines);
        let theme = if setting.colour { theme } else { theme.without_colour() };
        let looks = Looks::new(theme, jiff::tz::TimeZone::fixed(jiff::tz::offset(10)));
        let terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let mut console = Console::new(terminal, desk.clone(), looks).unwrap();
        console.handle(Msg::Start);
        let mut stage = Self { console, sim, desk, clock, keys: 0 };
        stage.settle().await;
        stage
    }

    pub async fn settle(&mut self) {
        tokio::time::timeout(Duration::from_mins(1), self.console.settle())
            .await
            .expect("the console never became idle")
            .unwrap();
    }

    /// Presses one key and waits until nothing moves; a person needs a third of a second for it.
    pub async fn key(&mut self, key: Key) -> &mut Self {
        self.clock.pass(300);
        self.keys += 1;
        self.console.handle(Msg::Key(key));
        self.settle().await;
        self
    }

    /// Presses keys: letters as they are, `~` for Enter, `^` for Escape.
    pub async fn press(&mut self, keys: &str) -> &mut Self {
        for c in keys.chars() {
            let key = match c {
                '~' => Key::Enter,
                '^' => Key::Esc,
                '\t' => Key::Tab,
                c => Key::Char(c),
            };
            self.key(key).await;
        }
        self
    }

    /// Lets a moment pass for the console: a hand on its way.
    pub fn moments(&self, ms: i64) {
        self.clock.pass(ms);
    }

    /// Lets time pass for console and simulator alike.
    pub fn pass(&self, seconds: u32) {
        self.clock.pass(i64::from(seconds) * 1000);
        self.sim.world().advance(seconds);
    }

    pub fn world(&self) -> WorldHandle {
        self.sim.world()
    }

    /// The screen as text, rows without trailing blanks.
    pub fn screen(&self) -> String {
        let buffer = self.console.terminal.backend().buffer();
        let mut out = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..buffer.area.width {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
                line.push_str(symbol);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// Fails with the whole screen if the text is not on it.
    pub fn shows(&self, text: &str) -> &Self {
        assert!(self.screen().contains(text), "no {text:?} on the screen:\n{}", self.screen());
        self
    }

    pub fn shows_not(&self, text: &str) -> &Self {
        assert!(!self.screen().contains(text), "{text:?} is on the screen:\n{}", self.screen());
        self
    }
}
