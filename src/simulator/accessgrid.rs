//! AccessGrid's REST API over the simulated account (its contract's sections 2 to 8 as far as a desk meets them, and
//! section 10): wallet passes that another organisation's phones carry.

mod answer;
mod caller;
mod card_templates;
mod console;
mod control;
mod early;
mod event_log;
pub mod foreign;
pub mod handle;
mod hid;
mod ids;
mod issue;
mod issued;
mod key_cards;
mod landing_pages;
mod listing;
mod log;
mod organisation;
pub mod pass;
mod signature;
pub mod switches;
pub mod templates;
mod view;
mod webhooks;
mod world;

#[cfg(test)]
mod tests;

pub use control::control;
pub use foreign::{ForeignAct, ForeignKind, Moment};
pub use handle::{GridCounts, GridHandle, TruePass};
pub use issued::{GridIssue, past};
pub use key_cards::NOT_ACTIVE;
pub use pass::{Action, DeviceType, State};
pub use switches::Switches;
pub use templates::{ANDROID_TEMPLATE, APPLE_TEMPLATE, TEMPLATE_PAIR};
pub use world::Account;

use super::Author;
use super::front::{Front, Manners, Stand};
use super::population::Population;
use axum::Router;
use axum::routing::{delete, get, post, put};
use caller::Meter;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use world::GridWorld;

/// What routes, control port and tests share. The world has one lock: each request sees and changes it whole.
#[derive(Debug)]
pub struct Grid {
    world: Mutex<GridWorld>,
    /// Door, faults, log and time.
    pub front: Arc<Front>,
    console: Meter,
    foreign: Meter,
}

impl Grid {
    /// Lets somebody look at the world, or change it, at one moment of virtual time.
    pub(self) fn at_once<R>(&self, act: impl FnOnce(&mut GridWorld, Timestamp) -> R) -> R {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut world, self.front.clock.now())
    }

    fn traffic(&self, author: Author) -> &Meter {
        if author == Author::Console { &self.console } else { &self.foreign }
    }

    /// Lets acts happen that wait for this moment. One that has become impossible is forgotten: its writer would
    /// have met the same refusal.
    fn interfere(&self, method: &str, path: &str, moment: Moment) {
        if method == "GET" || !path.starts_with("/v1/key-cards") {
            return;
        }
        self.at_once(|world, now| {
            let (due, rest) = std::mem::take(&mut world.waiting).into_iter().partition(|act| act.when == moment);
            world.waiting = rest;
            let due: Vec<ForeignAct> = due;
            for act in due {
                let _ = act.apply(world, now);
            }
        });
    }
}

impl Manners for Grid {
    fn before(&self, method: &str, path: &str) {
        self.interfere(method, path, Moment::BeforeNextWrite);
    }

    fn after(&self, method: &str, path: &str) {
        self.interfere(method, path, Moment::AfterNextWrite);
    }

    fn trouble(&self, _status: u16, words: &str) -> (&'static str, String) {
        ("application/json", answer::error_body(words, switches::ErrorForm::Message).to_string())
    }
}

/// The account of a world of people, ready to be served, and its judge.
pub fn open(seed: u64, population: Population, front: Arc<Front>) -> (Stand, GridHandle) {
    let world = Mutex::new(GridWorld::new(seed, population));
    let (console, foreign) = (Meter::default(), Meter::default());
    let grid = Arc::new(Grid { world, front: Arc::clone(&front), console, foreign });
    let stand = Stand { front, router: routes(Arc::clone(&grid)), manners: Arc::clone(&grid) as _ };
    (stand, GridHandle(grid))
}

/// All routes. Every one of them checks the signature first, the unknown ones included.
fn routes(grid: Arc<Grid>) -> Router {
    Router::new()
        .route("/v1/key-cards", get(listing::list).post(key_cards::create))
        .route("/v1/key-cards/{id}", get(key_cards::read).patch(key_cards::update))
        .route("/v1/key-cards/{id}/{action}", post(key_cards::act))
        .route("/v1/console/card-templates", get(card_templates::list).post(card_templates::create))
        .route(
            "/v1/console/card-templates/{id}",
            get(card_templates::one).put(card_templates::update).delete(card_templates::remove),
        )
        .route("/v1/console/card-templates/{id}/publish", post(card_templates::publish))
        .route("/v1/console/card-templates/{id}/logs", get(event_log::read))
        .route("/v1/console/card-templates/{id}/ios_preflight", post(card_templates::ios_preflight))
        .route("/v1/console/card-templates/{id}/smart-tap/reveal", post(console::key_material))
        .route("/v1/console/card-template-pairs", get(card_templates::pairs).post(card_templates::make_pair))
        .route("/v1/console/ledger-items", get(console::ledger_items))
        .route("/v1/console/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/v1/console/webhooks/{id}", delete(webhooks::remove))
        .route("/v1/console/webhooks/{id}/verify", post(webhooks::verify))
        .route("/v1/console/landing-pages", get(landing_pages::list).post(landing_pages::create))
        .route("/v1/console/landing-pages/{id}", put(landing_pages::update).patch(landing_pages::update))
        .route("/v1/console/credential-profiles", get(console::none_of_these).post(console::key_material))
        .route("/v1/console/credential-profiles/{id}", delete(console::no_profile))
        .route("/v1/console/hid/orgs", get(hid::list).post(hid::create))
        .route("/v1/console/hid/orgs/activate", post(hid::activate))
        .fallback(console::unknown)
        .method_not_allowed_fallback(console::unknown)
        .with_state(grid)
}
