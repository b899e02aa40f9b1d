//! Text encoders of the BERT layout, in folders as Hugging Face and sentence-transformers write them.

mod folder;
mod network;
#[cfg(test)]
mod tests;

use crate::{EncoderError, spread};
use candle_core::{D, DType, Device};
use candle_nn::VarBuilder;
use folder::{Folder, Pooling, Words, foreign};
use network::{Config, Network};
use std::path::{Path, PathBuf};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{Tokenizer, TruncationParams};

/// A text encoder of the BERT layout. Shared between threads.
///
/// Its vectors are those of sentence-transformers: tokens up to the model's limit, the pooling of the folder, and length
/// 1 where the folder asks for it. Every text is run alone: padding would be work for nothing, and so a vector depends to
/// the bit on its own text only.
pub struct BertText {
    id: String,
    dir: PathBuf,
    dimension: usize,
    tokenizer: Tokenizer,
    network: Network,
    pooling: Pooling,
    normalized: bool,
}

/// Weights say nothing to a reader.
impl std::fmt::Debug for BertText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BertText({}, {} numbers, pooling {:?})", self.id, self.dimension, self.pooling)
    }
}

impl BertText {
    /// The encoder in a folder with `config.json`, `model.safetensors`, and `tokenizer.json` or `vocab.txt`.
    ///
    /// Where `modules.json` of sentence-transformers is there, its pooling is done; without it vectors are the mean over
    /// the tokens, of length 1.
    ///
    /// # Errors
    /// A file that is missing, cannot be read, or asks for what is not done here.
    pub fn open(dir: &Path) -> Result<Self, EncoderError> {
        let read = Folder::read(dir)?;
        let config = &read.config;
        let tokenizer = tokenizer(dir, read.words, read.most_tokens)?;
        let known = tokenizer.get_vocab_size(true);
        if known > config.vocab_size {
            let problem = format!("its tokenizer knows {known} tokens, its model {}", config.vocab_size);
            return Err(foreign(dir, problem, "the files are of different models; copy the folder again"));
        }
        let network = load(dir, read.weights, config)?;
        let id = format!("bert-{}x{}@{}", config.num_hidden_layers, config.hidden_size, read.fingerprint);
        Ok(Self {
            id,
            dir: dir.to_owned(),
            dimension: config.hidden_size,
            tokenizer,
            network,
            pooling: read.pooling,
            normalized: read.normalized,
        })
    }

    /// The id of the vector space: the size of the model and, behind an `@`, 16 hexadecimal digits of a SHA-256 over
    /// weights, configuration, tokenizer and pooling. The folder's name is not in it, so a copy is the same encoder.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Numbers of every vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The vectors of texts, in their order. A text beyond the model's limit is cut there.
    ///
    /// # Errors
    /// [`EncoderError::NoWordIn`], or damaged weights.
    pub fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        // The longest first, so that no thread is left with one at the end.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(texts[at].len()));
        let encoded = spread(order, |at| self.encode_one(texts[at], at).map(|vector| (at, vector)));
        let mut done = encoded.into_iter().collect::<Result<Vec<_>, _>>()?;
        done.sort_unstable_by_key(|(at, _)| *at);
        Ok(done.into_iter().map(|(_, vector)| vector).collect())
    }

    fn encode_one(&self, text: &str, at: usize) -> Result<Vec<f32>, EncoderError> {
        // What the tokenizer says of a failure may hold the text.
        let coded = self.tokenizer.encode_fast(text, true).map_err(|_| {
            foreign(
                &self.dir,
                "its tokenizer failed at a text".to_owned(),
                "it must know [UNK], [CLS] and [SEP]",
            )
        })?;
        if coded.get_special_tokens_mask().iter().all(|special| *special == 1) {
            return Err(EncoderError::NoWordIn { number: at });
        }
        let tokens = self.network.forward(coded.get_ids())?;
        let pooled = match self.pooling {
            Pooling::Mean => tokens.mean(0)?,
            Pooling::First => tokens.get(0)?,
        };
        let vector = match self.normalized {
            true => pooled.broadcast_div(&pooled.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)?,
            false => pooled,
        };
        let values: Vec<f32> = vector.to_vec1()?;
        if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(EncoderError::NotFinite) }
    }
}

/// The tokenizer, cutting at the model's limit and never padding, whatever its file says of either.
fn tokenizer(dir: &Path, words: Words, most_tokens: usize) -> Result<Tokenizer, EncoderError> {
    const REMEDY: &str = "give the tokenizer.json or vocab.txt of a BERT";
    let failed = |error: tokenizers::Error| foreign(dir, format!("its tokenizer: {error}"), REMEDY);
    let mut tokenizer = match words {
        Words::Whole(bytes) => Tokenizer::from_bytes(bytes).map_err(failed)?,
        Words::Vocabulary { bytes, lower_case } => wordpiece(dir, &bytes, lower_case)?,
    };
    let added = tokenizer.encode_fast("", true).map_err(failed)?.len();
    if most_tokens <= added {
        let problem = format!("takes {most_tokens} tokens of a text, {added} of them its own");
        return Err(foreign(dir, problem, "mend max_seq_length or max_position_embeddings"));
    }
    tokenizer.with_padding(None);
    let cut = TruncationParams { max_length: most_tokens, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(cut)).map_err(failed)?;
    Ok(tokenizer)
}

/// What `BertTokenizer` makes of a vocabulary.
fn wordpiece(dir: &Path, bytes: &[u8], lower_case: bool) -> Result<Tokenizer, EncoderError> {
    const REMEDY: &str = "give the vocab.txt of a BERT, one token per line";
    let failed = |error: tokenizers::Error| foreign(dir, format!("vocab.txt: {error}"), REMEDY);
    let vocabulary = WordPiece::read_bytes(bytes).map_err(failed)?;
    let mut tokenizer = Tokenizer::new(WordPiece::builder().vocab(vocabulary).build().map_err(failed)?);
    let special = |token: &str| {
        let missing = || foreign(dir, format!("vocab.txt lacks {token}"), REMEDY);
        tokenizer.token_to_id(token).map(|id| (token.to_owned(), id)).ok_or_else(missing)
    };
    special("[UNK]")?;
    let around = BertProcessing::new(special("[SEP]")?, special("[CLS]")?);
    tokenizer.with_normalizer(Some(BertNormalizer::new(true, true, None, lower_case))).map_err(failed)?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer)).with_post_processor(Some(around));
    Ok(tokenizer)
}

/// The network of the weights, which must be exactly as deep as the configuration says.
fn load(dir: &Path, weights: Vec<u8>, config: &Config) -> Result<Network, EncoderError> {
    const REMEDY: &str = "the file is of another model, or damaged; copy the folder again";
    let failed = |error: candle_core::Error| {
        // Only the first line: what follows is a backtrace.
        let problem = error.to_string().lines().next().unwrap_or_default().to_owned();
        foreign(dir, format!("model.safetensors: {problem}"), REMEDY)
    };
    let tensors = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).map_err(failed)?;
    let next = format!("encoder.layer.{}.attention.self.query.weight", config.num_hidden_layers);
    if tensors.contains_tensor(&next) || tensors.contains_tensor(&format!("bert.{next}")) {
        let problem = format!("model.safetensors has more than {} layers", config.num_hidden_layers);
        return Err(foreign(dir, problem, REMEDY));
    }
    // A checkpoint of a model with a head keeps the encoder one level down.
    let inner = if tensors.contains_tensor("bert.embeddings.word_embeddings.weight") {
        tensors.pp("bert")
    } else {
        tensors
    };
    Network::load(&inner, config).map_err(failed)
}
