//! Lines of styled text, cut and padded by display width. Everything drawn goes through here.

use super::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cuts to at most `width` columns, by grapheme cluster; what is cut ends in `..`.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(2);
    let mut out = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let w = cluster.width();
        if used + w > room {
            break;
        }
        used += w;
        out.push_str(cluster);
    }
    out.push_str(&".."[..width.saturating_sub(used).min(2)]);
    out
}

/// Cuts or pads to exactly `width` columns.
pub fn fit(text: &str, width: usize) -> String {
    let mut out = cut(text, width);
    let w = out.width();
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(w)));
    out
}

/// Breaks text into lines of at most `width` columns, at blanks where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line_width = lines.last().map_or(0, |l| l.width());
        if line_width > 0 && line_width + 1 + word.width() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&cut(word, width));
        }
    }
    lines
}

/// As [`wrap`], and what has no blanks is broken wherever the width ends, so that nothing of it is lost.
pub fn fold(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let wide = word.trim_end_matches(' ').width();
        if used > 0 && used + wide > width && wide <= width {
            lines.push(String::new());
            used = 0;
        }
        for cluster in word.graphemes(true) {
            if used + cluster.width() > width {
                if cluster == " " {
                    continue;
                }
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(cluster);
                used += cluster.width();
            }
        }
    }
    lines
}

/// Text in pieces of which each has one character that takes columns, with the marks that sit on it. A terminal gives
/// each such character its own cell, also where several are one cluster, as in Devanagari: put into one cell, what
/// follows the first would stay on the screen when the cell is drawn over.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let takes_columns = |c: char| c.width().unwrap_or(0) > 0;
    text.graphemes(true).flat_map(move |cluster| {
        let inner = cluster.char_indices().skip(1).filter(move |(_, c)| takes_columns(*c)).map(|(at, _)| at);
        let whole = cluster.chars().filter_map(UnicodeWidthChar::width).sum::<usize>() != cluster.width();
        let ends = inner.filter(move |_| !whole).chain([cluster.len()]);
        ends.scan(0, move |from, to| Some(&cluster[std::mem::replace(from, to)..to]))
    })
}

/// One line of a pane, drawn from left to right; what does not fit is cut whole piece by piece.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> Pen<'a> {
    /// A pen at the beginning of row `row` of an area; draws nothing if the row lies outside.
    pub fn new(buffer: &'a mut Buffer, theme: Theme, area: Rect, row: u16) -> Self {
        let area = area.intersection(buffer.area);
        let inside = row < area.height;
        let end = if inside { area.x + area.width } else { area.x };
        Self { buffer, theme, x: area.x, y: area.y.saturating_add(row), end }
    }

    /// Columns left on this row.
    pub fn room(&self) -> usize {
        usize::from(self.end.saturating_sub(self.x))
    }

    /// Draws text, cut with `..` where the row ends.
    pub fn put(&mut self, role: Role, text: &str) -> &mut Self {
        let room = self.room();
        if room > 0 {
            self.write(role, &cut(text, room));
        }
        self
    }

    /// Draws text in exactly `width` columns.
    pub fn cell(&mut self, role: Role, text: &str, width: usize) -> &mut Self {
        let width = width.min(self.room());
        if width > 0 {
            self.write(role, &fit(text, width));
        }
        self
    }

    /// Draws text only if it fits whole.
    pub fn whole(&mut self, role: Role, text: &str) -> &mut Self {
        if text.width() <= self.room() {
            self.put(role, text);
        }
        self
    }

    fn write(&mut self, role: Role, text: &str) {
        let style = self.theme.style(role);
        if text.is_ascii() {
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, text, self.room(), style);
            return;
        }
        for piece in pieces(text) {
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, piece, self.room(), style);
        }
    }

    /// Leaves columns free.
    pub fn skip(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.end);
        self
    }

    /// Draws text that ends at the right edge, if there is room for all of it and a blank.
    pub fn right(&mut self, role: Role, text: &str) -> &mut Self {
        let w = text.width();
        if w < self.room() {
            self.x = self.end - w as u16;
            self.put(role, text);
        }
        self
    }

    /// Fills the rest with a rule, leaving `tail` columns and a blank before them.
    pub fn rule(&mut self, role: Role, tail: usize) -> &mut Self {
        let n = self.room().saturating_sub(if tail == 0 { 0 } else { tail + 1 });
        let line = self.theme.rule().repeat(n);
        self.put(role, &line)
    }
}

/// The title row of a pane: `3 Cards of Jane Doe ---------- 3 cards`.
pub fn title(buffer: &mut Buffer, theme: Theme, area: Rect, focused: bool, left: &str, right: &str) {
    let role = if focused { Role::Focus } else { Role::Title };
    let mut pen = Pen::new(buffer, theme, area, 0);
    // A long name gives way to what stands on the right, down to a third of the row.
    let wide = usize::from(area.width);
    pen.put(role, &cut(left, wide.saturating_sub(right.width() + 5).max(wide / 3)));
    let tail = if right.width() + 4 < pen.room() { right.width() } else { 0 };
    if pen.room() > 1 {
        pen.skip(1).rule(Role::Muted, tail);
    }
    if tail > 0 {
        pen.skip(1).put(Role::Muted, right);
    }
}

/// Lays the cursor's style over a whole row. In the focused pane it is one even bar: colours, which only repeat
/// words, give way to it.
pub fn highlight(buffer: &mut Buffer, theme: Theme, area: Rect, row: u16, focused: bool) {
    let area = area.intersection(buffer.area);
    if row >= area.height {
        return;
    }
    let place = Rect { y: area.y + row, height: 1, ..area };
    if focused {
        buffer.set_style(place, theme.ground());
        buffer.set_style(place, theme.style(Role::Cursor));
    } else {
        buffer.set_style(place, theme.style(Role::CursorElsewhere));
    }
}

/// First row to show so that the cursor stays in view.
pub fn first_row(cursor: Option<usize>, rows: usize, height: usize) -> usize {
    let cursor = cursor.unwrap_or(0);
    if rows <= height || cursor < height / 2 { 0 } else { (cursor - height / 2).min(rows - height) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_counts_columns_not_bytes() {
        assert_eq!(cut("Jane Doe", 8), "Jane Doe");
        assert_eq!(cut("Jane Doe", 6), "Jane..");
        assert_eq!(cut("山田太郎", 6), "山田..");
        assert_eq!(cut("山田太郎", 5), "山..");
        assert_eq!(fit("山田", 5), "山田 ");
        assert_eq!(cut("abc", 1), ".");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn each_character_that_takes_columns_has_a_cell_of_its_own() {
        for (text, cells) in [
            ("हिन्दी", vec!["ह", "ि", "न्", "द", "ी"]),
            ("e\u{301}x", vec!["e\u{301}", "x"]),
            ("山a", vec!["山", "a"]),
            // Its width is that of the whole: it stays whole.
            ("👍🏽a", vec!["👍🏽", "a"]),
        ] {
            assert_eq!(pieces(text).collect::<Vec<_>>(), cells, "{text}");
        }
    }

    #[test]
    fn wrapping_keeps_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    }

    #[test]
    fn folding_loses_nothing() {
        assert_eq!(fold("GET /banking/v1/cards 200", 12), ["GET /banking", "/v1/cards ", "200"]);
        assert_eq!(fold("山田太郎", 5), ["山田", "太郎"]);
        for width in 2..40 {
            let text = "d1 GET /banking/v1/issuers/DEMOISS-01/cards?limit=50  200  12ms";
            let lines = fold(text, width);
            assert!(lines.iter().all(|line| line.trim_end().width() <= width), "{width}: {lines:?}");
            let solid = |s: &str| s.replace(' ', "");
            assert_eq!(solid(&lines.concat()), solid(text), "{width}");
        }
    }

    #[test]
    fn the_cursor_stays_in_view() {
        for cursor in 0..50 {
            let first = first_row(Some(cursor), 50, 7);
            assert!(first <= cursor && cursor < first + 7);
        }
    }
}
