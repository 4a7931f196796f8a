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

    /// Index of a state word, in any case (contract section 5.3).
    pub fn state(&self, word: &str) -> Option<u8> {
        let word = word.to_lowercase();
        self.states.iter().position(|s| s.to_lowercase() == word).map(|i| i as u8)
    }

    /// Whether a number fits the format.
    pub fn accepts(&self, number: &str) -> bool {
        match self.format {
            NumberFormat::Free => true,
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
