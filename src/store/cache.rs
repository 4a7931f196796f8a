//! The cache in SQLite: people and credentials as last seen.
//!
//! It is laid out for a million people: nothing here reads all rows, neither at the start nor for a key pressed.

use super::lane::Lane;
use super::{migrations, people, place, search};
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::Credential;
use crate::domain::ids::{CredentialId, HolderId, TenantName};
use crate::ports::cache::{Cache, CacheError, FillMark, Hits, Scope};
use crate::ports::provider::HolderRead;
use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// People removed in one transaction at the end of a fill: few enough that nobody waits long behind it.
const FORGET_AT_ONCE: usize = 2000;

/// A cache file larger than this is not copied into memory.
const MAX_DETACHED: u64 = 64 << 20;

/// The cache of one mode. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteCache {
    writer: Lane,
    reader: Lane,
    file: Option<Arc<PathBuf>>,
}

impl From<rusqlite::Error> for CacheError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

impl SqliteCache {
    /// Opens the cache, or makes a new one where there is none that this program can use.
    ///
    /// # Errors
    /// If no file can be made there, or the one that is there cannot be used just now.
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        let path = std::path::absolute(path).map_err(|e| CacheError(e.to_string()))?;
        if let Some(folder) = path.parent() {
            place::private_folder(folder).map_err(|e| CacheError(format!("{}: {e}", folder.display())))?;
        }
        let (writer, reader) = match Self::connect(&path) {
            Ok(both) => both,
            // A disk that fails, is full or busy says nothing against the file: it is left to another start.
            Err(Unusable { why, passing: true }) => return Err(why),
            Err(_) => {
                // Whatever is wrong with it, what it held can be read again from the vendors.
                remove(&path);
                Self::connect(&path).map_err(|unusable| unusable.why)?
            }
        };
        Ok(Self { writer: Lane::thread(writer), reader: Lane::thread(reader), file: Some(Arc::new(path)) })
    }

    /// A cache in memory, by the same code. Calls run in place, without a thread.
    ///
    /// # Errors
    /// If SQLite fails.
    pub fn open_in_memory() -> Result<Self, CacheError> {
        let mut connection = Connection::open_in_memory()?;
        connection.pragma_update(None, "foreign_keys", true)?;
        migrations::cache(&mut connection).map_err(|e| CacheError(e.to_string()))?;
        let lane = Lane::inline(connection);
        Ok(Self { writer: lane.clone(), reader: lane, file: None })
    }

    /// A cache in memory that begins with what a file holds that cannot be opened for writing, if that can be read and
    /// is small enough; else empty. The file stays as it is.
    ///
    /// # Errors
    /// If SQLite fails.
    pub fn open_detached(path: &Path) -> Result<Self, CacheError> {
        let cache = Self::open_in_memory()?;
        let Lane::Inline(memory) = &cache.writer else { return Ok(cache) };
        let mut memory = memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Err(error) = copy(path, &mut memory) {
            tracing::warn!(%error, "the cache begins empty");
            drop(memory);
            return Self::open_in_memory();
        }
        drop(memory);
        Ok(cache)
    }

    fn connect(path: &Path) -> Result<(Connection, Connection), Unusable> {
        let private = place::private_file(path).map_err(|e| CacheError(format!("{}: {e}", path.display())));
        private.map_err(|why| Unusable { why, passing: true })?;
        let open = || -> rusqlite::Result<Connection> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            // What a power cut takes away is read again from the vendors.
            connection.pragma_update(None, "synchronous", "OFF")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            // Two connections share the console's small budget of memory.
            connection.pragma_update(None, "cache_size", -2000)?;
            Ok(connection)
        };
        let mut writer = open()?;
        migrations::cache(&mut writer)?;
        let reader = open()?;
        reader.pragma_update(None, "query_only", true)?;
        Ok((writer, reader))
    }

    async fn run<R: Send + 'static>(
        &self,
        lane: &Lane,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, CacheError> {
        match lane.run(work).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                let damaged =
                    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase));
                // The file cannot be changed under open connections; with its name gone the next start makes a new one.
                if let (true, Some(file)) = (damaged, &self.file) {
                    remove(file);
                }
                Err(error.into())
            }
            None => Err(CacheError("its thread has ended".into())),
        }
    }
}

/// Copies a cache file that is not to be touched into a connection.
fn copy(path: &Path, memory: &mut Connection) -> Result<(), CacheError> {
    let size = std::fs::metadata(path).map_err(|e| CacheError(e.to_string()))?.len();
    if size > MAX_DETACHED {
        return Err(CacheError(format!("{size} bytes are too many to hold in memory")));
    }
    let file = place::open_untouched(path)?;
    rusqlite::backup::Backup::new(&file, memory)?.run_to_completion(1024, Duration::ZERO, None)?;
    migrations::cache(memory).map_err(|e| CacheError(e.to_string()))
}

/// Why a file cannot be used as the cache.
struct Unusable {
    why: CacheError,
    /// The file itself may be as good as ever.
    passing: bool,
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        use ErrorCode as E;
        let passing = matches!(
            error.sqlite_error_code(),
            Some(
                E::SystemIoFailure
                    | E::DiskFull
                    | E::CannotOpen
                    | E::PermissionDenied
                    | E::ReadOnly
                    | E::DatabaseBusy
                    | E::DatabaseLocked
                    | E::OutOfMemory
                    | E::FileLockingProtocolFailed
            )
        );
        Self { why: error.into(), passing }
    }
}

impl From<migrations::NoCache> for Unusable {
    fn from(error: migrations::NoCache) -> Self {
        match error {
            migrations::NoCache::Storage(error) => error.into(),
            migrations::NoCache::OtherSchema(why) => Self { why: CacheError(why), passing: false },
        }
    }
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_os_string();
        name.push(suffix);
        // What is not there need not be removed, and what cannot be removed shows when the file is opened again.
        let _ = std::fs::remove_file(name);
    }
}

fn put_mark(connection: &Connection, tenant: &TenantName, mark: &FillMark) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO fills (tenant, next, completed, began, seen) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            tenant.as_str(),
            mark.next.as_ref().map(crate::domain::ids::Link::as_str),
            mark.completed.map(Timestamp::as_millisecond),
            mark.began.map(Timestamp::as_millisecond),
            i64::try_from(mark.seen).unwrap_or(i64::MAX),
        ])?;
    Ok(())
}

fn get_mark(connection: &Connection, tenant: &TenantName) -> rusqlite::Result<FillMark> {
    let found = connection
        .prepare_cached("SELECT next, completed, began, seen FROM fills WHERE tenant = ?1")?
        .query_row([tenant.as_str()], |row| {
            Ok(FillMark {
                // A mark that cannot be read means: from the beginning.
                next: row.get::<_, Option<String>>(0)?.and_then(|text| text.parse().ok()),
                completed: people::moment(row.get(1)?),
                began: people::moment(row.get(2)?),
                seen: row.get::<_, i64>(3)?.try_into().unwrap_or(0),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

#[async_trait]
impl Cache for SqliteCache {
    async fn store(&self, rows: Vec<HolderRead>, mark: Option<(TenantName, FillMark)>) -> Result<(), CacheError> {
        self.run(&self.writer, move |connection| {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            for row in &rows {
                people::put(&transaction, row)?;
            }
            if let Some((tenant, mark)) = mark {
                put_mark(&transaction, &tenant, &mark)?;
            }
            transaction.commit()
        })
        .await
    }

    async fn search(&self, text: &str, scope: Scope, limit: usize) -> Result<Hits, CacheError> {
        let text = text.to_owned();
        self.run(&self.reader, move |connection| search::search(connection, &text, scope, limit)).await
    }

    async fn holder(&self, id: &HolderId) -> Result<Option<(Cardholder, Vec<Credential>)>, CacheError> {
        let id = id.clone();
        self.run(&self.reader, move |connection| people::get(connection, &id)).await
    }

    async fn person(&self, id: &HolderId) -> Result<Vec<(Cardholder, Vec<Credential>)>, CacheError> {
        let id = id.clone();
        self.run(&self.reader, move |connection| people::person(connection, &id)).await
    }

    async fn page(
        &self,
        after: Option<&HolderId>,
        limit: usize,
    ) -> Result<Vec<(Cardholder, Vec<Credential>)>, CacheError> {
        let after = after.map(ToString::to_string).unwrap_or_default();
        self.run(&self.reader, move |connection| people::page(connection, &after, limit)).await
    }

    async fn holder_of(&self, id: &CredentialId) -> Result<Option<HolderId>, CacheError> {
        let id = id.to_string();
        let found: Option<String> = self
            .run(&self.reader, move |connection| {
                connection
                    .prepare_cached("SELECT h.id FROM credentials c JOIN holders h ON h.n = c.holder WHERE c.id = ?1")?
                    .query_row([id], |row| row.get(0))
                    .optional()
            })
            .await?;
        found.map(|text| text.parse().map_err(|e| CacheError(format!("{e}")))).transpose()
    }

    async fn fill_mark(&self, tenant: &TenantName) -> Result<FillMark, CacheError> {
        let tenant = tenant.clone();
        self.run(&self.reader, move |connection| get_mark(connection, &tenant)).await
    }

    async fn finish_fill(&self, tenant: &TenantName, began: Timestamp, now: Timestamp) -> Result<(), CacheError> {
        loop {
            let name = tenant.clone();
            let forgotten = self
                .run(&self.writer, move |connection| {
                    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
                    let forgotten = people::forget_before(&transaction, &name, began, FORGET_AT_ONCE)?;
                    if forgotten < FORGET_AT_ONCE {
                        let mark = get_mark(&transaction, &name)?;
                        put_mark(&transaction, &name, &FillMark { next: None, completed: Some(now), ..mark })?;
                    }
                    transaction.commit()?;
                    Ok(forgotten)
                })
                .await?;
            if forgotten < FORGET_AT_ONCE {
                return Ok(());
            }
        }
    }
}
