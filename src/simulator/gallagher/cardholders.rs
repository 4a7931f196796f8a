//! People: search, read, create, change, delete (contract sections 3 to 5).

use super::Site;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::change_record::ChangeKind;
use super::divisions::divisions_below;
use super::fields::Fields;
use super::matching::Pattern;
use super::objects::{View, person_path};
use super::operators::Client;
use super::person::{Person, sort_name};
use super::personal_data::PersonalDataField;
use super::query::{Asked, Parameters};
use super::staging::Staging;
use super::switches::PatchAnswer;
use super::world::World;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use base64::Engine as _;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const PATH: &str = "/api/cardholders";

/// What a search asks for.
struct Search {
    name: Option<Pattern>,
    description: Option<Pattern>,
    personal_data: Vec<(&'static PersonalDataField, Pattern)>,
    divisions: Option<Vec<u32>>,
    zones: Option<Vec<u32>>,
    anywhere: bool,
}

impl Search {
    fn new(asked: Asked<'_>) -> Self {
        let personal_data = asked.0.iter().filter_map(|(name, value)| {
            let id = name.strip_prefix("pdf_")?.parse().ok()?;
            Some((PersonalDataField::find(id)?, Pattern::new(value)))
        });
        let direct = asked.ids("directDivision");
        let tree = asked.ids("division").map(|ids| divisions_below(&ids));
        let divisions = match (direct, tree) {
            (Some(direct), Some(tree)) => Some(direct.into_iter().filter(|id| tree.contains(id)).collect()),
            (direct, tree) => direct.or(tree),
        };
        let anywhere = asked.get("accessZone") == Some("*");
        Self {
            name: asked.get("name").map(Pattern::new),
            description: asked.get("description").map(Pattern::new),
            personal_data: personal_data.collect(),
            divisions,
            zones: asked.ids("accessZone").filter(|_| !anywhere),
            anywhere,
        }
    }

    /// Names are looked at before the rest of a person is made.
    fn finds(&self, world: &World, client: &Client, index: u32) -> bool {
        let Some((first, last)) = world.names(index) else { return false };
        let named = self.name.as_ref().is_none_or(|pattern| {
            pattern.finds(first) || pattern.finds(last) || pattern.finds(&sort_name(first, last))
        });
        let more = self.description.is_some()
            || !self.personal_data.is_empty()
            || self.divisions.is_some()
            || self.zones.is_some()
            || self.anywhere;
        named && (!more || world.person(index).is_some_and(|person| self.finds_more(&person, client)))
    }

    fn finds_more(&self, person: &Person, client: &Client) -> bool {
        let zone = person.last_access.map(|(_, zone)| u32::from(zone));
        self.description.as_ref().is_none_or(|p| p.finds(&person.description))
            && self
                .personal_data
                .iter()
                .all(|(field, pattern)| field.is_visible(person, client) && pattern.finds(field.of(person)))
            && self.divisions.as_ref().is_none_or(|d| d.contains(&u32::from(person.division)))
            && self.zones.as_ref().is_none_or(|z| zone.is_some_and(|zone| z.contains(&zone)))
            && (!self.anywhere || zone.is_some())
    }
}

/// `GET` of the list. Sorted by id, pages go on after a place (`pos`) and never drift; sorted by name, they
/// skip so many rows.
pub async fn search(caller: Caller, State(site): State<Arc<Site>>, Query(query): Parameters) -> Reply {
    let asked = Asked(&query);
    let top = asked.top(1000, usize::MAX)?;
    let fields = Fields::new(asked.list("fields").as_deref());
    let search = Search::new(asked);
    let body = site.shared.at_once(|world, now| {
        if !caller.client.may_view {
            return json!({ "results": [] });
        }
        let (found, next) = page(world, &search, &caller.client, asked, top);
        let view = View { base: &caller.base, client: &caller.client, now, switches: &world.switches, fields: &fields };
        let people = found.iter().filter_map(|index| world.person(*index));
        let results: Vec<Value> = people.map(|person| view.person(&person, false)).collect();
        let mut body = json!({ "results": results });
        if let Some(place) = next {
            body["next"] = json!({ "href": asked.link(&caller.base, PATH, (place.0, &place.1)) });
        }
        body
    });
    Ok(Answer::of(caller.by(), body))
}

type Place = (&'static str, String);

fn page(
    world: &mut World,
    search: &Search,
    client: &Client,
    asked: Asked<'_>,
    top: usize,
) -> (Vec<u32>, Option<Place>) {
    let number = |name: &str| asked.get(name).and_then(|n| n.parse::<u32>().ok());
    let sort = asked.get("sort").unwrap_or_default();
    if sort == "name" || sort == "-name" {
        let skip = number("skip").unwrap_or(0) as usize;
        let mut order = world.places_by_name().to_vec();
        if sort == "-name" {
            order.reverse();
        }
        let mut found = order.into_iter().filter(|i| search.finds(world, client, *i)).skip(skip);
        let rows: Vec<u32> = found.by_ref().take(top).collect();
        let more = found.next().is_some();
        let next = more.then(|| ("skip", (skip + rows.len()).to_string()));
        return (rows, next);
    }
    // Any other word is passed over, and the order is that of the id.
    let end = world.end();
    let places: Box<dyn Iterator<Item = u32>> = match (sort == "-id", number("pos")) {
        (false, after) => Box::new(after.map_or(0, |a| a.saturating_add(1))..end),
        (true, before) => Box::new((0..before.unwrap_or(end).min(end)).rev()),
    };
    let mut found = places.filter(|i| search.finds(world, client, *i));
    let rows: Vec<u32> = found.by_ref().take(top).collect();
    let more = found.next().is_some();
    let next = rows.last().filter(|_| more).map(|last| ("pos", last.to_string()));
    (rows, next)
}

/// `GET` of a person.
pub async fn one(
    caller: Caller,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Query(query): Parameters,
) -> Reply {
    let fields = Fields::new(Asked(&query).list("fields").as_deref());
    let body = site.shared.at_once(|world, now| {
        let person = visible(world, &caller, &id)?;
        let view = View { base: &caller.base, client: &caller.client, now, switches: &world.switches, fields: &fields };
        Ok::<_, Refusal>(view.person(&person, true))
    })?;
    Ok(Answer::of(caller.by(), body))
}

/// `GET` of what an interactive editor would need; that it answers says that the operator may edit.
pub async fn edit(caller: Caller, State(site): State<Arc<Site>>, Path(id): Path<String>) -> Reply {
    let body = site.shared.at_once(|world, _| {
        visible(world, &caller, &id)?;
        let href = format!("{}{PATH}/{id}", caller.base);
        Ok::<_, Refusal>(if caller.client.may_edit { json!({ "update": { "href": href } }) } else { json!({}) })
    })?;
    Ok(Answer::of(caller.by(), body))
}

/// The person with an id, as far as the caller may see her.
pub fn visible<'w>(world: &'w World, caller: &Caller, id: &str) -> Result<Cow<'w, Person>, Refusal> {
    let person = world.find(id).filter(|_| caller.client.may_view);
    person.ok_or_else(|| Refusal::not_found().to(caller.by()))
}

/// Lack of privilege on a person: 403, or 409 as newer texts have it (contract section 11).
fn may_change(world: &World, caller: &Caller) -> Result<(), Refusal> {
    match (caller.must_edit(), world.switches.privilege_conflict) {
        (Err(_), true) => {
            Err(Refusal::new(409, "The operator does not have the privilege to edit this cardholder").to(caller.by()))
        }
        (answer, _) => answer,
    }
}

/// `GET` of an image among the personal data.
pub async fn image(caller: Caller, State(site): State<Arc<Site>>, Path((id, field)): Path<(String, String)>) -> Reply {
    let image = site.shared.at_once(|world, _| {
        let person = visible(world, &caller, &id)?;
        let field = field.parse().ok().and_then(PersonalDataField::find).filter(|field| {
            field.kind == "image" && field.is_visible(&person, &caller.client) && !field.of(&person).is_empty()
        });
        let field = field.ok_or_else(|| Refusal::not_found().to(caller.by()))?;
        Ok::<_, Refusal>(base64::engine::general_purpose::STANDARD.decode(field.of(&person)).unwrap_or_default())
    })?;
    Ok(Answer::image(caller.by(), image))
}

/// Refuses a person whom somebody has open in an interactive editor.
pub fn unlocked(world: &World, person: &Person, caller: &Caller) -> Result<(), Refusal> {
    if !world.locked.contains(&person.index) {
        return Ok(());
    }
    let words = "The cardholder is being edited by Ada Archer at workstation FRONTDESK-1";
    Err(Refusal::new(409, words).to(caller.by()))
}

/// `POST` of a new person.
pub async fn create(caller: Caller, State(site): State<Arc<Site>>, body: Bytes) -> Reply {
    caller.must_edit()?;
    let by = caller.by();
    let Ok(Value::Object(body)) = serde_json::from_slice(&body) else {
        return Err(Refusal::bad("Invalid cardholder").to(by));
    };
    let id = site.shared.at_once(|world, now| {
        let mut person = Person {
            index: world.end(),
            first: Cow::Borrowed(""),
            last: Cow::Borrowed(""),
            short: String::new(),
            description: Cow::Borrowed(""),
            authorised: false,
            division: 0,
            email: String::new(),
            employee_number: String::new(),
            mobile: String::new(),
            more_data: BTreeMap::new(),
            notified: BTreeSet::new(),
            pins: BTreeMap::new(),
            last_access: None,
            memberships: Vec::new(),
            cards: Vec::new(),
            removed: Vec::new(),
        };
        Staging { world, person: &mut person, client: &caller.client, now }
            .read(&body, true)
            .map_err(|refusal| refusal.to(by))?;
        person.index = world.new_index();
        let id = person.id();
        world.commit(person, ChangeKind::Add, by, now);
        Ok::<_, Refusal>(id)
    })?;
    Ok(Answer::created(by, format!("{}{}", caller.base, person_path(id))))
}

/// `PATCH` of a person: all or nothing.
pub async fn change(caller: Caller, State(site): State<Arc<Site>>, Path(id): Path<String>, body: Bytes) -> Reply {
    let by = caller.by();
    site.shared.at_once(|world, now| {
        let old = visible(world, &caller, &id)?.into_owned();
        may_change(world, &caller)?;
        let Ok(Value::Object(body)) = serde_json::from_slice(&body) else {
            return Err(Refusal::bad("No fields have been defined for update").to(by));
        };
        unlocked(world, &old, &caller)?;
        let mut person = old.clone();
        Staging { world, person: &mut person, client: &caller.client, now }
            .read(&body, false)
            .map_err(|refusal| refusal.to(by))?;
        // A body that changes nothing succeeds and leaves no trace.
        let changes = person != old;
        if changes {
            world.commit(person.clone(), ChangeKind::Update, by, now);
        }
        let answer = match world.switches.patch_answer {
            PatchAnswer::NoContent => Answer::done(by),
            PatchAnswer::Message => Answer::done_with(by, json!({ "message": "The cardholder was updated" })),
            PatchAnswer::Object => {
                let fields = Fields::new(None);
                let view = View {
                    base: &caller.base,
                    client: &caller.client,
                    now,
                    switches: &world.switches,
                    fields: &fields,
                };
                let person = world.person(person.index).unwrap_or(Cow::Owned(person));
                Answer::done_with(by, view.person(&person, true))
            }
        };
        Ok(answer.changing(changes))
    })
}

/// `DELETE` of a person; nothing brings her back.
pub async fn remove(caller: Caller, State(site): State<Arc<Site>>, Path(id): Path<String>) -> Reply {
    let by = caller.by();
    site.shared.at_once(|world, now| {
        let person = visible(world, &caller, &id)?.into_owned();
        caller.must_edit()?;
        unlocked(world, &person, &caller)?;
        world.delete(person.index, by, now);
        Ok(Answer::done(by))
    })
}

/// `DELETE` of a card (contract section 5.6).
pub async fn remove_card(
    caller: Caller,
    State(site): State<Arc<Site>>,
    Path((id, card)): Path<(String, String)>,
) -> Reply {
    let by = caller.by();
    site.shared.at_once(|world, now| {
        let mut person = visible(world, &caller, &id)?.into_owned();
        caller.must_edit()?;
        let place = person.cards.iter().position(|c| c.key() == card);
        let place = place.ok_or_else(|| Refusal::not_found().to(by))?;
        unlocked(world, &person, &caller)?;
        let card = person.cards.remove(place);
        person.removed.push(super::person::RemovedCard { card, removed: now, by });
        world.commit(person, ChangeKind::Update, by, now);
        Ok(Answer::done(by))
    })
}
