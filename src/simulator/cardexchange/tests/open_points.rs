//! What the vendor leaves open (contract section 9): each row's switch in both positions.

use super::*;
use crate::simulator::population::JOHN;

#[tokio::test]
async fn a1_metadata_is_replaced_or_merged() {
    let desk = Desk::open().await;
    let (_, _, card) = desk.fresh_card().await;
    let path = format!("cards/{card}");
    desk.post(&path, json!({ "metadata": { "a": 1, "b": { "c": [true] } } })).await;
    assert_eq!(desk.post(&path, json!({ "metadata": { "d": 2 } })).await["metadata"], json!({ "d": 2 }));
    desk.switch(&json!({ "metadata_update": "merge" }));
    assert_eq!(desk.post(&path, json!({ "metadata": { "e": 3 } })).await["metadata"], json!({ "d": 2, "e": 3 }));
    desk.sim.stop().await;
}

#[tokio::test]
async fn a2_null_in_metadata_is_stored_or_removes() {
    let desk = Desk::open().await;
    let (_, _, card) = desk.fresh_card().await;
    let path = format!("cards/{card}");
    let sent = json!({ "metadata": { "a": null, "b": "x" } });
    assert_eq!(desk.post(&path, sent.clone()).await["metadata"], json!({ "a": null, "b": "x" }));
    desk.switch(&json!({ "metadata_keeps_null": false }));
    assert_eq!(desk.post(&path, sent).await["metadata"], json!({ "b": "x" }));
    desk.sim.stop().await;
}

#[tokio::test]
async fn a3_leaving_out_keeps_and_null_clears_keeps_or_is_refused() {
    let desk = Desk::open().await;
    let (_, holder, _) = desk.fresh_card().await;
    let profile = desk.profile("Employee").await;
    let path = format!("cardholders/{holder}");
    let with = |note: Value| json!({ "profile": profile, "note": note });
    desk.post(&path, with(json!("here"))).await;
    assert_eq!(desk.post(&path, json!({ "profile": profile })).await["note"], "here");
    assert_eq!(desk.post(&path, with(Value::Null)).await["note"], Value::Null);
    desk.post(&path, with(json!("here"))).await;
    desk.switch(&json!({ "null_value": "keep" }));
    assert_eq!(desk.post(&path, with(Value::Null)).await["note"], "here");
    desk.switch(&json!({ "null_value": "refuse" }));
    assert_eq!(desk.refused(&path, with(Value::Null)).await, (400, vec!["note".into()]));
    desk.sim.stop().await;
}

#[tokio::test]
async fn a4_required_members_are_required_again_or_stay() {
    let desk = Desk::open().await;
    let (person, holder, _) = desk.fresh_card().await;
    assert_eq!(desk.refused(&format!("cardholders/{holder}"), json!({ "note": "x" })).await.1, ["profile"]);
    let (status, names) = desk.refused(&format!("persons/{person}"), json!({ "status": "blocked" })).await;
    assert_eq!((status, names.len()), (400, 3));
    desk.switch(&json!({ "required_on_update": false }));
    desk.post(&format!("cardholders/{holder}"), json!({ "note": "x" })).await;
    assert_eq!(desk.post(&format!("persons/{person}"), json!({ "status": "blocked" })).await["firstName"], "Mo");
    assert_eq!(desk.refused("cardholders", json!({ "note": "x" })).await.1, ["profile"], "a create still needs it");
    desk.sim.stop().await;
}

#[tokio::test]
async fn a6_a_new_card_waits_or_goes_to_the_printer() {
    let desk = Desk::open().await;
    let (_, holder, card) = desk.fresh_card().await;
    assert_eq!(desk.world.card(&card).unwrap().status, "initialized");
    desk.switch(&json!({ "auto_approve": true }));
    let card = desk.post("cards", json!({ "cardholder": holder })).await;
    assert_eq!(card["status"], "in_production");
    assert!(desk.all("productions").await.iter().any(|p| p["card"] == card["id"]));
    desk.sim.stop().await;
}

#[tokio::test]
async fn a7_productions_are_paged_or_come_whole() {
    let desk = Desk::with_people(2_000).await;
    let total = desk.world.cards_by_status()["in_production"];
    assert!(total > 20, "{total}");
    let page = desk.call(Method::GET, "productions?per_page=20&page=1", None).await;
    assert_eq!(page.headers()["x-total-count"], total.to_string().as_str());
    assert_eq!(page.json::<Vec<Value>>().await.unwrap().len(), 20);
    desk.switch(&json!({ "production_paging": false }));
    for page in [1, 2, 999] {
        let whole = desk.call(Method::GET, &format!("productions?per_page=20&page={page}"), None).await;
        assert!(whole.headers().get("x-total-count").is_none() && whole.headers().get("link").is_none());
        assert_eq!(whole.json::<Vec<Value>>().await.unwrap().len(), total);
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn a8_owners_of_cards_stay_or_take_them_along() {
    let desk = Desk::open().await;
    let (person, holder, card) = desk.fresh_card().await;
    for path in [format!("persons/{person}"), format!("cardholders/{holder}")] {
        assert_eq!(desk.call(Method::DELETE, &path, None).await.status(), 400, "{path}");
    }
    desk.switch(&json!({ "delete_owner": "cascade" }));
    assert_eq!(desk.call(Method::DELETE, &format!("persons/{person}"), None).await.status(), 204);
    for path in [format!("persons/{person}"), format!("cardholders/{holder}"), format!("cards/{card}")] {
        assert_eq!(desk.call(Method::GET, &path, None).await.status(), 404, "{path}");
    }
    assert!(!ids(&desk.all("cards").await).contains(&card));
    desk.sim.stop().await;
}

#[tokio::test]
async fn a9_a_stopped_cardholder_can_or_cannot_get_a_card() {
    let desk = Desk::open().await;
    let (_, holder, _) = desk.fresh_card().await;
    desk.world.operator_edit("cardholders", &holder, &json!({ "status": "blocked" })).unwrap();
    desk.post("cards", json!({ "cardholder": holder })).await;
    desk.switch(&json!({ "cards_for_stopped_cardholders": false }));
    assert_eq!(desk.refused("cards", json!({ "cardholder": holder })).await.1, ["cardholder"]);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a10_several_cards_can_or_cannot_be_active() {
    let desk = Desk::open().await;
    let (_, holder, one) = desk.fresh_card().await;
    let two = id(&desk.post("cards", json!({ "cardholder": holder })).await);
    let active = json!({ "status": "activated" });
    desk.post(&format!("cards/{one}"), active.clone()).await;
    desk.post(&format!("cards/{two}"), active.clone()).await;
    desk.post(&format!("cards/{two}"), json!({ "status": "blocked" })).await;
    desk.switch(&json!({ "several_active_cards": false }));
    assert_eq!(desk.refused(&format!("cards/{two}"), active).await.1, ["status"]);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a11_bounds_leave_out_or_include_their_day() {
    let desk = Desk::open().await;
    let (_, _, card) = desk.fresh_card().await;
    let has = async |query: &str| ids(&desk.all(&format!("cards?{query}")).await).contains(&card);
    assert!(!has(&format!("starting_after={START}")).await, "exclusive");
    assert!(has("starting_after=2026-06-02").await, "a bare date is taken as its beginning");
    let end = desk.get(&format!("cards/{card}")).await["endDate"].as_str().unwrap().to_owned();
    assert!(!has(&format!("ending_before={end}")).await);
    desk.switch(&json!({ "bounds_inclusive": true }));
    assert!(has(&format!("starting_after={START}")).await);
    assert!(has(&format!("ending_before={end}")).await);
    assert_eq!(desk.call(Method::GET, "cards?starting_after=soon", None).await.status(), 400);
    let late = desk.all("cardholders?starting_after=2026-06-01").await;
    assert_eq!(late.len(), 1, "cardholders have the same filters");
    desk.sim.stop().await;
}

#[tokio::test]
async fn a12_the_two_profiles_are_stored_as_given() {
    let desk = Desk::open().await;
    let (person, holder, _) = desk.fresh_card().await;
    let contractor = desk.profile("Contractor").await;
    let body = json!({ "firstName": "Mo", "lastName": "N", "birthDate": "1990-01-01", "profile": contractor });
    assert_eq!(desk.post(&format!("persons/{person}"), body).await["profile"], contractor.as_str());
    assert_eq!(desk.get(&format!("cardholders/{holder}")).await["profile"]["name"], "Employee");
    desk.sim.stop().await;
}

#[tokio::test]
async fn a13_profiles_and_addresses_move_or_stay() {
    let desk = Desk::open().await;
    let (person, holder, _) = desk.fresh_card().await;
    let john = desk.world.person_at(JOHN).unwrap().id;
    let profile = desk.profile("Employee").await;
    let to = |person: &str| json!({ "profile": profile, "person": person });
    let path = format!("cardholders/{holder}");
    assert_eq!(desk.refused(&path, to("6f0f6a52-30b4-4c1e-9d0e-6f6d2b1c7a10")).await.1, ["person"]);
    desk.post(&path, to(&john)).await;
    assert!(desk.world.person(&john).unwrap().cardholders.contains(&holder));
    assert!(desk.world.person(&person).unwrap().cardholders.is_empty());
    assert_eq!(ids(&desk.rows(&format!("cardholders?person={person}")).await), Vec::<String>::new());
    let addresses = desk.all("addresses").await;
    let address = format!("addresses/{}", id(&addresses[0]));
    assert_eq!(desk.post(&address, json!({ "person": person })).await["person"], person.as_str());
    desk.switch(&json!({ "moving_allowed": false }));
    assert_eq!(desk.refused(&path, to(&person)).await.1, ["person"]);
    assert_eq!(desk.refused(&address, json!({ "person": john })).await.1, ["person"]);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a14_a_profile_without_a_person_can_or_cannot_be_made() {
    let desk = Desk::open().await;
    let profile = desk.profile("Visitor").await;
    let made = desk.post("cardholders", json!({ "profile": profile })).await;
    assert_eq!(made["person"], Value::Null);
    desk.switch(&json!({ "cardholder_without_person": false }));
    assert_eq!(desk.refused("cardholders", json!({ "profile": profile })).await.1, ["person"]);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a15_the_same_state_is_nothing_or_an_error() {
    let desk = Desk::open().await;
    let card = desk.world.person_at(JOHN).unwrap().cards[0].id.clone();
    let path = format!("cards/{card}");
    let deeds = desk.world.deeds().len();
    desk.post(&path, json!({ "status": "activated" })).await;
    assert_eq!(desk.world.deeds().len(), deeds);
    desk.switch(&json!({ "same_status_refused": true }));
    assert_eq!(desk.refused(&path, json!({ "status": "activated" })).await.1, ["status"]);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a16_strangers_are_passed_over_or_refused() {
    let desk = Desk::open().await;
    let (_, _, card) = desk.fresh_card().await;
    let path = format!("cards/{card}");
    desk.post(&path, json!({ "colour": "red", "status": "withdrawn" })).await;
    desk.rows("cards?colour=red").await;
    desk.switch(&json!({ "unknown_refused": true }));
    assert_eq!(desk.refused(&path, json!({ "colour": "red" })).await.1, ["colour"]);
    assert_eq!(desk.call(Method::GET, "cards?colour=red", None).await.status(), 400);
    desk.rows("cards?status=activated&q=c&page=1&per_page=5").await;
    desk.sim.stop().await;
}

#[tokio::test]
async fn a18_passwords_go_in_and_never_come_out() {
    let desk = Desk::open().await;
    desk.switch(&json!({ "unknown_refused": true }));
    let profile = desk.profile("Employee").await;
    let sent = json!({ "profile": profile, "loginId": "mo", "password": "hunter2-very-secret" });
    let made = desk.post("cardholders", sent).await;
    assert!(made.get("password").is_none());
    assert!(!desk.get(&format!("cardholders/{}", id(&made))).await.to_string().contains("hunter2"));
    assert_eq!(
        desk.refused(&format!("cardholders/{}", id(&made)), json!({ "profile": profile, "password": "x" })).await.1,
        ["password"],
        "an update has none"
    );
    desk.sim.stop().await;
}

#[tokio::test]
async fn a19_photos_are_of_any_size() {
    let desk = Desk::open().await;
    let john = desk.world.person_at(JOHN).unwrap().id;
    desk.world.picture(&john, 30_000).unwrap();
    assert_eq!(desk.get(&format!("persons/{john}")).await["photo"].as_str().unwrap().len(), 40_000);
    desk.switch(&json!({ "photo_bytes": 0 }));
    let with_photo = desk.all("persons").await.into_iter().filter(|p| p["photo"].is_string()).count();
    assert_eq!(with_photo, 1, "the one that was given");
    desk.switch(&json!({ "photo_bytes": 3 }));
    assert!(desk.all("persons").await.iter().filter(|p| p["photo"].is_string()).count() > 50);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a21_an_operator_deletes_what_was_never_printed() {
    let desk = Desk::open().await;
    let (_, holder, card) = desk.fresh_card().await;
    let john = desk.world.person_at(JOHN).unwrap().cards[0].id.clone();
    assert!(desk.world.operator_delete(&john).is_err());
    desk.world.operator_delete(&card).unwrap();
    assert_eq!(desk.call(Method::GET, &format!("cards/{card}"), None).await.status(), 404);
    assert_eq!(desk.get(&format!("cardholders/{holder}")).await["cards"], json!([]));
    desk.sim.stop().await;
}

#[tokio::test]
async fn the_wire_has_its_open_points_too() {
    let desk = Desk::open().await;
    desk.switch(&json!({ "create_is_201": true, "delete_is_200": true }));
    let person = json!({ "firstName": "Mo", "lastName": "N", "birthDate": "1990-01-01" });
    let made = desk.call(Method::POST, "persons", Some(person.clone())).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    let gone = desk.call(Method::DELETE, &format!("persons/{}", id(&made)), None).await;
    assert_eq!((gone.status().as_u16(), gone.bytes().await.unwrap().len()), (200, 0));
    desk.switch(&json!({ "descriptor": "id", "times_without_zone": true }));
    let card = &desk.rows("cards?per_page=1").await[0];
    assert!(card["type"].is_string() && card["layout"].is_string());
    assert!(!card["created"].as_str().unwrap().ends_with('Z'));
    let entry = async |shape: &str| {
        desk.switch(&json!({ "error_entries": shape }));
        let refused = desk.call(Method::POST, "cards", Some(json!({}))).await;
        refused.json::<Value>().await.unwrap()["errors"]["cardholder"].clone()
    };
    assert!(entry("array").await.is_array() && entry("text").await.is_string() && entry("object").await.is_object());
    for (body, kind) in [("plain_json", "application/json"), ("html", "text/html"), ("empty", "")] {
        desk.switch(&json!({ "problem_body": body }));
        let refused = desk.call(Method::POST, "cards", Some(json!({}))).await;
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.headers().get("content-type").map_or("", |v| v.to_str().unwrap()), kind);
        assert_eq!(refused.bytes().await.unwrap().is_empty(), body == "empty");
    }
    desk.switch(&json!({ "empty_answers": true, "duplicate_person_numbers": true }));
    let made = desk.call(Method::POST, "persons", Some(person)).await;
    assert!(made.bytes().await.unwrap().is_empty());
    let numbers: Vec<String> =
        desk.all("persons").await.iter().map(|p| p["personNumber"].as_str().unwrap().to_owned()).collect();
    let distinct: std::collections::BTreeSet<&String> = numbers.iter().collect();
    assert!(distinct.len() < numbers.len());
    desk.sim.stop().await;
}
