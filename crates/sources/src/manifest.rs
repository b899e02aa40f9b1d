//! Manifests: a case per row.

use crate::binding::{Binding, Use};
use crate::cell::Cell;
use crate::error::row_error;
use crate::input::{Input, RawRow};
use crate::near::nearest;
#[cfg(feature = "parquet")]
use crate::parquet::ParquetRows;
use crate::reports::{self, Reports};
#[cfg(feature = "parquet")]
use crate::row::named;
use crate::row::{Ignored, NamedCell, build};
use crate::source::{Bytes, Kind, Opened, Progress, Source};
use crate::table::RowEnd;
use crate::target::Target;
use crate::{ColumnMap, DroppedField, Rejection, SourceError, json, table};
use precedent_model::{Case, FieldSchema, ModelError};
use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most names of columns that are kept to tell which of them a map meant.
const MAX_KEPT_NAMES: usize = 1024;

/// One data row of a manifest.
#[derive(Debug)]
pub struct Row {
    /// Which data row, from 1. Blank lines and the header do not count.
    pub number: u64,
    /// The line of the file on which it begins, from 1; 0 where the file has no lines.
    pub line: u64,
    /// The file of this row alone, where the source is a folder.
    pub file: Option<PathBuf>,
    /// The case, or why there is none.
    pub outcome: Result<Case, Rejection>,
    /// Per image of the case the row of its embedding, from 0, where the manifest says it.
    pub embedding_rows: Option<Vec<Option<u64>>>,
    /// Per image of the case its embedding, where the manifest holds it and [`Manifest::read_embeddings`] asked for it; one for a
    /// case without images.
    pub embeddings: Vec<Option<Vec<f32>>>,
    /// Fields that were left out of the case because their values cannot be read.
    pub dropped: Vec<DroppedField>,
}

/// A case per row, of a [`Source`]: `.jsonl` or `.ndjson` (an object per line), `.csv` or `.tsv` (with a header), each compressed
/// (`.gz`, `.zst`) or not; `.parquet`, whose rows are read as the objects that they would be in JSON; or a folder of `.txt` files,
/// whose names are `case_id` and whose texts are `report`.
///
/// | column | holds |
/// |---|---|
/// | `case_id` | the id; every row has one |
/// | `patient_id`, `patient_id_issuer` | whose study it is, and who issued the identifier |
/// | `images` | names of the pictures; in JSON also a list of `{ name, view, embedding_row }` |
/// | `view` | one for all images or one for each; the field of that name, too |
/// | `report` | the text without headings |
/// | `indication`, `comparison`, `technique`, `findings`, `impression` | the text under that heading |
/// | `labels` | JSON only: an object whose keys are fields of the index |
/// | `fields` | the same, with values that are taken as they are written: `nan` is a text |
/// | `sections` | JSON only, in place of the headings: a list of `{ section, text }` in the order of the report |
/// | `embedding` | Parquet only, unless the index has a field of that name: a list of numbers, or one such list for each image |
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
        Self::of(&Source::open(path)?, map, schema)
    }

    /// As [`Self::open`], of a source that may be read again.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn of(source: &Source, map: &ColumnMap, schema: &FieldSchema) -> Result<Self, SourceError> {
        let path = source.name().to_owned();
        let binding = Binding::new(map, schema).map_err(|error| {
            let problem = format!("cannot be mapped: {} {}", error.field, error.problem);
            SourceError::manifest(&path, problem, error.remedy)
        })?;
        let mut warnings = Vec::new();
        let mut format = Format::open(source)?;
        if let Format::Reports(_, others @ 1..) = &format {
            let files = if *others == 1 { "file that is" } else { "files that are" };
            warnings.push(format!("{} holds {others} {files} no .txt and passed over", path.display()));
        }
        let (missing, there) = missing_columns(&path, &mut format, &binding)?;
        for (column, uses) in missing {
            let targets: Vec<&str> = uses.iter().map(|used| used.target.name()).collect();
            let problem =
                format!("the map takes {} from column {column}, which no row has", targets.join(" and "));
            let meant = nearest(&column, there.iter().map(String::as_str));
            let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            if uses.iter().any(|used| used.target.is_identity()) {
                let problem = format!("does not fit the map: {problem}");
                return Err(SourceError::manifest(
                    &path,
                    problem,
                    format!("correct the name in the map{meant}"),
                ));
            }
            warnings.push(format!("{problem}{meant}"));
        }
        if matches!(format, Format::Json(..)) {
            // The search may have read some of it.
            format = Format::open(source)?;
        }
        format.check_case_id(&path, &binding)?;
        let ignored = format.choose_columns(&path, &binding)?;
        Ok(Self { path, format, binding, ignored, warnings, rows_read: 0, failed: false })
    }

    /// The column that holds embeddings, if there is one.
    pub fn embedding_column(&self) -> Option<&str> {
        #[cfg(feature = "parquet")]
        if let Format::Parquet(rows) = &self.format {
            let is_meant =
                |name: &&str| self.binding.uses(name).iter().any(|used| used.target == Target::Embedding);
            return rows.names().iter().map(|name| &**name).find(is_meant);
        }
        None
    }

    /// Reads the embeddings, too, which are otherwise a column that nothing uses. Before the first row.
    ///
    /// # Errors
    /// A column of something else than lists of numbers.
    pub fn read_embeddings(&mut self) -> Result<(), SourceError> {
        #[cfg(feature = "parquet")]
        if let Some(column) = self.embedding_column().map(str::to_owned)
            && let Format::Parquet(rows) = &mut self.format
        {
            let refused = |(problem, remedy)| SourceError::manifest(&self.path, problem, remedy);
            rows.read_embeddings(&column).map_err(refused)?;
            self.ignored.remove(&column);
        }
        Ok(())
    }

    /// Columns that nothing uses, as far as they have turned up; keys inside `labels` as `labels.name`.
    pub fn ignored_columns(&self) -> &[String] {
        self.ignored.names()
    }

    /// What of the map has no effect, in sentences; known before the first row.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How much was read so far and how much there is: bytes of the file, or files of the folder.
    pub fn progress(&self) -> (u64, u64) {
        match &self.format {
            Format::Json(input, progress) | Format::Table { input, progress, .. } => {
                (progress.read(input.offset()), progress.total)
            }
            Format::Reports(reports, _) => reports.progress(),
            #[cfg(feature = "parquet")]
            Format::Parquet(rows) => rows.progress(),
        }
    }

    fn read(&mut self) -> Result<Option<Row>, SourceError> {
        let mut raw = RawRow::default();
        if !self.format.next(&self.path, &mut raw)? {
            return Ok(None);
        }
        self.rows_read += 1;
        let (number, line) = (self.rows_read, raw.line);
        let built = self.format.cells(&raw).and_then(|cells| build(cells, &self.binding, &mut self.ignored));
        let read = built.and_then(|built| Ok((built, self.embeddings()?)));
        let (outcome, embedding_rows, embeddings, dropped) = match read {
            Ok((built, embeddings)) => (Ok(built.case), built.embedding_rows, embeddings, built.dropped),
            Err(error) => (Err(Rejection::new(number, line, error)), None, Vec::new(), Vec::new()),
        };
        let dropped = dropped.into_iter().map(|error| DroppedField::new(number, line, error)).collect();
        let file = match &self.format {
            Format::Reports(reports, _) => reports.file().map(Path::to_owned),
            _ => None,
        };
        Ok(Some(Row { number, line, file, outcome, embedding_rows, embeddings, dropped }))
    }

    /// The embeddings of the row that was read last.
    fn embeddings(&self) -> Result<Vec<Option<Vec<f32>>>, ModelError> {
        #[cfg(feature = "parquet")]
        if let Format::Parquet(rows) = &self.format {
            let remedy = "give a list of numbers, or for several images a list of such lists";
            return rows.embeddings().map_err(|(column, problem)| {
                named(ModelError::new(Target::Embedding.name(), problem, remedy), column)
            });
        }
        Ok(Vec::new())
    }
}

impl Iterator for Manifest {
    type Item = Result<Row, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let row = self.read();
        self.failed = row.is_err();
        row.transpose()
    }
}

/// How rows stand in the file.
enum Format {
    Json(Input<Bytes>, Progress),
    Table {
        input: Input<Bytes>,
        progress: Progress,
        separator: u8,
        header: Vec<Arc<str>>,
        end: RowEnd,
    },
    /// And how many other files lie beside the reports.
    Reports(Reports, usize),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetRows>),
}

impl Format {
    /// Begins to read and, for a table, reads its header.
    fn open(source: &Source) -> Result<Self, SourceError> {
        let path = source.name();
        let failed = |source| SourceError::Open { path: path.to_owned(), source };
        let (kind, bytes, progress) = match source.read().map_err(failed)? {
            Opened::Reports { reports, others } => return Ok(Self::Reports(Reports::new(reports), others)),
            Opened::Parquet(file) => return Self::open_parquet(path, file),
            Opened::Rows { kind, bytes, progress } => (kind, bytes, progress),
        };
        let mut input = Input::new(bytes).map_err(failed)?;
        let start = input.peek().map_err(failed)?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(SourceError::manifest(path, "is UTF-16", "save the manifest as UTF-8"));
        }
        match kind {
            Kind::Table(separator) => {
                let end = table::row_end(&mut input).map_err(failed)?;
                let header = read_header(path, &mut input, separator, end)?;
                Ok(Self::Table { input, progress, separator, header, end })
            }
            // Parquet was opened above.
            Kind::Json | Kind::Parquet => Ok(Self::Json(input, progress)),
        }
    }

    #[cfg(feature = "parquet")]
    fn open_parquet(path: &Path, file: Arc<File>) -> Result<Self, SourceError> {
        let rows = ParquetRows::open(file);
        let refused = |(problem, remedy)| SourceError::manifest(path, problem, remedy);
        rows.map(|rows| Self::Parquet(Box::new(rows))).map_err(refused)
    }

    #[cfg(not(feature = "parquet"))]
    fn open_parquet(path: &Path, _file: Arc<File>) -> Result<Self, SourceError> {
        let remedy = "build it with the Cargo feature `parquet`, or save the manifest as .csv or .jsonl";
        Err(SourceError::manifest(path, "is a Parquet file, which this program was built without", remedy))
    }

    /// The columns that every row has, where the file says it ahead.
    fn header(&self) -> Option<&[Arc<str>]> {
        match self {
            Self::Table { header, .. } => Some(header),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => Some(rows.names()),
            _ => None,
        }
    }

    /// Chooses what is read of a file that need not be read whole; gives what is not.
    fn choose_columns(&mut self, path: &Path, binding: &Binding) -> Result<Ignored, SourceError> {
        #[cfg(feature = "parquet")]
        if let Self::Parquet(rows) = self {
            let is_cell = |name: &str| binding.uses(name).iter().any(|used| used.target != Target::Embedding);
            let mut ignored = Ignored::default();
            rows.names().iter().filter(|name| !is_cell(name)).for_each(|name| ignored.add(name));
            let refused = |(problem, remedy)| SourceError::manifest(path, problem, remedy);
            return rows.read_columns(is_cell).map(|()| ignored).map_err(refused);
        }
        let of_embeddings = |uses: &[Use]| uses.iter().any(|used| used.target == Target::Embedding);
        match binding.mapped().find(|(_, uses)| of_embeddings(uses)) {
            None => Ok(Ignored::default()),
            Some((column, _)) => {
                let problem = format!(
                    "does not fit the map, which takes embeddings from column {column}: only Parquet holds some"
                );
                let remedy = "leave the line out, and give the embeddings in an .npy file";
                Err(SourceError::manifest(path, problem, remedy))
            }
        }
    }

    /// Bytes that were read, without those of the compression.
    fn offset(&self) -> u64 {
        match self {
            Self::Json(input, _) | Self::Table { input, .. } => input.offset(),
            Self::Reports(..) => 0,
            #[cfg(feature = "parquet")]
            Self::Parquet(_) => 0,
        }
    }

    /// Reads the bytes of the next row; `false` at the end.
    fn next(&mut self, path: &Path, row: &mut RawRow) -> Result<bool, SourceError> {
        let read = match self {
            Self::Json(input, _) => input.next_line(row),
            Self::Table { input, separator, end, .. } => table::next_record(input, *separator, *end, row),
            Self::Reports(reports, _) => Ok(reports.next(row)),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => {
                return rows.next().map_err(|damaged| SourceError::Column {
                    path: path.to_owned(),
                    row: damaged.row,
                    column: damaged.column.to_string(),
                    problem: damaged.problem,
                });
            }
        };
        let offset = self.offset();
        read.map_err(|source| SourceError::Read { path: path.to_owned(), offset, source })
    }

    /// Takes a row apart.
    fn cells(&mut self, row: &RawRow) -> Result<Vec<NamedCell>, ModelError> {
        match self {
            Self::Reports(reports, _) => reports.cells(row),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => Ok(rows.cells()),
            Self::Json(..) => Ok(json::parse_object(row.text()?)?
                .into_iter()
                .map(|(key, cell)| (key.into(), cell))
                .collect()),
            Self::Table { separator, header, .. } => {
                let cells = table::cells(row.text()?, *separator)?;
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
        let Some(header) = self.header() else { return Ok(()) };
        let is_id = |used: &Use| used.target.name() == "case_id";
        if header.iter().any(|column| binding.uses(column).iter().any(is_id)) {
            return Ok(());
        }
        let remedy = match header {
            [only] if only.contains([';', '\t']) => {
                "save it with commas between the cells, or as .tsv with tabs"
            }
            _ => "add the column, or name the one that holds the ids in a map",
        };
        let meant = nearest("case_id", header.iter().map(|name| &**name));
        let meant = meant.map(|meant| format!("; is it {meant}?")).unwrap_or_default();
        Err(SourceError::manifest(path, "has no column case_id", format!("{remedy}{meant}")))
    }
}

fn read_header(
    path: &Path,
    input: &mut Input<Bytes>,
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

/// Columns that a map names, with what each is for.
type MappedColumns = Vec<(String, Vec<Use>)>;

/// The columns that the map names and no row has, in order; and columns that some row has, as many as were looked at.
fn missing_columns(
    path: &Path,
    format: &mut Format,
    binding: &Binding,
) -> Result<(MappedColumns, BTreeSet<String>), SourceError> {
    let mut missing: MappedColumns =
        binding.mapped().map(|(column, uses)| (column.to_owned(), uses.to_vec())).collect();
    missing.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(header) = format.header() {
        missing.retain(|(column, _)| !header.iter().any(|name| **name == **column));
        return Ok((missing, header.iter().map(|name| name.to_string()).collect()));
    }
    if let Format::Reports(..) = format {
        missing.retain(|(column, _)| !reports::COLUMNS.contains(&column.as_str()));
        return Ok((missing, reports::COLUMNS.map(str::to_owned).into()));
    }
    let mut row = RawRow::default();
    let (mut rows, mut there) = (0_u64, BTreeSet::new());
    while !missing.is_empty() && format.next(path, &mut row)? {
        rows += 1;
        // A row that cannot be read is rejected later and shows nothing now.
        let Ok(cells) = format.cells(&row) else { continue };
        missing.retain(|(column, _)| !cells.iter().any(|(name, _)| **name == **column));
        for (name, _) in &cells {
            if there.len() < MAX_KEPT_NAMES && !there.contains(&**name) {
                there.insert(name.to_string());
            }
        }
    }
    // A manifest without rows lacks nothing.
    if rows == 0 {
        missing.clear();
    }
    Ok((missing, there))
}

#[cfg(test)]
#[cfg(feature = "parquet")]
mod parquet_tests;
#[cfg(test)]
pub(crate) mod tests;
