//! The file of a theme: TOML with a `[base]` and a table of roles.
//!
//! ```toml
//! like = "dark"                       # what is not said here is as in that one
//! [base]
//! fg = "#d8dee9"
//! bg = "#1b1f27"
//! [role]
//! warn = { fg = "#ffb454", bold = true }
//! ```

use super::{BUILT_IN, Look, Role, Theme};
use ratatui::style::{Color, Modifier};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use strum::IntoEnumIterator;
use toml::Spanned;

/// What is wrong in the file of a theme, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThemeMistake {
    /// Its line, from 1.
    pub line: usize,
    /// Its column, from 1, in code points.
    pub column: usize,
    /// What is wrong, in one line.
    pub what: String,
}

impl fmt::Display for ThemeMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl ThemeMistake {
    fn at(text: &str, place: &Range<usize>, what: impl Into<String>) -> Self {
        let before = text.get(..place.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, what: what.into() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    like: Option<Spanned<String>>,
    base: Option<Written>,
    #[serde(default)]
    role: BTreeMap<Spanned<String>, Written>,
}

/// How one role is drawn; what is not said is not drawn.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Written {
    fg: Option<Spanned<String>>,
    bg: Option<Spanned<String>>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    underline: bool,
    #[serde(default)]
    reverse: bool,
}

/// Reads the file of a theme.
pub(super) fn read(text: &str) -> Result<Theme, ThemeMistake> {
    let file: File = toml::from_str(text)
        .map_err(|e| ThemeMistake::at(text, &e.span().unwrap_or_default(), e.message().replace('\n', ", ")))?;
    let mut theme = match &file.like {
        None => Theme::plain(),
        Some(like) => match BUILT_IN.iter().find(|(name, _)| name == like.get_ref()) {
            Some((_, other)) if *other != text => read(other)?,
            _ => {
                let names: Vec<&str> = Theme::names().collect();
                let what = format!("`like`: there is no such theme; known: {}", names.join(", "));
                return Err(ThemeMistake::at(text, &like.span(), what));
            }
        },
    };
    if let Some(base) = &file.base {
        theme.base = base.look(text)?;
    }
    for (name, written) in &file.role {
        let role: Role = name.get_ref().parse().map_err(|_| {
            let names: Vec<String> = Role::iter().map(|role| role.to_string()).collect();
            ThemeMistake::at(
                text,
                &name.span(),
                format!("`{}` is no role; known: {}", name.get_ref(), names.join(", ")),
            )
        })?;
        theme.roles[role as usize] = written.look(text)?;
    }
    if file.like.is_none()
        && let Some(role) = Role::iter().find(|role| !file.role.keys().any(|name| *name.get_ref() == role.to_string()))
    {
        let what = format!("nothing is said of the role `{role}`; say it, or begin with like = \"default\"");
        return Err(ThemeMistake::at(text, &(text.len()..text.len()), what));
    }
    Ok(theme)
}

impl Written {
    fn look(&self, text: &str) -> Result<Look, ThemeMistake> {
        let colour = |named: &Option<Spanned<String>>| match named {
            None => Ok(None),
            // Ratatui's own reading: the names of the 16, an index of the 256, or #rrggbb.
            Some(name) => name.get_ref().parse::<Color>().map(Some).map_err(|_| {
                let what = format!("`{}` is no colour; write red, bright-red, 208 or #ff8700", name.get_ref());
                ThemeMistake::at(text, &name.span(), what)
            }),
        };
        let mut look = Look { fg: colour(&self.fg)?, bg: colour(&self.bg)?, ..Look::default() };
        let weights = [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ];
        for (wanted, weight) in weights {
            if wanted {
                look.weight |= weight;
            }
        }
        Ok(look)
    }
}
