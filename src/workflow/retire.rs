//! The second half of a reissue that began with the new pass: the old one is retired once the new one is
//! proven to work (invariant I16), through the full gate.

use super::Means;
use super::attempt::{Armed, Attempt};
use super::gate::{LiveView, ledger_problem, ledger_ready};
use super::turn::{note_for_vendor, turned};
use crate::domain::change::CredentialChange;
use crate::domain::credential::State;
use crate::domain::journal::{Act, IntentRecord, IntentState, Purpose, Seen};
use crate::domain::lifecycle::Verb;
use crate::domain::ownership::{Action, Deed, Grade};
use crate::domain::policy::ReissueMode;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissueEnd, Retirement, retirement};
use crate::domain::text::SafeText;

/// Is the new pass of this reissue accepted and active, so that the old one may go? Reads only.
///
/// # Errors
/// If the vendor or the ledger does not answer, or the new pass cannot be found any more.
pub async fn new_is_usable(means: &Means, issue: &IntentRecord) -> Result<bool, Problem> {
    let view = LiveView::read(means, &issue.purpose.holder, &issue.purpose.holder_link).await?;
    works(&view, issue)
}

/// Retires the old pass of a reissue whose new pass is usable. The old one must still be what the operator saw
/// when she confirmed both steps.
///
/// As with [`run`](super::reissue::run), the future must run to its end in a task of its own.
pub async fn retire(means: &Means, issue: IntentRecord) -> ReissueEnd {
    let seen = issue.purpose.old.as_ref().map(|old| old.fingerprint.clone()).unwrap_or_default();
    retire_as_seen(means, issue, &seen).await
}

/// As [`retire`], after the operator looked at the old pass again: `seen` is the fingerprint of what she saw.
/// For steps that wait for a new `y`, after a restart or because the old pass changed meanwhile.
pub async fn retire_as_seen(means: &Means, issue: IntentRecord, seen: &str) -> ReissueEnd {
    let Some(old) = issue.purpose.old.clone() else {
        return ReissueEnd::NotSent(nothing_waits("this reissue leaves the old pass in place"));
    };
    if let Err(problem) = ledger_ready(means) {
        return ReissueEnd::NotSent(problem);
    }
    // Looked at before anything is recorded: a step that is polled every minute must not fill the journal.
    let how = match ready(means, &issue, &old, seen).await {
        Ok(how) => how,
        Err(problem) => return ReissueEnd::NotSent(problem),
    };
    let purpose = Purpose {
        act: Act::Retire,
        type_link: old.type_link.clone(),
        class: old.class,
        marker: None,
        target: match how {
            Retirement::Removed => None,
            Retirement::Turned(_, word) => Some(word.to_owned()),
        },
        old: Some(old.clone()),
        owner: means.owner.clone(),
        ..issue.purpose.clone()
    };
    let attempt = match Attempt::open(means, purpose).await {
        Ok(attempt) => attempt,
        Err(problem) => return ReissueEnd::NotSent(problem),
    };
    let Armed { permit, request, snapshot } = match check_and_arm(&attempt, &issue, &old, seen, how).await {
        Ok(armed) => armed,
        Err(problem) => return attempt.give_up(problem).await,
    };
    let outcome = attempt.send(permit, &request).await;
    attempt.conclude(outcome, &snapshot, || ()).await
}

async fn ready(means: &Means, issue: &IntentRecord, old: &Seen, seen: &str) -> Result<Retirement, Problem> {
    let waiting = means.ledger.waiting_retirements().await.map_err(|e| ledger_problem(&e))?;
    if issue.state != IntentState::Done || !waiting.iter().any(|r| r.intent == issue.intent) {
        return Err(nothing_waits("it is finished, or a newer reissue took its place"));
    }
    let view = LiveView::read(means, &issue.purpose.holder, &issue.purpose.holder_link).await?;
    view.nothing_open(None)?;
    gate(means, &view, issue, old, seen).await
}

async fn check_and_arm(
    attempt: &Attempt<'_>,
    issue: &IntentRecord,
    old: &Seen,
    seen: &str,
    how: Retirement,
) -> Result<Armed, Problem> {
    let means = attempt.means;
    attempt.take_lease().await?;
    let bookmark = means.provider.bookmark().await.ok().flatten();
    let view = LiveView::read(means, &issue.purpose.holder, &issue.purpose.holder_link).await?;
    view.nothing_open(Some(attempt.intent))?;
    if gate(means, &view, issue, old, seen).await? != how {
        return Err(Problem::new(ProblemKind::Stale, "the old pass changed just now", "", "look at it again"));
    }
    let Some((card, _)) = view.object(old) else { return Err(already_gone()) };
    let base = CredentialChange {
        holder: issue.purpose.holder.clone(),
        holder_link: issue.purpose.holder_link.clone(),
        add: None,
        remove: None,
        turn: None,
        why: issue.purpose.why,
        note: note_for_vendor(&issue.purpose.ticket, Some(issue.purpose.why), &issue.purpose.note).unwrap_or_default(),
        marker: None,
    };
    let change = match how {
        Retirement::Removed => turned(card, Verb::End, "", base),
        Retirement::Turned(verb, word) => turned(card, verb, word, base),
    };
    attempt.arm(&view, bookmark, &change, String::new()).await
}

/// May the old pass go, and how?
async fn gate(
    means: &Means,
    view: &LiveView,
    issue: &IntentRecord,
    old: &Seen,
    seen: &str,
) -> Result<Retirement, Problem> {
    let there = view.object(old).map(|(card, _)| card).filter(|card| card.state() != State::Ended);
    let Some(card) = there else { return Err(already_gone()) };
    // One that does not work anyway need not wait (decision 16); one that was stopped first does, because stopping can
    // be taken back.
    let idle = !card.usable() && issue.purpose.mode == ReissueMode::AfterAccept;
    if !works(view, issue)? && !idle {
        return Err(Problem::new(
            ProblemKind::Refused,
            "still waiting for the new pass to be accepted",
            "until then the old one stays as it is",
            "it is retired once the new one works",
        ));
    }
    LiveView::unchanged(card, seen)?;
    let how = retirement(card).map_err(nothing_waits)?;
    let action = match how {
        Retirement::Turned(Verb::Suspend, _) => Action::Reversible,
        _ => Action::Irreversible,
    };
    view.may(means, card, Deed { action, verb: None, why: None }).await?;
    Ok(how)
}

fn already_gone() -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        "the old pass is already gone",
        "somebody removed it meanwhile",
        "nothing is left to do",
    )
}

/// The new pass is there, undisputed, accepted and active.
fn works(view: &LiveView, issue: &IntentRecord) -> Result<bool, Problem> {
    let new = issue.binding.as_ref().and_then(|b| b.object.as_ref());
    let Some((card, ownership)) = new.and_then(|seen| view.object(seen)) else {
        return Err(Problem::new(
            ProblemKind::NotFound,
            "the new pass is not listed any more",
            "somebody removed it, or this key may not see it",
            "the old pass stays; issue a new one",
        ));
    };
    if matches!(ownership.grade, Grade::Ambiguous | Grade::Claimed | Grade::Foreign) {
        return Err(Problem::new(
            ProblemKind::Refused,
            "the new pass is disputed",
            ownership.clues.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", "),
            "the old pass stays until a person has looked at it",
        ));
    }
    Ok(card.state() == State::Active && !card.barred && view.read.holder.authorised)
}

fn nothing_waits(why: &str) -> Problem {
    Problem::new(ProblemKind::Refused, "no old pass waits to be removed here", why, "")
}
