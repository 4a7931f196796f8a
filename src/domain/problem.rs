//! An error as an operator reads it: what happened, why, what to do next.

use super::text::SafeText;
use std::fmt;

/// Which kind of trouble, where the program or an exit code depends on it (ux.md section 11).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum ProblemKind {
    /// Something failed and nothing more can be said.
    Failed,
    /// The user's own words were wrong.
    Usage,
    /// Nothing was found.
    NotFound,
    /// Policy or ownership refuses.
    Refused,
    /// Key, licence or privilege.
    Unauthorised,
    /// The system cannot be reached or does not answer usefully.
    Unreachable,
    /// A call was sent and its effect is not known.
    OutcomeUnknown,
    /// What was seen has changed since.
    Stale,
}

impl ProblemKind {
    /// The exit code of the plain commands.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 4,
            Self::Refused => 5,
            Self::Unauthorised => 6,
            Self::Unreachable => 7,
            Self::Stale => 8,
            Self::OutcomeUnknown => 9,
        }
    }
}

/// What happened, why, what next; each a clause without a full stop. Vendor words inside are already safe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// For branching.
    pub kind: ProblemKind,
    /// What happened.
    pub what: String,
    /// Why, as far as is known; may be empty.
    pub why: String,
    /// What to do next; may be empty.
    pub next: String,
    /// HTTP status, if the trouble is an answer.
    pub status: Option<u16>,
    /// The full technical text for the message log, never for the main screen; safe to show.
    pub detail: String,
}

impl Problem {
    /// A problem with its kind, what happened, why, and what next.
    pub fn new(kind: ProblemKind, what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { kind, what: what.into(), why: why.into(), next: next.into(), status: None, detail: String::new() }
    }

    /// Adds the HTTP status of the answer that is the trouble.
    #[must_use]
    pub fn with_status(mut self, status: Option<u16>) -> Self {
        self.status = status;
        self
    }

    /// Adds the full technical text; it is made safe here.
    #[must_use]
    pub fn with_detail(mut self, detail: impl AsRef<str>) -> Self {
        SafeText::of(detail.as_ref()).as_str().clone_into(&mut self.detail);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.why.is_empty() {
            write!(f, ": {}", self.why)?;
        }
        if !self.next.is_empty() {
            write!(f, "; {}", self.next)?;
        }
        f.write_str(".")
    }
}

impl std::error::Error for Problem {}
