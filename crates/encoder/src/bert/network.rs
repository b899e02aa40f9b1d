//! The network of BERT (Devlin et al. 2018), for one text at a time: nothing is padded, so nothing is masked.

use candle_core::{D, Device, Result, Tensor};
use candle_nn::ops::softmax;
use candle_nn::{Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear};
use serde::Deserialize;

/// What of `config.json` decides how the network is run.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Config {
    pub(crate) vocab_size: usize,
    pub(crate) hidden_size: usize,
    pub(crate) num_hidden_layers: usize,
    pub(crate) num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: Activation,
    pub(crate) max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f64,
    /// Read to refuse any other than this one.
    #[serde(default, rename = "position_embedding_type")]
    _positions: Positions,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Activation {
    #[serde(rename = "gelu")]
    Gelu,
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh")]
    GeluByTanh,
    #[serde(rename = "relu")]
    Relu,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Positions {
    #[default]
    Absolute,
}

/// Embeddings of tokens, and the layers over them.
pub(crate) struct Network {
    words: Embedding,
    positions: Embedding,
    /// What is added for a token of the first of two texts, `[hidden_size]`: there is no other here.
    first_text: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

impl Network {
    pub(crate) fn load(weights: &VarBuilder<'_>, config: &Config) -> Result<Self> {
        let (width, within) = (config.hidden_size, weights.pp("embeddings"));
        let kinds = embedding(config.type_vocab_size, width, within.pp("token_type_embeddings"))?;
        let layer = |number| Layer::load(&weights.pp(format!("encoder.layer.{number}")), config);
        Ok(Self {
            words: embedding(config.vocab_size, width, within.pp("word_embeddings"))?,
            positions: embedding(config.max_position_embeddings, width, within.pp("position_embeddings"))?,
            first_text: kinds.embeddings().get(0)?,
            norm: layer_norm(width, config.layer_norm_eps, within.pp("LayerNorm"))?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?,
        })
    }

    /// The vectors of the tokens of a text, `[tokens, hidden_size]`.
    pub(crate) fn forward(&self, ids: &[u32]) -> Result<Tensor> {
        let places = Tensor::arange(0, ids.len() as u32, &Device::Cpu)?;
        let words = self.words.forward(&Tensor::new(ids, &Device::Cpu)?)?;
        let placed = (words.broadcast_add(&self.first_text)? + self.positions.forward(&places)?)?;
        self.layers.iter().try_fold(self.norm.forward(&placed)?, |tokens, layer| layer.forward(&tokens))
    }
}

/// Every token looks at all, and is then changed by itself.
struct Layer {
    heads: usize,
    query: Linear,
    key: Linear,
    value: Linear,
    join: Linear,
    joined_norm: LayerNorm,
    widen: Linear,
    activation: Activation,
    narrow: Linear,
    norm: LayerNorm,
}

impl Layer {
    fn load(weights: &VarBuilder<'_>, config: &Config) -> Result<Self> {
        let (width, wide, epsilon) = (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let square = |name: &str| linear(width, width, weights.pp(name));
        Ok(Self {
            heads: config.num_attention_heads,
            query: square("attention.self.query")?,
            key: square("attention.self.key")?,
            value: square("attention.self.value")?,
            join: square("attention.output.dense")?,
            joined_norm: layer_norm(width, epsilon, weights.pp("attention.output.LayerNorm"))?,
            widen: linear(width, wide, weights.pp("intermediate.dense"))?,
            activation: config.hidden_act,
            narrow: linear(wide, width, weights.pp("output.dense"))?,
            norm: layer_norm(width, epsilon, weights.pp("output.LayerNorm"))?,
        })
    }

    fn forward(&self, tokens: &Tensor) -> Result<Tensor> {
        let joined = self.joined_norm.forward(&(self.join.forward(&self.attend(tokens)?)? + tokens)?)?;
        let wide = self.widen.forward(&joined)?;
        let active = match self.activation {
            Activation::Gelu => wide.gelu_erf()?,
            Activation::GeluByTanh => wide.gelu()?,
            Activation::Relu => wide.relu()?,
        };
        self.norm.forward(&(self.narrow.forward(&active)? + joined)?)
    }

    /// The values of all tokens, mixed for each token and head by how alike its query and their keys are.
    fn attend(&self, tokens: &Tensor) -> Result<Tensor> {
        let (count, width) = tokens.dims2()?;
        let size = width / self.heads;
        let by_head = |map: &Linear| -> Result<Tensor> {
            map.forward(tokens)?.reshape((count, self.heads, size))?.transpose(0, 1)?.contiguous()
        };
        let alike = (by_head(&self.query)?.matmul(&by_head(&self.key)?.t()?)? / (size as f64).sqrt())?;
        let seen = softmax(&alike, D::Minus1)?.matmul(&by_head(&self.value)?)?;
        seen.transpose(0, 1)?.reshape((count, width))
    }
}
