//! What the simulated vendors, the control port and embedding tests share.

use super::clock::VirtualClock;
use super::faults::FaultBoard;
use super::foreign::When;
use super::request_log::RequestLog;
use super::server::Doorkeeper;
use super::world::World;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Shared state. The world has one lock: each request sees and changes it whole.
#[derive(Debug)]
pub struct Shared {
    world: Mutex<World>,
    log: Mutex<RequestLog>,
    /// Time.
    pub clock: VirtualClock,
    /// Faults.
    pub faults: FaultBoard,
    /// Whether new connections are taken.
    pub doors: Arc<Doorkeeper>,
    /// How many events there are; long polls wait for it to grow.
    pub news: watch::Sender<usize>,
    /// Ends everything.
    pub stop: CancellationToken,
}

impl Shared {
    /// State around a new world.
    pub fn new(world: World, clock: VirtualClock) -> Self {
        let news = watch::Sender::new(world.events.len());
        Self {
            world: Mutex::new(world),
            log: Mutex::default(),
            clock,
            faults: FaultBoard::default(),
            doors: Arc::default(),
            news,
            stop: CancellationToken::new(),
        }
    }

    /// Lets somebody look at the world, or change it, at one moment of virtual time.
    pub fn at_once<R>(&self, act: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        world.tick(now);
        let before = world.events.len();
        let result = act(&mut world, now);
        if world.events.len() > before {
            self.news.send_replace(world.events.len());
        }
        result
    }

    /// The request log.
    pub fn log(&self) -> MutexGuard<'_, RequestLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets foreign writes happen that wait for this moment of a PATCH of this person. One that has become
    /// impossible is forgotten: another writer would have met the same refusal.
    pub fn interfere(&self, cardholder: &str, moment: When) {
        self.at_once(|world, now| {
            let (due, rest) = std::mem::take(&mut world.waiting)
                .into_iter()
                .partition(|w| w.cardholder == cardholder && w.when == moment);
            world.waiting = rest;
            let due: Vec<super::foreign::ForeignWrite> = due;
            for write in due {
                let _ = write.apply(world, now);
            }
        });
    }
}
