//! The flags of `precedent eval`.

use crate::encoders::EncoderDirs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "A query never finds cases of its patient, and finds earlier cases only where it has a date. Figures have 95 % intervals \
                        over patients. docs/evaluating.md says how relevance is graded and what each protocol is.\n\nExits with 0 when \
                        it is done, 2 when the queries or flags do not fit, 130 when interrupted; then nothing is written."
)]
pub struct EvalArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// What to ask: a file with a JSON object per line
    ///
    /// {"case_id": "CXR1"} asks with a case of the index. In place of it, or beside it: embedding (with encoder_id), image (a file),
    /// image_text, text, filter, patient_id, before. relevant ({"CXR7": 2}) names the relevant cases with grades from 0 to 10,
    /// findings what a query shows that is no case; groups ({"scanner": "A"}) are subgroups of your own.
    #[arg(long, value_name = "FILE", required_unless_present = "sample")]
    pub queries: Option<PathBuf>,
    /// Ask with this many cases of the index, of different patients, drawn at random
    #[arg(long, value_name = "N", conflicts_with = "queries")]
    pub sample: Option<usize>,
    /// Another number draws other cases, and fills pools otherwise
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// What a case asks with
    #[arg(long, value_enum, default_value_t = AskName::Auto)]
    pub ask: AskName,
    /// Let cases find later cases, too
    #[arg(long)]
    pub any_time: bool,
    /// Take the truth from this keywords field, not from reports
    ///
    /// Reports are read by the program itself, so its mistakes in reading would count as truth.
    #[arg(long, value_name = "FIELD")]
    pub labels: Option<String>,
    /// Make subgroups by this field; view, sex, age and site if not given, as far as the index has them
    #[arg(long, value_name = "FIELD")]
    pub group_by: Vec<String>,
    /// Leave out groups of fewer queries
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub least_group: usize,
    /// How many hits to look at, 10 to 999
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub depth: usize,
    /// Allow several hits per patient
    #[arg(long)]
    pub several_per_patient: bool,
    /// Leave out pools, hard negatives and archive sizes, which take most of the time
    #[arg(long)]
    pub no_pools: bool,
    /// How to search, named as the flags of search: image_weight=0,lexical_weight=1,rrf_k=60,candidates=200,exact,target_recall=0.9,
    /// ef_search=64,diversity=0.3,literal
    #[arg(long = "with", value_name = "SETTINGS", default_value = "", hide_default_value = true)]
    pub settings: String,
    /// Compare with another index, query by query
    #[arg(long, value_name = "DIR")]
    pub against: Option<PathBuf>,
    /// Compare with these settings, changed from those of --with; of the same index without --against
    #[arg(long, value_name = "SETTINGS")]
    pub against_with: Option<String>,
    #[command(flatten)]
    pub encoders: EncoderDirs,
    /// Write a page with plots, which needs no network
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write all figures as JSON
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write lists and judgements (run.trec, qrels.trec) into this folder, for ranx, trec_eval and others
    #[arg(long, value_name = "DIR")]
    pub trec: Option<PathBuf>,
    /// Print all figures as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AskName {
    /// With its embeddings if the index has an image space, otherwise with its report
    Auto,
    /// With its embeddings
    Images,
    /// With its impression, or its findings
    Report,
    /// With both
    Both,
}
