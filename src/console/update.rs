//! The only writer of state: a message in, the model changed, effects out. It does no I/O and reads no clock.

use super::commands::Command;
use super::keymap::{Key, Meaning};
use super::message::{Effect, Msg, Query, Report, Slot, Timer};
use super::model::{Message, Model, Overlay, Pane, SMALLEST, Toast, Tone};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tui_input::{Input, InputRequest};

/// How long a good or neutral note stays.
const TOAST: Duration = Duration::from_secs(8);
/// A confirming key counts only if no key came for this long before it.
const QUIET: Duration = Duration::from_millis(80);
/// After a first key its second ones are listed.
const STRIP: Duration = Duration::from_millis(300);
/// Keys kept while a search that Enter waits for is under way.
const TYPED_AHEAD: usize = 16;
/// Lines kept in the message log.
const MESSAGES: usize = 1000;

/// When a message is handled: by the wall, for what is shown, and by a clock that never jumps, for what is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// Wall clock (UTC).
    pub wall: Timestamp,
    /// Time since the program began.
    pub since_start: Duration,
}

/// Applies one message.
pub fn update(model: &mut Model, msg: Msg, at: Moment) -> Vec<Effect> {
    (model.now, model.since_start) = (at.wall, at.since_start);
    let mut effects = handle(model, msg);
    effects.extend(model.refilter());
    effects
}

fn handle(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Start => model.start(),
        Msg::Key(key) => model.pressed(key),
        // The loop looks first what stands there.
        Msg::Clicked { .. } | Msg::Wheel { .. } => Vec::new(),
        Msg::Pointed(at) => model.pointed(at),
        Msg::Scrolled(pane, rows) => model.scrolled(pane, rows),
        Msg::Paste(text) => model.paste(&text),
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            model.unsee();
            Vec::new()
        }
        Msg::Drawn { whole } => {
            model.drawn(whole);
            Vec::new()
        }
        Msg::Leave => model.hang_up(),
        Msg::Timer(timer) => model.timer(timer),
        Msg::Answer(slot, generation, answer) => {
            if model.generations.get(&slot) == Some(&generation) {
                model.answer(&slot, answer)
            } else {
                Vec::new()
            }
        }
        Msg::Report(report) => model.report(report),
    }
}

/// Gives an editing key to a text field.
pub(super) fn edit(input: &mut Input, key: Key) {
    let request = match key {
        Key::Char(c) => InputRequest::InsertChar(c),
        Key::Backspace => InputRequest::DeletePrevChar,
        Key::Delete => InputRequest::DeleteNextChar,
        Key::Left => InputRequest::GoToPrevChar,
        Key::Right => InputRequest::GoToNextChar,
        Key::Home | Key::Ctrl('a') => InputRequest::GoToStart,
        Key::End | Key::Ctrl('e') => InputRequest::GoToEnd,
        Key::Ctrl('w') => InputRequest::DeletePrevWord,
        Key::Ctrl('u') => InputRequest::DeleteLine,
        Key::Ctrl('k') => InputRequest::DeleteTillEnd,
        _ => return,
    };
    input.handle(request);
}

impl Model {
    /// A query effect with the next number of its slot.
    pub(super) fn ask(&mut self, slot: Slot, query: Query) -> Effect {
        self.asked += 1;
        self.generations.insert(slot.clone(), self.asked);
        Effect::Query(slot, self.asked, query)
    }

    /// Forgets the query of a slot: whatever it brings is dropped.
    pub(super) fn forget(&mut self, slot: Slot) -> Option<Effect> {
        self.generations.remove(&slot).map(|_| Effect::Cancel(slot))
    }

    /// Shows a note and keeps it in the log.
    pub(super) fn say(&mut self, tone: Tone, text: &str) {
        self.log(tone, text, "");
        self.counter += 1;
        self.toast = Some(Toast { number: self.counter, tone, text: text.to_owned() });
    }

    /// Keeps a line in the log without showing it.
    pub(super) fn log(&mut self, tone: Tone, text: &str, detail: &str) {
        if self.messages.len() == MESSAGES {
            self.messages.remove(0);
        }
        let (text, detail) = (text.to_owned(), detail.to_owned());
        self.messages.push(Message { at: self.now, tone, text, detail });
    }

    /// The timer that takes the newest note away; notes about trouble stay until ESC.
    fn toast_timer(&self) -> Option<Effect> {
        let toast = self.toast.as_ref()?;
        let goes = matches!(toast.tone, Tone::Ok | Tone::Info) && !self.still;
        goes.then_some(Effect::Timer(Timer::Toast(toast.number), TOAST))
    }

    fn start(&mut self) -> Vec<Effect> {
        let mut effects = vec![Self::list_and_look(), Effect::VerifyLedger, self.minute()];
        effects.extend(self.tenants.iter().map(|t| Effect::Connect(t.profile.name.clone())));
        effects.extend(self.search_changed());
        effects.extend(self.idle_timer());
        if self.mouse {
            effects.push(Effect::Mouse(true));
        }
        effects
    }

    fn minute(&self) -> Effect {
        let into = self.now.as_millisecond().rem_euclid(60_000) as u64;
        Effect::Timer(Timer::Minute, Duration::from_millis(60_000 - into))
    }

    pub(super) fn pressed(&mut self, key: Key) -> Vec<Effect> {
        let before = self.toast.as_ref().map(|t| t.number);
        if self.still && self.toast.as_ref().is_some_and(|t| matches!(t.tone, Tone::Ok | Tone::Info)) {
            self.toast = None;
        }
        if std::mem::take(&mut self.covered) {
            // It shows what is there, and means nothing else.
            self.last_key = Some(self.since_start);
            self.unsee();
            return self.idle_timer().into_iter().chain(self.live_timer()).collect();
        }
        self.pending = None;
        let mut effects = self.routed_key(key);
        self.last_key = Some(self.since_start);
        effects.extend(self.live_timer());
        if self.toast.as_ref().map(|t| t.number) != before {
            effects.extend(self.toast_timer());
        }
        effects
    }

    pub(super) fn routed_key(&mut self, key: Key) -> Vec<Effect> {
        if key == Key::Ctrl('c') {
            return self.interrupt();
        }
        if self.size.0 < SMALLEST.0 || self.size.1 < SMALLEST.1 {
            // Nothing but one line is on screen: nothing is decided unseen.
            return if matches!(key, Key::Char('q') | Key::F(10)) { self.leave() } else { Vec::new() };
        }
        match &self.overlay {
            Some(Overlay::Wizard(_)) => return self.wizard_key(key),
            Some(Overlay::Palette(_)) => return self.palette_key(key),
            Some(Overlay::Messages { .. }) => return self.messages_key(key),
            Some(Overlay::Jobs { .. }) => return self.jobs_key(key),
            Some(Overlay::Decision(_)) => return self.decision_key(key),
            Some(Overlay::Ticket(_)) => return self.ticket_key(key),
            Some(Overlay::Inspector(_)) => return self.inspector_key(key),
            Some(Overlay::Settings(_)) => return self.settings_key(key),
            None => {}
        }
        if self.open_when_found && key != Key::Esc {
            if self.typed_ahead.len() < TYPED_AHEAD {
                self.typed_ahead.push(key);
            }
            return Vec::new();
        }
        if self.filters.typing.is_some() {
            return self.filter_key(key);
        }
        let in_text = self.focus == Pane::Search;
        let prefix = self.prefix.take();
        self.strip = false;
        match self.keymap.meaning(prefix, key, in_text) {
            Meaning::Command(command) => self.try_command(command),
            Meaning::Prefix => self.first_key(key),
            // It leads to the input lines of the other panes, and no name begins with it.
            Meaning::Nothing if in_text && key == Key::Char('/') && self.search.value().is_empty() => Vec::new(),
            Meaning::Nothing if in_text => {
                let before = self.search.value().to_owned();
                edit(&mut self.search, key);
                if before == self.search.value() { Vec::new() } else { self.search_changed() }
            }
            Meaning::Nothing => Vec::new(),
        }
    }

    /// Runs a command, or says why it is off.
    pub(super) fn try_command(&mut self, command: &Command) -> Vec<Effect> {
        match (command.enabled)(self) {
            Ok(()) => (command.run)(self),
            Err(reason) => {
                let text = format!("{} is off: {reason}.", command.title_for(self));
                self.say(Tone::Info, &text);
                Vec::new()
            }
        }
    }

    /// The first key of a pair.
    pub(super) fn first_key(&mut self, key: Key) -> Vec<Effect> {
        self.prefix = Some(key);
        self.prefix_number += 1;
        vec![Effect::Timer(Timer::Strip(self.prefix_number), STRIP)]
    }

    fn interrupt(&mut self) -> Vec<Effect> {
        match &mut self.overlay {
            Some(Overlay::Wizard(w)) if w.field.is_some() => w.field = None,
            Some(Overlay::Wizard(w)) if w.picking.is_some() => w.picking = None,
            Some(Overlay::Decision(sheet)) if sheet.writing => sheet.writing = false,
            Some(_) => self.overlay = None,
            None if self.filters.typing.is_some() => self.filters.typing = None,
            None if self.focus == Pane::Search => return self.go(Pane::Holders),
            None => {
                let text = format!("{} quits.", self.key("quit"));
                self.say(Tone::Info, &text);
            }
        }
        Vec::new()
    }

    /// Pasted text goes into text fields only, as one line; it never submits and never acts (rule R1).
    fn paste(&mut self, text: &crate::domain::text::Untrusted) -> Vec<Effect> {
        let words: Vec<&str> = text.raw().split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let joined = words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
        let safe = crate::domain::text::SafeText::of(&joined);
        let line: String = safe.as_str().chars().take(200).collect();
        let insert = |input: &mut Input| {
            for c in line.chars() {
                input.handle(InputRequest::InsertChar(c));
            }
        };
        match &mut self.overlay {
            Some(Overlay::Wizard(w)) => {
                if let Some((_, input)) = &mut w.field {
                    insert(input);
                }
            }
            Some(Overlay::Palette(p)) => insert(&mut p.input),
            Some(Overlay::Ticket(input)) => insert(input),
            Some(Overlay::Decision(sheet)) if sheet.writing => insert(&mut sheet.reason),
            Some(_) => {}
            None if self.filters.typing.is_some() => {
                if let Some(typing) = &mut self.filters.typing {
                    insert(&mut typing.input);
                }
                self.filter_typed(true);
            }
            None if self.focus == Pane::Search => {
                insert(&mut self.search);
                return self.search_changed();
            }
            None => {}
        }
        Vec::new()
    }

    /// Stamps a confirm that has just been drawn; from then on its dwell counts. A preview that was cut counts as
    /// not seen.
    fn drawn(&mut self, whole: bool) {
        let now = self.since_start;
        match &mut self.overlay {
            Some(Overlay::Wizard(w)) => w.was_drawn(now, whole),
            Some(Overlay::Decision(sheet)) => sheet.was_drawn(now, whole),
            Some(Overlay::Jobs { drawn, confirm: Some(_), .. }) => {
                drawn.get_or_insert(now);
            }
            _ => {}
        }
    }

    /// What was seen in another window size has to be seen again.
    fn unsee(&mut self) {
        match &mut self.overlay {
            Some(Overlay::Wizard(w)) => w.unsee(),
            Some(Overlay::Decision(sheet)) => sheet.unsee(),
            Some(Overlay::Jobs { drawn, .. }) => *drawn = None,
            _ => {}
        }
    }

    /// True if `Msg::Drawn` would change something.
    pub fn wants_drawn(&self) -> bool {
        match &self.overlay {
            Some(Overlay::Wizard(w)) => w.wants_drawn(),
            Some(Overlay::Decision(sheet)) => sheet.wants_drawn(),
            Some(Overlay::Jobs { drawn: None, confirm: Some(_), .. }) => true,
            _ => false,
        }
    }

    /// True if a preview is on top that does not fit the window.
    pub fn preview_is_cut(&self) -> bool {
        match &self.overlay {
            Some(Overlay::Wizard(w)) => w.is_cut(),
            Some(Overlay::Decision(sheet)) => sheet.is_cut(),
            _ => false,
        }
    }

    /// True if a confirming key was preceded by a moment without any key: a burst, a paste without brackets and a
    /// held key are not a decision.
    pub(super) fn deliberate(&self) -> bool {
        self.last_key.is_none_or(|last| self.since_start.saturating_sub(last) >= QUIET)
    }

    fn timer(&mut self, timer: Timer) -> Vec<Effect> {
        match timer {
            Timer::Minute => vec![self.minute()],
            Timer::Debounce(pause) => self.ask_systems(pause),
            Timer::Slow => {
                self.ticking = false;
                self.tick().into_iter().collect()
            }
            Timer::Toast(number) => {
                if self.toast.as_ref().is_some_and(|t| t.number == number) {
                    self.toast = None;
                }
                Vec::new()
            }
            Timer::Strip(number) => {
                self.strip = self.prefix.is_some() && self.prefix_number == number;
                Vec::new()
            }
            Timer::Refresh(number) => self.refresh_plan(number),
            Timer::Idle => self.idle(),
            Timer::Live => self.live(),
            Timer::Watch(card) => self.watch_again(&card),
            Timer::Waiting(intent) => self.check_waiting(intent),
            Timer::Reconcile(_) | Timer::Late => vec![self.look_again()],
        }
    }

    fn report(&mut self, report: Report) -> Vec<Effect> {
        let before = self.toast.as_ref().map(|t| t.number);
        let mut effects = match report {
            Report::Connection(tenant, result) => self.connected(&tenant, result),
            Report::Fill(tenant, mark, problem) => self.filled(&tenant, mark, problem.as_ref()),
            Report::Ledger(health) => self.ledger_verified(health),
            Report::Theme(worn) => self.theme_worn(worn),
            Report::Themes(names) => self.themes_listed(names),
            Report::Missing(problem) => {
                self.trouble(&problem);
                Vec::new()
            }
            Report::Unfinished { work, settled, names } => {
                self.names.extend(names);
                self.unfinished(*work, &settled)
            }
            Report::RecoveryFailed(problem) => {
                self.trouble(&problem);
                Vec::new()
            }
            Report::Step(holder, step) => self.stepped(&holder, &step),
            Report::Ended(holder, end) => self.ended(&holder, end),
            Report::Watched(card, result) => self.watched(&card, result),
            Report::Usable(intent, result) => self.usable(intent, result),
        };
        if self.toast.as_ref().map(|t| t.number) != before {
            effects.extend(self.toast_timer());
        }
        effects
    }

    /// Shows a problem and keeps its full text.
    pub(super) fn trouble(&mut self, problem: &crate::domain::problem::Problem) {
        self.log(Tone::Error, &problem.to_string(), &problem.detail);
        self.counter += 1;
        self.toast = Some(Toast { number: self.counter, tone: Tone::Error, text: problem.to_string() });
    }

    fn palette_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(Overlay::Palette(palette)) = &mut self.overlay else { return Vec::new() };
        let count = palette.rows(&self.keymap).len();
        match key {
            Key::Esc => self.overlay = None,
            Key::Down => palette.cursor = (palette.cursor + 1).min(count.saturating_sub(1)),
            Key::Up => palette.cursor = palette.cursor.saturating_sub(1),
            Key::PageDown => palette.cursor = (palette.cursor + 10).min(count.saturating_sub(1)),
            Key::PageUp => palette.cursor = palette.cursor.saturating_sub(10),
            Key::Enter => {
                let Some(command) = palette.rows(&self.keymap).get(palette.cursor).copied() else { return Vec::new() };
                return match (command.enabled)(self) {
                    Ok(()) => {
                        self.overlay = None;
                        (command.run)(self)
                    }
                    Err(reason) => {
                        let text = format!("{} is off: {reason}.", command.title_for(self));
                        self.say(Tone::Info, &text);
                        Vec::new()
                    }
                };
            }
            other => {
                edit(&mut palette.input, other);
                palette.cursor = 0;
            }
        }
        Vec::new()
    }

    fn messages_key(&mut self, key: Key) -> Vec<Effect> {
        let last = self.messages.len().saturating_sub(1);
        if let Some(Overlay::Messages { scroll }) = &mut self.overlay {
            match key {
                Key::Esc | Key::Char('q' | 'M') => self.overlay = None,
                Key::Down | Key::Char('j') => *scroll = (*scroll + 1).min(last),
                Key::Up | Key::Char('k') => *scroll = scroll.saturating_sub(1),
                Key::PageDown | Key::Ctrl('f') => *scroll = (*scroll + 10).min(last),
                Key::PageUp | Key::Ctrl('b') => *scroll = scroll.saturating_sub(10),
                _ => {}
            }
        }
        Vec::new()
    }

    fn ticket_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(Overlay::Ticket(input)) = &mut self.overlay else { return Vec::new() };
        match key {
            Key::Esc => self.overlay = None,
            Key::Enter => {
                let text = input.value().trim().to_owned();
                if crate::domain::policy::ticket_problem(&text).is_none() {
                    self.ticket = text;
                    self.overlay = None;
                }
            }
            other => edit(input, other),
        }
        Vec::new()
    }

    /// The terminal or the system asks to end: as soon as nothing is in flight, however often it asks.
    fn hang_up(&mut self) -> Vec<Effect> {
        self.leaving = true;
        if self.running.is_empty() { vec![Effect::Quit] } else { Vec::new() }
    }

    /// Leaves, or waits for what is being sent; asked twice, it leaves at once and says what stays open.
    pub(super) fn leave(&mut self) -> Vec<Effect> {
        if let Some((_, ids)) = self.unrecorded.first().filter(|_| self.asked_to_leave < 2) {
            let times = if self.asked_to_leave == 0 { "twice" } else { "once" };
            let text = format!("NOT RECORDED: {ids}; write these ids down; {} {times} more leaves.", self.key("quit"));
            self.asked_to_leave += 1;
            self.say(Tone::Error, &text);
            return Vec::new();
        }
        if self.running.is_empty() || self.leaving {
            return vec![Effect::Quit];
        }
        self.leaving = true;
        let text = format!(
            "Waiting for {} to be answered; {} again leaves now, and the next start checks what came of it.",
            if self.running.len() == 1 { "a change".to_owned() } else { format!("{} changes", self.running.len()) },
            self.key("quit")
        );
        self.say(Tone::Warn, &text);
        Vec::new()
    }
}

/// The age of something, for people: `4s`, `12m`, `3h`, `9d`.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).max(SignedDuration::ZERO).as_secs();
    match seconds {
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m", s / 60),
        s if s < 48 * 3600 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}
