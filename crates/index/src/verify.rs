//! A full check: all bytes against their checksums, and all parts against each other.

use crate::manifest::{FileRecord, LOG, Manifest, TOMBSTONES};
use crate::parts::PARTS;
use crate::record::decode_operation;
use crate::segment::Segment;
use crate::{Damage, IndexError, Snapshot, Verification};
use precedent_storage::{FileKind, Log, SealedFile, Storage};

/// How often a check starts over because the index moved on meanwhile.
const ROUNDS: usize = 5;
/// Cases checked between two calls of `stop`.
const CASES_BETWEEN_STOPS: u32 = 256;

/// Checks an index that may be in use. `progress` gets bytes done and in all.
///
/// # Errors
/// No index. Damage is part of the result.
pub fn verify(storage: &dyn Storage, progress: &dyn Fn(u64, u64)) -> Result<Verification, IndexError> {
    verify_until(storage, progress, &|| false)
}

/// As [`verify`], until `stop` returns true; it is called between files and every few hundred cases.
///
/// # Errors
/// As [`verify`], and [`IndexError::Stopped`].
pub fn verify_until(
    storage: &dyn Storage,
    progress: &dyn Fn(u64, u64),
    stop: &dyn Fn() -> bool,
) -> Result<Verification, IndexError> {
    let number = || precedent_storage::latest_generation(storage).ok().flatten().map(|(number, _)| number);
    let mut round = 0;
    loop {
        let before = number();
        let mut found = check(storage, progress, stop)?;
        round += 1;
        // Files that a writer removed meanwhile are not damage.
        if found.damages.is_empty() || before == number() {
            return Ok(found);
        }
        if round == ROUNDS {
            // An index in steady use never stands still: damage to what it no longer holds is left out.
            if let Ok(newest) = Manifest::latest(storage) {
                found.damages.retain(|damage| still_names(&newest, &damage.file));
            }
            return Ok(found);
        }
    }
}

impl Snapshot {
    /// Whether a file found damaged belongs to this generation.
    pub fn names(&self, file: &str) -> bool {
        still_names(&self.manifest, file)
    }
}

/// Whether a file found damaged belongs to this generation. Log and manifest are one name for many files.
fn still_names(manifest: &Manifest, file: &str) -> bool {
    let in_segments = file.starts_with("segments/");
    let in_tombstones = file.starts_with("tombstones/");
    !(in_segments || in_tombstones)
        || manifest.segments.iter().any(|entry| {
            let folder = entry.folder();
            file.strip_prefix(&folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                || entry.tombstones.iter().any(|tombstones| tombstones.path() == file)
        })
}

fn check(
    storage: &dyn Storage,
    progress: &dyn Fn(u64, u64),
    stop: &dyn Fn() -> bool,
) -> Result<Verification, IndexError> {
    let manifest = match Manifest::latest(storage) {
        Ok(manifest) => manifest,
        Err(IndexError::NotAnIndex) => return Err(IndexError::NotAnIndex),
        Err(error) => {
            let description = error.to_string();
            let damages = vec![Damage { file: "manifest".to_owned(), description }];
            return Ok(Verification { damages, files: 1, bytes: 0 });
        }
    };
    let tombstones = manifest.segments.iter().flat_map(|entry| &entry.tombstones);
    let total: u64 = manifest.segments.iter().map(|entry| entry.bytes()).sum::<u64>()
        + tombstones.map(|entry| entry.file.bytes).sum::<u64>();
    let name = Manifest::file_name(manifest.generation);
    let mut found = Verification { files: 1, ..Verification::default() };
    // First, because every commit removes the part of the log that it made unnecessary.
    found.log(storage, manifest.log_start);
    for entry in &manifest.segments {
        for record in &entry.files {
            if stop() {
                return Err(IndexError::Stopped);
            }
            let path = format!("{}/{}", entry.folder(), record.name);
            match PARTS.iter().find(|part| part.name == record.name) {
                Some(part) => found.file(storage, &path, part.kind, record, &name),
                None => found.damage(&name, format!("it names a file {path} of no known kind")),
            }
            progress(found.bytes, total);
        }
        for tombstones in &entry.tombstones {
            found.file(storage, &tombstones.path(), TOMBSTONES, &tombstones.file, &name);
        }
        match Segment::open(storage, &manifest.definition, entry, &name) {
            Ok(segment) => {
                found.segment(&segment, stop)?;
                found.graph(&segment);
            }
            Err(error) => found.damage(&entry.folder(), error.to_string()),
        }
    }
    found.damages.dedup();
    Ok(found)
}

impl Verification {
    fn damage(&mut self, file: &str, description: String) {
        self.damages.push(Damage { file: file.to_owned(), description });
    }

    fn file(
        &mut self,
        storage: &dyn Storage,
        path: &str,
        kind: FileKind,
        record: &FileRecord,
        manifest: &str,
    ) {
        self.files += 1;
        self.bytes += record.bytes;
        let checked = (record.entry(manifest))
            .and_then(|entry| Ok(SealedFile::open(storage, path, kind, Some(&entry))?.verify_all()?));
        if let Err(error) = checked {
            self.damage(path, error.to_string());
        }
    }

    /// Checks what checksums cannot show: that the parts of a segment describe the same cases.
    fn segment(&mut self, segment: &Segment, stop: &dyn Fn() -> bool) -> Result<(), IndexError> {
        let folder = segment.entry.folder();
        let mut previous = 0;
        for ordinal in 0..segment.cases() as u32 {
            if ordinal % CASES_BETWEEN_STOPS == 0 && stop() {
                return Err(IndexError::Stopped);
            }
            let mut checked = || -> Result<(), IndexError> {
                let case = segment.case(ordinal)?;
                if segment.find(&case.id)?.is_none_or(|(found, _)| found != ordinal) {
                    return Err(IndexError::damaged(
                        &folder,
                        format!("case {ordinal} is not found by its id"),
                    ));
                }
                for (image, vector) in segment.embeddings(ordinal)? {
                    if image >= case.images.len() || !vector.iter().all(|value| value.is_finite()) {
                        let problem = format!("case {ordinal} has an embedding that no image of it can have");
                        return Err(IndexError::damaged(&folder, problem));
                    }
                }
                let beside = (segment.local(ordinal)?, segment.thumbnails(ordinal)?);
                let images = beside.0.images.iter().map(|(image, _)| image);
                if images
                    .chain(beside.1.iter().map(|(image, _)| image))
                    .any(|&image| image >= case.images.len())
                {
                    let problem =
                        format!("case {ordinal} has a grid or thumbnail that no image of it can have");
                    return Err(IndexError::damaged(&folder, problem));
                }
                let sequence = segment.keys.sequence(ordinal)?;
                if sequence <= previous {
                    return Err(IndexError::damaged(&folder, format!("case {ordinal} is out of order")));
                }
                previous = sequence;
                Ok(())
            };
            if let Err(error) = checked() {
                self.damage(&folder, error.to_string());
                break;
            }
        }
        if let Err(error) = segment.check_evident() {
            self.damage(&folder, error.to_string());
        }
        if let Some(Err(error)) = segment.sentences.as_ref().map(|sentences| sentences.check_lists(stop)) {
            match error {
                IndexError::Stopped => return Err(error),
                _ => self.damage(&folder, error.to_string()),
            }
        }
        Ok(())
    }

    /// Checks that every link leads to a node, and that every node can be reached.
    fn graph(&mut self, segment: &Segment) {
        let Some(graph) = &segment.graph else { return };
        let file = format!("{}/graph", segment.entry.folder());
        match precedent_hnsw::unreachable_nodes(graph) {
            Ok(0) => {}
            Ok(lost) => self.damage(&file, format!("{lost} vectors cannot be reached; merge the index")),
            Err(error) => self.damage(&file, error.to_string()),
        }
    }

    fn log(&mut self, storage: &dyn Storage, log_start: u64) {
        self.files += 1;
        let read = |sequence: u64, bytes: &[u8]| match decode_operation(bytes) {
            Ok(_) => Ok(()),
            Err(error) => Err(IndexError::damaged("log", format!("operation {sequence}: {error}"))),
        };
        if let Err(error) = Log::read(storage, LOG, log_start, read) {
            self.damage("log", error.to_string());
        }
    }
}
