//! The access groups of the simulated site: their list, their pages, and the lists of their members, which are the
//! way to find out who is in a group (contract sections 4 and 4.1).

use super::Site;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::divisions::division_link;
use super::fields::Fields;
use super::items::listed;
use super::personal_data::PERSONAL_DATA_FIELDS;
use super::query::{Asked, Parameters, item_under};
use axum::extract::{Path, Query, State};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Where the access groups are.
pub const GROUPS_PATH: &str = "/api/access_groups";
/// Access groups: id and name. All of them are in the root division.
pub const ACCESS_GROUPS: &[(u16, &str)] = &[(640, "Staff"), (641, "Contractors"), (642, "Cleaners")];
const DIVISION: u16 = 2;

/// The name of a group; empty if there is none.
pub fn group_name(id: u16) -> &'static str {
    ACCESS_GROUPS.iter().find(|(known, _)| *known == id).map_or("", |(_, name)| name)
}

/// The id of the group that an href names, if it names one.
pub fn group_named(href: &str) -> Option<u16> {
    find(item_under(href, GROUPS_PATH)?).map(|(id, _)| id)
}

fn find(id: &str) -> Option<(u16, &'static str)> {
    ACCESS_GROUPS.iter().copied().find(|(known, _)| known.to_string() == id)
}

fn members_path(id: u16) -> String {
    format!("{GROUPS_PATH}/{id}/cardholders")
}

/// A group. `detail`: its own page, which leads to the members without being asked. What a group carries of personal
/// data is told on request only, as one client expects it.
fn object((id, name): (u16, &str), base: &str, fields: &Fields, detail: bool) -> Value {
    let mut out = Map::new();
    fields.put(&mut out, "id", true, || Some(id.to_string().into()));
    fields.put(&mut out, "name", true, || Some(name.into()));
    fields.put(&mut out, "href", true, || Some(format!("{base}{GROUPS_PATH}/{id}").into()));
    fields.put(&mut out, "division", detail, || Some(division_link(base, DIVISION)));
    fields.put(&mut out, "cardholders", detail, || Some(json!({ "href": format!("{base}{}", members_path(id)) })));
    fields.put(&mut out, "personalDataDefinitions", false, || {
        let carried = PERSONAL_DATA_FIELDS.iter().filter(|field| field.groups.is_empty() || field.groups.contains(&id));
        let link = |id: u16| format!("{base}/api/personal_data_fields/{id}");
        Some(carried.map(|field| json!({ "name": field.name(), "href": link(field.id) })).collect())
    });
    Value::Object(out)
}

/// `GET` of the access groups.
pub async fn access_groups(caller: Caller, Query(query): Parameters) -> Reply {
    let asked = Asked(&query);
    let fields = Fields::new(asked.list("fields").as_deref());
    let rows = listed(ACCESS_GROUPS.iter(), asked, |g| g.1, |_| DIVISION)?;
    let results: Vec<Value> = rows.into_iter().map(|row| object(*row, &caller.base, &fields, false)).collect();
    Ok(Answer::of(caller.by(), json!({ "results": results })))
}

/// `GET` of one access group.
pub async fn access_group(caller: Caller, Path(id): Path<String>, Query(query): Parameters) -> Reply {
    let fields = Fields::new(Asked(&query).list("fields").as_deref());
    let found = find(&id).ok_or_else(|| Refusal::not_found().to(caller.by()))?;
    Ok(Answer::of(caller.by(), object(found, &caller.base, &fields, true)))
}

/// `GET` of the members of a group: a row for each membership, in the order of the people's ids. Pages go on after a
/// place, so that they do not drift. The contract names the link alone; the list's own name and members are those
/// that a client of its section 14 reads.
pub async fn members(
    caller: Caller,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Query(query): Parameters,
) -> Reply {
    let asked = Asked(&query);
    let top = asked.top(1000, usize::MAX)?;
    let (group, _) = find(&id).ok_or_else(|| Refusal::not_found().to(caller.by()))?;
    // A place is a person and how many of her memberships in this group have been shown.
    let place = asked.get("pos").and_then(|pos| {
        let (index, shown) = pos.split_once('-')?;
        Some((index.parse::<u32>().ok()?, shown.parse::<usize>().ok()?))
    });
    let (first, shown) = place.unwrap_or_default();
    let base = caller.base.as_str();
    let body = site.shared.at_once(|world, now| {
        let end = if caller.client.may_view { world.end() } else { first };
        let mut found = (first..end).filter_map(|index| world.person(index)).flat_map(|person| {
            let skipped = if person.index == first { shown } else { 0 };
            let hers: Vec<_> = person.memberships.iter().filter(|m| m.group == group).copied().enumerate().collect();
            hers.into_iter().skip(skipped).map(move |(turn, membership)| {
                let row = membership.shown_on_group(base, person.id(), &person.sort_name(), now);
                ((person.index, turn), row)
            })
        });
        let page: Vec<_> = found.by_ref().take(top).collect();
        let more = found.next().is_some();
        drop(found);
        let next = page.last().filter(|_| more).map(|((index, turn), _)| format!("{index}-{}", turn + 1));
        let mut body = json!({ "cardholders": page.into_iter().map(|(_, row)| row).collect::<Vec<_>>() });
        if let Some(place) = next {
            body["next"] = json!({ "href": asked.link(base, &members_path(group), ("pos", &place)) });
        }
        body
    });
    Ok(Answer::of(caller.by(), body))
}
