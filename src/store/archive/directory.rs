//! The directory: who is known, by which labels and ids.

use crate::domain::ids::{TenantName, VendorKey};
use crate::domain::text::Untrusted;
use crate::ports::archive::{ArchiveError, DirectoryEntry, DirectorySource, KnownPass, Sighting};
use crate::store::fold::{after, entries, fold, words};
use crate::store::people::{moment, parsed};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::str::FromStr as _;

/// Places that one step of a search may look at.
const LOOK_AT: usize = 4_000;
/// Signs that the index of texts needs.
const TRIGRAM: usize = 3;
const CARD: &str = "card";
const PASS: &str = "pass";

const COLUMNS: &str = "n, consumer, generation, display_name, customer_ref, last4, tags, source, first_seen, \
                       last_verified, tombstone";

/// Labels that the issuer gives to somebody; an empty one takes nothing away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels {
    pub display_name: String,
    pub customer_ref: String,
    pub last4: String,
    pub tags: String,
}

/// What entering somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    New,
    Changed,
    Unchanged,
}

/// See the port.
pub(super) fn learn(
    db: &Transaction<'_>,
    tenant: &TenantName,
    seen: &Sighting,
    now: Timestamp,
) -> Result<(), ArchiveError> {
    let labels = Labels { last4: seen.last4.raw().to_owned(), ..Labels::default() };
    let verified = seen.verified.then_some(now);
    let (n, _) = enter(db, tenant, seen, &labels, verified, now)?;
    if seen.deleted {
        db.prepare_cached("UPDATE directory SET tombstone = ?2 WHERE n = ?1 AND tombstone IS NULL")?
            .execute(params![n, now.as_millisecond()])?;
    }
    Ok(())
}

/// Enters somebody with what is known of her; her place, and what that did.
pub(super) fn enter(
    db: &Transaction<'_>,
    tenant: &TenantName,
    seen: &Sighting,
    labels: &Labels,
    verified: Option<Timestamp>,
    now: Timestamp,
) -> Result<(i64, Entered), ArchiveError> {
    let before = latest(db, tenant, &seen.consumer)?;
    let (n, mut entered, mut present) = match before {
        // Only the vendor's own word brings an id back after its end: a list may be old.
        Some((n, ref entry)) if entry.tombstone.is_none() || seen.deleted || !seen.verified => {
            let present = Labels {
                display_name: entry.display_name.raw().to_owned(),
                customer_ref: entry.customer_ref.raw().to_owned(),
                last4: entry.last4.raw().to_owned(),
                tags: entry.tags.raw().to_owned(),
            };
            (n, Entered::Unchanged, present)
        }
        other => {
            let generation = other.map_or(1, |(_, entry)| entry.generation + 1);
            db.prepare_cached(
                "INSERT INTO directory (tenant, consumer, generation, display_name, customer_ref, last4, tags, source, \
                 first_seen, folded) VALUES (?1, ?2, ?3, '', '', '', '', ?4, ?5, '')",
            )?
            .execute(params![
                tenant.as_str(),
                seen.consumer.as_str(),
                generation,
                seen.source.to_string(),
                now.as_millisecond()
            ])?;
            let n = db.last_insert_rowid();
            index(db, tenant, n, &Labels::default())?;
            (n, Entered::New, Labels::default())
        }
    };
    let mut changed = false;
    for (old, new) in [
        (&mut present.display_name, &labels.display_name),
        (&mut present.customer_ref, &labels.customer_ref),
        (&mut present.last4, &labels.last4),
        (&mut present.tags, &labels.tags),
    ] {
        if !new.is_empty() && old != new {
            old.clone_from(new);
            changed = true;
        }
    }
    if changed {
        db.prepare_cached(
            "UPDATE directory SET display_name = ?2, customer_ref = ?3, last4 = ?4, tags = ?5, folded = ?6 WHERE n = ?1",
        )?
        .execute(params![
            n,
            present.display_name,
            present.customer_ref,
            present.last4,
            present.tags,
            fold(&present.display_name)
        ])?;
        index(db, tenant, n, &present)?;
    }
    for card in &seen.cards {
        changed |= belongs(db, tenant, (CARD, card), n, None)?;
    }
    for pass in &seen.passes {
        changed |= belongs(db, tenant, (PASS, &pass.id), n, pass.card.as_ref())?;
    }
    if let Some(at) = verified {
        db.prepare_cached("UPDATE directory SET last_verified = ?2 WHERE n = ?1")?
            .execute(params![n, at.as_millisecond()])?;
    }
    if changed && entered == Entered::Unchanged {
        entered = Entered::Changed;
    }
    Ok((n, entered))
}

/// Gives somebody a card or a digital card; true if that is new. A known parent is never forgotten, and follows the
/// digital card where the vendor moved it to another card.
fn belongs(
    db: &Transaction<'_>,
    tenant: &TenantName,
    (kind, id): (&str, &VendorKey),
    n: i64,
    parent: Option<&VendorKey>,
) -> Result<bool, ArchiveError> {
    let parent = parent.map_or("", VendorKey::as_str);
    let changed = db
        .prepare_cached(
            "INSERT INTO belongings (tenant, kind, id, n, parent) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (tenant, kind, id, n) DO UPDATE SET parent = excluded.parent \
             WHERE excluded.parent <> '' AND excluded.parent <> parent",
        )?
        .execute(params![tenant.as_str(), kind, id.as_str(), n, parent])?;
    Ok(changed > 0)
}

/// The places of those alive to whom a card or digital card belongs.
pub(super) fn owners(
    db: &Connection,
    tenant: &TenantName,
    id: &VendorKey,
) -> Result<Vec<(i64, VendorKey)>, ArchiveError> {
    let mut statement = db.prepare_cached(
        "SELECT d.n, d.consumer FROM belongings b JOIN directory d ON d.n = b.n \
         WHERE b.tenant = ?1 AND b.kind IN ('card', 'pass') AND b.id = ?2 AND d.tombstone IS NULL",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), id.as_str()], |row| Ok((row.get(0)?, parsed(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn index(db: &Transaction<'_>, tenant: &TenantName, n: i64, labels: &Labels) -> Result<(), ArchiveError> {
    let all = [&labels.display_name, &labels.customer_ref, &labels.last4, &labels.tags].map(|label| fold(label));
    db.prepare_cached("DELETE FROM directory_texts WHERE rowid = ?1")?.execute([n])?;
    db.prepare_cached("INSERT INTO directory_texts (rowid, label) VALUES (?1, ?2)")?
        .execute(params![n, all.join("\n")])?;
    db.prepare_cached("DELETE FROM directory_words WHERE n = ?1")?.execute([n])?;
    let mut insert =
        db.prepare_cached("INSERT OR IGNORE INTO directory_words (tenant, word, n) VALUES (?1, ?2, ?3)")?;
    for label in &all {
        for word in entries(label) {
            insert.execute(params![tenant.as_str(), word, n])?;
        }
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, DirectoryEntry)> {
    let text = |column: usize| row.get::<_, String>(column).map(Untrusted::new);
    let entry = DirectoryEntry {
        consumer: parsed(row, 1)?,
        generation: row.get(2)?,
        cards: Vec::new(),
        passes: Vec::new(),
        display_name: text(3)?,
        customer_ref: text(4)?,
        last4: text(5)?,
        tags: text(6)?,
        source: DirectorySource::from_str(&row.get::<_, String>(7)?).unwrap_or(DirectorySource::Manual),
        first_seen: moment(row.get(8)?).unwrap_or_default(),
        last_verified: moment(row.get(9)?),
        tombstone: moment(row.get(10)?),
    };
    Ok((row.get(0)?, entry))
}

fn with_belongings(
    db: &Connection,
    (n, mut entry): (i64, DirectoryEntry),
) -> Result<(i64, DirectoryEntry), ArchiveError> {
    let mut statement = db.prepare_cached("SELECT kind, id, parent FROM belongings WHERE n = ?1 ORDER BY kind, id")?;
    let mut rows = statement.query([n])?;
    while let Some(row) = rows.next()? {
        let (kind, id): (String, VendorKey) = (row.get(0)?, parsed(row, 1)?);
        let parent: String = row.get(2)?;
        if kind == CARD {
            entry.cards.push(id);
        } else {
            entry.passes.push(KnownPass { id, card: parent.parse().ok() });
        }
    }
    Ok((n, entry))
}

fn at_place(db: &Connection, n: i64) -> Result<Option<(i64, DirectoryEntry)>, ArchiveError> {
    let found =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM directory WHERE n = ?1"))?.query_row([n], read).optional()?;
    found.map(|found| with_belongings(db, found)).transpose()
}

fn latest(
    db: &Connection,
    tenant: &TenantName,
    consumer: &VendorKey,
) -> Result<Option<(i64, DirectoryEntry)>, ArchiveError> {
    let found = db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM directory WHERE tenant = ?1 AND consumer = ?2 ORDER BY generation DESC LIMIT 1"
        ))?
        .query_row(params![tenant.as_str(), consumer.as_str()], read)
        .optional()?;
    found.map(|found| with_belongings(db, found)).transpose()
}

/// See the port.
pub(super) fn by_id(
    db: &Connection,
    tenant: &TenantName,
    id: &VendorKey,
) -> Result<Option<DirectoryEntry>, ArchiveError> {
    if let Some((_, entry)) = latest(db, tenant, id)? {
        return Ok(Some(entry));
    }
    let found: Option<i64> = db
        .prepare_cached("SELECT max(n) FROM belongings WHERE tenant = ?1 AND kind IN ('card', 'pass') AND id = ?2")?
        .query_row(params![tenant.as_str(), id.as_str()], |row| row.get(0))?;
    Ok(found.map(|n| at_place(db, n)).transpose()?.flatten().map(|(_, entry)| entry))
}

/// See the port.
pub(super) fn page(
    db: &Connection,
    tenant: &TenantName,
    after: u64,
    size: usize,
) -> Result<Vec<(u64, DirectoryEntry)>, ArchiveError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM directory d WHERE tenant = ?1 AND n > ?2 AND NOT EXISTS \
         (SELECT 1 FROM directory later WHERE later.tenant = d.tenant AND later.consumer = d.consumer \
          AND later.generation > d.generation) ORDER BY n LIMIT ?3"
    ))?;
    let (after, size) = (i64::try_from(after).unwrap_or(i64::MAX), i64::try_from(size).unwrap_or(i64::MAX));
    let rows: Vec<_> = statement.query_map(params![tenant.as_str(), after, size], read)?.collect::<Result<_, _>>()?;
    rows.into_iter().map(|row| with_belongings(db, row).map(|(n, entry)| (n.unsigned_abs(), entry))).collect()
}

/// See the port. First who has this very id, then whose name begins so, then whose labels have words that begin so,
/// then whose labels hold the words anywhere.
pub(super) fn find(
    db: &Connection,
    tenant: &TenantName,
    text: &str,
    limit: usize,
) -> Result<Vec<DirectoryEntry>, ArchiveError> {
    let mut found = Vec::new();
    if let Ok(id) = text.trim().parse::<VendorKey>() {
        found.extend(by_id(db, tenant, &id)?);
    }
    let query = fold(text);
    let mut places: Vec<i64> = Vec::new();
    let end = after(&query).unwrap_or_else(|| char::MAX.to_string());
    if !query.is_empty() {
        let begins =
            "SELECT n FROM directory WHERE tenant = ?1 AND folded >= ?2 AND folded < ?3 ORDER BY folded LIMIT ?4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = db.prepare_cached(begins)?;
        for n in statement.query_map(params![tenant.as_str(), query, end, limit], |row| row.get(0))? {
            places.push(n?);
        }
        places.extend(by_words(db, tenant, &query)?);
        places.extend(anywhere(db, &query)?);
    }
    let mut seen = std::collections::HashSet::new();
    for n in places {
        if found.len() >= limit {
            break;
        }
        let fits = |consumer: &VendorKey| found.iter().all(|entry: &DirectoryEntry| entry.consumer != *consumer);
        if !seen.insert(n) {
            continue;
        }
        let own: Option<(VendorKey, String)> = db
            .prepare_cached("SELECT consumer, tenant FROM directory WHERE n = ?1")?
            .query_row([n], |row| Ok((parsed(row, 0)?, row.get(1)?)))
            .optional()?;
        let Some((consumer, of)) = own.filter(|(consumer, _)| fits(consumer)) else { continue };
        // Of several generations the latest stands for all: what came before is part of its history.
        if of == tenant.as_str()
            && let Some((_, entry)) = latest(db, tenant, &consumer)?
        {
            found.push(entry);
        }
    }
    Ok(found)
}

fn by_words(db: &Connection, tenant: &TenantName, query: &str) -> Result<Vec<i64>, ArchiveError> {
    let mut statement = db.prepare_cached(
        "SELECT n FROM directory_words WHERE tenant = ?1 AND word >= ?2 AND word < ?3 ORDER BY word LIMIT ?4",
    )?;
    let look_at = i64::try_from(LOOK_AT).unwrap_or(i64::MAX);
    let mut common: Option<Vec<i64>> = None;
    for word in words(query) {
        let end = after(word).unwrap_or_else(|| char::MAX.to_string());
        let rows = statement.query_map(params![tenant.as_str(), word, end, look_at], |row| row.get(0))?;
        let hits: Vec<i64> = rows.collect::<Result<_, _>>()?;
        common = Some(match common {
            None => hits,
            Some(before) => before.into_iter().filter(|n| hits.contains(n)).collect(),
        });
    }
    Ok(common.unwrap_or_default())
}

fn anywhere(db: &Connection, query: &str) -> Result<Vec<i64>, ArchiveError> {
    let parts: Vec<String> = query
        .split(' ')
        .filter(|word| word.chars().count() >= TRIGRAM)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    if parts.is_empty() || query.split(' ').any(|word| !word.is_empty() && word.chars().count() < TRIGRAM) {
        return Ok(Vec::new());
    }
    let mut statement = db.prepare_cached("SELECT rowid FROM directory_texts WHERE label MATCH ?1 LIMIT ?2")?;
    let look_at = i64::try_from(LOOK_AT).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![parts.join(" AND "), look_at], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
