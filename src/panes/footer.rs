//! The last rows: the note, and the keys that are valid now, most used first, each hint whole or not at all.

use crate::console::commands::{COMMANDS, Command, Kind};
use crate::console::keymap::{Key, written};
use crate::console::model::{Model, Pane, Tone};
use crate::widgets::text::{Pen, wrap};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// The role of a tone.
pub fn tone_role(tone: Tone) -> Role {
    match tone {
        Tone::Ok => Role::Good,
        Tone::Info => Role::Plain,
        Tone::Warn => Role::Warn,
        Tone::Error => Role::Bad,
    }
}

/// What stands in the note's row when nobody said anything.
fn idle_note(model: &Model) -> (Role, String) {
    let jobs = model.key("jobs");
    if let Some(alarm) = model.arrived.first() {
        let who = model.who(&alarm.purpose.holder);
        return (Role::Bad, format!("ALARM: a pass of {who} was held not to have been made; {jobs} shows it."));
    }
    if let Some((_, ids)) = model.unrecorded.first() {
        return (Role::Bad, format!("NOT RECORDED: {ids}"));
    }
    let open = model.open.iter().filter(|r| r.state.is_open_question()).count();
    if open > 0 {
        let text = if open == 1 {
            format!("1 change has no known outcome yet; {jobs} shows it.")
        } else {
            format!("{open} changes have no known outcome yet; {jobs} shows them.")
        };
        return (Role::Warn, text);
    }
    if let Some(running) = model.running.first() {
        return (Role::Warn, format!("{}: {} ..", running.holder, running.words));
    }
    if let Some(half) = model.half.first() {
        let what = if half.purpose.act.makes() {
            "the new card is not sent to its printer"
        } else {
            "the old pass is stopped, no new one yet"
        };
        let text = format!("HALF DONE for {}: {what}; {jobs} shows it.", model.who(&half.purpose.holder));
        return (Role::Bad, text);
    }
    if !model.waiting.is_empty() {
        let n = model.waiting.len();
        return (
            Role::Muted,
            format!(
                "{n} old {} for the new one to be accepted; {jobs} shows it.",
                if n == 1 { "pass waits" } else { "passes wait" }
            ),
        );
    }
    if let Some(watch) = model.awaited().next() {
        let text = format!("Waiting for a new digital card of {}; {jobs} shows it.", model.who(&watch.holder));
        return (Role::Muted, text);
    }
    if let Some(typing) = &model.filters.typing {
        let example = match typing.list {
            Pane::History => "op:reissue by:me at:mar -src:vendor",
            Pane::Cards | Pane::Pass => "issued:me state:expired,ended -type:wallet age:>30d",
            Pane::Search | Pane::Holders => "doe state:expired -backend:gallagher",
        };
        return (Role::Muted, format!("For example {example}"));
    }
    let text = match model.focus {
        Pane::Search => "Type to search; ENT opens the first; ESC clears. Enter never writes.",
        Pane::Holders => "ENT opens the person and reads her cards.",
        Pane::Cards => "ENT shows the state. What needs a hand stands first.",
        Pane::Pass | Pane::History => "ESC goes back.",
    };
    (Role::Muted, text.to_owned())
}

/// Draws the note and the hints. A note about trouble that does not fit one row takes the hints' rows too.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width).saturating_sub(2);
    let mut y = 0;
    if let Some(toast) = &model.toast {
        let esc = if matches!(toast.tone, Tone::Warn | Tone::Error) { "  ESC" } else { "" };
        let mut lines = wrap(&format!("{}{esc}", toast.text), width);
        let room = usize::from(area.height.max(1));
        if lines.len() > room {
            lines.truncate(room);
            if let Some(last) = lines.last_mut() {
                *last = crate::widgets::text::cut(&format!("{last} .. {} shows all", model.key("messages")), width);
            }
        }
        for line in lines {
            Pen::new(buffer, theme, area, y).skip(1).put(tone_role(toast.tone), &line);
            y += 1;
        }
    } else {
        let (role, text) = idle_note(model);
        Pen::new(buffer, theme, area, y).skip(1).put(role, &text);
        y += 1;
    }
    match model.prefix.filter(|_| model.strip) {
        _ if model.filters.typing.is_some() => line(theme, area, y, buffer),
        Some(prefix) => strip(model, prefix, theme, area, y, buffer),
        None => hints(model, theme, area, y, buffer),
    }
}

/// The keys of an open input line, where letters are text.
fn line(theme: Theme, area: Rect, y: u16, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, theme, area, y);
    pen.skip(1);
    for (key, word) in [("TAB", "complete"), ("ENT", "keep filter"), ("ESC", "take it off"), ("Up Down", "move")] {
        pen.put(Role::Key, key).skip(1).put(Role::Plain, word).skip(2);
    }
}

/// What may follow a first key: the strip that stands there after a moment, and never keeps the second key waiting.
fn strip(model: &Model, prefix: Key, theme: Theme, area: Rect, y: u16, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, theme, area, y);
    pen.skip(1).put(Role::Strong, &format!("{prefix} then")).skip(2);
    for (command, second) in model.keymap.behind(prefix) {
        let off = command.kind == Kind::Act && (command.enabled)(model).is_err();
        let (key, word) = if off { (Role::Muted, Role::Muted) } else { (Role::Key, Role::Plain) };
        pen.put(key, &second.to_string()).skip(1).put(word, command.title_for(model)).skip(2);
    }
    pen.put(Role::Key, "Esc").put(Role::Plain, " not");
}

fn hints(model: &Model, theme: Theme, area: Rect, first: u16, buffer: &mut Buffer) {
    let searching = model.focus == Pane::Search;
    let rank = |c: &Command| if searching { c.search_rank } else { c.rank };
    let mut commands: Vec<_> = COMMANDS.iter().filter(|c| rank(c) > 0).collect();
    commands.sort_by_key(|c| rank(c));
    let mut y = first;
    let mut pen = Pen::new(buffer, theme, area, y);
    pen.skip(1);
    let mut shown: Vec<String> = Vec::new();
    for command in commands {
        // In the search line letters are text: only what has another key is a hint there.
        let chords = model.keymap.chords(command);
        let Some(chord) = chords.iter().find(|k| !searching || !matches!(k[0], Key::Char(_))) else { continue };
        // What waits behind one first key is one hint.
        let (key, title) = match chord.as_slice() {
            [first, _] => (first.to_string(), "more"),
            _ => (written(chord), command.title_for(model)),
        };
        if shown.contains(&key) {
            continue;
        }
        let width = key.width() + 1 + title.width() + 2;
        if pen.room() < width {
            y += 1;
            if y >= area.height {
                return;
            }
            pen = Pen::new(buffer, theme, area, y);
            pen.skip(1);
        }
        let off = chord.len() == 1 && command.kind == Kind::Act && (command.enabled)(model).is_err();
        pen.put(if off { Role::Muted } else { Role::Key }, &key).skip(1);
        pen.put(if off { Role::Muted } else { Role::Plain }, title).skip(2);
        shown.push(key);
    }
}
