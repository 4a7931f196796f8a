//! Message log, unfinished work, ticket.

use super::footer::tone_role;
use super::history::moment;
use crate::console::model::Model;
use crate::console::update::age;
use crate::domain::ids::IntentId;
use crate::domain::journal::{IntentRecord, IntentState};
use crate::domain::policy::ticket_problem;
use crate::domain::text::SafeText;
use crate::widgets::popup;
use crate::widgets::text::{Pen, first_row, highlight, wrap};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::Input;

/// Draws the message log, newest first, with the full text of each.
pub fn draw_messages(model: &Model, scroll: usize, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let place = popup::place(area, 110, area.height.saturating_sub(2).max(10));
    let inner =
        popup::draw(buffer, theme, place, "Messages", &format!("{} in all, newest first", model.messages.len()));
    let width = usize::from(inner.width).saturating_sub(13);
    let last = inner.height.saturating_sub(1);
    let mut y = 0;
    for message in model.messages.iter().rev().skip(scroll) {
        let stamp = moment(model, message.at);
        for (i, line) in wrap(&message.text, width).iter().enumerate() {
            if y >= last {
                break;
            }
            Pen::new(buffer, theme, inner, y)
                .cell(Role::Muted, if i == 0 { &stamp } else { "" }, 13)
                .put(tone_role(message.tone), line);
            y += 1;
        }
        if !message.detail.is_empty() {
            for line in wrap(&message.detail, width) {
                if y >= last {
                    break;
                }
                Pen::new(buffer, theme, inner, y).skip(13).put(Role::Muted, &line);
                y += 1;
            }
        }
    }
    if model.messages.is_empty() {
        Pen::new(buffer, theme, inner, 0).put(Role::Muted, "Nothing was said yet.");
    }
    Pen::new(buffer, theme, inner, last)
        .put(Role::Key, "j k")
        .put(Role::Plain, " scroll   ")
        .put(Role::Key, "Esc")
        .put(Role::Plain, " closes");
}

/// What an open intent needs, in words.
fn open_words(record: &IntentRecord) -> &'static str {
    match record.state {
        IntentState::Intent | IntentState::Snapshotted => "recorded, nothing was sent",
        IntentState::Sending => "being sent",
        IntentState::Unknown => "OUTCOME UNKNOWN: it is checked by reading; nothing is sent again",
        IntentState::Ambiguous => "AMBIGUOUS: several cards could be ours; nothing is touched",
        IntentState::Diverged => "applied, but what was read back differs",
        IntentState::Applied | IntentState::Bound => "applied, being read back",
        IntentState::Held => "parked by a person",
        _ => "ended without effect",
    }
}

/// Draws unfinished and waiting work, and below it what the row under the cursor allows.
pub fn draw_jobs(
    model: &Model,
    cursor: usize,
    confirm: Option<IntentId>,
    theme: Theme,
    area: Rect,
    buffer: &mut Buffer,
) {
    let count = model.running.len() + model.open.len() + model.waiting.len();
    let wanted = u16::try_from(model.running.len() + 2 * (model.open.len() + model.waiting.len())).unwrap_or(u16::MAX);
    let place = popup::place(area, 100, wanted.saturating_add(4).clamp(7, area.height.saturating_sub(4).max(7)));
    let inner = popup::draw(buffer, theme, place, "Jobs", &format!("{count} unfinished or waiting"));
    let last = inner.height.saturating_sub(1);
    let mut y = 0;
    for running in &model.running {
        let text = format!("{}  {}", model.who(&running.holder), running.words);
        Pen::new(buffer, theme, inner, y).cell(Role::Strong, "running", 12).put(Role::Plain, &text);
        y += 1;
    }
    let rows: Vec<(&IntentRecord, bool)> =
        model.open.iter().map(|r| (r, false)).chain(model.waiting.iter().map(|r| (r, true))).collect();
    let height = usize::from(last.saturating_sub(y)) / 2;
    let first = first_row(Some(cursor), rows.len(), height);
    for (i, (record, waiting)) in rows.iter().enumerate().skip(first).take(height) {
        let since = age(record.sent.unwrap_or(record.opened), model.now);
        let p = &record.purpose;
        let (role, word) =
            if *waiting { (Role::Plain, "waiting".to_owned()) } else { (Role::Warn, record.state.to_string()) };
        let operator = SafeText::of(&record.operator);
        let text = format!("{} for {}, {since} ago by {operator}  {}", p.act.word(), model.who(&p.holder), p.ticket);
        Pen::new(buffer, theme, inner, y).cell(role, &word, 12).put(Role::Plain, &text);
        if i == cursor {
            highlight(buffer, theme, inner, y, true);
        }
        let remark = record.remark.as_ref().map_or("", |r| r.text.as_str());
        let words = if *waiting {
            "the old pass works until the new one is accepted".to_owned()
        } else if record.state == IntentState::Held {
            format!("{}: {}", open_words(record), SafeText::of(remark))
        } else {
            open_words(record).to_owned()
        };
        Pen::new(buffer, theme, inner, y + 1).skip(12).put(Role::Muted, &words);
        y += 2;
    }
    if count == 0 {
        Pen::new(buffer, theme, inner, 0).put(Role::Good, "Nothing is unfinished.");
    }
    let mut pen = Pen::new(buffer, theme, inner, last);
    let waiting = |intent: IntentId| model.waiting.iter().any(|w| w.intent == intent);
    match confirm {
        Some(intent) if waiting(intent) => {
            pen.put(Role::Key, "y").put(Role::Strong, " retire the old pass, after a last check   ");
            pen.put(Role::Key, "Esc").put(Role::Plain, " not");
        }
        Some(_) => {
            pen.put(Role::Key, "y").put(Role::Strong, " park it: stays listed, blocks nobody   ");
            pen.put(Role::Key, "Esc").put(Role::Plain, " not");
        }
        None => {
            let offer = match rows.get(cursor) {
                Some((_, true)) => " retire the old pass now ..   ",
                Some((r, false)) if r.state.is_open_question() && r.state != IntentState::Sending => " park it ..   ",
                _ => "",
            };
            if !offer.is_empty() {
                pen.put(Role::Key, "ENT").put(Role::Plain, offer);
            }
            pen.put(Role::Key, "R").put(Role::Plain, " look again   ");
            pen.put(Role::Key, "Esc").put(Role::Plain, " closes");
        }
    }
}

/// Draws the line for the session's ticket; gives the place of its cursor.
pub fn draw_ticket(input: &Input, theme: Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let place = popup::place(area, 76, 4);
    let inner = popup::draw(buffer, theme, place, "Ticket", "goes with what follows");
    let shown = SafeText::of(input.value());
    Pen::new(buffer, theme, inner, 0).put(Role::Key, "> ").put(Role::Strong, shown.as_str());
    let mut pen = Pen::new(buffer, theme, inner, 1);
    match ticket_problem(input.value().trim()) {
        Some(problem) => pen.put(Role::Warn, &problem),
        None => pen.put(Role::Muted, "ENT takes it, empty clears it, Esc leaves it as it was"),
    };
    Some(super::wizard::cursor_at(input, inner.x + 2, inner.y, inner))
}
