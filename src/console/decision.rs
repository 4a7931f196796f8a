//! The sheet on which a person decides what reading could not: the evidence, the answers, a reason, and `y`.

use super::keymap::Key;
use super::message::{Effect, Query, Slot};
use super::model::{Model, Overlay, Tone};
use super::wizard::DWELL;
use crate::domain::decision::{Case, Choice, reason_problem};
use crate::domain::ids::{HolderId, IntentId};
use crate::domain::journal::IntentRecord;
use crate::domain::problem::Problem;
use std::time::Duration;
use tui_input::Input;

/// What is known about the question.
#[derive(Debug)]
pub enum Evidence {
    /// It is being read.
    Reading,
    /// This is what `y` answers.
    Ready(Box<Case>),
    /// It cannot be decided, and why.
    Refused(Problem),
}

/// The open sheet.
#[derive(Debug)]
pub struct Sheet {
    /// The intent.
    pub intent: IntentId,
    /// The person concerned.
    pub holder: HolderId,
    /// What is known.
    pub evidence: Evidence,
    /// The answer under the cursor.
    pub cursor: usize,
    /// The reason, as far as it is typed.
    pub reason: Input,
    /// Keys are text of the reason.
    pub writing: bool,
    /// When what `y` would confirm was first drawn whole.
    seen: Option<Duration>,
    /// Something of it did not fit the window.
    cut: bool,
}

impl Sheet {
    /// The answer under the cursor.
    pub fn choice(&self) -> Option<&Choice> {
        let Evidence::Ready(case) = &self.evidence else { return None };
        case.choices.get(self.cursor)
    }

    /// Why `y` does nothing now.
    ///
    /// # Errors
    /// The reason, as it stands beside the dim `y`.
    pub fn may_decide(&self, model: &Model) -> Result<(&Case, &Choice), String> {
        model.may_write()?;
        if self.cut {
            return Err("the window is too small to show all of it".into());
        }
        let case = match &self.evidence {
            Evidence::Reading => return Err("reading the evidence".into()),
            Evidence::Refused(_) => return Err("not possible, see above".into()),
            Evidence::Ready(case) => case,
        };
        let Some(choice) = case.choices.get(self.cursor) else { return Err("choose an answer".into()) };
        if let Some(why) = choice.refused {
            return Err(why.into());
        }
        match reason_problem(self.reason.value()) {
            Some(why) => Err(format!("{why}, n")),
            None => Ok((case, choice)),
        }
    }

    /// It was drawn just now, whole or not.
    pub(super) fn was_drawn(&mut self, now: Duration, whole: bool) {
        self.cut = !whole;
        if whole && matches!(self.evidence, Evidence::Ready(_)) {
            self.seen.get_or_insert(now);
        }
    }

    /// What was seen does not count any more.
    pub(super) fn unsee(&mut self) {
        self.seen = None;
    }

    /// True if it matters that it is drawn.
    pub(super) fn wants_drawn(&self) -> bool {
        self.seen.is_none() && matches!(self.evidence, Evidence::Ready(_))
    }

    /// True if not all of it fits the window.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

impl Model {
    /// Opens the sheet of an open question: somebody asked for it by a key.
    pub(super) fn open_decision(&mut self, record: &IntentRecord) -> Vec<Effect> {
        self.overlay = Some(Overlay::Decision(Box::new(Sheet {
            intent: record.intent,
            holder: record.purpose.holder.clone(),
            evidence: Evidence::Reading,
            cursor: 0,
            reason: Input::default(),
            writing: false,
            seen: None,
            cut: false,
        })));
        self.read_case()
    }

    fn read_case(&mut self) -> Vec<Effect> {
        let Some(Overlay::Decision(sheet)) = &mut self.overlay else { return Vec::new() };
        sheet.evidence = Evidence::Reading;
        sheet.seen = None;
        let query = Query::Case(sheet.intent, sheet.holder.clone());
        vec![self.ask(Slot::Case, query)]
    }

    /// The evidence, or why there is none.
    pub(super) fn case_read(&mut self, result: Result<Box<Case>, Problem>) -> Vec<Effect> {
        let Some(Overlay::Decision(sheet)) = &mut self.overlay else { return Vec::new() };
        match result {
            Ok(case) => {
                sheet.cursor = sheet.cursor.min(case.choices.len().saturating_sub(1));
                sheet.evidence = Evidence::Ready(case);
            }
            Err(problem) => {
                sheet.evidence = Evidence::Refused(problem.clone());
                self.log(Tone::Error, &problem.to_string(), &problem.detail);
            }
        }
        Vec::new()
    }

    /// A key while the sheet stands open. Nothing is recorded before `y`.
    pub(super) fn decision_key(&mut self, key: Key) -> Vec<Effect> {
        let (now, deliberate) = (self.since_start, self.deliberate());
        let Some(Overlay::Decision(sheet)) = &mut self.overlay else { return Vec::new() };
        if sheet.writing {
            match key {
                Key::Enter | Key::Esc => sheet.writing = false,
                other => super::update::edit(&mut sheet.reason, other),
            }
            sheet.seen = None;
            return Vec::new();
        }
        let last = match &sheet.evidence {
            Evidence::Ready(case) => case.choices.len().saturating_sub(1),
            _ => 0,
        };
        match key {
            Key::Esc | Key::Char('q') => {
                self.overlay = None;
                self.say(Tone::Info, "Closed; nothing was recorded.");
                return vec![Effect::Cancel(Slot::Case)];
            }
            Key::Down | Key::Char('j') => (sheet.cursor, sheet.seen) = ((sheet.cursor + 1).min(last), None),
            Key::Up | Key::Char('k') => (sheet.cursor, sheet.seen) = (sheet.cursor.saturating_sub(1), None),
            Key::Char('n') => sheet.writing = true,
            Key::Char('R') | Key::F(5) => return self.read_case(),
            Key::Char('y') => {
                let past = sheet.seen.is_some_and(|seen| now.saturating_sub(seen) >= DWELL);
                if !(deliberate && past) {
                    // Too soon to be an answer to what is shown; after a burst the dwell begins anew.
                    sheet.seen = sheet.seen.map(|seen| if deliberate { seen } else { now });
                    return Vec::new();
                }
                return self.decided();
            }
            _ => {}
        }
        Vec::new()
    }

    fn decided(&mut self) -> Vec<Effect> {
        let Some(Overlay::Decision(sheet)) = &self.overlay else { return Vec::new() };
        let Ok((case, choice)) = sheet.may_decide(self) else { return Vec::new() };
        let reason = sheet.reason.value().trim().to_owned();
        let effect = Effect::Decide(Box::new(case.clone()), choice.verdict.clone(), reason);
        self.overlay = None;
        vec![effect]
    }
}
