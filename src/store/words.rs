//! The words of events: the note of an operator and the remarks on how a step went, which may quote a vendor. They may
//! hold a name, so they stand in a table of their own that can be purged; the event holds a salted seal over them
//! (safety.md section 2: events hold opaque ids only).

use super::chain::write_sorted;
use super::key::{hex, random};
use crate::domain::journal::Payload;
use rusqlite::{Connection, params};
use serde_json::Value;

/// The member of a payload that holds the seal.
const SEALED: &str = "sealed";

/// Words that an event does not hold itself.
#[derive(Debug, PartialEq)]
pub(super) struct Words {
    salt: String,
    text: String,
}

impl Words {
    /// Takes the words out of a payload. Gives its canonical text, with a seal where there were words.
    ///
    /// # Errors
    /// If the payload cannot be written as JSON, or the system gives no random bytes.
    pub(super) fn take_out(payload: &Payload) -> Result<(String, Option<Self>), String> {
        let mut value = serde_json::to_value(payload).map_err(|e| e.to_string())?;
        let text = match (member(payload), value.as_object_mut()) {
            (Some(name), Some(object)) => match object.insert(name.to_owned(), Value::String(String::new())) {
                Some(Value::String(text)) => text,
                _ => String::new(),
            },
            _ => String::new(),
        };
        let words = if text.is_empty() {
            None
        } else {
            // Without a salt, a short note could be found by trying all that it might be.
            let salt = hex(&random().map_err(|e| e.to_string())?[..16]);
            Some(Self { salt, text })
        };
        if let (Some(words), Some(object)) = (&words, value.as_object_mut()) {
            object.insert(SEALED.to_owned(), Value::String(words.seal()));
        }
        let mut canonical = String::new();
        write_sorted(&value, &mut canonical).map_err(|e| e.to_string())?;
        Ok((canonical, words))
    }

    /// Puts words back into the payload that they were taken out of.
    pub(super) fn put_back(payload: &mut Payload, text: Option<String>) {
        let Some(text) = text else { return };
        match payload {
            Payload::Purpose(purpose) => purpose.note = text,
            Payload::Remark(remark) => remark.text = text,
            Payload::Snapshot(_) | Payload::Binding(_) => {}
        }
    }

    fn seal(&self) -> String {
        let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
        hash.update(self.salt.as_bytes());
        hash.update(b"\n");
        hash.update(self.text.as_bytes());
        hex(hash.finish().as_ref())
    }

    /// Keeps the words of an event.
    pub(super) fn store(&self, connection: &Connection, seq: i64) -> rusqlite::Result<()> {
        connection
            .prepare_cached("INSERT INTO words (seq, salt, text) VALUES (?1, ?2, ?3)")?
            .execute(params![seq, self.salt, self.text])
            .map(|_| ())
    }
}

/// Where a payload has words.
fn member(payload: &Payload) -> Option<&'static str> {
    match payload {
        Payload::Purpose(_) => Some("note"),
        Payload::Remark(_) => Some("text"),
        Payload::Snapshot(_) | Payload::Binding(_) => None,
    }
}

#[derive(serde::Deserialize)]
struct Parts<'a> {
    #[serde(borrow, default)]
    sealed: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    note: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    text: Option<std::borrow::Cow<'a, str>>,
}

/// True if the stored payload holds words in the clear, as no event of this version does.
pub(super) fn in_the_clear(payload: &str) -> bool {
    let read = serde_json::from_str::<Parts<'_>>(payload);
    read.is_ok_and(|p| [p.note, p.text].into_iter().flatten().any(|words| !words.is_empty()))
}

/// Checks all words that are there against the seals of their events. Words that are not there were purged.
///
/// # Errors
/// The first that differ, with the place of their event.
pub(super) fn compare(connection: &Connection) -> Result<(), String> {
    let mut statement = connection
        .prepare("SELECT w.seq, w.salt, w.text, e.payload FROM words w LEFT JOIN events e ON e.seq = w.seq ORDER BY 1")
        .map_err(|e| e.to_string())?;
    let mut rows = statement.query([]).map_err(|e| e.to_string())?;
    while let Some(row) = rows.next().map_err(|e| e.to_string())? {
        let seq: i64 = row.get(0).map_err(|e| e.to_string())?;
        let read = || -> rusqlite::Result<(Words, Option<String>)> {
            Ok((Words { salt: row.get(1)?, text: row.get(2)? }, row.get(3)?))
        };
        let (words, payload) = read().map_err(|e| format!("the words of event {seq} cannot be read: {e}"))?;
        let Some(payload) = payload else { return Err(format!("there are words of an event {seq} that is not there")) };
        let sealed = serde_json::from_str::<Parts<'_>>(&payload).ok().and_then(|p| p.sealed);
        if sealed.as_deref() != Some(words.seal().as_str()) {
            return Err(format!("the words of event {seq} were changed"));
        }
    }
    Ok(())
}
