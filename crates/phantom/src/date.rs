//! Days of the civil calendar.

use std::fmt;

/// A day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i32);

impl Day {
    /// The day of a civil date. After Howard Hinnant, `days_from_civil`.
    pub fn from_civil(year: i32, month: i32, day: i32) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// Some days later.
    pub fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// Year, month and day.
    pub fn civil(self) -> (i32, i32, i32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i32::from(month <= 2), month, day)
    }

    /// Whole years since another day.
    pub fn years_since(self, birth: Self) -> u32 {
        let ((y, m, d), (by, bm, bd)) = (self.civil(), birth.civil());
        u32::try_from(y - by - i32::from((m, d) < (bm, bd))).unwrap_or(0)
    }

    /// As DICOM writes it.
    pub fn compact(self) -> String {
        let (y, m, d) = self.civil();
        format!("{y:04}{m:02}{d:02}")
    }

    /// As Americans write it.
    pub fn american(self) -> String {
        let (y, m, d) = self.civil();
        format!("{m}/{d}/{y}")
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.civil();
        write!(f, "{y:04}-{m:02}-{d:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_there_and_back() {
        assert_eq!(Day::from_civil(1970, 1, 1), Day(0));
        assert_eq!(Day::from_civil(2000, 3, 1).0, 11_017);
        let mut day = Day::from_civil(1899, 12, 30);
        for _ in 0..1000 {
            let (y, m, d) = day.civil();
            assert_eq!(Day::from_civil(y, m, d), day);
            day = day.plus(47);
        }
        assert_eq!(Day::from_civil(2024, 2, 29).to_string(), "2024-02-29");
        assert_eq!(Day::from_civil(2024, 2, 28).years_since(Day::from_civil(1960, 2, 29)), 63);
    }
}
