//! `--filter` from outside: everybody in the cache, the history, and what is said about both.

use crate::site::{Site, json_lines, stderr, stdout};

fn seen() -> Site {
    let site = Site::open();
    for name in ["jane d", "john r", "sam p"] {
        site.seen(name);
    }
    site
}

#[test]
fn cards_of_everybody_are_filtered_out_of_the_cache() {
    let site = seen();
    let assert = site.run(&["cards", "--filter", "issued:me state:expired type:mobile", "--json"]).assert().success();
    let cards = json_lines(&assert);
    assert!(cards.iter().any(|card| card["id"] == site.janes_pass()), "{cards:?}");
    for card in &cards {
        let said = (card["schema"].as_str(), card["owner"].as_str(), card["state"].as_str(), card["live"].as_bool());
        assert_eq!(said, (Some("passdesk.card"), Some("ours"), Some("EXPIRED"), Some(false)), "{card}");
    }
    let told = stderr(&assert);
    assert!(told.contains("From the cache, which knows only") && told.contains("the oldest read"), "{told}");

    // The vendor tells no date of issue, the ledger does.
    let aged = json_lines(&site.run(&["cards", "--filter", "issued:me age:>0m", "--json"]).assert().success());
    assert!(aged.iter().any(|card| card["id"] == site.janes_pass()));
    let lines = stdout(&site.run(&["cards", "--filter", "jane -issued:me"]).assert().success());
    assert!(!lines.is_empty() && lines.lines().all(|line| line.split('\t').nth(2) == Some("foreign")), "{lines}");
    let one = stdout(&site.run(&["cards", "gall:4665", "--filter", "state:expired"]).assert().success());
    assert!(one.lines().all(|line| line.contains("EXPIRED")), "{one}");
    let none = site.run(&["cards", "--filter", "state:ended issued:me"]).assert().code(4);
    assert!(stderr(&none).contains("No credential fits."));
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn r5_near_misses_are_told_with_their_reason() {
    let site = seen();
    let assert = site.run(&["cards", "--filter", "-used:<1d", "--json"]).assert();
    let told = stderr(&assert);
    assert!(told.contains("left out: ") && told.contains("used: its last use is not known"), "{told}");
    assert!(json_lines(&assert).iter().all(|card| card["last_used"].is_string()));
}

#[test]
fn a_filter_that_cannot_be_read_is_pointed_at() {
    let site = Site::open();
    let assert = site.run(&["cards", "--filter", "jane state:expird"]).assert().code(2);
    let told = stderr(&assert);
    assert!(told.contains("jane state:expird\n           ^^^^^^\n"), "{told}");
    assert!(told.contains("did you mean expired?"), "{told}");
    let assert = site.run(&["history", "--filter", "state:active"]).assert().code(2);
    assert!(stderr(&assert).contains("The history does not know the field state"));
    site.run(&["cards"]).assert().code(2);
}

#[test]
fn the_history_is_filtered_before_it_is_cut() {
    let site = seen();
    let rows = json_lines(
        &site.run(&["history", "--filter", "holder:jane console:me", "--limit", "1", "--json"]).assert().success(),
    );
    assert_eq!((rows.len(), rows[0]["holder"].as_str()), (1, Some("gall:4665")), "{rows:?}");
    let assert = site.run(&["history", "--filter", "by:nobody"]).assert().code(4);
    assert!(stderr(&assert).contains("Nothing that is recorded fits."), "{}", stderr(&assert));
}
