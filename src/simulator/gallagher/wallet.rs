//! Badges in the holder's wallet (contract section 5.8): the phone provisions them once its credential is accepted,
//! each device has its own, and they live on without the credential that they came from.

use super::card_making::{CardWish, make_card};
use super::card_types::{CardType, MOBILE, SUSPENDED_BY_HOLDER, WALLET_BADGE};
use super::change_record::ChangeKind;
use super::person::RemovedCard;
use super::world::World;
use crate::simulator::Author;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the holder does with her phone or watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalletAct {
    /// Lets a badge be made from an accepted phone credential; the vendor reports it when the wallet has it.
    Provision,
    /// Suspends a badge.
    Suspend,
    /// Resumes one that she suspended herself.
    Resume,
    /// Deletes a badge.
    Delete,
}

/// What carries a badge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// A phone.
    #[default]
    Phone,
    /// A watch.
    Watch,
}

impl Device {
    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Phone => "applePhone",
            Self::Watch => "appleWatch",
        }
    }
}

/// One act of a holder in her wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletMove {
    /// The person's id.
    pub cardholder: String,
    /// The phone credential to provision from, or the badge: its 32 hex digits.
    pub card: String,
    /// What she does.
    pub act: WalletAct,
    /// Where the badge goes, for `provision`.
    #[serde(default)]
    pub device: Device,
}

impl WalletMove {
    /// Does it, and returns the opaque part of the badge. Change feed and events name the server as operator.
    ///
    /// # Errors
    /// One sentence, if the card is not there or does not allow it.
    pub fn apply(&self, world: &mut World, now: Timestamp) -> Result<String, String> {
        world.tick(now);
        let segment = u128::from_str_radix(&self.card, 16).map_err(|_| "card must be 32 hex digits")?;
        let mut person = world.find(&self.cardholder).ok_or("no such cardholder")?.into_owned();
        let place = person.cards.iter().position(|c| c.segment == segment);
        let place = place.ok_or("no such card on this cardholder")?;
        let is_badge = person.cards[place].type_id == WALLET_BADGE;
        if self.act != WalletAct::Provision && !is_badge {
            return Err("that card is no badge in a wallet".into());
        }
        let key = match self.act {
            WalletAct::Provision => {
                let phone = &person.cards[place];
                let accepted = phone.invitation.as_ref().is_some_and(|i| i.accepted.is_some());
                if phone.type_id != MOBILE || !accepted || phone.state != 0 {
                    return Err("badges come from an accepted, active phone credential of type 2601".into());
                }
                let there = |card: &&super::person::Card| card.device == self.device.word();
                if person.cards.iter().any(|card| there(&card)) {
                    return Err("that device has a badge already".into());
                }
                let kind = CardType::find(WALLET_BADGE).ok_or("the site has no badges")?;
                let wish = CardWish { device: self.device.word(), ..CardWish::default() };
                let badge = make_card(world, kind, wish, Author::Holder, now);
                let key = badge.key();
                person.cards.push(badge);
                key
            }
            WalletAct::Suspend | WalletAct::Resume => {
                let badge = &mut person.cards[place];
                let suspended = badge.kind().state(SUSPENDED_BY_HOLDER).unwrap_or_default();
                let (from, to) = if self.act == WalletAct::Suspend { (0, suspended) } else { (suspended, 0) };
                if badge.state != from {
                    return Err("the holder cannot do that: the badge is not in the state for it".into());
                }
                badge.state = to;
                badge.key()
            }
            WalletAct::Delete => {
                let card = person.cards.remove(place);
                let key = card.key();
                person.removed.push(RemovedCard { card, removed: now, by: Author::Holder });
                key
            }
        };
        world.commit(person, ChangeKind::Update, Author::Holder, now);
        Ok(key)
    }
}
