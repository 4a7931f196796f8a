//! Pane 3: the credentials of the person shown, with state and ownership.

use super::holders::state_role;
use crate::console::model::{Model, Pane};
use crate::console::update::age;
use crate::domain::credential::{Credential, CredentialClass, InvitationStatus, State};
use crate::domain::journal::Marker;
use crate::domain::ownership::{Grade, Ownership};
use crate::domain::text::{SafeText, Untrusted, mask_contact};
use crate::widgets::text::{Pen, first_row, highlight, title};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// How a grade is coloured; the badge's glyph says the same.
pub fn grade_role(grade: Grade) -> Role {
    match grade {
        Grade::Confirmed | Grade::Tagged | Grade::Witnessed => Role::Ours,
        Grade::Inferred | Grade::Issuer => Role::Inferred,
        Grade::Claimed | Grade::Ambiguous => Role::Ambiguous,
        Grade::Foreign => Role::Muted,
    }
}

/// The number as lists show it: the label without our marker (decision 12), phone numbers masked.
pub fn shown_number(card: &Credential) -> String {
    let safe = card.number.safe();
    let (label, marker) = Marker::split(safe.as_str());
    let label = label.trim();
    if label.is_empty() && marker.is_some() {
        return "(marker only)".into();
    }
    let digits = label.chars().filter(char::is_ascii_digit).count();
    if card.class == CredentialClass::Mobile && digits >= 8 && digits * 2 > label.len() {
        mask_contact(&SafeText::of(label))
    } else {
        label.to_owned()
    }
}

/// The last column: what else matters about the card.
fn remark(card: &Credential, model: &Model) -> String {
    let date = |t: jiff::Timestamp| super::history::day(model, t);
    if model.replacing(card).is_some() {
        return "being replaced".into();
    }
    if let Some(invitation) = &card.invitation {
        match invitation.status {
            InvitationStatus::NotSent => return "not sent".into(),
            InvitationStatus::Sent => return "sent".into(),
            InvitationStatus::Expired => return "invitation".into(),
            InvitationStatus::Unknown => return "invite in an unknown state".into(),
            InvitationStatus::Accepted => {}
        }
    }
    match (card.state(), card.until, card.last_used) {
        (State::Suspended, ..) => card.status_word.safe().to_string(),
        (_, Some(until), _) => format!("until {}", date(until)),
        (_, None, Some(used)) => format!("used {} ago", age(used, model.now)),
        (_, None, None) => "no end date".into(),
    }
}

fn card_row(pen: &mut Pen<'_>, card: &Credential, owner: &Ownership, model: &Model, width: u16) {
    let state = card.state();
    pen.cell(state_role(state), &format!("{} {state}", state.glyph()), 11).skip(1);
    let tenant = card.id.tenant.as_str();
    if width >= 68 {
        let extra = usize::from(width - 68);
        pen.cell(Role::Muted, tenant, 5).skip(1);
        pen.cell(Role::Plain, card.type_name.safe().as_str(), 17 + extra / 6).skip(1);
        pen.cell(Role::Plain, &shown_number(card), 10 + extra / 6).skip(1);
    } else if width >= 50 {
        pen.cell(Role::Plain, card.type_name.safe().as_str(), 13).skip(1);
        pen.cell(Role::Plain, &shown_number(card), 9).skip(1);
    } else {
        pen.cell(Role::Plain, card.type_name.safe().as_str(), usize::from(width).saturating_sub(24)).skip(1);
    }
    pen.cell(grade_role(owner.grade), owner.grade.badge(), 8).skip(1);
    pen.put(Role::Muted, &remark(card, model));
}

/// Draws the cards.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let focused = model.focus == Pane::Cards;
    let Some(view) = &model.shown.view else {
        title(buffer, theme, area, focused, "3 Cards", "");
        Pen::new(buffer, theme, area, 1).skip(2).put(Role::Muted, "Nobody is selected.");
        return;
    };
    let name: Untrusted = view.holder.name();
    let read = if model.shown.reading {
        "reading ..".to_owned()
    } else if model.shown.problem.is_some() {
        format!("cached {}, not read", age(view.holder.as_of, model.now))
    } else if view.live {
        format!("read {} ago", age(view.holder.as_of, model.now))
    } else {
        format!("cached {}", age(view.holder.as_of, model.now))
    };
    let count = if view.cards.len() == 1 { "1 card".to_owned() } else { format!("{} cards", view.cards.len()) };
    title(buffer, theme, area, focused, &format!("3 Cards of {}", name.safe()), &format!("{count}, {read}"));
    let height = usize::from(area.height.saturating_sub(1));
    let mut y = 1;
    if view.cards.is_empty() {
        let text = if view.live { "This person has no card in any system." } else { "No card is cached; ENT reads." };
        Pen::new(buffer, theme, area, y).skip(2).put(Role::Muted, text);
        y += 1;
    }
    let cursor = model.shown.row();
    let first = first_row(cursor, view.cards.len(), height);
    for (i, (card, owner)) in view.cards.iter().enumerate().skip(first).take(height) {
        let here = cursor == Some(i);
        let mut pen = Pen::new(buffer, theme, area, y);
        pen.put(Role::Key, if here { "> " } else { "  " });
        card_row(&mut pen, card, owner, model, area.width);
        if here {
            highlight(buffer, theme, area, y, focused);
        }
        y += 1;
    }
    if let Some(problem) = &model.shown.problem
        && usize::from(y) <= height
    {
        Pen::new(buffer, theme, area, y).skip(2).put(Role::Warn, &problem.to_string());
    }
}
