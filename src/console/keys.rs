//! Keys, and how they are written and read: `r`, `^S`, `gg`, `F5`, `ENT`.

use std::fmt;

/// One key as the console sees it, free of any terminal library.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    /// A character; capitals are their own characters.
    Char(char),
    /// Control and a lower-case letter.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Function key.
    F(u8),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(' ') => f.write_str("SP"),
            Self::Char(c) => write!(f, "{c}"),
            Self::Ctrl(c) => write!(f, "^{}", c.to_ascii_uppercase()),
            Self::Enter => f.write_str("ENT"),
            Self::Esc => f.write_str("ESC"),
            Self::Tab => f.write_str("TAB"),
            Self::BackTab => f.write_str("S-TAB"),
            Self::Backspace => f.write_str("Bksp"),
            Self::Delete => f.write_str("Del"),
            Self::Up => f.write_str("Up"),
            Self::Down => f.write_str("Down"),
            Self::Left => f.write_str("Left"),
            Self::Right => f.write_str("Right"),
            Self::Home => f.write_str("Home"),
            Self::End => f.write_str("End"),
            Self::PageUp => f.write_str("PgUp"),
            Self::PageDown => f.write_str("PgDn"),
            Self::F(n) => write!(f, "F{n}"),
        }
    }
}

impl Key {
    /// Reads a key as it is written in hints; a control key also as `C-s`.
    fn read(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        if let (Some(only), None) = (letters.next(), letters.next()) {
            return (!only.is_control() && !only.is_whitespace()).then_some(Self::Char(only));
        }
        let control = text.strip_prefix('^').or_else(|| text.strip_prefix("C-"));
        if let Some(letter) = control.filter(|rest| rest.len() == 1).and_then(|rest| rest.chars().next()) {
            return letter.is_ascii_alphabetic().then_some(Self::Ctrl(letter.to_ascii_lowercase()));
        }
        let number = text.strip_prefix(['F', 'f']).and_then(|rest| rest.parse::<u8>().ok());
        if let Some(number @ 1..=24) = number {
            return Some(Self::F(number));
        }
        let named = [
            (Self::Char(' '), "SP"),
            (Self::Enter, "ENT"),
            (Self::Esc, "ESC"),
            (Self::Tab, "TAB"),
            (Self::BackTab, "S-TAB"),
            (Self::Backspace, "Bksp"),
            (Self::Delete, "Del"),
            (Self::Up, "Up"),
            (Self::Down, "Down"),
            (Self::Left, "Left"),
            (Self::Right, "Right"),
            (Self::Home, "Home"),
            (Self::End, "End"),
            (Self::PageUp, "PgUp"),
            (Self::PageDown, "PgDn"),
        ];
        named.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(key, _)| key)
    }
}

/// One or two keys that together mean one command.
pub type Chord = &'static [Key];

/// Reads one or two keys: `r`, `^S`, `g g` and `gg`, `a l`. `None`: it is no key, or there are more than two.
pub fn read(text: &str) -> Option<Vec<Key>> {
    let apart: Vec<&str> = text.split_whitespace().collect();
    match apart.as_slice() {
        [one] => Key::read(one).map(|key| vec![key]).or_else(|| {
            let mut letters = one.chars();
            match (letters.next(), letters.next(), letters.next()) {
                (Some(a), Some(b), None) if a == b => Some(vec![Key::Char(a), Key::Char(b)]),
                _ => None,
            }
        }),
        [first, second] => Some(vec![Key::read(first)?, Key::read(second)?]),
        _ => None,
    }
}

/// A chord as it is written in hints, help and README: `gg`, `a l`.
pub fn written(chord: &[Key]) -> String {
    let keys: Vec<String> = chord.iter().map(ToString::to_string).collect();
    let doubled = matches!(chord, [first, second] if first == second);
    keys.join(if doubled { "" } else { " " })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::commands::COMMANDS;

    #[test]
    fn every_key_of_the_table_reads_as_it_is_written() {
        for chord in COMMANDS.iter().flat_map(|command| command.keys) {
            assert_eq!(read(&written(chord)).as_deref(), Some(*chord), "{}", written(chord));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "  ", "F0", "F25", "^1", "xy", "a b c", "Entr", "\u{7}"] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(read("C-s"), Some(vec![Key::Ctrl('s')]));
        assert_eq!(read("ent"), Some(vec![Key::Enter]));
    }
}
