//! One lifecycle event on a consumer, a card or a digital card (contract sections 6.3 and 7).

use super::rules::Action;
use super::switches::PendingEnd;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde::Serialize;
use serde_json::Value;

/// What an operation happened to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// The consumer.
    Consumer,
    /// A card.
    Card(String),
    /// A digital card, with the card that it belongs to.
    Digital {
        /// The digital card.
        digital: String,
        /// Its card.
        card: String,
    },
}

/// Who asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Requestor {
    /// A system with the issuer's credentials.
    Issuer,
    /// The end user.
    User,
    /// Somebody at the vendor's customer-care screen.
    Cci,
    /// The card network's token service.
    Tsp,
    /// The vendor itself.
    D1,
}

impl Requestor {
    /// The word on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Issuer => "ISSUER",
            Self::User => "USER",
            Self::Cci => "CCI",
            Self::Tsp => "TSP",
            Self::D1 => "D1",
        }
    }
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Done.
    Successful,
    /// Under way.
    Pending,
    /// Not done.
    Failed,
}

impl Status {
    /// The word on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Successful => "SUCCESSFUL",
            Self::Pending => "PENDING",
            Self::Failed => "FAILED",
        }
    }
}

/// What a pending operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// So many reads still say `PENDING`.
    pub polls: u32,
    /// What it will do.
    #[serde(skip)]
    pub action: Action,
    /// How it ends.
    #[serde(skip)]
    pub end: PendingEnd,
}

/// One operation as it really is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// To what.
    pub subject: Subject,
    /// Type.
    pub operation: &'static str,
    /// Where it stands.
    pub status: Status,
    /// When it was asked for (virtual time).
    pub start: Timestamp,
    /// When it was over; synchronous ones have none.
    pub end: Option<Timestamp>,
    /// Who asked for it.
    pub requestor: Requestor,
    /// Id of who asked.
    pub requestor_id: String,
    /// Free text.
    pub reason: Option<String>,
    /// Code.
    pub reason_code: Option<String>,
    /// Anything.
    pub details: Option<Value>,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

/// The moment so many calendar months before another one (contract section 6.2).
pub fn months_before(at: Timestamp, months: u8) -> Timestamp {
    let zoned = at.to_zoned_datetime(TimeZone::UTC);
    zoned.checked_sub(i64::from(months).months()).map_or(Timestamp::MIN, |earlier| earlier.timestamp())
}

/// Puts the newest first; of two at one moment the order of the ids decides, so that it never changes.
pub fn newest_first(operations: &mut [Operation]) {
    operations.sort_by(|a, b| b.start.cmp(&a.start).then_with(|| b.id.cmp(&a.id)));
}
