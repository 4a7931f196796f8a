//! Gallagher Command Centre's REST API over the simulated site (the contract's sections 1 to 9 and 11, as far
//! as phone and plastic credentials need them).

mod access_groups;
mod answer;
mod caller;
pub mod card_making;
pub mod card_types;
mod cardholders;
mod change_feed;
pub mod change_record;
mod divisions;
mod events;
mod fields;
pub mod foreign;
pub mod issued;
mod items;
pub mod judge;
mod matching;
pub mod memberships;
pub mod objects;
pub mod operator_events;
pub mod operators;
pub mod person;
pub mod personal_data;
pub mod piv;
pub mod query;
mod staging;
pub mod state;
pub mod switches;
pub mod wallet;
pub mod world;

#[cfg(test)]
mod tests;

use answer::Refusal;
use axum::Router;
use axum::routing::get;
use caller::Caller;
use state::Shared;
use std::sync::Arc;

/// Path of our operator as the change feed shows it.
pub use objects::operator_path;

/// What the routes share.
#[derive(Debug)]
pub struct Site {
    /// State.
    pub shared: Arc<Shared>,
    /// Scheme of the listener, for hrefs.
    pub scheme: &'static str,
}

/// All routes. Every one of them authenticates first, the unknown ones included (contract section 1).
pub fn routes(shared: Arc<Shared>, tls: bool) -> Router {
    let site = Arc::new(Site { shared, scheme: if tls { "https" } else { "http" } });
    Router::new()
        .route("/api", get(items::discovery))
        .route("/api/", get(items::discovery))
        .route("/api/cardholders", get(cardholders::search).post(cardholders::create))
        .route("/api/cardholders/changes", get(change_feed::read))
        .route(
            "/api/cardholders/{id}",
            // POST to a person behaves like PATCH, as yet (contract section 3).
            get(cardholders::one).patch(cardholders::change).post(cardholders::change).delete(cardholders::remove),
        )
        .route("/api/cardholders/{id}/edit", get(cardholders::edit))
        .route("/api/cardholders/{id}/personal_data/{field}", get(cardholders::image))
        .route("/api/cardholders/{id}/cards/{card}", get(unknown).delete(cardholders::remove_card))
        .route("/api/cardholders/{id}/access_groups/{link}", get(unknown).delete(memberships::leave))
        .route("/api/card_types", get(items::card_types))
        .route("/api/card_types/assign", get(items::card_types))
        .route("/api/card_types/{id}", get(items::card_type))
        .route("/api/personal_data_fields", get(items::personal_data_fields))
        .route("/api/personal_data_fields/{id}", get(items::personal_data_field))
        .route("/api/items", get(items::items))
        .route("/api/items/types", get(items::item_types))
        .route("/api/items/{id}", get(items::item).patch(items::report_status))
        .route("/api/divisions", get(divisions::divisions))
        .route("/api/divisions/view_events", get(divisions::divisions))
        .route("/api/divisions/{id}", get(divisions::division))
        .route("/api/access_groups", get(access_groups::access_groups))
        .route("/api/access_groups/{id}", get(access_groups::access_group))
        .route("/api/access_groups/{id}/cardholders", get(access_groups::members))
        .route("/api/events", get(events::history))
        .route("/api/events/updates", get(events::updates))
        .route("/api/events/groups", get(events::groups))
        .route("/api/events/{id}", get(events::one))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_verb)
        .with_state(site)
}

async fn unknown(_caller: Caller) -> Refusal {
    Refusal::not_found()
}

async fn wrong_verb(_caller: Caller) -> Refusal {
    Refusal::new(405, "That verb is not supported here")
}
