//! What a check-up of the desk found: one line each, with what mends it.

use super::text::SafeText;
use serde::Serialize;

/// How a line of the check-up is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Check {
    /// How it stands.
    pub mark: Mark,
    /// What was looked at: `ledger`, `gall`, `cache`.
    pub subject: SafeText,
    /// What was found.
    pub says: SafeText,
    /// What mends it, or empty.
    pub fix: SafeText,
}

impl Check {
    /// A line of the check-up; texts from outside are made safe.
    pub fn new(mark: Mark, subject: &str, says: impl AsRef<str>, fix: impl AsRef<str>) -> Self {
        Self {
            mark,
            subject: SafeText::of(subject),
            says: SafeText::of(says.as_ref()),
            fix: SafeText::of(fix.as_ref()),
        }
    }

    /// The same with something that may be done about it.
    #[must_use]
    pub fn with_fix(self, fix: &str) -> Self {
        Self { fix: SafeText::of(fix), ..self }
    }

    /// As it should be.
    pub fn ok(subject: &str, says: impl AsRef<str>) -> Self {
        Self::new(Mark::Ok, subject, says, "")
    }
}
