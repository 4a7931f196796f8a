//! AccessGrid over its REST API (contract: accessgrid.md): passes in Apple and Google wallets.
//!
//! There are no people, no change feed and no idempotency there. People are made out of employee numbers, a tag in the
//! metadata says what this console issued, and after every call it is the read-back that counts.

mod change;
mod events;
mod memory;
mod passes;
mod people;
mod signing;
mod templates;
mod wire;

use super::http::{EmptySuccess, Json, Limits, Mutations, Reads, clients};
use super::query::with_query;
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
use memory::Memory;
use people::Walk;
use serde_json::Value;
use signing::AccountSignature;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use templates::Templates;

const KEY_CARDS: &str = "/v1/key-cards";
const TEMPLATES: &str = "/v1/console/card-templates";

/// What an AccessGrid tenant needs to be opened.
pub struct Settings {
    /// What the inside knows about it.
    pub profile: TenantProfile,
    /// Where it lives, without the `/v1` that begins every path.
    pub origin: Origin,
    /// `X-ACCT-ID`.
    pub account: String,
    /// Key of the signatures.
    pub secret: Secret,
    /// Ids of templates and template pairs that this desk works with.
    pub template_ids: Vec<String>,
    /// What distinguishes this installation in the vendor's event log, or empty.
    pub desk: String,
    /// How it is reached: whom to trust.
    pub way: Way,
    /// Time-outs and pace; [`limits`] has the contract's.
    pub limits: Limits,
}

/// The contract's limits (section 1): 5 connections, 20 calls a second for whatever touches a wallet, which this desk
/// keeps for all calls. The pace is half of that, because a token bucket lets through a full bucket at once and then
/// refills it: 10 and 10 make 20 in the worst second.
pub fn limits() -> Limits {
    Limits { in_flight: 5, per_second: NonZeroU32::new(10), ..Limits::default() }
}

/// One AccessGrid account.
pub struct AccessGrid {
    profile: TenantProfile,
    template_ids: Vec<String>,
    reads: Reads,
    mutations: Mutations,
    clock: Arc<dyn Clock>,
    templates: RwLock<Option<Arc<Templates>>>,
    memory: Mutex<Memory>,
    walk: Mutex<Option<Walk>>,
}

impl AccessGrid {
    /// Makes the clients. Touches no wire.
    ///
    /// # Errors
    /// If trust cannot be set up, account or desk cannot stand in a header, or a template id in a path.
    pub fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, ProviderError> {
        let template_ids: Vec<String> = settings.template_ids.iter().map(|id| id.trim().to_owned()).collect();
        if template_ids.is_empty() || !template_ids.iter().all(|id| Self::fits_a_path(id)) {
            let why = "`template_id` must name at least one template, each of letters, digits, - and _";
            return Err(ProviderError::new(ProviderErrorKind::Invalid, why));
        }
        let signature = Arc::new(AccountSignature::new(&settings.account, &settings.secret, &settings.desk)?);
        let (reads, mutations) =
            clients(&settings.origin, signature, &settings.way, settings.limits, EmptySuccess::Unknown)?;
        Ok(Self {
            profile: settings.profile,
            template_ids,
            reads,
            mutations,
            clock,
            templates: RwLock::default(),
            memory: Mutex::default(),
            walk: Mutex::default(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an answer to an issue names: the pass, or both halves of the pair. What it names is remembered, because
    /// lists need not show it.
    fn names(&self, change: &PreparedChange, answer: &Value) -> Answered {
        let Some((person, _)) = change::issue_for(change) else { return Answered::default() };
        let id = |object: &Value| Some(wire::text(object, "id").raw().to_owned()).filter(|id| Self::fits_a_path(id));
        let own = id(answer);
        let mut passes = match answer.get("details").and_then(Value::as_array) {
            Some(halves) => halves.iter().filter_map(id).collect(),
            None => own.clone().into_iter().collect::<Vec<_>>(),
        };
        passes.sort();
        let key = passes.join("/");
        let mut memory = self.memory();
        memory.saw(&person, passes.iter());
        if let (2, Some(unified)) = (passes.len(), own) {
            memory.unified.insert(key.clone(), unified);
        }
        let made = key.parse().ok().map(|key| CredentialId::new(self.profile.name.clone(), key));
        Answered { made, ..Answered::default() }
    }
}

/// A link of ours with parameters, which must be encoded already.
fn link(path: &str, parameters: &[(&str, &str)]) -> Result<Link, ProviderError> {
    let link = path.parse::<Link>().ok().and_then(|link| with_query(&link, parameters));
    link.ok_or_else(|| ProviderError::new(ProviderErrorKind::Invalid, "the question is too long for the server"))
}

/// An answer that could be fetched but not understood.
fn unreadable(why: impl AsRef<str>) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Unreadable, why)
}

/// What the plan may not include: its refusal is undocumented, 403 or 404 (contract section 6).
fn optional(answer: Result<Json, ProviderError>) -> Result<Option<Json>, ProviderError> {
    match answer {
        Err(e) if matches!(e.kind, ProviderErrorKind::Forbidden | ProviderErrorKind::NotFound) => Ok(None),
        other => other.map(Some),
    }
}

#[async_trait]
impl Provider for AccessGrid {
    fn profile(&self) -> &TenantProfile {
        &self.profile
    }

    async fn connect(&self) -> Result<Connection, ProviderError> {
        self.reads.try_key_again();
        let began = self.clock.elapsed();
        // The one call that every plan has.
        self.reads.json(&link(KEY_CARDS, &[("per_page", "1")])?).await?;
        let round_trip = self.clock.elapsed().saturating_sub(began);
        let templates = self.discover().await?;
        let has_events = self.has_logs(&templates).await?;
        Ok(Connection { version: SafeText::of("v1"), round_trip, has_feed: false, has_events })
    }

    /// Passes have a name on them, and no call that looks for it (contract section 4.4).
    fn finds_names(&self) -> bool {
        false
    }

    async fn find_holders(&self, text: &str, limit: usize) -> Result<HolderPage, ProviderError> {
        self.find(text, limit).await
    }

    async fn list_holders(&self, page: Option<&Link>, _size: usize) -> Result<HolderPage, ProviderError> {
        self.list_people(page).await
    }

    async fn holder(&self, id: &HolderId, _link: &Link) -> Result<HolderRead, ProviderError> {
        self.person(id).await
    }

    async fn credential_types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        self.types().await
    }

    async fn bookmark(&self) -> Result<Option<Link>, ProviderError> {
        Ok(None)
    }

    async fn changes_since(&self, _bookmark: &Link) -> Result<FeedRead, ProviderError> {
        Err(ProviderError::new(
            ProviderErrorKind::Forbidden,
            "the vendor has no log of changes that could be read on from a place",
        ))
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
        change::successor(old, marker, now)
    }

    fn prepare(&self, change: &CredentialChange) -> Result<PreparedChange, ProviderError> {
        change::prepare(change)
    }

    async fn send(&self, permit: Permit, change: &PreparedChange) -> SendOutcome {
        let issue = change::issue_for(change);
        let outcome = self.mutations.send(permit, change, |answer| self.names(change, answer)).await;
        match (outcome, issue) {
            (SendOutcome::Rejected(mut error), None) if is_state_conflict(&error) => {
                error.kind = ProviderErrorKind::Invalid;
                SendOutcome::Rejected(error)
            }
            (outcome, Some((person, Some(marker)))) => {
                if let Some(named) = may_have_made_something(&outcome) {
                    self.memory().issued(person, marker, named);
                }
                outcome
            }
            (outcome, _) => outcome,
        }
    }
}

/// A refused action: the pass is in another state. The status of that is undocumented (contract section 5), and 409
/// does not mean here that somebody has the record open.
fn is_state_conflict(error: &ProviderError) -> bool {
    error.status.is_some_and(|status| (400..500).contains(&status) && !matches!(status, 401 | 402 | 404 | 429))
}

/// Of an issue: `None` if it certainly made nothing, else whether the answer named what it made.
fn may_have_made_something(outcome: &SendOutcome) -> Option<bool> {
    match outcome {
        SendOutcome::Unknown(_) => Some(false),
        SendOutcome::Applied { answer, .. } => Some(answer.made.is_some()),
        SendOutcome::Rejected(_) | SendOutcome::NotSent(_) => None,
    }
}

#[cfg(test)]
mod contract_tests;
