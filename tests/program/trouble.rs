//! A vendor that is away, slow, angry or broken: the words say what happened and what to do next, the keys go on
//! working, and nothing is lost.

use crate::screen::Screen;
use crate::site::{JANE, Site, stderr};
use passdesk::domain::journal::IntentState;
use passdesk::simulator::{Door, FaultKind, Release};

fn status(status: u16) -> FaultKind {
    FaultKind::StatusBefore { status, retry_after: None }
}

/// What reads can meet: the fault, a word of what happened, a word of what to do.
fn read_faults() -> Vec<(FaultKind, &'static str, &'static str)> {
    vec![
        (status(500), "does not answer usefully", "read it again"),
        (status(401), "refused our key", "check the key in the site file"),
        (status(403), "does not allow it", "ask the site's administrator"),
        (status(429), "asks us to slow down", "wait a little"),
        (FaultKind::BrokenJson, "cannot be read", "read it again"),
        (FaultKind::HugeBody { bytes: 1 << 30 }, "cannot be read", "read it again"),
        (FaultKind::DropBefore, "does not answer usefully", "read it again"),
    ]
}

#[test]
fn every_failed_read_says_what_happened_and_what_to_do() {
    let site = Site::open();
    site.seen("jane d");
    for (fault, what, next) in read_faults() {
        site.world().clear_faults();
        site.plague("GET", fault.clone());
        let assert = site.run(&["cards", "gall:4665"]).assert();
        let told = stderr(&assert);
        let out = assert.get_output();
        // Rows out of the cache, said to be that, or an exit code; never silence.
        assert_eq!(out.status.success(), !out.stdout.is_empty(), "{fault:?}: {told}");
        assert_eq!(out.status.success(), told.contains("What follows is from the cache"), "{fault:?}: {told}");
        assert!(told.contains(what) && told.contains(next), "{fault:?}: {told}");
        assert!(told.lines().next().unwrap().ends_with('.'), "{told}");
        assert!(told.lines().count() <= 3, "{told}");
    }
    site.world().clear_faults();
    site.run(&["cards", "gall:4665"]).assert().success();
}

#[test]
fn the_console_shows_each_trouble_keeps_its_keys_and_recovers() {
    let site = Site::open();
    site.seen("jane d");
    for (fault, what, _) in read_faults() {
        site.world().clear_faults();
        let screen = Screen::console(&site.file(), 80, 24);
        screen.wait_for("gall ok").wait_for(", cache ");
        site.plague("GET", fault.clone());
        screen.open_person("jane d", "Jane Doe").wait_for(what);
        screen.look(&format!("{fault:?}"));
        // What the cache knows is still there, and still can be walked through.
        screen.wait_for("Prox 125k").press("4").press("1").press("\x15").press("janet").wait_for("Janet Dowson");
        site.world().clear_faults();
        screen.press("\x1b[15~").wait_for("gall ok");
        screen.press("\x1b[21~");
        assert_eq!(screen.wait_exit().code, 0, "{fault:?}");
    }
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn keys_work_while_the_server_says_nothing() {
    let site = Site::open();
    site.seen("jane");
    site.plague("GET", FaultKind::Hang);
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("1 Search>").open_person("jane d", "Jane Doe").wait_for("EXPIRED");
    screen.look("while it hangs");
    screen.press("2").press("j").wait_for("> Janet Dowson").press("k").wait_for("> Jane Doe");
    screen.press("?").wait_for("narrow").escape("narrow");
    screen.press("q");
    assert_eq!(screen.wait_exit().code, 0, "leaving waits for no read");
}

#[test]
fn a_system_that_is_away_is_named_and_comes_back() {
    let site = Site::open();
    site.seen("jane d");
    crate::site::wait(site.world().set_door(Door::Closed));
    let assert = site.run(&["search", "nobody-of-that-name", "--live"]).assert().code(7);
    assert!(
        stderr(&assert).contains("cannot be reached") && stderr(&assert).contains("check network"),
        "{}",
        stderr(&assert)
    );
    // What the cache knows is shown, and said to be that.
    let assert = site.run(&["cards", "gall:4665"]).assert();
    assert!(stderr(&assert).contains("from the cache"), "{}", stderr(&assert));
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("gall off");
    screen.look("offline");
    screen.open_person("jane d", "Jane Doe").wait_for("cannot be reached");
    screen.look("offline, opened");
    crate::site::wait(site.world().set_door(Door::Open));
    screen.press("\x1b[15~").wait_for("gall ok").wait_for("read 0s ago");
    screen.press("\x1b[21~");
    assert_eq!(screen.wait_exit().code, 0);
}

#[test]
fn a_refused_change_is_told_and_changes_nothing() {
    let site = Site::open();
    let before = site.world().cardholder(JANE).unwrap().cards;
    let mut sent = 0;
    for (code, what) in [(400, "refused"), (403, "does not allow it"), (409, "locked")] {
        let screen = Screen::console(&site.file(), 80, 24);
        screen.wait_for("gall ok").wait_for("RW");
        site.strike("PATCH", status(code));
        screen.open_person("jane d", "Jane Doe").wait_for("*ours").press("r").wait_for("y send");
        screen.press_until("y", what);
        screen.look(&format!("PATCH answered {code}"));
        sent += 1;
        assert_eq!(site.world().log().patches, sent, "{code}: one request, whatever the answer");
        assert_eq!(site.world().cardholder(JANE).unwrap().cards, before, "{code}");
        assert_eq!(site.intents(JANE).last().unwrap().state, IntentState::Abandoned, "{code}");
        screen.press("q");
        assert_eq!(screen.wait_exit().code, 0);
    }
}

#[test]
fn journey_08_an_answer_that_gets_lost_is_found_by_reading() {
    let site = Site::open();
    site.strike("PATCH", FaultKind::Hold { applied: true });
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("gall ok").wait_for("RW");
    screen.open_person("jane d", "Jane Doe").wait_for("*ours").press("r").wait_for("y send");
    screen.press_until("y", "Sending the reissue");
    crate::site::wait(site.world().held_at_least(1));
    // Keys work while it is on its way.
    screen.press("?").wait_for("narrow").escape("narrow");
    site.world().release(Release::Drop);
    screen.wait_until("what came of it", |s| {
        let text = s.contents();
        text.contains("Settled: Jane Doe: done") || text.contains("Reissued")
    });
    screen.look("after a lost answer");
    assert_eq!(site.world().log().patches, 1);
    assert_eq!(site.intents(JANE).last().unwrap().state, IntentState::Done);
}
