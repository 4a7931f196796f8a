//! Processes that can die: each passes points before and after everything it writes and asks, and at one of them it may
//! stop for ever, as a killed process does.

use super::book::Book;
use async_trait::async_trait;
use passdesk::domain::ids::{HolderId, IntentId, TenantName};
use passdesk::domain::journal::{Event, EventDraft, IntentRecord, IntentState, ProcessMark};
use passdesk::domain::operation::Operation;
use passdesk::ports::ledger::{HistoryQuery, LateWatch, Ledger, LedgerError, LedgerHealth};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Notify;

thread_local! {
    static LIVING: RefCell<BTreeSet<u32>> = const { RefCell::new(BTreeSet::new()) };
}

/// The mark of a process of this number.
pub fn mark(pid: u32) -> ProcessMark {
    ProcessMark { pid, boot: "model".into(), started: u64::from(pid) }
}

/// Whether a process of this run lives.
pub fn is_alive(mark: &ProcessMark) -> bool {
    mark.boot == "model" && LIVING.with_borrow(|living| living.contains(&mark.pid))
}

/// Nobody lives: a run begins.
pub fn nobody_lives() {
    LIVING.with_borrow_mut(BTreeSet::clear);
}

/// One process.
pub struct Life {
    pub pid: u32,
    left: AtomicI64,
    ended: Notify,
    book: Arc<Book>,
}

const FOR_EVER: i64 = i64::MAX;

impl Life {
    pub fn begin(pid: u32, book: &Arc<Book>) -> Arc<Self> {
        LIVING.with_borrow_mut(|living| living.insert(pid));
        Arc::new(Self { pid, left: AtomicI64::new(FOR_EVER), ended: Notify::new(), book: Arc::clone(book) })
    }

    /// It dies at the point after so many others.
    pub fn dies_after(&self, points: usize) {
        self.left.store(points as i64, Ordering::SeqCst);
    }

    pub fn goes_on(&self) {
        self.left.store(FOR_EVER, Ordering::SeqCst);
    }

    pub fn die(&self) {
        LIVING.with_borrow_mut(|living| living.remove(&self.pid));
    }

    /// A point. Others may go first here.
    pub async fn pass(&self, when: &'static str, what: &str) {
        if self.book.open().chance.percent(12) {
            tokio::task::yield_now().await;
        }
        if self.left.load(Ordering::SeqCst) != FOR_EVER && self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.book.say(|| format!("process {} is killed {when} {what}", self.pid));
            self.book.open().tally.kills += 1;
            self.die();
            self.ended.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// What comes of work, or nothing if the process died over it.
    pub async fn live<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.ended.notified() => None,
            result = work => Some(result),
        }
    }
}

/// The journal as one process writes it, for one confirmed plan or none.
pub struct Scribe {
    pub ledger: Arc<dyn Ledger>,
    pub life: Arc<Life>,
    pub plan: Option<u64>,
}

impl Scribe {
    async fn around<T>(&self, what: &str, call: impl Future<Output = T>) -> T {
        self.life.pass("before", what).await;
        let result = call.await;
        self.life.pass("after", what).await;
        result
    }

    async fn written<T>(
        &self,
        drafts: Vec<EventDraft>,
        call: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        let result = call.await;
        let mut pages = self.life.book.open();
        match &result {
            Ok(_) => drafts.iter().for_each(|draft| pages.written(draft, self.plan, self.life.pid)),
            Err(LedgerError::Busy(_)) => {}
            // Two who settle the same thing: the second is refused, and reads what the first found.
            Err(LedgerError::Transition(what)) => pages.say(|| format!("refused: {what}")),
            Err(LedgerError::Unsafe(why)) => pages.wrong(format!("the ledger is unsafe: {why}")),
        }
        result
    }
}

fn word(state: IntentState) -> &'static str {
    use IntentState as S;
    match state {
        S::Intent => "INTENT",
        S::Snapshotted => "SNAPSHOTTED",
        S::Sending => "SENDING",
        S::Applied => "APPLIED",
        S::Unknown => "UNKNOWN",
        _ => "another state",
    }
}

#[async_trait]
impl Ledger for Scribe {
    async fn append(&self, draft: EventDraft) -> Result<Event, LedgerError> {
        let (what, copy) = (word(draft.state), vec![draft.clone()]);
        self.around(what, self.written(copy, self.ledger.append(draft))).await
    }
    async fn append_all(&self, drafts: Vec<EventDraft>) -> Result<u64, LedgerError> {
        let copy = drafts.clone();
        self.around("several states", self.written(copy, self.ledger.append_all(drafts))).await
    }
    async fn intents_of(&self, holder: &HolderId) -> Result<Vec<IntentRecord>, LedgerError> {
        self.ledger.intents_of(holder).await
    }
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, LedgerError> {
        self.ledger.intent(id).await
    }
    async fn unfinished(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.ledger.unfinished().await
    }
    async fn waiting_retirements(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.ledger.waiting_retirements().await
    }
    async fn half_done(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.ledger.half_done().await
    }
    async fn late_watch(&self, since: jiff::Timestamp) -> Result<LateWatch, LedgerError> {
        self.ledger.late_watch(since).await
    }
    async fn operations(&self, query: &HistoryQuery) -> Result<Vec<Operation>, LedgerError> {
        self.ledger.operations(query).await
    }
    async fn claim(&self, holder: &HolderId, owner: &ProcessMark) -> Result<bool, LedgerError> {
        self.around("the lease", self.ledger.claim(holder, owner)).await
    }
    async fn release(&self, holder: &HolderId, owner: &ProcessMark) -> Result<(), LedgerError> {
        self.around("giving the lease back", self.ledger.release(holder, owner)).await
    }
    async fn verify(&self) -> LedgerHealth {
        self.ledger.verify().await
    }
    fn health(&self) -> LedgerHealth {
        self.ledger.health()
    }
    fn console_id(&self) -> &str {
        self.ledger.console_id()
    }
    async fn unsettled_tenants(&self) -> Result<Vec<TenantName>, LedgerError> {
        self.ledger.unsettled_tenants().await
    }
}
