//! Why a hit is shown, in the words of its report and in regions of the images.

use precedent_model::{
    Assertion, FindingId, GridFrame, ImageExtent, ImageGrid, ModelError, Region, SectionKind, Span, Zone,
};
use precedent_vector::Patches;

/// Sentences of a hit unless the request says how many.
pub const DEFAULT_SENTENCES: usize = 3;
/// Most sentences of a hit.
pub const MAX_SENTENCES: usize = 10;

/// Whether hits come with the sentences that fit the query image, and where in it they fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EvidenceRequest {
    /// Where the request has images, or what they became, and hits come with their reports.
    #[default]
    Auto,
    /// No.
    Off,
    /// Yes, at most so many sentences for each hit.
    Sentences(usize),
}

/// The parts of an image as an encoder saw them: a grid of vectors, and where in the image its cells are.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalImage {
    patches: Patches,
    grid: ImageGrid,
}

impl LocalImage {
    /// Patches over an image of that size.
    ///
    /// # Errors
    /// A frame that lies beside the image.
    pub fn new(patches: Patches, frame: GridFrame, extent: ImageExtent) -> Result<Self, ModelError> {
        let grid = ImageGrid::new(patches.rows(), patches.columns(), frame, extent)?;
        Ok(Self { patches, grid })
    }

    /// The vectors of the cells.
    pub fn patches(&self) -> &Patches {
        &self.patches
    }

    /// The cells.
    pub fn grid(&self) -> &ImageGrid {
        &self.grid
    }
}

/// A sentence of a hit's report that says that something is there, or may be, and where in the images it fits best.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Index of the section in the report.
    pub section: usize,
    /// The kind of that part of the report as understood.
    pub kind: SectionKind,
    /// The sentence, in the text of the section.
    pub sentence: Span,
    /// The findings that it says are there, or may be, ascending by id.
    pub findings: Vec<(FindingId, Assertion)>,
    /// The cosine of the sentence with the cell of the query image that it fits best.
    pub cosine: f32,
    /// The cosine beside those with other images of the archive; absent where too few of them have patches.
    pub background: Option<AgainstBackground>,
    /// Where in the query image it fits best.
    pub query: Location,
    /// Where in the image of the hit it fits best; absent where the archive has no patches of it.
    pub prior: Option<Location>,
}

/// How well a sentence fits the query image compared with other images of the archive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgainstBackground {
    /// The share of images that it fits less well, 0 to 1; of equal ones, half.
    pub share_below: f32,
    /// By how many standard deviations it fits better than the mean of them.
    pub deviations: f32,
}

/// The part of an image that a sentence fits best.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// Which image: of the request, among its images alone, or of the case.
    pub image: usize,
    /// The cell that fits best, row by row from the top left.
    pub cell: usize,
    /// The cells around it that fit nearly as well, as a box in pixels of the original image.
    pub region: Region,
    /// Where that is, as radiologists say it.
    pub zone: Option<Zone>,
    /// The cosine of the sentence with each cell, row by row from the top left; empty unless asked for.
    pub map: Vec<f32>,
}

/// What the sentences of all neighbours say of a query image.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedImage {
    /// Its cells.
    pub grid: ImageGrid,
    /// For each cell, row by row from the top left, the highest cosine with any sentence of the hits on the page that speaks of this
    /// examination, statements that something is normal or absent included.
    pub map: Vec<f32>,
    /// The cells that show the image and fit no sentence, from the least. Empty where there is no background to tell.
    pub unexplained: Vec<usize>,
}
