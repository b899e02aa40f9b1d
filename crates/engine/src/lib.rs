//! The facade: ingest and search.
