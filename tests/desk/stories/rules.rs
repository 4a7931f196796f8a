//! Rules of the screen that need the whole desk.

use crate::stage::{Setting, Stage};
use passdesk::console::keymap::Key;

#[tokio::test]
async fn a_foreign_pass_is_never_removed_and_the_wizard_says_so() {
    let mut stage = Stage::open(80, 24).await;
    let foreign = passdesk::simulator::ForeignWrite {
        cardholder: "4665".into(),
        kind: passdesk::simulator::ForeignKind::SameType,
        of: None,
        when: passdesk::simulator::When::Now,
        email: None,
        number: Some("Jane's other phone".into()),
        workstation: false,
        by: None,
    };
    let theirs = stage.world().foreign(foreign).unwrap().unwrap();
    stage.press("jane d~").await;
    stage.shows("-foreign");
    let cards = &stage.console.model.shown.cards;
    let row = cards.iter().position(|(c, _)| c.id.key.as_str().ends_with(&theirs)).unwrap();
    for _ in 0..row {
        stage.key(Key::Down).await;
    }
    stage.press("r1").await;
    insta::assert_snapshot!(stage.screen());
    stage.press("y").await;
    let after = stage.world().cardholder("4665").unwrap();
    assert!(after.cards.iter().any(|c| c.segment == theirs), "it is still there");
}

#[tokio::test]
async fn r12_a_locked_console_shows_everything_and_sends_nothing() {
    let mut stage = Stage::open(80, 24).await;
    stage.press("\t\tL").await;
    stage.shows("READ ONLY");
    stage.press("1jane d~ry").await;
    stage.shows("reissue is off: read-only: L unlocks writes");
    assert_eq!(stage.world().log().patches, 0);
}

#[tokio::test]
async fn a_number_goes_straight_to_its_card() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("8841~").await;
    let (card, _) = stage.console.model.shown.card().unwrap();
    assert_eq!(card.number.safe().as_str(), "8841");
    stage.shows("8841");
}

#[tokio::test]
async fn r9_every_word_stands_without_colour() {
    let mut stage = Stage::with(80, 24, Setting { colour: false, ..Setting::default() }).await;
    stage.press("jane d~").await;
    let plain = stage.screen();
    let mut coloured = Stage::open(80, 24).await;
    coloured.press("jane d~").await;
    assert_eq!(plain, coloured.screen());
    let buffer = stage.console.terminal.backend().buffer();
    assert!(buffer.content().iter().all(|c| c.fg == ratatui::style::Color::Reset), "a colour was drawn");
}

#[tokio::test]
async fn help_lists_every_command_and_runs_it() {
    let mut stage = Stage::open(80, 24).await;
    stage.press("\t?").await;
    insta::assert_snapshot!(stage.screen());
    stage.press("utc~").await;
    stage.shows("00:42Z");
}

#[tokio::test]
async fn small_terminals_show_the_focused_pane() {
    for (columns, rows) in [(40, 10), (59, 24), (60, 16)] {
        let mut stage = Stage::open(columns, rows).await;
        stage.press("jane d~").await;
        stage.shows("3 Cards of Ja").shows("EXPIRED").shows("*ours");
        insta::assert_snapshot!(format!("small_{columns}x{rows}"), stage.screen());
    }
    let stage = Stage::open(20, 5).await;
    stage.shows("needs 40x10");
}

#[tokio::test]
async fn y_is_off_where_the_window_cannot_show_all_that_is_sent() {
    for (columns, rows) in [(76, 22), (80, 24)] {
        for (keys, last) in [("jane d~r", "can be issued"), ("john r~r2", "pass stays")] {
            let mut stage = Stage::open(columns, rows).await;
            stage.press(keys).await;
            stage.shows("Sends").shows("Then").shows("Undo").shows(last).shows("y send");
        }
    }
    let mut small = Stage::open(75, 22).await;
    small.press("jane d~r").await;
    small.shows("y is off: the window is too small");
    small.press("y").await;
    assert_eq!(small.world().log().patches, 0);
}

#[tokio::test]
async fn keys_typed_faster_than_the_search_open_what_was_meant() {
    use passdesk::console::message::Msg;
    let mut stage = Stage::open(80, 24).await;
    // All at once, before any answer can be there.
    for c in "jane d~r".chars() {
        let key = if c == '~' { Key::Enter } else { Key::Char(c) };
        stage.console.handle(Msg::Key(key));
    }
    stage.settle().await;
    stage.shows("Reissue").shows("Jane Doe").shows("1 PATCH to cardholder 4665");
}
