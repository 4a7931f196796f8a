//! The console on a site, and on a simulated one.

use super::looks::{self, LooksArgs};
use super::{Ending, Start, failed, journal, sim};
use crate::desk::Desk;
use crate::domain::problem::Problem;
use crate::runtime::{Looks, terminal};
use crate::simulator::{self, SimOptions};
use std::path::{Path, PathBuf};

/// Arguments of `passdesk demo`. `--data` keeps its files; without it they are gone at the end.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// The same seed makes the same people and cards.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many people, 10 to 1000000.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    cardholders: u32,
}

/// Opens the console on a site.
pub async fn open(start: &Start) -> Result<Ending, Problem> {
    let looks = looks::looks(&start.looks)?;
    let (desk, _log) = start.desk()?;
    show(desk, looks).await
}

async fn show(desk: Desk, looks: Looks) -> Result<Ending, Problem> {
    terminal::run(desk, looks).await.map_err(|e| failed("the console", &std::io::Error::other(format!("{e:#}"))))?;
    Ok(Ending::Done)
}

/// Starts a simulated site, writes its site file and matching ledger, and opens the console on it: the same code
/// and the same configuration as for a real one, only the address is another (decision 4).
pub async fn demo(args: DemoArgs, data: Option<PathBuf>, log: &str, looks: LooksArgs) -> Result<Ending, Problem> {
    let (folder, _temporary) = if let Some(folder) = data {
        (folder, None)
    } else {
        let temporary = Temporary::make().map_err(|e| failed("making a temporary folder", &e))?;
        (temporary.0.clone(), Some(temporary))
    };
    let options = SimOptions { seed: args.seed, cardholders: args.cardholders, ..SimOptions::default() };
    let simulator = simulator::start(options).await.map_err(|e| journal::simulator_failed(&e))?;
    let file = folder.join("site.toml");
    let prepared = async {
        sim::write_site(&simulator, &file).await?;
        sim::write_books(&simulator, &journal::open(&file, None).await?).await
    };
    prepared.await.map_err(|e| journal::simulator_failed(&e))?;
    let ended = open(&Start { looks, ..Start::new(Some(file), None, log.to_owned()) }).await;
    simulator.stop().await;
    ended
}

/// A private folder that goes when the demonstration ends.
struct Temporary(PathBuf);

impl Temporary {
    fn make() -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let folder = std::env::temp_dir().join(format!("passdesk-demo-{}", uuid::Uuid::new_v4()));
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What is left behind lies in the system's temporary folder and is private.
        let _ = remove(&self.0);
    }
}

fn remove(folder: &Path) -> std::io::Result<()> {
    std::fs::remove_dir_all(folder)
}
