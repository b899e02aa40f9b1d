//! The file that lists rejected rows and fields that were left out.

use crate::exit::Failure;
use precedent_engine::CaseWarning;
use precedent_sources::{DroppedField, Rejection};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// How many of each kind are shown on the terminal, too.
const SHOWN: u64 = 3;

/// The file, made when there is something to list.
pub struct Listing {
    path: PathBuf,
    file: Option<File>,
    rejected: u64,
    dropped: u64,
    noted: u64,
}

impl Listing {
    pub fn new(path: PathBuf) -> Self {
        Self { path, file: None, rejected: 0, dropped: 0, noted: 0 }
    }

    /// Lists a rejected row; the first one also on the terminal.
    pub fn reject(&mut self, source: &str, rejection: &Rejection) -> Result<(), Failure> {
        let Rejection { row, line, field, problem, remedy } = rejection;
        self.rejected += 1;
        if self.rejected == 1 {
            let all = self.path.display();
            let said = format!("{source} row {row}: {field}: {problem}; {remedy}");
            writeln!(std::io::stderr(), "rejected: {said} (all rejected rows: {all})")?;
        }
        self.write(&json!({
            "outcome": "rejected", "source": source, "row": row, "line": line, "field": field, "problem": problem,
            "remedy": remedy,
        }))
    }

    /// Lists a field that was left out; the first few also on the terminal.
    pub fn drop_field(&mut self, source: &str, dropped: &DroppedField) -> Result<(), Failure> {
        let DroppedField { row, line, field, problem, remedy } = dropped;
        self.dropped += 1;
        if self.dropped <= SHOWN {
            writeln!(std::io::stderr(), "left out: {source} row {row}: {field}: {problem}; {remedy}")?;
        }
        self.write(&json!({
            "outcome": "field left out", "source": source, "row": row, "line": line, "field": field, "problem": problem,
            "remedy": remedy,
        }))
    }

    /// Shows the first few warnings about cases that are taken in; they are counted in the end.
    pub fn note(&mut self, source: &str, row: u64, warning: &CaseWarning) -> Result<(), Failure> {
        self.noted += 1;
        if self.noted <= SHOWN {
            let CaseWarning { field, message, .. } = warning;
            writeln!(std::io::stderr(), "left out: {source} row {row}: {field}: {message}")?;
        }
        Ok(())
    }

    fn write(&mut self, line: &serde_json::Value) -> Result<(), Failure> {
        let about = |error: std::io::Error| Failure::other(error).about(self.path.display());
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                none.insert(OpenOptions::new().create(true).append(true).open(&self.path).map_err(about)?)
            }
        };
        writeln!(file, "{line}").map_err(about)
    }
}
