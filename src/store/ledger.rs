//! The ledger in SQLite.

mod exchange;

pub use super::key::KeyPlace;
pub use exchange::{open_export, verify_export};

use super::anchor::{Anchor, Mark};
use super::append::{self, Appended, Refusal, Seal};
use super::key::{self, LedgerKey};
use super::lane::Lane;
pub use super::lease::Liveness;
use super::paths::LedgerPaths;
use super::place::{self, FsProbe};
use super::{history, imports, lease, migrations, process, projection, verification};
use crate::domain::ids::{HolderId, IntentId, TenantName};
use crate::domain::journal::{Event, EventDraft, IntentRecord, IntentState, Marker, ProcessMark};
use crate::domain::operation::Operation;
use crate::domain::ownership::Imported;
use crate::ports::clock::Clock;
use crate::ports::ledger::{HistoryQuery, LateWatch, Ledger, LedgerError, LedgerHealth};
use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a write waits for another process.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Statements that a connection keeps ready.
const STATEMENTS: usize = 64;

/// Why a ledger could not be opened. Browsing can go on over [`SqliteLedger::unavailable`].
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A folder or file could not be made, read or protected.
    #[error("{path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Locks and syncs cannot be relied on there.
    #[error("{path} is on a network file system ({kind}); the ledger must be on a local disk")]
    Network {
        /// The folder.
        path: PathBuf,
        /// The sort of file system.
        kind: &'static str,
    },
    /// Not a database, damaged, or locked for too long.
    #[error("the ledger cannot be opened: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Written by a newer program, or damaged.
    #[error("the schema of the ledger cannot be brought up to date: {0}")]
    Schema(#[from] rusqlite_migration::Error),
}

impl OpenError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// The journal in one SQLite file, with its key and its anchor elsewhere. Cheap to clone.
#[derive(Clone)]
pub struct SqliteLedger {
    writer: Lane,
    reader: Lane,
    shared: Arc<Shared>,
}

struct Shared {
    /// `None`: in memory.
    database: Option<PathBuf>,
    /// `None`: it is lost, so nothing can be verified or written.
    key: Option<LedgerKey>,
    anchor: Anchor,
    console_id: String,
    clock: Arc<dyn Clock>,
    health: Mutex<LedgerHealth>,
    is_alive: Liveness,
    /// Why nothing can ever be added to this one: it stands in for a ledger that could not be opened.
    unavailable: Option<String>,
}

impl std::fmt::Debug for SqliteLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteLedger").field("console_id", &self.shared.console_id).finish_non_exhaustive()
    }
}

impl SqliteLedger {
    /// Opens or creates a ledger. A ledger created just now is verified; any other begins as
    /// [`LedgerHealth::Verifying`], and nothing can be begun in it before [`Ledger::verify`] has passed.
    ///
    /// A lost key is no error here: the ledger opens for reading and its health says what is missing.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(paths: &LedgerPaths, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_with_probe(paths, clock, place::kernel_probe)
    }

    /// As [`Self::open`], with another way to tell the file-system type.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with_probe(paths: &LedgerPaths, clock: Arc<dyn Clock>, probe: FsProbe) -> Result<Self, OpenError> {
        // An absolute path begins with a slash, so SQLite can never take it for a URI.
        let database = std::path::absolute(&paths.database).map_err(OpenError::io(&paths.database))?;
        for file in [&database, &paths.anchor] {
            if let Some(folder) = file.parent() {
                place::private_folder(folder).map_err(OpenError::io(folder))?;
                if let Some(kind) = place::remote_file_system(folder, probe).map_err(OpenError::io(folder))? {
                    return Err(OpenError::Network { path: folder.to_owned(), kind });
                }
            }
        }
        place::private_file(&database).map_err(OpenError::io(&database))?;
        for file in [&beside(&database, "-wal"), &beside(&database, "-shm"), &paths.anchor, &paths.key] {
            place::keep_private(file).map_err(OpenError::io(file))?;
        }
        let mut writer = connect(&database)?;
        migrations::ledger(&mut writer)?;
        let reader = connect(&database)?;
        reader.pragma_update(None, "query_only", true)?;

        let anchor = Anchor::File(paths.anchor.clone());
        let (key, health) = proofs(&mut writer, &paths.key, &anchor)?;
        let console_id = console_id(&writer)?;
        Ok(Self {
            writer: Lane::thread(writer),
            reader: Lane::thread(reader),
            shared: Arc::new(Shared {
                database: Some(database),
                key,
                anchor,
                console_id,
                clock,
                health: Mutex::new(health),
                is_alive: process::is_alive,
                unavailable: None,
            }),
        })
    }

    /// A ledger that lives in memory, by the same code: for tests and for runs that keep nothing. Calls run in
    /// place, without a thread.
    ///
    /// # Errors
    /// If SQLite or the system's random source fails.
    pub fn open_in_memory(clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_in_memory_among(clock, process::is_alive)
    }

    /// As [`Self::open_in_memory`], with another way to tell which processes still run: a test plays several.
    ///
    /// # Errors
    /// As [`Self::open_in_memory`].
    pub fn open_in_memory_among(clock: Arc<dyn Clock>, is_alive: Liveness) -> Result<Self, OpenError> {
        let connection = migrations::ledger_in_memory()?;
        harden(&connection)?;
        let console_id = console_id(&connection)?;
        let lane = Lane::inline(connection);
        Ok(Self {
            writer: lane.clone(),
            reader: lane,
            shared: Arc::new(Shared {
                database: None,
                key: Some(LedgerKey::fresh().map_err(OpenError::io(Path::new("memory")))?),
                anchor: Anchor::Memory(Mutex::new(Some(Mark::genesis()))),
                console_id,
                clock,
                health: Mutex::new(LedgerHealth::Verified { events: 0 }),
                is_alive,
                unavailable: None,
            }),
        })
    }

    /// A ledger in memory with everything that this one holds, its proofs included, on another clock: many plays begin
    /// with the same past, and copying pages costs far less than writing it again.
    ///
    /// # Errors
    /// As [`Self::open_in_memory`].
    pub async fn copy_in_memory(&self, clock: Arc<dyn Clock>, is_alive: Liveness) -> Result<Self, OpenError> {
        let from = &self.shared;
        let gone = || OpenError::io(Path::new("memory"))(std::io::Error::other(THREAD_GONE));
        let connection = self.reader.run(|c| migrations::copy(c)).await.ok_or_else(gone)??;
        harden(&connection)?;
        let mark = match &from.key {
            Some(key) => from.anchor.read(key).map_err(OpenError::io(Path::new("anchor")))?,
            None => None,
        };
        let lane = Lane::inline(connection);
        Ok(Self {
            writer: lane.clone(),
            reader: lane,
            shared: Arc::new(Shared {
                database: None,
                key: from.key.clone(),
                anchor: Anchor::Memory(Mutex::new(mark)),
                console_id: from.console_id.clone(),
                clock,
                health: Mutex::new(self.health()),
                is_alive,
                unavailable: from.unavailable.clone(),
            }),
        })
    }

    /// Stands in for a ledger that could not be opened: empty, broken for good, so that browsing works and nothing
    /// can be begun (invariant I8).
    ///
    /// # Errors
    /// If SQLite or the system's random source fails.
    pub fn unavailable(why: impl Into<String>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let why = why.into();
        let mut ledger = Self::open_in_memory(clock)?;
        if let Some(shared) = Arc::get_mut(&mut ledger.shared) {
            shared.health = Mutex::new(LedgerHealth::Broken(why.clone()));
            shared.unavailable = Some(why);
        }
        Ok(ledger)
    }

    /// Stands in for a ledger that is there and cannot be written: what it holds can be read and verified, so that
    /// ownership and history still show; nothing can be begun in it (invariant I8).
    ///
    /// # Errors
    /// If the file cannot be read either, or has another schema.
    pub fn read_only(paths: &LedgerPaths, why: impl Into<String>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let why = why.into();
        let database = std::path::absolute(&paths.database).map_err(OpenError::io(&paths.database))?;
        let connection = look(&database)?;
        let console_id =
            connection.query_row("SELECT value FROM about WHERE name = 'console_id'", [], |row| row.get(0))?;
        // Asked here, so that a file with other tables is not found out in the middle of the work.
        append::head(&connection)?;
        connection.prepare("SELECT seq FROM words")?;
        // A key that cannot be read proves as little as one that is lost.
        let key = LedgerKey::read(&paths.key).ok().flatten();
        let health = if key.is_some() { LedgerHealth::Verifying } else { LedgerHealth::Broken(KEY_LOST.into()) };
        let lane = Lane::thread(connection);
        Ok(Self {
            writer: lane.clone(),
            reader: lane,
            shared: Arc::new(Shared {
                database: Some(database),
                key,
                anchor: Anchor::File(paths.anchor.clone()),
                console_id,
                clock,
                health: Mutex::new(health),
                is_alive: process::is_alive,
                unavailable: Some(why),
            }),
        })
    }

    /// Throws all derived rows away and makes them again from the events (invariant I7). Verify afterwards.
    ///
    /// # Errors
    /// [`LedgerError::Unsafe`] if an event cannot be understood or storage fails; then nothing changed.
    pub async fn rebuild(&self) -> Result<(), LedgerError> {
        self.write(|connection| {
            let transaction = connection
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                .map_err(|e| e.to_string())?;
            projection::rebuild(&transaction)?;
            transaction.commit().map_err(|e| e.to_string())
        })
        .await
    }

    /// Makes the disk full after so many pages of 4 KiB.
    #[cfg(test)]
    pub(super) async fn allow_pages(&self, pages: i64) {
        self.write(move |c| c.pragma_update(None, "max_page_count", pages).map_err(|e| e.to_string())).await.unwrap();
    }

    /// How carefully commits wait for the disk: 2 is FULL.
    #[cfg(test)]
    pub(super) async fn synchronous(&self) -> i64 {
        let ask = |c: &mut Connection| c.pragma_query_value(None, "synchronous", |row| row.get(0));
        self.write(move |c| ask(c).map_err(|e| e.to_string())).await.unwrap()
    }

    fn set_health(&self, health: LedgerHealth) {
        *self.shared.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    fn broken(&self, why: String) -> LedgerError {
        self.set_health(LedgerHealth::Broken(why.clone()));
        LedgerError::Unsafe(why)
    }

    /// May these events be written as the ledger stands? What leads to a mutation may not unless all is verified.
    /// What was learnt about one that is under way is always tried: not recording it would be worse.
    fn admits(&self, drafts: &[EventDraft]) -> Result<LedgerKey, LedgerError> {
        if let Some(why) = &self.shared.unavailable {
            return Err(LedgerError::Unsafe(why.clone()));
        }
        let begins = drafts
            .iter()
            .any(|d| matches!(d.state, IntentState::Intent | IntentState::Snapshotted | IntentState::Sending));
        match self.health() {
            LedgerHealth::Broken(why) | LedgerHealth::ReadOnly(why) if begins => return Err(LedgerError::Unsafe(why)),
            LedgerHealth::Verifying if begins => {
                return Err(LedgerError::Unsafe("it is still being verified".into()));
            }
            _ => {}
        }
        self.shared.key.clone().ok_or_else(|| LedgerError::Unsafe(KEY_LOST.into()))
    }

    async fn append_checked(&self, drafts: Vec<EventDraft>) -> Result<Appended, LedgerError> {
        let key = self.admits(&drafts)?;
        let shared = Arc::clone(&self.shared);
        let mono = i64::try_from(shared.clock.elapsed().as_millis()).unwrap_or(i64::MAX);
        let outcome = self
            .writer
            .run(move |connection| {
                let seal = Seal { key: &key, anchor: &shared.anchor, console_id: &shared.console_id, mono };
                append::append(connection, drafts, &seal)
            })
            .await
            .unwrap_or_else(|| Err(Refusal::Broken(THREAD_GONE.into())));
        match outcome {
            Ok(appended) => {
                if let Some(why) = &appended.anchor_stuck {
                    self.set_health(LedgerHealth::Broken(why.clone()));
                }
                Ok(appended)
            }
            Err(Refusal::Rule(error)) => Err(error),
            Err(Refusal::Waited(why)) => Err(LedgerError::Unsafe(why)),
            Err(Refusal::Broken(why)) => Err(self.broken(why)),
        }
    }

    /// Invariant I8: before bytes may leave, the event must be seen by another connection.
    async fn read_back(&self, event: &Event) -> Result<(), LedgerError> {
        let (seq, hash) = (event.seq as i64, event.hash.clone());
        let found = self
            .reader
            .run(move |connection| {
                connection
                    .prepare_cached("SELECT hash = ?2 FROM events WHERE seq = ?1")?
                    .query_row(params![seq, hash], |row| row.get::<_, bool>(0))
            })
            .await;
        match found {
            Some(Ok(true)) => Ok(()),
            Some(Err(e)) => Err(self.broken(format!("event {seq} could not be read back: {e}"))),
            _ => Err(self.broken(format!("event {seq} could not be read back"))),
        }
    }

    async fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<R, String> + Send + 'static,
    ) -> Result<R, LedgerError> {
        if let Some(why) = &self.shared.unavailable {
            return Err(LedgerError::Unsafe(why.clone()));
        }
        answer(self.writer.run(work).await)
    }

    async fn read<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<R, String> + Send + 'static,
    ) -> Result<R, LedgerError> {
        answer(self.reader.run(work).await)
    }
}

const KEY_LOST: &str = "the ledger key is missing, so no event from 1 on can be verified or added";
const THREAD_GONE: &str = "its thread has ended";

/// The key, and how far the ledger can be trusted before it is verified. A ledger that never held anything gets its
/// key and anchor here.
fn proofs(
    connection: &mut Connection,
    path: &Path,
    anchor: &Anchor,
) -> Result<(Option<LedgerKey>, LedgerHealth), OpenError> {
    let read = || LedgerKey::read(path).map_err(OpenError::io(path));
    let judged = |key: Option<LedgerKey>| {
        let health = if key.is_some() { LedgerHealth::Verifying } else { LedgerHealth::Broken(KEY_LOST.into()) };
        (key, health)
    };
    if append::head(connection)? != Mark::genesis() {
        return Ok(judged(read()?));
    }
    // Under the write lock, so that of two processes that start on an empty folder one makes the proofs and the
    // other finds both.
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let key = read()?;
    if append::head(&transaction)? != Mark::genesis() {
        return Ok(judged(key));
    }
    match key {
        Some(key) if anchor.exists() => Ok(judged(Some(key))),
        // The key is the last thing to be made: where it is, there was an anchor.
        Some(key) => Ok((Some(key), LedgerHealth::Broken(verification::GONE.into()))),
        // Only a ledger that never held anything may get a new key: any other would lose its proof.
        None if anchor.says_more_than_genesis().map_err(OpenError::io(path))? => Ok(judged(None)),
        None => {
            let (key, text) = LedgerKey::draw().map_err(OpenError::io(path))?;
            anchor.write(Mark::genesis(), &key).map_err(OpenError::io(path))?;
            LedgerKey::keep(path, &text).map_err(OpenError::io(path))?;
            transaction.commit()?;
            Ok((Some(key), LedgerHealth::Verified { events: 0 }))
        }
    }
}

/// A companion of the database file.
fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_os_string();
    name.push(suffix);
    name.into()
}

fn answer<R>(result: Option<Result<R, String>>) -> Result<R, LedgerError> {
    result.unwrap_or_else(|| Err(THREAD_GONE.into())).map_err(LedgerError::Unsafe)
}

/// Opens the file with everything that safety.md section 2 asks of a connection.
fn connect(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    harden(&connection)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Only macOS knows the difference; elsewhere these do nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(connection)
}

/// Opens the file for reading alone, and leaves no trace beside it.
fn look(database: &Path) -> rusqlite::Result<Connection> {
    let connection = place::open_untouched(database)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_WAIT)?;
    // More than there are: a statement that falls out is parsed again, which takes longer than running it.
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Without this, REPLACE would delete without asking the triggers.
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "cache_size", -2000)
}

/// The name of this console, made up once.
fn console_id(connection: &Connection) -> Result<String, OpenError> {
    let random = key::random().map_err(OpenError::io(Path::new("random source")))?;
    connection.execute(
        "INSERT OR IGNORE INTO about (name, value) VALUES ('console_id', ?1)",
        [format!("desk-{}", key::hex(&random[..4]))],
    )?;
    Ok(connection.query_row("SELECT value FROM about WHERE name = 'console_id'", [], |row| row.get(0))?)
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn append(&self, draft: EventDraft) -> Result<Event, LedgerError> {
        let sending = draft.state == IntentState::Sending;
        let mut appended = self.append_checked(vec![draft]).await?;
        let event = appended.events.pop().ok_or_else(|| LedgerError::Unsafe("nothing was stored".into()))?;
        if sending {
            // Without its anchor the event could be rolled back unseen, so nothing may be sent on it. An outcome,
            // on the other hand, is recorded, and saying otherwise would have it recorded twice.
            if let Some(why) = appended.anchor_stuck {
                return Err(LedgerError::Unsafe(why));
            }
            self.read_back(&event).await?;
        }
        Ok(event)
    }

    async fn append_all(&self, drafts: Vec<EventDraft>) -> Result<u64, LedgerError> {
        let appended = self.append_checked(drafts).await?;
        match appended.anchor_stuck {
            Some(why) => Err(LedgerError::Unsafe(why)),
            None => Ok(appended.events.len() as u64),
        }
    }

    async fn intents_of(&self, holder: &HolderId) -> Result<Vec<IntentRecord>, LedgerError> {
        let holder = holder.to_string();
        self.read(move |c| history::records(c, "WHERE i.holder = ?1 ORDER BY i.purpose_seq", [holder])).await
    }

    async fn imported(&self, holder: &HolderId, markers: &[Marker]) -> Result<Vec<Imported>, LedgerError> {
        let (holder, markers) = (holder.clone(), markers.to_vec());
        self.read(move |c| imports::about(c, &holder, &markers)).await
    }

    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, LedgerError> {
        let found = self.read(move |c| history::records(c, "WHERE i.intent = ?1", [id.to_string()])).await?;
        Ok(found.into_iter().next())
    }

    async fn unfinished(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.read(|c| history::records(c, "WHERE i.finished = 0 ORDER BY i.purpose_seq", [])).await
    }

    async fn waiting_retirements(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.read(|c| history::records(c, history::WAITING, [])).await
    }

    async fn half_done(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.read(|c| history::records(c, history::HALF_DONE, [])).await
    }

    async fn late_watch(&self, since: Timestamp) -> Result<LateWatch, LedgerError> {
        self.read(move |c| {
            Ok(LateWatch {
                watched: history::records(c, history::LATE_WATCHED, [since.to_string()])?,
                arrived: history::records(c, history::ARRIVED, [])?,
            })
        })
        .await
    }

    async fn operations(&self, query: &HistoryQuery) -> Result<Vec<Operation>, LedgerError> {
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let holder = query.holder.as_ref().map(ToString::to_string);
        let records = self
            .read(move |c| match holder {
                Some(holder) => {
                    history::records(c, "WHERE i.holder = ?1 ORDER BY i.seq DESC LIMIT ?2", params![holder, limit])
                }
                None => history::records(c, "ORDER BY i.seq DESC LIMIT ?1", [limit]),
            })
            .await?;
        Ok(records.into_iter().map(history::operation).collect())
    }

    async fn claim(&self, holder: &HolderId, owner: &ProcessMark) -> Result<bool, LedgerError> {
        let (holder, owner, is_alive) = (holder.to_string(), owner.clone(), self.shared.is_alive);
        self.write(move |c| lease::claim(c, &holder, &owner, is_alive).map_err(|e| e.to_string())).await
    }

    async fn release(&self, holder: &HolderId, owner: &ProcessMark) -> Result<(), LedgerError> {
        let (holder, owner) = (holder.to_string(), owner.clone());
        self.write(move |c| lease::release(c, &holder, &owner).map_err(|e| e.to_string())).await
    }

    async fn verify(&self) -> LedgerHealth {
        let shared = Arc::clone(&self.shared);
        let cannot_be_written = shared.unavailable.clone();
        if cannot_be_written.is_some() && shared.database.is_none() {
            return self.health();
        }
        let open = if cannot_be_written.is_some() { look } else { connect };
        let Some(key) = shared.key.clone() else {
            self.set_health(LedgerHealth::Broken(KEY_LOST.into()));
            return self.health();
        };
        let checked = match shared.database.clone() {
            // A connection of its own, given back at the end: appends and reads go on meanwhile.
            Some(database) => tokio::task::spawn_blocking(move || {
                let mut connection = open(&database).map_err(|e| format!("the ledger cannot be opened: {e}"))?;
                verification::verify(&mut connection, &key, &shared.anchor)
            })
            .await
            .unwrap_or_else(|e| Err(format!("the verification stopped: {e}"))),
            None => answer(self.reader.run(move |c| verification::verify(c, &key, &shared.anchor)).await)
                .map_err(|e| e.to_string()),
        };
        self.set_health(match (checked, cannot_be_written) {
            (Ok(events), None) => LedgerHealth::Verified { events },
            (Ok(_), Some(why)) => LedgerHealth::ReadOnly(why),
            (Err(fault), None) => LedgerHealth::Broken(fault),
            (Err(fault), Some(why)) => LedgerHealth::Broken(format!("{fault}; {why}")),
        });
        self.health()
    }

    fn health(&self) -> LedgerHealth {
        self.shared.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn console_id(&self) -> &str {
        &self.shared.console_id
    }

    async fn unsettled_tenants(&self) -> Result<Vec<TenantName>, LedgerError> {
        self.read(|c| {
            let mut statement = c
                .prepare_cached("SELECT DISTINCT tenant FROM intents WHERE finished = 0 ORDER BY tenant")
                .map_err(|e| e.to_string())?;
            let names: Vec<String> =
                statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).map_err(|e| e.to_string())?;
            names.iter().map(|name| name.parse::<TenantName>().map_err(|e| e.to_string())).collect()
        })
        .await
    }
}
