//! Actions on passes that exist, and on both halves of a pair (contract sections 4 and 5).

use super::*;
use crate::domain::lifecycle;

async fn act(desk: &Desk, card: &Credential, verb: Verb, to: &str) -> SendOutcome {
    desk.send(&turn(card, verb, to)).await
}

#[tokio::test]
async fn a_pass_goes_through_its_life_and_is_read_back_each_time() {
    let desk = Desk::open().await;
    let mut card = desk.only(JOHN).await;
    for (verb, to, state) in [
        (Verb::Suspend, "suspended", State::Suspended),
        (Verb::Resume, "active", State::Active),
        (Verb::Set, "suspended", State::Suspended),
        (Verb::Unlink, "unlink", State::Unlinked),
        (Verb::End, "deleted", State::Ended),
    ] {
        assert_eq!(applied(act(&desk, &card, verb, to).await), Answered::default());
        card = desk.only(JOHN).await;
        assert!(lifecycle::reached(&card, Some(to)), "{verb}");
        assert_eq!(card.state(), state);
    }
    assert_eq!(desk.posts().len(), 5);
    assert!(desk.posts().iter().all(|(_, applied)| *applied));
    let ended = CredentialChange {
        remove: Some(Seen::of(&desk.only(SAM).await)),
        ..nothing(&id_of(SAM), &"/x".parse().unwrap())
    };
    applied(desk.send(&ended).await);
    assert_eq!(desk.only(SAM).await.state(), State::Ended);
}

#[tokio::test]
async fn an_action_is_done_however_little_the_answer_says() {
    for form in ["whole", "few", "status_only"] {
        let desk = Desk::open().await;
        desk.switch(&json!({ "action_answer": form }));
        let card = desk.only(JOHN).await;
        assert_eq!(applied(act(&desk, &card, Verb::Suspend, "suspended").await), Answered::default());
        assert_eq!(desk.only(JOHN).await.state(), State::Suspended, "{form}");
    }
}

#[tokio::test]
async fn a_refused_action_is_told_in_the_vendors_words_whatever_its_status_and_form() {
    for (status, form) in [(422, "message"), (409, "message"), (400, "list"), (403, "message"), (422, "error_key")] {
        let desk = Desk::open().await;
        let card = desk.only(JOHN).await;
        desk.grid.foreign_act(card.id.key.as_str(), Action::Suspend).unwrap();
        desk.switch(&json!({ "state_conflict_status": status, "error_form": form }));
        let error = rejected(act(&desk, &card, Verb::Suspend, "suspended").await);
        assert_eq!((&error.kind, error.status), (&ProviderErrorKind::Invalid, Some(status)));
        assert!(error.said.as_str().contains(NOT_ACTIVE), "{status} {form}: {:?}", error.said);
        assert!(error.problem(&"grid".parse().unwrap()).to_string().contains(NOT_ACTIVE));
        assert!(!desk.posts()[0].1);
    }
}

#[tokio::test]
async fn somebody_who_comes_first_makes_the_vendor_refuse() {
    let desk = Desk::open().await;
    let card = desk.only(JOHN).await;
    let pass = card.id.key.as_str().to_owned();
    let kind = ForeignKind::Act { action: Action::Delete };
    desk.grid.foreign(ForeignAct { pass, kind, when: Moment::BeforeNextWrite }).unwrap();
    rejected(act(&desk, &card, Verb::Suspend, "suspended").await);
    assert_eq!(desk.only(JOHN).await.state(), State::Ended);
}

#[tokio::test]
async fn c1_an_unlinked_pass_is_not_resumed_but_seen_if_it_comes_back() {
    let desk = Desk::open().await;
    let card = desk.only(JOHN).await;
    applied(act(&desk, &card, Verb::Unlink, "unlink").await);
    let card = desk.only(JOHN).await;
    for allowed in [false, true] {
        desk.switch(&json!({ "resume_from_unlink": allowed }));
        assert!(lifecycle::target(&card, Verb::Resume, None, Fixed.now()).is_err());
        let refused = desk.provider.prepare(&turn(&card, Verb::Resume, "active")).unwrap_err();
        assert_eq!(refused.kind, ProviderErrorKind::Invalid);
        let back = desk.grid.foreign_act(card.id.key.as_str(), Action::Resume);
        assert_eq!(back.is_ok(), allowed);
        let now = desk.only(JOHN).await;
        assert_eq!(now.state(), if allowed { State::Active } else { State::Unlinked });
        assert_eq!(now.fingerprint() == card.fingerprint(), !allowed, "it is another thing than was seen");
    }
}

#[tokio::test]
async fn c4_a_suspension_that_the_holder_lifts_is_seen() {
    let desk = Desk::open().await;
    let card = desk.only(JOHN).await;
    applied(act(&desk, &card, Verb::Suspend, "suspended").await);
    let stopped = desk.only(JOHN).await;
    assert!(stopped.usable(), "no security hold: its holder can make it work again");
    desk.switch(&json!({ "found_resumes_api_suspend": false }));
    desk.grid.device_found(card.id.key.as_str()).unwrap_err();
    assert_eq!(desk.only(JOHN).await.state(), State::Suspended);
    desk.switch(&json!({ "found_resumes_api_suspend": true }));
    desk.grid.device_found(card.id.key.as_str()).unwrap();
    assert_eq!(desk.only(JOHN).await.state(), State::Active);
}

#[tokio::test]
async fn c5_c6_what_is_offered_depends_on_the_table_and_not_on_the_vendors_tolerance() {
    let desk = Desk::open().await;
    applied(desk.reissue(JOHN, 5).await);
    for tolerant in [false, true] {
        desk.switch(&json!({ "unlink_created": tolerant, "repeated_delete": tolerant }));
        let read = desk.read(JOHN).await;
        let created = read.credentials.iter().find(|card| card.status_word.raw() == "created").unwrap();
        let offered = |verb| lifecycle::target(created, verb, None, Fixed.now()).is_ok();
        assert_eq!((offered(Verb::Suspend), offered(Verb::Unlink), offered(Verb::End)), (false, false, true));
        let jane = desk.only(JANE).await;
        let offered = |verb| lifecycle::target(&jane, verb, None, Fixed.now()).is_ok();
        assert!(offered(Verb::Resume) && offered(Verb::Unlink) && offered(Verb::End) && !offered(Verb::Suspend));
    }
    let sam = desk.only(SAM).await;
    applied(act(&desk, &sam, Verb::End, "deleted").await);
    let gone = desk.only(SAM).await;
    assert!(lifecycle::target(&gone, Verb::End, None, Fixed.now()).is_err(), "never twice");
}

#[tokio::test]
async fn c7_a_deleted_pass_stays_as_evidence() {
    for listed in [false, true] {
        let desk = Desk::open().await;
        desk.switch(&json!({ "list_deleted": listed }));
        let card = desk.only(JOHN).await;
        desk.grid.foreign_act(card.id.key.as_str(), Action::Delete).unwrap();
        let stranger = opened(&desk.sim, &[APPLE_TEMPLATE, ANDROID_TEMPLATE], short());
        let read = stranger.person(&id_of(JOHN)).await.unwrap();
        assert_eq!(read.credentials[0].state(), State::Ended);
        assert_eq!(read.credentials[0].marker, card.marker);
    }
}

#[tokio::test]
async fn an_unclear_answer_to_an_action_is_unknown_and_reading_tells() {
    for (fault, happened) in [
        (FaultKind::DropBefore, false),
        (FaultKind::DropAfter, true),
        (FaultKind::StatusBefore { status: 500, retry_after: None }, false),
        (FaultKind::StatusAfter { status: 500, retry_after: None }, true),
        (FaultKind::StatusAfter { status: 503, retry_after: Some(1) }, true),
        (FaultKind::BrokenJson, true),
    ] {
        let desk = Desk::open().await;
        let card = desk.only(JOHN).await;
        desk.arm("POST", fault.clone());
        unknown(&act(&desk, &card, Verb::Suspend, "suspended").await);
        let state = desk.only(JOHN).await.state();
        assert_eq!(state == State::Suspended, happened, "{fault:?}");
        assert_eq!(desk.posts().len(), 1, "sent once and never again");
    }
    let desk = Desk::open().await;
    let card = desk.only(JOHN).await;
    desk.arm("POST", FaultKind::StatusBefore { status: 429, retry_after: Some(1) });
    let error = rejected(act(&desk, &card, Verb::Suspend, "suspended").await);
    assert_eq!(error.kind, ProviderErrorKind::RateLimited(Some(Duration::from_secs(1))));
    assert_eq!(desk.posts().len(), 1);
}

/// A pair of ours for Sam, made by a reissue from the pair of templates.
async fn a_pair(desk: &Desk) -> Credential {
    let read = desk.read(SAM).await;
    let mut change = desk.successor(&read, &read.credentials[0], 9);
    change.add.as_mut().unwrap().type_link = templates::template_link(TEMPLATE_PAIR).unwrap();
    let made = applied(desk.send(&change).await).made.unwrap();
    let read = desk.read(SAM).await;
    let pair = read.credentials.into_iter().find(|card| card.id == made).expect("the answer names what is read");
    assert_eq!(pair.marker, Some(marker_of(9)));
    pair
}

fn half(pair: &Credential, template: &str, desk: &Desk) -> String {
    let mut ids = pair.lasting_id.raw().split('/');
    ids.find(|id| desk.grid.passes(id)[0].template_id == template).unwrap().to_owned()
}

#[tokio::test]
async fn a_pair_is_one_credential_and_follows_the_half_that_is_installed() {
    let desk = Desk::open().await;
    let pair = a_pair(&desk).await;
    assert_eq!((pair.state(), pair.type_name.raw()), (State::Invited, "Staff badge"));
    assert_eq!(desk.read(SAM).await.credentials.len(), 2);
    desk.grid.install(&half(&pair, APPLE_TEMPLATE, &desk), DeviceType::Iphone).unwrap();
    for listed in [false, true] {
        desk.switch(&json!({ "list_deleted": listed }));
        let stranger = opened(&desk.sim, &[TEMPLATE_PAIR], short());
        let read = stranger.person(&id_of(SAM)).await.unwrap();
        let now = read.credentials.iter().find(|card| card.id == pair.id).unwrap();
        assert_eq!((now.state(), &now.lasting_id), (State::Active, &pair.lasting_id));
        assert!(now.particular(Particular::Half).unwrap().raw().ends_with("(deleted)"));
        assert!(now.link.as_str().ends_with(&half(&pair, APPLE_TEMPLATE, &desk)));
    }
    let read = desk.read(SAM).await;
    let now = read.credentials.iter().find(|card| card.id == pair.id).unwrap();
    applied(act(&desk, now, Verb::Suspend, "suspended").await);
    assert_eq!(desk.grid.passes(&half(&pair, APPLE_TEMPLATE, &desk))[0].state, grid::State::Suspended);
}

#[tokio::test]
async fn halves_that_disagree_have_no_state() {
    let desk = Desk::open().await;
    let pair = a_pair(&desk).await;
    desk.switch(&json!({ "unlink_created": true }));
    desk.grid.foreign_act(&half(&pair, APPLE_TEMPLATE, &desk), Action::Unlink).unwrap();
    let read = desk.read(SAM).await;
    let now = read.credentials.iter().find(|card| card.id == pair.id).unwrap();
    assert_eq!(now.state(), State::Unknown);
    assert!(now.status_word.raw().contains(" + "), "{:?}", now.status_word);
}

#[tokio::test]
async fn ending_a_pair_reaches_both_halves_or_is_seen_not_to() {
    for (how, ended) in [("each_half", true), ("first_half", false)] {
        let desk = Desk::open().await;
        let pair = a_pair(&desk).await;
        desk.switch(&json!({ "pair_action": how }));
        applied(act(&desk, &pair, Verb::End, "deleted").await);
        let read = desk.read(SAM).await;
        let now = read.credentials.iter().find(|card| card.id == pair.id).unwrap();
        assert_eq!(lifecycle::reached(now, Some("deleted")), ended, "{how}");
        assert_eq!(now.state(), if ended { State::Ended } else { State::Invited });
    }
    let desk = Desk::open().await;
    let pair = a_pair(&desk).await;
    desk.switch(&json!({ "pair_action": "not_found" }));
    let error = rejected(act(&desk, &pair, Verb::End, "deleted").await);
    assert_eq!(error.kind, ProviderErrorKind::NotFound);
}

#[tokio::test]
async fn the_pairs_own_id_comes_from_billing_after_a_restart_or_the_act_is_refused() {
    let desk = Desk::open().await;
    let pair = a_pair(&desk).await;
    for (plan, known) in [("enterprise", true), ("basic_forbidden", false)] {
        desk.switch(&json!({ "plan": plan }));
        let stranger = opened(&desk.sim, &[APPLE_TEMPLATE, ANDROID_TEMPLATE], short());
        let read = stranger.person(&id_of(SAM)).await.unwrap();
        let now = read.credentials.iter().find(|card| card.id == pair.id).expect("still one unit");
        let prepared = stranger.prepare(&turn(now, Verb::End, "deleted"));
        assert_eq!(prepared.is_ok(), known, "{plan}");
        if let Err(error) = prepared {
            assert!(error.detail.as_str().contains("halves"), "{error:?}");
        }
        assert_eq!(now.link == pair.link, known);
    }
}
