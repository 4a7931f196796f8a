//! From a typed text to a filter. Every mistake names the word; nothing here can panic or run long.

use super::field::Field;
use super::mistake::{Mistake, Span};
use super::value::{Wanted, Words, Written};
use super::{Expr, Filter, Term};
use strum::IntoEnumIterator;

/// Longer texts are no filters.
pub(super) const LONGEST: usize = 1000;
/// Brackets in brackets.
const DEEPEST: usize = 24;

struct Reader {
    text: Vec<char>,
    at: usize,
    depth: usize,
    fields: Vec<(Field, Span)>,
}

/// Reads a whole text. An empty one is the filter that everything fits.
pub(super) fn parse(text: &str) -> Result<Filter, Mistake> {
    let text: Vec<char> = text.chars().collect();
    if text.len() > LONGEST {
        let span = Span::new(LONGEST, text.len());
        return Err(Mistake::at(span, "This filter is too long", format!("write at most {LONGEST} characters")));
    }
    let mut reader = Reader { text, at: 0, depth: 0, fields: Vec::new() };
    let expr = reader.alternatives()?;
    if reader.at < reader.text.len() {
        let here = Span::new(reader.at, reader.at + 1);
        return Err(Mistake::at(here, "This bracket closes nothing", "leave it out, or write ( before the terms"));
    }
    Ok(Filter { expr, fields: reader.fields })
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// The word `or`, by itself, at this place.
    fn at_or(&self) -> bool {
        let word: String = self.text[self.at..].iter().take(2).collect();
        let next = self.text.get(self.at + 2);
        word.eq_ignore_ascii_case("or") && next.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')'))
    }

    fn alternatives(&mut self) -> Result<Expr, Mistake> {
        let mut all = vec![self.terms()?];
        loop {
            self.blanks();
            if self.peek().is_none() || !self.at_or() {
                return Ok(if all.len() == 1 { all.remove(0) } else { Expr::any(all) });
            }
            let here = Span::new(self.at, self.at + 2);
            let wrong = || {
                let right = "write a term on both sides, or \"or\" in quotes for the word";
                Mistake::at(here, "or stands between two terms", right)
            };
            if all.last().is_some_and(Expr::is_everything) {
                return Err(wrong());
            }
            self.at += 2;
            let next = self.terms()?;
            if next.is_everything() {
                return Err(wrong());
            }
            all.push(next);
        }
    }

    fn terms(&mut self) -> Result<Expr, Mistake> {
        let mut all = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None | Some(')') => break,
                Some(_) if self.at_or() => break,
                Some(_) => all.push(self.term()?),
            }
        }
        Ok(Expr::all(all))
    }

    fn term(&mut self) -> Result<Expr, Mistake> {
        let begin = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
            return match self.peek() {
                None | Some('-' | ')') => Err(self.lone_minus(begin)),
                Some(c) if c.is_whitespace() => Err(self.lone_minus(begin)),
                Some(_) => self.term().map(Expr::negate),
            };
        }
        if self.peek() == Some('(') {
            self.at += 1;
            self.depth += 1;
            if self.depth > DEEPEST {
                let here = Span::new(begin, self.at);
                return Err(Mistake::at(here, "There are too many brackets in brackets", "write it flatter"));
            }
            let inner = self.alternatives()?;
            if self.peek() != Some(')') {
                return Err(Mistake::at(
                    Span::new(begin, begin + 1),
                    "This bracket is not closed",
                    "write ) behind it",
                ));
            }
            self.at += 1;
            self.depth -= 1;
            if inner.is_everything() {
                let here = Span::new(begin, self.at);
                return Err(Mistake::at(here, "Nothing stands in the brackets", "write a term in them"));
            }
            return Ok(inner);
        }
        let field = self.field()?;
        self.values(field, begin).map(Expr::Term)
    }

    fn lone_minus(&self, begin: usize) -> Mistake {
        let right = "write it right before a term, as in -state:ended";
        Mistake::at(Span::new(begin, self.at), "This - stands before nothing", right)
    }

    /// The name before a colon, if there is one: letters only, so that an id with a colon stays a word.
    fn field(&mut self) -> Result<Option<Field>, Mistake> {
        let name: String = self.text[self.at..].iter().take_while(|c| c.is_alphabetic()).collect();
        let length = name.chars().count();
        if name.is_empty() || self.text.get(self.at + length) != Some(&':') {
            return Ok(None);
        }
        let span = Span::new(self.at, self.at + length);
        match Field::named(&name) {
            Ok(field) => {
                self.at += length + 1;
                self.fields.push((field, span));
                Ok(Some(field))
            }
            Err(meant) => {
                let right = if let Some(field) = meant {
                    format!("did you mean {field}:?")
                } else {
                    let all: Vec<String> = Field::iter().map(|f| f.to_string()).collect();
                    format!("a word with a colon wants quotes; fields are {}", all.join(" "))
                };
                Err(Mistake::at(span, format!("There is no field \"{name}\""), right))
            }
        }
    }

    fn values(&mut self, field: Option<Field>, begin: usize) -> Result<Term, Mistake> {
        let mut wanted = Vec::new();
        loop {
            let Some(written) = self.value()? else {
                let span = Span::new(begin, self.at.max(begin + 1));
                return Err(match field {
                    Some(field) if wanted.is_empty() => {
                        Mistake::at(span, format!("{field}: wants a value"), format!("write {}", field.example()))
                    }
                    _ => Mistake::at(span, "A value is missing at the comma", "write it, or put the comma in quotes"),
                });
            };
            wanted.push(match field {
                Some(field) => Wanted::read(field, &written)?,
                None if written.pattern => {
                    let right = "write it behind a field, as in holder:~^ja, or in quotes";
                    return Err(Mistake::at(written.span, "A regex needs a field", right));
                }
                None => Wanted::Text(Words::new(&written)?),
            });
            match self.peek() {
                Some(',') => self.at += 1,
                Some(c) if !c.is_whitespace() && c != ')' => return Err(self.glued(&written)),
                _ => return Ok(Term { field, wanted }),
            }
        }
    }

    fn glued(&self, written: &Written) -> Mistake {
        let span = Span::new(self.at, self.at + 1);
        if written.quoted {
            Mistake::at(span, "This is glued to the quotes", "write a blank between them")
        } else {
            Mistake::at(span, "A quote or bracket stands inside a word", "put the whole word in quotes")
        }
    }

    /// One value; `None` where there is none.
    fn value(&mut self) -> Result<Option<Written>, Mistake> {
        let begin = self.at;
        let pattern = self.peek() == Some('~');
        self.at += usize::from(pattern);
        if self.peek() == Some('"') {
            let text = self.quoted()?;
            return Ok(Some(Written { text, span: Span::new(begin, self.at), quoted: true, pattern }));
        }
        let from = self.at;
        if pattern {
            self.skip_pattern();
        } else {
            while self.peek().is_some_and(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | ',' | '"')) {
                self.at += 1;
            }
        }
        if self.at == from && !pattern {
            return Ok(None);
        }
        let text: String = self.text[from..self.at].iter().collect();
        Ok(Some(Written { text, span: Span::new(begin, self.at), quoted: false, pattern }))
    }

    /// A regex without quotes runs to the next blank, or to a bracket that it did not open.
    fn skip_pattern(&mut self) {
        let mut open = 0_usize;
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace()) {
            match c {
                '\\' if self.text.get(self.at + 1).is_some_and(|next| !next.is_whitespace()) => self.at += 1,
                '(' => open += 1,
                ')' if open == 0 => return,
                ')' => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Text in quotes; a backslash before a quote or a backslash takes its meaning away.
    fn quoted(&mut self) -> Result<String, Mistake> {
        let begin = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '"' => return Ok(text),
                '\\' if matches!(self.peek(), Some('"' | '\\')) => {
                    text.extend(self.peek());
                    self.at += 1;
                }
                other => text.push(other),
            }
        }
        Err(Mistake::at(Span::new(begin, begin + 1), "This quote is not closed", "write \" behind the last word"))
    }
}
