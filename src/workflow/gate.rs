//! The gate: may this credential be ended now? Computed at the time of action, from a read of the vendor that
//! is seconds old, never from a stored flag (invariants I10 to I13, I17).

use super::Means;
use super::binding::Traces;
use super::{Whose, whose};
use crate::domain::clocks::ClockTrouble;
use crate::domain::credential::{Credential, State, System};
use crate::domain::ids::{CredentialId, HolderId, IntentId, Link};
use crate::domain::journal::{IntentRecord, IntentState, Proof, Seen};
use crate::domain::ownership::{Action, Deed, Grade, Imported, Ownership, arrived, distrust_comparison};
use crate::domain::policy::{ConfirmLevel, Why};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::ReadMark;
use crate::domain::text::SafeText;
use crate::ports::ledger::{LedgerError, LedgerHealth};
use crate::ports::provider::{FeedRow, HolderRead, ProviderError};
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
    /// What the imported ledgers of other consoles say.
    pub imported: Vec<Imported>,
    /// Grades, in the order of `read.credentials`.
    pub grades: Vec<Ownership>,
    /// When it was read (UTC), for showing.
    pub read_at: Timestamp,
    /// Why nothing that compares times or lists counts in it.
    pub clock: Option<ClockTrouble>,
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
        let known = whose(means.ledger.as_ref(), holder, &read.credentials).await.map_err(|e| ledger_problem(&e))?;
        let Whose { records, imported, mut grades } = known;
        let read_at = means.clock.now();
        let clock = ClockTrouble::judge(read_at, read.server_date, means.clock.drift());
        if let Some(trouble) = clock {
            distrust_comparison(&mut grades, trouble.clause());
        }
        Ok(Self { read, records, imported, grades, read_at, clock, asked })
    }

    /// A credential by its id, and whose it is.
    pub fn card(&self, id: &CredentialId) -> Option<(&Credential, &Ownership)> {
        self.read.credentials.iter().zip(&self.grades).find(|(card, _)| card.id == *id)
    }

    /// A remembered object, wherever it is now, and whose it is.
    pub fn object(&self, seen: &Seen) -> Option<(&Credential, &Ownership)> {
        self.read.credentials.iter().zip(&self.grades).find(|(card, _)| seen.is(card))
    }

    /// When this was read, by what cannot jump.
    pub fn mark(&self) -> ReadMark {
        ReadMark { elapsed: self.asked, seq: self.records.iter().map(|r| r.seq).max().unwrap_or(0) }
    }

    /// Nothing that was sent for this person, of whatever type, is still without an answer: what is done next could
    /// be the second half of a double. `own` is the intent that asks.
    ///
    /// # Errors
    /// Which change it is, and how far that got.
    pub fn nothing_open(&self, own: Option<IntentId>) -> Result<(), Problem> {
        let may_be_on_its_way =
            |r: &&IntentRecord| r.state.blocks() && !matches!(r.state, IntentState::Intent | IntentState::Snapshotted);
        let Some(open) = self.records.iter().filter(|r| Some(r.intent) != own).find(may_be_on_its_way) else {
            return Ok(());
        };
        let (act, day) = (open.purpose.act.word(), open.sent.unwrap_or(open.opened).strftime("%d %b %H:%MZ"));
        Err(Problem::new(
            ProblemKind::Refused,
            "another change for this person is not settled yet",
            format!("{act} of {day} by {} is {} (intent {})", SafeText::of(&open.operator), open.state, open.intent),
            "it is settled by reading; w or `passdesk jobs list` shows it, and there a person can decide it",
        ))
    }

    /// True while a destructive request may rest on this read.
    pub fn is_live(&self, means: &Means) -> bool {
        means.clock.elapsed().saturating_sub(self.asked) <= LIVE_READ_LIFE
    }

    /// True if the person keeps a credential that surely can open a door without `card`, or be made to by her alone.
    /// One in a state that nobody can name does not count, nor one that is still at the printer or not sent out, nor
    /// one that is barred; and none in another system, which may open other doors.
    pub fn keeps_another(&self, card: &Credential) -> bool {
        let sure = |c: &Credential| c.usable() && !c.barred && !matches!(c.state(), State::Unknown | State::Pending);
        self.read.credentials.iter().any(|c| c.id != card.id && sure(c))
    }

    /// Nobody is left without a working credential, but for a reason that outweighs it (invariant I17).
    ///
    /// # Errors
    /// If `card` is usable and the last one that is.
    pub fn keep_one(&self, card: &Credential, why: Option<Why>, next: &'static str) -> Result<(), Problem> {
        if !card.usable() || self.keeps_another(card) || why.is_some_and(Why::outweighs_the_last) {
            return Ok(());
        }
        Err(Problem::new(
            ProblemKind::Refused,
            "it is the person's last usable pass",
            "only lost, stolen or leaver takes that away; passes in other systems do not count, they may open other \
             doors",
            next,
        ))
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

    /// May this credential be ended, and how must that be confirmed?
    ///
    /// # Errors
    /// The reason why not.
    pub async fn may_end(&self, means: &Means, card: &Credential) -> Result<ConfirmLevel, Problem> {
        self.may(means, card, Deed::END).await
    }

    /// May this be done to this credential, and how must that be confirmed? Before what nobody can take back, the
    /// vendor's log, where there is one, is read again from where it stood before we made the pass: a copied marker
    /// looks like ours, the log does not.
    ///
    /// # Errors
    /// The reason why not.
    pub async fn may(&self, means: &Means, card: &Credential, deed: Deed) -> Result<ConfirmLevel, Problem> {
        let system = card.class.system();
        let not_ours = |reason| not_ours(system, reason);
        let foreign = Ownership::new(Grade::Foreign, Vec::new());
        let ownership = self.card(&card.id).map_or(&foreign, |(_, ownership)| ownership);
        let (grade, action) = (ownership.grade, deed.action);
        if action == Action::Irreversible && !self.read.whole {
            return Err(Problem::new(
                ProblemKind::Refused,
                "not all of the person's passes can be read",
                "another one may carry the same mark, and what is left out cannot be told from what is gone",
                "nothing was sent; it can be suspended where the system has that",
            ));
        }
        let level = ownership.permits(deed).map_err(not_ours)?;
        match grade {
            _ if action == Action::Reversible => {}
            Grade::Witnessed => self.log_names_us(means, card, true).await?,
            Grade::Tagged => self.log_names_us(means, card, false).await?,
            _ => {}
        }
        Ok(level)
    }

    /// The vendor's log, read again. If it is the `only` evidence, it must name us.
    async fn log_names_us(&self, means: &Means, card: &Credential, only: bool) -> Result<(), Problem> {
        let not_ours = |reason| not_ours(card.class.system(), reason);
        let unnamed = || not_ours("the vendor's log, read again, does not name us as its creator");
        let us = means.provider.profile().feed_operator.as_ref();
        let found = self.records.iter().rev().find_map(|record| {
            let bound = record.binding.as_ref()?;
            let object = bound.object.as_ref().filter(|seen| seen.is(card))?;
            Some((record, bound.proofs.contains(&Proof::Feed), object))
        });
        let late = || {
            let arrival = self.records.iter().rev().find(|r| arrived(r, card))?;
            let made = |r: &&IntentRecord| r.purpose.act.makes() && r.purpose.saga == arrival.purpose.saga;
            Some((self.records.iter().find(made)?, false, arrival.purpose.old.as_ref()?))
        };
        let read = found.or_else(late).and_then(|(record, fed, object)| {
            let snapshot = record.snapshot.as_ref()?;
            Some((record, fed, object, snapshot, snapshot.bookmark.as_ref()?))
        });
        let Some((record, fed, object, snapshot, bookmark)) = read else {
            return if only { Err(unnamed()) } else { Ok(()) };
        };
        if only && us.is_none() {
            return Err(unnamed());
        }
        let mut feed = means.provider.changes_since(bookmark).await.map_err(|error| cannot_be_checked(&error))?;
        self.leave_out_other_work(record, &mut feed.rows);
        let (purpose, after) = (&record.purpose, &self.read.credentials);
        let (rows, whole) = (Some(feed.rows.as_slice()), self.read.whole);
        let traces = Traces { purpose, snapshot, after, whole, feed: rows, us, proven: true, named: None, others: &[] };
        if let Some(why) = traces.feed_denies(object) {
            return Err(not_ours(why));
        }
        let made = |row: &FeedRow| row.holder == card.holder && row.added.contains(&object.link);
        let named = feed.rows.iter().any(|row| made(row) && (us.is_none() || row.operator.as_ref() == us));
        // A log that was seen to name us once may since have been cut at its far end; one that never did may not.
        let once = !only && fed && !feed.rows.iter().any(made);
        if named || once { Ok(()) } else { Err(unnamed()) }
    }

    /// Takes out of a log what other changes of ours added, as the journal bound it: each of them was a request of its
    /// own, and says nothing about this one.
    pub(super) fn leave_out_other_work(&self, record: &IntentRecord, rows: &mut [FeedRow]) {
        let others: Vec<&Seen> = self.bound_otherwise(record).collect();
        for row in rows.iter_mut() {
            row.added.retain(|link| !others.iter().any(|seen| seen.link == *link));
        }
    }

    /// True if another change of ours was sent later for the same pass, and may have undone what this one did: after a
    /// person parked this one, the pass can be worked on again.
    pub(super) fn changed_since(&self, record: &IntentRecord) -> bool {
        let Some(old) = &record.purpose.old else { return false };
        let later = |r: &&IntentRecord| r.sent.is_some() && r.seq > record.seq;
        self.records.iter().filter(later).any(|r| r.purpose.old.as_ref().is_some_and(|its| its.id == old.id))
    }

    /// What the journal bound to other changes of ours than this one.
    pub(super) fn bound_otherwise<'a>(&'a self, record: &'a IntentRecord) -> impl Iterator<Item = &'a Seen> {
        let others = self.records.iter().filter(|r| r.intent != record.intent && r.purpose.act.makes());
        others.filter_map(|r| r.binding.as_ref()?.object.as_ref())
    }
}

/// The evidence cannot be looked at, so nothing may rest on it.
fn cannot_be_checked(error: &ProviderError) -> Problem {
    Problem::new(
        ProblemKind::Refused,
        "whether this pass is ours cannot be checked now",
        "the vendor's log cannot be read",
        "try again when it can",
    )
    .with_detail(error.detail.as_str())
}

fn not_ours(system: System, reason: &'static str) -> Problem {
    Problem::new(
        ProblemKind::Refused,
        "this pass may not be changed from here",
        reason,
        format!("whoever issued it can do that in {}", system.title()),
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
        LedgerHealth::ReadOnly(reason) => Err(ledger_read_only(&reason)),
    }
}

/// A ledger that did not do it, as an operator reads it before anything was sent.
pub fn ledger_problem(error: &LedgerError) -> Problem {
    match error {
        LedgerError::Busy(intent) => Problem::new(
            ProblemKind::Refused,
            "another change for this person is not settled yet",
            format!("intent {intent}"),
            "wait until it is",
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

fn ledger_read_only(reason: &str) -> Problem {
    Problem::new(
        ProblemKind::Refused,
        "changes are off: nothing can be recorded in the ledger",
        reason,
        "nothing was sent; check the data folder and start again; browsing still works",
    )
}

fn ledger_broken(reason: &str) -> Problem {
    Problem::new(
        ProblemKind::Refused,
        "changes are off: the ledger cannot be trusted or written",
        reason,
        "browsing still works; run `passdesk ledger verify`",
    )
    .with_detail(reason)
}
