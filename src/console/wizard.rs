//! The preview of an act: holds the exact plan that `y` confirms, be it a reissue or an act on one credential.

mod plan;

pub use plan::{Plan, Request};

use super::keymap::Key;
use super::message::{Effect, Query, Slot, Timer};
use super::model::{Model, Overlay, Pending, Running, Tone};
use super::wording;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::{Credential, Particular, State};
use crate::domain::lifecycle::{self, Verb};
use crate::domain::operation::Source;
use crate::domain::ownership::Ownership;
use crate::domain::policy::{ConfirmLevel, ReissueMode, Why, Writes, note_problem, ticket_problem};
use crate::domain::problem::Problem;
use crate::domain::reissue::{ReissuePlan, ReissueRequest};
use crate::domain::text::SafeText;
use crate::domain::turn::TurnRequest;
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
    /// A word must be chosen before anything can be planned.
    Unasked,
    /// This is what `y` runs.
    Ready(Plan),
    /// It may not be done, and why.
    Refused(Problem),
}

/// A text field of the preview that is being edited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// The ticket.
    Ticket,
    /// The note.
    Note,
    /// How many cards are changed, where that must be typed.
    Count,
}

impl Field {
    /// What is wrong with a text in this field, if anything.
    pub fn problem(self, text: &str) -> Option<String> {
        match self {
            Self::Ticket => ticket_problem(text),
            Self::Note => note_problem(text),
            // A preview of this kind is about one card.
            Self::Count => (text != "1").then(|| "it is not that many".to_owned()),
        }
    }
}

/// The open preview.
#[derive(Debug)]
pub struct Wizard {
    /// Its number, for its timers.
    pub number: u64,
    /// What is asked.
    pub request: Request,
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
    /// The word under the cursor of the picker, while that is open.
    pub picking: Option<usize>,
    /// The count was typed, where the plan asks for it.
    pub counted: bool,
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
    ///
    /// # Errors
    /// The reason, as it stands beside the dim `y`.
    pub fn may_send(&self, model: &Model) -> Result<&Plan, String> {
        model.may_write()?;
        if self.cut {
            return Err("the window is too small to show all of it".into());
        }
        let plan = match &self.plan {
            Planned::Reading => return Err("reading the target".into()),
            Planned::Unasked => return Err("choose the word first, w".into()),
            Planned::Refused(_) => return Err("not possible, see above".into()),
            Planned::Ready(plan) => plan,
        };
        if self.picking.is_some() || self.needs_word() {
            return Err("choose the word first, w".into());
        }
        let reasons = self.request.reasons();
        if plan.why().is_none() {
            return Err(format!("choose why first, 1 to {}", reasons.len()));
        }
        if plan.needs_ticket() && self.request.ticket().is_empty() {
            return Err("a ticket is required, t".into());
        }
        if plan.level() == ConfirmLevel::L3 && !self.counted {
            return Err("type the count first, c".into());
        }
        if self.reading {
            return Err("reading the target again".into());
        }
        if model.now.duration_since(plan.read_at()) > SignedDuration::from_secs(ReissuePlan::FRESH_SECONDS) {
            return Err("the target was read too long ago".into());
        }
        Ok(plan)
    }

    /// Several words are possible and none was chosen, where the word is what the act is about.
    fn needs_word(&self) -> bool {
        matches!(&self.request, Request::Turn(t) if t.verb == Verb::Set && t.word.is_none())
    }

    /// The words to choose from, safe to show; empty where there is no choice.
    pub fn words(&self) -> Vec<SafeText> {
        match (&self.plan, &self.request) {
            (Planned::Ready(Plan::Turn(plan)), _) if !plan.words.is_empty() => plan.words.clone(),
            (_, Request::Turn(t)) if t.verb == Verb::Set => {
                lifecycle::choices(&self.card, self.card.as_of).iter().map(|t| SafeText::of(&t.word)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The word in force.
    pub fn word(&self) -> Option<SafeText> {
        let Request::Turn(turn) = &self.request else { return None };
        match (&self.plan, &turn.word) {
            (_, Some(word)) => Some(SafeText::of(word)),
            (Planned::Ready(Plan::Turn(plan)), None) if turn.verb != Verb::Set && !plan.target.word.is_empty() => {
                Some(SafeText::of(&plan.target.word))
            }
            _ => None,
        }
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

    /// A key while the words stand open. Taking one plans it; it never writes.
    fn pick(&mut self, key: Key) -> bool {
        let words = self.words();
        let Some(at) = self.picking else { return false };
        let last = words.len().saturating_sub(1);
        match key {
            Key::Esc => self.picking = None,
            Key::Down | Key::Right | Key::Tab | Key::Char('j' | 'l' | 'w') => self.picking = Some((at + 1).min(last)),
            Key::Up | Key::Left | Key::BackTab | Key::Char('k' | 'h') => self.picking = Some(at.saturating_sub(1)),
            Key::Enter => {
                self.picking = None;
                if let (Request::Turn(turn), Some(word)) = (&mut self.request, words.get(at)) {
                    turn.word = Some(word.as_str().to_owned());
                    return true;
                }
            }
            _ => {}
        }
        false
    }
}

impl Model {
    /// May anything be written now? The reason, if not.
    pub fn may_write(&self) -> Result<(), String> {
        match self.writes {
            Writes::Unlocked => {}
            Writes::Locked => return Err(format!("read-only: {} unlocks writes", self.key("lock"))),
            Writes::ReadOnly(reason) => return Err(format!("read-only: {reason}")),
        }
        match &self.ledger {
            LedgerHealth::Verified { .. } => Ok(()),
            LedgerHealth::Verifying => Err("the ledger is being verified, a moment".into()),
            LedgerHealth::Broken(reason) | LedgerHealth::ReadOnly(reason) => Err(format!("writes are off: {reason}")),
        }
    }

    /// Opens the preview of a reissue of the credential under the cursor.
    pub(super) fn open_wizard(&mut self) -> Vec<Effect> {
        self.open_wizard_for(None)
    }

    /// As [`open_wizard`](Self::open_wizard), with what is known of the work that it finishes.
    fn open_wizard_for(&mut self, work: Option<&Pending>) -> Vec<Effect> {
        let Some((card, _)) = self.shown.card() else { return Vec::new() };
        let Some(record) = self.shown.holding() else { return Vec::new() };
        let request = ReissueRequest {
            holder: record.holder.id.clone(),
            holder_link: record.holder.link.clone(),
            credential: card.id.clone(),
            why: work.and_then(|w| w.why),
            ticket: self.ticket_for(work),
            note: String::new(),
            at_once: false,
            seen: record.live.then(|| card.fingerprint()),
        };
        self.open_preview(Request::Reissue(request))
    }

    /// Opens the preview of an act on the credential under the cursor.
    pub(super) fn open_turn(&mut self, verb: Verb) -> Vec<Effect> {
        self.open_turn_for(verb, None)
    }

    /// Opens the preview of what takes the last change of the person shown back.
    pub(super) fn open_undo(&mut self) -> Vec<Effect> {
        let Ok((credential, verb)) = super::allowed::undo(self) else { return Vec::new() };
        self.shown.cursor = Some(credential);
        self.open_turn_for(verb, None)
    }

    /// The session's ticket goes before that of the work that is finished.
    fn ticket_for(&self, work: Option<&Pending>) -> String {
        work.filter(|_| self.ticket.is_empty()).map_or_else(|| self.ticket.clone(), |w| w.ticket.clone())
    }

    fn open_turn_for(&mut self, verb: Verb, work: Option<&Pending>) -> Vec<Effect> {
        let Some((card, _)) = self.shown.card() else { return Vec::new() };
        let Some(record) = self.shown.holding() else { return Vec::new() };
        let why = match verb {
            Verb::End => (card.state() == State::Expired).then_some(Why::Expired),
            // What it was stopped for is what is taken back.
            Verb::Resume => self.stopped_for(card),
            Verb::Suspend | Verb::Unlink | Verb::Set => None,
        };
        let request = TurnRequest {
            holder: record.holder.id.clone(),
            holder_link: record.holder.link.clone(),
            credential: card.id.clone(),
            verb,
            word: work.and_then(|w| w.word).map(str::to_owned),
            why: work.and_then(|w| w.why).or(why),
            ticket: self.ticket_for(work),
            note: String::new(),
            seen: record.live.then(|| card.fingerprint()),
        };
        self.open_preview(Request::Turn(request))
    }

    /// The reason for which a credential was stopped, as far as its own word or our ledger says.
    fn stopped_for(&self, card: &Credential) -> Option<Why> {
        let named = |text: &str| {
            let text = text.to_ascii_lowercase();
            let all =
                [("lost", Why::Lost), ("stolen", Why::Stolen), ("damage", Why::Damaged), ("forgot", Why::Forgotten)];
            all.into_iter().find(|(part, _)| text.contains(part)).map(|(_, why)| why)
        };
        let reason = card.particular(Particular::StateReason).and_then(|reason| named(reason.raw()));
        let ours = || {
            let stops =
                self.history.iter().filter(|row| row.source == Source::Ledger && row.action.as_str() == "suspend");
            let last = stops.filter(|row| row.credential.as_ref() == Some(&card.id)).max_by_key(|row| row.at)?;
            Why::ALL.into_iter().find(|why| last.note.as_str() == why.words()).or_else(|| named(last.note.as_str()))
        };
        reason.or_else(|| named(card.status_word.raw())).or_else(ours)
    }

    fn open_preview(&mut self, mut request: Request) -> Vec<Effect> {
        let Some((card, ownership)) = self.shown.card() else { return Vec::new() };
        let Some(record) = self.shown.holding() else { return Vec::new() };
        let mut picking = None;
        if let Request::Turn(turn) = &mut request
            && turn.verb == Verb::Set
            && turn.word.is_none()
        {
            // Where the words are the vendor's own they are known before anything is read; one of them is no choice.
            match lifecycle::choices(card, self.now).as_slice() {
                [] => {}
                [only] => turn.word = Some(only.word.clone().into_owned()),
                _ => picking = Some(0),
            }
        }
        self.counter += 1;
        self.overlay = Some(Overlay::Wizard(Box::new(Wizard {
            number: self.counter,
            request,
            holder: record.holder.clone(),
            card: card.clone(),
            ownership: ownership.clone(),
            plan: if picking.is_some() { Planned::Unasked } else { Planned::Reading },
            field: None,
            picking,
            counted: false,
            opened: None,
            seen: None,
            cut: false,
            reading: false,
            refreshes: 0,
        })));
        if picking.is_some() { Vec::new() } else { self.read_plan() }
    }

    /// Reads a person, then opens the preview of an act on one of her credentials: somebody asked for it by a key.
    pub(super) fn look_at(&mut self, pending: Pending) -> Vec<Effect> {
        self.overlay = None;
        let mut effects = self.go(super::model::Pane::Cards);
        if self.shown.record(&pending.holder).is_some() {
            effects.extend(self.read_live(pending.holder.clone(), pending.link.clone()));
        } else {
            effects.extend(self.turn_away());
            self.shown.opened = true;
            effects.push(self.ask(Slot::Cached, Query::Person(pending.holder.clone())));
        }
        self.pending = Some(pending);
        effects
    }

    /// The person that a preview waits for may have been read.
    pub(super) fn open_pending(&mut self) -> Vec<Effect> {
        let Some(pending) = &self.pending else { return Vec::new() };
        let there = self.shown.record(&pending.holder).is_some_and(|r| r.live && r.asked.is_none());
        if !there {
            return Vec::new();
        }
        let known = self.shown.cards.iter().any(|(c, _)| c.id == pending.credential);
        let pending = pending.clone();
        let verb = pending.verb;
        self.pending = None;
        if !known {
            let text = match verb {
                Some(_) => "That pass is not there any more: nothing is left to do.",
                None => "That pass is not listed any more: issue a new one in its own system.",
            };
            self.say(Tone::Info, text);
            return Vec::new();
        }
        self.shown.cursor = Some(pending.credential.clone());
        let allowed = verb.map_or_else(|| super::allowed::reissue(self), |verb| super::allowed::turn(self, verb));
        match (allowed, verb) {
            (Ok(()), Some(verb)) => self.open_turn_for(verb, Some(&pending)),
            (Ok(()), None) => self.open_wizard_for(Some(&pending)),
            (Err(reason), _) => {
                let text = format!("It cannot be done now: {reason}.");
                self.say(Tone::Info, &text);
                Vec::new()
            }
        }
    }

    /// Reads the target of the open preview (again).
    fn read_plan(&mut self) -> Vec<Effect> {
        let Some(Overlay::Wizard(wizard)) = &mut self.overlay else { return Vec::new() };
        if matches!(wizard.plan, Planned::Unasked) && wizard.needs_word() {
            return Vec::new();
        }
        if matches!(wizard.plan, Planned::Unasked) {
            wizard.plan = Planned::Reading;
        }
        wizard.reading = true;
        let query = match &wizard.request {
            Request::Reissue(request) => Query::Preview(Box::new(request.clone())),
            Request::Turn(request) => Query::PreviewTurn(Box::new(request.clone())),
        };
        vec![self.ask(Slot::Preview, query)]
    }

    /// The plan, or why there is none.
    pub(super) fn plan_read(&mut self, result: Result<Plan, Problem>) -> Vec<Effect> {
        let Some(Overlay::Wizard(wizard)) = &mut self.overlay else { return Vec::new() };
        wizard.reading = false;
        let number = wizard.number;
        match result {
            Ok(plan) => {
                let same = matches!(&wizard.plan, Planned::Ready(old) if old.says_what(&plan));
                if !same {
                    wizard.counted = false;
                    wizard.seen = None;
                }
                wizard.request.saw(Some(plan.card().0.fingerprint()));
                let first = !matches!(wizard.plan, Planned::Ready(_));
                wizard.plan = Planned::Ready(plan);
                if first && wizard.needs_word() && wizard.field.is_none() && wizard.words().len() > 1 {
                    wizard.picking = Some(0);
                }
                vec![Effect::Timer(Timer::Refresh(number), REFRESH)]
            }
            Err(problem) => {
                wizard.plan = Planned::Refused(problem.clone());
                self.log(Tone::Error, &problem.to_string(), &problem.detail);
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

    /// A key while the preview stands open. It starts in command mode; a field takes text only after its key.
    pub(super) fn wizard_key(&mut self, key: Key) -> Vec<Effect> {
        let (now, deliberate) = (self.since_start, self.deliberate());
        let past = |since: Option<Duration>| since.is_some_and(|s| now.saturating_sub(s) >= DWELL);
        let Some(Overlay::Wizard(wizard)) = &mut self.overlay else { return Vec::new() };
        if !past(wizard.opened) {
            return Vec::new();
        }
        if wizard.field.is_some() {
            return self.field_key(key);
        }
        if wizard.picking.is_some() {
            return if wizard.pick(key) { self.read_plan() } else { Vec::new() };
        }
        match key {
            Key::Esc => {
                self.overlay = None;
                self.say(Tone::Info, "Closed; nothing was sent.");
                vec![Effect::Cancel(Slot::Preview)]
            }
            Key::Char(c @ '1'..='9') => {
                let Some(why) = wizard.request.reasons().get(c as usize - '1' as usize) else { return Vec::new() };
                wizard.request.choose(*why);
                self.read_plan()
            }
            Key::Char('o') => {
                let Request::Reissue(request) = &mut wizard.request else { return Vec::new() };
                request.at_once = !request.at_once;
                self.read_plan()
            }
            Key::Char('w') if wizard.words().len() > 1 => {
                let word = wizard.word();
                let at = wizard.words().iter().position(|w| word.as_ref().is_some_and(|word| word == w));
                wizard.picking = Some(at.unwrap_or(0));
                Vec::new()
            }
            Key::Char('t') => {
                wizard.field = Some((Field::Ticket, Input::new(wizard.request.ticket().to_owned())));
                Vec::new()
            }
            Key::Char('n') => {
                wizard.field = Some((Field::Note, Input::new(wizard.request.note().to_owned())));
                Vec::new()
            }
            Key::Char('c') if matches!(&wizard.plan, Planned::Ready(plan) if plan.level() == ConfirmLevel::L3) => {
                wizard.counted = false;
                wizard.field = Some((Field::Count, Input::default()));
                Vec::new()
            }
            Key::Char('R') | Key::F(5) => {
                // The operator looks anew: what the card is now is what she sees.
                wizard.request.saw(None);
                self.read_plan()
            }
            Key::Char('y') if matches!(wizard.plan, Planned::Ready(_)) && !(deliberate && past(wizard.seen)) => {
                // Too soon to be an answer to what is shown; after a burst the dwell begins anew.
                if !deliberate {
                    wizard.seen = wizard.seen.map(|_| now);
                }
                Vec::new()
            }
            Key::Char('y') => self.confirm(),
            _ => Vec::new(),
        }
    }

    fn field_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(Overlay::Wizard(wizard)) = &mut self.overlay else { return Vec::new() };
        let Some((field, input)) = &mut wizard.field else { return Vec::new() };
        match key {
            Key::Esc => wizard.field = None,
            Key::Enter => {
                let (field, text) = (*field, input.value().trim().to_owned());
                if field.problem(&text).is_some() {
                    return Vec::new();
                }
                wizard.field = None;
                if field == Field::Count {
                    wizard.counted = true;
                    return Vec::new();
                }
                wizard.request.put(field, text.clone());
                if field == Field::Ticket {
                    self.ticket = text;
                }
                return self.read_plan();
            }
            other => super::update::edit(input, other),
        }
        Vec::new()
    }

    fn confirm(&mut self) -> Vec<Effect> {
        let Some(Overlay::Wizard(wizard)) = &self.overlay else { return Vec::new() };
        match wizard.may_send(self) {
            Ok(plan) => {
                let plan = plan.clone();
                self.overlay = None;
                let mut effects = vec![Effect::Cancel(Slot::Preview)];
                effects.extend(self.begin(plan));
                effects
            }
            Err(_) if matches!(wizard.plan, Planned::Ready(_)) && !wizard.reading && self.may_write().is_ok() => {
                // Too old: one more read, and `y` is lit again in a moment.
                self.read_plan()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Runs a confirmed plan.
    fn begin(&mut self, plan: Plan) -> Vec<Effect> {
        let holder = plan.holder().id.clone();
        match plan {
            Plan::Reissue(plan) if plan.mode == ReissueMode::HolderAdds => self.await_new(&plan),
            Plan::Reissue(plan) => {
                self.running.push(Running { holder, words: "checking".into(), done: String::new() });
                self.say(Tone::Info, "Sending the reissue ...");
                vec![Effect::Reissue(plan)]
            }
            Plan::Turn(plan) => {
                let verb = plan.request.verb;
                let word = plan.request.word.as_deref().unwrap_or(&plan.target.word);
                let who = plan.holder.name().safe().to_string();
                let done = wording::done(&plan.card, verb, &who, SafeText::of(word).as_str());
                let doing = wording::doing(&plan.card, verb);
                let text = format!("Sending: {doing} of {who} ...");
                self.running.push(Running { holder, words: doing, done });
                self.say(Tone::Info, &text);
                vec![Effect::Turn(plan)]
            }
        }
    }
}
