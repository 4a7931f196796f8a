//! The cache: people and credentials as last seen, with the time of that. Makes search instant and works
//! offline. It can be thrown away at any time.

use super::provider::HolderRead;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::{Credential, State};
use crate::domain::ids::{CredentialId, HolderId, Link, TenantName};
use async_trait::async_trait;
use jiff::Timestamp;

/// Why the cache did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the cache did not answer: {0}")]
pub struct CacheError(pub String);

/// What a search looks in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    /// Names (and departments).
    #[default]
    Name,
    /// Card numbers.
    Number,
    /// Contacts.
    Contact,
    /// Ids.
    Id,
}

impl Scope {
    /// What a text plainly is, if it is no name: something with `@` is a contact, `TENANT:KEY` is an id, and so is an
    /// `E` before digits, the usual shape of employee numbers.
    pub fn meant_by(text: &str) -> Self {
        let text = text.trim();
        let digits = text.strip_prefix(['E', 'e']).unwrap_or_default();
        if text.contains('@') {
            Self::Contact
        } else if (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
            || text.parse::<HolderId>().is_ok()
            || text.parse::<CredentialId>().is_ok()
        {
            Self::Id
        } else {
            Self::Name
        }
    }
}

/// A person found: her records in all systems that agree to be one person, and her credentials in all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct HolderHit {
    /// The record that matched best.
    pub holder: Cardholder,
    /// Her records in other systems, by tenant.
    pub others: Vec<Cardholder>,
    /// How many credentials are cached, over all systems.
    pub cards: usize,
    /// The state of the credential that most needs a hand, if there is any.
    pub need: Option<State>,
    /// The credential that matched, if the search hit a number.
    pub card: Option<CredentialId>,
}

impl HolderHit {
    /// All her records, the best match first.
    pub fn records(&self) -> impl Iterator<Item = &Cardholder> {
        std::iter::once(&self.holder).chain(&self.others)
    }

    /// What groups her records: the first of their ids, whichever of them matched.
    pub fn person(&self) -> &HolderId {
        self.others.iter().map(|h| &h.id).fold(&self.holder.id, Ord::min)
    }

    /// True if this record is one of hers.
    pub fn has(&self, id: &HolderId) -> bool {
        self.records().any(|h| h.id == *id)
    }

    /// True if one of her records is in this system.
    pub fn has_tenant(&self, tenant: &TenantName) -> bool {
        self.records().any(|h| h.id.tenant == *tenant)
    }
}

/// Search results and how far they reach.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Hits {
    /// The rows, best first, at most as many as asked.
    pub rows: Vec<HolderHit>,
    /// True if there are more than shown.
    pub more: bool,
    /// How many people are cached in all.
    pub total: u64,
}

/// How far the background fill of one tenant has come.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FillMark {
    /// Where the next page is; `None` before the first and after the last.
    pub next: Option<Link>,
    /// When the last full pass ended (UTC).
    pub completed: Option<Timestamp>,
    /// When the current pass began (UTC).
    pub began: Option<Timestamp>,
    /// People seen in the current pass.
    pub seen: u64,
}

/// People and credentials as last seen.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Stores people with all their credentials (replacing what was cached of each), and the fill mark, in one transaction.
    async fn store(&self, rows: Vec<HolderRead>, mark: Option<(TenantName, FillMark)>) -> Result<(), CacheError>;

    /// Searches all tenants at once, one row a person. Three and more characters: anywhere in the text, blind to case and accents; fewer: the beginning of a word.
    /// Never reads all rows.
    async fn search(&self, text: &str, scope: Scope, limit: usize) -> Result<Hits, CacheError>;

    /// One person and her credentials as last seen.
    async fn holder(&self, id: &HolderId) -> Result<Option<(Cardholder, Vec<Credential>)>, CacheError>;

    /// All records of the person that this one belongs to, with their credentials: the asked one first, the others by
    /// tenant. Records are one person where an e-mail address or an employee number agrees, and with it the name or
    /// the other of the two; never by the name alone. Empty: never seen.
    async fn person(&self, id: &HolderId) -> Result<Vec<(Cardholder, Vec<Credential>)>, CacheError>;

    /// People with their credentials as last seen, in the order of their ids, from the first one after `after`, so many
    /// at most: for commands that go through everybody.
    async fn page(
        &self,
        after: Option<&HolderId>,
        limit: usize,
    ) -> Result<Vec<(Cardholder, Vec<Credential>)>, CacheError>;

    /// The person that holds a credential.
    async fn holder_of(&self, id: &CredentialId) -> Result<Option<HolderId>, CacheError>;

    /// How far the fill of a tenant has come.
    async fn fill_mark(&self, tenant: &TenantName) -> Result<FillMark, CacheError>;

    /// Ends a full pass: forgets people of this tenant not seen since it began.
    async fn finish_fill(&self, tenant: &TenantName, began: Timestamp, now: Timestamp) -> Result<(), CacheError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plainly_no_name_is_recognised() {
        for (text, scope) in [
            ("jane@site.example", Scope::Contact),
            (" @site ", Scope::Contact),
            ("gall:4665", Scope::Id),
            ("gall:4665/c1", Scope::Id),
            ("E10422", Scope::Id),
            ("e7", Scope::Id),
            ("E", Scope::Name),
            ("Eve 7", Scope::Name),
            ("E7a", Scope::Name),
            ("2000001", Scope::Name),
            ("", Scope::Name),
        ] {
            assert_eq!(Scope::meant_by(text), scope, "{text}");
        }
    }
}
