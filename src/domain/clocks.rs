//! Whether the times that two machines tell, or one machine before and after, can be laid beside each other
//! (invariant I25, safety.md section 3.3).

use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// From here on a difference is more than a slow answer and a rounded second.
const ALLOWED: SignedDuration = SignedDuration::from_mins(2);

/// What is wrong with the clocks. What rests on a comparison of two reads proves nothing then; the order of events is
/// that of their sequence numbers, with or without it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockTrouble {
    /// The vendor's `Date` and the clock here are so far apart; positive: the clock here is ahead.
    Apart(SignedDuration),
    /// The clock here was set by so much since the program began; positive: forward.
    Set(SignedDuration),
}

impl ClockTrouble {
    /// Judges the wall clock: `now` beside the vendor's `Date` of an answer that has just come, and by how much it
    /// moved against a clock that never jumps (`drift`).
    pub fn judge(now: Timestamp, server_date: Option<Timestamp>, drift: SignedDuration) -> Option<Self> {
        if drift.abs() > ALLOWED {
            return Some(Self::Set(drift));
        }
        let apart = now.duration_since(server_date?);
        (apart.abs() > ALLOWED).then_some(Self::Apart(apart))
    }

    /// A clause that says why a comparison of lists decides nothing.
    pub fn clause(self) -> &'static str {
        match self {
            Self::Apart(_) => "the clocks here and there are minutes apart, so comparing lists proves nothing",
            Self::Set(_) => "the clock here was set meanwhile, so comparing lists proves nothing",
        }
    }

    /// How much, short: `7m`, `3h`.
    pub fn span(self) -> String {
        let (Self::Apart(by) | Self::Set(by)) = self;
        let minutes = by.abs().as_mins();
        if minutes < 120 { format!("{minutes}m") } else { format!("{}h", minutes / 60) }
    }
}

impl fmt::Display for ClockTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.span();
        match self {
            Self::Apart(by) if by.is_positive() => write!(f, "the clock here is {span} ahead of the vendor's"),
            Self::Apart(_) => write!(f, "the clock here is {span} behind the vendor's"),
            Self::Set(by) if by.is_positive() => write!(f, "the clock here was set forward by {span}"),
            Self::Set(_) => write!(f, "the clock here was set back by {span}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i25_two_minutes_are_allowed_in_either_direction_and_no_more() {
        let now: Timestamp = "2026-06-11T00:42:00Z".parse().unwrap();
        let (calm, second) = (SignedDuration::ZERO, SignedDuration::from_secs(1));
        for sign in [1, -1] {
            let (edge, over) = (ALLOWED * sign, (ALLOWED + second) * sign);
            assert_eq!(ClockTrouble::judge(now, Some(now - edge), calm), None);
            assert_eq!(ClockTrouble::judge(now, Some(now - over), calm), Some(ClockTrouble::Apart(over)));
            assert_eq!(ClockTrouble::judge(now, None, edge), None);
            assert_eq!(ClockTrouble::judge(now, Some(now), over), Some(ClockTrouble::Set(over)));
        }
        assert_eq!(ClockTrouble::judge(now, None, calm), None, "a vendor that tells no time is not suspected");
        let behind = ClockTrouble::Apart(SignedDuration::from_mins(-7));
        assert_eq!(behind.to_string(), "the clock here is 7m behind the vendor's");
    }
}
