//! Clocks that disagree, that somebody sets, and that stand still while the machine sleeps.

use crate::bench::Bench;
use crate::town::{Answer, Watch};
use jiff::{SignedDuration, Timestamp};
use passdesk::domain::credential::System;
use passdesk::domain::journal::IntentState;
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::policy::Why;
use passdesk::domain::problem::ProblemKind;
use passdesk::domain::reissue::ReissueEnd;
use passdesk::ports::clock::Clock;
use passdesk::workflow::{Means, recovery, reissue, turn};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The bench's clock on a machine whose wall clock somebody sets.
struct SetClock {
    true_time: Arc<Watch>,
    set_by: AtomicI64,
}

impl SetClock {
    fn set(&self, seconds: i64) {
        self.set_by.store(seconds, Ordering::SeqCst);
    }
    fn by(&self) -> SignedDuration {
        SignedDuration::from_secs(self.set_by.load(Ordering::SeqCst))
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.true_time.now() + self.by()
    }
    fn elapsed(&self) -> Duration {
        self.true_time.elapsed()
    }
    fn drift(&self) -> SignedDuration {
        self.by()
    }
}

fn settable(bench: &Bench) -> (Arc<SetClock>, Means) {
    let clock = Arc::new(SetClock { true_time: Arc::clone(&bench.watch), set_by: AtomicI64::new(0) });
    let means = Means { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..bench.means() };
    (clock, means)
}

/// Lets the vendor's answers carry this time from now on.
fn vendor_says(bench: &Bench, apart: i64) {
    let date = bench.watch.now() + SignedDuration::from_secs(apart);
    bench.town.streets().people[0].server_date = Some(date);
}

#[tokio::test(start_paused = true)]
async fn i25_comparing_lists_binds_nothing_while_the_clocks_disagree() {
    for apart in [-121, 121, 7200] {
        let bench = Bench::new(1, false, false);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().accept(&old);
        assert_eq!(bench.badge(&old).await, "~infer");
        vendor_says(&bench, apart);
        assert_eq!(bench.badge(&old).await, "?ambig", "{apart} s: a grade by comparison is none");
        let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
        assert!(plan.ownership.clues[0].as_str().contains("clocks"), "{:?}", plan.ownership);
        let end = bench.run(plan).await;
        let ReissueEnd::Ambiguous(_, problem) = end else { panic!("{apart}: {end:?}") };
        assert!(problem.why.contains("minutes apart"), "{problem}");
        assert_eq!(bench.last().await.state, IntentState::Diverged);
    }
    let bench = Bench::new(1, false, false);
    let old = bench.issue_ours("phone").await;
    vendor_says(&bench, 119);
    assert_eq!(bench.badge(&old).await, "~infer", "less than two minutes are no trouble");
}

#[tokio::test(start_paused = true)]
async fn i25_a_lost_answer_is_not_settled_by_comparison_after_somebody_set_the_clock() {
    for by in [-600, 600] {
        let bench = Bench::new(2, false, false);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().accept(&old);
        bench.town.streets().answers.push_back(Answer::LostAfter);
        let (clock, means) = settable(&bench);
        let plan = reissue::preview(&means, bench.request(&old, Some(Why::NewPhone))).await.unwrap();
        assert!(matches!(reissue::run(&means, plan, |_| ()).await, ReissueEnd::Unknown(..)));
        bench.watch.advance(700);
        clock.set(by);
        let settled = recovery::settle(&means, bench.last().await).await;
        assert_eq!(settled.state, IntentState::Ambiguous, "{by}: {}", settled.words);
        assert!(settled.words.contains("clock here was set"), "{}", settled.words);
    }
}

#[tokio::test(start_paused = true)]
async fn i25_what_a_mark_proves_needs_no_clock() {
    for system in [System::Gallagher, System::AccessGrid, System::CardExchange] {
        let bench = Bench::of(system, 3);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().accept(&old);
        vendor_says(&bench, 86_400);
        let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
        assert!(matches!(bench.run(plan).await, ReissueEnd::Waiting { .. }), "{system}");
        assert_eq!(bench.badge(&old).await, "*ours", "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i25_which_came_first_the_journal_says_and_no_clock() {
    for system in [System::Gallagher, System::AccessGrid, System::CardExchange] {
        let bench = Bench::of(system, 4);
        let (old, other) = (bench.issue_ours("phone").await, bench.issue_ours("other").await);
        for id in [&old, &other] {
            bench.town.streets().accept(id);
        }
        let (clock, means) = settable(&bench);
        let plan = turn::preview(&means, bench.turn_request(&old, Verb::Suspend, Some(Why::Damaged))).await.unwrap();
        // The clock goes back a little, so that what is done now looks older than the preview.
        clock.set(-4);
        bench.watch.advance(1);
        let before = turn::preview(&means, bench.turn_request(&other, Verb::Suspend, Some(Why::Lost))).await.unwrap();
        assert!(matches!(turn::run(&means, before, |_| ()).await, ReissueEnd::Done { .. }), "{system}");
        let end = turn::run(&means, plan, |_| ()).await;
        let stale = matches!(&end, ReissueEnd::NotSent(p) if p.what.contains("since the preview"));
        assert!(stale, "{system}: {end:?}");
        assert_eq!(bench.town.sent(), 1, "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i18_a_plan_dies_of_old_age_whatever_the_wall_clock_says() {
    let bench = Bench::of(System::AccessGrid, 5);
    let (old, other) = (bench.issue_ours("phone").await, bench.issue_ours("other").await);
    for id in [&old, &other] {
        bench.town.streets().accept(id);
    }
    let (clock, means) = settable(&bench);
    let act = turn::preview(&means, bench.turn_request(&old, Verb::Suspend, Some(Why::Lost))).await.unwrap();
    let new = reissue::preview(&means, bench.request(&old, Some(Why::NewPhone))).await.unwrap();
    // Sixteen minutes pass, of which the wall clock shows one: it was set, or the lid was closed.
    bench.watch.advance(16 * 60);
    clock.set(-15 * 60);
    let ends = [turn::run(&means, act, |_| ()).await, reissue::run(&means, new, |_| ()).await];
    for end in ends {
        assert!(matches!(&end, ReissueEnd::NotSent(p) if p.kind == ProblemKind::Stale), "{end:?}");
    }
    assert_eq!(bench.town.sent(), 0);
}

#[tokio::test(start_paused = true)]
async fn i4_an_answer_that_is_looked_at_after_the_deadline_counts_as_none() {
    for (answer, applied) in [(Answer::Done, true), (Answer::Refused(409), false)] {
        let bench = Bench::of(System::Gallagher, 6);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().accept(&old);
        let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
        bench.town.streets().answers.push_back(answer);
        bench.town.streets().stopped_for = 8 * 3600;
        let end = bench.run(plan).await;
        assert!(matches!(end, ReissueEnd::Unknown(..)), "{answer:?}: {end:?}");
        assert_eq!(bench.last().await.state, IntentState::Unknown);
        let settled = recovery::settle(&bench.means(), bench.last().await).await;
        let expected = if applied { IntentState::Done } else { IntentState::Abandoned };
        assert_eq!(settled.state, expected, "{answer:?}: {}", settled.words);
        assert_eq!(bench.town.sent(), 1);
    }
}
