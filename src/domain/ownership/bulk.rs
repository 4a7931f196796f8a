//! What the grades permit to a bulk run: the bulk columns of safety.md table 4.2, as amended by decisions 14, 16 and 17.
//! Pure, and asked for each row at plan time and again just before the row is acted on (invariants I12, I18).

use super::{Action, Grade, Ownership};

/// On which terms a bulk run may take a credential in, within the limits of decision 17.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BulkTerms {
    /// By typing the count.
    Counted,
    /// Only in a later plan, a day after it was stopped, with a second person (invariant I19).
    CooledOffAndSeconded,
}

impl Ownership {
    /// May a bulk run do this to the credential, and on which terms? `usable`: it could open a door, or be made to by
    /// its holder alone. What is ours and not usable may be ended at once: that is the everyday clean-up (decision 16).
    /// `asked_us`: the filter said `issued:us`, so that what other desks issued is meant too (decision 14).
    ///
    /// # Errors
    /// The reason why the row is left out, as the plan shows it.
    pub fn permits_in_bulk(&self, action: Action, usable: bool, asked_us: bool) -> Result<BulkTerms, &'static str> {
        match (self.grade, action) {
            (Grade::Confirmed | Grade::Tagged | Grade::Witnessed | Grade::Issuer, Action::Reversible) => {
                Ok(BulkTerms::Counted)
            }
            (Grade::Confirmed | Grade::Tagged, Action::Irreversible) if usable => Ok(BulkTerms::CooledOffAndSeconded),
            (Grade::Confirmed | Grade::Tagged, Action::Irreversible) => Ok(BulkTerms::Counted),
            (Grade::Witnessed, Action::Irreversible) => {
                Err("only the vendor's log says that it is ours: ended one at a time")
            }
            (Grade::Issuer, Action::Irreversible) => Err("born in the holder's wallet: ended one at a time"),
            (Grade::Claimed, Action::Reversible) if self.desk.is_some() && asked_us => Ok(BulkTerms::Counted),
            (Grade::Claimed, Action::Reversible) if self.desk.is_some() => {
                Err("another desk issued it: issued:us takes it in")
            }
            (Grade::Claimed, _) if self.desk.is_some() => Err("another desk issued it: ended one at a time"),
            (Grade::Inferred, _) => Err("it is only inferred to be ours"),
            (Grade::Claimed, _) => Err("it may be ours, but nothing here proves it"),
            (Grade::Ambiguous, _) => Err("it is not clear whose it is"),
            (Grade::Foreign, _) => Err("it was not issued by this console"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ownership::permits;
    use crate::domain::policy::ConfirmLevel;
    use strum::IntoEnumIterator;

    /// A cell of table 4.2.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Cell {
        No,
        /// One card, confirmed at this level.
        One(ConfirmLevel),
        /// In bulk, on these terms.
        Many(BulkTerms),
    }

    /// One card reversibly, many; one card for good, many that do not work, many that do.
    type Row = (Grade, Cell, Cell, Cell, Cell, Cell);

    /// Table 4.2 with decisions 14 and 16 in it, written down cell by cell.
    fn table() -> [Row; 8] {
        use Cell::{Many, No, One};
        let (l1, l2) = (One(ConfirmLevel::L1), One(ConfirmLevel::L2));
        let (yes, second) = (Many(BulkTerms::Counted), Many(BulkTerms::CooledOffAndSeconded));
        [
            (Grade::Confirmed, l1, yes, l2, yes, second),
            (Grade::Tagged, l1, yes, l2, yes, second),
            (Grade::Witnessed, l1, yes, l2, No, No),
            // One card at L2 once a person has reviewed it (`a o`): without that, nothing.
            (Grade::Inferred, No, No, No, No, No),
            // Without the ledger of the desk that made the mark.
            (Grade::Claimed, No, No, No, No, No),
            (Grade::Ambiguous, No, No, No, No, No),
            (Grade::Issuer, l1, yes, l2, No, No),
            // The emergency rule is off.
            (Grade::Foreign, No, No, No, No, No),
        ]
    }

    /// What a grade of our own evidence lets a bulk run do, whatever the filter asked for.
    fn permits_in_bulk(grade: Grade, action: Action, usable: bool) -> Result<BulkTerms, &'static str> {
        let ownership = Ownership::new(grade, Vec::new());
        let said = ownership.permits_in_bulk(action, usable, false);
        assert_eq!(said, ownership.permits_in_bulk(action, usable, true), "{grade}: only claims ask what was meant");
        said
    }

    #[test]
    fn i12_every_cell_of_the_gate_table_permits_what_is_written_there() {
        let one = |grade, action| permits(grade, action).map_or(Cell::No, Cell::One);
        let many = |grade, action, usable| permits_in_bulk(grade, action, usable).map_or(Cell::No, Cell::Many);
        let written = table();
        assert!(Grade::iter().eq(written.iter().map(|row| row.0)), "every grade stands in the table once");
        for (grade, r_one, r_many, i_one, i_many_dead, i_many_usable) in written {
            for usable in [false, true] {
                assert_eq!(many(grade, Action::Reversible, usable), r_many, "{grade}: many, reversibly, {usable}");
            }
            assert_eq!(one(grade, Action::Reversible), r_one, "{grade}: one, reversibly");
            assert_eq!(one(grade, Action::Irreversible), i_one, "{grade}: one, for good");
            assert_eq!(many(grade, Action::Irreversible, false), i_many_dead, "{grade}: many dead ones, for good");
            assert_eq!(many(grade, Action::Irreversible, true), i_many_usable, "{grade}: many usable ones, for good");
        }
    }

    #[test]
    fn i12_a_bulk_run_may_nothing_that_one_act_may_not() {
        for (grade, action) in Grade::iter().flat_map(|grade| Action::iter().map(move |action| (grade, action))) {
            for usable in [false, true] {
                let many = permits_in_bulk(grade, action, usable);
                assert!(many.is_err() || permits(grade, action).is_ok(), "{grade} {action:?} {usable}");
            }
            let (dead, usable) = (permits_in_bulk(grade, action, false), permits_in_bulk(grade, action, true));
            assert_eq!(
                dead.is_ok(),
                usable.is_ok(),
                "{grade} {action:?}: what still works is never let in more easily"
            );
        }
    }

    #[test]
    fn i19_what_still_works_and_cannot_be_taken_back_never_goes_by_the_count_alone() {
        for grade in Grade::iter() {
            assert_ne!(permits_in_bulk(grade, Action::Irreversible, true), Ok(BulkTerms::Counted), "{grade}");
        }
    }
}
