//! The provider against the simulator, which serves the contract over real sockets. Where the vendor leaves
//! something open, both positions of the simulator's switch are tried (decision 35).

use super::*;
use crate::backends::http::tests::{permit, short};
use crate::backends::tls::Trust;
use crate::domain::change::NewCredential;
use crate::domain::credential::{Credential, CredentialClass, InvitationStatus, State, System};
use crate::domain::journal::Seen;
use crate::domain::operation::Source;
use crate::domain::policy::{Mode, Why};
use crate::simulator::{self, Fault, FaultKind, ForeignKind, ForeignWrite, SimOptions, Simulator, When};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

mod positions;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        "2026-06-02T08:00:00Z".parse().unwrap()
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

async fn world(people: u32) -> (Simulator, Gallagher) {
    world_with(SimOptions { cardholders: people, ..SimOptions::default() }).await
}

async fn world_with(options: SimOptions) -> (Simulator, Gallagher) {
    let options = SimOptions { start: Some(Fixed.now()), frozen: true, ..options };
    let sim = simulator::start(options).await.unwrap();
    let provider = opened(&sim, sim.api_key());
    (sim, provider)
}

fn opened(sim: &Simulator, key: &str) -> Gallagher {
    let settings = Settings {
        profile: TenantProfile {
            name: "gall".parse().unwrap(),
            system: System::Gallagher,
            mode: Mode::Sim,
            starts_unlocked: true,
            marker: true,
            sole_issuer: false,
            feed_operator: sim.feed_operator().parse().ok(),
        },
        origin: Origin::parse(&sim.gallagher_url()).unwrap(),
        key: Secret::new(key.to_owned()),
        way: Trust { pin: sim.certificate_sha256().map(|pin| pin.parse().unwrap()), client: None }.into(),
        limits: short(),
    };
    Gallagher::open(settings, Arc::new(Fixed)).unwrap()
}

async fn jane(provider: &Gallagher) -> HolderRead {
    let page = provider.find_holders("Jane Doe", 5).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    page.rows.into_iter().next().unwrap()
}

fn phone(read: &HolderRead) -> &Credential {
    read.credentials.iter().find(|card| card.class == CredentialClass::Mobile).unwrap()
}

fn swap(read: &HolderRead) -> CredentialChange {
    let old = phone(read);
    CredentialChange {
        holder: read.holder.id.clone(),
        holder_link: read.holder.link.clone(),
        add: Some(NewCredential {
            type_link: old.type_link.clone(),
            marker: None,
            number: Some("Mobile PDX0123456789ABCDEF".into()),
            email: old.invitation.as_ref().unwrap().email.clone(),
            phone: "".into(),
            single_factor: false,
            until: None,
            particulars: Vec::new(),
            replaces: None,
        }),
        remove: Some(Seen::of(old)),
        turn: None,
        why: Why::NewPhone,
        note: String::new(),
        marker: None,
    }
}

async fn send(provider: &Gallagher, change: &CredentialChange) -> SendOutcome {
    let prepared = provider.prepare(change).unwrap();
    provider.send(permit(&prepared).await, &prepared).await
}

#[tokio::test]
async fn the_entry_page_and_the_types_are_read() {
    let (_sim, provider) = world(600).await;
    let connection = provider.connect().await.unwrap();
    assert!(connection.version.as_str().starts_with("9.30"), "{connection:?}");
    assert!(connection.has_feed && connection.has_events);
    let types = provider.credential_types().await.unwrap();
    let mobile = types.iter().find(|t| t.class == CredentialClass::Mobile).unwrap();
    assert!(!mobile.name.is_empty() && !mobile.states.is_empty());
}

#[tokio::test]
async fn everybody_is_listed_once_over_all_pages() {
    let (sim, provider) = world(600).await;
    let (mut seen, mut cards, mut page) = (BTreeSet::new(), 0, None);
    loop {
        let read = provider.list_holders(page.as_ref(), 250).await.unwrap();
        for row in read.rows {
            cards += row.credentials.len() as u64;
            assert!(seen.insert(row.holder.id.clone()), "{} twice", row.holder.id);
        }
        page = read.next;
        if page.is_none() {
            break;
        }
    }
    let counts = sim.world().counts();
    assert_eq!((seen.len() as u32, cards), (counts.cardholders, counts.cards));
}

#[tokio::test]
async fn a_person_is_read_with_all_that_is_shown() {
    let (sim, provider) = world(600).await;
    let found = jane(&provider).await;
    let read = provider.holder(&found.holder.id, &found.holder.link).await.unwrap();
    assert_eq!((&read.holder, &read.credentials), (&found.holder, &found.credentials));
    assert_eq!(read.holder.name().raw(), "Jane Doe");
    assert!(read.holder.email.raw().contains('@') && !read.holder.employee_number.is_empty());
    assert!(read.server_date.is_some());
    let old = phone(&read);
    assert_eq!(old.state(), State::Expired);
    assert_eq!(old.invitation.as_ref().unwrap().status, InvitationStatus::Expired);
    let truth = sim.world().cardholder(read.holder.id.key.as_str()).unwrap();
    assert_eq!(read.credentials.len(), truth.cards.len());
    assert!(
        truth.cards.iter().any(|card| card.path == old.link.as_str() && card.credential_id == old.lasting_id.raw())
    );
}

#[tokio::test]
async fn a_swap_is_applied_and_the_feed_says_who_did_it() {
    for answer in ["no_content", "object", "message"] {
        let (sim, provider) = world(600).await;
        sim.world().change_switches(&json!({ "patch_answer": answer })).unwrap();
        let before = jane(&provider).await;
        let bookmark = provider.bookmark().await.unwrap().unwrap();
        let outcome = send(&provider, &swap(&before)).await;
        assert!(matches!(outcome, SendOutcome::Applied { .. }), "{answer}: {outcome:?}");
        let after = provider.holder(&before.holder.id, &before.holder.link).await.unwrap();
        let new = phone(&after);
        assert!(!phone(&before).link.eq(&new.link) && new.number.raw() == "Mobile PDX0123456789ABCDEF");
        let feed = provider.changes_since(&bookmark).await.unwrap();
        let row = feed.rows.iter().find(|row| row.holder == before.holder.id).unwrap();
        assert_eq!((&row.added, &row.removed), (&vec![new.link.clone()], &vec![phone(&before).link.clone()]));
        assert_eq!(row.operator, provider.profile().feed_operator);
        assert!(provider.changes_since(&feed.bookmark).await.unwrap().rows.is_empty());
    }
}

#[tokio::test]
async fn a_foreign_change_shows_another_operator_or_none() {
    for (switch, shown) in [("items_in_feed", true), ("same", true), ("missing", false)] {
        let (sim, provider) = world(600).await;
        sim.world().change_switches(&json!({ "operator_href": switch })).unwrap();
        let jane = jane(&provider).await;
        let bookmark = provider.bookmark().await.unwrap().unwrap();
        let write = ForeignWrite {
            cardholder: jane.holder.id.key.as_str().to_owned(),
            kind: ForeignKind::SameType,
            of: None,
            when: When::Now,
            email: None,
            number: None,
            workstation: false,
            by: None,
        };
        sim.world().foreign(write).unwrap();
        let feed = provider.changes_since(&bookmark).await.unwrap();
        assert_eq!((feed.rows.len(), feed.rows[0].added.len()), (1, 1), "{switch}");
        assert_eq!(feed.rows[0].operator.is_some(), shown, "{switch}");
        assert_ne!(feed.rows[0].operator, provider.profile().feed_operator, "{switch}");
    }
}

#[tokio::test]
async fn the_vendors_events_are_rows_of_the_history() {
    for hrefs in [true, false] {
        let (sim, provider) = world(600).await;
        sim.world().change_switches(&json!({ "event_hrefs": hrefs })).unwrap();
        let jane = jane(&provider).await;
        assert!(matches!(send(&provider, &swap(&jane)).await, SendOutcome::Applied { .. }));
        let rows = provider.events_of(&jane.holder.id, 3).await.unwrap();
        assert!(!rows.is_empty() && rows.len() <= 3);
        assert!(rows.iter().all(|row| row.source == Source::Vendor && row.holder == jane.holder.id));
        assert!(rows.windows(2).all(|pair| pair[0].at >= pair[1].at), "newest first");
        assert!(!rows[0].action.as_str().is_empty() && !rows[0].operator.as_str().is_empty());
    }
}

#[tokio::test]
async fn i4_faults_of_a_change_end_as_the_table_says() {
    let status = |status| FaultKind::StatusBefore { status, retry_after: None };
    for (fault, ending, done) in [
        (FaultKind::DropBefore, "unknown", false),
        (FaultKind::DropAfter, "unknown", true),
        (FaultKind::BrokenJson, "unknown", true),
        (FaultKind::Hang, "unknown", false),
        (FaultKind::HangAfter, "unknown", true),
        (status(500), "unknown", false),
        (FaultKind::StatusAfter { status: 500, retry_after: None }, "unknown", true),
        (status(503), "unknown", false),
        (status(408), "unknown", false),
        (status(400), "rejected", false),
        (status(403), "rejected", false),
        (status(409), "rejected", false),
        (status(429), "rejected", false),
    ] {
        let (sim, provider) = world(600).await;
        let jane = jane(&provider).await;
        let patches = sim.world().counts().patches;
        sim.world().arm(Fault::once("PATCH", fault.clone())).unwrap();
        let outcome = send(&provider, &swap(&jane)).await;
        let is = match &outcome {
            SendOutcome::Applied { .. } => "applied",
            SendOutcome::Rejected(_) => "rejected",
            SendOutcome::NotSent(_) => "not sent",
            SendOutcome::Unknown(_) => "unknown",
        };
        assert_eq!(is, ending, "{fault:?}: {outcome:?}");
        let truth = sim.world().cardholder(jane.holder.id.key.as_str()).unwrap();
        let applied = !truth.removed.is_empty();
        assert_eq!(applied, done, "{fault:?}");
        assert_eq!(sim.world().counts().patches, patches + 1, "{fault:?}: exactly one request");
    }
}

#[tokio::test]
async fn a_lock_is_a_conflict_with_the_vendors_words() {
    let (sim, provider) = world(600).await;
    let jane = jane(&provider).await;
    sim.world().lock(jane.holder.id.key.as_str(), true).unwrap();
    let outcome = send(&provider, &swap(&jane)).await;
    let SendOutcome::Rejected(error) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.kind, ProviderErrorKind::Conflict);
    assert!(!error.said.as_str().is_empty());
}

#[tokio::test]
async fn a_stale_reference_is_refused_whole_or_passed_over() {
    for (switch, kind) in [
        ("bad_request", Some(ProviderErrorKind::Invalid)),
        ("not_found", Some(ProviderErrorKind::NotFound)),
        ("ignored", None),
    ] {
        let (sim, provider) = world(600).await;
        sim.world().change_switches(&json!({ "stale_href": switch })).unwrap();
        let jane = jane(&provider).await;
        let mut change = swap(&jane);
        assert!(matches!(send(&provider, &change).await, SendOutcome::Applied { .. }));
        change.add = None;
        match (send(&provider, &change).await, kind) {
            (SendOutcome::Rejected(error), Some(kind)) => assert_eq!(error.kind, kind, "{switch}"),
            (SendOutcome::Applied { .. }, None) => {}
            (outcome, _) => panic!("{switch}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_said_once_and_not_tried_again() {
    let (sim, _) = world(600).await;
    let provider = opened(&sim, "0000-0000-0000-0000-0000-0000-0000-0000");
    for _ in 0..3 {
        assert_eq!(provider.bookmark().await.unwrap_err().kind, ProviderErrorKind::Unauthorised);
    }
    assert!(provider.connect().await.is_err());
    let refused = opened(&sim, sim.api_key());
    assert!(refused.connect().await.is_ok(), "another key is another matter");
}

#[tokio::test]
async fn a_pinned_simulator_is_spoken_to_over_tls() {
    let (_sim, provider) = world_with(SimOptions { tls: true, cardholders: 600, ..SimOptions::default() }).await;
    assert!(provider.connect().await.is_ok());
    let jane = jane(&provider).await;
    assert!(matches!(send(&provider, &swap(&jane)).await, SendOutcome::Applied { .. }));
}
