//! The other writers of contract section 10, as feed and events show them.

use super::*;

/// What one write of somebody else leaves: operator in the feed, event type, source, and who really did it.
async fn left(write: Value) -> (String, String, String, Value) {
    let desk = Desk::open().await;
    let start = "/api/cardholders/changes?fields=operator,oldValues,newValues";
    let bookmark = desk.get(start).await["next"]["href"].as_str().unwrap().to_owned();
    desk.sim.world().foreign(serde_json::from_value(write).unwrap()).unwrap();
    let row = desk.get(&bookmark).await["results"][0].clone();
    let events = desk.get("/api/events?cardholder=4665&previous=true&top=1").await;
    let event = &events["events"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&row["operator"]["name"]), text(&event["type"]["id"]), text(&event["source"]["name"]), row)
}

#[tokio::test]
async fn each_writer_has_a_name_a_source_and_an_event_of_its_own() {
    for (by, kind, operator, event, source) in [
        ("client", "same_type", "Visitor system service", "15005", "Visitor system"),
        ("workstation", "disable", "Ada Archer", "15005", "FRONTDESK-1"),
        ("import", "same_type", "Bulk import", "15005", "Command Centre server"),
        ("directory_sync", "describe", "Directory sync service", "15005", "Directory sync"),
        ("kiosk", "same_type", "Reception kiosk", "40506", "KIOSK-1"),
        ("kiosk", "remove", "Reception kiosk", "40556", "KIOSK-1"),
        ("retention", "disable", "System operator", "535", "Command Centre server"),
        ("retention", "remove", "System operator", "43357", "Command Centre server"),
        ("second_desk", "same_type", "Helpdesk console service", "15005", "passdesk, second desk"),
    ] {
        let (named, type_id, from, row) = left(json!({ "cardholder": "4665", "kind": kind, "by": by })).await;
        assert_eq!((named.as_str(), type_id.as_str(), from.as_str()), (operator, event, source), "{by} {kind}");
        let cards = |half: &str| row[half]["cards"].as_array().map_or(0, Vec::len);
        let expected = match kind {
            "same_type" => (0, 1),
            "remove" => (1, 0),
            "disable" => (1, 1),
            _ => (0, 0),
        };
        assert_eq!((cards("oldValues"), cards("newValues")), expected, "{by} {kind}: {row}");
    }
}

#[tokio::test]
async fn a_second_client_has_its_own_operator_or_shares_ours() {
    for (position, operator) in [("own", "Visitor system service"), ("shared", "Helpdesk console service")] {
        let desk = Desk::open().await;
        desk.sim.world().change_switches(&json!({ "foreign_operator": position })).unwrap();
        let start = "/api/cardholders/changes?fields=operator,newValues";
        let bookmark = desk.get(start).await["next"]["href"].as_str().unwrap().to_owned();
        let theirs = Desk { key: desk.sim.foreign_api_key().to_owned(), http: desk.http.clone(), sim: desk.sim };
        assert_eq!(theirs.add_phone("theirs").await, 204);
        assert_eq!(theirs.get(&bookmark).await["results"][0]["operator"]["name"], operator, "{position}");
        let event = theirs.get("/api/events?cardholder=4665&previous=true&top=1").await;
        assert_eq!(event["events"][0]["source"]["id"], "9002", "the source tells them apart all the same");
    }
}

#[tokio::test]
async fn what_is_not_used_is_disabled_before_it_is_removed() {
    let desk = Desk::open().await;
    let write =
        |kind: &str| serde_json::from_value(json!({ "cardholder": "4665", "kind": kind, "by": "retention" })).unwrap();
    desk.sim.world().foreign(write("disable")).unwrap();
    let jane = desk.sim.world().cardholder("4665").unwrap();
    let idle = jane.cards.iter().find(|c| c.class == "mobile").unwrap();
    assert_eq!((idle.status, idle.status_word), ("inactive", "Disabled (by inactivity)"));
    let back = json!({ "cards": { "update": [{ "href": idle.path, "status": { "value": "Active" } }] } });
    assert_eq!(desk.patch(JANE, back).await, 204);
    let jane = desk.sim.world().cardholder("4665").unwrap();
    assert_eq!(jane.cards.iter().find(|c| c.class == "mobile").unwrap().status, "active");
}
