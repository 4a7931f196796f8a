//! What each query and act does with the desk's ports. Queries may be dropped at any await; acts are spawned
//! to run to their end.

use crate::console::message::{Answer, HolderView, Query};
use crate::desk::{Desk, checkup};
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::Credential;
use crate::domain::ids::{HolderId, Link, TenantName};
use crate::domain::journal::IntentRecord;
use crate::domain::operation::Operation;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissueEnd, ReissuePlan, ReissueRequest, ReissueStep};
use crate::domain::turn::{TurnPlan, TurnRequest};
use crate::ports::cache::{CacheError, HolderHit, Scope};
use crate::ports::ledger::{HistoryQuery, LedgerError};
use crate::ports::provider::Connection;
use crate::workflow::gate::LiveView;
use crate::workflow::reissue::{preview, run};
use crate::workflow::{Means, late, reissue as workflow_reissue, turn as workflow_turn, whose};

fn cache_problem(error: CacheError) -> Problem {
    Problem::new(ProblemKind::Failed, "The cache did not answer", error.0, "the systems are still asked directly")
}

pub(super) fn ledger_problem(error: &LedgerError) -> Problem {
    Problem::new(ProblemKind::Failed, "The ledger cannot be read", error.to_string(), "run `passdesk ledger verify`")
}

fn unknown_tenant(tenant: &TenantName) -> Problem {
    Problem::new(ProblemKind::Usage, format!("No system is called {tenant}"), "", "see the site file")
}

/// Answers one query.
pub async fn answer(desk: &Desk, query: Query) -> Answer {
    let result = match query {
        Query::Search { text, scope, limit } => search(desk, &text, scope, limit).await,
        Query::Remote { tenant, text, limit } => remote(desk, &tenant, &text, limit).await.map(Answer::Remote),
        Query::Person(id) => person(desk, &id).await.map(Answer::Person),
        Query::Live(id, link) => live(desk, &id, &link).await.map(|view| Answer::Holder(Box::new(view))),
        Query::Ledger(ids, limit) => recorded(desk, &ids, limit).await.map(Answer::History),
        Query::Events(id, limit) => events(desk, &id, limit).await.map(Answer::History),
        Query::Preview(request) => plan(desk, *request).await.map(|plan| Answer::Plan(Box::new(plan))),
        Query::Case(intent, holder) => {
            super::jobs::case(desk, intent, &holder).await.map(|case| Answer::Case(Box::new(case)))
        }
        Query::Checkup => Ok(Answer::Checkup(checkup::examine(desk).await)),
        Query::Requests(limit) => Ok(Answer::Requests(desk.requests.newest(limit))),
        Query::PreviewTurn(request) => turn_plan(desk, *request).await.map(|plan| Answer::TurnPlan(Box::new(plan))),
    };
    result.unwrap_or_else(Answer::Failed)
}

async fn search(desk: &Desk, text: &str, scope: Scope, limit: usize) -> Result<Answer, Problem> {
    let began = desk.clock.elapsed();
    let hits = desk.cache.search(text, scope, limit).await.map_err(cache_problem)?;
    let first = match hits.rows.first() {
        Some(hit) => person(desk, &hit.holder.id).await?,
        None => Vec::new(),
    };
    Ok(Answer::Hits { hits, first, took: desk.clock.elapsed().saturating_sub(began) })
}

/// Asks one system; what it finds is in the cache when this returns.
async fn remote(desk: &Desk, tenant: &TenantName, text: &str, limit: usize) -> Result<usize, Problem> {
    let provider = desk.provider(tenant).ok_or_else(|| unknown_tenant(tenant))?;
    if provider.finds_names() {
        let page = provider.find_holders(text, limit).await.map_err(|e| e.problem(tenant))?;
        let found = page.rows.len();
        desk.cache.store(page.rows, None).await.map_err(cache_problem)?;
        return Ok(found);
    }
    // It is asked for what was typed, and for the numbers of those whom the cache found by it in other systems.
    let known = desk.cache.search(text, Scope::Name, LOOKED_FOR).await.map_err(cache_problem)?;
    let of_hit = |hit: &HolderHit| (!hit.has_tenant(tenant)).then(|| hit.holder.employee_number.raw().to_owned());
    let mut asked: Vec<String> = known.rows.iter().filter_map(of_hit).filter(|n| !n.is_empty()).collect();
    asked.push(text.to_owned());
    let mut found = 0;
    for words in asked {
        let page = provider.find_holders(&words, limit).await.map_err(|e| e.problem(tenant))?;
        found += page.rows.len();
        desk.cache.store(page.rows, None).await.map_err(cache_problem)?;
    }
    Ok(found)
}

/// So many people are looked for by number where a system knows no names.
const LOOKED_FOR: usize = 8;

/// A person as remembered, with grades that the journal gives to what is remembered.
///
/// # Errors
/// If the ledger cannot be read.
pub async fn cached(desk: &Desk, holder: Cardholder, cards: Vec<Credential>) -> Result<HolderView, Problem> {
    let grades = whose(desk.ledger.as_ref(), &holder.id, &cards).await.map_err(|e| ledger_problem(&e))?.grades;
    Ok(HolderView {
        holder,
        cards: cards.into_iter().zip(grades).collect(),
        live: false,
        whole: true,
        clock: None,
        late: false,
        documents: Vec::new(),
    })
}

/// All records of a person as cached, with her cards.
pub async fn person(desk: &Desk, id: &HolderId) -> Result<Vec<HolderView>, Problem> {
    let mut views = Vec::new();
    for (holder, cards) in desk.cache.person(id).await.map_err(cache_problem)? {
        views.push(cached(desk, holder, cards).await?);
    }
    Ok(views)
}

/// Reads one record live; the cache learns it too.
pub async fn live(desk: &Desk, id: &HolderId, link: &Link) -> Result<HolderView, Problem> {
    let means = means(desk, &id.tenant)?;
    let mut view = LiveView::read(&means, id, link).await?;
    let mut late = false;
    if late::is_due(&view) {
        // What is recorded just now counts in the grades: they are computed anew.
        late = late::notice(&means, &view).await.iter().any(|alarm| alarm.recorded);
        view = if late { LiveView::read(&means, id, link).await? } else { view };
    }
    if let Err(error) = desk.cache.store(vec![view.read.clone()], None).await {
        // The cache is a convenience: what was read is shown all the same.
        tracing::warn!(%error, "a live read could not be cached");
    }
    let LiveView { read, grades, clock, .. } = view;
    let cards = read.credentials.into_iter().zip(grades).collect();
    let (holder, whole, documents) = (read.holder, read.whole, read.documents);
    Ok(HolderView { holder, cards, live: true, whole, clock, late, documents })
}

/// What our ledger says about these records, newest first.
async fn recorded(desk: &Desk, ids: &[HolderId], limit: usize) -> Result<Vec<Operation>, Problem> {
    let mut rows = Vec::new();
    for id in ids {
        let query = HistoryQuery { holder: Some(id.clone()), limit };
        rows.extend(desk.ledger.operations(&query).await.map_err(|e| ledger_problem(&e))?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.at));
    rows.truncate(limit);
    Ok(rows)
}

/// What one system's own log says about a record.
async fn events(desk: &Desk, id: &HolderId, limit: usize) -> Result<Vec<Operation>, Problem> {
    let provider = desk.provider(&id.tenant).ok_or_else(|| unknown_tenant(&id.tenant))?;
    provider.events_of(id, limit).await.map_err(|e| e.problem(&id.tenant))
}

pub(super) fn means(desk: &Desk, tenant: &TenantName) -> Result<Means, Problem> {
    desk.means(tenant).ok_or_else(|| unknown_tenant(tenant))
}

async fn plan(desk: &Desk, request: ReissueRequest) -> Result<ReissuePlan, Problem> {
    preview(&means(desk, &request.holder.tenant)?, request).await
}

async fn turn_plan(desk: &Desk, request: TurnRequest) -> Result<TurnPlan, Problem> {
    workflow_turn::preview(&means(desk, &request.holder.tenant)?, request).await
}

/// Asks a system who it is.
pub async fn connect(desk: &Desk, tenant: &TenantName) -> Result<Connection, Problem> {
    let provider = desk.provider(tenant).ok_or_else(|| unknown_tenant(tenant))?;
    provider.connect().await.map_err(|e| e.problem(tenant))
}

/// Runs a reissue to its end.
pub async fn reissue(desk: &Desk, plan: ReissuePlan, step: impl Fn(ReissueStep) + Send) -> ReissueEnd {
    match means(desk, &plan.holder.id.tenant) {
        Ok(means) => run(&means, plan, step).await,
        Err(problem) => ReissueEnd::NotSent(problem),
    }
}

/// Runs an act on one credential to its end.
pub async fn turn(desk: &Desk, plan: TurnPlan, step: impl Fn(ReissueStep) + Send) -> ReissueEnd {
    match means(desk, &plan.holder.id.tenant) {
        Ok(means) => workflow_turn::run(&means, plan, step).await,
        Err(problem) => ReissueEnd::NotSent(problem),
    }
}

/// Runs the second half of a reissue to its end.
pub async fn retire(desk: &Desk, record: IntentRecord) -> ReissueEnd {
    match means(desk, &record.purpose.holder.tenant) {
        Ok(means) => workflow_reissue::retire(&means, record).await,
        Err(problem) => ReissueEnd::NotSent(problem),
    }
}

/// Is the new credential of waiting work usable yet?
pub async fn usable(desk: &Desk, record: &IntentRecord) -> Result<bool, Problem> {
    workflow_reissue::new_is_usable(&means(desk, &record.purpose.holder.tenant)?, record).await
}
