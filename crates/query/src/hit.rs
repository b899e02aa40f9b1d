//! What is answered.

use crate::{EncodedQueryImage, Plan};
use precedent_model::{Assertion, Case, FindingId, Laterality, Mention, SectionKind, Span};
use std::fmt;
use std::sync::Arc;

/// What one channel says of a hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelScore {
    /// Image: similarity (cosine, inner product, or negative Euclidean distance). Lexical: BM25. More is better.
    pub score: f32,
    /// Rank among the channel's candidates, from 1; absent when the channel did not put the case forward and the
    /// score was filled in afterwards for display.
    pub rank: Option<usize>,
    /// What the channel added to the fused score: `weight / (rrf_k + rank)`, 0 without a rank.
    pub contribution: f64,
}

/// What a report says of a finding where it mentions it, beside the assertion.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MentionDetails {
    /// On which side.
    pub laterality: Option<Laterality>,
    /// Which of both sides has more of it.
    pub larger_side: Option<Laterality>,
    /// Ids of the places, in the order of the text.
    pub places: Vec<Arc<str>>,
    /// Id of the severity.
    pub severity: Option<Arc<str>>,
    /// Ids of times and changes, in the order of the text.
    pub times: Vec<Arc<str>>,
    /// The longest of the numbers that hold now, in millimetres.
    pub size_mm: Option<f32>,
    /// The longest of those that held before, in millimetres.
    pub earlier_size_mm: Option<f32>,
    /// A later addendum or correction of the report says otherwise. Such a mention is shown, and is no reason for the hit.
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

/// Words of a report that match. Spans are of the section's text; the text itself is in the case only.
#[derive(Debug, Clone, PartialEq)]
pub struct HighlightMatch {
    /// The words.
    pub span: Span,
    /// What the report says about them; `None` where they were asked for as written, whatever is said.
    pub assertion: Option<Assertion>,
    /// The finding of the lexicon that they name; `None` for words that match as words.
    pub finding: Option<FindingId>,
    /// What the report says of the finding there; `None` for words that match as words.
    pub details: Option<MentionDetails>,
}

/// A sentence of a hit's report that matches.
#[derive(Debug, Clone, PartialEq)]
pub struct Highlight {
    /// Which of the report's sections, as an index into them.
    pub section: usize,
    /// What that part of the report is for, as understood: a heading inside the text counts.
    pub kind: SectionKind,
    /// The sentence.
    pub sentence: Span,
    /// What matches in it, ascending by start.
    pub matches: Vec<HighlightMatch>,
}

/// One case that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The case as it was ingested, with its report unless the request leaves reports out.
    pub case: Case,
    /// Rank in the whole answer, from 1.
    pub rank: usize,
    /// The sum of the channels' contributions; 0 when only a filter was given.
    pub fused_score: f64,
    /// Absent when the query has neither vector, image nor image text, the case no embedding, or the query no image weight.
    pub image: Option<ChannelScore>,
    /// Which image of the case was nearest, as an index into `case.images`.
    pub matched_image: Option<usize>,
    /// Which of the request's vectors, images and image text it was nearest to, counted in this order.
    pub matched_vector: Option<usize>,
    /// Absent when the query has no text or none of its words is in the report.
    pub lexical: Option<ChannelScore>,
    /// The sentences of the report that match the query's text or its findings, in the order of the text.
    pub highlights: Vec<Highlight>,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResponse {
    /// The hits of the page, best first.
    pub hits: Vec<Hit>,
    /// How many hits the whole answer has: up to `limit`, counting patients where one hit per patient is asked.
    pub total: usize,
    /// How the answer was found.
    pub plan: Plan,
    /// The generation of the index that was searched.
    pub generation: u64,
    /// What the images of the request became, in their order.
    pub encoded_images: Vec<EncodedQueryImage>,
    /// What was counted among the matches, in the order of the request; nothing on later pages.
    pub facets: Vec<Facet>,
}

/// How many of the matches have each value of a field.
#[derive(Clone, PartialEq, Eq)]
pub struct Facet {
    /// As the request names it.
    pub field: String,
    /// Values, folded, each with its number of cases: those of the most first, equal ones by value.
    pub values: Vec<(String, usize)>,
    /// How many values there are beyond these.
    pub more_values: usize,
    /// Matches without a value.
    pub missing: usize,
}

/// Values of a field may lead to a person.
impl fmt::Debug for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facet({}, {} values hidden)", self.field, self.values.len())
    }
}
