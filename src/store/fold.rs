//! The words of folded texts, as the search finds them.

pub(super) use crate::domain::folding::fold;

/// The words of a folded text: what stands between blanks and punctuation.
pub(super) fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// All beginnings under which a folded name is found: its words, and in scripts that put no blanks between them
/// every character, because there nobody can tell where the given name begins.
pub(super) fn entries(folded: &str) -> Vec<&str> {
    const MOST: usize = 24;
    let mut found: Vec<&str> = words(folded)
        .flat_map(|word| word.char_indices().filter(|(at, c)| *at == 0 || *c >= '\u{2e80}').map(|(at, _)| &word[at..]))
        .take(MOST)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// True if some word of `folded` begins with `start`, counted as [`entries`] does.
pub(super) fn has_word(folded: &str, start: &str) -> bool {
    words(folded).any(|word| {
        word.starts_with(start)
            || (start >= "\u{2e80}"
                && word.char_indices().any(|(at, c)| c >= '\u{2e80}' && word[at..].starts_with(start)))
    })
}

/// The first text after all texts that begin with `start`; `None` if there is no such text.
pub(super) fn after(start: &str) -> Option<String> {
    let mut text = start.to_owned();
    while let Some(last) = text.pop() {
        // The gap of the surrogates is jumped over by the range of chars.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_blanks_are_found_from_every_character() {
        assert_eq!(entries("田中太郎"), ["中太郎", "太郎", "田中太郎", "郎"]);
        assert_eq!(entries("mary-jane o'neil"), ["jane", "mary", "neil", "o"]);
    }

    #[test]
    fn the_end_of_a_range_lies_after_all_its_texts() {
        assert_eq!(after("jan"), Some("jao".into()));
        assert_eq!(after("a\u{10ffff}"), Some("b".into()));
        assert_eq!(after("\u{d7ff}"), Some("\u{e000}".into()));
        assert_eq!(after(""), None);
    }
}
