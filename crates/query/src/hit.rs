//! What a search returns.

use crate::{Abstention, Consensus, EncodedQueryImage, Evidence, ExplainedImage, Plan};
use precedent_model::{Assertion, Case, FindingId, Laterality, Mention, SectionKind, Span};
use std::fmt;
use std::sync::Arc;

/// The contribution of one channel to a hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelScore {
    /// Image: similarity (cosine, inner product, or negative Euclidean distance). Lexical: BM25. Higher is better.
    pub score: f32,
    /// Rank among the channel's candidates, from 1; absent if the channel did not put the case forward and the score was added
    /// afterwards for display.
    pub rank: Option<usize>,
    /// What the channel added to the fused score: `weight / (rrf_k + rank)`, or 0 without a rank.
    pub contribution: f64,
}

/// Details of a mention of a finding in a report, besides its assertion.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MentionDetails {
    /// The side.
    pub laterality: Option<Laterality>,
    /// The side that has more of it.
    pub larger_side: Option<Laterality>,
    /// Ids of the places, in the order of the text.
    pub places: Vec<Arc<str>>,
    /// Id of the severity.
    pub severity: Option<Arc<str>>,
    /// Ids of times and changes, in the order of the text.
    pub times: Vec<Arc<str>>,
    /// The largest of the current dimensions, in millimetres.
    pub size_mm: Option<f32>,
    /// The largest of the earlier dimensions, in millimetres.
    pub earlier_size_mm: Option<f32>,
    /// A later addendum or correction in the report contradicts it. Such a mention is shown, but does not make the case a hit.
    pub overridden: bool,
}

impl MentionDetails {
    /// The details of a mention.
    pub fn of(mention: &Mention) -> Self {
        Self {
            laterality: mention.laterality,
            larger_side: mention.larger,
            places: mention.places.iter().map(|place| Arc::clone(&place.id)).collect(),
            severity: mention.severity.clone(),
            times: mention.times.clone(),
            size_mm: mention.size.map(|size| size.longest_mm),
            earlier_size_mm: mention.size.and_then(|size| size.earlier_mm),
            overridden: mention.overridden,
        }
    }
}

/// Matching words of a report. Spans refer to the text of the section, which only the case contains.
#[derive(Debug, Clone, PartialEq)]
pub struct HighlightMatch {
    /// The words.
    pub span: Span,
    /// The assertion that the report makes about them; `None` if they were searched as written, whatever the assertion.
    pub assertion: Option<Assertion>,
    /// The finding of the lexicon that they name; `None` for words that match literally.
    pub finding: Option<FindingId>,
    /// The details of that mention; `None` for words that match literally.
    pub details: Option<MentionDetails>,
}

/// A matching sentence of a hit's report.
#[derive(Debug, Clone, PartialEq)]
pub struct Highlight {
    /// Index of the section in the report.
    pub section: usize,
    /// The kind of that part of the report as understood, which a heading inside the text may change.
    pub kind: SectionKind,
    /// The sentence.
    pub sentence: Span,
    /// The matches in it, sorted by start.
    pub matches: Vec<HighlightMatch>,
}

/// A case that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The case as ingested, with its report unless the request leaves reports out.
    pub case: Case,
    /// Rank in the whole answer, from 1.
    pub rank: usize,
    /// The sum of the channels' contributions; 0 if only a filter was given.
    pub fused_score: f64,
    /// The score by which it was put into its place after the fusion; absent if it was not reranked.
    pub reranked: Option<f64>,
    /// Absent if the query has no vector, image or image text, if the case has no embedding, or if the image weight is 0.
    pub image: Option<ChannelScore>,
    /// The nearest image of the case, as an index into `case.images`.
    pub matched_image: Option<usize>,
    /// The vector, image or image text of the request that it was nearest to, counted in this order.
    pub matched_vector: Option<usize>,
    /// Absent if the query has no text, or none of its words is in the report.
    pub lexical: Option<ChannelScore>,
    /// By how many standard deviations the report's sentences fit the query images better than they fit images of the archive, on
    /// average. Absent if the channel `sentence` did not take part, or the report has no sentence that is evidence of a finding.
    pub sentence: Option<ChannelScore>,
    /// The sentences of the report that match the query's text or its findings, in the order of the text.
    pub highlights: Vec<Highlight>,
    /// The sentences of the report that fit the query image, best first.
    pub evidence: Vec<Evidence>,
}

/// The nearest cases that speak against what the neighbours agree on. They pass filter and guards as hits do.
#[derive(Debug, Clone, PartialEq)]
pub struct Dissent {
    /// For each leading finding the nearest cases without it.
    pub leading: Vec<FindingDissent>,
    /// The nearest cases whose report names nothing that is wrong, nearest first.
    pub normal: Vec<Hit>,
}

/// The nearest cases without a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingDissent {
    /// Its id in the lexicon.
    pub finding: FindingId,
    /// Its name.
    pub name: String,
    /// Whether their reports deny it; otherwise no report does, and these do not mention it.
    pub denied: bool,
    /// Nearest first, without highlights.
    pub cases: Vec<Hit>,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResponse {
    /// The hits on this page, best first.
    pub hits: Vec<Hit>,
    /// Number of hits in the whole answer: up to `limit`, counting patients if each may have one hit only.
    pub total: usize,
    /// How the answer was computed.
    pub plan: Plan,
    /// The generation of the index that was searched.
    pub generation: u64,
    /// The encoded images of the request, in its order.
    pub encoded_images: Vec<EncodedQueryImage>,
    /// Counts among the matching cases, in the order of the request; empty on later pages.
    pub facets: Vec<Facet>,
    /// What the neighbours say together; absent where nobody asks, and on later pages.
    pub consensus: Option<Consensus>,
    /// What speaks against it; present with `consensus`.
    pub dissent: Option<Dissent>,
    /// Whether the archive holds an adequate precedent; absent as `consensus` is.
    pub abstention: Option<Abstention>,
    /// The images of the request as the sentences of the hits explain them, in its order; empty without evidence.
    pub explained: Vec<ExplainedImage>,
}

/// How many of the matching cases have each value of a field.
#[derive(Clone, PartialEq, Eq)]
pub struct Facet {
    /// The field, as the request names it.
    pub field: String,
    /// Folded values with their numbers of cases: most frequent first, equal counts by value.
    pub values: Vec<(String, usize)>,
    /// Number of further values.
    pub more_values: usize,
    /// Matching cases without a value.
    pub missing: usize,
}

/// Values of a field may identify a person.
impl fmt::Debug for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facet({}, {} values hidden)", self.field, self.values.len())
    }
}
