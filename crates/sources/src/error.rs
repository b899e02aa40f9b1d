//! What can be wrong with a source as a whole, and with one row of it.

use precedent_model::ModelError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a source cannot be read at all. Names files, columns and places, never values.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Not there, not a file, or not permitted.
    #[error("{} cannot be opened ({source}); check the name and the permissions", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system refused to read on.
    #[error("{} cannot be read at byte {offset} ({source}); what was read before is good", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Bytes before the place, from 0.
        offset: u64,
        /// The system's reason.
        source: io::Error,
    },
    /// A row of a file that is stored by columns, damaged.
    #[error(
        "{} row {row}: column {column} cannot be read ({problem}); copy or write the file again; what was read before is good",
        .path.display()
    )]
    Column {
        /// The file.
        path: PathBuf,
        /// The data row, from 1.
        row: u64,
        /// The column.
        column: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The system refused to write.
    #[error("{} cannot be written ({source}); check the folder, its permissions and the room on the disk", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A manifest that cannot be one: an unknown extension, an encoding, a header, a column that the map needs.
    #[error("{} {problem}; {remedy}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What the sender can do about it.
        remedy: String,
    },
    /// A map of columns that cannot be one.
    #[error("{}: {source}", .path.display())]
    Map {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: MapError,
    },
    /// An `.npy` file that is damaged or holds something else than rows of f32.
    #[error("{} {problem} (at byte {offset}); {remedy}", .path.display())]
    Npy {
        /// The file.
        path: PathBuf,
        /// Where, in bytes from the start.
        offset: u64,
        /// What is wrong, with what was expected and found.
        problem: String,
        /// What the sender can do about it.
        remedy: String,
    },
    /// A row beyond the end of an `.npy` file.
    #[error("{} has {rows} rows, so there is no row {row}; rows count from 0", .path.display())]
    NoSuchRow {
        /// The file.
        path: PathBuf,
        /// The row that was asked for, from 0.
        row: u64,
        /// How many there are.
        rows: u64,
    },
}

impl SourceError {
    pub(crate) fn manifest(path: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Manifest { path: path.to_owned(), problem: problem.into(), remedy: remedy.into() }
    }
}

/// What is wrong with a map of columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {problem}; {remedy}")]
pub struct MapError {
    /// The key in the map, such as `columns.case_id`, or the line where it is no TOML.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What the author of the map can do about it.
    pub remedy: String,
}

impl MapError {
    pub(crate) fn new(key: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

/// Why a row became no case. Serialises to one flat JSON object; no value of the row is in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejection {
    /// The data row, from 1. Blank lines and the header do not count.
    pub row: u64,
    /// The line of the file on which the row begins, from 1.
    pub line: u64,
    /// The field in the words of a manifest, such as `case_id`; `row` where it is about the whole row.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What the sender can do about it.
    pub remedy: String,
}

impl Rejection {
    pub(crate) fn new(row: u64, line: u64, error: ModelError) -> Self {
        Self { row, line, field: error.field, problem: error.problem, remedy: error.remedy }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, line, field, problem, remedy } = self;
        write!(f, "row {row} (line {line}): {field}: {problem}; {remedy}")
    }
}

/// A field that was left out of a case because its value cannot be read. Serialises as a [`Rejection`] does; no value of the
/// row is in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DroppedField {
    /// The data row, from 1.
    pub row: u64,
    /// The line of the file on which the row begins, from 1.
    pub line: u64,
    /// The field, such as `study_date`.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What the sender can do about it.
    pub remedy: String,
}

impl DroppedField {
    pub(crate) fn new(row: u64, line: u64, error: ModelError) -> Self {
        Self { row, line, field: error.field, problem: error.problem, remedy: error.remedy }
    }
}

impl fmt::Display for DroppedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, line, field, problem, remedy } = self;
        write!(f, "row {row} (line {line}): {field}: {problem}; {remedy}")
    }
}

/// An error about a whole row.
pub(crate) fn row_error(problem: impl Into<String>, remedy: impl Into<String>) -> ModelError {
    ModelError::new("row", problem, remedy)
}
