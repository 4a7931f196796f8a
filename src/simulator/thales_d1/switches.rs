//! What the vendor leaves unpublished, as switches (contract sections 13 and 14); the first choice is the default.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a reference to something of another issuer is refused (contract section 13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mismatch {
    /// 404.
    #[default]
    NotFound,
    /// 403.
    Forbidden,
}

/// What the operations of an unknown consumer are (contract sections 6.2 and 14, row 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoHistory {
    /// An empty list.
    #[default]
    Empty,
    /// 404.
    NotFound,
    /// 403.
    Forbidden,
}

/// How a pending operation ends (contract section 13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingEnd {
    /// `SUCCESSFUL`; the effect comes then.
    #[default]
    Successful,
    /// `FAILED` with `errorCode` and `error`; there is no effect.
    Failed,
}

/// What `remainingOperations` counts (contract section 14, row 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remaining {
    /// What is older than the page.
    #[default]
    Older,
    /// Everything that there is.
    All,
    /// It is not sent.
    Absent,
}

/// How much of a record an item of a list is (contract section 14, row 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListItem {
    /// All of it.
    #[default]
    Whole,
    /// `operationId` and `operation` alone.
    Short,
}

/// What the body of an error is (contract section 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorBody {
    /// `errorCode` and `error`.
    #[default]
    Both,
    /// `error` alone.
    TextOnly,
    /// `errorCode` alone.
    CodeOnly,
    /// Nothing.
    Empty,
    /// A page of HTML.
    Html,
}

/// How times are written (contract section 14, row 17).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeForm {
    /// Milliseconds and `Z`.
    #[default]
    Millis,
    /// Whole seconds and `Z`.
    Seconds,
    /// Milliseconds and an offset of two hours.
    Offset,
}

/// Names of the members of a card that could not be read (contract section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberNames {
    /// `scheme`, `last4`, `exp`, `state`.
    #[default]
    Short,
    /// `cardScheme`, `lastFourDigits`, `expiryDate`, `cardState`.
    Long,
}

/// Which pattern `x-correlation-id` must fit (contract section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrelationPattern {
    /// That of the version that is called: dots and spaces on v1 only.
    #[default]
    ByVersion,
    /// That of v2 everywhere.
    Strict,
}

/// How notifications to the issuer arrive (contract section 10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Each once, at once.
    #[default]
    Once,
    /// Each twice.
    Twice,
    /// An hour late.
    Late,
    /// The newest first.
    Reversed,
}

/// All switches. Changed as a whole through the control port; unknown names are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Routes that this issuer does not have, by their number in contract section 5 (`C8`, `T6`, ...).
    pub absent: BTreeSet<String>,
    /// The status of a route that is absent: 404 or 405.
    pub absent_status: u16,
    /// How another issuer's path is refused.
    pub issuer_mismatch: Mismatch,
    /// So many reads of an operation say `PENDING` before it ends; 0: it is done at once.
    pub pending_polls: u32,
    /// How pending operations end.
    pub pending_end: PendingEnd,
    /// Whether answers to writes name the operation.
    pub operation_id: bool,
    /// Whether answers to writes on consumers and cards have a `status`; those on digital cards always do.
    pub write_status: bool,
    /// True: writes answer 204 without a body.
    pub empty_success: bool,
    /// What `remainingOperations` counts.
    pub remaining_operations: Remaining,
    /// Name of the array of operations.
    pub operations_name: String,
    /// How much of a record an item of a list is.
    pub list_item: ListItem,
    /// True: some operations have a type, and some digital cards a state, that no document names.
    pub unknown_words: bool,
    /// True: every object has a member that no document names.
    pub extra_fields: bool,
    /// True: `details` are shapes that nobody foresaw.
    pub odd_details: bool,
    /// Whether a card's operations list those of its digital cards too.
    pub card_lists_digital: bool,
    /// Which pattern the correlation id must fit.
    pub correlation_pattern: CorrelationPattern,
    /// False: `x-user-id` on v1 is refused with 400.
    pub user_id_on_v1: bool,
    /// What the history of an unknown consumer is.
    pub no_history: NoHistory,
    /// Whether a deleted consumer's history can still be read.
    pub history_of_deleted: bool,
    /// Whether a deleted consumer's id may be registered again.
    pub id_reuse: bool,
    /// What the body of an error is.
    pub error_body: ErrorBody,
    /// Whether a 401 has an `errorCode`.
    pub unauthorised_code: bool,
    /// Months after which operations of cards and digital cards go; those of consumers go after 3.
    pub card_retention_months: u8,
    /// Reason codes that a digital card's suspension takes.
    pub digital_suspend_codes: BTreeSet<String>,
    /// Reason codes that a digital card's resumption takes.
    pub digital_resume_codes: BTreeSet<String>,
    /// Whether a pending digital card can be activated from the backend (T7).
    pub activation: bool,
    /// Whether the consumer's own data are held here.
    pub personal_data: bool,
    /// What `aud` of an assertion must be, if it is looked at.
    pub audience: Option<String>,
    /// How times are written.
    pub time_form: TimeForm,
    /// Names of a card's members.
    pub member_names: MemberNames,
    /// True: a suspended digital card reads `INACTIVE`, as the SDK has it, not `SUSPENDED`.
    pub suspended_reads_inactive: bool,
    /// Scopes of a token.
    pub scope: String,
    /// How notifications arrive.
    pub notifications: Delivery,
}

impl Default for Switches {
    fn default() -> Self {
        let codes = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        Self {
            absent: BTreeSet::new(),
            absent_status: 404,
            issuer_mismatch: Mismatch::default(),
            pending_polls: 0,
            pending_end: PendingEnd::default(),
            operation_id: true,
            write_status: true,
            empty_success: false,
            remaining_operations: Remaining::default(),
            operations_name: "operations".to_owned(),
            list_item: ListItem::default(),
            unknown_words: false,
            extra_fields: false,
            odd_details: false,
            card_lists_digital: true,
            correlation_pattern: CorrelationPattern::default(),
            user_id_on_v1: true,
            no_history: NoHistory::default(),
            history_of_deleted: true,
            id_reuse: false,
            error_body: ErrorBody::default(),
            unauthorised_code: true,
            card_retention_months: 3,
            digital_suspend_codes: codes(&["USER_DECISION", "ISSUER_DECISION", "DEVICE_LOST", "DEVICE_STOLEN"]),
            digital_resume_codes: codes(&["USER_DECISION", "ISSUER_DECISION", "DEVICE_FOUND"]),
            activation: false,
            personal_data: true,
            audience: None,
            time_form: TimeForm::default(),
            member_names: MemberNames::default(),
            suspended_reads_inactive: false,
            scope: "d1-api:consumer:full d1-api:card:full d1-api:digitalcard:full".to_owned(),
            notifications: Delivery::default(),
        }
    }
}

impl Switches {
    /// What makes these switches impossible, if anything does.
    pub fn defect(&self) -> Option<String> {
        const ROUTES: &[&str] = &[
            "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "K1", "K3", "K4", "K5", "K6", "T1", "T2", "T3", "T4", "T5",
            "T6",
        ];
        if let Some(name) = self.absent.iter().find(|name| !ROUTES.contains(&name.as_str())) {
            return Some(format!("there is no route {name}"));
        }
        if !matches!(self.absent_status, 404 | 405) {
            return Some(format!("an absent route answers 404 or 405, not {}", self.absent_status));
        }
        None
    }
}
