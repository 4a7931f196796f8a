//! The personal data fields that the simulated site has defined (contract sections 4.2 and 7).

use super::operators::Client;
use super::person::Person;
use super::piv::is_base64;
use serde_json::{Number, Value};

/// A personal data field.
#[derive(Clone, Copy, Debug)]
pub struct PersonalDataField {
    /// Id, as in `pdf_{id}`.
    pub id: u16,
    /// Name as a member: `@Name`.
    pub member: &'static str,
    /// Wire word of its type.
    pub kind: &'static str,
    /// What the site says about it.
    pub description: &'static str,
    /// Access groups that carry it; empty: all. Only their members have a value that anybody sees.
    pub groups: &'static [u16],
    /// The values of a `strEnum`.
    pub choices: &'static [&'static str],
}

const fn field(
    id: u16,
    member: &'static str,
    kind: &'static str,
    description: &'static str,
    groups: &'static [u16],
) -> PersonalDataField {
    PersonalDataField { id, member, kind, description, groups, choices: &[] }
}

/// All of them: one of each type (contract section 4.2).
pub const PERSONAL_DATA_FIELDS: &[PersonalDataField] = &[
    field(702, "@Email", "email", "Work address", &[]),
    field(703, "@Employee number", "string", "Payroll number", &[]),
    field(704, "@Mobile", "mobile", "Work phone", &[]),
    field(705, "@Photo", "image", "Portrait", &[]),
    PersonalDataField {
        choices: &["Permanent", "Fixed term", "Casual"],
        ..field(706, "@Contract", "strEnum", "Kind of employment", &[])
    },
    field(707, "@Locker", "numeric", "Number of the locker", &[]),
    field(708, "@Inducted", "date", "Day of the safety induction", &[]),
    field(709, "@Home address", "address", "For staff alone", &[640]),
    field(710, "@Desk phone", "phone", "Extension", &[]),
];

impl PersonalDataField {
    /// The field with this id.
    pub fn find(id: u16) -> Option<&'static Self> {
        PERSONAL_DATA_FIELDS.iter().find(|f| f.id == id)
    }

    /// The field with this name, as in `@Name`; names of fields are case-sensitive in bodies.
    pub fn with_member(member: &str) -> Option<&'static Self> {
        PERSONAL_DATA_FIELDS.iter().find(|f| f.member == member)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.member.trim_start_matches('@')
    }

    /// A person's value as text, or empty.
    pub fn of<'a>(&self, person: &'a Person) -> &'a str {
        match self.id {
            702 => &person.email,
            703 => &person.employee_number,
            704 => &person.mobile,
            id => person.more_data.get(&id).map_or("", String::as_str),
        }
    }

    /// Sets a person's value; empty deletes it.
    pub fn set(&self, person: &mut Person, value: String) {
        match self.id {
            702 => person.email = value,
            703 => person.employee_number = value,
            704 => person.mobile = value,
            id if value.is_empty() => drop(person.more_data.remove(&id)),
            id => drop(person.more_data.insert(id, value)),
        }
    }

    /// Whether a client sees this field of this person: her access group carries it, and the operator has access.
    pub fn is_visible(&self, person: &Person, client: &Client) -> bool {
        self.is_carried(person) && !client.hidden_fields.contains(&self.id)
    }

    /// Whether an access group of hers carries it.
    pub fn is_carried(&self, person: &Person) -> bool {
        self.groups.is_empty() || person.memberships.iter().any(|m| self.groups.contains(&m.group))
    }

    /// A value as it was sent, as the text that is kept; `None` if the type does not take it.
    pub fn read(&self, value: &Value) -> Option<String> {
        let text = match value {
            Value::Null => return Some(String::new()),
            Value::String(text) => text.clone(),
            Value::Number(number) if self.kind == "numeric" => number.to_string(),
            _ => return None,
        };
        let fits = match self.kind {
            _ if text.is_empty() => true,
            "email" => is_mail_address(&text),
            "image" => is_base64(&text),
            "strEnum" => self.choices.contains(&text.as_str()),
            "numeric" => text.parse::<Number>().is_ok(),
            // Only the day is kept (contract section 4.2).
            "date" => {
                return text.get(..10).and_then(|day| day.parse::<jiff::civil::Date>().ok()).map(|d| d.to_string());
            }
            _ => true,
        };
        fits.then_some(text)
    }

    /// A kept value as it is served; of an image only where it is.
    pub fn shown(&self, text: &str, image: &str) -> Value {
        match self.kind {
            "image" if !text.is_empty() => serde_json::json!({ "href": image }),
            "numeric" => text.parse::<Number>().map_or_else(|_| Value::from(text), Value::Number),
            _ => Value::from(text),
        }
    }
}

/// Whether a text looks like a mail address.
pub fn is_mail_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
        && !text.contains(char::is_whitespace)
}
