//! A desk on a bench: the real workflow and the real ledger over a vendor that can be made to misbehave.

use crate::town::{Dice, Town, Watch, holder_id, holder_link, mobile_type};
use passdesk::domain::credential::{Credential, CredentialClass, System};
use passdesk::domain::ids::{CredentialId, IntentId, SagaId};
use passdesk::domain::journal::{
    Act, Binding, EventDraft, IntentRecord, IntentState, Marker, Payload, ProcessMark, Proof, Purpose, Remark, Seen,
    Snapshot,
};
use passdesk::domain::lifecycle::Verb;
use passdesk::domain::ownership::Ownership;
use passdesk::domain::policy::{ReissueMode, Why};
use passdesk::domain::problem::Problem;
use passdesk::domain::reissue::{ReissueEnd, ReissuePlan, ReissueRequest};
use passdesk::domain::turn::{TurnPlan, TurnRequest};
use passdesk::ports::clock::{Clock, Ids};
use passdesk::ports::ledger::Ledger;
use passdesk::ports::provider::Provider;
use passdesk::store::ledger::SqliteLedger;
use passdesk::workflow::gate::LiveView;
use passdesk::workflow::{Means, reissue, turn};
use std::sync::Arc;

pub struct Bench {
    pub watch: Arc<Watch>,
    pub dice: Arc<Dice>,
    pub town: Arc<Town>,
    pub ledger: Arc<dyn Ledger>,
}

pub fn process(pid: u32) -> ProcessMark {
    ProcessMark { pid, boot: "bench".into(), started: 1 }
}

impl Bench {
    /// A desk with an empty ledger in memory and a person without cards.
    pub fn new(seed: u64, marker: bool, feed: bool) -> Self {
        let watch = Watch::new();
        let ledger = Arc::new(SqliteLedger::open_in_memory(Arc::clone(&watch) as Arc<dyn Clock>).unwrap());
        Self::over(ledger, &watch, seed, marker, feed)
    }

    pub fn over(ledger: Arc<dyn Ledger>, watch: &Arc<Watch>, seed: u64, marker: bool, feed: bool) -> Self {
        let town = Town::new(watch, marker, feed);
        Self { watch: Arc::clone(watch), dice: Dice::new(seed), town, ledger }
    }

    /// The same desk over another system, whose answers name what they made.
    pub fn of(system: System, seed: u64) -> Self {
        let watch = Watch::new();
        let ledger = Arc::new(SqliteLedger::open_in_memory(Arc::clone(&watch) as Arc<dyn Clock>).unwrap());
        Self::over_system(system, ledger, &watch, seed)
    }

    pub fn over_system(system: System, ledger: Arc<dyn Ledger>, watch: &Arc<Watch>, seed: u64) -> Self {
        let bench = Self::over(ledger, watch, seed, true, system == System::Gallagher);
        if system == System::Gallagher {
            return bench;
        }
        Self { town: Town::of(system, watch, true), ..bench }
    }

    pub fn means(&self) -> Means {
        self.means_with(Arc::clone(&self.town) as Arc<dyn Provider>, Arc::clone(&self.ledger), 1)
    }

    pub fn means_with(&self, provider: Arc<dyn Provider>, ledger: Arc<dyn Ledger>, pid: u32) -> Means {
        Means {
            provider,
            ledger,
            clock: Arc::clone(&self.watch) as Arc<dyn Clock>,
            ids: Arc::clone(&self.dice) as Arc<dyn Ids>,
            operator: "op7".into(),
            owner: process(pid),
        }
    }

    /// Puts a card of ours into the town and the journal, as an earlier reissue would have left it.
    pub async fn issue_ours(&self, label: &str) -> CredentialId {
        let marker = self.town.profile.marker.then(|| Marker::from_bits(self.dice.marker_bits()));
        let bookmark = self.town.bookmark().await.unwrap();
        let before: Vec<Seen> = self.town.streets().cards().iter().map(Seen::of).collect();
        let number = marker.as_ref().map_or_else(|| label.to_owned(), |m| m.stamp(label));
        let card = {
            let mut streets = self.town.streets();
            let mut card = streets.mint(&number, "jane.doe@example.org");
            card.marker.clone_from(&marker);
            streets.add(card.clone(), crate::town::us());
            card
        };
        let mut proofs = vec![Proof::Diff];
        proofs.extend(marker.is_some().then_some(Proof::Marker));
        proofs.extend(self.town.has_feed.then_some(Proof::Feed));
        let names = self.town.profile.system != System::Gallagher;
        proofs.extend(names.then_some(Proof::Answer));
        let named = names.then(|| card.id.clone());
        let bound = Binding { object: Some(Seen::of(&card)), proofs, named, ..Binding::default() };
        let purpose = Purpose { marker, class: card.class, ..purpose(self.dice.uuid(), Act::Issue) };
        let snapshot = Snapshot { before, bookmark, request: "00".into(), expect_contact: String::new() };
        self.journal(purpose, snapshot, bound).await;
        self.watch.advance(60);
        card.id
    }

    async fn journal(&self, purpose: Purpose, snapshot: Snapshot, bound: Binding) {
        use IntentState as S;
        let intent = IntentId(self.dice.uuid());
        let remark = Payload::Remark(Remark { text: "request".into(), status: None, candidates: Vec::new() });
        let binding = || Payload::Binding(Box::new(bound.clone()));
        let steps = [
            (S::Intent, Payload::Purpose(Box::new(purpose))),
            (S::Snapshotted, Payload::Snapshot(Box::new(snapshot))),
            (S::Sending, remark),
            (S::Applied, binding()),
            (S::Bound, binding()),
            (S::Done, binding()),
        ];
        let drafts = steps.into_iter().map(|(state, payload)| EventDraft {
            intent,
            state,
            attempt: 1,
            payload,
            operator: "op7".into(),
            wall: self.watch.now(),
            server_date: None,
        });
        self.ledger.append_all(drafts.collect()).await.unwrap();
    }

    #[allow(clippy::unused_self)]
    pub fn request(&self, credential: &CredentialId, why: Option<Why>) -> ReissueRequest {
        ReissueRequest {
            holder: holder_id(),
            holder_link: holder_link(),
            credential: credential.clone(),
            why,
            ticket: "INC0012345".into(),
            note: String::new(),
            at_once: false,
            seen: None,
        }
    }

    pub async fn preview(&self, credential: &CredentialId, why: Option<Why>) -> Result<ReissuePlan, Problem> {
        reissue::preview(&self.means(), self.request(credential, why)).await
    }

    pub async fn run(&self, plan: ReissuePlan) -> ReissueEnd {
        reissue::run(&self.means(), plan, |_| ()).await
    }

    #[allow(clippy::unused_self)]
    pub fn turn_request(&self, credential: &CredentialId, verb: Verb, why: Option<Why>) -> TurnRequest {
        TurnRequest {
            holder: holder_id(),
            holder_link: holder_link(),
            credential: credential.clone(),
            verb,
            word: None,
            why,
            ticket: "INC0012345".into(),
            note: String::new(),
            seen: None,
        }
    }

    pub async fn turn_preview(&self, id: &CredentialId, verb: Verb, why: Why) -> Result<TurnPlan, Problem> {
        turn::preview(&self.means(), self.turn_request(id, verb, Some(why))).await
    }

    /// Previews and does it.
    pub async fn turn(&self, id: &CredentialId, verb: Verb, why: Why) -> Result<ReissueEnd, Problem> {
        let plan = self.turn_preview(id, verb, why).await?;
        self.watch.advance(1);
        Ok(turn::run(&self.means(), plan, |_| ()).await)
    }

    /// The vendor's word for a credential; nothing if it is gone.
    pub fn word(&self, id: &CredentialId) -> String {
        self.town.streets().card(id).map(|card| card.status_word.raw().to_owned()).unwrap_or_default()
    }

    /// All cards of the person with their grades, live.
    pub async fn live(&self) -> Vec<(Credential, Ownership)> {
        let view = LiveView::read(&self.means(), &holder_id(), &holder_link()).await.unwrap();
        view.read.credentials.into_iter().zip(view.grades).collect()
    }

    pub async fn badge(&self, id: &CredentialId) -> &'static str {
        let cards = self.live().await;
        cards.iter().find(|(card, _)| card.id == *id).map_or("(gone)", |(_, o)| o.grade.badge())
    }

    pub async fn records(&self) -> Vec<IntentRecord> {
        self.ledger.intents_of(&holder_id()).await.unwrap()
    }

    pub async fn last(&self) -> IntentRecord {
        self.records().await.pop().unwrap()
    }
}

pub fn purpose(saga: uuid::Uuid, act: Act) -> Purpose {
    Purpose {
        saga: SagaId(saga),
        mode: ReissueMode::AfterAccept,
        act,
        holder: holder_id(),
        holder_link: holder_link(),
        type_link: mobile_type(),
        class: CredentialClass::Mobile,
        marker: None,
        old: None,
        target: None,
        prints: false,
        why: Why::NewPhone,
        ticket: String::new(),
        note: String::new(),
        owner: process(1),
    }
}
