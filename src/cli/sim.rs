//! `passdesk sim`: the simulated vendors on their own, with a site file and a ledger that match their world.

use crate::domain::credential::System;
use crate::domain::ids::TenantName;
use crate::ports::ledger::{HistoryQuery, Ledger};
use crate::simulator::{self, SimOptions, Simulator, ledger_entries};
use anyhow::{Context as _, bail, ensure};
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ALL_SYSTEMS: [System; 4] = [System::Gallagher, System::AccessGrid, System::ThalesD1, System::CardExchange];
/// Name of the Gallagher tenant in site files that are written here.
const TENANT: &str = "gall";
/// Its secret file, beside the site file.
const SECRET_FILE: &str = "gall.key";

/// Client certificate and its key, likewise; one pair for all tenants that want to see one.
const CLIENT_CERTIFICATE_FILE: &str = "client.pem";
const CLIENT_KEY_FILE: &str = "client.key";

/// Arguments of `passdesk sim`.
#[derive(Clone, Debug, clap::Args)]
pub struct SimArgs {
    /// The same seed makes the same people and cards.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many people, 10 to 1000000.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub cardholders: u32,
    /// Loopback address to serve on; without a port, any free one.
    #[arg(long, value_name = "HOST[:PORT]", value_parser = loopback)]
    pub listen: Option<SocketAddr>,
    /// Loopback address of the control port; without a port, any free one.
    #[arg(long, value_name = "HOST[:PORT]", value_parser = loopback)]
    pub control: Option<SocketAddr>,
    /// Serve HTTPS with a certificate made at start.
    #[arg(long)]
    pub tls: bool,
    /// With --tls: take only clients that show the certificate made at start.
    #[arg(long, requires = "tls")]
    pub client_certificates: bool,
    /// Write a site file, its key and a matching ledger.
    #[arg(long, value_name = "FILE")]
    pub write_config: Option<PathBuf>,
}

/// Reads `HOST[:PORT]` where the host is a loopback address or `localhost`.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let text = text.replace("localhost", "127.0.0.1");
    let address = text
        .parse::<SocketAddr>()
        .or_else(|_| text.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| SocketAddr::from((ip, 0))))
        .map_err(|_| "give an address such as 127.0.0.1 or 127.0.0.1:8904".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("the simulator serves this machine only: give a loopback address".to_owned())
    }
}

/// Runs the simulator until Ctrl-C or SIGTERM. With `--write-config` it first writes site file and key, then
/// fills the ledger that `open_ledger` opens for that site file.
///
/// # Errors
/// If it cannot listen, or a file cannot be written.
pub async fn run<F>(args: SimArgs, open_ledger: F) -> anyhow::Result<()>
where
    F: AsyncFnOnce(&Path) -> anyhow::Result<Arc<dyn Ledger>>,
{
    let sim = simulator::start(SimOptions {
        seed: args.seed,
        cardholders: args.cardholders,
        listen: args.listen,
        control: args.control,
        tls: args.tls,
        client_certificates: args.client_certificates,
        start: None,
        frozen: false,
    })
    .await?;
    let mut lines = vec![format!("gallagher  {}", sim.gallagher_url()), format!("control    {}", sim.control_url())];
    if let Some(sha256) = sim.certificate_sha256() {
        lines.push(format!("pin_sha256 {sha256}"));
    }
    match &args.write_config {
        Some(file) => {
            write_site(&sim, file).await?;
            let ledger = open_ledger(file).await?;
            let written = write_ledger(&sim, ledger.as_ref()).await?;
            lines.push(format!("site file  {} ({written} ledger entries)", file.display()));
            lines.push(format!("try        passdesk --config {}", file.display()));
        }
        // Without a site file, whoever runs this needs the key to get in. It opens a simulator, no door.
        None => lines.push(format!("api key    {}", sim.api_key())),
    }
    lines.push("Ctrl-C ends it.".to_owned());
    {
        let mut out = std::io::stdout().lock();
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()?;
    }
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    sim.stop().await;
    Ok(())
}

/// Writes a site file (decision 5) for a running simulator, and the key file beside it, both complete or not at
/// all. Only a file that was written for a simulator is overwritten.
///
/// # Errors
/// If the file belongs to something else, or cannot be written.
pub async fn write_site(sim: &Simulator, file: &Path) -> anyhow::Result<()> {
    if let Ok(present) = tokio::fs::read_to_string(file).await {
        let ours = present.parse::<toml::Table>().is_ok_and(|t| t.contains_key("simulator"));
        ensure!(ours, "{} is there and was not written for a simulator; choose another name", file.display());
    }
    let (site, file) = (site_text(sim)?, file.to_owned());
    let mut beside = vec![(SECRET_FILE, format!("{}\n", sim.api_key()))];
    if let Some((certificate, key)) = ALL_SYSTEMS.into_iter().find_map(|system| sim.client_certificate(system)) {
        beside.push((CLIENT_CERTIFICATE_FILE, certificate.to_owned()));
        beside.push((CLIENT_KEY_FILE, key.to_owned()));
    }
    tokio::task::spawn_blocking(move || {
        let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (name, text) in beside {
            replace(&folder.join(name), &text, 0o600)?;
        }
        replace(&file, &site, 0o644)
    })
    .await?
}

fn site_text(sim: &Simulator) -> anyhow::Result<String> {
    #[derive(serde::Serialize)]
    struct Site {
        data: &'static str,
        tenant: [Tenant; 1],
        simulator: Control,
    }
    #[derive(serde::Serialize)]
    struct Tenant {
        name: &'static str,
        system: &'static str,
        url: String,
        mode: &'static str,
        writes: &'static str,
        secret_file: &'static str,
        marker: bool,
        feed_operator: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        pin_sha256: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_cert_file: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_key_file: Option<&'static str>,
    }
    #[derive(serde::Serialize)]
    struct Control {
        control: String,
    }
    let certificate = sim.client_certificate(System::Gallagher);
    let tenant = Tenant {
        name: TENANT,
        system: "gallagher",
        url: sim.gallagher_url(),
        mode: "sim",
        writes: "unlocked",
        secret_file: SECRET_FILE,
        marker: true,
        feed_operator: sim.feed_operator(),
        pin_sha256: sim.certificate_sha256(),
        client_cert_file: certificate.map(|_| CLIENT_CERTIFICATE_FILE),
        client_key_file: certificate.map(|_| CLIENT_KEY_FILE),
    };
    let site = Site { data: "passdesk-data", tenant: [tenant], simulator: Control { control: sim.control_url() } };
    let text = toml::to_string(&site).context("cannot write the site file as TOML")?;
    Ok(format!("# Written by `passdesk sim`: nothing in here opens a door.\n{text}"))
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

/// Appends the journal that matches the simulator's world, and returns how many events were written. A ledger
/// that has entries already is left as it is: the same seed gave its world the same cards.
///
/// # Errors
/// If the ledger refuses.
pub async fn write_ledger(sim: &Simulator, ledger: &dyn Ledger) -> anyhow::Result<u64> {
    let query = HistoryQuery { limit: 1, ..HistoryQuery::default() };
    if !ledger.operations(&query).await?.is_empty() {
        return Ok(0);
    }
    let Ok(tenant) = TENANT.parse::<TenantName>() else { bail!("{TENANT} is no tenant name") };
    let drafts = ledger_entries(sim.issued_by_console(), &tenant)?;
    Ok(ledger.append_all(drafts).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn only_loopback_addresses_are_taken() {
        assert_eq!(loopback("127.0.0.1").unwrap().port(), 0);
        assert_eq!(loopback("localhost:8904").unwrap().port(), 8904);
        assert!(loopback("[::1]:1").unwrap().is_ipv6() && loopback("::1").unwrap().is_ipv6());
        for bad in ["0.0.0.0:1", "10.0.0.1", "", "somewhere"] {
            assert!(loopback(bad).is_err(), "{bad}");
        }
    }

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
        let key = file.with_file_name(SECRET_FILE);
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(&key).unwrap().trim(), sim.api_key());
        write_site(&sim, &file).await.unwrap();
        std::fs::write(&file, "[[tenant]]\nname = \"real\"\n").unwrap();
        assert!(write_site(&sim, &file).await.is_err(), "somebody's own site file is not overwritten");
        sim.stop().await;
    }
}
