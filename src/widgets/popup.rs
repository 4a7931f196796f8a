//! A box over the panes.

use super::text::{Pen, cut};
use super::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Where a box of this size stands: full screen where it does not fit, over the right half of a wide screen,
/// else in the middle.
pub fn place(area: Rect, width: u16, height: u16) -> Rect {
    let (w, h) = (width.min(area.width), height.min(area.height));
    let x = if area.width >= 160 { area.width - w - 2 } else { (area.width - w) / 2 };
    Rect { x: area.x + x, y: area.y + (area.height - h) / 2, width: w, height: h }
}

/// Clears the place, draws border and title, and gives the room inside.
pub fn draw(buffer: &mut Buffer, theme: Theme, place: Rect, title: &str, right: &str) -> Rect {
    let place = place.intersection(buffer.area);
    for y in place.y..place.bottom() {
        for x in place.x..place.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(theme.base());
            }
        }
    }
    if place.width < 4 || place.height < 3 {
        return place;
    }
    let [tl, tr, bl, br] = theme.corners();
    let inner = usize::from(place.width) - 2;
    let title = cut(title, inner.saturating_sub(4));
    let right = if title.width() + right.width() + 8 <= inner { right } else { "" };
    let mut pen = Pen::new(buffer, theme, place, 0);
    pen.put(Role::Muted, tl).put(Role::Muted, theme.rule()).put(Role::Plain, " ").put(Role::Focus, &title);
    pen.put(Role::Plain, " ");
    let tail = if right.is_empty() { 2 } else { right.width() + 5 };
    let n = pen.room().saturating_sub(tail);
    let line = theme.rule().repeat(n);
    pen.put(Role::Muted, &line);
    if !right.is_empty() {
        pen.put(Role::Plain, " ").put(Role::Muted, right).put(Role::Plain, " ");
    }
    let rest = theme.rule().repeat(pen.room().saturating_sub(1));
    pen.put(Role::Muted, &rest).put(Role::Muted, tr);
    for y in 1..place.height - 1 {
        Pen::new(buffer, theme, place, y).put(Role::Muted, theme.bar());
        Pen::new(buffer, theme, Rect { x: place.right() - 1, width: 1, ..place }, y).put(Role::Muted, theme.bar());
    }
    let mut pen = Pen::new(buffer, theme, place, place.height - 1);
    pen.put(Role::Muted, bl).put(Role::Muted, &theme.rule().repeat(inner)).put(Role::Muted, br);
    Rect { x: place.x + 2, y: place.y + 1, width: place.width - 4, height: place.height - 2 }
}
