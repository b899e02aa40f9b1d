//! What matched in a report, with places counted as every client's language counts.

use crate::place::Utf16Counts;
use crate::{kinds, small};
use precedent_model::{Report, Span};
use precedent_query::{Highlight, HighlightMatch, MentionDetails};
use precedent_wire::v1;
use std::sync::Arc;

/// The highlights of a hit as they go out. Linear in the report and what matched.
pub(crate) fn highlights(report: Option<&Report>, found: &[Highlight]) -> Vec<v1::Highlight> {
    let sections = report.map_or(&[][..], Report::sections);
    let mut sent = Vec::with_capacity(found.len());
    for part in found.chunk_by(|a, b| a.section == b.section) {
        let text = sections.get(part[0].section).map_or("", |section| section.text.as_str());
        let counts = Utf16Counts::of(text, part.iter().flat_map(spans));
        sent.extend(part.iter().map(|highlight| v1::Highlight {
            section_index: small(highlight.section),
            section: kinds::section(highlight.kind).into(),
            sentence: Some(counts.span(highlight.sentence)),
            matches: highlight.matches.iter().map(|matched| to_wire(matched, &counts)).collect(),
        }));
    }
    sent
}

fn spans(highlight: &Highlight) -> impl Iterator<Item = Span> + '_ {
    std::iter::once(highlight.sentence).chain(highlight.matches.iter().map(|matched| matched.span))
}

fn to_wire(matched: &HighlightMatch, counts: &Utf16Counts) -> v1::HighlightMatch {
    v1::HighlightMatch {
        span: Some(counts.span(matched.span)),
        assertion: kinds::assertion(matched.assertion).into(),
        finding: matched.finding.as_deref().unwrap_or_default().to_owned(),
        details: matched.details.as_ref().map(details),
    }
}

pub(crate) fn details(details: &MentionDetails) -> v1::MentionDetails {
    let ids = |ids: &[Arc<str>]| ids.iter().map(|id| id.to_string()).collect();
    v1::MentionDetails {
        side: kinds::side(details.laterality).into(),
        larger_side: kinds::side(details.larger_side).into(),
        places: ids(&details.places),
        severity: details.severity.as_deref().unwrap_or_default().to_owned(),
        times: ids(&details.times),
        size_mm: details.size_mm,
        earlier_size_mm: details.earlier_size_mm,
        overridden: details.overridden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::slice_utf16;
    use precedent_model::{Assertion, Laterality, SectionKind};

    fn span_of(text: &str, part: &str) -> Span {
        let start = text.find(part).unwrap();
        Span::new(start..start + part.len())
    }

    fn highlight(section: usize, sentence: Span, spans: &[Span]) -> Highlight {
        let matches = (spans.iter())
            .map(|&span| HighlightMatch {
                span,
                assertion: Some(Assertion::Absent),
                finding: Some("mass".into()),
                details: Some(MentionDetails {
                    laterality: Some(Laterality::Left),
                    ..MentionDetails::default()
                }),
            })
            .collect();
        Highlight { section, kind: SectionKind::Impression, sentence, matches }
    }

    #[test]
    fn places_count_in_bytes_and_as_browsers_do() {
        let texts = ["Épanchement 🫁 à gauche. Pas de masse.", "Röntgen: no mass."];
        let report = Report::new(texts.map(|text| (SectionKind::Body, text))).unwrap();
        let found = [
            highlight(0, span_of(texts[0], "Épanchement 🫁 à gauche."), &[span_of(texts[0], "gauche")]),
            highlight(0, span_of(texts[0], "Pas de masse."), &[span_of(texts[0], "masse")]),
            highlight(
                1,
                span_of(texts[1], "no mass."),
                &[span_of(texts[1], "no mass"), span_of(texts[1], "mass")],
            ),
        ];
        let sent = highlights(Some(&report), &found);
        assert_eq!(sent.len(), 3);
        for (sent, found) in sent.iter().zip(&found) {
            let text = texts[found.section];
            assert_eq!(
                (sent.section_index as usize, sent.section()),
                (found.section, v1::SectionKind::Impression)
            );
            let sentence = sent.sentence.as_ref().unwrap();
            assert_eq!(slice_utf16(text, sentence), text[found.sentence.range()]);
            for (sent, found) in sent.matches.iter().zip(&found.matches) {
                let span = sent.span.as_ref().unwrap();
                assert_eq!((span.start_byte, span.end_byte), (found.span.start, found.span.end));
                assert_eq!(slice_utf16(text, span), text[found.span.range()]);
                assert_eq!((sent.assertion(), sent.finding.as_str()), (v1::Assertion::Absent, "mass"));
            }
        }
        let gauche = sent[0].matches[0].span.as_ref().unwrap();
        assert_eq!(
            (gauche.start_byte, gauche.start_utf16),
            (21, 17),
            "É and à are 2 bytes and 1 unit, 🫁 4 and 2"
        );
    }

    #[test]
    fn words_as_written_have_neither_assertion_nor_finding() {
        let report = Report::new([(SectionKind::Body, "mass")]).unwrap();
        let span = Span::new(0..4);
        let matches = vec![HighlightMatch { span, assertion: None, finding: None, details: None }];
        let found = Highlight { section: 0, kind: SectionKind::Body, sentence: span, matches };
        let sent = highlights(Some(&report), &[found]);
        let matched = &sent[0].matches[0];
        assert_eq!((matched.assertion(), matched.finding.as_str()), (v1::Assertion::Unspecified, ""));
        assert!(highlights(None, &[]).is_empty());
    }
}
