//! Each system's own states, and which of them leads where by whose hand: the diagram on screen, the commands that
//! are lit, and what a change must read back as all come from these tables.
//!
//! Sources: accessgrid.md section 5, cardexchange.md section 6.1, thales-d1.md sections 7 and 8, gallagher.md sections
//! 5.3 and 5.4. What contradicts itself there is read the safe way (accessgrid.md section 5.1).

mod site_words;
mod tables;

pub use site_words::{initial_word, site_words};
pub use tables::{edges, words};

use super::credential::{CardStatus, Credential, CredentialClass, InvitationStatus, Particular, State, System};
use super::ownership::Action;
use jiff::Timestamp;
use std::borrow::Cow;

/// What can be done to a credential that exists.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display, strum::EnumIter, strum::EnumString,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Verb {
    /// Stop it so that it can be resumed.
    Suspend,
    /// Let a stopped one work again.
    Resume,
    /// Take it off the device for good, and keep its record.
    Unlink,
    /// End it for good.
    End,
    /// Give it another of the vendor's or the site's words.
    Set,
}

/// Whose hand moves a credential along an edge.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Hand {
    /// A console through the API.
    Console(Verb),
    /// The holder, with the device or in self-service.
    Holder,
    /// The vendor: a date, a printer, a cascade.
    Vendor,
}

/// One way from a state to another, in the vendor's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The vendor's word before.
    pub from: &'static str,
    /// The vendor's word after.
    pub to: &'static str,
    /// Whose hand.
    pub hand: Hand,
    /// Whether anybody can take it back.
    pub action: Action,
    /// Why this console does not offer it although the vendor might take it, or nothing.
    pub withheld: Option<&'static str>,
}

/// A state that a credential shall have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The vendor's word; empty: one of the site's own words, which only its card type knows.
    pub word: Cow<'static, str>,
    /// Whether it can be taken back.
    pub action: Action,
    /// True if the vendor's texts do not say that this way exists: it is tried, and the server decides (`?` edges).
    pub tried: bool,
}

/// Where this may lead for a credential as last read, or why not, in the vendor's terms. `word` chooses among several
/// (only [`Verb::Set`] has several).
///
/// # Errors
/// The reason, as it stands beside the dim command.
pub fn target(card: &Credential, verb: Verb, word: Option<&str>, now: Timestamp) -> Result<Target, Cow<'static, str>> {
    if card.state() == State::Unknown {
        return Err("its state is a word that this version does not know: it is only shown".into());
    }
    match card.class.system() {
        System::Gallagher => gallagher(card, verb, word),
        system => by_table(card, system, verb, word, now),
    }
}

/// All words that [`Verb::Set`] offers for a credential; those of a Gallagher card its type knows.
pub fn choices(card: &Credential, now: Timestamp) -> Vec<Target> {
    let offered = edges(card.class).iter().filter(|e| e.from == card.status_word.raw() && e.withheld.is_none());
    let words = offered.filter(|e| matches!(e.hand, Hand::Console(_))).map(|e| e.to);
    words.filter_map(|word| target(card, Verb::Set, Some(word), now).ok()).collect()
}

/// True if the table has a way from a credential's state to a word, offered or withheld.
pub fn leads_to(card: &Credential, word: &str) -> bool {
    edges(card.class).iter().any(|e| e.from == card.status_word.raw() && e.to == word)
}

/// True if a credential reads back in the state that was asked for. `None` asked for its absence.
pub fn reached(card: &Credential, target: Option<&str>) -> bool {
    let Some(word) = target else { return card.state() == State::Ended };
    let same = card.status_word.raw().eq_ignore_ascii_case(word);
    match card.class.system() {
        // Backends of different versions say SUSPENDED or INACTIVE for the same thing (thales-d1.md section 8).
        System::ThalesD1 => same || meaning(card.class, word) == Some(card.status),
        _ => same,
    }
}

/// True if a verb takes a working credential out of work: the last one a person has is kept (invariant I17). `initial`
/// is the word that a Gallagher card type begins with, where its words are known.
pub fn stops(class: CredentialClass, verb: Verb, word: &str, initial: Option<&str>) -> bool {
    match verb {
        Verb::Suspend | Verb::Unlink | Verb::End => true,
        Verb::Resume => false,
        // Which of a site's own words lets a card work, only its first one tells for sure.
        Verb::Set if class.system() == System::Gallagher => !initial.is_some_and(|i| i.eq_ignore_ascii_case(word)),
        Verb::Set => !matches!(meaning(class, word), Some(CardStatus::Active | CardStatus::Pending)),
    }
}

/// True if the vendor's word means the end of a credential.
pub fn is_end(class: CredentialClass, word: &str) -> bool {
    meaning(class, word) == Some(CardStatus::Ended)
}

/// What a vendor's word means; `None`: not known to this version.
pub fn meaning(class: CredentialClass, word: &str) -> Option<CardStatus> {
    words(class).iter().find(|(known, _)| *known == word).map(|(_, status)| *status)
}

fn by_table(
    card: &Credential,
    system: System,
    verb: Verb,
    word: Option<&str>,
    now: Timestamp,
) -> Result<Target, Cow<'static, str>> {
    let from = card.status_word.raw();
    if system == System::ThalesD1 && verb == Verb::Set {
        return Err("each of its states has a step of its own: suspend, resume, end".into());
    }
    let ways = edges(card.class).iter().filter(|e| e.from == from);
    let fits = |e: &&Edge| match (e.hand, verb, word) {
        (Hand::Console(_), Verb::Set, Some(word)) => e.to == word,
        (Hand::Console(offered), _, None) => offered == verb,
        (Hand::Console(offered), _, Some(word)) => offered == verb && e.to == word,
        (Hand::Holder | Hand::Vendor, ..) => false,
    };
    let Some(edge) = ways.into_iter().find(fits) else { return Err(tables::no_way(card.class, from, verb)) };
    if let Some(why) = edge.withheld {
        return Err(why.into());
    }
    if let Some(why) = held_back(card, system, verb, now) {
        return Err(why);
    }
    let tried = system == System::CardExchange;
    Ok(Target { word: edge.to.into(), action: edge.action, tried })
}

/// What speaks against a way that the table has, in the credential's own particulars.
fn held_back(card: &Credential, system: System, verb: Verb, now: Timestamp) -> Option<Cow<'static, str>> {
    let reason = card.particular(Particular::StateReason).map_or("", |r| r.raw());
    match (system, verb) {
        // thales-d1.md section 7.
        (System::ThalesD1, Verb::Resume) if matches!(reason, "CARD_STOLEN" | "CARD_BROKEN" | "FRAUD") => {
            Some(format!("it was suspended as {reason}: it stays so until it is replaced").into())
        }
        // cardexchange.md section 6.1: the end date cannot be written.
        (System::CardExchange, Verb::Resume | Verb::Set)
            if card.status_word.raw() == "blocked" && card.until.is_some_and(|until| until <= now) =>
        {
            Some("its end date has passed, and an end date cannot be set on a card".into())
        }
        _ => None,
    }
}

/// Gallagher has no fixed words: `availableCardStates` of the card type are the site's own (gallagher.md section 5.3).
fn gallagher(card: &Credential, verb: Verb, word: Option<&str>) -> Result<Target, Cow<'static, str>> {
    let no = |why: &'static str| Err(Cow::Borrowed(why));
    let site_word = |action| {
        Ok(Target { word: word.map_or(Cow::Borrowed(""), |w| Cow::Owned(w.to_owned())), action, tried: false })
    };
    let installed = card.invitation.as_ref().is_none_or(|i| i.status == InvitationStatus::Accepted);
    match verb {
        _ if card.class == CredentialClass::Unknown => no("this version does not know this kind of credential"),
        _ if card.status == CardStatus::Unknown => {
            no("its state is a word that this version does not know: it is only shown")
        }
        Verb::Suspend if !installed => no("nothing is installed to suspend"),
        Verb::Suspend => match card.status {
            CardStatus::Inactive => no("already suspended"),
            CardStatus::Expired => no("its end date has passed: there is nothing to suspend"),
            _ => site_word(Action::Reversible),
        },
        Verb::Resume if card.status != CardStatus::Inactive => no("not suspended"),
        Verb::Resume => site_word(Action::Reversible),
        Verb::Unlink => no("Command Centre has no unlink; x removes"),
        Verb::End => {
            Ok(Target { word: word.unwrap_or_default().to_owned().into(), action: Action::Irreversible, tried: false })
        }
        Verb::Set => site_word(Action::Reversible),
    }
}

#[cfg(test)]
mod tests;
