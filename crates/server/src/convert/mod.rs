//! The only conversion between the protocol and the domain.
//!
//! From the wire, only what the domain's types cannot express is refused here; the engine checks the rest. To the
//! wire, embeddings of cases never travel.

pub mod case;
pub mod encode;
mod highlight;
pub mod hit;
pub mod request;
pub mod stats;

/// A count as 32 bits; what is larger is the largest.
pub(crate) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
