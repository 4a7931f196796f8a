//! A person answers what reading could not: with the evidence of a live read before her, a reason, and nothing sent.
//!
//! What she chooses among several is CLAIMED at most (safety.md 4.1: adoption), because choosing proves nothing: the
//! question is over, the person can be worked on again, and the credential itself stays out of reach of whatever
//! cannot be taken back. A second person is not asked: that rule of safety.md 2.1 protects what a decision would
//! permit, and this one permits nothing (decision 14: none is asked for one card unless the site says so).

use super::Means;
use super::attempt::{append_in_order, binding, candidates, draft};
use super::gate::{LiveView, ledger_problem, ledger_ready};
use super::recovery;
use super::turn::young;
use crate::domain::credential::{Credential, State};
use crate::domain::decision::{Case, Choice, Verdict, reason_problem};
use crate::domain::ids::IntentId;
use crate::domain::journal::{Act, Binding, IntentRecord, IntentState, Payload, Proof, Seen};
use crate::domain::ownership::Ownership;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::Settled;
use crate::domain::text::SafeText;

/// The question, and the answers that a live read leaves open. Reads only.
///
/// # Errors
/// If it is no open question, or vendor or ledger do not answer.
pub async fn case(means: &Means, intent: IntentId) -> Result<Case, Problem> {
    let record = means.ledger.intent(intent).await.map_err(|e| ledger_problem(&e))?.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, format!("the ledger has no intent {intent}"), "", "see `jobs list`")
    })?;
    let asks = matches!(record.state, IntentState::Ambiguous | IntentState::Diverged | IntentState::Held);
    if !asks && record.state != IntentState::Unknown {
        return Err(Problem::new(
            ProblemKind::Refused,
            "there is nothing to decide",
            format!("it is {}", record.state),
            "",
        ));
    }
    let view = LiveView::read(means, &record.purpose.holder, &record.purpose.holder_link).await?;
    let mut choices = Vec::new();
    if asks && record.purpose.act.makes() {
        choices.extend(possible(&view, &record).map(|(card, whose)| this(&view, &record, card, whose)));
    } else if asks {
        choices.push(done(&view, &record));
    }
    match record.state {
        IntentState::Held => choices.extend([nothing(&view, &record), plain(Verdict::WrittenOff)]),
        IntentState::Unknown if recovery::leaves_it_to_a_person(&record) && record.purpose.act.makes() => {
            choices.extend([nothing(&view, &record), plain(Verdict::Held)]);
        }
        _ => choices.push(plain(Verdict::Held)),
    }
    Ok(Case {
        intent,
        holder: record.purpose.holder.clone(),
        name: view.read.holder.name().safe(),
        act: record.purpose.act,
        class: record.purpose.class,
        state: record.state,
        said: SafeText::of(record.remark.as_ref().map_or("", |r| &r.text)),
        choices,
        read_at: view.read_at,
        mark: view.mark(),
    })
}

/// Records a person's answer, if a second look still bears out what she saw.
///
/// # Errors
/// If the reason is none, the answer is not open, or anything changed since.
pub async fn decide(means: &Means, shown: &Case, verdict: &Verdict, reason: &str) -> Result<Settled, Problem> {
    if let Some(why) = reason_problem(reason) {
        return Err(Problem::new(ProblemKind::Usage, why, "it is kept in the journal", "nothing was recorded"));
    }
    ledger_ready(means)?;
    young(means, shown.read_at, shown.mark)?;
    let closed = |why: &str| Problem::new(ProblemKind::Refused, "this cannot be decided so", why, "look at it again");
    let Some(seen) = shown.choice(verdict) else { return Err(closed("it is none of the answers")) };
    if let Some(why) = seen.refused {
        return Err(closed(why));
    }
    if *verdict == Verdict::Held {
        return recovery::hold(means, shown.intent, reason).await;
    }
    if *verdict == Verdict::Nothing {
        return recovery::nothing_was_made(means, shown.intent, reason).await;
    }
    if !means.ledger.claim(&shown.holder, &means.owner).await.map_err(|e| ledger_problem(&e))? {
        return Err(closed("this person is being worked on by another passdesk on this desk"));
    }
    let decided = record(means, shown, verdict, seen, reason).await;
    // If that fails, the next process takes it over once this one is gone.
    let _ = means.ledger.release(&shown.holder, &means.owner).await;
    decided
}

async fn record(
    means: &Means,
    shown: &Case,
    verdict: &Verdict,
    seen: &Choice,
    reason: &str,
) -> Result<Settled, Problem> {
    use IntentState as S;
    let now = case(means, shown.intent).await?;
    if now.state != shown.state || now.mark.seq != shown.mark.seq || now.choice(verdict) != Some(seen) {
        return Err(Problem::new(
            ProblemKind::Stale,
            "it is not as it was shown any more",
            "the vendor or another passdesk changed something",
            "nothing was recorded; look at it again",
        ));
    }
    let record = means.ledger.intent(shown.intent).await.map_err(|e| ledger_problem(&e))?;
    let Some(record) = record else { return Err(Problem::new(ProblemKind::NotFound, "it is gone", "", "")) };
    let view = LiveView::read(means, &record.purpose.holder, &record.purpose.holder_link).await?;
    let object = match verdict {
        Verdict::This(id) => view.card(id).map(|(card, _)| Seen::of(card)),
        _ => None,
    };
    // Which others there were stays on record.
    let known = record.remark.as_ref().map(|r| r.candidates.clone()).unwrap_or_default();
    let mut all = known;
    for (card, _) in possible(&view, &record) {
        if !all.iter().any(|seen| seen.is(card)) {
            all.push(Seen::of(card));
        }
    }
    let earlier = record.binding.clone().unwrap_or_default();
    let gone = record.purpose.old.clone().filter(|old| record.purpose.act == Act::Swap && view.object(old).is_none());
    let bound = Binding { object, proofs: vec![Proof::Person], ended: gone, ..earlier };
    let text = format!("decided by a person: {}", reason.trim());
    let steps: Vec<(IntentState, Payload)> = match (verdict, record.state) {
        (Verdict::WrittenOff, _) => vec![(S::WrittenOff, candidates(text.clone(), all))],
        (_, S::Diverged) => vec![(S::Bound, binding(&bound)), (S::Done, candidates(text.clone(), all))],
        _ => vec![(S::Applied, binding(&bound)), (S::Bound, binding(&bound)), (S::Done, candidates(text.clone(), all))],
    };
    let state = steps.last().map_or(record.state, |(state, _)| *state);
    let drafts = steps.into_iter().map(|(state, payload)| draft(means, record.intent, state, payload, None)).collect();
    append_in_order(means.ledger.as_ref(), drafts).await.map_err(|e| ledger_problem(&e))?;
    Ok(Settled { intent: record.intent, holder: record.purpose.holder, state, words: text })
}

/// The credentials that the change could have made, as they stand now: those that were named, those that carry its
/// marker, and those of its type that were not there before.
fn possible<'a>(view: &'a LiveView, record: &'a IntentRecord) -> impl Iterator<Item = (&'a Credential, &'a Ownership)> {
    let named = record.remark.as_ref().map(|r| r.candidates.as_slice()).unwrap_or_default();
    let before = record.snapshot.as_ref().map(|s| s.before.as_slice());
    let marker = record.purpose.marker.as_ref();
    view.read.credentials.iter().zip(&view.grades).filter(move |(card, _)| {
        let carries = marker.is_some() && card.marker.as_ref() == marker;
        let new = card.type_link == record.purpose.type_link
            && before.is_some_and(|before| !before.iter().any(|seen| seen.is(card)));
        record.purpose.act.makes() && (carries || new || named.iter().any(|seen| seen.is(card)))
    })
}

fn this(view: &LiveView, record: &IntentRecord, card: &Credential, whose: &Ownership) -> Choice {
    let before = record.snapshot.as_ref().map(|s| s.before.as_slice()).unwrap_or_default();
    let marker = record.purpose.marker.as_ref();
    let bound_to_another = view.bound_otherwise(record).any(|seen| seen.is(card));
    let refused = if before.iter().any(|seen| seen.is(card)) {
        Some("it was there before anything was sent")
    } else if bound_to_another {
        Some("another change of ours made it")
    } else if card.type_link != record.purpose.type_link {
        Some("it is of another card type")
    } else if card.state() == State::Ended {
        Some("it has ended")
    } else {
        None
    };
    let mut because = vec![SafeText::of(&format!("{}, {}", card.state(), card.type_name.safe()))];
    because.push(SafeText::of(match (marker, card.marker.as_ref()) {
        (Some(ours), Some(its)) if ours == its => "carries our mark",
        (Some(_), _) => "does not carry our mark",
        (None, _) => "this tenant uses no marks",
    }));
    because.extend(whose.clues.iter().cloned());
    let verdict = Verdict::This(card.id.clone());
    Choice { verdict, because, refused, fingerprint: card.fingerprint() }
}

/// Of an act on one credential: how that stands now.
fn done(view: &LiveView, record: &IntentRecord) -> Choice {
    let now = record.purpose.old.as_ref().and_then(|old| view.object(old)).map(|(card, _)| card);
    let (clue, fingerprint) = match now {
        None => ("it is not listed".to_owned(), String::new()),
        Some(card) => (format!("it is {} now", card.status_word.safe()), card.fingerprint()),
    };
    let wanted = record.purpose.target.as_deref().unwrap_or("gone");
    let because = vec![SafeText::of(&format!("asked for: {wanted}")), SafeText::of(&clue)];
    Choice { verdict: Verdict::Done, because, refused: None, fingerprint }
}

fn nothing(view: &LiveView, record: &IntentRecord) -> Choice {
    let mut choice = plain(Verdict::Nothing);
    if possible(view, record).next().is_some() {
        choice.refused = Some("something is there that it could have made");
    }
    let as_before = |old: &Seen| view.object(old).is_some_and(|(card, _)| card.fingerprint() == old.fingerprint);
    if !record.purpose.act.makes() && !record.purpose.old.as_ref().is_some_and(as_before) {
        choice.refused = Some("the pass is not as it was");
    } else if !record.purpose.act.makes() && view.changed_since(record) {
        choice.refused = Some("a later change of ours may have put the pass back");
    }
    choice
}

fn plain(verdict: Verdict) -> Choice {
    Choice { verdict, because: Vec::new(), refused: None, fingerprint: String::new() }
}
