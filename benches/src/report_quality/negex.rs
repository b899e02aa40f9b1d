//! Assertions against the annotated sentences of NegEx (Chapman et al. 2001; `chapmanbe/negex`).

use crate::{Problem, Slice};
use precedent_benches::figures::{Tally, bootstrap, stable_hash};
use precedent_benches::table::{Chapter, Table, figure, interval};
use precedent_model::{Assertion, Span};
use precedent_report::ReportReader;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::ops::Range;
use std::path::Path;

/// F1 of the public NegEx script (`negex.py` of `chapmanbe/negex`) as given to us; not measured here.
const PUBLIC_SCRIPT_F1: f64 = 0.913;

/// One annotated sentence, and what we say of it.
struct Row {
    line: String,
    /// Sentences of one report stand or fall together.
    group: String,
    condition: String,
    sentence: String,
    negated: bool,
    historical: bool,
    other_person: bool,
    said: Assertion,
}

/// A kind of error: its name, and which rows have it.
type Kind = (&'static str, fn(&Row) -> bool);

/// How the condition was found in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    AsWritten,
    OtherCase,
    /// The sentence lost part of it.
    InPart,
}

pub fn measure(
    data: &Path,
    slice: Option<Slice>,
    reader: &ReportReader,
    errors: usize,
) -> Result<Chapter, Problem> {
    let (rows, other_case, in_part) = rows(&data.join("negex/annotations.csv"), slice, reader)?;
    if errors > 0 {
        print_errors(&rows, errors)?;
    }
    let mut table = Table::new(&["assertion", "rows", "true", "said", "P", "R", "F1", "95 %", "accuracy"]);
    let public = "negated, public NegEx script";
    add(&mut table, "negated", &rows, |_| true, |row| row.negated, Assertion::Absent);
    let blank = || String::new();
    table.row(vec![
        public.into(),
        blank(),
        blank(),
        blank(),
        blank(),
        blank(),
        figure(PUBLIC_SCRIPT_F1),
        blank(),
        blank(),
    ]);
    add(&mut table, "historical", &rows, |_| true, |row| row.historical, Assertion::Historical);
    let name = "historical, rows that are not negated";
    add(&mut table, name, &rows, |row| !row.negated, |row| row.historical, Assertion::Historical);
    add(&mut table, "other person", &rows, |_| true, |row| row.other_person, Assertion::OtherPerson);
    let groups = groups(&rows);
    let notes = vec![
        format!(
            "{} pairs of condition and sentence in {} groups (a report, or a sentence of several reports), which the bootstrap \
             resamples. {other_case} conditions stand in the sentence in another case, and {in_part} only in part.",
            rows.len(),
            groups.values().collect::<std::collections::HashSet<_>>().len(),
        ),
        "One assertion is said of each span, so a condition that is negated and historical counts as missed in one of the \
         two. The figure of the public script was given to us and not measured here."
            .to_owned(),
    ];
    Ok(Chapter { title: "Assertions (NegEx sentences)".to_owned(), notes, tables: vec![table] })
}

/// Adds the line of one assertion over the rows that `counts`.
fn add(
    table: &mut Table,
    name: &str,
    rows: &[Row],
    counts: fn(&Row) -> bool,
    truth: fn(&Row) -> bool,
    assertion: Assertion,
) {
    let groups = groups(rows);
    let mut tallies = vec![Tally::default(); groups.values().max().map_or(0, |last| last + 1)];
    for row in rows.iter().filter(|row| counts(row)) {
        tallies[groups[row.group.as_str()]].count(truth(row), row.said == assertion, 1);
    }
    let sum = |drawn: &[u32]| {
        let mut whole = Tally::default();
        for (tally, &times) in tallies.iter().zip(drawn) {
            whole.add(*tally, u64::from(times));
        }
        whole
    };
    let whole = sum(&vec![1; tallies.len()]);
    let f1 = bootstrap(tallies.len(), |drawn| vec![sum(drawn).f1()]);
    table.row(vec![
        name.to_owned(),
        (whole.positives() + whole.false_alarms + whole.rightly_silent).to_string(),
        whole.positives().to_string(),
        (whole.hits + whole.false_alarms).to_string(),
        figure(whole.precision()),
        figure(whole.recall()),
        figure(whole.f1()),
        f1.first().copied().map(interval).unwrap_or_default(),
        figure(whole.accuracy()),
    ]);
}

/// The groups by name, numbered in the order of the file.
fn groups(rows: &[Row]) -> HashMap<&str, usize> {
    let mut groups = HashMap::new();
    for row in rows {
        let next = groups.len();
        groups.entry(row.group.as_str()).or_insert(next);
    }
    groups
}

/// The rows, and how many conditions were found in another case, and how many only in part.
fn rows(
    path: &Path,
    slice: Option<Slice>,
    reader: &ReportReader,
) -> Result<(Vec<Row>, usize, usize), Problem> {
    let mut table = csv::Reader::from_path(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (mut rows, mut other_case, mut in_part) = (Vec::new(), 0, 0);
    for record in table.deserialize::<HashMap<String, String>>() {
        let mut record = record.map_err(|error| format!("{}: {error}", path.display()))?;
        let mut take = |name: &str| {
            record.remove(name).ok_or_else(|| format!("{} has no column {name}", path.display()))
        };
        let (line, report) = (take("line")?, take("report_no")?);
        let group = if report.is_empty() { format!("line {line}") } else { format!("report {report}") };
        if slice.is_some_and(|slice| !slice.holds(&group)) {
            continue;
        }
        let (condition, sentence) = (take("condition")?, take("sentence")?);
        let (span, found) = locate(&sentence, &condition);
        other_case += usize::from(found == Found::OtherCase);
        in_part += usize::from(found == Found::InPart);
        rows.push(Row {
            line,
            group,
            negated: take("negation")? == "Negated",
            historical: take("temporality")? == "Historical",
            other_person: take("experiencer")? != "Patient",
            said: reader.assert(&sentence, Span::new(span)),
            condition,
            sentence,
        });
    }
    // The order of the file says nothing; the first errors shown are then a sample.
    rows.sort_by_key(|row| stable_hash(&row.line));
    Ok((rows, other_case, in_part))
}

/// Where the condition stands: its words in capitals, else in any case, else as many of its first words as there are,
/// else the whole sentence. A whole word is preferred to a part of one.
fn locate(sentence: &str, condition: &str) -> (Range<usize>, Found) {
    let upper = condition.to_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    if let Some(range) = find(sentence, &words, |a, b| a == b) {
        return (range, Found::AsWritten);
    }
    let folded = |a: char, b: char| a.to_lowercase().eq(b.to_lowercase());
    if let Some(range) = find(sentence, &words, folded) {
        return (range, Found::OtherCase);
    }
    let part = (1..words.len()).rev().find_map(|count| find(sentence, words.get(..count)?, folded));
    (part.unwrap_or(0..sentence.len()), Found::InPart)
}

/// The first place where the words stand in a row with any white space between them.
fn find(sentence: &str, words: &[&str], same: fn(char, char) -> bool) -> Option<Range<usize>> {
    let joined = |at: usize| sentence.get(at..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    let places = || sentence.char_indices().filter_map(|(at, _)| Some(at..ends(sentence, at, words, same)?));
    let whole = |range: &Range<usize>| {
        let before = sentence.get(..range.start).and_then(|before| before.chars().next_back());
        !before.is_some_and(char::is_alphanumeric) && !joined(range.end)
    };
    places().find(whole).or_else(|| places().next())
}

/// Where the words end if they begin at `at`.
fn ends(sentence: &str, at: usize, words: &[&str], same: fn(char, char) -> bool) -> Option<usize> {
    let mut rest = sentence.get(at..)?;
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            let trimmed = rest.trim_start();
            if trimmed.len() == rest.len() {
                return None;
            }
            rest = trimmed;
        }
        for wanted in word.chars() {
            let found = rest.chars().next().filter(|&found| same(wanted, found))?;
            rest = rest.get(found.len_utf8()..)?;
        }
    }
    (!words.is_empty()).then_some(sentence.len() - rest.len())
}

fn print_errors(rows: &[Row], most: usize) -> Result<(), Problem> {
    let mut out = std::io::stdout();
    let mut confused: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in rows {
        *confused.entry((truth(row), row.said.name())).or_default() += 1;
    }
    writeln!(out, "NegEx: what is true, what was said, how often")?;
    for ((truth, said), count) in confused {
        writeln!(out, "  {truth:<20} {said:<13} {count:>5}")?;
    }
    let kinds: [Kind; 6] = [
        ("said absent, is affirmed", |row| row.said == Assertion::Absent && !row.negated),
        ("is negated, not said", |row| row.said != Assertion::Absent && row.negated),
        ("said historical, is not", |row| row.said == Assertion::Historical && !row.historical),
        ("is historical and not negated, not said", |row| {
            row.said != Assertion::Historical && row.historical && !row.negated
        }),
        ("said other person, is not", |row| row.said == Assertion::OtherPerson && !row.other_person),
        ("is other person, not said", |row| row.said != Assertion::OtherPerson && row.other_person),
    ];
    for (kind, wrong) in kinds {
        writeln!(out, "\nNegEx: {kind}: {}", rows.iter().filter(|row| wrong(row)).count())?;
        for row in rows.iter().filter(|row| wrong(row)).take(most) {
            let (said, truth) = (row.said.name(), truth(row));
            writeln!(
                out,
                "  line {} said {said}, is {truth} [{}] {}",
                row.line, row.condition, row.sentence
            )?;
        }
    }
    writeln!(out)?;
    Ok(())
}

fn truth(row: &Row) -> &'static str {
    match (row.negated, row.historical, row.other_person) {
        (_, _, true) => "other person",
        (true, true, _) => "negated, historical",
        (true, false, _) => "negated",
        (false, true, _) => "historical",
        (false, false, _) => "affirmed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sentence: &str, condition: &str, expected: &str, how: Found) {
        let (range, found) = locate(sentence, condition);
        assert_eq!((&sentence[range], found), (expected, how));
    }

    #[test]
    fn conditions_are_found_in_their_sentence() {
        check("No wheezes or   RALES.", "rales", "RALES", Found::AsWritten);
        check("MASSIVE swelling, MASS seen", "mass", "MASS", Found::AsWritten);
        check("SURGICAL   CHANGES seen", "surgical changes", "SURGICAL   CHANGES", Found::AsWritten);
        check("Was able to drink", "drink", "drink", Found::OtherCase);
        check("NECK:  Supple.", "Neck:  Supple.  No nodes", "NECK:  Supple.", Found::InPart);
        check("nothing of it", "edema", "nothing of it", Found::InPart);
        check("ÉDÈME and EDEMAS", "edema", "EDEMA", Found::AsWritten);
    }
}
