//! Events in their simple form (contract section 9): history, long poll from now on, and groups.

use super::Site;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::divisions::divisions_below;
use super::fields::Fields;
use super::objects::person_path;
use super::operator_events::{EVENT_GROUPS, EVENT_TYPES, OperatorEvent};
use super::person::FIRST_ID;
use super::query::{Asked, Parameters};
use super::switches::{OperatorHref, PollTimeout, Switches};
use crate::simulator::clock::{read_time, wire_time};
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

const PATH: &str = "/api/events";
/// Seconds that a long poll waits if it does not say.
const USUAL_WAIT: u64 = 30;

struct Wanted {
    cardholders: Option<Vec<u32>>,
    sources: Option<Vec<u32>>,
    types: Option<Vec<u32>>,
    groups: Option<Vec<u32>>,
    divisions: Option<Vec<u32>>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Wanted {
    fn new(asked: Asked<'_>) -> Result<Self, Refusal> {
        let time = |name: &str| match asked.get(name) {
            None | Some("") => Ok(None),
            Some(text) => match read_time(text) {
                Some(at) => Ok(Some(at)),
                None => Err(Refusal::bad(format!("Invalid date or time for {name}"))),
            },
        };
        Ok(Self {
            cardholders: asked.ids("cardholder").or_else(|| asked.ids("relatedItem")),
            sources: asked.ids("source"),
            types: asked.ids("type"),
            groups: asked.ids("group"),
            divisions: asked.ids("directDivision").or_else(|| asked.ids("division").map(|ids| divisions_below(&ids))),
            after: time("after")?,
            before: time("before")?,
        })
    }

    /// All conditions together, but a type or a group will do (contract section 9).
    fn finds(&self, event: &OperatorEvent) -> bool {
        let of = |list: &Option<Vec<u32>>, id: u32| list.as_ref().is_none_or(|l| l.contains(&id));
        let kind = match (&self.types, &self.groups) {
            (None, None) => true,
            (types, groups) => {
                types.as_ref().is_some_and(|t| t.contains(&event.type_id))
                    || groups.as_ref().is_some_and(|g| g.contains(&event.kind().group))
            }
        };
        kind && of(&self.cardholders, event.index + FIRST_ID)
            && of(&self.sources, event.source.id)
            && of(&self.divisions, u32::from(event.division))
            && self.after.is_none_or(|at| event.time.as_second() >= at.as_second())
            && self.before.is_none_or(|at| event.time.as_second() < at.as_second())
    }
}

fn object(event: &OperatorEvent, base: &str, switches: &Switches, fields: &Fields) -> Value {
    let kind = event.kind();
    let mut out = Map::new();
    let holder = person_path(event.index + FIRST_ID);
    let id = (event.index + FIRST_ID).to_string();
    fields.put(&mut out, "href", true, || Some(format!("{base}{PATH}/{}", event.id).into()));
    fields.put(&mut out, "id", true, || Some(event.id.to_string().into()));
    fields.put(&mut out, "time", true, || Some(wire_time(event.time).into()));
    fields.put(&mut out, "message", true, || Some(event.message().into()));
    fields.put(&mut out, "occurrences", true, || Some(1.into()));
    fields.put(&mut out, "priority", true, || Some(1.into()));
    fields.put(&mut out, "source", true, || {
        let mut source = json!({ "id": event.source.id.to_string(), "name": event.source.name });
        if switches.event_hrefs {
            source["href"] = format!("{base}/api/items/{}", event.source.id).into();
        }
        Some(source)
    });
    fields.put(&mut out, "type", true, || Some(json!({ "id": kind.id.to_string(), "name": kind.name })));
    fields.put(&mut out, "eventType", false, || Some(json!({ "id": kind.id.to_string(), "name": kind.name })));
    fields.put(&mut out, "group", true, || {
        let name = EVENT_GROUPS.iter().find(|(id, _)| *id == kind.group).map(|(_, name)| *name)?;
        Some(json!({ "id": kind.group.to_string(), "name": name }))
    });
    fields.put(&mut out, "division", true, || {
        let href = format!("{base}/api/divisions/{}", event.division);
        Some(json!({ "id": event.division.to_string(), "href": href }))
    });
    fields.put(&mut out, "operator", true, || {
        let mut operator = json!({ "name": event.operator.name });
        if switches.event_hrefs && switches.operator_href != OperatorHref::Missing {
            operator["href"] = format!("{base}{}", person_path(event.operator.id)).into();
        }
        Some(operator)
    });
    fields.put(&mut out, "cardholder", true, || {
        let mut person = json!({ "href": format!("{base}{holder}"), "id": id, "name": event.holder_name() });
        for (name, value) in [("firstName", &event.first), ("lastName", &event.last)] {
            if !value.is_empty() {
                person[name] = value.as_str().into();
            }
        }
        Some(person)
    });
    fields.put(&mut out, "modifiedItem", true, || {
        Some(json!({ "href": format!("{base}{holder}"), "id": id, "type": { "id": "1", "name": "Cardholder" } }))
    });
    fields.put(&mut out, "details", false, || {
        let details: String = event.details.chars().take(2048).collect();
        (!details.is_empty()).then(|| details.into())
    });
    Value::Object(out)
}

/// A body with events and the links to go on from them. `end`: id after the last event looked at; `start`: id
/// of the first one shown.
fn body(asked: Asked<'_>, base: &str, events: &[Value], start: u64, end: u64) -> Value {
    let links = [
        ("previous", asked.link(base, PATH, ("pos", &format!("{start}p")))),
        ("next", asked.link(base, PATH, ("pos", &format!("{end}n")))),
        ("updates", asked.link(base, "/api/events/updates", ("pos", &format!("{end}n")))),
    ];
    let mut body = json!({ "events": events });
    for (name, href) in links {
        body[name] = json!({ "href": href });
    }
    body
}

/// `GET` of the history: oldest first; with `previous=true` the newest page.
pub async fn history(caller: Caller, State(site): State<Arc<Site>>, Query(query): Parameters) -> Reply {
    let asked = Asked(&query);
    let top = asked.top(1000, 10_000)?;
    let wanted = Wanted::new(asked)?;
    let fields = Fields::new(asked.list("fields").as_deref());
    let place = asked.get("pos").and_then(|pos| {
        let (number, way) = pos.split_at_checked(pos.len().checked_sub(1)?)?;
        Some((number.parse::<u64>().ok()?, way == "p"))
    });
    let body = site.shared.at_once(|world, _| {
        let found = world.events.iter().filter(|e| caller.client.may_view && wanted.finds(e));
        let back = place.map_or(asked.get("previous") == Some("true"), |(_, back)| back);
        let rows: Vec<&OperatorEvent> = if back {
            let limit = place.map_or(u64::MAX, |(id, _)| id);
            let mut rows: Vec<_> = found.rev().filter(|e| e.id < limit).take(top).collect();
            rows.reverse();
            rows
        } else {
            let least = place.map_or(0, |(id, _)| id);
            found.filter(|e| e.id >= least).take(top).collect()
        };
        let newest = world.events.last().map_or(1, |e| e.id + 1);
        let start = rows.first().map_or_else(|| place.map_or(newest, |(id, _)| id), |e| e.id);
        let end = rows.last().map_or_else(|| place.map_or(newest, |(id, _)| id), |e| e.id + 1);
        let events: Vec<Value> = rows.iter().map(|e| object(e, &caller.base, &world.switches, &fields)).collect();
        self::body(asked, &caller.base, &events, start, end)
    });
    Ok(Answer::of(caller.by(), body))
}

/// `GET` that waits for news: from now on, or from a place. `deadline` is in real seconds.
pub async fn updates(caller: Caller, State(site): State<Arc<Site>>, Query(query): Parameters) -> Reply {
    let asked = Asked(&query);
    let top = asked.top(1000, 10_000)?;
    let wanted = Wanted::new(asked)?;
    let fields = Fields::new(asked.list("fields").as_deref());
    let wait = asked.get("deadline").and_then(|d| d.parse().ok()).unwrap_or(USUAL_WAIT).clamp(1, 86_400);
    let place = asked.get("pos").and_then(|pos| pos.strip_suffix('n')?.parse::<u64>().ok());
    let mut news = site.shared.news.subscribe();
    let mut place =
        place.unwrap_or_else(|| site.shared.at_once(|world, _| world.events.last().map_or(1, |e| e.id + 1)));
    let until = tokio::time::Instant::now() + Duration::from_secs(wait);
    // The deadline is not carried on (contract section 9).
    let kept: Vec<(String, String)> = query.iter().filter(|(name, _)| name != "deadline").cloned().collect();
    loop {
        news.mark_unchanged();
        let (events, next) = site.shared.at_once(|world, _| {
            let fresh = world.events.iter().filter(|e| e.id >= place);
            let rows: Vec<_> = fresh.filter(|e| caller.client.may_view && wanted.finds(e)).take(top).collect();
            let newest = world.events.last().map_or(1, |e| e.id + 1);
            let next = if rows.len() == top { rows.last().map_or(newest, |e| e.id + 1) } else { newest };
            let events: Vec<Value> = rows.iter().map(|e| object(e, &caller.base, &world.switches, &fields)).collect();
            (events, next)
        });
        let start = place;
        place = next.max(place);
        if !events.is_empty() {
            return Ok(Answer::of(caller.by(), body(Asked(&kept), &caller.base, &events, start, place)));
        }
        if tokio::time::timeout_at(until, news.changed()).await.is_err() {
            let ending = site.shared.at_once(|world, _| world.switches.poll_timeout);
            return match ending {
                PollTimeout::Empty => Ok(Answer::of(caller.by(), body(Asked(&kept), &caller.base, &[], start, place))),
                PollTimeout::Unavailable => Err(Refusal::new(503, "No events yet").to(caller.by())),
            };
        }
    }
}

/// `GET` of one event.
pub async fn one(caller: Caller, State(site): State<Arc<Site>>, Path(id): Path<String>) -> Reply {
    let fields = Fields::new(Some("defaults,details"));
    let found = site.shared.at_once(|world, _| {
        let event = world.events.iter().find(|e| caller.client.may_view && e.id.to_string() == id)?;
        Some(object(event, &caller.base, &world.switches, &fields))
    });
    let found = found.ok_or_else(|| Refusal::not_found().to(caller.by()))?;
    Ok(Answer::of(caller.by(), found))
}

/// `GET` of the groups with their types.
pub async fn groups(caller: Caller) -> Reply {
    let base = &caller.base;
    let groups: Vec<Value> = EVENT_GROUPS
        .iter()
        .map(|(id, name)| {
            let types = EVENT_TYPES.iter().filter(|t| t.group == *id).map(|t| {
                json!({ "id": t.id.to_string(), "name": t.name, "href": format!("{base}/api/events/types/{}", t.id) })
            });
            json!({
                "id": id.to_string(), "name": name, "href": format!("{base}/api/events/groups/{id}"),
                "eventTypes": types.collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(Answer::of(caller.by(), json!({ "eventGroups": groups })))
}
