//! A bundle as tantivy sees it: a directory that can only be read.

use crate::Pages;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tantivy::HasLen;
use tantivy::directory::error::{DeleteError, OpenReadError, OpenWriteError};
use tantivy::directory::{Directory, FileHandle, OwnedBytes, WatchCallback, WatchHandle, WritePtr};

/// Stands in every bundle for the random id that tantivy gave the segment.
pub(crate) const SEGMENT_ID: &str = "00000000000000000000000000000001";
/// The same with hyphens, as it stands in `meta.json`.
pub(crate) const SEGMENT_ID_HYPHENATED: &str = "00000000-0000-0000-0000-000000000001";
/// The one file that is not named after the segment.
pub(crate) const META: &str = "meta.json";

#[derive(Clone)]
pub(crate) struct BundleDirectory {
    pages: Arc<dyn Pages>,
    files: Arc<[(String, Range<usize>)]>,
}

impl BundleDirectory {
    pub(crate) fn new(pages: Arc<dyn Pages>, files: Vec<(String, Range<usize>)>) -> Self {
        Self { pages, files: files.into() }
    }

    fn find(&self, path: &Path) -> Result<Range<usize>, OpenReadError> {
        path.to_str()
            .map(|name| name.strip_prefix(SEGMENT_ID).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name))
            .and_then(|name| self.files.iter().find(|(known, _)| known == name))
            .map(|(_, range)| range.clone())
            .ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_owned()))
    }
}

impl fmt::Debug for BundleDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BundleDirectory({} files)", self.files.len())
    }
}

impl Directory for BundleDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let range = self.find(path)?;
        Ok(Arc::new(BundleFile { pages: Arc::clone(&self.pages), range }))
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.find(path).is_ok())
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let bytes = self.pages.owned(self.find(path)?);
        bytes
            .map(|bytes| bytes.to_vec())
            .map_err(|error| OpenReadError::wrap_io_error(error, path.to_owned()))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        Err(OpenWriteError::wrap_io_error(read_only(), path.to_owned()))
    }

    fn atomic_write(&self, _path: &Path, _data: &[u8]) -> io::Result<()> {
        Err(read_only())
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        Err(DeleteError::IoError { io_error: Arc::new(read_only()), filepath: path.to_owned() })
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn watch(&self, _callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        // A bundle never changes.
        Ok(WatchHandle::empty())
    }
}

fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a bundle is never written in place")
}

/// One file of the bundle.
struct BundleFile {
    pages: Arc<dyn Pages>,
    range: Range<usize>,
}

impl fmt::Debug for BundleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BundleFile({} bytes)", self.range.len())
    }
}

impl HasLen for BundleFile {
    fn len(&self) -> usize {
        self.range.len()
    }
}

impl FileHandle for BundleFile {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        let start = self.range.start.checked_add(range.start);
        let end = self.range.start.checked_add(range.end);
        match (start, end) {
            (Some(start), Some(end)) if start <= end && end <= self.range.end => self.pages.owned(start..end),
            _ => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "range beyond the end of a file of the bundle",
            )),
        }
    }
}
