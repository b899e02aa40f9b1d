//! Why a case is a hit, in the words of its report: the sentences that match the query.

use precedent_lexical::TextQuery;
use precedent_model::{Assertion, FindingId, Mention, Reading, Report, Sentence, Span};
use precedent_query::{Highlight, HighlightMatch, MentionDetails, MentionFilter, MentionKey};
use std::collections::HashSet;

/// Most sentences per hit. A report has a dozen or two; if it matches everywhere, a hundred lines tell no more.
const MOST_SENTENCES: usize = 20;

/// The sentences of a report that match the text, or a mention that the filter asks for under the assertion that the report as a
/// whole gives its finding: the first [`MOST_SENTENCES`], whole, in the order of the text. Sentences about the same findings that
/// an addendum corrected are shown with them.
pub(crate) fn highlights(
    text: Option<&TextQuery>,
    wanted: &[MentionFilter],
    report: &Report,
    reading: &Reading,
) -> Vec<Highlight> {
    let mut found: Vec<(usize, HighlightMatch)> = Vec::new();
    for matched in text.map_or_else(Vec::new, |text| text.matches(report, reading)) {
        let matched_span = (matched.section, matched.span);
        for (place, span) in in_sentences(&reading.sentences, matched_span) {
            let finding = matched.finding.clone();
            let named =
                |mention: &&Mention| mention.span == span && Some(&mention.finding) == finding.as_ref();
            let details = reading.sentences[place].mentions.iter().find(named).map(MentionDetails::of);
            found.push((place, HighlightMatch { span, assertion: matched.assertion, finding, details }));
        }
    }
    found.extend(of_mentions(wanted, reading));
    found.extend(taken_back(&found, reading));
    found.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
    found.dedup();
    (found.chunk_by(|a, b| a.0 == b.0).take(MOST_SENTENCES))
        .map(|part| {
            let sentence = &reading.sentences[part[0].0];
            let matches = part.iter().map(|(_, matched)| matched.clone()).collect();
            Highlight { section: sentence.section, kind: sentence.kind, sentence: sentence.span, matches }
        })
        .collect()
}

/// A mention, as a match.
fn as_match(mention: &Mention) -> HighlightMatch {
    HighlightMatch {
        span: mention.span,
        assertion: Some(mention.assertion),
        finding: Some(mention.finding.clone()),
        details: Some(MentionDetails::of(mention)),
    }
}

/// Mentions of the matching findings that an addendum corrected: whoever reads the later sentence should see the earlier one.
fn taken_back(found: &[(usize, HighlightMatch)], reading: &Reading) -> Vec<(usize, HighlightMatch)> {
    let shown: HashSet<&FindingId> =
        found.iter().filter_map(|(_, matched)| matched.finding.as_ref()).collect();
    let mentions = reading
        .sentences
        .iter()
        .enumerate()
        .flat_map(|(place, sentence)| sentence.mentions.iter().map(move |mention| (place, mention)));
    let taken_back = |mention: &Mention| mention.overridden && shown.contains(&mention.finding);
    mentions
        .filter(|(_, mention)| taken_back(mention))
        .map(|(place, mention)| (place, as_match(mention)))
        .collect()
}

/// Orders by sentence, then by position; longer matches first, so that a phrase comes before its words.
fn order(
    (sentence, matched): &(usize, HighlightMatch),
) -> (usize, u32, std::cmp::Reverse<u32>, Option<Assertion>, Option<&str>) {
    let Span { start, end } = matched.span;
    (*sentence, start, std::cmp::Reverse(end), matched.assertion, matched.finding.as_deref())
}

/// The sentences in which a match lies, each with its part of the match: a phrase may cross a sentence boundary.
fn in_sentences(
    sentences: &[Sentence],
    (section, span): (usize, Span),
) -> impl Iterator<Item = (usize, Span)> + '_ {
    let first =
        sentences.partition_point(|sentence| (sentence.section, sentence.span.end) <= (section, span.start));
    (sentences.iter().enumerate().skip(first))
        .take_while(move |(_, sentence)| sentence.section == section && sentence.span.overlaps(span))
        .map(move |(place, sentence)| {
            let (start, end) = (span.start.max(sentence.span.start), span.end.min(sentence.span.end));
            (place, Span { start, end })
        })
}

/// The mentions that a filter asks for: only the assertion of the report as a whole counts.
fn of_mentions<'a>(
    wanted: &'a [MentionFilter],
    reading: &'a Reading,
) -> impl Iterator<Item = (usize, HighlightMatch)> + 'a {
    let said: HashSet<(FindingId, Assertion)> =
        if wanted.is_empty() { HashSet::new() } else { reading.findings().into_iter().collect() };
    let fits = |mention: &Mention| {
        let text = MentionKey::text_of(mention);
        let key = MentionKey::parse(&text);
        key.is_some_and(|key| wanted.iter().any(|filter| filter.fits(&key)))
    };
    (reading.sentences.iter().enumerate())
        .filter(|(_, sentence)| !wanted.is_empty() && sentence.kind.is_reported())
        .flat_map(|(place, sentence)| sentence.mentions.iter().map(move |mention| (place, mention)))
        .filter(|(_, mention)| !mention.overridden)
        .filter(move |(_, mention)| {
            said.contains(&(mention.finding.clone(), mention.assertion)) && fits(mention)
        })
        .map(|(place, mention)| (place, as_match(mention)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::SectionKind;
    use precedent_report::{Lexicon, ReportReader};

    fn report(sections: &[(SectionKind, &str)]) -> Report {
        Report::new(sections.iter().copied()).unwrap()
    }

    /// The highlights as `kind: sentence <match=assertion/finding>...`.
    fn shown(text: &str, findings: &[(&str, Assertion)], report: &Report) -> Vec<String> {
        let reader = ReportReader::new(Lexicon::bundled());
        let query = TextQuery::parse(text, &crate::understand::understand(&reader, text)).unwrap();
        let wanted = |&(id, assertion): &(&str, Assertion)| MentionFilter {
            assertion,
            findings: vec![id.into()],
            details: Vec::new(),
        };
        let findings: Vec<MentionFilter> = findings.iter().map(wanted).collect();
        let highlights = highlights(Some(&query), &findings, report, &reader.read(report));
        let show = |highlight: &Highlight| {
            let text = &report.sections()[highlight.section].text;
            let mut line = format!("{}: {}", highlight.kind.name(), &text[highlight.sentence.range()]);
            for matched in &highlight.matches {
                let assertion = matched.assertion.map_or("-", Assertion::name);
                let finding = matched.finding.as_deref().unwrap_or("-");
                line.push_str(&format!(" <{}={assertion}/{finding}>", &text[matched.span.range()]));
            }
            line
        };
        highlights.iter().map(show).collect()
    }

    #[test]
    fn sentences_come_in_the_order_of_the_report_with_what_matched() {
        let report = report(&[
            (SectionKind::Findings, "No pneumothorax. Cardiomegaly is seen. The lungs are clear."),
            (SectionKind::Impression, "Enlarged heart."),
        ]);
        assert_eq!(
            shown("enlarged heart", &[], &report),
            [
                "findings: Cardiomegaly is seen. <Cardiomegaly=present/cardiomegaly>",
                "impression: Enlarged heart. <Enlarged heart=present/cardiomegaly>",
            ]
        );
        assert_eq!(
            shown("no pneumothorax", &[], &report),
            ["findings: No pneumothorax. <pneumothorax=absent/pneumothorax>"]
        );
        assert!(shown("pneumothorax", &[], &report).is_empty());
    }

    #[test]
    fn a_filter_shows_what_the_report_as_a_whole_says() {
        let text = "No pneumothorax on the left. Small right pneumothorax. No pleural effusion.";
        let report = report(&[(SectionKind::Findings, text), (SectionKind::Indication, "Pleural effusion.")]);
        let present = ("pneumothorax", Assertion::Present);
        let expected = ["findings: Small right pneumothorax. <pneumothorax=present/pneumothorax>"];
        assert_eq!(shown("", &[present], &report), expected);
        assert!(shown("", &[("pneumothorax", Assertion::Absent)], &report).is_empty(), "the case has one");
        assert_eq!(
            shown("", &[("pleural-effusion", Assertion::Absent)], &report),
            ["findings: No pleural effusion. <pleural effusion=absent/pleural-effusion>"]
        );
        assert_eq!(shown("pneumothorax", &[present], &report), expected, "said once");
    }

    #[test]
    fn a_phrase_across_sentences_is_shown_in_each() {
        let report = report(&[(SectionKind::Findings, "Stable mass. Opacity is new.")]);
        assert_eq!(
            shown("text:\"mass opacity\"", &[], &report),
            ["findings: Stable mass. <mass.=-/->", "findings: Opacity is new. <Opacity=-/->"]
        );
    }

    #[test]
    fn no_more_than_twenty_sentences() {
        let report = report(&[(SectionKind::Findings, &"A nodule is seen. ".repeat(50))]);
        assert_eq!(shown("nodule", &[], &report).len(), MOST_SENTENCES);
    }
}
