//! What belongs to the session and not to anybody's passes: the mouse, and the cover while nobody is there.

use super::keymap::{Key, Meaning};
use super::message::{Effect, Pointed, Timer};
use super::model::{Model, Pane, SMALLEST, Tone};
use crate::domain::policy::Writes;

impl Model {
    /// A click. Rows are opened and hints are pressed; nothing is written by it that their key would not write.
    pub(super) fn pointed(&mut self, at: Pointed) -> Vec<Effect> {
        if self.size.0 < SMALLEST.0 || self.size.1 < SMALLEST.1 {
            return Vec::new();
        }
        match at {
            Pointed::Keys(keys) if self.overlay.is_some() || self.filters.typing.is_some() => {
                keys.into_iter().flat_map(|key| self.pressed(key)).collect()
            }
            Pointed::Keys(keys) => self.hint_pressed(&keys),
            _ if self.overlay.is_some() => Vec::new(),
            Pointed::Pane(pane) => self.go(pane),
            Pointed::Holder(holder) => {
                let Some(row) = self.hits.rows.iter().find(|hit| hit.has(&holder)) else { return Vec::new() };
                self.hit = Some(row.holder.id.clone());
                self.go(Pane::Holders);
                self.open_hit()
            }
            Pointed::Card(card) => {
                if self.shown.cards.iter().any(|(known, _)| known.id == card) {
                    self.shown.cursor = Some(card);
                }
                self.go(Pane::Cards)
            }
            Pointed::Operation(row) => {
                self.history_cursor = row.min(self.history.len().saturating_sub(1));
                self.go(Pane::History)
            }
        }
    }

    /// The hint of a command: that command, also where letters are text.
    fn hint_pressed(&mut self, keys: &[Key]) -> Vec<Effect> {
        let meaning = match keys {
            [first, second] => self.keymap.meaning(Some(*first), *second, false),
            [only] => self.keymap.meaning(None, *only, false),
            _ => return Vec::new(),
        };
        self.last_key = Some(self.since_start);
        match meaning {
            Meaning::Command(command) => self.try_command(command),
            Meaning::Prefix => keys.first().map_or_else(Vec::new, |key| {
                self.strip = true;
                self.first_key(*key)
            }),
            Meaning::Nothing => Vec::new(),
        }
    }

    /// The wheel.
    pub(super) fn scrolled(&mut self, pane: Option<Pane>, rows: i8) -> Vec<Effect> {
        if self.overlay.is_some() {
            let key = if rows > 0 { Key::Down } else { Key::Up };
            return (0..rows.unsigned_abs()).flat_map(|_| self.pressed(key)).collect();
        }
        let mut effects = match pane {
            Some(pane) if pane != self.focus && !(pane == Pane::Holders && self.focus == Pane::Search) => self.go(pane),
            _ => Vec::new(),
        };
        effects.extend(self.step(isize::from(rows)));
        effects
    }

    /// The mouse clicks and scrolls, or belongs to the terminal again.
    pub(super) fn toggle_mouse(&mut self) -> Vec<Effect> {
        self.mouse = !self.mouse;
        let text = if self.mouse {
            "The mouse clicks rows and hints; Shift-drag selects text."
        } else {
            "The mouse belongs to the terminal again."
        };
        self.say(Tone::Info, text);
        vec![Effect::Mouse(self.mouse)]
    }

    /// The timer after which nobody may be there any more.
    pub(super) fn idle_timer(&self) -> Option<Effect> {
        let after = self.idle_lock?;
        let quiet = self.since_start.saturating_sub(self.last_key.unwrap_or_default());
        Some(Effect::Timer(Timer::Idle, after.saturating_sub(quiet).max(std::time::Duration::from_secs(1))))
    }

    /// Covers the screen and locks writes if no key came for so long; else it looks again later.
    pub(super) fn idle(&mut self) -> Vec<Effect> {
        let Some(after) = self.idle_lock.filter(|_| !self.covered) else { return Vec::new() };
        if self.since_start.saturating_sub(self.last_key.unwrap_or_default()) < after {
            return self.idle_timer().into_iter().collect();
        }
        self.covered = true;
        if self.writes == Writes::Unlocked {
            self.writes = Writes::Locked;
            self.confirmed.clear();
            self.say(Tone::Info, "Writes were locked while nobody was here.");
        }
        Vec::new()
    }
}
