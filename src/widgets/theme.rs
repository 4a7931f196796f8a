//! Roles of things on screen, and how each is drawn: the terminal's own 16 colours, or weight alone. Colour
//! only ever repeats a word and a glyph (rule R9).

use ratatui::style::{Color, Modifier, Style};

/// What a piece of text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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

/// Colours and glyphs in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Theme {
    /// Use the 16 colours.
    pub colour: bool,
    /// Use line-drawing characters; else ASCII only.
    pub lines: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self { colour: true, lines: false }
    }
}

impl Theme {
    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let tinted = |colour| if self.colour { plain.fg(colour) } else { plain };
        match role {
            Role::Plain => plain,
            Role::Muted => plain.add_modifier(Modifier::DIM),
            Role::Title => tinted(Color::Cyan),
            Role::Focus => tinted(Color::Cyan).add_modifier(Modifier::BOLD),
            Role::Cursor => plain.add_modifier(Modifier::REVERSED),
            Role::CursorElsewhere => plain.add_modifier(Modifier::BOLD),
            Role::Good => tinted(Color::Green),
            Role::Warn => tinted(Color::Yellow),
            Role::Bad => tinted(Color::Red).add_modifier(Modifier::BOLD),
            Role::Key => tinted(Color::Cyan).add_modifier(Modifier::BOLD),
            Role::Live => tinted(Color::Red).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Role::Practice => tinted(Color::Blue).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Role::Ours => tinted(Color::Green).add_modifier(Modifier::BOLD),
            Role::Inferred => tinted(Color::Yellow),
            Role::Ambiguous => tinted(Color::Magenta).add_modifier(Modifier::REVERSED),
            Role::Strong => plain.add_modifier(Modifier::BOLD),
        }
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
