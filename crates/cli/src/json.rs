//! The protobuf JSON mapping of the service's messages.

use crate::exit::Failure;
use precedent_convert::{self as convert, stats::Abilities};
use precedent_engine::{Engine, IndexStats, NewCase, Verification};
use precedent_model::Case;
use precedent_wire::{FILE_DESCRIPTOR_SET, v1};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use std::sync::OnceLock;

/// The answer to a search, as the service would send it.
pub fn response(response: &v1::SearchResponse) -> Result<String, Failure> {
    message("precedent.v1.SearchResponse", response)
}

/// The figures of an index.
pub fn stats(engine: &Engine, stats: &IndexStats) -> Result<String, Failure> {
    let stats = convert::stats::stats(engine.definition(), Abilities::of(engine), stats, engine.condition());
    message("precedent.v1.IndexStats", &stats)
}

/// What a check found.
pub fn verification(found: &Verification) -> Result<serde_json::Value, Failure> {
    value("precedent.v1.VerifyIndexResponse", &convert::stats::verification(found))
}

/// A case, on one line.
pub fn case(case: Case) -> Result<String, Failure> {
    serde_json::to_string(&value("precedent.v1.Case", &convert::case::to_wire(case))?).map_err(Failure::other)
}

/// A case with its embeddings, on one line.
pub fn case_with_embeddings(case: NewCase) -> Result<String, Failure> {
    let case = convert::case::to_wire_whole(case);
    serde_json::to_string(&value("precedent.v1.Case", &case)?).map_err(Failure::other)
}

/// An embedding, on one line.
pub fn embedding(embedding: &v1::Embedding) -> Result<String, Failure> {
    serde_json::to_string(&value("precedent.v1.Embedding", embedding)?).map_err(Failure::other)
}

fn message(name: &str, message: &impl Message) -> Result<String, Failure> {
    serde_json::to_string_pretty(&value(name, message)?).map_err(Failure::other)
}

/// What the protocol's messages look like, read once: a list may hold a million of them.
fn pool() -> Result<&'static DescriptorPool, Failure> {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    match POOL.get() {
        Some(pool) => Ok(pool),
        None => {
            let read = DescriptorPool::decode(FILE_DESCRIPTOR_SET).map_err(Failure::other)?;
            Ok(POOL.get_or_init(|| read))
        }
    }
}

fn value(name: &str, message: &impl Message) -> Result<serde_json::Value, Failure> {
    let descriptor = pool()?
        .get_message_by_name(name)
        .ok_or_else(|| Failure::other(format!("the protocol has no message {name}")))?;
    let dynamic =
        DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).map_err(Failure::other)?;
    // Counts of 0 and empty lists are said, not left out: a reader need not know the defaults.
    let options = SerializeOptions::new().skip_default_fields(false);
    // Through a sorted value: protobuf maps have no order, and the same answer must print the same twice.
    dynamic.serialize_with_options(serde_json::value::Serializer, &options).map_err(Failure::other)
}
