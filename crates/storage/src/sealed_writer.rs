//! Writes a sealed file from front to back.

use crate::layout::{self, BLOCK_BYTES, FOOTER_BYTES, FileEntry, FileKind, Footer, HEADER_BYTES};
use crate::path::file_name;
use crate::{Storage, StorageError, WriteFile};
use std::fmt;
use std::io::{self, Write};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a write, and what its place in the file is a multiple of: a large page of memory. The system keeps in large
/// pages what was written in such pieces, and a map of the file then has them, too.
const WRITE_BYTES: usize = 2 << 20;

/// Writes a sealed file; blocks are hashed as they pass.
///
/// A writer that is dropped before [`SealedWriter::finish`] leaves a file that no reader takes.
pub struct SealedWriter {
    path: String,
    file: Box<dyn WriteFile>,
    header: [u8; HEADER_BYTES],
    /// The block that is being filled.
    block: Vec<u8>,
    /// What waits to be written, up to the next multiple of [`WRITE_BYTES`] in the file.
    waiting: Vec<u8>,
    table: Vec<u8>,
    position: u64,
}

impl SealedWriter {
    /// Creates the file, which must not exist.
    ///
    /// # Errors
    /// A file of this name, a full disk, and what the system refuses.
    pub fn create(storage: &dyn Storage, path: &str, kind: FileKind) -> Result<Self, StorageError> {
        let header = layout::header(kind);
        Ok(Self {
            path: path.to_owned(),
            file: storage.create(path)?,
            header,
            block: Vec::with_capacity(BLOCK_BYTES),
            waiting: header.to_vec(),
            table: Vec::new(),
            position: 0,
        })
    }

    /// Bytes of payload so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Appends to the payload.
    ///
    /// # Errors
    /// A full disk, and what the system refuses. The file is of no use afterwards.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.write_all(bytes).map_err(|source| self.refused(source))
    }

    /// Appends zeros until the position is a multiple of `bytes`. The payload starts at a multiple of 64 bytes in
    /// memory, so that this aligns there too for the divisors of 64.
    ///
    /// # Errors
    /// As [`SealedWriter::append`].
    pub fn align_to(&mut self, bytes: usize) -> Result<(), StorageError> {
        let mut missing = self.missing_to(bytes.max(1) as u64);
        while missing > 0 {
            let part = missing.min(64);
            self.append(&[0; 64][..part])?;
            missing -= part;
        }
        Ok(())
    }

    /// Completes the file and makes its content durable. Its name is durable after [`Storage::sync_dir`].
    ///
    /// # Errors
    /// As [`SealedWriter::append`].
    pub fn finish(mut self) -> Result<FileEntry, StorageError> {
        let payload_len = self.position;
        self.align_to(8)?;
        let end = |writer: &mut Self| -> io::Result<Footer> {
            if !writer.block.is_empty() {
                writer.close_block()?;
            }
            let footer = Footer::new(payload_len, &writer.header, &writer.table);
            let table = std::mem::take(&mut writer.table);
            writer.write_through(&table)?;
            writer.write_through(&footer.bytes())?;
            writer.file.write_all(&writer.waiting)?;
            writer.file.flush()?;
            writer.table = table;
            Ok(footer)
        };
        let footer = end(&mut self).map_err(|source| self.refused(source))?;
        self.file.sync()?;
        let bytes = (HEADER_BYTES + FOOTER_BYTES + self.table.len()) as u64 + self.position;
        Ok(FileEntry { name: file_name(&self.path).to_owned(), bytes, digest: footer.digest })
    }

    fn missing_to(&self, multiple: u64) -> usize {
        ((multiple - self.position % multiple) % multiple) as usize
    }

    fn close_block(&mut self) -> io::Result<()> {
        self.table.extend_from_slice(&xxh3_64(&self.block).to_le_bytes());
        let mut block = std::mem::take(&mut self.block);
        self.write_through(&block)?;
        block.clear();
        self.block = block;
        Ok(())
    }

    fn write_through(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(WRITE_BYTES - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            if self.waiting.len() == WRITE_BYTES {
                self.file.write_all(&self.waiting)?;
                self.waiting.clear();
            }
            bytes = later;
        }
        Ok(())
    }

    fn refused(&self, source: io::Error) -> StorageError {
        StorageError::from_io("write", &self.path, source)
    }
}

impl Write for SealedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK_BYTES - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        self.position += taken as u64;
        if self.block.len() == BLOCK_BYTES {
            self.close_block()?;
        }
        Ok(taken)
    }

    /// Nothing: an incomplete block stays here until it is full or the file is finished.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for SealedWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedWriter({}, {} bytes)", self.path, self.position)
    }
}
