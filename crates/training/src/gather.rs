//! A dataset in memory, as small as training needs it: films of 8 bits at the side of the tower plus a margin to move in.

use crate::{Dataset, TrainingError};
use precedent_encoder::{Architecture, Square, Words};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Part of the side by which films are kept larger than the tower sees them.
const MARGIN: usize = 12;

/// Most draws of what is rare, for one of what is common.
const PREFERENCE: f32 = 4.0;

/// A sentence that has words.
pub(crate) struct Said {
    pub(crate) words: Words,
    pub(crate) key: u64,
    informative: bool,
    /// How often it is drawn: more often where few studies say so, up to [`PREFERENCE`].
    pub(crate) weight: f32,
}

/// A film.
pub(crate) struct Film {
    /// Side x side bytes.
    pub(crate) pixels: Vec<u8>,
    pub(crate) lateral: bool,
}

/// A study.
pub(crate) struct Gathered {
    pub(crate) films: Vec<Film>,
    pub(crate) sentences: Vec<Said>,
    /// Everything that the report says.
    pub(crate) keys: HashSet<u64>,
    /// How often it is drawn: as often as the rarest that it says.
    pub(crate) weight: f32,
}

/// Studies in memory.
pub(crate) struct Archive {
    pub(crate) studies: Vec<Gathered>,
    /// Side of every film.
    pub(crate) side: usize,
}

/// Side of films in memory.
fn kept_side(architecture: &Architecture) -> usize {
    architecture.side + architecture.side / MARGIN
}

/// Reads every study. `progress` hears how many of how many are done and says whether to go on.
pub(crate) fn gather(
    dataset: &dyn Dataset,
    architecture: &Architecture,
    progress: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Result<Archive, TrainingError> {
    let side = kept_side(architecture);
    let done = AtomicUsize::new(0);
    let read = |number: usize| -> Result<Option<Gathered>, TrainingError> {
        let study =
            dataset.study(number).map_err(|source| TrainingError::Dataset { study: number, source })?;
        if !progress(done.fetch_add(1, Ordering::Relaxed) + 1, dataset.len()) {
            return Err(TrainingError::Stopped);
        }
        let Some(study) = study else { return Ok(None) };
        let film = |film: &crate::Film| -> Film {
            let square = Square::fit(&film.image, side);
            let pixels = square.pixels().iter().map(|value| (value * 255.0 + 0.5) as u8).collect();
            Film { pixels, lateral: film.lateral }
        };
        let keys = study.sentences.iter().map(|sentence| sentence.key).collect();
        let said = study.sentences.into_iter().filter_map(|sentence| {
            let words = Words::of(&sentence.text)?;
            Some(Said { words, key: sentence.key, informative: sentence.informative, weight: 1.0 })
        });
        let gathered = Gathered {
            films: study.films.iter().map(film).collect(),
            sentences: said.collect(),
            keys,
            weight: 1.0,
        };
        Ok(Some(gathered).filter(|study| !study.films.is_empty() && !study.sentences.is_empty()))
    };
    // A pool of its own: training itself is fastest where rayon's common one has a single thread (`RAYON_NUM_THREADS=1`).
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(TrainingError::Threads)?;
    let studies =
        pool.install(|| (0..dataset.len()).into_par_iter().map(read).collect::<Result<Vec<_>, _>>())?;
    let mut studies: Vec<Gathered> = studies.into_iter().flatten().collect();
    weigh(&mut studies);
    Ok(Archive { studies, side })
}

/// Gives every sentence and study its weight: the root of how much rarer it is than a thing that all reports say, so that
/// a finding of one study in a hundred is not drowned, nor drawn until nothing else is.
fn weigh(studies: &mut [Gathered]) {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for key in studies.iter().flat_map(|study| &study.keys) {
        *counts.entry(*key).or_default() += 1;
    }
    let all = studies.len() as f32;
    for study in studies {
        for said in study.sentences.iter_mut().filter(|said| said.informative) {
            let rarity = all / counts.get(&said.key).map_or(all, |count| *count as f32);
            said.weight = rarity.sqrt().clamp(1.0, PREFERENCE);
        }
        study.weight = study.sentences.iter().map(|said| said.weight).fold(1.0, f32::max);
    }
}
