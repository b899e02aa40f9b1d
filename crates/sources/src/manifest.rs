//! Manifests: a case per row.

use crate::binding::{Binding, Use};
use crate::cell::Cell;
use crate::error::row_error;
use crate::input::{Input, RawRow};
use crate::row::{Ignored, NamedCell, build};
use crate::table::RowEnd;
use crate::{ColumnMap, DroppedField, Rejection, SourceError, json, table};
use precedent_model::{Case, FieldSchema, ModelError};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read at once.
const BUFFER_BYTES: usize = 1 << 18;

/// One data row of a manifest.
#[derive(Debug)]
pub struct Row {
    /// Which data row, from 1. Blank lines and the header do not count.
    pub number: u64,
    /// The line of the file on which it begins, from 1.
    pub line: u64,
    /// The case, or why there is none.
    pub outcome: Result<Case, Rejection>,
    /// Fields that were left out of the case because their values cannot be read.
    pub dropped: Vec<DroppedField>,
}

/// A file with a case per row: `.jsonl` or `.ndjson` (an object per line), `.csv` or `.tsv` (with a header).
///
/// | column | holds |
/// |---|---|
/// | `case_id` | the id; every row has one |
/// | `patient_id`, `patient_id_issuer` | whose study it is, and who issued the identifier |
/// | `images` | names of the pictures |
/// | `view` | one for all images or one for each; the field of that name, too |
/// | `report` | the text without headings |
/// | `indication`, `comparison`, `technique`, `findings`, `impression` | the text under that heading |
/// | `labels` | JSON only: an object whose keys are fields of the index |
/// | any field of the index | its value, or a list of values |
///
/// Other columns are ignored and listed by [`Self::ignored_columns`]. Null, blank texts, and what programs write for them
/// (`nan`, `NaT`, `NULL`, `<NA>`, `#N/A`) are missing values; of patient ids the index says which are nobody's. A field
/// whose value cannot be read is left out ([`Row::dropped`]); what is wrong with id, patient, report or images rejects
/// the row. Rows end as on any system: in LF, CRLF or, where the header does, CR alone. Numbers and truth values are taken as text where text is meant. A cell of a table holds one value, unless a [`ColumnMap`]
/// says what separates several.
///
/// As an iterator it gives one [`Row`] per data row, in order, the rejected ones included, and reads no further ahead
/// than its buffer. An error ends it: then the file itself could not be read.
pub struct Manifest {
    path: PathBuf,
    format: Format,
    binding: Binding,
    ignored: Ignored,
    warnings: Vec<String>,
    rows_read: u64,
    bytes_total: u64,
    failed: bool,
}

impl Manifest {
    /// Opens a manifest by its extension. If the map names columns, a JSON manifest is searched for them first, up to
    /// the row where all have been seen.
    ///
    /// # Errors
    /// A file that cannot be read, of another kind or without a header; a column twice; no column for `case_id`; a map
    /// that takes the case id or the patient from a column that is nowhere, or fills what the index does not have; a
    /// constant that its field does not take.
    pub fn open(path: impl AsRef<Path>, map: &ColumnMap, schema: &FieldSchema) -> Result<Self, SourceError> {
        let path = path.as_ref().to_owned();
        let binding = Binding::new(map, schema).map_err(|error| {
            let problem = format!("cannot be mapped: {} {}", error.field, error.problem);
            SourceError::manifest(&path, problem, error.remedy)
        })?;
        let mut warnings = Vec::new();
        let (mut format, bytes_total) = Format::open(&path)?;
        for (column, uses) in missing_columns(&path, &mut format, &binding)? {
            let targets: Vec<&str> = uses.iter().map(|used| used.target.name()).collect();
            let problem =
                format!("the map takes {} from column {column}, which no row has", targets.join(" and "));
            if uses.iter().any(|used| used.target.is_identity()) {
                let problem = format!("does not fit the map: {problem}");
                return Err(SourceError::manifest(&path, problem, "correct the name in the map"));
            }
            warnings.push(problem);
        }
        if matches!(format, Format::Json(_)) {
            // The search may have read some of it.
            format = Format::open(&path)?.0;
        }
        format.check_case_id(&path, &binding)?;
        let ignored = Ignored::default();
        Ok(Self { path, format, binding, ignored, warnings, rows_read: 0, bytes_total, failed: false })
    }

    /// Columns that nothing uses, as far as they have turned up; keys inside `labels` as `labels.name`.
    pub fn ignored_columns(&self) -> &[String] {
        self.ignored.names()
    }

    /// What of the map has no effect, in sentences; known before the first row.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Bytes read so far, for progress.
    pub fn bytes_read(&self) -> u64 {
        self.format.input().offset()
    }

    /// Bytes of the file when it was opened.
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total
    }

    fn read(&mut self) -> io::Result<Option<Row>> {
        let mut raw = RawRow::default();
        if !self.format.next(&mut raw)? {
            return Ok(None);
        }
        self.rows_read += 1;
        let (number, line) = (self.rows_read, raw.line);
        let built = self.format.cells(&raw).and_then(|cells| build(cells, &self.binding, &mut self.ignored));
        let (outcome, dropped) = match built {
            Ok((case, dropped)) => (Ok(case), dropped),
            Err(error) => (Err(Rejection::new(number, line, error)), Vec::new()),
        };
        let dropped = dropped.into_iter().map(|error| DroppedField::new(number, line, error)).collect();
        Ok(Some(Row { number, line, outcome, dropped }))
    }
}

impl Iterator for Manifest {
    type Item = Result<Row, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let row = self.read().map_err(|source| read_error(&self.path, &self.format, source));
        self.failed = row.is_err();
        row.transpose()
    }
}

/// How rows stand in the file.
enum Format {
    Json(Input<BufReader<File>>),
    Table { input: Input<BufReader<File>>, separator: u8, header: Vec<Arc<str>>, end: RowEnd },
}

impl Format {
    /// Opens a file and, for a table, reads its header. Besides, its size in bytes.
    fn open(path: &Path) -> Result<(Self, u64), SourceError> {
        let extension =
            path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        let separator = match extension.as_deref() {
            Some("jsonl" | "ndjson") => None,
            Some("csv") => Some(b','),
            Some("tsv") => Some(b'\t'),
            _ => {
                let remedy = "name it .jsonl, .ndjson, .csv or .tsv, as it is inside";
                return Err(SourceError::manifest(path, "is no kind of manifest that can be read", remedy));
            }
        };
        let failed = |source| SourceError::Open { path: path.to_owned(), source };
        // Asked by name first, as opening a pipe would wait for somebody to write.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(SourceError::manifest(
                path,
                "is not a regular file",
                "give a file, not a folder or a pipe",
            ));
        }
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut input = Input::new(BufReader::with_capacity(BUFFER_BYTES, file)).map_err(failed)?;
        let start = input.peek().map_err(failed)?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(SourceError::manifest(path, "is UTF-16", "save the manifest as UTF-8"));
        }
        let format = match separator {
            None => Self::Json(input),
            Some(separator) => {
                let end = table::row_end(&mut input).map_err(failed)?;
                let header = read_header(path, &mut input, separator, end)?;
                Self::Table { input, separator, header, end }
            }
        };
        Ok((format, bytes))
    }

    fn input(&self) -> &Input<BufReader<File>> {
        match self {
            Self::Json(input) | Self::Table { input, .. } => input,
        }
    }

    /// Reads the bytes of the next row; `false` at the end.
    fn next(&mut self, row: &mut RawRow) -> io::Result<bool> {
        match self {
            Self::Json(input) => input.next_line(row),
            Self::Table { input, separator, end, .. } => table::next_record(input, *separator, *end, row),
        }
    }

    /// Takes a row apart.
    fn cells(&self, row: &RawRow) -> Result<Vec<NamedCell>, ModelError> {
        let text = row.text()?;
        match self {
            Self::Json(_) => {
                Ok(json::parse_object(text)?.into_iter().map(|(key, cell)| (key.into(), cell)).collect())
            }
            Self::Table { separator, header, .. } => {
                let cells = table::cells(text, *separator)?;
                if cells.len() != header.len() {
                    let problem = format!("has {} cells, but the header has {}", cells.len(), header.len());
                    let remedy = "put cells that hold a separator or a line end between quotation marks";
                    return Err(row_error(problem, remedy));
                }
                Ok(header.iter().cloned().zip(cells.into_iter().map(Cell::Text)).collect())
            }
        }
    }

    /// In a table without a column for the id every row would be rejected.
    fn check_case_id(&self, path: &Path, binding: &Binding) -> Result<(), SourceError> {
        let Self::Table { header, .. } = self else { return Ok(()) };
        let is_id = |used: &Use| used.target.name() == "case_id";
        if header.iter().any(|column| binding.uses(column).iter().any(is_id)) {
            return Ok(());
        }
        let remedy = match header.as_slice() {
            [only] if only.contains([';', '\t']) => {
                "save it with commas between the cells, or as .tsv with tabs"
            }
            _ => "add the column, or name the one that holds the ids in a map",
        };
        Err(SourceError::manifest(path, "has no column case_id", remedy))
    }
}

fn read_error(path: &Path, format: &Format, source: io::Error) -> SourceError {
    SourceError::Read { path: path.to_owned(), offset: format.input().offset(), source }
}

fn read_header(
    path: &Path,
    input: &mut Input<BufReader<File>>,
    separator: u8,
    end: RowEnd,
) -> Result<Vec<Arc<str>>, SourceError> {
    let mut row = RawRow::default();
    let refused = |error: ModelError| {
        SourceError::manifest(path, format!("has a header that {}", error.problem), error.remedy)
    };
    match table::next_record(input, separator, end, &mut row) {
        Err(source) => return Err(SourceError::Open { path: path.to_owned(), source }),
        Ok(false) => {
            return Err(SourceError::manifest(path, "is empty", "begin with a header of column names"));
        }
        Ok(true) => {}
    }
    let cells = row.text().and_then(|text| table::cells(text, separator)).map_err(refused)?;
    let names: Vec<Arc<str>> = (cells.iter().enumerate())
        .map(|(index, name)| match name.trim() {
            // As pandas writes the column of row numbers.
            "" => format!("{} (no name)", index + 1).into(),
            name => name.into(),
        })
        .collect();
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(name) => {
            Err(SourceError::manifest(path, format!("has the column {name} twice"), "rename one of the two"))
        }
        None => Ok(names),
    }
}

/// The columns that the map names and no row has, in order.
fn missing_columns(
    path: &Path,
    format: &mut Format,
    binding: &Binding,
) -> Result<Vec<(String, Vec<Use>)>, SourceError> {
    let mut missing: Vec<(String, Vec<Use>)> =
        binding.mapped().map(|(column, uses)| (column.to_owned(), uses.to_vec())).collect();
    missing.sort_by(|a, b| a.0.cmp(&b.0));
    if let Format::Table { header, .. } = format {
        missing.retain(|(column, _)| !header.iter().any(|name| **name == **column));
        return Ok(missing);
    }
    let mut row = RawRow::default();
    let mut rows = 0_u64;
    while !missing.is_empty() && format.next(&mut row).map_err(|source| read_error(path, format, source))? {
        rows += 1;
        // A row that cannot be read is rejected later and shows nothing now.
        let Ok(cells) = format.cells(&row) else { continue };
        missing.retain(|(column, _)| !cells.iter().any(|(name, _)| **name == **column));
    }
    // A manifest without rows lacks nothing.
    if rows == 0 {
        missing.clear();
    }
    Ok(missing)
}

#[cfg(test)]
pub(crate) mod tests;
