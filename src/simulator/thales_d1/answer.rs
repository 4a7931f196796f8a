//! Answers and refusals as the server words them (contract section 9).

use super::switches::{ErrorBody, Switches};
use crate::simulator::Author;
use crate::simulator::pipeline::Handled;
use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// What a route gives back.
pub type Reply = Result<Answer, Refusal>;

/// A success.
#[derive(Debug)]
pub struct Answer {
    /// JSON, or nothing: then the status is 204.
    pub body: Option<Value>,
    /// Whether the world was changed by it.
    pub applied: bool,
}

impl Answer {
    /// Something was read.
    pub fn read(body: Value) -> Self {
        Self { body: Some(body), applied: false }
    }

    /// Something was done; nothing is said about it.
    pub fn done() -> Self {
        Self { body: None, applied: true }
    }

    /// Something was done.
    pub fn done_with(body: Value) -> Self {
        Self { body: Some(body), applied: true }
    }
}

/// A refusal: nothing was done.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    code: Option<&'static str>,
    words: String,
}

impl Refusal {
    /// 400: the first bad field does not have the form that it must have.
    pub fn format(field: &str) -> Self {
        Self { status: 400, code: Some("FIELD_INVALID_FORMAT"), words: field.to_owned() }
    }

    /// 400: the first bad field has a value that is not one of those allowed.
    pub fn value(field: &str) -> Self {
        Self { status: 400, code: Some("FIELD_INVALID_VALUE"), words: field.to_owned() }
    }

    /// 400: the body is no JSON object.
    pub fn unparsed() -> Self {
        Self { status: 400, code: Some("PARSING_ERROR"), words: "Request body cannot be parsed".into() }
    }

    /// 401.
    pub fn unauthorised(switches: &Switches) -> Self {
        let code = switches.unauthorised_code.then_some("AUTHORIZER_UNAUTHORIZED");
        Self { status: 401, code, words: "Unauthorized".into() }
    }

    /// 403: the state or the reason code forbids it.
    pub fn forbidden(words: impl Into<String>) -> Self {
        Self { status: 403, code: Some("OPERATION_NOT_ALLOWED"), words: words.into() }
    }

    /// 404: an id that is not known.
    pub fn not_found(what: &str) -> Self {
        Self { status: 404, code: Some("RESOURCE_NOT_FOUND"), words: format!("Unknown {what}") }
    }

    /// A path that is served by nobody.
    pub fn no_route(status: u16) -> Self {
        Self { status, code: None, words: "No such API".into() }
    }
}

/// An error's content type and body in the vendor's form.
pub fn error_body(form: ErrorBody, code: Option<&str>, words: &str) -> (&'static str, String) {
    let mut body = json!({});
    if let (Some(code), true) = (code, form != ErrorBody::TextOnly) {
        body["errorCode"] = code.into();
    }
    if form != ErrorBody::CodeOnly {
        body["error"] = words.into();
    }
    match form {
        ErrorBody::Empty => ("application/json", String::new()),
        ErrorBody::Html => ("text/html", "<html><body><h1>Request refused</h1></body></html>".to_owned()),
        _ => ("application/json", body.to_string()),
    }
}

/// A reply as it goes over the wire.
pub fn into_response(reply: Reply, by: Option<Author>, form: ErrorBody) -> Response {
    let (status, content_type, text, applied) = match reply {
        Ok(Answer { body: Some(body), applied }) => (200, "application/json", body.to_string(), applied),
        Ok(Answer { body: None, applied }) => (204, "", String::new(), applied),
        Err(refusal) => {
            let (content_type, text) = error_body(form, refusal.code, &refusal.words);
            (refusal.status, content_type, text, false)
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    if !content_type.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response.extensions_mut().insert(Handled { by, applied });
    response
}
