//! The event log of a template over HTTP (contract section 7), newest first.

use super::Grid;
use super::answer::{Answer, Reply};
use super::caller::Caller;
use super::console::{Window, must_have_plan};
use super::log::Actor;
use super::templates::Template;
use super::world::GridWorld;
use crate::simulator::clock::wire_time;
use crate::simulator::population::spread;
use axum::extract::{Path, State as Shared};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

struct Row {
    at: Timestamp,
    event: &'static str,
    pass: super::ids::Number,
    template: Template,
    actor: Actor,
}

/// What `filters[...]` asks for; flat names count where the switch says so.
struct Filter {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    event: Option<String>,
    device: Option<String>,
}

impl Filter {
    fn read(caller: &Caller, flat: bool) -> Self {
        let asked = |name: &str| {
            let bracketed = caller.asked(&format!("filters[{name}]"));
            bracketed.or_else(|| caller.asked(name).filter(|_| flat)).filter(|value| !value.is_empty())
        };
        let time = |name: &str| asked(name).and_then(|text| text.parse().ok());
        let owned = |name: &str| asked(name).map(ToOwned::to_owned);
        Self { from: time("start_date"), until: time("end_date"), event: owned("event_type"), device: owned("device") }
    }

    fn lets(&self, at: Timestamp, event: &str) -> bool {
        self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at <= until)
            && self.event.as_deref().is_none_or(|wanted| wanted == event)
            // All rows here are of phones.
            && self.device.as_deref().is_none_or(|device| device == "mobile")
    }
}

fn rows(world: &mut GridWorld, templates: &[Template], filter: &Filter) -> Vec<Row> {
    let wanted = |template: Template, at, event: &str| templates.contains(&template) && filter.lets(at, event);
    let early = world.early_log().iter().filter(|(at, event, _, template, _)| wanted(*template, *at, event));
    let mut rows: Vec<Row> = early
        .map(|(at, event, pass, template, by)| Row {
            at: *at,
            event,
            pass: *pass,
            template: *template,
            actor: Actor::of(*by),
        })
        .collect();
    let since = world.log.iter().filter(|row| wanted(row.template, row.at, row.event));
    rows.extend(since.map(|row| Row {
        at: row.at,
        event: row.event,
        pass: row.pass,
        template: row.template,
        actor: row.actor.clone(),
    }));
    rows.reverse();
    rows
}

fn shown(world: &GridWorld, row: &Row, alias: bool) -> Value {
    let card = world.id(row.pass);
    let sign = card.bytes().chain(row.event.bytes()).fold(row.at.as_second() as u64, |h, b| spread(h ^ u64::from(b)));
    let platform = if row.template == Template::Apple { "ios" } else { "android" };
    let mut out = json!({
        "id": format!("evt_{sign:016x}"), "event": row.event, "created_at": wire_time(row.at),
        "ip_address": row.actor.ip, "user_agent": row.actor.user_agent,
        "metadata": { "device": "mobile", "platform": platform, "card_id": card, "template_id": row.template.id() },
    });
    if alias {
        out["type"] = json!(row.event);
        out["timestamp"] = json!(wire_time(row.at));
    }
    out
}

/// `GET` of the log.
pub async fn read(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    let window = Window::of(&caller);
    let body = grid.at_once(|world, _| {
        must_have_plan(world)?;
        let templates = world.organisation.own_templates(&id)?;
        let filter = Filter::read(&caller, world.switches.honour_flat_log_filters);
        let rows = rows(world, &templates, &filter);
        let alias = world.switches.emit_events_alias;
        let page: Vec<Value> = window.cut(rows.iter()).map(|row| shown(world, row, alias)).collect();
        let mut body = json!({ "logs": page, "pagination": window.pagination(rows.len()) });
        if alias {
            body["events"] = body["logs"].clone();
        }
        Ok(body)
    });
    body.map(|body| Answer::read(caller.by(), body)).map_err(|refusal| caller.refuse(refusal))
}
