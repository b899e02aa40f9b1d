//! An open segment.

use crate::bundle::{Header, damaged};
use crate::directory::{BundleDirectory, META};
use crate::schema::{LexicalField, MEASURED_COUNT, schema};
use crate::vocabulary::{Vocabulary, WORDS_FILE};
use crate::{LexicalError, OwnedBytes, Pages};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use tantivy::postings::{BlockSegmentPostings, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{Index, InvertedIndexReader, SegmentReader, Term};

/// The lexical part of one segment, read in place. Opening reads a few kilobytes; terms, postings and token counts are
/// read, and checked by the [`Pages`], when a query asks for them.
pub struct LexicalSegment {
    pages: Arc<dyn Pages>,
    header: Header,
    reader: SegmentReader,
    counts: [OnceLock<OwnedBytes>; MEASURED_COUNT],
    /// Where the words as they are spelt stand, if the segment has them.
    words: Option<Range<usize>>,
    vocabulary: OnceLock<Vocabulary>,
}

impl LexicalSegment {
    /// Opens the bundle that a [`crate::LexicalWriter`] finished.
    ///
    /// # Errors
    /// A bundle of another version, damaged bytes, a failed read.
    pub fn open(pages: Arc<dyn Pages>) -> Result<Self, LexicalError> {
        let mut header = Header::read(&*pages)?;
        let meta =
            header.files.iter().find(|(name, _)| name == META).map_or(0, |(_, range)| range.start as u64);
        let words = header.files.iter().find(|(name, _)| name == WORDS_FILE).map(|(_, range)| range.clone());
        let directory = BundleDirectory::new(Arc::clone(&pages), std::mem::take(&mut header.files));
        let index = Index::open(directory).map_err(LexicalError::engine("opening a segment"))?;
        if index.schema() != schema(header.version) {
            return Err(damaged(
                "schema in meta.json",
                0,
                "the schema of this version".into(),
                "another".into(),
            ));
        }
        let segments = index.searchable_segments().map_err(LexicalError::engine("opening a segment"))?;
        let [segment] = &segments[..] else {
            let found = format!("{} segments", segments.len());
            return Err(damaged("meta.json", meta, "1 segment".into(), found));
        };
        let documents = segment.meta().max_doc();
        if documents != header.documents {
            let found = format!("{documents} documents");
            return Err(damaged("meta.json", meta, format!("{} documents", header.documents), found));
        }
        let reader = SegmentReader::open(segment).map_err(LexicalError::engine("opening a segment"))?;
        Ok(Self { pages, header, reader, counts: Default::default(), words, vocabulary: OnceLock::new() })
    }

    /// Number of documents, deleted ones and those without a report among them.
    pub fn document_count(&self) -> u32 {
        self.header.documents
    }

    /// Whether the segment knows what its reports assert. One that version 1 wrote does not: there `present` is
    /// everything that was reported, the other assertions match nothing, and a finding that is looked for as present is
    /// looked for by its words in a row.
    pub fn knows_assertions(&self) -> bool {
        LexicalField::Finding.in_version(self.header.version).is_some()
    }

    /// Documents with at least one token.
    pub(crate) fn documents_with_words(&self) -> u32 {
        self.header.documents_with_words
    }

    /// Tokens in all documents that count as the length of a field.
    pub(crate) fn tokens(&self, field: LexicalField) -> u64 {
        self.header.tokens[field.length_index()]
    }

    /// The length of a field in every document, in tokens.
    pub(crate) fn lengths(&self, field: LexicalField) -> Result<Lengths, LexicalError> {
        let cell = &self.counts[field.length_index()];
        if let Some(bytes) = cell.get() {
            return Ok(Lengths(bytes.clone()));
        }
        let range = self.header.counts(field.length_index());
        let bytes = self.pages.owned(range).map_err(LexicalError::read("token counts"))?;
        Ok(Lengths(cell.get_or_init(|| bytes).clone()))
    }

    /// The words as they are spelt; none in a segment that is older than their list.
    pub(crate) fn vocabulary(&self) -> Result<&Vocabulary, LexicalError> {
        if let Some(known) = self.vocabulary.get() {
            return Ok(known);
        }
        let read = match &self.words {
            Some(range) => {
                Vocabulary::open(self.pages.owned(range.clone()).map_err(LexicalError::read("words"))?)?
            }
            None => Vocabulary::empty(),
        };
        Ok(self.vocabulary.get_or_init(|| read))
    }

    /// A word of a field, if the segment holds it. Where it has no such field, [`LexicalField::in_version`] says which
    /// stands for it.
    pub(crate) fn find(&self, field: LexicalField, word: &str) -> Result<Option<Found>, LexicalError> {
        let field = field.in_version(self.header.version).filter(|field| self.tokens(*field) > 0);
        let Some(field) = field else { return Ok(None) };
        let index =
            self.reader.inverted_index(field.tantivy()).map_err(LexicalError::engine("opening a field"))?;
        let info = index.get_term_info(&Term::from_field_text(field.tantivy(), word));
        Ok(info.map_err(LexicalError::read("term dictionary"))?.map(|info| Found { index, info }))
    }
}

impl fmt::Debug for LexicalSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LexicalSegment({} documents)", self.header.documents)
    }
}

/// A word that stands in a segment.
pub(crate) struct Found {
    index: Arc<InvertedIndexReader>,
    info: TermInfo,
}

impl Found {
    /// Documents with the word, deleted ones among them.
    pub(crate) fn document_count(&self) -> u32 {
        self.info.doc_freq
    }

    /// The documents, block by block, with or without the number of times that the word stands in each.
    pub(crate) fn blocks(&self, frequencies: bool) -> Result<BlockSegmentPostings, LexicalError> {
        let option = if frequencies { IndexRecordOption::WithFreqs } else { IndexRecordOption::Basic };
        let blocks = self.index.read_block_postings_from_terminfo(&self.info, option);
        blocks.map_err(LexicalError::read("postings"))
    }

    /// The documents with the places of the word in each.
    pub(crate) fn positions(&self) -> Result<SegmentPostings, LexicalError> {
        let postings =
            self.index.read_postings_from_terminfo(&self.info, IndexRecordOption::WithFreqsAndPositions);
        postings.map_err(LexicalError::read("positions"))
    }
}

/// Tokens of one field in every document of a segment.
pub(crate) struct Lengths(OwnedBytes);

impl Lengths {
    /// The numbers, as little-endian bytes.
    pub(crate) fn as_slice(&self) -> &[[u8; 4]] {
        self.0.as_slice().as_chunks().0
    }

    /// Tokens in one document; 0 beyond the end.
    pub(crate) fn of(&self, document: u32) -> u32 {
        self.as_slice().get(document as usize).map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LexicalWriter;
    use crate::simple::read;
    use precedent_model::{Assertion, Report, SectionKind};
    use std::io;

    fn bundle(documents: usize) -> Vec<u8> {
        let mut writer = LexicalWriter::new().unwrap();
        for i in 0..documents {
            let report = Report::new([
                (SectionKind::Indication, "cough".to_owned()),
                (SectionKind::Findings, format!("word{i} of two")),
                (SectionKind::Impression, "two lungs, no mass".to_owned()),
            ])
            .unwrap();
            writer.add(Some((&report, &read(&report)))).unwrap();
        }
        writer.finish().unwrap()
    }

    fn open(bytes: Vec<u8>) -> Result<LexicalSegment, LexicalError> {
        LexicalSegment::open(Arc::new(OwnedBytes::new(bytes)))
    }

    #[test]
    fn token_counts_agree_with_the_engine() {
        let segment = open(bundle(40)).unwrap();
        for field in LexicalField::measured() {
            let index = segment.reader.inverted_index(field.tantivy()).unwrap();
            assert_eq!(index.total_num_tokens(), segment.tokens(field), "{field:?}");
            let lengths = segment.lengths(field).unwrap();
            assert_eq!((0..40).map(|doc| u64::from(lengths.of(doc))).sum::<u64>(), segment.tokens(field));
        }
        assert_eq!(segment.tokens(LexicalField::Text), 40 * 7);
        for (field, word, count) in [
            (LexicalField::Text, "two", 40),
            (LexicalField::Text, "no", 40),
            (LexicalField::Text, "cough", 0),
            (LexicalField::Asserted(Assertion::Present), "two", 40),
            (LexicalField::Asserted(Assertion::Present), "mass", 0),
            (LexicalField::Asserted(Assertion::Absent), "mass", 40),
            (LexicalField::Asserted(Assertion::Historical), "mass", 0),
            (LexicalField::Finding, "absent/mass", 40),
            (LexicalField::Finding, "present/mass", 0),
        ] {
            let found = segment.find(field, word).unwrap().map_or(0, |found| found.document_count());
            assert_eq!(found, count, "{field:?} {word}");
        }
        assert!(segment.knows_assertions());
    }

    #[test]
    fn no_documents_and_no_reports_open() {
        assert_eq!(open(bundle(0)).unwrap().document_count(), 0);
        let mut writer = LexicalWriter::new().unwrap();
        writer.add(None).unwrap();
        let report = Report::new([(SectionKind::Body, "...")]).unwrap();
        writer.add(Some((&report, &read(&report)))).unwrap();
        let segment = open(writer.finish().unwrap()).unwrap();
        assert_eq!((segment.document_count(), segment.documents_with_words()), (2, 0));
        assert!(segment.find(LexicalField::Text, "two").unwrap().is_none());
    }

    #[test]
    fn cut_bundles_are_refused() {
        let bytes = bundle(3);
        for length in [0, 7, 60, 104, 200, bytes.len() - 1] {
            assert!(open(bytes[..length].to_vec()).is_err(), "{length}");
        }
    }

    #[test]
    fn a_version_and_a_schema_that_do_not_belong_together_are_refused() {
        for (written, stated) in [(1, 3), (3, 1)] {
            let mut bytes = LexicalWriter::of_version(written).unwrap().finish().unwrap();
            bytes[8] = stated;
            let error = open(bytes).unwrap_err().to_string();
            assert!(error.contains("schema in meta.json"), "{error}");
        }
    }

    /// Fails from the given offset on, as a checksummed file does when a block is damaged.
    #[derive(Debug)]
    struct Failing(OwnedBytes, usize);

    impl Pages for Failing {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn owned(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
            if range.end > self.1 { Err(io::Error::other("checksum")) } else { self.0.owned(range) }
        }
    }

    #[test]
    fn failing_reads_are_errors() {
        let bytes = OwnedBytes::new(bundle(3));
        let segment = LexicalSegment::open(Arc::new(Failing(bytes.clone(), bytes.len() - 1))).unwrap();
        assert!(segment.lengths(LexicalField::Text).is_ok());
        let body = LexicalField::Section(SectionKind::Body);
        assert!(matches!(segment.lengths(body), Err(LexicalError::Read { part: "token counts", .. })));
        for limit in [0, 104, 400, 2000] {
            assert!(LexicalSegment::open(Arc::new(Failing(bytes.clone(), limit))).is_err(), "{limit}");
        }
    }
}
