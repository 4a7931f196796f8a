//! The `/` filter of the lists: typing filters at once, a wrong word is pointed at, and cursors hold objects.

use crate::stage::Stage;
use passdesk::console::keymap::Key;
use passdesk::console::model::Pane;
use passdesk::domain::credential::State;
use passdesk::domain::operation::Source;

fn shown(stage: &Stage, list: Pane) -> usize {
    stage.console.model.visible(list).len()
}

#[tokio::test]
async fn cards_are_filtered_as_one_types_and_a_wrong_word_keeps_the_last_good_result() {
    let mut stage = Stage::open(80, 24).await;
    stage.press("jane d~").await;
    let all = stage.console.model.shown.cards.len();
    let expired = stage.console.model.shown.cards.iter().filter(|(c, _)| c.state() == State::Expired).count();
    assert!(expired > 0 && expired < all, "{expired} of {all}");
    stage.press("/state:exp").await;
    stage.shows("3 / state:exp").shows("^ state: has no word \"exp\"").shows("ENT keep filter");
    assert!(!stage.screen().lines().next_back().unwrap().contains("reissue"), "letters are text here");
    assert_eq!(shown(&stage, Pane::Cards), all, "nothing is filtered by half a word");
    stage.key(Key::Tab).await;
    stage.shows("3 / state:expired").shows(&format!("expired ({expired})"));
    assert_eq!(shown(&stage, Pane::Cards), expired);
    stage.press(" stat:x").await;
    stage.shows("^ There is no field \"stat\": did you mean state:?");
    assert_eq!(shown(&stage, Pane::Cards), expired, "the last good result stays");
    insta::assert_snapshot!("filter_mistake_80", stage.screen());
    stage.press("~").await;
    stage.shows("3 / state:expired stat:x");
    for _ in 0..7 {
        stage.key(Key::Backspace).await;
    }
    stage.press("~").await;
    stage.shows(&format!("{expired} of {all}, filter state:expired")).shows_not("3 /");
    insta::assert_snapshot!("filter_kept_80", stage.screen());
    // What it leaves in sight is what keys act on; nothing was sent by any of it.
    stage.press("r").await;
    stage.shows("Reissue").shows("Jane Doe");
    stage.press("^^").await;
    assert_eq!((shown(&stage, Pane::Cards), stage.console.model.focus), (all, Pane::Cards), "ESC takes it off first");
    assert_eq!(stage.world().log().patches, 0);
}

#[tokio::test]
async fn r4_a_filter_gives_the_cursor_back_to_its_card() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("jane d~").await;
    stage.key(Key::Down).await;
    let card = stage.console.model.shown.card().unwrap().0.clone();
    assert_ne!(card.state(), State::Expired);
    stage.press("/state:expired").await;
    let stands_in = stage.console.model.shown.card().unwrap().0.clone();
    assert_eq!(stands_in.state(), State::Expired, "a hidden card is never acted on");
    stage.press("^").await;
    assert_eq!(stage.console.model.shown.card().unwrap().0.id, card.id);
    // Moved by hand, it stays where it was put.
    stage.press("/state:expired").await;
    stage.key(Key::Down).await;
    stage.press("^").await;
    assert_eq!(stage.console.model.shown.card().unwrap().0.id, stands_in.id);
    // Where nothing is in sight nothing can be acted on.
    stage.press("/state:ended~").await;
    stage.shows("No card fits the filter");
    assert!(stage.console.model.shown.card().is_none());
    stage.press("rs").await;
    assert!(stage.console.model.overlay.is_none());
    // Somebody else's cards are shown whole.
    stage.press("1").await;
    for _ in 0..6 {
        stage.key(Key::Backspace).await;
    }
    stage.press("sam p~").await;
    stage.shows_not("filter state:ended");
    assert_eq!(shown(&stage, Pane::Cards), stage.console.model.shown.cards.len());
}

#[tokio::test]
async fn r5_what_is_not_known_is_counted_apart() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("jane d~/-used:<1d~").await;
    let unknown = stage.console.model.shown.cards.iter().filter(|(c, _)| c.last_used.is_none()).count();
    assert!(unknown > 0);
    stage.shows(&format!("{unknown} unknown, filter -used:<1d"));
    // Gallagher tells no date of issue; our ledger does.
    stage.press("/").await;
    stage.key(Key::Ctrl('u')).await;
    stage.press("issued:me age:>0m~").await;
    let ours = stage.console.model.shown.cards.iter().filter(|(_, o)| o.owner() == "ours").count();
    assert!(ours > 0);
    assert_eq!(shown(&stage, Pane::Cards), ours);
}

#[tokio::test]
async fn the_history_is_filtered_by_its_own_fields() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("jane d~5/src:ledger~").await;
    let rows = &stage.console.model.history;
    let ledger = rows.iter().filter(|row| row.source == Source::Ledger).count();
    assert!(ledger > 0 && ledger < rows.len(), "{ledger} of {}", rows.len());
    stage.shows(&format!("{ledger} of {}, filter src:ledger", rows.len()));
    assert_eq!(shown(&stage, Pane::History), ledger);
    for _ in 0..rows.len() {
        stage.key(Key::Down).await;
        let model = &stage.console.model;
        assert_eq!(model.history[model.history_cursor].source, Source::Ledger, "what is hidden is stepped over");
    }
    stage.press("/ state:active").await;
    stage.shows("This history does not know the field state");
    stage.press("^").await;
    assert_eq!(shown(&stage, Pane::History), stage.console.model.history.len());
}

#[tokio::test]
async fn cardholders_are_filtered_and_another_search_takes_the_filter_off() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("do").await;
    stage.key(Key::Tab).await;
    stage.press("/state:expired~").await;
    let model = &stage.console.model;
    let expired = model.hits.rows.iter().filter(|hit| hit.need == Some(State::Expired)).count();
    assert!(expired > 0 && expired < model.hits.rows.len(), "{expired} of {}", model.hits.rows.len());
    assert_eq!(shown(&stage, Pane::Holders), expired);
    assert_eq!(stage.console.model.hits.rows[stage.console.model.hit_row().unwrap()].need, Some(State::Expired));
    stage.shows(&format!("{expired} of {}, filter state:expired", stage.console.model.hits.rows.len()));
    stage.press("1e").await;
    stage.shows_not("filter state:expired");
}

#[tokio::test]
async fn a_line_that_is_open_takes_keys_and_pastes_as_text() {
    use passdesk::console::message::Msg;
    let mut stage = Stage::open(40, 12).await;
    stage.press("jane d~/rq").await;
    assert!(stage.console.model.overlay.is_none(), "letters are text");
    stage.console.handle(Msg::Paste("\u{1b}[2J state:\nactive".into()));
    stage.settle().await;
    let typed = stage.console.model.filters.typing.as_ref().unwrap().input.value().to_owned();
    assert!(typed.ends_with("state: active") && !typed.contains('\u{1b}'), "{typed:?}");
    stage.key(Key::Ctrl('c')).await;
    assert!(stage.console.model.filters.typing.is_none());
    stage.press("4/").await;
    stage.shows("filter is off");
}
