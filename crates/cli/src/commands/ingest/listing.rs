//! The file that lists the rejected rows of one run and fields that were left out.

use crate::output::stderr;
use precedent_engine::CaseWarning;
use precedent_intake::{Rejected, RejectedBecause};
use precedent_sources::{DroppedField, Rejection};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// How many of each kind are shown on the terminal, too.
const SHOWN: u64 = 3;
/// The same of a dry run, which lists them nowhere else.
const SHOWN_DRY: u64 = 20;
/// Longest first line that is looked at to tell whose file it is.
const MAX_HEAD_BYTES: u64 = 1 << 16;

/// What to do about a row whose case would take something from the held one.
const KEEP: &str =
    "--update keeps what the row does not give, --replace-without replaces the case without it";

/// The file, made when there is something to list.
pub struct Listing {
    path: PathBuf,
    file: Option<File>,
    has_begun: bool,
    is_dry_run: bool,
    rejected: u64,
    dropped: u64,
    noted: u64,
}

impl Listing {
    /// A list of nothing yet.
    pub fn new(path: &Path, is_dry_run: bool) -> Self {
        Self {
            path: path.to_owned(),
            file: None,
            has_begun: false,
            is_dry_run,
            rejected: 0,
            dropped: 0,
            noted: 0,
        }
    }

    /// The first row is read, or there is none: the list of an earlier run goes, so that what is found in the end is of this run. A
    /// dry run touches no file, and neither does one that is refused before it reads a row.
    pub fn begin(&mut self) -> io::Result<()> {
        if self.has_begun {
            return Ok(());
        }
        self.has_begun = true;
        match !self.is_dry_run && self.path.is_file() {
            true => std::fs::remove_file(&self.path).map_err(|error| self.about(&error)),
            false => Ok(()),
        }
    }

    fn about(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
    }

    /// Lists a rejected row; the first one also on the terminal.
    pub fn reject(&mut self, rejected: &Rejected<'_>) -> io::Result<()> {
        let Rejected { source, row: rejection, because } = rejected;
        let Rejection { row, line, field, problem, remedy } = rejection;
        let remedy = match because {
            RejectedBecause::Wrong => remedy.as_str(),
            RejectedBecause::Loss => KEEP,
        };
        self.rejected += 1;
        let said = format!("{source} row {row}: {field}: {problem}; {remedy}");
        if self.is_dry_run && self.rejected <= SHOWN_DRY {
            writeln!(stderr(), "rejected: {said}")?;
        } else if self.rejected == 1 {
            writeln!(stderr(), "rejected: {said} (all rejected rows: {})", self.path.display())?;
        }
        self.write(&json!({
            "outcome": "rejected", "source": source, "row": row, "line": line, "field": field, "problem": problem,
            "remedy": remedy,
        }))
    }

    /// Lists a field that was left out; the first few also on the terminal.
    pub fn drop_field(&mut self, source: &str, dropped: &DroppedField) -> io::Result<()> {
        let DroppedField { row, line, field, problem, remedy } = dropped;
        self.dropped += 1;
        if self.dropped <= if self.is_dry_run { SHOWN_DRY } else { SHOWN } {
            writeln!(stderr(), "left out: {source} row {row}: {field}: {problem}; {remedy}")?;
        }
        self.write(&json!({
            "outcome": "field left out", "source": source, "row": row, "line": line, "field": field, "problem": problem,
            "remedy": remedy,
        }))
    }

    /// Shows the first few warnings about cases that are taken in; they are counted in the end.
    pub fn note(&mut self, source: &str, row: u64, warning: &CaseWarning) -> io::Result<()> {
        self.noted += 1;
        if self.noted <= SHOWN {
            let CaseWarning { field, message, .. } = warning;
            writeln!(stderr(), "left out: {source} row {row}: {field}: {message}")?;
        }
        Ok(())
    }

    fn write(&mut self, line: &Value) -> io::Result<()> {
        if self.is_dry_run {
            return Ok(());
        }
        let written = match &mut self.file {
            Some(file) => writeln!(file, "{line}"),
            none => (OpenOptions::new().create(true).append(true).open(&self.path))
                .and_then(|file| writeln!(none.insert(file), "{line}")),
        };
        written.map_err(|error| self.about(&error))
    }
}

/// Whether a file is a list as written here, or empty, so that a new one may take its place.
pub fn is_listing(path: &Path) -> bool {
    let mut head = String::new();
    let read = File::open(path)
        .and_then(|file| BufReader::new(file.take(MAX_HEAD_BYTES)).read_line(&mut head))
        .is_ok();
    let line: Option<Value> = serde_json::from_str(&head).ok();
    let has = |key| line.as_ref().is_some_and(|line| line.get(key).is_some());
    read && (head.is_empty() || (has("outcome") && has("source") && has("problem")))
}
