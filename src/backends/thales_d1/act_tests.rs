//! Changes: the request that each becomes, how it ends, and what is never sent twice.

use super::testing::*;
use super::*;
use crate::backends::http::tests::permit;
use crate::domain::credential::{CredentialClass, Particular, State};
use crate::domain::lifecycle::Verb;
use crate::simulator::population::{JANE, JOHN, SAM};
use crate::simulator::{Fault, FaultKind};
use serde_json::json;

const TAG: &str = "PDX 0C1G60R30C1G60R3";

fn body(prepared: &PreparedChange) -> (String, String) {
    let body: Value = serde_json::from_slice(&prepared.body).unwrap();
    assert!(body.as_object().unwrap().keys().all(|name| matches!(name.as_str(), "reason" | "reasonCode")));
    (body["reason"].as_str().unwrap_or_default().into(), body["reasonCode"].as_str().unwrap().into())
}

#[tokio::test]
async fn each_act_is_one_post_with_tag_and_code() {
    let branch = Branch::open_with(|s| s.codes.digital = vec![(Why::Stolen, "DEVICE_STOLEN".into())]).await;
    let jane = branch.read(JANE).await;
    let (card, pass) = (&jane.credentials[0], &jane.credentials[1]);
    for (one, verb, why, word, code) in [
        (pass, Verb::Suspend, Why::Lost, "suspend", "DEVICE_LOST"),
        (pass, Verb::Suspend, Why::Stolen, "suspend", "DEVICE_STOLEN"),
        (pass, Verb::Suspend, Why::Damaged, "suspend", "ISSUER_DECISION"),
        (pass, Verb::Suspend, Why::NewPhone, "suspend", "USER_DECISION"),
        (pass, Verb::Resume, Why::Lost, "resume", "ISSUER_DECISION"),
        (pass, Verb::End, Why::Leaver, "delete", "ISSUER_DECISION"),
        (card, Verb::Suspend, Why::Lost, "suspend", "CARD_LOST"),
        (card, Verb::Suspend, Why::Stolen, "suspend", "CARD_STOLEN"),
        (card, Verb::Suspend, Why::Damaged, "suspend", "CARD_BROKEN"),
        (card, Verb::Suspend, Why::Test, "suspend", "ISSUER_DECISION"),
        (card, Verb::Resume, Why::Mistake, "resume", "ISSUER_DECISION"),
        (card, Verb::End, Why::Damaged, "delete", "ISSUER_DECISION"),
    ] {
        let change = change_of(one, verb, why);
        let prepared = branch.provider.prepare(&change).unwrap();
        let family = if one.class == CredentialClass::DigitalCard { "digitalCards" } else { "cards" };
        let path = format!("/banking/v1/issuers/DEMOISS-01/{family}/{}/operations:{word}", one.id.key.as_str());
        assert_eq!((prepared.method, prepared.link.as_str()), ("POST", path.as_str()));
        assert_eq!(body(&prepared), (format!("{TAG} ref 50177"), code.to_owned()), "{verb} {why:?}");
        assert_eq!(prepared, branch.provider.prepare(&change).unwrap(), "the same change, the same bytes");
    }
    branch.sim.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_never_cut() {
    let branch = Branch::open().await;
    let jane = branch.read(JANE).await;
    let good = change_of(&jane.credentials[1], Verb::Suspend, Why::Lost);
    let changed = |edit: &dyn Fn(&mut CredentialChange)| {
        let mut change = good.clone();
        edit(&mut change);
        branch.provider.prepare(&change)
    };
    let longest = "x".repeat(43);
    let fits = changed(&|c| c.note.clone_from(&longest)).unwrap();
    assert_eq!(body(&fits).0.len(), 64);
    assert_eq!(body(&changed(&|c| c.note.clear()).unwrap()).0, TAG);
    for edit in [
        &(|c: &mut CredentialChange| c.note = "x".repeat(44)) as &dyn Fn(&mut CredentialChange),
        &|c| c.note = "left-the bank".into(),
        &|c| c.note = "Müller".into(),
        &|c| c.note = "a\nb".into(),
        &|c| c.marker = Some(Marker::from_uuid(uuid::Uuid::from_u128(1))),
        &|c| c.turn.as_mut().unwrap().verb = Verb::Unlink,
        &|c| c.turn.as_mut().unwrap().object.class = CredentialClass::Mobile,
        &|c| c.turn.as_mut().unwrap().object.id = "other:dgc-1".parse().unwrap(),
        &|c| c.turn.as_mut().unwrap().object.id = "bank:a/b".parse().unwrap(),
        &|c| c.turn = None,
    ] {
        assert_eq!(changed(edit).unwrap_err().kind, ProviderErrorKind::Invalid);
    }
    assert!(branch.provider.successor(&jane, &jane.credentials[1], None, branch.d1.now()).is_err());
    branch.sim.stop().await;
}

#[tokio::test]
async fn a_digital_card_is_stopped_let_go_on_and_ended() {
    let branch = Branch::open().await;
    for (verb, state) in [(Verb::Suspend, State::Suspended), (Verb::Resume, State::Active), (Verb::End, State::Ended)] {
        let SendOutcome::Applied { answer, .. } = branch.act(JANE, true, verb, Why::Lost).await else {
            panic!("{verb}")
        };
        let operation = answer.operation.unwrap();
        assert!(!answer.pending && operation.as_str().starts_with("op-"), "the operation is named");
        let jane = branch.read(JANE).await;
        assert_eq!(jane.credentials[1].state(), state);
        assert_eq!(jane.credentials[0].state(), State::Active, "the card is another thing");
        let row = branch.provider.events_of(&branch.id(JANE), 50).await.unwrap();
        assert!(row.iter().any(|r| r.note.as_str().contains(TAG) && r.operator.as_str() == "ISSUER DEMOISS-01"));
    }
    assert!(
        matches!(branch.act(JANE, true, Verb::End, Why::Lost).await, SendOutcome::Rejected(e) if e.status == Some(403)
        && e.kind == ProviderErrorKind::Invalid && e.detail.as_str().contains("does not allow it"))
    );
    branch.sim.stop().await;
}

#[tokio::test]
async fn a_lost_card_is_undone_as_found_and_a_stolen_one_is_not() {
    let branch = Branch::open().await;
    for (person, why, undone) in [(JANE, Why::Lost, true), (SAM, Why::Stolen, false), (JOHN, Why::Test, true)] {
        assert!(matches!(branch.act(person, false, Verb::Suspend, why).await, SendOutcome::Applied { .. }));
        let stopped = branch.read(person).await;
        assert_eq!((stopped.credentials[0].state(), stopped.credentials[1].state()), (State::Suspended, State::Active));
        let back = branch.act(person, false, Verb::Resume, Why::Mistake).await;
        assert_eq!(matches!(back, SendOutcome::Applied { .. }), undone, "{why:?}");
    }
    branch.sim.stop().await;
}

#[tokio::test]
async fn i15_a_consumer_is_ended_only_where_a_site_file_lets_it() {
    let branch = Branch::open().await;
    let refused = branch.provider.prepare_consumer_delete(&branch.id(JANE), Why::Leaver, None, "left");
    assert_eq!(refused.unwrap_err().kind, ProviderErrorKind::Forbidden);
    branch.sim.stop().await;
    let branch = Branch::open_with(|s| s.consumer_delete = true).await;
    branch.read(JANE).await;
    let prepared = branch.provider.prepare_consumer_delete(&branch.id(JANE), Why::Leaver, None, "left").unwrap();
    let outcome = branch.provider.send(permit(&prepared).await, &prepared).await;
    assert!(matches!(outcome, SendOutcome::Applied { .. }));
    let jane = branch.read(JANE).await;
    assert!(!jane.holder.authorised && jane.credentials.iter().all(|c| c.state() == State::Ended && c.barred));
    branch.sim.stop().await;
}

#[tokio::test]
async fn i3_a_change_goes_out_once_whatever_happens() {
    use ProviderErrorKind as K;
    let status = |status| FaultKind::StatusBefore { status, retry_after: None };
    let after = |status| FaultKind::StatusAfter { status, retry_after: None };
    for (kind, unknown, applied) in [
        (FaultKind::DropBefore, true, false),
        (FaultKind::DropAfter, true, true),
        (FaultKind::HangAfter, true, true),
        (FaultKind::BrokenJson, true, true),
        (status(500), true, false),
        (after(500), true, true),
        (after(503), true, true),
        (status(400), false, false),
        (status(401), false, false),
        (status(403), false, false),
        (status(404), false, false),
        (status(409), false, false),
        (FaultKind::StatusBefore { status: 429, retry_after: Some(1) }, false, false),
    ] {
        let branch = Branch::open().await;
        let jane = branch.read(JANE).await;
        let prepared = branch.provider.prepare(&change_of(&jane.credentials[1], Verb::Suspend, Why::Lost)).unwrap();
        branch.d1.front().faults.arm(Fault::once("POST", kind.clone())).unwrap();
        let before = branch.asked("POST").len();
        let outcome = branch.provider.send(permit(&prepared).await, &prepared).await;
        assert_eq!(branch.asked("POST").len(), before + 1, "{kind:?}");
        match outcome {
            SendOutcome::Unknown(error) => assert!(unknown && error.kind == K::OutcomeUnknown, "{kind:?}"),
            SendOutcome::Rejected(error) => {
                assert!(!unknown, "{kind:?}");
                assert_eq!(error.status == Some(401), error.detail.as_str().contains("not repeated by itself"));
            }
            other => panic!("{kind:?}: {other:?}"),
        }
        // Reading goes on, with a new token if need be, and tells the truth.
        let state = branch.read(JANE).await.credentials[1].state();
        assert_eq!(state == State::Suspended, applied, "{kind:?}");
        branch.sim.stop().await;
    }
}

#[tokio::test]
async fn pending_operations_are_read_until_they_end() {
    for (end, state) in [("successful", State::Suspended), ("failed", State::Active)] {
        for named in [true, false] {
            let branch = Branch::open().await;
            branch.switch(&json!({ "pending_polls": 2, "pending_end": end, "operation_id": named }));
            let SendOutcome::Applied { answer, .. } = branch.act(JANE, true, Verb::Suspend, Why::Lost).await else {
                panic!("refused")
            };
            assert!(answer.pending && answer.operation.is_some() == named);
            let first = branch.read(JANE).await;
            assert_eq!(first.credentials[1].state(), State::Active);
            assert_eq!(first.credentials[1].particular(Particular::Ongoing).unwrap().raw(), "our change is pending");
            for _ in 0..5 {
                branch.read(JANE).await;
            }
            let last = branch.read(JANE).await;
            assert_eq!(last.credentials[1].state(), state, "{end} {named}");
            assert_eq!(last.credentials[1].particular(Particular::Ongoing), None, "{end} {named}");
            branch.sim.stop().await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_says_little_is_accepted_and_read_back() {
    for (changes, digital) in [
        (json!({ "empty_success": true }), true),
        (json!({ "empty_success": true }), false),
        (json!({ "write_status": false, "operation_id": false }), false),
    ] {
        let branch = Branch::open().await;
        branch.switch(&changes);
        let SendOutcome::Applied { answer, .. } = branch.act(JANE, digital, Verb::Suspend, Why::Lost).await else {
            panic!("{changes}")
        };
        assert!(answer.pending && answer.operation.is_none(), "{changes}");
        branch.read(JANE).await;
        let jane = branch.read(JANE).await;
        assert_eq!(jane.credentials[usize::from(digital)].state(), State::Suspended);
        assert_eq!(jane.credentials[usize::from(digital)].particular(Particular::Ongoing), None, "found by its tag");
        branch.sim.stop().await;
    }
    // Said that it is done, and not which operation it was.
    let branch = Branch::open().await;
    branch.switch(&json!({ "operation_id": false }));
    let outcome = branch.act(JANE, true, Verb::Suspend, Why::Lost).await;
    assert!(matches!(outcome, SendOutcome::Applied { answer, .. } if !answer.pending && answer.operation.is_none()));
    branch.sim.stop().await;
}

#[tokio::test]
async fn an_unconfirmed_code_is_refused_by_the_server_in_its_own_words() {
    let branch = Branch::open_with(|s| s.codes.digital = vec![(Why::Stolen, "DEVICE_STOLEN".into())]).await;
    branch.switch(&json!({ "digital_suspend_codes": ["ISSUER_DECISION", "DEVICE_LOST"] }));
    let outcome = branch.act(JANE, true, Verb::Suspend, Why::Stolen).await;
    assert!(
        matches!(&outcome, SendOutcome::Rejected(e) if e.said.as_str().contains("FIELD_INVALID_VALUE")),
        "{outcome:?}"
    );
    branch.switch(&json!({ "digital_suspend_codes": ["DEVICE_STOLEN"] }));
    assert!(matches!(branch.act(JANE, true, Verb::Suspend, Why::Stolen).await, SendOutcome::Applied { .. }));
    branch.sim.stop().await;
}

#[tokio::test]
async fn a_revoked_token_is_renewed_for_reads_and_never_for_a_change() {
    for coded in [true, false] {
        let branch = Branch::open().await;
        branch.switch(&json!({ "unauthorised_code": coded }));
        let jane = branch.read(JANE).await;
        branch.d1.revoke_tokens();
        branch.read(JANE).await;
        let prepared = branch.provider.prepare(&change_of(&jane.credentials[1], Verb::Suspend, Why::Lost)).unwrap();
        branch.d1.revoke_tokens();
        let acts = |branch: &Branch| branch.asked("POST").iter().filter(|path| path.ends_with(":suspend")).count();
        let outcome = branch.provider.send(permit(&prepared).await, &prepared).await;
        let SendOutcome::Rejected(error) = outcome else { panic!("{outcome:?}") };
        assert_eq!((error.kind.clone(), error.status), (ProviderErrorKind::Unauthorised, Some(401)));
        assert!(error.detail.as_str().contains("not repeated by itself"));
        assert_eq!(error.said.as_str().contains("AUTHORIZER_UNAUTHORIZED"), coded);
        assert_eq!(branch.read(JANE).await.credentials[1].state(), State::Active, "reading goes on");
        assert_eq!(acts(&branch), 1);
        assert!(matches!(branch.act(JANE, true, Verb::Suspend, Why::Lost).await, SendOutcome::Applied { .. }));
        branch.sim.stop().await;
    }
}
