//! From reports to a bundle.

use crate::analyzer::{ANALYZER_NAME, analyzer};
use crate::bundle::{self, BUNDLE_VERSION, Counts};
use crate::detail::each_term;
use crate::directory::{META, SEGMENT_ID_HYPHENATED};
use crate::placed::{PlacedTokenizer, PlacedWords};
use crate::schema::{FIELD_COUNT, LexicalField, finding_terms, schema};
use crate::vocabulary::{VocabularyWriter, WORDS_FILE};
use crate::words::each_word;
use crate::{LexicalError, OwnedBytes};
use precedent_model::{Reading, Report, fold_word};
use std::fmt;
use std::path::Path;
use tantivy::directory::RamDirectory;
use tantivy::store::Compressor;
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{Directory, Index, IndexSettings, SingleSegmentIndexWriter, TERMINATED, TantivyDocument};

/// What tantivy writes for a segment, by extension, in the order of the bundle.
const EXTENSIONS: [&str; 6] = ["term", "idx", "pos", "fieldnorm", "fast", "store"];
/// Decides only how large the table of terms is at first (it grows), so small segments stay cheap.
const MEMORY_BUDGET: usize = 3_000_000;

/// Builds the lexical part of one segment in memory. The first document added is ordinal 0.
pub struct LexicalWriter {
    version: u32,
    inner: SingleSegmentIndexWriter,
    directory: RamDirectory,
    analyzer: TextAnalyzer,
    counts: Counts,
    /// The words of the document at hand, by field.
    fields: [PlacedWords; FIELD_COUNT],
    vocabulary: VocabularyWriter,
    /// The word at hand as it is spelt.
    spelt: String,
    /// Memory that tantivy takes for no document at all, in bytes.
    empty_bytes: usize,
}

impl LexicalWriter {
    /// An empty segment.
    ///
    /// # Errors
    /// The engine cannot start.
    pub fn new() -> Result<Self, LexicalError> {
        Self::of_version(BUNDLE_VERSION)
    }

    /// Older versions are written for tests only.
    pub(crate) fn of_version(version: u32) -> Result<Self, LexicalError> {
        let directory = RamDirectory::create();
        let settings = IndexSettings {
            docstore_compression: Compressor::None,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        // The words are analysed before tantivy gets them.
        let tokenizers = TokenizerManager::new();
        tokenizers.register(ANALYZER_NAME, PlacedTokenizer::default());
        let inner = Index::builder()
            .schema(schema(version))
            .settings(settings)
            .tokenizers(tokenizers)
            .single_segment_index_writer(directory.clone(), MEMORY_BUDGET)
            .map_err(LexicalError::engine("starting a segment"))?;
        let (analyzer, counts, fields) = (analyzer(), Counts::default(), Default::default());
        let (vocabulary, spelt, empty_bytes) =
            (VocabularyWriter::default(), String::new(), inner.mem_usage());
        Ok(Self { version, inner, directory, analyzer, counts, fields, vocabulary, spelt, empty_bytes })
    }

    /// Adds the next document: a report with what it was read to say. A case without a report takes its ordinal too, and
    /// no query finds it.
    ///
    /// # Errors
    /// The segment is full, or the engine fails.
    pub fn add(&mut self, report: Option<(&Report, &Reading)>) -> Result<(), LexicalError> {
        if self.document_count() >= TERMINATED {
            return Err(LexicalError::Full { limit: TERMINATED });
        }
        let ordinal = self.document_count();
        let Self { analyzer, fields, vocabulary, spelt, .. } = self;
        fields.iter_mut().for_each(PlacedWords::clear);
        if let Some((report, reading)) = report {
            each_word(analyzer, report, reading, |standing, word| {
                for field in standing.fields() {
                    fields[field.index()].push(standing.place, |text| text.push_str(word));
                }
                let written = report.sections().get(standing.section).map(|section| section.text.as_str());
                spelt.clear();
                fold_word(
                    written.and_then(|text| text.get(standing.span.range())).unwrap_or_default(),
                    spelt,
                );
                vocabulary.add(spelt, ordinal);
            });
            let reported = reading.sentences.iter().filter(|sentence| sentence.kind.is_reported());
            let findings = &mut fields[LexicalField::Finding.index()];
            let mentions = reported.flat_map(|sentence| {
                let times = finding_terms(sentence.kind);
                let standing = sentence.mentions.iter().filter(|mention| !mention.overridden);
                standing.flat_map(move |mention| std::iter::repeat_n(mention, times))
            });
            let mut place = 0;
            for mention in mentions {
                each_term(mention, |term| {
                    findings.push(place, |text| text.push_str(term));
                    place += 1;
                });
            }
        }
        let mut document = TantivyDocument::default();
        for field in LexicalField::all().filter(|field| field.in_version(self.version) == Some(*field)) {
            let words = &self.fields[field.index()];
            if words.count() > 0 {
                document.add_text(field.tantivy(), words.as_str());
            }
        }
        self.inner.add_document(document).map_err(LexicalError::engine("adding a report"))?;
        for (column, words) in self.counts.iter_mut().zip(&self.fields) {
            column.push(words.count());
        }
        Ok(())
    }

    /// Number of documents added.
    pub fn document_count(&self) -> u32 {
        self.counts[0].len() as u32
    }

    /// Bytes of memory that the documents take while the segment is written. tantivy's arena holds at most 4 GiB and panics beyond that,
    /// so whoever adds reports ends the segment long before.
    pub fn memory_bytes(&self) -> usize {
        let counts: usize = self.counts.iter().map(|column| column.capacity() * size_of::<u32>()).sum();
        self.inner.mem_usage().saturating_sub(self.empty_bytes) + self.vocabulary.memory_bytes() + counts
    }

    /// The finished segment, as `bundle` describes it. Equal documents give equal bytes.
    ///
    /// # Errors
    /// The engine fails.
    pub fn finish(self) -> Result<Vec<u8>, LexicalError> {
        let Self { version, inner, directory, counts, vocabulary, .. } = self;
        let index = inner.finalize().map_err(LexicalError::engine("finishing a segment"))?;
        let ids = index.searchable_segment_ids().map_err(LexicalError::engine("finishing a segment"))?;
        let [id] = ids[..] else {
            let found = format!("{} segments", ids.len());
            return Err(bundle::damaged("new segment", 0, "1 segment".into(), found));
        };
        let id = id.uuid_string();
        let mut files = vec![(META, meta(&directory, &id)?)];
        for extension in EXTENSIONS {
            let path = format!("{id}.{extension}");
            let file = directory
                .open_read(Path::new(&path))
                .map_err(|error| LexicalError::engine("finishing a segment")(error.into()))?;
            files.push((extension, file.read_bytes().map_err(LexicalError::read("new segment"))?));
        }
        if version >= 3 {
            files.push((WORDS_FILE, OwnedBytes::new(vocabulary.finish())));
        }
        Ok(bundle::write(version, &files, &counts))
    }
}

/// `meta.json` with the fixed id.
fn meta(directory: &RamDirectory, id: &str) -> Result<OwnedBytes, LexicalError> {
    let bytes = directory
        .atomic_read(Path::new(META))
        .map_err(|error| LexicalError::engine("finishing a segment")(error.into()))?;
    let hyphenated = match (id.get(..8), id.get(8..12), id.get(12..16), id.get(16..20), id.get(20..)) {
        (Some(a), Some(b), Some(c), Some(d), Some(e)) => format!("{a}-{b}-{c}-{d}-{e}"),
        _ => String::new(),
    };
    let text = String::from_utf8_lossy(&bytes);
    if hyphenated.is_empty() || text.matches(&hyphenated).count() != 1 {
        return Err(bundle::damaged(
            "new segment",
            0,
            "its id once in meta.json".into(),
            "another form".into(),
        ));
    }
    Ok(OwnedBytes::new(text.replace(&hyphenated, SEGMENT_ID_HYPHENATED).into_bytes()))
}

impl fmt::Debug for LexicalWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LexicalWriter({} documents)", self.document_count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simple::read;
    use precedent_model::SectionKind;

    fn bundle(reports: &[Option<Report>]) -> Vec<u8> {
        let mut writer = LexicalWriter::new().unwrap();
        for report in reports {
            let reading = report.as_ref().map(read);
            writer.add(report.as_ref().zip(reading.as_ref())).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn equal_documents_give_equal_bytes() {
        let reports: Vec<_> = (0..300)
            .map(|i| {
                let text = format!("finding {i} in lobe {}", i % 7);
                (i % 5 > 0).then(|| Report::new([(SectionKind::Findings, text)]).unwrap())
            })
            .collect();
        assert_eq!(bundle(&reports), bundle(&reports));
    }

    #[test]
    fn debug_and_errors_hold_no_text() {
        let mut writer = LexicalWriter::new().unwrap();
        let report = Report::new([(SectionKind::Body, "Jane Doe")]).unwrap();
        writer.add(Some((&report, &read(&report)))).unwrap();
        assert_eq!(format!("{writer:?}"), "LexicalWriter(1 documents)");
    }
}
