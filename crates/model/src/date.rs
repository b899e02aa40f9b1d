//! Dates known to the year, the month or the day.

use crate::ModelError;
use std::fmt;

/// A calendar date of which the day, or month and day, may be unknown. It stands for all days that it may be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartialDate {
    year: u16,
    month: u8,
    day: u8,
}

impl PartialDate {
    /// Reads `2019`, `2019-05`, `2019-05-03`, DICOM's `20190503`, or any of these before a `T` and a time.
    ///
    /// # Errors
    /// Text of another form, or a day that no calendar has.
    pub fn parse(field: &str, text: &str) -> Result<Self, ModelError> {
        Self::read(text.trim()).ok_or_else(|| {
            ModelError::new(field, "is not a date", "write it as 2019, 2019-05, 2019-05-03 or 20190503")
        })
    }

    fn read(text: &str) -> Option<Self> {
        let date = text.split_once(['T', ' ']).map_or(text, |(date, _time)| date);
        let number = |digits: &str| {
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u16>().ok()).flatten()
        };
        let (year, month, day) = match date.len() {
            4 => (date, None, None),
            7 if date.get(4..5)? == "-" => (date.get(..4)?, date.get(5..), None),
            8 => (date.get(..4)?, date.get(4..6), date.get(6..)),
            10 if date.get(4..5)? == "-" && date.get(7..8)? == "-" => {
                (date.get(..4)?, date.get(5..7), date.get(8..))
            }
            _ => return None,
        };
        let year = number(year)?;
        let month = month.map_or(Some(0), |m| number(m).filter(|m| (1..=12).contains(m)))? as u8;
        let day = match day {
            None => 0,
            Some(day) => number(day).filter(|&d| d >= 1 && d <= u16::from(days_in_month(year, month)))? as u8,
        };
        (year >= 1).then_some(Self { year, month, day })
    }

    /// The first day that it may be, in days since 1970-01-01.
    pub fn first_day(self) -> i32 {
        days_from_civil(self.year, self.month.max(1), self.day.max(1))
    }

    /// The last day that it may be, in days since 1970-01-01.
    pub fn last_day(self) -> i32 {
        let month = if self.month == 0 { 12 } else { self.month };
        let day = if self.day == 0 { days_in_month(self.year, month) } else { self.day };
        days_from_civil(self.year, month, day)
    }
}

/// As ISO 8601 writes it, to the precision known.
impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month > 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day > 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, `days_from_civil`).
fn days_from_civil(year: u16, month: u8, day: u8) -> i32 {
    let (month, day) = (i32::from(month), i32::from(day));
    let year = i32::from(year) - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str, first: i32, last: i32) {
        let date = PartialDate::parse("study_date", text).unwrap();
        assert_eq!(
            (date.to_string().as_str(), date.first_day(), date.last_day()),
            (shown, first, last),
            "{text}"
        );
    }

    #[test]
    fn dates_of_every_precision() {
        check("1970-01-01", "1970-01-01", 0, 0);
        check("19700101", "1970-01-01", 0, 0);
        check("1970", "1970", 0, 364);
        check("2020-02", "2020-02", 18_293, 18_321);
        check("2013-08-01T10:00:00Z", "2013-08-01", 15_918, 15_918);
        check(" 2000-03-01 ", "2000-03-01", 11_017, 11_017);
    }

    #[test]
    fn what_no_calendar_has_is_refused() {
        for text in [
            "",
            "20",
            "2019-13",
            "2019-02-29",
            "20190431",
            "2019/05/03",
            "0000",
            "2019-5-3",
            "+019",
            "２０１９",
        ] {
            assert!(PartialDate::parse("study_date", text).is_err(), "{text}");
        }
    }
}
