//! `--filter` of the commands that print lists: the language of the console (ux.md section 7). Days are days in UTC, in
//! which commands print every time.

use super::say;
use crate::domain::filter::{Calendar, Facts, Field, Filter, Tally, Verdict};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// A filter at work, with what it left out.
pub struct Sieve {
    filter: Filter,
    calendar: Calendar,
    tally: Tally,
    /// Near misses by what would have to be known.
    misses: BTreeMap<(Field, &'static str), usize>,
}

impl Sieve {
    /// Reads a filter for a list that knows these fields; a word that is wrong is pointed at on stderr.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(text: &str, known: &[Field], list: &str, now: Timestamp) -> Result<Self, Problem> {
        let filter = Filter::read(text, known, list).map_err(|mistake| {
            let (before, wide) = mistake.span.columns(text);
            say(text);
            say(format!("{}{}", " ".repeat(before), "^".repeat(wide)));
            Problem::new(ProblemKind::Usage, "the filter cannot be read", mistake.what, mistake.right)
        })?;
        let calendar = Calendar { now, zone: TimeZone::UTC };
        Ok(Self { filter, calendar, tally: Tally::default(), misses: BTreeMap::new() })
    }

    /// True unless the row is known not to fit, whatever else may be learnt about it.
    pub fn may_fit(&self, row: &Facts) -> bool {
        self.filter.judge(row, &self.calendar) != Verdict::No
    }

    /// True if the row fits; a near miss is counted with its reasons.
    pub fn fits(&mut self, row: &Facts) -> bool {
        let verdict = self.filter.judge(row, &self.calendar);
        self.tally.count(&verdict);
        if let Verdict::NearMiss(misses) = &verdict {
            for miss in misses {
                *self.misses.entry((miss.field, miss.why)).or_default() += 1;
            }
        }
        verdict == Verdict::Match
    }

    /// Says on stderr what was left out because something about it is not known (rule R5).
    pub fn tell(&self) {
        let unknown = self.tally.unknown;
        if unknown == 0 {
            return;
        }
        let reasons: Vec<String> =
            self.misses.iter().map(|((field, why), count)| format!("{count} {field}: {why}")).collect();
        let noun = if unknown == 1 { "near miss is" } else { "near misses are" };
        say(SafeText::of(&format!("{unknown} {noun} left out: {}.", reasons.join("; "))));
    }
}
