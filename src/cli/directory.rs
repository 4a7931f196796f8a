//! `passdesk directory`: who the end users of a Thales D1 tenant are, because its API has no search.

use super::{Ending, say};
use crate::desk::Desk;
use crate::domain::credential::System;
use crate::domain::ids::TenantName;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use std::path::{Path, PathBuf};

/// What can be done with the directory.
#[derive(Debug, clap::Subcommand)]
pub enum DirectoryCommand {
    /// Read end users from the issuer's list; without --yes, say what that would change.
    Import(ImportArgs),
}

/// Arguments of `passdesk directory import`.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// CSV with the columns consumer_id, card_id, digital_card_id, display_name, customer_ref, last4, tags; only the
    /// first is required.
    file: PathBuf,
    /// The tenant; needed where the site file names several of Thales D1.
    #[arg(long)]
    tenant: Option<TenantName>,
    /// Do it.
    #[arg(long)]
    yes: bool,
}

/// Wrong rows that are shown; the rest is counted.
const SHOWN: usize = 20;

/// A directory file is at most so long: some 300,000 people.
const LONGEST: u64 = 64 << 20;

/// A whole file, if it is one and not too long.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    if !std::fs::metadata(file).map_err(|e| e.to_string())?.is_file() {
        return Err("it is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(|e| e.to_string())?;
    opened.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("it is longer than {} MiB", LONGEST >> 20));
    }
    Ok(bytes)
}

/// Runs a directory command.
pub async fn run(desk: &Desk, command: DirectoryCommand) -> Result<Ending, Problem> {
    let DirectoryCommand::Import(args) = command;
    let tenant = tenant(desk, args.tenant)?;
    let file = SafeText::of(&args.file.to_string_lossy());
    let csv = read(&args.file)
        .map_err(|why| Problem::new(ProblemKind::Usage, format!("{file} cannot be read"), why, "check the file"))?;
    let import = |dry_run| desk.archive.import(&tenant, csv.clone(), desk.clock.now(), dry_run);
    let failed = |e: crate::ports::archive::ArchiveError| {
        Problem::new(ProblemKind::Failed, "the directory cannot be written", e.0, "check the data folder")
    };
    // All rows are looked at before one is written.
    let report = import(true).await.map_err(failed)?;
    for (line, why) in report.errors.iter().take(SHOWN) {
        say(format!("{file}, line {line}: {why}"));
    }
    if !report.errors.is_empty() {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("{} rows of {file} cannot be taken", report.errors.len()),
            "nothing was changed",
            "correct them, then import the file again",
        ));
    }
    let counts = format!("{} new, {} changed, {} known", report.new, report.changed, report.unchanged);
    if !args.yes {
        say(format!(
            "Dry run for {tenant}: {counts}. --yes imports them; nobody is left out by not being in the list."
        ));
        return Ok(Ending::Done);
    }
    import(false).await.map_err(failed)?;
    say(format!("Imported into {tenant}: {counts}."));
    Ok(Ending::Done)
}

/// The one tenant of Thales D1, or the one that was named.
fn tenant(desk: &Desk, named: Option<TenantName>) -> Result<TenantName, Problem> {
    let of_d1 = |p: &&std::sync::Arc<dyn crate::ports::provider::Provider>| p.profile().system == System::ThalesD1;
    let mut all = desk.providers.iter().filter(of_d1).map(|p| p.profile().name.clone());
    let wrong = |what: &str, next: &str| Problem::new(ProblemKind::Usage, what, "", next);
    match named {
        Some(name) if all.any(|tenant| tenant == name) => Ok(name),
        Some(name) => Err(wrong(&format!("{name} is no tenant of Thales D1"), "see the site file")),
        None => match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(wrong("the site file has no tenant of Thales D1", "only that system needs a directory")),
            (Some(_), Some(_)) => Err(wrong("there are several tenants of Thales D1", "name one with --tenant")),
        },
    }
}
