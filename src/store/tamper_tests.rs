//! Every way to falsify the journal is found, with its place. The forger writes to the file directly and takes the
//! triggers away for it. The sweeps go over 100 events, or over as many as `PASSDESK_TAMPER` says, and print how many
//! edits they made and how many were found.

// What was tried and what was found is what these tests are for.
#![allow(clippy::print_stdout)]

mod documents;

use super::anchor::{Anchor, Mark};
use super::key::LedgerKey;
use super::testing::{closed, draft, intent, open, paths, purpose, whole};
use super::verification;
use crate::domain::journal::{Act, IntentState as S};
use crate::ports::ledger::{Ledger, LedgerError, LedgerHealth};
use rusqlite::Connection;
use std::path::Path;

/// How many events a sweep goes over: a multiple of four.
fn sweep() -> i64 {
    let asked = std::env::var("PASSDESK_TAMPER").map_or(100, |text| text.parse::<i64>().expect("PASSDESK_TAMPER"));
    asked.max(20) / 4 * 4
}

/// A closed ledger of a hundred events that ends in an anchored one.
async fn hundred() -> tempfile::TempDir {
    ledger_of(100).await
}

/// A closed ledger of so many events that ends in an anchored one.
async fn ledger_of(events: i64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let open_ones = (events as u128 - 12) / 4;
    let four = [S::Intent, S::Snapshotted, S::Sending, S::Unknown];
    for n in 1..=open_ones {
        let p = purpose(n, Act::Issue);
        ledger.append_all(four.map(|state| draft(intent(n), &p, state, 1)).to_vec()).await.unwrap();
    }
    for n in open_ones + 1..=open_ones + 2 {
        ledger.append_all(whole(intent(n), &purpose(n, Act::Issue))).await.unwrap();
    }
    assert_eq!(ledger.verify().await, LedgerHealth::Verified { events: events as u64 });
    drop(ledger);
    closed(dir.path());
    dir
}

/// What a forger's SQL would be found out by; his changes are taken back afterwards.
struct Bench {
    raw: Connection,
    key: LedgerKey,
    mark: Mark,
    triggers: Vec<(String, String)>,
}

impl Bench {
    fn on(root: &Path) -> Self {
        let raw = Connection::open(paths(root).database).unwrap();
        let key = LedgerKey::read(&paths(root).key).unwrap().unwrap();
        let mark = Anchor::File(paths(root).anchor).read(&key).unwrap().unwrap();
        let triggers = raw
            .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        Self { raw, key, mark, triggers }
    }

    fn forge(&self, sql: &str) {
        for (name, _) in &self.triggers {
            self.raw.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
        self.raw.execute_batch(sql).unwrap();
        for (_, sql) in &self.triggers {
            self.raw.execute_batch(sql).unwrap();
        }
    }

    fn found(&self, sql: &str) -> Result<u64, String> {
        self.raw.execute_batch("BEGIN").unwrap();
        self.forge(sql);
        let verdict = verification::examine(&self.raw, &self.key, &self.mark);
        self.raw.execute_batch("ROLLBACK").unwrap();
        verdict
    }
}

/// How many edits a sweep made, and how many of them were found with their place.
#[derive(Default)]
struct Tally {
    edits: u64,
    found: u64,
}

impl Tally {
    /// One edit; a verdict that lets it pass, or names another place, is printed.
    fn count(&mut self, verdict: &Result<u64, String>, places: &[i64], what: &str) {
        self.edits += 1;
        let named = verdict.as_ref().is_err_and(|why| places.iter().any(|seq| is_named(why, *seq)));
        self.found += u64::from(named);
        if !named {
            println!("NOT FOUND: {what} at {places:?}: {verdict:?}");
        }
    }

    /// All of them must have been found.
    fn close(self, what: &str) {
        println!("tamper: {what}: {} edits, {} found with their place", self.edits, self.found);
        assert!(self.edits > 0);
        assert_eq!(self.edits, self.found, "{what}");
    }
}

fn is_named(why: &str, seq: i64) -> bool {
    let place = format!("event {seq}");
    why.match_indices(&place).any(|(at, _)| !why[at + place.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

#[track_caller]
fn names(verdict: &Result<u64, String>, places: &[i64], what: &str) {
    let why = verdict.as_ref().expect_err(what);
    let named = places.iter().any(|seq| is_named(why, *seq));
    assert!(named, "{what}: {why:?} does not name {places:?}");
}

/// An edit of every column of an event.
const EDITS: [&str; 15] = [
    "seq = seq + 100000",
    "prev_hash = substr(prev_hash, 2) || 'x'",
    "hash = upper(hash) || 'A'",
    "hash = ''",
    "mac = substr(mac, 2) || 'x'",
    "mac = upper(mac) || ''",
    "intent = replace(intent, '0000-0000', '0000-0001')",
    "attempt = attempt + 1",
    "kind = 'HELD'",
    "payload = payload || ' '",
    "operator = 'mallory'",
    "console_id = 'desk-0'",
    "wall = '2020-01-01T00:00:00Z'",
    "mono = mono + 1",
    "server_date = coalesce(server_date, '') || ' '",
];

#[tokio::test]
async fn i7_every_edited_column_of_every_event_is_found() {
    let events = sweep();
    let dir = ledger_of(events).await;
    let bench = Bench::on(dir.path());
    assert_eq!(bench.found(""), Ok(events as u64));
    let mut tally = Tally::default();
    for edit in EDITS {
        for seq in 1..=events {
            let verdict = bench.found(&format!("UPDATE events SET {edit} WHERE seq = {seq}"));
            tally.count(&verdict, &[seq], edit);
        }
    }
    tally.close(&format!("columns of {events} events edited"));
}

#[tokio::test]
async fn i7_dropped_swapped_and_inserted_events_are_found() {
    let events = sweep();
    let dir = ledger_of(events).await;
    let bench = Bench::on(dir.path());
    let mut tally = Tally::default();
    for seq in 1..=events {
        let verdict = bench.found(&format!("DELETE FROM events WHERE seq = {seq}"));
        tally.count(&verdict, &[seq], "dropped");
        let renumbered = format!(
            "DELETE FROM events WHERE seq = {seq};
             UPDATE events SET seq = -seq WHERE seq > {seq}; UPDATE events SET seq = -seq - 1 WHERE seq < 0"
        );
        // The last event leaves no gap to close: the anchor knows it.
        tally.count(&bench.found(&renumbered), &[seq], "dropped and closed up");
        let tail = format!("DELETE FROM events WHERE seq >= {seq}");
        tally.count(&bench.found(&tail), &[seq - 1], "tail cut");
        let doubled = format!(
            "UPDATE events SET seq = -seq WHERE seq > {seq}; UPDATE events SET seq = -seq + 1 WHERE seq < 0;
             INSERT INTO events SELECT {seq} + 1, prev_hash, hash, mac, intent, attempt, kind, payload, operator,
             console_id, wall, mono, server_date FROM events WHERE seq = {seq}"
        );
        tally.count(&bench.found(&doubled), &[seq + 1], "inserted");
    }
    for seq in 1..events {
        let next = seq + 1;
        let swapped = format!(
            "UPDATE events SET seq = 500000 WHERE seq = {seq}; UPDATE events SET seq = {seq} WHERE seq = {next};
             UPDATE events SET seq = {next} WHERE seq = 500000"
        );
        tally.count(&bench.found(&swapped), &[seq], "swapped");
    }
    tally.close(&format!("{events} events dropped, closed up, cut, inserted, swapped"));
}

#[tokio::test]
async fn i7_edited_words_are_found_and_purged_ones_are_not_missed() {
    let events = sweep();
    let dir = ledger_of(events).await;
    let bench = Bench::on(dir.path());
    let worded: Vec<i64> = bench
        .raw
        .prepare("SELECT seq FROM words ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(worded.len() as i64 >= events / 2, "{}", worded.len());
    let mut tally = Tally::default();
    for seq in worded {
        for edit in ["text = text || '.'", "text = ''", "salt = substr(salt, 2)", "seq = -seq"] {
            let verdict = bench.found(&format!("UPDATE words SET {edit} WHERE seq = {seq}"));
            tally.count(&verdict, &[if edit.starts_with("seq") { -seq } else { seq }], edit);
        }
    }
    tally.close("words of events edited");
    assert_eq!(bench.found("DELETE FROM words"), Ok(events as u64), "that is what they are apart for");
}

/// The anchor goes wherever the forger wants; a backup of each age, an anchor with each digit turned.
#[tokio::test]
async fn i7_every_restored_backup_and_every_edited_anchor_is_found() {
    let events = sweep();
    let dir = ledger_of(events).await;
    let files = paths(dir.path());
    let bench = Bench::on(dir.path());
    let mut tally = Tally::default();
    for age in 1..=events {
        // What a copy from then holds: fewer events, and derived rows that agree with them.
        let older = format!(
            "DELETE FROM events WHERE seq > {0}; DELETE FROM words WHERE seq > {0}; DELETE FROM intents",
            events - age
        );
        bench.raw.execute_batch("BEGIN").unwrap();
        bench.forge(&older);
        super::projection::rebuild(&bench.raw).unwrap();
        let verdict = verification::examine(&bench.raw, &bench.key, &bench.mark);
        bench.raw.execute_batch("ROLLBACK").unwrap();
        assert!(verdict.as_ref().is_err_and(|why| why.starts_with("rolled back")), "{verdict:?}");
        tally.count(&verdict, &[events - age], "backup restored");
    }
    tally.close(&format!("backups of {events} ages restored"));

    // A ledger that went another way from an older copy is longer than the mark, or as long, and sound in itself.
    let mut tally = Tally::default();
    for seq in 1..=events {
        let elsewhere = Mark { seq, hash: "0".repeat(64) };
        let verdict = verification::examine(&bench.raw, &bench.key, &elsewhere);
        assert!(verdict.as_ref().is_err_and(|why| why.starts_with("rolled back")), "{verdict:?}");
        tally.count(&verdict, &[seq], "another way taken");
    }
    tally.close("anchors that know another event at its place");

    let whole = std::fs::read_to_string(&files.anchor).unwrap();
    let anchor = Anchor::File(files.anchor.clone());
    let (mut edits, mut found) = (0, 0);
    for (at, old) in whole.trim_end().char_indices() {
        let new = if old == '1' { '2' } else { '1' };
        let edited = format!("{}{new}{}", &whole[..at], &whole[at + 1..]);
        std::fs::write(&files.anchor, edited).unwrap();
        edits += 1;
        found += u32::from(anchor.read(&bench.key).is_err());
    }
    println!("tamper: characters of the anchor edited: {edits} edits, {found} found");
    assert_eq!(edits, found);
}

/// A key with any bit turned is another key: the first event says so.
#[tokio::test]
async fn i7_a_key_with_one_digit_changed_is_found_at_the_first_event() {
    let dir = hundred().await;
    let files = paths(dir.path());
    let bench = Bench::on(dir.path());
    let key = std::fs::read_to_string(&files.key).unwrap();
    let mut tally = Tally::default();
    for (at, old) in key.trim_end().char_indices() {
        let new = if old == '0' { '1' } else { '0' };
        std::fs::write(&files.key, format!("{}{new}{}", &key[..at], &key[at + 1..])).unwrap();
        let other = LedgerKey::read(&files.key).unwrap().unwrap();
        tally.count(&verification::examine(&bench.raw, &other, &bench.mark), &[1], "another key");
    }
    tally.close("digits of the ledger key changed");
}

#[tokio::test]
async fn i7_a_tail_cut_together_with_its_derived_rows_is_found() {
    let dir = hundred().await;
    let bench = Bench::on(dir.path());
    bench.forge("DELETE FROM events WHERE seq > 94; DELETE FROM intents WHERE seq > 94");
    let ledger = open(dir.path());
    let LedgerHealth::Broken(why) = ledger.verify().await else { panic!("not found") };
    assert!(why.starts_with("rolled back") && why.contains("94") && why.contains("100"), "{why}");
    assert!(
        !ledger.operations(&crate::ports::ledger::HistoryQuery { holder: None, limit: 9 }).await.unwrap().is_empty()
    );
}

#[tokio::test]
async fn i7_a_derived_row_or_the_schema_changed_by_hand_is_found() {
    let dir = hundred().await;
    let bench = Bench::on(dir.path());
    names(&bench.found("UPDATE intents SET state = 'DONE' WHERE seq = 4"), &[4], "derived row");
    names(&bench.found("DELETE FROM intents WHERE seq = 4"), &[4], "derived row gone");
    names(
        &bench.found("UPDATE intents SET intent = 'f' || substr(intent, 2) WHERE seq = 4"),
        &[4],
        "derived row under another name",
    );
    for sql in [
        "CREATE TRIGGER mine AFTER INSERT ON events BEGIN DELETE FROM leases; END",
        "CREATE TABLE mine (x)",
        "DROP INDEX intents_by_saga",
    ] {
        assert_eq!(bench.found(sql), Err("the schema was changed".into()), "{sql}");
    }
}

#[tokio::test]
async fn i7_a_restored_backup_is_found_and_its_anchor_is_not_overwritten() {
    let dir = hundred().await;
    let files = paths(dir.path());
    std::fs::copy(&files.database, dir.path().join("backup")).unwrap();
    let ledger = open(dir.path());
    ledger.verify().await;
    ledger.append_all(whole(intent(40), &purpose(40, Act::Issue))).await.unwrap();
    drop(ledger);
    closed(dir.path());
    std::fs::copy(dir.path().join("backup"), &files.database).unwrap();
    let anchor = std::fs::read(&files.anchor).unwrap();
    let ledger = open(dir.path());
    // Recovery may want to settle an intent before the verification has ended.
    let early = ledger.append(draft(intent(1), &purpose(1, Act::Issue), S::NotApplied, 1)).await;
    assert!(early.is_ok(), "{early:?}");
    let settled = ledger.append(draft(intent(1), &purpose(1, Act::Issue), S::Abandoned, 1)).await;
    assert!(matches!(settled, Err(LedgerError::Unsafe(why)) if why.contains("rolled back")));
    assert_eq!(std::fs::read(&files.anchor).unwrap(), anchor);
    let LedgerHealth::Broken(why) = ledger.verify().await else { panic!("not found") };
    assert!(why.starts_with("rolled back") && why.contains("106"), "{why}");
}

#[tokio::test]
async fn i7_a_lost_or_foreign_key_and_a_lost_or_forged_anchor_are_found() {
    let dir = hundred().await;
    let files = paths(dir.path());
    let (key, anchor) = (std::fs::read(&files.key).unwrap(), std::fs::read_to_string(&files.anchor).unwrap());
    std::fs::remove_file(&files.key).unwrap();
    let ledger = open(dir.path());
    let LedgerHealth::Broken(why) = ledger.health() else { panic!("not found") };
    assert!(why.contains("key is missing"), "{why}");
    assert!(!files.key.exists(), "no new key is made over old events");
    assert!(ledger.append(draft(intent(1), &purpose(1, Act::Issue), S::Held, 1)).await.is_err());
    assert_eq!(ledger.unfinished().await.unwrap().len(), 22, "reading goes on");

    drop(ledger);
    let other = hundred().await;
    std::fs::copy(paths(other.path()).key, &files.key).unwrap();
    assert!(matches!(open(dir.path()).verify().await, LedgerHealth::Broken(_)));
    std::fs::write(&files.key, key).unwrap();
    std::fs::write(&files.anchor, anchor.replacen("100", "88", 1)).unwrap();
    assert!(matches!(open(dir.path()).verify().await, LedgerHealth::Broken(why) if why.contains("anchor")));
    std::fs::remove_file(&files.anchor).unwrap();
    assert!(matches!(open(dir.path()).verify().await, LedgerHealth::Broken(why) if why.contains("anchor")));
    std::fs::write(&files.anchor, anchor).unwrap();
    assert_eq!(open(dir.path()).verify().await, LedgerHealth::Verified { events: 100 });
    closed(dir.path());
    std::fs::remove_file(&files.database).unwrap();
    assert!(matches!(open(dir.path()).verify().await, LedgerHealth::Broken(why) if why.contains("rolled back")));
}

#[tokio::test]
async fn i7_a_key_without_ledger_and_anchor_is_a_ledger_that_is_gone() {
    let dir = hundred().await;
    let files = paths(dir.path());
    closed(dir.path());
    std::fs::remove_file(&files.database).unwrap();
    std::fs::remove_file(&files.anchor).unwrap();
    for _ in 0..2 {
        let ledger = open(dir.path());
        for health in [ledger.health(), ledger.verify().await] {
            assert!(
                matches!(&health, LedgerHealth::Broken(why) if why.contains("existed here and is gone")),
                "{health:?}"
            );
        }
        assert!(ledger.append(draft(intent(1), &purpose(1, Act::Issue), S::Intent, 1)).await.is_err());
        assert_eq!(ledger.unfinished().await.unwrap().len(), 0, "reading goes on");
        assert!(!files.anchor.exists(), "nothing is made to look whole");
    }
}

#[tokio::test]
async fn a_crash_while_the_first_proofs_are_made_locks_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let files = paths(dir.path());
    drop(open(dir.path()));
    // The key is made last: without it, whatever came before is made again.
    std::fs::remove_file(&files.key).unwrap();
    assert_eq!(open(dir.path()).verify().await, LedgerHealth::Verified { events: 0 });
    std::fs::remove_file(&files.key).unwrap();
    std::fs::remove_file(&files.anchor).unwrap();
    assert_eq!(open(dir.path()).verify().await, LedgerHealth::Verified { events: 0 });
    assert_eq!(open(dir.path()).verify().await, LedgerHealth::Verified { events: 0 });
}
