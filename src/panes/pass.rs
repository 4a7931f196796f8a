//! Pane 4: does it open a door now, where it stands, what can be done and what cannot, and whose it is.

use super::cards::{grade_role, shown_number};
use crate::console::commands::{COMMANDS, Kind};
use crate::console::keymap::written;
use crate::console::model::{Model, Pane};
use crate::console::update::age;
use crate::domain::credential::{CardStatus, Credential, InvitationStatus, OpensDoors};
use crate::widgets::text::{Pen, title, wrap};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// One drawn line: pieces with their roles.
type Drawn = Vec<(Role, String)>;

/// A station of a diagram: lit and boxed if the credential stands there.
fn station(word: &str, here: bool) -> (Role, String) {
    if here { (Role::Strong, format!("[{}]", word.to_uppercase())) } else { (Role::Muted, word.to_owned()) }
}

fn arrow() -> (Role, String) {
    (Role::Muted, " > ".into())
}

/// The invitation's way (gallagher.md section 5.4), two lines.
fn invitation_lines(status: InvitationStatus) -> [Drawn; 2] {
    use InvitationStatus as I;
    [
        vec![
            (Role::Muted, " invite  ".into()),
            station("notSent", status == I::NotSent),
            arrow(),
            station("sent", status == I::Sent),
            arrow(),
            station("accepted", status == I::Accepted),
        ],
        vec![(Role::Muted, "                   \\-> ".into()), station("expired", status == I::Expired)],
    ]
}

/// The card's own way (gallagher.md section 5.3).
fn card_line(status: CardStatus, word: &str) -> Drawn {
    use CardStatus as C;
    let mut line = vec![
        (Role::Muted, " card    ".into()),
        station("pending", status == C::Pending),
        arrow(),
        station("active", status == C::Active),
        arrow(),
        station("expired", status == C::Expired),
        (Role::Muted, " | ".into()),
        station("inactive", status == C::Inactive),
    ];
    if status == C::Unknown {
        line.push((Role::Warn, "  in none of these".into()));
    }
    line.push((Role::Muted, format!("   site word: {word}")));
    line
}

/// What can be done and what cannot, with the reason (rule R8), from the command table.
fn action_lines(model: &Model) -> (Drawn, Vec<Drawn>) {
    let mut can: Drawn = vec![(Role::Muted, " can     ".into())];
    let mut not = Vec::new();
    for command in COMMANDS.iter().filter(|c| c.kind == Kind::Act) {
        let key = written(command.keys[0]);
        match (command.enabled)(model) {
            Ok(()) => {
                can.push((Role::Key, key));
                can.push((Role::Plain, format!(" {}   ", command.title)));
            }
            Err(reason) => {
                not.push(vec![(Role::Muted, format!(" not     {key} {}: {reason}", command.title))]);
            }
        }
    }
    if can.len() == 1 {
        can.push((Role::Muted, "nothing".into()));
    }
    (can, not)
}

fn lines(model: &Model, card: &Credential, authorised: bool, width: usize) -> Vec<Drawn> {
    let mut out: Vec<Drawn> = Vec::new();
    let (opens, why) = card.opens_doors(authorised);
    let role = match opens {
        OpensDoors::Yes => Role::Good,
        OpensDoors::No => Role::Bad,
        OpensDoors::Unknown => Role::Warn,
    };
    let question = " OPENS DOORS NOW?  ";
    let mut text = wrap(&format!("{opens}: {why}."), width.saturating_sub(question.len()).max(20)).into_iter();
    out.push(vec![(Role::Strong, question.into()), (role, text.next().unwrap_or_default())]);
    out.extend(text.map(|line| vec![(role, format!("{}{line}", " ".repeat(question.len())))]));
    let word = card.status_word.safe();
    let mut own = card_line(card.status, word.as_str());
    match card.invitation.as_ref().map(|i| invitation_lines(i.status)) {
        None => out.push(own),
        Some([mut way, branch]) => {
            let used: usize = way.iter().map(|(_, t)| t.width()).sum();
            let more: usize = own.iter().map(|(_, t)| t.width()).sum();
            if used + more <= width {
                way.append(&mut own);
                out.extend([way, branch]);
            } else {
                // Side by side without the site's word, if only that fits.
                let word = own.pop();
                let more: usize = own.iter().map(|(_, t)| t.width()).sum();
                if used + more <= width {
                    way.append(&mut own);
                    out.extend([way, branch]);
                } else {
                    own.extend(word);
                    out.extend([way, branch, own]);
                }
            }
        }
    }
    let (can, not) = action_lines(model);
    out.push(can);
    out.extend(not);
    out
}

/// Draws the state of the card under the cursor.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let focused = model.focus == Pane::Pass;
    let (Some(view), Some((card, owner))) = (&model.shown.view, model.shown.card()) else {
        title(buffer, theme, area, focused, "4 State", "");
        Pen::new(buffer, theme, area, 1).skip(1).put(Role::Muted, "No card is selected.");
        return;
    };
    let left = format!("4 State  {} {} {}", card.id.tenant, card.type_name.safe(), shown_number(card));
    let right = format!("read {} ago", age(card.as_of, model.now));
    title(buffer, theme, area, focused, &left, &right);
    let height = usize::from(area.height.saturating_sub(1));
    let width = usize::from(area.width);
    let mut all = lines(model, card, view.holder.authorised, width);
    let clues: Vec<&str> = owner.clues.iter().map(AsRef::as_ref).collect();
    let mut owner_lines = wrap(&clues.join(", "), width.saturating_sub(19).max(20)).into_iter();
    let mut owned: Vec<Drawn> = vec![vec![
        (Role::Muted, " owner   ".into()),
        (grade_role(owner.grade), owner.grade.badge().into()),
        (Role::Plain, format!(" {}", owner_lines.next().unwrap_or_default())),
    ]];
    owned.extend(owner_lines.map(|l| vec![(Role::Plain, format!("{}{l}", " ".repeat(19)))]));
    // Whose it is must always be seen: where rows are few, the owner's first line comes right after the answer,
    // and the list of what cannot be done gives way.
    if all.len() + owned.len() > height {
        owned.truncate(1);
        let keep = height.saturating_sub(1);
        all.truncate(keep);
    }
    all.extend(owned);
    for (i, line) in all.into_iter().enumerate().take(height) {
        let mut pen = Pen::new(buffer, theme, area, 1 + i as u16);
        for (role, text) in line {
            pen.put(role, &text);
        }
    }
}
