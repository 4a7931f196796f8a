//! `passdesk history`: what this console did, and on demand what the vendor says was done.

use super::lines::OperationLine;
use super::output::{self, Form};
use super::{Ending, Json, holder_id, say};
use crate::desk::Desk;
use crate::domain::ids::HolderId;
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::ledger::HistoryQuery;

/// What else can be done with the history.
#[derive(Debug, clap::Subcommand)]
pub enum HistoryCommand {
    /// Read and archive what vendors forget, of everybody in the directory; for a nightly job.
    Collect,
}

/// Arguments of `passdesk history`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HistoryArgs {
    #[command(subcommand)]
    command: Option<HistoryCommand>,
    /// Only this person.
    #[arg(value_name = "HOLDER_ID", value_parser = holder_id)]
    holder: Option<HolderId>,
    /// At most so many rows.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Ask the system for its own events too; needs a person.
    #[arg(long, requires = "holder")]
    vendor: bool,
    #[command(flatten)]
    json: Json,
}

/// Archives what can be read, and says of whom.
async fn collect(desk: &Desk) -> Result<Ending, Problem> {
    let (mut partly, mut people) = (false, 0);
    for provider in &desk.providers {
        let tenant = &provider.profile().name;
        match provider.keep_history(true).await {
            Ok(kept) => {
                people += kept.people;
                if kept.people > 0 {
                    say(format!(
                        "{tenant}: the record of {} people is complete, {} new entries.",
                        kept.people, kept.records
                    ));
                }
                for (holder, error) in &kept.failed {
                    partly = true;
                    say(format!("{holder}: {}", error.problem(tenant)));
                }
            }
            Err(error) => {
                partly = true;
                say(error.problem(tenant).to_string());
            }
        }
    }
    if people == 0 && !partly {
        say("No system here forgets its history, or nobody is in the directory.");
    }
    Ok(if partly { Ending::Partly } else { Ending::Done })
}

/// Prints the history, newest first.
pub async fn run(desk: &Desk, args: HistoryArgs) -> Result<Ending, Problem> {
    if let Some(HistoryCommand::Collect) = args.command {
        return collect(desk).await;
    }
    let limit = args.limit as usize;
    let query = HistoryQuery { holder: args.holder.clone(), limit };
    let mut rows = desk.ledger.operations(&query).await.map_err(|e| {
        Problem::new(ProblemKind::Failed, "the ledger cannot be read", e.to_string(), "run `passdesk ledger verify`")
    })?;
    let mut partly = false;
    if let (true, Some(holder)) = (args.vendor, &args.holder) {
        let asked = match desk.provider(&holder.tenant) {
            Some(provider) => provider.events_of(holder, limit).await.map_err(|e| e.problem(&holder.tenant)),
            None => Err(Problem::new(
                ProblemKind::Usage,
                format!("no system is called {}", holder.tenant),
                "",
                "see the site file",
            )),
        };
        match asked {
            Ok(events) => rows.extend(events),
            Err(problem) => {
                partly = true;
                say(problem.to_string());
            }
        }
        rows.sort_by(|a, b| b.at.cmp(&a.at).then(a.source.cmp(&b.source)));
        rows.truncate(limit);
    }
    let now = desk.clock.now();
    let lines: Vec<_> = rows
        .into_iter()
        .map(|row| {
            let profile = desk.provider(&row.holder.tenant).map(|p| p.profile());
            OperationLine::new(row, profile, now)
        })
        .collect();
    let ending = output::rows(Form::of(args.json.json), &lines)?;
    if ending == Ending::Nothing {
        say("Nothing is recorded.");
    }
    Ok(if partly { Ending::Partly } else { ending })
}
