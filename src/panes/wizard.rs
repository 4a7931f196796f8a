//! The reissue wizard: who, what, why, in which order, what is sent, what comes then, what can be undone.

use super::cards::{grade_role, shown_number};
use super::holders::state_role;
use crate::console::model::Model;
use crate::console::update::age;
use crate::console::wizard::{Field, Planned, Wizard};
use crate::domain::policy::{NOTE_LENGTH, Why, note_problem, ticket_problem};
use crate::domain::text::{SafeText, mask_contact};
use crate::widgets::popup;
use crate::widgets::text::{Pen, wrap};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::Input;
use unicode_width::UnicodeWidthStr;

/// Columns before the text of a row.
const LABEL: usize = 9;

/// Draws rows from top to bottom.
struct Sheet<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    inner: Rect,
    y: u16,
}

impl Sheet<'_> {
    fn row(&mut self, label: &str) -> Pen<'_> {
        let y = self.y;
        self.y += 1;
        let mut pen = Pen::new(self.buffer, self.theme, self.inner, y);
        pen.cell(Role::Muted, label, LABEL);
        pen
    }

    /// A row whose text may take several lines.
    fn long(&mut self, label: &str, role: Role, text: &str) {
        let width = usize::from(self.inner.width).saturating_sub(LABEL);
        for (i, line) in wrap(text, width).iter().enumerate() {
            self.row(if i == 0 { label } else { "" }).put(role, line);
        }
    }

    fn rule(&mut self) {
        let y = self.y;
        self.y += 1;
        Pen::new(self.buffer, self.theme, self.inner, y).rule(Role::Muted, 0);
    }
}

/// Draws the wizard; gives the place of the cursor if a field is being edited, and whether all of it fits.
pub fn draw(model: &Model, wizard: &Wizard, theme: Theme, area: Rect, buffer: &mut Buffer) -> (Option<Position>, bool) {
    let place = popup::place(area, 80, 24);
    let plan = if let Planned::Ready(plan) = &wizard.plan { Some(plan) } else { None };
    let right = match &wizard.plan {
        _ if wizard.reading => "reading ..".to_owned(),
        Planned::Ready(plan) => format!("read back {} ago", age(plan.read_at, model.now)),
        Planned::Reading => "reading ..".to_owned(),
        Planned::Refused(_) => "not possible".to_owned(),
    };
    let inner = popup::draw(buffer, theme, place, "Reissue", &right);
    let mut cursor = None;
    let mut sheet = Sheet { buffer, theme, inner, y: 0 };
    let holder = plan.map_or(&wizard.holder, |p| &p.holder);
    let (card, owner) = plan.map_or((&wizard.card, &wizard.ownership), |p| (&p.old, &p.ownership));

    sheet
        .row("Who")
        .put(Role::Strong, holder.name().safe().as_str())
        .skip(2)
        .put(Role::Plain, holder.description.safe().as_str())
        .skip(2)
        .put(Role::Plain, holder.employee_number.safe().as_str());
    // Where rows are few, what can be looked up elsewhere gives way to what is sent.
    let few = inner.height < 21;
    if !few {
        let contact = if holder.email.is_empty() { String::new() } else { mask_contact(&holder.email.safe()) };
        sheet.row("").put(Role::Muted, &holder.id.to_string()).skip(2).put(Role::Muted, &contact);
    }
    sheet
        .row("Old")
        .put(state_role(card.state()), &format!("{} {}", card.state().glyph(), card.state()))
        .skip(2)
        .put(Role::Plain, card.type_name.safe().as_str())
        .skip(1)
        .put(Role::Plain, &shown_number(card))
        .skip(2)
        .put(grade_role(owner.grade), owner.grade.badge());
    let clues: Vec<&str> = owner.clues.iter().map(AsRef::as_ref).collect();
    if few {
        sheet.row("").put(Role::Muted, &clues.join(", "));
    } else {
        sheet.long("", Role::Muted, &clues.join(", "));
        sheet.row("New").put(Role::Plain, "same type, same label, same contact");
    }
    if let Some(waiting) = model.replacing(card) {
        let since = age(waiting.sent.unwrap_or(waiting.opened), model.now);
        sheet.long(
            "Mind",
            Role::Warn,
            &format!("a new pass for this one was issued {since} ago and is not accepted yet; w shows it"),
        );
    }
    why_rows(&mut sheet, wizard, plan.and_then(|p| p.why));
    cursor = field_row(&mut sheet, wizard, Field::Ticket, "Ticket", "[t] change").or(cursor);
    cursor = field_row(&mut sheet, wizard, Field::Note, "Note", "[n] edit").or(cursor);
    match &wizard.plan {
        Planned::Ready(plan) => {
            sheet.long("Order", Role::Plain, &format!("[o] {}", plan.order));
            sheet.rule();
            sheet.long("Sends", Role::Strong, &plan.sends);
            sheet.long("Then", Role::Plain, &plan.then);
            sheet.long("Undo", Role::Plain, &plan.undo);
        }
        Planned::Reading => {
            sheet.rule();
            sheet.row("").put(Role::Muted, "The target is being read.");
        }
        Planned::Refused(problem) => {
            sheet.rule();
            sheet.long("Refused", Role::Bad, &problem.to_string());
        }
    }
    // The last two rows are the rule and the keys; long rows are cut at a width that the labels need anyway.
    let whole = sheet.y + 2 <= inner.height && inner.width >= 72;
    buttons(model, wizard, theme, inner, buffer);
    (cursor, whole)
}

fn why_rows(sheet: &mut Sheet<'_>, wizard: &Wizard, in_force: Option<Why>) {
    let chosen = wizard.request.why.or(in_force);
    let mut label = "Why";
    for row in [&Why::TO_REPLACE[..4], &Why::TO_REPLACE[4..]] {
        let mut pen = sheet.row(label);
        label = "";
        for why in row {
            let here = chosen == Some(*why);
            pen.put(if here { Role::Key } else { Role::Muted }, &format!("[{}]", why.digit()));
            pen.put(
                if here { Role::Strong } else { Role::Plain },
                &format!(" {}{}  ", why.words(), if here { " <" } else { "" }),
            );
        }
        if label.is_empty() && row.len() == 3 {
            let text = chosen.map_or("choose one".to_owned(), |w| format!("chosen: {}", w.digit()));
            pen.right(if chosen.is_some() { Role::Muted } else { Role::Warn }, &text);
        }
    }
}

fn field_row(sheet: &mut Sheet<'_>, wizard: &Wizard, field: Field, label: &str, hint: &str) -> Option<Position> {
    let editing = wizard.field.as_ref().filter(|(f, _)| *f == field).map(|(_, input)| input);
    let stored = if field == Field::Ticket { &wizard.request.ticket } else { &wizard.request.note };
    let check = |text: &str| if field == Field::Ticket { ticket_problem(text) } else { note_problem(text) };
    let (x0, y) = (sheet.inner.x + LABEL as u16, sheet.inner.y + sheet.y);
    let mut pen = sheet.row(label);
    let Some(input) = editing else {
        let shown = if stored.is_empty() { "none" } else { stored.as_str() };
        pen.put(if stored.is_empty() { Role::Muted } else { Role::Plain }, shown).right(Role::Muted, hint);
        return None;
    };
    let text = SafeText::of(input.value());
    pen.put(Role::Strong, text.as_str());
    let verdict = check(input.value().trim());
    let count = if field == Field::Note { format!("{}/{NOTE_LENGTH}  ", input.value().len()) } else { String::new() };
    match verdict {
        Some(problem) => pen.skip(2).put(Role::Warn, &problem),
        None => pen.right(Role::Muted, &format!("{count}ENT takes it, ESC leaves it")),
    };
    Some(cursor_at(input, x0, y, sheet.inner))
}

/// Where the cursor of a text field stands.
pub fn cursor_at(input: &Input, x0: u16, y: u16, inner: Rect) -> Position {
    Position { x: (x0 + input.visual_cursor() as u16).min(inner.right().saturating_sub(1)), y }
}

fn buttons(model: &Model, wizard: &Wizard, theme: Theme, inner: Rect, buffer: &mut Buffer) {
    let y = inner.height.saturating_sub(1);
    let blank = " ".repeat(usize::from(inner.width));
    Pen::new(buffer, theme, inner, y).put(Role::Plain, &blank);
    Pen::new(buffer, theme, inner, y.saturating_sub(1)).rule(Role::Muted, 0);
    let mut pen = Pen::new(buffer, theme, inner, y);
    match wizard.may_send(model) {
        Ok(_) => {
            pen.put(Role::Key, "y").put(Role::Strong, " send").skip(3);
        }
        Err(reason) => {
            let reason = crate::widgets::text::cut(&reason, 44);
            pen.put(Role::Muted, &format!("y is off: {reason}")).skip(3);
        }
    }
    let left = "Esc back, nothing sent";
    if pen.room() >= left.width() {
        pen.put(Role::Key, "Esc").put(Role::Plain, " back, nothing sent").skip(3);
    }
    pen.whole(Role::Muted, "R read again");
}
