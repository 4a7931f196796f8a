//! Journey 3: Sam Poe lost a phone and found it later; and the other acts on one pass at Command Centre.

use crate::stage::Stage;
use passdesk::domain::credential::State;

const SAM: &str = "4670";

fn phone(stage: &Stage) -> Option<passdesk::simulator::TrueCard> {
    stage.world().cardholder(SAM).unwrap().cards.into_iter().find(|c| c.class == "mobile")
}

fn state(stage: &Stage) -> State {
    stage.console.model.shown.card().unwrap().0.state()
}

#[tokio::test]
async fn journey_03_a_lost_phone_is_suspended_and_resumed_when_it_is_found() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut stage = Stage::open(columns, rows).await;
        stage.press("sam p~").await;
        stage.shows("s suspend");
        insta::assert_snapshot!(format!("journey_03_cards_{columns}"), stage.screen());
        stage.press("s3").await;
        stage.shows("Suspend").shows("chosen: 3").shows("Lost").shows("y send");
        insta::assert_snapshot!(format!("journey_03_preview_{columns}"), stage.screen());
        assert_eq!(stage.world().log().patches, 0, "nothing is sent before y");
        stage.press("y").await;
        stage.shows("SUSPENDED (Lost)").shows("readers may take minutes").shows("= SUSPENDED");
        insta::assert_snapshot!(format!("journey_03_suspended_{columns}"), stage.screen());
        assert!(stage.keys <= 10, "{} keys", stage.keys);
        assert_eq!((state(&stage), stage.world().log().patches), (State::Suspended, 1));

        stage.press("u").await;
        stage.shows("Resume").shows("y send");
        insta::assert_snapshot!(format!("journey_03_resume_{columns}"), stage.screen());
        stage.press("y").await;
        stage.shows("ACTIVE again");
        assert!(stage.keys <= 12, "{} keys", stage.keys);
        assert_eq!((state(&stage), stage.world().log().patches), (State::Active, 2));
        assert!(phone(&stage).is_some());
    }
}

#[tokio::test]
async fn a_pass_is_removed_with_a_reason_and_a_final_word() {
    let mut stage = Stage::open(80, 24).await;
    stage.press("sam p~x").await;
    stage.shows("Remove").shows("choose why first, 1 to 9");
    stage.press("y").await;
    assert_eq!(stage.world().log().patches, 0);
    stage.press("8").await;
    insta::assert_snapshot!("remove_80", stage.screen());
    stage.press("y").await;
    stage.shows("REMOVED");
    assert!(phone(&stage).is_none(), "it is gone");
    assert_eq!(stage.world().log().patches, 1);
    insta::assert_snapshot!("removed_80", stage.screen());
}

#[tokio::test]
async fn one_of_the_sites_own_words_is_set() {
    let mut stage = Stage::open(80, 24).await;
    stage.press("sam p~a").await;
    stage.shows("a then").shows("w set word");
    stage.press("w").await;
    insta::assert_snapshot!("set_word_80", stage.screen());
    stage.press("~3").await;
    stage.shows("chosen: 3").shows("y send");
    let word = {
        use passdesk::console::model::Overlay;
        let Some(Overlay::Wizard(wizard)) = &stage.console.model.overlay else { panic!("no preview") };
        wizard.word().unwrap().to_string()
    };
    stage.press("y").await;
    let (card, _) = stage.console.model.shown.card().unwrap();
    assert_eq!(card.status_word.safe().as_str(), word);
}
