//! Thales D1's issuer-backend API (contract: thales-d1.md).
//!
//! The vendor has no search, no lists of people, and forgets operations after three months. So people come from the
//! directory, and every operation that is read is archived; what a server does not offer has a documented fallback,
//! and what nobody knows is said to be unknown.

mod awaited;
mod change;
mod history;
mod objects;
mod people;
mod routes;
mod tokens;
mod wire;

pub use history::SweepReport;
pub use routes::Routes;

use super::http::{EmptySuccess, Limits, Mutations, Reads, clients};
use super::signature::Unsigned;
use super::wire::Way;
use crate::domain::change::{CredentialChange, NewCredential, PreparedChange};
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::ids::{HolderId, Link, TenantName, VendorKey};
use crate::domain::journal::Marker;
use crate::domain::operation::Operation;
use crate::domain::origin::Origin;
use crate::domain::policy::Why;
use crate::domain::text::{SafeText, Secret};
use crate::ports::archive::Archive;
use crate::ports::clock::{Clock, Ids};
use crate::ports::permit::Permit;
use crate::ports::provider::{
    Answered, Connection, FeedRead, HolderPage, HolderRead, Kept, Provider, ProviderError, ProviderErrorKind,
    SendOutcome, TenantProfile,
};
use async_trait::async_trait;
use jiff::Timestamp;
use routes::{Addresses, IdOf, Lacking, checked};
use serde_json::Value;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokens::{Identity, SigningKey, Tokens};

/// Reason codes beside those that the vendor's public pages confirm (decision 20).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasonCodes {
    /// For stopping or ending a digital card, by reason.
    pub digital: Vec<(Why, String)>,
}

/// What a D1 tenant needs to be opened.
pub struct Settings {
    /// What the inside knows about it.
    pub profile: TenantProfile,
    /// Where its API lives.
    pub origin: Origin,
    /// Where tokens are to be had, if elsewhere: the whole address.
    pub token_url: Option<String>,
    /// Exactly ten characters, given at onboarding.
    pub issuer_id: String,
    /// Which of the onboarded keys ours is.
    pub kid: String,
    /// Our private key: PKCS#8 in PEM, curve P-256.
    pub key: Secret,
    /// `aud` of the assertion; without it, the API's own origin (contract section 14, row 15).
    pub audience: Option<String>,
    /// Who asks, as the vendor's support sees it: at most 15 letters, digits, `_` and `-`, no name.
    pub user: Option<String>,
    /// Bases of the families.
    pub routes: Routes,
    /// More reason codes.
    pub codes: ReasonCodes,
    /// True: [`ThalesD1::prepare_consumer_delete`] prepares something.
    pub consumer_delete: bool,
    /// How it is reached: whom to trust, and who we are: the vendor wants a client certificate on every call.
    pub way: Way,
    /// Time-outs and pace; [`limits`] for a real server.
    pub limits: Limits,
}

/// The vendor publishes no limits; these are the contract's cautious ones (section 10).
pub fn limits() -> Limits {
    Limits { connect: Duration::from_secs(10), in_flight: 4, per_second: NonZeroU32::new(5), ..Limits::default() }
}

/// A change of ours that the server has accepted and not finished.
#[derive(Clone, Debug)]
struct Awaited {
    consumer: VendorKey,
    credential: VendorKey,
    digital: bool,
    operation: Option<VendorKey>,
    /// What its reason begins with: finds the operation where the answer did not name it (contract section 10).
    tag: Option<String>,
    polls: u32,
}

/// One issuer at Thales D1.
pub struct ThalesD1 {
    profile: TenantProfile,
    addresses: Addresses,
    codes: ReasonCodes,
    consumer_delete: bool,
    reads: Reads,
    mutations: Mutations,
    tokens: Arc<Tokens>,
    archive: Arc<dyn Archive>,
    clock: Arc<dyn Clock>,
    lacking: Lacking,
    awaited: Mutex<Vec<Awaited>>,
    /// When somebody's operations were last archived by this process.
    fresh: Mutex<HashMap<VendorKey, Timestamp>>,
    /// Why cards are in their state, as last read: a resume must fit it.
    state_reasons: Mutex<HashMap<VendorKey, String>>,
}

impl ThalesD1 {
    /// Makes the clients. Touches no wire.
    ///
    /// # Errors
    /// If a setting does not fit the contract, the key is no P-256 key, or trust cannot be set up.
    pub fn open(
        settings: Settings,
        archive: Arc<dyn Archive>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self, ProviderError> {
        let invalid = |why: String| ProviderError::new(ProviderErrorKind::Invalid, why);
        let issuer = settings.issuer_id;
        if issuer.len() != 10 || !issuer.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            return Err(invalid("issuer_id has exactly 10 letters, digits, _ or -".into()));
        }
        if let Some(user) = &settings.user
            && !((1..=15).contains(&user.len()) && checked(IdOf::Consumer, user).is_ok())
        {
            return Err(invalid("the user handle has 1 to 15 letters, digits, _ or -".into()));
        }
        let (token_origin, token_link) =
            token_place(settings.token_url.as_deref(), &settings.origin, &settings.routes)?;
        let unsigned = Arc::new(Unsigned);
        let (token_reads, _) = clients(&token_origin, unsigned, &settings.way, settings.limits, EmptySuccess::Unknown)?;
        let identity = Identity {
            issuer: issuer.clone(),
            kid: settings.kid,
            audience: settings.audience.unwrap_or_else(|| settings.origin.to_string()),
            user: settings.user,
            knows_us: settings.way.shows_certificate() || !settings.origin.is_https(),
        };
        let key = SigningKey::read(&settings.key)?;
        let tokens = Tokens::new(identity, key, (token_reads, token_link), (Arc::clone(&clock), ids))?;
        let tokens = Arc::new(tokens);
        let signature = Arc::clone(&tokens);
        // A success without a body was accepted; whether it is done is read (contract section 14, row 16).
        let (reads, mutations) =
            clients(&settings.origin, signature, &settings.way, settings.limits, EmptySuccess::Applied)?;
        Ok(Self {
            profile: settings.profile,
            addresses: Addresses { routes: settings.routes, issuer },
            codes: settings.codes,
            consumer_delete: settings.consumer_delete,
            reads,
            mutations,
            tokens,
            archive,
            clock,
            lacking: Lacking::default(),
            awaited: Mutex::default(),
            fresh: Mutex::default(),
            state_reasons: Mutex::default(),
        })
    }

    fn tenant(&self) -> &TenantName {
        &self.profile.name
    }

    /// What the last token may do, made safe; empty before the first call.
    pub fn scope(&self) -> SafeText {
        SafeText::of(&self.tokens.scope())
    }

    /// The end of a consumer with all her cards and digital cards. Nothing offers it; a site file may allow it.
    ///
    /// # Errors
    /// If it is not allowed, or the note does not fit.
    pub fn prepare_consumer_delete(
        &self,
        consumer: &HolderId,
        why: Why,
        marker: Option<&Marker>,
        note: &str,
    ) -> Result<PreparedChange, ProviderError> {
        if !self.consumer_delete {
            let text = "ending a consumer is not allowed here: it takes all her cards and digital cards with it";
            return Err(ProviderError::new(ProviderErrorKind::Forbidden, text));
        }
        change::delete_consumer(&self.addresses, &consumer.key, why, marker, note)
    }

    /// The consumer, the card or digital card, and whether it is digital, that a change is about.
    async fn subject(&self, link: &Link) -> Option<(VendorKey, VendorKey, bool)> {
        let mut parts = link.as_str().rsplit('/').skip(1);
        let (id, family) = (parts.next()?.parse::<VendorKey>().ok()?, parts.next()?);
        let entry = self.archive.entry(self.tenant(), &id).await.ok()??;
        (family != "consumers").then_some((entry.consumer, id, family == "digitalCards"))
    }

    fn await_change(
        &self,
        (consumer, credential, digital): (VendorKey, VendorKey, bool),
        answer: &Answered,
        tag: Option<String>,
    ) {
        let mut all = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.credential != credential);
        if answer.pending {
            all.push(Awaited { consumer, credential, digital, operation: answer.operation.clone(), tag, polls: 0 });
        }
    }
}

/// Where tokens are to be had.
fn token_place(url: Option<&str>, origin: &Origin, routes: &Routes) -> Result<(Origin, Link), ProviderError> {
    let bad = || ProviderError::new(ProviderErrorKind::Invalid, "token_url is not an address with a path");
    let Some(url) = url else { return Ok((origin.clone(), routes.token.parse().map_err(|_| bad())?)) };
    let host = url.find("://").map(|at| at + 3).ok_or_else(bad)?;
    let path = url[host..].find('/').map(|at| at + host).ok_or_else(bad)?;
    let origin = Origin::parse(&url[..path])
        .map_err(|e| ProviderError::new(ProviderErrorKind::Invalid, format!("token_url: {e}")))?;
    let link: Link = url[path..].parse().map_err(|_| bad())?;
    // The short form of the contract names the folder alone.
    let whole = link.as_str().trim_end_matches('/');
    let link =
        if whole.ends_with("/token") { link } else { format!("{whole}/oauth2/token").parse().map_err(|_| bad())? };
    Ok((origin, link))
}

/// What an answer to a change says. The id names the operation to the workflow if it is an id at all.
fn said(answer: &Value) -> (Answered, bool) {
    let status = wire::text(answer, &["status"]);
    let operation = checked(IdOf::Operation, wire::text(answer, &["operationId"]).raw()).ok();
    let pending = !matches!(status.raw(), "SUCCESSFUL" | "FAILED");
    (Answered { made: None, operation, pending }, status.raw() == "FAILED")
}

/// An answer that could be fetched but not understood.
fn unreadable(why: impl AsRef<str>) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Unreadable, why)
}

#[async_trait]
impl Provider for ThalesD1 {
    fn profile(&self) -> &TenantProfile {
        &self.profile
    }

    async fn connect(&self) -> Result<Connection, ProviderError> {
        self.reads.try_key_again();
        self.tokens.try_again().await;
        self.lacking.forget();
        let began = self.clock.elapsed();
        // The history of nobody: every answer but a refusal of the token says that we are known.
        let nobody = checked(IdOf::Consumer, "passdesk-check")?;
        let link = self.addresses.consumer_operations(&nobody, "?limit=1")?;
        match self.reads.json(&link).await {
            Err(error) if !matches!(error.status, Some(403..=405)) => return Err(error),
            _ => {}
        }
        Ok(Connection {
            version: SafeText::of("D1 banking API v1/v2"),
            round_trip: self.clock.elapsed().saturating_sub(began),
            has_feed: false,
            has_events: true,
        })
    }

    async fn find_holders(&self, text: &str, limit: usize) -> Result<HolderPage, ProviderError> {
        self.search(text, limit).await
    }

    async fn list_holders(&self, page: Option<&Link>, size: usize) -> Result<HolderPage, ProviderError> {
        self.list_people(page, size).await
    }

    async fn holder(&self, id: &HolderId, _link: &Link) -> Result<HolderRead, ProviderError> {
        self.person(id).await
    }

    async fn credential_types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        // Cards are ordered and digital cards are born elsewhere.
        Ok(Vec::new())
    }

    async fn bookmark(&self) -> Result<Option<Link>, ProviderError> {
        Ok(None)
    }

    async fn changes_since(&self, _bookmark: &Link) -> Result<FeedRead, ProviderError> {
        Err(ProviderError::new(ProviderErrorKind::NotFound, "D1 has no change feed"))
    }

    async fn keep_history(&self, everybody: bool) -> Result<Kept, ProviderError> {
        let swept = if everybody { self.sweep_all().await? } else { self.sweep(self.clock.now()).await? };
        let failed =
            swept.failed.into_iter().map(|(key, e)| (HolderId::new(self.profile.name.clone(), key), e)).collect();
        Ok(Kept { people: swept.swept, records: swept.kept, failed })
    }

    async fn events_of(&self, id: &HolderId, limit: usize) -> Result<Vec<Operation>, ProviderError> {
        self.history(id, limit).await
    }

    fn successor(
        &self,
        _holder: &HolderRead,
        _old: &Credential,
        _marker: Option<Marker>,
        _now: Timestamp,
    ) -> Result<NewCredential, ProviderError> {
        let why = "D1 issues no digital card by itself: the holder adds the card on the new phone, and it is watched until it is ACTIVE";
        Err(ProviderError::new(ProviderErrorKind::Invalid, why))
    }

    fn prepare(&self, change: &CredentialChange) -> Result<PreparedChange, ProviderError> {
        let object = change.turn.as_ref().map(|turn| &turn.object);
        let reasons = self.state_reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = object.and_then(|object| reasons.get(&object.id.key)).cloned().unwrap_or_default();
        drop(reasons);
        change::prepare(&self.addresses, &self.codes, change, &reason)
    }

    async fn send(&self, permit: Permit, change: &PreparedChange) -> SendOutcome {
        let subject = self.subject(&change.link).await;
        if let Some((consumer, ..)) = &subject {
            // Whatever comes of it: the operations are archived with the next view.
            self.fresh.lock().unwrap_or_else(PoisonError::into_inner).remove(consumer);
        }
        let (mut failed, mut spoke) = (None, false);
        let names = |answer: &Value| {
            spoke = true;
            let (said, is_failed) = said(answer);
            failed = is_failed.then(|| wire::text(answer, &["error", "errorCode"]).safe());
            said
        };
        let outcome = self.mutations.send(permit, change, names).await;
        match outcome {
            SendOutcome::Applied { status, .. } if failed.is_some() => SendOutcome::Rejected(ProviderError {
                kind: ProviderErrorKind::Invalid,
                status: Some(status),
                said: failed.unwrap_or_default(),
                detail: SafeText::of("the operation was taken and has failed: nothing was done"),
            }),
            SendOutcome::Applied { status, server_date, mut answer } => {
                // Without a body it was accepted, and nothing more is known (contract section 14, row 16).
                answer.pending |= !spoke;
                if let Some(subject) = subject {
                    self.await_change(subject, &answer, change::tag_of(&change.body));
                }
                SendOutcome::Applied { status, server_date, answer }
            }
            SendOutcome::Rejected(mut error) => {
                match error.status {
                    // The token may have run out: the next read asks for another. The change is not sent again.
                    Some(401) => {
                        self.reads.try_key_again();
                        error.detail = SafeText::of(&format!(
                            "the token was not accepted; nothing was done, and the change is not repeated by itself ({})",
                            error.detail.as_str()
                        ));
                    }
                    Some(403) => {
                        error.kind = ProviderErrorKind::Invalid;
                        error.detail = SafeText::of(&format!(
                            "the end user is not active, the card's state does not allow it, or the reason code is not allowed now ({})",
                            error.detail.as_str()
                        ));
                    }
                    _ => {}
                }
                SendOutcome::Rejected(error)
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod act_tests;
#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod switch_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
