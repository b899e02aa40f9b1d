//! What figures are held to: the bounds of `tests/floors.toml`, for the programs that measure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use toml::{Table, Value};

const FLOORS: &str = include_str!("../../tests/floors.toml");

/// The least or the most that a figure may be, or what it is exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    Least(f64),
    Most(f64),
    Exactly(f64),
}

impl Bound {
    /// Whether the figure keeps to it. NaN never does.
    fn holds(self, figure: f64) -> bool {
        match self {
            Self::Least(least) => figure >= least,
            Self::Most(most) => figure <= most,
            Self::Exactly(wanted) => figure == wanted,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Least(least) => write!(f, "at least {least}"),
            Self::Most(most) => write!(f, "at most {most}"),
            Self::Exactly(wanted) => write!(f, "exactly {wanted}"),
        }
    }
}

/// The bounds of one program, and which figures were held against them so far.
#[derive(Debug)]
pub struct Floors {
    program: String,
    bounds: BTreeMap<String, Bound>,
    seen: BTreeSet<String>,
    failures: Vec<String>,
}

impl Floors {
    /// The bounds that `tests/floors.toml` has for a program.
    ///
    /// # Errors
    /// A program without a table, and a bound that is none of `least`, `most` and `exactly`.
    pub fn of(program: &str) -> Result<Self, String> {
        Self::read(FLOORS, program).map_err(|problem| format!("tests/floors.toml: {program}: {problem}"))
    }

    fn read(text: &str, program: &str) -> Result<Self, String> {
        let all: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let table = all.get(program).and_then(Value::as_table).ok_or("there is no such table")?;
        let bounds = table
            .iter()
            .map(|(name, value)| {
                let number = |kind: &str| {
                    let value = value.get(kind)?;
                    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
                };
                let bound = (number("least").map(Bound::Least))
                    .or_else(|| number("most").map(Bound::Most))
                    .or_else(|| number("exactly").map(Bound::Exactly));
                let bound =
                    bound.ok_or_else(|| format!("{name} has none of `least`, `most` and `exactly`"))?;
                Ok((name.clone(), bound))
            })
            .collect::<Result<_, String>>()?;
        let program = program.to_owned();
        Ok(Self { program, bounds, seen: BTreeSet::new(), failures: Vec::new() })
    }

    /// Holds a figure against its bound; a figure without one is a failure, too.
    pub fn check(&mut self, name: &str, figure: f64) {
        match self.bounds.get(name) {
            Some(bound) if bound.holds(figure) => {}
            Some(bound) => self.failures.push(format!("{name} is {figure:.4}, {bound} wanted")),
            None => self.failures.push(format!("{name} has no bound")),
        }
        self.seen.insert(name.to_owned());
    }

    /// Says what fell short, and which figures never came.
    ///
    /// # Errors
    /// Any of these.
    pub fn close(mut self) -> Result<(), String> {
        let missing = self.bounds.keys().filter(|name| !self.seen.contains(*name));
        self.failures.extend(missing.map(|name| format!("{name} was not measured")));
        if self.failures.is_empty() {
            return Ok(());
        }
        Err(format!("tests/floors.toml, {}: {}", self.program, self.failures.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[search]\nrecall = { least = 0.9 }\nmisses = { most = 2 }\nasked = { exactly = 5 }\n[odd]\nfigure = { about = 1 }\n";

    fn closed(figures: &[(&str, f64)]) -> Result<(), String> {
        let mut floors = Floors::read(TEXT, "search")?;
        for (name, figure) in figures {
            floors.check(name, *figure);
        }
        floors.close()
    }

    #[test]
    fn figures_keep_to_their_bounds() {
        assert_eq!(closed(&[("recall", 0.9), ("misses", 2.0), ("asked", 5.0)]), Ok(()));
    }

    #[test]
    fn what_falls_short_is_missing_or_unknown_is_a_failure() {
        let failed = |figures: &[(&str, f64)]| closed(figures).unwrap_err();
        assert_eq!(
            failed(&[("recall", 0.89), ("misses", 3.0), ("asked", 6.0)]),
            "tests/floors.toml, search: recall is 0.8900, at least 0.9 wanted; misses is 3.0000, at most 2 wanted; asked is 6.0000, \
             exactly 5 wanted"
        );
        assert_eq!(
            failed(&[("recall", 1.0), ("asked", 5.0)]),
            "tests/floors.toml, search: misses was not measured"
        );
        assert!(failed(&[("recall", f64::NAN), ("misses", 0.0), ("asked", 5.0)]).contains("recall is NaN"));
        assert!(
            failed(&[("recall", 1.0), ("misses", 0.0), ("asked", 5.0), ("speed", 9.0)])
                .ends_with("speed has no bound")
        );
    }

    #[test]
    fn a_table_that_cannot_be_read_is_an_error() {
        assert_eq!(Floors::read(TEXT, "none").unwrap_err(), "there is no such table");
        assert!(Floors::read(TEXT, "odd").unwrap_err().contains("none of"));
    }
}
