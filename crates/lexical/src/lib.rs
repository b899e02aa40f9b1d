//! Full text: analyzer, schema, BM25 over the live cases of a snapshot.
