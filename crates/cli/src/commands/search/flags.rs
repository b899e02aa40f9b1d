//! The flags of `precedent search`.

use crate::encoders::EncoderDirs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Neighbours that vote where the flag does not say how many.
const DEFAULT_NEIGHBOURS: &str = "30";
/// Sentences of a hit where the flag does not say how many.
const DEFAULT_SENTENCES: &str = "3";

#[derive(Debug, Args)]
pub struct SearchArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Embedding of the new study as .npy: one vector, or rows of which --row takes one; once per view
    #[arg(long = "embedding", value_name = "FILE", requires = "encoder_id")]
    pub embeddings: Vec<PathBuf>,
    /// Which row of the embedding files, from 0
    #[arg(long, default_value_t = 0)]
    pub row: u64,
    /// Id of the encoder that made the embedding
    #[arg(long, value_name = "ID")]
    pub encoder_id: Option<String>,
    /// Image of the new study: a DICOM, PNG or JPEG file; once per view
    #[arg(long = "image", value_name = "FILE")]
    pub images: Vec<PathBuf>,
    /// Case of the index to search by: cases with similar images, of other patients; may be given several times
    #[arg(long = "like", value_name = "CASE_ID")]
    pub examples: Vec<String>,
    /// What the images should show, in words; reports play no part
    #[arg(long, allow_hyphen_values = true)]
    pub image_text: Option<String>,
    #[command(flatten)]
    pub encoders: EncoderDirs,
    /// What the reports should say: words, "phrases", +must, -not, section:word
    ///
    /// The text is read as a report is. "pneumothorax" looks for reports that say
    /// there is one, "no pneumothorax" for reports that deny it, "possible
    /// pneumothorax" for reports that suspect it. A finding is found under all its
    /// names, and so are its kinds: "enlarged heart" finds "cardiomegaly".
    ///
    ///   "pleural effusion"  in quotes: the words in a row, and no other names
    ///   +word               must match
    ///   -word               must not; -pneumothorax keeps "no pneumothorax"
    ///   impression:word     as written, in that section: indication, comparison,
    ///                       technique, findings, impression, body
    ///   text:word           as written, whatever is said about it
    ///   absent:word         as written, where that is said about it: present,
    ///                       uncertain, absent, historical, hypothetical,
    ///                       other_person
    #[arg(long, allow_hyphen_values = true, verbatim_doc_comment)]
    pub text: Option<String>,
    /// Take every word of --text as it is spelt
    ///
    /// Otherwise a word found in no report and not in the lexicon is replaced by the closest known spelling, and a note says
    /// so.
    #[arg(long, requires = "text")]
    pub literal: bool,
    /// Such as: modality = "DX" AND age >= 60 AND finding:"pleural effusion"
    ///
    /// `finding` holds what a report says is present, by any name of the lexicon and with its kinds; finding.uncertain,
    /// finding.absent, finding.historical, finding.hypothetical and finding.other_person hold the rest. finding.side,
    /// finding.larger_side, finding.place, finding.severity, finding.time and finding.size_mm narrow it down: finding:nodule
    /// AND finding.size_mm >= 10. `precedent report --findings` lists the lexicon, `precedent stats` the other fields of the
    /// index.
    #[arg(long, allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Leave out images with less cosine or dot product than this, or more distance if the index measures distances
    ///
    /// A case that reaches --min-text is a hit all the same.
    #[arg(long, value_name = "SCORE", allow_hyphen_values = true)]
    pub min_image: Option<f32>,
    /// Leave out reports with a lower BM25 score than this; its scale depends on the text and the archive
    ///
    /// A case that reaches --min-image is a hit all the same.
    #[arg(long, value_name = "SCORE", requires = "text", allow_hyphen_values = true)]
    pub min_text: Option<f32>,
    /// Count the values of this field, or of `finding`, among all cases that match; up to 8 times
    #[arg(long = "facet", value_name = "FIELD")]
    pub facets: Vec<String>,
    /// Print what the nearest cases say together, and the nearest that speak against it; N of them vote, 1 to 100
    ///
    /// Without this flag it is printed for searches by --image. It needs an image, an embedding or --like.
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT_NEIGHBOURS,
        conflicts_with = "no_consensus"
    )]
    pub consensus: Option<usize>,
    /// Print hits only
    #[arg(long)]
    pub no_consensus: bool,
    /// How often an image like those of the archive may be said to have no adequate precedent, 0.005 to 0.5; 0.05 if not given
    #[arg(long, value_name = "RATE", conflicts_with = "no_consensus")]
    pub false_alarms: Option<f64>,
    /// Print the sentences of each hit that fit the image, and where they fit; at most N of each hit, 1 to 10
    ///
    /// Without this flag they are printed for searches by --image. It needs an image, and an encoder that compares its parts with
    /// sentences.
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT_SENTENCES,
        conflicts_with = "no_evidence"
    )]
    pub evidence: Option<usize>,
    /// Print hits without the sentences that fit the image
    #[arg(long)]
    pub no_evidence: bool,
    /// Add to --json how well each sentence fits each part of the image
    #[arg(long, requires = "json", conflicts_with = "no_evidence")]
    pub evidence_maps: bool,
    /// Put cases back that have the findings of those before them: 0 by rank alone, to 1
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    pub diversity: Option<f32>,
    /// Number of hits, 1 to 1000
    #[arg(short = 'k', long = "limit", value_name = "N", default_value_t = 10)]
    pub limit: usize,
    /// Patient whose study is being read; the patient's own cases are left out
    ///
    /// Without it, the patient named in the headers of the DICOM files.
    #[arg(long, value_name = "ID")]
    pub patient_id: Option<String>,
    /// Who issued the patient id
    #[arg(long, value_name = "NAME", requires = "patient_id")]
    pub patient_id_issuer: Option<String>,
    /// Include the patient's own cases
    #[arg(long)]
    pub include_same_patient: bool,
    /// Only cases certainly earlier than this: 2019, 2019-05 or 2019-05-03; or `study`, the study date of the DICOM files
    #[arg(long, value_name = "DATE")]
    pub before: Option<String>,
    /// Allow several hits per patient
    #[arg(long)]
    pub several_per_patient: bool,
    /// Rank every match in every channel
    #[arg(long)]
    pub exact: bool,
    /// How the image channel searches
    #[arg(long, value_enum, default_value_t = VectorPathName::Auto)]
    pub vector_path: VectorPathName,
    /// Share of the truly nearest cases to find, between 0 and 1; the target of the index if not given
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    pub target_recall: Option<f32>,
    /// Fixed search width in the graph, 1 to 4096, in place of a target recall
    #[arg(long, value_name = "N")]
    pub ef_search: Option<usize>,
    /// Weight of the image channel; 0 turns it off
    #[arg(long, value_name = "W", default_value_t = 1.0, allow_hyphen_values = true)]
    pub image_weight: f32,
    /// Weight of the lexical channel; 0 turns it off
    #[arg(long, value_name = "W", default_value_t = 1.0, allow_hyphen_values = true)]
    pub lexical_weight: f32,
    /// Weight of the sentence channel, which compares the parts of the images with the sentences of the reports; 0 turns it off
    #[arg(long, value_name = "W", default_value_t = 0.0, allow_hyphen_values = true)]
    pub sentence_weight: f32,
    /// Compare only this part of an image with sentences: a box X,Y,WIDTH,HEIGHT or a polygon 'X,Y X,Y X,Y' in pixels, behind N: for
    /// the N-th image from 0; up to 16 times
    ///
    /// It counts in the sentence channel, the rerank and the evidence. To search by the part alone, add --image-weight 0
    /// --sentence-weight 1.
    #[arg(long = "region", value_name = "OUTLINE", value_parser = crate::region::region, allow_hyphen_values = true)]
    pub regions: Vec<precedent_wire::v1::QueryRegion>,
    /// Put so many of the first cases into a new order, by how well the sentences of their reports fit the images; at most 500
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub rerank: u32,
    /// Constant of the rank fusion
    #[arg(long, value_name = "K", default_value_t = 60.0)]
    pub rrf_k: f32,
    /// Cases that each channel puts forward, 1 to 10000
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub candidates: usize,
    /// Print whole reports
    #[arg(long)]
    pub full: bool,
    /// Print the gRPC response as JSON
    #[arg(long)]
    pub json: bool,
    /// Also write the answer as one HTML page: images, regions, reports, and what speaks against them
    ///
    /// The page loads nothing and can be read offline. It holds reports and images of patients, and is readable by its owner alone. It
    /// asks for --evidence-maps where there is evidence.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VectorPathName {
    Auto,
    Graph,
    Exact,
}
