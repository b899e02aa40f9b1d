//! The commands, and what is said of the program as a whole. The flags of each command stand beside it. Parser, help, man pages and
//! completions come from here.

use crate::built;
#[cfg(feature = "demo")]
use crate::commands::demo::DemoArgs;
#[cfg(feature = "phantom")]
use crate::commands::phantom::PhantomArgs;
#[cfg(feature = "train")]
use crate::commands::train::TrainArgs;
use crate::commands::{
    completions::CompletionsArgs, delete::DeleteArgs, encode::EncodeArgs, eval::EvalArgs, export::ExportArgs,
    get::GetArgs, ingest::IngestArgs, init::InitArgs, list::ListArgs, man::ManArgs, merge::MergeArgs,
    report::ReportArgs, search::SearchArgs, serve::ServeArgs, stats::StatsArgs, verify::VerifyArgs,
};
#[cfg(not(all(feature = "demo", feature = "phantom", feature = "train")))]
use clap::Args;
use clap::{Parser, Subcommand};

/// Finds earlier radiology cases that looked the same, with their reports.
#[derive(Debug, Parser)]
#[command(name = "precedent", version = built::version(), max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong input or flag, 3 some rows rejected or ids not found, 4 no index, busy, \
                        damaged or short of its recall, 130 interrupted.\n\nPRECEDENT_INSTRUCTION_SET in the environment names the \
                        instruction set that vectors are compared with, for measurements: avx512vnni, avxvnni, avx2, \
                        dotprod, neon or portable. By default it is the fastest of the machine."
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
    Search(Box<SearchArgs>),
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
    /// Measure how well an index retrieves, and compare two settings or indexes
    Eval(EvalArgs),
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
