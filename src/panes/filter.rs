//! The title row of a list: its name and counts, or the input line of its filter with what is wrong under the word.

use super::Places;
use crate::console::filtering::Typing;
use crate::console::model::{Model, Pane};
use crate::domain::text::SafeText;
use crate::widgets::text::{Pen, cut, title, wrap};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

/// `3 of 12, filter state:expired`, in so many columns; `None`: no filter is in force.
fn counts(model: &Model, list: Pane, width: usize) -> Option<String> {
    let force = model.filters.of(list)?;
    let tally = force.tally;
    let unknown = if tally.unknown > 0 { format!(", {} unknown", tally.unknown) } else { String::new() };
    let said = format!("{} of {}{unknown}", tally.matches, tally.all);
    let text = SafeText::of(&force.text);
    let room = (width * 2 / 3).saturating_sub(said.width() + 9).max(8);
    Some(format!("{said}, filter {}", cut(text.as_str(), room)))
}

/// What stands before the typed text.
fn prompt(list: Pane) -> String {
    format!("{} / ", list.number())
}

/// How much of a long text is left out at its beginning, in columns.
fn scrolled(typing: &Typing, area: Rect) -> (usize, usize) {
    let room = usize::from(area.width).saturating_sub(prompt(typing.list).width() + 24).max(8);
    (typing.input.visual_scroll(room), room)
}

/// Draws the title row; gives how many rows below it are taken.
pub fn head(model: &Model, list: Pane, theme: Theme, area: Rect, buffer: &mut Buffer, left: &str, right: &str) -> u16 {
    let Some(typing) = model.filters.typing_in(list) else {
        let counted = counts(model, list, usize::from(area.width));
        title(buffer, theme, area, model.focus == list, left, counted.as_deref().unwrap_or(right));
        return 0;
    };
    let (scroll, room) = scrolled(typing, area);
    let mut passed = 0;
    let shown: String = (typing.input.value().chars())
        .skip_while(|c| {
            passed += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            passed <= scroll
        })
        .collect();
    let tally = model.filters.of(list).map(|force| format!("{} of {}", force.tally.matches, force.tally.all));
    let mut pen = Pen::new(buffer, theme, area, 0);
    pen.put(Role::Focus, &prompt(list)).put(Role::Strong, &cut(SafeText::of(&shown).as_str(), room));
    pen.right(Role::Muted, format!("{}  TAB ENT ESC", tally.unwrap_or_default()).trim_start());
    below(typing, scroll, theme, area, buffer)
}

/// The rows under the input line: the message under its word, or what could stand at the cursor.
fn below(typing: &Typing, scroll: usize, theme: Theme, area: Rect, buffer: &mut Buffer) -> u16 {
    let free = area.height.saturating_sub(2);
    if free == 0 {
        return 0;
    }
    let offered = typing.offer.as_ref().map(|offer| &offer.completion).filter(|c| !c.candidates.is_empty());
    let Some(mistake) = &typing.mistake.as_ref().filter(|_| offered.is_none()) else {
        let Some(completion) = offered else { return 0 };
        Pen::new(buffer, theme, area, 1).skip(4).put(Role::Muted, &completion.line());
        return 1;
    };
    let text = mistake.to_string();
    let before = mistake.span.columns(typing.input.value()).0.saturating_sub(scroll);
    let caret = (prompt(typing.list).width() + before).min(usize::from(area.width).saturating_sub(1));
    let mut pen = Pen::new(buffer, theme, area, 1);
    if caret + 2 + text.width() <= usize::from(area.width) {
        pen.skip(caret as u16).put(Role::Bad, &format!("^ {text}"));
        return 1;
    }
    if text.width() < caret {
        pen.skip((caret - text.width() - 1) as u16).put(Role::Bad, &format!("{text} ^"));
        return 1;
    }
    pen.skip(caret as u16).put(Role::Bad, "^");
    let mut rows = 1;
    for line in wrap(&text, usize::from(area.width).saturating_sub(2)).iter().take(2) {
        if rows >= free {
            break;
        }
        rows += 1;
        Pen::new(buffer, theme, area, rows).skip(1).put(Role::Bad, line);
    }
    rows
}

/// Where the cursor of the input line stands, if one is open.
pub fn cursor(model: &Model, places: &Places) -> Option<Position> {
    let typing = model.filters.typing.as_ref()?;
    let area = match typing.list {
        Pane::Search | Pane::Holders => places.holders,
        Pane::Cards => places.cards,
        Pane::Pass => places.pass,
        Pane::History => places.history,
    };
    let (scroll, _) = scrolled(typing, area);
    let x = prompt(typing.list).width() + typing.input.visual_cursor().saturating_sub(scroll);
    (!area.is_empty()).then(|| Position { x: (area.x + x as u16).min(area.right().saturating_sub(1)), y: area.y })
}
