//! Named tensors, checked against an architecture.

use crate::{Architecture, EncoderError};
use candle_core::{DType, Device, Tensor};
use std::collections::BTreeMap;

/// The parameters of both towers by name. For inference plain tensors, for training variables.
#[derive(Clone)]
pub struct Weights(BTreeMap<String, Tensor>);

impl Weights {
    /// Parameters of that architecture.
    ///
    /// # Errors
    /// A parameter that is missing, of another shape, not finite, or unknown to the architecture.
    pub fn new(architecture: &Architecture, tensors: BTreeMap<String, Tensor>) -> Result<Self, EncoderError> {
        let parameters = architecture.parameters();
        for parameter in &parameters {
            let refused =
                |problem: String| Err(EncoderError::Weights { name: parameter.name.clone(), problem });
            let Some(tensor) = tensors.get(&parameter.name) else { return refused("is missing".to_owned()) };
            if tensor.dims() != parameter.shape {
                return refused(format!("has shape {:?}, not {:?}", tensor.dims(), parameter.shape));
            }
            if tensor.dtype() != DType::F32 {
                return refused(format!("is of {:?}, not of 32-bit floats", tensor.dtype()));
            }
            if !tensor.flatten_all()?.to_vec1::<f32>()?.iter().all(|value| value.is_finite()) {
                return refused("holds numbers that are not finite".to_owned());
            }
        }
        match tensors.keys().find(|name| parameters.iter().all(|parameter| parameter.name != **name)) {
            Some(name) => Err(EncoderError::Weights {
                name: name.chars().take(80).collect(),
                problem: "is no parameter of this architecture".to_owned(),
            }),
            None => Ok(Self(tensors)),
        }
    }

    /// Reads a safetensors file of 16- or 32-bit floats.
    ///
    /// # Errors
    /// Bytes that are no safetensors, and those of [`Weights::new`].
    pub fn from_safetensors(architecture: &Architecture, bytes: &[u8]) -> Result<Self, EncoderError> {
        let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
        let widened = tensors.into_iter().map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F32)?)));
        Self::new(architecture, widened.collect::<Result<_, candle_core::Error>>()?)
    }

    /// The same as a safetensors file of 16-bit floats, the tensors by name.
    ///
    /// # Errors
    /// None for finite weights; the library's own otherwise.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, EncoderError> {
        let narrowed = self.0.iter().map(|(name, tensor)| Ok((name.as_str(), tensor.to_dtype(DType::F16)?)));
        let narrowed: Vec<(&str, Tensor)> = narrowed.collect::<Result<_, candle_core::Error>>()?;
        safetensors::serialize(narrowed, None).map_err(|error| EncoderError::Tensor(error.into()))
    }

    /// Every parameter by name, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// A parameter of the architecture that the weights were checked against.
    pub(crate) fn get(&self, name: &str) -> Result<Tensor, EncoderError> {
        let missing = || EncoderError::Weights { name: name.to_owned(), problem: "is missing".to_owned() };
        self.0.get(name).cloned().ok_or_else(missing)
    }
}

/// A million numbers help nobody.
impl std::fmt::Debug for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Weights({} tensors)", self.0.len())
    }
}
