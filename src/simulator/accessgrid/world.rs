//! The true state of the simulated AccessGrid account: passes, who did what to them, and the balance.

use super::early::{early, halves, numbers_of};
use super::foreign::ForeignAct;
use super::ids::Number;
use super::log::{Actor, LogRow, early_rows};
use super::organisation::Organisation;
use super::pass::{Action, Device, DeviceStatus, DeviceType, Pass, State};
use super::switches::{PairAction, Switches};
use super::templates::Template;
use crate::simulator::Author;
use crate::simulator::clock::later;
use crate::simulator::population::{Population, spread};
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::HashMap;

/// What one issue costs, in cents.
pub const PRICE: i64 = 150;

/// A pair of account id and secret. Both accounts manage the same passes: two programs of one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `X-ACCT-ID`.
    pub id: String,
    /// Key of the signature.
    pub secret: String,
    /// Whose calls these are.
    pub author: Author,
    /// A disabled account gets 401.
    pub disabled: bool,
}

/// A row of the log at the start, without its texts.
pub type EarlyRow = (Timestamp, &'static str, Number, Template, Author);

/// Everything that can change. Held behind one lock; each request sees it whole.
#[derive(Debug)]
pub struct GridWorld {
    /// The people and, through them, the passes of the start.
    pub population: Population,
    seed: u64,
    /// Passes that changed or came since.
    changed: HashMap<Number, Pass>,
    /// Pairs that came since.
    pairs: HashMap<Number, [Number; 2]>,
    /// All passes, oldest first.
    order: Vec<Number>,
    later: u32,
    /// What the vendor leaves open.
    pub switches: Switches,
    /// The console's account, and the other system's.
    pub accounts: [Account; 2],
    /// Cents.
    pub balance: i64,
    /// So many more calls get 429.
    pub throttled: u32,
    /// What happened since the start, oldest first.
    pub log: Vec<LogRow>,
    early_log: Option<Vec<EarlyRow>>,
    /// What administrators set up.
    pub organisation: Organisation,
    /// What others do around the next call that changes something.
    pub waiting: Vec<ForeignAct>,
}

/// Why an act was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No such pass.
    Unknown,
    /// Not from this state.
    State,
}

impl GridWorld {
    /// The account at the start.
    pub fn new(seed: u64, population: Population) -> Self {
        let mut dated: Vec<(Timestamp, Number)> = (0..population.count)
            .flat_map(|index| numbers_of(&population, index))
            .filter_map(|number| Some((early(&population, number)?.created, number)))
            .collect();
        dated.sort_unstable();
        let account = |author, purpose: u64, name: &str| {
            let word = |n: u64| spread(seed ^ spread(purpose + n));
            let secret = format!("{:016x}{:016x}", word(1), word(2));
            Account { id: format!("acct_{name}_{:08x}", word(3) as u32), secret, author, disabled: false }
        };
        Self {
            seed,
            changed: HashMap::new(),
            pairs: HashMap::new(),
            order: dated.into_iter().map(|(_, number)| number).collect(),
            later: 0,
            switches: Switches::default(),
            accounts: [account(Author::Console, 0xacc0, "desk"), account(Author::Foreign, 0xacd0, "visits")],
            balance: 1_000_000,
            throttled: 0,
            log: Vec::new(),
            early_log: None,
            organisation: Organisation::new(seed, population.start()),
            waiting: Vec::new(),
            population,
        }
    }

    /// The id of an address.
    pub fn id(&self, number: Number) -> String {
        number.id(self.seed)
    }

    /// The address that an id leads to, of a pass or a pair.
    pub fn number(&self, id: &str) -> Option<Number> {
        Number::of_id(id, self.seed)
    }

    /// The pass at an address.
    pub fn pass(&self, number: Number) -> Option<Cow<'_, Pass>> {
        match self.changed.get(&number) {
            Some(pass) => Some(Cow::Borrowed(pass)),
            None => early(&self.population, number).map(|early| Cow::Owned(early.pass(&self.population))),
        }
    }

    /// The halves of the pair at an address.
    pub fn pair(&self, number: Number) -> Option<[Number; 2]> {
        self.pairs.get(&number).copied().or_else(|| halves(&self.population, number))
    }

    /// All passes, oldest first.
    pub fn order(&self) -> &[Number] {
        &self.order
    }

    /// The template of a pass, which never changes, without making the pass.
    pub fn template(&self, number: Number) -> Option<Template> {
        match self.changed.get(&number) {
            Some(pass) => Some(pass.template),
            None => early(&self.population, number).map(|early| early.template),
        }
    }

    /// The state of a pass without making the pass.
    pub fn state(&self, number: Number) -> Option<State> {
        match self.changed.get(&number) {
            Some(pass) => Some(pass.state),
            None => early(&self.population, number).map(|early| early.state),
        }
    }

    /// The tag of this console on a pass nobody has touched since the start, without making the pass. `Err`: the
    /// pass was touched.
    pub fn early_tag(&self, number: Number) -> Result<Option<String>, &Pass> {
        match self.changed.get(&number) {
            Some(pass) => Err(pass),
            None => Ok(early(&self.population, number)
                .and_then(|early| early.console_ref(&self.population))
                .map(|tag| tag.to_string())),
        }
    }

    /// Passes that may carry this employee number: those of the start's person who has it, and everything touched.
    pub fn candidates_of_employee(&self, employee: &str) -> Vec<Number> {
        let index = employee.strip_prefix('E').and_then(|n| n.parse::<u32>().ok()).and_then(|n| n.checked_sub(10_422));
        let index = index.filter(|index| *index < self.population.count);
        let start = index.into_iter().flat_map(|index| numbers_of(&self.population, index));
        let mut found: Vec<Number> = start.chain(self.changed.keys().copied()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Rows of the log before the world began.
    pub fn early_log(&mut self) -> &[EarlyRow] {
        if self.early_log.is_none() {
            self.early_log = Some(early_rows(&self.population));
        }
        self.early_log.as_deref().unwrap_or_default()
    }

    /// Keeps a pass as it now is.
    pub fn keep(&mut self, pass: Pass) {
        self.changed.insert(pass.number, pass);
    }

    /// Notes what happened.
    pub fn note(&mut self, pass: &Pass, event: &'static str, actor: &Actor, at: Timestamp) {
        self.log.push(LogRow { at, event, pass: pass.number, template: pass.template, actor: actor.clone() });
    }

    /// An address that nothing has had.
    pub fn new_number(&mut self) -> Number {
        self.later += 1;
        Number::of_later(self.later)
    }

    /// Adds a pass that has just been issued.
    pub fn add(&mut self, pass: Pass, actor: &Actor, now: Timestamp) {
        self.note(&pass, "access_pass.issued", actor, now);
        self.order.push(pass.number);
        self.keep(pass);
    }

    /// Adds a pair of passes that have just been issued.
    pub fn add_pair(&mut self, pair: Number, halves: [Pass; 2], actor: &Actor, now: Timestamp) {
        self.pairs.insert(pair, [halves[0].number, halves[1].number]);
        for pass in halves {
            self.add(pass, actor, now);
        }
    }

    /// An API call on a pass or a pair (contract sections 4 and 5). Returns whether something changed.
    ///
    /// # Errors
    /// If there is none, or its state forbids it.
    pub fn act(&mut self, number: Number, action: Action, actor: &Actor, now: Timestamp) -> Result<bool, Refused> {
        let Some(halves) = self.pair(number) else {
            return self.act_on_one(number, action, actor, now);
        };
        match self.switches.pair_action {
            PairAction::NotFound => Err(Refused::Unknown),
            PairAction::FirstHalf => self.act_on_one(halves[0], action, actor, now),
            PairAction::EachHalf => {
                let done = halves.map(|half| self.act_on_one(half, action, actor, now));
                if done.iter().all(Result::is_err) { done[0] } else { Ok(done.contains(&Ok(true))) }
            }
        }
    }

    fn act_on_one(&mut self, number: Number, action: Action, actor: &Actor, now: Timestamp) -> Result<bool, Refused> {
        let mut pass = self.pass(number).ok_or(Refused::Unknown)?.into_owned();
        let state = action.from(pass.state, &self.switches).ok_or(Refused::State)?;
        let changes = state != pass.state;
        if changes {
            pass.enter(state, actor.by, now);
            self.note(&pass, action.event(), actor, now);
            self.keep(pass);
        }
        Ok(changes)
    }

    /// The holder puts a pass on a phone; the other half of a pair is deleted then (contract section 4.1).
    ///
    /// # Errors
    /// If the pass is not there or may not be installed, or the device is of the other kind.
    pub fn install(&mut self, number: Number, kind: DeviceType, now: Timestamp) -> Result<(), String> {
        let mut pass = self.pass(number).ok_or("there is no such pass")?.into_owned();
        if kind.platform() != pass.template.platform() {
            return Err(format!("a {kind} does not take a pass for {}", pass.template.platform()));
        }
        if !matches!(pass.state, State::Created | State::Active) {
            return Err(format!("a pass that is {} cannot be installed", pass.state));
        }
        if pass.expires.is_some_and(|until| until < now) {
            return Err("the pass has expired".to_owned());
        }
        let actor = Actor::of(Author::Holder);
        let turn = spread(self.seed ^ spread(self.log.len() as u64 ^ 0xde_51ce));
        let id = format!("dev_{:012x}", turn & 0xffff_ffff_ffff);
        pass.devices.push(Device { id, kind, status: DeviceStatus::Installed, created: now, updated: now });
        pass.enter(State::Active, Author::Holder, now);
        self.note(&pass, "access_pass.device_added", &actor, now);
        let other = pass.unified.and_then(|pair| self.pair(pair));
        self.keep(pass);
        let other = other.into_iter().flatten().find(|half| *half != number);
        if let Some(other) = other {
            // Already gone: nothing is left to do.
            let _ = self.act_on_one(other, Action::Delete, &Actor::of(Author::Vendor), now);
        }
        Ok(())
    }

    /// The holder removes a pass from the wallet: the device says so, the state does not change (contract C8).
    ///
    /// # Errors
    /// If the pass is not there or on no device.
    pub fn uninstall(&mut self, number: Number, now: Timestamp) -> Result<(), String> {
        let mut pass = self.pass(number).ok_or("there is no such pass")?.into_owned();
        let there = pass.devices.iter_mut().filter(|d| d.status != DeviceStatus::Uninstalled);
        let count = there.map(|device| (device.status, device.updated) = (DeviceStatus::Uninstalled, now)).count();
        if count == 0 {
            return Err("the pass is on no device".to_owned());
        }
        pass.updated = now;
        self.note(&pass, "access_pass.device_removed", &Actor::of(Author::Holder), now);
        self.keep(pass);
        Ok(())
    }

    /// The holder reports the device lost, or found again (contract section 5 and C4).
    ///
    /// # Errors
    /// If the state allows no such thing.
    pub fn device_reported(&mut self, number: Number, found: bool, now: Timestamp) -> Result<(), String> {
        let mut pass = self.pass(number).ok_or("there is no such pass")?.into_owned();
        let (from, to, event) = if found {
            (State::Suspended, State::Active, "access_pass.device_resumed")
        } else {
            (State::Active, State::Suspended, "access_pass.device_suspended")
        };
        if pass.state != from {
            return Err(format!("the pass is {}, not {from}", pass.state));
        }
        if found && pass.suspended_by != Some(Author::Holder) && !self.switches.found_resumes_api_suspend {
            return Err("the pass was suspended by a call, which finding the phone does not undo".to_owned());
        }
        pass.enter(to, Author::Holder, now);
        self.note(&pass, event, &Actor::of(Author::Holder), now);
        self.keep(pass);
        Ok(())
    }

    /// Sets the expiration date of a pass to a moment that has passed; the state stays (contract C8).
    ///
    /// # Errors
    /// If the pass is not there.
    pub fn expire(&mut self, number: Number, now: Timestamp) -> Result<(), String> {
        let mut pass = self.pass(number).ok_or("there is no such pass")?.into_owned();
        pass.expires = Some(later(now, -1));
        pass.updated = now;
        self.note(&pass, "access_pass.expired", &Actor::of(Author::Vendor), now);
        self.keep(pass);
        Ok(())
    }
}
