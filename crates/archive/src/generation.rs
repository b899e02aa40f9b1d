//! One state of an archive, as searches see it.

use crate::{
    CaseEntry, CasePlace, Definition, Effort, IndexError, NearestCase, RecallReport, SegmentPath,
    SegmentStats, Stale, ValueCounts, VectorAccess,
};
use precedent_lexical::{Neighbour, Spelling, TextQuery};
use precedent_model::{Case, CaseId, PatientKey, Projection};
use precedent_query::{Filter, PathChoice};
use precedent_report::ReportReader;
use precedent_vector::Embedding;
use std::fmt::Debug;
use std::sync::Arc;

/// Asked often by what may take long; ends it when it says so.
pub type Stop<'a> = &'a dyn Fn() -> bool;

/// Which cases are asked for; all without a condition.
#[derive(Debug, Default)]
pub struct Conditions<'a> {
    /// All of them are true.
    pub filters: Vec<&'a Filter>,
    /// The case may be this patient's ([`PatientKey::may_be`]).
    pub patient: Option<&'a PatientKey>,
    /// The case cannot be any of these patients'.
    pub not_patients: Vec<&'a PatientKey>,
    /// The case is none of these.
    pub without: &'a [CasePlace],
}

/// What the nearest cases are asked for by.
#[derive(Debug, Clone, Copy)]
pub struct NearestTo<'a> {
    /// What they are near to.
    pub query: &'a Embedding,
    /// How many are wanted.
    pub k: usize,
    /// What may be spent on them.
    pub effort: Effort,
    /// Which way is taken.
    pub path: PathChoice,
    /// Whether the order alone is wanted: distances may then be off by a little.
    pub order_alone: bool,
}

/// The nearest cases.
#[derive(Debug, Clone)]
pub struct Nearest {
    /// At most as many as were wanted, nearest first.
    pub cases: Vec<(CasePlace, NearestCase)>,
    /// Distances computed, by code or exactly.
    pub visited: usize,
    /// How they were found; of several ways the last in the order of [`SegmentPath`].
    pub path: SegmentPath,
    /// The share of the nearest that was measured to be found this way; none where a width was asked for.
    pub recall: Option<f32>,
}

/// The cases that hold best what a text asks for.
#[derive(Debug, Clone)]
pub struct BestByText {
    /// At most as many as were wanted, with their scores, best first; of equal scores the earlier case.
    pub cases: Vec<(CasePlace, f32)>,
    /// Cases that were looked at.
    pub scored: usize,
}

/// One state of an archive. It never changes, and everything asked of it is answered from the same cases.
pub trait Generation: Debug + Send + Sync {
    /// Its number; later generations have greater ones.
    fn generation(&self) -> u64;

    /// What the archive is made for.
    fn definition(&self) -> &Definition;

    /// Its cases.
    fn cases(&self) -> usize;

    /// Reads reports, and queries, by the lexicon of now.
    fn reader(&self) -> &Arc<ReportReader>;

    /// What was read by another lexicon.
    fn stale(&self) -> Stale;

    /// Figures of the parts that it is made of.
    fn parts(&self) -> Vec<SegmentStats>;

    /// Cases whose vectors are found in a way, deleted ones that still take room included.
    fn cases_with(&self, access: VectorAccess) -> usize;

    /// The cases that fulfil all conditions.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn select<'a>(
        &'a self,
        conditions: &Conditions<'_>,
        stop: Stop<'_>,
    ) -> Result<Box<dyn Selection + 'a>, IndexError>;

    /// Where the case of an id lies.
    ///
    /// # Errors
    /// Damage.
    fn find(&self, id: &CaseId) -> Result<Option<CasePlace>, IndexError>;

    /// Says which cases will be fetched soon.
    fn prefetch(&self, places: &[CasePlace]);

    /// A case as it was ingested, without its embeddings.
    ///
    /// # Errors
    /// Damage.
    fn case(&self, place: CasePlace) -> Result<Case, IndexError>;

    /// The same without its report.
    ///
    /// # Errors
    /// Damage.
    fn case_without_report(&self, place: CasePlace) -> Result<Case, IndexError>;

    /// The id alone.
    ///
    /// # Errors
    /// Damage.
    fn case_id(&self, place: CasePlace) -> Result<CaseId, IndexError>;

    /// A case with its embeddings, bit by bit as they were ingested.
    ///
    /// # Errors
    /// Damage.
    fn entry(&self, place: CasePlace) -> Result<CaseEntry, IndexError>;

    /// The place of the case in the order of ingest, which breaks ties: the earlier case goes first.
    ///
    /// # Errors
    /// Damage.
    fn sequence(&self, place: CasePlace) -> Result<u64, IndexError>;

    /// A number that two cases share if their patient ids are equal folded; `None` without a patient.
    ///
    /// # Errors
    /// Damage.
    fn patient_number(&self, place: CasePlace) -> Result<Option<u64>, IndexError>;

    /// Whether two cases may be of one patient ([`PatientKey::may_be`]).
    ///
    /// # Errors
    /// Damage.
    fn same_patient(&self, one: CasePlace, other: CasePlace) -> Result<bool, IndexError>;

    /// How near a case is to the query, by its nearest image; `None` without an embedding.
    ///
    /// # Errors
    /// Damage.
    fn distance(&self, query: &Embedding, place: CasePlace) -> Result<Option<NearestCase>, IndexError>;

    /// Whether the vectors of a case that is to be shown are still those that were ingested.
    ///
    /// # Errors
    /// Damage, if they are not.
    fn confirm_vectors(&self, place: CasePlace) -> Result<(), IndexError>;

    /// Whether there may be cases that have films of known projections, none of them this one.
    ///
    /// # Errors
    /// Damage.
    fn has_other_projections(&self, projection: Projection) -> Result<bool, IndexError>;

    /// Whether a case has films of known projections, none of them this one.
    ///
    /// # Errors
    /// Damage.
    fn is_of_other_projections(&self, place: CasePlace, projection: Projection) -> Result<bool, IndexError>;

    /// The scores of cases by a text, as [`Selection::best_by_text`] gives them; `None` for one that does not hold what it asks for.
    ///
    /// # Errors
    /// Damage.
    fn text_scores(&self, text: &TextQuery, places: &[CasePlace]) -> Result<Vec<Option<f32>>, IndexError>;

    /// Whether any report has a word.
    fn has_words(&self) -> bool;

    /// Whether a report holds a word, under whatever ending.
    ///
    /// # Errors
    /// Damage.
    fn knows_word(&self, word: &str) -> Result<bool, IndexError>;

    /// Words of the reports that are spelt much like another, the nearest first, of those the commonest first. Some may be of
    /// deleted reports.
    ///
    /// # Errors
    /// Damage.
    fn words_like(&self, spelling: &Spelling) -> Result<Vec<Neighbour>, IndexError>;

    /// Measures whether searches by embedding keep the promised recall, with up to `sample` cases as queries. `progress` gets
    /// queries done and in all.
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

/// Some cases of a generation, among which it is looked for candidates.
pub trait Selection {
    /// How many there are.
    fn count(&self) -> usize;

    /// How many of them have an embedding.
    ///
    /// # Errors
    /// Damage.
    fn count_embedded(&self) -> Result<usize, IndexError>;

    /// All of them, in no particular order.
    fn places(&self) -> Box<dyn Iterator<Item = CasePlace> + '_>;

    /// Splits them into those that may be of a projection and those known to be of others only. A search asks once per projection
    /// and keeps both.
    ///
    /// # Errors
    /// Damage.
    fn split(&self, projection: Projection) -> Result<[Box<dyn Selection + '_>; 2], IndexError>;

    /// Those nearest to a vector, in the order of the distances of whole vectors; of equal distances the earlier case.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn nearest(&self, to: &NearestTo<'_>, stop: Stop<'_>) -> Result<Nearest, IndexError>;

    /// The `k` that hold best what a text asks for.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn best_by_text(&self, text: &TextQuery, k: usize, stop: Stop<'_>) -> Result<BestByText, IndexError>;

    /// Shows every one whose score by a text is at least `least`, with it.
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

    /// By a date field, the latest first, then as they were ingested; those without a date come last. Each is looked for when it
    /// is asked for.
    ///
    /// # Errors
    /// Damage.
    fn latest_first(
        &self,
        field: &str,
    ) -> Result<Box<dyn Iterator<Item = Result<CasePlace, IndexError>> + '_>, IndexError>;

    /// How many have each value of a field or column of findings; the `most` values of the most cases.
    ///
    /// # Errors
    /// [`IndexError::Stopped`], or damage.
    fn count_values(&self, field: &str, most: usize, stop: Stop<'_>) -> Result<ValueCounts, IndexError>;
}
