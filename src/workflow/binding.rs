//! Which object did our call make? Pure: the before-list, the person as read afterwards, and the change feed
//! give one object with its proofs, nothing, or several that nobody can tell apart.

use crate::domain::credential::Credential;
use crate::domain::ids::Link;
use crate::domain::journal::{Act, Binding, Marker, Proof, Purpose, Seen, Snapshot, contact_hash};
use crate::ports::provider::FeedRow;

/// Everything that was read after a call, to judge what the call did.
#[derive(Clone, Copy, Debug)]
pub struct Traces<'a> {
    /// What the call was for.
    pub purpose: &'a Purpose,
    /// What was there before.
    pub snapshot: &'a Snapshot,
    /// What is there now.
    pub after: &'a [Credential],
    /// The change feed since the snapshot's bookmark; `None`: there is none, or it could not be read.
    pub feed: Option<&'a [FeedRow]>,
    /// How the feed names our own, dedicated operator.
    pub us: Option<&'a Link>,
    /// True if the vendor's answer proved that the call was applied.
    pub proven: bool,
}

/// What the traces say.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// The call did its work: the object it made (if it makes one), what ended, and how that is known.
    Found(Box<Binding>),
    /// No trace of an effect, or not yet.
    Nothing,
    /// Contradiction, or several objects that could be meant.
    Unclear {
        /// The objects.
        candidates: Vec<Seen>,
        /// Why it is unclear, a short clause.
        why: &'static str,
    },
}

impl Traces<'_> {
    /// Judges the traces. Evidence that contradicts itself never ends in one object.
    pub fn judge(&self) -> Finding {
        if self.purpose.act == Act::Retire {
            return self.judge_removal();
        }
        let finding = match &self.purpose.marker {
            Some(marker) => self.judge_marked(marker),
            None => self.judge_unmarked(),
        };
        let Finding::Found(bound) = &finding else { return finding };
        match bound.object.as_ref().and_then(|object| Some((object, self.contradiction(object)?))) {
            Some((object, why)) => Finding::Unclear { candidates: vec![object.clone()], why },
            None => finding,
        }
    }

    /// True if the old object was there before and is not there now.
    pub fn old_is_gone(&self) -> bool {
        self.purpose.old.as_ref().is_some_and(|old| !self.after.iter().any(|card| old.is(card)))
    }

    /// True if the feed was read and shows no card added for this person: half of the proof that a lost call
    /// had no effect (safety.md 4.3).
    pub fn feed_shows_no_addition(&self) -> bool {
        self.feed.is_some_and(|rows| rows.iter().all(|r| r.holder != self.purpose.holder || r.added.is_empty()))
    }

    /// True if something carries our marker, or is new of our type.
    pub fn anything_new(&self) -> bool {
        !self.fresh().is_empty() || self.purpose.marker.as_ref().is_some_and(|m| !self.bearers(m).is_empty())
    }

    fn judge_removal(&self) -> Finding {
        if !self.old_is_gone() {
            return Finding::Nothing;
        }
        Finding::Found(Box::new(Binding {
            object: None,
            proofs: vec![Proof::Absence],
            ended: self.purpose.old.clone(),
        }))
    }

    fn judge_marked(&self, marker: &Marker) -> Finding {
        let bearers = self.bearers(marker);
        match bearers.as_slice() {
            // A number cannot be changed after creation, so what lacks our marker is not what we asked for.
            // But an applied call with no bearer and something new means that the vendor changed the number.
            [] if self.proven && !self.fresh().is_empty() => {
                unclear(&self.fresh(), "the new card does not carry our marker")
            }
            [] => Finding::Nothing,
            [only] => {
                let mut proofs = vec![Proof::Marker];
                if self.ours_in_feed().is_some_and(|links| links.contains(&&only.link)) {
                    proofs.push(Proof::Feed);
                }
                if self.fresh().len() == 1 {
                    proofs.push(Proof::Diff);
                }
                self.found(only, proofs)
            }
            several => unclear(several, "several cards carry our marker"),
        }
    }

    fn judge_unmarked(&self) -> Finding {
        let fresh = self.fresh();
        if let Some(links) = self.ours_in_feed().filter(|links| !links.is_empty()) {
            let named: Vec<&Credential> = self.after.iter().filter(|card| links.contains(&&card.link)).collect();
            return match (named.as_slice(), links.len()) {
                ([only], 1) => {
                    let mut proofs = vec![Proof::Feed];
                    if fresh.len() == 1 {
                        proofs.push(Proof::Diff);
                    }
                    self.found(only, proofs)
                }
                ([], _) => unclear(&fresh, "the vendor's log names a new card of ours that is not there"),
                (several, _) => unclear(several, "the vendor's log names us for several new cards: our key is shared"),
            };
        }
        match fresh.as_slice() {
            [] => Finding::Nothing,
            [only] if self.feed_names_another(only) => Finding::Nothing,
            [only] if self.other_changes(only) => {
                unclear(&[only], "other changes of this person were seen in the same time")
            }
            [only]
                if !self.snapshot.expect_contact.is_empty() && contact_hash(only) != self.snapshot.expect_contact =>
            {
                if self.proven {
                    unclear(&[only], "the new card shows another contact")
                } else {
                    Finding::Nothing
                }
            }
            [only] if self.purpose.act == Act::Swap && !self.proven && !self.old_is_gone() => {
                unclear(&[only], "a new card is there, but the old one is not gone")
            }
            [only] => self.found(only, vec![Proof::Diff]),
            several => unclear(several, "several new cards, and no mark to tell them apart"),
        }
    }

    fn found(&self, card: &Credential, proofs: Vec<Proof>) -> Finding {
        let ended = self.purpose.old.clone().filter(|_| self.purpose.act == Act::Swap);
        Finding::Found(Box::new(Binding { object: Some(Seen::of(card)), proofs, ended }))
    }

    /// What speaks against an object that one kind of evidence named.
    fn contradiction(&self, object: &Seen) -> Option<&'static str> {
        if self.snapshot.before.iter().any(|seen| same(seen, object)) {
            return Some("it was there before we sent anything");
        }
        if object.type_link != self.purpose.type_link {
            return Some("it is of another card type");
        }
        if self.purpose.act == Act::Swap && !self.old_is_gone() {
            return Some("the new card is there, but the old one is not gone");
        }
        let rows = self.rows();
        if self.us.is_some() && rows.iter().any(|r| r.added.contains(&object.link) && self.by_another(r)) {
            return Some("the vendor's log names somebody else as its creator");
        }
        self.copied(object).then_some("it took the place of a card that came while we waited")
    }

    /// A re-issue by somebody else copies the number, with our marker in it. If the one that we made was copied
    /// and removed before we looked, only the feed shows it: a card came, went, and then or with that came ours.
    fn copied(&self, object: &Seen) -> bool {
        let rows = self.rows();
        let Some(made) = rows.iter().position(|r| r.added.contains(&object.link)) else { return false };
        if self.us.is_some() && rows[made].operator.as_ref() == self.us {
            return false;
        }
        let came_before = |at: usize, link: &Link| rows[..at].iter().any(|r| r.added.contains(link));
        (0..=made).any(|at| rows[at].removed.iter().any(|link| came_before(at, link)))
    }

    /// New since the before-list, of the type that we asked for.
    fn fresh(&self) -> Vec<&Credential> {
        self.new_cards().filter(|card| card.type_link == self.purpose.type_link).collect()
    }

    fn new_cards(&self) -> impl Iterator<Item = &Credential> {
        self.after.iter().filter(|card| !self.snapshot.before.iter().any(|seen| seen.is(card)))
    }

    fn bearers(&self, marker: &Marker) -> Vec<&Credential> {
        self.after.iter().filter(|card| Marker::split(card.number.raw()).1.as_ref() == Some(marker)).collect()
    }

    fn rows(&self) -> Vec<&FeedRow> {
        self.feed.unwrap_or_default().iter().filter(|r| r.holder == self.purpose.holder).collect()
    }

    /// What the feed says that our own operator added; `None` if the feed cannot say who acted.
    fn ours_in_feed(&self) -> Option<Vec<&Link>> {
        let us = self.us?;
        self.feed?;
        // One that is listed with another type belongs to another change of ours.
        let other_type =
            |link: &Link| self.after.iter().any(|card| card.link == *link && card.type_link != self.purpose.type_link);
        let ours = self.rows().into_iter().filter(|r| r.operator.as_ref() == Some(us));
        Some(ours.flat_map(|r| &r.added).filter(|link| !other_type(link)).collect())
    }

    fn by_another(&self, row: &FeedRow) -> bool {
        row.operator.as_ref().is_some_and(|operator| Some(operator) != self.us)
    }

    fn feed_names_another(&self, card: &Credential) -> bool {
        self.us.is_some() && self.rows().iter().any(|r| r.added.contains(&card.link) && self.by_another(r))
    }

    /// Any difference between the two lists beyond the new object and, for a swap, the old one.
    fn other_changes(&self, new: &Credential) -> bool {
        let old = self.purpose.old.as_ref().filter(|_| self.purpose.act == Act::Swap);
        let appeared = self.new_cards().any(|card| card.id != new.id);
        let moved = self.snapshot.before.iter().filter(|seen| !old.is_some_and(|old| same(old, seen))).any(|seen| {
            self.after.iter().find(|card| seen.is(card)).is_none_or(|card| card.fingerprint() != seen.fingerprint)
        });
        appeared || moved
    }
}

fn same(a: &Seen, b: &Seen) -> bool {
    if a.lasting_id.is_empty() || b.lasting_id.is_empty() { a.link == b.link } else { a.lasting_id == b.lasting_id }
}

fn unclear(cards: &[&Credential], why: &'static str) -> Finding {
    Finding::Unclear { candidates: cards.iter().map(|card| Seen::of(card)).collect(), why }
}
