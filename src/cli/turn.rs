//! `passdesk suspend`, `resume`, `unlink`, `end` and `set`: one act on one credential, by the same preview, gate and
//! journal as the console's. Without `--yes` nothing is sent.

use super::acting::{begin, counted, one_is_expected, report_turn, told, uninterrupted};
use super::lines::{VERSION, raw_state};
use super::output::{self, Form, Row};
use super::{Ending, Json, say};
use crate::desk::Desk;
use crate::domain::credential::{Credential, State, System};
use crate::domain::ids::{CredentialId, HolderId, TenantName};
use crate::domain::lifecycle::Verb;
use crate::domain::policy::Why;
use crate::domain::problem::Problem;
use crate::domain::reissue::ReissueEnd;
use crate::domain::text::SafeText;
use crate::domain::turn::{TurnPlan, TurnRequest};
use crate::ports::provider::TenantProfile;
use crate::workflow::{Means, turn as workflow};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Timestamp;
use serde::Serialize;

/// Arguments of the commands that act on one credential.
#[derive(Debug, clap::Args)]
pub struct TurnArgs {
    /// The credential, as lists print it under `id`.
    #[arg(value_name = "ID")]
    id: CredentialId,
    /// Reason.
    #[arg(long, value_parser = reasons())]
    why: Option<Why>,
    /// The state that it shall have, where the vendor or the site has several.
    #[arg(long)]
    word: Option<String>,
    /// Ticket; needed where the issuer's role is the authority.
    #[arg(long, default_value = "")]
    ticket: String,
    /// Note for the vendor and the journal: letters, digits and blanks.
    #[arg(long, default_value = "")]
    note: String,
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
    PossibleValuesParser::new(Why::ALL.iter().map(|why| <&str>::from(*why))).try_map(|text| text.parse::<Why>())
}

/// Previews, and with `--yes` does it.
pub async fn run(desk: &Desk, verb: Verb, args: TurnArgs) -> Result<Ending, Problem> {
    one_is_expected(args.expect)?;
    let (means, holder, link) = begin(desk, &args.id, args.yes).await?;
    let profile = means.provider.profile().clone();
    let request = TurnRequest {
        holder,
        holder_link: link,
        credential: args.id,
        verb,
        word: args.word,
        why: args.why,
        ticket: args.ticket,
        note: args.note,
        seen: None,
    };
    let plan = Box::pin(workflow::preview(&means, request)).await?;
    let form = Form::of(args.json.json);
    if !args.yes {
        show_plan(form, &plan, &profile)?;
        say("Nothing was sent. --yes does it.");
        return Ok(Ending::Done);
    }
    counted(plan.level, &plan.ownership, args.expect)?;
    let (card, request) = (plan.card.clone(), plan.request.clone());
    let end = uninterrupted(workflow::run(&means, plan, told)).await;
    let card = match &end {
        ReissueEnd::Done { .. } => read_again(&means, &request, card).await,
        _ => card,
    };
    report_turn(form, end, &card, &profile, desk.clock.now())
}

/// The credential as it is now, ended if it is not there any more. If it cannot be read, as it was before: what was done
/// is known all the same.
async fn read_again(means: &Means, request: &TurnRequest, before: Credential) -> Credential {
    let Ok(read) = means.provider.holder(&request.holder, &request.holder_link).await else { return before };
    let now = read.credentials.into_iter().find(|card| card.id == request.credential);
    now.unwrap_or_else(|| before.removed())
}

fn show_plan(form: Form, plan: &TurnPlan, profile: &TenantProfile) -> Result<Ending, Problem> {
    let line = PlanLine {
        schema: "passdesk.turn-plan",
        v: VERSION,
        id: plan.card.id.clone(),
        tenant: profile.name.clone(),
        system: profile.system,
        holder: plan.holder.id.clone(),
        name: plan.holder.name().safe(),
        state: plan.card.state(),
        raw_state: raw_state(&plan.card),
        owner: plan.ownership.owner(),
        verb: plan.request.verb.to_string(),
        word: SafeText::of(&plan.target.word),
        words: plan.words.clone(),
        why: plan.request.why.map(<&str>::from),
        needs_ticket: plan.needs_ticket,
        note: SafeText::of(&plan.change.note),
        sends: SafeText::of(&plan.sends),
        then: SafeText::of(&plan.then),
        undo: SafeText::of(&plan.undo),
        as_of: plan.read_at,
    };
    if form == Form::Json {
        return output::rows(form, &[line]);
    }
    let words = line.words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ");
    let mut text = format!("{:<8} {} of {} ({})\n", line.verb, line.id, line.name, line.holder);
    for (label, what) in [
        ("State", format!("{} ({}), owner {}", line.state, line.raw_state, line.owner)),
        ("Word", chosen_word(plan, &words)),
        ("Why", line.why.unwrap_or("not chosen yet: --why").to_owned()),
        ("Ticket", ticket(plan)),
        ("Note", if plan.request.why.is_some() { line.note.to_string() } else { "that of the reason".to_owned() }),
        ("Sends", line.sends.to_string()),
        ("Then", line.then.to_string()),
        ("Undo", line.undo.to_string()),
    ] {
        text.push_str(&format!("{label:<8} {what}\n"));
    }
    output::bytes(text.as_bytes())
}

fn chosen_word(plan: &TurnPlan, words: &str) -> String {
    let word = SafeText::of(&plan.target.word);
    match words {
        "" => word.to_string(),
        _ if plan.undecided() => format!("not chosen yet: --word, one of {words}"),
        _ if word.as_str().is_empty() => format!("keeps the one it has; --word may be {words}"),
        _ => format!("\"{word}\" of {words}"),
    }
}

fn ticket(plan: &TurnPlan) -> String {
    match (plan.request.ticket.as_str(), plan.needs_ticket) {
        ("", true) => "needed: --ticket".to_owned(),
        ("", false) => "none".to_owned(),
        (ticket, _) => SafeText::of(ticket).to_string(),
    }
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
    verb: String,
    word: SafeText,
    words: Vec<SafeText>,
    why: Option<&'static str>,
    needs_ticket: bool,
    note: SafeText,
    sends: SafeText,
    then: SafeText,
    undo: SafeText,
    as_of: Timestamp,
}

impl Row for PlanLine {
    const HEAD: &'static [&'static str] = &["ID", "SENDS"];
    fn cells(&self) -> Vec<SafeText> {
        vec![SafeText::of(&self.id.to_string()), self.sends.clone()]
    }
}
