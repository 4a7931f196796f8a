//! Landing pages: what a holder sees who opens an install link (contract section 6).

use super::Grid;
use super::answer::{Refusal, Reply};
use super::caller::Caller;
use super::console::{allowed, answer};
use super::organisation::{Object, needed, one_of};
use crate::simulator::clock::wire_time;
use axum::extract::{Path, State as Shared};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET` of all: a bare list.
pub async fn list(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    answer(&grid, &caller, |world| Ok(Value::from(world.organisation.landing_pages.clone())))
}

/// Lays a body over a page. Of the password nothing is kept but that there is one.
fn lay_over(page: &mut Value, body: &Object) {
    if let Some(name) = body.get("name") {
        page["name"] = name.clone();
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if let Some(password) = text("password") {
        page["password_protected"] = (!password.is_empty()).into();
    }
    if let Some(logo) = text("logo") {
        let url = page["id"].as_str().map(|id| format!("https://install.example.test/logos/{id}"));
        page["logo_url"] = url.filter(|_| !logo.is_empty()).into();
    }
}

/// `POST` of a page.
pub async fn create(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let body = caller.object()?;
    allowed(&grid, &caller, |world, now| {
        needed(&body, "name")?;
        let kind = needed(&body, "kind")?;
        one_of(&body, "kind", &["universal", "personalized"])?;
        let id = format!("lp_{}", world.organisation.new_word());
        let mut page = json!({ "id": id, "name": null, "kind": kind, "created_at": wire_time(now),
            "password_protected": false, "logo_url": null });
        lay_over(&mut page, &body);
        world.organisation.landing_pages.push(page.clone());
        Ok((201, page))
    })
}

/// `PUT` or `PATCH` of a page; what kind it is never changes.
pub async fn update(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    let body = caller.object()?;
    allowed(&grid, &caller, |world, _| {
        let page = world.organisation.landing_pages.iter_mut().find(|page| page["id"] == id.as_str());
        let page = page.ok_or_else(|| Refusal::not_found("Landing page"))?;
        if body.get("kind").is_some_and(|kind| *kind != page["kind"]) {
            return Err(Refusal::invalid("kind cannot be changed"));
        }
        if body.contains_key("name") {
            needed(&body, "name")?;
        }
        lay_over(page, &body);
        Ok((200, page.clone()))
    })
}
