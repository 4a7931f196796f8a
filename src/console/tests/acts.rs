//! Acts on one credential, and what holders add themselves.

use super::*;

#[test]
fn an_act_on_one_pass_is_confirmed_as_a_reissue_is() {
    let mut bench = Bench::with_jane(InvitationStatus::Accepted);
    bench.key(Key::Char('s'));
    bench.planned();
    bench.key(Key::Char('y'));
    bench.looked_at();
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0, "no reason was chosen");
    bench.pass(300);
    bench.key(Key::Char('8'));
    bench.key(Key::Char('3'));
    bench.planned();
    bench.looked_at();
    let effects = bench.key(Key::Char('y'));
    let Some(Effect::Turn(sent)) = effects.iter().find(|e| e.is_act()) else { panic!("nothing was sent: {effects:?}") };
    assert_eq!((sent.request.verb, sent.request.why), (Verb::Suspend, Some(Why::Lost)), "8 is for the end only");
    bench.tell(Msg::Report(Report::Ended(
        "gall:1".parse().unwrap(),
        ReissueEnd::Done { intent: IntentId(uuid::Uuid::nil()), new: None, ownership: None },
    )));
    let toast = bench.model.toast.as_ref().unwrap();
    assert!(toast.text.starts_with("SUSPENDED (Lost)") && toast.text.contains("readers may take minutes"), "{toast:?}");
}

#[test]
fn a_required_ticket_holds_y_back() {
    let mut bench = Bench::with_jane(InvitationStatus::Accepted);
    bench.key(Key::Char('x'));
    bench.tell(Msg::Drawn { whole: true });
    bench.pass(300);
    bench.key(Key::Char('9'));
    let mut wanting = bench.turn();
    wanting.needs_ticket = true;
    bench.answer(Slot::Preview, Answer::TurnPlan(Box::new(wanting)));
    bench.looked_at();
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0);
    bench.pass(300);
    bench.key(Key::Char('t'));
    bench.tell(Msg::Paste("INC0012345".into()));
    bench.key(Key::Enter);
    let mut wanting = bench.turn();
    wanting.needs_ticket = true;
    assert_eq!(wanting.request.ticket, "INC0012345");
    bench.answer(Slot::Preview, Answer::TurnPlan(Box::new(wanting)));
    bench.looked_at();
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 1);
}

#[test]
fn where_the_count_is_asked_it_is_typed_for_this_very_plan() {
    let mut bench = Bench::with_jane(InvitationStatus::Accepted);
    bench.key(Key::Char('x'));
    bench.tell(Msg::Drawn { whole: true });
    bench.pass(300);
    bench.key(Key::Char('9'));
    let counted = |bench: &Bench| TurnPlan { level: ConfirmLevel::L3, ..bench.turn() };
    let give = |bench: &mut Bench| {
        let plan = counted(bench);
        bench.answer(Slot::Preview, Answer::TurnPlan(Box::new(plan)));
        bench.looked_at();
    };
    give(&mut bench);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0, "not counted");
    // A `y` that does nothing reads the target again.
    give(&mut bench);
    for wrong in ["2", "", "x"] {
        bench.key(Key::Char('c'));
        wrong.chars().for_each(|c| drop(bench.key(Key::Char(c))));
        bench.key(Key::Enter);
        bench.key(Key::Esc);
        bench.pass(300);
        bench.key(Key::Char('y'));
        assert_eq!(acts(&bench.effects), 0, "{wrong:?}");
        give(&mut bench);
    }
    bench.key(Key::Char('c'));
    bench.key(Key::Char('1'));
    bench.key(Key::Enter);
    // Another reason is another plan: it is counted anew.
    bench.key(Key::Char('3'));
    give(&mut bench);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0, "counted for another plan");
    give(&mut bench);
    bench.key(Key::Char('c'));
    bench.key(Key::Char('1'));
    bench.key(Key::Enter);
    bench.pass(300);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 1);
}

#[test]
fn a_word_is_chosen_before_it_is_set() {
    let mut bench = Bench::with_jane(InvitationStatus::Accepted);
    bench.key(Key::Char('a'));
    bench.key(Key::Char('w'));
    bench.planned();
    bench.looked_at();
    bench.key(Key::Char('y'));
    bench.key(Key::Down);
    bench.key(Key::Enter);
    assert_eq!(bench.turn().request.word.as_deref(), Some("Stolen"));
    bench.planned();
    bench.key(Key::Char('5'));
    bench.planned();
    bench.looked_at();
    assert_eq!(acts(&bench.effects), 0);
    bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 1);
}

#[test]
fn a_first_key_lists_what_may_follow_and_never_keeps_it_waiting() {
    let mut bench = Bench::with_jane(InvitationStatus::Accepted);
    let effects = bench.key(Key::Char('a'));
    let timer =
        effects.into_iter().find_map(|e| if let Effect::Timer(t @ Timer::Strip(_), _) = e { Some(t) } else { None });
    assert!(!bench.model.strip, "not at once");
    bench.tell(Msg::Timer(timer.clone().unwrap()));
    assert!(bench.model.strip);
    bench.key(Key::Char('w'));
    assert!(!bench.model.strip && matches!(bench.model.overlay, Some(Overlay::Wizard(_))));
    bench.tell(Msg::Timer(timer.unwrap()));
    assert!(!bench.model.strip, "a late timer shows nothing");
}

#[test]
fn a_digital_card_is_waited_for_and_the_old_one_offered_for_its_end() {
    let digital = |card: &str, word: &str| {
        let mut it = phone(1, card, InvitationStatus::Accepted);
        it.class = CredentialClass::DigitalCard;
        (it.invitation, it.status_word) = (None, word.into());
        it.status = crate::domain::lifecycle::meaning(it.class, word).unwrap();
        it
    };
    let mut bench = Bench::with_jane(InvitationStatus::Accepted);
    bench.answer(
        Slot::Live("gall:1".parse().unwrap()),
        Answer::Holder(Box::new(view(1, vec![digital("a", "ACTIVE")], true))),
    );
    bench.key(Key::Char('r'));
    bench.tell(Msg::Drawn { whole: true });
    bench.pass(300);
    bench.key(Key::Char('2'));
    let mut plan = bench.plan();
    (plan.mode, plan.old) = (ReissueMode::HolderAdds, digital("a", "ACTIVE"));
    plan.before = vec![plan.old.id.clone()];
    bench.answer(Slot::Preview, Answer::Plan(Box::new(plan)));
    bench.looked_at();
    let effects = bench.key(Key::Char('y'));
    assert_eq!(acts(&bench.effects), 0, "no call can add a digital card");
    let old = "gall:1/a".parse().unwrap();
    let polls = |effects: &[Effect]| {
        effects.iter().any(|e| matches!(e, Effect::Timer(Timer::Watch(_), after) if *after >= Duration::from_mins(1)))
    };
    assert!(polls(&effects) && bench.model.jobs() == 1);
    let look = |cards: Vec<Credential>| {
        Msg::Report(Report::Watched("gall:1/a".parse().unwrap(), Ok(Box::new(view(1, cards, true)))))
    };
    assert!(polls(&bench.tell(look(vec![digital("a", "ACTIVE")]))), "looked for again");
    assert!(
        polls(&bench.tell(look(vec![digital("a", "ACTIVE"), digital("b", "PENDING_IDV")]))),
        "it does not work yet"
    );
    bench.pass(1000);
    let effects = bench.tell(look(vec![digital("a", "ACTIVE"), digital("b", "ACTIVE")]));
    assert!(!polls(&effects));
    assert!(bench.model.overlay.is_none(), "nothing opens by itself");
    bench.key(Key::Char('w'));
    let effects = bench.key(Key::Enter);
    assert!(effects.iter().any(|e| matches!(e, Effect::Query(Slot::Live(_), ..))));
    let both = view(1, vec![digital("b", "ACTIVE"), digital("a", "ACTIVE")], true);
    bench.answer(Slot::Live("gall:1".parse().unwrap()), Answer::Holder(Box::new(both)));
    let asked = bench.turn().request;
    assert_eq!((asked.verb, asked.credential), (Verb::End, old));
}
