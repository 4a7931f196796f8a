//! One person over several systems: each record is read by itself, and nothing moves the cursor off its object.

use super::*;

fn elsewhere(cards: &[&str], live: bool) -> HolderView {
    let mut theirs = view(1, cards.iter().map(|c| phone(1, c, InvitationStatus::Accepted)).collect(), live);
    theirs.holder.id = "accg:1".parse().unwrap();
    for (card, _) in &mut theirs.cards {
        card.id = card.id.to_string().replace("gall", "accg").parse().unwrap();
        card.holder = theirs.holder.id.clone();
    }
    theirs
}

/// Jane in two systems, opened, nothing read live yet.
fn with_jane_twice() -> Bench {
    let mut bench = Bench::new();
    bench.key(Key::Char('j'));
    let mut hits = hits(&[1]);
    hits.rows[0].others.push(elsewhere(&[], false).holder);
    let first = vec![view(1, vec![phone(1, "a", InvitationStatus::Accepted)], false), elsewhere(&[], false)];
    bench.answer(Slot::Search, Answer::Hits { hits, first, took: Duration::ZERO });
    bench.key(Key::Enter);
    bench
}

#[test]
fn each_record_is_read_in_its_own_slot_and_an_act_is_about_the_one_under_the_cursor() {
    let mut bench = with_jane_twice();
    let read: Vec<String> = (bench.effects.iter())
        .filter_map(|e| if let Effect::Query(Slot::Live(id), ..) = e { Some(id.to_string()) } else { None })
        .collect();
    assert_eq!(read, ["gall:1", "accg:1"]);
    let other = Slot::Live("accg:1".parse().unwrap());
    bench.answer(other, Answer::Holder(Box::new(elsewhere(&["z"], true))));
    assert!(bench.model.shown.reading(), "the first system still owes its answer");
    assert_eq!(bench.model.shown.cards.len(), 2);
    bench.key(Key::Up);
    bench.key(Key::Up);
    bench.key(Key::Char('r'));
    let Some(Overlay::Wizard(wizard)) = &bench.model.overlay else { panic!("no wizard") };
    let crate::console::wizard::Request::Reissue(request) = &wizard.request else { panic!("no reissue") };
    assert_eq!(request.holder.to_string(), "accg:1", "accg sorts first, and the act is about its holder");
    assert_eq!(request.credential.to_string(), "accg:1/z");
}

#[test]
fn r4_a_late_system_puts_its_cards_in_and_moves_no_cursor() {
    let mut bench = with_jane_twice();
    let kept = bench.model.shown.cursor.clone().unwrap();
    assert_eq!(kept.to_string(), "gall:1/a");
    let other = Slot::Live("accg:1".parse().unwrap());
    bench.answer(other, Answer::Holder(Box::new(elsewhere(&["x", "y"], true))));
    assert_eq!(bench.model.shown.row(), Some(2), "theirs went in above it");
    assert_eq!(bench.model.shown.cursor, Some(kept));
}

#[test]
fn a_system_that_fails_or_is_late_holds_up_nobody() {
    let mut bench = with_jane_twice();
    let problem = Problem::new(ProblemKind::Unauthorised, "gall refused our key", "", "").with_status(Some(401));
    bench.answer(live(1), Answer::Failed(problem));
    let other = Slot::Live("accg:1".parse().unwrap());
    bench.answer(other, Answer::Holder(Box::new(elsewhere(&["x"], true))));
    assert!(!bench.model.shown.reading());
    assert_eq!(bench.model.shown.cards.len(), 2, "the cached card of the one, the live card of the other");
    let failed: Vec<bool> = bench.model.shown.records.iter().map(|r| r.problem.is_some()).collect();
    assert_eq!(failed, [true, false]);
}

#[test]
fn another_person_is_not_given_what_was_read_for_the_one_before() {
    let mut bench = with_jane_twice();
    let slot = live(1);
    let generation = bench.model.generations[&slot];
    bench.key(Key::Esc);
    bench.key(Key::Char('x'));
    let first = vec![view(2, vec![], false)];
    let effects = bench.answer(Slot::Search, Answer::Hits { hits: hits(&[2]), first, took: Duration::ZERO });
    assert!(effects.contains(&Effect::Cancel(slot.clone())), "what is no longer wanted is not read on");
    let late = view(1, vec![phone(1, "a", InvitationStatus::Accepted)], true);
    bench.tell(Msg::Answer(slot, generation, Answer::Holder(Box::new(late))));
    assert_eq!(bench.model.shown.first().unwrap().holder.id.to_string(), "gall:2");
    assert!(bench.model.shown.cards.is_empty());
}

#[test]
fn a_record_that_turns_out_to_be_somebody_elses_leaves_with_its_cards() {
    let mut bench = with_jane_twice();
    let mut theirs = elsewhere(&["x"], true);
    theirs.holder.first_name = "Joan".into();
    let other = Slot::Live("accg:1".parse().unwrap());
    let effects = bench.answer(other, Answer::Holder(Box::new(theirs)));
    assert!(effects.iter().any(|e| matches!(e, Effect::Query(Slot::Cached, _, Query::Person(_)))), "who is it now?");
    bench.answer(Slot::Cached, Answer::Person(vec![view(1, vec![phone(1, "a", InvitationStatus::Accepted)], false)]));
    let ids: Vec<String> = bench.model.shown.cards.iter().map(|(c, _)| c.id.to_string()).collect();
    assert_eq!(ids, ["gall:1/a"]);
}

#[test]
fn r4_late_results_of_other_systems_leave_the_cursor_on_its_person() {
    let mut bench = Bench::new();
    bench.key(Key::Char('j'));
    bench.key(Key::Char('a'));
    bench.answer(Slot::Search, Answer::Hits { hits: hits(&[1, 2]), first: Vec::new(), took: Duration::ZERO });
    bench.key(Key::Down);
    bench.tell(Msg::Timer(Timer::Debounce(bench.model.pause)));
    bench.answer(Slot::Remote("gall".parse().unwrap()), Answer::Remote(3));
    bench.answer(Slot::Search, Answer::Hits { hits: hits(&[9, 1, 2]), first: Vec::new(), took: Duration::ZERO });
    assert_eq!(bench.model.hit.as_ref().unwrap().to_string(), "gall:2");
}

#[test]
fn a_late_row_of_the_history_leaves_the_cursor_on_its_row() {
    use crate::domain::operation::Operation;
    let row = |day: &str| {
        let at: Timestamp = format!("2026-05-{day}T00:00:00Z").parse().unwrap();
        Operation::not_observed("gall:1".parse().unwrap(), at, at)
    };
    let mut bench = with_jane_twice();
    bench.answer(Slot::Ledger, Answer::History(vec![row("09"), row("05"), row("01")]));
    bench.key(Key::Char('5'));
    bench.key(Key::Char('j'));
    let events = Slot::Events("accg:1".parse().unwrap());
    bench.answer(events, Answer::History(vec![row("08"), row("03")]));
    assert_eq!(bench.model.history.len(), 5);
    assert_eq!(bench.model.history[bench.model.history_cursor], row("05"));
}

#[test]
fn a_system_heard_of_after_she_was_opened_is_read_as_well() {
    let mut bench = Bench::with_jane(InvitationStatus::Accepted);
    let mut grown = hits(&[1]);
    grown.rows[0].others = vec![elsewhere(&["z"], false).holder];
    bench.answer(Slot::Search, Answer::Hits { hits: grown, first: Vec::new(), took: Duration::ZERO });
    let asked =
        |e: &Effect| matches!(e, Effect::Query(Slot::Cached, _, Query::Person(id)) if id.to_string() == "gall:1");
    assert!(bench.effects.iter().any(asked), "who she is now is asked");
    let both = vec![view(1, vec![phone(1, "a", InvitationStatus::Accepted)], false), elsewhere(&["z"], false)];
    bench.answer(Slot::Cached, Answer::Person(both));
    let read = |e: &Effect| matches!(e, Effect::Query(Slot::Live(id), ..) if id.to_string() == "accg:1");
    assert!(bench.effects.iter().any(read), "her record there is read live");
    assert_eq!(bench.model.shown.cards.len(), 2);
}

#[test]
fn what_was_read_live_stays_when_a_search_finds_her_again() {
    let mut bench = Bench::with_jane(InvitationStatus::Accepted);
    bench.answer(live(1), Answer::Holder(Box::new(view(1, vec![phone(1, "a", InvitationStatus::Accepted)], true))));
    let mut found = view(1, Vec::new(), false);
    found.holder.as_of = bench.model.shown.records[0].holder.as_of + jiff::SignedDuration::from_secs(1);
    bench.answer(Slot::Cached, Answer::Person(vec![found]));
    assert!(bench.model.shown.records[0].live);
    assert_eq!(bench.model.shown.cards.len(), 1);
}
