//! What the cache promises.

use super::cache::SqliteCache;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::{
    CardStatus, Credential, CredentialClass, Invitation, InvitationStatus, Particular, State,
};
use crate::domain::ids::TenantName;
use crate::domain::journal::Marker;
use crate::domain::text::Untrusted;
use crate::ports::cache::{Cache, FillMark, Hits, Scope};
use crate::ports::provider::HolderRead;
use jiff::Timestamp;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn person(key: u32, first: &str, last: &str) -> HolderRead {
    HolderRead {
        holder: Cardholder {
            id: format!("gall:{key}").parse().unwrap(),
            link: format!("/api/cardholders/{key}").parse().unwrap(),
            first_name: first.into(),
            last_name: last.into(),
            description: "Facilities".into(),
            division: Untrusted::default(),
            employee_number: Untrusted::default(),
            email: format!("p{key}@example.org").as_str().into(),
            authorised: true,
            as_of: at(0),
        },
        credentials: Vec::new(),
        whole: true,
        server_date: None,
        documents: Vec::new(),
    }
}

fn card(of: &HolderRead, segment: &str, number: &str, status: CardStatus) -> Credential {
    Credential {
        id: format!("{}/{segment}", of.holder.id).parse().unwrap(),
        holder: of.holder.id.clone(),
        link: format!("{}/cards/{segment}", of.holder.link).parse().unwrap(),
        lasting_id: "L1".into(),
        class: CredentialClass::Mobile,
        type_link: "/api/card_types/5".parse().unwrap(),
        type_name: "Mobile".into(),
        number: number.into(),
        marker: Marker::parse("PDX0123456789ABCDEF"),
        issue_level: Some(2),
        status,
        status_word: "Aktiv\u{1b}".into(),
        invitation: Some(Invitation {
            status: InvitationStatus::Accepted,
            email: "jane@phone.example".into(),
            phone: "0411 222 333".into(),
            single_factor: true,
        }),
        from: Some("2026-01-01T00:00:00.123456789Z".parse().unwrap()),
        until: Some("9999-12-30T00:00:00Z".parse().unwrap()),
        last_used: Some(at(5)),
        barred: true,
        particulars: vec![(Particular::Department, "Night\u{1b} shift".into())],
        as_of: at(0),
    }
}

async fn with(rows: Vec<HolderRead>) -> SqliteCache {
    let cache = SqliteCache::open_in_memory().unwrap();
    cache.store(rows, None).await.unwrap();
    cache
}

fn who(hits: &Hits) -> Vec<String> {
    hits.rows.iter().map(|row| row.holder.name().raw().to_owned()).collect()
}

async fn found(cache: &SqliteCache, text: &str, scope: Scope) -> Vec<String> {
    who(&cache.search(text, scope, 50).await.unwrap())
}

async fn people() -> SqliteCache {
    let mut jane = person(1, "Jane", "Doe");
    jane.credentials = vec![
        card(&jane, "a", "0411 222 333 PDX0123456789ABCDEF", CardStatus::Expired),
        card(&jane, "b", "88410", CardStatus::Active),
    ];
    let mut sam = person(2, "Sam", "Poe");
    sam.credentials = vec![card(&sam, "c", "8841", CardStatus::Active)];
    with(vec![
        person(3, "Mary-Jane", "Dalton"),
        jane,
        sam,
        person(4, "Åsa", "Öberg"),
        person(5, "太郎", "山田"),
        person(6, "", "田中太郎"),
        person(7, "Janet", "Adams"),
        person(8, "O'Neil", "\"Bob\" NEAR*"),
        person(9, "Dajane", "Roe"),
    ])
    .await
}

#[tokio::test]
async fn everybody_is_gone_through_page_by_page() {
    let cache = SqliteCache::open_in_memory().unwrap();
    let mut people: Vec<HolderRead> = (1..=7).map(|key| person(key, "Jane", "Doe")).collect();
    people[2].credentials = vec![card(&people[2], "c1", "1", CardStatus::Active)];
    cache.store(people, None).await.unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = cache.page(after.as_ref(), 3).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        assert!(page.len() <= 3);
        after = Some(last.id.clone());
        found.extend(page.into_iter().map(|(holder, cards)| (holder.id.to_string(), cards.len())));
    }
    let wanted: Vec<(String, usize)> = (1..=7).map(|key| (format!("gall:{key}"), usize::from(key == 3))).collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn a_person_comes_back_as_stored() {
    let mut jane = person(1, "Jane\u{1b}[2J", "Doe");
    jane.credentials = vec![card(&jane, "b", "2", CardStatus::Active), card(&jane, "a", "1", CardStatus::Expired)];
    let cache = with(vec![jane.clone()]).await;
    let (holder, cards) = cache.holder(&jane.holder.id).await.unwrap().unwrap();
    assert_eq!(holder, jane.holder);
    assert_eq!(cards, jane.credentials);
    assert_eq!(cards[0].fingerprint(), jane.credentials[0].fingerprint());
    assert_eq!(cache.holder_of(&cards[1].id).await.unwrap(), Some(jane.holder.id.clone()));
    assert_eq!(cache.holder_of(&"gall:9/9".parse().unwrap()).await.unwrap(), None);
    assert_eq!(cache.holder(&"gall:9".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn names_that_begin_with_the_query_come_first() {
    let cache = people().await;
    assert_eq!(found(&cache, "jane d", Scope::Name).await, ["Jane Doe", "Mary-Jane Dalton", "Dajane Roe"]);
    assert_eq!(found(&cache, "JANE", Scope::Name).await, ["Jane Doe", "Janet Adams", "Mary-Jane Dalton", "Dajane Roe"]);
    assert_eq!(found(&cache, "doe ja", Scope::Name).await, ["Jane Doe"]);
    assert_eq!(found(&cache, "jane xyz", Scope::Name).await, Vec::<String>::new());
    assert_eq!(found(&cache, "ajan ro", Scope::Name).await, ["Dajane Roe"]);
    assert_eq!(found(&cache, "facil jane", Scope::Name).await.len(), 4, "departments count too");
}

#[tokio::test]
async fn case_and_accents_do_not_matter_and_short_names_are_found() {
    let cache = people().await;
    assert_eq!(found(&cache, "asa", Scope::Name).await, ["Åsa Öberg"]);
    assert_eq!(found(&cache, "ÅS", Scope::Name).await, ["Åsa Öberg"]);
    assert_eq!(found(&cache, "berg", Scope::Name).await, ["Åsa Öberg"]);
    assert_eq!(found(&cache, "山田", Scope::Name).await, ["太郎 山田"]);
    assert_eq!(found(&cache, "太郎", Scope::Name).await, ["太郎 山田", "田中太郎"]);
    assert_eq!(found(&cache, "s", Scope::Name).await, ["Sam Poe"]);
    assert_eq!(found(&cache, "d", Scope::Name).await, ["Dajane Roe", "Mary-Jane Dalton", "Jane Doe"]);
}

#[tokio::test]
async fn numbers_contacts_and_ids_are_found() {
    let cache = people().await;
    let hits = cache.search("8841", Scope::Name, 10).await.unwrap();
    assert_eq!(who(&hits), ["Sam Poe"]);
    assert_eq!(hits.rows[0].card.as_ref().unwrap().to_string(), "gall:2/c");
    let hits = cache.search("8841", Scope::Number, 10).await.unwrap();
    assert_eq!(who(&hits), ["Sam Poe", "Jane Doe"], "the exact number first");
    assert_eq!(hits.rows[1].card.as_ref().unwrap().to_string(), "gall:1/b");
    let hits = cache.search("222 33", Scope::Number, 10).await.unwrap();
    assert_eq!(hits.rows[0].card.as_ref().unwrap().to_string(), "gall:1/a");
    assert_eq!(found(&cache, "0411 222 333", Scope::Name).await, Vec::<String>::new());
    assert_eq!(found(&cache, "p4@", Scope::Contact).await, ["Åsa Öberg"]);
    assert_eq!(found(&cache, "phone.example", Scope::Contact).await.len(), 2);
    assert_eq!(found(&cache, "gall:1", Scope::Id).await, ["Jane Doe"]);
    assert_eq!(found(&cache, "gall:2/c", Scope::Id).await, ["Sam Poe"]);
    assert_eq!(found(&cache, "p4@", Scope::Name).await, ["Åsa Öberg"], "it is plainly a contact");
    assert_eq!(found(&cache, "gall:1", Scope::Name).await, ["Jane Doe"], "it is plainly an id");
    assert_eq!(found(&cache, "1/a", Scope::Id).await, ["Jane Doe"]);
}

#[tokio::test]
async fn hostile_queries_are_only_text() {
    let cache = people().await;
    for text in [
        "\"",
        "\"\"\"",
        "*",
        "jane*",
        "NEAR",
        "NEAR(a b)",
        "^jane",
        "a AND",
        "OR",
        "name:jane",
        "{name}",
        "(",
        ")",
        "'",
        "';--",
        "%",
        "_",
        "\\",
        "\0",
        "jane\0doe",
        "-jane",
        "+",
        "a\nb",
        "\u{10ffff}",
        "  ",
        "\u{301}",
    ] {
        for scope in [Scope::Name, Scope::Number, Scope::Contact, Scope::Id] {
            cache.search(text, scope, 10).await.unwrap();
        }
        cache.search(&text.repeat(500), Scope::Name, 10).await.unwrap();
    }
    assert_eq!(found(&cache, "\"bob\" near*", Scope::Name).await, ["O'Neil \"Bob\" NEAR*"]);
    assert!(found(&cache, "%%%", Scope::Name).await.is_empty());
}

#[tokio::test]
async fn lists_are_cut_and_say_so_and_rows_say_what_needs_a_hand() {
    let cache = people().await;
    let all = cache.search("", Scope::Name, 4).await.unwrap();
    assert_eq!((all.rows.len(), all.more, all.total), (4, true, 9));
    let all = cache.search("", Scope::Name, 9).await.unwrap();
    assert_eq!((all.rows.len(), all.more), (9, false));
    let jane = cache.search("jane d", Scope::Name, 1).await.unwrap();
    assert_eq!((jane.rows.len(), jane.more), (1, true));
    assert_eq!((jane.rows[0].cards, jane.rows[0].need), (2, Some(State::Expired)));
    let adams = cache.search("adams", Scope::Name, 1).await.unwrap();
    assert_eq!((adams.rows[0].cards, adams.rows[0].need, adams.more), (0, None, false));
}

#[tokio::test]
async fn storing_again_replaces_and_leaves_nothing_behind() {
    let cache = people().await;
    let mut jane = person(1, "Joan", "Smith");
    jane.credentials = vec![card(&jane, "b", "777", CardStatus::Active)];
    cache.store(vec![jane.clone(), jane.clone()], None).await.unwrap();
    assert_eq!(found(&cache, "joan", Scope::Name).await, ["Joan Smith"]);
    assert!(!found(&cache, "jane", Scope::Name).await.contains(&"Jane Doe".to_owned()));
    assert!(found(&cache, "doe", Scope::Name).await.is_empty());
    assert!(found(&cache, "88410", Scope::Number).await.is_empty());
    assert_eq!(found(&cache, "777", Scope::Number).await, ["Joan Smith"]);
    assert_eq!(cache.holder_of(&"gall:1/a".parse().unwrap()).await.unwrap(), None);
    assert_eq!(cache.search("", Scope::Name, 1).await.unwrap().total, 9);
}

#[tokio::test]
async fn a_fill_goes_on_where_it_stopped_and_forgets_who_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sim/cache.db");
    let tenant: TenantName = "gall".parse().unwrap();
    let mark = FillMark {
        next: Some("/api/cardholders?skip=1000".parse().unwrap()),
        completed: None,
        began: Some(at(10)),
        seen: 1000,
    };
    let cache = SqliteCache::open(&path).unwrap();
    assert_eq!(cache.fill_mark(&tenant).await.unwrap(), FillMark::default());
    let mut stays = person(2, "Sam", "Poe");
    stays.holder.as_of = at(11);
    let mut other = person(3, "Kim", "Lee");
    other.holder.id = "other:3".parse().unwrap();
    cache.store(vec![person(1, "Jane", "Doe"), stays, other], Some((tenant.clone(), mark.clone()))).await.unwrap();
    drop(cache);
    let cache = SqliteCache::open(&path).unwrap();
    assert_eq!(cache.fill_mark(&tenant).await.unwrap(), mark);
    cache.finish_fill(&tenant, at(10), at(20)).await.unwrap();
    assert_eq!(found(&cache, "", Scope::Name).await, ["Kim Lee", "Sam Poe"]);
    assert!(found(&cache, "jane", Scope::Name).await.is_empty());
    let mark = cache.fill_mark(&tenant).await.unwrap();
    assert_eq!((mark.next, mark.completed, mark.seen), (None, Some(at(20)), 1000));
    assert_eq!(cache.search("", Scope::Name, 1).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cache.db");
    std::fs::write(&path, "not a database, but long enough to be read as the header of one: ".repeat(100)).unwrap();
    let cache = SqliteCache::open(&path).unwrap();
    cache.store(vec![person(1, "Jane", "Doe")], None).await.unwrap();
    assert_eq!(found(&cache, "jane", Scope::Name).await, ["Jane Doe"]);
    drop(cache);
    rusqlite::Connection::open(&path).unwrap().execute("UPDATE about SET value = 'other'", []).unwrap();
    let cache = SqliteCache::open(&path).unwrap();
    assert_eq!(cache.search("jane", Scope::Name, 9).await.unwrap(), Hits::default());
}

#[tokio::test]
async fn a_disk_in_trouble_costs_nobody_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache.db");
    let cache = SqliteCache::open(&file).unwrap();
    cache.store(vec![person(1, "Mara", "Quill")], None).await.unwrap();
    // Whatever goes on under it: two who hold it open keep the file as it is.
    let other = rusqlite::Connection::open(&file).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(cache);
    let aside = folder.path().join("aside.db");
    std::fs::copy(&file, &aside).unwrap();
    // A log that cannot be opened stands for every trouble that is not the file's own.
    std::fs::create_dir(folder.path().join("aside.db-wal")).unwrap();
    assert!(SqliteCache::open(&aside).is_err());
    std::fs::remove_dir(folder.path().join("aside.db-wal")).unwrap();
    let again = SqliteCache::open(&aside).unwrap();
    assert_eq!(again.search("quill", Scope::Name, 5).await.unwrap().rows.len(), 1, "it was thrown away");
}
