//! What matched in a report, with places counted as every client's language counts.

use crate::small;
use precedent_model::{Assertion, Laterality, Report, Span};
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
            section: highlight.kind.name().to_owned(),
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
        assertion: assertion(matched.assertion).into(),
        finding: matched.finding.as_deref().unwrap_or_default().to_owned(),
        details: matched.details.as_ref().map(details),
    }
}

fn details(details: &MentionDetails) -> v1::MentionDetails {
    let ids = |ids: &[Arc<str>]| ids.iter().map(|id| id.to_string()).collect();
    v1::MentionDetails {
        side: side(details.laterality).into(),
        larger_side: side(details.larger_side).into(),
        places: ids(&details.places),
        severity: details.severity.as_deref().unwrap_or_default().to_owned(),
        times: ids(&details.times),
        size_mm: details.size_mm,
        earlier_size_mm: details.earlier_size_mm,
        overridden: details.overridden,
    }
}

fn side(said: Option<Laterality>) -> v1::Side {
    match said {
        None => v1::Side::Unspecified,
        Some(Laterality::Left) => v1::Side::Left,
        Some(Laterality::Right) => v1::Side::Right,
        Some(Laterality::Bilateral) => v1::Side::Bilateral,
    }
}

fn assertion(said: Option<Assertion>) -> v1::Assertion {
    match said {
        None => v1::Assertion::Unspecified,
        Some(Assertion::Present) => v1::Assertion::Present,
        Some(Assertion::Uncertain) => v1::Assertion::Uncertain,
        Some(Assertion::Absent) => v1::Assertion::Absent,
        Some(Assertion::Historical) => v1::Assertion::Historical,
        Some(Assertion::Hypothetical) => v1::Assertion::Hypothetical,
        Some(Assertion::OtherPerson) => v1::Assertion::OtherPerson,
    }
}

/// For each of the places asked for, in bytes, how many UTF-16 code units stand before it.
struct Utf16Counts(Vec<(u32, u32)>);

impl Utf16Counts {
    /// Counts once through the text, whatever the number of spans.
    fn of(text: &str, spans: impl Iterator<Item = Span>) -> Self {
        let mut places: Vec<u32> = spans.flat_map(|span| [span.start, span.end]).collect();
        places.sort_unstable();
        places.dedup();
        let mut units = 0;
        let mut rest = text.char_indices().peekable();
        let count = |place: u32| {
            while let Some((_, c)) = rest.next_if(|(at, _)| *at < place as usize) {
                units += c.len_utf16();
            }
            (place, small(units))
        };
        Self(places.into_iter().map(count).collect())
    }

    fn span(&self, span: Span) -> v1::TextSpan {
        v1::TextSpan {
            start_byte: span.start,
            end_byte: span.end,
            start_utf16: self.at(span.start),
            end_utf16: self.at(span.end),
        }
    }

    fn at(&self, place: u32) -> u32 {
        self.0.binary_search_by_key(&place, |(at, _)| *at).map_or(0, |found| self.0[found].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::SectionKind;
    use proptest::prelude::*;

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

    /// What a browser's `slice` gives.
    fn slice_utf16(text: &str, span: &v1::TextSpan) -> String {
        let units: Vec<u16> = text.encode_utf16().collect();
        String::from_utf16(&units[span.start_utf16 as usize..span.end_utf16 as usize]).unwrap()
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
            assert_eq!((sent.section_index as usize, sent.section.as_str()), (found.section, "impression"));
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
    fn every_assertion_has_a_name_of_its_own_in_the_protocol() {
        for said in Assertion::ALL {
            let name = format!("ASSERTION_{}", said.name().to_uppercase());
            assert_eq!(assertion(Some(said)).as_str_name(), name);
        }
        assert_eq!(assertion(None), v1::Assertion::Unspecified);
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

    proptest! {
        #[test]
        fn utf16_slices_are_byte_slices(text in "[aé🫁 ]{1,40}", cuts in proptest::collection::vec(0..40_usize, 2..12)) {
            let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let spans: Vec<Span> = (cuts.chunks_exact(2))
                .map(|pair| [borders[pair[0] % borders.len()], borders[pair[1] % borders.len()]])
                .map(|[a, b]| Span::new(a.min(b)..a.max(b)))
                .collect();
            let counts = Utf16Counts::of(&text, spans.iter().copied());
            for span in spans {
                prop_assert_eq!(slice_utf16(&text, &counts.span(span)), &text[span.range()]);
            }
        }
    }
}
