//! Panes 1 and 2: the search line, and the people found.

use crate::console::model::{Model, Pane};
use crate::console::update::age;
use crate::domain::credential::State;
use crate::domain::text::mask_contact;
use crate::ports::cache::HolderHit;
use crate::widgets::text::{Pen, cut, first_row, highlight};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

/// How a canonical state is coloured; the word and the glyph say the same.
pub fn state_role(state: State) -> Role {
    match state {
        State::Active => Role::Good,
        State::Invited | State::Pending | State::Suspended => Role::Warn,
        State::Expired | State::Unknown => Role::Bad,
        State::Unlinked | State::Ended => Role::Muted,
    }
}

/// Draws the search line; gives the place of its cursor.
pub fn draw_search(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) -> Position {
    let focused = model.focus == Pane::Search;
    let mut pen = Pen::new(buffer, theme, area, 0);
    pen.put(if focused { Role::Focus } else { Role::Title }, "1 Search> ");
    let start = area.x + (area.width.saturating_sub(pen.room() as u16));
    let hint = format!("{} ^S", model.scope);
    let room = pen.room().saturating_sub(hint.width() + 10);
    let scroll = model.search.visual_scroll(room.max(1));
    let mut passed = 0;
    let skipped: String = (model.search.value().chars())
        .skip_while(|c| {
            passed += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            passed <= scroll
        })
        .collect();
    let shown = crate::domain::text::SafeText::of(&skipped);
    pen.put(Role::Strong, &cut(shown.as_str(), room));
    let took = model.took.map_or(String::new(), |t| format!("{}ms", t.as_millis()));
    let right =
        if model.searching || !model.asking.is_empty() { format!("{hint} ..") } else { format!("{hint} {took}") };
    pen.right(Role::Muted, right.trim_end());
    let x = start + (model.search.visual_cursor().saturating_sub(scroll)) as u16;
    Position { x: x.min(area.right().saturating_sub(1)), y: area.y }
}

/// Her systems in so many columns: all by name, or the first and how many more.
fn systems(hit: &HolderHit, width: usize) -> String {
    let mut names: Vec<&str> = hit.records().map(|h| h.id.tenant.as_str()).collect();
    names.dedup();
    let all = names.join(" ");
    if all.width() <= width || names.len() < 2 {
        return all;
    }
    let more = format!(" +{}", names.len() - 1);
    format!("{}{more}", cut(names[0], width.saturating_sub(more.len())))
}

fn hit_row(pen: &mut Pen<'_>, hit: &HolderHit, width: u16, several: bool) {
    let h = &hit.holder;
    let name = h.name().safe();
    let (role, word) = match hit.need {
        Some(state) => (state_role(state), format!("{} {state}", state.glyph())),
        None => (Role::Muted, "no card".into()),
    };
    let width = usize::from(width);
    if width >= 70 {
        // Two for the cursor, then six columns with a blank between; what a wider line has more is shared. Where there
        // are several systems, theirs goes before the contact's, which tells less.
        let contact = !several || width >= 90;
        let extra = width - if several && contact { 83 } else { 70 };
        let (name_more, more) = (extra * 2 / 5, extra * 2 / 5);
        let cards = if hit.cards == 1 { "1 card".to_owned() } else { format!("{} cards", hit.cards) };
        pen.cell(Role::Plain, name.as_str(), 16 + name_more).skip(1);
        pen.cell(Role::Muted, h.description.safe().as_str(), 10 + extra / 5).skip(1);
        pen.cell(Role::Plain, h.employee_number.safe().as_str(), 7).skip(1);
        if contact {
            pen.cell(Role::Muted, &mask_if_any(h.email.safe().as_str()), 12 + if several { 0 } else { more }).skip(1);
        }
        if several {
            let room = 12 + more;
            pen.cell(Role::Muted, &systems(hit, room), room).skip(1);
        }
        pen.cell(Role::Muted, &cards, 7).skip(1);
    } else if several {
        // The name goes before everything; which systems and how many cards tell more than the number of the person.
        let number = if width >= 50 { 8 } else { 0 };
        pen.cell(Role::Plain, name.as_str(), width.saturating_sub(2 + number + 12 + 12)).skip(1);
        if number > 0 {
            pen.cell(Role::Plain, h.employee_number.safe().as_str(), 7).skip(1);
        }
        pen.cell(Role::Muted, &systems(hit, 7), 7).skip(1);
        pen.cell(Role::Muted, &hit.cards.to_string(), 2).skip(1);
    } else {
        // The name goes before everything; the department comes back where there is room for both.
        let room = width.saturating_sub(2 + 8 + 12);
        let department = if room >= 34 { 12 } else { 0 };
        pen.cell(Role::Plain, name.as_str(), room - department - 1).skip(1);
        if department > 0 {
            pen.cell(Role::Muted, h.description.safe().as_str(), department - 1).skip(1);
        }
        pen.cell(Role::Plain, h.employee_number.safe().as_str(), 7).skip(1);
    }
    pen.whole(role, &word);
}

fn mask_if_any(contact: &str) -> String {
    if contact.is_empty() { String::new() } else { mask_contact(&crate::domain::text::SafeText::of(contact)) }
}

/// Draws the people found; gives what stands in which row of the area, by its place among the hits.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) -> Vec<(u16, usize)> {
    let mut drawn = Vec::new();
    if area.is_empty() {
        return drawn;
    }
    let focused = matches!(model.focus, Pane::Holders | Pane::Search);
    let shown = model.hits.rows.len();
    let more = if model.hits.more { "+" } else { "" };
    let filling: u64 = model.tenants.iter().filter(|t| t.filling).map(|t| t.fill.seen).sum();
    let total = model.hits.total.max(filling);
    // A person who is in several systems has a record in each: what is stored is counted as what it is.
    let records = if model.tenants.len() > 1 { " records" } else { "" };
    let right = match cache_age(model) {
        age if area.width >= 60 => format!("{shown}{more} of {total}{records}{age}"),
        _ if filling > 0 => format!("{shown}{more} of {total}, reading"),
        age => format!("{shown}{more} of {total}{age}"),
    };
    let taken = super::filter::head(model, Pane::Holders, theme, area, buffer, "2 Cardholders", &right);
    let height = usize::from(area.height.saturating_sub(1 + taken));
    if shown == 0 {
        for (i, (role, line)) in why_empty(model).iter().enumerate().take(height) {
            Pen::new(buffer, theme, area, 1 + i as u16).skip(2).put(*role, line);
        }
        return drawn;
    }
    let visible = model.visible(Pane::Holders);
    if visible.is_empty() && height > 0 {
        let text = "No cardholder in this list fits the filter; ESC takes it off.";
        Pen::new(buffer, theme, area, 1 + taken).skip(2).put(Role::Muted, text);
    }
    let cursor = model.hit_row();
    let first = first_row(visible.iter().position(|row| cursor == Some(*row)), visible.len(), height);
    for (at, i) in visible.into_iter().skip(first).take(height).enumerate() {
        let hit = &model.hits.rows[i];
        let y = 1 + taken + at as u16;
        let here = cursor == Some(i);
        let mut pen = Pen::new(buffer, theme, area, y);
        pen.put(Role::Key, if here { "> " } else { "  " });
        hit_row(&mut pen, hit, area.width, model.tenants.len() > 1);
        if here {
            highlight(buffer, theme, area, y, focused);
        }
        drawn.push((y, i));
    }
    drawn
}

fn cache_age(model: &Model) -> String {
    let filling: u64 = model.tenants.iter().filter(|t| t.filling).map(|t| t.fill.seen).sum();
    if model.tenants.iter().any(|t| t.filling) {
        return format!(", reading {filling}");
    }
    let oldest = model.tenants.iter().filter_map(|t| t.fill.completed).min();
    oldest.map_or(String::new(), |t| format!(", cache {}", age(t, model.now)))
}

/// An empty list names its likeliest cause.
fn why_empty(model: &Model) -> Vec<(Role, String)> {
    let text = crate::domain::text::SafeText::of(model.search.value().trim());
    let down: Vec<&str> = model
        .tenants
        .iter()
        .filter(|t| matches!(t.connection, Some(Err(_))))
        .map(|t| t.profile.name.as_str())
        .collect();
    let mut lines = Vec::new();
    if model.searching || !model.asking.is_empty() {
        lines.push((Role::Muted, "looking ..".to_owned()));
    } else if text.as_str().is_empty() {
        let reading = model.tenants.iter().any(|t| t.filling || t.connection.is_none());
        let words = if reading {
            "The cache is being filled; type a name, the systems are asked too."
        } else {
            "Type a name, or a card number."
        };
        lines.push((Role::Muted, words.to_owned()));
    } else {
        lines
            .push((Role::Plain, format!("Nothing matches \"{text}\" in {}, or this key may not see it.", model.scope)));
        lines.push((Role::Muted, "^S looks in numbers, contacts or ids. ESC clears.".to_owned()));
    }
    if !down.is_empty() {
        lines.push((Role::Warn, format!("{} did not answer: only the cache was searched.", down.join(", "))));
    }
    lines
}
