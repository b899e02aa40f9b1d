//! Several segments with their deleted documents, and what BM25 must know of all of them together.

use crate::LexicalError;
use crate::clause::{Alternative, Clause};
use crate::cursor::{Cursor, END};
use crate::query::TextQuery;
use crate::reader::{Found, Lengths, LexicalSegment};
use crate::schema::{FIELD_COUNT, LexicalField, MEASURED_COUNT};
use crate::statistics::{FINDINGS, WORDS, Weight, idf};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Words whose number of live documents is remembered, per field. A vocabulary is seldom larger, and a query that asks
/// for all words there are must not fill the memory.
const REMEMBERED_WORDS: usize = 1 << 16;
/// The same for a segment of which something is deleted; there may be many of them.
const REMEMBERED_WORDS_OF_PART: usize = 1 << 12;

/// How many live documents have a word, by field, as far as that was asked.
type WordCounts = [RwLock<HashMap<String, u64>>; FIELD_COUNT];

/// The segments of one generation. Scores depend on the live documents alone: the same ones give the same bits in one
/// segment or in twenty, with deleted documents beside them or without.
pub struct LexicalSnapshot {
    parts: Vec<Arc<LivePart>>,
    documents: u64,
    tokens: [u64; MEASURED_COUNT],
    found: WordCounts,
}

/// A segment with its deleted documents, and what BM25 must know of the others. Snapshots share it as long as nothing more is
/// deleted.
pub struct LivePart {
    pub(crate) segment: Arc<LexicalSegment>,
    /// Ascending.
    deleted: Vec<u32>,
    /// The same as bits, 64 documents a word; empty where none is deleted.
    bits: Vec<u64>,
    documents: u64,
    tokens: [u64; MEASURED_COUNT],
    found: WordCounts,
}

impl LexicalSnapshot {
    /// A snapshot of segments with their deleted ordinals. An ordinal that is given twice is deleted once.
    ///
    /// # Errors
    /// As [`LivePart::without`].
    pub fn new<'a>(
        segments: impl IntoIterator<Item = (Arc<LexicalSegment>, &'a [u32])>,
    ) -> Result<Self, LexicalError> {
        let parts: Vec<Arc<LivePart>> = (segments.into_iter())
            .map(|(segment, deleted)| LivePart::new(segment).without(deleted).map(Arc::new))
            .collect::<Result<_, _>>()?;
        Ok(Self::of(parts))
    }

    /// A snapshot of segments whose deleted documents are known.
    pub fn of(parts: impl IntoIterator<Item = Arc<LivePart>>) -> Self {
        let parts: Vec<Arc<LivePart>> = parts.into_iter().collect();
        let (mut documents, mut tokens) = (0, [0; MEASURED_COUNT]);
        for part in &parts {
            documents += part.documents;
            for (sum, tokens) in tokens.iter_mut().zip(part.tokens) {
                *sum += tokens;
            }
        }
        Self { parts, documents, tokens, found: Default::default() }
    }

    /// Live documents with at least one word: the `N` of BM25.
    pub fn document_count(&self) -> u64 {
        self.documents
    }

    pub(crate) fn parts(&self) -> &[Arc<LivePart>] {
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
        remembered(&self.found, REMEMBERED_WORDS, field, word, || {
            self.parts.iter().map(|part| part.found(field, word)).sum()
        })
    }
}

/// What is remembered of a word, or what counting it gives.
fn remembered(
    known: &WordCounts,
    most: usize,
    field: LexicalField,
    word: &str,
    count: impl FnOnce() -> Result<u64, LexicalError>,
) -> Result<u64, LexicalError> {
    let known = &known[field.index()];
    if let Some(&found) = known.read().unwrap_or_else(PoisonError::into_inner).get(word) {
        return Ok(found);
    }
    let found = count()?;
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    if found > 0 && known.len() < most {
        known.insert(word.to_owned(), found);
    }
    Ok(found)
}

/// Hides the words that were asked for.
impl fmt::Debug for LexicalSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LexicalSnapshot({} segments, {} documents)", self.parts.len(), self.documents)
    }
}

/// Hides the words that were asked for.
impl fmt::Debug for LivePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LivePart({} documents, {} deleted)", self.segment.document_count(), self.deleted.len())
    }
}

impl LivePart {
    /// A segment of which nothing is deleted.
    pub fn new(segment: Arc<LexicalSegment>) -> Self {
        let mut tokens = [0; MEASURED_COUNT];
        for field in LexicalField::measured() {
            tokens[field.length_index()] = segment.tokens(field);
        }
        let documents = u64::from(segment.documents_with_words());
        let (deleted, bits, found) = (Vec::new(), Vec::new(), Default::default());
        Self { segment, deleted, bits, documents, tokens, found }
    }

    /// The same segment with further documents deleted; one that is deleted already, or given twice, is deleted once. Reads the
    /// token counts of what is deleted now; statistics of words follow when asked for.
    ///
    /// # Errors
    /// An ordinal that the segment does not have, a failed read, damaged counts.
    pub fn without(&self, further: &[u32]) -> Result<Self, LexicalError> {
        let (segment, all) = (self.segment.clone(), self.segment.document_count());
        let mut next = Self { bits: self.bits.clone(), tokens: self.tokens, ..Self::new(segment) };
        next.documents = self.documents;
        if next.bits.is_empty() && !further.is_empty() {
            next.bits = vec![0_u64; all.div_ceil(64) as usize];
        }
        let columns: Vec<Lengths> =
            (LexicalField::measured()).map(|field| self.segment.lengths(field)).collect::<Result<_, _>>()?;
        let mut added = Vec::with_capacity(further.len());
        for &ordinal in further {
            if ordinal >= all {
                return Err(LexicalError::Tombstone { ordinal, documents: all });
            }
            if next.is_deleted(ordinal) {
                continue;
            }
            next.bits[ordinal as usize / 64] |= 1 << (ordinal % 64);
            added.push(ordinal);
            let mut has_words = false;
            for (field, column) in LexicalField::measured().zip(&columns) {
                let length = column.of(ordinal);
                has_words |= length > 0;
                let sum = &mut next.tokens[field.length_index()];
                *sum = sum.checked_sub(u64::from(length)).ok_or_else(damaged_counts)?;
            }
            next.documents = next.documents.checked_sub(u64::from(has_words)).ok_or_else(damaged_counts)?;
        }
        added.sort_unstable();
        next.deleted = merged(&self.deleted, &added);
        Ok(next)
    }

    /// Deleted ordinals, ascending.
    pub fn deleted(&self) -> &[u32] {
        &self.deleted
    }

    /// The deleted ones among the 64 documents of a word.
    pub(crate) fn deleted_bits(&self, word: usize) -> u64 {
        self.bits.get(word).copied().unwrap_or(0)
    }

    pub(crate) fn is_deleted(&self, ordinal: u32) -> bool {
        self.deleted_bits(ordinal as usize / 64) >> (ordinal % 64) & 1 == 1
    }

    /// Live documents with a word.
    fn found(&self, field: LexicalField, word: &str) -> Result<u64, LexicalError> {
        let all = || self.segment.find(field, word);
        if self.deleted.is_empty() {
            return Ok(all()?.map_or(0, |word| word.document_count().into()));
        }
        remembered(&self.found, REMEMBERED_WORDS_OF_PART, field, word, || match all()? {
            Some(word) => self.count_live(&word),
            None => Ok(0),
        })
    }

    fn count_live(&self, word: &Found) -> Result<u64, LexicalError> {
        let all = word.document_count();
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

/// Two ascending lists as one.
fn merged(one: &[u32], other: &[u32]) -> Vec<u32> {
    let mut both = Vec::with_capacity(one.len() + other.len());
    let mut rest = other;
    for &ordinal in one {
        let before = rest.partition_point(|&next| next < ordinal);
        both.extend_from_slice(&rest[..before]);
        rest = &rest[before..];
        both.push(ordinal);
    }
    both.extend_from_slice(rest);
    both
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
    fn deleting_step_by_step_gives_what_deleting_at_once_gives() {
        let segment = segment(300);
        let steps: [&[u32]; 4] = [&[7, 3, 7], &[], &[299, 0, 3, 150], &[1, 298]];
        let mut part = LivePart::new(segment.clone());
        for step in steps {
            // What a word counts is remembered, and must not be remembered of what was before.
            part.found(LexicalField::Text, "rare").unwrap();
            part = part.without(step).unwrap();
        }
        let whole = LivePart::new(segment).without(&steps.concat()).unwrap();
        assert_eq!(part.deleted(), [0, 1, 3, 7, 150, 298, 299]);
        assert_eq!((part.deleted(), &part.bits), (whole.deleted(), &whole.bits));
        assert_eq!((part.documents, part.tokens), (whole.documents, whole.tokens));
        for word in ["rare", "common"] {
            let found = |part: &LivePart| part.found(LexicalField::Text, word).unwrap();
            assert_eq!(found(&part), found(&whole), "{word}");
        }
    }

    #[test]
    fn tombstones_beyond_the_segment_are_named() {
        let error = LexicalSnapshot::new([(segment(3), &[1, 3][..])]).unwrap_err();
        assert!(
            error.to_string().contains("a tombstone of ordinal 3 in a segment of 3 documents"),
            "{error}"
        );
        assert_eq!(LexicalSnapshot::new([(segment(3), &[1, 1][..])]).unwrap().document_count(), 2);
    }
}
