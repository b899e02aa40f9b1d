//! The Open-i reports with their human labels.

use crate::{Problem, Slice};
use precedent_benches::labels::truths;
pub use precedent_benches::labels::{LABELS, LabelSet};
pub use precedent_benches::reports::openi_cases as all_cases;
use precedent_model::Case;
use std::path::Path;

/// Labels with fewer positives say too little for a mean over labels.
pub const FEWEST_POSITIVES: usize = 10;

/// A case with its human labels.
pub struct Labelled {
    pub case: Case,
    pub truth: LabelSet,
}

/// Every case of the gold standard that lies in the slice, in the order of the manifest, without its tags.
pub fn cases(data: &Path, slice: Option<Slice>) -> Result<Vec<Labelled>, Problem> {
    let truths = truths(&data.join("openi/negbio_gold_labels.csv"))?;
    let in_slice = |case: &Case| slice.is_none_or(|slice| slice.holds(case.id.as_str()));
    let cases = all_cases(data)?.into_iter().filter(in_slice);
    Ok(cases.filter_map(|case| truths.get(case.id.as_str()).map(|&truth| Labelled { truth, case })).collect())
}

/// The labels, by place, that have enough positives for a mean.
pub fn counted(cases: &[Labelled]) -> Vec<usize> {
    let positives = |label: usize| cases.iter().filter(|labelled| labelled.truth.has(label)).count();
    (0..LABELS.len()).filter(|&label| positives(label) >= FEWEST_POSITIVES).collect()
}
