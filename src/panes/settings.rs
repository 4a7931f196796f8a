//! The sheet of health and settings.

use super::footer::tone_role;
use crate::console::model::{Model, Tone};
use crate::console::settings::{Leaf, Settings};
use crate::widgets::popup;
use crate::widgets::text::{Pen, first_row, fold, highlight};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use strum::IntoEnumIterator;

/// Columns of the names before what is said.
const LABEL: usize = 16;

/// Draws the sheet over the panes; header and footer stay in sight.
pub fn draw(model: &Model, sheet: &Settings, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let under = Rect { y: area.y + 1, height: area.height.saturating_sub(4), ..area };
    let place = popup::place(under, 96, under.height.min(26));
    let (_, word) = sheet.leaf.named();
    let inner = popup::draw(buffer, theme, place, "Health and settings", word);
    let last = inner.height.saturating_sub(1);
    let list = Rect { height: last.saturating_sub(1), ..inner };
    if sheet.leaf == Leaf::Looks {
        looks(model, sheet, theme, list, buffer);
    } else {
        lines(model, sheet, theme, list, buffer);
    }
    let mut pen = Pen::new(buffer, theme, inner, last);
    for leaf in Leaf::iter() {
        let (key, word) = leaf.named();
        let role = if leaf == sheet.leaf { Role::Focus } else { Role::Plain };
        pen.put(Role::Key, &key.to_string()).skip(1).put(role, word).skip(2);
    }
    let own = match sheet.leaf {
        Leaf::Looks => ("ENT", " keeps it"),
        Leaf::Health => ("R", " looks again"),
        Leaf::Keys | Leaf::Policy => ("j k", " scroll"),
    };
    pen.put(Role::Key, own.0).put(Role::Plain, own.1).skip(2);
    pen.put(Role::Key, "ESC").put(Role::Plain, " closes");
}

fn lines(model: &Model, sheet: &Settings, theme: Theme, list: Rect, buffer: &mut Buffer) {
    let width = usize::from(list.width).saturating_sub(LABEL).max(10);
    let mut y = 0;
    for entry in model.settings_lines().iter().skip(sheet.at) {
        for (i, line) in fold(&entry.text, width).into_iter().enumerate() {
            let label = if i == 0 { entry.label.as_str() } else { "" };
            let role = if entry.tone == Tone::Info { Role::Plain } else { tone_role(entry.tone) };
            Pen::new(buffer, theme, list, y).cell(Role::Muted, label, LABEL).put(role, &line);
            y += 1;
        }
        if y >= list.height {
            return;
        }
    }
}

/// The themes, and beside them what the one under the cursor makes of the words that matter.
fn looks(model: &Model, sheet: &Settings, theme: Theme, list: Rect, buffer: &mut Buffer) {
    let height = usize::from(list.height);
    let first = first_row(Some(sheet.at), sheet.themes.len(), height);
    let names = Rect { width: 24.min(list.width), ..list };
    for (i, name) in sheet.themes.iter().enumerate().skip(first).take(height) {
        let y = (i - first) as u16;
        let worn = if *name == model.theme { "  worn" } else { "" };
        Pen::new(buffer, theme, names, y).put(Role::Plain, name).put(Role::Muted, worn);
        if i == sheet.at {
            highlight(buffer, theme, names, y, true);
        }
    }
    let sample = Rect { x: list.x + names.width + 2, width: list.width.saturating_sub(names.width + 2), ..list };
    let words: [&[(Role, &str)]; 9] = [
        &[(Role::Live, " LIVE "), (Role::Plain, " "), (Role::Practice, " SIM ")],
        &[(Role::Focus, "3 Cards of Jane Doe"), (Role::Muted, "  read 2s ago")],
        &[(Role::Bad, "! EXPIRED"), (Role::Plain, "  Mobile Credential  "), (Role::Ours, "*ours")],
        &[(Role::Good, "o ACTIVE"), (Role::Plain, "   Prox 125k  "), (Role::Muted, "-foreign")],
        &[(Role::Warn, "= SUSPENDED"), (Role::Plain, " Wallet  "), (Role::Ambiguous, "?ambig")],
        &[(Role::Good, ". INVITED"), (Role::Plain, "  Wallet  "), (Role::Inferred, "~infer")],
        &[(Role::Cursor, "> the row under the cursor ")],
        &[(Role::CursorElsewhere, "  the row of another pane  ")],
        &[(Role::Key, "r"), (Role::Plain, " reissue  "), (Role::Key, "?"), (Role::Plain, " help")],
    ];
    for (y, pieces) in words.into_iter().enumerate() {
        let mut pen = Pen::new(buffer, theme, sample, y as u16);
        for (role, text) in pieces {
            pen.put(*role, text);
        }
    }
}
