//! An encoder: its towers, its name, what its vectors depend on.

use crate::likeness::{LIKENESS_VERSION, LikenessHead};
use crate::pixels::{PREPARATION_VERSION, Square};
use crate::towers::{ImageTower, TextTower};
use crate::words::Words;
use crate::{Architecture, EncoderError, Weights};
use candle_core::{Device, Tensor};
use precedent_model::{GreyImage, GridFrame};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Name of the description in an encoder's folder.
pub const DESCRIPTION_FILE: &str = "encoder.toml";
/// Name of the weights in an encoder's folder.
pub const WEIGHTS_FILE: &str = "weights.safetensors";

const BUNDLED_DESCRIPTION: &str = include_str!("../../../index/encoders/phantom-cxr/encoder.toml");
const BUNDLED_WEIGHTS: &[u8] = include_bytes!("../../../index/encoders/phantom-cxr/weights.safetensors");
/// Longest name of an encoder, in bytes.
const MOST_NAME_BYTES: usize = 64;

/// What an encoder's folder says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Its name: letters, digits and `-`.
    pub name: String,
    /// The notice to show wherever its results are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Version of the way from file to grey picture that it was taught with (`index/IMAGE.md`).
    pub pixel_pipeline: u32,
    /// The size of its towers.
    pub architecture: Architecture,
}

impl Description {
    /// Reads `encoder.toml`.
    ///
    /// # Errors
    /// Text that is not TOML, an unknown key, a name that cannot be one, sizes of which no towers can be made.
    pub fn from_toml(text: &str) -> Result<Self, EncoderError> {
        let read: Self = toml::from_str(text)
            .map_err(|error| EncoderError::Description(error.to_string().trim().to_owned()))?;
        let spelt = read.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !spelt || read.name.is_empty() || read.name.len() > MOST_NAME_BYTES {
            let problem = format!("name: use 1 to {MOST_NAME_BYTES} letters, digits and '-'");
            return Err(EncoderError::Description(problem));
        }
        read.architecture.check()?;
        Ok(read)
    }

    /// Writes the description as [`Self::from_toml`] reads it.
    ///
    /// # Errors
    /// None for a description that was read; the serialiser's own otherwise.
    pub fn to_toml(&self) -> Result<String, EncoderError> {
        toml::to_string(self).map_err(|error| EncoderError::Description(error.to_string()))
    }
}

/// What an encoder sees in a picture. Every vector has length 1.
#[derive(Clone, PartialEq)]
pub struct ImageCode {
    /// Of the whole picture.
    pub global: Vec<f32>,
    /// Of its parts.
    pub patches: PatchGrid,
    /// Where the grid lies, in pixels of the picture.
    pub frame: GridFrame,
}

/// Vectors of the cells of a grid that is laid over the picture, fitted whole into a square.
#[derive(Clone, PartialEq)]
pub struct PatchGrid {
    /// Cells per row, and rows.
    pub side: usize,
    /// Cell after cell, row by row from the top left, each of the encoder's dimension.
    pub values: Vec<f32>,
}

/// An embedding can be turned back into an image.
impl std::fmt::Debug for ImageCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImageCode({} numbers, {:?})", self.global.len(), self.patches)
    }
}

/// As [`ImageCode`].
impl std::fmt::Debug for PatchGrid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PatchGrid({0} x {0}, hidden)", self.side)
    }
}

/// An encoder, ready for use. Shared between threads.
#[derive(Debug)]
pub struct Encoder {
    description: Description,
    id: String,
    image: ImageTower,
    likeness: Option<LikenessHead>,
    text: TextTower,
}

impl Encoder {
    /// The encoder that comes with the program: taught by phantoms alone.
    ///
    /// # Errors
    /// None in a released build: a test reads it.
    pub fn bundled() -> Result<Arc<Self>, EncoderError> {
        static BUNDLED: OnceLock<Arc<Encoder>> = OnceLock::new();
        if let Some(encoder) = BUNDLED.get() {
            return Ok(Arc::clone(encoder));
        }
        let read = Self::from_parts(Description::from_toml(BUNDLED_DESCRIPTION)?, BUNDLED_WEIGHTS)?;
        Ok(Arc::clone(BUNDLED.get_or_init(|| Arc::new(read))))
    }

    /// The encoder in a folder with [`DESCRIPTION_FILE`] and [`WEIGHTS_FILE`].
    ///
    /// # Errors
    /// A file that is missing or malformed, or files that do not fit each other.
    pub fn open(dir: &Path) -> Result<Self, EncoderError> {
        let read = |name: &str| {
            let path = dir.join(name);
            std::fs::read(&path).map_err(|source| EncoderError::Io { path, source })
        };
        let description = String::from_utf8(read(DESCRIPTION_FILE)?)
            .map_err(|_| EncoderError::Description("it is not UTF-8".to_owned()))?;
        Self::from_parts(Description::from_toml(&description)?, &read(WEIGHTS_FILE)?)
    }

    /// Writes the encoder of a description and weights into a folder, each file under another name until it is whole.
    ///
    /// # Errors
    /// Weights that do not fit the description, a file that cannot be written.
    pub fn save(dir: &Path, description: Description, weights: &[u8]) -> Result<Self, EncoderError> {
        let text = description.to_toml()?;
        let encoder = Self::from_parts(Description::from_toml(&text)?, weights)?;
        place(dir, WEIGHTS_FILE, weights)?;
        place(dir, DESCRIPTION_FILE, text.as_bytes())?;
        Ok(encoder)
    }

    /// An encoder of a description and the bytes of a safetensors file.
    ///
    /// # Errors
    /// Weights that do not fit the description.
    pub fn from_parts(description: Description, weights: &[u8]) -> Result<Self, EncoderError> {
        let architecture = &description.architecture;
        let tensors = Weights::from_safetensors(architecture, weights)?;
        let image = ImageTower::new(architecture, &tensors)?;
        let likeness = LikenessHead::new(architecture, &tensors)?;
        let text = TextTower::new(architecture, &tensors)?;
        let id = format!("{}@{}", description.name, fingerprint(&description, weights)?);
        Ok(Self { description, id, image, likeness, text })
    }

    /// What its folder says about it.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The id of the vector space: the name and, behind an `@`, 16 hexadecimal digits of a SHA-256 over everything that
    /// its vectors depend on: weights, architecture, words, preparation, pixel pipeline.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The notice to show wherever its results are shown.
    pub fn notice(&self) -> Option<&str> {
        self.description.notice.as_deref()
    }

    /// Numbers of every vector.
    pub fn dimension(&self) -> usize {
        self.description.architecture.dimension()
    }

    /// What it sees in a picture. Takes some milliseconds of one core.
    ///
    /// # Errors
    /// Damaged weights.
    pub fn encode_image(&self, image: &GreyImage) -> Result<ImageCode, EncoderError> {
        let side = self.description.architecture.side;
        let seen = Square::fit(image, side).standardized();
        let seen = self.image.forward(&Tensor::from_vec(seen, (1, side, side, 1), &Device::Cpu)?)?;
        let global = match &self.likeness {
            Some(head) => head.join(&seen.global, &seen.appearance)?,
            None => seen.global,
        };
        let global = finite(global.flatten_all()?.to_vec1()?)?;
        let values = self.widened(&finite(seen.patches.flatten_all()?.to_vec1()?)?);
        let patches = PatchGrid { side: self.description.architecture.grid(), values };
        let frame =
            Square::frame(image, side).map_err(|error| EncoderError::Description(error.to_string()))?;
        Ok(ImageCode { global, patches, frame })
    }

    /// Numbers of the vectors in which patches and sentences are compared: those of the joint space.
    pub fn local_dimension(&self) -> usize {
        self.description.architecture.joint
    }

    /// The vectors of a grid in the joint space alone, one after the other, each of length 1.
    pub fn local_patches(&self, patches: &PatchGrid) -> Vec<f32> {
        let vectors = patches.values.chunks_exact(self.dimension());
        vectors.flat_map(|vector| &vector[..self.local_dimension()]).copied().collect()
    }

    /// The vectors of sentences in the joint space alone, each of length 1; `None` for one without a word. A vector does not
    /// depend on the sentences beside it.
    ///
    /// # Errors
    /// Damaged weights.
    pub fn encode_sentences(&self, sentences: &[&str]) -> Result<Vec<Option<Vec<f32>>>, EncoderError> {
        let words: Vec<Option<Words>> = sentences.iter().map(|sentence| Words::of(sentence)).collect();
        let said: Vec<Words> = words.iter().flatten().cloned().collect();
        if said.is_empty() {
            return Ok(vec![None; sentences.len()]);
        }
        let values = finite(self.text.forward(&said)?.flatten_all()?.to_vec1()?)?;
        let mut vectors = values.chunks_exact(self.local_dimension()).map(<[f32]>::to_vec);
        Ok(words.iter().map(|words| words.as_ref().and_then(|_| vectors.next())).collect())
    }

    /// Vectors of the joint space as whole vectors: likeness and view of nothing are zeros.
    fn widened(&self, vectors: &[f32]) -> Vec<f32> {
        let (joint, rest) =
            (self.description.architecture.joint, self.dimension() - self.description.architecture.joint);
        let whole = vectors
            .chunks_exact(joint)
            .flat_map(|vector| vector.iter().copied().chain(std::iter::repeat_n(0.0, rest)));
        whole.collect()
    }

    /// The vector of a sentence, in the same space.
    ///
    /// # Errors
    /// [`EncoderError::NoWord`], or damaged weights.
    pub fn encode_text(&self, text: &str) -> Result<Vec<f32>, EncoderError> {
        let words = Words::of(text).ok_or(EncoderError::NoWord)?;
        Ok(self.widened(&finite(self.text.forward(&[words])?.flatten_all()?.to_vec1()?)?))
    }
}

#[expect(clippy::disallowed_methods, reason = "an encoder's folder is no index")]
fn place(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), EncoderError> {
    let (path, unfinished) = (dir.join(name), dir.join(format!("{name}.unfinished")));
    let written = std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, &path));
    written.map_err(|source| EncoderError::Write { path, source })
}

fn finite(values: Vec<f32>) -> Result<Vec<f32>, EncoderError> {
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(EncoderError::NotFinite) }
}

/// 16 hexadecimal digits over everything that vectors depend on. The notice is not among it.
fn fingerprint(description: &Description, weights: &[u8]) -> Result<String, EncoderError> {
    let alone = Description { notice: None, ..description.clone() };
    let mut hash = Sha256::new();
    hash.update(b"precedent encoder 1\0");
    hash.update(PREPARATION_VERSION.to_le_bytes());
    if description.architecture.likeness > 0 {
        hash.update(LIKENESS_VERSION.to_le_bytes());
    }
    hash.update(alone.to_toml()?.as_bytes());
    hash.update(b"\0");
    hash.update(weights);
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}
