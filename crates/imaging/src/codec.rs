//! Decoders of compressed streams of one picture, each behind checks of the stream's own headers.

pub(crate) mod huffman;
pub(crate) mod jpeg;
pub(crate) mod jpeg2000;
pub(crate) mod jpeg_lossless;
pub(crate) mod jpeg_markers;
mod jpeg_scans;
pub(crate) mod jpeg_sequential;
pub(crate) mod jpegls;
pub(crate) mod rle;

/// What a stream holds.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    /// Bits of a sample, by the stream.
    pub(crate) bits: u16,
    /// Whether `values` are in two's complement of 16 bits.
    pub(crate) signed: bool,
    /// Whether samples may differ from those of the original.
    pub(crate) lossy: bool,
    /// Samples of a pixel: 1 or 3.
    pub(crate) components: usize,
    /// Row by row, the samples of a pixel side by side.
    pub(crate) values: Vec<u16>,
}

#[cfg(test)]
mod corpus_tests;
