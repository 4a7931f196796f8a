//! `passdesk reissue`: the same preview, gate and journal as the console's wizard. Without `--yes` nothing is sent.

use super::cards::{holder_of, view};
use super::lines::{VERSION, raw_state};
use super::output::{self, Form, Row};
use super::{Ending, Json, say, tell};
use crate::desk::Desk;
use crate::domain::credential::{Credential, State, System};
use crate::domain::ids::{CredentialId, HolderId, IntentId, TenantName};
use crate::domain::ownership::Ownership;
use crate::domain::policy::Why;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissueEnd, ReissuePlan, ReissueRequest, ReissueStep};
use crate::domain::text::SafeText;
use crate::ports::ledger::LedgerHealth;
use crate::ports::provider::TenantProfile;
use crate::store::process::is_alive;
use crate::workflow::recovery::recover;
use crate::workflow::reissue as workflow;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Timestamp;
use serde::Serialize;
use std::task::Poll;

/// Arguments of `passdesk reissue`.
#[derive(Debug, clap::Args)]
pub struct ReissueArgs {
    /// The credential to replace, as lists print it under `id`.
    #[arg(value_name = "ID")]
    id: CredentialId,
    /// Reason; needed unless the state of the credential says it.
    #[arg(long, value_parser = reasons())]
    why: Option<Why>,
    /// Ticket.
    #[arg(long, default_value = "")]
    ticket: String,
    /// Note for the journal.
    #[arg(long, default_value = "")]
    note: String,
    /// Replace a credential that still works in one call, instead of waiting until the new one is accepted.
    #[arg(long)]
    at_once: bool,
    /// Do it. Without this, only what would happen is shown.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    json: Json,
}

fn reasons() -> impl TypedValueParser<Value = Why> {
    PossibleValuesParser::new(Why::TO_REPLACE.iter().map(|why| <&str>::from(*why))).try_map(|text| text.parse::<Why>())
}

/// Previews, and with `--yes` does it.
pub async fn run(desk: &Desk, args: ReissueArgs) -> Result<Ending, Problem> {
    let tenant = args.id.tenant.clone();
    let means = desk.means(&tenant).ok_or_else(|| {
        Problem::new(ProblemKind::Usage, format!("no system is called {tenant}"), "", "see the site file")
    })?;
    let profile = means.provider.profile().clone();
    if args.yes {
        may_write(&profile)?;
        // Nothing may be begun in a ledger that was not verified in this run (invariant I8).
        if let LedgerHealth::Broken(why) = desk.ledger.verify().await {
            let next = "nothing was sent; run `passdesk ledger verify`";
            return Err(Problem::new(ProblemKind::Refused, "the ledger cannot be trusted", why, next));
        }
        for settled in recover(&means, &is_alive).await {
            say(format!("Earlier work on {}: {} ({}).", settled.holder, settled.words, settled.state));
        }
    } else if let Err(problem) = may_write(&profile) {
        say(problem.to_string());
    }
    let holder = holder_of(desk, &args.id).await?;
    let link = view(desk, &holder).await?.holder.link;
    let request = ReissueRequest {
        holder,
        holder_link: link,
        credential: args.id,
        why: args.why,
        ticket: args.ticket,
        note: args.note,
        at_once: args.at_once,
        seen: None,
    };
    let plan = workflow::preview(&means, request).await?;
    let form = Form::of(args.json.json);
    if !args.yes {
        show_plan(form, &plan, &profile)?;
        say("Nothing was sent. --yes does it.");
        return Ok(Ending::Done);
    }
    let old = plan.old.clone();
    let end = uninterrupted(workflow::run(&means, plan, |step| {
        say(match step {
            ReissueStep::Checking => "Checking the credential again.".to_owned(),
            ReissueStep::Sending(intent) => format!("Sending (intent {intent})."),
            ReissueStep::ReadingBack(_) => "Reading back.".to_owned(),
        });
    }))
    .await;
    report(form, end, &old, &profile, desk.clock.now())
}

/// Waits for work that has no good place to stop: Ctrl-C, a wish to end the program and a terminal that goes away
/// are heard, and answered with why nothing happens yet.
async fn uninterrupted<T>(work: impl Future<Output = T>) -> T {
    use tokio::signal::unix::{SignalKind, signal};
    // All of them are held before the work begins: a signal that comes in between shall not end the program either.
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let held = kinds.into_iter().filter_map(|kind| {
        signal(kind).inspect_err(|error| tracing::warn!(%error, ?kind, "a signal would end the program")).ok()
    });
    let mut held: Vec<_> = held.collect();
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        for signal in &mut held {
            while matches!(signal.poll_recv(context), Poll::Ready(Some(()))) {
                say("A change is on its way; waiting for its outcome.");
            }
        }
        work.as_mut().poll(context)
    })
    .await
}

/// Read-only until somebody unlocked it (decision 21).
fn may_write(profile: &TenantProfile) -> Result<(), Problem> {
    if profile.starts_unlocked {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Refused,
        format!("{} is locked for writing", profile.name),
        "its site file does not say writes = \"unlocked\"",
        "use the console, where L unlocks it, or change the site file",
    ))
}

fn show_plan(form: Form, plan: &ReissuePlan, profile: &TenantProfile) -> Result<Ending, Problem> {
    let line = PlanLine {
        schema: "passdesk.plan",
        v: VERSION,
        id: plan.old.id.clone(),
        tenant: profile.name.clone(),
        system: profile.system,
        holder: plan.holder.id.clone(),
        name: plan.holder.name().safe(),
        state: plan.old.state(),
        raw_state: raw_state(&plan.old),
        owner: plan.ownership.grade.owner(),
        why: plan.why.map(<&str>::from),
        mode: plan.mode.to_string(),
        leaves_old: plan.leaves_old,
        sends: SafeText::of(&plan.sends),
        then: SafeText::of(&plan.then),
        order: SafeText::of(&plan.order),
        undo: SafeText::of(&plan.undo),
        as_of: plan.read_at,
    };
    if form == Form::Json {
        return output::rows(form, &[line]);
    }
    let why = line.why.unwrap_or("not chosen yet: --why");
    let text = format!(
        "Reissue  {} of {} ({})\nState    {} ({}), owner {}\nWhy      {why}\nSends    {}\nThen     {}\nOrder    {}\nUndo     {}\n",
        line.id,
        line.name,
        line.holder,
        line.state,
        line.raw_state,
        line.owner,
        line.sends,
        line.then,
        line.order,
        line.undo
    );
    output::bytes(text.as_bytes())
}

/// What exactly would happen.
#[derive(Serialize)]
struct PlanLine {
    schema: &'static str,
    v: u8,
    id: CredentialId,
    tenant: TenantName,
    system: System,
    holder: HolderId,
    name: SafeText,
    state: State,
    raw_state: SafeText,
    owner: &'static str,
    why: Option<&'static str>,
    mode: String,
    leaves_old: bool,
    sends: SafeText,
    then: SafeText,
    order: SafeText,
    undo: SafeText,
    as_of: Timestamp,
}

impl Row for PlanLine {
    const HEAD: &'static [&'static str] = &["ID", "SENDS"];
    fn cells(&self) -> Vec<SafeText> {
        vec![SafeText::of(&self.id.to_string()), self.sends.clone()]
    }
}

/// What happened: the new credential where there is one, else the old.
#[derive(Serialize)]
struct EndLine {
    schema: &'static str,
    v: u8,
    id: CredentialId,
    tenant: TenantName,
    system: System,
    holder: HolderId,
    state: State,
    raw_state: SafeText,
    owner: Option<&'static str>,
    outcome: &'static str,
    replaces: CredentialId,
    intent: Option<IntentId>,
    as_of: Timestamp,
}

impl Row for EndLine {
    const HEAD: &'static [&'static str] = &["OUTCOME", "ID", "STATE", "OWNER", "VENDOR SAYS"];
    fn cells(&self) -> Vec<SafeText> {
        let texts = [self.outcome, &self.id.to_string(), &self.state.to_string(), self.owner.unwrap_or("")];
        texts.into_iter().map(SafeText::of).chain([self.raw_state.clone()]).collect()
    }
}

fn report(
    form: Form,
    end: ReissueEnd,
    old: &Credential,
    profile: &TenantProfile,
    now: Timestamp,
) -> Result<Ending, Problem> {
    let line =
        |outcome: &'static str, intent: Option<IntentId>, card: Option<&Credential>, whose: Option<&Ownership>| {
            let shown = card.unwrap_or(old);
            let line = EndLine {
                schema: "passdesk.reissue",
                v: VERSION,
                id: shown.id.clone(),
                tenant: profile.name.clone(),
                system: profile.system,
                holder: shown.holder.clone(),
                state: shown.state(),
                raw_state: raw_state(shown),
                owner: whose.map(|o| o.grade.owner()),
                outcome,
                replaces: old.id.clone(),
                intent,
                as_of: if card.is_some() { shown.as_of } else { now },
            };
            // What was done is recorded. That nobody could read about it does not undo it, so it does not change the
            // exit code either (invariant I4).
            output::rows(form, &[line]).unwrap_or_else(|problem| {
                tell(&problem);
                Ending::Done
            })
        };
    let unknown = |problem: Problem| Problem { kind: ProblemKind::OutcomeUnknown, ..problem };
    match end {
        ReissueEnd::Done { intent, new, ownership } => {
            Ok(line("done", Some(intent), new.as_deref(), ownership.as_ref()))
        }
        ReissueEnd::Waiting { new, ownership, .. } => {
            say("The old credential works until the new one is accepted; the console retires it then.");
            Ok(line("waiting", None, Some(&new), Some(&ownership)))
        }
        ReissueEnd::NotSent(problem) => Err(problem),
        ReissueEnd::Rejected(intent, problem) => {
            line("rejected", Some(intent), None, None);
            Err(problem)
        }
        ReissueEnd::Unknown(intent, problem) => {
            line("unknown", Some(intent), None, None);
            Err(unknown(problem))
        }
        ReissueEnd::Ambiguous(intent, problem) => {
            line("ambiguous", Some(intent), None, None);
            Err(unknown(problem))
        }
        ReissueEnd::NotRecorded(intent, problem) => {
            line("not-recorded", Some(intent), None, None);
            Err(unknown(problem))
        }
    }
}
