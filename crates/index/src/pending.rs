//! Operations that are durable in the log but not yet in a segment.

use crate::CaseEntry;
use precedent_model::CaseId;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// A case that is waiting for its segment, with its encoded record.
#[derive(Clone)]
pub(crate) struct PendingCase {
    pub entry: CaseEntry,
    pub record: Vec<u8>,
}

impl PendingCase {
    /// Its approximate size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        // The record repeats the content of the case; fields may be longer than usual.
        2 * self.record.len() + self.entry.memory_bytes()
    }
}

/// Operations in the order of the log; later ones override earlier ones.
#[derive(Clone, Default)]
pub(crate) struct Pending {
    /// Cases to be written, by sequence number.
    cases: BTreeMap<u64, PendingCase>,
    by_id: HashMap<CaseId, u64>,
    /// All ids that an operation named: their cases in older segments are dead.
    touched: HashSet<CaseId>,
    operations: usize,
    bytes: usize,
}

/// Shows counts only: records contain report text.
impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pending({} operations, {} bytes hidden)", self.operations, self.bytes)
    }
}

impl Pending {
    pub fn put(&mut self, sequence: u64, case: PendingCase) {
        let id = case.entry.case.id.clone();
        self.remove(&id);
        self.operations += 1;
        self.bytes += case.bytes();
        self.by_id.insert(id.clone(), sequence);
        self.touched.insert(id);
        self.cases.insert(sequence, case);
    }

    pub fn delete(&mut self, ids: &[CaseId]) {
        self.operations += 1;
        for id in ids {
            self.remove(id);
            self.touched.insert(id.clone());
        }
    }

    fn remove(&mut self, id: &CaseId) {
        if let Some(case) = self.by_id.remove(id).and_then(|sequence| self.cases.remove(&sequence)) {
            self.bytes -= case.bytes();
        }
    }

    /// Puts operations that could not be committed back before those that came since.
    pub fn restore(&mut self, mut earlier: Self) {
        for id in &self.touched {
            earlier.remove(id);
        }
        self.cases.append(&mut earlier.cases);
        self.by_id.extend(earlier.by_id);
        self.touched.extend(earlier.touched);
        self.operations += earlier.operations;
        self.bytes += earlier.bytes;
    }

    /// What an operation left under this id: a case with its position in the log, or no case. `None` if no operation named the
    /// id.
    pub fn held(&self, id: &CaseId) -> Option<Option<(u64, &PendingCase)>> {
        let case = |sequence: &u64| Some((*sequence, self.cases.get(sequence)?));
        self.touched.contains(id).then(|| self.by_id.get(id).and_then(case))
    }

    /// Whether an operation named this id, and if so, whether it leaves a case there.
    pub fn knows(&self, id: &CaseId) -> Option<bool> {
        self.touched.contains(id).then(|| self.by_id.contains_key(id))
    }

    pub fn is_empty(&self) -> bool {
        self.operations == 0
    }

    pub fn operations(&self) -> usize {
        self.operations
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The cases to be written, in the order of the log.
    pub fn cases(&self) -> impl ExactSizeIterator<Item = (u64, &PendingCase)> {
        self.cases.iter().map(|(sequence, case)| (*sequence, case))
    }

    /// Ids whose cases in older segments are dead.
    pub fn touched(&self) -> impl Iterator<Item = &CaseId> {
        self.touched.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::Case;

    fn id(name: &str) -> CaseId {
        CaseId::new(name).unwrap()
    }

    fn put(pending: &mut Pending, sequence: u64, name: &str) {
        let entry = CaseEntry::new(Case::new(id(name)), Vec::new());
        pending.put(sequence, PendingCase { entry, record: vec![0; 10] });
    }

    fn sequences(pending: &Pending) -> Vec<u64> {
        pending.cases().map(|(sequence, _)| sequence).collect()
    }

    #[test]
    fn the_last_word_on_an_id_counts() {
        let mut pending = Pending::default();
        put(&mut pending, 1, "a");
        put(&mut pending, 2, "b");
        put(&mut pending, 3, "a");
        pending.delete(&[id("b"), id("c")]);
        assert_eq!(sequences(&pending), [3]);
        assert_eq!(pending.knows(&id("a")), Some(true));
        assert_eq!(pending.knows(&id("b")), Some(false));
        assert_eq!(pending.knows(&id("d")), None);
        assert_eq!(pending.touched().count(), 3);
        assert_eq!(pending.operations(), 4);
    }

    #[test]
    fn what_is_put_back_does_not_overrule_what_came_since() {
        let mut earlier = Pending::default();
        put(&mut earlier, 1, "a");
        put(&mut earlier, 2, "b");
        put(&mut earlier, 3, "c");
        let mut pending = Pending::default();
        put(&mut pending, 4, "b");
        pending.delete(&[id("c")]);
        pending.restore(earlier);
        assert_eq!(sequences(&pending), [1, 4]);
        assert_eq!(pending.knows(&id("c")), Some(false));
        pending.delete(&[id("a"), id("b")]);
        assert_eq!(pending.bytes(), 0);
    }
}
