//! The list of live parts: one file per generation, JSON inside a sealed file (FORMAT.md, "Manifest").

use crate::{Definition, IndexError};
use precedent_storage::{FileEntry, FileKind, Storage};
use serde::{Deserialize, Serialize};

/// Version of everything under the manifest. A program refuses a newer one.
pub(crate) const FORMAT_VERSION: u32 = 7;
/// The oldest version that is read. What an index of it lacks is optional here.
const OLDEST_FORMAT: u32 = 1;

/// The folder of the log.
pub(crate) const LOG: &str = "log";

/// Dead cases of a segment.
pub(crate) const TOMBSTONES: FileKind = FileKind { tag: *b"TOMB", version: 1 };

/// One generation: which segments, which tombstones, and where the log goes on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Manifest {
    pub definition: Definition,
    pub generation: u64,
    /// First sequence number of the log that is in no segment.
    pub log_start: u64,
    /// Number of the next segment.
    pub next_segment: u64,
    pub segments: Vec<SegmentEntry>,
}

/// One segment as the manifest knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentEntry {
    pub id: String,
    pub cases: u64,
    pub rows: u64,
    pub nodes: u64,
    pub files: Vec<FileRecord>,
    pub tombstones: Option<TombstoneEntry>,
    /// Fingerprint of the lexicon and rules by which its reports were read; `None` when there were none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lexicon: Option<String>,
}

/// The dead cases of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TombstoneEntry {
    pub count: u64,
    pub file: FileRecord,
}

/// Name, length and digest of a file, so that another file in its place is noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRecord {
    pub name: String,
    pub bytes: u64,
    pub digest: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    format: u32,
    program: String,
    generation: u64,
    log_start: u64,
    next_segment: u64,
    definition: String,
    segments: Vec<SegmentEntry>,
}

/// Only the version, read before anything else so that a newer format is named as such.
#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

impl FileRecord {
    pub fn of(entry: &FileEntry) -> Self {
        Self { name: entry.name.clone(), bytes: entry.bytes, digest: format!("{:016x}", entry.digest) }
    }

    pub fn entry(&self, manifest: &str) -> Result<FileEntry, IndexError> {
        let digest = u64::from_str_radix(&self.digest, 16).map_err(|_| {
            IndexError::damaged(manifest, format!("the digest of {} is no number", self.name))
        })?;
        Ok(FileEntry { name: self.name.clone(), bytes: self.bytes, digest })
    }
}

impl SegmentEntry {
    /// The folder of the segment.
    pub fn folder(&self) -> String {
        format!("segments/{}", self.id)
    }

    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Dead cases.
    pub fn dead(&self) -> u64 {
        self.tombstones.as_ref().map_or(0, |tombstones| tombstones.count)
    }
}

impl Manifest {
    pub fn new(definition: Definition) -> Self {
        Self { definition, generation: 0, log_start: 1, next_segment: 1, segments: Vec::new() }
    }

    /// The name of the generation's file.
    pub fn file_name(generation: u64) -> String {
        precedent_storage::generation_file(generation)
    }

    /// The newest generation.
    pub fn latest(storage: &dyn Storage) -> Result<Self, IndexError> {
        let (generation, bytes) =
            precedent_storage::latest_generation(storage)?.ok_or_else(|| Self::missing(storage))?;
        Self::read(generation, &bytes)
    }

    /// An archive that lost its manifest is no empty directory, and must not be told to make a new index.
    fn missing(storage: &dyn Storage) -> IndexError {
        let holds = |folder: &str| storage.list(folder).is_ok_and(|names| !names.is_empty());
        match holds("segments") || holds(LOG) {
            true => IndexError::damaged("manifest", "it is missing beside the data of an index"),
            false => IndexError::NotAnIndex,
        }
    }

    fn read(generation: u64, bytes: &[u8]) -> Result<Self, IndexError> {
        let name = Self::file_name(generation);
        let damaged = |problem: String| IndexError::damaged(&name, problem);
        let FormatOnly { format } =
            serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if !(OLDEST_FORMAT..=FORMAT_VERSION).contains(&format) {
            return Err(damaged(format!(
                "it is of format {format}, this program reads formats {OLDEST_FORMAT} to {FORMAT_VERSION}; use the \
                 program that wrote it"
            )));
        }
        let file: ManifestFile = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if file.generation != generation {
            return Err(damaged(format!("it says generation {}", file.generation)));
        }
        Ok(Self {
            definition: Definition::kept(&file.definition)?,
            generation,
            log_start: file.log_start,
            next_segment: file.next_segment,
            segments: file.segments,
        })
    }

    /// Makes this the newest generation, durably.
    pub fn publish(&self, storage: &dyn Storage) -> Result<(), IndexError> {
        let file = ManifestFile {
            format: FORMAT_VERSION,
            program: concat!("precedent ", env!("CARGO_PKG_VERSION")).to_owned(),
            generation: self.generation,
            log_start: self.log_start,
            next_segment: self.next_segment,
            definition: self.definition.to_toml()?,
            segments: self.segments.clone(),
        };
        let bytes = serde_json::to_vec_pretty(&file)
            .map_err(|error| IndexError::damaged(&Self::file_name(self.generation), error.to_string()))?;
        Ok(precedent_storage::write_generation(storage, self.generation, &bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_format_is_named() {
        let error = Manifest::read(3, br#"{"format": 9, "surprise": true}"#).unwrap_err().to_string();
        assert!(error.contains("format 9") && error.contains("formats 1 to 7"), "{error}");
        assert!(Manifest::read(3, br#"{"format": 0}"#).unwrap_err().to_string().contains("format 0"));
    }

    #[test]
    fn a_manifest_of_another_generation_is_damage() {
        let bytes = br#"{"format":1,"program":"p","generation":4,"log_start":1,"next_segment":1,
            "definition":"name = 'a'","segments":[]}"#;
        assert!(Manifest::read(3, bytes).unwrap_err().to_string().contains("generation 4"));
        assert_eq!(Manifest::read(4, bytes).unwrap().definition.name, "a");
    }
}
