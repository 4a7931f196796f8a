//! The same for what goes from desk to desk: every line of an export, every row of an imported ledger.

use super::{Bench, EDITS, Tally, closed, ledger_of, names, sweep};
use crate::ports::ledger::{Ledger, LedgerHealth};
use crate::store::ledger::verify_export;
use crate::store::testing::{self, open, paths};

/// The export of a ledger of so many events.
async fn export_of(events: i64) -> (tempfile::TempDir, String) {
    let dir = ledger_of(events).await;
    let ledger = open(dir.path());
    ledger.verify().await;
    let text = testing::export(&ledger, dir.path()).await;
    (dir, text)
}

fn verdict(text: &str) -> Result<u64, String> {
    verify_export(text.as_bytes()).map(|export| export.header.last)
}

/// A fault of line `line` that the verdict must name.
fn count(tally: &mut Tally, said: &Result<u64, String>, lines: &[usize], what: &str) {
    tally.edits += 1;
    let named = said.as_ref().is_err_and(|why| {
        lines.iter().any(|line| {
            let place = format!("line {line}");
            why.match_indices(&place).any(|(at, _)| !why[at + place.len()..].starts_with(|c: char| c.is_ascii_digit()))
        })
    });
    tally.found += u64::from(named);
    if !named {
        println!("NOT FOUND: {what} at line {lines:?}: {said:?}");
    }
}

#[tokio::test]
async fn i7_every_edited_line_of_an_export_is_found() {
    let events = sweep();
    let (_dir, whole) = export_of(events).await;
    assert_eq!(verdict(&whole), Ok(events as u64));
    let lines: Vec<&str> = whole.lines().collect();
    let put = |at: usize, with: &[&str]| {
        let mut all: Vec<&str> = lines[..at].to_vec();
        all.extend(with);
        all.extend(&lines[at + 1..]);
        all.join("\n") + "\n"
    };
    let mut tally = Tally::default();
    for (at, line) in lines.iter().enumerate() {
        let number = at + 1;
        // Every member of every line gets another value.
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        for name in value.as_object().unwrap().keys() {
            let edited = edit(line, name);
            // Two lines can speak of the same thing; then either may be named.
            let places: &[usize] = if at == 0 { &[1, 2, lines.len()] } else { &[number] };
            count(&mut tally, &verdict(&put(at, &[&edited])), places, &format!("{name} edited"));
        }
        count(&mut tally, &verdict(&put(at, &[&format!("{line} ")])), &[number], "a blank added");
        count(&mut tally, &verdict(&put(at, &[&line.replacen(':', ": ", 1)])), &[number], "spelt otherwise");
        count(&mut tally, &verdict(&put(at, &[])), &[number], "dropped");
        count(&mut tally, &verdict(&put(at, &[line, line])), &[number + 1], "doubled");
        let cut: String = lines[..at].iter().map(|l| format!("{l}\n")).collect();
        count(&mut tally, &verdict(&cut), &[number], "cut before it");
        if let Some(next) = lines.get(at + 1) {
            let mut all = lines.clone();
            all[at] = next;
            all[at + 1] = line;
            // The last event behind the signature is something that follows it.
            count(&mut tally, &verdict(&(all.join("\n") + "\n")), &[number, number + 1], "swapped with the next");
        }
    }
    tally.close(&format!("lines of an export of {events} events edited, dropped, doubled, cut, swapped"));
}

/// The line with one member changed, and everything else as it was.
fn edit(line: &str, name: &str) -> String {
    let start = line.find(&format!("\"{name}\":")).unwrap() + name.len() + 3;
    let rest = &line[start..];
    if let Some(text) = rest.strip_prefix('"') {
        // The last character of a text that is not an escape: a digit or a letter of it is turned.
        let end = text.char_indices().find(|(i, c)| *c == '"' && !text[..*i].ends_with('\\')).unwrap().0;
        let at = text[..end].rfind(|c: char| c.is_ascii_alphanumeric()).unwrap();
        let new = match text.as_bytes()[at] {
            b'0' => '1',
            b'Z' => 'z',
            b'a'..=b'e' | b'A'..=b'E' | b'1'..=b'8' => char::from(text.as_bytes()[at] + 1),
            b'9' | b'f' => '0',
            _ => 'a',
        };
        return format!("{}\"{}{new}{}", &line[..start], &text[..at], &text[at + 1..]);
    }
    let end = rest.find([',', '}']).unwrap();
    let new = match &rest[..end] {
        "null" => "\"2020-01-01T00:00:00Z\"".to_owned(),
        number => (number.parse::<i64>().unwrap() + 1).to_string(),
    };
    format!("{}{new}{}", &line[..start], &rest[end..])
}

#[tokio::test]
async fn i7_an_export_that_was_made_anew_with_another_key_is_not_the_first_one() {
    let (dir, whole) = export_of(20).await;
    let ledger = open(dir.path());
    ledger.verify().await;
    std::fs::remove_file(testing::key_file(dir.path())).unwrap();
    let again = testing::export(&ledger, dir.path()).await;
    let key = |text: &str| verify_export(text.as_bytes()).unwrap().header.key;
    assert_ne!(key(&whole), key(&again), "both are whole; only the key tells them apart");
    // The signature of the one under the events of the other.
    let trailer = |text: &str| text.lines().last().unwrap().to_owned();
    let mixed = again.replace(&trailer(&again), &trailer(&whole));
    assert!(verdict(&mixed).unwrap_err().contains("line 1"));
}

/// A desk that took in the ledger of another one, closed.
async fn with_import(events: i64) -> (tempfile::TempDir, String) {
    let (_theirs, text) = export_of(events).await;
    let dir = ledger_of(20).await;
    let ledger = open(dir.path());
    ledger.verify().await;
    let received = testing::import(&ledger, &text).await.unwrap();
    assert_eq!(received.new, events as u64);
    assert_eq!(ledger.verify().await, LedgerHealth::Verified { events: 21 });
    let console = received.export.header.console.to_string();
    drop(ledger);
    closed(dir.path());
    (dir, console)
}

#[tokio::test]
async fn i7_every_edit_of_an_imported_ledger_is_found() {
    let events = sweep();
    let (dir, console) = with_import(events).await;
    let bench = Bench::on(dir.path());
    assert_eq!(bench.found(""), Ok(21));
    let mut tally = Tally::default();
    let own = |edit: &&str| !edit.starts_with("mac") && !edit.starts_with("console_id");
    for edit in EDITS.iter().filter(|edit| own(edit)) {
        for seq in 1..=events {
            let verdict = bench.found(&format!("UPDATE imported_events SET {edit} WHERE seq = {seq}"));
            tally.count(&verdict, &[seq], edit);
        }
    }
    for seq in 1..=events {
        let at = |sql: String| bench.found(&sql);
        let dropped = at(format!("DELETE FROM imported_events WHERE seq = {seq}"));
        // Of the last one only the end is missing.
        tally.count(&dropped, &[seq], "dropped");
        tally.count(&at(format!("DELETE FROM imported_events WHERE seq >= {seq}")), &[seq - 1], "tail cut");
        let moved = at(format!("UPDATE imported_events SET console = 'desk-00000000' WHERE seq = {seq}"));
        tally.edits += 1;
        tally.found += u64::from(moved.is_err_and(|why| why.contains("desk-00000000")));
    }
    tally.close(&format!("{events} imported events edited, dropped, cut, moved to another console"));
    names(&bench.found("UPDATE imported_intents SET state = 'DONE' WHERE seq = 4"), &[4], "derived row");
    names(&bench.found("UPDATE imported_intents SET marker = 'PDX' WHERE seq = 4"), &[4], "derived marker");
    names(&bench.found("DELETE FROM imported_intents WHERE seq = 4"), &[4], "derived row gone");
    for table in ["imported_events", "imported_intents"] {
        let gone = bench.found(&format!("DELETE FROM {table}"));
        assert!(gone.as_ref().is_err_and(|why| why.contains(&console)), "{table}: {gone:?}");
    }
    // The record of the import is the last event, and anchored.
    names(&bench.found("DELETE FROM events WHERE seq = 21"), &[20, 21], "the record of the import");
}

#[tokio::test]
async fn i7_the_triggers_refuse_every_change_of_an_imported_ledger() {
    let (dir, console) = with_import(20).await;
    let raw = rusqlite::Connection::open(paths(dir.path()).database).unwrap();
    for sql in [
        "UPDATE imported_events SET operator = 'x' WHERE seq = 3",
        "DELETE FROM imported_events WHERE seq = 20",
        "UPDATE words SET text = 'x'",
        &format!(
            "INSERT INTO imported_events SELECT console, 30, prev_hash, hash, intent, attempt, kind, payload, operator, \
             wall, mono, server_date FROM imported_events WHERE console = '{console}' AND seq = 3"
        ),
    ] {
        let refused = raw.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("append-only") || refused.contains("only purged"), "{sql}: {refused}");
    }
}
