//! The program is killed while a change is on its way; the next start finds out by reading, and sends nothing.

use crate::screen::Screen;
use crate::site::{JANE, Site, json_lines, wait};
use passdesk::domain::journal::IntentState;
use passdesk::simulator::Author;
use passdesk::simulator::{FaultKind, Release};

/// A console in which Jane's reissue was confirmed and stands between request and answer.
fn killed_in_mid_reissue(site: &Site, applied: bool) {
    site.strike("PATCH", FaultKind::Hold { applied });
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("gall ok").wait_for("RW");
    screen.open_person("jane d", "Jane Doe").wait_for("*ours");
    screen.press("r").wait_for("y send");
    screen.press_until("y", "Sending the reissue");
    wait(site.world().held_at_least(1));
    assert_eq!(screen.kill9().signal.as_deref(), Some("Killed"));
}

fn new_passes(site: &Site) -> usize {
    let jane = site.world().cardholder(JANE).unwrap();
    let began = site.sim.issued_by_console().iter().map(|i| i.issued_at).max().unwrap();
    jane.cards.iter().filter(|c| c.created_by == Author::Console && c.created_at > began).count()
}

#[test]
fn i5_a_change_that_was_applied_is_found_and_bound_at_the_next_start() {
    let site = Site::open();
    killed_in_mid_reissue(&site, true);
    site.world().release(Release::Drop);
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("Settled: Jane Doe: done");
    screen.look("restart after an applied change");
    screen.open_person("jane d", "Jane Doe").wait_for("*ours").wait_for("read 0s ago");
    assert_eq!((site.world().log().patches, new_passes(&site)), (1, 1));
    assert_eq!(site.intents(JANE).last().unwrap().state, IntentState::Done);
    screen.press("q");
    assert_eq!(screen.wait_exit().code, 0);
    let rows = json_lines(&site.run(&["history", "gall:4665", "--json"]).assert().success());
    assert_eq!((rows[0]["action"].as_str(), rows[0]["result"].as_str()), (Some("reissue"), Some("ok")), "{rows:?}");
}

#[test]
fn i4_a_change_that_was_not_applied_stays_unknown_and_is_never_sent_again() {
    let site = Site::open();
    killed_in_mid_reissue(&site, false);
    site.world().release(Release::Drop);
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("no effect seen so far").wait_for("1 job");
    screen.look("restart after a change without effect");
    screen.escape("no effect seen so far").wait_for("1 change has no known outcome yet; F7 shows it.");
    screen.look("banner");
    // In the search line w is a letter; F7 does the same everywhere.
    screen.press_until("\x1b[18~", "OUTCOME UNKNOWN");
    screen.look("jobs");
    // i6: another change of the same person is refused until it is settled.
    screen.escape("look again").open_person("jane d", "Jane Doe").wait_for("*ours");
    screen.press("r").wait_for("reissue is off: a change of this person is UNKNOWN; w shows it.");
    screen.look("a second reissue");
    assert_eq!((site.world().log().patches, new_passes(&site)), (1, 0));
    let states: Vec<IntentState> = site.intents(JANE).iter().map(|i| i.state).collect();
    assert_eq!(states.iter().filter(|s| **s == IntentState::Unknown).count(), 1, "{states:?}");
}

#[test]
fn leaving_waits_for_the_answer_and_leaving_twice_does_not() {
    let site = Site::open();
    site.strike("PATCH", FaultKind::Hold { applied: true });
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("gall ok").wait_for("RW");
    screen.open_person("jane d", "Jane Doe").wait_for("*ours");
    screen.press("r").wait_for("y send");
    screen.press_until("y", "Sending the reissue");
    wait(site.world().held_at_least(1));
    screen.press("q").wait_for("q again leaves now");
    screen.look("leaving");
    screen.press("q");
    assert_eq!(screen.wait_exit().code, 0);
    let text = String::from_utf8(screen.raw()).unwrap();
    assert!(text.contains("A change was still being sent"), "{text:?}");
    site.world().release(Release::Drop);
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("Settled: Jane Doe: done");
    assert_eq!((site.world().log().patches, new_passes(&site)), (1, 1));
}
