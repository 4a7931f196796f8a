//! Time, and randomness for identifiers.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The wall clock and a monotonic one. The only place from which time is read.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment of this process; never jumps, and runs on while the machine sleeps.
    fn elapsed(&self) -> Duration;
    /// By how much the wall clock moved against the other one since the process began: somebody set it. Positive:
    /// forward.
    fn drift(&self) -> SignedDuration {
        SignedDuration::ZERO
    }
}

/// Where identifiers and markers come from; seeded in tests.
pub trait Ids: Send + Sync {
    /// A UUIDv7 for an intent or a saga.
    fn uuid(&self) -> uuid::Uuid;
    /// Random bits for a marker.
    fn marker_bits(&self) -> [u8; 10];
    /// A UUIDv4 for a marker: random bits alone, because others read it and it must not tell the time.
    fn random_uuid(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        bytes[..10].copy_from_slice(&self.marker_bits());
        bytes[10..].copy_from_slice(&self.marker_bits()[..6]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
