//! The archive in SQLite: one file a mode, in the ledger's folder, as careful as the ledger with what was written and
//! as quick as the cache with what is searched.

mod directory;
mod import;
mod records;

#[cfg(test)]
mod directory_tests;
#[cfg(test)]
mod tests;

use super::lane::Lane;
use super::{migrations, place};
use crate::domain::ids::{TenantName, VendorKey};
use crate::ports::archive::{
    Archive, ArchiveError, ArchivedRecord, DirectoryEntry, ImportReport, Interval, RecordKind, Sighting, VendorRecord,
};
use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// The archive of one mode. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteArchive {
    writer: Lane,
    reader: Lane,
}

impl From<rusqlite::Error> for ArchiveError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

fn connect(path: &Path) -> Result<Connection, ArchiveError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // What the vendor has forgotten since cannot be read again.
    connection.pragma_update(None, "synchronous", "FULL")?;
    harden(&connection)?;
    connection.pragma_update(None, "cache_size", -2000)?;
    Ok(connection)
}

fn harden(connection: &Connection) -> Result<(), ArchiveError> {
    // More than there are: a statement that falls out is parsed again, which takes longer than running it.
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Without it INSERT OR REPLACE would delete past the triggers.
    connection.pragma_update(None, "recursive_triggers", true)?;
    Ok(())
}

impl SqliteArchive {
    /// Opens the archive, or makes a new one where there is none.
    ///
    /// # Errors
    /// If the file cannot be made or opened, lies on a network file system, or was written by a newer program. An
    /// archive is never thrown away: what is in it cannot be read again.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let path = std::path::absolute(path).map_err(|e| ArchiveError(e.to_string()))?;
        let io = |e: std::io::Error| ArchiveError(format!("{}: {e}", path.display()));
        if let Some(folder) = path.parent() {
            place::private_folder(folder).map_err(io)?;
            if let Some(kind) = place::remote_file_system(folder, place::kernel_probe).map_err(io)? {
                return Err(ArchiveError(format!("{} lies on {kind}; choose a local folder", folder.display())));
            }
        }
        place::private_file(&path).map_err(io)?;
        for suffix in ["-wal", "-shm"] {
            let mut name = path.as_os_str().to_os_string();
            name.push(suffix);
            place::keep_private(Path::new(&name)).map_err(io)?;
        }
        let mut writer = connect(&path)?;
        migrations::archive(&mut writer).map_err(|e| ArchiveError(e.to_string()))?;
        let reader = connect(&path)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(Self { writer: Lane::thread(writer), reader: Lane::thread(reader) })
    }

    /// An archive in memory, by the same code. Calls run in place, without a thread.
    ///
    /// # Errors
    /// If SQLite fails.
    pub fn open_in_memory() -> Result<Self, ArchiveError> {
        let connection = migrations::archive_in_memory().map_err(|e| ArchiveError(e.to_string()))?;
        harden(&connection)?;
        let lane = Lane::inline(connection);
        Ok(Self { writer: lane.clone(), reader: lane })
    }

    /// An archive in memory with everything that this one holds.
    ///
    /// # Errors
    /// If SQLite fails.
    pub async fn copy_in_memory(&self) -> Result<Self, ArchiveError> {
        let connection = self.read(|c| Ok(migrations::copy(c)?)).await?;
        harden(&connection)?;
        let lane = Lane::inline(connection);
        Ok(Self { writer: lane.clone(), reader: lane })
    }

    async fn read<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, ArchiveError> + Send + 'static,
    ) -> Result<R, ArchiveError> {
        self.reader.run(|connection| work(connection)).await.unwrap_or_else(gone)
    }

    /// One transaction; rolled back if `work` fails.
    async fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<R, ArchiveError> + Send + 'static,
    ) -> Result<R, ArchiveError> {
        let done = self.writer.run(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = work(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        });
        done.await.unwrap_or_else(gone)
    }
}

fn gone<R>() -> Result<R, ArchiveError> {
    Err(ArchiveError("its thread has ended".into()))
}

#[async_trait]
impl Archive for SqliteArchive {
    async fn keep(
        &self,
        tenant: &TenantName,
        records: Vec<VendorRecord>,
        fetched_at: Timestamp,
    ) -> Result<u64, ArchiveError> {
        if records.is_empty() {
            return Ok(0);
        }
        let tenant = tenant.clone();
        self.write(move |db| records::keep(db, &tenant, &records, fetched_at)).await
    }

    async fn records(
        &self,
        tenant: &TenantName,
        sources: &[VendorKey],
        limit: usize,
    ) -> Result<Vec<ArchivedRecord>, ArchiveError> {
        let (tenant, sources) = (tenant.clone(), sources.to_vec());
        self.read(move |db| records::of_sources(db, &tenant, &sources, limit)).await
    }

    async fn record(
        &self,
        tenant: &TenantName,
        kind: RecordKind,
        id: &VendorKey,
    ) -> Result<Option<ArchivedRecord>, ArchiveError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read(move |db| records::newest(db, &tenant, kind, &id)).await
    }

    async fn verify(&self) -> Result<u64, ArchiveError> {
        self.read(records::verify).await
    }

    async fn cover(&self, tenant: &TenantName, source: &VendorKey, stretch: Interval) -> Result<(), ArchiveError> {
        let (tenant, source) = (tenant.clone(), source.clone());
        self.write(move |db| records::cover(db, &tenant, &source, stretch)).await
    }

    async fn coverage(&self, tenant: &TenantName, source: &VendorKey) -> Result<Vec<Interval>, ArchiveError> {
        let (tenant, source) = (tenant.clone(), source.clone());
        self.read(move |db| records::coverage(db, &tenant, &source)).await
    }

    async fn watch(&self, tenant: &TenantName, source: &VendorKey, at: Timestamp) -> Result<(), ArchiveError> {
        let (tenant, source) = (tenant.clone(), source.clone());
        self.write(move |db| records::watch(db, &tenant, &source, at)).await
    }

    async fn due(
        &self,
        tenant: &TenantName,
        watched_since: Timestamp,
        swept_before: Timestamp,
    ) -> Result<Vec<VendorKey>, ArchiveError> {
        let tenant = tenant.clone();
        self.read(move |db| records::due(db, &tenant, watched_since, swept_before)).await
    }

    async fn learn(&self, tenant: &TenantName, sightings: Vec<Sighting>, now: Timestamp) -> Result<(), ArchiveError> {
        let tenant = tenant.clone();
        self.write(move |db| sightings.iter().try_for_each(|seen| directory::learn(db, &tenant, seen, now))).await
    }

    async fn import(
        &self,
        tenant: &TenantName,
        csv: Vec<u8>,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<ImportReport, ArchiveError> {
        let tenant = tenant.clone();
        let done = self.writer.run(move |connection| {
            // A dry run does all of it and takes it back, so that it cannot differ from the real one.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let report = import::import(&transaction, &tenant, &csv, now)?;
            if dry_run || !report.errors.is_empty() {
                transaction.rollback()?;
            } else {
                transaction.commit()?;
            }
            Ok(report)
        });
        done.await.unwrap_or_else(gone)
    }

    async fn find(&self, tenant: &TenantName, text: &str, limit: usize) -> Result<Vec<DirectoryEntry>, ArchiveError> {
        let (tenant, text) = (tenant.clone(), text.to_owned());
        self.read(move |db| directory::find(db, &tenant, &text, limit)).await
    }

    async fn entry(&self, tenant: &TenantName, id: &VendorKey) -> Result<Option<DirectoryEntry>, ArchiveError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read(move |db| directory::by_id(db, &tenant, &id)).await
    }

    async fn page(
        &self,
        tenant: &TenantName,
        after: u64,
        size: usize,
    ) -> Result<Vec<(u64, DirectoryEntry)>, ArchiveError> {
        let tenant = tenant.clone();
        self.read(move |db| directory::page(db, &tenant, after, size)).await
    }
}
