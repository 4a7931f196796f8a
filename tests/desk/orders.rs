//! The orders of a reissue in each system: new first, old first, or by the holder's own hand.

use crate::bench::Bench;
use crate::town::Answer;
use passdesk::domain::credential::{Credential, CredentialClass, Particular, System};
use passdesk::domain::ids::CredentialId;
use passdesk::domain::journal::{Act, IntentState, Proof};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::ownership::Grade;
use passdesk::domain::policy::{ReissueMode, Why};
use passdesk::domain::problem::ProblemKind;
use passdesk::domain::reissue::ReissueEnd;
use passdesk::workflow::recovery::{self, RECONCILE_AT_SECONDS};
use passdesk::workflow::reissue;

const NAMING: [System; 2] = [System::AccessGrid, System::CardExchange];

/// A desk over that system with one working pass of ours.
async fn desk(system: System) -> (Bench, CredentialId) {
    let bench = Bench::of(system, 1);
    let id = bench.issue_ours("phone").await;
    bench.town.streets().accept(&id);
    (bench, id)
}

async fn reissue(bench: &Bench, id: &CredentialId, why: Why) -> ReissueEnd {
    let plan = bench.preview(id, Some(why)).await.unwrap();
    bench.watch.advance(1);
    bench.run(plan).await
}

fn acts(records: &[passdesk::domain::journal::IntentRecord]) -> Vec<(Act, IntentState)> {
    records.iter().map(|r| (r.purpose.act, r.state)).collect()
}

#[tokio::test(start_paused = true)]
async fn journey_02_new_first_where_the_answer_names_the_new_pass() {
    for (system, ended, sent) in [(System::AccessGrid, "deleted", 2), (System::CardExchange, "blocked", 3)] {
        let (bench, old) = desk(system).await;
        let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
        assert_eq!((plan.mode, plan.stop.is_none(), plan.leaves_old), (ReissueMode::AfterAccept, true, false));
        assert!(!plan.sends.contains("PATCH"), "{}", plan.sends);
        assert!(plan.then.contains(&format!("becomes {ended} once the new one works")), "{}", plan.then);
        let end = bench.run(plan).await;
        let ReissueEnd::Waiting { new, ownership, .. } = end else { panic!("{system}: {end:?}") };
        assert_eq!(ownership.grade, Grade::Confirmed, "{system}");
        assert!(bench.word(&old).starts_with("activ"), "{system}: it works until the new one does (i16)");
        let issue = bench.ledger.waiting_retirements().await.unwrap().pop().unwrap();
        let bound = issue.binding.clone().unwrap();
        assert_eq!(
            (bound.named.as_ref(), bound.proofs[..2].to_vec()),
            (Some(&new.id), vec![Proof::Answer, Proof::Marker])
        );
        if system == System::CardExchange {
            assert_eq!(bench.word(&new.id), "in_production", "it goes to the printer");
        }
        let end = reissue::retire(&bench.means(), issue.clone()).await;
        assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what.contains("still waiting")), "{system}: {end:?}");

        bench.town.streets().accept(&new.id);
        assert!(reissue::new_is_usable(&bench.means(), &issue).await.unwrap());
        let end = reissue::retire(&bench.means(), issue).await;
        assert!(matches!(end, ReissueEnd::Done { .. }), "{system}: {end:?}");
        assert_eq!((bench.word(&old).as_str(), bench.town.sent()), (ended, sent), "{system}");
        assert!(bench.ledger.waiting_retirements().await.unwrap().is_empty());
        assert_eq!(bench.badge(&new.id).await, "*ours");
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_pass_that_does_not_work_goes_right_after_the_new_one_is_bound() {
    let (bench, old) = desk(System::AccessGrid).await;
    bench.town.streets().turn(&old, "unlink");
    let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
    assert!(plan.order.contains("goes right after it"), "{}", plan.order);
    let end = bench.run(plan).await;
    assert!(matches!(&end, ReissueEnd::Done { new: Some(_), .. }), "{end:?}");
    assert_eq!((bench.word(&old).as_str(), bench.town.sent()), ("deleted", 2));
    assert!(bench.ledger.waiting_retirements().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lost_and_stolen_stop_the_old_pass_before_anything_is_issued() {
    for (system, why, word, act) in [
        (System::Gallagher, Why::Lost, "Lost", Act::Suspend),
        (System::Gallagher, Why::Stolen, "Stolen", Act::Suspend),
        (System::AccessGrid, Why::Lost, "suspended", Act::Suspend),
        (System::AccessGrid, Why::Stolen, "unlink", Act::Unlink),
        (System::CardExchange, Why::Lost, "blocked", Act::Suspend),
    ] {
        let (bench, old) = desk(system).await;
        let plan = bench.preview(&old, Some(why)).await.unwrap();
        assert_eq!(plan.mode, ReissueMode::RevokeFirst, "{system} {why}");
        assert!(plan.order.starts_with("old first"), "{}", plan.order);
        assert!(plan.sends.contains(word), "{}", plan.sends);
        let end = bench.run(plan).await;
        assert_eq!(bench.word(&old), word, "{system} {why}");
        let records = bench.records().await;
        let made: Vec<_> = records[1..].iter().map(|r| (r.purpose.act, r.state)).collect();
        assert_eq!(made[..2], [(act, IntentState::Done), (Act::Issue, IntentState::Done)], "{system} {why}");
        assert!(records[1..].iter().all(|r| r.purpose.saga == records[1].purpose.saga));
        if system == System::CardExchange {
            assert!(matches!(&end, ReissueEnd::Done { new: Some(_), .. }), "it stays blocked: {end:?}");
            continue;
        }
        let ReissueEnd::Waiting { new, .. } = end else { panic!("{system} {why}: {end:?}") };
        bench.town.streets().accept(&new.id);
        let issue = bench.ledger.waiting_retirements().await.unwrap().pop().unwrap();
        let end = reissue::retire(&bench.means(), issue).await;
        assert!(matches!(end, ReissueEnd::Done { .. }), "{system} {why}: {end:?}");
        assert!(matches!(bench.word(&old).as_str(), "" | "deleted"), "{system} {why}");
    }
}

#[tokio::test(start_paused = true)]
async fn i16_a_lost_pass_that_was_found_again_is_not_retired_behind_its_holder() {
    let (bench, old) = desk(System::AccessGrid).await;
    let ReissueEnd::Waiting { new, .. } = reissue(&bench, &old, Why::Lost).await else { panic!() };
    bench.town.streets().accept(&new.id);
    bench.town.streets().turn(&old, "active");
    let issue = bench.ledger.waiting_retirements().await.unwrap().pop().unwrap();
    let end = reissue::retire(&bench.means(), issue).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.kind == ProblemKind::Stale), "{end:?}");
    assert_eq!(bench.word(&old), "active");
}

#[tokio::test(start_paused = true)]
async fn i16_no_new_pass_is_issued_beside_one_that_works_again_after_its_stop() {
    for (system, word) in [(System::AccessGrid, "active"), (System::CardExchange, "activated")] {
        let (bench, old) = desk(system).await;
        let plan = bench.preview(&old, Some(Why::Lost)).await.unwrap();
        let (sent, again) = (bench.town.sent(), old.clone());
        // Read before the stop, after it, and once more before the new one is asked for.
        bench.town.streets().on_read = Some((2, Box::new(move |streets| streets.turn(&again, word))));
        let end = bench.run(plan).await;
        let ReissueEnd::HalfDone(_, problem) = &end else { panic!("{system}: {end:?}") };
        assert!(problem.to_string().contains("changed after it was stopped"), "{system}: {problem}");
        assert_eq!((bench.town.sent(), bench.town.streets().cards().len()), (sent + 1, 1), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invitation_that_is_lost_goes_in_one_call() {
    let bench = Bench::of(System::Gallagher, 1);
    let old = bench.issue_ours("phone").await;
    let plan = bench.preview(&old, Some(Why::Lost)).await.unwrap();
    assert_eq!((plan.mode, plan.old.usable()), (ReissueMode::Swap, true));
    assert!(matches!(bench.run(plan).await, ReissueEnd::Done { new: Some(_), .. }));
    let grid = Bench::of(System::AccessGrid, 1);
    let old = grid.issue_ours("phone").await;
    let plan = grid.preview(&old, Some(Why::Lost)).await.unwrap();
    assert!(plan.sends.starts_with("1 POST: the old pass to deleted; then"), "{}", plan.sends);
    assert!(matches!(grid.run(plan).await, ReissueEnd::Done { new: Some(_), .. }));
    assert_eq!(grid.word(&old), "deleted");
}

#[tokio::test(start_paused = true)]
async fn half_done_is_named_and_the_next_reissue_only_issues() {
    for system in [System::Gallagher, System::AccessGrid, System::CardExchange] {
        for answer in [Answer::Refused(422), Answer::NoConnection] {
            let (bench, old) = desk(system).await;
            bench.town.streets().answers.extend([Answer::Done, answer]);
            let end = reissue(&bench, &old, Why::Lost).await;
            let ReissueEnd::HalfDone(stop, problem) = &end else { panic!("{system} {answer:?}: {end:?}") };
            assert!(problem.what.starts_with("HALF DONE") && problem.next.contains("only the new one"), "{problem}");
            let listed = bench.ledger.half_done().await.unwrap();
            assert_eq!(listed.iter().map(|r| r.intent).collect::<Vec<_>>(), [*stop], "{system} {answer:?}");

            let (stopped, sent) = (bench.word(&old), bench.town.sent());
            bench.watch.advance(5);
            // It goes on as it began, also where nobody says why again: the old one stays as it was stopped.
            let plan = bench.preview(&old, None).await.unwrap();
            assert_eq!((plan.mode, plan.why), (ReissueMode::RevokeFirst, Some(Why::Lost)), "{system}");
            assert!(plan.stop.is_none(), "{system}");
            let end = reissue(&bench, &old, Why::Lost).await;
            assert!(matches!(end, ReissueEnd::Done { .. } | ReissueEnd::Waiting { .. }), "{system}: {end:?}");
            let printed = usize::from(system == System::CardExchange);
            assert_eq!(bench.town.sent(), sent + 1 + printed, "{system}: the stop is not sent again");
            assert!(matches!(bench.word(&old).as_str(), "") || bench.word(&old) == stopped, "{system}");
            assert!(bench.ledger.half_done().await.unwrap().is_empty(), "{system}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_whose_answer_is_lost_issues_nothing_and_is_called_half_done_when_it_settles() {
    let (bench, old) = desk(System::AccessGrid).await;
    bench.town.streets().answers.push_back(Answer::LostAfter);
    assert!(matches!(reissue(&bench, &old, Why::Lost).await, ReissueEnd::Unknown(..)));
    assert_eq!((bench.town.sent(), bench.town.streets().cards().len()), (1, 1));
    let settled = recovery::settle(&bench.means(), bench.last().await).await;
    assert!(settled.words.contains("HALF DONE"), "{}", settled.words);
    assert_eq!(bench.ledger.half_done().await.unwrap().len(), 1);
    // The pass was found: nothing is half done any more.
    bench.watch.advance(5);
    assert!(matches!(bench.turn(&old, Verb::Resume, Why::Lost).await.unwrap(), ReissueEnd::Done { .. }));
    assert!(bench.ledger.half_done().await.unwrap().is_empty());
    assert_eq!(bench.preview(&old, None).await.unwrap().mode, ReissueMode::AfterAccept);
}

#[tokio::test(start_paused = true)]
async fn i10_a_lost_pass_of_others_is_left_in_place_and_the_preview_says_who_stops_it() {
    for system in NAMING {
        let (bench, _) = desk(system).await;
        let foreign = bench.town.streets().foreign_add("theirs");
        bench.town.streets().accept(&foreign);
        let plan = bench.preview(&foreign, Some(Why::Lost)).await.unwrap();
        assert!(plan.leaves_old && plan.stop.is_none(), "{system}");
        assert!(plan.order.contains("have it stopped in"), "{}", plan.order);
        let word = bench.word(&foreign);
        assert!(matches!(bench.run(plan).await, ReissueEnd::Done { new: Some(_), .. }));
        assert_eq!(bench.word(&foreign), word, "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn at_once_is_refused_where_there_is_no_call_for_it() {
    for system in [System::AccessGrid, System::CardExchange, System::ThalesD1] {
        let (bench, old) = desk(system).await;
        let mut request = bench.request(&old, Some(Why::NewPhone));
        request.at_once = true;
        let problem = reissue::preview(&bench.means(), request).await.unwrap_err();
        assert_eq!(problem.what, "at once is not possible", "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i13_an_answer_that_names_another_pass_binds_nothing() {
    for system in NAMING {
        let (bench, old) = desk(system).await;
        bench.town.streets().answers.push_back(Answer::NamesAnother);
        let end = reissue(&bench, &old, Why::NewPhone).await;
        assert!(matches!(&end, ReissueEnd::Ambiguous(..)), "{system}: {end:?}");
        assert_eq!(bench.last().await.state, IntentState::Diverged);
        for (card, _) in bench.live().await {
            assert_eq!(bench.badge(&card.id).await, "?ambig", "{system} {}", card.id);
        }
        assert!(bench.ledger.waiting_retirements().await.unwrap().is_empty(), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_named_pass_that_lists_leave_out_is_looked_for_again() {
    for system in NAMING {
        let (bench, old) = desk(system).await;
        bench.town.streets().answers.push_back(Answer::LateInLists(2));
        assert!(matches!(reissue(&bench, &old, Why::NewPhone).await, ReissueEnd::Waiting { .. }), "{system}");
        let (bench, old) = desk(system).await;
        bench.town.streets().answers.push_back(Answer::LateInLists(7));
        assert!(matches!(reissue(&bench, &old, Why::NewPhone).await, ReissueEnd::Unknown(..)), "{system}");
        let record = bench.last().await;
        assert_eq!(record.state, IntentState::Applied);
        assert!(record.binding.unwrap().named.is_some(), "what the answer said is not forgotten");
        for _ in 0..3 {
            recovery::settle(&bench.means(), bench.last().await).await;
        }
        let record = bench.last().await;
        assert_eq!((record.state, record.binding.unwrap().proofs[0]), (IntentState::Done, Proof::Answer), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i13_a_copied_marker_never_counts_beside_the_pass_that_was_named() {
    for system in NAMING {
        let (bench, old) = desk(system).await;
        // The copy comes before we look: it is of our type, new, and carries our marker.
        bench.town.streets().after_change = Some(Box::new(|streets| {
            let marker = streets.cards().last().unwrap().marker.clone();
            let mut copy = streets.mint("copy", "");
            copy.marker = marker;
            streets.add(copy, crate::town::them());
        }));
        let end = reissue(&bench, &old, Why::NewPhone).await;
        let ReissueEnd::Waiting { new, ownership, .. } = end else { panic!("{system}: {end:?}") };
        assert_eq!(ownership.grade, Grade::Confirmed, "{system}");
        let copy = bench.town.streets().theirs[0].clone();
        assert_ne!(copy, new.id);
        assert_eq!((bench.badge(&new.id).await, bench.badge(&copy).await), ("*ours", "?ambig"), "{system}");
        assert!(bench.turn_preview(&copy, Verb::Suspend, Why::Lost).await.is_err(), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i12_a_tag_that_is_gone_at_the_time_of_action_closes_the_gate() {
    for system in NAMING {
        let (bench, old) = desk(system).await;
        assert_eq!(bench.badge(&old).await, "*ours");
        let plan = bench.turn_preview(&old, Verb::Suspend, Why::Lost).await.unwrap();
        bench.town.streets().card(&old).unwrap().marker = None;
        assert_eq!(bench.badge(&old).await, "?ambig", "{system}: stored id and tag must agree");
        let end = passdesk::workflow::turn::run(&bench.means(), plan, |_| ()).await;
        assert!(matches!(end, ReissueEnd::NotSent(_)), "{system}: {end:?}");
        assert!(bench.preview(&old, Some(Why::NewPhone)).await.unwrap().leaves_old, "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn journey_08_a_lost_answer_is_found_by_its_marker_or_left_to_a_person() {
    for system in NAMING {
        let (bench, old) = desk(system).await;
        bench.town.streets().answers.push_back(Answer::LostAfter);
        assert!(matches!(reissue(&bench, &old, Why::NewPhone).await, ReissueEnd::Unknown(..)));
        let settled = recovery::settle(&bench.means(), bench.last().await).await;
        assert_eq!(settled.state, IntentState::Done, "{system}: {}", settled.words);
        let (_, ownership) = bench.live().await.pop().unwrap();
        assert_eq!(ownership.grade, Grade::Tagged, "{system}: no answer named it");

        let (bench, old) = desk(system).await;
        bench.town.streets().answers.push_back(Answer::LostBefore);
        assert!(matches!(reissue(&bench, &old, Why::NewPhone).await, ReissueEnd::Unknown(..)));
        let mut words = String::new();
        let mut waited = 0;
        for at in RECONCILE_AT_SECONDS {
            let early = recovery::nothing_was_made(&bench.means(), bench.last().await.intent, "looked").await;
            assert!(early.is_err(), "{system}: an answer may be late");
            bench.watch.advance(at - waited);
            waited = at;
            words = recovery::settle(&bench.means(), bench.last().await).await.words;
        }
        assert_eq!(bench.last().await.state, IntentState::Unknown, "{system}: no list proves absence");
        assert!(words.contains("a person may confirm it"), "{system}: {words}");
        let intent = bench.last().await.intent;
        let settled = recovery::nothing_was_made(&bench.means(), intent, "looked in the portal").await.unwrap();
        assert_eq!(settled.state, IntentState::Abandoned, "{system}: {}", settled.words);
        assert!(matches!(reissue(&bench, &old, Why::NewPhone).await, ReissueEnd::Waiting { .. }), "{system}");
        assert_eq!(bench.town.sent(), 2 + usize::from(system == System::CardExchange), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_cannot_confirm_what_the_list_contradicts() {
    let (bench, old) = desk(System::CardExchange).await;
    bench.town.streets().answers.push_back(Answer::LostBefore);
    assert!(matches!(reissue(&bench, &old, Why::NewPhone).await, ReissueEnd::Unknown(..)));
    bench.town.streets().foreign_add("theirs");
    bench.watch.advance(700);
    let problem = recovery::nothing_was_made(&bench.means(), bench.last().await.intent, "looked").await.unwrap_err();
    assert!(problem.why.contains("something is there"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn cardexchange_makes_one_card_at_a_time_for_an_activated_profile() {
    let (bench, old) = desk(System::CardExchange).await;
    bench.town.streets().card(&old).unwrap().barred = true;
    let problem = bench.preview(&old, Some(Why::Damaged)).await.unwrap_err();
    assert!(problem.why.contains("not activated"), "{problem}");
    bench.town.streets().card(&old).unwrap().barred = false;
    let plan = bench.preview(&old, Some(Why::Damaged)).await.unwrap();
    let other = bench.town.streets().foreign_add("theirs");
    let problem = bench.preview(&old, Some(Why::Damaged)).await.unwrap_err();
    assert!(problem.what.contains("being made already"), "{problem}");
    // Between preview and send it is looked at again.
    let end = bench.run(plan).await;
    assert!(matches!(&end, ReissueEnd::NotSent(_)), "{end:?}");
    // Of another profile, it is nobody's business.
    bench.town.streets().card(&other).unwrap().particulars = vec![(Particular::Profile, "visitor".into())];
    bench.watch.advance(5);
    assert!(matches!(reissue(&bench, &old, Why::Damaged).await, ReissueEnd::Waiting { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_card_that_is_approved_by_itself_is_not_sent_to_the_printer_again() {
    let (bench, old) = desk(System::CardExchange).await;
    bench.town.streets().first_word = Some("in_production");
    assert!(matches!(reissue(&bench, &old, Why::Damaged).await, ReissueEnd::Waiting { .. }));
    assert_eq!(bench.town.sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_card_that_did_not_reach_its_printer_is_half_done_and_one_word_finishes_it() {
    let (bench, old) = desk(System::CardExchange).await;
    bench.town.streets().answers.extend([Answer::Done, Answer::Refused(400)]);
    let end = reissue(&bench, &old, Why::Damaged).await;
    assert!(matches!(&end, ReissueEnd::HalfDone(_, p) if p.next.contains("in_production")), "{end:?}");
    let new = bench.town.streets().cards().last().unwrap().id.clone();
    assert_eq!(bench.word(&new), "initialized");
    let mut request = bench.turn_request(&new, Verb::Set, Some(Why::Damaged));
    request.word = Some("in_production".into());
    bench.watch.advance(5);
    let plan = passdesk::workflow::turn::preview(&bench.means(), request).await.unwrap();
    let end = passdesk::workflow::turn::run(&bench.means(), plan, |_| ()).await;
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
    assert_eq!(bench.word(&new), "in_production");
    assert_eq!(bench.ledger.waiting_retirements().await.unwrap().len(), 1, "the old one still waits");
}

#[tokio::test(start_paused = true)]
async fn d1_sends_nothing_and_watches_for_what_the_holder_adds() {
    let (bench, old) = desk(System::ThalesD1).await;
    let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
    assert_eq!((plan.mode, plan.stop.is_none()), (ReissueMode::HolderAdds, true));
    assert!(plan.sends.starts_with("nothing") && plan.then.contains("the holder adds the card"), "{}", plan.then);
    let end = bench.run(plan).await;
    let ReissueEnd::Watching(plan) = end else { panic!("{end:?}") };
    assert_eq!((bench.town.sent(), bench.records().await.len()), (0, 1), "nothing sent, nothing recorded");
    assert_eq!(reissue::new_card_of_holder(&bench.means(), &plan).await.unwrap(), None);

    let new = bench.town.streets().foreign_add("new phone");
    bench.town.streets().turn(&new, "PENDING_IDV");
    assert_eq!(reissue::new_card_of_holder(&bench.means(), &plan).await.unwrap(), None, "it does not work yet");
    bench.town.streets().turn(&new, "ACTIVE");
    let found: Option<Credential> = reissue::new_card_of_holder(&bench.means(), &plan).await.unwrap();
    assert_eq!(found.unwrap().id, new);
    let end = bench.turn(&old, Verb::End, Why::NewPhone).await.unwrap();
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
    assert_eq!(bench.word(&old), "DELETED");

    let plan = bench.preview(&new, Some(Why::Lost)).await.unwrap();
    assert!(plan.order.contains("suspend the old one first"), "{}", plan.order);
    bench.town.streets().card(&new).unwrap().class = CredentialClass::FundingCard;
    assert!(bench.preview(&new, Some(Why::Lost)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn i6_nothing_else_is_begun_while_a_call_of_the_work_is_open() {
    for system in NAMING {
        let (bench, old) = desk(system).await;
        bench.town.streets().answers.extend([Answer::Done, Answer::LostBefore]);
        let end = reissue(&bench, &old, Why::Lost).await;
        assert!(matches!(end, ReissueEnd::Unknown(..)), "{system}: {end:?}");
        bench.watch.advance(5);
        let problem = bench.turn_preview(&old, Verb::Resume, Why::Lost).await.unwrap_err();
        let open = bench.last().await.intent.to_string();
        assert!(problem.what.contains("not settled") && problem.why.contains(&open), "{system}: {problem}");
        assert_eq!(bench.town.sent(), 2, "{system}");
        assert_eq!(acts(&bench.records().await)[2], (Act::Issue, IntentState::Unknown), "{system}");
    }
}
