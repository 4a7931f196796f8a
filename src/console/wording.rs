//! Acts in the words of the system that they are done in: what the key says, what runs, and what came of it.

use crate::domain::credential::{CardStatus, Credential, CredentialClass, System};
use crate::domain::journal::Act;
use crate::domain::lifecycle::Verb;
use crate::domain::ownership::Ownership;

/// What the key says for this credential: the vendor's own word.
pub fn title(card: &Credential, verb: Verb) -> &'static str {
    match (card.class.system(), verb) {
        (System::CardExchange, Verb::Suspend) => "block",
        (System::CardExchange, Verb::Resume) => "unblock",
        (_, Verb::Suspend) => "suspend",
        (_, Verb::Resume) => "resume",
        (_, Verb::Unlink) => "unlink",
        (_, Verb::Set) => "set word",
        (System::Gallagher, Verb::End) => "remove",
        (System::AccessGrid, Verb::End) if card.status == CardStatus::Invited => "withdraw",
        (System::AccessGrid | System::ThalesD1, Verb::End) => "delete",
        (System::CardExchange, Verb::End) => "withdraw",
    }
}

/// The vendor's word for an act of the journal on a kind of credential.
pub fn act(class: CredentialClass, act: Act) -> &'static str {
    match (class.system(), act) {
        (System::CardExchange, Act::Suspend) => "block",
        (System::CardExchange, Act::Resume) => "unblock",
        (System::Gallagher, Act::End) => "remove",
        (System::AccessGrid | System::ThalesD1, Act::End) => "delete",
        (System::CardExchange, Act::End) => "withdraw",
        _ => act.word(),
    }
}

/// The heading of the preview.
pub fn heading(card: &Credential, verb: Verb) -> String {
    let word = title(card, verb);
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// A credential in one line with tabs, as it is copied: state, system, type, number, owner, id.
pub fn row(card: &Credential, owner: &Ownership) -> String {
    let (kind, number) = (card.type_name.safe(), card.number.safe());
    let parts = [card.state().to_string(), card.id.tenant.to_string(), kind.to_string(), number.to_string()];
    format!("{}\t{}\t{}", parts.join("\t"), owner.badge(), card.id)
}

/// What is under way while it runs.
pub fn doing(card: &Credential, verb: Verb) -> String {
    format!("{} {}", title(card, verb), card.type_name.safe())
}

/// What came of it, in one sentence: the state, then what still lags. `word` is the vendor's or the site's own word
/// for the state, safe to show.
pub fn done(card: &Credential, verb: Verb, who: &str, word: &str) -> String {
    let system = card.class.system();
    let state = match (system, verb) {
        (System::CardExchange, Verb::Suspend) => "BLOCKED",
        (_, Verb::Suspend) => "SUSPENDED",
        (System::CardExchange, Verb::Resume) => "ACTIVATED again",
        (_, Verb::Resume) => "ACTIVE again",
        (_, Verb::Unlink) => "UNLINKED",
        (System::Gallagher, Verb::End) => "REMOVED",
        (System::AccessGrid, Verb::End) if card.status == CardStatus::Invited => "WITHDRAWN",
        (System::AccessGrid | System::ThalesD1, Verb::End) => "DELETED",
        (System::CardExchange, Verb::End) => "WITHDRAWN",
        (_, Verb::Set) => "SET",
    };
    let lag = match (system, verb) {
        (System::Gallagher, _) => "readers may take minutes to hear of it",
        (System::AccessGrid, Verb::Suspend) => {
            "the phone may lag, and the holder can lift it by marking the device as found"
        }
        (System::AccessGrid, Verb::End) if card.status == CardStatus::Invited => "nothing was on the phone yet",
        (System::AccessGrid, _) => "the phone itself may lag and is not asked",
        (System::ThalesD1, _) => "done at the network; the device may lag and is not asked",
        (System::CardExchange, _) => "what the doors read is another system's and may lag",
    };
    let word = if word.is_empty() { String::new() } else { format!(" ({word})") };
    format!("{state}{word}: {} of {who}; {lag}.", card.type_name.safe())
}
