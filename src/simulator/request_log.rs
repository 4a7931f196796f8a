//! What the simulated server received, in order: the judge of how often something was really sent.

use super::digest::sha256_hex;
use crate::simulator::Author;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::VecDeque;

/// Requests that are kept; older ones are only counted.
const KEPT: usize = 100_000;

/// How a request ended on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Still being handled, held or hanging.
    Open,
    /// An answer went out.
    Answered,
    /// The connection was closed without one.
    Dropped,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Number, from 1.
    pub request: u64,
    /// When it was received (virtual time).
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// SHA-256 of the body, hex; empty without a body.
    pub body_sha256: String,
    /// Status that was answered.
    pub status: Option<u16>,
    /// True if the world was changed by it.
    pub applied: bool,
    /// Whose key it carried, if a valid one.
    pub by: Option<Author>,
    /// How it ended.
    pub ending: Ending,
}

/// The log.
#[derive(Debug, Default)]
pub struct RequestLog {
    rows: VecDeque<LoggedRequest>,
    received: u64,
    patches: u64,
    applied_patches: u64,
}

/// The log as the control port shows it.
#[derive(Clone, Debug, Serialize)]
pub struct LogView {
    /// Requests received in all.
    pub received: u64,
    /// PATCH requests received in all.
    pub patches: u64,
    /// Those of them that changed the world.
    pub applied_patches: u64,
    /// The newest requests, oldest first.
    pub requests: Vec<LoggedRequest>,
}

impl RequestLog {
    /// Notes a request that has just come in whole; returns its number.
    pub(super) fn open(&mut self, at: Timestamp, method: &str, path: &str, body: &[u8]) -> u64 {
        self.received += 1;
        self.patches += u64::from(method == "PATCH");
        if self.rows.len() == KEPT {
            self.rows.pop_front();
        }
        let body_sha256 = match body {
            [] => String::new(),
            body => sha256_hex(body),
        };
        self.rows.push_back(LoggedRequest {
            request: self.received,
            at,
            method: method.to_owned(),
            path: path.to_owned(),
            body_sha256,
            status: None,
            applied: false,
            by: None,
            ending: Ending::Open,
        });
        self.received
    }

    fn row(&mut self, request: u64) -> Option<&mut LoggedRequest> {
        let first = self.received.saturating_sub(self.rows.len() as u64) + 1;
        self.rows.get_mut(usize::try_from(request.checked_sub(first)?).ok()?)
    }

    /// Notes what handling it did.
    pub(super) fn handled(&mut self, request: u64, applied: bool, by: Option<Author>) {
        let mut patch = false;
        if let Some(row) = self.row(request) {
            (row.applied, row.by) = (applied, by);
            patch = applied && row.method == "PATCH";
        }
        self.applied_patches += u64::from(patch);
    }

    /// Notes how it ended.
    pub(super) fn close(&mut self, request: u64, status: Option<u16>) {
        if let Some(row) = self.row(request) {
            row.status = status;
            row.ending = if status.is_some() { Ending::Answered } else { Ending::Dropped };
        }
    }

    /// Everything that is kept, and the counts.
    pub fn view(&self) -> LogView {
        LogView {
            received: self.received,
            patches: self.patches,
            applied_patches: self.applied_patches,
            requests: self.rows.iter().cloned().collect(),
        }
    }
}
