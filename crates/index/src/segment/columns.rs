//! `columns`: for each field its distinct values, each with the cases that have it.
//!
//! ```text
//! per column    value_offsets u32 x (values + 1); the values, one behind the other;
//!               posting_offsets u32 x (values + 1); ordinals u32 x postings, ascending in each list
//! directory     protobuf `Directory`: name, kind and places of every column
//! trailer       u64 x 3: where the directory begins, its length, number of cases
//! ```
//!
//! Values are sorted: keywords (folded; patient ids by their own rule) by their bytes, numbers (i64, f64, 8 bytes) by value,
//! dates (ISO 8601 text) by text. Besides the fields of the definition there are the columns `case_id` and `patient_id`, and six
//! columns of findings: those the report states as present (`finding`), and those with another assertion (`finding.absent` and so
//! on). In each of the six, a case with a report has the empty keyword besides its ids, so that a finding its report does not
//! mention is false, while it is unknown for a case without a report.
//!
//! `finding.mention` holds each mention as a whole, as one text (`MentionKey`), so that a filter can ask for side, place,
//! severity, time and size of a single mention. It has the empty keyword, too.
//!
//! A restriction is answered by two sets: the cases for which it is true, and those for which it is false. A case in neither has
//! no value, or a date too coarse to tell; NOT swaps the two sets and leaves such a case out of both.

mod alike;
mod evaluate;
mod facets;
mod writer;

pub use facets::ValueCounts;
pub(crate) use facets::count_values;
pub(crate) use writer::ColumnsWriter;

use super::table::TableFile;
use crate::{IndexError, OrdinalSet};
use precedent_model::{
    Assertion, FieldKind, FieldSchema, FieldValue, PartialDate, fold_keyword, fold_patient_id,
};
use precedent_query::{finding_assertion, finding_column};
use precedent_storage::SealedFile;
use prost::Message;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Columns that every index has.
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

/// A value, in its order on disk.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Text(String),
    Integer(i64),
    /// The bits of an f64, mapped so that they sort like the number.
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

    /// As people write it.
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Integer(number) => number.to_string(),
            Self::Number(ordered) => number_of(ordered).to_string(),
        }
    }

    /// Its approximate size in memory as the key of a list, in bytes.
    fn memory_bytes(&self) -> usize {
        let text = match self {
            Self::Text(text) => text.len(),
            Self::Integer(_) | Self::Number(_) => 0,
        };
        text + size_of::<Self>() + size_of::<Vec<u32>>()
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

/// The findings columns of an index: those whose names its own fields do not use.
fn finding_columns(schema: &FieldSchema) -> impl Iterator<Item = (&'static str, Assertion)> {
    (Assertion::ALL.into_iter())
        .map(|assertion| (finding_column(assertion), assertion))
        .filter(|(name, _)| finding_assertion(name, schema).is_some())
}

#[derive(Debug)]
struct Column {
    record: ColumnRecord,
    kind: FieldKind,
    /// Cases that have a value, including the empty one; computed on first use.
    present: OnceLock<OrdinalSet>,
    /// Keywords that an earlier rule folded; computed on first use.
    folded_otherwise: OnceLock<Vec<(String, usize)>>,
    /// Dates with their positions, latest first; computed on first use.
    dates: OnceLock<Vec<(PartialDate, u32)>>,
}

#[derive(Debug)]
pub(crate) struct Columns {
    file: TableFile,
    columns: BTreeMap<String, Column>,
    /// The names of findings columns, even if the segment is older than these columns.
    findings: Vec<&'static str>,
    /// Whether all patient ids are folded by the current rule for identifiers; computed on first use.
    patient_ids_folded: OnceLock<bool>,
    cases: usize,
}

impl Columns {
    /// `schema` distinguishes a field called `finding` from the findings of reports.
    pub fn open(file: TableFile, schema: &FieldSchema) -> Result<Self, IndexError> {
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
            let (present, folded_otherwise, dates) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
            let column = Column { record, kind, present, folded_otherwise, dates };
            columns.insert(column.record.name.clone(), column);
        }
        let findings = finding_columns(schema).map(|(name, _)| name).collect();
        Ok(Self { file, columns, findings, patient_ids_folded: OnceLock::new(), cases: cases as usize })
    }

    /// Verifies what has not been read yet.
    pub fn check_rest(&self) -> Result<(), IndexError> {
        self.file.check_rest()
    }

    pub fn sealed(&self) -> &SealedFile {
        self.file.sealed()
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    /// The cases that have exactly this keyword in a keyword column, with both sides folded.
    pub fn with_keyword(&self, name: &str, text: &str) -> Result<Vec<u32>, IndexError> {
        let Some(column) = self.columns.get(name) else { return Ok(Vec::new()) };
        let mut ordinals = Vec::new();
        for place in self.places(column, &fold_keyword(text))? {
            ordinals.extend_from_slice(self.postings(column, place)?);
        }
        ordinals.sort_unstable();
        Ok(ordinals)
    }

    /// The cases that have exactly this keyword, which is already folded.
    fn with_folded(&self, name: &str, folded: &str) -> Result<&[u32], IndexError> {
        let Some(column) = self.columns.get(name) else { return Ok(&[]) };
        match self.find(column, folded.as_bytes())? {
            Some(index) => self.postings(column, index),
            None => Ok(&[]),
        }
    }

    /// The cases that have this patient id, which is folded as an identifier.
    pub fn with_patient_id(&self, folded: &str) -> Result<Vec<u32>, IndexError> {
        if self.patient_ids_folded()? {
            return Ok(self.with_folded(PATIENT_ID, folded)?.to_vec());
        }
        let mut ordinals = Vec::new();
        self.each_keyword(PATIENT_ID, |text, cases| {
            if fold_patient_id(text) == folded {
                ordinals.extend_from_slice(cases);
            }
        })?;
        ordinals.sort_unstable();
        Ok(ordinals)
    }

    /// Whether all patient ids are folded by the current rule for identifiers. Earlier programs folded them like any keyword; if
    /// that makes a difference, every id is examined.
    fn patient_ids_folded(&self) -> Result<bool, IndexError> {
        if let Some(folded) = self.patient_ids_folded.get() {
            return Ok(*folded);
        }
        let mut folded = true;
        self.each_keyword(PATIENT_ID, |text, _| folded = folded && fold_patient_id(text) == text)?;
        Ok(*self.patient_ids_folded.get_or_init(|| folded))
    }

    /// Calls `each` with every value of a keyword column and its cases.
    pub fn each_keyword<'a>(
        &'a self,
        name: &str,
        mut show: impl FnMut(&'a str, &'a [u32]),
    ) -> Result<(), IndexError> {
        let Some(column) = self.columns.get(name) else { return Ok(()) };
        for index in 0..column.record.value_count as usize {
            show(self.keyword(column, index)?, self.postings(column, index)?);
        }
        Ok(())
    }

    fn keyword(&self, column: &Column, index: usize) -> Result<&str, IndexError> {
        std::str::from_utf8(self.value_bytes(column, index)?)
            .map_err(|_| self.file.damaged(format!("value {index} of {} is no text", column.record.name)))
    }

    /// The values of a date column with their cases, latest first; none if there is no such column.
    pub fn dates_descending<'a>(
        &'a self,
        name: &str,
    ) -> Result<impl Iterator<Item = Result<(PartialDate, &'a [u32]), IndexError>> + use<'a>, IndexError>
    {
        let column = self.columns.get(name);
        let dates = column.map(|column| self.dates(column)).transpose()?.unwrap_or_default();
        let with_cases = move |&(date, index): &(PartialDate, u32)| {
            let ordinals = column.map(|column| self.postings(column, index as usize)).transpose()?;
            Ok((date, ordinals.unwrap_or_default()))
        };
        Ok(dates.iter().map(with_cases))
    }

    /// The dates of a column with their positions, latest first. On disk they are sorted by text, where `2020` precedes
    /// `2020-01`.
    fn dates<'a>(&self, column: &'a Column) -> Result<&'a [(PartialDate, u32)], IndexError> {
        if let Some(known) = column.dates.get() {
            return Ok(known);
        }
        let mut dates = Vec::new();
        for index in 0..column.record.value_count as usize {
            if let FieldValue::Date(date) = self.value(column, index)? {
                dates.push((date, index as u32));
            }
        }
        dates.sort_by_key(|(date, _)| std::cmp::Reverse(*date));
        Ok(column.dates.get_or_init(|| dates))
    }

    fn present<'a>(&self, column: &'a Column) -> Result<&'a OrdinalSet, IndexError> {
        if let Some(set) = column.present.get() {
            return Ok(set);
        }
        let mut set = OrdinalSet::none(self.cases);
        for index in 0..column.record.value_count as usize {
            set.insert_all(self.postings(column, index)?);
        }
        Ok(column.present.get_or_init(|| set))
    }

    fn find(&self, column: &Column, wanted: &[u8]) -> Result<Option<usize>, IndexError> {
        let place = self.lower_bound(column, wanted)?;
        let there = place < column.record.value_count as usize && self.value_bytes(column, place)? == wanted;
        Ok(there.then_some(place))
    }

    /// The position of the first value that is not less than `wanted`.
    fn lower_bound(&self, column: &Column, wanted: &[u8]) -> Result<usize, IndexError> {
        let (mut low, mut high) = (0, column.record.value_count as usize);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.value_bytes(column, middle)? < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
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
mod properties;

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
