//! Reading what the journal adds up to.

use super::words::Words;
use crate::domain::ids::IntentId;
use crate::domain::journal::{Act, IntentRecord, IntentState, Payload};
use crate::domain::operation::{Operation, Source};
use crate::domain::text::SafeText;
use jiff::Timestamp;
use rusqlite::{Connection, Params, Row};
use std::str::FromStr;

/// The rows of `intents` with the payloads that they point to.
const RECORD: &str = "SELECT i.intent, i.state, i.attempt, i.operator, i.opened, i.moved, i.sent, i.seq, \
                      p.payload, s.payload, b.payload, r.payload, \
                      (SELECT text FROM words WHERE seq = i.purpose_seq), \
                      (SELECT text FROM words WHERE seq = i.remark_seq) \
                      FROM intents i JOIN events p ON p.seq = i.purpose_seq \
                      LEFT JOIN events s ON s.seq = i.snapshot_seq \
                      LEFT JOIN events b ON b.seq = i.binding_seq \
                      LEFT JOIN events r ON r.seq = i.remark_seq ";

/// Why a row could not be given.
type Fault = String;

/// Records that fit `filter`: what follows `FROM`.
pub(super) fn records(connection: &Connection, filter: &str, args: impl Params) -> Result<Vec<IntentRecord>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{RECORD}{filter}")).map_err(|e| e.to_string())?;
    let mut rows = statement.query(args).map_err(|e| e.to_string())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(|e| e.to_string())? {
        found.push(record(row)?);
    }
    Ok(found)
}

/// Takes a row whose columns are those of [`RECORD`], in that order.
///
/// # Errors
/// If it cannot be understood; its place is named.
pub(super) fn record(row: &Row<'_>) -> Result<IntentRecord, Fault> {
    let seq: i64 = row.get(7).map_err(|e| e.to_string())?;
    read(row, seq).ok_or_else(|| format!("the intent at event {seq} cannot be read"))
}

fn read(row: &Row<'_>, seq: i64) -> Option<IntentRecord> {
    let text = |column: usize| row.get::<_, String>(column).ok();
    let time = |column: usize| text(column)?.parse::<Timestamp>().ok();
    let payload = |column: usize, words: Option<usize>| {
        let mut payload = serde_json::from_str::<Payload>(&text(column)?).ok()?;
        Words::put_back(&mut payload, words.and_then(text));
        Some(payload)
    };
    let Payload::Purpose(purpose) = payload(8, Some(12))? else { return None };
    // A payload that is there and cannot be read must not pass for one that was never written.
    let missing = |column: usize| row.get::<_, Option<String>>(column).ok() == Some(None);
    Some(IntentRecord {
        intent: IntentId::from_str(&text(0)?).ok()?,
        state: IntentState::from_str(&text(1)?).ok()?,
        attempt: row.get(2).ok()?,
        purpose: *purpose,
        operator: text(3)?,
        opened: time(4)?,
        moved: time(5)?,
        sent: if missing(6) { None } else { Some(time(6)?) },
        snapshot: match payload(9, None) {
            Some(Payload::Snapshot(snapshot)) => Some(*snapshot),
            None if missing(9) => None,
            _ => return None,
        },
        binding: match payload(10, None) {
            Some(Payload::Binding(binding)) => Some(*binding),
            None if missing(10) => None,
            _ => return None,
        },
        remark: match payload(11, Some(13)) {
            Some(Payload::Remark(remark)) => Some(remark),
            None if missing(11) => None,
            _ => return None,
        },
        seq: u64::try_from(seq).ok()?,
    })
}

/// Which replacements still have their old credential to retire: done, with an old credential, in no saga whose
/// retirement was begun and not given up, and neither overtaken by a newer reissue that may have had an effect nor followed by
/// the end of the old one by itself.
///
/// A retirement that the vendor refused counts as begun: it waits for an operator (invariant I2) among the
/// unfinished work, and must not be tried again by a loop.
pub(super) const WAITING: &str = "WHERE i.act = 'issue' AND i.state = 'DONE' AND i.old_id IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM intents t WHERE t.saga = i.saga AND t.act = 'retire' AND t.state <> 'ABANDONED') \
     AND NOT EXISTS (SELECT 1 FROM intents n WHERE n.holder = i.holder AND n.type_link = i.type_link \
         AND n.act IN ('issue', 'swap') AND n.purpose_seq > i.purpose_seq \
         AND n.state NOT IN ('ABANDONED', 'NOT_SENT', 'REJECTED', 'NOT_APPLIED')) \
     AND NOT EXISTS (SELECT 1 FROM intents b WHERE b.holder = i.holder AND b.old_id = i.old_id AND b.act = 'end' \
         AND b.purpose_seq > i.purpose_seq AND b.state = 'DONE') \
     ORDER BY i.purpose_seq";

/// Which work is HALF DONE. Of REVOKE_FIRST: the stops that were followed by no reissue that may have had an effect, and
/// were not taken back (the pass was found) or followed by the end of the pass (nobody wants a new one). Of cards to be
/// printed: those whose way to the printer was refused, or never begun although it belonged to the work, and to which
/// nothing was done since.
pub(super) const HALF_DONE: &str = "WHERE i.state = 'DONE' AND (\
     i.act IN ('suspend', 'unlink', 'end') \
     AND json_extract(p.payload, '$.mode') = 'REVOKE_FIRST' \
     AND NOT EXISTS (SELECT 1 FROM intents n WHERE n.holder = i.holder AND n.type_link = i.type_link \
         AND n.act IN ('issue', 'swap') AND n.purpose_seq > i.purpose_seq \
         AND n.state NOT IN ('ABANDONED', 'NOT_SENT', 'REJECTED', 'NOT_APPLIED')) \
     AND NOT EXISTS (SELECT 1 FROM intents b WHERE b.holder = i.holder AND b.old_id = i.old_id \
         AND b.act IN ('resume', 'end') AND b.purpose_seq > i.purpose_seq AND b.state = 'DONE') \
     OR i.act = 'issue' \
     AND json_extract(p.payload, '$.class') = 'printedCard' \
     AND (json_extract(p.payload, '$.prints') \
         OR i.old_id IS NOT NULL OR json_extract(p.payload, '$.mode') = 'REVOKE_FIRST' \
         OR EXISTS (SELECT 1 FROM intents t WHERE t.saga = i.saga AND t.act = 'set')) \
     AND NOT EXISTS (SELECT 1 FROM intents t WHERE t.holder = i.holder \
         AND t.old_id = json_extract(b.payload, '$.object.id') AND t.state <> 'ABANDONED')) \
     ORDER BY i.purpose_seq";

/// Which changes could have made a credential after all: their outcome was unknown once, they ended later than a given
/// moment without an effect that anybody saw, and no such credential was found since.
pub(super) const LATE_WATCHED: &str = "WHERE i.state IN ('NOT_APPLIED', 'ABANDONED', 'WRITTEN_OFF') \
     AND i.act IN ('issue', 'swap') AND i.sent IS NOT NULL AND i.moved >= ?1 \
     AND EXISTS (SELECT 1 FROM events u WHERE u.intent = i.intent AND u.kind = 'UNKNOWN') \
     AND NOT EXISTS (SELECT 1 FROM intents a WHERE a.saga = i.saga AND a.act = 'arrival') \
     ORDER BY i.purpose_seq";

/// Which credentials that arrived late nobody has dealt with.
pub(super) const ARRIVED: &str = "WHERE i.act = 'arrival' \
     AND NOT EXISTS (SELECT 1 FROM intents d WHERE d.holder = i.holder AND d.old_id = i.old_id \
         AND d.purpose_seq > i.purpose_seq \
         AND (d.act = 'arrival' OR d.act <> 'resume' AND d.state = 'DONE')) \
     AND json_extract(p.payload, '$.target') IS NOT 'kept' \
     ORDER BY i.purpose_seq";

/// The row of the history that shows an intent.
pub(super) fn operation(record: IntentRecord) -> Operation {
    let purpose = record.purpose;
    let old = purpose.old.map(|seen| seen.id);
    let new = record.binding.and_then(|b| b.object).map(|seen| seen.id);
    let words = purpose.why.words();
    let note = if purpose.note.is_empty() { words.to_owned() } else { format!("{words}, {}", purpose.note) };
    Operation {
        at: record.moved,
        source: Source::Ledger,
        action: SafeText::of(purpose.act.word()),
        act: Some(purpose.act),
        result: SafeText::of(match (record.state, record.sent) {
            _ if purpose.act == Act::Arrival => purpose.target.as_deref().map_or("ALARM", |_| "kept"),
            (IntentState::Abandoned, Some(_)) => "no effect",
            (IntentState::Abandoned, None) => "not sent",
            (state, _) => result_word(state),
        }),
        holder: purpose.holder,
        credential: if purpose.act.makes() { new.or(old) } else { old },
        operator: SafeText::of(&record.operator),
        ticket: SafeText::of(&purpose.ticket),
        note: SafeText::of(&note),
        intent: Some(record.intent),
        seq: Some(record.seq),
    }
}

/// An open question is never called a failure (invariant I4).
fn result_word(state: IntentState) -> &'static str {
    match state {
        IntentState::Done | IntentState::Bound | IntentState::Applied => "ok",
        IntentState::Rejected => "refused",
        IntentState::NotSent => "not sent",
        IntentState::NotApplied => "not applied",
        IntentState::Abandoned => "abandoned",
        IntentState::Intent | IntentState::Snapshotted => "begun",
        IntentState::Held => "held",
        IntentState::WrittenOff => "written off",
        IntentState::Sending | IntentState::Unknown | IntentState::Ambiguous | IntentState::Diverged => "unknown",
    }
}
