//! What could stand at the cursor: fields, and the values of a field, each with how many rows have it.

use super::Filter;
use super::dates::Calendar;
use super::evaluate::Verdict;
use super::facts::{Fact, Facts};
use super::field::{Field, Issuer, Kind, Shape, StateWord};
use super::mistake::Span;
use super::value::quoted;
use crate::domain::folding::fold;
use std::collections::BTreeMap;
use std::fmt::Write;
use strum::IntoEnumIterator;

/// So many candidates at most.
const MOST: usize = 50;

/// One thing that could be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// What is put in place of the word, safe to show.
    pub text: String,
    /// How many rows fit it; of a field, how many rows know something under it.
    pub count: usize,
}

/// What could stand in place of the word at the cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// The stretch that a candidate replaces, in code points.
    pub span: Span,
    /// The most frequent first, the ones that no row has last.
    pub candidates: Vec<Candidate>,
}

/// The word before the cursor: where it, and the value in it, begin.
struct Begun {
    field: Option<Field>,
    start: usize,
    typed: String,
}

/// Finds what the cursor stands in: a word begins after a blank or a bracket outside quotes, a value after the colon or
/// a comma.
fn begun(text: &[char], cursor: usize) -> Begun {
    let (mut start, mut quotes, mut field, mut escaped) = (0, false, None, false);
    let mut fresh = true;
    for (at, c) in text.iter().take(cursor).enumerate() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quotes => escaped = true,
            '"' => quotes = !quotes,
            _ if quotes => {}
            c if c.is_whitespace() || matches!(c, '(' | ')') => {
                (start, field, fresh) = (at + 1, None, true);
                continue;
            }
            '-' if fresh => {
                start = at + 1;
                continue;
            }
            ':' if field.is_none() => {
                let name: String = text[start..at].iter().collect();
                if let Ok(named) = Field::named(&name) {
                    (field, start) = (Some(named), at + 1);
                }
            }
            ',' if field.is_some() => start = at + 1,
            _ => {}
        }
        fresh = false;
    }
    let typed: String = text[start..cursor].iter().collect();
    Begun { field, start, typed }
}

/// What could stand at the cursor (in code points) of a filter for a list that knows these fields and has these rows.
pub fn complete(text: &str, cursor: usize, known: &[Field], rows: &[Facts], calendar: &Calendar) -> Completion {
    let text: Vec<char> = text.chars().collect();
    let cursor = cursor.min(text.len());
    let begun = begun(&text, cursor);
    let span = Span::new(begun.start, cursor);
    let mut candidates = match begun.field {
        None => fields(&begun.typed, known, rows),
        Some(field) if known.contains(&field) => values(field, &begun.typed, rows, calendar),
        Some(_) => Vec::new(),
    };
    candidates.sort_by_key(|candidate| candidate.count == 0);
    candidates.truncate(MOST);
    Completion { span, candidates }
}

fn fields(typed: &str, known: &[Field], rows: &[Facts]) -> Vec<Candidate> {
    let typed = typed.to_lowercase();
    let says =
        |field: Field| rows.iter().filter(|row| !matches!(row.get(field), Fact::Unknown(_) | Fact::None)).count();
    let fitting = known.iter().filter(|field| field.to_string().starts_with(&typed));
    fitting.map(|field| Candidate { text: format!("{field}:"), count: says(*field) }).collect()
}

fn values(field: Field, typed: &str, rows: &[Facts], calendar: &Calendar) -> Vec<Candidate> {
    let typed = fold(&without_quotes(typed));
    let counted = |word: String| Candidate { count: matching(field, &word, rows, calendar), text: word };
    let words = |words: Vec<String>| -> Vec<Candidate> {
        let mut found: Vec<Candidate> =
            words.into_iter().filter(|word| word.starts_with(&typed)).map(counted).collect();
        found.sort_by_key(|candidate| std::cmp::Reverse(candidate.count));
        found
    };
    match field.shape() {
        Shape::Issuer => words(Issuer::iter().map(|w| w.to_string()).collect()),
        Shape::State => words(StateWord::all().map(|w| w.to_string()).collect()),
        Shape::Kind => words(Kind::iter().map(|w| w.to_string()).collect()),
        Shape::Flag => words(vec!["yes".to_owned(), "no".to_owned()]),
        Shape::Past => times(&typed, &["<1d", "<7d", "<30d", ">30d", ">90d", ">1y", "today", "yesterday"], counted),
        Shape::Ahead => times(&typed, &["<1d", "<7d", "<30d", "<90d", ">90d"], counted),
        Shape::Contains | Shape::Whole | Shape::Tail => texts(field, &typed, rows),
    }
}

/// What is meant by a value of which only the beginning stands there.
fn without_quotes(typed: &str) -> String {
    let Some(inner) = typed.strip_prefix('"') else { return typed.to_owned() };
    inner.replace("\\\"", "\"").replace("\\\\", "\\").trim_end_matches('"').to_owned()
}

/// Times in their own order, which is that of their length.
fn times(typed: &str, offered: &[&str], counted: impl Fn(String) -> Candidate) -> Vec<Candidate> {
    offered.iter().filter(|time| time.starts_with(typed)).map(|time| counted((*time).to_owned())).collect()
}

fn matching(field: Field, word: &str, rows: &[Facts], calendar: &Calendar) -> usize {
    let Ok(filter) = format!("{field}:{word}").parse::<Filter>() else { return 0 };
    rows.iter().filter(|row| filter.judge(row, calendar) == Verdict::Match).count()
}

/// The texts that rows have under a field: those that begin with what is typed before those that have it inside.
fn texts(field: Field, typed: &str, rows: &[Facts]) -> Vec<Candidate> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        if let Fact::Texts(texts) = row.get(field) {
            for text in texts {
                *counts.entry(text).or_default() += 1;
            }
        }
    }
    let mut found: Vec<(bool, usize, &str)> = counts
        .into_iter()
        .filter_map(|(text, count)| {
            let folded = fold(text);
            folded.contains(typed).then(|| (!folded.starts_with(typed), count, text))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)).then(a.2.cmp(b.2)));
    found.into_iter().map(|(_, count, text)| Candidate { text: quoted(text, false), count }).collect()
}

impl Completion {
    /// The text with a candidate in place, and the cursor behind it.
    pub fn applied(&self, text: &str, candidate: &Candidate) -> (String, usize) {
        let mut out: String = text.chars().take(self.span.start).collect();
        out.push_str(&candidate.text);
        let cursor = out.chars().count();
        out.extend(text.chars().skip(self.span.end));
        (out, cursor)
    }

    /// The candidates in one line, as many as there are: `expired (3)  active (1)`.
    pub fn line(&self) -> String {
        let mut out = String::new();
        for Candidate { text, count } in &self.candidates {
            let _ = write!(out, "{}{text} ({count})", if out.is_empty() { "" } else { "  " });
        }
        out
    }
}
