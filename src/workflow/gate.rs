//! The gate: may this credential be ended now? Computed at the time of action, from a read of the vendor that
//! is seconds old, never from a stored flag (invariants I10 to I13, I17).

use super::Means;
use crate::domain::credential::{Credential, State};
use crate::domain::ids::{CredentialId, HolderId, Link};
use crate::domain::journal::{IntentRecord, Seen};
use crate::domain::ownership::{Action, Grade, Ownership, grade_all, permits};
use crate::domain::policy::ConfirmLevel;
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::ledger::{LedgerError, LedgerHealth};
use crate::ports::provider::{FeedRow, HolderRead};
use jiff::Timestamp;
use std::time::Duration;

/// How old the live read behind a destructive request may be (invariant I12).
pub const LIVE_READ_LIFE: Duration = Duration::from_secs(30);

/// One person as just read, with the grade of each of her credentials.
#[derive(Clone, Debug)]
pub struct LiveView {
    /// What the vendor showed.
    pub read: HolderRead,
    /// All intents of that person.
    pub records: Vec<IntentRecord>,
    /// Grades, in the order of `read.credentials`.
    pub grades: Vec<Ownership>,
    /// When it was read (UTC), for showing.
    pub read_at: Timestamp,
    /// When it was asked for on the clock that never jumps, for the gate.
    asked: Duration,
}

impl LiveView {
    /// Reads the person and the journal.
    ///
    /// # Errors
    /// If the vendor or the ledger does not answer.
    pub async fn read(means: &Means, holder: &HolderId, link: &Link) -> Result<Self, Problem> {
        let asked = means.clock.elapsed();
        let tenant = &means.provider.profile().name;
        let read = means.provider.holder(holder, link).await.map_err(|e| e.problem(tenant))?;
        if read.holder.id != *holder {
            return Err(Problem::new(
                ProblemKind::Refused,
                "the answer is about another person",
                format!("asked for {holder}, got {}", read.holder.id),
                "nothing was sent; tell the site's administrator",
            ));
        }
        let records = means.ledger.intents_of(holder).await.map_err(|e| ledger_problem(&e))?;
        let grades = grade_all(&records, &read.credentials);
        Ok(Self { read, records, grades, read_at: means.clock.now(), asked })
    }

    /// A credential by its id, and whose it is.
    pub fn card(&self, id: &CredentialId) -> Option<(&Credential, &Ownership)> {
        self.read.credentials.iter().zip(&self.grades).find(|(card, _)| card.id == *id)
    }

    /// A remembered object, wherever it is now, and whose it is.
    pub fn object(&self, seen: &Seen) -> Option<(&Credential, &Ownership)> {
        self.read.credentials.iter().zip(&self.grades).find(|(card, _)| seen.is(card))
    }

    /// True while a destructive request may rest on this read.
    pub fn is_live(&self, means: &Means) -> bool {
        means.clock.elapsed().saturating_sub(self.asked) <= LIVE_READ_LIFE
    }

    /// True if the person keeps a credential that surely can open a door without `card`. One in a state that
    /// nobody can name does not count.
    pub fn keeps_another(&self, card: &Credential) -> bool {
        self.read.credentials.iter().any(|c| c.id != card.id && c.usable() && c.state() != State::Unknown)
    }

    /// The credential is still what the operator saw.
    ///
    /// # Errors
    /// If it changed since (invariant I12).
    pub fn unchanged(card: &Credential, fingerprint: &str) -> Result<(), Problem> {
        if card.fingerprint() == fingerprint {
            return Ok(());
        }
        Err(Problem::new(
            ProblemKind::Stale,
            "the pass changed since it was shown",
            format!("it is {} now", card.state()),
            "nothing was sent; look at it again",
        ))
    }

    /// May this credential be ended, and how must that be confirmed? For a pass that only the vendor's log
    /// ties to us, the log is read again.
    ///
    /// # Errors
    /// The reason why not.
    pub async fn may_end(&self, means: &Means, card: &Credential) -> Result<ConfirmLevel, Problem> {
        let grade = self.card(&card.id).map_or(Grade::Foreign, |(_, ownership)| ownership.grade);
        let level = permits(grade, Action::Irreversible).map_err(not_ours)?;
        if grade == Grade::Witnessed && !self.still_witnessed(means, card).await {
            return Err(not_ours("the vendor's log, read again, does not name us as its creator"));
        }
        Ok(level)
    }

    async fn still_witnessed(&self, means: &Means, card: &Credential) -> bool {
        let Some(us) = &means.provider.profile().feed_operator else { return false };
        let bound =
            |r: &&IntentRecord| r.binding.as_ref().and_then(|b| b.object.as_ref()).is_some_and(|seen| seen.is(card));
        let bookmark = self.records.iter().rev().find(bound).and_then(|r| r.snapshot.as_ref()?.bookmark.as_ref());
        let Some(bookmark) = bookmark else { return false };
        let Ok(feed) = means.provider.changes_since(bookmark).await else { return false };
        let adds = |row: &&FeedRow| row.holder == card.holder && row.added.contains(&card.link);
        let makers: Vec<&FeedRow> = feed.rows.iter().filter(adds).collect();
        !makers.is_empty() && makers.iter().all(|row| row.operator.as_ref() == Some(us))
    }
}

fn not_ours(reason: &'static str) -> Problem {
    Problem::new(
        ProblemKind::Refused,
        "this pass may not be removed from here",
        reason,
        "whoever issued it can remove it in Command Centre",
    )
}

/// Mutations need a ledger whose chain was verified (invariant I8, decision 23).
///
/// # Errors
/// While it is being verified, and if it is broken.
pub fn ledger_ready(means: &Means) -> Result<(), Problem> {
    match means.ledger.health() {
        LedgerHealth::Verified { .. } => Ok(()),
        LedgerHealth::Verifying => {
            Err(Problem::new(ProblemKind::Refused, "the ledger is being verified, a moment", "", "try again shortly"))
        }
        LedgerHealth::Broken(reason) => Err(ledger_broken(&reason)),
    }
}

/// A ledger that did not do it, as an operator reads it before anything was sent.
pub fn ledger_problem(error: &LedgerError) -> Problem {
    match error {
        LedgerError::Busy(intent) => Problem::new(
            ProblemKind::Refused,
            "another change for this person is not settled yet",
            format!("intent {intent}"),
            "wait until it is, see w",
        ),
        LedgerError::Transition(what) => Problem::new(
            ProblemKind::Failed,
            "the journal refused a step",
            what.clone(),
            "nothing was sent; this is a defect, please report it",
        ),
        LedgerError::Unsafe(reason) => ledger_broken(reason),
    }
}

fn ledger_broken(reason: &str) -> Problem {
    Problem::new(
        ProblemKind::Refused,
        "changes are off: the ledger cannot be trusted or written",
        reason,
        "browsing still works; run doctor",
    )
    .with_detail(reason)
}
