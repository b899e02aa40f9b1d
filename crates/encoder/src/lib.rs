//! Image and text encoders: a radiograph to a global vector and a grid of patch vectors, a sentence to a vector, in one
//! space.
//!
//! ```
//! use precedent_encoder::Encoder;
//! use precedent_model::GreyImage;
//!
//! let encoder = Encoder::bundled()?;
//! let film = GreyImage::new(64, 64, (0..64 * 64).map(|at| (at * 16) as u16).collect())?;
//! let seen = encoder.encode_image(&film)?;
//! let said = encoder.encode_text("Small left pleural effusion.")?;
//! assert_eq!((seen.global.len(), said.len()), (encoder.dimension(), encoder.dimension()));
//! assert_eq!(seen.patches.values.len(), seen.patches.side.pow(2) * encoder.dimension());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The towers are taught by `precedent-training`, which runs the same code over variables. `BertText` runs text encoders of others
//! (feature `bert`).

mod architecture;
#[cfg(feature = "bert")]
mod bert;
mod encoder;
mod error;
mod likeness;
mod ops;
mod pixels;
mod spread;
mod towers;
mod weights;
mod words;

pub use architecture::{Architecture, Parameter, STEM_OVERLAP, Start};
#[cfg(feature = "bert")]
pub use bert::BertText;
pub use encoder::{DESCRIPTION_FILE, Description, Encoder, ImageCode, PatchGrid, WEIGHTS_FILE};
pub use error::EncoderError;
pub use pixels::{PREPARATION_VERSION, Square};
pub use spread::spread;
pub use towers::{ImageTower, Seen, TextTower};
pub use weights::Weights;
pub use words::{MOST_WORDS, Words};
