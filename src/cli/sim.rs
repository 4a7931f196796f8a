//! `passdesk sim`: the simulated vendors on their own, with a site file and a ledger that match their world.

use crate::domain::credential::System;
use crate::domain::ids::TenantName;
use crate::ports::archive::Archive;
use crate::ports::ledger::{HistoryQuery, Ledger};
use crate::simulator::{self, SimOptions, Simulator};
use anyhow::{Context as _, ensure};
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod site_file;

pub use site_file::write_site;

/// Names of the tenants in site files that are written here, as the lists show them.
const GALLAGHER: &str = "gall";
const ACCESSGRID: &str = "accg";
const THALES_D1: &str = "d1";
const CARDEXCHANGE: &str = "cxc";

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
pub async fn run<F>(args: SimArgs, open: F) -> anyhow::Result<()>
where
    F: AsyncFnOnce(&Path) -> anyhow::Result<Books>,
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
    let width = 13;
    let mut lines: Vec<String> =
        System::ALL.iter().map(|system| format!("{:width$}{}", system.to_string(), sim.url(*system))).collect();
    lines.push(format!("{:width$}{}", "control", sim.control_url()));
    if let Some(sha256) = sim.certificate_sha256() {
        lines.push(format!("{:width$}{sha256}", "pin_sha256"));
    }
    if let Some(file) = &args.write_config {
        write_site(&sim, file).await?;
        let written = write_books(&sim, &open(file).await?).await?;
        lines.push(format!("{:width$}{} ({written} ledger entries)", "site file", file.display()));
        lines.push(format!("{:width$}passdesk --config {}", "try", file.display()));
    } else {
        // Whoever runs this needs the keys to get in. They open a simulator, no door.
        lines.push(format!("{:width$}gallagher {}", "keys", sim.api_key()));
        lines.push(format!("{:width$}accessgrid {} {}", "", sim.grid_account(), sim.grid_secret()));
        lines.push(format!("{:width$}cardexchange {}", "", sim.exchange_key()));
        lines.push(format!("{:width$}thales-d1 has a key pair: --write-config writes it", ""));
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

/// What a desk keeps itself, and no vendor: where the world of a simulator is written down.
pub struct Books {
    /// What this console issued.
    pub ledger: Arc<dyn Ledger>,
    /// Who the end users of Thales D1 are.
    pub archive: Arc<dyn Archive>,
}

/// Writes down what matches the simulator's world: its journal, and the directory of Thales D1. Returns how many
/// events were written.
///
/// # Errors
/// If a book refuses.
pub async fn write_books(sim: &Simulator, books: &Books) -> anyhow::Result<u64> {
    let tenant = THALES_D1.parse::<TenantName>()?;
    let report = books.archive.import(&tenant, directory_csv(sim)?.into_bytes(), sim.world().now(), false).await?;
    ensure!(report.errors.is_empty(), "the directory of Thales D1 was refused: {:?}", report.errors.first());
    write_ledger(sim, books.ledger.as_ref()).await
}

/// Appends the journal that matches the simulator's world. A ledger that has entries already is left as it is: the
/// same seed gave its world the same cards.
async fn write_ledger(sim: &Simulator, ledger: &dyn Ledger) -> anyhow::Result<u64> {
    let query = HistoryQuery { limit: 1, ..HistoryQuery::default() };
    if !ledger.operations(&query).await?.is_empty() {
        return Ok(0);
    }
    let mut drafts = Vec::new();
    for (name, system) in
        [(GALLAGHER, System::Gallagher), (ACCESSGRID, System::AccessGrid), (CARDEXCHANGE, System::CardExchange)]
    {
        drafts.extend(sim.past(system, &name.parse::<TenantName>()?)?);
    }
    drafts.sort_by_key(|draft| draft.wall);
    Ok(ledger.append_all(drafts).await?)
}

/// The end users of Thales D1 in the form that `passdesk directory import` takes: a line for each card and each
/// digital card (thales-d1.md section 12).
///
/// # Errors
/// If it cannot be written as CSV.
pub fn directory_csv(sim: &Simulator) -> anyhow::Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["consumer_id", "card_id", "digital_card_id", "display_name", "customer_ref", "last4", "tags"])?;
    for row in sim.d1().directory() {
        let cards = row.card_ids.iter().map(|card| (card.as_str(), ""));
        let all = cards.chain(row.digital_card_ids.iter().map(|digital| ("", digital.as_str())));
        for (card, digital) in all {
            out.write_record([
                row.consumer_id.as_str(),
                card,
                digital,
                row.display_name.as_str(),
                row.customer_ref.as_str(),
                row.last4.as_str(),
                "",
            ])?;
        }
    }
    Ok(String::from_utf8(out.into_inner().context("the directory cannot be written")?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_taken() {
        assert_eq!(loopback("127.0.0.1").unwrap().port(), 0);
        assert_eq!(loopback("localhost:8904").unwrap().port(), 8904);
        assert!(loopback("[::1]:1").unwrap().is_ipv6() && loopback("::1").unwrap().is_ipv6());
        for bad in ["0.0.0.0:1", "10.0.0.1", "", "somewhere"] {
            assert!(loopback(bad).is_err(), "{bad}");
        }
    }
}
