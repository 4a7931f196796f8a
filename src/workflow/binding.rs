//! Which object did our call make? Pure: the before-list, the person as read afterwards, and the change feed
//! give one object with its proofs, nothing, or several that nobody can tell apart.

use crate::domain::credential::{CardStatus, Credential, System};
use crate::domain::ids::{CredentialId, Link};
use crate::domain::journal::{Act, Binding, Marker, Proof, Purpose, Seen, Snapshot, contact_hash};
use crate::domain::lifecycle;
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
    /// True if that is all there is: what a partial list leaves out is neither gone nor the only one.
    pub whole: bool,
    /// The change feed since the snapshot's bookmark; `None`: there is none, or it could not be read. Which of the
    /// two, the bookmark says.
    pub feed: Option<&'a [FeedRow]>,
    /// How the feed names our own, dedicated operator.
    pub us: Option<&'a Link>,
    /// True if the vendor's answer proved that the call was applied.
    pub proven: bool,
    /// The credential that the vendor's own answer named as made.
    pub named: Option<&'a CredentialId>,
    /// What the journal bound to other changes of ours: none of it is what this one made, also where the list before
    /// left it out.
    pub others: &'a [Seen],
}

/// What the traces say.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// The call did its work: the object it made (if it makes one), what ended, and how that is known.
    Found(Box<Binding>),
    /// No trace of an effect, or not yet.
    Nothing,
    /// A card carries our marker, or is the only new one, but the change feed, which this tenant has, does not (yet)
    /// say that we made it. Whoever copies a number copies the marker with it, so this binds nothing: look again.
    Unproved {
        /// The card.
        candidates: Vec<Seen>,
        /// What is missing, a short clause.
        why: &'static str,
    },
    /// Contradiction, or several objects that could be meant.
    Unclear {
        /// The objects.
        candidates: Vec<Seen>,
        /// Why it is unclear, a short clause.
        why: &'static str,
    },
}

impl Finding {
    /// The same, where clocks cannot be trusted: what only a comparison of two lists found is not found.
    #[must_use]
    pub fn without_comparison(self, why: &'static str) -> Self {
        match self {
            Self::Found(bound) if bound.proofs.as_slice() == [Proof::Diff] => {
                Self::Unclear { candidates: bound.object.into_iter().collect(), why }
            }
            other => other,
        }
    }
}

impl Traces<'_> {
    /// Judges the traces. Evidence that contradicts itself never ends in one object.
    pub fn judge(&self) -> Finding {
        if !self.purpose.act.makes() {
            return self.judge_turn();
        }
        if !self.whole {
            return Finding::Nothing;
        }
        let finding = match (self.named, &self.purpose.marker) {
            (Some(named), _) => self.judge_named(named),
            (None, Some(marker)) => self.judge_marked(marker),
            (None, None) => self.judge_unmarked(),
        };
        let Finding::Found(bound) = &finding else { return finding };
        let Some(object) = &bound.object else { return finding };
        if let Some(why) = self.contradiction(object) {
            return Finding::Unclear { candidates: vec![object.clone()], why };
        }
        match self.unproved(object) {
            Some(why) => Finding::Unproved { candidates: vec![object.clone()], why },
            None => finding,
        }
    }

    /// What the feed, read again long after the binding, says against a bound object. What followed the row that
    /// added it is not looked at: later changes of ours are in there as well.
    pub fn feed_denies(&self, object: &Seen) -> Option<&'static str> {
        if self.by_other_hand(object) {
            return Some("the vendor's log names somebody else as its creator");
        }
        if self.made(object).is_some_and(|at| self.shared(Some(at))) {
            return Some("the vendor's log names us for several new cards: our key is shared");
        }
        self.copied(object).then_some("the vendor's log shows that it replaced another new card")
    }

    /// What the feed should say about an object that carries our marker, or is the only new one, and does not say:
    /// whoever took ours away and left a copy is seen there alone. Time alone proves nothing, so this has no end by
    /// itself.
    pub fn unproved(&self, object: &Seen) -> Option<&'static str> {
        self.snapshot.bookmark.as_ref()?;
        if self.feed.is_none() {
            return Some("the vendor's log cannot be read");
        }
        let makers: Vec<&FeedRow> = self.rows().into_iter().filter(|r| r.added.contains(&object.link)).collect();
        if makers.is_empty() {
            return Some("the vendor's log does not show who added it");
        }
        let names_us = |row: &&FeedRow| row.operator.as_ref() == self.us;
        if self.us.is_some() && !makers.iter().all(names_us) {
            return Some("the vendor's log does not name who added it");
        }
        None
    }

    /// True if the old object was there before and is not there now.
    pub fn old_is_gone(&self) -> bool {
        self.whole && self.purpose.old.as_ref().is_some_and(|old| !self.after.iter().any(|card| old.is(card)))
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

    /// Of an act on one object: is it in the state that was asked for? Where a state was asked for, absence from a
    /// list proves nothing (accessgrid.md section 4.4), but for D1, whose lists may leave out what it says it deleted.
    fn judge_turn(&self) -> Finding {
        let (old, target) = (self.purpose.old.as_ref(), self.purpose.target.as_deref());
        let now = self.after.iter().find(|card| old.is_some_and(|old| old.is(card)));
        let (class, act) = (self.purpose.class, self.purpose.act);
        let ends = target.is_none_or(|word| lifecycle::is_end(class, word));
        let proof = match (now, target) {
            (None, _) if !self.whole => return Finding::Nothing,
            (None, None) if old.is_some() => Proof::Absence,
            (None, Some(_)) if ends && self.proven && class.system() == System::ThalesD1 => Proof::Absence,
            (Some(card), _) if lifecycle::reached(card, target) => {
                // A site's word may mean anything; whether the card is stopped, its machine word says (safety.md 4.3).
                let stopped = card.status == CardStatus::Inactive;
                let why = match act {
                    Act::Suspend if class.system() == System::Gallagher && !stopped => {
                        "it has the word that was asked for, and is not stopped by it"
                    }
                    Act::Resume if class.system() == System::Gallagher && stopped => {
                        "it has the word that was asked for, and is still stopped"
                    }
                    _ => "",
                };
                if !why.is_empty() {
                    return Finding::Unclear { candidates: Vec::new(), why };
                }
                Proof::State
            }
            _ => return Finding::Nothing,
        };
        let ended = old.filter(|_| ends).cloned();
        Finding::Found(Box::new(Binding { proofs: vec![proof], ended, ..Binding::default() }))
    }

    /// The vendor's answer named what it made. The name and our marker must agree; who else carries the marker does
    /// not matter then. What is named and not listed is not there yet.
    fn judge_named(&self, named: &CredentialId) -> Finding {
        let Some(card) = self.after.iter().find(|card| card.id == *named) else { return Finding::Nothing };
        if self.purpose.marker.is_some() && card.marker != self.purpose.marker {
            return unclear(&[card], "the pass that the vendor's answer named does not carry our marker");
        }
        let mut proofs = vec![Proof::Answer];
        proofs.extend(self.purpose.marker.is_some().then_some(Proof::Marker));
        if self.ours_in_feed().is_some_and(|links| links.contains(&&card.link)) {
            proofs.push(Proof::Feed);
        }
        if self.fresh().len() == 1 {
            proofs.push(Proof::Diff);
        }
        self.found(card, proofs)
    }

    /// Of an act on one object: it is exactly what it was before, by its fingerprint.
    pub fn as_before(&self) -> bool {
        let old = self.purpose.old.as_ref();
        old.is_some_and(|old| self.after.iter().any(|card| old.is(card) && card.fingerprint() == old.fingerprint))
    }

    fn judge_marked(&self, marker: &Marker) -> Finding {
        let bearers = self.bearers(marker);
        // Before the bearers are counted: a copy looks exactly like what we made, and only the feed can tell that
        // there was another hand. More additions than requests mean that somebody else acts in our name.
        if self.shared(None) {
            let named = self.ours_in_feed().unwrap_or_default();
            let mut all = bearers;
            all.extend(self.fresh().into_iter().filter(|card| named.contains(&&card.link)));
            all.sort_by_key(|card| card.id.to_string());
            all.dedup_by_key(|card| card.id.to_string());
            return unclear(&all, "the vendor's log names us for several new cards: our key is shared");
        }
        if self.ours_was_removed() {
            return unclear(&bearers, "the vendor's log shows that what we added was removed again");
        }
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
            [only] if self.another_came(only) => {
                unclear(&[only], "the vendor's log shows that another new card came, and went again")
            }
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
        let named = self.named.cloned();
        Finding::Found(Box::new(Binding { object: Some(Seen::of(card)), proofs, ended, named, ..Binding::default() }))
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
        if self.by_other_hand(object) {
            return Some("the vendor's log names somebody else as its creator");
        }
        self.copied(object).then_some("it took the place of a card that came while we waited")
    }

    /// The feed names another operator than ours for the row that added it. Such a row may hide what came and went
    /// before it: vendors may merge quick changes into one.
    fn by_other_hand(&self, object: &Seen) -> bool {
        self.us.is_some() && self.rows().iter().any(|r| r.added.contains(&object.link) && self.by_another(r))
    }

    /// Where in the feed the object was added.
    fn made(&self, object: &Seen) -> Option<usize> {
        self.rows().iter().position(|r| r.added.contains(&object.link))
    }

    /// One request adds one card. If our operator added more, up to the given row or at all, somebody else acts
    /// in its name, and the feed proves nothing (safety.md 4.3).
    fn shared(&self, until: Option<usize>) -> bool {
        let rows = self.rows();
        let end = until.map_or(rows.len(), |at| at + 1);
        let mut ours: Vec<&Link> = rows[..end]
            .iter()
            .filter(|r| self.us.is_some() && r.operator.as_ref() == self.us)
            .flat_map(|r| &r.added)
            .collect();
        ours.retain(|link| !self.was_before(link) && !self.of_other_type(link));
        ours.sort_by_key(|link| link.as_str());
        ours.dedup();
        ours.len() > 1
    }

    /// The feed shows a card that our operator added and that went again.
    fn ours_was_removed(&self) -> bool {
        let Some(ours) = self.ours_in_feed() else { return false };
        let rows = self.rows();
        ours.iter().any(|link| {
            rows.iter()
                .position(|r| r.added.contains(link))
                .is_some_and(|at| rows[at..].iter().any(|r| r.removed.contains(link)))
        })
    }

    /// A re-issue by somebody else copies the number, with our marker in it. If the one that we made was copied
    /// and removed before we looked, only the feed shows it: a card came, went, and then or with that came ours.
    fn copied(&self, object: &Seen) -> bool {
        let rows = self.rows();
        let Some(made) = self.made(object) else { return false };
        // A feed that lags tells what happened before the bookmark after it; what was there when we looked is no
        // card that came while we waited. Neither is one that a known, other operator added: it cannot be ours.
        let came_before = |at: usize, link: &Link| {
            let adds = |r: &&FeedRow| r.added.contains(link) && !(self.us.is_some() && self.by_another(r));
            !self.was_before(link) && rows[..at].iter().any(adds)
        };
        (0..=made).any(|at| rows[at].removed.iter().any(|link| came_before(at, link)))
    }

    /// New since the before-list, of the type that we asked for.
    fn fresh(&self) -> Vec<&Credential> {
        self.new_cards().filter(|card| card.type_link == self.purpose.type_link).collect()
    }

    fn new_cards(&self) -> impl Iterator<Item = &Credential> {
        let known = |card: &&Credential| self.snapshot.before.iter().chain(self.others).any(|seen| seen.is(card));
        self.after.iter().filter(move |card| !known(card))
    }

    fn bearers(&self, marker: &Marker) -> Vec<&Credential> {
        self.after.iter().filter(|card| card.marker.as_ref() == Some(marker)).collect()
    }

    fn rows(&self) -> Vec<&FeedRow> {
        self.feed.unwrap_or_default().iter().filter(|r| r.holder == self.purpose.holder).collect()
    }

    /// What the feed says that our own operator added; `None` if the feed cannot say who acted.
    fn ours_in_feed(&self) -> Option<Vec<&Link>> {
        let us = self.us?;
        self.feed?;
        let ours = self.rows().into_iter().filter(|r| r.operator.as_ref() == Some(us));
        Some(ours.flat_map(|r| &r.added).filter(|link| !self.of_other_type(link) && !self.was_before(link)).collect())
    }

    /// What is listed with another type belongs to another change of ours.
    fn of_other_type(&self, link: &Link) -> bool {
        self.after.iter().any(|card| card.link == *link && card.type_link != self.purpose.type_link)
    }

    /// It was in the list that we read before sending.
    fn was_before(&self, link: &Link) -> bool {
        self.snapshot.before.iter().any(|seen| seen.link == *link)
    }

    fn by_another(&self, row: &FeedRow) -> bool {
        row.operator.as_ref().is_some_and(|operator| Some(operator) != self.us)
    }

    fn feed_names_another(&self, card: &Credential) -> bool {
        self.us.is_some() && self.rows().iter().any(|r| r.added.contains(&card.link) && self.by_another(r))
    }

    /// The feed shows another new card than this one, which may have been ours and is not listed any more: comparing
    /// two lists then tells nothing. What a known, other operator added is not ours.
    fn another_came(&self, only: &Credential) -> bool {
        let not_theirs = |row: &&FeedRow| !(self.us.is_some() && self.by_another(row));
        let mut added = self.rows().into_iter().filter(not_theirs).flat_map(|row| &row.added);
        added.any(|link| {
            let known =
                self.was_before(link) || self.of_other_type(link) || self.others.iter().any(|s| s.link == *link);
            *link != only.link && !known
        })
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
