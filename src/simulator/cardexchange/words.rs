//! The vendor's closed lists of words, and the order of card states that the console allows itself
//! (contract sections 4 to 6).

/// Card states (section 6).
pub const CARD_STATUS: &[&str] = &[
    "initialized",
    "in_production",
    "personalized",
    "withdrawn",
    "activated",
    "blocked",
    "expired",
    "blacklisted",
    "issued",
    "returned",
    "destroyed",
    "bulk_blocked",
    "linked",
    "unlinked",
];
/// States of a cardholder (section 4.2).
pub const CARDHOLDER_STATUS: &[&str] = &["activated", "blocked", "expired", "blacklisted", "linked", "unlinked"];
/// States of a person (section 4.1).
pub const PERSON_STATUS: &[&str] = &["none", "activated", "blocked", "expired", "blacklisted", "linked", "unlinked"];
/// Types of address.
pub const ADDRESS_TYPE: &[&str] = &["home", "business", "po_box"];
/// Ways of identification.
pub const ID_TYPE: &[&str] = &["none", "driver_license", "passport", "eu", "foreigner"];
/// Genders.
pub const GENDER: &[&str] = &["not_specified", "female", "male", "other", "decline"];
/// Prefixes of a name.
pub const PREFIX: &[&str] = &["none", "dr", "mr", "mrs", "ms"];
/// Suffixes of a name.
pub const SUFFIX: &[&str] = &["none", "ii", "iii", "iv", "jr", "md", "phd", "sr"];
/// Ciphers of a card.
pub const ENCRYPTION: &[&str] = &["aes", "des", "triple_des"];
/// Stages of production by which persons can be listed; each with the card state that it stands for (ours to
/// choose: the reference does not say).
pub const PRODUCTION_STAGE: &[(&str, &str)] = &[
    ("to_be_created", "initialized"),
    ("to_be_produced", "in_production"),
    ("produced", "personalized"),
    ("to_be_activated", "issued"),
];

/// Whether the table of section 6.1 has this step. The vendor publishes no such rule.
pub fn in_table(from: &str, to: &str) -> bool {
    match to {
        "in_production" => from == "initialized",
        "initialized" => from == "in_production",
        "withdrawn" => matches!(from, "initialized" | "in_production" | "personalized" | "issued"),
        "activated" => matches!(from, "issued" | "blocked"),
        "blocked" => matches!(from, "activated" | "issued" | "personalized" | "bulk_blocked"),
        "returned" => matches!(from, "activated" | "blocked" | "issued" | "expired"),
        "destroyed" => matches!(from, "returned" | "withdrawn" | "blocked" | "expired"),
        "blacklisted" => matches!(from, "activated" | "blocked" | "issued"),
        _ => false,
    }
}
