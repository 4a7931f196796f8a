//! This vendor's part of the control port, below `/accessgrid`: plain JSON for tests and trainers.

use super::foreign::ForeignAct;
use super::handle::{AccountChange, GridHandle};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The routes: the true passes, acts of others and of holders, switches, balance, throttle and accounts. Faults, log
/// and door are the front's.
pub fn control(handle: GridHandle) -> Router {
    Router::new()
        .route("/world", get(async |State(grid): State<GridHandle>| told(Ok(json!(grid.counts())))))
        .route("/passes/{id}", get(passes))
        .route("/employees/{id}", get(employee))
        .route("/foreign", post(foreign))
        .route("/switches", get(switches).post(set_switches))
        .route("/balance", post(balance))
        .route("/throttle", post(throttle))
        .route("/accounts", post(account))
        .with_state(handle)
}

fn told(answer: Result<Value, String>) -> Response {
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(words) => (StatusCode::BAD_REQUEST, json!({ "message": words })),
    };
    (status, [(CONTENT_TYPE, "application/json")], Body::from(body.to_string())).into_response()
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json).map_err(|e| format!("at {}: {}", e.path(), e.inner()))
}

async fn passes(State(grid): State<GridHandle>, Path(id): Path<String>) -> Response {
    told(Ok(json!(grid.passes(&id))))
}

async fn employee(State(grid): State<GridHandle>, Path(id): Path<String>) -> Response {
    told(Ok(json!(grid.passes_of(&id))))
}

async fn foreign(State(grid): State<GridHandle>, body: Bytes) -> Response {
    told(read::<ForeignAct>(&body).and_then(|act| grid.foreign(act)).map(|pass| json!({ "pass": pass })))
}

async fn switches(State(grid): State<GridHandle>) -> Response {
    told(Ok(json!(grid.switches())))
}

async fn set_switches(State(grid): State<GridHandle>, body: Bytes) -> Response {
    told(read::<Value>(&body).and_then(|changes| grid.change_switches(&changes)).map(|switches| json!(switches)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    cents: i64,
}

async fn balance(State(grid): State<GridHandle>, body: Bytes) -> Response {
    told(read::<Balance>(&body).map(|wish| {
        grid.set_balance(wish.cents);
        json!({ "cents": wish.cents })
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Throttle {
    calls: u32,
}

async fn throttle(State(grid): State<GridHandle>, body: Bytes) -> Response {
    told(read::<Throttle>(&body).map(|wish| {
        grid.throttle(wish.calls);
        json!({ "calls": wish.calls })
    }))
}

async fn account(State(grid): State<GridHandle>, body: Bytes) -> Response {
    let changed = read::<AccountChange>(&body).and_then(|change| grid.change_account(&change).map(|()| change));
    told(changed.map(|change| json!(change)))
}
