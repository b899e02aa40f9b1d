//! `columns`: for every field its distinct values, each with the cases that have it.
//!
//! ```text
//! per column    value_offsets u32 x (values + 1); the values, one behind the other;
//!               posting_offsets u32 x (values + 1); ordinals u32 x postings, ascending in each list
//! directory     protobuf `Directory`: name, kind and places of every column
//! trailer       u64 x 3: where the directory begins, its length, number of cases
//! ```
//!
//! Values ascend: keywords (folded) by their bytes, numbers (i64, f64, 8 bytes) by value, dates (ISO 8601 text) by
//! text. Besides the fields of the definition there are the columns `case_id` and `patient_id`.
//!
//! A filter is answered by two sets per restriction: where it is true and where it is false. A case in neither has no
//! value, or a date too coarse to tell; NOT turns the two sets around and leaves it out of both.

use super::table::{TableFile, write_bytes, write_table};
use crate::{IndexError, OrdinalSet};
use precedent_model::{Case, FieldKind, FieldSchema, FieldValue, PartialDate, fold_keyword};
use precedent_query::{Compare, Comparison, Filter, Operand};
use precedent_storage::{FileEntry, SealedWriter};
use prost::Message;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Values between two looks at the caller's wish to stop.
const STOP_EVERY: usize = 1024;
/// The columns that every index has.
pub(crate) const CASE_ID: &str = "case_id";
/// As above.
pub(crate) const PATIENT_ID: &str = "patient_id";

#[derive(Clone, PartialEq, Message)]
struct Directory {
    #[prost(message, repeated, tag = "1")]
    columns: Vec<ColumnRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct ColumnRecord {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    kind: String,
    #[prost(uint64, tag = "3")]
    value_count: u64,
    #[prost(uint64, tag = "4")]
    value_offsets: u64,
    #[prost(uint64, tag = "5")]
    values: u64,
    #[prost(uint64, tag = "6")]
    posting_offsets: u64,
    #[prost(uint64, tag = "7")]
    postings: u64,
}

/// A value in its order on disk.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Text(String),
    Integer(i64),
    /// Bits of an f64, mapped so that they order like the number.
    Number(u64),
}

impl Key {
    fn of(value: &FieldValue) -> Self {
        match value {
            FieldValue::Keyword(text) => Self::Text(fold_keyword(text)),
            FieldValue::Integer(number) => Self::Integer(*number),
            FieldValue::Number(number) => Self::Number(ordered_bits(*number)),
            FieldValue::Date(date) => Self::Text(date.to_string()),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Text(text) => bytes.extend_from_slice(text.as_bytes()),
            Self::Integer(number) => bytes.extend_from_slice(&number.to_le_bytes()),
            Self::Number(ordered) => bytes.extend_from_slice(&number_of(*ordered).to_le_bytes()),
        }
    }
}

fn ordered_bits(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn number_of(ordered: u64) -> f64 {
    f64::from_bits(if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered })
}

pub(crate) struct ColumnsWriter {
    writer: SealedWriter,
    columns: Vec<(String, FieldKind, BTreeMap<Key, Vec<u32>>)>,
    cases: u32,
}

impl ColumnsWriter {
    pub fn new(writer: SealedWriter, schema: &FieldSchema) -> Self {
        let own = [CASE_ID, PATIENT_ID].map(|name| (name, FieldKind::Keyword));
        let columns = own.into_iter().chain(schema.iter());
        let columns = columns.map(|(name, kind)| (name.to_owned(), kind, BTreeMap::new())).collect();
        Self { writer, columns, cases: 0 }
    }

    pub fn push(&mut self, case: &Case) {
        let ordinal = self.cases;
        self.cases += 1;
        for (name, _, lists) in &mut self.columns {
            let mut add = |key: Key| {
                let list: &mut Vec<u32> = lists.entry(key).or_default();
                if list.last() != Some(&ordinal) {
                    list.push(ordinal);
                }
            };
            match name.as_str() {
                CASE_ID => add(Key::Text(fold_keyword(case.id.as_str()))),
                PATIENT_ID => {
                    if let Some(patient) = &case.patient {
                        add(Key::Text(fold_keyword(patient.id())));
                    }
                }
                _ => case.fields.get(name).into_iter().flatten().map(Key::of).for_each(add),
            }
        }
    }

    pub fn finish(mut self) -> Result<FileEntry, IndexError> {
        let mut directory = Directory::default();
        for (name, kind, lists) in &self.columns {
            let (mut bytes, mut ordinals) = (Vec::new(), Vec::new());
            let (mut value_offsets, mut posting_offsets) = (vec![0_u32], vec![0_u32]);
            for (key, list) in lists {
                key.write(&mut bytes);
                ordinals.extend_from_slice(list);
                value_offsets.push(offset(name, bytes.len())?);
                posting_offsets.push(offset(name, ordinals.len())?);
            }
            directory.columns.push(ColumnRecord {
                name: name.clone(),
                kind: kind.name().to_owned(),
                value_count: lists.len() as u64,
                value_offsets: write_table(&mut self.writer, &value_offsets)?,
                values: write_table(&mut self.writer, &bytes)?,
                posting_offsets: write_table(&mut self.writer, &posting_offsets)?,
                postings: write_table(&mut self.writer, &ordinals)?,
            });
        }
        let bytes = directory.encode_to_vec();
        self.writer.align_to(8)?;
        let offset = self.writer.position();
        write_bytes(&mut self.writer, &bytes)?;
        write_table(&mut self.writer, &[offset, bytes.len() as u64, u64::from(self.cases)])?;
        Ok(self.writer.finish()?)
    }
}

/// An offset in a table of a segment, which has 32 bits.
fn offset(part: &str, value: usize) -> Result<u32, IndexError> {
    u32::try_from(value).map_err(|_| IndexError::SegmentTooLarge { part: part.to_owned() })
}

/// Where a filter is true and where it is false.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub yes: OrdinalSet,
    pub no: OrdinalSet,
}

#[derive(Debug)]
struct Column {
    record: ColumnRecord,
    kind: FieldKind,
    /// Cases that have a value, found when first asked for.
    present: OnceLock<OrdinalSet>,
}

#[derive(Debug)]
pub(crate) struct Columns {
    file: TableFile,
    columns: BTreeMap<String, Column>,
    cases: usize,
}

impl Columns {
    pub fn open(file: TableFile) -> Result<Self, IndexError> {
        let &[offset, length, cases] = file.trailer(3)? else {
            return Err(file.damaged("it has no trailer".to_owned()));
        };
        let end = offset.saturating_add(length);
        let directory = Directory::decode(file.bytes(offset as usize..end as usize)?)
            .map_err(|error| file.damaged(format!("its directory cannot be read: {error}")))?;
        let mut columns = BTreeMap::new();
        for record in directory.columns {
            let kinds = [
                FieldKind::Keyword,
                FieldKind::Keywords,
                FieldKind::Integer,
                FieldKind::Number,
                FieldKind::Date,
            ];
            let kind = (kinds.into_iter().find(|kind| kind.name() == record.kind))
                .ok_or_else(|| file.damaged("a column is of an unknown kind".to_owned()))?;
            columns.insert(record.name.clone(), Column { record, kind, present: OnceLock::new() });
        }
        Ok(Self { file, columns, cases: cases as usize })
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    /// The cases that have exactly this keyword in a keyword column, folded on both sides.
    pub fn with_keyword(&self, name: &str, text: &str) -> Result<&[u32], IndexError> {
        let Some(column) = self.columns.get(name) else { return Ok(&[]) };
        match self.find(column, fold_keyword(text).as_bytes())? {
            Some(index) => self.postings(column, index),
            None => Ok(&[]),
        }
    }

    /// The values of a date column with their cases, latest first.
    pub fn dates_descending(&self, name: &str) -> Result<Vec<(PartialDate, &[u32])>, IndexError> {
        let Some(column) = self.columns.get(name) else { return Ok(Vec::new()) };
        let mut dates = Vec::new();
        for index in 0..column.record.value_count as usize {
            if let FieldValue::Date(date) = self.value(column, index)? {
                dates.push((date, self.postings(column, index)?));
            }
        }
        dates.sort_by_key(|(date, _)| std::cmp::Reverse(*date));
        Ok(dates)
    }

    /// Where a filter is true and where it is false.
    pub fn evaluate(&self, filter: &Filter, stop: &dyn Fn() -> bool) -> Result<Verdict, IndexError> {
        match filter {
            Filter::Not(inner) => {
                let verdict = self.evaluate(inner, stop)?;
                Ok(Verdict { yes: verdict.no, no: verdict.yes })
            }
            Filter::And(parts) => {
                let mut whole =
                    Verdict { yes: OrdinalSet::all(self.cases), no: OrdinalSet::none(self.cases) };
                for part in parts {
                    let verdict = self.evaluate(part, stop)?;
                    whole.yes.intersect(&verdict.yes);
                    whole.no.unite(&verdict.no);
                }
                Ok(whole)
            }
            Filter::Or(parts) => {
                let mut whole =
                    Verdict { yes: OrdinalSet::none(self.cases), no: OrdinalSet::all(self.cases) };
                for part in parts {
                    let verdict = self.evaluate(part, stop)?;
                    whole.yes.unite(&verdict.yes);
                    whole.no.intersect(&verdict.no);
                }
                Ok(whole)
            }
            Filter::Compare(compare) => self.compare(compare, stop),
        }
    }

    fn compare(&self, compare: &Compare, stop: &dyn Fn() -> bool) -> Result<Verdict, IndexError> {
        if stop() {
            return Err(IndexError::Stopped);
        }
        let mut verdict = Verdict { yes: OrdinalSet::none(self.cases), no: OrdinalSet::none(self.cases) };
        let Some(column) = self.columns.get(&compare.field) else {
            // A segment older than the field: nobody has a value.
            if compare.operand == Operand::Present {
                verdict.no = OrdinalSet::all(self.cases);
            }
            return Ok(verdict);
        };
        match &compare.operand {
            Operand::Present => {
                verdict.no = OrdinalSet::all(self.cases);
                verdict.yes = self.present(column)?.clone();
                verdict.no.subtract(&verdict.yes);
            }
            // One look into the dictionary instead of a test of every value.
            Operand::Keyword { folded, any_prefix: false, any_suffix: false } => {
                if let Some(index) = self.find(column, folded.as_bytes())? {
                    self.postings(column, index)?.iter().for_each(|&ordinal| verdict.yes.insert(ordinal));
                }
                verdict.no = self.present(column)?.clone();
                verdict.no.subtract(&verdict.yes);
                if compare.comparison == Comparison::NotEqual {
                    std::mem::swap(&mut verdict.yes, &mut verdict.no);
                }
            }
            _ => {
                for index in 0..column.record.value_count as usize {
                    if index % STOP_EVERY == STOP_EVERY - 1 && stop() {
                        return Err(IndexError::Stopped);
                    }
                    let set = match self.test(compare, column, index)? {
                        Some(true) => &mut verdict.yes,
                        Some(false) => &mut verdict.no,
                        None => continue,
                    };
                    self.postings(column, index)?.iter().for_each(|&ordinal| set.insert(ordinal));
                }
                // Of several values one that fits is enough.
                verdict.no.subtract(&verdict.yes);
            }
        }
        Ok(verdict)
    }

    /// What a restriction says of one value. Keywords stand folded on disk, so they are compared as they stand.
    fn test(&self, compare: &Compare, column: &Column, index: usize) -> Result<Option<bool>, IndexError> {
        let Operand::Keyword { folded, any_prefix, any_suffix } = &compare.operand else {
            return Ok(compare.test(&self.value(column, index)?));
        };
        let text = std::str::from_utf8(self.value_bytes(column, index)?)
            .map_err(|_| self.file.damaged(format!("value {index} of {} is no text", column.record.name)))?;
        let fits = match (any_prefix, any_suffix) {
            (true, true) => text.contains(folded.as_str()),
            (true, false) => text.ends_with(folded.as_str()),
            (false, true) => text.starts_with(folded.as_str()),
            (false, false) => text == folded,
        };
        Ok(Some(fits != (compare.comparison == Comparison::NotEqual)))
    }

    fn present<'a>(&self, column: &'a Column) -> Result<&'a OrdinalSet, IndexError> {
        if let Some(set) = column.present.get() {
            return Ok(set);
        }
        let mut set = OrdinalSet::none(self.cases);
        for index in 0..column.record.value_count as usize {
            self.postings(column, index)?.iter().for_each(|&ordinal| set.insert(ordinal));
        }
        Ok(column.present.get_or_init(|| set))
    }

    fn find(&self, column: &Column, wanted: &[u8]) -> Result<Option<usize>, IndexError> {
        let (mut low, mut high) = (0, column.record.value_count as usize);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.value_bytes(column, middle)?.cmp(wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(Some(middle)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    fn value_bytes(&self, column: &Column, index: usize) -> Result<&[u8], IndexError> {
        let span = self.file.span::<u32>(column.record.value_offsets as usize, index)?;
        let base = column.record.values as usize;
        self.file.bytes(base.saturating_add(span.start)..base.saturating_add(span.end))
    }

    fn value(&self, column: &Column, index: usize) -> Result<FieldValue, IndexError> {
        let bytes = self.value_bytes(column, index)?;
        let eight = || <[u8; 8]>::try_from(bytes).ok();
        let text = || std::str::from_utf8(bytes).ok();
        let value = match column.kind {
            FieldKind::Keyword | FieldKind::Keywords => {
                text().map(|text| FieldValue::Keyword(text.to_owned()))
            }
            FieldKind::Integer => eight().map(|bytes| FieldValue::Integer(i64::from_le_bytes(bytes))),
            FieldKind::Number => eight().map(|bytes| FieldValue::Number(f64::from_le_bytes(bytes))),
            FieldKind::Date => text()
                .and_then(|text| PartialDate::parse(&column.record.name, text).ok())
                .map(FieldValue::Date),
        };
        value.ok_or_else(|| {
            self.file.damaged(format!("value {index} of {} cannot be read", column.record.name))
        })
    }

    fn postings(&self, column: &Column, index: usize) -> Result<&[u32], IndexError> {
        let span = self.file.span::<u32>(column.record.posting_offsets as usize, index)?;
        let offset = (column.record.postings as usize).saturating_add(span.start.saturating_mul(4));
        self.file.slice(offset, span.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_order_and_value() {
        let numbers = [f64::MIN, -1.5, -0.0, 0.0, 1e-300, 2.0, f64::MAX];
        for pair in numbers.windows(2) {
            assert!(ordered_bits(pair[0]) <= ordered_bits(pair[1]), "{pair:?}");
        }
        for number in numbers {
            assert_eq!(number_of(ordered_bits(number)), number);
        }
    }
}
