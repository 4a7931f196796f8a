//! Time, and randomness for identifiers.

use jiff::Timestamp;
use std::time::Duration;

/// The wall clock and a monotonic one. The only place from which time is read.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment of this process; never jumps.
    fn elapsed(&self) -> Duration;
}

/// Where identifiers and markers come from; seeded in tests.
pub trait Ids: Send + Sync {
    /// A UUIDv7 for an intent or a saga.
    fn uuid(&self) -> uuid::Uuid;
    /// Random bits for a marker.
    fn marker_bits(&self) -> [u8; 10];
}
