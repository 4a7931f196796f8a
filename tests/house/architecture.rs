//! Which module may use which (the rule stands at the top of `src/lib.rs` and in ARCHITECTURE.md).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Module, and what it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("ports", &["domain"]),
    ("workflow", &["domain", "ports"]),
    ("backends", &["domain", "ports"]),
    ("store", &["domain", "ports"]),
    ("widgets", &["domain"]),
    ("console", &["domain", "ports"]),
    ("panes", &["domain", "ports", "console", "widgets"]),
    ("simulator", &["domain"]),
    ("config", &["domain"]),
    ("logging", &["domain"]),
    ("desk", &["domain", "ports", "workflow", "backends", "store", "config"]),
    ("runtime", &["domain", "ports", "workflow", "store", "desk", "console", "panes", "widgets"]),
    (
        "cli",
        &[
            "domain",
            "ports",
            "workflow",
            "store",
            "desk",
            "console",
            "widgets",
            "simulator",
            "config",
            "logging",
            "runtime",
        ],
    ),
];

/// Crates that only some modules may name.
const CRATES: &[(&str, &[&str])] = &[
    ("ratatui", &["panes", "widgets", "runtime"]),
    ("crossterm", &["runtime", "cli"]),
    ("rusqlite", &["store"]),
    ("tokio_rusqlite", &["store"]),
    ("axum", &["simulator"]),
    ("tokio", &["backends", "store", "desk", "runtime", "cli", "simulator", "logging", "workflow", "main"]),
];

fn sources() -> Vec<(PathBuf, String, String)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap().to_owned();
            let module = inside.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
            let text = std::fs::read_to_string(&path).unwrap();
            (inside, module, text)
        })
        .collect()
}

fn is_test_file(path: &Path) -> bool {
    let of_tests = |name: &str| name.ends_with("tests") || name == "testing";
    let file = path.file_stem().unwrap().to_string_lossy();
    of_tests(&file) || path.iter().any(|folder| of_tests(&folder.to_string_lossy()))
}

/// The program text of a file: without comments and without its test module.
fn program(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules named as `crate::NAME`, also inside `crate::{a::b, c}`.
fn used(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &text[at + "crate::".len()..];
        let name = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            for (i, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && !c.is_whitespace() => {
                        found.insert(name(&group[i..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.insert(name(rest));
        }
    }
    found
}

#[test]
fn modules_use_only_what_they_may() {
    let mut wrong = Vec::new();
    for (path, module, text) in sources() {
        if module == "lib" || module == "main" || is_test_file(&path) {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: the module {module} has no rule", path.display()));
            continue;
        };
        for name in used(&program(&text)) {
            if name != module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{}: {module} must not use {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rule_sees_a_forbidden_edge() {
    let sample = "use crate::{domain::ids::Link, store::ledger};\nfn f() { crate::panes::draw() }";
    assert_eq!(used(sample).into_iter().collect::<Vec<_>>(), ["domain", "panes", "store"]);
}

#[test]
fn crates_stay_behind_their_modules() {
    let mut wrong = Vec::new();
    for (path, module, text) in sources() {
        if is_test_file(&path) {
            continue;
        }
        let text = program(&text);
        for (name, allowed) in CRATES {
            let named = text.contains(&format!("{name}::"));
            if named && !allowed.contains(&module.as_str()) {
                wrong.push(format!("{}: {name} does not belong in {module}", path.display()));
            }
        }
        let place = path.display().to_string();
        let http = place.starts_with("backends/http") || ["backends/tls.rs", "backends/wire.rs"].contains(&&*place);
        if text.contains("reqwest::") && !http {
            wrong.push(format!("{}: HTTP clients are made in backends/http, tls and wire only", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn i21_raw_vendor_text_is_never_read_where_things_are_shown() {
    let mut wrong = Vec::new();
    for (path, module, text) in sources() {
        let shows = ["panes", "widgets", "cli", "logging"].contains(&module.as_str());
        if shows && program(&text).contains(".raw()") {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "raw vendor text in {}", wrong.join(", "));
}

#[test]
fn colours_are_those_of_the_terminal() {
    // Other colours stand in the files of themes.
    for (path, _, text) in sources().into_iter().filter(|(path, ..)| !path.ends_with("tests.rs")) {
        let text = program(&text);
        assert!(!text.contains("Color::Rgb") && !text.contains("Color::Indexed"), "{}", path.display());
    }
}

#[test]
fn files_are_rooms_one_can_see_across() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, _, text)| text.lines().count() > 620)
        .map(|(path, _, text)| format!("{} has {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
