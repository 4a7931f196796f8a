//! The reissue wizard: holds the exact plan that `y` confirms.

use super::keymap::Key;
use super::message::{Effect, Query, Slot, Timer};
use super::model::{Model, Overlay, Tone};
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::Credential;
use crate::domain::ownership::Ownership;
use crate::domain::policy::{Why, Writes, note_problem, ticket_problem};
use crate::domain::problem::Problem;
use crate::domain::reissue::{ReissuePlan, ReissueRequest};
use crate::ports::ledger::LedgerHealth;
use jiff::SignedDuration;
use std::time::Duration;
use tui_input::Input;

/// A confirm takes no key for this long after it was first drawn (decision 15).
pub const DWELL: Duration = Duration::from_millis(250);
/// The target is read again when the plan is this old, so that `y` stays lit while somebody thinks.
const REFRESH: Duration = Duration::from_secs(8);
/// After so many re-reads nobody is looking any more; `y` then asks for a fresh read first.
const MAX_REFRESHES: u8 = 15;

/// What is known about what would happen.
#[derive(Debug)]
pub enum Planned {
    /// The target is being read for the first time.
    Reading,
    /// This is what `y` runs.
    Ready(Box<ReissuePlan>),
    /// It may not be done, and why.
    Refused(Problem),
}

/// A text field of the wizard that is being edited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// The ticket.
    Ticket,
    /// The note.
    Note,
}

/// The open wizard.
#[derive(Debug)]
pub struct Wizard {
    /// Its number, for its timers.
    pub number: u64,
    /// What is asked.
    pub request: ReissueRequest,
    /// The person as shown when it was opened.
    pub holder: Cardholder,
    /// The credential as shown when it was opened.
    pub card: Credential,
    /// Whose it was when it was opened.
    pub ownership: Ownership,
    /// What would happen.
    pub plan: Planned,
    /// The field being edited, and its text.
    pub field: Option<(Field, Input)>,
    /// When it was first drawn, on the clock that never jumps.
    opened: Option<Duration>,
    /// When the plan as it stands was first drawn whole.
    seen: Option<Duration>,
    /// The plan was drawn, but not all of it fits the window.
    cut: bool,
    /// A read is under way.
    pub reading: bool,
    refreshes: u8,
}

impl Wizard {
    /// Why `y` does nothing now; `Ok` if it sends.
    pub fn may_send(&self, model: &Model) -> Result<&ReissuePlan, String> {
        model.may_write()?;
        if self.cut {
            return Err("the window is too small to show all of it".into());
        }
        let plan = match &self.plan {
            Planned::Reading => return Err("reading the target".into()),
            Planned::Refused(_) => return Err("not possible, see above".into()),
            Planned::Ready(plan) => plan,
        };
        if plan.why.is_none() {
            return Err("choose why first, 1 to 7".into());
        }
        if self.reading {
            return Err("reading the target again".into());
        }
        if model.now.duration_since(plan.read_at) > SignedDuration::from_secs(ReissuePlan::FRESH_SECONDS) {
            return Err("the target was read too long ago".into());
        }
        Ok(plan)
    }

    /// It was drawn just now, whole or not.
    pub(super) fn was_drawn(&mut self, now: Duration, whole: bool) {
        self.opened.get_or_insert(now);
        self.cut = !whole;
        if whole && matches!(self.plan, Planned::Ready(_)) {
            self.seen.get_or_insert(now);
        }
    }

    /// What was seen does not count any more.
    pub(super) fn unsee(&mut self) {
        self.seen = None;
    }

    /// True if it matters that it is drawn.
    pub(super) fn wants_drawn(&self) -> bool {
        self.opened.is_none() || self.seen.is_none()
    }

    /// True if not all of it fits the window.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The plan says another thing than the one that was seen.
    fn differs(&self, plan: &ReissuePlan) -> bool {
        let Planned::Ready(old) = &self.plan else { return true };
        (old.why, old.mode, &old.sends, &old.then, &old.order, &old.undo)
            != (plan.why, plan.mode, &plan.sends, &plan.then, &plan.order, &plan.undo)
            || old.ownership != plan.ownership
            || old.old.fingerprint() != plan.old.fingerprint()
    }
}

impl Model {
    /// May anything be written now? The reason, if not.
    pub fn may_write(&self) -> Result<(), String> {
        match self.writes {
            Writes::Unlocked => {}
            Writes::Locked => return Err("read-only: L unlocks writes".into()),
            Writes::ReadOnly(reason) => return Err(format!("read-only: {reason}")),
        }
        match &self.ledger {
            LedgerHealth::Verified { .. } => Ok(()),
            LedgerHealth::Verifying => Err("the ledger is being verified, a moment".into()),
            LedgerHealth::Broken(reason) => Err(format!("writes are off: {reason}")),
        }
    }

    /// Opens the wizard for the credential under the cursor.
    pub(super) fn open_wizard(&mut self) -> Vec<Effect> {
        let Some((card, ownership)) = self.shown.card() else { return Vec::new() };
        let Some(record) = self.shown.holding() else { return Vec::new() };
        let request = ReissueRequest {
            holder: record.holder.id.clone(),
            holder_link: record.holder.link.clone(),
            credential: card.id.clone(),
            why: None,
            ticket: self.ticket.clone(),
            note: String::new(),
            at_once: false,
            seen: record.live.then(|| card.fingerprint()),
        };
        self.counter += 1;
        self.overlay = Some(Overlay::Wizard(Box::new(Wizard {
            number: self.counter,
            request,
            holder: record.holder.clone(),
            card: card.clone(),
            ownership: ownership.clone(),
            plan: Planned::Reading,
            field: None,
            opened: None,
            seen: None,
            cut: false,
            reading: false,
            refreshes: 0,
        })));
        self.read_plan()
    }

    /// Reads the target of the open wizard (again).
    fn read_plan(&mut self) -> Vec<Effect> {
        let Some(Overlay::Wizard(wizard)) = &mut self.overlay else { return Vec::new() };
        wizard.reading = true;
        let query = Query::Preview(Box::new(wizard.request.clone()));
        vec![self.ask(Slot::Preview, query)]
    }

    /// The plan, or why there is none.
    pub(super) fn plan_read(&mut self, result: Result<Box<ReissuePlan>, Problem>) -> Vec<Effect> {
        let Some(Overlay::Wizard(wizard)) = &mut self.overlay else { return Vec::new() };
        wizard.reading = false;
        let number = wizard.number;
        match result {
            Ok(plan) => {
                if wizard.differs(&plan) {
                    wizard.seen = None;
                }
                wizard.request.seen = Some(plan.old.fingerprint());
                wizard.plan = Planned::Ready(plan);
                vec![Effect::Timer(Timer::Refresh(number), REFRESH)]
            }
            Err(problem) => {
                self.log(Tone::Error, &problem.to_string(), &problem.detail);
                if let Some(Overlay::Wizard(wizard)) = &mut self.overlay {
                    wizard.plan = Planned::Refused(problem);
                }
                Vec::new()
            }
        }
    }

    /// The plan grows old: read again, as long as somebody may be looking.
    pub(super) fn refresh_plan(&mut self, number: u64) -> Vec<Effect> {
        match &mut self.overlay {
            Some(Overlay::Wizard(w)) if w.number == number && !w.reading && w.refreshes < MAX_REFRESHES => {
                w.refreshes += 1;
                self.read_plan()
            }
            _ => Vec::new(),
        }
    }

    /// A key while the wizard stands open. It starts in command mode; a field takes text only after its key.
    pub(super) fn wizard_key(&mut self, key: Key) -> Vec<Effect> {
        let (now, deliberate) = (self.since_start, self.deliberate());
        let past = |since: Option<Duration>| since.is_some_and(|s| now.saturating_sub(s) >= DWELL);
        let Some(Overlay::Wizard(wizard)) = &mut self.overlay else { return Vec::new() };
        if !past(wizard.opened) {
            return Vec::new();
        }
        if let Some((field, input)) = &mut wizard.field {
            match key {
                Key::Esc => wizard.field = None,
                Key::Enter => {
                    let text = input.value().trim().to_owned();
                    let field = *field;
                    let problem = if field == Field::Ticket { ticket_problem(&text) } else { note_problem(&text) };
                    if problem.is_some() {
                        return Vec::new();
                    }
                    wizard.field = None;
                    match field {
                        Field::Ticket => {
                            wizard.request.ticket.clone_from(&text);
                            self.ticket = text;
                        }
                        Field::Note => wizard.request.note = text,
                    }
                    return self.read_plan();
                }
                other => super::update::edit(input, other),
            }
            return Vec::new();
        }
        match key {
            Key::Esc => {
                self.overlay = None;
                self.say(Tone::Info, "Closed; nothing was sent.");
                vec![Effect::Cancel(Slot::Preview)]
            }
            Key::Char(c @ '1'..='7') => {
                let why = Why::ALL[c as usize - '1' as usize];
                wizard.request.why = Some(why);
                self.read_plan()
            }
            Key::Char('o') => {
                wizard.request.at_once = !wizard.request.at_once;
                self.read_plan()
            }
            Key::Char('t') => {
                wizard.field = Some((Field::Ticket, Input::new(wizard.request.ticket.clone())));
                Vec::new()
            }
            Key::Char('n') => {
                wizard.field = Some((Field::Note, Input::new(wizard.request.note.clone())));
                Vec::new()
            }
            Key::Char('R') | Key::F(5) => {
                // The operator looks anew: what the card is now is what she sees.
                wizard.request.seen = None;
                self.read_plan()
            }
            Key::Char('y') if matches!(wizard.plan, Planned::Ready(_)) && !(deliberate && past(wizard.seen)) => {
                // Too soon to be an answer to what is shown; after a burst the dwell begins anew.
                if !deliberate {
                    wizard.seen = wizard.seen.map(|_| now);
                }
                Vec::new()
            }
            Key::Char('y') => self.confirm_reissue(),
            _ => Vec::new(),
        }
    }

    fn confirm_reissue(&mut self) -> Vec<Effect> {
        let Some(Overlay::Wizard(wizard)) = &self.overlay else { return Vec::new() };
        match wizard.may_send(self) {
            Ok(plan) => {
                let plan = Box::new(plan.clone());
                let holder = plan.holder.id.clone();
                self.overlay = None;
                self.running.push(super::model::Running { holder, words: "checking".into() });
                self.say(Tone::Info, "Sending the reissue ...");
                vec![Effect::Cancel(Slot::Preview), Effect::Reissue(plan)]
            }
            Err(_) if matches!(wizard.plan, Planned::Ready(_)) && !wizard.reading && self.may_write().is_ok() => {
                // Too old: one more read, and `y` is lit again in a moment.
                self.read_plan()
            }
            Err(_) => Vec::new(),
        }
    }
}
