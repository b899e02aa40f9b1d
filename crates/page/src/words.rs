//! Numbers and enums as a person reads them.

use precedent_wire::v1;
use precedent_wire::v1::image_score::Measure;

/// 3196 as `3,196`.
pub(crate) fn count(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 case`, `3,196 cases`.
pub(crate) fn counted(number: impl Into<u64>, one: &str, many: &str) -> String {
    let number = number.into();
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A share as a whole number of percent, on one line. What is not nothing, or not all, is not said to be.
pub(crate) fn percent(share: f64) -> String {
    match 100.0 * share {
        few if few > 0.0 && few < 0.5 => "under 1\u{a0}%".to_owned(),
        most if (99.5..100.0).contains(&most) => "over 99\u{a0}%".to_owned(),
        other => format!("{other:.0}\u{a0}%"),
    }
}

/// The score of a hit in the image channel.
pub(crate) fn similarity(score: &v1::ImageScore) -> String {
    match score.measure {
        Some(Measure::Cosine(value)) => format!("cosine {value:.3}"),
        Some(Measure::DotProduct(value)) => format!("dot product {value:.3}"),
        Some(Measure::L2Distance(value)) => format!("distance {value:.3}"),
        None => "no measure".to_owned(),
    }
}

/// The name of a finding, from its id in the lexicon.
pub(crate) fn finding(id: &str) -> String {
    id.replace('-', " ")
}

/// What a part of a report is for.
pub(crate) fn section(kind: v1::SectionKind) -> &'static str {
    match kind {
        v1::SectionKind::Unspecified | v1::SectionKind::Body => "Report",
        v1::SectionKind::Indication => "Indication",
        v1::SectionKind::Comparison => "Comparison",
        v1::SectionKind::Technique => "Technique",
        v1::SectionKind::Findings => "Findings",
        v1::SectionKind::Impression => "Impression",
    }
}

/// What a report says of a finding.
pub(crate) fn assertion(said: v1::Assertion) -> &'static str {
    match said {
        v1::Assertion::Unspecified => "as written",
        v1::Assertion::Present => "present",
        v1::Assertion::Uncertain => "uncertain",
        v1::Assertion::Absent => "denied",
        v1::Assertion::Historical => "historical",
        v1::Assertion::Hypothetical => "hypothetical",
        v1::Assertion::OtherPerson => "of another person",
    }
}

/// From where an image was taken; empty if that is unknown.
pub(crate) fn projection(projection: v1::Projection) -> &'static str {
    match projection {
        v1::Projection::Unspecified => "",
        v1::Projection::Frontal => "frontal",
        v1::Projection::Lateral => "lateral",
        v1::Projection::Oblique => "oblique",
        v1::Projection::Decubitus => "decubitus",
    }
}

/// A part of an answer that may be missing.
pub(crate) fn part(part: v1::AnswerPart) -> &'static str {
    match part {
        v1::AnswerPart::Consensus => "Consensus",
        v1::AnswerPart::Dissent => "Cases that speak against it",
        v1::AnswerPart::Evidence => "Sentences and regions",
        v1::AnswerPart::Background => "Comparison of sentences with the archive",
        v1::AnswerPart::Abstention => "Whether there is a precedent",
        v1::AnswerPart::Sentence => "Ranking by sentences",
        v1::AnswerPart::Rerank => "New order of the first cases",
        v1::AnswerPart::Calibration => "Calibrated shares",
        v1::AnswerPart::Unspecified => "Part of the answer",
    }
}

/// Whole words with commas: `a`, `a and b`, `a, b and c`.
pub(crate) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A sentence of the service with its capital letter and full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let Some(first) = chars.next() else { return String::new() };
    let end = if text.trim().ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_are_read_aloud() {
        assert_eq!((count(7_u32), count(1_234_567_u64)), ("7".to_owned(), "1,234,567".to_owned()));
        assert_eq!(counted(1_u32, "case", "cases"), "1 case");
        assert_eq!(
            [0.0, 0.001, 0.5, 0.999, 1.0].map(percent),
            ["0 %", "under 1 %", "50 %", "over 99 %", "100 %"].map(|text| text.replace(" %", "\u{a0}%"))
        );
        let parts = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([list(&parts[..1]), list(&parts[..2]), list(&parts)], ["a", "a and b", "a, b and c"]);
        assert_eq!((sentence(" no patient"), sentence("")), ("No patient.".to_owned(), String::new()));
    }
}
