//! The console dies before or after every journal write and every call, and the next one finds out by reading.
//!
//! The ledger is a file that is closed and opened again.

use crate::bench::Bench;
use crate::stopping::{StoppingLedger, StoppingVendor, Stops};
use crate::town::{Watch, holder_id};
use passdesk::domain::ids::CredentialId;
use passdesk::domain::journal::{IntentRecord, IntentState, ProcessMark};
use passdesk::domain::policy::{Mode, Why};
use passdesk::domain::reissue::{ReissueEnd, ReissuePlan};
use passdesk::ports::clock::Clock;
use passdesk::ports::ledger::{Ledger, LedgerHealth};
use passdesk::ports::provider::Provider;
use passdesk::store::ledger::SqliteLedger;
use passdesk::store::paths::DataRoot;
use passdesk::workflow::recovery::{self, RECONCILE_AT_SECONDS};
use passdesk::workflow::reissue;
use std::path::Path;
use std::sync::Arc;

/// What is cut short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Work {
    Swap,
    AfterAccept,
    Retire,
}

/// What the site can prove.
#[derive(Clone, Copy, Debug)]
struct Site {
    marker: bool,
    feed: bool,
}

fn open(root: &Path, watch: &Arc<Watch>) -> Arc<SqliteLedger> {
    Arc::new(SqliteLedger::open(&DataRoot::new(root).ledger(Mode::Sim), Arc::clone(watch) as Arc<dyn Clock>).unwrap())
}

enum Ready {
    Plan(Box<ReissuePlan>),
    Waiting(Box<IntentRecord>),
}

/// Runs `work` and cuts it short at point `at`. True if the point was reached.
async fn cut(work: Work, site: Site, at: usize) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let watch = Watch::new();
    let file = open(folder.path(), &watch);
    let bench = Bench::over(file, &watch, at as u64, site.marker, site.feed);
    let foreign = bench.town.streets().foreign_add("theirs");
    let old = bench.issue_ours("0411 222 333").await;
    let ready = get_ready(&bench, work, &old).await;

    let stops = Stops::at(at);
    let provider = Arc::new(StoppingVendor(Arc::clone(&bench.town) as Arc<dyn Provider>, Arc::clone(&stops)));
    let ledger = Arc::new(StoppingLedger(Arc::clone(&bench.ledger), Arc::clone(&stops)));
    let dying = bench.means_with(provider, ledger, 1);
    let (before, sent_before) = (ids(&bench), bench.town.sent());
    let run = async {
        match ready {
            Ready::Plan(plan) => reissue::run(&dying, *plan, |_| ()).await,
            Ready::Waiting(issue) => reissue::retire(&dying, *issue).await,
        }
    };
    let (reached, end) = tokio::select! {
        end = run => (false, Some(end)),
        () = stops.reached.notified() => (true, None),
    };
    let place = format!("{work:?} {site:?} point {at}: {}", stops.place());
    drop(dying);

    // The next start: the file is opened again and the dead process's work is settled by reading.
    let Bench { watch, dice, town, ledger } = bench;
    drop(ledger);
    let file = open(folder.path(), &watch);
    assert!(matches!(file.verify().await, LedgerHealth::Verified { .. }), "{place}");
    let next = Bench { watch, dice, town, ledger: file };
    let means = next.means_with(Arc::clone(&next.town) as Arc<dyn Provider>, Arc::clone(&next.ledger), 2);
    let sent = next.town.sent();
    let mut waited = 0;
    for at in RECONCILE_AT_SECONDS {
        next.watch.advance(at - waited);
        waited = at;
        recovery::recover(&means, &|owner: &ProcessMark| owner.pid == 2).await;
    }
    assert_eq!(next.town.sent(), sent, "{place}: recovery only reads (i5)");
    assert!(sent - sent_before <= 1, "{place}: one intent, one request (i2)");
    check(&next, work, site, &place, &old, &foreign, &before, sent > sent_before).await;
    if let Some(end) = end {
        let good = matches!(end, ReissueEnd::Done { .. } | ReissueEnd::Waiting { .. });
        assert!(good, "{place}: {end:?}");
    }
    reached
}

async fn get_ready(bench: &Bench, work: Work, old: &CredentialId) -> Ready {
    if work == Work::Swap {
        bench.town.streets().expire(old);
        return Ready::Plan(Box::new(bench.preview(old, None).await.unwrap()));
    }
    bench.town.streets().accept(old);
    let plan = bench.preview(old, Some(Why::NewPhone)).await.unwrap();
    if work == Work::AfterAccept {
        return Ready::Plan(Box::new(plan));
    }
    let ReissueEnd::Waiting { new, .. } = bench.run(plan).await else { panic!("the first half did not end") };
    bench.town.streets().accept(&new.id);
    bench.watch.advance(60);
    Ready::Waiting(Box::new(bench.ledger.waiting_retirements().await.unwrap().pop().unwrap()))
}

fn ids(bench: &Bench) -> Vec<CredentialId> {
    bench.town.streets().cards().iter().map(|c| c.id.clone()).collect()
}

#[allow(clippy::too_many_arguments)]
async fn check(
    bench: &Bench,
    work: Work,
    site: Site,
    place: &str,
    old: &CredentialId,
    foreign: &CredentialId,
    before: &[CredentialId],
    sent: bool,
) {
    let after = ids(bench);
    let new: Vec<&CredentialId> = after.iter().filter(|id| !before.contains(id)).collect();
    assert!(after.contains(foreign), "{place}: a foreign card was touched");
    assert!(new.len() <= usize::from(work != Work::Retire), "{place}: two new cards");
    assert_eq!(bench.badge(foreign).await, "-foreign", "{place}");

    let records = bench.ledger.intents_of(&holder_id()).await.unwrap();
    let earlier = if work == Work::Retire { 2 } else { 1 };
    assert!(records.len() <= earlier + 1, "{place}: {records:?}");
    let Some(record) = records.get(earlier) else {
        assert!(!sent, "{place}: the record of a sent change was lost (h3)");
        return;
    };
    if !sent {
        let expected: &[IntentState] = match (record.sent.is_some(), work, site.feed) {
            // SENDING is durable, and nothing left. Only a feed, or the card that is still there, can prove it.
            (true, Work::Swap | Work::AfterAccept, false) => &[IntentState::Unknown],
            _ => &[IntentState::Abandoned],
        };
        assert!(expected.contains(&record.state), "{place}: {record:?}");
        assert_eq!(after, before, "{place}");
        return;
    }
    let settled = record.state == IntentState::Done;
    assert!(settled, "{place}: {record:?}");
    let bound = record.binding.as_ref().unwrap();
    assert_eq!(bound.object.as_ref().map(|seen| &seen.id), new.first().copied(), "{place}");
    match work {
        Work::Swap | Work::Retire => {
            assert!(!after.contains(old), "{place}");
            assert_eq!(bound.ended.as_ref().map(|seen| &seen.id), Some(old), "{place}");
        }
        Work::AfterAccept => {
            assert!(after.contains(old), "{place}: the old one went before the new one was accepted (i16)");
            assert_eq!(bench.ledger.waiting_retirements().await.unwrap().len(), 1, "{place}");
        }
    }
    if let Some(new) = new.first() {
        assert_eq!(bench.badge(new).await, "*ours", "{place}");
    }
}

async fn all_points(work: Work, site: Site) {
    let mut points = 0;
    while cut(work, site, points).await {
        points += 1;
        assert!(points < 200, "the work never ends");
    }
    println!("{work:?} {site:?}: {points} crash points");
    assert!(points >= 20, "only {points} points were passed");
}

const SITES: [Site; 3] =
    [Site { marker: true, feed: true }, Site { marker: true, feed: false }, Site { marker: false, feed: true }];

#[tokio::test(start_paused = true)]
async fn i5_a_swap_survives_a_crash_at_every_point() {
    for site in SITES {
        all_points(Work::Swap, site).await;
    }
}

#[tokio::test(start_paused = true)]
async fn i5_an_issue_survives_a_crash_at_every_point() {
    for site in SITES {
        all_points(Work::AfterAccept, site).await;
    }
}

#[tokio::test(start_paused = true)]
async fn i5_a_retirement_survives_a_crash_at_every_point() {
    for site in SITES {
        all_points(Work::Retire, site).await;
    }
}
