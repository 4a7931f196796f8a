//! Pane 3: the credentials of the person shown, with state and ownership.

use super::holders::state_role;
use crate::console::model::{Model, Pane, SLOW};
use crate::console::shown::Record;
use crate::console::update::age;
use crate::domain::credential::{Credential, CredentialClass, InvitationStatus, State};
use crate::domain::journal::Marker;
use crate::domain::ownership::{Grade, Ownership};
use crate::domain::text::{SafeText, Untrusted, mask_contact};
use crate::widgets::text::{Pen, first_row, highlight, title};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// How it is coloured whose a card is; the badge's glyph says the same.
pub fn owner_role(owner: &Ownership) -> Role {
    match owner.grade {
        Grade::Claimed if owner.is_elsewhere() => Role::Inferred,
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

fn card_row(pen: &mut Pen<'_>, card: &Credential, owner: &Ownership, badges: usize, model: &Model, width: u16) {
    let state = card.state();
    pen.cell(state_role(state), &format!("{} {state}", state.glyph()), 11).skip(1);
    let tenant = card.id.tenant.as_str();
    if width >= 68 {
        let extra = usize::from(width - 68);
        pen.cell(Role::Muted, tenant, 5).skip(1);
        pen.cell(Role::Plain, card.type_name.safe().as_str(), 17 + extra / 6).skip(1);
        pen.cell(Role::Plain, &shown_number(card), 10 + extra / 6).skip(1);
    } else if width >= 50 {
        if model.tenants.len() > 1 {
            pen.cell(Role::Muted, tenant, 5).skip(1);
        }
        pen.cell(Role::Plain, card.type_name.safe().as_str(), 13).skip(1);
        pen.cell(Role::Plain, &shown_number(card), 9).skip(1);
    } else {
        let mut room = usize::from(width).saturating_sub(24);
        if model.tenants.len() > 1 {
            pen.cell(Role::Muted, tenant, 4).skip(1);
            room = room.saturating_sub(5);
        }
        pen.cell(Role::Plain, card.type_name.safe().as_str(), room).skip(1);
    }
    pen.cell(owner_role(owner), &owner.badge(), badges).skip(1);
    pen.put(Role::Muted, &remark(card, model));
}

/// What stands below the cards: one line for each system that did not give, or keeps us waiting for, what it has.
fn notes(model: &Model) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    for record in &model.shown.records {
        let tenant = &record.holder.id.tenant;
        let since = age(record.holder.as_of, model.now);
        let slow = record.asked.map(|asked| model.since_start.saturating_sub(asked)).filter(|d| *d > SLOW);
        if let Some(waiting) = slow {
            let (role, word, figure) = super::header::slow(waiting);
            lines.push((role, format!("{tenant} {word} {figure}: still being read, shown as cached {since} ago")));
        } else if let (Some(problem), None) = (&record.problem, record.asked) {
            let (_, word, status) = super::header::trouble(problem);
            let text = problem.to_string();
            let text = text.strip_prefix(tenant.as_str()).unwrap_or(&text).trim_start();
            let word = if status.is_empty() { word.to_owned() } else { format!("{word} {status}") };
            lines.push((Role::Warn, format!("{tenant} {word}: {text}")));
        } else if !record.whole {
            lines
                .push((Role::Warn, format!("{tenant}: not all of her cards can be read; what is missing is not gone")));
        }
    }
    lines
}

/// How many rows the list could use.
pub fn rows_wanted(model: &Model) -> usize {
    model.shown.cards.len() + notes(model).len()
}

/// How much of it is read: what is on the right of the title.
fn how_read(model: &Model) -> String {
    let shown = &model.shown;
    let cards = if shown.cards.len() == 1 { "1 card".to_owned() } else { format!("{} cards", shown.cards.len()) };
    let oldest = shown.records.iter().map(|r| r.holder.as_of).min().map_or(String::new(), |t| age(t, model.now));
    let names = |pick: &dyn Fn(&Record) -> bool| -> Vec<&str> {
        shown.records.iter().filter(|r| pick(r)).map(|r| r.holder.id.tenant.as_str()).collect()
    };
    let reading = names(&|r| r.asked.is_some());
    let failed = names(&|r| r.problem.is_some());
    let several = shown.records.len() > 1;
    let read = match (reading.len(), failed.len()) {
        (0, 0) if shown.records.iter().all(|r| r.live) => format!("read {oldest} ago"),
        (0, 0) => format!("cached {oldest}"),
        (0, n) if several && n < shown.records.len() => format!("{} not read", failed.join(" ")),
        (0, _) => format!("cached {oldest}, not read"),
        (n, _) if several && n < shown.records.len() => format!("reading {} ..", reading.join(" ")),
        _ => "reading ..".to_owned(),
    };
    if several { format!("{cards} in {} systems, {read}", shown.records.len()) } else { format!("{cards}, {read}") }
}

/// Draws the cards; gives what stands in which row of the area, by its place among the cards.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) -> Vec<(u16, usize)> {
    let mut drawn = Vec::new();
    if area.is_empty() {
        return drawn;
    }
    let focused = model.focus == Pane::Cards;
    let shown = &model.shown;
    let Some(first) = shown.first() else {
        title(buffer, theme, area, focused, "3 Cards", "");
        Pen::new(buffer, theme, area, 1).skip(2).put(Role::Muted, "Nobody is selected.");
        return drawn;
    };
    let name: Untrusted = first.holder.name();
    let left = format!("3 Cards of {}", name.safe());
    let taken = super::filter::head(model, Pane::Cards, theme, area, buffer, &left, &how_read(model));
    let visible = model.visible(Pane::Cards);
    let height = usize::from(area.height.saturating_sub(1 + taken));
    // The cards go before the notes, but a system that is missing is never left unsaid.
    let mut notes = notes(model);
    let lines = notes.len().min(height.saturating_sub(visible.len()).max(1)).min(height);
    if lines < notes.len() && lines == 1 {
        let systems: Vec<&str> = notes.iter().filter_map(|(_, text)| text.split(':').next()).collect();
        notes = vec![(Role::Warn, systems.join("; "))];
    }
    let height = height - lines;
    let mut y = 1 + taken;
    if visible.is_empty() && !shown.cards.is_empty() && height > 0 {
        Pen::new(buffer, theme, area, y).skip(2).put(Role::Muted, "No card fits the filter; ESC takes it off.");
        y += 1;
    }
    if shown.cards.is_empty() && height > 0 {
        let live = shown.records.iter().all(|r| r.live);
        let text = match (live, shown.reading()) {
            (true, _) if !shown.records.iter().all(|r| r.whole) => "No card that can be read.",
            (true, _) => "This person has no card in any system.",
            (false, true) => "No card so far; still reading.",
            (false, false) => "No card is cached; ENT reads.",
        };
        Pen::new(buffer, theme, area, y).skip(2).put(Role::Muted, text);
        y += 1;
    }
    let cursor = shown.row();
    let first = first_row(visible.iter().position(|row| cursor == Some(*row)), visible.len(), height);
    // The names of other desks are longer than our own badges.
    let badges = shown.cards.iter().map(|(_, owner)| owner.badge().width()).max().unwrap_or(0).clamp(8, 16);
    for i in visible.into_iter().skip(first).take(height) {
        let (card, owner) = &shown.cards[i];
        let here = cursor == Some(i);
        let mut pen = Pen::new(buffer, theme, area, y);
        pen.put(Role::Key, if here { "> " } else { "  " });
        card_row(&mut pen, card, owner, badges, model, area.width);
        if here {
            highlight(buffer, theme, area, y, focused);
        }
        drawn.push((y, i));
        y += 1;
    }
    for (role, text) in notes.into_iter().take(lines) {
        Pen::new(buffer, theme, area, y).skip(2).put(role, &text);
        y += 1;
    }
    drawn
}
