//! Tolerant reading of members: names that could not be confirmed have aliases, what is missing or odd is nothing,
//! never an error (contract sections 2 and 7).

use crate::domain::credential::{CardStatus, CredentialClass};
use crate::domain::lifecycle;
use crate::domain::text::Untrusted;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

pub(super) const SCHEME: &[&str] = &["scheme", "cardScheme", "paymentScheme"];
pub(super) const LAST4: &[&str] = &["last4", "lastFourDigits", "panLast4", "last4Digits"];
pub(super) const EXPIRES: &[&str] = &["exp", "expiryDate", "expirationDate", "expiry"];
pub(super) const STATE: &[&str] = &["state", "cardState", "digitalCardState", "status"];
pub(super) const CREATED: &[&str] = &["createdTime", "creationTime", "createdAt"];
pub(super) const UPDATED: &[&str] = &["updatedTime", "lastUpdateTime", "updatedAt"];
pub(super) const DIGITAL_ID: &[&str] = &["digitalCardId", "id"];

/// The first of some members that is a text; numbers are taken as their digits.
pub(super) fn text(object: &Value, names: &[&str]) -> Untrusted {
    let found = names.iter().find_map(|name| match object.get(*name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    });
    Untrusted::new(found.unwrap_or_default())
}

/// A time with any offset (contract section 14, row 17).
pub(super) fn time(object: &Value, names: &[&str]) -> Option<Timestamp> {
    text(object, names).raw().parse().ok()
}

/// The array of a list under its assumed name, else the first array there is (contract section 6.2).
pub(super) fn list<'a>(answer: &'a Value, name: &str) -> Option<&'a [Value]> {
    if let Some(Value::Array(items)) = answer.get(name) {
        return Some(items);
    }
    if let Value::Array(items) = answer {
        return Some(items);
    }
    answer.as_object()?.values().find_map(Value::as_array).map(Vec::as_slice)
}

/// `MMYY` as the moment when it is over: the beginning of the month after.
pub(super) fn expiry(object: &Value) -> Option<Timestamp> {
    let text = text(object, EXPIRES);
    let digits = text.raw();
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (month, year) = (digits[..2].parse::<i8>().ok()?, digits[2..].parse::<i16>().ok()?);
    let first = Date::new(2_000 + year, month, 1).ok()?;
    TimeZone::UTC.to_timestamp(first.checked_add(1.month()).ok()?.at(0, 0, 0, 0)).ok()
}

/// What the vendor's word for a state means. The words of the classic product are known too, but only to be shown
/// (contract section 8).
pub(super) fn status(class: CredentialClass, word: &str) -> CardStatus {
    lifecycle::meaning(class, word).unwrap_or(CardStatus::Unknown)
}

/// True if an item has all that an operation must have (contract section 6.3).
pub(super) fn is_whole_operation(item: &Value) -> bool {
    ["operation", "status", "startTime", "requestorType"]
        .iter()
        .all(|name| item.get(*name).is_some_and(Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_read_under_any_of_their_names() {
        for card in
            [json!({ "last4": "1234" }), json!({ "lastFourDigits": "1234", "last4": "" }), json!({ "last4": 1234 })]
        {
            assert_eq!(text(&card, LAST4).raw(), "1234");
        }
        assert!(text(&json!({ "last4": ["1"] }), LAST4).is_empty());
    }

    #[test]
    fn times_have_any_offset() {
        for (text, wanted) in [
            ("2031-03-02T09:14:07.120Z", "2031-03-02T09:14:07.12Z"),
            ("2031-03-02T11:14:07+02:00", "2031-03-02T09:14:07Z"),
            ("2031-03-02T09:14:07Z", "2031-03-02T09:14:07Z"),
        ] {
            assert_eq!(time(&json!({ "t": text }), &["t"]).unwrap().to_string(), wanted);
        }
        assert_eq!(time(&json!({ "t": "yesterday" }), &["t"]), None);
    }

    #[test]
    fn an_end_is_the_end_of_its_month() {
        assert_eq!(expiry(&json!({ "exp": "1229" })).unwrap().to_string(), "2030-01-01T00:00:00Z");
        for bad in ["1329", "12/29", "", "129"] {
            assert_eq!(expiry(&json!({ "exp": bad })), None, "{bad}");
        }
    }

    #[test]
    fn lists_are_found_under_another_name() {
        let one = json!([1]);
        for answer in [json!({ "operations": [1] }), json!({ "a": 2, "items": [1] }), one] {
            assert_eq!(list(&answer, "operations").unwrap().len(), 1);
        }
        assert_eq!(list(&json!({ "a": 1 }), "operations"), None);
    }
}
