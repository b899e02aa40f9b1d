//! `precedent ingest`.
//!
//! What a run does is in `precedent-intake`; flags, messages, the list of rejected rows and exit codes are here.

pub mod flags;
mod listing;
mod refused;
mod summary;

use crate::encoders;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{advance, bar, counted, stderr};
pub use flags::IngestArgs;
use indicatif::ProgressBar;
use listing::{Listing, is_listing};
use precedent_engine::{Access, CaseWarning, Engine, EngineError, Replacement};
use precedent_intake::{Embeddings, Inputs, Options, Rejected, Watch};
use precedent_sources::{ColumnMap, DroppedField};
use std::io::{self, Write};

pub fn run(args: &IngestArgs) -> Outcome {
    take_in(args, &Interrupt::listen()?)
}

/// As the command, for a caller that listens for interrupts itself.
pub fn take_in(args: &IngestArgs, interrupt: &Interrupt) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    let refused = |error| refused::failure(error, args);
    let stop = || interrupt.asked();
    check_rejected(args)?;
    let options = options(args)?;
    let mut shown = Shown { listing: Listing::new(&args.rejected, args.dry_run), bar: None };
    // First, because a pipe may take long to end, and nobody else can write while the index is open.
    let inputs = Inputs::open(&args.sources, &options, &mut shown, &stop).map_err(refused)?;
    let access = if args.dry_run { Access::Read } else { Access::Bulk };
    let encoders = encoders::open_all(&args.encoders)?;
    let engine = Engine::open_with(&args.dir, access, &encoders).map_err(about)?;
    let ended = precedent_intake::ingest(&engine, &inputs, &options, &mut shown, &stop);
    // Whatever ended it, what was acknowledged is made visible.
    if !args.dry_run {
        engine.commit().map_err(about)?;
    }
    let tally = ended.map_err(refused)?;
    shown.listing.begin()?;
    let merges = args.merge || (!args.no_merge && engine.merge_gain().is_due());
    if merges && !args.dry_run && !interrupt.asked() {
        merge(&engine, interrupt).map_err(about)?;
    }
    summary::print(&tally, args, &engine)?;
    if tally.rows == 0 && !interrupt.asked() {
        return Err(Failure::input("no row was found; give manifests with a row per case below the header"));
    }
    if interrupt.asked() {
        writeln!(
            stderr(),
            "interrupted: the rows ingested so far are kept; run the same command again to resume"
        )?;
    }
    Ok(match (interrupt.asked(), tally.rejected) {
        (true, _) => Exit::Interrupted,
        (false, 0) => Exit::Done,
        (false, _) => Exit::SomeRejected,
    })
}

/// What the flags say.
fn options(args: &IngestArgs) -> Result<Options, Failure> {
    Ok(Options {
        dicom_ids: args.dicom_ids.into(),
        map: match &args.map {
            Some(path) => ColumnMap::open(path).map_err(Failure::input)?,
            None => ColumnMap::default(),
        },
        replacement: match args {
            args if args.update => Replacement::Update,
            args if args.replace_without => Replacement::Without,
            args if args.if_absent => Replacement::IfAbsent,
            _ => Replacement::Whole,
        },
        embeddings: args.embeddings.as_ref().map(|path| Embeddings {
            path: path.clone(),
            encoder_id: args.encoder_id.clone().unwrap_or_default(),
            per: args.embeddings_per.map(Into::into),
        }),
        encoder_id: args.encoder_id.clone().filter(|_| args.embeddings.is_none()),
        images: args.images.clone(),
        rehearse: args.dry_run,
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

/// What a run shows on the terminal and writes into its list.
struct Shown {
    listing: Listing,
    bar: Option<ProgressBar>,
}

impl Shown {
    fn bar(&mut self, what: &'static str) -> &ProgressBar {
        self.bar.get_or_insert_with(|| bar(0, what))
    }
}

impl Watch for Shown {
    fn headers(&mut self, done: u64, total: u64) {
        advance(self.bar("headers"), done, total);
    }

    fn read(&mut self, done: u64, total: u64, rows: u64) -> io::Result<()> {
        let bar = self.bar("read");
        advance(bar, done, total);
        bar.set_message(counted(rows, "row", "rows"));
        self.listing.begin()
    }

    fn source_ended(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn note(&mut self, note: &str) -> io::Result<()> {
        writeln!(stderr(), "note: {note}")
    }

    fn rejected(&mut self, rejected: &Rejected<'_>) -> io::Result<()> {
        self.listing.reject(rejected)
    }

    fn field_left_out(&mut self, source: &str, field: &DroppedField) -> io::Result<()> {
        self.listing.drop_field(source, field)
    }

    fn warned(&mut self, source: &str, row: u64, warning: &CaseWarning) -> io::Result<()> {
        self.listing.note(source, row, warning)
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
