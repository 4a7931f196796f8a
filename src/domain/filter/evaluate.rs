//! Does a row fit? Three answers: yes, no, and not known, with the fields that would have to be known. Never a guess:
//! what is not known fits neither a term nor its opposite (rule R5).

use super::dates::Calendar;
use super::facts::{Fact, Facts};
use super::field::{Field, Issuer, Owner, Shape, StateWord};
use super::value::{Wanted, Words};
use super::{Expr, Filter, Term};
use crate::domain::credential::State;
use crate::domain::folding::fold;

/// What a filter says about a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It fits.
    Match,
    /// It does not.
    No,
    /// It would depend on something that is not known.
    NearMiss(Vec<NearMiss>),
}

/// What is not known about a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NearMiss {
    /// The field.
    pub field: Field,
    /// Why it is not known, as a clause for people.
    pub why: &'static str,
}

/// How many rows a filter took, and how many it would depend.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// All rows.
    pub all: usize,
    /// Those that fit.
    pub matches: usize,
    /// Near misses.
    pub unknown: usize,
}

impl Tally {
    /// Counts a row.
    pub fn count(&mut self, verdict: &Verdict) {
        self.all += 1;
        match verdict {
            Verdict::Match => self.matches += 1,
            Verdict::No => {}
            Verdict::NearMiss(_) => self.unknown += 1,
        }
    }
}

impl Filter {
    /// Judges one row.
    pub fn judge(&self, row: &Facts, calendar: &Calendar) -> Verdict {
        judge(&self.expr, row, calendar)
    }
}

fn judge(expr: &Expr, row: &Facts, calendar: &Calendar) -> Verdict {
    match expr {
        Expr::All(parts) => parts.iter().fold(Verdict::Match, |all, part| match all {
            Verdict::No => Verdict::No,
            all => and(all, judge(part, row, calendar)),
        }),
        Expr::Any(parts) => parts.iter().fold(Verdict::No, |any, part| match any {
            Verdict::Match => Verdict::Match,
            any => or(any, judge(part, row, calendar)),
        }),
        Expr::Not(inner) => match judge(inner, row, calendar) {
            Verdict::Match => Verdict::No,
            Verdict::No => Verdict::Match,
            unknown @ Verdict::NearMiss(_) => unknown,
        },
        Expr::Term(term) => of_term(term, row, calendar),
    }
}

fn and(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::No, _) | (_, Verdict::No) => Verdict::No,
        (Verdict::Match, other) | (other, Verdict::Match) => other,
        (Verdict::NearMiss(a), Verdict::NearMiss(b)) => Verdict::NearMiss(both(a, b)),
    }
}

fn or(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::Match, _) | (_, Verdict::Match) => Verdict::Match,
        (Verdict::No, other) | (other, Verdict::No) => other,
        (Verdict::NearMiss(a), Verdict::NearMiss(b)) => Verdict::NearMiss(both(a, b)),
    }
}

fn both(mut a: Vec<NearMiss>, b: Vec<NearMiss>) -> Vec<NearMiss> {
    for miss in b {
        if !a.contains(&miss) {
            a.push(miss);
        }
    }
    a
}

fn known(fits: bool) -> Verdict {
    if fits { Verdict::Match } else { Verdict::No }
}

fn unknown(field: Field, why: &'static str) -> Verdict {
    Verdict::NearMiss(vec![NearMiss { field, why }])
}

fn of_term(term: &Term, row: &Facts, calendar: &Calendar) -> Verdict {
    let any = |judged: &dyn Fn(&Wanted) -> Verdict| {
        term.wanted.iter().fold(Verdict::No, |any, wanted| or(any, judged(wanted)))
    };
    match term.field {
        Some(field) => any(&|wanted| fits(field, row.get(field), wanted, calendar)),
        None => any(&|wanted| match wanted {
            Wanted::Text(words) => bare(words, row),
            _ => Verdict::No,
        }),
    }
}

/// Bare words match a name, and the end of a number or an id.
fn bare(words: &Words, row: &Facts) -> Verdict {
    let tail = |text: &String| fold(text).ends_with(&words.folded);
    let of_field = |field: Field| {
        let asked = Wanted::Text(words.clone());
        match row.get(field) {
            Fact::Texts(texts) if texts.iter().any(|text| says(field.shape(), text, &asked)) => Verdict::Match,
            Fact::Unknown(why) if row.has(field) => unknown(field, why),
            _ => Verdict::No,
        }
    };
    or(known(row.ids.iter().any(tail)), or(of_field(Field::Holder), of_field(Field::Number)))
}

/// Does one text say what is asked for?
fn says(shape: Shape, text: &str, wanted: &Wanted) -> bool {
    let words = match wanted {
        Wanted::Pattern(pattern) => return pattern.regex.is_match(text),
        Wanted::Text(words) => &words.folded,
        _ => return false,
    };
    let text = fold(text);
    match shape {
        Shape::Whole => text == *words,
        Shape::Tail => {
            // Numbers are written with and without blanks and hyphens.
            let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            text.ends_with(words) || !bare(words).is_empty() && bare(&text).ends_with(&bare(words))
        }
        _ => text.contains(words),
    }
}

fn fits(field: Field, fact: &Fact, wanted: &Wanted, calendar: &Calendar) -> Verdict {
    match (fact, wanted) {
        (Fact::Unknown(why), _) => unknown(field, why),
        (Fact::None, _) => Verdict::No,
        (Fact::Texts(texts), _) => known(texts.iter().any(|text| says(field.shape(), text, wanted))),
        (Fact::Moment(at), Wanted::When(when)) => known(when.holds(*at, field.shape() == Shape::Ahead, calendar)),
        (Fact::Owner(owner), Wanted::Issuer(issuer)) => owned(*owner, *issuer),
        (Fact::State(state, lapse), Wanted::State(word)) => {
            let is = StateWord { state: *state, lapse: *lapse };
            match (is.state == word.state, word.lapse, is.lapse) {
                (true, Some(_), None) => unknown(field, "how it expired is not known"),
                (true, Some(asked), Some(lapse)) => known(asked == lapse),
                (true, None, _) => Verdict::Match,
                (false, ..) if is.state == State::Unknown => unknown(field, "its vendor's word is not known here"),
                (false, ..) => Verdict::No,
            }
        }
        (Fact::Kind(kind), Wanted::Kind(asked)) => known(kind == asked),
        (Fact::Flag(flag), Wanted::Flag(asked)) => known(flag == asked),
        // A field whose fact has another shape than its values: nothing is claimed.
        _ => unknown(field, "this row does not say it"),
    }
}

/// An owner who is only inferred, or disputed, is known as that and as nothing else.
fn owned(owner: Owner, asked: Issuer) -> Verdict {
    let unsettled = |why: &'static str| match asked {
        Issuer::Inferred | Issuer::Ambiguous | Issuer::Issuer => Verdict::No,
        Issuer::Me | Issuer::Us | Issuer::Ours | Issuer::Elsewhere | Issuer::Foreign => unknown(Field::Issued, why),
    };
    match (owner, asked) {
        (Owner::Ours, Issuer::Me | Issuer::Ours | Issuer::Us)
        | (Owner::Elsewhere, Issuer::Elsewhere | Issuer::Us)
        | (Owner::Inferred, Issuer::Inferred)
        | (Owner::Ambiguous, Issuer::Ambiguous)
        | (Owner::Issuer, Issuer::Issuer)
        | (Owner::Foreign, Issuer::Foreign) => Verdict::Match,
        (Owner::Inferred, _) => unsettled("whose it is, is only inferred"),
        (Owner::Ambiguous, _) => unsettled("it is not clear whose it is"),
        _ => Verdict::No,
    }
}
