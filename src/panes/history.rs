//! Pane 5: what was done to the person's cards, from the ledger and, where the tenant allows, the vendor.

use super::cards::shown_number;
use crate::console::model::{Model, Pane};
use crate::domain::operation::{Operation, Source};
use crate::widgets::text::{Pen, first_row, highlight};
use crate::widgets::theme::{Role, Theme};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// From this many columns on a row names its credential.
const NAMES_CARD: u16 = 120;

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

/// Which of her credentials a row is about; empty if it does not say.
fn card_of(op: &Operation, model: &Model) -> String {
    let Some(id) = &op.credential else { return String::new() };
    match model.shown.cards.iter().find(|(card, _)| card.id == *id) {
        Some((card, _)) => format!("{} {}", card.type_name.safe(), shown_number(card)),
        // One that is gone: the end of its id tells it from others.
        None => format!("gone: {}", id.key.as_str().rsplit(['/', '-']).next().unwrap_or_default()),
    }
}

fn operation_row(pen: &mut Pen<'_>, op: &Operation, model: &Model, width: u16) {
    if op.is_gap() {
        // Nobody looked: a gap across the row, not an event.
        let tenant = if model.tenants.len() > 1 { format!("{} ", op.holder.tenant) } else { String::new() };
        pen.put(Role::Muted, "-- ").put(Role::Warn, &format!("{tenant}{}", op.action)).put(Role::Muted, " --");
        return;
    }
    pen.cell(Role::Muted, &moment(model, op.at), 12).skip(1);
    let wide = width >= 90;
    if model.tenants.len() > 1 {
        pen.cell(Role::Muted, op.holder.tenant.as_str(), 5).skip(1);
    }
    if width >= NAMES_CARD {
        pen.cell(Role::Plain, &card_of(op, model), 24).skip(1);
    }
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

/// What is missing, one line a system: vendors that keep no history, and reads that failed.
fn notes(model: &Model) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    let mut ledger_only: Vec<&str> = Vec::new();
    for record in &model.shown.records {
        let tenant = &record.holder.id.tenant;
        let connection = model.tenant(tenant).and_then(|t| t.connection.as_ref());
        if let Some(problem) = &record.events.problem {
            let text = problem.to_string();
            let text = text.strip_prefix(tenant.as_str()).unwrap_or(&text).trim_start();
            lines.push((Role::Warn, format!("vendor rows of {tenant} are missing: {text}")));
        } else if matches!(connection, Some(Ok(c)) if !c.has_events) && !ledger_only.contains(&tenant.as_str()) {
            ledger_only.push(tenant.as_str());
        }
    }
    if !ledger_only.is_empty() {
        lines.push((Role::Muted, format!("{}: ledger only, the system shows no history", ledger_only.join(", "))));
    }
    lines
}

/// Draws the history; gives what stands in which row of the area, by its place in the history.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) -> Vec<(u16, usize)> {
    let mut drawn = Vec::new();
    if area.is_empty() {
        return drawn;
    }
    let focused = model.focus == Pane::History;
    let rows = model.history.len();
    let events = model.history.iter().filter(|row| !row.is_gap()).count();
    let reading: Vec<&str> =
        (model.shown.records.iter().filter(|r| r.events.reading)).map(|r| r.holder.id.tenant.as_str()).collect();
    let mut right = match events {
        0 => String::new(),
        1 => "1 row, L ledger V vendor".into(),
        n => format!("{n} rows, L ledger V vendor"),
    };
    if !reading.is_empty() {
        right = format!("reading {} ..", reading.join(" "));
    }
    let taken = super::filter::head(model, Pane::History, theme, area, buffer, "5 History", &right);
    let visible = model.visible(Pane::History);
    let height = usize::from(area.height.saturating_sub(1 + taken));
    let mut y = 1 + taken;
    let mut notes = notes(model);
    // Where rows are few, what is missing is said before anything else, and in one line.
    notes.truncate(if height < 4 { 1 } else { height / 2 });
    if rows == 0 && notes.iter().all(|(role, _)| *role == Role::Muted) {
        let records = &model.shown.records;
        let text = match records.iter().all(|r| r.live) {
            _ if records.is_empty() => "",
            _ if !reading.is_empty() => "",
            true => "Nothing on record for this person, here or at the vendor.",
            false => "ENT reads the history.",
        };
        notes.insert(0, (Role::Muted, text.to_owned()));
    }
    if visible.is_empty() && rows > 0 {
        notes.insert(0, (Role::Muted, "No row fits the filter; ESC takes it off.".to_owned()));
    }
    for (role, text) in notes {
        Pen::new(buffer, theme, area, y).skip(1).put(role, &text);
        y += 1;
    }
    let height = height.saturating_sub(usize::from(y - 1 - taken));
    let cursor = visible.iter().position(|row| *row == model.history_cursor);
    let first = first_row(cursor.filter(|_| focused), visible.len(), height);
    for i in visible.into_iter().skip(first).take(height) {
        let op = &model.history[i];
        let mut pen = Pen::new(buffer, theme, area, y);
        pen.skip(1);
        operation_row(&mut pen, op, model, area.width);
        if focused && i == model.history_cursor {
            highlight(buffer, theme, area, y, true);
        }
        drawn.push((y, i));
        y += 1;
    }
    drawn
}
