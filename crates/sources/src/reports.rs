//! A folder of reports: each file is a case, its name without the ending the id.

use crate::cell::Cell;
use crate::error::row_error;
use crate::input::{MAX_LINE_BYTES, RawRow};
use crate::row::NamedCell;
use precedent_model::ModelError;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The columns that such a folder has.
pub(crate) const COLUMNS: [&str; 2] = ["case_id", "report"];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The reports of a folder, one after the other.
pub(crate) struct Reports {
    files: Arc<[PathBuf]>,
    next: usize,
    /// Names so far, as two folders may hold a file of one name.
    seen: HashSet<String>,
    /// Why the file of the row cannot be read.
    failure: Option<io::ErrorKind>,
}

impl Reports {
    pub fn new(files: Arc<[PathBuf]>) -> Self {
        Self { files, next: 0, seen: HashSet::new(), failure: None }
    }

    /// The file of the row that was read last.
    pub fn file(&self) -> Option<&Path> {
        self.files.get(self.next.checked_sub(1)?).map(PathBuf::as_path)
    }

    /// How many files there are, and how many were read.
    pub fn progress(&self) -> (u64, u64) {
        (self.next as u64, self.files.len() as u64)
    }

    /// Reads the next file; `false` after the last. One that cannot be read spoils its row alone.
    pub fn next(&mut self, row: &mut RawRow) -> bool {
        let Some(file) = self.files.get(self.next) else { return false };
        self.next += 1;
        row.start(1, 0);
        let mut bytes = Vec::new();
        let read =
            File::open(file).and_then(|file| file.take(MAX_LINE_BYTES as u64 + 1).read_to_end(&mut bytes));
        self.failure = read.err().map(|error| error.kind());
        row.push(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes));
        true
    }

    /// Takes a row apart.
    pub fn cells(&mut self, row: &RawRow) -> Result<Vec<NamedCell>, ModelError> {
        if let Some(kind) = self.failure {
            return Err(row_error(format!("cannot be read ({kind})"), "check the permissions of the file"));
        }
        let stem = self.file().and_then(Path::file_stem).and_then(OsStr::to_str).map(str::to_owned);
        let Some(id) = stem else {
            return Err(ModelError::new("case_id", "is a file name that is not UTF-8", "rename the file"));
        };
        let text = row.text()?.to_owned();
        if !self.seen.insert(id.clone()) {
            let problem = "is the name of an earlier file of this folder, too";
            return Err(ModelError::new("case_id", problem, "give every report a name of its own"));
        }
        Ok([id, text].into_iter().zip(COLUMNS).map(|(cell, name)| (name.into(), Cell::Text(cell))).collect())
    }
}
