//! What is compared: vectors of films, of patches and of sentences.

use crate::Problem;
use crate::pca;
use crate::studies::Pool;
use precedent_encoder::{Encoder, Square, spread};
use rayon::prelude::*;

/// Side of the pictures that the pixel descriptor sees.
const PIXEL_SIDE: usize = 32;
/// Its components.
const COMPONENTS: usize = 64;

/// Vectors of a study. All have length 1.
#[derive(Default)]
pub struct Vectors {
    pub films: Vec<Vec<f32>>,
    /// Per film cell after cell.
    pub patches: Vec<Vec<f32>>,
    pub sentences: Vec<Vec<f32>>,
}

/// A way to describe films, over a pool.
pub struct Descriptor {
    pub name: &'static str,
    pub studies: Vec<Vectors>,
}

impl Descriptor {
    pub fn encoder(name: &'static str, encoder: &Encoder, pool: &Pool) -> Result<Self, Problem> {
        let study = |asked: &crate::studies::Asked| -> Result<Vectors, Problem> {
            let mut vectors = Vectors::default();
            for film in &asked.films {
                let code = encoder.encode_image(film)?;
                vectors.films.push(code.global);
                vectors.patches.push(code.patches.values);
            }
            for sentence in &asked.sentences {
                vectors.sentences.push(encoder.encode_text(sentence)?);
            }
            Ok(vectors)
        };
        let studies = spread(pool.studies.iter().collect(), study);
        let studies = studies.into_iter().collect::<Result<_, Problem>>()?;
        Ok(Self { name, studies })
    }

    /// Principal components of small films.
    pub fn pixels(pool: &Pool) -> Self {
        let films: Vec<Vec<f32>> = (pool.studies.par_iter())
            .flat_map_iter(|study| &study.films)
            .map(|film| Square::fit(film, PIXEL_SIDE).standardized())
            .collect();
        let mut described = pca::project(&films, COMPONENTS).into_iter();
        let studies = pool.studies.iter().map(|study| Vectors {
            films: described.by_ref().take(study.films.len()).collect(),
            ..Vectors::default()
        });
        Self { name: "pixels", studies: studies.collect() }
    }
}

pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Scales a vector to length 1.
pub fn unit(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt().max(1e-12);
    vector.iter_mut().for_each(|value| *value /= length);
}
