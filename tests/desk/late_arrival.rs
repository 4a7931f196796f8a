//! A call that was held to have had no effect has one after all: it is seen, it is told, and it can be taken back.

use crate::bench::Bench;
use crate::town::{Answer, holder_id, holder_link};
use passdesk::domain::credential::System;
use passdesk::domain::ids::CredentialId;
use passdesk::domain::journal::{IntentRecord, IntentState, Marker};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::ownership::Grade;
use passdesk::domain::policy::Why;
use passdesk::domain::reissue::ReissueEnd;
use passdesk::ports::ledger::HistoryQuery;
use passdesk::workflow::gate::LiveView;
use passdesk::workflow::{late, recovery, reissue};

const MAKING: [System; 3] = [System::Gallagher, System::AccessGrid, System::CardExchange];

/// A reissue whose answer was lost, and which was then held not to have worked: the old pass, and the intent.
async fn held_not_to_have_worked(system: System) -> (Bench, CredentialId, IntentRecord) {
    let bench = Bench::of(system, 1);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().accept(&old);
    bench.town.streets().answers.push_back(Answer::LostBefore);
    let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
    assert!(matches!(bench.run(plan).await, ReissueEnd::Unknown(..)), "{system}");
    bench.watch.advance(1200);
    let record = bench.last().await;
    let settled = if system == System::Gallagher {
        recovery::settle(&bench.means(), record).await
    } else {
        recovery::nothing_was_made(&bench.means(), record.intent, "looked in the portal").await.unwrap()
    };
    assert_eq!(settled.state, IntentState::Abandoned, "{system}: {}", settled.words);
    let record = bench.last().await;
    (bench, old, record)
}

fn marker(record: &IntentRecord) -> Marker {
    record.purpose.marker.clone().unwrap()
}

async fn watch(bench: &Bench) -> (usize, usize) {
    let since = bench.means().clock.now() - late::WATCH_FOR;
    let watch = bench.ledger.late_watch(since).await.unwrap();
    (watch.watched.len(), watch.arrived.len())
}

#[tokio::test(start_paused = true)]
async fn i4_what_was_held_not_to_have_worked_and_arrives_later_raises_an_alarm_and_can_be_ended() {
    for system in MAKING {
        let (bench, old, lost) = held_not_to_have_worked(system).await;
        assert_eq!(watch(&bench).await, (1, 0), "{system}");
        assert!(late::look(&bench.means(), &[]).await.is_empty(), "{system}: nothing arrived");
        // Nobody waited: the operator did it again, and that worked.
        let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
        bench.watch.advance(1);
        let ReissueEnd::Waiting { new: second, .. } = bench.run(plan).await else { panic!("{system}") };
        bench.watch.advance(3600);
        let sent = bench.town.sent();
        let first = bench.town.streets().arrive(&marker(&lost));
        assert_eq!(bench.badge(&first).await, "?ambig", "{system}: nobody recorded it yet");

        let alarms = late::look(&bench.means(), &[]).await;
        assert_eq!(alarms.len(), 1, "{system}: {alarms:?}");
        let words = &alarms[0].told.words;
        assert!(words.starts_with("ALARM") && words.contains(&first.to_string()), "{words}");
        assert!(words.contains("its mark proves it ours"), "{system}: {words}");
        assert_eq!((watch(&bench).await, bench.town.sent()), ((0, 1), sent), "{system}: reads only (i5)");
        assert!(late::look(&bench.means(), &[]).await.is_empty(), "{system}: told once");

        let cards = bench.live().await;
        let grade = |id: &CredentialId| cards.iter().find(|(c, _)| c.id == *id).map(|(_, o)| o.grade).unwrap();
        assert_eq!(grade(&first), Grade::Tagged, "{system}");
        assert!(grade(&second.id) <= Grade::Tagged, "{system}: the one that we know stays ours");
        let rows = bench.ledger.operations(&HistoryQuery { holder: Some(holder_id()), limit: 9 }).await.unwrap();
        let row = rows.iter().find(|row| row.action.as_str() == "late pass").unwrap();
        assert_eq!((row.result.as_str(), row.credential.as_ref()), ("ALARM", Some(&first)), "{system}");

        let end = bench.turn(&first, Verb::End, Why::Mistake).await.unwrap();
        assert!(matches!(end, ReissueEnd::Done { .. }), "{system}: {end:?}");
        assert_eq!(watch(&bench).await, (0, 0), "{system}: dealt with");
        // The second one goes its way.
        bench.town.streets().accept(&second.id);
        let issue = bench.ledger.waiting_retirements().await.unwrap().pop().unwrap();
        let end = reissue::retire(&bench.means(), issue).await;
        assert!(matches!(end, ReissueEnd::Done { .. }), "{system}: {end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn i13_a_copy_of_a_pass_that_arrived_late_is_not_ours() {
    let (bench, _, lost) = held_not_to_have_worked(System::Gallagher).await;
    let first = bench.town.streets().arrive(&marker(&lost));
    late::look(&bench.means(), &[]).await;
    assert_eq!(bench.badge(&first).await, "*ours");
    let copy = bench.town.streets().foreign_reissue(&first).unwrap();
    assert_eq!(bench.badge(&copy).await, "?ambig", "even as the only bearer");
    assert!(bench.turn_preview(&copy, Verb::End, Why::Mistake).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn i13_a_mark_that_another_hand_put_there_is_told_and_proves_nothing() {
    let (bench, _, lost) = held_not_to_have_worked(System::Gallagher).await;
    let theirs = bench.town.streets().foreign_add(&marker(&lost).stamp("phone"));
    let alarms = late::look(&bench.means(), &[]).await;
    assert!(alarms[0].told.words.contains("somebody else as its creator"), "{alarms:?}");
    assert_eq!((bench.badge(&theirs).await, watch(&bench).await), ("?ambig", (0, 1)));
    for (verb, why) in [(Verb::End, Why::Mistake), (Verb::Suspend, Why::Lost)] {
        assert!(bench.turn_preview(&theirs, verb, why).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_lasts_a_day_and_a_later_look_at_the_person_still_sees_it() {
    for system in MAKING {
        let (bench, _, lost) = held_not_to_have_worked(system).await;
        bench.watch.advance(25 * 3600);
        assert_eq!(watch(&bench).await.0, 0, "{system}: nobody is read for it any more");
        bench.town.streets().arrive(&marker(&lost));
        assert!(late::look(&bench.means(), &[]).await.is_empty(), "{system}");
        let view = LiveView::read(&bench.means(), &holder_id(), &holder_link()).await.unwrap();
        assert!(late::is_due(&view), "{system}");
        let alarms = late::notice(&bench.means(), &view).await;
        assert!(alarms[0].recorded, "{system}: {alarms:?}");
        assert_eq!(watch(&bench).await, (0, 1), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_ends_when_a_person_lets_the_pass_stay() {
    let (bench, _, lost) = held_not_to_have_worked(System::AccessGrid).await;
    let first = bench.town.streets().arrive(&marker(&lost));
    let alarm = late::look(&bench.means(), &[]).await.pop().unwrap().told;
    let kept = late::keep(&bench.means(), alarm.intent, "the holder uses it").await.unwrap();
    assert!(kept.words.contains("the holder uses it"), "{}", kept.words);
    assert_eq!((watch(&bench).await, bench.badge(&first).await), ((0, 0), "*ours"));
    assert!(late::keep(&bench.means(), kept.intent, "again").await.is_err(), "that is no alarm");
    assert!(late::look(&bench.means(), &[]).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_watched_where_nothing_was_in_doubt() {
    let bench = Bench::of(System::Gallagher, 3);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().accept(&old);
    for answer in [Answer::Refused(409), Answer::NoConnection] {
        bench.town.streets().answers.push_back(answer);
        let plan = bench.preview(&old, Some(Why::NewPhone)).await.unwrap();
        bench.watch.advance(1);
        assert!(matches!(bench.run(plan).await, ReissueEnd::Rejected(..) | ReissueEnd::NotSent(_)));
    }
    assert_eq!(watch(&bench).await, (0, 0));
}
