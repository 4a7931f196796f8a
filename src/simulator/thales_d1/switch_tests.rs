//! Every switch in both positions, as it shows on the wire.

use super::handle::{ForeignAct, NewPhone};
use super::operations::Requestor;
use super::testing::{Caller, signed};
use super::{ISSUER, KID};
use crate::domain::credential::System;
use crate::simulator::population::{HOLDER_OF_8841, JANE, JOHN, SAM};
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn routes_can_be_absent_in_either_way() {
    let caller = Caller::open().await;
    let (consumer, card, digital) = caller.ids_of(JANE);
    let reads = [
        ("C3", format!("v2/I/consumers/{consumer}")),
        ("C6", format!("v1/I/consumers/{consumer}/operations")),
        ("C8", format!("v1/I/consumers/{consumer}/cards")),
        ("K1", format!("v1/I/cards/{card}")),
        ("K5", format!("v1/I/cards/{card}/operations")),
        ("K6", format!("v1/I/cards/{card}/3ds/operations")),
        ("T4", format!("v1/I/digitalCards/{digital}")),
        ("T6", format!("v1/I/cards/{card}/digitalCards")),
    ];
    for (name, path) in reads {
        for status in [404, 405] {
            caller.switch(json!({ "absent": [name], "absent_status": status }));
            assert_eq!(caller.get(&path).await.0, status, "{name}");
        }
        caller.switch(json!({ "absent": [] }));
        assert_eq!(caller.get(&path).await.0, 200, "{name}");
    }
    for (name, action) in [("T1", "suspend"), ("T2", "resume"), ("T3", "delete")] {
        caller.switch(json!({ "absent": [name], "absent_status": 404 }));
        let path = format!("v1/I/digitalCards/{digital}/operations:{action}");
        let (status, body) = caller.post(&path, json!({})).await;
        assert_eq!((status, body.get("errorCode")), (404, None), "{name}");
        caller.switch(json!({ "absent": [] }));
        assert_eq!(caller.post(&path, json!({})).await.0, 200, "{name}");
    }
    for bad in [json!({ "absent": ["C9"] }), json!({ "absent_status": 500 }), json!({ "abscent": [] })] {
        assert!(caller.d1().change_switches(&bad).is_err(), "{bad}");
    }
    caller.sim.stop().await;
}

#[tokio::test]
async fn another_issuer_is_unknown_or_forbidden() {
    let caller = Caller::open().await;
    let path = "v1/issuers/DEMOISS-02/consumers/a/operations";
    assert_eq!(caller.get(path).await.0, 404);
    caller.switch(json!({ "issuer_mismatch": "forbidden" }));
    assert_eq!(caller.get(path).await.0, 403);
    caller.sim.stop().await;
}

#[tokio::test]
async fn pending_operations_end_well_or_badly_after_so_many_reads() {
    for (end, status, state) in [("successful", "SUCCESSFUL", "SUSPENDED"), ("failed", "FAILED", "ACTIVE")] {
        let caller = Caller::open().await;
        let (_, _, digital) = caller.ids_of(JANE);
        caller.switch(json!({ "pending_polls": 2, "pending_end": end }));
        let path = format!("v1/I/digitalCards/{digital}/operations");
        let (code, done) = caller.post(&format!("{path}:suspend"), json!({})).await;
        assert_eq!((code, &done["status"]), (200, &json!("PENDING")));
        assert_eq!(caller.post(&format!("{path}:delete"), json!({})).await.0, 403, "one thing at a time");
        let one = format!("{path}/{}", done["operationId"].as_str().unwrap());
        for _ in 0..2 {
            let (_, body) = caller.get(&one).await;
            assert_eq!((&body["status"], body.get("endTime")), (&json!("PENDING"), None));
        }
        let (_, body) = caller.get(&one).await;
        assert_eq!(body["status"], status);
        assert!(body["endTime"].is_string());
        assert_eq!(body["error"].is_string() && body["errorCode"].is_string(), status == "FAILED");
        assert_eq!(caller.get(&format!("v1/I/digitalCards/{digital}")).await.1["state"], state);
        caller.sim.stop().await;
    }
}

#[tokio::test]
async fn answers_to_writes_say_as_much_as_they_are_told_to() {
    let caller = Caller::open().await;
    let (_, card, digital) = caller.ids_of(JANE);
    let mut suspended = false;
    let mut toggle = async |base: String| {
        suspended = !suspended;
        let word = if suspended { "suspend" } else { "resume" };
        caller.call_with(Method::POST, &format!("{base}:{word}"), &[], Some("{}")).await
    };
    let on_card = format!("v1/I/cards/{card}/operations");
    let (_, text) = toggle(on_card.clone()).await;
    assert!(text.contains("operationId") && text.contains("SUCCESSFUL"));
    caller.switch(json!({ "operation_id": false }));
    assert_eq!(toggle(on_card.clone()).await.1, r#"{"status":"SUCCESSFUL"}"#);
    caller.switch(json!({ "write_status": false }));
    assert_eq!(toggle(on_card.clone()).await.1, "{}");
    caller.switch(json!({ "empty_success": true }));
    assert_eq!(toggle(on_card).await, (204, String::new()));
    caller.switch(json!({ "empty_success": false }));
    let (_, text) = caller
        .call_with(Method::POST, &format!("v1/I/digitalCards/{digital}/operations:suspend"), &[], Some("{}"))
        .await;
    assert_eq!(text, r#"{"status":"SUCCESSFUL"}"#, "that of a digital card is always there");
    caller.sim.stop().await;
}

#[tokio::test]
async fn lists_have_other_names_counts_and_items() {
    let caller = Caller::open().await;
    let (consumer, ..) = caller.ids_of(HOLDER_OF_8841);
    let path = format!("v1/I/consumers/{consumer}/operations?limit=3");
    let (_, usual) = caller.get(&path).await;
    let left = usual["remainingOperations"].as_u64().unwrap();
    assert!(usual["operations"][0]["startTime"].is_string());
    caller.switch(json!({ "remaining_operations": "all" }));
    assert_eq!(caller.get(&path).await.1["remainingOperations"], left + 3);
    caller.switch(json!({ "remaining_operations": "absent", "operations_name": "items", "list_item": "short" }));
    let (_, body) = caller.get(&path).await;
    assert_eq!((body.get("remainingOperations"), body.get("operations")), (None, None));
    assert_eq!(body["items"][0].as_object().unwrap().len(), 2);
    caller.sim.stop().await;
}

#[tokio::test]
async fn unknown_words_and_members_appear() {
    let caller = Caller::open().await;
    let (consumer, card, _) = caller.ids_of(HOLDER_OF_8841);
    let list = format!("v1/I/consumers/{consumer}/operations?limit=50");
    let words = async || caller.get(&list).await.1["operations"].to_string();
    assert!(!words().await.contains("TELEPORT"));
    caller.switch(json!({ "unknown_words": true, "extra_fields": true, "odd_details": true }));
    let text = words().await;
    assert!(text.contains("TELEPORT") && text.contains("x-later-addition") && text.contains("deeper"));
    let states: Vec<Value> = {
        let mut found = Vec::new();
        for row in caller.d1().directory() {
            found.push(caller.get(&format!("v1/I/cards/{}", row.card_ids[0])).await.1["state"].clone());
        }
        found
    };
    assert!(states.contains(&json!("IN_LIMBO")) && states.contains(&json!("ACTIVE")));
    assert!(caller.get(&format!("v1/I/cards/{card}")).await.1["x-later-addition"].is_object());
    caller.sim.stop().await;
}

#[tokio::test]
async fn header_patterns_can_be_strict_everywhere() {
    let caller = Caller::open().await;
    let (consumer, ..) = caller.ids_of(JANE);
    let v1 = format!("v1/I/consumers/{consumer}/operations");
    let v2 = format!("v2/I/consumers/{consumer}");
    let with =
        async |path: &str, name: &str, value: &str| caller.call_with(Method::GET, path, &[(name, value)], None).await.0;
    assert_eq!(with(&v1, "x-correlation-id", "a.b c").await, 200);
    assert_eq!(with(&v2, "x-correlation-id", "a.b").await, 400);
    assert_eq!(with(&v1, "x-user-id", "desk").await, 200);
    caller.switch(json!({ "correlation_pattern": "strict", "user_id_on_v1": false }));
    assert_eq!(with(&v1, "x-correlation-id", "a.b c").await, 400);
    assert_eq!(with(&v1, "x-user-id", "desk").await, 400);
    assert_eq!(with(&v2, "x-user-id", "desk").await, 200);
    caller.sim.stop().await;
}

#[tokio::test]
async fn the_history_of_nobody_is_empty_unknown_or_forbidden() {
    let caller = Caller::open().await;
    let (consumer, ..) = caller.ids_of(JANE);
    let nobody = "v1/I/consumers/nobody/operations";
    assert_eq!(caller.get(nobody).await.1["operations"], json!([]));
    for (word, status) in [("not_found", 404), ("forbidden", 403)] {
        caller.switch(json!({ "no_history": word }));
        assert_eq!(caller.get(nobody).await.0, status);
    }
    let path = format!("v1/I/consumers/{consumer}/operations");
    assert_eq!(caller.post(&format!("{path}:delete"), json!({})).await.0, 200);
    assert_eq!(caller.get(&path).await.0, 200);
    caller.switch(json!({ "history_of_deleted": false }));
    assert_eq!(caller.get(&path).await.0, 403);
    caller.sim.stop().await;
}

#[tokio::test]
async fn a_deleted_id_may_come_back_or_not() {
    let caller = Caller::open().await;
    let (consumer, ..) = caller.ids_of(JANE);
    let path = format!("v1/I/consumers/{consumer}");
    assert_eq!(caller.post(&format!("{path}/operations:delete"), json!({})).await.0, 200);
    assert_eq!(caller.call_with(Method::PUT, &path, &[], Some("{}")).await.0, 403);
    caller.switch(json!({ "id_reuse": true }));
    assert_eq!(caller.call_with(Method::PUT, &path, &[], Some("{}")).await.0, 204);
    assert_eq!(caller.get(&path.replace("v1", "v2")).await.1["state"], "REGISTERED");
    caller.sim.stop().await;
}

#[tokio::test]
async fn errors_have_any_body() {
    let mut caller = Caller::open().await;
    let ask = async |caller: &Caller| caller.call_with(Method::GET, "v1/I/cards/nothing", &[], None).await.1;
    for (form, wanted) in [
        ("both", r#"{"error":"Unknown card","errorCode":"RESOURCE_NOT_FOUND"}"#),
        ("text_only", r#"{"error":"Unknown card"}"#),
        ("code_only", r#"{"errorCode":"RESOURCE_NOT_FOUND"}"#),
        ("empty", ""),
        ("html", "<html><body><h1>Request refused</h1></body></html>"),
    ] {
        caller.switch(json!({ "error_body": form }));
        assert_eq!(ask(&caller).await, wanted, "{form}");
    }
    caller.switch(json!({ "error_body": "both", "unauthorised_code": false }));
    caller.token = "stale".into();
    assert_eq!(ask(&caller).await, r#"{"error":"Unauthorized"}"#);
    caller.switch(json!({ "unauthorised_code": true }));
    assert!(ask(&caller).await.contains("AUTHORIZER_UNAUTHORIZED"));
    caller.sim.stop().await;
}

#[tokio::test]
async fn cards_may_remember_longer_and_leave_digital_cards_out() {
    let mut caller = Caller::open().await;
    let (_, card, digital) = caller.ids_of(JANE);
    let path = format!("v1/I/cards/{card}/operations?limit=50");
    let (_, done) = caller.post(&format!("v1/I/digitalCards/{digital}/operations:suspend"), json!({})).await;
    let listed = async |caller: &Caller| caller.get(&path).await.1["operations"].to_string();
    let id = done["operationId"].as_str().unwrap().to_owned();
    assert!(listed(&caller).await.contains(&id));
    caller.switch(json!({ "card_lists_digital": false }));
    assert!(!listed(&caller).await.contains(&id));
    caller.switch(json!({ "card_lists_digital": true }));
    caller.sim.world().advance(120 * 86_400);
    caller.renew().await;
    assert!(!listed(&caller).await.contains(&id));
    caller.switch(json!({ "card_retention_months": 6 }));
    assert!(listed(&caller).await.contains(&id));
    caller.sim.stop().await;
}

#[tokio::test]
async fn reason_codes_and_activation_are_what_the_issuer_confirmed() {
    let caller = Caller::open().await;
    let (_, card, digital) = caller.ids_of(SAM);
    let path = format!("v1/I/digitalCards/{digital}/operations");
    let stolen = json!({ "reasonCode": "DEVICE_STOLEN" });
    caller.switch(json!({ "digital_suspend_codes": ["USER_DECISION", "ISSUER_DECISION", "DEVICE_LOST"] }));
    assert_eq!(caller.post(&format!("{path}:suspend"), stolen.clone()).await.0, 400);
    caller.switch(json!({ "digital_suspend_codes": ["DEVICE_STOLEN"], "digital_resume_codes": ["DEVICE_FOUND"] }));
    assert_eq!(caller.post(&format!("{path}:suspend"), stolen).await.0, 200);
    assert_eq!(caller.post(&format!("{path}:resume"), json!({})).await.0, 400);
    assert_eq!(caller.post(&format!("{path}:resume"), json!({ "reasonCode": "DEVICE_FOUND" })).await.0, 200);
    let phone = NewPhone { card, device: "Pixel 9".into(), identified: false };
    let new = caller.d1().new_phone(&phone).unwrap();
    let activate = format!("v1/I/digitalCards/{new}/operations:activate");
    assert_eq!(caller.post(&activate, json!({})).await.0, 404);
    caller.switch(json!({ "activation": true }));
    assert_eq!(caller.post(&activate, json!({})).await.0, 200);
    assert_eq!(caller.get(&format!("v1/I/digitalCards/{new}")).await.1["state"], "ACTIVE");
    caller.sim.stop().await;
}

#[tokio::test]
async fn shapes_change_their_words() {
    let caller = Caller::open().await;
    let (consumer, card, digital) = caller.ids_of(JANE);
    let (suspend, read) =
        (format!("v1/I/digitalCards/{digital}/operations:suspend"), format!("v1/I/digitalCards/{digital}"));
    assert_eq!(caller.post(&suspend, json!({})).await.0, 200);
    assert_eq!(caller.get(&read).await.1["state"], "SUSPENDED");
    caller.switch(json!({ "suspended_reads_inactive": true }));
    assert_eq!(caller.get(&read).await.1["state"], "INACTIVE");
    let created =
        async || caller.get(&format!("v1/I/cards/{card}")).await.1["createdTime"].as_str().unwrap().to_owned();
    let millis = created().await;
    let at: jiff::Timestamp = millis.parse().unwrap();
    assert!(millis.ends_with('Z') && millis.len() == 24, "{millis}");
    for (form, end, length) in [("seconds", "Z", 20), ("offset", "+02:00", 29)] {
        caller.switch(json!({ "time_form": form }));
        let text = created().await;
        assert!(text.ends_with(end) && text.len() == length, "{text}");
        assert_eq!(text.parse::<jiff::Timestamp>().unwrap().as_second(), at.as_second());
    }
    caller.switch(json!({ "member_names": "long" }));
    let (_, body) = caller.get(&format!("v1/I/cards/{card}")).await;
    assert!(body["lastFourDigits"].is_string() && body.get("last4").is_none() && body["cardState"] == "ACTIVE");
    let own = format!("v2/I/consumers/{consumer}");
    assert_eq!(caller.get(&own).await.1["firstName"], "Jane");
    caller.switch(json!({ "personal_data": false }));
    assert_eq!(caller.get(&own).await.1.get("firstName"), None);
    caller.sim.stop().await;
}

#[tokio::test]
async fn tokens_can_ask_for_an_audience_and_say_their_scope() {
    let caller = Caller::open().await;
    let header = json!({ "alg": "ES256", "kid": KID });
    caller.switch(json!({ "audience": "https://api.d1.example", "scope": "d1-api:card:read" }));
    let without = signed(caller.sim.d1_private_key(), &header, &caller.good_claims());
    assert_eq!(caller.ask_token(&without).await.0, 400);
    let mut claims = caller.good_claims();
    claims["aud"] = json!("https://api.d1.example");
    let (status, body) = caller.ask_token(&signed(caller.sim.d1_private_key(), &header, &claims)).await;
    assert_eq!((status, &body["scope"]), (200, &json!("d1-api:card:read")));
    caller.switch(json!({ "audience": null }));
    assert_eq!(caller.ask_token(&without).await.0, 200);
    caller.sim.stop().await;
}

#[tokio::test]
async fn notifications_come_once_twice_late_or_backwards() {
    let caller = Caller::open().await;
    let act = |person: u32, word: &str| {
        let (.., digital) = caller.ids_of(person);
        let wish = ForeignAct { on: digital, operation: word.into(), by: Requestor::Cci, reason: None, code: None };
        caller.d1().foreign(&wish).unwrap().id
    };
    let arrived = || caller.d1().notices().into_iter().map(|n| n.operation_id).collect::<Vec<_>>();
    let first = act(JANE, "suspend");
    assert_eq!(arrived(), [first.clone()]);
    assert!(caller.d1().notices()[0].path.contains(&format!("/issuers/{ISSUER}/digitalCards/dgc-")));
    caller.switch(json!({ "notifications": "twice" }));
    let second = act(JOHN, "suspend");
    assert_eq!(arrived(), [first.clone(), second.clone(), second.clone()]);
    caller.switch(json!({ "notifications": "reversed" }));
    let third = act(JANE, "resume");
    assert_eq!(arrived()[0], third);
    caller.switch(json!({ "notifications": "late" }));
    let fourth = act(JOHN, "resume");
    assert!(!arrived().contains(&fourth));
    caller.sim.world().advance(3_600);
    assert!(arrived().contains(&fourth));
    caller.sim.stop().await;
}

#[tokio::test]
async fn the_control_port_offers_the_same() {
    let caller = Caller::open().await;
    let (consumer, card, digital) = caller.ids_of(JOHN);
    let url = |path: &str| format!("{}/thales-d1/{path}", caller.sim.control_url());
    let send = async |path: &str, body: Value| {
        let answer = caller.http.post(url(path)).body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap())
    };
    let (status, made) = send("phones", json!({ "card": card, "device": "Pixel 9" })).await;
    assert_eq!(status, 200);
    let (_, done) = send("foreign", json!({ "on": digital, "operation": "suspend", "by": "CCI" })).await;
    assert_eq!((&done["operation"], &done["requestor"]), (&json!("SUSPEND"), &json!("CCI")));
    assert_eq!(send("foreign", json!({ "on": digital, "operation": "suspend", "by": "CCI" })).await.0, 400);
    assert_eq!(send("foreign", json!({ "on": digital, "operation": "JUGGLE", "by": "USER" })).await.0, 400);
    assert_eq!(send("switches", json!({ "pending_polls": 3 })).await.1["pending_polls"], 3);
    let get = async |path: &str| {
        let text = caller.http.get(url(path)).send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let truth = get(&format!("consumers/{consumer}")).await;
    assert_eq!(truth["cards"][0]["digital"][1]["id"], made["digital_card"]);
    assert_eq!(truth["cards"][0]["digital"][0]["state"], "SUSPENDED");
    assert!(get("directory").await.as_array().unwrap().len() > 100);
    assert!(get("notifications").await.as_array().unwrap().len() == 1);
    assert!(get("log").await["requests"].as_array().unwrap().len() == 1, "the token call of this test");
    assert!(caller.sim.url(System::ThalesD1).starts_with("http://127.0.0.1:"));
    caller.sim.stop().await;
}
