//! Answers and refusals as the server words them (contract section 11).

use crate::simulator::Author;
use crate::simulator::pipeline::Handled;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderName, LOCATION};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// A success.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    body: Option<(&'static str, Vec<u8>)>,
    location: Option<String>,
    handled: Handled,
}

impl Answer {
    /// 200 with an object.
    pub fn of(by: Author, body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body: Some(("application/json", body.to_string().into_bytes())),
            location: None,
            handled: Handled { by: Some(by), applied: false },
        }
    }

    /// 200 with a picture.
    pub fn image(by: Author, bytes: Vec<u8>) -> Self {
        Self { body: Some(("image/jpeg", bytes)), ..Self::done(by).changing(false) }.with_status(StatusCode::OK)
    }

    fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// 204 without a body: it was done.
    pub fn done(by: Author) -> Self {
        let handled = Handled { by: Some(by), applied: true };
        Self { status: StatusCode::NO_CONTENT, body: None, location: None, handled }
    }

    /// 200 with an object: it was done.
    pub fn done_with(by: Author, body: Value) -> Self {
        Self { handled: Handled { by: Some(by), applied: true }, ..Self::of(by, body) }
    }

    /// Notes whether the world really changed: a body may ask for nothing new.
    #[must_use]
    pub fn changing(mut self, applied: bool) -> Self {
        self.handled.applied = applied;
        self
    }

    /// 201 without a body: it was made.
    pub fn created(by: Author, location: String) -> Self {
        Self { status: StatusCode::CREATED, location: Some(location), ..Self::done(by) }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        if let Some((media_type, body)) = self.body {
            *response.body_mut() = Body::from(body);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        if let Some(location) = self.location.and_then(|l| HeaderValue::try_from(l).ok()) {
            response.headers_mut().insert(LOCATION, location);
        }
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self.handled);
        response
    }
}

/// A refusal: nothing was done.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    message: Option<String>,
    header: Option<(&'static str, &'static str)>,
    by: Option<Author>,
}

impl Refusal {
    /// A refusal with its status and the vendor's words.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: Some(message.into()), header: None, by: None }
    }

    /// 400.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// 404: absent, or invisible to the operator.
    pub fn not_found() -> Self {
        Self::new(404, "The requested item could not be found")
    }

    /// 403: the operator may not write.
    pub fn forbidden() -> Self {
        Self::new(403, "The operator does not have the privilege for this")
    }

    /// Leaves the body out, as the gateway does.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.message = None;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// Notes whose request it was.
    #[must_use]
    pub fn to(mut self, by: Author) -> Self {
        self.by = Some(by);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        if let Some(message) = self.message {
            *response.body_mut() = Body::from(json!({ "message": message }).to_string());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        response.extensions_mut().insert(Handled { by: self.by, applied: false });
        response
    }
}

/// What a route gives back.
pub type Reply = Result<Answer, Refusal>;
