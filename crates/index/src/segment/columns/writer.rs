//! Writes the columns, case by case.

use super::{CASE_ID, ColumnRecord, Directory, Key, PATIENT_ID, finding_columns};
use crate::IndexError;
use crate::segment::table::{write_bytes, write_table};
use precedent_model::{Assertion, Case, FieldKind, FieldSchema, Reading, fold_keyword};
use precedent_query::{MENTION_COLUMN, MentionKey};
use precedent_storage::{FileEntry, SealedWriter};
use prost::Message;
use std::collections::BTreeMap;

/// Where the values of a column come from.
#[derive(Debug, Clone, Copy)]
enum Source {
    CaseId,
    PatientId,
    Field,
    Findings(Assertion),
    Mentions,
}

/// A column being written: its values with their cases.
struct Lists {
    name: String,
    kind: FieldKind,
    source: Source,
    lists: BTreeMap<Key, Vec<u32>>,
    memory_bytes: usize,
}

impl Lists {
    fn new(name: &str, kind: FieldKind, source: Source) -> Self {
        Self { name: name.to_owned(), kind, source, lists: BTreeMap::new(), memory_bytes: 0 }
    }

    fn add(&mut self, key: Key, ordinal: u32) {
        let list = self.lists.entry(key).or_insert_with_key(|key| {
            self.memory_bytes += key.memory_bytes();
            Vec::new()
        });
        if list.last() != Some(&ordinal) {
            list.push(ordinal);
            self.memory_bytes += size_of::<u32>();
        }
    }
}

pub(crate) struct ColumnsWriter {
    writer: SealedWriter,
    columns: Vec<Lists>,
    cases: u32,
}

impl ColumnsWriter {
    pub fn new(writer: SealedWriter, schema: &FieldSchema) -> Self {
        let mut columns = vec![
            Lists::new(CASE_ID, FieldKind::Keyword, Source::CaseId),
            Lists::new(PATIENT_ID, FieldKind::Keyword, Source::PatientId),
        ];
        columns.extend(schema.iter().map(|(name, kind)| Lists::new(name, kind, Source::Field)));
        columns.extend(
            finding_columns(schema)
                .map(|(name, assertion)| Lists::new(name, FieldKind::Keywords, Source::Findings(assertion))),
        );
        columns.push(Lists::new(MENTION_COLUMN, FieldKind::Keywords, Source::Mentions));
        Self { writer, columns, cases: 0 }
    }

    /// Adds the case with the next ordinal, and how its report was read.
    pub fn push(&mut self, case: &Case, reading: Option<&Reading>) {
        let ordinal = self.cases;
        self.cases += 1;
        let findings = reading.map(Reading::findings);
        for column in &mut self.columns {
            match column.source {
                Source::CaseId => column.add(Key::Text(fold_keyword(case.id.as_str())), ordinal),
                Source::PatientId => {
                    if let Some(patient) = &case.patient {
                        column.add(Key::Text(patient.folded_id()), ordinal);
                    }
                }
                Source::Field => {
                    let values = case.fields.get(&column.name).into_iter().flatten();
                    values.for_each(|value| column.add(Key::of(value), ordinal));
                }
                Source::Findings(assertion) => {
                    let Some(findings) = &findings else { continue };
                    column.add(Key::Text(String::new()), ordinal);
                    for (id, _) in findings.iter().filter(|(_, said)| *said == assertion) {
                        column.add(Key::Text(id.to_string()), ordinal);
                    }
                }
                Source::Mentions => {
                    let Some(reading) = reading else { continue };
                    column.add(Key::Text(String::new()), ordinal);
                    for mention in reading.standing_mentions() {
                        column.add(Key::Text(MentionKey::text_of(mention)), ordinal);
                    }
                }
            }
        }
    }

    /// Adds a keyword as an earlier program stored it.
    #[cfg(test)]
    pub fn push_stored(&mut self, field: &str, stored: &str, ordinal: u32) {
        let column = self.columns.iter_mut().find(|column| column.name == field);
        column.into_iter().for_each(|column| column.add(Key::Text(stored.to_owned()), ordinal));
    }

    /// The approximate size of the columns in memory until they are written, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.columns.iter().map(|column| column.memory_bytes).sum()
    }

    pub fn finish(mut self) -> Result<FileEntry, IndexError> {
        let mut directory = Directory::default();
        for Lists { name, kind, lists, .. } in &self.columns {
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

/// A 32-bit offset in a table of a segment.
fn offset(part: &str, value: usize) -> Result<u32, IndexError> {
    u32::try_from(value).map_err(|_| IndexError::SegmentTooLarge { part: part.to_owned() })
}
