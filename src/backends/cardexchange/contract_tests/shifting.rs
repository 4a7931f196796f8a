//! Lists that change while they are read.

use super::*;
use crate::simulator::cardexchange::{Act, Moment};
use std::collections::BTreeSet;

fn before_page(path: &str, skip: u32) -> Moment {
    Moment { after: false, method: Some("GET".into()), path: Some(path.into()), skip }
}

/// The persons of the first cards in the list, and all ids of cards.
async fn early(desk: &Desk, many: usize) -> (Vec<String>, BTreeSet<String>) {
    let rows = desk.provider.list(&Question::new(Resource::Cards)).await.unwrap().rows;
    let holder = |row: &Value| {
        let cardholder = desk.world.shown("cardholders", row["cardholder"].as_str().unwrap()).unwrap();
        cardholder["person"].as_str().unwrap().to_owned()
    };
    let mut persons: Vec<String> = rows.iter().take(many * 2).map(holder).collect();
    persons.dedup();
    persons.truncate(many);
    (persons, rows.iter().filter_map(|row| wire::key(row, "id")).map(|k| k.as_str().to_owned()).collect())
}

#[tokio::test]
async fn a_thousand_cards_page_without_loss_or_duplicate_while_the_list_shifts() {
    for newest_first in [false, true] {
        let desk = Desk::open(2_000).await;
        let (persons, before) = early(&desk, 3).await;
        assert!(before.len() > 1_000, "{}", before.len());
        desk.switch(&json!({ "newest_first": newest_first }));
        // Rows in front go away, and new ones come in front or at the end, between the pages of the first reading.
        for (nth, person) in persons.iter().enumerate() {
            let act = Act::RemovePerson { person: person.clone() };
            desk.world.act_at(act, before_page("/api/v1/cards", 2 + 2 * nth as u32));
        }
        let cardholder = desk.world.person_at(3).unwrap().cardholders[0].clone();
        let act = Act::ForeignCreate { cardholder, metadata: serde_json::Map::new() };
        desk.world.act_at(act, before_page("/api/v1/cards", 4));
        let listed = desk.provider.list(&Question::new(Resource::Cards)).await.unwrap();
        let ids = listed.ids();
        let distinct: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(distinct.len(), ids.len(), "no duplicate");
        assert!(listed.complete, "the second reading stood still");
        let there: usize = desk.world.cards_by_status().values().sum();
        assert_eq!(listed.total, Some(there));
        assert_eq!(ids.len(), there, "none lost, newest first: {newest_first}");
        let gone = before.difference(&distinct).count();
        assert!(gone >= persons.len() && distinct.len() == before.len() - gone + 1);
        desk.sim.stop().await;
    }
}

#[tokio::test]
async fn a_list_that_never_stands_still_is_all_readings_together_and_says_so() {
    let desk = Desk::open(2_000).await;
    let (persons, before) = early(&desk, 40).await;
    let pages = before.len().div_ceil(100) as u32;
    for (nth, person) in persons.iter().enumerate() {
        let act = Act::RemovePerson { person: person.clone() };
        desk.world.act_at(act, before_page("/api/v1/cards", 1 + nth as u32));
    }
    let listed = desk.provider.list(&Question::new(Resource::Cards)).await.unwrap();
    assert!(u32::try_from(persons.len()).unwrap() >= 3 * pages - 3, "it shifts through all three readings");
    assert!(!listed.complete);
    let ids: BTreeSet<String> = listed.ids().into_iter().collect();
    assert_eq!(ids.len(), listed.rows.len(), "no duplicate");
    let now = desk.provider.list(&Question::new(Resource::Cards)).await.unwrap();
    assert!(now.complete && now.ids().iter().all(|id| ids.contains(id)), "none of those that stayed is lost");
    desk.sim.stop().await;
}

#[tokio::test]
async fn everybody_is_walked_through_once_and_once_more_when_the_count_differs() {
    let desk = Desk::open(2_000).await;
    let walk = async |size: usize| {
        let (mut rows, mut next, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = desk.provider.list_holders(next.as_ref(), size).await.unwrap();
            rows.extend(page.rows.iter().map(|r| r.holder.id.key.as_str().to_owned()));
            (next, pages) = (page.next, pages + 1);
            if next.is_none() {
                return (rows, pages);
            }
        }
    };
    let (rows, pages) = walk(100).await;
    let people = desk.world.persons();
    assert_eq!((rows.len(), pages), (people, people.div_ceil(100)), "a list that stands still is read once");
    assert_eq!(walk(10_000).await.1, pages, "the vendor gives 100 at most");
    let act = Act::RemovePerson { person: rows[0].clone() };
    desk.world.act_at(act, before_page("/api/v1/persons", 3));
    let (again, twice) = walk(100).await;
    assert!(twice > pages, "the count changed: read again");
    let distinct: BTreeSet<&String> = again.iter().collect();
    let stayed: BTreeSet<&String> = rows[1..].iter().collect();
    assert!(stayed.is_subset(&distinct), "nobody who stayed is missing");
    let second: &[String] = &again[again.len() - (people - 1)..];
    assert_eq!(second.iter().collect::<BTreeSet<_>>(), stayed, "the second reading is whole");
    desk.sim.stop().await;
}

#[tokio::test]
async fn people_are_walked_through_in_whatever_order_the_vendor_likes() {
    let desk = Desk::open(600).await;
    desk.switch(&json!({ "newest_first": true, "photo_bytes": 0 }));
    let first = desk.provider.list_holders(None, 100).await.unwrap();
    // A new person comes in front: the next page repeats a row, which is not given twice.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}api/v1/persons", desk.sim.url(System::CardExchange));
    let body = json!({ "firstName": "Mo", "lastName": "Nyström", "birthDate": "1990-02-03" });
    let made = http.post(url).bearer_auth(desk.sim.exchange_key()).json(&body).send().await.unwrap();
    assert_eq!(made.status(), 200);
    let second = desk.provider.list_holders(first.next.as_ref(), 100).await.unwrap();
    assert_eq!((first.rows.len(), second.rows.len()), (100, 99));
    let link = second.next.unwrap();
    assert!(desk.provider.list_holders(Some(&"/api/v1/cards?page=1".parse().unwrap()), 100).await.is_err());
    assert!(!desk.provider.list_holders(Some(&link), 100).await.unwrap().rows.is_empty());
    let log = desk.sim.front(System::CardExchange).unwrap().log().view();
    assert!(log.requests.iter().all(|r| !r.path.contains("scan=")), "our own bookmarks never go out (a16)");
    desk.sim.stop().await;
}
