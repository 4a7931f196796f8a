//! What many runs came to.

use super::book::Line;
use passdesk::domain::credential::System;
use passdesk::domain::journal::IntentState;
use std::collections::BTreeMap;
use std::fmt;

/// Lost answers of one sort.
#[derive(Clone, Copy, Default, Debug)]
pub struct Lost {
    pub settled: u64,
    pub ambiguous: u64,
    pub open: u64,
}

/// How ours could be told: by a marker or the change feed, or by comparing lists alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Means {
    Mark,
    /// Lists, where others may issue as well.
    Lists,
    /// Lists, where the site says that nobody else does.
    Alone,
}

impl Means {
    fn word(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Lists => "lists",
            Self::Alone => "lists, alone",
        }
    }
}

/// The sort of a lost answer: vendor, means, whether the call was one that makes a pass, whether it was done, and
/// whether somebody else acted on the person meanwhile.
type Sort = (System, Means, bool, bool, bool);

#[derive(Clone, Default, Debug)]
pub struct Tally {
    pub runs: u64,
    pub steps: u64,
    pub calls: u64,
    pub mutations: u64,
    pub applied: u64,
    pub armed: u64,
    pub fired: u64,
    pub late: u64,
    pub kills: u64,
    pub foreign: u64,
    pub with_rivals: u64,
    pub plans: u64,
    pub runs_of_plans: u64,
    pub refused: u64,
    pub ends: BTreeMap<&'static str, u64>,
    lost: BTreeMap<Sort, Lost>,
}

impl Tally {
    pub fn end(&mut self, word: &'static str) {
        *self.ends.entry(word).or_default() += 1;
    }

    /// How a lost answer stands at the end.
    pub fn lost(&mut self, line: &Line, means: Means) {
        use IntentState as S;
        if !line.lost || line.decided {
            return;
        }
        let sort = (line.system(), means, line.purpose.act.makes(), line.applied, line.rival);
        let lost = self.lost.entry(sort).or_default();
        match line.state {
            S::Done | S::Bound | S::Abandoned | S::NotApplied => lost.settled += 1,
            S::Ambiguous | S::Diverged => lost.ambiguous += 1,
            _ => lost.open += 1,
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.steps += other.steps;
        self.calls += other.calls;
        self.mutations += other.mutations;
        self.applied += other.applied;
        self.armed += other.armed;
        self.fired += other.fired;
        self.late += other.late;
        self.kills += other.kills;
        self.foreign += other.foreign;
        self.with_rivals += other.with_rivals;
        self.plans += other.plans;
        self.runs_of_plans += other.runs_of_plans;
        self.refused += other.refused;
        for (word, count) in &other.ends {
            *self.ends.entry(word).or_default() += count;
        }
        for (sort, lost) in &other.lost {
            let mine = self.lost.entry(*sort).or_default();
            mine.settled += lost.settled;
            mine.ambiguous += lost.ambiguous;
            mine.open += lost.open;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} runs ({} with rivals), {} steps, {} plans, {} of them refused, {} run; {} calls, {} mutations sent, {} did something",
            self.runs,
            self.with_rivals,
            self.steps,
            self.plans,
            self.refused,
            self.runs_of_plans,
            self.calls,
            self.mutations,
            self.applied
        )?;
        writeln!(
            f,
            "{} faults armed, {} fired, {} requests done late, {} kills, {} acts of others; ends: {:?}",
            self.armed, self.fired, self.late, self.kills, self.foreign, self.ends
        )?;
        writeln!(f, "lost answers, settled without a person / ambiguous / left open:")?;
        for ((system, means, makes, applied, rival), lost) in &self.lost {
            let all = (lost.settled + lost.ambiguous + lost.open).max(1) as f64;
            let percent = |n: u64| 100.0 * n as f64 / all;
            writeln!(
                f,
                "  {:<13} by {:<12} {:<5} {:<8} {:<11} {:>7}: {:>5.1} % / {:>5.1} % / {:>5.1} %",
                system.title(),
                means.word(),
                if *makes { "issue" } else { "turn" },
                if *applied { "done" } else { "not done" },
                if *rival { "rivals" } else { "no rivals" },
                lost.settled + lost.ambiguous + lost.open,
                percent(lost.settled),
                percent(lost.ambiguous),
                percent(lost.open)
            )?;
        }
        Ok(())
    }
}
