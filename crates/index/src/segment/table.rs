//! Typed slices of a sealed file, checked against its length.

use crate::IndexError;
use bytemuck::Pod;
use precedent_storage::{Access, SealedFile, SealedWriter};
use std::ops::Range;

#[cfg(target_endian = "big")]
compile_error!("the files of an index are little endian and are read in place");

/// A sealed file, with its name for messages.
#[derive(Debug)]
pub(crate) struct TableFile {
    file: SealedFile,
    name: String,
}

impl TableFile {
    pub fn new(file: SealedFile, name: String) -> Self {
        Self { file, name }
    }

    pub fn len(&self) -> usize {
        self.file.len()
    }

    /// The file under its checksums.
    pub fn sealed(&self) -> &SealedFile {
        &self.file
    }

    /// Verifies a range again that was verified when first read.
    pub fn recheck(&self, range: Range<usize>) -> Result<(), IndexError> {
        Ok(self.file.verify(range)?)
    }

    /// Tells the operating system how the file will be read.
    pub fn advise(&self, access: Access) {
        self.file.advise(access);
    }

    /// The bytes of a range, verified.
    #[inline]
    pub fn bytes(&self, range: Range<usize>) -> Result<&[u8], IndexError> {
        if range.start > range.end || range.end > self.file.len() {
            return Err(self.damaged(format!("bytes {}..{} are beyond its end", range.start, range.end)));
        }
        Ok(self.file.bytes(range)?)
    }

    /// All bytes, once every block has been verified.
    #[inline]
    pub fn checked(&self) -> Option<&[u8]> {
        self.file.checked()
    }

    /// Verifies what has not been read yet.
    pub fn check_rest(&self) -> Result<(), IndexError> {
        Ok(self.file.check_rest()?)
    }

    /// `count` values, starting at byte `offset`.
    #[inline]
    pub fn slice<T: Pod>(&self, offset: usize, count: usize) -> Result<&[T], IndexError> {
        let end = (count.checked_mul(size_of::<T>())).and_then(|bytes| bytes.checked_add(offset));
        let bytes = self.bytes(offset..end.unwrap_or(usize::MAX))?;
        bytemuck::try_cast_slice(bytes).map_err(|error| self.damaged(format!("a table at {offset}: {error}")))
    }

    /// The value at `index` of the table that starts at byte `offset`.
    #[inline]
    pub fn value<T: Pod>(&self, offset: usize, index: usize) -> Result<T, IndexError> {
        let start = (index.checked_mul(size_of::<T>())).and_then(|bytes| bytes.checked_add(offset));
        Ok(self.slice::<T>(start.unwrap_or(usize::MAX), 1)?[0])
    }

    /// Two adjacent offsets of the table at byte `offset`: where the list of `index` begins and ends.
    #[inline]
    pub fn span<T: Pod + Into<u64>>(&self, offset: usize, index: usize) -> Result<Range<usize>, IndexError> {
        let start = (index.checked_mul(size_of::<T>())).and_then(|bytes| bytes.checked_add(offset));
        let pair = self.slice::<T>(start.unwrap_or(usize::MAX), 2)?;
        let (begin, end): (u64, u64) = (pair[0].into(), pair[1].into());
        if begin > end {
            return Err(self.damaged(format!("list {index} ends before it begins")));
        }
        Ok(begin as usize..end as usize)
    }

    /// The last `count` numbers of the file.
    pub fn trailer(&self, count: usize) -> Result<&[u64], IndexError> {
        match self.len().checked_sub(count * 8) {
            Some(offset) => self.slice(offset, count),
            None => Err(self.damaged("it is too short".to_owned())),
        }
    }

    pub fn damaged(&self, problem: String) -> IndexError {
        IndexError::damaged(&self.name, problem)
    }
}

/// The trailer of a file whose last number counts those of its trailer: at least so many, and more in files of later versions.
pub(crate) fn long_trailer(file: &TableFile, least: usize) -> Result<&[u64], IndexError> {
    let count = usize::try_from(file.trailer(1)?[0]).unwrap_or(usize::MAX);
    let fits = count >= least && count.checked_mul(8).is_some_and(|bytes| bytes <= file.len());
    if fits { file.trailer(count) } else { Err(file.damaged("its trailer is of no known length".to_owned())) }
}

/// Writes a table, aligned to 8 bytes; returns where it starts.
pub(crate) fn write_table<T: Pod>(writer: &mut SealedWriter, values: &[T]) -> Result<u64, IndexError> {
    writer.align_to(8)?;
    let offset = writer.position();
    write_bytes(writer, bytemuck::cast_slice(values))?;
    Ok(offset)
}

/// Writes bytes as they are.
pub(crate) fn write_bytes(writer: &mut SealedWriter, bytes: &[u8]) -> Result<(), IndexError> {
    Ok(writer.append(bytes)?)
}
