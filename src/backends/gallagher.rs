//! Gallagher Command Centre over its REST API (contract: gallagher.md).
//!
//! Only `GET /api` is known beforehand; every other address comes out of that document or of a result
//! (contract section 2). Reading is tolerant: a member that is missing, new or odd never loses a person or a card.

mod change;
mod discovery;
mod events;
mod feed;
mod particulars;
mod people;
mod types;
mod wire;

use super::http::{EmptySuccess, Json, Limits, Mutations, Reads, clients};
use super::signature::FixedKey;
use super::wire::Way;
use crate::domain::change::{CredentialChange, NewCredential, PreparedChange};
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::ids::{HolderId, Link};
use crate::domain::journal::Marker;
use crate::domain::operation::Operation;
use crate::domain::origin::Origin;
use crate::domain::text::Secret;
use crate::ports::clock::Clock;
use crate::ports::permit::Permit;
use crate::ports::provider::{
    Answered, Connection, FeedRead, HolderPage, HolderRead, Provider, ProviderError, ProviderErrorKind, SendOutcome,
    TenantProfile,
};
use async_trait::async_trait;
use discovery::Discovery;
use jiff::Timestamp;
use std::sync::{Arc, PoisonError, RwLock};

/// What a Gallagher tenant needs to be opened.
pub struct Settings {
    /// What the inside knows about it.
    pub profile: TenantProfile,
    /// Where it lives.
    pub origin: Origin,
    /// The API key of our own REST Client item; opaque (contract section 1).
    pub key: Secret,
    /// How it is reached: whom to trust, and who we are.
    pub way: Way,
    /// Time-outs.
    pub limits: Limits,
}

/// One Command Centre server, or one site behind the cloud gateway.
pub struct Gallagher {
    profile: TenantProfile,
    reads: Reads,
    mutations: Mutations,
    clock: Arc<dyn Clock>,
    discovery: RwLock<Option<Arc<Discovery>>>,
}

impl Gallagher {
    /// Makes the clients. Touches no wire.
    ///
    /// # Errors
    /// If trust cannot be set up (roots, client certificate), or the key cannot stand in a header.
    pub fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, ProviderError> {
        // The word before the key is demanded by the gateway, which is strict about it (contract section 1).
        let authorization = Secret::new(format!("GGL-API-KEY {}", settings.key.expose()));
        let signature = Arc::new(FixedKey::new(&authorization)?);
        let (reads, mutations) =
            clients(&settings.origin, signature, &settings.way, settings.limits, EmptySuccess::Applied)?;
        Ok(Self { profile: settings.profile, reads, mutations, clock, discovery: RwLock::new(None) })
    }

    /// What the server offers; asked once and kept.
    async fn discovery(&self) -> Result<Arc<Discovery>, ProviderError> {
        let known = self.discovery.read().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(known) => Ok(known),
            None => self.discover().await,
        }
    }

    async fn discover(&self) -> Result<Arc<Discovery>, ProviderError> {
        let answer = self.read(&discovery::entry()?).await?;
        let fresh = Arc::new(Discovery::read(&answer.value, self.reads.origin())?);
        *self.discovery.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Reads a link. A 503 is the gateway's word for a site that is not connected to it (contract section 1).
    async fn read(&self, link: &Link) -> Result<Json, ProviderError> {
        let answer = self.reads.json(link).await;
        answer.map_err(|error| match error.status {
            Some(503) => ProviderError { kind: ProviderErrorKind::SiteOffline, ..error },
            _ => error,
        })
    }

    /// Reads a link that came from discovery. If the server does not know it any more, discovery is forgotten, so
    /// that the next call asks anew (contract section 11).
    async fn json(&self, link: &Link) -> Result<Json, ProviderError> {
        let answer = self.read(link).await;
        if answer.as_ref().is_err_and(|e| e.kind == ProviderErrorKind::NotFound) {
            *self.discovery.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        answer
    }
}

/// An answer that could be fetched but not understood.
fn unreadable(why: impl AsRef<str>) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Unreadable, why)
}

/// A feature that the server does not offer to this key: no licence, or no privilege (contract section 2).
fn not_offered(what: &str) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Forbidden, format!("the server does not offer {what} to this key"))
}

#[async_trait]
impl Provider for Gallagher {
    fn profile(&self) -> &TenantProfile {
        &self.profile
    }

    async fn connect(&self) -> Result<Connection, ProviderError> {
        self.reads.try_key_again();
        let began = self.clock.elapsed();
        let discovery = self.discover().await?;
        Ok(Connection {
            version: discovery.version.clone(),
            round_trip: self.clock.elapsed().saturating_sub(began),
            has_feed: discovery.changes.is_some(),
            has_events: discovery.events.is_some(),
        })
    }

    async fn find_holders(&self, text: &str, limit: usize) -> Result<HolderPage, ProviderError> {
        self.search_people(text, limit).await
    }

    async fn list_holders(&self, page: Option<&Link>, size: usize) -> Result<HolderPage, ProviderError> {
        self.list_people(page, size).await
    }

    async fn holder(&self, id: &HolderId, link: &Link) -> Result<HolderRead, ProviderError> {
        self.person(id, link).await
    }

    async fn credential_types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        self.assignable_types().await
    }

    async fn bookmark(&self) -> Result<Option<Link>, ProviderError> {
        self.feed_bookmark().await
    }

    async fn changes_since(&self, bookmark: &Link) -> Result<FeedRead, ProviderError> {
        self.feed_since(bookmark).await
    }

    async fn events_of(&self, id: &HolderId, limit: usize) -> Result<Vec<Operation>, ProviderError> {
        self.events_about(id, limit).await
    }

    fn successor(
        &self,
        _holder: &HolderRead,
        old: &Credential,
        marker: Option<Marker>,
        now: Timestamp,
    ) -> Result<NewCredential, ProviderError> {
        match old.class.not_issued_because() {
            Some(why) => Err(ProviderError::new(ProviderErrorKind::Invalid, why)),
            None => Ok(NewCredential::like_phone(old, marker, now)),
        }
    }

    fn prepare(&self, change: &CredentialChange) -> Result<PreparedChange, ProviderError> {
        change::prepare(self.reads.origin(), change)
    }

    async fn send(&self, permit: Permit, change: &PreparedChange) -> SendOutcome {
        // A body in the answer is feedback for people; what was made is found by reading (contract section 5.5).
        self.mutations.send(permit, change, |_| Answered::default()).await
    }
}

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod tests;
