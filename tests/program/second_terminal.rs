//! A second terminal beside an open console, and the plain commands for what is unfinished: one ledger, one desk.

use crate::screen::Screen;
use crate::site::{JANE, Site, json_lines, stderr, wait};
use passdesk::domain::journal::IntentState;
use passdesk::simulator::{FaultKind, InvitationMove, Release};
use std::process::{Command, Stdio};

/// An accepted phone of ours of somebody else than Jane; the n-th of them.
fn accepted(site: &Site, nth: usize) -> (String, String) {
    let ours = site.sim.issued_by_console();
    let phones = ours.iter().filter(|i| {
        let cards = site.world().cardholder(&i.holder_id).map(|p| p.cards).unwrap_or_default();
        i.holder_id != JANE && cards.iter().any(|c| c.segment == i.card_segment && c.invitation == "accepted")
    });
    let issue = phones.into_iter().nth(nth).expect("nobody else has an accepted phone of ours");
    (issue.holder_id.clone(), format!("gall:{}/{}", issue.holder_id, issue.card_segment))
}

/// Everybody is known to the cache, as after a console has run for a while.
fn all_seen(site: &Site) {
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("gall ok").wait_until("the cache is filled", |s| !s.contents().contains("reading"));
    screen.press("\x1b[21~");
    assert_eq!(screen.wait_exit().code, 0);
}

/// A console in which Jane's reissue stands between request and answer.
fn console_in_mid_reissue(site: &Site) -> Screen {
    site.strike("PATCH", FaultKind::Hold { applied: true });
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("gall ok").wait_for("RW");
    screen.open_person("jane d", "Jane Doe").wait_for("*ours");
    screen.press("r").wait_for("y send");
    screen.press_until("y", "Sending the reissue");
    wait(site.world().held_at_least(1));
    screen
}

#[test]
fn i6_a_second_terminal_is_told_why_it_waits_and_works_on_everybody_else() {
    let site = Site::open();
    all_seen(&site);
    let pass = site.janes_pass();
    let (_, other) = accepted(&site, 0);
    let screen = console_in_mid_reissue(&site);
    for command in [["reissue", "--why", "expired"], ["end", "--why", "mistake"]] {
        let mut args = vec![command[0], pass.as_str()];
        args.extend(&command[1..]);
        args.push("--yes");
        let told = stderr(&site.run(&args).assert().code(5));
        let intent = site.intents(JANE).last().unwrap().intent.to_string();
        assert!(told.contains("another change for this person is not settled yet"), "{told}");
        assert!(told.contains("SENDING") && told.contains(&intent), "{told}");
    }
    site.run(&["suspend", &other, "--why", "lost", "--yes"]).assert().success();
    assert_eq!(site.world().log().patches, 2, "Jane's, and the other person's");
    site.world().release(Release::GoOn);
    screen.wait_for("Reissued");
    screen.press("q");
    assert_eq!(screen.wait_exit().code, 0);
    assert_eq!(site.intents(JANE).last().unwrap().state, IntentState::Done);
}

#[test]
fn i6_a_console_is_told_why_it_waits_for_a_second_terminal() {
    let site = Site::open();
    all_seen(&site);
    let pass = site.janes_pass();
    let screen = Screen::console(&site.file(), 80, 24);
    screen.wait_for("gall ok").wait_for("RW");
    screen.open_person("jane d", "Jane Doe").wait_for("*ours");
    site.strike("PATCH", FaultKind::Hold { applied: true });
    let mut child = Command::new(env!("CARGO_BIN_EXE_passdesk"))
        .args(["--config", site.file().to_str().unwrap(), "reissue", &pass, "--why", "expired", "--yes"])
        .env("TZ", "UTC")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait(site.world().held_at_least(1));
    screen.press("r").wait_for("not settled yet").wait_for("SENDING");
    screen.look("the person is worked on elsewhere");
    screen.press("y").escape("not settled yet");
    site.world().release(Release::GoOn);
    assert!(child.wait().unwrap().success());
    assert_eq!(site.world().log().patches, 1);
    screen.press("R").wait_for("read 0s ago");
    screen.press("q");
    assert_eq!(screen.wait_exit().code, 0);
}

#[test]
fn i6_two_commands_at_the_same_moment_send_one_request() {
    let site = Site::open();
    all_seen(&site);
    let pass = site.janes_pass();
    let run = || {
        let output = site.run(&["reissue", &pass, "--why", "expired", "--yes"]).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(run);
        let mine = run();
        (mine, other.join().unwrap())
    });
    let patches = site.world().log().patches;
    let done = [&one, &two].iter().filter(|(code, _)| *code == 0).count();
    assert!(patches <= 1 && done as u64 == patches, "{patches} requests: {one:?} {two:?}");
    for (code, told) in [&one, &two] {
        assert!(matches!(code, 0 | 4 | 5 | 8), "{code}: {told}");
        let said = ["not settled yet", "being worked on", "not among", "since the preview", "changed since"];
        assert!(*code == 0 || said.iter().any(|words| told.contains(words)), "{code}: {told}");
    }
}

#[test]
fn waiting_retirements_are_finished_from_the_command_line_through_the_full_gate() {
    let site = Site::open();
    all_seen(&site);
    let passes = [accepted(&site, 0), accepted(&site, 1)];
    for (_, pass) in &passes {
        site.run(&["reissue", pass, "--why", "new-phone", "--yes"]).assert().success();
    }
    let rows = json_lines(&site.run(&["jobs", "list", "--json"]).assert().success());
    assert_eq!(rows.iter().filter(|row| row["kind"] == "waiting").count(), 2, "{rows:?}");
    let told = stderr(&site.run(&["jobs", "resume"]).assert().success());
    assert!(told.contains("0 old credentials are to be retired now; 2 still wait"), "{told}");
    for (holder, old) in &passes {
        let cards = site.world().cardholder(holder).unwrap().cards;
        let segment = old.rsplit('/').next().unwrap();
        let new = cards.iter().filter(|c| c.class == "mobile" && c.segment != segment).max_by_key(|c| c.created_at);
        let card = new.unwrap().segment.clone();
        site.world().advance(10);
        let wish = InvitationMove { cardholder: holder.clone(), card, status: "accepted".into() };
        site.world().invitation(&wish).unwrap();
    }
    let patches = site.world().log().patches;
    let told = stderr(&site.run(&["jobs", "resume"]).assert().success());
    assert!(told.contains("2 old credentials are to be retired now") && told.contains("--expect 2"), "{told}");
    site.run(&["jobs", "resume", "--yes"]).assert().code(2);
    site.run(&["jobs", "resume", "--yes", "--expect", "3"]).assert().code(8);
    assert_eq!(site.world().log().patches, patches, "nothing was sent so far");
    site.run(&["jobs", "resume", "--yes", "--expect", "2"]).assert().success();
    assert_eq!(site.world().log().patches, patches + 2);
    let told = stderr(&site.run(&["jobs", "list"]).assert().code(4));
    assert!(told.contains("Nothing is unfinished."), "{told}");
}

#[test]
fn i5_jobs_list_settles_a_lost_answer_by_reading() {
    let site = Site::open();
    site.seen("jane d");
    site.strike("PATCH", FaultKind::DropAfter);
    site.run(&["reissue", &site.janes_pass(), "--why", "expired", "--yes"]).assert().code(9);
    let rows = json_lines(&site.run(&["jobs", "list", "--no-look", "--json"]).assert().success());
    assert_eq!(rows[0]["state"], "UNKNOWN", "{rows:?}");
    let told = stderr(&site.run(&["jobs", "list"]).assert().code(4));
    assert!(told.contains("done") && told.contains("Nothing is unfinished."), "{told}");
    assert_eq!((site.world().log().patches, site.intents(JANE).last().unwrap().state), (1, IntentState::Done));
}

#[test]
fn an_open_question_is_parked_and_written_off_with_a_reason_and_watched_for_a_day() {
    let site = Site::open();
    site.seen("jane d");
    site.strike("PATCH", FaultKind::DropBefore);
    site.run(&["reissue", &site.janes_pass(), "--why", "expired", "--yes"]).assert().code(9);
    let intent = site.intents(JANE).last().unwrap().intent.to_string();
    let state = || site.intents(JANE).last().unwrap().state;
    let decide = |args: &[&str]| {
        let mut all = vec!["jobs", "decide", intent.as_str()];
        all.extend(args);
        site.run(&all)
    };
    let rows = json_lines(&decide(&["--json"]).assert().success());
    assert!(rows.iter().any(|row| row["answer"] == "--hold"), "{rows:?}");
    decide(&["--hold", "--why", "the site is down"]).assert().success();
    assert_eq!(state(), IntentState::Unknown, "without --yes nothing is recorded");
    decide(&["--hold", "--yes"]).assert().code(2);
    decide(&["--write-off", "--why", "nobody will know", "--yes"]).assert().code(5);
    decide(&["--hold", "--write-off", "--why", "both of them", "--yes"]).assert().code(2);
    decide(&["--hold", "--why", "the site is down", "--yes"]).assert().success();
    assert_eq!(state(), IntentState::Held);
    // Parked, it blocks nobody.
    site.run(&["reissue", &site.janes_pass(), "--why", "expired"]).assert().success();
    decide(&["--write-off", "--why", "nobody will know", "--yes"]).assert().success();
    assert_eq!(state(), IntentState::WrittenOff);
    let told = stderr(&site.run(&["jobs", "list"]).assert().code(4));
    assert!(told.contains("1 change is watched for 24 hours"), "{told}");
    decide(&["--write-off", "--why", "nobody will know", "--yes"]).assert().code(5);
}
