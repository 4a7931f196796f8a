//! How the console looks: the preferences file, what the environment says, and what the command line asks for; the
//! later goes before the earlier.

use super::account_folders;
use crate::config::preferences::{Colour, Glyphs, Preferences};
use crate::console::keymap::{Keymap, Wish};
use crate::domain::problem::Problem;
use crate::runtime::Looks;
use crate::widgets::theme::Theme;
use jiff::tz::TimeZone;
use std::path::PathBuf;

/// What the command line says about looks.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LooksArgs {
    /// Draw rules and boxes with ASCII characters only.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Theme of the console: default, dark, light, high-contrast, deuteranopia, tritanopia, mono, or one of your own.
    #[arg(long, global = true, value_name = "NAME", env = "PASSDESK_THEME")]
    pub theme: Option<String>,
    /// Colours: auto, always or never.
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<Colour>,
    /// Your preferences [default: preferences.toml in the configuration folder].
    #[arg(long, global = true, value_name = "FILE", env = "PASSDESK_PREFERENCES")]
    pub preferences: Option<PathBuf>,
}

/// Reads the preferences.
///
/// # Errors
/// If something in them is wrong; it is pointed at.
pub fn preferences(args: &LooksArgs) -> Result<Preferences, Problem> {
    let file = match &args.preferences {
        Some(file) => file.clone(),
        // An account without a home has no preferences either.
        None => match account_folders() {
            Ok(folders) => folders.config_dir().join("preferences.toml"),
            Err(_) => return Ok(Preferences::default()),
        },
    };
    Preferences::load(&file)
}

/// The keys of the command table with those that somebody changed.
///
/// # Errors
/// If one of them cannot be; it is pointed at.
pub fn keymap(preferences: &Preferences) -> Result<Keymap, Problem> {
    let wishes: Vec<Wish> =
        preferences.keys.iter().map(|wish| Wish { command: wish.command.clone(), keys: wish.keys.clone() }).collect();
    Keymap::with(&wishes).map_err(|(number, why)| preferences.wrong_key(number, why))
}

/// How the console will look.
///
/// # Errors
/// If the preferences or the theme have a mistake.
pub fn looks(args: &LooksArgs) -> Result<Looks, Problem> {
    let liked = preferences(args)?;
    let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
    let asked_for_none = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let colour = match args.color.unwrap_or(liked.colour) {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => !asked_for_none && !dumb,
    };
    let glyphs = if args.ascii { Glyphs::Ascii } else { liked.glyphs };
    let lines = match glyphs {
        Glyphs::Lines => true,
        Glyphs::Ascii => false,
        Glyphs::Auto => !dumb && draws_lines(),
    };
    let folder = liked.file.parent().map(|folder| folder.join("themes"));
    let mut looks = Looks {
        colour,
        themes: folder,
        keymap: keymap(&liked)?,
        utc: liked.utc,
        mouse: liked.mouse,
        still: liked.still,
        idle_lock: liked.idle_lock,
        ..Looks::new(Theme::default().with_lines(lines), zone())
    };
    match (&args.theme, &liked.theme) {
        (Some(name), _) => looks.wear(name)?,
        (None, Some(name)) => looks.wear(name).map_err(|problem| {
            let unknown = problem.what.starts_with("there is no theme");
            if unknown { liked.wrong_theme(&problem.what, &problem.next) } else { problem }
        })?,
        (None, None) => looks.wear("default")?,
    }
    Ok(looks)
}

/// The machine's zone. Its file says all that is needed; only `TZ` needs the search for a name, which walks the
/// whole database of zones.
fn zone() -> TimeZone {
    let file = if std::env::var_os("TZ").is_none() { std::fs::read("/etc/localtime").ok() } else { None };
    file.and_then(|data| TimeZone::tzif("local", &data).ok()).unwrap_or_else(TimeZone::system)
}

/// Line-drawing characters are one column wide in Unicode locales, but two in those of Chinese, Japanese and
/// Korean terminals; nothing is asked of the terminal itself at start (decision 25).
pub fn draws_lines() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|v| std::env::var(v).ok().filter(|v| !v.is_empty()));
    let locale = locale.unwrap_or_default().to_lowercase();
    let unicode = locale.contains("utf-8") || locale.contains("utf8");
    unicode && !["zh", "ja", "ko"].iter().any(|language| locale.starts_with(language))
}
