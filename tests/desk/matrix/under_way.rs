//! What a vendor took on and has not done yet: beside the matrix, whose faults know only "done" and "not done".

use super::cells::Mode;
use super::place::Place;
use super::rule::Old;
use crate::indoors::House;
use crate::stopping::{StoppingVendor, Stops};
use passdesk::domain::credential::System;
use passdesk::domain::journal::{IntentState, ProcessMark};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::policy::Why;
use passdesk::domain::turn::TurnRequest;
use passdesk::workflow::recovery::{self, RECONCILE_AT_SECONDS};
use passdesk::workflow::{Means, turn};
use serde_json::json;
use std::sync::Arc;

/// D1 takes an act on and finishes it after so many reads; the console dies before it writes the answer down.
async fn dies_while_pending(polls: u32) -> (House, Place) {
    let house = House::open(7, 10).await;
    let place = Place::set(&house, System::ThalesD1, Mode::AfterAccept).await;
    house.sim.d1().change_switches(&json!({ "pending_polls": polls })).unwrap();
    let stops = Stops::among(vec!["after send".into()], 0, |_| ());
    let means = house.means(System::ThalesD1, 1);
    let dying = Means { provider: Arc::new(StoppingVendor(Arc::clone(&means.provider), Arc::clone(&stops))), ..means };
    let request = TurnRequest {
        holder: place.holder.clone(),
        holder_link: place.link.clone(),
        credential: place.old.clone(),
        verb: Verb::End,
        word: None,
        why: Some(Why::NewPhone),
        ticket: "INC0012345".into(),
        note: String::new(),
        seen: None,
    };
    let plan = turn::preview(&dying, request).await.unwrap();
    house.sim.world().advance(1);
    tokio::select! {
        end = turn::run(&dying, plan, |_| ()) => panic!("it did not die: {end:?}"),
        () = stops.reached.notified() => {}
    }
    assert_eq!(place.old(&house), Old::AsItWas, "it is pending");
    (house, place)
}

async fn look(house: &House, place: &Place) -> (IntentState, String) {
    let provider = house.connect().remove(&System::ThalesD1).unwrap();
    let means = Means { provider, ..house.means(System::ThalesD1, 2) };
    let (mut waited, mut words) = (0, String::new());
    for at in RECONCILE_AT_SECONDS {
        house.sim.world().advance((at - waited) as u32);
        waited = at;
        for settled in recovery::recover(&means, &|owner: &ProcessMark| owner.pid == 2).await {
            words = settled.words;
        }
    }
    (house.ledger.intents_of(&place.holder).await.unwrap().pop().unwrap().state, words)
}

#[tokio::test(start_paused = true)]
async fn i4_what_the_vendor_took_on_and_has_not_done_yet_is_not_called_not_applied() {
    let (house, place) = dies_while_pending(4).await;
    let (state, words) = look(&house, &place).await;
    assert_eq!((state, place.old(&house)), (IntentState::Unknown, Old::AsItWas), "{words}");
    assert!(words.contains("took it on"), "{words}");

    // Somebody who knows the operation asks for it until it is done.
    for _ in 0..6 {
        house.providers[&System::ThalesD1].holder(&place.holder, &place.link).await.unwrap();
    }
    let (state, words) = look(&house, &place).await;
    assert_eq!((state, place.old(&house)), (IntentState::Done, Old::Gone), "{words}");
}
