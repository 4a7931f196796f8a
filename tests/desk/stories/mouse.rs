//! What a hand on the mouse does: rows are opened, hints are pressed, and nothing is written that a key would not write.

use crate::stage::Stage;
use passdesk::console::message::Msg;
use passdesk::console::model::{Overlay, Pane};

/// Where a text stands on the screen: its first column and row.
fn place(stage: &Stage, text: &str) -> (u16, u16) {
    for (row, line) in stage.screen().lines().enumerate() {
        if let Some(at) = line.find(text) {
            return (line[..at].chars().count() as u16, row as u16);
        }
    }
    panic!("no {text:?} on the screen:\n{}", stage.screen());
}

async fn click(stage: &mut Stage, text: &str) {
    let (column, row) = place(stage, text);
    stage.moments(300);
    stage.console.handle(Msg::Clicked { column, row });
    stage.settle().await;
}

#[tokio::test]
async fn journey_12_the_mouse_alone_reissues_a_pass() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut stage = Stage::open(columns, rows).await;
        stage.press("jane d").await;
        let before = stage.world().log().patches;
        click(&mut stage, "Jane Doe").await;
        stage.shows("Cards of Jane Doe");
        click(&mut stage, "r reissue").await;
        stage.shows("Reissue").shows("y send");
        assert_eq!(stage.world().log().patches, before);
        click(&mut stage, "y send").await;
        assert_eq!(stage.world().log().patches, before + 1, "{columns} columns");
        assert_eq!(stage.keys, 6);
        stage.shows("*ours");
    }
}

#[tokio::test]
async fn r1_no_click_but_on_the_hint_of_y_writes() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("jane d~r").await;
    let before = stage.world().log().patches;
    let (width, height) = stage.console.model.size;
    let (_, send) = place(&stage, "y send");
    for row in (0..height).filter(|row| *row != send) {
        for column in 0..width {
            stage.moments(100);
            stage.console.handle(Msg::Clicked { column, row });
        }
        stage.settle().await;
    }
    assert_eq!(stage.world().log().patches, before);
    assert!(stage.console.model.running.is_empty());
}

#[tokio::test]
async fn a_click_goes_to_what_stands_there() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("jane d~").await;
    let other = stage.console.model.shown.cards[1].0.clone();
    let (column, row) = place(&stage, other.type_name.safe().as_str());
    stage.console.handle(Msg::Clicked { column, row });
    assert_eq!(stage.console.model.shown.cursor, Some(other.id));
    assert_eq!(stage.console.model.focus, Pane::Cards);
    click(&mut stage, "4 State").await;
    assert_eq!(stage.console.model.focus, Pane::Pass);
    click(&mut stage, "1 Search>").await;
    assert_eq!(stage.console.model.focus, Pane::Search);
    // Where letters are text a hint is still its command.
    click(&mut stage, "F1 help").await;
    assert!(matches!(stage.console.model.overlay, Some(Overlay::Palette(_))));
    click(&mut stage, "Esc closes").await;
    assert!(stage.console.model.overlay.is_none());
}

#[tokio::test]
async fn the_wheel_moves_what_it_stands_over() {
    let mut stage = Stage::open(120, 40).await;
    stage.press("a").await;
    let first = stage.console.model.hit.clone();
    let (column, row) = place(&stage, "2 Cardholders");
    stage.console.handle(Msg::Wheel { column, row: row + 2, rows: 3 });
    stage.settle().await;
    assert_ne!(stage.console.model.hit, first);
    stage.console.handle(Msg::Wheel { column, row: row + 2, rows: -3 });
    stage.settle().await;
    assert_eq!(stage.console.model.hit, first);
}
