//! Keywords in columns that an earlier rule folded.
//!
//! Until format 5, keywords were only trimmed and lower-cased. A value that [`precedent_model::fold_keyword`] folds differently
//! today is still found under its current form.

use super::{Column, Columns, PATIENT_ID};
use crate::IndexError;
use precedent_model::{FieldKind, fold_keyword};

impl Columns {
    /// The positions of the values that are the same keyword as `folded`.
    pub(super) fn places(&self, column: &Column, folded: &str) -> Result<Vec<usize>, IndexError> {
        let mut places: Vec<usize> = self.find(column, folded.as_bytes())?.into_iter().collect();
        let others = self.folded_otherwise(column)?.iter();
        places.extend(others.filter(|(today, _)| today == folded).map(|(_, place)| *place));
        Ok(places)
    }

    /// Whether all values are folded by the current rule.
    pub(super) fn is_folded_as_today(&self, column: &Column) -> Result<bool, IndexError> {
        match column.record.name.as_str() {
            PATIENT_ID => self.patient_ids_folded(),
            _ => Ok(self.folded_otherwise(column)?.is_empty()),
        }
    }

    /// The values that the current rule folds differently, with their current forms. ASCII values never are.
    fn folded_otherwise<'a>(&self, column: &'a Column) -> Result<&'a [(String, usize)], IndexError> {
        if let Some(known) = column.folded_otherwise.get() {
            return Ok(known);
        }
        let mut found = Vec::new();
        if matches!(column.kind, FieldKind::Keyword | FieldKind::Keywords) && !self.is_ascii(column)? {
            for place in 0..column.record.value_count as usize {
                let stored = std::str::from_utf8(self.value_bytes(column, place)?).unwrap_or_default();
                let today = if stored.is_ascii() { None } else { Some(fold_keyword(stored)) };
                found.extend(today.filter(|today| today != stored).map(|today| (today, place)));
            }
        }
        Ok(column.folded_otherwise.get_or_init(|| found))
    }

    /// Whether all values are ASCII: they are stored contiguously, so one check is enough.
    fn is_ascii(&self, column: &Column) -> Result<bool, IndexError> {
        let offsets = column.record.value_offsets as usize;
        let Some(last) = (column.record.value_count as usize).checked_sub(1) else { return Ok(true) };
        let end = self.file.span::<u32>(offsets, last)?.end;
        let base = column.record.values as usize;
        Ok(self.file.bytes(base..base.saturating_add(end))?.is_ascii())
    }
}
