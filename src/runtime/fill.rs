//! Fills the cache from a system, page by page, beside everything else. Resumes where an earlier run stopped.

use crate::console::message::{Msg, Report};
use crate::desk::Desk;
use crate::domain::ids::TenantName;
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::cache::FillMark;
use jiff::SignedDuration;
use tokio::sync::mpsc::UnboundedSender;

/// People asked for in one page: bulk reads by id in pages of a thousand are what the vendor advises
/// (gallagher.md section 13).
const PAGE: usize = 1000;
/// A cache filled less long ago than this is not filled again at start.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// A pass that was begun longer ago than this is begun anew, because its page mark may be worth nothing.
const RESUMABLE: SignedDuration = SignedDuration::from_hours(12);

/// Fills the cache from one system and reports each page.
pub async fn fill(desk: &Desk, tenant: &TenantName, outbox: &UnboundedSender<Msg>) {
    let report = |mark: &FillMark, problem: Option<Problem>| {
        // The receiver is gone only when the program ends.
        let _ = outbox.send(Msg::Report(Report::Fill(tenant.clone(), mark.clone(), problem)));
    };
    let mut mark = desk.cache.fill_mark(tenant).await.unwrap_or_default();
    let now = desk.clock.now();
    if mark.next.is_none() && mark.completed.is_some_and(|t| now.duration_since(t) < FRESH) {
        report(&mark, None);
        return keep_history(desk, tenant).await;
    }
    if mark.next.is_none() || mark.began.is_none_or(|t| now.duration_since(t) > RESUMABLE) {
        mark = FillMark { began: Some(now), ..FillMark { next: None, seen: 0, ..mark } };
    }
    if let Err(problem) = pages(desk, tenant, &mut mark, &report).await {
        report(&mark, Some(problem));
    }
    keep_history(desk, tenant).await;
}

/// What a vendor forgets is kept once a week for those who matter here (decision 27); what cannot be read now is a gap
/// that the history shows.
async fn keep_history(desk: &Desk, tenant: &TenantName) {
    let Some(provider) = desk.provider(tenant) else { return };
    match provider.keep_history(false).await {
        Ok(kept) if kept.failed.is_empty() => {}
        Ok(kept) => tracing::warn!(%tenant, failed = kept.failed.len(), "the history of some people could not be kept"),
        Err(error) => tracing::warn!(%tenant, detail = error.detail.as_str(), "no history could be kept"),
    }
}

async fn pages(
    desk: &Desk,
    tenant: &TenantName,
    mark: &mut FillMark,
    report: &(impl Fn(&FillMark, Option<Problem>) + Sync),
) -> Result<(), Problem> {
    let cache_problem =
        |e: crate::ports::cache::CacheError| Problem::new(ProblemKind::Failed, "The cache cannot be filled", e.0, "");
    let Some(provider) = desk.provider(tenant) else { return Ok(()) };
    loop {
        let page = provider.list_holders(mark.next.as_ref(), PAGE).await.map_err(|e| e.problem(tenant))?;
        mark.seen += page.rows.len() as u64;
        mark.next = page.next;
        let rows = page.rows;
        desk.cache.store(rows, Some((tenant.clone(), mark.clone()))).await.map_err(cache_problem)?;
        if mark.next.is_none() {
            break;
        }
        report(mark, None);
    }
    let now = desk.clock.now();
    if let Some(began) = mark.began {
        desk.cache.finish_fill(tenant, began, now).await.map_err(cache_problem)?;
    }
    mark.completed = Some(now);
    report(mark, None);
    Ok(())
}
