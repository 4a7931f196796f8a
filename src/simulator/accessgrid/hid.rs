//! Organisations registered for HID (contract section 6). The words of their status are not in the contract.

use super::Grid;
use super::answer::{Refusal, Reply};
use super::caller::Caller;
use super::console::{allowed, answer};
use super::organisation::needed;
use crate::simulator::clock::wire_time;
use axum::extract::State as Shared;
use serde_json::{Value, json};
use std::sync::Arc;

const PENDING: &str = "pending";
const ACTIVE: &str = "active";

/// `GET` of all: a bare list.
pub async fn list(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    answer(&grid, &caller, |world| Ok(Value::from(world.organisation.hid.clone())))
}

fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// `POST` of an organisation: the same name again is the same organisation.
pub async fn create(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let body = caller.object()?;
    allowed(&grid, &caller, |world, now| {
        let slug = slug(needed(&body, "name")?);
        if let Some(known) = world.organisation.hid.iter().find(|org| org["slug"] == slug.as_str()) {
            return Ok((200, known.clone()));
        }
        let mut made = json!({ "id": format!("org_{}", world.organisation.new_word()), "slug": slug,
            "status": PENDING, "created_at": wire_time(now) });
        for name in ["name", "first_name", "last_name", "phone", "full_address"] {
            made[name] = needed(&body, name)?.into();
        }
        world.organisation.hid.push(made.clone());
        Ok((201, made))
    })
}

/// `POST` of the login that HID sent: it completes the oldest registration that waits. Neither part of it is kept.
pub async fn activate(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let body = caller.object()?;
    allowed(&grid, &caller, |world, _| {
        needed(&body, "email")?;
        needed(&body, "password")?;
        let waiting = world.organisation.hid.iter_mut().find(|org| org["status"] == PENDING);
        let org = waiting.ok_or_else(|| Refusal::not_found("Organization"))?;
        org["status"] = ACTIVE.into();
        Ok((200, org.clone()))
    })
}
