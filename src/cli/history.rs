//! `passdesk history`: what this console did, and on demand what the vendor says was done.

use super::filtering::Sieve;
use super::lines::OperationLine;
use super::output::{self, Form};
use super::{Ending, Json, holder_id, say};
use crate::desk::Desk;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::Credential;
use crate::domain::filter::{Field, HistoryRow};
use crate::domain::ids::HolderId;
use crate::domain::operation::Operation;
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::ledger::HistoryQuery;
use std::collections::HashMap;

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
    /// Only what fits, as in "op:reissue by:me at:mar"; --limit counts what fits.
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<String>,
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

/// Rows asked of a vendor, from which a filter takes.
const VENDOR: usize = 200;

/// So many rows at most are gone through for a filter.
const EVERYTHING: usize = 1_000_000;

/// The rows that fit. Whose they are about is looked up only for those that may fit without it.
async fn sift(desk: &Desk, mut sieve: Sieve, rows: Vec<Operation>) -> Vec<Operation> {
    let mut people: HashMap<HolderId, Option<(Cardholder, Vec<Credential>)>> = HashMap::new();
    let mut fitting = Vec::new();
    for operation in rows {
        let id = &operation.holder;
        let system = desk.provider(&id.tenant).map(|p| p.profile().system);
        let (me, console) = (desk.operator.as_str(), Some(desk.ledger.console_id()));
        let row = HistoryRow { operation: &operation, system, holder: None, card: None, me, console };
        if !sieve.may_fit(&row.facts()) {
            continue;
        }
        if !people.contains_key(id) {
            people.insert(id.clone(), desk.cache.holder(id).await.unwrap_or_default());
        }
        let person = people.get(id).and_then(Option::as_ref);
        let of_row = |card: &&Credential| Some(&card.id) == operation.credential.as_ref();
        let card = person.and_then(|(_, cards)| cards.iter().find(of_row));
        let facts = HistoryRow { holder: person.map(|(holder, _)| holder), card, ..row }.facts();
        if sieve.fits(&facts) {
            fitting.push(operation);
        }
    }
    sieve.tell();
    fitting
}

/// Prints the history, newest first.
pub async fn run(desk: &Desk, args: HistoryArgs) -> Result<Ending, Problem> {
    if let Some(HistoryCommand::Collect) = args.command {
        return collect(desk).await;
    }
    let sieve = match &args.filter {
        Some(text) => {
            let known = [HistoryRow::FIELDS, &[Field::Console]].concat();
            Some(Sieve::read(text, &known, "The history", desk.clock.now())?)
        }
        None => None,
    };
    let wanted = args.limit as usize;
    // What fits may lie anywhere in it.
    let limit = if sieve.is_some() { EVERYTHING } else { wanted };
    let query = HistoryQuery { holder: args.holder.clone(), limit };
    let mut rows = desk.ledger.operations(&query).await.map_err(|e| {
        Problem::new(ProblemKind::Failed, "the ledger cannot be read", e.to_string(), "run `passdesk ledger verify`")
    })?;
    let asked_for = if sieve.is_some() { wanted.max(VENDOR) } else { wanted };
    let mut partly = false;
    if let (true, Some(holder)) = (args.vendor, &args.holder) {
        let asked = match desk.provider(&holder.tenant) {
            Some(provider) => provider.events_of(holder, asked_for).await.map_err(|e| e.problem(&holder.tenant)),
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
    if let Some(sieve) = sieve {
        rows = sift(desk, sieve, rows).await;
        rows.truncate(wanted);
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
        say(if args.filter.is_some() { "Nothing that is recorded fits." } else { "Nothing is recorded." });
    }
    Ok(if partly { Ending::Partly } else { ending })
}
