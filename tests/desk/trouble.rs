//! The ledger itself fails, or the gate's ground shifts while we work.

use crate::bench::Bench;
use crate::town::{Answer, Town};
use async_trait::async_trait;
use passdesk::domain::ids::{HolderId, IntentId, TenantName};
use passdesk::domain::journal::{Event, EventDraft, IntentRecord, IntentState, ProcessMark};
use passdesk::domain::operation::Operation;
use passdesk::domain::reissue::ReissueEnd;
use passdesk::ports::ledger::{HistoryQuery, LateWatch, Ledger, LedgerError, LedgerHealth};
use passdesk::ports::provider::Provider;
use passdesk::workflow::{recovery, reissue};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A ledger whose disk fails from the n-th write on, until it is mended.
struct Failing {
    inner: Arc<dyn Ledger>,
    writes_left: AtomicUsize,
    mended: AtomicBool,
    health: LedgerHealth,
}

impl Failing {
    fn after(bench: &Bench, writes: usize) -> Arc<Self> {
        Self::with(bench, writes, LedgerHealth::Verified { events: 0 })
    }

    fn with(bench: &Bench, writes: usize, health: LedgerHealth) -> Arc<Self> {
        let (writes_left, mended) = (AtomicUsize::new(writes), AtomicBool::new(false));
        Arc::new(Self { inner: Arc::clone(&bench.ledger), writes_left, mended, health })
    }

    fn write(&self) -> Result<(), LedgerError> {
        let left = self.writes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if left.is_ok() || self.mended.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(LedgerError::Unsafe("disk full".into()))
    }
}

#[async_trait]
impl Ledger for Failing {
    async fn append(&self, draft: EventDraft) -> Result<Event, LedgerError> {
        self.write()?;
        self.inner.append(draft).await
    }
    async fn append_all(&self, drafts: Vec<EventDraft>) -> Result<u64, LedgerError> {
        self.write()?;
        self.inner.append_all(drafts).await
    }
    async fn intents_of(&self, holder: &HolderId) -> Result<Vec<IntentRecord>, LedgerError> {
        self.inner.intents_of(holder).await
    }
    async fn intent(&self, id: IntentId) -> Result<Option<IntentRecord>, LedgerError> {
        self.inner.intent(id).await
    }
    async fn unfinished(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.inner.unfinished().await
    }
    async fn waiting_retirements(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.inner.waiting_retirements().await
    }
    async fn half_done(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.inner.half_done().await
    }
    async fn late_watch(&self, since: jiff::Timestamp) -> Result<LateWatch, LedgerError> {
        self.inner.late_watch(since).await
    }
    async fn operations(&self, query: &HistoryQuery) -> Result<Vec<Operation>, LedgerError> {
        self.inner.operations(query).await
    }
    async fn claim(&self, holder: &HolderId, owner: &ProcessMark) -> Result<bool, LedgerError> {
        self.inner.claim(holder, owner).await
    }
    async fn release(&self, holder: &HolderId, owner: &ProcessMark) -> Result<(), LedgerError> {
        self.inner.release(holder, owner).await
    }
    async fn verify(&self) -> LedgerHealth {
        self.inner.verify().await
    }
    fn health(&self) -> LedgerHealth {
        self.health.clone()
    }
    fn console_id(&self) -> &str {
        self.inner.console_id()
    }
    async fn unsettled_tenants(&self) -> Result<Vec<TenantName>, LedgerError> {
        self.inner.unsettled_tenants().await
    }
}

fn provider(town: &Arc<Town>) -> Arc<dyn Provider> {
    Arc::clone(town) as Arc<dyn Provider>
}

#[tokio::test(start_paused = true)]
async fn i1_nothing_is_sent_unless_it_is_recorded_first() {
    // INTENT, SNAPSHOTTED and SENDING are three writes; if one of them fails, nothing leaves.
    for writes in 0..3 {
        let bench = Bench::new(1, true, true);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().expire(&old);
        let plan = bench.preview(&old, None).await.unwrap();
        let means = bench.means_with(provider(&bench.town), Failing::after(&bench, writes), 1);
        let end = reissue::run(&means, plan, |_| ()).await;
        assert!(matches!(end, ReissueEnd::NotSent(_)), "{writes} writes: {end:?}");
        assert_eq!(bench.town.sent(), 0, "{writes} writes");
    }
}

#[tokio::test(start_paused = true)]
async fn i9_what_could_not_be_recorded_says_so_with_its_ids() {
    for (answer, applied) in [
        (Answer::Done, true),
        (Answer::Refused(409), false),
        (Answer::NoConnection, false),
        (Answer::LostAfter, true),
        (Answer::LostBefore, false),
    ] {
        let bench = Bench::new(2, true, true);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().expire(&old);
        bench.town.streets().answers.push_back(answer);
        let plan = bench.preview(&old, None).await.unwrap();
        let failing = Failing::after(&bench, 3);
        let means = bench.means_with(provider(&bench.town), Arc::clone(&failing) as Arc<dyn Ledger>, 1);
        let end = reissue::run(&means, plan, |_| ()).await;
        let ReissueEnd::NotRecorded(intent, problem) = end else { panic!("{answer:?}: {end:?}") };
        assert!(problem.what.starts_with("NOT RECORDED"), "{problem}");
        let marker = bench.last().await.purpose.marker.unwrap();
        for id in [intent.to_string(), "gall:4665".into(), marker.as_str().into(), old.to_string()] {
            assert!(problem.why.contains(&id), "{answer:?}: {id} is missing in {problem}");
        }
        if answer == Answer::Done {
            let new = bench.live().await.pop().unwrap().0.id.to_string();
            assert!(problem.why.contains(&new), "{problem}");
        }
        assert_eq!(bench.last().await.state, IntentState::Sending);

        // The disk is mended: it is recorded, and reading settles it.
        assert!(recovery::record_late(&means, intent).await.is_err());
        failing.mended.store(true, Ordering::SeqCst);
        bench.watch.advance(600);
        let settled = recovery::record_late(&means, intent).await.unwrap();
        let expected = if applied { IntentState::Done } else { IntentState::Abandoned };
        assert_eq!(settled.state, expected, "{answer:?}: {}", settled.words);
    }
}

#[tokio::test(start_paused = true)]
async fn i8_an_unverified_ledger_stops_changes_and_not_reading() {
    for (health, word) in
        [(LedgerHealth::Verifying, "being verified"), (LedgerHealth::Broken("event 17".into()), "event 17")]
    {
        let bench = Bench::new(3, true, true);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().expire(&old);
        let means = bench.means_with(provider(&bench.town), Failing::with(&bench, 99, health), 1);
        let plan = reissue::preview(&means, bench.request(&old, None)).await.unwrap();
        let end = reissue::run(&means, plan, |_| ()).await;
        assert!(matches!(&end, ReissueEnd::NotSent(p) if p.to_string().contains(word)), "{end:?}");
        assert_eq!((bench.town.sent(), bench.records().await.len()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn i6_a_person_whom_another_living_process_works_on_is_left_alone() {
    let bench = Bench::new(4, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    let other = passdesk::store::process::this_process();
    assert!(bench.ledger.claim(&crate::town::holder_id(), &other).await.unwrap());
    let plan = bench.preview(&old, None).await.unwrap();
    let end = bench.run(plan).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what.contains("another passdesk")), "{end:?}");
    assert_eq!((bench.town.sent(), bench.last().await.state), (0, IntentState::Abandoned));
}

#[tokio::test(start_paused = true)]
async fn i5_recovery_leaves_the_work_of_living_processes_alone() {
    let bench = Bench::new(5, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    bench.town.streets().answers.push_back(Answer::LostAfter);
    let plan = bench.preview(&old, None).await.unwrap();
    assert!(matches!(bench.run(plan).await, ReissueEnd::Unknown(..)));
    assert!(recovery::recover(&bench.means(), &|_: &ProcessMark| true).await.is_empty());
    let settled = recovery::recover(&bench.means(), &|_: &ProcessMark| false).await;
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0].state, IntentState::Done, "{}", settled[0].words);
    assert_eq!(bench.town.sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn i16_a_new_pass_that_vanished_or_is_disputed_saves_the_old_one() {
    for dispute in [false, true] {
        let bench = Bench::new(6, true, true);
        let old = bench.issue_ours("phone").await;
        bench.town.streets().accept(&old);
        let plan = bench.preview(&old, Some(passdesk::domain::policy::Why::NewPhone)).await.unwrap();
        let ReissueEnd::Waiting { new, .. } = bench.run(plan).await else { panic!() };
        bench.town.streets().accept(&new.id);
        if dispute {
            let mut streets = bench.town.streets();
            let card = streets.card(&new.id).unwrap();
            (card.number, card.marker) = ("renamed".into(), None);
        } else {
            bench.town.streets().foreign_remove(&new.id);
        }
        let issue = bench.ledger.waiting_retirements().await.unwrap().pop().unwrap();
        assert!(reissue::new_is_usable(&bench.means(), &issue).await.is_err());
        assert!(matches!(reissue::retire(&bench.means(), issue).await, ReissueEnd::NotSent(_)));
        assert_eq!(bench.badge(&old).await, "*ours");
        assert_eq!(bench.town.sent(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn i12_an_old_pass_that_changed_waits_for_a_new_confirm() {
    let bench = Bench::new(7, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().accept(&old);
    let plan = bench.preview(&old, Some(passdesk::domain::policy::Why::NewPhone)).await.unwrap();
    let ReissueEnd::Waiting { new, .. } = bench.run(plan).await else { panic!() };
    bench.town.streets().accept(&new.id);
    bench.town.streets().card(&old).unwrap().status_word = "Renamed by the site".into();
    let issue = bench.ledger.waiting_retirements().await.unwrap().pop().unwrap();
    let end = reissue::retire(&bench.means(), issue.clone()).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what.contains("changed since")), "{end:?}");
    let seen = bench.town.streets().card(&old).unwrap().fingerprint();
    let end = reissue::retire_as_seen(&bench.means(), issue, &seen).await;
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
}

#[tokio::test]
async fn a_reissue_may_run_in_a_task_of_its_own() {
    fn movable<T: Send + 'static>(_: &T) {}
    let bench = Bench::new(8, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    let plan = bench.preview(&old, None).await.unwrap();
    let means = bench.means();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let task = async move {
        reissue::run(&means, plan, move |step| {
            let _ = tell.send(step);
        })
        .await
    };
    movable(&task);
    assert!(matches!(tokio::spawn(task).await.unwrap(), ReissueEnd::Done { .. }));
    assert!(told.recv().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn i12_a_read_older_than_thirty_seconds_is_not_acted_on() {
    let bench = Bench::new(9, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    let plan = bench.preview(&old, None).await.unwrap();
    bench.town.streets().slowness = 31;
    let end = bench.run(plan).await;
    assert!(matches!(&end, ReissueEnd::NotSent(p) if p.what.contains("too old")), "{end:?}");
    assert_eq!((bench.town.sent(), bench.last().await.state), (0, IntentState::Abandoned));
    let plan = bench.preview(&old, None).await.unwrap();
    bench.town.streets().slowness = 30;
    assert!(matches!(bench.run(plan).await, ReissueEnd::Done { .. }));
}

/// A swap whose answer was lost before it did anything.
async fn lost_swap(seed: u64) -> (Bench, passdesk::domain::ids::CredentialId) {
    let bench = Bench::new(seed, true, true);
    let old = bench.issue_ours("phone").await;
    bench.town.streets().expire(&old);
    bench.town.streets().answers.push_back(Answer::LostBefore);
    let plan = bench.preview(&old, None).await.unwrap();
    assert!(matches!(bench.run(plan).await, ReissueEnd::Unknown(..)));
    (bench, old)
}

#[tokio::test(start_paused = true)]
async fn absence_is_not_proved_when_the_old_pass_is_gone_as_well() {
    let (bench, old) = lost_swap(10).await;
    bench.town.streets().foreign_remove(&old);
    bench.watch.advance(1200);
    let settled = recovery::settle(&bench.means(), bench.last().await).await;
    assert_eq!(settled.state, IntentState::Unknown);
    assert!(settled.words.contains("the old pass is gone"), "{}", settled.words);
}

#[tokio::test(start_paused = true)]
async fn absence_is_not_proved_while_the_list_changes() {
    let (bench, _) = lost_swap(11).await;
    bench.watch.advance(1200);
    // Between the two looks somebody touches another card; the feed reports only what is added or removed.
    let other = bench.town.streets().foreign_add("theirs");
    bench.town.streets().feed.clear();
    bench.town.streets().on_read =
        Some((1, Box::new(move |streets| streets.card(&other).unwrap().status_word = "Lost".into())));
    let mut record = bench.last().await;
    record.snapshot.as_mut().unwrap().bookmark = Some("/api/cardholders/changes?pos=0".parse().unwrap());
    record.snapshot.as_mut().unwrap().before =
        bench.town.streets().cards().iter().map(passdesk::domain::journal::Seen::of).collect();
    let settled = recovery::settle(&bench.means(), record.clone()).await;
    assert_eq!(settled.state, IntentState::Unknown, "{}", settled.words);
    assert!(settled.words.contains("changing right now"), "{}", settled.words);
    let settled = recovery::settle(&bench.means(), record).await;
    assert_eq!(settled.state, IntentState::Abandoned, "{}", settled.words);
}

#[tokio::test(start_paused = true)]
async fn absence_is_not_proved_by_a_feed_that_lags_behind_the_list() {
    let (bench, _) = lost_swap(12).await;
    bench.town.streets().foreign_add("a new card that the feed does not show yet");
    bench.town.streets().feed.clear();
    let mut record = bench.last().await;
    record.snapshot.as_mut().unwrap().bookmark = Some("/api/cardholders/changes?pos=0".parse().unwrap());
    bench.watch.advance(1200);
    let settled = recovery::settle(&bench.means(), record).await;
    assert_eq!(settled.state, IntentState::Unknown);
    assert!(settled.words.contains("a new pass is there"), "{}", settled.words);
}
