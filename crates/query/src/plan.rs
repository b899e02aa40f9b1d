//! How an answer was found.

use crate::{Channel, Fusion};
use precedent_model::{PartialDate, PatientKey, Projection, Span};
use std::fmt;
use std::time::Duration;

/// How the image channel looked at a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorPath {
    /// Every case that passes was compared.
    Exact,
    /// Every case that passes was compared by a short code, and the best exactly.
    Codes,
    /// Graphs were walked; small segments without one were compared whole.
    Graph,
    /// Graphs were walked and only cases that pass the filter were kept.
    FilteredGraph,
}

impl VectorPath {
    /// The name in replies.
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
    /// How it looked; `None` for channels with one way only.
    pub path: Option<VectorPath>,
    /// Width of the walk, where one was asked for and a graph was walked.
    pub ef_search: Option<usize>,
    /// The share of the truly nearest that the way taken was measured to find, where the candidates may not be the best and no width was asked
    /// for.
    pub target_recall: Option<f32>,
    /// Distances computed, or documents scored.
    pub visited: usize,
    /// Cases put forward.
    pub candidates: usize,
    /// Whether the candidates are certainly the channel's best.
    pub exact: bool,
}

/// How long the steps of a search took, by the wall clock. A step that was gone through again, because the answer was not
/// full yet, counts with its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StepTimes {
    /// Checking the request, reading its text and filter.
    pub admit: Duration,
    /// Encoding its pictures and image text.
    pub encode: Duration,
    /// Finding the cases that pass filter and guards, and counting facets.
    pub filter: Duration,
    /// Ranking by the channel `image`.
    pub image: Duration,
    /// Ranking by the channel `lexical`.
    pub lexical: Duration,
    /// Joining the rankings, or ordering by date, and keeping one hit per patient.
    pub fusion: Duration,
    /// Fetching the cases of the page, with what the channels say of each and why its report matches.
    pub fetch: Duration,
}

/// A word of the request's text that nothing knew, with the word that was searched in its place.
#[derive(Clone, PartialEq, Eq)]
pub struct Correction {
    /// The word in the request's text.
    pub span: Span,
    /// As it stands there.
    pub written: String,
    /// What was searched instead.
    pub searched: String,
}

/// Words that were searched may lead to a person.
impl fmt::Debug for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Correction({} bytes hidden)", self.written.len() + self.searched.len())
    }
}

/// What a [`Warning`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningCode {
    /// No patient was named, so the patient's own cases may be among the hits.
    NoPatient,
    /// The patient of the guards is nobody's id.
    PlaceholderPatient,
    /// The encoder is a demonstration.
    DemoEncoder,
    /// Words were searched as others.
    Spelling,
    /// Words that nothing knows and nothing resembles.
    UnknownWord,
    /// The image text says something that the encoder cannot place.
    UnplacedImageText,
    /// The text has no word to search for.
    NothingToSearch,
    /// Reports were read by another lexicon or by none.
    StaleLexicon,
}

impl WarningCode {
    /// Every code.
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

    /// The name in replies and documents.
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

/// Something the caller should know beside the hits. `Debug` hides the message, which may hold words of the request.
#[derive(Clone, PartialEq, Eq)]
pub struct Warning {
    /// What it is about.
    pub code: WarningCode,
    /// One sentence for a person.
    pub message: String,
}

impl fmt::Debug for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Warning({}, {} bytes hidden)", self.code.name(), self.message.len())
    }
}

/// A guard that was applied, and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied<T> {
    /// What was applied.
    pub value: T,
    /// The field of the request that says so: `guards.patient`, or `images[0].content` for the header of a file.
    pub source: String,
}

/// The guards that were applied: those of the request, completed by what the headers of its images say. `Debug` shows neither
/// patient nor date.
#[derive(Clone, PartialEq, Default)]
pub struct AppliedGuards {
    /// Whose cases were left out, or let in because the request asks for that.
    pub patient: Option<Applied<PatientKey>>,
    /// Only cases certainly earlier than this date were let in.
    pub before: Option<Applied<PartialDate>>,
    /// The patients of the example cases, whose cases were left out, too.
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

/// How an answer was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What each channel did, in the order of the channels.
    pub channels: Vec<ChannelPlan>,
    /// The fusion that was applied, defaults filled in.
    pub fusion: Fusion,
    /// The guards that were applied.
    pub guards: AppliedGuards,
    /// The projections of the request's images, as far as they are known: cases of like views go first.
    pub views: Vec<Applied<Projection>>,
    /// Live cases in the snapshot.
    pub cases: usize,
    /// Cases that pass filter and guards.
    pub matches: usize,
    /// Whether the hits are certainly the best under these parameters.
    pub exact: bool,
    /// What was searched in place of words that nothing knew, in the order of the text.
    pub corrections: Vec<Correction>,
    /// What else the caller should know.
    pub warnings: Vec<Warning>,
    /// How long each step took.
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
