//! Lines of codes and of queries, as kernels read them.

/// Bytes of a line: a cache line of the processors this is tuned for.
pub const LINE_BYTES: usize = 64;
/// Codes that are compared at a time.
pub const GROUP: usize = 16;
/// Bytes of a bias.
pub const BIAS_BYTES: usize = 4;

/// What a line of a code is multiplied with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryLine {
    /// For wide coordinates and the lower halves of narrow ones.
    pub low: [i8; LINE_BYTES],
    /// For the upper halves.
    pub high: [i8; LINE_BYTES],
}

/// A query to be read.
#[derive(Clone, Copy)]
pub struct QueryView<'a> {
    pub(crate) lines: &'a [QueryLine],
    /// What a unit of the sum is worth.
    pub(crate) factor: f32,
    /// Added to every estimate: what the sum is too large by, because it is over bytes from 0 up.
    pub(crate) constant: f32,
    /// What the sum over the bytes of wide coordinates is larger by than that over the bytes less 128.
    pub(crate) wide_offset: i32,
}

/// The bias of a code of a biased table.
#[inline]
pub fn bias(code: &[u8]) -> f32 {
    code.last_chunk::<BIAS_BYTES>().map_or(0.0, |bytes| f32::from_le_bytes(*bytes))
}
