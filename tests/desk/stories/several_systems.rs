//! One person over several systems: one hit, one list of cards, one history; and no system waits for another.

use crate::stage::{Setting, Stage, StageClock, brief, crypto, desk_with, provider_on, world};
use passdesk::backends::http::Limits;
use passdesk::console::keymap::Key;
use passdesk::console::message::{Msg, Timer};
use passdesk::desk::Desk;
use passdesk::ports::clock::Clock;
use passdesk::runtime::{Console, Looks};
use passdesk::simulator::{Door, Fault, FaultKind, Release, Simulator};
use passdesk::widgets::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;
use std::time::{Duration, Instant};

const NAMES: [&str; 4] = ["gall", "accg", "d1", "cxc"];

/// Time-outs so long that nothing but an answer ends a question.
fn patient() -> Limits {
    Limits { total: Duration::from_mins(1), ..brief() }
}

/// The same people in so many systems: a desk, and the worlds behind it.
async fn site(systems: usize, clock: &Arc<StageClock>, limits: fn() -> Limits) -> (Desk, Vec<Simulator>) {
    let setting = Setting { cardholders: 60, ..Setting::default() };
    let mut sims = Vec::new();
    for _ in 0..systems {
        sims.push(world(clock, setting).await);
    }
    let time: Arc<dyn Clock> = Arc::clone(clock) as _;
    let providers =
        sims.iter().zip(NAMES).map(|(sim, name)| provider_on(sim, name, &time, setting, limits())).collect();
    let desk = desk_with(providers, &sims[0], time, setting).await;
    (desk, sims)
}

async fn stage(columns: u16, rows: u16, systems: usize, limits: fn() -> Limits) -> (Stage, Vec<Simulator>) {
    let clock = StageClock::begin();
    let (desk, mut sims) = site(systems, &clock, limits).await;
    let first = sims.remove(0);
    (Stage::on(columns, rows, Setting::default(), first, desk, clock).await, sims)
}

fn every(kind: FaultKind) -> Fault {
    Fault { times: 0, ..Fault::once("GET", kind) }
}

#[tokio::test]
async fn one_person_in_two_systems_is_one_hit_with_all_her_cards() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let (mut stage, _others) = stage(columns, rows, 2, brief).await;
        stage.press("jane d~").await;
        let model = &stage.console.model;
        assert_eq!(model.hits.rows.iter().filter(|hit| hit.holder.name().raw() == "Jane Doe").count(), 1);
        assert!(model.shown.records.iter().all(|r| r.live), "both were read");
        stage.shows("3 Cards of Jane Doe").shows("4 cards in 2 systems");
        insta::assert_snapshot!(format!("two_systems_{columns}"), stage.screen());
    }
}

#[tokio::test]
async fn every_act_is_about_the_holder_of_the_card_under_the_cursor() {
    let (mut stage, others) = stage(80, 24, 2, brief).await;
    stage.press("jane d~").await;
    let row = (stage.console.model.shown.cards.iter())
        .position(|(card, _)| card.id.tenant.as_str() == "accg" && card.invitation.is_some())
        .unwrap();
    while stage.console.model.shown.row() > Some(row) {
        stage.key(Key::Up).await;
    }
    while stage.console.model.shown.row() < Some(row) {
        stage.key(Key::Down).await;
    }
    stage.press("r1").await;
    stage.shows("accg");
    stage.press("y").await;
    assert_eq!(stage.world().log().patches, 0, "the first record is in gall, the card is not");
    assert!(others[0].world().log().patches <= 1);
}

#[tokio::test]
async fn a_number_goes_to_its_card_though_another_system_has_it_too() {
    let (mut stage, _others) = stage(80, 24, 2, brief).await;
    stage.press("8841~").await;
    let (card, _) = stage.console.model.shown.card().unwrap();
    assert_eq!(card.number.safe().as_str(), "8841");
}

#[tokio::test]
async fn a_system_that_is_slow_or_refuses_us_is_shown_so_and_holds_up_nobody() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let (mut stage, others) = stage(columns, rows, 4, patient).await;
        stage.press("jane d").await;
        let (slow, refusing) = (others[0].world(), others[2].world());
        slow.arm(every(FaultKind::Hold { applied: false })).unwrap();
        refusing.arm(every(FaultKind::StatusBefore { status: 401, retry_after: None })).unwrap();
        stage.console.handle(Msg::Key(Key::Enter));
        slow.held_at_least(1).await;
        let reading = |tenant: &str| {
            let tenant = tenant.to_owned();
            move |m: &passdesk::console::model::Model| {
                m.shown.records.iter().any(|r| r.holder.id.tenant.as_str() == tenant && r.asked.is_some())
            }
        };
        let others_done = |m: &passdesk::console::model::Model| !["gall", "d1", "cxc"].iter().any(|t| reading(t)(m));
        let events_done = |m: &passdesk::console::model::Model| {
            m.shown.records.iter().all(|r| r.holder.id.tenant.as_str() == "accg" || !r.events.reading)
        };
        stage.console.until(|m| others_done(m) && events_done(m)).await.unwrap();
        assert!(reading("accg")(&stage.console.model), "three answered while the fourth was held");
        let cursor = stage.console.model.shown.cursor.clone();
        stage.pass(2);
        stage.console.handle(Msg::Timer(Timer::Slow));
        stage.console.draw().unwrap();
        stage.shows("accg slow 2.0s").shows("cxc off 401");
        insta::assert_snapshot!(format!("slow_and_off_{columns}"), stage.screen());

        slow.clear_faults();
        slow.release(Release::GoOn);
        stage.console.until(|m| !reading("accg")(m)).await.unwrap();
        assert_eq!(stage.console.model.shown.cursor, cursor, "late cards move no cursor");
        stage.shows_not("accg slow 2.0s:");
    }
}

#[tokio::test]
async fn what_a_system_does_not_keep_or_give_of_the_history_is_said() {
    let (mut stage, others) = stage(120, 40, 2, brief).await;
    let events = Fault { times: 0, ..Fault::once("GET", FaultKind::StatusBefore { status: 403, retry_after: None }) };
    let on = passdesk::simulator::FaultMatch { method: Some("GET".into()), path: Some("/api/events".into()) };
    others[0].world().arm(Fault { on, ..events }).unwrap();
    stage.press("jane d~").await;
    stage.shows("vendor rows of accg are missing");
    assert!(stage.console.model.history.iter().any(|row| row.holder.tenant.as_str() == "gall"), "the other has them");
}

/// A console that was never started: nothing is cached and nothing is filled, so what it shows the systems found.
fn unstarted(desk: &Desk) -> Console<TestBackend> {
    let looks = Looks::new(Theme::default().without_colour(), jiff::tz::TimeZone::UTC);
    Console::new(Terminal::new(TestBackend::new(80, 24)).unwrap(), desk.clone(), looks).unwrap()
}

/// Types a name; how long until a tenant's answer is on the screen.
#[expect(clippy::disallowed_methods, reason = "a figure to print, not a thing to assert")]
async fn found_by(console: &mut Console<TestBackend>, tenant: &str) -> Duration {
    for c in "jane d".chars() {
        console.handle(Msg::Key(Key::Char(c)));
    }
    console.until(|m| !m.asking.is_empty()).await.unwrap();
    let asked = Instant::now();
    console
        .until(|m| m.hits.rows.iter().any(|hit| hit.records().any(|h| h.id.tenant.as_str() == tenant)))
        .await
        .unwrap();
    asked.elapsed()
}

#[tokio::test]
async fn the_search_shows_what_one_system_found_while_three_others_fail() {
    let clock = StageClock::begin();
    let (desk, sims) = site(4, &clock, patient).await;
    sims[0].world().set_door(Door::Closed).await;
    sims[1].world().arm(every(FaultKind::Hold { applied: false })).unwrap();
    sims[2].world().arm(every(FaultKind::StatusBefore { status: 401, retry_after: None })).unwrap();
    let mut console = unstarted(&desk);
    found_by(&mut console, "cxc").await;
    sims[1].world().held_at_least(1).await;
    let owing: Vec<&str> = console.model.asking.iter().map(|(t, _)| t.as_str()).collect();
    assert!(owing.contains(&"accg") && !owing.contains(&"cxc"), "{owing:?}");
    // What comes last is put in as well.
    sims[1].world().clear_faults();
    sims[1].world().release(Release::GoOn);
    console.until(|m| m.hits.rows.iter().any(|hit| hit.records().count() == 2)).await.unwrap();
}

/// Prints how much slower a system's results are for three others that are refusing, twenty seconds late, and wrong
/// about the key. Only what came first is asserted: time is for benchmarks.
#[tokio::test]
async fn three_failing_systems_cost_the_fourth_no_time() {
    crypto();
    let clock = StageClock::begin();
    let (desk, sims) = site(4, &clock, patient).await;
    sims[0].world().set_door(Door::Closed).await;
    sims[1].world().arm(every(FaultKind::Latency { ms: 20_000 })).unwrap();
    sims[2].world().arm(every(FaultKind::StatusBefore { status: 401, retry_after: None })).unwrap();
    let fresh = |providers| Desk {
        providers,
        cache: Arc::new(passdesk::store::cache::SqliteCache::open_in_memory().unwrap()),
        ..desk.clone()
    };
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let mut one = unstarted(&fresh(desk.providers[3..].to_vec()));
        alone.push(found_by(&mut one, "cxc").await);
        let mut four = unstarted(&fresh(desk.providers.clone()));
        together.push(found_by(&mut four, "cxc").await);
        assert!(four.model.asking.iter().any(|(t, _)| t.as_str() == "accg"), "it is twenty seconds late");
    }
    alone.sort();
    together.sort();
    let (alone, together) = (alone[7], together[7]);
    println!(
        "results of one system: alone {alone:?}, beside three that fail {together:?}, ratio {:.2}",
        together.as_secs_f64() / alone.as_secs_f64()
    );
}
