//! Keys, people, cards, filters, productions.

use super::*;
use crate::domain::credential::{CardStatus, CredentialClass, OpensDoors, Particular, State};
use crate::simulator::author::Author;
use crate::simulator::population::{HOLDER_OF_8841, JANE, JANET, JOHN};
use crate::simulator::{Fault, FaultKind};
use std::collections::BTreeSet;

#[tokio::test]
async fn both_forms_of_the_key_open_their_data_set_and_no_other() {
    let desk = Desk::open(50).await;
    assert_eq!(desk.provider.connect().await.unwrap().version.as_str(), "API v1, test data");
    let bearer = opened(&desk.sim, &desk.sim.exchange_key(), Auth::Bearer, Mode::Test).unwrap();
    let connection = bearer.connect().await.unwrap();
    assert!(!connection.has_events && !connection.has_feed, "there is no history and no feed to be had");
    assert_eq!(bearer.bookmark().await.unwrap(), None);
    let john = desk.read(JOHN).await;
    assert_eq!(bearer.events_of(&john.holder.id, 9).await.unwrap(), []);
    let live_key = desk.world.live().key_of(Author::Console);
    let error = opened(&desk.sim, &live_key, Auth::Basic, Mode::Sim).err().unwrap();
    assert!(error.said.as_str().contains("LIVE data"), "{error:?}");
    assert!(opened(&desk.sim, &desk.sim.exchange_key(), Auth::Basic, Mode::Live).is_err());
    let live = opened(&desk.sim, &live_key, Auth::Basic, Mode::Live).unwrap();
    assert_eq!(live.connect().await.unwrap().version.as_str(), "API v1, LIVE data");
    let gone = live.holder(&john.holder.id, &john.holder.link).await.unwrap_err();
    assert_eq!(gone.kind, ProviderErrorKind::NotFound, "a20: an id of the test data means nothing there");
    let wrong = opened(&desk.sim, "sk_test_nobody", Auth::Basic, Mode::Sim).unwrap();
    let error = wrong.connect().await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unauthorised);
    assert!(!format!("{error:?}").contains("sk_test_nobody"));
    desk.sim.stop().await;
}

#[tokio::test]
async fn people_come_with_their_profiles_and_cards() {
    let desk = Desk::open(400).await;
    let jane = desk.read(JANE).await;
    assert_eq!(jane.holder.name().raw(), "Jane Doe");
    assert_eq!(jane.holder.email.raw(), "jane.doe@site.example");
    assert_eq!(jane.holder.employee_number.raw(), "E10422");
    assert!(jane.holder.authorised && !jane.holder.description.is_empty());
    let card = &jane.credentials[0];
    assert_eq!((card.class, card.status_word.raw()), (CredentialClass::PrintedCard, "issued"));
    assert_eq!((card.state(), card.marker.as_ref()), (State::Pending, None));
    assert_eq!(card.type_name.raw(), "Staff badge");
    assert!(card.number.raw().starts_with("C-") && card.until > card.from);
    for name in [Particular::Profile, Particular::Layout, Particular::Encryption, Particular::NameOnCard] {
        assert!(card.particular(name).is_some(), "{name}");
    }
    let john = desk.read(JOHN).await;
    let card = &john.credentials[0];
    assert_eq!(card.opens_doors(true).0, OpensDoors::Yes);
    let shown = desk.world.card(card.id.key.as_str()).unwrap();
    assert_eq!(card.marker.as_ref().unwrap().as_str(), shown.metadata["helpdesk_ref"]);
    assert!(desk.read(JANET).await.credentials.is_empty());
    desk.world.operator_edit("cardholders", &shown.cardholder, &json!({ "status": "blocked" })).unwrap();
    let john = desk.read(JOHN).await;
    assert_eq!(john.credentials[0].opens_doors(true).0, OpensDoors::No, "its profile is stopped");
    assert_eq!(john.credentials[0].particular(Particular::ProfileStatus).unwrap().raw(), "blocked");
    assert_eq!(john.credentials[0].state(), State::Active, "its own state stays what it is");
    desk.world.operator_edit("persons", john.holder.id.key.as_str(), &json!({ "status": "blacklisted" })).unwrap();
    assert!(!desk.read(JOHN).await.holder.authorised);
    desk.sim.stop().await;
}

#[tokio::test]
async fn every_state_has_its_meaning() {
    let desk = Desk::open(400).await;
    let john = desk.read(JOHN).await;
    let id = john.credentials[0].id.key.as_str().to_owned();
    for (word, state) in crate::domain::lifecycle::words(CredentialClass::PrintedCard) {
        desk.world.operator_edit("cards", &id, &json!({ "status": word })).unwrap();
        let card = desk.read(JOHN).await.credentials.remove(0);
        assert_eq!((card.status_word.raw(), card.status), (*word, *state));
        assert_ne!(card.state(), State::Unknown, "{word}");
        assert_eq!(card.status == CardStatus::Active, card.opens_doors(true).0 == OpensDoors::Yes, "{word}");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_search_hit_is_looked_at_again() {
    let desk = Desk::open(400).await;
    let names = async |text: &str| {
        let page = desk.provider.find_holders(text, 20).await.unwrap();
        page.rows.iter().map(|r| r.holder.name().raw().to_owned()).collect::<Vec<_>>()
    };
    let card = desk.read(JOHN).await.credentials.remove(0);
    for text in ["John Roe", "john", "Roe, John", "roe john", "john.roe@site.example", "E10425", card.number.raw()] {
        assert_eq!(names(text).await, ["John Roe"], "{text}");
    }
    // The vendor's `q` also looks at phone numbers, which the console neither shows nor takes for a name.
    let mobile = desk.world.shown("persons", desk.read(JANE).await.holder.id.key.as_str()).unwrap();
    assert!(names(&mobile["mobileNumber"].as_str().unwrap()[1..]).await.is_empty());
    assert!(names("").await.is_empty() && names("\"\"").await.is_empty());
    assert_eq!(desk.provider.find_holders("e", 5).await.unwrap().rows.len(), 5);
    desk.switch(&json!({ "q_in_metadata": true, "duplicate_person_numbers": true }));
    let twins = desk.provider.list(&Question::new(Resource::Persons)).await.unwrap().rows;
    let number = |row: &Value| row["personNumber"].as_str().unwrap().to_owned();
    let twin = twins.iter().find(|a| twins.iter().filter(|b| number(a) == number(b)).count() == 2).unwrap();
    assert_eq!(names(&number(twin)).await.len(), 2, "a number is no key: both are shown");
    desk.sim.stop().await;
}

#[tokio::test]
async fn every_filter_is_asked_as_the_reference_names_it() {
    let desk = Desk::open(400).await;
    desk.switch(&json!({ "unknown_refused": true }));
    for resource in
        [Resource::Addresses, Resource::AnonymousSets, Resource::Cardholders, Resource::Cards, Resource::Persons]
    {
        let all = desk.provider.list(&Question::new(resource)).await.unwrap();
        assert!(all.complete && !all.rows.is_empty() && all.total == Some(all.rows.len()), "{resource:?}");
        for filter in resource.filters().iter().filter(|f| !f.ends_with("after") && !f.ends_with("before")) {
            let member = match *filter {
                "type" if resource == Resource::Cards => "/type/id",
                "layout" => "/layout/id",
                "profile" if resource == Resource::Cardholders => "/profile/id",
                "business_unit" => "/businessUnit/id",
                "external_company" => "/externalCompany/id",
                "department" => "/department/id",
                "location" => "/location/id",
                "cost_account" => "/costAccount/id",
                "address_preference" => "/addressPreference",
                "id_type" => "/identificationType",
                "production_status" => continue,
                plain => &format!("/{plain}"),
            };
            let values: BTreeSet<&str> =
                all.rows.iter().filter_map(|row| row.pointer(member).and_then(Value::as_str)).collect();
            for value in values.into_iter().take(3) {
                let asked = Question::new(resource).filtered(filter, value).unwrap();
                let got = desk.provider.list(&asked).await.unwrap();
                let want = all.rows.iter().filter(|r| r.pointer(member).and_then(Value::as_str) == Some(value)).count();
                assert_eq!((got.rows.len(), got.complete), (want, true), "{resource:?} {filter}={value}");
            }
        }
    }
    let stage = Question::new(Resource::Persons).filtered("production_status", "to_be_activated").unwrap();
    assert!(!desk.provider.list(&stage).await.unwrap().rows.is_empty());
    for (resource, filter) in [(Resource::Cards, "person"), (Resource::Productions, "card"), (Resource::Persons, "q")] {
        let refused = Question::new(resource).filtered(filter, "x").unwrap_err();
        assert_eq!(refused.kind, ProviderErrorKind::Invalid, "a16: nothing unknown is ever sent");
    }
    desk.sim.stop().await;
}

#[tokio::test]
async fn a11_bounds_leave_out_the_moment_itself_whatever_the_server_thinks() {
    let desk = Desk::open(400).await;
    let all = desk.provider.list(&Question::new(Resource::Cards)).await.unwrap().rows;
    let at = |row: &Value, name: &str| wire::moment(row, name).at().unwrap();
    let bound = at(&all[all.len() / 2], "startDate");
    let end = at(&all[all.len() / 2], "endDate");
    for inclusive in [false, true] {
        desk.switch(&json!({ "bounds_inclusive": inclusive }));
        let after = Question::new(Resource::Cards).between(Some(bound), None).unwrap();
        let got = desk.provider.list(&after).await.unwrap();
        assert_eq!(got.rows.len(), all.iter().filter(|r| at(r, "startDate") > bound).count(), "{inclusive}");
        assert!(got.complete && got.total == Some(got.rows.len()));
        let before = Question::new(Resource::Cards).between(None, Some(end)).unwrap();
        let got = desk.provider.list(&before).await.unwrap();
        assert_eq!(got.rows.len(), all.iter().filter(|r| at(r, "endDate") < end).count(), "{inclusive}");
    }
    assert!(Question::new(Resource::Persons).between(Some(bound), None).is_err());
    desk.sim.stop().await;
}

#[tokio::test]
async fn a7_productions_are_found_with_and_without_paging() {
    let desk = Desk::open(4_000).await;
    let running = desk.world.cards_by_status()["in_production"];
    assert!(running > 100 || running > 20, "{running}");
    let john = desk.read(JOHN).await;
    let id = john.credentials[0].id.key.as_str().to_owned();
    desk.world.operator_edit("cards", &id, &json!({ "status": "in_production" })).unwrap();
    for paging in [true, false] {
        desk.switch(&json!({ "production_paging": paging }));
        let all = desk.provider.productions().await.unwrap();
        assert_eq!(all.len(), running + 1, "paging {paging}");
        let john = desk.read(JOHN).await;
        let card = &john.credentials[0];
        let production = desk.provider.production_of(card).await.unwrap().unwrap();
        assert_eq!((production.card.as_str(), production.user_name.raw()), (id.as_str(), "ada.archer"));
        assert_eq!(production.person.as_ref(), Some(&john.holder.id.key));
        assert_eq!(card.particular(Particular::Production).unwrap().raw(), production.id.as_str());
    }
    desk.world.print(&id, false).unwrap();
    let card = desk.read(JOHN).await.credentials.remove(0);
    assert_eq!(card.particular(Particular::Tries).unwrap().raw(), "1");
    assert!(card.particular(Particular::Printed).is_some());
    desk.world.print(&id, true).unwrap();
    let card = desk.read(JOHN).await.credentials.remove(0);
    assert_eq!((card.status_word.raw(), card.particular(Particular::Production)), ("personalized", None));
    assert_eq!(desk.provider.production_of(&card).await.unwrap(), None, "gone once printing moves on");
    desk.sim.stop().await;
}

#[tokio::test]
async fn descriptors_and_times_are_read_in_every_form() {
    let desk = Desk::open(50).await;
    let usual = desk.read(JOHN).await.credentials.remove(0);
    desk.switch(&json!({ "descriptor": "id", "times_without_zone": true }));
    let card = desk.read(JOHN).await.credentials.remove(0);
    assert_eq!((card.from, card.until), (None, None), "an unknown zone is no moment");
    let remark = card.particular(Particular::Remark).unwrap().raw().to_owned();
    assert!(remark.starts_with("starts 20") && remark.ends_with("in an unknown time zone"), "{remark}");
    assert_eq!(card.type_name.raw().len(), 36, "the id where there is no name");
    assert_eq!((card.id, card.status_word), (usual.id, usual.status_word));
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_page_that_is_too_long_is_read_in_smaller_ones() {
    let desk = Desk::open(200).await;
    let people = desk.world.persons();
    for index in [JOHN, JANE, JANET] {
        desk.world.picture(&desk.world.person_at(index).unwrap().id, 2_500_000).unwrap();
    }
    let walk = async || {
        let (mut rows, mut next) = (Vec::new(), None);
        loop {
            let page = desk.provider.list_holders(next.as_ref(), 100).await.unwrap();
            rows.extend(page.rows.into_iter().map(|r| r.holder.id));
            next = page.next;
            if next.is_none() {
                return rows;
            }
        }
    };
    assert_eq!(walk().await.len(), people, "10 MB of pictures in one page");
    // One picture alone is beyond the bound: that person is reported, nobody else is lost.
    desk.world.picture(&desk.world.person_at(HOLDER_OF_8841).unwrap().id, 7_000_000).unwrap();
    let rows = walk().await;
    assert_eq!(rows.len(), people - 1);
    let asked = desk.provider.list(&Question::new(Resource::Persons)).await.unwrap();
    assert_eq!((asked.unreadable, asked.complete, asked.rows.len()), (1, true, people - 1));
    assert!(asked.rows.iter().all(|row| row.get("photo").is_none()), "pictures are dropped");
    let log = desk.sim.front(System::CardExchange).unwrap().log().view();
    let sizes = ["per_page=100", "per_page=50", "per_page=25", "per_page=5", "per_page=1"];
    assert!(sizes.iter().all(|size| log.requests.iter().any(|r| r.path.ends_with(size))));
    desk.sim.stop().await;
}

#[tokio::test]
async fn reads_are_patient_and_refusals_are_not_repeated() {
    let desk = Desk::open(50).await;
    let front = desk.sim.front(System::CardExchange).unwrap().clone();
    let question = Question::new(Resource::Cards);
    for kind in [
        FaultKind::StatusBefore { status: 503, retry_after: None },
        FaultKind::StatusBefore { status: 429, retry_after: Some(0) },
        FaultKind::DropBefore,
    ] {
        front.faults.arm(Fault::once("GET", kind.clone())).unwrap();
        assert!(desk.provider.list(&question).await.unwrap().complete, "{kind:?}");
    }
    for (kind, want) in [
        (FaultKind::StatusBefore { status: 403, retry_after: None }, ProviderErrorKind::Forbidden),
        (
            FaultKind::StatusBefore { status: 429, retry_after: Some(900) },
            ProviderErrorKind::RateLimited(Some(Duration::from_secs(900))),
        ),
        (FaultKind::BrokenJson, ProviderErrorKind::Unreadable),
        (FaultKind::StatusBefore { status: 500, retry_after: None }, ProviderErrorKind::Unavailable),
    ] {
        front.faults.arm(Fault::once("GET", kind)).unwrap();
        let before = front.log().view().received;
        assert_eq!(desk.provider.list(&question).await.unwrap_err().kind, want);
        assert_eq!(front.log().view().received, before + 1);
    }
    desk.world.disable_key(Author::Console, true);
    assert_eq!(desk.provider.list(&question).await.unwrap_err().kind, ProviderErrorKind::Unauthorised);
    let before = front.log().view().received;
    assert_eq!(desk.provider.list(&question).await.unwrap_err().kind, ProviderErrorKind::Unauthorised);
    assert_eq!(front.log().view().received, before, "a refused key stays off the wire");
    desk.world.disable_key(Author::Console, false);
    desk.provider.connect().await.unwrap();
    assert!(desk.provider.list(&question).await.is_ok());
    desk.sim.stop().await;
}
