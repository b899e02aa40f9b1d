//! On which side a finding is, against labels by hand.
//!
//! `sides.tsv` holds every mention of 38 kinds of findings in 200 Open-i sentences with a word for a side: one sentence at
//! most of a report, in the order of a hash of "side " and the case id, no two alike, each read by a person. A mention is a
//! case id, a section, the bytes of the finding's name in it, and the side that the sentence says the finding is on:
//! `left`, `right`, `bilateral`, or `none` where it says none. A suspected finding is on the side of what is seen.

use crate::{Problem, Slice, gold};
use precedent_benches::figures::bootstrap;
use precedent_benches::table::{Chapter, Table, figure, interval};
use precedent_model::{Case, Laterality, Mention, Reading, Section, Span};
use precedent_report::ReportReader;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

const LABELS: &str = include_str!("sides.tsv");
const NONE: &str = "none";

/// A finding's name in a report, and its side.
#[derive(Debug)]
struct Labelled<'a> {
    case_id: &'a str,
    section: &'a str,
    name: Span,
    finding: &'a str,
    side: &'a str,
}

pub fn measure(
    data: &Path,
    slice: Option<Slice>,
    reader: &ReportReader,
    errors: usize,
) -> Result<Chapter, Problem> {
    let labels = labels(LABELS)?;
    let labels: Vec<&Labelled<'_>> =
        labels.iter().filter(|label| slice.is_none_or(|slice| slice.holds(label.case_id))).collect();
    let cases: HashMap<String, Case> =
        gold::all_cases(data)?.into_iter().map(|case| (case.id.as_str().to_owned(), case)).collect();
    let mut right = Vec::with_capacity(labels.len());
    let mut shown = errors;
    for label in &labels {
        let case = cases
            .get(label.case_id)
            .ok_or_else(|| format!("sides.tsv: there is no case {}", label.case_id))?;
        let said = said(case, label, reader);
        right.push(said == Some(label.side));
        if said != Some(label.side) && shown > 0 {
            shown -= 1;
            print_error(case, label, said)?;
        }
    }
    Ok(chapter(&labels, &right))
}

fn labels(text: &str) -> Result<Vec<Labelled<'_>>, Problem> {
    (text.lines().enumerate().skip(1))
        .map(|(row, line)| {
            let refused = |what: &str| format!("sides.tsv, row {}: {what}", row + 1);
            let columns: Vec<&str> = line.split('\t').collect();
            let [case_id, section, start, end, finding, side] = columns[..] else {
                return Err(refused("it has no six columns").into());
            };
            let byte = |text: &str| text.parse::<u32>().map_err(|_| refused("a place is no number"));
            let name = Span { start: byte(start)?, end: byte(end)? };
            Ok(Labelled { case_id, section, name, finding, side })
        })
        .collect()
}

/// The side that the reader gives, `none` for none; nothing where it reads no such finding there, nor a kind of it. Where it gives each side a
/// mention of its own, both together.
fn said(case: &Case, label: &Labelled<'_>, reader: &ReportReader) -> Option<&'static str> {
    let report = case.report.as_ref()?;
    let reading: Reading = reader.read(report);
    let place = report.sections().iter().position(|section| section.kind.name() == label.section)?;
    let kinds = reader.lexicon().narrower(label.finding);
    let here = |mention: &&Mention| kinds.contains(&mention.finding) && mention.span.overlaps(label.name);
    let sentences = reading.sentences.iter().filter(|sentence| sentence.section == place);
    let sides: Vec<Option<Laterality>> = sentences
        .flat_map(|sentence| sentence.mentions.iter().filter(here))
        .map(|mention| mention.laterality)
        .collect();
    let (first, others) = sides.split_first()?;
    let side = if others.iter().all(|other| other == first) { *first } else { Some(Laterality::Bilateral) };
    Some(side.map_or(NONE, Laterality::name))
}

fn chapter(labels: &[&Labelled<'_>], right: &[bool]) -> Chapter {
    let mut table = Table::new(&["side", "mentions", "right", "share", "95 %"]);
    add_share(&mut table, "all", right);
    for side in ["left", "right", "bilateral", NONE] {
        let of_side =
            labels.iter().zip(right).filter(|(label, _)| label.side == side).map(|(_, &right)| right);
        add_share(&mut table, side, &of_side.collect::<Vec<bool>>());
    }
    let notes = vec![format!(
        "{} mentions in sentences of Open-i that hold a word for a side, labelled by hand (`sides.tsv`, made of 200 \
         sentences).",
        labels.len()
    )];
    Chapter { title: "Sides (labels by hand on Open-i)".to_owned(), notes, tables: vec![table] }
}

fn add_share(table: &mut Table, name: &str, right: &[bool]) {
    let count = right.iter().filter(|right| **right).count();
    let of = |hits: f64, all: f64| if all == 0.0 { 0.0 } else { hits / all };
    let value = of(count as f64, right.len() as f64);
    let intervals = bootstrap(right.len(), |drawn| {
        let all: u32 = drawn.iter().sum();
        let hits: u32 = right.iter().zip(drawn).filter(|(right, _)| **right).map(|(_, times)| *times).sum();
        vec![of(f64::from(hits), f64::from(all))]
    });
    let interval = intervals.first().map_or_else(String::new, |&found| interval(found));
    table.row(vec![name.to_owned(), right.len().to_string(), count.to_string(), figure(value), interval]);
}

fn print_error(case: &Case, label: &Labelled<'_>, said: Option<&str>) -> Result<(), Problem> {
    let mut out = std::io::stdout();
    let said = said.unwrap_or("not mentioned");
    writeln!(out, "\n{} {} is {}, said: {said}", label.case_id, label.finding, label.side)?;
    let section: Option<&Section> = case
        .report
        .iter()
        .flat_map(|report| report.sections())
        .find(|section| section.kind.name() == label.section);
    if let Some(section) = section {
        writeln!(out, "  at byte {}: {}", label.name.start, section.text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{CaseId, Report, SectionKind};
    use precedent_report::Lexicon;

    #[test]
    fn every_label_can_be_read_and_names_a_finding_of_the_lexicon() {
        let labels = labels(LABELS).unwrap();
        assert!(labels.len() >= 200);
        let lexicon = Lexicon::bundled();
        for label in &labels {
            assert_eq!(lexicon.find(label.finding).as_deref(), Some(label.finding));
            assert!(["left", "right", "bilateral", NONE].contains(&label.side), "{}", label.side);
        }
        assert!(super::labels("head\none\ttwo").is_err());
    }

    #[test]
    fn a_side_is_that_of_every_mention_there() {
        let text = "Large left and small right effusions. No pneumothorax.";
        let mut case = Case::new(CaseId::new("c").unwrap());
        case.report = Some(Report::new([(SectionKind::Findings, text)]).unwrap());
        let label = |finding, start| Labelled {
            case_id: "c",
            section: "findings",
            name: Span { start, end: start + 4 },
            finding,
            side: NONE,
        };
        let reader = ReportReader::new(Lexicon::bundled());
        assert_eq!(said(&case, &label("pleural-effusion", 27), &reader), Some("bilateral"));
        assert_eq!(said(&case, &label("pneumothorax", 41), &reader), Some(NONE));
        assert_eq!(said(&case, &label("mass", 27), &reader), None);
    }
}
