//! Answers and refusals as the vendor forms them (contract section 3): always JSON, but for 204.

use super::switches::ErrorForm;
use crate::simulator::Author;
use crate::simulator::pipeline::Handled;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// A success.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    body: Value,
    handled: Handled,
}

impl Answer {
    /// 200: something was read.
    pub fn read(by: Author, body: Value) -> Self {
        Self { status: 200, body, handled: Handled { by: Some(by), applied: false } }
    }

    /// 204 without a body: something is gone.
    pub fn gone(by: Author) -> Self {
        Self::done(by, 204, Value::Null, true)
    }

    /// Something was asked for, and perhaps changed.
    pub fn done(by: Author, status: u16, body: Value, applied: bool) -> Self {
        Self { status, body, handled: Handled { by: Some(by), applied } }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        respond(self.status, &self.body, self.handled)
    }
}

fn respond(status: u16, body: &Value, handled: Handled) -> Response {
    let body = if status == 204 { Body::empty() } else { Body::from(body.to_string()) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.extensions_mut().insert(handled);
    response
}

/// A refusal: nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    message: String,
    form: ErrorForm,
    retry_after: bool,
    by: Option<Author>,
}

impl Refusal {
    /// A refusal with its status and the vendor's words.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        let (form, message) = (ErrorForm::default(), message.into());
        Self { status, message, form, retry_after: false, by: None }
    }

    /// 422: what was sent is wrong, or not possible now.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(422, message)
    }

    /// 404.
    pub fn not_found(what: &str) -> Self {
        Self::new(404, format!("{what} not found"))
    }

    /// Notes whose request it was, and in which form the account gets its errors.
    #[must_use]
    pub fn to(mut self, by: Author, form: ErrorForm) -> Self {
        (self.by, self.form) = (Some(by), form);
        self
    }

    /// Adds `Retry-After: 1`.
    #[must_use]
    pub fn with_retry_after(mut self, says: bool) -> Self {
        self.retry_after = says;
        self
    }
}

/// The body of an error.
pub fn error_body(message: &str, form: ErrorForm) -> Value {
    match form {
        ErrorForm::Message => json!({ "status": "error", "message": message }),
        ErrorForm::List => json!({ "status": "error", "message": [message, "see the documentation"] }),
        ErrorForm::ErrorKey => json!({ "error": message, "request_id": "req_5f0c" }),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let handled = Handled { by: self.by, applied: false };
        let mut response = respond(self.status, &error_body(&self.message, self.form), handled);
        if self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// What a route gives back.
pub type Reply = Result<Answer, Refusal>;
