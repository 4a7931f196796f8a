//! What all commands that change something share: what is checked before, how a signal is heard meanwhile, and how the
//! end is told.

use super::cards::{holder_of, view};
use super::lines::{VERSION, raw_state};
use super::output::{self, Form, Row};
use super::{Ending, say, tell};
use crate::desk::Desk;
use crate::domain::credential::{Credential, State, System};
use crate::domain::ids::{CredentialId, HolderId, IntentId, Link, TenantName};
use crate::domain::ownership::Ownership;
use crate::domain::policy::{ConfirmLevel, Why};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissueEnd, ReissueStep, Settled};
use crate::domain::text::SafeText;
use crate::ports::provider::TenantProfile;
use crate::store::process::is_alive;
use crate::workflow::Means;
use crate::workflow::gate::ledger_ready;
use crate::workflow::recovery::recover;
use jiff::Timestamp;
use serde::Serialize;
use std::task::Poll;

/// The means to act on a credential, its holder, and where the vendor serves her. For a real act (`yes`) the desk must
/// be allowed to write, its ledger verified, and what dead processes left behind settled by reading.
///
/// # Errors
/// Also if something of this person's was settled just now: whoever repeats a command whose end was not known must see
/// first what became of it, or there would be two of what it made.
pub(super) async fn begin(desk: &Desk, id: &CredentialId, yes: bool) -> Result<(Means, HolderId, Link), Problem> {
    let (means, settled) = settle(desk, &id.tenant, yes).await?;
    let holder = holder_of(desk, id).await?;
    if let Some(earlier) = settled.iter().find(|earlier| earlier.holder == holder) {
        return Err(Problem::new(
            ProblemKind::Stale,
            "earlier work on this person was looked at just now",
            format!("{} ({}, intent {})", earlier.words, earlier.state, earlier.intent),
            format!("nothing was sent; see `passdesk cards {holder}` before you repeat anything"),
        ));
    }
    let link = view(desk, &holder).await?.holder.link;
    Ok((means, holder, link))
}

/// As [`begin`], for a system as a whole.
pub(super) async fn ready(desk: &Desk, tenant: &TenantName, yes: bool) -> Result<Means, Problem> {
    settle(desk, tenant, yes).await.map(|(means, _)| means)
}

/// As [`ready`], with what was settled.
async fn settle(desk: &Desk, tenant: &TenantName, yes: bool) -> Result<(Means, Vec<Settled>), Problem> {
    let means = desk.means(tenant).ok_or_else(|| {
        Problem::new(ProblemKind::Usage, format!("no system is called {tenant}"), "", "see the site file")
    })?;
    if !yes {
        if let Err(problem) = may_write(means.provider.profile()) {
            say(problem.to_string());
        }
        return Ok((means, Vec::new()));
    }
    may_write(means.provider.profile())?;
    // Nothing may be begun in a ledger that was not verified in this run (invariant I8).
    desk.ledger.verify().await;
    ledger_ready(&means)?;
    let settled = recover(&means, &is_alive).await;
    for one in &settled {
        say(format!("Earlier work on {}: {} ({}).", one.holder, one.words, one.state));
    }
    Ok((means, settled))
}

/// These commands change one credential each; whoever counted on another number is thinking of something else.
///
/// # Errors
/// If another number was expected (decision 15: checked first).
pub(super) fn one_is_expected(expect: Option<usize>) -> Result<(), Problem> {
    match expect {
        None | Some(1) => Ok(()),
        Some(n) => Err(Problem::new(
            ProblemKind::Stale,
            format!("{n} credentials were expected, and this is about one"),
            "",
            "nothing was sent",
        )),
    }
}

/// Where the console has the count typed, scripts give it.
///
/// # Errors
/// If the plan needs it and it was not given.
pub(super) fn counted(level: ConfirmLevel, ownership: &Ownership, expect: Option<usize>) -> Result<(), Problem> {
    if level < ConfirmLevel::L3 || expect.is_some() {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Refused,
        format!("it is {}: another desk issued it", ownership.badge()),
        "what cannot be taken back is confirmed one level up there",
        "nothing was sent; add --expect 1 if it is what you mean",
    ))
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

/// Tells on stderr where a running change is.
pub(super) fn told(step: ReissueStep) {
    say(match step {
        ReissueStep::Checking => "Checking the credential again.".to_owned(),
        ReissueStep::Sending(intent) => format!("Sending (intent {intent})."),
        ReissueStep::ReadingBack(_) => "Reading back.".to_owned(),
    });
}

/// Waits for work that has no good place to stop: Ctrl-C, a wish to end the program and a terminal that goes away
/// are heard, and answered with why nothing happens yet.
pub(super) async fn uninterrupted<T>(work: impl Future<Output = T>) -> T {
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

/// What happened: the new credential where there is one, else the one that was acted on.
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
    /// The credential that is or will be replaced; of an act on one credential, nothing.
    replaces: Option<CredentialId>,
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

/// What the end is told about.
struct Told<'a> {
    form: Form,
    schema: &'static str,
    replaces: bool,
    old: &'a Credential,
    profile: &'a TenantProfile,
    now: Timestamp,
}

impl Told<'_> {
    fn line(
        &self,
        outcome: &'static str,
        intent: Option<IntentId>,
        card: Option<&Credential>,
        whose: Option<&Ownership>,
    ) -> Ending {
        let shown = card.unwrap_or(self.old);
        let line = EndLine {
            schema: self.schema,
            v: VERSION,
            id: shown.id.clone(),
            tenant: self.profile.name.clone(),
            system: self.profile.system,
            holder: shown.holder.clone(),
            state: shown.state(),
            raw_state: raw_state(shown),
            owner: whose.map(Ownership::owner),
            outcome,
            replaces: self.replaces.then(|| self.old.id.clone()),
            intent,
            as_of: if card.is_some() { shown.as_of } else { self.now },
        };
        // What was done is recorded. That nobody could read about it does not undo it, so it does not change the
        // exit code either (invariant I4).
        output::rows(self.form, &[line]).unwrap_or_else(|problem| {
            tell(&problem);
            Ending::Done
        })
    }

    fn end(&self, end: ReissueEnd) -> Result<Ending, Problem> {
        let unknown = |problem: Problem| Problem { kind: ProblemKind::OutcomeUnknown, ..problem };
        match end {
            ReissueEnd::Done { intent, new, ownership } => {
                Ok(self.line("done", Some(intent), new.as_deref(), ownership.as_ref()))
            }
            ReissueEnd::Waiting { new, ownership, .. } => {
                say("The old credential is retired once the new one works: the console does it, or `passdesk jobs`.");
                Ok(self.line("waiting", None, Some(&new), Some(&ownership)))
            }
            ReissueEnd::Watching(plan) => {
                let (old, holder) = (&plan.old.id, &plan.holder.id);
                say(format!(
                    "Nothing was sent: the holder adds the card on the new phone. No plain command waits for that: \
                     `passdesk cards {holder}` shows it; then `passdesk end {old}` ends the old one."
                ));
                self.line("holder-adds", None, None, None);
                let loss = plan.why.is_some_and(Why::is_loss);
                if !loss || !plan.old.usable() {
                    return Ok(Ending::Done);
                }
                say(format!("THE OLD ONE STILL WORKS: `passdesk suspend {old}` stops it."));
                Ok(Ending::Partly)
            }
            ReissueEnd::HalfDone(intent, problem) => {
                self.line("half-done", Some(intent), None, None);
                tell(&problem);
                Ok(Ending::Partly)
            }
            ReissueEnd::NotSent(problem) => Err(problem),
            ReissueEnd::Rejected(intent, problem) => {
                self.line("rejected", Some(intent), None, None);
                Err(problem)
            }
            ReissueEnd::Unknown(intent, problem) => {
                self.line("unknown", Some(intent), None, None);
                Err(unknown(problem))
            }
            ReissueEnd::Ambiguous(intent, problem) => {
                self.line("ambiguous", Some(intent), None, None);
                Err(unknown(problem))
            }
            ReissueEnd::NotRecorded(intent, problem) => {
                self.line("not-recorded", Some(intent), None, None);
                Err(unknown(problem))
            }
        }
    }
}

/// Tells how a reissue ended.
pub(super) fn report(
    form: Form,
    end: ReissueEnd,
    old: &Credential,
    profile: &TenantProfile,
    now: Timestamp,
) -> Result<Ending, Problem> {
    Told { form, schema: "passdesk.reissue", replaces: true, old, profile, now }.end(end)
}

/// Tells how an act on one credential ended. `card` is that credential as it was read last.
pub(super) fn report_turn(
    form: Form,
    end: ReissueEnd,
    card: &Credential,
    profile: &TenantProfile,
    now: Timestamp,
) -> Result<Ending, Problem> {
    Told { form, schema: "passdesk.turn", replaces: false, old: card, profile, now }.end(end)
}
