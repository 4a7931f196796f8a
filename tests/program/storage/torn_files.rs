//! Files of the ledger that were cut or garbled at random places after a run of acts. What is opened again is either a
//! whole chain up to the anchor or further, or it is read-only and says why; never is a recorded SENDING gone and
//! changes on.
//!
//! `PASSDESK_TORN=2000 cargo test --locked --test program torn -- --nocapture`; `PASSDESK_SEED` repeats a run.

use crate::branch::{Branch, Data};
use crate::site::wait;
use passdesk::desk::clock::SystemClock;
use passdesk::domain::credential::{State, System};
use passdesk::domain::ids::IntentId;
use passdesk::domain::journal::{EventDraft, IntentState, Payload, Purpose};
use passdesk::domain::policy::Mode;
use passdesk::ports::ledger::{Ledger, LedgerError, LedgerHealth};
use passdesk::store::ledger::SqliteLedger;
use passdesk::store::paths::{DataRoot, LedgerPaths};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

const WORKERS: u64 = 4;

/// Names below the data folder, and contents.
type Files = Vec<(String, Vec<u8>)>;

/// The files as they were after the last act, and the chain in them.
struct Whole {
    files: Files,
    chain: Vec<(i64, String, String)>,
    anchored: i64,
    draft: EventDraft,
}

fn read_chain(database: &Path) -> Option<Vec<(i64, String, String)>> {
    let connection = rusqlite::Connection::open(database).ok()?;
    let mut statement = connection.prepare("SELECT seq, hash, kind FROM events NOT INDEXED ORDER BY seq").ok()?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).ok()?;
    rows.collect::<Result<_, _>>().ok()
}

/// A branch whose ledger has a part in its log, as it is after a kill.
fn whole() -> (Whole, Vec<Files>) {
    let branch = Branch::open(14, 600);
    let data = branch.fresh(System::AccessGrid);
    let active = branch.candidates.iter().filter(|c| c.system == System::AccessGrid && c.state == State::Active);
    let people: Vec<_> = active.filter(|c| c.word == "active" && !c.id.key.as_str().contains('/')).take(4).collect();
    let mut earlier = Vec::new();
    for whose in &people {
        let id = whose.id.to_string();
        let args = ["suspend", &id, "--why", "lost", "--ticket", "INC0012345", "--yes"];
        let out = branch.command(System::AccessGrid, &data, &args).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        earlier.push(files(&data));
    }
    let record = data.begun(&people[0].holder).pop().unwrap();
    let begin = |n: u128| EventDraft {
        intent: IntentId(uuid::Uuid::from_u128(n)),
        state: IntentState::Intent,
        attempt: 1,
        payload: Payload::Purpose(Box::new(Purpose {
            holder: format!("accg:emp.E{n}").parse().unwrap(),
            ..record.purpose.clone()
        })),
        operator: "op7".to_owned(),
        wall: record.opened,
        server_date: None,
    };
    // What was begun and not sent stands behind the anchor: it may be lost.
    let ledger = data.ledger();
    assert!(matches!(wait(ledger.verify()), LedgerHealth::Verified { .. }));
    for n in 2..8 {
        wait(ledger.append(begin(n))).unwrap();
        earlier.push(self::files(&data));
    }
    let files = earlier.pop().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let paths = lay(folder.path(), &files);
    let chain = read_chain(&paths.database).unwrap();
    let text = std::fs::read_to_string(&paths.anchor).unwrap();
    let anchored = text.split(' ').next().unwrap().parse().unwrap();
    let draft = begin(1);
    (Whole { files, chain, anchored, draft }, earlier)
}

fn files(data: &Data) -> Files {
    let names = ["sim/ledger.db", "sim/ledger.db-wal", "keys/sim.key", "anchor/sim.anchor"];
    names.iter().map(|name| ((*name).to_owned(), std::fs::read(data.root.join(name)).unwrap_or_default())).collect()
}

fn lay(root: &Path, files: &[(String, Vec<u8>)]) -> LedgerPaths {
    for (name, bytes) in files {
        let file = root.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    DataRoot::new(root).ledger(Mode::Sim)
}

const DATABASE: usize = 0;
const LOG: usize = 1;
const ANCHOR: usize = 3;

/// Cuts or garbles; says what it did.
fn tear(files: &mut [(String, Vec<u8>)], earlier: &[Files], dice: &mut SmallRng) -> String {
    let which = if dice.random_bool(0.7) { LOG } else { DATABASE };
    let length = files[which].1.len();
    let name = files[which].0.clone();
    let bytes = &mut files[which].1;
    match dice.random_range(0..8) {
        0 | 1 => {
            let at = dice.random_range(0..=length);
            bytes.truncate(at);
            format!("{name} cut at {at} of {length}")
        }
        2 | 3 => {
            // The end is what a power cut tears.
            let at = length - dice.random_range(0..=length.min(60_000));
            let fill = dice.random::<u8>();
            bytes[at..].fill(fill);
            format!("{name} is {fill:#x} from {at} of {length} on")
        }
        4 => {
            let (at, n) = (dice.random_range(0..length), dice.random_range(1..5_000));
            let end = (at + n).min(length);
            for byte in &mut bytes[at..end] {
                *byte = dice.random();
            }
            format!("{name} is noise from {at} to {end} of {length}")
        }
        5 => {
            let (at, bit) = (dice.random_range(0..length), dice.random_range(0..8));
            bytes[at] ^= 1 << bit;
            format!("{name}: one bit at {at} of {length}")
        }
        6 => {
            let old = &earlier[dice.random_range(0..earlier.len())];
            files[which].1.clone_from(&old[which].1);
            format!("{name} of an earlier moment")
        }
        _ => {
            let old = &earlier[dice.random_range(0..earlier.len())];
            for at in [DATABASE, LOG] {
                files[at].1.clone_from(&old[at].1);
            }
            if dice.random_bool(0.1) {
                files[ANCHOR].1.truncate(dice.random_range(0..100));
            }
            "everything but the anchor of an earlier moment".to_owned()
        }
    }
}

/// Opens what is left and says how that ended.
fn judge(whole: &Whole, paths: &LedgerPaths, what: &str) -> &'static str {
    let ledger = match SqliteLedger::open(paths, Arc::new(SystemClock::start())) {
        Ok(ledger) => ledger,
        Err(error) => {
            assert!(error.to_string().len() > 10, "{what}: no words: {error:?}");
            return "not opened";
        }
    };
    let health = wait(ledger.verify());
    let begun = wait(ledger.append(whole.draft.clone()));
    drop(ledger);
    match &health {
        &LedgerHealth::Verified { events } => {
            let chain = read_chain(&paths.database).unwrap_or_else(|| panic!("{what}: verified, and cannot be read"));
            let kept = chain.len() - usize::from(begun.is_ok());
            assert_eq!(kept as u64, events, "{what}");
            assert_eq!(chain[..kept], whole.chain[..kept], "{what}: another chain");
            assert!(events as i64 >= whole.anchored, "{what}: it ends at {events}, before the anchor");
            let sending = |chain: &[(i64, String, String)]| chain.iter().filter(|(.., k)| k == "SENDING").count();
            assert_eq!(sending(&chain[..kept]), sending(&whole.chain), "{what}: a SENDING is lost, and changes are on");
            if kept == whole.chain.len() { "whole" } else { "a whole beginning" }
        }
        LedgerHealth::Broken(why) => {
            assert!(why.len() > 10 && !why.contains("panicked"), "{what}: no words: {why:?}");
            assert!(matches!(begun, Err(LedgerError::Unsafe(_))), "{what}: {why}, and changes are on: {begun:?}");
            if why.starts_with("rolled back") { "rolled back" } else { "broken" }
        }
        LedgerHealth::Verifying | LedgerHealth::ReadOnly(_) => panic!("{what}: {health:?} of what can be written"),
    }
}

#[test]
fn i7_i8_torn_files_are_whole_or_read_only() {
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (runs, seed) = (number("PASSDESK_TORN", 100), number("PASSDESK_SEED", 20_260_611));
    println!("{runs} torn files, seed {seed}");
    let (whole, earlier) = whole();
    let ends = Mutex::new(BTreeMap::<&'static str, u64>::new());
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (whole, earlier, ends) = (&whole, &earlier, &ends);
            scope.spawn(move || {
                for run in (worker..runs).step_by(WORKERS as usize) {
                    let mut dice = SmallRng::seed_from_u64(seed ^ (run << 16));
                    let mut files = whole.files.clone();
                    let what = format!("run {run} of seed {seed}: {}", tear(&mut files, earlier, &mut dice));
                    let folder = tempfile::tempdir().unwrap();
                    let end = judge(whole, &lay(folder.path(), &files), &what);
                    *ends.lock().unwrap().entry(end).or_default() += 1;
                }
            });
        }
    });
    let ends = ends.into_inner().unwrap();
    println!("{ends:?}");
    assert_eq!(ends.values().sum::<u64>(), runs);
    assert!(ends.len() >= 3, "the files are torn all in one way: {ends:?}");
}
