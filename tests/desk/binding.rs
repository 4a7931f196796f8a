//! Which object did our call make? Every sort of trace, alone and against the others.

use crate::bench::purpose;
use crate::town::{Streets, holder_id, mobile_type, them, us};
use passdesk::domain::credential::Credential;
use passdesk::domain::ids::{CredentialId, Link};
use passdesk::domain::journal::{Act, Binding, Marker, Proof, Purpose, Seen, Snapshot, contact_hash};
use passdesk::ports::provider::FeedRow;
use passdesk::workflow::binding::{Finding, Traces};

struct Scene {
    purpose: Purpose,
    snapshot: Snapshot,
    before: Vec<Credential>,
    after: Vec<Credential>,
    feed: Option<Vec<FeedRow>>,
    us: Option<Link>,
    proven: bool,
    whole: bool,
    named: Option<CredentialId>,
    others: Vec<Seen>,
    streets: Streets,
}

const MAIL: &str = "jane.doe@example.org";

impl Scene {
    /// An old card of ours and one of theirs; nothing has happened yet.
    fn new(act: Act, marker: bool) -> Self {
        let mut streets = Streets::default();
        let old = streets.mint("old", MAIL);
        let theirs = streets.mint("theirs", MAIL);
        let marker = marker.then(|| Marker::from_bits([7; 10]));
        let purpose = Purpose { marker, old: Some(Seen::of(&old)), ..purpose(uuid::Uuid::nil(), act) };
        let before = vec![old.clone(), theirs];
        let snapshot = Snapshot {
            before: before.iter().map(Seen::of).collect(),
            bookmark: None,
            request: "00".into(),
            expect_contact: contact_hash(&old),
        };
        let after = before.clone();
        Self {
            purpose,
            snapshot,
            before,
            after,
            feed: None,
            us: None,
            proven: true,
            whole: true,
            named: None,
            others: Vec::new(),
            streets,
        }
    }

    fn old_gone(mut self) -> Self {
        self.after.retain(|c| c.id != self.before[0].id);
        self
    }

    fn number(&self) -> String {
        self.purpose.marker.as_ref().map_or_else(|| "phone".to_owned(), |m| m.stamp("phone"))
    }

    /// The card that the call would make.
    fn made(mut self) -> Self {
        let card = self.streets.mint(&self.number(), MAIL);
        self.after.push(card);
        self
    }

    fn card(mut self, change: impl FnOnce(&mut Credential)) -> Self {
        let mut card = self.streets.mint("another", MAIL);
        change(&mut card);
        self.after.push(card);
        self
    }

    /// A row for the newest card.
    fn row(mut self, operator: Link) -> Self {
        let added = vec![self.after.last().unwrap().link.clone()];
        let at = "2026-06-02T09:00:00Z".parse().unwrap();
        let row = FeedRow { at, holder: holder_id(), operator: Some(operator), added, removed: Vec::new() };
        self.feed.get_or_insert_default().push(row);
        self.snapshot.bookmark = Some("/api/cardholders/changes?pos=0".parse().unwrap());
        self.us = Some(us());
        self
    }

    fn unproven(mut self) -> Self {
        self.proven = false;
        self
    }

    fn traces(&self) -> Traces<'_> {
        Traces {
            purpose: &self.purpose,
            snapshot: &self.snapshot,
            after: &self.after,
            whole: self.whole,
            feed: self.feed.as_deref(),
            us: self.us.as_ref(),
            proven: self.proven,
            named: self.named.as_ref(),
            others: &self.others,
        }
    }

    fn judge(&self) -> Finding {
        self.traces().judge()
    }

    fn found(&self) -> Binding {
        match self.judge() {
            Finding::Found(bound) => *bound,
            other => panic!("{other:?}"),
        }
    }

    fn why_unclear(&self) -> &'static str {
        match self.judge() {
            Finding::Unclear { why, .. } => why,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn all_evidence_that_agrees_is_kept() {
    let scene = Scene::new(Act::Swap, true).old_gone().made().row(us());
    let bound = scene.found();
    assert_eq!(bound.proofs, [Proof::Marker, Proof::Feed, Proof::Diff]);
    assert_eq!(bound.object.unwrap().id, scene.after.last().unwrap().id);
    assert_eq!(bound.ended, scene.purpose.old);
    // An issue ends nothing, even if somebody else ended the old one meanwhile.
    assert_eq!(Scene::new(Act::Issue, true).made().found().ended, None);
}

#[test]
fn a_pass_that_the_answer_names_is_confirmed_whoever_copies_its_marker() {
    let mut scene = Scene::new(Act::Issue, true).made().made();
    scene.named = Some(scene.after[3].id.clone());
    assert_eq!((scene.found().proofs, scene.found().named), (vec![Proof::Answer, Proof::Marker], scene.named.clone()));
    assert_eq!(scene.found().object.unwrap().id, scene.after[3].id);
    let mut unmarked = Scene::new(Act::Issue, false).made();
    unmarked.named = Some(unmarked.after[2].id.clone());
    assert_eq!(unmarked.found().proofs, [Proof::Answer, Proof::Diff]);
}

#[test]
fn i13_a_named_pass_without_our_marker_or_from_before_is_unclear() {
    let mut scene = Scene::new(Act::Issue, true).made().card(|_| ());
    scene.named = Some(scene.after[3].id.clone());
    assert_eq!(scene.why_unclear(), "the pass that the vendor's answer named does not carry our marker");
    let mut early = Scene::new(Act::Issue, true).made();
    early.named = Some(early.after[2].id.clone());
    early.snapshot.before.push(Seen::of(&early.after[2]));
    assert_eq!(early.why_unclear(), "it was there before we sent anything");
}

#[test]
fn a_named_pass_that_is_not_listed_is_looked_for_again() {
    let mut scene = Scene::new(Act::Issue, true).made();
    scene.named = Some("gall:4665/other".parse().unwrap());
    assert_eq!(scene.judge(), Finding::Nothing, "the bearer of our marker may be a copy");
}

#[test]
fn a_marker_decides_among_rivals() {
    let scene = Scene::new(Act::Issue, true).made().card(|_| ());
    assert_eq!(scene.found().proofs, [Proof::Marker]);
    assert_eq!(scene.found().object.unwrap().id, scene.after[2].id);
}

#[test]
fn i13_a_marker_on_two_cards_or_on_an_old_one_is_unclear() {
    let twice = Scene::new(Act::Issue, true).made().made();
    assert_eq!(twice.why_unclear(), "several cards carry our marker");
    let mut early = Scene::new(Act::Issue, true).made();
    early.snapshot.before.push(Seen::of(early.after.last().unwrap()));
    assert_eq!(early.why_unclear(), "it was there before we sent anything");
}

#[test]
fn i13_a_marker_on_another_type_is_unclear() {
    let mut scene = Scene::new(Act::Issue, true).made();
    scene.after.last_mut().unwrap().type_link = "/api/card_types/9".parse().unwrap();
    assert_eq!(scene.why_unclear(), "it is of another card type");
}

#[test]
fn i13_a_swap_that_left_the_old_one_is_unclear() {
    for marker in [true, false] {
        let scene = Scene::new(Act::Swap, marker).made();
        assert!(scene.why_unclear().contains("the old one is not gone"), "marker {marker}");
    }
}

#[test]
fn i13_a_marked_card_that_somebody_else_added_is_unclear() {
    let scene = Scene::new(Act::Issue, true).made().row(them());
    assert_eq!(scene.why_unclear(), "the vendor's log names somebody else as its creator");
}

#[test]
fn i13_a_vendor_that_changes_the_number_is_noticed() {
    let scene = Scene::new(Act::Issue, true).card(|_| ());
    assert_eq!(scene.why_unclear(), "the new card does not carry our marker");
    // Not proven: what lacks our marker is then simply not ours, and ours may still come.
    assert_eq!(scene.unproven().judge(), Finding::Nothing);
}

#[test]
fn the_feed_decides_where_there_is_no_marker() {
    let scene = Scene::new(Act::Issue, false).made().row(us()).card(|_| ()).row(them());
    assert_eq!(scene.found().proofs, [Proof::Feed]);
    assert_eq!(scene.found().object.unwrap().id, scene.after[2].id);
    let foreign_only = Scene::new(Act::Issue, false).card(|_| ()).row(them());
    assert_eq!(foreign_only.judge(), Finding::Nothing, "ours is not there yet");
}

#[test]
fn i13_a_shared_key_in_the_feed_is_unclear() {
    let scene = Scene::new(Act::Issue, false).made().row(us()).card(|_| ()).row(us());
    assert!(scene.why_unclear().contains("our key is shared"));
    let mut vanished = Scene::new(Act::Issue, false).card(|_| ()).row(us()).card(|_| ());
    vanished.after.remove(2);
    assert_eq!(vanished.why_unclear(), "the vendor's log names a new card of ours that is not there");
}

#[test]
fn a_card_of_another_type_is_the_feed_row_of_another_change() {
    let other = |c: &mut Credential| c.type_link = "/api/card_types/9".parse().unwrap();
    let scene = Scene::new(Act::Issue, false).card(other).row(us()).made().row(us());
    assert_eq!(scene.found().object.unwrap().id, scene.after[3].id);
    assert_eq!(scene.purpose.type_link, mobile_type());
}

#[test]
fn a_difference_alone_binds_only_if_nothing_else_moved() {
    assert_eq!(Scene::new(Act::Issue, false).made().found().proofs, [Proof::Diff]);
    assert_eq!(Scene::new(Act::Swap, false).old_gone().made().found().proofs, [Proof::Diff]);

    let two = Scene::new(Act::Issue, false).made().card(|_| ());
    assert_eq!(two.why_unclear(), "several new cards, and no mark to tell them apart");
    let others = "other changes of this person were seen in the same time";
    let other_type = Scene::new(Act::Issue, false).made().card(|c| c.type_link = "/api/card_types/9".parse().unwrap());
    assert_eq!(other_type.why_unclear(), others);
    let old_gone = Scene::new(Act::Issue, false).old_gone().made();
    assert_eq!(old_gone.why_unclear(), others, "an issue does not remove the old one");
    let mut moved = Scene::new(Act::Swap, false).old_gone().made();
    moved.after[0].status_word = "Disabled (manually)".into();
    assert_eq!(moved.why_unclear(), others);
}

#[test]
fn i13_what_another_change_of_ours_made_is_not_new_though_the_list_before_left_it_out() {
    let mut scene = Scene::new(Act::Issue, false).made();
    scene.others = vec![Seen::of(&scene.after[2])];
    assert_eq!(scene.judge(), Finding::Nothing);
    // Beside it the one that is new is found.
    let both = scene.made();
    assert_eq!(both.found().object.unwrap().id, both.after[3].id);
}

#[test]
fn i13_a_difference_binds_nothing_while_the_feed_does_not_show_that_very_card() {
    let mut scene = Scene::new(Act::Issue, false).made();
    scene.snapshot.bookmark = Some("/api/cardholders/changes?pos=0".parse().unwrap());
    for feed in [None, Some(Vec::new())] {
        scene.feed = feed;
        assert!(matches!(scene.judge(), Finding::Unproved { .. }), "{:?}", scene.feed);
    }
    // Without an operator of our own the feed tells no names, but it tells what came.
    let mut shown = Scene::new(Act::Issue, false).made().row(them());
    shown.us = None;
    assert_eq!(shown.found().proofs, [Proof::Diff]);
}

#[test]
fn i13_a_difference_binds_nothing_where_the_feed_shows_that_another_new_card_went_again() {
    // Ours came, somebody's copy came, ours went: the copy alone is listed.
    let mut scene = Scene::new(Act::Issue, false).made().row(them()).made().row(them());
    scene.us = None;
    let mut gone = scene.feed.as_ref().unwrap()[1].clone();
    gone.added = Vec::new();
    gone.removed = vec![scene.after.remove(2).link];
    scene.feed.as_mut().unwrap().push(gone);
    assert!(scene.why_unclear().contains("another new card came"), "{}", scene.why_unclear());
    // What was there before, or what another change of ours made, is no such card.
    let first = scene.feed.as_ref().unwrap()[0].added[0].clone();
    let ours = Seen { link: first.clone(), ..Seen::of(&scene.before[0]) };
    let known = Scene { others: vec![ours], ..scene };
    assert_eq!(known.found().object.unwrap().id, known.after[2].id);
}

#[test]
fn a_new_card_with_another_contact_is_not_what_we_asked_for() {
    let scene = Scene::new(Act::Issue, false).card(|c| {
        c.invitation.as_mut().unwrap().email = "mallory@example.org".into();
    });
    assert_eq!(scene.why_unclear(), "the new card shows another contact");
    assert_eq!(scene.unproven().judge(), Finding::Nothing);
}

#[test]
fn a_removal_is_proved_by_absence() {
    assert_eq!(Scene::new(Act::Retire, false).judge(), Finding::Nothing);
    let scene = Scene::new(Act::Retire, false).old_gone();
    assert_eq!((scene.found().proofs, scene.found().ended), (vec![Proof::Absence], scene.purpose.old.clone()));
}

#[test]
fn i14_a_list_that_is_not_whole_proves_no_end_and_no_lone_pass() {
    // Even of a call that was accepted: the vendor may not have carried it out yet.
    for act in [Act::Retire, Act::Swap] {
        let mut scene = Scene::new(act, false).old_gone();
        assert!(scene.traces().old_is_gone(), "{act:?}");
        scene.whole = false;
        assert_eq!(scene.judge(), Finding::Nothing, "{act:?}");
        assert!(!scene.traces().old_is_gone(), "{act:?}");
    }
    // What is not listed could be a second bearer of our marker, or a second new card.
    for marker in [true, false] {
        let mut scene = Scene::new(Act::Issue, marker).made();
        scene.whole = false;
        assert_eq!(scene.judge(), Finding::Nothing, "marker {marker}");
    }
}

fn bookmark() -> Link {
    "/api/cardholders/changes?pos=0".parse().unwrap()
}

fn why_unproved(scene: &Scene) -> &'static str {
    match scene.judge() {
        Finding::Unproved { candidates, why } if candidates.len() == 1 => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn i13_where_there_is_a_feed_a_marker_alone_binds_nothing() {
    let mut unread = Scene::new(Act::Issue, true).made();
    unread.snapshot.bookmark = Some(bookmark());
    assert_eq!(why_unproved(&unread), "the vendor's log cannot be read");
    let late = Scene { feed: Some(Vec::new()), ..unread };
    assert_eq!(why_unproved(&late), "the vendor's log does not show who added it");
    let mut nameless = Scene::new(Act::Issue, true).made().row(us());
    nameless.feed.as_mut().unwrap()[0].operator = None;
    assert_eq!(why_unproved(&nameless), "the vendor's log does not name who added it");
    // A site without an operator of its own: the row alone must do.
    nameless.us = None;
    assert_eq!(nameless.found().proofs, [Proof::Marker, Proof::Diff]);
}

#[test]
fn i13_two_additions_in_our_name_are_one_too_many() {
    let mut scene = Scene::new(Act::Issue, true).made().row(us()).made().row(us());
    scene.feed.as_mut().unwrap()[1].removed = vec![scene.after[2].link.clone()];
    scene.after.remove(2);
    assert!(scene.why_unclear().contains("our key is shared"));
    // What a lagging feed tells of a card that was there already is no second one.
    scene
        .snapshot
        .before
        .push(Seen { link: scene.feed.as_ref().unwrap()[0].added[0].clone(), ..Seen::of(&scene.before[0]) });
    assert_eq!(scene.found().object.unwrap().id, scene.after[2].id);
}

#[test]
fn i13_what_we_added_and_somebody_removed_is_unclear() {
    let mut scene = Scene::new(Act::Issue, true).made().row(us());
    let mut row = scene.feed.as_ref().unwrap()[0].clone();
    row.operator = Some(them());
    std::mem::swap(&mut row.added, &mut row.removed);
    scene.feed.as_mut().unwrap().push(row);
    assert!(scene.why_unclear().contains("removed again"));
    scene.after.pop();
    assert!(scene.why_unclear().contains("removed again"));
}
