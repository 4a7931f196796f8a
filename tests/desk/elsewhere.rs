//! Two desks at one site: what the verified ledger of the other one makes of a card, and what it does not.

use crate::bench::Bench;
use crate::town::{Watch, holder_id};
use passdesk::domain::credential::Credential;
use passdesk::domain::ids::{CredentialId, IntentId};
use passdesk::domain::journal::{IntentRecord, IntentState, Marker, Proof, Seen};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::ownership::{Desk, Grade, Imported, Ownership, grade_all, grade_with};
use passdesk::domain::policy::{ConfirmLevel, Mode, Why};
use passdesk::domain::problem::ProblemKind;
use passdesk::domain::reissue::ReissueEnd;
use passdesk::domain::text::SafeText;
use passdesk::ports::clock::Clock;
use passdesk::ports::ledger::Ledger;
use passdesk::store::ledger::{SqliteLedger, verify_export};
use passdesk::store::operator_key::OperatorKey;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

/// What is written, for the test to read.
#[derive(Clone, Default)]
struct Sheet(Arc<Mutex<Vec<u8>>>);

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Two desks that work on one town; the other one's operator is Lee.
struct Site {
    ours: Bench,
    theirs: Bench,
    our_ledger: Arc<SqliteLedger>,
    their_ledger: Arc<SqliteLedger>,
    keys: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let watch = Watch::new();
        let ledger = || Arc::new(SqliteLedger::open_in_memory(Arc::clone(&watch) as Arc<dyn Clock>).unwrap());
        let (our_ledger, their_ledger) = (ledger(), ledger());
        let ours = Bench::over(Arc::clone(&our_ledger) as Arc<dyn Ledger>, &watch, 1, true, false);
        let theirs = Bench::over(Arc::clone(&their_ledger) as Arc<dyn Ledger>, &watch, 2, true, false);
        let theirs = Bench { town: Arc::clone(&ours.town), ..theirs };
        Self { ours, theirs, our_ledger, their_ledger, keys: tempfile::tempdir().unwrap() }
    }

    async fn import(&self) {
        let sheet = Sheet::default();
        let (signer, _) = OperatorKey::init(&self.keys.path().join("lee.key")).unwrap();
        self.their_ledger.export(Mode::Sim, signer, sheet.clone()).await.unwrap();
        let text = sheet.0.lock().unwrap().clone();
        let key = verify_export(&text[..]).unwrap().header.key;
        let trusted = vec![(Some("lee".to_owned()), key)];
        self.our_ledger.import(Mode::Sim, trusted, "kim".into(), Cursor::new(text)).await.unwrap();
    }

    /// What our own list shows beside a card.
    async fn badge(&self, id: &CredentialId) -> String {
        let cards = self.ours.live().await;
        cards.iter().find(|(card, _)| card.id == *id).map_or("(gone)".into(), |(_, o)| o.badge().into_owned())
    }

    async fn whose(&self, id: &CredentialId) -> Ownership {
        self.ours.live().await.into_iter().find(|(card, _)| card.id == *id).unwrap().1
    }
}

#[tokio::test(start_paused = true)]
async fn i11_only_a_verified_ledger_tells_their_marker_from_a_riddle() {
    let site = Site::new();
    let card = site.theirs.issue_ours("phone").await;
    assert_eq!(site.theirs.badge(&card).await, "*ours");
    assert_eq!(site.badge(&card).await, "?ambig", "a marker without its ledger");
    site.import().await;
    assert_eq!(site.badge(&card).await, "+ours@lee");
    let whose = site.whose(&card).await;
    assert_eq!((whose.grade, whose.owner()), (Grade::Claimed, "elsewhere"));
    let clues = whose.clues.iter().map(SafeText::as_str).collect::<Vec<_>>().join("; ");
    assert!(
        clues.starts_with("ledger of lee (desk-") && clues.contains("imported") && clues.contains("op7"),
        "{clues}"
    );
    assert!(clues.contains("its marker on exactly one card"), "{clues}");
    // A marker that no ledger explains is one still, and a copy of theirs is nobody's.
    let stray = site.ours.town.streets().foreign_add(&Marker::from_bits([9; 10]).stamp("theirs"));
    site.ours.town.streets().card(&stray).unwrap().marker = Some(Marker::from_bits([9; 10]));
    assert_eq!(site.badge(&stray).await, "?ambig");
    assert!(!site.whose(&stray).await.is_elsewhere());
    let copy = site.ours.town.streets().foreign_reissue(&card).unwrap();
    assert_eq!(site.badge(&copy).await, "?ambig");
}

#[tokio::test(start_paused = true)]
async fn i12_their_card_is_suspended_one_level_up_and_ended_two_up() {
    let site = Site::new();
    let card = site.theirs.issue_ours("phone").await;
    let spare = site.theirs.issue_ours("spare").await;
    site.ours.town.streets().accept(&card);
    site.ours.town.streets().accept(&spare);
    site.import().await;
    let plan = site.ours.turn_preview(&card, Verb::Suspend, Why::Damaged).await.unwrap();
    assert_eq!(plan.level, ConfirmLevel::L2);
    let plan = site.ours.turn_preview(&card, Verb::End, Why::Damaged).await.unwrap();
    assert_eq!(plan.level, ConfirmLevel::L3);
    assert_eq!(site.ours.town.sent(), 0);
    let end = site.ours.turn(&card, Verb::Suspend, Why::Damaged).await.unwrap();
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
    assert_eq!(site.ours.town.sent(), 1);
    // Acting on it does not make it ours.
    assert_eq!(site.badge(&card).await, "+ours@lee");
    let end = site.ours.turn(&spare, Verb::End, Why::Leaver).await.unwrap();
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
    assert_eq!(site.badge(&spare).await, "(gone)");
}

#[tokio::test(start_paused = true)]
async fn i12_what_was_confirmed_as_ours_is_not_done_to_what_turned_out_theirs() {
    let site = Site::new();
    let card = site.theirs.issue_ours("phone").await;
    let _spare = site.theirs.issue_ours("spare").await;
    site.ours.town.streets().accept(&card);
    // Confirmed at L1, as one's own is.
    site.import().await;
    let mut plan = site.ours.turn_preview(&card, Verb::Suspend, Why::Damaged).await.unwrap();
    plan.level = ConfirmLevel::L1;
    let end = passdesk::workflow::turn::run(&site.ours.means(), plan, |_| ()).await;
    let ReissueEnd::NotSent(problem) = end else { panic!("{end:?}") };
    assert!(problem.kind == ProblemKind::Stale && problem.to_string().contains("whose pass"), "{problem}");
    assert_eq!(site.ours.town.sent(), 0);
    let mut plan = site.ours.preview(&card, Some(Why::Damaged)).await.unwrap();
    assert_eq!((plan.level, plan.leaves_old), (ConfirmLevel::L3, false));
    plan.level = ConfirmLevel::L2;
    let end = site.ours.run(plan).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.kind == ProblemKind::Stale), "{end:?}");
    assert_eq!(site.ours.town.sent(), 0);
}

#[tokio::test(start_paused = true)]
async fn i12_a_marker_without_its_ledger_is_suspended_when_lost_and_no_more() {
    let site = Site::new();
    let card = site.theirs.issue_ours("phone").await;
    site.ours.town.streets().accept(&card);
    for (verb, why) in [(Verb::Suspend, Why::Damaged), (Verb::End, Why::Lost), (Verb::End, Why::Leaver)] {
        let refused = site.ours.turn_preview(&card, verb, why).await.unwrap_err();
        assert!(
            refused.kind == ProblemKind::Refused && refused.to_string().contains("nothing here proves it"),
            "{refused}"
        );
    }
    let plan = site.ours.preview(&card, Some(Why::Expired)).await.unwrap();
    assert!(plan.leaves_old && plan.change.remove.is_none());
    assert_eq!(site.ours.town.sent(), 0);
    let plan = site.ours.turn_preview(&card, Verb::Suspend, Why::Stolen).await.unwrap();
    assert_eq!(plan.level, ConfirmLevel::L2);
    let end = site.ours.turn(&card, Verb::Suspend, Why::Lost).await.unwrap();
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
    let refused = site.ours.turn_preview(&card, Verb::Resume, Why::Lost).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Refused, "{refused}");
}

fn lee(console: u32) -> Desk {
    Desk {
        console: format!("desk-{console:08x}").parse().unwrap(),
        name: SafeText::of(&format!("lee{console}")),
        imported: "2026-06-03T09:00:00Z".parse().unwrap(),
    }
}

fn theirs(record: &IntentRecord, console: u32) -> Imported {
    Imported { desk: lee(console), record: record.clone() }
}

fn one(records: &[IntentRecord], imported: &[Imported], card: &Credential) -> Ownership {
    grade_with(records, imported, std::slice::from_ref(card)).pop().unwrap()
}

/// A card that a desk bound, and that desk's record.
async fn bound(feed: bool) -> (Credential, IntentRecord) {
    let bench = Bench::new(3, true, feed);
    let id = bench.issue_ours("phone").await;
    let card = bench.town.streets().card(&id).unwrap().clone();
    (card, bench.last().await)
}

#[tokio::test(start_paused = true)]
async fn i13_what_two_ledgers_claim_is_ambiguous_and_nothing_is_overwritten() {
    let (card, record) = bound(true).await;
    assert_eq!(one(&[], &[theirs(&record, 2)], &card).badge(), "+ours@lee2");
    let ours = std::slice::from_ref(&record);
    assert_eq!(one(ours, &[], &card).grade, Grade::Tagged);
    let both = one(ours, &[theirs(&record, 2)], &card);
    assert_eq!((both.grade, both.badge().as_ref()), (Grade::Ambiguous, "?ambig"), "ours and theirs");
    let two = one(&[], &[theirs(&record, 2), theirs(&record, 3)], &card);
    assert_eq!((two.grade, two.desk), (Grade::Ambiguous, None), "two others");
    let mut second = record.clone();
    second.intent = IntentId(uuid::Uuid::from_u128(99));
    let twice = one(&[], &[theirs(&record, 2), theirs(&second, 2)], &card);
    assert_eq!(twice.grade, Grade::Ambiguous, "two intents of one desk");
    let same = one(&[], &[theirs(&record, 2), theirs(&record, 2)], &card);
    assert!(same.is_elsewhere(), "told twice counts once");
}

#[tokio::test(start_paused = true)]
async fn i13_their_record_must_be_settled_and_agree_with_the_live_card() {
    let (card, record) = bound(false).await;
    let whose = |change: &dyn Fn(&mut IntentRecord)| {
        let mut record = record.clone();
        change(&mut record);
        one(&[], &[theirs(&record, 2)], &card).grade
    };
    assert!(one(&[], &[theirs(&record, 2)], &card).is_elsewhere());
    for state in [IntentState::Unknown, IntentState::Applied, IntentState::Diverged, IntentState::Held] {
        let mut open = record.clone();
        open.state = state;
        let whose = one(&[], &[theirs(&open, 2)], &card);
        assert!(whose.grade == Grade::Claimed && !whose.is_elsewhere(), "{state}: as if their ledger were not here");
    }
    let type_link = "/api/card_types/9".parse::<passdesk::domain::ids::Link>().unwrap();
    assert_eq!(whose(&|r| r.purpose.holder = "gall:1".parse().unwrap()), Grade::Ambiguous, "another person");
    assert_eq!(
        whose(&|r| r.binding.as_mut().unwrap().object.as_mut().unwrap().type_link = type_link.clone()),
        Grade::Ambiguous,
        "another type"
    );
    assert_eq!(whose(&|r| r.purpose.marker = Some(Marker::from_bits([8; 10]))), Grade::Ambiguous, "another marker");
    assert_eq!(
        whose(&|r| r.binding.as_mut().unwrap().ended = Some(Seen::of(&card))),
        Grade::Foreign,
        "i14: they saw its end"
    );
    // At another tenant it is another object, whatever it is called.
    let mut elsewhere = record.clone();
    elsewhere.purpose.holder = "cc:4665".parse().unwrap();
    assert!(!one(&[], &[theirs(&elsewhere, 2)], &card).is_elsewhere());
    // What they only inferred they may not end themselves; it is no claim here.
    let (mut card, mut inferred) = (card.clone(), record.clone());
    (card.number, card.marker, inferred.purpose.marker) = ("phone".into(), None, None);
    let binding = inferred.binding.as_mut().unwrap();
    (binding.object, binding.proofs) = (Some(Seen::of(&card)), vec![Proof::Diff]);
    assert_eq!(one(&[], &[theirs(&inferred, 2)], &card).grade, Grade::Foreign);
    inferred.binding.as_mut().unwrap().proofs.push(Proof::Feed);
    assert!(one(&[], &[theirs(&inferred, 2)], &card).is_elsewhere(), "a bound id without a marker");
    assert_eq!(inferred.purpose.holder, holder_id());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Whatever other ledgers say: nothing becomes ours by it, no dispute is settled by it, and a card that no live
    /// read ties to them stays foreign.
    #[test]
    fn i11_imported_ledgers_raise_nothing_above_a_claim(seed in any::<u64>()) {
        let mut dice = rand::rngs::StdRng::seed_from_u64(seed);
        let (stranger, own) = crate::ownership::strange_journal(&mut dice);
        let (_, foreign) = crate::ownership::strange_journal(&mut dice);
        let imported: Vec<Imported> = foreign.iter().map(|r| theirs(r, dice.random_range(0..3))).collect();
        let cards: Vec<Credential> = (0..4).map(|_| crate::ownership::some_card(&mut dice)).collect();
        let without = grade_all(&own, &cards);
        let with = grade_with(&own, &imported, &cards);
        for (before, after) in without.iter().zip(&with) {
            let same = before.grade == after.grade;
            // `Grade` is ordered best first.
            prop_assert!(same || after.grade >= Grade::Claimed, "{} became {}", before.grade, after.grade);
            prop_assert!(before.grade != Grade::Ambiguous || matches!(after.grade, Grade::Ambiguous | Grade::Foreign));
            prop_assert!(!after.is_elsewhere() || matches!(before.grade, Grade::Claimed | Grade::Foreign));
        }
        prop_assert_eq!(one(&own, &imported, &stranger).grade, Grade::Foreign);
    }

    /// The order in which ledgers were imported says nothing.
    #[test]
    fn i25_the_order_of_imports_does_not_matter(seed in any::<u64>()) {
        let mut dice = rand::rngs::StdRng::seed_from_u64(seed);
        let (_, foreign) = crate::ownership::strange_journal(&mut dice);
        let mut imported: Vec<Imported> = foreign.iter().map(|r| theirs(r, dice.random_range(0..3))).collect();
        let cards: Vec<Credential> = (0..4).map(|_| crate::ownership::some_card(&mut dice)).collect();
        let says = |all: &[Imported]| -> Vec<_> {
            grade_with(&[], all, &cards).into_iter().map(|o| (o.grade, o.desk.map(|d| d.console))).collect()
        };
        let before = says(&imported);
        imported.reverse();
        prop_assert_eq!(before, says(&imported));
    }
}
