//! Reading: people out of passes, lists that cannot be trusted, history.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// All people with their credentials as the last page that names them shows them.
async fn everybody(provider: &AccessGrid) -> BTreeMap<String, HolderRead> {
    let (mut people, mut page) = (BTreeMap::new(), None);
    loop {
        let read = provider.list_holders(page.as_ref(), 1000).await.unwrap();
        people.extend(read.rows.into_iter().map(|row| (row.holder.id.to_string(), row)));
        page = read.next;
        if page.is_none() {
            return people;
        }
    }
}

fn passes(people: &BTreeMap<String, HolderRead>) -> BTreeSet<String> {
    let cards = people.values().flat_map(|read| &read.credentials);
    cards.flat_map(|card| card.lasting_id.raw().split('/').map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn the_plan_decides_what_is_known_about_templates() {
    let desk = Desk::open().await;
    for (plan, configured, types, named) in [
        ("enterprise", vec![APPLE_TEMPLATE, ANDROID_TEMPLATE], 3, true),
        ("enterprise", vec![TEMPLATE_PAIR], 3, true),
        ("enterprise", vec![APPLE_TEMPLATE], 1, true),
        ("basic_forbidden", vec![APPLE_TEMPLATE, ANDROID_TEMPLATE], 2, false),
        ("basic_not_found", vec![APPLE_TEMPLATE, ANDROID_TEMPLATE], 2, false),
    ] {
        desk.switch(&json!({ "plan": plan }));
        let provider = opened(&desk.sim, &configured, short());
        let connection = provider.connect().await.unwrap();
        assert_eq!((connection.has_feed, connection.has_events), (false, plan == "enterprise"));
        let found = provider.credential_types().await.unwrap();
        assert_eq!(found.len(), types, "{plan} {configured:?}");
        assert_eq!(found[0].name.raw().contains("Wallet"), named);
        assert_eq!(found[0].states.len(), 5);
        assert!(provider.bookmark().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn every_pass_is_listed_whatever_the_lists_heed() {
    let desk = Desk::open().await;
    let count = desk.grid.counts().passes;
    for switches in [
        json!({}),
        json!({ "list_order": "newest_first" }),
        json!({ "list_deleted": true }),
        json!({ "honour_template_filter": false }),
        json!({ "honour_state_filter": false, "list_deleted": true }),
        json!({ "created_filter": false, "show_contact": false }),
        json!({ "strict_sig_id": true }),
    ] {
        desk.grid.set_switches(grid::Switches::default());
        desk.switch(&switches);
        let people = everybody(&desk.provider).await;
        assert_eq!(passes(&people).len(), count, "{switches}");
        for read in people.values().filter(|read| !read.holder.employee_number.is_empty()) {
            let truth = desk.grid.passes_of(read.holder.employee_number.raw());
            let units: BTreeSet<_> = truth.iter().map(|p| p.unified_id.clone().unwrap_or(p.id.clone())).collect();
            let foreign_pairs = truth.iter().any(|p| p.unified_id.is_some() && p.created_by != Author::Console);
            let wanted = if foreign_pairs { truth.len() } else { units.len() };
            assert_eq!(read.credentials.len(), wanted, "{switches} {read:?}");
        }
    }
}

#[tokio::test]
async fn a_walk_that_was_not_begun_here_begins_anew() {
    let desk = Desk::open().await;
    let first = desk.provider.list_holders(None, 1000).await.unwrap();
    let second = desk.provider.list_holders(first.next.as_ref(), 1000).await.unwrap();
    assert_ne!(first.next, second.next);
    let other = opened(&desk.sim, &[APPLE_TEMPLATE, ANDROID_TEMPLATE], short());
    let again = other.list_holders(second.next.as_ref(), 1000).await.unwrap();
    assert_eq!((again.rows.len(), &again.next), (first.rows.len(), &first.next));
    // A page that could not be read can be asked for again without losing what went before.
    desk.arm("GET", FaultKind::StatusBefore { status: 500, retry_after: None });
    desk.provider.list_holders(second.next.as_ref(), 1000).await.unwrap_err();
    let third = desk.provider.list_holders(second.next.as_ref(), 1000).await.unwrap();
    assert_ne!(third.next, first.next);
}

#[tokio::test]
async fn a_person_is_read_with_all_that_is_shown() {
    let desk = Desk::open().await;
    let read = desk.read(JANE).await;
    assert_eq!((read.holder.name().raw(), read.holder.employee_number.raw()), ("Jane Doe", "E10422"));
    assert_eq!(read.holder.email.raw(), "jane.doe@site.example");
    assert!(read.server_date.is_some());
    let card = &read.credentials[0];
    assert_eq!((card.state(), card.status_word.raw(), &card.marker), (State::Suspended, "suspended", &None));
    assert_eq!(card.type_name.raw(), "Staff badge, Apple Wallet");
    for wanted in [Particular::FullName, Particular::Department, Particular::Device, Particular::Created] {
        assert!(card.particular(wanted).is_some(), "{wanted}");
    }
    let john = desk.only(JOHN).await;
    let truth = &desk.grid.passes_of("E10425")[0];
    assert_eq!(john.marker.unwrap().as_str(), truth.metadata["console_ref"].as_str().unwrap());
    assert_eq!((john.id.key.as_str(), john.lasting_id.raw()), (&*truth.id, &*truth.id));
    let nobody = desk.provider.person(&id_of("emp.E1")).await.unwrap_err();
    assert_eq!(nobody.kind, ProviderErrorKind::NotFound);
}

#[tokio::test]
async fn filters_that_are_not_heeded_change_nothing() {
    let desk = Desk::open().await;
    let with = desk.read(SAM).await.credentials;
    let before = desk.grid.front().log().view().received;
    for heeded in [true, false] {
        desk.switch(&json!({ "honour_holder_filters": heeded, "honour_metadata_filter": heeded }));
        let read = desk.read(SAM).await;
        assert_eq!(read.credentials, with, "{heeded}");
        assert!(read.credentials.iter().all(|card| card.id.key.as_str() == desk.grid.passes_of("E10427")[0].id));
    }
    assert!(desk.grid.front().log().view().received > before + 4, "all lists were read");
}

#[tokio::test]
async fn absence_from_a_list_is_made_up_for_by_asking_for_the_pass() {
    let desk = Desk::open().await;
    let before = desk.only(SAM).await;
    // The list of one pass loses its only row.
    desk.switch(&json!({ "list_omits_every": 1 }));
    assert_eq!(desk.only(SAM).await.id, before.id);
    desk.grid.foreign_act(before.id.key.as_str(), Action::Delete).unwrap();
    assert_eq!(desk.only(SAM).await.state(), State::Ended);
    let stranger = opened(&desk.sim, &[APPLE_TEMPLATE, ANDROID_TEMPLATE], short());
    let unseen = stranger.person(&id_of(SAM)).await.unwrap_err();
    assert_eq!(unseen.kind, ProviderErrorKind::NotFound, "not shown, which is not the same as gone");
}

#[tokio::test]
async fn a_number_or_a_pass_is_looked_up_and_a_name_is_not() {
    let desk = Desk::open().await;
    let john = desk.grid.passes_of("E10425")[0].id.clone();
    for typed in ["E10425", " E10425 ", &john] {
        let page = desk.provider.find_holders(typed, 5).await.unwrap();
        assert_eq!(page.rows.len(), 1, "{typed}");
        assert_eq!(page.rows[0].holder.id, id_of(JOHN));
    }
    for typed in ["Roe", "John Roe", "E1", "unknown-pass-12"] {
        assert!(desk.provider.find_holders(typed, 5).await.unwrap().rows.is_empty(), "{typed}");
    }
    desk.switch(&json!({ "honour_holder_filters": false }));
    assert!(desk.provider.find_holders("E10425", 5).await.unwrap().rows.is_empty(), "the cache knows");
}

#[tokio::test]
async fn c2_words_that_are_not_known_are_shown_and_never_acted_on() {
    let desk = Desk::open().await;
    for odd in [false, true] {
        desk.switch(&json!({ "fixture_states": odd }));
        let card = desk.only(JANE).await;
        let wanted = if odd { ("inactive", State::Unknown) } else { ("suspended", State::Suspended) };
        assert_eq!((card.status_word.raw(), card.state()), wanted);
        let resumed = desk.provider.prepare(&turn(&card, Verb::Resume, "active"));
        assert_eq!(resumed.is_err(), odd);
    }
}

#[tokio::test]
async fn c8_running_out_is_computed_and_the_device_is_only_shown() {
    let desk = Desk::open().await;
    let card = desk.only(JOHN).await;
    assert_eq!((card.state(), card.usable()), (State::Active, true));
    desk.grid.uninstall(card.id.key.as_str()).unwrap();
    let card = desk.only(JOHN).await;
    assert_eq!(card.state(), State::Active, "the device has no say");
    assert_eq!(card.particular(Particular::DeviceStatus).unwrap().raw(), "uninstalled");
    desk.grid.expire(card.id.key.as_str()).unwrap();
    let card = desk.only(JOHN).await;
    assert_eq!((card.state(), card.status_word.raw(), card.usable()), (State::Expired, "active", false));
    assert_eq!(card.status, CardStatus::Expired);
}

#[tokio::test]
async fn the_vendors_log_is_read_where_the_plan_has_it() {
    let desk = Desk::open().await;
    let card = desk.only(JOHN).await;
    applied(desk.send(&turn(&card, Verb::Suspend, "suspended")).await);
    for (plan, alias, logged) in [
        ("enterprise", false, true),
        ("enterprise", true, true),
        ("basic_not_found", false, false),
        ("basic_forbidden", false, false),
    ] {
        desk.switch(&json!({ "plan": plan, "emit_events_alias": alias, "honour_flat_log_filters": alias }));
        let provider = opened(&desk.sim, &[APPLE_TEMPLATE, ANDROID_TEMPLATE], short());
        let rows = provider.events_of(&id_of(JOHN), 50).await.unwrap();
        assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row.at)));
        let ours = rows.iter().find(|row| row.action.as_str() == "access_pass.suspended");
        assert_eq!(ours.is_some(), logged, "{plan}");
        if let Some(row) = ours {
            assert!(row.operator.as_str().starts_with("passdesk/") && row.operator.as_str().ends_with("(desk 4)"));
            assert_eq!(row.note.as_str(), "from 127.0.0.1");
        }
        assert!(rows.iter().any(|row| row.action.as_str() == "created"), "the pass itself says so");
        assert!(rows.iter().all(|row| row.credential.as_ref() == Some(&card.id)));
        assert_eq!(provider.events_of(&id_of(JOHN), 1).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_contracts_limits_are_kept_for_reads() {
    let desk = Desk::open().await;
    desk.switch(&json!({ "rate_limit": "everything", "work_ms": 30 }));
    let provider = opened(&desk.sim, &[APPLE_TEMPLATE, ANDROID_TEMPLATE], limits());
    let calls = (0..24).map(|_| async { provider.reads.json(&"/v1/key-cards".parse::<Link>().unwrap()).await });
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok));
    let statuses: Vec<_> = desk.grid.front().log().view().requests.iter().filter_map(|r| r.status).collect();
    assert!(statuses.iter().all(|status| *status == 200), "the vendor never had to say no: {statuses:?}");
    let (at_once, a_second) = desk.grid.peaks(Author::Console);
    assert!(at_once <= 5 && a_second <= 20, "{at_once} {a_second}");
}

#[tokio::test]
async fn a_refused_key_stops_everything_until_it_is_asked_for() {
    let desk = Desk::open().await;
    let account = desk.grid.account(Author::Console).unwrap().id;
    desk.grid.change_account(&grid::handle::AccountChange { account: account.clone(), disabled: true }).unwrap();
    let refused = desk.provider.person(&id_of(JOHN)).await.unwrap_err();
    assert_eq!(refused.kind, ProviderErrorKind::Unauthorised);
    let calls = desk.grid.front().log().view().received;
    desk.provider.person(&id_of(JOHN)).await.unwrap_err();
    assert_eq!(desk.grid.front().log().view().received, calls, "not asked again by itself");
    desk.grid.change_account(&grid::handle::AccountChange { account, disabled: false }).unwrap();
    desk.provider.connect().await.unwrap();
    desk.read(JOHN).await;
}

#[tokio::test]
async fn throttled_reads_wait_and_broken_ones_say_so() {
    let desk = Desk::open().await;
    desk.read(JOHN).await;
    for says in [true, false] {
        desk.switch(&json!({ "retry_after": says }));
        desk.grid.throttle(1);
        let read = desk.provider.person(&id_of(JOHN)).await;
        match (says, read) {
            (true, read) => assert_eq!(read.unwrap().credentials.len(), 1),
            (false, read) => assert_eq!(read.unwrap_err().kind, ProviderErrorKind::RateLimited(None)),
        }
    }
    desk.arm("GET", FaultKind::BrokenJson);
    assert_eq!(desk.provider.person(&id_of(JOHN)).await.unwrap_err().kind, ProviderErrorKind::Unreadable);
    desk.arm("GET", FaultKind::DropBefore);
    assert_eq!(desk.read(JOHN).await.credentials.len(), 1, "asked again");
}

#[tokio::test]
async fn a_page_that_is_too_long_is_read_in_pieces() {
    let desk = Desk::open().await;
    let whole = desk.provider.list_holders(None, 1000).await.unwrap();
    for times in [1, 3, 4] {
        // The whole page, then its first half, then the first half of that.
        let fault = Fault { times, ..Fault::once("GET", FaultKind::HugeBody { bytes: 9 << 20 }) };
        desk.grid.front().faults.arm(fault).unwrap();
        let pieces = desk.provider.list_holders(None, 1000).await.unwrap();
        assert_eq!((pieces.rows.len(), &pieces.next), (whole.rows.len(), &whole.next), "{times}");
    }
    desk.grid
        .front()
        .faults
        .arm(Fault { times: 0, ..Fault::once("GET", FaultKind::HugeBody { bytes: 9 << 20 }) })
        .unwrap();
    let error = desk.provider.list_holders(None, 1000).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::TooLarge);
}
