//! The table of the matrix, as text.

use super::Outcome;
use super::cells::{TROUBLES, VENDORS};
use super::rule::{End, Next};
use std::fmt::Write as _;

/// Cells by fault and vendor, and plays by their end.
pub fn of(outcomes: &[Outcome]) -> String {
    let mut text = String::from("\ncells that ended as the rule says, of those played, by fault and vendor\n");
    let _ = write!(text, "{:<24}", "");
    for (_, vendor) in VENDORS {
        let _ = write!(text, "{vendor:>14}");
    }
    let _ = writeln!(text, "{:>14}", "all");
    let counts = |fits: &dyn Fn(&Outcome) -> bool| {
        let (mut good, mut all) = (0, 0);
        for outcome in outcomes.iter().filter(|o| fits(o)) {
            all += 1;
            good += usize::from(outcome.faults.is_empty());
        }
        format!("{good}/{all}")
    };
    for (trouble, _) in TROUBLES {
        let _ = write!(text, "{trouble:<24}");
        for (vendor, _) in VENDORS {
            let _ = write!(text, "{:>14}", counts(&|o| o.cell.vendor == vendor && o.cell.trouble == trouble));
        }
        let _ = writeln!(text, "{:>14}", counts(&|o| o.cell.trouble == trouble));
    }
    let _ = write!(text, "{:<24}", "all");
    for (vendor, _) in VENDORS {
        let _ = write!(text, "{:>14}", counts(&|o| o.cell.vendor == vendor));
    }
    let _ = writeln!(text, "{:>14}", counts(&|_| true));

    text.push_str("\nplays by their end (a cell is played once for each call that its point can mean)\n");
    let _ = write!(text, "{:<58}", "");
    for (_, vendor) in VENDORS {
        let _ = write!(text, "{vendor:>14}");
    }
    text.push('\n');
    for (name, fits) in ENDS {
        let _ = write!(text, "{name:<58}");
        for (vendor, _) in VENDORS {
            let plays = outcomes.iter().filter(|o| o.cell.vendor == vendor).flat_map(|o| &o.ends);
            let _ = write!(text, "{:>14}", plays.filter(|end| fits(end)).count());
        }
        text.push('\n');
    }
    text
}

type Fits = fn(&End) -> bool;

const ENDS: &[(&str, Fits)] = &[
    ("nothing was begun: this order of work is refused there", |end| {
        end.intents.is_empty() && end.next == Next::Nothing
    }),
    ("at its end", |end| !end.intents.is_empty() && end.next == Next::Nothing),
    ("as if nothing had been: it may be begun again", |end| end.next == Next::Again),
    ("half done: only the new one is issued then", |end| end.next == Next::OnlyTheNewOne),
    ("half done: the new card is to be printed", |end| end.next == Next::Print),
    ("the old one is to be retired", |end| end.next == Next::Retire),
    ("open until a person has looked", |end| end.next == Next::APersonSays),
];
