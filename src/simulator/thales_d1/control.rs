//! This vendor's part of the control port.

use super::handle::{D1Handle, ForeignAct, NewPhone};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Consumers as they are, other people's acts, phones, switches, notifications and the directory.
pub fn control(handle: D1Handle) -> Router {
    Router::new()
        .route("/consumers/{id}", get(consumer))
        .route("/directory", get(async |State(d1): State<D1Handle>| told(Ok(json!(d1.directory())))))
        .route("/notifications", get(async |State(d1): State<D1Handle>| told(Ok(json!(d1.notices())))))
        .route("/foreign", post(foreign))
        .route("/phones", post(phone))
        .route("/switches", get(switches).post(set_switches))
        .with_state(handle)
}

fn told(answer: Result<Value, (u16, String)>) -> Response {
    let (status, body) = match answer {
        Ok(value) => (200, value),
        Err((status, words)) => (status, json!({ "message": words })),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, [(CONTENT_TYPE, "application/json")], Body::from(body.to_string())).into_response()
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, (u16, String)> {
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json).map_err(|e| (400, format!("at {}: {}", e.path(), e.inner())))
}

async fn consumer(State(d1): State<D1Handle>, Path(id): Path<String>) -> Response {
    told(d1.consumer(&id).map(|consumer| json!(consumer)).ok_or_else(|| (404, format!("no consumer {id}"))))
}

async fn foreign(State(d1): State<D1Handle>, body: Bytes) -> Response {
    let done = read::<ForeignAct>(&body).and_then(|wish| d1.foreign(&wish).map_err(|words| (400, words)));
    told(done.map(|operation| json!(operation)))
}

async fn phone(State(d1): State<D1Handle>, body: Bytes) -> Response {
    let made = read::<NewPhone>(&body).and_then(|wish| d1.new_phone(&wish).map_err(|words| (400, words)));
    told(made.map(|id| json!({ "digital_card": id })))
}

async fn switches(State(d1): State<D1Handle>) -> Response {
    told(Ok(json!(d1.switches())))
}

async fn set_switches(State(d1): State<D1Handle>, body: Bytes) -> Response {
    let changed = read::<Value>(&body).and_then(|new| d1.change_switches(&new).map_err(|words| (400, words)));
    told(changed.map(|switches| json!(switches)))
}
