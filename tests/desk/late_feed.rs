//! Somebody else copies the number of our new card, and our marker with it, between our change and our look, while
//! the change feed is late, merges rows, does not answer, or names our own operator. No copy is ever ours.

use crate::site::{BOTH, JANE, Proofs, Site};
use passdesk::domain::ids::CredentialId;
use passdesk::domain::journal::IntentState;
use passdesk::domain::reissue::ReissueEnd;
use passdesk::simulator::{Author, Fault, FaultKind, FaultMatch, ForeignKind, When};
use passdesk::workflow::recovery;
use serde_json::json;
use std::future::Future;
use std::time::Duration;

const MARKER_ONLY: Proofs = Proofs { marker: true, feed: false };

/// What is the matter with the feed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Feed {
    Late,
    Merged,
    Failing,
    Shared,
}

fn feed_fails(skip: u32) -> Fault {
    let on = FaultMatch { method: Some("GET".into()), path: Some("/api/cardholders/changes".into()) };
    Fault { on, skip, times: 0, kind: FaultKind::StatusBefore { status: 500, retry_after: None } }
}

fn trouble(site: &Site, feed: Feed) {
    let switches = match feed {
        Feed::Late => json!({ "feed_latency_s": 60 }),
        Feed::Merged => json!({ "feed_merge_s": 60 }),
        Feed::Shared => json!({ "foreign_operator": "shared" }),
        // The bookmark still comes; a change without one is not sent.
        Feed::Failing => return site.world().arm(feed_fails(1)).unwrap(),
    };
    site.world().change_switches(&switches).unwrap();
}

/// Runs twenty seeds side by side: each waits more than it works.
async fn twenty<F: Future<Output = ()> + Send + 'static>(one: impl Fn(u64) -> F) {
    let all: Vec<_> = (0..20).map(|seed| tokio::spawn(one(seed))).collect();
    for run in all {
        run.await.unwrap();
    }
}

/// The card that the other system made.
fn copy_of(site: &Site) -> CredentialId {
    let cards = site.world().cardholder(JANE).unwrap().cards;
    let copy = cards.iter().rfind(|c| c.created_by == Author::Foreign && c.number.contains("PDX")).unwrap();
    format!("gall:{JANE}/{}", copy.segment).parse().unwrap()
}

/// A look at the copy and an attempt to remove it: neither may take it for ours.
async fn is_not_ours(site: &Site, place: &str) {
    let copy = copy_of(site);
    assert_eq!(site.badge(&copy).await, "?ambig", "{place}");
    match site.preview(&copy, Some(passdesk::domain::policy::Why::NewPhone)).await {
        Ok(plan) => assert!(plan.leaves_old && plan.change.remove.is_none(), "{place}"),
        // While the question is open, nothing at all is begun for the person.
        Err(problem) => assert!(problem.what.contains("not settled yet"), "{place}: {problem}"),
    }
}

async fn a_copy_in_the_gap(seed: u64, proofs: Proofs, feed: Feed, lost: bool) {
    let place = format!("seed {seed} {proofs:?} {feed:?} lost {lost}");
    let site = Site::open(seed, proofs).await;
    let plan = site.preview(&site.ours(JANE), None).await.unwrap();
    trouble(&site, feed);
    site.foreign(JANE, ForeignKind::ReissueCopy, When::AfterNextPatch);
    if lost {
        site.world().arm(Fault::once("PATCH", FaultKind::DropAfter)).unwrap();
    }
    let end = site.run(plan).await;
    assert!(matches!(end, ReissueEnd::Unknown(..) | ReissueEnd::Ambiguous(..)), "{place}: {end:?}");
    is_not_ours(&site, &place).await;

    // However long it takes, and whatever the feed says in the end.
    site.recover(&site.means(2)).await;
    is_not_ours(&site, &place).await;
    site.world().clear_faults();
    site.world().advance(700);
    recovery::settle(&site.means(1), site.last(JANE).await).await;
    is_not_ours(&site, &place).await;
    let record = site.last(JANE).await;
    assert!(matches!(record.state, IntentState::Ambiguous | IntentState::Diverged), "{place}: {}", record.state);
    recovery::hold(&site.means(1), record.intent, "looked at it").await.unwrap();
    is_not_ours(&site, &place).await;

    let end =
        site.run(site.preview(&copy_of(&site), Some(passdesk::domain::policy::Why::NewPhone)).await.unwrap()).await;
    let removed = site.world().cardholder(JANE).unwrap().removed;
    let theirs = removed.iter().filter(|c| c.created_by == Author::Foreign).count();
    assert_eq!(theirs, 0, "{place}: {end:?}");
}

#[tokio::test]
async fn i13_a_copy_is_never_ours_while_the_feed_is_late() {
    twenty(|seed| a_copy_in_the_gap(seed, if seed % 4 == 3 { MARKER_ONLY } else { BOTH }, Feed::Late, seed % 2 == 0))
        .await;
}

#[tokio::test]
async fn i13_a_copy_is_never_ours_while_the_feed_merges_rows() {
    twenty(|seed| a_copy_in_the_gap(seed, if seed % 4 == 3 { MARKER_ONLY } else { BOTH }, Feed::Merged, seed % 2 == 0))
        .await;
}

#[tokio::test]
async fn i13_a_copy_is_never_ours_while_the_feed_fails() {
    twenty(|seed| {
        a_copy_in_the_gap(seed, if seed % 4 == 3 { MARKER_ONLY } else { BOTH }, Feed::Failing, seed % 2 == 0)
    })
    .await;
}

#[tokio::test]
async fn i13_a_copy_is_never_ours_when_another_system_shares_our_operator() {
    twenty(|seed| a_copy_in_the_gap(seed, BOTH, Feed::Shared, seed % 2 == 0)).await;
}

#[tokio::test]
async fn a_feed_that_lags_a_second_still_ends_done_at_once() {
    twenty(|seed| async move {
        let site = Site::open(seed, BOTH).await;
        let plan = site.preview(&site.ours(JANE), None).await.unwrap();
        site.world().change_switches(&json!({ "feed_latency_s": 1 })).unwrap();
        let world = site.world();
        let later = async move {
            tokio::time::sleep(Duration::from_millis(600)).await;
            world.advance(1);
        };
        let (end, ()) = tokio::join!(site.run(plan), later);
        assert!(matches!(end, ReissueEnd::Done { .. }), "seed {seed}: {end:?}");
    })
    .await;
}

#[tokio::test]
async fn a_late_feed_settles_as_soon_as_it_speaks() {
    let site = Site::open(1, BOTH).await;
    let plan = site.preview(&site.ours(JANE), None).await.unwrap();
    trouble(&site, Feed::Late);
    let end = site.run(plan).await;
    assert!(matches!(&end, ReissueEnd::Unknown(_, p) if p.why.contains("does not show who added it")), "{end:?}");
    assert_eq!(site.last(JANE).await.state, IntentState::Applied);
    site.world().advance(61);
    let settled = recovery::settle(&site.means(1), site.last(JANE).await).await;
    assert_eq!(settled.state, IntentState::Done, "{}", settled.words);
    assert_eq!(site.badge(&site.ours(JANE)).await, "*ours");
}

#[tokio::test]
async fn a_feed_that_stays_silent_can_be_parked_and_may_still_speak_before() {
    for parked in [true, false] {
        let site = Site::open(2, BOTH).await;
        let plan = site.preview(&site.ours(JANE), None).await.unwrap();
        trouble(&site, Feed::Failing);
        assert!(matches!(site.run(plan).await, ReissueEnd::Unknown(..)));
        site.recover(&site.means(2)).await;
        let record = site.last(JANE).await;
        assert_eq!(record.state, IntentState::Diverged, "time alone makes nothing ours");
        let new = site.ours(JANE);
        if parked {
            recovery::hold(&site.means(1), record.intent, "looked at it").await.unwrap();
            assert_eq!(site.last(JANE).await.remark.unwrap().candidates.len(), 1);
            assert_eq!(site.badge(&new).await, "?ambig");
        } else {
            site.world().clear_faults();
            let settled = recovery::settle(&site.means(1), record).await;
            assert_eq!((settled.state, site.badge(&new).await), (IntentState::Done, "*ours"), "{}", settled.words);
        }
    }
}

#[tokio::test]
async fn i13_an_unknown_outcome_makes_nothing_ours_in_a_list() {
    let site = Site::open(3, BOTH).await;
    let plan = site.preview(&site.ours(JANE), None).await.unwrap();
    site.world().arm(Fault::once("PATCH", FaultKind::DropAfter)).unwrap();
    assert!(matches!(site.run(plan).await, ReissueEnd::Unknown(..)));
    let new = site.ours(JANE);
    let (_, ownership) = site.live(JANE).await.into_iter().find(|(card, _)| card.id == new).unwrap();
    assert_eq!(ownership.grade.badge(), "?ambig");
    assert!(ownership.clues.iter().any(|c| c.as_str() == "our marker, not settled yet"), "{:?}", ownership.clues);
    let intent = site.last(JANE).await.intent;
    recovery::hold(&site.means(1), intent, "looked at it").await.unwrap();
    assert_eq!(site.badge(&new).await, "?ambig");
    assert_eq!(site.last(JANE).await.remark.unwrap().candidates[0].id, new);
}

#[tokio::test]
async fn i12_the_gate_reads_the_feed_again_for_a_marked_pass() {
    let site = Site::open(4, BOTH).await;
    let plan = site.preview(&site.ours(JANE), None).await.unwrap();
    let ReissueEnd::Done { new: Some(new), .. } = site.run(plan).await else { panic!() };
    let why = Some(passdesk::domain::policy::Why::NewPhone);
    assert!(!site.preview(&new.id, why).await.unwrap().leaves_old);
    site.world().arm(feed_fails(0)).unwrap();
    let plan = site.preview(&new.id, why).await.unwrap();
    assert!(plan.leaves_old && plan.then.contains("cannot be read"), "{}", plan.then);
    // Without a bookmark there would be no proof of what comes of it: nothing is sent.
    let end = site.run(plan).await;
    assert!(matches!(end, ReissueEnd::NotSent(_)), "{end:?}");
    assert_eq!(site.patches(), 1);
}

#[tokio::test]
async fn i12_the_gate_refuses_a_marked_pass_that_the_feed_ascribes_to_another() {
    let bench = crate::bench::Bench::new(5, true, true);
    let ours = bench.issue_ours("phone").await;
    assert!(!bench.preview(&ours, Some(passdesk::domain::policy::Why::NewPhone)).await.unwrap().leaves_old);
    bench.town.streets().feed[0].operator = Some(crate::town::them());
    let plan = bench.preview(&ours, Some(passdesk::domain::policy::Why::NewPhone)).await.unwrap();
    assert!(plan.leaves_old && plan.then.contains("names somebody else"), "{}", plan.then);
}
