//! The true state of the simulated site: people, cards, what changed, and who did it.

use super::card_types::{CardType, NumberFormat};
use super::change_record::{ChangeKind, ChangeRecord};
use super::foreign::ForeignWrite;
use super::operator_events::OperatorEvent;
use super::operators::{Actor, Client, Clients, Operator, Source};
use super::person::{FIRST_ID, Person};
use super::switches::{ForeignOperator, Switches};
use super::wallet::{Device, WalletAct, WalletMove};
use crate::simulator::Author;
use crate::simulator::clock::later;
use crate::simulator::population::{PassFate, Population, spread};
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Everything that can change. Held behind one lock; each request sees it whole.
#[derive(Debug)]
pub struct World {
    /// The people as they were at the start.
    pub population: Population,
    /// People who were changed or created since.
    changed: HashMap<u32, Person>,
    deleted: BTreeSet<u32>,
    next_index: u32,
    /// Numbers handed out since the start, for uniqueness.
    numbers: HashMap<(u16, String), u32>,
    /// Phone credentials whose invitation waits for the cloud: person and lasting identity.
    unsent: Vec<(u32, u128)>,
    /// Badges on their way: when they show, on whom, and from which phone credential.
    badges: Vec<(Timestamp, u32, u128)>,
    cloud_since: Timestamp,
    by_name: Option<Vec<u32>>,
    /// Unpublished behaviour.
    pub switches: Switches,
    /// The change feed, oldest first.
    pub changes: Vec<ChangeRecord>,
    /// Operator events, oldest first.
    pub events: Vec<OperatorEvent>,
    /// People open in an interactive editor (contract section 3: 409).
    pub locked: HashSet<u32>,
    /// REST clients with their keys.
    pub clients: Clients,
    /// Foreign writes that wait for the console's next PATCH.
    pub waiting: Vec<ForeignWrite>,
    draws: u64,
    seed: u64,
}

impl World {
    /// The default world (decision 7).
    pub fn new(seed: u64, cardholders: u32, start: Timestamp) -> Self {
        let population = Population::new(seed, cardholders, start);
        let mut world = Self {
            changed: HashMap::new(),
            deleted: BTreeSet::new(),
            next_index: cardholders,
            numbers: HashMap::new(),
            unsent: Vec::new(),
            badges: Vec::new(),
            cloud_since: start,
            by_name: None,
            switches: Switches::default(),
            changes: Vec::new(),
            events: Vec::new(),
            locked: HashSet::new(),
            clients: Clients::new(seed),
            waiting: Vec::new(),
            draws: 0,
            seed,
            population,
        };
        world.write_early_events();
        world
    }

    /// Events of what the console did before the world began: its history has something to show.
    fn write_early_events(&mut self) {
        let mut early = Vec::new();
        for index in self.population.with_console_pass() {
            let person = self.population.person(index);
            for card in person.cards.iter().filter(|c| c.author == Author::Console) {
                early.push((card.created, 15_005, index, format!("Card \"{}\" added", card.number)));
                if let Some(at) = card.invitation.as_ref().and_then(|i| i.accepted) {
                    early.push((at, 15_820, index, String::new()));
                }
            }
        }
        early.sort();
        for (at, type_id, index, details) in early {
            let actor = self.actor(Author::Console);
            self.record_event(at, type_id, &self.population.person(index), &actor, details);
        }
    }

    /// From now on no REST client gets in without the certificate that has this thumbprint (contract section 1).
    pub fn demand_certificate(&mut self, thumbprint: &str) {
        self.clients.register(thumbprint);
        self.switches.allow_no_certificate = false;
    }

    /// Bits that nobody can foretell but the seed.
    pub fn draw(&mut self) -> u128 {
        self.draws += 1;
        let high = spread(self.seed ^ spread(self.draws ^ 0x5eed_0001));
        let low = spread(high ^ spread(self.draws ^ 0x5eed_0002));
        (u128::from(high) << 64) | u128::from(low)
    }

    /// Lets what is due happen: invitations go out once the cloud is up and the delay has passed.
    pub fn tick(&mut self, now: Timestamp) {
        let (due, waiting) = std::mem::take(&mut self.badges).into_iter().partition(|(at, _, _)| *at <= now);
        self.badges = waiting;
        let due: Vec<(Timestamp, u32, u128)> = due;
        for (at, index, segment) in due {
            let (cardholder, card) = ((index + FIRST_ID).to_string(), format!("{segment:032x}"));
            let arrival = WalletMove { cardholder, card, act: WalletAct::Provision, device: Device::Phone };
            // A phone credential that went in the meantime has no badge.
            let _ = arrival.apply(self, at);
        }
        if !self.switches.cloud_up || self.unsent.is_empty() {
            return;
        }
        let delay = i64::from(self.switches.invitation_delay_s);
        let (cloud_since, changed) = (self.cloud_since, &mut self.changed);
        self.unsent.retain(|(index, credential)| {
            let card =
                changed.get_mut(index).and_then(|p| p.cards.iter_mut().find(|c| c.credential_id == Some(*credential)));
            let Some(card) = card else { return false };
            let due = later(card.created, delay).max(cloud_since);
            match card.invitation.as_mut() {
                Some(invitation) if now >= due => {
                    invitation.sent = Some(due);
                    false
                }
                Some(_) => true,
                None => false,
            }
        });
    }

    /// Puts new switches in force.
    pub fn switch(&mut self, switches: Switches, now: Timestamp) {
        self.tick(now);
        if switches.cloud_up && !self.switches.cloud_up {
            self.cloud_since = now;
        }
        self.switches = switches;
        self.tick(now);
    }

    /// The person with a vendor id, if she exists.
    pub fn find(&self, id: &str) -> Option<Cow<'_, Person>> {
        let index = id.parse::<u32>().ok()?.checked_sub(FIRST_ID)?;
        // An id has one spelling: "04665" is somebody else's.
        (id == (index + FIRST_ID).to_string()).then(|| self.person(index)).flatten()
    }

    /// The person at a place, if she exists.
    pub fn person(&self, index: u32) -> Option<Cow<'_, Person>> {
        if self.deleted.contains(&index) {
            return None;
        }
        match self.changed.get(&index) {
            Some(person) => Some(Cow::Borrowed(person)),
            None => (index < self.population.count).then(|| Cow::Owned(self.population.person(index))),
        }
    }

    /// Given and family name at a place, without making the whole person.
    pub fn names(&self, index: u32) -> Option<(&str, &str)> {
        if self.deleted.contains(&index) {
            return None;
        }
        match self.changed.get(&index) {
            Some(person) => Some((&person.first, &person.last)),
            None => (index < self.population.count).then(|| self.population.names(index)),
        }
    }

    /// One more than the last place.
    pub fn end(&self) -> u32 {
        self.next_index
    }

    /// How many people there are.
    pub fn cardholders(&self) -> u32 {
        self.next_index - self.deleted.len() as u32
    }

    /// The place that a new person gets.
    pub fn new_index(&mut self) -> u32 {
        self.next_index += 1;
        self.next_index - 1
    }

    /// All places in the order of `Last, First` in any case.
    pub fn places_by_name(&mut self) -> &[u32] {
        if self.by_name.is_none() {
            let mut keyed: Vec<(String, u32)> = (0..self.next_index)
                .filter_map(|i| {
                    let (first, last) = self.names(i)?;
                    Some((super::person::sort_name(first, last).to_lowercase(), i))
                })
                .collect();
            keyed.sort_unstable();
            self.by_name = Some(keyed.into_iter().map(|(_, i)| i).collect());
        }
        self.by_name.as_deref().unwrap_or_default()
    }

    /// True if somebody holds a card of this type and number; `except` is left out of the search, because her
    /// cards are being changed.
    pub fn number_taken(&self, kind: &CardType, number: &str, except: Option<u32>) -> bool {
        let candidates = [
            self.population.given_number(kind.id, kind.format, number),
            self.numbers.get(&(kind.id, number.to_owned())).copied(),
        ];
        candidates.into_iter().flatten().filter(|index| Some(*index) != except).any(|index| {
            self.person(index).is_some_and(|p| p.cards.iter().any(|c| c.type_id == kind.id && c.number == number))
        })
    }

    /// The next free number of a decimal type (contract section 5.2). `staged` says which are being given out.
    pub fn free_number(&self, kind: &CardType, staged: impl Fn(&str) -> bool) -> Option<String> {
        let NumberFormat::Decimal { min, max } = kind.format else {
            return None;
        };
        (min..=max).map(|n| n.to_string()).find(|n| !staged(n) && !self.number_taken(kind, n, None))
    }

    /// Makes a staged person the true one, and writes change feed and events.
    pub fn commit(&mut self, new: Person, kind: ChangeKind, by: Author, now: Timestamp) {
        let type_id = if kind == ChangeKind::Add { 15_003 } else { 15_005 };
        let actor = self.actor(by);
        self.commit_as(new, kind, &actor, type_id, now);
    }

    /// As [`commit`](Self::commit), by somebody who is none of the usual, and with the event that says so.
    pub fn commit_as(&mut self, new: Person, kind: ChangeKind, actor: &Actor, type_id: u32, now: Timestamp) {
        let index = new.index;
        let old = self.person(index).map(Cow::into_owned);
        for card in &new.cards {
            let fresh = old.as_ref().is_none_or(|o| o.cards.iter().all(|c| c.credential_id != card.credential_id));
            if card.kind().has_unique_numbers() {
                self.numbers.insert((card.type_id, card.number.clone()), index);
            }
            if let (true, Some(credential)) = (fresh, card.credential_id) {
                self.unsent.push((index, credential));
            }
        }
        if old.as_ref().is_none_or(|o| o.sort_name() != new.sort_name()) {
            self.by_name = None;
        }
        let (operator, details) = (actor.operator, ChangeRecord::words(old.as_ref(), &new));
        let record = ChangeRecord::between(kind, old.as_ref(), Some(&new), index, operator, now);
        self.record_change(record);
        self.record_event(now, type_id, &new, actor, details);
        self.changed.insert(index, new);
        self.tick(now);
    }

    /// Ends a person.
    pub fn delete(&mut self, index: u32, by: Author, now: Timestamp) {
        let Some(old) = self.person(index).map(Cow::into_owned) else { return };
        let actor = self.actor(by);
        let operator = actor.operator;
        let record = ChangeRecord::between(ChangeKind::Remove, Some(&old), None, index, operator, now);
        self.record_change(record);
        self.record_event(now, 15_004, &old, &actor, String::new());
        self.changed.remove(&index);
        self.deleted.insert(index);
        self.by_name = None;
    }

    /// Lets the phone accept an invitation. Nobody acts through the API, so the feed stays silent (contract
    /// section 8: undocumented); the event says that a credential was enrolled.
    ///
    /// # Errors
    /// One sentence, if there is no such invitation or it is not out.
    pub fn accept(&mut self, index: u32, segment: u128, now: Timestamp) -> Result<(), String> {
        self.tick(now);
        let mut person = self.person(index).ok_or("no such cardholder")?.into_owned();
        let switches = &self.switches;
        let card = person.cards.iter_mut().find(|c| c.segment == segment).ok_or("no such card on this cardholder")?;
        let invitation = card.invitation.as_mut().ok_or("this card has no invitation")?;
        let status = invitation.status(now, switches);
        if status != "sent" {
            return Err(format!("the invitation is {status}; only one that is sent can be accepted"));
        }
        invitation.accepted = Some(now);
        let actor = self.actor(Author::Import);
        self.record_event(now, 15_820, &person, &actor, String::new());
        if let Some(delay) = self.switches.wallet_delay_s {
            self.badges.push((later(now, i64::from(delay)), index, segment));
        }
        self.changed.insert(index, person);
        Ok(())
    }

    fn record_change(&mut self, mut record: ChangeRecord) {
        let window = i64::from(self.switches.feed_merge_s);
        if window > 0 && record.kind == ChangeKind::Update {
            let earlier = self.changes.iter_mut().rev().find(|c| c.index == record.index);
            if let Some(earlier) = earlier
                && earlier.kind == ChangeKind::Update
                && earlier.operator == record.operator
                && record.time < later(earlier.time, window)
            {
                earlier.absorb(record);
                return;
            }
        }
        record.id = (self.draw() >> 100) as u32;
        self.changes.push(record);
    }

    fn record_event(&mut self, time: Timestamp, type_id: u32, person: &Person, actor: &Actor, details: String) {
        self.events.push(OperatorEvent {
            id: 1_000_001 + self.events.len() as u64,
            time,
            type_id,
            operator: actor.operator,
            source: actor.source,
            index: person.index,
            first: person.first.to_string(),
            last: person.last.to_string(),
            division: person.division,
            details,
        });
    }

    /// The operator in whose name somebody acts.
    pub fn operator(&self, by: Author) -> Operator {
        match by {
            Author::Foreign if self.switches.foreign_operator == ForeignOperator::Shared => Operator::CONSOLE,
            Author::Foreign => Operator::FOREIGN,
            Author::Console => Operator::CONSOLE,
            Author::Workstation => Operator::WORKSTATION,
            Author::Import | Author::Holder | Author::Vendor => Operator::SERVER,
        }
    }

    /// Somebody with the operator and the source that are usual for her.
    pub fn actor(&self, author: Author) -> Actor {
        Actor { author, operator: self.operator(author), source: Source::of(author) }
    }

    /// The client with this key.
    pub fn client(&self, key: &str) -> Option<&Client> {
        self.clients.with_key(key)
    }

    /// Cards of all people, of those the phone credentials, and of those the console's that have expired.
    /// Walks everybody: for the view of a test, not for a request.
    pub fn count_cards(&self, now: Timestamp) -> (u64, u64, u64) {
        let (mut cards, mut mobiles, mut lapsed) = (0, 0, 0);
        for index in 0..self.next_index {
            let Some(person) = self.person(index) else { continue };
            cards += person.cards.len() as u64;
            for card in &person.cards {
                let Some(invitation) = &card.invitation else { continue };
                mobiles += 1;
                if card.author == Author::Console && invitation.status(now, &self.switches) == "expired" {
                    lapsed += 1;
                }
            }
        }
        (cards, mobiles, lapsed)
    }

    /// People to whom the console issued a pass before the world began, with what became of it then.
    pub fn console_passes(&self) -> Vec<(u32, PassFate)> {
        self.population.with_console_pass().filter_map(|i| Some((i, self.population.console_pass(i)?))).collect()
    }
}
