//! What an enterprise plan has beside the passes (contract sections 6 to 8): who may, the ledger, and how all the rest
//! is refused.

use super::Grid;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::switches::Plan;
use super::view::state_word;
use super::world::{GridWorld, PRICE};
use crate::simulator::clock::wire_time;
use axum::extract::State as Shared;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Refuses what the plan does not include.
pub fn must_have_plan(world: &GridWorld) -> Result<(), Refusal> {
    match world.switches.plan {
        Plan::Enterprise => Ok(()),
        Plan::BasicForbidden => Err(Refusal::new(403, "This feature needs the enterprise plan")),
        Plan::BasicNotFound => Err(Refusal::not_found("Resource")),
    }
}

/// Which part of a long list is asked for, with the vendor's usual page.
pub struct Window {
    page: usize,
    per_page: usize,
}

impl Window {
    /// Reads `page` and `per_page`: 50 by default, 100 at most.
    pub fn of(caller: &Caller) -> Self {
        let number = |name: &str| caller.asked(name).and_then(|text| text.parse::<usize>().ok());
        Self { page: number("page").unwrap_or(1).max(1), per_page: number("per_page").unwrap_or(50).clamp(1, 100) }
    }

    /// The rows of the page.
    pub fn cut<T>(&self, rows: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        rows.skip((self.page - 1).saturating_mul(self.per_page)).take(self.per_page)
    }

    /// The pagination object.
    pub fn pagination(&self, total: usize) -> Value {
        json!({
            "current_page": self.page, "per_page": self.per_page, "total_pages": total.div_ceil(self.per_page),
            "total_count": total,
        })
    }
}

/// An answer that only reads.
pub fn answer(grid: &Grid, caller: &Caller, body: impl FnOnce(&mut GridWorld) -> Result<Value, Refusal>) -> Reply {
    let body = grid.at_once(|world, _| must_have_plan(world).and_then(|()| body(world)));
    body.map(|body| Answer::read(caller.by(), body)).map_err(|refusal| caller.refuse(refusal))
}

/// Changes the organisation's set-up, if plan and account allow it: the status and body of the answer.
pub fn allowed(
    grid: &Grid,
    caller: &Caller,
    act: impl FnOnce(&mut GridWorld, Timestamp) -> Result<(u16, Value), Refusal>,
) -> Reply {
    let done = grid.at_once(|world, now| {
        must_have_plan(world)?;
        if !world.switches.administrator {
            return Err(not_allowed());
        }
        act(world, now)
    });
    let (status, body) = done.map_err(|refusal| caller.refuse(refusal))?;
    Ok(Answer::done(caller.by(), status, body, true))
}

fn not_allowed() -> Refusal {
    Refusal::new(403, "This account is not allowed to change the organisation's set-up")
}

/// `GET` of what was billed: an item for each issued pass, newest first.
pub async fn ledger_items(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let window = Window::of(&caller);
    let bound = |name: &str| caller.asked(name).and_then(|text| text.parse::<Timestamp>().ok());
    let (from, until) = (bound("start_date"), bound("end_date"));
    answer(&grid, &caller, |world| {
        let within = |at: Timestamp| from.is_none_or(|from| at >= from) && until.is_none_or(|until| at <= until);
        let billed: Vec<_> = world
            .order()
            .iter()
            .rev()
            .filter(|number| world.pass(**number).is_some_and(|pass| within(pass.created)))
            .copied()
            .collect();
        let items = window.cut(billed.iter()).filter_map(|number| {
            let pass = world.pass(*number)?;
            let id = world.id(*number);
            Some(json!({
                "id": format!("led_{id}"), "created_at": wire_time(pass.created),
                "amount": format!("-{}.{:02}", PRICE / 100, PRICE % 100), "kind": "debit",
                "event": "ag.access_pass.issued", "metadata": {},
                "access_pass": {
                    "id": id, "full_name": pass.full_name, "metadata": pass.metadata,
                    "state": state_word(pass.state, world.switches.fixture_states),
                    "unified_access_pass_ex_id": pass.unified.map(|pair| world.id(pair)),
                    "pass_template": { "id": pass.template.id(), "name": world.organisation.name(pass.template) },
                },
            }))
        });
        let items: Vec<Value> = items.collect();
        Ok(json!({ "ledger_items": items, "pagination": window.pagination(billed.len()) }))
    })
}

/// `GET` of a collection of which this account has none: a bare list.
pub async fn none_of_these(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    answer(&grid, &caller, |_| Ok(json!([])))
}

/// Key material of readers and templates, of which the contract says that nobody here shall deal with it.
pub async fn key_material(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    answer(&grid, &caller, |_| Err(not_allowed()))
}

/// `DELETE` of a credential profile: there is none.
pub async fn no_profile(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    allowed(&grid, &caller, |_, _| Err(Refusal::not_found("Credential profile")))
}

/// An address that does not exist.
pub async fn unknown(caller: Caller) -> Refusal {
    caller.refuse(Refusal::not_found("Resource"))
}
