//! What a Hugging Face folder says: which model, which words, how token vectors become one vector.
//!
//! Read are `config.json`, `model.safetensors`, `tokenizer.json` or `vocab.txt`, and, where they lie beside them, the
//! files of sentence-transformers: `modules.json`, the pooling's `config.json`, `sentence_bert_config.json`. What those
//! ask for and is not done here is refused: vectors of a model run in another way would be quietly wrong.

use super::network::Config;
use crate::EncoderError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

const MODULES_FILE: &str = "modules.json";
const CONFIG_FILE: &str = "config.json";
const TOKENIZER_FILE: &str = "tokenizer.json";
const VOCABULARY_FILE: &str = "vocab.txt";
const TOKENIZER_CONFIG_FILE: &str = "tokenizer_config.json";
const SENTENCES_FILE: &str = "sentence_bert_config.json";
const WEIGHTS_FILE: &str = "model.safetensors";
/// Bytes that are read and hashed at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// Most bytes of a weights file: every BERT is far smaller, and the file is read into memory.
const MOST_WEIGHT_BYTES: u64 = 4 << 30;

/// How the vectors of the tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// Their mean.
    Mean,
    /// That of the first token.
    First,
}

/// Where a tokenizer comes from.
pub(crate) enum Words {
    /// `tokenizer.json`, whole.
    Whole(Vec<u8>),
    /// `vocab.txt`, and whether letters lose their case.
    Vocabulary { bytes: Vec<u8>, lower_case: bool },
}

/// All that a model is made from.
pub(crate) struct Folder {
    pub(crate) config: Config,
    pub(crate) words: Words,
    pub(crate) weights: Vec<u8>,
    pub(crate) pooling: Pooling,
    /// Whether vectors are brought to length 1.
    pub(crate) normalized: bool,
    /// Most tokens of a text.
    pub(crate) most_tokens: usize,
    /// 16 hexadecimal digits over all of it.
    pub(crate) fingerprint: String,
}

impl Folder {
    /// Reads a folder.
    pub(crate) fn read(dir: &Path) -> Result<Self, EncoderError> {
        let Steps { model, pooling, normalized } = Steps::read(dir)?;
        let config = read_config(&model)?;
        let words = read_words(&model)?;
        let most_tokens = most_tokens(&model, config.max_position_embeddings)?;
        let mut hash = Sha256::new();
        hash.update(b"precedent bert 1\0");
        // As parsed, so that a key that changes no vector changes no fingerprint either.
        hash.update(format!("{config:?}\0{pooling:?}\0{normalized}\0{most_tokens}\0").as_bytes());
        words.hash(&mut hash);
        let weights = read_weights(&model.join(WEIGHTS_FILE), &mut hash)?;
        let fingerprint = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { config, words, weights, pooling, normalized, most_tokens, fingerprint })
    }
}

impl Words {
    fn hash(&self, hash: &mut Sha256) {
        let (kind, bytes) = match self {
            Self::Whole(bytes) => ("whole", bytes),
            Self::Vocabulary { bytes, lower_case: true } => ("vocabulary, lower case", bytes),
            Self::Vocabulary { bytes, lower_case: false } => ("vocabulary", bytes),
        };
        hash.update(format!("{kind}\0{}\0", bytes.len()).as_bytes());
        hash.update(bytes);
    }
}

/// The modules that a text goes through.
struct Steps {
    model: PathBuf,
    pooling: Pooling,
    normalized: bool,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Steps {
    /// Without `modules.json` the folder is a bare model: the mean of its tokens, brought to length 1.
    fn read(dir: &Path) -> Result<Self, EncoderError> {
        let path = dir.join(MODULES_FILE);
        let mut steps = Self { model: dir.to_owned(), pooling: Pooling::Mean, normalized: true };
        let Some(modules) = read_optional::<Vec<Module>>(&path)? else { return Ok(steps) };
        let kinds: Vec<&str> =
            modules.iter().map(|module| module.kind.rsplit('.').next().unwrap_or_default()).collect();
        steps.normalized = match kinds.as_slice() {
            ["Transformer", "Pooling"] => false,
            ["Transformer", "Pooling", "Normalize"] => true,
            _ => {
                let problem = format!("names the modules {}", kinds.join(", "));
                let remedy = "what is run is Transformer, Pooling and perhaps Normalize";
                return Err(foreign(&path, problem, remedy));
            }
        };
        steps.model = inside(dir, &modules[0].path, &path)?;
        steps.pooling = read_pooling(&inside(dir, &modules[1].path, &path)?.join(CONFIG_FILE))?;
        Ok(steps)
    }
}

/// A module's folder, which must not lead out of the model's.
fn inside(dir: &Path, name: &str, told_by: &Path) -> Result<PathBuf, EncoderError> {
    let plain = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    match plain {
        true => Ok(dir.join(name)),
        false => Err(foreign(
            told_by,
            "names a path that leads out of the folder".to_owned(),
            "name folders inside it",
        )),
    }
}

fn read_pooling(path: &Path) -> Result<Pooling, EncoderError> {
    let read: serde_json::Map<String, serde_json::Value> = read_json(path)?;
    // Older files switch modes on one by one, newer ones name one.
    let asked: Vec<&str> = match read.get("pooling_mode").and_then(|mode| mode.as_str()) {
        Some(mode) => vec![mode],
        None => (read.iter())
            .filter(|(_, on)| on.as_bool() == Some(true))
            .filter_map(|(key, _)| key.strip_prefix("pooling_mode_"))
            .collect(),
    };
    match asked.as_slice() {
        ["mean_tokens" | "mean"] => Ok(Pooling::Mean),
        ["cls_token" | "cls"] => Ok(Pooling::First),
        _ => {
            let problem = format!("asks for pooling by [{}]", asked.join(", "));
            Err(foreign(path, problem, "what is done is either mean_tokens or cls_token"))
        }
    }
}

fn read_config(model: &Path) -> Result<Config, EncoderError> {
    let path = model.join(CONFIG_FILE);
    let value: serde_json::Value = read_json(&path)?;
    // Asked first: another architecture would be refused for some key that it lacks.
    if let Some(kind) = value.get("model_type").and_then(|kind| kind.as_str())
        && kind != "bert"
    {
        let problem = format!("has model_type \"{kind}\"");
        return Err(foreign(&path, problem, "give a model of the type \"bert\""));
    }
    let config: Config = serde_json::from_value(value)
        .map_err(|error| foreign(&path, error.to_string(), "give the configuration of a BERT"))?;
    let Config { hidden_size, num_attention_heads: heads, num_hidden_layers: layers, .. } = config;
    if heads == 0 || hidden_size == 0 || !hidden_size.is_multiple_of(heads) || layers == 0 {
        let problem = format!("has {layers} layers of {hidden_size} numbers and {heads} heads");
        return Err(foreign(&path, problem, "heads must share the numbers evenly, and none may be 0"));
    }
    Ok(config)
}

fn read_words(model: &Path) -> Result<Words, EncoderError> {
    let whole = model.join(TOKENIZER_FILE);
    if whole.exists() {
        return Ok(Words::Whole(read_bytes(&whole)?));
    }
    #[derive(Deserialize)]
    struct TokenizerConfig {
        do_lower_case: Option<bool>,
    }
    let bytes = read_bytes(&model.join(VOCABULARY_FILE))?;
    let settings: Option<TokenizerConfig> = read_optional(&model.join(TOKENIZER_CONFIG_FILE))?;
    let lower_case = settings.and_then(|settings| settings.do_lower_case).unwrap_or(true);
    Ok(Words::Vocabulary { bytes, lower_case })
}

/// The most tokens of a text: what sentence-transformers was set to, else the tokenizer, never more than there are places.
fn most_tokens(model: &Path, places: usize) -> Result<usize, EncoderError> {
    #[derive(Deserialize)]
    struct Sentences {
        max_seq_length: Option<usize>,
    }
    #[derive(Deserialize)]
    struct TokenizerConfig {
        // Absent limits are written as 1e30.
        model_max_length: Option<f64>,
    }
    let sentences: Option<Sentences> = read_optional(&model.join(SENTENCES_FILE))?;
    let tokenizer: Option<TokenizerConfig> = read_optional(&model.join(TOKENIZER_CONFIG_FILE))?;
    let asked = sentences
        .and_then(|read| read.max_seq_length)
        .or_else(|| tokenizer.and_then(|read| read.model_max_length).map(|most| most as usize));
    Ok(asked.unwrap_or(places).min(places))
}

/// Reads the weights, and hashes exactly what was read.
fn read_weights(path: &Path, hash: &mut Sha256) -> Result<Vec<u8>, EncoderError> {
    let failed = |source| EncoderError::FolderIo { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > MOST_WEIGHT_BYTES {
        let problem = format!("has {length} bytes, the limit is {MOST_WEIGHT_BYTES}");
        return Err(foreign(path, problem, "give the weights of a BERT"));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    let mut file = file.take(length);
    loop {
        let start = bytes.len();
        let read = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut bytes).map_err(failed)?;
        if read == 0 {
            return Ok(bytes);
        }
        hash.update(&bytes[start..]);
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, EncoderError> {
    std::fs::read(path).map_err(|source| EncoderError::FolderIo { path: path.to_owned(), source })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, EncoderError> {
    serde_json::from_slice(&read_bytes(path)?)
        .map_err(|error| foreign(path, error.to_string(), "copy the folder again"))
}

/// As [`read_json`], or nothing where there is no such file.
fn read_optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EncoderError> {
    if path.exists() { read_json(path).map(Some) } else { Ok(None) }
}

/// A file of the folder `path` that is not what it should be.
pub(crate) fn foreign(path: &Path, problem: String, remedy: &'static str) -> EncoderError {
    EncoderError::Folder { path: path.to_owned(), problem, remedy }
}
