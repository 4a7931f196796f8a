//! What the simulated Command Centre, the control port and embedding tests share.

use super::foreign::When;
use super::world::World;
use crate::simulator::front::{Front, Manners};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Shared state. The world has one lock: each request sees and changes it whole.
#[derive(Debug)]
pub struct Shared {
    world: Mutex<World>,
    /// Door, faults, log and time.
    pub front: Arc<Front>,
    /// How many events there are; long polls wait for it to grow.
    pub news: watch::Sender<usize>,
}

impl Shared {
    /// State around a new world.
    pub fn new(world: World, front: Arc<Front>) -> Self {
        let news = watch::Sender::new(world.events.len());
        Self { world: Mutex::new(world), front, news }
    }

    /// Lets somebody look at the world, or change it, at one moment of virtual time.
    pub fn at_once<R>(&self, act: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.front.clock.now();
        world.tick(now);
        let before = world.events.len();
        let result = act(&mut world, now);
        if world.events.len() > before {
            self.news.send_replace(world.events.len());
        }
        result
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

impl Manners for Shared {
    fn before(&self, method: &str, path: &str) {
        if let Some(id) = patched(method, path) {
            self.interfere(id, When::BeforeNextPatch);
        }
    }

    fn after(&self, method: &str, path: &str) {
        if let Some(id) = patched(method, path) {
            self.interfere(id, When::AfterNextPatch);
        }
    }

    fn trouble(&self, _status: u16, words: &str) -> (&'static str, String) {
        ("application/json", serde_json::json!({ "message": words }).to_string())
    }
}

/// The id of the person that a request changes.
fn patched<'a>(method: &str, path: &'a str) -> Option<&'a str> {
    (method == "PATCH").then(|| path.strip_prefix("/api/cardholders/")).flatten()
}
