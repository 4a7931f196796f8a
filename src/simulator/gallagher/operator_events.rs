//! The operator events that the simulated site keeps (contract section 9).

use super::operators::{Operator, Source};
use jiff::Timestamp;

/// One event about a person. Immutable; the card is named in the free text alone.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorEvent {
    /// Id, rising.
    pub id: u64,
    /// When.
    pub time: Timestamp,
    /// Event type id.
    pub type_id: u32,
    /// In whose name.
    pub operator: Operator,
    /// From where.
    pub source: Source,
    /// The person.
    pub index: u32,
    /// Given name at that time.
    pub first: String,
    /// Family name at that time.
    pub last: String,
    /// Division at that time.
    pub division: u16,
    /// Free text, or empty.
    pub details: String,
}

/// A kind of event.
#[derive(Clone, Copy, Debug)]
pub struct EventType {
    /// Id, as recorded from a real server.
    pub id: u32,
    /// Name.
    pub name: &'static str,
    /// Group id.
    pub group: u32,
}

/// Event groups: id and name.
pub const EVENT_GROUPS: &[(u32, &str)] = &[
    (9, "System"),
    (18, "Access Denied"),
    (23, "Card Event"),
    (35, "Enrolment"),
    (100, "Command Centre System"),
    (101, "Operator Event"),
    (133, "Visitor Management"),
];

/// Event types that concern credentials.
pub const EVENT_TYPES: &[EventType] = &[
    EventType { id: 533, name: "Card Activated", group: 100 },
    EventType { id: 534, name: "Card Expired", group: 100 },
    EventType { id: 535, name: "Card Disabled for Inactivity", group: 100 },
    EventType { id: 602, name: "Mobile Device Enrolled", group: 100 },
    EventType { id: 603, name: "Invalid Enrolment Code", group: 35 },
    EventType { id: 10_531, name: "Operator Encoded Card", group: 101 },
    EventType { id: 15_003, name: "Operator Added Item", group: 101 },
    EventType { id: 15_004, name: "Operator Deleted Item", group: 101 },
    EventType { id: 15_005, name: "Operator Modified Item", group: 101 },
    EventType { id: 15_800, name: "Access Granted", group: 23 },
    EventType { id: 15_820, name: "Credential Enrolled", group: 100 },
    EventType { id: 20_210, name: "Mobile Credential Unauthorised", group: 18 },
    EventType { id: 40_506, name: "Visitor Card Assigned", group: 133 },
    EventType { id: 40_551, name: "Visitor Card Removed", group: 133 },
    EventType { id: 40_553, name: "Visitor Card Updated", group: 133 },
    EventType { id: 40_555, name: "Visitor Invitation Generated", group: 133 },
    EventType { id: 40_556, name: "Visitor Mobile Credential Removed", group: 133 },
    EventType { id: 43_357, name: "Inactive Card Removed", group: 100 },
    EventType { id: 43_358, name: "Inactive Card Removal Failed", group: 9 },
];

impl EventType {
    /// The type with this id.
    pub fn find(id: u32) -> Option<&'static Self> {
        EVENT_TYPES.iter().find(|t| t.id == id)
    }
}

impl OperatorEvent {
    /// Its type, with the group.
    pub fn kind(&self) -> EventType {
        EventType::find(self.type_id).copied().unwrap_or(EventType { id: self.type_id, name: "Event", group: 9 })
    }

    /// The person's name as the sentence has it.
    pub fn holder_name(&self) -> String {
        super::person::sort_name(&self.first, &self.last)
    }

    /// One sentence for people.
    pub fn message(&self) -> String {
        let who = self.operator.name;
        let holder = format!("{} {}", self.first, self.last);
        let holder = holder.trim();
        match self.type_id {
            15_003 => format!("Operator {who} created cardholder {holder}"),
            15_004 => format!("Operator {who} deleted cardholder {holder}"),
            15_005 => format!("Operator {who} modified cardholder {holder}"),
            15_820 => format!("Credential enrolled for {holder}"),
            _ => self.kind().name.to_owned(),
        }
    }
}
