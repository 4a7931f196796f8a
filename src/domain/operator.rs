//! Who works at a desk, and by which key what they sign is known (decision 9).

use super::text::SafeText;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What an operator may do (safety.md section 6, "People").
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// Reads everything, changes nothing.
    Viewer,
    /// Runs passes.
    Operator,
    /// Runs passes, and agrees to what others planned.
    Approver,
    /// All of it, and sets up the desk.
    Admin,
}

/// An operator as the site file names her: one OS account on one machine is one desk with one ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operator {
    /// What others call her desk: 1 to 32 of letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// What she may do.
    pub role: Role,
    /// Her OS account.
    pub os_user: String,
    /// What her signatures are checked with.
    pub key: PublicKey,
}

impl Operator {
    /// What is wrong with a name, if anything. It stands in badges and in plain lines, so it is short and has no
    /// blanks.
    pub fn name_problem(name: &str) -> Option<&'static str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let fits = (1..=32).contains(&name.len()) && name.chars().all(plain);
        (!fits).then_some("a name is 1 to 32 letters, digits, `.`, `_` and `-`")
    }
}

/// A public Ed25519 key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(pub [u8; 32]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// Why a text is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a public key is 64 hex digits in lower case, as `passdesk operator init` prints it")]
pub struct BadKey;

impl FromStr for PublicKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        let digit = |b: u8| char::from(b).to_digit(16).filter(|_| !b.is_ascii_uppercase()).map(|d| d as u8);
        let bytes: Option<Vec<u8>> =
            text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(BadKey)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = BadKey;
    fn try_from(text: String) -> Result<Self, BadKey> {
        text.parse()
    }
}

/// The name of a console, minted with its ledger: `desk-` and eight hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConsoleId(u32);

impl fmt::Display for ConsoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "desk-{:08x}", self.0)
    }
}

impl fmt::Debug for ConsoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Why a text is no name of a console.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a console is called `desk-` and eight hex digits, not {0:?}")]
pub struct BadConsole(String);

impl FromStr for ConsoleId {
    type Err = BadConsole;
    fn from_str(text: &str) -> Result<Self, BadConsole> {
        let digits = text.strip_prefix("desk-").filter(|d| d.len() == 8);
        let id = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).map(Self);
        // One name has one spelling.
        id.filter(|id| id.to_string() == text)
            .ok_or_else(|| BadConsole(SafeText::of(text).as_str().chars().take(60).collect()))
    }
}

impl From<ConsoleId> for String {
    fn from(id: ConsoleId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ConsoleId {
    type Error = BadConsole;
    fn try_from(text: String) -> Result<Self, BadConsole> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_consoles_have_one_spelling() {
        let text = "0a".repeat(32);
        assert_eq!(text.parse::<PublicKey>().unwrap().to_string(), text);
        let long = format!("{text}00");
        for bad in ["", "0a", &text.to_uppercase(), &text[..63], &long, &text.replacen('0', "g", 1)] {
            assert_eq!(bad.parse::<PublicKey>(), Err(BadKey), "{bad}");
        }
        assert_eq!("desk-00ab12cd".parse::<ConsoleId>().unwrap().to_string(), "desk-00ab12cd");
        for bad in ["desk-1", "desk-00AB12CD", "desk-+0ab12cd", "desk-00ab12cd ", "00ab12cd"] {
            assert!(bad.parse::<ConsoleId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_can_stand_in_a_badge() {
        assert_eq!(Operator::name_problem("kim.2"), None);
        for bad in ["", "two words", "é", &"x".repeat(33)] {
            assert!(Operator::name_problem(bad).is_some(), "{bad}");
        }
    }
}
