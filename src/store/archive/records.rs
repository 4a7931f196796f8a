//! Records with their chain, coverage, and the watch list.

use crate::domain::ids::{TenantName, VendorKey};
use crate::ports::archive::{ArchiveError, ArchivedRecord, Interval, RecordKind, VendorRecord};
use crate::store::chain::{GENESIS, write_sorted};
use crate::store::key::hex;
use crate::store::people::{moment, parsed};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::HashSet;

const COLUMNS: &str = "seq, kind, source, id, at, fetched, raw";

/// What a hash covers: each part with its length, so that no text can pass for two.
fn digest(prev: &str, seq: i64, parts: [&str; 5], at: Option<i64>, fetched: i64) -> String {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    hash.update(prev.as_bytes());
    hash.update(&seq.to_be_bytes());
    hash.update(&fetched.to_be_bytes());
    hash.update(&[u8::from(at.is_some())]);
    hash.update(&at.unwrap_or_default().to_be_bytes());
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(hash.finish().as_ref())
}

/// See the port.
pub(super) fn keep(
    db: &Transaction<'_>,
    tenant: &TenantName,
    records: &[VendorRecord],
    fetched_at: Timestamp,
) -> Result<u64, ArchiveError> {
    let last = db
        .prepare_cached("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (mut seq, mut prev): (i64, String) = last.unwrap_or_else(|| (0, GENESIS.to_owned()));
    let mut newest = db.prepare_cached(
        "SELECT raw FROM records WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND source = ?4 ORDER BY seq DESC LIMIT 1",
    )?;
    let mut insert = db.prepare_cached(
        "INSERT INTO records (seq, prev_hash, hash, tenant, kind, source, id, at, fetched, raw) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let (fetched, mut kept) = (fetched_at.as_millisecond(), 0);
    for record in records {
        // The members in order: the vendor may send them in any (thales-d1.md section 2), and that is nothing new.
        let mut raw = String::new();
        write_sorted(&record.raw, &mut raw).map_err(|e| ArchiveError(e.to_string()))?;
        let (kind, source, id) = (record.kind.to_string(), record.source.as_str(), record.id.as_str());
        let known: Option<String> =
            newest.query_row(params![tenant.as_str(), kind, id, source], |row| row.get(0)).optional()?;
        if known.as_deref() == Some(raw.as_str()) {
            continue;
        }
        seq += 1;
        let at = record.at.map(Timestamp::as_millisecond);
        let hash = digest(&prev, seq, [tenant.as_str(), &kind, source, id, &raw], at, fetched);
        insert.execute(params![seq, prev, hash, tenant.as_str(), kind, source, id, at, fetched, raw])?;
        (prev, kept) = (hash, kept + 1);
    }
    Ok(kept)
}

fn archived(row: &Row<'_>) -> rusqlite::Result<ArchivedRecord> {
    let raw = row.get_ref(6)?.as_str()?;
    Ok(ArchivedRecord {
        record: VendorRecord {
            kind: parsed(row, 1)?,
            source: parsed(row, 2)?,
            id: parsed(row, 3)?,
            at: moment(row.get(4)?),
            raw: serde_json::from_str(raw).unwrap_or_default(),
        },
        fetched_at: moment(row.get(5)?).unwrap_or_default(),
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
    })
}

/// See the port.
pub(super) fn of_sources(
    db: &Connection,
    tenant: &TenantName,
    sources: &[VendorKey],
    limit: usize,
) -> Result<Vec<ArchivedRecord>, ArchiveError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM records WHERE tenant = ?1 AND source = ?2 ORDER BY at DESC, seq DESC"
    ))?;
    let mut all: Vec<ArchivedRecord> = Vec::new();
    for source in sources {
        let mut seen = HashSet::new();
        let mut rows = statement.query(params![tenant.as_str(), source.as_str()])?;
        while let (Some(row), true) = (rows.next()?, seen.len() < limit) {
            let one = archived(row)?;
            // Versions of one record have the same time but for the vendor's whims; the newest comes first.
            if seen.insert((one.record.kind, one.record.id.clone())) {
                all.push(one);
            }
        }
    }
    all.sort_by_key(|one| std::cmp::Reverse((one.record.at, one.seq)));
    all.truncate(limit);
    Ok(all)
}

/// See the port.
pub(super) fn newest(
    db: &Connection,
    tenant: &TenantName,
    kind: RecordKind,
    id: &VendorKey,
) -> Result<Option<ArchivedRecord>, ArchiveError> {
    Ok(db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM records WHERE tenant = ?1 AND kind = ?2 AND id = ?3 ORDER BY seq DESC LIMIT 1"
        ))?
        .query_row(params![tenant.as_str(), kind.to_string(), id.as_str()], archived)
        .optional()?)
}

/// See the port.
pub(super) fn verify(db: &Connection) -> Result<u64, ArchiveError> {
    let mut statement = db
        .prepare("SELECT seq, prev_hash, hash, tenant, kind, source, id, at, fetched, raw FROM records ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let (mut before, mut prev) = (0_i64, GENESIS.to_owned());
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        if seq != before + 1 {
            return Err(ArchiveError(format!("record {} is missing", before + 1)));
        }
        let text = |column: usize| row.get::<_, String>(column);
        let (tenant, kind, source, id, raw) = (text(3)?, text(4)?, text(5)?, text(6)?, text(9)?);
        let own = digest(&prev, seq, [&tenant, &kind, &source, &id, &raw], row.get(7)?, row.get(8)?);
        if text(1)? != prev || text(2)? != own {
            return Err(ArchiveError(format!("record {seq} was changed: its hash does not agree")));
        }
        (before, prev) = (seq, own);
    }
    Ok(before.unsigned_abs())
}

/// See the port. Intervals that touch become one.
pub(super) fn cover(
    db: &Transaction<'_>,
    tenant: &TenantName,
    source: &VendorKey,
    stretch: Interval,
) -> Result<(), ArchiveError> {
    let (mut since, mut until) = (stretch.since.as_millisecond(), stretch.until.as_millisecond());
    if since > until {
        return Err(ArchiveError("a stretch of time ends before it begins".into()));
    }
    let key = (tenant.as_str(), source.as_str());
    let touching = "tenant = ?1 AND source = ?2 AND since <= ?4 AND until >= ?3";
    let (first, last): (Option<i64>, Option<i64>) = db
        .prepare_cached(&format!("SELECT min(since), max(until) FROM coverage WHERE {touching}"))?
        .query_row(params![key.0, key.1, since, until], |row| Ok((row.get(0)?, row.get(1)?)))?;
    db.prepare_cached(&format!("DELETE FROM coverage WHERE {touching}"))?
        .execute(params![key.0, key.1, since, until])?;
    since = since.min(first.unwrap_or(since));
    until = until.max(last.unwrap_or(until));
    db.prepare_cached("INSERT INTO coverage (tenant, source, since, until) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![key.0, key.1, since, until])?;
    Ok(())
}

/// See the port.
pub(super) fn coverage(
    db: &Connection,
    tenant: &TenantName,
    source: &VendorKey,
) -> Result<Vec<Interval>, ArchiveError> {
    let mut statement =
        db.prepare_cached("SELECT since, until FROM coverage WHERE tenant = ?1 AND source = ?2 ORDER BY since")?;
    let rows = statement.query_map(params![tenant.as_str(), source.as_str()], |row| {
        let at = |column: usize| row.get(column).map(|ms| moment(ms).unwrap_or_default());
        Ok(Interval { since: at(0)?, until: at(1)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// See the port.
pub(super) fn watch(
    db: &Transaction<'_>,
    tenant: &TenantName,
    source: &VendorKey,
    at: Timestamp,
) -> Result<(), ArchiveError> {
    db.prepare_cached(
        "INSERT INTO watched (tenant, source, last) VALUES (?1, ?2, ?3) \
         ON CONFLICT (tenant, source) DO UPDATE SET last = max(last, excluded.last)",
    )?
    .execute(params![tenant.as_str(), source.as_str(), at.as_millisecond()])?;
    Ok(())
}

/// See the port.
pub(super) fn due(
    db: &Connection,
    tenant: &TenantName,
    watched_since: Timestamp,
    swept_before: Timestamp,
) -> Result<Vec<VendorKey>, ArchiveError> {
    let mut statement = db.prepare_cached(
        "SELECT w.source, coalesce((SELECT max(until) FROM coverage c WHERE c.tenant = w.tenant AND c.source = w.source), 0) AS swept \
         FROM watched w WHERE w.tenant = ?1 AND w.last >= ?2 AND swept < ?3 ORDER BY swept, w.source",
    )?;
    let rows = statement
        .query_map(params![tenant.as_str(), watched_since.as_millisecond(), swept_before.as_millisecond()], |row| {
            parsed(row, 0)
        })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
