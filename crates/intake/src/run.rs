//! A run, from the first row to the last.

use crate::embeddings::{Paired, check_held};
use crate::images::{self, Images};
use crate::inputs::{Input, Rows};
use crate::{Inputs, IntakeError, Options, Rejected, RejectedBecause, Tally, Watch};
use precedent_engine::{Engine, NewCase, Refusal, Replacement, Violation};
use precedent_model::Case;
use precedent_query::QueryVector;
use precedent_sources::{Rejection, Row};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// Cases that become durable together: one wait for the disk per batch.
const BATCH_CASES: usize = 1000;
/// The same in bytes of memory.
const BATCH_BYTES: usize = 16 << 20;
/// What to do about a row that is rejected for itself.
const MEND: &str = "mend the row and ingest the file again";
/// What to do about a row that is rejected for what the index holds.
const KEEP: &str = "update the case, which keeps what the row does not give, or replace it without";

/// Ingests every row of the inputs, in order. Cases are durable batch by batch; what a bulk engine holds becomes visible at its
/// next commit. `stop` is asked between rows: what was ingested before stays, and running again resumes.
///
/// # Errors
/// Embeddings or films that do not go with the index, before anything is ingested; a source that cannot be read on; the engine's;
/// the watch's own.
pub fn ingest(
    engine: &Engine,
    inputs: &Inputs,
    options: &Options,
    watch: &mut dyn Watch,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Tally, IntakeError> {
    check_held(inputs, engine, options)?;
    let mut run = Run {
        engine,
        options,
        watch,
        stop,
        embeddings: (options.embeddings.as_ref())
            .map(|embeddings| Paired::open(embeddings, inputs, engine, &options.map))
            .transpose()?,
        images: options.images.as_ref().map(|root| Images::named(root, engine)).transpose()?,
        waiting: Vec::new(),
        batch: Vec::new(),
        batch_bytes: 0,
        seen: HashSet::new(),
        tally: Tally::default(),
    };
    let read = run.inputs(inputs);
    // What was read before a source failed is good.
    let flushed = run.flush();
    read.and(flushed)?;
    Ok(run.tally)
}

struct Run<'a> {
    engine: &'a Engine,
    options: &'a Options,
    watch: &'a mut dyn Watch,
    stop: &'a (dyn Fn() -> bool + Sync),
    embeddings: Option<Paired>,
    images: Option<Images>,
    /// Rows whose films are still to be encoded.
    waiting: Vec<(Place, Case)>,
    batch: Vec<(Place, NewCase)>,
    batch_bytes: usize,
    /// Hashes of all ids so far, to tell of rows that repeat one.
    seen: HashSet<u64>,
    tally: Tally,
}

/// Where a case stands, for messages.
struct Place {
    source: String,
    row: u64,
    line: u64,
}

impl Run<'_> {
    fn inputs(&mut self, inputs: &Inputs) -> Result<(), IntakeError> {
        for input in inputs.all() {
            let mut rows = input.rows(&self.options.map, &self.engine.definition().fields)?;
            if self.options.encoder_id.is_some() {
                rows.read_embeddings()?;
            }
            for note in rows.notes() {
                self.watch.note(note).map_err(IntakeError::Watch)?;
            }
            if let Input::Studies(folder) = input {
                self.images = Some(Images::of_source(folder.root(), self.engine)?);
            }
            let ended = self.rows(input.name(), &mut rows).and_then(|()| self.encode_waiting());
            self.watch.source_ended();
            ended?;
            self.tally.ignored_columns.extend(rows.ignored_columns().iter().cloned());
            if let Input::Studies(_) = input {
                self.images = None;
            }
            if (self.stop)() {
                break;
            }
        }
        Ok(())
    }

    fn rows(&mut self, source: &Path, rows: &mut Rows) -> Result<(), IntakeError> {
        while !(self.stop)() {
            let Some(row) = rows.next() else { break };
            let row = row.map_err(IntakeError::Reading)?;
            let (done, total) = rows.progress();
            self.watch.read(done, total, self.tally.rows).map_err(IntakeError::Watch)?;
            self.row(source, row)?;
            if self.waiting.len() >= images::ROWS {
                self.encode_waiting()?;
            }
            if self.batch.len() >= BATCH_CASES || self.batch_bytes >= BATCH_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn row(&mut self, source: &Path, row: Row) -> Result<(), IntakeError> {
        self.tally.rows += 1;
        let source = row.file.as_deref().unwrap_or(source).display().to_string();
        for dropped in &row.dropped {
            self.tally.fields_left_out += 1;
            self.watch.field_left_out(&source, dropped).map_err(IntakeError::Watch)?;
        }
        let case = match row.outcome {
            Ok(case) => case,
            Err(rejection) => {
                if let Some(embeddings) = &mut self.embeddings {
                    embeddings.pass_over();
                }
                return self.reject(&source, &rejection, RejectedBecause::Wrong);
            }
        };
        let place = Place { source, row: row.number, line: row.line };
        let named = row.embedding_rows.as_deref().unwrap_or_default();
        if self.embeddings.is_none() && named.iter().any(Option::is_some) {
            return Err(IntakeError::NoEmbeddings { origin: place.source, row: place.row });
        }
        if self.images.is_some() {
            self.waiting.push((place, case));
            return Ok(());
        }
        let embeddings = match (&mut self.embeddings, &self.options.encoder_id) {
            (Some(embeddings), _) => embeddings.of_case(case.images.len(), named)?,
            (None, Some(encoder_id)) => {
                let vector = |values| QueryVector { values, encoder_id: encoder_id.clone() };
                Ok(row.embeddings.into_iter().map(|values| values.map(vector)).collect())
            }
            (None, None) => Ok(Vec::new()),
        };
        match embeddings {
            Ok(embeddings) => {
                self.take(place, NewCase { embeddings, ..NewCase::new(case) });
                Ok(())
            }
            Err(violation) => self.reject_all(&place, &[violation], RejectedBecause::Wrong),
        }
    }

    /// Encodes the films of the rows that wait for it, and takes the rows on in their order.
    fn encode_waiting(&mut self) -> Result<(), IntakeError> {
        let Some(images) = &self.images else { return Ok(()) };
        let (places, cases): (Vec<Place>, Vec<Case>) = self.waiting.drain(..).unzip();
        let encoded = images.encode(self.engine, cases, self.stop);
        for (place, outcome) in places.into_iter().zip(encoded) {
            match outcome {
                Some(Ok(new)) => self.take(place, new),
                Some(Err(violations)) => self.reject_all(&place, &violations, RejectedBecause::Wrong)?,
                // Stopped: the next run comes back to it.
                None => self.tally.rows -= 1,
            }
        }
        Ok(())
    }

    /// Puts a case into the batch.
    fn take(&mut self, place: Place, new: NewCase) {
        self.batch_bytes += new.memory_bytes();
        self.batch.push((place, NewCase { replacement: self.options.replacement, ..new }));
    }

    /// Makes the batch durable.
    fn flush(&mut self) -> Result<(), IntakeError> {
        self.batch_bytes = 0;
        if self.batch.is_empty() {
            return Ok(());
        }
        let (places, cases): (Vec<Place>, Vec<NewCase>) = self.batch.drain(..).unzip();
        let facts: Vec<Facts> = cases.iter().map(Facts::of).collect();
        let outcomes = match self.options.rehearse {
            true => self.engine.rehearse(cases)?,
            false => self.engine.ingest(cases)?,
        };
        for ((place, facts), outcome) in places.iter().zip(facts).zip(outcomes) {
            let ingested = match outcome {
                Ok(ingested) => ingested,
                Err(Refusal::Invalid(violations)) => {
                    self.reject_all(place, &violations, RejectedBecause::Wrong)?;
                    continue;
                }
                Err(Refusal::Loss(violations)) => {
                    self.reject_all(place, &violations, RejectedBecause::Loss)?;
                    continue;
                }
            };
            for warning in &ingested.warnings {
                self.watch.warned(&place.source, place.row, warning).map_err(IntakeError::Watch)?;
            }
            self.tally.count(ingested.effect, &ingested.warnings);
            self.tally.silent += u64::from(facts.silent);
            self.tally.repeated += u64::from(!self.seen.insert(facts.id));
        }
        Ok(())
    }

    fn reject_all(
        &mut self,
        place: &Place,
        violations: &[Violation],
        because: RejectedBecause,
    ) -> Result<(), IntakeError> {
        let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
        let problems: Vec<&str> = violations.iter().map(|violation| violation.description.as_str()).collect();
        let remedy = match because {
            RejectedBecause::Wrong => MEND,
            RejectedBecause::Loss => KEEP,
        };
        let rejection = Rejection {
            row: place.row,
            line: place.line,
            field: fields.join(", "),
            problem: problems.join("; "),
            remedy: remedy.to_owned(),
        };
        self.reject(&place.source, &rejection, because)
    }

    fn reject(&mut self, source: &str, row: &Rejection, because: RejectedBecause) -> Result<(), IntakeError> {
        self.tally.rejected += 1;
        self.watch.rejected(&Rejected { source, row, because }).map_err(IntakeError::Watch)
    }
}

/// What is counted of a case that is ingested.
struct Facts {
    /// The hash of its id.
    id: u64,
    /// Whether it has neither text nor embedding, and updates no other: what an update leaves out the index may hold.
    silent: bool,
}

impl Facts {
    fn of(new: &NewCase) -> Self {
        let mut hasher = DefaultHasher::new();
        new.case.id.hash(&mut hasher);
        let is_bare = new.case.report.is_none() && new.embeddings.iter().all(Option::is_none);
        Self { id: hasher.finish(), silent: is_bare && new.replacement != Replacement::Update }
    }
}
