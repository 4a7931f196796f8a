//! The other writers of contract section 10: a second system, or somebody at a workstation, that touches the
//! same person at the worst moment.

use super::card_making::{CardWish, make_card};
use super::card_types::{CardType, MOBILE};
use super::change_record::ChangeKind;
use super::operators::{Actor, Operator, Source};
use super::person::{Person, RemovedCard};
use super::world::World;
use crate::simulator::Author;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the other writer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForeignKind {
    /// Adds a phone credential of the same type.
    SameType,
    /// Adds a credential with the same number: a copy of our marker.
    CopyNumber,
    /// The vendor's own recipe: removes a card and adds one with the same number, type and invitation.
    ReissueCopy,
    /// Removes a card.
    Remove,
    /// Disables a card.
    Disable,
    /// Writes another description, as a directory does; touches no card.
    Describe,
}

/// Who else writes (contract section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writer {
    /// The other system, through its own key; its operator is its own or the console's, as the switch says.
    Client,
    /// Somebody at a workstation.
    Workstation,
    /// A bulk import.
    Import,
    /// A directory whose people are copied.
    DirectorySync,
    /// A visitor kiosk: hands out and takes away.
    Kiosk,
    /// The job that removes what is not used, and disables it before.
    Retention,
    /// Another desk of ours: the console's operator, its own REST client.
    SecondDesk,
}

impl Writer {
    fn actor(self, world: &World) -> Actor {
        let with = |author, operator, source: u32| Actor {
            author,
            operator,
            source: Source::ALL.into_iter().find(|s| s.id == source).unwrap_or(Source::of(author)),
        };
        match self {
            Self::Client => world.actor(Author::Foreign),
            Self::Workstation => world.actor(Author::Workstation),
            Self::Import => with(Author::Import, Operator::IMPORT, 301),
            Self::DirectorySync => with(Author::Foreign, Operator::DIRECTORY, 9003),
            Self::Kiosk => with(Author::Foreign, Operator::KIOSK, 302),
            Self::Retention => world.actor(Author::Vendor),
            Self::SecondDesk => with(Author::Foreign, Operator::CONSOLE, 9004),
        }
    }

    /// The event type that a write leaves (contract section 9).
    fn event(self, kind: ForeignKind) -> u32 {
        match (self, kind) {
            (Self::Kiosk, ForeignKind::SameType | ForeignKind::CopyNumber) => 40_506,
            (Self::Kiosk, ForeignKind::Remove) => 40_556,
            (Self::Kiosk, _) => 40_553,
            (Self::Retention, ForeignKind::Remove) => 43_357,
            (Self::Retention, ForeignKind::Disable) => 535,
            _ => 15_005,
        }
    }
}

/// When it happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Before this call returns.
    #[default]
    Now,
    /// Just before the next PATCH of this person is handled: between our read and our write.
    BeforeNextPatch,
    /// Just after it, before its answer leaves: between our write and our read-back.
    AfterNextPatch,
}

/// A write by somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignWrite {
    /// The person's id.
    pub cardholder: String,
    /// What is done.
    pub kind: ForeignKind,
    /// The card it refers to: its 32 hex digits, or `newest` for the newest phone credential that the person
    /// then has. Left out: `newest`.
    #[serde(default)]
    pub of: Option<String>,
    /// When.
    #[serde(default)]
    pub when: When,
    /// Mail address of the new invitation; left out: the one of the card it refers to.
    #[serde(default)]
    pub email: Option<String>,
    /// Number of the new card, for `same_type` (left out: the server fills it); the text, for `describe`.
    #[serde(default)]
    pub number: Option<String>,
    /// At a workstation instead of through the foreign system's key.
    #[serde(default)]
    pub workstation: bool,
    /// Who writes; left out: what `workstation` says.
    #[serde(default)]
    pub by: Option<Writer>,
}

impl ForeignWrite {
    /// Does it now, and returns the opaque part of the card it made or touched.
    ///
    /// # Errors
    /// One sentence, if person or card is not there.
    pub fn apply(&self, world: &mut World, now: Timestamp) -> Result<String, String> {
        world.tick(now);
        let writer = self.by.unwrap_or(if self.workstation { Writer::Workstation } else { Writer::Client });
        let actor = writer.actor(world);
        let by = actor.author;
        let mut person = world.find(&self.cardholder).ok_or("no such cardholder")?.into_owned();
        let place = self.place(&person)?;
        let key = match (self.kind, place) {
            (ForeignKind::SameType, place) => {
                let like = place.map(|i| person.cards[i].clone());
                let kind = like.as_ref().map_or(MOBILE, |c| c.type_id);
                let kind = CardType::find(kind).filter(|t| t.is_mobile()).ok_or("that card is no phone credential")?;
                let wish = CardWish {
                    number: self.number.clone(),
                    email: self.email.clone().unwrap_or_else(|| person.email.clone()),
                    mobile: person.mobile.clone(),
                    ..CardWish::default()
                };
                let card = make_card(world, kind, wish, by, now);
                person.cards.push(card);
                person.cards.last().map(super::person::Card::key).unwrap_or_default()
            }
            (ForeignKind::Describe, _) => {
                let words = self.number.as_deref().unwrap_or("Copied from the directory");
                person.description = words.to_owned().into();
                String::new()
            }
            (_, None) => return Err("the person has no such card".into()),
            (ForeignKind::CopyNumber | ForeignKind::ReissueCopy, Some(place)) => {
                let like = person.cards[place].clone();
                let kind = like.kind();
                if !kind.is_mobile() {
                    return Err("only numbers of phone credentials can be used twice".into());
                }
                let (email, mobile, single_factor) =
                    like.invitation.map(|i| (i.email, i.mobile, i.single_factor)).unwrap_or_default();
                let wish = CardWish {
                    number: Some(like.number),
                    email: self.email.clone().unwrap_or(email),
                    mobile,
                    single_factor,
                    ..CardWish::default()
                };
                if self.kind == ForeignKind::ReissueCopy {
                    let card = person.cards.remove(place);
                    person.removed.push(RemovedCard { card, removed: now, by });
                }
                let card = make_card(world, kind, wish, by, now);
                let key = card.key();
                person.cards.push(card);
                key
            }
            (ForeignKind::Remove, Some(place)) => {
                let card = person.cards.remove(place);
                let key = card.key();
                person.removed.push(RemovedCard { card, removed: now, by });
                key
            }
            (ForeignKind::Disable, Some(place)) => {
                let card = &mut person.cards[place];
                match writer {
                    Writer::Retention => card.idle = true,
                    _ => card.state = card.kind().state("Disabled (manually)").unwrap_or(1),
                }
                card.key()
            }
        };
        world.commit_as(person, ChangeKind::Update, &actor, writer.event(self.kind), now);
        Ok(key)
    }

    fn place(&self, person: &Person) -> Result<Option<usize>, String> {
        match self.of.as_deref() {
            None | Some("newest") => {
                let phones = person.cards.iter().enumerate().filter(|(_, c)| c.credential_id.is_some());
                Ok(phones.max_by_key(|(place, c)| (c.created, *place)).map(|(place, _)| place))
            }
            Some(key) => {
                let place = person.cards.iter().position(|c| c.key() == key);
                place.map(Some).ok_or_else(|| format!("the person has no card {key}"))
            }
        }
    }
}
