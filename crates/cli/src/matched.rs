//! Why a case was found: the sentences of its report that matched, as a person reads them.

use crate::output::{wrap, wrap_marked};
use crate::style::Style;
use precedent_model::{Assertion, Report, Span};
use precedent_query::{Highlight, HighlightMatch};
use std::ops::Range;

/// A sentence in lines of at most `width` characters, what matched in bold; then in words what is said about it, where
/// that is anything but that it is there, or that an addendum takes it back.
pub fn sentence(report: &Report, highlight: &Highlight, width: usize, style: Style) -> Vec<String> {
    let Some(section) = report.sections().get(highlight.section) else { return Vec::new() };
    let whole = highlight.sentence.range();
    let marks: Vec<Range<usize>> = (union(highlight.matches.iter().map(|matched| matched.span)).into_iter())
        .map(|mark| mark.start - whole.start..mark.end - whole.start)
        .collect();
    let text = &section.text[whole];
    let mut lines = wrap_marked(text, &marks, width, style);
    let Some(note) = note(&section.text, &highlight.matches) else { return lines };
    let columns = wrap(text, width).last().map_or(0, |line| line.chars().count());
    match lines.last_mut() {
        Some(last) if columns + 2 + note.chars().count() <= width => last.push_str(&format!("  {note}")),
        _ => lines.extend(wrap(&note, width)),
    }
    lines
}

/// The matched parts of one section of a report.
pub fn marks(highlights: &[Highlight], section: usize) -> Vec<Range<usize>> {
    let of_section = highlights.iter().filter(|highlight| highlight.section == section);
    union(of_section.flat_map(|highlight| &highlight.matches).map(|matched| matched.span))
}

/// Spans as ranges, ascending and apart.
fn union(spans: impl Iterator<Item = Span>) -> Vec<Range<usize>> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_unstable();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match ranges.last_mut() {
            Some(last) if span.range().start <= last.end => last.end = last.end.max(span.range().end),
            _ => ranges.push(span.range()),
        }
    }
    ranges
}

/// `(absent)` where that is said of all that matched, `(absent: mass; uncertain: nodule)` where not; nothing where all is
/// there, or asked for as written.
fn note(text: &str, matches: &[HighlightMatch]) -> Option<String> {
    let overridden =
        |matched: &HighlightMatch| matched.details.as_ref().is_some_and(|details| details.overridden);
    if matches.iter().any(overridden) {
        return Some("(taken back by an addendum)".to_owned());
    }
    let said: Vec<(Assertion, Span)> =
        matches.iter().filter_map(|matched| Some((matched.assertion?, matched.span))).collect();
    let first = said.first()?.0;
    if said.iter().all(|(assertion, _)| *assertion == first) {
        return (first != Assertion::Present).then(|| format!("({})", words(first)));
    }
    let others = Assertion::ALL.into_iter().filter(|assertion| *assertion != Assertion::Present);
    let parts: Vec<String> = others
        .filter_map(|asked| {
            let spans = said.iter().filter(|(assertion, _)| *assertion == asked).map(|(_, span)| *span);
            let parts: Vec<String> = union(spans).into_iter().map(|range| text[range].to_owned()).collect();
            (!parts.is_empty()).then(|| format!("{}: {}", words(asked), parts.join(", ")))
        })
        .collect();
    Some(format!("({})", parts.join("; ")))
}

fn words(assertion: Assertion) -> &'static str {
    match assertion {
        Assertion::OtherPerson => "of another person",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::SectionKind;

    const TEXT: &str = "Clear. Small left effusion,\nno pneumothorax or mass, possible nodule.";

    fn highlight(matches: &[(&str, Option<Assertion>)]) -> Highlight {
        let matches = (matches.iter())
            .map(|(words, assertion)| {
                let start = TEXT.find(words).unwrap();
                HighlightMatch {
                    span: Span::new(start..start + words.len()),
                    assertion: *assertion,
                    finding: None,
                    details: None,
                }
            })
            .collect();
        Highlight { section: 0, kind: SectionKind::Findings, sentence: Span::new(7..TEXT.len()), matches }
    }

    fn check(matches: &[(&str, Option<Assertion>)], width: usize, style: Style, expected: &[&str]) {
        let report = Report::new([(SectionKind::Findings, TEXT)]).unwrap();
        assert_eq!(sentence(&report, &highlight(matches), width, style), expected);
    }

    #[test]
    fn a_sentence_stands_in_lines_and_says_what_is_not_there() {
        let (present, absent) = (Some(Assertion::Present), Some(Assertion::Absent));
        let whole = "Small left effusion, no pneumothorax or mass, possible nodule.";
        check(&[("left effusion", present), ("effusion", None)], 100, Style::PLAIN, &[whole]);
        let with_note = format!("{whole}  (absent)");
        check(&[("pneumothorax", absent), ("mass", absent)], 100, Style::PLAIN, &[&with_note]);
        let mixed = [
            ("effusion", present),
            ("pneumothorax", absent),
            ("mass", absent),
            ("nodule", Some(Assertion::Uncertain)),
        ];
        check(&mixed, 64, Style::PLAIN, &[whole, "(uncertain: nodule; absent: pneumothorax, mass)"]);
        let kin = Some(Assertion::OtherPerson);
        check(
            &[("mass", kin)],
            24,
            Style::PLAIN,
            &["Small left effusion, no", "pneumothorax or mass,", "possible nodule.", "(of another person)"],
        );
    }

    #[test]
    fn what_matched_is_bold_on_a_terminal() {
        let bold = "Small \u{1b}[1mleft\u{1b}[0m \u{1b}[1meffusion\u{1b}[0m, no pneumothorax or mass, possible nodule.";
        let present = Some(Assertion::Present);
        check(&[("left effusion", present), ("effusion", present)], 100, Style::STYLED, &[bold]);
    }

    #[test]
    fn marks_are_those_of_the_section() {
        let found = [highlight(&[("mass", None), ("nodule", None)])];
        assert_eq!(marks(&found, 0).len(), 2);
        assert!(marks(&found, 1).is_empty());
    }
}
