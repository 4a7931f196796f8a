//! What exactly would a reissue do? A plan from a live read, with every line that the wizard shows.

use super::Means;
use super::gate::LiveView;
use crate::domain::change::{CredentialChange, NewCredential};
use crate::domain::credential::{Credential, System};
use crate::domain::journal::{Marker, Seen};
use crate::domain::policy::{ConfirmLevel, ReissueMode, Why};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissuePlan, ReissueRequest};
use crate::domain::text::mask_contact;

/// Computes exactly what a reissue would do now. Reads only.
///
/// # Errors
/// If the vendor or the ledger does not answer, if the credential changed since the operator saw it, or if it
/// cannot be reissued from here; the problem says why in the vendor's terms.
pub async fn preview(means: &Means, request: ReissueRequest) -> Result<ReissuePlan, Problem> {
    let view = LiveView::read(means, &request.holder, &request.holder_link).await?;
    let Some((old, ownership)) = view.card(&request.credential) else {
        return Err(gone(&request));
    };
    let (old, ownership) = (old.clone(), ownership.clone());
    if let Some(seen) = &request.seen {
        LiveView::unchanged(&old, seen)?;
    }
    reissuable(&old)?;
    let why = request.why.or_else(|| Why::preset(&old));
    let wanted = order(&old, why, request.at_once)?;
    let refused = view.may_end(means, &old).await.err();
    let leaves_old = refused.is_some();
    let mode = if leaves_old { ReissueMode::AfterAccept } else { wanted };
    if mode == ReissueMode::Swap {
        keep_one(&view, &old)?;
    }
    let add = means
        .provider
        .successor(&view.read, &old, marker(means, &old), view.read_at)
        .map_err(|e| e.problem(&means.provider.profile().name))?;
    let change = CredentialChange {
        holder: request.holder.clone(),
        holder_link: request.holder_link.clone(),
        remove: (mode == ReissueMode::Swap).then(|| Seen::of(&old)),
        add: Some(add.clone()),
        turn: None,
        why: why.unwrap_or(Why::Test),
        note: request.note.clone(),
        marker: add.marker.clone(),
    };
    // What the vendor cannot be asked must not wait for `y` to be refused.
    means.provider.prepare(&change).map_err(|e| e.problem(&means.provider.profile().name))?;
    let words = Words { tenant_person: request.holder.key.as_str(), old: &old, add: &add, mode, refused };
    Ok(ReissuePlan {
        why,
        mode,
        // A new pass cannot be taken back without a second command, so the full preview is always shown.
        level: ConfirmLevel::L2,
        leaves_old,
        sends: words.sends(),
        then: words.then(),
        order: words.order(),
        undo: words.undo(),
        change,
        holder: view.read.holder.clone(),
        read_at: view.read_at,
        request,
        old,
        ownership,
    })
}

/// The order of work for this card and reason.
///
/// # Errors
/// If the old pass must be stopped first, which this version cannot do.
pub(super) fn order(old: &Credential, why: Option<Why>, at_once: bool) -> Result<ReissueMode, Problem> {
    let Some(why) = why else {
        // Not chosen yet: the card is usable, or its state would have suggested a reason.
        return Ok(if at_once { ReissueMode::Swap } else { ReissueMode::AfterAccept });
    };
    ReissueMode::choose(old, why, at_once).ok_or_else(|| {
        Problem::new(
            ProblemKind::Refused,
            "lost and stolen must stop the old pass first",
            "this version cannot stop one",
            "stop it in Command Centre, then reissue it here",
        )
    })
}

/// Nobody is left without a usable credential by a swap (invariant I17).
///
/// # Errors
/// If `old` is usable and the last one that is.
pub(super) fn keep_one(view: &LiveView, old: &Credential) -> Result<(), Problem> {
    if !old.usable() || view.keeps_another(old) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Refused,
        "it is the person's last usable pass",
        "removing it at once would leave the person without one until the invitation is accepted",
        "leave out \"at once\": the old one then works until the new one does",
    ))
}

/// The answer to a credential that is not there.
pub(super) fn gone(request: &ReissueRequest) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        format!("{} is not among the person's passes any more", request.credential),
        "it was removed, or this key may not see it",
        "nothing was sent; read it again",
    )
}

/// A fresh marker in the form that the system has room for, where the tenant uses markers.
fn marker(means: &Means, old: &Credential) -> Option<Marker> {
    means.provider.profile().marker.then(|| match old.class.system() {
        System::Gallagher | System::ThalesD1 => Marker::from_bits(means.ids.marker_bits()),
        // The time in our own ids must not show in what others read: these bits are random.
        System::AccessGrid | System::CardExchange => Marker::from_uuid(means.ids.random_uuid()),
    })
}

fn reissuable(card: &Credential) -> Result<(), Problem> {
    let Some(why) = card.class.not_issued_because() else { return Ok(()) };
    Err(Problem::new(
        ProblemKind::Refused,
        format!("{} cannot be reissued here", card.class),
        why,
        "phone credentials can; use Command Centre for this one",
    ))
}

/// The lines of the wizard.
struct Words<'a> {
    tenant_person: &'a str,
    old: &'a Credential,
    add: &'a NewCredential,
    mode: ReissueMode,
    refused: Option<Problem>,
}

impl Words<'_> {
    fn sends(&self) -> String {
        let person = self.tenant_person;
        match (&self.refused, self.mode) {
            (Some(_), _) => {
                format!("1 PATCH to cardholder {person}: add 1, nothing else; the old pass is left in place")
            }
            (None, ReissueMode::Swap) => format!("1 PATCH to cardholder {person}: remove 1, add 1, nothing else"),
            (None, _) => {
                format!("1 PATCH to cardholder {person}: add 1; later 1 PATCH: remove 1, nothing else")
            }
        }
    }

    fn then(&self) -> String {
        let mail = if self.add.email.is_empty() {
            "no invitation mail: the old pass shows no address; the app that made it must enrol it".to_owned()
        } else {
            format!("invite mail to {}, watched until sent or 2 min", mask_contact(&self.add.email.safe()))
        };
        match (&self.refused, self.mode) {
            (Some(problem), _) => format!("{mail}; old pass stays: {}; {}", problem.why, problem.next),
            (None, ReissueMode::Swap) => mail,
            (None, _) => format!("{mail}; the old pass is removed once the new one works"),
        }
    }

    fn order(&self) -> String {
        match (&self.refused, self.mode) {
            (Some(_), _) => "new only: the old pass is not ours to remove".to_owned(),
            (None, ReissueMode::Swap) if self.old.usable() => {
                "together, at once: one PATCH removes the old and adds the new; the old stops working now".to_owned()
            }
            (None, ReissueMode::Swap) => "together: one PATCH removes the old and adds the new".to_owned(),
            (None, _) => "new first: the old works until the new one is accepted".to_owned(),
        }
    }

    fn undo(&self) -> String {
        match (&self.refused, self.mode) {
            (None, ReissueMode::Swap) if self.old.usable() => {
                "none: the old pass is gone; a new one can be issued".to_owned()
            }
            (None, ReissueMode::Swap) => "none: the old invitation is gone; a new one can be issued".to_owned(),
            (Some(_), _) => "none by itself: the new pass can be removed in Command Centre".to_owned(),
            (None, _) => {
                "none by itself: until the new one is accepted, it can be removed and the old pass stays".to_owned()
            }
        }
    }
}
