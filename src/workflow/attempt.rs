//! One intent on its way from INTENT to a recorded outcome: the order in which things become durable, shared
//! by every mutation. Nothing in here decides whether to send; it only makes sure that what is decided, sent
//! and learnt is on disk at the right moment.

use super::Means;
use super::binding::{Finding, Traces};
use super::gate::{LiveView, ledger_problem};
use crate::domain::change::{CredentialChange, PreparedChange};
use crate::domain::credential::Credential;
use crate::domain::ids::{CredentialId, IntentId, Link};
use crate::domain::journal::{
    Binding, EventDraft, IntentRecord, IntentState, Payload, Proof, Purpose, Remark, Seen, Snapshot,
};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReadMark, ReissueEnd};
use crate::ports::ledger::{Ledger, LedgerError};
use crate::ports::permit::Permit;
use crate::ports::provider::{FeedRow, ProviderError, ProviderErrorKind, SendOutcome};
use jiff::Timestamp;
use std::time::Duration;

/// Waits before each read-back after a proven success: list and change feed may lag a moment behind the answer.
const READ_BACK_AFTER: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// The longest deadline that a site may configure for a request, with that for its connection and a little air.
const LONGEST_REQUEST: Duration = Duration::from_secs(70);

/// Every call is the first attempt of its intent: trying again is a new command, and so a new intent.
pub(super) const ATTEMPT: u16 = 1;

/// A recorded intent that this process works on.
pub(super) struct Attempt<'a> {
    pub(super) means: &'a Means,
    pub(super) intent: IntentId,
    pub(super) purpose: Purpose,
}

/// The request that may be sent, and the leave to send it.
pub(super) struct Armed {
    pub(super) permit: Permit,
    pub(super) request: PreparedChange,
    pub(super) snapshot: Snapshot,
}

/// What the vendor showed after a call, and what it means.
#[derive(Clone, Debug)]
pub(super) struct ReadBack {
    pub(super) view: LiveView,
    pub(super) finding: Finding,
    /// True if the feed was read and shows no card added for the person.
    pub(super) feed_silent: bool,
    /// True if the old object was there before and is gone.
    pub(super) old_is_gone: bool,
    /// True if anything could be an effect of the call.
    pub(super) anything_new: bool,
    /// Of an act on one object: it is exactly what it was before.
    pub(super) as_before: bool,
}

impl<'a> Attempt<'a> {
    /// Records INTENT.
    pub(super) async fn open(means: &'a Means, purpose: Purpose) -> Result<Self, Problem> {
        let intent = IntentId(means.ids.uuid());
        let attempt = Self { means, intent, purpose };
        let payload = Payload::Purpose(Box::new(attempt.purpose.clone()));
        let draft = attempt.draft(IntentState::Intent, payload, None);
        means.ledger.append(draft).await.map_err(|e| ledger_problem(&e))?;
        Ok(attempt)
    }

    /// One person is worked on by one process at a time (invariant I6). From before the snapshot to the recorded
    /// outcome (decision 22).
    pub(super) async fn take_lease(&self) -> Result<(), Problem> {
        let Means { ledger, owner, .. } = self.means;
        if ledger.claim(&self.purpose.holder, owner).await.map_err(|e| ledger_problem(&e))? {
            return Ok(());
        }
        Err(Problem::new(
            ProblemKind::Refused,
            "this person is being worked on by another passdesk on this desk",
            "",
            "wait until that is done",
        ))
    }

    /// Gives the lease back. If that fails, the next process takes it over once this one is gone.
    pub(super) async fn give_lease_back(&self) {
        let _ = self.means.ledger.release(&self.purpose.holder, &self.means.owner).await;
    }

    /// A plan serves once, and only while nothing else of ours happened to the person. Looked at after INTENT, which
    /// keeps everybody else out. Earlier calls of the same piece of work are no surprise. Which came first, the
    /// journal's own order says, and no clock (invariant I25).
    pub(super) fn not_spent(&self, view: &LiveView, shown: ReadMark) -> Result<(), Problem> {
        let purpose = &self.purpose;
        let mut others = view.records.iter().filter(|r| r.intent != self.intent && r.purpose.saga != purpose.saga);
        let spent = others.any(|r| {
            let same_marker = purpose.marker.is_some() && r.purpose.marker == purpose.marker;
            same_marker || (r.purpose.type_link == purpose.type_link && r.seq > shown.seq)
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

    /// Ends an intent of which nothing was sent. If even that cannot be written, the next start does it.
    pub(super) async fn give_up(&self, why: Problem) -> ReissueEnd {
        let words = format!("nothing was sent: {}", clipped(&why));
        let _ = self.means.ledger.append(self.draft(IntentState::Abandoned, remark(words, None), None)).await;
        self.give_lease_back().await;
        ReissueEnd::NotSent(why)
    }

    /// Records what was there before and the exact request, then SENDING, which gives the leave to send.
    ///
    /// The read behind `view` must still be young when SENDING is durable: the gate is only as good as that.
    pub(super) async fn arm(
        &self,
        view: &LiveView,
        bookmark: Option<Link>,
        change: &CredentialChange,
        expect_contact: String,
    ) -> Result<Armed, Problem> {
        let Means { provider, ledger, clock, operator, .. } = self.means;
        let request = provider.prepare(change).map_err(|e| e.problem(&provider.profile().name))?;
        let snapshot = Snapshot {
            before: view.read.credentials.iter().map(Seen::of).collect(),
            bookmark,
            request: request.digest(),
            expect_contact,
        };
        let payload = Payload::Snapshot(Box::new(snapshot.clone()));
        let draft = self.draft(IntentState::Snapshotted, payload, view.read.server_date);
        ledger.append(draft).await.map_err(|e| ledger_problem(&e))?;
        if !view.is_live(self.means) {
            return Err(Problem::new(
                ProblemKind::Stale,
                "the read of the person is too old to act on",
                "more than 30 s passed before anything could be sent",
                "try again",
            ));
        }
        let permit = Permit::after_sending(ledger.as_ref(), self.intent, ATTEMPT, &request, operator, clock.now())
            .await
            .map_err(|e| ledger_problem(&e))?;
        Ok(Armed { permit, request, snapshot })
    }

    /// Sends the request once. An answer that comes after the longest deadline is a time-out, whatever it says: the
    /// machine slept or the process was stopped meanwhile, and what else happened in that time only reading tells.
    pub(super) async fn send(&self, permit: Permit, request: &PreparedChange) -> SendOutcome {
        let clock = &self.means.clock;
        let asked = clock.elapsed();
        let outcome = self.means.provider.send(permit, request).await;
        let took = clock.elapsed().saturating_sub(asked);
        match outcome {
            SendOutcome::Applied { .. } | SendOutcome::Rejected(_) if took > LONGEST_REQUEST => {
                let words =
                    format!("the answer was looked at {} s after the request: it counts as none", took.as_secs());
                SendOutcome::Unknown(ProviderError::new(ProviderErrorKind::OutcomeUnknown, words))
            }
            outcome => outcome,
        }
    }

    /// Records one or more states in one go.
    pub(super) async fn record(
        &self,
        steps: Vec<(IntentState, Payload)>,
        server_date: Option<Timestamp>,
    ) -> Result<(), LedgerError> {
        let drafts = steps.into_iter().map(|(state, payload)| self.draft(state, payload, server_date)).collect();
        append_in_order(self.means.ledger.as_ref(), drafts).await
    }

    fn draft(&self, state: IntentState, payload: Payload, server_date: Option<Timestamp>) -> EventDraft {
        draft(self.means, self.intent, state, payload, server_date)
    }

    /// Reads the person until the effect of an applied call is clear, a few times at most.
    pub(super) async fn read_back(
        &self,
        snapshot: &Snapshot,
        named: Option<&CredentialId>,
    ) -> Result<ReadBack, Problem> {
        // Without a marker, what is unclear now may become clear when the feed has caught up.
        let feed_decides = self.purpose.marker.is_none()
            && snapshot.bookmark.is_some()
            && self.means.provider.profile().feed_operator.is_some();
        let mut last = None;
        for wait in READ_BACK_AFTER {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let seen = look(self.means, &self.purpose, snapshot, true, named).await;
            let final_word = match seen.as_ref().map(|s| &s.finding) {
                Ok(Finding::Found(_)) => true,
                Ok(Finding::Unclear { .. }) => !feed_decides,
                Ok(Finding::Nothing | Finding::Unproved { .. }) | Err(_) => false,
            };
            if final_word {
                return seen;
            }
            last = Some(seen);
        }
        last.unwrap_or_else(|| Err(Problem::new(ProblemKind::Failed, "nothing was read", "", "")))
    }
}

/// Reads the person, and the feed if the snapshot has a bookmark, and judges what our call did.
pub(super) async fn look(
    means: &Means,
    purpose: &Purpose,
    snapshot: &Snapshot,
    proven: bool,
    named: Option<&CredentialId>,
) -> Result<ReadBack, Problem> {
    let view = LiveView::read(means, &purpose.holder, &purpose.holder_link).await?;
    // After the list, so that a row about anything in the list is there already. A feed that does not answer
    // is no evidence, in either direction; that there should be one, the bookmark still says.
    let rows: Option<Vec<FeedRow>> = match &snapshot.bookmark {
        Some(bookmark) => means.provider.changes_since(bookmark).await.ok().map(|feed| feed.rows),
        None => None,
    };
    let this_one = |r: &IntentRecord| (r.purpose.saga, r.purpose.act) == (purpose.saga, purpose.act);
    let made = view.records.iter().filter(|r| r.purpose.act.makes() && !this_one(r));
    let others: Vec<Seen> = made.filter_map(|r| r.binding.as_ref()?.object.clone()).collect();
    let traces = Traces {
        purpose,
        snapshot,
        after: &view.read.credentials,
        whole: view.read.whole,
        feed: rows.as_deref(),
        us: means.provider.profile().feed_operator.as_ref(),
        proven,
        named,
        others: &others,
    };
    let (finding, feed_silent) = (traces.judge(), traces.feed_shows_no_addition());
    let finding = match view.clock {
        Some(trouble) => finding.without_comparison(trouble.clause()),
        None => finding,
    };
    let (old_is_gone, anything_new) = (traces.old_is_gone(), traces.anything_new());
    let as_before = traces.as_before();
    let found = ReadBack { view, finding, feed_silent, old_is_gone, anything_new, as_before };
    if proven || !rests_on_absence(&found.finding) || still_absent(means, purpose).await? {
        return Ok(found);
    }
    // Nobody said that the call was applied, and one list alone leaves out what the next one has.
    Ok(ReadBack { finding: Finding::Nothing, old_is_gone: false, ..found })
}

/// The old object is not listed, and the finding depends on that: what is listed as ended is there to be seen.
fn rests_on_absence(finding: &Finding) -> bool {
    let Finding::Found(bound) = finding else { return false };
    bound.proofs.contains(&Proof::Absence) || bound.object.is_some() && bound.ended.is_some()
}

/// Reads the person once more: the old object is not in the second whole list either.
async fn still_absent(means: &Means, purpose: &Purpose) -> Result<bool, Problem> {
    let again = LiveView::read(means, &purpose.holder, &purpose.holder_link).await?;
    let there = purpose.old.as_ref().is_some_and(|old| again.object(old).is_some());
    Ok(again.read.whole && !there)
}

/// An event of an intent as this process writes it now.
pub(super) fn draft(
    means: &Means,
    intent: IntentId,
    state: IntentState,
    payload: Payload,
    server_date: Option<Timestamp>,
) -> EventDraft {
    let (operator, wall) = (means.operator.clone(), means.clock.now());
    EventDraft { intent, state, attempt: ATTEMPT, payload, operator, wall, server_date }
}

/// Appends events that belong together: one transaction where there are several.
pub(super) async fn append_in_order(ledger: &dyn Ledger, mut drafts: Vec<EventDraft>) -> Result<(), LedgerError> {
    match (drafts.len(), drafts.pop()) {
        (1, Some(only)) => ledger.append(only).await.map(|_| ()),
        (_, Some(last)) => {
            drafts.push(last);
            ledger.append_all(drafts).await.map(|_| ())
        }
        _ => Ok(()),
    }
}

/// The payload of an event that carries words only.
pub(super) fn remark(text: impl Into<String>, status: Option<u16>) -> Payload {
    Payload::Remark(Remark { text: text.into(), status, candidates: Vec::new() })
}

/// The payload of an event that names candidates.
pub(super) fn candidates(text: impl Into<String>, candidates: Vec<Seen>) -> Payload {
    Payload::Remark(Remark { text: text.into(), status: None, candidates })
}

/// The payload of an event that says which object it is.
pub(super) fn binding(binding: &Binding) -> Payload {
    Payload::Binding(Box::new(binding.clone()))
}

/// The words of an operator are hers; the journal keeps at most so many characters of a vendor's.
pub(super) fn clipped(problem: &Problem) -> String {
    problem.to_string().chars().take(400).collect()
}

/// The credential behind a remembered object in a read-back.
pub(super) fn card_of(view: &LiveView, object: Option<&Seen>) -> Option<Credential> {
    Some(view.object(object?)?.0.clone())
}
