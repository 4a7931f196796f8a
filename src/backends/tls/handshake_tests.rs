//! Handshakes with the simulator's own listeners: the cases of safety.md section 7, row "tls".

use super::*;
use crate::backends::http::tests::{permit, short};
use crate::backends::http::{EmptySuccess, Mutations, Reads, clients, clients_on};
use crate::backends::signature::FixedKey;
use crate::backends::wire::Wires;
use crate::domain::change::PreparedChange;
use crate::domain::credential::System;
use crate::domain::origin::Origin;
use crate::domain::text::Secret;
use crate::ports::provider::{Answered, ProviderError, ProviderErrorKind, SendOutcome};
use crate::simulator::{self, ClientChange, ShownCertificate, SimOptions, Simulator};
use rcgen::KeyPair;
use serde_json::json;
use std::path::Path;

async fn site(client_certificates: bool) -> Simulator {
    let options = SimOptions { cardholders: 10, tls: true, client_certificates, ..SimOptions::default() };
    simulator::start(options).await.unwrap()
}

fn files(folder: &Path, certificate: &str, key: &str) -> ClientFiles {
    let files = ClientFiles { certificate: folder.join("client.pem"), key: folder.join("client.key") };
    std::fs::write(&files.certificate, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
    files
}

/// A pair that nobody registered and no authority issued.
fn stranger(folder: &Path) -> ClientFiles {
    let key = KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec!["stranger".to_owned()]).unwrap().self_signed(&key).unwrap();
    files(folder, &made.pem(), &key.serialize_pem())
}

fn signature(key: &Secret) -> std::sync::Arc<FixedKey> {
    std::sync::Arc::new(FixedKey::new(key).unwrap())
}

fn both(sim: &Simulator, pin: ShownCertificate, client: Option<ClientFiles>) -> (Reads, Mutations) {
    let pin = sim.certificates().unwrap().sha256(pin).parse().unwrap();
    let key = Secret::new(format!("GGL-API-KEY {}", sim.api_key()));
    let origin = Origin::parse(&sim.gallagher_url()).unwrap();
    let way = Trust { pin: Some(pin), client }.into();
    clients(&origin, signature(&key), &way, short(), EmptySuccess::Applied).unwrap()
}

async fn get(sim: &Simulator, pin: ShownCertificate, client: Option<ClientFiles>) -> Result<(), ProviderError> {
    both(sim, pin, client).0.json(&"/api".parse().unwrap()).await.map(|_| ())
}

fn change() -> PreparedChange {
    let body = json!({ "description": "seen" }).to_string().into_bytes();
    PreparedChange { method: "PATCH", link: "/api/cardholders/4665".parse().unwrap(), body }
}

#[tokio::test]
async fn the_pinned_certificate_gets_reads_and_changes_through() {
    let sim = site(false).await;
    let (reads, mutations) = both(&sim, ShownCertificate::Own, None);
    assert!(reads.json(&"/api".parse().unwrap()).await.is_ok());
    let change = change();
    let outcome = mutations.send(permit(&change).await, &change, |_| Answered::default()).await;
    assert!(matches!(outcome, SendOutcome::Applied { .. }), "{outcome:?}");
    assert_eq!(sim.world().log().applied_patches, 1);
}

#[tokio::test]
async fn a_certificate_that_is_not_the_pinned_one_within_its_dates_gets_nothing() {
    use ShownCertificate as C;
    for (shown, pin, why) in [
        (C::Changed, C::Own, "its certificate is not the pinned one"),
        (C::OtherName, C::Own, "its certificate is not the pinned one"),
        (C::Expired, C::Own, "its certificate is not the pinned one"),
        (C::Expired, C::Expired, "its certificate has expired"),
        (C::WithoutKey, C::Own, "it does not hold the key of the certificate that it shows"),
    ] {
        let sim = site(false).await;
        sim.certificates().unwrap().show(shown);
        let (reads, mutations) = both(&sim, pin, None);
        let change = change();
        let outcome = mutations.send(permit(&change).await, &change, |_| Answered::default()).await;
        let SendOutcome::NotSent(error) = outcome else { panic!("{shown:?}: {outcome:?}") };
        assert_eq!(error.kind, ProviderErrorKind::Untrusted(why), "{shown:?}");
        let error = reads.json(&"/api".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Untrusted(why), "{shown:?}");
        assert!(sim.world().log().requests.is_empty(), "{shown:?}: no request, no key");
    }
}

#[tokio::test]
async fn a_trusted_certificate_for_another_name_is_refused_and_an_exact_pin_does_not_ask_for_the_name() {
    let sim = site(false).await;
    let origin = Origin::parse(&sim.gallagher_url()).unwrap();
    let key = Secret::new(format!("GGL-API-KEY {}", sim.api_key()));
    for (shown, why) in
        [(ShownCertificate::Own, None), (ShownCertificate::OtherName, Some("its certificate is for another name"))]
    {
        sim.certificates().unwrap().show(shown);
        let root = CertificateDer::from_pem_slice(sim.certificates().unwrap().pem_of(shown).as_bytes()).unwrap();
        let config = Trust::default().config_with(|| vec![root]).unwrap();
        let wires = Wires::over_network(&origin, short(), config).unwrap();
        let (reads, _) = clients_on(wires, &origin, signature(&key), short(), EmptySuccess::Applied);
        let kind = reads.json(&"/api".parse().unwrap()).await.err().map(|e| e.kind);
        assert_eq!(kind, why.map(ProviderErrorKind::Untrusted), "{shown:?}");
    }
    assert!(get(&sim, ShownCertificate::OtherName, None).await.is_ok(), "the fingerprint was confirmed out of band");
}

#[tokio::test]
async fn the_thumbprint_table_of_section_1_in_both_positions() {
    let folder = tempfile::tempdir().unwrap();
    let sim = site(true).await;
    let (certificate, key) = sim.client_certificate(System::Gallagher).unwrap();
    let right = files(folder.path(), certificate, key);
    let other = tempfile::tempdir().unwrap();
    let wrong = stranger(other.path());
    let thumbprint = sim.certificates().unwrap().client_thumbprint.clone();
    for (registered, allowed, shown, admitted) in [
        (true, false, Some(&right), true),
        (true, false, Some(&wrong), false),
        (true, false, None, false),
        (true, true, Some(&right), true),
        (true, true, Some(&wrong), false),
        (true, true, None, false),
        (false, false, Some(&right), false),
        (false, false, None, false),
        (false, true, Some(&right), true),
        (false, true, None, true),
    ] {
        let thumbprint = if registered { thumbprint.to_lowercase() } else { String::new() };
        let change = ClientChange { client: 9001, thumbprint: Some(thumbprint), ..ClientChange::default() };
        sim.world().change_client(&change).unwrap();
        sim.world().change_switches(&json!({ "allow_no_certificate": allowed })).unwrap();
        let answer = get(&sim, ShownCertificate::Own, shown.cloned()).await;
        let case = format!("registered {registered}, allowed {allowed}, shown {shown:?}");
        assert_eq!(answer.is_ok(), admitted, "{case}: {answer:?}");
        if let Err(error) = answer {
            assert_eq!(error.status, Some(401), "{case}");
        }
    }
}

#[tokio::test]
async fn a_missing_or_wrong_client_certificate_is_one_plain_sentence() {
    let sim = site(true).await;
    let error = get(&sim, ShownCertificate::Own, None).await.unwrap_err();
    let said = error.problem(&"gall".parse().unwrap()).to_string();
    assert!(said.contains("gall wants a client certificate"), "{said}");
    assert!(said.contains("name client_cert_file and client_key_file"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let error = get(&sim, ShownCertificate::Own, Some(stranger(folder.path()))).await.unwrap_err();
    let said = error.problem(&"gall".parse().unwrap()).to_string();
    assert!(said.contains("the client certificate"), "{said}");
    assert_eq!(sim.world().log().requests.len(), 2, "neither is tried again");
}

/// What a listener does whose handshake fails without a client certificate of the site's own authority.
#[tokio::test]
async fn a_listener_that_takes_no_handshake_without_a_certificate_says_so() {
    use crate::simulator::certificates::{Certificates, Wanted};
    let made = Certificates::make().unwrap();
    let acceptor = made.acceptor(Wanted::Issued).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = Origin::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(crate::simulator::server::greet(stream, acceptor));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let unknown = "it does not accept the one that we show";
    for (client, why) in [(None, "it asks for one, and none is named"), (Some(stranger(folder.path())), unknown)] {
        let pin = made.sha256(ShownCertificate::Own).parse().unwrap();
        let trust = Trust { pin: Some(pin), client };
        let key = Secret::new("GGL-API-KEY 7F3A".into());
        let (reads, _) = clients(&origin, signature(&key), &trust.into(), short(), EmptySuccess::Applied).unwrap();
        let error = reads.json(&"/api".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::CertificateWanted(why), "{error:?}");
        let said = error.problem(&"d1".parse().unwrap()).to_string();
        assert!(said.contains("d1 wants a client certificate"), "{said}");
    }
}
