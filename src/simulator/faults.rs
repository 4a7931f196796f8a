//! Faults that the simulated network or server shows on demand (decision 29), and what is waiting in them.

use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{oneshot, watch};

/// Which requests a fault is for. Left out: all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultMatch {
    /// HTTP method, upper case.
    pub method: Option<String>,
    /// Beginning of the path.
    pub path: Option<String>,
}

/// What goes wrong. "Before" means that the request has no effect, "after" that it has its whole effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The answer comes late.
    Latency {
        /// Milliseconds (real).
        ms: u64,
    },
    /// Another status instead of doing it, such as 429 or 503.
    StatusBefore {
        /// HTTP status.
        status: u16,
        /// `Retry-After` header, seconds.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// Another status although it was done.
    StatusAfter {
        /// HTTP status.
        status: u16,
        /// `Retry-After` header, seconds.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// The connection is closed without an answer; nothing was done.
    DropBefore,
    /// The connection is closed without an answer; it was done.
    DropAfter,
    /// It was done; the answer is a success whose JSON breaks off.
    BrokenJson,
    /// The answer's body trickles.
    SlowBody {
        /// Bytes a second (real).
        bytes_per_s: u64,
    },
    /// The answer's body is valid JSON of so many bytes.
    HugeBody {
        /// Bytes.
        bytes: u64,
    },
    /// Never an answer; nothing was done.
    Hang,
    /// Never an answer; it was done.
    HangAfter,
    /// Waits until it is released. Held before it is done, it may be released with or without doing it.
    Hold {
        /// True: done at once, only the answer is held.
        #[serde(default)]
        applied: bool,
    },
    /// Done and answered; but before the answer leaves, the listener closes, so that the next connection is
    /// refused until it is opened again.
    CloseListener,
}

/// A fault to be armed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// For which requests.
    #[serde(default, rename = "match")]
    pub on: FaultMatch,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// So many matching requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// It strikes so often; 0: until cleared. Left out: once.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault that strikes the next request of a method once.
    pub fn once(method: &str, kind: FaultKind) -> Self {
        let on = FaultMatch { method: Some(method.to_owned()), path: None };
        Self { on, kind, skip: 0, times: 1 }
    }

    /// Why it cannot be armed, if it cannot.
    pub fn defect(&self) -> Option<String> {
        match &self.kind {
            FaultKind::StatusBefore { status, .. } | FaultKind::StatusAfter { status, .. }
                if !(200..=599).contains(status) =>
            {
                Some(format!("status must be 200 to 599, not {status}"))
            }
            FaultKind::SlowBody { bytes_per_s: 0 } => Some("bytes_per_s must be at least 1".into()),
            _ => self
                .on
                .method
                .as_ref()
                .filter(|m| m.to_uppercase() != **m)
                .map(|m| format!("the method must be written in capitals, not {m:?}")),
        }
    }
}

/// How a held request goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// As if nothing had happened.
    GoOn,
    /// The connection is closed; what was not done stays undone.
    Drop,
}

/// A request that is being held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldRequest {
    /// Its number in the log.
    pub request: u64,
    /// Whether it was done already.
    pub applied: bool,
}

/// All armed faults and all held requests.
#[derive(Debug)]
pub struct FaultBoard {
    armed: Mutex<Vec<Fault>>,
    held: Mutex<Vec<(HeldRequest, oneshot::Sender<Release>)>>,
    held_count: watch::Sender<usize>,
}

impl Default for FaultBoard {
    fn default() -> Self {
        Self { armed: Mutex::default(), held: Mutex::default(), held_count: watch::Sender::new(0) }
    }
}

impl FaultBoard {
    /// Arms a fault; faults strike in the order in which they were armed.
    ///
    /// # Errors
    /// One sentence, if it makes no sense.
    pub fn arm(&self, fault: Fault) -> Result<(), String> {
        if let Some(defect) = fault.defect() {
            return Err(defect);
        }
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
        Ok(())
    }

    /// Disarms all; what is held stays held.
    pub fn clear(&self) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What is armed.
    pub fn armed(&self) -> Vec<Fault> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is held, oldest first.
    pub fn held(&self) -> Vec<HeldRequest> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(h, _)| h.clone()).collect()
    }

    /// Waits until at least so many requests are held.
    pub async fn held_at_least(&self, count: usize) {
        let mut watcher = self.held_count.subscribe();
        // The sender lives as long as the board, so this only ends with the count.
        let _ = watcher.wait_for(|held| *held >= count).await;
    }

    /// Lets all held requests go on; returns how many.
    pub fn release(&self, how: Release) -> usize {
        let held = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        self.held_count.send_replace(0);
        held.into_iter().filter_map(|(_, go)| go.send(how).ok()).count()
    }

    /// What strikes this request: all delays together, and the first of everything else.
    pub(super) fn strike(&self, method: &str, path: &str) -> (u64, Option<FaultKind>) {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut delay, mut struck) = (0_u64, None);
        armed.retain_mut(|fault| {
            let on = &fault.on;
            let meant = on.method.as_ref().is_none_or(|m| m == method)
                && on.path.as_ref().is_none_or(|p| path.starts_with(p.as_str()));
            let late = matches!(fault.kind, FaultKind::Latency { .. });
            if !meant || (!late && struck.is_some()) {
                return true;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                return true;
            }
            match &fault.kind {
                FaultKind::Latency { ms } => delay = delay.saturating_add(*ms),
                kind => struck = Some(kind.clone()),
            }
            if fault.times == 1 {
                return false;
            }
            fault.times = fault.times.saturating_sub(1);
            true
        });
        (delay, struck)
    }

    /// Holds a request until somebody releases it.
    pub(super) async fn hold(&self, request: HeldRequest) -> Release {
        let (go, wait) = oneshot::channel();
        let count = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.push((request, go));
            held.len()
        };
        self.held_count.send_replace(count);
        wait.await.unwrap_or(Release::Drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_it_says_and_only_what_it_names() {
        let board = FaultBoard::default();
        let fault = serde_json::from_str(
            r#"{"match":{"method":"PATCH","path":"/api/cardholders"},"kind":"drop_after","skip":1,"times":2}"#,
        );
        board.arm(fault.unwrap()).unwrap();
        let mut strikes = Vec::new();
        for (method, path) in [
            ("GET", "/api/cardholders/1"),
            ("PATCH", "/api/items/9001"),
            ("PATCH", "/api/cardholders/1"),
            ("PATCH", "/api/cardholders/1"),
            ("PATCH", "/api/cardholders/1"),
            ("PATCH", "/api/cardholders/1"),
        ] {
            strikes.push(board.strike(method, path).1.is_some());
        }
        assert_eq!(strikes, [false, false, false, true, true, false]);
        assert!(board.armed().is_empty());
    }

    #[test]
    fn a_fault_until_cleared_stays() {
        let board = FaultBoard::default();
        board.arm(Fault { times: 0, ..Fault::once("GET", FaultKind::Latency { ms: 5 }) }).unwrap();
        assert_eq!(board.strike("GET", "/"), (5, None));
        assert_eq!(board.strike("GET", "/"), (5, None));
        board.clear();
        assert_eq!(board.strike("GET", "/"), (0, None));
    }

    #[test]
    fn nonsense_is_refused() {
        let board = FaultBoard::default();
        assert!(board.arm(Fault::once("GET", FaultKind::StatusBefore { status: 99, retry_after: None })).is_err());
        assert!(board.arm(Fault::once("get", FaultKind::Hang)).is_err());
    }
}
