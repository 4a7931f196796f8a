//! What happened to a consumer: the server forgets after three months, so whatever it shows is archived, and for
//! which time the archive is complete is written down with it (contract sections 6.2 and 11).

use super::routes::{IdOf, Offer, checked, is_absent};
use super::{ProviderError, ProviderErrorKind, ThalesD1, unreadable, wire};
use crate::backends::query::with_query;
use crate::domain::ids::{CredentialId, HolderId, Link, VendorKey};
use crate::domain::operation::{Operation, Source};
use crate::domain::text::SafeText;
use crate::ports::archive::{ArchiveError, ArchivedRecord, DirectoryEntry, Interval, RecordKind, VendorRecord, gaps};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::HashSet;

const DAY: i64 = 86_400;
/// What a complete list surely reaches back: three calendar months are never shorter, whichever they are.
const REACHES_BACK: i64 = 89 * DAY;
/// A consumer that was seen or acted on is swept so long (decision 27).
const WATCHED: i64 = 92 * DAY;
/// And so often.
const SWEEP_EVERY: i64 = 7 * DAY;
/// The greatest page there is.
const PAGE: usize = 50;
/// No list is longer; if one seems to be, the server is going round in circles.
const MOST_PAGES: usize = 200;

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Consumers whose record is complete up to now.
    pub swept: u64,
    /// Records that were new.
    pub kept: u64,
    /// Consumers whose operations could not be read, and why; their gap stays until they can.
    pub failed: Vec<(VendorKey, ProviderError)>,
}

/// One list, read to its end.
struct Listed {
    items: Vec<Value>,
    /// False: it goes on behind what was read.
    whole: bool,
}

fn before(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
}

impl ThalesD1 {
    /// Archives what the server still knows of a consumer and her cards; the number of new records.
    ///
    /// # Errors
    /// If a list could not be read; what was read before is archived.
    pub(super) async fn collect(&self, entry: &DirectoryEntry) -> Result<u64, ProviderError> {
        let consumer = &entry.consumer;
        let began = self.clock.now();
        let mut kept = 0;
        if self.lacking.has(Offer::ConsumerOperations) {
            let link = |rest: &str| self.addresses.consumer_operations(consumer, rest);
            match self.list(link).await {
                // An empty list of somebody whom nobody has seen may mean that she is not there.
                Ok(listed) => {
                    let known = !listed.items.is_empty() || entry.last_verified.is_some();
                    kept += self.archive_list(consumer.clone(), listed, known, began).await?;
                }
                // An unknown consumer and an address that is not there look alike: no history is available.
                Err(error) if is_absent(&error) || error.status == Some(403) => {
                    if error.status == Some(405) {
                        self.lacking.note(Offer::ConsumerOperations);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        for card in &entry.cards {
            if !self.lacking.has(Offer::CardOperations) {
                break;
            }
            let source = card_source(consumer, card)?;
            match self.list(|rest| self.addresses.card_operations(card, rest)).await {
                Ok(listed) => kept += self.archive_list(source, listed, true, began).await?,
                Err(error) if error.status == Some(405) => self.lacking.note(Offer::CardOperations),
                Err(error) if is_absent(&error) || error.status == Some(403) => {}
                Err(error) => return Err(error),
            }
        }
        self.fresh.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(consumer.clone(), began);
        Ok(kept)
    }

    /// Reads a list to its end. New operations push the others on while it is read, so that pages overlap; nothing is
    /// missed, and what comes twice counts once.
    async fn list(&self, link: impl Fn(&str) -> Result<Link, ProviderError>) -> Result<Listed, ProviderError> {
        let mut seen = HashSet::new();
        let mut items: Vec<Value> = Vec::new();
        let (first, size) = (link("")?, PAGE.to_string());
        let mut offset = 0;
        for _ in 0..MOST_PAGES {
            let place = offset.to_string();
            let page =
                with_query(&first, &[("offset", &place), ("limit", &size)]).ok_or_else(|| unreadable("no link"))?;
            let answer = self.reads.json(&page).await?.value;
            let found =
                wire::list(&answer, "operations").ok_or_else(|| unreadable("the list of operations has no list"))?;
            offset += found.len();
            for item in found {
                let id = wire::text(item, &["operationId"]);
                if id.is_empty() || !seen.insert(id.raw().to_owned()) {
                    continue;
                }
                let whole = wire::is_whole_operation(item);
                items.push(if whole { item.clone() } else { self.whole(item, &link).await });
            }
            let remaining = answer.get("remainingOperations").and_then(Value::as_u64);
            if found.is_empty() || remaining == Some(0) || (remaining.is_none() && found.len() < PAGE) {
                return Ok(Listed { items, whole: true });
            }
        }
        Ok(Listed { items, whole: false })
    }

    /// The full record of an item that lacks something which every operation has; the item itself if there is none.
    async fn whole(&self, item: &Value, link: &impl Fn(&str) -> Result<Link, ProviderError>) -> Value {
        let id = wire::text(item, &["operationId"]);
        let one = checked(IdOf::Operation, id.raw()).and_then(|id| link(&format!("/{}", id.as_str())));
        match one {
            Ok(one) => self.reads.json(&one).await.map_or_else(|_| item.clone(), |answer| answer.value),
            Err(_) => item.clone(),
        }
    }

    async fn archive_list(
        &self,
        source: VendorKey,
        listed: Listed,
        known: bool,
        began: Timestamp,
    ) -> Result<u64, ProviderError> {
        let now = self.clock.now();
        let records: Vec<VendorRecord> =
            listed.items.into_iter().filter_map(|raw| operation_record(&source, raw)).collect();
        let oldest = records.iter().filter_map(|record| record.at).min();
        let kept = self.archive.keep(self.tenant(), records, now).await.map_err(archive_failed)?;
        // As of its beginning for what is new, as of its end for what went while it was read.
        let since = if listed.whole { before(now, REACHES_BACK) } else { oldest.unwrap_or(began) };
        if known && since <= began {
            let stretch = Interval { since, until: began };
            self.archive.cover(self.tenant(), &source, stretch).await.map_err(archive_failed)?;
        }
        Ok(kept)
    }

    /// Archives the operations of all watched consumers that are due: those seen or acted on in three months whose
    /// record is more than a week old (decision 27). Goes on where one fails.
    ///
    /// # Errors
    /// If the archive cannot say who is due, or nobody can be reached.
    pub async fn sweep(&self, now: Timestamp) -> Result<SweepReport, ProviderError> {
        // A little early, so that a weekly job that starts a minute before the last one did leaves nobody out.
        let swept_before = before(now, SWEEP_EVERY - DAY / 4);
        let due = self.archive.due(self.tenant(), before(now, WATCHED), swept_before).await;
        self.sweep_these(due.map_err(archive_failed)?).await
    }

    /// The same for everybody in the directory: `history collect`, for a nightly job.
    ///
    /// # Errors
    /// As [`sweep`](Self::sweep).
    pub async fn sweep_all(&self) -> Result<SweepReport, ProviderError> {
        let (mut all, mut place) = (Vec::new(), 0);
        loop {
            let page = self.archive.page(self.tenant(), place, 500).await.map_err(archive_failed)?;
            let Some((last, _)) = page.last() else { break };
            place = *last;
            all.extend(page.into_iter().map(|(_, entry)| entry.consumer));
        }
        self.sweep_these(all).await
    }

    async fn sweep_these(&self, consumers: Vec<VendorKey>) -> Result<SweepReport, ProviderError> {
        let mut report = SweepReport::default();
        for consumer in consumers {
            let entry = self.archive.entry(self.tenant(), &consumer).await.map_err(archive_failed)?;
            let Some(entry) = entry else { continue };
            match self.collect(&entry).await {
                Ok(kept) => {
                    report.swept += 1;
                    report.kept += kept;
                }
                // Nobody else would fare better.
                Err(error)
                    if matches!(error.kind, ProviderErrorKind::Unauthorised | ProviderErrorKind::NotConnected) =>
                {
                    return Err(error);
                }
                Err(error) => report.failed.push((consumer, error)),
            }
        }
        Ok(report)
    }

    /// The history of a consumer: live where that can be had, and what the archive has; where neither knows, a row
    /// says so with its dates.
    pub(super) async fn history(&self, id: &HolderId, limit: usize) -> Result<Vec<Operation>, ProviderError> {
        let consumer = checked(IdOf::Consumer, id.key.as_str())?;
        let entry = self.archive.entry(self.tenant(), &consumer).await.map_err(archive_failed)?;
        let Some(entry) = entry.filter(|entry| entry.consumer == consumer) else {
            return Err(ProviderError::new(ProviderErrorKind::NotFound, "this consumer is not in the directory"));
        };
        let now = self.clock.now();
        self.archive.watch(self.tenant(), &consumer, now).await.map_err(archive_failed)?;
        let live = self.collect(&entry).await;
        let sources = sources_of(&entry)?;
        let records = self.archive.records(self.tenant(), &sources, limit).await.map_err(archive_failed)?;
        if let (Err(error), true) = (&live, records.is_empty()) {
            return Err(error.clone());
        }
        let mut rows: Vec<Operation> = records.iter().map(|record| self.row(id, record)).collect();
        let oldest = (rows.len() >= limit).then(|| rows.last().map(|row| row.at)).flatten();
        rows.extend(
            self.unobserved(id, &sources, now).await?.into_iter().filter(|row| oldest.is_none_or(|at| row.at >= at)),
        );
        // Stable: two at one moment stay in the server's order.
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
        Ok(rows)
    }

    /// A row for every stretch of time for which the record is not complete; one alone where that is so for the
    /// consumer and her cards alike.
    async fn unobserved(
        &self,
        id: &HolderId,
        sources: &[VendorKey],
        now: Timestamp,
    ) -> Result<Vec<Operation>, ProviderError> {
        let mut rows: Vec<(Timestamp, String, Vec<&VendorKey>)> = Vec::new();
        let mut note = |until: Timestamp, words: String, source| {
            // What was looked at in one go was not looked at in the same second.
            match rows.iter_mut().find(|(_, known, _)| *known == words) {
                Some((_, _, of)) => of.push(source),
                None => rows.push((until, words, vec![source])),
            }
        };
        let day = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
        let mut never: Vec<&VendorKey> = Vec::new();
        for source in sources {
            let covered = self.archive.coverage(self.tenant(), source).await.map_err(archive_failed)?;
            let Some(first) = covered.first().map(|interval| interval.since) else {
                never.push(source);
                continue;
            };
            for gap in gaps(&covered, first, now) {
                note(gap.until, format!("not observed {}..{}", day(gap.since), day(gap.until)), source);
            }
            note(first, format!("not observed before {}", day(first)), source);
        }
        let whose = |of: &[&VendorKey]| {
            if of.len() == sources.len() {
                return String::new();
            }
            let names = of.iter().map(|source| match source.as_str().split_once('/') {
                Some((_, card)) => format!("card {card}"),
                None => "consumer".to_owned(),
            });
            names.collect::<Vec<_>>().join(", ")
        };
        let mut found: Vec<Operation> =
            rows.iter().map(|(until, words, of)| remark(id, *until, words, &whose(of))).collect();
        if !never.is_empty() {
            found.push(remark(id, now, "no history available", &whose(&never)));
        }
        Ok(found)
    }

    /// A record as a row. Words that nobody knows are shown as they are.
    fn row(&self, id: &HolderId, archived: &ArchivedRecord) -> Operation {
        let record = &archived.record;
        let text = |name: &str| wire::text(&record.raw, &[name]);
        let details = record.raw.get("details").unwrap_or(&Value::Null);
        let digital = checked(IdOf::DigitalCard, wire::text(details, &["digitalCardId"]).raw()).ok();
        let card = record.source.as_str().split_once('/').and_then(|(_, card)| card.parse().ok());
        let credential = digital.or(card).map(|key| CredentialId::new(self.tenant().clone(), key));
        let words = |parts: Vec<String>| {
            SafeText::of(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
        };
        let raw = |name: &str| text(name).raw().to_owned();
        Operation {
            at: record.at.unwrap_or(archived.fetched_at),
            source: Source::Vendor,
            act: None,
            action: text("operation").safe(),
            result: words(vec![raw("status"), raw("errorCode")]),
            holder: id.clone(),
            credential,
            operator: words(vec![raw("requestorType"), raw("requestorId")]),
            ticket: SafeText::default(),
            note: words(vec![raw("reasonCode"), raw("reason"), raw("error")]),
            intent: None,
            seq: None,
        }
    }
}

/// A row of our own about the record itself.
fn remark(id: &HolderId, at: Timestamp, words: &str, note: &str) -> Operation {
    Operation {
        at,
        source: Source::Vendor,
        act: None,
        action: SafeText::of(words),
        result: SafeText::default(),
        holder: id.clone(),
        credential: None,
        operator: SafeText::default(),
        ticket: SafeText::default(),
        note: SafeText::of(note),
        intent: None,
        seq: None,
    }
}

/// The source under which a card's operations are archived.
pub(super) fn card_source(consumer: &VendorKey, card: &VendorKey) -> Result<VendorKey, ProviderError> {
    let text = format!("{}/{}", consumer.as_str(), card.as_str());
    text.parse().map_err(|_| ProviderError::new(ProviderErrorKind::Invalid, "an id is too long"))
}

fn sources_of(entry: &DirectoryEntry) -> Result<Vec<VendorKey>, ProviderError> {
    let cards = entry.cards.iter().map(|card| card_source(&entry.consumer, card));
    std::iter::once(Ok(entry.consumer.clone())).chain(cards).collect()
}

fn operation_record(source: &VendorKey, raw: Value) -> Option<VendorRecord> {
    let id = checked(IdOf::Operation, wire::text(&raw, &["operationId"]).raw()).ok()?;
    let at = wire::time(&raw, &["startTime"]);
    Some(VendorRecord { kind: RecordKind::Operation, source: source.clone(), id, at, raw })
}

/// The archive is ours, not the vendor's.
pub(super) fn archive_failed(ArchiveError(why): ArchiveError) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Unavailable, why)
}
