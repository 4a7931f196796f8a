//! Why something is done, at which level it must be confirmed, and what this desk may do at all.

use super::credential::{Credential, InvitationStatus, State, System};
use serde::{Deserialize, Serialize};

/// LIVE, TEST or SIM: always visible in words, never mixed in one file (invariant I26).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Mode {
    /// Real doors.
    Live,
    /// A vendor's test system.
    Test,
    /// The simulator.
    Sim,
}

/// Why a pass is replaced (decision 20). The number is the digit of the wizard.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Why {
    /// The invitation lapsed.
    Expired,
    /// New phone.
    NewPhone,
    /// Lost.
    Lost,
    /// Stolen.
    Stolen,
    /// Damaged.
    Damaged,
    /// Forgotten at home; temporary.
    Forgotten,
    /// Looking for a fault.
    Test,
    /// The holder left. To end a pass only.
    Leaver,
    /// It was issued by mistake. To end a pass only.
    Mistake,
}

impl Why {
    /// All reasons in the order of their digits, 1 to 9.
    pub const ALL: [Self; 9] = [
        Self::Expired,
        Self::NewPhone,
        Self::Lost,
        Self::Stolen,
        Self::Damaged,
        Self::Forgotten,
        Self::Test,
        Self::Leaver,
        Self::Mistake,
    ];

    /// The reasons to replace a pass or to stop one, digits 1 to 7.
    pub const TO_REPLACE: &[Self] = Self::ALL.split_at(7).0;

    /// The words on screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Expired => "invite expired",
            Self::NewPhone => "new phone",
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Damaged => "damaged",
            Self::Forgotten => "forgotten, temporary",
            Self::Test => "test",
            Self::Leaver => "leaver",
            Self::Mistake => "mistake",
        }
    }

    /// Somebody else may have it: what still works is stopped before anything else (decision 19).
    pub fn is_loss(self) -> bool {
        matches!(self, Self::Lost | Self::Stolen)
    }

    /// It may take away a person's last working credential (invariant I17).
    pub fn outweighs_the_last(self) -> bool {
        self.is_loss() || self == Self::Leaver
    }

    /// The digit that chooses it.
    pub fn digit(self) -> char {
        char::from(b'1' + Self::ALL.iter().position(|w| *w == self).unwrap_or(0) as u8)
    }

    /// The reason that a card's state suggests, if it suggests one.
    pub fn preset(card: &Credential) -> Option<Self> {
        (card.state() == State::Expired).then_some(Self::Expired)
    }
}

/// The order in which a reissue works (decision 19, safety.md section 2.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ReissueMode {
    /// One call removes the old and adds the new. Only where the old one is not usable, or the operator
    /// chose "at once".
    Swap,
    /// The new one first; the old one is retired once the new one is usable.
    AfterAccept,
    /// The old one is stopped first: lost and stolen.
    RevokeFirst,
    /// The holder adds the credential herself; it is watched until it works, then the old one is offered for its
    /// end (Thales D1).
    HolderAdds,
    /// An act on one credential that is no reissue.
    Single,
}

impl ReissueMode {
    /// The order for this card (decision 19). Only Gallagher takes a removal and an addition in one call; its
    /// invitations that nobody accepted leave nothing to stop, so that lost and stolen ones go in that call too.
    pub fn choose(card: &Credential, why: Why, at_once: bool) -> Self {
        let (usable, loss) = (card.usable(), why.is_loss());
        let open = |status| matches!(status, InvitationStatus::NotSent | InvitationStatus::Sent);
        let nobody_accepted = card.invitation.as_ref().is_some_and(|i| open(i.status));
        match card.class.system() {
            System::ThalesD1 => Self::HolderAdds,
            System::Gallagher if !usable || loss && nobody_accepted => Self::Swap,
            System::AccessGrid | System::CardExchange if !usable => Self::AfterAccept,
            _ if loss => Self::RevokeFirst,
            System::Gallagher if at_once => Self::Swap,
            _ => Self::AfterAccept,
        }
    }
}

/// May this desk write at all right now?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Writes {
    /// `L` was pressed, or the tenant starts unlocked.
    Unlocked,
    /// Read-only until `L`.
    Locked,
    /// Read-only by role or site file; no key changes it.
    ReadOnly(&'static str),
}

/// How grave a confirm is (ux.md section 8).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ConfirmLevel {
    /// Preview line and `y`.
    L1,
    /// Full preview and `y`.
    L2,
    /// Full preview, the count of what is changed typed, and `y`.
    L3,
}

/// What is wrong with a note, if anything: it must fit the strictest vendor, whichever one it goes to
/// (decision 20: 43 of `a-z A-Z 0-9` and blanks; the rest of the 64 belongs to our tag).
pub fn note_problem(note: &str) -> Option<String> {
    if let Some((at, c)) = note.chars().enumerate().find(|(_, c)| !c.is_ascii_alphanumeric() && *c != ' ') {
        let shown = super::text::SafeText::of(&c.to_string());
        return Some(format!("letters, digits and blanks only: \"{shown}\" at {}", at + 1));
    }
    (note.len() > NOTE_LENGTH).then(|| format!("{NOTE_LENGTH} characters at most, this has {}", note.len()))
}

/// The note that goes to the vendor: the ticket, and the operator's words or else those of the reason.
///
/// # Errors
/// What does not fit the strictest vendor; nothing is dropped behind anybody's back.
pub fn vendor_note(ticket: &str, why: Why, note: &str) -> Result<String, String> {
    if let Some(problem) = ticket_problem(ticket) {
        return Err(problem);
    }
    let words = if note.is_empty() { why.words().replace(',', "") } else { note.to_owned() };
    let whole =
        if ticket.is_empty() || words.split(' ').any(|w| w == ticket) { words } else { format!("{ticket} {words}") };
    match note_problem(&whole) {
        Some(problem) if whole.len() > note.len() => Err(format!("ticket and note together: {problem}")),
        Some(problem) => Err(problem),
        None => Ok(whole),
    }
}

/// Characters that a note may have.
pub const NOTE_LENGTH: usize = 43;

/// What is wrong with a ticket, if anything: empty is allowed, else 2 to 6 capitals and 4 to 10 digits.
pub fn ticket_problem(ticket: &str) -> Option<String> {
    let letters = ticket.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = ticket.bytes().skip(letters).take_while(u8::is_ascii_digit).count();
    let fits = (2..=6).contains(&letters) && (4..=10).contains(&digits) && letters + digits == ticket.len();
    (!ticket.is_empty() && !fits).then(|| "a ticket looks like INC0012345: 2 to 6 capitals, 4 to 10 digits".to_owned())
}
