//! From the vendor's answer to a recorded ending. An answer is one of three: proven success, proven refusal,
//! unknown (invariant I4); and an ending that could not be written down says so (invariant I9).

use super::attempt::{Attempt, binding, candidates, card_of, clipped, remark};
use super::binding::Finding;
use super::whose;
use crate::domain::journal::{Act, Binding, IntentState, Payload, Seen, Snapshot};
use crate::domain::ownership::Ownership;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::ReissueEnd;
use crate::ports::ledger::LedgerError;
use crate::ports::provider::{Answered, SendOutcome};
use jiff::Timestamp;

impl Attempt<'_> {
    /// Records how the sent request ended and, if it was applied, finds what it made. `reading` is called when
    /// the read-back begins.
    pub(super) async fn conclude(
        &self,
        outcome: SendOutcome,
        snapshot: &Snapshot,
        reading: impl FnOnce() + Send,
    ) -> ReissueEnd {
        let end = self.judge(outcome, snapshot, reading).await;
        self.give_lease_back().await;
        end
    }

    async fn judge(&self, outcome: SendOutcome, snapshot: &Snapshot, reading: impl FnOnce() + Send) -> ReissueEnd {
        let tenant = &self.means.provider.profile().name;
        match outcome {
            SendOutcome::Applied { status, server_date, answer } => {
                self.applied(status, server_date, answer, snapshot, reading).await
            }
            SendOutcome::Rejected(error) => {
                let problem = error.problem(tenant);
                match self.close(IntentState::Rejected, &problem, error.status).await {
                    Ok(()) => ReissueEnd::Rejected(self.intent, problem),
                    Err(lost) => self.not_recorded("the vendor refused, nothing changed", &lost, None),
                }
            }
            SendOutcome::NotSent(error) => {
                let problem = error.problem(tenant);
                match self.close(IntentState::NotSent, &problem, None).await {
                    Ok(()) => ReissueEnd::NotSent(problem),
                    Err(lost) => self.not_recorded("no connection, nothing was sent", &lost, None),
                }
            }
            SendOutcome::Unknown(error) => {
                let problem = error.problem(tenant);
                let step = (IntentState::Unknown, remark(clipped(&problem), error.status));
                match self.record(vec![step], None).await {
                    Ok(()) => ReissueEnd::Unknown(self.intent, problem),
                    Err(lost) => self.not_recorded("the outcome is unknown", &lost, None),
                }
            }
        }
    }

    /// A proof that nothing happened ends the intent: trying again is a new command, and so a new intent.
    async fn close(&self, state: IntentState, problem: &Problem, status: Option<u16>) -> Result<(), LedgerError> {
        let words = clipped(problem);
        let end = (IntentState::Abandoned, remark("nothing changed; a new attempt is a new change", None));
        self.record(vec![(state, remark(words, status)), end], None).await
    }

    async fn applied(
        &self,
        status: u16,
        server_date: Option<Timestamp>,
        answer: Answered,
        snapshot: &Snapshot,
        reading: impl FnOnce() + Send,
    ) -> ReissueEnd {
        // Written before the read-back: that it was applied is known now, and a crash must not lose it, nor the
        // name of what it made, where the answer gave one.
        let pending = Binding { named: answer.made, operation: answer.operation, ..Binding::default() };
        let recorded = self.record(vec![(IntentState::Applied, binding(&pending))], server_date).await;
        reading();
        let seen = self.read_back(snapshot, pending.named.as_ref()).await;
        if let Err(lost) = recorded {
            let object = match seen.as_ref().map(|s| &s.finding) {
                Ok(Finding::Found(bound)) => bound.object.as_ref(),
                _ => None,
            };
            return self.not_recorded(&format!("the change was applied (HTTP {status})"), &lost, object);
        }
        let seen = match seen {
            Ok(seen) => seen,
            Err(problem) => {
                return ReissueEnd::Unknown(
                    self.intent,
                    Problem::new(
                        ProblemKind::OutcomeUnknown,
                        "the change was applied, but the person could not be read back",
                        problem.to_string().trim_end_matches('.'),
                        "it is checked by reading; do not repeat it",
                    ),
                );
            }
        };
        match seen.finding {
            Finding::Found(bound) => {
                let bound = Box::new(Binding { named: pending.named, operation: pending.operation, ..*bound });
                let bound = match self.finish(&bound, seen.view.read.server_date).await {
                    Ok(()) => *bound,
                    Err(lost) => match self.finished_by_another(&lost).await {
                        Some(bound) => bound,
                        None => {
                            return self.not_recorded("the change was applied and found", &lost, bound.object.as_ref());
                        }
                    },
                };
                self.finished(&seen.view, &bound).await
            }
            Finding::Nothing => ReissueEnd::Unknown(self.intent, self.not_visible()),
            Finding::Unproved { candidates: objects, why } => {
                ReissueEnd::Unknown(self.intent, unproved(why, &ids_of(&objects)))
            }
            Finding::Unclear { candidates: objects, why } => {
                let ids = ids_of(&objects);
                let step = (IntentState::Diverged, candidates(format!("applied, but {why}"), objects));
                if let Err(lost) = self.record(vec![step], seen.view.read.server_date).await {
                    return self.not_recorded(&format!("the change was applied, but {why} ({ids})"), &lost, None);
                }
                ReissueEnd::Ambiguous(self.intent, unclear(self.purpose.act, why, &ids))
            }
        }
    }

    async fn finish(&self, bound: &Binding, server_date: Option<Timestamp>) -> Result<(), LedgerError> {
        let steps: Vec<(IntentState, Payload)> =
            vec![(IntentState::Bound, binding(bound)), (IntentState::Done, binding(bound))];
        self.record(steps, server_date).await
    }

    /// The binding, if a look at open work wrote it while we still read: the journal then refuses ours.
    async fn finished_by_another(&self, lost: &LedgerError) -> Option<Binding> {
        if !matches!(lost, LedgerError::Transition(_)) {
            return None;
        }
        let record = self.means.ledger.intent(self.intent).await.ok()??;
        record.binding.filter(|_| record.state == IntentState::Done)
    }

    /// The end of a bound change, with the grade that the new object has from now on.
    async fn finished(&self, view: &super::gate::LiveView, bound: &Binding) -> ReissueEnd {
        let cards = &view.read.credentials;
        let records = self.means.ledger.intents_of(&self.purpose.holder).await.unwrap_or_default();
        let grades = whose::grades(self.means.ledger.as_ref(), &records, &view.imported, cards);
        let at = bound.object.as_ref().and_then(|seen| cards.iter().position(|card| seen.is(card)));
        let ownership: Option<Ownership> = at.and_then(|at| grades.get(at).cloned());
        let new = card_of(view, bound.object.as_ref()).map(Box::new);
        match (new, ownership) {
            (Some(new), Some(ownership)) if self.purpose.act == Act::Issue && self.purpose.old.is_some() => {
                ReissueEnd::Waiting { saga: self.purpose.saga, new, ownership }
            }
            (new, ownership) => ReissueEnd::Done { intent: self.intent, new, ownership },
        }
    }

    fn not_visible(&self) -> Problem {
        let what = match self.purpose.act {
            Act::Retire => "the retirement was accepted, but the old pass does not show it yet",
            Act::Swap | Act::Issue => "the change was accepted, but the new pass is not listed yet",
            Act::Suspend | Act::Resume | Act::Unlink | Act::End | Act::Set | Act::Arrival => {
                "the change was accepted, but the pass does not show it yet"
            }
        };
        Problem::new(ProblemKind::OutcomeUnknown, what, "", "it is checked by reading; do not repeat it")
    }

    /// What a person must be able to write down, when we could not (invariant I9).
    fn not_recorded(&self, what: &str, lost: &LedgerError, object: Option<&Seen>) -> ReissueEnd {
        let mut ids = format!("intent {}, person {}", self.intent, self.purpose.holder);
        let more = [
            self.purpose.marker.as_ref().map(|marker| format!("marker {}", marker.as_str())),
            self.purpose.old.as_ref().map(|old| format!("old pass {}", old.id)),
            object.map(|new| format!("new pass {}", new.id)),
        ];
        for id in more.into_iter().flatten() {
            ids.push_str(", ");
            ids.push_str(&id);
        }
        let problem = Problem::new(
            ProblemKind::OutcomeUnknown,
            format!("NOT RECORDED: {what}"),
            format!("{ids}; {lost}"),
            "write these ids down; do not repeat the change",
        )
        .with_detail(format!("{ids}; {lost}"));
        ReissueEnd::NotRecorded(self.intent, problem)
    }
}

/// The change feed does not bear out what the marker says, as an operator reads it.
fn unproved(why: &str, ids: &str) -> Problem {
    Problem::new(
        ProblemKind::OutcomeUnknown,
        "the change was applied, but it is not proved yet which pass is ours",
        format!("{why} ({ids})"),
        "it is checked by reading; do not repeat it",
    )
}

/// Several objects, or a contradiction, as an operator reads it.
fn unclear(act: Act, why: &str, ids: &str) -> Problem {
    let what = if act.makes() {
        "the change was applied, but it is not clear which pass is ours"
    } else {
        "the change was applied, but the pass does not read back as it should"
    };
    Problem::new(
        ProblemKind::OutcomeUnknown,
        what,
        if ids.is_empty() { why.to_owned() } else { format!("{why} ({ids})") },
        "nothing is touched until a person decides",
    )
}

fn ids_of(objects: &[Seen]) -> String {
    objects.iter().map(|seen| seen.id.to_string()).collect::<Vec<_>>().join(", ")
}
