//! People, tokens and addresses against the simulated bank.

use super::testing::*;
use super::*;
use crate::backends::tls::{ClientFiles, Trust};
use crate::domain::credential::{CredentialClass, Particular, State, System};
use crate::domain::origin::Pin;
use crate::simulator::population::{HOLDER_OF_8841, JANE, JOHN};
use crate::simulator::{Fault, FaultKind, FaultMatch, SimOptions};

#[tokio::test]
async fn a_person_is_read_with_cards_and_digital_cards() {
    let branch = Branch::open().await;
    let jane = branch.read(JANE).await;
    assert_eq!(jane.holder.name().raw(), "Jane Doe");
    assert_eq!((jane.holder.employee_number.raw(), jane.holder.email.raw()), ("E10422", "jane.doe@site.example"));
    assert!(jane.holder.authorised && jane.server_date.is_some());
    let classes: Vec<_> = jane.credentials.iter().map(|c| (c.class, c.state(), c.barred)).collect();
    assert_eq!(
        classes,
        [(CredentialClass::FundingCard, State::Active, false), (CredentialClass::DigitalCard, State::Active, false)]
    );
    let (card, pass) = (&jane.credentials[0], &jane.credentials[1]);
    assert_eq!(pass.particular(Particular::Parent).unwrap().raw(), card.id.key.as_str());
    assert_eq!(pass.particular(Particular::DeviceStatus).unwrap().raw(), "not confirmed");
    assert!(pass.particular(Particular::Device).is_some() && card.until.is_some());
    assert_eq!(pass.link.as_str(), format!("/banking/v1/issuers/DEMOISS-01/digitalCards/{}", pass.id.key.as_str()));
    assert_eq!(branch.read(HOLDER_OF_8841).await.credentials[0].number.raw(), "8841");
    let john = branch.read(JOHN).await;
    assert_eq!(john.credentials[1].particular(Particular::Device).unwrap().raw(), "Galaxy S8");
    branch.sim.stop().await;
}

#[tokio::test]
async fn people_are_found_by_label_and_by_id_and_listed_in_pages() {
    let branch = Branch::open().await;
    let find = async |text: &str| branch.provider.find_holders(text, 5).await.unwrap().rows;
    assert!(find("jane d").await.iter().any(|row| row.holder.id == branch.id(JANE)));
    let jane = branch.d1.consumer_of(JANE).unwrap();
    for id in [&jane.id, &jane.cards[0].id, &jane.cards[0].digital[0].id] {
        let found = find(id).await;
        assert_eq!((found.len(), &found[0].holder.id), (1, &branch.id(JANE)), "{id}");
        assert_eq!(found[0].credentials.len(), 2, "known without a read");
    }
    assert_eq!(branch.asked("GET"), Vec::<String>::new(), "the directory knew them all");
    let mut all = 0;
    let mut page = branch.provider.list_holders(None, 50).await.unwrap();
    loop {
        all += page.rows.len();
        let Some(next) = page.next else { break };
        page = branch.provider.list_holders(Some(&next), 50).await.unwrap();
    }
    assert_eq!(all, branch.d1.directory().len());
    // What was read once is listed as it was then.
    branch.read(JANE).await;
    let row = find("Jane Doe").await.remove(0);
    assert_eq!(row.credentials.iter().map(Credential::state).collect::<Vec<_>>(), [State::Active, State::Active]);
    branch.sim.stop().await;
}

#[tokio::test]
async fn an_unknown_id_is_asked_for_and_enters_the_directory() {
    let branch = Branch::on(simulator(SimOptions::default()).await, |_| {}).unwrap();
    for (nth, person) in [(0, JANE), (1, JOHN), (2, HOLDER_OF_8841)] {
        let consumer = branch.d1.consumer_of(person).unwrap();
        let ids = [&consumer.id, &consumer.cards[0].id, &consumer.cards[0].digital[0].id];
        let found = branch.provider.find_holders(ids[nth], 5).await.unwrap().rows;
        assert_eq!(found[0].holder.id, branch.id(person), "{}", ids[nth]);
        let entry = branch.archive.entry(&tenant(), &consumer.id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(entry.last_verified, Some(branch.d1.now()));
    }
    let calls = branch.asked("GET").len();
    assert_eq!(branch.provider.find_holders("nobody-77", 5).await.unwrap().rows, [], "not found, which proves nothing");
    assert!(branch.asked("GET").len() > calls);
    let calls = branch.asked("GET").len();
    assert_eq!(branch.provider.find_holders("Smith", 5).await.unwrap().rows, [], "a name is no id");
    let refused = branch.provider.find_holders("4111 1111 1111 1111", 5).await.unwrap_err();
    assert!(refused.kind == ProviderErrorKind::Invalid && refused.detail.as_str().contains("card number"));
    assert_eq!(branch.asked("GET").len(), calls, "neither went over the wire");
    branch.sim.stop().await;
}

#[tokio::test]
async fn one_token_serves_all_and_is_renewed_early() {
    let branch = Branch::open().await;
    let reads = (0..6).map(|_| branch.read(JANE));
    futures::future::join_all(reads).await;
    assert_eq!(branch.asked("POST").len(), 1, "whoever comes while one is fetched waits for that one");
    assert_eq!(branch.provider.scope().as_str(), branch.d1.switches().scope);
    branch.sim.world().advance(719);
    branch.read(JANE).await;
    assert_eq!(branch.asked("POST").len(), 1);
    branch.sim.world().advance(1);
    branch.read(JANE).await;
    assert_eq!(branch.asked("POST").len(), 2, "at 80 of 100 of its life");
    // A token endpoint that is away for a while stops nobody who has a token.
    branch.sim.world().advance(725);
    let path = Some("/authz/".to_owned());
    let fault = Fault {
        on: FaultMatch { method: None, path },
        kind: FaultKind::StatusBefore { status: 500, retry_after: None },
        skip: 0,
        times: 0,
    };
    branch.d1.front().faults.arm(fault).unwrap();
    branch.read(JANE).await;
    branch.sim.world().advance(200);
    let error = branch.provider.holder(&branch.id(JANE), &"/x".parse().unwrap()).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ProviderErrorKind::Unavailable, Some(500)));
    branch.d1.front().faults.clear();
    branch.read(JANE).await;
    branch.sim.stop().await;
}

#[tokio::test]
async fn a_read_that_meets_a_401_signs_anew_once() {
    let branch = Branch::open().await;
    let once = |times| Fault {
        on: FaultMatch { method: Some("GET".into()), path: None },
        kind: FaultKind::StatusBefore { status: 401, retry_after: None },
        skip: 0,
        times,
    };
    branch.d1.front().faults.arm(once(1)).unwrap();
    branch.read(JANE).await;
    assert_eq!(branch.asked("POST").len(), 2);
    branch.d1.front().faults.arm(once(2)).unwrap();
    let error = branch.provider.holder(&branch.id(JANE), &"/x".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unauthorised);
    let calls = branch.asked("GET").len();
    assert!(branch.provider.holder(&branch.id(JANE), &"/x".parse().unwrap()).await.is_err());
    assert_eq!(branch.asked("GET").len(), calls, "a second refusal stops all further calls");
    branch.provider.connect().await.unwrap();
    branch.read(JANE).await;
    branch.sim.stop().await;
}

#[tokio::test]
async fn a_refused_assertion_says_what_to_check_and_is_not_tried_again_by_itself() {
    for change in
        [(|s: &mut Settings| s.kid = "nobody".into()) as fn(&mut Settings), |s| s.issuer_id = "DEMOISS-99".into()]
    {
        let branch = Branch::open_with(change).await;
        for _ in 0..3 {
            let error = branch.provider.connect().await.unwrap_err();
            assert_eq!(error.kind, ProviderErrorKind::Unauthorised);
            assert!(error.detail.as_str().contains("check issuer_id, kid"), "{}", error.detail.as_str());
            assert!(branch.provider.events_of(&branch.id(JANE), 5).await.is_err());
        }
        assert_eq!(branch.asked("POST").len(), 3, "once a command of the operator");
        branch.sim.stop().await;
    }
}

#[tokio::test]
async fn the_audience_is_the_origin_unless_said() {
    let branch = Branch::open().await;
    let origin = branch.sim.url(System::ThalesD1).trim_end_matches('/').to_owned();
    branch.switch(&serde_json::json!({ "audience": origin }));
    branch.provider.connect().await.unwrap();
    branch.switch(&serde_json::json!({ "audience": "https://api.d1.example" }));
    branch.sim.world().advance(1_000);
    assert_eq!(branch.provider.connect().await.unwrap_err().kind, ProviderErrorKind::Unauthorised);
    branch.sim.stop().await;
    let branch = Branch::open_with(|s| s.audience = Some("https://api.d1.example".into())).await;
    branch.switch(&serde_json::json!({ "audience": "https://api.d1.example" }));
    branch.provider.connect().await.unwrap();
    branch.sim.stop().await;
}

#[tokio::test]
async fn headers_fit_the_version_that_is_called() {
    let branch = Branch::open().await;
    branch.switch(&serde_json::json!({ "correlation_pattern": "strict", "user_id_on_v1": false }));
    branch.read(JANE).await;
    branch.sim.stop().await;
    let sim = simulator(SimOptions::default()).await;
    let error = Branch::on(sim, |s| s.user = Some("jane.doe@bank".into())).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Invalid);
}

#[tokio::test]
async fn wrong_settings_are_refused_before_anything_is_sent() {
    for (change, why) in [
        ((|s: &mut Settings| s.issuer_id = "SHORT".into()) as fn(&mut Settings), "exactly 10"),
        (|s| s.issuer_id = "DEMO/ISS01".into(), "exactly 10"),
        (|s| s.key = Secret::new("hunter2".into()), "PKCS#8"),
        (|s| s.token_url = Some("authz".into()), "token_url"),
        (|s| s.token_url = Some("http://elsewhere.example/authz".into()), "token_url"),
    ] {
        let sim = simulator(SimOptions::default()).await;
        let error = Branch::on(sim, change).map(|_| ()).unwrap_err();
        assert!(error.detail.as_str().contains(why), "{}", error.detail.as_str());
    }
    let sim = simulator(SimOptions::default()).await;
    let url = format!("{}authz/v1", sim.url(System::ThalesD1));
    let branch = Branch::on(sim, move |s| s.token_url = Some(url)).unwrap();
    branch.provider.connect().await.unwrap();
    branch.sim.stop().await;
}

#[tokio::test]
async fn without_a_client_certificate_the_sentence_is_plain_and_with_one_it_works() {
    let sim = simulator(SimOptions { tls: true, ..SimOptions::default() }).await;
    let pin: Pin = sim.certificate_sha256().unwrap().parse().unwrap();
    let branch = Branch::on(sim, |s| s.way = Trust { pin: Some(pin), client: None }.into()).unwrap();
    let error = branch.provider.connect().await.unwrap_err();
    assert!(error.detail.as_str().contains("client_cert_file"), "{}", error.detail.as_str());
    assert_eq!(error.kind, ProviderErrorKind::Unauthorised);
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    let (pem, key_pem) = branch.sim.client_certificate(System::ThalesD1).unwrap();
    std::fs::write(&certificate, pem).unwrap();
    let missing = Settings {
        way: Trust { pin: Some(pin), client: Some(ClientFiles { certificate: certificate.clone(), key: key.clone() }) }
            .into(),
        ..settings(&branch.sim)
    };
    let clock = Arc::new(BankClock(branch.d1.clone()));
    let ids = Arc::new(Counted::default());
    let error = ThalesD1::open(missing, Arc::clone(&branch.archive), clock, ids).map(|_| ()).unwrap_err();
    assert!(error.detail.as_str().contains("cannot use"), "{}", error.detail.as_str());
    std::fs::write(&key, key_pem).unwrap();
    let branch = Branch::on(branch.sim, |s| {
        s.way = Trust { pin: Some(pin), client: Some(ClientFiles { certificate, key }) }.into();
    })
    .unwrap();
    branch.provider.connect().await.unwrap();
    branch.sim.stop().await;
}

#[tokio::test]
async fn what_is_slow_broken_or_too_many_is_told_apart() {
    let branch = Branch::open().await;
    branch.read(JANE).await;
    let cards = format!("/banking/v1/issuers/DEMOISS-01/consumers/{}/cards", branch.id(JANE).key.as_str());
    for (kind, wanted) in [
        (
            FaultKind::StatusBefore { status: 429, retry_after: Some(60) },
            ProviderErrorKind::RateLimited(Some(Duration::from_mins(1))),
        ),
        (FaultKind::StatusBefore { status: 500, retry_after: None }, ProviderErrorKind::Unavailable),
        (FaultKind::BrokenJson, ProviderErrorKind::Unreadable),
        (FaultKind::HugeBody { bytes: 64 << 20 }, ProviderErrorKind::TooLarge),
        (FaultKind::Hang, ProviderErrorKind::Unavailable),
    ] {
        let on = FaultMatch { method: Some("GET".into()), path: Some(cards.clone()) };
        branch.d1.front().faults.arm(Fault { on, kind: kind.clone(), skip: 0, times: 0 }).unwrap();
        let error = branch.provider.holder(&branch.id(JANE), &"/x".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind, wanted, "{kind:?}");
        branch.d1.front().faults.clear();
    }
    let on = FaultMatch { method: Some("GET".into()), path: Some(cards) };
    let short = FaultKind::StatusBefore { status: 429, retry_after: Some(0) };
    branch.d1.front().faults.arm(Fault { on, kind: short, skip: 0, times: 1 }).unwrap();
    branch.read(JANE).await;
    branch.sim.stop().await;
}
