//! The safety argument of ARCHITECTURE.md, against the tests that there are.

use crate::contract_rows::tests;
use crate::documents::{block, read};
use std::path::Path;

/// What is between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_invariant_names_what_upholds_it_and_tests_that_exist() {
    let (table, tests) = (block(&read("ARCHITECTURE.md"), "safety"), tests());
    let (mut next, mut wrong) = (1, Vec::new());
    for line in table.lines().skip(2) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [number, promise, mechanism, breakers] = cells[..] else {
            wrong.push(format!("not four cells: {line}"));
            continue;
        };
        if number != format!("I{next}") {
            wrong.push(format!("I{next} should follow, not {number}"));
        }
        next += 1;
        if promise.is_empty() || mechanism.is_empty() {
            wrong.push(format!("{number}: an empty cell"));
        }
        // Files are named as they lie under src.
        for file in quoted(mechanism).into_iter().filter(|name| Path::new(name).extension().is_some_and(|e| e == "rs"))
        {
            let found = [format!("src/{file}"), format!("src/domain/ownership/{file}")];
            if !found.iter().any(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path).is_file()) {
                wrong.push(format!("{number}: there is no {file}"));
            }
        }
        if let Some(when) = breakers.strip_prefix("later: ") {
            if !matches!(number, "I18" | "I20") || when.is_empty() {
                wrong.push(format!("{number}: it cannot wait"));
            }
            continue;
        }
        let named = quoted(breakers);
        let prefix = format!("{}_", number.to_lowercase());
        if !named.iter().any(|name| name.starts_with(&prefix)) {
            wrong.push(format!("{number}: no test that begins with {prefix}"));
        }
        for name in named.into_iter().filter(|name| !tests.contains(*name)) {
            wrong.push(format!("{number}: there is no test {name}"));
        }
    }
    assert_eq!(next, 27, "26 invariants");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
