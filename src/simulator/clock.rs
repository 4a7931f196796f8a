//! The simulator's own time: it runs like the machine's, from any start, and jumps when a test says so.
//!
//! The machine's clock is read here and nowhere else in the simulator.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Virtual time. Card validity, invitations, the change feed and the `Date` header all follow it.
#[derive(Debug)]
pub struct VirtualClock(Mutex<Reading>);

#[derive(Debug)]
struct Reading {
    at: Timestamp,
    since: Instant,
    frozen: bool,
}

impl VirtualClock {
    /// A clock that shows `start` now; `None` shows the machine's time. A frozen clock moves by
    /// [`advance`](Self::advance) alone.
    #[expect(clippy::disallowed_methods, reason = "the simulator's one clock; the console has its own port")]
    pub fn starting_at(start: Option<Timestamp>, frozen: bool) -> Self {
        let at = start.unwrap_or_else(Timestamp::now);
        Self(Mutex::new(Reading { at, since: Instant::now(), frozen }))
    }

    /// Virtual now (UTC).
    pub fn now(&self) -> Timestamp {
        let reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reading.frozen {
            return reading.at;
        }
        let run = SignedDuration::try_from(reading.since.elapsed()).unwrap_or(SignedDuration::MAX);
        reading.at.checked_add(run).unwrap_or(Timestamp::MAX)
    }

    /// Moves time forward by whole seconds and returns the new now; the end of time is a wall, not an error.
    pub fn advance(&self, seconds: u32) -> Timestamp {
        {
            let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            reading.at = later(reading.at, i64::from(seconds));
        }
        self.now()
    }
}

/// `seconds` after `at` (before, if negative), held within the range that can be represented.
pub fn later(at: Timestamp, seconds: i64) -> Timestamp {
    let wall = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(wall)
}

/// Whole seconds with `Z`: how the vendor writes times (contract section 3).
pub fn wire_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a time as the vendor accepts it (contract section 3): ISO 8601 with any zone designator, up to seven
/// decimals, a bare date, or a time cut short; without a zone it is taken as UTC. `None`: not a time.
pub fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let local = match text.parse::<civil::DateTime>() {
        Ok(local) => local,
        Err(_) => text.parse::<civil::Date>().ok()?.at(0, 0, 0, 0),
    };
    TimeZone::UTC.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = VirtualClock::starting_at(Some(at("2026-06-02T08:00:00Z")), true);
        assert_eq!(clock.now(), at("2026-06-02T08:00:00Z"));
        assert_eq!(clock.advance(3600), at("2026-06-02T09:00:00Z"));
        assert_eq!(clock.now(), at("2026-06-02T09:00:00Z"));
    }

    #[test]
    fn times_are_read_as_tolerantly_as_the_vendor_does() {
        for (text, want) in [
            ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2027-01-01T13:00:00+13", "2027-01-01T00:00:00Z"),
            ("2027-01-01T13:00:00+1300", "2027-01-01T00:00:00Z"),
            ("2027-01-01T13:00:00.1234567+13:00", "2027-01-01T00:00:00.1234567Z"),
            ("2027-01-01", "2027-01-01T00:00:00Z"),
            ("2027-01-01T10:30", "2027-01-01T10:30:00Z"),
        ] {
            assert_eq!(read_time(text), Some(at(want)), "{text}");
        }
        for text in ["", "soon", "2027-13-01T00:00:00Z"] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }
}
