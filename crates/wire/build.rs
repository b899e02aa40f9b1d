//! Generates the protocol's messages and services from `proto`. No system protoc is needed.

use prost::Message;
use std::{env, error::Error, fs, path::PathBuf};

const PROTOS: [&str; 6] = [
    "precedent/v1/case.proto",
    "precedent/v1/search_service.proto",
    "precedent/v1/ingest_service.proto",
    "precedent/v1/encode_service.proto",
    "precedent/v1/index_service.proto",
    "precedent/v1/report_service.proto",
];

/// Messages that hold report text, words of queries, identifiers, embeddings or pictures, or others that do. Their `Debug` is written by hand in
/// `src/hidden.rs` and shows none of it; a message that is forgotten here but contains one of these does not compile.
const HIDDEN: [&str; 45] = [
    "PatientKey",
    "Embedding",
    "Image",
    "Section",
    "Report",
    "FieldValues",
    "Case",
    "SearchRequest",
    "Guards",
    "AppliedGuards",
    "SearchResponse",
    "Plan",
    "Warning",
    "TextCorrection",
    "Hit",
    "BatchSearchRequest",
    "BatchSearchResponse",
    "GetCaseRequest",
    "GetCaseResponse",
    "BatchGetCasesRequest",
    "BatchGetCasesResponse",
    "GetThumbnailRequest",
    "GetThumbnailResponse",
    "ListCasesRequest",
    "ListCasesResponse",
    "ReadReportRequest",
    "IngestCasesRequest",
    "IngestCasesResponse",
    "DeleteCasesRequest",
    "DeleteCasesResponse",
    "QueryImage",
    "ImageChunk",
    "EncodeImageRequest",
    "EncodeImageResponse",
    "PatchGrid",
    "EncodeTextRequest",
    "EncodeTextResponse",
    "EncodedQueryImage",
    "Facet",
    "FacetValue",
    "Dissent",
    "FindingDissent",
    "LocalPatches",
    "ExplainedImage",
    "ImageLocation",
];

// A build script has no other way to write.
#[allow(clippy::disallowed_methods)]
fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let descriptors = protox::compile(PROTOS, [&root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    let hidden = HIDDEN.map(|message| format!(".precedent.v1.{message}"));
    // A case has a handful of fields: a tree of one node is made and walked faster than a table is hashed.
    tonic_prost_build::configure().btree_map(".").skip_debug(hidden).compile_fds(descriptors)?;
    Ok(())
}
