//! What changes at a system while somebody looks appears by itself.

use crate::stage::Stage;
use passdesk::console::message::{Msg, Timer};
use passdesk::domain::credential::{CredentialClass, State};
use passdesk::simulator::InvitationMove;

/// Jane Doe, whose invitation has expired, in every default world.
const JANE: &str = "4665";

/// Lets the timer of the next look run out.
async fn look(stage: &mut Stage) {
    stage.console.handle(Msg::Timer(Timer::Live));
    stage.settle().await;
}

#[tokio::test]
async fn an_accepted_invitation_appears_by_itself_and_the_cursor_stays() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("jane d~ry").await;
    let new = stage
        .console
        .model
        .shown
        .cards
        .iter()
        .find(|(card, _)| matches!(card.state(), State::Pending | State::Invited))
        .unwrap()
        .0
        .clone();
    // The cursor is on another card, and a filter is open: neither moves.
    let other = stage.console.model.shown.cards.iter().find(|(card, _)| card.id != new.id).unwrap().0.id.clone();
    while stage.console.model.shown.cursor.as_ref() != Some(&other) {
        stage.press("j").await;
    }
    let before = stage.world().log().received;
    look(&mut stage).await;
    assert_eq!(stage.world().log().received, before, "ten seconds have not passed");
    stage.pass(10);
    look(&mut stage).await;
    let person = stage.world().cardholder(JANE).unwrap();
    let made = person.cards.iter().find(|card| card.class == "mobile").unwrap();
    let accepted = InvitationMove { cardholder: JANE.into(), card: made.segment.clone(), status: "accepted".into() };
    stage.world().invitation(&accepted).unwrap();
    stage.pass(10);
    look(&mut stage).await;
    let now = stage.console.model.shown.cards.iter().find(|(card, _)| card.id == new.id).unwrap();
    assert_eq!(now.0.state(), State::Active);
    assert_eq!(stage.console.model.shown.cursor, Some(other));
    stage.shows("Jane Doe: Mobile").shows("is ACTIVE now; it was ");
    assert_eq!(now.0.class, CredentialClass::Mobile);
}

#[tokio::test]
async fn nobody_looking_means_nobody_asking() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("jane d~").await;
    stage.pass(601);
    let after = stage.world().log().received;
    for _ in 0..5 {
        stage.pass(60);
        look(&mut stage).await;
    }
    assert_eq!(stage.world().log().received, after, "asked although no key came for ten minutes");
    stage.press("j").await;
    stage.pass(60);
    look(&mut stage).await;
    assert!(stage.world().log().received > after, "a key came: somebody looks again");
}
