//! The patch vectors of real films, as vectors to compare indexes on: `dataset.py` of `benches/peers` asks for them.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin patch-vectors -- DIR [--query-films N]
//! ```
//!
//! It writes `base.npy` and `queries.npy` to DIR, a row for each cell of the bundled encoder's grid. Some films, spread over
//! the sorted list, give the queries and no row of the base. The films are those of `covid_cxr` and `nih_small`; no vector
//! may be passed on, because a vector can be turned back into an image.

use clap::Parser;
use precedent_encoder::Encoder;
use precedent_imaging::decode;
use precedent_sources::NpyWriter;
use rayon::prelude::*;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

type Problem = Box<dyn Error + Send + Sync>;

/// Folders of films below the folder of data.
const FOLDERS: [&str; 2] = ["covid_cxr/images", "nih_small/images"];

/// Writes the patch vectors of real films.
#[derive(Debug, Parser)]
struct Args {
    /// Folder for base.npy and queries.npy
    out: PathBuf,
    /// Films that give queries only
    #[arg(long, default_value_t = 16)]
    query_films: usize,
    /// Folder with covid_cxr/ and nih_small/
    #[arg(long, env = "PRECEDENT_DATA", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"))]
    data: PathBuf,
}

fn main() -> Result<(), Problem> {
    let args = Args::parse();
    let encoder = Encoder::bundled()?;
    let mut films = Vec::new();
    for folder in FOLDERS {
        films.extend(files(&args.data.join(folder))?);
    }
    if args.query_films == 0 || args.query_films >= films.len() {
        return Err(
            format!("{} query films of {} leave nothing to compare", args.query_films, films.len()).into()
        );
    }
    let encoded: Vec<Vec<f32>> =
        films.par_iter().map(|film| patches(&encoder, film)).collect::<Result<_, Problem>>()?;
    fs::create_dir_all(&args.out)?;
    // Patches lie in the space that words share; the numbers after it are 0.
    let dimension = encoder.description().architecture.joint;
    let mut base = NpyWriter::create(args.out.join("base.npy"), dimension)?;
    let mut queries = NpyWriter::create(args.out.join("queries.npy"), dimension)?;
    for (number, values) in encoded.iter().enumerate() {
        let file = if is_query(number, films.len(), args.query_films) { &mut queries } else { &mut base };
        for row in values.chunks_exact(encoder.dimension()) {
            file.push(&row[..dimension])?;
        }
    }
    let (rows, asked) = (base.finish()?, queries.finish()?);
    writeln!(
        std::io::stdout(),
        "{rows} patches, and {asked} of {} other films as queries",
        args.query_films
    )?;
    Ok(())
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    files.sort();
    Ok(files)
}

fn patches(encoder: &Encoder, film: &Path) -> Result<Vec<f32>, Problem> {
    let decoded = decode(&fs::read(film)?).map_err(|error| format!("{}: {error}", film.display()))?;
    Ok(encoder.encode_image(&decoded.image)?.patches.values)
}

/// Whether a film gives queries: `wanted` of `films`, evenly spread.
fn is_query(number: usize, films: usize, wanted: usize) -> bool {
    number * wanted / films != (number + 1) * wanted / films
}

#[cfg(test)]
mod tests {
    use super::is_query;

    #[test]
    fn query_films_are_as_many_as_wanted_and_spread() {
        for (films, wanted) in [(1010, 16), (10, 9), (7, 1)] {
            let chosen: Vec<usize> = (0..films).filter(|&number| is_query(number, films, wanted)).collect();
            assert_eq!(chosen.len(), wanted);
            assert!(chosen.windows(2).all(|pair| pair[1] - pair[0] >= films / wanted));
        }
    }
}
