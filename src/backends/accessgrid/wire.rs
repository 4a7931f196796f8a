//! One pass as an answer carries it (contract section 4.1). Everything but the id is optional, unknown members are
//! passed over, and what is of an odd type counts as absent: a pass never vanishes because of a member.

use crate::domain::journal::Marker;
use crate::domain::text::Untrusted;
use jiff::Timestamp;
use serde_json::Value;

/// Tag of the intent that issued a pass (contract section 9).
pub const CONSOLE_REF: &str = "console_ref";
/// What kind of work issued it.
pub const CONSOLE_OP: &str = "console_op";
/// Id of the pass that it replaces.
pub const REPLACES: &str = "replaces";
/// Where a pass has no employee number: id of the person's first pass, so that her passes stay together.
pub const FIRST_PASS: &str = "console_holder";

/// Whoever holds the links can install the pass; the rest is long and shown nowhere (contract section 9).
const NOT_KEPT: &[&str] = &["install_url", "direct_install_url", "employee_photo", "file_data"];

/// A pass.
#[derive(Clone, Debug, PartialEq)]
pub struct PassRow {
    /// Its id.
    pub id: String,
    body: Value,
}

impl PassRow {
    /// Reads one; `None` without an id.
    pub fn read(body: &Value) -> Option<Self> {
        let id = text(body, "id").raw().to_owned();
        let mut body = body.clone();
        for name in NOT_KEPT {
            body.as_object_mut().and_then(|members| members.remove(*name));
        }
        (!id.is_empty()).then_some(Self { id, body })
    }

    /// The vendor's document, without links and pictures.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// Its text again, for keeping many of them.
    pub fn packed(&self) -> Box<str> {
        self.body.to_string().into()
    }

    /// The inverse of [`packed`](Self::packed).
    pub fn unpacked(text: &str) -> Option<Self> {
        Self::read(&serde_json::from_str(text).ok()?)
    }

    /// A text, or empty.
    pub fn text(&self, name: &str) -> Untrusted {
        text(&self.body, name)
    }

    /// A time.
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        time(&self.body, name)
    }

    /// The vendor's word for the state.
    pub fn state(&self) -> Untrusted {
        self.text("state")
    }

    /// Id of the template.
    pub fn template(&self) -> Untrusted {
        self.text("card_template_id")
    }

    /// A note of some writer, or empty.
    pub fn note(&self, key: &str) -> Untrusted {
        self.body.get("metadata").map(|metadata| text(metadata, key)).unwrap_or_default()
    }

    /// Our tag, if there is one in valid form. Foreign hands may have copied it.
    pub fn marker(&self) -> Option<Marker> {
        Marker::parse(self.note(CONSOLE_REF).raw())
    }

    /// The passes in a pair's answer; none for a pass of its own.
    pub fn halves(&self) -> Vec<Self> {
        let details = self.body.get("details").and_then(Value::as_array);
        details.into_iter().flatten().filter_map(Self::read).collect()
    }

    /// Kind of each device, and how the pass stands there.
    pub fn devices(&self) -> impl Iterator<Item = (Untrusted, Untrusted)> {
        let devices = self.body.get("devices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        devices.iter().map(|device| (text(device, "device_type"), text(device, "status")))
    }

    /// True if it is valid for a day at most and says so.
    pub fn is_temporary(&self) -> bool {
        self.body.get("temporary").and_then(Value::as_bool).unwrap_or(false)
    }
}

/// A text member; numbers are taken as their digits.
pub fn text(object: &Value, name: &str) -> Untrusted {
    match object.get(name) {
        Some(Value::String(text)) => Untrusted::new(text.as_str()),
        Some(Value::Number(number)) => Untrusted::new(number.to_string()),
        _ => Untrusted::default(),
    }
}

/// A time with its zone.
pub fn time(object: &Value, name: &str) -> Option<Timestamp> {
    object.get(name)?.as_str()?.parse().ok()
}

/// The passes of a list answer, and whether another page may follow (contract section 4.4).
pub struct ListPage {
    /// The passes.
    pub rows: Vec<PassRow>,
    /// True: ask for the next page.
    pub more: bool,
}

impl ListPage {
    /// Reads a list answer; `None` if it is none.
    pub fn read(body: &Value, page: u64, per_page: usize) -> Option<Self> {
        let keys = body.get("keys")?.as_array()?;
        let rows: Vec<PassRow> = keys.iter().filter_map(PassRow::read).collect();
        if rows.len() < keys.len() {
            tracing::warn!(left_out = keys.len() - rows.len(), "passes without an id in a list are left out");
        }
        // Without totals, a full page may have a successor.
        let more = body.get("total_pages").and_then(Value::as_u64).map_or(keys.len() >= per_page, |total| page < total);
        Some(Self { rows, more: more && !keys.is_empty() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn odd_members_never_lose_a_pass() {
        let odd = json!({ "id": "p1", "state": 7, "devices": "none", "metadata": [1], "created_at": 5, "x": {} });
        let row = PassRow::read(&odd).unwrap();
        assert_eq!((row.state().raw(), row.devices().count(), row.marker()), ("7", 0, None));
        assert_eq!(PassRow::unpacked(&row.packed()), Some(row));
        assert!(PassRow::read(&json!({ "id": null })).is_none() && PassRow::read(&json!("p")).is_none());
    }

    #[test]
    fn links_that_install_a_pass_are_forgotten_at_once() {
        let row = json!({ "id": "p", "install_url": "https://x/p", "direct_install_url": "https://y/p", "employee_photo": "AA" });
        let kept = PassRow::read(&row).unwrap().packed();
        assert_eq!(&*kept, r#"{"id":"p"}"#);
    }

    #[test]
    fn only_a_uuid_is_a_tag() {
        let tagged =
            |tag: &str| PassRow::read(&json!({ "id": "p", "metadata": { "console_ref": tag } })).unwrap().marker();
        assert!(tagged("9b0e5a52-6a5c-4f8e-9f6e-0d6c3c1f0a11").is_some());
        assert!(
            tagged("r1").is_none() && tagged("").is_none() && tagged("9B0E5A52-6A5C-4F8E-9F6E-0D6C3C1F0A11").is_none()
        );
    }

    #[test]
    fn pages_go_on_as_the_totals_say_and_stop_when_empty() {
        let more = |body: Value, page| ListPage::read(&body, page, 2).map(|page| page.more);
        assert_eq!(more(json!({ "keys": [{ "id": "a" }], "total_pages": 2 }), 1), Some(true));
        assert_eq!(more(json!({ "keys": [{ "id": "a" }], "total_pages": 2 }), 2), Some(false));
        assert_eq!(more(json!({ "keys": [], "total_pages": 9 }), 3), Some(false));
        assert_eq!(more(json!({ "keys": [{ "id": "a" }, { "id": "b" }] }), 1), Some(true));
        assert_eq!(more(json!({ "keys": [{ "id": "a" }] }), 1), Some(false));
        assert_eq!(more(json!({ "items": [] }), 1), None);
    }
}
