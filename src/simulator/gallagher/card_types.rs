//! The kinds of card that the simulated site has defined (contract section 6).

/// How the numbers of a card type look (contract section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// A whole number, unique within the type; the server takes the next free one if none is sent.
    Decimal {
        /// Lowest.
        min: u64,
        /// Highest.
        max: u64,
    },
    /// `V-` and six or seven digits, mandatory, unique within the type.
    Badge,
    /// Free text, displayed only, not unique: phone credentials.
    Free,
    /// A GUID, the server's if none is sent: digital IDs.
    Guid,
    /// Digits with or without hyphens, mandatory, unique: the FASC-N of PIV cards, the decimal GUID of PIV-I cards.
    Piv,
    /// The vendor's cloud makes the credential and its number; none can be added through the API.
    Cloud,
}

/// A kind of card.
#[derive(Clone, Copy, Debug)]
pub struct CardType {
    /// Id, and last part of its href.
    pub id: u16,
    /// Name.
    pub name: &'static str,
    /// Letter and digits.
    pub facility_code: &'static str,
    /// Wire word of the credential class.
    pub class: &'static str,
    /// Words a card may be set to. The first is the one state that opens doors.
    pub states: &'static [&'static str],
    /// Index of the word that a new card gets.
    pub initial: u8,
    /// Numbers.
    pub format: NumberFormat,
    /// Division that the type belongs to.
    pub division: u16,
}

/// Phone credentials of employees: what the console issues.
pub const MOBILE: u16 = 2601;
/// Plastic, 125 kHz.
pub const PROX: u16 = 2602;
/// Plastic, 13.56 MHz.
pub const MIFARE: u16 = 2603;
/// Visitor badges with a number in text form.
pub const BADGE: u16 = 2604;
/// Phone credentials of contractors: an own state set, and nothing works before sign-off.
pub const CONTRACTOR_PHONE: u16 = 2605;

/// Digital IDs.
pub const DIGITAL_ID: u16 = 2606;
/// Badges in an Apple wallet, which come from phone credentials of type [`MOBILE`].
pub const WALLET_BADGE: u16 = 2607;
/// PIV cards.
pub const PIV: u16 = 2608;
/// PIV-I cards.
pub const PIV_I: u16 = 2609;
/// Government passes.
pub const GOV_PASS: u16 = 2610;
/// Tracking tags.
pub const TAG: u16 = 2611;
/// Transact credentials.
pub const TRANSACT: u16 = 2612;
/// A class that the vendor's documents do not name (contract section 5.1: treat as open).
pub const FIDO: u16 = 2613;

/// Word of a badge that its holder has suspended in the wallet.
pub const SUSPENDED_BY_HOLDER: &str = "Suspended by holder";

const FACTORY_STATES: &[&str] = &["Active", "Disabled (manually)", "Lost", "Stolen", "Damaged"];

/// Pattern of the badge numbers as the server publishes it.
pub const BADGE_PATTERN: &str = "^V-[0-9]{6,7}$";

/// All card types, by id.
pub const CARD_TYPES: &[CardType] = &[
    CardType {
        id: MOBILE,
        name: "Mobile Credential",
        facility_code: "C20817",
        class: "mobile",
        states: FACTORY_STATES,
        initial: 0,
        format: NumberFormat::Free,
        division: 2,
    },
    CardType {
        id: PROX,
        name: "Prox 125k",
        facility_code: "A1203",
        class: "card",
        states: FACTORY_STATES,
        initial: 0,
        format: NumberFormat::Decimal { min: 1, max: 16_777_215 },
        division: 2,
    },
    CardType {
        id: MIFARE,
        name: "MIFARE",
        facility_code: "B20",
        class: "card",
        states: FACTORY_STATES,
        initial: 0,
        format: NumberFormat::Decimal { min: 1, max: 4_294_967_295 },
        division: 2,
    },
    CardType {
        id: BADGE,
        name: "Visitor badge",
        facility_code: "D77",
        class: "card",
        states: FACTORY_STATES,
        initial: 0,
        format: NumberFormat::Badge,
        division: 3,
    },
    CardType {
        id: CONTRACTOR_PHONE,
        name: "Contractor phone",
        facility_code: "C20818",
        class: "mobile",
        states: &["Active", "Pending sign-off", "Disabled (manually)", "Lost", "Stolen"],
        initial: 0,
        format: NumberFormat::Free,
        division: 5,
    },
    CardType {
        id: DIGITAL_ID,
        name: "Digital ID",
        facility_code: "C20819",
        class: "digitalId",
        states: FACTORY_STATES,
        initial: 0,
        format: NumberFormat::Guid,
        division: 2,
    },
    CardType {
        id: WALLET_BADGE,
        name: "Apple Employee Badge",
        facility_code: "C20820",
        class: "applePass",
        states: &["Active", "Disabled (manually)", "Lost", "Stolen", SUSPENDED_BY_HOLDER, "Failed to activate"],
        initial: 0,
        format: NumberFormat::Cloud,
        division: 2,
    },
    CardType {
        id: PIV,
        name: "PIV card",
        facility_code: "E1",
        class: "piv",
        states: &["Active", "Disabled (manually)", "Lost", "Stolen", "Not Trusted"],
        initial: 0,
        format: NumberFormat::Piv,
        division: 2,
    },
    CardType {
        id: PIV_I,
        name: "PIV-I card",
        facility_code: "E2",
        class: "pivi",
        states: &["Active", "Disabled (manually)", "Lost", "Stolen", "Not Trusted"],
        initial: 0,
        format: NumberFormat::Piv,
        division: 2,
    },
    CardType {
        id: GOV_PASS,
        name: "Government pass",
        facility_code: "F310",
        class: "govPass",
        states: FACTORY_STATES,
        initial: 0,
        format: NumberFormat::Decimal { min: 1, max: 999_999_999 },
        division: 2,
    },
    CardType {
        id: TAG,
        name: "Tracking tag",
        facility_code: "G5",
        class: "trackingTag",
        states: FACTORY_STATES,
        initial: 0,
        format: NumberFormat::Decimal { min: 1, max: 999_999_999 },
        division: 4,
    },
    CardType {
        id: TRANSACT,
        name: "Canteen account",
        facility_code: "H9",
        class: "transact",
        states: FACTORY_STATES,
        initial: 0,
        format: NumberFormat::Decimal { min: 1, max: 999_999_999 },
        division: 2,
    },
    CardType {
        id: FIDO,
        name: "Security key",
        facility_code: "I2",
        class: "fido2",
        states: FACTORY_STATES,
        initial: 0,
        format: NumberFormat::Cloud,
        division: 2,
    },
];

impl CardType {
    /// The type with this id.
    pub fn find(id: u16) -> Option<&'static Self> {
        CARD_TYPES.iter().find(|t| t.id == id)
    }

    /// True for phone credentials.
    pub fn is_mobile(&self) -> bool {
        self.class == "mobile"
    }

    /// True for what has an issue level (contract section 5.1: plastic only).
    pub fn is_plastic(&self) -> bool {
        matches!(self.class, "card" | "piv" | "pivi" | "govPass")
    }

    /// True for the classes whose PIN can be set (contract section 5.1).
    pub fn takes_pin(&self) -> bool {
        self.is_plastic()
    }

    /// True if no two cards of the type may have the same number (contract section 5.2).
    pub fn has_unique_numbers(&self) -> bool {
        matches!(self.format, NumberFormat::Decimal { .. } | NumberFormat::Badge | NumberFormat::Piv)
    }

    /// Index of a state word, in any case (contract section 5.3).
    pub fn state(&self, word: &str) -> Option<u8> {
        let word = word.to_lowercase();
        self.states.iter().position(|s| s.to_lowercase() == word).map(|i| i as u8)
    }

    /// Whether a number fits the format.
    pub fn accepts(&self, number: &str) -> bool {
        match self.format {
            NumberFormat::Free => true,
            NumberFormat::Cloud => false,
            NumberFormat::Guid => uuid::Uuid::parse_str(number).is_ok(),
            NumberFormat::Piv => (14..=39).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()),
            NumberFormat::Decimal { min, max } => {
                !number.is_empty()
                    && number.bytes().all(|b| b.is_ascii_digit())
                    && number.parse::<u64>().is_ok_and(|n| (min..=max).contains(&n))
            }
            NumberFormat::Badge => number
                .strip_prefix("V-")
                .is_some_and(|d| (6..=7).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_refuse_what_the_site_would() {
        let accepts = |id, number| CardType::find(id).is_some_and(|t| t.accepts(number));
        assert!(accepts(PROX, "8841") && !accepts(PROX, "0") && !accepts(PROX, "88a") && !accepts(PROX, ""));
        assert!(accepts(BADGE, "V-000123") && !accepts(BADGE, "v-000123") && !accepts(BADGE, "V-12"));
        assert!(accepts(MOBILE, "whatever"));
    }

    #[test]
    fn state_words_match_in_any_case() {
        let mobile = CardType::find(MOBILE).unwrap();
        assert_eq!(mobile.state("lOST"), Some(2));
        assert_eq!(mobile.state("Gone"), None);
    }
}
