//! The pass endpoints (contract section 4).

use super::Grid;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::ids::Number;
use super::issue::{issue, read_issue, read_update};
use super::pass::{Action, State};
use super::switches::ActionAnswer;
use super::view::{whole, with_status};
use super::world::{GridWorld, PRICE, Refused};
use axum::extract::{Path, State as Shared};
use serde_json::json;
use std::sync::Arc;

/// What the vendor says when a state forbids an action (contract section 5, the guide's own words).
pub const NOT_ACTIVE: &str = "can not manage a pass that is not active";

/// The address that an id leads to, if something stands there.
fn find(world: &GridWorld, id: &str) -> Result<Number, Refusal> {
    let known = world.number(id).filter(|number| match world.pass(*number) {
        Some(_) => true,
        None => world.switches.pair_readable && world.pair(*number).is_some(),
    });
    known.ok_or_else(|| Refusal::not_found("Access pass"))
}

/// `POST` of the list: issue. It costs money, and there is nothing that makes two of them one.
pub async fn create(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let body = caller.object()?;
    grid.at_once(|world, now| {
        let (templates, wish) =
            read_issue(&body, &world.organisation, &world.switches).map_err(|refusal| caller.refuse(refusal))?;
        let price = PRICE * templates.len() as i64;
        if world.balance < price {
            return Err(caller.refuse(Refusal::new(402, "Insufficient account balance")));
        }
        world.balance -= price;
        let made = issue(world, &templates, &wish, &caller.actor, now);
        let shown = whole(world, made).unwrap_or_default();
        Ok(Answer::done(caller.by(), 201, with_status(shown), true))
    })
}

/// `GET` of one: a deleted one answers as well (contract C7).
pub async fn read(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    let shown = grid.at_once(|world, _| find(world, &id).map(|number| whole(world, number).unwrap_or_default()));
    shown.map(|shown| Answer::read(caller.by(), shown)).map_err(|refusal| caller.refuse(refusal))
}

/// `PATCH` of one: a strict list of fields, all or nothing.
pub async fn update(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    let body = caller.object()?;
    let done = grid.at_once(|world, now| {
        let number = find(world, &id)?;
        let addressed = world.pair(number).map_or_else(|| vec![number], Vec::from);
        let mut changed = Vec::new();
        for number in addressed {
            let old = world.pass(number).ok_or_else(|| Refusal::not_found("Access pass"))?.into_owned();
            if old.state == State::Deleted {
                return Err(Refusal::new(world.switches.state_conflict_status, NOT_ACTIVE));
            }
            let mut new = old.clone();
            read_update(&body, &mut new, &world.switches)?;
            if new != old {
                new.updated = now;
                changed.push(new);
            }
        }
        let applied = !changed.is_empty();
        for pass in changed {
            world.note(&pass, "access_pass.updated", &caller.actor, now);
            world.keep(pass);
        }
        Ok((whole(world, number).unwrap_or_default(), applied))
    });
    let (shown, applied) = done.map_err(|refusal| caller.refuse(refusal))?;
    Ok(Answer::done(caller.by(), 200, with_status(shown), applied))
}

/// `POST` of an action.
pub async fn act(Shared(grid): Shared<Arc<Grid>>, Path((id, action)): Path<(String, String)>, caller: Caller) -> Reply {
    let Ok(action) = action.parse::<Action>() else { return Err(caller.refuse(Refusal::not_found("Resource"))) };
    let done = grid.at_once(|world, now| {
        let number = find(world, &id)?;
        let applied = world.act(number, action, &caller.actor, now).map_err(|refused| match refused {
            Refused::Unknown => Refusal::not_found("Access pass"),
            Refused::State => Refusal::new(world.switches.state_conflict_status, NOT_ACTIVE),
        })?;
        let shown = whole(world, number).unwrap_or_default();
        let shown = match world.switches.action_answer {
            ActionAnswer::Whole => shown,
            ActionAnswer::Few => {
                json!({ "id": shown["id"], "state": shown["state"], "install_url": shown["install_url"] })
            }
            ActionAnswer::StatusOnly => json!({}),
        };
        Ok((shown, applied))
    });
    let (shown, applied) = done.map_err(|refusal| caller.refuse(refusal))?;
    Ok(Answer::done(caller.by(), 200, with_status(shown), applied))
}
