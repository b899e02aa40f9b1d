//! `precedent export`: what `ingest` takes back.
//!
//! ```text
//! DIR/definition.toml   what the index is made for, for `init --definition`
//! DIR/cases.jsonl       a case per line, in the order in which they came in
//! DIR/embeddings.npy    their embeddings; each image names its row
//! ```

use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{bar, counted, stderr, stdout};
use crate::waiting;
use clap::Args;
use precedent_engine::{Access, CaseOrder, Engine, EngineError, NewCase};
use precedent_sources::{NpyWriter, json_row};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

const DEFINITION: &str = "definition.toml";
const CASES: &str = "cases.jsonl";
const EMBEDDINGS: &str = "embeddings.npy";

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

pub fn run(args: &ExportArgs) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    let interrupt = Interrupt::listen()?;
    let engine = Engine::open(&args.dir, Access::Read).map_err(about)?;
    let listed = (engine.view())
        .list(args.filter.as_deref(), CaseOrder::AsIngested, &|| interrupt.asked())
        .map_err(about)?;
    let mut export = Export::begin(&args.to, &engine).map_err(|error| error.about(args.to.display()))?;
    let shown = bar(listed.len() as u64, "cases");
    for case in listed.whole_cases() {
        if interrupt.asked() {
            break;
        }
        export.add(case.map_err(about)?)?;
        shown.inc(1);
    }
    shown.finish_and_clear();
    if interrupt.asked() {
        drop(export);
        writeln!(stderr(), "interrupted: nothing was exported")?;
        return Ok(Exit::Interrupted);
    }
    let (cases, embeddings, left_out) = (export.cases, export.embeddings, export.left_out);
    export.finish(&engine).map_err(|error| error.about(args.to.display()))?;
    told(args, &engine, cases, embeddings)?;
    waiting::note(&engine)?;
    if left_out > 0 {
        let cases = counted(left_out, "case was", "cases were");
        writeln!(
            stderr(),
            "{cases} left out, as a manifest takes their ids for missing values, such as nan"
        )?;
        return Ok(Exit::SomeRejected);
    }
    Ok(Exit::Done)
}

/// Says what was written and how it goes into a new index.
fn told(args: &ExportArgs, engine: &Engine, cases: u64, embeddings: u64) -> Result<(), Failure> {
    let to = args.to.display();
    let mut out = stdout();
    let counts = (counted(cases, "case", "cases"), counted(embeddings, "embedding", "embeddings"));
    writeln!(out, "{to}: {} and {} of generation {}", counts.0, counts.1, engine.view().generation())?;
    writeln!(out, "to take it in again:")?;
    writeln!(out, "  precedent init NEW --definition {to}/{DEFINITION}")?;
    let vectors = match (&engine.definition().image_space, embeddings) {
        (Some(space), 1..) => format!(" --embeddings {to}/{EMBEDDINGS} --encoder-id {}", space.encoder_id()),
        _ => String::new(),
    };
    writeln!(out, "  precedent ingest NEW {to}/{CASES}{vectors}")?;
    Ok(())
}

/// The files on their way. They get their names when all are whole, and go with this value where it is not finished.
struct Export<'a> {
    to: &'a Path,
    rows: BufWriter<File>,
    vectors: Option<NpyWriter>,
    cases: u64,
    embeddings: u64,
    left_out: u64,
}

impl<'a> Export<'a> {
    fn begin(to: &'a Path, engine: &Engine) -> Result<Self, Failure> {
        std::fs::create_dir_all(to).map_err(Failure::input)?;
        let is_empty = std::fs::read_dir(to).map_err(Failure::input)?.next().is_none();
        if !is_empty {
            return Err(Failure::input("holds something already; name a new or empty folder"));
        }
        let space = engine.definition().image_space.as_ref();
        let vectors = space.map(|space| NpyWriter::create(to.join(EMBEDDINGS), space.dimension()));
        let rows = create(&part_of(to))?;
        Ok(Self {
            to,
            rows: BufWriter::new(rows),
            vectors: vectors.transpose().map_err(Failure::other)?,
            cases: 0,
            embeddings: 0,
            left_out: 0,
        })
    }

    fn add(&mut self, new: NewCase) -> Result<(), Failure> {
        let NewCase { case, embeddings, .. } = new;
        let mut next = self.embeddings;
        let number = |embedding: &Option<_>| {
            embedding.is_some().then(|| {
                next += 1;
                next - 1
            })
        };
        let numbers: Vec<Option<u64>> = match &self.vectors {
            Some(_) => embeddings.iter().map(number).collect(),
            None => Vec::new(),
        };
        let Ok(row) = json_row(&case, &numbers) else {
            self.left_out += 1;
            return Ok(());
        };
        writeln!(self.rows, "{row}")?;
        self.cases += 1;
        if let Some(vectors) = &mut self.vectors {
            for embedding in embeddings.iter().flatten() {
                vectors.push(&embedding.values).map_err(Failure::other)?;
                self.embeddings += 1;
            }
        }
        Ok(())
    }

    fn finish(mut self, engine: &Engine) -> Result<(), Failure> {
        let definition = engine.definition().to_toml().map_err(Failure::other)?;
        self.rows.flush()?;
        self.rows.get_ref().sync_all()?;
        if let Some(vectors) = self.vectors.take() {
            vectors.finish().map_err(Failure::other)?;
        }
        create(&self.to.join(DEFINITION))?.write_all(definition.as_bytes())?;
        rename(&part_of(self.to), &self.to.join(CASES))?;
        Ok(())
    }
}

impl Drop for Export<'_> {
    fn drop(&mut self) {
        // After a finish there is nothing to remove, and what cannot be removed has a name that says what it is.
        let _ = std::fs::remove_file(part_of(self.to));
    }
}

fn part_of(to: &Path) -> PathBuf {
    to.join(format!("{CASES}.part"))
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[expect(clippy::disallowed_methods, reason = "an export is no file of an index")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}
