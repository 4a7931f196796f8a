//! What goes wrong with one call (decision 29).

use super::book::Chance;
use passdesk::simulator::FaultKind;

/// What happens to a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Nobody takes the connection.
    Refused,
    /// The connection breaks; nothing was done.
    CutBefore,
    /// The connection breaks; it was done.
    CutAfter,
    /// No answer in time; nothing was done.
    SilentBefore,
    /// No answer in time; it was done.
    SilentAfter,
    /// No answer in time; it is done after so many seconds.
    SilentLate(u32),
    /// A refusal; nothing was done.
    Status(u16),
    /// A server's error; it was done.
    StatusAfter(u16),
    /// A success that cannot be read.
    Unreadable,
}

impl Trouble {
    /// One of all kinds. What is done late is done within so many seconds.
    pub fn draw(chance: &mut Chance, mutation: bool, latest: u32) -> Self {
        match chance.below(if mutation { 17 } else { 12 }) {
            0 => Self::Refused,
            1 => Self::CutBefore,
            2 => Self::SilentBefore,
            3 => Self::Status(500),
            4 => Self::Status(401),
            5 => Self::Status(403),
            6 => Self::Status(409),
            7 => Self::Status(429),
            8 => Self::Status(400),
            9 => Self::Unreadable,
            10 | 12 => Self::CutAfter,
            11 | 13 => Self::SilentAfter,
            14 => Self::StatusAfter(500),
            15 => Self::StatusAfter([502, 503, 504, 408][chance.below(4)]),
            _ => Self::SilentLate(chance.between(1, latest)),
        }
    }

    /// The simulator's own fault, where it has one.
    pub fn fault(self) -> Option<FaultKind> {
        match self {
            Self::Status(status) => Some(FaultKind::StatusBefore { status, retry_after: None }),
            Self::StatusAfter(status) => Some(FaultKind::StatusAfter { status, retry_after: None }),
            Self::Unreadable => Some(FaultKind::BrokenJson),
            _ => None,
        }
    }
}
