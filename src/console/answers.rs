//! What comes back: search results, people, histories, connections.

use super::message::{Answer, Effect, HolderView, Query, Slot};
use super::model::{Model, Pane, Tone};
use super::wizard::Plan;
use crate::domain::ids::TenantName;
use crate::domain::ownership::most_needy_first;
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::cache::{FillMark, Hits};
use crate::ports::ledger::LedgerHealth;
use crate::ports::provider::Connection;
use std::time::Duration;

impl Model {
    /// An answer whose number is the newest of its slot.
    pub(super) fn answer(&mut self, slot: Slot, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Hits { hits, first, took } => self.found(hits, first, took),
            Answer::Remote { asked, failed } => self.systems_answered(asked, &failed),
            Answer::Holder(view) => {
                if slot == Slot::Live {
                    self.shown.reading = false;
                    self.shown.problem = None;
                }
                if let Some(view) = view {
                    self.show(*view);
                } else if slot == Slot::Cached && self.focus <= Pane::Holders {
                    self.shown = super::model::Shown::default();
                }
                self.open_pending()
            }
            Answer::History(rows, gap) => {
                self.history_cursor = self.history_cursor.min(rows.len().saturating_sub(1));
                self.history = rows;
                self.history_gap = gap;
                Vec::new()
            }
            Answer::Plan(plan) => self.plan_read(Ok(Plan::Reissue(plan))),
            Answer::TurnPlan(plan) => self.plan_read(Ok(Plan::Turn(plan))),
            Answer::Failed(problem) => self.query_failed(slot, problem),
        }
    }

    fn query_failed(&mut self, slot: Slot, problem: Problem) -> Vec<Effect> {
        match slot {
            Slot::Preview => return self.plan_read(Err(problem)),
            Slot::Live => {
                self.shown.reading = false;
                self.log(Tone::Error, &problem.to_string(), &problem.detail);
                self.note_outage(&problem);
                self.shown.problem = Some(problem);
            }
            Slot::Search => {
                self.searching = false;
                self.open_when_found = false;
                self.typed_ahead.clear();
                self.trouble(&problem);
            }
            Slot::Remote => {
                self.asking = false;
                self.log(Tone::Warn, &problem.to_string(), &problem.detail);
            }
            Slot::Cached | Slot::History => self.log(Tone::Warn, &problem.to_string(), &problem.detail),
        }
        Vec::new()
    }

    /// A live read showed that the system is not there or refuses us: the header says so too.
    fn note_outage(&mut self, problem: &Problem) {
        let Some(tenant) = self.shown.view.as_ref().map(|v| v.holder.id.tenant.clone()) else { return };
        let outage = matches!(problem.kind, ProblemKind::Unreachable)
            || problem.kind == ProblemKind::Unauthorised
                && ["refused our key", "wants a client certificate"].iter().any(|what| problem.what.ends_with(what));
        if outage && let Some(state) = self.tenants.iter_mut().find(|t| t.profile.name == tenant) {
            state.connection = Some(Err(problem.clone()));
        }
    }

    fn found(&mut self, hits: Hits, first: Option<Box<HolderView>>, took: Duration) -> Vec<Effect> {
        self.searching = false;
        self.took = Some(took);
        self.hits = hits;
        let kept = self.hit_row().is_some() && self.focus != Pane::Search;
        let mut effects = Vec::new();
        if !kept {
            // While somebody types, the best hit is under the cursor; elsewhere the cursor keeps its person.
            self.hit = self.hits.rows.first().map(|r| r.holder.id.clone());
            match first {
                Some(view) => self.show(*view),
                None if self.focus <= Pane::Holders => {
                    self.shown = super::model::Shown::default();
                    self.history.clear();
                }
                None => {}
            }
        }
        if std::mem::take(&mut self.open_when_found) {
            effects.extend(self.open_hit());
        }
        for key in std::mem::take(&mut self.typed_ahead) {
            effects.extend(self.routed_key(key));
        }
        effects
    }

    /// Puts a person on the screen; the cursor keeps its card, and a live view is never replaced by an older one.
    pub(super) fn show(&mut self, mut view: HolderView) {
        most_needy_first(&mut view.cards);
        let same = self.shown.view.as_ref().is_some_and(|v| v.holder.id == view.holder.id);
        if same && !view.live && self.shown.view.as_ref().is_some_and(|v| v.live && v.holder.as_of >= view.holder.as_of)
        {
            return;
        }
        if !same {
            self.history.clear();
            self.history_gap = None;
            self.history_cursor = 0;
            self.shown.problem = None;
        }
        if view.live
            && let Some(hit) = self.hits.rows.iter_mut().find(|h| h.holder.id == view.holder.id)
        {
            hit.cards = view.cards.len();
            hit.need = view.cards.iter().map(|(c, _)| c.state()).min();
        }
        let known = self.shown.cursor.as_ref().is_some_and(|id| view.cards.iter().any(|(c, _)| c.id == *id));
        if !known {
            let row = same.then(|| self.shown.row()).flatten().unwrap_or(0).min(view.cards.len().saturating_sub(1));
            self.shown.cursor = view.cards.get(row).map(|(c, _)| c.id.clone());
        }
        self.shown.view = Some(view);
    }

    fn systems_answered(&mut self, asked: usize, failed: &[(TenantName, Problem)]) -> Vec<Effect> {
        self.asking = false;
        for (_, problem) in failed {
            self.log(Tone::Warn, &problem.to_string(), &problem.detail);
        }
        if failed.len() == asked {
            return Vec::new();
        }
        self.search_again()
    }

    /// Asks the cache again for what is in the search line, because it may know more now.
    fn search_again(&mut self) -> Vec<Effect> {
        let text = self.search.value().trim().to_owned();
        let (scope, limit) = (self.scope, super::browse::HITS);
        vec![self.ask(Slot::Search, Query::Search { text, scope, limit })]
    }

    /// A system said who it is, or did not.
    pub(super) fn connected(&mut self, tenant: &TenantName, result: Result<Connection, Problem>) -> Vec<Effect> {
        if let Err(problem) = &result {
            self.trouble(problem);
        }
        if let Some(state) = self.tenants.iter_mut().find(|t| t.profile.name == *tenant) {
            state.filling = result.is_ok();
            state.connection = Some(result);
        }
        Vec::new()
    }

    /// The background fill of the cache moved on.
    pub(super) fn filled(&mut self, tenant: &TenantName, mark: FillMark, problem: Option<&Problem>) -> Vec<Effect> {
        if let Some(problem) = problem {
            self.log(Tone::Warn, &problem.to_string(), &problem.detail);
        }
        let Some(state) = self.tenants.iter_mut().find(|t| t.profile.name == *tenant) else { return Vec::new() };
        state.filling = problem.is_none() && mark.next.is_some();
        let first_page = state.fill.seen == 0 && mark.seen > 0;
        let ended = problem.is_none() && mark.next.is_none();
        state.fill = mark;
        // New rows may match; the cursor keeps its person. Pages in between are not worth a redraw of the list.
        if (first_page || ended) && self.focus <= Pane::Holders { self.search_again() } else { Vec::new() }
    }

    /// The ledger was verified beside the browsing (decision 23).
    pub(super) fn ledger_verified(&mut self, health: LedgerHealth) -> Vec<Effect> {
        if let LedgerHealth::Broken(reason) = &health {
            let problem = Problem::new(
                ProblemKind::Refused,
                "The ledger cannot be trusted, so writes are off",
                reason.clone(),
                "run `passdesk ledger verify`; browsing goes on",
            );
            self.trouble(&problem);
        }
        self.ledger = health;
        Vec::new()
    }
}
