//! The directory and its import.

use super::import::holds_card_number;
use super::*;
use crate::domain::text::Untrusted;
use crate::ports::archive::{DirectorySource, KnownPass};

fn tenant() -> TenantName {
    "bank".parse().unwrap()
}

fn key(text: &str) -> VendorKey {
    text.parse().unwrap()
}

fn day(n: i64) -> Timestamp {
    Timestamp::from_second(n * 86_400).unwrap()
}

const LIST: &str = "\
consumer_id,card_id,digital_card_id,display_name,customer_ref,last4,tags
cons-1,card-1,dgc-1,Jane Doe,E10422,1234,vip
cons-1,card-1,dgc-2,,,,
cons-2,card-2,,\"Núñez, Zoë\",E10423,,
cons-3,,,Janet Dowson,E10424,,staff
";

async fn import(archive: &SqliteArchive, list: &str, dry_run: bool) -> ImportReport {
    archive.import(&tenant(), list.as_bytes().to_vec(), day(1), dry_run).await.unwrap()
}

async fn found(archive: &SqliteArchive, text: &str) -> Vec<String> {
    let rows = archive.find(&tenant(), text, 10).await.unwrap();
    rows.into_iter().map(|row| row.consumer.as_str().to_owned()).collect()
}

#[tokio::test]
async fn a_list_is_read_twice_and_says_nothing_new_the_second_time() {
    let archive = SqliteArchive::open_in_memory().unwrap();
    let dry = import(&archive, LIST, true).await;
    assert_eq!((dry.new, dry.changed, dry.unchanged, dry.errors.len()), (3, 0, 0, 0));
    assert_eq!(found(&archive, "Jane").await, Vec::<String>::new(), "a dry run leaves nothing");
    assert_eq!(import(&archive, LIST, false).await, dry);
    let again = import(&archive, LIST, false).await;
    assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 3));
    let jane = archive.entry(&tenant(), &key("cons-1")).await.unwrap().unwrap();
    assert_eq!((jane.cards, jane.passes.len()), (vec![key("card-1")], 2));
    assert_eq!(jane.passes[0], KnownPass { id: key("dgc-1"), card: Some(key("card-1")) });
    assert_eq!((jane.display_name.raw(), jane.tags.raw(), jane.source), ("Jane Doe", "vip", DirectorySource::Csv));
    // Somebody else's shorter, newer list: what it leaves out stays.
    let newer = import(&archive, "\u{feff}consumer_id,tags\ncons-1,gone away\ncons-4,\n", false).await;
    assert_eq!((newer.new, newer.changed, newer.unchanged, newer.errors.len()), (1, 1, 0, 0));
    let jane = archive.entry(&tenant(), &key("cons-1")).await.unwrap().unwrap();
    assert_eq!((jane.display_name.raw(), jane.tags.raw(), jane.passes.len()), ("Jane Doe", "gone away", 2));
}

#[tokio::test]
async fn people_are_found_by_label_and_by_id_of_any_kind() {
    let archive = SqliteArchive::open_in_memory().unwrap();
    import(&archive, LIST, false).await;
    for (text, wanted) in [
        ("jane", vec!["cons-1", "cons-3"]),
        ("doe jane", vec!["cons-1"]),
        ("do", vec!["cons-1", "cons-3"]),
        ("nunez", vec!["cons-2"]),
        ("unez", vec!["cons-2"]),
        ("E10423", vec!["cons-2"]),
        ("vip", vec!["cons-1"]),
        ("1234", vec!["cons-1"]),
        ("cons-3", vec!["cons-3"]),
        ("card-2", vec!["cons-2"]),
        ("dgc-2", vec!["cons-1"]),
        ("\" OR x", vec![]),
        ("nobody", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(found(&archive, text).await, wanted, "{text:?}");
    }
    assert_eq!(archive.find(&tenant(), "jane", 1).await.unwrap().len(), 1);
    assert_eq!(archive.find(&"other".parse().unwrap(), "jane", 9).await.unwrap(), [], "another tenant's people");
    let first = archive.page(&tenant(), 0, 2).await.unwrap();
    let rest = archive.page(&tenant(), first[1].0, 9).await.unwrap();
    assert_eq!((first.len(), rest.len(), rest[0].1.consumer.as_str()), (2, 1, "cons-3"));
}

#[tokio::test]
async fn a_wrong_row_is_named_and_nothing_is_taken() {
    let archive = SqliteArchive::open_in_memory().unwrap();
    import(&archive, LIST, false).await;
    for (row, why) in [
        ("a b,,,,,,", "consumer_id must be"),
        ("cons-9 ,,,,,,", "consumer_id must be"),
        (",card-9,,,,,", "consumer_id is empty"),
        ("cons-9,card.9,,,,,", "card_id must be"),
        ("cons-9,,,,,12a4,", "four digits"),
        ("cons-9,,,4111 1111 1111 1111,,,", "card number"),
        ("4111111111111111,,,,,,", "card number"),
        ("cons-9,card-1,,,,,", "card-1 belongs to cons-1"),
        ("cons-9,x", "fields"),
    ] {
        let list =
            format!("consumer_id,card_id,digital_card_id,display_name,customer_ref,last4,tags\ncons-8,,,,,,\n{row}\n");
        let report = import(&archive, &list, false).await;
        assert_eq!(report.errors.len(), 1, "{row}: {report:?}");
        assert!(report.errors[0].0 == 3 && report.errors[0].1.contains(why), "{row}: {report:?}");
        assert_eq!(archive.entry(&tenant(), &key("cons-8")).await.unwrap(), None, "{row}");
    }
    for (list, why) in [("consumer_id,colour\n", "no column"), ("card_id\n", "consumer_id"), ("", "consumer_id")] {
        let report = import(&archive, list, false).await;
        assert!(report.errors[0].1.contains(why), "{report:?}");
    }
}

#[test]
fn only_what_could_be_a_card_number_is_one() {
    for yes in ["4111111111111111", "4111-1111-1111-1111", "378282246310005", "6304000000000000"] {
        assert!(holds_card_number(yes), "{yes}");
    }
    for no in ["4111111111111112", "41111111", "E4111111111111111", "", "2026-06-02", "11111111111"] {
        assert!(!holds_card_number(no), "{no}");
    }
}

fn sighting(consumer: &str, deleted: bool) -> Sighting {
    Sighting {
        consumer: key(consumer),
        cards: vec![key("card-7")],
        passes: vec![KnownPass { id: key("dgc-7"), card: None }],
        last4: Untrusted::new("8841"),
        source: DirectorySource::Api,
        verified: true,
        deleted,
    }
}

#[tokio::test]
async fn an_id_that_comes_back_is_somebody_else() {
    let archive = SqliteArchive::open_in_memory().unwrap();
    let learn = async |seen: Sighting, n: i64| archive.learn(&tenant(), vec![seen], day(n)).await.unwrap();
    let entry = async || archive.entry(&tenant(), &key("cons-7")).await.unwrap().unwrap();
    learn(sighting("cons-7", false), 1).await;
    assert_eq!((entry().await.generation, entry().await.last_verified), (1, Some(day(1))));
    learn(sighting("cons-7", true), 5).await;
    learn(sighting("cons-7", true), 6).await;
    assert_eq!((entry().await.generation, entry().await.tombstone), (1, Some(day(5))));
    import(&archive, "consumer_id,tags\ncons-7,old list\n", false).await;
    assert_eq!((entry().await.generation, entry().await.tombstone), (1, Some(day(5))), "a list wakes nobody");
    learn(sighting("cons-7", false), 9).await;
    let back = entry().await;
    assert_eq!((back.generation, back.tombstone, back.first_seen, back.tags.raw()), (2, None, day(9), ""));
    assert_eq!(archive.page(&tenant(), 0, 9).await.unwrap().len(), 1, "the latest stands for all");
    let mut moved = sighting("cons-7", false);
    moved.passes[0].card = Some(key("card-8"));
    learn(moved, 10).await;
    learn(sighting("cons-7", false), 11).await;
    assert_eq!(entry().await.passes[0].card, Some(key("card-8")), "a known parent is not forgotten");
    assert_eq!(found(&archive, "8841").await, ["cons-7"]);
}
