//! The wires of the processes: every call passes here on its way to a vendor, and here faults strike, others come
//! first or follow at once, and what a change truly did is compared with what the journal allows.

use super::book::{Book, short};
use super::faults::Trouble;
use super::life::Life;
use super::rivals;
use super::truth::{self, Person, TruePass};
use crate::indoors::House;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use passdesk::backends::wire::{Wire, WireError};
use passdesk::domain::credential::System;
use passdesk::domain::ids::IntentId;
use passdesk::domain::journal::IntentState;
use passdesk::simulator::{Fault, FaultMatch};
use reqwest::{Request, Response};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};

/// How long a request waits for its answer (virtual seconds).
const DEADLINE: u32 = 30;

/// A request that is still on its way although nobody waits for it any more.
struct Late {
    due: Timestamp,
    system: System,
    request: Request,
    intent: Option<IntentId>,
}

/// What all wires of a run share.
pub struct Street {
    pub house: House,
    pub book: Arc<Book>,
    pub people: Vec<Person>,
    /// Whether others act in this run.
    pub rivals: bool,
    /// What is done late is done within so many seconds.
    pub latest: u32,
    /// Whether everybody is compared around each change, or only the person that it is for.
    pub thorough: bool,
    one_at_a_time: tokio::sync::Mutex<()>,
    late: Mutex<Vec<Late>>,
}

impl Street {
    pub fn new(house: House, book: Arc<Book>, people: Vec<Person>, rivals: bool, latest: u32, thorough: bool) -> Self {
        let (one_at_a_time, late) = (tokio::sync::Mutex::new(()), Mutex::default());
        Self { house, book, people, rivals, latest, thorough, one_at_a_time, late }
    }

    /// Time passes; what is on its way arrives when it is due.
    pub async fn advance(&self, seconds: u32) {
        let until = self.house.clock.now() + SignedDuration::from_secs(i64::from(seconds));
        loop {
            let next = {
                let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
                late.sort_by_key(|l| l.due);
                if late.first().is_some_and(|l| l.due <= until) { Some(late.remove(0)) } else { None }
            };
            let Some(late) = next else { break };
            self.advance_to(late.due);
            let _turn = self.one_at_a_time.lock().await;
            self.book.say(|| "a late request arrives".to_owned());
            self.book.open().tally.late += 1;
            let _ = self.deliver(late.system, late.request, late.intent).await;
        }
        self.advance_to(until);
    }

    fn advance_to(&self, at: Timestamp) {
        let seconds = at.duration_since(self.house.clock.now()).as_secs();
        if seconds > 0 {
            self.house.sim.world().advance(u32::try_from(seconds).unwrap_or(u32::MAX));
        }
    }

    /// The request reaches the vendor; what it truly did is written into the book.
    async fn deliver(&self, system: System, request: Request, intent: Option<IntentId>) -> Result<Response, WireError> {
        let who = intent.and_then(|id| self.book.open().lines.get(&id).map(|line| line.purpose.holder.clone()));
        let looked_at: Vec<&Person> = match who {
            _ if self.thorough => self.people.iter().filter(|p| p.system == system).collect(),
            Some(holder) => self.people.iter().filter(|p| p.holder == holder).collect(),
            None => Vec::new(),
        };
        let look = || -> Vec<TruePass> { looked_at.iter().flat_map(|p| truth::passes(&self.house, p)).collect() };
        let before = look();
        let answer = self.house.ways[&system].exchange(request).await;
        if let Some(intent) = intent {
            self.book.open().done(intent, &before, &look());
        }
        answer
    }

    /// May this change set out? Its intent, if the journal says so durably.
    async fn allowed(&self, request: &Request) -> Option<IntentId> {
        let digests = digests(request);
        let said = format!("{} {}", request.method(), request.url().path());
        let found = self.book.open().sending(&digests);
        let Some(intent) = found else {
            self.book.open().wrong(format!("I1/I2: {said} without a SENDING of its own"));
            return None;
        };
        let durable = self.house.ledger.intent(intent).await.ok().flatten();
        let mut pages = self.book.open();
        if durable.is_none_or(|record| record.state != IntentState::Sending) {
            pages.wrong(format!("I1: {said} before SENDING was durable"));
        }
        if pages.reading_only {
            pages.wrong(format!("I5: {said} from a recovery"));
        }
        Some(intent)
    }

    /// It leaves: from here on it counts.
    fn leaves(&self, intent: Option<IntentId>) {
        let mut pages = self.book.open();
        pages.tally.mutations += 1;
        let Some(id) = intent else { return };
        let Some(line) = pages.lines.get_mut(&id) else { return };
        line.requests += 1;
        let (plan, makes) = (line.plan, line.purpose.act.makes());
        if let Some(plan) = plan.filter(|_| makes) {
            *pages.issued_by_plan.entry(plan).or_default() += 1;
        }
    }

    async fn carry(self: Arc<Self>, system: System, request: Request) -> Result<Response, WireError> {
        let _turn = self.one_at_a_time.lock().await;
        let mutation = request.method() != reqwest::Method::GET && !request.url().path().ends_with("/token");
        let trouble = {
            let mut pages = self.book.open();
            pages.tally.calls += 1;
            let armed = !pages.calm && pages.chance.percent(25);
            pages.tally.armed += u64::from(armed);
            let fires = armed && pages.chance.percent(25);
            pages.tally.fired += u64::from(fires);
            fires.then(|| Trouble::draw(&mut pages.chance, mutation, self.latest))
        };
        let intent = if mutation { self.allowed(&request).await } else { None };
        self.book.say(|| {
            let who = intent.map(short).unwrap_or_default();
            format!("{} {} {who} {trouble:?}", request.method(), request.url().path())
        });
        if mutation && trouble != Some(Trouble::Refused) {
            self.leaves(intent);
            self.others(intent);
        }
        let answer = self.troubled(system, request, intent, trouble).await;
        if mutation {
            self.others(intent);
        }
        answer
    }

    /// Somebody else acts on the same person at this very moment.
    fn others(&self, intent: Option<IntentId>) {
        let mut pages = self.book.open();
        if !self.rivals || pages.calm || !pages.chance.percent(12) {
            return;
        }
        let holder = intent.and_then(|id| pages.lines.get(&id)).map(|line| line.purpose.holder.clone());
        let Some(person) = self.people.iter().find(|p| Some(&p.holder) == holder.as_ref()) else { return };
        rivals::act(self, &mut pages, person);
    }

    async fn troubled(
        &self,
        system: System,
        request: Request,
        intent: Option<IntentId>,
        trouble: Option<Trouble>,
    ) -> Result<Response, WireError> {
        match trouble {
            None => self.deliver(system, request, intent).await,
            Some(Trouble::Refused) => Err(WireError::Refused),
            Some(Trouble::CutBefore) => Err(WireError::Cut),
            Some(Trouble::SilentBefore) => {
                self.house.sim.world().advance(DEADLINE);
                Err(WireError::TimedOut)
            }
            Some(Trouble::CutAfter) => {
                let _ = self.deliver(system, request, intent).await;
                Err(WireError::Cut)
            }
            Some(Trouble::SilentAfter) => {
                let _ = self.deliver(system, request, intent).await;
                self.house.sim.world().advance(DEADLINE);
                Err(WireError::TimedOut)
            }
            Some(Trouble::SilentLate(seconds)) => {
                let due = self.house.clock.now() + SignedDuration::from_secs(i64::from(seconds));
                let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
                late.push(Late { due, system, request, intent });
                Err(WireError::TimedOut)
            }
            Some(other) => {
                let on = FaultMatch {
                    method: Some(request.method().to_string()),
                    path: Some(request.url().path().to_owned()),
                };
                if let (Some(kind), Some(front)) = (other.fault(), self.house.sim.front(system)) {
                    front.faults.arm(Fault { on, kind, skip: 0, times: 1 }).unwrap();
                }
                self.deliver(system, request, intent).await
            }
        }
    }
}

/// What the journal may call this request: with its whole address, or without what the signature added to it.
fn digests(request: &Request) -> Vec<String> {
    let url = request.url();
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let whole = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let digest = |link: &str| {
        let mut hash = Sha256::new();
        for part in [request.method().as_str().as_bytes(), &[0], link.as_bytes(), &[0], body] {
            hash.update(part);
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let mut all = vec![digest(&whole)];
    if url.query().is_some() {
        all.push(digest(url.path()));
    }
    all
}

/// The wire of one process to one system.
pub struct ModelWire {
    pub street: Arc<Street>,
    pub life: Arc<Life>,
    pub system: System,
}

#[async_trait]
impl Wire for ModelWire {
    async fn exchange(&self, request: Request) -> Result<Response, WireError> {
        self.life.pass("before", "a call").await;
        // What has left goes on if its process dies.
        let carried = tokio::spawn(Arc::clone(&self.street).carry(self.system, request));
        let answer = carried.await.unwrap_or(Err(WireError::Cut));
        self.life.pass("after", "a call").await;
        answer
    }
}
