//! What each process saw of a person when it last read her, in the terms of the truth: so that what a gate lets through
//! can be compared with what the gate could see, and with what was shown before (invariant I12).

use super::book::Reading;
use super::life::Life;
use super::truth::{self, TruePass};
use super::wires::Street;
use async_trait::async_trait;
use jiff::Timestamp;
use passdesk::domain::change::{CredentialChange, NewCredential, PreparedChange};
use passdesk::domain::credential::{Credential, CredentialType, System};
use passdesk::domain::ids::{HolderId, Link};
use passdesk::domain::journal::Marker;
use passdesk::domain::operation::Operation;
use passdesk::ports::permit::Permit;
use passdesk::ports::provider::{
    Connection, FeedRead, HolderPage, HolderRead, Kept, Provider, ProviderError, SendOutcome, TenantProfile,
};
use std::sync::Arc;

/// A client that notes in the book what its readings of people could have shown.
pub struct Watched {
    pub client: Arc<dyn Provider>,
    pub street: Arc<Street>,
    pub life: Arc<Life>,
}

impl Watched {
    fn truth(&self, id: &HolderId) -> Option<Vec<TruePass>> {
        let person = self.street.people.iter().find(|person| person.holder == *id)?;
        Some(truth::passes(&self.street.house, person))
    }
}

#[async_trait]
impl Provider for Watched {
    async fn holder(&self, id: &HolderId, link: &Link) -> Result<HolderRead, ProviderError> {
        let began = (self.street.book.open().events, self.street.house.clock.now());
        let before = self.truth(id);
        let read = self.client.holder(id, link).await?;
        // What changed while it was read may or may not have been seen.
        let truth = before.filter(|before| self.truth(id).as_ref() == Some(before));
        let forgets = self.client.profile().system == System::AccessGrid
            && self.street.house.sim.grid().switches().list_omits_every > 0;
        let listed = |pass: &TruePass| read.credentials.iter().any(|card| card.id.key.as_str() == pass.whole);
        let left_out =
            truth.iter().flatten().filter(|pass| forgets && !listed(pass)).map(|p| p.whole.clone()).collect();
        let reading = Reading { after: began.0, at: began.1, truth, left_out };
        self.street.book.open().readings.insert((self.life.pid, id.clone()), reading);
        Ok(read)
    }

    fn profile(&self) -> &TenantProfile {
        self.client.profile()
    }
    async fn connect(&self) -> Result<Connection, ProviderError> {
        self.client.connect().await
    }
    async fn find_holders(&self, text: &str, limit: usize) -> Result<HolderPage, ProviderError> {
        self.client.find_holders(text, limit).await
    }
    fn finds_names(&self) -> bool {
        self.client.finds_names()
    }
    async fn list_holders(&self, page: Option<&Link>, size: usize) -> Result<HolderPage, ProviderError> {
        self.client.list_holders(page, size).await
    }
    async fn credential_types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        self.client.credential_types().await
    }
    async fn bookmark(&self) -> Result<Option<Link>, ProviderError> {
        self.client.bookmark().await
    }
    async fn changes_since(&self, bookmark: &Link) -> Result<FeedRead, ProviderError> {
        self.client.changes_since(bookmark).await
    }
    async fn keep_history(&self, everybody: bool) -> Result<Kept, ProviderError> {
        self.client.keep_history(everybody).await
    }
    async fn events_of(&self, id: &HolderId, limit: usize) -> Result<Vec<Operation>, ProviderError> {
        self.client.events_of(id, limit).await
    }
    fn successor(
        &self,
        holder: &HolderRead,
        old: &Credential,
        marker: Option<Marker>,
        now: Timestamp,
    ) -> Result<NewCredential, ProviderError> {
        self.client.successor(holder, old, marker, now)
    }
    fn prepare(&self, change: &CredentialChange) -> Result<PreparedChange, ProviderError> {
        self.client.prepare(change)
    }
    async fn send(&self, permit: Permit, change: &PreparedChange) -> SendOutcome {
        self.client.send(permit, change).await
    }
}
