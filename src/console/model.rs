//! Everything that the screen shows and nothing else. Changed only by `update`.

use super::decision::Sheet;
use super::filtering::Filters;
use super::inspector::Inspector;
use super::keymap::Keymap;
use super::message::Slot;
use super::settings::Settings;
use super::shown::Shown;
use super::wizard::Wizard;
use crate::domain::clocks::ClockTrouble;
use crate::domain::credential::Credential;
use crate::domain::ids::{CredentialId, HolderId, IntentId, SagaId, TenantName};
use crate::domain::journal::IntentRecord;
use crate::domain::lifecycle::Verb;
use crate::domain::operation::Operation;
use crate::domain::policy::{Mode, Why, Writes};
use crate::domain::problem::Problem;
use crate::domain::reissue::Names;
use crate::ports::cache::{FillMark, Hits, Scope};
use crate::ports::ledger::LedgerHealth;
use crate::ports::provider::{Connection, TenantProfile};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tui_input::Input;

/// Below this many columns or rows there is only a message (decision 25).
pub const SMALLEST: (u16, u16) = (40, 10);

/// An answer that takes longer than this is called slow.
pub const SLOW: Duration = Duration::from_millis(1500);

/// The five panes, numbered as on screen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Pane {
    /// 1, the search line.
    #[default]
    Search,
    /// 2, cardholders found.
    Holders,
    /// 3, cards of the person.
    Cards,
    /// 4, state of the card.
    Pass,
    /// 5, history of the person.
    History,
}

impl Pane {
    /// In the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Search, Self::Holders, Self::Cards, Self::Pass, Self::History];

    /// The pane's number on screen.
    pub fn number(self) -> u8 {
        match self {
            Self::Search => 1,
            Self::Holders => 2,
            Self::Cards => 3,
            Self::Pass => 4,
            Self::History => 5,
        }
    }
}

/// What stands over the panes. The top one gets the keys.
#[derive(Debug)]
pub enum Overlay {
    /// Replace a credential.
    Wizard(Box<Wizard>),
    /// Find, read about and run any command.
    Palette(Palette),
    /// Everything that was said, newest first.
    Messages {
        /// First line shown.
        scroll: usize,
    },
    /// Unfinished and waiting work.
    Jobs {
        /// The row of the cursor.
        cursor: usize,
        /// Asked about this intent: retire the old credential of waiting work, or park an open question.
        confirm: Option<IntentId>,
        /// When it was first drawn.
        drawn: Option<Duration>,
    },
    /// An open question that a person decides.
    Decision(Box<Sheet>),
    /// All that is known of a credential.
    Inspector(Inspector),
    /// Health and settings.
    Settings(Settings),
    /// A line of text for the session's ticket.
    Ticket(Input),
}

/// The palette, which is also the help.
#[derive(Debug, Default)]
pub struct Palette {
    /// What is typed to narrow the list.
    pub input: Input,
    /// The row of the cursor in the narrowed list.
    pub cursor: usize,
    /// True if opened as help: `?` rather than `:`.
    pub help: bool,
}

/// One tenant as the header shows it.
#[derive(Debug)]
pub struct TenantState {
    /// What is configured.
    pub profile: TenantProfile,
    /// What it said when last asked; `None` before the first answer.
    pub connection: Option<Result<Connection, Problem>>,
    /// How long it took for its last answer to a question about one person, or about itself.
    pub round_trip: Option<Duration>,
    /// What is wrong between its clock and ours, as its last answer about one person showed.
    pub clock: Option<ClockTrouble>,
    /// How far its people are in the cache.
    pub fill: FillMark,
    /// True while the fill runs.
    pub filling: bool,
}

/// How a note at the bottom is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// Something was done.
    Ok,
    /// Something to know.
    Info,
    /// Something to look at.
    Warn,
    /// Something went wrong; stays until ESC.
    Error,
}

/// A note at the bottom of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Its number, for its timer.
    pub number: u64,
    /// How it is meant.
    pub tone: Tone,
    /// One sentence.
    pub text: String,
}

/// A line of the message log.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// When it was said.
    pub at: Timestamp,
    /// How it was meant.
    pub tone: Tone,
    /// What was said.
    pub text: String,
    /// The full technical text, or empty.
    pub detail: String,
}

/// What a watch waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Awaits {
    /// The invitation of the credential is out (journey 1).
    Invitation,
    /// The holder adds another credential beside this one (Thales D1).
    Another {
        /// What she had before.
        known: Vec<CredentialId>,
        /// The other one, once it is there and works.
        found: Option<CredentialId>,
    },
}

/// A preview that opens as soon as a person is read, because somebody asked for it by a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// The person.
    pub holder: HolderId,
    /// Where the vendor serves her.
    pub link: crate::domain::ids::Link,
    /// The credential.
    pub credential: CredentialId,
    /// What is to be done to it; `None`: it is replaced.
    pub verb: Option<Verb>,
    /// The state word that it shall have, where the verb alone does not say it.
    pub word: Option<&'static str>,
    /// The reason of the work that this finishes.
    pub why: Option<Why>,
    /// The ticket of the work that this finishes, or empty.
    pub ticket: String,
}

/// A credential that is being looked at while this console runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// What it waits for.
    pub awaits: Awaits,
    /// The credential.
    pub card: CredentialId,
    /// The person.
    pub holder: HolderId,
    /// Where the vendor serves her.
    pub link: crate::domain::ids::Link,
    /// Since when (UTC).
    pub since: Timestamp,
}

/// A change that runs right now.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// The person concerned.
    pub holder: HolderId,
    /// What it is doing, in words.
    pub words: String,
    /// What is said once it is done; empty: a reissue, whose end says it.
    pub done: String,
}

/// The whole state of the console.
#[derive(Debug)]
pub struct Model {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The moment of the last message (UTC).
    pub now: Timestamp,
    /// The same moment on a clock that never jumps.
    pub since_start: Duration,
    /// When the last key came, on that clock.
    pub(super) last_key: Option<Duration>,
    /// The zone in which times are shown.
    pub zone: jiff::tz::TimeZone,
    /// Which keys mean which command.
    pub keymap: Keymap,
    /// The theme in force, by name.
    pub theme: String,
    /// The mouse clicks and scrolls.
    pub mouse: bool,
    /// Nothing on the screen counts or goes away by itself.
    pub still: bool,
    /// After so long without a key the screen is covered and writes are locked.
    pub idle_lock: Option<Duration>,
    /// The timer runs after which the person shown is read again.
    pub(super) looking: bool,
    /// When she was last read because time passed, on the clock that never jumps.
    pub(super) looked: Duration,
    /// The screen is covered until a key comes.
    pub covered: bool,
    /// Show UTC instead of the zone.
    pub utc: bool,
    /// LIVE, TEST, SIM.
    pub mode: Mode,
    /// OS account of the operator.
    pub operator: String,
    /// The systems.
    pub tenants: Vec<TenantState>,
    /// May this desk write now?
    pub writes: Writes,
    /// Is the ledger fit for writing?
    pub ledger: LedgerHealth,
    /// The session's ticket, or empty.
    pub ticket: String,
    /// The pane that gets the keys.
    pub focus: Pane,
    /// The pane before, for `-`.
    pub before: Pane,
    /// The focused pane fills the screen.
    pub zoom: bool,
    /// What stands over the panes.
    pub overlay: Option<Overlay>,
    /// The search line.
    pub search: Input,
    /// What the search looks in.
    pub scope: Scope,
    /// What the search brought.
    pub hits: Hits,
    /// How long the last search took.
    pub took: Option<Duration>,
    /// A search is under way.
    pub searching: bool,
    /// The systems that are being asked, and since when on the clock that never jumps.
    pub asking: Vec<(TenantName, Duration)>,
    /// The text changed since the hits came: the best one gets the cursor.
    pub(super) fresh: bool,
    /// The person under the cursor, by the id of a record of hers (rule R4).
    pub hit: Option<HolderId>,
    /// Open the first hit as soon as it is there: Enter came before the answer.
    pub open_when_found: bool,
    /// Keys typed after that Enter: they belong to what it opens, not to the search line.
    pub(super) typed_ahead: Vec<super::keymap::Key>,
    /// Who is shown.
    pub shown: Shown,
    /// The filters of the lists.
    pub filters: Filters,
    /// History of the person shown, over all systems, newest first.
    pub history: Vec<Operation>,
    /// The row of the cursor in the history.
    pub history_cursor: usize,
    /// People of unfinished work, by id.
    pub names: Names,
    /// Changes that run right now.
    pub running: Vec<Running>,
    /// Intents that are not settled.
    pub open: Vec<IntentRecord>,
    /// AFTER_ACCEPT work whose old credential still works.
    pub waiting: Vec<IntentRecord>,
    /// Work that stopped half way.
    pub half: Vec<IntentRecord>,
    /// Alarms: what was held not to have been made, and is there.
    pub arrived: Vec<IntentRecord>,
    /// How many changes may still arrive late.
    pub watched: usize,
    /// Of the waiting work, what was confirmed in this run and goes on by itself.
    pub confirmed: HashSet<SagaId>,
    /// Credentials that are being watched.
    pub watches: Vec<Watch>,
    /// The note at the bottom.
    pub toast: Option<Toast>,
    /// Everything that was said, oldest first.
    pub messages: Vec<Message>,
    /// The first key of a two-key command.
    pub prefix: Option<super::keymap::Key>,
    /// The strip that lists what may follow it stands on the screen.
    pub strip: bool,
    /// How many first keys there were.
    pub(super) prefix_number: u64,
    /// A preview that waits for its person to be read.
    pub(super) pending: Option<Pending>,
    /// Leave as soon as nothing is in flight.
    pub leaving: bool,
    /// Changes whose ending could not be recorded, with the ids to write down: shown until they are (invariant I9).
    pub unrecorded: Vec<(IntentId, String)>,
    /// How often it was asked to leave although something is not recorded.
    pub(super) asked_to_leave: u8,
    /// Number of the newest query of each slot.
    pub(super) generations: HashMap<Slot, u64>,
    /// Counter for queries and typing pauses.
    pub(super) asked: u64,
    /// The pause after which the systems are asked.
    pub(super) pause: u64,
    /// The timer for slow reads runs.
    pub(super) ticking: bool,
    /// Counter for toasts and wizards.
    pub(super) counter: u64,
}

impl Model {
    /// A console that has read nothing yet.
    pub fn new(
        size: (u16, u16),
        now: Timestamp,
        zone: jiff::tz::TimeZone,
        mode: Mode,
        operator: String,
        profiles: Vec<TenantProfile>,
    ) -> Self {
        let unlocked = !profiles.is_empty() && profiles.iter().all(|p| p.starts_unlocked);
        Self {
            size,
            now,
            since_start: Duration::ZERO,
            last_key: None,
            zone,
            keymap: Keymap::default(),
            theme: "default".to_owned(),
            mouse: false,
            still: false,
            idle_lock: None,
            looking: false,
            looked: Duration::ZERO,
            covered: false,
            utc: false,
            mode,
            operator,
            tenants: profiles
                .into_iter()
                .map(|profile| TenantState {
                    profile,
                    connection: None,
                    round_trip: None,
                    clock: None,
                    fill: FillMark::default(),
                    filling: false,
                })
                .collect(),
            writes: if unlocked { Writes::Unlocked } else { Writes::Locked },
            ledger: LedgerHealth::Verifying,
            ticket: String::new(),
            focus: Pane::Search,
            before: Pane::Search,
            zoom: false,
            overlay: None,
            search: Input::default(),
            scope: Scope::Name,
            hits: Hits::default(),
            took: None,
            searching: false,
            asking: Vec::new(),
            fresh: false,
            hit: None,
            open_when_found: false,
            typed_ahead: Vec::new(),
            shown: Shown::default(),
            filters: Filters::default(),
            history: Vec::new(),
            history_cursor: 0,
            names: Names::new(),
            running: Vec::new(),
            open: Vec::new(),
            waiting: Vec::new(),
            half: Vec::new(),
            arrived: Vec::new(),
            watched: 0,
            confirmed: HashSet::new(),
            watches: Vec::new(),
            toast: None,
            messages: Vec::new(),
            prefix: None,
            strip: false,
            prefix_number: 0,
            pending: None,
            leaving: false,
            unrecorded: Vec::new(),
            asked_to_leave: 0,
            generations: HashMap::new(),
            asked: 0,
            pause: 0,
            ticking: false,
            counter: 0,
        }
    }

    /// How a command is run from where the keys go now: by its keys, or by its name.
    pub fn key(&self, command: &str) -> String {
        self.keymap.run_by(command, self.overlay.is_none() && self.focus == Pane::Search)
    }

    /// One tenant.
    pub fn tenant(&self, name: &TenantName) -> Option<&TenantState> {
        self.tenants.iter().find(|t| t.profile.name == *name)
    }

    /// The row of the cursor among the hits.
    pub fn hit_row(&self) -> Option<usize> {
        let hit = self.hit.as_ref()?;
        self.hits.rows.iter().position(|r| r.has(hit))
    }

    /// For how long this tenant has owed an answer about the person shown, or to the search.
    pub fn waiting_for(&self, tenant: &TenantName) -> Option<Duration> {
        let searched = self.asking.iter().filter(|(t, _)| t == tenant).map(|(_, since)| *since).min();
        let since = self.shown.asked(tenant).into_iter().chain(searched).min()?;
        Some(self.since_start.saturating_sub(since))
    }

    /// An unsettled change of this person, if there is one.
    pub fn open_for(&self, holder: &HolderId) -> Option<&IntentRecord> {
        self.open.iter().find(|r| r.purpose.holder == *holder && r.state.blocks())
    }

    /// The waiting work that will retire this credential, if there is any.
    pub fn replacing(&self, card: &Credential) -> Option<&IntentRecord> {
        let replaces = |w: &&IntentRecord| w.purpose.old.as_ref().is_some_and(|old| old.is(card));
        self.waiting.iter().find(replaces)
    }

    /// How many jobs the header counts: alarms, running, open, half done, waiting, and awaited from holders.
    pub fn jobs(&self) -> usize {
        let open = self.open.iter().filter(|r| r.state.blocks()).count();
        self.arrived.len() + self.running.len() + open + self.half.len() + self.waiting.len() + self.awaited().count()
    }

    /// The watches for what holders add themselves.
    pub fn awaited(&self) -> impl Iterator<Item = &Watch> {
        self.watches.iter().filter(|w| matches!(w.awaits, Awaits::Another { .. }))
    }
}
