//! Who issued a credential: grades computed from evidence at the time of action (safety.md section 4).

use super::text::SafeText;
use serde::Serialize;

/// How sure it is that this console issued an object (safety.md 4.1), best first.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Serialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Grade {
    /// The vendor's answer to our create named it.
    Confirmed,
    /// It carries our marker, and the journal has that intent for it.
    Tagged,
    /// The vendor's log names our identity as its creator.
    Witnessed,
    /// It was the only new object between our two reads.
    Inferred,
    /// A valid marker without a journal row here.
    Claimed,
    /// Contradiction, or several candidates.
    Ambiguous,
    /// No evidence.
    Foreign,
}

impl Grade {
    /// The badge of every list (decision 10). A claim without a verified imported ledger is not `+ours`.
    pub fn badge(self) -> &'static str {
        match self {
            Self::Confirmed | Self::Tagged | Self::Witnessed => "*ours",
            Self::Inferred => "~infer",
            Self::Claimed | Self::Ambiguous => "?ambig",
            Self::Foreign => "-foreign",
        }
    }

    /// The word of JSON output and of spoken lines.
    pub fn owner(self) -> &'static str {
        match self {
            Self::Confirmed | Self::Tagged | Self::Witnessed => "ours",
            Self::Inferred => "inferred",
            Self::Claimed | Self::Ambiguous => "ambiguous",
            Self::Foreign => "foreign",
        }
    }
}

/// A grade with the facts it rests on, for the operator to read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Ownership {
    /// The grade.
    pub grade: Grade,
    /// The facts, each a short clause: `ledger 02 Jun by op7`, `our marker on exactly one card`.
    pub clues: Vec<SafeText>,
}
