//! Ledgers of other consoles: kept in tables of their own, append-only, and tied to our chain by one IMPORTED event an
//! export, which names the console, the place and the hash at which its journal ended. So an edit of an imported event
//! is found as surely as one of our own.

use super::anchor::Mark;
use super::append::{self, Refusal, Seal};
use super::chain::{GENESIS, IMPORTED, Link, write_sorted};
use super::export::{self, Export, Header};
use super::{history, projection};
use crate::domain::ids::HolderId;
use crate::domain::journal::{IntentRecord, Marker, Payload};
use crate::domain::operator::{ConsoleId, PublicKey};
use crate::domain::ownership::{Desk, Imported};
use crate::domain::policy::Mode;
use crate::domain::text::SafeText;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::BufRead;

/// The columns of an imported event as [`Link::read`] takes them. There is no MAC: its key is elsewhere.
const EVENT: &str =
    "seq, prev_hash, hash, '' AS mac, intent, attempt, kind, payload, operator, console, wall, mono, server_date";

/// The rows of `imported_intents` with the payloads that they point to, as [`history::record`] takes them.
const RECORD: &str = "SELECT i.intent, i.state, i.attempt, i.operator, i.opened, i.moved, i.sent, i.seq, \
     p.payload, s.payload, b.payload, r.payload, NULL, NULL, i.console FROM imported_intents i \
     JOIN imported_events p ON p.console = i.console AND p.seq = i.purpose_seq \
     LEFT JOIN imported_events s ON s.console = i.console AND s.seq = i.snapshot_seq \
     LEFT JOIN imported_events b ON b.console = i.console AND b.seq = i.binding_seq \
     LEFT JOIN imported_events r ON r.console = i.console AND r.seq = i.remark_seq ";

const STANDING: &str = "intent, holder, marker, state, attempt, operator, opened, moved, sent, purpose_seq, \
                        snapshot_seq, binding_seq, remark_seq, seq";

/// The payload of an IMPORTED event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Import {
    is: String,
    /// Whose ledger.
    pub(super) console: ConsoleId,
    /// What people call that desk.
    pub(super) name: String,
    /// The key that signed the export.
    pub(super) key: PublicKey,
    /// Its last event.
    pub(super) last: u64,
    /// The hash of that event.
    pub(super) head: String,
    /// What was signed, SHA-256 in hex, and the signature: the proof outlives the file.
    pub(super) sha256: String,
    pub(super) signature: String,
}

/// Whose exports may come in.
pub(super) struct Gate<'a> {
    /// LIVE, TEST or SIM: only the same.
    pub(super) mode: Mode,
    /// Keys with the names of their desks.
    pub(super) trusted: &'a [(Option<String>, PublicKey)],
}

impl Gate<'_> {
    /// What the desk of a key is called; `None` if that key is not trusted.
    fn name(&self, header: &Header) -> Option<String> {
        let (_, name) = self.trusted.iter().map(|(name, key)| (key, name)).find(|(key, _)| **key == header.key)?;
        Some(name.clone().unwrap_or_else(|| header.console.to_string()))
    }

    fn admits(&self, header: &Header, own: &str) -> Result<(), String> {
        if header.console.to_string() == own {
            return Err("line 1: it is an export of this very console; `ledger diff` compares it".into());
        }
        if header.mode != self.mode {
            return Err(format!("line 1: it is a {} ledger, and this one is {}", header.mode, self.mode));
        }
        self.name(header)
            .map(|_| ())
            .ok_or_else(|| format!("line 1: no [[operator]] of the site file has its key {}", header.key))
    }
}

/// What an import did.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    /// What people call the desk that it came from.
    pub name: String,
    /// The export.
    pub export: Export,
    /// Events that were not here before.
    pub new: u64,
}

/// Takes in an export of another console: all of it or nothing.
///
/// # Errors
/// What is wrong with the export, with its place; that it is shorter than, or departs from, what is here already.
pub(super) fn import(
    connection: &mut Connection,
    input: &mut dyn BufRead,
    gate: &Gate<'_>,
    seal: &Seal<'_>,
    operator: &str,
    wall: Timestamp,
) -> Result<Received, Refusal> {
    let said = |why: String| Refusal::Rule(crate::ports::ledger::LedgerError::Transition(why));
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let anchored = append::anchored_place(&transaction, seal)?;
    let mut new = 0;
    let export = {
        let mut begin = |header: &Header| gate.admits(header, seal.console_id);
        let mut take = |event: &Link| keep(&transaction, event).map(|added| new += u64::from(added));
        export::read(input, &mut begin, &mut take).map_err(said)?
    };
    let header = &export.header;
    let console = header.console.to_string();
    let known = last_of(&transaction, &console)?;
    if known as u64 > header.last {
        return Err(said(format!(
            "it ends with event {}, and {known} events of {console} are here already: an older export, or a ledger that \
             was rolled back",
            header.last
        )));
    }
    let name = gate.name(header).unwrap_or_else(|| console.clone());
    if new == 0 {
        return Ok(Received { name, export, new });
    }
    derive(&transaction, &console).map_err(said)?;
    let payload = Import {
        is: "import".into(),
        console: header.console,
        name: name.clone(),
        key: header.key,
        last: header.last,
        head: header.head.clone(),
        sha256: export.sha256.clone(),
        signature: export.signature.clone(),
    };
    let head = append::head(&transaction)?;
    let mut link = Link {
        seq: head.seq + 1,
        prev_hash: head.hash,
        hash: String::new(),
        mac: String::new(),
        intent: console,
        attempt: 1,
        kind: IMPORTED.into(),
        payload: canonical(&payload).map_err(said)?,
        operator: operator.to_owned(),
        console_id: seal.console_id.to_owned(),
        wall: wall.to_string(),
        mono: seal.mono,
        server_date: None,
    };
    append::insert(&transaction, &mut link, seal.key)?;
    transaction.commit()?;
    let mark = Mark { seq: link.seq, hash: link.hash };
    if mark.seq > anchored.seq {
        let moved = seal.anchor.write(mark, seal.key);
        moved.map_err(|e| Refusal::Broken(format!("the anchor could not be written: {e}")))?;
    }
    Ok(Received { name, export, new })
}

fn canonical(payload: &Import) -> Result<String, String> {
    let value = serde_json::to_value(payload).map_err(|e| e.to_string())?;
    let mut text = String::new();
    write_sorted(&value, &mut text).map_err(|e| e.to_string())?;
    Ok(text)
}

fn last_of(connection: &Connection, console: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM imported_events WHERE console = ?1")?
        .query_row([console], |row| row.get(0))
}

/// Keeps an event that is new; true if it is.
fn keep(connection: &Connection, event: &Link) -> Result<bool, String> {
    let sql = |e: rusqlite::Error| e.to_string();
    let known: Option<String> = connection
        .prepare_cached("SELECT hash FROM imported_events WHERE console = ?1 AND seq = ?2")
        .map_err(sql)?
        .query_row(params![event.console_id, event.seq], |row| row.get(0))
        .optional()
        .map_err(sql)?;
    if let Some(hash) = known {
        if hash == event.hash {
            return Ok(false);
        }
        return Err(format!(
            "it departs at event {} from what was imported of {} before: one of the two is not its ledger",
            event.seq, event.console_id
        ));
    }
    connection
        .prepare_cached(
            "INSERT INTO imported_events (console, seq, prev_hash, hash, intent, attempt, kind, payload, operator, \
             wall, mono, server_date) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )
        .map_err(sql)?
        .execute(params![
            event.console_id,
            event.seq,
            event.prev_hash,
            event.hash,
            event.intent,
            event.attempt,
            event.kind,
            event.payload,
            event.operator,
            event.wall,
            event.mono,
            event.server_date,
        ])
        .map_err(sql)?;
    Ok(true)
}

/// Makes the derived rows of one console anew from its events.
fn derive(connection: &Connection, console: &str) -> Result<(), String> {
    let sql = |e: rusqlite::Error| e.to_string();
    connection.execute("DELETE FROM imported_intents WHERE console = ?1", [console]).map_err(sql)?;
    let mut insert = connection
        .prepare(&format!(
            "INSERT INTO imported_intents (console, {STANDING}) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
        ))
        .map_err(sql)?;
    folded(connection, console, |row| {
        insert
            .execute(params![
                console,
                row.intent,
                row.holder,
                row.marker,
                row.state,
                row.attempt,
                row.operator,
                row.opened,
                row.moved,
                row.sent,
                row.purpose_seq,
                row.snapshot_seq,
                row.binding_seq,
                row.remark_seq,
                row.seq
            ])
            .map(|_| ())
            .map_err(sql)
    })
}

/// A row of `imported_intents`.
#[derive(PartialEq)]
struct Row {
    intent: String,
    holder: String,
    marker: Option<String>,
    state: String,
    attempt: i64,
    operator: String,
    opened: String,
    moved: String,
    sent: Option<String>,
    purpose_seq: i64,
    snapshot_seq: Option<i64>,
    binding_seq: Option<i64>,
    remark_seq: Option<i64>,
    seq: i64,
}

impl Row {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            intent: row.get(0)?,
            holder: row.get(1)?,
            marker: row.get(2)?,
            state: row.get(3)?,
            attempt: row.get(4)?,
            operator: row.get(5)?,
            opened: row.get(6)?,
            moved: row.get(7)?,
            sent: row.get(8)?,
            purpose_seq: row.get(9)?,
            snapshot_seq: row.get(10)?,
            binding_seq: row.get(11)?,
            remark_seq: row.get(12)?,
            seq: row.get(13)?,
        })
    }
}

/// Folds the events of one console, in the order of the intents' ids.
fn folded(
    connection: &Connection,
    console: &str,
    mut take: impl FnMut(Row) -> Result<(), String>,
) -> Result<(), String> {
    let sql = |e: rusqlite::Error| e.to_string();
    let mut statement = connection
        .prepare(&format!(
            "SELECT {EVENT} FROM imported_events INDEXED BY imported_events_by_intent \
             WHERE console = ?1 AND kind <> '{IMPORTED}' ORDER BY intent, seq"
        ))
        .map_err(sql)?;
    let mut marker_of =
        connection.prepare("SELECT payload FROM imported_events WHERE console = ?1 AND seq = ?2").map_err(sql)?;
    projection::fold_rows(&mut statement.query([console]).map_err(sql)?, |standing| {
        let payload: String =
            marker_of.query_row(params![console, standing.purpose_seq], |row| row.get(0)).map_err(sql)?;
        let marker = match serde_json::from_str(&payload) {
            Ok(Payload::Purpose(purpose)) => purpose.marker.map(|m| m.as_str().to_owned()),
            _ => None,
        };
        // It is shown and compared: only what we could have made ourselves is one.
        if marker.as_ref().is_some_and(|marker| Marker::parse(marker).is_none()) {
            return Err(format!("event {} of {console} holds a marker in no known form", standing.purpose_seq));
        }
        take(Row {
            intent: standing.intent,
            holder: standing.holder,
            marker,
            state: standing.state,
            attempt: standing.attempt,
            operator: standing.operator,
            opened: standing.opened,
            moved: standing.moved,
            sent: standing.sent,
            purpose_seq: standing.purpose_seq,
            snapshot_seq: standing.snapshot_seq,
            binding_seq: standing.binding_seq,
            remark_seq: standing.remark_seq,
            seq: standing.seq,
        })
    })
}

/// All imports that our chain records, oldest first, with the place and the time of each.
///
/// # Errors
/// If one cannot be read.
pub(super) fn recorded(connection: &Connection) -> Result<Vec<(i64, Timestamp, Import)>, String> {
    let sql = |e: rusqlite::Error| e.to_string();
    let mut statement = connection
        .prepare_cached("SELECT seq, wall, payload FROM events WHERE kind = 'IMPORTED' ORDER BY seq")
        .map_err(sql)?;
    let mut rows = statement.query([]).map_err(sql)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        let seq: i64 = row.get(0).map_err(sql)?;
        let read = || -> Option<(Timestamp, Import)> {
            let wall = row.get::<_, String>(1).ok()?.parse().ok()?;
            Some((wall, serde_json::from_str(&row.get::<_, String>(2).ok()?).ok()?))
        };
        let (wall, import) = read().ok_or_else(|| format!("event {seq} cannot be understood"))?;
        found.push((seq, wall, import));
    }
    Ok(found)
}

/// Checks all imported journals against what our chain recorded of them. To be called once the chain was verified.
///
/// # Errors
/// The first fault, with console and event.
pub(super) fn examine(connection: &Connection) -> Result<(), String> {
    let sql = |e: rusqlite::Error| e.to_string();
    let mut ends: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
    for (_, _, import) in recorded(connection)? {
        ends.entry(import.console.to_string()).or_default().insert(import.last, import.head);
    }
    for table in ["imported_events", "imported_intents"] {
        let mut statement = connection.prepare(&format!("SELECT DISTINCT console FROM {table}")).map_err(sql)?;
        let mut rows = statement.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let console: String = row.get(0).map_err(sql)?;
            if !ends.contains_key(&console) {
                return Err(format!("the ledger of {console} is here, and no event of ours records its import"));
            }
        }
    }
    ends.iter().try_for_each(|(console, ends)| {
        chain_of(connection, console, ends).map_err(|why| format!("the imported ledger of {console}: {why}"))?;
        derived_of(connection, console)
    })
}

fn chain_of(connection: &Connection, console: &str, ends: &BTreeMap<u64, String>) -> Result<(), String> {
    let sql = |e: rusqlite::Error| e.to_string();
    let mut statement = connection
        .prepare(&format!("SELECT {EVENT} FROM imported_events WHERE console = ?1 ORDER BY seq"))
        .map_err(sql)?;
    let mut rows = statement.query([console]).map_err(sql)?;
    let (mut last, mut hash) = (0, GENESIS.to_owned());
    loop {
        let unreadable = |e: rusqlite::Error| format!("event {} cannot be read: {e}", last + 1);
        let Some(row) = rows.next().map_err(unreadable)? else { break };
        let event = Link::read(row).map_err(unreadable)?;
        if let Some(fault) = event.break_after(last, &hash) {
            return Err(fault);
        }
        if ends.get(&(event.seq as u64)).is_some_and(|head| *head != event.hash) {
            return Err(format!("event {} is not the one that was imported", event.seq));
        }
        (last, hash) = (event.seq, event.hash);
    }
    match ends.last_key_value() {
        Some((end, _)) if *end == last as u64 => Ok(()),
        Some((end, _)) => Err(format!("it ends with event {last}, and was imported up to event {end}")),
        None => Ok(()),
    }
}

fn derived_of(connection: &Connection, console: &str) -> Result<(), String> {
    let sql = |e: rusqlite::Error| e.to_string();
    let mut statement = connection
        .prepare(&format!("SELECT {STANDING} FROM imported_intents WHERE console = ?1 ORDER BY intent"))
        .map_err(sql)?;
    let mut rows = statement.query([console]).map_err(sql)?;
    let mut next = || rows.next().and_then(|row| row.map(Row::read).transpose()).map_err(sql);
    folded(connection, console, |expected| match next()? {
        Some(found) if found == expected => Ok(()),
        _ => Err(format!(
            "the derived row of intent {} of {console} does not agree with its event {}",
            expected.intent, expected.seq
        )),
    })?;
    match next()? {
        Some(extra) => {
            Err(format!("the derived row of intent {} of {console} (event {}) has no events", extra.intent, extra.seq))
        }
        None => Ok(()),
    }
}

/// The desks whose ledgers are here, each as of its last import, with the last event.
///
/// # Errors
/// If a record of an import cannot be read.
pub(super) fn desks(connection: &Connection) -> Result<BTreeMap<String, (Desk, u64)>, String> {
    let mut found = BTreeMap::new();
    for (_, imported, import) in recorded(connection)? {
        let desk = Desk { console: import.console, name: SafeText::of(&import.name), imported };
        found.insert(import.console.to_string(), (desk, import.last));
    }
    Ok(found)
}

/// What other consoles recorded of a person, and of any of these markers on whomever.
///
/// # Errors
/// If a row cannot be read.
pub(super) fn about(connection: &Connection, holder: &HolderId, markers: &[Marker]) -> Result<Vec<Imported>, String> {
    let any: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM imported_intents)")
        .and_then(|mut s| s.query_row([], |row| row.get(0)))
        .map_err(|e| e.to_string())?;
    if !any {
        return Ok(Vec::new());
    }
    let desks = desks(connection)?;
    let markers = serde_json::to_string(markers).map_err(|e| e.to_string())?;
    let filter =
        "WHERE i.holder = ?1 OR i.marker IN (SELECT value FROM json_each(?2)) ORDER BY i.console, i.purpose_seq";
    records(connection, filter, params![holder.to_string(), markers], |console| {
        desks.get(console).map(|(desk, _)| desk.clone())
    })
}

/// All intents of one imported console.
///
/// # Errors
/// If a row cannot be read.
pub(super) fn all_of(connection: &Connection, console: &str) -> Result<Vec<IntentRecord>, String> {
    let found = records(connection, "WHERE i.console = ?1 ORDER BY i.purpose_seq", [console], |_| {
        Some(Desk { console: console.parse().ok()?, name: SafeText::of(console), imported: Timestamp::UNIX_EPOCH })
    })?;
    Ok(found.into_iter().map(|imported| imported.record).collect())
}

fn records(
    connection: &Connection,
    filter: &str,
    args: impl rusqlite::Params,
    desk: impl Fn(&str) -> Option<Desk>,
) -> Result<Vec<Imported>, String> {
    let mut statement = connection.prepare_cached(&format!("{RECORD}{filter}")).map_err(|e| e.to_string())?;
    let mut rows = statement.query(args).map_err(|e| e.to_string())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(|e| e.to_string())? {
        let console: String = row.get(14).map_err(|e| e.to_string())?;
        let desk = desk(&console).ok_or_else(|| format!("nobody recorded the import of {console}"))?;
        found.push(Imported { desk, record: history::record(row)? });
    }
    Ok(found)
}

/// The intents of a verified export, without keeping any of it.
///
/// # Errors
/// The first fault of the export, with its place.
pub(super) fn unpack(
    connection: &mut Connection,
    input: &mut dyn BufRead,
) -> Result<(Export, Vec<IntentRecord>), String> {
    let transaction = connection.transaction().map_err(|e| e.to_string())?;
    let mut take = |event: &Link| keep(&transaction, event).map(|_| ());
    let export = export::read(input, &mut |_| Ok(()), &mut take)?;
    let console = export.header.console.to_string();
    derive(&transaction, &console)?;
    let records = all_of(&transaction, &console)?;
    Ok((export, records))
}
