//! The passes that exist when the world begins, each a function of seed, person and place: a hundred thousand people
//! with passes cost no memory until they change.

use super::ids::Number;
use super::pass::{Device, DeviceStatus, DeviceType, Pass, State};
use super::templates::Template;
use crate::domain::credential::System;
use crate::simulator::Author;
use crate::simulator::clock::later;
use crate::simulator::population::{HOLDER_OF_8841, JANE, JANET, JOHN, Population, SAM};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const DAY: i64 = 86_400;
/// The one pass of most people.
const MAIN: u8 = 0;
/// The pass before that one.
const EARLIER: u8 = 1;
/// Halves of a pair, Apple first.
const HALVES: [u8; 2] = [2, 3];
/// The pair itself.
const PAIR: u8 = 4;
/// Draws of this vendor, so that they do not repeat those of others.
const PURPOSE: u32 = 400;

/// What a person has at the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Holding {
    None,
    One,
    /// And one before it that was ended.
    OneAfterAnother,
    Pair,
}

/// What is known of a pass of the start without making it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Early {
    /// Its address.
    pub number: Number,
    /// Whose it is.
    pub index: u32,
    slot: u8,
    /// Template.
    pub template: Template,
    /// State.
    pub state: State,
    /// Who issued it.
    pub author: Author,
    /// When.
    pub created: Timestamp,
    /// When the holder put it on a phone.
    pub installed: Option<Timestamp>,
    /// When it took on the state it has, if that is neither `created` nor `active`.
    pub ended: Option<Timestamp>,
}

fn draw(people: &Population, index: u32, slot: u8, what: u32) -> u64 {
    people.draw(index, PURPOSE + what * 16 + u32::from(slot))
}

fn holding(people: &Population, index: u32) -> Holding {
    match index {
        JANE | JOHN | SAM | HOLDER_OF_8841 => return Holding::One,
        _ if people.system_of_expired(index) == Some(System::AccessGrid) => return Holding::One,
        _ if index <= JANET => return Holding::None,
        _ => {}
    }
    match (people.chance(index, PURPOSE, 45), people.draw(index, PURPOSE + 1) % 100) {
        (false, _) => Holding::None,
        (true, 0..6) => Holding::Pair,
        (true, 6..12) => Holding::OneAfterAnother,
        (true, _) => Holding::One,
    }
}

/// Addresses of everything a person has at the start.
pub fn numbers_of(people: &Population, index: u32) -> impl Iterator<Item = Number> {
    let slots: &[u8] = match holding(people, index) {
        Holding::None => &[],
        Holding::One => &[MAIN],
        Holding::OneAfterAnother => &[EARLIER, MAIN],
        Holding::Pair => &HALVES,
    };
    slots.iter().map(move |slot| Number::of_start(index, *slot))
}

/// The halves of a pair of the start.
pub fn halves(people: &Population, number: Number) -> Option<[Number; 2]> {
    let (index, slot) = number.start()?;
    let is = slot == PAIR && index < people.count && holding(people, index) == Holding::Pair;
    is.then(|| HALVES.map(|slot| Number::of_start(index, slot)))
}

/// What stands at an address at the start; the address of a pair is none of a pass.
pub fn early(people: &Population, number: Number) -> Option<Early> {
    let (index, slot) = number.start()?;
    let holding = (index < people.count).then(|| holding(people, index))?;
    let there = match holding {
        Holding::None => false,
        Holding::One => slot == MAIN,
        Holding::OneAfterAnother => slot == MAIN || slot == EARLIER,
        Holding::Pair => HALVES.contains(&slot),
    };
    there.then(|| made(people, index, slot))
}

fn made(people: &Population, index: u32, slot: u8) -> Early {
    let expired_of_ours = people.system_of_expired(index) == Some(System::AccessGrid);
    // Both halves of a pair came from one call.
    let first = if HALVES.contains(&slot) { HALVES[0] } else { slot };
    let author = match index {
        _ if expired_of_ours || matches!(index, JOHN | SAM) => Author::Console,
        JANE | HOLDER_OF_8841 => Author::Foreign,
        _ => match draw(people, index, first, 1) % 100 {
            0..15 => Author::Console,
            15..75 => Author::Foreign,
            _ => Author::Workstation,
        },
    };
    let template = match (slot, index) {
        (2, _) | (_, JANE | JOHN) => Template::Apple,
        (3, _) | (_, SAM) => Template::Android,
        _ if draw(people, index, slot, 2) % 100 < 55 => Template::Apple,
        _ => Template::Android,
    };
    let days = if slot == EARLIER { 400..700 } else { 61..300 };
    let created = people.before(index, PURPOSE + 3 * 16 + u32::from(first), days);
    let state = match (index, slot) {
        (JANE, _) => State::Suspended,
        (JOHN | SAM, _) => State::Active,
        (HOLDER_OF_8841, _) => State::Created,
        (_, EARLIER) if draw(people, index, slot, 4) % 100 < 60 => State::Deleted,
        (_, EARLIER) => State::Unlink,
        (_, 2 | 3) => half_state(draw(people, index, first, 4), slot),
        _ if expired_of_ours && draw(people, index, slot, 4) % 100 < 40 => State::Created,
        _ if expired_of_ours => State::Active,
        _ => match draw(people, index, slot, 4) % 100 {
            0..64 => State::Active,
            64..78 => State::Created,
            78..87 => State::Suspended,
            87..92 => State::Unlink,
            _ => State::Deleted,
        },
    };
    let wait = 600 + (draw(people, index, slot, 5) % (9 * DAY as u64)) as i64;
    let never = state == State::Created || (state == State::Deleted && (wait % 3 == 0 || HALVES.contains(&slot)));
    let installed = (!never).then(|| later(created, wait));
    let end = later(created, 10 * DAY + (draw(people, index, slot, 6) % (50 * DAY as u64)) as i64);
    let ended = (!matches!(state, State::Created | State::Active)).then_some(end);
    Early { number: Number::of_start(index, slot), index, slot, template, state, author, created, installed, ended }
}

/// Installing one half deletes the other (contract section 4.1), so at most one of them lives on.
fn half_state(draw: u64, slot: u8) -> State {
    let chosen = HALVES[(draw >> 32) as usize % 2];
    match (draw % 100, slot == chosen) {
        (0..30, _) => State::Created,
        (30..85, true) => State::Active,
        (85..95, true) => State::Suspended,
        _ => State::Deleted,
    }
}

impl Early {
    /// The moment of the last change.
    pub fn updated(&self) -> Timestamp {
        self.ended.or(self.installed).unwrap_or(self.created)
    }

    /// Who suspended it: the holder who missed her phone, or another system.
    pub fn suspended_by(&self, people: &Population) -> Option<Author> {
        let holder = self.index > JANET && draw(people, self.index, self.slot, 12).is_multiple_of(3);
        (self.state == State::Suspended).then_some(if holder { Author::Holder } else { Author::Foreign })
    }

    /// The tag that this console wrote into a pass of its own: a random UUID, the same in both halves of a pair.
    pub fn console_ref(&self, people: &Population) -> Option<uuid::Uuid> {
        let slot = if self.slot == HALVES[1] { HALVES[0] } else { self.slot };
        let bits = people.draw_wide(self.index, PURPOSE + 7 * 16 + u32::from(slot)).to_be_bytes();
        (self.author == Author::Console).then(|| uuid::Builder::from_random_bytes(bits).into_uuid())
    }

    /// The address of the pair, for a half.
    pub fn pair(&self) -> Option<Number> {
        HALVES.contains(&self.slot).then(|| Number::of_start(self.index, PAIR))
    }

    /// Until when it is valid. Those of ours that decision 7 counts as expired are past it, in whatever state
    /// (contract C8); others of ours never, those of other writers now and then.
    pub fn expires(&self, people: &Population) -> Option<Timestamp> {
        let what = draw(people, self.index, self.slot, 8);
        let (start, days) = (people.start(), (what >> 8) as i64);
        let expired = people.system_of_expired(self.index) == Some(System::AccessGrid);
        match (expired, self.author, what % 100) {
            (true, ..) => Some(people.before(self.index, PURPOSE + 9 * 16, 1..55)),
            (_, Author::Foreign | Author::Workstation, 0..12) => None,
            (_, Author::Foreign | Author::Workstation, 12..24) if self.index > JANET => {
                Some(people.before(self.index, PURPOSE + 9 * 16, 1..60))
            }
            _ => Some(later(start, (30 + days.rem_euclid(600)) * DAY)),
        }
    }

    /// The whole pass.
    pub fn pass(&self, people: &Population) -> Pass {
        let (first, last) = people.names(self.index);
        let mut attributes = BTreeMap::from([
            ("employee_id", people.employee_number(self.index)),
            ("email", people.email(self.index)),
            ("phone_number", people.mobile(self.index)),
            ("department", people.department(self.index).to_owned()),
            ("organization_name", "Site Example".to_owned()),
        ]);
        if draw(people, self.index, 0, 10).is_multiple_of(4) {
            attributes.insert("title", "Team lead".to_owned());
        }
        let number = u64::from(self.index) * 5 + u64::from(self.slot) + 1;
        let file_data = draw(people, self.index, self.slot, 11);
        Pass {
            number: self.number,
            unified: self.pair(),
            template: self.template,
            state: self.state,
            suspended_by: self.suspended_by(people),
            full_name: format!("{first} {last}"),
            card_number: Some((number % 65_000 + 1).to_string()),
            site_code: Some(if self.template == Template::Apple { "42" } else { "43" }.to_owned()),
            file_data: (file_data.is_multiple_of(5)).then(|| format!("{file_data:016x}")),
            tag_id: (self.template == Template::Apple)
                .then(|| format!("04{:012x}", draw(people, self.index, self.slot, 13) & 0xffff_ffff_ffff)),
            start: Some(self.created),
            expires: self.expires(people),
            created: self.created,
            updated: self.updated(),
            attributes,
            temporary: false,
            devices: self.devices(people),
            metadata: self.metadata(people),
            author: self.author,
        }
    }

    fn metadata(&self, people: &Population) -> Map<String, Value> {
        let said = match (self.console_ref(people), self.author) {
            (Some(tag), _) => json!({ "console_ref": tag, "console_op": "issue" }),
            (None, Author::Foreign) => json!({ "source": "visitor-desk", "visit": format!("V{}", 7_000 + self.index) }),
            _ => json!({}),
        };
        said.as_object().cloned().unwrap_or_default()
    }

    fn devices(&self, people: &Population) -> Vec<Device> {
        let Some(installed) = self.installed else { return Vec::new() };
        let what = draw(people, self.index, self.slot, 14);
        let (phone, watch) = match self.template {
            Template::Apple => (DeviceType::Iphone, DeviceType::AppleWatch),
            Template::Android => (DeviceType::AndroidPhone, DeviceType::AndroidWatch),
        };
        let status = match self.state {
            State::Created | State::Active => DeviceStatus::Installed,
            State::Suspended => DeviceStatus::Suspended,
            State::Unlink | State::Deleted => DeviceStatus::Uninstalled,
        };
        let device = |kind, turn: u64| Device {
            id: format!("dev_{:012x}", crate::simulator::population::spread(what ^ turn) & 0xffff_ffff_ffff),
            kind,
            status,
            created: installed,
            updated: self.updated(),
        };
        let mut devices = vec![device(phone, 1)];
        if what.is_multiple_of(8) {
            devices.push(device(watch, 2));
        }
        devices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(count: u32) -> Population {
        Population::new(1, count, "2026-06-02T08:00:00Z".parse().unwrap())
    }

    fn all(people: &Population) -> Vec<Early> {
        (0..people.count).flat_map(|i| numbers_of(people, i)).filter_map(|n| early(people, n)).collect()
    }

    #[test]
    fn the_people_of_the_guides_have_the_passes_that_the_guides_say() {
        let people = people(5_000);
        let of = |index| {
            let passes: Vec<_> = numbers_of(&people, index).filter_map(|n| early(&people, n)).collect();
            passes.iter().map(|p| (p.template, p.state, p.author)).collect::<Vec<_>>()
        };
        assert_eq!(of(JANE), [(Template::Apple, State::Suspended, Author::Foreign)]);
        assert_eq!(of(JOHN), [(Template::Apple, State::Active, Author::Console)]);
        assert_eq!(of(SAM), [(Template::Android, State::Active, Author::Console)]);
        assert_eq!(of(JANET), []);
        let quill = of(HOLDER_OF_8841);
        assert_eq!((quill.len(), quill[0].1, quill[0].2), (1, State::Created, Author::Foreign));
    }

    #[test]
    fn every_expired_pass_of_ours_is_past_its_date_and_no_other_of_ours_is() {
        let people = people(5_000);
        let wanted = (0..5_000).filter(|i| people.system_of_expired(*i) == Some(System::AccessGrid)).count();
        let ours: Vec<_> = all(&people).into_iter().filter(|p| p.author == Author::Console).collect();
        let past = ours.iter().filter(|p| p.expires(&people).is_some_and(|e| e < people.start())).collect::<Vec<_>>();
        assert_eq!((past.len(), wanted), (80, 80));
        assert!(
            past.iter()
                .all(|p| matches!(p.state, State::Active | State::Created) && p.created < p.expires(&people).unwrap())
        );
        assert!(past.iter().any(|p| p.state == State::Active) && past.iter().any(|p| p.state == State::Created));
        let tags: std::collections::HashSet<_> = ours.iter().map(|p| p.console_ref(&people).unwrap()).collect();
        let pairs = ours.iter().filter(|p| p.slot == HALVES[1]).count();
        assert_eq!(tags.len() + pairs, ours.len(), "one tag for each issue");
        assert!(tags.iter().all(|t| t.get_version_num() == 4));
    }

    #[test]
    fn about_half_the_people_have_passes_of_every_kind() {
        let people = people(5_000);
        let holders = (0..5_000).filter(|i| numbers_of(&people, *i).next().is_some()).count();
        assert!((2_100..2_500).contains(&holders), "{holders}");
        let passes = all(&people);
        for state in [State::Created, State::Active, State::Suspended, State::Unlink, State::Deleted] {
            assert!(passes.iter().filter(|p| p.state == state).count() > 50, "{state}");
        }
        for author in [Author::Console, Author::Foreign, Author::Workstation] {
            assert!(passes.iter().filter(|p| p.author == author).count() > 200, "{author:?}");
        }
        let pairs: Vec<_> = passes.iter().filter_map(Early::pair).filter_map(|n| halves(&people, n)).collect();
        assert!(pairs.len() > 100);
        for [apple, google] in pairs {
            let alive = [apple, google].map(|n| early(&people, n).unwrap().state);
            let installed = alive.iter().filter(|s| matches!(s, State::Active | State::Suspended)).count();
            assert!(installed == 0 || (installed == 1 && alive.contains(&State::Deleted)), "{alive:?}");
        }
        for pass in &passes {
            let whole = pass.pass(&people);
            assert!(whole.updated >= whole.created && whole.updated < people.start(), "{whole:?}");
            assert_eq!(whole.devices.is_empty(), pass.installed.is_none());
        }
    }
}
