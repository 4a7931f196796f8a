//! What the enterprise plan may read (contract sections 6 to 8), and what it may not.

use super::*;

const LOGS: &str = "/v1/console/card-templates/0xa1f7c0de5a11/logs";

#[tokio::test]
async fn templates_pairs_ledger_and_webhooks_can_be_read() {
    let desk = Desk::open().await;
    let (_, all) = desk.get("/v1/console/card-templates").await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    let (_, apple) = desk.get(&format!("/v1/console/card-templates/{APPLE_TEMPLATE}")).await;
    assert_eq!((&apple["platform"], &apple["use_case"]), (&json!("apple"), &json!("corporate_id")));
    assert!(apple["issued_keys_count"].as_u64() > apple["active_keys_count"].as_u64());
    assert!(apple.get("templates").is_none());
    let (_, pair) = desk.get(&format!("/v1/console/card-templates/{TEMPLATE_PAIR}")).await;
    assert_eq!((&pair["is_pair"], pair["templates"].as_array().unwrap().len()), (&json!(true), 2));
    assert_eq!(desk.get("/v1/console/card-templates/none").await.0, 404);
    let (_, pairs) = desk.get("/v1/console/card-template-pairs").await;
    assert_eq!(pairs["card_template_pairs"][0]["ios_template"]["id"], APPLE_TEMPLATE);
    let made = desk.in_state(State::Created).await;
    let (_, items) = desk.get("/v1/console/ledger-items").await;
    assert_eq!(items["ledger_items"][0]["access_pass"]["id"], made.as_str());
    assert_eq!(items["ledger_items"].as_array().unwrap().len(), 50);
    let (_, now) = desk.get("/v1/console/ledger-items?start_date=2026-06-02T07:00:00Z").await;
    assert_eq!(now["pagination"]["total_count"], 1);
    let (_, hooks) = desk.get("/v1/console/webhooks").await;
    assert_eq!(hooks["pagination"]["total_count"], 1);
    for path in ["landing-pages", "credential-profiles", "hid/orgs"] {
        assert_eq!(desk.get(&format!("/v1/console/{path}")).await, (200, json!([])));
    }
    desk.close().await;
}

#[tokio::test]
async fn set_up_is_refused_in_the_vendors_form() {
    let desk = Desk::open().await;
    desk.switch(&json!({ "administrator": false }));
    for (method, path) in [
        (Method::DELETE, "card-templates/0xa1f7c0de5a11"),
        (Method::POST, "card-templates/0xa1f7c0de5a11/publish"),
        (Method::POST, "card-templates/0xa1f7c0de5a11/smart-tap/reveal"),
        (Method::DELETE, "webhooks/wh_visits"),
    ] {
        let (status, answer) = desk.bare(method, &format!("/v1/console/{path}")).await;
        assert_eq!((status, &answer["status"]), (403, &json!("error")), "{path}");
    }
    for path in ["card-templates", "card-template-pairs", "landing-pages", "webhooks", "hid/orgs"] {
        let (status, answer) = desk.send(Method::POST, &format!("/v1/console/{path}"), json!({ "name": "N" })).await;
        assert_eq!((status, &answer["status"]), (403, &json!("error")), "{path}");
    }
    desk.close().await;
}

#[tokio::test]
async fn a_smaller_plan_has_passes_and_nothing_else() {
    let desk = Desk::open().await;
    for (plan, wanted) in [("enterprise", 200), ("basic_forbidden", 403), ("basic_not_found", 404)] {
        desk.switch(&json!({ "plan": plan }));
        for path in ["card-templates", "card-template-pairs", "ledger-items", "webhooks", "hid/orgs"] {
            assert_eq!(desk.get(&format!("/v1/console/{path}")).await.0, wanted, "{plan} {path}");
        }
        assert_eq!(desk.get(LOGS).await.0, wanted, "{plan}");
        assert_eq!(desk.get("/v1/key-cards").await.0, 200);
    }
    desk.close().await;
}

#[tokio::test]
async fn the_log_tells_who_did_what() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Suspended).await;
    desk.grid.device_found(&id).unwrap();
    let (_, body) = desk.get(LOGS).await;
    assert_eq!(body["pagination"]["per_page"], 50);
    let rows: Vec<_> = body["logs"].as_array().unwrap().iter().filter(|r| r["metadata"]["card_id"] == *id).collect();
    let events: Vec<_> = rows.iter().map(|row| row["event"].as_str().unwrap()).collect();
    assert_eq!(
        events,
        ["access_pass.device_resumed", "access_pass.suspended", "access_pass.device_added", "access_pass.issued"]
    );
    assert_eq!((&rows[1]["user_agent"], &rows[1]["ip_address"]), (&json!("test-desk/1"), &json!("127.0.0.1")));
    assert_ne!(rows[0]["user_agent"], rows[1]["user_agent"]);
    assert!(rows[0].get("type").is_none() && body.get("events").is_none());
    let ids: std::collections::HashSet<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 4);
    let total = body["pagination"]["total_count"].as_u64().unwrap();
    for (query, wanted) in [
        ("filters[start_date]=2026-06-02T08:00:00Z", 4),
        ("filters%5Bstart_date%5D=2026-06-02T08:00:00Z&filters[event_type]=access_pass.suspended", 1),
        ("filters[end_date]=2026-06-02T07:59:59Z", total - 4),
        ("filters[device]=watch", 0),
        ("filters[device]=mobile", total),
        ("start_date=2026-06-02T08:00:00Z", total),
    ] {
        assert_eq!(desk.get(&format!("{LOGS}?{query}")).await.1["pagination"]["total_count"], wanted, "{query}");
    }
    desk.switch(&json!({ "honour_flat_log_filters": true, "emit_events_alias": true }));
    let (_, body) = desk.get(&format!("{LOGS}?start_date=2026-06-02T08:00:00Z")).await;
    assert_eq!(body["pagination"]["total_count"], 4);
    assert_eq!(
        (&body["events"][0]["type"], &body["events"][0]["timestamp"]),
        (&body["logs"][0]["event"], &body["logs"][0]["created_at"])
    );
    assert_eq!(desk.get("/v1/console/card-templates/none/logs").await.0, 404);
    desk.close().await;
}
