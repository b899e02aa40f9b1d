//! What is kept beside a case, as bytes: of an entry that is written, or in a segment that is read or merged.

use crate::CaseEntry;
use precedent_model::{GridFrame, ImageExtent, Thumbnail};
use precedent_query::LocalImage;
use precedent_vector::{ByteVector, Patches};

/// Facts of a grid that are not its vectors: step, frame (left, upper edge, width, height) as bits of 32-bit floats; columns and rows of
/// the image; rows of cells, with the cells of a row in the upper half.
pub(crate) const GRID_FACTS: usize = 8;
/// Facts of a thumbnail: width and height.
pub(crate) const THUMBNAIL_FACTS: usize = 2;

/// Bytes of a kind that belong to an image, with what else is known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImagePart<'a, const FACTS: usize> {
    /// The index of the image in its case.
    pub image: u32,
    pub facts: [u32; FACTS],
    pub bytes: &'a [u8],
}

/// A sentence with its vector as a row of bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SentencePart<'a> {
    pub text: &'a str,
    pub step: f32,
    pub row: &'a [u8],
}

/// All that is kept beside a case but its embeddings: by image, and by the text of sentences.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Beside<'a> {
    pub grids: Vec<ImagePart<'a, GRID_FACTS>>,
    pub thumbnails: Vec<ImagePart<'a, THUMBNAIL_FACTS>>,
    pub sentences: Vec<SentencePart<'a>>,
}

impl CaseEntry {
    /// What is to be kept beside the case.
    pub(crate) fn beside(&self) -> Beside<'_> {
        let grid = |(image, local): &'_ (usize, LocalImage)| (*image as u32, grid_facts(local));
        Beside {
            grids: (self.local.images.iter())
                .map(|of| (grid(of), of.1.patches().as_rows()))
                .map(|((image, facts), bytes)| ImagePart { image, facts, bytes })
                .collect(),
            thumbnails: (self.thumbnails.iter())
                .map(|(image, thumbnail)| ImagePart {
                    image: *image as u32,
                    facts: [thumbnail.width(), thumbnail.height()],
                    bytes: thumbnail.jpeg(),
                })
                .collect(),
            sentences: (self.local.sentences.iter())
                .map(|(text, vector)| SentencePart { text, step: vector.step(), row: vector.as_row() })
                .collect(),
        }
    }
}

fn grid_facts(local: &LocalImage) -> [u32; GRID_FACTS] {
    let (patches, frame, extent) = (local.patches(), local.grid().frame(), local.grid().extent());
    [
        patches.step().to_bits(),
        frame.x().to_bits(),
        frame.y().to_bits(),
        frame.width().to_bits(),
        frame.height().to_bits(),
        extent.columns(),
        extent.rows(),
        patches.rows() as u32 | (patches.columns() as u32) << 16,
    ]
}

/// The problem is one of bytes that passed a checksum, so a program wrote them wrongly.
pub(crate) fn local_image(part: &ImagePart<'_, GRID_FACTS>, dimension: usize) -> Result<LocalImage, String> {
    let [step, x, y, width, height, columns, rows, shape] = part.facts;
    let [x, y, width, height] = [x, y, width, height].map(f32::from_bits);
    let (down, across) = (shape as u16, (shape >> 16) as u16);
    let patches =
        Patches::restore(down.into(), across.into(), dimension, f32::from_bits(step), part.bytes.to_vec());
    let frame = GridFrame::new(x, y, width, height).map_err(|error| error.to_string())?;
    let extent = ImageExtent::new(columns, rows).map_err(|error| error.to_string())?;
    let patches = patches.map_err(|error| error.to_string())?;
    LocalImage::new(patches, frame, extent).map_err(|error| error.to_string())
}

/// As [`local_image`].
pub(crate) fn thumbnail(part: &ImagePart<'_, THUMBNAIL_FACTS>) -> Result<Thumbnail, String> {
    let [width, height] = part.facts;
    Thumbnail::new(part.bytes.to_vec(), width, height).map_err(|error| error.to_string())
}

/// As [`local_image`].
pub(crate) fn sentence_vector(part: &SentencePart<'_>, dimension: usize) -> Result<ByteVector, String> {
    ByteVector::restore(dimension, part.step, part.row.to_vec()).map_err(|error| error.to_string())
}
