//! What is learnt, and that every parameter takes part.

use crate::toy::{PLACES, Toy, film, plan, sentence};
use precedent_encoder::{Description, Encoder};
use precedent_training::{Progress, TrainingError, train, untrained};
use std::sync::Mutex;

fn encoder(plan: &precedent_training::Plan, weights: &[u8]) -> Encoder {
    let architecture = plan.architecture.clone();
    let description = Description { name: "toy".into(), notice: None, pixel_pipeline: 1, architecture };
    Encoder::from_parts(description, weights).unwrap()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Of unseen films, how many have their own sentence nearest: by the whole, and by the best patch.
fn right(encoder: &Encoder) -> (usize, usize) {
    let said: Vec<Vec<f32>> =
        (0..PLACES).map(|place| encoder.encode_text(&sentence(place)).unwrap()).collect();
    let best = |score: &dyn Fn(&[f32]) -> f32| {
        (0..PLACES).max_by(|a, b| score(&said[*a]).total_cmp(&score(&said[*b]))).unwrap()
    };
    let (mut whole, mut local) = (0, 0);
    for number in 0..4 * PLACES {
        let place = number % PLACES;
        let code = encoder.encode_image(&film(place, 1000 + number)).unwrap();
        whole += usize::from(best(&|said| dot(&code.global, said)) == place);
        let patches = code.patches.values.chunks_exact(encoder.dimension());
        let nearest = |said: &[f32]| patches.clone().map(|patch| dot(patch, said)).fold(-1.0, f32::max);
        local += usize::from(best(&|said| nearest(said)) == place);
    }
    (whole, local)
}

#[test]
fn a_film_finds_the_sentence_that_says_where() {
    let plan = plan(150);
    let folder = tempfile::tempdir().unwrap();
    let losses = Mutex::new(Vec::new());
    let weights = train(&plan, &Toy(180), "toy", folder.path(), &|progress| {
        if let Progress::Step { local, global, .. } = progress {
            losses.lock().unwrap().push((local, global));
        }
        true
    })
    .unwrap();
    let losses = losses.into_inner().unwrap();
    assert_eq!(losses.len(), 150);
    assert!(losses[149].0 < losses[0].0 / 2.0 && losses[149].1 < losses[0].1 / 2.0, "{:?}", losses[149]);
    let (whole, local) = right(&encoder(&plan, &weights.to_safetensors().unwrap()));
    assert!(whole >= 33 && local >= 33, "{whole} and {local} of 36");
    let (whole, local) = right(&encoder(&plan, &untrained(&plan).unwrap().to_safetensors().unwrap()));
    assert!(whole < 15 && local < 15, "untrained: {whole} and {local} of 36");
}

#[test]
fn one_step_changes_every_parameter() {
    // A parameter without a gradient ends the step with an error; one with an empty gradient would stay as it was.
    let plan = plan(1);
    let folder = tempfile::tempdir().unwrap();
    let before = untrained(&plan).unwrap();
    let after = train(&plan, &Toy(27), "toy", folder.path(), &|_| true).unwrap();
    for ((name, before), (_, after)) in before.iter().zip(after.iter()) {
        let flat = |tensor: &candle_core::Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let (before, after) = (flat(before), flat(after));
        let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
        // Rows of the table of words that the toy's few words do not meet have no gradient and only decay.
        assert!(changed > 0, "{name} did not change");
    }
}

#[test]
fn too_few_studies_and_impossible_plans_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let error = train(&plan(1), &Toy(5), "toy", folder.path(), &|_| true).unwrap_err();
    assert!(matches!(error, TrainingError::TooFew { found: 5, needed: 24 }), "{error}");
    let mut wrong = plan(1);
    wrong.rate = f64::NAN;
    let error = train(&wrong, &Toy(27), "toy", folder.path(), &|_| true).unwrap_err();
    assert!(error.to_string().starts_with("rate "), "{error}");
    let mut wrong = plan(1);
    wrong.architecture.side = 33;
    let error = train(&wrong, &Toy(27), "toy", folder.path(), &|_| true).unwrap_err();
    assert!(error.to_string().contains("side"), "{error}");
}
