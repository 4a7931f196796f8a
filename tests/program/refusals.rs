//! What is refused, with which exit code, and that the words name the place and the next step.

use crate::site::{JANE, Site, program, stderr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A site file of its own, from the written one with something changed.
fn changed(site: &Site, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(site.file()).unwrap();
    assert!(text.contains(from), "{text}");
    let file = site.folder().join("changed.toml");
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    file
}

fn refused(file: &PathBuf, args: &[&str], code: i32) -> String {
    let assert = program().arg("--config").arg(file).args(args).assert().code(code);
    assert_eq!(assert.get_output().stdout, b"", "nothing for scripts: {}", stderr(&assert));
    stderr(&assert)
}

#[test]
fn a_mistake_in_the_site_file_is_named_with_file_line_and_key() {
    let site = Site::open();
    for (from, to, words) in [
        ("marker =", "markers =", "did you mean `marker`?"),
        ("mode = \"sim\"", "mode = \"simulated\"", "known: live, test, sim"),
        ("writes = \"unlocked\"", "writes = true", "`writes`"),
        ("system = \"gallagher\"", "system = \"galagher\"", "known: gallagher"),
        ("secret_file = ", "secret_fil = ", "did you mean `secret_file`?"),
    ] {
        let file = changed(&site, from, to);
        let told = refused(&file, &["search", "jane"], 2);
        let text = std::fs::read_to_string(&file).unwrap();
        let line = text.lines().position(|l| l.contains(to)).unwrap() + 1;
        assert!(told.contains("changed.toml") && told.contains(&format!("line {line}")), "{to}: {told}");
        assert!(told.contains(words), "{to}: {told}");
        assert_eq!(told.trim_end().lines().count(), 1, "{told}");
    }
    let missing = site.folder().join("nowhere.toml");
    assert!(refused(&missing, &["search", "jane"], 2).contains("nowhere.toml"));
}

#[test]
fn i24_a_secret_that_others_can_read_is_not_used() {
    let site = Site::open();
    let key = site.folder().join("gall.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let told = refused(&site.file(), &["search", "jane"], 2);
    assert!(told.contains("gall.key") && told.contains("600"), "{told}");
    assert!(!told.contains(site.sim.api_key()));
    assert_eq!(site.world().log().received, 0);
}

#[test]
fn i22_plain_http_goes_to_this_machine_only() {
    let site = Site::open();
    let url = site.sim.gallagher_url();
    for host in ["http://192.0.2.7:8904/", "http://example.org/", "http://127.0.0.1.example.org/"] {
        let told = refused(&changed(&site, &url, host), &["search", "jane", "--live"], 2);
        assert!(told.contains("https") || told.contains("loopback"), "{told}");
    }
}

#[test]
fn wrong_words_are_a_usage_error() {
    let site = Site::open();
    for args in
        [&["serch", "jane"][..], &["cards"], &["cards", "4665"], &["reissue", "gall:4665/x", "--why", "because"]]
    {
        refused(&site.file(), args, 2);
    }
    let told = refused(&site.file(), &["reissue", "elsewhere:1/2", "--why", "expired"], 2);
    assert!(told.contains("elsewhere"), "{told}");
}

#[test]
fn nothing_found_is_4() {
    let site = Site::open();
    assert!(refused(&site.file(), &["search", "nobody-of-that-name", "--live"], 4).contains("Nobody found"));
    assert!(refused(&site.file(), &["cards", "gall:999999"], 4).contains("find the person first"));
    site.seen("jane d");
    let told = refused(&site.file(), &["show", "gall:4665/00000000000000000000000000000000"], 4);
    assert!(told.contains("passdesk cards gall:4665"), "{told}");
    assert!(refused(&site.file(), &["history", "gall:999999"], 4).contains("Nothing is recorded"));
}

#[test]
fn a_locked_tenant_shows_the_plan_and_refuses_to_do_it() {
    let site = Site::open();
    site.seen("jane d");
    let file = changed(&site, "writes = \"unlocked\"", "writes = \"locked\"");
    let pass = site.janes_pass();
    let told = refused(&file, &["reissue", &pass, "--why", "expired", "--yes"], 5);
    assert!(told.contains("locked for writing") && told.contains("L unlocks it"), "{told}");
    program().arg("--config").arg(&file).args(["reissue", &pass, "--why", "expired"]).assert().success();
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn i10_a_card_of_somebody_else_is_never_removed() {
    let site = Site::open();
    site.seen("jane d");
    let jane = site.world().cardholder(JANE).unwrap();
    let plastic = jane.cards.iter().find(|c| c.class != "mobile").unwrap();
    let told = refused(
        &site.file(),
        &["reissue", &format!("gall:{JANE}/{}", plastic.segment), "--why", "damaged", "--yes"],
        5,
    );
    assert!(!told.is_empty());
    assert_eq!(site.world().log().patches, 0);
    assert_eq!(site.world().cardholder(JANE).unwrap().cards, jane.cards);
}

#[test]
fn a_wrong_key_is_6_and_is_not_tried_again() {
    let site = Site::open();
    site.seen("jane d");
    std::fs::write(site.folder().join("gall.key"), "0000-1111-2222-3333-4444-5555-6666-7777\n").unwrap();
    let before = site.world().log().received;
    let told = refused(&site.file(), &["cards", "gall:4665"], 6);
    assert!(told.contains("refused our key") && told.contains("check the key in the site file"), "{told}");
    assert_eq!(site.world().log().received, before + 1, "each failure raises an alarm at the site");
}

#[test]
fn no_terminal_text_of_an_argument_reaches_the_terminal() {
    let site = Site::open();
    let told = refused(&site.file(), &["cards", "gall:\u{1b}]0;owned\u{7}"], 2);
    assert!(!told.contains('\u{7}') && !told.contains("\u{1b}]"), "{told:?}");
    let assert = site.run(&["search", "\u{1b}]52;c;aGk=\u{7}\u{202e}", "--live"]).assert().code(4);
    assert_eq!(crate::stream::harm(&assert.get_output().stderr, true), None);
}
