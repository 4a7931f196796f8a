//! What stands in front of every simulated vendor's world: its own door, faults and request log, on the clock that
//! all of them share.

use super::clock::VirtualClock;
use super::faults::FaultBoard;
use super::request_log::RequestLog;
use super::server::Doorkeeper;
use crate::domain::credential::System;
use axum::Router;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// One vendor's front.
#[derive(Debug)]
pub struct Front {
    /// Which system it plays.
    pub system: System,
    /// Time, one for all vendors.
    pub clock: Arc<VirtualClock>,
    /// Faults.
    pub faults: FaultBoard,
    /// Whether new connections are taken.
    pub doors: Arc<Doorkeeper>,
    /// Ends everything.
    pub stop: CancellationToken,
    log: Mutex<RequestLog>,
}

impl Front {
    /// A front with an open door and no faults.
    pub fn new(system: System, clock: Arc<VirtualClock>, stop: CancellationToken) -> Arc<Self> {
        let (faults, doors, log) = (FaultBoard::default(), Arc::default(), Mutex::default());
        Arc::new(Self { system, clock, faults, doors, stop, log })
    }

    /// The request log.
    pub fn log(&self) -> MutexGuard<'_, RequestLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How one vendor differs from the others on the way of a request.
pub trait Manners: Send + Sync {
    /// Called just before the routes see a request: other writers may come first.
    fn before(&self, method: &str, path: &str) {
        let _ = (method, path);
    }

    /// Called just after the routes have answered: other writers may follow at once.
    fn after(&self, method: &str, path: &str) {
        let _ = (method, path);
    }

    /// Content type and body of an answer that a fault makes, in the vendor's form of an error.
    fn trouble(&self, status: u16, words: &str) -> (&'static str, String);
}

/// One simulated vendor, ready to be served.
pub struct Stand {
    /// Its front.
    pub front: Arc<Front>,
    /// The vendor's routes.
    pub router: Router,
    /// How it differs from the others.
    pub manners: Arc<dyn Manners>,
}
