//! `passdesk ledger`, and the ledger that goes with a simulated world.

mod exchange;

use super::output::Form;
use super::{Ending, Json, data_folder, failed, output, say, sim};
use crate::config::Site;
use crate::desk::clock::SystemClock;
use crate::domain::operator::PublicKey;
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::ledger::{Ledger as _, LedgerHealth};
use crate::store::archive::SqliteArchive;
use crate::store::ledger::{KeyPlace, SqliteLedger};
use crate::store::paths::DataRoot;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What can be done with the ledger.
#[derive(Debug, clap::Subcommand)]
pub enum LedgerCommand {
    /// Check chain, MACs and anchor from the first event on; or an export.
    Verify {
        /// An export of any console; without it, this desk's own ledger.
        file: Option<PathBuf>,
        /// A public key to believe besides those of the site file.
        #[arg(long, value_name = "HEX")]
        key: Option<PublicKey>,
    },
    /// Write all events, signed, for other desks and for audits. They hold opaque ids only: no note and no remark.
    Export {
        /// A new file, which only its owner can read [default: stdout].
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Take in the export of another console, so that what it issued is known here.
    Import {
        /// The export.
        file: PathBuf,
        /// The public key of that console, where the site file does not name it.
        #[arg(long, value_name = "HEX")]
        key: Option<PublicKey>,
    },
    /// Compare this ledger with an export: what only one of them issued, what both claim.
    Diff {
        /// The export.
        file: PathBuf,
        #[command(flatten)]
        json: Json,
    },
}

/// Runs a ledger command. It needs no system and no secret, only the file.
pub async fn run(site: &Site, data: &Path, command: LedgerCommand) -> Result<Ending, Problem> {
    match command {
        LedgerCommand::Verify { file: Some(file), key } => exchange::verify(site, data, &file, key),
        LedgerCommand::Verify { file: None, .. } => verify(site, data).await,
        LedgerCommand::Export { output } => exchange::export(site, data, output).await,
        LedgerCommand::Import { file, key } => exchange::import(site, data, &file, key).await,
        LedgerCommand::Diff { file, json } => exchange::diff(site, data, &file, &json).await,
    }
}

async fn verify(site: &Site, data: &Path) -> Result<Ending, Problem> {
    let (ledger, events) = verified(site, data).await?;
    for (desk, last) in ledger.imported_desks().await.map_err(|e| untrusted(&e.to_string()))? {
        let day = desk.imported.strftime("%Y-%m-%d");
        say(format!("The imported ledger of {} ({}) agrees: {last} events, as of {day}.", desk.name, desk.console));
    }
    if ledger.key_place() == KeyPlace::File {
        say("The ledger key is a file of this account (mode 0600): the weaker choice. Whoever can read the account's \
             files can forge this ledger; the OS keyring is the stronger one (cargo feature os-keyring).");
    }
    let console = ledger.console_id();
    let line = match Form::of(false) {
        Form::Table => format!("verified: {events} events, console {console}\n"),
        _ => format!("verified\t{events}\t{console}\n"),
    };
    output::bytes(line.as_bytes())
}

/// This desk's ledger, verified, and how many events it has.
async fn verified(site: &Site, data: &Path) -> Result<(SqliteLedger, u64), Problem> {
    let paths = DataRoot::new(data).ledger(site.mode);
    let ledger =
        SqliteLedger::open(&paths, Arc::new(SystemClock::start())).map_err(|e| failed("opening the ledger", &e))?;
    match ledger.verify().await {
        LedgerHealth::Verified { events } => Ok((ledger, events)),
        LedgerHealth::Verifying => Err(untrusted("it is still being verified by another task")),
        LedgerHealth::Broken(why) | LedgerHealth::ReadOnly(why) => Err(untrusted(&why)),
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
