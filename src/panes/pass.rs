//! Pane 4: does it open a door now, where it stands, what can be done and what cannot, whose it is, and what else its
//! vendor says.

mod diagram;

use super::cards::{owner_role, shown_number};
use crate::console::allowed;
use crate::console::commands::{COMMANDS, Command, Kind};
use crate::console::model::{Awaits, Model, Pane};
use crate::console::update::age;
use crate::domain::credential::{Credential, InvitationStatus, OpensDoors, Particular, System};
use crate::domain::ownership::Ownership;
use crate::domain::text::mask_contact;
use crate::widgets::text::{Pen, title, wrap};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// One drawn line: pieces with their roles.
type Drawn = Vec<(Role, String)>;

/// Columns before what a line says.
const LABEL: usize = 9;

/// Lines of one role after a label.
fn labelled(label: &str, role: Role, lines: Vec<String>) -> Vec<Drawn> {
    let head = |i| if i == 0 { format!(" {label:<w$}", w = LABEL - 1) } else { " ".repeat(LABEL) };
    lines.into_iter().enumerate().map(|(i, text)| vec![(Role::Muted, head(i)), (role, text)]).collect()
}

/// Does it open a door now, why, and what lags.
fn opens_lines(model: &Model, card: &Credential, authorised: bool, width: usize) -> Vec<Drawn> {
    let (opens, why) = card.opens_doors(authorised);
    let role = match opens {
        OpensDoors::Yes => Role::Good,
        OpensDoors::No => Role::Bad,
        OpensDoors::Unknown => Role::Warn,
    };
    let question = if width < 60 { " DOORS?  " } else { " OPENS DOORS NOW?  " };
    let mut text = wrap(&format!("{opens}: {why}."), width.saturating_sub(question.len()).max(20)).into_iter();
    let mut out = vec![vec![(Role::Strong, question.to_owned()), (role, text.next().unwrap_or_default())]];
    out.extend(text.map(|line| vec![(role, format!("{}{line}", " ".repeat(question.len())))]));
    if let Some(waiting) = model.replacing(card) {
        let text = format!(
            " A new pass was issued {} ago; this one is retired once that one is accepted.",
            age(waiting.sent.unwrap_or(waiting.opened), model.now)
        );
        out.push(vec![(Role::Warn, text)]);
    }
    out
}

/// Everything that changes something, from the command table.
fn acts() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().filter(|c| c.kind == Kind::Act)
}

/// What can be done.
fn can_lines(model: &Model, card: &Credential, width: usize) -> Vec<Drawn> {
    let lit = diagram::lit(model, card);
    let mut can = Vec::new();
    // What takes the last change back is of the person; it stands here if that change was this credential's.
    let takes_back = |c: &Command| c.rank > 0 || allowed::undo(model).is_ok_and(|(id, _)| id == card.id);
    for command in acts().filter(|c| takes_back(c) && (c.enabled)(model).is_ok()) {
        let tried = command.verb.is_some_and(|verb| diagram::is_tried(&lit, verb));
        let mark = if tried { " ?" } else { "" };
        can.push((
            Role::Key,
            format!("{} ", model.keymap.run_by(command.name, false)),
            format!("{}{mark} ", command.title_for(model)),
        ));
    }
    if can.is_empty() {
        return labelled("can", Role::Muted, vec!["nothing".into()]);
    }
    let mut lines: Vec<Drawn> = vec![vec![(Role::Muted, format!(" {:<w$}", "can", w = LABEL - 1))]];
    let mut used = LABEL;
    for (role, key, words) in can {
        let wide = key.len() + words.trim_end().len();
        if used > LABEL && used + wide > width {
            lines.push(vec![(Role::Muted, " ".repeat(LABEL))]);
            used = LABEL;
        }
        used += wide + 3;
        if let Some(line) = lines.last_mut() {
            line.extend([(role, key), (Role::Plain, format!("{words}  "))]);
        }
    }
    lines
}

/// What cannot be done, and why (rule R8). Commands that are off for the same reason share a clause.
fn cannot_lines(model: &Model, width: usize) -> Vec<Drawn> {
    let mut not: Vec<(String, String)> = Vec::new();
    for command in acts().filter(|c| c.rank > 0) {
        let Err(reason) = (command.enabled)(model) else { continue };
        let name = format!("{} {}", model.keymap.run_by(command.name, false), command.title_for(model));
        match not.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push_str(&format!(", {name}")),
            None => not.push((reason.into_owned(), name)),
        }
    }
    if not.is_empty() {
        return Vec::new();
    }
    let all: Vec<String> = not.into_iter().map(|(reason, names)| format!("{names}: {reason}")).collect();
    labelled("not", Role::Muted, wrap(&all.join("; "), width.saturating_sub(LABEL).max(20)))
}

/// What is wanted of it, and what server, device and reader know: four facts that need not agree.
fn known_lines(model: &Model, card: &Credential, width: usize) -> Vec<Drawn> {
    let server = format!("server {}", card.status_word.safe());
    let device = match (card.particular(Particular::DeviceStatus), &card.invitation) {
        (Some(status), _) => format!("device {}", status.safe()),
        (None, Some(invitation)) => match invitation.status {
            InvitationStatus::Accepted => "device enrolled".to_owned(),
            InvitationStatus::Unknown => "device unknown".to_owned(),
            _ => "device none yet".to_owned(),
        },
        (None, None) => match card.class.system() {
            System::Gallagher => "device not asked".to_owned(),
            System::AccessGrid => "device none known".to_owned(),
            System::ThalesD1 => "device not confirmed".to_owned(),
            System::CardExchange => "device none: a printed card".to_owned(),
        },
    };
    let reader =
        card.last_used.map_or("reader not asked".to_owned(), |t| format!("reader saw it {} ago", age(t, model.now)));
    let wanted = wanted(model, card).map(|wanted| format!("wanted {wanted}, ")).unwrap_or_default();
    let text = format!("{} {}: {wanted}{server}, {device}, {reader}", card.state().glyph(), card.state());
    labelled("known", Role::Plain, wrap(&text, width.saturating_sub(LABEL).max(20)))
}

/// What this console last asked for and has not seen done, if there is something.
fn wanted(model: &Model, card: &Credential) -> Option<String> {
    let is_it = |record: &&crate::domain::journal::IntentRecord| {
        record.state.blocks() && record.purpose.old.as_ref().is_some_and(|old| old.is(card))
    };
    if let Some(record) = model.open.iter().find(is_it) {
        let word = record.purpose.target.as_ref().map(|word| crate::domain::text::SafeText::of(word).to_string());
        return Some(word.unwrap_or_else(|| "its end".to_owned()));
    }
    if model.replacing(card).is_some() {
        return Some("its end, later".to_owned());
    }
    let awaited = model.awaited().find(|w| w.card == card.id)?;
    Some(match awaited.awaits {
        Awaits::Another { found: Some(_), .. } => "its end".to_owned(),
        _ => "another one beside it".to_owned(),
    })
}

/// What else the vendor says, contacts masked.
fn more_lines(card: &Credential, width: usize) -> Vec<Drawn> {
    use Particular as P;
    let shown = |(name, value): &(Particular, crate::domain::text::Untrusted)| {
        let value = value.safe();
        let value = if matches!(name, P::Email | P::Phone) { mask_contact(&value) } else { value.to_string() };
        // Where the words of two names would be read as one, the name stands first.
        (!value.is_empty()).then(|| format!("{} {value}", name.words()))
    };
    // What bears on the state stands first; the device's own word stands among what is known.
    let weighty = |name: P| {
        matches!(
            name,
            P::StateReason
                | P::ProfileStatus
                | P::Production
                | P::Tries
                | P::Printed
                | P::Ongoing
                | P::Half
                | P::Sibling
                | P::Remark
                | P::Replaces
        )
    };
    let (first, rest): (Vec<_>, Vec<_>) =
        card.particulars.iter().filter(|(name, _)| *name != P::DeviceStatus).partition(|(name, _)| weighty(*name));
    let all: Vec<String> = first.into_iter().chain(rest).filter_map(shown).collect();
    if all.is_empty() {
        return Vec::new();
    }
    labelled("more", Role::Plain, wrap(&all.join(", "), width.saturating_sub(LABEL).max(20)))
}

/// Whose it is, and why.
fn owner_lines(owner: &Ownership, width: usize) -> Vec<Drawn> {
    let badge = owner.badge();
    let indent = LABEL + badge.len() + 1;
    let clues: Vec<&str> = owner.clues.iter().map(AsRef::as_ref).collect();
    let mut text = wrap(&clues.join(", "), width.saturating_sub(indent).max(20)).into_iter();
    let mut lines: Vec<Drawn> = vec![vec![
        (Role::Muted, format!(" {:<w$}", "owner", w = LABEL - 1)),
        (owner_role(owner), badge.into_owned()),
        (Role::Plain, format!(" {}", text.next().unwrap_or_default())),
    ]];
    lines.extend(text.map(|l| vec![(Role::Plain, format!("{}{l}", " ".repeat(indent)))]));
    lines
}

/// Keeps so many lines; where some are left out, the last one ends in `..`.
fn shorten(lines: &mut Vec<Drawn>, keep: usize) {
    if lines.len() > keep {
        lines.truncate(keep);
        if let Some((_, text)) = lines.last_mut().and_then(|line| line.last_mut()) {
            text.push_str(" ..");
        }
    }
}

/// All lines for so many rows: what opens doors, the diagram, what can be done and whose it is always stand; reasons,
/// clues, what is known and what else there is take what is left, in this order.
fn lines(model: &Model, card: &Credential, owner: &Ownership, theme: Theme, width: usize, height: usize) -> Vec<Drawn> {
    let authorised = model.shown.record(&card.holder).is_none_or(|r| r.holder.authorised);
    let mut out = opens_lines(model, card, authorised, width);
    let mut can = can_lines(model, card, width);
    let mut not = cannot_lines(model, width);
    let mut owned = owner_lines(owner, width);
    let mut known = known_lines(model, card, width);
    let mut more = more_lines(card, width);
    let mut sizes = diagram::sizes(model, card, theme, width);
    let least = out.len() + can.len() + not.len().min(1) + 1;
    let fits = sizes.iter().position(|d| d.len() + least <= height).unwrap_or(sizes.len() - 1);
    let mut diagram = std::mem::take(&mut sizes[fits]);
    // Whose it is and where it stands must always be seen: where rows are few, words give way, and then what the
    // diagram's own keys say as well.
    let room = height.saturating_sub(1);
    shorten(&mut out, room.saturating_sub(diagram.len()).max(2));
    shorten(&mut diagram, room.saturating_sub(out.len()));
    shorten(&mut can, room.saturating_sub(out.len() + diagram.len()));
    let used = out.len() + diagram.len() + can.len() + 1;
    shorten(&mut not, height.saturating_sub(used));
    let mut free = height.saturating_sub(used + not.len().min(1));
    // Each takes what it needs beyond its least.
    let mut grant = |lines: &mut Vec<Drawn>, least: usize| {
        let beyond = lines.len().saturating_sub(least).min(free);
        free -= beyond;
        shorten(lines, least + beyond);
    };
    grant(&mut not, 1);
    grant(&mut known, 0);
    grant(&mut owned, 1);
    grant(&mut more, 0);
    for mut lines in [diagram, can, not, owned, known, more] {
        out.append(&mut lines);
    }
    out.truncate(height);
    out
}

/// Draws the state of the card under the cursor.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let focused = model.focus == Pane::Pass;
    let (Some(record), Some((card, owner))) = (model.shown.holding(), model.shown.card()) else {
        title(buffer, theme, area, focused, "4 State", "");
        Pen::new(buffer, theme, area, 1).skip(1).put(Role::Muted, "No card is selected.");
        return;
    };
    let left = format!("4 State  {} {} {}", card.id.tenant, card.type_name.safe(), shown_number(card));
    let read = age(card.as_of, model.now);
    let right = if record.live { format!("read {read} ago") } else { format!("cached {read}") };
    title(buffer, theme, area, focused, &left, &right);
    let height = usize::from(area.height.saturating_sub(1));
    let all = lines(model, card, owner, theme, usize::from(area.width), height);
    for (i, line) in all.into_iter().enumerate() {
        let mut pen = Pen::new(buffer, theme, area, 1 + i as u16);
        for (role, text) in line {
            pen.put(role, &text);
        }
    }
}
