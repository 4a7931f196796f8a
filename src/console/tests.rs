//! Messages in, state and effects out.

mod acts;
mod several_systems;

use super::keymap::Key;
use super::message::{Answer, Effect, HolderView, Msg, Query, Report, Slot, Timer};
use super::model::{Model, Overlay, Pane, Tone};
use super::update::{Moment, update};
use super::wizard::Request;
use crate::domain::cardholder::Cardholder;
use crate::domain::change::CredentialChange;
use crate::domain::credential::{CardStatus, Credential, CredentialClass, Invitation, InvitationStatus, State, System};
use crate::domain::ids::IntentId;
use crate::domain::journal::Marker;
use crate::domain::lifecycle::{Target, Verb};
use crate::domain::ownership::{Action, Grade, Ownership};
use crate::domain::policy::{ConfirmLevel, Mode, ReissueMode, Why, Writes};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReadMark, ReissueEnd, ReissuePlan, ReissueRequest};
use crate::domain::text::{SafeText, Untrusted};
use crate::domain::turn::{TurnPlan, TurnRequest};
use crate::ports::cache::{Hits, HolderHit};
use crate::ports::ledger::LedgerHealth;
use crate::ports::provider::TenantProfile;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::time::Duration;

fn start() -> Timestamp {
    "2026-06-11T00:42:00Z".parse().unwrap()
}

fn person(id: u32, first: &str, last: &str) -> Cardholder {
    Cardholder {
        id: format!("gall:{id}").parse().unwrap(),
        link: format!("/api/cardholders/{id}").parse().unwrap(),
        first_name: first.into(),
        last_name: last.into(),
        description: "Facilities".into(),
        division: Untrusted::default(),
        employee_number: "E10422".into(),
        email: "jane@example.org".into(),
        authorised: true,
        as_of: start(),
    }
}

fn phone(person: u32, card: &str, status: InvitationStatus) -> Credential {
    Credential {
        id: format!("gall:{person}/{card}").parse().unwrap(),
        holder: format!("gall:{person}").parse().unwrap(),
        link: format!("/api/cardholders/{person}/cards/{card}").parse().unwrap(),
        lasting_id: card.into(),
        class: CredentialClass::Mobile,
        type_link: "/api/card_types/2601".parse().unwrap(),
        type_name: "Mobile Credential".into(),
        number: "Mobile PDX0123456789ABCDEF".into(),
        marker: Marker::parse("PDX0123456789ABCDEF"),
        issue_level: None,
        status: CardStatus::Active,
        status_word: "Active".into(),
        invitation: Some(Invitation {
            status,
            email: "jane@example.org".into(),
            phone: "0411222322".into(),
            single_factor: false,
        }),
        from: None,
        until: None,
        last_used: None,
        barred: false,
        particulars: Vec::new(),
        as_of: start(),
    }
}

fn ours() -> Ownership {
    Ownership::new(Grade::Tagged, Vec::new())
}

fn profile() -> TenantProfile {
    TenantProfile {
        name: "gall".parse().unwrap(),
        system: System::Gallagher,
        mode: Mode::Sim,
        starts_unlocked: true,
        marker: true,
        sole_issuer: false,
        feed_operator: None,
    }
}

fn view(id: u32, cards: Vec<Credential>, live: bool) -> HolderView {
    let cards = cards.into_iter().map(|c| (c, ours())).collect();
    HolderView {
        holder: person(id, "Jane", "Doe"),
        cards,
        live,
        whole: true,
        clock: None,
        late: false,
        documents: Vec::new(),
    }
}

fn live(id: u32) -> Slot {
    Slot::Live(format!("gall:{id}").parse().unwrap())
}

fn hits(ids: &[u32]) -> Hits {
    let rows: Vec<HolderHit> = ids
        .iter()
        .map(|id| HolderHit {
            holder: person(*id, "Jane", "Doe"),
            others: Vec::new(),
            cards: 1,
            need: Some(State::Expired),
            card: None,
        })
        .collect();
    Hits { rows, more: false, total: 5000 }
}

/// A console on which time passes only when told.
struct Bench {
    model: Model,
    now: Timestamp,
    mono: Duration,
    effects: Vec<Effect>,
}

impl Bench {
    fn new() -> Self {
        let model = Model::new((80, 24), start(), jiff::tz::TimeZone::UTC, Mode::Sim, "op7".into(), vec![profile()]);
        let mut bench = Self { model, now: start(), mono: Duration::ZERO, effects: Vec::new() };
        bench.tell(Msg::Report(Report::Ledger(LedgerHealth::Verified { events: 1 })));
        bench
    }

    fn tell(&mut self, msg: Msg) -> Vec<Effect> {
        let effects = update(&mut self.model, msg, Moment { wall: self.now, since_start: self.mono });
        self.effects.extend(effects.clone());
        effects
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        self.tell(Msg::Key(key))
    }

    fn pass(&mut self, ms: i64) {
        self.now += SignedDuration::from_millis(ms);
        self.mono += Duration::from_millis(u64::try_from(ms).unwrap());
    }

    fn answer(&mut self, slot: Slot, answer: Answer) -> Vec<Effect> {
        let generation = self.model.generations[&slot];
        self.tell(Msg::Answer(slot, generation, answer))
    }

    /// Jane with one expired phone credential, in the card list.
    fn with_jane(status: InvitationStatus) -> Self {
        let mut bench = Self::new();
        bench.key(Key::Char('j'));
        let first = vec![view(1, vec![phone(1, "a", status)], false)];
        bench.answer(Slot::Search, Answer::Hits { hits: hits(&[1]), first, took: Duration::ZERO });
        bench.key(Key::Enter);
        bench.answer(live(1), Answer::Holder(Box::new(view(1, vec![phone(1, "a", status)], true))));
        bench
    }

    fn plan(&self) -> ReissuePlan {
        let Some(Overlay::Wizard(wizard)) = &self.model.overlay else { panic!("no wizard is open") };
        let Request::Reissue(request) = &wizard.request else { panic!("it is no reissue") };
        plan(request, request.why.or(Some(Why::Expired)), self.now)
    }

    fn turn(&self) -> TurnPlan {
        let Some(Overlay::Wizard(wizard)) = &self.model.overlay else { panic!("no preview is open") };
        let Request::Turn(request) = &wizard.request else { panic!("it is a reissue") };
        turn(request, &wizard.card, self.now)
    }

    /// Answers the preview that is open with what it asks for.
    fn planned(&mut self) {
        let Some(Overlay::Wizard(wizard)) = &self.model.overlay else { return };
        let answer = match &wizard.request {
            Request::Reissue(_) => Answer::Plan(Box::new(self.plan())),
            Request::Turn(_) => Answer::TurnPlan(Box::new(self.turn())),
        };
        self.answer(Slot::Preview, answer);
    }

    /// Seen, and its dwell over.
    fn looked_at(&mut self) {
        self.tell(Msg::Drawn { whole: true });
        self.pass(300);
    }

    /// The wizard, drawn, its target read, its dwell over.
    fn with_wizard() -> Self {
        let mut bench = Self::with_jane(InvitationStatus::Expired);
        bench.key(Key::Char('r'));
        bench.tell(Msg::Drawn { whole: true });
        bench.pass(300);
        let plan = bench.plan();
        bench.answer(Slot::Preview, Answer::Plan(Box::new(plan)));
        bench.tell(Msg::Drawn { whole: true });
        bench.pass(300);
        bench
    }
}

fn plan(request: &ReissueRequest, why: Option<Why>, read_at: Timestamp) -> ReissuePlan {
    ReissuePlan {
        stop: None,
        before: Vec::new(),
        request: request.clone(),
        why,
        holder: person(1, "Jane", "Doe"),
        old: phone(1, "a", InvitationStatus::Expired),
        ownership: ours(),
        mode: ReissueMode::Swap,
        level: ConfirmLevel::L2,
        change: CredentialChange {
            holder: request.holder.clone(),
            holder_link: request.holder_link.clone(),
            add: None,
            remove: None,
            turn: None,
            why: why.unwrap_or(Why::Expired),
            note: String::new(),
            marker: None,
        },
        leaves_old: false,
        sends: String::new(),
        then: String::new(),
        order: String::new(),
        undo: String::new(),
        read_at,
        mark: ReadMark::default(),
    }
}

fn turn(request: &TurnRequest, card: &Credential, read_at: Timestamp) -> TurnPlan {
    TurnPlan {
        request: request.clone(),
        holder: person(1, "Jane", "Doe"),
        card: card.clone(),
        ownership: ours(),
        target: Target { word: "Lost".into(), action: Action::Reversible, tried: false },
        words: vec![SafeText::of("Lost"), SafeText::of("Stolen")],
        level: ConfirmLevel::L1,
        needs_ticket: false,
        change: plan(&reissue_of(request), request.why, read_at).change,
        sends: String::new(),
        then: String::new(),
        undo: String::new(),
        read_at,
        mark: ReadMark::default(),
    }
}

fn reissue_of(request: &TurnRequest) -> ReissueRequest {
    ReissueRequest {
        holder: request.holder.clone(),
        holder_link: request.holder_link.clone(),
        credential: request.credential.clone(),
        why: request.why,
        ticket: String::new(),
        note: String::new(),
        at_once: false,
        seen: None,
    }
}

fn acts(effects: &[Effect]) -> usize {
    effects.iter().filter(|e| e.is_act()).count()
}

#[test]
fn a_late_answer_of_an_older_search_is_dropped() {
    let mut bench = Bench::new();
    bench.key(Key::Char('j'));
    let old = bench.model.generations[&Slot::Search];
    bench.key(Key::Char('a'));
    bench.tell(Msg::Answer(
        Slot::Search,
        old,
        Answer::Hits { hits: hits(&[9]), first: Vec::new(), took: Duration::ZERO },
    ));
    assert!(bench.model.hits.rows.is_empty());
    bench.answer(Slot::Search, Answer::Hits { hits: hits(&[1]), first: Vec::new(), took: Duration::ZERO });
    assert_eq!(bench.model.hits.rows.len(), 1);
}

#[test]
fn three_letters_ask_the_systems_once() {
    let mut bench = Bench::new();
    let mut timers = Vec::new();
    for c in "jan".chars() {
        for effect in bench.key(Key::Char(c)) {
            if let Effect::Timer(timer @ Timer::Debounce(_), _) = effect {
                timers.push(timer);
            }
        }
    }
    let asked: usize = timers
        .into_iter()
        .map(|t| bench.tell(Msg::Timer(t)))
        .map(|e| e.iter().filter(|e| matches!(e, Effect::Query(_, _, Query::Remote { .. }))).count())
        .sum();
    assert_eq!(asked, 1);
}

#[test]
fn enter_before_the_answer_opens_when_it_is_there() {
    let mut bench = Bench::new();
    bench.key(Key::Char('j'));
    bench.key(Key::Enter);
    assert_eq!(bench.model.focus, Pane::Search);
    let first = vec![view(1, vec![phone(1, "a", InvitationStatus::Expired)], false)];
    let effects = bench.answer(Slot::Search, Answer::Hits { hits: hits(&[1]), first, took: Duration::ZERO });
    assert_eq!(bench.model.focus, Pane::Cards);
    assert!(effects.iter().any(|e| matches!(e, Effect::Query(Slot::Live(_), ..))));
}

#[test]
fn r1_enter_space_and_paste_never_write() {
    let mut bench = Bench::with_wizard();
    for _ in 0..3 {
        bench.key(Key::Enter);
        bench.key(Key::Char(' '));
        bench.tell(Msg::Paste("y\ny\r\ny".into()));
    }
    assert_eq!(acts(&bench.effects), 0);
    bench.pass(300);
    assert_eq!(acts(&bench.key(Key::Char('y'))), 1, "y itself does");
}

#[test]
fn r3_a_confirm_drops_keys_for_its_first_moment() {
    let mut bench = Bench::with_jane(InvitationStatus::Expired);
    bench.key(Key::Char('r'));
    let plan = bench.plan();
    bench.answer(Slot::Preview, Answer::Plan(Box::new(plan)));
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0, "typed before it was drawn");
    bench.tell(Msg::Drawn { whole: true });
    bench.pass(249);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0, "typed within the dwell");
    bench.pass(100);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 1);
}

#[test]
fn r3_a_burst_or_a_held_key_never_confirms() {
    for gap in [0, 33, 79] {
        let mut bench = Bench::with_wizard();
        bench.key(Key::Char('1'));
        let plan = bench.plan();
        bench.answer(Slot::Preview, Answer::Plan(Box::new(plan)));
        bench.tell(Msg::Drawn { whole: true });
        for _ in 0..200 {
            bench.pass(gap);
            bench.key(Key::Char('y'));
        }
        assert_eq!(acts(&bench.effects), 0, "every {gap} ms");
    }
}

#[test]
fn r3_a_plan_that_says_another_thing_must_be_seen_first() {
    let mut bench = Bench::with_wizard();
    bench.key(Key::Char('2'));
    let mut other = bench.plan();
    other.sends = "something else".into();
    bench.answer(Slot::Preview, Answer::Plan(Box::new(other)));
    bench.pass(300);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0, "never drawn");
    bench.tell(Msg::Drawn { whole: true });
    bench.pass(300);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 1);
}

#[test]
fn r3_what_was_cut_or_hidden_was_not_seen() {
    let mut bench = Bench::with_wizard();
    bench.tell(Msg::Resize(60, 16));
    bench.tell(Msg::Drawn { whole: false });
    bench.pass(300);
    bench.key(Key::Char('y'));
    bench.tell(Msg::Resize(30, 8));
    bench.pass(300);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0);
    bench.tell(Msg::Resize(80, 24));
    bench.tell(Msg::Drawn { whole: true });
    bench.pass(300);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 1);
}

#[test]
fn r3_y_is_dim_until_the_target_was_read_and_again_when_it_is_old() {
    let mut bench = Bench::with_jane(InvitationStatus::Expired);
    bench.key(Key::Char('r'));
    bench.tell(Msg::Drawn { whole: true });
    bench.pass(300);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0, "not read yet");
    let plan = bench.plan();
    bench.answer(Slot::Preview, Answer::Plan(Box::new(plan)));
    bench.tell(Msg::Drawn { whole: true });
    bench.pass(10_001);
    let effects = bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0, "read too long ago");
    assert!(effects.iter().any(|e| matches!(e, Effect::Query(Slot::Preview, ..))), "it is read again instead");
}

#[test]
fn r4_the_cursor_keeps_its_object() {
    let mut bench = Bench::with_jane(InvitationStatus::Expired);
    let two = vec![phone(1, "a", InvitationStatus::Expired), phone(1, "b", InvitationStatus::Accepted)];
    bench.answer(live(1), Answer::Holder(Box::new(view(1, two, true))));
    bench.key(Key::Char('j'));
    let kept = bench.model.shown.cursor.clone();
    let three = vec![
        phone(1, "c", InvitationStatus::Expired),
        phone(1, "b", InvitationStatus::Accepted),
        phone(1, "a", InvitationStatus::Expired),
    ];
    bench.pass(1000);
    bench.answer(live(1), Answer::Holder(Box::new(view(1, three, true))));
    assert_eq!(bench.model.shown.cursor, kept);
}

/// A record of Jane in the other system.
#[test]
fn r8_a_command_that_is_off_says_why_and_does_nothing() {
    let mut bench = Bench::with_jane(InvitationStatus::Expired);
    bench.model.writes = Writes::Locked;
    bench.key(Key::Char('r'));
    assert!(bench.model.overlay.is_none());
    assert!(bench.model.toast.as_ref().is_some_and(|t| t.text.contains("L unlocks")));
}

#[test]
fn i8_a_broken_ledger_turns_writes_off_and_browsing_goes_on() {
    let mut bench = Bench::with_wizard();
    bench.tell(Msg::Report(Report::Ledger(LedgerHealth::Broken("event 7: wrong MAC".into()))));
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0);
    bench.key(Key::Esc);
    bench.key(Key::Esc);
    bench.key(Key::F(3));
    let effects = bench.key(Key::Char('x'));
    assert!(effects.iter().any(|e| matches!(e, Effect::Query(Slot::Search, ..))));
}

#[test]
fn one_confirm_is_one_act() {
    let mut bench = Bench::with_wizard();
    for _ in 0..5 {
        bench.key(Key::Char('y'));
    }
    assert_eq!(acts(&bench.effects), 1);
    bench.key(Key::Char('r'));
    assert!(bench.model.overlay.is_none(), "a change of this person is being sent");
}

#[test]
fn an_unknown_outcome_stays_on_screen_and_is_looked_at_again() {
    let mut bench = Bench::with_wizard();
    bench.key(Key::Char('y'));
    let problem = Problem::new(ProblemKind::OutcomeUnknown, "gall gave no answer to a change", "", "");
    let effects = bench.tell(Msg::Report(Report::Ended(
        "gall:1".parse().unwrap(),
        ReissueEnd::Unknown(IntentId(uuid::Uuid::nil()), problem),
    )));
    assert!(effects.contains(&Effect::Recover { list_first: false, busy: Vec::new() }));
    let toast = bench.model.toast.as_ref().unwrap();
    assert_eq!(toast.tone, Tone::Error);
    assert!(toast.text.starts_with("OUTCOME UNKNOWN"));
}

#[test]
fn i9_what_is_not_recorded_stays_on_screen_and_leaving_needs_two_confirmations() {
    let mut bench = Bench::with_wizard();
    bench.key(Key::Char('y'));
    let intent = IntentId(uuid::Uuid::nil());
    let problem = Problem::new(ProblemKind::OutcomeUnknown, "NOT RECORDED: applied", "intent 00, person gall:1", "");
    let end = ReissueEnd::NotRecorded(intent, problem);
    bench.tell(Msg::Report(Report::Ended("gall:1".parse().unwrap(), end)));
    for left in ["q twice more", "q once more"] {
        assert!(!bench.key(Key::Char('q')).contains(&Effect::Quit));
        let toast = bench.model.toast.as_ref().unwrap();
        assert!(toast.text.contains("person gall:1") && toast.text.contains(left), "{}", toast.text);
    }
    assert!(bench.key(Key::Char('q')).contains(&Effect::Quit), "confirmed twice it leaves");

    // Recorded meanwhile: nothing is left to write down.
    assert_eq!(bench.model.unrecorded.len(), 1);
    let (work, settled) = (Box::default(), Vec::new());
    bench.tell(Msg::Report(Report::Unfinished { work, settled, names: std::collections::HashMap::new() }));
    assert!(bench.model.unrecorded.is_empty());
}

#[test]
fn leaving_waits_for_a_change_that_is_being_sent() {
    let mut bench = Bench::with_wizard();
    bench.key(Key::Char('y'));
    assert!(!bench.key(Key::Char('q')).contains(&Effect::Quit));
    assert!(bench.key(Key::Char('q')).contains(&Effect::Quit), "asked twice it leaves");
}

#[test]
fn escape_never_quits() {
    let mut bench = Bench::with_wizard();
    for _ in 0..20 {
        bench.key(Key::Esc);
    }
    assert!(!bench.effects.contains(&Effect::Quit));
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => proptest::char::range(' ', '~').prop_filter("y confirms", |c| *c != 'y').prop_map(Key::Char),
        1 => proptest::char::range('a', 'z').prop_map(Key::Ctrl),
        4 => proptest::sample::select(vec![
            Key::Enter, Key::Esc, Key::Tab, Key::BackTab, Key::Backspace, Key::Delete, Key::Up, Key::Down,
            Key::Left, Key::Right, Key::Home, Key::End, Key::PageUp, Key::PageDown, Key::F(1), Key::F(5), Key::F(9),
        ]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_key_storm_without_y_acts_or_panics(keys in prop::collection::vec(any_key(), 1..300), wide in 1u16..300, high in 1u16..100) {
        let mut bench = Bench::with_jane(InvitationStatus::Expired);
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(wide, high)).unwrap();
        bench.tell(Msg::Resize(wide, high));
        for (i, key) in keys.into_iter().enumerate() {
            bench.key(key);
            bench.pass(60);
            if bench.model.wants_drawn() {
                bench.tell(Msg::Drawn { whole: true });
            }
            bench.planned();
            if i % 16 == 0 {
                terminal
                    .draw(|f| {
                        crate::panes::draw(&bench.model, crate::widgets::theme::Theme::default(), f);
                    })
                    .unwrap();
            }
        }
        prop_assert_eq!(acts(&bench.effects), 0);
    }
}
