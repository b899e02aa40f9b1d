//! A storage in memory that fails on demand and loses power. For tests.

use crate::path::{checked_dir, checked_file};
use crate::storage::LockGuard;
use crate::{MapSlice, ReadFile, Storage, StorageError, WriteFile, WriterLock};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk writes as a whole.
const SECTOR: usize = 512;

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// This operation fails with an input/output error; a write leaves half of its bytes.
    Io,
    /// This operation finds the disk full; a write leaves half of its bytes.
    Full,
    /// The machine stops: this operation and all after it fail and change nothing.
    Stop,
}

/// A storage in memory with two images: what programs see, and what is durable.
///
/// Clones share the files. As on Linux, a failed sync loses for good what it should have written: a later sync succeeds
/// and does not bring it back.
#[derive(Clone)]
pub struct FaultStorage {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    files: Vec<Inode>,
    /// Index in `files` of each name that programs see.
    live: BTreeMap<String, usize>,
    /// The same after a loss of power.
    durable: BTreeMap<String, usize>,
    /// Changes of names that are not durable yet, in order.
    pending: Vec<NameChange>,
    folders: BTreeSet<String>,
    locks: BTreeSet<String>,
    operations: u64,
    fault: Option<(Range<u64>, FaultKind)>,
}

#[derive(Default)]
struct Inode {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that differ from `durable` and that the next sync writes.
    dirty: BTreeSet<usize>,
}

#[derive(Clone)]
enum NameChange {
    Create(String, usize),
    Rename(String, String, usize),
    Remove(String),
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough to choose what is torn.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn coin(&mut self) -> bool {
        self.roll(2) == 0
    }
}

impl NameChange {
    fn apply(self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Create(path, file) => {
                names.insert(path, file);
            }
            Self::Rename(from, to, file) => {
                names.remove(&from);
                names.insert(to, file);
            }
            Self::Remove(path) => {
                names.remove(&path);
            }
        }
    }

    fn touches(&self, dir: &str) -> bool {
        match self {
            Self::Create(path, _) | Self::Remove(path) => parent(path) == dir,
            Self::Rename(from, to, _) => parent(from) == dir || parent(to) == dir,
        }
    }
}

impl Inode {
    fn cut(&mut self, at: usize) {
        self.live.truncate(at);
        let sectors = at.div_ceil(SECTOR);
        self.dirty.retain(|&sector| sector < sectors);
    }

    fn write(&mut self, bytes: &[u8]) {
        let start = self.live.len();
        self.live.extend_from_slice(bytes);
        if !bytes.is_empty() {
            self.dirty.extend(start / SECTOR..=(self.live.len() - 1) / SECTOR);
        }
    }

    fn sync(&mut self) {
        self.durable.resize(self.live.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            let (start, end) = (sector * SECTOR, self.live.len().min((sector + 1) * SECTOR));
            self.durable[start..end].copy_from_slice(&self.live[start..end]);
        }
    }

    /// What a machine finds after the power is back: each sector and the length as of before or as of now.
    fn after_crash(&self, dice: &mut Dice) -> Vec<u8> {
        let (old, new) = (self.durable.len(), self.live.len());
        let len = match dice.roll(4) {
            0 => old,
            1 if new > old => old + dice.roll(new - old),
            _ => new,
        };
        let mut bytes = self.durable.clone();
        bytes.resize(len, 0);
        let (kind, keep) = (dice.roll(4), dice.coin());
        for &sector in &self.dirty {
            let (start, end) = (sector * SECTOR, len.min(new).min((sector + 1) * SECTOR));
            if start < end && (if kind == 0 { keep } else { dice.coin() }) {
                bytes[start..end].copy_from_slice(&self.live[start..end]);
            }
        }
        bytes
    }
}

impl State {
    /// Counts an operation that changes something; says how it fails, if it does.
    fn fault(&mut self) -> Option<FaultKind> {
        let number = self.operations;
        self.operations += 1;
        self.fault.as_ref().filter(|(failing, _)| failing.contains(&number)).map(|(_, kind)| *kind)
    }

    fn begin(&mut self, operation: &'static str, path: &str) -> Result<(), StorageError> {
        match self.fault() {
            None => Ok(()),
            Some(kind) => Err(StorageError::from_io(operation, path, failure(kind))),
        }
    }

    fn file(&self, path: &str) -> Result<&Inode, StorageError> {
        let file = self.live.get(path).and_then(|&file| self.files.get(file));
        file.ok_or_else(|| StorageError::NotFound { path: path.to_owned() })
    }

    fn change_name(&mut self, change: NameChange) {
        change.clone().apply(&mut self.live);
        self.pending.push(change);
    }

    /// Makes the pending changes of names durable that `which` says.
    fn settle(&mut self, which: impl Fn(&NameChange) -> bool) {
        for change in std::mem::take(&mut self.pending) {
            if which(&change) {
                change.apply(&mut self.durable);
            } else {
                self.pending.push(change);
            }
        }
    }

    /// As ext4 does: the name of a new file is durable with its content, and so is what was changed before it.
    fn settle_new(&mut self, file: usize) {
        let new = |change: &NameChange| matches!(change, NameChange::Create(_, created) if *created == file);
        if let Some(last) = self.pending.iter().rposition(new) {
            for change in self.pending.drain(..=last) {
                change.apply(&mut self.durable);
            }
        }
    }

    fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.contains(path)
    }
}

/// The directory that holds `path`.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn failure(kind: FaultKind) -> io::Error {
    match kind {
        FaultKind::Full => io::ErrorKind::StorageFull.into(),
        FaultKind::Io => io::Error::other("injected input/output error"),
        FaultKind::Stop => io::Error::other("the machine has stopped"),
    }
}

impl Default for FaultStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl FaultStorage {
    /// An empty directory.
    pub fn new() -> Self {
        Self { state: Arc::default() }
    }

    /// Lets operation number `k`, counted from 0 as [`FaultStorage::operations`] does, fail.
    pub fn fail_at(&self, k: u64, kind: FaultKind) {
        let end = if kind == FaultKind::Stop { u64::MAX } else { k + 1 };
        self.fail_within(k..end, kind);
    }

    /// Lets the operations of these numbers fail.
    pub fn fail_within(&self, numbers: Range<u64>, kind: FaultKind) {
        self.state().fault = Some((numbers, kind));
    }

    /// Lets nothing fail any more.
    pub fn heal(&self) {
        self.state().fault = None;
    }

    /// Operations so far that change something: create, append, write, cut, sync, rename, remove, make a directory.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// What a machine finds that lost power now: what was synced, and of the rest some sectors and names, as `seed` has
    /// it. All locks are free. This storage stays as it is.
    pub fn crash(&self, seed: u64) -> Self {
        let state = self.state();
        let mut dice = Dice(seed);
        let mut names = state.durable.clone();
        // Rarely everything or nothing, else each change for itself.
        let (kind, keep) = (dice.roll(4), dice.coin());
        for change in &state.pending {
            if if kind == 0 { keep } else { dice.coin() } {
                change.clone().apply(&mut names);
            }
        }
        let mut after = State { folders: state.folders.clone(), ..State::default() };
        for (path, &file) in &names {
            if let Some(inode) = state.files.get(file) {
                let bytes = inode.after_crash(&mut dice);
                names_insert(&mut after, path, bytes);
            }
        }
        Self { state: Arc::new(Mutex::new(after)) }
    }

    /// Replaces the content of a file in both images, as decay does; creates it where it is missing.
    pub fn damage(&self, path: &str, bytes: Vec<u8>) {
        names_insert(&mut self.state(), path, bytes);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn names_insert(state: &mut State, path: &str, bytes: Vec<u8>) {
    let file = state.files.len();
    state.files.push(Inode { live: bytes.clone(), durable: bytes, dirty: BTreeSet::new() });
    state.live.insert(path.to_owned(), file);
    state.durable.insert(path.to_owned(), file);
}

impl fmt::Debug for FaultStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStorage({} operations)", self.operations())
    }
}

impl Storage for FaultStorage {
    fn create_dir_all(&self, dir: &str) -> Result<(), StorageError> {
        let mut state = self.state();
        if state.has_folder(checked_dir(dir)?) {
            return Ok(());
        }
        state.begin("create", dir)?;
        let mut folder = dir;
        while !folder.is_empty() {
            state.folders.insert(folder.to_owned());
            folder = parent(folder);
        }
        Ok(())
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, StorageError> {
        let state = self.state();
        let prefix = if checked_dir(dir)?.is_empty() { String::new() } else { format!("{dir}/") };
        let paths = state.live.keys().chain(&state.folders);
        let names: BTreeSet<&str> = paths
            .filter_map(|path| path.strip_prefix(&prefix))
            .map(|rest| rest.split('/').next().unwrap_or(rest))
            .collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    fn exists(&self, path: &str) -> Result<bool, StorageError> {
        let state = self.state();
        Ok(state.has_folder(checked_dir(path)?) || state.live.contains_key(path))
    }

    fn len(&self, path: &str) -> Result<u64, StorageError> {
        Ok(self.state().file(checked_file(path)?)?.live.len() as u64)
    }

    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>, StorageError> {
        let mut state = self.state();
        state.begin("create", checked_file(path)?)?;
        if !state.has_folder(parent(path)) {
            return Err(StorageError::NotFound { path: path.to_owned() });
        }
        if state.live.contains_key(path) || state.has_folder(path) {
            return Err(StorageError::AlreadyExists { path: path.to_owned() });
        }
        let file = state.files.len();
        state.files.push(Inode::default());
        state.change_name(NameChange::Create(path.to_owned(), file));
        Ok(Box::new(FaultFile { storage: self.clone(), path: path.to_owned(), file }))
    }

    fn open_append(&self, path: &str, at: u64) -> Result<Box<dyn WriteFile>, StorageError> {
        let mut state = self.state();
        state.begin("append to", checked_file(path)?)?;
        let len = state.file(path)?.live.len();
        let Some(&file) = state.live.get(path).filter(|_| at <= len as u64) else {
            let source =
                io::Error::new(io::ErrorKind::UnexpectedEof, format!("it has {len} bytes, not {at}"));
            return Err(StorageError::from_io("append to", path, source));
        };
        if let Some(inode) = state.files.get_mut(file) {
            inode.cut(at as usize);
        }
        Ok(Box::new(FaultFile { storage: self.clone(), path: path.to_owned(), file }))
    }

    fn map(&self, path: &str) -> Result<MapSlice, StorageError> {
        Ok(MapSlice::from_bytes(&self.state().file(checked_file(path)?)?.live))
    }

    fn open_read(&self, path: &str) -> Result<Box<dyn ReadFile>, StorageError> {
        let bytes = self.read(path)?;
        Ok(Box::new(FaultReader { bytes, path: path.to_owned() }))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, StorageError> {
        Ok(self.state().file(checked_file(path)?)?.live.clone())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let mut state = self.state();
        state.begin("rename", checked_file(from)?)?;
        let Some(&file) = state.live.get(from) else {
            return Err(StorageError::NotFound { path: from.to_owned() });
        };
        let to = checked_file(to)?.to_owned();
        state.change_name(NameChange::Rename(from.to_owned(), to, file));
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        let mut state = self.state();
        if !state.live.contains_key(checked_file(path)?) {
            return Ok(());
        }
        state.begin("remove", path)?;
        state.change_name(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    fn remove_dir_all(&self, path: &str) -> Result<(), StorageError> {
        let mut state = self.state();
        if !state.has_folder(checked_file(path)?) {
            return Ok(());
        }
        state.begin("remove", path)?;
        let prefix = format!("{path}/");
        let inside: Vec<String> =
            state.live.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
        for name in inside {
            state.change_name(NameChange::Remove(name));
        }
        // A folder without its files is as good as none: that it is gone need not be torn.
        state.folders.retain(|folder| folder != path && !folder.starts_with(&prefix));
        Ok(())
    }

    fn reserve(&self, path: &str, _bytes: u64) -> Result<(), StorageError> {
        let mut state = self.state();
        state.begin("reserve room in", checked_file(path)?)?;
        if !state.live.contains_key(path) {
            let file = state.files.len();
            state.files.push(Inode::default());
            state.change_name(NameChange::Create(path.to_owned(), file));
        }
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> Result<(), StorageError> {
        let mut state = self.state();
        state.begin("sync", checked_dir(dir)?)?;
        if !state.has_folder(dir) {
            return Err(StorageError::NotFound { path: dir.to_owned() });
        }
        state.settle(|change| change.touches(dir));
        Ok(())
    }

    fn lock(&self, path: &str) -> Result<WriterLock, StorageError> {
        if !self.state().locks.insert(checked_file(path)?.to_owned()) {
            return Err(StorageError::WriterBusy { path: path.to_owned() });
        }
        Ok(WriterLock::new(path, FaultLock { storage: self.clone(), path: path.to_owned() }))
    }
}

struct FaultLock {
    storage: FaultStorage,
    path: String,
}

impl LockGuard for FaultLock {
    fn is_in_place(&self) -> Result<bool, StorageError> {
        Ok(self.storage.state().locks.contains(&self.path))
    }
}

impl Drop for FaultLock {
    fn drop(&mut self) {
        self.storage.state().locks.remove(&self.path);
    }
}

/// The bytes of a file when it was opened: tests damage no file between two pieces.
struct FaultReader {
    bytes: Vec<u8>,
    path: String,
}

impl ReadFile for FaultReader {
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<(), StorageError> {
        let piece = self.bytes.get(at as usize..).and_then(|rest| rest.get(..buffer.len()));
        let short = || StorageError::from_io("read", &self.path, io::ErrorKind::UnexpectedEof.into());
        buffer.copy_from_slice(piece.ok_or_else(short)?);
        Ok(())
    }

    fn forget(&self, _at: u64, _bytes: u64) {}
}

struct FaultFile {
    storage: FaultStorage,
    path: String,
    file: usize,
}

impl Write for FaultFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.storage.state();
        let fault = state.fault();
        let written = match fault {
            None => bytes.len(),
            Some(FaultKind::Stop) => 0,
            Some(FaultKind::Io | FaultKind::Full) => bytes.len() / 2,
        };
        if let Some(inode) = state.files.get_mut(self.file) {
            inode.write(&bytes[..written]);
        }
        fault.map_or(Ok(written), |kind| Err(failure(kind)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WriteFile for FaultFile {
    fn sync(&mut self) -> Result<(), StorageError> {
        let mut state = self.storage.state();
        let fault = state.fault();
        if let Some(inode) = state.files.get_mut(self.file) {
            match fault {
                None => inode.sync(),
                // The kernel marks the pages clean although they were not written.
                Some(FaultKind::Io | FaultKind::Full) => inode.dirty.clear(),
                Some(FaultKind::Stop) => {}
            }
        }
        match fault {
            None => state.settle_new(self.file),
            Some(kind) => return Err(StorageError::from_io("sync", &self.path, failure(kind))),
        }
        Ok(())
    }

    fn cut(&mut self, at: u64) -> Result<(), StorageError> {
        let mut state = self.storage.state();
        state.begin("cut", &self.path)?;
        if let Some(inode) = state.files.get_mut(self.file) {
            inode.cut(at as usize);
        }
        Ok(())
    }

    fn is_at(&self, path: &str) -> Result<bool, StorageError> {
        Ok(self.storage.state().live.get(path) == Some(&self.file))
    }
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
