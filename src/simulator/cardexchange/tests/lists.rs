//! Lists: filters, search, paging (contract section 5).

use super::*;
use crate::simulator::cardexchange::{Act, Moment};
use crate::simulator::population::JOHN;
use std::collections::BTreeSet;

#[tokio::test]
async fn pages_carry_their_links_and_the_total() {
    let desk = Desk::open().await;
    let total = desk.all("cards").await.len();
    let page = desk.call(Method::GET, "cards?status=activated&per_page=7&page=2", None).await;
    let links = page.headers()["link"].to_str().unwrap().to_owned();
    let activated: usize = page.headers()["x-total-count"].to_str().unwrap().parse().unwrap();
    assert!(activated < total);
    let base = desk.sim.url(System::CardExchange);
    for (rel, number) in [("first", 1), ("last", activated.div_ceil(7)), ("next", 3), ("prev", 1)] {
        let link = format!("<{base}api/v1/cards?status=activated&per_page=7&page={number}>; rel=\"{rel}\"");
        assert!(links.contains(&link), "{links}");
    }
    let usual = desk.call(Method::GET, "cards", None).await;
    assert_eq!(usual.headers()["x-total-count"], total.to_string().as_str());
    assert!(!usual.headers()["link"].to_str().unwrap().contains("prev"));
    assert_eq!(usual.json::<Vec<Value>>().await.unwrap().len(), 15);
    let last = desk.call(Method::GET, &format!("cards?per_page=100&page={}", total.div_ceil(100)), None).await;
    assert!(!last.headers()["link"].to_str().unwrap().contains("next"));
    assert!(desk.rows("cards?page=4000").await.is_empty(), "past the end is empty");
    for bad in ["page=0", "page=x", "per_page=0", "per_page=101", "per_page=-1"] {
        assert_eq!(desk.call(Method::GET, &format!("cards?{bad}"), None).await.status(), 400, "{bad}");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn lists_are_ordered_by_creation_and_page_whole() {
    let desk = Desk::open().await;
    for resource in ["cards", "cardholders", "persons", "addresses"] {
        let all = desk.all(resource).await;
        let distinct: BTreeSet<String> = ids(&all).into_iter().collect();
        assert_eq!(distinct.len(), all.len(), "{resource}");
        let order: Vec<(&str, &str)> =
            all.iter().map(|r| (r["created"].as_str().unwrap(), r["id"].as_str().unwrap())).collect();
        assert!(order.is_sorted(), "{resource}");
        let small: Vec<String> = ids(&desk.rows(&format!("{resource}?per_page=3&page=2")).await);
        assert_eq!(small, ids(&all)[3..6], "{resource}");
    }
    desk.switch(&json!({ "newest_first": true }));
    let all = desk.all("cards").await;
    assert!(all.iter().map(|r| r["created"].as_str().unwrap()).rev().is_sorted());
    desk.sim.stop().await;
}

/// What a filter must let through, told from the rows themselves.
fn at<'a>(row: &'a Value, pointer: &str) -> &'a str {
    row.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test]
async fn every_filter_lets_through_exactly_what_it_names() {
    let desk = Desk::open().await;
    desk.fresh_card().await;
    for (resource, filters) in [
        (
            "cards",
            &[
                ("cardholder", "/cardholder"),
                ("status", "/status"),
                ("type", "/type/id"),
                ("encryption", "/encryption"),
                ("layout", "/layout/id"),
            ][..],
        ),
        (
            "cardholders",
            &[
                ("person", "/person"),
                ("profile", "/profile/id"),
                ("business_unit", "/businessUnit/id"),
                ("external_company", "/externalCompany/id"),
                ("department", "/department/id"),
                ("location", "/location/id"),
                ("cost_account", "/costAccount/id"),
                ("status", "/status"),
            ],
        ),
        (
            "persons",
            &[
                ("address_preference", "/addressPreference"),
                ("id_type", "/identificationType"),
                ("gender", "/gender"),
                ("prefix", "/prefix"),
                ("suffix", "/suffix"),
            ],
        ),
        ("addresses", &[("person", "/person"), ("type", "/type")]),
        ("anonymous-sets", &[("profile", "/profile")]),
    ] {
        let all = desk.all(resource).await;
        for (filter, pointer) in filters {
            let values: BTreeSet<&str> = all.iter().map(|r| at(r, pointer)).filter(|v| !v.is_empty()).collect();
            assert!(!values.is_empty(), "{resource} {filter}");
            for value in values.into_iter().take(4) {
                let got = ids(&desk.all(&format!("{resource}?{filter}={value}")).await);
                let want: Vec<String> = all.iter().filter(|r| at(r, pointer) == value).map(id).collect();
                assert_eq!(got, want, "{resource}?{filter}={value}");
            }
        }
    }
    let sets = desk.rows("anonymous-sets").await;
    let place = at(&sets[0], "/data/0/cardholders/0/location/id").to_owned();
    assert_eq!(desk.rows(&format!("anonymous-sets?location={place}")).await.len(), 2);
    assert!(desk.rows(&format!("anonymous-sets?department={place}")).await.is_empty());
    assert!(desk.rows("cards?cardholder=6f0f6a52-30b4-4c1e-9d0e-6f6d2b1c7a10").await.is_empty());
    assert_eq!(desk.call(Method::GET, "cards?status=lost", None).await.status(), 400);
    for (stage, status) in [
        ("to_be_created", "initialized"),
        ("to_be_produced", "in_production"),
        ("produced", "personalized"),
        ("to_be_activated", "issued"),
    ] {
        let has = |p: &Value| {
            p["cardholders"]
                .as_array()
                .unwrap()
                .iter()
                .any(|h| h["cards"].as_array().unwrap().iter().any(|c| c["status"] == status))
        };
        let want: Vec<String> = desk.all("persons").await.iter().filter(|p| has(p)).map(id).collect();
        assert_eq!(ids(&desk.all(&format!("persons?production_status={stage}")).await), want, "{stage}");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn search_is_a_mention_and_no_identity() {
    let desk = Desk::open().await;
    let john = desk.world.person_at(JOHN).unwrap();
    for term in ["john", "ROE", "john%20roe", "E10425"] {
        assert!(ids(&desk.all(&format!("persons?q={term}")).await).contains(&john.id), "{term}");
    }
    assert!(desk.all("persons?q=e1042").await.len() > 1, "a part of a number mentions it too");
    assert_eq!(ids(&desk.rows("cardholders?q=john.roe@site.example").await), john.cardholders);
    assert_eq!(ids(&desk.rows(&format!("cards?q={}", john.cards[0].number)).await), [john.cards[0].id.clone()]);
    let marker = john.cards[0].metadata["helpdesk_ref"].as_str().unwrap();
    assert!(desk.rows(&format!("cards?q={marker}")).await.is_empty());
    desk.switch(&json!({ "q_in_metadata": true }));
    assert_eq!(ids(&desk.rows(&format!("cards?q={marker}")).await), [john.cards[0].id.clone()]);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_list_that_shifts_underneath_loses_rows_as_a_real_one_does() {
    let desk = Desk::with_people(2_000).await;
    let before = ids(&desk.all("cards").await);
    assert!(before.len() > 1_000, "{}", before.len());
    let holder = desk.world.card(&before[0]).unwrap().cardholder;
    let person = desk.get(&format!("cardholders/{holder}")).await;
    let first = desk.world.person(at(&person, "/person")).unwrap();
    let moment = Moment { method: Some("GET".into()), path: Some("/api/v1/cards".into()), skip: 3, after: false };
    desk.world.act_at(Act::RemovePerson { person: first.id.clone() }, moment);
    let during = ids(&desk.all("cards").await);
    let after = ids(&desk.all("cards").await);
    let missing: Vec<&String> = after.iter().filter(|id| !during.contains(id)).collect();
    let read_already = before[..300].iter().filter(|id| first.cards.iter().any(|c| c.id == **id)).count();
    assert_eq!(missing.len(), read_already, "offset paging skips as many rows as went away before it");
    assert_eq!(after.len(), before.len() - first.cards.len());
    assert!(desk.world.deeds().iter().any(|d| d.by == Author::Workstation && d.what == "deleted"));
    desk.sim.stop().await;
}
