//! Which keys mean which command in this run: those of the command table, and what a person changed of them.

pub use super::keys::{self, Chord, Key, written};

use super::commands::{COMMANDS, Command, Kind, Place};
use crate::domain::folding::distance;

/// The keys of each command, in the order of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap(Vec<Vec<Vec<Key>>>);

/// What a person wants for one command: all of its keys, as they are written in hints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The command's name.
    pub command: String,
    /// Its keys from now on; none: only the palette runs it.
    pub keys: Vec<String>,
}

/// What a key, after a possible first key of a pair, means in the panes.
pub enum Meaning {
    /// This command.
    Command(&'static Command),
    /// The first key of a pair.
    Prefix,
    /// Nothing.
    Nothing,
}

impl Default for Keymap {
    fn default() -> Self {
        let owned = |command: &Command| command.keys.iter().map(|chord| chord.to_vec()).collect();
        Self(COMMANDS.iter().map(owned).collect())
    }
}

impl Keymap {
    /// The keys of the table with these wishes. Nothing may hide something else: neither behind the same keys, nor
    /// behind a first key.
    ///
    /// # Errors
    /// The number of the wish that cannot be met, and why.
    pub fn with(wishes: &[Wish]) -> Result<Self, (usize, String)> {
        let mut map = Self::default();
        for (number, wish) in wishes.iter().enumerate() {
            let at = position(&wish.command).ok_or_else(|| (number, no_such_command(&wish.command)))?;
            let read = wish.keys.iter().map(|text| allowed(&COMMANDS[at], text)).collect::<Result<Vec<_>, _>>();
            map.0[at] = read.map_err(|why| (number, why))?;
        }
        for (number, wish) in wishes.iter().enumerate() {
            let Some(at) = position(&wish.command) else { continue };
            if let Some(why) = map.clash(at) {
                return Err((number, why));
            }
        }
        Ok(map)
    }

    /// What stands in the way of the keys of a command, if anything does.
    fn clash(&self, at: usize) -> Option<String> {
        for (other, chords) in self.0.iter().enumerate() {
            for (mine, theirs) in self.0[at].iter().flat_map(|mine| chords.iter().map(move |theirs| (mine, theirs))) {
                let same = mine == theirs && other != at;
                let hides = mine.len() != theirs.len() && mine.first() == theirs.first();
                if same || hides {
                    let (mine, theirs) = (written(mine), written(theirs));
                    let name = COMMANDS[other].name;
                    return Some(if same {
                        format!("{mine} is a key of {name} too; give {name} another, or take this one away")
                    } else {
                        format!("{mine} and {theirs} of {name} begin alike, and one would hide the other")
                    });
                }
            }
        }
        None
    }

    /// The keys of a command, the first one for hints.
    pub fn chords(&self, command: &Command) -> &[Vec<Key>] {
        position(command.name).map_or(&[], |at| self.0[at].as_slice())
    }

    /// The first keys of a command, as they are written; empty if it has none.
    pub fn first(&self, command: &Command) -> String {
        self.chords(command).first().map(|chord| written(chord)).unwrap_or_default()
    }

    /// How a command is run where letters are keys, or where they are text: by its keys, or by its name.
    pub fn run_by(&self, name: &str, in_text: bool) -> String {
        let usable = |chord: &&Vec<Key>| !in_text || !matches!(chord[0], Key::Char(_));
        let chords = position(name).map_or(&[][..], |at| self.0[at].as_slice());
        match chords.iter().find(usable) {
            Some(chord) => written(chord),
            None => format!(":{name}"),
        }
    }

    /// The commands that wait behind a first key, for the strip that lists them.
    pub fn behind(&self, prefix: Key) -> impl Iterator<Item = (&'static Command, Key)> {
        COMMANDS.iter().zip(&self.0).flat_map(move |(command, chords)| {
            chords.iter().filter_map(move |chord| match chord.as_slice() {
                [first, second] if *first == prefix => Some((command, *second)),
                _ => None,
            })
        })
    }

    /// Looks a key up. In the search line only keys that are no text are commands.
    pub fn meaning(&self, prefix: Option<Key>, key: Key, in_text: bool) -> Meaning {
        for (command, chords) in COMMANDS.iter().zip(&self.0) {
            for chord in chords {
                let first = chord[0];
                let text = matches!(first, Key::Char(_));
                if in_text && (text || command.place == Place::Panes && !matches!(first, Key::F(_))) {
                    continue;
                }
                match (prefix, chord.as_slice()) {
                    (None, [only]) if *only == key => return Meaning::Command(command),
                    (Some(first), [a, b]) if *a == first && *b == key => return Meaning::Command(command),
                    (None, [first, _]) if *first == key => return Meaning::Prefix,
                    _ => {}
                }
            }
        }
        Meaning::Nothing
    }
}

fn position(name: &str) -> Option<usize> {
    COMMANDS.iter().position(|command| command.name == name)
}

fn no_such_command(name: &str) -> String {
    let nearest = COMMANDS.iter().map(|c| c.name).min_by_key(|known| distance(known, name));
    let meant = nearest.filter(|known| distance(known, name) <= 3).map(|known| format!("; {known}?"));
    format!("there is no such command{}", meant.unwrap_or_default())
}

/// The keys that a text names, if this command may hang on them (rules R1 and R2).
fn allowed(command: &Command, text: &str) -> Result<Vec<Key>, String> {
    let chord = keys::read(text)
        .ok_or_else(|| format!("\"{text}\" is no key; write r, F5, ^S, ENT, gg, or two with a blank between: a l"))?;
    if chord.iter().any(|key| matches!(key, Key::Char('y') | Key::Esc | Key::Ctrl('c'))) {
        return Err("y, ESC and ^C keep their meaning".to_owned());
    }
    if matches!(chord[0], Key::Char('0'..='9')) && !command.name.starts_with("pane-") {
        return Err("the digits choose panes and answers".to_owned());
    }
    let plain = |key: &Key| matches!(key, Key::Char(c) if !c.is_whitespace());
    let deliberate = match chord.as_slice() {
        [Key::F(_)] => true,
        [one] => plain(one),
        [a, b] => plain(a) && plain(b) && a != b,
        _ => false,
    };
    if command.kind == Kind::Act && !deliberate {
        return Err("what changes something hangs on plain letters, no letter twice, or on a function key".to_owned());
    }
    Ok(chord)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(command: &str, keys: &[&str]) -> Wish {
        Wish { command: command.to_owned(), keys: keys.iter().map(|&key| key.to_owned()).collect() }
    }

    fn refused(wishes: &[Wish]) -> (usize, String) {
        Keymap::with(wishes).unwrap_err()
    }

    #[test]
    fn nothing_of_the_table_clashes() {
        let map = Keymap::default();
        for (at, command) in COMMANDS.iter().enumerate() {
            assert_eq!(map.clash(at), None, "{}", command.name);
        }
    }

    #[test]
    fn a_changed_key_is_the_one_that_works_and_the_one_that_is_shown() {
        let map = Keymap::with(&[wish("reissue", &["i", "F12"]), wish("lock", &[])]).unwrap();
        let reissue = COMMANDS.iter().find(|c| c.name == "reissue").unwrap();
        assert_eq!(map.first(reissue), "i");
        assert!(matches!(map.meaning(None, Key::Char('i'), false), Meaning::Command(c) if c.name == "reissue"));
        assert!(matches!(map.meaning(None, Key::F(12), true), Meaning::Command(c) if c.name == "reissue"));
        assert!(matches!(map.meaning(None, Key::Char('r'), false), Meaning::Nothing));
        assert_eq!(map.run_by("reissue", false), "i");
        assert_eq!(map.run_by("reissue", true), "F12");
        assert_eq!(map.run_by("lock", false), ":lock");
    }

    #[test]
    fn two_commands_may_swap_their_keys() {
        let map = Keymap::with(&[wish("reissue", &["s"]), wish("suspend", &["r"])]).unwrap();
        assert!(matches!(map.meaning(None, Key::Char('s'), false), Meaning::Command(c) if c.name == "reissue"));
    }

    #[test]
    fn what_clashes_is_named() {
        let (number, why) = refused(&[wish("lock", &["Z"]), wish("reissue", &["s"])]);
        assert!(number == 1 && why.contains("s is a key of suspend too"), "{why}");
        let (_, why) = refused(&[wish("reissue", &["a"])]);
        assert!(why.contains("a and a l of unlink begin alike"), "{why}");
        let (_, why) = refused(&[wish("lock", &["r x"])]);
        assert!(why.contains("r x and r of reissue begin alike"), "{why}");
    }

    #[test]
    fn r2_no_wish_hangs_an_act_on_a_key_that_is_struck_without_thinking() {
        for key in ["ENT", "SP", "Del", "Bksp", "^D", "^K", "^R", "^U", "^W", "^Z", "rr", "TAB", "y", "a y", "ESC"] {
            refused(&[wish("reissue", &[key])]);
        }
        for key in ["i", "F12", "a r", "é"] {
            Keymap::with(&[wish("reissue", &[key])]).unwrap();
        }
    }

    #[test]
    fn what_is_no_command_or_no_key_is_told() {
        let (_, why) = refused(&[wish("resisue", &["r"])]);
        assert!(why.contains("reissue?"), "{why}");
        let (_, why) = refused(&[wish("lock", &["Entr"])]);
        assert!(why.contains("\"Entr\" is no key"), "{why}");
        let (_, why) = refused(&[wish("lock", &["7"])]);
        assert!(why.contains("digits"), "{why}");
    }
}
