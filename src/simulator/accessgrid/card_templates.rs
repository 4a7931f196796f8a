//! Card templates and pairs of them as administrators read, make, change, publish and give them up (contract
//! section 6). The contract does not say when passes may be issued from a template that was made through the API; the
//! account issues from its own two only.

use super::Grid;
use super::answer::{Answer, Refusal, Reply};
use super::caller::Caller;
use super::console::{Window, allowed, answer};
use super::organisation::{CardTemplate, Object, TemplatePair, needed, one_of, passes_of};
use super::pass::State;
use super::switches::ErrorForm;
use super::world::GridWorld;
use crate::simulator::clock::{later, wire_time};
use crate::simulator::population::spread;
use axum::extract::{Path, State as Shared};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

const PLATFORMS: &[&str] = &["apple", "android", "google"];
const USE_CASES: &[&str] = &["corporate_id", "student_id", "multi_family", "hotel"];
const PROTOCOLS: &[&str] = &["desfire", "seos", "smart_tap"];
const DEVICE_LIMITS: &[&str] = &["single_device", "all_devices", "multi_user"];

fn shown(world: &GridWorld, template: &CardTemplate) -> Value {
    let said = |name: &str| template.said.get(name).cloned().unwrap_or_default();
    let list = |name: &str| template.said.get(name).filter(|v| v.is_array()).cloned().unwrap_or_else(|| json!([]));
    json!({
        "id": template.id, "name": said("name"), "platform": said("platform"), "use_case": said("use_case"),
        "protocol": said("protocol"), "created_at": wire_time(template.created),
        "last_published_at": template.published.map(wire_time),
        "issued_keys_count": passes_of(world, template, |_| true),
        "active_keys_count": passes_of(world, template, |state| state == State::Active),
        "allowed_device_counts": {
            "allow_on_multiple_devices": said("allow_on_multiple_devices"), "watch": said("watch_count"),
            "iphone": said("iphone_count"), "android_device_limit": said("android_device_limit"),
        },
        "support_settings": {
            "url": said("support_url"), "phone": said("support_phone_number"), "email": said("support_email"),
        },
        "terms_settings": {
            "privacy_policy_url": said("privacy_policy_url"),
            "terms_and_conditions_url": said("terms_and_conditions_url"),
        },
        "style_settings": {
            "background_color": said("background_color"), "label_color": said("label_color"),
            "label_secondary_color": said("label_secondary_color"),
        },
        "credential_profiles": list("credential_profiles"), "landing_pages": list("landing_pages"),
        "metadata": metadata(template),
    })
}

fn metadata(template: &CardTemplate) -> Value {
    template.said.get("metadata").cloned().unwrap_or_else(|| json!({}))
}

fn shown_pair(world: &GridWorld, pair: &TemplatePair) -> Value {
    let [apple, google] = pair.halves.each_ref().map(|id| {
        let half = world.organisation.template(id)?;
        Some(json!({ "id": id, "name": half.text("name"), "platform": half.text("platform") }))
    });
    json!({
        "id": pair.id, "ex_id": pair.ex_id, "name": pair.name, "created_at": wire_time(pair.created),
        "ios_template": apple, "android_template": google,
    })
}

/// `GET` of all templates: a bare list.
pub async fn list(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    answer(&grid, &caller, |world| Ok(world.organisation.templates.iter().map(|one| shown(world, one)).collect()))
}

/// `GET` of a template, or of a pair by either of its ids.
pub async fn one(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    answer(&grid, &caller, |world| {
        if let Some(one) = world.organisation.template(&id) {
            return Ok(shown(world, one));
        }
        let pair = world.organisation.pair(&id).ok_or_else(|| Refusal::not_found("Card template"))?;
        let halves = pair.halves.iter().filter_map(|half| world.organisation.template(half));
        let halves: Vec<Value> = halves.map(|half| shown(world, half)).collect();
        Ok(json!({ "id": id, "is_pair": true, "name": pair.name, "templates": halves }))
    })
}

/// `GET` of the template pairs.
pub async fn pairs(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let window = Window::of(&caller);
    answer(&grid, &caller, |world| {
        let all = &world.organisation.pairs;
        let page: Vec<Value> = window.cut(all.iter()).map(|pair| shown_pair(world, pair)).collect();
        Ok(json!({ "card_template_pairs": page, "pagination": window.pagination(all.len()) }))
    })
}

/// What can be wrong with the fields of a template. The old word for a platform becomes the current one.
fn checked(mut body: Object) -> Result<Object, Refusal> {
    one_of(&body, "platform", PLATFORMS)?;
    one_of(&body, "use_case", USE_CASES)?;
    one_of(&body, "protocol", PROTOCOLS)?;
    one_of(&body, "android_device_limit", DEVICE_LIMITS)?;
    if body.contains_key("name") {
        needed(&body, "name")?;
    }
    if body.get("iphone_count").is_some_and(|count| !count.as_u64().is_some_and(|n| (1..=5).contains(&n))) {
        return Err(Refusal::invalid("iphone_count must be 1 to 5"));
    }
    if body.get("metadata").is_some_and(|metadata| !metadata.is_object()) {
        return Err(Refusal::invalid("metadata must be an object"));
    }
    if body.get("platform").is_some_and(|platform| platform == "google") {
        body.insert("platform".into(), "android".into());
    }
    Ok(body)
}

/// What making and changing answer. When a template will be out is not in the contract: as soon as the switch says.
fn receipt(world: &GridWorld, template: &CardTemplate, now: Timestamp) -> Value {
    let out = later(now, i64::from(world.switches.apple_review_s));
    json!({ "id": template.id, "estimated_publishing_date": wire_time(out), "metadata": metadata(template) })
}

/// `POST` of a template.
pub async fn create(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let body = caller.object()?;
    allowed(&grid, &caller, |world, now| {
        for name in ["name", "platform", "use_case", "protocol"] {
            needed(&body, name)?;
        }
        let id = format!("0x{}", world.organisation.new_word());
        let made = CardTemplate { id, own: None, said: checked(body)?, created: now, published: None };
        let shown = receipt(world, &made, now);
        world.organisation.templates.push(made);
        Ok((201, shown))
    })
}

/// `PUT` of a template: some fields, the others stay.
pub async fn update(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    let body = caller.object()?;
    allowed(&grid, &caller, |world, now| {
        let template = world.organisation.template_to_change(&id)?;
        template.said.extend(checked(body)?);
        let template = template.clone();
        Ok((200, receipt(world, &template, now)))
    })
}

/// `DELETE` of a template, which must have no pass that is not deleted.
pub async fn remove(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    allowed(&grid, &caller, |world, _| {
        let template = world.organisation.template_to_change(&id)?.clone();
        let alive = passes_of(world, &template, |state| state != State::Deleted);
        if alive > 0 {
            return Err(Refusal::invalid(format!("Card template has {alive} passes that are not deleted")));
        }
        world.organisation.templates.retain(|one| one.id != id);
        world.organisation.pairs.retain(|pair| !pair.halves.contains(&id));
        Ok((200, json!({ "id": id, "deactivated": true })))
    })
}

/// `POST` of the publishing of a template. Apple reviews it first; how long is for the switch to say.
pub async fn publish(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    allowed(&grid, &caller, |world, now| {
        let switches = world.switches.clone();
        let template = world.organisation.template_to_change(&id)?;
        let fresh = template.published.is_none();
        template.published.get_or_insert(now);
        let in_review = template.text("platform") == "apple" && (fresh || !template.is_ready(&switches, now));
        Ok((200, json!({ "id": id, "status": if in_review { "in-review" } else { "ready" } })))
    })
}

/// `POST` of a pair: an Apple and a Google template, both ready, that speak to the same readers.
pub async fn make_pair(Shared(grid): Shared<Arc<Grid>>, caller: Caller) -> Reply {
    let body = caller.object()?;
    allowed(&grid, &caller, |world, now| {
        let name = needed(&body, "name")?.to_owned();
        let half = |member: &str, platform: &str| {
            let id = needed(&body, member)?;
            let found = world.organisation.template(id).ok_or_else(|| Refusal::not_found("Card template"))?;
            if found.text("platform") != platform {
                return Err(Refusal::invalid(format!("{member} is not a template for {platform}")));
            }
            if !found.is_ready(&world.switches, now) {
                return Err(Refusal::invalid(format!("{member} is not ready")));
            }
            Ok((id.to_owned(), found.text("protocol").to_owned()))
        };
        let (apple, google) = (half("apple_card_template_id", "apple")?, half("google_card_template_id", "android")?);
        if !matches!((apple.1.as_str(), google.1.as_str()), ("seos", "seos") | ("desfire", "smart_tap")) {
            return Err(Refusal::invalid("The protocols of the two templates do not go together"));
        }
        let (id, ex_id) = (format!("pair_{}", world.organisation.new_word()), world.organisation.new_word());
        let ex_id = format!("0x{ex_id}");
        let made = TemplatePair { id, ex_id, name, created: now, halves: [apple.0, google.0] };
        let shown = shown_pair(world, &made);
        world.organisation.pairs.push(made);
        Ok((201, shown))
    })
}

/// `POST` of what an iPhone asks before it takes a pass. Its refusals have a form of their own (contract section 3).
pub async fn ios_preflight(Shared(grid): Shared<Arc<Grid>>, Path(id): Path<String>, caller: Caller) -> Reply {
    let body = caller.object()?;
    let pass = body.get("access_pass_ex_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let found = grid.at_once(|world, _| {
        super::console::must_have_plan(world).map_err(|refusal| caller.refuse(refusal))?;
        let template = world.organisation.template(&id).and_then(|template| template.own);
        let number = world.number(&pass).filter(|number| template.is_some() && world.template(*number) == template);
        number.ok_or_else(|| Refusal::not_found("Access pass").to(caller.by(), ErrorForm::ErrorKey))
    });
    found?;
    let word = |salt: u64| pass.bytes().fold(salt, |h, byte| spread(h ^ u64::from(byte)));
    let identifier = |salt: u64| uuid::Uuid::from_u64_pair(word(salt), word(salt + 1)).to_string().to_uppercase();
    Ok(Answer::read(
        caller.by(),
        json!({
            "provisioningCredentialIdentifier": identifier(1), "sharingInstanceIdentifier": identifier(3),
            "cardTemplateIdentifier": id, "environmentIdentifier": identifier(5),
        }),
    ))
}
