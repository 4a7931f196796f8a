//! The console from its first frame to the moment at which the shell has its terminal back.

use crate::screen::{CTRL_C, ENTER, Screen};
use crate::site::{JANE, Site, json_lines, program, stderr};
use crate::stream::{colours, harm, put_back};
use passdesk::simulator::Author;
use rustix::process::Signal;

fn ready(site: &Site, columns: u16, rows: u16) -> Screen {
    let screen = Screen::console(&site.file(), columns, rows);
    screen.wait_for("gall ok").wait_for("RW");
    screen
}

#[test]
fn the_first_frame_says_where_one_is_and_what_can_be_done() {
    let site = Site::open();
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let screen = ready(&site, columns, rows);
        screen.wait_for("SIM").wait_for("1 Search>").wait_for("RW").wait_for("cache");
        screen.look("first frame");
        assert_eq!(screen.rows().len(), usize::from(rows));
        // With an empty search line too, somebody who wants to leave finds the way.
        screen.wait_for("F10 quit");
        screen.press("\x1b[21~");
        assert_eq!(screen.wait_exit().code, 0);
        assert_eq!(harm(&screen.raw(), true), None);
    }
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn journey_01_an_expired_invitation_is_replaced_in_the_real_terminal() {
    let site = Site::open();
    let before = site.world().cardholder(JANE).unwrap();
    let screen = ready(&site, 80, 24);
    screen.open_person("jane d", "Jane Doe").wait_for("*ours").wait_for("OPENS DOORS NOW?  NO: invitation expired");
    screen.look("cards");
    screen.press("r").wait_for("1 PATCH to cardholder 4665").wait_for("y send");
    screen.look("wizard");
    assert_eq!(site.world().log().patches, 0, "nothing is sent before y");
    // r1: Enter never writes.
    screen.press(ENTER).press_until("y", "Reissued: the new pass is *ours");
    screen.look("done");

    let after = site.world().cardholder(JANE).unwrap();
    let log = site.world().log();
    assert_eq!((log.patches, log.applied_patches), (1, 1));
    let old = before.cards.iter().find(|c| c.class == "mobile").unwrap();
    assert!(after.removed.iter().any(|c| c.segment == old.segment && c.removed_by == Some(Author::Console)));
    let new: Vec<_> = after.cards.iter().filter(|c| c.class == "mobile").collect();
    assert_eq!((new.len(), new[0].created_by), (1, Author::Console));
    assert_eq!(after.cards.len(), before.cards.len(), "nothing else was touched");

    let rows = json_lines(&site.run(&["history", &format!("gall:{JANE}"), "--json"]).assert().success());
    assert_eq!((rows[0]["action"].as_str(), rows[0]["result"].as_str()), (Some("reissue"), Some("ok")), "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row["action"] == "reissue").count(), 1);

    screen.press("q");
    assert_eq!(screen.wait_exit().code, 0);
    put_back(&screen.raw()).unwrap();
    assert_eq!(harm(&screen.raw(), true), None);
}

#[test]
fn r3_keys_that_were_typed_ahead_do_not_confirm() {
    let site = Site::open();
    let screen = ready(&site, 80, 24);
    screen.open_person("jane d", "Jane Doe").wait_for("read 0s ago").wait_for("*ours");
    screen.press("ryyy").wait_for("y send");
    screen.press("\x1b[200~yyy\x1b[201~").press_until("5", "chosen: 5");
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn a_resize_keeps_the_wizard_and_what_it_shows() {
    let site = Site::open();
    let screen = ready(&site, 80, 24);
    screen.open_person("jane d", "Jane Doe").wait_for("*ours");
    screen.press("r").wait_for("y send");
    for (columns, rows) in [(120, 40), (200, 60), (60, 16), (45, 12), (80, 24)] {
        screen.resize(columns, rows).wait_until("the wizard in the new size", |screen| {
            let text = screen.contents();
            // Where not all of it fits, `y` is off and says so.
            let keys = if columns < 76 { "y is off" } else { "y send" };
            screen.size().1.get() == columns && text.contains("Reissue") && text.contains(keys)
        });
        screen.look(&format!("wizard at {columns}x{rows}"));
    }
    screen.wait_for("1 PATCH to cardholder 4665");
    screen.resize(20, 5).wait_for("q quits");
    screen.resize(80, 24).wait_for("1 PATCH to cardholder 4665");
    screen.escape("Reissue ---");
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn small_screens_show_one_pane_and_tiny_ones_say_what_they_need() {
    let site = Site::open();
    let screen = ready(&site, 40, 10);
    screen.press("jane d").wait_for("Jane Doe").wait_for("2 Cardholders");
    screen.look("40x10 hits");
    screen.press(ENTER).wait_for("3 Cards").wait_for("EXPIRED");
    screen.look("40x10 cards");
    screen.resize(20, 5).wait_for("needs 40x10");
    screen.look("20x5");
    screen.press("q");
    assert_eq!(screen.wait_exit().code, 0);
    put_back(&screen.raw()).unwrap();
}

#[test]
fn every_way_out_puts_the_terminal_back() {
    let site = Site::open();
    for way in [Signal::TERM, Signal::HUP, Signal::INT] {
        let screen = ready(&site, 80, 24);
        screen.signal(way);
        let end = screen.wait_exit();
        assert_eq!((end.code, end.signal), (0, None), "{way:?}");
        put_back(&screen.raw()).unwrap();
    }
}

#[test]
fn ctrl_c_does_not_quit_and_q_does() {
    let site = Site::open();
    let screen = ready(&site, 80, 24);
    // Out of the search line first, where q would be a letter.
    screen.press(CTRL_C).press(CTRL_C).wait_for("q quits");
    screen.look("after Ctrl-C");
    screen.press("q");
    assert_eq!(screen.wait_exit().code, 0);
    put_back(&screen.raw()).unwrap();
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_in_a_background_task_puts_the_terminal_back_and_ends_in_one_line() {
    let site = Site::open();
    let file = site.file();
    let screen = Screen::start(80, 24, &["--config", file.to_str().unwrap()], &[("PASSDESK_TEST_PANIC", "1")]);
    assert_eq!(screen.wait_exit().code, 101);
    put_back(&screen.raw()).unwrap();
    let text = String::from_utf8(screen.raw()).unwrap();
    let after = text.rsplit("\u{1b}[?1049l").next().unwrap();
    assert!(after.contains("passdesk stopped because of a defect"), "{after:?}");
    assert!(after.contains("the next start checks"), "{after:?}");
    assert_eq!(after.trim().lines().count(), 1, "{after:?}");
}

#[test]
fn r9_no_color_draws_without_colours_and_says_the_same() {
    let site = Site::open();
    let file = site.file();
    let shown = |value: &str| {
        let screen = Screen::start(80, 24, &["--config", file.to_str().unwrap()], &[("NO_COLOR", value)]);
        screen.wait_for("gall ok").wait_for("RW");
        screen.open_person("jane d", "Jane Doe").wait_for("! EXPIRED").wait_for("*ours");
        screen.press("r").wait_for("y send");
        screen.escape("y send").press("q");
        screen.wait_exit();
        screen.raw()
    };
    assert_eq!(colours(&shown("1")), Vec::<String>::new());
    // Set but empty means nothing (no-color.org).
    assert_ne!(colours(&shown("")), Vec::<String>::new());
}

#[test]
fn without_a_terminal_it_says_so_and_what_to_use_instead() {
    let site = Site::open();
    let assert = site.run(&[]).write_stdin("q").assert().failure();
    let told = stderr(&assert);
    assert!(told.contains("needs a terminal") && told.contains("passdesk search"), "{told}");
    assert_eq!(assert.get_output().stdout, b"");
    assert_eq!(site.world().log().patches, 0);
    program().args(["demo", "--cardholders", "10"]).write_stdin("").assert().failure();
}
