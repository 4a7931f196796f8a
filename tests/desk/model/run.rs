//! One run: a small world, one to three processes, everybody else, and what is true at the end.

use super::book::{Book, Chance};
use super::checks;
use super::life::{is_alive, nobody_lives};
use super::operators::{Desk, Shown};
use super::rivals;
use super::tally::{Means, Tally};
use super::truth::{self, Person};
use super::wires::Street;
use crate::indoors::{Pattern, Says};
use crate::site::Proofs;
use passdesk::domain::credential::System;
use passdesk::domain::ids::HolderId;
use passdesk::domain::journal::IntentState;
use passdesk::ports::ledger::LedgerHealth;
use passdesk::simulator::Author;
use passdesk::workflow::recovery::RECONCILE_AT_SECONDS;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// What came of a run.
pub struct Came {
    pub tally: Tally,
    pub wrongs: Vec<String>,
    pub trace: Vec<String>,
}

/// Worlds that runs begin in, for each number of people.
const TOWNS: u64 = 16;

thread_local! {
    static PATTERNS: RefCell<BTreeMap<(u64, u32), Rc<Pattern>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The world of that town as it is at the beginning. Making it takes longer than most runs that begin in it.
async fn pattern(town: u64, people: u32) -> Rc<Pattern> {
    if let Some(known) = PATTERNS.with_borrow(|all| all.get(&(town, people)).cloned()) {
        return known;
    }
    let made = Rc::new(Pattern::draw(town, people).await);
    PATTERNS.with_borrow_mut(|all| all.insert((town, people), Rc::clone(&made)));
    made
}

/// Plays a seed, and keeps its trace if that is wanted.
pub async fn play(seed: u64, traced: bool) -> Came {
    nobody_lives();
    let mut chance = Chance::of(seed);
    let proofs = match chance.below(10) {
        0..4 => Proofs { marker: true, feed: true },
        4..6 => Proofs { marker: true, feed: false },
        6..8 => Proofs { marker: false, feed: true },
        _ => Proofs { marker: false, feed: false },
    };
    let rivals = chance.percent(60);
    let count = chance.between(10, 14);
    // Where somebody else issues, the site does not say that nobody does.
    let sole_issuer = !rivals && chance.percent(70);
    let town = seed % TOWNS;
    let house = pattern(town, count).await.house(seed, Says { proofs, sole_issuer }, is_alive).await;
    let people = truth::people(&house, town, count);
    let book = Book::new(seed, traced);
    // Without a mark, a difference of lists binds after the longest deadline that a site may set; nothing is done
    // later than that. With one, only the settle window bounds it.
    let latest = if proofs.marker { 580 } else { 50 };
    book.say(|| format!("seed {seed}: {proofs:?}, sole issuer {sole_issuer}, rivals {rivals}, {count} people"));
    let street = Arc::new(Street::new(house, Arc::clone(&book), people, rivals, latest, seed.is_multiple_of(16)));
    let desks = chance.between(1, 3);
    let mut run = Run {
        street,
        book,
        proofs,
        sole_issuer,
        desks: Vec::new(),
        pids: 100,
        plans: 0,
        favourites: Vec::new(),
        printed_before: BTreeSet::new(),
    };
    run.printed_before = run.cards_of_ours();
    run.favourites = run.choose_people(&mut chance);
    for _ in 0..desks {
        let desk = run.start();
        run.desks.push(desk);
    }
    let steps = chance.between(30, 40) as usize;
    for step in 0..steps {
        run.book.open().begin_step(step);
        Box::pin(run.step(&mut chance)).await;
        checks::of_standing(&mut run.book.open());
        if !run.book.open().wrongs.is_empty() {
            break;
        }
    }
    if run.book.open().wrongs.is_empty() {
        Box::pin(run.finish()).await;
    }
    run.result(rivals)
}

struct Run {
    street: Arc<Street>,
    book: Arc<Book>,
    proofs: Proofs,
    sole_issuer: bool,
    desks: Vec<Desk>,
    pids: u32,
    plans: u64,
    /// The few people on whom most of it happens: where nobody meets, nothing goes wrong.
    favourites: Vec<Person>,
    /// Cards of CardExchange that our key made before it began: an operator may delete them for good.
    printed_before: BTreeSet<String>,
}

impl Run {
    fn choose_people(&self, chance: &mut Chance) -> Vec<Person> {
        let sim = &self.street.house.sim;
        let ours: Vec<String> = sim
            .issued_by_console()
            .iter()
            .map(|issue| issue.holder_id.clone())
            .chain(sim.grid().issued().into_iter().map(|issue| issue.employee_id))
            .collect();
        let mut chosen = Vec::new();
        for system in System::ALL {
            let all: Vec<&Person> = self.street.people.iter().filter(|p| p.system == system).collect();
            let has_ours = |p: &Person| match system {
                System::CardExchange => {
                    truth::passes(&self.street.house, p).iter().any(|pass| pass.by == Author::Console && !pass.gone)
                }
                _ => ours.contains(&p.key),
            };
            // Nothing of ours is made at Thales D1: one of its consumers will do.
            if system != System::ThalesD1 {
                let with_ours: Vec<&Person> = all.iter().filter(|p| has_ours(p)).copied().collect();
                chosen.extend(chance.pick(&with_ours).map(|p| (*p).clone()));
            }
            chosen.extend(chance.pick(&all).map(|p| (*p).clone()));
        }
        chosen
    }

    fn cards_of_ours(&self) -> BTreeSet<String> {
        let exchange = self.street.house.sim.exchange();
        let people = self.street.people.iter().filter(|p| p.system == System::CardExchange);
        let cards = people.filter_map(|p| exchange.person(&p.key)).flat_map(|person| person.cards);
        cards.filter(|card| card.created_by == Author::Console).map(|card| card.id).collect()
    }

    fn somebody(&self, chance: &mut Chance) -> Person {
        let from = if chance.percent(90) { &self.favourites } else { &self.street.people };
        chance.pick(from).unwrap_or(&self.street.people[0]).clone()
    }

    fn start(&mut self) -> Desk {
        self.pids += 1;
        Desk::open(self.pids, &self.street)
    }

    /// A process that died, or was left, is followed by a new one, which recovers.
    async fn restart(&mut self, at: usize) {
        self.desks[at].life.die();
        let mut desk = self.start();
        self.book.say(|| format!("process {} starts", desk.life.pid));
        desk.recover().await;
        self.desks[at] = desk;
    }

    async fn step(&mut self, chance: &mut Chance) {
        self.street.advance(chance.between(1, 9)).await;
        let at = chance.below(self.desks.len());
        let draw = chance.below(100);
        // One process in five is doomed while it works.
        let doomed = draw < 62 && chance.percent(20);
        if doomed {
            self.desks[at].life.dies_after(chance.below(26));
        }
        match draw {
            0..18 => {
                let person = self.somebody(chance);
                self.preview(at, &person).await;
            }
            18..44 => {
                if self.desks[at].shelf.is_empty() {
                    let person = self.somebody(chance);
                    self.preview(at, &person).await;
                }
                self.confirm(at, chance).await;
            }
            44..50 => self.contest(at, chance).await,
            50..56 => drop(self.desks[at].retire().await),
            56..60 => self.desks[at].recover().await,
            60..62 => {
                let person = self.somebody(chance);
                self.desks[at].look(&person).await;
            }
            62..72 => {
                let person = self.somebody(chance);
                rivals::holder(&self.street.house, &mut self.book.open(), &person);
            }
            72..82 => {
                let person = self.somebody(chance);
                let mut pages = self.book.open();
                if self.street.rivals {
                    rivals::act(&self.street, &mut pages, &person);
                } else {
                    rivals::holder(&self.street.house, &mut pages, &person);
                }
            }
            82..90 => {
                let times = [60, 700, 3_600, 86_400, 9 * 86_400, 45 * 86_400];
                let seconds = times[chance.below(times.len())];
                self.book.say(|| format!("{seconds} s pass"));
                self.street.advance(seconds).await;
            }
            90..94 => rivals::weather(&self.street.house, &mut self.book.open()),
            94..97 => self.restart(at).await,
            _ => drop(self.desks[at].decide().await),
        }
        self.desks[at].life.goes_on();
        for at in 0..self.desks.len() {
            if !is_alive(&super::life::mark(self.desks[at].life.pid)) {
                // Sometimes nobody starts again for a while.
                self.street.advance(chance.between(0, 90)).await;
                self.restart(at).await;
            }
        }
    }

    async fn preview(&mut self, at: usize, person: &Person) {
        self.plans += 1;
        let number = self.plans;
        if let Some(shown) = self.desks[at].preview(person, number).await {
            self.desks[at].shelf.push(shown);
        }
    }

    /// Confirms the newest plan, or an old one, and sometimes a copy of it as well.
    async fn confirm(&mut self, at: usize, chance: &mut Chance) {
        let shelf = &mut self.desks[at].shelf;
        if shelf.is_empty() {
            return;
        }
        let which = if chance.percent(80) { shelf.len() - 1 } else { chance.below(shelf.len()) };
        let shown = shelf.remove(which);
        if chance.percent(15) {
            shelf.push(shown.clone());
        }
        self.street.advance(chance.between(1, 5)).await;
        if self.street.rivals && chance.percent(15) {
            rivals::meddle(&self.street, &mut self.book.open(), &shown.person, &shown.about);
        }
        self.desks[at].confirm(shown).await;
    }

    /// Two processes at the same person at the same time, with plans of their own or with one plan twice.
    async fn contest(&mut self, at: usize, chance: &mut Chance) {
        if self.desks.len() < 2 {
            return self.confirm(at, chance).await;
        }
        let other = (at + 1) % self.desks.len();
        let person = self.somebody(chance);
        self.plans += 2;
        let (mine, theirs) = (self.plans - 1, self.plans);
        let Some(first) = self.desks[at].preview(&person, mine).await else { return };
        let second: Option<Shown> =
            if chance.percent(30) { Some(first.clone()) } else { self.desks[other].preview(&person, theirs).await };
        let Some(second) = second else { return };
        self.street.advance(1).await;
        let mut pair = self.desks.iter_mut().enumerate().filter(|(i, _)| *i == at || *i == other).map(|(_, desk)| desk);
        if let (Some(one), Some(two)) = (pair.next(), pair.next()) {
            tokio::join!(one.confirm(first), two.confirm(second));
        }
    }

    /// Everything is calm again, everybody is gone, and one new process finds out by reading, as long as it takes.
    async fn finish(&mut self) {
        self.book.open().begin_step(999);
        self.book.open().calm = true;
        rivals::fair_weather(&self.street.house);
        self.street.advance(600).await;
        for desk in &self.desks {
            desk.life.die();
        }
        let mut desk = self.start();
        let mut waited = 0;
        for at in RECONCILE_AT_SECONDS.into_iter().chain([1_500, 2_400]) {
            let open = self.street.house.ledger.unfinished().await.unwrap_or_default();
            if open.is_empty() {
                break;
            }
            self.street.advance((at - waited) as u32).await;
            waited = at;
            desk.recover().await;
        }
        checks::of_standing(&mut self.book.open());
        let acted_on: BTreeSet<HolderId> =
            self.book.open().lines.values().map(|line| line.purpose.holder.clone()).collect();
        for person in self.street.people.iter().filter(|p| acted_on.contains(&p.holder)) {
            desk.look(person).await;
        }
        self.whole_world();
        if self.street.thorough {
            let health = self.street.house.ledger.verify().await;
            if !matches!(health, LedgerHealth::Verified { .. }) {
                self.book.open().wrong(format!("I7: {health:?}"));
            }
        }
        let unfinished = self.street.house.ledger.unfinished().await.unwrap_or_default();
        let mut pages = self.book.open();
        for (id, line) in pages.lines.clone() {
            let listed = unfinished.iter().any(|r| r.intent == id && r.state == line.state);
            if listed == line.state.is_terminal() {
                pages.wrong(format!("{id} is {} here and listed as unfinished: {listed}", line.state));
            }
            if line.state == IntentState::Sending {
                pages.wrong(format!("{id} is SENDING after a recovery"));
            }
        }
    }

    /// Everybody's passes: what our key made since the beginning belongs to an intent, and what it removed was ours.
    fn whole_world(&self) {
        let sim = &self.street.house.sim;
        let begin = crate::stage::BEGIN.parse().unwrap();
        let mut pages = self.book.open();
        let made: Vec<String> = pages.lines.values().flat_map(|line| line.made.clone()).collect();
        let mut missing = Vec::new();
        for person in &self.street.people {
            match person.system {
                System::Gallagher => {
                    let Some(truth) = sim.world().cardholder(&person.key) else { continue };
                    for card in truth.cards.iter().chain(&truth.removed) {
                        let id = format!("{}/{}", person.key, card.segment);
                        if card.created_by == Author::Console && card.created_at > begin && !made.contains(&id) {
                            missing.push(format!("LOST: {id} is ours and belongs to no intent"));
                        }
                        if card.removed_by == Some(Author::Console) && card.created_by != Author::Console {
                            missing.push(format!("FOREIGN MUTATED: {id} was removed by us"));
                        }
                    }
                }
                System::AccessGrid => {
                    for pass in sim.grid().passes_of(&person.key) {
                        if pass.created_by == Author::Console && pass.created_at > begin && !made.contains(&pass.id) {
                            missing.push(format!("LOST: {} is ours and belongs to no intent", pass.id));
                        }
                    }
                }
                System::CardExchange => {
                    for card in sim.exchange().person(&person.key).map(|p| p.cards).unwrap_or_default() {
                        if card.created_by == Author::Console && card.created_at > begin && !made.contains(&card.id) {
                            missing.push(format!("LOST: {} is ours and belongs to no intent", card.id));
                        }
                    }
                }
                System::ThalesD1 => {}
            }
        }
        for deed in sim.exchange().deeds().into_iter().filter(|deed| deed.by == Author::Console) {
            let id = deed.object.rsplit('/').next().unwrap_or_default();
            let by = sim.exchange().card(id).map(|card| card.created_by);
            // One that an operator deleted is not there any more.
            let ours = || self.printed_before.contains(id) || made.iter().any(|made| made == id);
            if by.map_or_else(|| !ours(), |by| by != Author::Console) {
                missing.push(format!("FOREIGN MUTATED: {} {} of {by:?}", deed.object, deed.what));
            }
        }
        for what in missing {
            pages.wrong(what);
        }
    }

    fn result(&self, rivals: bool) -> Came {
        let mut pages = self.book.open();
        pages.tally.runs = 1;
        pages.tally.with_rivals = u64::from(rivals);
        for line in pages.lines.clone().values() {
            let feed = self.proofs.feed && line.system() == System::Gallagher;
            // D1 marks its operations in any case.
            let means = if self.proofs.marker || feed || line.system() == System::ThalesD1 {
                Means::Mark
            } else if self.sole_issuer {
                Means::Alone
            } else {
                Means::Lists
            };
            pages.tally.lost(line, means);
        }
        Came { tally: pages.tally.clone(), wrongs: pages.wrongs.clone(), trace: pages.trace().clone() }
    }
}
