//! Reading the body of an issue and of an update (contract sections 4.2 and 4.3), and issuing.

use super::answer::Refusal;
use super::ids::Number;
use super::log::Actor;
use super::organisation::Organisation;
use super::pass::{ATTRIBUTES, OTHER_TRADES, Pass, State};
use super::switches::{MetadataUpdate, Switches};
use super::templates::Template;
use super::world::GridWorld;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

type Object = Map<String, Value>;

/// What a valid issue asks for, besides its templates.
#[derive(Clone, Debug, Default)]
pub struct IssueWish {
    /// Name of the holder.
    pub full_name: String,
    /// Valid from.
    pub start: Option<Timestamp>,
    /// Valid until.
    pub expires: Option<Timestamp>,
    /// Texts, by wire name.
    pub attributes: BTreeMap<&'static str, String>,
    /// Notes of the writer.
    pub metadata: Object,
    /// Below 65,535; together with the site code, or both are allocated.
    pub card_number: Option<String>,
    /// Below 255.
    pub site_code: Option<String>,
    /// Hexadecimal, at most 64 digits; in place of a number.
    pub file_data: Option<String>,
    /// 14 hexadecimal digits.
    pub tag_id: Option<String>,
    /// At most a day.
    pub temporary: bool,
}

/// Reads the body of an issue: the templates (two for a pair) and the wish.
pub fn read_issue(
    body: &Object,
    organisation: &Organisation,
    switches: &Switches,
) -> Result<(Vec<Template>, IssueWish), Refusal> {
    let Some(template) = text(body, "card_template_id")? else {
        return Err(Refusal::invalid("Card template can't be blank"));
    };
    let templates = organisation.own_templates(&template)?;
    if templates.is_empty() {
        return Err(Refusal::invalid("This account issues from the card templates that it had at the start"));
    }
    let full_name = text(body, "full_name")?.ok_or_else(|| Refusal::invalid("Full name can't be blank"))?;
    let (start, expires) = (date(body, "start_date")?, date(body, "expiration_date")?);
    if start.zip(expires).is_some_and(|(start, end)| end <= start) {
        return Err(Refusal::invalid("Expiration date must be after start date"));
    }
    let mut attributes = BTreeMap::new();
    for (name, _) in ATTRIBUTES {
        if let Some(value) = text(body, name)? {
            attributes.insert(*name, value);
        }
    }
    if switches.contact_required && !attributes.contains_key("email") && !attributes.contains_key("phone_number") {
        return Err(Refusal::invalid("Email or phone number is required"));
    }
    let file_data = text(body, "file_data")?;
    if file_data.as_ref().is_some_and(|hex| hex.len() > 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(Refusal::invalid("File data must be at most 64 hexadecimal characters"));
    }
    let tag_id = text(body, "tag_id")?;
    if tag_id.as_ref().is_some_and(|tag| tag.len() != 14 || !tag.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(Refusal::invalid("Tag must be 14 hexadecimal characters"));
    }
    let (card_number, site_code) = (below(body, "card_number", 65_535)?, below(body, "site_code", 255)?);
    if card_number.is_some() != site_code.is_some() && file_data.is_none() {
        return Err(Refusal::invalid("Card number and site code belong together"));
    }
    let temporary = match body.get("temporary") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(temporary)) => *temporary,
        Some(_) => return Err(Refusal::invalid("Temporary is invalid")),
    };
    let day = |(start, end): (Timestamp, Timestamp)| end.as_second() - start.as_second() <= 86_400;
    if temporary && !start.zip(expires).is_some_and(day) {
        return Err(Refusal::invalid("A temporary pass lasts at most 24 hours"));
    }
    let metadata = object(body, "metadata")?.unwrap_or_default();
    let wish = IssueWish {
        full_name,
        start,
        expires,
        attributes,
        metadata,
        card_number,
        site_code,
        file_data,
        tag_id,
        temporary,
    };
    Ok((templates, wish))
}

/// Issues: one pass, or the two halves of a pair with one metadata. Returns the address of the pass or the pair.
pub fn issue(world: &mut GridWorld, templates: &[Template], wish: &IssueWish, actor: &Actor, now: Timestamp) -> Number {
    let unified = (templates.len() == 2).then(|| world.new_number());
    let mut passes: Vec<Pass> =
        templates.iter().map(|template| make(world, *template, unified, wish, actor, now)).collect();
    let Some(last) = passes.pop() else { return world.new_number() };
    if let (Some(pair), Some(first)) = (unified, passes.pop()) {
        world.add_pair(pair, [first, last], actor, now);
        return pair;
    }
    let number = last.number;
    world.add(last, actor, now);
    number
}

fn make(
    world: &mut GridWorld,
    template: Template,
    unified: Option<Number>,
    wish: &IssueWish,
    actor: &Actor,
    now: Timestamp,
) -> Pass {
    let number = world.new_number();
    let turn = world.order().len() as u64 + u64::from(template == Template::Android);
    let allocated = wish.card_number.is_none() && wish.file_data.is_none();
    Pass {
        number,
        unified,
        template,
        state: State::Created,
        suspended_by: None,
        full_name: wish.full_name.clone(),
        card_number: wish.card_number.clone().or_else(|| allocated.then(|| (turn % 65_000 + 1).to_string())),
        site_code: wish.site_code.clone().or_else(|| allocated.then(|| "42".to_owned())),
        file_data: wish.file_data.clone(),
        tag_id: wish.tag_id.clone(),
        start: wish.start,
        expires: wish.expires,
        created: now,
        updated: now,
        attributes: wish.attributes.clone(),
        temporary: wish.temporary,
        devices: Vec::new(),
        metadata: wish.metadata.clone(),
        author: actor.by,
    }
}

/// Lays an update over a copy of a pass: all of it or nothing (contract section 4.3).
pub fn read_update(body: &Object, pass: &mut Pass, switches: &Switches) -> Result<(), Refusal> {
    // Two clients send it, and it means nothing.
    let mut names = body.keys().map(String::as_str).filter(|name| *name != "card_id").peekable();
    if names.peek().is_none() {
        return Err(Refusal::invalid("No parameters provided"));
    }
    let accepted = |name: &str| {
        matches!(name, "full_name" | "expiration_date" | "metadata")
            || OTHER_TRADES.contains(&name)
            || ATTRIBUTES.iter().any(|(known, changes)| *known == name && *changes)
    };
    if !names.all(accepted) {
        return Err(Refusal::invalid("Unexpected parameters provided"));
    }
    if body.contains_key("full_name") {
        pass.full_name = text(body, "full_name")?.ok_or_else(|| Refusal::invalid("Full name can't be blank"))?;
    }
    if body.contains_key("expiration_date") {
        pass.expires = date(body, "expiration_date")?;
    }
    for (name, _) in ATTRIBUTES.iter().filter(|(name, _)| body.contains_key(*name)) {
        match text(body, name)? {
            Some(value) => pass.attributes.insert(name, value),
            None => pass.attributes.remove(name),
        };
    }
    if let Some(metadata) = object(body, "metadata")? {
        match switches.metadata_update {
            MetadataUpdate::Replaces => pass.metadata = metadata,
            MetadataUpdate::Merges => pass.metadata.extend(metadata),
        }
    }
    Ok(())
}

/// A text that is there; null and empty are absent.
fn text(body: &Object, name: &str) -> Result<Option<String>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(Refusal::invalid(format!("{name} is invalid"))),
    }
}

fn object(body: &Object, name: &str) -> Result<Option<Object>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object.clone())),
        Some(_) => Err(Refusal::invalid(format!("{name} must be an object"))),
    }
}

/// A full date-time; the year 1 is what one client sends for none.
fn date(body: &Object, name: &str) -> Result<Option<Timestamp>, Refusal> {
    match text(body, name)?.as_deref() {
        None | Some("0001-01-01T00:00:00Z") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Refusal::invalid(format!("{name} is not a date"))),
    }
}

/// A number below a bound, sent as a number or its digits.
fn below(body: &Object, name: &str, bound: u64) -> Result<Option<String>, Refusal> {
    let sent = match body.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(digits)) if digits.is_empty() => return Ok(None),
        Some(Value::String(digits)) => digits.parse().ok(),
        Some(_) => None,
    };
    let number = sent.filter(|number| *number < bound);
    number.map(|number| Some(number.to_string())).ok_or_else(|| Refusal::invalid(format!("{name} is out of range")))
}
