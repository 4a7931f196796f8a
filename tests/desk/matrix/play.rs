//! One play of a cell: the work begins, meets its fault, the process dies; the next one opens the same files, looks for
//! longer than the settle window, shows what it found, and does what may be done next.

use super::cells::{Call, Leg, Mode, Point, Trouble};
use super::line::{Line, OnTheWay};
use super::place::Place;
use super::rule::{End, Fate, Heard, Next, Old, Shown, fate, heard, is_struck};
use crate::indoors::House;
use crate::stopping::{StoppingLedger, StoppingVendor, Stops};
use passdesk::backends::wire::Wire;
use passdesk::domain::credential::System;
use passdesk::domain::journal::{Act, IntentRecord, IntentState, ProcessMark};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::policy::{Mode as Tenancy, Why};
use passdesk::domain::problem::Problem;
use passdesk::domain::reissue::{ReissueEnd, ReissueRequest};
use passdesk::domain::turn::TurnRequest;
use passdesk::ports::ledger::{Ledger, LedgerHealth};
use passdesk::simulator::Release;
use passdesk::store::ledger::SqliteLedger;
use passdesk::store::paths::{DataRoot, LedgerPaths};
use passdesk::workflow::recovery::{self, RECONCILE_AT_SECONDS};
use passdesk::workflow::{Means, reissue, turn};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A request that comes late has its effect before this look.
const LATE: u64 = 15;

/// What is compared with the rule, and what else was seen.
pub struct Found {
    pub end: End,
    /// Invariants that did not hold, in words.
    pub broken: Vec<String>,
}

/// A process at work.
struct Process {
    means: Means,
    line: Arc<Line>,
    stops: Arc<Stops>,
}

struct Play {
    leg: Leg,
    house: House,
    place: Place,
    paths: LedgerPaths,
    /// Intents that were there before the work.
    past: usize,
    /// Changes that earlier processes sent.
    sent: usize,
    /// The holder uses the new pass.
    new_one_works: bool,
    broken: Vec<String>,
}

/// Plays a leg in a world of its own.
pub async fn play(leg: Leg) -> Found {
    // Where there is one, a folder in memory: what is tested here is not the disk.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let paths = DataRoot::new(folder.path()).ledger(Tenancy::Sim);
    let seed = leg.cell.number as u64;
    let house = House::open_over(seed, 10, |clock| Arc::new(SqliteLedger::open(&paths, clock).unwrap())).await;
    let place = Place::set(&house, leg.cell.vendor, leg.cell.mode).await;
    let past = house.ledger.intents_of(&place.holder).await.unwrap().len();
    let mut play = Play { leg, house, place, paths, past, sent: 0, new_one_works: false, broken: Vec::new() };
    if !leg.cell.is_offered() {
        play.is_refused().await;
    }
    play.whole().await
}

impl Play {
    async fn whole(mut self) -> Found {
        self.live_and_die().await;
        let process = self.next_process().await;
        let words = self.look(&process).await;
        let mut end = self.state(words).await;
        (end.next, end.try_hears) = self.go_on(&process).await;
        self.check("after the next step");
        Found { end, broken: self.broken }
    }

    fn expect(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.broken.push(what.into());
        }
    }

    /// What holds at every moment.
    fn check(&mut self, when: &str) {
        let untouched = self.place.foreign_is_untouched(&self.house);
        self.expect(untouched, format!("{when}: the other system's pass was touched (h1)"));
        let made = self.place.made(&self.house).len();
        self.expect(made <= 1, format!("{when}: {made} new passes (h2)"));
        let waits = self.leg.cell.mode == Mode::AfterAccept && !self.new_one_works;
        let works = self.place.old(&self.house) == Old::AsItWas;
        self.expect(works || !waits, format!("{when}: the old one went before the new one worked (i16)"));
    }

    fn system(&self) -> System {
        self.leg.cell.vendor
    }

    /// A process of that number. Its n-th change meets the fault; it dies there, or at a point of the journal.
    fn process(&self, pid: u32, strikes: Option<usize>, dies: Option<OnTheWay>, stops: Arc<Stops>) -> Process {
        let system = self.system();
        let line = Arc::new(Line {
            way: Arc::clone(&self.house.ways[&system]),
            front: Arc::clone(self.house.sim.front(system).unwrap()),
            world: self.house.sim.world(),
            stops: Arc::clone(&stops),
            strikes: strikes.map(|at| (at, self.leg.cell.trouble)),
            dies,
            out: AtomicUsize::new(0),
        });
        let provider = self.house.client_over(system, Arc::clone(&line) as Arc<dyn Wire>);
        let means = self.house.means(system, pid);
        Process { means: Means { provider, ..means }, line, stops }
    }

    /// The work up to the death.
    async fn live_and_die(&mut self) {
        if let Some(Call::Retire) = self.leg.call {
            self.begin_in_peace().await;
        }
        let point = self.leg.cell.point;
        let (names, dies) = if self.leg.call.is_some() { place_of_death(point) } else { (vec!["never"], None) };
        let names = names.into_iter().map(str::to_owned).collect();
        let anchor = Arc::new(Mutex::new(Vec::new()));
        let (kept, file) = (Arc::clone(&anchor), self.paths.anchor.clone());
        let stops = Stops::among(names, self.leg.place(), move |name| {
            if name == "before SENDING" {
                *kept.lock().unwrap() = std::fs::read(&file).unwrap();
            }
        });
        // Where the work makes no such call, the fault waits behind its last one.
        let strikes = if self.leg.call.is_some() { self.leg.place() } else { 9 };
        let dying = self.process(1, Some(strikes), dies, Arc::clone(&stops));
        let wrapped = Means {
            provider: Arc::new(StoppingVendor(Arc::clone(&dying.means.provider), Arc::clone(&stops))),
            ledger: Arc::new(StoppingLedger(Arc::clone(&dying.means.ledger), Arc::clone(&stops))),
            ..dying.means.clone()
        };
        let (end, died) = tokio::select! {
            end = self.work(&wrapped) => (Some(end), false),
            () = dying.stops.reached.notified() => (None, true),
        };
        if point == Point::AfterSending && died {
            let before = anchor.lock().unwrap().clone();
            self.expect(std::fs::read(&self.paths.anchor).unwrap() != before, "SENDING did not move the anchor");
            std::fs::write(&self.paths.anchor, before).unwrap();
        }
        self.sent += dying.line.out.load(Ordering::SeqCst);
        let expected =
            self.leg.call.is_some() && !(point == Point::AfterBound && heard(self.leg.cell.trouble) != Heard::Success);
        self.expect(died == expected, format!("it died: {died}, at {:?}; the work said {end:?}", stops.place()));
        let struck = self.leg.call.is_some() && is_struck(point);
        self.expect(dying.line.has_struck() == struck, "the fault did not strike where it should");
        if fate(point, self.leg.cell.trouble) != Fate::LateEffect {
            self.house.sim.front(self.system()).unwrap().faults.release(Release::Drop);
        }
        self.house.sim.front(self.system()).unwrap().faults.clear();
        self.check("at its death");
    }

    /// The work up to the call that retires the old pass.
    async fn begin_in_peace(&mut self) {
        self.new_one_works = true;
        let process = self.process(1, None, None, Stops::at(usize::MAX));
        if self.system() == System::ThalesD1 {
            if self.leg.cell.mode == Mode::RevokeFirst {
                let end = self.turn(&process.means, Verb::Suspend).await;
                assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
            }
            self.place.phone(&self.house, "new phone");
        } else {
            let end = self.reissue(&process.means).await;
            assert!(matches!(end, ReissueEnd::Waiting { .. }), "{end:?}");
            let new = self.place.made(&self.house).pop().unwrap();
            self.place.accept(&self.house, &new);
        }
        self.sent += process.line.out.load(Ordering::SeqCst);
        self.house.sim.world().advance(50);
    }

    /// The part of the work that dies.
    async fn work(&self, means: &Means) -> ReissueEnd {
        match (self.leg.call, self.system()) {
            (Some(Call::Retire), _) => self.retire(means).await,
            (Some(Call::Stop), System::ThalesD1) => {
                let end = self.reissue(means).await;
                assert!(matches!(end, ReissueEnd::Watching(_)), "{end:?}");
                self.turn(means, Verb::Suspend).await
            }
            _ if !self.leg.cell.is_offered() => ReissueEnd::NotSent(self.preview_at_once(means).await.unwrap_err()),
            _ => self.reissue(means).await,
        }
    }

    fn request(&self) -> ReissueRequest {
        ReissueRequest {
            holder: self.place.holder.clone(),
            holder_link: self.place.link.clone(),
            credential: self.place.old.clone(),
            why: Some(self.leg.why),
            ticket: "INC0012345".into(),
            note: String::new(),
            at_once: false,
            seen: None,
        }
    }

    async fn reissue(&self, means: &Means) -> ReissueEnd {
        let plan = match reissue::preview(means, self.request()).await {
            Ok(plan) => plan,
            Err(problem) => return ReissueEnd::NotSent(problem),
        };
        self.house.sim.world().advance(1);
        reissue::run(means, plan, |_| ()).await
    }

    async fn preview_at_once(&self, means: &Means) -> Result<(), Problem> {
        reissue::preview(means, ReissueRequest { at_once: true, ..self.request() }).await.map(drop)
    }

    async fn turn(&self, means: &Means, verb: Verb) -> ReissueEnd {
        self.turn_to(means, &self.place.old, verb, None).await
    }

    async fn turn_to(
        &self,
        means: &Means,
        id: &passdesk::domain::ids::CredentialId,
        verb: Verb,
        word: Option<&str>,
    ) -> ReissueEnd {
        let request = TurnRequest {
            holder: self.place.holder.clone(),
            holder_link: self.place.link.clone(),
            credential: id.clone(),
            verb,
            word: word.map(str::to_owned),
            why: Some(self.leg.why),
            ticket: "INC0012345".into(),
            note: String::new(),
            seen: None,
        };
        let plan = match turn::preview(means, request).await {
            Ok(plan) => plan,
            Err(problem) => return ReissueEnd::NotSent(problem),
        };
        self.house.sim.world().advance(1);
        turn::run(means, plan, |_| ()).await
    }

    async fn retire(&self, means: &Means) -> ReissueEnd {
        if self.system() == System::ThalesD1 {
            return self.turn(means, Verb::End).await;
        }
        let mut waiting = means.ledger.waiting_retirements().await.unwrap();
        waiting.retain(|issue| issue.purpose.holder == self.place.holder);
        match waiting.pop() {
            Some(issue) => reissue::retire(means, issue).await,
            None => ReissueEnd::NotSent(Problem::new(
                passdesk::domain::problem::ProblemKind::Refused,
                "nothing waits",
                "",
                "",
            )),
        }
    }

    /// An order of work that the vendor lacks is refused at every door: by the preview, and by the client.
    async fn is_refused(&mut self) {
        let process = self.process(1, None, None, Stops::at(usize::MAX));
        let refused = self.preview_at_once(&process.means).await;
        self.expect(refused.is_err(), "at once was not refused by the preview");
        let plan = reissue::preview(&process.means, self.request()).await.unwrap();
        let old = passdesk::domain::journal::Seen::of(&plan.old);
        let both = passdesk::domain::change::CredentialChange { remove: Some(old), ..plan.change };
        let refused = both.add.is_none() || process.means.provider.prepare(&both).is_err();
        self.expect(refused, "the client would send both in one call");
        for why in Why::ALL {
            let mode = passdesk::domain::policy::ReissueMode::choose(&plan.old, why, true);
            self.expect(mode != passdesk::domain::policy::ReissueMode::Swap, format!("{why} chooses SWAP"));
        }
    }

    /// The dead process's files are opened by another one, which does not begin before all is verified.
    async fn next_process(&mut self) -> Process {
        let nobody: Arc<dyn Ledger> = Arc::new(SqliteLedger::open_in_memory(Arc::clone(&self.house.clock)).unwrap());
        drop(std::mem::replace(&mut self.house.ledger, nobody));
        let ledger = SqliteLedger::open(&self.paths, Arc::clone(&self.house.clock)).unwrap();
        self.expect(ledger.health() == LedgerHealth::Verifying, "it trusts the files before it has looked");
        let health = ledger.verify().await;
        self.expect(matches!(health, LedgerHealth::Verified { .. }), format!("{health:?}"));
        self.house.ledger = Arc::new(ledger);
        let strikes = if is_struck(self.leg.cell.point) || self.leg.call.is_none() { None } else { Some(0) };
        self.process(2, strikes, None, Stops::at(usize::MAX))
    }

    /// Recovery by its schedule. Gives the last sentence about the work.
    async fn look(&mut self, process: &Process) -> Option<String> {
        let (mut waited, mut words) = (0, None);
        for at in RECONCILE_AT_SECONDS {
            self.house.sim.world().advance((at - waited) as u32);
            waited = at;
            if at == LATE {
                self.comes_late().await;
            }
            for settled in recovery::recover(&process.means, &|owner: &ProcessMark| owner.pid == 2).await {
                self.expect(!settled.words.contains("fail"), format!("unknown is called failed: {}", settled.words));
                words = Some(settled.words);
            }
        }
        let out = process.line.out.load(Ordering::SeqCst);
        self.expect(out == 0, format!("recovery sent {out} changes (i5)"));
        self.check("after recovery");
        words
    }

    /// The request that was on its way has its effect now, without anybody to hear of it.
    async fn comes_late(&self) {
        let front = self.house.sim.front(self.system()).unwrap();
        if front.faults.release(Release::GoOn) == 0 {
            return;
        }
        loop {
            let all = front.log().view().requests;
            let last = all.iter().rev().find(|r| r.method != "GET" && !r.path.contains("/token")).unwrap();
            if last.status.is_some() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn records(&self) -> Vec<IntentRecord> {
        let mut records = self.house.ledger.intents_of(&self.place.holder).await.unwrap();
        records.split_off(self.past)
    }

    /// Journal, world and screen as they are.
    async fn state(&mut self, words: Option<String>) -> End {
        let records = self.records().await;
        let ledger = Arc::clone(&self.house.ledger);
        let hers = |all: Vec<IntentRecord>| all.iter().any(|r| r.purpose.holder == self.place.holder);
        let open = hers(ledger.unfinished().await.unwrap());
        let half_done = hers(ledger.half_done().await.unwrap());
        let waiting = hers(ledger.waiting_retirements().await.unwrap());
        let badge = self.place.badge_of_foreign(&self.house.means(self.system(), 2)).await;
        let made = self.place.made(&self.house).len();
        self.expect(!badge.starts_with('*'), format!("the other system's pass is shown as {badge}"));
        let issued = records.iter().any(|r| r.purpose.act.makes() && r.sent.is_some());
        self.expect(made == 0 || issued, "a pass that was made is not in the journal (h3)");
        let journalled = records.iter().filter(|r| r.sent.is_some()).count();
        self.expect(
            self.sent <= journalled,
            format!("{} requests, {journalled} records of sending (i1, i2)", self.sent),
        );
        for record in records.iter().filter(|r| r.purpose.act.makes() && r.state == IntentState::Done) {
            let bound = record.binding.as_ref().and_then(|b| b.object.as_ref()).map(|o| o.id.key.to_string());
            let new = self.place.made(&self.house).pop().unwrap_or_default();
            self.expect(bound.as_ref().is_some_and(|id| id.ends_with(&new)), format!("bound {bound:?}, made {new}"));
        }
        let refused = self.leg.cell.trouble == Trouble::Refused && self.leg.call.is_some();
        let without_connection = usize::from(refused && is_struck(self.leg.cell.point));
        let arrived = self.house.ways[&self.system()].changes();
        let all_arrived = arrived == self.sent - without_connection;
        self.expect(all_arrived, format!("{} set out, {arrived} arrived", self.sent));
        End {
            intents: records.iter().map(|r| (r.purpose.act, r.state)).collect(),
            requests: self.sent - without_connection,
            old: self.place.old(&self.house),
            made,
            shown: Shown { words, open, half_done, waiting },
            next: Next::Nothing,
            try_hears: None,
        }
    }

    /// Does what may be done next, and says what that was.
    async fn go_on(&mut self, process: &Process) -> (Next, Option<Heard>) {
        let next = super::rule::expected(&self.leg).next;
        self.house.sim.world().advance(5);
        let means = &process.means;
        let end = match next {
            Next::Nothing => {
                // Of an order of work that was refused, nothing is there to be finished: it is refused again.
                let waiting =
                    if self.leg.cell.is_offered() { self.retire(means).await } else { self.work(means).await };
                let quiet = matches!(waiting, ReissueEnd::NotSent(_)) && process.line.out.load(Ordering::SeqCst) == 0;
                self.expect(quiet, format!("there was still something to do: {waiting:?}"));
                return (if quiet { Next::Nothing } else { Next::Retire }, None);
            }
            Next::Again if self.leg.call == Some(Call::Stop) && self.system() == System::ThalesD1 => {
                self.turn(means, Verb::Suspend).await
            }
            Next::Again | Next::OnlyTheNewOne => self.reissue(means).await,
            Next::Print => {
                let new = self.place.made(&self.house).pop().unwrap_or_default();
                let id = format!("{}:{new}", self.place.old.tenant).parse().unwrap();
                self.turn_to(means, &id, Verb::Set, Some("in_production")).await
            }
            Next::Retire => {
                self.new_one_works();
                self.retire(means).await
            }
            Next::APersonSays => {
                let end = self.reissue(means).await;
                let kept = matches!(&end, ReissueEnd::NotSent(p) if p.to_string().contains("not settled"));
                self.expect(kept, format!("an open question did not stand in the way: {end:?}"));
                let open = self.records().await.pop().unwrap();
                let said = recovery::nothing_was_made(means, open.intent, "looked").await;
                self.expect(said.is_ok(), format!("{said:?}"));
                self.house.sim.world().advance(5);
                self.reissue(means).await
            }
        };
        let hears = match &end {
            ReissueEnd::Done { .. } | ReissueEnd::Waiting { .. } => Heard::Success,
            ReissueEnd::Rejected(..) => Heard::Refusal,
            ReissueEnd::Unknown(..) => Heard::Nothing,
            ReissueEnd::NotSent(problem) if problem.what.contains("cannot be reached") => Heard::NoConnection,
            other => {
                self.broken.push(format!("{next:?} did not work: {other:?}"));
                return (next, None);
            }
        };
        let records = self.records().await;
        let again = records.iter().filter(|r| matches!(r.purpose.act, Act::Suspend | Act::Unlink) && r.sent.is_some());
        let twice = next == Next::OnlyTheNewOne && again.count() > 1;
        self.expect(!twice, "the stop was sent again");
        let (out, sent) =
            (self.sent + process.line.out.load(Ordering::SeqCst), records.iter().filter(|r| r.sent.is_some()).count());
        self.expect(out <= sent, format!("{out} requests, {sent} records of sending (i1, i2)"));
        (next, Some(hears))
    }

    /// The holder begins to use the new pass.
    fn new_one_works(&mut self) {
        if self.leg.call == Some(Call::Retire) {
            return;
        }
        self.new_one_works = true;
        if self.system() == System::ThalesD1 {
            self.place.phone(&self.house, "new phone");
        } else if let Some(new) = self.place.made(&self.house).pop() {
            self.place.accept(&self.house, &new);
        }
    }
}

/// Where the process dies, as the ledger and the vendor around it call it, or as the line does.
fn place_of_death(point: Point) -> (Vec<&'static str>, Option<OnTheWay>) {
    use Point as P;
    match point {
        P::BeforeIntent => (vec!["before INTENT"], None),
        P::AfterIntent => (vec!["after INTENT"], None),
        P::AfterSnapshotted => (vec!["after SNAPSHOTTED"], None),
        P::AfterSending | P::AfterAnchor => (vec!["after SENDING"], None),
        P::SentNotApplied => (vec!["never"], Some(OnTheWay::There)),
        P::AppliedUnanswered => (vec!["never"], Some(OnTheWay::Back)),
        P::AnswerReadUnrecorded | P::RetireAnsweredUnrecorded => (vec!["after send"], None),
        P::AfterApplied => (vec!["after APPLIED", "after UNKNOWN", "after REJECTED", "after NOT_SENT"], None),
        P::AfterBound => (vec!["after BOUND"], None),
        P::BeforeRetireSending => (vec!["before SENDING"], None),
    }
}
