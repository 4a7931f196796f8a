//! The late-arrival watch: a change that was held to have had no effect may have one after all. Its marker, seen later
//! in any live read of that person, raises an alarm that stays until somebody deals with it (safety.md 2.1 and 3.7).
//! Reads only: what is recorded is what was seen.

use super::Means;
use super::attempt::{draft, remark};
use super::binding::{Finding, Traces};
use super::gate::{LiveView, ledger_problem};
use crate::domain::credential::{Credential, State};
use crate::domain::ids::{HolderId, IntentId};
use crate::domain::journal::{Act, IntentRecord, IntentState, Marker, Payload, Proof, Purpose, Seen, Snapshot};
use crate::domain::policy::ReissueMode;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::Settled;
use jiff::SignedDuration;

/// For so long after a change was held to have had no effect, its person is read again by herself.
pub const WATCH_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What was found, and whether the journal has it. What it has not is found again at the next look.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// The alarm as people read it.
    pub told: Settled,
    /// True once it is on record.
    pub recorded: bool,
}

/// Reads the people whose changes are watched, but for those that are worked on right now, and raises an alarm for
/// what is there. How many are watched is what the ledger says afterwards.
pub async fn look(means: &Means, busy: &[HolderId]) -> Vec<Alarm> {
    let tenant = &means.provider.profile().name;
    let since = means.clock.now() - WATCH_FOR;
    let Ok(watch) = means.ledger.late_watch(since).await else { return Vec::new() };
    let mut people: Vec<&Purpose> = watch.watched.iter().map(|r| &r.purpose).collect();
    people.retain(|p| p.holder.tenant == *tenant && !busy.contains(&p.holder));
    people.dedup_by(|a, b| a.holder == b.holder);
    let mut alarms = Vec::new();
    for person in people {
        // One that cannot be read now is read the next time.
        if let Ok(view) = LiveView::read(means, &person.holder, &person.holder_link).await {
            alarms.extend(notice(means, &view).await);
        }
    }
    alarms
}

/// True if a live read shows a credential of a change that was held to have had no effect, and nobody recorded it yet.
pub fn is_due(view: &LiveView) -> bool {
    due(view).next().is_some()
}

/// Records what a live read shows of changes that were held to have had no effect.
pub async fn notice(means: &Means, view: &LiveView) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for (record, marker, snapshot, cards) in due(view) {
        let proof = prove(means, view, record, snapshot).await;
        for card in cards {
            alarms.push(raise(means, record, card, marker, &proof).await);
        }
    }
    alarms
}

/// Changes without an effect, and what carries their marker all the same.
fn due(view: &LiveView) -> impl Iterator<Item = (&IntentRecord, &Marker, &Snapshot, Vec<&Credential>)> {
    let recorded = |r: &IntentRecord| {
        view.records.iter().any(|a| a.purpose.act == Act::Arrival && a.purpose.saga == r.purpose.saga)
    };
    view.records.iter().filter_map(move |record| {
        let over = matches!(record.state, IntentState::NotApplied | IntentState::Abandoned | IntentState::WrittenOff);
        if !(over && record.sent.is_some() && record.purpose.act.makes()) || recorded(record) {
            return None;
        }
        let (marker, snapshot) = (record.purpose.marker.as_ref()?, record.snapshot.as_ref()?);
        let known = record.remark.as_ref().map(|r| r.candidates.as_slice()).unwrap_or_default();
        let new = |card: &&Credential| {
            card.marker.as_ref() == Some(marker)
                && card.state() != State::Ended
                && !snapshot.before.iter().chain(known).any(|seen| seen.is(card))
        };
        let cards: Vec<&Credential> = view.read.credentials.iter().filter(new).collect();
        (!cards.is_empty()).then_some((record, marker, snapshot, cards))
    })
}

/// Which object it is, if the evidence says so as surely as when a change is settled at once.
async fn prove(
    means: &Means,
    view: &LiveView,
    record: &IntentRecord,
    snapshot: &Snapshot,
) -> Result<Seen, &'static str> {
    let rows = match &snapshot.bookmark {
        Some(bookmark) => means.provider.changes_since(bookmark).await.ok().map(|feed| feed.rows),
        None => None,
    };
    let rows = rows.map(|mut rows| {
        view.leave_out_other_work(record, &mut rows);
        rows
    });
    // What later changes of ours made is explained.
    let ours: Vec<&Seen> = view.bound_otherwise(record).collect();
    let mut after = view.read.credentials.clone();
    after.retain(|card| !ours.iter().any(|seen| seen.is(card)));
    let traces = Traces {
        purpose: &record.purpose,
        snapshot,
        after: &after,
        whole: view.read.whole,
        feed: rows.as_deref(),
        us: means.provider.profile().feed_operator.as_ref(),
        proven: false,
        named: None,
        others: &[],
    };
    match traces.judge() {
        Finding::Found(bound) if bound.proofs.contains(&Proof::Marker) => {
            bound.object.ok_or("nothing says which object it is")
        }
        Finding::Unclear { why, .. } | Finding::Unproved { why, .. } => Err(why),
        Finding::Found(_) | Finding::Nothing => Err("nothing but the marker says that it is ours"),
    }
}

/// Records the alarm: an intent of which nothing is ever sent.
async fn raise(
    means: &Means,
    record: &IntentRecord,
    card: &Credential,
    marker: &Marker,
    proof: &Result<Seen, &'static str>,
) -> Alarm {
    let proven = proof.as_ref().is_ok_and(|seen| seen.is(card));
    let why = match proof {
        Ok(_) if proven => "its mark proves it ours",
        Ok(_) => "another one carries the mark as well",
        Err(why) => why,
    };
    let held = if record.state == IntentState::WrittenOff { "was written off" } else { "was held not to have worked" };
    let words = format!(
        "ALARM: {} is there, of the {} of {} that {held}; {why}",
        card.id,
        record.purpose.act.word(),
        record.sent.unwrap_or(record.opened).strftime("%d %b %H:%MZ")
    );
    let purpose = Purpose {
        mode: ReissueMode::Single,
        act: Act::Arrival,
        type_link: card.type_link.clone(),
        class: card.class,
        marker: proven.then(|| marker.clone()),
        old: Some(Seen::of(card)),
        target: None,
        prints: false,
        note: String::new(),
        owner: means.owner.clone(),
        ..record.purpose.clone()
    };
    let (intent, words, recorded) = match record_without_sending(means, purpose, words.clone()).await {
        Ok(intent) => (intent, words, true),
        Err(problem) => (record.intent, format!("{words}; not recorded yet: {}", problem.what), false),
    };
    let told = Settled { intent, holder: record.purpose.holder.clone(), state: record.state, words };
    Alarm { told, recorded }
}

/// A person has looked at an alarm and wants the credential to stay as it is.
///
/// # Errors
/// If the intent is no alarm, or the ledger cannot be written.
pub async fn keep(means: &Means, intent: IntentId, reason: &str) -> Result<Settled, Problem> {
    let record = means.ledger.intent(intent).await.map_err(|e| ledger_problem(&e))?;
    let Some(alarm) = record.filter(|r| r.purpose.act == Act::Arrival && r.purpose.target.is_none()) else {
        return Err(Problem::new(ProblemKind::Refused, "there is no such alarm", "", "see `jobs list`"));
    };
    let words = format!("kept as it is: {reason}");
    let holder = alarm.purpose.holder.clone();
    let purpose =
        Purpose { marker: None, target: Some(Purpose::KEPT.to_owned()), owner: means.owner.clone(), ..alarm.purpose };
    let intent = record_without_sending(means, purpose, words.clone()).await?;
    Ok(Settled { intent, holder, state: IntentState::Abandoned, words })
}

async fn record_without_sending(means: &Means, purpose: Purpose, words: String) -> Result<IntentId, Problem> {
    let intent = IntentId(means.ids.uuid());
    let steps = vec![
        draft(means, intent, IntentState::Intent, Payload::Purpose(Box::new(purpose)), None),
        draft(means, intent, IntentState::Abandoned, remark(words, None), None),
    ];
    means.ledger.append_all(steps).await.map_err(|e| ledger_problem(&e))?;
    Ok(intent)
}
