//! Who belongs to which access group: the links between people and groups, and how a body gives, changes and ends
//! them (contract sections 3, 4.1, 5.5 and 11).

use super::Site;
use super::access_groups::{ACCESS_GROUPS, GROUPS_PATH, group_name, group_named};
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::cardholders::{unlocked, visible};
use super::change_record::ChangeKind;
use super::objects::person_path;
use super::person::FIRST_ID;
use super::query::id_under;
use super::staging::{Links, Object, Staged, Staging, check_validity, read_validity};
use super::switches::StaleHref;
use crate::simulator::clock::{read_time, wire_time};
use crate::simulator::population::spread;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// That a person belongs to an access group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Opaque part of its href, shown as 8 hex digits. Every edit makes another one (contract section 3).
    pub link: u32,
    /// Id of the group.
    pub group: u16,
    /// From when.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl Membership {
    /// The one that the person at a place has at the start: her division says of which group.
    pub fn early(index: u32, division: u16) -> Self {
        let (group, _) = ACCESS_GROUPS[usize::from(division) % ACCESS_GROUPS.len()];
        let link = spread(u64::from(index + FIRST_ID) << 16 | u64::from(group)) as u32;
        Self { link, group, from: None, until: None }
    }

    /// The opaque part of its href.
    pub fn key(&self) -> String {
        format!("{:08x}", self.link)
    }

    /// The site's word and the machine's word at `now`.
    pub fn status(&self, now: Timestamp) -> (&'static str, &'static str) {
        if self.from.is_some_and(|from| now < from) {
            return ("Not Yet Activated", "pending");
        }
        if self.until.is_some_and(|until| now > until) {
            return ("Expired", "expired");
        }
        ("Active", "active")
    }

    /// As the person's page shows it.
    pub fn shown_on_person(&self, base: &str, holder: u32, now: Timestamp) -> Value {
        let group = json!({ "name": group_name(self.group), "href": format!("{base}{GROUPS_PATH}/{}", self.group) });
        self.shown(base, holder, "accessGroup", group, now)
    }

    /// As the group's list of members shows it.
    pub fn shown_on_group(&self, base: &str, holder: u32, name: &str, now: Timestamp) -> Value {
        let person = json!({ "name": name, "href": format!("{base}{}", person_path(holder)) });
        self.shown(base, holder, "cardholder", person, now)
    }

    fn shown(&self, base: &str, holder: u32, other: &str, end: Value, now: Timestamp) -> Value {
        let (word, machine) = self.status(now);
        let mut out = Map::new();
        out.insert("href".into(), format!("{base}{}", membership_path(holder, self)).into());
        out.insert(other.to_owned(), end);
        out.insert("status".into(), json!({ "value": word, "type": machine }));
        for (name, at) in [("from", self.from), ("until", self.until)] {
            if let Some(at) = at {
                out.insert(name.to_owned(), wire_time(at).into());
            }
        }
        Value::Object(out)
    }
}

fn memberships_path(holder: u32) -> String {
    format!("{}/access_groups", person_path(holder))
}

fn membership_path(holder: u32, membership: &Membership) -> String {
    format!("{}/{}", memberships_path(holder), membership.key())
}

impl Staging<'_> {
    /// Reads `accessGroups`: a plain list in the body of a POST, else the three lists that cards have too.
    pub fn memberships(&mut self, body: &Object, new: bool) -> Staged {
        match body.get("accessGroups") {
            None | Some(Value::Null) => Ok(()),
            Some(Value::Array(add)) if new => add.iter().try_for_each(|element| self.join(element)),
            Some(Value::Object(change)) if !new => {
                let Links { add, update, remove } = Links::of(change, "accessGroups")?;
                for element in remove {
                    if let Some(place) = self.membership(element)? {
                        self.person.memberships.remove(place);
                    }
                }
                update.iter().try_for_each(|element| self.edit_membership(element))?;
                add.iter().try_for_each(|element| self.join(element))
            }
            Some(_) => Err(Refusal::bad("Invalid accessGroups")),
        }
    }

    fn join(&mut self, element: &Value) -> Staged {
        let href = element.get("accessGroup").and_then(|g| g.get("href")).and_then(Value::as_str).unwrap_or_default();
        let group = group_named(href).ok_or_else(|| Refusal::bad(format!("Invalid access group href: {href}")))?;
        // A bad time is passed over, as when a card is made (contract section 5.1).
        let time = |name: &str| element.get(name).and_then(Value::as_str).and_then(read_time);
        let membership = Membership { link: self.new_link(), group, from: time("from"), until: time("until") };
        check_validity(membership.from, membership.until)?;
        self.person.memberships.push(membership);
        Ok(())
    }

    fn edit_membership(&mut self, element: &Value) -> Staged {
        let Some(place) = self.membership(element)? else { return Ok(()) };
        let mut edited = self.person.memberships[place];
        read_validity(element, &mut edited.from, &mut edited.until)?;
        if edited != self.person.memberships[place] {
            edited.link = self.new_link();
        }
        self.person.memberships[place] = edited;
        Ok(())
    }

    /// The place of the membership that an element names; `None` where stale hrefs are passed over.
    fn membership(&self, element: &Value) -> Result<Option<usize>, Refusal> {
        let href = element.get("href").and_then(Value::as_str).unwrap_or_default();
        let key = id_under(href, &memberships_path(self.person.id()));
        let place = key.and_then(|key| self.person.memberships.iter().position(|m| m.key() == key));
        match (place, self.world.switches.stale_href) {
            (Some(place), _) => Ok(Some(place)),
            (None, StaleHref::Ignored) => Ok(None),
            (None, StaleHref::BadRequest) => Err(Refusal::bad("Invalid access group membership href")),
            (None, StaleHref::NotFound) => Err(Refusal::not_found()),
        }
    }

    fn new_link(&mut self) -> u32 {
        (self.world.draw() >> 96) as u32
    }
}

/// `DELETE` of a membership (contract section 3: the href only names the link, but it can be deleted).
pub async fn leave(caller: Caller, State(site): State<Arc<Site>>, Path((id, link)): Path<(String, String)>) -> Reply {
    let by = caller.by();
    site.shared.at_once(|world, now| {
        let mut person = visible(world, &caller, &id)?.into_owned();
        caller.must_edit()?;
        let place = person.memberships.iter().position(|m| m.key() == link);
        let place = place.ok_or_else(|| Refusal::not_found().to(by))?;
        unlocked(world, &person, &caller)?;
        person.memberships.remove(place);
        world.commit(person, ChangeKind::Update, by, now);
        Ok(Answer::done(by))
    })
}
