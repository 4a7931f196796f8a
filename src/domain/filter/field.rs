//! The fields of the filter language and the words that some of them take (ux.md section 7).

use crate::domain::credential::{CredentialClass, State};
use crate::domain::folding::distance;
use crate::domain::ownership::{Grade, Ownership};
use strum::IntoEnumIterator;

/// What stands before a colon.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[strum(serialize_all = "lowercase")]
pub enum Field {
    /// Who issued it.
    Issued,
    /// The canonical state.
    State,
    /// The vendor's own word for the state.
    Raw,
    /// How long ago it was issued.
    Age,
    /// When it ends.
    Expires,
    /// When it was last used.
    Used,
    /// When it happened.
    At,
    /// Phone credential, wallet pass or plastic.
    Type,
    /// The connection, or the kind of system behind it.
    Backend,
    /// The person.
    Holder,
    /// The card number.
    Number,
    /// A mail address.
    Email,
    /// A phone number.
    Phone,
    /// The site's card type.
    CardType,
    /// The vendor's template.
    Template,
    /// The device that carries it.
    Device,
    /// The site's division.
    Division,
    /// The ticket.
    Ticket,
    /// Why it was done.
    Reason,
    /// What was done.
    Op,
    /// Who did it.
    By,
    /// The console that did it.
    Console,
    /// How it ended.
    Result,
    /// The ledger's row or the vendor's.
    Src,
    /// Marked by the operator.
    Marked,
}

/// How the values of a field are written and compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Text that contains what is asked for.
    Contains,
    /// Text that is what is asked for.
    Whole,
    /// Text that ends in what is asked for.
    Tail,
    /// Words of [`Issuer`].
    Issuer,
    /// Words of [`StateWord`].
    State,
    /// Words of [`Kind`].
    Kind,
    /// `yes` or `no`.
    Flag,
    /// Moments that lie behind.
    Past,
    /// Moments that lie ahead.
    Ahead,
}

impl Field {
    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Issued => Shape::Issuer,
            Self::State => Shape::State,
            Self::Type => Shape::Kind,
            Self::Marked => Shape::Flag,
            Self::Age | Self::Used | Self::At => Shape::Past,
            Self::Expires => Shape::Ahead,
            Self::Number | Self::Phone => Shape::Tail,
            Self::Raw | Self::Backend | Self::By | Self::Console | Self::Result | Self::Src => Shape::Whole,
            Self::Holder
            | Self::Email
            | Self::CardType
            | Self::Template
            | Self::Device
            | Self::Division
            | Self::Ticket
            | Self::Reason
            | Self::Op => Shape::Contains,
        }
    }

    /// What is written behind the colon, for people.
    pub(super) fn example(self) -> String {
        let words = |words: Vec<String>| words.join(", ");
        match self.shape() {
            Shape::Issuer => words(Issuer::iter().map(|w| w.to_string()).collect()),
            Shape::State => words(StateWord::all().map(|w| w.to_string()).collect()),
            Shape::Kind => words(Kind::iter().map(|w| w.to_string()).collect()),
            Shape::Flag => "yes, no".to_owned(),
            Shape::Past | Shape::Ahead => ">30d, <2h, 2025-03, mar or 2025-03-01..14".to_owned(),
            Shape::Contains | Shape::Whole | Shape::Tail => {
                format!("a word, \"words with blanks\" or ~regex, as in {self}:{}", self.sample())
            }
        }
    }

    fn sample(self) -> &'static str {
        match self {
            Self::Raw => "sent",
            Self::Backend => "gall",
            Self::Holder => "doe",
            Self::Number => "8841",
            Self::Email => "@example.org",
            Self::Phone => "322",
            Self::Ticket => "INC0012345",
            Self::Reason => "lost",
            Self::Op => "reissue",
            Self::By | Self::Console => "me",
            Self::Result => "ok",
            Self::Src => "vendor",
            _ => "word",
        }
    }

    /// The field of a name, in whatever case; else what was probably meant.
    pub(super) fn named(name: &str) -> Result<Self, Option<Self>> {
        let lower = name.to_lowercase();
        lower.parse().map_err(|_| {
            let meant = Self::iter().map(|field| (distance(&lower, &field.to_string()), field)).min();
            meant.filter(|(steps, _)| *steps <= 1 + lower.chars().count() / 3).map(|(_, field)| field)
        })
    }
}

/// The words of `issued:`. Some take in several owners.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Issuer {
    /// This console.
    Me,
    /// This console, or another one of the site.
    Us,
    /// As [`Issuer::Me`], by the word of the badge.
    Ours,
    /// Another console of the site.
    Elsewhere,
    /// Probably this console.
    Inferred,
    /// Nobody can tell.
    Ambiguous,
    /// Born in the holder's wallet, at the issuer (decision 10).
    Issuer,
    /// Somebody else.
    Foreign,
}

/// Whose a credential is, as far as filters ask.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Owner {
    /// This console's.
    Ours,
    /// Another console's.
    Elsewhere,
    /// Probably this console's.
    Inferred,
    /// Nobody can tell.
    Ambiguous,
    /// The issuer's.
    Issuer,
    /// Somebody else's.
    Foreign,
}

impl From<&Ownership> for Owner {
    fn from(ownership: &Ownership) -> Self {
        match ownership.grade {
            Grade::Confirmed | Grade::Tagged | Grade::Witnessed => Self::Ours,
            Grade::Claimed if ownership.is_elsewhere() => Self::Elsewhere,
            Grade::Inferred => Self::Inferred,
            Grade::Claimed | Grade::Ambiguous => Self::Ambiguous,
            Grade::Issuer => Self::Issuer,
            Grade::Foreign => Self::Foreign,
        }
    }
}

/// How a credential came to be expired.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Lapse {
    /// Its invitation lapsed.
    Invite,
    /// Its end date passed.
    Date,
}

/// The words of `state:`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StateWord {
    /// The canonical state.
    pub state: State,
    /// `expired.invite` and `expired.date` only.
    pub lapse: Option<Lapse>,
}

impl StateWord {
    const STATES: [State; 8] = [
        State::Pending,
        State::Invited,
        State::Active,
        State::Suspended,
        State::Expired,
        State::Unlinked,
        State::Ended,
        State::Unknown,
    ];

    pub(super) fn all() -> impl Iterator<Item = Self> {
        let lapses = Lapse::iter().map(|lapse| Self { state: State::Expired, lapse: Some(lapse) });
        Self::STATES.into_iter().map(|state| Self { state, lapse: None }).chain(lapses)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        Self::all().find(|word| word.to_string() == text)
    }
}

impl std::fmt::Display for StateWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.state.to_string().to_lowercase())?;
        self.lapse.map_or(Ok(()), |lapse| write!(f, ".{lapse}"))
    }
}

/// The words of `type:`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Kind {
    /// In an app on a phone.
    Mobile,
    /// In the wallet of a phone.
    Wallet,
    /// Something to hold in one's hand.
    Physical,
}

impl Kind {
    /// The kind of a class; `None`: nobody can tell.
    pub fn of(class: CredentialClass) -> Option<Self> {
        use CredentialClass as C;
        match class {
            C::Mobile | C::DigitalId => Some(Self::Mobile),
            C::ApplePass | C::WalletPass | C::DigitalCard => Some(Self::Wallet),
            C::Card | C::Piv | C::Pivi | C::GovPass | C::TrackingTag | C::FundingCard | C::PrintedCard => {
                Some(Self::Physical)
            }
            C::Transact | C::Unknown => None,
        }
    }
}
