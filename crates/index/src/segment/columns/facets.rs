//! Counts the cases with each value of a column, across segments with different dictionaries.

use super::{Column, Columns, Key};
use crate::{IndexError, OrdinalSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Values between two calls of `stop`.
const STOP_EVERY: usize = 1024;

/// Counts of the values of a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueCounts {
    /// Folded values with their numbers of cases: most frequent first, equal counts by value.
    pub values: Vec<(String, usize)>,
    /// Number of further values.
    pub more_values: usize,
    /// Cases without a value.
    pub missing: usize,
}

/// The values of one segment that were not counted yet.
struct Cursor<'a> {
    columns: &'a Columns,
    column: &'a Column,
    accept: &'a OrdinalSet,
    next: usize,
}

impl Cursor<'_> {
    /// The next value in order, with its selected cases.
    fn advance(&mut self) -> Result<Option<(Key, usize)>, IndexError> {
        if self.next >= self.column.record.value_count as usize {
            return Ok(None);
        }
        let key = Key::of(&self.columns.value(self.column, self.next)?);
        let cases = self.columns.postings(self.column, self.next)?;
        self.next += 1;
        Ok(Some((key, cases.iter().filter(|&&ordinal| self.accept.contains(ordinal)).count())))
    }
}

/// Counts the values of the column `name` among the selected cases of each segment. Dictionaries are sorted, so they are walked
/// side by side: whatever the number of values, memory is only needed for one per segment and for the `most` that are returned.
/// The empty keyword, which the findings columns have for every report, is not a value.
pub(crate) fn count_values<'a>(
    name: &str,
    segments: impl Iterator<Item = (&'a Columns, &'a OrdinalSet)>,
    most: usize,
    stop: &dyn Fn() -> bool,
) -> Result<ValueCounts, IndexError> {
    let mut counts = ValueCounts::default();
    let (mut cursors, mut heads) = (Vec::new(), BinaryHeap::new());
    for (columns, accept) in segments {
        let Some(column) = columns.columns.get(name) else {
            counts.missing += accept.count();
            continue;
        };
        let mut without = accept.clone();
        without.subtract(columns.present(column)?);
        counts.missing += without.count();
        let mut cursor = Cursor { columns, column, accept, next: 0 };
        heads.extend(cursor.advance()?.map(|(key, cases)| Reverse((key, cases, cursors.len()))));
        cursors.push(cursor);
    }
    // The worst of the best so far is on top: the fewest cases, and of equal counts the last value.
    let mut best: BinaryHeap<Reverse<(usize, Reverse<Key>)>> = BinaryHeap::new();
    let mut found = 0_usize;
    let mut current: Option<(Key, usize)> = None;
    let mut keep = |value: Option<(Key, usize)>| {
        let Some((key, cases)) = value.filter(|(key, cases)| *cases > 0 && *key != Key::Text(String::new()))
        else {
            return;
        };
        found += 1;
        best.push(Reverse((cases, Reverse(key))));
        if best.len() > most {
            best.pop();
        }
    };
    let mut seen = 0_usize;
    while let Some(Reverse((key, cases, at))) = heads.pop() {
        seen += 1;
        if seen.is_multiple_of(STOP_EVERY) && stop() {
            return Err(IndexError::Stopped);
        }
        heads.extend(cursors[at].advance()?.map(|(key, cases)| Reverse((key, cases, at))));
        match &mut current {
            Some((same, sum)) if *same == key => *sum += cases,
            _ => keep(current.replace((key, cases))),
        }
    }
    keep(current);
    let best = best.into_sorted_vec();
    counts.more_values = found - best.len();
    counts.values = best.into_iter().map(|Reverse((cases, Reverse(key)))| (key.into_text(), cases)).collect();
    Ok(counts)
}
