//! The inspector: everything that is known of the credential under the cursor, what its system itself says of it, whose
//! it is and why, and what was asked of the systems. It reads; nothing in it changes anything.

use super::commands::{Group, Kind};
use super::keymap::{Key, Meaning};
use super::message::{Effect, Query, Slot};
use super::model::{Model, Overlay, Tone};
use crate::domain::credential::{Credential, Particular};
use crate::domain::ownership::{Action, Deed, Ownership};
use crate::domain::text::{SafeText, Untrusted, mask_contact};
use crate::ports::requests::RequestLine;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Requests that are listed.
const REQUESTS: usize = 200;
/// Lines that a page moves.
const PAGE: usize = 15;

/// What the inspector shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::EnumIter)]
pub enum Leaf {
    /// All that is known of the credential, by name.
    #[default]
    Fields,
    /// The vendor's own document.
    Json,
    /// Whose it is, and the evidence.
    Why,
    /// What was asked of the systems.
    Requests,
}

impl Leaf {
    /// Its key inside the inspector, and its word.
    pub fn named(self) -> (char, &'static str) {
        match self {
            Self::Fields => ('1', "fields"),
            Self::Json => ('2', "json"),
            Self::Why => ('3', "why"),
            Self::Requests => ('4', "requests"),
        }
    }

    fn of(key: char) -> Option<Self> {
        <Self as strum::IntoEnumIterator>::iter().find(|leaf| leaf.named().0 == key)
    }

    fn beside(self, forward: bool) -> Self {
        let all: Vec<Self> = <Self as strum::IntoEnumIterator>::iter().collect();
        let at = all.iter().position(|leaf| *leaf == self).unwrap_or(0);
        all[(at + if forward { 1 } else { all.len() - 1 }) % all.len()]
    }
}

/// The open inspector.
#[derive(Debug, Default)]
pub struct Inspector {
    /// What it shows.
    pub leaf: Leaf,
    /// Lines scrolled away.
    pub scroll: usize,
    /// The requests, newest first, as last asked for.
    pub requests: Vec<RequestLine>,
}

/// One line of the inspector before it is broken to its width.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// How it is meant.
    pub tone: Tone,
    /// The name before it, or empty.
    pub label: String,
    /// What it says, safe to show.
    pub text: String,
}

/// A plain line.
pub(super) fn entry(label: &str, text: impl Into<String>) -> Entry {
    Entry { tone: Tone::Info, label: label.to_owned(), text: text.into() }
}

impl Model {
    /// Opens the inspector at a leaf, or turns to it.
    pub(super) fn inspect(&mut self, leaf: Leaf) -> Vec<Effect> {
        match &mut self.overlay {
            Some(Overlay::Inspector(open)) => (open.leaf, open.scroll) = (leaf, 0),
            overlay => *overlay = Some(Overlay::Inspector(Inspector { leaf, ..Inspector::default() })),
        }
        if leaf == Leaf::Requests { vec![self.ask(Slot::Requests, Query::Requests(REQUESTS))] } else { Vec::new() }
    }

    /// The requests came.
    pub(super) fn requests_read(&mut self, lines: Vec<RequestLine>) -> Vec<Effect> {
        if let Some(Overlay::Inspector(open)) = &mut self.overlay {
            open.requests = lines;
        }
        Vec::new()
    }

    pub(super) fn inspector_key(&mut self, key: Key) -> Vec<Effect> {
        let lines = self.inspected().len();
        let prefix = self.prefix;
        let Some(Overlay::Inspector(open)) = &mut self.overlay else { return Vec::new() };
        if prefix.is_some() {
            return self.inspector_command(key);
        }
        let mut moved = |by: isize| open.scroll = open.scroll.saturating_add_signed(by).min(lines.saturating_sub(1));
        match key {
            Key::Esc | Key::Char('o') => self.overlay = None,
            Key::Char(c) if Leaf::of(c).is_some() => return self.inspect(Leaf::of(c).unwrap_or_default()),
            Key::Tab | Key::Right | Key::Char('l') => {
                let leaf = open.leaf.beside(true);
                return self.inspect(leaf);
            }
            Key::BackTab | Key::Left | Key::Char('h') => {
                let leaf = open.leaf.beside(false);
                return self.inspect(leaf);
            }
            Key::Down | Key::Char('j') => moved(1),
            Key::Up | Key::Char('k') => moved(-1),
            Key::PageDown | Key::Ctrl('f' | 'd') => moved(PAGE as isize),
            Key::PageUp | Key::Ctrl('b' | 'u') => moved(-(PAGE as isize)),
            Key::Home | Key::Char('g') => open.scroll = 0,
            Key::End | Key::Char('G') => open.scroll = lines.saturating_sub(1),
            other => return self.inspector_command(other),
        }
        Vec::new()
    }

    /// Commands that look, and those that open a preview, work from here too; moving between panes does not.
    fn inspector_command(&mut self, key: Key) -> Vec<Effect> {
        let prefix = self.prefix.take();
        self.strip = false;
        match self.keymap.meaning(prefix, key, false) {
            Meaning::Command(command) if command.kind == Kind::Act || command.group == Group::See => {
                let requests = matches!(&self.overlay, Some(Overlay::Inspector(open)) if open.leaf == Leaf::Requests);
                let mut effects = self.try_command(command);
                if requests && matches!(self.overlay, Some(Overlay::Inspector(_))) {
                    effects.push(self.ask(Slot::Requests, Query::Requests(REQUESTS)));
                }
                effects
            }
            Meaning::Prefix => self.first_key(key),
            Meaning::Command(_) | Meaning::Nothing => Vec::new(),
        }
    }

    /// What the open inspector says, line by line.
    pub fn inspected(&self) -> Vec<Entry> {
        let Some(Overlay::Inspector(open)) = &self.overlay else { return Vec::new() };
        if open.leaf == Leaf::Requests {
            return requests(self, &open.requests);
        }
        let Some((card, owner)) = self.shown.card() else { return vec![entry("", "No card is selected.")] };
        match open.leaf {
            Leaf::Fields => fields(self, card),
            Leaf::Json => json(self),
            Leaf::Why | Leaf::Requests => why(self, card, owner),
        }
    }

    /// An absolute moment in the shown zone, with its own offset: `2026-03-08 02:14:00 +10:00`.
    fn exactly(&self, at: Timestamp) -> String {
        let zone = if self.utc { TimeZone::UTC } else { self.zone.clone() };
        at.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
    }

    /// Hands a text about the credential under the cursor to the terminal.
    pub(super) fn copy(&mut self, what: &str, text: Option<String>) -> Vec<Effect> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Vec::new() };
        // Whether the terminal took it, it does not say.
        self.say(Tone::Info, &format!("The {what} was sent to the terminal clipboard."));
        vec![Effect::Copy(text)]
    }
}

fn fields(model: &Model, card: &Credential) -> Vec<Entry> {
    let mut out = Vec::new();
    let mut say = |label: &str, text: String| {
        if !text.is_empty() {
            out.push(entry(label, text));
        }
    };
    let safe = |text: &Untrusted| text.safe().to_string();
    if let Some(record) = model.shown.record(&card.holder) {
        let holder = &record.holder;
        let parts =
            [holder.name(), holder.employee_number.clone(), holder.division.clone(), holder.description.clone()];
        let known: Vec<String> = parts.iter().map(safe).filter(|part| !part.is_empty()).collect();
        say("cardholder", known.join("  "));
        if !holder.authorised {
            say("", "not authorised: none of her cards opens a door".to_owned());
        }
    }
    say("state", format!("{} {}", card.state().glyph(), card.state()));
    say("vendor's word", safe(&card.status_word));
    say("type", safe(&card.type_name));
    say("class", card.class.to_string());
    say("number", safe(&card.number));
    say("issue level", card.issue_level.map(|level| level.to_string()).unwrap_or_default());
    if let Some(invitation) = &card.invitation {
        say("invitation", invitation.status.to_string());
        say("  by mail to", mask_contact(&invitation.email.safe()));
        say("  code to", mask_contact(&invitation.phone.safe()));
        if invitation.single_factor {
            say("  enrolment", "without PIN or biometric".to_owned());
        }
    }
    let moment = |at: Option<Timestamp>| at.map(|at| model.exactly(at)).unwrap_or_default();
    say("valid from", moment(card.from));
    say("valid until", moment(card.until));
    say("last used", moment(card.last_used));
    if card.barred {
        say("", "what it hangs from is stopped, so it opens no door whatever its own state".to_owned());
    }
    for (name, value) in &card.particulars {
        let value = value.safe();
        let masked = matches!(name, Particular::Email | Particular::Phone);
        say(&name.words(), if masked { mask_contact(&value) } else { value.to_string() });
    }
    say("id", card.id.to_string());
    say("address", card.link.to_string());
    say("lasting id", safe(&card.lasting_id));
    say("our mark", card.marker.as_ref().map(|mark| mark.as_str().to_owned()).unwrap_or_default());
    say("read", model.exactly(card.as_of));
    out
}

fn json(model: &Model) -> Vec<Entry> {
    match model.shown.document() {
        Some(document) => document.lines().into_iter().map(|line| entry("", line.to_string())).collect(),
        None => vec![entry("", format!("Not read from its system in this run; {} reads it.", model.key("refresh")))],
    }
}

fn why(model: &Model, card: &Credential, owner: &Ownership) -> Vec<Entry> {
    let mut out = vec![entry("owner", owner.badge().into_owned()), entry("grade", owner.grade.to_string())];
    for clue in &owner.clues {
        out.push(Entry { tone: Tone::Ok, ..entry("+", clue.to_string()) });
    }
    if owner.clues.is_empty() {
        out.push(Entry { tone: Tone::Warn, ..entry("+", "no evidence at all") });
    }
    for (label, action) in [("to stop it", Action::Reversible), ("to end it", Action::Irreversible)] {
        out.push(match owner.permits(Deed { action, verb: None, why: None }) {
            Ok(level) => entry(label, format!("allowed, level {level:?}")),
            Err(reason) => Entry { tone: Tone::Warn, ..entry(label, format!("not from here: {reason}")) },
        });
        out.push(match owner.permits_in_bulk(action, card.usable(), false) {
            Ok(_) => entry("  in bulk", "allowed"),
            Err(reason) => Entry { tone: Tone::Warn, ..entry("  in bulk", format!("not from here: {reason}")) },
        });
    }
    let about = model.shown.ledger.iter().filter(|row| row.credential.as_ref() == Some(&card.id));
    for row in about {
        let parts = [&row.action, &row.result, &row.operator, &row.ticket, &row.note];
        let words: Vec<&str> = parts.into_iter().map(SafeText::as_str).filter(|word| !word.is_empty()).collect();
        let seq = row.seq.map(|seq| format!("  event {seq}")).unwrap_or_default();
        out.push(entry("ledger", format!("{}  {}{seq}", model.exactly(row.at), words.join("  "))));
    }
    out
}

fn requests(model: &Model, lines: &[RequestLine]) -> Vec<Entry> {
    if lines.is_empty() {
        return vec![entry("", "Nothing was asked of any system in this run.")];
    }
    lines
        .iter()
        .map(|line| {
            let zone = if model.utc { TimeZone::UTC } else { model.zone.clone() };
            let at = line.at.to_zoned_datetime(zone).strftime("%H:%M:%S").to_string();
            let took = line.took.as_millis();
            let (tone, came) = match line.status {
                Some(status) if status < 400 => (Tone::Info, status.to_string()),
                Some(status) => (Tone::Warn, status.to_string()),
                None => (Tone::Error, format!("no answer: {}", line.problem)),
            };
            let body = if line.sent > 0 { format!("  {} bytes", line.sent) } else { String::new() };
            let id = if line.correlation.as_str().is_empty() {
                String::new()
            } else {
                format!("  corr {}", line.correlation)
            };
            // What counts stands first, where nothing cuts it.
            let text = format!("{} {} {came} {took}ms  {}{body}{id}", line.tenant, line.method, line.path);
            Entry { tone, label: at, text }
        })
        .collect()
}
