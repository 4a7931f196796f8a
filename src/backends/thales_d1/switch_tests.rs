//! What the vendor leaves open, in both positions, where a client can tell.

use super::testing::*;
use super::*;
use crate::domain::credential::{CredentialClass, Particular, State};
use crate::domain::lifecycle::Verb;
use crate::simulator::population::{HOLDER_OF_8841, JANE, JOHN};
use crate::simulator::thales_d1::{ForeignAct, NewPhone};
use serde_json::json;

async fn history(branch: &Branch, person: u32) -> Vec<String> {
    let rows = branch.provider.events_of(&branch.id(person), 10_000).await.unwrap();
    rows.into_iter().map(|row| format!("{} {} {} {}", row.at, row.action, row.result, row.operator)).collect()
}

#[tokio::test]
async fn lists_read_the_same_whatever_their_form() {
    let plain = Branch::open().await;
    let wanted = history(&plain, HOLDER_OF_8841).await;
    assert!(wanted.len() > 60, "more than a page");
    plain.sim.stop().await;
    for changes in [
        json!({ "remaining_operations": "absent" }),
        json!({ "remaining_operations": "all" }),
        json!({ "operations_name": "items" }),
        json!({ "list_item": "short" }),
        json!({ "extra_fields": true }),
        json!({ "odd_details": true }),
        json!({ "time_form": "offset" }),
    ] {
        let branch = Branch::open().await;
        branch.switch(&changes);
        assert_eq!(history(&branch, HOLDER_OF_8841).await, wanted, "{changes}");
        branch.sim.stop().await;
    }
}

#[tokio::test]
async fn whole_seconds_are_times_too() {
    let branch = Branch::open().await;
    let wanted = history(&branch, HOLDER_OF_8841).await.len();
    branch.sim.stop().await;
    let branch = Branch::open().await;
    branch.switch(&json!({ "time_form": "seconds" }));
    assert_eq!(history(&branch, HOLDER_OF_8841).await.len(), wanted);
    branch.sim.stop().await;
}

#[tokio::test]
async fn unknown_words_are_shown_and_never_acted_on() {
    let branch = Branch::open().await;
    branch.switch(&json!({ "unknown_words": true }));
    assert!(history(&branch, HOLDER_OF_8841).await.iter().any(|row| row.contains("TELEPORT")));
    let mut odd = 0;
    for row in branch.d1.directory() {
        let id = HolderId::new(tenant(), row.consumer_id.parse().unwrap());
        let read = branch.provider.holder(&id, &"/x".parse().unwrap()).await.unwrap();
        for one in read.credentials.iter().filter(|c| c.status_word.raw() == "IN_LIMBO") {
            assert_eq!(one.state(), State::Unknown);
            odd += 1;
        }
        if odd > 3 {
            break;
        }
    }
    assert!(odd > 3);
    branch.sim.stop().await;
}

#[tokio::test]
async fn members_and_states_are_read_under_either_name() {
    for changes in [json!({}), json!({ "member_names": "long" }), json!({ "suspended_reads_inactive": true })] {
        let branch = Branch::open().await;
        branch.switch(&changes);
        assert!(matches!(
            branch.act(HOLDER_OF_8841, true, Verb::Suspend, Why::Lost).await,
            SendOutcome::Applied { .. }
        ));
        let read = branch.read(HOLDER_OF_8841).await;
        let pass = &read.credentials[1];
        assert_eq!((read.credentials[0].number.raw(), pass.state()), ("8841", State::Suspended), "{changes}");
        assert!(pass.until.is_some() && pass.particular(Particular::Scheme).is_some());
        branch.sim.stop().await;
    }
}

#[tokio::test]
async fn what_a_server_lacks_has_its_fallback_and_says_so() {
    for status in [404, 405] {
        for absent in [vec!["C8"], vec!["T6"], vec!["C8", "T6"], vec!["C3"], vec!["C3", "C8", "T6", "K5"]] {
            let branch = Branch::open().await;
            branch.switch(&json!({ "absent": absent, "absent_status": status }));
            for _ in 0..2 {
                let jane = branch.read(JANE).await;
                let classes: Vec<_> = jane.credentials.iter().map(|c| (c.class, c.state())).collect();
                assert_eq!(
                    classes,
                    [(CredentialClass::FundingCard, State::Active), (CredentialClass::DigitalCard, State::Active)],
                    "{absent:?} {status}"
                );
                let known = jane.credentials[1].particular(Particular::Remark).map(|r| r.raw().to_owned());
                let partial = absent.contains(&"C8") || absent.contains(&"T6");
                assert_eq!(known.is_some_and(|text| text.starts_with("known passes only")), partial);
            }
            let asked = branch.asked("GET");
            let probes = asked.iter().filter(|path| path.ends_with("/digitalCards")).count();
            assert_eq!(probes, if absent.contains(&"T6") { 1 } else { 2 }, "not asked for again: {absent:?}");
            assert!(matches!(branch.act(JANE, true, Verb::Suspend, Why::Lost).await, SendOutcome::Applied { .. }));
            branch.provider.connect().await.unwrap();
            branch.switch(&json!({ "absent": [] }));
            let jane = branch.read(JANE).await;
            assert_eq!(jane.credentials[1].particular(Particular::Remark), None, "found again after a new check");
            branch.sim.stop().await;
        }
    }
}

#[tokio::test]
async fn a_new_phone_is_found_by_its_operation_where_nothing_lists_it() {
    let branch = Branch::open().await;
    branch.switch(&json!({ "absent": ["T6"] }));
    let card = branch.d1.consumer_of(JOHN).unwrap().cards[0].id.clone();
    let phone = NewPhone { card, device: "Pixel 9".into(), identified: false };
    let id = branch.d1.new_phone(&phone).unwrap();
    let john = branch.read(JOHN).await;
    let new = john.credentials.iter().find(|c| c.id.key.as_str() == id).unwrap();
    assert_eq!((new.state(), john.credentials.len()), (State::Pending, 3));
    branch.switch(&json!({ "activation": true }));
    let by = crate::simulator::thales_d1::operations::Requestor::Tsp;
    let act = ForeignAct { on: id.clone(), operation: "activate".into(), by, reason: None, code: None };
    branch.d1.foreign(&act).unwrap();
    let john = branch.read(JOHN).await;
    assert_eq!(john.credentials.iter().find(|c| c.id.key.as_str() == id).unwrap().state(), State::Active);
    branch.sim.stop().await;
}

#[tokio::test]
async fn an_unknown_consumer_has_no_history_in_any_of_its_forms() {
    for word in ["empty", "not_found", "forbidden"] {
        let branch = Branch::open().await;
        branch.switch(&json!({ "no_history": word }));
        let list = "consumer_id\nghost-1\n".as_bytes().to_vec();
        branch.archive.import(&tenant(), list, branch.d1.now(), false).await.unwrap();
        let ghost = HolderId::new(tenant(), "ghost-1".parse().unwrap());
        let rows = branch.provider.events_of(&ghost, 9).await.unwrap();
        let words: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
        assert_eq!(words, ["no history available"], "{word}");
        let error = branch.provider.holder(&ghost, &"/x".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::NotFound);
        branch.sim.stop().await;
    }
}

#[tokio::test]
async fn a_deleted_consumers_history_is_ours_whether_the_server_shows_it_or_not() {
    for shows in [true, false] {
        let branch = Branch::open().await;
        let before = history(&branch, JANE).await.len();
        let id = branch.id(JANE).key.as_str().to_owned();
        let by = crate::simulator::thales_d1::operations::Requestor::Issuer;
        let act = ForeignAct { on: id, operation: "delete".into(), by, reason: None, code: None };
        branch.d1.foreign(&act).unwrap();
        branch.switch(&json!({ "history_of_deleted": shows }));
        let jane = branch.read(JANE).await;
        assert!(!jane.holder.authorised && jane.credentials.iter().all(|c| c.state() == State::Ended));
        let after = history(&branch, JANE).await;
        assert!(after.len() >= before, "nothing is taken away: {after:?}");
        branch.sim.stop().await;
    }
}

#[tokio::test]
async fn an_id_that_comes_back_is_a_new_generation() {
    let branch = Branch::open().await;
    branch.switch(&json!({ "id_reuse": true }));
    let key = branch.id(JANE).key;
    let by = crate::simulator::thales_d1::operations::Requestor::Issuer;
    let act = ForeignAct { on: key.as_str().into(), operation: "delete".into(), by, reason: None, code: None };
    branch.d1.foreign(&act).unwrap();
    branch.read(JANE).await;
    assert!(branch.archive.entry(&tenant(), &key).await.unwrap().unwrap().tombstone.is_some());
    branch.d1.register_again(key.as_str()).unwrap();
    let back = branch.read(JANE).await;
    assert!(back.holder.authorised && back.holder.description.raw().contains("generation 2"));
    assert_eq!(branch.archive.entry(&tenant(), &key).await.unwrap().unwrap().generation, 2);
    branch.sim.stop().await;
}

#[tokio::test]
async fn errors_are_read_in_every_form() {
    for (form, said) in [
        ("both", "RESOURCE_NOT_FOUND: Unknown consumer"),
        ("text_only", "Unknown consumer"),
        ("code_only", "RESOURCE_NOT_FOUND"),
        ("empty", ""),
        ("html", ""),
    ] {
        let branch = Branch::open().await;
        branch.switch(&json!({ "error_body": form }));
        let link = branch.provider.addresses.consumer(&"nobody".parse().unwrap()).unwrap();
        let error = branch.provider.reads.json(&link).await.unwrap_err();
        assert_eq!((error.kind, error.said.as_str()), (ProviderErrorKind::NotFound, said), "{form}");
        branch.sim.stop().await;
    }
}

#[tokio::test]
async fn without_personal_data_and_without_a_list_the_id_is_the_name() {
    let branch = Branch::on(simulator(crate::simulator::SimOptions::default()).await, |_| {}).unwrap();
    branch.provider.find_holders(branch.id(JANE).key.as_str(), 1).await.unwrap();
    assert_eq!(branch.read(JANE).await.holder.name().raw(), "Jane Doe");
    branch.switch(&json!({ "personal_data": false }));
    assert_eq!(branch.read(JANE).await.holder.name().raw(), branch.id(JANE).key.as_str());
    branch.sim.stop().await;
}
