//! The list of live segments: one file per generation, JSON inside a sealed file (FORMAT.md, "Manifest").

use crate::parts::{COLUMNS, GRIDS, LEXICAL, SENTENCES, THUMBNAILS, VECTORS};
use crate::{Definition, IndexError, SegmentSize};
use precedent_storage::{FileEntry, FileKind, SealedFile, Storage};
use serde::{Deserialize, Deserializer, Serialize};

/// Version of everything that a manifest refers to. A program refuses newer ones.
pub(crate) const FORMAT_VERSION: u32 = 9;
/// The version of an index that keeps neither local vectors nor thumbnails: nothing in it is of a later one, and earlier programs
/// read it.
const FORMAT_WITHOUT_LOCAL: u32 = 8;
/// The oldest version that can be read. Whatever such an index lacks is optional here.
const OLDEST_FORMAT: u32 = 1;

/// The folder of the log.
pub(crate) const LOG: &str = "log";

/// A file of dead cases of a segment.
pub(crate) const TOMBSTONES: FileKind = FileKind { tag: *b"TOMB", version: 1 };

/// One generation: its segments, their tombstones, and where the log continues.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Manifest {
    pub definition: Definition,
    pub generation: u64,
    /// The first sequence number in the log that is in no segment.
    pub log_start: u64,
    /// Number of the next segment.
    pub next_segment: u64,
    pub segments: Vec<SegmentEntry>,
}

/// A segment, as described by the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentEntry {
    pub id: String,
    pub cases: u64,
    pub rows: u64,
    pub nodes: u64,
    pub files: Vec<FileRecord>,
    /// Files of tombstones, which do not overlap; older ones are longer.
    #[serde(deserialize_with = "one_or_many")]
    pub tombstones: Vec<TombstoneEntry>,
    /// Memory that full text and fields took while the segment was written, in bytes; `None` if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_bytes: Option<u64>,
    /// Fingerprint of the lexicon and rules with which its reports were read; `None` if there were none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lexicon: Option<String>,
}

/// A file with some of the dead cases of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TombstoneEntry {
    pub count: u64,
    pub file: FileRecord,
}

impl TombstoneEntry {
    pub fn path(&self) -> String {
        format!("tombstones/{}", self.file.name)
    }

    /// The sorted ordinals, all below `cases`. `manifest` is the file that names this one.
    pub fn read(&self, storage: &dyn Storage, cases: u64, manifest: &str) -> Result<Vec<u32>, IndexError> {
        let path = self.path();
        let file = SealedFile::open(storage, &path, TOMBSTONES, Some(&self.file.entry(manifest)?))?;
        let dead: Vec<u32> = (file.bytes(0..file.len())?.chunks_exact(4))
            .map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        let ascending = dead.windows(2).all(|pair| pair[0] < pair[1]);
        let within = dead.last().is_none_or(|&last| u64::from(last) < cases);
        if !ascending || !within || dead.len() as u64 != self.count {
            return Err(IndexError::damaged(&path, "it is no ascending list of the segment's cases"));
        }
        Ok(dead)
    }
}

/// Up to version 7 a segment had all its tombstones in one file, or none.
fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<TombstoneEntry>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Files {
        One(Option<TombstoneEntry>),
        Many(Vec<TombstoneEntry>),
    }
    Ok(match Files::deserialize(from)? {
        Files::One(file) => file.into_iter().collect(),
        Files::Many(files) => files,
    })
}

/// Name, length and digest of a file, to detect a different file in its place.
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

/// Only the version, read before anything else so that a newer format is reported as such.
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
        self.tombstones.iter().map(|tombstones| tombstones.count).sum()
    }

    /// Live cases.
    pub fn live(&self) -> u64 {
        self.cases.saturating_sub(self.dead())
    }

    /// The approximate size of its live cases, to plan merges.
    pub fn live_size(&self) -> SegmentSize {
        let bytes =
            |part: &str| self.files.iter().find(|file| file.name == part).map_or(0, |file| file.bytes);
        // If it was not measured: while they are built, the word tables take up to three times their size on disk.
        let text_bytes = self.text_bytes.unwrap_or_else(|| 3 * (bytes(LEXICAL.name) + bytes(COLUMNS.name)));
        let live = |of_all: u64| (of_all as f64 * self.live() as f64 / self.cases.max(1) as f64) as u64;
        SegmentSize {
            cases: self.live(),
            text_bytes: live(text_bytes),
            vector_bytes: live(bytes(VECTORS.name)),
            local_bytes: live([GRIDS, THUMBNAILS, SENTENCES].iter().map(|part| bytes(part.name)).sum()),
        }
    }
}

impl Manifest {
    pub fn new(definition: Definition) -> Self {
        Self { definition, generation: 0, log_start: 1, next_segment: 1, segments: Vec::new() }
    }

    /// The file name of a generation.
    pub fn file_name(generation: u64) -> String {
        precedent_storage::generation_file(generation)
    }

    /// Reads the newest generation.
    pub fn latest(storage: &dyn Storage) -> Result<Self, IndexError> {
        let (generation, bytes) =
            precedent_storage::latest_generation(storage)?.ok_or_else(|| Self::missing(storage))?;
        Self::read(generation, &bytes)
    }

    /// An index that has lost its manifest is not an empty directory, and nobody must be told to create a new index there.
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
        let read = Self {
            definition: Definition::kept(&file.definition)?,
            generation,
            log_start: file.log_start,
            next_segment: file.next_segment,
            segments: file.segments,
        };
        if format < read.format() && read.format() > FORMAT_WITHOUT_LOCAL {
            return Err(damaged(format!(
                "it is of format {format}, whose definitions know no local vectors"
            )));
        }
        Ok(read)
    }

    /// The version in which it is written.
    fn format(&self) -> u32 {
        let Definition { local_space, thumbnail_side, .. } = &self.definition;
        if local_space.is_some() || *thumbnail_side > 0 { FORMAT_VERSION } else { FORMAT_WITHOUT_LOCAL }
    }

    /// Publishes this as the newest generation, durably.
    pub fn publish(&self, storage: &dyn Storage) -> Result<(), IndexError> {
        let file = ManifestFile {
            format: self.format(),
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
        let error = Manifest::read(3, br#"{"format": 99, "surprise": true}"#).unwrap_err().to_string();
        assert!(error.contains("format 99") && error.contains("formats 1 to 9"), "{error}");
        assert!(Manifest::read(3, br#"{"format": 0}"#).unwrap_err().to_string().contains("format 0"));
    }

    #[test]
    fn tombstones_of_every_version_are_read() {
        let file = r#"{"count":2,"file":{"name":"n","bytes":1,"digest":"0"}}"#;
        let entry = |tombstones: &str| {
            let text =
                format!(r#"{{"id":"1","cases":9,"rows":0,"nodes":0,"files":[],"tombstones":{tombstones}}}"#);
            serde_json::from_str::<SegmentEntry>(&text).unwrap()
        };
        assert_eq!((entry("null").dead(), entry(file).dead(), entry("[]").dead()), (0, 2, 0));
        assert_eq!((entry(&format!("[{file},{file}]")).dead(), entry(file).live()), (4, 7));
    }

    #[test]
    fn a_manifest_of_another_generation_is_damage() {
        let bytes = br#"{"format":1,"program":"p","generation":4,"log_start":1,"next_segment":1,
            "definition":"name = 'a'","segments":[]}"#;
        assert!(Manifest::read(3, bytes).unwrap_err().to_string().contains("generation 4"));
        assert_eq!(Manifest::read(4, bytes).unwrap().definition.name, "a");
    }
}
