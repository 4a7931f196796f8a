//! Reissue from the preview to its end, with every sort of answer.

use crate::bench::Bench;
use crate::town::{Answer, holder_id};
use passdesk::domain::journal::{Act, IntentState, Marker, Proof};
use passdesk::domain::ownership::Grade;
use passdesk::domain::policy::{ReissueMode, Why};
use passdesk::domain::problem::ProblemKind;
use passdesk::domain::reissue::{ReissueEnd, ReissueStep};
use passdesk::domain::text::SafeText;
use passdesk::workflow::recovery::{self, RECONCILE_AT_SECONDS};
use passdesk::workflow::reissue;
use std::sync::Mutex;

#[tokio::test(start_paused = true)]
async fn journey_01_an_expired_invitation_is_swapped_in_one_call() {
    let bench = Bench::new(1, true, true);
    let old = bench.issue_ours("0411 222 333").await;
    bench.town.streets().expire(&old);
    let plan = bench.preview(&old, None).await.unwrap();
    assert_eq!((plan.mode, plan.why, plan.leaves_old), (ReissueMode::Swap, Some(Why::Expired), false));
    assert_eq!(plan.sends, "1 PATCH to cardholder 4665: remove 1, add 1, nothing else");
    assert_eq!(plan.then, "invite mail to j***@example.org, watched until sent or 2 min");
    let steps = Mutex::new(Vec::new());
    let end = reissue::run(&bench.means(), plan, |step| steps.lock().unwrap().push(step)).await;
    let ReissueEnd::Done { intent, new: Some(new), ownership: Some(ownership) } = end else { panic!("{end:?}") };
    assert_eq!(
        *steps.lock().unwrap(),
        [ReissueStep::Checking, ReissueStep::Sending(intent), ReissueStep::ReadingBack(intent)]
    );
    assert_eq!(ownership.grade, Grade::Tagged);
    let clues: Vec<&str> = ownership.clues.iter().map(SafeText::as_str).collect();
    assert!(clues.contains(&"ledger 02 Jun 2026 by op7 on this console"), "{clues:?}");
    assert!(clues.contains(&"our marker on exactly one card"), "{clues:?}");
    let (label, marker) = Marker::split(new.number.raw());
    assert_eq!(label, "0411 222 333");
    let record = bench.last().await;
    assert_eq!(
        (record.state, record.purpose.act, record.purpose.marker.clone()),
        (IntentState::Done, Act::Swap, marker)
    );
    assert_eq!(record.binding.as_ref().unwrap().proofs, [Proof::Marker, Proof::Feed, Proof::Diff]);
    assert_eq!(record.binding.unwrap().ended.unwrap().id, old);
    assert_eq!(bench.badge(&old).await, "(gone)");
    assert_eq!(bench.town.sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn journey_02_the_old_pass_works_until_the_new_one_is_accepted() {
    let bench = Bench::new(2, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().accept(&old);
    let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
    assert_eq!(plan.mode, ReissueMode::AfterAccept);
    let end = bench.run(plan).await;
    let ReissueEnd::Waiting { new, ownership, .. } = end else { panic!("{end:?}") };
    assert_eq!(ownership.grade, Grade::Tagged);
    let waiting = bench.ledger.waiting_retirements().await.unwrap().pop().unwrap();

    // i16: nothing is sent while the new one is not accepted, and nothing is recorded for looking.
    let before = bench.records().await.len();
    let end = reissue::retire(&bench.means(), waiting.clone()).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what.contains("still waiting")), "{end:?}");
    assert_eq!((bench.town.sent(), bench.records().await.len()), (1, before));

    bench.town.streets().accept(&new.id);
    assert!(reissue::new_is_usable(&bench.means(), &waiting).await.unwrap());
    let end = reissue::retire(&bench.means(), waiting.clone()).await;
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
    assert_eq!((bench.badge(&old).await, bench.badge(&new.id).await), ("(gone)", "*ours"));
    assert!(bench.ledger.waiting_retirements().await.unwrap().is_empty());

    let again = reissue::retire(&bench.means(), waiting).await;
    assert!(matches!(again, ReissueEnd::NotSent(_)), "{again:?}");
    assert_eq!(bench.town.sent(), 2);
}

#[tokio::test(start_paused = true)]
async fn i12_a_change_between_preview_and_send_stops_it() {
    let bench = Bench::new(3, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    let plan = bench.preview(&old, None).await.unwrap();
    bench.town.streets().accept(&old);
    let end = bench.run(plan).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.kind == ProblemKind::Stale), "{end:?}");
    assert_eq!(bench.town.sent(), 0);
    assert_eq!(bench.last().await.state, IntentState::Abandoned);
}

#[tokio::test(start_paused = true)]
async fn i12_what_the_operator_saw_must_still_be_there() {
    let bench = Bench::new(4, true, true);
    let old = bench.issue_ours("phone").await;
    let mut request = bench.request(&old, Some(Why::NewPhone));
    request.seen = Some("another fingerprint".into());
    let problem = reissue::preview(&bench.means(), request).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Stale);
}

#[tokio::test(start_paused = true)]
async fn i12_a_plan_serves_once_and_for_fifteen_minutes() {
    let bench = Bench::new(5, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().accept(&old);
    let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
    let copy = plan.clone();
    let late = plan.clone();
    bench.watch.advance(1);
    assert!(matches!(bench.run(plan).await, ReissueEnd::Waiting { .. }));
    let end = bench.run(copy).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.kind == ProblemKind::Stale), "{end:?}");
    bench.watch.advance(15 * 60);
    let end = bench.run(late).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what == "the preview is too old"), "{end:?}");
    assert_eq!(bench.town.sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn i17_the_last_usable_pass_is_not_removed_at_once() {
    let bench = Bench::new(6, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().accept(&old);
    let mut request = bench.request(&old, Some(Why::NewPhone));
    request.at_once = true;
    let problem = reissue::preview(&bench.means(), request.clone()).await.unwrap_err();
    assert_eq!(problem.what, "it is the person's last usable pass");

    let other = bench.town.streets().foreign_add("another phone");
    let plan = reissue::preview(&bench.means(), request).await.unwrap();
    assert_eq!(plan.mode, ReissueMode::Swap);
    // The other one goes between preview and send: the guard looks again.
    bench.town.streets().foreign_remove(&other);
    let end = bench.run(plan).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.kind == ProblemKind::Refused), "{end:?}");
    assert_eq!(bench.town.sent(), 0);
}

#[tokio::test(start_paused = true)]
async fn i10_a_foreign_pass_is_left_in_place() {
    let bench = Bench::new(8, true, true);
    let foreign = bench.town.streets().foreign_add("theirs");
    bench.town.streets().expire(&foreign);
    let plan = bench.preview(&foreign, None).await.unwrap();
    assert!(plan.leaves_old && plan.change.remove.is_none());
    assert!(plan.then.contains("whoever issued it can do that in Command Centre"), "{}", plan.then);
    let end = bench.run(plan).await;
    let ReissueEnd::Done { new: Some(new), .. } = end else { panic!("{end:?}") };
    assert_eq!((bench.badge(&foreign).await, bench.badge(&new.id).await), ("-foreign", "*ours"));
    assert!(bench.ledger.waiting_retirements().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_markers_the_log_is_the_witness_and_is_read_again() {
    let bench = Bench::new(9, false, true);
    let old = bench.issue_ours("my phone").await;
    bench.town.streets().expire(&old);
    let plan = bench.preview(&old, None).await.unwrap();
    assert_eq!((plan.ownership.grade, plan.leaves_old), (Grade::Witnessed, false));
    assert_eq!(plan.change.add.as_ref().unwrap().number.as_ref().unwrap().raw(), "my phone");
    let end = bench.run(plan).await;
    let ReissueEnd::Done { new: Some(new), ownership: Some(ownership), .. } = end else { panic!("{end:?}") };
    assert_eq!(ownership.grade, Grade::Witnessed);

    // The log turns out to name somebody else: what we wrote down is not enough.
    bench.town.streets().expire(&new.id);
    for row in &mut bench.town.streets().feed {
        row.operator = Some(crate::town::them());
    }
    assert!(bench.preview(&new.id, None).await.unwrap().leaves_old);
}

#[tokio::test(start_paused = true)]
async fn i13_what_is_only_inferred_is_not_removed() {
    let bench = Bench::new(10, false, false);
    let old = bench.issue_ours("my phone").await;
    bench.town.streets().expire(&old);
    assert_eq!(bench.badge(&old).await, "~infer");
    let plan = bench.preview(&old, None).await.unwrap();
    assert!(plan.leaves_old);
    let end = bench.run(plan).await;
    let ReissueEnd::Done { ownership: Some(ownership), .. } = end else { panic!("{end:?}") };
    assert_eq!(ownership.grade, Grade::Inferred);
}

#[tokio::test(start_paused = true)]
async fn i4_every_refusal_ends_the_intent_and_changes_nothing() {
    for status in [400, 401, 403, 409] {
        let bench = Bench::new(status.into(), true, true);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().expire(&old);
        bench.town.streets().answers.push_back(Answer::Refused(status));
        let plan = bench.preview(&old, None).await.unwrap();
        let end = bench.run(plan).await;
        assert!(matches!(end, ReissueEnd::Rejected(..)), "{status}: {end:?}");
        assert_eq!(bench.last().await.state, IntentState::Abandoned);
        assert_eq!((bench.badge(&old).await, bench.town.sent()), ("*ours", 1));
        // i2: another attempt is another command.
        let plan = bench.preview(&old, None).await.unwrap();
        bench.watch.advance(1);
        assert!(matches!(bench.run(plan).await, ReissueEnd::Done { .. }), "{status}");
        assert_eq!(bench.town.sent(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn i4_no_connection_means_that_nothing_was_sent() {
    let bench = Bench::new(11, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    bench.town.streets().answers.push_back(Answer::NoConnection);
    let plan = bench.preview(&old, None).await.unwrap();
    let end = bench.run(plan).await;
    assert!(matches!(end, ReissueEnd::NotSent(_)), "{end:?}");
    assert_eq!((bench.last().await.state, bench.town.sent()), (IntentState::Abandoned, 0));
}

#[tokio::test(start_paused = true)]
async fn i4_noise_of_others_neither_settles_nor_disputes_a_lost_answer() {
    for (answer, feed) in
        [(Answer::LostAfter, true), (Answer::LostAfter, false), (Answer::LostBefore, true), (Answer::LostBefore, false)]
    {
        let bench = Bench::new(12, true, feed);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().expire(&old);
        bench.town.streets().answers.push_back(answer);
        let plan = bench.preview(&old, None).await.unwrap();
        let end = bench.run(plan).await;
        assert!(matches!(end, ReissueEnd::Unknown(..)), "{answer:?}: {end:?}");
        assert_eq!(bench.last().await.state, IntentState::Unknown);

        let other = bench.town.streets().foreign_add("theirs");
        bench.town.streets().foreign_remove(&other);
        bench.watch.advance(1200);
        recovery::settle(&bench.means(), bench.last().await).await;
        // The marker stands on one card only, whatever else came and went. Without it, a feed that shows any
        // card added is no proof that none was.
        let expected = if answer == Answer::LostAfter { IntentState::Done } else { IntentState::Unknown };
        assert_eq!(bench.last().await.state, expected, "{answer:?} feed {feed}");
        assert_eq!(bench.town.sent(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn i6_an_open_question_blocks_the_next_change_of_that_person() {
    let bench = Bench::new(17, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    bench.town.streets().answers.push_back(Answer::LostBefore);
    let plan = bench.preview(&old, None).await.unwrap();
    assert!(matches!(bench.run(plan).await, ReissueEnd::Unknown(..)));
    let problem = bench.preview(&old, None).await.unwrap_err();
    assert!(problem.what.contains("not settled yet") && problem.why.contains("UNKNOWN"), "{problem}");
    // Whatever type the next one is of.
    let mut other = bench.town.streets().mint("other", "");
    other.type_link = "/api/card_types/9".parse().unwrap();
    let other = bench.town.streets().add(other, crate::town::us());
    bench.town.streets().accept(&other);
    let problem = bench.preview(&other, Some(passdesk::domain::policy::Why::NewPhone)).await.unwrap_err();
    assert!(problem.why.contains(&bench.last().await.intent.to_string()), "{problem}");
    assert_eq!(bench.town.sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn journey_08_a_lost_answer_settles_by_itself() {
    for (answer, feed, expected) in [
        (Answer::LostAfter, true, IntentState::Done),
        (Answer::LostAfter, false, IntentState::Done),
        (Answer::LostBefore, true, IntentState::Abandoned),
        (Answer::LostBefore, false, IntentState::Unknown),
    ] {
        let bench = Bench::new(13, true, feed);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().expire(&old);
        bench.town.streets().answers.push_back(answer);
        let plan = bench.preview(&old, None).await.unwrap();
        assert!(matches!(bench.run(plan).await, ReissueEnd::Unknown(..)));
        let mut words = String::new();
        let mut waited = 0;
        for at in RECONCILE_AT_SECONDS {
            bench.watch.advance(at - waited);
            waited = at;
            let settled = recovery::settle(&bench.means(), bench.last().await).await;
            if at < 600 && answer == Answer::LostBefore {
                assert_eq!(settled.state, IntentState::Unknown, "absence proves nothing after {at} s");
            }
            if !settled.state.is_terminal() || words.is_empty() {
                words = settled.words;
            }
        }
        assert_eq!(bench.last().await.state, expected, "{answer:?} feed {feed}: {words}");
        if expected == IntentState::Unknown {
            assert!(words.contains("without a change feed"), "{words}");
        }
        assert_eq!(bench.town.sent(), 1);
        assert_eq!(bench.town.streets().cards().len(), 1);
    }
}

/// A lost swap of a town whose site switched markers off after the old one was made, and its old one.
async fn lost_swap_without_marks() -> Bench {
    let bench = Bench::new(14, true, false);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    let plain = Bench { town: bench.town.plain(), ..bench };
    plain.town.streets().answers.push_back(Answer::LostAfter);
    let plan = plain.preview(&old, None).await.unwrap();
    assert_eq!(plan.mode, ReissueMode::Swap);
    assert!(matches!(plain.run(plan).await, ReissueEnd::Unknown(..)));
    plain
}

#[tokio::test(start_paused = true)]
async fn without_marker_and_feed_a_lost_swap_is_inferred_only_after_a_quiet_minute() {
    let plain = lost_swap_without_marks().await;
    let plain = Bench { town: plain.town.alone(), ..plain };
    let settled = recovery::settle(&plain.means(), plain.last().await).await;
    assert_eq!(settled.state, IntentState::Unknown, "{}", settled.words);
    plain.watch.advance(60);
    let settled = recovery::settle(&plain.means(), plain.last().await).await;
    assert_eq!(settled.state, IntentState::Done, "{}", settled.words);
    let card = plain.live().await.pop().unwrap();
    assert_eq!((card.0.holder, card.1.grade), (holder_id(), Grade::Inferred));
}

#[tokio::test(start_paused = true)]
async fn i13_where_others_may_issue_a_lost_call_is_not_settled_by_comparing_lists() {
    let plain = lost_swap_without_marks().await;
    plain.watch.advance(60);
    let settled = recovery::settle(&plain.means(), plain.last().await).await;
    assert_eq!(settled.state, IntentState::Ambiguous, "{}", settled.words);
    assert!(settled.words.contains("others may issue here"), "{}", settled.words);
    let card = plain.live().await.pop().unwrap();
    assert_eq!(card.1.grade, Grade::Ambiguous, "it is shown as a candidate");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_after_an_applied_change_settles_later() {
    let bench = Bench::new(15, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    let plan = bench.preview(&old, None).await.unwrap();
    bench.town.streets().after_change = Some(Box::new(|streets| streets.failing_reads = 5));
    let end = bench.run(plan).await;
    assert!(matches!(end, ReissueEnd::Unknown(..)), "{end:?}");
    assert_eq!(bench.last().await.state, IntentState::Applied);
    let settled = recovery::settle(&bench.means(), bench.last().await).await;
    assert_eq!(settled.state, IntentState::Done, "{}", settled.words);
}

#[tokio::test(start_paused = true)]
async fn a_look_at_open_work_may_overtake_the_read_back() {
    let bench = Bench::new(18, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    let plan = bench.preview(&old, None).await.unwrap();
    bench.town.streets().after_change = Some(Box::new(|streets| streets.failing_reads = 1));
    let look = async {
        // The first read-back failed; the second one waits a moment.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        recovery::settle(&bench.means(), bench.last().await).await
    };
    let (end, settled) = tokio::join!(bench.run(plan), look);
    assert_eq!(settled.state, IntentState::Done, "{}", settled.words);
    assert!(matches!(&end, ReissueEnd::Done { new: Some(_), .. }), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_vendor_cannot_be_asked_is_refused_in_the_preview() {
    let bench = Bench::new(19, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().card(&old).unwrap().invitation.as_mut().unwrap().email = "".into();
    assert!(bench.preview(&old, Some(Why::NewPhone)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_person_can_park_an_open_question_and_go_on() {
    let bench = Bench::new(16, true, false);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    bench.town.streets().answers.push_back(Answer::LostBefore);
    let plan = bench.preview(&old, None).await.unwrap();
    assert!(matches!(bench.run(plan).await, ReissueEnd::Unknown(..)));
    let open = bench.last().await;
    bench.watch.advance(1200);
    let held = recovery::hold(&bench.means(), open.intent, "looked in Command Centre: nothing there").await.unwrap();
    assert_eq!(held.state, IntentState::Held);
    let plan = bench.preview(&old, None).await.unwrap();
    assert!(matches!(bench.run(plan).await, ReissueEnd::Done { .. }));
}
