//! What the vendor leaves undocumented or contradicts itself about, as switches (decision 35); the defaults are the
//! contract's column "Simulator".

use serde::{Deserialize, Serialize};

/// What an account's plan lets it read below `/v1/console` (contract section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Everything.
    #[default]
    Enterprise,
    /// Nothing: 403.
    BasicForbidden,
    /// Nothing: 404.
    BasicNotFound,
}

/// How an action answers (contract section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionAnswer {
    /// The whole pass.
    #[default]
    Whole,
    /// `status`, `id`, `state`, `install_url`.
    Few,
    /// `status` alone.
    StatusOnly,
}

/// What an action on the id of a pair does (contract section 5: unknown).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairAction {
    /// It reaches every half that allows it.
    #[default]
    EachHalf,
    /// It reaches the first half only, and still answers 200.
    FirstHalf,
    /// 404.
    NotFound,
}

/// What `metadata` of an update does to what was there (contract section 4.3: undocumented).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataUpdate {
    /// It takes its place.
    #[default]
    Replaces,
    /// It is laid over it.
    Merges,
}

/// Form of an error's body (contract section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorForm {
    /// `message` is a text.
    #[default]
    Message,
    /// `message` is a list of texts.
    List,
    /// `error` instead.
    ErrorKey,
}

/// Which calls count against 20 a second and 5 at once (contract section 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimit {
    /// None.
    #[default]
    Off,
    /// Issue and update: what touches the wallets.
    Writes,
    /// All.
    Everything,
}

/// In which order lists show passes (undocumented).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListOrder {
    /// Oldest first: pages stay where they are when passes are added.
    #[default]
    OldestFirst,
    /// Newest first: a new pass moves all others one place on.
    NewestFirst,
}

/// All switches. Changed through the control port; unknown names are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Whether an unlinked pass can be resumed (C1).
    pub resume_from_unlink: bool,
    /// Whether "device found" also resumes what the API suspended (C4).
    pub found_resumes_api_suspend: bool,
    /// Whether a pass that is on no phone can be unlinked (section 5: unknown).
    pub unlink_created: bool,
    /// Whether deleting again succeeds (section 5: unknown).
    pub repeated_delete: bool,
    /// What an action on the id of a pair does.
    pub pair_action: PairAction,
    /// Whether the id of a pair can be read.
    pub pair_readable: bool,
    /// Status of a refused transition (section 5: undocumented).
    pub state_conflict_status: u16,
    /// Whether the logs also read flat filter names (section 7).
    pub honour_flat_log_filters: bool,
    /// Whether the logs also answer under `events`, with `type` and `timestamp` (section 7).
    pub emit_events_alias: bool,
    /// Whether the id inside `sig_payload` must be that of the path (section 2).
    pub strict_sig_id: bool,
    /// Whether lists heed `template_id`.
    pub honour_template_filter: bool,
    /// Whether lists heed `state`.
    pub honour_state_filter: bool,
    /// Whether lists heed `metadata[...]`.
    pub honour_metadata_filter: bool,
    /// Whether lists heed `employee_id`, `card_number` and `site_code` (section 4.4: may be ignored).
    pub honour_holder_filters: bool,
    /// Whether `state=created` is a filter; if not, it is refused (C9).
    pub created_filter: bool,
    /// Whether lists without `state` show deleted passes.
    pub list_deleted: bool,
    /// Every so manyth pass is left out of lists; 0: none (section 4.4: absence is never proof).
    pub list_omits_every: u32,
    /// Order of lists.
    pub list_order: ListOrder,
    /// What `metadata` of an update does.
    pub metadata_update: MetadataUpdate,
    /// How actions answer.
    pub action_answer: ActionAnswer,
    /// Whether passes show `email` and `phone_number` (section 4.1: presence varies).
    pub show_contact: bool,
    /// Whether an issue needs `email` or `phone_number` (section 4.2: in practice).
    pub contact_required: bool,
    /// What the plan offers.
    pub plan: Plan,
    /// Form of errors.
    pub error_form: ErrorForm,
    /// Words of vendor fixtures in place of the five states: `issued`, `unlinked`, `inactive` (C2).
    pub fixture_states: bool,
    /// Calls a second and at once.
    pub rate_limit: RateLimit,
    /// Whether a 429 says `Retry-After` (section 1: if present).
    pub retry_after: bool,
    /// Whether an account may change the organisation's set-up; which right that takes is not in the contract.
    pub administrator: bool,
    /// Seconds (virtual) that Apple's review of a template takes; not in the contract.
    pub apple_review_s: u32,
    /// Whether webhooks that were made have answered their handshake, which is not played.
    pub webhooks_verified: bool,
    /// Milliseconds (real) that each call takes, so that calls at once can be counted.
    pub work_ms: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            resume_from_unlink: false,
            found_resumes_api_suspend: true,
            unlink_created: false,
            repeated_delete: false,
            pair_action: PairAction::default(),
            pair_readable: true,
            state_conflict_status: 422,
            honour_flat_log_filters: false,
            emit_events_alias: false,
            strict_sig_id: false,
            honour_template_filter: true,
            honour_state_filter: true,
            honour_metadata_filter: true,
            honour_holder_filters: true,
            created_filter: true,
            list_deleted: false,
            list_omits_every: 0,
            list_order: ListOrder::default(),
            metadata_update: MetadataUpdate::default(),
            action_answer: ActionAnswer::default(),
            show_contact: true,
            contact_required: false,
            plan: Plan::default(),
            error_form: ErrorForm::default(),
            fixture_states: false,
            rate_limit: RateLimit::default(),
            retry_after: true,
            administrator: true,
            apple_review_s: 0,
            webhooks_verified: false,
            work_ms: 0,
        }
    }
}
