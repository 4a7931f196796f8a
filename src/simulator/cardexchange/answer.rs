//! Answers, and refusals as problem bodies (contract section 2).

use super::switches::{ErrorEntries, ProblemBody, Switches};
use crate::simulator::Author;
use crate::simulator::pipeline::Handled;
use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A success.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, if it has one.
    pub body: Option<Value>,
    /// Further headers.
    pub headers: Vec<(HeaderName, String)>,
    /// Whether something changed.
    pub applied: bool,
}

impl Answer {
    /// 200 with a document.
    pub fn of(body: Value) -> Self {
        Self { status: 200, body: Some(body), headers: Vec::new(), applied: false }
    }

    /// As it goes over the wire.
    pub fn response(self, by: Author) -> Response {
        let mut response = Response::new(Body::empty());
        if let Some(body) = self.body {
            *response.body_mut() = Body::from(body.to_string());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        response.extensions_mut().insert(Handled { by: Some(by), applied: self.applied });
        response
    }
}

/// A refusal: nothing was done.
#[derive(Debug, Default)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    title: &'static str,
    detail: String,
    errors: BTreeMap<String, Vec<String>>,
    header: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), ..Self::default() }
    }

    /// 400 because of one parameter; `""` when it is about none.
    pub fn parameter(name: &str, why: impl Into<String>) -> Self {
        Self::parameters(BTreeMap::from([(name.to_owned(), vec![why.into()])]))
    }

    /// 400 because of some parameters.
    pub fn parameters(errors: BTreeMap<String, Vec<String>>) -> Self {
        let detail = match errors.len() {
            1 => "One parameter is not valid.".to_owned(),
            many => format!("{many} parameters are not valid."),
        };
        Self { errors, ..Self::new(400, "Validation failed", detail) }
    }

    /// 400: the body is no JSON object.
    pub fn malformed() -> Self {
        Self::new(400, "Malformed request", "The body is not a JSON object.")
    }

    /// 401.
    pub fn unauthorised() -> Self {
        let header = Some((http::header::WWW_AUTHENTICATE, "Basic"));
        Self { header, ..Self::new(401, "Unauthorized", "The API key is missing or not valid.") }
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(404, "Not found", "There is no object with this identifier.")
    }

    /// 405, with what is possible instead.
    pub fn method(allow: &'static str) -> Self {
        let header = Some((http::header::ALLOW, allow));
        Self { header, ..Self::new(405, "Method not allowed", "This operation does not exist.") }
    }

    /// 415.
    pub fn content_type() -> Self {
        Self::new(415, "Unsupported media type", "Requests must be sent as application/json.")
    }

    /// As it goes over the wire.
    pub fn response(self, by: Option<Author>, switches: &Switches) -> Response {
        let errors: Map<String, Value> = self
            .errors
            .into_iter()
            .map(|(name, why)| {
                let why = match switches.error_entries {
                    ErrorEntries::Array => json!(why),
                    ErrorEntries::Text => json!(why.join(" ")),
                    ErrorEntries::Object => json!({ "message": why.join(" ") }),
                };
                (name, why)
            })
            .collect();
        let problem = json!({ "title": self.title, "status": self.status, "detail": self.detail, "errors": errors });
        let (content_type, text) = match switches.problem_body {
            ProblemBody::Problem => ("application/problem+json", problem.to_string()),
            ProblemBody::PlainJson => ("application/json", problem.to_string()),
            ProblemBody::Html => ("text/html", format!("<html><body><h1>{}</h1></body></html>", self.title)),
            ProblemBody::Empty => ("", String::new()),
        };
        let mut response = Response::new(Body::from(text));
        if !content_type.is_empty() {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        response.extensions_mut().insert(Handled { by, applied: false });
        response
    }
}

/// What a route gives back.
pub type Reply = Result<Answer, Refusal>;
