//! Reissue: replace one phone credential by a new one, so that at every moment it is known what was sent, what
//! came of it, and which pass is ours.
//!
//! [`preview`] computes what would happen; [`run`] does what the operator confirmed; [`retire`] is the second
//! half of a reissue that waits for the new pass to be accepted.

use super::Means;
use super::attempt::{Armed, Attempt};
use super::gate::{LiveView, ledger_ready};
use super::preview::{gone, keep_one, order};
use crate::domain::ids::{Link, SagaId};
use crate::domain::journal::{Act, Purpose, Seen, contact_hash};
use crate::domain::policy::ReissueMode;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissueEnd, ReissuePlan, ReissueStep};
use crate::ports::provider::ProviderErrorKind;

pub use super::preview::preview;
pub use super::retire::{new_is_usable, retire, retire_as_seen};

/// Does what a plan says, once.
///
/// The future must run to its end in a task of its own that nothing drops, neither a closed wizard nor a
/// leaving operator: between SENDING and the recorded outcome there is no good place to stop. If the process
/// dies there all the same, nothing is lost: SENDING is durable before the first byte, and
/// [`recover`](super::recovery::recover) finds out by reading.
///
/// A plan serves for one run. Even a copy of it is refused afterwards, because it would send the same marker
/// twice.
pub async fn run(means: &Means, plan: ReissuePlan, progress: impl Fn(ReissueStep) + Send) -> ReissueEnd {
    if let Err(problem) = ledger_ready(means).and_then(|()| still_valid(means, &plan)) {
        return ReissueEnd::NotSent(problem);
    }
    let attempt = match open(means, &plan).await {
        Ok(attempt) => attempt,
        Err(problem) => return ReissueEnd::NotSent(problem),
    };
    progress(ReissueStep::Checking);
    let Armed { permit, request, snapshot } = match check_and_arm(&attempt, &plan).await {
        Ok(armed) => armed,
        Err(problem) => return attempt.give_up(problem).await,
    };
    let intent = attempt.intent;
    progress(ReissueStep::Sending(intent));
    let outcome = means.provider.send(permit, &request).await;
    attempt.conclude(outcome, &snapshot, move || progress(ReissueStep::ReadingBack(intent))).await
}

fn still_valid(means: &Means, plan: &ReissuePlan) -> Result<(), Problem> {
    let age = means.clock.now().duration_since(plan.read_at).as_secs();
    // A plan from the future means that the clock was set back: its age is not known.
    if !(-5..=ReissuePlan::LIFE_SECONDS).contains(&age) {
        return Err(Problem::new(
            ProblemKind::Stale,
            "the preview is too old",
            "a preview is valid for 15 minutes",
            "nothing was sent; open it again",
        ));
    }
    if plan.why.is_none() {
        return Err(Problem::new(ProblemKind::Usage, "no reason was chosen", "", "choose one with 1 to 7"));
    }
    Ok(())
}

async fn open<'a>(means: &'a Means, plan: &ReissuePlan) -> Result<Attempt<'a>, Problem> {
    let Some(why) = plan.why else {
        return Err(Problem::new(ProblemKind::Usage, "no reason was chosen", "", "choose one with 1 to 7"));
    };
    let marker = plan.change.marker.clone();
    let act = match plan.mode {
        ReissueMode::Swap => Act::Swap,
        _ => Act::Issue,
    };
    let purpose = Purpose {
        saga: SagaId(means.ids.uuid()),
        mode: plan.mode,
        act,
        holder: plan.request.holder.clone(),
        holder_link: plan.request.holder_link.clone(),
        type_link: plan.old.type_link.clone(),
        class: plan.old.class,
        marker,
        old: (!plan.leaves_old).then(|| Seen::of(&plan.old)),
        target: None,
        why,
        ticket: plan.request.ticket.clone(),
        note: plan.request.note.clone(),
        owner: means.owner.clone(),
    };
    Attempt::open(means, purpose).await
}

/// Reads again, computes the gate again, and only then makes the request that may be sent.
async fn check_and_arm(attempt: &Attempt<'_>, plan: &ReissuePlan) -> Result<Armed, Problem> {
    let means = attempt.means;
    attempt.take_lease().await?;
    // Before the list is read: what happens from here on is in the feed.
    let bookmark = bookmark(means).await?;
    let view = LiveView::read(means, &plan.request.holder, &plan.request.holder_link).await?;
    not_spent(attempt, plan, &view)?;
    let (old, _) = view.card(&plan.request.credential).ok_or_else(|| gone(&plan.request))?;
    LiveView::unchanged(old, &plan.old.fingerprint())?;
    let leaves_old = view.may_end(means, old).await.is_err();
    let wanted = order(old, plan.why, plan.request.at_once)?;
    let mode = if leaves_old { ReissueMode::AfterAccept } else { wanted };
    if leaves_old != plan.leaves_old || mode != plan.mode {
        return Err(Problem::new(
            ProblemKind::Stale,
            "what may be done with the old pass changed since the preview",
            "",
            "nothing was sent; look at it again",
        ));
    }
    if mode == ReissueMode::Swap {
        keep_one(&view, old)?;
    }
    let mut change = plan.change.clone();
    change.remove = (mode == ReissueMode::Swap).then(|| Seen::of(old));
    attempt.arm(&view, bookmark, &change, contact_hash(old)).await
}

/// Where the change feed stands; `None` if the site offers none, or not to this key. A feed that merely does not
/// answer stops the change: without it, what comes of the change could not be told from a copy by somebody else.
async fn bookmark(means: &Means) -> Result<Option<Link>, Problem> {
    match means.provider.bookmark().await {
        Ok(bookmark) => Ok(bookmark),
        Err(error) if matches!(error.kind, ProviderErrorKind::Forbidden | ProviderErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error.problem(&means.provider.profile().name)),
    }
}

/// A plan serves once, and only while nothing else of ours happened to the person. Looked at after INTENT, which
/// keeps everybody else out.
fn not_spent(attempt: &Attempt<'_>, plan: &ReissuePlan, view: &LiveView) -> Result<(), Problem> {
    let purpose = &attempt.purpose;
    let spent = view.records.iter().filter(|r| r.intent != attempt.intent).any(|r| {
        let same_marker = purpose.marker.is_some() && r.purpose.marker == purpose.marker;
        same_marker || (r.purpose.type_link == purpose.type_link && r.opened > plan.read_at)
    });
    if !spent {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Stale,
        "something was done for this person since the preview",
        "a preview is good for one change",
        "nothing was sent; open it again",
    ))
}
