//! What the ledger promises, apart from tampering.

use super::ledger::SqliteLedger;
use super::testing::{clock, draft, intent, mark, open, paths, purpose, whole};
use super::{place, process};
use crate::domain::journal::{Act, EventDraft, IntentState as S, Payload, ProcessMark, Remark};
use crate::ports::ledger::{HistoryQuery, Ledger, LedgerError, LedgerHealth};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use strum::IntoEnumIterator;

fn memory() -> SqliteLedger {
    SqliteLedger::open_in_memory(clock()).unwrap()
}

/// A shortest way from INTENT to each state, if there is one.
fn way_to(goal: S) -> Vec<S> {
    let mut ways = vec![vec![S::Intent]];
    let mut at = 0;
    while at < ways.len() {
        let way = ways[at].clone();
        let last = way[way.len() - 1];
        if last == goal {
            return way;
        }
        for next in last.next() {
            if !way.contains(next) {
                let mut longer = way.clone();
                longer.push(*next);
                ways.push(longer);
            }
        }
        at += 1;
    }
    unreachable!("{goal} cannot be reached")
}

#[tokio::test]
async fn i7_only_the_transitions_of_the_table_are_stored() {
    for from in S::iter() {
        for to in S::iter() {
            let ledger = memory();
            let p = purpose(1, Act::Issue);
            for state in way_to(from) {
                ledger.append(draft(intent(1), &p, state, 1)).await.unwrap();
            }
            let again = to == S::Snapshotted && from != S::Intent;
            let result = ledger.append(draft(intent(1), &p, to, 1 + u16::from(again))).await;
            let allowed = from.next().contains(&to);
            assert_eq!(result.is_ok(), allowed, "{from} to {to}: {result:?}");
            if !allowed {
                assert!(matches!(result, Err(LedgerError::Transition(_))), "{result:?}");
            }
        }
    }
}

#[tokio::test]
async fn i1_nothing_comes_before_intent_and_payloads_must_fit() {
    let ledger = memory();
    let p = purpose(1, Act::Issue);
    let early = ledger.append(draft(intent(1), &p, S::Sending, 1)).await;
    assert!(matches!(early, Err(LedgerError::Transition(_))));
    let mut wrong = draft(intent(1), &p, S::Intent, 1);
    wrong.payload = Payload::Remark(Remark { text: String::new(), status: None, candidates: vec![] });
    assert!(matches!(ledger.append(wrong).await, Err(LedgerError::Transition(_))));
    assert_eq!(ledger.verify().await, LedgerHealth::Verified { events: 0 });
}

#[tokio::test]
async fn i7_each_state_takes_its_own_sort_of_payload() {
    let p = purpose(1, Act::Issue);
    let sorts = [S::Intent, S::Snapshotted, S::Applied, S::Unknown].map(|s| (s, draft(intent(1), &p, s, 1).payload));
    for goal in S::iter() {
        for (like, payload) in &sorts {
            let ledger = memory();
            let mut way = way_to(goal);
            way.pop();
            for state in way {
                ledger.append(draft(intent(1), &p, state, 1)).await.unwrap();
            }
            let fits = match like {
                S::Intent => goal == S::Intent,
                S::Snapshotted => goal == S::Snapshotted,
                S::Applied => matches!(goal, S::Applied | S::Bound | S::Done),
                _ => !matches!(goal, S::Intent | S::Snapshotted | S::Applied | S::Bound),
            };
            let stored = ledger.append(EventDraft { payload: payload.clone(), ..draft(intent(1), &p, goal, 1) }).await;
            assert_eq!(stored.is_ok(), fits, "{goal} with the payload of {like}: {stored:?}");
        }
    }
}

#[tokio::test]
async fn i2_trying_again_is_a_new_attempt() {
    let ledger = memory();
    let p = purpose(1, Act::Issue);
    for state in [S::Intent, S::Snapshotted, S::Sending, S::Rejected] {
        ledger.append(draft(intent(1), &p, state, 1)).await.unwrap();
    }
    assert!(ledger.append(draft(intent(1), &p, S::Snapshotted, 1)).await.is_err());
    ledger.append(draft(intent(1), &p, S::Snapshotted, 2)).await.unwrap();
    assert!(ledger.append(draft(intent(1), &p, S::Sending, 1)).await.is_err());
    ledger.append(draft(intent(1), &p, S::Sending, 2)).await.unwrap();
}

#[tokio::test]
async fn i6_one_open_intent_per_person_and_type() {
    let ledger = memory();
    let p = purpose(1, Act::Issue);
    ledger.append(draft(intent(1), &p, S::Intent, 1)).await.unwrap();
    let second = ledger.append(draft(intent(2), &p, S::Intent, 1)).await;
    assert_eq!(second, Err(LedgerError::Busy(intent(1))));
    let mut other_type = p.clone();
    other_type.type_link = "/api/card_types/6".parse().unwrap();
    ledger.append(draft(intent(3), &other_type, S::Intent, 1)).await.unwrap();
    ledger.append(draft(intent(4), &purpose(2, Act::Issue), S::Intent, 1)).await.unwrap();
    // A refusal frees the person; waking it up needs her free again.
    for state in [S::Snapshotted, S::Sending, S::Rejected] {
        ledger.append(draft(intent(1), &p, state, 1)).await.unwrap();
    }
    ledger.append(draft(intent(5), &p, S::Intent, 1)).await.unwrap();
    let woken = ledger.append(draft(intent(1), &p, S::Snapshotted, 2)).await;
    assert_eq!(woken, Err(LedgerError::Busy(intent(5))));
}

#[tokio::test]
async fn i6_a_batch_is_stored_whole_or_not_at_all() {
    let ledger = memory();
    let mut drafts = whole(intent(1), &purpose(1, Act::Issue));
    drafts.push(draft(intent(9), &purpose(9, Act::Issue), S::Sending, 1));
    assert!(ledger.append_all(drafts).await.is_err());
    assert_eq!(ledger.verify().await, LedgerHealth::Verified { events: 0 });
    assert_eq!(ledger.append_all(whole(intent(1), &purpose(1, Act::Issue))).await, Ok(6));
}

#[tokio::test]
async fn a_record_says_everything_that_its_events_said() {
    let ledger = memory();
    let p = purpose(1, Act::Issue);
    ledger.append_all(whole(intent(1), &p)).await.unwrap();
    let record = ledger.intent(intent(1)).await.unwrap().unwrap();
    assert_eq!((record.state, record.seq, &record.purpose), (S::Done, 6, &p));
    assert!(record.snapshot.is_some() && record.remark.is_some() && record.sent.is_some());
    assert_eq!(record.binding.unwrap().object.unwrap().id.to_string(), "gall:1/new");
    assert_eq!(ledger.intents_of(&p.holder).await.unwrap().len(), 1);
    assert!(ledger.unfinished().await.unwrap().is_empty());
    assert!(ledger.unsettled_tenants().await.unwrap().is_empty());
    assert_eq!(ledger.intent(intent(2)).await.unwrap(), None);
}

#[tokio::test]
async fn the_history_shows_one_row_an_intent_newest_first() {
    let ledger = memory();
    ledger.append_all(whole(intent(1), &purpose(1, Act::Swap))).await.unwrap();
    let p = purpose(2, Act::Retire);
    for state in [S::Intent, S::Snapshotted, S::Sending, S::Unknown] {
        ledger.append(draft(intent(2), &p, state, 1)).await.unwrap();
    }
    let rows = ledger.operations(&HistoryQuery { holder: None, limit: 10 }).await.unwrap();
    let words: Vec<_> = rows.iter().map(|r| (r.action.as_str(), r.result.as_str(), r.note.as_str())).collect();
    assert_eq!(words, [("retire", "unknown", "lost, desk"), ("reissue", "ok", "lost, desk")]);
    assert_eq!(rows[0].credential.as_ref().unwrap().to_string(), "gall:2/old");
    assert_eq!(rows[1].credential.as_ref().unwrap().to_string(), "gall:1/new");
    assert_eq!(ledger.operations(&HistoryQuery { holder: None, limit: 1 }).await.unwrap().len(), 1);
    let of = HistoryQuery { holder: Some(p.holder), limit: 10 };
    assert_eq!(ledger.operations(&of).await.unwrap().len(), 1);
    assert_eq!(ledger.unsettled_tenants().await.unwrap()[0].as_str(), "gall");
}

#[tokio::test]
async fn i16_a_replacement_waits_for_its_retirement_until_begun_or_overtaken() {
    let ledger = memory();
    let issue = purpose(1, Act::Issue);
    ledger.append_all(whole(intent(1), &issue)).await.unwrap();
    assert_eq!(ledger.waiting_retirements().await.unwrap().len(), 1);
    let retire = purpose(1, Act::Retire);
    ledger.append(draft(intent(2), &retire, S::Intent, 1)).await.unwrap();
    assert!(ledger.waiting_retirements().await.unwrap().is_empty(), "it is under way");
    ledger.append(draft(intent(2), &retire, S::Abandoned, 1)).await.unwrap();
    assert_eq!(ledger.waiting_retirements().await.unwrap().len(), 1, "it was given up before anything was sent");
    let mut newer = issue.clone();
    newer.saga = purpose(77, Act::Issue).saga;
    newer.old = None;
    ledger.append(draft(intent(3), &newer, S::Intent, 1)).await.unwrap();
    assert!(ledger.waiting_retirements().await.unwrap().is_empty(), "a newer reissue overtook it");
}

#[tokio::test]
async fn i6_a_lease_is_taken_only_from_the_dead() {
    let ledger = memory();
    let holder = purpose(1, Act::Issue).holder;
    let own = process::this_process();
    let dead = ProcessMark { started: own.started + 1, ..own.clone() };
    assert_eq!(ledger.claim(&holder, &dead).await, Ok(true));
    assert_eq!(ledger.claim(&holder, &own).await, Ok(true), "its owner is dead");
    assert_eq!(ledger.claim(&holder, &own).await, Ok(true), "ours already");
    assert_eq!(ledger.claim(&holder, &mark(1)).await, Ok(false), "a living process holds it");
    ledger.release(&holder, &mark(1)).await.unwrap();
    assert_eq!(ledger.claim(&holder, &mark(1)).await, Ok(false), "only the owner gives it back");
    ledger.release(&holder, &own).await.unwrap();
    assert_eq!(ledger.claim(&holder, &mark(1)).await, Ok(true));
}

#[tokio::test]
async fn i7_derived_rows_are_rebuilt_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    for n in 1..20 {
        let p = purpose(n, if n % 3 == 0 { Act::Retire } else { Act::Issue });
        let drafts = whole(intent(n), &p).into_iter().take(1 + n as usize % 6).collect();
        ledger.append_all(drafts).await.unwrap();
    }
    let dump = || {
        let raw = rusqlite::Connection::open(paths(dir.path()).database).unwrap();
        let mut statement = raw.prepare("SELECT * FROM intents ORDER BY intent").unwrap();
        let columns = statement.column_count();
        let rows = statement
            .query_map([], |row| {
                (0..columns).map(|i| row.get::<_, rusqlite::types::Value>(i)).collect::<Result<Vec<_>, _>>()
            })
            .unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    let before = dump();
    ledger.rebuild().await.unwrap();
    assert_eq!(dump(), before);
    let raw = rusqlite::Connection::open(paths(dir.path()).database).unwrap();
    raw.execute("UPDATE intents SET state = 'DONE', finished = 1", []).unwrap();
    assert!(matches!(ledger.verify().await, LedgerHealth::Broken(why) if why.contains("event")));
    ledger.rebuild().await.unwrap();
    assert_eq!(dump(), before);
    assert!(matches!(ledger.verify().await, LedgerHealth::Verified { .. }));
}

#[tokio::test]
async fn i7_the_triggers_refuse_every_change() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    ledger.append_all(whole(intent(1), &purpose(1, Act::Issue))).await.unwrap();
    let raw = rusqlite::Connection::open(paths(dir.path()).database).unwrap();
    for sql in [
        "UPDATE events SET operator = 'x' WHERE seq = 3",
        "DELETE FROM events WHERE seq = 6",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 3",
        "INSERT INTO events SELECT 0, prev_hash, hash, mac, intent, attempt, kind, payload, operator, console_id, \
         wall, mono, server_date FROM events WHERE seq = 3",
    ] {
        let refused = raw.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    assert_eq!(ledger.verify().await, LedgerHealth::Verified { events: 6 });
}

#[tokio::test]
async fn i8_an_opened_ledger_begins_nothing_before_it_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    assert_eq!(ledger.health(), LedgerHealth::Verified { events: 0 });
    let p = purpose(1, Act::Issue);
    for state in [S::Intent, S::Snapshotted, S::Sending] {
        ledger.append(draft(intent(1), &p, state, 1)).await.unwrap();
    }
    let console = ledger.console_id().to_owned();
    drop(ledger);
    let ledger = open(dir.path());
    assert_eq!(ledger.console_id(), console);
    assert_eq!(ledger.health(), LedgerHealth::Verifying);
    let begun = ledger.append(draft(intent(2), &purpose(2, Act::Issue), S::Intent, 1)).await;
    assert!(matches!(begun, Err(LedgerError::Unsafe(_))));
    ledger.append(draft(intent(1), &p, S::Unknown, 1)).await.unwrap();
    assert_eq!(ledger.verify().await, LedgerHealth::Verified { events: 4 });
    ledger.append(draft(intent(2), &purpose(2, Act::Issue), S::Intent, 1)).await.unwrap();
}

#[tokio::test]
async fn i8_a_stand_in_reads_and_refuses() {
    let ledger = SqliteLedger::unavailable("no disk", clock()).unwrap();
    assert_eq!(ledger.verify().await, LedgerHealth::Broken("no disk".into()));
    assert!(ledger.unfinished().await.unwrap().is_empty());
    let p = purpose(1, Act::Issue);
    assert_eq!(
        ledger.append(draft(intent(1), &p, S::Intent, 1)).await.unwrap_err(),
        LedgerError::Unsafe("no disk".into())
    );
}

#[tokio::test]
async fn i8_without_its_anchor_nothing_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let p = purpose(1, Act::Issue);
    for state in [S::Intent, S::Snapshotted] {
        ledger.append(draft(intent(1), &p, state, 1)).await.unwrap();
    }
    std::fs::remove_file(paths(dir.path()).anchor).unwrap();
    let sent = ledger.append(draft(intent(1), &p, S::Sending, 1)).await;
    assert!(matches!(sent, Err(LedgerError::Unsafe(why)) if why.contains("anchor")));
    assert!(matches!(ledger.health(), LedgerHealth::Broken(_)));
    assert_eq!(ledger.intent(intent(1)).await.unwrap().unwrap().state, S::Snapshotted, "no half state");
}

#[tokio::test]
async fn i8_an_event_that_cannot_be_read_back_sends_nothing() {
    for lie in ["UPDATE events SET hash = 'other' WHERE seq = NEW.seq", "DELETE FROM events WHERE seq = NEW.seq"] {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let p = purpose(1, Act::Issue);
        for state in [S::Intent, S::Snapshotted] {
            ledger.append(draft(intent(1), &p, state, 1)).await.unwrap();
        }
        // Something that says it stored what it was given, and did not.
        let raw = rusqlite::Connection::open(paths(dir.path()).database).unwrap();
        raw.execute_batch(&format!(
            "DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete;
             CREATE TRIGGER lie AFTER INSERT ON events BEGIN {lie}; END"
        ))
        .unwrap();
        let sent = ledger.append(draft(intent(1), &p, S::Sending, 1)).await;
        assert!(matches!(&sent, Err(LedgerError::Unsafe(why)) if why.contains("read back")), "{lie}: {sent:?}");
        assert!(matches!(ledger.health(), LedgerHealth::Broken(_)));
    }
}

#[tokio::test]
async fn i1_every_commit_of_the_journal_waits_for_the_disk() {
    const FULL: i64 = 2;
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    assert_eq!(ledger.synchronous().await, FULL);
    // Leases need not wait; what is written after one does.
    let (holder, own) = (purpose(1, Act::Issue).holder, process::this_process());
    for (owner, granted) in [(&own, true), (&mark(1), false)] {
        assert_eq!(ledger.claim(&holder, owner).await, Ok(granted));
        assert_eq!(ledger.synchronous().await, FULL);
    }
    ledger.release(&holder, &own).await.unwrap();
    assert_eq!(ledger.synchronous().await, FULL);
}

#[tokio::test]
async fn i8_a_full_disk_leaves_no_half_state_and_the_outcome_can_be_recorded_later() {
    let mut filled = 0;
    for room in 1..40 {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        // SQLite allows no fewer pages than there are, so this leaves exactly the room that is used by growing.
        ledger.allow_pages(1).await;
        ledger.allow_pages(15 + room).await;
        let p = purpose(1, Act::Issue);
        let mut stored = 0;
        let mut last = None;
        for n in 1..60u128 {
            let q = purpose(n, Act::Issue);
            for event in whole(intent(n), &q) {
                match ledger.append(event.clone()).await {
                    Ok(_) => stored += 1,
                    Err(error) => {
                        assert!(matches!(error, LedgerError::Unsafe(_)), "{error:?}");
                        last = Some(event);
                        break;
                    }
                }
            }
            if last.is_some() {
                break;
            }
        }
        let Some(refused) = last else { continue };
        filled += 1;
        assert!(matches!(ledger.health(), LedgerHealth::Broken(_)));
        let begun = ledger.append(draft(intent(900), &purpose(900, Act::Issue), S::Intent, 1)).await;
        assert!(matches!(begun, Err(LedgerError::Unsafe(_))), "nothing is begun");
        assert!(ledger.intents_of(&p.holder).await.is_ok(), "reading goes on");
        ledger.allow_pages(100_000).await;
        assert_eq!(ledger.verify().await, LedgerHealth::Verified { events: stored });
        ledger.append(refused).await.unwrap();
        assert_eq!(ledger.verify().await, LedgerHealth::Verified { events: stored + 1 });
    }
    assert!(filled > 20, "the disk was full in {filled} runs only");
}

#[tokio::test]
async fn i8_a_network_file_system_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = SqliteLedger::open_with_probe(&paths(dir.path()), clock(), |_: &Path| Ok(0xFE53_4D42));
    assert!(refused.unwrap_err().to_string().contains("SMB2"));
    assert_eq!(place::remote_file_system(dir.path(), place::kernel_probe).unwrap(), None);
}

#[tokio::test]
async fn i6_two_ledgers_on_one_file_make_one_chain() {
    let dir = tempfile::tempdir().unwrap();
    let one = open(dir.path());
    let two = open(dir.path());
    assert!(matches!(two.verify().await, LedgerHealth::Verified { .. }));
    assert_eq!(one.console_id(), two.console_id());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 1..=20u128 {
        let ledger = if n % 2 == 0 { one.clone() } else { two.clone() };
        tasks.spawn(async move {
            for event in whole(intent(n), &purpose(n, Act::Issue)) {
                ledger.append(event).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let p = purpose(50, Act::Issue);
    one.append(draft(intent(50), &p, S::Intent, 1)).await.unwrap();
    assert_eq!(two.append(draft(intent(51), &p, S::Intent, 1)).await, Err(LedgerError::Busy(intent(50))));
    assert_eq!(two.verify().await, LedgerHealth::Verified { events: 121 });
    assert_eq!(one.verify().await, LedgerHealth::Verified { events: 121 });
}

#[tokio::test]
async fn every_file_is_private_whatever_the_umask() {
    use rustix::fs::Mode;
    for mask in [0o000, 0o077] {
        let dir = tempfile::tempdir().unwrap();
        let before = rustix::process::umask(Mode::from_raw_mode(mask));
        let ledger = open(dir.path());
        ledger.append_all(whole(intent(1), &purpose(1, Act::Issue))).await.unwrap();
        ledger.verify().await;
        rustix::process::umask(before);
        let mut files = 0;
        let mut folders = vec![dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let mode = path.metadata().unwrap().permissions().mode() & 0o777;
                if path.is_dir() {
                    assert_eq!(mode, 0o700, "{path:?} under umask {mask:o}");
                    folders.push(path);
                } else {
                    assert_eq!(mode, 0o600, "{path:?} under umask {mask:o}");
                    files += 1;
                }
            }
        }
        assert_eq!(files, 5, "database, WAL, SHM, key and anchor");
    }
}

#[tokio::test]
async fn i8_a_ledger_that_cannot_be_written_can_be_read_and_begins_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let files = paths(dir.path());
    let ledger = open(dir.path());
    ledger.append_all(whole(intent(1), &purpose(1, Act::Issue))).await.unwrap();
    let holder = purpose(1, Act::Issue).holder;
    // Once beside an open ledger with its log, once alone.
    for writer in [Some(ledger), None] {
        let before = std::fs::read(&files.database).unwrap();
        let reading = SqliteLedger::read_only(&files, "it cannot be written", clock()).unwrap();
        assert_eq!(reading.intents_of(&holder).await.unwrap().len(), 1);
        assert_eq!(reading.health(), LedgerHealth::Verifying);
        assert!(matches!(reading.verify().await, LedgerHealth::ReadOnly(why) if why.contains("cannot be written")));
        for state in [S::Intent, S::Held] {
            assert!(reading.append(draft(intent(2), &purpose(2, Act::Issue), state, 1)).await.is_err());
        }
        assert!(reading.claim(&holder, &mark(1)).await.is_err());
        drop(reading);
        assert_eq!(std::fs::read(&files.database).unwrap(), before);
        drop(writer);
        // The writer's threads end on their own; what they leave is put into the file here.
        rusqlite::Connection::open(&files.database)
            .and_then(|c| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
            .unwrap();
    }
}
