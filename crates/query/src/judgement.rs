//! What the neighbours of a query image say together, and why that may be missing.

use precedent_model::{FindingId, Projection};
use std::fmt;
use std::sync::Arc;

/// Neighbours that vote unless the request says how many.
pub const DEFAULT_NEIGHBOURS: usize = 30;
/// Most neighbours that vote.
pub const MAX_NEIGHBOURS: usize = 100;
/// The rate of false alarms unless the request gives one.
pub const DEFAULT_FALSE_ALARM_RATE: f64 = 0.05;
/// The lowest and the highest rate of false alarms.
pub const FALSE_ALARM_RATES: [f64; 2] = [0.005, 0.5];

/// Whether the neighbours of a query are to vote, and what speaks against them is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Judgement {
    /// Where the request has images, or what they became.
    #[default]
    Auto,
    /// No.
    Off,
    /// Yes, by so many neighbours.
    By(usize),
}

/// What the nearest cases say of each finding: one case per patient, weighted by similarity, held against the archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Consensus {
    /// The findings that are present or uncertain in any neighbour, those of the greatest share first.
    pub votes: Vec<FindingVote>,
    /// How many such findings there are beyond these.
    pub more_findings: usize,
    /// How many cases vote, each of another patient.
    pub neighbours: usize,
    /// How many patients of equal weight would say as much (Kish's effective sample size).
    pub effective_patients: f64,
    /// Live cases whose report was read: what base rates are shares of.
    pub reported_cases: usize,
    /// What the calibrated shares were fitted on; `None` where votes have none, and the plan says why.
    pub calibration: Option<Calibration>,
}

/// How shares among neighbours become calibrated shares: `log odds = constant + by_share * ln(share) - by_rest * ln(1 - share) +
/// by_base_rate * log odds(base rate)`, fitted on cases of the archive, each asked with as if it were new, without its patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Cases that were asked with.
    pub cases: usize,
    /// Shares of findings that were held against the reports of these cases.
    pub shares: usize,
    /// The generation in which that was done.
    pub generation: u64,
    /// What is added whatever the share.
    pub constant: f64,
    /// How much the share counts.
    pub by_share: f64,
    /// How much the rest counts, those without the finding.
    pub by_rest: f64,
    /// How much the base rate counts.
    pub by_base_rate: f64,
}

/// A share that is to be read as how often reports say so where neighbours said as much, and where its interval ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibratedShare {
    /// The share of cases like this one whose report has the finding; one that is uncertain counts half.
    pub share: f64,
    /// Where the interval of the share among neighbours begins, calibrated in the same way.
    pub lower: f64,
    /// Where it ends.
    pub upper: f64,
}

/// What the neighbours say of one finding. A finding stands for its kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingVote {
    /// Its id in the lexicon.
    pub finding: FindingId,
    /// Its name.
    pub name: String,
    /// Neighbours whose report says that it is there.
    pub present: usize,
    /// Neighbours whose report says that it may be there.
    pub uncertain: usize,
    /// Neighbours whose report denies it, or what it is a kind of.
    pub absent: usize,
    /// The other neighbours.
    pub unmentioned: usize,
    /// The weighted share of neighbours that have it, drawn towards the base rate; an uncertain one counts half.
    pub share: f64,
    /// Where the 95 % interval of the share begins.
    pub lower: f64,
    /// Where it ends.
    pub upper: f64,
    /// The share of all live cases with a report that have it, counted in the same way.
    pub base_rate: f64,
    /// The share as the archive's own cases correct it; `None` as [`Consensus::calibration`] is.
    pub calibrated: Option<CalibratedShare>,
    /// How severe it is in the neighbours that have it, where their reports grade it.
    pub grades: Option<Grades>,
}

impl FindingVote {
    /// How many times as common it is among the neighbours as in the archive; `None` where the archive has none.
    pub fn lift(&self) -> Option<f64> {
        (self.base_rate > 0.0).then(|| self.share / self.base_rate)
    }
}

/// The grades of a finding among the neighbours that are graded.
#[derive(Debug, Clone, PartialEq)]
pub struct Grades {
    /// The weighted median, as an index into `shares`: half of the weight has this grade or less.
    pub median: usize,
    /// Every grade that a neighbour has, the least severe first.
    pub shares: Vec<GradeShare>,
}

/// One grade of a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct GradeShare {
    /// The id of a severity such as `mild`, or of a finding such as `pulmonary-edema-grade-2`.
    pub grade: Arc<str>,
    /// Its name.
    pub name: String,
    /// Neighbours of this grade.
    pub cases: usize,
    /// Their share of the weight of all neighbours that are graded.
    pub share: f64,
}

/// Whether the archive holds an adequate precedent: the best match of the query beside those of the archive's own images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Abstention {
    /// There is no adequate precedent: the p-value is not above the rate.
    pub abstains: bool,
    /// The share of the archive's own images, the query included, whose best match among other patients is no better; 0 where no
    /// case of like views is left to match.
    pub p_value: f64,
    /// The rate of false alarms asked for.
    pub rate: f64,
    /// The similarity of the best match, whatever filter and `before` leave out; `None` where there is no case of like views.
    pub similarity: Option<f32>,
    /// How many images of the archive it was compared with.
    pub background_images: usize,
    /// The projection of the query image and of those.
    pub projection: Option<Projection>,
}

/// A part of an answer that may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerPart {
    /// [`Consensus`].
    Consensus,
    /// What speaks against the consensus.
    Dissent,
    /// [`crate::Evidence`].
    Evidence,
    /// How evidence compares with other images of the archive: [`crate::AgainstBackground`].
    Background,
    /// [`Abstention`].
    Abstention,
    /// The channel `sentence`.
    Sentence,
    /// The rerank.
    Rerank,
    /// [`Consensus::calibration`], and the calibrated share of every vote.
    Calibration,
}

impl AnswerPart {
    /// Every part.
    pub const ALL: [Self; 8] = [
        Self::Consensus,
        Self::Dissent,
        Self::Evidence,
        Self::Background,
        Self::Abstention,
        Self::Sentence,
        Self::Rerank,
        Self::Calibration,
    ];

    /// The name in replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consensus => "consensus",
            Self::Dissent => "dissent",
            Self::Evidence => "evidence",
            Self::Background => "background",
            Self::Abstention => "abstention",
            Self::Sentence => "sentence",
            Self::Rerank => "rerank",
            Self::Calibration => "calibration",
        }
    }
}

/// Why a part of an answer is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnavailableReason {
    /// The request has no image, embedding or example to be near to.
    NoImageQuery,
    /// No case of like views near the query has a report.
    NoReports,
    /// A field of the index hides what reports say from filters.
    HiddenFindings,
    /// The request has no image whose parts were encoded.
    NoLocalQuery,
    /// The encoder has no vectors of parts and sentences that can be compared.
    NoLocalEncoder,
    /// The hits come without their reports.
    NoReportsAsked,
    /// Too few images of the archive have patches.
    FewPatches,
    /// Too few images of the archive, of like views, for the rate of false alarms.
    FewImages,
    /// No sentence of a report has a vector that can be compared.
    NoSentences,
    /// Too few cases of the archive, of like views and with a report, to fit anything on.
    FewReports,
    /// The neighbours are not simply the nearest cases by image, as those are that a calibration is fitted on.
    NotByImageAlone,
}

impl UnavailableReason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::NoImageQuery,
        Self::NoReports,
        Self::HiddenFindings,
        Self::NoLocalQuery,
        Self::NoLocalEncoder,
        Self::NoReportsAsked,
        Self::FewPatches,
        Self::FewImages,
        Self::NoSentences,
        Self::FewReports,
        Self::NotByImageAlone,
    ];

    /// The name in replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoImageQuery => "no-image-query",
            Self::NoReports => "no-reports",
            Self::HiddenFindings => "hidden-findings",
            Self::NoLocalQuery => "no-local-query",
            Self::NoLocalEncoder => "no-local-encoder",
            Self::NoReportsAsked => "no-reports-asked",
            Self::FewPatches => "few-patches",
            Self::FewImages => "few-images",
            Self::NoSentences => "no-sentences",
            Self::FewReports => "few-reports",
            Self::NotByImageAlone => "not-by-image-alone",
        }
    }

    /// One sentence for a person.
    pub const fn description(self) -> &'static str {
        match self {
            Self::NoImageQuery => {
                "the search is not by image; give an image, an embedding or an example case, with an image weight above 0"
            }
            Self::NoReports => "none of the nearest cases of like views has a report",
            Self::HiddenFindings => {
                "the index has a field of its own named as a column of findings, so filters cannot ask what reports say; \
                 rename the field"
            }
            Self::NoLocalQuery => {
                "the request has no image of which the parts were encoded; send an image, or encoded_images as an answer \
                 returned them"
            }
            Self::NoLocalEncoder => {
                "this process has no encoder for the index whose patches and sentences have vectors of at most 128 numbers in \
                 one space; open the index with such an encoder"
            }
            Self::NoReportsAsked => "the hits come without their reports; leave `detail` out",
            Self::FewPatches => {
                "fewer than 32 images of the archive have patches; ingest image files again to get them"
            }
            Self::FewImages => {
                "the archive has fewer images of like views, with others to match, than the rate of false alarms needs (19 for 0.05); \
                 ingest more, or allow a higher rate"
            }
            Self::NoSentences => {
                "no report of the archive has a sentence with a vector that the query's parts can be compared with; ingest the reports again \
                 into an index made for the encoder"
            }
            Self::FewReports => {
                "the archive has fewer than 50 cases of like views with a report and neighbours, or their reports say too little alike, so \
                 that shares cannot be calibrated; ingest more reports"
            }
            Self::NotByImageAlone => {
                "shares are calibrated for the nearest cases by image; leave text, filter, least scores, the sentence channel and the rerank out"
            }
        }
    }
}

impl fmt::Display for UnavailableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

/// A part of an answer that was asked for and is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable {
    /// Which part.
    pub part: AnswerPart,
    /// Why.
    pub reason: UnavailableReason,
}
