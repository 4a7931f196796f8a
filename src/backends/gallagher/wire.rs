//! Tolerant reading of members: what is missing, blank or of an odd type is `None`, never an error
//! (contract section 3: ignore unknown members, blanks are omitted, types shift between versions).

use crate::domain::ids::Link;
use crate::domain::origin::Origin;
use crate::domain::text::Untrusted;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// A text member; numbers are taken as their digits, since ids are one or the other (contract section 3).
pub fn text(object: &Value, name: &str) -> Untrusted {
    match object.get(name) {
        Some(Value::String(s)) => Untrusted::new(s.as_str()),
        Some(Value::Number(n)) => Untrusted::new(n.to_string()),
        _ => Untrusted::default(),
    }
}

/// The `href` of an object, if it stays on the tenant's origin (invariant I22).
pub fn href(object: &Value, origin: &Origin) -> Option<Link> {
    origin.link(object.get("href")?.as_str()?)
}

/// A time as the server writes it: ISO 8601; without a zone it is UTC (contract section 3). Blank is `None`.
pub fn time(object: &Value, name: &str) -> Option<Timestamp> {
    let written = object.get(name)?.as_str()?;
    written.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = written.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })
}

/// The elements of an array member; none if it is absent.
pub fn list<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The page that follows (`next.href`): `Ok(None)` on the last page, `Err` if there is one that may not be followed.
pub fn next(document: &Value, origin: &Origin) -> Result<Option<Link>, super::ProviderError> {
    match document.get("next").filter(|n| !n.is_null()) {
        None => Ok(None),
        Some(next) => {
            href(next, origin).map(Some).ok_or_else(|| super::unreadable("the next page is not a link on this server"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read_with_and_without_a_zone() {
        let object = json!({"a": "2026-03-02T01:14:07Z", "b": "2026-03-02T01:14:07", "c": "2026-03-02T14:14:07+13:00", "d": "", "e": 7});
        for name in ["a", "b", "c"] {
            assert_eq!(time(&object, name).unwrap().to_string(), "2026-03-02T01:14:07Z", "{name}");
        }
        assert_eq!((time(&object, "d"), time(&object, "e"), time(&object, "f")), (None, None, None));
    }
}
