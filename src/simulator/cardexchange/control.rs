//! The tenant's part of the control port: plain HTTP and JSON on loopback, for tests and trainers.

use super::handle::ExchangeHandle;
use super::ids::DataMode;
use super::others::Interference;
use crate::simulator::Author;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Routes to nest under the system's name. `MODE` is `test` or `live`.
pub fn control(handle: ExchangeHandle) -> Router {
    Router::new()
        .route("/switches", get(switches).post(set_switches))
        .route("/others", post(others))
        .route("/expiry", post(expiry))
        .route("/keys", get(async |State(handle): State<ExchangeHandle>| told(json!(handle.keys()))).post(set_key))
        .route("/world/{mode}", get(world))
        .route("/world/{mode}/deeds", get(deeds))
        .route("/world/{mode}/{resource}/{id}", get(object))
        .with_state(handle)
}

fn told(value: Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn wrong(status: StatusCode, words: &str) -> Response {
    (status, told(json!({ "message": words }))).into_response()
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Response> {
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json)
        .map_err(|e| wrong(StatusCode::BAD_REQUEST, &format!("at {}: {}", e.path(), e.inner())))
}

async fn switches(State(handle): State<ExchangeHandle>) -> Response {
    told(json!(handle.switches()))
}

async fn set_switches(State(handle): State<ExchangeHandle>, body: Bytes) -> Response {
    let changed = read::<Value>(&body).map(|changes| handle.change_switches(&changes));
    match changed {
        Ok(Ok(switches)) => told(json!(switches)),
        Ok(Err(why)) => wrong(StatusCode::BAD_REQUEST, &why),
        Err(response) => response,
    }
}

/// Somebody else's act, now or at a moment.
async fn others(State(handle): State<ExchangeHandle>, body: Bytes) -> Response {
    let wish: Interference = match read(&body) {
        Ok(wish) => wish,
        Err(response) => return response,
    };
    let handle = handle.of(wish.mode);
    match wish.when {
        Some(moment) => {
            handle.act_at(wish.what, moment);
            told(json!({ "waiting": true }))
        }
        None => match handle.act(&wish.what) {
            Ok(id) => told(json!({ "id": id })),
            Err(why) => wrong(StatusCode::BAD_REQUEST, &why),
        },
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpiryWish {
    mode: DataMode,
    now: Timestamp,
}

async fn expiry(State(handle): State<ExchangeHandle>, body: Bytes) -> Response {
    match read::<ExpiryWish>(&body) {
        Ok(wish) => told(json!({ "expired": handle.of(wish.mode).run_expiry(wish.now) })),
        Err(response) => response,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyWish {
    mode: DataMode,
    console: bool,
    disabled: bool,
}

async fn set_key(State(handle): State<ExchangeHandle>, body: Bytes) -> Response {
    match read::<KeyWish>(&body) {
        Ok(wish) => {
            let author = if wish.console { Author::Console } else { Author::Foreign };
            handle.of(wish.mode).disable_key(author, wish.disabled);
            told(json!(handle.keys()))
        }
        Err(response) => response,
    }
}

async fn world(State(handle): State<ExchangeHandle>, Path(mode): Path<DataMode>) -> Response {
    let handle = handle.of(mode);
    told(json!({ "persons": handle.persons(), "cards": handle.cards_by_status() }))
}

async fn deeds(State(handle): State<ExchangeHandle>, Path(mode): Path<DataMode>) -> Response {
    told(json!(handle.of(mode).deeds()))
}

async fn object(
    State(handle): State<ExchangeHandle>,
    Path((mode, resource, id)): Path<(DataMode, String, String)>,
) -> Response {
    let found = handle.of(mode).shown(&resource, &id);
    found.map_or_else(|| wrong(StatusCode::NOT_FOUND, "no such object"), told)
}
