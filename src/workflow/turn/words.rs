//! What an act on one credential sends, what follows and what can be taken back, in plain words of each system.

use crate::domain::change::{CredentialChange, PreparedChange};
use crate::domain::credential::{Credential, CredentialClass, System};
use crate::domain::lifecycle::{Target, Verb};
use crate::domain::ownership::Action;
use crate::domain::text::SafeText;

/// The lines of the preview.
pub(super) struct Lines<'a> {
    pub(super) card: &'a Credential,
    pub(super) verb: Verb,
    pub(super) target: &'a Target,
    pub(super) change: &'a CredentialChange,
    /// True if a reason was chosen: what is said to the vendor depends on it.
    pub(super) reasoned: bool,
    pub(super) prepared: &'a PreparedChange,
}

impl Lines<'_> {
    pub(super) fn sends(&self) -> String {
        let key = SafeText::of(self.card.id.key.as_str());
        let note = if self.reasoned { format!("the reason \"{}\"", self.change.note) } else { "the reason".to_owned() };
        let word = SafeText::of(&self.target.word);
        match self.card.class.system() {
            System::Gallagher => {
                let person = SafeText::of(self.change.holder.key.as_str());
                let what = match (&self.change.turn, self.verb) {
                    (None, _) => "remove 1".to_owned(),
                    (Some(_), Verb::End) => format!("remove 1 with the final state \"{word}\""),
                    (Some(_), _) => format!("update 1, state \"{word}\""),
                };
                format!("1 PATCH to cardholder {person}: {what}, nothing else")
            }
            System::AccessGrid => {
                let call = match self.verb {
                    Verb::End => "delete".to_owned(),
                    verb => verb.to_string(),
                };
                format!("1 POST to pass {key}: {call}, nothing else")
            }
            System::ThalesD1 => {
                let call = if self.verb == Verb::End { "delete".to_owned() } else { self.verb.to_string() };
                let code = self.reason_code().map_or(String::new(), |code| format!(", reasonCode {code}"));
                let what = if self.card.class == CredentialClass::FundingCard { "card" } else { "digital card" };
                format!("1 POST to {what} {key}: {call}, {note} with our mark{code}")
            }
            System::CardExchange => {
                let from = self.card.status_word.safe();
                format!(
                    "1 POST to card {key}: status {from} to {word}; its metadata is kept whole, with our reference and {note}"
                )
            }
        }
    }

    /// What is awaited, and what lags.
    pub(super) fn then(&self, last: bool) -> String {
        let said = match (self.card.class.system(), self.verb) {
            (System::Gallagher, Verb::End) => {
                "read back until it is gone; readers may take minutes to hear of it".to_owned()
            }
            (System::Gallagher, _) if self.target.tried => {
                "what this word of the site's does is not known: read back, \
                 and only if Command Centre calls the card inactive is it stopped"
                    .to_owned()
            }
            (System::Gallagher, _) => {
                "read back until Command Centre shows it; readers may take minutes to hear of it".to_owned()
            }
            (System::AccessGrid, Verb::Suspend) => {
                "read back; not a security hold: the holder can undo it by marking the device as found".to_owned()
            }
            (System::AccessGrid, _) => "read back; the phone itself may take a while to hear of it".to_owned(),
            (System::ThalesD1, _) if self.card.class == CredentialClass::FundingCard => {
                "read back; its digital cards are not touched by this".to_owned()
            }
            (System::ThalesD1, _) => {
                "network done when the answer says so; device pending until the wallet's own notice".to_owned()
            }
            (System::CardExchange, Verb::Resume) => "the server decides, no order of states is documented; read back. \
                 Look at the history first: this may undo somebody's security block"
                .to_owned(),
            (System::CardExchange, _) => "the server decides, no order of states is documented; read back".to_owned(),
        };
        if last {
            format!(
                "{said}; it is the last usable pass here, those in other systems do not count: only for lost, stolen or leaver"
            )
        } else {
            said
        }
    }

    pub(super) fn undo(&self) -> String {
        if self.target.action == Action::Irreversible {
            return match (self.card.class.system(), self.verb) {
                (System::AccessGrid, Verb::Unlink) => "none: it cannot be linked again; a new one can be issued",
                (System::ThalesD1, _) => "none: the holder can add a new one on the device",
                (System::CardExchange, _) => "none: this word is final for the helpdesk; a new card can be issued",
                _ => "none: a new one can be issued",
            }
            .to_owned();
        }
        match self.verb {
            Verb::Suspend => match self.reason_code() {
                Some(code @ ("CARD_STOLEN" | "CARD_BROKEN" | "FRAUD")) => {
                    format!("none: suspended as {code} it stays so until it is replaced")
                }
                _ => "it can be resumed".to_owned(),
            },
            Verb::Resume => "it can be suspended again".to_owned(),
            _ => {
                let back = self.card.status_word.safe();
                format!("the word \"{back}\" can be set again, if the server agrees")
            }
        }
    }

    /// The reason code that the request really carries: read from its bytes, so that the line cannot say another.
    fn reason_code(&self) -> Option<&'static str> {
        #[derive(serde::Deserialize)]
        struct Coded {
            #[serde(rename = "reasonCode")]
            code: String,
        }
        if !self.reasoned {
            return None;
        }
        let said = serde_json::from_slice::<Coded>(&self.prepared.body).ok()?.code;
        CODES.into_iter().find(|code| *code == said)
    }
}

/// The codes of decision 20 and of thales-d1.md section 7.
const CODES: [&str; 9] = [
    "CARD_LOST",
    "CARD_FOUND",
    "CARD_STOLEN",
    "CARD_BROKEN",
    "DEVICE_LOST",
    "FRAUD",
    "USER_DECISION",
    "ISSUER_DECISION",
    "DEVICE_STOLEN",
];
