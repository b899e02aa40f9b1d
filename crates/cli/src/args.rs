//! Every flag, defined once: parser, help and completions come from here.

use crate::size::Size;
use crate::{built, listen};
use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use precedent_server::LoadLimits;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Finds earlier radiology cases that looked the same, with their reports.
#[derive(Debug, Parser)]
#[command(name = "precedent", version = built::version(), max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong input or flag, 3 some rows rejected or ids not found, 4 no index, busy, \
                        damaged or short of its recall, 130 interrupted.\n\nPRECEDENT_INSTRUCTION_SET in the environment names the \
                        instruction set that vectors are compared with, for measurements: avx512vnni, avxvnni, avx2, \
                        neon or portable. By default it is the fastest of the machine."
)]
pub struct Precedent {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// See Precedent at work: make a synthetic archive, ingest it, serve it, search it
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    #[cfg(not(feature = "demo"))]
    #[command(hide = true)]
    Demo(LeftOutArgs),
    /// Create an empty index
    Init(InitArgs),
    /// Add reports, images and embeddings; a case id that comes again replaces the case
    Ingest(IngestArgs),
    /// Find cases by image, embedding, text, filter, or any of them together
    Search(SearchArgs),
    /// Print cases whole, by their ids
    Get(GetArgs),
    /// List cases, the latest studies first
    List(ListArgs),
    /// Delete cases, by their ids, their patient or a filter
    Delete(DeleteArgs),
    /// Write cases and embeddings to files that ingest takes back
    Export(ExportArgs),
    /// Encode texts or images as vectors
    Encode(EncodeArgs),
    /// Show how a report is read, or list the findings of the lexicon
    Report(ReportArgs),
    /// Serve indexes over gRPC
    Serve(ServeArgs),
    /// Show what an index holds
    Stats(StatsArgs),
    /// Read every byte of an index and check it
    Verify(VerifyArgs),
    /// Merge all segments into one, build its graph, drop deleted cases
    Merge(MergeArgs),
    /// Write an archive of synthetic chest radiographs with reports, labels and bounding boxes
    #[cfg(feature = "phantom")]
    Phantom(PhantomArgs),
    #[cfg(not(feature = "phantom"))]
    #[command(hide = true)]
    Phantom(LeftOutArgs),
    /// Train an encoder on synthetic radiographs and their reports
    #[cfg(feature = "train")]
    Train(TrainArgs),
    #[cfg(not(feature = "train"))]
    #[command(hide = true)]
    Train(LeftOutArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Write man pages to a folder
    #[command(hide = true)]
    Man(ManArgs),
}

/// What is given to a command that this program was built without.
#[cfg(not(all(feature = "demo", feature = "phantom", feature = "train")))]
#[derive(Debug, Args)]
pub struct LeftOutArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _given: Vec<String>,
}

#[cfg(feature = "demo")]
#[derive(Debug, Args)]
#[command(
    after_help = "The images are synthetic and show no real patient. The first run takes about a minute; later runs start \
                        from what is there. Press Ctrl-C to stop at any time."
)]
pub struct DemoArgs {
    /// Folder of the demo: new, or left by an earlier run
    #[arg(long, default_value = "precedent-demo", value_name = "DIR")]
    pub dir: PathBuf,
    /// Number of studies in its archive
    #[arg(long, default_value_t = 2000)]
    pub studies: usize,
    /// Loopback address to listen on; if its port is in use, a free one is taken
    #[arg(long, env = "PRECEDENT_LISTEN", default_value = "127.0.0.1:50051", value_name = "HOST:PORT", value_parser = listen::address)]
    pub listen: SocketAddr,
    /// Exit after the searches instead of serving on
    #[arg(long)]
    pub exit: bool,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Directory of the index: new or empty
    pub dir: PathBuf,
    /// What the index is made for; the bundled chest-xray definition if not given
    #[arg(long, value_name = "FILE")]
    pub definition: Option<PathBuf>,
    /// Name under which a server offers the index
    #[arg(long)]
    pub name: Option<String>,
    /// One line that says what the index holds
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Findings, phrases and headings of your own, added to the bundled lexicon
    #[arg(long, value_name = "FILE")]
    pub lexicon: Option<PathBuf>,
    /// Encoder for images and words, by name; the bundled one is phantom-cxr
    #[arg(long, value_name = "NAME", conflicts_with_all = ["dimension", "encoder_id", "encoder_dir"])]
    pub encoder: Option<String>,
    /// Folder of an encoder of your own, in place of --encoder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dimension", "encoder_id"])]
    pub encoder_dir: Option<PathBuf>,
    /// Numbers per embedding, 16 to 4096
    #[arg(long, requires = "encoder_id")]
    pub dimension: Option<usize>,
    /// How embeddings are compared
    #[arg(long, value_enum, default_value_t = MetricName::Cosine, requires = "dimension")]
    pub metric: MetricName,
    /// Which encoder makes the embeddings, with its version
    #[arg(long, value_name = "ID", requires = "dimension")]
    pub encoder_id: Option<String>,
    /// One more field: keyword, keywords, integer, number or date
    #[arg(long = "field", value_name = "NAME=KIND")]
    pub fields: Vec<String>,
}

#[cfg(feature = "phantom")]
#[derive(Debug, Args)]
#[command(
    after_help = "The images are synthetic and show no real patient; nothing learned from them applies to real images. The \
                        same flags give the same archive on every machine; run the same command again to resume."
)]
pub struct PhantomArgs {
    /// Directory of the archive: new, empty, or left by a stopped run
    pub dir: PathBuf,
    /// Number of studies
    #[arg(long, default_value_t = 1000)]
    pub studies: usize,
    /// Seed of the archive: another number gives other patients
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Pixels on a side
    #[arg(long, default_value_t = 256, value_name = "PIXELS")]
    pub size: u32,
    /// Image formats to write; the manifest names the files of the first
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [PhantomFormat::Dicom, PhantomFormat::Png])]
    pub formats: Vec<PhantomFormat>,
    /// House styles of the reports; all if not given
    #[arg(long, value_delimiter = ',', value_name = "STYLE")]
    pub styles: Vec<String>,
    /// Sites that the films come from; all if not given
    #[arg(long, value_delimiter = ',', value_name = "SITE")]
    pub sites: Vec<String>,
}

#[cfg(feature = "phantom")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PhantomFormat {
    Dicom,
    /// 8 bits per pixel
    Png,
    /// 16 bits per pixel
    Png16,
}

#[cfg(feature = "train")]
#[derive(Debug, Args)]
#[command(
    after_help = "The same flags give the same weights on the same processor. Run the same command again to \
                        resume. The encoder has seen no real film and is not for clinical images."
)]
pub struct TrainArgs {
    /// Directory of the encoder: new, or left by a stopped training
    pub dir: PathBuf,
    /// Name of the encoder: letters, digits and -
    #[arg(long, default_value = "phantom-cxr")]
    pub name: String,
    /// Number of studies to learn from
    #[arg(long, default_value_t = 12_000)]
    pub studies: usize,
    /// Seed of the archive of phantoms: another number gives other patients
    #[arg(long, default_value_t = 101)]
    pub phantom_seed: u64,
    /// Seed of the initial weights and of the order of studies
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of steps
    #[arg(long, default_value_t = 1500)]
    pub steps: usize,
    /// Folder of an encoder of the same size: reuse its towers, and fit only the part that tells a film from its
    /// neighbours
    #[arg(long, value_name = "DIR", conflicts_with = "steps")]
    pub towers: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MetricName {
    Cosine,
    Dot,
    L2,
}

/// Encoders beside the bundled one.
#[derive(Debug, Args)]
pub struct EncoderDirs {
    /// Folder of an encoder of your own; may be given several times
    #[arg(long = "encoder-dir", value_name = "DIR")]
    pub encoder_dirs: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 0 when every row is in, even if fields that cannot be read were left out (they are counted, and \
                        listed in --rejected); 2 when nothing can be read, no row was found, or the flags do not fit; 3 when rows \
                        were rejected; 130 when interrupted."
)]
pub struct IngestArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Manifests (.jsonl, .ndjson, .csv, .tsv, also .gz or .zst), - for standard input, or folders
    ///
    /// A manifest holds a case per row. On standard input it may be any of these kinds. It is copied to a temporary file
    /// without a name (TMPDIR), and rows are read when it ends.
    ///
    /// In a folder of reports every .txt file is a case, its name without the ending the id. In a folder of DICOM files every
    /// study is a case: its films are encoded as with --images, and what is known of it comes from their headers. Folders below
    /// are looked through, too.
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// How to name the cases of a folder of DICOM files
    #[arg(long, value_enum, default_value_t = DicomIds::AccessionNumber)]
    pub dicom_ids: DicomIds,
    /// Names of the manifest's columns, where they differ from Precedent's, and how dates are written (index/maps/README.md)
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// For a case that is already in the index, keep what its row does not give
    ///
    /// Patient, report as a whole, each field, and of each image its name, view and embedding.
    #[arg(long)]
    pub update: bool,
    /// Replace a case even if it loses its report, patient, images or embeddings
    ///
    /// Without this flag such a row is rejected.
    #[arg(long, conflicts_with = "update")]
    pub replace_without: bool,
    /// Leave cases that are already in the index alone; add the others
    #[arg(long, conflicts_with_all = ["update", "replace_without"])]
    pub if_absent: bool,
    /// Embeddings as .npy: a row for each row of the manifests, or for each image, unless images name their rows
    #[arg(long, value_name = "FILE", requires = "encoder_id")]
    pub embeddings: Option<PathBuf>,
    /// Whether the embeddings are one per row or one per image, if both would fit
    #[arg(long, value_enum, requires = "embeddings")]
    pub embeddings_per: Option<EmbeddingsPer>,
    /// Id of the encoder that made the embeddings
    #[arg(long, value_name = "ID", requires = "embeddings")]
    pub encoder_id: Option<String>,
    /// Folder that holds the images named by the manifests; they are read and encoded
    ///
    /// Names in the column images are paths below DIR. Fields, patient and views that a row does not give are taken from
    /// the headers of DICOM files. A row with a file that is missing or gives no picture is rejected.
    #[arg(long, value_name = "DIR", conflicts_with = "embeddings")]
    pub images: Option<PathBuf>,
    #[command(flatten)]
    pub encoders: EncoderDirs,
    /// Check everything, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where this run lists rejected rows and fields that were left out, with row, field and remedy
    ///
    /// The list of an earlier run under this name is removed first, so no file means that nothing was rejected or left out.
    /// A dry run shows them on the terminal and leaves the file alone.
    #[arg(long, alias = "rejects", value_name = "FILE", default_value = "rejected.jsonl")]
    pub rejected: PathBuf,
    /// Merge all segments into one at the end
    ///
    /// Without it a run merges only where more vectors lie outside of graphs than in them, as after a first load. What came
    /// in is found at once in either case; merging makes searches faster. `serve` merges beside its work, and `merge` does
    /// at any time.
    #[arg(long)]
    pub merge: bool,
    /// Merge nothing, not even after a first load
    #[arg(long, conflicts_with = "merge")]
    pub no_merge: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DicomIds {
    /// The study UID where a study has none
    AccessionNumber,
    /// Never an accession number, which may be that of several studies
    StudyUid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EmbeddingsPer {
    /// Of the manifests, in order
    Row,
    /// Of all rows, in order
    Image,
}

impl From<DicomIds> for precedent_intake::DicomIds {
    fn from(ids: DicomIds) -> Self {
        match ids {
            DicomIds::AccessionNumber => Self::AccessionNumber,
            DicomIds::StudyUid => Self::StudyUid,
        }
    }
}

impl From<EmbeddingsPer> for precedent_intake::EmbeddingsPer {
    fn from(per: EmbeddingsPer) -> Self {
        match per {
            EmbeddingsPer::Row => Self::Row,
            EmbeddingsPer::Image => Self::Image,
        }
    }
}

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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VectorPathName {
    Auto,
    Graph,
    Exact,
}

#[derive(Debug, Args)]
#[command(after_help = "Exits with 0 when every case was found, 3 when some were not.")]
pub struct GetArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Case ids
    #[arg(value_name = "ID", required_unless_present = "ids_from")]
    pub ids: Vec<String>,
    /// A case id per line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub ids_from: Option<PathBuf>,
    /// Print each case as a line of JSON, as the service would send it
    #[arg(long)]
    pub json: bool,
    /// Print the embeddings of the images, too
    #[arg(long, requires = "json")]
    pub with_embeddings: bool,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Only cases that match, such as: modality = "DX" AND age >= 60 (see search --help)
    #[arg(long, allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Only cases that may be this patient's
    #[arg(long, value_name = "ID")]
    pub patient: Option<String>,
    /// Who issued the patient id
    #[arg(long, value_name = "NAME", requires = "patient")]
    pub issuer: Option<String>,
    /// Most cases to list; all if not given
    #[arg(short = 'k', long, value_name = "N")]
    pub limit: Option<usize>,
    /// Print each case, without its report, as a line of JSON, as the service would send it
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Deleted cases disappear from searches at once; their bytes leave the disk with the next merge. Exits with 0 when all \
                        were deleted, 3 when some ids are not in the index, 130 when the question was not answered with yes."
)]
pub struct DeleteArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Case ids
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// A case id per line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub ids_from: Option<PathBuf>,
    /// All cases of this patient
    ///
    /// Refused where several issuers use the id, unless --issuer names one. Ids are compared as everywhere: without regard to
    /// case, white space and width.
    #[arg(long, value_name = "ID", conflicts_with_all = ["ids", "ids_from", "filter"])]
    pub patient: Option<String>,
    /// Who issued the patient id; cases that name no issuer are kept
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<String>,
    /// All cases that match (see search --help)
    #[arg(long, allow_hyphen_values = true, conflicts_with_all = ["ids", "ids_from"])]
    pub filter: Option<String>,
    /// Print the ids that would be deleted, delete nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask before cases of a patient or a filter are deleted
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Writes DIR/cases.jsonl, DIR/embeddings.npy and DIR/definition.toml, and prints the commands that make an index \
                        of them, which holds the same cases and embeddings bit by bit. Image files are not in an index."
)]
pub struct ExportArgs {
    /// Directory of the index
    #[arg(value_name = "INDEX")]
    pub dir: PathBuf,
    /// Folder for the files: new or empty
    #[arg(value_name = "DIR")]
    pub to: PathBuf,
    /// Only cases that match (see search --help)
    #[arg(long, allow_hyphen_values = true)]
    pub filter: Option<String>,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["texts", "lines", "images"])))]
#[command(
    after_help = "The vectors go into an index with init --dimension and --encoder-id, and ingest --embeddings; the id is \
                        printed with them. Without --out every vector is a line of numbers."
)]
pub struct EncodeArgs {
    /// A text to encode; may be given several times
    #[arg(long = "text", value_name = "TEXT", allow_hyphen_values = true)]
    pub texts: Vec<String>,
    /// A text per line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub lines: Option<PathBuf>,
    /// A DICOM, PNG or JPEG file to encode; may be given several times
    #[arg(long = "image", value_name = "FILE", conflicts_with = "text_encoder")]
    pub images: Vec<PathBuf>,
    /// Folder of a Precedent encoder, with encoder.toml; the bundled one if not given
    #[arg(long, value_name = "DIR", conflicts_with = "text_encoder")]
    pub encoder_dir: Option<PathBuf>,
    /// Hugging Face folder of a text encoder of the BERT layout
    ///
    /// It holds config.json, model.safetensors, and tokenizer.json or vocab.txt. The pooling of sentence-transformers
    /// (modules.json) is kept; without it a vector is the mean over the tokens, of length 1.
    #[arg(long, value_name = "DIR", hide = cfg!(not(feature = "bert")))]
    pub text_encoder: Option<PathBuf>,
    /// Write the vectors as .npy, float32, a row per text or image
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub out: Option<PathBuf>,
    /// Print each vector as a line of JSON, with its encoder id
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A text, a JSON object, a manifest (.jsonl, .ndjson, .csv, .tsv, also .gz or .zst), or a folder of .txt files; - is standard input
    ///
    /// A JSON object holds `report`, or `indication`, `comparison`, `technique`, `findings` and `impression`, and may
    /// hold `case_id`.
    #[arg(required_unless_present = "findings", conflicts_with = "findings")]
    pub file: Option<PathBuf>,
    /// Findings, phrases and headings of your own, added to the bundled lexicon
    #[arg(long, value_name = "FILE")]
    pub lexicon: Option<PathBuf>,
    /// Names of the manifest's columns, where they differ from Precedent's
    #[arg(long, value_name = "FILE", requires = "file")]
    pub map: Option<PathBuf>,
    /// Only the row with this case id
    #[arg(long, value_name = "ID", requires = "file")]
    pub case_id: Option<String>,
    /// List the findings of the lexicon: id, name, RadLex id, phrases, what it is a kind of
    #[arg(long)]
    pub findings: bool,
    /// Print as JSON, one document per line and report
    ///
    /// Each has `sections` as signed, `sentences` with `runs` of words by assertion and `mentions` of findings, and the
    /// `findings` of the case. A span counts in the text of its section, in bytes of UTF-8 (startByte, endByte) and in
    /// code units of UTF-16 (startUtf16, endUtf16).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Ctrl-C or SIGTERM stops the server when running calls are answered; a second one stops it at once. SIGHUP is \
                        ignored."
)]
pub struct ServeArgs {
    /// Directories of the indexes
    #[arg(required = true)]
    pub dirs: Vec<PathBuf>,
    /// Loopback address to listen on
    #[arg(long, env = "PRECEDENT_LISTEN", default_value = "127.0.0.1:50051", value_name = "HOST:PORT", value_parser = listen::address)]
    pub listen: SocketAddr,
    /// Refuse new cases; another process may write the index
    #[arg(long)]
    pub read_only: bool,
    /// Megabytes that are read again in a second, to find damaged files before a search does; all files once a day at most, 0
    /// for never
    #[arg(long, value_name = "MB", default_value_t = 8)]
    pub scrub_rate: u64,
    #[command(flatten)]
    pub encoders: EncoderDirs,
    #[command(flatten)]
    pub load: LoadArgs,
    /// What to log: off, error, warn, info, debug, trace, or target=level pairs
    #[arg(long, env = "PRECEDENT_LOG", default_value = "info", value_name = "LEVEL")]
    pub log_level: String,
    /// How log lines are written, to standard error
    #[arg(long, env = "PRECEDENT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How much the server takes on at a time.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// Memory for requests in flight, such as 512MB or 2GiB; at least 64MiB
    ///
    /// A message of more than 64 KiB takes twice its size. Requests wait for their memory, up to 20 seconds. One connection gets
    /// at most three quarters; the largest file, of 256 MiB, needs 448MiB here.
    #[arg(long, env = "PRECEDENT_REQUEST_MEMORY", value_name = "SIZE", value_parser = memory,
          default_value_t = Size(LoadLimits::default().request_bytes))]
    pub request_memory: Size,
    /// Memory for answers that clients have not taken yet; at least 64MiB
    ///
    /// A search whose answer finds no room is refused with the advice to try again later.
    #[arg(long, env = "PRECEDENT_ANSWER_MEMORY", value_name = "SIZE", value_parser = memory,
          default_value_t = Size(LoadLimits::default().answer_bytes))]
    pub answer_memory: Size,
    /// Number of searches that compute at the same time, 1 to 1024; one per core if not given
    #[arg(long, env = "PRECEDENT_SEARCHES", value_name = "N",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub searches: Option<usize>,
    /// Number of connections, 1 to 65536; fewer where the limit of open files is low
    #[arg(long, env = "PRECEDENT_CONNECTIONS", value_name = "N", default_value_t = LoadLimits::default().connections,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    pub connections: usize,
}

impl LoadArgs {
    /// The limits of the server, with what is given here.
    pub fn limits(&self) -> LoadLimits {
        let usual = LoadLimits::default();
        LoadLimits {
            request_bytes: self.request_memory.0,
            answer_bytes: self.answer_memory.0,
            searches: self.searches.unwrap_or(usual.searches),
            connections: self.connections,
            ..usual
        }
    }
}

/// Memory that is enough for the largest message.
fn memory(text: &str) -> Result<Size, String> {
    const LEAST: Size = Size(64 << 20);
    let size: Size = text.parse()?;
    match size.0 >= LEAST.0 {
        true => Ok(size),
        false => Err(format!("is less than a large message needs; give at least {LEAST}")),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of words
    Text,
    /// A JSON object per line
    Json,
}

#[derive(Debug, Args)]
pub struct StatsArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 0 when the index is sound and recall, if measured, is as promised; 4 when it is damaged or recall \
                        falls short; 130 when interrupted."
)]
pub struct VerifyArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Also measure whether searches by embedding find what they promise, with SAMPLE cases as queries (200 if not given)
    ///
    /// Each case asks with its first embedding and is left out of its own answer; its copies stay. What is found is compared
    /// with the exact answer, for k of 1, 10, 100 and 1000, at the index's target_recall and at 0.9, 0.95, 0.99 and 0.999, without
    /// a filter. Recall falls short where its mean is below the target by more than 0.005 and by more than two standard errors.
    #[arg(long, value_name = "SAMPLE", num_args = 0..=1, default_missing_value = "200",
          value_parser = RangedU64ValueParser::<usize>::new().range(2..))]
    pub recall: Option<usize>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Only write segments anew that hold deleted or replaced cases, without them
    #[arg(long)]
    pub deleted: bool,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for the pages
    pub dir: PathBuf,
}
