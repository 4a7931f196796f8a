//! What was left open is settled by reading, never by sending (invariant I5).

use super::Means;
use super::attempt::{ReadBack, append_in_order, binding, candidates, draft, look, remark};
use super::binding::Finding;
use super::gate::ledger_problem;
use crate::domain::credential::{Credential, System};
use crate::domain::ids::IntentId;
use crate::domain::journal::{
    Act, Binding, IntentRecord, IntentState, Payload, ProcessMark, Proof, Remark, Seen, Snapshot,
};
use crate::domain::policy::ReissueMode;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::Settled;
use crate::ports::ledger::LedgerError;
use jiff::Timestamp;

/// When an open outcome is looked at again, in seconds after it became open.
pub const RECONCILE_AT_SECONDS: [u64; 9] = [0, 2, 5, 15, 30, 60, 120, 300, 600];

/// How long after sending an effect may still appear. Absence proves nothing before that.
pub const SETTLE_WINDOW_SECONDS: i64 = 600;

/// How long after sending the only new card may still turn out to be somebody else's while ours is late: the
/// longest request deadline that a site may configure. Until then a mere difference of lists binds nothing.
pub const QUIET_SECONDS: i64 = 60;

/// Why a comparison of lists settles no lost answer by itself: had the call done nothing, and somebody else issued
/// meanwhile, the lists would look exactly as they do. Only a site that says that nobody else issues there can tell.
const OTHERS_MAY_ISSUE: &str = "no answer came, nothing marks the new pass as ours, and others may issue here";

/// Settles what dead processes left behind, as far as reading can. Sends no mutation.
///
/// `alive` says whether a process still runs; its own intents are left to it.
pub async fn recover(means: &Means, alive: &(dyn Fn(&ProcessMark) -> bool + Sync)) -> Vec<Settled> {
    let tenant = &means.provider.profile().name;
    let Ok(open) = means.ledger.unfinished().await else { return Vec::new() };
    let mut settled = Vec::new();
    for record in open {
        if record.purpose.holder.tenant == *tenant && !alive(&record.purpose.owner) {
            settled.push(take_over(means, record).await);
        }
    }
    settled
}

async fn take_over(means: &Means, record: IntentRecord) -> Settled {
    use IntentState as S;
    match record.state {
        S::Intent | S::Snapshotted => {
            let why = remark("nothing was sent before the console stopped", None);
            step(means, &record, vec![(S::Abandoned, why)], "nothing was sent").await
        }
        S::NotSent | S::Rejected | S::NotApplied => {
            let why = remark("nothing changed; a new attempt is a new change", None);
            step(means, &record, vec![(S::Abandoned, why)], "nothing changed").await
        }
        S::Sending => {
            let why = remark("the console stopped before an answer was recorded", None);
            let moved = step(means, &record, vec![(S::Unknown, why)], "the outcome is not known").await;
            match means.ledger.intent(record.intent).await {
                Ok(Some(now)) if now.state == S::Unknown => settle(means, now).await,
                _ => moved,
            }
        }
        _ => settle(means, record).await,
    }
}

/// One step of finding out by reading what became of an intent: UNKNOWN, APPLIED, and DIVERGED without
/// candidates. Everything else is returned as it stands. Call it again by [`RECONCILE_AT_SECONDS`].
pub async fn settle(means: &Means, record: IntentRecord) -> Settled {
    use IntentState as S;
    match record.state {
        S::Unknown => settle_unknown(means, &record).await,
        S::Applied => settle_applied(means, &record).await,
        S::Diverged if record.remark.as_ref().is_none_or(|r| r.candidates.is_empty()) => {
            settle_applied(means, &record).await
        }
        S::Bound => {
            let Some(bound) = &record.binding else { return stands(&record, "bound") };
            step(means, &record, vec![(S::Done, binding(bound))], "done").await
        }
        S::Ambiguous | S::Diverged => stands(&record, "it is not clear which pass is ours: a person must decide"),
        S::Held => stands(&record, "parked by a person"),
        S::Intent | S::Snapshotted | S::Sending => stands(&record, "being worked on"),
        S::NotSent | S::Rejected | S::NotApplied | S::Abandoned => stands(&record, "nothing changed"),
        S::Done | S::WrittenOff => stands(&record, "settled"),
    }
}

/// Records UNKNOWN for an intent whose run ended as
/// [`NotRecorded`](crate::domain::reissue::ReissueEnd::NotRecorded), as soon as the ledger can be written
/// again, and settles it by reading. Only for such an intent: it must not be on its way any more.
///
/// # Errors
/// If it still cannot be recorded.
pub async fn record_late(means: &Means, intent: IntentId) -> Result<Settled, Problem> {
    let record = known(means, intent).await?;
    let now = if record.state == IntentState::Sending {
        let why = remark("the answer came, but could not be recorded then", None);
        means
            .ledger
            .append(draft(means, intent, IntentState::Unknown, why, None))
            .await
            .map_err(|e| ledger_problem(&e))?;
        known(means, intent).await?
    } else {
        record
    };
    Ok(settle(means, now).await)
}

/// Parks an open question with a person's reason: it stays visible, and no longer blocks other changes.
///
/// # Errors
/// If the intent is not an open question, or the ledger cannot be written.
pub async fn hold(means: &Means, intent: IntentId, reason: &str) -> Result<Settled, Problem> {
    let record = known(means, intent).await?;
    if !record.state.next().contains(&IntentState::Held) {
        return Err(Problem::new(
            ProblemKind::Refused,
            "only an open question can be parked",
            format!("it is {}", record.state),
            "",
        ));
    }
    // The candidates stay disputed: a parked question is not an answer.
    let mut candidates = record.remark.as_ref().map(|r| r.candidates.clone()).unwrap_or_default();
    for bearer in bearers(means, &record).await {
        if !candidates.iter().any(|seen| seen.link == bearer.link) {
            candidates.push(bearer);
        }
    }
    let payload = Payload::Remark(Remark { text: reason.to_owned(), status: None, candidates });
    means
        .ledger
        .append(draft(means, intent, IntentState::Held, payload, None))
        .await
        .map_err(|e| ledger_problem(&e))?;
    Ok(Settled { intent, holder: record.purpose.holder, state: IntentState::Held, words: "parked".to_owned() })
}

/// What carries the marker of an intent now. Without an answer none are named; the marker itself keeps them
/// disputed then.
async fn bearers(means: &Means, record: &IntentRecord) -> Vec<Seen> {
    let Some(marker) = record.purpose.marker.as_ref().filter(|_| record.purpose.act.makes()) else { return Vec::new() };
    let Ok(read) = means.provider.holder(&record.purpose.holder, &record.purpose.holder_link).await else {
        return Vec::new();
    };
    let carries = |card: &&Credential| card.marker.as_ref() == Some(marker);
    read.credentials.iter().filter(carries).map(Seen::of).collect()
}

async fn known(means: &Means, intent: IntentId) -> Result<IntentRecord, Problem> {
    means
        .ledger
        .intent(intent)
        .await
        .map_err(|e| ledger_problem(&e))?
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, format!("the ledger has no intent {intent}"), "", ""))
}

async fn settle_unknown(means: &Means, record: &IntentRecord) -> Settled {
    use IntentState as S;
    let seen = match trace(means, record, false).await {
        Ok((seen, _)) => seen,
        Err(words) => return stands(record, words),
    };
    let compared = matches!(&seen.finding, Finding::Found(bound) if bound.proofs.as_slice() == [Proof::Diff]);
    if compared && !quiet(means, record, &seen) {
        return stands(record, "one new pass is there, which nothing marks as ours; looking again in a minute");
    }
    let alone = means.provider.profile().sole_issuer;
    let finding = if alone { seen.finding.clone() } else { seen.finding.clone().without_comparison(OTHERS_MAY_ISSUE) };
    match &finding {
        Finding::Found(bound) => {
            let steps = [S::Applied, S::Bound, S::Done].map(|state| (state, binding(bound)));
            step(means, record, steps.into(), done_words(means, record, bound).await).await
        }
        // Stays open however long it takes: time makes no card ours. A person may park it.
        Finding::Unproved { why, .. } => stands(record, unproved_words(why)),
        Finding::Unclear { candidates: objects, why } => {
            let payload = candidates(format!("it may have been done, but {why}"), objects.clone());
            let words = if record.purpose.act.makes() {
                format!("not clear which pass is ours: {why}; a person must decide")
            } else {
                format!("it may have been done, but {why}; a person must decide")
            };
            step(means, record, vec![(S::Ambiguous, payload)], words).await
        }
        Finding::Nothing if moved_otherwise(means, record, &seen) => {
            let why = "the pass is neither as it was nor as it should be";
            let words = format!("{why}: a person must look at it, then park this");
            step(means, record, vec![(S::Ambiguous, remark(why, None))], words).await
        }
        Finding::Nothing => match nothing_happened(means, record, &seen).await {
            Ok(()) => {
                let steps = vec![
                    (S::NotApplied, remark("proved by reading after the settle window", None)),
                    (S::Abandoned, remark("nothing changed; a new attempt is a new change", None)),
                ];
                step(means, record, steps, "not applied: it may be done again").await
            }
            Err(words) => stands(record, words),
        },
    }
}

async fn settle_applied(means: &Means, record: &IntentRecord) -> Settled {
    use IntentState as S;
    let seen = match trace(means, record, true).await {
        Ok((seen, _)) => seen,
        Err(words) => return stands(record, words),
    };
    match &seen.finding {
        Finding::Found(bound) => {
            // What the answer named and what the vendor calls the operation stay with the binding.
            let earlier = record.binding.clone().unwrap_or_default();
            let bound = Binding { named: earlier.named, operation: earlier.operation, ..(**bound).clone() };
            let steps = [S::Bound, S::Done].map(|state| (state, binding(&bound)));
            step(means, record, steps.into(), done_words(means, record, &bound).await).await
        }
        Finding::Unclear { candidates: objects, why } if record.state == S::Applied => {
            let payload = candidates(format!("applied, but {why}"), objects.clone());
            let words = if record.purpose.act.makes() {
                format!("applied, but not clear which pass is ours: {why}; a person must decide")
            } else {
                format!("applied, but {why}; a person must decide")
            };
            step(means, record, vec![(S::Diverged, payload)], words).await
        }
        Finding::Unclear { why, .. } => stands(record, format!("applied, but {why}; a person must decide")),
        // Without candidates, so that reading goes on: the proof may still come. From there a person can park it.
        Finding::Unproved { why, .. }
            if record.state == S::Applied && past(means, record, &seen, SETTLE_WINDOW_SECONDS) =>
        {
            let payload = remark(format!("applied, but {why}"), None);
            let words = format!("applied, but {why} after ten minutes; a person may park it");
            step(means, record, vec![(S::Diverged, payload)], words).await
        }
        Finding::Unproved { why, .. } => stands(record, unproved_words(why)),
        // Without candidates as well: a vendor may take its time, and a person may stop waiting for it.
        Finding::Nothing
            if !record.purpose.act.makes()
                && record.state == S::Applied
                && past(means, record, &seen, SETTLE_WINDOW_SECONDS) =>
        {
            let why = "the pass does not show it after ten minutes";
            let payload = remark(format!("accepted, but {why}"), None);
            step(means, record, vec![(S::Diverged, payload)], format!("accepted, but {why}; a person may park it"))
                .await
        }
        Finding::Nothing if !record.purpose.act.makes() => {
            stands(record, "the change was accepted, but the pass does not show it yet")
        }
        Finding::Nothing => stands(record, "the change was accepted, but the new pass is not listed yet"),
    }
}

/// Reads what there is to read about an intent.
async fn trace<'a>(means: &Means, record: &'a IntentRecord, proven: bool) -> Result<(ReadBack, &'a Snapshot), String> {
    let Some(snapshot) = &record.snapshot else {
        return Err("it has no snapshot to compare with: a person must decide".to_owned());
    };
    let named = record.binding.as_ref().and_then(|b| b.named.as_ref());
    match look(means, &record.purpose, snapshot, proven, named).await {
        Ok(seen) => Ok((seen, snapshot)),
        Err(problem) => Err(format!("still open: {}", problem.to_string().trim_end_matches('.'))),
    }
}

fn unproved_words(why: &str) -> String {
    format!("a pass that could be ours is there, but {why}; looking again")
}

/// Of an act on one credential: long enough after sending, it is there in a state that neither was nor should be. Who
/// moved it, and whether before or after us, reading cannot tell.
fn moved_otherwise(means: &Means, record: &IntentRecord, seen: &ReadBack) -> bool {
    let turned = !record.purpose.act.makes() && record.purpose.target.is_some();
    turned && !seen.as_before && past(means, record, seen, SETTLE_WINDOW_SECONDS)
}

/// A person closes an open question: two full readings that agree show no effect, and she, who looked in the vendor's
/// own screens, says that there was none. Of what is not parked only where a list is no proof by itself (safety.md 4.3).
///
/// # Errors
/// If the intent is not such a question, the readings do not bear it out, or the ledger cannot be written.
pub async fn nothing_was_made(means: &Means, intent: IntentId, reason: &str) -> Result<Settled, Problem> {
    use IntentState as S;
    let record = known(means, intent).await?;
    let refused = |why: &str| {
        Problem::new(ProblemKind::Refused, "this cannot be confirmed", why, "it stays open; look again later")
    };
    let makes = record.purpose.act.makes();
    let asks = match record.state {
        S::Unknown => makes && leaves_it_to_a_person(&record),
        // Parked is parked by a person: she may close it, if reading bears it out.
        S::Held => true,
        _ => false,
    };
    if !asks {
        return Err(refused("it is not a lost call that a person decides about"));
    }
    let (seen, _) = trace(means, &record, false).await.map_err(|why| refused(&why))?;
    if seen.finding != Finding::Nothing || makes && seen.anything_new {
        return Err(refused("something is there that it could have made"));
    }
    if !makes && !seen.as_before {
        return Err(refused("the pass is not as it was"));
    }
    if !makes && seen.view.changed_since(&record) {
        return Err(refused("a later change of ours may have put the pass back, so how it is now proves nothing"));
    }
    if !past(means, &record, &seen, SETTLE_WINDOW_SECONDS) {
        return Err(refused("an answer may be late: ten minutes must pass"));
    }
    two_equal_lists(means, &record, &seen, true).await.map_err(|why| refused(&why))?;
    let steps = vec![
        (S::NotApplied, remark(format!("a person confirmed it: {reason}"), None)),
        (S::Abandoned, remark("nothing changed; a new attempt is a new change", None)),
    ];
    Ok(step(means, &record, steps, "not applied, as a person confirmed: it may be done again").await)
}

/// Neither a list nor a log of this vendor proves that a lost call made nothing.
pub(super) fn leaves_it_to_a_person(record: &IntentRecord) -> bool {
    matches!(record.purpose.class.system(), System::AccessGrid | System::CardExchange)
}

/// Proof that a lost call had no effect, or why that cannot be said (safety.md 4.3).
async fn nothing_happened(means: &Means, record: &IntentRecord, seen: &ReadBack) -> Result<(), String> {
    let removal = !record.purpose.act.makes();
    if !seen.view.read.whole {
        return Err("not all of the person's passes can be read, so nothing is proved; still open".to_owned());
    }
    if seen.old_is_gone && removal {
        return Err("the pass is not listed, and that is no proof here: a person must look".to_owned());
    }
    if seen.old_is_gone {
        return Err("the old pass is gone, and no new one is found: a person must look".to_owned());
    }
    if seen.anything_new && !removal {
        return Err("a new pass is there, but nothing ties it to us; still open".to_owned());
    }
    if !past(means, record, seen, SETTLE_WINDOW_SECONDS) {
        return Err("no effect seen so far; an answer may be late, so it is not over yet".to_owned());
    }
    if removal {
        not_taken_on(means, record).await?;
    }
    // What a removal should have taken away and did not, proves itself; an addition could be hidden from the
    // list for a while, and only the feed would tell.
    if !removal && !seen.feed_silent {
        return Err(match record.snapshot.as_ref().and_then(|s| s.bookmark.as_ref()) {
            None if leaves_it_to_a_person(record) => {
                two_equal_lists(means, record, seen, true).await?;
                "no new pass in two full lists that agree; that is no proof here: a person may confirm it".to_owned()
            }
            None => "no effect seen, but without a change feed that is no proof: a person must decide".to_owned(),
            Some(_) => "no effect seen, but the change feed does not prove that: a person must decide".to_owned(),
        });
    }
    two_equal_lists(means, record, seen, false).await
}

/// Where acts are operations with our tag in their reason, the vendor's own list of them is asked as well: one that it
/// took on may come to its effect long after the answer was lost (thales-d1.md sections 10 and 11, safety.md 4.3).
async fn not_taken_on(means: &Means, record: &IntentRecord) -> Result<(), String> {
    const NEWEST: usize = 200;
    let tagged = record.purpose.marker.as_ref().filter(|_| record.purpose.class.system() == System::ThalesD1);
    let Some(marker) = tagged else { return Ok(()) };
    let Ok(operations) = means.provider.events_of(&record.purpose.holder, NEWEST).await else {
        return Err("no effect seen, but the vendor's operations cannot be read; still open".to_owned());
    };
    let ours = operations.iter().find(|row| row.note.as_str().contains(marker.digits()));
    match ours.map(|row| row.result.as_str()) {
        None => Ok(()),
        Some(result) if result.starts_with("FAILED") => Ok(()),
        Some(result) if result.starts_with("PENDING") => Err("the vendor took it on and is not done yet".to_owned()),
        Some(_) => Err("the vendor's operations say that it was done, and the pass does not show it: a person must \
                        look"
            .to_owned()),
    }
}

/// A second look shows the same list, and no trace either. Where a person answers for the rest (`by_person`), the feed
/// need not say so as well.
async fn two_equal_lists(means: &Means, record: &IntentRecord, seen: &ReadBack, by_person: bool) -> Result<(), String> {
    let Ok((again, _)) = trace(means, record, false).await else {
        return Err("no effect seen; the second look failed, so it is not over yet".to_owned());
    };
    let list = |view: &ReadBack| {
        let cards = &view.view.read.credentials;
        let mut all: Vec<(String, String)> = cards.iter().map(|c| (c.id.to_string(), c.fingerprint())).collect();
        all.sort();
        all
    };
    let removal = !record.purpose.act.makes();
    let silent = removal || by_person || again.feed_silent;
    if !again.view.read.whole || list(&again) != list(seen) || again.finding != Finding::Nothing || !silent {
        return Err("the person's passes are changing right now; still open".to_owned());
    }
    Ok(())
}

/// Long enough after sending that nothing of ours is still on its way.
fn quiet(means: &Means, record: &IntentRecord, seen: &ReadBack) -> bool {
    past(means, record, seen, QUIET_SECONDS)
}

/// True if both clocks, ours and the vendor's, say that so much time passed since bytes may have left.
fn past(means: &Means, record: &IntentRecord, seen: &ReadBack, seconds: i64) -> bool {
    let Some(sent) = record.sent else { return false };
    let since = |now: Timestamp| now.duration_since(sent).as_secs() >= seconds;
    since(means.clock.now()) && seen.view.read.server_date.is_none_or(since)
}

async fn done_words(means: &Means, record: &IntentRecord, bound: &Binding) -> String {
    let how = bound.proofs.iter().map(|proof| match proof {
        Proof::Answer => "the vendor's answer",
        Proof::Marker => "our marker",
        Proof::Feed => "the vendor's log",
        Proof::Diff => "comparing lists",
        Proof::Absence => "its absence",
        Proof::State => "its state",
        Proof::Person => "a person's decision",
    });
    let how = how.collect::<Vec<_>>().join(", ");
    match record.purpose.act {
        Act::Retire => "done: the old pass is gone or stopped".to_owned(),
        Act::Suspend | Act::Resume | Act::Unlink | Act::End | Act::Set | Act::Arrival => {
            let done = format!("done: the pass is {}", record.purpose.target.as_deref().unwrap_or("gone"));
            if record.purpose.mode == ReissueMode::RevokeFirst && begins_a_reissue(means, record).await {
                format!("{done}; HALF DONE: no new one was issued; reissue it again, and only that is done")
            } else {
                done
            }
        }
        Act::Swap => format!("done: the old pass is gone, the new one was found by {how}"),
        Act::Issue => format!("done: the new pass was found by {how}"),
    }
}

/// True if no other call of its saga was begun: a reissue that stopped after its first half.
async fn begins_a_reissue(means: &Means, record: &IntentRecord) -> bool {
    let all = means.ledger.intents_of(&record.purpose.holder).await.unwrap_or_default();
    !all.iter().any(|r| r.purpose.saga == record.purpose.saga && r.purpose.act.makes())
}

/// Records what was found and says where the intent stands then. If somebody else was faster, what they
/// recorded counts.
async fn step(
    means: &Means,
    record: &IntentRecord,
    steps: Vec<(IntentState, Payload)>,
    words: impl Into<String>,
) -> Settled {
    let last = steps.last().map_or(record.state, |(state, _)| *state);
    let drafts = steps.into_iter().map(|(state, payload)| draft(means, record.intent, state, payload, None)).collect();
    let (state, words) = match append_in_order(means.ledger.as_ref(), drafts).await {
        Ok(()) => (last, words.into()),
        Err(LedgerError::Transition(_)) => match means.ledger.intent(record.intent).await {
            Ok(Some(now)) => (now.state, "settled by another console".to_owned()),
            _ => (record.state, "it could not be read from the ledger".to_owned()),
        },
        Err(error) => (record.state, format!("found out, but NOT RECORDED: {error}")),
    };
    Settled { intent: record.intent, holder: record.purpose.holder.clone(), state, words }
}

fn stands(record: &IntentRecord, words: impl Into<String>) -> Settled {
    Settled { intent: record.intent, holder: record.purpose.holder.clone(), state: record.state, words: words.into() }
}
