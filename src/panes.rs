//! What each part of the screen looks like: the layout at every size, and which pane stands where. Drawing
//! reads the model and cannot change it.

pub mod cards;
pub mod decision;
pub mod filter;
pub mod footer;
pub mod header;
pub mod history;
pub mod holders;
pub mod inspector;
pub mod overlays;
pub mod palette;
pub mod pass;
pub mod pointing;
pub mod settings;
pub mod wizard;

use crate::console::model::{Model, Overlay, Pane, SMALLEST};
use crate::widgets::text::Pen;
use crate::widgets::theme::{Role, Theme};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// From this many columns and rows on all panes stand together.
const ACCORDION: (u16, u16) = (60, 16);
/// From this many columns on there are two columns of panes.
const TWO_COLUMNS: u16 = 100;
/// From this many columns on there are three, and the history lies across.
const THREE_COLUMNS: u16 = 160;
/// Columns of the left side where there are two, of a narrow and of an ordinary window.
const LEFT: (u16, u16) = (42, 50);
/// From this many columns on the left side is ordinary.
const ORDINARY: u16 = 118;

/// Where each pane stands; height 0: not shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Places {
    /// The first row.
    pub header: Rect,
    /// Pane 1.
    pub search: Rect,
    /// Pane 2.
    pub holders: Rect,
    /// Pane 3.
    pub cards: Rect,
    /// Pane 4.
    pub pass: Rect,
    /// Pane 5.
    pub history: Rect,
    /// The note and the key hints.
    pub footer: Rect,
}

fn row(area: Rect, y: u16, height: u16) -> Rect {
    Rect { x: area.x, y: area.y + y, width: area.width, height }.intersection(area)
}

/// The layout for this size, focus and zoom.
pub fn places(area: Rect, focus: Pane, zoom: bool, cards: u16) -> Places {
    let mut p = Places { header: row(area, 0, 1), ..Places::default() };
    let small = area.width < ACCORDION.0 || area.height < ACCORDION.1;
    let foot = if small { 1 } else { 3 };
    p.footer = row(area, area.height.saturating_sub(foot), foot);
    let body = row(area, 1, area.height.saturating_sub(1 + foot));
    if small || zoom {
        p.search = row(body, 0, 1);
        let rest = row(body, 1, body.height.saturating_sub(1));
        match focus {
            Pane::Search | Pane::Holders => p.holders = rest,
            Pane::Cards => p.cards = rest,
            Pane::Pass => p.pass = rest,
            Pane::History => p.history = rest,
        }
    } else if area.width < TWO_COLUMNS {
        accordion(&mut p, body, focus, cards);
    } else if area.width < THREE_COLUMNS {
        let width = if area.width < ORDINARY { LEFT.0 } else { LEFT.1 };
        let left = Rect { width, ..body };
        let right = Rect { x: body.x + width + 1, width: body.width - width - 1, ..body };
        p.search = row(left, 0, 1);
        p.holders = row(left, 1, left.height - 1);
        let card_rows = (cards.max(3) + 1).min(right.height / 3);
        p.cards = row(right, 0, card_rows);
        // A small screen keeps at least a handful of history rows.
        let rest = right.height - card_rows;
        p.pass = row(right, card_rows, 15.min(rest.saturating_sub(6)).max(rest.min(9)));
        let used = card_rows + p.pass.height;
        p.history = row(right, used, right.height - used);
    } else {
        let top = row(body, 0, body.height * 3 / 5);
        let left = Rect { width: LEFT.1 + 8, ..top };
        let rest = top.width - left.width - 2;
        let middle = Rect { x: left.right() + 1, width: rest * 11 / 20, ..top };
        p.search = row(left, 0, 1);
        p.holders = row(left, 1, left.height - 1);
        p.cards = middle;
        p.pass = Rect { x: middle.right() + 1, width: top.right() - middle.right() - 1, ..top };
        p.history = row(body, top.height, body.height - top.height);
    }
    p
}

/// All panes below each other; the focused one takes the free rows.
fn accordion(p: &mut Places, body: Rect, focus: Pane, cards: u16) {
    let focus = if focus == Pane::Search { Pane::Holders } else { focus };
    let rows = body.height - 1;
    // Rows with title: [holders, cards, pass, history], from what each must have to what it would like.
    let least = [3, 3, 3, 2];
    let liked = [3, (cards + 1).clamp(3, 6), if focus == Pane::Pass { 11 } else { 8 }, 4];
    let mut heights = least;
    let mut free = rows.saturating_sub(heights.iter().sum());
    let at = match focus {
        Pane::Search | Pane::Holders => 0,
        Pane::Cards => 1,
        Pane::Pass => 2,
        Pane::History => 3,
    };
    for i in [at, 2, 1, 0, 3] {
        let more = (liked[i] - heights[i].min(liked[i])).min(free);
        heights[i] += more;
        free -= more;
    }
    heights[at] += free;
    p.search = row(body, 0, 1);
    let mut y = 1;
    for (i, height) in heights.into_iter().enumerate() {
        let place = row(body, y, height);
        y += height;
        match i {
            0 => p.holders = place,
            1 => p.cards = place,
            2 => p.pass = place,
            _ => p.history = place,
        }
    }
}

/// Draws the whole screen. False if something of a preview that waits for `y` had to be left out.
pub fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>) -> bool {
    let area = frame.area();
    let (cursor, whole) = draw_on(model, theme, area, frame.buffer_mut());
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
    whole
}

/// Draws the whole screen on a buffer; gives the place of the text cursor, and whether a preview is whole.
fn draw_on(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) -> (Option<Position>, bool) {
    buffer.set_style(area, theme.base());
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("needs {}x{}, have {}x{}; q quits", SMALLEST.0, SMALLEST.1, area.width, area.height);
        for (i, line) in crate::widgets::text::wrap(&text, usize::from(area.width.max(1))).iter().enumerate() {
            Pen::new(buffer, theme, area, i as u16).put(Role::Plain, line);
        }
        return (None, false);
    }
    if model.covered {
        cover(model, theme, area, buffer);
        return (None, false);
    }
    let cards = cards::rows_wanted(model).min(12) as u16;
    let places = places(area, model.focus, model.zoom, cards);
    header::draw(model, theme, places.header, buffer);
    let cursor = holders::draw_search(model, theme, places.search, buffer);
    holders::draw(model, theme, places.holders, buffer);
    cards::draw(model, theme, places.cards, buffer);
    pass::draw(model, theme, places.pass, buffer);
    history::draw(model, theme, places.history, buffer);
    bars(theme, places, area, buffer);
    footer::draw(model, theme, places.footer, buffer);
    match &model.overlay {
        None if model.focus == Pane::Search => (Some(cursor), true),
        None => (filter::cursor(model, &places), true),
        Some(Overlay::Wizard(wizard)) => wizard::draw(model, wizard, theme, area, buffer),
        Some(Overlay::Decision(sheet)) => decision::draw(model, sheet, theme, area, buffer),
        Some(Overlay::Palette(palette)) => (palette::draw(model, palette, theme, area, buffer), true),
        Some(Overlay::Messages { scroll }) => {
            overlays::draw_messages(model, *scroll, theme, area, buffer);
            (None, true)
        }
        Some(Overlay::Jobs { cursor, confirm, .. }) => {
            overlays::draw_jobs(model, *cursor, *confirm, theme, area, buffer);
            (None, true)
        }
        Some(Overlay::Inspector(open)) => {
            inspector::draw(model, open, theme, area, buffer);
            (None, true)
        }
        Some(Overlay::Settings(sheet)) => {
            settings::draw(model, sheet, theme, area, buffer);
            (None, true)
        }
        Some(Overlay::Ticket(input)) => (overlays::draw_ticket(input, theme, area, buffer), true),
    }
}

/// What covers everything while nobody is there (decision 24).
fn cover(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let work = if model.running.is_empty() { "" } else { "A change that was begun goes on. " };
    let lock = model.keymap.run_by("lock", false);
    let text = format!("Covered. Any key shows it. {work}Writes are locked; {lock} unlocks them.");
    let lines = crate::widgets::text::wrap(&text, usize::from(area.width.saturating_sub(4)).clamp(1, 60));
    let top = (area.height.saturating_sub(lines.len() as u16)) / 2;
    for (i, line) in lines.iter().enumerate() {
        let left = area.width.saturating_sub(line.len() as u16) / 2;
        Pen::new(buffer, theme, area, top + i as u16).skip(left).put(Role::Muted, line);
    }
}

/// The bars between columns of panes.
fn bars(theme: Theme, places: Places, area: Rect, buffer: &mut Buffer) {
    let style = theme.style(Role::Muted);
    let body = Rect { y: 1, height: area.height.saturating_sub(4), ..area };
    let bottom = if places.history.x == 0 { places.history.y } else { body.bottom() };
    let mut columns = Vec::new();
    if places.cards.x > 0 {
        columns.push(places.cards.x - 1);
    }
    if places.pass.x > places.cards.x {
        columns.push(places.pass.x - 1);
    }
    for x in columns {
        for y in body.y..bottom {
            if let Some(cell) = buffer.cell_mut(Position { x, y }) {
                cell.set_symbol(theme.bar()).set_style(style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pane_overlaps_another_at_any_size() {
        for width in [40, 59, 60, 80, 99, 100, 120, 159, 160, 200, 300] {
            for height in [10, 15, 16, 17, 20, 24, 30, 40, 60, 100] {
                for focus in Pane::ALL {
                    for zoom in [false, true] {
                        let area = Rect { x: 0, y: 0, width, height };
                        let p = places(area, focus, zoom, 4);
                        let all = [p.header, p.search, p.holders, p.cards, p.pass, p.history, p.footer];
                        for (i, a) in all.iter().enumerate() {
                            assert_eq!(a.intersection(area), *a, "{width}x{height} {focus:?}");
                            for b in &all[i + 1..] {
                                assert!(a.intersection(*b).is_empty(), "{width}x{height} {focus:?}: {a} {b}");
                            }
                        }
                    }
                }
            }
        }
    }
}
