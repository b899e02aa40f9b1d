//! The storage on a real disk.

// Here is where files are changed; everything else goes through the trait.
#![allow(clippy::disallowed_methods)]

use crate::path::{checked_dir, checked_file};
use crate::storage::LockGuard;
use crate::{MapSlice, ReadFile, Storage, StorageError, WriteFile, WriterLock};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// An index directory on disk. Files are made 0600 and directories 0700: reports are health data.
///
/// The lock is that of the local file system (`flock`). Keep an index on a local disk.
#[derive(Debug, Clone)]
pub struct DiskStorage {
    root: PathBuf,
}

/// One line per change of a file, before it happens, so that a crash test can aim.
fn trace(op: &'static str, path: &str) {
    tracing::trace!(target: "precedent::storage", op, path);
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows has no way to sync a directory; its journal orders renames.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// `Ok(())` too where there was nothing to remove.
fn or_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

impl DiskStorage {
    /// Makes the directory, and those above it, where they are missing.
    ///
    /// # Errors
    /// What the system refuses; `root` is a file.
    pub fn create(root: impl AsRef<Path>) -> Result<Self, StorageError> {
        let root = std::path::absolute(root.as_ref())
            .map_err(|source| StorageError::from_io("create", &shown(root.as_ref()), source))?;
        make_folders(&root, Path::new(""))
            .map_err(|source| StorageError::from_io("create", &shown(&root), source))?;
        Self::open(root)
    }

    /// Opens a directory that is there.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] where there is no such directory; what the system refuses.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, StorageError> {
        let root = root.as_ref();
        let refused = |source| StorageError::from_io("open", &shown(root), source);
        let absolute = std::path::absolute(root).map_err(refused)?;
        if !fs::metadata(&absolute).map_err(refused)?.is_dir() {
            return Err(refused(io::ErrorKind::NotADirectory.into()));
        }
        Ok(Self { root: absolute })
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn dir(&self, path: &str) -> Result<PathBuf, StorageError> {
        Ok(self.root.join(checked_dir(path)?))
    }

    fn file(&self, path: &str) -> Result<PathBuf, StorageError> {
        Ok(self.root.join(checked_file(path)?))
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Makes `folder` and what is missing above it (but nothing above `stop`), and each new name durable.
fn make_folders(folder: &Path, stop: &Path) -> io::Result<()> {
    if folder.is_dir() || folder == stop {
        return Ok(());
    }
    let above = folder.parent().ok_or(io::ErrorKind::NotFound)?;
    make_folders(above, stop)?;
    match make_folder(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        other => other?,
    }
    sync_folder(above)
}

impl Storage for DiskStorage {
    fn create_dir_all(&self, dir: &str) -> Result<(), StorageError> {
        let folder = self.dir(dir)?;
        trace("create_dir", dir);
        make_folders(&folder, &self.root).map_err(|source| StorageError::from_io("create", dir, source))
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, StorageError> {
        let refused = |source| StorageError::from_io("list", dir, source);
        let entries = match fs::read_dir(self.dir(dir)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(refused)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry.map_err(refused)?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn exists(&self, path: &str) -> Result<bool, StorageError> {
        fs::exists(self.dir(path)?).map_err(|source| StorageError::from_io("look for", path, source))
    }

    fn len(&self, path: &str) -> Result<u64, StorageError> {
        let facts = fs::metadata(self.file(path)?)
            .map_err(|source| StorageError::from_io("measure", path, source))?;
        Ok(facts.len())
    }

    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>, StorageError> {
        let place = self.file(path)?;
        trace("create", path);
        let file = private(OpenOptions::new().write(true).create_new(true))
            .open(place)
            .map_err(|source| StorageError::from_io("create", path, source))?;
        Ok(Box::new(DiskFile { file, path: path.to_owned(), storage: self.clone() }))
    }

    fn open_append(&self, path: &str, at: u64) -> Result<Box<dyn WriteFile>, StorageError> {
        let place = self.file(path)?;
        trace("open_append", path);
        let open = || {
            let file = OpenOptions::new().append(true).open(place)?;
            let len = file.metadata()?.len();
            if len < at {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("it has {len} bytes, not {at}"),
                ));
            }
            if len > at {
                file.set_len(at)?;
            }
            Ok(file)
        };
        let file = open().map_err(|source| StorageError::from_io("append to", path, source))?;
        Ok(Box::new(DiskFile { file, path: path.to_owned(), storage: self.clone() }))
    }

    fn map(&self, path: &str) -> Result<MapSlice, StorageError> {
        let place = self.file(path)?;
        File::open(place)
            .and_then(|file| MapSlice::map(&file))
            .map_err(|source| StorageError::from_io("map", path, source))
    }

    fn open_read(&self, path: &str) -> Result<Box<dyn ReadFile>, StorageError> {
        let place = self.file(path)?;
        let file = File::open(place).map_err(|source| StorageError::from_io("open", path, source))?;
        Ok(Box::new(DiskReader { file, path: path.to_owned() }))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, StorageError> {
        let place = self.file(path)?;
        let mut bytes = Vec::new();
        File::open(place)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(|source| StorageError::from_io("read", path, source))?;
        Ok(bytes)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let (old, new) = (self.file(from)?, self.file(to)?);
        trace("rename", to);
        fs::rename(old, new).map_err(|source| StorageError::from_io("rename", from, source))
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        let place = self.file(path)?;
        trace("remove", path);
        or_missing(fs::remove_file(place)).map_err(|source| StorageError::from_io("remove", path, source))
    }

    fn remove_dir_all(&self, path: &str) -> Result<(), StorageError> {
        let place = self.file(path)?;
        trace("remove_dir", path);
        or_missing(fs::remove_dir_all(place)).map_err(|source| StorageError::from_io("remove", path, source))
    }

    fn reserve(&self, path: &str, bytes: u64) -> Result<(), StorageError> {
        let place = self.file(path)?;
        trace("reserve", path);
        private(OpenOptions::new().append(true).create(true))
            .open(place)
            .and_then(|mut file| allocate(&mut file, bytes))
            .map_err(|source| StorageError::from_io("reserve room in", path, source))
    }

    fn sync_dir(&self, dir: &str) -> Result<(), StorageError> {
        let folder = self.dir(dir)?;
        trace("sync_dir", dir);
        sync_folder(&folder).map_err(|source| StorageError::from_io("sync", dir, source))
    }

    fn lock(&self, path: &str) -> Result<WriterLock, StorageError> {
        let place = self.file(path)?;
        let refused = |source| StorageError::from_io("lock", path, source);
        let file = private(OpenOptions::new().write(true).create(true).truncate(false))
            .open(&place)
            .map_err(refused)?;
        match file.try_lock() {
            Ok(()) => Ok(WriterLock::new(path, DiskLock { file, place, path: path.to_owned() })),
            Err(TryLockError::WouldBlock) => Err(StorageError::WriterBusy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(refused(source)),
        }
    }
}

/// Lets a file have so many bytes, all of which the disk has room for.
fn allocate(file: &mut File, bytes: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::fs::fallocate(&*file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        allocated => return Ok(allocated?),
    }
    let missing = bytes.saturating_sub(file.metadata()?.len());
    io::copy(&mut io::repeat(0).take(missing), file).map(drop)
}

/// Whether a name leads to a file that is open. Only Unix tells files apart; elsewhere an open file cannot be replaced.
#[cfg(unix)]
fn is_file_of(file: &File, place: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let open = file.metadata()?;
    match fs::metadata(place) {
        Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_file_of(_file: &File, place: &Path) -> io::Result<bool> {
    fs::exists(place)
}

struct DiskLock {
    file: File,
    place: PathBuf,
    path: String,
}

impl LockGuard for DiskLock {
    fn is_in_place(&self) -> Result<bool, StorageError> {
        is_file_of(&self.file, &self.place)
            .map_err(|source| StorageError::from_io("look for", &self.path, source))
    }
}

struct DiskReader {
    file: File,
    path: String,
}

impl ReadFile for DiskReader {
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<(), StorageError> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, at);
        #[cfg(not(unix))]
        let read = (&self.file).seek(io::SeekFrom::Start(at)).and_then(|_| (&self.file).read_exact(buffer));
        read.map_err(|source| StorageError::from_io("read", &self.path, source))
    }

    fn forget(&self, at: u64, bytes: u64) {
        #[cfg(target_os = "linux")]
        if let Some(bytes) = std::num::NonZeroU64::new(bytes)
            && let Err(error) = rustix::fs::fadvise(&self.file, at, Some(bytes), rustix::fs::Advice::DontNeed)
        {
            tracing::debug!(%error, "the system keeps what was read once");
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (at, bytes);
    }
}

struct DiskFile {
    file: File,
    path: String,
    storage: DiskStorage,
}

impl Write for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        trace("write", &self.path);
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl WriteFile for DiskFile {
    fn sync(&mut self) -> Result<(), StorageError> {
        trace("sync", &self.path);
        self.file.sync_all().map_err(|source| StorageError::from_io("sync", &self.path, source))
    }

    fn cut(&mut self, at: u64) -> Result<(), StorageError> {
        trace("cut", &self.path);
        self.file
            .set_len(at)
            .and_then(|()| self.file.seek(io::SeekFrom::Start(at)))
            .map_err(|source| StorageError::from_io("cut", &self.path, source))?;
        Ok(())
    }

    fn is_at(&self, path: &str) -> Result<bool, StorageError> {
        is_file_of(&self.file, &self.storage.file(path)?)
            .map_err(|source| StorageError::from_io("look for", path, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage() -> (tempfile::TempDir, DiskStorage) {
        let folder = tempfile::tempdir().unwrap();
        let storage = DiskStorage::create(folder.path().join("a/b")).unwrap();
        (folder, storage)
    }

    fn put(storage: &DiskStorage, path: &str, bytes: &[u8]) {
        let mut file = storage.create(path).unwrap();
        file.write_all(bytes).unwrap();
        file.sync().unwrap();
    }

    #[test]
    fn room_is_reserved_and_given_back() {
        let (folder, storage) = storage();
        storage.reserve("room.tmp", 1_000_000).unwrap();
        storage.reserve("room.tmp", 3_000_000).unwrap();
        storage.reserve("room.tmp", 2_000_000).unwrap();
        assert_eq!(storage.len("room.tmp").unwrap(), 3_000_000);
        // Not a hole: the blocks are there.
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let blocks = fs::metadata(folder.path().join("a/b/room.tmp")).unwrap().blocks();
            assert!(blocks * 512 >= 3_000_000, "{blocks} blocks");
        }
        // More than any disk has.
        let error = storage.reserve("room.tmp", 1 << 60).unwrap_err();
        assert!(matches!(error, StorageError::Full { .. } | StorageError::Io { .. }), "{error:?}");
        storage.remove("room.tmp").unwrap();
        assert!(!storage.exists("room.tmp").unwrap());
    }

    #[test]
    fn a_file_is_written_cut_appended_to_renamed_and_removed() {
        let (_folder, storage) = storage();
        storage.create_dir_all("x/y").unwrap();
        put(&storage, "x/y/f", b"hello");
        assert!(matches!(storage.create("x/y/f"), Err(StorageError::AlreadyExists { .. })));
        let mut file = storage.open_append("x/y/f", 4).unwrap();
        file.write_all(b" yes").unwrap();
        assert_eq!(&*storage.map("x/y/f").unwrap(), b"hell yes");
        assert_eq!(storage.read("x/y/f").unwrap(), b"hell yes");
        let (reader, mut piece) = (storage.open_read("x/y/f").unwrap(), [0; 4]);
        reader.read_at(3, &mut piece).unwrap();
        assert_eq!(&piece, b"l ye");
        reader.forget(0, 8);
        assert!(reader.read_at(5, &mut piece).is_err());
        assert!(storage.open_append("x/y/f", 9).is_err());
        file.cut(5).unwrap();
        file.write_all(b"yes").unwrap();
        file.sync().unwrap();
        assert_eq!(storage.read("x/y/f").unwrap(), b"hell yes");
        let mut file = storage.create("x/y/g").unwrap();
        file.write_all(b"created").unwrap();
        file.cut(2).unwrap();
        file.write_all(b"y").unwrap();
        assert_eq!(storage.read("x/y/g").unwrap(), b"cry");
        storage.remove("x/y/g").unwrap();
        storage.rename("x/y/f", "x/g").unwrap();
        storage.sync_dir("x").unwrap();
        assert_eq!((storage.len("x/g").unwrap(), storage.exists("x/y/f").unwrap()), (8, false));
        assert_eq!(storage.list("x").unwrap(), ["g", "y"]);
        storage.remove("x/g").unwrap();
        storage.remove("x/g").unwrap();
        storage.remove_dir_all("x").unwrap();
        storage.remove_dir_all("x").unwrap();
        assert!(storage.list("x").unwrap().is_empty() && !storage.exists("x").unwrap());
        assert!(matches!(storage.map("x/g"), Err(StorageError::NotFound { .. })));
    }

    #[test]
    fn nothing_outside_the_directory_is_touched() {
        let (folder, storage) = storage();
        fs::write(folder.path().join("a/outside"), b"keep").unwrap();
        assert!(storage.create("../new").is_err() && storage.create("").is_err());
        assert!(storage.remove("../outside").is_err() && storage.map("../outside").is_err());
        assert!(storage.rename("../outside", "x").is_err() && storage.lock("/tmp/x").is_err());
        assert!(storage.remove_dir_all("").is_err() && storage.remove_dir_all("..").is_err());
        assert!(storage.create_dir_all("../d").is_err() && storage.list("..").is_err());
        assert_eq!(fs::read(folder.path().join("a/outside")).unwrap(), b"keep");
    }

    #[test]
    fn opening_nothing_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let error = DiskStorage::open(folder.path().join("none")).unwrap_err();
        assert!(matches!(error, StorageError::NotFound { .. }), "{error}");
        fs::write(folder.path().join("file"), b"").unwrap();
        assert!(DiskStorage::open(folder.path().join("file")).is_err());
        assert!(DiskStorage::create(folder.path().join("file")).is_err());
    }

    #[test]
    fn a_second_writer_is_refused_until_the_first_is_gone() {
        let (_folder, storage) = storage();
        let lock = storage.lock("writer.lock").unwrap();
        let other = DiskStorage::open(storage.root()).unwrap();
        let error = other.lock("writer.lock").unwrap_err();
        assert!(matches!(error, StorageError::WriterBusy { .. }));
        assert!(error.to_string().contains("stop it"), "{error}");
        drop(lock);
        drop(other.lock("writer.lock").unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, storage) = storage();
        storage.create_dir_all("d").unwrap();
        put(&storage, "d/f", b"x");
        drop(storage.lock("l").unwrap());
        let mode = |path: &str| fs::metadata(storage.root().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("d"), mode("d/f"), mode("l")), (0o700, 0o700, 0o600, 0o600));
    }
}
