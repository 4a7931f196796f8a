//! The plain commands as scripts see them: what goes to stdout in which shape, and that a reader may leave early.

use crate::site::{JANE, Site, json_lines, stderr, stdout, wait};
use passdesk::domain::journal::IntentState;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Every line says what it is, whose it is, and as of when (decision 6).
fn assert_common(line: &serde_json::Value, schema: &str) {
    assert_eq!(line["schema"], schema, "{line}");
    assert_eq!((line["v"].as_u64(), line["tenant"].as_str()), (Some(1), Some("gall")), "{line}");
    assert_eq!(line["system"], "gallagher", "{line}");
    for member in ["id", "holder", "as_of"] {
        assert!(line[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {line}");
    }
}

#[test]
fn search_cards_and_show_print_lines_that_one_script_reads() {
    let site = Site::open();
    let found = json_lines(&site.run(&["search", "jane d", "--live", "--json"]).assert().success());
    let jane = found.iter().find(|line| line["name"] == "Jane Doe").unwrap();
    assert_common(jane, "passdesk.holder");
    assert_eq!((jane["id"].as_str(), jane["state"].as_str()), (Some("gall:4665"), Some("EXPIRED")));
    assert!(jane["email"].as_str().unwrap().starts_with("j***@"), "contacts are masked: {jane}");

    let cards = json_lines(&site.run(&["cards", "gall:4665", "--json"]).assert().success());
    assert_eq!(cards.len(), site.world().cardholder(JANE).unwrap().cards.len());
    for card in &cards {
        assert_common(card, "passdesk.card");
        for member in ["state", "raw_state", "owner"] {
            assert!(card[member].is_string(), "{member} of {card}");
        }
    }
    let mobile = cards.iter().find(|c| c["class"] == "mobile").unwrap();
    assert_eq!((mobile["state"].as_str(), mobile["owner"].as_str()), (Some("EXPIRED"), Some("ours")), "{mobile}");
    assert_eq!(mobile["id"], site.janes_pass());
    let plastic = cards.iter().find(|c| c["class"] != "mobile").unwrap();
    assert_eq!(plastic["owner"], "foreign", "{plastic}");

    let one = json_lines(&site.run(&["show", &site.janes_pass(), "--json"]).assert().success());
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["id"], mobile["id"]);
    let words = stdout(&site.run(&["show", &site.janes_pass()]).assert().success());
    assert!(words.contains("Jane Doe") && words.contains("EXPIRED") && words.contains("our marker"), "{words}");
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn in_a_pipe_there_are_tabs_and_no_header() {
    let site = Site::open();
    let lines = stdout(&site.run(&["search", "jane d", "--live"]).assert().success());
    let jane: Vec<&str> = lines.lines().find(|l| l.contains("Jane Doe")).unwrap().split('\t').collect();
    assert_eq!((jane.len(), jane[0], jane[1], jane[4]), (6, "gall:4665", "Jane Doe", "EXPIRED"), "{lines}");
    let lines = stdout(&site.run(&["cards", "gall:4665"]).assert().success());
    assert!(lines.lines().all(|line| line.split('\t').count() == 8 && line.starts_with("gall:4665/")), "{lines}");
    assert!(!lines.contains('\u{1b}') && !lines.contains("STATE"));
}

#[test]
fn reissue_shows_without_yes_and_does_with_it() {
    let site = Site::open();
    site.seen("jane d");
    let pass = site.janes_pass();
    let assert = site.run(&["reissue", &pass, "--why", "expired", "--json"]).assert().success();
    let plan = &json_lines(&assert)[0];
    assert_common(plan, "passdesk.plan");
    assert_eq!(plan["sends"], "1 PATCH to cardholder 4665: remove 1, add 1, nothing else");
    assert!(stderr(&assert).contains("Nothing was sent. --yes does it."), "{}", stderr(&assert));
    assert_eq!(site.world().log().patches, 0);
    let journalled = site.intents(JANE).len();

    let mut command = site.run(&["reissue", &pass, "--why", "expired", "--ticket", "INC0012345", "--yes", "--json"]);
    let assert = command.assert().success();
    let end = &json_lines(&assert)[0];
    assert_common(end, "passdesk.reissue");
    assert_eq!((end["outcome"].as_str(), end["owner"].as_str()), (Some("done"), Some("ours")), "{end}");
    assert_eq!(end["replaces"].as_str(), Some(pass.as_str()));
    assert_eq!(site.janes_pass(), end["id"].as_str().unwrap());
    assert_eq!(site.world().log().patches, 1);
    assert_eq!(site.intents(JANE).len(), journalled + 1);

    let rows = json_lines(&site.run(&["history", "gall:4665", "--json"]).assert().success());
    assert_common(&rows[0], "passdesk.operation");
    assert_eq!((rows[0]["ticket"].as_str(), rows[0]["result"].as_str()), (Some("INC0012345"), Some("ok")));
    assert_eq!(rows[0]["id"], end["intent"]);
    let both = json_lines(&site.run(&["history", "gall:4665", "--vendor", "--json"]).assert().success());
    assert!(both.len() > rows.len(), "the vendor's own events are there too");

    let verified = stdout(&site.run(&["ledger", "verify"]).assert().success());
    let cells: Vec<&str> = verified.trim_end().split('\t').collect();
    assert_eq!((cells.len(), cells[0]), (3, "verified"), "{verified}");

    // The old one is gone: a second run of the same line is refused, and nothing is sent.
    site.run(&["reissue", &pass, "--why", "expired", "--yes"]).assert().failure();
    assert_eq!(site.world().log().patches, 1);
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let site = Site::open();
    for args in [&["history", "--limit", "100000", "--json"][..], &["man"], &["completions", "bash"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passdesk"));
        command.arg("--config").arg(site.file()).args(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(!line.is_empty());
        assert!(out.status.success(), "{args:?}: {:?}", out.status);
        assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{args:?}");
    }
}

#[test]
fn the_man_page_and_the_completions_know_every_command() {
    let site = Site::open();
    let man = stdout(&site.run(&["man"]).assert().success());
    let bash = stdout(&site.run(&["completions", "bash"]).assert().success());
    for command in ["search", "cards", "show", "reissue", "history", "ledger", "sim", "demo"] {
        assert!(man.contains(command) && bash.contains(command), "{command}");
    }
}

#[test]
fn i3_a_command_whose_answer_is_lost_says_so_and_sends_nothing_twice() {
    use passdesk::simulator::FaultKind;
    for (fault, state) in [
        (FaultKind::DropAfter, IntentState::Done),
        (FaultKind::DropBefore, IntentState::Unknown),
        (FaultKind::StatusAfter { status: 500, retry_after: None }, IntentState::Done),
        (FaultKind::BrokenJson, IntentState::Done),
    ] {
        let site = Site::open();
        site.seen("jane d");
        let pass = site.janes_pass();
        site.strike("PATCH", fault.clone());
        let assert = site.run(&["reissue", &pass, "--why", "expired", "--yes", "--json"]).assert();
        let last = site.intents(JANE).last().unwrap().state;
        let code = assert.get_output().status.code();
        let told = stderr(&assert);
        // Reading may settle it at once; if it does not, the exit code and the words say that nobody knows.
        assert!(code == Some(9) || (code == Some(0) && last == IntentState::Done), "{fault:?}: {code:?} {told}");
        if code == Some(9) {
            assert_eq!(json_lines(&assert)[0]["outcome"], "unknown", "{fault:?}");
            assert!(told.contains("do not repeat it") || told.contains("checked by reading"), "{fault:?}: {told}");
        }
        assert_eq!(site.world().log().patches, 1, "{fault:?}");
        // i6: while it is open, the same command is refused; once it is found, the old one is gone.
        let again = site.run(&["reissue", &pass, "--why", "expired", "--yes"]).assert().failure();
        assert_eq!(site.world().log().patches, 1, "{fault:?}: {}", stderr(&again));
        assert_eq!(site.intents(JANE).last().unwrap().state, state, "{fault:?}: {}", stderr(&again));
    }
}

#[test]
fn the_simulator_runs_on_its_own_and_its_control_port_answers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sim/site.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_passdesk"));
    command.args(["sim", "--cardholders", "20", "--write-config"]).arg(&file);
    let mut sim = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(sim.stdout.take().unwrap()).lines();
    let said: Vec<String> = lines.by_ref().map(Result::unwrap).take_while(|l| !l.contains("Ctrl-C")).collect();
    let control = said.iter().find_map(|l| l.strip_prefix("control    ")).unwrap().to_owned();
    let world: serde_json::Value =
        wait(async { reqwest::get(format!("{control}/world")).await.unwrap().json().await.unwrap() });
    assert_eq!(world["cardholders"], 20, "{world}");
    let run = |args: &[&str]| crate::site::program().arg("--config").arg(&file).args(args).assert();
    run(&["search", "a", "--live"]).success();
    run(&["ledger", "verify"]).success();
    let pid = rustix::process::Pid::from_raw(i32::try_from(sim.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(sim.wait().unwrap().success());
    run(&["search", "nobody-of-that-name", "--live"]).code(7);
}

#[test]
fn i4_a_change_that_was_made_is_not_failed_because_nobody_can_read_about_it() {
    use passdesk::simulator::FaultKind;
    for (fault, code, state) in [(None, 0, IntentState::Done), (Some(FaultKind::DropBefore), 9, IntentState::Unknown)] {
        let site = Site::open();
        site.seen("jane d");
        if let Some(fault) = fault {
            site.strike("PATCH", fault);
        }
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_passdesk"));
        command.arg("--config").arg(site.file());
        command.args(["reissue", &site.janes_pass(), "--why", "expired", "--yes", "--json"]).stdout(full);
        assert_eq!(command.status().unwrap().code(), Some(code));
        assert_eq!(site.intents(JANE).last().unwrap().state, state);
    }
}

#[test]
fn i4_no_polite_signal_ends_the_program_before_the_outcome_is_recorded() {
    use passdesk::simulator::{FaultKind, Release};
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let site = Site::open();
        site.seen("jane d");
        site.strike("PATCH", FaultKind::Hold { applied: true });
        let mut command = Command::new(env!("CARGO_BIN_EXE_passdesk"));
        command.arg("--config").arg(site.file());
        command.args(["reissue", &site.janes_pass(), "--why", "expired", "--yes", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait(site.world().held_at_least(1));
        kill_process(Pid::from_child(&child), signal).unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(said.into_iter().any(|line| line.contains("waiting for its outcome")), "{signal:?}");
        site.world().release(Release::GoOn);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal:?}");
        assert_eq!(site.intents(JANE).last().unwrap().state, IntentState::Done, "{signal:?}");
    }
}

#[test]
fn i8_a_data_folder_that_cannot_be_used_leaves_browsing_and_sends_nothing() {
    let site = Site::open();
    let data = site.folder().join("no-folder");
    std::fs::write(&data, "").unwrap();
    let data = data.to_str().unwrap();
    site.run(&["--data", data, "search", "jane d", "--live"]).assert().success();
    site.run(&["--data", data, "history"]).assert().code(4);
    site.run(&["--data", data, "reissue", &site.janes_pass(), "--why", "expired", "--yes"]).assert().code(5);
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn a_search_says_when_its_answer_is_partial_and_knows_contacts_and_ids() {
    let site = Site::open();
    site.seen("jane d");
    let told = stderr(&site.run(&["search", "nobody@nowhere.example"]).assert().code(4));
    assert!(told.contains("partial"), "{told}");
    for text in ["gall:4665", "E10422"] {
        let found = stdout(&site.run(&["search", text]).assert().success());
        assert!(found.starts_with("gall:4665\t"), "{text}: {found}");
    }
}
