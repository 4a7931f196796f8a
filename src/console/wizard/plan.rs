//! What a preview asks for and what it confirms: a reissue, or an act on one credential.

use super::Field;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::Credential;
use crate::domain::lifecycle::{self, Verb};
use crate::domain::ownership::Ownership;
use crate::domain::policy::{ConfirmLevel, ReissueMode, Why};
use crate::domain::reissue::{ReissuePlan, ReissueRequest};
use crate::domain::turn::{TurnPlan, TurnRequest};
use jiff::Timestamp;

/// What the operator asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Replace a credential.
    Reissue(ReissueRequest),
    /// Act on one that exists.
    Turn(TurnRequest),
}

impl Request {
    /// What is to be done to a credential that exists; `None`: it is replaced.
    pub fn verb(&self) -> Option<Verb> {
        match self {
            Self::Reissue(_) => None,
            Self::Turn(turn) => Some(turn.verb),
        }
    }

    /// The reason as chosen.
    pub fn why(&self) -> Option<Why> {
        match self {
            Self::Reissue(r) => r.why,
            Self::Turn(t) => t.why,
        }
    }

    /// The reasons that its digits choose among.
    pub fn reasons(&self) -> &'static [Why] {
        match self.verb() {
            Some(Verb::End | Verb::Suspend) => &Why::ALL,
            _ => Why::TO_REPLACE,
        }
    }

    /// Ticket, or empty.
    pub fn ticket(&self) -> &str {
        match self {
            Self::Reissue(r) => &r.ticket,
            Self::Turn(t) => &t.ticket,
        }
    }

    /// Note, or empty.
    pub fn note(&self) -> &str {
        match self {
            Self::Reissue(r) => &r.note,
            Self::Turn(t) => &t.note,
        }
    }

    pub(in crate::console) fn choose(&mut self, why: Why) {
        match self {
            Self::Reissue(r) => r.why = Some(why),
            Self::Turn(t) => t.why = Some(why),
        }
    }

    pub(in crate::console) fn put(&mut self, field: Field, text: String) {
        match (self, field) {
            (Self::Reissue(r), Field::Ticket) => r.ticket = text,
            (Self::Reissue(r), Field::Note) => r.note = text,
            (Self::Turn(t), Field::Ticket) => t.ticket = text,
            (Self::Turn(t), Field::Note) => t.note = text,
            // It is about this preview, not about what is asked.
            (_, Field::Count) => {}
        }
    }

    pub(in crate::console) fn saw(&mut self, fingerprint: Option<String>) {
        match self {
            Self::Reissue(r) => r.seen = fingerprint,
            Self::Turn(t) => t.seen = fingerprint,
        }
    }
}

/// What exactly would happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// A credential is replaced.
    Reissue(Box<ReissuePlan>),
    /// One credential gets another state.
    Turn(Box<TurnPlan>),
}

impl Plan {
    /// The reason in force.
    pub fn why(&self) -> Option<Why> {
        match self {
            Self::Reissue(p) => p.why,
            Self::Turn(p) => p.request.why,
        }
    }

    /// The person as just read.
    pub fn holder(&self) -> &Cardholder {
        match self {
            Self::Reissue(p) => &p.holder,
            Self::Turn(p) => &p.holder,
        }
    }

    /// The credential as just read, and whose it is.
    pub fn card(&self) -> (&Credential, &Ownership) {
        match self {
            Self::Reissue(p) => (&p.old, &p.ownership),
            Self::Turn(p) => (&p.card, &p.ownership),
        }
    }

    /// `Order` line: which comes first; of a reissue only.
    pub fn order(&self) -> Option<&str> {
        match self {
            Self::Reissue(p) => Some(&p.order),
            Self::Turn(_) => None,
        }
    }

    /// The lines `Sends`, `Then`, `Undo`.
    pub fn lines(&self) -> [&str; 3] {
        match self {
            Self::Reissue(p) => [&p.sends, &p.then, &p.undo],
            Self::Turn(p) => [&p.sends, &p.then, &p.undo],
        }
    }

    /// When the target was read (UTC).
    pub fn read_at(&self) -> Timestamp {
        match self {
            Self::Reissue(p) => p.read_at,
            Self::Turn(p) => p.read_at,
        }
    }

    /// How grave the confirm is.
    pub fn level(&self) -> ConfirmLevel {
        match self {
            Self::Reissue(p) => p.level,
            Self::Turn(p) => p.level,
        }
    }

    /// True: no `y` without a ticket.
    pub fn needs_ticket(&self) -> bool {
        matches!(self, Self::Turn(p) if p.needs_ticket)
    }

    /// True: nothing is sent; the holder adds the new credential herself.
    pub fn holder_adds(&self) -> bool {
        matches!(self, Self::Reissue(p) if p.mode == ReissueMode::HolderAdds)
    }

    fn mode(&self) -> Option<ReissueMode> {
        match self {
            Self::Reissue(p) => Some(p.mode),
            Self::Turn(_) => None,
        }
    }

    fn target(&self) -> Option<&lifecycle::Target> {
        match self {
            Self::Reissue(_) => None,
            Self::Turn(p) => Some(&p.target),
        }
    }

    /// It says the same about the same object.
    pub(in crate::console) fn says_what(&self, other: &Self) -> bool {
        let says = |p: &Self| (p.why(), p.mode(), p.target().cloned(), p.level(), p.needs_ticket());
        says(self) == says(other)
            && self.lines() == other.lines()
            && self.order() == other.order()
            && self.card().1 == other.card().1
            && self.card().0.fingerprint() == other.card().0.fingerprint()
    }
}
