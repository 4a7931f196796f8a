//! `passdesk ledger`, and the ledger that goes with a simulated world.

use super::output::Form;
use super::{Ending, data_folder, failed, output, say, sim};
use crate::config::Site;
use crate::desk::clock::SystemClock;
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::ledger::{Ledger as _, LedgerHealth};
use crate::store::archive::SqliteArchive;
use crate::store::ledger::SqliteLedger;
use crate::store::paths::DataRoot;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What can be done with the ledger.
#[derive(Debug, clap::Subcommand)]
pub enum LedgerCommand {
    /// Check chain, MACs and anchor from the first event on.
    Verify,
}

/// Runs a ledger command. It needs no system and no secret, only the file.
pub async fn run(site: &Site, data: &Path, command: &LedgerCommand) -> Result<Ending, Problem> {
    let LedgerCommand::Verify = command;
    let paths = DataRoot::new(data).ledger(site.mode);
    let ledger =
        SqliteLedger::open(&paths, Arc::new(SystemClock::start())).map_err(|e| failed("opening the ledger", &e))?;
    match ledger.verify().await {
        LedgerHealth::Verified { events } => {
            let console = ledger.console_id();
            let line = match Form::of(false) {
                Form::Table => format!("verified: {events} events, console {console}\n"),
                _ => format!("verified\t{events}\t{console}\n"),
            };
            output::bytes(line.as_bytes())
        }
        LedgerHealth::Verifying => Err(untrusted("it is still being verified by another task")),
        LedgerHealth::Broken(why) => Err(untrusted(&why)),
    }
}

fn untrusted(why: &str) -> Problem {
    Problem::new(
        ProblemKind::Failed,
        "the ledger cannot be trusted",
        why,
        "nothing can be changed until it is put right; browsing works",
    )
}

/// `passdesk sim`.
pub async fn simulate(args: sim::SimArgs, data: Option<PathBuf>) -> Result<Ending, Problem> {
    let run = sim::run(args, async |file: &Path| open(file, data).await);
    run.await.map_err(|e| simulator_failed(&e))?;
    Ok(Ending::Done)
}

/// Opens the books of a site file: its ledger, verified, and its archive.
///
/// # Errors
/// If the site file cannot be read, or a book not opened or trusted.
pub async fn open(file: &Path, data: Option<PathBuf>) -> anyhow::Result<sim::Books> {
    let site = Site::load(file)?;
    let root = DataRoot::new(data_folder(&site, data)?);
    let ledger = SqliteLedger::open(&root.ledger(site.mode), Arc::new(SystemClock::start()))?;
    if let LedgerHealth::Broken(why) = ledger.verify().await {
        return Err(untrusted(&why).into());
    }
    let archive = SqliteArchive::open(&root.archive(site.mode))?;
    Ok(sim::Books { ledger: Arc::new(ledger), archive: Arc::new(archive) })
}

/// What went wrong with the simulator, with all causes.
pub fn simulator_failed(error: &anyhow::Error) -> Problem {
    say("The simulator stopped.");
    match error.downcast_ref::<Problem>() {
        Some(problem) => problem.clone(),
        None => failed("the simulator", &std::io::Error::other(format!("{error:#}"))),
    }
}
