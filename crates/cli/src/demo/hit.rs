//! What a person wants to know of a hit that came over gRPC.

use crate::output::{printable, wrap};
use precedent_convert::kinds;
use precedent_model::{Assertion, Reading, Report, SectionKind};
use precedent_report::ReportReader;
use precedent_wire::v1;
use std::io::{self, Write};

/// Columns of report text.
const WIDTH: usize = 84;
/// Lines of a conclusion.
const LINES: usize = 3;

/// A hit in the words of a list. Everything in it is printable.
pub struct Told {
    pub rank: u32,
    pub case_id: String,
    /// `2019-05-03`, `F 63`.
    pub facts: Vec<String>,
    /// What its report says is there, by name.
    pub findings: Vec<String>,
    /// The conclusion of its report, or what stands in its place.
    pub impression: String,
    /// `similarity 0.913 (rank 1)`.
    pub scores: Vec<String>,
    /// The sentence that fits the film best, with its place: `left lower zone: Small left pleural effusion.`
    pub evidence: String,
}

impl Told {
    pub fn of(hit: &v1::Hit, reader: &ReportReader) -> Self {
        let empty = v1::Case::default();
        let case = hit.case.as_ref().unwrap_or(&empty);
        let field = |name: &str| {
            let values = case.fields.get(name).map_or(&[][..], |values| values.values.as_slice());
            printable(&values.join(", "))
        };
        let person = format!("{} {}", field("sex"), field("age")).trim().to_owned();
        let facts = [field("study_date"), person, field("view")];
        let report = report(case);
        let reading = report.as_ref().map(|report| reader.read(report));
        let read = report.as_ref().zip(reading.as_ref());
        Self {
            rank: hit.rank,
            case_id: printable(&case.case_id),
            facts: facts.into_iter().filter(|fact| !fact.is_empty()).collect(),
            findings: read.map(|(_, reading)| present(reading, reader)).unwrap_or_default(),
            impression: read.map(|(report, reading)| conclusion(report, reading)).unwrap_or_default(),
            scores: scores(hit),
            evidence: hit.evidence.first().map(|found| evidence(case, found)).unwrap_or_default(),
        }
    }

    /// Prints the hit in four lines or a few more.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { rank, case_id, facts, scores, .. } = self;
        writeln!(out, "{rank:>4}  {case_id:<20} {}", facts.join("   "))?;
        writeln!(out, "      {}", scores.join("   "))?;
        let findings = match self.findings.is_empty() {
            true => "none".to_owned(),
            false => self.findings.join(", "),
        };
        let mut impression = wrap(&self.impression, WIDTH);
        if impression.len() > LINES {
            impression.truncate(LINES);
            impression[LINES - 1].push_str(" ...");
        }
        let evidence = wrap(&self.evidence, WIDTH);
        for (head, lines) in
            [("findings", wrap(&findings, WIDTH)), ("impression", impression), ("evidence", evidence)]
        {
            for (at, line) in lines.iter().enumerate() {
                writeln!(out, "      {:<11} {line}", if at == 0 { head } else { "" })?;
            }
        }
        Ok(())
    }
}

fn report(case: &v1::Case) -> Option<Report> {
    let sections = &case.report.as_ref()?.sections;
    let kind = |section: &v1::Section| kinds::section_of(section.kind()).unwrap_or(SectionKind::Body);
    Report::new(sections.iter().map(|section| (kind(section), section.text.as_str()))).ok()
}

/// The findings that a report says are there, by name. That nothing is wrong is no finding.
fn present(reading: &Reading, reader: &ReportReader) -> Vec<String> {
    let found = reading.findings();
    let said = found.iter().filter(|(_, assertion)| *assertion == Assertion::Present);
    said.filter_map(|(id, _)| reader.lexicon().findings().find(|entry| entry.id == **id))
        .filter(|entry| !entry.normal)
        .map(|entry| entry.name.clone())
        .collect()
}

/// The impression, wherever in the text its heading stands; without one what was seen.
fn conclusion(report: &Report, reading: &Reading) -> String {
    let of = |wanted: fn(SectionKind) -> bool| -> Vec<&str> {
        (reading.sentences.iter())
            .filter(|sentence| wanted(sentence.kind))
            .filter_map(|sentence| report.sections().get(sentence.section)?.text.get(sentence.span.range()))
            .collect()
    };
    let impression = of(|kind| kind == SectionKind::Impression);
    if impression.is_empty() { of(SectionKind::is_reported).join(" ") } else { impression.join(" ") }
}

/// A sentence with where it fits the film, and how well.
fn evidence(case: &v1::Case, found: &v1::Evidence) -> String {
    let sections = case.report.as_ref().map_or(&[][..], |report| report.sections.as_slice());
    let section = usize::try_from(found.section_index).ok().and_then(|place| sections.get(place));
    let text = section.zip(found.sentence.as_ref()).and_then(|(section, span)| {
        let at = |byte: u32| usize::try_from(byte).unwrap_or(usize::MAX);
        section.text.get(at(span.start_byte)..at(span.end_byte))
    });
    let Some(text) = text else { return String::new() };
    let zone = found.query.as_ref().map_or("", |place| place.zone.as_str());
    let zone = if zone.is_empty() { String::new() } else { format!("{zone}: ") };
    let beside = found.background.as_ref().map(|background| {
        format!(" (fits better than {:.0} % of the archive)", 100.0 * background.share_below)
    });
    printable(&format!("{zone}{}{}", text.trim(), beside.unwrap_or_default()))
}

fn scores(hit: &v1::Hit) -> Vec<String> {
    let ranked = |rank: Option<u32>| rank.map_or("not ranked".to_owned(), |rank| format!("rank {rank}"));
    let image = hit.image.as_ref().map(|score| {
        let measure = match score.measure {
            Some(v1::image_score::Measure::Cosine(value)) => format!("cosine {value:.3}"),
            Some(v1::image_score::Measure::DotProduct(value)) => format!("dot {value:.3}"),
            Some(v1::image_score::Measure::L2Distance(value)) => format!("distance {value:.3}"),
            None => "no measure".to_owned(),
        };
        format!("image {measure} ({})", ranked(score.rank))
    });
    let lexical =
        hit.lexical.as_ref().map(|score| format!("text bm25 {:.2} ({})", score.bm25, ranked(score.rank)));
    [image, lexical].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_report::Lexicon;
    use std::collections::HashMap;

    fn hit() -> v1::Hit {
        let field = |value: &str| v1::FieldValues { values: vec![value.to_owned()] };
        let section =
            |kind: v1::SectionKind, text: &str| v1::Section { kind: kind.into(), text: text.into() };
        let case = v1::Case {
            case_id: "PH001-7\u{1b}".into(),
            fields: HashMap::from(
                [("study_date", "2019-05-03"), ("sex", "F"), ("age", "63")]
                    .map(|(k, v)| (k.into(), field(v))),
            )
            .into_iter()
            .collect(),
            report: Some(v1::Report {
                sections: vec![
                    section(v1::SectionKind::Findings, "Small left pleural effusion. No pneumothorax."),
                    section(v1::SectionKind::Impression, "Pleural effusion."),
                ],
            }),
            ..v1::Case::default()
        };
        let measure = Some(v1::image_score::Measure::Cosine(0.9134));
        let image = v1::ImageScore { measure, rank: Some(2), ..v1::ImageScore::default() };
        let lexical = v1::LexicalScore { bm25: 4.25, ..v1::LexicalScore::default() };
        let sentence = v1::TextSpan { start_byte: 0, end_byte: 28, ..v1::TextSpan::default() };
        let query = v1::ImageLocation { zone: "left lower zone".into(), ..v1::ImageLocation::default() };
        let background = Some(v1::Background { share_below: 0.97, deviations: 2.0 });
        let evidence = v1::Evidence {
            sentence: Some(sentence),
            query: Some(query),
            background,
            ..v1::Evidence::default()
        };
        v1::Hit {
            evidence: vec![evidence],
            rank: 3,
            case: Some(case),
            image: Some(image),
            lexical: Some(lexical),
            ..v1::Hit::default()
        }
    }

    #[test]
    fn a_hit_is_told_as_a_person_reads_it() {
        let reader = ReportReader::new(Lexicon::bundled());
        let mut out = Vec::new();
        Told::of(&hit(), &reader).print(&mut out).unwrap();
        let expected = "   3  PH001-7\\u{1b}        2019-05-03   F 63\n\
                        \x20     image cosine 0.913 (rank 2)   text bm25 4.25 (not ranked)\n\
                        \x20     findings    pleural effusion\n\
                        \x20     impression  Pleural effusion.\n\
                        \x20     evidence    left lower zone: Small left pleural effusion. (fits better than 97 % of the archive)\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_hit_without_report_or_scores_is_told_too() {
        let reader = ReportReader::new(Lexicon::bundled());
        let told = Told::of(&v1::Hit { rank: 1, ..v1::Hit::default() }, &reader);
        assert!(told.findings.is_empty() && told.impression.is_empty() && told.facts.is_empty());
    }
}
