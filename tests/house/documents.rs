//! Generated parts of the documents agree with what they are generated from.

use std::path::Path;

pub fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The text between `<!-- NAME -->` and `<!-- /NAME -->`.
pub fn block(text: &str, name: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (_, rest) = text.split_once(&open).unwrap_or_else(|| panic!("{open} is missing"));
    rest.split_once(&close).unwrap_or_else(|| panic!("{close} is missing")).0.to_owned()
}

/// Run with `PASSDESK_WRITE_DOCS=1` to write the block anew.
#[test]
fn the_key_table_of_the_readme_is_the_command_table() {
    let readme = read("README.md");
    let wanted = passdesk::console::commands::markdown_table();
    let found = block(&readme, "keys");
    if std::env::var_os("PASSDESK_WRITE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let (open, close) = ("<!-- keys -->\n", "<!-- /keys -->");
        let now = readme.replace(&format!("{open}{found}{close}"), &format!("{open}{wanted}{close}"));
        std::fs::write(path, now).unwrap();
        return;
    }
    assert_eq!(found, wanted, "run `PASSDESK_WRITE_DOCS=1 cargo test --test house`");
}

#[test]
fn the_readme_names_the_two_commands_first() {
    let readme = read("README.md");
    let commands: Vec<&str> = readme.lines().filter(|l| l.starts_with("cargo ")).take(2).collect();
    assert_eq!(commands, ["cargo run --release --locked -- demo", "cargo test --locked"]);
}

#[test]
fn every_module_stands_on_the_map() {
    let (lib, map) = (read("src/lib.rs"), read("ARCHITECTURE.md"));
    for module in lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')) {
        assert!(map.contains(&format!("`{module}`")), "ARCHITECTURE.md does not name `{module}`");
    }
}
