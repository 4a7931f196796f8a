//! Time and randomness of the real machine. The only place from which either is taken.

use crate::ports::clock::{Clock, Ids};
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    began: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    pub fn start() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
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
