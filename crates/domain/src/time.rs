//! Instants: microseconds since the epoch, UTC.

use std::fmt;

use crate::{Error, Result};

/// An instant, in whole microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9999-12-31T23:59:59.999999Z: the last instant that every dialect can write.
    pub const MAX: Self = Self(253_402_300_799_999_999);
    /// 0001-01-01T00:00:00Z: the first instant that every dialect can write.
    pub const MIN: Self = Self(-62_135_596_800_000_000);

    /// From microseconds since the epoch; instants beyond [`Self::MIN`] and [`Self::MAX`] are moved onto them.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant moved by `seconds`, which may be negative.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Reads RFC 3339, with any offset and up to nine fractional digits (cut to microseconds).
    ///
    /// # Errors
    /// [`Error::Invalid`] on `field` when `raw` is not such a text or lies outside the years 1 to 9999.
    pub fn parse(field: &str, raw: &str) -> Result<Self> {
        let wrong = || Error::invalid(field, "is not an RFC 3339 time, such as 2026-11-20T09:30:00Z");
        let instant: jiff::Timestamp = raw.parse().map_err(|_| wrong())?;
        let micros = instant.as_microsecond();
        (Self::MIN.0..=Self::MAX.0).contains(&micros).then_some(Self(micros)).ok_or_else(wrong)
    }

    /// RFC 3339 in UTC with exactly `digits` fractional digits (0 to 9) and `Z`; further digits are cut.
    pub fn rfc3339(self, digits: u8) -> String {
        let mut out = String::with_capacity(30);
        self.write_rfc3339(digits, &mut out);
        out
    }

    /// Appends what [`Self::rfc3339`] gives. Lists have one or two times a row: this writes the digits alone, without
    /// the machinery of formats.
    pub fn write_rfc3339(self, digits: u8, out: &mut String) {
        // jiff's instants end a day before the calendar does, its civil times with it.
        let at = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
        let at = at.saturating_add(jiff::SignedDuration::from_micros(self.0));
        let mut number = |n: i32, width: u32, end: char| {
            for place in (0..width).rev() {
                out.push(char::from(b'0' + (n / 10_i32.pow(place) % 10) as u8));
            }
            out.push(end);
        };
        number(i32::from(at.year()), 4, '-');
        number(i32::from(at.month()), 2, '-');
        number(i32::from(at.day()), 2, 'T');
        number(i32::from(at.hour()), 2, ':');
        number(i32::from(at.minute()), 2, ':');
        if digits == 0 {
            number(i32::from(at.second()), 2, 'Z');
        } else {
            let digits = u32::from(digits.min(9));
            number(i32::from(at.second()), 2, '.');
            number(at.subsec_nanosecond() / 10_i32.pow(9 - digits), digits, 'Z');
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339(6))
    }
}

/// When something holds: from `starts` (inclusive) until `ends` (exclusive); an absent bound is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Window {
    /// The first instant at which it holds.
    pub starts: Option<Timestamp>,
    /// The first instant at which it holds no more.
    pub ends: Option<Timestamp>,
}

impl Window {
    /// Holds always.
    pub const OPEN: Self = Self { starts: None, ends: None };

    /// A window with these bounds.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `endsAt` when it would end before or as it starts.
    pub fn new(starts: Option<Timestamp>, ends: Option<Timestamp>) -> Result<Self> {
        match (starts, ends) {
            (Some(from), Some(until)) if until <= from => Err(Error::invalid("endsAt", "must be after startsAt")),
            _ => Ok(Self { starts, ends }),
        }
    }

    /// Does it hold at `instant`?
    pub fn holds(&self, instant: Timestamp) -> bool {
        self.starts.is_none_or(|from| from <= instant) && self.ends.is_none_or(|until| instant < until)
    }

    /// The next instant after `now` at which [`Self::holds`] changes, if any.
    pub fn next_turn(&self, now: Timestamp) -> Option<Timestamp> {
        [self.starts, self.ends].into_iter().flatten().filter(|turn| *turn > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_reads() {
        let t = Timestamp::parse("at", "2024-03-05T10:41:07.118203+01:00").unwrap();
        assert_eq!(t.to_string(), "2024-03-05T09:41:07.118203Z");
        assert_eq!(t.rfc3339(3), "2024-03-05T09:41:07.118Z");
        assert_eq!(t.rfc3339(0), "2024-03-05T09:41:07Z");
        assert_eq!(Timestamp::from_micros(-1).rfc3339(0), "1969-12-31T23:59:59Z");
        assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp::MAX.rfc3339(9), "9999-12-31T23:59:59.999999000Z");
    }

    #[test]
    fn a_window_holds_from_its_start_and_not_at_its_end() {
        let at = Timestamp::from_micros;
        let w = Window::new(Some(at(10)), Some(at(20))).unwrap();
        assert_eq!([9, 10, 19, 20].map(|t| w.holds(at(t))), [false, true, true, false]);
        assert_eq!([5, 10, 20].map(|t| w.next_turn(at(t))), [Some(at(10)), Some(at(20)), None]);
        assert!(Window::new(Some(at(10)), Some(at(10))).is_err());
    }
}
