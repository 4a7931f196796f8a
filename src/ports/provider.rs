//! One connected system, as the inside sees it.

use super::permit::Permit;
use crate::domain::cardholder::Cardholder;
use crate::domain::change::{CredentialChange, NewCredential, PreparedChange};
use crate::domain::credential::{Credential, CredentialType, System};
use crate::domain::document::Document;
use crate::domain::ids::{CredentialId, HolderId, Link, TenantName, VendorKey};
use crate::domain::journal::Marker;
use crate::domain::operation::Operation;
use crate::domain::policy::Mode;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// Why a call did not give what was asked. `OutcomeUnknown` is for writes only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderErrorKind {
    /// Key, certificate, address filter or a disabled client: stop, never try again by itself.
    Unauthorised,
    /// The server did not prove who it is, and in what: stop, never try again by itself.
    Untrusted(&'static str),
    /// The server asks who we are beyond the key, and why it is not content: stop, never try again by itself.
    CertificateWanted(&'static str),
    /// The gateway in between answers, and has no connection to the site behind it.
    SiteOffline,
    /// Licence or privilege.
    Forbidden,
    /// Absent, or invisible to the operator.
    NotFound,
    /// Locked by somebody else.
    Conflict,
    /// The request was refused as wrong.
    Invalid,
    /// The account's balance does not pay for it.
    Unpaid,
    /// Too many calls; wait so long if the server said.
    RateLimited(Option<Duration>),
    /// No answer, or no useful one.
    Unavailable,
    /// The address, name, connection or TLS failed before any request byte left.
    NotConnected,
    /// The answer broke a bound or could not be read.
    Unreadable,
    /// The answer is longer than what is read; a smaller page may fit.
    TooLarge,
    /// A write got no proof of success or refusal.
    OutcomeUnknown,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError {
    /// For branching.
    pub kind: ProviderErrorKind,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The vendor's own message, made safe; or empty.
    pub said: SafeText,
    /// Full technical text for the message log, made safe.
    pub detail: SafeText,
}

impl ProviderError {
    /// An error with its kind and technical text.
    pub fn new(kind: ProviderErrorKind, detail: impl AsRef<str>) -> Self {
        Self { kind, status: None, said: SafeText::default(), detail: SafeText::of(detail.as_ref()) }
    }

    /// The error as an operator reads it, naming the tenant.
    pub fn problem(&self, tenant: &TenantName) -> Problem {
        use ProviderErrorKind as K;
        let (kind, what, why, next) = match &self.kind {
            K::Unauthorised => (
                ProblemKind::Unauthorised,
                "refused our key",
                "the key, the client certificate or the address is not accepted",
                "check the key in the site file, then read it again; it is not tried again by itself",
            ),
            K::Untrusted(why) => (
                ProblemKind::Unauthorised,
                "is not the server it should be",
                *why,
                "nothing is sent to it; ask its administrator for the fingerprint of its certificate and compare \
                 `pin_sha256` in the site file",
            ),
            K::CertificateWanted(why) => (
                ProblemKind::Unauthorised,
                "wants a client certificate",
                *why,
                "name client_cert_file and client_key_file in the site file, or correct them, then read it again; it is \
                 not tried again by itself",
            ),
            K::Forbidden => (
                ProblemKind::Unauthorised,
                "does not allow it",
                "a licence or an operator privilege is missing",
                "ask the site's administrator",
            ),
            K::NotFound => {
                (ProblemKind::NotFound, "does not know it", "it is gone, or this key may not see it", "read it again")
            }
            K::Conflict => (
                ProblemKind::Refused,
                "has the person locked",
                "somebody has the record open in another program",
                "wait until it is closed, then try again",
            ),
            K::Invalid => (ProblemKind::Failed, "refused the request", "", "see the message log"),
            K::Unpaid => (
                ProblemKind::Refused,
                "does not issue it",
                "the account's balance is too low, and issuing costs money",
                "ask whoever pays the account; nothing was issued",
            ),
            K::RateLimited(_) => (
                ProblemKind::Unreachable,
                "asks us to slow down",
                "too many calls",
                "wait a little, then read it again",
            ),
            K::SiteOffline => (
                ProblemKind::Unreachable,
                "is not connected to the vendor's gateway",
                "the site is offline, belongs to another region, or was only just set up",
                "what is shown comes from the cache; read it again in half a minute",
            ),
            K::Unavailable => (
                ProblemKind::Unreachable,
                "does not answer usefully",
                "",
                "what is shown comes from the cache; read it again later",
            ),
            K::NotConnected => (
                ProblemKind::Unreachable,
                "cannot be reached",
                "no connection could be made",
                "check network and address; what is shown comes from the cache",
            ),
            K::Unreadable => (
                ProblemKind::Failed,
                "sent an answer that cannot be read",
                "",
                "read it again; if it stays, show the message log to the site's administrator",
            ),
            K::TooLarge => (
                ProblemKind::Failed,
                "sent an answer that cannot be read",
                "it is longer than anything that is read",
                "read it again; if it stays, show the message log to the site's administrator",
            ),
            K::OutcomeUnknown => (
                ProblemKind::OutcomeUnknown,
                "gave no answer to a change",
                "it may or may not have been done",
                "it is checked by reading; do not repeat it",
            ),
        };
        let mut why = why.to_owned();
        if !self.said.as_str().is_empty() {
            if !why.is_empty() {
                why.push_str(", ");
            }
            why.push_str(&format!("it says \"{}\"", self.said));
        }
        if let Some(status) = self.status {
            why = if why.is_empty() { format!("HTTP {status}") } else { format!("{why} (HTTP {status})") };
        }
        let problem = Problem::new(kind, format!("{tenant} {what}"), why, next);
        problem.with_status(self.status).with_detail(self.detail.as_str())
    }
}

/// A person with all her credentials, read in one call.
#[derive(Debug, Clone, PartialEq)]
pub struct HolderRead {
    /// The person.
    pub holder: Cardholder,
    /// All her credentials in this system that could be read.
    pub credentials: Vec<Credential>,
    /// False if the vendor left the list out, or something in it could not be read: what is missing is not gone then.
    pub whole: bool,
    /// The vendor's `Date` header.
    pub server_date: Option<Timestamp>,
    /// What the vendor itself says about each credential, of one person read live; empty in lists.
    pub documents: Vec<(CredentialId, Document)>,
}

/// One page of people.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HolderPage {
    /// The people.
    pub rows: Vec<HolderRead>,
    /// Where the next page is; `None` on the last.
    pub next: Option<Link>,
}

/// What the vendor's own answer to a change names. Ids in it were checked; everything else is left to the read-back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answered {
    /// The credential that was made.
    pub made: Option<CredentialId>,
    /// The vendor's id of the operation.
    pub operation: Option<VendorKey>,
    /// True: accepted and not done yet; only reading will tell.
    pub pending: bool,
}

/// How a sent change ended (invariant I4): three-valued, and nothing is ever "failed".
#[derive(Debug, Clone, PartialEq)]
pub enum SendOutcome {
    /// A proven success.
    Applied {
        /// HTTP status.
        status: u16,
        /// The vendor's `Date`.
        server_date: Option<Timestamp>,
        /// What the answer itself says about what was done.
        answer: Answered,
    },
    /// A proven refusal by the origin itself.
    Rejected(ProviderError),
    /// Proved: no request byte left.
    NotSent(ProviderError),
    /// Everything else.
    Unknown(ProviderError),
}

/// One line of a vendor's change log about one person.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedRow {
    /// When (UTC), vendor's clock.
    pub at: Timestamp,
    /// The person.
    pub holder: HolderId,
    /// Who did it: the vendor's reference of the acting operator, if shown.
    pub operator: Option<Link>,
    /// Credentials that are in the new values and not in the old ones.
    pub added: Vec<Link>,
    /// Credentials that are in the old values and not in the new ones.
    pub removed: Vec<Link>,
}

/// What was kept of a vendor's history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// People whose record is complete up to now.
    pub people: u64,
    /// Records that were new.
    pub records: u64,
    /// People who could not be read, and why; their gap stays until they can.
    pub failed: Vec<(HolderId, ProviderError)>,
}

/// Rows of the change log since a bookmark, and the newest bookmark.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedRead {
    /// The rows, oldest first.
    pub rows: Vec<FeedRow>,
    /// Where to go on.
    pub bookmark: Link,
}

/// What is configured about a tenant and matters inside.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantProfile {
    /// Name.
    pub name: TenantName,
    /// System.
    pub system: System,
    /// LIVE, TEST, SIM.
    pub mode: Mode,
    /// True if the site file lets this desk write without `L`.
    pub starts_unlocked: bool,
    /// True if new credentials carry our marker (decision 12).
    pub marker: bool,
    /// True if the site says that nobody else issues in this tenant. Where lists are all there is to go by, only then
    /// does a lost call that is followed by one new credential count as having made it (safety.md 4.1): somebody
    /// else's looks exactly alike.
    pub sole_issuer: bool,
    /// The vendor's reference of our own, dedicated operator, as the change feed shows it. `None`: feed rows
    /// prove nothing about who acted.
    pub feed_operator: Option<Link>,
}

/// What a tenant turned out to be when it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Version as the server says it, made safe.
    pub version: SafeText,
    /// Round trip of the check.
    pub round_trip: Duration,
    /// The change feed is there.
    pub has_feed: bool,
    /// Events are there.
    pub has_events: bool,
}

/// One connected system. Reads may be repeated and cancelled; the one write needs a [`Permit`].
#[async_trait]
pub trait Provider: Send + Sync {
    /// What is configured.
    fn profile(&self) -> &TenantProfile;

    /// Asks the system who it is.
    async fn connect(&self) -> Result<Connection, ProviderError>;

    /// People whose name, or (where the vendor can) number or contact, matches; at most `limit`.
    async fn find_holders(&self, text: &str, limit: usize) -> Result<HolderPage, ProviderError>;

    /// False: this system knows no search by name, and [`find_holders`](Self::find_holders) takes an employee number or
    /// an id only.
    fn finds_names(&self) -> bool {
        true
    }

    /// All people by pages in a stable order, for the cache. `None`: the first page. A person may come on several
    /// pages where a system lists credentials and not people; each page then carries all of her that is known so far.
    async fn list_holders(&self, page: Option<&Link>, size: usize) -> Result<HolderPage, ProviderError>;

    /// One person with all her credentials, live.
    async fn holder(&self, id: &HolderId, link: &Link) -> Result<HolderRead, ProviderError>;

    /// Types that this desk may assign.
    async fn credential_types(&self) -> Result<Vec<CredentialType>, ProviderError>;

    /// Where the change feed stands now; `None` if the tenant has none.
    async fn bookmark(&self) -> Result<Option<Link>, ProviderError>;

    /// What the change feed says since then, all pages.
    async fn changes_since(&self, bookmark: &Link) -> Result<FeedRead, ProviderError>;

    /// Keeps what this vendor forgets: reads what is due by now, or of `everybody` who is known here, and archives it.
    /// Nothing to do for a vendor that forgets nothing.
    ///
    /// # Errors
    /// If nobody can be read at all.
    async fn keep_history(&self, everybody: bool) -> Result<Kept, ProviderError> {
        let _ = everybody;
        Ok(Kept::default())
    }

    /// The vendor's own events about a person, newest first, at most `limit`; empty if there are none to be had.
    async fn events_of(&self, id: &HolderId, limit: usize) -> Result<Vec<Operation>, ProviderError>;

    /// A credential like an old one, as this vendor would be asked for it, with the given marker. `holder` and `old`
    /// come from a live read. Sends nothing.
    ///
    /// # Errors
    /// If this kind is not issued through this vendor's API; the error's text says why in the vendor's terms.
    fn successor(
        &self,
        holder: &HolderRead,
        old: &Credential,
        marker: Option<Marker>,
        now: Timestamp,
    ) -> Result<NewCredential, ProviderError>;

    /// The exact request that a change becomes. Sends nothing.
    ///
    /// # Errors
    /// If the change cannot be said in the vendor's terms.
    fn prepare(&self, change: &CredentialChange) -> Result<PreparedChange, ProviderError>;

    /// Sends a prepared change once: no pool, no retry, no redirect.
    async fn send(&self, permit: Permit, change: &PreparedChange) -> SendOutcome;
}
