//! The one writer: takes operations into the log, turns them into segments, publishes generations.
//!
//! Two locks, always taken in this order: `install` serialises changes of the generation, `state` guards the log and
//! what is pending. Cases go on coming in while a segment is written; searches take no lock at all.

use crate::generations::{Generations, remove_litter};
use crate::manifest::{LOG, Manifest};
use crate::merge_claims::MergeClaims;
use crate::pending::{Pending, PendingCase};
use crate::record::{Operation, decode_operation, encode_case, encode_delete, encode_put};
use crate::replace::{Parts, updated};
use crate::reserve::Reserve;
use crate::shared::{Mutex, MutexGuard, lock};
use crate::{CaseEntry, CasePlace, Definition, IndexError, Refused, Replacement, SegmentSize, Snapshot};
use precedent_model::{CaseId, FieldSchema};
use precedent_storage::{Log, LogLimits, MAX_FRAME, Storage, StorageError};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

const LOCK: &str = "writer.lock";

/// Where the outside can see what the writer is at (an external crash test reads it).
macro_rules! phase {
    ($phase:literal, $what:literal) => {
        tracing::debug!(target: "precedent::phase", phase = $phase, $what);
    };
}
pub(crate) use phase;

/// How much a writer holds in memory, and how large it lets segments grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterLimits {
    /// A segment that has so much takes no further case.
    pub segment: SegmentSize,
    /// Memory for operations that are read back from the log, in bytes: when they take more they become a generation.
    pub replayed_bytes: usize,
}

impl Default for WriterLimits {
    fn default() -> Self {
        Self { segment: SegmentSize::LARGEST, replayed_bytes: 128 << 20 }
    }
}

/// The one writer of an index.
#[derive(Debug)]
pub struct IndexWriter {
    pub(crate) generations: Generations,
    pub(crate) install: Mutex<()>,
    pub(crate) merges: MergeClaims,
    state: Mutex<State>,
    /// Threads that build graphs.
    pub(crate) threads: usize,
}

#[derive(Debug)]
struct State {
    log: Log,
    log_state: LogState,
    pending: Pending,
    /// What a commit is turning into a segment. It stays here until a generation holds it, so that neither a failure
    /// nor a panic on the way can lose it.
    in_flight: Option<Arc<Pending>>,
    reserve: Reserve,
    /// The log failed in a way that only opening anew can mend.
    failed: bool,
}

/// Whether the log takes operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogState {
    Open,
    /// The disk was full at the operation of this number. The log must be read anew.
    Full {
        from: u64,
    },
    /// The log was read anew. What it gave back may be in the system's cache only, so nothing is acknowledged before
    /// a generation holds it.
    Reread,
}

/// What a delete found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The operation's place in the log.
    pub sequence: u64,
    /// Positions of ids under which there was no case.
    pub unknown: Vec<usize>,
}

impl IndexWriter {
    /// Makes an empty index. Nothing may be there yet.
    ///
    /// # Errors
    /// A definition that no new index may have ([`Definition::check_new`]), [`IndexError::NotEmpty`], or a file system that
    /// refuses.
    pub fn create(storage: &dyn Storage, definition: &Definition) -> Result<(), IndexError> {
        definition.check_new()?;
        const FOLDERS: [&str; 3] = ["segments", "tombstones", LOG];
        for name in storage.list("")? {
            // A creation that was cut short leaves empty folders and a manifest without its name; it is done again.
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

    /// Opens an index for writing, and brings back what the log holds beyond the newest generation.
    ///
    /// # Errors
    /// No index, another writer, a damaged file; a full disk, where the log holds more than may wait in memory.
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
        let log_start = snapshot.manifest.log_start;
        let generations = Generations::new(storage, lock, snapshot, limits.segment);
        let mut pending = Pending::default();
        let mut log = open_log(&generations, log_start, &mut pending, |pending, next| {
            if pending.bytes() > limits.replayed_bytes {
                generations.commit(pending, next)?;
                *pending = Pending::default();
            }
            Ok(())
        })?;
        log.prune(generations.newest().manifest.log_start)?;
        let state = State {
            log,
            log_state: if pending.is_empty() { LogState::Open } else { LogState::Reread },
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

    /// Takes cases in, whatever they replace. They are durable when this returns; the answer is the sequence number of each.
    ///
    /// # Errors
    /// [`IndexError::TooLarge`] before anything is written; a full disk; a failed writer. Then none is acknowledged.
    pub fn put(&self, entries: Vec<CaseEntry>) -> Result<Vec<u64>, IndexError> {
        let encoded = entries.into_iter().map(Put::encode).collect::<Result<Vec<_>, _>>()?;
        self.writable()?.put(self.generations.storage().as_ref(), encoded)
    }

    /// As [`Self::put`], but each case is held against the one that it replaces, be that in a segment, on its way into one, or
    /// earlier in the same call: a [`Replacement`] says what becomes of it. Refused cases change nothing.
    ///
    /// # Errors
    /// As [`Self::put`], and a damaged file.
    pub fn replace(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<Vec<Result<u64, Refused>>, IndexError> {
        // Encoding and looking up are done before other writers must wait.
        let (ids, modes): (Vec<CaseId>, Vec<Replacement>) =
            cases.iter().map(|(entry, mode)| (entry.case.id.clone(), *mode)).unzip();
        let puts = cases.into_iter().map(|(entry, _)| Put::encode(entry)).collect::<Result<Vec<_>, _>>()?;
        let mut snapshot = self.snapshot();
        let mut places = find_all(&snapshot, &ids, &modes)?;
        let mut state = self.writable()?;
        // What is committed meanwhile stays in flight until its generation is seen here.
        let newest = self.snapshot();
        if newest.generation() != snapshot.generation() {
            places = find_all(&newest, &ids, &modes)?;
            snapshot = newest;
        }
        let mut batch: Vec<Put> = Vec::with_capacity(puts.len());
        let mut latest: HashMap<CaseId, usize> = HashMap::new();
        let mut outcomes = Vec::with_capacity(puts.len());
        for ((put, id), (mode, place)) in puts.into_iter().zip(ids).zip(modes.into_iter().zip(places)) {
            let held = match (latest.get(&id), state.held(&id)) {
                (Some(&earlier), _) => Held::Pending(&batch[earlier].case.entry),
                (None, Some(Some(entry))) => Held::Pending(entry),
                (None, Some(None)) => Held::Nothing,
                (None, None) => place.map_or(Held::Nothing, |place| Held::Written(&snapshot, place)),
            };
            match judge(&snapshot.definition().fields, put, mode, held)? {
                Ok(put) => {
                    latest.insert(id, batch.len());
                    batch.push(put);
                    outcomes.push(Ok(0));
                }
                Err(refused) => outcomes.push(Err(refused)),
            }
        }
        let storage = self.generations.storage().as_ref();
        let sequences = if batch.is_empty() { Vec::new() } else { state.put(storage, batch)? };
        for (outcome, sequence) in outcomes.iter_mut().filter(|outcome| outcome.is_ok()).zip(sequences) {
            *outcome = Ok(sequence);
        }
        Ok(outcomes)
    }

    /// Takes cases out. Durable when this returns.
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

    /// Whether the index holds exactly this case already, so that putting it again would change nothing.
    ///
    /// # Errors
    /// A damaged file.
    pub fn holds(&self, entry: &CaseEntry) -> Result<bool, IndexError> {
        Ok(!self.awaits(&entry.case.id) && self.snapshot().holds(entry)?)
    }

    /// Whether an operation on this id waits for its generation, so that the newest one does not say what is held.
    pub fn awaits(&self, id: &CaseId) -> bool {
        lock(&self.state).knows(id).is_some()
    }

    /// Operations that are durable and not yet in a segment.
    pub fn pending_operations(&self) -> usize {
        lock(&self.state).waiting().map(Pending::operations).sum()
    }

    /// Estimated bytes that they take in memory.
    pub fn pending_bytes(&self) -> usize {
        lock(&self.state).waiting().map(Pending::bytes).sum()
    }

    /// Makes everything durable visible: writes a segment of what is pending and publishes a generation.
    ///
    /// # Errors
    /// A full disk, after which everything is as before; a failed writer, after which it must be opened anew.
    pub fn commit(&self) -> Result<Arc<Snapshot>, IndexError> {
        let _install = lock(&self.install);
        let (batch, log_start) = {
            let mut state = lock(&self.state);
            self.check(&state)?;
            // After a panic on the way, what was being committed is still here.
            state.put_back();
            if let LogState::Full { from } = state.log_state {
                // What reached the log whole before the disk was full was not acknowledged, but it is there: it counts.
                let state = &mut *state;
                state.log = open_log(&self.generations, from, &mut state.pending, |_, _| Ok(()))?;
                state.log_state = LogState::Reread;
            }
            if state.pending.is_empty() {
                state.log_state = LogState::Open;
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
            // What was acknowledged must be found, and there was room for it.
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

    /// Whether the writer can go on.
    fn check(&self, state: &State) -> Result<(), IndexError> {
        if state.failed { Err(IndexError::Failed) } else { self.generations.check() }
    }

    /// The state, ready to take operations.
    fn writable(&self) -> Result<MutexGuard<'_, State>, IndexError> {
        loop {
            let state = lock(&self.state);
            self.check(&state)?;
            if state.log_state == LogState::Open {
                return Ok(state);
            }
            drop(state);
            self.commit()?;
        }
    }
}

/// A case on its way into the log.
struct Put {
    operation: Vec<u8>,
    case: PendingCase,
}

impl Put {
    fn encode(entry: CaseEntry) -> Result<Self, IndexError> {
        let record = encode_case(&entry.case);
        let operation = encode_put(record.clone(), &entry.embeddings);
        if operation.len() > MAX_FRAME {
            return Err(IndexError::TooLarge { bytes: operation.len(), limit: MAX_FRAME });
        }
        Ok(Self { operation, case: PendingCase { entry, record } })
    }
}

/// Where the case is that another would replace.
enum Held<'a> {
    Nothing,
    Pending(&'a CaseEntry),
    Written(&'a Snapshot, CasePlace),
}

/// What is put, or why nothing is.
fn judge(
    schema: &FieldSchema,
    put: Put,
    mode: Replacement,
    held: Held<'_>,
) -> Result<Result<Put, Refused>, IndexError> {
    match mode {
        Replacement::Without => Ok(Ok(put)),
        Replacement::Whole => {
            let parts = match held {
                Held::Nothing => return Ok(Ok(put)),
                Held::Pending(entry) => Parts::of(&entry.case, entry.embeddings.len()),
                Held::Written(snapshot, place) => snapshot.parts(place)?,
            };
            Ok(match parts.lost_to(&put.case.entry) {
                Some(loss) => Err(Refused::Loss(loss)),
                None => Ok(put),
            })
        }
        Replacement::Update => {
            let held = match held {
                Held::Nothing if put.case.entry.case.is_bare() => return Ok(Err(Refused::NothingToUpdate)),
                Held::Nothing => return Ok(Ok(put)),
                Held::Pending(entry) => entry.clone(),
                Held::Written(snapshot, place) => snapshot.entry(place)?,
            };
            match updated(schema, held, put.case.entry) {
                Ok(entry) => Put::encode(entry).map(Ok),
                Err(refused) => Ok(Err(refused)),
            }
        }
    }
}

/// Where the cases of these ids lie; those that are replaced whatever they have are not looked up.
fn find_all(
    snapshot: &Snapshot,
    ids: &[CaseId],
    modes: &[Replacement],
) -> Result<Vec<Option<CasePlace>>, IndexError> {
    let find = |(id, mode): (&CaseId, &Replacement)| match mode {
        Replacement::Without => Ok(None),
        Replacement::Whole | Replacement::Update => snapshot.find(id),
    };
    ids.iter().zip(modes).map(find).collect()
}

impl State {
    /// Makes cases durable and lets them wait for their segment.
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

    /// Has room on the disk for what waits and for so many bytes more.
    fn hold_room(&mut self, storage: &dyn Storage, new: usize) -> Result<(), IndexError> {
        let waiting: usize = self.waiting().map(Pending::bytes).sum();
        Ok(self.reserve.hold(storage, waiting + new)?)
    }

    /// What an operation that no generation holds yet left under an id; nothing, if none named it.
    fn held(&self, id: &CaseId) -> Option<Option<&CaseEntry>> {
        self.waiting().find_map(|pending| pending.held(id))
    }

    /// What no generation holds yet.
    fn waiting(&self) -> impl Iterator<Item = &Pending> {
        std::iter::once(&self.pending).chain(self.in_flight.as_deref())
    }

    /// Whether an operation that no generation holds yet named this id, and if so, whether a case is to come under it.
    fn knows(&self, id: &CaseId) -> Option<bool> {
        self.waiting().find_map(|pending| pending.knows(id))
    }

    /// Makes what was being committed wait again.
    fn put_back(&mut self) {
        if let Some(batch) = self.in_flight.take() {
            self.pending.restore(Arc::unwrap_or_clone(batch));
        }
    }

    /// A generation holds every operation before `log_start`: the log goes on in a new file, older ones go.
    fn finish(&mut self, log_start: u64) {
        self.in_flight = None;
        if matches!(self.log_state, LogState::Full { .. }) {
            // An operation found the disk full meanwhile. The next commit reads the log anew.
            return;
        }
        self.log_state = LogState::Open;
        let next = self.log.next_sequence();
        if let Err(error) = self.log.roll().and_then(|()| self.log.prune(log_start)) {
            // The generation counts all the same; the log must be read anew before it takes anything.
            let error = self.stop(next, error);
            tracing::warn!(%error, "the log could not be started anew");
        }
    }

    /// Appends operations and makes them durable together.
    fn append<'a>(&mut self, operations: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u64>, IndexError> {
        let first = self.log.next_sequence();
        let write = || -> Result<Vec<u64>, StorageError> {
            let sequences = operations
                .into_iter()
                .map(|operation| self.log.append(operation))
                .collect::<Result<Vec<_>, _>>()?;
            self.log.sync()?;
            Ok(sequences)
        };
        write().map_err(|error| self.stop(first, error))
    }

    /// The log takes nothing more. A full disk mends; after anything else nobody knows what the disk holds, and only
    /// a new start reads it.
    fn stop(&mut self, first: u64, error: StorageError) -> IndexError {
        match error {
            StorageError::Full { .. } => self.log_state = LogState::Full { from: first },
            _ => self.failed = true,
        }
        error.into()
    }
}

/// Opens the log and adds every operation from sequence number `from` on to what is pending. After each, `taken` sees what is
/// pending and the sequence number that follows, and may make a generation of it.
fn open_log(
    generations: &Generations,
    from: u64,
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
            if sequence < from {
                return Ok(());
            }
            match decode_operation(bytes).map_err(|error| damaged(sequence, error.to_string()))? {
                Operation::Delete(ids) => pending.delete(&ids),
                Operation::Put(case, vectors) => {
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
                    pending
                        .put(sequence, PendingCase { entry: CaseEntry { case: *case, embeddings }, record });
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
