//! Moments as a filter asks for them: `>30d`, `<2h`, `2025-03`, `mar`, `2025-03-01..14`. Days and longer are those of
//! the calendar in the zone that is shown, also where a day has 23 or 25 hours.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as Stretch, Timestamp};
use std::fmt;

/// What moments are compared with.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Now (UTC).
    pub now: Timestamp,
    /// The zone in which times are shown.
    pub zone: TimeZone,
}

/// A moment, or a stretch of time, that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Further from now than this.
    Longer(Amount),
    /// Nearer to now than this.
    Shorter(Amount),
    /// After all of this.
    After(Point),
    /// Before any of this.
    Before(Point),
    /// Within this.
    In(Point),
    /// From the beginning of the one to the end of the other; one of them may be left open.
    Between(Option<Point>, Option<Point>),
}

/// A number of units: `30d`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amount {
    number: u32,
    unit: Unit,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display, strum::EnumString)]
enum Unit {
    #[strum(serialize = "m")]
    Minutes,
    #[strum(serialize = "h")]
    Hours,
    #[strum(serialize = "d")]
    Days,
    #[strum(serialize = "w")]
    Weeks,
    #[strum(serialize = "mo")]
    Months,
    #[strum(serialize = "y")]
    Years,
}

/// A year, a month or a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Point {
    /// `2025`
    Year(i16),
    /// `2025-03`
    Month(i16, i8),
    /// `2025-03-01`
    Day(Date),
    /// `mar`: the last March that has begun; of what lies ahead, the next that has not ended.
    Named(i8),
    /// `today`
    Today,
    /// `yesterday`
    Yesterday,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl When {
    /// Reads what stands behind the colon. The two texts of an error: what is wrong, and what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, (String, &'static str)> {
        const RIGHT: &str = "write >30d, <2h, 2025-03, 2025-03-01, mar or 2025-03-01..14";
        let lower = text.to_lowercase();
        let wrong = || (format!("\"{text}\" is no time"), RIGHT);
        if let Some((longer, rest)) =
            lower.strip_prefix('>').map(|r| (true, r)).or_else(|| lower.strip_prefix('<').map(|r| (false, r)))
        {
            if let Some(point) = Point::parse(rest, None) {
                return Ok(if longer { Self::After(point) } else { Self::Before(point) });
            }
            let amount = Amount::parse(rest).ok_or((
                format!("\"{rest}\" is no length of time"),
                "write a number and m minutes, h hours, d days, w weeks, mo months or y years, as in >30d",
            ))?;
            return Ok(if longer { Self::Longer(amount) } else { Self::Shorter(amount) });
        }
        if let Some((from, to)) = lower.split_once("..") {
            let start = if from.is_empty() { None } else { Some(Point::parse(from, None).ok_or_else(wrong)?) };
            let end = if to.is_empty() { None } else { Some(Point::parse(to, start).ok_or_else(wrong)?) };
            if start.is_none() && end.is_none() {
                return Err(wrong());
            }
            if let (Some(a), Some(b)) = (start.and_then(Point::fixed), end.and_then(Point::fixed))
                && b.0 < a.0
            {
                return Err((format!("\"{text}\" ends before it begins"), "write the earlier one first"));
            }
            return Ok(Self::Between(start, end));
        }
        if Amount::parse(&lower).is_some() {
            return Err((format!("\"{text}\" does not say longer or shorter"), "write > or < before it, as in >30d"));
        }
        Point::parse(&lower, None).map(Self::In).ok_or_else(wrong)
    }

    /// True if it compares with a date by `<` or `>`, which for an age could mean either direction.
    pub(super) fn is_before_or_after(self) -> bool {
        matches!(self, Self::After(_) | Self::Before(_))
    }

    /// Does this moment fit? `ahead`: the field speaks of what is still to come.
    pub(super) fn holds(self, at: Timestamp, ahead: bool, calendar: &Calendar) -> bool {
        let now = calendar.now;
        let bounds = |point: Point, after: Option<Date>| point.bounds(ahead, after, calendar);
        let instant = |date: Date| calendar.begins(date);
        match self {
            Self::Longer(amount) if ahead => at > amount.away(true, calendar),
            Self::Longer(amount) => at < amount.away(false, calendar),
            Self::Shorter(amount) if ahead => at >= now && at < amount.away(true, calendar),
            Self::Shorter(amount) => at > amount.away(false, calendar),
            Self::After(point) => at >= instant(bounds(point, None).1),
            Self::Before(point) => at < instant(bounds(point, None).0),
            Self::In(point) => {
                let (from, to) = bounds(point, None);
                at >= instant(from) && at < instant(to)
            }
            Self::Between(from, to) => {
                let from = from.map(|point| bounds(point, None).0);
                let to = to.map(|point| bounds(point, from).1);
                from.is_none_or(|date| at >= instant(date)) && to.is_none_or(|date| at < instant(date))
            }
        }
    }
}

impl Amount {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        Some(Self { number: number.parse().ok().filter(|n| *n <= 99_999)?, unit: unit.parse().ok()? })
    }

    /// The moment so far from now; the end of time where the calendar does not reach.
    fn away(self, ahead: bool, calendar: &Calendar) -> Timestamp {
        let n = i64::from(self.number);
        let stretch = match self.unit {
            Unit::Minutes => Stretch::new().try_minutes(n),
            Unit::Hours => Stretch::new().try_hours(n),
            Unit::Days => Stretch::new().try_days(n),
            Unit::Weeks => Stretch::new().try_weeks(n),
            Unit::Months => Stretch::new().try_months(n),
            Unit::Years => Stretch::new().try_years(n),
        };
        let now = calendar.now.to_zoned_datetime(calendar.zone.clone());
        let then = stretch.and_then(|s| if ahead { now.checked_add(s) } else { now.checked_sub(s) });
        let end = if ahead { Timestamp::MAX } else { Timestamp::MIN };
        then.map_or(end, |then| then.timestamp())
    }
}

impl Point {
    /// Reads a year, a month or a day; behind `..`, what the beginning already said may be left out.
    fn parse(text: &str, start: Option<Self>) -> Option<Self> {
        let of_start = match start {
            Some(Self::Day(date)) => Some((date.year(), Some(date.month()))),
            Some(Self::Month(year, _)) => Some((year, None)),
            _ => None,
        };
        let number = |text: &str, digits: usize| -> Option<i16> {
            (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
        };
        let day = |year: i16, month: i16, day: i16| -> Option<Self> {
            let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
            Date::new(year, month, day).ok().map(Self::Day)
        };
        let month = |year: i16, month: i16| -> Option<Self> {
            let month = i8::try_from(month).ok().filter(|m| (1..=12).contains(m))?;
            Some(Self::Month(year, month))
        };
        let parts: Vec<&str> = text.split('-').collect();
        match (parts.as_slice(), of_start) {
            (["today"], _) => Some(Self::Today),
            (["yesterday"], _) => Some(Self::Yesterday),
            ([y, m, d], _) => day(number(y, 4)?, number(m, 2)?, number(d, 2)?),
            ([y, m], _) if y.len() == 4 => month(number(y, 4)?, number(m, 2)?),
            ([m, d], Some((year, Some(_)))) => day(year, number(m, 2)?, number(d, 2)?),
            ([d], Some((year, Some(month)))) if d.len() <= 2 => day(year, i16::from(month), number(d, d.len())?),
            ([m], Some((year, None))) if m.len() <= 2 => month(year, number(m, m.len())?),
            ([word], _) if word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()) => {
                number(word, 4).filter(|year| *year >= 1000).map(Self::Year)
            }
            ([word], _) if word.len() >= 3 => {
                let at = MONTHS.iter().position(|name| *name == *word || name[..3] == **word)?;
                i8::try_from(at + 1).ok().map(Self::Named)
            }
            _ => None,
        }
    }

    /// First day, and the day after the last, of what does not depend on today.
    fn fixed(self) -> Option<(Date, Date)> {
        let (first, stretch) = match self {
            Self::Year(year) => (Date::new(year, 1, 1).ok()?, Stretch::new().try_years(1)),
            Self::Month(year, month) => (Date::new(year, month, 1).ok()?, Stretch::new().try_months(1)),
            Self::Day(date) => (date, Stretch::new().try_days(1)),
            Self::Named(_) | Self::Today | Self::Yesterday => return None,
        };
        Some((first, stretch.and_then(|s| first.checked_add(s)).unwrap_or(Date::MAX)))
    }

    /// First day, and the day after the last. `after`: a month without a year is the first that ends after this day.
    fn bounds(self, ahead: bool, after: Option<Date>, calendar: &Calendar) -> (Date, Date) {
        let today = calendar.now.to_zoned_datetime(calendar.zone.clone()).date();
        let fixed = match self {
            Self::Today => Self::Day(today),
            Self::Yesterday => Self::Day(today.yesterday().unwrap_or(today)),
            Self::Named(month) => Self::Month(
                match after {
                    Some(begin) => begin.year() + i16::from(month < begin.month()),
                    None if ahead => today.year() + i16::from(month < today.month()),
                    None => today.year() - i16::from(month > today.month()),
                },
                month,
            ),
            other => other,
        };
        fixed.fixed().unwrap_or((Date::MAX, Date::MAX))
    }
}

impl Calendar {
    /// When a day begins in the zone shown, also where it begins at one o'clock.
    fn begins(&self, date: Date) -> Timestamp {
        date.to_zoned_datetime(self.zone.clone())
            .and_then(|midnight| midnight.start_of_day())
            .map_or(Timestamp::MAX, |begin| begin.timestamp())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(date) => write!(f, "{date}"),
            Self::Named(month) => {
                let name = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).unwrap_or(&MONTHS[0]);
                f.write_str(&name[..3])
            }
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = |point: &Option<Point>| point.map_or(String::new(), |p| p.to_string());
        match self {
            Self::Longer(amount) => write!(f, ">{amount}"),
            Self::Shorter(amount) => write!(f, "<{amount}"),
            Self::After(point) => write!(f, ">{point}"),
            Self::Before(point) => write!(f, "<{point}"),
            Self::In(point) => write!(f, "{point}"),
            Self::Between(from, to) => write!(f, "{}..{}", open(from), open(to)),
        }
    }
}
