//! Reissue: replace one credential by a new one, so that at every moment it is known what was sent, what came of it,
//! and which pass is ours.
//!
//! [`preview`] computes what would happen; [`run`] does what the operator confirmed; [`retire`] is the second
//! half of a reissue that waits for the new pass to be accepted.

use super::Means;
use super::attempt::{Armed, Attempt};
use super::gate::{LiveView, ledger_ready};
use super::preview::{KEEP, half_done, mode, order, reissuable, still_valid};
use super::turn::{self, Step, Tell, carry_out, confirmed};
use crate::domain::change::{CredentialChange, Turn};
use crate::domain::credential::{Credential, CredentialClass, State, System};
use crate::domain::ids::{IntentId, Link, SagaId};
use crate::domain::journal::{Act, IntentRecord, Purpose, Seen, contact_hash};
use crate::domain::lifecycle::{Verb, reached};
use crate::domain::policy::{ReissueMode, Why};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissueEnd, ReissuePlan, ReissueStep, retirement};
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
    let why = match ledger_ready(means).and_then(|()| still_valid(means, &plan)) {
        Ok(why) => why,
        Err(problem) => return ReissueEnd::NotSent(problem),
    };
    if plan.mode == ReissueMode::HolderAdds {
        return ReissueEnd::Watching(Box::new(plan));
    }
    let work = Work { means, plan, why, saga: SagaId(means.ids.uuid()) };
    Box::pin(work.carry_on(&mut move |step| progress(step))).await
}

/// The digital card that the holder made since the preview, once it works; the first of them in the vendor's order.
/// Reads only. It is nobody's at this desk, whatever it is called: the old one is ended by a command of its own.
///
/// # Errors
/// If the vendor or the ledger does not answer.
pub async fn new_card_of_holder(means: &Means, plan: &ReissuePlan) -> Result<Option<Credential>, Problem> {
    let view = LiveView::read(means, &plan.request.holder, &plan.request.holder_link).await?;
    let new = |card: &&Credential| {
        card.class == plan.old.class && card.state() == State::Active && !plan.before.contains(&card.id)
    };
    Ok(view.read.credentials.iter().find(new).cloned())
}

/// True unless the vendor shows that somebody finished what the journal has as HALF DONE: a card that is not as it was
/// made has gone on its way. Reads only; what cannot be read counts as open.
pub async fn is_still_half(means: &Means, record: &IntentRecord) -> bool {
    let made = record.binding.as_ref().and_then(|b| b.object.as_ref()).filter(|_| record.purpose.act.makes());
    let Some(made) = made else { return true };
    match LiveView::read(means, &record.purpose.holder, &record.purpose.holder_link).await {
        Ok(view) => view.object(made).is_some_and(|(card, _)| card.status_word.raw() == UNPRINTED),
        Err(_) => true,
    }
}

/// The word of a card that was made and not sent to its printer (cardexchange.md section 7, step 5).
const UNPRINTED: &str = "initialized";

/// A confirmed reissue on its way.
struct Work<'a> {
    means: &'a Means,
    plan: ReissuePlan,
    why: Why,
    saga: SagaId,
}

impl Work<'_> {
    async fn carry_on(&self, tell: Tell<'_>) -> ReissueEnd {
        let stopped = match &self.plan.stop {
            None => None,
            Some(stop) => match Box::pin(self.stop(stop, tell)).await {
                ReissueEnd::Done { intent, .. } => Some(intent),
                // Nothing was issued, and whether the old one is stopped, the intent of the stop says.
                other => return other,
            },
        };
        match (Box::pin(self.issue(tell)).await, stopped) {
            (ReissueEnd::NotSent(problem) | ReissueEnd::Rejected(_, problem), Some(stop)) => {
                ReissueEnd::HalfDone(stop, only_stopped(&problem))
            }
            (end, _) => Box::pin(self.follow_up(end, tell)).await,
        }
    }

    async fn stop(&self, stop: &CredentialChange, tell: Tell<'_>) -> ReissueEnd {
        let verb = stop.turn.as_ref().map_or(Verb::End, |turn| turn.verb);
        let step = self.step(verb, Seen::of(&self.plan.old), stop.clone());
        carry_out(self.means, &step, tell).await
    }

    fn step(&self, verb: Verb, object: Seen, change: CredentialChange) -> Step {
        Step {
            saga: self.saga,
            mode: self.plan.mode,
            act: verb.into(),
            verb,
            object,
            change,
            ticket: self.plan.request.ticket.clone(),
            note: self.plan.request.note.clone(),
            shown: self.plan.mark,
            level: self.plan.level,
        }
    }

    async fn issue(&self, tell: Tell<'_>) -> ReissueEnd {
        let purpose = match self.purpose().await {
            Ok(purpose) => purpose,
            Err(problem) => return ReissueEnd::NotSent(problem),
        };
        let attempt = match Attempt::open(self.means, purpose).await {
            Ok(attempt) => attempt,
            Err(problem) => return ReissueEnd::NotSent(problem),
        };
        tell(ReissueStep::Checking);
        let Armed { permit, request, snapshot } = match self.check_and_arm(&attempt).await {
            Ok(armed) => armed,
            Err(problem) => return attempt.give_up(problem).await,
        };
        let intent = attempt.intent;
        tell(ReissueStep::Sending(intent));
        let outcome = attempt.send(permit, &request).await;
        attempt.conclude(outcome, &snapshot, move || tell(ReissueStep::ReadingBack(intent))).await
    }

    async fn purpose(&self) -> Result<Purpose, Problem> {
        let plan = &self.plan;
        let act = if plan.mode == ReissueMode::Swap { Act::Swap } else { Act::Issue };
        // What was stopped a moment ago reads otherwise than in the preview; what waits for its end is what is there.
        let old = if plan.stop.is_some() {
            let view = LiveView::read(self.means, &plan.request.holder, &plan.request.holder_link).await?;
            view.object(&Seen::of(&plan.old)).map(|(card, _)| card.clone())
        } else {
            Some(plan.old.clone())
        };
        let waits = |card: &Credential| act == Act::Swap || retirement(card).is_ok();
        Ok(Purpose {
            saga: self.saga,
            mode: plan.mode,
            act,
            holder: plan.request.holder.clone(),
            holder_link: plan.request.holder_link.clone(),
            type_link: plan.old.type_link.clone(),
            class: plan.old.class,
            marker: plan.change.marker.clone(),
            old: old.filter(|card| !plan.leaves_old && waits(card)).map(|card| Seen::of(&card)),
            target: None,
            prints: self.plan.old.class == CredentialClass::PrintedCard,
            why: self.why,
            ticket: plan.request.ticket.clone(),
            note: plan.request.note.clone(),
            owner: self.means.owner.clone(),
        })
    }

    /// Reads again, computes the gate again, and only then makes the request that may be sent.
    async fn check_and_arm(&self, attempt: &Attempt<'_>) -> Result<Armed, Problem> {
        let (means, plan) = (self.means, &self.plan);
        attempt.take_lease().await?;
        // Before the list is read: what happens from here on is in the feed.
        let bookmark = bookmark(means).await?;
        let view = LiveView::read(means, &plan.request.holder, &plan.request.holder_link).await?;
        view.nothing_open(Some(attempt.intent))?;
        attempt.not_spent(&view, plan.mark)?;
        let mut change = plan.change.clone();
        if let Some(stop) = &plan.stop {
            self.stays_stopped(attempt, &view, stop)?;
        } else {
            let (old, _) = view.card(&plan.request.credential).ok_or_else(|| turn::gone(&plan.request.credential))?;
            LiveView::unchanged(old, &plan.old.fingerprint())?;
            reissuable(&view, old)?;
            let may_end = view.may_end(means, old).await;
            let leaves_old = may_end.is_err();
            if let Ok(needed) = may_end {
                confirmed(plan.level, needed)?;
            }
            let half = half_done(&view.records, old, Some(attempt.intent)).is_some();
            let wanted = if half { ReissueMode::RevokeFirst } else { order(old, plan.why, plan.request.at_once)? };
            let mode = mode(wanted, leaves_old);
            if leaves_old != plan.leaves_old || mode != plan.mode {
                return Err(Problem::new(
                    ProblemKind::Stale,
                    "what may be done with the old pass changed since the preview",
                    "",
                    "nothing was sent; look at it again",
                ));
            }
            if mode == ReissueMode::Swap {
                view.keep_one(old, plan.why, KEEP)?;
            }
            change.remove = (mode == ReissueMode::Swap).then(|| Seen::of(old));
        }
        attempt.arm(&view, bookmark, &change, contact_hash(&plan.old)).await
    }

    /// The old pass is still as our first call left it, and the one that waits for its end is that one.
    fn stays_stopped(&self, attempt: &Attempt<'_>, view: &LiveView, stop: &CredentialChange) -> Result<(), Problem> {
        let target = stop.turn.as_ref().map(|turn| turn.to.as_str());
        let old = view.object(&Seen::of(&self.plan.old)).map(|(card, _)| card);
        let stopped = match (old, target) {
            (Some(card), target) => reached(card, target),
            (None, target) => target.is_none_or(|word| word == "deleted"),
        };
        let as_seen = match (&attempt.purpose.old, old) {
            (Some(seen), Some(card)) => seen.fingerprint == card.fingerprint(),
            (waits, _) => waits.is_none(),
        };
        if stopped && as_seen {
            return Ok(());
        }
        Err(Problem::new(
            ProblemKind::Stale,
            "the old pass changed after it was stopped",
            old.map_or_else(|| "it is not listed".to_owned(), |card| format!("it is {} now", card.state())),
            "look at it again",
        ))
    }

    /// What belongs to the same work and needs no waiting: a new card goes to its printer, and an old pass that does
    /// not work anyway is retired (decision 16).
    async fn follow_up(&self, end: ReissueEnd, tell: Tell<'_>) -> ReissueEnd {
        let (ReissueEnd::Waiting { new, .. } | ReissueEnd::Done { new: Some(new), .. }) = &end else { return end };
        if new.class.system() == System::CardExchange && new.status_word.raw() == UNPRINTED {
            let sent = self.produce(new, tell).await;
            if let Some(problem) = trouble(&sent) {
                let issue = self.issue_intent().await;
                return match (issue, sent) {
                    (Some(issue), ReissueEnd::NotSent(_) | ReissueEnd::Rejected(..)) => {
                        ReissueEnd::HalfDone(issue, not_printed(new, &problem))
                    }
                    (_, sent) => sent,
                };
            }
        }
        let ReissueEnd::Waiting { ownership, new, .. } = &end else { return end };
        if self.plan.mode != ReissueMode::AfterAccept || self.plan.old.usable() {
            return end;
        }
        let (ownership, new) = (ownership.clone(), new.clone());
        let Some(issue) = self.issue_intent().await else { return end };
        let Ok(Some(record)) = self.means.ledger.intent(issue).await else { return end };
        match retire(self.means, record).await {
            ReissueEnd::Done { .. } => ReissueEnd::Done { intent: issue, new: Some(new), ownership: Some(ownership) },
            // It waits as any other does, and is looked at again.
            ReissueEnd::NotSent(_) => end,
            other => other,
        }
    }

    /// Sends a new card to its printer (cardexchange.md section 7, step 5).
    async fn produce(&self, new: &Credential, tell: Tell<'_>) -> ReissueEnd {
        let object = Seen::of(new);
        let from = new.status_word.raw().to_owned();
        let turn = Turn { object: object.clone(), verb: Verb::Set, from, to: "in_production".to_owned() };
        let change =
            CredentialChange { add: None, remove: None, marker: None, turn: Some(turn), ..self.plan.change.clone() };
        carry_out(self.means, &self.step(Verb::Set, object, change), tell).await
    }

    async fn issue_intent(&self) -> Option<IntentId> {
        let records = self.means.ledger.intents_of(&self.plan.request.holder).await.ok()?;
        records.into_iter().find(|r| r.purpose.saga == self.saga && r.purpose.act.makes()).map(|r| r.intent)
    }
}

/// What went wrong, if the work did not come to its end.
fn trouble(end: &ReissueEnd) -> Option<Problem> {
    match end {
        ReissueEnd::Done { .. } | ReissueEnd::Waiting { .. } | ReissueEnd::Watching(_) => None,
        ReissueEnd::NotSent(problem)
        | ReissueEnd::HalfDone(_, problem)
        | ReissueEnd::Rejected(_, problem)
        | ReissueEnd::Unknown(_, problem)
        | ReissueEnd::Ambiguous(_, problem)
        | ReissueEnd::NotRecorded(_, problem) => Some(problem.clone()),
    }
}

fn only_stopped(problem: &Problem) -> Problem {
    Problem::new(
        problem.kind,
        "HALF DONE: the old pass is stopped, and no new one was issued",
        problem.to_string().trim_end_matches('.'),
        "reissue it again: only the new one is issued then",
    )
    .with_detail(&problem.detail)
}

fn not_printed(new: &Credential, problem: &Problem) -> Problem {
    Problem::new(
        problem.kind,
        format!("HALF DONE: the new card {} is made, and not sent to its printer", new.id),
        problem.to_string().trim_end_matches('.'),
        "set its word to in_production",
    )
    .with_detail(&problem.detail)
}

/// Where the change feed stands; `None` if the site offers none, or not to this key. A feed that merely does not
/// answer stops the change: without it, what comes of the change could not be told from a copy by somebody else.
async fn bookmark(means: &Means) -> Result<Option<Link>, Problem> {
    match means.provider.bookmark().await {
        Ok(bookmark) => Ok(bookmark),
        Err(error) if matches!(error.kind, ProviderErrorKind::Forbidden | ProviderErrorKind::NotFound) => Ok(None),
        Err(error) => Err(turn::refused(means, &error)),
    }
}
