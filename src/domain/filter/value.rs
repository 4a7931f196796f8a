//! What stands behind the colon: read by the shape of its field, and written back so that it reads the same.

use super::dates::When;
use super::field::{Field, Issuer, Kind, Shape, StateWord};
use super::mistake::{Mistake, Span};
use crate::domain::folding::{distance, fold};
use regex::{Regex, RegexBuilder};
use std::fmt;

/// A pattern has at most so many code points.
const PATTERN: usize = 200;
/// A compiled pattern takes at most so many bytes; matching it takes time linear in the text.
const COMPILED: usize = 1 << 18;
/// Brackets in brackets of a pattern.
const NESTED: u32 = 20;

/// One value that a term asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Wanted {
    /// Words.
    Text(Words),
    /// `~regex`
    Pattern(Pattern),
    /// Of `issued:`.
    Issuer(Issuer),
    /// Of `state:`.
    State(StateWord),
    /// Of `type:`.
    Kind(Kind),
    /// Of `marked:`.
    Flag(bool),
    /// Of the fields that are times.
    When(When),
}

/// Words as typed and as compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    pub(super) typed: String,
    pub(super) folded: String,
}

/// A regular expression, blind to case.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(super) typed: String,
    pub(super) regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.typed == other.typed
    }
}

/// A value as it was typed.
pub(super) struct Written {
    pub text: String,
    pub span: Span,
    pub quoted: bool,
    pub pattern: bool,
}

impl Words {
    pub(super) fn new(written: &Written) -> Result<Self, Mistake> {
        let folded = fold(&written.text);
        if folded.is_empty() {
            return Err(Mistake::at(
                written.span,
                "There is nothing to look for",
                "write at least one letter or digit",
            ));
        }
        Ok(Self { typed: written.text.clone(), folded })
    }
}

fn pattern(field: Field, written: &Written) -> Result<Pattern, Mistake> {
    if !matches!(field.shape(), Shape::Contains | Shape::Whole | Shape::Tail) {
        let right = format!("write {field}: with one of {}", field.example());
        return Err(Mistake::at(written.span, format!("{field}: takes no regex"), right));
    }
    if written.text.is_empty() || written.text.chars().count() > PATTERN {
        let right = format!("write 1 to {PATTERN} characters behind ~");
        return Err(Mistake::at(written.span, "This regex is empty or too long", right));
    }
    let built = RegexBuilder::new(&written.text)
        .case_insensitive(true)
        .size_limit(COMPILED)
        .dfa_size_limit(COMPILED)
        .nest_limit(NESTED)
        .build();
    match built {
        Ok(regex) => Ok(Pattern { typed: written.text.clone(), regex }),
        Err(regex::Error::CompiledTooBig(_)) => {
            Err(Mistake::at(written.span, "This regex is too large", "use smaller numbers of repetitions"))
        }
        Err(error) => {
            // The library draws the place over several lines; its last one says what is wrong.
            let said = error.to_string();
            let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Err(Mistake::at(written.span, "This is no regex", format!("{said}; a blank or a comma wants quotes")))
        }
    }
}

impl Wanted {
    pub(super) fn read(field: Field, written: &Written) -> Result<Self, Mistake> {
        if written.pattern {
            return pattern(field, written).map(Self::Pattern);
        }
        let text = written.text.as_str();
        let shape = field.shape();
        let read = match shape {
            Shape::Contains | Shape::Whole | Shape::Tail => return Words::new(written).map(Self::Text),
            Shape::Past | Shape::Ahead => {
                let when = When::parse(text).map_err(|(what, right)| Mistake::at(written.span, upper(&what), right))?;
                if field == Field::Age && when.is_before_or_after() {
                    let what = "An age before or after a date could mean either";
                    let right = "write age:..2025-03-01 for issued until then, age:2025-03-01.. for since then";
                    return Err(Mistake::at(written.span, what, right));
                }
                return Ok(Self::When(when));
            }
            Shape::Issuer => text.parse().ok().map(Self::Issuer),
            Shape::State => StateWord::parse(text).map(Self::State),
            Shape::Kind => text.parse().ok().map(Self::Kind),
            Shape::Flag => match text.to_lowercase().as_str() {
                "yes" => Some(Self::Flag(true)),
                "no" => Some(Self::Flag(false)),
                _ => None,
            },
        };
        read.ok_or_else(|| {
            let words = field.example();
            let typed = text.to_lowercase();
            // The beginning of a word is as near as can be: that is how words are typed.
            let steps = |word: &str| if word.starts_with(&typed) { 0 } else { distance(&typed, word) };
            let near = words.split(", ").map(|word| (steps(word), word)).min_by_key(|(steps, _)| *steps);
            let right = match near {
                Some((steps, word)) if steps <= 1 + text.chars().count() / 3 => format!("did you mean {word}?"),
                _ if field == Field::State => format!("write {words}; a vendor's own word goes behind raw:"),
                _ => format!("write {words}"),
            };
            Mistake::at(written.span, format!("{field}: has no word \"{text}\""), right)
        })
    }
}

fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// True if a word can stand without quotes.
fn is_plain(word: &str, bare: bool) -> bool {
    let harmless = |c: char| c.is_alphanumeric() || "._@+*/#-".contains(c) || (!bare && ":<>=".contains(c));
    !word.is_empty()
        && word.chars().all(harmless)
        && !(bare && (word.starts_with('-') || word.eq_ignore_ascii_case("or")))
}

/// A word as it is typed: in quotes where it needs them.
pub(super) fn quoted(word: &str, bare: bool) -> String {
    if is_plain(word, bare) { word.to_owned() } else { in_quotes(word) }
}

fn in_quotes(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Wanted {
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, bare: bool) -> fmt::Result {
        match self {
            Self::Text(words) => f.write_str(&quoted(&words.typed, bare)),
            Self::Pattern(pattern) => write!(f, "~{}", in_quotes(&pattern.typed)),
            Self::Issuer(word) => write!(f, "{word}"),
            Self::State(word) => write!(f, "{word}"),
            Self::Kind(word) => write!(f, "{word}"),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::When(when) => write!(f, "{when}"),
        }
    }
}
