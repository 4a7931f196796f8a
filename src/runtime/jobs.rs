//! Unfinished work: what the ledger lists, what a look at the vendors settles, and what a person decides.

use super::reading::{ledger_problem, means};
use crate::console::message::{Report, Work};
use crate::desk::Desk;
use crate::domain::decision::{Case, Verdict};
use crate::domain::ids::{HolderId, IntentId, TenantName};
use crate::domain::journal::{IntentRecord, IntentState};
use crate::domain::problem::Problem;
use crate::domain::reissue::{Names, Settled};
use crate::ports::ledger::LedgerError;
use crate::store::process::is_alive;
use crate::workflow::recovery::{hold as workflow_hold, record_late, recover, settle};
use crate::workflow::{decide as workflow_decide, late, reissue};
use futures::future::join_all;
use std::collections::HashSet;

/// So many people of the list are named; the others show by their ids until somebody opens them.
const NAMED: usize = 500;

/// What is not finished, by the ledger alone: no vendor is asked.
///
/// # Errors
/// If the ledger cannot be read.
pub async fn work(desk: &Desk) -> Result<Work, LedgerError> {
    let watch = desk.ledger.late_watch(desk.clock.now() - late::WATCH_FOR).await?;
    Ok(Work {
        open: desk.ledger.unfinished().await?,
        waiting: desk.ledger.waiting_retirements().await?,
        half: desk.ledger.half_done().await?,
        arrived: watch.arrived,
        watched: watch.watched.len(),
    })
}

/// The list as it stands, for the first screen of a run: it waits for nobody.
pub async fn listed(desk: &Desk) -> Report {
    match work(desk).await {
        Ok(work) => named(desk, work, Vec::new()).await,
        Err(error) => Report::RecoveryFailed(ledger_problem(&error)),
    }
}

/// The list after one look at the vendors for open questions and for what may arrive late, each system by itself.
/// Reads only.
pub async fn looked_at(desk: &Desk, busy: &[HolderId]) -> Report {
    let settled = match look(desk, busy).await {
        Ok(settled) => settled,
        Err(problem) => return Report::RecoveryFailed(problem),
    };
    match work(desk).await {
        Ok(mut work) => {
            still_half(desk, &mut work.half).await;
            named(desk, work, settled).await
        }
        Err(error) => Report::RecoveryFailed(ledger_problem(&error)),
    }
}

/// One look at the vendors of all systems. Reads only.
///
/// # Errors
/// If what was learnt cannot be recorded.
pub async fn look(desk: &Desk, busy: &[HolderId]) -> Result<Vec<Settled>, Problem> {
    let looks = desk.providers.iter().map(|provider| look_at(desk, &provider.profile().name, busy));
    let mut settled = Vec::new();
    for looked in join_all(looks).await {
        settled.extend(looked?);
    }
    Ok(settled)
}

/// Leaves out what somebody finished in the vendor's own screens.
pub async fn still_half(desk: &Desk, half: &mut Vec<IntentRecord>) {
    let mut left = Vec::new();
    for record in half.drain(..) {
        let still = match desk.means(&record.purpose.holder.tenant) {
            Some(means) => reissue::is_still_half(&means, &record).await,
            None => true,
        };
        if still {
            left.push(record);
        }
    }
    *half = left;
}

/// The report with the names of the people concerned.
async fn named(desk: &Desk, work: Work, settled: Vec<Settled>) -> Report {
    let mut names = Names::new();
    let records = work.arrived.iter().chain(&work.open).chain(&work.half).chain(&work.waiting);
    let people = settled.iter().map(|s| &s.holder).chain(records.map(|r| &r.purpose.holder));
    let mut asked = HashSet::new();
    for id in people.filter(|id| asked.insert((*id).clone())).take(NAMED) {
        if let Ok(Some((holder, _))) = desk.cache.holder(id).await {
            names.insert(id.clone(), holder.name().safe());
        }
    }
    Report::Unfinished { work: Box::new(work), settled, names }
}

/// Settles by reading what is open at one system, as far as that can be.
async fn look_at(desk: &Desk, tenant: &TenantName, busy: &[HolderId]) -> Result<Vec<Settled>, Problem> {
    let Some(means) = desk.means(tenant) else { return Ok(Vec::new()) };
    let mut settled = recover(&means, &is_alive).await;
    // What is on record stands at the top of the list; what could not be recorded must be told all the same.
    let alarms = late::look(&means, busy).await.into_iter().filter(|alarm| !alarm.recorded);
    settled.extend(alarms.map(|alarm| alarm.told));
    // Our own open questions: this process lives, so recovery leaves them to us.
    let Ok(open) = desk.ledger.unfinished().await else { return Ok(settled) };
    for record in open {
        let ours = record.purpose.owner == desk.owner && record.purpose.holder.tenant == *tenant;
        if !ours || busy.contains(&record.purpose.holder) {
            continue;
        }
        match record.state {
            IntentState::Unknown | IntentState::Applied | IntentState::Diverged => {
                settled.push(settle(&means, record).await);
            }
            // Nothing of ours is on its way for this person: an answer came that could not be recorded
            // (invariant I9).
            IntentState::Sending => settled.push(record_late(&means, record.intent).await?),
            _ => {}
        }
    }
    Ok(settled)
}

/// An open question with its evidence.
///
/// # Errors
/// As the workflow says.
pub async fn case(desk: &Desk, intent: IntentId, holder: &HolderId) -> Result<Case, Problem> {
    workflow_decide::case(&means(desk, &holder.tenant)?, intent).await
}

/// Records a person's answer, and gives the list as it is then.
pub async fn decide(desk: &Desk, case: &Case, verdict: &Verdict, reason: &str) -> Report {
    let decided = match means(desk, &case.holder.tenant) {
        Ok(means) => workflow_decide::decide(&means, case, verdict, reason).await,
        Err(problem) => Err(problem),
    };
    after(desk, decided).await
}

/// Parks an open question, and gives the list as it is then.
pub async fn hold(desk: &Desk, intent: IntentId, holder: &HolderId) -> Report {
    let reason = format!("parked at the desk by {}", desk.operator);
    let parked = match means(desk, &holder.tenant) {
        Ok(means) => workflow_hold(&means, intent, &reason).await,
        Err(problem) => Err(problem),
    };
    after(desk, parked).await
}

/// Ends an alarm: the credential stays as it is. Gives the list as it is then.
pub async fn keep(desk: &Desk, intent: IntentId, holder: &HolderId) -> Report {
    let reason = format!("kept at the desk by {}", desk.operator);
    let kept = match means(desk, &holder.tenant) {
        Ok(means) => late::keep(&means, intent, &reason).await,
        Err(problem) => Err(problem),
    };
    after(desk, kept).await
}

async fn after(desk: &Desk, done: Result<Settled, Problem>) -> Report {
    match (done, work(desk).await) {
        (Ok(one), Ok(work)) => named(desk, work, vec![one]).await,
        (Err(problem), _) => Report::RecoveryFailed(problem),
        (_, Err(error)) => Report::RecoveryFailed(ledger_problem(&error)),
    }
}
