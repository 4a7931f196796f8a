//! What the vendor leaves unpublished, each row of contract section 15 in all its positions, and the rows of
//! section 17 that show on the wire. The name of a test is the name of its row.

use super::*;
use std::collections::BTreeSet;

async fn switched(switches: Value) -> Desk {
    let desk = Desk::open().await;
    desk.sim.world().change_switches(&switches).unwrap();
    desk
}

fn phones(desk: &Desk) -> Vec<TrueCard> {
    desk.sim.world().cardholder("4665").unwrap().cards.into_iter().filter(|c| c.class == "mobile").collect()
}

async fn card_on_the_wire(desk: &Desk, path: &str) -> Value {
    let jane = desk.get(JANE).await;
    jane["cards"].as_array().unwrap().iter().find(|c| c["href"].as_str().unwrap().ends_with(path)).unwrap().clone()
}

#[tokio::test]
async fn s15_patch_success() {
    for (position, status, body) in [("no_content", 204, false), ("object", 200, true), ("message", 200, true)] {
        let desk = switched(json!({ "patch_answer": position })).await;
        let answer = desk.call(Method::PATCH, JANE, Some(phone("new"))).await.unwrap();
        assert_eq!(answer.status(), status, "{position}");
        assert_eq!(answer.headers().contains_key("content-type"), body, "{position}");
        let text = answer.text().await.unwrap();
        match position {
            "no_content" => assert!(text.is_empty()),
            "object" => assert!(serde_json::from_str::<Value>(&text).unwrap()["cards"].is_array()),
            _ => assert!(serde_json::from_str::<Value>(&text).unwrap()["message"].is_string()),
        }
    }
}

#[tokio::test]
async fn s15_card_href_after_update() {
    for (position, changes) in [("stable", false), ("changes", true)] {
        let desk = switched(json!({ "card_href": position })).await;
        let before = phones(&desk).remove(0);
        let update = json!({ "cards": { "update": [{ "href": before.path, "status": { "value": "Lost" } }] } });
        assert_eq!(desk.patch(JANE, update).await, 204);
        let after = phones(&desk).remove(0);
        assert_eq!(after.path != before.path, changes, "{position}");
        assert_eq!((after.credential_id, after.status_word), (before.credential_id, "Lost"), "{position}");
    }
}

#[tokio::test]
async fn s15_invitation_href_when_expired() {
    for (position, shown) in [(true, true), (false, false)] {
        let desk = switched(json!({ "expired_invitation_href": position })).await;
        let expired = phones(&desk).remove(0);
        assert_eq!(expired.invitation, "expired");
        let card = card_on_the_wire(&desk, &expired.path).await;
        assert_eq!(card["invitation"].get("href").is_some(), shown);
    }
}

#[tokio::test]
async fn s15_mobile_number_when_omitted() {
    for (position, number) in [("credential_id", None), ("one", Some("1"))] {
        let desk = switched(json!({ "omitted_number": position })).await;
        let bare = json!({ "cards": { "add": [{ "type": { "href": "/api/card_types/2601" }, "invitation": {} }] } });
        assert_eq!(desk.patch(JANE, bare).await, 204);
        let made = phones(&desk).pop().unwrap();
        assert_eq!(made.number, number.unwrap_or(&made.credential_id), "{position}");
    }
}

#[tokio::test]
async fn s15_change_feed_latency_and_merging() {
    for (latency, merge, at_once, later_on) in [(0, 0, 2, 2), (30, 0, 0, 2), (0, 60, 0, 1), (30, 60, 0, 1)] {
        let desk = switched(json!({ "feed_latency_s": latency, "feed_merge_s": merge })).await;
        let bookmark = desk.get("/api/cardholders/changes").await["next"]["href"].as_str().unwrap().to_owned();
        assert_eq!((desk.add_phone("one").await, desk.add_phone("two").await), (204, 204));
        let rows = async || desk.get(&bookmark).await["results"].as_array().unwrap().len();
        assert_eq!(rows().await, at_once, "latency {latency}, merging {merge}");
        desk.sim.world().advance(60);
        assert_eq!(rows().await, later_on, "latency {latency}, merging {merge}");
    }
}

#[tokio::test]
async fn s15_feed_shows_type_and_invitation() {
    for shown in [false, true] {
        let desk = switched(json!({ "feed_shows_more": shown })).await;
        let bookmark = desk.get("/api/cardholders/changes").await["next"]["href"].as_str().unwrap().to_owned();
        assert_eq!(desk.add_phone("one").await, 204);
        let card = &desk.get(&bookmark).await["results"][0]["newValues"]["cards"][0];
        assert_eq!(card.get("type").is_some(), shown);
        assert_eq!(card["invitation"].get("status").is_some(), shown);
    }
}

#[tokio::test]
async fn s15_operator_href_style() {
    for (position, feed, event) in [
        ("items_in_feed", Some("/api/items/410"), Some("/api/cardholders/410")),
        ("same", Some("/api/cardholders/410"), Some("/api/cardholders/410")),
        ("missing", None, None),
    ] {
        let desk = switched(json!({ "operator_href": position })).await;
        let start = "/api/cardholders/changes?fields=operator,newValues";
        let bookmark = desk.get(start).await["next"]["href"].as_str().unwrap().to_owned();
        assert_eq!(desk.add_phone("one").await, 204);
        let path = |operator: &Value| {
            assert_eq!(operator["name"], "Helpdesk console service", "{position}");
            operator["href"].as_str().map(|href| format!("/api{}", href.split("/api").nth(1).unwrap()))
        };
        assert_eq!(path(&desk.get(&bookmark).await["results"][0]["operator"]).as_deref(), feed, "{position}");
        let events = desk.get("/api/events?cardholder=4665&previous=true&top=1").await;
        assert_eq!(path(&events["events"][0]["operator"]).as_deref(), event, "{position}");
    }
}

#[tokio::test]
async fn s15_events_source_and_operator_href() {
    for present in [true, false] {
        let desk = switched(json!({ "event_hrefs": present })).await;
        let event = &desk.get("/api/events?top=1").await["events"][0];
        for member in ["source", "operator"] {
            assert_eq!(event[member].get("href").is_some(), present, "{member}");
            assert!(event[member]["name"].is_string(), "{member}");
        }
    }
}

#[tokio::test]
async fn s15_events_long_poll_timeout() {
    for (position, status) in [("empty", 200), ("unavailable", 503)] {
        let desk = switched(json!({ "poll_timeout": position })).await;
        let answer = desk.call(Method::GET, "/api/events/updates?deadline=1", None).await.unwrap();
        assert_eq!(answer.status(), status, "{position}");
        if status == 200 {
            assert_eq!(answer.json::<Value>().await.unwrap()["events"], json!([]));
        }
    }
}

#[tokio::test]
async fn s15_me_block() {
    for present in [true, false] {
        let desk = switched(json!({ "me": present })).await;
        assert_eq!(desk.get("/api").await.get("me").is_some(), present);
    }
}

#[tokio::test]
async fn s15_stale_href_in_remove() {
    for (position, status) in [("bad_request", 400), ("not_found", 404), ("ignored", 204)] {
        let desk = switched(json!({ "stale_href": position })).await;
        let stale = json!({ "href": "/api/cardholders/4665/cards/00000000000000000000000000000000" });
        let change = json!({ "cards": { "remove": [stale], "add": [{ "type": { "href": "/api/card_types/2601" } }] } });
        let before = phones(&desk).len();
        assert_eq!(desk.patch(JANE, change).await, status, "{position}");
        assert_eq!(phones(&desk).len() - before, usize::from(status == 204), "{position}: all or nothing");
    }
}

#[tokio::test]
async fn s15_bad_licence_text() {
    let desk = Desk::open().await;
    let license = |licences: &[Licence]| {
        let licences = Some(licences.iter().copied().collect::<BTreeSet<_>>());
        let change = ClientChange { client: 9001, licences, ..ClientChange::default() };
        desk.sim.world().change_client(&change).unwrap();
    };
    license(&[Licence::Cardholders]);
    let features = desk.get("/api").await["features"].clone();
    assert!(features["cardholders"].is_object() && features.get("events").is_none(), "{features}");
    let refused = desk.call(Method::GET, "/api/events", None).await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.json::<Value>().await.unwrap()["message"], "feature not licensed");
    license(&[Licence::Events]);
    let features = desk.get("/api").await["features"].clone();
    for gone in ["cardholders", "cardTypes", "personalDataFields", "accessGroups"] {
        assert!(features.get(gone).is_none(), "{gone}");
    }
    assert!(features["events"].is_object() && features["items"].is_object() && features["divisions"].is_object());
    license(&[]);
    let refused = desk.call(Method::GET, "/api", None).await.unwrap();
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("feature not licensed"));
}

#[tokio::test]
async fn s15_fault_injection() {
    // Drop after commit, and 500: the other kinds of the table stand in `every_fault_says_the_truth`.
    let desk = Desk::open().await;
    desk.once("PATCH", FaultKind::DropAfter);
    assert!(desk.call(Method::PATCH, JANE, Some(phone("dropped"))).await.is_err());
    assert!(desk.numbers().contains(&"dropped".to_owned()));
    desk.once("PATCH", FaultKind::StatusBefore { status: 500, retry_after: None });
    assert_eq!(desk.add_phone("troubled").await, 500);
    desk.sim.world().lock("4665", true).unwrap();
    let locked = desk.call(Method::PATCH, JANE, Some(phone("locked"))).await.unwrap();
    assert_eq!(locked.status(), 409);
    assert!(locked.text().await.unwrap().contains("workstation"), "the message names operator and workstation");
    desk.sim.world().lock("4665", false).unwrap();
    desk.sim.world().change_switches(&json!({ "gateway": "tunnel_down" })).unwrap();
    assert_eq!(desk.add_phone("through the gateway").await, 503);
    desk.sim.world().change_switches(&json!({ "gateway": "none" })).unwrap();
    let write = |kind: &str, when: &str| {
        serde_json::from_value(json!({ "cardholder": "4665", "kind": kind, "when": when })).unwrap()
    };
    desk.sim.world().foreign(write("same_type", "before_next_patch")).unwrap();
    desk.sim.world().foreign(write("copy_number", "after_next_patch")).unwrap();
    let before = phones(&desk).len();
    assert_eq!(desk.add_phone("ours").await, 204);
    let made: Vec<_> = phones(&desk).split_off(before);
    let made: Vec<_> = made.iter().map(|c| (c.created_by, c.number == "ours")).collect();
    assert_eq!(made, [(Author::Foreign, false), (Author::Console, true), (Author::Foreign, true)]);
}

#[tokio::test]
async fn s17_facility_code_on_mobile_types() {
    for present in [true, false] {
        let desk = switched(json!({ "mobile_facility_code": present })).await;
        assert_eq!(desk.get("/api/card_types/2601").await.get("facilityCode").is_some(), present);
        assert!(desk.get("/api/card_types/2602").await["facilityCode"].is_string(), "plastic always has one");
    }
}

#[tokio::test]
async fn s17_invitation_href_lifetime() {
    let desk = Desk::open().await;
    assert_eq!(desk.add_phone("new").await, 204);
    let path = phones(&desk).pop().unwrap().path;
    let shown = async || card_on_the_wire(&desk, &path).await["invitation"].get("href").is_some();
    assert!(!shown().await, "not sent yet");
    desk.sim.world().advance(2);
    assert!(shown().await, "while it is out");
    desk.sim.world().change_switches(&json!({ "expired_invitation_href": false })).unwrap();
    assert!(shown().await);
    desk.sim.world().advance(8 * 86_400);
    assert!(!shown().await, "as the documents have it");
    desk.sim.world().change_switches(&json!({ "expired_invitation_href": true })).unwrap();
    assert!(shown().await, "as it was observed");
}

#[tokio::test]
async fn s17_mobile_issue_level() {
    for present in [false, true] {
        let desk = switched(json!({ "mobile_issue_level": present })).await;
        let card = card_on_the_wire(&desk, &phones(&desk)[0].path).await;
        assert_eq!(card.get("issueLevel"), present.then_some(&json!(1)));
    }
}

#[tokio::test]
async fn s17_409_meaning() {
    for (position, status) in [(false, 403), (true, 409)] {
        let desk = switched(json!({ "privilege_conflict": position })).await;
        let change = ClientChange { client: 9001, may_edit: Some(false), ..ClientChange::default() };
        desk.sim.world().change_client(&change).unwrap();
        assert_eq!(desk.add_phone("x").await, status);
    }
}

#[tokio::test]
async fn s17_gateway_and_ip_filter() {
    let here = vec!["127.0.0.1".parse().unwrap()];
    let gateway = vec!["3.106.1.6".parse().unwrap()];
    for (position, filters, only_from, status) in [
        ("none", false, &here, 200),
        ("none", false, &gateway, 401),
        ("open", false, &here, 401),
        ("open", false, &gateway, 200),
        ("open", true, &here, 200),
    ] {
        let desk = switched(json!({ "gateway": position, "gateway_filters": filters })).await;
        let only_from = Some(only_from.clone());
        desk.sim.world().change_client(&ClientChange { client: 9001, only_from, ..ClientChange::default() }).unwrap();
        let answer = desk.call(Method::GET, "/api", None).await.unwrap();
        assert_eq!(answer.status(), status, "{position}, the gateway filters: {filters}");
    }
}

#[tokio::test]
async fn s17_type_of_pos() {
    let desk = Desk::open().await;
    let next = |document: &Value| {
        let href = document["next"]["href"].as_str().unwrap().to_owned();
        let place = href.split("pos=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        (href, place)
    };
    let (list, number) = next(&desk.get("/api/cardholders?sort=id&top=2").await);
    assert!(number.parse::<u64>().is_ok(), "an integer, as in the schema: {number}");
    assert_eq!(desk.get(&list).await["results"][0]["id"], "4667");
    let (feed, letters) = next(&desk.get("/api/cardholders/changes").await);
    assert!(letters.parse::<u64>().is_err(), "letters, as in the example: {letters}");
    assert_eq!(desk.get(&feed).await["results"], json!([]));
}

#[tokio::test]
async fn the_gateway_authenticates_first_and_is_strict_and_bare() {
    let mut desk = switched(json!({ "gateway": "open" })).await;
    let url = format!("{}api", desk.sim.gallagher_url());
    let with = async |header: String| {
        let answer = desk.http.get(&url).header("Authorization", header).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap().is_empty())
    };
    assert_eq!(with(format!("GGL-API-KEY {}", desk.key)).await, (200, false));
    assert_eq!(with(format!("ggl-api-key {}", desk.key)).await, (401, true));
    assert_eq!(with("GGL-API-KEY 0000-0000".into()).await, (401, true));
    desk.sim.world().change_switches(&json!({ "gateway": "tunnel_down" })).unwrap();
    assert_eq!(desk.call(Method::GET, "/api", None).await.unwrap().status(), 503);
    desk.key = "0000-0000".into();
    assert_eq!(desk.call(Method::GET, "/api", None).await.unwrap().status(), 401, "the key comes first");
}

#[tokio::test]
async fn the_media_type_has_no_suffix() {
    let desk = Desk::open().await;
    let url = format!("{}api/cardholders/4665", desk.sim.gallagher_url());
    for (media_type, status) in [("application/json", 204), ("application/json; charset=utf-8", 400)] {
        let request = desk.http.patch(&url).header("Authorization", format!("GGL-API-KEY {}", desk.key));
        let answer = request.header("Content-Type", media_type).body(phone("x").to_string()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{media_type}");
    }
}
