//! Leases: which process works on which person right now (invariant I6, decision 22).

use crate::domain::journal::ProcessMark;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

/// Tells whether the process that left a mark still runs; the machine's answer is
/// [`is_alive`](super::process::is_alive).
pub type Liveness = fn(&ProcessMark) -> bool;

/// Takes the lease if it is free, already ours, or left behind by a dead process.
pub(super) fn claim(
    connection: &mut Connection,
    holder: &str,
    owner: &ProcessMark,
    is_alive: Liveness,
) -> rusqlite::Result<bool> {
    without_sync(connection, |connection| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let held = transaction
            .prepare_cached("SELECT pid, boot, started FROM leases WHERE holder = ?1")?
            .query_row([holder], |row| {
                Ok(ProcessMark { pid: row.get(0)?, boot: row.get(1)?, started: row.get::<_, i64>(2)? as u64 })
            })
            .optional()?;
        if held.is_some_and(|held| held != *owner && is_alive(&held)) {
            return Ok(false);
        }
        transaction
            .prepare_cached("INSERT OR REPLACE INTO leases (holder, pid, boot, started) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![holder, owner.pid, owner.boot, owner.started as i64])?;
        transaction.commit()?;
        Ok(true)
    })
}

/// Gives the lease back if it is ours.
pub(super) fn release(connection: &mut Connection, holder: &str, owner: &ProcessMark) -> rusqlite::Result<()> {
    without_sync(connection, |connection| {
        connection
            .prepare_cached("DELETE FROM leases WHERE holder = ?1 AND pid = ?2 AND boot = ?3 AND started = ?4")?
            .execute(params![holder, owner.pid, owner.boot, owner.started as i64])?;
        Ok(())
    })
}

/// A lease means nothing after a power cut, because no process outlives one: its commits need not wait for the disk.
fn without_sync<R>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<R>,
) -> rusqlite::Result<R> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let result = work(connection);
    connection.pragma_update(None, "synchronous", "FULL")?;
    result
}
