//! The control port: plain HTTP and JSON on loopback, for tests and trainers. The console never speaks to it.

use super::certificates::{Certificates, ShownCertificate};
use super::clock::wire_time;
use super::faults::{Fault, Release};
use super::front::Front;
use super::gallagher::foreign::ForeignWrite;
use super::gallagher::judge::{ClientChange, InvitationMove, WorldHandle};
use super::gallagher::wallet::WalletMove;
use super::server::Door;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const NO_SUCH: &str = "no such control; there are /world, /world/cardholders/ID, /log, /faults, /faults/held, \
    /faults/release, /listener, /clock, /foreign, /invitations, /wallet, /switches, /locks, /clients and /certificate; /SYSTEM/log, /faults, /listener for each system";

/// Faults, log and door of one vendor, below its name; those of Gallagher stand at the root as well.
pub fn front_routes(front: Arc<Front>) -> Router {
    Router::new()
        .route("/log", get(async |State(front): State<Arc<Front>>| Shown(json!(front.log().view()))))
        .route("/faults", get(faults).post(arm).delete(clear))
        .route("/faults/held", get(held))
        .route("/faults/release", post(release))
        .route("/listener", get(door).post(set_door))
        .with_state(front)
}

/// All routes of the control port that concern the world of people and Command Centre.
pub fn routes(world: WorldHandle) -> Router {
    let front = front_routes(Arc::clone(&world.0.front));
    Router::new()
        .route("/world", get(async |State(world): State<WorldHandle>| Shown(json!(world.counts()))))
        .route("/world/cardholders/{id}", get(cardholder))
        .route("/clock", get(clock).post(advance))
        .route("/foreign", post(foreign))
        .route("/invitations", post(invitation))
        .route("/wallet", post(wallet))
        .route("/switches", get(switches).post(set_switches))
        .route("/locks", post(lock))
        .route("/clients", post(client))
        .fallback(async || Wrong(404, NO_SUCH.into()))
        .with_state(world)
        .merge(front)
}

/// What the listeners show as their certificate; without TLS there is nothing to show.
pub fn certificate_routes(certificates: Option<Arc<Certificates>>) -> Router {
    Router::new().route("/certificate", get(certificate).post(show_certificate)).with_state(certificates)
}

async fn certificate(State(certificates): State<Option<Arc<Certificates>>>) -> Told {
    let made = certificates.ok_or_else(|| Wrong(404, "this simulator was started without TLS".into()))?;
    Ok(Shown(json!({ "shown": made.shown() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateWish {
    shown: ShownCertificate,
}

async fn show_certificate(certificates: State<Option<Arc<Certificates>>>, body: Bytes) -> Told {
    let wish: CertificateWish = read(&body)?;
    if let Some(made) = &certificates.0 {
        made.show(wish.shown);
    }
    certificate(certificates).await
}

struct Shown(Value);

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], Body::from(self.0.to_string())).into_response()
    }
}

struct Wrong(u16, String);

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Shown(json!({ "message": self.1 }))).into_response()
    }
}

type Told = Result<Shown, Wrong>;

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Wrong> {
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json).map_err(|e| Wrong(400, format!("at {}: {}", e.path(), e.inner())))
}

/// Refuses members that were not understood: a mistyped fault would otherwise strike differently than meant.
fn no_stray_words(sent: &Value, understood: &Value) -> Result<(), String> {
    let stray =
        sent.as_object().into_iter().flatten().map(|(name, _)| name).find(|name| understood.get(name).is_none());
    stray.map_or(Ok(()), |name| Err(format!("{name:?} means nothing for this kind of fault")))
}

fn bad(words: String) -> Wrong {
    Wrong(400, words)
}

async fn cardholder(State(world): State<WorldHandle>, Path(id): Path<String>) -> Told {
    let found = world.cardholder(&id).ok_or_else(|| Wrong(404, format!("no cardholder {id}")))?;
    Ok(Shown(json!(found)))
}

async fn faults(State(front): State<Arc<Front>>) -> Shown {
    Shown(json!({ "armed": front.faults.armed(), "held": front.faults.held() }))
}

async fn arm(State(front): State<Arc<Front>>, body: Bytes) -> Told {
    let fault = read::<Fault>(&body)?;
    no_stray_words(&read::<Value>(&body)?, &json!(fault)).map_err(bad)?;
    front.faults.arm(fault).map_err(bad)?;
    Ok(faults(State(front)).await)
}

async fn clear(State(front): State<Arc<Front>>) -> Shown {
    front.faults.clear();
    faults(State(front)).await
}

#[derive(Deserialize)]
struct HeldQuery {
    #[serde(default)]
    at_least: usize,
}

/// Waits up to 30 s (real) until so many requests are held.
async fn held(State(front): State<Arc<Front>>, Query(query): Query<HeldQuery>) -> Told {
    let wait = tokio::time::timeout(Duration::from_secs(30), front.faults.held_at_least(query.at_least));
    if wait.await.is_err() {
        return Err(Wrong(504, format!("only {} requests are held", front.faults.held().len())));
    }
    Ok(faults(State(front)).await)
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ReleaseWish {
    drop: bool,
}

async fn release(State(front): State<Arc<Front>>, body: Bytes) -> Told {
    let wish = if body.is_empty() { ReleaseWish::default() } else { read(&body)? };
    let released = front.faults.release(if wish.drop { Release::Drop } else { Release::GoOn });
    Ok(Shown(json!({ "released": released })))
}

async fn door(State(front): State<Arc<Front>>) -> Shown {
    Shown(json!({ "door": front.doors.door() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoorWish {
    door: Door,
}

async fn set_door(State(front): State<Arc<Front>>, body: Bytes) -> Told {
    front.doors.set(read::<DoorWish>(&body)?.door).await;
    Ok(door(State(front)).await)
}

async fn clock(State(world): State<WorldHandle>) -> Shown {
    Shown(json!({ "now": wire_time(world.now()) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockWish {
    advance_s: u32,
}

async fn advance(State(world): State<WorldHandle>, body: Bytes) -> Told {
    world.advance(read::<ClockWish>(&body)?.advance_s);
    Ok(clock(State(world)).await)
}

async fn foreign(State(world): State<WorldHandle>, body: Bytes) -> Told {
    let card = world.foreign(read::<ForeignWrite>(&body)?).map_err(bad)?;
    Ok(Shown(json!({ "card": card })))
}

async fn invitation(State(world): State<WorldHandle>, body: Bytes) -> Told {
    let wish: InvitationMove = read(&body)?;
    world.invitation(&wish).map_err(bad)?;
    cardholder(State(world), Path(wish.cardholder)).await
}

async fn wallet(State(world): State<WorldHandle>, body: Bytes) -> Told {
    let badge = world.wallet(&read::<WalletMove>(&body)?).map_err(bad)?;
    Ok(Shown(json!({ "badge": badge })))
}

async fn switches(State(world): State<WorldHandle>) -> Shown {
    Shown(json!(world.switches()))
}

async fn set_switches(State(world): State<WorldHandle>, body: Bytes) -> Told {
    let switches = world.change_switches(&read::<Value>(&body)?).map_err(bad)?;
    Ok(Shown(json!(switches)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LockWish {
    cardholder: String,
    locked: bool,
}

async fn lock(State(world): State<WorldHandle>, body: Bytes) -> Told {
    let wish: LockWish = read(&body)?;
    world.lock(&wish.cardholder, wish.locked).map_err(bad)?;
    Ok(Shown(json!({ "cardholder": wish.cardholder, "locked": wish.locked })))
}

async fn client(State(world): State<WorldHandle>, body: Bytes) -> Told {
    let client = world.change_client(&read::<ClientChange>(&body)?).map_err(bad)?;
    Ok(Shown(json!(client)))
}
