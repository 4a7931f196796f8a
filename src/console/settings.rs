//! Health and settings: how the desk stands, how it looks, which keys it has, and what it may do. What is set here holds
//! for this run; the preferences file keeps it.

use super::commands::COMMANDS;
use super::inspector::{Entry, entry};
use super::keymap::{Key, written};
use super::message::{Effect, Query, Slot};
use super::model::{Model, Overlay, Tone};
use super::update::age;
use crate::domain::checkup::{Check, Mark};
use crate::domain::policy::Writes;
use crate::domain::problem::Problem;

/// Lines that a page moves.
const PAGE: usize = 12;

/// What the sheet shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::EnumIter)]
pub enum Leaf {
    /// The check-up.
    #[default]
    Health,
    /// Themes.
    Looks,
    /// Keys, and which of them were changed.
    Keys,
    /// What may be done here, and why.
    Policy,
}

impl Leaf {
    /// Its key inside the sheet, and its word.
    pub fn named(self) -> (char, &'static str) {
        match self {
            Self::Health => ('1', "health"),
            Self::Looks => ('2', "looks"),
            Self::Keys => ('3', "keys"),
            Self::Policy => ('4', "policy"),
        }
    }

    fn of(key: char) -> Option<Self> {
        <Self as strum::IntoEnumIterator>::iter().find(|leaf| leaf.named().0 == key)
    }

    fn beside(self, by: usize) -> Self {
        let all: Vec<Self> = <Self as strum::IntoEnumIterator>::iter().collect();
        let at = all.iter().position(|leaf| *leaf == self).unwrap_or(0);
        all[(at + by) % all.len()]
    }
}

/// The open sheet.
#[derive(Debug, Default)]
pub struct Settings {
    /// What it shows.
    pub leaf: Leaf,
    /// Lines scrolled away; on the leaf of looks the theme under the cursor.
    pub at: usize,
    /// The themes that there are, once they are known.
    pub themes: Vec<String>,
    /// The theme that was worn when the sheet was opened: ESC puts it back on.
    before: String,
    /// What the check-up found; `None` while it runs.
    pub checks: Option<Vec<Check>>,
}

impl Model {
    /// Opens the sheet at a leaf.
    pub(super) fn open_settings(&mut self, leaf: Leaf) -> Vec<Effect> {
        let before = self.theme.clone();
        self.overlay = Some(Overlay::Settings(Settings { leaf, before, ..Settings::default() }));
        self.turn_to(leaf)
    }

    fn turn_to(&mut self, leaf: Leaf) -> Vec<Effect> {
        let Some(Overlay::Settings(sheet)) = &mut self.overlay else { return Vec::new() };
        (sheet.leaf, sheet.at) = (leaf, 0);
        match leaf {
            Leaf::Health if sheet.checks.is_none() => vec![self.ask(Slot::Checkup, Query::Checkup)],
            Leaf::Looks => {
                sheet.at = sheet.themes.iter().position(|name| *name == self.theme).unwrap_or(0);
                vec![Effect::Themes]
            }
            _ => Vec::new(),
        }
    }

    /// The check-up came back.
    pub(super) fn checked(&mut self, checks: Vec<Check>) -> Vec<Effect> {
        if let Some(Overlay::Settings(sheet)) = &mut self.overlay {
            sheet.checks = Some(checks);
        }
        Vec::new()
    }

    /// The themes are known.
    pub(super) fn themes_listed(&mut self, names: Vec<String>) -> Vec<Effect> {
        if let Some(Overlay::Settings(sheet)) = &mut self.overlay {
            sheet.themes = names;
            if sheet.leaf == Leaf::Looks {
                sheet.at = sheet.themes.iter().position(|name| *name == self.theme).unwrap_or(0);
            }
        }
        Vec::new()
    }

    /// Another theme is worn, or why it is not.
    pub(super) fn theme_worn(&mut self, worn: Result<String, Problem>) -> Vec<Effect> {
        match worn {
            Ok(name) => self.theme = name,
            Err(problem) => self.trouble(&problem),
        }
        Vec::new()
    }

    pub(super) fn settings_key(&mut self, key: Key) -> Vec<Effect> {
        let lines = self.settings_lines().len();
        let Some(Overlay::Settings(sheet)) = &mut self.overlay else { return Vec::new() };
        let looks = sheet.leaf == Leaf::Looks;
        let count = if looks { sheet.themes.len() } else { lines };
        let mut moved = |by: isize| sheet.at = sheet.at.saturating_add_signed(by).min(count.saturating_sub(1));
        match key {
            Key::Esc | Key::Char('q' | ',') => {
                let before = sheet.before.clone();
                self.overlay = None;
                let mut effects = vec![Effect::Cancel(Slot::Checkup)];
                if before != self.theme {
                    effects.push(Effect::Theme(before));
                }
                return effects;
            }
            Key::Char(c) if Leaf::of(c).is_some() => return self.turn_to(Leaf::of(c).unwrap_or_default()),
            Key::Tab | Key::Right | Key::Char('l') => {
                let leaf = sheet.leaf.beside(1);
                return self.turn_to(leaf);
            }
            Key::BackTab | Key::Left | Key::Char('h') => {
                let leaf = sheet.leaf.beside(3);
                return self.turn_to(leaf);
            }
            Key::Down | Key::Char('j') => moved(1),
            Key::Up | Key::Char('k') => moved(-1),
            Key::PageDown | Key::Ctrl('f' | 'd') => moved(PAGE as isize),
            Key::PageUp | Key::Ctrl('b' | 'u') => moved(-(PAGE as isize)),
            Key::Home | Key::Char('g') => sheet.at = 0,
            Key::End | Key::Char('G') => sheet.at = count.saturating_sub(1),
            Key::Enter if looks => {
                // What is worn stays on.
                sheet.before.clone_from(&self.theme);
                let text = format!(
                    "Theme {} for this run; theme = \"{}\" in the preferences keeps it.",
                    self.theme, self.theme
                );
                self.overlay = None;
                self.say(Tone::Info, &text);
                return Vec::new();
            }
            Key::Char('R') | Key::F(5) if sheet.leaf == Leaf::Health => {
                sheet.checks = None;
                return vec![self.ask(Slot::Checkup, Query::Checkup)];
            }
            _ => return Vec::new(),
        }
        match sheet.themes.get(sheet.at) {
            Some(name) if looks && *name != self.theme => vec![Effect::Theme(name.clone())],
            _ => Vec::new(),
        }
    }

    /// What the open sheet says, line by line; the leaf of looks is its list of themes.
    pub fn settings_lines(&self) -> Vec<Entry> {
        let Some(Overlay::Settings(sheet)) = &self.overlay else { return Vec::new() };
        match sheet.leaf {
            Leaf::Health => health(sheet),
            Leaf::Looks => sheet.themes.iter().map(|name| entry("", name.clone())).collect(),
            Leaf::Keys => keys(self),
            Leaf::Policy => policy(self),
        }
    }
}

/// How a mark of the check-up is shown.
pub fn tone(mark: Mark) -> Tone {
    match mark {
        Mark::Ok => Tone::Ok,
        Mark::Warn => Tone::Warn,
        Mark::Fail => Tone::Error,
    }
}

fn health(sheet: &Settings) -> Vec<Entry> {
    let Some(checks) = &sheet.checks else { return vec![entry("", "Looking ..")] };
    let mut out = Vec::new();
    for check in checks {
        let text = format!("{} {}", check.mark, check.says);
        out.push(Entry { tone: tone(check.mark), ..entry(check.subject.as_str(), text) });
        if !check.fix.as_str().is_empty() {
            out.push(entry("", format!("  {}", check.fix)));
        }
    }
    out
}

fn keys(model: &Model) -> Vec<Entry> {
    let mut out = vec![entry("", "[keys] in the preferences changes them; y, ESC and ^C keep their meaning.")];
    for command in COMMANDS {
        let chords = model.keymap.chords(command);
        let now: Vec<String> = chords.iter().map(|chord| written(chord)).collect();
        let table: Vec<String> = command.keys.iter().map(|chord| written(chord)).collect();
        let shown = if now.is_empty() { format!(":{}", command.name) } else { now.join(" or ") };
        let (tone, own) = if now == table {
            (Tone::Info, String::new())
        } else {
            (Tone::Warn, format!("  yours; by default {}", table.join(" or ")))
        };
        out.push(Entry { tone, ..entry(command.name, format!("{shown}{own}")) });
    }
    out
}

fn policy(model: &Model) -> Vec<Entry> {
    let mut out = vec![entry("mode", model.mode.to_string()), entry("operator", model.operator.clone())];
    let writes = match model.writes {
        Writes::Unlocked => format!("unlocked; {} locks", model.key("lock")),
        Writes::Locked => format!("locked; {} unlocks", model.key("lock")),
        Writes::ReadOnly(why) => format!("read-only: {why}"),
    };
    out.push(entry("writes", writes));
    for tenant in &model.tenants {
        let profile = &tenant.profile;
        let start = if profile.starts_unlocked { "starts unlocked" } else { "starts locked" };
        let marks = if profile.marker { "marks what it issues" } else { "leaves no mark" };
        let alone = if profile.sole_issuer { ", nobody else issues there" } else { "" };
        out.push(entry(profile.name.as_str(), format!("{}, {start}, {marks}{alone}", profile.system)));
    }
    let lock = match model.idle_lock {
        None => "never covered by itself".to_owned(),
        Some(after) => format!("covered and locked after {} minutes without a key", after.as_secs() / 60),
    };
    out.push(entry("idle", lock));
    let oldest = model.tenants.iter().filter_map(|t| t.fill.completed).min();
    if let Some(at) = oldest {
        out.push(entry("cache", format!("filled {} ago", age(at, model.now))));
    }
    out
}
