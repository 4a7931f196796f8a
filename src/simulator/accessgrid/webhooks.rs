//! Webhooks (contract section 8): they are kept and shown, and nothing is ever delivered, because the simulator calls
//! nobody. So the handshake that proves an address never ends by itself; a switch says that it has.

use super::Grid;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::console::{Window, allowed, answer};
use super::organisation::{needed, one_of};
use crate::simulator::clock::{later, wire_time};
use axum::extract::{Path, State as Shared};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// The other system's, which answered its handshake long ago.
const OF_THE_START: &str = "wh_visits";

/// What can be subscribed to, without the vendor's prefix: a subject, and its events.
const EVENTS: &[(&str, &[&str])] = &[
    (
        "access_pass",
        &[
            "issued",
            "activated",
            "viewed",
            "updated",
            "suspended",
            "resumed",
            "unlinked",
            "deleted",
            "expired",
            "renewed",
            "failed",
            "devices.added",
            "devices.removed",
            "devices.suspended",
            "devices.resumed",
        ],
    ),
    ("card_template", &["created", "updated", "requested_publishing", "published", "deleted"]),
    ("landing_page", &["created", "updated", "attached_to_template"]),
    ("credential_profile", &["created", "deleted", "attached_to_template"]),
    ("hid_org", &["created", "activated"]),
    ("card_template_pair", &["created"]),
    ("account_balance", &["low"]),
    ("webhook", &["cert_expiring"]),
    ("account", &["impersonation_started", "impersonation_ended"]),
];

fn is_known(event: &str) -> bool {
    let parts = event.strip_prefix("ag.").and_then(|rest| rest.split_once('.'));
    parts.is_some_and(|(subject, event)| {
        EVENTS.iter().any(|(known, events)| *known == subject && events.contains(&event))
    })
}

/// The one that the other system has.
pub fn of_the_start(start: Timestamp) -> Value {
    json!({
        "id": OF_THE_START, "name": "Visitor desk", "url": "https://visits.example/hooks/passes",
        "auth_method": "bearer_token",
        "subscribed_events": ["ag.access_pass.issued", "ag.access_pass.suspended", "ag.access_pass.deleted"],
        "created_at": wire_time(later(start, -300 * 86_400)),
    })
}

/// `GET` of the webhooks.
pub async fn list(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let window = Window::of(&caller);
    answer(&grid, &caller, |world| {
        let all = &world.organisation.webhooks;
        let page: Vec<&Value> = window.cut(all.iter()).collect();
        Ok(json!({ "webhooks": page, "pagination": window.pagination(all.len()) }))
    })
}

/// `POST` of a webhook: the answer alone shows its token. A certificate is not made: nobody would ever meet it.
pub async fn create(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let body = caller.object()?;
    allowed(&grid, &caller, |world, now| {
        let (name, url) = (needed(&body, "name")?, needed(&body, "url")?);
        one_of(&body, "auth_method", &["bearer_token", "mtls"])?;
        if body.get("auth_method").is_some_and(|method| method == "mtls") {
            return Err(Refusal::invalid("auth_method mtls is not available on this account"));
        }
        let events = body.get("subscribed_events").and_then(Value::as_array).filter(|events| !events.is_empty());
        let events = events.ok_or_else(|| Refusal::invalid("Subscribe to at least one event"))?;
        if let Some(unknown) = events.iter().find(|event| !event.as_str().is_some_and(is_known)) {
            let unknown = unknown.as_str().map_or_else(|| unknown.to_string(), ToOwned::to_owned);
            return Err(Refusal::invalid(format!("Unknown event: {unknown}")));
        }
        let id = format!("wh_{}", world.organisation.new_word());
        let hook = json!({ "id": id, "name": name, "url": url, "auth_method": "bearer_token",
            "subscribed_events": events, "created_at": wire_time(now) });
        world.organisation.webhooks.push(hook.clone());
        let mut shown = hook;
        let token: String = (0..4).map(|_| world.organisation.new_word()).collect();
        shown["private_key"] = token.into();
        Ok((201, shown))
    })
}

/// `POST` of the question whether a webhook is verified; if not, the handshake begins again.
pub async fn verify(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    allowed(&grid, &caller, |world, _| {
        let known = world.organisation.webhooks.iter().any(|hook| hook["id"] == id.as_str());
        if !known {
            return Err(Refusal::not_found("Webhook"));
        }
        let verified = id == OF_THE_START || world.switches.webhooks_verified;
        Ok((if verified { 200 } else { 202 }, json!({ "id": id, "verified": verified })))
    })
}

/// `DELETE` of a webhook: 204 without a body.
pub async fn remove(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    allowed(&grid, &caller, |world, _| {
        let place = world.organisation.webhooks.iter().position(|hook| hook["id"] == id.as_str());
        world.organisation.webhooks.remove(place.ok_or_else(|| Refusal::not_found("Webhook"))?);
        Ok((200, Value::Null))
    })?;
    Ok(Answer::gone(caller.by()))
}
