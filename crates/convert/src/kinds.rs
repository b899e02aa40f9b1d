//! Kinds, codes and names: an enum of the domain for each of the protocol.

use precedent_engine::CaseWarningCode;
use precedent_model::{Assertion, FieldKind, Laterality, Projection, SectionKind};
use precedent_query::{AnswerPart, Channel, UnavailableReason, VectorPath, WarningCode};
use precedent_vector::Metric;
use precedent_wire::v1;

/// A part of a report.
pub fn section(kind: SectionKind) -> v1::SectionKind {
    match kind {
        SectionKind::Indication => v1::SectionKind::Indication,
        SectionKind::Comparison => v1::SectionKind::Comparison,
        SectionKind::Technique => v1::SectionKind::Technique,
        SectionKind::Findings => v1::SectionKind::Findings,
        SectionKind::Impression => v1::SectionKind::Impression,
        SectionKind::Body => v1::SectionKind::Body,
    }
}

/// A part of a report as it came in; `None` if it was not said.
pub fn section_of(kind: v1::SectionKind) -> Option<SectionKind> {
    Some(match kind {
        v1::SectionKind::Unspecified => return None,
        v1::SectionKind::Indication => SectionKind::Indication,
        v1::SectionKind::Comparison => SectionKind::Comparison,
        v1::SectionKind::Technique => SectionKind::Technique,
        v1::SectionKind::Findings => SectionKind::Findings,
        v1::SectionKind::Impression => SectionKind::Impression,
        v1::SectionKind::Body => SectionKind::Body,
    })
}

/// What a report says about a statement.
pub fn assertion(said: Option<Assertion>) -> v1::Assertion {
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

/// A side of the body.
pub fn side(said: Option<Laterality>) -> v1::Side {
    match said {
        None => v1::Side::Unspecified,
        Some(Laterality::Left) => v1::Side::Left,
        Some(Laterality::Right) => v1::Side::Right,
        Some(Laterality::Bilateral) => v1::Side::Bilateral,
    }
}

/// From where a film was taken.
pub fn projection(projection: Projection) -> v1::Projection {
    match projection {
        Projection::Frontal => v1::Projection::Frontal,
        Projection::Lateral => v1::Projection::Lateral,
        Projection::Oblique => v1::Projection::Oblique,
        Projection::Decubitus => v1::Projection::Decubitus,
    }
}

/// What a field holds.
pub fn field(kind: FieldKind) -> v1::FieldKind {
    match kind {
        FieldKind::Keyword => v1::FieldKind::Keyword,
        FieldKind::Keywords => v1::FieldKind::Keywords,
        FieldKind::Integer => v1::FieldKind::Integer,
        FieldKind::Number => v1::FieldKind::Number,
        FieldKind::Date => v1::FieldKind::Date,
    }
}

/// How near two embeddings are.
pub fn metric(metric: Metric) -> v1::Metric {
    match metric {
        Metric::Cosine => v1::Metric::Cosine,
        Metric::Dot => v1::Metric::DotProduct,
        Metric::L2 => v1::Metric::L2Distance,
    }
}

/// A source of candidates.
pub fn channel(channel: Channel) -> v1::Channel {
    match channel {
        Channel::Image => v1::Channel::Image,
        Channel::Lexical => v1::Channel::Lexical,
        Channel::Sentence => v1::Channel::Sentence,
    }
}

/// How the image channel searched.
pub fn path(taken: Option<VectorPath>) -> v1::TakenPath {
    match taken {
        None => v1::TakenPath::Unspecified,
        Some(VectorPath::Exact) => v1::TakenPath::Exact,
        Some(VectorPath::Codes) => v1::TakenPath::Codes,
        Some(VectorPath::Graph) => v1::TakenPath::Graph,
        Some(VectorPath::FilteredGraph) => v1::TakenPath::FilteredGraph,
    }
}

/// What a warning about a search is about.
pub fn warning(code: WarningCode) -> v1::WarningCode {
    match code {
        WarningCode::NoPatient => v1::WarningCode::NoPatient,
        WarningCode::PlaceholderPatient => v1::WarningCode::PlaceholderPatient,
        WarningCode::DemoEncoder => v1::WarningCode::DemoEncoder,
        WarningCode::Spelling => v1::WarningCode::Spelling,
        WarningCode::UnknownWord => v1::WarningCode::UnknownWord,
        WarningCode::UnplacedImageText => v1::WarningCode::UnplacedImageText,
        WarningCode::NothingToSearch => v1::WarningCode::NothingToSearch,
        WarningCode::StaleLexicon => v1::WarningCode::StaleLexicon,
    }
}

/// A part of an answer that may be missing.
pub fn part(part: AnswerPart) -> v1::AnswerPart {
    match part {
        AnswerPart::Consensus => v1::AnswerPart::Consensus,
        AnswerPart::Dissent => v1::AnswerPart::Dissent,
        AnswerPart::Evidence => v1::AnswerPart::Evidence,
        AnswerPart::Background => v1::AnswerPart::Background,
        AnswerPart::Abstention => v1::AnswerPart::Abstention,
        AnswerPart::Sentence => v1::AnswerPart::Sentence,
        AnswerPart::Rerank => v1::AnswerPart::Rerank,
        AnswerPart::Calibration => v1::AnswerPart::Calibration,
    }
}

/// Why it is missing.
pub fn reason(reason: UnavailableReason) -> v1::UnavailableReason {
    match reason {
        UnavailableReason::NoImageQuery => v1::UnavailableReason::NoImageQuery,
        UnavailableReason::NoReports => v1::UnavailableReason::NoReports,
        UnavailableReason::HiddenFindings => v1::UnavailableReason::HiddenFindings,
        UnavailableReason::NoLocalQuery => v1::UnavailableReason::NoLocalQuery,
        UnavailableReason::NoLocalEncoder => v1::UnavailableReason::NoLocalEncoder,
        UnavailableReason::NoReportsAsked => v1::UnavailableReason::NoReportsAsked,
        UnavailableReason::FewPatches => v1::UnavailableReason::FewPatches,
        UnavailableReason::FewImages => v1::UnavailableReason::FewImages,
        UnavailableReason::NoSentences => v1::UnavailableReason::NoSentences,
        UnavailableReason::FewReports => v1::UnavailableReason::FewReports,
        UnavailableReason::NotByImageAlone => v1::UnavailableReason::NotByImageAlone,
    }
}

/// What a warning about a case is about.
pub fn case_warning(code: CaseWarningCode) -> v1::CaseWarningCode {
    match code {
        CaseWarningCode::PlaceholderPatient => v1::CaseWarningCode::PlaceholderPatient,
        CaseWarningCode::PlaceholderIssuer => v1::CaseWarningCode::PlaceholderIssuer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The domain's names and the protocol's are the same words.
    fn check(prefix: &str, pairs: impl IntoIterator<Item = (&'static str, &'static str)>) {
        for (name, wire) in pairs {
            let name = name.replace('-', "_").to_uppercase();
            assert_eq!(wire, format!("{prefix}_{name}"));
        }
    }

    #[test]
    fn every_kind_has_its_own_name_in_the_protocol() {
        check("SECTION_KIND", SectionKind::ALL.map(|kind| (kind.name(), section(kind).as_str_name())));
        check("ASSERTION", Assertion::ALL.map(|said| (said.name(), assertion(Some(said)).as_str_name())));
        check("PROJECTION", Projection::ALL.map(|of| (of.name(), projection(of).as_str_name())));
        check("WARNING_CODE", WarningCode::ALL.map(|code| (code.name(), warning(code).as_str_name())));
        check("ANSWER_PART", AnswerPart::ALL.map(|of| (of.name(), part(of).as_str_name())));
        let reasons = UnavailableReason::ALL.map(|why| (why.name(), reason(why).as_str_name()));
        check("UNAVAILABLE_REASON", reasons);
        let fields =
            [FieldKind::Keyword, FieldKind::Keywords, FieldKind::Integer, FieldKind::Number, FieldKind::Date];
        check("FIELD_KIND", fields.map(|kind| (kind.name(), field(kind).as_str_name())));
        let channels = [Channel::Image, Channel::Lexical, Channel::Sentence];
        check("CHANNEL", channels.map(|of| (of.name(), channel(of).as_str_name())));
        let paths = [VectorPath::Exact, VectorPath::Codes, VectorPath::Graph, VectorPath::FilteredGraph];
        check("TAKEN_PATH", paths.map(|taken| (taken.name(), path(Some(taken)).as_str_name())));
    }

    #[test]
    fn a_section_returns_as_it_came() {
        for kind in SectionKind::ALL {
            assert_eq!(section_of(section(kind)), Some(kind));
        }
        assert_eq!(section_of(v1::SectionKind::Unspecified), None);
    }
}
