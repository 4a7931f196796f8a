//! The line on which one process talks to a vendor: it counts the changes that go out, lets the one that a play is
//! about meet its fault, and lets the process die while that one is on its way.

use super::cells::Trouble;
use crate::indoors::Corridor;
use crate::stopping::Stops;
use async_trait::async_trait;
use passdesk::backends::wire::{Wire, WireError};
use passdesk::simulator::front::Front;
use passdesk::simulator::{Fault, FaultKind, FaultMatch, WorldHandle};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How long a request is waited for, in seconds: what the vendor's clock shows afterwards.
const DEADLINE: u32 = 30;

/// When the process dies with the request on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnTheWay {
    /// The vendor has it and has not begun with it.
    There,
    /// The vendor is through with it, and what it says is on its way back.
    Back,
}

/// One process's line.
pub struct Line {
    pub way: Arc<Corridor>,
    pub front: Arc<Front>,
    pub world: WorldHandle,
    pub stops: Arc<Stops>,
    /// Which change meets what, from 0.
    pub strikes: Option<(usize, Trouble)>,
    /// Where the process dies with that change on its way.
    pub dies: Option<OnTheWay>,
    /// Changes that set out, those included that found no connection.
    pub out: AtomicUsize,
}

impl Line {
    /// True once the fault has found its request.
    pub fn has_struck(&self) -> bool {
        self.strikes.is_some_and(|(at, _)| self.out.load(Ordering::SeqCst) > at)
    }

    fn arm(&self, request: &reqwest::Request, kind: FaultKind) {
        let on = FaultMatch { method: Some(request.method().to_string()), path: Some(request.url().path().to_owned()) };
        self.front.faults.arm(Fault { on, kind, skip: 0, times: 1 }).unwrap();
    }

    async fn struck(&self, request: reqwest::Request, trouble: Trouble) -> Result<reqwest::Response, WireError> {
        if self.dies == Some(OnTheWay::There) && trouble != Trouble::Refused {
            self.arm(&request, FaultKind::Hold { applied: false });
            tokio::select! {
                _ = self.way.exchange(request.try_clone().unwrap()) => unreachable!("it is held"),
                () = self.front.faults.held_at_least(1) => self.stops.here("the request is on its way").await,
            }
        }
        if let Some(kind) = kind_of(trouble) {
            self.arm(&request, kind);
        }
        self.way.shut(trouble == Trouble::Refused);
        let answer = self.way.exchange(request).await;
        self.way.shut(false);
        if matches!(answer, Err(WireError::TimedOut)) {
            self.world.advance(DEADLINE);
        }
        if self.dies.is_some() {
            self.stops.here("the answer is on its way").await;
        }
        answer
    }
}

#[async_trait]
impl Wire for Line {
    async fn exchange(&self, request: reqwest::Request) -> Result<reqwest::Response, WireError> {
        if request.method() == http::Method::GET || request.url().path().ends_with("/token") {
            return self.way.exchange(request).await;
        }
        let at = self.out.fetch_add(1, Ordering::SeqCst);
        match self.strikes {
            Some((strikes, trouble)) if strikes == at => self.struck(request, trouble).await,
            _ => self.way.exchange(request).await,
        }
    }
}

/// The simulator's fault; a refused connection is the way's.
fn kind_of(trouble: Trouble) -> Option<FaultKind> {
    use Trouble as T;
    let before = |status| Some(FaultKind::StatusBefore { status, retry_after: None });
    match trouble {
        T::None | T::Refused => None,
        T::ResetBefore => Some(FaultKind::DropBefore),
        T::ResetAfter => Some(FaultKind::DropAfter),
        T::TimeoutBefore => Some(FaultKind::Hang),
        T::TimeoutAfter => Some(FaultKind::HangAfter),
        T::Status400 => before(400),
        T::Status401 => before(401),
        T::Status403 => before(403),
        T::Status409 => before(409),
        T::Status429 => before(429),
        T::Status500Before => before(500),
        T::Status500After => Some(FaultKind::StatusAfter { status: 500, retry_after: None }),
        T::Unreadable => Some(FaultKind::BrokenJson),
    }
}
