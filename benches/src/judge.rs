//! How much of the true answer is in one that was found fast.

use crate::archive::Question;
use precedent_engine::{EngineError, View};
use precedent_query::{Fusion, Guards, Limits, PathChoice, SearchRequest};
use std::collections::HashSet;

/// Share of the hits of `truth` that `found` has, too, over all questions; each is made of a question.
///
/// # Errors
/// What the engine refuses.
pub fn agreement(
    view: &View,
    questions: &[Question],
    found: impl Fn(&Question) -> SearchRequest,
    truth: impl Fn(&Question) -> SearchRequest,
) -> Result<f64, EngineError> {
    let names = |request: SearchRequest| -> Result<HashSet<String>, EngineError> {
        let hits = view.search(&request, &|| false)?.hits;
        Ok(hits.into_iter().map(|hit| hit.case.id.as_str().to_owned()).collect())
    };
    let (mut agreed, mut all) = (0, 0);
    for question in questions {
        let (found, truth) = (names(found(question))?, names(truth(question))?);
        agreed += truth.intersection(&found).count();
        all += truth.len();
    }
    Ok(share(agreed, all))
}

/// Recall of the image channel: of the `depth` nearest cases the share that it puts forward.
///
/// # Errors
/// What the engine refuses.
pub fn image_recall(
    view: &View,
    questions: &[Question],
    depth: usize,
    filtered: bool,
) -> Result<f64, EngineError> {
    let request = |question: &Question, path: PathChoice| SearchRequest {
        filter: filtered.then(|| question.filter.clone()),
        guards: Guards { several_per_patient: true, ..Guards::default() },
        limits: Limits { limit: depth, path, ..Limits::default() },
        ..question.image()
    };
    agreement(
        view,
        questions,
        |question| request(question, PathChoice::Auto),
        |question| request(question, PathChoice::Exact),
    )
}

/// How many candidates a channel puts forward where two are joined.
pub fn depth() -> usize {
    Fusion::default().candidates
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
