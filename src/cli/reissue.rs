//! `passdesk reissue`: the same preview, gate and journal as the console's wizard. Without `--yes` nothing is sent.

use super::acting::{begin, counted, one_is_expected, report, told, uninterrupted};
use super::lines::{VERSION, raw_state};
use super::output::{self, Form, Row};
use super::{Ending, Json, say};
use crate::desk::Desk;
use crate::domain::credential::{State, System};
use crate::domain::ids::{CredentialId, HolderId, TenantName};
use crate::domain::policy::Why;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissuePlan, ReissueRequest};
use crate::domain::text::SafeText;
use crate::ports::provider::TenantProfile;
use crate::workflow::reissue as workflow;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Timestamp;
use serde::Serialize;

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
    /// Make one more, although an earlier reissue of it still waits for its new one to be accepted.
    #[arg(long)]
    again: bool,
    /// How many credentials this changes, counted by you; checked before anything else. Needed for what another desk
    /// issued.
    #[arg(long, value_name = "N")]
    expect: Option<usize>,
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
    one_is_expected(args.expect)?;
    let (means, holder, link) = begin(desk, &args.id, args.yes).await?;
    let profile = means.provider.profile().clone();
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
    let plan = Box::pin(workflow::preview(&means, request)).await?;
    let form = Form::of(args.json.json);
    if let Some(problem) = not_yet_accepted(desk, &plan).await {
        if args.yes && !args.again {
            return Err(problem);
        }
        say(problem.to_string());
    }
    if !args.yes {
        show_plan(form, &plan, &profile)?;
        say("Nothing was sent. --yes does it.");
        return Ok(Ending::Done);
    }
    counted(plan.level, &plan.ownership, args.expect)?;
    let old = plan.old.clone();
    let end = uninterrupted(workflow::run(&means, plan, told)).await;
    report(form, end, &old, &profile, desk.clock.now())
}

/// A reissue of the same credential whose new one is not accepted yet: another one would make one more.
async fn not_yet_accepted(desk: &Desk, plan: &ReissuePlan) -> Option<Problem> {
    let waiting = desk.ledger.waiting_retirements().await.unwrap_or_default();
    let earlier = waiting.iter().find(|r| r.purpose.old.as_ref().is_some_and(|old| old.is(&plan.old)))?;
    let minutes = desk.clock.now().duration_since(earlier.sent.unwrap_or(earlier.opened)).as_mins();
    let new = earlier.binding.as_ref().and_then(|b| b.object.as_ref()).map(|new| format!(" ({})", new.id));
    Some(Problem::new(
        ProblemKind::Refused,
        format!("a new pass for this one was issued {minutes} min ago{}", new.unwrap_or_default()),
        "it is not accepted yet, and another reissue leaves it as it is",
        "--again makes one more all the same",
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
        owner: plan.ownership.owner(),
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
