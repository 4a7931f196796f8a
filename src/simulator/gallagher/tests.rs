//! The simulator over real sockets, as clients meet it.

use crate::simulator::*;
use http::Method;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::time::Duration;

mod classes;
mod groups;
mod switches;
mod third_parties;
mod writers;

/// A client of one running simulator.
struct Desk {
    sim: Simulator,
    http: Client,
    key: String,
}

impl Desk {
    async fn open() -> Self {
        Self::open_with(SimOptions::default()).await
    }

    async fn open_with(options: SimOptions) -> Self {
        // Only the first test of a process can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = SimOptions { start: Some("2026-06-02T08:00:00Z".parse().unwrap()), frozen: true, ..options };
        let sim = start(SimOptions { cardholders: options.cardholders.min(600), ..options }).await.unwrap();
        let http = match sim.certificate_pem() {
            None => Client::builder(),
            Some(pem) => Client::builder().tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()]),
        };
        let http = http.timeout(Duration::from_secs(20)).no_proxy().build().unwrap();
        let key = sim.api_key().to_owned();
        Self { sim, http, key }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<Response> {
        let url = match path.strip_prefix('/') {
            Some(rest) => format!("{}{rest}", self.sim.gallagher_url()),
            None => path.to_owned(),
        };
        let request = self.http.request(method, url).header("Authorization", format!("GGL-API-KEY {}", self.key));
        match body {
            Some(body) => request.header("Content-Type", "application/json").body(body.to_string()).send().await,
            None => request.send().await,
        }
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.call(Method::GET, path, None).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    async fn patch(&self, path: &str, body: Value) -> u16 {
        self.call(Method::PATCH, path, Some(body)).await.unwrap().status().as_u16()
    }

    async fn add_phone(&self, number: &str) -> u16 {
        self.patch(JANE, phone(number)).await
    }

    fn numbers(&self) -> Vec<String> {
        let cards = self.sim.world().cardholder("4665").unwrap().cards;
        cards.into_iter().map(|c| c.number).collect()
    }

    fn once(&self, method: &str, kind: FaultKind) {
        self.sim.world().arm(Fault::once(method, kind)).unwrap();
    }
}

const JANE: &str = "/api/cardholders/4665";

fn phone(number: &str) -> Value {
    json!({ "cards": { "add": [{
        "type": { "href": "/api/card_types/2601" }, "number": number,
        "invitation": { "email": "jane.doe@site.example", "mobile": "+64215550123", "singleFactorOnly": true },
    }] } })
}

#[tokio::test]
async fn the_calls_of_the_python_client_are_served() {
    let desk = Desk::open().await;
    let api = desk.get("/api/").await;
    assert_eq!(api["version"], "9.30.1874.0");
    let base = desk.sim.gallagher_url();
    assert_eq!(api["features"]["cardholders"]["cardholders"]["href"], format!("{base}api/cardholders"));
    let me = api["me"]["client"]["href"].as_str().unwrap();
    let types = desk.get(api["features"]["cardTypes"]["assign"]["href"].as_str().unwrap()).await;
    for kind in types["results"].as_array().unwrap() {
        for member in
            ["href", "id", "name", "facilityCode", "availableCardStates", "credentialClass", "initialCardState"]
        {
            assert!(!kind[member].is_null(), "{member}");
        }
    }
    assert_eq!(desk.get("/api/card_types/2601").await["credentialClass"], "mobile");
    let found = desk.get("/api/cardholders?name=doe,%20j&top=5&sort=id&fields=defaults,cards").await;
    let jane = &found["results"][0];
    assert_eq!((jane["firstName"].as_str(), jane["id"].as_str()), (Some("Jane"), Some("4665")));
    let card = &jane["cards"].as_array().unwrap().iter().find(|c| c["credentialClass"] == "mobile").unwrap();
    assert_eq!((&card["status"]["type"], &card["invitation"]["status"]), (&json!("active"), &json!("expired")));
    assert!(card["bleFacilityId"].is_i64() && card.get("until").is_none() && card.get("issueLevel").is_none());
    let detail = desk.get(jane["href"].as_str().unwrap()).await;
    assert_eq!(detail["@Email"], "jane.doe@site.example");
    assert_eq!(detail["@Employee number"], "E10422");
    assert!(detail["updates"]["href"].is_string());
    assert!(desk.get("/api/personal_data_fields?name=Email&fields=id").await["results"][0]["id"] == "702");
    let all = desk.get("/api/cardholders?pdfs=%7B%27pdf_702%27:%20%27x%27%7D&top=3").await;
    assert_eq!(all["results"].as_array().unwrap().len(), 3, "an unknown parameter is passed over");
    let groups = desk.get("/api/events/groups").await;
    assert!(groups["eventGroups"].as_array().unwrap().iter().all(|g| g["href"].is_string()));
    let events = desk.get("/api/events?type=15005&cardholders=1").await;
    let event = &events["events"][0];
    assert_eq!((&event["source"]["id"], &event["type"]["id"]), (&json!("9001"), &json!("15005")));
    assert!(event["message"].is_string() && event["operator"]["name"].is_string());
    assert_eq!(desk.patch(me, json!({ "hasFault": false, "customStatusText": "fine" })).await, 204);
    assert_eq!(desk.patch("/api/items/9002", json!({ "hasFault": true })).await, 403);
    assert_eq!(desk.get("/api/items?type=33&name=%22Email%22").await["results"][0]["id"], "702");
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_person_can_be_made_changed_and_deleted() {
    let desk = Desk::open().await;
    let body = json!({ "firstName": "Mo", "lastName": "Nyström", "division": { "href": "/api/divisions/2" },
        "@Email": "mo@site.example", "cards": [{ "type": { "href": "/api/card_types/2602" } }] });
    let made = desk.call(Method::POST, "/api/cardholders", Some(body)).await.unwrap();
    assert_eq!(made.status(), 201);
    let href = made.headers()["location"].to_str().unwrap().to_owned();
    assert!(made.bytes().await.unwrap().is_empty());
    let mo = desk.get(&href).await;
    assert_eq!((&mo["authorised"], &mo["cards"][0]["number"]), (&json!(false), &json!("1")));
    assert_eq!(desk.patch(&href, json!({ "authorised": true, "@Email": null })).await, 204);
    let mo = desk.get(&format!("{href}?fields=authorised,pdf_702,cards.number")).await;
    assert_eq!(mo["authorised"], true);
    assert_eq!((&mo["@Email"], mo.get("href")), (&json!(""), None));
    let card = desk.get(&href).await["cards"][0]["href"].as_str().unwrap().to_owned();
    assert_eq!(desk.call(Method::GET, &card, None).await.unwrap().status(), 404, "a link identifies only");
    assert_eq!(desk.call(Method::DELETE, &card, None).await.unwrap().status(), 204);
    assert_eq!(desk.call(Method::DELETE, &card, None).await.unwrap().status(), 404);
    assert_eq!(desk.call(Method::DELETE, &href, None).await.unwrap().status(), 204);
    assert_eq!(desk.call(Method::GET, &href, None).await.unwrap().status(), 404);
    for (body, words) in [(json!({ "firstName": "X" }), "division"), (json!([]), "Invalid cardholder")] {
        let refused = desk.call(Method::POST, "/api/cardholders", Some(body)).await.unwrap();
        assert_eq!(refused.status(), 400);
        assert!(refused.text().await.unwrap().contains(words));
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn pages_sorted_by_id_do_not_drift() {
    let desk = Desk::open().await;
    let mut seen = Vec::new();
    let mut next = Some("/api/cardholders?sort=id&top=100&fields=id,cards.number".to_owned());
    while let Some(href) = next {
        let page = desk.get(&href).await;
        seen.extend(page["results"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap().to_owned()));
        // A person of an earlier page goes away between two pages.
        if seen.len() == 100 {
            let gone = format!("/api/cardholders/{}", seen[50]);
            assert_eq!(desk.call(Method::DELETE, &gone, None).await.unwrap().status(), 204);
        }
        next = page["next"]["href"].as_str().map(ToOwned::to_owned);
        assert!(next.as_ref().is_none_or(|n| n.contains("pos=") && n.contains("fields=")));
    }
    let wanted: Vec<String> = (0..600).map(|i| (4665 + i).to_string()).collect();
    assert_eq!(seen, wanted);
    let by_name = desk.get("/api/cardholders?sort=name&top=300").await;
    assert!(by_name["next"]["href"].as_str().unwrap().contains("skip=300"));
    let back = desk.get("/api/cardholders?sort=-id&top=2&fields=id").await;
    assert_eq!(back["results"], json!([{ "id": "5264" }, { "id": "5263" }]));
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_patch_is_all_or_nothing() {
    let desk = Desk::open().await;
    let before = desk.sim.world().cardholder("4665").unwrap();
    let prox = before.cards.iter().find(|c| c.class == "card").unwrap();
    let mobile = before.cards.iter().find(|c| c.class == "mobile").unwrap();
    let type_link = json!({ "href": "/api/card_types/2601" });
    for (body, status) in [
        (json!({ "firstName": "J", "cards": { "add": [{ "type": { "href": "/api/card_types/1" } }] } }), 400),
        (json!({ "cards": { "add": [{ "type": type_link, "invitation": { "mobile": "+64" } }] } }), 400),
        (
            json!({ "cards": { "add": [{ "type": type_link }], "remove": [{ "href": "/api/cardholders/4665/cards/0" }] } }),
            400,
        ),
        (json!({ "cards": { "remove": [{ "href": prox.path, "status": { "value": "Eaten" } }] } }), 400),
        (json!({ "cards": { "update": [{ "href": prox.path, "until": "soon" }] } }), 400),
        (json!({ "cards": { "update": [{ "href": prox.path, "until": "2100-01-01T00:00:00Z" }] } }), 400),
        (json!({ "cards": { "update": [{ "href": prox.path }], "remove": [{ "href": prox.path }] } }), 400),
        (json!({ "cards": { "add": [{ "type": { "href": "/api/card_types/2602" }, "number": "8841" }] } }), 400),
    ] {
        assert_eq!(desk.patch(JANE, body.clone()).await, status, "{body}");
        assert_eq!(desk.sim.world().cardholder("4665").unwrap(), before, "{body}");
    }
    assert_eq!(desk.call(Method::PATCH, JANE, None).await.unwrap().status(), 400);
    let swap = json!({ "cards": {
        "remove": [{ "href": format!("https://elsewhere.example:8904{}", mobile.path), "status": { "value": "lost" }, "type": {} }],
        "add": [{ "type": { "href": "/api/card_types/2601" }, "number": "Mobile PDX0" }],
        "update": [{ "href": prox.path, "until": "2026-06-01T00:00:00Z" }] } });
    let answer = desk.call(Method::PATCH, JANE, Some(swap)).await.unwrap();
    assert_eq!(answer.status(), 204);
    assert!(answer.headers().get("content-type").is_none());
    let after = desk.sim.world().cardholder("4665").unwrap();
    assert_eq!((after.removed[0].status_word, after.removed[0].removed_by), ("Lost", Some(Author::Console)));
    assert_eq!(after.cards.iter().find(|c| c.segment == prox.segment).unwrap().status, "expired");
    assert!(after.cards.iter().any(|c| c.number == "Mobile PDX0" && c.created_by == Author::Console));
    let log = desk.sim.world().log();
    assert_eq!((log.patches, log.applied_patches), (10, 1));
    desk.sim.stop().await;
}

#[tokio::test]
async fn every_fault_says_the_truth_about_what_was_applied() {
    let desk = Desk::open().await;
    for (kind, applied) in [(FaultKind::DropBefore, false), (FaultKind::DropAfter, true)] {
        let number = format!("{kind:?}");
        desk.once("PATCH", kind);
        assert!(desk.call(Method::PATCH, JANE, Some(phone(&number))).await.is_err());
        assert_eq!(desk.numbers().contains(&number), applied, "{number}");
    }
    for (kind, applied) in [
        (FaultKind::StatusBefore { status: 429, retry_after: Some(7) }, false),
        (FaultKind::StatusAfter { status: 500, retry_after: None }, true),
    ] {
        let number = format!("{kind:?}");
        desk.once("PATCH", kind);
        let answer = desk.call(Method::PATCH, JANE, Some(phone(&number))).await.unwrap();
        assert_eq!(answer.status() == 429, answer.headers().contains_key("retry-after"));
        assert_eq!(desk.numbers().contains(&number), applied, "{number}");
    }
    desk.once("PATCH", FaultKind::BrokenJson);
    let broken = desk.call(Method::PATCH, JANE, Some(phone("broken"))).await.unwrap();
    assert_eq!(broken.status(), 200);
    assert!(broken.json::<Value>().await.is_err() && desk.numbers().contains(&"broken".to_owned()));
    desk.once("GET", FaultKind::BrokenJson);
    assert!(desk.call(Method::GET, JANE, None).await.unwrap().json::<Value>().await.is_err());
    desk.once("GET", FaultKind::HugeBody { bytes: 3_000_000 });
    let huge = desk.call(Method::GET, JANE, None).await.unwrap().bytes().await.unwrap();
    assert_eq!(huge.len(), 3_000_000);
    assert!(serde_json::from_slice::<Value>(&huge).is_ok());
    desk.once("GET", FaultKind::SlowBody { bytes_per_s: 20_000 });
    assert_eq!(desk.get(JANE).await["id"], "4665");
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_held_request_waits_and_is_applied_even_if_its_sender_is_gone() {
    let desk = Desk::open().await;
    desk.once("PATCH", FaultKind::Hold { applied: false });
    let sent = desk.call(Method::PATCH, JANE, Some(phone("late")));
    let world = desk.sim.world();
    tokio::select! {
        _ = sent => panic!("a held request has no answer"),
        () = world.held_at_least(1) => {}
    }
    // The sender's half was dropped with the select: its connection is closed.
    assert!(!desk.numbers().contains(&"late".to_owned()));
    assert_eq!(world.release(Release::GoOn), 1);
    while !desk.numbers().contains(&"late".to_owned()) {
        tokio::task::yield_now().await;
    }
    desk.once("PATCH", FaultKind::Hold { applied: true });
    let sent = desk.call(Method::PATCH, JANE, Some(phone("kept")));
    let release = async {
        world.held_at_least(1).await;
        assert!(world.held()[0].applied && desk.numbers().contains(&"kept".to_owned()));
        world.release(Release::Drop)
    };
    let (answer, released) = tokio::join!(sent, release);
    assert!(answer.is_err() && released == 1);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_closed_listener_refuses_and_opens_again_on_the_same_port() {
    let desk = Desk::open().await;
    desk.once("GET", FaultKind::CloseListener);
    assert_eq!(desk.get(JANE).await["id"], "4665");
    assert_eq!(desk.sim.world().door(), Door::Closed);
    let fresh = Client::builder().no_proxy().build().unwrap();
    let refused = fresh.get(desk.sim.gallagher_url()).send().await.unwrap_err();
    assert!(refused.is_connect());
    desk.sim.world().set_door(Door::Open).await;
    assert_eq!(fresh.get(desk.sim.gallagher_url()).send().await.unwrap().status(), 401);
    desk.sim.stop().await;
}

#[tokio::test]
async fn the_feed_names_the_operator_and_the_new_card() {
    let desk = Desk::open().await;
    let start = "/api/cardholders/changes?filter=cards&fields=time,type,item,operator,oldValues,newValues";
    let first = desk.get(start).await;
    assert_eq!(first["results"], json!([]));
    let bookmark = first["next"]["href"].as_str().unwrap().to_owned();
    assert_eq!(desk.add_phone("Mobile PDX1").await, 204);
    assert_eq!(desk.patch(JANE, json!({ "description": "not about cards" })).await, 204);
    let world = desk.sim.world();
    let write = json!({ "cardholder": "4665", "kind": "copy_number", "email": "other@site.example" });
    let copy = world.foreign(serde_json::from_value(write).unwrap()).unwrap().unwrap();
    let feed = desk.get(&bookmark).await;
    let rows = feed["results"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let operators: Vec<_> = rows.iter().map(|r| r["operator"]["href"].as_str().unwrap()).collect();
    assert!(operators[0].ends_with(&desk.sim.feed_operator()) && operators[1].ends_with("/api/items/411"));
    let new = &rows[0]["newValues"]["cards"];
    assert_eq!(
        (&new[0]["number"], &new[0]["until"], new.as_array().unwrap().len()),
        (&json!("Mobile PDX1"), &json!(""), 1)
    );
    assert!(rows[0].get("oldValues").is_none() && rows[0].get("cardholder").is_none());
    assert!(rows[1]["newValues"]["cards"][0]["href"].as_str().unwrap().ends_with(&copy));
    assert_eq!(rows[1]["newValues"]["cards"][0]["number"], "Mobile PDX1");
    let again = desk.get(feed["next"]["href"].as_str().unwrap()).await;
    assert_eq!(again["results"], json!([]));
    assert_ne!(again["next"], feed["next"], "the bookmark moves even without news");
    assert_eq!(desk.call(Method::GET, "/api/cardholders/changes?pos=zzz", None).await.unwrap().status(), 400);
    desk.sim.stop().await;
}

#[tokio::test]
async fn feed_rows_come_late_and_merge_when_the_switches_say_so() {
    let desk = Desk::open().await;
    let world = desk.sim.world();
    world.change_switches(&json!({ "feed_latency_s": 30, "feed_merge_s": 60 })).unwrap();
    let bookmark = desk.get("/api/cardholders/changes").await["next"]["href"].as_str().unwrap().to_owned();
    assert_eq!(desk.add_phone("one").await, 204);
    assert_eq!(desk.add_phone("two").await, 204);
    assert_eq!(desk.get(&bookmark).await["results"], json!([]));
    world.advance(60);
    let feed = desk.get(&bookmark).await;
    assert_eq!(feed["results"].as_array().unwrap().len(), 1);
    assert_eq!(feed["results"][0]["newValues"]["cards"].as_array().unwrap().len(), 2);
    desk.sim.stop().await;
}

#[tokio::test]
async fn invitations_follow_clock_cloud_and_holder() {
    let desk = Desk::open().await;
    let world = desk.sim.world();
    let status = || world.cardholder("4665").unwrap().cards.last().unwrap().invitation;
    let card = || world.cardholder("4665").unwrap().cards.last().unwrap().segment.clone();
    world.change_switches(&json!({ "cloud_up": false })).unwrap();
    assert_eq!(desk.add_phone("first").await, 204);
    world.advance(60);
    assert_eq!(status(), "notSent");
    world.change_switches(&json!({ "cloud_up": true })).unwrap();
    assert_eq!(status(), "sent");
    world.advance(7 * 86_400);
    assert_eq!(status(), "expired");
    assert_eq!(desk.add_phone("second").await, 204);
    let accept = |status: &str| InvitationMove { cardholder: "4665".into(), card: card(), status: status.into() };
    assert!(world.invitation(&accept("accepted")).is_err(), "not sent yet");
    world.advance(2);
    assert!(world.invitation(&accept("sent")).is_err(), "that is the clock's to do");
    world.invitation(&accept("accepted")).unwrap();
    assert_eq!(status(), "accepted");
    let events = desk.get("/api/events?cardholder=4665&type=15820").await;
    assert_eq!(events["events"].as_array().unwrap().len(), 1);
    desk.sim.stop().await;
}

#[tokio::test]
async fn keys_clients_and_locks_are_checked_in_order() {
    let mut desk = Desk::open().await;
    let world = desk.sim.world();
    let status = async |desk: &Desk, method, path: &str| desk.call(method, path, None).await.unwrap().status().as_u16();
    let key = std::mem::replace(&mut desk.key, "0000-0000".into());
    for path in ["/api", JANE, "/api/nothing", "/nowhere"] {
        assert_eq!(status(&desk, Method::GET, path).await, 401, "{path}");
    }
    desk.key = key;
    let basic = desk.http.get(format!("{}api", desk.sim.gallagher_url())).basic_auth("", Some(&desk.key));
    assert_eq!(basic.send().await.unwrap().status(), 200);
    assert_eq!(status(&desk, Method::GET, "/api/nothing").await, 404);
    assert_eq!(status(&desk, Method::PUT, JANE).await, 405);
    world.lock("4665", true).unwrap();
    assert_eq!(desk.add_phone("x").await, 409);
    world.change_client(&ClientChange { client: 9001, may_edit: Some(false), ..Default::default() }).unwrap();
    assert_eq!(desk.add_phone("x").await, 403);
    world.change_client(&ClientChange { client: 9001, may_view: Some(false), ..Default::default() }).unwrap();
    assert_eq!(desk.add_phone("x").await, 404);
    assert_eq!(desk.get("/api/cardholders").await["results"], json!([]));
    world.change_client(&ClientChange { client: 9001, disabled: Some(true), ..Default::default() }).unwrap();
    let answer = desk.call(Method::GET, "/api", None).await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers().contains_key("x-authentication-message"));
    desk.key = desk.sim.foreign_api_key().to_owned();
    assert_eq!(status(&desk, Method::GET, "/api").await, 200);
    desk.sim.stop().await;
}

#[tokio::test]
async fn switches_change_what_is_not_published() {
    let desk = Desk::open().await;
    let world = desk.sim.world();
    world.change_switches(&json!({ "patch_answer": "object", "me": false, "stale_href": "ignored" })).unwrap();
    assert!(desk.get("/api").await.get("me").is_none());
    let remove = json!({ "cards": { "remove": [{ "href": "/api/cardholders/4665/cards/0" }] } });
    let answer = desk.call(Method::PATCH, JANE, Some(remove.clone())).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap()["id"], "4665");
    assert!(!world.log().requests.last().unwrap().applied, "nothing was there to change");
    world.change_switches(&json!({ "stale_href": "not_found", "card_href": "changes" })).unwrap();
    assert_eq!(desk.patch(JANE, remove).await, 404);
    let before = world.cardholder("4665").unwrap().cards;
    let update = json!({ "cards": { "update": [{ "href": before[0].path, "status": { "value": "LOST" } }] } });
    assert_eq!(desk.patch(JANE, update).await, 200);
    let after = world.cardholder("4665").unwrap().cards;
    assert_ne!(after[0].segment, before[0].segment);
    assert_eq!((after[0].status, after[0].credential_id.clone()), ("inactive", before[0].credential_id.clone()));
    assert!(world.change_switches(&json!({ "cloud": true })).unwrap_err().contains("cloud"));
    world.change_switches(&json!({ "omitted_number": "one" })).unwrap();
    let bare = json!({ "cards": { "add": [{ "type": { "href": "/api/card_types/2601" }, "invitation": {} }] } });
    assert_eq!(desk.patch(JANE, bare).await, 200);
    assert_eq!(desk.numbers().last().unwrap(), "1");
    desk.sim.stop().await;
}

#[tokio::test]
async fn other_writers_strike_between_two_steps_of_ours() {
    let desk = Desk::open().await;
    let world = desk.sim.world();
    let write = |kind: &str, when: &str| {
        serde_json::from_value(json!({ "cardholder": "4665", "kind": kind, "when": when })).unwrap()
    };
    world.foreign(write("same_type", "before_next_patch")).unwrap();
    world.foreign(write("reissue_copy", "after_next_patch")).unwrap();
    assert_eq!(desk.add_phone("Mobile PDX2").await, 204);
    let jane = world.cardholder("4665").unwrap();
    let made: Vec<_> = jane.cards.iter().rev().take(2).map(|c| (c.created_by, c.number == "Mobile PDX2")).collect();
    assert_eq!(made, [(Author::Foreign, true), (Author::Foreign, false)], "the copy took the place of ours");
    assert_eq!(jane.removed.last().unwrap().created_by, Author::Console);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_long_poll_ends_with_the_next_event() {
    let desk = Desk::open().await;
    let updates = desk.get("/api/events?top=1").await["updates"]["href"].as_str().unwrap().to_owned();
    assert!(!desk.get(&updates).await["events"].as_array().unwrap().is_empty(), "from a place: at once");
    let poll = desk.get("/api/events/updates?deadline=15&cardholder=4665");
    let write = async {
        // The poll counts from its arrival, so write until it has come.
        loop {
            desk.add_phone("again").await;
            tokio::task::yield_now().await;
        }
    };
    let news: Value = tokio::select! { news = poll => news, () = write => unreachable!() };
    assert_eq!(news["events"][0]["cardholder"]["id"], "4665");
    assert!(!news["updates"]["href"].as_str().unwrap().contains("deadline"));
    desk.sim.stop().await;
}

#[tokio::test]
async fn tls_serves_the_same_with_a_certificate_of_its_own() {
    let desk = Desk::open_with(SimOptions { tls: true, ..SimOptions::default() }).await;
    assert_eq!(desk.sim.certificate_sha256().unwrap().len(), 64);
    assert!(desk.get(JANE).await["href"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    desk.sim.stop().await;
}

#[tokio::test]
async fn the_control_port_says_what_is_wrong_with_a_wish() {
    let desk = Desk::open().await;
    let control = desk.sim.control_url();
    let post = async |path: &str, body: Value| {
        let answer = desk.http.post(format!("{control}{path}")).body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let fault = json!({ "match": { "method": "PATCH", "path": "/api/cardholders" }, "kind": "drop_after", "times": 1 });
    let (status, shown) = post("/faults", fault).await;
    assert_eq!((status, &shown["armed"][0]["kind"]), (200, &json!("drop_after")));
    for (path, body) in [
        ("/faults", json!({ "kind": "explode" })),
        ("/faults", json!({ "kind": "drop_after", "time": 2 })),
        ("/faults", json!({ "kind": "latency" })),
        ("/clock", json!({ "advance_s": -1 })),
        ("/foreign", json!({ "cardholder": "1", "kind": "same_type" })),
        ("/switches", json!({ "nonsense": 1 })),
        ("/invitations", json!({ "cardholder": "4665", "card": "x", "status": "accepted" })),
        ("/listener", json!({ "door": "ajar" })),
    ] {
        let (status, shown) = post(path, body).await;
        assert_eq!(status, 400, "{path}");
        assert!(shown["message"].as_str().unwrap().len() > 10, "{path} {shown}");
    }
    let (_, clock) = post("/clock", json!({ "advance_s": 90 })).await;
    assert_eq!(clock["now"], "2026-06-02T08:01:30Z");
    assert!(desk.call(Method::PATCH, JANE, Some(phone("over control"))).await.is_err());
    let jane: Value =
        desk.http.get(format!("{control}/world/cardholders/4665")).send().await.unwrap().json().await.unwrap();
    assert_eq!(jane["cards"].as_array().unwrap().last().unwrap()["created_by"], "console");
    let log: Value = desk.http.get(format!("{control}/log")).send().await.unwrap().json().await.unwrap();
    let last = log["requests"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["method"], &last["applied"], &last["ending"]),
        (&json!("PATCH"), &json!(true), &json!("dropped"))
    );
    let world: Value = desk.http.get(format!("{control}/world")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&world["cardholders"], &world["patches"]), (&json!(600), &json!(1)));
    desk.sim.stop().await;
}

#[tokio::test]
async fn only_sensible_worlds_are_made() {
    for cardholders in [0, 9, 1_000_001] {
        assert!(start(SimOptions { cardholders, ..SimOptions::default() }).await.is_err());
    }
    let open = SimOptions { listen: Some("0.0.0.0:0".parse().unwrap()), ..SimOptions::default() };
    assert!(start(open).await.is_err());
}
