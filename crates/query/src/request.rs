//! What is asked.

use precedent_model::{CaseId, PartialDate, PatientKey};
use std::fmt;

/// Most hits of one search.
pub const MAX_LIMIT: usize = 1000;
/// Most embeddings, images and image texts of one search together.
pub const MAX_QUERY_VECTORS: usize = 16;
/// Most facets of one search.
pub const MAX_FACETS: usize = 8;
/// Most values of one facet.
pub const MAX_FACET_VALUES: usize = 100;
/// Longest query text, in bytes.
pub const MAX_TEXT_BYTES: usize = 8192;

/// One search: at least one of vectors, images, image text, examples, text and filter.
///
/// What the image channel looks for counts from 0 through vectors, images (or encoded images), the image text, and the
/// embeddings of the examples.
///
/// `Debug` hides text, filter, vectors, images and patient: each may lead to a person.
#[derive(Clone, PartialEq, Default)]
pub struct SearchRequest {
    /// Embeddings of the new study, one per view. A case counts with its image nearest to any of them.
    pub vectors: Vec<QueryVector>,
    /// Pictures of the new study, one per view, encoded by the encoder of the index's image space.
    pub images: Vec<QueryImage>,
    /// In place of `images`: what an earlier answer says that they became.
    pub encoded_images: Vec<EncodedQueryImage>,
    /// Cases to search by, with their embeddings. They and their patients' other cases are left out.
    pub examples: Vec<CaseId>,
    /// What the images are to show, in words: encoded into the image space and looked for there.
    pub image_text: Option<String>,
    /// Words and `"phrases"` to look for in reports.
    pub text: Option<String>,
    /// Takes every word of `text` as it is spelt. Otherwise a word that no report and no lexicon knows is corrected.
    pub literal_text: bool,
    /// An AIP-160 filter over fields.
    pub filter: Option<String>,
    /// Which cases are left out for the sake of honest evidence.
    pub guards: Guards,
    /// How the channels are joined.
    pub fusion: Fusion,
    /// How many hits, and how hard to look.
    pub limits: Limits,
    /// How much of each case comes with its hit.
    pub detail: HitDetail,
    /// What a channel puts a case forward for.
    pub minimum: MinimumScores,
    /// What is counted among the matches.
    pub facets: Vec<FacetQuery>,
}

/// The least score for which a channel puts a case forward.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MinimumScores {
    /// Of the channel `image`.
    pub image: Option<MinimumImageScore>,
    /// BM25, of the channel `lexical`.
    pub lexical: Option<f32>,
}

/// A least nearness, in the words of the index's metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MinimumImageScore {
    /// At least this cosine.
    Cosine(f32),
    /// At least this inner product.
    DotProduct(f32),
    /// At most this Euclidean distance.
    L2Distance(f32),
}

/// A field of which the values are counted among the matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetQuery {
    /// A field of the index, or findings as filters name them.
    pub field: String,
    /// How many values are returned, those of the most cases first.
    pub max_values: usize,
}

/// What a query image became: all that is needed to search with it again.
#[derive(Clone, PartialEq)]
pub struct EncodedQueryImage {
    /// Its embedding.
    pub embedding: QueryVector,
    /// [`QueryImage::view`].
    pub view: Option<String>,
    /// Whom its header names.
    pub patient: Option<PatientKey>,
    /// The study date of its header.
    pub study_date: Option<PartialDate>,
    /// The view position of its header.
    pub view_position: Option<String>,
}

impl fmt::Debug for EncodedQueryImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodedQueryImage(hidden)")
    }
}

/// How much of a case comes with its hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HitDetail {
    /// All that was ingested, and highlights.
    #[default]
    Whole,
    /// The case without its report, and no highlights, which are places in it.
    WithoutReport,
    /// Of the case its id alone, and no highlights.
    CaseId,
}

/// An embedding with the encoder that it is declared to be of.
#[derive(Clone, PartialEq)]
pub struct QueryVector {
    /// The encoder's output.
    pub values: Vec<f32>,
    /// Which encoder.
    pub encoder_id: String,
}

/// A picture as a file.
#[derive(Clone, PartialEq, Eq)]
pub struct QueryImage {
    /// A DICOM, PNG or JPEG file.
    pub content: Vec<u8>,
    /// The projection, such as `PA`; `None` is that of the file's header. Cases of like views go before cases that are
    /// known to be of others ([`precedent_model::Projection`]).
    pub view: Option<String>,
}

/// Which cases are left out, whatever their score.
#[derive(Clone, PartialEq, Default)]
pub struct Guards {
    /// Whose study is being read. That patient's own cases are priors, not precedents, and are left out. `None` is the
    /// patient whom the headers of the images name.
    pub patient: Option<PatientKey>,
    /// Lets the patient's own cases in.
    pub include_same_patient: bool,
    /// Only cases certainly earlier than this date. Cases without a date are left out, too.
    pub before: Option<PartialDate>,
    /// The same for the earliest study date that the headers of the images name, in place of `before`.
    pub before_study_date: bool,
    /// Lets several cases of one patient in. Otherwise the best one stands for the patient.
    pub several_per_patient: bool,
}

/// How the channels are joined: the score of a case is the sum over channels of `weight / (rrf_k + rank)`, with ranks
/// from 1 (Cormack, Clarke and Büttcher, SIGIR 2009).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fusion {
    /// Weight of the channel `image`; 0 silences it.
    pub image_weight: f32,
    /// Weight of the channel `lexical`; 0 silences it.
    pub lexical_weight: f32,
    /// The constant that decides how much the first ranks stand out, above 0 and at most 10,000.
    pub rrf_k: f32,
    /// How many cases each channel puts forward.
    pub candidates: usize,
}

impl Default for Fusion {
    /// Equal weights, the paper's constant of 60, 200 candidates.
    fn default() -> Self {
        Self { image_weight: 1.0, lexical_weight: 1.0, rrf_k: 60.0, candidates: 200 }
    }
}

/// How the image channel is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PathChoice {
    /// The cheaper of the two at the promised recall.
    #[default]
    Auto,
    /// Through the graph wherever a segment has one, unless a filter leaves so few cases that to look at all of them takes next to no
    /// time beside it.
    Graph,
    /// Every case that passes is compared.
    Exact,
}

/// How many hits, and how hard to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Number of hits: as many come as there are matches, up to this.
    pub limit: usize,
    /// First hit to return, from 0, for paging inside `limit`.
    pub offset: usize,
    /// Hits to return from `offset` on; `None` is the rest.
    pub page_size: Option<usize>,
    /// All channels complete: every match is scored in every channel, and ranks are those of the whole archive.
    pub exact: bool,
    /// How the image channel is to look.
    pub path: PathChoice,
    /// Width of the walk through the graph, in place of `target_recall`.
    pub ef_search: Option<usize>,
    /// Share of the truly nearest that the image channel is to find, above 0 and below 1; `None` is the index's own.
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
            .field("image_text_bytes", &self.image_text.as_ref().map(String::len))
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .field("literal_text", &self.literal_text)
            .field("filter_bytes", &self.filter.as_ref().map(String::len))
            .field("guards", &self.guards)
            .field("fusion", &self.fusion)
            .field("limits", &self.limits)
            .field("detail", &self.detail)
            .field("minimum", &self.minimum)
            .field("facets", &self.facets)
            .finish()
    }
}

impl fmt::Debug for QueryVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryVector({} numbers hidden, {})", self.values.len(), self.encoder_id)
    }
}

/// A picture shows a patient.
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
        };
        for shown in [format!("{image:?}"), format!("{encoded:?}"), format!("{request:?}")] {
            assert!(!shown.contains("CANARY") && !shown.contains("67, 65"), "{shown}");
        }
    }
}
