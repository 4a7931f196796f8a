//! Issue, read, update and pairs (contract sections 4.1 to 4.3).

use super::*;

#[tokio::test]
async fn an_issue_makes_a_pass_that_reads_back() {
    let desk = Desk::open().await;
    let balance = desk.grid.counts().balance;
    let (status, made) = desk.issue(json!({ "card_number": "20711", "site_code": 42, "title": "Chemist" })).await;
    assert_eq!((status, &made["status"], &made["state"]), (201, &json!("success"), &json!("created")));
    let id = made["id"].as_str().unwrap();
    assert!(id.len() == 15 && !id.contains("templates"));
    let (_, shown) = desk.get(&format!("/v1/key-cards/{id}")).await;
    for (name, value) in [
        ("full_name", json!("Rosa Díaz")),
        ("employee_id", json!("E-4471")),
        ("card_number", json!("20711")),
        ("site_code", json!("42")),
        ("title", json!("Chemist")),
        ("start_date", json!("2026-06-01T08:00:00Z")),
        ("expiration_date", json!("2027-03-01T08:00:00Z")),
        ("created_at", json!("2026-06-02T08:00:00Z")),
        ("devices", json!([])),
        ("metadata", json!({ "console_ref": "r1" })),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert!(desk.grid.counts().balance < balance);
    let (_, again) = desk.issue(json!({})).await;
    assert_ne!(again["id"], made["id"], "there is no idempotency: two calls make two passes");
    assert!(again["card_number"].is_string(), "allocated");
    let (status, none) = desk.issue(json!({ "start_date": "0001-01-01T00:00:00Z", "expiration_date": null })).await;
    assert_eq!((status, &none["start_date"], &none["expiration_date"]), (201, &Value::Null, &Value::Null));
    desk.close().await;
}

#[tokio::test]
async fn a_wrong_issue_makes_nothing_and_costs_nothing() {
    let desk = Desk::open().await;
    let before = desk.grid.counts();
    for (more, wanted) in [
        (json!({ "card_template_id": "tpl_none" }), 404),
        (json!({ "card_template_id": null }), 422),
        (json!({ "full_name": "" }), 422),
        (json!({ "expiration_date": "soon" }), 422),
        (json!({ "expiration_date": "2026-01-01T00:00:00Z" }), 422),
        (json!({ "card_number": 65_535, "site_code": 1 }), 422),
        (json!({ "card_number": 1, "site_code": 255 }), 422),
        (json!({ "card_number": 1 }), 422),
        (json!({ "file_data": "xyz" }), 422),
        (json!({ "tag_id": "04" }), 422),
        (json!({ "temporary": true }), 422),
        (json!({ "metadata": [] }), 422),
    ] {
        let (status, answer) = desk.issue(more.clone()).await;
        assert_eq!((status, &answer["status"]), (wanted, &json!("error")), "{more}");
        assert!(answer["message"].is_string());
    }
    assert_eq!(desk.send(Method::POST, "/v1/key-cards", json!([])).await.0, 400);
    desk.grid.set_balance(100);
    assert_eq!(desk.issue(json!({})).await.0, 402);
    desk.grid.set_balance(before.balance);
    assert_eq!(desk.grid.counts(), before);
    desk.close().await;
}

#[tokio::test]
async fn an_issue_needs_a_contact_only_by_switch() {
    let desk = Desk::open().await;
    assert_eq!(desk.issue(json!({ "email": null })).await.0, 201);
    desk.switch(json!({ "contact_required": true }));
    assert_eq!(desk.issue(json!({ "email": null })).await.0, 422);
    assert_eq!(desk.issue(json!({ "email": null, "phone_number": "+6421555000" })).await.0, 201);
    desk.close().await;
}

#[tokio::test]
async fn mail_and_phone_are_shown_or_not() {
    let desk = Desk::open().await;
    let path = format!("/v1/key-cards/{}", pass_of(&desk, JANE).id);
    assert_eq!(desk.get(&path).await.1["email"], "jane.doe@site.example");
    desk.switch(json!({ "show_contact": false }));
    let (_, shown) = desk.get(&path).await;
    assert!(shown.get("email").is_none() && shown.get("phone_number").is_none());
    assert!(shown.get("department").is_some());
    desk.close().await;
}

#[tokio::test]
async fn one_unknown_field_makes_the_whole_update_fail() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Created).await;
    let path = format!("/v1/key-cards/{id}");
    let before = desk.get(&path).await.1;
    for body in [
        json!({ "title": "Boss", "email": "other@site.example" }),
        json!({ "title": "Boss", "state": "active" }),
        json!({ "title": "Boss", "full_name": "" }),
        json!({ "title": "Boss", "metadata": [] }),
        json!({ "card_id": id }),
        json!({}),
    ] {
        let (status, answer) = desk.send(Method::PATCH, &path, body.clone()).await;
        assert_eq!(status, 422, "{body}");
        if body.get("email").or(body.get("state")).is_some() {
            assert_eq!(answer["message"], "Unexpected parameters provided");
        }
        assert_eq!(desk.get(&path).await.1, before, "{body} changed something");
    }
    let body = json!({ "card_id": id, "title": "Boss", "expiration_date": "2028-01-01T00:00:00Z", "member_id": "M" });
    let (status, after) = desk.send(Method::PATCH, &path, body).await;
    assert_eq!((status, &after["title"]), (200, &json!("Boss")));
    assert_eq!(after["expiration_date"], "2028-01-01T00:00:00Z");
    desk.act(&id, Action::Delete).await;
    assert_eq!(desk.send(Method::PATCH, &path, json!({ "title": "Ghost" })).await.0, 422);
    desk.close().await;
}

#[tokio::test]
async fn metadata_is_replaced_or_merged() {
    let desk = Desk::open().await;
    for (how, wanted) in [("replaces", json!({ "note": "n" })), ("merges", json!({ "console_ref": "r1", "note": "n" }))]
    {
        desk.switch(json!({ "metadata_update": how }));
        let path = format!("/v1/key-cards/{}", desk.in_state(State::Created).await);
        desk.send(Method::PATCH, &path, json!({ "metadata": { "note": "n" } })).await;
        assert_eq!(desk.get(&path).await.1["metadata"], wanted, "{how}");
    }
    desk.close().await;
}

async fn a_pair(desk: &Desk) -> (String, [String; 2]) {
    let (status, pair) = desk.issue(json!({ "card_template_id": TEMPLATE_PAIR })).await;
    assert_eq!(status, 201);
    let half = |i: usize| pair["details"][i]["id"].as_str().unwrap().to_owned();
    (pair["id"].as_str().unwrap().to_owned(), [half(0), half(1)])
}

#[tokio::test]
async fn a_pair_is_two_passes_and_one_id() {
    let desk = Desk::open().await;
    let (pair, [apple, google]) = a_pair(&desk).await;
    let (_, shown) = desk.get(&format!("/v1/key-cards/{pair}")).await;
    assert_eq!(shown["details"][0]["card_template_id"], APPLE_TEMPLATE);
    assert_eq!(shown["details"][1]["card_template_id"], ANDROID_TEMPLATE);
    for half in shown["details"].as_array().unwrap() {
        assert_eq!((&half["metadata"]["console_ref"], &half["state"]), (&json!("r1"), &json!("created")));
        assert!(half.get("details").is_none());
    }
    assert_ne!(shown["details"][0]["card_number"], shown["details"][1]["card_number"]);
    let (_, listed) = desk.get("/v1/key-cards?employee_id=E-4471").await;
    let ids: Vec<_> = listed["keys"].as_array().unwrap().iter().map(|k| k["id"].as_str().unwrap()).collect();
    assert_eq!((ids.contains(&pair.as_str()), ids.len()), (false, 2), "only the halves are listed");
    desk.grid.install(&apple, DeviceType::AndroidPhone).unwrap_err();
    desk.grid.install(&apple, DeviceType::Iphone).unwrap();
    assert_eq!((desk.state(&apple), desk.state(&google)), (State::Active, State::Deleted));
    assert_eq!(desk.get(&format!("/v1/key-cards/{pair}")).await.1["state"], "active");
    desk.switch(json!({ "pair_readable": false }));
    assert_eq!(desk.get(&format!("/v1/key-cards/{pair}")).await.0, 404);
    desk.close().await;
}

#[tokio::test]
async fn an_action_on_a_pair_reaches_both_halves_one_or_none() {
    let desk = Desk::open().await;
    for (how, status, states) in [
        ("each_half", 200, [State::Deleted, State::Deleted]),
        ("first_half", 200, [State::Deleted, State::Created]),
        ("not_found", 404, [State::Created, State::Created]),
    ] {
        desk.switch(json!({ "pair_action": how }));
        let (pair, halves) = a_pair(&desk).await;
        assert_eq!(desk.act(&pair, Action::Suspend).await.0, if status == 404 { 404 } else { 422 }, "{how}");
        assert_eq!(desk.act(&pair, Action::Delete).await.0, status, "{how}");
        assert_eq!(halves.map(|half| desk.state(&half)), states, "{how}");
    }
    desk.close().await;
}
