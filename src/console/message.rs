//! What the console is told (messages) and what it asks for (effects). Both are plain data.

use super::keymap::Key;
use super::model::Pane;
use crate::domain::cardholder::Cardholder;
use crate::domain::checkup::Check;
use crate::domain::clocks::ClockTrouble;
use crate::domain::credential::Credential;
use crate::domain::decision::{Case, Verdict};
use crate::domain::document::Document;
use crate::domain::ids::{CredentialId, HolderId, IntentId, Link, TenantName};
use crate::domain::journal::IntentRecord;
use crate::domain::operation::Operation;
use crate::domain::ownership::Ownership;
use crate::domain::problem::Problem;
use crate::domain::reissue::{Names, ReissueEnd, ReissuePlan, ReissueRequest, ReissueStep, Settled};
use crate::domain::text::Untrusted;
use crate::domain::turn::{TurnPlan, TurnRequest};
use crate::ports::cache::{FillMark, Hits, Scope};
use crate::ports::ledger::LedgerHealth;
use crate::ports::provider::Connection;
use crate::ports::requests::RequestLine;
use std::time::Duration;

/// Everything that can happen to the console.
#[derive(Debug)]
pub enum Msg {
    /// The first message of a run.
    Start,
    /// A key went down.
    Key(Key),
    /// A block of text was pasted: never a command.
    Paste(Untrusted),
    /// The mouse was clicked here; the loop, which knows what stands there, makes [`Msg::Pointed`] of it.
    Clicked {
        /// From 0.
        column: u16,
        /// From 0.
        row: u16,
    },
    /// The wheel was turned here; the loop makes [`Msg::Scrolled`] of it.
    Wheel {
        /// From 0.
        column: u16,
        /// From 0.
        row: u16,
        /// Rows down; up if negative.
        rows: i8,
    },
    /// The mouse was clicked on something.
    Pointed(Pointed),
    /// The wheel was turned over a pane, or over what stands above the panes: rows down, or up if negative.
    Scrolled(Option<Pane>, i8),
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// What the model says now stands on the screen.
    Drawn {
        /// True unless something of the preview on top had to be left out.
        whole: bool,
    },
    /// SIGINT, SIGTERM or SIGHUP: leave as soon as nothing is in flight.
    Leave,
    /// A timer ran out.
    Timer(Timer),
    /// An answer to a query; dropped if its number is not the newest of its slot.
    Answer(Slot, u64, Answer),
    /// A report that nobody asked for with a number.
    Report(Report),
}

/// What a click meant. It never writes: `y` in a preview is the hint of that key, under the rules of that key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pointed {
    /// A pane, somewhere.
    Pane(Pane),
    /// A person found.
    Holder(HolderId),
    /// A card of the person shown.
    Card(CredentialId),
    /// A row of the history.
    Operation(usize),
    /// A hint: these keys.
    Keys(Vec<Key>),
}

/// A place for one running query; a new one replaces the old one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// Search in the cache.
    Search,
    /// Search at one system.
    Remote(TenantName),
    /// The person shown, from the cache.
    Cached,
    /// One record of the person shown, live.
    Live(HolderId),
    /// What our ledger knows of the person shown.
    Ledger,
    /// What one system's own log knows of the person shown.
    Events(HolderId),
    /// What a reissue would do.
    Preview,
    /// What a person is to decide.
    Case,
    /// What was asked of the systems.
    Requests,
    /// How the desk stands.
    Checkup,
}

/// What may be asked. Reading only.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Search the cache; the records and cards of the first hit come along.
    Search {
        /// What is typed.
        text: String,
        /// What to look in.
        scope: Scope,
        /// Rows at most.
        limit: usize,
    },
    /// Search one system and put what it knows into the cache.
    Remote {
        /// The system.
        tenant: TenantName,
        /// What is typed.
        text: String,
        /// Rows at most.
        limit: usize,
    },
    /// The person that this record belongs to: all her records and credentials as last seen.
    Person(HolderId),
    /// One record and its credentials, now.
    Live(HolderId, Link),
    /// Ledger rows about these records, so many at most.
    Ledger(Vec<HolderId>, usize),
    /// The vendor's own events about a record, so many at most.
    Events(HolderId, usize),
    /// What a reissue would do, from a live read. Sends nothing.
    Preview(Box<ReissueRequest>),
    /// What an act on one credential would do, from a live read. Sends nothing.
    PreviewTurn(Box<TurnRequest>),
    /// An open question about a person, with its evidence, from a live read.
    Case(IntentId, HolderId),
    /// The newest requests of this run, so many at most. Asks no system.
    Requests(usize),
    /// How the desk stands: ledger, cache, systems.
    Checkup,
}

/// One system's record of a person with her credentials there and whose they are.
#[derive(Clone, Debug, PartialEq)]
pub struct HolderView {
    /// The record.
    pub holder: Cardholder,
    /// Her credentials, as they came.
    pub cards: Vec<(Credential, Ownership)>,
    /// True if read from the vendor just now.
    pub live: bool,
    /// False if the vendor listed something, or may have, that could not be read.
    pub whole: bool,
    /// What is wrong with the clocks, as that read showed.
    pub clock: Option<ClockTrouble>,
    /// True if it shows a pass of a change that was held to have had no effect.
    pub late: bool,
    /// What the system itself says about each credential, if it was read just now.
    pub documents: Vec<(CredentialId, Document)>,
}

/// What a query brought back.
#[derive(Debug)]
pub enum Answer {
    /// To [`Query::Search`].
    Hits {
        /// The rows.
        hits: Hits,
        /// The first person's records with her cards, as cached.
        first: Vec<HolderView>,
        /// How long the cache took.
        took: Duration,
    },
    /// To [`Query::Remote`]: the cache now knows what the system found, so many people.
    Remote(usize),
    /// To [`Query::Person`]; the record asked for first. Empty: never seen.
    Person(Vec<HolderView>),
    /// To [`Query::Live`].
    Holder(Box<HolderView>),
    /// To [`Query::Ledger`] and [`Query::Events`].
    History(Vec<Operation>),
    /// To [`Query::Preview`].
    Plan(Box<ReissuePlan>),
    /// To [`Query::PreviewTurn`].
    TurnPlan(Box<TurnPlan>),
    /// To [`Query::Case`].
    Case(Box<Case>),
    /// To [`Query::Requests`], newest first.
    Requests(Vec<RequestLine>),
    /// To [`Query::Checkup`].
    Checkup(Vec<Check>),
    /// To any of them.
    Failed(Problem),
}

/// What is not finished.
#[derive(Debug, Default)]
pub struct Work {
    /// Intents that are not terminal.
    pub open: Vec<IntentRecord>,
    /// New credentials whose old ones wait to be retired.
    pub waiting: Vec<IntentRecord>,
    /// What stopped half way.
    pub half: Vec<IntentRecord>,
    /// Alarms: what was held not to have been made, and is there.
    pub arrived: Vec<IntentRecord>,
    /// How many changes may still arrive late.
    pub watched: usize,
}

/// News that has no slot.
#[derive(Debug)]
pub enum Report {
    /// A system was asked who it is.
    Connection(TenantName, Result<Connection, Problem>),
    /// The background fill of the cache moved on, ended (`completed`), or stopped.
    Fill(TenantName, FillMark, Option<Problem>),
    /// The ledger was verified.
    Ledger(LedgerHealth),
    /// The theme that is worn now, or why another is not.
    Theme(Result<String, Problem>),
    /// The themes that there are.
    Themes(Vec<String>),
    /// Something that could not be opened, and that the console goes on without.
    Missing(Problem),
    /// What reading told about work that an earlier run left, or that is still open.
    Unfinished {
        /// The list.
        work: Box<Work>,
        /// What reading settled just now.
        settled: Vec<Settled>,
        /// The people concerned, as far as the cache knows them.
        names: Names,
    },
    /// Recovery at start could not read the ledger or the vendor.
    RecoveryFailed(Problem),
    /// A reissue moved on.
    Step(HolderId, ReissueStep),
    /// A reissue, or the second half of one, ended.
    Ended(HolderId, ReissueEnd),
    /// A watched credential as it is now.
    Watched(CredentialId, Result<Box<HolderView>, Problem>),
    /// The new credential of waiting work is, or is not, usable yet.
    Usable(IntentId, Result<bool, Problem>),
}

/// Timers by name, so that tests step them and an old one cannot act.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The header's minute.
    Minute,
    /// The typing pause before systems are asked, with the number of the search.
    Debounce(u64),
    /// A toast has been read.
    Toast(u64),
    /// Something that is being read is slow: how long it takes is drawn anew.
    Slow,
    /// The wizard's target is getting old, with the wizard's number.
    Refresh(u64),
    /// A first key waits for its second: list what may follow, with the number of the first key.
    Strip(u64),
    /// Look at a credential again.
    Watch(CredentialId),
    /// Look whether waiting work can go on.
    Waiting(IntentId),
    /// The person shown may have changed at her systems.
    Live,
    /// Nobody may have pressed a key for long.
    Idle,
    /// Look again for what may arrive late.
    Late,
    /// Look at open questions again, with the number of the look.
    Reconcile(u32),
}

/// What the console asks the outside to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Read something; replaces the running query of the slot.
    Query(Slot, u64, Query),
    /// Forget the running query of the slot.
    Cancel(Slot),
    /// Send [`Msg::Timer`] after this time.
    Timer(Timer, Duration),
    /// Ask a system who it is and fill the cache from it.
    Connect(TenantName),
    /// Verify the ledger beside the browsing.
    VerifyLedger,
    /// Read what earlier runs left open, and look at the vendor again for open questions.
    Recover {
        /// Give the list as the ledger has it first: a look takes as long as the vendors take.
        list_first: bool,
        /// People for whom a change runs right now: it is left alone.
        busy: Vec<HolderId>,
    },
    /// Look at one credential of a person.
    Watch(CredentialId, HolderId, Link),
    /// Ask whether the new credential of waiting work is usable.
    CheckWaiting(Box<IntentRecord>),
    /// Act: run exactly this plan.
    Reissue(Box<ReissuePlan>),
    /// Act: run exactly this plan.
    Turn(Box<TurnPlan>),
    /// Act: retire the old credential of waiting work.
    Retire(Box<IntentRecord>),
    /// Park an open question in the ledger; changes nothing at a vendor.
    Hold(IntentId, HolderId),
    /// Record a person's answer to an open question; changes nothing at a vendor.
    Decide(Box<Case>, Verdict, String),
    /// End an alarm in the ledger: the credential stays as it is.
    Keep(IntentId, HolderId),
    /// Hand this text to the terminal's clipboard.
    Copy(String),
    /// Let the mouse click and scroll, or leave it to the terminal.
    Mouse(bool),
    /// Draw in this theme from now on.
    Theme(String),
    /// Which themes there are.
    Themes,
    /// Draw everything anew.
    Repaint,
    /// End the program.
    Quit,
}

impl Effect {
    /// True for the effects that change something at a vendor.
    pub fn is_act(&self) -> bool {
        matches!(self, Self::Reissue(_) | Self::Turn(_) | Self::Retire(_))
    }
}
