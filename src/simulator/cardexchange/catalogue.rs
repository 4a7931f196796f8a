//! What nested descriptors describe: profiles, organisation, card types and layouts of the simulated tenant.

use super::ids::{Guids, Key, Kind};
use super::switches::{Descriptor, Switches};
use crate::simulator::names::DEPARTMENTS;
use serde_json::{Value, json};

/// The profile of staff.
pub const EMPLOYEE: u16 = 0;
/// The profile of people from other companies.
pub const CONTRACTOR: u16 = 1;
/// The profile of anonymous sets.
pub const VISITOR: u16 = 2;

/// Names of everything of one kind, in their order.
pub fn names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Profile => &["Employee", "Contractor", "Visitor"],
        Kind::BusinessUnit => &["Head office", "Plant", "Campus"],
        Kind::ExternalCompany => &["Lakeside Cleaning", "Northgate Security"],
        Kind::Department => DEPARTMENTS,
        Kind::CostAccount => &["4100", "4200", "7300"],
        Kind::Location => &["Main building", "Warehouse", "Annex"],
        Kind::CardType => &["Staff badge", "Contractor badge", "Visitor badge"],
        Kind::Layout => &["Portrait", "Landscape", "Portrait, striped"],
        _ => &[],
    }
}

/// The descriptor of an entry, as it is shown (contract section 3.1); null for none.
pub fn descriptor(guids: Guids, switches: &Switches, kind: Kind, entry: Option<u16>) -> Value {
    let Some(entry) = entry else { return Value::Null };
    let id = guids.of(Key::new(kind, u32::from(entry)));
    match switches.descriptor {
        Descriptor::Object => json!({ "id": id, "name": names(kind).get(usize::from(entry)) }),
        Descriptor::Id => json!(id),
    }
}

/// The id of an entry where the reference promises a plain id.
pub fn plain_id(guids: Guids, kind: Kind, entry: Option<u16>) -> Value {
    entry.map_or(Value::Null, |entry| json!(guids.of(Key::new(kind, u32::from(entry)))))
}

/// The entry that an id stands for.
pub fn entry(guids: Guids, kind: Kind, id: &str) -> Option<u16> {
    let key = guids.place(id, kind)?;
    ((key.index as usize) < names(kind).len()).then_some(key.index as u16)
}
