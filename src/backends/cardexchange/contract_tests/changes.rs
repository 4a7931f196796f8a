//! Changes: new cards, other states, metadata, refusals, and answers that never came.

use super::*;
use crate::domain::credential::{CredentialClass, Particular};
use crate::domain::lifecycle::{Hand, edges};
use crate::simulator::author::Author;
use crate::simulator::cardexchange::{Act, Moment};
use crate::simulator::population::{JANE, JOHN, SAM};
use crate::simulator::{Fault, FaultKind};

fn made(outcome: &SendOutcome) -> CredentialId {
    let SendOutcome::Applied { answer, .. } = outcome else { panic!("{outcome:?}") };
    answer.made.clone().unwrap()
}

#[tokio::test]
async fn a6_a_new_card_is_named_by_its_answer_and_its_state_is_read() {
    for (auto_approve, create_is_201, word) in [(false, false, "initialized"), (true, true, "in_production")] {
        let desk = Desk::open(50).await;
        desk.switch(&json!({ "auto_approve": auto_approve, "create_is_201": create_is_201, "unknown_refused": true }));
        let john = desk.read(JOHN).await;
        let old = john.credentials[0].id.key.as_str().to_owned();
        let outcome = desk.send(&desk.reissue(&john, &marker(1))).await;
        let id = made(&outcome);
        let john = desk.read(JOHN).await;
        let card = john.credentials.iter().find(|card| card.id == id).unwrap();
        assert_eq!((card.status_word.raw(), card.marker.as_ref()), (word, Some(&marker(1))));
        assert_eq!(card.type_link, john.credentials[0].type_link, "a card of the same profile");
        assert_eq!(card.particular(Particular::Replaces).unwrap().raw(), old);
        let truth = desk.world.card(id.key.as_str()).unwrap();
        assert_eq!(truth.created_by, Author::Console);
        let metadata =
            json!({ "helpdesk_ref": marker(1).as_str(), "helpdesk_op": "reissue", "helpdesk_replaces": old });
        assert_eq!(truth.metadata, metadata);
        desk.sim.stop().await;
    }
}

#[tokio::test]
async fn every_way_of_the_table_is_sent_and_no_other() {
    let desk = Desk::open(50).await;
    let id = desk.read(JOHN).await.credentials[0].id.key.as_str().to_owned();
    let words: Vec<&str> =
        crate::domain::lifecycle::words(CredentialClass::PrintedCard).iter().map(|(word, _)| *word).collect();
    let offered = |from: &str, to: &str| {
        edges(CredentialClass::PrintedCard)
            .iter()
            .any(|e| matches!(e.hand, Hand::Console(_)) && e.withheld.is_none() && (e.from, e.to) == (from, to))
    };
    let mut sent = 0;
    for strict in [false, true] {
        for from in &words {
            for to in &words {
                desk.world.operator_edit("cards", &id, &json!({ "status": from })).unwrap();
                desk.switch(&json!({ "strict_transitions": strict, "same_status_refused": strict }));
                let john = desk.read(JOHN).await;
                let change = turn(&john, &john.credentials[0], Verb::Set, to);
                let prepared = desk.provider.prepare(&change);
                assert_eq!(prepared.is_ok(), offered(from, to), "{from} to {to}");
                if let Ok(prepared) = prepared {
                    let outcome = desk.provider.send(permit(&prepared).await, &prepared).await;
                    assert!(matches!(outcome, SendOutcome::Applied { .. }), "{from} to {to}: {outcome:?}");
                    assert_eq!(desk.read(JOHN).await.credentials[0].status_word.raw(), *to);
                    sent += 1;
                }
            }
        }
    }
    assert_eq!(sent, 2 * 15, "a15: the state that a card has is never posted");
    // What the operator saw and what is there may differ: the vendor's table then refuses, in its own words.
    desk.switch(&json!({ "strict_transitions": true, "same_status_refused": false }));
    desk.world.operator_edit("cards", &id, &json!({ "status": "issued" })).unwrap();
    let john = desk.read(JOHN).await;
    let change = turn(&john, &john.credentials[0], Verb::Set, "activated");
    desk.world.operator_edit("cards", &id, &json!({ "status": "destroyed" })).unwrap();
    let SendOutcome::Rejected(error) = desk.send(&change).await else { panic!() };
    assert!(error.said.as_str().contains("status: A card cannot go from 'destroyed' to 'activated'"), "{error:?}");
    desk.sim.stop().await;
}

#[tokio::test]
async fn a1_a5_metadata_is_written_whole_and_compared_in_both_positions() {
    for update in ["replace", "merge"] {
        let desk = Desk::open(50).await;
        desk.switch(&json!({ "metadata_update": update }));
        let id = desk.read(JOHN).await.credentials[0].id.key.as_str().to_owned();
        let theirs = json!({ "visitor": { "badge": [1, null] }, "helpdesk_ref": marker(3).as_str() });
        desk.world.operator_edit("cards", &id, &json!({ "metadata": theirs })).unwrap();
        let john = desk.read(JOHN).await;
        let mut change = turn(&john, &john.credentials[0], Verb::Suspend, "blocked");
        change.note = "left in a taxi".into();
        assert!(matches!(desk.send(&change).await, SendOutcome::Applied { .. }));
        let truth = desk.world.card(&id).unwrap();
        assert_eq!(truth.status, "blocked");
        assert_eq!(truth.metadata["visitor"], theirs["visitor"], "{update}: other systems' keys survive");
        assert_eq!(
            (&truth.metadata["helpdesk_why"], &truth.metadata["helpdesk_ref"]),
            (&json!("lost"), &theirs["helpdesk_ref"])
        );
        let john = desk.read(JOHN).await;
        assert_eq!(john.credentials[0].particular(Particular::Remark), None);
        // Somebody replaces the map after us: said, not mended.
        desk.world.operator_edit("cards", &id, &json!({ "metadata": { "visitor": 1 } })).unwrap();
        let john = desk.read(JOHN).await;
        if update == "replace" {
            assert_eq!(john.credentials[0].marker, None);
        }
        let remark = john.credentials[0].particular(Particular::Remark).unwrap().raw().to_owned();
        assert!(remark.contains("\"visitor\" of another system is gone"), "{remark}");
        desk.sim.stop().await;
    }
}

#[tokio::test]
async fn a2_a3_nothing_is_removed_and_null_is_never_sent_of_our_own() {
    for keeps_null in [true, false] {
        let desk = Desk::open(50).await;
        desk.switch(&json!({ "metadata_keeps_null": keeps_null, "null_value": "refuse" }));
        let john = desk.read(JOHN).await;
        let change = turn(&john, &john.credentials[0], Verb::Suspend, "blocked");
        let body = String::from_utf8(desk.provider.prepare(&change).unwrap().body).unwrap();
        assert!(!body.contains("null") && !body.contains("endDate") && !body.contains("person"), "{body}");
        assert!(matches!(desk.send(&change).await, SendOutcome::Applied { .. }));
        desk.sim.stop().await;
    }
}

#[tokio::test]
async fn a9_a10_what_should_not_be_made_is_not_asked_for() {
    let desk = Desk::open(50).await;
    let john = desk.read(JOHN).await;
    made(&desk.send(&desk.reissue(&john, &marker(1))).await);
    let john = desk.read(JOHN).await;
    let old = john.credentials[0].clone();
    let error = desk.provider.successor(&john, &old, None, Fixed.now()).unwrap_err();
    assert!(error.said.as_str().contains("is initialized already"), "one half-made card is enough: {error:?}");
    let sam = desk.read(SAM).await;
    let profile = desk.world.person_at(SAM).unwrap().cardholders[0].clone();
    for status in ["blocked", "expired", "blacklisted"] {
        desk.world.operator_edit("cardholders", &profile, &json!({ "status": status })).unwrap();
        let stopped = desk.read(SAM).await;
        let error = desk.provider.successor(&stopped, &stopped.credentials[0], None, Fixed.now()).unwrap_err();
        assert!(error.said.as_str().contains("not activated"), "{error:?}");
    }
    // Between our read and our write: the vendor says no, in its words, or makes the card.
    desk.switch(&json!({ "cards_for_stopped_cardholders": false }));
    let SendOutcome::Rejected(error) = desk.send(&desk.reissue(&sam, &marker(2))).await else { panic!() };
    assert!(error.said.as_str().contains("cardholder: The cardholder is not activated."), "{error:?}");
    desk.switch(&json!({ "cards_for_stopped_cardholders": true }));
    made(&desk.send(&desk.reissue(&sam, &marker(2))).await);
    // A second active card of one profile.
    desk.world
        .operator_edit("cards", desk.world.person_at(SAM).unwrap().cards[1].id.as_str(), &json!({ "status": "issued" }))
        .unwrap();
    for several in [false, true] {
        desk.switch(&json!({ "several_active_cards": several }));
        let sam = desk.read(SAM).await;
        let outcome = desk.send(&turn(&sam, &sam.credentials[1], Verb::Set, "activated")).await;
        assert_eq!(matches!(outcome, SendOutcome::Applied { .. }), several, "{outcome:?}");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn refusals_speak_in_the_vendors_words_whatever_their_body() {
    let desk = Desk::open(50).await;
    let john = desk.read(JOHN).await;
    let change = turn(&john, &john.credentials[0], Verb::Suspend, "blocked");
    desk.switch(&json!({ "strict_transitions": true }));
    desk.world
        .operator_edit("cards", &desk.world.person_at(JOHN).unwrap().cards[0].id, &json!({ "status": "returned" }))
        .unwrap();
    for (switches, words) in [
        (json!({ "error_entries": "array" }), "status: A card cannot go"),
        (json!({ "error_entries": "text" }), "status: A card cannot go"),
        (json!({ "error_entries": "object" }), "A card cannot go"),
        (json!({ "problem_body": "plain_json" }), "A card cannot go"),
        (json!({ "problem_body": "html" }), ""),
        (json!({ "problem_body": "empty" }), ""),
    ] {
        desk.switch(&switches);
        let SendOutcome::Rejected(error) = desk.send(&change).await else { panic!("{switches}") };
        assert_eq!((&error.kind, error.status), (&ProviderErrorKind::Invalid, Some(400)));
        assert!(error.said.as_str().contains(words), "{switches}: {error:?}");
        assert!(!error.said.as_str().contains('<'), "a page for a browser is no words for people");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn what_is_no_proof_is_unknown_and_is_sent_once() {
    let desk = Desk::open(50).await;
    let front = desk.sim.front(System::CardExchange).unwrap().clone();
    let posts = || front.log().view().requests.iter().filter(|r| r.method == "POST").count();
    for kind in [
        FaultKind::DropBefore,
        FaultKind::DropAfter,
        FaultKind::BrokenJson,
        FaultKind::StatusAfter { status: 500, retry_after: None },
        FaultKind::StatusBefore { status: 503, retry_after: None },
        FaultKind::StatusBefore { status: 302, retry_after: None },
        FaultKind::HangAfter,
    ] {
        let john = desk.read(JOHN).await;
        let to = if john.credentials[0].status_word.raw() == "blocked" { "activated" } else { "blocked" };
        front.faults.arm(Fault::once("POST", kind.clone())).unwrap();
        let before = posts();
        let outcome = desk.send(&turn(&john, &john.credentials[0], Verb::Set, to)).await;
        assert!(matches!(outcome, SendOutcome::Unknown(_)), "{kind:?}: {outcome:?}");
        assert_eq!(posts(), before + 1, "{kind:?}");
    }
    for (status, kind) in [
        (401, ProviderErrorKind::Unauthorised),
        (403, ProviderErrorKind::Forbidden),
        (409, ProviderErrorKind::Conflict),
        (429, ProviderErrorKind::RateLimited(Some(Duration::from_secs(9)))),
    ] {
        let john = desk.read(JOHN).await;
        let to = if john.credentials[0].status_word.raw() == "blocked" { "activated" } else { "blocked" };
        front.faults.arm(Fault::once("POST", FaultKind::StatusBefore { status, retry_after: Some(9) })).unwrap();
        let before = posts();
        let SendOutcome::Rejected(error) = desk.send(&turn(&john, &john.credentials[0], Verb::Set, to)).await else {
            panic!("{status}")
        };
        assert_eq!((error.kind, posts()), (kind, before + 1), "a17: a change never waits and repeats");
        desk.provider.connect().await.unwrap();
    }
    desk.switch(&json!({ "empty_answers": true }));
    let sam = desk.read(SAM).await;
    let outcome = desk.send(&desk.reissue(&sam, &marker(9))).await;
    assert!(matches!(outcome, SendOutcome::Unknown(_)), "an empty success proves nothing: {outcome:?}");
    assert!(desk.read(SAM).await.credentials.iter().any(|card| card.marker == Some(marker(9))));
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_found_by_its_marker_or_proved_absent_by_two_lists() {
    let desk = Desk::open(50).await;
    let front = desk.sim.front(System::CardExchange).unwrap().clone();
    let john = desk.read(JOHN).await;
    let cardholder = wire::key(&json!({ "id": desk.world.person_at(JOHN).unwrap().cardholders[0] }), "id").unwrap();
    let look = |nth| {
        let cardholder = cardholder.clone();
        let provider = &desk.provider;
        async move { provider.lost_answer(&cardholder, &marker(nth)).await.unwrap() }
    };
    front.faults.arm(Fault::once("POST", FaultKind::DropBefore)).unwrap();
    assert!(matches!(desk.send(&desk.reissue(&john, &marker(1))).await, SendOutcome::Unknown(_)));
    assert_eq!(look(1).await, LostAnswer::NotThere);
    front.faults.arm(Fault::once("POST", FaultKind::DropAfter)).unwrap();
    assert!(matches!(desk.send(&desk.reissue(&john, &marker(1))).await, SendOutcome::Unknown(_)));
    let LostAnswer::Made(card) = look(1).await else { panic!() };
    assert_eq!(desk.world.card(card.key.as_str()).unwrap().created_by, Author::Console);
    assert_eq!(look(2).await, LostAnswer::NotThere, "a marker matches exactly or not at all");
    // A card that comes or goes between the two lists: no proof.
    let act = Act::ForeignCreate { cardholder: cardholder.as_str().to_owned(), metadata: serde_json::Map::new() };
    let second = Moment { after: false, method: Some("GET".into()), path: Some("/api/v1/cards".into()), skip: 1 };
    desk.world.act_at(act, second);
    assert_eq!(look(2).await, LostAnswer::Moving);
    assert_eq!(look(2).await, LostAnswer::NotThere);
    desk.world.act(&Act::ForeignCopy { card: card.key.as_str().to_owned() }).unwrap();
    let LostAnswer::Several(cards) = look(1).await else { panic!() };
    assert_eq!(cards.len(), 2, "a copied marker is nobody's proof");
    desk.sim.stop().await;
}

#[tokio::test]
async fn a21_a_card_that_an_operator_deleted_is_gone_and_nothing_makes_it_again() {
    let desk = Desk::open(50).await;
    let jane = desk.read(JANE).await;
    let card = desk.world.act(&Act::ForeignCreate {
        cardholder: desk.world.person_at(JANE).unwrap().cardholders[0].clone(),
        metadata: serde_json::Map::new(),
    });
    let card = card.unwrap();
    let read = desk.read(JANE).await;
    let seen = read.credentials.iter().find(|c| c.id.key.as_str() == card).unwrap();
    let change = turn(&read, seen, Verb::Set, "in_production");
    desk.world.operator_delete(&card).unwrap();
    let SendOutcome::Rejected(error) = desk.send(&change).await else { panic!() };
    assert_eq!(error.kind, ProviderErrorKind::NotFound);
    assert_eq!(desk.read(JANE).await.credentials.len(), jane.credentials.len());
    desk.sim.stop().await;
}

#[tokio::test]
async fn a4_a8_a12_a13_a14_a18_a19_only_cards_are_ever_written() {
    let desk = Desk::open(50).await;
    desk.switch(&json!({ "unknown_refused": true, "moving_allowed": false, "required_on_update": true }));
    let john = desk.read(JOHN).await;
    let new = made(&desk.send(&desk.reissue(&john, &marker(1))).await);
    for to in ["in_production", "initialized", "withdrawn"] {
        let john = desk.read(JOHN).await;
        let card = john.credentials.iter().find(|card| card.id == new).unwrap();
        assert!(matches!(desk.send(&turn(&john, card, Verb::Set, to)).await, SendOutcome::Applied { .. }), "{to}");
    }
    let mut removal = turn(&john, &john.credentials[0], Verb::End, "deleted");
    removal.remove = Some(Seen::of(&john.credentials[0]));
    removal.turn = None;
    let error = desk.provider.prepare(&removal).unwrap_err();
    assert!(error.said.as_str().contains("cannot be deleted"), "{error:?}");
    let log = desk.sim.front(System::CardExchange).unwrap().log().view();
    let writes: Vec<&str> = log.requests.iter().filter(|r| r.method != "GET").map(|r| r.path.as_str()).collect();
    assert_eq!(writes.len(), 4);
    assert!(writes.iter().all(|path| path.starts_with("/api/v1/cards")), "{writes:?}");
    desk.sim.stop().await;
}
