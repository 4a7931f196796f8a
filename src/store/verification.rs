//! Verifying: everything that can be wrong with a ledger is looked for, and named by its place.

use super::anchor::{Anchor, Mark};
use super::chain::{COLUMNS, Link};
use super::key::LedgerKey;
use super::{append, imports, migrations, projection, words};
use rusqlite::Connection;

/// The key is there, and nothing that it was for.
pub(super) const GONE: &str = "a ledger existed here and is gone: its key is there, its events and its anchor are not";
const ANCHOR_GONE: &str = "the anchor is missing, so nobody can say whether the ledger is complete";

/// Checks file, schema, chain, MACs, anchor and derived rows, in one read transaction. Gives the number of events.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub(super) fn verify(connection: &mut Connection, key: &LedgerKey, anchor: &Anchor) -> Result<u64, String> {
    // The anchor is read before the snapshot of the database is taken: it can then only be behind it, whatever
    // others append meanwhile.
    let mark = anchor.read(key).map_err(|e| format!("the anchor cannot be read: {e}"))?;
    let transaction = connection.transaction().map_err(|e| e.to_string())?;
    let Some(mark) = mark else {
        let empty = append::head(&transaction).map_err(|e| e.to_string())? == Mark::genesis();
        return Err(if empty { GONE } else { ANCHOR_GONE }.into());
    };
    examine(&transaction, key, &mark)
}

/// The part that looks at the database alone; to be called inside a transaction.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub(super) fn examine(transaction: &Connection, key: &LedgerKey, mark: &Mark) -> Result<u64, String> {
    if migrations::schema_of(transaction).map_err(|e| e.to_string())? != migrations::expected_ledger_schema()? {
        return Err("the schema was changed".into());
    }
    let last = walk(transaction, key, mark)?;
    if last < mark.seq {
        return Err(format!("rolled back: the ledger ends at event {last}, the anchor knows event {}", mark.seq));
    }
    let verdict: String = transaction
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|e| format!("the file is damaged: {e}"))?;
    if verdict != "ok" {
        return Err(format!("the file is damaged: {verdict}"));
    }
    projection::compare(transaction)?;
    words::compare(transaction)?;
    imports::examine(transaction)?;
    Ok(last as u64)
}

/// Walks the chain from the first event on; gives the number of the last.
fn walk(connection: &Connection, key: &LedgerKey, mark: &Mark) -> Result<i64, String> {
    let mut statement = connection
        .prepare(&format!("SELECT {COLUMNS} FROM events NOT INDEXED ORDER BY seq"))
        .map_err(|e| e.to_string())?;
    let mut rows = statement.query([]).map_err(|e| e.to_string())?;
    let mut last = Mark::genesis();
    loop {
        let place = last.seq + 1;
        let unreadable = |e: rusqlite::Error| format!("event {place} cannot be read: {e}");
        let Some(row) = rows.next().map_err(unreadable)? else { break };
        let event = Link::read(row).map_err(unreadable)?;
        if let Some(fault) = event.fault(last.seq, &last.hash, key) {
            return Err(fault);
        }
        if event.seq == mark.seq && event.hash != mark.hash {
            return Err(format!("rolled back: event {} is not the one that the anchor knows", event.seq));
        }
        last = Mark { seq: event.seq, hash: event.hash };
    }
    Ok(last.seq)
}
