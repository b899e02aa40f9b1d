//! A storage that lets a test step in before an operation.

use precedent_storage::{FaultStorage, MapSlice, ReadFile, Storage, StorageError, WriteFile, WriterLock};
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

type Hook = dyn Fn(&'static str, &str) -> Result<(), StorageError> + Send + Sync;

/// Calls the hook with operation and path before `create_dir_all`, `create`, `reserve` and the `sync` of a file.
#[derive(Clone)]
pub struct Hooked {
    pub inner: FaultStorage,
    pub hook: Arc<Hook>,
}

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooked")
    }
}

struct HookedFile {
    inner: Box<dyn WriteFile>,
    path: String,
    hook: Arc<Hook>,
}

impl Write for HookedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl WriteFile for HookedFile {
    fn sync(&mut self) -> Result<(), StorageError> {
        (self.hook)("sync", &self.path)?;
        self.inner.sync()
    }

    fn cut(&mut self, at: u64) -> Result<(), StorageError> {
        self.inner.cut(at)
    }

    fn is_at(&self, path: &str) -> Result<bool, StorageError> {
        self.inner.is_at(path)
    }
}

impl Storage for Hooked {
    fn create_dir_all(&self, dir: &str) -> Result<(), StorageError> {
        (self.hook)("create_dir_all", dir)?;
        self.inner.create_dir_all(dir)
    }

    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>, StorageError> {
        (self.hook)("create", path)?;
        let inner = self.inner.create(path)?;
        Ok(Box::new(HookedFile { inner, path: path.to_owned(), hook: self.hook.clone() }))
    }

    fn open_append(&self, path: &str, at: u64) -> Result<Box<dyn WriteFile>, StorageError> {
        self.inner.open_append(path, at)
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, StorageError> {
        self.inner.list(dir)
    }

    fn exists(&self, path: &str) -> Result<bool, StorageError> {
        self.inner.exists(path)
    }

    fn len(&self, path: &str) -> Result<u64, StorageError> {
        self.inner.len(path)
    }

    fn map(&self, path: &str) -> Result<MapSlice, StorageError> {
        self.inner.map(path)
    }

    fn open_read(&self, path: &str) -> Result<Box<dyn ReadFile>, StorageError> {
        self.inner.open_read(path)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, StorageError> {
        self.inner.read(path)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        self.inner.remove(path)
    }

    fn remove_dir_all(&self, path: &str) -> Result<(), StorageError> {
        self.inner.remove_dir_all(path)
    }

    fn reserve(&self, path: &str, bytes: u64) -> Result<(), StorageError> {
        (self.hook)("reserve", path)?;
        self.inner.reserve(path, bytes)
    }

    fn sync_dir(&self, dir: &str) -> Result<(), StorageError> {
        self.inner.sync_dir(dir)
    }

    fn lock(&self, path: &str) -> Result<WriterLock, StorageError> {
        self.inner.lock(path)
    }
}
