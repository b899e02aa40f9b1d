//! `precedent ingest`.
//!
//! A case that the index holds already, exactly as it stands in the manifest, is passed over. So the same command
//! again goes on where a killed one was cut short, and a changed manifest writes only what changed. Pictures are encoded
//! again for that: the index keeps no trace of a file but its embedding, and a picture that changed must be noticed.

mod inputs;
mod listing;
mod pictures;
mod studies;
mod tally;
mod vectors;

use crate::args::IngestArgs;
use crate::encoders;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{advance, bar, counted, stderr};
use indicatif::ProgressBar;
use inputs::{Input, Rows};
use listing::{Listing, is_listing};
use pictures::Pictures;
use precedent_engine::{
    Access, Effect, Engine, EngineError, Ingested, NewCase, Refusal, Replacement, Violation,
};
use precedent_model::Case;
use precedent_sources::{ColumnMap, Rejection, Row};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;
use tally::Tally;
use vectors::Vectors;

/// Cases that become durable together: one wait for the disk per batch.
const BATCH_CASES: usize = 1000;
/// The same in bytes of embeddings.
const BATCH_BYTES: usize = 16 << 20;
/// What to do about a row that is rejected for itself.
const MEND: &str = "mend the row and ingest the file again";
/// What to do about a row that is rejected for what the index holds.
const KEEP: &str =
    "--update keeps what the row does not give, --replace-without replaces the case without it";

pub fn run(args: &IngestArgs) -> Outcome {
    take_in(args, &Interrupt::listen()?)
}

/// As the command, for a caller that listens for interrupts itself.
pub fn take_in(args: &IngestArgs, interrupt: &Interrupt) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    check_rejected(args)?;
    // First, because a pipe may take long to end, and nobody else can write while the index is open.
    let inputs = Input::open_all(args, interrupt)?;
    let access = if args.dry_run { Access::Read } else { Access::Bulk };
    let encoders = encoders::open_all(&args.encoders)?;
    let engine = Engine::open_with(&args.dir, access, &encoders).map_err(about)?;
    let map = match &args.map {
        Some(path) => ColumnMap::open(path).map_err(Failure::input)?,
        None => ColumnMap::default(),
    };
    let mut run = Run {
        args,
        engine: &engine,
        map: &map,
        vectors: Vectors::open(args, &inputs, &engine, &map)?,
        pictures: args.images.as_ref().map(|root| Pictures::open(root, &engine)).transpose()?,
        waiting: Vec::new(),
        replacement: match args {
            args if args.update => Replacement::Update,
            args if args.replace_without => Replacement::Without,
            args if args.if_absent => Replacement::IfAbsent,
            _ => Replacement::Whole,
        },
        listing: Listing::begin(&args.rejected, args.dry_run)?,
        batch: Vec::new(),
        seen: HashSet::new(),
        batch_bytes: 0,
        tally: Tally::default(),
    };
    let ended = run.sources(&inputs, interrupt);
    // Whatever ended it, what was acknowledged is made visible.
    if !args.dry_run {
        engine.commit().map_err(about)?;
    }
    ended?;
    let merges = args.merge || (!args.no_merge && engine.merge_gain().is_due());
    if merges && !args.dry_run && !interrupt.asked() {
        merge(&engine, interrupt).map_err(about)?;
    }
    run.tally.print(args, &engine)?;
    if run.tally.rows == 0 && !interrupt.asked() {
        return Err(Failure::input("no row was found; give manifests with a row per case below the header"));
    }
    if interrupt.asked() {
        writeln!(
            stderr(),
            "interrupted: the rows ingested so far are kept; run the same command again to resume"
        )?;
    }
    Ok(match (interrupt.asked(), run.tally.rejected) {
        (true, _) => Exit::Interrupted,
        (false, 0) => Exit::Done,
        (false, _) => Exit::SomeRejected,
    })
}

/// The list of rejected rows takes the place of an earlier one and of nothing else.
fn check_rejected(args: &IngestArgs) -> Result<(), Failure> {
    let Ok(rejected) = args.rejected.canonicalize() else { return Ok(()) };
    let about =
        |problem: &str| Failure::input(problem).about(format!("--rejected {}", args.rejected.display()));
    let read = args.sources.iter().chain(&args.map).chain(&args.embeddings);
    let inside = args.dir.canonicalize().is_ok_and(|dir| rejected.starts_with(dir));
    if inside || read.into_iter().any(|path| path.canonicalize().is_ok_and(|path| path == rejected)) {
        return Err(about("is read by this command or part of the index; name another file"));
    }
    if !args.dry_run && rejected.is_file() && !is_listing(&rejected) {
        return Err(about("holds something else than rejected rows of an earlier run; name another file"));
    }
    Ok(())
}

/// One ingest, from the first row to the last.
struct Run<'a> {
    args: &'a IngestArgs,
    engine: &'a Engine,
    map: &'a ColumnMap,
    vectors: Option<Vectors>,
    pictures: Option<Pictures>,
    /// Rows whose pictures are still to be encoded.
    waiting: Vec<(Place, Case)>,
    /// What becomes of cases that the index holds.
    replacement: Replacement,
    listing: Listing,
    batch: Vec<(Place, NewCase)>,
    /// Hashes of all ids so far, to tell of rows that repeat one.
    seen: HashSet<u64>,
    batch_bytes: usize,
    tally: Tally,
}

/// Where a case stands, for messages.
struct Place {
    source: String,
    row: u64,
    line: u64,
    /// Whether its case has neither text nor embedding, and updates no other.
    silent: bool,
    /// Whether an earlier row had its case id.
    repeated: bool,
}

impl Run<'_> {
    fn sources(&mut self, inputs: &[Input], interrupt: &Interrupt) -> Result<(), Failure> {
        for input in inputs {
            let mut rows = input.rows(self.map, &self.engine.definition().fields)?;
            for note in rows.notes() {
                writeln!(stderr(), "note: {note}")?;
            }
            if let Input::Studies(folder) = input {
                self.pictures = Some(Pictures::of_folder(folder.root(), self.engine)?);
            }
            let shown = bar(rows.progress().1, "read");
            let ended = self
                .rows(input.name(), &mut rows, &shown, interrupt)
                .and_then(|()| self.encode_waiting(interrupt));
            shown.finish_and_clear();
            ended?;
            self.tally.ignored_columns.extend(rows.ignored_columns().iter().cloned());
            if let Input::Studies(_) = input {
                self.pictures = None;
            }
            if interrupt.asked() {
                break;
            }
        }
        self.flush()
    }

    fn rows(
        &mut self,
        source: &Path,
        rows: &mut Rows,
        shown: &ProgressBar,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        while !interrupt.asked() {
            let Some(row) = rows.next() else { break };
            let row = row.map_err(Failure::other)?;
            shown.set_position(rows.progress().0);
            shown.set_message(counted(self.tally.rows, "row", "rows"));
            self.row(source, row)?;
            if self.waiting.len() >= pictures::ROWS {
                self.encode_waiting(interrupt)?;
            }
            if self.batch.len() >= BATCH_CASES || self.batch_bytes >= BATCH_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn row(&mut self, source: &Path, row: Row) -> Result<(), Failure> {
        self.tally.rows += 1;
        let source = row.file.as_deref().unwrap_or(source).display().to_string();
        for dropped in &row.dropped {
            self.tally.dropped += 1;
            self.listing.drop_field(&source, dropped)?;
        }
        let case = match row.outcome {
            Ok(case) => case,
            Err(rejection) => {
                if let Some(vectors) = &mut self.vectors {
                    vectors.pass_over();
                }
                self.tally.rejected += 1;
                return self.listing.reject(&source, &rejection);
            }
        };
        let place = Place { source, row: row.number, line: row.line, silent: false, repeated: false };
        let named = row.embedding_rows.as_deref().unwrap_or_default();
        if self.vectors.is_none() && named.iter().any(Option::is_some) {
            let problem =
                "its images name rows of embeddings; give their file with --embeddings and --encoder-id";
            return Err(Failure::input(format!("{} row {}: {problem}", place.source, place.row)));
        }
        if self.pictures.is_some() {
            self.waiting.push((place, case));
            return Ok(());
        }
        let embeddings = match &mut self.vectors {
            Some(vectors) => vectors.of_case(case.images.len(), named)?,
            None => Ok(Vec::new()),
        };
        match embeddings {
            Ok(embeddings) => self.take(place, NewCase { embeddings, ..NewCase::new(case) }),
            Err(violation) => self.reject_all(&place, &[violation], MEND),
        }
    }

    /// Encodes the pictures of the rows that wait for it, and takes the rows on in their order.
    fn encode_waiting(&mut self, interrupt: &Interrupt) -> Result<(), Failure> {
        let Some(pictures) = &self.pictures else { return Ok(()) };
        let (places, cases): (Vec<Place>, Vec<Case>) = self.waiting.drain(..).unzip();
        let encoded = pictures.encode(self.engine, cases, || interrupt.asked());
        for (place, outcome) in places.into_iter().zip(encoded) {
            match outcome {
                Some(Ok(new)) => self.take(place, new)?,
                Some(Err(violations)) => self.reject_all(&place, &violations, MEND)?,
                // Interrupted: the same command comes back to it.
                None => self.tally.rows -= 1,
            }
        }
        Ok(())
    }

    /// Puts a case into the batch.
    fn take(&mut self, place: Place, new: NewCase) -> Result<(), Failure> {
        // What an update leaves out the index may hold.
        let whole = self.replacement != Replacement::Update;
        let silent = whole && new.case.report.is_none() && new.embeddings.iter().all(Option::is_none);
        let mut hasher = DefaultHasher::new();
        new.case.id.hash(&mut hasher);
        let repeated = !self.seen.insert(hasher.finish());
        self.batch_bytes += new.embeddings.iter().flatten().map(|v| v.values.len() * 4).sum::<usize>();
        self.batch
            .push((Place { silent, repeated, ..place }, NewCase { replacement: self.replacement, ..new }));
        Ok(())
    }

    /// Makes the batch durable.
    fn flush(&mut self) -> Result<(), Failure> {
        self.batch_bytes = 0;
        if self.batch.is_empty() {
            return Ok(());
        }
        let (places, cases): (Vec<Place>, Vec<NewCase>) = self.batch.drain(..).unzip();
        let outcomes = match self.args.dry_run {
            true => self.engine.rehearse(cases)?,
            false => self.engine.ingest(cases)?,
        };
        for (place, outcome) in places.iter().zip(outcomes) {
            let refusal = match outcome {
                Ok(ingested) => {
                    self.count(place, &ingested)?;
                    continue;
                }
                Err(refusal) => refusal,
            };
            let remedy = if let Refusal::Loss(_) = refusal { KEEP } else { MEND };
            self.reject_all(place, refusal.violations(), remedy)?;
        }
        Ok(())
    }

    fn count(&mut self, place: &Place, ingested: &Ingested) -> Result<(), Failure> {
        for warning in &ingested.warnings {
            self.tally.count(warning);
            self.listing.note(&place.source, place.row, warning)?;
        }
        self.tally.silent += u64::from(place.silent);
        self.tally.repeated += u64::from(place.repeated);
        match ingested.effect {
            Effect::Created | Effect::Replaced => self.tally.taken += 1,
            Effect::Unchanged | Effect::LeftAlone => self.tally.held += 1,
        }
        Ok(())
    }

    fn reject_all(&mut self, place: &Place, violations: &[Violation], remedy: &str) -> Result<(), Failure> {
        let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
        let problems: Vec<&str> = violations.iter().map(|violation| violation.description.as_str()).collect();
        let rejection = Rejection {
            row: place.row,
            line: place.line,
            field: fields.join(", "),
            problem: problems.join("; "),
            remedy: remedy.to_owned(),
        };
        self.tally.rejected += 1;
        self.listing.reject(&place.source, &rejection)
    }
}

fn merge(engine: &Engine, interrupt: &Interrupt) -> Result<(), EngineError> {
    let shown = bar(0, "merge");
    let progress = |phase: &'static str, done: usize, total: usize| {
        shown.set_prefix(phase);
        advance(&shown, done as u64, total as u64);
        !interrupt.asked()
    };
    let ended = match engine.merge_all(&progress) {
        // The cases are in; only the merge was not finished.
        Err(EngineError::Cancelled) => Ok(()),
        other => other.map(|_| ()),
    };
    shown.finish_and_clear();
    ended
}
