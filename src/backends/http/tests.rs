//! Wire cases against a raw socket: what a vendor's server, or whoever sits in between, may do to us.

#![allow(clippy::disallowed_methods, reason = "a server that is slow on purpose has a real thread that sleeps")]

use super::super::bounds::MAX_BODY;
use super::*;
use crate::backends::signature::FixedKey;
use crate::backends::tls::Trust;
use crate::domain::ids::{HolderId, IntentId, TenantName};
use crate::domain::journal::{Event, EventDraft, IntentRecord, ProcessMark};
use crate::domain::operation::Operation;
use crate::domain::text::Secret;
use crate::ports::ledger::{HistoryQuery, LateWatch, Ledger, LedgerError, LedgerHealth};
use async_trait::async_trait;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

/// A server that lets a function answer each connection, and keeps what was asked.
pub struct RawServer {
    pub origin: Origin,
    pub requests: Arc<Mutex<Vec<String>>>,
    pub connections: Arc<AtomicUsize>,
}

impl RawServer {
    /// `answer` gets the request (head and body) and the open connection; the connection closes afterwards.
    pub fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = Origin::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (log, count) = (Arc::clone(&requests), Arc::clone(&connections));
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                count.fetch_add(1, Ordering::SeqCst);
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || {
                    if let Some(request) = read_request(&mut stream) {
                        log.lock().unwrap().push(request.clone());
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        Self { origin, requests, connections }
    }

    /// A server that says the same to everybody.
    pub fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_, stream| {
            let _ = stream.write_all(&answer);
        })
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0u8; 4096];
    loop {
        let n = stream.read(&mut chunk).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|v| v.trim().to_owned()))
            .map_or(0, |v| v.parse().unwrap());
        if body.len() >= length {
            return Some(text);
        }
    }
}

/// An answer with a length and, by default, the right content type. It says that the connection ends with it, as the
/// servers here do: a client that is not told may ask the next thing on a connection that is being closed, and the
/// server would count one request less than was made.
pub fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let kind = if headers.to_lowercase().contains("content-type") { "" } else { "Content-Type: application/json\r\n" };
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{kind}{headers}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A ledger that takes everything, to get permits from.
struct TakesAll;

#[async_trait]
impl Ledger for TakesAll {
    async fn append(&self, draft: EventDraft) -> Result<Event, LedgerError> {
        Ok(Event { seq: 1, draft, hash: String::new() })
    }
    async fn append_all(&self, _: Vec<EventDraft>) -> Result<u64, LedgerError> {
        Ok(0)
    }
    async fn intents_of(&self, _: &HolderId) -> Result<Vec<IntentRecord>, LedgerError> {
        Ok(Vec::new())
    }
    async fn intent(&self, _: IntentId) -> Result<Option<IntentRecord>, LedgerError> {
        Ok(None)
    }
    async fn unfinished(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        Ok(Vec::new())
    }
    async fn waiting_retirements(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        Ok(Vec::new())
    }
    async fn half_done(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        Ok(Vec::new())
    }
    async fn late_watch(&self, _: Timestamp) -> Result<LateWatch, LedgerError> {
        Ok(LateWatch::default())
    }
    async fn operations(&self, _: &HistoryQuery) -> Result<Vec<Operation>, LedgerError> {
        Ok(Vec::new())
    }
    async fn claim(&self, _: &HolderId, _: &ProcessMark) -> Result<bool, LedgerError> {
        Ok(true)
    }
    async fn release(&self, _: &HolderId, _: &ProcessMark) -> Result<(), LedgerError> {
        Ok(())
    }
    async fn verify(&self) -> LedgerHealth {
        LedgerHealth::Verified { events: 0 }
    }
    fn health(&self) -> LedgerHealth {
        LedgerHealth::Verified { events: 0 }
    }
    fn console_id(&self) -> &'static str {
        "test"
    }
    async fn unsettled_tenants(&self) -> Result<Vec<TenantName>, LedgerError> {
        Ok(Vec::new())
    }
}

/// Leave to send a change.
fn fixed(key: &str) -> Arc<dyn Signature> {
    Arc::new(FixedKey::new(&Secret::new(key.to_owned())).unwrap())
}

pub async fn permit(change: &PreparedChange) -> Permit {
    let intent = IntentId(uuid::Uuid::from_u128(7));
    Permit::after_sending(&TakesAll, intent, 1, change, "op7", Timestamp::UNIX_EPOCH).await.unwrap()
}

pub fn short() -> Limits {
    Limits {
        per_second: None,
        connect: Duration::from_secs(1),
        total: Duration::from_secs(2),
        pause: Duration::from_millis(5),
        in_flight: 2,
    }
}

pub fn both(origin: &Origin) -> (Reads, Mutations) {
    let key = fixed("GGL-API-KEY CANARY-0000-7F3A");
    clients(origin, key, &Way::default(), short(), EmptySuccess::Applied).unwrap()
}

fn change() -> PreparedChange {
    PreparedChange {
        method: "PATCH",
        link: "/api/cardholders/7741".parse().unwrap(),
        body: br#"{"cards":{"remove":[]}}"#.to_vec(),
    }
}

async fn send_to(origin: &Origin) -> SendOutcome {
    let change = change();
    both(origin).1.send(permit(&change).await, &change, |_| Answered::default()).await
}

async fn read_from(server: &RawServer) -> Result<Json, ProviderError> {
    both(&server.origin).0.json(&"/api/x?name=Quill".parse().unwrap()).await
}

fn kind_of(outcome: &SendOutcome) -> (&'static str, Option<ProviderErrorKind>, Option<u16>) {
    match outcome {
        SendOutcome::Applied { status, .. } => ("applied", None, Some(*status)),
        SendOutcome::Rejected(e) => ("rejected", Some(e.kind.clone()), e.status),
        SendOutcome::NotSent(e) => ("not sent", Some(e.kind.clone()), e.status),
        SendOutcome::Unknown(e) => ("unknown", Some(e.kind.clone()), e.status),
    }
}

#[tokio::test]
async fn i4_every_status_of_a_change_has_one_meaning() {
    use ProviderErrorKind as K;
    let unknown = |s: u16| ("unknown", Some(K::OutcomeUnknown), Some(s));
    let rejected = |kind: K, s: u16| ("rejected", Some(kind), Some(s));
    for (status, expected) in [
        ("200 OK", ("applied", None, Some(200))),
        ("201 Created", ("applied", None, Some(201))),
        ("204 No Content", ("applied", None, Some(204))),
        ("301 Moved", unknown(301)),
        ("307 Temporary Redirect", unknown(307)),
        ("400 Bad Request", rejected(K::Invalid, 400)),
        ("401 Unauthorized", rejected(K::Unauthorised, 401)),
        ("403 Forbidden", rejected(K::Forbidden, 403)),
        ("404 Not Found", rejected(K::NotFound, 404)),
        ("405 Method Not Allowed", rejected(K::Invalid, 405)),
        ("408 Request Timeout", unknown(408)),
        ("409 Conflict", rejected(K::Conflict, 409)),
        ("418 Other", unknown(418)),
        ("422 Unprocessable", rejected(K::Invalid, 422)),
        ("429 Too Many Requests", rejected(K::RateLimited(Some(Duration::from_secs(1))), 429)),
        ("500 Internal Server Error", unknown(500)),
        ("502 Bad Gateway", unknown(502)),
        ("503 Service Unavailable", unknown(503)),
    ] {
        let server = RawServer::saying(answer(status, "Retry-After: 1\r\n", ""));
        assert_eq!(kind_of(&send_to(&server.origin).await), expected, "{status}");
        assert_eq!(server.count(), 1, "{status}: exactly one request on the wire");
    }
}

#[tokio::test]
async fn i22_a_redirect_of_a_change_goes_nowhere() {
    let other = RawServer::saying(answer("204 No Content", "", ""));
    let location = format!("Location: {}/api/cardholders/7741\r\n", other.origin);
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let server = RawServer::saying(answer(status, &location, ""));
        assert_eq!(kind_of(&send_to(&server.origin).await).0, "unknown", "{status}");
        assert_eq!(read_from(&server).await.unwrap_err().kind, ProviderErrorKind::Unreadable, "{status}");
    }
    assert_eq!(other.connections.load(Ordering::SeqCst), 0, "nothing, and no key, reached the other host");
}

#[tokio::test]
async fn i2_a_lost_answer_is_unknown_and_not_sent_again() {
    for (name, bytes) in [
        ("closed without a word", Vec::new()),
        ("cut inside the status line", b"HTTP/1.1 20".to_vec()),
        (
            "cut inside the body",
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{".to_vec(),
        ),
        ("not HTTP", b"220 mail.example ESMTP\r\n".to_vec()),
    ] {
        let server = RawServer::saying(bytes);
        assert_eq!(kind_of(&send_to(&server.origin).await).0, "unknown", "{name}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!((server.count(), server.connections.load(Ordering::SeqCst)), (1, 1), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_unknown_in_time() {
    let server = RawServer::start(|_, _| std::thread::sleep(Duration::from_secs(8)));
    let (outcome, read) = tokio::join!(send_to(&server.origin), read_from(&server));
    assert_eq!(kind_of(&outcome).0, "unknown");
    assert_eq!(read.unwrap_err().kind, ProviderErrorKind::Unavailable);
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn what_cannot_be_connected_was_not_sent() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = Origin::parse(&format!("http://{}", gone.local_addr().unwrap())).unwrap();
    drop(gone);
    let not_sent = ("not sent", Some(ProviderErrorKind::NotConnected), None);
    assert_eq!(kind_of(&send_to(&origin).await), not_sent);
    let error = both(&origin).0.json(&"/api".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::NotConnected);
    // A server without TLS, asked for TLS: the handshake fails before any byte of the request.
    let plain = RawServer::saying(answer("204 No Content", "", ""));
    let origin = Origin::parse(&plain.origin.to_string().replace("http:", "https:")).unwrap();
    let trust = Trust { pin: Some("00".repeat(32).parse().unwrap()), client: None };
    let key = fixed("GGL-API-KEY 7F3A");
    let (_, mutations) = clients(&origin, key, &trust.into(), short(), EmptySuccess::Applied).unwrap();
    let change = change();
    assert_eq!(kind_of(&mutations.send(permit(&change).await, &change, |_| Answered::default()).await), not_sent);
}

#[tokio::test]
async fn a_success_that_cannot_be_read_proves_nothing() {
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    for (headers, body, expected) in [
        ("", "{\"id\":\"7741\"}", "applied"),
        ("Content-Type: application/json; charset=utf-8\r\n", "{}", "applied"),
        ("", "{\"id\":", "unknown"),
        ("", deep.as_str(), "unknown"),
        ("Content-Type: text/html\r\n", "<p>portal</p>", "unknown"),
        ("Content-Encoding: gzip\r\n", "xx", "unknown"),
    ] {
        let server = RawServer::saying(answer("200 OK", headers, body));
        assert_eq!(kind_of(&send_to(&server.origin).await).0, expected, "{headers}{body}");
    }
}

#[tokio::test]
async fn the_request_is_what_the_contract_wants() {
    let server = RawServer::saying(answer("204 No Content", "Date: Mon, 02 Mar 2026 01:14:07 GMT\r\n", ""));
    let outcome = send_to(&server.origin).await;
    let SendOutcome::Applied { server_date: Some(date), .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(date.to_string(), "2026-03-02T01:14:07Z");
    let request = server.requests.lock().unwrap()[0].clone();
    let lower = request.to_lowercase();
    assert!(request.starts_with("PATCH /api/cardholders/7741 HTTP/1.1\r\n"), "{request}");
    assert!(lower.contains("\r\ncontent-type: application/json\r\n"), "no charset: {request}");
    assert!(request.contains("GGL-API-KEY CANARY-0000-7F3A\r\n"), "{request}");
    assert!(!lower.contains("referer") && !lower.contains("accept-encoding"), "{request}");
    assert!(request.ends_with("{\"cards\":{\"remove\":[]}}"), "{request}");
}

#[tokio::test]
async fn i2_a_permit_covers_one_request_only() {
    let server = RawServer::saying(answer("204 No Content", "", ""));
    let (_, mutations) = both(&server.origin);
    let mut other = change();
    let leave = permit(&other).await;
    other.body.push(b' ');
    assert_eq!(kind_of(&mutations.send(leave, &other, |_| Answered::default()).await).0, "not sent");
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_refused_key_is_not_tried_again_until_someone_asks() {
    let server = RawServer::saying(answer("401 Unauthorized", "", "{\"message\":\"bad\\u001b[2Jkey\"}"));
    let (reads, mutations) = both(&server.origin);
    let link: Link = "/api".parse().unwrap();
    let first = reads.json(&link).await.unwrap_err();
    assert_eq!((first.kind.clone(), first.said.as_str()), (ProviderErrorKind::Unauthorised, "bad<1B>[2Jkey"));
    assert_eq!(reads.json(&link).await.unwrap_err(), first);
    let change = change();
    let outcome = mutations.send(permit(&change).await, &change, |_| Answered::default()).await;
    assert_eq!(kind_of(&outcome), ("not sent", Some(ProviderErrorKind::Unauthorised), Some(401)));
    assert_eq!(server.count(), 1, "each refusal raises an alarm at the site");
    reads.try_key_again();
    assert!(reads.json(&link).await.is_err());
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn reads_are_repeated_where_that_helps_and_only_there() {
    use ProviderErrorKind as K;
    for (status, headers, kind, times) in [
        ("503 Service Unavailable", "", K::Unavailable, 4),
        ("502 Bad Gateway", "", K::Unavailable, 4),
        ("504 Gateway Timeout", "", K::Unavailable, 4),
        ("429 Too Many Requests", "Retry-After: 0\r\n", K::RateLimited(Some(Duration::ZERO)), 4),
        ("429 Too Many Requests", "Retry-After: 60\r\n", K::RateLimited(Some(Duration::from_mins(1))), 1),
        ("500 Internal Server Error", "", K::Unavailable, 1),
        ("401 Unauthorized", "", K::Unauthorised, 1),
        ("403 Forbidden", "", K::Forbidden, 1),
        ("404 Not Found", "", K::NotFound, 1),
        ("400 Bad Request", "", K::Invalid, 1),
    ] {
        let server = RawServer::saying(answer(status, headers, ""));
        assert_eq!(read_from(&server).await.unwrap_err().kind, kind, "{status}");
        assert_eq!(server.count(), times, "{status} {headers}");
    }
}

#[tokio::test]
async fn i23_what_cannot_be_read_is_an_error() {
    let deep = "[".repeat(10_000);
    let wide = format!("[{}0]", "0,".repeat(200_001));
    for (headers, body) in [
        ("", deep.as_str()),
        ("", wide.as_str()),
        ("", "{\"results\":"),
        ("", ""),
        ("Content-Type: text/html\r\n", "{}"),
        ("Content-Type: application/jsonx\r\n", "{}"),
    ] {
        let server = RawServer::saying(answer("200 OK", headers, body));
        assert_eq!(read_from(&server).await.unwrap_err().kind, ProviderErrorKind::Unreadable, "{headers}");
        assert_eq!(server.count(), 1);
    }
    let many = format!("X-Filler: {}\r\n", "a".repeat(1000)).repeat(70);
    let server = RawServer::saying(answer("200 OK", &many, "{}"));
    assert_eq!(read_from(&server).await.unwrap_err().kind, ProviderErrorKind::Unreadable);
    assert_eq!(kind_of(&send_to(&server.origin).await).0, "unknown");
}

#[tokio::test]
async fn i23_an_endless_body_is_cut_off() {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let server = RawServer::start(move |_, stream| {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", 1u64 << 30);
        let _ = stream.write_all(head.as_bytes());
        let block = vec![b' '; 1 << 16];
        for _ in 0..(1 << 30) / block.len() {
            if stream.write_all(&block).is_err() {
                return;
            }
            count.fetch_add(block.len(), Ordering::SeqCst);
        }
    });
    let error = read_from(&server).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::TooLarge);
    assert!(error.detail.as_str().contains("8 MiB"), "{error:?}");
    assert_eq!(kind_of(&send_to(&server.origin).await).0, "unknown");
    let taken = taken.load(Ordering::SeqCst);
    assert!(taken < 64 << 20, "{taken} bytes were taken");
}

/// A gzip stream that unpacks to more than 1 GiB of one character, written by hand: a literal, then matches of
/// length 258 at distance 1, each 13 bits (codes 11000101 and 00000), so that 8 of them fill 13 bytes.
fn gzip_bomb() -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false];
    // Literal ' ' (0x20): code 0x30 + 0x20, eight bits, highest first.
    bits.extend((0..8).rev().map(|i| (0x50u8 >> i) & 1 == 1));
    let one = [true, true, false, false, false, true, false, true, false, false, false, false, false];
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    while !bits.len().is_multiple_of(8) {
        bits.extend(one);
    }
    let pack = |bits: &[bool]| -> Vec<u8> {
        bits.chunks(8).map(|c| c.iter().enumerate().fold(0u8, |byte, (i, bit)| byte | (u8::from(*bit) << i))).collect()
    };
    out.extend(pack(&bits));
    let eight: Vec<bool> = one.repeat(8);
    out.extend(pack(&eight).repeat((1 << 30) / (8 * 258) + 1));
    out
}

#[tokio::test]
async fn i23_a_gzip_bomb_is_cut_off_after_decompression() {
    let bomb = gzip_bomb();
    assert!(bomb.len() < MAX_BODY, "small on the wire");
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    )
    .into_bytes();
    bytes.extend(bomb);
    let server = RawServer::saying(bytes);
    let error = read_from(&server).await.unwrap_err();
    assert!(error.detail.as_str().contains("8 MiB"), "{error:?}");
    assert_eq!(kind_of(&send_to(&server.origin).await).0, "unknown");
}

#[tokio::test]
async fn i24_neither_key_nor_question_stands_in_an_error() {
    for bytes in [Vec::new(), answer("500 x", "", ""), answer("200 OK", "", "{"), answer("401 x", "", "")] {
        let server = RawServer::saying(bytes);
        let text = format!("{:?} {:?}", read_from(&server).await.unwrap_err(), send_to(&server.origin).await);
        assert!(!text.contains("CANARY") && !text.contains("Quill"), "{text}");
    }
}

#[tokio::test]
async fn no_more_than_two_calls_are_in_flight() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, top) = (Arc::clone(&now), Arc::clone(&most));
    let server = RawServer::start(move |_, stream| {
        top.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(60));
        inside.fetch_sub(1, Ordering::SeqCst);
        let _ = stream.write_all(&answer("200 OK", "Connection: close\r\n", "{}"));
    });
    let (reads, mutations) = both(&server.origin);
    let (link, change): (Link, _) = ("/api".parse().unwrap(), change());
    let leave = permit(&change).await;
    let (a, b, c, sent) = tokio::join!(
        reads.json(&link),
        reads.json(&link),
        reads.json(&link),
        mutations.send(leave, &change, |_| Answered::default())
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok() && kind_of(&sent).0 == "applied");
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

/// A TLS server with a fresh self-signed certificate that says 204 to everything; gives its origin and pin.
async fn tls_server(signs_with_its_own_key: bool) -> (Origin, crate::domain::origin::Pin) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["some.other.name".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let pin = crate::domain::origin::Pin::of(certificate.der());
    let key = if signs_with_its_own_key { key } else { rcgen::KeyPair::generate().unwrap() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = provider
        .key_provider
        .load_private_key(rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap());
    // Built by hand, because the ordinary way refuses a key that does not fit its certificate.
    let certified = rustls::sign::CertifiedKey::new(vec![certificate.der().clone()], key.unwrap());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)));
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = Origin::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = stream.read(&mut [0u8; 4096]).await;
                let _ = stream.write_all(&answer("204 No Content", "Connection: close\r\n", "")).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (origin, pin)
}

#[tokio::test]
async fn a_change_goes_to_the_pinned_server_only() {
    let (origin, pin) = tls_server(true).await;
    let (impostor, impostors_pin) = tls_server(false).await;
    let distrusted = |why| ("not sent", Some(ProviderErrorKind::Untrusted(why)), None);
    let wrong = "00".repeat(32).parse().unwrap();
    for (name, origin, pin, expected) in [
        ("pinned", &origin, Some(pin), ("applied", None, Some(204))),
        ("another certificate", &origin, Some(wrong), distrusted("its certificate is not the pinned one")),
        (
            "right certificate, wrong key",
            &impostor,
            Some(impostors_pin),
            distrusted("it does not hold the key of the certificate that it shows"),
        ),
    ] {
        let trust = Trust { pin, client: None };
        let key = fixed("GGL-API-KEY 7F3A");
        let (_, mutations) = clients(origin, key, &trust.into(), short(), EmptySuccess::Applied).unwrap();
        let change = change();
        assert_eq!(
            kind_of(&mutations.send(permit(&change).await, &change, |_| Answered::default()).await),
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_changed_certificate_stops_all_work_and_is_no_outage() {
    let (origin, _) = tls_server(true).await;
    let trust = Trust { pin: Some("00".repeat(32).parse().unwrap()), client: None };
    let key = fixed("GGL-API-KEY 7F3A");
    let (reads, mutations) = clients(&origin, key, &trust.into(), short(), EmptySuccess::Applied).unwrap();
    let error = reads.json(&"/api".parse().unwrap()).await.unwrap_err();
    let untrusted = ProviderErrorKind::Untrusted("its certificate is not the pinned one");
    assert_eq!(error.kind, untrusted);
    let problem = error.problem(&"gall".parse().unwrap());
    assert_eq!(problem.kind.exit_code(), 6, "{problem}");
    assert!(problem.to_string().contains("not the pinned one"), "{problem}");
    assert!(reads.shared.paused.load(std::sync::atomic::Ordering::SeqCst));
    let change = change();
    let outcome = mutations.send(permit(&change).await, &change, |_| Answered::default()).await;
    assert_eq!(kind_of(&outcome), ("not sent", Some(untrusted), None));
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_an_outage() {
    let slow = RawServer::start(|_, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        for _ in 0..40 {
            if stream.write_all(b" ").and_then(|()| stream.flush()).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let error = read_from(&slow).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unavailable, "{error:?}");
}
