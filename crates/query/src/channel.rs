//! Sources of candidates.

/// A source of candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Compares the query's embeddings with those of the cases' images.
    Image,
    /// BM25 over the reports.
    Lexical,
    /// Compares the parts of the query's images with the sentences of the reports.
    Sentence,
}

impl Channel {
    /// The name in responses, plans and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Lexical => "lexical",
            Self::Sentence => "sentence",
        }
    }
}
