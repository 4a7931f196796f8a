//! The words that a Gallagher card type offers: `availableCardStates` is the site's own list, in the site's own language
//! (gallagher.md section 5.3), so that which word stops a card can only be guessed, and is proved by its machine word.

use super::Verb;
use crate::domain::policy::Why;
use crate::domain::text::Untrusted;

/// The word that a card of the type begins with: the factory's `Active` where it is there, else the first.
pub fn initial_word(states: &[Untrusted]) -> Option<&str> {
    let factory = states.iter().find(|s| s.raw().eq_ignore_ascii_case("active"));
    factory.or_else(|| states.first()).map(Untrusted::raw)
}

/// All words that a verb may give a card, the one that fits the reason first. `current` is the word it has.
///
/// The end of a card needs no word; all are offered, in the site's order.
pub fn site_words(verb: Verb, why: Option<Why>, current: &str, states: &[Untrusted]) -> Vec<String> {
    let initial = initial_word(states);
    let begins = |word: &str| initial.is_some_and(|i| i.eq_ignore_ascii_case(word));
    let offered = |word: &&str| match verb {
        Verb::Resume => begins(word),
        Verb::Suspend => !begins(word) && !word.eq_ignore_ascii_case(current),
        Verb::Set => !word.eq_ignore_ascii_case(current),
        Verb::End => true,
        Verb::Unlink => false,
    };
    let mut words: Vec<&str> = states.iter().map(Untrusted::raw).filter(offered).collect();
    if matches!(verb, Verb::Suspend | Verb::Set)
        && let Some(best) = fitting(why, &words)
    {
        let best = words.remove(best);
        words.insert(0, best);
    }
    words.into_iter().map(str::to_owned).collect()
}

/// The factory's words for lost, stolen and damaged, else one that reads like a disabled state.
fn fitting(why: Option<Why>, words: &[&str]) -> Option<usize> {
    let reads = |word: &str, parts: &[&str]| parts.iter().any(|part| word.to_ascii_lowercase().contains(part));
    let find = |parts: &[&str]| words.iter().position(|word| reads(word, parts));
    let of_reason = match why {
        Some(Why::Lost) => find(&["lost"]),
        Some(Why::Stolen) => find(&["stolen"]),
        Some(Why::Damaged) => find(&["damage"]),
        _ => None,
    };
    of_reason.or_else(|| find(&["disab", "suspend", "block", "inactiv"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factory() -> Vec<Untrusted> {
        ["Active", "Disabled (manually)", "Lost", "Stolen", "Damaged"].into_iter().map(Untrusted::new).collect()
    }

    #[test]
    fn the_reason_chooses_among_the_words_of_the_factory() {
        for (why, word) in [
            (Some(Why::Lost), "Lost"),
            (Some(Why::Stolen), "Stolen"),
            (Some(Why::Damaged), "Damaged"),
            (Some(Why::Forgotten), "Disabled (manually)"),
            (None, "Disabled (manually)"),
        ] {
            assert_eq!(site_words(Verb::Suspend, why, "Active", &factory())[0], word, "{why:?}");
        }
        assert_eq!(site_words(Verb::Resume, None, "Lost", &factory()), ["Active"]);
        assert_eq!(site_words(Verb::Set, Some(Why::Lost), "Lost", &factory()).len(), 4, "not the one it has");
    }

    #[test]
    fn a_site_with_its_own_words_still_gets_one_that_is_not_the_first() {
        let own: Vec<_> = ["Pending sign-off", "Gesperrt"].into_iter().map(Untrusted::new).collect();
        assert_eq!(site_words(Verb::Suspend, Some(Why::Lost), "", &own), ["Gesperrt"]);
        assert_eq!(initial_word(&own), Some("Pending sign-off"));
        assert!(site_words(Verb::Suspend, None, "", &[]).is_empty());
    }
}
