//! A ledger that something speaks against: nothing it says is shown as proved, and every command says so.

use crate::site::{Site, json_lines, stderr};
use rusqlite::Connection;
use std::path::PathBuf;

const HER: &str = "gall:4665";

fn data(site: &Site) -> PathBuf {
    site.folder().join("passdesk-data")
}

/// The one file under the data folder that ends so.
fn file(site: &Site, end: &str) -> PathBuf {
    let mut folders = vec![data(site)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.to_string_lossy().ends_with(end) {
                return entry;
            }
        }
    }
    panic!("no file ends in {end}");
}

/// Owners of Jane's credentials as `cards` prints them.
fn owners(site: &Site, exit: i32) -> (Vec<String>, String) {
    let printed = site.run(&["cards", HER, "--json"]).assert().code(exit);
    let owners = json_lines(&printed).iter().map(|row| row["owner"].as_str().unwrap().to_owned()).collect();
    (owners, stderr(&printed))
}

fn spoil_and_look(how: &str, spoil: impl Fn(&Site)) {
    let site = Site::open();
    site.run(&["search", "jane d", "--live"]).assert().success();
    let (before, quiet) = owners(&site, 0);
    assert!(before.iter().any(|owner| owner == "ours") && quiet.is_empty(), "{how}: {before:?} {quiet}");
    spoil(&site);
    let (after, told) = owners(&site, 3);
    let doubted = "the ledger cannot be trusted";
    assert!(told.contains(doubted) && told.contains("passdesk ledger verify"), "{how}: {told}");
    let expected: Vec<&str> =
        before.iter().map(|owner| if owner == "ours" { "ambiguous" } else { owner.as_str() }).collect();
    assert_eq!(after, expected, "{how}");
    for command in [["jobs", "list"].as_slice(), &["history"], &["show", HER]] {
        let told = stderr(&site.run(command).assert());
        assert!(told.contains(doubted), "{how}: {command:?} {told}");
    }
}

#[test]
fn i7_without_its_key_a_ledger_proves_nothing_to_be_ours() {
    spoil_and_look("key lost", |site| std::fs::remove_file(file(site, "sim.key")).unwrap());
}

#[test]
fn i7_under_another_key_a_ledger_proves_nothing_to_be_ours() {
    spoil_and_look("another key", |site| {
        let key = file(site, "sim.key");
        let text = std::fs::read_to_string(&key).unwrap();
        let other = if text.starts_with('0') { "1" } else { "0" };
        std::fs::write(&key, format!("{other}{}", &text[1..])).unwrap();
    });
}

#[test]
fn i7_a_derived_row_written_by_hand_proves_nothing_to_be_ours() {
    spoil_and_look("a derived row", |site| {
        let ledger = Connection::open(file(site, "ledger.db")).unwrap();
        assert!(ledger.execute("UPDATE intents SET operator = 'somebody'", []).unwrap() > 0);
    });
}
