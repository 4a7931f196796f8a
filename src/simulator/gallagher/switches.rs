//! What the vendor leaves unpublished, as switches (contract section 15); the first choice is the default.

use serde::{Deserialize, Serialize};

/// How a successful PATCH of a person answers (contract section 5.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatchAnswer {
    /// 204 without a body.
    #[default]
    NoContent,
    /// 200 with the person.
    Object,
    /// 200 with a message only.
    Message,
}

/// What happens to a card's href when the card is updated (contract section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardHref {
    /// Stays.
    #[default]
    Stable,
    /// Is another one afterwards.
    Changes,
}

/// What a phone credential shows as number if none was sent (contract section 5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OmittedNumber {
    /// Its `credentialId`.
    #[default]
    CredentialId,
    /// `1`.
    One,
}

/// How feed and events refer to an operator (contract sections 8 and 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorHref {
    /// `items/...` in the feed, `cardholders/...` in events.
    #[default]
    ItemsInFeed,
    /// `cardholders/...` in both.
    Same,
    /// Not at all: the name alone.
    Missing,
}

/// What a `remove` or `update` of a card that is not there does to its PATCH (contract section 11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaleHref {
    /// 400 for the whole PATCH.
    #[default]
    BadRequest,
    /// 404 for the whole PATCH.
    NotFound,
    /// The element is passed over.
    Ignored,
}

/// How a long poll of events ends without news (contract section 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollTimeout {
    /// 200 with no events.
    #[default]
    Empty,
    /// 503, as old servers do.
    Unavailable,
}

/// Which operator the foreign system's key stands for (contract section 10: other writers).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForeignOperator {
    /// One of its own.
    #[default]
    Own,
    /// The console's: the feed then cannot tell the two apart.
    Shared,
}

/// Whether calls come through the vendor's cloud gateway (contract section 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gateway {
    /// No: straight to the site.
    #[default]
    None,
    /// Yes, and the tunnel to the site is open.
    Open,
    /// Yes, and the site is not connected: 503.
    TunnelDown,
}

/// All switches. Changed as a whole through the control port; unknown names are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// How a successful PATCH answers.
    pub patch_answer: PatchAnswer,
    /// What an update does to a card's href.
    pub card_href: CardHref,
    /// Whether `invitation.href` is shown once expired.
    pub expired_invitation_href: bool,
    /// Number of a phone credential that came without one.
    pub omitted_number: OmittedNumber,
    /// Seconds (virtual) until a change shows in the feed.
    pub feed_latency_s: u32,
    /// Edits of one person by one operator within so many seconds become one row; 0: never.
    pub feed_merge_s: u32,
    /// Whether the feed's card blocks show `type`, `status` and `invitation`.
    pub feed_shows_more: bool,
    /// How operators are referred to.
    pub operator_href: OperatorHref,
    /// Whether events show `source.href` and `operator.href`.
    pub event_hrefs: bool,
    /// How a long poll without news ends.
    pub poll_timeout: PollTimeout,
    /// Whether `GET /api` has the `me` block.
    pub me: bool,
    /// What a stale card href does.
    pub stale_href: StaleHref,
    /// Whether phone types have a facility code (the documents say no, clients insist on it).
    pub mobile_facility_code: bool,
    /// Whether phone credentials show an issue level (the documents say no, a recording has 1).
    pub mobile_issue_level: bool,
    /// Whether lack of privilege on a person is a 409, as newer texts say, instead of a 403.
    pub privilege_conflict: bool,
    /// Seconds (virtual) from the acceptance of a phone credential until its badge shows; left out: no badge comes
    /// by itself.
    pub wallet_delay_s: Option<u32>,
    /// The server option "allow clients with no certificate". The vendor ships it off; without TLS nobody could
    /// show one, so here it is on unless certificates are demanded at the start.
    pub allow_no_certificate: bool,
    /// Whether calls come through the cloud gateway.
    pub gateway: Gateway,
    /// Whether the gateway applies each client's address filter itself; else the server does, and sees the
    /// gateway's address.
    pub gateway_filters: bool,
    /// Whose operator the foreign key stands for.
    pub foreign_operator: ForeignOperator,
    /// False: the vendor's cloud cannot be reached, invitations stay `notSent`.
    pub cloud_up: bool,
    /// Seconds (virtual) from creation until an invitation is sent.
    pub invitation_delay_s: u32,
    /// Seconds (virtual) from sending until it lapses.
    pub invitation_lifetime_s: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            patch_answer: PatchAnswer::default(),
            card_href: CardHref::default(),
            expired_invitation_href: true,
            omitted_number: OmittedNumber::default(),
            feed_latency_s: 0,
            feed_merge_s: 0,
            feed_shows_more: false,
            operator_href: OperatorHref::default(),
            event_hrefs: true,
            poll_timeout: PollTimeout::default(),
            me: true,
            stale_href: StaleHref::default(),
            mobile_facility_code: true,
            mobile_issue_level: false,
            privilege_conflict: false,
            wallet_delay_s: None,
            allow_no_certificate: true,
            gateway: Gateway::default(),
            gateway_filters: false,
            foreign_operator: ForeignOperator::default(),
            cloud_up: true,
            invitation_delay_s: 2,
            invitation_lifetime_s: 7 * 86_400,
        }
    }
}
