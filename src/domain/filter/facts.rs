//! What a row of a list says about each field: one shape for credentials, people and rows of the history.

use super::field::{Field, Kind, Lapse, Owner};
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::{CardStatus, Credential, CredentialClass, Particular, State, System};
use crate::domain::ids::TenantName;
use crate::domain::journal::Marker;
use crate::domain::operation::{Operation, Source};
use crate::domain::ownership::Ownership;
use crate::domain::text::{SafeText, Untrusted};
use jiff::Timestamp;

/// What is known under one field.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    /// Nobody here knows; why, as a clause for people.
    Unknown(&'static str),
    /// There is none, and that is known.
    None,
    /// Texts, each of which counts. Safe to show.
    Texts(Vec<String>),
    /// A moment (UTC).
    Moment(Timestamp),
    /// Whose it is.
    Owner(Owner),
    /// A state; of an expired one how it came to be so, if that is known.
    State(State, Option<Lapse>),
    /// A kind.
    Kind(Kind),
    /// Yes or no.
    Flag(bool),
}

impl Fact {
    /// A text, or, if it is empty, what that means.
    fn text(text: impl AsRef<str>, empty: Self) -> Self {
        if text.as_ref().is_empty() { empty } else { Self::Texts(vec![text.as_ref().to_owned()]) }
    }

    fn of(text: &Untrusted, empty: Self) -> Self {
        Self::text(text.safe(), empty)
    }

    fn moment(at: Option<Timestamp>, unknown: &'static str) -> Self {
        at.map_or(Self::Unknown(unknown), Self::Moment)
    }
}

/// All that one row says.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    facts: Vec<(Field, Fact)>,
    /// The ids by whose ends bare words find the row.
    pub(super) ids: Vec<String>,
}

impl Facts {
    /// What the row says under a field; a field that nothing was said about is not known.
    pub fn get(&self, field: Field) -> &Fact {
        const UNSAID: &Fact = &Fact::Unknown("this row does not say it");
        self.facts.iter().find(|(known, _)| *known == field).map_or(UNSAID, |(_, fact)| fact)
    }

    /// True if the row says something about the field, be it that nobody knows.
    pub(super) fn has(&self, field: Field) -> bool {
        self.facts.iter().any(|(known, _)| *known == field)
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, field: Field, fact: Fact) -> Self {
        self.facts.push((field, fact));
        self
    }
}

/// The names under which `backend:` finds a tenant: its own and its system's.
fn backends(tenant: &TenantName, system: Option<System>) -> Fact {
    let system = system.map(|system| system.to_string());
    Fact::Texts(std::iter::once(tenant.to_string()).chain(system).collect())
}

/// The person's name and number as facts.
fn person(holder: &Cardholder) -> Fact {
    let number = holder.employee_number.safe().to_string();
    let names = [holder.name().safe().to_string(), number];
    Fact::Texts(names.into_iter().filter(|text| !text.is_empty()).collect())
}

/// A credential in a list.
#[derive(Clone, Copy, Debug)]
pub struct CardRow<'a> {
    /// The credential.
    pub card: &'a Credential,
    /// Whose it is; `None`: not worked out yet.
    pub owner: Option<&'a Ownership>,
    /// The person, if her record is at hand.
    pub holder: Option<&'a Cardholder>,
    /// The kind of system behind its tenant.
    pub system: Option<System>,
}

impl CardRow<'_> {
    /// The fields that lists of credentials know. A list where rows can be marked adds [`Field::Marked`].
    pub const FIELDS: &'static [Field] = &[
        Field::Issued,
        Field::State,
        Field::Raw,
        Field::Age,
        Field::Expires,
        Field::Used,
        Field::Type,
        Field::Backend,
        Field::Holder,
        Field::Number,
        Field::Email,
        Field::Phone,
        Field::CardType,
        Field::Template,
        Field::Device,
        Field::Division,
        Field::Console,
    ];

    /// What it says.
    pub fn facts(&self) -> Facts {
        const UNREAD: &str = "it was never read from its system";
        let card = self.card;
        let read = card.was_read();
        let known = |fact: Fact| if read { fact } else { Fact::Unknown(UNREAD) };
        let state = match card.state() {
            State::Expired if card.status == CardStatus::Expired => Fact::State(State::Expired, Some(Lapse::Date)),
            State::Expired => Fact::State(State::Expired, Some(Lapse::Invite)),
            other => Fact::State(other, None),
        };
        let invitation = card.invitation.as_ref();
        let word = card.status_word.safe().to_string();
        let word = if word.is_empty() { card.status.to_string() } else { word };
        let raw = std::iter::once(word).chain(invitation.map(|i| i.status.to_string())).collect();
        let contact = |of_card: Option<&Untrusted>, of_holder: Option<&Untrusted>| {
            let shown = of_card.into_iter().chain(of_holder).map(|t| t.safe().to_string());
            let shown: Vec<String> = shown.filter(|text| !text.is_empty()).collect();
            if shown.is_empty() { Fact::Unknown("no contact is shown to this key") } else { Fact::Texts(shown) }
        };
        let device = [Particular::Device, Particular::Platform].map(|name| card.particular(name));
        let device: Vec<String> = device.into_iter().flatten().map(|text| text.safe().to_string()).collect();
        let template = match card.class {
            CredentialClass::WalletPass => Fact::of(&card.type_name, Fact::Unknown("its template is not shown")),
            _ => Fact::None,
        };
        let number = card.number.safe();
        let label = Marker::split(number.as_str()).0.trim().to_owned();
        // Gallagher leaves the end out where there is none (gallagher.md section 5.1); elsewhere nothing is said.
        let endless = self.system == Some(System::Gallagher);
        let until = match card.until {
            None if endless => Fact::None,
            until => Fact::moment(until, "its end date is not known"),
        };
        let holder = self.holder.map_or(Fact::Unknown("her record is not at hand"), person);
        let division = self.holder.map(|h| &h.division).cloned().unwrap_or_default();
        let mut facts = Facts::default()
            .with(Field::Issued, self.owner.map_or(Fact::Unknown(NOT_WORKED_OUT), |o| Fact::Owner(Owner::from(o))))
            .with(Field::State, known(state))
            .with(Field::Raw, known(Fact::Texts(raw)))
            .with(Field::Age, Fact::moment(self.issued(), "nobody knows when it was issued"))
            .with(Field::Expires, known(until))
            .with(Field::Used, Fact::moment(card.last_used, "its last use is not known"))
            .with(Field::Type, Kind::of(card.class).map_or(Fact::Unknown("its kind is not known"), Fact::Kind))
            .with(Field::Backend, backends(&card.id.tenant, self.system))
            .with(Field::Holder, holder)
            .with(Field::Number, Fact::text(label, Fact::None))
            .with(Field::Email, contact(invitation.map(|i| &i.email), self.holder.map(|h| &h.email)))
            .with(Field::Phone, contact(invitation.map(|i| &i.phone), None))
            .with(Field::CardType, Fact::of(&card.type_name, Fact::Unknown("its type has no name")))
            .with(Field::Template, template)
            .with(Field::Division, Fact::of(&division, Fact::Unknown("no division is shown")))
            .with(Field::Console, self.console());
        let unknown = Fact::Unknown("its device is not shown");
        facts = facts.with(Field::Device, if device.is_empty() { unknown } else { Fact::Texts(device) });
        facts.ids = vec![card.id.key.to_string(), card.lasting_id.safe().to_string()];
        if let Some(holder) = self.holder {
            facts.ids.push(holder.id.key.to_string());
        }
        facts
    }

    /// When it was issued: as its vendor says, else as the ledger that knows of its making does.
    fn issued(&self) -> Option<Timestamp> {
        let said = self.card.particular(Particular::Created).and_then(|text| text.raw().parse().ok());
        said.or_else(|| self.owner.and_then(|owner| owner.issued))
    }

    fn console(&self) -> Fact {
        match self.owner.map(|owner| (Owner::from(owner), owner)) {
            Some((Owner::Ours, _)) => Fact::Texts(vec![ME.to_owned()]),
            Some((Owner::Elsewhere, owner)) => match &owner.desk {
                Some(desk) => Fact::Texts(vec![desk.name.to_string(), desk.console.to_string()]),
                None => Fact::Unknown(NOT_WORKED_OUT),
            },
            Some((Owner::Foreign | Owner::Issuer, _)) => Fact::None,
            Some((Owner::Inferred | Owner::Ambiguous, _)) | None => Fact::Unknown(NOT_WORKED_OUT),
        }
    }
}

const NOT_WORKED_OUT: &str = "whose it is, is not settled";

/// What stands for this console and this operator.
const ME: &str = "me";

/// A person in a list.
#[derive(Clone, Copy, Debug)]
pub struct HolderRow<'a> {
    /// Her records.
    pub records: &'a [(&'a Cardholder, Option<System>)],
    /// The state that most needs a hand, of all her credentials.
    pub need: Option<State>,
}

impl HolderRow<'_> {
    /// The fields that lists of people know.
    pub const FIELDS: &'static [Field] = &[Field::Holder, Field::State, Field::Backend, Field::Email, Field::Division];

    /// What it says.
    pub fn facts(&self) -> Facts {
        let texts = |pick: &dyn Fn(&Cardholder) -> SafeText, empty: Fact| {
            let all = self.records.iter().map(|(holder, _)| pick(holder).to_string());
            let mut all: Vec<String> = all.filter(|text| !text.is_empty()).collect();
            all.sort_unstable();
            all.dedup();
            if all.is_empty() { empty } else { Fact::Texts(all) }
        };
        let (mut names, mut systems) = (Vec::new(), Vec::new());
        for (holder, system) in self.records {
            if let Fact::Texts(more) = person(holder) {
                names.extend(more);
            }
            if let Fact::Texts(more) = backends(&holder.id.tenant, *system) {
                systems.extend(more);
            }
        }
        let state = match self.need {
            Some(state) => Fact::State(state, None),
            None => Fact::None,
        };
        let mut facts = Facts::default()
            .with(Field::Holder, Fact::Texts(names))
            .with(Field::State, state)
            .with(Field::Backend, Fact::Texts(systems))
            .with(Field::Email, texts(&|h| h.email.safe(), Fact::Unknown("no contact is shown to this key")))
            .with(Field::Division, texts(&|h| h.division.safe(), Fact::Unknown("no division is shown")));
        facts.ids = self.records.iter().map(|(holder, _)| holder.id.key.to_string()).collect();
        facts
    }
}

/// A row of the history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryRow<'a> {
    /// The row.
    pub operation: &'a Operation,
    /// The kind of system behind its tenant.
    pub system: Option<System>,
    /// The person, if her record is at hand.
    pub holder: Option<&'a Cardholder>,
    /// The credential, if it is at hand.
    pub card: Option<&'a Credential>,
    /// The operator who asks, for `by:me`.
    pub me: &'a str,
    /// This console, where the list knows it.
    pub console: Option<&'a str>,
}

impl HistoryRow<'_> {
    /// The fields that every history knows; one that knows its console adds [`Field::Console`].
    pub const FIELDS: &'static [Field] = &[
        Field::At,
        Field::Op,
        Field::By,
        Field::Result,
        Field::Ticket,
        Field::Reason,
        Field::Src,
        Field::Backend,
        Field::Holder,
        Field::Number,
    ];

    /// What it says. Of a stretch that nobody observed, everything but its end is unknown.
    pub fn facts(&self) -> Facts {
        const GAP: &str = "nobody looked at that time";
        let row = self.operation;
        let gap = row.is_gap();
        let ours = row.source == Source::Ledger;
        let known = |fact: Fact| if gap { Fact::Unknown(GAP) } else { fact };
        // A vendor's row has neither of them, and that is known.
        let ledger = |text: &SafeText| known(if ours { Fact::text(text, Fact::None) } else { Fact::None });
        let mut by: Vec<String> = vec![row.operator.to_string()];
        if ours && row.operator.as_str() == self.me {
            by.push(ME.to_owned());
        }
        by.retain(|name| !name.is_empty());
        let by = if by.is_empty() { Fact::Unknown("the vendor does not say who did it") } else { Fact::Texts(by) };
        let source = if ours { ["ledger", "l"] } else { ["vendor", "v"] };
        let number = self.card.map(|card| {
            let number = card.number.safe();
            Marker::split(number.as_str()).0.trim().to_owned()
        });
        let number = match (&row.credential, number) {
            (None, _) => Fact::None,
            (Some(_), None) => Fact::Unknown("the number of its credential is not at hand"),
            (Some(_), Some(number)) => Fact::text(number, Fact::None),
        };
        let console =
            self.console.map(|name| if ours { Fact::Texts(vec![ME.to_owned(), name.to_owned()]) } else { Fact::None });
        let mut facts = Facts::default()
            .with(Field::At, if gap { Fact::Unknown(GAP) } else { Fact::Moment(row.at) })
            .with(Field::Op, known(Fact::text(&row.action, Fact::None)))
            .with(Field::By, known(by))
            .with(Field::Result, ledger(&row.result))
            .with(Field::Ticket, ledger(&row.ticket))
            .with(Field::Reason, ledger(&row.note))
            .with(Field::Src, Fact::Texts(source.map(str::to_owned).to_vec()))
            .with(Field::Backend, backends(&row.holder.tenant, self.system))
            .with(Field::Holder, self.holder.map_or(Fact::Unknown("her record is not at hand"), person))
            .with(Field::Number, known(number));
        if let Some(console) = console {
            facts = facts.with(Field::Console, known(console));
        }
        facts.ids = vec![row.holder.key.to_string()];
        facts.ids.extend(row.credential.as_ref().map(|card| card.key.to_string()));
        facts.ids.extend(row.intent.map(|intent| intent.to_string()));
        facts
    }
}
