//! What may reach a terminal: text without anything that steers or hides, and the few sequences that drawing needs.

/// Sequences in which drawing, entering and leaving consist: `CSI` with one of these finals.
const FINALS: &str = "mHJKhlABCDGdSTr";

/// Why this output could do something to a terminal or deceive its reader; `None` if it cannot. `end_lines`: whether
/// CR and LF are fine (once the console has left the screen).
pub fn harm(raw: &[u8], end_lines: bool) -> Option<String> {
    let text = match std::str::from_utf8(raw) {
        Ok(text) => text,
        Err(e) => return Some(format!("no UTF-8 at byte {}", e.valid_up_to())),
    };
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        let near = || {
            let from = (0..=at.saturating_sub(40)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            text[from..].chars().take(90).collect::<String>()
        };
        if c == '\u{1b}' {
            if chars.next().map(|(_, c)| c) != Some('[') {
                return Some(format!("a sequence other than CSI in {:?}", near()));
            }
            let end = chars.by_ref().map(|(_, c)| c).find(|c| !matches!(c, '0'..='9' | ';' | '?' | ':'));
            if !end.is_some_and(|c| FINALS.contains(c)) {
                return Some(format!("CSI ending in {end:?} in {:?}", near()));
            }
        } else if !(end_lines && matches!(c, '\r' | '\n')) && steers(c) {
            return Some(format!("U+{:04X} in {:?}", c as u32, near()));
        }
    }
    None
}

/// Characters that steer a terminal, turn the direction of text, or hide.
pub fn steers(c: char) -> bool {
    matches!(c as u32,
        0..=0x1f | 0x7f..=0x9f | 0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
        | 0xfff0..=0xfffc | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

/// Text without its sequences.
fn sequences(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    text.split('\u{1b}')
        .skip(1)
        .map(|s| {
            let rest = s.trim_start_matches('[');
            let end = rest.find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |i| i + 1);
            rest[..end].to_owned()
        })
        .collect()
}

/// The colours that were set: SGR codes 30-37, 38, 40-47, 48, 90-97, 100-107 (defaults 39 and 49 are none).
pub fn colours(raw: &[u8]) -> Vec<String> {
    let coloured =
        |code: &str| code.parse().is_ok_and(|n: u16| matches!(n, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107));
    let all = sequences(raw);
    let sgr = all.into_iter().filter(|s| s.ends_with('m'));
    sgr.filter(|s| s.trim_end_matches('m').split(';').any(coloured)).collect()
}

/// True if the screen was handed back: main screen, cursor shown, bracketed paste off, each after it was taken.
pub fn put_back(raw: &[u8]) -> Result<(), String> {
    let all = sequences(raw);
    for (on, off) in [("?1049h", "?1049l"), ("?2004h", "?2004l"), ("?25l", "?25h")] {
        let last = |wanted: &str| all.iter().rposition(|s| s == wanted);
        match (last(on), last(off)) {
            (Some(taken), Some(back)) if back > taken => {}
            (taken, back) => return Err(format!("{on} last at {taken:?}, {off} last at {back:?}")),
        }
    }
    Ok(())
}

#[test]
fn the_checker_tells_drawing_from_harm() {
    assert_eq!(harm("\x1b[38;5;2mJane\x1b[12;3H\x1b[?25h山田".as_bytes(), false), None);
    for bad in
        ["\x1b]0;t\x07", "\x1bPq", "\x07", "\u{9b}31m", "\u{202e}", "a\rb", "\x1b[6n", "\x1b[c", "\x1bc", "\u{e0041}"]
    {
        assert!(harm(bad.as_bytes(), false).is_some(), "{bad:?}");
    }
    assert_eq!(colours(b"\x1b[1m\x1b[39m\x1b[49m\x1b[7m"), Vec::<String>::new());
    assert_eq!(colours(b"\x1b[38;5;2mx\x1b[31m").len(), 2);
}
