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
mod links;
mod metric;
mod node_set;
mod packed;
mod quantiser;
mod sample;
mod space;

pub use code::{
    BIAS_BYTES, CodeQueries, CodeQuery, CodeShape, CodeTable, GROUP, LINE_BYTES, Lines, QueryView, Steps,
    bias,
};
pub use embedding::Embedding;
pub use kernel::{
    DistanceFn, InstructionSetError, instruction_set, instruction_sets, limit_instruction_set, prefetch,
    prefetch_whole,
};
pub use keys::{SortedKeys, key, key_node, key_value};
pub use links::{
    BLOCK_LINKS, LinkEncoder, LinkOf, LinkQuantiser, LinkQuery, MOST_RESIDUALS, block_bytes, quads_for,
    quads_of,
};
pub use metric::Metric;
pub use node_set::NodeSet;
pub use packed::{PackedDistance, pack, packed_bytes, stands_for};
pub use quantiser::{PreparedQuery, Quantiser, QuantiserError, VectorEncoder};
pub use sample::sample;
pub use space::{MAX_DIMENSION, MAX_ENCODER_ID_BYTES, MIN_DIMENSION, VectorError, VectorSpace};
