//! Who issued a credential: grades computed from evidence at the time of action (safety.md section 4).

mod bulk;
mod evidence;
mod grading;

pub use bulk::{BulkTerms, permits_in_bulk};
pub use evidence::{Evidence, Strength};
pub use grading::{arrived, grade_all};

use super::credential::Credential;
use super::policy::ConfirmLevel;
use super::text::SafeText;
use serde::Serialize;

/// The order of every list of a person's credentials: what this desk may act on before what is others', and of each
/// what needs a hand first; then by type.
pub fn most_needy_first(cards: &mut [(Credential, Ownership)]) {
    cards.sort_by(|(a, ao), (b, bo)| {
        let need = |c: &Credential, o: &Ownership| (!c.was_read(), o.grade > Grade::Inferred, c.state());
        need(a, ao).cmp(&need(b, bo)).then_with(|| a.type_name.cmp(&b.type_name)).then_with(|| a.id.cmp(&b.id))
    });
}

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
    /// Born in the holder's wallet: no console issued it; the authority over it is the issuer role and a ticket
    /// (decision 10).
    Issuer,
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
            Self::Issuer => "#issuer",
            Self::Foreign => "-foreign",
        }
    }

    /// The word of JSON output and of spoken lines.
    pub fn owner(self) -> &'static str {
        match self {
            Self::Confirmed | Self::Tagged | Self::Witnessed => "ours",
            Self::Inferred => "inferred",
            Self::Claimed | Self::Ambiguous => "ambiguous",
            Self::Issuer => "issuer",
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

/// Takes every grade back that rests on a comparison of two reads, and says why: for when the clocks cannot be trusted.
pub fn distrust_comparison(grades: &mut [Ownership], why: &str) {
    for ownership in grades.iter_mut().filter(|o| o.grade == Grade::Inferred) {
        ownership.grade = Grade::Ambiguous;
        ownership.clues.insert(0, SafeText::of(why));
    }
}

/// What is to be done to one credential that exists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::EnumIter)]
pub enum Action {
    /// The vendor can take it back: disable, suspend.
    Reversible,
    /// Nobody can take it back: remove.
    Irreversible,
}

/// What a grade permits for one credential, and how it must be confirmed (safety.md table 4.2 as amended by
/// decision 14).
///
/// # Errors
/// The reason, as the operator reads it beside the dim action.
pub fn permits(grade: Grade, action: Action) -> Result<ConfirmLevel, &'static str> {
    match grade {
        // The ticket that the issuer's authority asks for is checked where the act is planned (decision 14).
        Grade::Confirmed | Grade::Tagged | Grade::Witnessed | Grade::Issuer => Ok(match action {
            Action::Reversible => ConfirmLevel::L1,
            Action::Irreversible => ConfirmLevel::L2,
        }),
        Grade::Inferred => Err("it is only inferred to be ours; this version has no review that could settle it"),
        Grade::Claimed => Err("it carries a mark like ours, but this console has no record of it"),
        Grade::Ambiguous => Err("it is not clear whose it is: the evidence contradicts itself"),
        Grade::Foreign => Err("it was not issued by this console"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn i13_only_what_is_surely_ours_or_the_issuers_may_be_touched() {
        for grade in Grade::iter() {
            for action in Action::iter() {
                let may = matches!(grade.badge(), "*ours" | "#issuer");
                assert_eq!(permits(grade, action).is_ok(), may, "{grade} {action:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_taken_back_is_confirmed_at_a_higher_level() {
        assert_eq!(permits(Grade::Tagged, Action::Reversible), Ok(ConfirmLevel::L1));
        assert_eq!(permits(Grade::Tagged, Action::Irreversible), Ok(ConfirmLevel::L2));
    }
}
