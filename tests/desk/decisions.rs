//! What reading cannot settle, a person decides: with the evidence before her, on record, and without making anything
//! more ours than the evidence did.

use crate::bench::Bench;
use crate::town::{Answer, them};
use passdesk::domain::credential::System;
use passdesk::domain::decision::{Case, Verdict};
use passdesk::domain::ids::CredentialId;
use passdesk::domain::journal::{IntentState, Proof};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::ownership::Grade;
use passdesk::domain::policy::Why;
use passdesk::domain::problem::ProblemKind;
use passdesk::domain::reissue::ReissueEnd;
use passdesk::workflow::{decide, late, recovery};

const WHY: &str = "the holder showed me which one works";

/// Two new passes and nothing to tell them apart: DIVERGED, as the answer was proven.
async fn two_candidates(seed: u64) -> (Bench, [CredentialId; 2]) {
    let bench = Bench::new(seed, false, false);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().accept(&old);
    let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
    bench.town.streets().after_change = Some(Box::new(|s| {
        s.foreign_add("theirs");
    }));
    assert!(matches!(bench.run(plan).await, ReissueEnd::Ambiguous(..)));
    let new: Vec<CredentialId> = bench.live().await.into_iter().map(|(c, _)| c.id).filter(|id| *id != old).collect();
    let [ours, theirs] = <[CredentialId; 2]>::try_from(new).unwrap();
    (bench, [ours, theirs])
}

async fn case(bench: &Bench) -> Case {
    decide::case(&bench.means(), bench.last().await.intent).await.unwrap()
}

async fn grade(bench: &Bench, id: &CredentialId) -> Grade {
    bench.live().await.into_iter().find(|(c, _)| c.id == *id).unwrap().1.grade
}

#[tokio::test(start_paused = true)]
async fn i13_a_choice_ends_the_question_and_makes_nothing_surely_ours() {
    let (bench, [ours, theirs]) = two_candidates(1).await;
    let case = case(&bench).await;
    assert_eq!((case.state, case.choices.len()), (IntentState::Diverged, 3));
    assert!(case.choices[..2].iter().all(|c| !c.because.is_empty() && c.refused.is_none()), "{case:?}");
    let settled = decide::decide(&bench.means(), &case, &Verdict::This(ours.clone()), WHY).await.unwrap();
    assert_eq!(settled.state, IntentState::Done);
    let record = bench.last().await;
    let bound = record.binding.clone().unwrap();
    assert_eq!((bound.object.unwrap().id, bound.proofs), (ours.clone(), vec![Proof::Person]));
    let remark = record.remark.unwrap();
    assert!(remark.text.contains(WHY) && remark.candidates.len() == 2, "{remark:?}");
    assert_eq!(grade(&bench, &ours).await, Grade::Claimed, "adoption is a claim (safety.md 4.1)");
    assert_eq!(grade(&bench, &theirs).await, Grade::Foreign);
    assert!(bench.turn_preview(&ours, Verb::End, Why::Mistake).await.is_err(), "nothing final rests on it");
    // The person can be worked on again.
    assert!(bench.ledger.unfinished().await.unwrap().is_empty());
    assert_eq!(bench.town.sent(), 1, "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn i13_a_choice_among_marks_that_were_copied_is_a_claim_too() {
    let bench = Bench::of(System::AccessGrid, 2);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().accept(&old);
    bench.town.streets().answers.push_back(Answer::LostAfter);
    let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
    assert!(matches!(bench.run(plan).await, ReissueEnd::Unknown(..)));
    let first = bench.town.streets().cards().last().unwrap().clone();
    let mut copy = bench.town.streets().mint("copy", "");
    copy.marker.clone_from(&first.marker);
    bench.town.streets().add(copy.clone(), them());
    assert_eq!(recovery::settle(&bench.means(), bench.last().await).await.state, IntentState::Ambiguous);
    let shown = case(&bench).await;
    decide::decide(&bench.means(), &shown, &Verdict::This(first.id.clone()), WHY).await.unwrap();
    assert_eq!((grade(&bench, &first.id).await, grade(&bench, &copy.id).await), (Grade::Claimed, Grade::Ambiguous));
}

#[tokio::test(start_paused = true)]
async fn a_decision_needs_a_reason_an_open_answer_and_what_was_shown() {
    let (bench, [ours, theirs]) = two_candidates(3).await;
    let shown = case(&bench).await;
    let means = bench.means();
    for reason in ["", "  ", "ok"] {
        let problem = decide::decide(&means, &shown, &Verdict::This(ours.clone()), reason).await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Usage, "{reason:?}");
    }
    for verdict in [Verdict::Done, Verdict::Nothing, Verdict::WrittenOff, Verdict::This("gall:4665/x".parse().unwrap())]
    {
        let problem = decide::decide(&means, &shown, &verdict, WHY).await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Refused, "{verdict:?}");
    }
    bench.town.streets().accept(&ours);
    bench.town.streets().card(&ours).unwrap().status_word = "Training".into();
    let problem = decide::decide(&means, &shown, &Verdict::This(ours.clone()), WHY).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Stale, "it looks otherwise than it did: {problem}");
    bench.town.streets().foreign_remove(&theirs);
    bench.watch.advance(16 * 60);
    let problem = decide::decide(&means, &shown, &Verdict::Held, WHY).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Stale, "sixteen minutes old: {problem}");
    assert_eq!(bench.last().await.state, IntentState::Diverged);
    // What another change made, and what was there before, are no answers.
    let before = bench.live().await[0].0.clone();
    let mut record = bench.last().await;
    record.remark.as_mut().unwrap().candidates.push(passdesk::domain::journal::Seen::of(&before));
    assert!(case(&bench).await.choice(&Verdict::This(before.id)).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_can_be_chosen_denied_or_written_off() {
    for answer in ["this", "nothing", "write-off"] {
        let bench = Bench::new(4, true, true);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().accept(&old);
        bench.town.streets().answers.push_back(Answer::LostBefore);
        let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
        assert!(matches!(bench.run(plan).await, ReissueEnd::Unknown(..)));
        recovery::hold(&bench.means(), bench.last().await.intent, "the site is down").await.unwrap();
        let marker = bench.last().await.purpose.marker.clone().unwrap();
        let id = (answer == "this").then(|| bench.town.streets().arrive(&marker));
        bench.watch.advance(700);
        let shown = case(&bench).await;
        let (verdict, state) = match (answer, id) {
            ("this", Some(id)) => (Verdict::This(id), IntentState::Done),
            ("nothing", _) => (Verdict::Nothing, IntentState::Abandoned),
            _ => (Verdict::WrittenOff, IntentState::WrittenOff),
        };
        if answer == "this" {
            let why = shown.choice(&Verdict::Nothing).unwrap().refused.unwrap();
            assert!(why.contains("something is there"), "{why}");
        }
        let settled = decide::decide(&bench.means(), &shown, &verdict, WHY).await.unwrap();
        assert_eq!(settled.state, state, "{answer}: {}", settled.words);
        let since = bench.means().clock.now() - late::WATCH_FOR;
        let watched = bench.ledger.late_watch(since).await.unwrap().watched.len();
        assert_eq!(watched, usize::from(answer != "this"), "{answer}: it may still arrive");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_known_when_it_was_written_off_raises_no_alarm_later() {
    let bench = Bench::new(5, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().accept(&old);
    bench.town.streets().answers.push_back(Answer::LostAfter);
    let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
    assert!(matches!(bench.run(plan).await, ReissueEnd::Unknown(..)));
    recovery::hold(&bench.means(), bench.last().await.intent, "not ours to tell").await.unwrap();
    let shown = case(&bench).await;
    decide::decide(&bench.means(), &shown, &Verdict::WrittenOff, WHY).await.unwrap();
    assert!(late::look(&bench.means(), &[]).await.is_empty());
    let id = bench.town.streets().cards().last().unwrap().id.clone();
    assert_eq!(bench.badge(&id).await, "?ambig", "written off is not ours");
}

#[tokio::test(start_paused = true)]
async fn an_act_that_somebody_crossed_is_decided_as_well() {
    for system in [System::Gallagher, System::AccessGrid, System::CardExchange] {
        let bench = Bench::of(system, 6);
        let (id, other) = (bench.issue_ours("phone").await, bench.issue_ours("other").await);
        for id in [&id, &other] {
            bench.town.streets().accept(id);
        }
        bench.town.streets().answers.push_back(Answer::LostBefore);
        assert!(matches!(bench.turn(&id, Verb::Suspend, Why::Lost).await.unwrap(), ReissueEnd::Unknown(..)));
        let word = match system {
            System::Gallagher => "Training",
            System::AccessGrid => "unlink",
            _ => "withdrawn",
        };
        bench.town.streets().turn(&id, word);
        bench.watch.advance(700);
        assert_eq!(
            recovery::settle(&bench.means(), bench.last().await).await.state,
            IntentState::Ambiguous,
            "{system}"
        );
        let shown = case(&bench).await;
        let why = shown.choice(&Verdict::Done).unwrap().because.clone();
        assert!(why.iter().any(|clue| clue.as_str().contains(word)), "{system}: {why:?}");
        let settled = decide::decide(&bench.means(), &shown, &Verdict::Done, WHY).await.unwrap();
        assert_eq!(settled.state, IntentState::Done, "{system}");
        assert_eq!(bench.last().await.binding.unwrap().ended, None, "{system}: nobody saw its end (i14)");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_confirms_that_nothing_happened_once_a_later_change_of_ours_may_have_undone_it() {
    for system in [System::Gallagher, System::AccessGrid, System::CardExchange] {
        let bench = Bench::of(system, 8);
        let (id, other) = (bench.issue_ours("phone").await, bench.issue_ours("other").await);
        for id in [&id, &other] {
            bench.town.streets().accept(id);
        }
        bench.town.streets().answers.push_back(Answer::LostAfter);
        assert!(matches!(bench.turn(&id, Verb::Suspend, Why::Lost).await.unwrap(), ReissueEnd::Unknown(..)));
        let parked = bench.last().await.intent;
        recovery::hold(&bench.means(), parked, "the site is down").await.unwrap();
        bench.watch.advance(700);
        let end = bench.turn(&id, Verb::Resume, Why::Lost).await.unwrap();
        assert!(matches!(end, ReissueEnd::Done { .. }), "{system}: {end:?}");

        let shown = decide::case(&bench.means(), parked).await.unwrap();
        let why = shown.choice(&Verdict::Nothing).unwrap().refused.unwrap();
        assert!(why.contains("a later change of ours"), "{system}: {why}");
        let problem = recovery::nothing_was_made(&bench.means(), parked, WHY).await.unwrap_err();
        assert!(problem.why.contains("a later change of ours"), "{system}: {problem}");
        let settled = decide::decide(&bench.means(), &shown, &Verdict::WrittenOff, WHY).await.unwrap();
        assert_eq!(settled.state, IntentState::WrittenOff, "{system}");
    }
}
