//! The only writer: takes operations into the log, turns them into segments, publishes generations.
//!
//! Two locks, always taken in this order: `install` serialises changes of the generation, `state` guards the log and pending
//! operations. Ingest continues while a segment is written; searches take no lock at all.

use crate::generations::{Generations, remove_litter};
use crate::judge::{Call, Outcomes, Put};
use crate::manifest::{LOG, Manifest};
use crate::merge_claims::MergeClaims;
use crate::misfit::misfits;
use crate::pending::{Pending, PendingCase};
use crate::record::{LoggedCase, Operation, decode_operation, encode_case, encode_delete};
use crate::reserve::Reserve;
use crate::shared::{Mutex, MutexGuard, lock};
use crate::{
    CaseEntry, Definition, Effect, IndexError, Misfit, Refused, Replacement, SegmentSize, Snapshot, Stored,
};
use precedent_model::CaseId;
use precedent_storage::{Log, LogLimits, MAX_FRAME, Storage, StorageError};
use std::collections::HashSet;
use std::sync::Arc;

const LOCK: &str = "writer.lock";

/// Shows to the outside what the writer is doing (for an external crash test).
macro_rules! phase {
    ($phase:literal, $what:literal) => {
        tracing::debug!(target: "precedent::phase", phase = $phase, $what);
    };
}
pub(crate) use phase;

/// How much a writer holds in memory, and how large segments may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterLimits {
    /// A segment that reaches this size accepts no further case.
    pub segment: SegmentSize,
    /// Memory for operations that are read back from the log, in bytes: when they take more, they become a generation.
    pub replayed_bytes: usize,
}

impl Default for WriterLimits {
    fn default() -> Self {
        Self { segment: SegmentSize::LARGEST, replayed_bytes: 128 << 20 }
    }
}

/// The only writer of an index.
#[derive(Debug)]
pub struct IndexWriter {
    pub(crate) generations: Generations,
    pub(crate) install: Mutex<()>,
    pub(crate) merges: MergeClaims,
    state: Mutex<State>,
    /// Number of threads for building graphs.
    pub(crate) threads: usize,
}

#[derive(Debug)]
struct State {
    log: Log,
    /// What the log contained at the start may be in the system's cache only, so nothing is acknowledged before a generation
    /// holds it.
    reread: bool,
    pending: Pending,
    /// What a commit is turning into a segment. It stays here until a generation holds it, so that neither a failure nor a panic
    /// can lose it.
    in_flight: Option<Arc<Pending>>,
    reserve: Reserve,
    /// The log has failed in a way that only reopening can repair.
    failed: bool,
}

/// The result of a delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The position of the operation in the log.
    pub sequence: u64,
    /// Positions of ids that do not exist.
    pub unknown: Vec<usize>,
}

impl IndexWriter {
    /// Creates an empty index. The directory must be empty.
    ///
    /// # Errors
    /// A definition that is not allowed for new indexes ([`Definition::check_new`]), [`IndexError::NotEmpty`], or a file system
    /// error.
    pub fn create(storage: &dyn Storage, definition: &Definition) -> Result<(), IndexError> {
        definition.check_new()?;
        const FOLDERS: [&str; 3] = ["segments", "tombstones", LOG];
        for name in storage.list("")? {
            // An interrupted creation leaves empty folders and a manifest under a temporary name; start over.
            let empty_folder = FOLDERS.contains(&name.as_str()) && storage.list(&name)?.is_empty();
            if !empty_folder && name != format!("{}.tmp", Manifest::file_name(0)) {
                return Err(IndexError::NotEmpty);
            }
        }
        for folder in FOLDERS {
            storage.create_dir_all(folder)?;
        }
        storage.sync_dir("")?;
        Manifest::new(definition.clone()).publish(storage)
    }

    /// Opens an index for writing, and reads back what the log holds beyond the newest generation.
    ///
    /// # Errors
    /// No index, another writer, a damaged file; a full disk, if the log holds more than may wait in memory.
    pub fn open(storage: Arc<dyn Storage>, threads: usize) -> Result<Self, IndexError> {
        Self::open_within(storage, threads, WriterLimits::default())
    }

    /// As [`Self::open`], with other limits.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_within(
        storage: Arc<dyn Storage>,
        threads: usize,
        limits: WriterLimits,
    ) -> Result<Self, IndexError> {
        // A directory without a manifest must not get a lock file.
        Manifest::latest(storage.as_ref())?;
        let lock = storage.lock(LOCK)?;
        let snapshot = Snapshot::open(storage.as_ref())?;
        remove_litter(storage.as_ref(), &snapshot.manifest)?;
        let generations = Generations::new(storage, lock, snapshot, limits.segment);
        let mut pending = Pending::default();
        let mut log = open_log(&generations, &mut pending, |pending, next| {
            if pending.bytes() > limits.replayed_bytes {
                generations.commit(pending, next)?;
                *pending = Pending::default();
            }
            Ok(())
        })?;
        log.prune(generations.newest().manifest.log_start)?;
        let state = State {
            log,
            reread: !pending.is_empty(),
            pending,
            in_flight: None,
            reserve: Reserve::default(),
            failed: false,
        };
        let writer = Self {
            generations,
            install: Mutex::new(()),
            merges: MergeClaims::default(),
            state: Mutex::new(state),
            threads,
        };
        match writer.commit() {
            // Searches work all the same, and the first operation tries again.
            Err(IndexError::Storage(StorageError::Full { .. })) => Ok(writer),
            done => done.map(|_| writer),
        }
    }

    /// The newest generation.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.generations.newest()
    }

    /// Stores cases, whatever they replace. They are durable when this returns their sequence numbers.
    ///
    /// # Errors
    /// [`IndexError::TooLarge`] or [`IndexError::Misfit`] before anything is written; a full disk; a failed writer. No case is acknowledged then, and none
    /// is there after the next start either.
    pub fn put(&self, entries: Vec<CaseEntry>) -> Result<Vec<u64>, IndexError> {
        let snapshot = self.snapshot();
        let encode = |entry| Put::encode(snapshot.definition(), entry, Replacement::Without);
        let encoded = entries.into_iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        self.writable()?.put(self.generations.storage().as_ref(), encoded)
    }

    /// As [`Self::put`], but each case is compared with the one it would replace, be that in a segment, on its way into one, or
    /// earlier in the same call: the [`Replacement`] decides. Refused cases change nothing, and a case equal to the existing one
    /// is not written again.
    ///
    /// # Errors
    /// As [`Self::put`], and a damaged file.
    pub fn replace(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<Vec<Result<Stored, Refused>>, IndexError> {
        let (mut state, puts, outcomes) = self.decide(cases)?;
        let storage = self.generations.storage().as_ref();
        let sequences = if puts.is_empty() { Vec::new() } else { state.put(storage, puts)? };
        Ok(outcomes.stored(&sequences))
    }

    /// What [`Self::replace`] would do, without changing anything.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn rehearse(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<Vec<Result<Effect, Refused>>, IndexError> {
        self.decide(cases).map(|(_, _, outcomes)| outcomes.effects())
    }

    /// Decides what to do with each case, by what is held. This is valid as long as the state is.
    fn decide(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<(MutexGuard<'_, State>, Vec<Put>, Outcomes), IndexError> {
        // Encoding, lookups and comparisons are done before other writers have to wait.
        let snapshot = self.snapshot();
        let mut call = Call::prepare(&snapshot, cases)?;
        let state = self.writable()?;
        // What is committed meanwhile stays in flight until its generation is visible here.
        call.renew(&self.snapshot())?;
        let (puts, outcomes) = call.decide(snapshot.definition(), |id| state.held(id))?;
        Ok((state, puts, outcomes))
    }

    /// Deletes cases. Durable when this returns.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn delete(&self, ids: &[CaseId]) -> Result<Deleted, IndexError> {
        let operation = encode_delete(ids);
        if operation.len() > MAX_FRAME {
            return Err(IndexError::TooLarge { bytes: operation.len(), limit: MAX_FRAME });
        }
        let mut state = self.writable()?;
        let snapshot = self.snapshot();
        let (mut unknown, mut seen) = (Vec::new(), HashSet::new());
        for (position, id) in ids.iter().enumerate() {
            let known = match state.knows(id) {
                Some(known) => known,
                None => snapshot.find(id)?.is_some(),
            };
            if !known || !seen.insert(id) {
                unknown.push(position);
            }
        }
        state.hold_room(self.generations.storage().as_ref(), operation.len())?;
        phase!("log-append", "begin");
        let sequences = state.append([operation.as_slice()])?;
        phase!("log-append", "end");
        state.pending.delete(ids);
        Ok(Deleted { sequence: sequences[0], unknown })
    }

    /// Number of operations that are durable but not yet in a segment.
    pub fn pending_operations(&self) -> usize {
        lock(&self.state).waiting().map(Pending::operations).sum()
    }

    /// Their approximate size in memory, in bytes.
    pub fn pending_bytes(&self) -> usize {
        lock(&self.state).waiting().map(Pending::bytes).sum()
    }

    /// Makes everything durable visible: writes pending operations as a segment and publishes a generation.
    ///
    /// # Errors
    /// A full disk, after which everything is as before; a failed writer, which must then be reopened.
    pub fn commit(&self) -> Result<Arc<Snapshot>, IndexError> {
        let _install = lock(&self.install);
        let (batch, log_start) = {
            let mut state = lock(&self.state);
            self.check(&state)?;
            // After a panic, what was being committed is still here.
            state.put_back();
            if state.pending.is_empty() {
                state.reread = false;
                return Ok(self.snapshot());
            }
            let batch = Arc::new(std::mem::take(&mut state.pending));
            state.in_flight = Some(batch.clone());
            (batch, state.log.next_sequence())
        };
        phase!("commit", "begin");
        let mut committed = self.generations.commit(&batch, log_start);
        let storage = self.generations.storage().as_ref();
        if matches!(committed, Err(IndexError::Storage(StorageError::Full { .. })))
            && lock(&self.state).reserve.release(storage)
        {
            // What was acknowledged must become visible, and space was reserved for it.
            committed = self.generations.commit(&batch, log_start);
        }
        drop(batch);
        let mut state = lock(&self.state);
        match &committed {
            Ok(_) => state.finish(log_start),
            Err(_) => state.put_back(),
        }
        if committed.is_ok() && state.pending.is_empty() {
            state.reserve.release(storage);
        }
        phase!("commit", "end");
        committed
    }

    /// Checks that the writer can continue.
    fn check(&self, state: &State) -> Result<(), IndexError> {
        if state.failed { Err(IndexError::Failed) } else { self.generations.check() }
    }

    /// The state, ready to accept operations.
    fn writable(&self) -> Result<MutexGuard<'_, State>, IndexError> {
        loop {
            let state = lock(&self.state);
            self.check(&state)?;
            if !state.reread {
                return Ok(state);
            }
            drop(state);
            self.commit()?;
        }
    }
}

impl State {
    /// Makes cases durable; they then wait for their segment.
    fn put(&mut self, storage: &dyn Storage, puts: Vec<Put>) -> Result<Vec<u64>, IndexError> {
        let new: usize = puts.iter().map(|put| put.case.bytes()).sum();
        self.hold_room(storage, new)?;
        phase!("log-append", "begin");
        let sequences = self.append(puts.iter().map(|put| put.operation.as_slice()))?;
        phase!("log-append", "end");
        for (&sequence, put) in sequences.iter().zip(puts) {
            self.pending.put(sequence, put.case);
        }
        Ok(sequences)
    }

    /// Reserves disk space for what is waiting and for this many bytes more.
    fn hold_room(&mut self, storage: &dyn Storage, new: usize) -> Result<(), IndexError> {
        let waiting: usize = self.waiting().map(Pending::bytes).sum();
        Ok(self.reserve.hold(storage, waiting + new)?)
    }

    /// What an operation that is in no generation yet left under an id; `None` if none named it.
    fn held(&self, id: &CaseId) -> Option<Option<(u64, &PendingCase)>> {
        self.waiting().find_map(|pending| pending.held(id))
    }

    /// What is in no generation yet.
    fn waiting(&self) -> impl Iterator<Item = &Pending> {
        std::iter::once(&self.pending).chain(self.in_flight.as_deref())
    }

    /// Whether an operation that is in no generation yet named this id, and if so, whether it leaves a case there.
    fn knows(&self, id: &CaseId) -> Option<bool> {
        self.waiting().find_map(|pending| pending.knows(id))
    }

    /// Returns what was being committed to the pending operations.
    fn put_back(&mut self) {
        if let Some(batch) = self.in_flight.take() {
            self.pending.restore(Arc::unwrap_or_clone(batch));
        }
    }

    /// A generation holds all operations before `log_start`: the log continues in a new file, and older files are removed.
    fn finish(&mut self, log_start: u64) {
        self.in_flight = None;
        self.reread = false;
        if let Err(error) = self.log.roll().and_then(|()| self.log.prune(log_start)) {
            // The generation is valid all the same.
            let error = self.stop(error);
            tracing::warn!(%error, "the log could not be started anew");
        }
    }

    /// Appends operations and makes them durable together.
    fn append<'a>(&mut self, operations: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u64>, IndexError> {
        let write = || -> Result<Vec<u64>, StorageError> {
            let sequences = operations
                .into_iter()
                .map(|operation| self.log.append(operation))
                .collect::<Result<Vec<_>, _>>()?;
            self.log.sync()?;
            Ok(sequences)
        };
        write().map_err(|error| self.stop(error))
    }

    /// What the log refused is no longer in it. A full disk can recover; after anything else it is unknown what the disk holds,
    /// and only a restart reads it.
    fn stop(&mut self, error: StorageError) -> IndexError {
        self.failed |= !matches!(error, StorageError::Full { .. });
        error.into()
    }
}

/// Opens the log and adds all operations that are in no generation to the pending ones. After each, `taken` sees the pending
/// operations and the next sequence number, and may make a generation of them.
fn open_log(
    generations: &Generations,
    pending: &mut Pending,
    taken: impl Fn(&mut Pending, u64) -> Result<(), IndexError>,
) -> Result<Log, IndexError> {
    let newest = generations.newest();
    let space = newest.definition().image_space.as_ref();
    let damaged = |sequence: u64, problem: String| {
        IndexError::damaged(LOG, format!("operation {sequence} cannot be read: {problem}"))
    };
    let storage = generations.storage().clone();
    let (log, recovery) =
        Log::open(storage, LOG, newest.manifest.log_start, LogLimits::default(), |sequence, bytes| {
            match decode_operation(bytes).map_err(|error| damaged(sequence, error.to_string()))? {
                Operation::Delete(ids) => pending.delete(&ids),
                Operation::Put(logged) => {
                    let LoggedCase { case, embeddings: vectors, local, thumbnails } = *logged;
                    let space = |values| match space {
                        Some(space) => {
                            space.restore(values).map_err(|error| damaged(sequence, error.to_string()))
                        }
                        None => {
                            Err(damaged(sequence, "it has an embedding, the index has no image space".into()))
                        }
                    };
                    let embeddings = (vectors.into_iter())
                        .map(|(image, values)| Ok((image, space(values)?)))
                        .collect::<Result<_, IndexError>>()?;
                    let record = encode_case(&case);
                    let entry = CaseEntry { case, embeddings, local, thumbnails };
                    let misfits = misfits(newest.definition(), &entry, Replacement::Whole);
                    if let Some(Misfit { field, problem }) = misfits.first() {
                        return Err(damaged(sequence, format!("{field}: {problem}")));
                    }
                    pending.put(sequence, PendingCase { entry, record });
                }
            }
            taken(pending, sequence + 1)
        })?;
    if recovery.torn_bytes > 0 {
        tracing::warn!(
            bytes = recovery.torn_bytes,
            "the log ended in an operation that was never acknowledged"
        );
    }
    Ok(log)
}
