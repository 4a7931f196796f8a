//! The provider against a raw server that plays Command Centre.

use super::*;
use crate::backends::http::tests::{RawServer, answer, short};
use crate::domain::credential::{CardStatus, CredentialClass, InvitationStatus, System};
use crate::domain::policy::Mode;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        "2026-03-02T01:00:00Z".parse().unwrap()
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// A server with these documents, by path and query; hrefs are written with `ORIGIN` in front.
fn serving(documents: &[(&str, Value)]) -> (RawServer, Gallagher) {
    let documents: HashMap<String, Value> = documents.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
    let server = RawServer::start(move |request, stream| {
        let host = request
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("host: ").map(str::to_owned))
            .unwrap_or_default();
        let path = request.split(' ').nth(1).unwrap_or_default();
        let found = documents.get(path).or_else(|| documents.get(path.split('?').next().unwrap_or_default()));
        let bytes = match found {
            Some(document) => {
                let body = document.to_string().replace("ORIGIN", &format!("http://{host}"));
                answer("200 OK", "Date: Mon, 02 Mar 2026 01:14:07 GMT\r\nConnection: close\r\n", &body)
            }
            None => answer("404 Not Found", "Connection: close\r\n", "{\"message\":\"nothing here\"}"),
        };
        let _ = stream.write_all(&bytes);
    });
    let settings = Settings {
        profile: TenantProfile {
            name: "gall".parse().unwrap(),
            system: System::Gallagher,
            mode: Mode::Sim,
            starts_unlocked: true,
            marker: true,
            sole_issuer: false,
            feed_operator: None,
        },
        origin: server.origin.clone(),
        key: Secret::new("7F3A-0C11".into()),
        way: Way::default(),
        limits: short(),
    };
    let provider = Gallagher::open(settings, Arc::new(Stopped)).unwrap();
    (server, provider)
}

fn entry() -> Value {
    json!({
        "version": "9.30.1874.0",
        "features": {
            "cardholders": {
                "cardholders": { "href": "ORIGIN/elsewhere/people?site=1" },
                "changes": { "href": "ORIGIN/elsewhere/changes" },
            },
            "cardTypes": { "assign": { "href": "ORIGIN/elsewhere/types" } },
            "events": { "events": { "href": "https://evil.example/api/events" } },
        }
    })
}

fn mara() -> Value {
    json!({
        "href": "ORIGIN/elsewhere/people/7741", "id": "7741", "firstName": "Mara", "lastName": "Quill",
        "authorised": true, "division": { "id": "2" }, "@Email": "mara.quill@site.example", "@Employee number": 4711,
        "cards": [
            { "href": "ORIGIN/elsewhere/people/7741/cards/41aa70f3", "number": "Old phone", "credentialId": "6f0c",
              "credentialClass": "mobile", "type": { "href": "ORIGIN/types/1", "name": "Phone pass" },
              "status": { "value": "Active", "type": "active" },
              "invitation": { "status": "expired", "email": "m@site.example", "href": "https://cloud.example/SECRET" } },
            { "href": "ORIGIN/elsewhere/people/7741/cards/77", "credentialClass": "biometric", "issueLevel": "x",
              "type": { "href": "https://evil.example/t" }, "status": 5, "invitation": [] },
            { "href": "https://evil.example/cards/1", "number": "1" },
            "nonsense",
        ],
    })
}

#[tokio::test]
async fn only_the_entry_path_is_known_beforehand() {
    let (server, provider) = serving(&[
        ("/api", entry()),
        ("/elsewhere/people", json!({ "results": [mara()], "next": { "href": "ORIGIN/elsewhere/people?pos=2" } })),
        ("/elsewhere/people?pos=2", json!({ "results": [{ "id": "nobody" }, 7] })),
    ]);
    let connection = provider.connect().await.unwrap();
    assert_eq!((connection.version.as_str(), connection.has_feed), ("9.30.1874.0", true));
    assert!(!connection.has_events, "a link to another host is no link");
    let first = provider.list_holders(None, 50).await.unwrap();
    assert_eq!(first.rows.len(), 1);
    let last = provider.list_holders(first.next.as_ref(), 50).await.unwrap();
    assert_eq!((last.rows.len(), last.next), (0, None));
    assert_eq!(provider.events_of(&"gall:7741".parse().unwrap(), 5).await, Ok(Vec::new()));
    let asked = server.requests.lock().unwrap().join("");
    assert!(asked.contains("GET /elsewhere/people?site=1&sort=id&top=50&fields=href,id,"), "{asked}");
    assert!(asked.contains("GET /elsewhere/people?pos=2 "), "{asked}");
}

#[tokio::test]
async fn odd_members_lose_neither_the_person_nor_a_card() {
    let (_server, provider) = serving(&[("/elsewhere/people/7741", mara())]);
    let link = "/elsewhere/people/7741".parse().unwrap();
    let read = provider.holder(&"gall:7741".parse().unwrap(), &link).await.unwrap();
    assert_eq!(read.server_date.unwrap().to_string(), "2026-03-02T01:14:07Z");
    assert_eq!(read.holder.name().raw(), "Mara Quill");
    assert_eq!((read.holder.email.raw(), read.holder.employee_number.raw()), ("mara.quill@site.example", "4711"));
    let [phone, odd] = read.credentials.as_slice() else { panic!("{:?}", read.credentials) };
    assert_eq!(phone.id.to_string(), "gall:7741/41aa70f3");
    assert_eq!((phone.class, phone.status), (CredentialClass::Mobile, CardStatus::Active));
    assert_eq!(phone.invitation.as_ref().unwrap().status, InvitationStatus::Expired);
    assert_eq!((odd.class, odd.status, odd.issue_level), (CredentialClass::Unknown, CardStatus::Unknown, None));
    assert!(!format!("{read:?}").contains("SECRET"), "the invitation's link is a secret and is not kept");
    assert!(!read.whole, "two of the four have no reference of this server's");
}

#[tokio::test]
async fn i14_a_list_that_is_left_out_is_not_an_empty_one() {
    let mut person = mara();
    for (cards, whole) in [(Some(json!([])), true), (Some(Value::Null), false), (None, false)] {
        match cards {
            Some(cards) => person["cards"] = cards,
            None => drop(person.as_object_mut().unwrap().remove("cards")),
        }
        let (_server, provider) = serving(&[("/elsewhere/people/7741", person.clone())]);
        let link = "/elsewhere/people/7741".parse().unwrap();
        let read = provider.holder(&"gall:7741".parse().unwrap(), &link).await.unwrap();
        assert_eq!((read.credentials.len(), read.whole), (0, whole));
    }
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_refused() {
    let (_server, provider) = serving(&[("/elsewhere/people/1", mara())]);
    let link = "/elsewhere/people/1".parse().unwrap();
    let error = provider.holder(&"gall:1".parse().unwrap(), &link).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unreadable);
}

#[tokio::test]
async fn i23_walks_in_a_circle_end() {
    let back = json!({ "href": "ORIGIN/elsewhere/changes?pos=1" });
    let row = json!({ "time": "2026-03-02T01:14:07Z", "item": { "href": "/people/7" },
        "newValues": { "cards": [{ "href": "/people/7/cards/a" }] } });
    let (_server, provider) = serving(&[
        ("/api", entry()),
        ("/elsewhere/changes", json!({ "results": [], "next": back })),
        ("/elsewhere/changes?pos=1", json!({ "results": [row], "next": back })),
        ("/elsewhere/people?pos=9", json!({ "results": [], "next": { "href": "/elsewhere/people?pos=9" } })),
        ("/elsewhere/types", json!({ "results": [], "next": { "href": "https://evil.example/types" } })),
    ]);
    let bookmark = provider.bookmark().await.unwrap().unwrap();
    assert_eq!(provider.changes_since(&bookmark).await.unwrap_err().kind, ProviderErrorKind::Unreadable);
    let page = "/elsewhere/people?pos=9".parse().unwrap();
    assert_eq!(provider.list_holders(Some(&page), 1).await.unwrap_err().kind, ProviderErrorKind::Unreadable);
    assert_eq!(provider.credential_types().await.unwrap_err().kind, ProviderErrorKind::Unreadable);
}

#[tokio::test]
async fn the_feed_is_read_to_its_end_and_the_newest_bookmark_counts() {
    let row = |n: u8| {
        json!({ "time": format!("2026-03-02T01:14:0{n}Z"), "item": { "href": "/people/7" },
            "operator": { "href": "ORIGIN/api/items/410" },
            "oldValues": { "cards": "" }, "newValues": { "cards": [{ "href": format!("/people/7/cards/{n}") }] } })
    };
    let (_server, provider) = serving(&[
        ("/c?pos=1", json!({ "results": [row(1), row(2)], "next": { "href": "ORIGIN/c?pos=2" } })),
        ("/c?pos=2", json!({ "results": [row(3)], "next": { "href": "ORIGIN/c?pos=3" } })),
        ("/c?pos=3", json!({ "results": [], "next": { "href": "ORIGIN/c?pos=4" } })),
    ]);
    let read = provider.changes_since(&"/c?pos=1".parse().unwrap()).await.unwrap();
    assert_eq!((read.rows.len(), read.bookmark.as_str()), (3, "/c?pos=4"));
    assert_eq!(read.rows[2].added[0].as_str(), "/people/7/cards/3");
    assert_eq!(read.rows[2].operator.as_ref().unwrap().as_str(), "/api/items/410");
}

#[tokio::test]
async fn a_turned_name_is_tried_when_the_typed_one_finds_nobody() {
    let (server, provider) = serving(&[("/api", entry()), ("/elsewhere/people", json!({ "results": [] }))]);
    let page = provider.find_holders("mara quill", 25).await.unwrap();
    assert!(page.rows.is_empty());
    let asked = server.requests.lock().unwrap().join("");
    for name in ["name=mara%20quill&top=25&", "name=quill%25%2C%20mara%25&", "name=mara%25%2C%20quill%25&"] {
        assert!(asked.contains(name), "{asked}");
    }
}

#[tokio::test]
async fn a_link_that_is_gone_makes_the_entry_page_be_asked_again() {
    let (server, provider) = serving(&[("/api", entry())]);
    for _ in 0..2 {
        assert_eq!(provider.find_holders("x", 5).await.unwrap_err().kind, ProviderErrorKind::NotFound);
    }
    let entries = server.requests.lock().unwrap().iter().filter(|r| r.starts_with("GET /api ")).count();
    assert_eq!(entries, 2);
}
