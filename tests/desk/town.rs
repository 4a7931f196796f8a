//! A vendor small enough to be read at a glance: people, cards, a change feed, other operators, and an answer
//! that can be lost on the way. The real client and simulator are tested elsewhere; this one exists to reach
//! corners that a well-behaved server hardly ever shows.

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan};
use passdesk::domain::cardholder::Cardholder;
use passdesk::domain::change::{CredentialChange, NewCredential, PreparedChange};
use passdesk::domain::credential::{
    CardStatus, Credential, CredentialClass, CredentialType, Invitation, InvitationStatus, Particular, System,
};
use passdesk::domain::ids::{CredentialId, HolderId, Link};
use passdesk::domain::journal::Marker;
use passdesk::domain::lifecycle::{self, Verb};
use passdesk::domain::operation::Operation;
use passdesk::domain::policy::Mode;
use passdesk::domain::text::Untrusted;
use passdesk::ports::clock::{Clock, Ids};
use passdesk::ports::permit::Permit;
use passdesk::ports::provider::{
    Answered, Connection, FeedRead, FeedRow, HolderPage, HolderRead, Provider, ProviderError, ProviderErrorKind,
    SendOutcome, TenantProfile,
};
use rand::{RngCore, SeedableRng};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// A clock that only moves when told.
pub struct Watch(AtomicU64);

impl Watch {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(0)))
    }
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        let millis = i64::try_from(self.0.load(Ordering::SeqCst)).unwrap();
        "2026-06-02T09:00:00Z".parse::<Timestamp>().unwrap() + millis.milliseconds()
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Identifiers and markers from a seed.
pub struct Dice(Mutex<rand::rngs::StdRng>);

impl Dice {
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(rand::rngs::StdRng::seed_from_u64(seed))))
    }
}

impl Ids for Dice {
    fn uuid(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.0.lock().unwrap().fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
    fn marker_bits(&self) -> [u8; 10] {
        let mut bits = [0; 10];
        self.0.lock().unwrap().fill_bytes(&mut bits);
        bits
    }
}

/// How the vendor answers the next change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Applied, and says so.
    Done,
    /// A refusal with this status; nothing changes.
    Refused(u16),
    /// No connection.
    NoConnection,
    /// Lost or useless on the way; nothing changed.
    LostBefore,
    /// Lost or useless on the way; applied.
    LostAfter,
    /// Applied, and the answer names a pass that was there before.
    NamesAnother,
    /// Applied, but what it made shows only after so many reads.
    LateInLists(usize),
    /// Accepted, and applied after so many reads.
    Pending(usize),
}

pub type Act = Box<dyn FnOnce(&mut Streets) + Send>;

/// What is true in the town.
#[derive(Default)]
pub struct Streets {
    pub people: Vec<HolderRead>,
    pub feed: Vec<FeedRow>,
    pub answers: VecDeque<Answer>,
    /// Something that another operator does while our change is on its way.
    pub before_change: Option<Act>,
    pub after_change: Option<Act>,
    /// Changes that reached the town.
    pub sent: usize,
    /// Reads to come that fail.
    pub failing_reads: usize,
    /// Reads are answered with somebody else's record.
    pub mixes_people_up: bool,
    /// How many seconds each read takes.
    pub slowness: u64,
    /// How many seconds it takes until the answer to the next change is looked at.
    pub stopped_for: u64,
    /// What somebody does before the read after so many others.
    pub on_read: Option<(usize, Act)>,
    /// Which system's kind of passes the town has.
    pub system: Option<System>,
    /// Passes that the lists leave out for so many reads.
    pub hidden: Vec<(CredentialId, usize)>,
    /// Every change that took effect, in order: which pass, and how it was called.
    pub touched: Vec<(CredentialId, String)>,
    /// What another operator made.
    pub theirs: Vec<CredentialId>,
    /// The word that a new card of CardExchange begins with.
    pub first_word: Option<&'static str>,
    prepared: Vec<(String, CredentialChange)>,
    minted: u32,
    now: Timestamp,
}

pub struct Town {
    pub profile: TenantProfile,
    pub has_feed: bool,
    streets: Mutex<Streets>,
    watch: Arc<Watch>,
}

pub fn holder_id() -> HolderId {
    "gall:4665".parse().unwrap()
}

pub fn holder_link() -> Link {
    "/api/cardholders/4665".parse().unwrap()
}

pub fn mobile_type() -> Link {
    "/api/card_types/2601".parse().unwrap()
}

pub fn us() -> Link {
    "/api/items/410".parse().unwrap()
}

pub fn them() -> Link {
    "/api/items/77".parse().unwrap()
}

impl Town {
    /// One person without cards.
    pub fn new(watch: &Arc<Watch>, marker: bool, feed: bool) -> Arc<Self> {
        let now = watch.now();
        let holder = Cardholder {
            id: holder_id(),
            link: holder_link(),
            first_name: "Jane".into(),
            last_name: "Doe".into(),
            description: "Facilities".into(),
            division: "".into(),
            employee_number: "E10422".into(),
            email: "jane.doe@example.org".into(),
            authorised: true,
            as_of: now,
        };
        let read =
            HolderRead { holder, credentials: Vec::new(), whole: true, server_date: None, documents: Vec::new() };
        Arc::new(Self {
            profile: TenantProfile {
                name: "gall".parse().unwrap(),
                system: System::Gallagher,
                mode: Mode::Sim,
                starts_unlocked: true,
                marker,
                sole_issuer: false,
                feed_operator: feed.then(us),
            },
            has_feed: feed,
            streets: Mutex::new(Streets { people: vec![read], now, ..Streets::default() }),
            watch: Arc::clone(watch),
        })
    }

    /// The same person in another system, which has no feed, and says what it made.
    pub fn of(system: System, watch: &Arc<Watch>, marker: bool) -> Arc<Self> {
        let town = Self::new(watch, marker, false);
        let streets = Mutex::new(std::mem::take(&mut *town.streets.lock().unwrap()));
        streets.lock().unwrap().system = Some(system);
        let profile = TenantProfile { system, ..town.profile.clone() };
        Arc::new(Self { profile, has_feed: false, streets, watch: Arc::clone(watch) })
    }

    /// The same town for a site that switched markers off.
    pub fn plain(&self) -> Arc<Self> {
        self.with(TenantProfile { marker: false, ..self.profile.clone() })
    }

    /// The same town for a site that says that nobody else issues there.
    pub fn alone(&self) -> Arc<Self> {
        self.with(TenantProfile { sole_issuer: true, ..self.profile.clone() })
    }

    fn with(&self, profile: TenantProfile) -> Arc<Self> {
        let streets = Mutex::new(std::mem::take(&mut *self.streets.lock().unwrap()));
        Arc::new(Self { profile, has_feed: self.has_feed, streets, watch: Arc::clone(&self.watch) })
    }

    /// How many changes reached the town.
    pub fn sent(&self) -> usize {
        self.streets().sent
    }

    pub fn streets(&self) -> MutexGuard<'_, Streets> {
        let mut streets = self.streets.lock().unwrap();
        streets.now = self.watch.now();
        streets
    }
}

impl Streets {
    pub fn cards(&mut self) -> &mut Vec<Credential> {
        &mut self.people[0].credentials
    }

    pub fn card(&mut self, id: &CredentialId) -> Option<&mut Credential> {
        self.cards().iter_mut().find(|c| c.id == *id)
    }

    /// A fresh credential of the town's system: a phone credential with its invitation just out, a pass that waits to
    /// be installed, a digital card that works, a card in the making.
    pub fn mint(&mut self, number: &str, email: &str) -> Credential {
        self.minted += 1;
        let system = self.system.unwrap_or(System::Gallagher);
        let gallagher = system == System::Gallagher;
        let segment = format!("{:032x}", 0x9c1d_04be_0000_u64 + u64::from(self.minted));
        let lasting = if gallagher { format!("guid-{}", self.minted) } else { String::new() };
        let (class, word) = match system {
            System::Gallagher => (CredentialClass::Mobile, "Active"),
            System::AccessGrid => (CredentialClass::WalletPass, "created"),
            System::ThalesD1 => (CredentialClass::DigitalCard, "ACTIVE"),
            System::CardExchange => (CredentialClass::PrintedCard, self.first_word.unwrap_or("initialized")),
        };
        let id = if gallagher { format!("gall:4665/{segment}") } else { format!("gall:pass-{}", self.minted) };
        let link = if gallagher { format!("/api/cardholders/4665/cards/{segment}") } else { format!("/v1/{id}") };
        Credential {
            id: id.parse().unwrap(),
            holder: holder_id(),
            link: link.replace(':', "/").parse().unwrap(),
            marker: Marker::split(number).1,
            number: Untrusted::new(if number.is_empty() { lasting.as_str() } else { number }),
            lasting_id: Untrusted::new(lasting),
            class,
            type_link: mobile_type(),
            type_name: "Mobile Credential".into(),
            issue_level: None,
            status: if gallagher { CardStatus::Active } else { lifecycle::meaning(class, word).unwrap() },
            status_word: word.into(),
            invitation: gallagher.then(|| Invitation {
                status: InvitationStatus::Sent,
                email: email.into(),
                phone: "+64215550123".into(),
                single_factor: false,
            }),
            from: None,
            until: None,
            last_used: None,
            barred: false,
            particulars: vec![(Particular::Profile, "staff".into())],
            as_of: self.now,
        }
    }

    pub fn add(&mut self, card: Credential, by: Link) -> CredentialId {
        let id = card.id.clone();
        self.theirs.extend((by == them()).then(|| id.clone()));
        self.log(Some(by), vec![card.link.clone()], Vec::new());
        self.cards().push(card);
        id
    }

    /// Another operator adds a phone credential of the same type.
    pub fn foreign_add(&mut self, number: &str) -> CredentialId {
        let card = self.mint(number, "jane.doe@example.org");
        self.add(card, them())
    }

    pub fn foreign_remove(&mut self, id: &CredentialId) {
        let Some(at) = self.cards().iter().position(|c| c.id == *id) else { return };
        let gone = self.cards().remove(at);
        self.log(Some(them()), Vec::new(), vec![gone.link]);
    }

    /// The vendor's own recipe: remove, and add with the same number, type and invitation, in one change.
    pub fn foreign_reissue(&mut self, id: &CredentialId) -> Option<CredentialId> {
        let at = self.cards().iter().position(|c| c.id == *id)?;
        let gone = self.cards().remove(at);
        let mut copy = self.mint(gone.number.raw(), "");
        copy.invitation = gone.invitation;
        let id = copy.id.clone();
        self.theirs.push(id.clone());
        self.log(Some(them()), vec![copy.link.clone()], vec![gone.link]);
        self.cards().push(copy);
        Some(id)
    }

    pub fn expire(&mut self, id: &CredentialId) {
        if let Some(invitation) = self.card(id).and_then(|c| c.invitation.as_mut()) {
            invitation.status = InvitationStatus::Expired;
        }
    }

    /// Gives a credential a word, whoever does it.
    pub fn turn(&mut self, id: &CredentialId, word: &str) {
        let Some(card) = self.card(id) else { return };
        card.status_word = Untrusted::new(word);
        card.status = match card.class {
            // The site's own words: two of them let a card work.
            CredentialClass::Mobile if word == "Active" || word == "Training" => CardStatus::Active,
            CredentialClass::Mobile => CardStatus::Inactive,
            class => lifecycle::meaning(class, word).unwrap_or(CardStatus::Unknown),
        };
    }

    /// The holder installs the pass, or takes the card into use.
    pub fn accept(&mut self, id: &CredentialId) {
        match self.system {
            Some(System::AccessGrid) => self.turn(id, "active"),
            Some(System::CardExchange) => self.turn(id, "activated"),
            _ => {}
        }
        if let Some(invitation) = self.card(id).and_then(|c| c.invitation.as_mut()) {
            invitation.status = InvitationStatus::Accepted;
        }
    }

    fn log(&mut self, operator: Option<Link>, added: Vec<Link>, removed: Vec<Link>) {
        self.feed.push(FeedRow { at: self.now, holder: holder_id(), operator, added, removed });
    }

    /// A change of ours that was lost on the way has its effect after all: the one with this marker.
    pub fn arrive(&mut self, marker: &Marker) -> CredentialId {
        let change = self.prepared.iter().find(|(_, c)| c.marker.as_ref() == Some(marker)).unwrap().1.clone();
        self.apply(&change).unwrap();
        self.cards().last().unwrap().id.clone()
    }

    /// Does it, and says what it made.
    fn apply(&mut self, change: &CredentialChange) -> Result<Option<CredentialId>, u16> {
        if let Some(turn) = &change.turn {
            let id = turn.object.id.clone();
            let there = self.card(&id).is_some_and(|card| card.status_word.raw() == turn.from);
            if !there {
                return Err(422);
            }
            self.touched.push((id.clone(), turn.verb.to_string()));
            if self.system.is_none_or(|s| s == System::Gallagher) && turn.verb == Verb::End {
                self.cards().retain(|card| card.id != id);
            } else {
                self.turn(&id, &turn.to);
            }
            return Ok(None);
        }
        let at = match &change.remove {
            Some(old) => Some(self.cards().iter().position(|c| c.link == old.link).ok_or(400_u16)?),
            None => None,
        };
        let removed = at.map(|at| self.cards().remove(at));
        self.touched.extend(removed.iter().map(|card| (card.id.clone(), "remove".to_owned())));
        let removed = removed.map(|card| card.link);
        let added = change.add.as_ref().map(|new| {
            let number = new.number.as_ref().map(|n| n.raw().to_owned()).unwrap_or_default();
            let mut card = self.mint(&number, new.email.raw());
            if let Some(invitation) = &mut card.invitation {
                invitation.phone = new.phone.clone();
                invitation.single_factor = new.single_factor;
            }
            card.until = new.until;
            // Elsewhere the marker has a room of its own.
            if self.system.is_some_and(|s| s != System::Gallagher) {
                card.marker.clone_from(&new.marker);
            }
            card
        });
        let links = added.iter().map(|c| c.link.clone()).collect();
        let made = added.as_ref().map(|card| card.id.clone());
        self.cards().extend(added);
        self.log(Some(us()), links, removed.into_iter().collect());
        Ok(made)
    }
}

#[async_trait]
impl Provider for Town {
    fn profile(&self) -> &TenantProfile {
        &self.profile
    }

    async fn connect(&self) -> Result<Connection, ProviderError> {
        Err(ProviderError::new(ProviderErrorKind::Unavailable, "not asked in these tests"))
    }

    async fn find_holders(&self, _: &str, _: usize) -> Result<HolderPage, ProviderError> {
        Ok(HolderPage::default())
    }

    async fn list_holders(&self, _: Option<&Link>, _: usize) -> Result<HolderPage, ProviderError> {
        Ok(HolderPage::default())
    }

    async fn holder(&self, id: &HolderId, _: &Link) -> Result<HolderRead, ProviderError> {
        let mut streets = self.streets();
        self.watch.advance(streets.slowness);
        match streets.on_read.take() {
            Some((0, act)) => act(&mut streets),
            Some((more, act)) => streets.on_read = Some((more - 1, act)),
            None => {}
        }
        if streets.failing_reads > 0 {
            streets.failing_reads -= 1;
            return Err(ProviderError::new(ProviderErrorKind::Unavailable, "no answer"));
        }
        let mut found = streets.people.iter().find(|p| p.holder.id == *id).cloned();
        if let Some(read) = &mut found {
            if streets.mixes_people_up {
                read.holder.id = "gall:4666".parse().unwrap();
            }
            read.credentials.retain(|card| !streets.hidden.iter().any(|(id, left)| *id == card.id && *left > 0));
        }
        for (_, left) in &mut streets.hidden {
            *left = left.saturating_sub(1);
        }
        found.ok_or_else(|| ProviderError::new(ProviderErrorKind::NotFound, "no such person"))
    }

    async fn credential_types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        let states = ["Active", "Training", "Disabled (manually)", "Lost", "Stolen"];
        Ok(vec![CredentialType {
            link: mobile_type(),
            name: "Mobile Credential".into(),
            class: CredentialClass::Mobile,
            states: states.into_iter().map(Untrusted::new).collect(),
        }])
    }

    async fn bookmark(&self) -> Result<Option<Link>, ProviderError> {
        let at = self.streets().feed.len();
        Ok(self.has_feed.then(|| format!("/api/cardholders/changes?pos={at}").parse().unwrap()))
    }

    async fn changes_since(&self, bookmark: &Link) -> Result<FeedRead, ProviderError> {
        let from: usize = bookmark.as_str().rsplit('=').next().unwrap().parse().unwrap();
        let rows = self.streets().feed[from..].to_vec();
        Ok(FeedRead { bookmark: format!("/api/cardholders/changes?pos={}", from + rows.len()).parse().unwrap(), rows })
    }

    async fn events_of(&self, _: &HolderId, _: usize) -> Result<Vec<Operation>, ProviderError> {
        Ok(Vec::new())
    }

    fn successor(
        &self,
        _: &HolderRead,
        old: &Credential,
        marker: Option<Marker>,
        now: Timestamp,
    ) -> Result<NewCredential, ProviderError> {
        let new = NewCredential::like_phone(old, marker, now);
        if old.class.system() == System::Gallagher {
            return Ok(new);
        }
        Ok(NewCredential { number: None, email: "jane.doe@example.org".into(), ..new })
    }

    fn prepare(&self, change: &CredentialChange) -> Result<PreparedChange, ProviderError> {
        if change.add.as_ref().is_some_and(|new| new.email.is_empty() && !new.phone.is_empty()) {
            return Err(ProviderError::new(ProviderErrorKind::Invalid, "a phone number needs an address"));
        }
        let body = format!("{change:?}").into_bytes();
        let prepared = PreparedChange { method: "PATCH", link: change.holder_link.clone(), body };
        self.streets().prepared.push((prepared.digest(), change.clone()));
        Ok(prepared)
    }

    async fn send(&self, permit: Permit, change: &PreparedChange) -> SendOutcome {
        assert!(permit.covers(change), "a permit is leave for one request only");
        let mut streets = self.streets();
        let answer = streets.answers.pop_front().unwrap_or(Answer::Done);
        if answer == Answer::NoConnection {
            return SendOutcome::NotSent(ProviderError::new(ProviderErrorKind::NotConnected, "refused"));
        }
        streets.sent += 1;
        self.watch.advance(std::mem::take(&mut streets.stopped_for));
        if let Some(act) = streets.before_change.take() {
            act(&mut streets);
        }
        let change = streets.prepared.iter().find(|(d, _)| *d == change.digest()).unwrap().1.clone();
        let outcome = match answer {
            Answer::Refused(status) => Err(status),
            Answer::LostBefore => Ok(None),
            Answer::Pending(reads) => {
                let later: Act = Box::new(move |streets| drop(streets.apply(&change)));
                streets.on_read = Some((reads, later));
                Ok(None)
            }
            _ => streets.apply(&change),
        };
        if let Some(act) = streets.after_change.take() {
            act(&mut streets);
        }
        let made = match outcome {
            Ok(made) => made,
            Err(status) => {
                let kind = match status {
                    401 => ProviderErrorKind::Unauthorised,
                    403 => ProviderErrorKind::Forbidden,
                    409 => ProviderErrorKind::Conflict,
                    _ => ProviderErrorKind::Invalid,
                };
                let error = ProviderError { status: Some(status), ..ProviderError::new(kind, "refused") };
                return SendOutcome::Rejected(error);
            }
        };
        let names = streets.system.is_some_and(|s| s != System::Gallagher);
        let made = match answer {
            Answer::NamesAnother => streets.cards().first().map(|card| card.id.clone()),
            _ => made.filter(|_| names),
        };
        match answer {
            Answer::LateInLists(reads) => streets.hidden.extend(made.clone().map(|id| (id, reads))),
            Answer::LostBefore | Answer::LostAfter => {
                return SendOutcome::Unknown(ProviderError::new(ProviderErrorKind::OutcomeUnknown, "no answer"));
            }
            _ => {}
        }
        let pending = matches!(answer, Answer::Pending(_));
        SendOutcome::Applied { status: 204, server_date: None, answer: Answered { made, operation: None, pending } }
    }
}
