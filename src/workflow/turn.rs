//! One act on one credential that exists: suspend, resume, unlink, end, set a word.
//!
//! [`preview`] computes what would happen; [`run`] does what the operator confirmed. The same steps stop the old pass
//! of a reissue before anything is issued, and send a new card to its printer.

mod words;

use super::Means;
use super::attempt::{Armed, Attempt};
use super::gate::{LiveView, ledger_ready};
use crate::domain::change::{CredentialChange, Turn};
use crate::domain::credential::{Credential, System};
use crate::domain::ids::{CredentialId, SagaId};
use crate::domain::journal::{Act, Marker, Purpose, Seen};
use crate::domain::lifecycle::{self, Target, Verb, initial_word, site_words, stops};
use crate::domain::ownership::{Deed, Grade};
use crate::domain::policy::{ConfirmLevel, ReissueMode, Why, vendor_note};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReadMark, ReissueEnd, ReissuePlan, ReissueStep};
use crate::domain::text::{SafeText, Untrusted};
use crate::domain::turn::{TurnPlan, TurnRequest};
use crate::ports::provider::ProviderError;
use jiff::Timestamp;

/// Told where the work is; the receiver may be gone.
pub(super) type Tell<'a> = &'a mut (dyn FnMut(ReissueStep) + Send);

/// Computes exactly what an act on one credential would do now. Reads only.
///
/// # Errors
/// If the vendor or the ledger does not answer, if the credential changed since the operator saw it, or if the act is
/// not allowed; the problem says why in the vendor's terms.
pub async fn preview(means: &Means, request: TurnRequest) -> Result<TurnPlan, Problem> {
    let note = note_for_vendor(&request.ticket, request.why, &request.note)?;
    let view = LiveView::read(means, &request.holder, &request.holder_link).await?;
    // Before the credential is looked for: the change that is open may just have taken it away.
    view.nothing_open(None)?;
    let Some((card, ownership)) = view.card(&request.credential) else { return Err(gone(&request.credential)) };
    let (card, ownership) = (card.clone(), ownership.clone());
    if let Some(seen) = &request.seen {
        LiveView::unchanged(&card, seen)?;
    }
    let choice = choose(means, &card, request.verb, request.word.as_deref(), request.why, view.read_at).await?;
    let target = choice.target;
    let deed = Deed { action: target.action, verb: Some(request.verb), why: request.why };
    let level = view.may(means, &card, deed).await?;
    if choice.stops && request.why.is_some() {
        view.keep_one(&card, request.why, "issue another one first, or choose the reason that it is")?;
    }
    let marker = operation_marker(means, &card);
    let change = change(&request, &card, &target, request.why.unwrap_or(Why::Test), note, marker);
    // What the vendor cannot be asked must not wait for `y` to be refused.
    let prepared = means.provider.prepare(&change).map_err(|e| refused(means, &e))?;
    let (reasoned, undecided) = (request.why.is_some(), request.undecided());
    let lines = words::Lines {
        card: &card,
        verb: request.verb,
        target: &target,
        change: &change,
        reasoned,
        prepared: &prepared,
    };
    let last = choice.stops && card.usable() && !view.keeps_another(&card);
    Ok(TurnPlan {
        sends: if undecided { "nothing yet: no word is chosen".to_owned() } else { lines.sends() },
        then: if undecided { String::new() } else { lines.then(last) },
        undo: if undecided { String::new() } else { lines.undo() },
        words: choice.words.iter().map(|word| SafeText::of(word)).collect(),
        level: if target.tried { level.max(ConfirmLevel::L2) } else { level },
        needs_ticket: ownership.grade == Grade::Issuer,
        holder: view.read.holder.clone(),
        read_at: view.read_at,
        mark: view.mark(),
        request,
        card,
        ownership,
        target,
        change,
    })
}

/// Does what a plan says, once.
///
/// As with [`reissue::run`](super::reissue::run), the future must run to its end in a task of its own that nothing
/// drops.
pub async fn run(means: &Means, plan: TurnPlan, progress: impl Fn(ReissueStep) + Send) -> ReissueEnd {
    if let Err(problem) = ledger_ready(means).and_then(|()| still_valid(means, &plan)) {
        return ReissueEnd::NotSent(problem);
    }
    let step = Step {
        saga: SagaId(means.ids.uuid()),
        mode: ReissueMode::Single,
        act: plan.request.verb.into(),
        verb: plan.request.verb,
        object: Seen::of(&plan.card),
        change: plan.change,
        ticket: plan.request.ticket,
        note: plan.request.note,
        shown: plan.mark,
        level: plan.level,
    };
    Box::pin(carry_out(means, &step, &mut move |at| progress(at))).await
}

fn still_valid(means: &Means, plan: &TurnPlan) -> Result<(), Problem> {
    young(means, plan.read_at, plan.mark)?;
    let Some(why) = plan.request.why else { return Err(no_reason()) };
    if plan.undecided() {
        let why = "this act is about the word";
        return Err(Problem::new(ProblemKind::Usage, "no word was chosen", why, "nothing was sent; choose one"));
    }
    if plan.change.why != why {
        return Err(Problem::new(
            ProblemKind::Stale,
            "the reason changed since the preview",
            "",
            "nothing was sent; open it again",
        ));
    }
    if plan.needs_ticket && plan.request.ticket.is_empty() {
        return Err(no_ticket());
    }
    Ok(())
}

/// A preview is an offer of this minute, not a standing order.
///
/// # Errors
/// If it is older than its life by either clock, or from a wall clock that was set back.
pub(super) fn young(means: &Means, shown: Timestamp, mark: ReadMark) -> Result<(), Problem> {
    let age = means.clock.now().duration_since(shown).as_secs();
    let lived = means.clock.elapsed().saturating_sub(mark.elapsed).as_secs();
    // A plan from the future means that the clock was set back. The other clock cannot be set, and a machine that
    // slept or stood still lets it run on.
    if (-5..=ReissuePlan::LIFE_SECONDS).contains(&age) && lived <= ReissuePlan::LIFE_SECONDS.unsigned_abs() {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Stale,
        "the preview is too old",
        "a preview is valid for 15 minutes",
        "nothing was sent; open it again",
    ))
}

/// The answer to an act without a reason.
pub(super) fn no_reason() -> Problem {
    Problem::new(ProblemKind::Usage, "no reason was chosen", "", "choose one by its digit")
}

fn no_ticket() -> Problem {
    Problem::new(
        ProblemKind::Refused,
        "a ticket is needed",
        "this desk has no record of the pass: the issuer's role and a ticket are the authority over it",
        "nothing was sent; give a ticket",
    )
}

/// The note that goes to the vendor. Without a reason yet, it is that of the reason which stands in for it.
///
/// # Errors
/// What does not fit the vendors.
pub(super) fn note_for_vendor(ticket: &str, why: Option<Why>, note: &str) -> Result<String, Problem> {
    vendor_note(ticket, why.unwrap_or(Why::Test), note)
        .map_err(|why| Problem::new(ProblemKind::Usage, "ticket or note cannot go to the vendor", why, "change it"))
}

/// The answer to a credential that is not there.
pub(super) fn gone(id: &CredentialId) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        format!("{id} is not among the person's passes any more"),
        "it was removed, or this key may not see it",
        "nothing was sent; read it again",
    )
}

pub(super) fn refused(means: &Means, error: &ProviderError) -> Problem {
    error.problem(&means.provider.profile().name)
}

/// Which state a credential shall have, and which others it could.
pub(super) struct Choice {
    /// The state.
    pub(super) target: Target,
    /// All words that could be chosen, or none where there is no choice.
    pub(super) words: Vec<String>,
    /// It takes a working credential out of work.
    pub(super) stops: bool,
}

/// Chooses the state that a verb leads to. Gallagher's words are those of the card type, which is read for them.
///
/// # Errors
/// Why the verb leads nowhere, or what is wrong with the word.
pub(super) async fn choose(
    means: &Means,
    card: &Credential,
    verb: Verb,
    word: Option<&str>,
    why: Option<Why>,
    now: Timestamp,
) -> Result<Choice, Problem> {
    let title = card.class.system().title();
    let cannot = |why: std::borrow::Cow<'static, str>| {
        Problem::new(ProblemKind::Refused, format!("{verb} is not possible"), why.into_owned(), "nothing was sent")
    };
    if card.class.system() != System::Gallagher {
        let choices = if verb == Verb::Set { lifecycle::choices(card, now) } else { Vec::new() };
        let words: Vec<String> = choices.into_iter().map(|t| t.word.into_owned()).collect();
        let target = lifecycle::target(card, verb, word, now);
        if let (Err(_), Some(asked), false) = (&target, word, words.is_empty())
            && !lifecycle::leads_to(card, asked)
        {
            return Err(no_such_word(asked, &words));
        }
        let target = target.map_err(cannot)?;
        let stops = stops(card.class, verb, &target.word, None);
        return Ok(Choice { target, words, stops });
    }
    // Whether the verb leads anywhere is asked first: it costs no call.
    lifecycle::target(card, verb, None, now).map_err(cannot)?;
    let states = match states_of(means, card).await {
        Ok(states) => states,
        // The end of a card needs no word.
        Err(_) if verb == Verb::End && word.is_none() => Vec::new(),
        Err(problem) => return Err(problem),
    };
    let words = site_words(verb, why, card.status_word.raw(), &states);
    let chosen = match word {
        Some(asked) => {
            let Some(known) = words.iter().find(|w| w.eq_ignore_ascii_case(asked)) else {
                return Err(no_such_word(asked, &words));
            };
            Some(known.clone())
        }
        None if verb == Verb::End => None,
        None => Some(words.first().cloned().ok_or_else(|| {
            Problem::new(
                ProblemKind::Refused,
                "its card type offers no state for this",
                "or none that this key may see",
                format!("use {title} for this one"),
            )
        })?),
    };
    let mut target = lifecycle::target(card, verb, chosen.as_deref(), now).map_err(cannot)?;
    // A word that nothing but its place speaks for is tried, and the machine word decides.
    let known = ["disab", "suspend", "block", "inactiv", "lost", "stolen", "damage"];
    let guess = |w: &String| !known.iter().any(|part| w.to_ascii_lowercase().contains(part));
    target.tried = verb == Verb::Suspend && chosen.as_ref().is_some_and(guess);
    let stops = stops(card.class, verb, &target.word, initial_word(&states));
    Ok(Choice { target, words, stops })
}

fn no_such_word(asked: &str, words: &[String]) -> Problem {
    let all = words.iter().map(|w| format!("\"{}\"", SafeText::of(w))).collect::<Vec<_>>().join(", ");
    Problem::new(
        ProblemKind::Usage,
        format!("\"{}\" is no word for this", SafeText::of(asked)),
        if all.is_empty() { "its card type offers none".to_owned() } else { format!("it may be {all}") },
        "choose one of them",
    )
}

/// The words of a credential's type, as the site wrote them.
async fn states_of(means: &Means, card: &Credential) -> Result<Vec<Untrusted>, Problem> {
    let types = means.provider.credential_types().await.map_err(|e| refused(means, &e))?;
    Ok(types.into_iter().find(|t| t.link == card.type_link).map(|t| t.states).unwrap_or_default())
}

/// What marks the operation, where the vendor has room for that (thales-d1.md section 11). Elsewhere the object keeps
/// the marker that it was issued with.
fn operation_marker(means: &Means, card: &Credential) -> Option<Marker> {
    (card.class.system() == System::ThalesD1).then(|| Marker::from_bits(means.ids.marker_bits()))
}

fn change(
    request: &TurnRequest,
    card: &Credential,
    target: &Target,
    why: Why,
    note: String,
    marker: Option<Marker>,
) -> CredentialChange {
    turned(
        card,
        request.verb,
        &target.word,
        CredentialChange {
            holder: request.holder.clone(),
            holder_link: request.holder_link.clone(),
            add: None,
            remove: None,
            turn: None,
            why,
            note,
            marker,
        },
    )
}

/// The change with the given state for a credential in it; a Gallagher card ends by being removed.
pub(super) fn turned(card: &Credential, verb: Verb, word: &str, base: CredentialChange) -> CredentialChange {
    if word.is_empty() {
        return CredentialChange { remove: Some(Seen::of(card)), turn: None, ..base };
    }
    let from = card.status_word.raw().to_owned();
    let turn = Turn { object: Seen::of(card), verb, from, to: word.to_owned() };
    CredentialChange { remove: None, turn: Some(turn), ..base }
}

/// One act on one credential as it was shown, and nothing else.
pub(super) struct Step {
    /// The piece of work.
    pub(super) saga: SagaId,
    /// Its order.
    pub(super) mode: ReissueMode,
    /// What the journal calls it.
    pub(super) act: Act,
    /// What is done.
    pub(super) verb: Verb,
    /// To which credential, as it was shown.
    pub(super) object: Seen,
    /// The call.
    pub(super) change: CredentialChange,
    /// Ticket, or empty.
    pub(super) ticket: String,
    /// Note for the journal, or empty.
    pub(super) note: String,
    /// When it was shown.
    pub(super) shown: ReadMark,
    /// How it was confirmed.
    pub(super) level: ConfirmLevel,
}

impl Step {
    fn purpose(&self, means: &Means) -> Purpose {
        let change = &self.change;
        let removed = change.remove.is_some();
        let to = change.turn.as_ref().map(|t| t.to.clone());
        // A removed card is gone, whatever its last word was.
        let gone = removed || self.verb == Verb::End && self.object.class.system() == System::Gallagher;
        Purpose {
            saga: self.saga,
            mode: self.mode,
            act: self.act,
            holder: change.holder.clone(),
            holder_link: change.holder_link.clone(),
            type_link: self.object.type_link.clone(),
            class: self.object.class,
            marker: change.marker.clone(),
            old: Some(self.object.clone()),
            target: if gone { None } else { to },
            prints: false,
            why: change.why,
            ticket: self.ticket.clone(),
            note: self.note.clone(),
            owner: means.owner.clone(),
        }
    }
}

/// Reads again, computes the gate again, and sends.
pub(super) async fn carry_out(means: &Means, step: &Step, tell: Tell<'_>) -> ReissueEnd {
    let attempt = match Attempt::open(means, step.purpose(means)).await {
        Ok(attempt) => attempt,
        Err(problem) => return ReissueEnd::NotSent(problem),
    };
    tell(ReissueStep::Checking);
    let Armed { permit, request, snapshot } = match check_and_arm(&attempt, step).await {
        Ok(armed) => armed,
        Err(problem) => return attempt.give_up(problem).await,
    };
    let intent = attempt.intent;
    tell(ReissueStep::Sending(intent));
    let outcome = attempt.send(permit, &request).await;
    attempt.conclude(outcome, &snapshot, move || tell(ReissueStep::ReadingBack(intent))).await
}

async fn check_and_arm(attempt: &Attempt<'_>, step: &Step) -> Result<Armed, Problem> {
    let means = attempt.means;
    attempt.take_lease().await?;
    let change = &step.change;
    // What the site's words mean is read before the person: the gate rests on a read that is seconds old.
    let states = match (step.verb, step.object.class.system()) {
        (Verb::Set, System::Gallagher) => states_by_link(means, step).await?,
        _ => Vec::new(),
    };
    let view = LiveView::read(means, &change.holder, &change.holder_link).await?;
    view.nothing_open(Some(attempt.intent))?;
    attempt.not_spent(&view, step.shown)?;
    let (card, ownership) = view.card(&step.object.id).ok_or_else(|| gone(&step.object.id))?;
    LiveView::unchanged(card, &step.object.fingerprint)?;
    let word = change.turn.as_ref().map(|t| t.to.as_str());
    let target = lifecycle::target(card, step.verb, word, view.read_at).map_err(|why| {
        Problem::new(ProblemKind::Stale, "it is not possible any more", why.into_owned(), "nothing was sent")
    })?;
    if target.word != word.unwrap_or_default() {
        return Err(Problem::new(
            ProblemKind::Stale,
            "it leads elsewhere than the preview said",
            "",
            "nothing was sent; open it again",
        ));
    }
    let deed = Deed { action: target.action, verb: Some(step.verb), why: Some(change.why) };
    confirmed(step.level, view.may(means, card, deed).await?)?;
    if ownership.grade == Grade::Issuer && step.ticket.is_empty() {
        return Err(no_ticket());
    }
    if stops(card.class, step.verb, &target.word, initial_word(&states)) {
        view.keep_one(card, Some(change.why), "nothing was sent")?;
    }
    attempt.arm(&view, None, change, String::new()).await
}

/// What was confirmed at one level is not done at a higher one: whose the pass is may have turned out otherwise.
///
/// # Errors
/// If more is needed than was given.
pub(super) fn confirmed(given: ConfirmLevel, needed: ConfirmLevel) -> Result<(), Problem> {
    if needed <= given {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Stale,
        "whose pass it is changed since the preview",
        "it must be confirmed at a higher level now",
        "nothing was sent; look at it again",
    ))
}

async fn states_by_link(means: &Means, step: &Step) -> Result<Vec<Untrusted>, Problem> {
    let types = means.provider.credential_types().await.map_err(|e| refused(means, &e))?;
    Ok(types.into_iter().find(|t| t.link == step.object.type_link).map(|t| t.states).unwrap_or_default())
}
