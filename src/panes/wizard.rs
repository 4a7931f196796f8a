//! The preview of an act: who, what, why, in which order, what is sent, what comes then, what can be undone.

use super::cards::{owner_role, shown_number};
use super::holders::state_role;
use crate::console::model::Model;
use crate::console::update::age;
use crate::console::wizard::{Field, Plan, Planned, Wizard};
use crate::console::wording;
use crate::domain::credential::CredentialClass;
use crate::domain::lifecycle::Verb;
use crate::domain::policy::{ConfirmLevel, NOTE_LENGTH, Why};
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

/// Columns of the preview.
const COLUMNS: u16 = 80;
/// Rows of the preview of a reissue.
const ROWS: u16 = 24;
/// Rows around the text: the frame, the rule and the keys.
const AROUND: u16 = 4;

/// How much of what can be looked up elsewhere stands in the preview. What is sent always does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// Neither evidence nor empty fields.
    Least,
    /// One row of evidence.
    Less,
    /// Everything.
    All,
}

/// Draws the preview; gives the place of the cursor if a field is being edited, and whether all of it fits.
pub fn draw(model: &Model, wizard: &Wizard, theme: Theme, area: Rect, buffer: &mut Buffer) -> (Option<Position>, bool) {
    let plan = if let Planned::Ready(plan) = &wizard.plan { Some(plan) } else { None };
    let mut place = popup::place(area, COLUMNS, ROWS);
    // Where rows are few, and where little can go wrong, what can be looked up elsewhere gives way to what is sent.
    let light = match (plan, wizard.request.verb()) {
        (_, None) => false,
        (Some(plan), _) => plan.level() == ConfirmLevel::L1,
        (None, Some(verb)) => matches!(verb, Verb::Suspend | Verb::Resume),
    };
    let most = if light { Detail::Less } else { Detail::All };
    let taken = |detail| {
        let mut scratch = Buffer::empty(Rect { x: 0, y: 0, width: place.width, height: ROWS * 2 });
        let inner = Rect { x: 2, y: 1, width: place.width.saturating_sub(4), height: ROWS };
        let mut sheet = Sheet { buffer: &mut scratch, theme, inner, y: 0 };
        rows(model, wizard, detail, &mut sheet);
        sheet.y + AROUND
    };
    let fits = |detail: &Detail| *detail <= most && taken(*detail) <= place.height;
    let detail = [Detail::All, Detail::Less].into_iter().find(fits).unwrap_or(Detail::Least);
    if wizard.request.verb().is_some() {
        // An act on one credential takes as many rows as it has to say, so that the cards stay in view.
        place = popup::place(area, COLUMNS, taken(detail).min(ROWS));
    }
    let read = match (&wizard.plan, plan) {
        _ if wizard.reading => "reading ..".to_owned(),
        (_, Some(plan)) => format!("read back {} ago", age(plan.read_at(), model.now)),
        (Planned::Unasked, _) => "which word?".to_owned(),
        (Planned::Refused(_), _) => "not possible".to_owned(),
        _ => "reading ..".to_owned(),
    };
    let card = plan.map_or(&wizard.card, |p| p.card().0);
    let heading = wizard.request.verb().map_or("Reissue".to_owned(), |verb| wording::heading(card, verb));
    // A reissue is always of the higher level.
    let level = plan.filter(|_| wizard.request.verb().is_some()).map_or("", |p| match p.level() {
        ConfirmLevel::L1 => "can be taken back, ",
        ConfirmLevel::L2 => "full preview, ",
        ConfirmLevel::L3 => "full preview and count, ",
    });
    let inner = popup::draw(buffer, theme, place, &heading, &format!("{level}{read}"));
    let mut sheet = Sheet { buffer, theme, inner, y: 0 };
    let cursor = rows(model, wizard, detail, &mut sheet);
    // The last two rows are the rule and the keys; long rows are cut at a width that the labels need anyway.
    let whole = sheet.y + 2 <= inner.height && inner.width >= 72;
    buttons(model, wizard, theme, inner, buffer);
    (cursor, whole)
}

/// All rows above the keys; gives the place of the cursor if a field is being edited.
fn rows(model: &Model, wizard: &Wizard, detail: Detail, sheet: &mut Sheet<'_>) -> Option<Position> {
    let plan = if let Planned::Ready(plan) = &wizard.plan { Some(plan) } else { None };
    target_rows(model, wizard, plan, detail, sheet);
    why_rows(sheet, wizard, plan.and_then(Plan::why));
    word_rows(sheet, wizard);
    let wanted = plan.is_some_and(Plan::needs_ticket);
    let empty = wizard.request.ticket().is_empty() && wizard.request.note().is_empty() && !wanted;
    let mut cursor = if detail == Detail::Least && empty && wizard.field.is_none() {
        sheet.row("Ticket").put(Role::Muted, "no ticket, no note").right(Role::Muted, "[t] ticket  [n] note");
        None
    } else {
        let ticket = field_row(sheet, wizard, Field::Ticket, wanted);
        field_row(sheet, wizard, Field::Note, false).or(ticket)
    };
    if plan.is_some_and(|plan| plan.level() == ConfirmLevel::L3) {
        cursor = field_row(sheet, wizard, Field::Count, true).or(cursor);
    }
    match &wizard.plan {
        Planned::Ready(plan) => {
            if let Some(order) = plan.order() {
                sheet.long("Order", Role::Plain, &format!("[o] {order}"));
            }
            sheet.rule();
            let [sends, then, undo] = plan.lines();
            sheet.long("Sends", Role::Strong, sends);
            sheet.long("Then", Role::Plain, then);
            sheet.long("Undo", Role::Plain, undo);
        }
        Planned::Reading => {
            sheet.rule();
            sheet.row("").put(Role::Muted, "The target is being read.");
        }
        Planned::Unasked => {
            sheet.rule();
            sheet.row("").put(Role::Muted, "Choose a word: what it would do stands here then.");
        }
        Planned::Refused(problem) => {
            sheet.rule();
            sheet.long("Refused", Role::Bad, &problem.to_string());
        }
    }
    cursor
}

/// Whom and what it is about.
fn target_rows(model: &Model, wizard: &Wizard, plan: Option<&Plan>, detail: Detail, sheet: &mut Sheet<'_>) {
    let holder = plan.map_or(&wizard.holder, Plan::holder);
    let (card, owner) = plan.map_or((&wizard.card, &wizard.ownership), Plan::card);
    let replaces = wizard.request.verb().is_none();
    sheet
        .row("Who")
        .put(Role::Strong, holder.name().safe().as_str())
        .skip(2)
        .put(Role::Plain, holder.description.safe().as_str())
        .skip(2)
        .put(Role::Plain, holder.employee_number.safe().as_str());
    if detail == Detail::All {
        let contact = if holder.email.is_empty() { String::new() } else { mask_contact(&holder.email.safe()) };
        sheet.row("").put(Role::Muted, &holder.id.to_string()).skip(2).put(Role::Muted, &contact);
    }
    sheet
        .row(if replaces { "Old" } else { "Card" })
        .put(state_role(card.state()), &format!("{} {}", card.state().glyph(), card.state()))
        .skip(2)
        .put(Role::Plain, card.type_name.safe().as_str())
        .skip(1)
        .put(Role::Plain, &shown_number(card))
        .skip(2)
        .put(owner_role(owner), &owner.badge());
    let clues: Vec<&str> = owner.clues.iter().map(AsRef::as_ref).collect();
    if detail == Detail::All {
        sheet.long("", Role::Muted, &clues.join(", "));
    } else if replaces && detail == Detail::Less {
        sheet.row("").put(Role::Muted, &clues.join(", "));
    }
    if replaces && detail == Detail::All {
        let text = match (plan, card.class) {
            (Some(plan), _) if plan.holder_adds() => "the holder adds it on the new phone; no console can",
            (_, CredentialClass::Mobile) => "same type, same label, same contact",
            _ => "same person, same kind",
        };
        sheet.row("New").put(Role::Plain, text);
    }
    if let Some(waiting) = model.replacing(card) {
        let since = age(waiting.sent.unwrap_or(waiting.opened), model.now);
        sheet.long(
            "Mind",
            Role::Warn,
            &format!(
                "a new pass for this one was issued {since} ago and is not accepted yet; {} shows it",
                model.key("jobs")
            ),
        );
    }
}

/// The word that it shall have, and those that it could have instead.
fn word_rows(sheet: &mut Sheet<'_>, wizard: &Wizard) {
    let words = wizard.words();
    let chosen = wizard.word();
    let Some(at) = wizard.picking else {
        if let Some(word) = &chosen {
            let hint = if words.len() > 1 { format!("[w] change, {} words", words.len()) } else { String::new() };
            sheet.row("Word").put(Role::Strong, word.as_str()).right(Role::Muted, &hint);
        } else if words.len() > 1 {
            let (role, text) = match wizard.request.verb() {
                Some(Verb::End) => (Role::Muted, "keeps the one it has"),
                _ => (Role::Warn, "none chosen"),
            };
            sheet.row("Word").put(role, text).right(Role::Muted, "[w] choose");
        }
        return;
    };
    // All words, as many in a row as fit; the one under the cursor is boxed.
    let room = usize::from(sheet.inner.width).saturating_sub(LABEL);
    let mut label = "Word";
    let mut first = 0;
    while first < words.len() {
        let mut used = 0;
        let mut next = first;
        while next < words.len() && (next == first || used + words[next].as_str().width() + 3 <= room) {
            used += words[next].as_str().width() + 3;
            next += 1;
        }
        let mut pen = sheet.row(label);
        for (i, word) in words.iter().enumerate().take(next).skip(first) {
            let here = i == at;
            let text = if here { format!("[{}] ", word.as_str()) } else { format!(" {}  ", word.as_str()) };
            pen.put(if here { Role::Key } else { Role::Plain }, &text);
        }
        label = "";
        first = next;
    }
    sheet.row("").put(Role::Muted, "arrows move, ENT takes it, ESC leaves it");
}

fn why_rows(sheet: &mut Sheet<'_>, wizard: &Wizard, in_force: Option<Why>) {
    let chosen = wizard.request.why().or(in_force);
    let reasons = wizard.request.reasons();
    let mut label = "Why";
    for (at, row) in [&reasons[..4], &reasons[4..7], &reasons[7..]].into_iter().enumerate() {
        if row.is_empty() {
            break;
        }
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
        if at == 1 {
            let text = chosen.map_or("choose one".to_owned(), |w| format!("chosen: {}", w.digit()));
            pen.right(if chosen.is_some() { Role::Muted } else { Role::Warn }, &text);
        }
    }
}

fn field_row(sheet: &mut Sheet<'_>, wizard: &Wizard, field: Field, required: bool) -> Option<Position> {
    let (label, hint) = match field {
        Field::Ticket => ("Ticket", "[t] change"),
        Field::Note => ("Note", "[n] edit"),
        Field::Count => ("Count", "[c] type it"),
    };
    let editing = wizard.field.as_ref().filter(|(f, _)| *f == field).map(|(_, input)| input);
    let stored = match field {
        Field::Ticket => wizard.request.ticket(),
        Field::Note => wizard.request.note(),
        Field::Count if wizard.counted => "1 card, typed",
        Field::Count => "",
    };
    let check = |text: &str| field.problem(text);
    let (x0, y) = (sheet.inner.x + LABEL as u16, sheet.inner.y + sheet.y);
    let mut pen = sheet.row(label);
    let Some(input) = editing else {
        match (stored, required) {
            ("", true) if field == Field::Count => {
                pen.put(Role::Warn, "another desk issued it: type how many you change")
            }
            ("", true) => pen.put(Role::Warn, "required, none yet"),
            ("", false) => pen.put(Role::Muted, "none"),
            (stored, _) => pen.put(Role::Plain, stored),
        };
        pen.right(Role::Muted, hint);
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
        Ok(plan) => {
            let does = if plan.holder_adds() { " wait for the holder" } else { " send" };
            pen.put(Role::Key, "y").put(Role::Strong, does).skip(3);
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
