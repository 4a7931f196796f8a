//! What the issuer's server takes and what it refuses: patterns (contract sections 1, 4 and 6), and which change is
//! possible in which state and with which reason code (sections 7 and 8).

use super::bank::{CardState, DigitalState};

/// True if all of a text are signs of an id, and it is 1 to `longest` long.
fn is_id(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// `consumerId`, `operationId` and `digitalCardId`.
pub fn is_long_id(text: &str) -> bool {
    is_id(text, 64)
}

/// `cardId` and `cardProductId`.
pub fn is_card_id(text: &str) -> bool {
    is_id(text, 48)
}

/// `x-user-id`.
pub fn is_user_id(text: &str) -> bool {
    is_id(text, 15)
}

/// `x-correlation-id`; dots and spaces on v1 only.
pub fn is_correlation_id(text: &str, strict: bool) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-') || (!strict && matches!(b, b'.' | b' ')))
}

/// `reason`.
pub fn is_reason(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ')
}

/// `language`.
pub fn is_language(text: &str) -> bool {
    let Some((language, region)) = text.split_once('-') else { return false };
    language.len() == 2
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && region.len() == 2
        && region.bytes().all(|b| b.is_ascii_alphabetic())
}

/// What is done to a card, a digital card or a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Stop it for a while.
    Suspend,
    /// Let it go on.
    Resume,
    /// End it.
    Delete,
    /// A new card in place of an old one.
    Replace,
    /// A later end date.
    Renew,
    /// A pending digital card comes into force.
    Activate,
    /// Other data of a consumer.
    Update,
}

impl Action {
    /// The action of a path's last part, after `operations:`.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "suspend" => Self::Suspend,
            "resume" => Self::Resume,
            "delete" => Self::Delete,
            "replace" => Self::Replace,
            "renew" => Self::Renew,
            "activate" => Self::Activate,
            "update" => Self::Update,
            _ => return None,
        })
    }

    /// Its type in the lists of operations.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Suspend => "SUSPEND",
            Self::Resume => "RESUME",
            Self::Delete => "DELETE",
            Self::Replace => "REPLACE",
            Self::Renew => "RENEW",
            Self::Activate => "ACTIVATE",
            Self::Update => "UPDATE",
        }
    }
}

/// The code that an action has which came without one (contract section 6.1).
pub const DEFAULT_CODE: &str = "ISSUER_DECISION";

/// Whether a card's action takes a reason code at all (contract section 7).
pub fn card_takes(action: Action, code: &str) -> bool {
    let codes: &[&str] = match action {
        Action::Suspend => &["CARD_LOST", "CARD_STOLEN", "CARD_BROKEN", "FRAUD", "USER_DECISION", "ISSUER_DECISION"],
        Action::Resume => &["CARD_FOUND", "ISSUER_DECISION", "USER_DECISION"],
        Action::Delete => {
            &["CLOSED_ACCOUNT", "CLOSED_CARD", "CARD_LOST", "CARD_STOLEN", "ISSUER_DECISION", "USER_DECISION"]
        }
        Action::Replace => {
            &["CARD_BROKEN", "CARD_STOLEN", "CARD_LOST", "CARD_NOT_RECEIVED", "FRAUD", "ISSUER_DECISION"]
        }
        Action::Renew => &["ISSUER_DECISION", "USER_DECISION"],
        Action::Activate | Action::Update => &[],
    };
    codes.contains(&code)
}

/// Whether a card that was suspended with one code can be resumed with another (contract section 7).
pub fn can_resume(suspended_with: &str, code: &str) -> bool {
    match suspended_with {
        "CARD_LOST" => code == "CARD_FOUND",
        "USER_DECISION" => matches!(code, "USER_DECISION" | "ISSUER_DECISION"),
        "ISSUER_DECISION" => code == "ISSUER_DECISION",
        // Stolen, broken and fraud stay until the card is replaced; locks are lifted elsewhere.
        _ => false,
    }
}

/// The state of a card after an action; `None`: the state forbids it.
pub fn card_after(state: CardState, suspended_with: &str, action: Action, code: &str) -> Option<CardState> {
    match (action, state) {
        (Action::Suspend, CardState::Active) => Some(CardState::Inactive),
        (Action::Resume, CardState::Inactive) if can_resume(suspended_with, code) => Some(CardState::Active),
        (Action::Delete, CardState::Active | CardState::Inactive | CardState::Expired | CardState::Replaced) => {
            Some(CardState::Deleted)
        }
        (Action::Replace, CardState::Active | CardState::Inactive) => Some(CardState::Replaced),
        (Action::Renew, CardState::Active) => Some(CardState::Active),
        _ => None,
    }
}

/// The state of a digital card after an action; `None`: the state forbids it (contract sections 8 and 13).
pub fn digital_after(state: DigitalState, action: Action) -> Option<DigitalState> {
    match (action, state) {
        (Action::Suspend, DigitalState::Active) => Some(DigitalState::Suspended),
        (Action::Resume, DigitalState::Suspended) | (Action::Activate, DigitalState::PendingIdv) => {
            Some(DigitalState::Active)
        }
        (Action::Delete, DigitalState::Active | DigitalState::Suspended | DigitalState::PendingIdv) => {
            Some(DigitalState::Deleted)
        }
        _ => None,
    }
}
