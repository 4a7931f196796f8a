//! A pass as an answer shows it (contract section 4.1).

use super::ids::Number;
use super::pass::{ATTRIBUTES, Pass, State};
use super::world::GridWorld;
use crate::simulator::clock::wire_time;
use serde_json::{Map, Value, json};

/// The wire word of a state.
pub fn state_word(state: State, fixtures: bool) -> String {
    match (state, fixtures) {
        (State::Created, true) => "issued".to_owned(),
        (State::Suspended, true) => "inactive".to_owned(),
        (State::Unlink, true) => "unlinked".to_owned(),
        (state, _) => state.to_string(),
    }
}

/// Where a pass is installed from.
pub fn install_url(id: &str) -> String {
    format!("https://install.example.test/p/{id}")
}

/// One pass. `details` is never a key of it: a client takes its presence for a pair.
pub fn pass(world: &GridWorld, pass: &Pass) -> Value {
    let id = world.id(pass.number);
    let devices = pass.devices.iter().map(|device| {
        json!({
            "id": device.id, "platform": device.kind.platform(), "device_type": device.kind.to_string(),
            "status": device.status.to_string(), "created_at": wire_time(device.created),
            "updated_at": wire_time(device.updated),
        })
    });
    let mut out = json!({
        "id": id,
        "state": state_word(pass.state, world.switches.fixture_states),
        "install_url": install_url(&id),
        "card_template_id": pass.template.id(),
        "full_name": pass.full_name,
        "employee_id": null,
        "card_number": pass.card_number,
        "site_code": pass.site_code,
        "file_data": pass.file_data,
        "tag_id": pass.tag_id,
        "start_date": pass.start.map(wire_time),
        "expiration_date": pass.expires.map(wire_time),
        "created_at": wire_time(pass.created),
        "updated_at": wire_time(pass.updated),
        "temporary": pass.temporary,
        "devices": devices.collect::<Vec<_>>(),
        "metadata": pass.metadata,
    });
    let contact = |name: &str| matches!(name, "email" | "phone_number");
    for (name, _) in ATTRIBUTES.iter().filter(|(name, _)| world.switches.show_contact || !contact(name)) {
        if let Some(value) = pass.attributes.get(name) {
            out[*name] = json!(value);
        }
    }
    out
}

/// What stands at an address: a pass, or a pair with its two halves. `None`: nothing.
pub fn whole(world: &GridWorld, number: Number) -> Option<Value> {
    if let Some(one) = world.pass(number) {
        return Some(pass(world, &one));
    }
    let halves = world.pair(number)?;
    let halves: Vec<_> = halves.iter().filter_map(|half| world.pass(*half)).collect();
    let alive = halves.iter().find(|half| half.state != State::Deleted).or(halves.first())?;
    let id = world.id(number);
    Some(json!({
        "id": id,
        "install_url": install_url(&id),
        "state": state_word(alive.state, world.switches.fixture_states),
        "details": halves.iter().map(|half| pass(world, half)).collect::<Vec<_>>(),
    }))
}

/// Puts `status` first into an answer, as issue and actions do.
pub fn with_status(body: Value) -> Value {
    let mut out = Map::from_iter([("status".to_owned(), json!("success"))]);
    if let Value::Object(members) = body {
        out.extend(members);
    }
    Value::Object(out)
}
