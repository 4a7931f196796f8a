//! Time and randomness of the real machine. The only place from which either is taken.

use crate::ports::clock::{Clock, Ids};
use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    began: Duration,
    wall: Timestamp,
}

impl SystemClock {
    /// A clock whose monotonic time begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    pub fn start() -> Self {
        Self { began: since_boot(), wall: Timestamp::now() }
    }
}

/// Time since the machine started, with the time that it slept: a plan must not outlive a closed lid.
fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        since_boot().saturating_sub(self.began)
    }

    fn drift(&self) -> SignedDuration {
        let wall = self.now().duration_since(self.wall);
        wall - SignedDuration::try_from(self.elapsed()).unwrap_or(wall)
    }
}

/// Identifiers from the system's random source.
#[derive(Clone, Copy, Debug)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::now_v7()
    }

    fn marker_bits(&self) -> [u8; 10] {
        // Bytes 6 and 8 of a random UUID hold its version and variant; the others are wholly random.
        let bytes = uuid::Uuid::new_v4().into_bytes();
        [0, 1, 2, 3, 4, 5, 7, 9, 10, 11].map(|i| bytes[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i25_the_two_clocks_run_together_unless_somebody_sets_one() {
        let clock = SystemClock::start();
        let before = clock.elapsed();
        assert!(clock.drift().abs() < SignedDuration::from_secs(2), "{}", clock.drift());
        assert!(clock.elapsed() >= before && clock.elapsed() < Duration::from_mins(1));
        let set = SystemClock { wall: clock.wall - SignedDuration::from_hours(1), ..clock };
        let hour = set.drift().round(jiff::Unit::Minute).unwrap();
        assert_eq!(hour.as_mins(), 60, "an hour that only the wall clock saw");
    }

    #[test]
    fn every_bit_of_a_marker_is_random() {
        let (mut ever_one, mut ever_zero) = ([0u8; 10], [0u8; 10]);
        for _ in 0..200 {
            for (i, byte) in RandomIds.marker_bits().iter().enumerate() {
                ever_one[i] |= byte;
                ever_zero[i] |= !byte;
            }
        }
        assert_eq!((ever_one, ever_zero), ([0xff; 10], [0xff; 10]));
    }
}
