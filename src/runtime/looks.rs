//! How this run looks and which keys it has, decided at start; the theme may change later.

use crate::console::keymap::Keymap;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use crate::widgets::theme::Theme;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::time::Duration;

/// A theme file is never longer than this (bytes): what is longer is no theme.
const LONGEST: u64 = 64 * 1024;

/// Everything about a run of the console that is a matter of taste.
#[derive(Clone, Debug)]
pub struct Looks {
    /// Colours and glyphs.
    pub theme: Theme,
    /// The theme's name.
    pub name: String,
    /// Colours may be drawn.
    pub colour: bool,
    /// The folder of somebody's own themes, `NAME.toml` each.
    pub themes: Option<PathBuf>,
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// Times in UTC from the start.
    pub utc: bool,
    /// Which keys mean which command.
    pub keymap: Keymap,
    /// The mouse clicks and scrolls.
    pub mouse: bool,
    /// Nothing counts or goes away by itself.
    pub still: bool,
    /// After so long without a key the screen is covered.
    pub idle_lock: Option<Duration>,
}

impl Looks {
    /// This theme and zone, and nothing changed of what the command table says.
    pub fn new(theme: Theme, zone: TimeZone) -> Self {
        Self {
            theme,
            name: "default".to_owned(),
            colour: true,
            themes: None,
            zone,
            utc: false,
            keymap: Keymap::default(),
            mouse: false,
            still: false,
            idle_lock: None,
        }
    }

    /// Puts on a theme: one that comes along, or a file of that name. Glyphs stay as they are.
    ///
    /// # Errors
    /// If there is no such theme, or its file has a mistake, which is pointed at.
    pub fn wear(&mut self, name: &str) -> Result<(), Problem> {
        let theme = match Theme::built_in(name) {
            Some(theme) => theme,
            None => self.own(name)?,
        };
        let theme = theme.with_lines(self.theme.lines);
        self.theme = if self.colour { theme } else { theme.without_colour() };
        name.clone_into(&mut self.name);
        Ok(())
    }

    /// The names that may be put on: those that come along, then somebody's own in the order of their names.
    pub fn names(&self) -> Vec<String> {
        let mut own: Vec<String> = (self.themes.iter())
            .filter_map(|folder| std::fs::read_dir(folder).ok())
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let name = path.file_stem()?.to_str()?.to_owned();
                (path.extension()? == "toml" && is_name(&name) && Theme::built_in(&name).is_none()).then_some(name)
            })
            .collect();
        own.sort();
        Theme::names().map(str::to_owned).chain(own).collect()
    }

    fn own(&self, name: &str) -> Result<Theme, Problem> {
        let wrong = |what: String, why: String, next: String| Problem::new(ProblemKind::Usage, what, why, next);
        let file = self.themes.as_ref().filter(|_| is_name(name)).map(|folder| folder.join(format!("{name}.toml")));
        let Some(file) = file.filter(|file| file.is_file()) else {
            let known = format!("known: {}", self.names().join(", "));
            return Err(wrong(format!("there is no theme {}", SafeText::of(name)), String::new(), known));
        };
        let shown = SafeText::of(&file.to_string_lossy());
        let long = std::fs::metadata(&file).is_ok_and(|about| about.len() > LONGEST);
        let text = if long { Err("it is too long for a theme".to_owned()) } else { read(&file) };
        let text =
            text.map_err(|why| wrong(format!("the theme {shown} cannot be read"), why, "check the file".into()))?;
        Theme::read(&text)
            .map_err(|mistake| wrong(format!("{shown}, {mistake}"), String::new(), "correct it there".into()))
    }
}

fn read(file: &std::path::Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|e| e.to_string())
}

/// A name that cannot lead out of its folder.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebodys_own_theme_is_worn_like_any_other() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mine.toml"), "like = \"dark\"\n[role]\nwarn = { bold = true }\n").unwrap();
        std::fs::write(folder.path().join("broken.toml"), "like = \"dark\"\n[role]\nwran = {}\n").unwrap();
        std::fs::write(folder.path().join("dark.toml"), "").unwrap();
        let mut looks = Looks::new(Theme::default().with_lines(true), TimeZone::UTC);
        looks.themes = Some(folder.path().to_owned());
        assert_eq!(looks.names()[6..], ["mono", "broken", "mine"]);
        looks.wear("mine").unwrap();
        assert!(looks.name == "mine" && looks.theme.lines);
        let told = looks.wear("broken").unwrap_err().to_string();
        assert!(told.contains("broken.toml, line 3, column 1: `wran` is no role"), "{told}");
        for name in ["none", "../mine", ""] {
            let told = looks.wear(name).unwrap_err().to_string();
            assert!(told.contains("there is no theme") && told.contains("known: default, dark"), "{told}");
        }
        assert_eq!(looks.name, "mine");
        looks.colour = false;
        looks.wear("dark").unwrap();
        assert_eq!(looks.theme.base().bg, None);
    }
}
