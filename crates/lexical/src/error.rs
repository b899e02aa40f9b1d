//! What can go wrong with a bundle. No message quotes a report, a query or a word of either.

use tantivy::TantivyError;

/// Why a lexical segment could not be written, opened or read.
#[derive(Debug, thiserror::Error)]
pub enum LexicalError {
    /// Bytes that no writer of this crate leaves.
    #[error(
        "lexical bundle, offset {offset}: {part} is {found}, expected {expected}; restore the segment or rebuild it \
         from its records"
    )]
    Damaged {
        /// Which part of the bundle, in the words of its format.
        part: &'static str,
        /// Where, in bytes from the start of the bundle.
        offset: u64,
        /// What the format asks for.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A bundle of another version of this program.
    #[error(
        "lexical bundle, offset {offset}: {part} is {found}, this program reads {expected}; rebuild the segment"
    )]
    Version {
        /// `format version` or `analyzer version`.
        part: &'static str,
        /// Where, in bytes from the start of the bundle.
        offset: u64,
        /// What this program writes, the newest that it reads.
        expected: u32,
        /// What is there.
        found: u32,
    },
    /// The bytes could not be had: the disk failed or a checksum did not hold.
    #[error("lexical bundle: {part} cannot be read")]
    Read {
        /// Which part of the bundle.
        part: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The full-text engine failed.
    #[error("lexical engine: {task} failed")]
    Engine {
        /// What it was asked to do.
        task: &'static str,
        /// Why; boxed because it is large.
        #[source]
        source: Box<TantivyError>,
    },
    /// A deleted ordinal beyond the segment.
    #[error("a tombstone of ordinal {ordinal} in a segment of {documents} documents; verify the index")]
    Tombstone {
        /// The ordinal.
        ordinal: u32,
        /// How many documents the segment has.
        documents: u32,
    },
    /// More cases than ordinals.
    #[error("lexical segment is full at {limit} documents; start another segment")]
    Full {
        /// Most documents of one segment.
        limit: u32,
    },
}

impl LexicalError {
    pub(crate) fn engine(task: &'static str) -> impl FnOnce(TantivyError) -> Self {
        move |source| Self::Engine { task, source: Box::new(source) }
    }

    pub(crate) fn read(part: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Read { part, source }
    }
}
