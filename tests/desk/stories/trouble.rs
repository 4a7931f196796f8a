//! What goes wrong is said in one sentence with what to do next; keys stay responsive and nothing is lost.

use crate::stage::Stage;
use passdesk::console::model::Overlay;
use passdesk::domain::ids::HolderId;
use passdesk::domain::journal::IntentState;
use passdesk::simulator::{Door, Fault, FaultKind};

const JANE: &str = "4665";

async fn state_of_jane(stage: &Stage) -> IntentState {
    let jane: HolderId = format!("gall:{JANE}").parse().unwrap();
    stage.desk.ledger.intents_of(&jane).await.unwrap().pop().unwrap().state
}

fn mobiles(stage: &Stage) -> usize {
    stage.world().cardholder(JANE).unwrap().cards.iter().filter(|c| c.class == "mobile").count()
}

/// Jane's wizard, with `y` lit; the fault strikes the change itself.
async fn at_the_wizard(fault: FaultKind) -> Stage {
    let mut stage = Stage::open(80, 24).await;
    stage.press("jane d~r").await;
    stage.world().arm(Fault::once("PATCH", fault)).unwrap();
    stage
}

#[tokio::test]
async fn journey_08_a_lost_answer_is_settled_by_reading_and_never_sent_twice() {
    let mut stage = at_the_wizard(FaultKind::DropAfter).await;
    stage.press("y").await;
    assert_eq!(state_of_jane(&stage).await, IntentState::Done, "the marker was found");
    assert_eq!(mobiles(&stage), 1);
    assert_eq!(stage.world().log().patches, 1);
    insta::assert_snapshot!(stage.screen());
}

#[tokio::test]
async fn an_answer_lost_before_the_effect_stays_an_open_question() {
    let mut stage = at_the_wizard(FaultKind::DropBefore).await;
    stage.press("y").await;
    assert_eq!(state_of_jane(&stage).await, IntentState::Unknown);
    stage.shows("OUTCOME UNKNOWN").shows("1 job");
    insta::assert_snapshot!("unknown", stage.screen());
    stage.press("^r").await;
    stage.shows("reissue is off: a change of this person is UNKNOWN; w shows it");
    stage.press("w").await;
    stage.shows("nothing is sent again");
    insta::assert_snapshot!("unknown_jobs", stage.screen());
    assert_eq!(stage.world().log().patches, 1);
    stage.press("~y").await;
    stage.shows("HELD").shows("parked at the desk by op7");
    assert_eq!(state_of_jane(&stage).await, IntentState::Held);
    stage.press("^").await;
    stage.press("r").await;
    assert!(matches!(stage.console.model.overlay, Some(Overlay::Wizard(_))), "a parked question blocks nobody");
}

#[tokio::test]
async fn refusals_say_why_and_change_nothing() {
    for (status, words) in [
        (400, "refused the request"),
        (401, "refused our key"),
        (403, "does not allow it"),
        (409, "has the person locked"),
        (429, "asks us to slow down"),
    ] {
        let mut stage = at_the_wizard(FaultKind::StatusBefore { status, retry_after: None }).await;
        stage.press("y").await;
        stage.shows(words).shows(&status.to_string());
        assert_eq!(stage.world().log().patches, 1, "{status}: sent once");
        assert_eq!(mobiles(&stage), 1);
        assert_eq!(state_of_jane(&stage).await, IntentState::Abandoned, "{status}");
        stage.press("^").await;
        assert!(stage.console.model.toast.is_none(), "ESC takes the note away, M keeps it");
        stage.press("M").await;
        stage.shows(words);
    }
}

#[tokio::test]
async fn a_change_that_ends_in_500_is_unknown_and_not_failed() {
    for fault in [
        FaultKind::StatusBefore { status: 500, retry_after: None },
        FaultKind::StatusAfter { status: 500, retry_after: None },
        FaultKind::HangAfter,
        FaultKind::BrokenJson,
    ] {
        let mut stage = at_the_wizard(fault.clone()).await;
        stage.press("y").await;
        let state = state_of_jane(&stage).await;
        println!("{fault:?} ends as {state}");
        assert!(matches!(state, IntentState::Unknown | IntentState::Done), "{fault:?}: {state}");
        assert_eq!(stage.world().log().patches, 1);
        assert_eq!(mobiles(&stage), 1);
        stage.shows_not("failed");
    }
}

#[tokio::test]
async fn a_server_that_is_gone_leaves_the_cache_to_browse() {
    let mut stage = Stage::open(80, 24).await;
    stage.world().set_door(Door::Closed).await;
    // Connections that stand would still be served: a server that is gone serves nobody.
    stage.world().arm(Fault { times: 0, ..Fault::once("GET", FaultKind::DropBefore) }).unwrap();
    stage.press("jane d~").await;
    stage.shows("3 Cards of Jane Doe").shows("*ours").shows("not read").shows("gall off");
    insta::assert_snapshot!(stage.screen());
    stage.press("r").await;
    stage.shows("reissue is off: gall does not answer; R tries again");
    assert!(stage.console.model.overlay.is_none());
    stage.world().clear_faults();
    stage.world().set_door(Door::Open).await;
    stage.press("R").await;
    stage.shows("gall ok").shows_not("gall off");
}

#[tokio::test]
async fn reads_that_fail_say_what_to_do() {
    for (fault, words) in [
        (FaultKind::StatusBefore { status: 500, retry_after: None }, "does not answer usefully"),
        (FaultKind::StatusBefore { status: 403, retry_after: None }, "does not allow it"),
        (FaultKind::StatusBefore { status: 401, retry_after: None }, "refused our key"),
        (FaultKind::BrokenJson, "cannot be read"),
        (FaultKind::HugeBody { bytes: 1 << 30 }, "cannot be read"),
        (FaultKind::Hang, "does not answer usefully"),
    ] {
        let mut stage = Stage::open(80, 24).await;
        stage.press("jane d").await;
        let everything = Fault { times: 0, ..Fault::once("GET", fault.clone()) };
        stage.world().arm(everything).unwrap();
        stage.press("~").await;
        stage.shows(words).shows("Jane Doe");
        println!("{fault:?}\n{}", stage.screen());
    }
}
