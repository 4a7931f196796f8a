//! Credential classes, badges in the wallet, PINs, personal data and privileges (contract sections 4.2, 5 and 12).

use super::*;

fn add(element: &Value) -> Value {
    json!({ "cards": { "add": [element] } })
}

fn of_type(id: u16) -> Value {
    json!({ "type": { "href": format!("/api/card_types/{id}") } })
}

fn piv_data() -> Value {
    json!({ "chuid": { "fascn": "70014321" }, "contentSigningCert": "MIIB", "pivAuthenticationCert": "MIIC" })
}

/// Jane's newest card, as it is served.
async fn newest(desk: &Desk) -> Value {
    let path = desk.sim.world().cardholder("4665").unwrap().cards.pop().unwrap().path;
    let jane = desk.get("/api/cardholders/4665").await;
    jane["cards"].as_array().unwrap().iter().find(|c| c["href"].as_str().unwrap().ends_with(&path)).unwrap().clone()
}

#[tokio::test]
async fn every_class_is_there_and_a_person_of_the_default_world_has_one() {
    let desk = Desk::open().await;
    let types = desk.get("/api/card_types/assign").await;
    let classes: std::collections::BTreeSet<_> =
        types["results"].as_array().unwrap().iter().map(|t| t["credentialClass"].as_str().unwrap()).collect();
    let wanted =
        ["applePass", "card", "digitalId", "fido2", "govPass", "mobile", "piv", "pivi", "trackingTag", "transact"];
    assert_eq!(classes.into_iter().collect::<Vec<_>>(), wanted);
    let people = desk.get("/api/cardholders?top=600&fields=cards.credentialClass").await;
    let cards = people["results"].as_array().unwrap().iter().filter_map(|p| p["cards"].as_array()).flatten();
    let seen: std::collections::BTreeSet<_> = cards.map(|c| c["credentialClass"].as_str().unwrap()).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn numbers_follow_the_rules_of_their_class() {
    let desk = Desk::open().await;
    let with = |mut element: Value, number: &str| {
        element["number"] = number.into();
        if matches!(element["type"]["href"].as_str(), Some("/api/card_types/2608" | "/api/card_types/2609")) {
            element["pivData"] = piv_data();
        }
        add(&element)
    };
    for (body, status) in [
        (add(&of_type(2606)), 204),
        (with(of_type(2606), "not a guid"), 400),
        (with(of_type(2608), "7001-4321-0000-0000-55"), 204),
        (with(of_type(2608), "700143210000000055"), 400),
        (with(of_type(2609), "7001-4321-0000-0000-55"), 204),
        (with(of_type(2609), "12"), 400),
        (add(&of_type(2608)), 400),
        (add(&of_type(2610)), 204),
        (add(&of_type(2611)), 204),
        (add(&of_type(2612)), 204),
        (add(&of_type(2607)), 400),
        (add(&of_type(2613)), 400),
    ] {
        assert_eq!(desk.patch(JANE, body.clone()).await, status, "{body}");
    }
    let cards = desk.sim.world().cardholder("4665").unwrap().cards;
    let number = |class: &str| cards.iter().find(|c| c.class == class).unwrap().number.clone();
    assert_eq!(number("piv"), "700143210000000055", "hyphens are passed over");
    assert!(uuid::Uuid::parse_str(&number("digitalId")).is_ok());
    let invited = json!({ "type": { "href": "/api/card_types/2606" }, "invitation": {} });
    assert_eq!(desk.patch(JANE, add(&invited)).await, 400, "only mobile credentials have an invitation");
}

#[tokio::test]
async fn a_piv_card_is_inactive_once_its_certificate_is_not_trusted() {
    let desk = Desk::open().await;
    let mut element = of_type(2608);
    element["number"] = "70014321000000005577".into();
    assert_eq!(desk.patch(JANE, add(&element)).await, 400, "without pivData");
    element["pivData"] = piv_data();
    assert_eq!(desk.patch(JANE, add(&element)).await, 204);
    let card = newest(&desk).await;
    assert_eq!(
        (&card["status"]["type"], &card["pivData"]["pivStatus"]["type"]),
        (&json!("active"), &json!("NotChecked"))
    );
    assert!(card["pivData"].get("contentSigningCert").is_none(), "large parts only when asked for");
    let asked = desk.get(&format!("{JANE}?fields=cards.pivData.contentSigningCert")).await;
    assert!(asked.to_string().contains("MIIB"), "{asked}");
    for (word, status, machine) in [("Revoked", 204, "inactive"), ("Offline", 204, "active"), ("Odd", 400, "active")] {
        let piv = json!({ "pivStatus": { "type": word }, "chuid": { "fascn": "other" } });
        let update = json!({ "cards": { "update": [{ "href": card["href"], "pivData": piv }] } });
        assert_eq!(desk.patch(JANE, update).await, status, "{word}");
        let card = newest(&desk).await;
        assert_eq!(card["status"]["type"], machine, "{word}");
        assert_eq!(card["pivData"]["chuid"]["fascn"], "70014321", "only the status can change");
    }
}

#[tokio::test]
async fn a_pin_is_taken_and_never_shown() {
    let desk = Desk::open().await;
    let bookmark = desk.get("/api/cardholders/changes").await["next"]["href"].as_str().unwrap().to_owned();
    let mut element = of_type(2602);
    element["pin"] = "48213".into();
    assert_eq!(desk.patch(JANE, add(&element)).await, 204);
    let made = desk.sim.world().cardholder("4665").unwrap().cards.pop().unwrap();
    assert!(made.has_pin);
    let update = |pin: Value| json!({ "cards": { "update": [{ "href": made.path, "pin": pin }] } });
    assert_eq!(desk.patch(JANE, update(json!("99482"))).await, 204);
    assert_eq!(desk.patch(JANE, update(json!(99482))).await, 400, "a text of digits");
    assert_eq!(desk.patch(JANE, update(json!("12a"))).await, 400);
    let rows = desk.get(&bookmark).await;
    assert_eq!(rows["results"].as_array().unwrap().len(), 1, "a PIN is no row of the feed: {rows}");
    for path in [JANE, "/api/cardholders/4665?fields=defaults,cards,cards.pin,pin", "/api/events?cardholder=4665"] {
        let shown = desk.get(path).await.to_string();
        assert!(!shown.contains("48213") && !shown.contains("99482") && !shown.contains("\"pin\""), "{path}: {shown}");
    }
    let mut phone = of_type(2601);
    phone["pin"] = "1234".into();
    assert_eq!(desk.patch(JANE, add(&phone)).await, 204, "passed over where there is none");
    assert!(!desk.sim.world().cardholder("4665").unwrap().cards.pop().unwrap().has_pin);
}

#[tokio::test]
async fn badges_come_from_an_accepted_phone_and_live_on_without_it() {
    let desk = Desk::open().await;
    let world = desk.sim.world();
    let act = |card: &str, act, device| {
        world.wallet(&WalletMove { cardholder: "4665".into(), card: card.into(), act, device })
    };
    assert_eq!(desk.add_phone("Mobile").await, 204);
    let phone = world.cardholder("4665").unwrap().cards.pop().unwrap();
    assert!(act(&phone.segment, WalletAct::Provision, Device::Phone).is_err(), "not accepted yet");
    world.advance(2);
    let accepted = InvitationMove { cardholder: "4665".into(), card: phone.segment.clone(), status: "accepted".into() };
    world.invitation(&accepted).unwrap();
    let badge = act(&phone.segment, WalletAct::Provision, Device::Phone).unwrap();
    assert!(act(&phone.segment, WalletAct::Provision, Device::Phone).is_err(), "one a device");
    act(&phone.segment, WalletAct::Provision, Device::Watch).unwrap();
    let shown = newest(&desk).await;
    assert_eq!((&shown["credentialClass"], &shown["deviceType"]), (&json!("applePass"), &json!("appleWatch")));
    assert!(shown["number"].as_str().unwrap().starts_with("1-40771-01-01-") && shown.get("invitation").is_none());
    let stop = json!({ "cards": { "update": [{ "href": phone.path, "status": { "value": "Lost" } }] } });
    assert_eq!(desk.patch(JANE, stop).await, 204);
    let status = |segment: &str| {
        let jane = world.cardholder("4665").unwrap();
        jane.cards.into_iter().find(|c| c.segment == segment).map(|c| c.status_word)
    };
    assert_eq!((status(&phone.segment), status(&badge)), (Some("Lost"), Some("Active")), "the badge is not touched");
    assert_eq!(desk.patch(JANE, json!({ "cards": { "remove": [{ "href": phone.path }] } })).await, 204);
    assert_eq!(status(&badge), Some("Active"));
    // Her own hand, and what an operator may undo.
    act(&badge, WalletAct::Suspend, Device::Phone).unwrap();
    assert!(act(&badge, WalletAct::Suspend, Device::Phone).is_err());
    assert_eq!(status(&badge), Some("Suspended by holder"));
    act(&badge, WalletAct::Resume, Device::Phone).unwrap();
    act(&badge, WalletAct::Suspend, Device::Phone).unwrap();
    let word = |word: &str| {
        let href = format!("/api/cardholders/4665/cards/{badge}");
        json!({ "cards": { "update": [{ "href": href, "status": { "value": word } }] } })
    };
    let client = ClientChange { client: 9001, may_override: Some(false), ..ClientChange::default() };
    world.change_client(&client).unwrap();
    assert_eq!(desk.patch(JANE, word("Active")).await, 403, "needs Override Card Status");
    world.change_client(&ClientChange { may_override: Some(true), ..client }).unwrap();
    assert_eq!(desk.patch(JANE, word("Active")).await, 204);
    assert_eq!(desk.patch(JANE, word("Disabled (manually)")).await, 204);
    assert!(act(&badge, WalletAct::Resume, Device::Phone).is_err(), "an operator's stop is not hers to lift");
    act(&badge, WalletAct::Delete, Device::Phone).unwrap();
    let jane = world.cardholder("4665").unwrap();
    assert_eq!(jane.removed.last().unwrap().removed_by, Some(Author::Holder));
}

#[tokio::test]
async fn a_badge_comes_by_itself_when_the_switch_says_so() {
    let desk = Desk::open().await;
    let world = desk.sim.world();
    world.change_switches(&json!({ "wallet_delay_s": 600 })).unwrap();
    assert_eq!(desk.add_phone("Mobile").await, 204);
    let phone = world.cardholder("4665").unwrap().cards.pop().unwrap();
    world.advance(2);
    let accepted = InvitationMove { cardholder: "4665".into(), card: phone.segment, status: "accepted".into() };
    world.invitation(&accepted).unwrap();
    let badges = || world.cardholder("4665").unwrap().cards.iter().filter(|c| c.class == "applePass").count();
    assert_eq!(badges(), 0);
    world.advance(600);
    assert_eq!(badges(), 1);
}

#[tokio::test]
async fn a_card_takes_the_words_of_its_type_and_no_others() {
    let desk = Desk::open().await;
    assert_eq!(desk.patch(JANE, add(&of_type(2605))).await, 204);
    let card = desk.sim.world().cardholder("4665").unwrap().cards.pop().unwrap();
    let update = |word: &str| json!({ "cards": { "update": [{ "href": card.path, "status": { "value": word } }] } });
    for (word, status) in [("pending SIGN-off", 204), ("Damaged", 400), ("Active", 204), ("Stolen", 204)] {
        assert_eq!(desk.patch(JANE, update(word)).await, status, "{word}");
    }
    let last = |word: &str| json!({ "cards": { "remove": [{ "href": card.path, "status": { "value": word } }] } });
    assert_eq!(desk.patch(JANE, last("Damaged")).await, 400);
    assert_eq!(desk.patch(JANE, last("Lost")).await, 204);
    assert_eq!(desk.sim.world().cardholder("4665").unwrap().removed.last().unwrap().status_word, "Lost");
    let events = desk.get("/api/events?cardholder=4665&previous=true&top=1&fields=details").await;
    assert!(events["events"][0]["details"].as_str().unwrap().contains("removed (Lost)"), "{events}");
}

#[tokio::test]
async fn personal_data_of_all_types_in_both_forms() {
    let desk = Desk::open().await;
    for (body, status) in [
        (
            json!({ "@Photo": "aGVsbG8=", "@Contract": "Casual", "@Locker": 17, "@Inducted": "2026-02-03T10:00:00Z",
                 "@Desk phone": "4711", "@Mobile": "+64215550199" }),
            204,
        ),
        (json!({ "@Photo": "not base64!" }), 400),
        (json!({ "@Contract": "Forever" }), 400),
        (json!({ "@Locker": "seventeen" }), 400),
        (json!({ "@Inducted": "soon" }), 400),
        (json!({ "@Email": "nobody" }), 400),
        (json!({ "@Unknown": "x" }), 400),
        (json!({ "@Desk phone": "5", "personalDataDefinitions": [{ "@Desk phone": { "value": "6" } }] }), 204),
        (
            json!({ "personalDataDefinitions": [{ "@Email": { "notifications": true } }, { "@Locker": { "value": null } }] }),
            204,
        ),
    ] {
        assert_eq!(desk.patch(JANE, body.clone()).await, status, "{body}");
    }
    let jane = desk.get(JANE).await;
    assert_eq!((&jane["@Contract"], &jane["@Inducted"]), (&json!("Casual"), &json!("2026-02-03")));
    assert_eq!(jane["@Desk phone"], "5", "the root wins");
    assert!(jane.get("@Locker").is_none(), "null deletes");
    let listed: Vec<_> = jane["personalDataDefinitions"].as_array().unwrap().iter().collect();
    let email = listed.iter().find_map(|entry| entry.get("@Email")).unwrap();
    assert_eq!((&email["notifications"], &email["definition"]["id"]), (&json!(true), &json!("702")));
    let photo = desk.call(Method::GET, jane["@Photo"]["href"].as_str().unwrap(), None).await.unwrap();
    assert_eq!(photo.headers()["content-type"], "image/jpeg");
    assert_eq!(photo.bytes().await.unwrap().as_ref(), b"hello");
    let blank = desk.get(&format!("{JANE}?fields=pdf_707")).await;
    assert_eq!(blank["@Locker"], "", "named, it is there even if blank");
}

#[tokio::test]
async fn personal_data_is_seen_by_members_and_operators_with_access_alone() {
    let desk = Desk::open().await;
    let people = desk.get("/api/cardholders?top=100&fields=defaults,accessGroups").await;
    let with_group = |name: &str| {
        let rows = people["results"].as_array().unwrap();
        let found = rows.iter().find(|p| p["accessGroups"][0]["accessGroup"]["name"] == name).unwrap();
        found["href"].as_str().unwrap().to_owned()
    };
    let (staff, others) = (with_group("Staff"), with_group("Cleaners"));
    let address = json!({ "@Home address": "1 Somewhere" });
    assert_eq!((desk.patch(&staff, address.clone()).await, desk.patch(&others, address).await), (204, 400));
    assert_eq!(desk.get(&staff).await["@Home address"], "1 Somewhere");
    let found = async || desk.get("/api/cardholders?pdf_709=somewhere").await["results"].as_array().unwrap().len();
    assert_eq!(found().await, 1);
    let hidden_fields = Some([709].into());
    let change = ClientChange { client: 9001, hidden_fields, sees_contacts: Some(false), ..ClientChange::default() };
    desk.sim.world().change_client(&change).unwrap();
    assert!(desk.get(&staff).await.get("@Home address").is_none());
    assert_eq!(found().await, 0);
    assert_eq!(desk.patch(&staff, json!({ "@Home address": "2" })).await, 403);
    let jane = desk.get(JANE).await;
    let invitation = jane["cards"].as_array().unwrap().iter().find_map(|c| c.get("invitation")).unwrap();
    assert!(invitation.get("email").is_none() && invitation["status"].is_string(), "withheld: {invitation}");
}
