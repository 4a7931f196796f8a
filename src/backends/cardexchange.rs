//! CardExchange Cloud over its REST API (contract: cardexchange.md).
//!
//! The reference says little about what a server answers, so nothing is relied upon but `id` (contract section 3.1).
//! There is no change feed and no history: what the console knows about its own cards is its ledger and the marker in
//! `metadata.helpdesk_ref`.

mod cards;
mod change;
mod key;
mod lists;
mod metadata;
mod people;
mod productions;
mod wire;

pub use cards::LostAnswer;
pub use key::Auth;
pub use lists::{Listed, Question, Resource};
pub use metadata::{Tags, merged, vanished};
pub use productions::ProductionRecord;

use super::http::{EmptySuccess, Limits, Mutations, Reads, clients};
use super::signature::FixedKey;
use super::wire::Way;
use crate::domain::change::{CredentialChange, NewCredential, PreparedChange};
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::ids::{CredentialId, HolderId, Link};
use crate::domain::journal::Marker;
use crate::domain::operation::Operation;
use crate::domain::origin::Origin;
use crate::domain::text::{SafeText, Secret};
use crate::ports::clock::Clock;
use crate::ports::permit::Permit;
use crate::ports::provider::{
    Answered, Connection, FeedRead, HolderPage, HolderRead, Provider, ProviderError, ProviderErrorKind, SendOutcome,
    TenantProfile,
};
use async_trait::async_trait;
use jiff::Timestamp;
use lists::Scans;
use metadata::Memory;
use std::sync::Arc;

/// What a CardExchange tenant needs to be opened.
pub struct Settings {
    /// What the inside knows about it.
    pub profile: TenantProfile,
    /// Where it lives; the vendor names no host.
    pub origin: Origin,
    /// How the key is presented.
    pub auth: Auth,
    /// API key or token; its prefix decides the data set (contract section 1).
    pub key: Secret,
    /// How it is reached: whom to trust, and who we are.
    pub way: Way,
    /// Time-outs; four calls at a time at most (contract section 9, A17).
    pub limits: Limits,
}

/// One tenant of CardExchange Cloud, in the data set of its key.
pub struct CardExchange {
    profile: TenantProfile,
    live_data: bool,
    reads: Reads,
    mutations: Mutations,
    clock: Arc<dyn Clock>,
    scans: Scans,
    memory: Memory,
}

/// Calls at a time that the vendor can be expected to bear (contract section 9, A17).
const MOST_AT_ONCE: usize = 4;

impl CardExchange {
    /// Makes the clients. Touches no wire.
    ///
    /// # Errors
    /// If the key opens another data set than the site file says, cannot stand in a header, or trust cannot be set up.
    pub fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, ProviderError> {
        let live_data = key::opens_live_data(&settings.key);
        key::check_mode(live_data, settings.profile.mode)?;
        let signature = Arc::new(FixedKey::new(&settings.auth.header(&settings.key))?);
        let limits = Limits { in_flight: settings.limits.in_flight.min(MOST_AT_ONCE), ..settings.limits };
        let (reads, mutations) = clients(&settings.origin, signature, &settings.way, limits, EmptySuccess::Unknown)?;
        let profile = settings.profile;
        Ok(Self { profile, live_data, reads, mutations, clock, scans: Scans::default(), memory: Memory::default() })
    }
}

/// An answer that could be fetched but not understood.
fn unreadable(why: impl AsRef<str>) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Unreadable, why)
}

/// A wish that cannot be said in the vendor's terms, or that the console does not offer; in words for people.
fn not_possible(why: impl AsRef<str>) -> ProviderError {
    let mut error = ProviderError::new(ProviderErrorKind::Invalid, why.as_ref());
    error.said = SafeText::of(why.as_ref());
    error
}

#[async_trait]
impl Provider for CardExchange {
    fn profile(&self) -> &TenantProfile {
        &self.profile
    }

    async fn connect(&self) -> Result<Connection, ProviderError> {
        self.reads.try_key_again();
        let began = self.clock.elapsed();
        // The smallest list there is: no person, no picture (contract section 10).
        self.page(&Question::new(Resource::Cards), 1, 1).await?;
        let data = if self.live_data { "LIVE" } else { "test" };
        Ok(Connection {
            version: SafeText::of(&format!("API v1, {data} data")),
            round_trip: self.clock.elapsed().saturating_sub(began),
            has_feed: false,
            has_events: false,
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

    /// None: which card is made is a setting of the cardholder's profile (contract section 4.3).
    async fn credential_types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        Ok(Vec::new())
    }

    async fn bookmark(&self) -> Result<Option<Link>, ProviderError> {
        Ok(None)
    }

    async fn changes_since(&self, _bookmark: &Link) -> Result<FeedRead, ProviderError> {
        Err(ProviderError::new(ProviderErrorKind::NotFound, "this vendor has no change feed (contract section 8)"))
    }

    /// None: the API has no history (contract section 8); [`Connection::has_events`] says so.
    async fn events_of(&self, _id: &HolderId, _limit: usize) -> Result<Vec<Operation>, ProviderError> {
        Ok(Vec::new())
    }

    fn successor(
        &self,
        holder: &HolderRead,
        old: &Credential,
        marker: Option<Marker>,
        _now: Timestamp,
    ) -> Result<NewCredential, ProviderError> {
        change::successor(holder, old, marker)
    }

    fn prepare(&self, change: &CredentialChange) -> Result<PreparedChange, ProviderError> {
        change::prepare(change, &self.memory)
    }

    async fn send(&self, permit: Permit, change: &PreparedChange) -> SendOutcome {
        let tenant = self.profile.name.clone();
        let creates = change.link.as_str() == Resource::Cards.path();
        let names = move |answer: &serde_json::Value| {
            let made = creates.then(|| wire::key(answer, "id")).flatten();
            Answered { made: made.map(|key| CredentialId::new(tenant, key)), ..Answered::default() }
        };
        let outcome = self.mutations.send(permit, change, names).await;
        if matches!(outcome, SendOutcome::Applied { .. } | SendOutcome::Unknown(_)) {
            self.memory.written(change);
        }
        outcome
    }
}

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod tests;
