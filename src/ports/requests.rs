//! What was asked of the systems in this run: every request with its answer's status, without anything secret or
//! personal. It lives in memory, is read by people who look for what went wrong, and nothing rests on it.

use super::clock::Clock;
use crate::domain::ids::TenantName;
use crate::domain::text::SafeText;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Requests that are remembered.
const KEPT: usize = 500;

/// Query parameters whose values say how much was asked for, and of which kind; any other may name a person.
const HARMLESS: [&str; 16] = [
    "top", "skip", "page", "per_page", "perpage", "limit", "offset", "pagesize", "size", "sort", "order", "fields",
    "type", "state", "status", "include",
];

/// One request, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestLine {
    /// When it set out (UTC).
    pub at: Timestamp,
    /// To whom.
    pub tenant: TenantName,
    /// `GET`, `PATCH` and so on.
    pub method: SafeText,
    /// Path, and its query with values that may name a person left out.
    pub path: SafeText,
    /// Bytes of its body.
    pub sent: usize,
    /// Status of the answer; `None`: there was none.
    pub status: Option<u16>,
    /// Until the answer's head, or until there was none.
    pub took: Duration,
    /// Why there was no answer, or empty.
    pub problem: SafeText,
    /// The random id by which the vendor can find it in its own log, or empty (thales-d1.md section 2).
    pub correlation: SafeText,
}

impl RequestLine {
    /// Path and query as they are remembered.
    pub fn place(path: &str, query: Option<&str>) -> SafeText {
        let Some(query) = query else { return SafeText::of(path) };
        let shown: Vec<String> = query
            .split('&')
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let harmless = HARMLESS.contains(&name.to_lowercase().as_str());
                if harmless { format!("{name}={value}") } else { format!("{name}=..") }
            })
            .collect();
        SafeText::of(&format!("{path}?{}", shown.join("&")))
    }
}

/// The requests of this run, the newest few hundred.
pub struct RequestLog {
    clock: Arc<dyn Clock>,
    lines: Mutex<VecDeque<RequestLine>>,
}

impl std::fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestLog(..)")
    }
}

impl RequestLog {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, lines: Mutex::default() }
    }

    /// The clock of its lines.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Remembers one; the oldest makes room.
    pub fn note(&self, line: RequestLine) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The newest, so many at most, newest first.
    pub fn newest(&self, limit: usize) -> Vec<RequestLine> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().rev().take(limit).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_nobody() {
        let place = |query| RequestLine::place("/api/cardholders", Some(query)).to_string();
        assert_eq!(place("top=100&name=%22Jane%22&sort=id"), "/api/cardholders?top=100&name=..&sort=id");
        assert_eq!(place("sig_payload=eyJ&email"), "/api/cardholders?sig_payload=..&email=..");
        assert_eq!(RequestLine::place("/api\u{1b}", None).as_str(), "/api<1B>");
    }
}
