//! What is worked out when the towers are done: what tells a film from others, and whether it is lateral.

use crate::toy::{PLACES, Toy, film, plan};
use precedent_encoder::{Architecture, Description, Encoder};
use precedent_training::{
    Dataset, DatasetError, Film, Plan, Study, TrainingError, fit_likeness, train, untrained,
};

const LIKENESS: usize = 12;

fn with_likeness(steps: usize) -> Plan {
    let plan = plan(steps);
    Plan { architecture: Architecture { likeness: LIKENESS, ..plan.architecture }, ..plan }
}

fn encoder(plan: &Plan, weights: &[u8]) -> Encoder {
    let architecture = plan.architecture.clone();
    let description = Description { name: "toy".into(), notice: None, pixel_pipeline: 1, architecture };
    Encoder::from_parts(description, weights).unwrap()
}

#[test]
fn a_training_ends_with_what_its_towers_alone_would_give() {
    let plan = with_likeness(3);
    let folder = tempfile::tempdir().unwrap();
    let taught = train(&plan, &Toy(45), "toy", folder.path(), &|_| true).unwrap().to_safetensors().unwrap();
    let again = fit_likeness(&plan, &Toy(45), &taught, &|_| true).unwrap().to_safetensors().unwrap();
    assert!(taught == again, "the same towers, the same films, the same weights");
    // Towers of an encoder without likeness do as well.
    let bare = crate::toy::plan(3);
    let folder = tempfile::tempdir().unwrap();
    let bare = train(&bare, &Toy(45), "toy", folder.path(), &|_| true).unwrap().to_safetensors().unwrap();
    assert!(fit_likeness(&plan, &Toy(45), &bare, &|_| true).unwrap().to_safetensors().unwrap() == taught);
}

#[test]
fn films_of_one_place_are_alike_and_laterals_are_told() {
    let plan = with_likeness(1);
    let blank = untrained(&plan).unwrap().to_safetensors().unwrap();
    let weights = fit_likeness(&plan, &Toy(90), &blank, &|_| true).unwrap();
    let encoder = encoder(&plan, &weights.to_safetensors().unwrap());
    let rest = |place: usize, number: usize| {
        encoder.encode_image(&film(place, number)).unwrap().global[plan.architecture.joint..].to_vec()
    };
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    for place in 0..PLACES {
        let (one, same) = (rest(place, 1000), rest(place, 2000));
        let other = rest((place + 1) % PLACES, 1000);
        let (near, far) =
            (dot(&one[..LIKENESS], &same[..LIKENESS]), dot(&one[..LIKENESS], &other[..LIKENESS]));
        assert!(near > far, "{place}: {near} and {far}");
        // The toy's films of the first place are its laterals.
        let lateral = one[LIKENESS + 1] > one[LIKENESS];
        assert_eq!(lateral, place == 0, "{place}: {:?}", &one[LIKENESS..]);
    }
}

/// Toy films without their laterals.
struct Frontal(Toy);

impl Dataset for Frontal {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn study(&self, number: usize) -> Result<Option<Study>, DatasetError> {
        let study = self.0.study(number)?.map(|study| {
            let films = study.films.into_iter().map(|film| Film { lateral: false, ..film }).collect();
            Study { films, ..study }
        });
        Ok(study)
    }
}

#[test]
fn without_laterals_every_film_is_frontal() {
    let plan = with_likeness(1);
    let blank = untrained(&plan).unwrap().to_safetensors().unwrap();
    let weights = fit_likeness(&plan, &Frontal(Toy(45)), &blank, &|_| true).unwrap();
    let encoder = encoder(&plan, &weights.to_safetensors().unwrap());
    let code = encoder.encode_image(&film(0, 7)).unwrap().global;
    assert!(code[code.len() - 2] > 0.5 && code[code.len() - 1].abs() < 0.01, "{:?}", &code[code.len() - 2..]);
}

#[test]
fn no_films_are_refused_by_name() {
    let plan = with_likeness(1);
    let blank = untrained(&plan).unwrap().to_safetensors().unwrap();
    let error = fit_likeness(&plan, &Toy(0), &blank, &|_| true).unwrap_err();
    assert!(matches!(error, TrainingError::Alike), "{error}");
}

#[test]
fn a_caller_stops_it_and_towers_of_another_size_are_refused() {
    let plan = with_likeness(1);
    let blank = untrained(&plan).unwrap().to_safetensors().unwrap();
    let stopped = fit_likeness(&plan, &Toy(45), &blank, &|_| false).unwrap_err();
    assert!(matches!(stopped, TrainingError::Stopped), "{stopped}");
    let mut wider = plan.clone();
    wider.architecture.joint = 20;
    let error = fit_likeness(&wider, &Toy(45), &blank, &|_| true).unwrap_err().to_string();
    assert!(error.contains("has shape"), "{error}");
}
