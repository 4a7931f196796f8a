//! People whose names, notes and numbers were written to steer a terminal, to hide, or to push columns about.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

/// Words of the corpus that a search finds.
pub const FAMILY: &str = "Zzq";

/// Pieces that a terminal, a bidirectional line or a careless width would act upon.
const PIECES: &[&str] = &[
    "\u{1b}[2J",
    "\u{1b}[31mred",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;aGk=\u{7}",
    "\u{1b}]8;;http://x\u{1b}\\",
    "\u{1b}Pq#0\u{1b}\\",
    "\u{1b}c",
    "\u{1b}[6n",
    "\u{1b}[?1049l",
    "\u{1b}(0",
    "\u{9b}31m",
    "\u{9b}2J",
    "\u{9d}0;t\u{9c}",
    "\u{90}q\u{9c}",
    "\u{85}",
    "\u{7}",
    "\u{8}\u{8}\u{8}",
    "\u{0}",
    "\u{7f}",
    "\r",
    "\n",
    "\r\n",
    "\t",
    "\u{b}\u{c}",
    "\u{2028}",
    "\u{2029}",
    "\u{202a}",
    "\u{202e}txt.exe",
    "\u{202d}",
    "\u{2066}\u{2069}",
    "\u{2067}abc",
    "\u{200e}\u{200f}",
    "\u{61c}",
    "\u{200b}",
    "\u{200c}\u{200d}",
    "\u{feff}",
    "\u{2060}",
    "\u{ad}",
    "\u{34f}",
    "\u{3164}",
    "\u{115f}\u{1160}",
    "\u{180e}",
    "\u{e0041}\u{e0042}\u{e007f}",
    "\u{fe0f}",
    "\u{fff9}\u{fffa}\u{fffb}",
    "\u{1d173}",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}",
    "\u{301}\u{302}",
    "山田太郎",
    "김철수",
    "ｆｕｌｌ",
    "العربية",
    "שרה כהן",
    "ไทยภาษาที่นี่",
    "हिन्दी क्षत्रिय",
    "👩\u{200d}👩\u{200d}👧",
    "👍🏽",
    "🇳🇿",
    "1\u{fe0f}\u{20e3}",
    "ﷺ",
    "Jаne Dое",
    "ǅ",
    "ﬁ",
    "\u{a0}",
    "\u{3000}",
    "\u{2003}",
    "`id`",
    "$(id)",
    "%s%n",
    "'\"><b>",
    "=1+1",
    "-- ",
    "\\x1b[2J",
    "<1B>",
    "*ours",
    "o ACTIVE",
    "\u{d7ff}",
    "\u{e000}",
    "\u{10ffff}",
    "Ω≈ç√",
    "ẞ",
    "İ",
    "ĳ",
    "\u{1100}\u{1161}\u{11a8}",
];

fn text(dice: &mut rand::rngs::SmallRng, pieces: usize, longest: usize) -> String {
    let mut all = String::new();
    for _ in 0..dice.random_range(1..=pieces) {
        all.push_str(PIECES.choose(dice).unwrap());
        if dice.random_bool(0.3) {
            all.push_str(["a", " Mia", "Lee ", "-"].choose(dice).unwrap());
        }
    }
    all.chars().take(longest).collect()
}

/// So many people as another program at the site would create them, each first name beginning with a tag of its own.
/// The first of them is plain: her row shows where each column begins. Every piece is used at least once if there
/// are enough people.
pub fn people(seed: u64, count: usize) -> Vec<Value> {
    let mut dice = rand::rngs::SmallRng::seed_from_u64(seed);
    (0..count)
        .map(|n| {
            let tag = format!("{FAMILY}{n:03}");
            if n == 0 {
                return person(&tag, "Plain", "Works", "plain@example.org", "E1", "0211234567", "A1");
            }
            let first: String = format!("{tag}{}", PIECES[n % PIECES.len()]).chars().take(50).collect();
            let description = match n % 10 {
                1 => format!("e{}", "\u{301}".repeat(1_999)),
                2 => "山".repeat(2_000),
                _ => text(&mut dice, 6, 2_000),
            };
            // The site refuses addresses with blanks; everything else may stand in one.
            let local: String = text(&mut dice, 3, 60).chars().filter(|c| !c.is_whitespace() && *c != '@').collect();
            let address =
                format!("x{local}@exam{}.org", ["ple", "\u{202e}ple", "\u{1b}[1mple"].choose(&mut dice).unwrap());
            person(
                &first,
                &text(&mut dice, 3, 50),
                &description,
                &address,
                &text(&mut dice, 3, 60),
                &text(&mut dice, 2, 40),
                &format!("{n}{}", text(&mut dice, 3, 60)),
            )
        })
        .collect()
}

fn person(first: &str, last: &str, description: &str, email: &str, number: &str, phone: &str, card: &str) -> Value {
    json!({
        "firstName": first, "lastName": last, "description": description, "authorised": true,
        "division": { "href": "/api/divisions/2" },
        "@Email": email, "@Employee number": number, "@Mobile": phone,
        "cards": [
            { "type": { "href": "/api/card_types/2601" }, "number": card, "invitation": { "email": email, "mobile": phone } },
        ],
    })
}
