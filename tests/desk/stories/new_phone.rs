//! Journey 2: John Roe has a new phone. The old pass works until the new one is accepted, then it is retired.

use crate::stage::Stage;
use passdesk::console::message::{Msg, Timer};
use passdesk::simulator::Author;
use passdesk::simulator::InvitationMove;

const JOHN: &str = "4668";

fn mobiles(stage: &Stage) -> Vec<passdesk::simulator::TrueCard> {
    stage.world().cardholder(JOHN).unwrap().cards.into_iter().filter(|c| c.class == "mobile").collect()
}

#[tokio::test]
async fn journey_02_the_old_pass_works_until_the_new_one_is_accepted() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut stage = Stage::open(columns, rows).await;
        let old = mobiles(&stage).remove(0);
        stage.press("john r~r2").await;
        stage.shows("chosen: 2").shows("until the new one is accepted");
        insta::assert_snapshot!(format!("journey_02_wizard_{columns}"), stage.screen());
        stage.press("y").await;
        stage.shows("the old one works until the new one is accepted").shows("1 job");
        assert!(stage.keys <= 11, "{} keys", stage.keys);
        assert_eq!(mobiles(&stage).len(), 2, "both are there");
        let new = mobiles(&stage).into_iter().find(|c| c.segment != old.segment).unwrap();
        assert_eq!(new.created_by, Author::Console);

        let saga = stage.console.model.waiting[0].intent;
        stage.pass(30);
        stage.console.handle(Msg::Timer(Timer::Waiting(saga)));
        stage.settle().await;
        assert_eq!(mobiles(&stage).len(), 2, "not accepted yet: nothing is retired");

        let accepted = InvitationMove { cardholder: JOHN.into(), card: new.segment.clone(), status: "accepted".into() };
        stage.world().invitation(&accepted).unwrap();
        stage.pass(30);
        stage.console.handle(Msg::Timer(Timer::Waiting(saga)));
        stage.settle().await;
        stage.shows("The old pass is retired");
        let left = mobiles(&stage);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].segment, new.segment);
        assert_eq!(stage.world().log().patches, 2);
        assert!(stage.console.model.waiting.is_empty());
        insta::assert_snapshot!(format!("journey_02_retired_{columns}"), stage.screen());
    }
}

#[tokio::test]
async fn locked_meanwhile_the_second_half_waits_for_a_person() {
    let mut stage = Stage::open(80, 24).await;
    stage.press("john r~r2y").await;
    let new = mobiles(&stage).into_iter().max_by_key(|c| c.created_at).unwrap();
    let saga = stage.console.model.waiting[0].intent;
    stage.press("L").await;
    stage.pass(5);
    let accepted = InvitationMove { cardholder: JOHN.into(), card: new.segment, status: "accepted".into() };
    stage.world().invitation(&accepted).unwrap();
    stage.console.handle(Msg::Timer(Timer::Waiting(saga)));
    stage.settle().await;
    stage.shows("John Roe: the new pass is accepted, the old one still works");
    assert_eq!(mobiles(&stage).len(), 2);
    stage.press("^w~y").await;
    stage.shows("Nothing was sent: read-only");
    stage.press("^^Lw~y").await;
    stage.shows("The old pass is retired");
    assert_eq!(mobiles(&stage).len(), 1);
}

#[tokio::test]
async fn i17_at_once_is_refused_for_the_last_working_pass() {
    use passdesk::simulator::{ForeignKind, ForeignWrite, When};
    let mut stage = Stage::open(80, 24).await;
    for other in stage.world().cardholder(JOHN).unwrap().cards.into_iter().filter(|c| c.class != "mobile") {
        let gone = ForeignWrite {
            cardholder: JOHN.into(),
            kind: ForeignKind::Remove,
            of: Some(other.segment),
            when: When::Now,
            email: None,
            number: None,
            workstation: false,
            by: None,
        };
        stage.world().foreign(gone).unwrap();
    }
    stage.press("john r~r2o").await;
    insta::assert_snapshot!(stage.screen());
    stage.press("y").await;
    assert_eq!(stage.world().log().applied_patches, 0, "nothing was sent");
    assert_eq!(mobiles(&stage).len(), 1);
}
