//! Card states, productions, and everybody else who moves them (contract sections 6 and 11).

use super::*;
use crate::simulator::cardexchange::words::{CARD_STATUS, in_table};
use crate::simulator::cardexchange::{Act, Moment};
use crate::simulator::population::{JANE, JOHN};

#[tokio::test]
async fn every_state_against_every_other_with_and_without_the_table() {
    let desk = Desk::open().await;
    let (_, _, card) = desk.fresh_card().await;
    let path = format!("cards/{card}");
    let mut accepted = 0;
    for strict in [false, true] {
        for from in CARD_STATUS {
            for to in CARD_STATUS {
                desk.world.operator_edit("cards", &card, &json!({ "status": from })).unwrap();
                let production = desk.world.card(&card).unwrap().production;
                desk.switch(&json!({ "strict_transitions": strict }));
                let answer = desk.call(Method::POST, &path, Some(json!({ "status": to }))).await;
                let allowed = !strict || from == to || in_table(from, to);
                assert_eq!(answer.status(), if allowed { 200 } else { 400 }, "{from} to {to}, strict {strict}");
                accepted += usize::from(allowed);
                let now = desk.world.card(&card).unwrap();
                let stands = if allowed { to } else { from };
                assert_eq!(now.status, *stands);
                assert_eq!(now.production.is_some(), *stands == "in_production", "{from} to {to}");
                if from == to {
                    assert_eq!(now.production, production, "the same state changes nothing (A15)");
                }
                if let Some(was) = production.filter(|was| now.production.as_ref() != Some(was)) {
                    let gone = desk.call(Method::GET, &format!("productions/{was}"), None).await;
                    assert_eq!(gone.status(), 404, "leaving production deletes the record");
                }
                desk.switch(&json!({ "strict_transitions": false }));
            }
        }
    }
    // All 196 without the table; with it the 14 that change nothing and the 23 pairs of section 6.1.
    assert_eq!(accepted, 196 + 14 + 23);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_card_is_printed_approved_blocked_and_found_again() {
    let desk = Desk::open().await;
    let (_, _, card) = desk.fresh_card().await;
    let path = format!("cards/{card}");
    assert!(desk.world.print(&card, true).is_err(), "only what is in production is printed");
    desk.post(&path, json!({ "status": "in_production" })).await;
    let running = desk.all("productions").await;
    let production = running.iter().find(|p| p["card"] == card.as_str()).unwrap();
    assert_eq!((&production["userName"], &production["numberOfTries"]), (&json!("svc-passdesk"), &json!(0)));
    let production = format!("productions/{}", id(production));
    desk.world.print(&card, false).unwrap();
    let shown = desk.get(&production).await;
    assert_eq!((&shown["numberOfTries"], &shown["printedOn"]), (&json!(1), &json!(START)));
    let shown = desk.post(&production, json!({ "chipserialNumber": "04AABB", "numberOfTries": 2 })).await;
    assert_eq!(shown["numberOfTries"], 2);
    assert_eq!(desk.refused(&production, json!({ "numberOfTries": "x" })).await.1, ["numberOfTries"]);
    assert_eq!(desk.get(&path).await["chipserialNumber"], "04AABB");
    desk.world.print(&card, true).unwrap();
    assert_eq!(desk.get(&path).await["status"], "personalized");
    assert_eq!(desk.call(Method::GET, &production, None).await.status(), 404);
    desk.world.approve(&card).unwrap();
    desk.world.holder_reactivates(&card).unwrap();
    desk.world.holder_blocks(&card).unwrap();
    assert!(desk.world.holder_blocks(&card).is_err());
    desk.world.holder_reactivates(&card).unwrap();
    let story: Vec<(Author, String)> =
        desk.world.deeds().into_iter().filter(|d| d.object.ends_with(&card)).map(|d| (d.by, d.what)).collect();
    let story: Vec<(Author, &str)> = story.iter().map(|(by, what)| (*by, what.as_str())).collect();
    assert_eq!(
        story,
        [
            (Author::Console, "created"),
            (Author::Console, "initialized -> in_production"),
            (Author::Vendor, "print failed"),
            (Author::Vendor, "printed"),
            (Author::Vendor, "in_production -> personalized"),
            (Author::Workstation, "personalized -> issued"),
            (Author::Holder, "issued -> activated"),
            (Author::Holder, "activated -> blocked"),
            (Author::Holder, "blocked -> activated"),
        ]
    );
    desk.sim.stop().await;
}

#[tokio::test]
async fn time_ends_cards_and_printers_move_on_by_the_clock() {
    let desk = Desk::open().await;
    let (_, _, card) = desk.fresh_card().await;
    desk.post(&format!("cards/{card}"), json!({ "status": "in_production" })).await;
    desk.sim.world().advance(86_400);
    assert_eq!(desk.world.card(&card).unwrap().status, "in_production", "off: a printer waits for ever");
    desk.switch(&json!({ "printer_delay_s": 60, "approval_delay_s": 60 }));
    assert_eq!(desk.world.card(&card).unwrap().status, "issued", "both are long due");
    desk.world.holder_reactivates(&card).unwrap();
    let john = desk.world.person_at(JOHN).unwrap().cards[0].id.clone();
    desk.sim.world().advance(4 * 365 * 86_400);
    assert_eq!(desk.get(&format!("cards/{card}")).await["status"], "expired");
    assert_eq!(desk.get(&format!("cards/{john}")).await["status"], "expired");
    assert_eq!(desk.get("cards?status=activated").await, json!([]));
    // Somebody who activates it again is only stopped by the next run of the job.
    desk.post(&format!("cards/{card}"), json!({ "status": "activated" })).await;
    assert_eq!(desk.world.card(&card).unwrap().status, "activated");
    assert_eq!(desk.world.run_expiry(desk.sim.world().now()), 1);
    assert_eq!(desk.world.card(&card).unwrap().status, "expired");
    desk.sim.stop().await;
}

#[tokio::test]
async fn archiving_withdraws_what_was_never_activated() {
    let desk = Desk::open().await;
    let jane = desk.world.person_at(JANE).unwrap();
    desk.world.archive(&jane.id).unwrap();
    assert_eq!(desk.world.card(&jane.cards[0].id).unwrap().status, "withdrawn");
    let john = desk.world.person_at(JOHN).unwrap();
    desk.world.archive(&john.id).unwrap();
    assert_eq!(desk.world.card(&john.cards[0].id).unwrap().status, "activated");
    desk.sim.stop().await;
}

#[tokio::test]
async fn others_write_now_or_around_a_request() {
    let desk = Desk::open().await;
    let john = desk.world.person_at(JOHN).unwrap();
    let card = john.cards[0].clone();
    let copy = desk.world.act(&Act::ForeignCopy { card: card.id.clone() }).unwrap();
    let copy = desk.world.card(&copy).unwrap();
    assert_eq!((&copy.metadata, copy.created_by), (&card.metadata, Author::Foreign));
    let made = Act::ForeignCreate { cardholder: card.cardholder.clone(), metadata: serde_json::Map::new() };
    desk.world.act(&made).unwrap();
    assert_eq!(desk.world.person(&john.id).unwrap().cards.len(), 3);
    let post = |after| Moment { after, method: Some("POST".into()), path: Some("/api/v1/cards".into()), skip: 0 };
    let status = |status: &str| Act::ForeignStatus { card: card.id.clone(), status: status.into() };
    desk.world.act_at(status("blocked"), post(false));
    desk.world.act_at(status("returned"), post(true));
    let answer = desk.post(&format!("cards/{}", card.id), json!({ "metadata": { "a": "b" } })).await;
    assert_eq!((&answer["status"], &answer["metadata"]), (&json!("blocked"), &json!({ "a": "b" })));
    assert_eq!(desk.world.card(&card.id).unwrap().status, "returned");
    desk.world.operator_edit("persons", &john.id, &json!({ "lastName": "Row" })).unwrap();
    assert_eq!(desk.get(&format!("persons/{}", john.id)).await["lastName"], "Row");
    assert!(desk.world.operator_edit("persons", &card.id, &json!({})).is_err());
    desk.sim.stop().await;
}

#[tokio::test]
async fn the_control_port_offers_all_of_it() {
    let desk = Desk::open().await;
    let base = format!("{}/cardexchange", desk.sim.control_url());
    let post = async |path: &str, body: Value| {
        let answer = desk.http.post(format!("{base}{path}")).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, switches) = post("/switches", json!({ "auto_approve": true })).await;
    assert_eq!((status, &switches["auto_approve"]), (200, &json!(true)));
    assert_eq!(post("/switches", json!({ "no_such": true })).await.0, 400);
    let john = desk.world.person_at(JOHN).unwrap().cards[0].id.clone();
    let (status, done) = post("/others", json!({ "do": { "act": "holder_blocks", "card": john } })).await;
    assert_eq!((status, &done["id"]), (200, &json!(john)));
    let shown = desk.http.get(format!("{base}/world/test/cards/{john}")).send().await.unwrap();
    assert_eq!(shown.json::<Value>().await.unwrap()["status"], "blocked");
    let when =
        json!({ "do": { "act": "foreign_status", "card": john, "status": "returned" }, "when": { "method": "GET" } });
    assert_eq!(post("/others", when).await.1["waiting"], true);
    assert_eq!(desk.get(&format!("cards/{john}")).await["status"], "returned");
    assert_eq!(post("/expiry", json!({ "mode": "live", "now": "2040-01-01T00:00:00Z" })).await.0, 200);
    assert_eq!(desk.world.live().cards_by_status().get("activated"), None);
    assert_eq!(post("/keys", json!({ "mode": "test", "console": true, "disabled": true })).await.0, 200);
    assert_eq!(desk.call(Method::GET, "cards", None).await.status(), 401);
    let deeds = desk.http.get(format!("{base}/world/test/deeds")).send().await.unwrap();
    assert!(deeds.text().await.unwrap().contains("holder"));
    let log = desk.http.get(format!("{base}/log")).send().await.unwrap();
    assert_eq!(log.status(), 200, "door, faults and log stand beside it");
    desk.sim.stop().await;
}
