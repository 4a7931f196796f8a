//! A ledger as a document that stands alone: JSON Lines, a header, the events exactly as they are chained, and a
//! signature over all of it. Whoever has the signer's public key can tell whether a byte was changed, without our key.
//!
//! The MACs stay at home: they mean nothing without the ledger key, and the signature stands for them. Events hold
//! opaque ids only; their words do not leave the ledger.

use super::chain::{COLUMNS, GENESIS, Link};
use super::key::{LedgerKey, hex};
use super::operator_key::{OperatorKey, signed_by};
use super::words;
use crate::domain::operator::{ConsoleId, PublicKey};
use crate::domain::policy::Mode;
use jiff::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Read, Write};

const HEADER: &str = "passdesk.ledger-export";
const TRAILER: &str = "passdesk.ledger-signature";
/// Version of the form.
const VERSION: u8 = 1;
/// No line is longer; more is another sort of file.
const LONGEST: u64 = 4 << 20;

/// The first line: whose ledger it is, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    schema: String,
    v: u8,
    /// The console whose ledger it is.
    pub console: ConsoleId,
    /// LIVE, TEST or SIM: they never meet (invariant I26).
    pub mode: Mode,
    /// The key that signed.
    pub key: PublicKey,
    /// The first event, 1; 0 in an empty ledger.
    pub first: u64,
    /// The last event; 0 in an empty ledger.
    pub last: u64,
    /// The hash of the last event.
    pub head: String,
    /// When it was written (UTC).
    pub wall: Timestamp,
}

/// One event: what its hash covers, with the hashes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    attempt: i64,
    console_id: String,
    hash: String,
    intent: String,
    kind: String,
    mono: i64,
    operator: String,
    payload: String,
    prev_hash: String,
    seq: i64,
    server_date: Option<String>,
    wall: String,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trailer {
    schema: String,
    v: u8,
    /// SHA-256 of everything before this line, hex.
    sha256: String,
    /// Ed25519 over the 32 bytes of that digest, hex.
    signature: String,
}

/// An export whose chain and signature were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its first line.
    pub header: Header,
    /// SHA-256 of what was signed, hex.
    pub sha256: String,
    /// The signature, hex.
    pub signature: String,
}

/// Who wrote an export, and when.
pub(super) struct Author<'a> {
    pub(super) console: ConsoleId,
    pub(super) mode: Mode,
    pub(super) key: &'a OperatorKey,
    pub(super) wall: Timestamp,
}

/// Counts and hashes what goes through.
struct Hashing<'a> {
    out: &'a mut dyn Write,
    hash: ring::digest::Context,
}

impl Hashing<'_> {
    fn line(&mut self, value: &impl Serialize) -> Result<(), String> {
        let mut text = serde_json::to_vec(value).map_err(|e| e.to_string())?;
        text.push(b'\n');
        self.hash.update(&text);
        self.out.write_all(&text).map_err(|e| e.to_string())
    }
}

/// Writes all events of our own ledger, each checked again on its way out. One read transaction, one event in memory.
///
/// # Errors
/// If an event does not stand where the chain says, holds words in the clear, or cannot be written.
pub(super) fn write(
    connection: &mut Connection,
    ledger_key: &LedgerKey,
    author: &Author<'_>,
    out: &mut dyn Write,
) -> Result<Header, String> {
    let transaction = connection.transaction().map_err(|e| e.to_string())?;
    let head = super::append::head(&transaction).map_err(|e| e.to_string())?;
    let header = Header {
        schema: HEADER.into(),
        v: VERSION,
        console: author.console,
        mode: author.mode,
        key: author.key.public(),
        first: u64::from(head.seq > 0),
        last: head.seq as u64,
        head: head.hash,
        wall: author.wall,
    };
    let mut sink = Hashing { out, hash: ring::digest::Context::new(&ring::digest::SHA256) };
    sink.line(&header)?;
    let mut statement =
        transaction.prepare(&format!("SELECT {COLUMNS} FROM events ORDER BY seq")).map_err(|e| e.to_string())?;
    let mut rows = statement.query([]).map_err(|e| e.to_string())?;
    let (mut last, mut hash) = (0, GENESIS.to_owned());
    while let Some(row) = rows.next().map_err(|e| e.to_string())? {
        let event = Link::read(row).map_err(|e| format!("event {} cannot be read: {e}", last + 1))?;
        if let Some(fault) = event.fault(last, &hash, ledger_key) {
            return Err(fault);
        }
        if event.console_id != header.console.to_string() {
            return Err(format!("event {} names another console", event.seq));
        }
        if words::in_the_clear(&event.payload) {
            return Err(format!("event {} holds words in the clear, which must not leave this desk", event.seq));
        }
        (last, hash) = (event.seq, event.hash.clone());
        sink.line(&Line::from(event))?;
    }
    let digest = sink.hash.finish();
    let trailer = Trailer {
        schema: TRAILER.into(),
        v: VERSION,
        sha256: hex(digest.as_ref()),
        signature: author.key.sign(digest.as_ref()),
    };
    let mut text = serde_json::to_vec(&trailer).map_err(|e| e.to_string())?;
    text.push(b'\n');
    out.write_all(&text).and_then(|()| out.flush()).map_err(|e| e.to_string())?;
    Ok(header)
}

impl From<Link> for Line {
    fn from(link: Link) -> Self {
        Self {
            attempt: link.attempt,
            console_id: link.console_id,
            hash: link.hash,
            intent: link.intent,
            kind: link.kind,
            mono: link.mono,
            operator: link.operator,
            payload: link.payload,
            prev_hash: link.prev_hash,
            seq: link.seq,
            server_date: link.server_date,
            wall: link.wall,
        }
    }
}

impl From<Line> for Link {
    fn from(line: Line) -> Self {
        Self {
            seq: line.seq,
            prev_hash: line.prev_hash,
            hash: line.hash,
            // Made with a key that is elsewhere.
            mac: String::new(),
            intent: line.intent,
            attempt: line.attempt,
            kind: line.kind,
            payload: line.payload,
            operator: line.operator,
            console_id: line.console_id,
            wall: line.wall,
            mono: line.mono,
            server_date: line.server_date,
        }
    }
}

/// Reads an export from its first byte to its last: form, chain, header, signature. `begin` is asked about the header
/// before anything else is read, `take` gets each event once it is known to follow on the one before it. What they
/// were given counts only if this ends well.
///
/// # Errors
/// The first fault, with its line and, where it lies in an event, that event's number; or what `begin` and `take` say.
pub(super) fn read(
    input: &mut dyn BufRead,
    begin: &mut dyn FnMut(&Header) -> Result<(), String>,
    take: &mut dyn FnMut(&Link) -> Result<(), String>,
) -> Result<Export, String> {
    let mut lines = Lines { input, number: 0, hash: ring::digest::Context::new(&ring::digest::SHA256) };
    let first = lines.next()?.ok_or("line 1: the file is empty")?;
    let header: Header = canonical(&first).map_err(|e| format!("line 1: it is no header of a ledger export: {e}"))?;
    if header.schema != HEADER || header.v != VERSION {
        return Err("line 1: it was written by another version of this program".into());
    }
    if header.first != u64::from(header.last > 0) {
        return Err(format!("line 1: it begins at event {}, not with the first", header.first));
    }
    lines.signed(&first);
    begin(&header)?;
    let console = header.console.to_string();
    let (mut last, mut hash) = (0, GENESIS.to_owned());
    loop {
        let Some(text) = lines.next()? else {
            return Err(format!("line {}: the file ends without its signature", lines.number + 1));
        };
        let line = lines.number;
        if let Ok(trailer) = canonical::<Trailer>(&text) {
            return finish(lines, trailer, header, last, &hash);
        }
        let place = last + 1;
        let event: Line =
            canonical(&text).map_err(|e| format!("line {line} (event {place}) is not as it was written: {e}"))?;
        let event = Link::from(event);
        if let Some(fault) = event.break_after(last, &hash) {
            return Err(format!("line {line}: {fault}"));
        }
        if event.console_id != console {
            return Err(format!(
                "line {line}: event {place} is of another console than line 1, the header, says ({console})"
            ));
        }
        lines.signed(&text);
        take(&event)?;
        (last, hash) = (event.seq, event.hash);
    }
}

fn finish(mut lines: Lines<'_>, trailer: Trailer, header: Header, last: i64, hash: &str) -> Result<Export, String> {
    let line = lines.number;
    if trailer.schema != TRAILER || trailer.v != VERSION {
        return Err(format!("line {line}: the signature was written by another version of this program"));
    }
    if lines.next()?.is_some() {
        return Err(format!("line {}: something follows the signature", line + 1));
    }
    if last as u64 != header.last || hash != header.head {
        return Err(format!(
            "line 1: the header says that event {} is the last; the signature, line {line}, comes after event {last}",
            header.last
        ));
    }
    let digest = lines.hash.finish();
    let agrees = signed_by(header.key, digest.as_ref(), &trailer.signature);
    match (agrees, trailer.sha256 == hex(digest.as_ref())) {
        (true, true) => Ok(Export { header, sha256: trailer.sha256, signature: trailer.signature }),
        (true, false) => Err(format!("line {line}: the digest beside the signature was changed")),
        (false, true) => Err(format!("line {line}: the signature does not agree with the key of line 1, the header")),
        (false, false) => Err(format!(
            "line 1, the header, was changed, or all events were made anew: they agree with one another, and not with \
             the signature at line {line}"
        )),
    }
}

/// A line that is exactly what this program would write: no blank, no member and no digit more.
fn canonical<T: Serialize + for<'a> Deserialize<'a>>(text: &[u8]) -> Result<T, String> {
    let body = text.strip_suffix(b"\n").ok_or("its end is missing")?;
    let value: T = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let again = serde_json::to_vec(&value).map_err(|e| e.to_string())?;
    if again == body { Ok(value) } else { Err("it is spelt in another way".into()) }
}

struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: u64,
    hash: ring::digest::Context,
}

impl Lines<'_> {
    /// The next line with its end; `None` after the last.
    fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        let place = self.number + 1;
        let mut text = Vec::new();
        let read = (&mut *self.input).take(LONGEST).read_until(b'\n', &mut text);
        match read.map_err(|e| format!("line {place} cannot be read: {e}"))? {
            0 => Ok(None),
            n if n as u64 == LONGEST => Err(format!("line {place} is too long for an event")),
            _ => {
                self.number = place;
                Ok(Some(text))
            }
        }
    }

    fn signed(&mut self, text: &[u8]) {
        self.hash.update(text);
    }
}
