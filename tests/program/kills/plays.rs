//! The acts that are killed: every act that a system has, each as a command and, where it is one key, in the console.

use crate::branch::{Branch, Candidate, Data, SYSTEMS, TrueObject};
use passdesk::domain::credential::{State, System};
use passdesk::simulator::InvitationMove;
use passdesk::simulator::accessgrid::DeviceType;
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// What must be true of a credential before, and how it gets there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    /// It works.
    Active,
    /// It works no more, and was never installed or has run out.
    Expired,
    /// It waits to be installed, or made.
    Pending,
    /// This desk suspended it.
    Suspended,
    /// A new one was issued in its place and is in use now; the old one waits for its end.
    Replaced,
}

/// An act on a credential.
pub struct Play {
    pub name: &'static str,
    pub system: System,
    pub before: Before,
    /// Arguments; `ID` stands for the credential.
    pub args: &'static [&'static str],
    /// Keys from the open person to the preview; none: not played in the console.
    pub keys: &'static [&'static str],
    /// How many requests it sends.
    pub requests: u32,
}

const T: &[&str] = &["--ticket", "INC0012345", "--yes"];

const fn play(
    name: &'static str,
    system: System,
    before: Before,
    args: &'static [&'static str],
    keys: &'static [&'static str],
    requests: u32,
) -> Play {
    Play { name, system, before, args, keys, requests }
}

use Before::{Active, Expired, Pending, Replaced, Suspended};
use System::{AccessGrid, CardExchange, Gallagher, ThalesD1};

pub static PLAYS: &[Play] = &[
    play("gallagher swap", Gallagher, Expired, &["reissue", "ID", "--why", "expired"], &["r"], 1),
    play("gallagher swap at once", Gallagher, Active, &["reissue", "ID", "--why", "new-phone", "--at-once"], &[], 1),
    play("gallagher after accept", Gallagher, Active, &["reissue", "ID", "--why", "new-phone"], &["r", "2"], 1),
    play("gallagher retire", Gallagher, Replaced, &["jobs", "resume", "INTENT"], &[], 1),
    play("gallagher revoke first, lost", Gallagher, Active, &["reissue", "ID", "--why", "lost"], &["r", "3"], 2),
    play("gallagher revoke first, stolen", Gallagher, Active, &["reissue", "ID", "--why", "stolen"], &[], 2),
    play("gallagher suspend", Gallagher, Active, &["suspend", "ID", "--why", "lost"], &["s", "3"], 1),
    play("gallagher resume", Gallagher, Suspended, &["resume", "ID", "--why", "lost"], &["S"], 1),
    play("gallagher end", Gallagher, Active, &["end", "ID", "--why", "leaver"], &["x", "8"], 1),
    play("gallagher set", Gallagher, Active, &["set", "ID", "--word", "Stolen", "--why", "stolen"], &[], 1),
    play("accessgrid after accept", AccessGrid, Active, &["reissue", "ID", "--why", "new-phone"], &["r", "2"], 1),
    play("accessgrid retire", AccessGrid, Replaced, &["jobs", "resume", "INTENT"], &[], 1),
    play("accessgrid revoke first, lost", AccessGrid, Active, &["reissue", "ID", "--why", "lost"], &["r", "3"], 2),
    play("accessgrid revoke first, stolen", AccessGrid, Active, &["reissue", "ID", "--why", "stolen"], &[], 2),
    play("accessgrid suspend", AccessGrid, Active, &["suspend", "ID", "--why", "lost"], &["s", "3"], 1),
    play("accessgrid resume", AccessGrid, Suspended, &["resume", "ID", "--why", "lost"], &["S"], 1),
    play("accessgrid unlink", AccessGrid, Active, &["unlink", "ID", "--why", "leaver"], &["a", "l", "8"], 1),
    play("accessgrid end", AccessGrid, Active, &["end", "ID", "--why", "leaver"], &["x", "8"], 1),
    play("accessgrid set", AccessGrid, Active, &["set", "ID", "--word", "suspended", "--why", "lost"], &[], 1),
    play(
        "thales-d1 suspend",
        ThalesD1,
        Active,
        &["suspend", "ID", "--why", "lost"],
        &["s", "3", "t", "INC0012345", "\r"],
        1,
    ),
    play("thales-d1 resume", ThalesD1, Suspended, &["resume", "ID", "--why", "lost"], &[], 1),
    play("thales-d1 end", ThalesD1, Active, &["end", "ID", "--why", "leaver"], &["x", "8", "t", "INC0012345", "\r"], 1),
    play("thales-d1 reissue", ThalesD1, Active, &["reissue", "ID", "--why", "new-phone"], &[], 0),
    play("cardexchange after accept", CardExchange, Active, &["reissue", "ID", "--why", "damaged"], &["r", "5"], 2),
    play("cardexchange retire", CardExchange, Replaced, &["jobs", "resume", "INTENT"], &[], 1),
    play("cardexchange revoke first, lost", CardExchange, Active, &["reissue", "ID", "--why", "lost"], &["r", "3"], 3),
    play("cardexchange suspend", CardExchange, Active, &["suspend", "ID", "--why", "lost"], &["s", "3"], 1),
    play("cardexchange resume", CardExchange, Suspended, &["resume", "ID", "--why", "lost"], &["S"], 1),
    play("cardexchange end", CardExchange, Pending, &["end", "ID", "--why", "mistake"], &["x", "9"], 1),
    play("cardexchange set", CardExchange, Active, &["set", "ID", "--word", "returned", "--why", "leaver"], &[], 1),
];

/// An act on somebody's credential, ready to be run.
pub struct Turn {
    pub whose: Candidate,
    pub args: Vec<String>,
}

/// Who is left for which act.
pub struct Pool(BTreeMap<(usize, u8), VecDeque<Candidate>>);

const USED: u8 = 0;
const WORKS: u8 = 1;
const LAPSED: u8 = 2;

fn at(system: System) -> usize {
    SYSTEMS.iter().position(|s| *s == system).unwrap()
}

impl Pool {
    pub fn of(branch: &Branch) -> Self {
        let mut all: BTreeMap<(usize, u8), VecDeque<Candidate>> = BTreeMap::new();
        for candidate in &branch.candidates {
            let sort = match (candidate.system, candidate.state) {
                // Every card of ours can be given the state that a play wants, by the vendor's own operator.
                (CardExchange, State::Ended) => USED,
                (CardExchange, _) | (_, State::Active) => WORKS,
                (Gallagher, State::Expired) => LAPSED,
                _ => USED,
            };
            all.entry((at(candidate.system), sort)).or_default().push_back(candidate.clone());
        }
        Self(all)
    }

    /// Somebody for this act, brought to where it begins. `None`: nobody is left.
    pub fn turn(&mut self, branch: &Branch, play: &Play, data: &Data) -> Option<Turn> {
        let sort = if play.before == Expired { LAPSED } else { WORKS };
        let left = self.0.get_mut(&(at(play.system), sort))?;
        let whose = loop {
            let whose = left.pop_front()?;
            // In the console the cursor may have stood on another card of the same person.
            let as_before =
                |o: &TrueObject| whose.id.key.as_str().contains(&o.id) && o.state.eq_ignore_ascii_case(&whose.word);
            if play.system == CardExchange || branch.truth(play.system, &whose.holder).iter().any(as_before) {
                break whose;
            }
        };
        if play.system == CardExchange {
            let word = if play.before == Pending { "initialized" } else { "activated" };
            set_word(branch, whose.id.key.as_str(), word);
        }
        let id = whose.id.to_string();
        let run = |args: &[&str]| {
            let out = branch.command(play.system, data, &[args, T].concat()).output().unwrap();
            assert!(out.status.success(), "{}: {args:?}: {}", play.name, String::from_utf8_lossy(&out.stderr));
        };
        match play.before {
            Active | Expired | Pending => {}
            Suspended => run(&["suspend", &id, "--why", "lost"]),
            Replaced => {
                let why = if play.system == CardExchange { "damaged" } else { "new-phone" };
                run(&["reissue", &id, "--why", why]);
            }
        }
        let issue = (play.before == Replaced).then(|| put_to_use(branch, data, &whose));
        let word = |word: &&str| match *word {
            "ID" => id.clone(),
            "INTENT" => issue.clone().unwrap(),
            word => word.to_owned(),
        };
        let mut args: Vec<String> = play.args.iter().map(word).collect();
        let last = if issue.is_some() { &T[2..] } else { T };
        args.extend(last.iter().map(|word| (*word).to_owned()));
        Some(Turn { whose, args })
    }

    /// Of CardExchange there are few cards: they serve again.
    pub fn give_back(&mut self, branch: &Branch, turn: &Turn) {
        if turn.whose.system != CardExchange {
            return;
        }
        for object in branch.truth(CardExchange, &turn.whose.holder) {
            // What a run left half made would stand in the way of the next one.
            let half_made = ["initialized", "in_production", "personalized", "issued"].contains(&object.state.as_str());
            if object.ours && (half_made || object.state == "activated") && object.id != turn.whose.id.key.as_str() {
                set_word(branch, &object.id, "withdrawn");
            }
        }
        self.0.entry((at(CardExchange), WORKS)).or_default().push_back(turn.whose.clone());
    }
}

fn set_word(branch: &Branch, card: &str, word: &str) {
    branch.sim.exchange().operator_edit("cards", card, &json!({ "status": word })).unwrap();
}

/// The holder takes what was issued in the place of her old one into use; the intent that issued it.
fn put_to_use(branch: &Branch, data: &Data, whose: &Candidate) -> String {
    let records = data.begun(&whose.holder);
    let issue = records.iter().find(|r| r.purpose.act.makes()).unwrap();
    let new = issue.binding.as_ref().unwrap().object.as_ref().unwrap().id.clone();
    match whose.system {
        Gallagher => {
            let (person, card) = new.key.as_str().split_once('/').unwrap();
            let (cardholder, card, status) = (person.to_owned(), card.to_owned(), "accepted".to_owned());
            let accepted = InvitationMove { cardholder, card, status };
            // It goes out some seconds after it was made.
            let until = Instant::now() + Duration::from_secs(30);
            while let Err(why) = branch.sim.world().invitation(&accepted) {
                assert!(Instant::now() < until, "{why}");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        AccessGrid => {
            let pass = new.key.as_str().split('/').next().unwrap();
            let grid = branch.sim.grid();
            grid.install(pass, DeviceType::Iphone).or_else(|_| grid.install(pass, DeviceType::AndroidPhone)).unwrap();
        }
        ThalesD1 => unreachable!("its holders add cards themselves"),
        CardExchange => set_word(branch, new.key.as_str(), "activated"),
    }
    issue.intent.to_string()
}
