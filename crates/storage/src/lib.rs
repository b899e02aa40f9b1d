//! Files, checksums, memory maps, log, manifest, writer lock.
