//! Message log, unfinished work, ticket.

use super::footer::tone_role;
use super::history::moment;
use crate::console::jobs::{Job, is_decided_by_person as decides};
use crate::console::model::{Awaits, Model, Watch};
use crate::console::update::age;
use crate::console::wording;
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

/// What stands on the two lines of a row: role and word, what it is, what it needs.
fn job_lines(model: &Model, job: Job<'_>) -> (Role, String, String, String) {
    let work = |record: &IntentRecord| {
        let p = &record.purpose;
        let since = age(record.sent.unwrap_or(record.opened), model.now);
        let (operator, act) = (SafeText::of(&record.operator), wording::act(p.class, p.act));
        format!("{act} for {}, {since} ago by {operator}  {}", model.who(&p.holder), p.ticket)
    };
    match job {
        Job::Arrived(record) => {
            let pass = record.purpose.old.as_ref().map(|seen| seen.id.to_string()).unwrap_or_default();
            let since = age(record.opened, model.now);
            let proven = if record.purpose.marker.is_some() { "its mark proves it ours" } else { "not surely ours" };
            let text = format!("{pass} of {}, seen {since} ago", model.who(&record.purpose.holder));
            let words = format!("it was held not to have been made; {proven}");
            (Role::Bad, "ALARM".to_owned(), text, words)
        }
        Job::Open(record) => {
            let remark = record.remark.as_ref().map_or("", |r| r.text.as_str());
            let words = if record.state == IntentState::Held {
                format!("{}: {}", open_words(record), SafeText::of(remark))
            } else {
                open_words(record).to_owned()
            };
            (Role::Warn, record.state.to_string(), work(record), words)
        }
        Job::Waiting(record) => {
            let words = "the old pass works until the new one is accepted".to_owned();
            (Role::Plain, "waiting".to_owned(), work(record), words)
        }
        Job::HalfDone(record) if record.purpose.act.makes() => {
            let words = "1 make the card: done   2 send it to its printer: not done; ENT finishes it".to_owned();
            (Role::Bad, "HALF DONE".to_owned(), work(record), words)
        }
        Job::HalfDone(record) => {
            let words = format!(
                "1 {} the old one: done   2 issue the new one: not done; ENT finishes it",
                wording::act(record.purpose.class, record.purpose.act)
            );
            (Role::Bad, "HALF DONE".to_owned(), work(record), words)
        }
        Job::Awaited(watch) => awaited_lines(model, watch),
    }
}

fn awaited_lines(model: &Model, watch: &Watch) -> (Role, String, String, String) {
    let (who, since) = (model.who(&watch.holder), age(watch.since, model.now));
    if matches!(watch.awaits, Awaits::Another { found: Some(_), .. }) {
        let text = format!("the new digital card of {who} works; the old one still does");
        return (Role::Warn, "offered".to_owned(), text, "ENT shows the end of the old one".to_owned());
    }
    let text = format!("waiting for a new digital card of {who}, for {since}");
    (Role::Plain, "waiting".to_owned(), text, "looked for every minute; ends with this console".to_owned())
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
    let rows = model.job_rows();
    let count = model.running.len() + rows.len();
    let wanted = u16::try_from(model.running.len() + 2 * rows.len()).unwrap_or(u16::MAX);
    let place = popup::place(area, 100, wanted.saturating_add(4).clamp(7, area.height.saturating_sub(4).max(7)));
    let inner = popup::draw(buffer, theme, place, "Jobs", &format!("{count} unfinished or waiting"));
    let last = inner.height.saturating_sub(1);
    let mut y = 0;
    for running in &model.running {
        let text = format!("{}  {}", model.who(&running.holder), running.words);
        Pen::new(buffer, theme, inner, y).cell(Role::Strong, "running", 12).put(Role::Plain, &text);
        y += 1;
    }
    let height = usize::from(last.saturating_sub(y)) / 2;
    let first = first_row(Some(cursor), rows.len(), height);
    for (i, job) in rows.iter().enumerate().skip(first).take(height) {
        let (role, word, text, words) = job_lines(model, *job);
        Pen::new(buffer, theme, inner, y).cell(role, &word, 12).put(Role::Plain, &text);
        if i == cursor {
            highlight(buffer, theme, inner, y, true);
        }
        Pen::new(buffer, theme, inner, y + 1).skip(12).put(Role::Muted, &words);
        y += 2;
    }
    if count == 0 {
        Pen::new(buffer, theme, inner, 0).put(Role::Good, "Nothing is unfinished.");
    }
    job_keys(model, rows.get(cursor).copied(), confirm, Pen::new(buffer, theme, inner, last));
}

/// What the row under the cursor allows.
fn job_keys(model: &Model, job: Option<Job<'_>>, confirm: Option<IntentId>, mut pen: Pen<'_>) {
    if let Some(intent) = confirm {
        let offer = if model.waiting.iter().any(|w| w.intent == intent) {
            " retire the old pass, after a last check   "
        } else if model.arrived.iter().any(|a| a.intent == intent) {
            " let that pass stay: the alarm is over, nothing is sent   "
        } else {
            " park it: stays listed, blocks nobody   "
        };
        pen.put(Role::Key, "y").put(Role::Strong, offer);
        pen.put(Role::Key, "Esc").put(Role::Plain, " not");
        return;
    }
    let found = |w: &Watch| matches!(w.awaits, Awaits::Another { found: Some(_), .. });
    let offer = match job {
        Some(Job::Waiting(_)) => " retire the old pass now ..   ",
        Some(Job::Arrived(_)) => " end that pass ..   ",
        Some(Job::HalfDone(r)) if r.purpose.act.makes() => " send it to its printer ..   ",
        Some(Job::HalfDone(_)) => " issue the new one ..   ",
        Some(Job::Awaited(watch)) if found(watch) => " the end of the old one ..   ",
        Some(Job::Open(r)) if decides(r) => " decide it ..   ",
        Some(Job::Open(r)) if r.state == IntentState::Unknown => " park it ..   ",
        _ => "",
    };
    if !offer.is_empty() {
        pen.put(Role::Key, "ENT").put(Role::Plain, offer);
    }
    if matches!(job, Some(Job::Arrived(_))) {
        pen.put(Role::Key, "X").put(Role::Plain, " let it stay ..   ");
    }
    if matches!(job, Some(Job::Awaited(_))) {
        pen.put(Role::Key, "X").put(Role::Plain, " stop looking   ");
    }
    pen.put(Role::Key, "R").put(Role::Plain, " look again   ");
    pen.put(Role::Key, "Esc").put(Role::Plain, " closes");
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
