//! Manifests and vectors from outside: JSONL, CSV, npy, with a map of columns.
