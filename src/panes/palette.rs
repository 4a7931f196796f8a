//! The palette, which is also the help: every command with its keys, what it does, and why it is off.

use crate::console::keymap::written;
use crate::console::model::{Model, Palette};
use crate::widgets::popup;
use crate::widgets::text::{Pen, first_row, highlight};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What the signs of the lists mean, below the commands.
const LEGEND: &[(&str, &str)] = &[
    ("owner", "*ours proved  ~infer likely  ?ambig open  #issuer D1  -foreign"),
    ("state", "! expired . pending o invited, active = suspended / unlinked x ended"),
    ("history", "L our ledger  V the vendor's own events"),
];

/// Draws the palette; gives the place of the text cursor.
pub fn draw(model: &Model, palette: &Palette, theme: Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let place = popup::place(area, 100, area.height.saturating_sub(4).max(10));
    let rows = palette.rows(&model.keymap);
    let heading = if palette.help { "Help" } else { "Commands" };
    let inner = popup::draw(
        buffer,
        theme,
        place,
        heading,
        &if rows.len() == 1 { "1 command".to_owned() } else { format!("{} commands", rows.len()) },
    );
    let mut pen = Pen::new(buffer, theme, inner, 0);
    pen.put(Role::Key, ": ").put(Role::Strong, palette.input.value());
    let cursor = super::wizard::cursor_at(&palette.input, inner.x + 2, inner.y, inner);
    Pen::new(buffer, theme, inner, 1).rule(Role::Muted, 0);
    let legend = if palette.help && palette.input.value().is_empty() && inner.height >= 14 { LEGEND } else { &[] };
    let below = legend.len() as u16;
    let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4 + below), ..inner };
    if rows.is_empty() {
        Pen::new(buffer, theme, list, 0).put(Role::Muted, "No command fits; Bksp widens.");
    }
    let first = first_row(Some(palette.cursor), rows.len(), usize::from(list.height));
    for (i, command) in rows.iter().enumerate().skip(first).take(usize::from(list.height)) {
        let y = (i - first) as u16;
        let keys: Vec<String> = model.keymap.chords(command).iter().map(|k| written(k)).collect();
        let keys = if keys.is_empty() { format!(":{}", command.name) } else { keys.join(" ") };
        let mut pen = Pen::new(buffer, theme, list, y);
        pen.cell(Role::Plain, command.name, 14).skip(1);
        pen.cell(Role::Key, &keys, 12).skip(1);
        match (command.enabled)(model) {
            Ok(()) => pen.put(Role::Plain, command.help),
            Err(reason) => pen.put(Role::Muted, &format!("off: {reason}")),
        };
        if i == palette.cursor {
            highlight(buffer, theme, list, y, true);
        }
    }
    for (i, (label, text)) in legend.iter().enumerate() {
        let mut pen = Pen::new(buffer, theme, inner, inner.height.saturating_sub(1 + below) + i as u16);
        pen.cell(Role::Title, label, 8).put(Role::Muted, text);
    }
    let mut pen = Pen::new(buffer, theme, inner, inner.height.saturating_sub(1));
    pen.put(Role::Key, "ENT").put(Role::Plain, " runs reads, opens previews   ");
    pen.put(Role::Key, "Esc").put(Role::Plain, " closes   ").whole(Role::Muted, "type to narrow, arrows move");
    Some(cursor)
}
