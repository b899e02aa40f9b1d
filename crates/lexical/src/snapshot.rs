//! Several segments with their deleted documents, and what BM25 must know of all of them together.

use crate::LexicalError;
use crate::clause::{Alternative, Clause};
use crate::cursor::{Cursor, END};
use crate::query::TextQuery;
use crate::reader::{Lengths, LexicalSegment};
use crate::schema::{FIELD_COUNT, LexicalField, MEASURED_COUNT};
use crate::statistics::{FINDINGS, WORDS, Weight, idf};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Words whose number of live documents is remembered, per field. A vocabulary is seldom larger, and a query that asks
/// for all words there are must not fill the memory.
const REMEMBERED_WORDS: usize = 1 << 16;

/// The segments of one generation. Scores depend on the live documents alone: the same ones give the same bits in one
/// segment or in twenty, with deleted documents beside them or without.
pub struct LexicalSnapshot {
    parts: Vec<Part>,
    documents: u64,
    tokens: [u64; MEASURED_COUNT],
    found: [RwLock<HashMap<String, u64>>; FIELD_COUNT],
}

pub(crate) struct Part {
    pub(crate) segment: Arc<LexicalSegment>,
    deleted: Vec<u32>,
    /// The same as bits, 64 documents a word; empty where none is deleted.
    bits: Vec<u64>,
}

impl LexicalSnapshot {
    /// A snapshot of segments with their deleted ordinals. An ordinal that is given twice is deleted once.
    ///
    /// Where something is deleted this reads the segment's token counts; statistics of words follow when asked for.
    ///
    /// # Errors
    /// A deleted ordinal that the segment does not have, a failed read, damaged counts.
    pub fn new<'a>(
        segments: impl IntoIterator<Item = (Arc<LexicalSegment>, &'a [u32])>,
    ) -> Result<Self, LexicalError> {
        let mut snapshot =
            Self { parts: Vec::new(), documents: 0, tokens: [0; MEASURED_COUNT], found: Default::default() };
        for (number, (segment, deleted)) in segments.into_iter().enumerate() {
            let part = Part::new(number, segment, deleted)?;
            let (documents, tokens) = part.totals()?;
            snapshot.documents += documents;
            for (sum, tokens) in snapshot.tokens.iter_mut().zip(tokens) {
                *sum += tokens;
            }
            snapshot.parts.push(part);
        }
        Ok(snapshot)
    }

    /// Live documents with at least one word: the `N` of BM25.
    pub fn document_count(&self) -> u64 {
        self.documents
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// One weight per clause, or `None` when `stop` said so.
    pub(crate) fn weights(
        &self,
        query: &TextQuery,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Weight>>, LexicalError> {
        let mut weights = Vec::with_capacity(query.clauses().len());
        for clause in query.clauses() {
            if stop() {
                return Ok(None);
            }
            weights.push(self.weight(clause)?);
        }
        Ok(Some(weights))
    }

    /// A clause is as rare as the commonest of its alternatives.
    fn weight(&self, clause: &Clause) -> Result<Weight, LexicalError> {
        let unknown = self.found_unknown(clause)?;
        let mut least = f64::INFINITY;
        for alternative in &clause.alternatives {
            let mut rarity = 0.0;
            for word in &alternative.words {
                rarity += idf(self.found(alternative.field, word)? + unknown, self.documents);
            }
            least = least.min(rarity);
        }
        let field = clause.field();
        let rarity = if least.is_finite() { least } else { 0.0 };
        let shape = if field == LexicalField::Finding { FINDINGS } else { WORDS };
        Ok(Weight::new(
            rarity * f64::from(clause.share.value()),
            clause.times,
            shape,
            self.tokens[field.length_index()],
            self.documents,
        ))
    }

    /// Live documents with a finding in the segments that know none: those with its words in a row.
    fn found_unknown(&self, clause: &Clause) -> Result<u64, LexicalError> {
        let mut found = 0;
        for part in self.parts.iter().filter(|part| !part.segment.knows_assertions()) {
            if let Some(alternative) = &clause.fallback {
                found += part.found_in_a_row(alternative)?;
            }
        }
        Ok(found)
    }

    /// Live documents with a word.
    pub(crate) fn found(&self, field: LexicalField, word: &str) -> Result<u64, LexicalError> {
        let known = &self.found[field.index()];
        if let Some(&found) = known.read().unwrap_or_else(PoisonError::into_inner).get(word) {
            return Ok(found);
        }
        let mut found = 0;
        for part in &self.parts {
            found += part.found(field, word)?;
        }
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        if found > 0 && known.len() < REMEMBERED_WORDS {
            known.insert(word.to_owned(), found);
        }
        Ok(found)
    }
}

/// Hides the words that were asked for.
impl fmt::Debug for LexicalSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LexicalSnapshot({} segments, {} documents)", self.parts.len(), self.documents)
    }
}

impl Part {
    fn new(number: usize, segment: Arc<LexicalSegment>, deleted: &[u32]) -> Result<Self, LexicalError> {
        let documents = segment.document_count();
        if deleted.is_empty() {
            return Ok(Self { segment, deleted: Vec::new(), bits: Vec::new() });
        }
        let mut bits = vec![0_u64; documents.div_ceil(64) as usize];
        for &ordinal in deleted {
            if ordinal >= documents {
                return Err(LexicalError::Tombstone { segment: number, ordinal, documents });
            }
            bits[ordinal as usize / 64] |= 1 << (ordinal % 64);
        }
        let mut deleted = deleted.to_vec();
        deleted.sort_unstable();
        deleted.dedup();
        Ok(Self { segment, deleted, bits })
    }

    /// The deleted ones among the 64 documents of a word.
    pub(crate) fn deleted_bits(&self, word: usize) -> u64 {
        self.bits.get(word).copied().unwrap_or(0)
    }

    pub(crate) fn is_deleted(&self, ordinal: u32) -> bool {
        self.deleted_bits(ordinal as usize / 64) >> (ordinal % 64) & 1 == 1
    }

    /// Live documents with words, and their tokens by field.
    fn totals(&self) -> Result<(u64, [u64; MEASURED_COUNT]), LexicalError> {
        let mut documents = u64::from(self.segment.documents_with_words());
        let mut tokens = [0; MEASURED_COUNT];
        let mut columns: Vec<Lengths> = Vec::with_capacity(MEASURED_COUNT);
        for field in LexicalField::measured() {
            tokens[field.length_index()] = self.segment.tokens(field);
            if !self.deleted.is_empty() {
                columns.push(self.segment.lengths(field)?);
            }
        }
        for &ordinal in &self.deleted {
            let mut has_words = false;
            for (sum, column) in tokens.iter_mut().zip(&columns) {
                let length = column.of(ordinal);
                has_words |= length > 0;
                *sum = sum.checked_sub(u64::from(length)).ok_or_else(damaged_counts)?;
            }
            documents = documents.checked_sub(u64::from(has_words)).ok_or_else(damaged_counts)?;
        }
        Ok((documents, tokens))
    }

    /// Live documents with a word.
    fn found(&self, field: LexicalField, word: &str) -> Result<u64, LexicalError> {
        let Some(word) = self.segment.find(field, word)? else { return Ok(0) };
        let all = word.document_count();
        if self.deleted.is_empty() {
            return Ok(all.into());
        }
        let mut blocks = word.blocks(false)?;
        let mut gone = 0_u64;
        if (all as usize) < self.deleted.len() {
            while !blocks.docs().is_empty() {
                gone += blocks.docs().iter().filter(|&&document| self.is_deleted(document)).count() as u64;
                blocks.advance();
            }
        } else {
            for &ordinal in &self.deleted {
                let at = blocks.seek(ordinal);
                match blocks.docs().get(at) {
                    None => break,
                    Some(&document) => gone += u64::from(document == ordinal),
                }
            }
        }
        Ok(u64::from(all).saturating_sub(gone))
    }

    /// Live documents with words in a row.
    fn found_in_a_row(&self, row: &Alternative) -> Result<u64, LexicalError> {
        let mut found = 0;
        if let Some(mut cursor) = Cursor::open(&self.segment, row.field, &row.words)? {
            cursor.visit(END, |document, _| found += u64::from(!self.is_deleted(document)));
        }
        Ok(found)
    }
}

fn damaged_counts() -> LexicalError {
    let expected = "the sum of the documents".to_owned();
    LexicalError::Damaged { part: "token total", offset: 48, expected, found: "less".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simple::read;
    use crate::{LexicalWriter, OwnedBytes};
    use precedent_model::{Report, SectionKind};

    fn segment(documents: u32) -> Arc<LexicalSegment> {
        let mut writer = LexicalWriter::new().unwrap();
        for i in 0..documents {
            let text = if i % 3 == 0 { "common rare" } else { "common" };
            let report = Report::new([(SectionKind::Findings, text)]).unwrap();
            let reading = read(&report);
            writer.add((i % 10 < 9).then_some((&report, &reading))).unwrap();
        }
        Arc::new(LexicalSegment::open(Arc::new(OwnedBytes::new(writer.finish().unwrap()))).unwrap())
    }

    #[test]
    fn statistics_are_those_of_live_documents_with_words() {
        let segment = segment(300);
        // 0 is rare, 1 common, 9 without a report.
        for deleted in [&[][..], &[0, 1, 9], &(0..290).collect::<Vec<_>>(), &(0..300).collect::<Vec<_>>()] {
            let live = |i: &u32| i % 10 < 9 && !deleted.contains(i);
            let snapshot =
                LexicalSnapshot::new([(segment.clone(), deleted), (segment.clone(), &[][..])]).unwrap();
            let count = |keep: &dyn Fn(&u32) -> bool| {
                ((0..300).filter(live).filter(keep).count()
                    + (0..300).filter(|i| i % 10 < 9).filter(keep).count()) as u64
            };
            assert_eq!(snapshot.document_count(), count(&|_| true));
            for _ in 0..2 {
                assert_eq!(snapshot.found(LexicalField::Text, "common").unwrap(), count(&|_| true));
                assert_eq!(snapshot.found(LexicalField::Text, "rare").unwrap(), count(&|i| i % 3 == 0));
                assert_eq!(snapshot.found(LexicalField::Text, "none").unwrap(), 0);
            }
            let tokens = count(&|_| true) + count(&|i| i % 3 == 0);
            assert_eq!(snapshot.tokens[LexicalField::Text.index()], tokens);
        }
    }

    #[test]
    fn tombstones_beyond_the_segment_are_named() {
        let error = LexicalSnapshot::new([(segment(3), &[1, 3][..])]).unwrap_err();
        assert!(error.to_string().contains("tombstones of segment 0: ordinal 3 of 3 documents"), "{error}");
        assert_eq!(LexicalSnapshot::new([(segment(3), &[1, 1][..])]).unwrap().document_count(), 2);
    }
}
