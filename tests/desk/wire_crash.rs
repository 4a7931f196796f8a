//! The console dies before or after every journal write and every call of a reissue over the wire; the next one
//! opens the same file and finds out by reading. The world itself says what is true.

use crate::site::{BOTH, JANE, Proofs, Site};
use crate::stopping::{StoppingLedger, StoppingVendor, Stops};
use passdesk::domain::ids::CredentialId;
use passdesk::domain::journal::{IntentRecord, IntentState};
use passdesk::domain::policy::{Mode, Why};
use passdesk::domain::reissue::{ReissueEnd, ReissuePlan};
use passdesk::ports::ledger::{Ledger, LedgerHealth};
use passdesk::simulator::{Author, ForeignKind, When};
use passdesk::store::ledger::SqliteLedger;
use passdesk::store::paths::DataRoot;
use passdesk::workflow::reissue;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Work {
    Swap,
    AfterAccept,
    Retire,
}

enum Ready {
    Plan(Box<ReissuePlan>),
    Waiting(Box<IntentRecord>),
}

async fn get_ready(site: &Site, work: Work, old: &CredentialId) -> Ready {
    let why = (work != Work::Swap).then_some(Why::NewPhone);
    let plan = site.preview(old, why).await.unwrap();
    if work != Work::Retire {
        return Ready::Plan(Box::new(plan));
    }
    let ReissueEnd::Waiting { new, .. } = site.run(plan).await else { panic!("the first half did not end") };
    site.accept(&new.id);
    Ready::Waiting(Box::new(site.ledger.waiting_retirements().await.unwrap().pop().unwrap()))
}

/// Runs `work` and cuts it short at point `at`. True if the point was reached.
async fn cut(work: Work, proofs: Proofs, at: usize) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let paths = DataRoot::new(folder.path()).ledger(Mode::Sim);
    let site = Site::open_over(at as u64, proofs, |clock| Arc::new(SqliteLedger::open(&paths, clock).unwrap())).await;
    let person = if work == Work::Swap { JANE.to_owned() } else { site.somebody_active() };
    let old = site.ours(&person);
    let foreign = site.foreign(&person, ForeignKind::SameType, When::Now).unwrap();
    let ready = get_ready(&site, work, &old).await;
    let (before, sent_before) = (site.world().cardholder(&person).unwrap(), site.patches());

    let stops = Stops::at(at);
    let vendor = Arc::new(StoppingVendor(Arc::clone(&site.provider), Arc::clone(&stops)));
    let dying = site.means_with(vendor, Arc::new(StoppingLedger(Arc::clone(&site.ledger), Arc::clone(&stops))), 1);
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
    let place = format!("{work:?} {proofs:?} seed and point {at}: {}", stops.place());
    drop(dying);
    if let Some(end) = end {
        assert!(matches!(end, ReissueEnd::Done { .. } | ReissueEnd::Waiting { .. }), "{place}: {end:?}");
    }

    let Site { sim, provider, clock, ledger, dice } = site;
    drop(ledger);
    let file = SqliteLedger::open(&paths, Arc::clone(&clock)).unwrap();
    assert!(matches!(file.verify().await, LedgerHealth::Verified { .. }), "{place}");
    let site = Site { sim, provider, clock, ledger: Arc::new(file), dice };
    let sent = site.patches();
    site.recover(&site.means(2)).await;
    assert_eq!(site.patches(), sent, "{place}: recovery only reads (i5)");
    assert!(sent - sent_before <= 1, "{place}: one intent, one request (i2)");

    let after = site.world().cardholder(&person).unwrap();
    let new: Vec<_> = after.cards.iter().filter(|c| before.cards.iter().all(|b| b.segment != c.segment)).collect();
    let touched = after.removed.iter().filter(|c| c.created_by != Author::Console).count();
    assert_eq!(touched, 0, "{place}: somebody else's card was removed (h1)");
    assert!(after.cards.iter().any(|c| c.segment == foreign), "{place}");
    assert!(new.len() <= usize::from(work != Work::Retire), "{place}: two new cards (h2)");

    let records = site.records(&person).await;
    let earlier = if work == Work::Retire { 2 } else { 1 };
    let applied = sent > sent_before;
    let Some(record) = records.get(earlier) else {
        assert!(!applied, "{place}: the record of a sent change was lost (h3)");
        return reached;
    };
    // The feed proves absence whoever acted: that works without an operator of our own.
    let expected = if applied { IntentState::Done } else { IntentState::Abandoned };
    assert_eq!(record.state, expected, "{place}");
    let gone = after.cards.iter().all(|c| !old.key.as_str().ends_with(&c.segment));
    assert_eq!(gone, applied && work != Work::AfterAccept, "{place}");
    if let [new] = new.as_slice() {
        let id: CredentialId = format!("gall:{person}/{}", new.segment).parse().unwrap();
        assert_eq!(record.binding.as_ref().unwrap().object.as_ref().unwrap().id, id, "{place}");
        assert_eq!(site.badge(&id).await, "*ours", "{place}");
    }
    reached
}

async fn all_points(work: Work) {
    for proofs in [BOTH, Proofs { marker: true, feed: false }] {
        let mut points = 0;
        while cut(work, proofs, points).await {
            points += 1;
            assert!(points < 200, "the work never ends");
        }
        println!("{work:?} {proofs:?}: {points} crash points over the wire, each with its number as seed");
        assert!(points >= 20, "only {points} points were passed");
    }
}

#[tokio::test]
async fn i5_a_swap_over_the_wire_survives_a_crash_at_every_point() {
    all_points(Work::Swap).await;
}

#[tokio::test]
async fn i5_an_issue_over_the_wire_survives_a_crash_at_every_point() {
    all_points(Work::AfterAccept).await;
}

#[tokio::test]
async fn i5_a_retirement_over_the_wire_survives_a_crash_at_every_point() {
    all_points(Work::Retire).await;
}
