//! What stands under the mouse. The screen is drawn once more, out of sight, with its keys marked: a click on a hint
//! is exactly the key that the hint shows, and a click on a row is the row that stands there.

use super::{Places, cards, filter, footer, history, holders, pass, places};
use crate::console::keymap::{Meaning, keys};
use crate::console::message::Pointed;
use crate::console::model::{Model, Pane, SMALLEST};
use crate::widgets::theme::{MARKED, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What stands at this place of the screen; `None`: nothing that a click means anything to.
pub fn at(model: &Model, theme: Theme, at: Position) -> Option<Pointed> {
    let area = Rect { x: 0, y: 0, width: model.size.0, height: model.size.1 };
    if !area.contains(at) || area.width < SMALLEST.0 || area.height < SMALLEST.1 || model.covered {
        return None;
    }
    let mut buffer = Buffer::empty(area);
    let theme = theme.with_marked_keys();
    if model.overlay.is_some() {
        super::draw_on(model, theme, area, &mut buffer);
        return hint(model, &buffer, at).or_else(|| bracket(&buffer, at));
    }
    let places = places(area, model.focus, model.zoom, cards::rows_wanted(model).min(12) as u16);
    if places.footer.contains(at) {
        footer::draw(model, theme, places.footer, &mut buffer);
        return hint(model, &buffer, at);
    }
    let pane = pane_at(&places, at)?;
    let row =
        |rows: Vec<(u16, usize)>, area: Rect| rows.into_iter().find(|(y, _)| area.y + y == at.y).map(|(_, row)| row);
    let area = place_of(&places, pane);
    let found = match pane {
        Pane::Search => None,
        Pane::Holders => row(holders::draw(model, theme, area, &mut buffer), area)
            .and_then(|row| Some(Pointed::Holder(model.hits.rows.get(row)?.holder.id.clone()))),
        Pane::Cards => row(cards::draw(model, theme, area, &mut buffer), area)
            .and_then(|row| Some(Pointed::Card(model.shown.cards.get(row)?.0.id.clone()))),
        Pane::Pass => {
            pass::draw(model, theme, area, &mut buffer);
            hint(model, &buffer, at)
        }
        Pane::History => row(history::draw(model, theme, area, &mut buffer), area).map(Pointed::Operation),
    };
    // An open input line has its own meaning of things.
    let typing = filter::cursor(model, &places).is_some();
    if typing && !matches!(found, Some(Pointed::Keys(_))) { None } else { Some(found.unwrap_or(Pointed::Pane(pane))) }
}

/// The pane at this place, if one stands there.
pub fn pane(model: &Model, at: Position) -> Option<Pane> {
    let area = Rect { x: 0, y: 0, width: model.size.0, height: model.size.1 };
    let places = places(area, model.focus, model.zoom, cards::rows_wanted(model).min(12) as u16);
    pane_at(&places, at)
}

fn pane_at(places: &Places, at: Position) -> Option<Pane> {
    Pane::ALL.into_iter().find(|pane| place_of(places, *pane).contains(at))
}

fn place_of(places: &Places, pane: Pane) -> Rect {
    match pane {
        Pane::Search => places.search,
        Pane::Holders => places.holders,
        Pane::Cards => places.cards,
        Pane::Pass => places.pass,
        Pane::History => places.history,
    }
}

/// The symbols of a row, one a column.
fn symbols(buffer: &Buffer, y: u16) -> Vec<&str> {
    (buffer.area.x..buffer.area.right()).map(|x| buffer[(x, y)].symbol()).collect()
}

/// The keys of the hint at this place: a key and the words behind it, up to the next key or a gap.
fn hint(model: &Model, buffer: &Buffer, at: Position) -> Option<Pointed> {
    let row = symbols(buffer, at.y);
    let key = |x: usize| buffer[(x as u16, at.y)].modifier.contains(MARKED);
    let mut end = usize::from(at.x);
    // Over the words to the left, as far as they belong together.
    while !key(end) {
        if end == 0 || (row[end] == " " && row[end - 1] == " " && !key(end - 1)) {
            return None;
        }
        end -= 1;
    }
    let start = (0..=end).rev().take_while(|x| key(*x)).last()?;
    let end = (start..row.len()).take_while(|x| key(*x)).last()?;
    let text = row[start..=end].concat();
    let text = text.trim().trim_matches(|c| matches!(c, '(' | ')'));
    let chord = text.split(' ').next().filter(|_| text.contains(' ')).and_then(|first| {
        // In a drawing the key stands before its word in one piece; two keys are two letters.
        let two = keys::read(text).filter(|chord| chord.len() == 2);
        two.or_else(|| keys::read(first))
    });
    let chord = match chord {
        Some(chord) => chord,
        None => keys::read(text)?,
    };
    let known = match chord.as_slice() {
        [first, second] => matches!(model.keymap.meaning(Some(*first), *second, false), Meaning::Command(_)),
        _ => true,
    };
    known.then_some(Pointed::Keys(chord))
}

/// `[t] change`: the key in square brackets at this place, or before its words.
fn bracket(buffer: &Buffer, at: Position) -> Option<Pointed> {
    let row = symbols(buffer, at.y);
    let mut x = usize::from(at.x);
    while x > 0 && row[x] != "[" {
        if row[x] == " " && row[x - 1] == " " {
            return None;
        }
        x -= 1;
    }
    let close = (x..row.len()).take(5).find(|x| row[*x] == "]")?;
    let chord = keys::read(&row.get(x + 1..close)?.concat())?;
    (chord.len() == 1).then_some(Pointed::Keys(chord))
}
