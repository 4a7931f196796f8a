//! TOML that knows where everything stands: each complaint names file, line, column and key, and a key that nobody
//! asked for is refused with the one that was probably meant.

use crate::domain::folding::distance;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use std::fmt::Display;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file that is being read.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Its name, for complaints.
    pub file: &'a Path,
    /// Its text.
    pub text: &'a str,
}

impl Source<'_> {
    /// A complaint about a place in the file.
    pub fn wrong(&self, at: &Range<usize>, what: impl Display, next: impl Into<String>) -> Problem {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let what = SafeText::of(&what.to_string());
        let file = SafeText::of(&self.file.to_string_lossy());
        Problem::new(ProblemKind::Usage, format!("{file}, line {line}, column {column}"), what.as_str(), next)
    }
}

/// One table, of which each key is asked for once; [`Section::finish`] refuses the rest.
pub struct Section<'a> {
    source: Source<'a>,
    table: &'a DeTable<'a>,
    place: Range<usize>,
    name: String,
    known: Vec<&'static str>,
}

/// A value with its place.
pub struct Found<'a, T> {
    /// The value.
    pub value: T,
    key: &'static str,
    place: Range<usize>,
    source: Source<'a>,
}

/// A key with its list of texts.
pub type NamedTexts<'a> = (String, Found<'a, Vec<String>>);

impl<T> Found<'_, T> {
    /// Where it stands in the file, in bytes.
    pub fn place(&self) -> Range<usize> {
        self.place.clone()
    }

    /// A complaint about this value.
    pub fn wrong(&self, why: impl Display, next: impl Into<String>) -> Problem {
        self.source.wrong(&self.place, format!("`{}`: {why}", self.key), next)
    }
}

impl<'a> Section<'a> {
    /// A table under the name that complaints use.
    pub fn new(source: Source<'a>, table: &'a DeTable<'a>, place: Range<usize>, name: impl Into<String>) -> Self {
        Self { source, table, place, name: name.into(), known: Vec::new() }
    }

    fn look(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table.iter().find(|(k, _)| k.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    fn found<T>(&self, key: &'static str, value: &Spanned<DeValue<'a>>, read: T) -> Found<'a, T> {
        Found { value: read, key, place: value.span(), source: self.source }
    }

    fn type_error(&self, key: &str, value: &Spanned<DeValue<'a>>, wanted: &str) -> Problem {
        self.source.wrong(&value.span(), format!("`{key}` of {} must be {wanted}", self.name), "")
    }

    /// A complaint about the section as a whole.
    pub fn wrong(&self, why: impl Display, next: impl Into<String>) -> Problem {
        self.source.wrong(&self.place, format!("{}: {why}", self.name), next)
    }

    /// A text, if the key is there.
    pub fn text(&mut self, key: &'static str) -> Result<Option<Found<'a, &'a str>>, Problem> {
        let Some(value) = self.look(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some(self.found(key, value, text.as_ref()))),
            _ => Err(self.type_error(key, value, "a text in quotes")),
        }
    }

    /// A text that must be there.
    pub fn needed(&mut self, key: &'static str) -> Result<Found<'a, &'a str>, Problem> {
        match self.text(key)? {
            Some(found) => Ok(found),
            None => Err(self.wrong(format!("`{key}` is missing"), "")),
        }
    }

    /// A text parsed into something, if the key is there; the parser's words become the complaint.
    pub fn parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Problem> {
        match self.text(key)? {
            None => Ok(None),
            Some(found) => parse(found.value).map(Some).map_err(|e| found.wrong(e, "")),
        }
    }

    /// `true` or `false`, if the key is there.
    pub fn flag(&mut self, key: &'static str) -> Result<Option<bool>, Problem> {
        let Some(value) = self.look(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(Some(*flag)),
            _ => Err(self.type_error(key, value, "true or false")),
        }
    }

    /// A whole number, if the key is there.
    pub fn number(&mut self, key: &'static str) -> Result<Option<Found<'a, i64>>, Problem> {
        let Some(value) = self.look(key) else { return Ok(None) };
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) => Ok(Some(self.found(key, value, number))),
            None => Err(self.type_error(key, value, "a whole number")),
        }
    }

    /// Every key of the section with its list of texts, one text counting as a list of one, in the order of the keys.
    pub fn all_texts(&mut self) -> Result<Vec<NamedTexts<'a>>, Problem> {
        let mut all = Vec::new();
        for (key, value) in self.table {
            all.push((key.get_ref().to_string(), self.list(key.get_ref(), "", value, true)?));
        }
        Ok(all)
    }

    /// A list of texts, if the key is there. One text alone counts as a list of one where that is allowed.
    pub fn texts(&mut self, key: &'static str, one_is_fine: bool) -> Result<Option<Found<'a, Vec<String>>>, Problem> {
        let Some(value) = self.look(key) else { return Ok(None) };
        self.list(key, key, value, one_is_fine).map(Some)
    }

    fn list(
        &self,
        name: &str,
        key: &'static str,
        value: &'a Spanned<DeValue<'a>>,
        one_is_fine: bool,
    ) -> Result<Found<'a, Vec<String>>, Problem> {
        let wanted =
            if one_is_fine { "a text or a list of texts" } else { "a list of texts, such as [\"pass\", \"show\"]" };
        let texts = match value.get_ref() {
            DeValue::String(text) if one_is_fine => vec![text.to_string()],
            DeValue::Array(items) => {
                let mut texts = Vec::new();
                for item in items {
                    let DeValue::String(text) = item.get_ref() else { return Err(self.type_error(name, item, wanted)) };
                    texts.push(text.to_string());
                }
                texts
            }
            _ => return Err(self.type_error(name, value, wanted)),
        };
        Ok(self.found(key, value, texts))
    }

    /// A table inside, if the key is there.
    pub fn section(&mut self, key: &'static str) -> Result<Option<Section<'a>>, Problem> {
        let Some(value) = self.look(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Table(table) => Ok(Some(Section::new(self.source, table, value.span(), format!("[{key}]")))),
            _ => Err(self.type_error(key, value, "a section in brackets")),
        }
    }

    /// The tables of `[[key]]`, none if there are none.
    pub fn sections(&mut self, key: &'static str) -> Result<Vec<Section<'a>>, Problem> {
        let Some(value) = self.look(key) else { return Ok(Vec::new()) };
        let wanted = format!("sections that begin with [[{key}]]");
        let DeValue::Array(items) = value.get_ref() else { return Err(self.type_error(key, value, &wanted)) };
        let mut sections = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let DeValue::Table(table) = item.get_ref() else { return Err(self.type_error(key, item, &wanted)) };
            sections.push(Section::new(self.source, table, item.span(), format!("[[{key}]] {}", i + 1)));
        }
        Ok(sections)
    }

    /// Calls the section by a better name, once it is known.
    pub fn rename(&mut self, name: impl Into<String>) {
        self.name = name.into();
    }

    /// Refuses keys that nobody asked for; the first in the file is named.
    pub fn finish(self) -> Result<(), Problem> {
        self.only(&self.known)
    }

    /// Refuses keys that are none of these. Asked at the beginning, it finds a misspelt key before that key is
    /// missed under its right name.
    pub fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let unknown = self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
        let Some(key) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
        let written = key.get_ref().as_ref();
        let meant = known.iter().map(|known| (distance(written, known), *known)).min();
        let next = match meant {
            Some((steps, known)) if steps <= 1 + written.chars().count() / 3 => {
                format!("did you mean `{known}`? correct it there")
            }
            _ => format!("known here: {}", known.join(", ")),
        };
        Err(self.source.wrong(&key.span(), format!("{} has no key `{written}`", self.name), next))
    }
}
