//! The queries with their judgements: `queries.tsv`, and the figures of an earlier program, `before.tsv`.

use precedent_benches::figures::stable_hash;
use std::collections::{BTreeSet, HashMap};

/// What a report says of what a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Not the finding.
    None,
    /// The finding, and not all of the rest: another side, size, place or time, or only one of two findings.
    Finding,
    /// All of it.
    Full,
}

/// Queries that rules may be tuned on, and queries that the result is checked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Half {
    Tune,
    Check,
}

impl Half {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tune => "tune",
            Self::Check => "check",
        }
    }
}

/// A query as a person types it, with the reports that answer it.
#[derive(Debug)]
pub struct Query {
    pub text: String,
    /// What it tests, such as `side` or `spelling`.
    pub tests: Vec<String>,
    full: BTreeSet<String>,
    finding: BTreeSet<String>,
}

impl Query {
    /// The grade of a case by its id.
    pub fn grade(&self, case_id: &str) -> Grade {
        if self.full.contains(case_id) {
            Grade::Full
        } else if self.finding.contains(case_id) {
            Grade::Finding
        } else {
            Grade::None
        }
    }

    /// How many reports have at least this grade.
    pub fn count(&self, least: Grade) -> usize {
        match least {
            Grade::None => usize::MAX,
            Grade::Finding => self.full.len() + self.finding.len(),
            Grade::Full => self.full.len(),
        }
    }

    /// Which half it lies in, by a hash of its text.
    pub fn half(&self) -> Half {
        if stable_hash(&self.text).is_multiple_of(2) { Half::Tune } else { Half::Check }
    }
}

/// The rows of a file that are neither empty nor comments, as cells.
fn rows(file: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let rows = file.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    rows.map(|(at, line)| (at + 1, line.split('\t').collect()))
}

/// Reads the collection.
///
/// # Errors
/// A row without four cells, a report that is no number, a report with two grades.
pub fn read_queries(file: &str) -> Result<Vec<Query>, String> {
    rows(file).map(|(at, cells)| query(&cells).map_err(|problem| format!("row {at}: {problem}"))).collect()
}

fn query(cells: &[&str]) -> Result<Query, String> {
    let [text, tests, full, finding] = cells else {
        return Err(format!("{} cells instead of 4: query, tests, full, finding", cells.len()));
    };
    let (full, finding) = (case_ids(full)?, case_ids(finding)?);
    if let Some(twice) = full.intersection(&finding).next() {
        return Err(format!("{twice} has two grades; keep one"));
    }
    let tests = tests.split(' ').map(str::to_owned).collect();
    Ok(Query { text: (*text).to_owned(), tests, full, finding })
}

fn case_ids(cell: &str) -> Result<BTreeSet<String>, String> {
    let id = |number: &str| match number.parse::<u32>() {
        Ok(number) => Ok(format!("CXR{number}")),
        Err(_) => Err(format!("`{number}` is not the number of a case")),
    };
    cell.split_whitespace().map(id).collect()
}

/// Reads the figures of an earlier program by query: P@10, of the finding alone, nDCG@10.
///
/// # Errors
/// A row without four cells, a figure that is no number.
pub fn read_figures(file: &str) -> Result<HashMap<String, [f64; 3]>, String> {
    rows(file).map(|(at, cells)| figures(&cells).map_err(|problem| format!("row {at}: {problem}"))).collect()
}

fn figures(cells: &[&str]) -> Result<(String, [f64; 3]), String> {
    let [text, figures @ ..] = cells else { return Err("no cells".to_owned()) };
    let numbers: Vec<f64> = (figures.iter())
        .map(|cell| cell.parse().map_err(|_| format!("`{cell}` is not a number")))
        .collect::<Result<_, String>>()?;
    let numbers = numbers.try_into().map_err(|_| "not three figures".to_owned())?;
    Ok(((*text).to_owned(), numbers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BEFORE, QUERIES};

    /// Fewer say too little about a ranking.
    const FEWEST_RELEVANT: usize = 3;

    #[test]
    fn a_row_gives_a_query_with_its_grades() {
        let queries = read_queries("# comment\nno ptx\tnegation abbreviation\t1 12\t3\n").unwrap();
        let query = &queries[0];
        assert_eq!((query.text.as_str(), query.tests.len()), ("no ptx", 2));
        let grades = ["CXR12", "CXR3", "CXR123"].map(|id| query.grade(id));
        assert_eq!(grades, [Grade::Full, Grade::Finding, Grade::None]);
        assert_eq!([Grade::Finding, Grade::Full].map(|grade| query.count(grade)), [3, 2]);
    }

    #[test]
    fn what_is_wrong_in_a_row_is_named() {
        for (file, problem) in [
            ("a\tside\t1", "row 1: 3 cells instead of 4: query, tests, full, finding"),
            ("# x\na\tside\tCXR1\t", "row 2: `CXR1` is not the number of a case"),
            ("a\tside\t1 2\t2", "row 1: CXR2 has two grades; keep one"),
        ] {
            assert_eq!(read_queries(file).unwrap_err(), problem);
        }
        assert_eq!(read_figures("a\t1\tb\t0").unwrap_err(), "row 1: `b` is not a number");
    }

    #[test]
    fn the_collection_can_be_measured_with() {
        let queries = read_queries(QUERIES).unwrap();
        let names: BTreeSet<&str> = queries.iter().map(|query| query.text.as_str()).collect();
        assert_eq!(names.len(), queries.len(), "a query stands twice");
        for query in &queries {
            assert!(query.count(Grade::Full) >= FEWEST_RELEVANT, "{}", query.text);
            assert!(query.tests.iter().all(|test| !test.is_empty()), "{}", query.text);
        }
        for half in [Half::Tune, Half::Check] {
            assert!(queries.iter().filter(|query| query.half() == half).count() >= 30, "{half:?}");
        }
        let before = read_figures(BEFORE).unwrap();
        assert!(before.keys().all(|query| names.contains(query.as_str())), "figures of a query that is gone");
    }
}
