//! One desk over four systems, opened from a site file as the program opens it: search, states, suspend and resume, and
//! a new phone, in each system's own way.

use crate::stage::{Setting, Stage, StageClock, crypto, world};
use passdesk::cli::sim::{Books, write_books, write_site};
use passdesk::config::Site;
use passdesk::console::message::{Msg, Timer};
use passdesk::desk::Desk;
use passdesk::domain::credential::{CredentialClass, State, System};
use passdesk::domain::ids::CredentialId;
use passdesk::domain::ownership::grade_all;
use passdesk::ports::clock::Clock;
use passdesk::ports::ledger::LedgerHealth;
use passdesk::simulator::accessgrid::{DeviceType, State as PassState};
use serde_json::json;
use std::sync::Arc;

/// A desk on a simulated site of all four systems, and the folder that it lives in.
pub(crate) async fn whole(columns: u16, rows: u16) -> (Stage, tempfile::TempDir) {
    crypto();
    let setting = Setting { cardholders: 120, ..Setting::default() };
    let (clock, folder) = (StageClock::begin(), tempfile::tempdir().unwrap());
    let sim = world(&clock, setting).await;
    let file = folder.path().join("site.toml");
    write_site(&sim, &file).await.unwrap();
    let site = Site::load(&file).unwrap();
    let mut desk = Desk::open_at(&site, &folder.path().join("data"), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    // Who runs the tests must not show on the pictures.
    desk.operator = "op7".into();
    assert!(matches!(desk.ledger.verify().await, LedgerHealth::Verified { .. }));
    let books = Books { ledger: Arc::clone(&desk.ledger), archive: Arc::clone(&desk.archive) };
    write_books(&sim, &books).await.unwrap();
    (Stage::on(columns, rows, setting, sim, desk, clock).await, folder)
}

impl Stage {
    /// Puts the cursor on the first card of a kind.
    pub(super) async fn onto(&mut self, class: CredentialClass) -> CredentialId {
        self.press("gg").await;
        for _ in 0..self.console.model.shown.cards.len() {
            let (card, _) = self.console.model.shown.card().unwrap();
            if card.class == class {
                return card.id.clone();
            }
            self.press("j").await;
        }
        panic!("there is no {class}\n{}", self.screen());
    }

    /// The minute after which a waiting reissue is looked at is over.
    async fn look_at_what_waits(&mut self) {
        let saga = self.console.model.waiting[0].intent;
        self.pass(30);
        self.console.handle(Msg::Timer(Timer::Waiting(saga)));
        self.settle().await;
    }

    pub(super) fn card_state(&self, id: &CredentialId) -> (State, String) {
        let found = self.console.model.shown.cards.iter().find(|(card, _)| card.id == *id);
        found.map(|(card, _)| (card.state(), card.status_word.raw().to_owned())).unwrap()
    }
}

/// The four kinds that hang on people in this world, one a system.
const KINDS: [CredentialClass; 4] =
    [CredentialClass::Mobile, CredentialClass::WalletPass, CredentialClass::DigitalCard, CredentialClass::PrintedCard];

#[tokio::test]
async fn one_search_shows_the_cards_of_all_four_systems_each_with_its_own_states() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let (mut stage, _folder) = whole(columns, rows).await;
        stage.press("jane d").await;
        assert_eq!(stage.console.model.hits.rows.iter().filter(|hit| hit.holder.name().raw() == "Jane Doe").count(), 1);
        stage.press("~").await;
        let model = &stage.console.model;
        let systems: std::collections::BTreeSet<System> =
            model.shown.cards.iter().map(|(card, _)| card.class.system()).collect();
        assert_eq!(systems.len(), 4, "{}", stage.screen());
        assert!(model.shown.records.iter().all(|r| r.live && r.problem.is_none()), "{}", stage.screen());
        stage.shows("in 4 systems");
        insta::assert_snapshot!(format!("jane_{columns}"), stage.screen());
        for (kind, word) in KINDS.into_iter().zip(["accepted", "unlink", "SUSPENDED", "withdrawn"]) {
            stage.onto(kind).await;
            stage.press("4").await;
            let shown = stage.screen().to_lowercase();
            assert!(shown.contains(&word.to_lowercase()) && shown.contains("opens doors now?"), "{kind}\n{shown}");
            insta::assert_snapshot!(format!("state_{kind}_{columns}"), stage.screen());
            stage.press("3").await;
        }
    }
}

#[tokio::test]
async fn what_this_console_issued_anywhere_is_recognised_as_ours() {
    let (stage, _folder) = whole(80, 24).await;
    let mut seen = std::collections::BTreeMap::new();
    for (name, system) in [("gall", System::Gallagher), ("accg", System::AccessGrid), ("cxc", System::CardExchange)] {
        let tenant = name.parse().unwrap();
        let provider = stage.desk.provider(&tenant).unwrap();
        for draft in stage.sim.past(system, &tenant).unwrap() {
            let passdesk::domain::journal::Payload::Purpose(purpose) = draft.payload else { continue };
            let read = provider.holder(&purpose.holder, &purpose.holder_link).await.unwrap();
            let records = stage.desk.ledger.intents_of(&purpose.holder).await.unwrap();
            let grades = grade_all(&records, &read.credentials);
            let marked = read.credentials.iter().zip(grades).find(|(card, _)| card.marker == purpose.marker);
            let (card, ownership) = marked.unwrap_or_else(|| panic!("{} does not carry its marker", purpose.holder));
            assert_eq!(ownership.grade.badge(), "*ours", "{}: {:?}", card.id, ownership.clues);
            *seen.entry(name).or_insert(0) += 1;
        }
    }
    assert!(seen.len() == 3 && seen.values().all(|n| *n >= 2), "{seen:?}");
}

#[tokio::test]
async fn journey_03_a_lost_pass_is_suspended_and_resumed_in_every_system() {
    for kind in KINDS {
        let (mut stage, _folder) = whole(120, 40).await;
        stage.press("sam p~").await;
        let first = stage.console.model.shown.card().unwrap().0.class;
        assert_eq!(first, CredentialClass::Mobile, "what this desk may act on stands first");
        let card = stage.onto(kind).await;
        let holder = stage.console.model.shown.card().unwrap().0.holder.clone();
        assert_eq!(stage.card_state(&card).0, State::Active);
        stage.press("s3").await;
        if kind == CredentialClass::DigitalCard {
            stage.shows("ticket");
            stage.press("y").await;
            assert_eq!(stage.card_state(&card).0, State::Active, "no ticket, no suspend");
            stage.press("tINC0012345~").await;
        }
        stage.press("y").await;
        assert_eq!(stage.card_state(&card).0, State::Suspended, "{}", stage.screen());
        insta::assert_snapshot!(format!("suspended_{kind}_120"), stage.screen());
        stage.press("Sy").await;
        assert_eq!(stage.card_state(&card).0, State::Active, "{}", stage.screen());
        if kind == CredentialClass::DigitalCard {
            let (at, hour) = (stage.sim.d1().now(), jiff::SignedDuration::from_hours(1));
            let codes: Vec<String> = (stage.sim.d1().happened(holder.key.as_str(), at - hour, at + hour).into_iter())
                .filter_map(|op| op.reason_code)
                .collect();
            assert!(codes.iter().any(|code| code == "DEVICE_LOST"), "{codes:?}");
        }
    }
}

#[tokio::test]
async fn journey_02_a_new_phone_in_accessgrid_ends_the_old_pass_once_the_new_one_is_installed() {
    let (mut stage, _folder) = whole(120, 40).await;
    stage.press("john r~").await;
    let old = stage.onto(CredentialClass::WalletPass).await;
    stage.press("r2y").await;
    let passes = stage.sim.grid().passes_of("E10425");
    let new = passes.iter().find(|pass| pass.id != old.key.as_str() && pass.state == PassState::Created).unwrap();
    assert_eq!(stage.card_state(&old).1, "active", "the old one works until then");
    stage.sim.grid().install(&new.id, DeviceType::Iphone).unwrap();
    stage.look_at_what_waits().await;
    assert_eq!(stage.sim.grid().passes(old.key.as_str())[0].state, PassState::Deleted, "{}", stage.screen());
    assert_eq!(stage.sim.grid().passes(&new.id)[0].state, PassState::Active);
}

#[tokio::test]
async fn journey_02_a_new_card_in_cardexchange_blocks_the_old_one_once_the_new_one_is_handed_out() {
    let (mut stage, _folder) = whole(120, 40).await;
    stage.press("john r~").await;
    let old = stage.onto(CredentialClass::PrintedCard).await;
    stage.press("r2y").await;
    let exchange = stage.sim.exchange();
    let made = stage.console.model.shown.cards.iter().find(|(card, _)| {
        card.class == CredentialClass::PrintedCard && card.id != old && card.status_word.raw() == "in_production"
    });
    let new = made.unwrap_or_else(|| panic!("nothing is printed\n{}", stage.screen())).0.id.clone();
    assert_eq!(stage.card_state(&old).1, "activated", "the old one works until then");
    exchange.print(new.key.as_str(), true).unwrap();
    exchange.approve(new.key.as_str()).unwrap();
    exchange.operator_edit("cards", new.key.as_str(), &json!({ "status": "activated" })).unwrap();
    stage.look_at_what_waits().await;
    assert_eq!(exchange.card(old.key.as_str()).unwrap().status, "blocked", "{}", stage.screen());
}

#[tokio::test]
async fn journey_02_a_new_phone_in_d1_is_waited_for_and_the_old_card_offered_for_its_end() {
    let (mut stage, _folder) = whole(120, 40).await;
    stage.press("john r~").await;
    let old = stage.onto(CredentialClass::DigitalCard).await;
    let parent = stage.console.model.shown.cards.iter().find(|(c, _)| c.class == CredentialClass::FundingCard).unwrap();
    let card = parent.0.id.key.as_str().to_owned();
    stage.press("r2y").await;
    stage.shows("Nothing was sent").shows("1 job");
    let wish = serde_json::from_value(json!({ "card": card, "device": "Pixel 9", "identified": true })).unwrap();
    let new = stage.sim.d1().new_phone(&wish).unwrap();
    assert_ne!(new, old.key.as_str());
    stage.pass(61);
    stage.console.handle(Msg::Timer(Timer::Watch(old.clone())));
    stage.settle().await;
    stage.shows("added a new digital card");
    assert_eq!(stage.card_state(&old).0, State::Active, "nothing was ended by itself");
    stage.press("w~").await;
    stage.press("2tINC0012345~y").await;
    assert_eq!(stage.card_state(&old).1, "DELETED", "{}", stage.screen());
}
