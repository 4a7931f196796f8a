//! The divisions of the simulated site: how they lie in each other, their list and their pages (contract sections 2,
//! 4 and 7).

use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::fields::Fields;
use super::items::listed;
use super::query::{Asked, Parameters, item_under};
use axum::extract::{Path, Query};
use serde_json::{Map, Value, json};

/// A division: id, name, and the division it lies in; 0: none.
type Division = (u16, &'static str, u16);

/// Divisions of the site; parents stand before their children.
pub const DIVISIONS: &[Division] =
    &[(2, "Root Division", 0), (3, "Head Office", 2), (4, "Works", 2), (5, "Contractors", 4)];

/// These divisions and all that lie in them.
pub fn divisions_below(wanted: &[u32]) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    for (id, _, parent) in DIVISIONS {
        if wanted.contains(&u32::from(*id)) || found.contains(&u32::from(*parent)) {
            found.push(u32::from(*id));
        }
    }
    found
}

/// The id of the division that an href names, if it names one.
pub fn division_named(href: &str) -> Option<u16> {
    let id = item_under(href, "/api/divisions")?;
    DIVISIONS.iter().map(|(known, _, _)| *known).find(|known| known.to_string() == id)
}

/// A division as others refer to it: id and href.
pub fn division_link(base: &str, id: u16) -> Value {
    json!({ "id": id.to_string(), "href": format!("{base}/api/divisions/{id}") })
}

fn object((id, name, parent): Division, base: &str, fields: &Fields) -> Value {
    let mut out = Map::new();
    let href = |id: u16| format!("{base}/api/divisions/{id}");
    fields.put(&mut out, "id", true, || Some(id.to_string().into()));
    fields.put(&mut out, "name", true, || Some(name.into()));
    fields.put(&mut out, "href", true, || Some(href(id).into()));
    fields.put(&mut out, "parent", true, || (parent > 0).then(|| json!({ "href": href(parent) })));
    Value::Object(out)
}

/// `GET` of the divisions.
pub async fn divisions(caller: Caller, Query(query): Parameters) -> Reply {
    let asked = Asked(&query);
    let fields = Fields::new(asked.list("fields").as_deref());
    let rows = listed(DIVISIONS.iter(), asked, |d| d.1, |d| d.2)?;
    let results: Vec<Value> = rows.into_iter().map(|row| object(*row, &caller.base, &fields)).collect();
    Ok(Answer::of(caller.by(), json!({ "results": results })))
}

/// `GET` of one division.
pub async fn division(caller: Caller, Path(id): Path<String>, Query(query): Parameters) -> Reply {
    let fields = Fields::new(Asked(&query).list("fields").as_deref());
    let found = DIVISIONS.iter().find(|(known, _, _)| known.to_string() == id);
    let found = found.ok_or_else(|| Refusal::not_found().to(caller.by()))?;
    Ok(Answer::of(caller.by(), object(*found, &caller.base, &fields)))
}
