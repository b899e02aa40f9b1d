//! The size of the towers: everything that the shapes of their weights follow from.

use crate::EncoderError;
use serde::{Deserialize, Serialize};

/// Numbers that say from which side a film was taken.
pub(crate) const VIEW_WIDTH: usize = 2;
/// Rows and columns of the small picture that likeness is read from, beside the cells of the last stage.
pub(crate) const THUMBNAIL: usize = 16;

/// The size of the two towers. Counts are of numbers unless another unit is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Side of the square picture that the image tower sees, in pixels.
    pub side: usize,
    /// Pixels from one cell of the first stage to the next; its window is wider by [`STEM_OVERLAP`] on each side.
    pub stem: usize,
    /// Numbers per cell in each stage. Each stage halves rows and columns of the one before.
    pub widths: Vec<usize>,
    /// Residual blocks in each stage.
    pub blocks: Vec<usize>,
    /// Rows of the table of words and of parts of words, half of them for either.
    pub buckets: usize,
    /// Numbers per word.
    pub text_width: usize,
    /// Residual blocks over the words of a sentence.
    pub text_blocks: usize,
    /// Dimension of the space that both towers end in.
    pub joint: usize,
    /// Numbers that tell a film from others with the same findings; 0 for an encoder that has none, nor a view.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub likeness: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(size: &usize) -> bool {
    *size == 0
}

/// Pixels by which the windows of the first stage overlap.
pub const STEM_OVERLAP: usize = 2;
/// Words that a block of the text tower sees at once.
pub(crate) const TEXT_WINDOW: usize = 5;
/// Most cells of a grid of patches.
const MOST_CELLS: usize = 64;
/// Most parameters of both towers together: what two cores can teach in an hour.
const MOST_PARAMETERS: usize = 2_000_000;

/// How a parameter is initialised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// All zeros.
    Zero,
    /// Normal with that standard deviation.
    Normal(f64),
    /// All zeros, which no step changes: worked out at once when the steps are done.
    Fitted,
}

/// One tensor of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name in a file of weights.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How training begins.
    pub start: Start,
}

impl Architecture {
    /// The towers of the bundled encoder.
    pub fn standard() -> Self {
        Self {
            side: 192,
            stem: 6,
            widths: vec![32, 64, 128],
            blocks: vec![2, 3, 3],
            buckets: 6144,
            text_width: 64,
            text_blocks: 3,
            joint: 128,
            likeness: 126,
        }
    }

    /// Rows and columns of the grid of patches.
    pub fn grid(&self) -> usize {
        (self.side / self.stem.max(1)) >> self.widths.len().saturating_sub(1)
    }

    /// Numbers of a whole vector: the joint space, and likeness and view where there are any.
    pub fn dimension(&self) -> usize {
        if self.likeness == 0 { self.joint } else { self.joint + self.likeness + VIEW_WIDTH }
    }

    /// Numbers that likeness and view are read from: mean and maximum of the last cells, and a small picture.
    pub fn appearance_width(&self) -> usize {
        2 * self.widths.last().copied().unwrap_or(0) + THUMBNAIL * THUMBNAIL
    }

    /// Every parameter of both towers, in the order of their use.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut list = Parameters::default();
        let window = self.stem + 2 * STEM_OVERLAP;
        let mut before = window * window;
        for (stage, (&width, &blocks)) in self.widths.iter().zip(&self.blocks).enumerate() {
            list.linear(&format!("image.{stage}.enter"), before, width, 1.0);
            for block in 0..blocks {
                list.block(&format!("image.{stage}.{block}"), 9, width);
            }
            before = 4 * width;
        }
        let last = self.widths.last().copied().unwrap_or(0);
        list.linear("image.patch", last, self.joint, 1.0);
        list.linear("image.global", 2 * last, self.joint, 1.0);
        if self.likeness > 0 {
            for (name, size) in [("image.likeness", self.likeness), ("image.view", 1)] {
                list.add(&format!("{name}.weight"), vec![self.appearance_width(), size], Start::Fitted);
                list.add(&format!("{name}.bias"), vec![size], Start::Fitted);
            }
        }
        list.add("text.table", vec![self.buckets, self.text_width], Start::Normal(1.0));
        for block in 0..self.text_blocks {
            list.block(&format!("text.{block}"), TEXT_WINDOW, self.text_width);
        }
        list.linear("text.weight", self.text_width, 1, 1.0);
        list.linear("text.joint", self.text_width, self.joint, 1.0);
        list.0
    }

    /// Refuses sizes of which no towers can be made.
    ///
    /// # Errors
    /// The key that is wrong, and what it may be.
    pub fn check(&self) -> Result<(), EncoderError> {
        let refused = |key: &'static str, problem: String| Err(EncoderError::Architecture { key, problem });
        if !(16..=1024).contains(&self.side) || self.stem == 0 || !self.side.is_multiple_of(self.stem) {
            return refused("side", format!("{} is no multiple of stem from 16 to 1024", self.side));
        }
        if self.widths.is_empty() || self.widths.len() > 6 || self.widths.len() != self.blocks.len() {
            return refused("widths", "and blocks have 1 to 6 stages, equally many".to_owned());
        }
        let cells = self.side / self.stem;
        if !cells.is_multiple_of(1 << (self.widths.len() - 1)) || self.grid() == 0 {
            return refused("stem", format!("gives {cells} cells a row, which the stages cannot halve"));
        }
        if self.grid() * self.grid() > MOST_CELLS {
            return refused("stem", format!("gives more than {MOST_CELLS} patches"));
        }
        let sizes = [("buckets", self.buckets), ("text_width", self.text_width), ("joint", self.joint)];
        for (key, size) in sizes.into_iter().chain(self.widths.iter().map(|width| ("widths", *width))) {
            if !(2..=65_536).contains(&size) {
                return refused(key, format!("{size} is outside 2 to 65536"));
            }
        }
        if self.likeness > self.appearance_width() {
            let most = self.appearance_width();
            return refused("likeness", format!("{} is more than the {most} it is read from", self.likeness));
        }
        if self.likeness > 0 && !self.side.is_multiple_of(THUMBNAIL) {
            return refused("likeness", format!("needs a side that is a multiple of {THUMBNAIL}"));
        }
        if self.blocks.iter().chain([&self.text_blocks]).any(|blocks| *blocks > 32) {
            return refused("blocks", "has more than 32 in a stage".to_owned());
        }
        let count = self.parameter_count();
        if count > MOST_PARAMETERS {
            return refused("widths", format!("give {count} parameters, the limit is {MOST_PARAMETERS}"));
        }
        Ok(())
    }

    /// Numbers in all parameters together.
    pub fn parameter_count(&self) -> usize {
        self.parameters().iter().map(|parameter| parameter.shape.iter().product::<usize>()).sum()
    }
}

#[derive(Default)]
struct Parameters(Vec<Parameter>);

impl Parameters {
    fn add(&mut self, name: &str, shape: Vec<usize>, start: Start) {
        self.0.push(Parameter { name: name.to_owned(), shape, start });
    }

    /// Weight and bias; `gain` 1 keeps the variance of what goes in.
    fn linear(&mut self, name: &str, inner: usize, out: usize, gain: f64) {
        let start = Start::Normal(gain / (inner as f64).sqrt());
        self.add(&format!("{name}.weight"), vec![inner, out], start);
        self.add(&format!("{name}.bias"), vec![out], Start::Zero);
    }

    /// A residual block: a rectified convolution over `window` cells and a mixing of its numbers, which begins small
    /// so that the block begins near the identity.
    fn block(&mut self, name: &str, window: usize, width: usize) {
        self.linear(&format!("{name}.conv"), window * width, width, std::f64::consts::SQRT_2);
        self.linear(&format!("{name}.mix"), width, width, 0.5);
    }
}
