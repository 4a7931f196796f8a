//! Journey 4: is the reader or the pass faulty, and is it ours? All that is known of a credential, its vendor's own
//! document, the evidence, the requests, and what can be copied.

use super::four_systems::whole;
use crate::stage::Stage;
use passdesk::console::inspector::Leaf;
use passdesk::console::keymap::Key;
use passdesk::console::model::Overlay;
use passdesk::domain::credential::CredentialClass;
use passdesk::runtime::Wanted;
use std::sync::{Arc, Mutex};

/// What was copied from now on.
fn copied(stage: &mut Stage) -> Arc<Mutex<Vec<String>>> {
    let taken: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&taken);
    stage.console.ask_of(Box::new(move |wanted| {
        if let Wanted::Copy(text) = wanted {
            kept.lock().unwrap().push(text);
        }
    }));
    taken
}

fn leaf(stage: &Stage) -> Option<Leaf> {
    match &stage.console.model.overlay {
        Some(Overlay::Inspector(open)) => Some(open.leaf),
        _ => None,
    }
}

#[tokio::test]
async fn journey_04_the_pass_is_looked_at_from_all_sides_and_nothing_is_sent() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let (mut stage, _folder) = whole(columns, rows).await;
        let taken = copied(&mut stage);
        let before = stage.world().log().patches;
        stage.press("8841~").await;
        let (card, _) = stage.console.model.shown.card().unwrap();
        assert_eq!(card.number.safe().as_str(), "8841");
        stage.press("o").await;
        stage.shows("Inspector  gall").shows("8841").shows("vendor's word").shows("1 fields").shows("ESC");
        insta::assert_snapshot!(format!("journey_04_fields_{columns}"), stage.screen());
        stage.press("3").await;
        stage.shows("owner").shows("grade").shows("to stop it").shows("in bulk");
        insta::assert_snapshot!(format!("journey_04_why_{columns}"), stage.screen());
        stage.press("2").await;
        stage.shows("\"number\": \"8841\"");
        stage.press("cj").await;
        stage.shows("The JSON was sent to the terminal clipboard");
        let json: serde_json::Value = serde_json::from_str(&taken.lock().unwrap().concat()).unwrap();
        assert_eq!(json["number"], "8841");
        stage.press("@").await;
        stage.shows("GET 200");
        let asked = stage.console.model.inspected();
        assert!(
            asked.iter().any(|line| line.text.contains("gall GET 200") && line.text.contains("/api/cardholders/4672")),
            "{asked:?}"
        );
        assert!(stage.keys <= 12, "{} keys", stage.keys);
        assert_eq!(stage.world().log().patches, before, "nothing is sent");
        stage.press("^").await;
        assert_eq!(leaf(&stage), None);
    }
}

#[tokio::test]
async fn the_inspector_shows_no_secret_of_any_system() {
    let (mut stage, folder) = whole(120, 40).await;
    let keys: Vec<String> = ["gall.key", "accg.key", "cxc.key"]
        .iter()
        .map(|name| std::fs::read_to_string(folder.path().join(name)).unwrap().trim().to_owned())
        .collect();
    let taken = copied(&mut stage);
    stage.press("jane d~").await;
    let mut shown = String::new();
    for class in [
        CredentialClass::Mobile,
        CredentialClass::WalletPass,
        CredentialClass::DigitalCard,
        CredentialClass::PrintedCard,
    ] {
        stage.onto(class).await;
        stage.press("J").await;
        assert_eq!(leaf(&stage), Some(Leaf::Json));
        assert!(stage.console.model.shown.document().is_some(), "{class}\n{}", stage.screen());
        stage.press("cj").await;
        let entries = stage.console.model.inspected();
        assert!(entries.len() > 3, "{class}: {entries:?}");
        shown.extend(entries.into_iter().map(|entry| entry.text));
        stage.press("4").await;
        shown.extend(stage.console.model.inspected().into_iter().map(|entry| entry.text));
        stage.press("^").await;
    }
    shown.push_str(&taken.lock().unwrap().concat());
    for (key, name) in keys.iter().zip(["gall", "accg", "cxc"]) {
        assert!(key.len() > 8 && !shown.contains(key), "the key of {name} is shown");
    }
    for word in ["Bearer", "GGL-API-KEY", "client_assertion", "/api/invitations/", "install_url\": \"http"] {
        assert!(!shown.contains(word), "{word} is shown");
    }
    for system in ["gall GET", "accg GET", "d1 GET", "cxc GET", "/authz/"] {
        assert!(shown.contains(system), "no line of {system}");
    }
}

#[tokio::test]
async fn the_inspector_scrolls_and_turns_and_never_leaves_its_credential() {
    let (mut stage, _folder) = whole(80, 24).await;
    stage.press("jane d~").await;
    let id = stage.onto(CredentialClass::DigitalCard).await;
    stage.press("o").await;
    let top = stage.screen();
    stage.press("jjj").await;
    assert_ne!(stage.screen(), top);
    stage.key(Key::Home).await;
    assert_eq!(stage.screen(), top);
    stage.press("\t").await;
    assert_eq!(leaf(&stage), Some(Leaf::Json));
    // An act asked for here opens its preview over it; nothing is sent.
    stage.press("s").await;
    assert!(matches!(stage.console.model.overlay, Some(Overlay::Wizard(_))), "{}", stage.screen());
    stage.press("^").await;
    assert_eq!(stage.console.model.shown.card().unwrap().0.id, id);
}
