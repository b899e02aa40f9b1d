//! How well an encoder finds phantoms that look alike, and their reports.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin encoder-quality -- [--encoder DIR] [--studies N] [--write README.md]
//! ```
//!
//! Asked of phantoms that no training saw: other patients; and other patients of a site and in a style that were held
//! out. Beside it chance, a descriptor of pixels (principal components), and the same towers before training.

mod describe;
mod images;
mod pca;
mod reports;
mod studies;
mod words;

use clap::Parser;
use describe::Descriptor;
use precedent_benches::figures::DRAWS;
use precedent_benches::output::write_block;
use precedent_benches::table::Chapter;
use precedent_encoder::{Description, Encoder};
use precedent_training::{Plan, untrained};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use studies::{Pool, Slice};

type Problem = Box<dyn Error + Send + Sync>;

/// The block of a document that `--write` replaces.
const BLOCK: &str = "encoder-quality";

/// How well an encoder finds phantoms that look alike, and their reports.
#[derive(Debug, Parser)]
struct Args {
    /// Folder of the encoder; the bundled one if not given
    #[arg(long, value_name = "DIR")]
    encoder: Option<PathBuf>,
    /// Studies in each archive
    #[arg(long, default_value_t = 1500)]
    studies: usize,
    /// Which archive of phantoms
    #[arg(long, default_value_t = 202)]
    seed: u64,
    /// Print the tables as Markdown
    #[arg(long)]
    markdown: bool,
    /// Replace the block `encoder-quality` of this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn main() -> Result<(), Problem> {
    let args = Args::parse();
    let encoder = match &args.encoder {
        Some(dir) => Arc::new(Encoder::open(dir)?),
        None => Encoder::bundled()?,
    };
    let architecture = encoder.description().architecture.clone();
    let blank = untrained(&Plan { architecture, ..Plan::standard() })?.to_safetensors()?;
    let blank = Encoder::from_parts(Description { ..encoder.description().clone() }, &blank)?;
    let mut chapters = Vec::new();
    for slice in Slice::ALL {
        let pool = Pool::make(slice, args.seed, args.studies)?;
        let taught = Descriptor::encoder("taught", &encoder, &pool)?;
        let untaught = Descriptor::encoder("untaught", &blank, &pool)?;
        let pixels = Descriptor::pixels(&pool);
        chapters.push(images::measure(&pool, &[&taught, &pixels, &untaught]));
        chapters.push(reports::measure(&pool, &[&taught, &untaught]));
        chapters.push(words::measure(&pool, &encoder, &taught.studies)?);
    }
    let head = format!("Encoder {}, {DRAWS} draws per bootstrap over patients.\n", encoder.id());
    let text = |part: fn(&Chapter) -> String| {
        format!("{head}\n{}", chapters.iter().map(part).collect::<Vec<_>>().join("\n"))
    };
    let markdown = text(Chapter::markdown);
    let shown = if args.markdown { markdown.clone() } else { text(Chapter::plain) };
    writeln!(std::io::stdout(), "{shown}")?;
    if let Some(path) = &args.write {
        write_block(path, BLOCK, &markdown)?;
    }
    Ok(())
}
