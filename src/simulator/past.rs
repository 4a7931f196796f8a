//! What this console did before the simulated world began, as the journal that it would have written then: a ledger
//! that matches the world (decision 7).

use super::clock::later;
use super::population::spread;
use crate::domain::change::PreparedChange;
use crate::domain::credential::Credential;
use crate::domain::ids::{IntentId, Link, SagaId};
use crate::domain::journal::{
    Act, Binding, EventDraft, IntentState, Payload, ProcessMark, Proof, Purpose, Remark, Seen, Snapshot,
};
use crate::domain::policy::{ReissueMode, Why};
use jiff::Timestamp;

/// A pass that this console issued before the world began.
#[derive(Clone, Debug, PartialEq)]
pub struct PastIssue {
    /// The pass, as a read just after its issue would have shown it.
    pub card: Credential,
    /// Where the vendor serves the person.
    pub holder_link: Link,
    /// The other passes that she had at that time.
    pub before: Vec<Credential>,
    /// The request that made it.
    pub request: PreparedChange,
    /// When it was issued (virtual time).
    pub issued_at: Timestamp,
    /// True: the vendor's answer named it; else it was found by its marker and by comparing lists.
    pub named: bool,
}

/// Why a pass was first issued, in turn.
const REASONS: [Why; 4] = [Why::NewPhone, Why::Lost, Why::Damaged, Why::Forgotten];
/// Who issued it, in turn.
const OPERATORS: [&str; 4] = ["op7", "op3", "op12", "op7"];

/// The journal of these issues, given oldest first: each a finished chain from INTENT to DONE, with the snapshot and
/// the binding that the console would have recorded. `salt` keeps the ids of two tenants apart.
pub fn journal(issues: &[PastIssue], salt: u64) -> Vec<EventDraft> {
    let mut drafts: Vec<EventDraft> = (0..).zip(issues).flat_map(|(nth, issue)| chain(nth, issue, salt)).collect();
    // Chains of the same minute would otherwise stand out of time order.
    drafts.sort_by_key(|draft| draft.wall);
    drafts
}

fn chain(nth: u64, issue: &PastIssue, salt: u64) -> impl Iterator<Item = EventDraft> + use<> {
    let (card, issued_at) = (&issue.card, issue.issued_at);
    let object = Seen::of(card);
    let request = issue.request.digest();
    let purpose = Purpose {
        saga: SagaId(time_ordered(issued_at, nth, salt * 2 + 1)),
        mode: ReissueMode::AfterAccept,
        act: Act::Issue,
        holder: card.holder.clone(),
        holder_link: issue.holder_link.clone(),
        type_link: card.type_link.clone(),
        class: card.class,
        marker: card.marker.clone(),
        old: None,
        target: None,
        prints: false,
        why: REASONS[(nth % 4) as usize],
        ticket: format!("INC{:07}", 1_004_200 + nth * 7),
        note: String::new(),
        // A process of long ago: no process of today has this boot id.
        owner: ProcessMark { pid: 1, boot: "before-this-world".into(), started: 0 },
    };
    let snapshot = Snapshot {
        before: issue.before.iter().map(Seen::of).collect(),
        bookmark: None,
        request: request.clone(),
        expect_contact: object.contact_hash.clone(),
    };
    let binding = Binding {
        proofs: if issue.named { vec![Proof::Answer, Proof::Marker] } else { vec![Proof::Marker, Proof::Diff] },
        named: issue.named.then(|| card.id.clone()),
        object: Some(object),
        ..Binding::default()
    };
    let bound = || Payload::Binding(Box::new(binding.clone()));
    let sending = Remark { text: format!("request {request}"), status: None, candidates: Vec::new() };
    let steps = [
        (IntentState::Intent, -2, Payload::Purpose(Box::new(purpose))),
        (IntentState::Snapshotted, -1, Payload::Snapshot(Box::new(snapshot))),
        (IntentState::Sending, 0, Payload::Remark(sending)),
        (IntentState::Applied, 0, bound()),
        (IntentState::Bound, 1, bound()),
        (IntentState::Done, 1, bound()),
    ];
    let intent = IntentId(time_ordered(issued_at, nth, salt * 2 + 2));
    steps.into_iter().map(move |(state, seconds, payload)| EventDraft {
        intent,
        state,
        attempt: 1,
        payload,
        operator: OPERATORS[(nth % 4) as usize].to_owned(),
        wall: later(issued_at, seconds),
        server_date: (state == IntentState::Applied).then_some(issued_at),
    })
}

/// A UUIDv7 that depends on nothing but its arguments.
fn time_ordered(at: Timestamp, nth: u64, purpose: u64) -> uuid::Uuid {
    let mut bits = [0; 10];
    bits[..8].copy_from_slice(&spread(nth << 8 | purpose).to_be_bytes());
    bits[8..].copy_from_slice(&(nth as u16).to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(at.as_millisecond().max(0) as u64, &bits).into_uuid()
}
