//! Who issued a credential: grades computed from evidence at the time of action (safety.md section 4).

mod bulk;
mod evidence;
mod grading;
mod imported;

pub use bulk::BulkTerms;
pub use evidence::{Evidence, Strength};
pub use grading::{arrived, grade_all, grade_with, markers};
pub use imported::{Desk, Imported};

use super::credential::Credential;
use super::lifecycle::Verb;
use super::policy::{ConfirmLevel, Why};
use super::text::SafeText;
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;

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
    /// Of a CLAIMED credential: the other console whose verified ledger says that it issued it.
    pub desk: Option<Desk>,
    /// When the ledger that knows of its making says that it was asked for (UTC); never more than a ledger's word.
    pub issued: Option<Timestamp>,
}

impl Ownership {
    /// A grade of our own evidence.
    pub fn new(grade: Grade, clues: Vec<SafeText>) -> Self {
        Self { grade, clues, desk: None, issued: None }
    }

    /// The badge of every list (decision 10): that of the grade, or `+ours@B`.
    pub fn badge(&self) -> Cow<'static, str> {
        match (&self.desk, self.grade) {
            (Some(desk), Grade::Claimed) => format!("+ours@{}", desk.name).into(),
            _ => self.grade.badge().into(),
        }
    }

    /// The word of JSON output and of filters: that of the grade, or `elsewhere`.
    pub fn owner(&self) -> &'static str {
        if self.is_elsewhere() { "elsewhere" } else { self.grade.owner() }
    }

    /// True if the verified ledger of another console of the site says that it issued it.
    pub fn is_elsewhere(&self) -> bool {
        self.grade == Grade::Claimed && self.desk.is_some()
    }

    /// What may be done to one such credential, and how it must be confirmed (safety.md table 4.2 as amended by
    /// decision 14). A reason that is not chosen yet speaks against nothing.
    ///
    /// # Errors
    /// The reason, as the operator reads it beside the dim action.
    pub fn permits(&self, deed: Deed) -> Result<ConfirmLevel, &'static str> {
        if self.grade != Grade::Claimed {
            return permits(self.grade, deed.action);
        }
        match (&self.desk, deed.action) {
            // One level above what the desk that issued it would need.
            (Some(_), Action::Reversible) => Ok(ConfirmLevel::L2),
            (Some(_), Action::Irreversible) => Ok(ConfirmLevel::L3),
            (None, Action::Reversible) if deed.verb == Some(Verb::Suspend) && deed.why.is_none_or(Why::is_loss) => {
                Ok(ConfirmLevel::L2)
            }
            (None, _) => Err("it may be ours, but nothing here proves it: only a lost or stolen one may be suspended"),
        }
    }
}

/// What is to be done to one credential, as far as its grade asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Deed {
    /// Whether it can be taken back.
    pub action: Action,
    /// What is done; `None`: it is replaced or retired.
    pub verb: Option<Verb>,
    /// Why; `None`: not chosen yet.
    pub why: Option<Why>,
}

impl Deed {
    /// The end of a credential, for whatever reason.
    pub const END: Self = Self { action: Action::Irreversible, verb: None, why: None };
}

/// Takes every grade back that rests on a comparison of two reads, and says why: for when the clocks cannot be trusted.
pub fn distrust_comparison(grades: &mut [Ownership], why: &str) {
    for ownership in grades.iter_mut().filter(|o| o.grade == Grade::Inferred) {
        ownership.grade = Grade::Ambiguous;
        ownership.clues.insert(0, SafeText::of(why));
    }
}

/// Takes every grade that rests on a ledger back to a claim, and says why: for when the ledger cannot be trusted.
pub fn distrust_ledger(grades: &mut [Ownership], why: &str) {
    for ownership in grades {
        if matches!(ownership.grade, Grade::Confirmed | Grade::Tagged | Grade::Witnessed | Grade::Inferred) {
            ownership.grade = Grade::Claimed;
        } else if ownership.grade != Grade::Claimed {
            continue;
        }
        ownership.desk = None;
        ownership.issued = None;
        ownership.clues.insert(0, SafeText::of(&format!("the ledger cannot be trusted: {why}")));
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

/// What a grade alone permits for one credential, and how it must be confirmed. What a claim permits depends on whose
/// it is: [`Ownership::permits`].
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
        Grade::Claimed => Err("this console has no record of it"),
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

    fn claimed(desk: bool) -> Ownership {
        let desk = desk.then(|| Desk {
            console: "desk-0000000b".parse().unwrap(),
            name: SafeText::of("lee"),
            imported: jiff::Timestamp::UNIX_EPOCH,
        });
        Ownership { desk, ..Ownership::new(Grade::Claimed, Vec::new()) }
    }

    #[test]
    fn i13_what_another_desk_issued_is_one_level_up() {
        let theirs = claimed(true);
        assert_eq!((theirs.badge().as_ref(), theirs.owner()), ("+ours@lee", "elsewhere"));
        for verb in [None, Some(Verb::Suspend), Some(Verb::Resume), Some(Verb::End)] {
            for why in [None, Some(Why::Lost), Some(Why::Damaged)] {
                let deed = |action| Deed { action, verb, why };
                assert_eq!(theirs.permits(deed(Action::Reversible)), Ok(ConfirmLevel::L2));
                assert_eq!(theirs.permits(deed(Action::Irreversible)), Ok(ConfirmLevel::L3));
            }
        }
        for usable in [false, true] {
            assert_eq!(theirs.permits_in_bulk(Action::Reversible, usable, true), Ok(BulkTerms::Counted));
            let meant_ours = theirs.permits_in_bulk(Action::Reversible, usable, false);
            let for_good = theirs.permits_in_bulk(Action::Irreversible, usable, true);
            assert!([meant_ours, for_good].iter().all(|said| said.is_err_and(|why| why.contains("another desk"))));
        }
    }

    #[test]
    fn i13_a_marker_without_its_ledger_lets_a_lost_pass_be_suspended_and_nothing_else() {
        let riddle = claimed(false);
        assert_eq!((riddle.badge().as_ref(), riddle.owner()), ("?ambig", "ambiguous"));
        for action in Action::iter() {
            for verb in [None, Some(Verb::Suspend), Some(Verb::Resume), Some(Verb::Unlink), Some(Verb::End)] {
                for why in Why::ALL.into_iter().map(Some).chain([None]) {
                    let may = action == Action::Reversible
                        && verb == Some(Verb::Suspend)
                        && matches!(why, None | Some(Why::Lost | Why::Stolen));
                    let said = riddle.permits(Deed { action, verb, why });
                    assert_eq!(said.ok(), may.then_some(ConfirmLevel::L2), "{action:?} {verb:?} {why:?}");
                }
            }
            assert!(riddle.permits_in_bulk(action, false, true).is_err());
        }
    }

    #[test]
    fn a_desk_says_nothing_about_what_is_not_merely_claimed() {
        for grade in Grade::iter().filter(|grade| *grade != Grade::Claimed) {
            let ownership = Ownership { desk: claimed(true).desk, ..Ownership::new(grade, Vec::new()) };
            assert_eq!((ownership.badge().as_ref(), ownership.owner()), (grade.badge(), grade.owner()));
            for action in Action::iter() {
                assert_eq!(ownership.permits(Deed { action, verb: None, why: None }), permits(grade, action));
            }
        }
    }

    #[test]
    fn i11_a_doubtful_ledger_proves_nothing_and_hides_nothing() {
        for grade in Grade::iter() {
            let mut grades = [Ownership::new(grade, vec![SafeText::of("clue")])];
            distrust_ledger(&mut grades, "torn");
            let rested = !matches!(grade, Grade::Ambiguous | Grade::Foreign | Grade::Issuer);
            assert_eq!(grades[0].grade, if rested { Grade::Claimed } else { grade });
            assert_eq!(grades[0].clues.len(), 1 + usize::from(rested), "{grade}");
        }
        let mut theirs = [claimed(true)];
        distrust_ledger(&mut theirs, "torn");
        assert!(theirs[0].desk.is_none(), "what was imported stands in the same ledger");
    }

    #[test]
    fn what_cannot_be_taken_back_is_confirmed_at_a_higher_level() {
        assert_eq!(permits(Grade::Tagged, Action::Reversible), Ok(ConfirmLevel::L1));
        assert_eq!(permits(Grade::Tagged, Action::Irreversible), Ok(ConfirmLevel::L2));
    }
}
