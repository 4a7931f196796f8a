//! The change feed (contract section 8): who changed what about which person, from a bookmark on.

use super::Site;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::change_record::{ChangeKind, ChangeRecord, Values};
use super::fields::Fields;
use super::memberships::Membership;
use super::objects::{View, card_path, card_type_path, operator_path, person_path};
use super::person::{Card, FIRST_ID};
use super::personal_data::PersonalDataField;
use super::query::{Asked, Parameters};
use super::switches::OperatorHref;
use super::world::World;
use crate::simulator::clock::{later, wire_time};
use crate::simulator::population::spread;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const PATH: &str = "/api/cardholders/changes";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MASK: u64 = 0x0000_5a5f_19c3_7ea1;

/// A bookmark: the place in the feed, a number that is never the same twice, and a check, mixed up so that
/// nobody is tempted to read it.
fn bookmark(place: usize, nonce: u16) -> String {
    let plain = (place as u64) << 24 | u64::from(nonce) << 8;
    let mut value = (plain | (spread(plain) & 0xff)) ^ MASK;
    let mut text = Vec::new();
    while value > 0 {
        text.push(char::from(DIGITS[(value % 62) as usize]));
        value /= 62;
    }
    text.into_iter().collect()
}

fn place_of(bookmark: &str) -> Option<usize> {
    let mut value: u64 = 0;
    for byte in bookmark.bytes().rev() {
        let digit = DIGITS.iter().position(|d| *d == byte)?;
        value = value.checked_mul(62)?.checked_add(digit as u64)?;
    }
    let plain = (value ^ MASK) & !0xff;
    let genuine = (value ^ MASK) & 0xff == spread(plain) & 0xff;
    genuine.then(|| usize::try_from(plain >> 24).ok()).flatten()
}

/// Which changed fields count, and which go into the two halves of a row.
struct Filter(Option<Vec<String>>);

impl Filter {
    fn new(parameter: Option<&str>) -> Self {
        let list = parameter.filter(|p| !p.is_empty());
        Self(list.map(|l| l.split(',').map(ToOwned::to_owned).collect()))
    }

    fn lets(&self, path: &str) -> bool {
        let Some(list) = &self.0 else { return true };
        list.iter().any(|f| {
            f == "defaults" || f == path || path.strip_prefix(f.as_str()).is_some_and(|rest| rest.starts_with('.'))
        })
    }
}

/// Everything about a card that a change of it can be about. The first six are what the feed shows.
fn card_members(card: &Card, now: Timestamp) -> [(&'static str, String); 9] {
    let time = |at: Option<Timestamp>| at.map(wire_time).unwrap_or_default();
    let (word, _) = card.status(now);
    [
        ("href", card.key()),
        ("number", card.number.clone()),
        ("cardSerialNumber", card.serial.clone()),
        ("issueLevel", card.issue_level.map(|l| l.to_string()).unwrap_or_default()),
        ("from", time(card.from)),
        ("until", time(card.until)),
        ("status", word.to_owned()),
        ("trace", card.trace.to_string()),
        ("type", card.type_id.to_string()),
    ]
}

fn counts(record: &ChangeRecord, filter: &Filter) -> bool {
    if record.kind != ChangeKind::Update {
        return true;
    }
    let flat = record.old.flat.iter().chain(&record.new.flat).any(|(name, _)| {
        let path = if name.starts_with('@') { "personalDataFields" } else { name };
        filter.lets(path) || filter.lets(name)
    });
    let joined = record.old.memberships.iter().chain(&record.new.memberships).next().is_some();
    let halves = [(&record.old.cards, &record.new.cards), (&record.new.cards, &record.old.cards)];
    flat || joined && filter.lets("accessGroups")
        || halves.iter().any(|(these, those)| {
            these.iter().any(|card| {
                let other = those.iter().find(|c| c.segment == card.segment).map(|c| card_members(c, record.time));
                let members = card_members(card, record.time);
                members.iter().enumerate().any(|(i, (name, value))| {
                    other.as_ref().is_none_or(|o| o[i].1 != *value) && filter.lets(&format!("cards.{name}"))
                })
            })
        })
}

/// `GET` of the feed: at once, never a long poll. Without a bookmark it says only where the feed stands.
pub async fn read(caller: Caller, State(site): State<Arc<Site>>, Query(query): Parameters) -> Reply {
    let asked = Asked(&query);
    let top = asked.top(1000, 1000)?;
    let from = match asked.get("pos") {
        None => None,
        Some(pos) => Some(place_of(pos).ok_or_else(|| Refusal::bad("Invalid position").to(caller.by()))?),
    };
    let fields = Fields::new(asked.list("fields").as_deref());
    let filter = Filter::new(asked.list("filter").as_deref());
    let body = site.shared.at_once(|world, now| {
        let wait = world.switches.feed_latency_s.max(world.switches.feed_merge_s);
        let visible = world.changes.partition_point(|c| later(c.time, i64::from(wait)) <= now);
        let mut place = from.unwrap_or(visible);
        let mut results = Vec::new();
        while place < visible && results.len() < top {
            let record = &world.changes[place];
            place += 1;
            if caller.client.may_view && counts(record, &filter) {
                results.push(row(world, record, &caller, &fields, &filter, now));
            }
        }
        let nonce = world.draw() as u16;
        let next = asked.link(&caller.base, PATH, ("pos", &bookmark(place, nonce)));
        json!({ "results": results, "next": { "href": next } })
    });
    Ok(Answer::of(caller.by(), body))
}

fn row(
    world: &World,
    record: &ChangeRecord,
    caller: &Caller,
    fields: &Fields,
    filter: &Filter,
    now: Timestamp,
) -> Value {
    let base = &caller.base;
    let mut out = Map::new();
    fields.put(&mut out, "href", true, || Some(format!("{base}{PATH}/{:06x}", record.id).into()));
    fields.put(&mut out, "time", true, || Some(wire_time(record.time).into()));
    fields.put(&mut out, "type", true, || Some(record.kind.word().into()));
    let person = person_path(record.index + FIRST_ID);
    fields.put(&mut out, "item", true, || Some(json!({ "href": format!("{base}{person}") })));
    fields.put(&mut out, "operator", false, || {
        let name = record.operator.name;
        let path = match world.switches.operator_href {
            OperatorHref::ItemsInFeed => operator_path(record.operator),
            OperatorHref::Same => person_path(record.operator.id),
            OperatorHref::Missing => return Some(json!({ "name": name })),
        };
        Some(json!({ "name": name, "href": format!("{base}{path}") }))
    });
    let half = |values: &Values| half(world, record, values, caller, filter);
    fields.put(&mut out, "oldValues", true, || half(&record.old));
    fields.put(&mut out, "newValues", true, || half(&record.new));
    if let Some(fields) = fields.below("cardholder")
        && let Some(person) = world.person(record.index)
    {
        let view = View { base, client: &caller.client, now, switches: &world.switches, fields: &fields };
        out.insert("cardholder".into(), view.person(&person, true));
    }
    Value::Object(out)
}

/// One half of a row. Here a blank value is `""` (contract section 3).
fn half(world: &World, record: &ChangeRecord, values: &Values, caller: &Caller, filter: &Filter) -> Option<Value> {
    let base = &caller.base;
    let mut out = Map::new();
    for (name, value) in &values.flat {
        let listed = if name.starts_with('@') { "personalDataFields" } else { name };
        let hidden = PersonalDataField::with_member(name).is_some_and(|f| caller.client.hidden_fields.contains(&f.id));
        if hidden || !filter.lets(name) && !filter.lets(listed) {
            continue;
        }
        let value = match *name {
            "authorised" if !value.is_empty() => Value::from(value == "true"),
            "division" if !value.is_empty() => json!({ "href": format!("{base}/api/divisions/{value}") }),
            _ => value.as_str().into(),
        };
        out.insert((*name).to_owned(), value);
    }
    let mut cards = Vec::new();
    for card in &values.cards {
        let mut block = Map::new();
        for (name, value) in card_members(card, record.time).into_iter().take(6) {
            if !filter.lets(&format!("cards.{name}")) {
                continue;
            }
            let value = match (name, card.issue_level) {
                ("href", _) => format!("{base}{}", card_path(record.index + FIRST_ID, card)).into(),
                ("issueLevel", Some(level)) => Value::from(level),
                ("issueLevel" | "cardSerialNumber", _) if value.is_empty() => continue,
                _ => value.into(),
            };
            block.insert(name.to_owned(), value);
        }
        if world.switches.feed_shows_more {
            let kind = card.kind();
            let (word, machine) = card.status(record.time);
            block.insert(
                "type".into(),
                json!({ "href": format!("{base}{}", card_type_path(kind.id)), "name": kind.name }),
            );
            block.insert("status".into(), json!({ "value": word, "type": machine }));
            if let Some(invitation) = &card.invitation {
                let status = invitation.status(record.time, &world.switches);
                block.insert("invitation".into(), json!({ "status": status }));
            }
        }
        if !block.is_empty() {
            cards.push(Value::Object(block));
        }
    }
    if !cards.is_empty() {
        out.insert("cards".into(), cards.into());
    }
    // The contract shows cards alone; a membership looks as the person's page has it.
    if !values.memberships.is_empty() && filter.lets("accessGroups") {
        let shown = |m: &Membership| m.shown_on_person(base, record.index + FIRST_ID, record.time);
        out.insert("accessGroups".into(), values.memberships.iter().map(shown).collect());
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bookmarks_are_opaque_and_lead_back() {
        for place in [0, 1, 77, 123_456] {
            let (one, other) = (bookmark(place, 1), bookmark(place, 2));
            assert_ne!(one, other);
            assert_eq!((place_of(&one), place_of(&other)), (Some(place), Some(place)));
        }
        assert_eq!(place_of("not one!"), None);
        let forged = (0..200).filter(|i| place_of(&format!("R7k{i}")).is_some()).count();
        assert!(forged < 10, "{forged} forged bookmarks passed");
    }

    #[test]
    fn a_filter_lets_through_what_it_names_and_all_below() {
        let filter = Filter::new(Some("cards,firstName"));
        assert!(filter.lets("cards.from") && filter.lets("firstName") && !filter.lets("lastName"));
        let filter = Filter::new(Some("cards.from"));
        assert!(filter.lets("cards.from") && !filter.lets("cards.until"));
        assert!(Filter::new(None).lets("anything"));
    }
}
