//! A ledger and a vendor that let a console die before or after any of their calls.
//!
//! Each point is reached by an interruption of the running future: nothing after it happens, as nothing after a
//! SIGKILL happens.

use async_trait::async_trait;
use passdesk::domain::change::{CredentialChange, NewCredential, PreparedChange};
use passdesk::domain::credential::{Credential, CredentialType};
use passdesk::domain::ids::{HolderId, IntentId, Link, TenantName};
use passdesk::domain::journal::{Event, EventDraft, IntentRecord, Marker, ProcessMark};
use passdesk::domain::operation::Operation;
use passdesk::ports::ledger::{HistoryQuery, LateWatch, Ledger, LedgerError, LedgerHealth};
use passdesk::ports::permit::Permit;
use passdesk::ports::provider::{
    Connection, FeedRead, HolderPage, HolderRead, Provider, ProviderError, SendOutcome, TenantProfile,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Stops at the n-th point that is passed, or at the n-th of certain ones.
pub struct Stops {
    at: usize,
    /// How the names of the points that count begin; empty: all count.
    of: Vec<String>,
    passed: AtomicUsize,
    pub reached: Notify,
    name: std::sync::Mutex<String>,
    watch: Box<dyn Fn(&str) + Send + Sync>,
}

impl Stops {
    pub fn at(at: usize) -> Arc<Self> {
        Self::among(Vec::new(), at, |_| ())
    }

    /// At the n-th point (from 0) whose name begins as one of `of` says, such as `after SENDING`. `watch` is told
    /// of every point before it is passed.
    pub fn among(of: Vec<String>, at: usize, watch: impl Fn(&str) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            at,
            of,
            passed: AtomicUsize::new(0),
            reached: Notify::new(),
            name: std::sync::Mutex::default(),
            watch: Box::new(watch),
        })
    }

    /// Stops here and now, wherever that is.
    pub async fn here(&self, name: &str) {
        name.clone_into(&mut self.name.lock().unwrap());
        self.reached.notify_one();
        std::future::pending::<()>().await;
    }

    /// Where it stopped.
    pub fn place(&self) -> String {
        self.name.lock().unwrap().clone()
    }

    async fn pass(&self, when: &str, what: &str) {
        let name = format!("{when} {what}");
        (self.watch)(&name);
        let counts = self.of.is_empty() || self.of.iter().any(|of| name.starts_with(of.as_str()));
        if counts && self.passed.fetch_add(1, Ordering::SeqCst) == self.at {
            self.here(&name).await;
        }
    }

    async fn around<T>(&self, what: &str, call: impl Future<Output = T>) -> T {
        self.pass("before", what).await;
        let result = call.await;
        self.pass("after", what).await;
        result
    }
}

pub struct StoppingLedger(pub Arc<dyn Ledger>, pub Arc<Stops>);

#[async_trait]
impl Ledger for StoppingLedger {
    async fn append(&self, draft: EventDraft) -> Result<Event, LedgerError> {
        let what = draft.state.to_string();
        self.1.around(&what, self.0.append(draft)).await
    }
    async fn append_all(&self, drafts: Vec<EventDraft>) -> Result<u64, LedgerError> {
        let what = drafts.iter().map(|d| d.state.to_string()).collect::<Vec<_>>().join("+");
        self.1.around(&what, self.0.append_all(drafts)).await
    }
    async fn intents_of(&self, holder: &HolderId) -> Result<Vec<IntentRecord>, LedgerError> {
        self.0.intents_of(holder).await
    }
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, LedgerError> {
        self.0.intent(id).await
    }
    async fn unfinished(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.0.unfinished().await
    }
    async fn waiting_retirements(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.0.waiting_retirements().await
    }
    async fn half_done(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.0.half_done().await
    }
    async fn late_watch(&self, since: jiff::Timestamp) -> Result<LateWatch, LedgerError> {
        self.0.late_watch(since).await
    }
    async fn operations(&self, query: &HistoryQuery) -> Result<Vec<Operation>, LedgerError> {
        self.0.operations(query).await
    }
    async fn claim(&self, holder: &HolderId, owner: &ProcessMark) -> Result<bool, LedgerError> {
        self.1.around("claim", self.0.claim(holder, owner)).await
    }
    async fn release(&self, holder: &HolderId, owner: &ProcessMark) -> Result<(), LedgerError> {
        self.1.around("release", self.0.release(holder, owner)).await
    }
    async fn verify(&self) -> LedgerHealth {
        self.0.verify().await
    }
    fn health(&self) -> LedgerHealth {
        self.0.health()
    }
    fn console_id(&self) -> &str {
        self.0.console_id()
    }
    async fn unsettled_tenants(&self) -> Result<Vec<TenantName>, LedgerError> {
        self.0.unsettled_tenants().await
    }
}

pub struct StoppingVendor(pub Arc<dyn Provider>, pub Arc<Stops>);

#[async_trait]
impl Provider for StoppingVendor {
    fn profile(&self) -> &TenantProfile {
        self.0.profile()
    }
    async fn connect(&self) -> Result<Connection, ProviderError> {
        self.0.connect().await
    }
    async fn find_holders(&self, text: &str, limit: usize) -> Result<HolderPage, ProviderError> {
        self.0.find_holders(text, limit).await
    }
    async fn list_holders(&self, page: Option<&Link>, size: usize) -> Result<HolderPage, ProviderError> {
        self.0.list_holders(page, size).await
    }
    async fn holder(&self, id: &HolderId, link: &Link) -> Result<HolderRead, ProviderError> {
        self.1.around("holder", self.0.holder(id, link)).await
    }
    async fn credential_types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        self.0.credential_types().await
    }
    async fn bookmark(&self) -> Result<Option<Link>, ProviderError> {
        self.1.around("bookmark", self.0.bookmark()).await
    }
    async fn changes_since(&self, bookmark: &Link) -> Result<FeedRead, ProviderError> {
        self.1.around("changes", self.0.changes_since(bookmark)).await
    }
    async fn events_of(&self, id: &HolderId, limit: usize) -> Result<Vec<Operation>, ProviderError> {
        self.0.events_of(id, limit).await
    }
    fn successor(
        &self,
        holder: &HolderRead,
        old: &Credential,
        marker: Option<Marker>,
        now: jiff::Timestamp,
    ) -> Result<NewCredential, ProviderError> {
        self.0.successor(holder, old, marker, now)
    }

    fn prepare(&self, change: &CredentialChange) -> Result<PreparedChange, ProviderError> {
        self.0.prepare(change)
    }
    async fn send(&self, permit: Permit, change: &PreparedChange) -> SendOutcome {
        self.1.around("send", self.0.send(permit, change)).await
    }
}
