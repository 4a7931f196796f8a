//! When the program is killed: while the server holds its request, at a random time, or before a chosen call; and the
//! name of the place where that was.

use super::plays::Play;
use crate::branch::{Branch, Data};
use crate::interposer::Deed;
use passdesk::domain::credential::System;
use passdesk::domain::journal::{IntentRecord, IntentState};
use passdesk::simulator::request_log::{Ending, LoggedRequest};
use passdesk::simulator::{Fault, FaultKind, FaultMatch, Release};
use rand::Rng;
use rand::rngs::SmallRng;
use std::time::{Duration, Instant};

/// `nth`: which of its requests, from 0. `pause`: microseconds between the moment and the kill.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// Done before the kill; the answer is held.
    Applied { nth: u32, pause: u64 },
    /// Not done; the connection is dropped after the kill.
    NotApplied { nth: u32, pause: u64 },
    /// Not done at the kill; the server goes on with it afterwards.
    GoesOn { nth: u32, pause: u64 },
    /// Not done until after the restart: the effect arrives late.
    Late { nth: u32, pause: u64 },
    /// The server takes a random time: the kill comes before, during or after.
    Race { ms: u64, pause: u64 },
    /// So long after the start, whatever it does then.
    Anytime { pause: u64 },
    /// Before a chosen call on a file or socket.
    Call { at: u64 },
    /// The same, and what was not synced is lost.
    PowerCut { at: u64 },
}

impl Moment {
    pub fn draw(dice: &mut SmallRng, play: &Play, steps: bool) -> Self {
        let nth = dice.random_range(0..play.requests.max(1));
        let pause = dice.random_range(0..20_000);
        // What sends nothing can only be killed at a time or a call.
        let sort = if play.requests == 0 { dice.random_range(5..10) } else { dice.random_range(0..10) };
        // Two calls in three come after the program has opened its files.
        let at = if dice.random_bool(0.2) { dice.random_range(1..70) } else { dice.random_range(70..330) };
        match sort {
            0 => Self::Applied { nth, pause },
            1 => Self::NotApplied { nth, pause },
            2 => Self::GoesOn { nth, pause },
            3 => Self::Late { nth, pause },
            4 => Self::Race { ms: dice.random_range(0..40), pause },
            5 => Self::Anytime { pause: dice.random_range(0..700_000) },
            6 | 7 if steps => Self::Call { at },
            8 | 9 if steps => Self::PowerCut { at },
            _ if play.requests == 0 => Self::Anytime { pause: dice.random_range(0..400_000) },
            _ => Self::Race { ms: dice.random_range(0..15), pause },
        }
    }

    pub fn deed(self) -> Option<(Deed, u64)> {
        match self {
            Self::Call { at } => Some((Deed::Kill, at)),
            Self::PowerCut { at } => Some((Deed::Cut, at)),
            _ => None,
        }
    }

    /// Arms the fault that this moment needs.
    pub fn arm(self, branch: &Branch, system: System) {
        let (kind, skip) = match self {
            Self::Applied { nth, .. } => (FaultKind::Hold { applied: true }, nth),
            Self::NotApplied { nth, .. } | Self::GoesOn { nth, .. } | Self::Late { nth, .. } => {
                (FaultKind::Hold { applied: false }, nth)
            }
            Self::Race { ms, .. } => (FaultKind::Latency { ms }, 0),
            Self::Anytime { .. } | Self::Call { .. } | Self::PowerCut { .. } => return,
        };
        let method = if system == System::Gallagher { "PATCH" } else { "POST" };
        // Signing in is a POST as well.
        let path = (system == System::ThalesD1).then(|| "/banking/".to_owned());
        let on = FaultMatch { method: Some(method.to_owned()), path };
        branch.front(system).faults.arm(Fault { on, kind, skip, times: 1 }).unwrap();
    }

    /// True once it is time.
    pub fn has_come(self, branch: &Branch, system: System, since: u64, begun: Instant) -> bool {
        let front = branch.front(system);
        match self {
            Self::Race { .. } => {
                front.log().view().requests.iter().rev().take(20).any(|r| r.request > since && is_act(r))
            }
            Self::Anytime { pause } => begun.elapsed() >= Duration::from_micros(pause),
            Self::Call { .. } | Self::PowerCut { .. } => false,
            _ => !front.faults.held().is_empty(),
        }
    }

    /// Between the moment and the kill.
    pub fn pause(self) -> Duration {
        match self {
            Self::Applied { pause, .. }
            | Self::NotApplied { pause, .. }
            | Self::GoesOn { pause, .. }
            | Self::Late { pause, .. }
            | Self::Race { pause, .. } => Duration::from_micros(pause),
            Self::Anytime { .. } | Self::Call { .. } | Self::PowerCut { .. } => Duration::ZERO,
        }
    }

    /// What the server does with what it holds.
    pub fn release(self) -> Release {
        if matches!(self, Self::NotApplied { .. } | Self::Applied { .. }) { Release::Drop } else { Release::GoOn }
    }
}

fn is_act(request: &LoggedRequest) -> bool {
    request.method != "GET" && !request.path.contains("/oauth2/")
}

/// The crash point that a kill hit, in the words of decision 29, told afterwards from what ledger, anchor and server
/// hold.
pub fn place_of(data: &Data, records: &[IntentRecord], requests: &[LoggedRequest]) -> &'static str {
    let Some(last) = records.iter().max_by_key(|r| r.seq) else { return "before INTENT" };
    let begun = u64::try_from(records.iter().filter(|r| r.sent.is_some()).count()).unwrap();
    let request = requests.get(usize::try_from(begun).unwrap_or(0).wrapping_sub(1));
    match (last.state, request) {
        (IntentState::Intent, _) => "after INTENT",
        (IntentState::Snapshotted, _) if records.len() > 1 => "before the next SENDING",
        (IntentState::Snapshotted, _) => "after SNAPSHOTTED",
        (IntentState::Sending, None) if !anchored(data, last.seq) => "after SENDING",
        (IntentState::Sending, None) => "after anchor",
        (IntentState::Sending, Some(r)) if r.ending == Ending::Answered => "answer read, unrecorded",
        (IntentState::Sending, Some(r)) if r.applied => "applied, unanswered",
        (IntentState::Sending, Some(_)) => "bytes sent, not applied",
        (IntentState::Applied, _) => "after APPLIED",
        (IntentState::Bound, _) => "after BOUND",
        (IntentState::Done, _) => "after DONE",
        _ => "after another end",
    }
}

fn anchored(data: &Data, seq: u64) -> bool {
    let text = std::fs::read_to_string(data.paths().anchor).unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse::<u64>().ok()).is_some_and(|n| n >= seq)
}
