//! Where the vendor leaves something open, the client reads every position of the simulator's switch (decision 35):
//! rows of contract sections 15 and 17, seen from our side.

use super::*;
use crate::domain::change::Turn;
use crate::domain::credential::{CardStatus, Particular};
use crate::domain::journal::Marker;
use crate::domain::lifecycle::Verb;
use crate::simulator::{ClientChange, Licence};

async fn switched(switches: serde_json::Value) -> (Simulator, Gallagher) {
    let (sim, provider) = world(600).await;
    sim.world().change_switches(&switches).unwrap();
    (sim, provider)
}

fn turned(read: &HolderRead, card: &Credential, verb: Verb, to: &str) -> CredentialChange {
    let turn = Turn { object: Seen::of(card), verb, from: card.status_word.raw().to_owned(), to: to.to_owned() };
    CredentialChange { add: None, remove: None, turn: Some(turn), ..swap(read) }
}

async fn again(provider: &Gallagher, read: &HolderRead) -> HolderRead {
    provider.holder(&read.holder.id, &read.holder.link).await.unwrap()
}

fn problem(error: &ProviderError) -> String {
    error.problem(&"gall".parse().unwrap()).to_string()
}

#[tokio::test]
async fn s15_card_href_after_update_is_followed_by_the_lasting_id() {
    for (position, changes) in [("stable", false), ("changes", true)] {
        let (_sim, provider) = switched(json!({ "card_href": position })).await;
        let before = jane(&provider).await;
        let old = phone(&before);
        let outcome = send(&provider, &turned(&before, old, Verb::Suspend, "Disabled (manually)")).await;
        assert!(matches!(outcome, SendOutcome::Applied { .. }), "{outcome:?}");
        let after = again(&provider, &before).await;
        let new = after.credentials.iter().find(|card| card.lasting_id.raw() == old.lasting_id.raw()).unwrap();
        assert_eq!((new.status, new.status_word.raw()), (CardStatus::Inactive, "Disabled (manually)"));
        assert_eq!(new.link != old.link, changes, "{position}");
    }
}

#[tokio::test]
async fn s15_invitation_href_is_never_kept_in_either_position() {
    for shown in [true, false] {
        let (_sim, provider) = switched(json!({ "expired_invitation_href": shown })).await;
        let read = jane(&provider).await;
        assert_eq!(phone(&read).state(), State::Expired);
        assert!(!format!("{read:?}").contains("invitations/"), "whoever holds it can enrol");
    }
}

#[tokio::test]
async fn s15_mobile_number_when_omitted_is_no_marker() {
    for position in ["credential_id", "one"] {
        let (_sim, provider) = switched(json!({ "omitted_number": position })).await;
        let mut change = swap(&jane(&provider).await);
        change.add.as_mut().unwrap().number = None;
        assert!(matches!(send(&provider, &change).await, SendOutcome::Applied { .. }));
        let read = jane(&provider).await;
        let new = phone(&read);
        assert_eq!(new.marker, None, "{position}");
        let fresh = provider.successor(&read, new, None, Fixed.now()).unwrap();
        // The credential's own id is no label to keep; the "1" of old servers is taken for one.
        assert_eq!(fresh.number.map(|n| n.raw().to_owned()), (position == "one").then(|| "1".to_owned()));
    }
}

#[tokio::test]
async fn s15_change_feed_latency_and_merging_lose_no_card() {
    for (latency, merge) in [(0, 0), (30, 0), (0, 60)] {
        let (sim, provider) = switched(json!({ "feed_latency_s": latency, "feed_merge_s": merge })).await;
        let before = jane(&provider).await;
        let bookmark = provider.bookmark().await.unwrap().unwrap();
        let mut add = swap(&before);
        add.remove = None;
        for _ in 0..2 {
            assert!(matches!(send(&provider, &add).await, SendOutcome::Applied { .. }));
        }
        if latency + merge > 0 {
            assert!(provider.changes_since(&bookmark).await.unwrap().rows.is_empty());
            sim.world().advance(60);
        }
        let rows = provider.changes_since(&bookmark).await.unwrap().rows;
        assert_eq!(rows.iter().map(|row| row.added.len()).sum::<usize>(), 2, "latency {latency}, merging {merge}");
        assert_eq!(rows.len(), if merge > 0 { 1 } else { 2 });
    }
}

#[tokio::test]
async fn s15_feed_with_and_without_type_and_invitation() {
    for more in [false, true] {
        let (_sim, provider) = switched(json!({ "feed_shows_more": more })).await;
        let before = jane(&provider).await;
        let bookmark = provider.bookmark().await.unwrap().unwrap();
        assert!(matches!(send(&provider, &swap(&before)).await, SendOutcome::Applied { .. }));
        let rows = provider.changes_since(&bookmark).await.unwrap().rows;
        assert_eq!((rows[0].added.len(), rows[0].removed.len()), (1, 1));
    }
}

#[tokio::test]
async fn s15_me_block_is_not_needed() {
    for present in [true, false] {
        let (_sim, provider) = switched(json!({ "me": present })).await;
        assert!(provider.connect().await.is_ok());
        assert!(!provider.find_holders("doe", 5).await.unwrap().rows.is_empty());
    }
}

#[tokio::test]
async fn s15_bad_licence_and_missing_privilege_are_told_as_such() {
    let (sim, _) = world(600).await;
    let fresh = |change: ClientChange| {
        sim.world().change_client(&ClientChange { client: 9001, ..change }).unwrap();
        opened(&sim, sim.api_key())
    };
    let licences = |licences: &[Licence]| ClientChange {
        licences: Some(licences.iter().copied().collect()),
        ..ClientChange::default()
    };
    let provider = fresh(licences(&[Licence::Cardholders]));
    assert!(!provider.connect().await.unwrap().has_events);
    let read = jane(&provider).await;
    assert!(provider.events_of(&read.holder.id, 3).await.unwrap().is_empty());
    let provider = fresh(licences(&[Licence::Events]));
    let error = provider.find_holders("doe", 5).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Forbidden);
    assert!(error.detail.as_str().contains("RESTCardholders"), "{error:?}");
    assert!(problem(&error).contains("licence"), "{}", problem(&error));
    let error = fresh(licences(&[])).connect().await.unwrap_err();
    assert!(problem(&error).contains("feature not licensed"), "{}", problem(&error));
    // Not allowed to see people is not the same as nobody: the server answers with an empty list.
    let provider = fresh(ClientChange { may_view: Some(false), ..licences(&[Licence::Cardholders]) });
    assert!(provider.find_holders("doe", 5).await.unwrap().rows.is_empty());
    let error = provider.holder(&read.holder.id, &read.holder.link).await.unwrap_err();
    assert!(problem(&error).contains("this key may not see it"), "{}", problem(&error));
    let disabled = ClientChange { disabled: Some(true), ..ClientChange::default() };
    assert_eq!(fresh(disabled).connect().await.unwrap_err().kind, ProviderErrorKind::Unauthorised);
}

#[tokio::test]
async fn s15_gateway_503_is_a_site_that_is_not_connected() {
    let (sim, provider) = world(600).await;
    let read = jane(&provider).await;
    sim.world().change_switches(&json!({ "gateway": "tunnel_down" })).unwrap();
    let error = provider.find_holders("doe", 5).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::SiteOffline);
    assert!(problem(&error).contains("not connected to the vendor's gateway"), "{}", problem(&error));
    let outcome = send(&provider, &swap(&read)).await;
    assert!(matches!(outcome, SendOutcome::Unknown(_)), "a 503 proves nothing about a change: {outcome:?}");
}

#[tokio::test]
async fn s17_facility_code_is_not_needed() {
    for present in [true, false] {
        let (_sim, provider) = switched(json!({ "mobile_facility_code": present })).await;
        let types = provider.credential_types().await.unwrap();
        assert!(types.iter().any(|t| t.class == CredentialClass::Mobile && t.name.raw() == "Mobile Credential"));
    }
}

#[tokio::test]
async fn s17_mobile_issue_level_is_optional() {
    for (present, level) in [(false, None), (true, Some(1))] {
        let (_sim, provider) = switched(json!({ "mobile_issue_level": present })).await;
        assert_eq!(phone(&jane(&provider).await).issue_level, level);
    }
}

#[tokio::test]
async fn s17_409_is_a_lock_or_a_privilege_with_the_vendors_words() {
    for (position, kind) in [(false, ProviderErrorKind::Forbidden), (true, ProviderErrorKind::Conflict)] {
        let (sim, provider) = switched(json!({ "privilege_conflict": position })).await;
        let read = jane(&provider).await;
        let change = ClientChange { client: 9001, may_edit: Some(false), ..ClientChange::default() };
        sim.world().change_client(&change).unwrap();
        let SendOutcome::Rejected(error) = send(&provider, &swap(&read)).await else { panic!("a refusal") };
        assert_eq!(error.kind, kind);
        assert!(error.said.as_str().contains("privilege"), "{error:?}");
    }
}

#[tokio::test]
async fn s17_an_address_filter_in_front_of_the_gateway_is_a_refused_key() {
    for (filters, admitted) in [(true, true), (false, false)] {
        let (sim, provider) = switched(json!({ "gateway": "open", "gateway_filters": filters })).await;
        let only_from = Some(vec!["127.0.0.1".parse().unwrap()]);
        sim.world().change_client(&ClientChange { client: 9001, only_from, ..ClientChange::default() }).unwrap();
        match provider.connect().await {
            Ok(_) => assert!(admitted),
            Err(error) => {
                assert!(!admitted);
                assert!(problem(&error).contains("the address"), "the hint: {}", problem(&error));
            }
        }
    }
}

#[tokio::test]
async fn every_class_is_read_and_said_in_plain_words() {
    let (sim, provider) = world(600).await;
    let mut seen = BTreeSet::new();
    let mut page = None;
    loop {
        let read = provider.list_holders(page.as_ref(), 200).await.unwrap();
        for row in &read.rows {
            for card in &row.credentials {
                seen.insert(card.class);
                let remark = card.particular(Particular::Remark).map(|r| r.raw().to_owned());
                match card.class {
                    CredentialClass::Card | CredentialClass::Mobile => assert_eq!(remark, None),
                    CredentialClass::Unknown => assert!(remark.unwrap().contains("fido2"), "{card:?}"),
                    _ => assert!(remark.unwrap().starts_with("a "), "{card:?}"),
                }
                assert_eq!(card.invitation.is_some(), card.class == CredentialClass::Mobile, "{card:?}");
                assert_ne!(card.status, CardStatus::Unknown, "{card:?}");
                let refused = provider.successor(row, card, None, Fixed.now()).is_err();
                assert_eq!(refused, card.class != CredentialClass::Mobile, "{card:?}");
                if matches!(card.class, CredentialClass::Piv | CredentialClass::Pivi) {
                    assert_eq!(card.particular(Particular::StateReason).unwrap().raw(), "Normal");
                }
            }
            let count = |class| row.credentials.iter().filter(|c| c.class == class).count();
            for card in &row.credentials {
                let siblings = card.particulars.iter().filter(|(name, _)| *name == Particular::Sibling).count();
                let expected = match card.class {
                    CredentialClass::Mobile => count(CredentialClass::ApplePass),
                    CredentialClass::ApplePass => count(CredentialClass::Mobile),
                    _ => 0,
                };
                assert_eq!(siblings, expected, "{card:?}");
            }
        }
        page = read.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 10, "{seen:?}");
    drop(sim);
}

#[tokio::test]
async fn a_type_names_the_word_of_a_new_card_first() {
    let (_sim, provider) = world(600).await;
    for kind in provider.credential_types().await.unwrap() {
        assert_eq!(kind.states.first().map(|s| s.raw().to_owned()), Some("Active".to_owned()), "{kind:?}");
    }
}

#[tokio::test]
async fn a_card_is_stopped_resumed_and_ended_with_the_words_of_its_type() {
    let (sim, provider) = world(600).await;
    let id = || sim.world().cardholder("4665").unwrap();
    for (verb, to, machine) in [
        (Verb::Suspend, "Lost", CardStatus::Inactive),
        (Verb::Resume, "Active", CardStatus::Active),
        (Verb::Set, "Stolen", CardStatus::Inactive),
    ] {
        let read = jane(&provider).await;
        let outcome = send(&provider, &turned(&read, phone(&read), verb, to)).await;
        assert!(matches!(outcome, SendOutcome::Applied { .. }), "{verb}: {outcome:?}");
        let after = jane(&provider).await;
        assert_eq!((phone(&after).status, phone(&after).status_word.raw()), (machine, to), "{verb}");
    }
    let read = jane(&provider).await;
    let outcome = send(&provider, &turned(&read, phone(&read), Verb::Set, "Eaten")).await;
    assert!(matches!(outcome, SendOutcome::Rejected(_)), "no word of the type: {outcome:?}");
    let outcome = send(&provider, &turned(&read, phone(&read), Verb::End, "Damaged")).await;
    assert!(matches!(outcome, SendOutcome::Applied { .. }), "{outcome:?}");
    assert_eq!(id().removed.last().unwrap().status_word, "Damaged", "the final word is the reason");
    let plastic = read.credentials.iter().find(|card| card.class == CredentialClass::Card).unwrap();
    assert!(matches!(send(&provider, &turned(&read, plastic, Verb::End, "")).await, SendOutcome::Applied { .. }));
    assert_eq!(id().removed.last().unwrap().status_word, "Active", "without one it keeps its own");
}

#[tokio::test]
async fn a_copied_marker_is_read_as_what_it_is() {
    let (sim, provider) = world(600).await;
    let write = json!({ "cardholder": "4665", "kind": "copy_number" });
    sim.world().foreign(serde_json::from_value(write).unwrap()).unwrap();
    let read = jane(&provider).await;
    let markers: Vec<Marker> = read.credentials.iter().filter_map(|card| card.marker.clone()).collect();
    assert_eq!(markers.len(), 2);
    assert_eq!(markers[0], markers[1], "two cards with one marker: the judgement is the ledger's");
}
