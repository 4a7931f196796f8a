//! Journey 1: a caller's invitation has expired; `jane d` ENT `r` `y` replaces it.

use crate::stage::Stage;
use passdesk::domain::ids::HolderId;
use passdesk::domain::journal::IntentState;
use passdesk::domain::ownership::Grade;
use passdesk::simulator::Author;

const JANE: &str = "4665";

#[tokio::test]
async fn journey_01_an_expired_invitation_is_replaced_in_nine_keys() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut stage = Stage::open(columns, rows).await;
        let before = stage.world().cardholder(JANE).unwrap();
        stage.press("jane d").await;
        stage.shows("Jane Doe").shows("! EXPIRED");
        insta::assert_snapshot!(format!("journey_01_found_{columns}"), stage.screen());
        stage.press("~").await;
        stage.shows("3 Cards of Jane Doe").shows("*ours").shows("OPENS DOORS NOW?  NO: invitation expired");
        insta::assert_snapshot!(format!("journey_01_cards_{columns}"), stage.screen());
        stage.press("r").await;
        stage.shows("chosen: 1").shows("1 PATCH to cardholder 4665").shows("y send");
        insta::assert_snapshot!(format!("journey_01_wizard_{columns}"), stage.screen());
        assert_eq!(stage.world().log().patches, 0, "nothing is sent before y");
        stage.press("y").await;
        stage.shows("Reissued: the new pass is *ours");
        insta::assert_snapshot!(format!("journey_01_done_{columns}"), stage.screen());
        assert!(stage.keys <= 9, "{} keys", stage.keys);

        let after = stage.world().cardholder(JANE).unwrap();
        assert_eq!(stage.world().log().patches, 1);
        let old = before.cards.iter().find(|c| c.class == "mobile").unwrap();
        assert!(after.removed.iter().any(|c| c.segment == old.segment), "the old one is gone");
        let new: Vec<_> = after.cards.iter().filter(|c| c.class == "mobile").collect();
        assert_eq!(new.len(), 1);
        assert_eq!(new[0].created_by, Author::Console);
        assert_eq!(after.cards.len(), before.cards.len(), "nothing else was touched");

        let jane: HolderId = format!("gall:{JANE}").parse().unwrap();
        let record = stage.desk.ledger.intents_of(&jane).await.unwrap().pop().unwrap();
        assert_eq!(record.state, IntentState::Done);
        assert!(record.snapshot.is_some() && record.sent.is_some() && record.binding.is_some());
        let (_, ownership) = stage.console.model.shown.card().unwrap();
        assert_eq!(ownership.grade, Grade::Tagged);
    }
}

#[tokio::test]
async fn the_watch_ends_when_the_invitation_is_out() {
    use passdesk::console::message::{Msg, Timer};
    let mut stage = Stage::open(80, 24).await;
    stage.press("jane d~ry").await;
    let card = stage.console.model.watches[0].card.clone();
    stage.pass(30);
    stage.console.handle(Msg::Timer(Timer::Watch(card)));
    stage.settle().await;
    stage.shows("The invitation of Jane Doe is sent to").shows(". INVITED");
    assert!(stage.console.model.watches.is_empty());
}

#[tokio::test]
async fn an_invitation_that_never_leaves_becomes_a_warning_after_two_minutes() {
    use passdesk::console::message::{Msg, Timer};
    let mut stage = Stage::open(80, 24).await;
    let cloud_down = serde_json::json!({ "cloud_up": false });
    stage.world().change_switches(&cloud_down).unwrap();
    stage.press("jane d~ry").await;
    let card = stage.console.model.watches[0].card.clone();
    stage.pass(121);
    stage.console.handle(Msg::Timer(Timer::Watch(card)));
    stage.settle().await;
    stage.shows("has not been sent for 2 minutes");
}
