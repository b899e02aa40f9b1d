//! Code generated from the protocol in `proto`: messages, and stubs for servers and clients.
//!
//! The protocol's comments are the documentation of the messages. Messages that hold report text, identifiers or
//! embeddings hide them from `Debug`.
//!
//! ```
//! use precedent_wire::v1::{Embedding, SearchRequest};
//!
//! let embedding = Embedding { values: vec![0.25; 512], encoder_id: "my-encoder-1".to_owned() };
//! let request = SearchRequest { embeddings: vec![embedding], limit: Some(5), ..SearchRequest::default() };
//! assert_eq!(format!("{request:?}"), "SearchRequest(hidden)");
//! ```

mod hidden;

/// Package `precedent.v1`.
#[allow(missing_docs, unused_qualifications, clippy::all, clippy::pedantic)]
pub mod v1 {
    tonic::include_proto!("precedent.v1");
}

/// The protocol as an encoded `google.protobuf.FileDescriptorSet` with its comments: for server reflection and for the
/// JSON mapping.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
