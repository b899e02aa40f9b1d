//! DICOM, PNG and JPEG files read into one normalised grey picture and the facts of its header.
//!
//! The steps from stored value to brightness are written down in `index/IMAGE.md`, under the number
//! [`PIXEL_PIPELINE_VERSION`]. What is not understood in every step is refused by name: colour, several frames, codings
//! without a decoder, numbers that are none. Files come from anywhere, so what they declare is checked before memory is taken for it.
//!
//! ```
//! use precedent_imaging::{Format, decode};
//!
//! // A PNG of 2 x 1 grey pixels, 0 and 255.
//! let mut file = Vec::new();
//! let mut encoder = png::Encoder::new(&mut file, 2, 1);
//! encoder.set_color(png::ColorType::Grayscale);
//! encoder.write_header()?.write_image_data(&[0, 255])?;
//!
//! let decoded = decode(&file)?;
//! assert_eq!(decoded.format, Format::Png);
//! assert_eq!(decoded.original, (1, 2));
//! assert_eq!(decoded.image.pixels(), [0, 65_535]);
//!
//! assert_eq!(decode(b"GIF89a").unwrap_err().reason(), "unknown_format");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aspect;
mod codec;
mod decode;
mod dicom;
mod error;
mod facts;
mod grey;
mod limits;
mod orientation;
mod raster;
mod stored;
mod thumbnail;
mod tone;

pub use decode::{Decoded, Format, decode, decode_stored, dicom_facts};
pub use error::ImageError;
pub use facts::HeaderFacts;
pub use stored::StoredPixels;
pub use thumbnail::thumbnail;

/// Version of the way from file to [`GreyImage`](precedent_model::GreyImage), `index/IMAGE.md`. Pictures read under
/// different versions must not be compared.
pub const PIXEL_PIPELINE_VERSION: u32 = 1;
