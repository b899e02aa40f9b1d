//! How well queries as radiologists type them are answered, on judged Open-i reports.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin typed-queries -- [--half tune|check] [--hits]
//!     [--markdown] [--write docs/figures/typed-queries.md] [--save FILE]
//! ```
//!
//! It fails where the mean over all queries is below the floor of `tests/floors.toml`.
//!
//! Rules are made with the queries of the half `tune` in view; those of the half `check` say whether they hold.

mod collection;
mod scores;
mod search;
mod tables;

use clap::Parser;
use collection::{Grade, Half, Query, read_figures, read_queries};
use precedent_benches::figures::mean;
use precedent_benches::floors::Floors;
use precedent_benches::output::{save, write_block};
use scores::Scores;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

type Problem = Box<dyn Error>;

/// The block of a document that `--write` replaces.
const BLOCK: &str = "typed-queries";
/// The queries with their judgements.
const QUERIES: &str = include_str!("queries.tsv");
/// What the program of before the work on findings' side, place, size and time answered.
const BEFORE: &str = include_str!("before.tsv");

/// How well queries as radiologists type them are answered, on judged Open-i reports.
#[derive(Debug, Parser)]
struct Args {
    /// Folder with openi/
    #[arg(long, env = "PRECEDENT_DATA", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"))]
    data: PathBuf,
    /// One half of the queries only, which is held to no floor
    #[arg(long)]
    half: Option<Half>,
    /// Also print the first ten hits of each query with their grades: 2 all of it, 1 the finding, 0 neither
    #[arg(long)]
    hits: bool,
    /// Print the tables as Markdown
    #[arg(long)]
    markdown: bool,
    /// Replace the block `typed-queries` of this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Write the figures by query, to compare later programs with
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

/// A query with what was found.
#[derive(Debug)]
struct Answer {
    query: Query,
    hits: Vec<String>,
    scores: Scores,
    /// The figures of the earlier program, if it was asked.
    before: Option<[f64; 3]>,
}

fn main() -> Result<(), Problem> {
    let args = Args::parse();
    let mut queries = read_queries(QUERIES).map_err(|problem| format!("queries.tsv: {problem}"))?;
    queries.retain(|query| args.half.is_none_or(|half| query.half() == half));
    let answers = answers(&args.data, queries)?;
    let chapter = tables::chapter(&answers);
    let mut out = std::io::stdout();
    writeln!(out, "{}", if args.markdown { chapter.markdown() } else { chapter.plain() })?;
    if args.hits {
        writeln!(out, "{}", hits(&answers))?;
    }
    if let Some(path) = &args.write {
        write_block(path, BLOCK, &chapter.markdown())?;
    }
    if let Some(path) = &args.save {
        save(path, &saved(&answers))?;
    }
    if args.half.is_none() {
        hold_to_floors(&answers)?;
    }
    Ok(())
}

/// Fails where a mean is below its floor.
fn hold_to_floors(answers: &[Answer]) -> Result<(), String> {
    let mut floors = Floors::of("typed-queries")?;
    let names = ["p_at_10", "p_at_10_of_the_finding", "ndcg_at_10"];
    for (place, name) in names.into_iter().enumerate() {
        floors.check(name, mean(answers.iter().map(|answer| answer.scores.to_array()[place])));
    }
    floors.check("queries", answers.len() as f64);
    floors.close()
}

/// Asks every query of a new index of all reports.
fn answers(data: &Path, queries: Vec<Query>) -> Result<Vec<Answer>, Problem> {
    let before = read_figures(BEFORE).map_err(|problem| format!("before.tsv: {problem}"))?;
    let folder = tempfile::tempdir()?;
    let engine = search::build_index(folder.path(), &search::read_cases(data)?)?;
    let view = engine.view();
    let answer = |query: Query| {
        let hits = search::search(&view, &query.text)?;
        let scores = scores::score(&query, hits.iter().map(String::as_str));
        let before = before.get(&query.text).copied();
        Ok(Answer { query, hits, scores, before })
    };
    queries.into_iter().map(answer).collect()
}

/// The hits of each query with their grades.
fn hits(answers: &[Answer]) -> String {
    let mut text = String::new();
    for Answer { query, hits, .. } in answers {
        let grade = |id: &String| match query.grade(id) {
            Grade::None => format!("{id}:0"),
            Grade::Finding => format!("{id}:1"),
            Grade::Full => format!("{id}:2"),
        };
        let hits: Vec<String> = hits.iter().map(grade).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}: {}", query.text, hits.join(" "));
    }
    text
}

fn saved(answers: &[Answer]) -> String {
    let mut text = "# Query; P@10, of the finding alone, nDCG@10.\n".to_owned();
    for Answer { query, scores, .. } in answers {
        let figures = scores.to_array().map(|figure| format!("{figure:.4}")).join("\t");
        text += &format!("{}\t{figures}\n", query.text);
    }
    text
}
