//! Dates as a site writes them, by the codes of `strftime`.

use precedent_model::PartialDate;

/// What a map may hold, for messages.
pub(crate) const REMEDY: &str = "write codes such as \"%d.%m.%Y\" or \"%B %d, %Y\": %Y or %y is the year, %m, %b or %B the \
                                 month, %d or %e the day, %H %M %S %f %p of a time are passed over";
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
/// Of two digits, these and more are years of the last century, as POSIX has it.
const LAST_CENTURY: u32 = 69;

/// One way of writing a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateFormat {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(char),
    /// Any white space.
    Space,
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    /// Digits of a time.
    Digits,
    /// `AM` or `PM`.
    HalfDay,
}

impl DateFormat {
    /// Reads the codes of a format; nothing where they do not make a date.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut chars = text.trim().chars();
        while let Some(c) = chars.next() {
            parts.push(match c {
                '%' => match chars.next()? {
                    'Y' => Part::Year,
                    'y' => Part::ShortYear,
                    'm' => Part::Month,
                    'b' | 'B' | 'h' => Part::MonthName,
                    'd' | 'e' => Part::Day,
                    'H' | 'I' | 'M' | 'S' | 'f' => Part::Digits,
                    'p' => Part::HalfDay,
                    '%' => Part::Literal('%'),
                    _ => return None,
                },
                c if c.is_whitespace() => Part::Space,
                c => Part::Literal(c),
            });
        }
        let count = |wanted: &[Part]| parts.iter().filter(|part| wanted.contains(part)).count();
        let years = count(&[Part::Year, Part::ShortYear]);
        let (months, days) = (count(&[Part::Month, Part::MonthName]), count(&[Part::Day]));
        (years == 1 && months <= 1 && days <= months).then(|| Self { text: text.to_owned(), parts })
    }

    /// The format as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The date that a text of this format means.
    pub fn read(&self, text: &str) -> Option<PartialDate> {
        let mut rest = text.trim();
        let (mut year, mut month, mut day) = (0, None, None);
        for part in &self.parts {
            match part {
                Part::Literal(c) => rest = rest.strip_prefix(*c)?,
                Part::Space => {
                    let trimmed = rest.trim_start();
                    if trimmed.len() == rest.len() {
                        return None;
                    }
                    rest = trimmed;
                }
                Part::Year => year = digits(&mut rest, 4, 4)?,
                Part::ShortYear => {
                    let short = digits(&mut rest, 2, 2)?;
                    year = short + if short < LAST_CENTURY { 2000 } else { 1900 };
                }
                Part::Month => month = Some(digits(&mut rest, 1, 2)?),
                Part::MonthName => month = Some(month_of(letters(&mut rest))?),
                Part::Day => day = Some(digits(&mut rest, 1, 2)?),
                Part::Digits => drop(digits(&mut rest, 1, 9)?),
                Part::HalfDay => {
                    let half = letters(&mut rest).to_ascii_lowercase();
                    matches!(half.as_str(), "am" | "pm").then_some(())?;
                }
            }
        }
        if !rest.is_empty() {
            return None;
        }
        let mut iso = format!("{year:04}");
        for part in [month, day].into_iter().flatten() {
            iso.push_str(&format!("-{part:02}"));
        }
        PartialDate::parse("date", &iso).ok()
    }
}

/// Takes the digits at the start of a text, as many as there are up to a limit.
fn digits(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, behind) = rest.split_at_checked(count).filter(|_| count >= least)?;
    *rest = behind;
    digits.parse().ok()
}

/// Takes the letters at the start of a text.
fn letters<'a>(rest: &mut &'a str) -> &'a str {
    let count = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, behind) = rest.split_at(count);
    *rest = behind;
    letters
}

/// A month by its English name or the first letters of it, at least three.
fn month_of(name: &str) -> Option<u32> {
    let name = name.to_ascii_lowercase();
    let known = |month: &&str| name.len() >= 3 && month.starts_with(&name);
    MONTHS.iter().position(known).map(|place| place as u32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: &str, text: &str, date: Option<&str>) {
        let read = DateFormat::parse(format).unwrap().read(text);
        assert_eq!(read.map(|date| date.to_string()).as_deref(), date, "{format} of {text}");
    }

    #[test]
    fn dates_are_read_as_their_format_says() {
        check("%d.%m.%Y", "03.05.2019", Some("2019-05-03"));
        check("%d.%m.%Y", " 3.5.2019 ", Some("2019-05-03"));
        check("%m/%d/%y", "11/27/19", Some("2019-11-27"));
        check("%m/%d/%y", "11/27/69", Some("1969-11-27"));
        check("%B %d, %Y", "May 4, 2010", Some("2010-05-04"));
        check("%b %e %Y", "Sept  4 2010", Some("2010-09-04"));
        check("%d-%b-%Y", "04-DEC-2010", Some("2010-12-04"));
        check("%d%m%Y", "03052019", Some("2019-05-03"));
        check("%d/%m/%Y %H:%M:%S.%f %p", "03/05/2019 10:11:12.345 AM", Some("2019-05-03"));
        check("%m/%Y", "05/2019", Some("2019-05"));
        check("%Y", "2019", Some("2019"));
        check("%Y%%", "2019%", Some("2019"));
    }

    #[test]
    fn other_texts_are_no_dates_of_the_format() {
        check("%d.%m.%Y", "2019-05-03", None);
        check("%d.%m.%Y", "31.02.2019", None);
        check("%d.%m.%Y", "03.05.19", None);
        check("%d.%m.%Y", "03.05.2019 x", None);
        check("%m/%d/%Y", "27/11/2019", None);
        check("%B %Y", "Ma 2019", None);
        check("%B %Y", "May2019", None);
        check("%Y", "", None);
        check("%Y", "２０１９", None);
    }

    #[test]
    fn formats_that_make_no_date_are_refused() {
        for format in ["", "%d.%m", "%Y %y", "%d %Y", "%q", "%", "%m %b %Y", "dd.mm.yyyy"] {
            assert_eq!(DateFormat::parse(format), None, "{format}");
        }
    }
}
