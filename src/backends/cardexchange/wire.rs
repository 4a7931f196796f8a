//! Members of answers, read tolerantly: only `id` is certain (contract section 3.1).

use crate::domain::ids::{Link, VendorKey};
use crate::domain::text::Untrusted;
use jiff::{Timestamp, civil};
use serde_json::Value;

/// Text; numbers are written out, anything else is empty.
pub fn text(object: &Value, name: &str) -> Untrusted {
    match object.get(name) {
        Some(Value::String(text)) => Untrusted::new(text.as_str()),
        Some(Value::Number(number)) => Untrusted::new(number.to_string()),
        _ => Untrusted::default(),
    }
}

/// An id. GUIDs are compared without regard to case, so they are kept in lower case; anything else as it came.
pub fn key(object: &Value, name: &str) -> Option<VendorKey> {
    let text = object.get(name)?.as_str()?;
    let guid = uuid::Uuid::try_parse(text).is_ok() && text.len() == 36;
    let key: VendorKey = if guid { text.to_ascii_lowercase() } else { text.to_owned() }.parse().ok()?;
    (!key.as_str().contains('/')).then_some(key)
}

/// Where an object of a resource is served; `path` is the resource's.
pub fn item(path: &str, key: &VendorKey) -> Option<Link> {
    format!("{path}/{}", key.as_str()).parse().ok()
}

/// A descriptor's name: an object with a name, or the plain id where that is all there is.
pub fn described(object: &Value, name: &str) -> Untrusted {
    match object.get(name) {
        Some(Value::String(id)) => Untrusted::new(id.as_str()),
        Some(descriptor @ Value::Object(_)) => {
            let named = text(descriptor, "name");
            if named.is_empty() { text(descriptor, "id") } else { named }
        }
        _ => Untrusted::default(),
    }
}

/// A moment as the vendor writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Moment {
    /// None was sent.
    Missing,
    /// A moment.
    At(Timestamp),
    /// A time whose zone nobody knows, or text that is no time: shown as it came, never computed with.
    Unclear(Untrusted),
}

impl Moment {
    /// The moment, if it is one.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(*at),
            _ => None,
        }
    }
}

/// A date-time: with a zone it is a moment, without one it is only shown.
pub fn moment(object: &Value, name: &str) -> Moment {
    match object.get(name) {
        Some(Value::String(text)) if text.is_empty() => Moment::Missing,
        Some(Value::String(text)) => match text.parse::<Timestamp>() {
            Ok(at) => Moment::At(at),
            Err(_) => Moment::Unclear(Untrusted::new(text.as_str())),
        },
        _ => Moment::Missing,
    }
}

/// True if a time without zone at least reads as one.
pub fn is_local_time(text: &str) -> bool {
    text.parse::<civil::DateTime>().is_ok() || text.parse::<civil::Date>().is_ok()
}

/// The elements of a list member; `None`: there is no such list.
pub fn list<'a>(object: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    object.get(name)?.as_array()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn descriptors_come_as_object_or_id() {
        let card = json!({ "type": { "id": "d1", "name": "Staff badge", "x": 1 }, "layout": "e2", "a": { "id": "z" } });
        assert_eq!(described(&card, "type").raw(), "Staff badge");
        assert_eq!(described(&card, "layout").raw(), "e2");
        assert_eq!(described(&card, "a").raw(), "z");
        assert!(described(&card, "b").is_empty());
    }

    #[test]
    fn guids_have_one_spelling_and_hostile_ids_are_none() {
        let id = |id: &str| key(&json!({ "id": id }), "id").map(|k| k.as_str().to_owned());
        let guid = "6F0F6A52-30B4-4C1E-9D0E-6F6D2B1C7A10";
        assert_eq!(id(guid), Some(guid.to_ascii_lowercase()));
        assert_eq!(id("C-004217").as_deref(), Some("C-004217"));
        for bad in ["", "..", "a/b", "a?b", "a b", "a%2fb"] {
            assert_eq!(id(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_no_moment() {
        let card = json!({ "a": "2026-03-01T00:00:00Z", "b": "2026-03-01T00:00:00", "c": 7, "d": "", "e": "soon" });
        assert_eq!(moment(&card, "a").at(), "2026-03-01T00:00:00Z".parse().ok());
        assert_eq!(moment(&card, "b"), Moment::Unclear("2026-03-01T00:00:00".into()));
        assert!(is_local_time("2026-03-01T00:00:00") && !is_local_time("soon"));
        assert_eq!((moment(&card, "c"), moment(&card, "d")), (Moment::Missing, Moment::Missing));
        assert_eq!(moment(&card, "e"), Moment::Unclear("soon".into()));
    }
}
