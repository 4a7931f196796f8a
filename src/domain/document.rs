//! What a vendor's own answer says about one credential, member by member, for people who must see it as it came. What
//! opens a door or a system is left out when it is taken in, so that it can reach no screen, no clipboard and no file.

use super::text::SafeText;
use serde_json::Value;

/// Lines that are shown of one document; a card has a few dozen.
const MAX_LINES: usize = 2000;
/// A text longer than this (in bytes) is a picture or a certificate, and is told by its length.
const LONG: usize = 400;
/// What stands in the place of a secret.
const HIDDEN: &str = "(not shown)";

/// Members whose value lets somebody in, wherever they stand (accessgrid.md section 4, cardexchange.md section 4.3,
/// gallagher.md section 5): codes, keys, and the links by which a pass is put on a phone.
const SECRETS: [&str; 16] = [
    "pin",
    "pinblock",
    "password",
    "passcode",
    "secret",
    "token",
    "access_token",
    "accesstoken",
    "apikey",
    "api_key",
    "privatekey",
    "private_key",
    "install_url",
    "direct_install_url",
    "pan",
    "cvv",
];

/// A vendor's document about one credential, without secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Document(Value);

impl Document {
    /// Takes in what a vendor said.
    pub fn of(value: &Value) -> Self {
        Self(cleaned(value, ""))
    }

    /// As JSON, two blanks a level, each line safe to show.
    pub fn lines(&self) -> Vec<SafeText> {
        let text = serde_json::to_string_pretty(&self.0).unwrap_or_default();
        text.lines().take(MAX_LINES).map(SafeText::of).collect()
    }

    /// As JSON in one text, safe to copy.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.lines().iter().map(ToString::to_string).collect();
        lines.join("\n")
    }
}

fn cleaned(value: &Value, inside: &str) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| {
                    let known = name.to_lowercase();
                    // Whoever holds the address of an invitation can enrol with it (gallagher.md section 5.4).
                    let secret = SECRETS.contains(&known.as_str()) || inside == "invitation" && known == "href";
                    let shown = if secret && !value.is_null() { HIDDEN.into() } else { cleaned(value, &known) };
                    (name.clone(), shown)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(|item| cleaned(item, inside)).collect()),
        Value::String(text) if text.len() > LONG => format!("({} characters)", text.chars().count()).into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_lets_somebody_in_is_not_shown() {
        let document = Document::of(&json!({
            "number": "0411****22",
            "pin": "4711",
            "invitation": {"status": "sent", "href": "https://cloud.example/api/invitations/QX7K"},
            "href": "/api/cardholders/4665/cards/97b6",
            "install_url": "https://wallet.example/abc",
            "halves": [{"Install_URL": "https://wallet.example/def", "pin": null}],
            "photo": "A".repeat(401),
        }));
        let text = document.text();
        for secret in ["4711", "QX7K", "wallet.example", "AAAA"] {
            assert!(!text.contains(secret), "{text}");
        }
        for shown in ["0411****22", "\"sent\"", "/api/cardholders/4665/cards/97b6", "(401 characters)", "null"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        assert_eq!(text.matches(HIDDEN).count(), 4);
    }

    #[test]
    fn hostile_texts_are_made_safe_line_by_line() {
        let document = Document::of(&json!({"name": "Jane\u{202e}\u{1b}[2J", "n\u{9b}": 1}));
        let text = document.text();
        assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}') && !text.contains('\u{9b}'), "{text:?}");
        let all = json!((0..5000).collect::<Vec<_>>());
        assert_eq!(Document::of(&all).lines().len(), MAX_LINES);
    }
}
