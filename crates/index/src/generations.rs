//! Generations as the writer makes them: it writes segments and tombstones, and a manifest that names them.

use crate::manifest::{FileRecord, Manifest, SegmentEntry, TOMBSTONES, TombstoneEntry};
use crate::new_segments::NewSegments;
use crate::pending::Pending;
use crate::segment::Segment;
use crate::segment_folders::SegmentFolders;
use crate::shared::Newest;
use crate::{IndexError, SegmentSize, Snapshot};
use precedent_storage::{SealedWriter, Storage, StorageError, WriterLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The newest generation and its successors. A caller that publishes holds the writer's lock `install`.
#[derive(Debug)]
pub(crate) struct Generations {
    folders: SegmentFolders,
    current: Newest,
    limit: SegmentSize,
    lock: WriterLock,
    /// Whether it is unknown which generation readers see.
    failed: AtomicBool,
}

impl Generations {
    pub fn new(storage: Arc<dyn Storage>, lock: WriterLock, newest: Snapshot, limit: SegmentSize) -> Self {
        let folders = SegmentFolders::new(storage, newest.manifest.next_segment);
        let (current, failed) = (Newest::new(newest), AtomicBool::new(false));
        Self { folders, current, limit, lock, failed }
    }

    pub fn storage(&self) -> &Arc<dyn Storage> {
        self.folders.storage()
    }

    /// Where new segments go.
    pub fn folders(&self) -> &SegmentFolders {
        &self.folders
    }

    /// The newest generation.
    pub fn newest(&self) -> Arc<Snapshot> {
        self.current.get()
    }

    /// The size limit for segments.
    pub fn limit(&self) -> SegmentSize {
        self.limit
    }

    /// Checks that this writer may continue.
    ///
    /// # Errors
    /// [`IndexError::Failed`] once a generation could not be published and it is unknown whether readers see it;
    /// [`StorageError::Displaced`] if the lock is no longer that of the directory, so that another writer may be active.
    pub fn check(&self) -> Result<(), IndexError> {
        if self.failed.load(Relaxed) { Err(IndexError::Failed) } else { Ok(self.lock.check()?) }
    }

    /// Turns a batch of operations into a generation: everything in the log before `log_start`.
    pub fn commit(&self, batch: &Pending, log_start: u64) -> Result<Arc<Snapshot>, IndexError> {
        self.check()?;
        let snapshot = self.newest();
        let mut manifest = snapshot.manifest.clone();
        manifest.generation += 1;
        manifest.log_start = log_start;
        for (index, part) in snapshot.segments.iter().enumerate() {
            let mut dead = Vec::new();
            for id in batch.touched() {
                let found = part.segment.find(id)?.map(|(ordinal, _)| ordinal);
                dead.extend(found.filter(|&ordinal| part.live.contains(ordinal)));
            }
            self.bury(&mut manifest, index, dead)?;
        }
        // Graphs are built by merges; new cases get codes at most.
        let mut new = NewSegments::new(&self.folders, &snapshot, None, self.limit);
        for (sequence, case) in batch.cases() {
            let embeddings = case.entry.embeddings.iter().map(|(image, e)| (*image, e.as_slice()));
            new.push(sequence, &case.entry.case, &case.record, embeddings, &case.entry.beside())?;
        }
        let opened = new.finish()?;
        manifest.segments.extend(new.keep());
        self.publish(manifest, opened)
    }

    /// Adds dead cases to a segment of a manifest, in a new file. The new file also replaces those of the newest files that are
    /// no longer than twice what follows them, so that a segment has few files and each tombstone is rewritten only a few times.
    pub fn bury(&self, manifest: &mut Manifest, index: usize, mut dead: Vec<u32>) -> Result<(), IndexError> {
        let (generation, name) = (manifest.generation, Manifest::file_name(manifest.generation - 1));
        let Some(entry) = manifest.segments.get_mut(index) else { return Ok(()) };
        if dead.is_empty() {
            return Ok(());
        }
        while let Some(last) = entry.tombstones.last()
            && last.count <= 2 * dead.len() as u64
        {
            dead.extend(last.read(self.storage().as_ref(), entry.cases, &name)?);
            entry.tombstones.pop();
        }
        dead.sort_unstable();
        dead.dedup();
        // A failed commit may have left the file of a generation that was never published.
        let path = format!("tombstones/{}-{generation:020}", entry.id);
        self.storage().remove(&path)?;
        let mut writer = SealedWriter::create(self.storage().as_ref(), &path, TOMBSTONES)?;
        let bytes: Vec<u8> = dead.iter().flat_map(|ordinal| ordinal.to_le_bytes()).collect();
        writer.append(&bytes)?;
        let file = FileRecord::of(&writer.finish()?);
        self.storage().sync_dir("tombstones")?;
        entry.tombstones.push(TombstoneEntry { count: dead.len() as u64, file });
        Ok(())
    }

    /// Publishes a manifest as the newest generation; `opened` are the segments it adds.
    ///
    /// If the disk is full and no trace of the generation was left, nothing changes. After any other failure it is unknown which
    /// generation readers see, so the writer stops and must be reopened.
    pub fn publish(
        &self,
        mut manifest: Manifest,
        opened: Vec<Arc<Segment>>,
    ) -> Result<Arc<Snapshot>, IndexError> {
        self.check()?;
        let previous = self.newest();
        let storage = self.storage().as_ref();
        manifest.next_segment = self.folders.next();
        let published = manifest
            .publish(storage)
            .and_then(|()| Snapshot::after(storage, manifest.clone(), &previous, opened));
        let snapshot = match published {
            Ok(snapshot) => Arc::new(snapshot),
            Err(error) => {
                let untouched = matches!(error, IndexError::Storage(StorageError::Full { .. }))
                    && !storage.exists(&Manifest::file_name(manifest.generation)).unwrap_or(true)
                    && retire(storage, &manifest, &previous.manifest).is_ok();
                if !untouched {
                    self.failed.store(true, Relaxed);
                }
                return Err(error);
            }
        };
        self.current.advance(&snapshot);
        if let Err(error) = retire(storage, &previous.manifest, &snapshot.manifest) {
            // Leftovers are harmless: the next start removes them.
            tracing::warn!(%error, "files that no generation needs stay until the next start");
        }
        Ok(snapshot)
    }
}

/// Removes files that the older of two generations needed and the newer one does not.
fn retire(storage: &dyn Storage, older: &Manifest, newer: &Manifest) -> Result<(), IndexError> {
    precedent_storage::remove_generations_before(storage, newer.generation)?;
    for entry in &older.segments {
        let kept = newer.segments.iter().find(|other| other.id == entry.id);
        if kept.is_none() {
            storage.remove_dir_all(&entry.folder())?;
        }
        for tombstones in &entry.tombstones {
            if !kept.is_some_and(|kept| kept.tombstones.contains(tombstones)) {
                storage.remove(&tombstones.path())?;
            }
        }
    }
    Ok(())
}

/// Removes what a crash left behind: everything that the newest generation does not name.
pub(crate) fn remove_litter(storage: &dyn Storage, manifest: &Manifest) -> Result<(), IndexError> {
    precedent_storage::clean_temporary(storage)?;
    precedent_storage::remove_generations_before(storage, manifest.generation)?;
    let named = |name: &str| manifest.segments.iter().any(|entry: &SegmentEntry| entry.id == name);
    for name in storage.list("segments")? {
        // Names that are not numbers are not ours: file managers and network file systems leave files of their own.
        let ours = name.bytes().all(|b| b.is_ascii_digit());
        if ours && !named(&name) {
            storage.remove_dir_all(&format!("segments/{name}"))?;
        }
    }
    let tombstones = || manifest.segments.iter().flat_map(|entry| &entry.tombstones);
    for name in storage.list("tombstones")? {
        if !tombstones().any(|entry| entry.file.name == name) {
            storage.remove(&format!("tombstones/{name}"))?;
        }
    }
    Ok(())
}
