//! A whole answer, read within the bounds: as a document, or as the vendor's own words.

use super::super::bounds::{Excess, MAX_BODY, MAX_HEADERS, check_json};
use super::{Again, Failed, Json};
use crate::domain::ids::Link;
use crate::domain::text::SafeText;
use crate::ports::provider::{ProviderError, ProviderErrorKind};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use reqwest::Response;
use serde_json::Value;
use std::time::Duration;

/// A whole answer, read within the bounds.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) is_json: bool,
    pub(super) server_date: Option<Timestamp>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// Why an answer could not be read to its end.
pub(super) enum Broken {
    Excess(Excess),
    Encoding,
    Wire(reqwest::Error),
}

impl Broken {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Excess(e) => e.to_string(),
            Self::Encoding => "the answer is encoded in a way that was not asked for".into(),
            Self::Wire(e) => chain(e),
        }
    }

    pub(super) fn of_read(self, link: &Link) -> Failed {
        let text = lead(link, &self.text());
        match self {
            Self::Excess(Excess::Size) => Failed::no(ProviderErrorKind::TooLarge, &text),
            // A body that comes too slowly breaks off in the decoder too, but it is the server that does not answer.
            Self::Wire(e) if e.is_timeout() || !e.is_decode() => Failed::no(ProviderErrorKind::Unavailable, &text),
            _ => Failed::no(ProviderErrorKind::Unreadable, &text),
        }
    }
}

impl Answer {
    pub(super) async fn collect(mut response: Response) -> Result<Self, Broken> {
        let headers = response.headers().clone();
        let headers = &headers;
        if headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() > MAX_HEADERS {
            return Err(Broken::Excess(Excess::Headers));
        }
        let mut answer = Self {
            status: response.status(),
            headers: headers.clone(),
            is_json: header(headers, &CONTENT_TYPE).and_then(|v| v.split(';').next()).is_some_and(|v| {
                let kind = v.trim().to_ascii_lowercase();
                kind == "application/json" || kind.ends_with("+json")
            }),
            server_date: header(headers, &DATE)
                .and_then(|v| jiff::fmt::rfc2822::parse(v).ok())
                .map(|zoned| zoned.timestamp()),
            retry_after: header(headers, &RETRY_AFTER).and_then(|v| v.trim().parse().ok()).map(Duration::from_secs),
            body: Vec::new(),
        };
        // The decoder takes the header away with the encoding it undid.
        let still_encoded = header(headers, &CONTENT_ENCODING).is_some_and(|v| !v.eq_ignore_ascii_case("identity"));
        while let Some(chunk) = response.chunk().await.map_err(|e| Broken::Wire(e.without_url()))? {
            if still_encoded {
                return Err(Broken::Encoding);
            }
            if answer.body.len() + chunk.len() > MAX_BODY {
                return Err(Broken::Excess(Excess::Size));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    /// The vendor's own words (gallagher.md section 11, accessgrid.md section 3, thales-d1.md section 9,
    /// cardexchange.md section 2); for showing only, never for branching.
    pub(super) fn message(&self) -> SafeText {
        if check_json(&self.body).is_err() {
            return SafeText::default();
        }
        let Ok(said) = serde_json::from_slice::<Value>(&self.body) else { return SafeText::default() };
        SafeText::of(&words_of(&said).join(": "))
    }
}

/// The texts of an error body, what it is about first. Objects of parameters name each parameter.
fn words_of(said: &Value) -> Vec<String> {
    let mut words = Vec::new();
    for name in ["message", "errorCode", "error", "detail", "title"] {
        match said.get(name) {
            Some(Value::String(text)) if !text.is_empty() => words.push(text.clone()),
            Some(Value::Array(texts)) => words.extend(texts.iter().filter_map(Value::as_str).map(str::to_owned)),
            _ => {}
        }
        // A title only repeats what a detail says.
        if name == "detail" && !words.is_empty() {
            break;
        }
    }
    for (parameter, problem) in said.get("errors").and_then(Value::as_object).into_iter().flatten().take(4) {
        let texts = match problem {
            Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        words.push(if parameter.is_empty() { texts } else { format!("{parameter}: {texts}") });
    }
    words
}

fn header<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Technical text with the path it concerns, without the query: that may hold a person's name.
pub(super) fn lead(link: &Link, why: &str) -> String {
    let path = link.as_str().split('?').next().unwrap_or_default();
    format!("{path}: {why}")
}

/// An error with all its causes.
pub(in super::super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A success as a document.
pub(super) fn json(link: &Link, answer: Answer) -> Result<Json, Failed> {
    let unreadable = |why: &str| {
        let mut error = ProviderError::new(ProviderErrorKind::Unreadable, lead(link, why));
        error.status = Some(answer.status.as_u16());
        Failed { error, again: Again::No }
    };
    if !answer.is_json {
        return Err(unreadable("the answer is not marked as JSON"));
    }
    check_json(&answer.body).map_err(|e| unreadable(&e.to_string()))?;
    let value = serde_json::from_slice(&answer.body)
        .map_err(|e| unreadable(&format!("the answer is not JSON (line {}, column {})", e.line(), e.column())))?;
    Ok(Json { value, server_date: answer.server_date, headers: answer.headers })
}
