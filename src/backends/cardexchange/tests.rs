//! The provider against a raw server that plays whatever the reference leaves room for.

use super::*;
use crate::backends::http::tests::{RawServer, answer, short};
use crate::domain::credential::{CardStatus, OpensDoors, Particular, System};
use crate::domain::policy::Mode;
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

const DATE: &str = "Date: Mon, 02 Mar 2026 01:14:07 GMT\r\nConnection: close\r\n";

/// A server with these documents by path and query, or by path alone; with further headers.
fn serving(documents: &[(&str, &str, Value)]) -> (RawServer, CardExchange) {
    let documents: HashMap<String, (String, Value)> =
        documents.iter().map(|(path, headers, v)| ((*path).to_owned(), ((*headers).to_owned(), v.clone()))).collect();
    let server = RawServer::start(move |request, stream| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        let found = documents.get(path).or_else(|| documents.get(path.split('?').next().unwrap_or_default()));
        let bytes = match found {
            Some((headers, document)) => answer("200 OK", &format!("{DATE}{headers}"), &document.to_string()),
            None => answer("404 Not Found", DATE, "{\"title\":\"Not found\",\"status\":404}"),
        };
        let _ = stream.write_all(&bytes);
    });
    let settings = Settings {
        profile: TenantProfile {
            name: "cx".parse().unwrap(),
            system: System::CardExchange,
            mode: Mode::Test,
            starts_unlocked: true,
            marker: true,
            sole_issuer: false,
            feed_operator: None,
        },
        origin: server.origin.clone(),
        auth: Auth::Basic,
        key: Secret::new("sk_test_EXAMPLE0001".into()),
        way: Way::default(),
        limits: short(),
    };
    let provider = CardExchange::open(settings, Arc::new(Stopped)).unwrap();
    (server, provider)
}

async fn read(provider: &CardExchange, key: &str) -> Result<HolderRead, ProviderError> {
    let id = format!("cx:{key}").parse().unwrap();
    provider.holder(&id, &format!("/api/v1/persons/{key}").parse().unwrap()).await
}

#[tokio::test]
async fn only_the_id_is_certain() {
    let person = json!({ "id": "p1", "lastName": 7, "status": ["odd"], "photo": "QUJD", "cardholders": [
        { "id": "h1", "email": null, "status": "sleeping", "profile": "plain", "cards": [
            { "id": "c1" },
            { "id": "c2", "status": "vaporised", "type": [], "metadata": [1], "endDate": 3, "cardNumber": 12 },
            { "id": "C2", "status": "activated", "metadata": { "helpdesk_ref": "not one of ours" } },
        ] },
    ] });
    let (server, provider) = serving(&[("/api/v1/persons/p1", "", person)]);
    let read = read(&provider, "p1").await.unwrap();
    assert_eq!(read.holder.name().raw(), "7");
    assert_eq!(read.server_date.unwrap().to_string(), "2026-03-02T01:14:07Z");
    let [bare, odd, other] = read.credentials.as_slice() else { panic!("{:?}", read.credentials) };
    for card in [bare, odd] {
        assert_eq!((card.status, card.opens_doors(true).0), (CardStatus::Unknown, OpensDoors::Unknown));
    }
    assert_eq!((odd.status_word.raw(), odd.number.raw()), ("vaporised", "12"));
    assert_eq!((other.marker.as_ref(), other.barred), (None, false));
    assert_eq!(other.particular(Particular::ProfileStatus).unwrap().raw(), "sleeping");
    let asked = server.requests.lock().unwrap().join("");
    assert!(asked.to_lowercase().contains("authorization: basic c2tfdgvzdf9fwefnuexfmdawmto="), "{asked}");
}

#[tokio::test]
async fn what_is_not_embedded_is_read_from_its_list() {
    let (_server, provider) = serving(&[
        ("/api/v1/persons/p1", "", json!({ "id": "p1", "firstName": "Mo" })),
        (
            "/api/v1/cardholders",
            "X-Total-Count: 1\r\n",
            json!([{ "id": "h1", "person": "p1", "email": "mo@x.example" }]),
        ),
        ("/api/v1/cards", "X-Total-Count: 1\r\n", json!([{ "id": "c1", "cardholder": "h1", "status": "issued" }])),
        ("/api/v1/persons/p2", "", json!({ "id": "p2", "cardholders": [{ "id": "h2", "cards": [{ "no": "id" }] }] })),
    ]);
    let mo = read(&provider, "p1").await.unwrap();
    assert_eq!((mo.holder.email.raw(), mo.credentials[0].status_word.raw()), ("mo@x.example", "issued"));
    let error = read(&provider, "p2").await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unreadable, "a card that cannot be told must not look like none");
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_refused() {
    let (_server, provider) = serving(&[("/api/v1/persons/p1", "", json!({ "id": "p2", "cardholders": [] }))]);
    assert_eq!(read(&provider, "p1").await.unwrap_err().kind, ProviderErrorKind::Unreadable);
    assert_eq!(read(&provider, "p9").await.unwrap_err().kind, ProviderErrorKind::NotFound);
}

fn rows(range: std::ops::Range<u32>) -> Value {
    range.map(|n| json!({ "id": format!("c{n}") })).collect()
}

#[tokio::test]
async fn a_link_header_is_a_hint_and_is_never_followed() {
    let evil = "Link: <https://evil.example/api/v1/cards?page=2>; rel=\"next\", </x>; rel=\"first\"\r\n";
    let last = "Link: <https://evil.example/api/v1/cards?page=1>; rel=\"first\"\r\n";
    let (server, provider) = serving(&[
        ("/api/v1/cards?page=1&per_page=100", evil, rows(0..100)),
        ("/api/v1/cards?page=2&per_page=100", last, rows(100..200)),
        ("/api/v1/cards?page=3&per_page=100", "", rows(0..0)),
    ]);
    let listed = provider.list(&Question::new(Resource::Cards)).await.unwrap();
    assert_eq!((listed.rows.len(), listed.complete, listed.total), (200, true, None));
    assert_eq!(server.count(), 2, "the second page says that it is the last");
    let (server, provider) = serving(&[
        (
            "/api/v1/cards?page=1&per_page=100",
            "X-Total-Count: 150\r\nLink: <https://evil.example/>; rel=\"last\"\r\n",
            rows(0..100),
        ),
        ("/api/v1/cards?page=2&per_page=100", "X-Total-Count: 150\r\n", rows(100..150)),
    ]);
    let listed = provider.list(&Question::new(Resource::Cards)).await.unwrap();
    assert_eq!((listed.rows.len(), listed.complete), (150, true), "a count that says more outweighs the hint");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn i23_lists_without_end_or_shape_end() {
    // The same full page for ever: nothing new, so it is over.
    let (server, provider) = serving(&[("/api/v1/cards", "", rows(0..100))]);
    let listed = provider.list(&Question::new(Resource::Cards)).await.unwrap();
    assert_eq!((listed.rows.len(), server.count()), (100, 2));
    let (server, provider) = serving(&[
        ("/api/v1/cards", "X-Total-Count: 99999\r\n", rows(0..100)),
        ("/api/v1/productions", "", json!({ "results": [] })),
    ]);
    let listed = provider.list(&Question::new(Resource::Cards)).await.unwrap();
    assert!(!listed.complete && listed.rows.len() == 100, "a count that never agrees is read three times");
    assert_eq!(server.count(), 6);
    let error = provider.list(&Question::new(Resource::Productions)).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unreadable);
}

#[tokio::test]
async fn the_key_is_in_the_header_and_nowhere_else() {
    let (server, provider) = serving(&[]);
    let error = provider.connect().await.unwrap_err();
    let mut told = format!("{error:?} {}", error.problem(&"cx".parse().unwrap()));
    told.push_str(&server.requests.lock().unwrap().iter().filter_map(|r| r.lines().next()).collect::<String>());
    assert!(!told.contains("EXAMPLE0001") && !told.contains("c2tfdGVzdF9F"), "{told}");
}
