//! `passdesk jobs`: what is not finished, and the steps that finish it.

use super::acting::{ready, report, uninterrupted};
use super::lines::VERSION;
use super::output::{self, Form, Row};
use super::{Ending, Json, say};
use crate::desk::Desk;
use crate::domain::ids::{CredentialId, HolderId, IntentId};
use crate::domain::journal::{IntentRecord, IntentState};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use crate::workflow::gate::{LiveView, ledger_problem};
use crate::workflow::{recovery, reissue};
use serde::Serialize;

/// What can be done about unfinished work.
#[derive(Debug, clap::Subcommand)]
pub enum JobsCommand {
    /// List open questions, old credentials that wait for their end, and what is HALF DONE.
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Go on with one: look again at an open question, or retire the old credential of one that waits.
    Resume(ResumeArgs),
}

/// Arguments of `passdesk jobs resume`.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    /// The intent, as `jobs list` prints it.
    #[arg(value_name = "INTENT")]
    intent: IntentId,
    /// Retire the old credential if the new one works. Open questions are only looked at, and need no --yes.
    #[arg(long)]
    yes: bool,
    /// Say that a lost call made nothing, after a look in the vendor's own screens; with the reason.
    #[arg(long, value_name = "REASON", conflicts_with = "yes")]
    nothing_made: Option<String>,
    #[command(flatten)]
    json: Json,
}

/// Runs a jobs command.
pub async fn run(desk: &Desk, command: JobsCommand) -> Result<Ending, Problem> {
    match command {
        JobsCommand::List { json } => list(desk, Form::of(json.json)).await,
        JobsCommand::Resume(args) => Box::pin(resume(desk, args)).await,
    }
}

async fn list(desk: &Desk, form: Form) -> Result<Ending, Problem> {
    let open = desk.ledger.unfinished().await.map_err(|e| ledger_problem(&e))?;
    let waiting = desk.ledger.waiting_retirements().await.map_err(|e| ledger_problem(&e))?;
    let half = desk.ledger.half_done().await.map_err(|e| ledger_problem(&e))?;
    let next = |record: &IntentRecord| match record.state {
        IntentState::Held => "parked by a person",
        IntentState::Ambiguous | IntentState::Diverged => "a person decides",
        _ => "jobs resume looks again",
    };
    let mut lines: Vec<JobLine> = open.iter().map(|r| JobLine::new(r, "open", next(r))).collect();
    lines.extend(waiting.iter().map(|r| JobLine::new(r, "waiting", "jobs resume --yes retires the old one")));
    lines.extend(half.iter().map(|r| JobLine::new(r, "half-done", "reissue it again: only the new one is issued")));
    if lines.is_empty() {
        say("Nothing is unfinished.");
    }
    output::rows(form, &lines)
}

async fn resume(desk: &Desk, args: ResumeArgs) -> Result<Ending, Problem> {
    let record = desk.ledger.intent(args.intent).await.map_err(|e| ledger_problem(&e))?.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, format!("the ledger has no intent {}", args.intent), "", "see `jobs list`")
    })?;
    let means = ready(desk, &record.purpose.holder.tenant, args.yes || args.nothing_made.is_some()).await?;
    // The look at what dead processes left behind may have settled it.
    let now = desk.ledger.intent(args.intent).await.map_err(|e| ledger_problem(&e))?;
    let record = now.unwrap_or(record);
    if let Some(reason) = args.nothing_made {
        let settled = recovery::nothing_was_made(&means, args.intent, &reason).await?;
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
            credential: purpose.old.as_ref().map(|seen| seen.id.clone()),
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
