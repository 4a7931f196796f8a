//! The site file of a running simulator, with the secrets beside it.

use super::{ACCESSGRID, CARDEXCHANGE, GALLAGHER, THALES_D1};
use crate::domain::credential::System;
use crate::simulator::accessgrid::{ANDROID_TEMPLATE, APPLE_TEMPLATE, TEMPLATE_PAIR};
use crate::simulator::{Simulator, thales_d1};
use anyhow::{Context as _, ensure};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use toml::{Table, Value};

/// Client certificate and its key; one pair for all tenants that want to see one.
const CLIENT_CERTIFICATE_FILE: &str = "client.pem";
const CLIENT_KEY_FILE: &str = "client.key";
/// The end users of Thales D1 as an issuer would list them: for training the import.
const DIRECTORY_FILE: &str = "d1-directory.csv";

/// Writes a site file (decision 5) for a running simulator, and the secrets beside it, each complete or not at all.
/// Only a file that was written for a simulator is overwritten.
///
/// # Errors
/// If the file belongs to something else, or cannot be written.
pub async fn write_site(sim: &Simulator, file: &Path) -> anyhow::Result<()> {
    if let Ok(present) = tokio::fs::read_to_string(file).await {
        let ours = present.parse::<Table>().is_ok_and(|t| t.contains_key("simulator"));
        ensure!(ours, "{} is there and was not written for a simulator; choose another name", file.display());
    }
    let (site, beside) = (site_text(sim)?, secrets(sim));
    let (directory, file) = (super::directory_csv(sim)?, file.to_owned());
    tokio::task::spawn_blocking(move || {
        let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (name, text) in beside {
            replace(&folder.join(name), &text, 0o600)?;
        }
        // Names of people stand in it.
        replace(&folder.join(DIRECTORY_FILE), &directory, 0o600)?;
        replace(&file, &site, 0o644)
    })
    .await?
}

/// The secret files by name.
fn secrets(sim: &Simulator) -> Vec<(&'static str, String)> {
    let line = |secret: &str| format!("{}\n", secret.trim_end());
    let mut files = vec![
        ("gall.key", line(sim.api_key())),
        ("accg.key", line(&sim.grid_secret())),
        ("d1.pem", line(sim.d1_private_key())),
        ("cxc.key", line(&sim.exchange_key())),
    ];
    if let Some((certificate, key)) = System::ALL.into_iter().find_map(|system| sim.client_certificate(system)) {
        files.push((CLIENT_CERTIFICATE_FILE, certificate.to_owned()));
        files.push((CLIENT_KEY_FILE, key.to_owned()));
    }
    files
}

fn site_text(sim: &Simulator) -> anyhow::Result<String> {
    let text = |text: &str| Value::String(text.to_owned());
    let tenant = |name: &str, system: System, secret_file: &str, more: Vec<(&str, Value)>| {
        let mut table = Table::new();
        for (key, value) in [
            ("name", text(name)),
            ("system", text(&system.to_string())),
            ("url", text(&sim.url(system))),
            ("mode", text("sim")),
            ("writes", text("unlocked")),
            ("secret_file", text(secret_file)),
        ] {
            table.insert(key.to_owned(), value);
        }
        if let Some(pin) = sim.certificate_sha256() {
            table.insert("pin_sha256".to_owned(), Value::String(pin));
        }
        if sim.client_certificate(system).is_some() {
            table.insert("client_cert_file".to_owned(), text(CLIENT_CERTIFICATE_FILE));
            table.insert("client_key_file".to_owned(), text(CLIENT_KEY_FILE));
        }
        table.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
        Value::Table(table)
    };
    let templates = [APPLE_TEMPLATE, ANDROID_TEMPLATE, TEMPLATE_PAIR].map(text).to_vec();
    let token_url = format!("{}authz/v1/oauth2/token", sim.url(System::ThalesD1));
    let tenants = vec![
        tenant(
            GALLAGHER,
            System::Gallagher,
            "gall.key",
            vec![("marker", Value::Boolean(true)), ("feed_operator", text(&sim.feed_operator()))],
        ),
        tenant(
            ACCESSGRID,
            System::AccessGrid,
            "accg.key",
            vec![("account_id", text(&sim.grid_account())), ("template_id", Value::Array(templates))],
        ),
        tenant(
            THALES_D1,
            System::ThalesD1,
            "d1.pem",
            vec![
                ("issuer_id", text(thales_d1::ISSUER)),
                ("kid", text(thales_d1::KID)),
                ("token_url", text(&token_url)),
            ],
        ),
        tenant(CARDEXCHANGE, System::CardExchange, "cxc.key", vec![("auth", text("basic"))]),
    ];
    let mut site = Table::new();
    site.insert("data".to_owned(), text("passdesk-data"));
    site.insert("tenant".to_owned(), Value::Array(tenants));
    let mut control = Table::new();
    control.insert("control".to_owned(), text(&sim.control_url()));
    site.insert("simulator".to_owned(), Value::Table(control));
    let written = toml::to_string(&site).context("cannot write the site file as TOML")?;
    Ok(format!("# Written by `passdesk sim`: nothing in here opens a door.\n{written}"))
}

/// Writes a file beside its place and moves it there.
fn replace(file: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let mut name = file.file_name().context("the file needs a name")?.to_owned();
    name.push(".new");
    let fresh = file.with_file_name(name);
    let write = || -> std::io::Result<()> {
        match std::fs::remove_file(&fresh) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        std::fs::rename(&fresh, file)
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{self, SimOptions};
    use std::os::unix::fs::PermissionsExt as _;

    #[tokio::test]
    async fn a_site_that_wants_client_certificates_gives_one_away_in_private_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.toml");
        let options = SimOptions { cardholders: 10, tls: true, client_certificates: true, ..SimOptions::default() };
        let sim = simulator::start(options).await.unwrap();
        write_site(&sim, &file).await.unwrap();
        let site: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        for (member, start) in [("client_cert_file", "-----BEGIN CERT"), ("client_key_file", "-----BEGIN PRIVATE")] {
            let beside = file.with_file_name(site["tenant"][0][member].as_str().unwrap());
            assert_eq!(std::fs::metadata(&beside).unwrap().permissions().mode() & 0o777, 0o600, "{member}");
            assert!(std::fs::read_to_string(&beside).unwrap().starts_with(start), "{member}");
        }
        sim.stop().await;
        let plain = simulator::start(SimOptions { client_certificates: true, ..SimOptions::default() }).await;
        assert!(plain.is_err(), "without TLS nobody can show one");
    }

    #[tokio::test]
    async fn the_site_file_names_what_runs_and_keeps_the_key_private() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/site.toml");
        let sim = simulator::start(SimOptions { cardholders: 10, ..SimOptions::default() }).await.unwrap();
        write_site(&sim, &file).await.unwrap();
        let site: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        assert_eq!(site["tenant"][0]["url"].as_str(), Some(sim.gallagher_url().as_str()));
        assert_eq!(site["simulator"]["control"].as_str(), Some(sim.control_url().as_str()));
        let key = file.with_file_name("gall.key");
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(&key).unwrap().trim(), sim.api_key());
        write_site(&sim, &file).await.unwrap();
        std::fs::write(&file, "[[tenant]]\nname = \"real\"\n").unwrap();
        assert!(write_site(&sim, &file).await.is_err(), "somebody's own site file is not overwritten");
        sim.stop().await;
    }
}
