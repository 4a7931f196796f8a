//! The server over real sockets: tokens, paths, patterns, changes, history.

use super::bank::DigitalState;
use super::handle::{ForeignAct, NewPhone};
use super::operations::{Requestor, months_before};
use super::testing::{Caller, signed};
use super::{ISSUER, KID, OTHER_KID};
use crate::simulator::Author;
use crate::simulator::population::{HOLDER_OF_8841, JANE, JOHN, SAM};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn only_a_right_assertion_gets_a_token() {
    let caller = Caller::open().await;
    let (good, key) = (caller.good_claims(), caller.sim.d1_private_key());
    let now = caller.d1().now().as_second();
    let header = json!({ "alg": "ES256", "kid": KID, "typ": "JWT" });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let (status, body) = caller.ask_token(&signed(key, &header, &with("exp", json!(now + 900)))).await;
    assert_eq!((status, &body["expires_in"], &body["token_type"]), (200, &json!(900), &json!("Bearer")));
    let wrong = [
        ("expired", signed(key, &header, &with("exp", json!(now)))),
        ("too far ahead", signed(key, &header, &with("exp", json!(now + 901)))),
        ("no end", signed(key, &header, &with("exp", Value::Null))),
        ("another issuer", signed(key, &header, &with("iss", json!("DEMOISS-02")))),
        ("another subject", signed(key, &header, &with("sub", json!("DEMOISS-02")))),
        ("an unknown key", signed(key, &json!({ "alg": "ES256", "kid": "nobody" }), &good)),
        ("the other system's key id", signed(key, &json!({ "alg": "ES256", "kid": OTHER_KID }), &good)),
        ("another algorithm", signed(key, &json!({ "alg": "none", "kid": KID }), &good)),
        ("another's signature", signed(caller.sim.d1_other_private_key(), &header, &good)),
        ("no signature", signed(key, &header, &good).rsplit_once('.').unwrap().0.to_owned() + "."),
        ("nothing", String::new()),
    ];
    for (what, assertion) in wrong {
        let (status, body) = caller.ask_token(&assertion).await;
        assert_eq!((status, body["errorCode"].as_str()), (400, Some("FIELD_INVALID_VALUE")), "{what}");
    }
    caller.sim.stop().await;
}

#[tokio::test]
async fn a_token_lasts_a_quarter_of_an_hour_and_says_whose_it_is() {
    let mut caller = Caller::open().await;
    let (consumer, ..) = caller.ids_of(JANE);
    let path = format!("v1/I/consumers/{consumer}/operations");
    assert_eq!(caller.get(&path).await.0, 200);
    caller.sim.world().advance(899);
    assert_eq!(caller.get(&path).await.0, 200);
    caller.sim.world().advance(1);
    let (status, body) = caller.get(&path).await;
    assert_eq!((status, body["errorCode"].as_str()), (401, Some("AUTHORIZER_UNAUTHORIZED")));
    let header = json!({ "alg": "ES256", "kid": OTHER_KID });
    let assertion = signed(caller.sim.d1_other_private_key(), &header, &caller.good_claims());
    caller.token = caller.ask_token(&assertion).await.1["access_token"].as_str().unwrap().to_owned();
    assert_eq!(caller.get(&path).await.0, 200);
    let log = caller.d1().front().log().view();
    assert_eq!(log.requests.last().unwrap().by, Some(Author::Foreign));
    caller.sim.stop().await;
}

#[tokio::test]
async fn every_read_of_the_console_is_served() {
    let caller = Caller::open().await;
    for (person, last4) in [(JANE, None), (JOHN, None), (SAM, None), (HOLDER_OF_8841, Some("8841"))] {
        let (consumer, card, digital) = caller.ids_of(person);
        let (_, body) = caller.get(&format!("v2/I/consumers/{consumer}")).await;
        assert_eq!((&body["consumerId"], &body["state"]), (&json!(consumer), &json!("REGISTERED")));
        let (_, body) = caller.get(&format!("v1/I/consumers/{consumer}/cards")).await;
        assert_eq!(body["cards"][0]["cardId"], json!(card));
        let (_, body) = caller.get(&format!("v1/I/cards/{card}")).await;
        assert_eq!((&body["consumerId"], &body["state"]), (&json!(consumer), &json!("ACTIVE")));
        assert!(last4.is_none_or(|digits| body["last4"] == digits), "{body}");
        assert!(body.as_object().unwrap().values().all(|v| v.as_str().is_none_or(|t| t.len() < 30)), "no number");
        let (_, body) = caller.get(&format!("v1/I/cards/{card}/digitalCards")).await;
        assert_eq!(body["digitalCards"][0]["digitalCardId"], json!(digital));
        let (_, body) = caller.get(&format!("v1/I/digitalCards/{digital}")).await;
        assert_eq!((&body["state"], &body["cardId"]), (&json!("ACTIVE"), &json!(card)));
        let (status, body) = caller.get(&format!("v1/I/cards/{card}/operations?limit=50")).await;
        assert_eq!(status, 200);
        let first = body["operations"][0]["operationId"].as_str().map(ToOwned::to_owned);
        if let Some(id) = first {
            assert_eq!(caller.get(&format!("v1/I/cards/{card}/operations/{id}")).await.0, 200);
        }
        let (status, body) = caller.get(&format!("v1/I/cards/{card}/3ds/operations?limit=50")).await;
        assert!(status == 200 && body["operations"].as_array().unwrap().len() > 5, "a year of them: {body}");
    }
    let old = caller.d1().consumer_of(JOHN).unwrap().cards[0].digital[0].clone();
    assert_eq!((old.device.as_ref(), old.state), ("Galaxy S8", DigitalState::Active));
    let rows = caller.d1().directory();
    assert!(rows.len() > 130 && rows.len() < 250, "{} of 600", rows.len());
    let jane = rows.iter().find(|row| row.display_name == "Jane Doe").unwrap();
    assert_eq!((jane.customer_ref.as_str(), jane.consumer_id.len()), ("E10422", 21));
    caller.sim.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_its_pattern_names_the_field() {
    let caller = Caller::open().await;
    let (consumer, card, digital) = caller.ids_of(JANE);
    let list = format!("v1/I/consumers/{consumer}/operations");
    let delete = format!("v1/I/consumers/{consumer}/operations:delete");
    let suspend = format!("v1/I/digitalCards/{digital}/operations:suspend");
    let card_suspend = format!("v1/I/cards/{card}/operations:suspend");
    let long = "a".repeat(65);
    for (method, path, headers, body, field) in [
        (Method::GET, "v1/issuers/SHORT/consumers/a/operations".to_owned(), None, None, "issuerId"),
        (Method::GET, "v1/I/consumers/a.b/operations".to_owned(), None, None, "consumerId"),
        (Method::GET, format!("v1/I/consumers/{long}/operations"), None, None, "consumerId"),
        (Method::GET, format!("v1/I/consumers/{consumer}/operations/a%20b"), None, None, "operationId"),
        (Method::GET, format!("v1/I/cards/{}", &long[..49]), None, None, "cardId"),
        (Method::GET, format!("{list}?offset=-1"), None, None, "offset"),
        (Method::GET, list.clone(), Some(("x-correlation-id", "a/b")), None, "x-correlation-id"),
        (Method::GET, list.clone(), Some(("x-user-id", "0123456789abcdef")), None, "x-user-id"),
        (Method::POST, delete.clone(), None, Some(r#"{"reason":"left-the bank"}"#), "reason"),
        (Method::POST, delete, None, Some(r#"{"reason":""}"#), "reason"),
        (Method::POST, suspend.clone(), None, Some(r#"{"note":"x"}"#), "note"),
        (Method::POST, card_suspend.clone(), None, Some(r#"{"reason":7}"#), "reason"),
    ] {
        let headers: Vec<_> = headers.into_iter().collect();
        let (status, text) = caller.call_with(method, &path, &headers, body).await;
        let wanted = json!({ "errorCode": "FIELD_INVALID_FORMAT", "error": field });
        assert_eq!((status, serde_json::from_str::<Value>(&text).unwrap()), (400, wanted), "{path}");
    }
    for (path, body) in
        [(&suspend, json!({ "reasonCode": "CARD_LOST" })), (&card_suspend, json!({ "reasonCode": "X" }))]
    {
        let (status, body) = caller.post(path, body).await;
        assert_eq!((status, body["errorCode"].as_str()), (400, Some("FIELD_INVALID_VALUE")));
    }
    assert_eq!(caller.get(&format!("{list}?limit=51")).await.1["errorCode"], "FIELD_INVALID_VALUE");
    let (status, text) = caller.call_with(Method::POST, &suspend, &[], Some("{")).await;
    assert!(status == 400 && text.contains("PARSING_ERROR"));
    assert_eq!(caller.post(&suspend.replace(':', "%3A"), json!({})).await.0, 404, "the colon is literal");
    assert_eq!(caller.d1().consumer(&consumer).unwrap().operations, [], "nothing was done");
    caller.sim.stop().await;
}

#[tokio::test]
async fn a_digital_card_walks_through_its_states_and_each_step_is_written_down() {
    let caller = Caller::open().await;
    let (_, card, digital) = caller.ids_of(SAM);
    let act = async |action: &str, body: Value| {
        caller.post(&format!("v1/I/digitalCards/{digital}/operations:{action}"), body).await
    };
    assert_eq!(act("resume", json!({})).await.0, 403);
    let (status, done) = act("suspend", json!({ "reason": "phone lost ref 5", "reasonCode": "DEVICE_LOST" })).await;
    assert_eq!((status, &done["status"]), (200, &json!("SUCCESSFUL")));
    let id = done["operationId"].as_str().unwrap();
    let (_, operation) = caller.get(&format!("v1/I/digitalCards/{digital}/operations/{id}")).await;
    for (name, value) in [
        ("operation", "SUSPEND"),
        ("reason", "phone lost ref 5"),
        ("reasonCode", "DEVICE_LOST"),
        ("requestorType", "ISSUER"),
        ("requestorId", ISSUER),
    ] {
        assert_eq!(operation[name], value);
    }
    let (_, on_card) = caller.get(&format!("v1/I/cards/{card}/operations")).await;
    assert_eq!(on_card["operations"][0]["operationId"], id, "the newest first");
    assert_eq!(on_card["operations"][0]["details"]["digitalCardId"], json!(digital));
    assert_eq!(act("suspend", json!({})).await.0, 403, "only an active one can be suspended");
    assert_eq!(act("resume", json!({})).await.0, 200);
    assert_eq!(act("activate", json!({})).await.0, 404, "not offered");
    assert_eq!(act("delete", json!({})).await.0, 200);
    for action in ["suspend", "resume", "delete"] {
        assert_eq!(act(action, json!({})).await.0, 403, "{action}: gone for good");
    }
    let ours = caller.d1().consumer_of(SAM).unwrap().operations;
    let default = ours.iter().find(|o| o.operation == "RESUME").unwrap();
    assert_eq!(default.reason_code.as_deref(), Some("ISSUER_DECISION"));
    assert!(caller.d1().front().log().view().requests.iter().filter(|r| r.applied).count() == 3);
    caller.sim.stop().await;
}

#[tokio::test]
async fn a_card_leaves_its_digital_cards_alone_unless_it_is_deleted() {
    let caller = Caller::open().await;
    let (_, card, digital) = caller.ids_of(JANE);
    let act = async |version: &str, action: &str, code: &str| {
        let path = format!("{version}/I/cards/{card}/operations:{action}");
        caller.post(&path, json!({ "reasonCode": code })).await.0
    };
    let state = async || caller.get(&format!("v1/I/digitalCards/{digital}")).await.1["state"].clone();
    assert_eq!(act("v1", "suspend", "CARD_LOST").await, 200);
    let (_, body) = caller.get(&format!("v1/I/cards/{card}")).await;
    assert_eq!((&body["state"], &body["stateReason"]), (&json!("INACTIVE"), &json!("CARD_LOST")));
    assert_eq!(state().await, "ACTIVE");
    assert_eq!(act("v1", "resume", "ISSUER_DECISION").await, 403);
    assert_eq!(act("v1", "resume", "CARD_FOUND").await, 200);
    assert_eq!(act("v1", "replace", "CARD_BROKEN").await, 404, "v2 only");
    assert_eq!(act("v2", "replace", "CARD_BROKEN").await, 200);
    let consumer = caller.d1().consumer_of(JANE).unwrap();
    assert_eq!((consumer.cards.len(), consumer.cards[1].digital[0].id.as_str()), (2, digital.as_str()));
    assert_eq!(state().await, "ACTIVE", "the network keeps it linked");
    let new = &consumer.cards[1].id;
    assert_eq!(caller.post(&format!("v1/I/cards/{new}/operations:delete"), json!({})).await.0, 200);
    assert_eq!(state().await, "DELETED");
    caller.sim.stop().await;
}

#[tokio::test]
async fn deleting_a_consumer_takes_everything_with_it() {
    let caller = Caller::open().await;
    let (consumer, card, digital) = caller.ids_of(JANE);
    let path = format!("v1/I/consumers/{consumer}/operations:delete");
    let (status, done) = caller.post(&path, json!({ "reason": "left", "reasonCode": "USER_DECISION" })).await;
    assert_eq!(status, 200);
    assert_eq!(caller.post(&path, json!({})).await.0, 403);
    let truth = caller.d1().consumer(&consumer).unwrap();
    assert_eq!(truth.operations.len(), 3, "the consumer, its card and its digital card");
    assert_eq!(truth.operations.iter().filter(|o| o.reason.is_some()).count(), 1, "children have no reason");
    assert_eq!(caller.get(&format!("v1/I/cards/{card}")).await.1["state"], "DELETED");
    assert_eq!(caller.get(&format!("v1/I/digitalCards/{digital}")).await.1["state"], "DELETED");
    assert_eq!(caller.post(&format!("v1/I/cards/{card}/operations:suspend"), json!({})).await.0, 403);
    let (_, history) = caller.get(&format!("v1/I/consumers/{consumer}/operations")).await;
    assert_eq!(history["operations"][0]["operationId"], done["operationId"]);
    caller.sim.stop().await;
}

#[tokio::test]
async fn consumers_and_cards_can_be_registered() {
    let caller = Caller::open().await;
    let put = async |path: &str, body: &str| caller.call_with(Method::PUT, path, &[], Some(body)).await.0;
    assert_eq!(put("v2/I/consumers/new-1", r#"{"language":"en-GB","firstName":"Mo"}"#).await, 204);
    assert_eq!(put("v2/I/consumers/new-1", r#"{"language":"english"}"#).await, 400);
    assert_eq!(put("v1/I/consumers/new-1/cards", r#"{"cards":[{"cardId":"k-1"}]}"#).await, 204);
    assert_eq!(put("v1/I/consumers/new-1/cards", r#"{"cards":[{"cardId":"k-1"},{"cardId":"k-2"}]}"#).await, 204);
    assert_eq!(put("v1/I/consumers/new-2/cards", r#"{"cards":[{"cardId":"k-2"}]}"#).await, 403);
    let (_, cards) = caller.get("v1/I/consumers/new-1/cards").await;
    assert_eq!(cards["cards"].as_array().unwrap().len(), 2);
    assert_eq!(caller.get("v2/I/consumers/new-1").await.1["firstName"], "Mo");
    let phone = NewPhone { card: "k-2".into(), device: "Pixel 9".into(), identified: true };
    let id = caller.d1().new_phone(&phone).unwrap();
    assert_eq!(caller.get(&format!("v1/I/digitalCards/{id}")).await.1["deviceName"], "Pixel 9");
    let update = json!({ "firstName": "Moira", "pets": 3 });
    assert_eq!(caller.post("v2/I/consumers/new-1/operations:update", update).await.0, 200);
    assert_eq!(caller.get("v2/I/consumers/new-1").await.1["firstName"], "Moira");
    caller.sim.stop().await;
}

async fn whole_list(caller: &Caller, path: &str, limit: usize) -> Vec<Value> {
    let mut found = Vec::new();
    loop {
        let (status, body) = caller.get(&format!("{path}?offset={}&limit={limit}", found.len())).await;
        assert_eq!(status, 200);
        let page = body["operations"].as_array().unwrap().clone();
        found.extend(page);
        if body["remainingOperations"] == 0 {
            return found;
        }
    }
}

#[tokio::test]
async fn pages_are_newest_first_and_history_ends_after_three_months() {
    let mut caller = Caller::open().await;
    let (consumer, card, _) = caller.ids_of(HOLDER_OF_8841);
    for path in [format!("v1/I/consumers/{consumer}/operations"), format!("v1/I/cards/{card}/operations")] {
        let all = whole_list(&caller, &path, 7).await;
        assert!(all.len() > 30, "enough for several pages: {}", all.len());
        let times: Vec<&str> = all.iter().map(|o| o["startTime"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|a, b| a >= b));
        let ids: BTreeSet<&str> = all.iter().map(|o| o["operationId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), all.len());
        assert_eq!(caller.get(&path).await.1["operations"].as_array().unwrap().len(), 10, "ten unless asked");
    }
    let path = format!("v1/I/consumers/{consumer}/operations");
    let all = whole_list(&caller, &path, 50).await;
    let kinds: BTreeSet<&str> = all.iter().map(|o| o["requestorType"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["CCI", "ISSUER", "USER"]));
    let of_card = whole_list(&caller, &format!("v1/I/cards/{card}/operations"), 50).await;
    let kinds: BTreeSet<&str> = of_card.iter().map(|o| o["requestorType"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["CCI", "D1", "ISSUER", "TSP", "USER"]));
    // One that is written down now stays for three calendar months and not a second longer.
    let wish = ForeignAct {
        on: consumer.clone(),
        operation: "ENROLL_AUTHN".into(),
        by: Requestor::User,
        reason: None,
        code: None,
    };
    let made = caller.d1().foreign(&wish).unwrap();
    let begun = caller.d1().now();
    let last = "2026-09-02T08:00:00Z".parse::<jiff::Timestamp>().unwrap();
    assert_eq!(months_before(last, 3), begun);
    let one = format!("{path}/{}", made.id);
    caller.sim.world().advance((last.as_second() - begun.as_second()) as u32);
    caller.renew().await;
    assert_eq!(caller.get(&one).await.0, 200, "three months old, to the second");
    assert!(whole_list(&caller, &path, 50).await.iter().any(|o| o["operationId"] == json!(made.id)));
    caller.sim.world().advance(1);
    assert_eq!(caller.get(&one).await.0, 404, "a second more");
    assert!(!whole_list(&caller, &path, 50).await.iter().any(|o| o["operationId"] == json!(made.id)));
    // 3-D Secure goes back a year.
    let (_, year) = caller.get(&format!("v1/I/cards/{card}/3ds/operations?limit=50")).await;
    let year = year["operations"].as_array().unwrap();
    let oldest = year.last().unwrap()["startTime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let now = caller.d1().now();
    assert!(oldest >= months_before(now, 12) && oldest < months_before(now, 10), "{oldest}");
    caller.sim.stop().await;
}

#[tokio::test]
async fn the_past_goes_back_seven_months_and_life_goes_on() {
    let caller = Caller::open().await;
    let (consumer, ..) = caller.ids_of(HOLDER_OF_8841);
    let now = caller.d1().now();
    let past = caller.d1().happened(&consumer, months_before(now, 7), now);
    assert!(past.last().unwrap().start < months_before(now, 6), "{:?}", past.last());
    caller.sim.world().advance(200 * 86_400);
    let later = caller.d1().now();
    let since = caller.d1().happened(&consumer, now, later);
    assert!(since.len() > 100 && since[0].start > months_before(later, 1), "{}", since.len());
    assert_eq!(caller.d1().happened(&consumer, months_before(now, 7), now), past, "the past does not change");
    caller.sim.stop().await;
}
