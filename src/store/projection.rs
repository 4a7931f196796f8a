//! The derived table: what the events of one intent add up to. The same fold makes a row when an event is appended,
//! when everything is rebuilt, and when the journal is verified, so the three cannot differ.

use super::chain::{COLUMNS, IMPORTED, Link};
use crate::domain::journal::{IntentState, Payload, Purpose};
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};
use std::str::FromStr;

/// A row of `intents`, column by column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    pub(super) intent: String,
    pub(super) tenant: String,
    pub(super) holder: String,
    pub(super) type_link: String,
    pub(super) act: String,
    pub(super) saga: String,
    pub(super) old_id: Option<String>,
    pub(super) state: String,
    pub(super) finished: bool,
    pub(super) attempt: i64,
    pub(super) operator: String,
    pub(super) opened: String,
    pub(super) moved: String,
    pub(super) sent: Option<String>,
    pub(super) purpose_seq: i64,
    pub(super) snapshot_seq: Option<i64>,
    pub(super) binding_seq: Option<i64>,
    pub(super) remark_seq: Option<i64>,
    pub(super) seq: i64,
}

const STANDING: &str = "intent, tenant, holder, type_link, act, saga, old_id, state, finished, attempt, operator, \
                        opened, moved, sent, purpose_seq, snapshot_seq, binding_seq, remark_seq, seq";

/// Which sort of payload an event carries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Purpose,
    Snapshot,
    Binding,
    Remark,
}

impl Sort {
    /// Canonical text sorts its keys, so the tag `is` stands somewhere inside; only INTENT's payload has to be read
    /// in full, for the others the tag is enough.
    fn of(payload: &str) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Tag<'a> {
            #[serde(borrow)]
            is: std::borrow::Cow<'a, str>,
        }
        match &*serde_json::from_str::<Tag<'_>>(payload).ok()?.is {
            "purpose" => Some(Self::Purpose),
            "snapshot" => Some(Self::Snapshot),
            "binding" => Some(Self::Binding),
            "remark" => Some(Self::Remark),
            _ => None,
        }
    }
}

impl Standing {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            intent: row.get(0)?,
            tenant: row.get(1)?,
            holder: row.get(2)?,
            type_link: row.get(3)?,
            act: row.get(4)?,
            saga: row.get(5)?,
            old_id: row.get(6)?,
            state: row.get(7)?,
            finished: row.get(8)?,
            attempt: row.get(9)?,
            operator: row.get(10)?,
            opened: row.get(11)?,
            moved: row.get(12)?,
            sent: row.get(13)?,
            purpose_seq: row.get(14)?,
            snapshot_seq: row.get(15)?,
            binding_seq: row.get(16)?,
            remark_seq: row.get(17)?,
            seq: row.get(18)?,
        })
    }

    /// The row after its first event; `None` if that is not a readable INTENT.
    pub(super) fn opened_by(event: &Link) -> Option<Self> {
        match serde_json::from_str(&event.payload).ok()? {
            Payload::Purpose(purpose) => Some(Self::new(&purpose, event)),
            _ => None,
        }
    }

    /// The row after the first event of an intent with this purpose.
    pub(super) fn new(purpose: &Purpose, event: &Link) -> Self {
        Self {
            intent: event.intent.clone(),
            tenant: purpose.holder.tenant.to_string(),
            holder: purpose.holder.to_string(),
            type_link: purpose.type_link.to_string(),
            act: purpose.act.to_string(),
            saga: purpose.saga.to_string(),
            old_id: purpose.old.as_ref().map(|old| old.id.to_string()),
            state: event.kind.clone(),
            finished: false,
            attempt: event.attempt,
            operator: event.operator.clone(),
            opened: event.wall.clone(),
            moved: event.wall.clone(),
            sent: None,
            purpose_seq: event.seq,
            snapshot_seq: None,
            binding_seq: None,
            remark_seq: None,
            seq: event.seq,
        }
    }

    /// Takes one more event of the same intent; `None` if nobody can read it.
    pub(super) fn then(&mut self, event: &Link) -> Option<()> {
        let state = IntentState::from_str(&event.kind).ok()?;
        match Sort::of(&event.payload)? {
            Sort::Purpose => return None,
            Sort::Snapshot => self.snapshot_seq = Some(event.seq),
            Sort::Binding => self.binding_seq = Some(event.seq),
            Sort::Remark => self.remark_seq = Some(event.seq),
        }
        if state == IntentState::Sending && self.sent.is_none() {
            self.sent = Some(event.wall.clone());
        }
        self.state.clone_from(&event.kind);
        self.finished = state.is_terminal();
        self.attempt = event.attempt;
        self.moved.clone_from(&event.wall);
        self.seq = event.seq;
        Some(())
    }

    /// The row of one intent.
    pub(super) fn find(connection: &Connection, intent: &str) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(&format!("SELECT {STANDING} FROM intents WHERE intent = ?1"))?
            .query_row([intent], Self::read)
            .optional()
    }

    /// Writes the row.
    pub(super) fn put(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO intents ({STANDING}) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"
            ))?
            .execute(params![
                self.intent,
                self.tenant,
                self.holder,
                self.type_link,
                self.act,
                self.saga,
                self.old_id,
                self.state,
                self.finished,
                self.attempt,
                self.operator,
                self.opened,
                self.moved,
                self.sent,
                self.purpose_seq,
                self.snapshot_seq,
                self.binding_seq,
                self.remark_seq,
                self.seq,
            ])?;
        Ok(())
    }
}

/// Folds all events of this console, as [`fold_rows`] does. What records an import moves no intent.
///
/// # Errors
/// What SQLite or `take` says; an event that nobody can read is named by its place.
fn fold(connection: &Connection, take: impl FnMut(Standing) -> Result<(), String>) -> Result<(), String> {
    let mut statement = connection
        .prepare(&format!(
            "SELECT {COLUMNS} FROM events INDEXED BY events_by_intent WHERE kind <> '{IMPORTED}' ORDER BY intent, seq"
        ))
        .map_err(|e| e.to_string())?;
    fold_rows(&mut statement.query([]).map_err(|e| e.to_string())?, take)
}

/// Folds events that come intent by intent, in the order of the intents' ids, and hands every finished row to `take`.
/// Holds one row in memory at a time.
///
/// # Errors
/// What SQLite or `take` says; an event that nobody can read is named by its place.
pub(super) fn fold_rows(
    rows: &mut Rows<'_>,
    mut take: impl FnMut(Standing) -> Result<(), String>,
) -> Result<(), String> {
    let mut current: Option<Standing> = None;
    while let Some(row) = rows.next().map_err(|e| e.to_string())? {
        let event = Link::read(row).map_err(|e| e.to_string())?;
        let unreadable = || format!("event {} cannot be understood", event.seq);
        match &mut current {
            Some(standing) if standing.intent == event.intent => standing.then(&event).ok_or_else(unreadable)?,
            _ => {
                let next = Standing::opened_by(&event).ok_or_else(unreadable)?;
                if let Some(done) = current.replace(next) {
                    take(done)?;
                }
            }
        }
    }
    current.map_or(Ok(()), take)
}

/// Throws the derived rows away and makes them again from the events. To be called inside a transaction.
///
/// # Errors
/// What SQLite says, or the event that cannot be understood.
pub(super) fn rebuild(connection: &Connection) -> Result<(), String> {
    connection.execute("DELETE FROM intents", []).map_err(|e| e.to_string())?;
    fold(connection, |standing| standing.put(connection).map_err(|e| e.to_string()))
}

/// Compares every derived row with what its events say.
///
/// # Errors
/// The first row that differs, with the place in the journal that it claims to show.
pub(super) fn compare(connection: &Connection) -> Result<(), String> {
    let mut statement =
        connection.prepare(&format!("SELECT {STANDING} FROM intents ORDER BY intent")).map_err(|e| e.to_string())?;
    let mut rows = statement.query([]).map_err(|e| e.to_string())?;
    let mut next = move || -> Result<Option<Standing>, String> {
        let row = rows.next().map_err(|e| e.to_string())?;
        row.map(Standing::read).transpose().map_err(|e| e.to_string())
    };
    fold(connection, |expected| match next()? {
        Some(found) if found == expected => Ok(()),
        Some(found) if found.intent < expected.intent => {
            Err(format!("the derived row of intent {} (event {}) has no events", found.intent, found.seq))
        }
        _ => Err(format!("the derived row of intent {} does not agree with event {}", expected.intent, expected.seq)),
    })?;
    match next()? {
        Some(extra) => Err(format!("the derived row of intent {} (event {}) has no events", extra.intent, extra.seq)),
        None => Ok(()),
    }
}
