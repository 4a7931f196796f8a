//! Keys, methods, and each resource (contract sections 1 to 4).

use super::*;
use crate::simulator::population::{HOLDER_OF_8841, JANE, JANET, JOHN, SAM};

#[tokio::test]
async fn both_forms_of_the_key_are_taken_and_no_other() {
    let desk = Desk::open().await;
    let url = format!("{}api/v1/cards?per_page=1", desk.sim.url(System::CardExchange));
    let basic = desk.http.get(&url).basic_auth(&desk.key, Some("ignored")).send().await.unwrap();
    let bearer = desk.http.get(&url).bearer_auth(&desk.key).send().await.unwrap();
    assert_eq!((basic.status().as_u16(), bearer.status().as_u16()), (200, 200));
    for request in [
        desk.http.get(&url),
        desk.http.get(&url).bearer_auth("sk_test_nobody"),
        desk.http.get(&url).basic_auth("", Some(&desk.key)),
        desk.http.get(format!("{}nothing/here", desk.sim.url(System::CardExchange))),
    ] {
        let refused = request.send().await.unwrap();
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.headers()["content-type"], "application/problem+json");
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["status"], 401);
    }
    desk.world.disable_key(Author::Console, true);
    assert_eq!(desk.call(Method::GET, "cards", None).await.status(), 401);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a20_test_and_live_never_meet() {
    let desk = Desk::open().await;
    let ours = desk.world.person_at(JOHN).unwrap();
    let card = ours.cards[0].id.clone();
    let path = format!("cards/{card}");
    desk.post(&path, json!({ "status": "blocked" })).await;
    let before = desk.world.live().cards_by_status();
    let live = desk.with_key(DataMode::Live, Author::Console);
    assert!(live.key.starts_with("sk_live_"));
    assert_eq!(live.call(Method::GET, &path, None).await.status(), 404);
    let there = live.world.live().person_at(JOHN).unwrap();
    assert_eq!((there.first.as_str(), there.cards[0].status), ("John", "activated"));
    assert_ne!(there.id, ours.id);
    assert_eq!(live.world.live().cards_by_status(), before);
    live.post(&format!("cards/{}", there.cards[0].id), json!({ "status": "returned" })).await;
    assert_eq!(live.world.card(&card).unwrap().status, "blocked");
    live.sim.stop().await;
}

#[tokio::test]
async fn the_people_of_the_guides_hold_what_they_should() {
    let desk = Desk::open().await;
    let hold = |index: u32| desk.world.person_at(index).unwrap();
    let jane = hold(JANE);
    assert_eq!((jane.cards.len(), jane.cards[0].status, jane.cards[0].created_by), (1, "issued", Author::Foreign));
    for index in [JOHN, SAM] {
        let card = &hold(index).cards[0];
        assert_eq!((card.status, card.created_by), ("activated", Author::Console));
        let marker = card.metadata["helpdesk_ref"].as_str().unwrap();
        assert_eq!(uuid::Uuid::parse_str(marker).unwrap().get_version_num(), 4);
        assert!(["issue", "reissue"].contains(&card.metadata["helpdesk_op"].as_str().unwrap()));
    }
    let mara = &hold(HOLDER_OF_8841).cards;
    assert_eq!((mara.len(), mara[0].status, mara[0].created_by), (1, "activated", Author::Workstation));
    assert!(hold(JANET).cards.is_empty());
    let person = desk.get(&format!("persons/{}", jane.id)).await;
    assert_eq!((&person["firstName"], &person["personNumber"]), (&json!("Jane"), &json!("E10422")));
    assert_eq!(person["cardholders"][0]["email"], "jane.doe@site.example");
    assert_eq!(person["cardholders"][0]["cards"][0]["status"], "issued");
    assert!(desk.all("persons").await.iter().any(|p| p["photo"].is_string()));
    desk.sim.stop().await;
}

#[tokio::test]
async fn what_this_console_issued_before_is_what_the_world_shows() {
    let desk = Desk::with_people(5_000).await;
    let population = crate::simulator::population::Population::new(1, 5_000, START.parse().unwrap());
    let issued = crate::simulator::cardexchange::issued(&population);
    assert_eq!(issued.iter().filter(|c| c.status == "expired").count(), 40);
    assert_eq!(issued.iter().filter(|c| c.status == "activated").count(), 2);
    for card in &issued {
        let shown = desk.world.card(&card.card_id).unwrap();
        assert_eq!((shown.status, &shown.number), (card.status, &card.card_number));
        assert_eq!((&shown.cardholder, shown.created_at), (&card.cardholder_id, card.issued_at));
        assert_eq!(shown.metadata["helpdesk_ref"], card.marker.to_string());
        assert_eq!(shown.metadata["helpdesk_op"], card.operation);
        assert!(desk.world.person(&card.holder_id).unwrap().cardholders.contains(&card.cardholder_id));
        assert_eq!(card.card_path, format!("/api/v1/cards/{}", card.card_id));
    }
    let ours = desk.all("cards").await.into_iter().filter(|c| c["metadata"]["helpdesk_ref"].is_string()).count();
    assert_eq!(ours, issued.len());
    assert!((2_300..3_300).contains(&desk.world.persons()), "{} persons", desk.world.persons());
    let states = desk.world.cards_by_status();
    assert_eq!(states.len(), 14, "all states are there: {states:?}");
    desk.sim.stop().await;
}

#[tokio::test]
async fn the_same_seed_makes_the_same_tenant() {
    let (one, two) = (Desk::open().await, Desk::open().await);
    assert_eq!(one.get("cards?per_page=100&page=2").await, two.get("cards?per_page=100&page=2").await);
    one.sim.stop().await;
    two.sim.stop().await;
}

#[tokio::test]
async fn every_resource_is_made_read_changed_and_deleted_as_far_as_it_can_be() {
    let desk = Desk::open().await;
    let (person, holder, card) = desk.fresh_card().await;
    let shown = desk.get(&format!("persons/{person}")).await;
    assert_eq!((&shown["birthDate"], &shown["created"]), (&json!("1990-02-03"), &json!(START)));
    assert_eq!(shown["cardholders"][0]["cards"][0]["id"], card);
    let changed = json!({ "firstName": "Moa", "lastName": "Nyström", "birthDate": "1990-02-03",
        "identificationType": "passport", "identificationTypeValue": "N1", "photo": "aGVsbG8=", "gender": "female" });
    let shown = desk.post(&format!("persons/{person}"), changed).await;
    assert_eq!((&shown["firstName"], &shown["photo"]), (&json!("Moa"), &json!("aGVsbG8=")));
    assert_eq!(shown["cardholders"][0]["id"], holder, "an update leaves the rest alone");
    let address = json!({ "person": person, "type": "home", "streetAddress": "1 Mill Lane", "locality": "Northport",
        "region": "North", "postalCode": "1010", "country": "Exampleland", "metadata": { "a": 1 } });
    let address = id(&desk.post("addresses", address).await);
    let shown = desk.post(&format!("addresses/{address}"), json!({ "type": "po_box" })).await;
    assert_eq!((&shown["type"], &shown["locality"]), (&json!("po_box"), &json!("Northport")));
    assert_eq!(desk.get(&format!("persons/{person}")).await["addresses"][0]["id"], address);
    assert_eq!(desk.call(Method::DELETE, &format!("addresses/{address}"), None).await.status(), 204);
    assert_eq!(desk.call(Method::DELETE, &format!("addresses/{address}"), None).await.status(), 404);
    assert_eq!(desk.get(&format!("persons/{person}")).await["addresses"], json!([]));
    let profile = desk.profile("Contractor").await;
    let shown = desk.post(&format!("cardholders/{holder}"), json!({ "profile": profile, "note": "night shift" })).await;
    assert_eq!((&shown["profile"]["name"], &shown["note"]), (&json!("Contractor"), &json!("night shift")));
    let set = json!({ "profile": profile, "defaultName": "Fair", "quantity": 2, "jobTitle": "guest" });
    let set = desk.post("anonymous-sets", set).await;
    assert_eq!(set["data"].as_array().unwrap().len(), 2);
    assert!(set["profile"].is_string(), "documented as a plain id");
    let set = desk.post(&format!("anonymous-sets/{}", id(&set)), json!({ "quantity": 3 })).await;
    assert_eq!(set["data"].as_array().unwrap().len(), 5);
    assert_eq!(set["data"][4]["cardholders"][0]["cards"][0]["status"], "unlinked");
    assert_eq!(desk.refused(&format!("anonymous-sets/{}", id(&set)), json!({ "quantity": 0 })).await.1, ["quantity"]);
    for (path, verbs) in [
        ("cards".to_owned(), "GET, POST"),
        (format!("cards/{card}"), "GET, POST"),
        (format!("anonymous-sets/{}", id(&set)), "GET, POST"),
        ("productions".to_owned(), "GET"),
        (format!("persons/{person}"), "GET, POST, DELETE"),
    ] {
        let verb = match path.as_str() {
            "productions" => Method::POST,
            p if p.starts_with("persons") => Method::PATCH,
            _ => Method::DELETE,
        };
        let refused = desk.call(verb, &path, Some(json!({}))).await;
        assert_eq!((refused.status().as_u16(), refused.headers()["allow"].to_str().unwrap()), (405, verbs), "{path}");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn what_is_not_right_is_refused_with_its_name() {
    let desk = Desk::open().await;
    let (person, holder, card) = desk.fresh_card().await;
    for (path, body, names) in [
        ("persons".into(), json!({ "firstName": "X" }), vec!["birthDate", "lastName"]),
        (format!("persons/{person}"), json!({ "gender": "no" }), vec!["birthDate", "firstName", "gender", "lastName"]),
        ("cardholders".into(), json!({ "person": person }), vec!["profile"]),
        (format!("cardholders/{holder}"), json!({ "status": "none", "profile": holder }), vec!["profile", "status"]),
        ("cards".into(), json!({}), vec!["cardholder"]),
        ("cards".into(), json!({ "cardholder": card }), vec!["cardholder"]),
        (format!("cards/{card}"), json!({ "status": "lost" }), vec!["status"]),
        (format!("cards/{card}"), json!({ "status": "Activated" }), vec!["status"]),
        (format!("cards/{card}"), json!({ "metadata": [] }), vec!["metadata"]),
        ("anonymous-sets".into(), json!({ "quantity": 1 }), vec!["defaultName", "profile"]),
    ] {
        assert_eq!(desk.refused(&path, body).await, (400, names.iter().map(ToString::to_string).collect()), "{path}");
    }
    assert_eq!(desk.world.card(&card).unwrap().status, "initialized", "nothing was done");
    let url = format!("{}api/v1/cards/{card}", desk.sim.url(System::CardExchange));
    let sent = |kind: &'static str, body: &'static str| {
        desk.http.post(&url).basic_auth(&desk.key, Some("")).header("content-type", kind).body(body).send()
    };
    assert_eq!(sent("text/plain", "{}").await.unwrap().status(), 415);
    assert_eq!(sent("application/json; charset=utf-8", "{}").await.unwrap().status(), 200);
    for body in ["", "[]", "{"] {
        assert_eq!(sent("application/json", body).await.unwrap().status(), 400, "{body}");
    }
    for path in ["cards/6f0f6a52-30b4-4c1e-9d0e-6f6d2b1c7a10", "cards/x", "cards/x/y", "tickets", "productions/1"] {
        assert_eq!(desk.call(Method::GET, path, None).await.status(), 404, "{path}");
    }
    // An id of another kind is none of this kind.
    assert_eq!(desk.call(Method::GET, &format!("persons/{card}"), None).await.status(), 404);
    desk.sim.stop().await;
}

#[tokio::test]
async fn faults_speak_the_vendors_language_and_the_log_knows_who() {
    use crate::simulator::{Fault, FaultKind};
    let desk = Desk::open().await;
    let front = desk.sim.front(System::CardExchange).unwrap().clone();
    front.faults.arm(Fault::once("GET", FaultKind::StatusBefore { status: 429, retry_after: Some(7) })).unwrap();
    let refused = desk.call(Method::GET, "cards", None).await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(refused.json::<Value>().await.unwrap()["status"], 429);
    let (_, _, card) = desk.fresh_card().await;
    front.faults.arm(Fault::once("POST", FaultKind::DropAfter)).unwrap();
    let url = format!("{}api/v1/cards/{card}", desk.sim.url(System::CardExchange));
    let sent = desk.http.post(url).basic_auth(&desk.key, Some("")).json(&json!({ "status": "withdrawn" }));
    sent.send().await.unwrap_err();
    assert_eq!(desk.world.card(&card).unwrap().status, "withdrawn");
    let log = front.log().view();
    let last = log.requests.last().unwrap();
    assert_eq!((last.applied, last.by, last.status), (true, Some(Author::Console), None));
    desk.sim.stop().await;
}
