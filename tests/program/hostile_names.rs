//! Text of other systems reaches the terminal as text: no byte of it steers, hides or pushes a column.

use crate::hostile_corpus::{FAMILY, people};
use crate::screen::{ENTER, PAGE_DOWN, Screen, column_of};
use crate::site::{Site, stdout};
use crate::stream::{harm, steers};
use passdesk::simulator::SimOptions;

/// People of the corpus; a list shows at most so many hits.
const PEOPLE: usize = 200;
/// So many of them are opened one by one.
const OPENED: usize = 48;

fn seed() -> u64 {
    let seed = std::env::var("PASSDESK_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(20_260_611);
    println!("seed {seed}");
    seed
}

fn hostile_site() -> Site {
    let site = Site::with(SimOptions { seed: 7, cardholders: 10, frozen: true, ..SimOptions::default() });
    for person in people(seed(), PEOPLE) {
        assert_eq!(site.foreign("POST", "/api/cardholders", &person), 201, "{person}");
    }
    site
}

/// The console on the hostile site with all of them found.
fn all_found(site: &Site, columns: u16, rows: u16) -> Screen {
    let screen = Screen::console(&site.file(), columns, rows);
    screen.wait_for("gall ok").wait_for(", cache ");
    screen.press(&FAMILY.to_lowercase()).wait_for(&format!(" {PEOPLE} of "));
    screen
}

#[test]
fn i21_no_byte_of_a_name_steers_the_terminal_and_every_column_stays() {
    let site = hostile_site();
    for (columns, rows) in [(80, 24), (120, 40)] {
        let screen = all_found(&site, columns, rows);
        screen.wait_for("Zzq000").look("hostile names");
        // Into the list, and the list over the whole screen.
        screen.press("\t+").wait_until("the list alone", |s| !s.contents().contains("5 History"));
        let mut next = 0;
        while next < PEOPLE {
            // A page may be seen half drawn; it must become right.
            screen.wait_until(&format!("person {next} and all states in one column"), |s| {
                aligned(s).is_some_and(|numbers| numbers.contains(&next))
            });
            next = screen.with(|s| aligned(s).and_then(|numbers| numbers.last().copied())).unwrap() + 1;
            screen.press(PAGE_DOWN);
        }
        screen.press("\x1b[21~");
        assert_eq!(screen.wait_exit().code, 0);
        assert_eq!(harm(&screen.raw(), true), None);
    }
}

/// The people whose rows are on the screen, if every row has its state in the same column and the
/// rows follow each other; `None` if not, or not yet.
fn aligned(screen: &vt100::Screen) -> Option<Vec<usize>> {
    let mut wanted = None;
    let mut numbers = Vec::new();
    for (row, text) in (0..).zip(screen.rows(0, screen.size().1.get())) {
        let tag = text.get(2..).and_then(|rest| rest.strip_prefix(FAMILY)).and_then(|rest| rest.get(..3));
        let Some(number) = tag.and_then(|tag| tag.parse::<usize>().ok()) else { continue };
        assert!(text.chars().all(|c| !steers(c)), "{text:?}");
        let badge = column_of(screen, row, ". PENDING", 30)?;
        if *wanted.get_or_insert(badge) != badge {
            return None;
        }
        if numbers.last().is_some_and(|last| last + 1 != number) {
            return None;
        }
        numbers.push(number);
    }
    Some(numbers)
}

#[test]
fn i21_people_with_hostile_names_can_be_opened_and_read() {
    let site = hostile_site();
    let screen = all_found(&site, 80, 24);
    screen.press("\t").wait_for("ENT opens the person");
    let mut columns = None;
    for n in 0..OPENED {
        let tag = format!("{FAMILY}{n:03}");
        screen.press(ENTER).wait_for(&format!("3 Cards of {tag}")).wait_until("her cards, read", |s| {
            let text = s.contents();
            ["-foreign", "OPENS DOORS NOW?", "/ filter"].iter().all(|part| text.contains(part))
                && (text.contains("V Operator") || text.contains("Nothing on record"))
        });
        let badges: Vec<u16> = screen.with(|s| (0..24).filter_map(|row| column_of(s, row, "-foreign", 20)).collect());
        assert_eq!(badges, *columns.get_or_insert_with(|| badges.clone()), "the badge of {tag}:\n{}", screen.text());
        if n % 12 == 2 {
            screen.look("a hostile person");
            // Her wizard shows more of her than any list.
            screen.press("r").wait_until("her wizard", |s| {
                s.contents().contains("y send") || s.contents().contains("choose why first")
            });
            screen.look("a hostile wizard");
            screen.escape("R read again");
        }
        screen.press("2").wait_for("ENT opens the person").press("j");
        screen.wait_until("the next row", |s| s.contents().contains(&format!("> {FAMILY}{:03}", n + 1)));
    }
    screen.press("M").wait_for("newest first").press("q").wait_gone("newest first").press("q");
    assert_eq!(screen.wait_exit().code, 0);
    assert_eq!(harm(&screen.raw(), true), None);
    assert_eq!(site.world().log().patches, 0);
}

#[test]
fn i21_plain_commands_print_hostile_text_as_text() {
    let site = hostile_site();
    let name = FAMILY.to_lowercase();
    let found = site.run(&["search", &name, "--live", "--limit", "1000"]).assert().success();
    let lines = stdout(&found);
    assert_eq!(lines.lines().count(), PEOPLE);
    for line in lines.lines() {
        assert_eq!(line.split('\t').count(), 6, "{line:?}");
        assert!(line.split('\t').all(|cell| cell.chars().all(|c| !steers(c))), "{line:?}");
    }
    let json = stdout(&site.run(&["search", &name, "--limit", "1000", "--json"]).assert().success());
    assert_eq!(json.lines().count(), PEOPLE);
    assert!(json.lines().all(|line| line.chars().all(|c| !steers(c))));
    for id in lines.lines().step_by(25).map(|line| line.split('\t').next().unwrap()) {
        for args in [&["cards", id][..], &["cards", id, "--json"], &["show", id], &["history", id, "--vendor"]] {
            let out = site.run(args).assert().get_output().clone();
            for bytes in [out.stdout, out.stderr] {
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.chars().all(|c| matches!(c, '\n' | '\t') || !steers(c)), "{args:?}: {text:?}");
            }
        }
    }
    // On a terminal the same is a table.
    let file = site.file();
    let table = Screen::start(200, 60, &["--config", file.to_str().unwrap(), "search", &name, "--limit", "50"], &[]);
    assert_eq!(table.wait_exit().code, 0);
    assert_eq!(harm(&table.raw(), true), None);
}
