//! Ledgers that go from desk to desk.

use super::ledger::{SqliteLedger, open_export, verify_export};
use super::operator_key::OperatorKey;
use super::testing::{self, clock, draft, intent, key_file, open, purpose, whole};
use crate::domain::comparison::{Standing, compare};
use crate::domain::journal::{Act, IntentState as S, Marker, Payload};
use crate::domain::policy::Mode;
use crate::ports::ledger::{HistoryQuery, Ledger, LedgerError, LedgerHealth};
use std::io::Cursor;
use std::path::Path;

/// A desk with one whole issue for each of these people.
async fn desk(dir: &Path, people: std::ops::Range<u128>) -> SqliteLedger {
    let ledger = open(dir);
    ledger.verify().await;
    issue(&ledger, people).await;
    ledger
}

async fn issue(ledger: &SqliteLedger, people: std::ops::Range<u128>) {
    for n in people {
        let mut p = purpose(n, Act::Issue);
        p.note = format!("for Jane Doe {n}");
        p.marker = Some(Marker::from_bits([n as u8; 10]));
        ledger.append_all(whole(intent(n), &p)).await.unwrap();
    }
}

#[tokio::test]
async fn an_export_stands_alone_and_holds_no_words() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = desk(dir.path(), 1..4).await;
    let mut unknown = draft(intent(9), &purpose(9, Act::Issue), S::Intent, 1);
    if let Payload::Purpose(purpose) = &mut unknown.payload {
        purpose.note = "call 0411 222 333".into();
    }
    ledger.append(unknown).await.unwrap();
    let text = testing::export(&ledger, dir.path()).await;
    let export = verify_export(text.as_bytes()).unwrap();
    assert_eq!((export.header.first, export.header.last, export.header.mode), (1, 19, Mode::Sim));
    assert_eq!(export.header.console.to_string(), ledger.console_id());
    assert_eq!(text.lines().count(), 21);
    for words in ["Jane", "0411", "said", "for "] {
        assert!(!text.contains(words), "{words}");
    }
    let (_, records) = open_export(text.as_bytes()).unwrap();
    assert_eq!(records.len(), 4);
    assert!(records.iter().all(|r| r.purpose.note.is_empty()));
    // At home they are still there.
    let rows = ledger.operations(&HistoryQuery { holder: None, limit: 9 }).await.unwrap();
    assert!(rows.iter().any(|row| row.note.as_str() == "lost, for Jane Doe 2"), "{rows:?}");
    assert_eq!(ledger.intent(intent(1)).await.unwrap().unwrap().remark.unwrap().text, "said");
    // Whoever has the public key needs nothing of ours: SHA-256 of all but the last line, and Ed25519 over that.
    let signed = &text[..=text.trim_end().rfind('\n').unwrap()];
    let digest = ring::digest::digest(&ring::digest::SHA256, signed.as_bytes());
    let public = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, export.header.key.0);
    let bytes: Vec<u8> = super::key::from_hex(&export.signature).unwrap();
    public.verify(digest.as_ref(), &bytes).unwrap();
}

#[tokio::test]
async fn an_empty_ledger_can_be_exported_and_an_untrusted_one_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let text = testing::export(&ledger, dir.path()).await;
    assert_eq!((verify_export(text.as_bytes()).unwrap().header.last, text.lines().count()), (0, 2));
    let broken = SqliteLedger::unavailable("no disk", clock()).unwrap();
    let signer = OperatorKey::read(&key_file(dir.path())).unwrap().unwrap();
    let refused = broken.export(Mode::Sim, signer, Vec::new()).await;
    assert_eq!(refused, Err(LedgerError::Unsafe("no disk".into())));
}

#[tokio::test]
async fn a_longer_export_extends_and_a_shorter_one_is_refused() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let theirs = desk(b.path(), 1..3).await;
    let first = testing::export(&theirs, b.path()).await;
    issue(&theirs, 3..5).await;
    let second = testing::export(&theirs, b.path()).await;

    let ours = desk(a.path(), 10..11).await;
    assert_eq!(testing::import(&ours, &first).await.unwrap().new, 12);
    let again = testing::import(&ours, &first).await.unwrap();
    assert_eq!((again.new, again.name.as_str()), (0, "lee"), "nothing new is no fault, and no event");
    assert_eq!(ours.verify().await, LedgerHealth::Verified { events: 7 });
    assert_eq!(testing::import(&ours, &second).await.unwrap().new, 12);
    let older = testing::import(&ours, &first).await.unwrap_err();
    assert!(older.contains("ends with event 12") && older.contains("24 events"), "{older}");
    assert_eq!(ours.verify().await, LedgerHealth::Verified { events: 8 });
    let desks = ours.imported_desks().await.unwrap();
    assert_eq!((desks.len(), desks[0].0.name.as_str(), desks[0].1), (1, "lee", 24));

    // What they issued is known by the person and by the marker, and is none of our own work.
    let of = |n: u128| purpose(n, Act::Issue).holder;
    let about = ours.imported(&of(3), &[]).await.unwrap();
    assert_eq!((about.len(), about[0].record.state), (1, S::Done));
    assert!(about[0].is_settled() && about[0].record.purpose.note.is_empty());
    let marked = ours.imported(&of(77), &[Marker::from_bits([4; 10])]).await.unwrap();
    assert_eq!(marked[0].record.purpose.holder, of(4));
    assert!(ours.intents_of(&of(3)).await.unwrap().is_empty() && ours.unfinished().await.unwrap().is_empty());
    let text = testing::export(&ours, a.path()).await;
    assert_eq!(verify_export(text.as_bytes()).unwrap().header.last, 8, "theirs is not in our chain");

    // Rebuilding the derived rows of our own chain passes over the records of imports.
    ours.rebuild().await.unwrap();
    assert_eq!(ours.verify().await, LedgerHealth::Verified { events: 8 });
}

#[tokio::test]
async fn a_ledger_that_departs_from_what_was_imported_is_refused_with_the_place() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let theirs = desk(b.path(), 1..2).await;
    let early = testing::export(&theirs, b.path()).await;
    issue(&theirs, 2..3).await;
    let one = testing::export(&theirs, b.path()).await;
    // The same console, gone on from an old copy of its ledger: its seventh event is another one.
    let copy = tempfile::tempdir().unwrap();
    let (from, to) = (testing::paths(b.path()), testing::paths(copy.path()));
    drop(theirs);
    testing::closed(b.path());
    let ours = desk(a.path(), 10..11).await;
    testing::import(&ours, &early).await.unwrap();
    testing::import(&ours, &one).await.unwrap();
    for (from, to) in [(&from.key, &to.key), (&from.anchor, &to.anchor), (&from.database, &to.database)] {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
    let raw = rusqlite::Connection::open(&to.database).unwrap();
    raw.execute_batch(
        "DROP TRIGGER events_no_delete; DELETE FROM events WHERE seq > 6; DELETE FROM intents WHERE seq > 6;
         DELETE FROM words WHERE seq > 6",
    )
    .unwrap();
    let sql = include_str!("../../assets/schema/ledger/0001_journal.sql");
    let trigger = sql.split_once("CREATE TRIGGER events_no_delete").unwrap().1.split_once("END;").unwrap().0;
    raw.execute_batch(&format!("CREATE TRIGGER events_no_delete{trigger}END;")).unwrap();
    let mark = raw
        .query_row("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok(super::anchor::Mark { seq: row.get(0)?, hash: row.get(1)? })
        })
        .unwrap();
    drop(raw);
    let key = super::key::LedgerKey::read(&to.key).unwrap().unwrap();
    super::anchor::Anchor::File(to.anchor).write(mark, &key).unwrap();
    let forked = open(copy.path());
    assert_eq!(forked.verify().await, LedgerHealth::Verified { events: 6 });
    issue(&forked, 5..9).await;
    let fork = testing::export(&forked, b.path()).await;
    let refused = testing::import(&ours, &fork).await.unwrap_err();
    assert!(refused.contains("departs at event 7"), "{refused}");
    assert_eq!(ours.imported_desks().await.unwrap()[0].1, 12, "nothing of it was kept");
    assert_eq!(ours.verify().await, LedgerHealth::Verified { events: 8 });
}

#[tokio::test]
async fn strangers_other_modes_and_ourselves_are_not_taken_in() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let theirs = desk(b.path(), 1..3).await;
    let text = testing::export(&theirs, b.path()).await;
    let ours = desk(a.path(), 10..11).await;
    let key = verify_export(text.as_bytes()).unwrap().header.key;
    let input = || Cursor::new(text.clone().into_bytes());
    let stranger = ours.import(Mode::Sim, Vec::new(), "kim".into(), input()).await.unwrap_err();
    assert!(stranger.contains("no [[operator]]") && stranger.contains(&key.to_string()), "{stranger}");
    let live = ours.import(Mode::Live, vec![(None, key)], "kim".into(), input()).await.unwrap_err();
    assert!(live.contains("sim ledger") && live.contains("live"), "i26: {live}");
    let own = testing::export(&ours, a.path()).await;
    let own = testing::import(&ours, &own).await.unwrap_err();
    assert!(own.contains("this very console"), "{own}");
    // A forged line in the middle: nothing of what came before it is kept.
    let lines: Vec<&str> = text.lines().collect();
    let forged = text.replace(lines[5], &lines[5].replace("kim", "eve"));
    let input = Cursor::new(forged.into_bytes());
    let refused = ours.import(Mode::Sim, vec![(None, key)], "kim".into(), input).await.unwrap_err();
    assert!(refused.contains("line 6") && refused.contains("event 5"), "{refused}");
    assert!(ours.imported_desks().await.unwrap().is_empty());
    assert_eq!(ours.verify().await, LedgerHealth::Verified { events: 6 });
    // Without a name in the site file, the console's own name stands.
    let named = ours.import(Mode::Sim, vec![(None, key)], "kim".into(), Cursor::new(text.into_bytes())).await.unwrap();
    assert_eq!(named.name, theirs.console_id());
}

#[tokio::test]
async fn i21_a_signed_export_brings_no_text_that_is_not_ours_to_make() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let theirs = desk(b.path(), 1..2).await;
    let mut p = purpose(2, Act::Issue);
    p.marker = serde_json::from_str(r#""\u001b]0;owned\u0007""#).unwrap();
    theirs.append_all(whole(intent(2), &p)).await.unwrap();
    let text = testing::export(&theirs, b.path()).await;
    verify_export(text.as_bytes()).unwrap();
    let ours = desk(a.path(), 10..11).await;
    let refused = testing::import(&ours, &text).await.unwrap_err();
    assert!(refused.contains("event 7") && refused.contains("no known form"), "{refused}");
    assert!(open_export(text.as_bytes()).unwrap_err().contains("event 7"));
    assert_eq!(ours.verify().await, LedgerHealth::Verified { events: 6 });
}

#[tokio::test]
async fn two_ledgers_are_compared_claim_by_claim() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Person 3 is in both, under the same intent; 5 has the same object under two.
    let theirs = desk(b.path(), 1..4).await;
    let ours = desk(a.path(), 3..5).await;
    for (ledger, n) in [(&ours, 50), (&theirs, 51)] {
        let p = purpose(5, Act::Issue);
        ledger.append_all(whole(intent(n), &p)).await.unwrap();
    }
    // What was refused made nothing.
    for state in [S::Intent, S::Snapshotted, S::Sending, S::Rejected] {
        ours.append(draft(intent(60), &purpose(6, Act::Issue), state, 1)).await.unwrap();
    }
    let text = testing::export(&theirs, b.path()).await;
    let (_, there) = open_export(text.as_bytes()).unwrap();
    let here = ours.all_intents().await.unwrap();
    let rows: Vec<_> = compare(&here, &there)
        .into_iter()
        .map(|row| (row.standing, row.here.map(|c| c.intent), row.there.map(|c| c.intent)))
        .collect();
    let n = |n| Some(intent(n));
    assert_eq!(
        rows,
        [
            (Standing::Conflict, n(50), n(51)),
            (Standing::OnlyHere, n(4), None),
            (Standing::OnlyThere, None, n(1)),
            (Standing::OnlyThere, None, n(2)),
            (Standing::Both, n(3), n(3)),
        ]
    );
    let turned: Vec<_> = compare(&there, &here).into_iter().map(|row| row.standing).collect();
    assert_eq!(turned.iter().filter(|s| **s == Standing::Conflict).count(), 1, "it is the same from the other side");
    assert_eq!(turned.iter().filter(|s| **s == Standing::OnlyHere).count(), 2);
}
