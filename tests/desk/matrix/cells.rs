//! What a cell is: where the process dies, what the vendor's answer suffers, at which vendor, in which order of work.
//! The lists are decision 29's, in its order.

use passdesk::domain::credential::System;
use passdesk::domain::policy::Why;
use std::fmt;

/// Where the process dies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Point {
    BeforeIntent,
    AfterIntent,
    AfterSnapshotted,
    /// The event is durable, the anchor has not moved yet.
    AfterSending,
    AfterAnchor,
    SentNotApplied,
    AppliedUnanswered,
    AnswerReadUnrecorded,
    AfterApplied,
    AfterBound,
    BeforeRetireSending,
    RetireAnsweredUnrecorded,
}

/// What the call that the cell is about meets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Trouble {
    None,
    Refused,
    ResetBefore,
    ResetAfter,
    TimeoutBefore,
    TimeoutAfter,
    Status400,
    Status401,
    Status403,
    Status409,
    Status429,
    Status500Before,
    Status500After,
    Unreadable,
}

/// The order of the work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mode {
    Swap,
    AfterAccept,
    RevokeFirst,
}

/// One call to a vendor that changes something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// Removes the old pass and adds the new one.
    Swap,
    /// Adds the new pass.
    Issue,
    /// Sends a new printed card to its printer.
    Produce,
    /// Stops the old pass before anything is issued.
    Stop,
    /// Retires the old pass.
    Retire,
}

pub const POINTS: [(Point, &str); 12] = [
    (Point::BeforeIntent, "before-intent"),
    (Point::AfterIntent, "after-intent"),
    (Point::AfterSnapshotted, "after-snapshotted"),
    (Point::AfterSending, "after-sending"),
    (Point::AfterAnchor, "after-anchor"),
    (Point::SentNotApplied, "sent-not-applied"),
    (Point::AppliedUnanswered, "applied-unanswered"),
    (Point::AnswerReadUnrecorded, "answer-read-unrecorded"),
    (Point::AfterApplied, "after-applied"),
    (Point::AfterBound, "after-bound"),
    (Point::BeforeRetireSending, "before-retire-sending"),
    (Point::RetireAnsweredUnrecorded, "retire-answered-unrecorded"),
];

pub const TROUBLES: [(Trouble, &str); 14] = [
    (Trouble::None, "none"),
    (Trouble::Refused, "connect-or-tls-refused"),
    (Trouble::ResetBefore, "reset-before"),
    (Trouble::ResetAfter, "reset-after"),
    (Trouble::TimeoutBefore, "time-out-before"),
    (Trouble::TimeoutAfter, "time-out-after"),
    (Trouble::Status400, "400"),
    (Trouble::Status401, "401"),
    (Trouble::Status403, "403"),
    (Trouble::Status409, "409"),
    (Trouble::Status429, "429"),
    (Trouble::Status500Before, "500-before"),
    (Trouble::Status500After, "500-after"),
    (Trouble::Unreadable, "unreadable-2xx"),
];

pub const MODES: [(Mode, &str); 3] =
    [(Mode::Swap, "swap"), (Mode::AfterAccept, "after-accept"), (Mode::RevokeFirst, "revoke-first")];

pub const VENDORS: [(System, &str); 4] = [
    (System::Gallagher, "gallagher"),
    (System::AccessGrid, "accessgrid"),
    (System::ThalesD1, "thales-d1"),
    (System::CardExchange, "cardexchange"),
];

fn word<T: PartialEq>(of: &T, list: &[(T, &'static str)]) -> &'static str {
    list.iter().find(|(one, _)| one == of).map_or("?", |(_, word)| word)
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(word(self, &TROUBLES))
    }
}

/// One cell of the matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cell {
    /// Its place, which is the seed of its world.
    pub number: usize,
    pub vendor: System,
    pub mode: Mode,
    pub point: Point,
    pub trouble: Trouble,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (vendor, mode) = (word(&self.vendor, &VENDORS), word(&self.mode, &MODES));
        write!(f, "{vendor}/{mode}/{}/{}", word(&self.point, &POINTS), self.trouble)
    }
}

/// All cells, in the order of vendor, mode, point and fault.
pub fn all() -> Vec<Cell> {
    let mut cells = Vec::with_capacity(2016);
    for (vendor, _) in VENDORS {
        for (mode, _) in MODES {
            for (point, _) in POINTS {
                for (trouble, _) in TROUBLES {
                    cells.push(Cell { number: cells.len(), vendor, mode, point, trouble });
                }
            }
        }
    }
    cells
}

/// One play of a cell: the call that the point and the fault are about, and the reason that the work has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leg {
    pub cell: Cell,
    /// `None`: this order of work makes no such call here, which is what the play shows.
    pub call: Option<Call>,
    pub why: Why,
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.call {
            Some(call) => write!(f, "{} [{call:?}, {}]", self.cell, self.why),
            None => write!(f, "{} [no such call, {}]", self.cell, self.why),
        }
    }
}

impl Cell {
    /// True if the vendor has this order of work (decisions 19 and 29): only Gallagher replaces in one call.
    pub fn is_offered(&self) -> bool {
        self.mode != Mode::Swap || self.vendor == System::Gallagher
    }

    fn is_about_retiring(&self) -> bool {
        self.point >= Point::BeforeRetireSending
    }

    /// The calls that a cell is played for. A sequence of calls dies at each of them in turn.
    pub fn legs(self) -> Vec<Leg> {
        use Call as C;
        let leg = |call, why| Leg { cell: self, call: Some(call), why };
        let none = |why| vec![Leg { cell: self, call: None, why }];
        let printed = self.vendor == System::CardExchange;
        match (self.vendor, self.mode) {
            _ if !self.is_offered() => none(Why::NewPhone),
            // The removal rides on the same call: nothing is retired afterwards.
            (_, Mode::Swap) if self.is_about_retiring() => none(Why::Expired),
            (_, Mode::Swap) => vec![leg(C::Swap, Why::Expired)],
            // A card that was blocked stays so (cardexchange.md section 7, step 7).
            (System::CardExchange, Mode::RevokeFirst) if self.is_about_retiring() => none(Why::Lost),
            (_, Mode::AfterAccept) if self.is_about_retiring() => vec![leg(C::Retire, Why::NewPhone)],
            (_, Mode::RevokeFirst) if self.is_about_retiring() => vec![leg(C::Retire, Why::Lost)],
            // D1 issues nothing: the end of the old card is the one call of the work (decision 19).
            (System::ThalesD1, Mode::AfterAccept) => vec![leg(C::Retire, Why::NewPhone)],
            (System::ThalesD1, Mode::RevokeFirst) => vec![leg(C::Stop, Why::Lost)],
            (_, Mode::AfterAccept) if printed => vec![leg(C::Issue, Why::NewPhone), leg(C::Produce, Why::NewPhone)],
            (_, Mode::AfterAccept) => vec![leg(C::Issue, Why::NewPhone)],
            (System::AccessGrid, Mode::RevokeFirst) => {
                vec![leg(C::Stop, Why::Lost), leg(C::Stop, Why::Stolen), leg(C::Issue, Why::Lost)]
            }
            (_, Mode::RevokeFirst) if printed => {
                vec![leg(C::Stop, Why::Lost), leg(C::Issue, Why::Lost), leg(C::Produce, Why::Lost)]
            }
            (_, Mode::RevokeFirst) => vec![leg(C::Stop, Why::Lost), leg(C::Issue, Why::Lost)],
        }
    }
}

impl Leg {
    /// Which of the changes of its process the call is, from 0.
    pub fn place(&self) -> usize {
        match (self.call, self.cell.mode) {
            (Some(Call::Issue), Mode::RevokeFirst) | (Some(Call::Produce), Mode::AfterAccept) => 1,
            (Some(Call::Produce), Mode::RevokeFirst) => 2,
            _ => 0,
        }
    }
}

#[test]
fn the_matrix_has_2016_cells_and_every_name_is_its_own() {
    let cells = all();
    let names: std::collections::BTreeSet<String> = cells.iter().map(ToString::to_string).collect();
    assert_eq!((cells.len(), names.len()), (12 * 14 * 4 * 3, 2016));
    assert!(cells.iter().all(|cell| !cell.legs().is_empty()), "none is skipped");
}
