//! HNSW graphs: built by hnsw_rs, frozen into flat bytes, searched in place.
