//! `precedent ingest`.
//!
//! A case that the index holds already, exactly as it stands in the manifest, is passed over. So the same command
//! again goes on where a killed one was cut short, and a changed manifest writes only what changed. Pictures are encoded
//! again for that: the index keeps no trace of a file but its embedding, and a picture that changed must be noticed.

mod pictures;

use crate::args::{EmbeddingsPer, IngestArgs};
use crate::encoders;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{bar, count, counted};
use indicatif::ProgressBar;
use pictures::Pictures;
use precedent_engine::{Access, Engine, EngineError, NewCase, Violation};
use precedent_model::{Case, CaseId};
use precedent_query::QueryVector;
use precedent_sources::{ColumnMap, Manifest, NpyMatrix, Rejection, Row};
use std::collections::{BTreeSet, HashSet};
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;

/// Cases that become durable together: one wait for the disk per batch.
const BATCH_CASES: usize = 1000;
/// The same in bytes of embeddings.
const BATCH_BYTES: usize = 16 << 20;

pub fn run(args: &IngestArgs) -> Outcome {
    take_in(args, &Interrupt::listen()?)
}

/// As the command, for a caller that listens for interrupts itself.
pub fn take_in(args: &IngestArgs, interrupt: &Interrupt) -> Outcome {
    let about = |error: EngineError| Failure::from(error).about(args.dir.display());
    check_rejects(args)?;
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
        vectors: Vectors::open(args, &engine, &map)?,
        pictures: args.images.as_ref().map(|root| Pictures::open(root, &engine)).transpose()?,
        waiting: Vec::new(),
        rejects: None,
        batch: Vec::new(),
        batch_ids: HashSet::new(),
        seen: HashSet::new(),
        batch_bytes: 0,
        tally: Tally::default(),
    };
    let ended = run.sources(interrupt);
    // Whatever ended it, what was acknowledged is made visible.
    if !args.dry_run {
        engine.commit().map_err(about)?;
    }
    ended?;
    if !args.dry_run && !args.no_merge && !interrupt.asked() {
        merge(&engine, interrupt).map_err(about)?;
    }
    run.tally.print(args, &engine)?;
    if interrupt.asked() {
        writeln!(
            std::io::stderr(),
            "interrupted: what was taken in stays, the same command goes on from there"
        )?;
    }
    Ok(match (interrupt.asked(), run.tally.rejected) {
        (true, _) => Exit::Interrupted,
        (false, 0) => Exit::Done,
        (false, _) => Exit::SomeRejected,
    })
}

/// The list of rejected rows grows while the sources are read, so it must be none of them.
fn check_rejects(args: &IngestArgs) -> Result<(), Failure> {
    let Ok(rejects) = args.rejects.canonicalize() else { return Ok(()) };
    let read = args.sources.iter().chain(&args.map).chain(&args.embeddings);
    let inside = args.dir.canonicalize().is_ok_and(|dir| rejects.starts_with(dir));
    if inside || read.into_iter().any(|path| path.canonicalize().is_ok_and(|path| path == rejects)) {
        let problem = "is read by this command or part of the index; name another file";
        return Err(Failure::input(format!("--rejects {}: {problem}", args.rejects.display())));
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
    rejects: Option<File>,
    batch: Vec<(Place, NewCase)>,
    /// Ids in the batch.
    batch_ids: HashSet<CaseId>,
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
}

#[derive(Default)]
struct Tally {
    rows: u64,
    taken: u64,
    held: u64,
    rejected: u64,
    /// Cases with neither text nor embedding.
    silent: u64,
    /// Rows whose case id an earlier row had.
    repeated: u64,
    ignored_columns: BTreeSet<String>,
}

impl Run<'_> {
    fn sources(&mut self, interrupt: &Interrupt) -> Result<(), Failure> {
        for path in &self.args.sources {
            let mut manifest =
                Manifest::open(path, self.map, &self.engine.definition().fields).map_err(Failure::input)?;
            for warning in manifest.warnings() {
                writeln!(std::io::stderr(), "note: {warning}")?;
            }
            let shown = bar(manifest.bytes_total(), "bytes");
            let ended = self
                .rows(path, &mut manifest, &shown, interrupt)
                .and_then(|()| self.encode_waiting(interrupt));
            shown.finish_and_clear();
            ended?;
            self.tally.ignored_columns.extend(manifest.ignored_columns().iter().cloned());
            if interrupt.asked() {
                break;
            }
        }
        self.flush()
    }

    fn rows(
        &mut self,
        path: &Path,
        manifest: &mut Manifest,
        shown: &ProgressBar,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        while !interrupt.asked() {
            let Some(row) = manifest.next() else { break };
            let row = row.map_err(Failure::other)?;
            shown.set_position(manifest.bytes_read());
            shown.set_message(counted(self.tally.rows, "row", "rows"));
            self.row(path, row)?;
            if self.waiting.len() >= pictures::ROWS {
                self.encode_waiting(interrupt)?;
            }
            if self.batch.len() >= BATCH_CASES || self.batch_bytes >= BATCH_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn row(&mut self, path: &Path, row: Row) -> Result<(), Failure> {
        self.tally.rows += 1;
        let source = path.display().to_string();
        let case = match row.outcome {
            Ok(case) => case,
            Err(rejection) => {
                if let Some(vectors) = &mut self.vectors {
                    vectors.pass_over();
                }
                return self.reject(&source, &rejection);
            }
        };
        let place = Place { source, row: row.number, line: row.line };
        if self.pictures.is_some() {
            self.waiting.push((place, case));
            return Ok(());
        }
        let embeddings = match &mut self.vectors {
            Some(vectors) => vectors.of_case(case.images.len())?,
            None => Vec::new(),
        };
        self.take(place, NewCase { case, embeddings })
    }

    /// Encodes the pictures of the rows that wait for it, and takes the rows on in their order.
    fn encode_waiting(&mut self, interrupt: &Interrupt) -> Result<(), Failure> {
        let Some(pictures) = &self.pictures else { return Ok(()) };
        let (places, cases): (Vec<Place>, Vec<Case>) = self.waiting.drain(..).unzip();
        let encoded = pictures.encode(self.engine, cases, || interrupt.asked());
        for (place, outcome) in places.into_iter().zip(encoded) {
            match outcome {
                Some(Ok(new)) => self.take(place, new)?,
                Some(Err(violations)) => self.reject_all(&place, &violations)?,
                // Interrupted: the same command comes back to it.
                None => self.tally.rows -= 1,
            }
        }
        Ok(())
    }

    /// Puts a case into the batch, unless it cannot be or is held already.
    fn take(&mut self, place: Place, new: NewCase) -> Result<(), Failure> {
        if let Err(violations) = self.engine.check(&new) {
            return self.reject_all(&place, &violations);
        }
        if new.case.report.is_none() && new.embeddings.iter().all(Option::is_none) {
            self.tally.silent += 1;
        }
        let mut hasher = DefaultHasher::new();
        new.case.id.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            self.tally.repeated += 1;
        }
        if self.batch_ids.contains(&new.case.id) {
            // An earlier row of the same id must be in before this one is compared with what is held.
            self.flush()?;
        }
        if self.engine.holds(&new)? {
            self.tally.held += 1;
        } else if self.args.dry_run {
            self.tally.taken += 1;
        } else {
            self.batch_bytes += new.embeddings.iter().flatten().map(|v| v.values.len() * 4).sum::<usize>();
            self.batch_ids.insert(new.case.id.clone());
            self.batch.push((place, new));
        }
        Ok(())
    }

    /// Makes the batch durable.
    fn flush(&mut self) -> Result<(), Failure> {
        self.batch_bytes = 0;
        self.batch_ids.clear();
        if self.batch.is_empty() {
            return Ok(());
        }
        let (places, cases): (Vec<Place>, Vec<NewCase>) = self.batch.drain(..).unzip();
        for (place, outcome) in places.iter().zip(self.engine.ingest(cases)?) {
            match outcome {
                Ok(_) => self.tally.taken += 1,
                Err(violations) => self.reject_all(place, &violations)?,
            }
        }
        Ok(())
    }

    fn reject_all(&mut self, place: &Place, violations: &[Violation]) -> Result<(), Failure> {
        let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
        let problems: Vec<&str> = violations.iter().map(|violation| violation.description.as_str()).collect();
        let rejection = Rejection {
            row: place.row,
            line: place.line,
            field: fields.join(", "),
            problem: problems.join("; "),
            remedy: "mend the row and ingest the file again".to_owned(),
        };
        self.reject(&place.source, &rejection)
    }

    /// Lists a rejected row; the first one also on the terminal.
    fn reject(&mut self, source: &str, rejection: &Rejection) -> Result<(), Failure> {
        self.tally.rejected += 1;
        let about = |error: std::io::Error| Failure::other(error).about(self.args.rejects.display());
        if self.tally.rejected == 1 {
            let where_to = self.args.rejects.display();
            let said = format!(
                "{source} row {}: {}: {}; {}",
                rejection.row, rejection.field, rejection.problem, rejection.remedy
            );
            writeln!(std::io::stderr(), "rejected: {said} (all rejected rows: {where_to})")?;
        }
        if self.rejects.is_none() {
            let file =
                OpenOptions::new().create(true).append(true).open(&self.args.rejects).map_err(about)?;
            self.rejects = Some(file);
        }
        let line = serde_json::json!({
            "source": source,
            "row": rejection.row,
            "line": rejection.line,
            "field": rejection.field,
            "problem": rejection.problem,
            "remedy": rejection.remedy,
        });
        match &mut self.rejects {
            Some(file) => writeln!(file, "{line}").map_err(about),
            None => Ok(()),
        }
    }
}

impl Tally {
    fn print(&self, args: &IngestArgs, engine: &Engine) -> Result<(), Failure> {
        let mut out = std::io::stdout();
        let verb = if args.dry_run { "would be taken in" } else { "taken in" };
        writeln!(
            out,
            "{}: {} {verb}, {} held already, {} rejected",
            counted(self.rows, "row", "rows"),
            count(self.taken),
            count(self.held),
            count(self.rejected)
        )?;
        if self.rows == 0 {
            writeln!(out, "no row was found: a header alone, or lines that do not end in LF or CRLF")?;
        }
        if self.repeated > 0 {
            let rows = counted(self.repeated, "row repeats", "rows repeat");
            writeln!(out, "{rows} the case id of an earlier one; of each id the last row counts")?;
        }
        if self.silent > 0 {
            let cases = counted(self.silent, "case has", "cases have");
            writeln!(out, "{cases} neither text nor embedding, so only filters find them")?;
        }
        if !self.ignored_columns.is_empty() {
            let names: Vec<&str> = self.ignored_columns.iter().map(String::as_str).collect();
            writeln!(out, "columns that the index does not keep: {}", names.join(" "))?;
        }
        if let (Some(_), Some(notice)) = (&args.images, engine.notice()) {
            writeln!(out, "note: {notice}")?;
        }
        if !args.dry_run {
            let view = engine.view();
            let cases = counted(view.case_count() as u64, "case", "cases");
            writeln!(out, "the index holds {cases}, generation {}", view.generation())?;
        }
        Ok(())
    }
}

fn merge(engine: &Engine, interrupt: &Interrupt) -> Result<(), EngineError> {
    let shown = bar(0, "merge");
    let progress = |phase: &'static str, done: usize, total: usize| {
        shown.set_prefix(phase);
        shown.set_length(total as u64);
        shown.set_position(done as u64);
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

/// What the manifests hold, counted before anything is taken in.
#[derive(Debug, Default)]
struct Census {
    rows: u64,
    images: u64,
    /// Rows that cannot be read, whose images nobody knows.
    unreadable: u64,
    /// Whether some row has no image, or several.
    uneven: bool,
}

impl Census {
    fn of(args: &IngestArgs, engine: &Engine, map: &ColumnMap) -> Result<Self, Failure> {
        let mut census = Self::default();
        for source in &args.sources {
            for row in Manifest::open(source, map, &engine.definition().fields).map_err(Failure::input)? {
                census.rows += 1;
                match row.map_err(Failure::input)?.outcome {
                    Ok(case) => {
                        census.images += case.images.len() as u64;
                        census.uneven |= case.images.len() != 1;
                    }
                    Err(_) => census.unreadable += 1,
                }
            }
        }
        Ok(census)
    }

    /// Whether the embeddings are one per image, not one per row. Where that cannot be told for certain it is refused:
    /// an embedding under the wrong case would be found for years.
    fn pair(&self, embeddings: u64, asked: Option<EmbeddingsPer>) -> Result<bool, String> {
        let Self { rows, images, unreadable, uneven } = *self;
        let counts = format!("it has {embeddings} rows, the manifests {rows} rows and {images} images");
        let (by_row, by_image) = (embeddings == rows, embeddings == images);
        let per_image = match asked {
            Some(EmbeddingsPer::Row) if !by_row => return Err(format!("{counts}; give one for each row")),
            Some(EmbeddingsPer::Image) if !by_image && unreadable == 0 => {
                return Err(format!("{counts}; give one for each image"));
            }
            Some(per) => per == EmbeddingsPer::Image,
            None if by_row && by_image && uneven => {
                return Err(format!("{counts}, some of them unevenly; say --embeddings-per row or image"));
            }
            None if by_row => false,
            None if by_image || unreadable > 0 => true,
            None => return Err(format!("{counts}; give one for each")),
        };
        if per_image && unreadable > 0 {
            let problem = "cannot be read, so nobody knows how many embeddings to pass over";
            return Err(format!(
                "{counts}, and {} {problem}; mend them first",
                counted(unreadable, "row", "rows")
            ));
        }
        Ok(per_image)
    }
}

/// The embeddings beside the manifests: one per row, or one per image.
struct Vectors {
    matrix: NpyMatrix,
    encoder_id: String,
    per_image: bool,
    next: u64,
}

impl Vectors {
    /// Opens the file and holds it against the index and the manifests before anything is taken in.
    fn open(args: &IngestArgs, engine: &Engine, map: &ColumnMap) -> Result<Option<Self>, Failure> {
        let Some(path) = &args.embeddings else { return Ok(None) };
        let about = |error: &dyn std::fmt::Display| Failure::input(error).about(path.display());
        let matrix = NpyMatrix::open(path).map_err(Failure::input)?;
        let encoder_id = args.encoder_id.clone().unwrap_or_default();
        let Some(space) = &engine.definition().image_space else {
            return Err(about(
                &"the index has no image space; make one with init --dimension and --encoder-id",
            ));
        };
        if matrix.dimension() != space.dimension() {
            let (found, wanted) = (matrix.dimension(), space.dimension());
            return Err(about(&format!("its rows have {found} numbers, the index takes {wanted}")));
        }
        if matrix.rows() == 0 {
            return Err(about(&"it has no rows; give one for each row of the manifests"));
        }
        if encoder_id != space.encoder_id() {
            let wanted = space.encoder_id();
            return Err(about(&format!("--encoder-id {encoder_id}: the index holds embeddings of {wanted}")));
        }
        let per_image =
            Census::of(args, engine, map)?.pair(matrix.rows(), args.embeddings_per).map_err(|e| about(&e))?;
        Ok(Some(Self { matrix, encoder_id, per_image, next: 0 }))
    }

    /// The embeddings of the next case.
    fn of_case(&mut self, images: usize) -> Result<Vec<Option<QueryVector>>, Failure> {
        let wanted = if self.per_image { images } else { 1 };
        (0..wanted)
            .map(|_| {
                let mut values = Vec::new();
                self.matrix.read_row(self.next, &mut values).map_err(Failure::other)?;
                self.next += 1;
                Ok(Some(QueryVector { values, encoder_id: self.encoder_id.clone() }))
            })
            .collect()
    }

    /// Skips the embedding of a rejected row.
    fn pass_over(&mut self) {
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(rows: u64, images: u64, unreadable: u64, uneven: bool) -> Census {
        Census { rows, images, unreadable, uneven }
    }

    #[test]
    fn embeddings_are_paired_only_where_there_is_one_way() {
        use EmbeddingsPer::{Image, Row};
        assert_eq!(census(3, 3, 0, false).pair(3, None), Ok(false));
        assert_eq!(census(3, 0, 0, true).pair(3, None), Ok(false));
        assert_eq!(census(3, 5, 0, true).pair(5, None), Ok(true));
        assert_eq!(census(3, 3, 0, true).pair(3, Some(Image)), Ok(true));
        assert_eq!(census(3, 3, 0, true).pair(3, Some(Row)), Ok(false));
        assert_eq!(census(3, 2, 1, false).pair(3, None), Ok(false));
        for (census, embeddings, asked, word) in [
            (census(3, 3, 0, true), 3, None, "--embeddings-per"),
            (census(3, 5, 0, true), 4, None, "give one for each"),
            (census(3, 4, 1, true), 5, None, "mend them first"),
            (census(3, 4, 1, true), 4, Some(Image), "mend them first"),
            (census(3, 5, 0, true), 5, Some(Row), "for each row"),
            (census(3, 5, 0, true), 3, Some(Image), "for each image"),
        ] {
            assert!(census.pair(embeddings, asked).unwrap_err().contains(word), "{census:?}");
        }
    }
}
