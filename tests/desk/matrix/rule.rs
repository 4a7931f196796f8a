//! How each cell must end. Written from safety.md 2.1 (states), 2.2 (orders of work), 3 (recovery) and 4.3 (proof of
//! absence), decisions 16 and 19, and the vendors' contracts; not from what the code does.

use super::cells::{Call, Leg, Mode, Point, Trouble};
use passdesk::domain::credential::System;
use passdesk::domain::journal::{Act, IntentState};
use passdesk::domain::policy::Why;

/// What the process hears of its call (safety.md 2.1): three-valued, and "no byte left".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    Success,
    Refusal,
    NoConnection,
    Nothing,
}

/// What became of the request in the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// No byte left.
    Unsent,
    /// It reached the vendor, or was lost on the way: no effect.
    NoEffect,
    /// It had its effect before the process died.
    Effect,
    /// It has its effect while the next process looks already.
    LateEffect,
}

/// The old pass in the true world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Old {
    AsItWas,
    Stopped,
    Gone,
}

/// What may be done next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The work is at its end.
    Nothing,
    /// The whole reissue, as if it had never been begun.
    Again,
    /// A reissue, which sends no second stop.
    OnlyTheNewOne,
    /// The new card is sent to its printer by a command.
    Print,
    /// The old pass is retired once the new one works.
    Retire,
    /// Nothing, until a person has said what she saw in the vendor's own screens.
    APersonSays,
}

/// What the next process shows of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The last sentence about the call, and in a rule the part of it that matters; `None`: nothing is said, because
    /// nothing was left open.
    pub words: Option<String>,
    /// It stays among the unfinished work.
    pub open: bool,
    /// HALF DONE, with the step that finishes it.
    pub half_done: bool,
    /// The old pass waits to be retired.
    pub waiting: bool,
}

/// How a play ends, after the next process has looked for longer than the settle window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct End {
    /// The journal of the work, oldest first.
    pub intents: Vec<(Act, IntentState)>,
    /// Changes that went out on the wire in all.
    pub requests: usize,
    pub old: Old,
    /// Passes that this console made.
    pub made: usize,
    pub shown: Shown,
    pub next: Next,
    /// How a new try ends; `None`: there is nothing to try. What never met its fault meets it then.
    pub try_hears: Option<Heard>,
}

/// Does the fault let the request have its effect?
fn has_effect(trouble: Trouble) -> bool {
    use Trouble as T;
    match trouble {
        T::None | T::ResetAfter | T::TimeoutAfter | T::Status500After | T::Unreadable => true,
        T::Refused
        | T::ResetBefore
        | T::TimeoutBefore
        | T::Status400
        | T::Status401
        | T::Status403
        | T::Status409
        | T::Status429
        | T::Status500Before => false,
    }
}

/// Table 2.1: NOT_SENT is proved by a failure before the first byte, REJECTED by the origin's own 4xx, APPLIED by a
/// readable success; everything else is UNKNOWN.
pub fn heard(trouble: Trouble) -> Heard {
    use Trouble as T;
    match trouble {
        T::None => Heard::Success,
        T::Refused => Heard::NoConnection,
        T::Status400 | T::Status401 | T::Status403 | T::Status409 | T::Status429 => Heard::Refusal,
        T::ResetBefore
        | T::ResetAfter
        | T::TimeoutBefore
        | T::TimeoutAfter
        | T::Status500Before
        | T::Status500After
        | T::Unreadable => Heard::Nothing,
    }
}

/// What becomes of the request. Where a fault makes a point impossible, the point means the nearest moment there is:
///
/// - Points before the wire: the fault finds no request. It stays armed, and meets the next try.
/// - "Bytes sent, not applied": with a fault that lets it have its effect, the effect comes late, after the death;
///   with any other, and with none, the request is lost on the way; without a connection there are no bytes.
/// - "Applied, unanswered": with a fault that prevents the effect, the vendor is through with it, and what it says
///   (or does not) comes too late.
/// - "Answer read": what is read may be a reset or the end of patience.
pub fn fate(point: Point, trouble: Trouble) -> Fate {
    use Point as P;
    match point {
        P::BeforeIntent
        | P::AfterIntent
        | P::AfterSnapshotted
        | P::AfterSending
        | P::AfterAnchor
        | P::BeforeRetireSending => Fate::Unsent,
        _ if trouble == Trouble::Refused => Fate::Unsent,
        P::SentNotApplied if has_effect(trouble) && trouble != Trouble::None => Fate::LateEffect,
        P::SentNotApplied => Fate::NoEffect,
        P::AppliedUnanswered
        | P::AnswerReadUnrecorded
        | P::AfterApplied
        | P::AfterBound
        | P::RetireAnsweredUnrecorded => {
            if has_effect(trouble) {
                Fate::Effect
            } else {
                Fate::NoEffect
            }
        }
    }
}

/// True if the fault found a request to strike.
pub fn is_struck(point: Point) -> bool {
    point >= Point::SentNotApplied && point != Point::BeforeRetireSending
}

/// Where the journal stands when the process dies. "After APPLIED" is after the first recorded outcome, whichever it
/// is; a proven refusal is closed with it (2.1: a further attempt is a new command). "After BOUND" is after the whole
/// call where it gets that far, and DONE is written with BOUND.
fn at_death(point: Point, trouble: Trouble) -> Option<IntentState> {
    use IntentState as S;
    use Point as P;
    match point {
        P::BeforeIntent => None,
        P::AfterIntent => Some(S::Intent),
        P::AfterSnapshotted | P::BeforeRetireSending => Some(S::Snapshotted),
        P::AfterSending
        | P::AfterAnchor
        | P::SentNotApplied
        | P::AppliedUnanswered
        | P::AnswerReadUnrecorded
        | P::RetireAnsweredUnrecorded => Some(S::Sending),
        P::AfterApplied | P::AfterBound => Some(match heard(trouble) {
            Heard::Success if point == P::AfterApplied => S::Applied,
            Heard::Success => S::Done,
            Heard::Refusal | Heard::NoConnection => S::Abandoned,
            Heard::Nothing => S::Unknown,
        }),
    }
}

/// True if the vendor's rule proves by reading that a call had no effect (4.3). A pass that should have been stopped,
/// ended or printed and is what it was proves that itself, once nothing can come any more (accessgrid.md section 9,
/// thales-d1.md section 10). That a new pass is not listed proves something at Gallagher alone, whose feed shows it;
/// AccessGrid's lists prove nothing, and CardExchange's two equal lists need a person.
fn absence_is_provable(vendor: System, call: Call) -> bool {
    match call {
        Call::Stop | Call::Retire | Call::Produce => true,
        Call::Swap | Call::Issue => vendor == System::Gallagher,
    }
}

/// Where the call ends, and what is said of it.
fn settled(vendor: System, call: Call, point: Point, trouble: Trouble) -> (Option<IntentState>, Option<&'static str>) {
    use IntentState as S;
    let effect = matches!(fate(point, trouble), Fate::Effect | Fate::LateEffect);
    match at_death(point, trouble) {
        None => (None, None),
        // Section 3, step 4.
        Some(S::Intent | S::Snapshotted) => (Some(S::Abandoned), Some("nothing was sent")),
        // Nothing is left to look at.
        Some(state @ (S::Abandoned | S::Done)) => (Some(state), None),
        Some(S::Applied) => (Some(S::Done), Some("done: ")),
        // Section 3, step 5.
        Some(_) if effect => (Some(S::Done), Some("done: ")),
        Some(_) if absence_is_provable(vendor, call) => (Some(S::Abandoned), Some("not applied: it may be done again")),
        Some(_) => (Some(S::Unknown), Some("that is no proof here: a person may confirm it")),
    }
}

fn act(vendor: System, call: Call, why: Why) -> Act {
    match call {
        Call::Swap => Act::Swap,
        Call::Issue => Act::Issue,
        Call::Produce => Act::Set,
        Call::Stop if why == Why::Stolen => Act::Unlink,
        Call::Stop => Act::Suspend,
        // A command of its own (decision 19).
        Call::Retire if vendor == System::ThalesD1 => Act::End,
        Call::Retire => Act::Retire,
    }
}

/// The calls of a work in their order (decision 19, cardexchange.md section 7).
fn calls(vendor: System, mode: Mode) -> &'static [Call] {
    use Call as C;
    match (vendor, mode) {
        (_, Mode::Swap) => &[C::Swap],
        (System::ThalesD1, Mode::AfterAccept) => &[C::Retire],
        (System::ThalesD1, Mode::RevokeFirst) => &[C::Stop, C::Retire],
        (System::CardExchange, Mode::AfterAccept) => &[C::Issue, C::Produce, C::Retire],
        (System::CardExchange, Mode::RevokeFirst) => &[C::Stop, C::Issue, C::Produce],
        (_, Mode::AfterAccept) => &[C::Issue, C::Retire],
        (_, Mode::RevokeFirst) => &[C::Stop, C::Issue, C::Retire],
    }
}

/// The end of a play.
pub fn expected(leg: &Leg) -> End {
    let (vendor, mode, point, trouble) = (leg.cell.vendor, leg.cell.mode, leg.cell.point, leg.cell.trouble);
    let order = calls(vendor, mode);
    let Some(call) = leg.call else { return at_its_end(leg) };
    let place = order.iter().position(|c| *c == call).unwrap_or(0);
    let (state, words) = settled(vendor, call, point, trouble);
    let done = state == Some(IntentState::Done);
    let open = state == Some(IntentState::Unknown);

    let mut intents: Vec<(Act, IntentState)> =
        order[..place].iter().map(|c| (act(vendor, *c, leg.why), IntentState::Done)).collect();
    intents.extend(state.map(|state| (act(vendor, call, leg.why), state)));
    let sent = is_struck(point) && trouble != Trouble::Refused;
    // All calls before this one, and this one, if it has its effect.
    let happened = |c: Call| order[..place].contains(&c) || (c == call && done);

    let next = match call {
        _ if open => Next::APersonSays,
        Call::Swap if done => Next::Nothing,
        Call::Swap => Next::Again,
        Call::Stop if done && vendor == System::ThalesD1 => Next::Retire,
        Call::Stop if done => Next::OnlyTheNewOne,
        Call::Stop => Next::Again,
        Call::Issue if done && vendor == System::CardExchange => Next::Print,
        Call::Issue if done => Next::Retire,
        Call::Issue if mode == Mode::RevokeFirst => Next::OnlyTheNewOne,
        Call::Issue => Next::Again,
        Call::Produce if !done => Next::Print,
        Call::Produce if mode == Mode::RevokeFirst => Next::Nothing,
        Call::Produce => Next::Retire,
        Call::Retire if done => Next::Nothing,
        Call::Retire => Next::Retire,
    };
    let has_to_retire = order.contains(&Call::Retire) && vendor != System::ThalesD1;
    End {
        intents,
        requests: place + usize::from(sent),
        old: if happened(Call::Swap) {
            Old::Gone
        } else if happened(Call::Retire) {
            retired(vendor)
        } else if happened(Call::Stop) {
            Old::Stopped
        } else {
            Old::AsItWas
        },
        made: usize::from(happened(Call::Swap) || happened(Call::Issue)),
        shown: Shown {
            words: words.map(str::to_owned),
            open,
            // Stopped and not replaced, or made and not printed: one step finishes it (2.2). D1's new card is the
            // holder's to add.
            half_done: matches!(next, Next::OnlyTheNewOne | Next::Print),
            waiting: has_to_retire && happened(Call::Issue) && !happened(Call::Retire),
        },
        next,
        try_hears: match next {
            Next::Nothing => None,
            _ if is_struck(point) => Some(Heard::Success),
            _ => Some(heard(trouble)),
        },
    }
}

/// What retiring leaves of the old pass: a printed card is never deleted (cardexchange.md section 7, step 7).
fn retired(vendor: System) -> Old {
    if vendor == System::CardExchange { Old::Stopped } else { Old::Gone }
}

/// An order of work that makes no call to which the point could belong runs to its end and then dies; the fault is
/// armed for the next change, and there is none. One that the vendor lacks does not even begin.
fn at_its_end(leg: &Leg) -> End {
    let (vendor, mode) = (leg.cell.vendor, leg.cell.mode);
    let order: &[Call] = if leg.cell.is_offered() { calls(vendor, mode) } else { &[] };
    End {
        intents: order.iter().map(|c| (act(vendor, *c, leg.why), IntentState::Done)).collect(),
        requests: order.len(),
        old: match (order.first(), mode) {
            (None, _) => Old::AsItWas,
            (_, Mode::Swap) => Old::Gone,
            _ => Old::Stopped,
        },
        made: usize::from(!order.is_empty()),
        shown: Shown { words: None, open: false, half_done: false, waiting: false },
        next: Next::Nothing,
        try_hears: None,
    }
}
