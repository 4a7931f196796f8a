//! Operators at their processes: they look, preview, confirm, wait with plans, confirm them twice, retire what waits,
//! settle what is open, and are killed over it.

use super::book::Book;
use super::checks;
use super::life::{Life, Scribe, is_alive, mark};
use super::readings::Watched;
use super::truth::{self, Person, TruePass};
use super::wires::{ModelWire, Street};
use passdesk::backends::wire::Wire;
use passdesk::domain::credential::System;
use passdesk::domain::journal::{IntentRecord, IntentState, ProcessMark};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::policy::Why;
use passdesk::domain::problem::{Problem, ProblemKind};
use passdesk::domain::reissue::{ReissueEnd, ReissuePlan, ReissueRequest, Settled};
use passdesk::domain::turn::{TurnPlan, TurnRequest};
use passdesk::ports::ledger::Ledger;
use passdesk::ports::provider::Provider;
use passdesk::simulator::Author;
use passdesk::workflow::gate::LiveView;
use passdesk::workflow::{Means, recovery, reissue, turn};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an operator confirmed, or may confirm.
#[derive(Clone)]
pub enum Plan {
    Reissue(Box<ReissuePlan>),
    Turn(Box<TurnPlan>),
}

/// A plan, which one, and for whom.
#[derive(Clone)]
pub struct Shown {
    pub number: u64,
    pub person: Person,
    /// The pass that it is about, as it was then.
    pub about: TruePass,
    pub plan: Plan,
}

/// What an operator wants.
#[derive(Clone, Debug)]
enum Wish {
    Reissue(ReissueRequest),
    Turn(TurnRequest),
}

/// One process with an operator in front of it.
pub struct Desk {
    pub life: Arc<Life>,
    street: Arc<Street>,
    clients: BTreeMap<System, Arc<dyn Provider>>,
    /// Plans that were shown and not yet confirmed.
    pub shelf: Vec<Shown>,
}

impl Desk {
    pub fn open(pid: u32, street: &Arc<Street>) -> Self {
        let life = Life::begin(pid, &street.book);
        Self { life, street: Arc::clone(street), clients: BTreeMap::new(), shelf: Vec::new() }
    }

    fn book(&self) -> &Arc<Book> {
        &self.street.book
    }

    /// What acting on a system needs, for one plan or none.
    pub fn means(&mut self, system: System, plan: Option<u64>) -> Means {
        let (street, life) = (&self.street, &self.life);
        let provider = self.clients.entry(system).or_insert_with(|| {
            let wire = ModelWire { street: Arc::clone(street), life: Arc::clone(life), system };
            let client = street.house.client_over(system, Arc::new(wire) as Arc<dyn Wire>);
            Arc::new(Watched { client, street: Arc::clone(street), life: Arc::clone(life) })
        });
        let scribe = Scribe { ledger: Arc::clone(&street.house.ledger), life: Arc::clone(life), plan };
        Means {
            provider: Arc::clone(provider),
            ledger: Arc::new(scribe) as Arc<dyn Ledger>,
            clock: Arc::clone(&street.house.clock),
            ids: Arc::clone(&street.house.ids),
            operator: "op7".into(),
            owner: mark(life.pid),
        }
    }

    /// The client of a system is opened anew: a key that was refused is asked for again.
    fn heed(&mut self, system: System, problem: &Problem) {
        if problem.kind == ProblemKind::Unauthorised {
            self.clients.remove(&system);
        }
    }

    /// Chooses somebody and something to do, as an operator with a list in front of her might.
    fn wish(&self, person: &Person) -> Option<(Wish, TruePass)> {
        let passes = truth::passes(&self.street.house, person);
        let mut pages = self.book().open();
        let chance = &mut pages.chance;
        let ours: Vec<&TruePass> =
            passes.iter().filter(|p| p.by == Author::Console && (!p.gone || chance_of_gone(p))).collect();
        let others: Vec<&TruePass> = passes.iter().filter(|p| p.by != Author::Console && !p.gone).collect();
        let from = if !ours.is_empty() && chance.percent(80) { &ours } else { &others };
        let pass = (*chance.pick(from)?).clone();
        let ticket = if chance.percent(85) { "INC0012345" } else { "" }.to_owned();
        let (holder, holder_link, credential) = (person.holder.clone(), person.link.clone(), person.credential(&pass));
        // What was seen is what the preview reads; what was seen long ago stands in an old plan.
        let seen = None;
        let note = String::new();
        let wish = if chance.percent(if pass.reissuable { 60 } else { 10 }) {
            let why = chance.pick(Why::TO_REPLACE).copied();
            let at_once = chance.percent(25);
            Wish::Reissue(ReissueRequest { holder, holder_link, credential, why, ticket, note, at_once, seen })
        } else {
            let verbs = [
                Verb::Suspend,
                Verb::Suspend,
                Verb::Resume,
                Verb::Resume,
                Verb::Unlink,
                Verb::End,
                Verb::End,
                Verb::Set,
            ];
            let verb = *chance.pick(&verbs)?;
            let why = chance.pick(&Why::ALL).copied();
            let words = ["in_production", "activated", "Lost", "Disabled (manually)", "blocked", "initialized"];
            let word = if verb == Verb::Set { chance.pick(&words).map(|w| (*w).to_owned()) } else { None };
            Wish::Turn(TurnRequest { holder, holder_link, credential, verb, word, why, ticket, note, seen })
        };
        Some((wish, pass))
    }

    /// Asks for a preview of something.
    pub async fn preview(&mut self, person: &Person, number: u64) -> Option<Shown> {
        let (wish, pass) = self.wish(person)?;
        let system = person.system;
        let means = self.means(system, None);
        self.book().open().tally.plans += 1;
        let life = Arc::clone(&self.life);
        let planned = life
            .live(async {
                match wish.clone() {
                    Wish::Reissue(request) => {
                        reissue::preview(&means, request).await.map(|plan| Plan::Reissue(Box::new(plan)))
                    }
                    Wish::Turn(request) => turn::preview(&means, request).await.map(|plan| Plan::Turn(Box::new(plan))),
                }
            })
            .await?;
        let what = match &wish {
            Wish::Reissue(r) => format!("reissue {} {:?} at once {}", pass.whole, r.why, r.at_once),
            Wish::Turn(t) => format!("{} {} {:?} {:?}", t.verb, pass.whole, t.word, t.why),
        };
        match planned {
            Ok(plan) => {
                let ownership = match &plan {
                    Plan::Reissue(plan) => {
                        self.book().say(|| format!("plan {number}: {what}, {}, leaves {}", plan.mode, plan.leaves_old));
                        plan.ownership.clone()
                    }
                    Plan::Turn(plan) => {
                        self.book().say(|| format!("plan {number}: {what} to {}", plan.target.word));
                        plan.ownership.clone()
                    }
                };
                let now = truth::passes(&self.street.house, person);
                let mut pages = self.book().open();
                checks::of_grade(&mut pages, &now, &pass.whole, &ownership);
                let reading = pages.readings.get(&(self.life.pid, person.holder.clone()));
                if let Some(truth) = reading.and_then(|reading| reading.truth.clone()) {
                    pages.shown.insert(number, truth);
                }
                drop(pages);
                Some(Shown { number, person: person.clone(), about: pass, plan })
            }
            Err(problem) => {
                self.book().say(|| format!("no plan {number}: {what}: {problem}"));
                self.book().open().tally.refused += 1;
                self.heed(system, &problem);
                None
            }
        }
    }

    /// Confirms a plan.
    pub async fn confirm(&mut self, shown: Shown) -> Option<ReissueEnd> {
        let means = self.means(shown.person.system, Some(shown.number));
        let life = Arc::clone(&self.life);
        self.book().say(|| format!("process {} confirms plan {}", life.pid, shown.number));
        self.book().open().tally.runs_of_plans += 1;
        let end = life
            .live(async {
                match shown.plan {
                    Plan::Reissue(plan) => Box::pin(reissue::run(&means, *plan, |_| ())).await,
                    Plan::Turn(plan) => Box::pin(turn::run(&means, *plan, |_| ())).await,
                }
            })
            .await?;
        self.ended(shown.person.system, &end);
        if let ReissueEnd::Watching(plan) = &end {
            let _ = life.live(reissue::new_card_of_holder(&means, plan)).await?;
        }
        Some(end)
    }

    /// Looks at an end as an operator does.
    fn ended(&mut self, system: System, end: &ReissueEnd) {
        let (word, problem) = match end {
            ReissueEnd::Done { .. } => ("done", None),
            ReissueEnd::Waiting { .. } => ("waiting", None),
            ReissueEnd::Watching(_) => ("watching", None),
            ReissueEnd::HalfDone(_, p) => ("half done", Some(p)),
            ReissueEnd::NotSent(p) => ("not sent", Some(p)),
            ReissueEnd::Rejected(_, p) => ("rejected", Some(p)),
            ReissueEnd::Unknown(_, p) => ("unknown", Some(p)),
            ReissueEnd::Ambiguous(_, p) => ("ambiguous", Some(p)),
            ReissueEnd::NotRecorded(_, p) => ("not recorded", Some(p)),
        };
        self.book().open().tally.end(word);
        self.book().say(|| format!("end: {word} {}", problem.map(ToString::to_string).unwrap_or_default()));
        if word == "not recorded" {
            self.book().open().wrong("NOT RECORDED with a ledger that works");
        }
        if let Some(problem) = problem.cloned() {
            self.heed(system, &problem);
        }
    }

    /// Retires an old pass whose successor may be usable.
    pub async fn retire(&mut self) -> Option<()> {
        let waiting = self.street.house.ledger.waiting_retirements().await.ok()?;
        let record = self.book().open().chance.pick(&waiting).cloned()?;
        let as_seen = self.book().open().chance.percent(60);
        let means = self.means(record.purpose.class.system(), None);
        let (life, book) = (Arc::clone(&self.life), Arc::clone(self.book()));
        let confirmed = book.open().shown_of.get(&record.purpose.saga).cloned();
        let end = life
            .live(Box::pin(async {
                if !as_seen {
                    return reissue::retire(&means, record.clone()).await;
                }
                let old = record.purpose.old.clone();
                let (saga, by) = (record.purpose.saga, (means.owner.pid, record.purpose.holder.clone()));
                let view = LiveView::read(&means, &record.purpose.holder, &record.purpose.holder_link).await;
                let seen = match (&view, &old) {
                    (Ok(view), Some(old)) => view.object(old).map(|(card, _)| card.fingerprint()),
                    _ => None,
                };
                {
                    let mut pages = book.open();
                    let truth = pages.readings.get(&by).and_then(|reading| reading.truth.clone());
                    pages.shown_of.insert(saga, truth.unwrap_or_default());
                }
                reissue::retire_as_seen(&means, record.clone(), &seen.unwrap_or_default()).await
            }))
            .await;
        if let Some(confirmed) = confirmed {
            // A look that led to nothing does not change what was confirmed with the reissue.
            book.open().shown_of.insert(record.purpose.saga, confirmed);
        }
        let end = end?;
        self.ended(record.purpose.class.system(), &end);
        Some(())
    }

    /// Looks at a person: no grade may say more than the truth.
    pub async fn look(&mut self, person: &Person) -> Option<()> {
        let means = self.means(person.system, None);
        let life = Arc::clone(&self.life);
        let view = life.live(LiveView::read(&means, &person.holder, &person.link)).await?;
        match view {
            Ok(view) => {
                let truth = truth::passes(&self.street.house, person);
                let mut pages = self.book().open();
                for (card, ownership) in view.read.credentials.iter().zip(&view.grades) {
                    checks::of_grade(&mut pages, &truth, card.id.key.as_str(), ownership);
                }
            }
            Err(problem) => self.heed(person.system, &problem),
        }
        Some(())
    }

    /// Settles by reading what this process or a dead one left open. Nothing may be sent.
    pub async fn recover(&mut self) {
        let mut systems: Vec<System> = Vec::new();
        for record in self.street.house.ledger.unfinished().await.unwrap_or_default() {
            if !systems.contains(&record.purpose.class.system()) {
                systems.push(record.purpose.class.system());
            }
        }
        self.book().open().reading_only = true;
        for system in systems {
            let means = self.means(system, None);
            let own = mark(self.life.pid);
            let life = Arc::clone(&self.life);
            let alive = |owner: &ProcessMark| *owner != own && is_alive(owner);
            let Some(settled) = life.live(Box::pin(recovery::recover(&means, &alive))).await else { break };
            self.note(&settled);
            if settled.is_empty() || settled.iter().any(|s| s.words.contains("refused our key")) {
                self.clients.remove(&system);
            }
        }
        self.book().open().reading_only = false;
    }

    fn note(&self, settled: &[Settled]) {
        for one in settled {
            self.book().say(|| format!("settled {}: {} {}", super::book::short(one.intent), one.state, one.words));
        }
    }

    /// A person looks at an open question and decides about it.
    pub async fn decide(&mut self) -> Option<()> {
        let open: Vec<IntentRecord> = self.street.house.ledger.unfinished().await.ok()?;
        let open: Vec<IntentRecord> =
            open.into_iter().filter(|r| !is_alive(&r.purpose.owner) || r.state != IntentState::Sending).collect();
        let (record, park) = {
            let mut pages = self.book().open();
            (pages.chance.pick(&open).cloned()?, pages.chance.percent(50))
        };
        let truth_says_nothing = self.book().open().lines.get(&record.intent).is_some_and(|line| line.made.is_empty());
        let means = self.means(record.purpose.class.system(), None);
        let life = Arc::clone(&self.life);
        let done = life
            .live(async {
                if park {
                    recovery::hold(&means, record.intent, "looked at it").await
                } else if truth_says_nothing {
                    // She looked in the vendor's own screens, and nothing is there.
                    recovery::nothing_was_made(&means, record.intent, "looked there").await
                } else {
                    recovery::hold(&means, record.intent, "it is there").await
                }
            })
            .await?;
        if let Ok(settled) = done {
            if let Some(line) = self.book().open().lines.get_mut(&record.intent) {
                line.decided = true;
            }
            self.note(&[settled]);
        }
        Some(())
    }
}

fn chance_of_gone(pass: &TruePass) -> bool {
    // A pass that is ended and still listed may be reissued; one that was removed cannot be found.
    !pass.id.contains('/')
}
