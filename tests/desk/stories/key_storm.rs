//! Hands on the keyboard without a head: everything but `y`, at every size of the window, on a world that may be
//! written to. Nothing is ever written, and nothing panics.

use super::four_systems::whole;
use crate::stage::Stage;
use passdesk::console::keymap::Key;
use passdesk::console::message::{Msg, Pointed};
use passdesk::domain::policy::Writes;
use passdesk::domain::text::Untrusted;
use passdesk::ports::ledger::LedgerHealth;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

/// Keys of one storm; `PASSDESK_KEYS=100000` is the long one.
const KEYS: u64 = 10_000;
/// Keys that come before anything is waited for.
const GUST: u64 = 40;

/// What hands do more often than by chance.
const HABITS: [&str; 12] = [
    "jane d~r1",
    "john r~r2",
    "sam p~s3",
    "8841~o3",
    "~x",
    "al",
    "w~",
    "/state:expired~",
    "u",
    ":reissue~",
    ",2jj",
    "?sus~",
];

/// How many events the ledger holds: nothing is sent without one.
async fn events(stage: &Stage) -> u64 {
    match stage.desk.ledger.verify().await {
        LedgerHealth::Verified { events } => events,
        other => panic!("{other:?}"),
    }
}

fn any_key(dice: &mut StdRng) -> Key {
    let letters: Vec<char> = ('!'..='~').filter(|c| !matches!(c, 'y' | 'q')).collect();
    match dice.random_range(0..10) {
        0..=4 => Key::Char(*letters.choose(dice).unwrap()),
        5 => Key::Enter,
        6 => *[Key::Esc, Key::Tab, Key::BackTab].choose(dice).unwrap(),
        7 => *[Key::Down, Key::Up, Key::Left, Key::Right, Key::Home, Key::End, Key::PageUp, Key::PageDown]
            .choose(dice)
            .unwrap(),
        8 => Key::Ctrl(*['a', 'b', 'd', 'e', 'f', 'k', 'l', 'o', 'r', 's', 'u', 'w', 'z'].choose(dice).unwrap()),
        // F10 leaves, and so does q: a story of its own.
        _ => *[Key::F(1), Key::F(2), Key::F(3), Key::F(5), Key::F(6), Key::F(7), Key::F(9), Key::Char(' ')]
            .choose(dice)
            .unwrap(),
    }
}

#[tokio::test]
async fn r1_no_storm_of_keys_without_y_writes_anything() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("PASSDESK_SEED").unwrap_or(20_261_124);
    let keys = number("PASSDESK_KEYS").unwrap_or(KEYS);
    println!("PASSDESK_SEED={seed} PASSDESK_KEYS={keys}");
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut stage, _folder) = whole(120, 40).await;
    let before = events(&stage).await;
    let mut struck = 0;
    while struck < keys {
        for _ in 0..GUST {
            stage.moments(dice.random_range(0..400));
            match dice.random_range(0..200) {
                0 => stage.console.handle(Msg::Resize(dice.random_range(1..=300), dice.random_range(1..=100))),
                1 => stage.console.handle(Msg::Resize(*[80, 120, 200].choose(&mut dice).unwrap(), 40)),
                2 => stage.console.handle(Msg::Paste(Untrusted::new("y\ny\n\u{1b}[31mreissue\r\ny".to_owned()))),
                3 => {
                    let (columns, rows) = stage.console.model.size;
                    let at = (dice.random_range(0..columns), dice.random_range(0..rows));
                    // A click on the hint of y is that key.
                    if !matches!(stage.console.at(at.0, at.1), Some(Pointed::Keys(keys)) if keys.contains(&Key::Char('y')))
                    {
                        stage.console.handle(Msg::Clicked { column: at.0, row: at.1 });
                    }
                }
                4 => {
                    for c in HABITS.choose(&mut dice).unwrap().chars() {
                        let key = if c == '~' { Key::Enter } else { Key::Char(c) };
                        stage.console.handle(Msg::Key(key));
                        stage.settle().await;
                        stage.moments(300);
                    }
                }
                5 => stage.console.model.writes = Writes::Unlocked,
                _ => stage.console.handle(Msg::Key(any_key(&mut dice))),
            }
            struck += 1;
        }
        let (columns, rows) = stage.console.model.size;
        stage.console.terminal.backend_mut().resize(columns, rows);
        stage.settle().await;
        assert!(stage.console.model.running.is_empty(), "after {struck} keys of seed {seed}");
        // Whoever left goes on here: what was begun would show all the same.
    }
    assert_eq!(events(&stage).await, before, "a storm of seed {seed} had something recorded");
    assert_eq!(stage.world().log().patches, 0, "a storm of seed {seed} wrote something");
}
