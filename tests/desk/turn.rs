//! One act on one credential, in every system, with every sort of answer.

use crate::bench::Bench;
use crate::town::Answer;
use passdesk::domain::credential::System;
use passdesk::domain::ids::CredentialId;
use passdesk::domain::journal::{Act, IntentState, Proof};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::policy::{ConfirmLevel, Why};
use passdesk::domain::problem::ProblemKind;
use passdesk::domain::reissue::{ReissueEnd, ReissueStep};
use passdesk::workflow::recovery::{self, RECONCILE_AT_SECONDS};
use passdesk::workflow::{reissue, turn};
use rand::{Rng, SeedableRng};
use std::sync::Mutex;

const ALL: [System; 4] = [System::Gallagher, System::AccessGrid, System::ThalesD1, System::CardExchange];

/// A desk over that system with a working pass of ours (D1: the issuer's) and another working one.
async fn desk(system: System) -> (Bench, CredentialId) {
    let bench = Bench::of(system, 1);
    let other = bench.issue_ours("other").await;
    bench.town.streets().accept(&other);
    let id = bench.issue_ours("phone").await;
    bench.town.streets().accept(&id);
    (bench, id)
}

#[tokio::test(start_paused = true)]
async fn journey_03_a_lost_phone_is_suspended_and_resumed_when_it_is_found() {
    for (system, stopped, works) in [
        (System::Gallagher, "Lost", "Active"),
        (System::AccessGrid, "suspended", "active"),
        (System::ThalesD1, "SUSPENDED", "ACTIVE"),
        (System::CardExchange, "blocked", "activated"),
    ] {
        let (bench, id) = desk(system).await;
        let plan = bench.turn_preview(&id, Verb::Suspend, Why::Lost).await.unwrap();
        assert_eq!((plan.target.word.as_ref(), plan.needs_ticket), (stopped, system == System::ThalesD1), "{system}");
        let steps = Mutex::new(Vec::new());
        let end = turn::run(&bench.means(), plan, |step| steps.lock().unwrap().push(step)).await;
        let ReissueEnd::Done { intent, new: None, .. } = end else { panic!("{system}: {end:?}") };
        let all = [ReissueStep::Checking, ReissueStep::Sending(intent), ReissueStep::ReadingBack(intent)];
        assert_eq!(*steps.lock().unwrap(), all);
        assert_eq!(bench.word(&id), stopped, "{system}");
        let record = bench.last().await;
        assert_eq!((record.state, record.purpose.act), (IntentState::Done, Act::Suspend), "{system}");
        assert_eq!(record.purpose.target.as_deref(), Some(stopped));
        assert_eq!(record.binding.unwrap().proofs, [Proof::State]);
        bench.watch.advance(60);
        let end = bench.turn(&id, Verb::Resume, Why::Lost).await.unwrap();
        assert!(matches!(end, ReissueEnd::Done { .. }), "{system}: {end:?}");
        assert_eq!((bench.word(&id).as_str(), bench.town.sent()), (works, 2), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_line_of_the_preview_says_what_this_system_does() {
    for (system, verb, sends, then, undo) in [
        (System::Gallagher, Verb::Suspend, "update 1, state \"Stolen\", nothing else", "readers", "it can be resumed"),
        (
            System::AccessGrid,
            Verb::Suspend,
            "1 POST to pass pass-2: suspend",
            "not a security hold",
            "it can be resumed",
        ),
        (System::AccessGrid, Verb::Unlink, "1 POST to pass pass-2: unlink", "read back", "none: it cannot be linked"),
        (System::ThalesD1, Verb::Suspend, "to digital card pass-2: suspend", "device pending", "it can be resumed"),
        (System::CardExchange, Verb::Suspend, "status activated to blocked", "the server decides", "it can be resumed"),
    ] {
        let (bench, id) = desk(system).await;
        let plan = bench.turn_preview(&id, verb, Why::Stolen).await.unwrap();
        assert!(plan.sends.contains(sends), "{}", plan.sends);
        assert!(plan.then.contains(then), "{}", plan.then);
        assert!(plan.undo.contains(undo), "{}", plan.undo);
        assert_eq!(plan.change.note, "INC0012345 stolen");
        let level =
            if system == System::CardExchange || verb == Verb::Unlink { ConfirmLevel::L2 } else { ConfirmLevel::L1 };
        assert_eq!(plan.level, level, "{system} {verb}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_note_is_held_to_what_the_strictest_vendor_takes() {
    let (bench, id) = desk(System::Gallagher).await;
    for note in ["lost: phone", "\u{e9}", "this note is so long that together with its ticket it does not fit"] {
        let mut request = bench.turn_request(&id, Verb::Suspend, Some(Why::Lost));
        request.note = note.into();
        let problem = turn::preview(&bench.means(), request).await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Usage, "{note}: {problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_site_word_that_stops_nothing_is_not_called_a_success() {
    let (bench, id) = desk(System::Gallagher).await;
    let mut request = bench.turn_request(&id, Verb::Suspend, Some(Why::Lost));
    request.word = Some("training".into());
    let plan = turn::preview(&bench.means(), request).await.unwrap();
    assert!(plan.target.tried && plan.level == ConfirmLevel::L2 && plan.then.contains("is not known"), "{plan:?}");
    assert_eq!(plan.words.len(), 4);
    let end = turn::run(&bench.means(), plan, |_| ()).await;
    assert!(matches!(&end, ReissueEnd::Ambiguous(_, p) if p.why.contains("not stopped by it")), "{end:?}");
    assert_eq!(bench.badge(&id).await, "*ours", "whose it is was never the question");
}

#[tokio::test(start_paused = true)]
async fn a_word_that_the_card_type_does_not_have_is_refused_with_those_it_has() {
    let (bench, id) = desk(System::Gallagher).await;
    let mut request = bench.turn_request(&id, Verb::Set, Some(Why::Test));
    request.word = Some("Gone".into());
    let problem = turn::preview(&bench.means(), request).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Usage);
    assert!(problem.why.contains("\"Lost\""), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn i10_a_foreign_pass_is_not_touched() {
    for system in ALL {
        let (bench, _) = desk(system).await;
        let foreign = bench.town.streets().foreign_add("theirs");
        bench.town.streets().accept(&foreign);
        let result = bench.turn_preview(&foreign, Verb::Suspend, Why::Lost).await;
        if system == System::ThalesD1 {
            // Nobody's at this desk, and the issuer's to stop: with a ticket, not without.
            let mut plan = result.unwrap();
            assert!(plan.needs_ticket);
            plan.request.ticket = String::new();
            let end = turn::run(&bench.means(), plan, |_| ()).await;
            assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what == "a ticket is needed"), "{end:?}");
        } else {
            let problem = result.unwrap_err();
            assert_eq!(problem.kind, ProblemKind::Refused);
            assert!(problem.next.contains(system.title()), "{problem}");
        }
        assert_eq!(bench.town.sent(), 0, "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i12_a_change_between_preview_and_send_stops_it() {
    for system in ALL {
        let (bench, id) = desk(system).await;
        let plan = bench.turn_preview(&id, Verb::Suspend, Why::Lost).await.unwrap();
        let word = plan.target.word.to_string();
        bench.town.streets().turn(&id, &word);
        let end = turn::run(&bench.means(), plan, |_| ()).await;
        assert!(matches!(&end, ReissueEnd::NotSent(p) if p.kind == ProblemKind::Stale), "{system}: {end:?}");
        assert_eq!((bench.town.sent(), bench.last().await.state), (0, IntentState::Abandoned), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i12_a_plan_serves_once_for_fifteen_minutes_and_for_its_reason() {
    for system in ALL {
        let (bench, id) = desk(system).await;
        let plan = bench.turn_preview(&id, Verb::Suspend, Why::Lost).await.unwrap();
        let (copy, late, mut other) = (plan.clone(), plan.clone(), plan.clone());
        bench.town.streets().answers.push_back(Answer::Refused(409));
        assert!(matches!(turn::run(&bench.means(), plan, |_| ()).await, ReissueEnd::Rejected(..)), "{system}");
        let end = turn::run(&bench.means(), copy, |_| ()).await;
        assert!(matches!(&end, ReissueEnd::NotSent(p) if p.kind == ProblemKind::Stale), "{system}: {end:?}");
        other.request.why = Some(Why::Stolen);
        let end = turn::run(&bench.means(), other, |_| ()).await;
        assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what.contains("reason changed")), "{system}: {end:?}");
        bench.watch.advance(15 * 60 + 1);
        let end = turn::run(&bench.means(), late, |_| ()).await;
        assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what == "the preview is too old"), "{system}: {end:?}");
        assert_eq!(bench.town.sent(), 1, "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i12_without_a_reason_nothing_is_sent() {
    let (bench, id) = desk(System::AccessGrid).await;
    let request = bench.turn_request(&id, Verb::Suspend, None);
    let plan = turn::preview(&bench.means(), request).await.unwrap();
    let end = turn::run(&bench.means(), plan, |_| ()).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.kind == ProblemKind::Usage), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn i17_the_last_usable_pass_is_only_stopped_for_loss_theft_or_leaving() {
    for system in ALL {
        let bench = Bench::of(system, 2);
        let id = bench.issue_ours("phone").await;
        bench.town.streets().accept(&id);
        for why in Why::ALL {
            let result = bench.turn_preview(&id, Verb::Suspend, why).await;
            let may = matches!(why, Why::Lost | Why::Stolen | Why::Leaver);
            assert_eq!(result.is_ok(), may, "{system} {why}: {result:?}");
        }
        // Before a reason is chosen, the preview says so.
        let request = bench.turn_request(&id, Verb::Suspend, None);
        let plan = turn::preview(&bench.means(), request).await.unwrap();
        assert!(plan.then.contains("last usable pass"), "{}", plan.then);

        // The other one goes between preview and send: the guard looks again.
        let other = bench.town.streets().foreign_add("another");
        bench.town.streets().accept(&other);
        let plan = bench.turn_preview(&id, Verb::Suspend, Why::Damaged).await.unwrap();
        bench.town.streets().foreign_remove(&other);
        let end = turn::run(&bench.means(), plan, |_| ()).await;
        assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what.contains("last usable")), "{system}: {end:?}");
        assert_eq!(bench.town.sent(), 0, "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i17_only_what_its_holder_can_open_a_door_with_counts_as_another() {
    for system in ALL {
        let bench = Bench::of(system, 4);
        let id = bench.issue_ours("phone").await;
        bench.town.streets().accept(&id);
        let other = bench.town.streets().foreign_add("another");
        // At the printer, not sent out, or not yet verified: she has nothing in her hand.
        match system {
            System::Gallagher => {
                let mut streets = bench.town.streets();
                let invitation = streets.card(&other).unwrap().invitation.as_mut().unwrap();
                invitation.status = passdesk::domain::credential::InvitationStatus::NotSent;
            }
            System::ThalesD1 => bench.town.streets().turn(&other, "INACTIVE"),
            System::CardExchange => bench.town.streets().turn(&other, "in_production"),
            // One that waits for its holder to install it is hers already.
            System::AccessGrid => bench.town.streets().turn(&other, "unlink"),
        }
        // CardExchange ends no card that works: a word stops it, and is guarded below.
        let verbs = if system == System::CardExchange { &[Verb::Suspend][..] } else { &[Verb::Suspend, Verb::End] };
        for verb in verbs.iter().copied() {
            let problem = bench.turn_preview(&id, verb, Why::Damaged).await.unwrap_err();
            assert!(problem.what.contains("last usable"), "{system} {verb}: {problem}");
            assert!(problem.why.contains("other systems do not count"), "{system} {verb}: {problem}");
        }
        bench.town.streets().accept(&other);
        if system == System::ThalesD1 {
            bench.town.streets().turn(&other, "ACTIVE");
        } else if system == System::AccessGrid {
            bench.town.streets().turn(&other, "created");
        }
        assert!(bench.turn_preview(&id, Verb::Suspend, Why::Damaged).await.is_ok(), "{system}");
        bench.town.streets().card(&other).unwrap().barred = true;
        assert!(
            bench.turn_preview(&id, Verb::Suspend, Why::Damaged).await.is_err(),
            "{system}: a barred one opens nothing"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn i17_a_word_that_stops_the_last_pass_is_guarded_like_a_suspend() {
    for (system, word) in [(System::Gallagher, "Training"), (System::CardExchange, "returned")] {
        let bench = Bench::of(system, 3);
        let id = bench.issue_ours("phone").await;
        bench.town.streets().accept(&id);
        let mut request = bench.turn_request(&id, Verb::Set, Some(Why::Damaged));
        request.word = Some(word.into());
        let problem = turn::preview(&bench.means(), request).await.unwrap_err();
        assert!(problem.what.contains("last usable"), "{system}: {problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn i14_what_ended_is_foreign_when_it_comes_back() {
    for system in [System::Gallagher, System::AccessGrid] {
        let (bench, id) = desk(system).await;
        let card = bench.town.streets().card(&id).unwrap().clone();
        let end = bench.turn(&id, Verb::End, Why::Leaver).await.unwrap();
        assert!(matches!(end, ReissueEnd::Done { .. }), "{system}: {end:?}");
        assert_eq!(bench.last().await.binding.unwrap().ended.unwrap().id, id);
        bench.town.streets().cards().retain(|c| c.id != id);
        bench.town.streets().cards().push(card);
        assert_eq!(bench.badge(&id).await, "-foreign", "{system}");
        assert!(bench.turn_preview(&id, Verb::Suspend, Why::Lost).await.is_err(), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn i4_every_answer_is_done_refused_or_unknown_and_settles_by_reading() {
    for system in ALL {
        for (answer, ends, settles) in [
            (Answer::Refused(403), "rejected", IntentState::Abandoned),
            (Answer::NoConnection, "not sent", IntentState::Abandoned),
            (Answer::LostBefore, "unknown", IntentState::Abandoned),
            (Answer::LostAfter, "unknown", IntentState::Done),
            (Answer::Pending(3), "done", IntentState::Done),
            (Answer::Pending(8), "unknown", IntentState::Done),
        ] {
            let (bench, id) = desk(system).await;
            bench.town.streets().answers.push_back(answer);
            let end = bench.turn(&id, Verb::Suspend, Why::Lost).await.unwrap();
            let word = match end {
                ReissueEnd::Done { .. } => "done",
                ReissueEnd::Rejected(..) => "rejected",
                ReissueEnd::NotSent(_) => "not sent",
                ReissueEnd::Unknown(..) => "unknown",
                other => panic!("{system} {answer:?}: {other:?}"),
            };
            assert_eq!(word, ends, "{system} {answer:?}");
            let sent = bench.town.sent();
            let mut waited = 0;
            for at in RECONCILE_AT_SECONDS {
                bench.watch.advance(at - waited);
                waited = at;
                recovery::settle(&bench.means(), bench.last().await).await;
                let early = at < 600 && answer == Answer::LostBefore;
                assert!(!early || bench.last().await.state == IntentState::Unknown, "{system}: absence after {at} s");
            }
            assert_eq!(bench.last().await.state, settles, "{system} {answer:?}");
            assert_eq!(bench.town.sent(), sent, "{system}: settling only reads (i5)");
            assert_eq!(bench.badge(&id).await, if system == System::ThalesD1 { "#issuer" } else { "*ours" });
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_moved_elsewhere_while_the_outcome_was_unknown_is_for_a_person() {
    let (bench, id) = desk(System::AccessGrid).await;
    bench.town.streets().answers.push_back(Answer::LostBefore);
    let end = bench.turn(&id, Verb::Suspend, Why::Lost).await.unwrap();
    assert!(matches!(end, ReissueEnd::Unknown(..)));
    bench.town.streets().turn(&id, "unlink");
    let settled = recovery::settle(&bench.means(), bench.last().await).await;
    assert_eq!(settled.state, IntentState::Unknown, "ours may still be on its way");
    bench.watch.advance(700);
    let settled = recovery::settle(&bench.means(), bench.last().await).await;
    assert_eq!(settled.state, IntentState::Ambiguous, "{}", settled.words);
    assert_eq!(bench.badge(&id).await, "*ours", "whose it is was never the question");
    // i6: the question blocks the next act until a person has parked it.
    let problem = bench.turn_preview(&id, Verb::End, Why::Leaver).await.unwrap_err();
    assert!(problem.what.contains("not settled"), "{problem}");
    recovery::hold(&bench.means(), bench.records().await[2].intent, "looked at it").await.unwrap();
    assert!(matches!(bench.turn(&id, Verb::End, Why::Leaver).await.unwrap(), ReissueEnd::Done { .. }));
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_and_never_shows_can_be_parked_after_ten_minutes() {
    let (bench, id) = desk(System::ThalesD1).await;
    bench.town.streets().answers.push_back(Answer::Pending(1000));
    assert!(matches!(bench.turn(&id, Verb::Suspend, Why::Lost).await.unwrap(), ReissueEnd::Unknown(..)));
    bench.watch.advance(700);
    let settled = recovery::settle(&bench.means(), bench.last().await).await;
    assert_eq!(settled.state, IntentState::Diverged, "{}", settled.words);
    bench.town.streets().turn(&id, "INACTIVE");
    let settled = recovery::settle(&bench.means(), bench.last().await).await;
    assert_eq!(settled.state, IntentState::Done, "two words for one state: {}", settled.words);
}

#[tokio::test(start_paused = true)]
async fn i1_each_act_is_on_record_before_it_is_sent_and_marked_where_there_is_room() {
    for system in ALL {
        let (bench, id) = desk(system).await;
        assert!(matches!(bench.turn(&id, Verb::Suspend, Why::Lost).await.unwrap(), ReissueEnd::Done { .. }));
        let record = bench.last().await;
        assert!(record.sent.is_some() && record.snapshot.is_some());
        assert_eq!(record.purpose.old.unwrap().id, id);
        assert_eq!(record.purpose.marker.is_some(), system == System::ThalesD1, "{system}");
        assert_eq!(record.purpose.ticket, "INC0012345");
    }
}

/// What somebody does next, drawn from the seed: the desk, another system, the holder, or the wire.
async fn something(bench: &Bench, dice: &mut rand::rngs::StdRng) {
    if bench.town.streets().cards().is_empty() {
        bench.town.streets().foreign_add("theirs");
    }
    let ids: Vec<CredentialId> = bench.town.streets().cards().iter().map(|c| c.id.clone()).collect();
    let verbs = [Verb::Suspend, Verb::Resume, Verb::Unlink, Verb::End, Verb::Set];
    let answers =
        [Answer::LostAfter, Answer::LostBefore, Answer::Refused(422), Answer::Pending(2), Answer::NamesAnother];
    let why = Why::ALL[dice.random_range(0..9)];
    let id = ids[dice.random_range(0..ids.len())].clone();
    match dice.random_range(0..10_u8) {
        0 => drop(bench.town.streets().foreign_add("theirs")),
        1 => bench.town.streets().accept(&id),
        2 => bench.town.streets().answers.push_back(answers[dice.random_range(0..answers.len())]),
        3 => {
            // A foreign recipe copies everything, our marker included.
            let mut streets = bench.town.streets();
            let marker = streets.card(&id).unwrap().marker.clone();
            let mut copy = streets.mint("copy", "");
            copy.marker = marker;
            streets.add(copy, crate::town::them());
        }
        4 => {
            bench.watch.advance(700);
            if let Some(record) = bench.records().await.into_iter().find(|r| !r.state.is_terminal()) {
                let settled = recovery::settle(&bench.means(), record).await;
                if !settled.state.is_terminal() {
                    let _ = recovery::hold(&bench.means(), settled.intent, "looked at it").await;
                }
            }
        }
        5 | 6 => {
            if let Ok(plan) = bench.preview(&id, Some(why)).await {
                bench.watch.advance(1);
                bench.run(plan).await;
            }
        }
        _ => {
            let verb = verbs[dice.random_range(0..verbs.len())];
            let _ = bench.turn(&id, verb, why).await;
        }
    }
    bench.watch.advance(1);
    for issue in bench.ledger.waiting_retirements().await.unwrap() {
        reissue::retire(&bench.means(), issue).await;
    }
}

/// No sequence of acts, answers and other hands ends with a touch on a pass that this desk did not make, but for what
/// the issuer's role covers.
#[tokio::test(start_paused = true)]
async fn i10_no_sequence_ever_touches_a_pass_of_others() {
    let mut touched = 0;
    for seed in 0..150_u64 {
        for system in [System::Gallagher, System::AccessGrid, System::CardExchange] {
            let mut dice = rand::rngs::StdRng::seed_from_u64(seed);
            let bench = Bench::of(system, seed);
            bench.town.streets().first_word =
                Some(["initialized", "in_production"][usize::from(dice.random_bool(0.5))]);
            let mine = bench.issue_ours("phone").await;
            bench.town.streets().accept(&mine);
            for _ in 0..30 {
                something(&bench, &mut dice).await;
            }
            let streets = bench.town.streets();
            for (id, how) in &streets.touched {
                assert!(!streets.theirs.contains(id), "seed {seed} {system}: {how} of {id}");
                touched += 1;
            }
        }
    }
    println!("{touched} touches in 450 sequences of 30 steps (seeds 0 to 149), none of another's pass");
    assert!(touched > 500, "only {touched}: the sequences do too little");
}

#[tokio::test(start_paused = true)]
async fn i14_what_a_list_leaves_out_is_not_gone() {
    let (bench, id) = desk(System::Gallagher).await;
    bench.town.streets().answers.push_back(Answer::LostBefore);
    assert!(matches!(bench.turn(&id, Verb::End, Why::Leaver).await.unwrap(), ReissueEnd::Unknown(..)));
    let card = bench.town.streets().card(&id).unwrap().clone();
    // A list that says that it is not all there is.
    bench.town.streets().cards().retain(|c| c.id != id);
    bench.town.streets().people[0].whole = false;
    bench.watch.advance(700);
    let settled = recovery::settle(&bench.means(), bench.last().await).await;
    assert_eq!(settled.state, IntentState::Unknown, "{}", settled.words);
    // One whole list without it, and the next one with it again.
    bench.town.streets().people[0].whole = true;
    bench.town.streets().cards().push(card);
    bench.town.streets().hidden.push((id.clone(), 1));
    let settled = recovery::settle(&bench.means(), bench.last().await).await;
    assert_ne!(settled.state, IntentState::Done, "{}", settled.words);
    assert_eq!(bench.badge(&id).await, "*ours");
}

#[tokio::test(start_paused = true)]
async fn i13_nothing_is_ended_for_good_while_a_list_is_not_whole() {
    let (bench, id) = desk(System::Gallagher).await;
    bench.town.streets().people[0].whole = false;
    let refused = bench.turn(&id, Verb::End, Why::Leaver).await;
    assert!(refused.is_err_and(|problem| problem.what.contains("not all")));
    let end = bench.turn(&id, Verb::Suspend, Why::Lost).await.unwrap();
    assert!(matches!(end, ReissueEnd::Done { .. }), "what can be taken back goes on: {end:?}");
}

#[tokio::test(start_paused = true)]
async fn i14_both_lists_must_be_whole_to_prove_that_a_call_had_no_effect() {
    for (first, second) in [(false, true), (true, false)] {
        let (bench, id) = desk(System::Gallagher).await;
        bench.town.streets().answers.push_back(Answer::LostBefore);
        assert!(matches!(bench.turn(&id, Verb::Suspend, Why::Lost).await.unwrap(), ReissueEnd::Unknown(..)));
        bench.watch.advance(700);
        bench.town.streets().people[0].whole = first;
        bench.town.streets().on_read = Some((1, Box::new(move |streets| streets.people[0].whole = second)));
        let settled = recovery::settle(&bench.means(), bench.last().await).await;
        assert_eq!(settled.state, IntentState::Unknown, "{first} {second}: {}", settled.words);
        bench.town.streets().people[0].whole = true;
        let settled = recovery::settle(&bench.means(), bench.last().await).await;
        assert_eq!(settled.state, IntentState::Abandoned, "{}", settled.words);
    }
}

#[tokio::test(start_paused = true)]
async fn i12_an_answer_about_another_person_is_acted_on_by_nobody() {
    let (bench, id) = desk(System::AccessGrid).await;
    let sent = bench.town.sent();
    // Before the preview, and between the preview and the request.
    bench.town.streets().mixes_people_up = true;
    let problem = bench.turn_preview(&id, Verb::Suspend, Why::Lost).await.unwrap_err();
    assert_eq!(problem.what, "the answer is about another person");
    bench.town.streets().mixes_people_up = false;
    let plan = bench.turn_preview(&id, Verb::Suspend, Why::Lost).await.unwrap();
    bench.town.streets().mixes_people_up = true;
    let end = turn::run(&bench.means(), plan, |_| ()).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what == "the answer is about another person"), "{end:?}");
    assert_eq!(bench.town.sent(), sent);
}
