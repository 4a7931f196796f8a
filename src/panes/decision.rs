//! The sheet of a decision: what was to be done, what is there now, the answers, and why.

use crate::console::decision::{Evidence, Sheet};
use crate::console::model::Model;
use crate::console::update::age;
use crate::console::wording;
use crate::domain::decision::Choice;
use crate::domain::text::SafeText;
use crate::widgets::popup;
use crate::widgets::text::{Pen, cut, highlight, wrap};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

const COLUMNS: u16 = 80;
/// Columns before the text of a row.
const LABEL: usize = 9;

/// Draws the sheet; gives the place of the cursor if the reason is being written, and whether all of it fits.
pub fn draw(model: &Model, sheet: &Sheet, theme: Theme, area: Rect, buffer: &mut Buffer) -> (Option<Position>, bool) {
    let case = if let Evidence::Ready(case) = &sheet.evidence { Some(case.as_ref()) } else { None };
    let wanted = case.map_or(8, |case| {
        let because: usize = case.choices.iter().map(|choice| 1 + reasons(choice).len()).sum();
        let said = wrap(case.said.as_str(), usize::from(COLUMNS) - 4 - LABEL).len();
        u16::try_from(9 + said + because).unwrap_or(u16::MAX)
    });
    let place = popup::place(area, COLUMNS, wanted.min(area.height));
    let right = case.map_or("reading ..".to_owned(), |case| format!("read {} ago", age(case.read_at, model.now)));
    let inner = popup::draw(buffer, theme, place, "Decide", &right);
    let room = inner.height.saturating_sub(4);
    let mut y = 0;
    let mut line = |buffer: &mut Buffer, label: &str, role: Role, text: &str, marked: bool| {
        if y < room {
            Pen::new(buffer, theme, inner, y).cell(Role::Muted, label, LABEL).put(role, text);
            if marked {
                highlight(buffer, theme, inner, y, true);
            }
        }
        y += 1;
    };
    let width = usize::from(inner.width).saturating_sub(LABEL);
    match &sheet.evidence {
        Evidence::Reading => line(buffer, "", Role::Muted, "The evidence is being read.", false),
        Evidence::Refused(problem) => {
            for (i, text) in wrap(&problem.to_string(), width).iter().enumerate() {
                line(buffer, if i == 0 { "Refused" } else { "" }, Role::Bad, text, false);
            }
        }
        Evidence::Ready(case) => {
            let what = format!("{} for {}, {}", wording::act(case.class, case.act), case.name, case.holder);
            line(buffer, "What", Role::Strong, &what, false);
            line(buffer, "State", Role::Warn, &case.state.to_string(), false);
            for (i, text) in wrap(case.said.as_str(), width).iter().enumerate() {
                line(buffer, if i == 0 { "Said" } else { "" }, Role::Plain, text, false);
            }
            for (i, choice) in case.choices.iter().enumerate() {
                let role = if choice.refused.is_some() { Role::Muted } else { Role::Strong };
                let label = if i == 0 { "Answers" } else { "" };
                line(buffer, label, role, &choice.verdict.words(), i == sheet.cursor);
                for text in reasons(choice) {
                    line(buffer, "", Role::Muted, &text, false);
                }
            }
        }
    }
    let whole = y <= room && inner.width >= 72;
    let cursor = foot(model, sheet, theme, inner, buffer);
    (cursor, whole)
}

/// What stands below an answer: what speaks for and against it, or why it is none.
fn reasons(choice: &Choice) -> Vec<String> {
    let mut text: Vec<&str> = choice.because.iter().map(AsRef::as_ref).collect();
    text.extend(choice.refused);
    if text.is_empty() {
        return Vec::new();
    }
    wrap(&text.join("; "), usize::from(COLUMNS) - 6 - LABEL).into_iter().map(|line| format!("  {line}")).collect()
}

/// The reason, and the keys.
fn foot(model: &Model, sheet: &Sheet, theme: Theme, inner: Rect, buffer: &mut Buffer) -> Option<Position> {
    let last = inner.height.saturating_sub(1);
    Pen::new(buffer, theme, inner, last.saturating_sub(3)).rule(Role::Muted, 0);
    let reason = SafeText::of(sheet.reason.value());
    let mut pen = Pen::new(buffer, theme, inner, last.saturating_sub(2));
    pen.cell(Role::Muted, "Reason", LABEL);
    match (sheet.writing, reason.as_str()) {
        (false, "") => pen.put(Role::Warn, "none yet").right(Role::Muted, "[n] write"),
        (true, text) => pen.put(Role::Strong, text).right(Role::Muted, "ENT takes it"),
        (false, text) => pen.put(Role::Plain, text).right(Role::Muted, "[n] change"),
    };
    Pen::new(buffer, theme, inner, last.saturating_sub(1)).rule(Role::Muted, 0);
    let mut pen = Pen::new(buffer, theme, inner, last);
    match sheet.may_decide(model) {
        Ok(_) => pen.put(Role::Key, "y").put(Role::Strong, " records it, nothing is sent").skip(3),
        Err(why) => pen.put(Role::Muted, &format!("y is off: {}", cut(&why, 40))).skip(3),
    };
    pen.put(Role::Key, "j k").put(Role::Plain, " answer").skip(3);
    pen.whole(Role::Muted, "Esc back");
    let x0 = inner.x + u16::try_from(LABEL).unwrap_or_default();
    let y = inner.y + last.saturating_sub(2);
    sheet.writing.then(|| super::wizard::cursor_at(&sheet.reason, x0, y, inner))
}
