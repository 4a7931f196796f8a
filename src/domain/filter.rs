//! The filter language, the same in lists, history, bulk and commands (ux.md section 7): `term term` is and, `a,b` in a
//! field is or, `-term` is not, `( )` and `or` group, bare words match names, numbers and the ends of ids.
//!
//! What is not known never fits (rule R5): a row whose owner, age or last use nobody knows is a near miss, also of the
//! opposite.
//!
//! ```
//! use passdesk::domain::filter::Filter;
//! let filter: Filter = "issued:me state:expired age:>30d type:mobile".parse().unwrap();
//! assert_eq!(filter.to_string(), "issued:me state:expired age:>30d type:mobile");
//! let mistake = "state:expird".parse::<Filter>().unwrap_err();
//! assert_eq!((mistake.span.start, mistake.right.as_str()), (6, "did you mean expired?"));
//! ```

mod complete;
mod dates;
mod evaluate;
mod facts;
mod field;
mod mistake;
mod parser;
#[cfg(test)]
mod tests;
mod value;

pub use complete::{Candidate, Completion, complete};
pub use dates::{Amount, Calendar, Point, When};
pub use evaluate::{NearMiss, Tally, Verdict};
pub use facts::{CardRow, Fact, Facts, HistoryRow, HolderRow};
pub use field::{Field, Issuer, Kind, Lapse, Owner, StateWord};
pub use mistake::{Mistake, Span};
pub use value::{Pattern, Wanted, Words};

use std::fmt;
use std::str::FromStr;

/// A filter that was understood. Two are equal if they ask the same in the same order.
#[derive(Clone, Debug)]
pub struct Filter {
    expr: Expr,
    /// The fields that it names, and where.
    fields: Vec<(Field, Span)>,
}

#[derive(Clone, PartialEq, Debug)]
enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Term(Term),
}

/// A field and the values of which one must fit; without a field, bare words.
#[derive(Clone, PartialEq, Debug)]
struct Term {
    field: Option<Field>,
    wanted: Vec<Wanted>,
}

impl Expr {
    fn all(parts: Vec<Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::All(flat) }
    }

    fn any(parts: Vec<Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::Any(flat)
    }

    /// Twice not is what it was, in three values as in two.
    fn negate(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    fn is_everything(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl FromStr for Filter {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        parser::parse(text)
    }
}

impl Filter {
    /// Reads a filter for a list that knows these fields; `list` is what it is called: `this list of cards`.
    ///
    /// # Errors
    /// If it cannot be read, or asks for a field that the list does not know.
    pub fn read(text: &str, known: &[Field], list: &str) -> Result<Self, Mistake> {
        let filter: Self = text.parse()?;
        match filter.fields.iter().find(|(field, _)| !known.contains(field)) {
            None => Ok(filter),
            Some((field, span)) => {
                let names: Vec<String> = known.iter().map(ToString::to_string).collect();
                let right = format!("it knows {}", names.join(" "));
                Err(Mistake::at(*span, format!("{list} does not know the field {field}"), right))
            }
        }
    }

    /// True if it asks for nothing, so that everything fits.
    pub fn is_everything(&self) -> bool {
        self.expr.is_everything()
    }

    /// True if it asks for this field.
    pub fn asks(&self, wanted: Field) -> bool {
        self.fields.iter().any(|(field, _)| *field == wanted)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.expr)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], between: &str| {
            for (i, part) in parts.iter().enumerate() {
                f.write_str(if i == 0 { "" } else { between })?;
                match part {
                    Self::Any(_) => write!(f, "({part})")?,
                    _ => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::All(parts) => joined(f, parts, " "),
            Self::Any(parts) => joined(f, parts, " or "),
            Self::Not(inner) => match **inner {
                Self::All(_) | Self::Any(_) => write!(f, "-({inner})"),
                _ => write!(f, "-{inner}"),
            },
            Self::Term(term) => write!(f, "{term}"),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field {
            write!(f, "{field}:")?;
        }
        for (i, wanted) in self.wanted.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "," })?;
            wanted.write(f, self.field.is_none() && i == 0)?;
        }
        Ok(())
    }
}
