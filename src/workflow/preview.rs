//! What exactly would a reissue do? A plan from a live read, with every line that the wizard shows.

mod words;

use super::Means;
use super::gate::LiveView;
use super::turn::{self, Choice, note_for_vendor, refused, turned};
use crate::domain::change::CredentialChange;
use crate::domain::credential::{Credential, CredentialClass, Particular, System};
use crate::domain::ids::IntentId;
use crate::domain::journal::{Act, IntentRecord, IntentState, Marker, Seen};
use crate::domain::ownership::Deed;
use crate::domain::policy::{ConfirmLevel, ReissueMode, Why};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissuePlan, ReissueRequest, stop_first};

/// Computes exactly what a reissue would do now. Reads only.
///
/// # Errors
/// If the vendor or the ledger does not answer, if the credential changed since the operator saw it, or if it
/// cannot be reissued from here; the problem says why in the vendor's terms.
pub async fn preview(means: &Means, request: ReissueRequest) -> Result<ReissuePlan, Problem> {
    let note = note_for_vendor(&request.ticket, request.why, &request.note)?;
    let view = LiveView::read(means, &request.holder, &request.holder_link).await?;
    // Before the credential is looked for: the change that is open may just have taken it away.
    view.nothing_open(None)?;
    let Some((old, ownership)) = view.card(&request.credential) else {
        return Err(turn::gone(&request.credential));
    };
    let (old, ownership) = (old.clone(), ownership.clone());
    if let Some(seen) = &request.seen {
        LiveView::unchanged(&old, seen)?;
    }
    reissuable(&view, &old)?;
    let half = half_done(&view.records, &old, None);
    let why = request.why.or_else(|| half.map(|r| r.purpose.why)).or_else(|| Why::preset(&old));
    let wanted = if half.is_some() { ReissueMode::RevokeFirst } else { order(&old, why, request.at_once)? };
    let may_end = view.may_end(means, &old).await;
    // A new pass cannot be taken back without a second command, so the full preview is always shown.
    let level = may_end.as_ref().map_or(ConfirmLevel::L2, |level| (*level).max(ConfirmLevel::L2));
    let may_end = may_end.err();
    let mode = mode(wanted, may_end.is_some());
    if mode == ReissueMode::Swap {
        view.keep_one(&old, why, KEEP)?;
    }
    let base = CredentialChange {
        holder: request.holder.clone(),
        holder_link: request.holder_link.clone(),
        add: None,
        remove: (mode == ReissueMode::Swap).then(|| Seen::of(&old)),
        turn: None,
        why: why.unwrap_or(Why::Test),
        note,
        marker: None,
    };
    let stop = match why {
        Some(why) if mode == ReissueMode::RevokeFirst && half.is_none() => stop(means, &view, &old, why, &base).await?,
        _ => None,
    };
    let change = if mode == ReissueMode::HolderAdds {
        // The holder makes it: there is nothing to ask the vendor for.
        base
    } else {
        let made = means.provider.successor(&view.read, &old, marker(means, &old), view.read_at);
        let add = made.map_err(|e| refused(means, &e))?;
        let change = CredentialChange { marker: add.marker.clone(), add: Some(add), ..base };
        // What the vendor cannot be asked must not wait for `y` to be refused.
        means.provider.prepare(&change).map_err(|e| refused(means, &e))?;
        change
    };
    let leaves_old = may_end.is_some();
    let words = words::Lines { old: &old, change: &change, stop: stop.as_deref(), mode, why, refused: may_end };
    Ok(ReissuePlan {
        why,
        mode,
        level,
        leaves_old,
        sends: words.sends(),
        then: words.then(),
        order: words.order(),
        undo: words.undo(),
        change,
        stop,
        before: view.read.credentials.iter().map(|card| card.id.clone()).collect(),
        holder: view.read.holder.clone(),
        read_at: view.read_at,
        mark: view.mark(),
        request,
        old,
        ownership,
    })
}

/// What to do instead of taking away the last usable pass at once.
pub(super) const KEEP: &str = "leave out \"at once\": the old one then works until the new one does";

/// The order of work for this card and reason.
///
/// # Errors
/// If "at once" was asked of a system that cannot replace in one call.
pub(super) fn order(old: &Credential, why: Option<Why>, at_once: bool) -> Result<ReissueMode, Problem> {
    // Not chosen yet: the card is usable, or its state would have suggested a reason.
    let mode = ReissueMode::choose(old, why.unwrap_or(Why::Test), at_once);
    if at_once && (mode == ReissueMode::HolderAdds || mode == ReissueMode::AfterAccept && old.usable()) {
        return Err(Problem::new(
            ProblemKind::Refused,
            "at once is not possible",
            format!("{} has no call that replaces one by another", old.class.system().title()),
            "leave it out: the old one works until the new one does; if it is lost or stolen, choose that",
        ));
    }
    Ok(mode)
}

/// The stop with which a reissue of this credential began that went no further: what is left of it is to issue the new
/// one. `but` is the intent that asks. The same question as the ledger's list of what is HALF DONE.
pub(super) fn half_done<'a>(
    records: &'a [IntentRecord],
    old: &Credential,
    but: Option<IntentId>,
) -> Option<&'a IntentRecord> {
    let is_stop = |r: &IntentRecord| {
        r.purpose.mode == ReissueMode::RevokeFirst
            && matches!(r.purpose.act, Act::Suspend | Act::Unlink | Act::End)
            && r.state == IntentState::Done
            && r.purpose.old.as_ref().is_some_and(|seen| seen.is(old))
    };
    let at = records.iter().rposition(is_stop)?;
    let (stop, later) = (&records[at], &records[at + 1..]);
    let over = |r: &IntentRecord| match r.purpose.act {
        _ if Some(r.intent) == but => false,
        Act::Issue | Act::Swap => {
            r.purpose.type_link == stop.purpose.type_link
                && !matches!(
                    r.state,
                    IntentState::Abandoned | IntentState::NotSent | IntentState::Rejected | IntentState::NotApplied
                )
        }
        Act::Resume | Act::End => {
            r.state == IntentState::Done && r.purpose.old.as_ref().is_some_and(|seen| seen.is(old))
        }
        _ => false,
    };
    (!later.iter().any(over)).then_some(stop)
}

/// What is not ours is neither stopped nor ended: a new one is added beside it.
pub(super) fn mode(wanted: ReissueMode, leaves_old: bool) -> ReissueMode {
    match wanted {
        ReissueMode::Swap | ReissueMode::RevokeFirst if leaves_old => ReissueMode::AfterAccept,
        wanted => wanted,
    }
}

/// The call that stops the old pass first, where one is needed.
async fn stop(
    means: &Means,
    view: &LiveView,
    old: &Credential,
    why: Why,
    base: &CredentialChange,
) -> Result<Option<Box<CredentialChange>>, Problem> {
    let Some(verb) = stop_first(old, why) else { return Ok(None) };
    let Choice { target, .. } = turn::choose(means, old, verb, None, Some(why), view.read_at).await?;
    view.may(means, old, Deed { action: target.action, verb: Some(verb), why: Some(why) }).await?;
    let change = turned(old, verb, &target.word, CredentialChange { add: None, marker: None, ..base.clone() });
    means.provider.prepare(&change).map_err(|e| refused(means, &e))?;
    Ok(Some(Box::new(change)))
}

/// A fresh marker in the form that the system has room for, where the tenant uses markers.
fn marker(means: &Means, old: &Credential) -> Option<Marker> {
    means.provider.profile().marker.then(|| match old.class.system() {
        System::Gallagher | System::ThalesD1 => Marker::from_bits(means.ids.marker_bits()),
        // The time in our own ids must not show in what others read: these bits are random.
        System::AccessGrid | System::CardExchange => Marker::from_uuid(means.ids.random_uuid()),
    })
}

/// Can a credential like this be made from here, and for this person now?
///
/// # Errors
/// Why not, in the vendor's terms.
pub(super) fn reissuable(view: &LiveView, card: &Credential) -> Result<(), Problem> {
    if card.class == CredentialClass::PrintedCard {
        return may_be_printed(view, card);
    }
    let Some(why) = card.class.not_issued_because() else { return Ok(()) };
    let title = card.class.system().title();
    let next = match card.class.system() {
        System::Gallagher => format!("phone credentials can; use {title} for this one"),
        _ => format!("use {title}'s own screens for this one"),
    };
    Err(Problem::new(ProblemKind::Refused, format!("{} cannot be reissued here", card.class), why, next))
}

/// One card in the making at a time, and only for a profile that is activated (cardexchange.md section 7, step 2).
fn may_be_printed(view: &LiveView, card: &Credential) -> Result<(), Problem> {
    if card.barred {
        return Err(Problem::new(
            ProblemKind::Refused,
            "no card is made for this profile",
            "the profile that it hangs from is not activated",
            "activate the profile first, in CardExchange's own screens",
        ));
    }
    let profile = |c: &Credential| c.particular(Particular::Profile).map(|p| p.raw().to_owned());
    let in_the_making = |c: &&Credential| {
        let word = c.status_word.raw();
        c.id != card.id
            && profile(c) == profile(card)
            && matches!(word, "initialized" | "in_production" | "personalized" | "issued")
    };
    match view.read.credentials.iter().find(in_the_making) {
        None => Ok(()),
        Some(other) => Err(Problem::new(
            ProblemKind::Refused,
            "a card for this profile is being made already",
            format!("{} is {}", other.id, other.status_word.safe()),
            "hand that one out, or withdraw it first",
        )),
    }
}

/// The reason of a plan that is still good for this moment.
///
/// # Errors
/// If it is too old, or no reason was chosen.
pub(super) fn still_valid(means: &Means, plan: &ReissuePlan) -> Result<Why, Problem> {
    turn::young(means, plan.read_at, plan.mark)?;
    plan.why.ok_or_else(turn::no_reason)
}
