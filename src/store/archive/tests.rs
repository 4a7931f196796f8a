//! Records, chain and coverage.

use super::*;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

fn tenant() -> TenantName {
    "bank".parse().unwrap()
}

fn key(text: &str) -> VendorKey {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn operation(source: &str, id: &str, start: &str, raw: Value) -> VendorRecord {
    VendorRecord { kind: RecordKind::Operation, source: key(source), id: key(id), at: start.parse().ok(), raw }
}

const NOW: &str = "2026-06-02T08:00:00Z";

#[tokio::test]
async fn a_record_is_kept_once_and_every_version_of_it() {
    let archive = SqliteArchive::open_in_memory().unwrap();
    let (tenant, now) = (tenant(), at(NOW));
    let pending = operation("c1", "op-1", "2026-06-01T00:00:00Z", json!({ "status": "PENDING", "a": 1 }));
    let again = operation("c1", "op-1", "2026-06-01T00:00:00Z", json!({ "a": 1, "status": "PENDING" }));
    let done = operation("c1", "op-1", "2026-06-01T00:00:00Z", json!({ "status": "SUCCESSFUL", "a": 1 }));
    let other = operation("c1", "op-0", "2026-05-01T00:00:00Z", json!({}));
    let dateless = operation("c1", "op-2", "soon", json!({ "startTime": "soon" }));
    assert_eq!(archive.keep(&tenant, vec![pending.clone(), other.clone()], now).await.unwrap(), 2);
    assert_eq!(archive.keep(&tenant, vec![again, other], now).await.unwrap(), 0, "the order of members says nothing");
    assert_eq!(archive.keep(&tenant, vec![done.clone(), dateless], now).await.unwrap(), 2);
    let found = archive.records(&tenant, &[key("c1")], 10).await.unwrap();
    let ids: Vec<&str> = found.iter().map(|r| r.record.id.as_str()).collect();
    assert_eq!(ids, ["op-1", "op-0", "op-2"], "the latest first, what has no time last");
    assert_eq!(found[0].record, done);
    assert_eq!(archive.records(&tenant, &[key("c1")], 1).await.unwrap().len(), 1);
    assert_eq!(archive.records(&tenant, &[key("c2")], 10).await.unwrap(), []);
    let one = archive.record(&tenant, RecordKind::Operation, &key("op-1")).await.unwrap().unwrap();
    assert_eq!((one.seq, one.fetched_at), (3, now));
    assert_eq!(archive.record(&tenant, RecordKind::Production, &key("op-1")).await.unwrap(), None);
    let production = VendorRecord {
        kind: RecordKind::Production,
        ..operation("card-9", "prod-1", "", json!({ "state": "queued" }))
    };
    assert_eq!(archive.keep(&tenant, vec![production.clone()], now).await.unwrap(), 1);
    assert_eq!(archive.records(&tenant, &[key("card-9")], 9).await.unwrap()[0].record, production);
    assert_eq!(archive.verify().await.unwrap(), 5);
}

#[tokio::test]
async fn the_file_is_private_and_nothing_in_it_can_be_changed_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sim/archive.db");
    {
        let archive = SqliteArchive::open(&path).unwrap();
        let rows = (0..20).map(|n| operation("c1", &format!("op-{n}"), NOW, json!({ "n": n }))).collect();
        assert_eq!(archive.keep(&tenant(), rows, at(NOW)).await.unwrap(), 20);
        assert_eq!(archive.verify().await.unwrap(), 20);
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    for tampering in [
        "UPDATE records SET raw = '{}' WHERE seq = 7",
        "DELETE FROM records WHERE seq = 7",
        "INSERT OR REPLACE INTO records SELECT * FROM records WHERE seq = 7",
    ] {
        let db = connect(&path).unwrap();
        assert!(db.execute(tampering, []).unwrap_err().to_string().contains("append-only"), "{tampering}");
    }
    for (tampering, found) in [
        ("UPDATE records SET raw = '{}' WHERE seq = 7", "record 7 was changed"),
        ("UPDATE records SET fetched = fetched - 1 WHERE seq = 3", "record 3 was changed"),
        ("DELETE FROM records WHERE seq = 2", "record 2 is missing"),
    ] {
        {
            let db = connect(&path).unwrap();
            db.execute_batch("DROP TRIGGER records_no_update; DROP TRIGGER records_no_delete").ok();
            db.execute(tampering, []).unwrap();
        }
        let archive = SqliteArchive::open(&path).unwrap();
        assert!(archive.verify().await.unwrap_err().to_string().contains(found), "{tampering}");
    }
}

#[tokio::test]
async fn an_archive_is_never_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.db");
    std::fs::write(&path, b"this is no database at all, but somebody's file").unwrap();
    assert!(SqliteArchive::open(&path).is_err());
    assert!(std::fs::read(&path).unwrap().starts_with(b"this is no database"));
}

#[tokio::test]
async fn coverage_is_put_together() {
    let archive = SqliteArchive::open_in_memory().unwrap();
    let (tenant, source) = (tenant(), key("c1"));
    let stretch = |since: &str, until: &str| Interval { since: at(since), until: at(until) };
    let (a, b) = (stretch("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"), stretch(NOW, "2026-07-01T00:00:00Z"));
    for one in [a, b, a] {
        archive.cover(&tenant, &source, one).await.unwrap();
    }
    assert_eq!(archive.coverage(&tenant, &source).await.unwrap(), [a, b]);
    archive.cover(&tenant, &source, stretch("2026-02-01T00:00:00Z", NOW)).await.unwrap();
    assert_eq!(archive.coverage(&tenant, &source).await.unwrap(), [Interval { since: a.since, until: b.until }]);
    assert_eq!(archive.coverage(&tenant, &key("c2")).await.unwrap(), []);
    assert!(archive.cover(&tenant, &source, Interval { since: b.until, until: a.since }).await.is_err());
}

#[tokio::test]
async fn who_is_watched_is_due_once_a_week() {
    let archive = SqliteArchive::open_in_memory().unwrap();
    let tenant = tenant();
    let day = |n: i64| Timestamp::from_second(n * 86_400).unwrap();
    for (who, last) in [("old", 1), ("seen", 95), ("never", 96), ("fresh", 97)] {
        archive.watch(&tenant, &key(who), day(last)).await.unwrap();
    }
    archive.watch(&tenant, &key("seen"), day(3)).await.unwrap();
    for (who, until) in [("old", 2), ("seen", 92), ("fresh", 99)] {
        archive.cover(&tenant, &key(who), Interval { since: day(1), until: day(until) }).await.unwrap();
    }
    let due = archive.due(&tenant, day(10), day(93)).await.unwrap();
    assert_eq!(due, [key("never"), key("seen")], "the longest neglected first; long unseen and fresh ones not at all");
    assert_eq!(archive.due(&"other".parse().unwrap(), day(0), day(200)).await.unwrap(), []);
}
