//! Sizes in bytes, as a person writes them.

use std::fmt;
use std::str::FromStr;

/// Units, the larger before those whose names they end in.
const UNITS: [(&str, usize); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

/// A number of bytes, written as `512MB` or `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub usize);

impl FromStr for Size {
    type Err = String;

    /// Reads a whole number and a unit, in either case. `KB` is 1000 bytes and `KiB` 1024.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = (&text[..digits], text[digits..].trim());
        let remedy = "give a whole number and a unit, such as 512MB or 2GiB";
        if unit.is_empty() && !number.is_empty() {
            return Err(format!("has no unit; {remedy}"));
        }
        let of_unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let (Some((_, factor)), false) = (of_unit, number.is_empty()) else {
            return Err(format!("is no size; {remedy}"));
        };
        let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(*factor));
        bytes.map(Self).ok_or_else(|| format!("is more than any machine has; {remedy}"))
    }
}

/// By the largest unit that leaves a whole number.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().filter(|(_, factor)| self.0.is_multiple_of(*factor) && self.0 >= *factor);
        let (name, factor) = whole.max_by_key(|(_, factor)| *factor).unwrap_or(&("B", 1));
        write!(f, "{}{name}", self.0 / factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in [
            ("512MB", 512_000_000),
            ("2GiB", 2 << 30),
            ("2gib", 2 << 30),
            ("64 MiB", 64 << 20),
            ("10kb", 10_000),
            ("1TB", 1_000_000_000_000),
            ("7B", 7),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size.0, bytes, "{text}");
            assert_eq!(size.to_string().parse::<Size>().unwrap(), size, "{text}");
        }
        assert_eq!(Size(512 << 20).to_string(), "512MiB");
        assert_eq!(Size(0).to_string(), "0B");
    }

    #[test]
    fn what_is_no_size_is_refused_with_an_example() {
        for (text, problem) in [
            ("512", "has no unit"),
            ("", "is no size"),
            ("MB", "is no size"),
            ("-1MB", "is no size"),
            ("1.5GB", "is no size"),
            ("2 gigs", "is no size"),
            ("99999999999999999999B", "is more than any machine has"),
            ("99999999999TiB", "is more than any machine has"),
        ] {
            let error = text.parse::<Size>().unwrap_err();
            assert!(error.starts_with(problem) && error.contains("such as 512MB or 2GiB"), "{text}: {error}");
        }
    }
}
