//! The schemas, and how an older file gets the present one.

use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite_migration::{M, Migrations};
use std::sync::{LazyLock, Mutex, PoisonError};

static LEDGER: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up(include_str!("../../assets/schema/ledger/0001_journal.sql")),
        M::up(include_str!("../../assets/schema/ledger/0002_words_and_imports.sql")),
    ])
});

const PEOPLE: &str = include_str!("../../assets/schema/cache/0001_people.sql");

static CACHE: LazyLock<Migrations<'static>> = LazyLock::new(|| Migrations::new(vec![M::up(PEOPLE)]));

static ARCHIVE: LazyLock<Migrations<'static>> =
    LazyLock::new(|| Migrations::new(vec![M::up(include_str!("../../assets/schema/archive/0001_records.sql"))]));

/// Brings an archive to the present schema.
///
/// # Errors
/// If SQLite refuses, or a newer program wrote the file.
pub(super) fn archive(connection: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    // Two processes may start at the same moment: the slower one finds the tables in place when it looks again.
    ARCHIVE.to_latest(connection).or_else(|_| ARCHIVE.to_latest(connection))
}

/// Why a file did not become a cache.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoCache {
    /// SQLite could not do it.
    #[error(transparent)]
    Storage(#[from] rusqlite::Error),
    /// The file was made with another schema.
    #[error("{0}")]
    OtherSchema(String),
}

impl From<rusqlite_migration::Error> for NoCache {
    fn from(error: rusqlite_migration::Error) -> Self {
        match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => Self::Storage(err),
            other => Self::OtherSchema(other.to_string()),
        }
    }
}

/// Gives an empty cache its tables, and refuses one with other tables: it is worth less than moving it over.
///
/// # Errors
/// If SQLite refuses, or the file was made with another schema.
pub(super) fn cache(connection: &mut Connection) -> Result<(), NoCache> {
    CACHE.to_latest(connection).or_else(|_| CACHE.to_latest(connection))?;
    let own = super::key::hex(ring::digest::digest(&ring::digest::SHA256, PEOPLE.as_bytes()).as_ref());
    connection.execute("INSERT OR IGNORE INTO about (name, value) VALUES ('schema', ?1)", [&own])?;
    let found: String = connection.query_row("SELECT value FROM about WHERE name = 'schema'", [], |row| row.get(0))?;
    if found == own { Ok(()) } else { Err(NoCache::OtherSchema("it was made with another schema".into())) }
}

/// Brings a ledger to the present schema.
///
/// # Errors
/// If SQLite refuses, or a newer program wrote the file.
pub(super) fn ledger(connection: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    // Two processes may start on an empty folder at the same moment: the slower one finds the tables in place when
    // it looks again.
    for _ in 0..2 {
        if LEDGER.to_latest(connection).is_ok() {
            return Ok(());
        }
    }
    LEDGER.to_latest(connection)
}

/// An empty database with its tables that is there to be copied: making tables costs far more than copying pages.
type Blank = Mutex<Option<Connection>>;

static BLANK_LEDGER: Blank = Mutex::new(None);
static BLANK_ARCHIVE: Blank = Mutex::new(None);

/// A new ledger in memory.
///
/// # Errors
/// If SQLite refuses.
pub(super) fn ledger_in_memory() -> Result<Connection, rusqlite_migration::Error> {
    copy_of(&BLANK_LEDGER, ledger)
}

/// A new archive in memory.
///
/// # Errors
/// If SQLite refuses.
pub(super) fn archive_in_memory() -> Result<Connection, rusqlite_migration::Error> {
    copy_of(&BLANK_ARCHIVE, archive)
}

fn copy_of(
    blank: &Blank,
    make: fn(&mut Connection) -> Result<(), rusqlite_migration::Error>,
) -> Result<Connection, rusqlite_migration::Error> {
    let mut blank = blank.lock().unwrap_or_else(PoisonError::into_inner);
    let from = if let Some(made) = blank.as_ref() {
        made
    } else {
        let mut made = Connection::open_in_memory()?;
        make(&mut made)?;
        blank.insert(made)
    };
    Ok(copy(from)?)
}

/// A database in memory with everything that another one holds.
///
/// # Errors
/// If SQLite refuses.
pub(super) fn copy(from: &Connection) -> rusqlite::Result<Connection> {
    let mut copy = Connection::open_in_memory()?;
    Backup::new(from, &mut copy)?.step(-1)?;
    Ok(copy)
}

/// Every statement of the schema in a fixed order, to compare a file with what this program would have made.
///
/// # Errors
/// If the schema cannot be read.
pub(super) fn schema_of(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare(
            "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema \
             WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1, 2",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// What [`schema_of`] gives for an untouched ledger.
///
/// # Errors
/// If SQLite has no memory left.
pub(super) fn expected_ledger_schema() -> Result<Vec<(String, String)>, String> {
    let mut memory = Connection::open_in_memory().map_err(|e| e.to_string())?;
    ledger(&mut memory).map_err(|e| e.to_string())?;
    schema_of(&memory).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_schema_is_valid() {
        LEDGER.validate().unwrap();
    }

    #[test]
    fn the_archive_schema_is_valid() {
        ARCHIVE.validate().unwrap();
    }

    #[test]
    fn the_cache_schema_is_valid() {
        CACHE.validate().unwrap();
    }
}
