//! The inspector: all that is known of one credential, on a sheet of its own.

use super::footer::tone_role;
use crate::console::inspector::{Inspector, Leaf};
use crate::console::model::{Model, Tone};
use crate::widgets::popup;
use crate::widgets::text::{Pen, fold};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use strum::IntoEnumIterator;

/// Columns of the names before what is known.
const LABEL: usize = 15;

/// Draws the inspector over the panes; header and footer stay in sight.
pub fn draw(model: &Model, inspector: &Inspector, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let under = Rect { y: area.y + 1, height: area.height.saturating_sub(4), ..area };
    let place = popup::place(under, 104, under.height);
    let heading = match model.shown.card() {
        Some((card, _)) => {
            format!("Inspector  {} {} {}", card.id.tenant, card.type_name.safe(), super::cards::shown_number(card))
        }
        None => "Inspector".to_owned(),
    };
    let entries = model.inspected();
    let (_, word) = inspector.leaf.named();
    let inner = popup::draw(buffer, theme, place, &heading, word);
    let last = inner.height.saturating_sub(1);
    let label = if entries.iter().any(|entry| !entry.label.is_empty()) {
        if inspector.leaf == Leaf::Requests { 10 } else { LABEL }
    } else {
        0
    };
    let width = usize::from(inner.width).saturating_sub(label).max(10);
    let mut y = 0;
    let mut more = false;
    for entry in entries.iter().skip(inspector.scroll) {
        // Blanks at the beginning are the document's own shape.
        let body = entry.text.trim_start_matches(' ');
        let indent = entry.text.len() - body.len();
        for (i, line) in fold(body, width.saturating_sub(indent).max(10)).into_iter().enumerate() {
            if y >= last {
                more = true;
                break;
            }
            let mut pen = Pen::new(buffer, theme, inner, y);
            if label > 0 {
                pen.cell(Role::Muted, if i == 0 { &entry.label } else { "" }, label);
            }
            let role = if entry.tone == Tone::Ok { Role::Plain } else { tone_role(entry.tone) };
            pen.put(Role::Plain, &" ".repeat(indent)).put(role, &line);
            y += 1;
        }
    }
    let mut pen = Pen::new(buffer, theme, inner, last);
    for leaf in Leaf::iter() {
        let (key, word) = leaf.named();
        let role = if leaf == inspector.leaf { Role::Focus } else { Role::Plain };
        pen.put(Role::Key, &key.to_string()).skip(1).put(role, word).skip(2);
    }
    pen.put(Role::Key, "c").put(Role::Plain, " copy  ").put(Role::Key, "ESC").put(Role::Plain, " closes  ");
    if more || inspector.scroll > 0 {
        pen.put(Role::Key, "j k").put(Role::Plain, if more { " more below" } else { " the end" });
    }
}
