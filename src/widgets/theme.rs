//! Roles of things on screen, and how each is drawn. A theme is data: the seven that come along are files in
//! `assets/themes`, and anybody's own file reads the same. Colour only ever repeats a word and a glyph (rule R9).

mod file;
#[cfg(test)]
mod tests;

pub use file::ThemeMistake;

use ratatui::style::{Color, Modifier, Style};
use strum::{EnumCount, IntoEnumIterator};

/// What a piece of text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumCount, strum::EnumIter, strum::Display, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// Of less weight: units, ages, what is off.
    Muted,
    /// A pane's title.
    Title,
    /// The title of the focused pane.
    Focus,
    /// The row under the cursor in the focused pane.
    Cursor,
    /// The row under the cursor in another pane.
    CursorElsewhere,
    /// Good.
    Good,
    /// To look at.
    Warn,
    /// Bad.
    Bad,
    /// A key in a hint.
    Key,
    /// The first word of the screen: LIVE.
    Live,
    /// The first word of the screen: TEST, SIM.
    Practice,
    /// Ours.
    Ours,
    /// Inferred.
    Inferred,
    /// Ambiguous.
    Ambiguous,
    /// Headlines.
    Strong,
}

/// The names and texts of the themes that come along, in the order in which they are offered.
const BUILT_IN: [(&str, &str); 7] = [
    ("default", include_str!("../../assets/themes/default.toml")),
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.toml")),
    ("deuteranopia", include_str!("../../assets/themes/deuteranopia.toml")),
    ("tritanopia", include_str!("../../assets/themes/tritanopia.toml")),
    ("mono", include_str!("../../assets/themes/mono.toml")),
];

/// What marks the cells of keys in a drawing that nobody sees.
pub const MARKED: Modifier = Modifier::RAPID_BLINK;

/// How a role is drawn: less than what a terminal could do, so that a theme is small enough to hand around.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Look {
    fg: Option<Color>,
    bg: Option<Color>,
    weight: Modifier,
}

impl Look {
    fn style(self) -> Style {
        Style { fg: self.fg, bg: self.bg, add_modifier: self.weight, ..Style::new() }
    }

    fn without_colour(self) -> Self {
        Self { fg: None, bg: None, ..self }
    }
}

/// Colours and glyphs in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Theme {
    /// What everything stands on.
    base: Look,
    roles: [Look; Role::COUNT],
    /// Use line-drawing characters; else ASCII only.
    pub lines: bool,
}

impl Default for Theme {
    /// The terminal's own 16 colours, ASCII only.
    fn default() -> Self {
        Self::built_in("default").unwrap_or(Self::plain())
    }
}

impl Theme {
    fn plain() -> Self {
        Self { base: Look::default(), roles: [Look::default(); Role::COUNT], lines: false }
    }

    /// The names of the themes that come along.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A theme that comes along, with ASCII glyphs.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::read(text).ok()
    }

    /// A theme from the text of its file, with ASCII glyphs. What it does not say is as in the `default` theme, or in
    /// the one that it names under `like`.
    ///
    /// # Errors
    /// What is wrong in it, and where.
    pub fn read(text: &str) -> Result<Self, ThemeMistake> {
        file::read(text)
    }

    /// The same weights without any colour: for `NO_COLOR`, and for terminals that have none.
    #[must_use]
    pub fn without_colour(mut self) -> Self {
        self.base = self.base.without_colour();
        self.roles = self.roles.map(Look::without_colour);
        for role in Role::iter() {
            // What only a block of colour set apart is reversed instead.
            if matches!(role, Role::Cursor | Role::Live | Role::Practice | Role::Ambiguous) {
                self.roles[role as usize].weight |= Modifier::REVERSED;
            }
        }
        self
    }

    /// The same with line-drawing characters, or without.
    #[must_use]
    pub fn with_lines(self, lines: bool) -> Self {
        Self { lines, ..self }
    }

    /// The same, with the cells of keys marked: to find out what stands where.
    #[must_use]
    pub fn with_marked_keys(mut self) -> Self {
        self.roles[Role::Key as usize].weight |= MARKED;
        self
    }

    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        self.base.style().patch(self.roles[role as usize].style())
    }

    /// What everything stands on: the terminal's own colours, unless the theme has its own.
    pub fn base(self) -> Style {
        self.base.style()
    }

    /// What takes all other colours off a cell, so that it looks like bare ground.
    pub fn ground(self) -> Style {
        Style::new()
            .fg(self.base.fg.unwrap_or(Color::Reset))
            .bg(self.base.bg.unwrap_or(Color::Reset))
            .remove_modifier(Modifier::DIM | Modifier::REVERSED)
    }

    /// The character of horizontal rules.
    pub fn rule(self) -> &'static str {
        if self.lines { "─" } else { "-" }
    }

    /// The character between columns of panes.
    pub fn bar(self) -> &'static str {
        if self.lines { "│" } else { "|" }
    }

    /// Corners of a box: top left, top right, bottom left, bottom right.
    pub fn corners(self) -> [&'static str; 4] {
        if self.lines { ["╭", "╮", "╰", "╯"] } else { ["+", "+", "+", "+"] }
    }
}
