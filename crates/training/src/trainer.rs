//! Step by step from random weights to an encoder.

use crate::adam::Adam;
use crate::augment::{below, unit, vary};
use crate::gather::{Archive, gather};
use crate::likeness::fit;
use crate::objective::{Pairs, losses};
use crate::plan::SHARDS;
use crate::state::State;
use crate::{Dataset, Plan, Progress, TrainingError};
use candle_core::{DType, Device, Tensor};
use precedent_encoder::{ImageTower, Square, Start, TextTower, Weights, Words};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeMap;
use std::path::Path;

/// Settings that no plan changes. The second moment forgets faster than Adam's usual 0.999: a training has few steps.
const ADAM: Adam = Adam { first: 0.9, second: 0.98, decay: 0.05, longest: 1.0 };
/// Name of the checkpoint in its folder.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// Trains the towers on a dataset; resumes from the checkpoint in `folder` if it is of the same plan and dataset.
/// `dataset_name` says which dataset it is.
///
/// # Errors
/// A plan that cannot be, studies that cannot be read or are too few, a checkpoint of another training, a loss that is no
/// number, a caller that stops it.
pub fn train(
    plan: &Plan,
    dataset: &dyn Dataset,
    dataset_name: &str,
    folder: &Path,
    progress: &(dyn Fn(Progress) -> bool + Sync),
) -> Result<Weights, TrainingError> {
    plan.check()?;
    let path = folder.join(CHECKPOINT_FILE);
    let mut state = match State::resume(&path, plan, dataset_name)? {
        Some(state) => state,
        None => State::begin(plan)?,
    };
    let fits = plan.architecture.likeness > 0;
    if state.step < plan.steps || fits {
        let archive =
            gather(dataset, &plan.architecture, &|done, total| progress(Progress::Gathered(done, total)))?;
        if archive.studies.len() < plan.films {
            return Err(TrainingError::TooFew { found: archive.studies.len(), needed: plan.films });
        }
        while state.step < plan.steps {
            let (local, global) = take_step(plan, &archive, &mut state)?;
            if state.step.is_multiple_of(plan.checkpoint_every) || state.step == plan.steps {
                state.keep(&path, plan, dataset_name)?;
            }
            if !progress(Progress::Step { step: state.step, local, global }) {
                state.keep(&path, plan, dataset_name)?;
                return Err(TrainingError::Stopped);
            }
        }
        if fits {
            let towers = state.weights(plan)?.to_safetensors()?;
            return fit_to_archive(plan, &archive, &towers, progress);
        }
    }
    state.weights(plan)
}

/// Finished towers, as a file of 16-bit floats, with likeness and view that fit them: what [`train`] ends with. Whatever
/// the file holds of these two is replaced.
///
/// # Errors
/// A plan without likeness or whose towers are others, studies that cannot be read, films that do not differ, a caller that
/// stops it.
pub fn fit_likeness(
    plan: &Plan,
    dataset: &dyn Dataset,
    towers: &[u8],
    progress: &(dyn Fn(Progress) -> bool + Sync),
) -> Result<Weights, TrainingError> {
    plan.check()?;
    let archive =
        gather(dataset, &plan.architecture, &|done, total| progress(Progress::Gathered(done, total)))?;
    fit_to_archive(plan, &archive, towers, progress)
}

/// By the towers as they are stored, so that it makes no difference whether they were just taught.
fn fit_to_archive(
    plan: &Plan,
    archive: &Archive,
    towers: &[u8],
    progress: &(dyn Fn(Progress) -> bool + Sync),
) -> Result<Weights, TrainingError> {
    let stored = candle_core::safetensors::load_buffer(towers, &Device::Cpu)?;
    let mut tensors = BTreeMap::new();
    for parameter in plan.architecture.parameters() {
        let tensor = if parameter.start == Start::Fitted {
            Tensor::zeros(parameter.shape.as_slice(), DType::F32, &Device::Cpu)?
        } else if let Some(tensor) = stored.get(&parameter.name) {
            tensor.to_dtype(DType::F32)?
        } else {
            continue;
        };
        tensors.insert(parameter.name, tensor);
    }
    fit(&plan.architecture, &Weights::new(&plan.architecture, tensors)?, archive, plan.seed, progress)
}

/// The weights with which a training of that plan begins.
///
/// # Errors
/// A plan with impossible values.
pub fn untrained(plan: &Plan) -> Result<Weights, TrainingError> {
    plan.check()?;
    State::begin(plan)?.weights(plan)
}

/// What a shard found: the two losses, and a gradient per parameter.
type Found = (f32, f32, Vec<Vec<f32>>);

fn take_step(plan: &Plan, archive: &Archive, state: &mut State) -> Result<(f32, f32), TrainingError> {
    let step = state.step;
    let found: Vec<Found> = std::thread::scope(|scope| {
        let shards = (0..SHARDS).map(|shard| {
            let state = &*state;
            scope.spawn(move || work(plan, archive, state, (step * SHARDS + shard) as u64))
        });
        let running: Vec<_> = shards.collect();
        let ended = running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ended.collect::<Result<_, TrainingError>>()
    })?;
    let shares = |value: fn(&Found) -> f32| found.iter().map(value).sum::<f32>() / SHARDS as f32;
    let (local, global) = (shares(|found| found.0), shares(|found| found.1));
    if !(local.is_finite() && global.is_finite()) {
        return Err(TrainingError::Diverged { step: step + 1 });
    }
    let sums: Vec<Vec<f32>> = (0..state.learnt.len())
        .map(|at| {
            let mut sum = vec![0.0; state.learnt[at].moments.mean.len()];
            for (_, _, gradients) in &found {
                sum.iter_mut().zip(&gradients[at]).for_each(|(sum, g)| *sum += g / SHARDS as f32);
            }
            sum
        })
        .collect();
    let shortening = ADAM.shortening(sums.iter().map(Vec::as_slice));
    let rate = plan.rate_at(step);
    for (one, sum) in state.learnt.iter_mut().zip(&sums) {
        let mut values = one.var.flatten_all()?.to_vec1::<f32>()?;
        let decays = one.parameter.shape.len() > 1;
        let gradient = sum.iter().map(|g| g * shortening);
        ADAM.update(&mut values, &mut one.moments, gradient, (rate, step as u32 + 1, decays));
        one.var.set(&Tensor::from_vec(values, one.parameter.shape.as_slice(), &Device::Cpu)?)?;
    }
    state.step += 1;
    Ok((local, global))
}

/// The losses and gradients of one shard of a step.
fn work(plan: &Plan, archive: &Archive, state: &State, stream: u64) -> Result<Found, TrainingError> {
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
    random.set_stream(stream);
    let batch = draw(plan, archive, &mut random)?;
    let weights = state.weights(plan)?;
    let seen = ImageTower::new(&plan.architecture, &weights)?.forward(&batch.films)?;
    let said = TextTower::new(&plan.architecture, &weights)?.forward(&batch.sentences)?;
    let losses = losses(&seen, &said, &batch.pairs)?;
    let gradients = (&losses.local + &losses.global)?.backward()?;
    let each = state.learnt.iter().map(|one| match gradients.get(one.var.as_tensor()) {
        Some(gradient) => Ok(gradient.flatten_all()?.to_vec1::<f32>()?),
        None => Err(candle_core::Error::Msg(format!("{} got no gradient", one.parameter.name)).bt()),
    });
    let each = each.collect::<Result<_, _>>()?;
    Ok((losses.local.to_scalar()?, losses.global.to_scalar()?, each))
}

/// What a shard looks at.
struct Batch {
    films: Tensor,
    sentences: Vec<Words>,
    pairs: Pairs,
}

/// A film and some sentences of each of `plan.films` studies, drawn without repeats.
fn draw(plan: &Plan, archive: &Archive, random: &mut ChaCha8Rng) -> Result<Batch, TrainingError> {
    let side = plan.architecture.side;
    let studies = choose(&archive.studies, plan.films, |study| study.weight, random);
    let (mut pixels, mut sentences) = (Vec::new(), Vec::new());
    let (mut film_of, mut keys) = (Vec::new(), Vec::new());
    for (at, study) in studies.iter().enumerate() {
        let film = &study.films[below(random, study.films.len())];
        let varied = vary(&film.pixels, archive.side, side, random);
        if let Some(square) = Square::whole(side, varied) {
            pixels.extend(square.standardized());
        }
        for said in choose(&study.sentences, plan.sentences, |said| said.weight, random) {
            sentences.push(said.words.clone());
            film_of.push(at as u32);
            keys.push(said.key);
        }
    }
    let true_of = studies.iter().flat_map(|study| keys.iter().map(|key| study.keys.contains(key)));
    let pairs = Pairs { true_of: true_of.collect(), film_of, films: studies.len() };
    let films = Tensor::from_vec(pixels, (studies.len(), side, side, 1), &Device::Cpu)?;
    Ok(Batch { films, sentences, pairs })
}

/// At most `count` of the things, heavy ones more often: the largest of u^(1/w) (Efraimidis, Spirakis 2006).
fn choose<'a, T>(
    things: &'a [T],
    count: usize,
    weight: impl Fn(&T) -> f32,
    random: &mut ChaCha8Rng,
) -> Vec<&'a T> {
    let mut drawn: Vec<(f32, &T)> =
        things.iter().map(|thing| (unit(random).powf(1.0 / weight(thing)), thing)).collect();
    drawn.sort_by(|a, b| b.0.total_cmp(&a.0));
    drawn.into_iter().take(count).map(|(_, thing)| thing).collect()
}
