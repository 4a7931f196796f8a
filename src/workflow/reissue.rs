//! Reissue: replace one phone credential by a new one, so that at every moment it is known what was sent, what
//! came of it, and which pass is ours.
//!
//! [`preview`] computes what would happen; [`run`] does what the operator confirmed; [`retire`] is the second
//! half of a reissue that waits for the new pass to be accepted.

use super::Means;
use super::attempt::{Armed, Attempt};
use super::gate::{LiveView, ledger_problem, ledger_ready};
use super::preview::{gone, keep_one, order};
use crate::domain::ids::{HolderId, SagaId};
use crate::domain::journal::{Act, Marker, Purpose, Seen, contact_hash};
use crate::domain::policy::ReissueMode;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissueEnd, ReissuePlan, ReissueStep};

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
    let holder = plan.request.holder.clone();
    if let Err(problem) = take_lease(means, &holder).await {
        return ReissueEnd::NotSent(problem);
    }
    let end = act(means, &plan, progress).await;
    give_lease_back(means, &holder).await;
    end
}

async fn act(means: &Means, plan: &ReissuePlan, progress: impl Fn(ReissueStep) + Send) -> ReissueEnd {
    let attempt = match open(means, plan).await {
        Ok(attempt) => attempt,
        Err(problem) => return ReissueEnd::NotSent(problem),
    };
    progress(ReissueStep::Checking);
    let Armed { permit, request, snapshot } = match check_and_arm(&attempt, plan).await {
        Ok(armed) => armed,
        Err(problem) => {
            attempt.abandon(&problem).await;
            return ReissueEnd::NotSent(problem);
        }
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
    let marker = plan.change.add.as_ref().and_then(|add| Marker::split(add.number.as_ref()?.raw()).1);
    let records = means.ledger.intents_of(&plan.request.holder).await.map_err(|e| ledger_problem(&e))?;
    let spent = records.iter().any(|r| {
        let same_marker = marker.is_some() && r.purpose.marker == marker;
        same_marker || (r.purpose.type_link == plan.old.type_link && r.opened > plan.read_at)
    });
    if spent {
        return Err(Problem::new(
            ProblemKind::Stale,
            "something was done for this person since the preview",
            "a preview is good for one change",
            "nothing was sent; open it again",
        ));
    }
    let act = match plan.mode {
        ReissueMode::Swap => Act::Swap,
        ReissueMode::AfterAccept => Act::Issue,
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
    // Before the list is read: what happens from here on is in the feed. Without a bookmark there is simply no
    // feed evidence later.
    let bookmark = means.provider.bookmark().await.ok().flatten();
    let view = LiveView::read(means, &plan.request.holder, &plan.request.holder_link).await?;
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

/// One person is worked on by one process at a time (invariant I6).
pub(super) async fn take_lease(means: &Means, holder: &HolderId) -> Result<(), Problem> {
    if means.ledger.claim(holder, &means.owner).await.map_err(|e| ledger_problem(&e))? {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Refused,
        "this person is being worked on by another passdesk on this desk",
        "",
        "wait until that is done",
    ))
}

/// Gives the lease back. If that fails, the next process takes it over from a dead one.
pub(super) async fn give_lease_back(means: &Means, holder: &HolderId) {
    let _ = means.ledger.release(holder, &means.owner).await;
}
