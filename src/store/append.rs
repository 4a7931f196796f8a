//! Appending: the one transaction in which an event is checked, chained, stored and projected.

use super::anchor::{Anchor, Mark};
use super::chain::{self, Link};
use super::key::LedgerKey;
use super::projection::Standing;
use super::words::Words;
use crate::domain::ids::IntentId;
use crate::domain::journal::{Event, EventDraft, IntentState, Payload};
use crate::ports::ledger::LedgerError;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::str::FromStr;

/// Why an append did not happen, and whether the ledger can still be used.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The rules of the journal forbid it; nothing is wrong with the ledger.
    Rule(LedgerError),
    /// Another process is writing for longer than we wait. Nothing is wrong with the ledger.
    Waited(String),
    /// Storage failed, or what is stored cannot be trusted: mutations must be off from here on.
    Broken(String),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        if matches!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
        ) {
            Self::Waited("another process is writing to it".into())
        } else {
            Self::Broken(error.to_string())
        }
    }
}

/// Everything that chaining needs besides the connection.
pub(super) struct Seal<'a> {
    pub(super) key: &'a LedgerKey,
    pub(super) anchor: &'a Anchor,
    pub(super) console_id: &'a str,
    /// Milliseconds of the monotonic clock.
    pub(super) mono: i64,
}

/// What an append did.
pub(super) struct Appended {
    /// The events with their places.
    pub(super) events: Vec<Event>,
    /// Why the anchor could not be moved, although the events are stored.
    pub(super) anchor_stuck: Option<String>,
}

/// Stores all drafts or none, then moves the anchor if one of them asks for it.
///
/// # Errors
/// See [`Refusal`]; then nothing is stored.
pub(super) fn append(
    connection: &mut Connection,
    drafts: Vec<EventDraft>,
    seal: &Seal<'_>,
) -> Result<Appended, Refusal> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // The head is read inside the transaction: another process may have moved it a moment ago.
    let mut head = head(&transaction)?;
    let anchored =
        if drafts.iter().any(|d| moves_anchor(d.state)) { Some(anchored_place(&transaction, seal)?) } else { None };
    let mut events = Vec::with_capacity(drafts.len());
    let mut mark = None;
    for draft in drafts {
        let link = store(&transaction, &draft, &head, seal)?;
        head = Mark { seq: link.seq, hash: link.hash.clone() };
        if moves_anchor(draft.state) {
            mark = Some(head.clone());
        }
        events.push(Event { seq: link.seq as u64, draft, hash: link.hash });
    }
    transaction.commit()?;
    let anchor_stuck = match (mark, anchored) {
        (Some(mark), Some(before)) if mark.seq > before.seq => {
            seal.anchor.write(mark, seal.key).err().map(|e| format!("the anchor could not be written: {e}"))
        }
        _ => None,
    };
    Ok(Appended { events, anchor_stuck })
}

/// After these events the anchor moves (safety.md section 2).
fn moves_anchor(state: IntentState) -> bool {
    state == IntentState::Sending || state.is_terminal()
}

/// The last event.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<Mark> {
    Ok(connection
        .prepare_cached("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok(Mark { seq: row.get(0)?, hash: row.get(1)? }))
        .optional()?
        .unwrap_or_else(Mark::genesis))
}

/// The anchor as it stands, checked against the chain: writing over the anchor of a rolled-back ledger would destroy
/// the only witness.
pub(super) fn anchored_place(connection: &Connection, seal: &Seal<'_>) -> Result<Mark, Refusal> {
    let anchored = seal
        .anchor
        .read(seal.key)
        .map_err(|e| Refusal::Broken(format!("the anchor cannot be read: {e}")))?
        .ok_or_else(|| Refusal::Broken("the anchor is missing".into()))?;
    if anchored.seq > 0 {
        let hash: Option<String> = connection
            .prepare_cached("SELECT hash FROM events WHERE seq = ?1")?
            .query_row([anchored.seq], |row| row.get(0))
            .optional()?;
        if hash.as_deref() != Some(anchored.hash.as_str()) {
            return Err(Refusal::Broken(format!(
                "rolled back: the anchor knows an event {} that is not in the ledger",
                anchored.seq
            )));
        }
    }
    Ok(anchored)
}

fn store(transaction: &Connection, draft: &EventDraft, head: &Mark, seal: &Seal<'_>) -> Result<Link, Refusal> {
    let (payload, words) = Words::take_out(&draft.payload)
        .map_err(|e| Refusal::Rule(LedgerError::Transition(format!("this payload: {e}"))))?;
    let mut link = Link {
        seq: head.seq + 1,
        prev_hash: head.hash.clone(),
        hash: String::new(),
        mac: String::new(),
        intent: draft.intent.to_string(),
        attempt: i64::from(draft.attempt),
        kind: draft.state.to_string(),
        payload,
        operator: draft.operator.clone(),
        console_id: seal.console_id.to_owned(),
        wall: draft.wall.to_string(),
        mono: seal.mono,
        server_date: draft.server_date.map(|t| t.to_string()),
    };
    let standing = allowed(transaction, draft, &link)?;
    insert(transaction, &mut link, seal.key)?;
    if let Some(words) = words {
        words.store(transaction, link.seq)?;
    }
    standing.put(transaction)?;
    Ok(link)
}

/// Seals an event and puts it at the end of the chain.
///
/// # Errors
/// If it cannot be written.
pub(super) fn insert(transaction: &Connection, link: &mut Link, key: &LedgerKey) -> Result<(), Refusal> {
    link.seal(key).map_err(|e| Refusal::Rule(LedgerError::Transition(format!("this payload: {e}"))))?;
    transaction
        .prepare_cached(&format!(
            "INSERT INTO events ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            chain::COLUMNS
        ))?
        .execute(params![
            link.seq,
            link.prev_hash,
            link.hash,
            link.mac,
            link.intent,
            link.attempt,
            link.kind,
            link.payload,
            link.operator,
            link.console_id,
            link.wall,
            link.mono,
            link.server_date,
        ])?;
    Ok(())
}

/// Checks the draft against the state table and invariant I6, and gives the row as it will stand.
fn allowed(transaction: &Connection, draft: &EventDraft, link: &Link) -> Result<Standing, Refusal> {
    let state = draft.state;
    let refuse = |why: String| Err(Refusal::Rule(LedgerError::Transition(why)));
    if !fits(state, &draft.payload) {
        return refuse(format!("such a payload in {state} (intent {})", draft.intent));
    }
    let Some(mut standing) = Standing::find(transaction, &link.intent)? else {
        let Payload::Purpose(purpose) = &draft.payload else {
            return refuse(format!("{state} before INTENT (intent {})", draft.intent));
        };
        if draft.attempt != 1 {
            return refuse(format!("an INTENT with attempt {} (intent {})", draft.attempt, draft.intent));
        }
        let standing = Standing::new(purpose, link);
        not_busy(transaction, &standing)?;
        return Ok(standing);
    };
    let before = IntentState::from_str(&standing.state)
        .map_err(|_| Refusal::Broken(format!("intent {} is in an unknown state", draft.intent)))?;
    if !before.next().contains(&state) {
        return refuse(format!("{before} to {state} (intent {})", draft.intent));
    }
    // Trying again is a new attempt; everything else belongs to the attempt that runs (invariant I2).
    let again = state == IntentState::Snapshotted && before != IntentState::Intent;
    let attempt = standing.attempt + i64::from(again);
    if link.attempt != attempt {
        return refuse(format!("{state} as attempt {} instead of {attempt} (intent {})", link.attempt, draft.intent));
    }
    // A refused intent blocks nobody, so somebody else may have begun since: look again before it wakes up.
    if again {
        not_busy(transaction, &standing)?;
    }
    standing.then(link).ok_or_else(|| Refusal::Rule(LedgerError::Transition(format!("this payload in {state}"))))?;
    Ok(standing)
}

/// Which payload belongs to which event.
fn fits(state: IntentState, payload: &Payload) -> bool {
    match payload {
        Payload::Purpose(_) => state == IntentState::Intent,
        Payload::Snapshot(_) => state == IntentState::Snapshotted,
        Payload::Binding(_) => matches!(state, IntentState::Applied | IntentState::Bound | IntentState::Done),
        Payload::Remark(_) => {
            !matches!(state, IntentState::Intent | IntentState::Snapshotted | IntentState::Applied | IntentState::Bound)
        }
    }
}

/// Invariant I6: one open intent per (tenant, person, type).
fn not_busy(transaction: &Connection, standing: &Standing) -> Result<(), Refusal> {
    let mut statement = transaction.prepare_cached(
        "SELECT intent, state FROM intents \
         WHERE holder = ?1 AND type_link = ?2 AND finished = 0 AND intent <> ?3",
    )?;
    let mut rows = statement.query(params![standing.holder, standing.type_link, standing.intent])?;
    while let Some(row) = rows.next()? {
        let (intent, state): (String, String) = (row.get(0)?, row.get(1)?);
        let broken = || Refusal::Broken(format!("intent {intent} is in an unknown state"));
        if IntentState::from_str(&state).map_err(|_| broken())?.blocks() {
            return Err(Refusal::Rule(LedgerError::Busy(IntentId::from_str(&intent).map_err(|_| broken())?)));
        }
    }
    Ok(())
}
