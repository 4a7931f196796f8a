//! What is wrong with a filter, where, and what would be right.

use crate::domain::text::SafeText;
use std::fmt;

/// A stretch of the typed text, in code points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The first code point.
    pub start: usize,
    /// The one after the last.
    pub end: usize,
}

impl Span {
    /// From one code point up to another.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The columns from the beginning of the text to the stretch, and those that it takes; the text as it is shown.
    pub fn columns(self, text: &str) -> (usize, usize) {
        let part = |from: usize, to: usize| -> usize {
            let piece: String = text.chars().skip(from).take(to.saturating_sub(from)).collect();
            SafeText::of(&piece).width()
        };
        (part(0, self.start), part(self.start, self.end).max(1))
    }
}

/// Why a text is no filter. Both sentences are safe to show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The word that is wrong.
    pub span: Span,
    /// What is wrong with it.
    pub what: String,
    /// What would be right.
    pub right: String,
}

impl Mistake {
    /// A mistake at a place; words that were typed are made safe here.
    pub(super) fn at(span: Span, what: impl AsRef<str>, right: impl AsRef<str>) -> Self {
        let safe = |text: &str| SafeText::of(text).to_string();
        Self { span, what: safe(what.as_ref()), right: safe(right.as_ref()) }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.right)
    }
}

impl std::error::Error for Mistake {}
