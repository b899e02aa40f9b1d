//! Embeddings, metrics, and distance kernels chosen at run time.
//!
//! ```
//! use precedent_vector::{Metric, VectorSpace};
//!
//! let space = VectorSpace::new(16, Metric::Cosine, "my-encoder-1").unwrap();
//! let embedding = space.admit("my-encoder-1", &[0.5; 16]).unwrap();
//! let distance = space.metric().distance_fn();
//! assert!(distance(embedding.as_slice(), embedding.as_slice()).abs() < 1e-6);
//! ```

mod code;
mod embedding;
mod kernel;
mod keys;
mod link_query;
mod links;
mod maxsim;
mod metric;
mod node_set;
mod packed;
mod patches;
mod quantiser;
mod query_view;
mod sample;
mod sorted_keys;
mod space;

pub use code::{CodeQueries, CodeQuery, CodeShape, CodeTable, Lines, Steps};
pub use embedding::Embedding;
pub use kernel::links::BLOCK_LINKS;
pub use kernel::{
    DistanceFn, InstructionSetError, instruction_set, instruction_sets, limit_instruction_set, prefetch,
    prefetch_whole,
};
pub use keys::{key, key_node, key_value};
pub use link_query::LinkQuery;
pub use links::{LinkEncoder, LinkOf, LinkQuantiser, MOST_RESIDUALS, block_bytes, quads_for, quads_of};
pub use maxsim::{MAX_MAXSIM_DIMENSION, MaxSim, MaxSimError};
pub use metric::Metric;
pub use node_set::NodeSet;
pub use packed::{PackedDistance, pack, packed_bytes, stands_for};
pub use patches::{ByteVector, MAX_LOCAL_DIMENSION, MAX_PATCHES, Patches, PatchesError};
pub use quantiser::{PreparedQuery, Quantiser, QuantiserError, VectorEncoder};
pub use query_view::{BIAS_BYTES, GROUP, LINE_BYTES, QueryView, bias};
pub use sample::sample;
pub use sorted_keys::SortedKeys;
pub use space::{MAX_DIMENSION, MAX_ENCODER_ID_BYTES, MIN_DIMENSION, VectorError, VectorSpace};
