//! The people of the default world (decision 7), made from the seed when somebody asks for one: a million of
//! them cost no memory until they change.

use super::clock::later;
use super::gallagher::card_making::badge_number;
use super::gallagher::card_types::{
    BADGE, CONTRACTOR_PHONE, DIGITAL_ID, FIDO, GOV_PASS, MIFARE, MOBILE, NumberFormat, PIV, PIV_I, PROX, TAG, TRANSACT,
    WALLET_BADGE,
};
use super::gallagher::memberships::Membership;
use super::gallagher::person::{Card, FIRST_ID, Invitation, Person};
use super::gallagher::piv::PivData;
use super::gallagher::wallet::Device;
use super::names::{CULTURES, DEPARTMENTS, PHONE_LABELS};
use crate::domain::credential::System;
use crate::domain::journal::Marker;
use crate::simulator::Author;
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400;
/// Jane Doe. The people that the guides mention are there in every world of ten or more.
pub const JANE: u32 = 0;
/// John Roe.
pub const JOHN: u32 = 3;
/// Sam Poe.
pub const SAM: u32 = 5;
/// Mara Quill, who holds card 8841.
pub const HOLDER_OF_8841: u32 = 7;
/// Janet Dowson; everybody after her is drawn from the seed.
pub const JANET: u32 = 8;
const FIRST_PROX: u64 = 2_000_001;
const FIRST_MIFARE: u64 = 40_000_001;
const FIRST_BADGE: u64 = 100_000;
const FIRST_PIV: u64 = 7_001_432_100_000_000;
const FIRST_PIV_I: u64 = 9_001_432_100_000_000;
const FIRST_GOV_PASS: u64 = 310_000_001;
const FIRST_TAG: u64 = 50_000_001;
const FIRST_TRANSACT: u64 = 90_000_001;

/// What became of a phone pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassFate {
    /// The invitation lapsed.
    Expired,
    /// The phone is enrolled.
    Accepted,
    /// The invitation is out.
    Sent,
}

/// Everybody who exists at the start, as a function of seed, number and start time.
#[derive(Clone, Debug)]
pub struct Population {
    seed: u64,
    /// How many people.
    pub count: u32,
    start: Timestamp,
}

impl Population {
    /// The population of a world that begins at `start`.
    pub fn new(seed: u64, count: u32, start: Timestamp) -> Self {
        let start = Timestamp::from_second(start.as_second()).unwrap_or(start);
        Self { seed, count, start }
    }

    /// A number that depends on the seed, the person and what it is for, and on nothing else.
    pub fn draw(&self, index: u32, purpose: u32) -> u64 {
        spread(self.seed ^ spread((u64::from(index) << 32) | u64::from(purpose)))
    }

    /// As [`draw`](Self::draw), 128 bits wide.
    pub fn draw_wide(&self, index: u32, purpose: u32) -> u128 {
        (u128::from(self.draw(index, purpose)) << 64) | u128::from(self.draw(index, purpose | 0x8000_0000))
    }

    /// True for so many of a hundred people.
    pub fn chance(&self, index: u32, purpose: u32, percent: u64) -> bool {
        self.draw(index, purpose) % 100 < percent
    }

    /// A moment so many days before the start.
    pub fn before(&self, index: u32, purpose: u32, days: std::ops::Range<i64>) -> Timestamp {
        let draw = self.draw(index, purpose);
        let span = (days.end - days.start).max(1) as u64;
        let back = (days.start + (draw % span) as i64) * DAY + ((draw >> 32) % DAY as u64) as i64;
        later(self.start, -back)
    }

    /// When the world began (UTC, whole seconds).
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The system in which the expired pass lies that this console issued to a person, if it did: seven of ten in
    /// Command Centre, two in AccessGrid, one in CardExchange (decision 7).
    pub fn system_of_expired(&self, index: u32) -> Option<System> {
        if self.console_pass(index) != Some(PassFate::Expired) {
            return None;
        }
        let step = (self.count / self.expired_passes()).max(1);
        Some(match (index / step) % 10 {
            3 | 7 => System::AccessGrid,
            9 => System::CardExchange,
            _ => System::Gallagher,
        })
    }

    /// True unless the pass that this console issued to a person lies in another system.
    fn is_gallaghers(&self, index: u32) -> bool {
        self.system_of_expired(index).is_none_or(|system| system == System::Gallagher)
    }

    /// How many expired passes of this console there are: 400 among 5,000 and more, 8 % below.
    pub fn expired_passes(&self) -> u32 {
        (u64::from(self.count) * 8 / 100).clamp(1, 400) as u32
    }

    /// The pass that this console issued to a person, if it did.
    pub fn console_pass(&self, index: u32) -> Option<PassFate> {
        let expired = self.expired_passes();
        let step = (self.count / expired).max(1);
        let nth = index / step;
        match index {
            JANE => Some(PassFate::Expired),
            JOHN | SAM => Some(PassFate::Accepted),
            _ if index.is_multiple_of(step) && nth < expired => Some(PassFate::Expired),
            _ if step < 10 => None,
            _ if index % step == JOHN && nth < expired / 2 => Some(PassFate::Accepted),
            _ if index % (4 * step) == SAM && nth / 4 < expired / 8 => Some(PassFate::Sent),
            _ => None,
        }
    }

    /// Places of everybody to whom this console issued a pass in Command Centre.
    pub fn with_console_pass(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.count).filter(|index| self.console_pass(*index).is_some() && self.is_gallaghers(*index))
    }

    /// Given and family name.
    pub fn names(&self, index: u32) -> (&'static str, &'static str) {
        match index {
            JANE => return ("Jane", "Doe"),
            JOHN => return ("John", "Roe"),
            SAM => return ("Sam", "Poe"),
            HOLDER_OF_8841 => return ("Mara", "Quill"),
            JANET => return ("Janet", "Dowson"),
            _ => {}
        }
        let draw = self.draw(index, 1);
        let mut ticket = (draw % 100) as u8;
        let culture = CULTURES
            .iter()
            .find(|c| {
                let hit = ticket < c.share;
                ticket = ticket.saturating_sub(c.share);
                hit
            })
            .unwrap_or(&CULTURES[0]);
        let pick = |names: &'static [&'static str], bits: u64| names[(bits % names.len() as u64) as usize];
        (pick(culture.first, (draw >> 16) & 0xffff), pick(culture.last, (draw >> 40) & 0xffff))
    }

    /// True for the people that the guides mention.
    pub fn is_special(index: u32) -> bool {
        matches!(index, JANE | JOHN | SAM | HOLDER_OF_8841 | JANET)
    }

    /// The person's mail address, the same in every system that knows her.
    pub fn email(&self, index: u32) -> String {
        let (first, last) = self.names(index);
        let special = Self::is_special(index);
        let plain =
            |name: &str| name.chars().all(|c| c.is_ascii_alphabetic() || c == '-').then(|| name.to_ascii_lowercase());
        match (plain(first), plain(last)) {
            (Some(first), Some(last)) if special => format!("{first}.{last}@site.example"),
            (Some(first), Some(last)) => format!("{first}.{last}.{}@site.example", index + FIRST_ID),
            _ => format!("e{}@site.example", 10_422 + index),
        }
    }

    /// The person's employee number, the same in every system that knows her.
    pub fn employee_number(&self, index: u32) -> String {
        format!("E{}", 10_422 + index)
    }

    /// The person's phone number.
    pub fn mobile(&self, index: u32) -> String {
        format!("+6421555{:05}", self.draw(index, 8) % 100_000)
    }

    /// The person's department.
    pub fn department(&self, index: u32) -> &'static str {
        DEPARTMENTS[(self.draw(index, 5) % DEPARTMENTS.len() as u64) as usize]
    }

    /// A person as she is in Command Centre at the start.
    pub fn person(&self, index: u32) -> Person {
        let (first, last) = self.names(index);
        let special = Self::is_special(index);
        let initials: String = [first, last].iter().filter_map(|n| n.chars().next()).collect();
        let zone = 512 + (self.draw(index, 3) % 4) as u16;
        let accessed = special || self.chance(index, 4, 70);
        let division = 3 + (self.draw(index, 7) % 3) as u16;
        let mut person = Person {
            index,
            first: Cow::Borrowed(first),
            last: Cow::Borrowed(last),
            short: initials,
            description: Cow::Borrowed(self.department(index)),
            authorised: special || self.chance(index, 6, 96),
            division,
            email: self.email(index),
            employee_number: self.employee_number(index),
            mobile: self.mobile(index),
            more_data: self.more_data(index),
            notified: BTreeSet::new(),
            pins: BTreeMap::new(),
            last_access: accessed.then(|| (self.before(index, 9, 0..30), zone)),
            memberships: vec![Membership::early(index, division)],
            cards: Vec::new(),
            removed: Vec::new(),
        };
        person.cards = self.cards(&person);
        person
    }

    fn cards(&self, person: &Person) -> Vec<Card> {
        let index = person.index;
        let mut cards = Vec::new();
        if let Some(fate) = self.console_pass(index).filter(|_| self.is_gallaghers(index)) {
            let number = self.marker(index).stamp("Mobile");
            cards.push(self.phone(person, MOBILE, number, fate, Author::Console));
        } else if index > JANET && self.chance(index, 10, 14) {
            let fate = match self.draw(index, 11) % 10 {
                0..=5 => PassFate::Accepted,
                6..=8 => PassFate::Expired,
                _ => PassFate::Sent,
            };
            let contractor = self.chance(index, 12, 25);
            let number = match self.draw(index, 13) % 4 {
                0 => String::new(),
                1 => person.mobile.clone(),
                _ => PHONE_LABELS[(self.draw(index, 14) % PHONE_LABELS.len() as u64) as usize].to_owned(),
            };
            let author = if self.chance(index, 15, 60) { Author::Foreign } else { Author::Workstation };
            cards.push(self.phone(person, if contractor { CONTRACTOR_PHONE } else { MOBILE }, number, fate, author));
        }
        if matches!(index, JANE | HOLDER_OF_8841) || self.chance(index, 20, 55) {
            let number = if index == HOLDER_OF_8841 { 8841 } else { FIRST_PROX + u64::from(index) };
            cards.push(self.plastic(index, PROX, number.to_string(), 21));
        }
        if index > JANET && self.chance(index, 30, 35) {
            let mut card = self.plastic(index, MIFARE, (FIRST_MIFARE + u64::from(index)).to_string(), 31);
            card.serial = format!("04{:012X}", self.draw(index, 35) & 0xffff_ffff_ffff);
            cards.push(card);
        }
        if index > JANET && self.chance(index, 40, 4) {
            cards.push(self.plastic(index, BADGE, format!("V-{:06}", FIRST_BADGE + u64::from(index)), 41));
        }
        if index > JANET {
            self.rarer_cards(index, &mut cards);
        }
        cards.sort_by_key(|c| c.created);
        cards
    }

    /// One in ten has something out of the ordinary: a badge in the wallet, a PIV card, a tag.
    fn rarer_cards(&self, index: u32, cards: &mut Vec<Card>) {
        let accepted = |c: &&Card| c.type_id == MOBILE && c.invitation.as_ref().is_some_and(|i| i.accepted.is_some());
        let phone = cards.iter().find(accepted).map(|phone| phone.created);
        for (purpose, device) in [(80, Device::Phone), (81, Device::Watch)] {
            if let (Some(since), true) = (phone, self.chance(index, purpose, 15)) {
                let number = badge_number(u128::from(index) * 2 + u128::from(purpose));
                let mut badge = self.plastic(index, WALLET_BADGE, number, purpose * 10);
                badge.device = device.word();
                (badge.created, badge.author, badge.issue_level) = (since, Author::Holder, None);
                (badge.from, badge.until) = (None, None);
                cards.push(badge);
            }
        }
        let ticket = self.draw(index, 90) % 100;
        let (type_id, number) = match ticket {
            0..=1 => (DIGITAL_ID, uuid::Uuid::from_u128(self.draw_wide(index, 91)).to_string()),
            2..=3 => (PIV, (FIRST_PIV + u64::from(index)).to_string()),
            4 => (PIV_I, (FIRST_PIV_I + u64::from(index)).to_string()),
            5 => (GOV_PASS, (FIRST_GOV_PASS + u64::from(index)).to_string()),
            6..=7 => (TAG, (FIRST_TAG + u64::from(index)).to_string()),
            8 => (TRANSACT, (FIRST_TRANSACT + u64::from(index)).to_string()),
            9 => (FIDO, badge_number(self.draw_wide(index, 92))),
            _ => return,
        };
        let mut card = self.plastic(index, type_id, number, 93);
        card.issue_level = card.kind().is_plastic().then_some(1);
        if matches!(type_id, PIV | PIV_I) {
            card.piv = Some(Box::new(PivData::enrolled(&card.number, card.created)));
        }
        cards.push(card);
    }

    /// Personal data beyond address, number and phone.
    fn more_data(&self, index: u32) -> BTreeMap<u16, String> {
        let mut data = BTreeMap::new();
        if self.chance(index, 60, 30) {
            data.insert(706, ["Permanent", "Fixed term", "Casual"][(self.draw(index, 61) % 3) as usize].to_owned());
        }
        if self.chance(index, 62, 20) {
            data.insert(707, (self.draw(index, 63) % 400 + 1).to_string());
        }
        data
    }

    /// The marker of the pass that this console issued to a person.
    pub fn marker(&self, index: u32) -> Marker {
        let wide = self.draw_wide(index, 50).to_be_bytes();
        let mut bits = [0; 10];
        bits.copy_from_slice(&wide[..10]);
        Marker::from_bits(bits)
    }

    fn phone(&self, person: &Person, type_id: u16, number: String, fate: PassFate, author: Author) -> Card {
        let index = person.index;
        let created = match (index, fate) {
            (JANE, _) => later(self.start, -21 * DAY - 5_400),
            (_, PassFate::Expired) => self.before(index, 51, 9..200),
            (_, PassFate::Accepted) => self.before(index, 51, 20..300),
            (_, PassFate::Sent) => later(self.start, -((self.draw(index, 51) % (4 * DAY as u64)) as i64) - 3_600),
        };
        let sent = later(created, 2);
        let credential = self.draw_wide(index, 52);
        let credential = uuid::Builder::from_random_bytes(credential.to_be_bytes()).into_uuid();
        let accepted = (fate == PassFate::Accepted).then(|| later(sent, 600 + (self.draw(index, 53) % 172_800) as i64));
        let special = matches!(index, JANE | JOHN | SAM);
        let disabled = !special && self.chance(index, 54, 3);
        Card {
            segment: self.draw_wide(index, 55),
            type_id,
            number: if number.is_empty() { credential.to_string() } else { number },
            serial: String::new(),
            issue_level: None,
            state: u8::from(disabled),
            from: None,
            until: None,
            invitation: Some(Invitation {
                email: person.email.clone(),
                mobile: person.mobile.clone(),
                single_factor: self.chance(index, 56, 20),
                sent: Some(sent),
                accepted,
                code: invitation_code(self.draw_wide(index, 57)),
            }),
            credential_id: Some(credential.as_u128()),
            ble_facility: Some(884_878),
            last_used: accepted.filter(|_| !disabled).map(|_| self.before(index, 58, 0..15)),
            trace: false,
            device: "",
            piv: None,
            visitor: false,
            idle: false,
            created,
            author,
        }
    }

    fn plastic(&self, index: u32, type_id: u16, number: String, purpose: u32) -> Card {
        let special = matches!(index, JANE | HOLDER_OF_8841);
        let draw = self.draw(index, purpose);
        let created = self.before(index, purpose + 1, 30..1500);
        Card {
            segment: self.draw_wide(index, purpose + 2),
            type_id,
            number,
            serial: String::new(),
            issue_level: Some(1 + ((draw >> 20) % 3) as u8),
            state: if !special && draw % 100 < 7 { 1 + ((draw >> 8) % 4) as u8 } else { 0 },
            from: (draw >> 32).is_multiple_of(4).then_some(created),
            // Some have run out, most that end at all end later.
            until: (!special && (draw >> 40).is_multiple_of(4))
                .then(|| later(self.start, ((draw >> 44) % 400) as i64 * DAY - 60 * DAY)),
            invitation: None,
            credential_id: None,
            ble_facility: None,
            last_used: (draw >> 50).is_multiple_of(2).then(|| self.before(index, purpose + 3, 0..60)),
            trace: false,
            device: "",
            piv: None,
            visitor: false,
            idle: false,
            created,
            author: Author::Import,
        }
    }

    /// Who was given this number of this type at the start. She may have lost it since, or never had a card
    /// of that type: the caller looks.
    pub fn given_number(&self, type_id: u16, format: NumberFormat, number: &str) -> Option<u32> {
        let first = match (type_id, format) {
            (PROX, _) if number == "8841" => return Some(HOLDER_OF_8841),
            (PROX, _) => FIRST_PROX,
            (MIFARE, _) => FIRST_MIFARE,
            (BADGE, _) => FIRST_BADGE,
            (PIV, _) => FIRST_PIV,
            (PIV_I, _) => FIRST_PIV_I,
            (GOV_PASS, _) => FIRST_GOV_PASS,
            (TAG, _) => FIRST_TAG,
            (TRANSACT, _) => FIRST_TRANSACT,
            _ => return None,
        };
        let value: u64 = number.trim_start_matches("V-").parse().ok()?;
        let index = u32::try_from(value.checked_sub(first)?).ok()?;
        (index < self.count).then_some(index)
    }
}

/// SplitMix64's output function: every input bit reaches every output bit.
pub fn spread(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An invitation code: four groups of four letters and digits (contract section 5.4).
pub fn invitation_code(bits: u128) -> String {
    const SIGNS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut code = String::with_capacity(19);
    for place in 0..16 {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(SIGNS[((bits >> (5 * place)) & 31) as usize]));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(count: u32) -> Population {
        Population::new(1, count, "2026-06-02T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_people_of_the_guides_are_there() {
        let world = people(10);
        let jane = world.person(JANE);
        assert_eq!((jane.id(), jane.sort_name().as_str()), (4665, "Doe, Jane"));
        assert_eq!(jane.cards.len(), 2);
        assert!(jane.cards.iter().any(|c| c.author == Author::Console && c.number.starts_with("Mobile PDX")));
        assert!(world.person(HOLDER_OF_8841).cards.iter().any(|c| c.number == "8841"));
        assert_eq!(world.console_pass(JOHN), Some(PassFate::Accepted));
        assert_eq!(world.console_pass(SAM), Some(PassFate::Accepted));
    }

    #[test]
    fn four_hundred_passes_of_ours_have_expired() {
        for count in [5_000, 20_000, 100_000] {
            let world = people(count);
            let expired = (0..count).filter(|i| world.console_pass(*i) == Some(PassFate::Expired)).count();
            assert_eq!(expired, 400, "among {count}");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_people() {
        assert_eq!(people(100).person(42), people(100).person(42));
        let other = Population::new(2, 100, "2026-06-02T08:00:00Z".parse().unwrap());
        assert!((10..100).any(|i| other.names(i) != people(100).names(i)));
    }

    #[test]
    fn card_numbers_lead_back_to_their_holders() {
        let world = people(2_000);
        for index in 0..2_000 {
            let person = world.person(index);
            assert!(person.cards.len() <= 7);
            for card in person.cards.iter().filter(|c| c.kind().has_unique_numbers()) {
                let kind = card.kind();
                assert!(kind.accepts(&card.number), "{}", card.number);
                assert_eq!(world.given_number(kind.id, kind.format, &card.number), Some(index));
            }
        }
    }
}
