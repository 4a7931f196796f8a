//! The check-up from a shell, and the preferences of one person.

use crate::screen::Screen;
use crate::site::{Site, json_lines, program, stderr, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn marks(lines: &[serde_json::Value], mark: &str) -> Vec<String> {
    let fits = |line: &&serde_json::Value| line["mark"] == mark;
    lines.iter().filter(fits).map(|line| format!("{} {}", line["subject"], line["says"])).collect()
}

#[test]
fn a_sound_desk_has_nothing_that_fails() {
    let site = Site::open();
    let lines = json_lines(&site.run(&["doctor", "--json"]).assert().success());
    assert!(marks(&lines, "fail").is_empty(), "{lines:?}");
    let ok = marks(&lines, "ok").join("\n");
    for what in ["site file", "ledger", "chain", "gall", "answers in", "changes and events", "nothing clashes"] {
        assert!(ok.contains(what), "{what} in {ok}");
    }
    assert!(marks(&lines, "warn").iter().any(|line| line.contains("never filled")), "{lines:?}");
    assert_eq!(lines[0]["schema"], "passdesk.check");
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn what_does_not_work_fails_with_what_mends_it() {
    let site = Site::open();
    std::fs::write(site.folder().join("gall.key"), "7F3A-0000\n").unwrap();
    let assert = site.run(&["doctor"]).assert().code(1);
    let told = stdout(&assert);
    let line = told.lines().find(|line| line.starts_with("fail")).unwrap();
    assert!(line.contains("gall") && line.contains("refused our key") && line.contains("check the key"), "{line}");
    assert!(stderr(&assert).contains("1 thing does not work"));

    std::fs::set_permissions(site.folder().join("gall.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let told = stdout(&site.run(&["doctor"]).assert().code(1));
    assert!(told.contains("fail\tdesk") && told.contains("600"), "{told}");
}

fn preferences(site: &Site, text: &str) -> PathBuf {
    let file = site.folder().join("preferences.toml");
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn a_mistake_in_the_preferences_is_pointed_at_before_the_console_opens() {
    let site = Site::open();
    for (text, words) in [
        ("them = \"dark\"", "line 1, column 1: the preferences has no key `them`; did you mean `theme`"),
        ("theme = \"drak\"", "line 1, column 9: `theme`: there is no theme drak"),
        ("[keys]\nreissue = [\"s\"]", "line 2, column 11: `keys.reissue`: s is a key of suspend too"),
        ("[keys]\nresisue = [\"i\"]", "`keys.resisue`: there is no such command; reissue?"),
    ] {
        let file = preferences(&site, text);
        let assert = program().arg("--preferences").arg(&file).arg("--config").arg(site.file()).assert().code(2);
        assert!(stderr(&assert).contains(words), "{}", stderr(&assert));
        let told = stdout(&site.run(&["doctor", "--preferences", file.to_str().unwrap()]).assert().code(1));
        assert!(told.contains("fail\tpreferences"), "{told}");
    }
}

#[test]
fn the_console_looks_and_answers_as_its_operator_likes() {
    let site = Site::open();
    let file = preferences(&site, "theme = \"dark\"\nglyphs = \"lines\"\n[keys]\nreissue = [\"i\"]\n");
    let config = site.file();
    let args = ["--preferences", file.to_str().unwrap(), "--config", config.to_str().unwrap()];
    let screen = Screen::start(120, 40, &args, &[("NO_COLOR", "")]);
    screen.open_person("jane d", "Jane Doe").wait_for("i reissue");
    screen.with(|seen| {
        assert_eq!(seen.cell(0, 60).unwrap().bgcolor(), vt100::Color::Rgb(0x14, 0x18, 0x1f));
    });
    screen.press("i").wait_for("y send").escape("y send").press("q").wait_exit();
}
