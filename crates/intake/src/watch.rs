//! Who hears of what happens on the way.

use precedent_engine::CaseWarning;
use precedent_sources::{DroppedField, Rejection};
use std::io;

/// Who hears of what happens on the way. By default nobody does. An error ends the run.
pub trait Watch {
    /// Of a folder of DICOM files so many headers of so many are read.
    fn headers(&mut self, _done: u64, _total: u64) {}

    /// A source is read so far; `rows` are those of all sources.
    fn read(&mut self, _done: u64, _total: u64, _rows: u64) -> io::Result<()> {
        Ok(())
    }

    /// Nothing more is read of a source.
    fn source_ended(&mut self) {}

    /// Something to know before the first row of a source, such as files that are passed over.
    fn note(&mut self, _note: &str) -> io::Result<()> {
        Ok(())
    }

    /// A row is rejected.
    fn rejected(&mut self, _rejected: &Rejected<'_>) -> io::Result<()> {
        Ok(())
    }

    /// A field is left out that cannot be read; the row is kept.
    fn field_left_out(&mut self, _source: &str, _field: &DroppedField) -> io::Result<()> {
        Ok(())
    }

    /// Something was left out of a case that was ingested.
    fn warned(&mut self, _source: &str, _row: u64, _warning: &CaseWarning) -> io::Result<()> {
        Ok(())
    }
}

/// Nobody watches.
impl Watch for () {}

/// A row that is rejected.
#[derive(Debug)]
pub struct Rejected<'a> {
    /// The file.
    pub source: &'a str,
    /// Which row, what is wrong, and what to do.
    pub row: &'a Rejection,
    /// Why.
    pub because: RejectedBecause,
}

/// Why a row is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectedBecause {
    /// It cannot be read, or the index cannot have such a case.
    Wrong,
    /// The case that the index holds would lose something: another `replacement` lets it in.
    Loss,
}
