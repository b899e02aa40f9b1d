//! The parameters on their way, and the file that keeps them: weights, moments, step.

use crate::adam::Moments;
use crate::{Plan, TrainingError};
use candle_core::{DType, Device, Tensor, Var};
use precedent_encoder::{Parameter, Start, Weights};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// One parameter on its way.
pub(crate) struct Learnt {
    pub(crate) parameter: Parameter,
    pub(crate) var: Var,
    pub(crate) moments: Moments,
}

/// Everything that a step changes.
pub(crate) struct State {
    pub(crate) learnt: Vec<Learnt>,
    /// Steps taken.
    pub(crate) step: usize,
}

/// Key of the plan in a checkpoint.
const PLAN: &str = "plan";
/// Key of the dataset in a checkpoint.
const DATASET: &str = "dataset";
/// Key of the steps taken in a checkpoint.
const STEP: &str = "step";

impl State {
    /// The beginning of a training.
    pub(crate) fn begin(plan: &Plan) -> Result<Self, TrainingError> {
        let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
        random.set_stream(u64::MAX);
        let learnt = by_steps(plan).map(|parameter| {
            let count: usize = parameter.shape.iter().product();
            let values = match parameter.start {
                Start::Zero | Start::Fitted => vec![0.0; count],
                Start::Normal(deviation) => {
                    (0..count).map(|_| normal(&mut random) * deviation as f32).collect()
                }
            };
            Learnt::new(parameter, values, Moments::zero(count))
        });
        Ok(Self { learnt: learnt.collect::<Result<_, TrainingError>>()?, step: 0 })
    }

    /// The parameters as tensors that remember what is computed from them.
    pub(crate) fn weights(&self, plan: &Plan) -> Result<Weights, TrainingError> {
        let learnt = self.learnt.iter().map(|one| (one.parameter.name.clone(), one.var.as_tensor().clone()));
        let mut tensors: BTreeMap<String, Tensor> = learnt.collect();
        for parameter in plan.architecture.parameters() {
            if parameter.start == Start::Fitted {
                let zeros = Tensor::zeros(parameter.shape.as_slice(), DType::F32, &Device::Cpu)?;
                tensors.insert(parameter.name, zeros);
            }
        }
        Ok(Weights::new(&plan.architecture, tensors)?)
    }

    /// Writes a checkpoint under another name and renames it when it is whole.
    pub(crate) fn keep(&self, path: &Path, plan: &Plan, dataset: &str) -> Result<(), TrainingError> {
        let mut parts: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
        for one in &self.learnt {
            let name = &one.parameter.name;
            let values = one.var.flatten_all()?.to_vec1::<f32>()?;
            for (kind, values) in
                [("value", &values), ("mean", &one.moments.mean), ("square", &one.moments.square)]
            {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                parts.insert(format!("{name}/{kind}"), (one.parameter.shape.clone(), bytes));
            }
        }
        let views = parts.iter().map(|(name, (shape, bytes))| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        });
        let views: Vec<_> = views.collect::<Result<_, safetensors::SafeTensorError>>().map_err(tensor)?;
        let notes = HashMap::from([
            (PLAN.to_owned(), describe(plan)?),
            (DATASET.to_owned(), dataset.to_owned()),
            (STEP.to_owned(), self.step.to_string()),
        ]);
        let bytes = safetensors::serialize(views, Some(notes)).map_err(tensor)?;
        place(path, &bytes).map_err(|source| TrainingError::Io { path: path.to_owned(), source })
    }

    /// Reads a checkpoint; `None` where there is none.
    pub(crate) fn resume(path: &Path, plan: &Plan, dataset: &str) -> Result<Option<Self>, TrainingError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(TrainingError::Io { path: path.to_owned(), source }),
        };
        let other =
            |what: &str| TrainingError::OtherTraining { path: path.to_owned(), what: what.to_owned() };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|_| other("it is no checkpoint"))?;
        let notes = header.metadata().clone().unwrap_or_default();
        if notes.get(PLAN) != Some(&describe(plan)?) {
            return Err(other("its settings differ"));
        }
        if notes.get(DATASET).map(String::as_str) != Some(dataset) {
            return Err(other("its studies differ"));
        }
        let step =
            notes.get(STEP).and_then(|step| step.parse().ok()).ok_or_else(|| other("it names no step"))?;
        let parts = SafeTensors::deserialize(&bytes).map_err(|_| other("it is damaged"))?;
        let read = |name: &str, kind: &str, count: usize| -> Result<Vec<f32>, TrainingError> {
            let view =
                parts.tensor(&format!("{name}/{kind}")).map_err(|_| other("a parameter is missing"))?;
            let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            let values: Vec<f32> = values.collect();
            if values.len() == count { Ok(values) } else { Err(other("a parameter has another shape")) }
        };
        let learnt = by_steps(plan).map(|parameter| {
            let count = parameter.shape.iter().product();
            let values = read(&parameter.name, "value", count)?;
            let mean = read(&parameter.name, "mean", count)?;
            let square = read(&parameter.name, "square", count)?;
            Learnt::new(parameter, values, Moments { mean, square })
        });
        Ok(Some(Self { learnt: learnt.collect::<Result<_, TrainingError>>()?, step }))
    }
}

/// The parameters that steps change.
fn by_steps(plan: &Plan) -> impl Iterator<Item = Parameter> {
    plan.architecture.parameters().into_iter().filter(|parameter| parameter.start != Start::Fitted)
}

impl Learnt {
    fn new(parameter: Parameter, values: Vec<f32>, moments: Moments) -> Result<Self, TrainingError> {
        let tensor = Tensor::from_vec(values, parameter.shape.as_slice(), &Device::Cpu)?;
        Ok(Self { parameter, var: Var::from_tensor(&tensor)?, moments })
    }
}

#[expect(clippy::disallowed_methods, reason = "a checkpoint is no file of an index")]
fn place(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes)?;
    fs::rename(&unfinished, path)
}

fn describe(plan: &Plan) -> Result<String, TrainingError> {
    toml::to_string(plan).map_err(|error| TrainingError::Plan { field: "plan", problem: error.to_string() })
}

fn tensor(error: safetensors::SafeTensorError) -> TrainingError {
    TrainingError::Tensor(error.into())
}

/// A normal number: the sum of twelve uniform ones, less its mean (Irwin-Hall), which needs no logarithm that platforms
/// might round apart.
fn normal(random: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| (random.next_u32() >> 8) as f32 / (1 << 24) as f32).sum::<f32>() - 6.0
}
