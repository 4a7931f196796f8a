//! What did not come to its end: shown first, with the one key that finishes it.

use crate::stage::{Setting, Stage};
use crate::stories::four_systems::whole;
use passdesk::console::decision::Evidence;
use passdesk::console::message::{Msg, Timer};
use passdesk::console::model::Overlay;
use passdesk::domain::credential::{CredentialClass, State, System};
use passdesk::domain::ids::HolderId;
use passdesk::domain::journal::{IntentRecord, IntentState};
use passdesk::domain::policy::{ReissueMode, Why};
use passdesk::simulator::{Fault, FaultKind, FaultMatch, ForeignKind, ForeignWrite, When};

const JANE: &str = "4665";

/// Lets the n-th of the coming changes be refused.
fn refuse(stage: &Stage, class: CredentialClass, after: u32, status: u16) {
    let (method, path) = match class {
        CredentialClass::Mobile => ("PATCH", "/api/cardholders"),
        CredentialClass::WalletPass => ("POST", "/v1/key-cards"),
        _ => ("POST", "/api/v1/"),
    };
    let on = FaultMatch { method: Some(method.into()), path: Some(path.into()) };
    let kind = FaultKind::StatusBefore { status, retry_after: None };
    stage.sim.front(class.system()).unwrap().faults.arm(Fault { on, kind, skip: after, times: 1 }).unwrap();
}

/// The preview that stands open is a reissue, or an act; with these reasons chosen.
fn previewed(stage: &Stage) -> (Option<passdesk::domain::lifecycle::Verb>, Option<Why>) {
    let Some(Overlay::Wizard(wizard)) = &stage.console.model.overlay else { panic!("{}", stage.screen()) };
    (wizard.request.verb(), wizard.request.why())
}

#[tokio::test]
async fn half_done_is_shown_and_one_key_issues_only_the_new_one() {
    for class in [CredentialClass::Mobile, CredentialClass::WalletPass, CredentialClass::PrintedCard] {
        let (mut stage, _folder) = whole(120, 40).await;
        stage.press("john r~").await;
        let old = stage.onto(class).await;
        refuse(&stage, class, 1, 400);
        stage.press("r3y").await;
        stage.shows("HALF DONE");
        assert_eq!(stage.console.model.half.len(), 1, "{class}\n{}", stage.screen());
        let stopped = stage.card_state(&old);
        assert_eq!(stopped.0, State::Suspended, "{class}");
        stage.press("^w").await;
        stage.shows("HALF DONE").shows("ENT finishes it");
        insta::assert_snapshot!(format!("half_done_{class}_120"), stage.screen());
        stage.press("~").await;
        assert_eq!(previewed(&stage), (None, Some(Why::Lost)), "{class}: as it was begun");
        stage.shows("only the new one is issued");
        stage.press("y").await;
        assert!(stage.console.model.half.is_empty(), "{class}\n{}", stage.screen());
        assert_eq!(stage.card_state(&old), stopped, "{class}: the old one stays as it was stopped");
        let holder = old_holder(&stage, &old);
        let records = stage.desk.ledger.intents_of(&holder).await.unwrap();
        let made = records.iter().rfind(|r| r.purpose.act.makes()).unwrap();
        assert_eq!((made.state, made.purpose.mode), (IntentState::Done, ReissueMode::RevokeFirst), "{class}");
    }
}

fn old_holder(stage: &Stage, card: &passdesk::domain::ids::CredentialId) -> HolderId {
    stage.console.model.shown.cards.iter().find(|(c, _)| c.id == *card).unwrap().0.holder.clone()
}

#[tokio::test]
async fn a_new_card_that_is_not_at_its_printer_is_half_done_and_one_key_sends_it_there() {
    let (mut stage, _folder) = whole(120, 40).await;
    stage.press("john r~").await;
    let class = CredentialClass::PrintedCard;
    stage.onto(class).await;
    refuse(&stage, class, 1, 400);
    stage.press("r5y").await;
    stage.shows("HALF DONE");
    let [half] = stage.console.model.half.as_slice() else { panic!("{}", stage.screen()) };
    assert_eq!(half.purpose.class.system(), System::CardExchange);
    let new = half.binding.clone().unwrap().object.unwrap().id;
    assert_eq!(stage.sim.exchange().card(new.key.as_str()).unwrap().status, "initialized");
    stage.press("^w").await;
    stage.shows("2 send it to its printer: not done; ENT finishes it");
    insta::assert_snapshot!("half_done_printer_120", stage.screen());
    stage.press("~").await;
    assert_eq!(previewed(&stage), (Some(passdesk::domain::lifecycle::Verb::Set), Some(Why::Damaged)));
    stage.press("y").await;
    assert_eq!(stage.sim.exchange().card(new.key.as_str()).unwrap().status, "in_production", "{}", stage.screen());
    assert!(stage.console.model.half.is_empty(), "{}", stage.screen());
    assert_eq!(stage.console.model.waiting.len(), 1, "the old one still waits for the new one");
}

#[tokio::test]
async fn a_card_that_somebody_else_sent_to_the_printer_is_no_longer_half_done() {
    let (mut stage, _folder) = whole(120, 40).await;
    stage.press("john r~").await;
    let class = CredentialClass::PrintedCard;
    stage.onto(class).await;
    refuse(&stage, class, 1, 400);
    stage.press("r5y").await;
    let new = stage.console.model.half[0].binding.clone().unwrap().object.unwrap().id;
    let edit = serde_json::json!({ "status": "in_production" });
    stage.sim.exchange().operator_edit("cards", new.key.as_str(), &edit).unwrap();
    stage.press("^wR").await;
    assert!(stage.console.model.half.is_empty(), "{}", stage.screen());
}

async fn last_of_jane(stage: &Stage) -> IntentRecord {
    let jane: HolderId = format!("gall:{JANE}").parse().unwrap();
    stage.desk.ledger.intents_of(&jane).await.unwrap().pop().unwrap()
}

fn number_of(record: &IntentRecord) -> String {
    record.purpose.marker.as_ref().unwrap().stamp("Mobile")
}

/// A credential of Jane with this number, as our own lost call would have made it.
fn arrives(stage: &Stage, number: String) {
    let write = ForeignWrite {
        cardholder: JANE.into(),
        kind: ForeignKind::SameType,
        of: None,
        when: When::Now,
        email: None,
        number: Some(number),
        workstation: false,
        by: None,
    };
    stage.world().foreign(write).unwrap();
}

/// Jane's reissue, whose request was lost. No operator of our own, so that the log names nobody.
async fn lost() -> Stage {
    let setting = Setting { feed: false, ..Setting::default() };
    let mut stage = Stage::with(120, 40, setting).await;
    stage.press("jane d~r").await;
    stage.world().arm(Fault::once("PATCH", FaultKind::DropBefore)).unwrap();
    stage.press("y").await;
    assert_eq!(last_of_jane(&stage).await.state, IntentState::Unknown);
    stage
}

#[tokio::test]
async fn i4_a_pass_that_arrives_late_is_an_alarm_until_somebody_deals_with_it() {
    let mut stage = lost().await;
    stage.pass(700);
    stage.console.handle(Msg::Timer(Timer::Reconcile(0)));
    stage.settle().await;
    let lost = last_of_jane(&stage).await;
    assert_eq!(lost.state, IntentState::Abandoned, "{}", stage.screen());
    stage.press("^").await;
    stage.pass(3600);
    arrives(&stage, number_of(&lost));
    stage.console.handle(Msg::Timer(Timer::Late));
    stage.settle().await;
    stage.shows("ALARM: Jane Doe has a pass that was held not to have been made").shows("1 job");
    let late = stage.console.model.arrived[0].purpose.old.clone().unwrap().id;
    stage.press("^").await;
    stage.shows("ALARM: a pass of Jane Doe");
    stage.press("w").await;
    stage.shows("its mark proves it ours");
    insta::assert_snapshot!("late_arrival_jobs_120", stage.screen());
    // X asks first, and Esc is no answer.
    stage.press("X").await;
    stage.shows("let that pass stay");
    stage.press("^").await;
    assert_eq!(stage.console.model.arrived.len(), 1);
    stage.press("~").await;
    assert_eq!(previewed(&stage), (Some(passdesk::domain::lifecycle::Verb::End), Some(Why::Mistake)));
    stage.press("y").await;
    assert!(!stage.console.model.shown.cards.iter().any(|(c, _)| c.id == late), "{}", stage.screen());
    assert!(stage.console.model.arrived.is_empty(), "{}", stage.screen());
    assert_eq!(stage.world().log().patches, 2);
}

#[tokio::test]
async fn i4_opening_the_person_shows_a_late_pass_without_waiting_for_the_watch() {
    let mut stage = lost().await;
    stage.pass(700);
    stage.console.handle(Msg::Timer(Timer::Reconcile(0)));
    stage.settle().await;
    let number = number_of(&last_of_jane(&stage).await);
    arrives(&stage, number);
    stage.press("^R").await;
    stage.shows("ALARM");
    assert_eq!(stage.console.model.arrived.len(), 1);
    let shown = &stage.console.model.shown.cards;
    let marked =
        shown.iter().find(|(c, _)| Some(&c.id) == stage.console.model.arrived[0].purpose.old.as_ref().map(|o| &o.id));
    assert_eq!(marked.unwrap().1.grade.badge(), "*ours");
    // The alarm ends when a person lets it stay.
    stage.press("wXy").await;
    assert!(stage.console.model.arrived.is_empty(), "{}", stage.screen());
    assert_eq!(stage.world().log().patches, 1, "nothing was sent");
}

#[tokio::test]
async fn a_parked_question_is_decided_on_a_sheet_with_a_reason_and_never_by_one_key() {
    let mut stage = lost().await;
    stage.press("^w~y").await;
    assert_eq!(last_of_jane(&stage).await.state, IntentState::Held);
    let number = number_of(&last_of_jane(&stage).await);
    arrives(&stage, number);
    stage.pass(700);
    stage.press("~").await;
    let Some(Overlay::Decision(sheet)) = &stage.console.model.overlay else { panic!("{}", stage.screen()) };
    let Evidence::Ready(case) = &sheet.evidence else { panic!("{}", stage.screen()) };
    assert_eq!(case.choices.len(), 3, "{case:?}");
    stage.shows("carries our mark").shows("y is off: a reason is required");
    insta::assert_snapshot!("decision_120", stage.screen());
    stage.press("yyy").await;
    assert_eq!(last_of_jane(&stage).await.state, IntentState::Held, "no reason, no answer");
    stage.press("nyes it is hers~").await;
    stage.shows("yes it is hers").shows("records it, nothing is sent");
    assert_eq!(last_of_jane(&stage).await.state, IntentState::Held, "ENT and typed letters record nothing (r1)");
    stage.press("j").await;
    stage.shows("y is off: something is there");
    stage.press("y").await;
    assert_eq!(last_of_jane(&stage).await.state, IntentState::Held);
    stage.press("ky").await;
    let record = last_of_jane(&stage).await;
    assert_eq!(record.state, IntentState::Done, "{}", stage.screen());
    assert!(record.remark.unwrap().text.contains("yes it is hers"));
    assert_eq!(stage.world().log().patches, 1, "nothing was sent");
    stage.shows("Settled: Jane Doe");
}

#[tokio::test]
async fn i25_a_clock_that_is_set_is_said_once_and_stands_in_the_header() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("jane d~").await;
    stage.shows("gall ok");
    // Only the server's time moves on.
    stage.world().advance(630);
    stage.press("R").await;
    stage.shows("gall clock 10m").shows("behind the vendor's");
    stage.press("^").await;
    stage.shows("gall clock 10m").shows_not("behind the vendor's");
}
