//! The rerank: the first hundreds of a ranking, once more, by what their reports say of the query's images.
//!
//! The score of a case is by how many standard deviations its image is more like the query than those of the cases that are reranked beside it, and
//! half of by how much the sentences of its report fit better than one deviation above what is usual ([`Fits`]). A report without such
//! sentences counts as one whose sentences fit by just that: a film without findings is to find films without findings.
//! Both constants come from phantoms (`docs/decisions/2026-11-30-sentence-channel.md`).

use crate::EngineError;
use crate::admit::Query;
use crate::channel::image;
use crate::channel::sentence::Fits;
use crate::fusion::Fused;
use precedent_archive::Generation;

/// What one deviation of the sentences counts beside one of the images.
const SENTENCES: f64 = 0.5;
/// The deviations of sentences from which on they speak for a case.
const CONVINCING: f64 = 1.0;

/// Puts cases into their order by detail, those of like views first.
pub(crate) fn rerank(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    fits: &Fits<'_>,
    ranked: &mut [Fused],
    stop: &dyn Fn() -> bool,
) -> Result<(), EngineError> {
    let mut images = Vec::with_capacity(ranked.len());
    for case in ranked.iter() {
        if stop() {
            return Err(EngineError::Cancelled);
        }
        images.push(image::likeness(snapshot, query, case.place)?);
    }
    let known: Vec<f64> = images.iter().flatten().map(|(_, similarity)| f64::from(*similarity)).collect();
    let (mean, deviation) = spread(&known);
    for (case, image) in ranked.iter_mut().zip(&images) {
        let of_image = match image {
            Some((_, similarity)) if deviation > 0.0 => (f64::from(*similarity) - mean) / deviation,
            _ => 0.0,
        };
        let of_sentences = fits.score(case.place).map_or(0.0, |fit| f64::from(fit) - CONVINCING);
        case.reranked = Some(of_image + SENTENCES * of_sentences);
    }
    let is_unlike = |place: usize| images[place].is_some_and(|(is_unlike, _)| is_unlike);
    let mut order: Vec<usize> = (0..ranked.len()).collect();
    order.sort_by(|&a, &b| {
        let score = |place: usize| ranked[place].reranked.unwrap_or(f64::NEG_INFINITY);
        is_unlike(a).cmp(&is_unlike(b)).then(score(b).total_cmp(&score(a)))
    });
    let sorted: Vec<Fused> = order.into_iter().map(|place| ranked[place]).collect();
    ranked.copy_from_slice(&sorted);
    Ok(())
}

/// Mean and standard deviation.
fn spread(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}
