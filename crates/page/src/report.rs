//! A report by sections, with the sentences that are evidence and the words that matched.

use crate::words;
use maud::{Markup, html};
use precedent_wire::v1;
use std::ops::Range;

/// A sentence of a report that is linked with its region.
pub(crate) struct Said<'a> {
    pub section: u32,
    pub span: &'a v1::TextSpan,
    /// As it is counted on the page, from 1.
    pub number: usize,
    /// What its parts on the page have in common.
    pub key: String,
}

/// The sections of a report.
pub(crate) fn sections(report: &v1::Report, said: &[Said<'_>], highlights: &[v1::Highlight]) -> Markup {
    html! {
        @for (place, section) in (0..).zip(&report.sections) {
            div.section {
                h5 { (words::section(section.kind())) }
                p.text { (marked(place, &section.text, said, highlights)) }
            }
        }
    }
}

/// The text of a sentence; empty if the report has no such place.
pub(crate) fn sentence<'a>(report: &'a v1::Report, section: u32, span: &v1::TextSpan) -> &'a str {
    let section = usize::try_from(section).ok().and_then(|section| report.sections.get(section));
    section.and_then(|section| section.text.get(bytes(span))).unwrap_or_default()
}

/// The conclusion of a report; without one, what was seen.
pub(crate) fn conclusion(report: &v1::Report) -> Vec<(&'static str, &str)> {
    let of = |kind: fn(v1::SectionKind) -> bool| -> Vec<(&'static str, &str)> {
        let wanted = report.sections.iter().filter(|section| kind(section.kind()));
        wanted.map(|section| (words::section(section.kind()), section.text.as_str())).collect()
    };
    let impression = of(|kind| kind == v1::SectionKind::Impression);
    if impression.is_empty() {
        of(|kind| matches!(kind, v1::SectionKind::Findings | v1::SectionKind::Body))
    } else {
        impression
    }
}

fn bytes(span: &v1::TextSpan) -> Range<usize> {
    // A place beyond the memory of the machine is no place of a text.
    let at = |byte: u32| usize::try_from(byte).unwrap_or(usize::MAX);
    at(span.start_byte)..at(span.end_byte)
}

/// The text of a section. Spans that are not between its characters, and sentences that overlap an earlier one, are left out.
fn marked(section: u32, text: &str, said: &[Said<'_>], highlights: &[v1::Highlight]) -> Markup {
    let fits = |range: &Range<usize>| !range.is_empty() && text.get(range.clone()).is_some();
    let mut links: Vec<(Range<usize>, &Said<'_>)> = (said.iter())
        .filter(|said| said.section == section)
        .map(|said| (bytes(said.span), said))
        .filter(|(range, _)| fits(range))
        .collect();
    links.sort_by_key(|(range, _)| range.start);
    let of_section = highlights.iter().filter(|highlight| highlight.section_index == section);
    let matches = of_section.flat_map(|highlight| &highlight.matches);
    let mut words: Vec<Range<usize>> =
        matches.filter_map(|found| found.span.as_ref().map(bytes)).filter(fits).collect();
    words.sort_by_key(|range| range.start);
    links.dedup_by(|later, earlier| later.0.start < earlier.0.end);
    html! {
        @for (part, said) in cut(text.len(), links) {
            @match said {
                None => (matched(text, part, &words)),
                Some(said) => a.said id=(format!("s-{}", said.key)) href=(format!("#e-{}", said.key)) data-e=(said.key) {
                    span.number { (said.number) }
                    (matched(text, part, &words))
                },
            }
        }
    }
}

/// A part of the text with the words in it that matched.
fn matched(text: &str, part: Range<usize>, words: &[Range<usize>]) -> Markup {
    let mut inside: Vec<(Range<usize>, ())> = Vec::new();
    for word in words {
        let begin = inside.last().map_or(part.start, |(before, ())| before.end);
        let word = word.start.max(begin)..word.end.min(part.end);
        if !word.is_empty() {
            inside.push((word, ()));
        }
    }
    let start = part.start;
    let moved = inside.into_iter().map(|(word, ())| (word.start - start..word.end - start, ()));
    let text = text.get(part).unwrap_or_default();
    html! {
        @for (part, is_word) in cut(text.len(), moved.collect()) {
            @let text = text.get(part).unwrap_or_default();
            @if is_word.is_some() { mark { (text) } } @else { (text) }
        }
    }
}

/// Ranges that follow each other, with those between them.
fn cut<T>(length: usize, ranges: Vec<(Range<usize>, T)>) -> Vec<(Range<usize>, Option<T>)> {
    let mut parts = Vec::new();
    let mut end = 0;
    for (range, what) in ranges {
        parts.push((end..range.start, None));
        end = range.end;
        parts.push((range, Some(what)));
    }
    parts.push((end..length, None));
    parts.retain(|(range, _)| !range.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, end: usize) -> v1::TextSpan {
        let (start_byte, end_byte) = (start as u32, end as u32);
        v1::TextSpan { start_byte, end_byte, ..v1::TextSpan::default() }
    }

    fn highlight(spans: &[v1::TextSpan]) -> v1::Highlight {
        let matches = spans
            .iter()
            .map(|span| v1::HighlightMatch { span: Some(*span), ..v1::HighlightMatch::default() });
        v1::Highlight { matches: matches.collect(), ..v1::Highlight::default() }
    }

    fn shown(text: &str, sentences: &[v1::TextSpan], words: &[v1::TextSpan]) -> String {
        let said: Vec<Said<'_>> = (1..)
            .zip(sentences)
            .map(|(number, span)| Said { section: 0, span, number, key: format!("1-{number}") })
            .collect();
        marked(0, text, &said, &[highlight(words)]).into_string()
    }

    /// The text that a reader sees, without numbers.
    fn read(html: &str) -> String {
        let mut text = html.to_owned();
        while let Some((from, to)) = text.find("<span class=\"number\">").zip(text.find("</span>")) {
            text.replace_range(from..to + "</span>".len(), "");
        }
        while let Some((from, to)) = text.find('<').zip(text.find('>')) {
            text.replace_range(from..=to, "");
        }
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    #[test]
    fn sentences_are_links_and_words_in_them_are_marked() {
        let text = "No oedema. Left effusion. Done.";
        let html = shown(text, &[span(11, 25)], &[span(16, 24), span(3, 9)]);
        let expected = "No <mark>oedema</mark>. <a class=\"said\" id=\"s-1-1\" href=\"#e-1-1\" data-e=\"1-1\">\
                        <span class=\"number\">1</span>Left <mark>effusion</mark>.</a> Done.";
        assert_eq!(html, expected);
    }

    #[test]
    fn hostile_text_stays_text() {
        let text = "<script>alert(1)</script> & \"quotes\" <img src=x onerror=alert(2)>.";
        let html = shown(text, &[span(0, 25)], &[span(0, 8), span(4, 12)]);
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        assert_eq!(read(&html), text);
    }

    #[test]
    fn spans_that_are_none_are_left_out_and_no_text_is_lost() {
        let text = "Épanchement 🫁 gauche.";
        for (start, end) in [(1, 5), (0, 1), (13, 15), (5, 2), (0, 900), (900, 901), (3, 3)] {
            let html = shown(text, &[span(start, end)], &[span(start, end)]);
            assert_eq!(html, text, "{start}..{end}");
        }
        let whole = shown(text, &[span(0, text.len()), span(2, 12)], &[span(0, 2), span(1, 12)]);
        assert_eq!(read(&whole), text);
        assert_eq!(whole.matches("<a ").count(), 1, "the second overlaps the first: {whole}");
    }

    #[test]
    fn the_conclusion_is_the_impression_or_what_was_seen() {
        let section =
            |kind: v1::SectionKind, text: &str| v1::Section { kind: kind.into(), text: text.into() };
        let mut report = v1::Report {
            sections: vec![
                section(v1::SectionKind::Technique, "PA."),
                section(v1::SectionKind::Findings, "Clear."),
                section(v1::SectionKind::Impression, "Normal."),
            ],
        };
        assert_eq!(conclusion(&report), [("Impression", "Normal.")]);
        report.sections.pop();
        assert_eq!(conclusion(&report), [("Findings", "Clear.")]);
        assert_eq!(sentence(&report, 1, &span(0, 5)), "Clear");
        assert_eq!((sentence(&report, 7, &span(0, 5)), sentence(&report, 1, &span(0, 50))), ("", ""));
    }
}
