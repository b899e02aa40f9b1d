//! The index: writer, segments, merge, snapshots, columns, verify.
