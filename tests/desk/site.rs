//! A whole site: the simulator behind real sockets, the Gallagher client, the ledger that matches the world.

use passdesk::backends::gallagher::{Gallagher, Settings};
use passdesk::backends::http::Limits;
use passdesk::backends::wire::Way;
use passdesk::domain::credential::{Credential, System};
use passdesk::domain::ids::{CredentialId, HolderId, Link, TenantName};
use passdesk::domain::journal::{IntentRecord, ProcessMark};
use passdesk::domain::origin::Origin;
use passdesk::domain::ownership::Ownership;
use passdesk::domain::policy::{Mode, Why};
use passdesk::domain::problem::Problem;
use passdesk::domain::reissue::{ReissueEnd, ReissuePlan, ReissueRequest};
use passdesk::domain::text::Secret;
use passdesk::ports::clock::Clock;
use passdesk::ports::ledger::Ledger;
use passdesk::ports::provider::{Provider, TenantProfile};
use passdesk::simulator::{
    Author, ForeignKind, ForeignWrite, InvitationMove, SimOptions, Simulator, When, WorldHandle, ledger_entries, start,
};
use passdesk::store::ledger::SqliteLedger;
use passdesk::workflow::gate::LiveView;
use passdesk::workflow::recovery::{self, RECONCILE_AT_SECONDS};
use passdesk::workflow::{Means, reissue};
use std::sync::Arc;
use std::time::Duration;

/// An expired invitation of ours.
pub const JANE: &str = "4665";

/// The site's time, so that desk and server agree.
pub struct SiteClock(WorldHandle, jiff::Timestamp);

impl Clock for SiteClock {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }
    fn elapsed(&self) -> Duration {
        Duration::try_from(self.0.now().duration_since(self.1)).unwrap_or_default()
    }
}

impl SiteClock {
    pub fn at(world: WorldHandle, begin: jiff::Timestamp) -> Self {
        Self(world, begin)
    }
}

pub struct Site {
    pub sim: Simulator,
    pub provider: Arc<dyn Provider>,
    pub clock: Arc<dyn Clock>,
    pub ledger: Arc<dyn Ledger>,
    pub dice: Arc<crate::town::Dice>,
}

fn tenant() -> TenantName {
    "gall".parse().unwrap()
}

/// Whether cards carry our marker, and whether the feed names our operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proofs {
    pub marker: bool,
    pub feed: bool,
}

pub const BOTH: Proofs = Proofs { marker: true, feed: true };

impl Site {
    /// A site with its ledger in memory.
    pub async fn open(seed: u64, proofs: Proofs) -> Self {
        Self::open_over(seed, proofs, |clock| Arc::new(SqliteLedger::open_in_memory(clock).unwrap())).await
    }

    pub async fn open_over(seed: u64, proofs: Proofs, ledger: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn Ledger>) -> Self {
        let begin = "2026-06-02T08:00:00Z".parse().unwrap();
        let options = SimOptions { seed, cardholders: 40, start: Some(begin), frozen: true, ..SimOptions::default() };
        let sim = start(options).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SiteClock(sim.world(), begin));
        let provider = Arc::new(client(&sim, proofs, &clock));
        let ledger = ledger(Arc::clone(&clock));
        ledger.append_all(ledger_entries(sim.issued_by_console(), &tenant()).unwrap()).await.unwrap();
        Self { sim, provider, clock, ledger, dice: crate::town::Dice::new(seed) }
    }

    pub fn means(&self, pid: u32) -> Means {
        self.means_with(Arc::clone(&self.provider), Arc::clone(&self.ledger), pid)
    }

    pub fn means_with(&self, provider: Arc<dyn Provider>, ledger: Arc<dyn Ledger>, pid: u32) -> Means {
        Means {
            provider,
            ledger,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.dice) as Arc<dyn passdesk::ports::clock::Ids>,
            operator: "op7".into(),
            owner: crate::bench::process(pid),
        }
    }

    pub fn world(&self) -> WorldHandle {
        self.sim.world()
    }

    /// How many changes this desk sent, as the server counted them.
    pub fn patches(&self) -> u64 {
        self.world().log().patches
    }

    /// Our card of a person: its id, from the true world.
    pub fn ours(&self, person: &str) -> CredentialId {
        let cards = self.world().cardholder(person).unwrap().cards;
        let card = cards.iter().find(|c| c.created_by == Author::Console).unwrap();
        format!("gall:{person}/{}", card.segment).parse().unwrap()
    }

    /// Somebody with an accepted phone of ours.
    pub fn somebody_active(&self) -> String {
        let accepted = self.sim.issued_by_console().iter().find(|i| {
            let cards = self.world().cardholder(&i.holder_id).unwrap().cards;
            cards.iter().any(|c| c.segment == i.card_segment && c.invitation == "accepted")
        });
        accepted.unwrap().holder_id.clone()
    }

    pub async fn preview(&self, credential: &CredentialId, why: Option<Why>) -> Result<ReissuePlan, Problem> {
        let (holder, holder_link) = holder_of(credential);
        let request = ReissueRequest {
            holder,
            holder_link,
            credential: credential.clone(),
            why,
            ticket: "INC0012345".into(),
            note: String::new(),
            at_once: false,
            seen: None,
        };
        reissue::preview(&self.means(1), request).await
    }

    pub async fn run(&self, plan: ReissuePlan) -> ReissueEnd {
        reissue::run(&self.means(1), plan, |_| ()).await
    }

    pub async fn live(&self, person: &str) -> Vec<(Credential, Ownership)> {
        let holder: HolderId = format!("gall:{person}").parse().unwrap();
        let link = format!("/api/cardholders/{person}").parse().unwrap();
        let view = LiveView::read(&self.means(1), &holder, &link).await.unwrap();
        view.read.credentials.into_iter().zip(view.grades).collect()
    }

    pub async fn badge(&self, id: &CredentialId) -> &'static str {
        let person = id.key.as_str().split('/').next().unwrap();
        let cards = self.live(person).await;
        cards.iter().find(|(card, _)| card.id == *id).map_or("(gone)", |(_, o)| o.grade.badge())
    }

    pub async fn records(&self, person: &str) -> Vec<IntentRecord> {
        self.ledger.intents_of(&format!("gall:{person}").parse().unwrap()).await.unwrap()
    }

    pub async fn last(&self, person: &str) -> IntentRecord {
        self.records(person).await.pop().unwrap()
    }

    pub fn accept(&self, id: &CredentialId) {
        let (person, card) = id.key.as_str().split_once('/').unwrap();
        // Until the mail is out there is nothing to accept.
        self.world().advance(10);
        let wish = InvitationMove { cardholder: person.into(), card: card.into(), status: "accepted".into() };
        self.world().invitation(&wish).unwrap();
    }

    pub fn foreign(&self, person: &str, kind: ForeignKind, when: When) -> Option<String> {
        self.foreign_to(person, kind, when, None)
    }

    pub fn foreign_to(&self, person: &str, kind: ForeignKind, when: When, of: Option<String>) -> Option<String> {
        let write = ForeignWrite {
            cardholder: person.into(),
            kind,
            of,
            when,
            email: None,
            number: None,
            workstation: false,
            by: None,
        };
        self.world().foreign(write).unwrap()
    }

    /// The next process finds out by reading, as often as the schedule says. Only the dead one's work is its.
    pub async fn recover(&self, means: &Means) {
        let mut waited = 0;
        for at in RECONCILE_AT_SECONDS {
            self.world().advance((at - waited) as u32);
            waited = at;
            recovery::recover(means, &|owner: &ProcessMark| *owner == means.owner).await;
        }
    }
}

fn client(sim: &Simulator, proofs: Proofs, clock: &Arc<dyn Clock>) -> Gallagher {
    let settings = Settings {
        profile: TenantProfile {
            name: tenant(),
            system: System::Gallagher,
            mode: Mode::Sim,
            starts_unlocked: true,
            marker: proofs.marker,
            sole_issuer: false,
            feed_operator: proofs.feed.then(|| sim.feed_operator().parse().unwrap()),
        },
        origin: Origin::parse(&sim.gallagher_url()).unwrap(),
        key: Secret::new(sim.api_key().to_owned()),
        way: Way::default(),
        limits: Limits {
            per_second: None,
            connect: Duration::from_millis(500),
            total: Duration::from_millis(1500),
            pause: Duration::from_millis(2),
            in_flight: 2,
        },
    };
    Gallagher::open(settings, Arc::clone(clock)).unwrap()
}

pub fn holder_of(credential: &CredentialId) -> (HolderId, Link) {
    let person = credential.key.as_str().split('/').next().unwrap();
    (format!("gall:{person}").parse().unwrap(), format!("/api/cardholders/{person}").parse().unwrap())
}
