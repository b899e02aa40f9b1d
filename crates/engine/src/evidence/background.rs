//! How well sentences fit images of the archive: some fit every film, so the cosine alone says little.

use crate::EngineError;
use crate::drawn::{Measured, drawn, may_be};
use precedent_archive::Generation;
use precedent_model::Projection;
use precedent_query::AgainstBackground;
use precedent_vector::{ByteVector, MaxSim};

/// Images that sentences are compared with.
const IMAGES: usize = 256;
/// Fewest of them.
const FEWEST: usize = 32;
/// Cases that are looked at for each of them: some have no patches, or films of another view.
const LOOKED_AT: usize = 16;

/// An image of the archive.
struct Reference {
    patches: MaxSim,
    step: f32,
}

/// The images of each projection, by the dimension of their vectors.
#[derive(Debug, Default)]
pub(crate) struct References(Measured<(Option<Projection>, usize), Reference>);

impl References {
    /// For each sentence how well it fits images of a projection; `None` if too few of them have patches.
    pub(super) fn background(
        &self,
        snapshot: &dyn Generation,
        projection: Option<Projection>,
        sentences: &[ByteVector],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Background>, EngineError> {
        let Some(dimension) = sentences.first().map(ByteVector::dimension) else { return Ok(None) };
        let draw = || draw(snapshot, projection, dimension, stop);
        let images = self.0.of((projection, dimension), snapshot.cases(), draw)?;
        if images.len() < FEWEST {
            return Ok(None);
        }
        let rows: Vec<u8> = sentences.iter().flat_map(ByteVector::as_row).copied().collect();
        let (mut cosines, mut best) = (vec![0.0; sentences.len() * images.len()], vec![0; sentences.len()]);
        for (at, image) in images.iter().enumerate() {
            if stop() {
                return Err(EngineError::Cancelled);
            }
            image.patches.best(&rows, &mut best);
            for (sentence, (product, vector)) in best.iter().zip(sentences).enumerate() {
                // In the order of `Patches::cosine`.
                cosines[sentence * images.len() + at] = image.step * vector.step() * *product as f32;
            }
        }
        Ok(Some(Background::new(cosines, images.len())))
    }
}

fn draw(
    snapshot: &dyn Generation,
    projection: Option<Projection>,
    dimension: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Reference>, EngineError> {
    let mut images = Vec::new();
    if snapshot.definition().local_space.is_none() {
        return Ok(images);
    }
    for place in drawn(snapshot, LOOKED_AT * IMAGES, stop)? {
        if images.len() == IMAGES {
            break;
        }
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let parts = snapshot.local_images(place)?;
        if parts.is_empty() {
            continue;
        }
        let views = match projection {
            Some(_) => snapshot.case_without_report(place)?.images,
            None => Vec::new(),
        };
        let mut fits = None;
        for (image, local) in &parts {
            let is_like = may_be(snapshot, place, views.get(*image), projection)?;
            if is_like && local.patches().dimension() == dimension {
                fits = Some(local);
                break;
            }
        }
        let Some(local) = fits else { continue };
        let shown = local.grid().shown();
        if let Some(patches) = local.patches().query(Some(&shown)) {
            images.push(Reference { patches, step: local.patches().step() });
        }
    }
    Ok(images)
}

/// The best cosines of sentences with images.
pub(super) struct Background {
    /// Sentence after sentence, ascending.
    cosines: Vec<f32>,
    images: usize,
    /// Mean and standard deviation of each sentence.
    spreads: Vec<(f64, f64)>,
}

impl Background {
    fn new(mut cosines: Vec<f32>, images: usize) -> Self {
        cosines.chunks_exact_mut(images).for_each(|of| of.sort_unstable_by(f32::total_cmp));
        let spreads = cosines.chunks_exact(images).map(spread).collect();
        Self { cosines, images, spreads }
    }

    /// A cosine of a sentence beside those with the images.
    pub fn against(&self, sentence: usize, cosine: f32) -> AgainstBackground {
        let cosines = &self.cosines[sentence * self.images..][..self.images];
        let (below, up_to) = (
            cosines.partition_point(|other| *other < cosine),
            cosines.partition_point(|other| *other <= cosine),
        );
        AgainstBackground {
            share_below: (below + up_to) as f32 / (2 * self.images) as f32,
            deviations: self.deviations(sentence, cosine),
        }
    }

    /// By how many standard deviations a cosine lies above the mean of the sentence.
    pub fn deviations(&self, sentence: usize, cosine: f32) -> f32 {
        let (mean, deviation) = self.spreads[sentence];
        if deviation > 0.0 { ((f64::from(cosine) - mean) / deviation) as f32 } else { 0.0 }
    }
}

/// Mean and standard deviation.
fn spread(values: &[f32]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let squares = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>();
    (mean, (squares / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_stands_beside_those_of_its_sentence() {
        let background = Background::new(vec![0.3, 0.2, 0.2, 0.1, 0.5, 0.5, 0.5, 0.5], 4);
        let found = background.against(0, 0.2);
        assert_eq!(found.share_below, 0.5, "of equal ones, half");
        assert!(found.deviations.abs() < 1e-6);
        let found = background.against(0, 0.4);
        assert!((found.deviations - 0.2 / 0.005_f32.sqrt()).abs() < 1e-4, "{found:?}");
        assert_eq!(found.share_below, 1.0);
        assert_eq!(background.against(1, 0.9).deviations, 0.0, "they do not differ");
    }
}
