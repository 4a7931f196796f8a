//! The state pane and the previews of all four systems, drawn from made-up credentials: what is lit is exactly what
//! the contracts' tables allow, and every picture is looked at by a person before it is stored.

use passdesk::console::keymap::Key;
use passdesk::console::message::{Answer, Effect, HolderView, Msg, Query, Report, Slot};
use passdesk::console::model::{Model, Pane};
use passdesk::console::shown::Record;
use passdesk::console::update::{Moment, update};
use passdesk::domain::cardholder::Cardholder;
use passdesk::domain::change::CredentialChange;
use passdesk::domain::credential::{
    CardStatus, Credential, CredentialClass, Invitation, InvitationStatus, Particular, System,
};
use passdesk::domain::lifecycle::{self, Target, Verb};
use passdesk::domain::ownership::{Action, Deed, Desk, Grade, Ownership};
use passdesk::domain::policy::{ConfirmLevel, Mode, ReissueMode};
use passdesk::domain::reissue::{ReadMark, ReissuePlan, ReissueRequest};
use passdesk::domain::text::{SafeText, Untrusted};
use passdesk::domain::turn::{TurnPlan, TurnRequest};
use passdesk::ports::ledger::LedgerHealth;
use passdesk::ports::provider::TenantProfile;
use passdesk::widgets::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Duration;

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

fn now() -> jiff::Timestamp {
    crate::stage::BEGIN.parse().unwrap()
}

fn person() -> Cardholder {
    Cardholder {
        id: "t:p1".parse().unwrap(),
        link: "/people/p1".parse().unwrap(),
        first_name: "Sam".into(),
        last_name: "Poe".into(),
        description: "Logistics".into(),
        division: Untrusted::default(),
        employee_number: "E10477".into(),
        email: "sam@site.example".into(),
        authorised: true,
        as_of: now(),
    }
}

/// A credential in one of its vendor's words.
fn card(class: CredentialClass, word: &str) -> Credential {
    let (type_name, number) = match class {
        CredentialClass::WalletPass => ("Wallet (Apple)", "7f3c"),
        CredentialClass::DigitalCard => ("Digital card", "c210"),
        CredentialClass::FundingCard => ("Staff card", "4471"),
        CredentialClass::PrintedCard => ("Staff 2026", "10-88410"),
        CredentialClass::Mobile => ("Mobile Credential", "Mobile"),
        _ => ("Prox 125k", "88410"),
    };
    Credential {
        id: "t:p1/c1".parse().unwrap(),
        holder: "t:p1".parse().unwrap(),
        link: "/cards/c1".parse().unwrap(),
        lasting_id: Untrusted::default(),
        class,
        type_link: "/types/1".parse().unwrap(),
        type_name: type_name.into(),
        number: number.into(),
        marker: None,
        issue_level: None,
        status: lifecycle::meaning(class, word).unwrap_or(CardStatus::Unknown),
        status_word: word.into(),
        invitation: None,
        from: None,
        until: None,
        last_used: None,
        barred: false,
        particulars: Vec::new(),
        as_of: now(),
    }
}

fn with(mut card: Credential, more: &[(Particular, &str)]) -> Credential {
    card.particulars = more.iter().map(|(name, value)| (*name, Untrusted::from(*value))).collect();
    card
}

fn mobile(status: InvitationStatus, card_status: CardStatus, word: &str) -> Credential {
    let invitation =
        Invitation { status, email: "sam@site.example".into(), phone: Untrusted::default(), single_factor: false };
    Credential {
        invitation: Some(invitation),
        status: card_status,
        status_word: word.into(),
        ..card(CredentialClass::Mobile, "active")
    }
}

fn ours(class: CredentialClass) -> Ownership {
    let (grade, clue) = match class {
        CredentialClass::DigitalCard => {
            (Grade::Issuer, "born in the holder's wallet: the issuer's authority and a ticket")
        }
        _ => (Grade::Confirmed, "ledger 2 Jun 2026 by op7 on this console, its id was in the vendor's answer"),
    };
    Ownership::new(grade, vec![SafeText::of(clue)])
}

/// A console that shows one credential.
struct Easel {
    model: Model,
    asked: Option<(u64, Query)>,
    mono: Duration,
}

impl Easel {
    fn of(card: Credential, columns: u16, rows: u16) -> Self {
        let profile = TenantProfile {
            name: "t".parse().unwrap(),
            system: card.class.system(),
            mode: Mode::Sim,
            starts_unlocked: true,
            marker: true,
            sole_issuer: false,
            feed_operator: None,
        };
        let zone = jiff::tz::TimeZone::UTC;
        let mut model = Model::new((columns, rows), now(), zone, Mode::Sim, "op7".into(), vec![profile]);
        model.ledger = LedgerHealth::Verified { events: 1 };
        model.focus = Pane::Pass;
        model.shown.cursor = Some(card.id.clone());
        let owner = ours(card.class);
        // The person whom the credential belongs to.
        let holder = Cardholder { id: card.holder.clone(), ..person() };
        model.shown.records = vec![Record { live: true, ..Record::cached(holder) }];
        model.shown.cards = vec![(card, owner)];
        Self { model, asked: None, mono: Duration::ZERO }
    }

    fn tell(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg, Moment { wall: now(), since_start: self.mono });
        for effect in effects {
            if let Effect::Query(Slot::Preview, number, query) = effect {
                self.asked = Some((number, query));
            }
        }
    }

    /// Presses a key after the screen was looked at, and answers the preview that it asks for.
    fn press(&mut self, keys: &str) -> &mut Self {
        for c in keys.chars() {
            self.draw(false);
            self.mono += Duration::from_millis(400);
            self.tell(Msg::Key(match c {
                '~' => Key::Enter,
                c => Key::Char(c),
            }));
            if let Some((number, query)) = self.asked.take() {
                let answer = self.plan(query);
                self.tell(Msg::Answer(Slot::Preview, number, answer));
            }
        }
        self.draw(false);
        self
    }

    fn plan(&self, query: Query) -> Answer {
        let (card, ownership) = self.model.shown.card().unwrap().clone();
        match query {
            Query::PreviewTurn(request) => Answer::TurnPlan(Box::new(turn_plan(*request, card, ownership))),
            Query::Preview(request) => Answer::Plan(Box::new(reissue_plan(*request, card, ownership))),
            other => panic!("{other:?}"),
        }
    }

    /// The screen as text. What is drawn counts as seen.
    fn draw(&mut self, lines: bool) -> String {
        let (columns, rows) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let mut whole = true;
        let theme = Theme::default().with_lines(lines);
        terminal.draw(|frame| whole = passdesk::panes::draw(&self.model, theme, frame)).unwrap();
        self.tell(Msg::Drawn { whole });
        let buffer = terminal.backend().buffer();
        let row = |y| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned() + "\n";
        (0..rows).map(row).collect()
    }
}

fn change(holder: &Cardholder) -> CredentialChange {
    CredentialChange {
        holder: holder.id.clone(),
        holder_link: holder.link.clone(),
        add: None,
        remove: None,
        turn: None,
        why: passdesk::domain::policy::Why::Test,
        note: String::new(),
        marker: None,
    }
}

fn turn_plan(request: TurnRequest, card: Credential, ownership: Ownership) -> TurnPlan {
    let gallagher = card.class.system() == System::Gallagher;
    let mut target = lifecycle::target(&card, request.verb, request.word.as_deref(), now()).unwrap_or(Target {
        word: "".into(),
        action: Action::Reversible,
        tried: false,
    });
    if gallagher && target.word.is_empty() && request.verb == Verb::Suspend {
        target.word = "Lost".into();
    }
    let words = ["Lost", "Stolen", "Damaged", "Disabled (manually)"].map(SafeText::of).to_vec();
    let reversible = target.action == Action::Reversible && !target.tried;
    TurnPlan {
        holder: person(),
        words: if gallagher && request.verb != Verb::Resume { words } else { Vec::new() },
        level: match ownership.permits(Deed { action: target.action, verb: Some(request.verb), why: request.why }) {
            Ok(level) if target.tried => level.max(ConfirmLevel::L2),
            Ok(level) => level,
            Err(_) => ConfirmLevel::L2,
        },
        needs_ticket: ownership.grade == Grade::Issuer,
        change: change(&person()),
        sends: format!("1 call: {} {}, nothing else", request.verb, target.word),
        then: "it is read back; devices and readers may take minutes to hear of it".into(),
        undo: if reversible { "S resume, a call of its own".into() } else { "none: issue a new one".into() },
        read_at: now(),
        mark: ReadMark::default(),
        request,
        card,
        ownership,
        target,
    }
}

fn reissue_plan(request: ReissueRequest, old: Credential, ownership: Ownership) -> ReissuePlan {
    ReissuePlan {
        stop: None,
        before: vec![old.id.clone()],
        why: request.why,
        holder: person(),
        mode: if old.class == CredentialClass::DigitalCard {
            ReissueMode::HolderAdds
        } else {
            ReissueMode::AfterAccept
        },
        level: ConfirmLevel::L2,
        change: change(&person()),
        leaves_old: false,
        sends: "nothing: the holder adds the digital card on the new phone".into(),
        then: "this console looks every minute until it works, then offers the old one for its end".into(),
        order: "new first: the old one works until it is ended".into(),
        undo: "nothing to undo".into(),
        read_at: now(),
        mark: ReadMark::default(),
        request,
        old,
        ownership,
    }
}

/// The keys in round brackets that are drawn: `s`, `a w returned`, in the order of the alphabet.
fn lit(screen: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for part in screen.split('(').skip(1) {
        let Some((inside, _)) = part.split_once(')') else { continue };
        let inside = inside.trim_end_matches(" ?");
        let is_key = ["s", "S", "x", "a l", "a w"].iter().any(|k| inside == *k || inside.starts_with(&format!("{k} ")));
        if is_key {
            all.push(inside.to_owned());
        }
    }
    all.sort();
    all
}

/// What the line `can` names: the keys alone.
fn can(screen: &str) -> String {
    let mut keys = Vec::new();
    let mut lines = screen.lines().skip_while(|l| !l.contains(" can  "));
    let text = lines.next().unwrap_or_default();
    let text = text.split(" can  ").nth(1).unwrap_or_default();
    for key in ["a l", "a w", "s", "S", "x"] {
        let after = |c: &str| c.trim_start().starts_with(&format!("{key} "));
        if text.split("  ").any(after) {
            keys.push(key);
        }
    }
    keys.sort_unstable();
    keys.join(" ")
}

/// What the contracts allow: class, the vendor's word, the keys, and the words behind `a w`.
/// accessgrid.md section 5; thales-d1.md sections 7 and 8; cardexchange.md section 6.1 (destroyed needs a second
/// person, blacklisted the security role, and bulk_blocked a supervisor: none is configured).
const CONTRACTS: &[(CredentialClass, &str, &str, &str)] = &[
    (CredentialClass::WalletPass, "created", "x", ""),
    (CredentialClass::WalletPass, "active", "a l s x", ""),
    (CredentialClass::WalletPass, "suspended", "S a l x", ""),
    (CredentialClass::WalletPass, "unlink", "x", ""),
    (CredentialClass::WalletPass, "deleted", "", ""),
    (CredentialClass::WalletPass, "unlinked", "", ""),
    (CredentialClass::DigitalCard, "PENDING_IDV", "x", ""),
    (CredentialClass::DigitalCard, "ACTIVE", "s x", ""),
    (CredentialClass::DigitalCard, "SUSPENDED", "S x", ""),
    (CredentialClass::DigitalCard, "INACTIVE", "S x", ""),
    (CredentialClass::DigitalCard, "DELETED", "", ""),
    (CredentialClass::DigitalCard, "ERASED", "", ""),
    (CredentialClass::FundingCard, "ACTIVE", "s", ""),
    (CredentialClass::FundingCard, "INACTIVE", "S", ""),
    (CredentialClass::FundingCard, "EXPIRED", "", ""),
    (CredentialClass::FundingCard, "REPLACED", "", ""),
    (CredentialClass::FundingCard, "DELETED", "", ""),
    (CredentialClass::FundingCard, "UNKNOWN", "", ""),
    (CredentialClass::PrintedCard, "initialized", "a w x", "in_production withdrawn"),
    (CredentialClass::PrintedCard, "in_production", "a w x", "initialized withdrawn"),
    (CredentialClass::PrintedCard, "personalized", "a w s x", "blocked withdrawn"),
    (CredentialClass::PrintedCard, "issued", "a w s x", "activated blocked returned withdrawn"),
    (CredentialClass::PrintedCard, "activated", "a w s", "blocked returned"),
    (CredentialClass::PrintedCard, "blocked", "S a w", "activated returned"),
    (CredentialClass::PrintedCard, "expired", "a w", "returned"),
    (CredentialClass::PrintedCard, "bulk_blocked", "", ""),
    (CredentialClass::PrintedCard, "linked", "", ""),
    (CredentialClass::PrintedCard, "unlinked", "", ""),
    (CredentialClass::PrintedCard, "returned", "", ""),
    (CredentialClass::PrintedCard, "withdrawn", "", ""),
    (CredentialClass::PrintedCard, "blacklisted", "", ""),
    (CredentialClass::PrintedCard, "destroyed", "", ""),
    (CredentialClass::PrintedCard, "none", "", ""),
];

#[test]
fn what_is_lit_is_what_the_contracts_allow() {
    let mut states = 0;
    for (class, word, keys, words) in CONTRACTS {
        for (columns, rows) in SIZES {
            for lines in [false, true] {
                let screen = Easel::of(card(*class, word), columns, rows).draw(lines);
                let lit = lit(&screen);
                // Where there is a drawing a way carries its name, where there is none its word: the key is the same.
                let of_key = |l: &String| if l.starts_with("a ") { l[..3].to_owned() } else { l[..1].to_owned() };
                let mut drawn: Vec<String> = lit.iter().map(of_key).collect();
                drawn.dedup();
                let at = format!("{class} {word} {columns}x{rows}\n{screen}");
                if *class == CredentialClass::PrintedCard {
                    let drawn_words = lit.iter().flat_map(|l| l.split(' ').filter(|w| w.len() > 1));
                    let mut reached: Vec<&str> = drawn_words.collect();
                    reached.sort_unstable();
                    assert_eq!(reached.join(" "), *words, "{at}");
                } else {
                    assert_eq!(drawn.join(" "), *keys, "{at}");
                }
                if columns >= 80 {
                    let listed: Vec<&str> = keys.split(' ').filter(|k| !k.is_empty()).collect();
                    assert_eq!(can(&screen), listed.join(" "), "{at}");
                }
                let boxed = lifecycle::meaning(*class, word).map_or((*word).to_owned(), |_| word.to_uppercase());
                assert!(screen.contains(&format!("[{boxed}]")), "where it stands: {at}");
            }
        }
        states += 1;
    }
    assert_eq!(states, CONTRACTS.len());
    for class in [C::WalletPass, C::DigitalCard, C::FundingCard, C::PrintedCard] {
        for (word, _) in lifecycle::words(class) {
            assert!(CONTRACTS.iter().any(|(c, w, ..)| *c == class && w == word), "{class} {word} is not walked");
        }
    }
}

use CredentialClass as C;

/// gallagher.md sections 5.3 and 5.4: what the invitation and the card say, and which keys are lit.
#[test]
fn at_gallagher_the_invitation_decides_whether_there_is_something_to_suspend() {
    use CardStatus as S;
    use InvitationStatus as I;
    for (invitation, status, keys) in [
        (I::NotSent, S::Active, "a w x"),
        (I::Sent, S::Active, "a w x"),
        (I::Expired, S::Active, "a w x"),
        (I::Accepted, S::Active, "a w s x"),
        (I::Accepted, S::Inactive, "S a w x"),
        (I::Accepted, S::Expired, "a w x"),
        (I::Accepted, S::Pending, "a w s x"),
        (I::Unknown, S::Active, ""),
        (I::Accepted, S::Unknown, ""),
    ] {
        let screen = Easel::of(mobile(invitation, status, "Active"), 120, 40).draw(false);
        assert_eq!(can(&screen), keys, "{invitation} {status}\n{screen}");
        let arrows: Vec<&str> = keys.split(' ').filter(|k| matches!(*k, "s" | "S")).collect();
        assert_eq!(lit(&screen), arrows, "{invitation} {status}\n{screen}");
    }
    for class in [C::Card, C::Piv, C::Pivi, C::GovPass, C::DigitalId, C::ApplePass, C::TrackingTag, C::Transact] {
        let screen = Easel::of(card(class, "active"), 120, 40).draw(false);
        assert_eq!(can(&screen), "a w s x", "{class}\n{screen}");
        assert!(screen.contains("r reissue: "), "the reason why not: {screen}");
    }
    let screen = Easel::of(card(C::Unknown, "active"), 120, 40).draw(false);
    assert_eq!(can(&screen), "", "{screen}");
}

#[test]
fn what_is_not_ours_is_not_acted_on() {
    let mut easel = Easel::of(card(C::WalletPass, "active"), 120, 40);
    easel.model.shown.cards[0].1.grade = Grade::Foreign;
    let screen = easel.draw(false);
    assert_eq!((can(&screen), lit(&screen).len()), (String::new(), 0), "{screen}");
    assert!(screen.contains("it was not"), "{screen}");
}

#[test]
fn what_another_desk_issued_names_that_desk_and_its_end_is_counted() {
    let theirs = || Ownership {
        desk: Some(Desk { console: "desk-0000000b".parse().unwrap(), name: SafeText::of("lee"), imported: now() }),
        ..Ownership::new(Grade::Claimed, vec![SafeText::of("ledger of lee (desk-0000000b), imported 2 Jun 2026")])
    };
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut easel = Easel::of(card(C::WalletPass, "active"), columns, rows);
        easel.model.shown.cards[0].1 = theirs();
        let screen = easel.draw(false);
        assert_eq!(screen.matches("+ours@lee").count(), 2, "in the list and beside the evidence:\n{screen}");
        assert!(screen.contains("ledger of lee (desk-0000000b)"), "{screen}");
        assert_eq!(can(&screen), "a l s x", "{screen}");
        let screen = easel.press("s3").draw(false);
        assert!(screen.contains("full preview") && !screen.contains("Count") && screen.contains("y send"), "{screen}");
        let mut easel = Easel::of(card(C::WalletPass, "active"), columns, rows);
        easel.model.shown.cards[0].1 = theirs();
        let screen = easel.press("x9").draw(false);
        assert!(screen.contains("full preview and count") && screen.contains("y is off: type the count"), "{screen}");
        let screen = easel.press("c2~").draw(false);
        assert!(screen.contains("it is not that many"), "{screen}");
        let mut easel = Easel::of(card(C::WalletPass, "active"), columns, rows);
        easel.model.shown.cards[0].1 = theirs();
        let screen = easel.press("x9c1~").draw(false);
        assert!(screen.contains("1 card, typed") && screen.contains("y send"), "{screen}");
        assert!(easel.model.running.is_empty());
        easel.press("y");
        assert_eq!(easel.model.running.len(), 1);
    }
    // A mark that no ledger explains is a riddle: it may be suspended if it was lost, and that is all.
    let mut easel = Easel::of(card(C::WalletPass, "active"), 120, 40);
    easel.model.shown.cards[0].1 = Ownership::new(Grade::Claimed, Vec::new());
    let screen = easel.draw(false);
    assert!(screen.contains("?ambig") && can(&screen) == "s", "{screen}");
}

/// The credentials whose pictures are stored.
fn gallery() -> Vec<(&'static str, Credential)> {
    use Particular as P;
    let pass = [
        (P::DeviceStatus, "suspended"),
        (P::Platform, "apple"),
        (P::Device, "iphone"),
        (P::StateReason, "device_lost"),
        (P::Half, "google pass deleted on install"),
        (P::Email, "sam@site.example"),
    ];
    let digital = [
        (P::Device, "Sam's phone"),
        (P::Scheme, "VISA"),
        (P::StateReason, "DEVICE_LOST"),
        (P::TokenRequestor, "40010030273"),
        (P::Parent, "crd-71"),
    ];
    let printed =
        [(P::ProfileStatus, "activated"), (P::Production, "printer 2"), (P::Tries, "1"), (P::Layout, "Staff")];
    vec![
        (
            "accessgrid_active",
            with(card(C::WalletPass, "active"), &[(P::DeviceStatus, "installed"), (P::Platform, "apple")]),
        ),
        ("accessgrid_suspended", with(card(C::WalletPass, "suspended"), &pass)),
        ("accessgrid_unlink", card(C::WalletPass, "unlink")),
        ("accessgrid_unknown", card(C::WalletPass, "inactive")),
        ("d1_digital_suspended", with(card(C::DigitalCard, "SUSPENDED"), &digital)),
        ("d1_card_active", card(C::FundingCard, "ACTIVE")),
        ("cardexchange_issued", with(card(C::PrintedCard, "issued"), &printed)),
        ("cardexchange_activated", with(card(C::PrintedCard, "activated"), &printed)),
        ("gallagher_active", mobile(InvitationStatus::Accepted, CardStatus::Active, "Active")),
        (
            "gallagher_badge",
            with(
                card(C::ApplePass, "active"),
                &[(P::Sibling, "phone credential 0411****22"), (P::Device, "applePhone")],
            ),
        ),
    ]
}

#[test]
fn every_system_has_its_own_diagram() {
    for (name, card) in gallery() {
        for (columns, rows) in SIZES {
            let screen = Easel::of(card.clone(), columns, rows).draw(false);
            insta::assert_snapshot!(format!("state_{name}_{columns}"), screen);
        }
    }
    let screen = Easel::of(card(C::WalletPass, "active"), 80, 24).draw(true);
    insta::assert_snapshot!("state_accessgrid_lines_80", screen);
}

#[test]
fn previews_speak_the_vendors_words() {
    for (name, card, keys) in [
        ("accessgrid_suspend", card(C::WalletPass, "active"), "s3"),
        ("accessgrid_unlink", card(C::WalletPass, "active"), "al4"),
        ("accessgrid_withdraw", card(C::WalletPass, "created"), "x9"),
        ("d1_suspend_wants_a_ticket", card(C::DigitalCard, "ACTIVE"), "s3"),
        ("d1_reissue", card(C::DigitalCard, "ACTIVE"), "r2"),
        ("cardexchange_block", card(C::PrintedCard, "activated"), "s3"),
        ("cardexchange_words", card(C::PrintedCard, "issued"), "aw"),
        ("cardexchange_returned", card(C::PrintedCard, "issued"), "awj~5"),
        ("gallagher_suspend", mobile(InvitationStatus::Accepted, CardStatus::Active, "Active"), "s3"),
        ("gallagher_words", mobile(InvitationStatus::Accepted, CardStatus::Active, "Active"), "s3w"),
        ("gallagher_resume", mobile(InvitationStatus::Accepted, CardStatus::Inactive, "Lost"), "S"),
    ] {
        for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
            let mut easel = Easel::of(card.clone(), columns, rows);
            let screen = easel.press(keys).draw(false);
            insta::assert_snapshot!(format!("preview_{name}_{columns}"), screen);
        }
        let screen = Easel::of(card, 40, 10).press(keys).draw(false);
        assert!(screen.contains("y is off") || screen.contains("needs"), "a cut preview is no decision:\n{screen}");
    }
}

#[test]
fn jobs_say_what_is_awaited() {
    let mut easel = Easel::of(card(C::DigitalCard, "ACTIVE"), 80, 24);
    easel.press("r2y").press("w");
    insta::assert_snapshot!("jobs_awaited_80", easel.draw(false));
    let (holder, cards) = (easel.model.shown.records[0].holder.clone(), easel.model.shown.cards.clone());
    let mut view =
        HolderView { holder, cards, live: true, whole: true, clock: None, late: false, documents: Vec::new() };
    let mut new = card(C::DigitalCard, "ACTIVE");
    new.id = "t:p1/c2".parse().unwrap();
    view.cards.push((new, ours(C::DigitalCard)));
    easel.tell(Msg::Report(Report::Watched("t:p1/c1".parse().unwrap(), Ok(Box::new(view)))));
    insta::assert_snapshot!("jobs_offered_80", easel.draw(false));
}

#[test]
fn a_first_key_shows_its_strip() {
    let mut easel = Easel::of(card(C::WalletPass, "active"), 80, 24);
    easel.press("a");
    easel.model.strip = true;
    insta::assert_snapshot!("strip_80", easel.draw(false));
}

#[test]
fn i26_the_mode_is_on_every_screen_in_words() {
    for (columns, rows) in SIZES {
        for (mode, word) in [(Mode::Live, "LIVE"), (Mode::Test, "TEST"), (Mode::Sim, "SIM")] {
            for lines in [false, true] {
                let mut easel = Easel::of(card(CredentialClass::Mobile, "active"), columns, rows);
                easel.model.mode = mode;
                for tenant in &mut easel.model.tenants {
                    tenant.profile.mode = mode;
                }
                let screen = easel.draw(lines);
                assert!(screen.contains(word), "{columns}x{rows} {word}\n{screen}");
            }
        }
    }
}
