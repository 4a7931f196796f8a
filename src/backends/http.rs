//! Two HTTP clients, because reading and changing have opposite rules (safety.md section 6).
//!
//! [`Reads`] may pool and repeat. [`Mutations`] never pools, never repeats, never follows, and has one entry that
//! takes a [`Permit`] by value: a change that was not durably journalled as SENDING does not compile (I1 to I3).
//!
//! No permit, no request:
//!
//! ```compile_fail,E0061
//! # use passdesk::{backends::http::Mutations, domain::change::PreparedChange};
//! async fn sneak(wire: &Mutations, change: &PreparedChange) {
//!     wire.send(change, |_| Default::default()).await;
//! }
//! ```
//!
//! One permit, one request:
//!
//! ```compile_fail,E0382
//! # use passdesk::{backends::http::Mutations, domain::change::PreparedChange, ports::permit::Permit};
//! async fn twice(wire: &Mutations, permit: Permit, change: &PreparedChange) {
//!     wire.send(permit, change, |_| Default::default()).await;
//!     wire.send(permit, change, |_| Default::default()).await;
//! }
//! ```
//!
//! The reading client has no way to change anything:
//!
//! ```compile_fail,E0599
//! # use passdesk::{backends::http::Reads, domain::change::PreparedChange, ports::permit::Permit};
//! async fn through_the_wrong_door(wire: &Reads, permit: Permit, change: &PreparedChange) {
//!     wire.send(permit, change, |_| Default::default()).await;
//! }
//! ```
//!
//! ```no_run
//! # use passdesk::{backends::http::Mutations, domain::change::PreparedChange, ports::permit::Permit};
//! async fn once(wire: &Mutations, permit: Permit, change: &PreparedChange) {
//!     wire.send(permit, change, |_| Default::default()).await;
//! }
//! ```

mod answer;

use super::bounds::check_json;
use super::signature::{Signature, Signed};
use super::tls::AskedInVain;
use super::wire::{Way, Wire, WireError, Wires};
use crate::domain::change::PreparedChange;
use crate::domain::ids::Link;
use crate::domain::origin::Origin;
use crate::domain::text::SafeText;
use crate::ports::permit::Permit;
use crate::ports::provider::{Answered, ProviderError, ProviderErrorKind, SendOutcome};
use answer::{Answer, json, lead};

pub(super) use answer::chain;
use backon::{ExponentialBuilder, Retryable};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use reqwest::{Request, Url};
use serde_json::Value;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a call may take. The defaults are the product's; tests shorten them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until the connection (name, TCP, TLS) stands.
    pub connect: Duration,
    /// Until the last byte of the answer.
    pub total: Duration,
    /// First pause before a read is repeated; doubles, with jitter.
    pub pause: Duration,
    /// Calls in flight at one time (Gallagher: 2 per server, contract section 13; elsewhere 4, AccessGrid 5).
    pub in_flight: usize,
    /// Calls a second, reads and changes together, where the vendor has a limit.
    pub per_second: Option<NonZeroU32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
            pause: Duration::from_millis(250),
            in_flight: 2,
            per_second: None,
        }
    }
}

/// Reads are repeated so often at most.
const REPEATS: usize = 3;
/// A `Retry-After` longer than this is told to the caller instead of waited for.
const SHORT_WAIT: Duration = Duration::from_secs(5);
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// What both clients of a tenant share: where it lives, how we sign, how much runs at once, and whether the key was
/// refused.
struct Shared {
    origin: Origin,
    signature: Arc<dyn Signature>,
    slots: Semaphore,
    pace: Option<DefaultDirectRateLimiter>,
    limits: Limits,
    paused: AtomicBool,
    refusal: RwLock<Option<ProviderError>>,
    asked: AskedInVain,
}

/// The client that reads: GET only.
pub struct Reads {
    wire: Arc<dyn Wire>,
    shared: Arc<Shared>,
}

/// The client that changes things, once per permit.
pub struct Mutations {
    wire: Arc<dyn Wire>,
    shared: Arc<Shared>,
    empty_success: EmptySuccess,
}

/// What a 2xx without a body means to a vendor's writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptySuccess {
    /// Done (Gallagher answers 204, contract section 5.5).
    Applied,
    /// No proof of anything.
    Unknown,
}

/// A JSON answer with the vendor's `Date`.
#[derive(Debug)]
pub struct Json {
    /// The document; within all bounds.
    pub value: Value,
    /// `Date`, if it could be read.
    pub server_date: Option<Timestamp>,
    /// All headers, for the vendors that page by them.
    pub headers: HeaderMap,
}

/// Makes the two clients of a tenant.
///
/// # Errors
/// If trust cannot be set up.
pub fn clients(
    origin: &Origin,
    signature: Arc<dyn Signature>,
    way: &Way,
    limits: Limits,
    empty_success: EmptySuccess,
) -> Result<(Reads, Mutations), ProviderError> {
    Ok(clients_on(Wires::of(way, origin, limits)?, origin, signature, limits, empty_success))
}

/// As [`clients`], on wires that have been laid.
pub(super) fn clients_on(
    wires: Wires,
    origin: &Origin,
    signature: Arc<dyn Signature>,
    limits: Limits,
    empty_success: EmptySuccess,
) -> (Reads, Mutations) {
    let Wires { reads, mutations, asked } = wires;
    let shared = Arc::new(Shared {
        origin: origin.clone(),
        signature,
        slots: Semaphore::new(limits.in_flight.max(1)),
        pace: limits.per_second.map(|n| RateLimiter::direct(Quota::per_second(n))),
        limits,
        paused: AtomicBool::new(false),
        refusal: RwLock::new(None),
        asked,
    });
    (Reads { wire: reads, shared: Arc::clone(&shared) }, Mutations { wire: mutations, shared, empty_success })
}

impl Reads {
    /// Where this client may go.
    pub fn origin(&self) -> &Origin {
        &self.shared.origin
    }

    /// Reads a JSON document. Repeats on failed connections, 502, 503, 504 and a 429 with a short `Retry-After`;
    /// never on a refusal.
    ///
    /// # Errors
    /// As [`ProviderErrorKind`] says; while the key is refused, at once and without touching the wire.
    pub async fn json(&self, link: &Link) -> Result<Json, ProviderError> {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(self.shared.limits.pause)
            .with_max_delay(SHORT_WAIT)
            .with_max_times(REPEATS)
            .with_jitter();
        (|| self.attempt(link, false))
            .retry(pauses)
            .when(|failed: &Failed| failed.again != Again::No)
            .adjust(|failed: &Failed, pause| match failed.again {
                Again::After(wait) => pause.map(|_| wait),
                _ => pause,
            })
            .await
            .map_err(|failed| failed.error)
    }

    /// Forgets that the key was refused, so that the next call asks again. Only for an explicit command of the
    /// operator: every refusal raises an alarm at the site (contract section 1).
    pub fn try_key_again(&self) {
        self.shared.paused.store(false, Ordering::SeqCst);
    }

    /// `renewed`: a new signature was made for this call already; a second refusal counts.
    async fn attempt(&self, link: &Link, renewed: bool) -> Result<Json, Failed> {
        self.shared.check_pause()?;
        let url = self.shared.url(link)?;
        let slot = self.shared.slots.acquire().await.map_err(|_| closed())?;
        // Another call may have met a 401 while this one waited for its slot.
        self.shared.check_pause()?;
        let signed = self.shared.sign(Method::GET.as_str(), link, &[], url).await?;
        self.shared.keep_pace().await;
        let request = request(Method::GET, signed, Vec::new());
        let answer = self.answer(link, request).await;
        drop(slot);
        let answer = answer?;
        if answer.status == StatusCode::UNAUTHORIZED && !renewed && self.shared.signature.refused().await {
            return Box::pin(self.attempt(link, true)).await;
        }
        if !answer.status.is_success() {
            return Err(self.shared.refused(link, &answer));
        }
        json(link, answer)
    }

    /// Asks for a token: a POST of a form that changes nothing (thales-d1.md section 3). Sent once.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn sign_in(&self, link: &Link, form: String) -> Result<Json, ProviderError> {
        let asked = async {
            self.shared.check_pause()?;
            let url = self.shared.url(link)?;
            let _slot = self.shared.slots.acquire().await.map_err(|_| closed())?;
            self.shared.keep_pace().await;
            let mut request = Request::new(Method::POST, url);
            request.headers_mut().insert(CONTENT_TYPE, FORM);
            *request.body_mut() = Some(form.into());
            let answer = self.answer(link, request).await?;
            if answer.status.is_success() { json(link, answer) } else { Err(self.shared.refused(link, &answer)) }
        };
        asked.await.map_err(|failed: Failed| failed.error)
    }

    async fn answer(&self, link: &Link, request: Request) -> Result<Answer, Failed> {
        let response = self.wire.exchange(request).await.map_err(|e| {
            if let Some(error) = self.shared.distrust(link, &e) {
                return Failed { error, again: Again::No };
            }
            let (kind, again) = match (e.is_connect(), e.is_timeout()) {
                (true, _) => (ProviderErrorKind::NotConnected, Again::Soon),
                (false, true) => (ProviderErrorKind::Unavailable, Again::No),
                (false, false) => (ProviderErrorKind::Unavailable, Again::Soon),
            };
            Failed { error: ProviderError::new(kind, lead(link, &e.to_string())), again }
        })?;
        Answer::collect(response).await.map_err(|broken| broken.of_read(link))
    }
}

impl Mutations {
    /// Sends a change once and says how it ended (invariants I2 to I4). Nothing is repeated and nothing is called
    /// failed: what is neither a proven success nor a proven refusal is [`SendOutcome::Unknown`].
    ///
    /// `names` reads out of the answer's document what it says was done; an answer without a body names nothing.
    pub async fn send(
        &self,
        permit: Permit,
        change: &PreparedChange,
        names: impl FnOnce(&Value) -> Answered + Send,
    ) -> SendOutcome {
        if !permit.covers(change) {
            return SendOutcome::NotSent(ProviderError::new(
                ProviderErrorKind::Invalid,
                "the request is not the one that was journalled",
            ));
        }
        let prepared = (|| {
            self.shared.check_pause()?;
            let method = Method::from_bytes(change.method.as_bytes())
                .map_err(|_| Failed::no(ProviderErrorKind::Invalid, "no such method"))?;
            Ok::<_, Failed>((method, self.shared.url(&change.link)?))
        })();
        let (method, url) = match prepared {
            Ok(prepared) => prepared,
            Err(failed) => return SendOutcome::NotSent(failed.error),
        };
        let Ok(_slot) = self.shared.slots.acquire().await else {
            return SendOutcome::NotSent(closed().error);
        };
        if let Err(failed) = self.shared.check_pause() {
            return SendOutcome::NotSent(failed.error);
        }
        let signed = match self.shared.sign(method.as_str(), &change.link, &change.body, url).await {
            Ok(signed) => signed,
            Err(failed) => return SendOutcome::NotSent(failed.error),
        };
        self.shared.keep_pace().await;
        let mut request = request(method, signed, change.body.clone());
        // No charset: a suffix makes every call to Gallagher fail (gallagher.md section 1).
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        let response = match self.wire.exchange(request).await {
            Ok(response) => response,
            // Name, TCP or TLS: the connection never stood, so no byte of the request was written to it.
            Err(e) if e.is_connect() => {
                if let Some(error) = self.shared.distrust(&change.link, &e) {
                    return SendOutcome::NotSent(error);
                }
                return SendOutcome::NotSent(ProviderError::new(
                    ProviderErrorKind::NotConnected,
                    lead(&change.link, &e.to_string()),
                ));
            }
            Err(e) => return unknown(None, &lead(&change.link, &e.to_string())),
        };
        let status = response.status();
        match Answer::collect(response).await {
            Ok(answer) => {
                if answer.status == StatusCode::UNAUTHORIZED {
                    // So that the next read signs anew. The change itself is never sent a second time.
                    self.shared.signature.refused().await;
                }
                self.judge(&change.link, &answer, names)
            }
            // The refusal stands in the status line; only its text is lost.
            Err(broken) if is_proven_refusal(status) => {
                let answer = Answer { status, ..Answer::default() };
                let mut failed = self.shared.refused(&change.link, &answer);
                failed.error.detail = SafeText::of(&lead(&change.link, &broken.text()));
                SendOutcome::Rejected(failed.error)
            }
            Err(broken) => unknown(Some(status), &lead(&change.link, &broken.text())),
        }
    }

    fn judge(&self, link: &Link, answer: &Answer, names: impl FnOnce(&Value) -> Answered) -> SendOutcome {
        let status = answer.status;
        if is_proven_refusal(status) {
            return SendOutcome::Rejected(self.shared.refused(link, answer).error);
        }
        if !status.is_success() {
            return unknown(Some(status), &lead(link, &format!("HTTP {status} is no proof of anything")));
        }
        let said = if answer.body.is_empty() {
            (self.empty_success == EmptySuccess::Applied).then(Answered::default)
        } else if answer.is_json && check_json(&answer.body).is_ok() {
            serde_json::from_slice::<Value>(&answer.body).ok().map(|value| names(&value))
        } else {
            None
        };
        match said {
            Some(said) => {
                SendOutcome::Applied { status: status.as_u16(), server_date: answer.server_date, answer: said }
            }
            None => unknown(Some(status), &lead(link, "the answer to the change cannot be read")),
        }
    }
}

/// The answers that prove that the origin did nothing (safety.md table 2.1).
fn is_proven_refusal(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 402 | 403 | 404 | 405 | 409 | 415 | 422 | 429)
}

fn unknown(status: Option<StatusCode>, why: &str) -> SendOutcome {
    let mut error = ProviderError::new(ProviderErrorKind::OutcomeUnknown, why);
    error.status = status.map(|s| s.as_u16());
    SendOutcome::Unknown(error)
}

impl Shared {
    /// The signed address and the headers of a request.
    async fn sign(&self, method: &str, link: &Link, body: &[u8], mut url: Url) -> Result<(Url, HeaderMap), Failed> {
        let Signed { headers, query } =
            self.signature.sign(method, link, body).await.map_err(|error| Failed { error, again: Again::No })?;
        if let Some(query) = query {
            let all = url.query().map_or_else(|| query.clone(), |present| format!("{present}&{query}"));
            url.set_query(Some(&all));
        }
        Ok((url, headers))
    }

    /// Waits until the vendor's limit of calls a second lets another one go, on the clock that tests can pause.
    async fn keep_pace(&self) {
        let Some(pace) = &self.pace else { return };
        while let Err(not_yet) = pace.check() {
            let wait = not_yet.wait_time_from(governor::clock::Clock::now(pace.clock()));
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }

    /// The one place where a link becomes a URL: what comes out must be what went in.
    fn url(&self, link: &Link) -> Result<Url, Failed> {
        let refuse = || Failed::no(ProviderErrorKind::Invalid, "a link does not survive as a URL");
        let url = Url::parse(&self.origin.href(link)).map_err(|_| refuse())?;
        let (path, query) = link.as_str().split_once('?').map_or((link.as_str(), None), |(p, q)| (p, Some(q)));
        let same_query = query.is_none() == url.query().is_none();
        if url.path() == path && same_query && self.origin.link(url.as_str()).is_some() {
            Ok(url)
        } else {
            Err(refuse())
        }
    }

    fn check_pause(&self) -> Result<(), Failed> {
        if !self.paused.load(Ordering::SeqCst) {
            return Ok(());
        }
        let refusal = self.refusal.read().unwrap_or_else(PoisonError::into_inner).clone();
        let error =
            refusal.unwrap_or_else(|| ProviderError::new(ProviderErrorKind::Unauthorised, "the key was refused"));
        Err(Failed { error, again: Again::No })
    }

    /// The error, if no connection was made because the server did not prove who it is. Work with it stops: whoever
    /// answers there is not to see our key, and the cache must not hide it (safety.md section 6).
    /// The same for a server that breaks off because of our own certificate.
    fn distrust(&self, link: &Link, failed: &WireError) -> Option<ProviderError> {
        let kind = match failed.distrust() {
            Some(why) => ProviderErrorKind::Untrusted(why),
            None if !failed.refuses_our_certificate() => return None,
            None if self.asked.get() => ProviderErrorKind::CertificateWanted("it asks for one, and none is named"),
            None => ProviderErrorKind::CertificateWanted("it does not accept the one that we show"),
        };
        let error = ProviderError::new(kind, lead(link, &failed.to_string()));
        self.stop(&error);
        tracing::warn!(origin = %self.origin, why = %error.detail, "no TLS with the server; no further call until the operator asks for one");
        Some(error)
    }

    /// Lets no further call out until the operator asks for one.
    fn stop(&self, error: &ProviderError) {
        *self.refusal.write().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        self.paused.store(true, Ordering::SeqCst);
    }

    /// A status that is no success, as an error (contract section 11). A 401 stops all further calls.
    fn refused(&self, link: &Link, answer: &Answer) -> Failed {
        use ProviderErrorKind as K;
        let (kind, again) = match answer.status.as_u16() {
            401 if self.asked.get() => {
                (K::CertificateWanted("it asks for one, none is named, and it refuses our key alone"), Again::No)
            }
            401 => (K::Unauthorised, Again::No),
            402 => (K::Unpaid, Again::No),
            403 => (K::Forbidden, Again::No),
            404 => (K::NotFound, Again::No),
            409 => (K::Conflict, Again::No),
            429 => {
                let again = match answer.retry_after {
                    Some(wait) if wait <= SHORT_WAIT => Again::After(wait),
                    _ => Again::No,
                };
                (K::RateLimited(answer.retry_after), again)
            }
            502..=504 => (K::Unavailable, Again::Soon),
            408 | 500..=599 => (K::Unavailable, Again::No),
            400..=499 => (K::Invalid, Again::No),
            _ => (K::Unreadable, Again::No),
        };
        let error = ProviderError {
            kind,
            status: Some(answer.status.as_u16()),
            said: answer.message(),
            detail: SafeText::of(&lead(link, &format!("HTTP {}", answer.status))),
        };
        if matches!(error.kind, K::Unauthorised | K::CertificateWanted(_)) {
            self.stop(&error);
            tracing::warn!(origin = %self.origin, "the key was refused; no further call until the operator asks for one");
        }
        Failed { error, again }
    }
}

/// A signed request for a JSON answer.
fn request(method: Method, (url, headers): (Url, HeaderMap), body: Vec<u8>) -> Request {
    let mut request = Request::new(method, url);
    *request.headers_mut() = headers;
    request.headers_mut().insert(ACCEPT, JSON);
    // A read without a body has no length either.
    *request.body_mut() = (request.method() != Method::GET).then(|| body.into());
    request
}

/// A failed attempt, and whether another one is in order.
#[derive(Debug)]
struct Failed {
    error: ProviderError,
    again: Again,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    No,
    Soon,
    After(Duration),
}

impl Failed {
    fn no(kind: ProviderErrorKind, why: &str) -> Self {
        Self { error: ProviderError::new(kind, why), again: Again::No }
    }
}

fn closed() -> Failed {
    Failed::no(ProviderErrorKind::NotConnected, "the connection is being shut down")
}

#[cfg(test)]
pub(crate) mod tests;
