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
            station("not sent", status == I::NotSent),
            arrow(),
            station("sent", status == I::Sent),
            arrow(),
            station("accepted", status == I::Accepted),
        ],
        vec![
            (Role::Muted, format!("{}\\-> ", " ".repeat(if status == I::NotSent { 22 } else { 20 }))),
            station("expired", status == I::Expired),
        ],
    ]
}

/// The card's own way (gallagher.md section 5.3); it ends by date or in a disabled state.
fn card_line(status: CardStatus, word: &str) -> Drawn {
    use CardStatus as C;
    let end = if status == C::Expired { "expired" } else { "inactive" };
    let mut line = vec![
        (Role::Muted, " card    ".into()),
        station("pending", status == C::Pending),
        arrow(),
        station("active", status == C::Active),
        arrow(),
        station(end, matches!(status, C::Expired | C::Inactive)),
    ];
    if status == C::Unknown {
        line.push((Role::Warn, "  in none of these".into()));
    }
    line.push((Role::Muted, format!("   site word: {word}")));
    line
}

/// What can be done, and what cannot with the reason (rule R8), from the command table. Commands that are off
/// for the same reason share a line.
fn action_lines(model: &Model, width: usize) -> Vec<Drawn> {
    let mut can: Drawn = vec![(Role::Muted, " can     ".into())];
    let mut not: Vec<(String, String)> = Vec::new();
    for command in COMMANDS.iter().filter(|c| c.kind == Kind::Act) {
        let key = written(command.keys[0]);
        match (command.enabled)(model) {
            Ok(()) => {
                can.push((Role::Key, key));
                can.push((Role::Plain, format!(" {}   ", command.title)));
            }
            Err(reason) => match not.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, names)) => names.push_str(&format!(", {key} {}", command.title)),
                None => not.push((reason.into_owned(), format!("{key} {}", command.title))),
            },
        }
    }
    if can.len() == 1 {
        can.push((Role::Muted, "nothing".into()));
    }
    let mut lines = vec![can];
    let all: Vec<String> = not.into_iter().map(|(reason, names)| format!("{names}: {reason}")).collect();
    for (i, text) in wrap(&all.join("; "), width.saturating_sub(9)).into_iter().enumerate() {
        let label = if i == 0 { " not     " } else { "         " };
        lines.push(vec![(Role::Muted, label.into()), (Role::Muted, text)]);
    }
    lines
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
    if let Some(waiting) = model.replacing(card) {
        let text = format!(
            " A new pass was issued {} ago; this one is retired once that one is accepted.",
            age(waiting.sent.unwrap_or(waiting.opened), model.now)
        );
        out.push(vec![(Role::Warn, text)]);
    }
    let word = card.status_word.safe();
    let mut own = card_line(card.status, word.as_str());
    match card.invitation.as_ref().map(|i| invitation_lines(i.status)) {
        None => out.push(own),
        Some([mut way, branch]) => {
            let columns = |line: &Drawn| line.iter().map(|(_, t)| t.width()).sum::<usize>();
            // Side by side where that fits; the site's word may then stand below.
            let word = own.pop();
            if columns(&way) + columns(&own) <= width {
                own[0].1 = "    card ".into();
                way.append(&mut own);
                let mut branch = branch;
                if let Some((role, word)) = word {
                    let gap = columns(&way).saturating_sub(columns(&branch) + word.width());
                    branch.push((role, format!("{}{word}", " ".repeat(gap))));
                }
                out.extend([way, branch]);
            } else {
                own.extend(word);
                out.extend([way, branch, own]);
            }
        }
    }
    out.extend(action_lines(model, width));
    out
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
    let width = usize::from(area.width);
    let mut all = lines(model, card, record.holder.authorised, width);
    let clues: Vec<&str> = owner.clues.iter().map(AsRef::as_ref).collect();
    let mut owner_lines = wrap(&clues.join(", "), width.saturating_sub(19).max(20)).into_iter();
    let mut owned: Vec<Drawn> = vec![vec![
        (Role::Muted, " owner   ".into()),
        (grade_role(owner.grade), owner.grade.badge().into()),
        (Role::Plain, format!(" {}", owner_lines.next().unwrap_or_default())),
    ]];
    owned.extend(owner_lines.map(|l| vec![(Role::Plain, format!("{}{l}", " ".repeat(19)))]));
    // Whose it is must always be seen: where rows are few, further clues and then what cannot be done give way.
    if all.len() + owned.len() > height {
        shorten(&mut owned, height.saturating_sub(all.len()).max(1));
        shorten(&mut all, height.saturating_sub(owned.len()));
    }
    all.extend(owned);
    for (i, line) in all.into_iter().enumerate().take(height) {
        let mut pen = Pen::new(buffer, theme, area, 1 + i as u16);
        for (role, text) in line {
            pen.put(role, &text);
        }
    }
}
