//! Files, checksums, memory maps, log, manifests and the writer lock of one index directory.
//!
//! This crate knows nothing of radiology: it keeps bytes, says when they are durable, and never hands out bytes
//! whose checksum it has not seen.
//!
//! - [`Storage`] is one directory; [`DiskStorage`] is the real one.
//! - [`SealedWriter`] and [`SealedFile`]: immutable files with a checksum per 64 KiB block, checked at first touch.
//! - [`Log`]: what is acknowledged before it is in a segment.
//! - [`write_generation`] and [`latest_generation`]: the atomic commit.
//!
//! ```
//! use precedent_storage::*;
//! use std::sync::Arc;
//! # let folder = std::env::temp_dir().join(format!("precedent-doc-{}", std::process::id()));
//! const WORDS: FileKind = FileKind { tag: *b"WORD", version: 1 };
//!
//! let storage: Arc<dyn Storage> = Arc::new(DiskStorage::create(&folder)?);
//! let _lock = storage.lock("writer.lock")?;
//!
//! // Durable first in the log ...
//! let (mut log, _) = Log::open::<StorageError>(storage.clone(), "log", 1, LogLimits::default(), |_, _| Ok(()))?;
//! log.append(b"hello")?;
//! log.sync()?;
//!
//! // ... then in a sealed file, which a new generation names ...
//! storage.create_dir_all("segments/1")?;
//! let mut writer = SealedWriter::create(&*storage, "segments/1/words", WORDS)?;
//! writer.append(b"hello")?;
//! let entry = writer.finish()?;
//! storage.sync_dir("segments/1")?;
//! write_generation(&*storage, 1, entry.name.as_bytes())?;
//!
//! // ... and only then the log lets go of it.
//! log.roll()?;
//! remove_generations_before(&*storage, 1)?;
//! log.prune(2)?;
//!
//! let words = SealedFile::open(&*storage, "segments/1/words", WORDS, Some(&entry))?;
//! assert_eq!(words.bytes(0..5)?, b"hello");
//! # std::fs::remove_dir_all(&folder).ok();
//! # Ok::<(), StorageError>(())
//! ```

mod disk;
mod error;
mod frame;
mod generation;
mod layout;
mod log;
mod map;
mod path;
mod replay;
mod sealed_file;
mod sealed_writer;
mod storage;
mod synced;

#[cfg(any(test, feature = "fault"))]
mod fault;
#[cfg(test)]
mod protocol_tests;
#[cfg(test)]
mod seeded;

pub use disk::DiskStorage;
pub use error::StorageError;
#[cfg(any(test, feature = "fault"))]
pub use fault::{FaultKind, FaultStorage};
pub use frame::MAX_FRAME;
pub use generation::{
    clean_temporary, generation_file, latest_generation, remove_generations_before, write_generation,
};
pub use layout::{BLOCK_BYTES, FileEntry, FileKind};
pub use log::{Log, LogLimits};
pub use map::{Access, MapSlice};
pub use replay::Recovery;
pub use sealed_file::SealedFile;
pub use sealed_writer::SealedWriter;
pub use storage::{ReadFile, Storage, WriteFile, WriterLock};
