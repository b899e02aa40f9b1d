//! Findings against the human labels of NegBio (Peng et al. 2018) for Open-i.

use crate::Problem;
use crate::gold::{FEWEST_POSITIVES, LABELS, LabelSet, Labelled, counted};
use precedent_benches::figures::{Tally, bootstrap, mean};
use precedent_benches::table::{Chapter, Table, figure, interval};
use precedent_model::{Assertion, FindingId, Mention, Reading};
use precedent_report::ReportReader;
use std::collections::HashMap;
use std::io::Write;

/// When a label counts as said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The case holds the finding as present.
    Present,
    /// Or as uncertain.
    PresentOrUncertain,
}

/// The rule of the table by label; the means are given for both.
const RULE: Rule = Rule::Present;
/// Both, with what they are called.
const RULES: [(Rule, &str); 2] =
    [(Rule::Present, "present"), (Rule::PresentOrUncertain, "present or uncertain")];
/// Most kinds of errors that are listed.
const KINDS: usize = 15;

impl Rule {
    fn takes(self, assertion: Assertion) -> bool {
        assertion == Assertion::Present
            || self == Self::PresentOrUncertain && assertion == Assertion::Uncertain
    }
}

/// Which labels a finding of the lexicon stands for.
type Stands = HashMap<FindingId, LabelSet>;

pub fn measure(cases: &[Labelled], reader: &ReportReader, errors: usize) -> Result<Chapter, Problem> {
    let stands = stands(reader)?;
    let read = |labelled: &Labelled| match &labelled.case.report {
        Some(report) => reader.read(report),
        None => Reading::default(),
    };
    let readings: Vec<Reading> = cases.iter().map(read).collect();
    let said = |rule: Rule| -> Vec<LabelSet> {
        readings.iter().map(|reading| said(reading, &stands, rule)).collect()
    };
    if errors > 0 {
        print_errors(cases, &readings, &stands, &said(RULE), errors)?;
    }
    let mut means =
        Table::new(&["label is said when", "micro P", "micro R", "micro F1", "95 %", "macro F1", "95 %"]);
    let mut labels = Table::new(&["label", "positives", "P", "R", "F1", "95 %"]);
    for (rule, name) in RULES {
        let figures = Figures::of(cases, &said(rule));
        means.row(figures.means(name));
        if rule == RULE {
            figures.by_label(&mut labels);
        }
    }
    let rule = RULES.iter().find(|(rule, _)| *rule == RULE).map_or("", |(_, name)| name);
    let notes = vec![format!(
        "{} reports. Micro and macro run over the labels with at least {FEWEST_POSITIVES} positives; the bootstrap resamples \
         reports. A label is said when the report holds its finding or a narrower one; by label: {rule}.",
        cases.len()
    )];
    Ok(Chapter { title: "Findings (NegBio labels of Open-i)".to_owned(), notes, tables: vec![means, labels] })
}

fn stands(reader: &ReportReader) -> Result<Stands, Problem> {
    let mut stands = Stands::new();
    for (place, label) in LABELS.iter().enumerate() {
        let narrower = reader.lexicon().narrower(label.finding);
        if narrower.is_empty() {
            return Err(format!("label {}: the lexicon has no finding {}", label.name, label.finding).into());
        }
        for finding in narrower {
            stands.entry(finding).or_default().insert(place);
        }
    }
    Ok(stands)
}

fn said(reading: &Reading, stands: &Stands, rule: Rule) -> LabelSet {
    let mut said = LabelSet::default();
    for (finding, assertion) in reading.findings() {
        if let Some(labels) = stands.get(&finding).filter(|_| rule.takes(assertion)) {
            labels.union(LabelSet::default()).for_each(|label| said.insert(label));
        }
    }
    said
}

/// What is measured of one rule.
struct Figures {
    tallies: Vec<Tally>,
    counted: Vec<usize>,
    /// Of the F1 by label, then micro F1, macro F1.
    intervals: Vec<precedent_benches::figures::Interval>,
}

impl Figures {
    fn of(cases: &[Labelled], said: &[LabelSet]) -> Self {
        let counted = counted(cases);
        let tallies = |drawn: &[u32]| {
            let mut tallies = vec![Tally::default(); LABELS.len()];
            for ((labelled, &said), &times) in cases.iter().zip(said).zip(drawn) {
                for label in labelled.truth.union(said) {
                    tallies[label].count(labelled.truth.has(label), said.has(label), u64::from(times));
                }
            }
            tallies
        };
        let intervals = bootstrap(cases.len(), |drawn| {
            let tallies = tallies(drawn);
            let by_label = tallies.iter().map(|tally| tally.f1());
            by_label.chain([micro(&tallies, &counted).f1(), macro_f1(&tallies, &counted)]).collect()
        });
        Self { tallies: tallies(&vec![1; cases.len()]), counted, intervals }
    }

    fn means(&self, name: &str) -> Vec<String> {
        let micro = micro(&self.tallies, &self.counted);
        vec![
            name.to_owned(),
            figure(micro.precision()),
            figure(micro.recall()),
            figure(micro.f1()),
            interval(self.intervals[LABELS.len()]),
            figure(macro_f1(&self.tallies, &self.counted)),
            interval(self.intervals[LABELS.len() + 1]),
        ]
    }

    fn by_label(&self, table: &mut Table) {
        for (place, (label, tally)) in LABELS.iter().zip(&self.tallies).enumerate() {
            let few = if self.counted.contains(&place) { "" } else { " (in no mean)" };
            let mut row = vec![format!("{}{few}", label.name), tally.positives().to_string()];
            row.extend([tally.precision(), tally.recall(), tally.f1()].map(figure));
            row.push(interval(self.intervals[place]));
            table.row(row);
        }
    }
}

fn micro(tallies: &[Tally], counted: &[usize]) -> Tally {
    let mut whole = Tally::default();
    counted.iter().for_each(|&label| whole.add(tallies[label], 1));
    whole
}

fn macro_f1(tallies: &[Tally], counted: &[usize]) -> f64 {
    mean(counted.iter().map(|&label| tallies[label].f1()))
}

/// Per label the first errors with their text, and before them what the errors hang on.
fn print_errors(
    cases: &[Labelled],
    readings: &[Reading],
    stands: &Stands,
    said: &[LabelSet],
    most: usize,
) -> Result<(), Problem> {
    let mut out = std::io::stdout();
    for (place, label) in LABELS.iter().enumerate() {
        for (kind, truth) in [("said, is not", false), ("is, not said", true)] {
            let wrong: Vec<usize> = (0..cases.len())
                .filter(|&case| cases[case].truth.has(place) == truth && said[case].has(place) != truth)
                .collect();
            writeln!(out, "\n== {}: {kind}: {}", label.name, wrong.len())?;
            for (what, count) in kinds(cases, readings, stands, &wrong, place, truth) {
                writeln!(out, "  {count:>4} x {what}")?;
            }
            for &case in wrong.iter().take(most) {
                let because = because(&cases[case], &readings[case], stands, place);
                writeln!(out, "\n  {} {}", cases[case].case.id.as_str(), because.join("; "))?;
                for section in cases[case].case.report.iter().flat_map(|report| report.sections()) {
                    if section.kind.is_reported() {
                        writeln!(out, "    {}: {}", section.kind.name(), section.text)?;
                    }
                }
            }
        }
    }
    writeln!(out)?;
    Ok(())
}

/// The words that the errors hang on, commonest first. Where a label was missed, mentions under any assertion are shown.
fn kinds(
    cases: &[Labelled],
    readings: &[Reading],
    stands: &Stands,
    wrong: &[usize],
    label: usize,
    truth: bool,
) -> Vec<(String, usize)> {
    let mut kinds: HashMap<String, usize> = HashMap::new();
    for &case in wrong {
        let mut because = because(&cases[case], &readings[case], stands, label);
        if !truth {
            because.retain(|what| what.starts_with("present") || what.starts_with("uncertain"));
        }
        because.sort_unstable();
        because.dedup();
        if because.is_empty() {
            because.push("no mention".to_owned());
        }
        for what in because {
            *kinds.entry(what).or_default() += 1;
        }
    }
    let mut kinds: Vec<(String, usize)> = kinds.into_iter().collect();
    kinds.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    kinds.truncate(KINDS);
    kinds
}

/// The mentions that bear on a label: assertion, finding, words.
fn because(labelled: &Labelled, reading: &Reading, stands: &Stands, label: usize) -> Vec<String> {
    let sections = labelled.case.report.as_ref().map_or(&[][..], |report| report.sections());
    let words = |section: usize, mention: &Mention| {
        let text = sections.get(section).and_then(|section| section.text.get(mention.span.range()));
        let words = text.unwrap_or_default().to_lowercase();
        format!("{} {} \"{words}\"", mention.assertion.name(), mention.finding)
    };
    let bears = |mention: &&Mention| stands.get(&mention.finding).is_some_and(|labels| labels.has(label));
    (reading.sentences.iter())
        .filter(|sentence| sentence.kind.is_reported())
        .flat_map(|sentence| {
            sentence.mentions.iter().filter(bears).map(|mention| words(sentence.section, mention))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_report::Lexicon;

    #[test]
    fn every_label_stands_for_a_finding_of_the_bundled_lexicon() {
        let reader = ReportReader::new(Lexicon::bundled());
        let stands = stands(&reader).unwrap();
        for (place, label) in LABELS.iter().enumerate() {
            assert!(stands[label.finding].has(place), "{}", label.name);
        }
    }

    #[test]
    fn a_narrower_finding_says_the_label_and_a_denied_one_does_not() {
        let reader = ReportReader::new(Lexicon::bundled());
        let stands = stands(&reader).unwrap();
        let text = "Small left pleural effusion. No pneumothorax.";
        let reading = reader.read_text(precedent_model::SectionKind::Findings, text);
        let said = said(&reading, &stands, Rule::Present);
        let names: Vec<&str> = said.union(LabelSet::default()).map(|label| LABELS[label].name).collect();
        assert_eq!(names, ["Effusion"]);
    }
}
