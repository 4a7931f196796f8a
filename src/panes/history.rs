//! Pane 5: what was done to the person's cards, from the ledger and, where the tenant allows, the vendor.

use crate::console::model::{Model, Pane};
use crate::domain::operation::{Operation, Source};
use crate::widgets::text::{Pen, first_row, highlight, title};
use crate::widgets::theme::{Role, Theme};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn zoned(model: &Model, at: Timestamp) -> jiff::ZonedDateTime {
    at.to_zoned_datetime(if model.utc { TimeZone::UTC } else { model.zone.clone() })
}

/// `10:42+10`, or with minutes of the offset where there is room.
pub fn clock(model: &Model, wide: bool) -> String {
    let now = zoned(model, model.now);
    if model.utc {
        return now.strftime("%H:%MZ").to_string();
    }
    let text = now.strftime(if wide { "%H:%M %:z" } else { "%H:%M%z" }).to_string();
    text.strip_suffix("00").filter(|_| !wide).map_or(text.clone(), str::to_owned)
}

/// `2027-01-31`.
pub fn day(model: &Model, at: Timestamp) -> String {
    zoned(model, at).strftime("%Y-%m-%d").to_string()
}

/// `02 Jun 09:01`, with the year if it is not this one.
pub fn moment(model: &Model, at: Timestamp) -> String {
    let then = zoned(model, at);
    let this_year = then.year() == zoned(model, model.now).year();
    then.strftime(if this_year { "%d %b %H:%M" } else { "%d %b %Y" }).to_string()
}

fn result_role(result: &str) -> Role {
    match result {
        "ok" => Role::Good,
        "unknown" | "ambiguous" | "held" | "diverged" => Role::Warn,
        "" => Role::Plain,
        _ => Role::Muted,
    }
}

fn operation_row(pen: &mut Pen<'_>, op: &Operation, model: &Model, width: u16) {
    pen.cell(Role::Muted, &moment(model, op.at), 12).skip(1);
    let wide = width >= 90;
    if op.source == Source::Vendor {
        // A vendor's event has no result and no ticket; its name and the acting party need the room.
        pen.cell(Role::Key, "V", 1).skip(1);
        pen.cell(Role::Plain, op.action.as_str(), if wide { 30 } else { 24 }).skip(1);
        pen.cell(Role::Muted, op.operator.as_str(), if wide { 30 } else { 24 }).skip(1);
        pen.put(Role::Muted, op.note.as_str());
        return;
    }
    pen.cell(Role::Key, "L", 1).skip(1);
    pen.cell(Role::Plain, op.action.as_str(), if wide { 18 } else { 12 }).skip(1);
    pen.cell(result_role(op.result.as_str()), op.result.as_str(), 11).skip(1);
    pen.cell(Role::Plain, op.operator.as_str(), if wide { 18 } else { 12 }).skip(1);
    pen.cell(Role::Plain, op.ticket.as_str(), 11).skip(1);
    pen.put(Role::Muted, op.note.as_str());
}

/// Draws the history.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let focused = model.focus == Pane::History;
    let rows = model.history.len();
    let right = match rows {
        0 => String::new(),
        1 => "1 row, L ledger V vendor".into(),
        n => format!("{n} rows, L ledger V vendor"),
    };
    title(buffer, theme, area, focused, "5 History", &right);
    let height = usize::from(area.height.saturating_sub(1));
    let mut y = 1;
    if let Some(gap) = &model.history_gap {
        Pen::new(buffer, theme, area, y).skip(1).put(Role::Warn, &format!("vendor rows are missing: {gap}"));
        y += 1;
    } else if rows == 0 {
        let text = match &model.shown.view {
            None => "",
            Some(v) if v.live => "Nothing on record for this person, here or at the vendor.",
            Some(_) => "ENT reads the history.",
        };
        Pen::new(buffer, theme, area, y).skip(1).put(Role::Muted, text);
    }
    let height = height.saturating_sub(usize::from(y) - 1);
    let first = first_row(focused.then_some(model.history_cursor), rows, height);
    for (i, op) in model.history.iter().enumerate().skip(first).take(height) {
        let mut pen = Pen::new(buffer, theme, area, y);
        pen.skip(1);
        operation_row(&mut pen, op, model, area.width);
        if focused && i == model.history_cursor {
            highlight(buffer, theme, area, y, true);
        }
        y += 1;
    }
}
