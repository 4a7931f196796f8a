//! The real AccessGrid client against its simulator, driven by the workflow: journey 2, and a pass that is suspended,
//! resumed and stolen.

use crate::bench::process;
use crate::town::Dice;
use passdesk::backends::accessgrid::{AccessGrid, Settings, limits};
use passdesk::backends::wire::Way;
use passdesk::domain::credential::System;
use passdesk::domain::ids::{CredentialId, HolderId, Link};
use passdesk::domain::journal::{IntentState, Proof};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::origin::Origin;
use passdesk::domain::ownership::Grade;
use passdesk::domain::policy::{Mode, ReissueMode, Why};
use passdesk::domain::reissue::{ReissueEnd, ReissueRequest};
use passdesk::domain::text::Secret;
use passdesk::domain::turn::TurnRequest;
use passdesk::ports::clock::{Clock, Ids};
use passdesk::ports::ledger::Ledger;
use passdesk::ports::provider::{Provider, TenantProfile};
use passdesk::simulator::accessgrid::{ANDROID_TEMPLATE, APPLE_TEMPLATE, DeviceType};
use passdesk::simulator::{Author, SimOptions, Simulator, start};
use passdesk::store::ledger::SqliteLedger;
use passdesk::workflow::{Means, reissue, turn};
use std::sync::Arc;

/// Has one active pass; without the ledger of its past it is nobody's here.
const JOHN: &str = "grid:emp.E10425";

struct Wallet {
    sim: Simulator,
    means: Means,
    holder: HolderId,
    link: Link,
}

impl Wallet {
    async fn open() -> Self {
        let begin = "2026-06-02T08:00:00Z".parse().unwrap();
        let options = SimOptions { cardholders: 600, start: Some(begin), frozen: true, ..SimOptions::default() };
        let sim = start(options).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(crate::site::SiteClock::at(sim.world(), begin));
        let account = sim.grid().account(Author::Console).unwrap();
        let settings = Settings {
            profile: TenantProfile {
                name: "grid".parse().unwrap(),
                system: System::AccessGrid,
                mode: Mode::Sim,
                starts_unlocked: true,
                marker: true,
                sole_issuer: false,
                feed_operator: None,
            },
            origin: Origin::parse(&sim.url(System::AccessGrid)).unwrap(),
            account: account.id,
            secret: Secret::new(account.secret),
            template_ids: vec![APPLE_TEMPLATE.to_owned(), ANDROID_TEMPLATE.to_owned()],
            desk: "desk 4".to_owned(),
            way: Way::default(),
            limits: limits(),
        };
        let provider: Arc<dyn Provider> = Arc::new(AccessGrid::open(settings, Arc::clone(&clock)).unwrap());
        let holder: HolderId = JOHN.parse().unwrap();
        let link: Link = "/v1/key-cards".parse().unwrap();
        let link = provider.holder(&holder, &link).await.unwrap().holder.link;
        let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open_in_memory(Arc::clone(&clock)).unwrap());
        let ids: Arc<dyn Ids> = Dice::new(1);
        let means = Means { provider, ledger, clock, ids, operator: "op7".into(), owner: process(1) };
        Self { sim, means, holder, link }
    }

    async fn reissue(&self, id: &CredentialId, why: Why) -> ReissueEnd {
        let request = ReissueRequest {
            holder: self.holder.clone(),
            holder_link: self.link.clone(),
            credential: id.clone(),
            why: Some(why),
            ticket: "INC0012345".into(),
            note: String::new(),
            at_once: false,
            seen: None,
        };
        let plan = reissue::preview(&self.means, request).await.unwrap();
        self.sim.world().advance(1);
        reissue::run(&self.means, plan, |_| ()).await
    }

    async fn turn(&self, id: &CredentialId, verb: Verb, why: Why) -> ReissueEnd {
        let request = TurnRequest {
            holder: self.holder.clone(),
            holder_link: self.link.clone(),
            credential: id.clone(),
            verb,
            word: None,
            why: Some(why),
            ticket: String::new(),
            note: String::new(),
            seen: None,
        };
        let plan = turn::preview(&self.means, request).await.unwrap();
        self.sim.world().advance(1);
        turn::run(&self.means, plan, |_| ()).await
    }

    /// The vendor's words for all passes of the person, by id.
    async fn words(&self) -> Vec<(CredentialId, String)> {
        let read = self.means.provider.holder(&self.holder, &self.link).await.unwrap();
        read.credentials.into_iter().map(|c| (c.id, c.status_word.raw().to_owned())).collect()
    }

    async fn word(&self, id: &CredentialId) -> String {
        let words = self.words().await;
        words.into_iter().find(|(known, _)| known == id).map(|(_, word)| word).unwrap_or_default()
    }

    fn install(&self, id: &CredentialId) {
        self.sim.grid().install(id.key.as_str(), DeviceType::Iphone).unwrap();
    }
}

#[tokio::test]
async fn journey_02_a_new_phone_in_accessgrid_and_then_a_lost_and_a_stolen_one() {
    let wallet = Wallet::open().await;
    let foreign = wallet.words().await.remove(0).0;
    // Nobody's here: a new one beside it.
    let end = wallet.reissue(&foreign, Why::NewPhone).await;
    let ReissueEnd::Done { new: Some(first), ownership: Some(ownership), .. } = end else { panic!("{end:?}") };
    assert_eq!((ownership.grade, wallet.word(&foreign).await.as_str()), (Grade::Confirmed, "active"));
    wallet.install(&first.id);

    // New first: the old one works until the new one does, and is deleted then.
    let end = wallet.reissue(&first.id, Why::NewPhone).await;
    let ReissueEnd::Waiting { new: second, ownership, .. } = end else { panic!("{end:?}") };
    assert_eq!((ownership.grade, wallet.word(&first.id).await.as_str()), (Grade::Confirmed, "active"));
    let issue = wallet.means.ledger.waiting_retirements().await.unwrap().pop().unwrap();
    assert!(!reissue::new_is_usable(&wallet.means, &issue).await.unwrap());
    wallet.install(&second.id);
    let end = reissue::retire(&wallet.means, issue).await;
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
    assert!(matches!(wallet.word(&first.id).await.as_str(), "deleted" | ""));

    let end = wallet.turn(&second.id, Verb::Suspend, Why::Lost).await;
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");
    assert_eq!(wallet.word(&second.id).await, "suspended");
    wallet.sim.world().advance(5);
    let end = wallet.turn(&second.id, Verb::Resume, Why::Lost).await;
    assert!(matches!(end, ReissueEnd::Done { .. }), "{end:?}");

    // Stolen: unlinked before anything is issued.
    wallet.sim.world().advance(5);
    let end = wallet.reissue(&second.id, Why::Stolen).await;
    assert!(matches!(end, ReissueEnd::Waiting { .. }), "{end:?}");
    assert_eq!(wallet.word(&second.id).await, "unlink");
    let records = wallet.means.ledger.intents_of(&wallet.holder).await.unwrap();
    assert!(records.iter().all(|r| r.state == IntentState::Done), "{records:?}");
    assert_eq!(records.last().unwrap().purpose.mode, ReissueMode::RevokeFirst);
    assert!(records.last().unwrap().binding.as_ref().unwrap().proofs.contains(&Proof::Answer));
    assert_eq!(wallet.word(&foreign).await, "active", "never touched");
}
