//! Decoders of compressed streams of one grey picture, each behind checks of the stream's own headers.

pub(crate) mod jpeg;
pub(crate) mod jpeg2000;
pub(crate) mod jpeg_markers;
pub(crate) mod rle;
