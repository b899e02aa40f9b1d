//! How well reports are understood and found, against human labels.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin report-quality -- [negex|labels|sides|retrieval]...
//!     [--data DIR] [--slice tune|check] [--errors N] [--markdown] [--write FILE.md]
//! ```
//!
//! Work on the rules needs no engine: `--no-default-features` leaves retrieval out and builds in seconds. `--errors`
//! prints report text; the data's licence forbids to pass it on. `tests/acceptance/quality.py` holds the figures to their
//! floors.

mod gold;
mod labels;
mod negex;
#[cfg(feature = "engine")]
mod retrieval;
mod sides;

use clap::{Parser, ValueEnum};
use precedent_benches::figures;
use precedent_benches::output::write_block;
use precedent_benches::table::Chapter;
use precedent_report::{Lexicon, ReportReader};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

type Problem = Box<dyn Error>;

/// The block of a document that `--write` replaces.
const BLOCK: &str = "report-quality";

/// How well reports are understood and found, against human labels.
#[derive(Debug, Parser)]
struct Args {
    /// What to measure; everything if not given
    measures: Vec<Measure>,
    /// Folder with openi/ and negex/
    #[arg(long, env = "PRECEDENT_DATA", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"))]
    data: PathBuf,
    /// One half only, by a hash of case or report: rules are tuned on one and checked on the other
    #[arg(long)]
    slice: Option<Slice>,
    /// Also print the first N errors of each kind, with their text
    #[arg(long, value_name = "N", default_value_t = 0)]
    errors: usize,
    /// Print the tables as Markdown
    #[arg(long)]
    markdown: bool,
    /// Replace the block `report-quality` of this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    Negex,
    Labels,
    Sides,
    Retrieval,
}

/// A half of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Slice {
    Tune,
    Check,
}

impl Slice {
    /// Whether what has this key belongs to the half.
    fn holds(self, key: &str) -> bool {
        let half = if figures::stable_hash(key).is_multiple_of(2) { Self::Tune } else { Self::Check };
        half == self
    }
}

fn main() -> Result<(), Problem> {
    let args = Args::parse();
    let reader = ReportReader::new(Lexicon::bundled());
    let chapters = [Measure::Negex, Measure::Labels, Measure::Sides, Measure::Retrieval]
        .into_iter()
        .filter(|measure| args.measures.is_empty() || args.measures.contains(measure))
        .map(|measure| measure.run(&args, &reader))
        .collect::<Result<Vec<Chapter>, Problem>>()?;
    let half = match args.slice {
        Some(slice) => format!("half `{slice:?}` of the data").to_lowercase(),
        None => "all data".to_owned(),
    };
    let head = format!(
        "Lexicon {}, {half}, {} draws per bootstrap.\n",
        reader.lexicon().fingerprint(),
        figures::DRAWS
    );
    let markdown: Vec<String> = chapters.iter().map(Chapter::markdown).collect();
    let markdown = format!("{head}\n{}", markdown.join("\n"));
    let mut out = std::io::stdout();
    if args.markdown {
        writeln!(out, "{markdown}")?;
    } else {
        let plain: Vec<String> = chapters.iter().map(Chapter::plain).collect();
        writeln!(out, "{head}\n{}", plain.join("\n\n"))?;
    }
    if let Some(path) = &args.write {
        write_block(path, BLOCK, &markdown)?;
    }
    Ok(())
}

impl Measure {
    fn run(self, args: &Args, reader: &ReportReader) -> Result<Chapter, Problem> {
        match self {
            Self::Negex => negex::measure(&args.data, args.slice, reader, args.errors),
            Self::Labels => labels::measure(&gold::cases(&args.data, args.slice)?, reader, args.errors),
            Self::Sides => sides::measure(&args.data, args.slice, reader, args.errors),
            #[cfg(feature = "engine")]
            Self::Retrieval => retrieval::measure(gold::cases(&args.data, args.slice)?, args.errors),
            #[cfg(not(feature = "engine"))]
            Self::Retrieval => Ok(Chapter {
                title: "Retrieval".to_owned(),
                notes: vec!["Not measured: built without the engine.".to_owned()],
                tables: Vec::new(),
            }),
        }
    }
}
