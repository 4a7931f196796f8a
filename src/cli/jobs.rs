//! `passdesk jobs`: what is not finished, and the steps that finish it.

mod decide;

use super::acting::{ready, report, uninterrupted};
use super::lines::VERSION;
use super::output::{self, Form, Row};
use super::{Ending, Json, say, tell};
use crate::console::message::Work;
use crate::desk::Desk;
use crate::domain::ids::{CredentialId, HolderId, IntentId};
use crate::domain::journal::{IntentRecord, IntentState};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use crate::ports::ledger::LedgerHealth;
use crate::runtime::jobs;
use crate::workflow::gate::{LiveView, ledger_problem};
use crate::workflow::{recovery, reissue};
use decide::DecideArgs;
use serde::Serialize;

/// What can be done about unfinished work.
#[derive(Debug, clap::Subcommand)]
pub enum JobsCommand {
    /// List alarms, open questions, what is HALF DONE, and old credentials that wait for their end. Looks at the
    /// systems first, and settles by reading what can be settled.
    List(ListArgs),
    /// Go on: look again at an open question, or retire the old credential of one that waits; of all without an
    /// intent.
    Resume(ResumeArgs),
    /// Decide what reading could not settle, with the evidence shown; nothing is sent.
    Decide(DecideArgs),
}

/// Arguments of `passdesk jobs list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// List what the ledger has, and ask no system.
    #[arg(long)]
    no_look: bool,
    #[command(flatten)]
    json: Json,
}

/// Arguments of `passdesk jobs resume`.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    /// The intent, as `jobs list` prints it; without one, everything that waits.
    #[arg(value_name = "INTENT")]
    intent: Option<IntentId>,
    /// Retire the old credential if the new one works. Open questions are only looked at, and need no --yes.
    #[arg(long)]
    yes: bool,
    /// How many old credentials shall be retired; needed with --yes where there are several.
    #[arg(long, value_name = "N", conflicts_with = "intent")]
    expect: Option<usize>,
    /// Say that a lost call made nothing, after a look in the vendor's own screens; with the reason.
    #[arg(long, value_name = "REASON", conflicts_with = "yes", requires = "intent")]
    nothing_made: Option<String>,
    #[command(flatten)]
    json: Json,
}

/// Runs a jobs command.
pub async fn run(desk: &Desk, command: JobsCommand) -> Result<Ending, Problem> {
    match command {
        JobsCommand::List(args) => Box::pin(list(desk, args)).await,
        JobsCommand::Resume(args) => match args.intent {
            Some(intent) => Box::pin(resume(desk, intent, args)).await,
            None => Box::pin(resume_all(desk, args)).await,
        },
        JobsCommand::Decide(args) => Box::pin(decide::run(desk, args)).await,
    }
}

/// What is not finished, after a look where one can change it.
async fn looked_at(desk: &Desk, look: bool) -> Result<Work, Problem> {
    let work = jobs::work(desk).await.map_err(|e| ledger_problem(&e))?;
    if !look || work.open.is_empty() && work.half.is_empty() && work.watched == 0 {
        return Ok(work);
    }
    if work.watched > 0 && matches!(desk.ledger.health(), LedgerHealth::Verifying) {
        // An alarm is recorded, and nothing may be begun in a ledger that was not verified in this run.
        desk.ledger.verify().await;
    }
    for settled in jobs::look(desk, &[]).await? {
        say(format!("{}: {} ({}).", settled.holder, settled.words, settled.state));
    }
    let mut work = jobs::work(desk).await.map_err(|e| ledger_problem(&e))?;
    jobs::still_half(desk, &mut work.half).await;
    Ok(work)
}

async fn list(desk: &Desk, args: ListArgs) -> Result<Ending, Problem> {
    let work = looked_at(desk, !args.no_look).await?;
    let next = |record: &IntentRecord| match record.state {
        IntentState::Held => "parked by a person; jobs decide ends it",
        IntentState::Ambiguous | IntentState::Diverged => "a person decides: jobs decide",
        _ => "jobs resume looks again",
    };
    let mut lines: Vec<JobLine> = work
        .arrived
        .iter()
        .map(|r| JobLine::new(r, "alarm", "end ID ends it; jobs decide --keep lets it stay"))
        .collect();
    lines.extend(work.open.iter().map(|r| JobLine::new(r, "open", next(r))));
    lines.extend(work.half.iter().map(|r| {
        let next = if r.purpose.act.makes() {
            "set ID --word in_production sends the new one to its printer"
        } else {
            "reissue it again: only the new one is issued"
        };
        JobLine::new(r, "half-done", next)
    }));
    lines.extend(work.waiting.iter().map(|r| JobLine::new(r, "waiting", "jobs resume --yes retires the old one")));
    if lines.is_empty() {
        say("Nothing is unfinished.");
    }
    if work.watched > 0 {
        say(format!(
            "{} watched for 24 hours: it may still arrive late.",
            counted(work.watched, "change is", "changes are")
        ));
    }
    output::rows(Form::of(args.json.json), &lines)
}

fn counted(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

async fn resume(desk: &Desk, intent: IntentId, args: ResumeArgs) -> Result<Ending, Problem> {
    let record = desk.ledger.intent(intent).await.map_err(|e| ledger_problem(&e))?.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, format!("the ledger has no intent {intent}"), "", "see `jobs list`")
    })?;
    let means = ready(desk, &record.purpose.holder.tenant, args.yes || args.nothing_made.is_some()).await?;
    // The look at what dead processes left behind may have settled it.
    let now = desk.ledger.intent(intent).await.map_err(|e| ledger_problem(&e))?;
    let record = now.unwrap_or(record);
    if let Some(reason) = args.nothing_made {
        let settled = recovery::nothing_was_made(&means, intent, &reason).await?;
        say(format!("{}: {} ({}).", settled.holder, settled.words, settled.state));
        return Ok(Ending::Done);
    }
    if record.state == IntentState::Done {
        return Box::pin(retire(desk, &means, record, &args)).await;
    }
    let settled = recovery::settle(&means, record).await;
    say(format!("{}: {} ({}).", settled.holder, settled.words, settled.state));
    if settled.state.is_terminal() {
        return Ok(Ending::Done);
    }
    Err(Problem::new(ProblemKind::OutcomeUnknown, "it is still open", settled.words, "look again later"))
}

/// Everything that waits: shown, and with `--yes` the old credentials retired whose new ones work, one after the other,
/// each through the full gate.
async fn resume_all(desk: &Desk, args: ResumeArgs) -> Result<Ending, Problem> {
    let work = looked_at(desk, true).await?;
    let (mut ready_now, mut later) = (Vec::new(), 0);
    for record in work.waiting {
        let means = ready(desk, &record.purpose.holder.tenant, args.yes).await?;
        match reissue::new_is_usable(&means, &record).await {
            Ok(true) => ready_now.push((means, record)),
            Ok(false) => later += 1,
            Err(problem) => {
                say(format!("{}: {problem}", record.purpose.holder));
                later += 1;
            }
        }
    }
    let n = ready_now.len();
    say(format!("{} to be retired now; {later} still wait.", counted(n, "old credential is", "old credentials are")));
    if !args.yes {
        for (_, record) in &ready_now {
            let old = record.purpose.old.as_ref().map(|old| old.id.to_string()).unwrap_or_default();
            say(format!("{old} of {} (intent {})", record.purpose.holder, record.intent));
        }
        say(format!("Nothing was sent. --yes --expect {n} retires them."));
        return Ok(Ending::Done);
    }
    match args.expect {
        Some(expected) if expected != n => {
            return Err(Problem::new(
                ProblemKind::Stale,
                format!("{n} and not {expected} can be retired"),
                "",
                "nothing was sent; look at them again, then give that number",
            ));
        }
        None if n > 1 => {
            return Err(Problem::new(
                ProblemKind::Usage,
                "several would be retired",
                "",
                format!("nothing was sent; --expect {n} says that this is meant"),
            ));
        }
        _ => {}
    }
    let mut failed = 0;
    for (means, record) in ready_now {
        match Box::pin(retire(desk, &means, record, &args)).await {
            Ok(_) => {}
            // Nothing more is begun while an outcome is not known (decision 18).
            Err(problem) if problem.kind == ProblemKind::OutcomeUnknown => return Err(problem),
            Err(problem) => {
                tell(&problem);
                failed += 1;
            }
        }
    }
    Ok(if failed > 0 { Ending::Partly } else { Ending::Done })
}

async fn retire(
    desk: &Desk,
    means: &crate::workflow::Means,
    record: IntentRecord,
    args: &ResumeArgs,
) -> Result<Ending, Problem> {
    let Some(seen) = record.purpose.old.clone().filter(|_| record.purpose.act.makes()) else {
        return Err(Problem::new(ProblemKind::NotFound, "nothing is left to do there", "", "see `jobs list`"));
    };
    let works = reissue::new_is_usable(means, &record).await?;
    let view = LiveView::read(means, &record.purpose.holder, &record.purpose.holder_link).await?;
    let Some((old, _)) = view.object(&seen) else {
        return Err(Problem::new(ProblemKind::NotFound, "the old pass is already gone", "", "nothing is left to do"));
    };
    if !args.yes {
        let state = if works { "works" } else { "does not work yet" };
        say(format!("The new pass {state}; the old one is {} ({}).", old.id, old.state()));
        say("Nothing was sent. --yes retires the old one if the new one works.");
        return Ok(Ending::Done);
    }
    let (old, fingerprint) = (old.clone(), old.fingerprint());
    let end = uninterrupted(Box::pin(reissue::retire_as_seen(means, record, &fingerprint))).await;
    report(Form::of(args.json.json), end, &old, means.provider.profile(), desk.clock.now())
}

/// One unfinished piece of work.
#[derive(Serialize)]
struct JobLine {
    schema: &'static str,
    v: u8,
    intent: IntentId,
    kind: &'static str,
    state: IntentState,
    act: &'static str,
    holder: HolderId,
    credential: Option<CredentialId>,
    since: jiff::Timestamp,
    operator: SafeText,
    ticket: SafeText,
    next: &'static str,
}

impl JobLine {
    fn new(record: &IntentRecord, kind: &'static str, next: &'static str) -> Self {
        let purpose = &record.purpose;
        Self {
            schema: "passdesk.job",
            v: VERSION,
            intent: record.intent,
            kind,
            state: record.state,
            act: purpose.act.word(),
            holder: purpose.holder.clone(),
            credential: match (&purpose.old, &record.binding) {
                // What is to be done to the new one names that.
                (_, Some(bound)) if kind == "half-done" && purpose.act.makes() => {
                    bound.object.as_ref().map(|seen| seen.id.clone())
                }
                (old, _) => old.as_ref().map(|seen| seen.id.clone()),
            },
            since: record.opened,
            operator: SafeText::of(&record.operator),
            ticket: SafeText::of(&purpose.ticket),
            next,
        }
    }
}

impl Row for JobLine {
    const HEAD: &'static [&'static str] = &["INTENT", "KIND", "STATE", "ACT", "HOLDER", "CREDENTIAL", "SINCE", "NEXT"];
    fn cells(&self) -> Vec<SafeText> {
        let plain = |value: &dyn std::fmt::Display| SafeText::of(&value.to_string());
        vec![
            plain(&self.intent),
            plain(&self.kind),
            plain(&self.state),
            plain(&self.act),
            plain(&self.holder),
            self.credential.as_ref().map(|c| plain(c)).unwrap_or_default(),
            plain(&self.since.strftime("%Y-%m-%dT%H:%M:%SZ")),
            plain(&self.next),
        ]
    }
}
