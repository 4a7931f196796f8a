//! What one person likes: theme, glyphs, keys, mouse. It holds nothing about systems and opens no right.
//!
//! ```toml
//! theme = "dark"           # or the name of a file in themes/ beside this one
//! colour = "auto"          # auto, always, never
//! glyphs = "auto"          # auto, lines, ascii
//! mouse = false
//! motion = true            # false: nothing on the screen counts or goes away by itself
//! time = "local"           # local, utc
//! idle_lock_minutes = 15   # 5 to 60; 0: never
//!
//! [keys]
//! reissue = ["i"]
//! ```

use super::reader::{Section, Source};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use std::fmt::Display;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Colours: as the terminal seems to allow, or as asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Colour {
    /// Unless `NO_COLOR` is set or the terminal is a dumb one.
    #[default]
    Auto,
    /// Whatever the environment says.
    Always,
    /// None.
    Never,
}

/// Glyphs: as the locale seems to allow, or as asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Glyphs {
    /// Lines where the locale says UTF-8 and draws them one column wide.
    #[default]
    Auto,
    /// Line-drawing characters.
    Lines,
    /// ASCII characters only.
    Ascii,
}

/// The keys that somebody wants for one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyWish {
    /// The command's name.
    pub command: String,
    /// All of its keys, as they are written in hints.
    pub keys: Vec<String>,
    place: Range<usize>,
}

/// What one person likes, checked as far as it can be without knowing commands and themes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The file, whether it is there or not.
    pub file: PathBuf,
    /// The theme's name.
    pub theme: Option<String>,
    /// Colours.
    pub colour: Colour,
    /// Glyphs.
    pub glyphs: Glyphs,
    /// The mouse clicks and scrolls; selecting text then needs Shift.
    pub mouse: bool,
    /// Nothing on the screen counts or goes away by itself.
    pub still: bool,
    /// Times in UTC from the start.
    pub utc: bool,
    /// The screen is covered, and writes are locked, after so long without a key.
    pub idle_lock: Option<Duration>,
    /// Changed keys, in the order of their names.
    pub keys: Vec<KeyWish>,
    text: String,
    theme_place: Range<usize>,
}

impl Preferences {
    /// Reads the file. One that is not there says nothing.
    ///
    /// # Errors
    /// If it cannot be read, or something in it is wrong; the problem names file, line, column and key.
    pub fn load(file: &Path) -> Result<Self, Problem> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(file, text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self { file: file.to_owned(), ..Self::default() }),
            Err(error) => {
                let what = format!("the preferences {} cannot be read", SafeText::of(&file.to_string_lossy()));
                Err(Problem::new(ProblemKind::Usage, what, error.to_string(), "check the file"))
            }
        }
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// As [`Preferences::load`].
    pub fn parse(file: &Path, text: String) -> Result<Self, Problem> {
        let mut read = Self { file: file.to_owned(), ..Self::default() };
        {
            let source = Source { file, text: &text };
            let document = toml::de::DeTable::parse(&text).map_err(|e| {
                source.wrong(&e.span().unwrap_or_default(), e.message().replace('\n', ", "), "correct it there")
            })?;
            let mut top = Section::new(source, document.get_ref(), 0..0, "the preferences");
            top.only(&["theme", "colour", "glyphs", "mouse", "motion", "time", "idle_lock_minutes", "keys"])?;
            if let Some(found) = top.text("theme")? {
                read.theme = Some(found.value.to_owned());
                read.theme_place = found.place();
            }
            if let Some(found) = top.text("colour")? {
                read.colour = found.value.parse().map_err(|_| found.wrong("it is auto, always or never", ""))?;
            }
            if let Some(found) = top.text("glyphs")? {
                read.glyphs = found.value.parse().map_err(|_| found.wrong("it is auto, lines or ascii", ""))?;
            }
            read.mouse = top.flag("mouse")?.unwrap_or(false);
            read.still = !top.flag("motion")?.unwrap_or(true);
            if let Some(found) = top.text("time")? {
                read.utc = match found.value {
                    "utc" => true,
                    "local" => false,
                    _ => return Err(found.wrong("it is local or utc", "")),
                };
            }
            if let Some(found) = top.number("idle_lock_minutes")? {
                read.idle_lock = match found.value {
                    0 => None,
                    minutes @ 5..=60 => Some(Duration::from_mins(minutes.unsigned_abs())),
                    _ => return Err(found.wrong("it is 5 to 60, or 0 for never", "")),
                };
            }
            if let Some(mut keys) = top.section("keys")? {
                for (command, found) in keys.all_texts()? {
                    read.keys.push(KeyWish { command, place: found.place(), keys: found.value });
                }
            }
            top.finish()?;
        }
        read.text = text;
        Ok(read)
    }

    /// A complaint about one of the [`keys`](Self::keys), by its number.
    pub fn wrong_key(&self, number: usize, why: impl Display) -> Problem {
        let (place, command) = match self.keys.get(number) {
            Some(wish) => (wish.place.clone(), wish.command.as_str()),
            None => (0..0, ""),
        };
        self.wrong(&place, format!("`keys.{command}`: {why}"), "see the keys under ? in the console")
    }

    /// A complaint about the [`theme`](Self::theme).
    pub fn wrong_theme(&self, why: impl Display, next: &str) -> Problem {
        self.wrong(&self.theme_place, format!("`theme`: {why}"), next)
    }

    fn wrong(&self, place: &Range<usize>, what: String, next: &str) -> Problem {
        Source { file: &self.file, text: &self.text }.wrong(place, what, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Preferences, Problem> {
        Preferences::parse(Path::new("me/preferences.toml"), text.to_owned())
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let read = Preferences::load(&folder.path().join("preferences.toml")).unwrap();
        assert_eq!((read.theme, read.colour, read.glyphs), (None, Colour::Auto, Glyphs::Auto));
        assert!(!read.mouse && !read.still && !read.utc && read.idle_lock.is_none() && read.keys.is_empty());
    }

    #[test]
    fn everything_that_a_person_may_like() {
        let text = "theme = \"dark\"\ncolour = \"always\"\nglyphs = \"ascii\"\nmouse = true\nmotion = false\n\
                    time = \"utc\"\nidle_lock_minutes = 15\n[keys]\nreissue = [\"i\", \"F12\"]\nlock = \"Z\"\n";
        let read = parse(text).unwrap();
        assert_eq!(read.theme.as_deref(), Some("dark"));
        assert_eq!((read.colour, read.glyphs), (Colour::Always, Glyphs::Ascii));
        assert!(read.mouse && read.still && read.utc);
        assert_eq!(read.idle_lock, Some(Duration::from_mins(15)));
        let keys: Vec<_> = read.keys.iter().map(|w| (w.command.as_str(), w.keys.join(","))).collect();
        assert_eq!(keys, [("lock", "Z".to_owned()), ("reissue", "i,F12".to_owned())]);
        let told = read.wrong_key(1, "no").to_string();
        assert!(told.contains("line 9, column 11") && told.contains("`keys.reissue`: no"), "{told}");
        let told = read.wrong_theme("no such theme", "").to_string();
        assert!(told.contains("line 1, column 9"), "{told}");
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        for (text, words) in [
            ("them = \"dark\"", "line 1, column 1: the preferences has no key `them`; did you mean `theme`"),
            ("colour = \"red\"", "line 1, column 10: `colour`: it is auto, always or never"),
            ("glyphs = 3", "`glyphs` of the preferences must be a text"),
            ("motion = \"off\"", "must be true or false"),
            ("time = \"mars\"", "it is local or utc"),
            ("idle_lock_minutes = 2", "line 1, column 21: `idle_lock_minutes`: it is 5 to 60"),
            ("idle_lock_minutes = \"2\"", "must be a whole number"),
            ("[keys]\nlock = 3", "line 2, column 8: `lock` of [keys] must be a text or a list of texts"),
            ("[keys\n", "line 1"),
        ] {
            let told = parse(text).unwrap_err();
            assert_eq!(told.kind.exit_code(), 2);
            assert!(told.to_string().contains(words), "{told}");
        }
    }
}
