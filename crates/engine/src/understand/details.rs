//! The side, place, size, severity and time of a finding that a query asks for.

use precedent_lexical::{AskedDetail, DetailTerm};
use precedent_model::{Laterality, Mention, Size, Span};
use precedent_report::{Lexicon, ReportReader};
use std::ops::Range;
use std::sync::Arc;

/// Weight of each detail relative to the others: a wrong side makes it another finding, a wrong severity does not.
const SIDE: f32 = 2.0;
const PLACE: f32 = 2.0;
/// Side and place belong to the same mention.
const SIDE_AND_PLACE: f32 = 1.0;
/// Which side has more.
const LARGER: f32 = 2.0;
const SIZE: f32 = 2.0;
const SEVERITY: f32 = 1.0;
const TIME: f32 = 1.0;

/// A finding on both sides includes the side asked for, but is less specific.
const BOTH_FOR_ONE: f32 = 0.9;
/// One side, where both were asked for.
const ONE_FOR_BOTH: f32 = 0.2;
/// A mention without a side may be on the side asked for, so it comes before one on the other side.
const UNSAID_SIDE: f32 = 0.12;
/// A place or severity that includes the one asked for: the middle of the lung for the middle lobe, a small effusion for a tiny
/// one.
const WIDER: f32 = 0.4;
/// A size range that only partly lies in the one asked for.
const PART_OF_STEP: f32 = 0.5;
/// "A 2 cm nodule" asks for about that size: within these factors.
const ABOUT: Range<f32> = 0.75..1.34;

/// The details that a mention in a query asks for.
pub(super) fn of(lexicon: &Lexicon, text: &str, mention: &Mention) -> Vec<AskedDetail> {
    let mut details = Vec::new();
    let places = places(lexicon, mention);
    if let Some(side) = mention.laterality {
        let terms = sides(side).map(|(side, fit)| (DetailTerm::Side(side), fit));
        details.push(AskedDetail { weight: SIDE, terms: terms.collect() });
        if !places.is_empty() {
            let known = sides(side).filter_map(|(side, fit)| Some((side?, fit)));
            let pair = |(side, fit)| {
                let term = move |(id, near): &(Arc<str>, f32)| {
                    (DetailTerm::SidePlace(side, Arc::clone(id)), fit * near)
                };
                places.iter().map(term)
            };
            details.push(AskedDetail { weight: SIDE_AND_PLACE, terms: known.flat_map(pair).collect() });
        }
    }
    details.extend(mention.larger.map(|side| all_fully(LARGER, std::iter::once(DetailTerm::Larger(side)))));
    if !places.is_empty() {
        let terms = places.into_iter().map(|(id, near)| (DetailTerm::Place(id), near));
        details.push(AskedDetail { weight: PLACE, terms: terms.collect() });
    }
    if let Some(size) = mention.size {
        let terms = DetailTerm::sizes(range(text, size));
        let fit = |whole: bool| if whole { 1.0 } else { PART_OF_STEP };
        details.push(AskedDetail {
            weight: SIZE,
            terms: terms.map(|(term, whole)| (term, fit(whole))).collect(),
        });
    }
    if let Some(severity) = &mention.severity {
        let inside = lexicon.severities().inside(severity).into_iter().map(|id| (id, 1.0));
        let around = lexicon.severities().around(severity).into_iter().map(|id| (id, WIDER));
        let terms = inside.chain(around).map(|(id, fit)| (DetailTerm::Severity(id), fit));
        details.push(AskedDetail { weight: SEVERITY, terms: terms.collect() });
    }
    for time in &mention.times {
        details.push(all_fully(TIME, lexicon.times().inside(time).into_iter().map(DetailTerm::Time)));
    }
    details
}

/// The places that match these, each with how well: those within them, and those around them.
fn places(lexicon: &Lexicon, mention: &Mention) -> Vec<(Arc<str>, f32)> {
    let groups = lexicon.places();
    let mut places: Vec<(Arc<str>, f32)> = Vec::new();
    let inside = mention.places.iter().flat_map(|place| groups.inside(&place.id)).map(|id| (id, 1.0));
    let around = mention.places.iter().flat_map(|place| groups.around(&place.id)).map(|id| (id, WIDER));
    for (id, near) in inside.chain(around) {
        if places.iter().all(|(known, _)| *known != id) {
            places.push((id, near));
        }
    }
    places
}

fn all_fully(weight: f32, terms: impl Iterator<Item = DetailTerm>) -> AskedDetail {
    AskedDetail { weight, terms: terms.map(|term| (term, 1.0)).collect() }
}

/// The sides that match the one asked for, each with how well.
fn sides(asked: Laterality) -> impl Iterator<Item = (Option<Laterality>, f32)> + Clone {
    let [first, second, third] = match asked {
        Laterality::Bilateral => [
            (Laterality::Bilateral, 1.0),
            (Laterality::Left, ONE_FOR_BOTH),
            (Laterality::Right, ONE_FOR_BOTH),
        ]
        .map(|(side, fit)| (Some(side), fit)),
        side => [(Some(side), 1.0), (Some(Laterality::Bilateral), BOTH_FOR_ONE), (None, UNSAID_SIDE)],
    };
    [first, second, third].into_iter()
}

/// Words that make the size after them a bound. The longest match counts.
const AT_LEAST: [&str; 4] = [">=", "\u{2265}", "at least", "no less than"];
const ABOVE: [&str; 8] =
    [">", "over", "above", "exceeding", "greater than", "larger than", "bigger than", "more than"];
const AT_MOST: [&str; 5] = ["<=", "\u{2264}", "at most", "up to", "no more than"];
const BELOW: [&str; 6] = ["<", "under", "below", "less than", "smaller than", "fewer than"];

/// The kind of bound on a size.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    AtLeast,
    Above,
    AtMost,
    Below,
}

/// The bound before this byte of the text, and where its words begin.
fn bound(text: &str, at: usize) -> Option<(Bound, usize)> {
    let before = text.get(..at)?.trim_end();
    let lower = before.to_ascii_lowercase();
    let kinds: [(Bound, &[&str]); 4] = [
        (Bound::AtLeast, &AT_LEAST),
        (Bound::Above, &ABOVE),
        (Bound::AtMost, &AT_MOST),
        (Bound::Below, &BELOW),
    ];
    let found = kinds.iter().flat_map(|(bound, words)| words.iter().map(move |words| (*bound, *words)));
    let ends = |words: &str| {
        let start = lower.len().checked_sub(words.len()).filter(|_| lower.ends_with(words))?;
        let own = !words.starts_with(char::is_alphabetic)
            || !lower.get(..start)?.ends_with(|c: char| c.is_alphanumeric());
        own.then_some(start)
    };
    found
        .filter_map(|(bound, words)| Some((words.len(), bound, ends(words)?)))
        .max_by_key(|(length, _, _)| *length)
        .map(|(_, bound, start)| (bound, start))
}

/// The sizes that match this one, in millimetres.
fn range(text: &str, size: Size) -> Range<f32> {
    let millimetres = size.longest_mm;
    // The next larger number separates what a bound includes from what it excludes.
    match bound(text, size.span.range().start).map(|(bound, _)| bound) {
        Some(Bound::AtLeast) => millimetres..f32::INFINITY,
        Some(Bound::Above) => millimetres.next_up()..f32::INFINITY,
        Some(Bound::AtMost) => 0.0..millimetres.next_up(),
        Some(Bound::Below) => 0.0..whole_bound(millimetres),
        // "Subcentimeter" is a bound in itself.
        None if text[size.span.range()].starts_with(['s', 'S']) => 0.0..whole_bound(millimetres),
        None => millimetres * ABOUT.start..millimetres * ABOUT.end,
    }
}

/// Rounds a bound that was read as just below it: 2.99 becomes 3, to a tenth of a millimetre.
fn whole_bound(millimetres: f32) -> f32 {
    (millimetres * 10.0).ceil() / 10.0
}

/// The words of a query that ask for details, including those of bounds on sizes.
pub(super) fn spans(reader: &ReportReader, text: &str) -> Vec<Span> {
    let widened = |span: Span| match bound(text, span.range().start) {
        Some((_, start)) if text[span.range()].starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            Span::new(start..span.range().end)
        }
        _ => span,
    };
    reader.details(text).into_iter().map(widened).collect()
}

/// Words that lead to what an operation left behind: "s/p CABG", "status post mastectomy", "after lobectomy".
const LEADING: [&str; 12] =
    ["post", "status", "s", "p", "sp", "after", "prior", "previous", "history", "hx", "of", "old"];

/// Words that only connect others. In a sentence that names a finding they are not searched: they occur in most reports, and most
/// often in long ones.
const FUNCTION_WORDS: [&str; 19] = [
    "a", "an", "the", "in", "of", "on", "at", "to", "with", "and", "or", "for", "from", "by", "is", "are",
    "was", "there", "since",
];

/// The function words in a span of the text.
pub(super) fn function_words(text: &str, span: Span) -> Vec<Span> {
    let mut start = span.range().start;
    let inside = text.get(span.range()).unwrap_or_default();
    let mut found = Vec::new();
    for piece in inside.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        if FUNCTION_WORDS.iter().any(|function| word.eq_ignore_ascii_case(function)) {
            found.push(Span::new(start..start + word.len()));
        }
        start += piece.len();
    }
    found
}

/// Whether a patient who once had the finding still has it.
pub(super) fn is_lasting(lexicon: &Lexicon, mention: &Mention) -> bool {
    lexicon.findings().any(|finding| finding.lasting && *finding.id == *mention.finding)
}

/// The words directly before a mention that only lead to it.
pub(super) fn leading(text: &str, mention: &Mention) -> Option<Span> {
    let mention_start = mention.span.range().start;
    let mut start = mention_start;
    while let Some(before) = text.get(..start) {
        let trimmed = before.trim_end_matches(|c: char| !c.is_alphanumeric());
        let word_start = trimmed
            .rfind(|c: char| !c.is_alphanumeric())
            .map_or(0, |at| at + trimmed[at..].chars().next().map_or(0, char::len_utf8));
        let word = &trimmed[word_start..];
        if !LEADING.iter().any(|leading| word.eq_ignore_ascii_case(leading)) {
            break;
        }
        start = word_start;
    }
    (start < mention_start).then(|| Span::new(start..mention_start))
}

#[cfg(test)]
mod tests {
    use super::super::understand;
    use super::*;

    /// Checks the details of the first finding, written as `weight[term=fit ...]`.
    fn check(text: &str, expected: &[&str]) {
        let asked = understand(&ReportReader::new(Lexicon::bundled()), text);
        let show = |detail: &AskedDetail| {
            let terms = detail.terms.iter().map(|(term, fit)| {
                let name = match term {
                    DetailTerm::Side(side) => side.map_or("unsaid", Laterality::name).to_owned(),
                    DetailTerm::Larger(side) => format!("larger {}", side.name()),
                    DetailTerm::Place(id) | DetailTerm::Severity(id) | DetailTerm::Time(id) => id.to_string(),
                    DetailTerm::SidePlace(side, id) => format!("{}+{id}", side.name()),
                    DetailTerm::Size(step) => format!("{step}mm"),
                };
                format!("{name}={fit:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
            });
            format!("{}[{}]", detail.weight, terms.collect::<Vec<_>>().join(" "))
        };
        let shown: Vec<String> = asked.findings[0].details.iter().map(show).collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn side_place_and_severity_are_asked_of_one_mention() {
        check("pneumothorax", &[]);
        check("left pneumothorax", &["2[left=1 bilateral=0.9 unsaid=0.12]"]);
        check("effusions larger on the left", &["2[bilateral=1 left=0.2 right=0.2]", "2[larger left=1]"]);
        check("bilateral effusions", &["2[bilateral=1 left=0.2 right=0.2]"]);
        check(
            "small left apical pneumothorax",
            &[
                "2[left=1 bilateral=0.9 unsaid=0.12]",
                "1[left+apex=1 left+upper=0.4 bilateral+apex=0.9 bilateral+upper=0.36]",
                "2[apex=1 upper=0.4]",
                "1[mild=1 minimal=1]",
            ],
        );
    }

    #[test]
    fn sizes_are_bounds_or_about_so_large() {
        check("nodule > 100 mm", &["2[100mm=0.5 150mm=1]"]);
        check("nodule at least 10 cm", &["2[100mm=1 150mm=1]"]);
        check("nodule < 3 mm", &["2[0mm=1 2mm=1]"]);
        check("nodule under 3 mm", &["2[0mm=1 2mm=1]"]);
        let small = ["2[0mm=1 2mm=1 3mm=1 4mm=1 5mm=1 6mm=1 7mm=1 8mm=1 9mm=1]"];
        check("subcentimeter nodule", &small);
        check("8 mm nodule", &["2[6mm=1 7mm=1 8mm=1 9mm=1 10mm=0.5]"]);
        assert_eq!(bound("leftover 5 mm", 9), None, "a word of its own");
    }

    #[test]
    fn words_that_only_join_are_not_searched_beside_a_finding() {
        let leading = |text: &str| understand(&ReportReader::new(Lexicon::bundled()), text).leading.len();
        assert_eq!(leading("airspace disease in the lingula"), 2);
        assert_eq!(leading("the zebra in the room"), 0, "without a finding the words are all there is");
    }

    #[test]
    fn words_that_lead_to_an_operation_are_not_searched() {
        let leading = |text: &str| -> Vec<String> {
            let asked = understand(&ReportReader::new(Lexicon::bundled()), text);
            let words = asked.leading.iter().map(|span| text[span.range()].trim().to_owned());
            words.filter(|words| words != "of").collect()
        };
        assert_eq!(leading("cardiomegaly post CABG"), ["post"]);
        assert_eq!(leading("s/p mastectomy"), ["s/p"]);
        assert_eq!(leading("History of mastectomy"), ["History of"]);
        assert!(leading("post obstructive pneumonia").is_empty(), "a pneumonia does not last");
        assert!(leading("mastectomy").is_empty());
    }

    #[test]
    fn words_of_details_and_bounds_are_spans() {
        let text = "nodule larger than 2 cm in the left lower lobe";
        let spans = spans(&ReportReader::new(Lexicon::bundled()), text);
        let words: Vec<&str> = spans.iter().map(|span| &text[span.range()]).collect();
        assert_eq!(words, ["larger than 2 cm", "left", "lower lobe"]);
    }
}
