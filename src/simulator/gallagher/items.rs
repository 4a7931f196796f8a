//! Discovery, and the things that people and cards refer to: card types, personal data fields, items (contract
//! sections 2, 6 and 7).

use super::Site;
use super::access_groups::ACCESS_GROUPS;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::card_types::{CARD_TYPES, CardType};
use super::divisions::DIVISIONS;
use super::fields::Fields;
use super::matching::Pattern;
use super::objects::View;
use super::operators::{Licence, Operator, Source};
use super::person::FIRST_ID;
use super::personal_data::{PERSONAL_DATA_FIELDS, PersonalDataField};
use super::query::{Asked, Parameters};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Version that the server says it is: the contract's baseline.
const VERSION: (u32, u32, u32, u32) = (9, 30, 1874, 0);

/// `GET /api`: the one address that a client may know by heart.
pub async fn discovery(caller: Caller, State(site): State<Arc<Site>>) -> Reply {
    let (major, minor, build, revision) = VERSION;
    let link = |path: &str| json!({ "href": format!("{}{path}", caller.base) });
    let version = json!({ "major": major, "minor": minor, "build": build, "revision": revision });
    let mut body = json!({
        "version": format!("{major}.{minor}.{build}.{revision}"),
        "versions": { "commandCentre": version, "api": version },
        "features": {
            "accessGroups": { "accessGroups": link("/api/access_groups") },
            "cardholders": { "cardholders": link("/api/cardholders"), "changes": link("/api/cardholders/changes") },
            "cardTypes": { "cardTypes": link("/api/card_types"), "assign": link("/api/card_types/assign") },
            "divisions": { "divisions": link("/api/divisions") },
            "events": {
                "events": link("/api/events"), "updates": link("/api/events/updates"),
                "eventGroups": link("/api/events/groups"), "divisions": link("/api/divisions/view_events"),
            },
            "items": { "items": link("/api/items"), "itemTypes": link("/api/items/types") },
            "personalDataFields": { "personalDataFields": link("/api/personal_data_fields") },
        },
    });
    // What is not licensed has no link (contract section 2).
    if let Some(features) = body["features"].as_object_mut() {
        features.retain(|_, links| {
            let links = links.as_object().into_iter().flatten().filter_map(|(_, link)| link["href"].as_str());
            let mut needed = links.filter_map(|href| Licence::of(href.strip_prefix(caller.base.as_str())?));
            needed.next().is_none_or(|licence| caller.client.licences.contains(&licence))
        });
    }
    if site.shared.at_once(|world, _| world.switches.me) {
        body["me"] = json!({ "client": link(&format!("/api/items/{}", caller.client.id)) });
    }
    Ok(Answer::of(caller.by(), body))
}

/// Filters by name and division, sorts, and cuts a short list; there is never a second page of these.
pub fn listed<T>(
    rows: impl Iterator<Item = T>,
    asked: Asked<'_>,
    name: impl Fn(&T) -> &'static str,
    division: impl Fn(&T) -> u16,
) -> Result<Vec<T>, Refusal> {
    let pattern = asked.get("name").map(Pattern::new);
    let direct = asked.ids("directDivision");
    let mut rows: Vec<T> = rows
        .filter(|row| pattern.as_ref().is_none_or(|p| p.finds(name(row))))
        .filter(|row| direct.as_ref().is_none_or(|d| d.contains(&u32::from(division(row)))))
        .collect();
    match asked.get("sort") {
        Some("name") => rows.sort_by_key(|row| name(row).to_lowercase()),
        Some("-name") => {
            rows.sort_by_key(|row| name(row).to_lowercase());
            rows.reverse();
        }
        Some("-id") => rows.reverse(),
        _ => {}
    }
    rows.truncate(asked.top(1000, usize::MAX)?);
    Ok(rows)
}

/// `GET` of the card types; this operator may assign all that it sees.
pub async fn card_types(caller: Caller, State(site): State<Arc<Site>>, Query(query): Parameters) -> Reply {
    let asked = Asked(&query);
    let fields = Fields::new(asked.list("fields").as_deref());
    let rows = listed(CARD_TYPES.iter(), asked, |t| t.name, |t| t.division)?;
    let results = site.shared.at_once(|world, now| {
        let view = View { base: &caller.base, client: &caller.client, now, switches: &world.switches, fields: &fields };
        rows.into_iter().map(|kind| view.card_type(kind)).collect::<Vec<_>>()
    });
    Ok(Answer::of(caller.by(), json!({ "results": results })))
}

/// `GET` of one card type.
pub async fn card_type(
    caller: Caller,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Query(query): Parameters,
) -> Reply {
    let fields = Fields::new(Asked(&query).list("fields").as_deref());
    let kind = id.parse().ok().and_then(CardType::find).ok_or_else(|| Refusal::not_found().to(caller.by()))?;
    let body = site.shared.at_once(|world, now| {
        View { base: &caller.base, client: &caller.client, now, switches: &world.switches, fields: &fields }
            .card_type(kind)
    });
    Ok(Answer::of(caller.by(), body))
}

/// `GET` of the definitions of personal data.
pub async fn personal_data_fields(caller: Caller, State(site): State<Arc<Site>>, Query(query): Parameters) -> Reply {
    let asked = Asked(&query);
    // Here the parameter adds to id, name and href (contract section 7).
    let fields = Fields::new(asked.list("fields").map(|f| format!("{f},id,name,href")).as_deref());
    let rows = listed(PERSONAL_DATA_FIELDS.iter(), asked, |f| f.name(), |_| 2)?;
    let results = site.shared.at_once(|world, now| {
        let view = View { base: &caller.base, client: &caller.client, now, switches: &world.switches, fields: &fields };
        rows.into_iter().map(|field| view.personal_data_field(field)).collect::<Vec<_>>()
    });
    Ok(Answer::of(caller.by(), json!({ "results": results })))
}

/// All that a definition of personal data can tell: what its own page shows if it is asked for nothing in particular.
const DEFINITION_MEMBERS: &str = "defaults,type,description,division,required,unique,default,defaultAccess,\
                                  operatorAccess,accessGroups,notificationDefault,sortPriority";

/// `GET` of one definition of personal data.
pub async fn personal_data_field(
    caller: Caller,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Query(query): Parameters,
) -> Reply {
    let asked = Asked(&query).list("fields").filter(|fields| !fields.is_empty());
    let fields = Fields::new(asked.as_deref().or(Some(DEFINITION_MEMBERS)));
    let field = id.parse().ok().and_then(PersonalDataField::find);
    let field = field.ok_or_else(|| Refusal::not_found().to(caller.by()))?;
    let body = site.shared.at_once(|world, now| {
        View { base: &caller.base, client: &caller.client, now, switches: &world.switches, fields: &fields }
            .personal_data_field(field)
    });
    Ok(Answer::of(caller.by(), body))
}

/// Item types: id, name, and the name that never changes.
const ITEM_TYPES: &[(u32, &str, &str)] = &[
    (1, "Cardholder", "cardholder"),
    (2, "Access Group", "accessgroup"),
    (3, "Card Type", "cardtype"),
    (15, "Division", "division"),
    (33, "Personal Data Field", "personaldatafield"),
    (120, "REST Client", "restclient"),
    (121, "Workstation", "workstation"),
];

struct Item {
    id: u32,
    name: String,
    kind: u32,
    division: u16,
}

/// All items but the people, who are looked up one by one.
fn standing_items() -> Vec<Item> {
    let item = |id: u32, name: &str, kind, division| Item { id, name: name.to_owned(), kind, division };
    let mut items: Vec<Item> = Vec::new();
    items.extend(DIVISIONS.iter().map(|(id, name, _)| item(u32::from(*id), name, 15, 2)));
    items.extend(Source::ALL.iter().map(|s| item(s.id, s.name, if s.id >= 9000 { 120 } else { 121 }, 2)));
    items.extend(Operator::ALL.iter().map(|o| item(o.id, o.name, 1, 2)));
    items.extend(ACCESS_GROUPS.iter().map(|(id, name)| item(u32::from(*id), name, 2, 2)));
    items.extend(PERSONAL_DATA_FIELDS.iter().map(|f| item(u32::from(f.id), f.name(), 33, 2)));
    items.extend(CARD_TYPES.iter().map(|t| item(u32::from(t.id), t.name, 3, t.division)));
    items.sort_by_key(|i| i.id);
    items
}

fn item_object(item: &Item, base: &str, fields: &Fields, detail: bool) -> Value {
    let mut out = Map::new();
    fields.put(&mut out, "id", true, || Some(item.id.to_string().into()));
    fields.put(&mut out, "name", true, || Some(item.name.as_str().into()));
    fields.put(&mut out, "href", true, || Some(format!("{base}/api/items/{}", item.id).into()));
    fields.put(&mut out, "type", true, || {
        let (id, name, canonical) = ITEM_TYPES.iter().find(|(id, _, _)| *id == item.kind)?;
        Some(json!({ "id": id.to_string(), "name": name, "canonicalTypeName": canonical }))
    });
    fields.put(&mut out, "division", detail, || {
        Some(json!({ "id": item.division.to_string(), "href": format!("{base}/api/divisions/{}", item.division) }))
    });
    Value::Object(out)
}

/// `GET` of items by type and name. If no id of `type` exists, the filter is ignored, as on real servers.
pub async fn items(caller: Caller, State(site): State<Arc<Site>>, Query(query): Parameters) -> Reply {
    let asked = Asked(&query);
    let fields = Fields::new(asked.list("fields").as_deref());
    let top = asked.top(100, 1000)?;
    let mut types = asked.ids("type").unwrap_or_default();
    types.retain(|id| ITEM_TYPES.iter().any(|(known, _, _)| known == id));
    let pattern = asked.get("name").map(Pattern::new);
    let skip = asked.get("skip").and_then(|s| s.parse::<usize>().ok()).unwrap_or(0);
    let wanted = |kind: u32, name: &str| {
        (types.is_empty() || types.contains(&kind)) && pattern.as_ref().is_none_or(|p| p.finds(name))
    };
    let body = site.shared.at_once(|world, _| {
        let standing = standing_items().into_iter().filter(|i| wanted(i.kind, &i.name));
        let people = (0..world.end()).filter_map(|index| {
            let (first, last) = world.names(index)?;
            let name = super::person::sort_name(first, last);
            wanted(1, &name).then_some(Item { id: index + FIRST_ID, name, kind: 1, division: 2 })
        });
        let mut found = standing.chain(people).skip(skip);
        let results: Vec<Value> =
            found.by_ref().take(top).map(|i| item_object(&i, &caller.base, &fields, false)).collect();
        let mut body = json!({ "results": results });
        if found.next().is_some() {
            let place = (skip + top).to_string();
            body["next"] = json!({ "href": asked.link(&caller.base, "/api/items", ("skip", &place)) });
        }
        body
    });
    Ok(Answer::of(caller.by(), body))
}

/// `GET` of the item types.
pub async fn item_types(caller: Caller) -> Reply {
    let types: Vec<Value> = ITEM_TYPES
        .iter()
        .map(|(id, name, canonical)| json!({ "id": id.to_string(), "name": name, "canonicalTypeName": canonical }))
        .collect();
    Ok(Answer::of(caller.by(), json!({ "itemTypes": types })))
}

/// `GET` of one item.
pub async fn item(caller: Caller, State(site): State<Arc<Site>>, Path(id): Path<String>) -> Reply {
    let fields = Fields::new(None);
    let standing = standing_items().into_iter().find(|i| i.id.to_string() == id);
    let item = standing.or_else(|| {
        site.shared.at_once(|world, _| {
            let person = world.find(&id)?;
            Some(Item { id: person.id(), name: person.sort_name(), kind: 1, division: person.division })
        })
    });
    let item = item.ok_or_else(|| Refusal::not_found().to(caller.by()))?;
    Ok(Answer::of(caller.by(), item_object(&item, &caller.base, &fields, true)))
}

/// `PATCH` of a client's own item: what it says about itself (contract section 7).
pub async fn report_status(
    caller: Caller,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Reply {
    let by = caller.by();
    if id != caller.client.id.to_string() {
        return Err(Refusal::forbidden().to(by));
    }
    let Ok(Value::Object(body)) = serde_json::from_slice(&body) else {
        return Err(Refusal::bad("No fields have been defined for update").to(by));
    };
    let text = match body.get("customStatusText") {
        None => None,
        Some(Value::String(text)) if text.chars().count() <= 1024 => Some(text.clone()),
        Some(_) => return Err(Refusal::bad("Invalid value for customStatusText").to(by)),
    };
    let fault = match body.get("hasFault") {
        None => None,
        Some(Value::Bool(fault)) => Some(*fault),
        Some(_) => return Err(Refusal::bad("Invalid value for hasFault").to(by)),
    };
    site.shared.at_once(|world, _| {
        if let Some(client) = world.clients.with_id(caller.client.id) {
            client.status_text = text.unwrap_or_else(|| std::mem::take(&mut client.status_text));
            client.has_fault = fault.unwrap_or(client.has_fault);
        }
    });
    Ok(Answer::done(by))
}
