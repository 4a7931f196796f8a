//! Two desks of one site, each with its own data: keys, exports, imports, and what the plain commands say then.

use crate::site::{JANE, Site, json_lines, program, stderr, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The desk of the written site file, whose ledger matches the world, and a second one with nothing in its ledger.
struct Desks {
    site: Site,
    other: PathBuf,
}

impl Desks {
    fn open() -> Self {
        let site = Site::open();
        let other = site.folder().join("other-data");
        Self { site, other }
    }

    /// The program at the second desk.
    fn there(&self, args: &[&str]) -> assert_cmd::Command {
        let mut command = self.site.run(&["--data"]);
        command.arg(&self.other).args(args);
        command
    }

    /// Makes the first desk's key and names it in the site file, which both read.
    fn name_lee(&self) -> String {
        let lines = stdout(&self.site.run(&["operator", "init"]).assert().success());
        let table: toml::Table = lines.parse().unwrap();
        let one = &table["operator"].as_array().unwrap()[0];
        let key = one["key"].as_str().unwrap().to_owned();
        let name = one["name"].as_str().unwrap();
        let mut text = std::fs::read_to_string(self.site.file()).unwrap();
        text.push_str(&lines.replace(&format!("name = \"{name}\""), "name = \"lee\""));
        std::fs::write(self.site.file(), text).unwrap();
        key
    }

    fn export(&self) -> PathBuf {
        let file = self.site.folder().join("lee.jsonl");
        self.site.run(&["ledger", "export", "-o", file.to_str().unwrap()]).assert().success();
        file
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn operator_init_makes_a_key_once_and_prints_the_lines_for_the_site_file() {
    let site = Site::open();
    let first = site.run(&["operator", "init"]).assert().success();
    let told = stderr(&first);
    let file = site.folder().join("passdesk-data/keys/operator.key");
    assert!(told.contains("operator.key") && told.contains("site file of every desk"), "{told}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&file).unwrap();
    let lines = stdout(&first);
    assert!(!lines.contains(secret.trim()) && !told.contains(secret.trim()), "i24");
    let again = site.run(&["operator", "init"]).assert().success();
    assert_eq!(stdout(&again), lines);
    assert!(stderr(&again).contains("there already"), "{}", stderr(&again));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), secret);
    // The lines are what a site file takes.
    let mut whole = std::fs::read_to_string(site.file()).unwrap();
    whole.push_str(&lines);
    std::fs::write(site.file(), whole).unwrap();
    let known = stderr(&site.run(&["operator", "init"]).assert().success());
    assert!(known.contains("The site file names it"), "{known}");
    // A desk gets its key before it has a site file.
    let bare = site.folder().join("bare");
    program()
        .args(["--config", "/nonexistent/site.toml", "--data"])
        .arg(&bare)
        .args(["operator", "init"])
        .assert()
        .success();
    assert!(bare.join("keys/operator.key").exists());
}

#[test]
fn an_export_is_private_whole_and_never_written_over() {
    let desks = Desks::open();
    let site = &desks.site;
    let file = site.folder().join("lee.jsonl");
    let told = stderr(&site.run(&["ledger", "export", "-o", text(&file)]).assert().code(2));
    assert!(told.contains("passdesk operator init"), "{told}");
    let key = desks.name_lee();
    assert_eq!(desks.export(), file);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let whole = std::fs::read_to_string(&file).unwrap();
    let told = stderr(&site.run(&["ledger", "export", "-o", text(&file)]).assert().code(2));
    assert!(told.contains("there already"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole);
    let piped = stdout(&site.run(&["ledger", "export"]).assert().success());
    assert_eq!(piped.lines().nth(1), whole.lines().nth(1));

    let verified = site.run(&["ledger", "verify", text(&file)]).assert().success();
    let cells: Vec<String> = stdout(&verified).trim_end().split('\t').map(str::to_owned).collect();
    assert_eq!((cells.len(), cells[0].as_str(), cells[3].as_str()), (4, "verified", key.as_str()));
    assert!(stderr(&verified).contains("signed by lee"), "{}", stderr(&verified));
    assert!(stderr(&verified).contains("MACs cannot be checked here"), "{}", stderr(&verified));
    // A changed byte is found, and its line named.
    let lines: Vec<&str> = whole.lines().collect();
    let forged = site.folder().join("forged.jsonl");
    std::fs::write(&forged, whole.replace(lines[9], &lines[9].replacen("\"attempt\":1", "\"attempt\":2", 1))).unwrap();
    let told = stderr(&site.run(&["ledger", "verify", text(&forged)]).assert().code(1));
    assert!(told.contains("line 10") && told.contains("event 9"), "{told}");
    let told = stderr(&desks.there(&["ledger", "import", text(&forged)]).assert().code(1));
    assert!(told.contains("line 10") && told.contains("event 9"), "{told}");
}

#[test]
fn own_verify_calls_a_key_file_the_weaker_choice() {
    let site = Site::open();
    let told = stderr(&site.run(&["ledger", "verify"]).assert().success());
    if cfg!(feature = "os-keyring") {
        return;
    }
    assert!(told.contains("weaker choice") && told.contains("os-keyring"), "{told}");
}

#[test]
fn a_strangers_export_needs_a_key_that_somebody_confirmed() {
    let desks = Desks::open();
    desks.site.run(&["operator", "init"]).assert().success();
    let file = desks.export();
    for command in ["verify", "import"] {
        let told = stderr(&desks.there(&["ledger", command, text(&file)]).assert().code(5));
        assert!(told.contains("nobody named here") && told.contains("--key"), "{told}");
    }
    let known = stdout(&desks.site.run(&["ledger", "verify", text(&file)]).assert().success());
    let key = known.trim_end().rsplit('\t').next().unwrap().to_owned();
    let wrong = key.replace(&key[..1], if key.starts_with('0') { "1" } else { "0" });
    desks.there(&["ledger", "verify", text(&file), "--key", &wrong]).assert().code(5);
    desks.there(&["ledger", "verify", text(&file), "--key", &key]).assert().success();
    let done = desks.there(&["ledger", "import", text(&file), "--key", &key]).assert().success();
    assert!(stdout(&done).starts_with("imported\t") && stdout(&done).contains("desk-"), "{}", stdout(&done));
    desks.there(&["ledger", "import", text(&file), "--key", "abc"]).assert().code(2);
}

#[test]
fn what_the_other_desk_issued_is_known_there_after_its_export_was_imported() {
    let desks = Desks::open();
    desks.there(&["search", "jane d", "--live"]).assert().success();
    let pass = desks.site.janes_pass();
    let mobile = |desks: &Desks| {
        let cards = json_lines(&desks.there(&["cards", "gall:4665", "--json"]).assert().success());
        cards.into_iter().find(|card| card["id"].as_str() == Some(&pass)).unwrap()
    };
    let before = mobile(&desks);
    assert_eq!((before["owner"].as_str(), before["desk"].is_null()), (Some("ambiguous"), true), "{before}");
    desks.name_lee();
    let file = desks.export();
    let told = stderr(&desks.there(&["ledger", "import", text(&file)]).assert().success());
    assert!(told.contains("of lee (desk-"), "{told}");
    let after = mobile(&desks);
    assert_eq!((after["owner"].as_str(), after["grade"].as_str()), (Some("elsewhere"), Some("CLAIMED")), "{after}");
    assert_eq!(after["desk"]["name"], "lee", "{after}");
    let row = stdout(&desks.there(&["cards", "gall:4665"]).assert().success());
    let row = row.lines().find(|line| line.starts_with(&pass)).unwrap().to_owned();
    assert_eq!(row.split('\t').nth(2), Some("ours@lee"), "{row}");
    let shown = stdout(&desks.there(&["show", &pass]).assert().success());
    assert!(shown.contains("+ours@lee") && shown.contains("ledger of lee (desk-"), "{shown}");
    let found = stderr(&desks.there(&["ledger", "verify"]).assert().success());
    assert!(found.contains("The imported ledger of lee (desk-") && found.contains("agrees"), "{found}");
    let again = desks.there(&["ledger", "import", text(&file)]).assert().success();
    assert!(stderr(&again).contains("Nothing is new") && stdout(&again).starts_with("imported\t0\t"));

    // One level up: ending what lee issued is counted, here by --expect.
    let end = |more: &[&str]| {
        let mut args = vec!["reissue", &pass, "--why", "expired", "--yes", "--json"];
        args.extend(more);
        desks.there(&args).assert()
    };
    let told = stderr(&end(&[]).code(5));
    assert!(told.contains("+ours@lee") && told.contains("--expect 1"), "{told}");
    end(&["--expect", "2"]).code(8);
    assert_eq!(desks.site.world().log().patches, 0);
    let done = json_lines(&end(&["--expect", "1"]).success());
    assert_eq!((done[0]["outcome"].as_str(), done[0]["owner"].as_str()), (Some("done"), Some("ours")), "{done:?}");
    assert_eq!(desks.site.world().log().patches, 1);
    assert!(desks.site.world().cardholder(JANE).unwrap().cards.iter().all(|card| !pass.ends_with(&card.segment)));
}

#[test]
fn diff_says_what_only_one_desk_issued_and_what_both_claim() {
    let desks = Desks::open();
    desks.name_lee();
    let file = desks.export();
    let rows = |assert: &assert_cmd::assert::Assert| {
        let mut counts = std::collections::BTreeMap::new();
        for line in json_lines(assert) {
            assert_eq!(line["schema"], "passdesk.ledger-diff", "{line}");
            *counts.entry(line["standing"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        counts
    };
    let there = desks.there(&["ledger", "diff", text(&file), "--json"]).assert().success();
    let only = rows(&there);
    assert_eq!(only.keys().map(String::as_str).collect::<Vec<_>>(), ["only-there"]);
    let here = desks.site.run(&["ledger", "diff", text(&file), "--json"]).assert().success();
    let both = rows(&here);
    assert_eq!(both.keys().map(String::as_str).collect::<Vec<_>>(), ["both"]);
    assert_eq!(both["both"], only["only-there"]);
    assert!(stderr(&here).starts_with("0 in conflict, 0 only here, 0 only there,"), "{}", stderr(&here));
    // What this desk does next is only here.
    desks.site.seen("jane d");
    let pass = desks.site.janes_pass();
    desks.site.run(&["reissue", &pass, "--why", "expired", "--yes"]).assert().success();
    let plain = stdout(&desks.site.run(&["ledger", "diff", text(&file)]).assert().success());
    let new: Vec<&str> = plain.lines().filter(|line| line.starts_with("only-here\t")).collect();
    assert_eq!(new.len(), 1, "{plain}");
    assert!(new[0].contains(&desks.site.janes_pass()) && new[0].contains("DONE by "), "{}", new[0]);
}
