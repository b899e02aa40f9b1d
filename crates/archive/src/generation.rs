//! One state of an archive, as searches see it.

use crate::{
    CaseEntry, CasePlace, Definition, Effort, IndexError, LocalVectors, NearestCase, RecallReport,
    SegmentPath, SegmentStats, SentenceTable, Stale, ValueCounts, VectorAccess,
};
use precedent_lexical::{Neighbour, Spelling, TextQuery};
use precedent_model::{Case, CaseId, PatientKey, Projection, Thumbnail};
use precedent_query::{Filter, LocalImage, PathChoice};
use precedent_report::ReportReader;
use precedent_vector::{ByteVector, Embedding};
use std::fmt::Debug;
use std::sync::Arc;

/// Called often by anything that may take long, which ends when this returns true.
pub type Stop<'a> = &'a dyn Fn() -> bool;

/// Which cases to select; all of them without a condition.
#[derive(Debug, Default)]
pub struct Conditions<'a> {
    /// All of these match.
    pub filters: Vec<&'a Filter>,
    /// The case may belong to this patient ([`PatientKey::may_be`]).
    pub patient: Option<&'a PatientKey>,
    /// The case cannot belong to any of these patients.
    pub not_patients: Vec<&'a PatientKey>,
    /// The case is none of these.
    pub without: &'a [CasePlace],
}

/// A request for the nearest cases.
#[derive(Debug, Clone, Copy)]
pub struct NearestTo<'a> {
    /// The vector to compare with.
    pub query: &'a Embedding,
    /// Number of cases wanted.
    pub k: usize,
    /// The effort to spend.
    pub effort: Effort,
    /// The search path to take.
    pub path: PathChoice,
    /// Only the order matters: distances may then be slightly off.
    pub order_alone: bool,
}

/// The nearest cases.
#[derive(Debug, Clone)]
pub struct Nearest {
    /// At most `k` cases, nearest first.
    pub cases: Vec<(CasePlace, NearestCase)>,
    /// Number of distances computed, from codes or exactly.
    pub visited: usize,
    /// How they were found; of several ways, the last in the order of [`SegmentPath`].
    pub path: SegmentPath,
    /// The measured share of the true nearest cases that this way finds; `None` if a search width was given.
    pub recall: Option<f32>,
}

/// The cases that match a text best.
#[derive(Debug, Clone)]
pub struct BestByText {
    /// At most `k` cases with their scores, best first; of equal scores, the earlier case first.
    pub cases: Vec<(CasePlace, f32)>,
    /// Number of cases scored.
    pub scored: usize,
}

/// One state of an archive. It never changes, so all answers come from the same cases.
pub trait Generation: Debug + Send + Sync {
    /// Its number; later generations have higher numbers.
    fn generation(&self) -> u64;

    /// The definition of the archive.
    fn definition(&self) -> &Definition;

    /// Number of cases.
    fn cases(&self) -> usize;

    /// The report reader with the current lexicon, for reports and queries.
    fn reader(&self) -> &Arc<ReportReader>;

    /// What was read with an earlier lexicon.
    fn stale(&self) -> Stale;

    /// Statistics of its parts.
    fn parts(&self) -> Vec<SegmentStats>;

    /// Number of cases whose vectors are searched this way, including deleted ones that still take up space.
    fn cases_with(&self, access: VectorAccess) -> usize;

    /// The cases that meet all conditions.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn select<'a>(
        &'a self,
        conditions: &Conditions<'_>,
        stop: Stop<'_>,
    ) -> Result<Box<dyn Selection + 'a>, IndexError>;

    /// Finds a case by its id.
    ///
    /// # Errors
    /// Damage.
    fn find(&self, id: &CaseId) -> Result<Option<CasePlace>, IndexError>;

    /// Announces which cases will be fetched soon.
    fn prefetch(&self, places: &[CasePlace]);

    /// A case as it was ingested, without its embeddings.
    ///
    /// # Errors
    /// Damage.
    fn case(&self, place: CasePlace) -> Result<Case, IndexError>;

    /// The same, without its report.
    ///
    /// # Errors
    /// Damage.
    fn case_without_report(&self, place: CasePlace) -> Result<Case, IndexError>;

    /// Only its id.
    ///
    /// # Errors
    /// Damage.
    fn case_id(&self, place: CasePlace) -> Result<CaseId, IndexError>;

    /// A case with all that is kept beside it, exactly as ingested.
    ///
    /// # Errors
    /// Damage.
    fn entry(&self, place: CasePlace) -> Result<CaseEntry, IndexError>;

    /// The local vectors of a case.
    ///
    /// # Errors
    /// Damage.
    fn local(&self, place: CasePlace) -> Result<LocalVectors, IndexError>;

    /// Only those of its images, by the index of the image.
    ///
    /// # Errors
    /// Damage.
    fn local_images(&self, place: CasePlace) -> Result<Vec<(usize, LocalImage)>, IndexError>;

    /// The vectors of sentences of its report, in the order asked; `None` for a text that has none.
    ///
    /// # Errors
    /// Damage.
    fn sentence_vectors(
        &self,
        place: CasePlace,
        sentences: &[&str],
    ) -> Result<Vec<Option<ByteVector>>, IndexError>;

    /// For each part of the archive, in the order of [`CasePlace::segment`], its sentences with vectors that are evidence of findings;
    /// `None` for a part without any.
    ///
    /// # Errors
    /// Damage.
    fn sentence_tables(&self) -> Result<Vec<Option<SentenceTable<'_>>>, IndexError>;

    /// The thumbnail of an image of a case, if there is one.
    ///
    /// # Errors
    /// Damage.
    fn thumbnail(&self, place: CasePlace, image: usize) -> Result<Option<Thumbnail>, IndexError>;

    /// The position of the case in the order of ingest, which breaks ties: the earlier case goes first.
    ///
    /// # Errors
    /// Damage.
    fn sequence(&self, place: CasePlace) -> Result<u64, IndexError>;

    /// A number that is equal for two cases whose folded patient ids are equal; `None` without a patient.
    ///
    /// # Errors
    /// Damage.
    fn patient_number(&self, place: CasePlace) -> Result<Option<u64>, IndexError>;

    /// Whether two cases may belong to the same patient ([`PatientKey::may_be`]).
    ///
    /// # Errors
    /// Damage.
    fn same_patient(&self, one: CasePlace, other: CasePlace) -> Result<bool, IndexError>;

    /// The distance of the case's nearest image to the query; `None` without an embedding.
    ///
    /// # Errors
    /// Damage.
    fn distance(&self, query: &Embedding, place: CasePlace) -> Result<Option<NearestCase>, IndexError>;

    /// Verifies that the vectors of a case about to be shown are still those ingested.
    ///
    /// # Errors
    /// Damage, if they are not.
    fn confirm_vectors(&self, place: CasePlace) -> Result<(), IndexError>;

    /// Whether some cases may have films of known projections, none of which is this one.
    ///
    /// # Errors
    /// Damage.
    fn has_other_projections(&self, projection: Projection) -> Result<bool, IndexError>;

    /// Whether a case has films of known projections, none of which is this one.
    ///
    /// # Errors
    /// Damage.
    fn is_of_other_projections(&self, place: CasePlace, projection: Projection) -> Result<bool, IndexError>;

    /// The scores of these cases for a text, as in [`Selection::best_by_text`]; `None` for a case that does not match.
    ///
    /// # Errors
    /// Damage.
    fn text_scores(&self, text: &TextQuery, places: &[CasePlace]) -> Result<Vec<Option<f32>>, IndexError>;

    /// Whether any report contains a word.
    fn has_words(&self) -> bool;

    /// Whether a report contains a word, with any ending.
    ///
    /// # Errors
    /// Damage.
    fn knows_word(&self, word: &str) -> Result<bool, IndexError>;

    /// Words of the reports with a similar spelling, nearest first, then most frequent first. Some may occur in deleted reports
    /// only.
    ///
    /// # Errors
    /// Damage.
    fn words_like(&self, spelling: &Spelling) -> Result<Vec<Neighbour>, IndexError>;

    /// Measures whether vector searches keep the promised recall, with up to `sample` cases as queries. `progress` gets the
    /// number of queries done and in all.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn check_recall(
        &self,
        sample: usize,
        progress: &dyn Fn(usize, usize),
        stop: Stop<'_>,
    ) -> Result<RecallReport, IndexError>;
}

/// A set of cases of one generation, in which to look for candidates.
pub trait Selection {
    /// Number of cases.
    fn count(&self) -> usize;

    /// Number of cases with an embedding.
    ///
    /// # Errors
    /// Damage.
    fn count_embedded(&self) -> Result<usize, IndexError>;

    /// All cases, in no particular order.
    fn places(&self) -> Box<dyn Iterator<Item = CasePlace> + '_>;

    /// Splits the cases into those that may be of a projection and those known to be of others only. A search asks once per
    /// projection and keeps both parts.
    ///
    /// # Errors
    /// Damage.
    fn split(&self, projection: Projection) -> Result<[Box<dyn Selection + '_>; 2], IndexError>;

    /// The cases nearest to a vector, in the order of exact distances; of equal distances, the earlier case first.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn nearest(&self, to: &NearestTo<'_>, stop: Stop<'_>) -> Result<Nearest, IndexError>;

    /// The `k` cases that match a text best.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn best_by_text(&self, text: &TextQuery, k: usize, stop: Stop<'_>) -> Result<BestByText, IndexError>;

    /// Calls `show` with every case that scores at least `least` for a text, and its score.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn each_by_text(
        &self,
        text: &TextQuery,
        least: f32,
        show: &mut dyn FnMut(CasePlace, f32),
        stop: Stop<'_>,
    ) -> Result<(), IndexError>;

    /// All cases by a date field, latest first, then in the order of ingest; those without a date come last. Each is determined
    /// only when the iterator reaches it.
    ///
    /// # Errors
    /// Damage.
    fn latest_first(
        &self,
        field: &str,
    ) -> Result<Box<dyn Iterator<Item = Result<CasePlace, IndexError>> + '_>, IndexError>;

    /// How many cases have each value of a field or findings column; the `most` most frequent values.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn count_values(&self, field: &str, most: usize, stop: Stop<'_>) -> Result<ValueCounts, IndexError>;
}
