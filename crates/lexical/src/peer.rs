//! Plain tantivy, to measure against: the same reports in one field, its own BM25 with length norms, its own pruning.

use crate::LexicalError;
use crate::analyzer::{ANALYZER_NAME, analyzer};
use std::fmt;
use tantivy::collector::TopDocs;
use tantivy::query::QueryParser;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::TokenizerManager;
use tantivy::{Index, Searcher, SingleSegmentIndexWriter};

const MEMORY_BUDGET: usize = 300_000_000;

/// How plain tantivy cuts a text into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainWords {
    /// As it does by default: folded to lower case.
    Default,
    /// As this crate does: also folded to ASCII and reduced to the stem.
    Ours,
}

/// An index of plain tantivy in memory, one segment.
pub struct PlainTantivy {
    searcher: Searcher,
    parser: QueryParser,
}

impl PlainTantivy {
    /// Indexes texts. The first is document 0.
    ///
    /// # Errors
    /// The engine fails.
    pub fn build<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        words: PlainWords,
    ) -> Result<Self, LexicalError> {
        let failed = LexicalError::engine("building plain tantivy");
        build(texts, words).map_err(failed)
    }

    /// The best `k` documents with any word of the text, with their scores, best first.
    ///
    /// # Errors
    /// A text that the engine's parser refuses, or the engine fails.
    pub fn top(&self, text: &str, k: usize) -> Result<Vec<(u32, f32)>, LexicalError> {
        let query = self.parser.parse_query(text).map_err(|error| {
            LexicalError::engine("parsing for plain tantivy")(tantivy::TantivyError::InvalidArgument(
                error.to_string(),
            ))
        })?;
        let hits = self.searcher.search(&query, &TopDocs::with_limit(k).order_by_score());
        let hits = hits.map_err(LexicalError::engine("searching plain tantivy"))?;
        Ok(hits.into_iter().map(|(score, address)| (address.doc_id, score)).collect())
    }
}

fn build<'a>(texts: impl IntoIterator<Item = &'a str>, words: PlainWords) -> tantivy::Result<PlainTantivy> {
    let tokenizer = match words {
        PlainWords::Default => "default",
        PlainWords::Ours => ANALYZER_NAME,
    };
    let indexing =
        TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(IndexRecordOption::WithFreqs);
    let mut schema = Schema::builder();
    let text: Field = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
    let tokenizers = TokenizerManager::default();
    tokenizers.register(ANALYZER_NAME, analyzer());
    let mut writer: SingleSegmentIndexWriter = Index::builder()
        .schema(schema.build())
        .tokenizers(tokenizers)
        .single_segment_index_writer(tantivy::directory::RamDirectory::create(), MEMORY_BUDGET)?;
    for words in texts {
        writer.add_document(tantivy::doc!(text => words))?;
    }
    let index = writer.finalize()?;
    let searcher = index.reader()?.searcher();
    Ok(PlainTantivy { searcher, parser: QueryParser::for_index(&index, vec![text]) })
}

impl fmt::Debug for PlainTantivy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainTantivy({} documents)", self.searcher.num_docs())
    }
}
