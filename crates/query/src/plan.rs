//! How an answer was computed.

use crate::{Channel, Fusion, Unavailable};
use precedent_model::{PartialDate, PatientKey, Projection, Span};
use std::fmt;
use std::time::Duration;

/// How the image channel searched a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorPath {
    /// Every selected case was compared.
    Exact,
    /// Every selected case was compared by a short code, and the best ones exactly.
    Codes,
    /// Graphs were walked; small segments without a graph were compared as a whole.
    Graph,
    /// Graphs were walked, and only selected cases were kept.
    FilteredGraph,
}

impl VectorPath {
    /// The name in responses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Codes => "codes",
            Self::Graph => "graph",
            Self::FilteredGraph => "filtered-graph",
        }
    }
}

/// What one channel did.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelPlan {
    /// Which channel.
    pub channel: Channel,
    /// The path taken; `None` for channels with a single path.
    pub path: Option<VectorPath>,
    /// Search width, if one was requested and a graph was walked.
    pub ef_search: Option<usize>,
    /// The measured share of the true nearest cases that this path finds; absent if the candidates are certainly the best, or if
    /// a width was requested.
    pub target_recall: Option<f32>,
    /// Distances computed, or documents scored.
    pub visited: usize,
    /// Number of cases put forward.
    pub candidates: usize,
    /// Whether the candidates are guaranteed to be the channel's best.
    pub exact: bool,
}

/// Wall-clock times of the steps of a search. If a step was repeated because the answer was not full yet, this is the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StepTimes {
    /// Checking the request, parsing its text and filter.
    pub admit: Duration,
    /// Encoding its images and image text.
    pub encode: Duration,
    /// Selecting the cases that pass the filter and the guards, and counting facets.
    pub filter: Duration,
    /// Ranking by the channel `image`.
    pub image: Duration,
    /// Ranking by the channel `lexical`.
    pub lexical: Duration,
    /// Comparing the parts of the query images with sentences, and ranking by that.
    pub sentence: Duration,
    /// Putting the first cases into their order by detail.
    pub rerank: Duration,
    /// Fusing the rankings, or sorting by date, and keeping one hit per patient.
    pub fusion: Duration,
    /// Fetching the cases of the page, with the scores of each channel and the highlights.
    pub fetch: Duration,
    /// Finding the sentences that fit the query image, and where.
    pub evidence: Duration,
    /// Letting neighbours vote, and finding what speaks against them.
    pub judge: Duration,
}

/// An unknown word in the request's text, and the word that was searched instead.
#[derive(Clone, PartialEq, Eq)]
pub struct Correction {
    /// The word in the request's text.
    pub span: Span,
    /// The word as typed.
    pub written: String,
    /// The word that was searched instead.
    pub searched: String,
}

/// Searched words may identify a person.
impl fmt::Debug for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Correction({} bytes hidden)", self.written.len() + self.searched.len())
    }
}

/// What a [`Warning`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningCode {
    /// No patient was named, so the hits may include the patient's own cases.
    NoPatient,
    /// The patient id in the guards is a placeholder.
    PlaceholderPatient,
    /// The encoder is a demo.
    DemoEncoder,
    /// Words were replaced by others.
    Spelling,
    /// Words that are unknown and resemble no known word.
    UnknownWord,
    /// The image text contains something that the encoder cannot represent.
    UnplacedImageText,
    /// The text has no word to search for.
    NothingToSearch,
    /// Some reports were read with an earlier lexicon, or with none.
    StaleLexicon,
}

impl WarningCode {
    /// All codes.
    pub const ALL: [Self; 8] = [
        Self::NoPatient,
        Self::PlaceholderPatient,
        Self::DemoEncoder,
        Self::Spelling,
        Self::UnknownWord,
        Self::UnplacedImageText,
        Self::NothingToSearch,
        Self::StaleLexicon,
    ];

    /// The name in responses and documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPatient => "NO_PATIENT",
            Self::PlaceholderPatient => "PLACEHOLDER_PATIENT",
            Self::DemoEncoder => "DEMO_ENCODER",
            Self::Spelling => "SPELLING",
            Self::UnknownWord => "UNKNOWN_WORD",
            Self::UnplacedImageText => "UNPLACED_IMAGE_TEXT",
            Self::NothingToSearch => "NOTHING_TO_SEARCH",
            Self::StaleLexicon => "STALE_LEXICON",
        }
    }
}

/// A warning for the caller, besides the hits. `Debug` hides the message, which may contain words of the request.
#[derive(Clone, PartialEq, Eq)]
pub struct Warning {
    /// What it is about.
    pub code: WarningCode,
    /// One sentence, for people.
    pub message: String,
}

impl fmt::Debug for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Warning({}, {} bytes hidden)", self.code.name(), self.message.len())
    }
}

/// A guard that was applied, and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied<T> {
    /// What was applied.
    pub value: T,
    /// The field of the request it came from: `guards.patient`, or `images[0].content` for the header of a file.
    pub source: String,
}

/// The guards that were applied: those of the request, completed from the headers of its images. `Debug` shows neither patient
/// nor date.
#[derive(Clone, PartialEq, Default)]
pub struct AppliedGuards {
    /// The patient whose cases were excluded, or included at the request's wish.
    pub patient: Option<Applied<PatientKey>>,
    /// Only cases that are certainly earlier than this date were included.
    pub before: Option<Applied<PartialDate>>,
    /// The patients of the example cases, whose cases were excluded as well.
    pub example_patients: Vec<PatientKey>,
}

impl fmt::Debug for AppliedGuards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppliedGuards")
            .field("patient", &self.patient.as_ref().map(|patient| &patient.source))
            .field("before", &self.before.as_ref().map(|before| &before.source))
            .field("example_patients", &self.example_patients.len())
            .finish()
    }
}

/// How an answer was computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What each channel did, in the order of the channels.
    pub channels: Vec<ChannelPlan>,
    /// The fusion parameters, with defaults filled in.
    pub fusion: Fusion,
    /// The guards that were applied.
    pub guards: AppliedGuards,
    /// The projections of the request's images, where known: cases of like views go first.
    pub views: Vec<Applied<Projection>>,
    /// Live cases in the generation.
    pub cases: usize,
    /// Cases that pass the filter and the guards.
    pub matches: usize,
    /// Whether the hits are guaranteed to be the best under these parameters.
    pub exact: bool,
    /// Replacements for unknown words, in the order of the text.
    pub corrections: Vec<Correction>,
    /// Further warnings.
    pub warnings: Vec<Warning>,
    /// What was asked for and is missing, and why.
    pub unavailable: Vec<Unavailable>,
    /// How many cases were put into their order by detail.
    pub reranked: usize,
    /// The time of each step.
    pub times: StepTimes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_words() {
        let (written, searched) = ("CANARY".to_owned(), "CANARY".to_owned());
        let correction = Correction { span: Span::new(0..6), written, searched };
        let warning = Warning { code: WarningCode::UnknownWord, message: "CANARY".to_owned() };
        for shown in [format!("{correction:?}"), format!("{warning:?}")] {
            assert!(!shown.contains("CANARY"), "{shown}");
        }
    }

    #[test]
    fn debug_shows_where_guards_come_from_and_not_what_they_are() {
        let source = || "images[0].content".to_owned();
        let guards = AppliedGuards {
            patient: PatientKey::new("CANARY", None).ok().map(|value| Applied { value, source: source() }),
            before: PartialDate::parse("before", "1987-06-05")
                .ok()
                .map(|value| Applied { value, source: source() }),
            example_patients: PatientKey::new("CANARY", None).into_iter().collect(),
        };
        let shown = format!("{guards:?}");
        assert!(shown.contains("images[0].content") && !shown.contains("CANARY") && !shown.contains("1987"));
    }
}
