//! The archive: what vendors said, kept for good because they forget; for which time that record is complete; and the
//! directory of end users of a vendor that offers no search (thales-d1.md sections 11 and 12).

use crate::domain::ids::{TenantName, VendorKey};
use crate::domain::text::Untrusted;
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

/// Why the archive did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the archive did not do it: {0}")]
pub struct ArchiveError(pub String);

/// What a record is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum RecordKind {
    /// A lifecycle operation of Thales D1.
    Operation,
    /// A production of CardExchange, which exists as long as it runs.
    Production,
}

/// One thing that a vendor said.
#[derive(Clone, Debug, PartialEq)]
pub struct VendorRecord {
    /// What it is of.
    pub kind: RecordKind,
    /// Whose history it belongs to: a consumer, or `consumer/card`.
    pub source: VendorKey,
    /// The vendor's id of it.
    pub id: VendorKey,
    /// When it happened (UTC), if that could be read.
    pub at: Option<Timestamp>,
    /// All of it, as it came.
    pub raw: Value,
}

/// A record with when it was fetched. The newest version of it, if there were several.
#[derive(Clone, Debug, PartialEq)]
pub struct ArchivedRecord {
    /// What the vendor said.
    pub record: VendorRecord,
    /// When it was first seen in this version (UTC).
    pub fetched_at: Timestamp,
    /// Its place in the chain.
    pub seq: u64,
}

/// A stretch of time, both ends included (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// Where it begins.
    pub since: Timestamp,
    /// Where it ends.
    pub until: Timestamp,
}

/// What lies between `first` and `last` and in none of the intervals: for that time nobody knows what happened.
pub fn gaps(covered: &[Interval], first: Timestamp, last: Timestamp) -> Vec<Interval> {
    let mut covered = covered.to_vec();
    covered.sort_unstable();
    let mut found = Vec::new();
    let mut known_until = first;
    for interval in covered {
        if interval.since > known_until && known_until < last {
            found.push(Interval { since: known_until, until: interval.since.min(last) });
        }
        known_until = known_until.max(interval.until);
    }
    if known_until < last {
        found.push(Interval { since: known_until, until: last });
    }
    found
}

/// How the directory came to know somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum DirectorySource {
    /// A list of the issuer's.
    Csv,
    /// Typed in here.
    Manual,
    /// The vendor told us.
    Notification,
    /// The vendor was asked.
    Api,
}

/// A digital card, and the card that it belongs to, if that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPass {
    /// Digital card.
    pub id: VendorKey,
    /// Card.
    pub card: Option<VendorKey>,
}

/// One end user as far as this desk knows.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryEntry {
    /// Her id.
    pub consumer: VendorKey,
    /// From 1; a greater one than 1 means that the id had belonged to somebody who was deleted.
    pub generation: u32,
    /// Known cards.
    pub cards: Vec<VendorKey>,
    /// Known digital cards.
    pub passes: Vec<KnownPass>,
    /// The issuer's label: a name.
    pub display_name: Untrusted,
    /// The issuer's label: an internal number.
    pub customer_ref: Untrusted,
    /// The issuer's label: last digits of a card.
    pub last4: Untrusted,
    /// The issuer's label: anything.
    pub tags: Untrusted,
    /// How she came to be known.
    pub source: DirectorySource,
    /// Since when (UTC).
    pub first_seen: Timestamp,
    /// When the vendor last confirmed that she is there (UTC).
    pub last_verified: Option<Timestamp>,
    /// When she was seen to be deleted (UTC).
    pub tombstone: Option<Timestamp>,
}

/// What was learnt about an end user; what is empty in it takes nothing away.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Her id.
    pub consumer: VendorKey,
    /// Cards.
    pub cards: Vec<VendorKey>,
    /// Digital cards.
    pub passes: Vec<KnownPass>,
    /// Last digits of a card, or empty.
    pub last4: Untrusted,
    /// How.
    pub source: DirectorySource,
    /// True: the vendor confirmed it just now.
    pub verified: bool,
    /// True: the vendor says that she is deleted.
    pub deleted: bool,
}

/// What an import did, or (dry run) would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// End users that were not known.
    pub new: u64,
    /// End users of whom something is new.
    pub changed: u64,
    /// End users of whom nothing is.
    pub unchanged: u64,
    /// Rows that were left out: line in the file (from 1), and why. With any of these a real import does nothing.
    pub errors: Vec<(u64, String)>,
}

/// Records, coverage, watch list and directory of one mode.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Keeps records that are new or say something new, in one transaction, and returns how many were.
    async fn keep(
        &self,
        tenant: &TenantName,
        records: Vec<VendorRecord>,
        fetched_at: Timestamp,
    ) -> Result<u64, ArchiveError>;

    /// The newest version of each record of some sources, the latest first; those without a time last.
    async fn records(
        &self,
        tenant: &TenantName,
        sources: &[VendorKey],
        limit: usize,
    ) -> Result<Vec<ArchivedRecord>, ArchiveError>;

    /// The newest version of one record.
    async fn record(
        &self,
        tenant: &TenantName,
        kind: RecordKind,
        id: &VendorKey,
    ) -> Result<Option<ArchivedRecord>, ArchiveError>;

    /// Checks the whole chain; the number of records.
    ///
    /// # Errors
    /// If a record was changed, removed or put in.
    async fn verify(&self) -> Result<u64, ArchiveError>;

    /// Notes that the record of a source is complete for a stretch of time.
    async fn cover(&self, tenant: &TenantName, source: &VendorKey, stretch: Interval) -> Result<(), ArchiveError>;

    /// For which time the record of a source is complete, the earliest first.
    async fn coverage(&self, tenant: &TenantName, source: &VendorKey) -> Result<Vec<Interval>, ArchiveError>;

    /// Notes that a consumer was seen or acted on.
    async fn watch(&self, tenant: &TenantName, source: &VendorKey, at: Timestamp) -> Result<(), ArchiveError>;

    /// Those watched since `watched_since` whose record was last completed before `swept_before`, the longest
    /// neglected first.
    async fn due(
        &self,
        tenant: &TenantName,
        watched_since: Timestamp,
        swept_before: Timestamp,
    ) -> Result<Vec<VendorKey>, ArchiveError>;

    /// Enters what was learnt. A deleted id that is seen alive again begins a new generation; histories are never
    /// put together.
    async fn learn(&self, tenant: &TenantName, sightings: Vec<Sighting>, now: Timestamp) -> Result<(), ArchiveError>;

    /// Reads a list of the issuer's (thales-d1.md section 12). Does nothing if any row is wrong, and nothing at all on
    /// a dry run; somebody who is not in the list stays.
    async fn import(
        &self,
        tenant: &TenantName,
        csv: Vec<u8>,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<ImportReport, ArchiveError>;

    /// People whose labels match, best first, and those with this very id; at most `limit`.
    async fn find(&self, tenant: &TenantName, text: &str, limit: usize) -> Result<Vec<DirectoryEntry>, ArchiveError>;

    /// The person with an id of any kind: consumer, card or digital card. The latest generation.
    async fn entry(&self, tenant: &TenantName, id: &VendorKey) -> Result<Option<DirectoryEntry>, ArchiveError>;

    /// All people in the order in which they were entered, after a place; each with her place.
    async fn page(
        &self,
        tenant: &TenantName,
        after: u64,
        size: usize,
    ) -> Result<Vec<(u64, DirectoryEntry)>, ArchiveError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    fn stretch(since: i64, until: i64) -> Interval {
        Interval { since: at(since), until: at(until) }
    }

    #[test]
    fn gaps_are_what_no_interval_covers() {
        assert_eq!(gaps(&[], at(1), at(9)), [stretch(1, 9)]);
        assert_eq!(gaps(&[stretch(0, 10)], at(1), at(9)), []);
        let two = [stretch(6, 8), stretch(2, 4)];
        assert_eq!(gaps(&two, at(1), at(9)), [stretch(1, 2), stretch(4, 6), stretch(8, 9)]);
        assert_eq!(gaps(&[stretch(2, 4), stretch(3, 9)], at(2), at(9)), [], "they overlap");
        assert_eq!(gaps(&[stretch(20, 30)], at(1), at(9)), [stretch(1, 9)], "what comes later covers nothing");
        assert_eq!(gaps(&[stretch(0, 9)], at(9), at(9)), []);
    }
}
