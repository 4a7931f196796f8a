//! Every transition of contract section 5, and the contradictions of 5.1 in both positions.

use super::*;

const STATES: [State; 5] = [State::Created, State::Active, State::Suspended, State::Unlink, State::Deleted];
const ACTIONS: [Action; 4] = [Action::Suspend, Action::Resume, Action::Unlink, Action::Delete];

/// Table of section 5 with the column "Simulator" of 5.1: rows are states, columns actions.
const WANTED: [[Option<State>; 4]; 5] = [
    [None, None, None, Some(State::Deleted)],
    [Some(State::Suspended), None, Some(State::Unlink), Some(State::Deleted)],
    [None, Some(State::Active), Some(State::Unlink), Some(State::Deleted)],
    [None, None, None, Some(State::Deleted)],
    [None, None, None, None],
];

#[tokio::test]
async fn every_state_meets_every_action() {
    let desk = Desk::open().await;
    for (state, row) in STATES.into_iter().zip(WANTED) {
        for (action, wanted) in ACTIONS.into_iter().zip(row) {
            let id = desk.in_state(state).await;
            let (status, answer) = desk.act(&id, action).await;
            match wanted {
                Some(next) => {
                    assert_eq!((status, &answer["state"]), (200, &json!(next.to_string())), "{state} {action}");
                    assert_eq!(answer["status"], "success");
                }
                None => {
                    assert_eq!(status, 422, "{state} {action}");
                    assert_eq!(answer, json!({ "status": "error", "message": NOT_ACTIVE }), "{state} {action}");
                }
            }
            let (_, read) = desk.get(&format!("/v1/key-cards/{id}")).await;
            assert_eq!(read["state"], json!(wanted.unwrap_or(state).to_string()), "{state} {action}");
        }
    }
    desk.close().await;
}

#[tokio::test]
async fn c1_an_unlinked_pass_is_resumed_only_by_switch() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Unlink).await;
    assert_eq!(desk.act(&id, Action::Resume).await.0, 422);
    desk.switch(json!({ "resume_from_unlink": true }));
    assert_eq!(desk.act(&id, Action::Resume).await.1["state"], "active");
    desk.close().await;
}

#[tokio::test]
async fn c2_other_words_appear_only_by_switch() {
    let desk = Desk::open().await;
    for (state, plain, odd) in [
        (State::Created, "created", "issued"),
        (State::Active, "active", "active"),
        (State::Suspended, "suspended", "inactive"),
        (State::Unlink, "unlink", "unlinked"),
        (State::Deleted, "deleted", "deleted"),
    ] {
        let path = format!("/v1/key-cards/{}", desk.in_state(state).await);
        desk.switch(json!({ "fixture_states": false }));
        assert_eq!(desk.get(&path).await.1["state"], plain);
        desk.switch(json!({ "fixture_states": true }));
        assert_eq!(desk.get(&path).await.1["state"], odd);
        desk.switch(json!({ "fixture_states": false }));
    }
    desk.close().await;
}

#[tokio::test]
async fn c4_finding_the_phone_undoes_a_suspension_by_call_unless_switched_off() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Active).await;
    desk.grid.device_lost(&id).unwrap();
    assert_eq!(desk.state(&id), State::Suspended);
    desk.grid.device_found(&id).unwrap();
    assert_eq!(desk.state(&id), State::Active);
    assert_eq!(desk.act(&id, Action::Suspend).await.0, 200);
    desk.switch(json!({ "found_resumes_api_suspend": false }));
    desk.grid.device_found(&id).unwrap_err();
    assert_eq!(desk.state(&id), State::Suspended);
    desk.switch(json!({ "found_resumes_api_suspend": true }));
    desk.grid.device_found(&id).unwrap();
    assert_eq!(desk.state(&id), State::Active);
    desk.grid.device_found(&id).unwrap_err();
    desk.close().await;
}

#[tokio::test]
async fn c7_and_c8_deleting_and_expiring_keep_the_record() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Active).await;
    desk.grid.expire(&id).unwrap();
    let (_, shown) = desk.get(&format!("/v1/key-cards/{id}")).await;
    assert_eq!((&shown["state"], &shown["expiration_date"]), (&json!("active"), &json!("2026-06-02T07:59:59Z")));
    desk.grid.uninstall(&id).unwrap();
    let (_, shown) = desk.get(&format!("/v1/key-cards/{id}")).await;
    assert_eq!((&shown["state"], &shown["devices"][0]["status"]), (&json!("active"), &json!("uninstalled")));
    desk.grid.uninstall(&id).unwrap_err();
    assert_eq!(desk.act(&id, Action::Delete).await.0, 200);
    let (status, shown) = desk.get(&format!("/v1/key-cards/{id}")).await;
    assert_eq!((status, &shown["state"]), (200, &json!("deleted")));
    desk.grid.install(&id, DeviceType::Iphone).unwrap_err();
    desk.close().await;
}

#[tokio::test]
async fn what_the_contract_leaves_unknown_has_two_positions() {
    let desk = Desk::open().await;
    let created = desk.in_state(State::Created).await;
    let deleted = desk.in_state(State::Deleted).await;
    desk.switch(json!({ "unlink_created": true, "repeated_delete": true }));
    assert_eq!(desk.act(&created, Action::Unlink).await.1["state"], "unlink");
    assert_eq!(desk.act(&deleted, Action::Delete).await.1["state"], "deleted");
    let log = desk.grid.front().log().view();
    assert!(!log.requests.last().unwrap().applied, "nothing is left to change");
    desk.switch(json!({ "state_conflict_status": 409 }));
    let (status, answer) = desk.act(&deleted, Action::Suspend).await;
    assert_eq!((status, &answer["message"]), (409, &json!(NOT_ACTIVE)));
    desk.close().await;
}

#[tokio::test]
async fn actions_answer_with_more_or_less() {
    let desk = Desk::open().await;
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (form, wanted) in [("few", Some(4)), ("status_only", Some(1)), ("whole", None)] {
        let id = desk.in_state(State::Active).await;
        desk.switch(json!({ "action_answer": form }));
        let (status, answer) = desk.act(&id, Action::Suspend).await;
        assert_eq!((status, desk.state(&id)), (200, State::Suspended), "{form}");
        assert_eq!(answer["status"], "success");
        assert!(wanted.map_or(answer["metadata"].is_object(), |n| keys(&answer).len() == n), "{form}: {answer}");
    }
    desk.close().await;
}
