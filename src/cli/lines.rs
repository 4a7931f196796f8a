//! The lines that commands print (decision 6): the same members in every list, so that one script reads them all.

use super::output::Row;
use crate::domain::credential::{Credential, OpensDoors, State, System};
use crate::domain::ids::{CredentialId, HolderId, TenantName};
use crate::domain::journal::Marker;
use crate::domain::operation::Operation;
use crate::domain::ownership::{Desk, Grade, Ownership};
use crate::domain::text::{SafeText, mask_contact};
use crate::ports::cache::HolderHit;
use crate::ports::provider::TenantProfile;
use jiff::Timestamp;
use serde::Serialize;

/// Version of every line; raised when a member changes its meaning.
pub const VERSION: u8 = 1;

/// A record of a person found by a search. `state` is that of the credential which most needs a hand.
#[derive(Serialize)]
pub struct HolderLine {
    schema: &'static str,
    v: u8,
    id: HolderId,
    /// The same in all lines of one person, over all systems.
    person: HolderId,
    tenant: TenantName,
    system: Option<System>,
    holder: HolderId,
    name: SafeText,
    department: SafeText,
    employee_number: SafeText,
    email: String,
    authorised: bool,
    cards: usize,
    state: Option<State>,
    raw_state: Option<SafeText>,
    owner: Option<&'static str>,
    /// The credential that matched, if a number was searched for.
    card: Option<CredentialId>,
    as_of: Timestamp,
}

impl HolderLine {
    /// One record of a person that was found; `hit` speaks of that record alone.
    pub fn new(of: &HolderId, hit: &HolderHit, profile: Option<&TenantProfile>) -> Self {
        let person = &hit.holder;
        Self {
            schema: "passdesk.holder",
            v: VERSION,
            id: person.id.clone(),
            person: of.clone(),
            tenant: person.id.tenant.clone(),
            system: profile.map(|p| p.system),
            holder: person.id.clone(),
            name: person.name().safe(),
            department: person.description.safe(),
            employee_number: person.employee_number.safe(),
            email: masked(&person.email.safe()),
            authorised: person.authorised,
            cards: hit.cards,
            state: hit.need,
            raw_state: None,
            owner: None,
            card: hit.card.clone(),
            as_of: person.as_of,
        }
    }
}

impl Row for HolderLine {
    const HEAD: &'static [&'static str] = &["ID", "NAME", "DEPARTMENT", "CARDS", "STATE", "AS OF"];
    fn cells(&self) -> Vec<SafeText> {
        vec![
            plain(&self.id),
            self.name.clone(),
            self.department.clone(),
            plain(self.cards),
            self.state.map(plain).unwrap_or_default(),
            plain(self.as_of.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ]
    }
}

/// A credential with whose it is.
#[derive(Serialize)]
pub struct CardLine {
    schema: &'static str,
    v: u8,
    id: CredentialId,
    tenant: TenantName,
    system: Option<System>,
    holder: HolderId,
    /// The holder's name.
    pub name: SafeText,
    #[serde(rename = "type")]
    type_name: SafeText,
    class: String,
    number: SafeText,
    state: State,
    raw_state: SafeText,
    owner: &'static str,
    /// Of what is `elsewhere`: the console that issued it, what it is called, and when its ledger was imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    desk: Option<Desk>,
    #[serde(skip)]
    badge: SafeText,
    grade: Grade,
    clues: Vec<SafeText>,
    opens_doors: OpensDoors,
    opens_doors_because: &'static str,
    invitation: Option<String>,
    invited: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    last_used: Option<Timestamp>,
    /// False: from the cache, because the system could not be asked.
    live: bool,
    as_of: Timestamp,
}

/// Who holds a credential, and how it was read.
pub struct Around<'a> {
    /// The holder's name.
    pub name: SafeText,
    /// The holder may open doors at all.
    pub authorised: bool,
    /// The tenant.
    pub profile: Option<&'a TenantProfile>,
    /// Read just now.
    pub live: bool,
}

impl CardLine {
    /// A credential and its grade.
    pub fn new(card: &Credential, ownership: &Ownership, around: &Around<'_>) -> Self {
        let (opens_doors, because) = card.opens_doors(around.authorised);
        let number = card.number.safe();
        let invitation = card.invitation.as_ref();
        Self {
            schema: "passdesk.card",
            v: VERSION,
            id: card.id.clone(),
            tenant: card.id.tenant.clone(),
            system: around.profile.map(|p| p.system),
            holder: card.holder.clone(),
            name: around.name.clone(),
            type_name: card.type_name.safe(),
            class: card.class.to_string(),
            // People read the label; the marker behind it is ours (decision 12).
            number: SafeText::of(Marker::split(number.as_str()).0),
            state: card.state(),
            raw_state: raw_state(card),
            owner: ownership.owner(),
            desk: ownership.desk.as_ref().filter(|_| ownership.is_elsewhere()).cloned(),
            badge: SafeText::of(&ownership.badge()),
            grade: ownership.grade,
            clues: ownership.clues.clone(),
            opens_doors,
            opens_doors_because: because,
            invitation: invitation.map(|i| i.status.to_string()),
            invited: invitation.map(|i| masked(&i.email.safe())).filter(|m| !m.is_empty()),
            from: card.from,
            until: card.until,
            last_used: card.last_used,
            live: around.live,
            as_of: card.as_of,
        }
    }

    /// The credential in full, for people.
    pub fn describe(&self) -> String {
        let time = |t: Option<Timestamp>| t.map_or("-".to_owned(), |t| t.to_string());
        let clues = self.clues.iter().map(SafeText::as_str).collect::<Vec<_>>().join("; ");
        let lines = [
            ("Id", self.id.to_string()),
            ("Holder", format!("{} ({})", self.name, self.holder)),
            ("Type", format!("{} ({})", self.type_name, self.class)),
            ("Number", self.number.to_string()),
            ("State", format!("{} ({})", self.state, self.raw_state)),
            ("Opens doors", format!("{}: {}", self.opens_doors, self.opens_doors_because)),
            ("Invited", self.invited.clone().unwrap_or_else(|| "-".into())),
            ("Valid", format!("{} to {}", time(self.from), time(self.until))),
            ("Last used", time(self.last_used)),
            ("Issued by", format!("{} ({}, {})", self.owner, self.badge, self.grade)),
            ("Evidence", if clues.is_empty() { "none".into() } else { clues }),
            ("As of", format!("{}{}", self.as_of, if self.live { "" } else { " (cache)" })),
        ];
        lines.map(|(label, text)| format!("{label:<12} {text}\n")).concat()
    }
}

impl Row for CardLine {
    const HEAD: &'static [&'static str] = &["ID", "STATE", "OWNER", "TYPE", "NUMBER", "OPENS", "UNTIL", "VENDOR SAYS"];
    fn cells(&self) -> Vec<SafeText> {
        vec![
            plain(&self.id),
            plain(self.state),
            self.desk.as_ref().map_or_else(|| plain(self.owner), |desk| plain(format!("ours@{}", desk.name))),
            self.type_name.clone(),
            self.number.clone(),
            plain(self.opens_doors),
            self.until.map(|t| plain(t.strftime("%Y-%m-%d"))).unwrap_or_default(),
            self.raw_state.clone(),
        ]
    }
}

/// A row of the history.
#[derive(Serialize)]
pub struct OperationLine {
    schema: &'static str,
    v: u8,
    id: String,
    tenant: TenantName,
    system: Option<System>,
    #[serde(flatten)]
    operation: Operation,
    as_of: Timestamp,
}

impl OperationLine {
    /// A row, as known at that time.
    pub fn new(operation: Operation, profile: Option<&TenantProfile>, as_of: Timestamp) -> Self {
        Self {
            schema: "passdesk.operation",
            v: VERSION,
            id: operation.intent.map(|i| i.to_string()).unwrap_or_default(),
            tenant: operation.holder.tenant.clone(),
            system: profile.map(|p| p.system),
            operation,
            as_of,
        }
    }
}

impl Row for OperationLine {
    const HEAD: &'static [&'static str] =
        &["AT", "FROM", "ACTION", "RESULT", "HOLDER", "CREDENTIAL", "BY", "TICKET", "NOTE"];
    fn cells(&self) -> Vec<SafeText> {
        let row = &self.operation;
        vec![
            plain(row.at.strftime("%Y-%m-%dT%H:%M:%SZ")),
            plain(row.source),
            row.action.clone(),
            row.result.clone(),
            plain(&row.holder),
            row.credential.as_ref().map(plain).unwrap_or_default(),
            row.operator.clone(),
            row.ticket.clone(),
            row.note.clone(),
        ]
    }
}

/// The vendor's own words about a state: the card's, and the invitation's where there is one.
pub fn raw_state(card: &Credential) -> SafeText {
    let word = card.status_word.safe();
    let word = if word.as_str().is_empty() { card.status.to_string() } else { word.to_string() };
    match &card.invitation {
        Some(invitation) => SafeText::of(&format!("{word}, invitation {}", invitation.status)),
        None => SafeText::of(&word),
    }
}

fn masked(contact: &SafeText) -> String {
    if contact.as_str().is_empty() { String::new() } else { mask_contact(contact) }
}

fn plain(value: impl std::fmt::Display) -> SafeText {
    SafeText::of(&value.to_string())
}
