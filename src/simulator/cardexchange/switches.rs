//! What the vendor leaves open, as switches (contract sections 2, 5, 6 and 9); the first choice is the default.

use serde::{Deserialize, Serialize};

/// What an update does to metadata (row A1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataUpdate {
    /// The map is what was sent.
    #[default]
    Replace,
    /// What was sent is laid over what was there.
    Merge,
}

/// What null means for an optional member (row A3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NullValue {
    /// The value is cleared.
    #[default]
    Clear,
    /// As if it were left out.
    Keep,
    /// 400.
    Refuse,
}

/// What deleting a person or cardholder who owns cards does (row A8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteOwner {
    /// 400.
    #[default]
    Refuse,
    /// The cards go too.
    Cascade,
}

/// How nested descriptors are shown (section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Descriptor {
    /// Object with id and name.
    #[default]
    Object,
    /// The id alone.
    Id,
}

/// How the entries of `errors` in a problem look (section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorEntries {
    /// Array of strings.
    #[default]
    Array,
    /// One string.
    Text,
    /// An object with a `message`.
    Object,
}

/// What a refusal's body is (section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemBody {
    /// A problem marked as `application/problem+json`.
    #[default]
    Problem,
    /// The same marked as `application/json`.
    PlainJson,
    /// A page for a browser.
    Html,
    /// Nothing.
    Empty,
}

/// All switches of both data sets. Changed as a whole or by name; unknown names are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// A1.
    pub metadata_update: MetadataUpdate,
    /// A2: a null inside metadata is stored; else it removes its key.
    pub metadata_keeps_null: bool,
    /// A3.
    pub null_value: NullValue,
    /// A4: an update without the required members is refused; else they stay.
    pub required_on_update: bool,
    /// A6: a new card goes to `in_production` at once.
    pub auto_approve: bool,
    /// A7: productions honour `page` and `per_page`; else the list is whole, without headers.
    pub production_paging: bool,
    /// A8.
    pub delete_owner: DeleteOwner,
    /// A9: cards can be made for a cardholder who is not activated.
    pub cards_for_stopped_cardholders: bool,
    /// A10: several cards of a cardholder can be activated.
    pub several_active_cards: bool,
    /// A11: the day itself is part of `starting_after` and `ending_before`.
    pub bounds_inclusive: bool,
    /// A13: profile and address can be moved to another person.
    pub moving_allowed: bool,
    /// A14: a cardholder can be made without a person.
    pub cardholder_without_person: bool,
    /// A15: posting the state that the card has is refused.
    pub same_status_refused: bool,
    /// A16: unknown query parameters and members are refused.
    pub unknown_refused: bool,
    /// The table of section 6.1 is enforced.
    pub strict_transitions: bool,
    /// A create answers 201.
    pub create_is_201: bool,
    /// A delete answers 200.
    pub delete_is_200: bool,
    /// Changes answer without a body.
    pub empty_answers: bool,
    /// `q` looks into metadata too.
    pub q_in_metadata: bool,
    /// Lists begin with the newest.
    pub newest_first: bool,
    /// A tenant that lets two persons have one number.
    pub duplicate_person_numbers: bool,
    /// Nested descriptors.
    pub descriptor: Descriptor,
    /// Times come without a zone.
    pub times_without_zone: bool,
    /// Entries of a problem's `errors`.
    pub error_entries: ErrorEntries,
    /// Body of a refusal.
    pub problem_body: ProblemBody,
    /// Bytes of a photo before base64, for those two of five who have one.
    pub photo_bytes: u32,
    /// Seconds (virtual) from `in_production` until the printer is done; 0: only when told.
    pub printer_delay_s: u32,
    /// Seconds (virtual) from `personalized` until somebody approves; 0: only when told.
    pub approval_delay_s: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            metadata_update: MetadataUpdate::default(),
            metadata_keeps_null: true,
            null_value: NullValue::default(),
            required_on_update: true,
            auto_approve: false,
            production_paging: true,
            delete_owner: DeleteOwner::default(),
            cards_for_stopped_cardholders: true,
            several_active_cards: true,
            bounds_inclusive: false,
            moving_allowed: true,
            cardholder_without_person: true,
            same_status_refused: false,
            unknown_refused: false,
            strict_transitions: false,
            create_is_201: false,
            delete_is_200: false,
            empty_answers: false,
            q_in_metadata: false,
            newest_first: false,
            duplicate_person_numbers: false,
            descriptor: Descriptor::default(),
            times_without_zone: false,
            error_entries: ErrorEntries::default(),
            problem_body: ProblemBody::default(),
            photo_bytes: 1_500,
            printer_delay_s: 0,
            approval_delay_s: 0,
        }
    }
}
