//! Text that came from outside, and the one way in which it may be shown.
//!
//! Everything a vendor, a file or the clipboard hands us arrives as [`Untrusted`]. It has no `Display`, no
//! `Serialize` and a `Debug` that only shows the cleaned form, so drawing, logging or exporting it raw does
//! not compile (invariant I21):
//!
//! ```compile_fail
//! let name = passdesk::domain::text::Untrusted::new("\u{1b}[2J");
//! println!("{name}");
//! ```
//!
//! ```
//! let name = passdesk::domain::text::Untrusted::new("Jane\u{1b}[2J");
//! assert_eq!(name.safe().as_str(), "Jane<1B>[2J");
//! ```

use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Code points kept of one grapheme cluster; the rest is counted in a visible mark.
pub const MAX_CODE_POINTS_PER_GRAPHEME: usize = 8;
/// Terminal columns kept of one text; what is longer ends in `..`.
pub const MAX_WIDTH: usize = 512;

/// Text from a vendor, a file or the clipboard, kept exactly as it came.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Takes any text as it is; nothing is trusted about it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The raw text, for comparing, storing and sending back to its vendor. Never for showing: the
    /// architecture test refuses this call in panes, widgets, CLI and logging.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// True if nothing was sent at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text made safe to show: the one sanitising constructor (safety.md, section 6).
    pub fn safe(&self) -> SafeText {
        SafeText::of(&self.0)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.safe().0)
    }
}

/// Text that is safe on a terminal, in a log and in an export: no control, direction, zero-width, tag or
/// separator characters, bounded clusters, bounded width.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SafeText(String);

impl SafeText {
    /// Cleans any text. Characters that could steer a terminal or hide show as `<HEX>`; clusters keep at
    /// most [`MAX_CODE_POINTS_PER_GRAPHEME`] code points and then say how many were left out.
    pub fn of(text: &str) -> Self {
        if text.len() <= MAX_WIDTH && text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Self(text.to_owned());
        }
        let mut out = String::with_capacity(text.len().min(4 * MAX_WIDTH));
        let mut width = 0;
        for cluster in text.graphemes(true) {
            let mut piece = String::new();
            let mut kept = 0;
            let mut left_out = 0;
            for c in cluster.chars() {
                if kept == MAX_CODE_POINTS_PER_GRAPHEME {
                    left_out += 1;
                } else if must_be_escaped(c) {
                    piece.push_str(&format!("<{:02X}>", c as u32));
                    kept += 1;
                } else {
                    piece.push(c);
                    kept += 1;
                }
            }
            if left_out > 0 {
                piece.push_str(&format!("<+{left_out}>"));
            }
            // A mark with nothing to sit on would attach itself to the neighbouring cell.
            if piece.width() == 0 && !piece.is_empty() {
                piece = piece.chars().map(|c| format!("<{:02X}>", c as u32)).collect();
            }
            let w = piece.width();
            if width + w > MAX_WIDTH {
                out.push_str("..");
                break;
            }
            width += w;
            out.push_str(&piece);
        }
        Self(out)
    }

    /// The cleaned text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Width in terminal columns.
    pub fn width(&self) -> usize {
        self.0.width()
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

fn must_be_escaped(c: char) -> bool {
    let u = c as u32;
    c.is_control()
        || matches!(u,
            0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F
            | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFD | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF)
}

/// A secret (API key, token, invitation link): wiped on drop, and neither `Debug` nor `Display` nor
/// `Serialize` can show it (invariant I24).
///
/// ```compile_fail
/// let key = passdesk::domain::text::Secret::new("7F3A".into());
/// println!("{key}");
/// ```
#[derive(Clone)]
pub struct Secret(secrecy::SecretString);

impl Secret {
    /// Takes ownership of the secret text.
    pub fn new(text: String) -> Self {
        Self(secrecy::SecretString::from(text))
    }

    /// The secret itself, for the one header or signature that needs it.
    pub fn expose(&self) -> &str {
        secrecy::ExposeSecret::expose_secret(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Masks a contact for lists: `j***@example.org`, `0411****22`. Works on cleaned text and never shows more
/// than the outermost characters.
pub fn mask_contact(text: &SafeText) -> String {
    let s = text.as_str();
    if let Some((local, domain)) = s.rsplit_once('@') {
        let first: String = local.graphemes(true).take(1).collect();
        return format!("{first}***@{domain}");
    }
    let clusters: Vec<&str> = s.graphemes(true).collect();
    if clusters.len() < 8 {
        return "****".into();
    }
    format!("{}****{}", clusters[..4].concat(), clusters[clusters.len() - 2..].concat())
}

/// True for 12 to 19 digits with the check digit of a card number: none may reach a log or an address (thales-d1.md
/// section 12).
pub fn looks_like_card_number(text: &str) -> bool {
    let signs: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let digits: Option<Vec<u32>> = signs.iter().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| (12..=19).contains(&digits.len())) else { return false };
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(d, twice)| if twice { doubled(*d) } else { *d })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i21_no_control_or_direction_character_survives() {
        let hostile = "a\u{1b}]0;t\u{7}b\u{202e}c\u{200d}d\u{e0041}e\u{9b}31mf\u{2028}g\r\n";
        let safe = SafeText::of(hostile);
        assert!(safe.as_str().chars().all(|c| !must_be_escaped(c)), "{safe}");
        assert!(safe.as_str().contains("<1B>") && safe.as_str().contains("<202E>"));
    }

    #[test]
    fn i21_a_tower_of_marks_is_cut_and_says_so() {
        let tower = format!("e{}", "\u{301}".repeat(2000));
        let safe = SafeText::of(&tower);
        assert!(safe.as_str().ends_with("<+1993>"), "{safe}");
        assert!(safe.as_str().chars().count() < 32);
    }

    #[test]
    fn names_in_other_scripts_pass_unchanged() {
        for name in ["山田 太郎", "שרה כהן", "Åsa Öberg", "Nguyễn Thị"] {
            assert_eq!(SafeText::of(name).as_str(), name);
        }
    }

    #[test]
    fn long_text_is_cut_by_width() {
        let safe = SafeText::of(&"山".repeat(2000));
        assert!(safe.width() <= MAX_WIDTH + 2);
        assert!(safe.as_str().ends_with(".."));
    }

    #[test]
    fn contacts_are_masked() {
        assert_eq!(mask_contact(&SafeText::of("jane.doe@example.org")), "j***@example.org");
        assert_eq!(mask_contact(&SafeText::of("0411222322")), "0411****22");
        assert_eq!(mask_contact(&SafeText::of("12345")), "****");
    }

    #[test]
    fn i24_a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("7F3A-0C11".into())), "Secret(..)");
    }

    #[test]
    fn only_what_could_be_a_card_number_is_one() {
        for yes in ["4111111111111111", "4111-1111-1111-1111", "378282246310005", "6304000000000000"] {
            assert!(looks_like_card_number(yes), "{yes}");
        }
        for no in ["4111111111111112", "41111111", "E4111111111111111", "", "2026-06-02", "11111111111"] {
            assert!(!looks_like_card_number(no), "{no}");
        }
    }
}
