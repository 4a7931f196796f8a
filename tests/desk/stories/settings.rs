//! Health and settings, changed keys, and the cover while nobody is there.

use crate::stage::{Setting, Stage};
use passdesk::console::keymap::{Key, Keymap, Wish};
use passdesk::console::message::{Msg, Timer};
use passdesk::console::model::Overlay;
use passdesk::domain::policy::Writes;
use std::time::Duration;

#[tokio::test]
async fn health_says_how_everything_stands() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut stage = Stage::open(columns, rows).await;
        stage.press("^,").await;
        if stage.console.model.overlay.is_none() {
            stage.press("\t,").await;
        }
        stage.shows("Health and settings").shows("ok").shows("gall cache").shows("1 health");
        stage.shows_not("fail ");
        stage.press("3").await;
        stage.shows("reissue").shows("y, ESC and ^C keep");
        stage.press("4").await;
        stage.shows("operator").shows("unlocked; L locks");
        stage.press("^").await;
        assert!(stage.console.model.overlay.is_none());
    }
}

#[tokio::test]
async fn a_theme_is_seen_before_it_is_kept() {
    let mut stage = Stage::with(120, 40, Setting { lines: true, ..Setting::default() }).await;
    let ground = |stage: &Stage| stage.console.terminal.backend().buffer()[(5, 5)].bg;
    let before = ground(&stage);
    stage.press("\t,2").await;
    stage.shows("default  worn").shows("high-contrast").shows("tritanopia");
    stage.press("j").await;
    assert_eq!(stage.console.model.theme, "dark");
    assert_ne!(ground(&stage), before, "the theme under the cursor is on");
    stage.press("^").await;
    assert_eq!(ground(&stage), before, "ESC puts the old one back on");
    stage.press(",2jj~").await;
    assert_eq!(stage.console.model.theme, "light");
    assert_ne!(ground(&stage), before);
    stage.shows("theme = \"light\" in the preferences keeps it");
}

#[tokio::test]
async fn a_changed_key_is_the_one_that_is_shown_and_the_one_that_works() {
    let mut stage = Stage::open(120, 40).await;
    let wish = Wish { command: "reissue".into(), keys: vec!["i".into()] };
    stage.console.model.keymap = Keymap::with(&[wish]).unwrap();
    stage.press("jane d~").await;
    stage.shows("i reissue").shows_not("r reissue");
    stage.press("r").await;
    assert!(stage.console.model.overlay.is_none());
    stage.press("i").await;
    assert!(matches!(stage.console.model.overlay, Some(Overlay::Wizard(_))));
    stage.press("^?reissue").await;
    let row = stage.screen().lines().find(|line| line.contains("replace the credential")).unwrap().to_owned();
    assert!(row.contains("reissue        i "), "{row}");
    stage.press("^,3").await;
    stage.shows("i  yours; by default r");
}

#[tokio::test]
async fn nobody_there_for_long_covers_the_screen_and_locks_writes() {
    let mut stage = Stage::open(80, 24).await;
    stage.console.model.idle_lock = Some(Duration::from_mins(5));
    stage.press("jane d~").await;
    stage.pass(290);
    stage.console.handle(Msg::Timer(Timer::Idle));
    assert!(!stage.console.model.covered, "ten seconds are left");
    stage.pass(11);
    stage.console.handle(Msg::Timer(Timer::Idle));
    stage.settle().await;
    stage.shows("Covered. Any key shows it.").shows_not("Jane");
    assert_eq!(stage.console.model.writes, Writes::Locked);
    // The key that uncovers means nothing else.
    stage.key(Key::Char('L')).await;
    stage.shows("Cards of Jane Doe");
    assert_eq!(stage.console.model.writes, Writes::Locked);
    stage.press("L").await;
    assert_eq!(stage.console.model.writes, Writes::Unlocked);
}
