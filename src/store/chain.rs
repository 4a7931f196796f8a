//! The hash chain: what exactly is hashed, and how a stored row is checked against its predecessor.

use super::key::{LedgerKey, hex};
use rusqlite::Row;
use serde::Serialize;
use serde_json::Value;

/// The hash before the first event.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The kind of the one event that moves no intent: an export of another console was imported.
pub(super) const IMPORTED: &str = "IMPORTED";

/// The columns of an event in the order in which [`Link::read`] takes them.
pub(super) const COLUMNS: &str = "seq, prev_hash, hash, mac, intent, attempt, kind, payload, operator, console_id, \
                                  wall, mono, server_date";

/// What the hash covers besides the previous hash. The fields stand in alphabetical order and are written as JSON;
/// the payload goes in as a string, so that no edit of one field can be mistaken for another.
#[derive(Serialize)]
struct Canonical<'a> {
    attempt: i64,
    console_id: &'a str,
    intent: &'a str,
    kind: &'a str,
    mono: i64,
    operator: &'a str,
    payload: &'a str,
    seq: i64,
    server_date: Option<&'a str>,
    wall: &'a str,
}

/// One event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    pub(super) seq: i64,
    pub(super) prev_hash: String,
    pub(super) hash: String,
    pub(super) mac: String,
    pub(super) intent: String,
    pub(super) attempt: i64,
    pub(super) kind: String,
    pub(super) payload: String,
    pub(super) operator: String,
    pub(super) console_id: String,
    pub(super) wall: String,
    pub(super) mono: i64,
    pub(super) server_date: Option<String>,
}

impl Link {
    /// Takes a row of [`COLUMNS`].
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            prev_hash: row.get(1)?,
            hash: row.get(2)?,
            mac: row.get(3)?,
            intent: row.get(4)?,
            attempt: row.get(5)?,
            kind: row.get(6)?,
            payload: row.get(7)?,
            operator: row.get(8)?,
            console_id: row.get(9)?,
            wall: row.get(10)?,
            mono: row.get(11)?,
            server_date: row.get(12)?,
        })
    }

    /// Sets hash and MAC from everything else.
    pub(super) fn seal(&mut self, key: &LedgerKey) -> serde_json::Result<()> {
        self.hash = self.digest()?;
        self.mac = key.mac(&self.hash);
        Ok(())
    }

    fn digest(&self) -> serde_json::Result<String> {
        let text = serde_json::to_string(&Canonical {
            attempt: self.attempt,
            console_id: &self.console_id,
            intent: &self.intent,
            kind: &self.kind,
            mono: self.mono,
            operator: &self.operator,
            payload: &self.payload,
            seq: self.seq,
            server_date: self.server_date.as_deref(),
            wall: &self.wall,
        })?;
        let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
        hash.update(self.prev_hash.as_bytes());
        hash.update(text.as_bytes());
        Ok(hex(hash.finish().as_ref()))
    }

    /// What is wrong with this row as the successor of `(seq, hash)`; `None` if nothing is.
    pub(super) fn fault(&self, before: i64, before_hash: &str, key: &LedgerKey) -> Option<String> {
        let seq = self.seq;
        self.break_after(before, before_hash).or_else(|| {
            (!key.agrees(&self.hash, &self.mac))
                .then(|| format!("event {seq} was not written with this ledger key: its MAC does not agree"))
        })
    }

    /// As [`Self::fault`], by the chain alone: what can be said of a row whose key is elsewhere.
    pub(super) fn break_after(&self, before: i64, before_hash: &str) -> Option<String> {
        if self.seq != before + 1 {
            return Some(format!("event {} is missing", before + 1));
        }
        let seq = self.seq;
        if self.prev_hash != before_hash {
            return Some(format!("event {seq} does not follow on the one before it"));
        }
        if self.digest().ok().as_deref() != Some(self.hash.as_str()) {
            return Some(format!("event {seq} was changed: its hash does not agree"));
        }
        None
    }
}

/// Writes JSON with the keys of every object in order, so that equal values have equal text. Does not rely on the order of `serde_json`'s map, which another crate's feature could change.
pub(super) fn write_sorted(value: &Value, out: &mut String) -> serde_json::Result<()> {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(key)?);
                out.push(':');
                write_sorted(&map[key], out)?;
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_sorted(item, out)?;
            }
            out.push(']');
        }
        plain => out.push_str(&serde_json::to_string(plain)?),
    }
    Ok(())
}
