use super::*;
use crate::domain::credential::State;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// 2026-06-11 10:42 in Melbourne.
fn calendar() -> Calendar {
    Calendar { now: at("2026-06-11T00:42:00Z"), zone: zone("Australia/Melbourne") }
}

fn texts(of: &[&str]) -> Fact {
    Fact::Texts(of.iter().map(|t| (*t).to_owned()).collect())
}

fn card() -> Facts {
    let mut facts = Facts::default()
        .with(Field::Issued, Fact::Owner(Owner::Ours))
        .with(Field::State, Fact::State(State::Expired, Some(Lapse::Invite)))
        .with(Field::Raw, texts(&["active", "expired"]))
        .with(Field::Age, Fact::Moment(at("2026-04-01T00:00:00Z")))
        .with(Field::Expires, Fact::None)
        .with(Field::Used, Fact::Unknown("its last use is not known"))
        .with(Field::Type, Fact::Kind(Kind::Mobile))
        .with(Field::Backend, texts(&["gall", "gallagher"]))
        .with(Field::Holder, texts(&["Jané Doe", "E10422"]))
        .with(Field::Number, texts(&["0411 222 322"]));
    facts.ids = vec!["4665/9c1d04be".to_owned()];
    facts
}

fn judged(filter: &str, row: &Facts) -> Verdict {
    filter.parse::<Filter>().unwrap_or_else(|m| panic!("{filter}: {m}")).judge(row, &calendar())
}

#[track_caller]
fn expect(filter: &str, row: &Facts, wanted: char) {
    let said = match judged(filter, row) {
        Verdict::Match => 'y',
        Verdict::No => 'n',
        Verdict::NearMiss(_) => '?',
    };
    assert_eq!(said, wanted, "{filter}");
}

#[test]
fn every_sort_of_term_is_judged() {
    for (filter, wanted) in [
        ("", 'y'),
        ("issued:me state:expired age:>30d type:mobile", 'y'),
        ("issued:us", 'y'),
        ("issued:ours,foreign", 'y'),
        ("issued:foreign", 'n'),
        ("state:expired.invite", 'y'),
        ("state:expired.date", 'n'),
        ("state:active,expired", 'y'),
        ("-state:expired", 'n'),
        ("-state:active", 'y'),
        ("raw:active", 'y'),
        ("raw:act", 'n'),
        ("raw:~^act", 'y'),
        ("age:<30d", 'n'),
        ("age:2026-04", 'y'),
        ("age:apr", 'y'),
        ("expires:<30d", 'n'),
        ("-expires:<30d", 'y'),
        ("used:<30d", '?'),
        ("-used:<30d", '?'),
        ("used:<30d state:active", 'n'),
        ("used:<30d or state:expired", 'y'),
        ("type:wallet", 'n'),
        ("backend:GALL", 'y'),
        ("backend:gal", 'n'),
        ("holder:\"jane doe\"", 'y'),
        ("holder:JANE", 'y'),
        ("number:322", 'y'),
        ("number:222322", 'y'),
        ("number:0411", 'n'),
        ("jane", 'y'),
        ("doe e10422", 'y'),
        ("04be", 'y'),
        ("222-322", 'y'),
        ("9c1d", 'n'),
        ("-jane", 'n'),
        ("(state:active or jane) -type:physical", 'y'),
        ("-(state:expired type:mobile)", 'n'),
        ("ticket:INC", '?'),
    ] {
        expect(filter, &card(), wanted);
    }
}

#[test]
fn r5_an_owner_who_is_not_settled_fits_neither_term_nor_opposite() {
    for owner in [Owner::Inferred, Owner::Ambiguous] {
        let row = Facts::default().with(Field::Issued, Fact::Owner(owner));
        for word in ["me", "us", "ours", "elsewhere", "foreign"] {
            expect(&format!("issued:{word}"), &row, '?');
            expect(&format!("-issued:{word}"), &row, '?');
        }
        expect("issued:issuer", &row, 'n');
        expect(&format!("issued:{owner}"), &row, 'y');
    }
    let row = Facts::default().with(Field::Issued, Fact::Unknown("why"));
    let Verdict::NearMiss(misses) = judged("-issued:me or -issued:us", &row) else { panic!() };
    assert_eq!(misses, [NearMiss { field: Field::Issued, why: "why" }]);
}

#[test]
fn r5_a_state_that_nobody_knows_is_not_said_to_differ() {
    let row = Facts::default().with(Field::State, Fact::State(State::Unknown, None));
    expect("state:unknown", &row, 'y');
    expect("state:active", &row, '?');
    expect("-state:active", &row, '?');
    let row = Facts::default().with(Field::State, Fact::State(State::Expired, None));
    expect("state:expired", &row, 'y');
    expect("state:expired.date", &row, '?');
}

#[test]
fn a_mistake_names_its_word_and_what_would_be_right() {
    for (text, start, end, what, right) in [
        ("jane stat:active", 5, 9, "There is no field \"stat\"", "state:"),
        ("état:x", 0, 4, "There is no field", "state:"),
        ("gall:7741", 0, 4, "There is no field \"gall\"", "wants quotes"),
        ("state:", 0, 6, "state: wants a value", "pending, invited"),
        ("state:expired,", 0, 14, "missing at the comma", "quotes"),
        ("山 state:expird", 8, 14, "state: has no word \"expird\"", "did you mean expired?"),
        ("state:blocked", 6, 13, "state: has no word", "raw:"),
        ("age:30d", 4, 7, "longer or shorter", ">30d"),
        ("age:>30", 4, 7, "no length of time", "d days"),
        ("age:>2025-03", 4, 12, "either", "age:..2025-03-01"),
        ("at:2025-13", 3, 10, "no time", "2025-03"),
        ("at:2025-03-14..2025-03-01", 3, 25, "ends before it begins", "earlier one first"),
        ("\"jane", 0, 1, "not closed", "\""),
        ("(jane", 0, 1, "not closed", ")"),
        ("jane)", 4, 5, "closes nothing", "("),
        ("()", 0, 2, "Nothing stands", "term"),
        ("or jane", 0, 2, "between two terms", "quotes"),
        ("jane or", 5, 7, "between two terms", "quotes"),
        ("- jane", 0, 1, "before nothing", "-state:ended"),
        ("--jane", 0, 1, "before nothing", "-state:ended"),
        ("ja\"ne", 2, 3, "inside a word", "quotes"),
        ("~x", 0, 2, "needs a field", "holder:~"),
        ("holder:~[", 7, 9, "no regex", "unclosed"),
        ("state:~x", 6, 8, "takes no regex", "expired"),
        ("holder:~(a{500}){500}", 7, 21, "too large", "smaller"),
        ("\"\u{301}\"", 0, 3, "nothing to look for", "letter"),
    ] {
        let mistake = text.parse::<Filter>().unwrap_err();
        assert_eq!((mistake.span.start, mistake.span.end), (start, end), "{text}: {mistake}");
        assert!(mistake.what.contains(what) && mistake.right.contains(right), "{text}: {mistake}");
    }
    let long = "a ".repeat(600);
    assert_eq!(long.parse::<Filter>().unwrap_err().span.start, 1000);
    let deep = format!("{}a{}", "(".repeat(30), ")".repeat(30));
    assert!(deep.parse::<Filter>().is_err());
}

#[test]
fn i21_a_mistake_is_safe_to_show() {
    let mistake = "state:\u{1b}[2J".parse::<Filter>().unwrap_err();
    assert!(!mistake.to_string().contains('\u{1b}'), "{mistake}");
    assert_eq!(Span::new(1, 2).columns("山b"), (2, 1));
}

#[test]
fn a_list_says_which_fields_it_does_not_know() {
    let known = &[Field::State, Field::Holder];
    assert!(Filter::read("state:active jane", known, "This list").is_ok());
    let mistake = Filter::read("state:active ticket:x", known, "This list").unwrap_err();
    assert_eq!((mistake.span.start, mistake.what.as_str()), (13, "This list does not know the field ticket"));
    assert_eq!(mistake.right, "it knows state holder");
}

fn holds(text: &str, moment: &str, ahead: bool, calendar: &Calendar) -> bool {
    When::parse(text).unwrap().holds(at(moment), ahead, calendar)
}

#[test]
fn days_are_those_of_the_zone_shown_also_where_they_have_23_or_25_hours() {
    // Melbourne: 2026-04-05 has 25 hours (+11 to +10), 2026-10-04 has 23 (+10 to +11).
    for (day, first, last) in [
        ("2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:59:59Z"),
        ("2026-10-04", "2026-10-03T14:00:00Z", "2026-10-04T12:59:59Z"),
        ("2026-06-11", "2026-06-10T14:00:00Z", "2026-06-11T13:59:59Z"),
    ] {
        let here = calendar();
        assert!(holds(day, first, false, &here) && holds(day, last, false, &here), "{day}");
        for (edge, step) in [(first, -1), (last, 1)] {
            let beyond = at(edge) + jiff::SignedDuration::from_secs(step);
            assert!(!When::parse(day).unwrap().holds(beyond, false, &here), "{day} {beyond}");
        }
    }
    // Where midnight is jumped over, the day begins at one.
    let beirut = Calendar { now: at("2024-04-01T00:00:00Z"), zone: zone("Asia/Beirut") };
    assert!(holds("2024-03-31", "2024-03-30T22:00:00Z", false, &beirut));
    assert!(!holds("2024-03-31", "2024-03-30T21:59:59Z", false, &beirut));
    // A day back over the change of the clocks is the same hour, 25 hours ago.
    let after = Calendar { now: at("2026-04-05T02:00:00Z"), zone: zone("Australia/Melbourne") };
    assert!(holds("<1d", "2026-04-04T01:30:00Z", false, &after));
    assert!(!holds("<24h", "2026-04-04T01:30:00Z", false, &after));
}

#[test]
fn months_ranges_and_lengths_are_what_people_mean() {
    let here = calendar();
    for (text, ahead, yes, no) in [
        ("2025", false, "2025-06-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("mar", false, "2026-03-15T00:00:00Z", "2025-03-15T00:00:00Z"),
        ("jul", false, "2025-07-15T00:00:00Z", "2026-07-15T00:00:00Z"),
        ("march", true, "2027-03-15T00:00:00Z", "2026-03-15T00:00:00Z"),
        ("nov..feb", false, "2026-02-15T00:00:00Z", "2026-03-15T00:00:00Z"),
        ("2025-03-01..14", false, "2025-03-14T12:00:00Z", "2025-03-15T00:00:00Z"),
        ("2025-03-01..04-02", false, "2025-04-02T01:00:00Z", "2025-04-03T00:00:00Z"),
        ("2025-03..05", false, "2025-05-31T01:00:00Z", "2025-06-01T00:00:00Z"),
        ("2025-12-30..", false, "2026-01-02T00:00:00Z", "2025-12-29T00:00:00Z"),
        ("..2025-12-30", false, "2025-01-02T00:00:00Z", "2025-12-31T00:00:00Z"),
        (">2025-12-30", false, "2025-12-31T00:00:00Z", "2025-12-30T12:00:00Z"),
        ("<2025-12-30", false, "2025-12-29T00:00:00Z", "2025-12-30T12:00:00Z"),
        ("yesterday", false, "2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z"),
        (">30d", false, "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"),
        ("<2h", false, "2026-06-10T23:00:00Z", "2026-06-10T22:00:00Z"),
        ("<1mo", true, "2026-07-01T00:00:00Z", "2026-06-10T00:00:00Z"),
        (">99999y", true, "9999-12-30T22:00:00Z", "2026-06-10T00:00:00Z"),
    ] {
        if text != ">99999y" {
            assert!(holds(text, yes, ahead, &here), "{text} {yes}");
        }
        assert!(!holds(text, no, ahead, &here), "{text} {no}");
    }
}

#[test]
fn what_could_stand_at_the_cursor_is_offered_with_counts() {
    let active = Facts::default()
        .with(Field::State, Fact::State(State::Active, None))
        .with(Field::Holder, texts(&["John \"J\" Roe"]));
    let rows = [card(), card(), active];
    let known = &[Field::State, Field::Holder, Field::Used];
    let offered = |text: &str| {
        let found = complete(text, text.chars().count(), known, &rows, &calendar());
        (found.line(), found.candidates.first().map(|c| found.applied(text, c).0).unwrap_or_default())
    };
    assert_eq!(offered("s"), ("state: (3)".to_owned(), "state:".to_owned()));
    assert_eq!(offered("jane -h").1, "jane -holder:");
    assert_eq!(offered("山 (state:e").0, "expired (2)  expired.invite (2)  ended (0)  expired.date (0)");
    assert_eq!(offered("state:ended,act"), ("active (1)".to_owned(), "state:ended,active".to_owned()));
    assert_eq!(offered("holder:j").1, "holder:\"Jané Doe\"");
    assert_eq!(offered("holder:\"john \\\"").1, "holder:\"John \\\"J\\\" Roe\"");
    assert_eq!(offered("used:>3").0, ">30d (0)");
    assert_eq!(offered("ticket:"), (String::new(), String::new()));
    assert!(offered("").0.starts_with("state: (3)"));
    let middle = complete("sta jane", 3, known, &rows, &calendar());
    assert_eq!(middle.applied("sta jane", &middle.candidates[0]), ("state: jane".to_owned(), 6));
}

#[test]
fn brackets_quotes_and_case_are_written_back_in_one_form() {
    for (typed, shown) in [
        ("  A   b ", "A b"),
        ("STATE:Expired.Invite", "state:expired.invite"),
        ("((a) (b c))", "a b c"),
        ("a or (b or c)", "a or b or c"),
        ("(a or b) c", "(a or b) c"),
        ("-(-a)", "a"),
        ("-(a b)", "-(a b)"),
        ("\"or\" \"-x\" \"a b\"", "\"or\" \"-x\" \"a b\""),
        ("ticket:a,\"b,c\"", "ticket:a,\"b,c\""),
        ("holder:~^j(ane|ohn)$", "holder:~\"^j(ane|ohn)$\""),
        ("holder:~\\d\\(", "holder:~\"\\\\d\\\\(\""),
        ("at:2025-03-01..14", "at:2025-03-01..2025-03-14"),
        ("order", "order"),
    ] {
        let filter: Filter = typed.parse().unwrap();
        assert_eq!(filter.to_string(), shown, "{typed}");
    }
}

/// Text that is nearly a filter, so that mistakes of every sort are made.
fn nearly() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("state:".to_owned()),
        Just("age:>".to_owned()),
        Just("at:2025-03..".to_owned()),
        Just("issued:me".to_owned()),
        Just("holder:~".to_owned()),
        Just(" or ".to_owned()),
        Just("\"".to_owned()),
        "[ ()\\\\,:~<>.-]{1,3}",
        "[a-z0-9]{1,4}",
        "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_or_the_completion_panic(text in any::<String>(), cursor in 0_usize..40) {
        if let Err(mistake) = text.parse::<Filter>() {
            prop_assert!(mistake.span.start <= text.chars().count());
        }
        complete(&text, cursor, CardRow::FIELDS, &[card()], &calendar());
    }

    #[test]
    fn what_is_shown_reads_the_same(text in nearly(), cursor in 0_usize..30) {
        complete(&text, cursor, HistoryRow::FIELDS, &[card()], &calendar());
        match text.parse::<Filter>() {
            Ok(filter) => {
                let shown = filter.to_string();
                let again: Filter = shown.parse().map_err(|m| TestCaseError::fail(format!("{text} {shown}: {m}")))?;
                prop_assert_eq!(again.to_string(), shown);
                prop_assert_eq!(again.judge(&card(), &calendar()), filter.judge(&card(), &calendar()));
                prop_assert!(again == filter);
            }
            Err(mistake) => prop_assert!(mistake.span.end <= text.chars().count() && !mistake.what.is_empty()),
        }
    }

    #[test]
    fn r5_no_row_fits_a_filter_and_its_opposite(text in nearly()) {
        if let Ok(filter) = text.parse::<Filter>() && !filter.is_everything() {
            let opposite: Filter = format!("-({filter})").parse().unwrap();
            let pair = (filter.judge(&card(), &calendar()), opposite.judge(&card(), &calendar()));
            let consistent = matches!(
                pair,
                (Verdict::Match, Verdict::No) | (Verdict::No, Verdict::Match) | (Verdict::NearMiss(_), Verdict::NearMiss(_))
            );
            prop_assert!(consistent, "{} {:?}", filter, pair);
        }
    }
}
