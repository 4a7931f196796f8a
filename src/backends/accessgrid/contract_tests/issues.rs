//! Issuing: what is copied, what the answer names, what is done when it is lost (contract sections 4.2 and 9).

use super::*;

#[tokio::test]
async fn a_reissue_is_like_the_old_one_and_carries_our_tag() {
    let desk = Desk::open().await;
    let read = desk.read(JANE).await;
    let change = desk.successor(&read, &read.credentials[0], 3);
    let prepared = desk.provider.prepare(&change).unwrap();
    assert_eq!(prepared, desk.provider.prepare(&change).unwrap(), "the same bytes each time");
    let body: Value = serde_json::from_slice(&prepared.body).unwrap();
    let old = desk.grid.passes_of("E10422")[0].clone();
    assert_eq!((&body["full_name"], &body["employee_id"]), (&json!("Jane Doe"), &json!("E10422")));
    assert_eq!(body["card_template_id"], old.template_id);
    assert_eq!(body["email"], "jane.doe@site.example");
    assert_eq!(body["metadata"]["replaces"], old.id.as_str());
    assert_eq!(body["metadata"]["console_op"], "reissue");
    assert!(body.get("card_number").is_none() && body["metadata"].get("source").is_none(), "others' notes stay theirs");
    let made = applied(desk.send(&change).await).made.unwrap();
    let read = desk.read(JANE).await;
    let new = read.credentials.iter().find(|card| card.id == made).unwrap();
    assert_eq!((new.state(), &new.marker), (State::Invited, &Some(marker_of(3))));
    assert_eq!(new.until, desk.grid.passes_of("E10422")[0].expires);
    assert_eq!(new.particular(Particular::Replaces).unwrap().raw(), old.id);
    assert_eq!(new.particular(Particular::Department), read.credentials[0].particular(Particular::Department));
    desk.grid.install(made.key.as_str(), DeviceType::Iphone).unwrap();
    let read = desk.read(JANE).await;
    assert!(read.credentials.iter().any(|card| card.id == made && card.state() == State::Active));
}

#[tokio::test]
async fn what_has_run_out_is_valid_again_for_as_long_as_it_was() {
    let desk = Desk::open().await;
    let pass = desk.grid.passes_of("E10425")[0].clone();
    desk.grid.expire(&pass.id).unwrap();
    let read = desk.read(JOHN).await;
    let old = &read.credentials[0];
    let change = desk.successor(&read, old, 4);
    let until = change.add.as_ref().unwrap().until.unwrap();
    let span = |from: Timestamp, until: Timestamp| until.as_second() - from.as_second();
    assert_eq!(span(Fixed.now(), until), span(old.from.unwrap(), old.until.unwrap()));
    applied(desk.send(&change).await);
}

#[tokio::test]
async fn a_contact_that_is_not_shown_is_not_sent_and_may_be_missed() {
    let desk = Desk::open().await;
    desk.switch(&json!({ "show_contact": false }));
    let read = desk.read(JOHN).await;
    let change = desk.successor(&read, &read.credentials[0], 4);
    let body: Value = serde_json::from_slice(&desk.provider.prepare(&change).unwrap().body).unwrap();
    assert!(body.get("email").is_none() && body.get("phone_number").is_none());
    desk.switch(&json!({ "contact_required": true }));
    let error = rejected(desk.send(&change).await);
    assert_eq!(error.said.as_str(), "Email or phone number is required");
    desk.switch(&json!({ "contact_required": false }));
    applied(desk.send(&change).await);
}

#[tokio::test]
async fn an_empty_account_is_said_in_plain_words() {
    let desk = Desk::open().await;
    desk.grid.set_balance(0);
    let error = rejected(desk.reissue(JOHN, 4).await);
    assert_eq!(error.kind, ProviderErrorKind::Unpaid);
    let words = error.problem(&"grid".parse().unwrap()).to_string();
    assert!(words.contains("balance is too low") && words.contains("nothing was issued"), "{words}");
    assert_eq!(desk.grid.passes_of("E10425").len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_found_by_its_tag_and_never_sent_again() {
    for (fault, made) in [
        (FaultKind::DropBefore, 0),
        (FaultKind::DropAfter, 1),
        (FaultKind::StatusBefore { status: 500, retry_after: None }, 0),
        (FaultKind::StatusAfter { status: 502, retry_after: None }, 1),
        (FaultKind::BrokenJson, 1),
    ] {
        for heeded in [true, false] {
            let desk = Desk::open().await;
            desk.switch(&json!({ "honour_metadata_filter": heeded, "honour_holder_filters": heeded }));
            let read = desk.read(JOHN).await;
            let change = desk.successor(&read, &read.credentials[0], 6);
            desk.arm("POST", fault.clone());
            unknown(&desk.send(&change).await);
            let carries =
                |read: &HolderRead| read.credentials.iter().filter(|c| c.marker == Some(marker_of(6))).count();
            assert_eq!(carries(&desk.read(JOHN).await), made, "{fault:?} {heeded}");
            let restarted = opened(&desk.sim, &[APPLE_TEMPLATE, ANDROID_TEMPLATE], short());
            assert_eq!(carries(&restarted.person(&id_of(JOHN)).await.unwrap()), made, "{fault:?} {heeded}");
            assert_eq!(desk.posts().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_lost_issue_is_found_even_if_the_vendor_wrote_another_number() {
    let desk = Desk::open().await;
    let read = desk.read(JOHN).await;
    let mut change = desk.successor(&read, &read.credentials[0], 6);
    desk.arm("POST", FaultKind::DropAfter);
    let prepared = desk.provider.prepare(&change).unwrap();
    unknown(&desk.provider.send(permit(&prepared).await, &prepared).await);
    // Another program files it under another number meanwhile.
    let made = desk.grid.passes_of("E10425");
    let new = made.iter().find(|p| p.metadata["console_ref"] == marker_of(6).as_str()).unwrap();
    let kind = ForeignKind::Employee { employee_id: "E-4711".to_owned() };
    desk.grid.foreign(ForeignAct { pass: new.id.clone(), kind, when: Moment::Now }).unwrap();
    for heeded in [true, false] {
        desk.switch(&json!({ "honour_metadata_filter": heeded }));
        let read = desk.read(JOHN).await;
        assert!(read.credentials.iter().any(|card| card.id.key.as_str() == new.id), "{heeded}");
    }
    change.add = None;
    assert!(desk.provider.prepare(&change).is_err(), "a change without content is none");
}

#[tokio::test]
async fn a_copied_tag_is_shown_on_both() {
    let desk = Desk::open().await;
    let old = desk.only(JOHN).await;
    let copy = desk.grid.foreign_copy(old.id.key.as_str()).unwrap();
    let read = desk.read(JOHN).await;
    assert_eq!(read.credentials.len(), 2, "a copy of another time and the same template makes no pair");
    assert!(read.credentials.iter().all(|card| card.marker == old.marker));
    assert!(read.credentials.iter().any(|card| card.id.key.as_str() == copy));
}

#[tokio::test]
async fn passes_without_an_employee_number_stay_with_their_first_one() {
    for heeded in [true, false] {
        let desk = Desk::open().await;
        let read = desk.read(JOHN).await;
        let mut change = desk.successor(&read, &read.credentials[0], 7);
        change.add.as_mut().unwrap().particulars.retain(|(name, _)| *name != Particular::EmployeeNumber);
        let first = applied(desk.send(&change).await).made.unwrap();
        desk.switch(&json!({ "honour_metadata_filter": heeded }));
        let alone = format!("pass.{}", first.key);
        let read = desk.read(&alone).await;
        assert_eq!((read.credentials.len(), read.holder.name().raw()), (1, "John Roe"));
        for (marker, count) in [(8, 2), (9, 3)] {
            let made = applied(desk.reissue(&alone, marker).await).made.unwrap();
            let restarted = opened(&desk.sim, &[APPLE_TEMPLATE, ANDROID_TEMPLATE], short());
            let read = restarted.person(&id_of(&alone)).await.unwrap();
            assert_eq!(read.credentials.len(), count, "{heeded}");
            assert!(read.credentials.iter().any(|card| card.id == made));
        }
    }
}

#[tokio::test]
async fn the_log_never_shows_what_must_not_be_shown() {
    let desk = Desk::open().await;
    let secret = desk.grid.account(Author::Console).unwrap().secret;
    desk.grid.fail_next(422).unwrap();
    let error = desk.provider.person(&id_of(JOHN)).await.unwrap_err();
    desk.arm("POST", FaultKind::DropBefore);
    let outcome = desk.reissue(JOHN, 4).await;
    let said = format!("{error:?} {outcome:?} {}", error.problem(&"grid".parse().unwrap()));
    assert!(!said.contains("sig_payload") && !said.contains(&secret) && !said.contains("employee_id=E10425"), "{said}");
}
