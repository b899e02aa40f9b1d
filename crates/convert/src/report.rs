//! What a report says, and what the lexicon knows.

use crate::highlight::details;
use crate::place::Utf16Counts;
use crate::{case, kinds, small};
use precedent_engine::Violation;
use precedent_model::{Mention, Reading, Report, Sentence, Span};
use precedent_query::MentionDetails;
use precedent_report::Lexicon;
use precedent_wire::v1;

/// The report of a request.
///
/// # Errors
/// No report, an unknown section, too much text; each by its field.
pub fn from_wire(wire: Option<v1::Report>) -> Result<Report, Vec<Violation>> {
    let Some(wire) = wire else {
        return Err(vec![Violation::new("report", "is missing; give its sections")]);
    };
    let mut violations = Vec::new();
    case::report(wire, "report", &mut violations).ok_or(violations)
}

/// What a report says.
pub fn reading(report: &Report, reading: &Reading, lexicon: &Lexicon) -> v1::ReadReportResponse {
    let mut sentences = Vec::with_capacity(reading.sentences.len());
    for part in reading.sentences.chunk_by(|a, b| a.section == b.section) {
        let text = report.sections().get(part[0].section).map_or("", |section| section.text.as_str());
        let counts = Utf16Counts::of(text, part.iter().flat_map(spans));
        sentences.extend(part.iter().map(|read| sentence(read, &counts)));
    }
    let findings = (reading.findings().into_iter())
        .map(|(finding, said)| v1::ReportFinding {
            finding: finding.to_string(),
            assertion: kinds::assertion(Some(said)).into(),
        })
        .collect();
    v1::ReadReportResponse {
        sentences,
        findings,
        warnings: reading.warnings.clone(),
        lexicon_fingerprint: lexicon.fingerprint().to_owned(),
    }
}

/// The findings of a lexicon.
pub fn findings(lexicon: &Lexicon) -> v1::ListFindingsResponse {
    let mut findings: Vec<v1::Finding> = (lexicon.findings())
        .map(|finding| v1::Finding {
            id: finding.id.clone(),
            name: finding.name.clone(),
            synonyms: finding.phrases.iter().filter(|phrase| **phrase != finding.name).cloned().collect(),
            radlex_id: finding.radlex.clone().unwrap_or_default(),
            parent_ids: finding.parents.clone(),
            normal: finding.normal,
        })
        .collect();
    findings.sort_by(|a, b| a.id.cmp(&b.id));
    v1::ListFindingsResponse { findings, lexicon_fingerprint: lexicon.fingerprint().to_owned() }
}

/// Every place that a sentence speaks of.
fn spans(sentence: &Sentence) -> impl Iterator<Item = Span> + '_ {
    let mentions = sentence.mentions.iter().flat_map(|mention| {
        let places = mention.places.iter().map(|place| place.span);
        std::iter::once(mention.span).chain(places).chain(mention.size.map(|size| size.span))
    });
    std::iter::once(sentence.span).chain(sentence.runs.iter().map(|run| run.span)).chain(mentions)
}

fn sentence(read: &Sentence, counts: &Utf16Counts) -> v1::ReportSentence {
    v1::ReportSentence {
        section_index: small(read.section),
        section: kinds::section(read.kind).into(),
        span: Some(counts.span(read.span)),
        addendum: read.addendum,
        comparison: read.comparison,
        boilerplate: read.boilerplate,
        runs: (read.runs.iter())
            .map(|run| v1::AssertedRun {
                span: Some(counts.span(run.span)),
                assertion: kinds::assertion(Some(run.assertion)).into(),
                overridden: run.overridden,
            })
            .collect(),
        mentions: read.mentions.iter().map(|found| mention(found, counts)).collect(),
    }
}

fn mention(found: &Mention, counts: &Utf16Counts) -> v1::Mention {
    v1::Mention {
        finding: found.finding.to_string(),
        span: Some(counts.span(found.span)),
        assertion: kinds::assertion(Some(found.assertion)).into(),
        details: Some(details(&MentionDetails::of(found))),
        place_spans: found.places.iter().map(|place| counts.span(place.span)).collect(),
        size_span: found.size.map(|size| counts.span(size.span)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::SectionKind;
    use precedent_report::ReportReader;

    #[test]
    fn a_report_is_read_with_every_place_in_its_text() {
        let text = "X\u{2010}ray 🫁: no pneumothorax. Possible 2.5 cm mass in the left upper lobe.";
        let report = Report::new([(SectionKind::Findings, text)]).unwrap();
        let lexicon = Lexicon::bundled();
        let read = ReportReader::new(lexicon.clone()).read(&report);
        let sent = reading(&report, &read, &lexicon);
        let cut = |span: &v1::TextSpan| text[span.start_byte as usize..span.end_byte as usize].to_owned();
        let mentions: Vec<&v1::Mention> = sent.sentences.iter().flat_map(|s| &s.mentions).collect();
        assert_eq!(mentions.len(), 2);
        assert_eq!(
            (mentions[0].finding.as_str(), mentions[0].assertion()),
            ("pneumothorax", v1::Assertion::Absent)
        );
        let mass = mentions[1];
        assert_eq!((mass.finding.as_str(), mass.assertion()), ("mass", v1::Assertion::Uncertain));
        assert_eq!(cut(mass.span.as_ref().unwrap()), "mass");
        assert_eq!(cut(mass.size_span.as_ref().unwrap()), "2.5 cm");
        let details = mass.details.as_ref().unwrap();
        assert_eq!((details.side(), details.size_mm), (v1::Side::Left, Some(25.0)));
        assert_eq!(details.places.len(), mass.place_spans.len());
        assert!(mass.place_spans.iter().any(|span| cut(span).contains("upper")));
        let first = sent.sentences[0].span.as_ref().unwrap();
        assert_eq!(first.end_byte - first.end_utf16, 4, "the dash has 3 bytes and 1 unit, the lungs 4 and 2");
        let said: Vec<(&str, v1::Assertion)> =
            sent.findings.iter().map(|found| (found.finding.as_str(), found.assertion())).collect();
        assert!(said.contains(&("mass", v1::Assertion::Uncertain)), "{said:?}");
        assert_eq!(sent.lexicon_fingerprint, lexicon.fingerprint());
    }

    #[test]
    fn findings_come_by_id_with_their_other_names_and_what_they_are_kinds_of() {
        let sent = findings(&Lexicon::bundled());
        assert!(sent.findings.is_sorted_by(|a, b| a.id < b.id));
        let effusion = sent.findings.iter().find(|finding| finding.id == "pleural-effusion").unwrap();
        assert_eq!(effusion.name, "pleural effusion");
        assert!(!effusion.synonyms.is_empty() && !effusion.synonyms.contains(&effusion.name));
        let ids: Vec<&str> = sent.findings.iter().map(|finding| finding.id.as_str()).collect();
        assert!(sent.findings.iter().flat_map(|of| &of.parent_ids).all(|id| ids.contains(&id.as_str())));
        assert!(sent.findings.iter().any(|finding| finding.normal));
    }

    #[test]
    fn what_is_no_report_is_named_without_its_words() {
        assert_eq!(from_wire(None).unwrap_err()[0].field, "report");
        let section = |kind: i32| v1::Section { kind, text: "CANARY".into() };
        let wire = v1::Report { sections: vec![section(1), section(99)] };
        let wrong = from_wire(Some(wire)).unwrap_err();
        assert_eq!(wrong[0].field, "report.sections[1].kind");
        assert!(!wrong[0].description.contains("CANARY"));
    }
}
