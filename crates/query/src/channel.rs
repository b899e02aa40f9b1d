//! Where candidates come from.

/// A source of candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// The query's embedding against the cases' image embeddings.
    Image,
    /// BM25 over the reports.
    Lexical,
}

impl Channel {
    /// The name in replies, plans and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Lexical => "lexical",
        }
    }
}
