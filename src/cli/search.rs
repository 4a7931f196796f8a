//! `passdesk search`: people, out of the cache once it knows everybody; before that, or on demand, live.

use super::lines::HolderLine;
use super::output::{self, Form};
use super::{Ending, Json, say, tell};
use crate::desk::Desk;
use crate::domain::credential::Credential;
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::cache::{CacheError, HolderHit, Scope};
use crate::ports::provider::HolderRead;
use futures::future::join_all;

/// Arguments of `passdesk search`.
#[derive(Debug, clap::Args)]
pub struct SearchArgs {
    /// Part of a name, a number, a contact or an id.
    text: String,
    /// What to look in [default: what the text looks like; a name, a card number, a contact with @ or an id].
    #[arg(long, value_enum)]
    scope: Option<ScopeArg>,
    /// Ask the systems, even though the cache knows everybody. They search by name.
    #[arg(long)]
    live: bool,
    /// At most so many people.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    #[command(flatten)]
    json: Json,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ScopeArg {
    Name,
    Number,
    Contact,
    Id,
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Name => Self::Name,
            ScopeArg::Number => Self::Number,
            ScopeArg::Contact => Self::Contact,
            ScopeArg::Id => Self::Id,
        }
    }
}

/// Searches and prints.
pub async fn run(desk: &Desk, args: SearchArgs) -> Result<Ending, Problem> {
    let limit = usize::from(args.limit);
    let scope = args.scope.map_or_else(|| Scope::meant_by(&args.text), Scope::from);
    // Without a wish, the cache recognises what is meant, and takes it for a name if it finds nothing as that.
    let asked = args.scope.map_or(Scope::Name, Scope::from);
    let mut hits = desk.cache.search(&args.text, asked, limit).await.map_err(|e| no_cache(&e))?;
    let mut failures = Vec::new();
    let complete = knows_everybody(desk).await;
    // The systems search by name only: for the rest, a live call could not answer.
    let digits = !args.text.trim().is_empty() && args.text.trim().bytes().all(|b| b.is_ascii_digit());
    let by_name = scope == Scope::Name && !digits;
    let may_help = by_name || hits.total == 0;
    if args.live || (!complete && may_help) {
        let (found, failed) = ask(desk, &args.text, limit).await;
        failures = failed;
        desk.cache.store(found.clone(), None).await.map_err(|e| no_cache(&e))?;
        hits = desk.cache.search(&args.text, asked, limit).await.map_err(|e| no_cache(&e))?;
        // A server may find by rules of its own; what it found is shown, whatever the cache makes of it.
        for read in found {
            if hits.rows.len() < limit && !hits.rows.iter().any(|hit| hit.has(&read.holder.id)) {
                hits.rows.push(as_hit(desk, read).await);
            }
        }
    } else if complete {
        say(format!("From the cache of {}; --live asks the systems.", people_or_records(desk, hits.total)));
    } else {
        let known = people_or_records(desk, hits.total);
        say(format!("From the cache, which knows only {known} so far; the console fills it."));
    }
    for problem in &failures {
        tell(problem);
    }
    if hits.more {
        say(format!("There are more than {limit}; --limit shows more."));
    }
    let profile = |hit: &HolderHit| desk.provider(&hit.holder.id.tenant).map(|p| p.profile());
    let mut lines = Vec::new();
    for hit in &hits.rows {
        let records = records(desk, hit).await;
        lines.extend(records.iter().map(|one| HolderLine::new(hit.person(), one, profile(one))));
    }
    let ending = output::rows(Form::of(args.json.json), &lines)?;
    match (ending, failures.into_iter().next()) {
        // Nothing was found because nobody answered: that is another thing than nothing found.
        (Ending::Nothing, Some(problem)) => Err(problem),
        (Ending::Nothing, None) => {
            say("Nobody found: nothing matched, or the keys may not see it.");
            if !complete && !by_name {
                say(
                    "This answer is partial: the systems are asked by name only, and the cache does not know everybody \
                     yet; the console fills it.",
                );
            }
            Ok(Ending::Nothing)
        }
        (_, Some(_)) => Ok(Ending::Partly),
        (ending, None) => Ok(ending),
    }
}

/// What the cache counts: a person who is in several systems has a record in each.
fn people_or_records(desk: &Desk, count: u64) -> String {
    format!("{count} {}", if desk.providers.len() > 1 { "records" } else { "people" })
}

/// True if every system was read to its end at least once. Before that, not being in the cache means nothing.
pub(super) async fn knows_everybody(desk: &Desk) -> bool {
    for provider in &desk.providers {
        match desk.cache.fill_mark(&provider.profile().name).await {
            Ok(mark) if mark.completed.is_some() => {}
            _ => return false,
        }
    }
    true
}

/// Asks all systems at once; one that fails does not spoil the others.
async fn ask(desk: &Desk, text: &str, limit: usize) -> (Vec<HolderRead>, Vec<Problem>) {
    let asked = desk.providers.iter().map(|provider| async move {
        provider.find_holders(text, limit).await.map_err(|e| e.problem(&provider.profile().name))
    });
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for answer in join_all(asked).await {
        match answer {
            Ok(page) => found.extend(page.rows),
            Err(problem) => failed.push(problem),
        }
    }
    by_number(desk, &mut found, &mut failed).await;
    (found, failed)
}

/// So many people are looked for by number where a system knows no names.
const LOOKED_FOR: usize = 8;

/// Asks the systems that know no search by name for the numbers of those whom the others found.
async fn by_number(desk: &Desk, found: &mut Vec<HolderRead>, failed: &mut Vec<Problem>) {
    let mut numbers: Vec<String> =
        found.iter().map(|read| read.holder.employee_number.safe().to_string()).filter(|n| !n.is_empty()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.truncate(LOOKED_FOR);
    for provider in desk.providers.iter().filter(|provider| !provider.finds_names()) {
        for number in &numbers {
            match provider.find_holders(number, 1).await {
                Ok(page) => {
                    found.extend(
                        page.rows.into_iter().filter(|read| read.holder.employee_number.safe().as_str() == number),
                    );
                }
                Err(error) => return failed.push(error.problem(&provider.profile().name)),
            }
        }
    }
}

/// A person that a system found and the cache would not have, with her records in other systems.
async fn as_hit(desk: &Desk, read: HolderRead) -> HolderHit {
    let others = desk.cache.person(&read.holder.id).await.unwrap_or_default();
    HolderHit {
        cards: read.credentials.len(),
        need: read.credentials.iter().map(Credential::state).min(),
        others: others.into_iter().map(|(holder, _)| holder).filter(|h| h.id != read.holder.id).collect(),
        holder: read.holder,
        card: None,
    }
}

/// A person's records one by one, each with its own cards.
async fn records(desk: &Desk, hit: &HolderHit) -> Vec<HolderHit> {
    if hit.others.is_empty() {
        return vec![hit.clone()];
    }
    let cached = desk.cache.person(&hit.holder.id).await.unwrap_or_default();
    let alone = cached.into_iter().map(|(holder, cards)| HolderHit {
        holder,
        others: Vec::new(),
        cards: cards.len(),
        need: cards.iter().map(Credential::state).min(),
        card: hit.card.clone().filter(|wanted| cards.iter().any(|card| card.id == *wanted)),
    });
    alone.collect()
}

pub(super) fn no_cache(error: &CacheError) -> Problem {
    Problem::new(ProblemKind::Failed, "the cache did not answer", error.0.as_str(), "it may be deleted; it fills again")
}
