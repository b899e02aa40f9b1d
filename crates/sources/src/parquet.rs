//! Parquet: a table by columns, which other programs write. A row of it is read as the JSON object that it would be.

mod pages;
mod value;

use crate::row::NamedCell;
use crate::source::At;
use pages::{Chunks, RowGroup, is_unpacked};
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::reader::Length;
use parquet::record::Field;
use parquet::record::reader::{ReaderIter, TreeBuilder};
use parquet::schema::types::{ColumnDescriptor, SchemaDescPtr, SchemaDescriptor, Type, TypePtr};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What a file begins and ends with, and one that is encrypted.
const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED: &[u8] = b"PARE";
/// What stands at the end: the length of the footer and the magic bytes.
const TAIL_BYTES: usize = 8;
/// Rows whose values are unpacked together. Reports may have a megabyte each, so it is a small number.
const BATCH_ROWS: usize = 32;

const AGAIN: &str = "copy or write it again";

/// Why a file is no Parquet that can be read: what is wrong, and what to do.
pub(crate) type Problem = (String, &'static str);

/// A row that cannot be read, nor those behind it.
pub(crate) struct DamagedRow {
    /// From 1.
    pub row: u64,
    pub column: Arc<str>,
    pub problem: &'static str,
}

/// The rows of a file, one after the other.
pub(crate) struct ParquetRows {
    chunks: Arc<Chunks>,
    metadata: ParquetMetaData,
    names: Vec<Arc<str>>,
    columns: Vec<Column>,
    embeddings: Option<Column>,
    next_group: usize,
    left_in_group: u64,
    done: u64,
    total: u64,
}

/// A column that is read.
struct Column {
    name: Arc<str>,
    kind: TypePtr,
    /// As if the file had no other column, so that damage is told by column.
    schema: SchemaDescPtr,
    values: Option<ReaderIter>,
    /// That of the row.
    value: Field,
}

impl ParquetRows {
    /// Reads the footer. No column is read until it is chosen.
    pub fn open(file: Arc<File>) -> Result<Self, Problem> {
        let damaged = |what: &str| (format!("is damaged ({what})"), AGAIN);
        check_ends(&file)?;
        let chunks = Arc::new(Chunks(file));
        let metadata =
            guarded(|| ParquetMetaDataReader::new().parse_and_finish(&*chunks)).map_err(damaged)?;
        let file_metadata = metadata.file_metadata();
        let names: Vec<Arc<str>> =
            file_metadata.schema().get_fields().iter().map(|field| field.name().into()).collect();
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return Err((format!("has the column {twice} twice"), "rename one of the two"));
        }
        let rows = |count: i64| u64::try_from(count).ok();
        let total = metadata.row_groups().iter().try_fold(0_u64, |sum, group| {
            let leaves = file_metadata.schema_descr().num_columns();
            sum.checked_add(rows(group.num_rows()).filter(|_| group.num_columns() == leaves)?)
        });
        let Some(total) = total.filter(|total| rows(file_metadata.num_rows()) == Some(*total)) else {
            return Err(damaged("its parts do not make up the whole"));
        };
        let (columns, embeddings) = (Vec::new(), None);
        Ok(Self {
            chunks,
            metadata,
            names,
            columns,
            embeddings,
            next_group: 0,
            left_in_group: 0,
            done: 0,
            total,
        })
    }

    /// The names of the columns.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Chooses the columns that are read as cells.
    pub fn read_columns(&mut self, is_read: impl Fn(&str) -> bool) -> Result<(), Problem> {
        let chosen = (0..self.names.len()).filter(|at| is_read(&self.names[*at]));
        self.columns = chosen.map(|at| self.column(at)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Chooses the column whose values are embeddings.
    pub fn read_embeddings(&mut self, name: &str) -> Result<(), Problem> {
        let Some(at) = self.names.iter().position(|column| **column == *name) else { return Ok(()) };
        let column = self.column(at)?;
        if !(column.kind.is_group() || repeats(&column.kind)) || !is_made_of_numbers(&column.kind) {
            let remedy =
                "write it as a list of float32 in each row, or for several images as a list of such lists";
            return Err((format!("has a column {name} that is no list of numbers"), remedy));
        }
        self.embeddings = Some(column);
        Ok(())
    }

    /// A column by its place, if it can be read.
    fn column(&self, at: usize) -> Result<Column, Problem> {
        let name = &self.names[at];
        let whole = self.metadata.file_metadata().schema_descr();
        let kind = whole.root_schema().get_fields()[at].clone();
        if !is_well_formed(&kind) {
            let problem = format!("has a column {name} that is nested in a way that is not read");
            return Err((problem, "write it as values, lists, structs or maps"));
        }
        for (leaf, descriptor) in whole.columns().iter().enumerate() {
            if whole.get_column_root_idx(leaf) != at {
                continue;
            }
            if !is_read(descriptor) {
                let problem =
                    format!("has a column {name} of type {}, which is not read", type_name(descriptor));
                return Err((problem, "write it as text, number, truth value or date, or leave it out"));
            }
            self.metadata
                .row_groups()
                .iter()
                .try_for_each(|group| self.check_chunk(name, group.column(leaf)))?;
        }
        let damaged = |what: &str| (format!("is damaged (column {name}: {what})"), AGAIN);
        let alone =
            guarded(|| Type::group_type_builder(whole.name()).with_fields(vec![kind.clone()]).build());
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(alone.map_err(damaged)?)));
        Ok(Column { name: name.clone(), kind, schema, values: None, value: Field::Null })
    }

    /// Whether the values of a column lie in the file and can be unpacked.
    fn check_chunk(&self, name: &str, chunk: &ColumnChunkMetaData) -> Result<(), Problem> {
        if !is_unpacked(chunk.compression()) {
            let codec = chunk.compression_codec();
            let problem = format!("has a column {name} compressed with {codec}, which is not read");
            return Err((problem, "write it with snappy, gzip, zstd, lz4 or no compression"));
        }
        // The dictionary comes first.
        let start = u64::try_from(chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset())).ok();
        let length = u64::try_from(chunk.compressed_size()).ok();
        match start.zip(length).and_then(|(start, length)| start.checked_add(length)) {
            Some(end) if end <= self.chunks.len() => Ok(()),
            _ => Err((format!("is damaged (column {name} lies beyond its end)"), AGAIN)),
        }
    }

    /// How many rows were read, and how many there are.
    pub fn progress(&self) -> (u64, u64) {
        (self.done, self.total)
    }

    /// Reads the next row; `false` after the last.
    pub fn next(&mut self) -> Result<bool, DamagedRow> {
        while self.left_in_group == 0 {
            let Some(group) = self.metadata.row_groups().get(self.next_group) else { return Ok(false) };
            self.next_group += 1;
            self.left_in_group = u64::try_from(group.num_rows()).unwrap_or_default();
            if self.left_in_group > 0 {
                let row = self.done + 1;
                for column in self.columns.iter_mut().chain(&mut self.embeddings) {
                    column.begin(&self.chunks, group).map_err(|problem| column.damaged(row, problem))?;
                }
            }
        }
        let row = self.done + 1;
        for column in self.columns.iter_mut().chain(&mut self.embeddings) {
            column.advance().map_err(|problem| column.damaged(row, problem))?;
        }
        self.left_in_group -= 1;
        self.done = row;
        Ok(true)
    }

    /// The embeddings of the row: one, or one per image.
    ///
    /// # Errors
    /// The column, and what is wrong with its value.
    pub fn embeddings(&self) -> Result<Vec<Option<Vec<f32>>>, (&str, &'static str)> {
        let Some(column) = &self.embeddings else { return Ok(Vec::new()) };
        value::embeddings(&column.value, &column.kind).map_err(|problem| (&*column.name, problem))
    }

    /// Takes the row apart.
    pub fn cells(&mut self) -> Vec<NamedCell> {
        let cell = |column: &mut Column| {
            let value = mem::replace(&mut column.value, Field::Null);
            (column.name.clone(), value::cell(&value, Some(&column.kind)))
        };
        self.columns.iter_mut().map(cell).collect()
    }
}

impl Column {
    fn begin(&mut self, chunks: &Arc<Chunks>, group: &RowGroupMetaData) -> Result<(), &'static str> {
        if self.schema.columns().iter().any(|leaf| leaf.max_rep_level() > 0) {
            self.check_lists(chunks, group)?;
        }
        self.values = Some(self.read(chunks, group)?);
        Ok(())
    }

    fn read(&self, chunks: &Arc<Chunks>, metadata: &RowGroupMetaData) -> Result<ReaderIter, &'static str> {
        let builder = TreeBuilder::new().with_batch_size(BATCH_ROWS);
        guarded(|| builder.as_iter(self.schema.clone(), &RowGroup { chunks, metadata }))
    }

    /// Reads the lists of a group of rows to see whether there is one for each row. If there are more, some row gets the list of
    /// another, and nobody would ever notice.
    fn check_lists(&self, chunks: &Arc<Chunks>, group: &RowGroupMetaData) -> Result<(), &'static str> {
        if self.kind.is_group() && !self.kind.is_optional() && !self.is_list() {
            // The library does not say where a struct ends that cannot be null.
            return Ok(());
        }
        let one_more = guarded(|| group.clone().into_builder().set_num_rows(group.num_rows() + 1).build())?;
        let mut rows = self.read(chunks, &one_more)?;
        for _ in 0..group.num_rows() {
            if guarded(|| rows.next().transpose()).is_err() {
                // Damage is told at its row.
                return Ok(());
            }
        }
        match guarded(|| rows.next().transpose()) {
            Err(_) => Ok(()),
            Ok(_) => Err(
                "it has more lists than rows, as DuckDB writes arrays with nulls among them; cast them to lists, as in FLOAT[]",
            ),
        }
    }

    fn is_list(&self) -> bool {
        use ConvertedType::{LIST, MAP, MAP_KEY_VALUE};
        repeats(&self.kind)
            || matches!(self.kind.get_basic_info().converted_type(), LIST | MAP | MAP_KEY_VALUE)
    }

    fn advance(&mut self) -> Result<(), &'static str> {
        let values = &mut self.values;
        let row = guarded(|| values.as_mut().and_then(Iterator::next).transpose())?;
        let value = row.and_then(|row| row.into_columns().pop());
        self.value = value.ok_or("it has too few values")?.1;
        Ok(())
    }

    fn damaged(&self, row: u64, problem: &'static str) -> DamagedRow {
        DamagedRow { row, column: self.name.clone(), problem }
    }
}

/// Whether a file begins and ends as it must, to say what else it is.
fn check_ends(file: &Arc<File>) -> Result<(), Problem> {
    let failed = |_: io::Error| ("cannot be read".to_owned(), "check its permissions and the disk");
    let length = file.metadata().map_err(failed)?.len();
    let mut start = Vec::new();
    At::from(file, 0).take(MAGIC.len() as u64).read_to_end(&mut start).map_err(failed)?;
    if start == ENCRYPTED {
        return Err(("is encrypted".to_owned(), "write it without encryption"));
    }
    if start != MAGIC {
        return Err(("is no Parquet file".to_owned(), "name it as it is inside, or write it as Parquet"));
    }
    let mut tail = Vec::new();
    let at = length.saturating_sub(TAIL_BYTES as u64);
    At::from(file, at).take(TAIL_BYTES as u64).read_to_end(&mut tail).map_err(failed)?;
    let Some((footer, magic)) =
        tail.split_first_chunk::<4>().filter(|(_, magic)| *magic == MAGIC || *magic == ENCRYPTED)
    else {
        return Err(("is cut short: it does not end as a Parquet file does".to_owned(), AGAIN));
    };
    if magic == ENCRYPTED {
        return Err(("is encrypted".to_owned(), "write it without encryption"));
    }
    if u64::from(u32::from_le_bytes(*footer)) > at.saturating_sub(MAGIC.len() as u64) {
        return Err(("is cut short or damaged: its footer is longer than the file".to_owned(), AGAIN));
    }
    Ok(())
}

/// Runs code of the library, which asserts what it expects. What it says may quote values, so only the kind of it is told.
fn guarded<T>(work: impl FnOnce() -> ParquetResult<T>) -> Result<T, &'static str> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(
            ParquetError::EOF(_) | ParquetError::NeedMoreData(_) | ParquetError::NeedMoreDataRange(_),
        )) => Err("it is cut short"),
        Ok(Err(ParquetError::NYI(_))) => Err("it is in an encoding that is not known"),
        Ok(Err(ParquetError::External(error))) => {
            let system = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
            Err(if system.is_some() { "the system refused to read on" } else { "it cannot be unpacked" })
        }
        Ok(Err(_)) | Err(_) => Err("what it says does not fit together"),
    }
}

fn repeats(kind: &Type) -> bool {
    let info = kind.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
}

/// Whether lists and maps are built as the library asserts.
fn is_well_formed(kind: &Type) -> bool {
    if kind.is_primitive() {
        return true;
    }
    let fields = kind.get_fields();
    let below = |field: &Type| {
        field.is_primitive()
            || (!field.get_fields().is_empty()
                && field.get_fields().iter().all(|field| is_well_formed(field)))
    };
    match (kind.get_basic_info().converted_type(), fields) {
        (ConvertedType::LIST, [repeated]) => repeats(repeated) && below(repeated),
        (ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE, [entry]) => {
            repeats(entry) && entry.is_group() && entry.get_fields().len() <= 2 && below(entry)
        }
        (ConvertedType::LIST | ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE, _) | (_, []) => false,
        (_, fields) => fields.iter().all(|field| is_well_formed(field)),
    }
}

/// Whether the library turns such values into fields; it panics at others.
fn is_read(leaf: &ColumnDescriptor) -> bool {
    use ConvertedType as C;
    match leaf.physical_type() {
        PhysicalType::BOOLEAN | PhysicalType::FLOAT | PhysicalType::DOUBLE | PhysicalType::INT96 => true,
        PhysicalType::INT32 => matches!(
            leaf.converted_type(),
            C::INT_8
                | C::INT_16
                | C::INT_32
                | C::NONE
                | C::UINT_8
                | C::UINT_16
                | C::UINT_32
                | C::DATE
                | C::TIME_MILLIS
                | C::DECIMAL
        ),
        PhysicalType::INT64 => match leaf.converted_type() {
            // A time of day in nanoseconds would be taken for a number.
            C::NONE => {
                !matches!(leaf.logical_type_ref(), Some(LogicalType::Time(time)) if time.unit == TimeUnit::NANOS)
            }
            C::INT_64
            | C::UINT_64
            | C::TIME_MICROS
            | C::TIMESTAMP_MILLIS
            | C::TIMESTAMP_MICROS
            | C::DECIMAL => true,
            _ => false,
        },
        PhysicalType::BYTE_ARRAY => {
            matches!(leaf.converted_type(), C::UTF8 | C::ENUM | C::JSON | C::BSON | C::NONE | C::DECIMAL)
        }
        PhysicalType::FIXED_LEN_BYTE_ARRAY => matches!(leaf.converted_type(), C::DECIMAL | C::NONE),
    }
}

fn type_name(leaf: &ColumnDescriptor) -> String {
    match (leaf.converted_type(), leaf.logical_type_ref()) {
        (ConvertedType::NONE, Some(LogicalType::Time(_))) => "TIME in nanoseconds".to_owned(),
        (ConvertedType::NONE, _) => leaf.physical_type().to_string(),
        (converted, _) => converted.to_string(),
    }
}

/// Whether a type, however nested, has one member, and that is a number.
fn is_made_of_numbers(kind: &Type) -> bool {
    if kind.is_group() {
        return matches!(kind.get_fields(), [field] if is_made_of_numbers(field));
    }
    match kind.get_physical_type() {
        PhysicalType::FLOAT | PhysicalType::DOUBLE => true,
        PhysicalType::FIXED_LEN_BYTE_ARRAY => {
            matches!(kind.get_basic_info().logical_type_ref(), Some(LogicalType::Float16))
        }
        PhysicalType::INT32 | PhysicalType::INT64 => {
            use ConvertedType as C;
            let converted = kind.get_basic_info().converted_type();
            matches!(
                converted,
                C::NONE | C::INT_8 | C::UINT_8 | C::INT_16 | C::UINT_16 | C::INT_32 | C::INT_64
            )
        }
        _ => false,
    }
}
