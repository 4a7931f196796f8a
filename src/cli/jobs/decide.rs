//! `passdesk jobs decide`: a person answers what reading could not settle. Without `--yes` the evidence is shown.

use super::super::acting::ready;
use super::super::lines::VERSION;
use super::super::output::{self, Form, Row};
use super::super::{Ending, Json, say};
use crate::desk::Desk;
use crate::domain::decision::{Case, Verdict};
use crate::domain::ids::{CredentialId, HolderId, IntentId};
use crate::domain::journal::{Act, IntentState};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use crate::workflow::gate::ledger_problem;
use crate::workflow::{decide, late};
use serde::Serialize;

/// Arguments of `passdesk jobs decide`.
#[derive(Debug, clap::Args)]
pub struct DecideArgs {
    /// The intent, as `jobs list` prints it.
    #[arg(value_name = "INTENT")]
    intent: IntentId,
    #[command(flatten)]
    answer: Answer,
    /// Reason, in your own words; kept in the journal.
    #[arg(long, value_name = "REASON", default_value = "")]
    why: String,
    /// Record it. Without this, only the evidence and the open answers are shown.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    json: Json,
}

/// The answers, of which one may be given.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Answer {
    /// It was done, and made this credential.
    #[arg(long, value_name = "ID")]
    this: Option<CredentialId>,
    /// It was done (of an act on one credential).
    #[arg(long)]
    done: bool,
    /// It was not done; two reads must bear that out.
    #[arg(long)]
    nothing: bool,
    /// Nobody will ever know: close it.
    #[arg(long)]
    write_off: bool,
    /// Park it: it stays listed, and blocks nobody.
    #[arg(long)]
    hold: bool,
    /// Of a pass that arrived late: let it stay as it is.
    #[arg(long)]
    keep: bool,
}

impl Answer {
    fn verdict(&self) -> Option<Verdict> {
        if let Some(id) = &self.this {
            return Some(Verdict::This(id.clone()));
        }
        let answers = [
            (self.done, Verdict::Done),
            (self.nothing, Verdict::Nothing),
            (self.write_off, Verdict::WrittenOff),
            (self.hold, Verdict::Held),
        ];
        answers.into_iter().find(|(given, _)| *given).map(|(_, verdict)| verdict)
    }
}

/// Shows the evidence, and with `--yes` records the answer.
pub async fn run(desk: &Desk, args: DecideArgs) -> Result<Ending, Problem> {
    let record = desk.ledger.intent(args.intent).await.map_err(|e| ledger_problem(&e))?.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, format!("the ledger has no intent {}", args.intent), "", "see `jobs list`")
    })?;
    let means = ready(desk, &record.purpose.holder.tenant, args.yes).await?;
    if record.purpose.act == Act::Arrival || args.answer.keep {
        if !(args.yes && args.answer.keep) {
            say("A pass that arrived late: --keep --why REASON --yes lets it stay; `passdesk end ID` ends it.");
            say("Nothing was recorded.");
            return Ok(Ending::Done);
        }
        reason(&args.why)?;
        let kept = late::keep(&means, args.intent, args.why.trim()).await?;
        say(format!("{}: {}.", kept.holder, kept.words));
        return Ok(Ending::Done);
    }
    let case = Box::pin(decide::case(&means, args.intent)).await?;
    let Some(verdict) = args.answer.verdict().filter(|_| args.yes) else {
        show(Form::of(args.json.json), &case)?;
        say("Nothing was recorded. One of the answers, --why REASON and --yes record it.");
        return Ok(Ending::Done);
    };
    reason(&args.why)?;
    let settled = Box::pin(decide::decide(&means, &case, &verdict, args.why.trim())).await?;
    say(format!("{}: {} ({}).", settled.holder, settled.words, settled.state));
    Ok(Ending::Done)
}

fn reason(text: &str) -> Result<(), Problem> {
    match crate::domain::decision::reason_problem(text) {
        Some(why) => Err(Problem::new(ProblemKind::Usage, why, "it is kept in the journal", "give --why REASON")),
        None => Ok(()),
    }
}

fn show(form: Form, case: &Case) -> Result<Ending, Problem> {
    if form != Form::Json {
        say(format!("{} of {} ({}) is {}: {}.", case.act.word(), case.name, case.holder, case.state, case.said));
    }
    let lines: Vec<ChoiceLine> = case
        .choices
        .iter()
        .map(|choice| ChoiceLine {
            schema: "passdesk.decision",
            v: VERSION,
            intent: case.intent,
            holder: case.holder.clone(),
            state: case.state,
            said: case.said.clone(),
            answer: flag(&choice.verdict),
            means: SafeText::of(&choice.verdict.words()),
            because: choice.because.clone(),
            refused: choice.refused,
        })
        .collect();
    output::rows(form, &lines)
}

/// The option that gives an answer.
fn flag(verdict: &Verdict) -> String {
    match verdict {
        Verdict::This(id) => format!("--this {id}"),
        Verdict::Done => "--done".to_owned(),
        Verdict::Nothing => "--nothing".to_owned(),
        Verdict::WrittenOff => "--write-off".to_owned(),
        Verdict::Held => "--hold".to_owned(),
    }
}

/// One answer that is open, or why it is not.
#[derive(Serialize)]
struct ChoiceLine {
    schema: &'static str,
    v: u8,
    intent: IntentId,
    holder: HolderId,
    state: IntentState,
    said: SafeText,
    answer: String,
    means: SafeText,
    because: Vec<SafeText>,
    refused: Option<&'static str>,
}

impl Row for ChoiceLine {
    const HEAD: &'static [&'static str] = &["ANSWER", "MEANS", "BECAUSE", "REFUSED"];
    fn cells(&self) -> Vec<SafeText> {
        let because = self.because.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join("; ");
        let texts = [self.answer.as_str(), self.means.as_str(), &because, self.refused.unwrap_or("")];
        texts.into_iter().map(SafeText::of).collect()
    }
}
