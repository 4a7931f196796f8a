//! A vendor small enough to be read at a glance: people, cards, a change feed, other operators, and an answer
//! that can be lost on the way. The real client and simulator are tested elsewhere; this one exists to reach
//! corners that a well-behaved server hardly ever shows.

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan};
use passdesk::domain::cardholder::Cardholder;
use passdesk::domain::change::{CredentialChange, NewCredential, PreparedChange};
use passdesk::domain::credential::{
    CardStatus, Credential, CredentialClass, CredentialType, Invitation, InvitationStatus, System,
};
use passdesk::domain::ids::{CredentialId, HolderId, Link};
use passdesk::domain::journal::Marker;
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
    /// How many seconds each read takes.
    pub slowness: u64,
    /// What somebody does before the read after so many others.
    pub on_read: Option<(usize, Act)>,
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
        let read = HolderRead { holder, credentials: Vec::new(), server_date: None };
        Arc::new(Self {
            profile: TenantProfile {
                name: "gall".parse().unwrap(),
                system: System::Gallagher,
                mode: Mode::Sim,
                starts_unlocked: true,
                marker,
                feed_operator: feed.then(us),
            },
            has_feed: feed,
            streets: Mutex::new(Streets { people: vec![read], now, ..Streets::default() }),
            watch: Arc::clone(watch),
        })
    }

    /// The same town for a site that switched markers off.
    pub fn plain(&self) -> Arc<Self> {
        let streets = Mutex::new(std::mem::take(&mut *self.streets.lock().unwrap()));
        let profile = TenantProfile { marker: false, ..self.profile.clone() };
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

    /// A phone credential with its invitation just out.
    pub fn mint(&mut self, number: &str, email: &str) -> Credential {
        self.minted += 1;
        let segment = format!("{:032x}", 0x9c1d_04be_0000_u64 + u64::from(self.minted));
        let lasting = format!("guid-{}", self.minted);
        Credential {
            id: format!("gall:4665/{segment}").parse().unwrap(),
            holder: holder_id(),
            link: format!("/api/cardholders/4665/cards/{segment}").parse().unwrap(),
            marker: Marker::split(number).1,
            number: Untrusted::new(if number.is_empty() { lasting.as_str() } else { number }),
            lasting_id: Untrusted::new(lasting),
            class: CredentialClass::Mobile,
            type_link: mobile_type(),
            type_name: "Mobile Credential".into(),
            issue_level: None,
            status: CardStatus::Active,
            status_word: "Active".into(),
            invitation: Some(Invitation {
                status: InvitationStatus::Sent,
                email: email.into(),
                phone: "+64215550123".into(),
                single_factor: false,
            }),
            from: None,
            until: None,
            last_used: None,
            barred: false,
            particulars: Vec::new(),
            as_of: self.now,
        }
    }

    pub fn add(&mut self, card: Credential, by: Link) -> CredentialId {
        let id = card.id.clone();
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
        self.log(Some(them()), vec![copy.link.clone()], vec![gone.link]);
        self.cards().push(copy);
        Some(id)
    }

    pub fn expire(&mut self, id: &CredentialId) {
        if let Some(invitation) = self.card(id).and_then(|c| c.invitation.as_mut()) {
            invitation.status = InvitationStatus::Expired;
        }
    }

    pub fn accept(&mut self, id: &CredentialId) {
        if let Some(invitation) = self.card(id).and_then(|c| c.invitation.as_mut()) {
            invitation.status = InvitationStatus::Accepted;
        }
    }

    fn log(&mut self, operator: Option<Link>, added: Vec<Link>, removed: Vec<Link>) {
        self.feed.push(FeedRow { at: self.now, holder: holder_id(), operator, added, removed });
    }

    fn apply(&mut self, change: &CredentialChange) -> Result<(), u16> {
        let at = match &change.remove {
            Some(old) => Some(self.cards().iter().position(|c| c.link == old.link).ok_or(400_u16)?),
            None => None,
        };
        let removed = at.map(|at| self.cards().remove(at).link);
        let added = change.add.as_ref().map(|new| {
            let number = new.number.as_ref().map(|n| n.raw().to_owned()).unwrap_or_default();
            let mut card = self.mint(&number, new.email.raw());
            if let Some(invitation) = &mut card.invitation {
                invitation.phone = new.phone.clone();
                invitation.single_factor = new.single_factor;
            }
            card.until = new.until;
            card
        });
        let links = added.iter().map(|c| c.link.clone()).collect();
        self.cards().extend(added);
        self.log(Some(us()), links, removed.into_iter().collect());
        Ok(())
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
        let found = streets.people.iter().find(|p| p.holder.id == *id).cloned();
        found.ok_or_else(|| ProviderError::new(ProviderErrorKind::NotFound, "no such person"))
    }

    async fn credential_types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        Ok(Vec::new())
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
        Ok(NewCredential::like_phone(old, marker, now))
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
        if let Some(act) = streets.before_change.take() {
            act(&mut streets);
        }
        let change = streets.prepared.iter().find(|(d, _)| *d == change.digest()).unwrap().1.clone();
        let outcome = match answer {
            Answer::Refused(status) => Err(status),
            Answer::LostBefore => Ok(()),
            _ => streets.apply(&change),
        };
        if let Some(act) = streets.after_change.take() {
            act(&mut streets);
        }
        match (answer, outcome) {
            (_, Err(status)) => {
                let kind = match status {
                    401 => ProviderErrorKind::Unauthorised,
                    403 => ProviderErrorKind::Forbidden,
                    409 => ProviderErrorKind::Conflict,
                    _ => ProviderErrorKind::Invalid,
                };
                SendOutcome::Rejected(ProviderError { status: Some(status), ..ProviderError::new(kind, "refused") })
            }
            (Answer::Done, Ok(())) => {
                SendOutcome::Applied { status: 204, server_date: None, answer: Answered::default() }
            }
            _ => SendOutcome::Unknown(ProviderError::new(ProviderErrorKind::OutcomeUnknown, "no answer")),
        }
    }
}
