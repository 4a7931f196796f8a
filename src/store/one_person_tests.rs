//! Who is one person over several systems, and who is not.

use super::cache::SqliteCache;
use crate::domain::cardholder::Cardholder;
use crate::domain::text::Untrusted;
use crate::ports::cache::{Cache, Scope};
use crate::ports::provider::HolderRead;
use proptest::prelude::*;

fn record(id: &str, name: &str, email: &str, number: &str) -> HolderRead {
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    HolderRead {
        holder: Cardholder {
            id: id.parse().unwrap(),
            link: "/x".parse().unwrap(),
            first_name: first.into(),
            last_name: last.into(),
            description: Untrusted::default(),
            division: Untrusted::default(),
            employee_number: number.into(),
            email: email.into(),
            authorised: true,
            as_of: jiff::Timestamp::UNIX_EPOCH,
        },
        credentials: Vec::new(),
        whole: true,
        server_date: None,
        documents: Vec::new(),
    }
}

/// The people that a search for everybody shows, each as the sorted ids of her records.
async fn people(rows: &[(&str, &str, &str, &str)]) -> Vec<String> {
    let cache = SqliteCache::open_in_memory().unwrap();
    let reads = rows.iter().map(|(id, name, email, number)| record(id, name, email, number)).collect();
    cache.store(reads, None).await.unwrap();
    let hits = cache.search("", Scope::Name, 100).await.unwrap();
    let mut found: Vec<String> = hits
        .rows
        .iter()
        .map(|hit| {
            let mut ids: Vec<String> = hit.records().map(|h| h.id.to_string()).collect();
            ids.sort();
            assert_eq!(hit.person().to_string(), ids[0]);
            ids.join(" ")
        })
        .collect();
    found.sort();
    // The same from every record of hers.
    for (id, ..) in rows {
        let records = cache.person(&id.parse().unwrap()).await.unwrap();
        assert_eq!(records[0].0.id.to_string(), *id);
        let mut ids: Vec<String> = records.iter().map(|(h, _)| h.id.to_string()).collect();
        ids.sort();
        assert!(found.contains(&ids.join(" ")), "{id} is with {ids:?}, the search says {found:?}");
    }
    found
}

#[tokio::test]
async fn a_key_and_the_name_make_one_person() {
    let mail = people(&[("a:1", "Jane Doe", "Jane@Site.example", ""), ("b:1", "DOE Jane", "jane@site.example", "")]);
    assert_eq!(mail.await, ["a:1 b:1"]);
    let number = people(&[("a:1", "Jane Doe", "j@private.example", "e10422"), ("b:1", "Jané Doe", "", "E10422")]);
    assert_eq!(number.await, ["a:1 b:1"]);
    let both = people(&[("a:1", "Jane Doe", "j@x.example", "E1"), ("b:1", "J. Doe-Roe", "j@x.example", "E1")]);
    assert_eq!(both.await, ["a:1 b:1"], "she married");
    let chain = people(&[
        ("a:1", "Jane Doe", "j@x.example", ""),
        ("b:1", "Jane Doe", "j@x.example", "E1"),
        ("c:1", "Jane Doe", "", "E1"),
    ]);
    assert_eq!(chain.await, ["a:1 b:1 c:1"]);
}

#[tokio::test]
async fn what_does_not_prove_it_leaves_two_people() {
    for (why, one, other) in [
        ("a name alone", ("Jane Doe", "a@x.example", ""), ("Jane Doe", "b@x.example", "")),
        ("nothing but a name", ("Jane Doe", "", ""), ("Jane Doe", "", "")),
        ("a team's mailbox", ("Jane Doe", "desk@x.example", ""), ("John Roe", "desk@x.example", "")),
        ("no names behind a mailbox", ("", "desk@x.example", ""), ("", "desk@x.example", "")),
        ("a number used twice", ("Jane Doe", "", "7"), ("John Roe", "", "7")),
        ("placeholders", ("Jane Doe", "n/a", "000"), ("Jane Doe", "n/a", "000")),
        ("two of one name in a team", ("Jane Doe", "desk@x.example", "E1"), ("Jane Doe", "desk@x.example", "E2")),
    ] {
        let rows = [("a:1", one.0, one.1, one.2), ("b:1", other.0, other.1, other.2)];
        assert_eq!(people(&rows).await, ["a:1", "b:1"], "{why}");
    }
    let kept_apart = people(&[("a:1", "Jane Doe", "d@x.example", ""), ("a:2", "Jane Doe", "d@x.example", "")]);
    assert_eq!(kept_apart.await, ["a:1", "a:2"], "their own system knows better");
}

#[tokio::test]
async fn a_record_that_fits_two_people_joins_neither() {
    let rows = [
        ("a:1", "Jane Doe", "desk@x.example", "E1"),
        ("b:2", "Jane Doe", "desk@x.example", "E2"),
        ("c:3", "Jane Doe", "desk@x.example", ""),
        ("d:1", "Jane Doe", "", "E1"),
    ];
    assert_eq!(people(&rows).await, ["a:1 d:1", "b:2", "c:3"]);
}

#[tokio::test]
async fn a_crowd_behind_one_key_is_nobody() {
    let cache = SqliteCache::open_in_memory().unwrap();
    let rows = (0..5_000).map(|n| record(&format!("a:{n}"), "Spare Card", "desk@x.example", "")).collect();
    cache.store(rows, None).await.unwrap();
    let hits = cache.search("spare", Scope::Name, 50).await.unwrap();
    assert_eq!((hits.rows.len(), hits.more), (50, true));
    assert!(hits.rows.iter().all(|hit| hit.others.is_empty()));
}

#[tokio::test]
async fn a_search_over_four_systems_shows_each_person_once() {
    let folder = tempfile::tempdir().unwrap();
    let cache = SqliteCache::open(&folder.path().join("cache.db")).unwrap();
    for tenant in ["gall", "accg", "d1", "cxc"] {
        let of = |n: usize| {
            let first = ["Jane", "John", "Sam", "Mara"][n % 4];
            record(&format!("{tenant}:{n}"), &format!("{first} Doe{n}"), &format!("p{n}@x.example"), &format!("E{n}"))
        };
        cache.store((0..500).map(of).collect(), None).await.unwrap();
    }
    for text in ["j", "jane", "jane d", "doe1", "oe12", "nobody"] {
        let hits = cache.search(text, Scope::Name, 200).await.unwrap();
        assert!(hits.rows.iter().all(|hit| hit.others.len() == 3), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the records say: each belongs to one person, the same whichever record is asked, and no person has two
    /// employee numbers.
    #[test]
    fn people_never_overlap(rows in prop::collection::vec((0..3u8, 0..3u8, 0..3u8, 0..3u8), 1..12)) {
        let text = |kind: &str, n: u8| if n == 0 { String::new() } else { format!("{kind}{n}") };
        let rows: Vec<(String, String, String, String)> = rows.iter().enumerate().map(|(i, (tenant, name, mail, number))| (
            format!("t{tenant}:{i}"),
            text("name", *name),
            if *mail == 0 { String::new() } else { format!("m{mail}@x.example") },
            text("E", *number),
        )).collect();
        let borrowed: Vec<_> = rows.iter().map(|(a, b, c, d)| (a.as_str(), b.as_str(), c.as_str(), d.as_str())).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(people(&borrowed));
        let ids: Vec<&str> = found.iter().flat_map(|p| p.split(' ')).collect();
        prop_assert_eq!(ids.len(), rows.len(), "{:?}", found);
        for person in &found {
            let numbers: std::collections::HashSet<&str> = person.split(' ')
                .filter_map(|id| rows.iter().find(|r| r.0 == id)).map(|r| r.3.as_str()).filter(|n| !n.is_empty()).collect();
            prop_assert!(numbers.len() < 2, "{}", person);
        }
    }
}
