//! The personal data fields that the simulated site has defined (contract sections 4.2 and 7).

use super::person::Person;

/// A personal data field.
#[derive(Clone, Copy, Debug)]
pub struct PersonalDataField {
    /// Id, as in `pdf_{id}`.
    pub id: u16,
    /// Name, as in `@Name`.
    pub name: &'static str,
    /// Wire word of its type.
    pub kind: &'static str,
    /// What the site says about it.
    pub description: &'static str,
}

/// All of them.
pub const PERSONAL_DATA_FIELDS: &[PersonalDataField] = &[
    PersonalDataField { id: 702, name: "Email", kind: "email", description: "Work address" },
    PersonalDataField { id: 703, name: "Employee number", kind: "string", description: "Payroll number" },
    PersonalDataField { id: 704, name: "Mobile", kind: "mobile", description: "Work phone" },
];

impl PersonalDataField {
    /// The field with this id.
    pub fn find(id: u16) -> Option<&'static Self> {
        PERSONAL_DATA_FIELDS.iter().find(|f| f.id == id)
    }

    /// The field with this name; names of fields are case-sensitive in bodies.
    pub fn named(name: &str) -> Option<&'static Self> {
        PERSONAL_DATA_FIELDS.iter().find(|f| f.name == name)
    }

    /// A person's value, or empty.
    pub fn of<'a>(&self, person: &'a Person) -> &'a str {
        match self.id {
            702 => &person.email,
            703 => &person.employee_number,
            _ => &person.mobile,
        }
    }

    /// Sets a person's value; empty deletes it.
    pub fn set(&self, person: &mut Person, value: String) {
        match self.id {
            702 => person.email = value,
            703 => person.employee_number = value,
            _ => person.mobile = value,
        }
    }
}
