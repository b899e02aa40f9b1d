//! Search requests.

use crate::{DEFAULT_NEIGHBOURS, DEFAULT_SENTENCES, EvidenceRequest, Judgement, LocalImage};
use precedent_model::{CaseId, Outline, PartialDate, PatientKey};
use std::fmt;

/// Most hits of one search.
pub const MAX_LIMIT: usize = 1000;
/// Most embeddings, images and image texts of one search together.
pub const MAX_QUERY_VECTORS: usize = 16;
/// Most regions of one search.
pub const MAX_REGIONS: usize = 16;
/// Most facets of one search.
pub const MAX_FACETS: usize = 8;
/// Most values of one facet.
pub const MAX_FACET_VALUES: usize = 100;
/// Most cases that are reranked.
pub const MAX_RERANKED: usize = 500;
/// Longest query text, in bytes.
pub const MAX_TEXT_BYTES: usize = 8192;

/// A search request: at least one of vectors, images, image text, examples, text and filter.
///
/// The vectors of the image channel are counted from 0 through `vectors`, images (or encoded images), the image text, and the
/// embeddings of the examples.
///
/// `Debug` hides text, filter, vectors, images and patient: each may identify a person.
#[derive(Clone, PartialEq, Default)]
pub struct SearchRequest {
    /// Embeddings of the new study, one per view. A case is ranked by its image nearest to any of them.
    pub vectors: Vec<QueryVector>,
    /// Images of the new study, one per view, encoded with the encoder of the index's image space.
    pub images: Vec<QueryImage>,
    /// In place of `images`: the encoded images that an earlier response returned.
    pub encoded_images: Vec<EncodedQueryImage>,
    /// Cases to search by, with their embeddings. They and all other cases of their patients are excluded.
    pub examples: Vec<CaseId>,
    /// Parts of the images: only these are compared with sentences. Several of one image are one part.
    pub regions: Vec<QueryRegion>,
    /// What the images should show, in words: encoded into the image space and searched there.
    pub image_text: Option<String>,
    /// Words and `"phrases"` to search for in reports.
    pub text: Option<String>,
    /// Searches every word of `text` as it is spelt. Otherwise, words that neither a report nor the lexicon knows are corrected.
    pub literal_text: bool,
    /// An AIP-160 filter over fields.
    pub filter: Option<String>,
    /// Which cases to exclude so that hits are honest evidence.
    pub guards: Guards,
    /// How to fuse the channels.
    pub fusion: Fusion,
    /// How many cases of the fused ranking are put into a new order, by what their reports say of the images; 0 for none.
    pub rerank: usize,
    /// How many hits, and how much effort.
    pub limits: Limits,
    /// How much of each case to return.
    pub detail: HitDetail,
    /// The lowest scores at which the channels put a case forward.
    pub minimum: MinimumScores,
    /// What to count among the matching cases.
    pub facets: Vec<FacetQuery>,
    /// Whether neighbours vote.
    pub judgement: Judgement,
    /// The rate of false alarms at which an answer says that there is no adequate precedent; `None` is
    /// [`crate::DEFAULT_FALSE_ALARM_RATE`].
    pub false_alarm_rate: Option<f64>,
    /// From 0, the order as it is, to 1: how much a case is put back for naming the findings of those before it.
    pub diversity: Option<f32>,
    /// Whether hits come with evidence.
    pub evidence: EvidenceRequest,
    /// Whether evidence comes with the cosines of all cells.
    pub evidence_maps: bool,
}

impl SearchRequest {
    /// How many neighbours vote, if any do.
    pub fn neighbours(&self) -> Option<usize> {
        match self.judgement {
            Judgement::By(neighbours) => Some(neighbours),
            Judgement::Auto if self.has_images() => Some(DEFAULT_NEIGHBOURS),
            Judgement::Auto | Judgement::Off => None,
        }
    }

    /// How many sentences of each hit are evidence, if any are asked for.
    pub fn sentences(&self) -> Option<usize> {
        match self.evidence {
            EvidenceRequest::Sentences(sentences) => Some(sentences),
            EvidenceRequest::Auto if self.has_images() && self.detail == HitDetail::Whole => {
                Some(DEFAULT_SENTENCES)
            }
            EvidenceRequest::Auto | EvidenceRequest::Off => None,
        }
    }

    fn has_images(&self) -> bool {
        !self.images.is_empty() || !self.encoded_images.is_empty()
    }
}

/// A part of an image of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryRegion {
    /// Which image, of images or encoded images.
    pub image: usize,
    /// Where, in pixels of the original.
    pub outline: Outline,
}

/// The lowest score at which each channel puts a case forward.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MinimumScores {
    /// For the channel `image`.
    pub image: Option<MinimumImageScore>,
    /// BM25, for the channel `lexical`.
    pub lexical: Option<f32>,
}

/// The required nearness, in the metric of the index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MinimumImageScore {
    /// At least this cosine.
    Cosine(f32),
    /// At least this inner product.
    DotProduct(f32),
    /// At most this Euclidean distance.
    L2Distance(f32),
}

/// A field whose values are counted among the matching cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetQuery {
    /// A field of the index, or a findings field as in filters.
    pub field: String,
    /// Number of values to return, most frequent first.
    pub max_values: usize,
}

/// An encoded query image: everything needed to search with it again.
#[derive(Clone, PartialEq)]
pub struct EncodedQueryImage {
    /// Its embedding.
    pub embedding: QueryVector,
    /// [`QueryImage::view`].
    pub view: Option<String>,
    /// The patient in its header.
    pub patient: Option<PatientKey>,
    /// The study date of its header.
    pub study_date: Option<PartialDate>,
    /// The view position of its header.
    pub view_position: Option<String>,
    /// Its parts, for evidence; absent if its encoder has none that are kept.
    pub local: Option<LocalImage>,
}

impl fmt::Debug for EncodedQueryImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodedQueryImage(hidden)")
    }
}

/// How much of a case comes with its hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HitDetail {
    /// Everything that was ingested, and highlights.
    #[default]
    Whole,
    /// The case without its report, and no highlights, which refer to the report.
    WithoutReport,
    /// Only the case id, and no highlights.
    CaseId,
}

/// An embedding, with the encoder it was declared for.
#[derive(Clone, PartialEq)]
pub struct QueryVector {
    /// The encoder's output.
    pub values: Vec<f32>,
    /// The id of the encoder.
    pub encoder_id: String,
}

/// An image file.
#[derive(Clone, PartialEq, Eq)]
pub struct QueryImage {
    /// A DICOM, PNG or JPEG file.
    pub content: Vec<u8>,
    /// The projection, such as `PA`; `None` takes that of the file's header. Cases of like views go before cases known to be of
    /// others ([`precedent_model::Projection`]).
    pub view: Option<String>,
}

/// Which cases to exclude, whatever their score.
#[derive(Clone, PartialEq, Default)]
pub struct Guards {
    /// The patient whose study is being read. This patient's own cases are priors, not precedents, and are excluded. If `None`,
    /// the patient in the headers of the images.
    pub patient: Option<PatientKey>,
    /// Includes the patient's own cases.
    pub include_same_patient: bool,
    /// Only cases that are certainly earlier than this date. Cases without a date are excluded, too.
    pub before: Option<PartialDate>,
    /// The same, with the earliest study date in the headers of the images in place of `before`.
    pub before_study_date: bool,
    /// Allows several cases per patient. Otherwise the best one stands for the patient.
    pub several_per_patient: bool,
}

/// How the channels are fused: the score of a case is the sum over channels of `weight / (rrf_k + rank)`, with ranks from 1
/// (Cormack, Clarke and Büttcher, SIGIR 2009).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fusion {
    /// Weight of the channel `image`; 0 turns it off.
    pub image_weight: f32,
    /// Weight of the channel `lexical`; 0 turns it off.
    pub lexical_weight: f32,
    /// Weight of the channel `sentence`; 0 turns it off. It takes part where the request has images whose parts were encoded and reports
    /// have sentences with vectors.
    pub sentence_weight: f32,
    /// The constant that determines how much the first ranks stand out, above 0 and at most 10,000.
    pub rrf_k: f32,
    /// Number of cases that each channel puts forward.
    pub candidates: usize,
}

impl Default for Fusion {
    /// Equal weights of words and images, the paper's constant of 60, 200 candidates; no sentences.
    fn default() -> Self {
        Self { image_weight: 1.0, lexical_weight: 1.0, sentence_weight: 0.0, rrf_k: 60.0, candidates: 200 }
    }
}

/// The search path of the image channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PathChoice {
    /// Whichever is cheaper at the promised recall.
    #[default]
    Auto,
    /// The graph, wherever a segment has one, unless the filter leaves so few cases that comparing all of them takes hardly any
    /// time.
    Graph,
    /// Compares every selected case.
    Exact,
}

/// How many hits, and how much effort.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Number of hits: as many as there are matching cases, up to this.
    pub limit: usize,
    /// First hit to return, from 0, for paging inside `limit`.
    pub offset: usize,
    /// Number of hits to return, starting at `offset`; `None` for all the rest.
    pub page_size: Option<usize>,
    /// Searches all channels completely: every matching case is scored in every channel, and ranks are those among all of them.
    pub exact: bool,
    /// The search path of the image channel.
    pub path: PathChoice,
    /// Search width in the graph, in place of `target_recall`.
    pub ef_search: Option<usize>,
    /// Share of the true nearest cases that the image channel should find, above 0 and below 1; `None` for the index's own
    /// target.
    pub target_recall: Option<f32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            limit: 10,
            offset: 0,
            page_size: None,
            exact: false,
            path: PathChoice::Auto,
            ef_search: None,
            target_recall: None,
        }
    }
}

impl fmt::Debug for SearchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchRequest")
            .field("vectors", &self.vectors.len())
            .field("images", &self.images.len())
            .field("encoded_images", &self.encoded_images.len())
            .field("examples", &self.examples.len())
            .field("regions", &self.regions.len())
            .field("image_text_bytes", &self.image_text.as_ref().map(String::len))
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .field("literal_text", &self.literal_text)
            .field("filter_bytes", &self.filter.as_ref().map(String::len))
            .field("guards", &self.guards)
            .field("fusion", &self.fusion)
            .field("rerank", &self.rerank)
            .field("limits", &self.limits)
            .field("detail", &self.detail)
            .field("minimum", &self.minimum)
            .field("facets", &self.facets)
            .field("judgement", &self.judgement)
            .field("false_alarm_rate", &self.false_alarm_rate)
            .field("diversity", &self.diversity)
            .field("evidence", &self.evidence)
            .field("evidence_maps", &self.evidence_maps)
            .finish()
    }
}

impl fmt::Debug for QueryVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryVector({} numbers hidden, {})", self.values.len(), self.encoder_id)
    }
}

/// An image shows a patient, so it is left out.
impl fmt::Debug for QueryImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryImage({} bytes hidden)", self.content.len())
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guards")
            .field("patient", &self.patient)
            .field("include_same_patient", &self.include_same_patient)
            .field("before", &self.before.is_some())
            .field("before_study_date", &self.before_study_date)
            .field("several_per_patient", &self.several_per_patient)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_pictures_nor_words() {
        let image = QueryImage { content: b"CANARY".to_vec(), view: Some("CANARY".to_owned()) };
        let request = SearchRequest {
            images: vec![image.clone()],
            image_text: Some("CANARY".to_owned()),
            ..SearchRequest::default()
        };
        let encoded = EncodedQueryImage {
            embedding: QueryVector { values: vec![67.0], encoder_id: "CANARY".to_owned() },
            view: Some("CANARY".to_owned()),
            patient: PatientKey::new("CANARY", None).ok(),
            study_date: None,
            view_position: None,
            local: None,
        };
        for shown in [format!("{image:?}"), format!("{encoded:?}"), format!("{request:?}")] {
            assert!(!shown.contains("CANARY") && !shown.contains("67, 65"), "{shown}");
        }
    }
}
