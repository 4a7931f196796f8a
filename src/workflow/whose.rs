//! Whose the credentials of one person are: journal, imported ledgers and a read put together, in one place for all
//! who show or act.

use crate::domain::credential::Credential;
use crate::domain::ids::HolderId;
use crate::domain::journal::IntentRecord;
use crate::domain::ownership::{Imported, Ownership, distrust_ledger, grade_with, markers};
use crate::ports::ledger::{Ledger, LedgerError, LedgerHealth};

/// What is recorded about a person, and what it says about each of her credentials.
pub struct Whose {
    /// All intents of our own ledger for her, oldest first.
    pub records: Vec<IntentRecord>,
    /// What the ledgers of other consoles say.
    pub imported: Vec<Imported>,
    /// A grade for each credential, in their order. From a ledger that is broken nothing is more than a claim
    /// (safety.md section 3, step 2).
    pub grades: Vec<Ownership>,
}

/// Looks it up for credentials that were just read, or that are remembered.
///
/// # Errors
/// If the ledger cannot be read.
pub async fn whose(ledger: &dyn Ledger, holder: &HolderId, cards: &[Credential]) -> Result<Whose, LedgerError> {
    let records = ledger.intents_of(holder).await?;
    let imported = ledger.imported(holder, &markers(cards)).await?;
    let grades = grades(ledger, &records, &imported, cards);
    Ok(Whose { records, imported, grades })
}

/// The grades alone, from records that are at hand.
pub(super) fn grades(
    ledger: &dyn Ledger,
    records: &[IntentRecord],
    imported: &[Imported],
    cards: &[Credential],
) -> Vec<Ownership> {
    let mut grades = grade_with(records, imported, cards);
    if let LedgerHealth::Broken(why) = ledger.health() {
        distrust_ledger(&mut grades, &why);
    }
    grades
}
