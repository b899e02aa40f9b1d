//! How well sentences fit images of the archive: some fit every film, so the cosine alone says little.

use crate::EngineError;
use crate::drawn::{Measured, drawn, may_be};
use precedent_archive::{Generation, SentenceTable};
use precedent_model::Projection;
use precedent_query::AgainstBackground;
use precedent_vector::{ByteVector, MaxSim, Patches};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Images that sentences are compared with.
const IMAGES: usize = 256;
/// Fewest of them.
const FEWEST: usize = 32;
/// Cases that are looked at for each of them: some have no patches, or films of another view.
const LOOKED_AT: usize = 16;
/// Of these, those that all sentences of the archive are compared with. There are many more of them than of those that are shown; the mean
/// is off by an eighth of a deviation.
const FOR_ALL: usize = 64;
/// Sentences that are compared with one image after the other while they are in the processor's cache.
const IN_CACHE: usize = 2048;

/// An image of the archive.
struct Reference {
    patches: Patches,
    /// Those that show the image.
    shown: MaxSim,
}

impl Reference {
    /// Its patches at these cells, or all that show the image; `None` if its grid has other cells.
    fn at(&self, cells: Option<&[bool]>) -> Option<Cow<'_, MaxSim>> {
        match cells {
            None => Some(Cow::Borrowed(&self.shown)),
            Some(cells) if cells.len() == self.patches.cells() => {
                self.patches.query(Some(cells)).map(Cow::Owned)
            }
            Some(_) => None,
        }
    }
}

/// Images at some of their cells, each with its step.
fn at<'a>(images: &'a [Reference], cells: Option<&[bool]>) -> Vec<(Cow<'a, MaxSim>, f32)> {
    images.iter().filter_map(|image| Some((image.at(cells)?, image.patches.step()))).collect()
}

/// The images of each projection, by the dimension of their vectors, and how well sentences of the archive fit them.
#[derive(Debug, Default)]
pub(crate) struct References {
    images: Measured<(Option<Projection>, usize), Reference>,
    spreads: Mutex<Vec<KeptSpreads>>,
}

/// What is usual for a sentence: the mean of its best cosines with images of the archive, and 1 / their standard deviation, or 0 where they
/// do not differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    mean: f32,
    per_deviation: f32,
}

impl Spread {
    /// By how many standard deviations a cosine lies above the mean.
    pub fn deviations(&self, cosine: f32) -> f32 {
        (cosine - self.mean) * self.per_deviation
    }
}

/// The spreads of all sentences of a part of an archive, with the images that they were measured with.
struct KeptSpreads {
    part: String,
    projection: Option<Projection>,
    images: Arc<[Reference]>,
    found: Arc<[Spread]>,
}

/// Embeddings can be turned back into images.
impl fmt::Debug for KeptSpreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptSpreads({})", self.part)
    }
}

impl References {
    /// For each sentence how well it fits images of a projection, at some cells or wherever they show something; `None` if too few of them
    /// have patches.
    pub fn background(
        &self,
        snapshot: &dyn Generation,
        (projection, cells): (Option<Projection>, Option<&[bool]>),
        sentences: &[ByteVector],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Background>, EngineError> {
        let Some(dimension) = sentences.first().map(ByteVector::dimension) else { return Ok(None) };
        let Some(images) = self.images(snapshot, projection, dimension, stop)? else { return Ok(None) };
        let images = at(&images, cells);
        if images.len() < FEWEST {
            return Ok(None);
        }
        let rows: Vec<u8> = sentences.iter().flat_map(ByteVector::as_row).copied().collect();
        let (mut cosines, mut best) = (vec![0.0; sentences.len() * images.len()], vec![0; sentences.len()]);
        for (place, (patches, step)) in images.iter().enumerate() {
            if stop() {
                return Err(EngineError::Cancelled);
            }
            patches.best(&rows, &mut best);
            for (sentence, (product, vector)) in best.iter().zip(sentences).enumerate() {
                // In the order of `Patches::cosine`.
                cosines[sentence * images.len() + place] = step * vector.step() * *product as f32;
            }
        }
        Ok(Some(Background::new(cosines, images.len())))
    }

    /// The images, if there are enough.
    fn images(
        &self,
        snapshot: &dyn Generation,
        projection: Option<Projection>,
        dimension: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Arc<[Reference]>>, EngineError> {
        let draw = || draw(snapshot, projection, dimension, stop);
        let images = self.images.of((projection, dimension), snapshot.cases(), draw)?;
        Ok((images.len() >= FEWEST).then_some(images))
    }

    /// For each part of an archive what is usual for each of its sentences beside images of a projection; `None` if too few of them have
    /// patches. The first search after a part has come, or after the archive has grown by a tenth, measures it. What is usual at some cells alone
    /// is measured by every search that asks for it.
    pub fn spreads(
        &self,
        snapshot: &dyn Generation,
        (projection, cells): (Option<Projection>, Option<&[bool]>),
        dimension: usize,
        tables: &[Option<SentenceTable<'_>>],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Arc<[Spread]>>>, EngineError> {
        let Some(images) = self.images(snapshot, projection, dimension, stop)? else { return Ok(None) };
        let compared = at(&images[..images.len().min(FOR_ALL)], cells);
        if compared.len() < FEWEST {
            return Ok(None);
        }
        let mut all = Vec::with_capacity(tables.len());
        for table in tables {
            let Some(table) = table else {
                all.push(Arc::default());
                continue;
            };
            if cells.is_some() {
                all.push(measured(&compared, table, stop)?.into());
                continue;
            }
            let is_of = |kept: &&KeptSpreads| {
                kept.part == table.part && kept.projection == projection && Arc::ptr_eq(&kept.images, &images)
            };
            let lock = || self.spreads.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = lock().iter().find(is_of).map(|kept| Arc::clone(&kept.found));
            if let Some(kept) = kept {
                all.push(kept);
                continue;
            }
            let found: Arc<[Spread]> = measured(&compared, table, stop)?.into();
            all.push(Arc::clone(&found));
            let is_there = |part: &str| tables.iter().flatten().any(|table| table.part == part);
            let mut spreads = lock();
            // What a merge replaced, or was measured with other images, is of no use any more.
            spreads.retain(|kept| {
                is_there(&kept.part) && (kept.projection != projection || Arc::ptr_eq(&kept.images, &images))
            });
            let (part, images) = (table.part.to_owned(), Arc::clone(&images));
            spreads.push(KeptSpreads { part, projection, images, found });
        }
        Ok(Some(all))
    }
}

/// Compares all sentences of a part with images.
fn measured(
    images: &[(Cow<'_, MaxSim>, f32)],
    table: &SentenceTable<'_>,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Spread>, EngineError> {
    let mut spreads = Vec::with_capacity(table.steps.len());
    let row_bytes = table.rows.len() / table.steps.len().max(1);
    let (mut best, mut sums) = (vec![0; IN_CACHE], vec![(0.0_f64, 0.0_f64); IN_CACHE]);
    for (rows, steps) in table.rows.chunks(IN_CACHE * row_bytes.max(1)).zip(table.steps.chunks(IN_CACHE)) {
        if stop() {
            return Err(EngineError::Cancelled);
        }
        let (best, sums) = (&mut best[..steps.len()], &mut sums[..steps.len()]);
        sums.fill((0.0, 0.0));
        for (patches, image_step) in images {
            patches.best(rows, best);
            for ((product, step), (sum, squares)) in best.iter().zip(steps).zip(sums.iter_mut()) {
                let cosine = f64::from(image_step * step * *product as f32);
                *sum += cosine;
                *squares += cosine * cosine;
            }
        }
        let count = images.len() as f64;
        spreads.extend(sums.iter().map(|(sum, squares)| {
            let mean = sum / count;
            let variance = squares / count - mean * mean;
            // Below that it is rounding: 8 bits of a cosine.
            let per_deviation = if variance > 1e-9 { 1.0 / variance.sqrt() } else { 0.0 };
            Spread { mean: mean as f32, per_deviation: per_deviation as f32 }
        }));
    }
    Ok(spreads)
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
        if let Some(shown) = local.patches().query(Some(&local.grid().shown())) {
            images.push(Reference { patches: local.patches().clone(), shown });
        }
    }
    Ok(images)
}

/// The best cosines of sentences with images.
pub(crate) struct Background {
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
