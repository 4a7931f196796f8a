//! The table of what the contracts leave open and which tests play it, against the tests that there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The names of all functions that a test attribute stands above.
pub fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        rust_files(&root.join(folder), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let mut armed = false;
        for line in std::fs::read_to_string(file).unwrap().lines().map(str::trim) {
            armed |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            if let Some((_, rest)) = line.split_once("fn ").filter(|_| armed) {
                names.insert(rest.split(['(', '<']).next().unwrap().to_owned());
                armed = false;
            }
        }
    }
    names
}

#[test]
fn every_row_of_the_contracts_names_tests_that_exist_or_says_why_there_is_none() {
    let table = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract-rows.tsv")).unwrap();
    let tests = tests();
    let (mut rows, mut wrong) = (BTreeSet::new(), Vec::new());
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [contract, row, positions, named] = cells[..] else {
            wrong.push(format!("not four cells: {line}"));
            continue;
        };
        if [contract, row, positions, named].iter().any(|cell| cell.trim().is_empty()) {
            wrong.push(format!("an empty cell: {line}"));
        }
        if !rows.insert((contract, row)) {
            wrong.push(format!("{contract}: {row} stands there twice"));
        }
        if let Some(why) = named.strip_prefix("none:") {
            if why.trim().len() < 20 {
                wrong.push(format!("{contract}: {row} says nothing of why there is no test"));
            }
            continue;
        }
        for name in named.split(',').map(str::trim).filter(|name| !tests.contains(*name)) {
            wrong.push(format!("{contract}: {row}: there is no test {name:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() >= 30, "the table has {} rows", rows.len());
}
