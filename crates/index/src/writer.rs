//! The one writer: takes operations into the log, turns them into segments, publishes generations.
//!
//! Two locks, always taken in this order: `install` serialises changes of the generation, `state` guards the log and
//! what is pending. Cases go on coming in while a segment is written; searches take no lock at all.

use crate::manifest::{FileRecord, LOG, Manifest, TOMBSTONES, TombstoneEntry};
use crate::pending::{Pending, PendingCase};
use crate::record::{Operation, decode_operation, encode_case, encode_delete, encode_put};
use crate::replace::{Parts, updated};
use crate::segment::SegmentBuilder;
use crate::shared::{Mutex, MutexGuard, Newest};
use crate::{CaseEntry, CasePlace, Definition, IndexError, Refused, Replacement, Snapshot};
use precedent_model::{CaseId, FieldSchema};
use precedent_storage::{Log, LogLimits, MAX_FRAME, SealedWriter, Storage, StorageError, WriterLock};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};

const LOCK: &str = "writer.lock";

/// Where the outside can see what the writer is at (an external crash test reads it).
macro_rules! phase {
    ($phase:literal, $what:literal) => {
        tracing::debug!(target: "precedent::phase", phase = $phase, $what);
    };
}
pub(crate) use phase;

/// The one writer of an index.
#[derive(Debug)]
pub struct IndexWriter {
    pub(crate) storage: Arc<dyn Storage>,
    current: Newest,
    pub(crate) install: Mutex<()>,
    pub(crate) merging: Mutex<()>,
    state: Mutex<State>,
    /// Threads that build graphs.
    pub(crate) threads: usize,
    _lock: WriterLock,
}

#[derive(Debug)]
struct State {
    log: Log,
    log_state: LogState,
    pending: Pending,
    /// What a commit is turning into a segment. It stays here until a generation holds it, so that neither a failure
    /// nor a panic on the way can lose it.
    in_flight: Option<Arc<Pending>>,
    next_segment: u64,
    /// The writer failed in a way that only opening anew can mend.
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
    /// No index, another writer, a damaged file.
    pub fn open(storage: Arc<dyn Storage>, threads: usize) -> Result<Self, IndexError> {
        // A directory without a manifest must not get a lock file.
        Manifest::latest(storage.as_ref())?;
        let lock = storage.lock(LOCK)?;
        let snapshot = Snapshot::open(storage.as_ref())?;
        remove_litter(storage.as_ref(), &snapshot.manifest)?;
        let mut pending = Pending::default();
        let log_start = snapshot.manifest.log_start;
        let mut log = open_log(&storage, &snapshot.manifest, log_start, &mut pending)?;
        log.prune(log_start)?;
        let state = State {
            log,
            log_state: if pending.is_empty() { LogState::Open } else { LogState::Reread },
            pending,
            in_flight: None,
            next_segment: snapshot.manifest.next_segment,
            failed: false,
        };
        let writer = Self {
            storage,
            current: Newest::new(snapshot),
            install: Mutex::new(()),
            merging: Mutex::new(()),
            state: Mutex::new(state),
            threads,
            _lock: lock,
        };
        match writer.commit() {
            // Searches work all the same, and the first operation tries again.
            Err(IndexError::Storage(StorageError::Full { .. })) => Ok(writer),
            done => done.map(|_| writer),
        }
    }

    /// The newest generation.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.get()
    }

    /// Takes cases in, whatever they replace. They are durable when this returns; the answer is the sequence number of each.
    ///
    /// # Errors
    /// [`IndexError::TooLarge`] before anything is written; a full disk; a failed writer. Then none is acknowledged.
    pub fn put(&self, entries: Vec<CaseEntry>) -> Result<Vec<u64>, IndexError> {
        let encoded = entries.into_iter().map(Put::encode).collect::<Result<Vec<_>, _>>()?;
        self.writable()?.put(encoded)
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
        let sequences = if batch.is_empty() { Vec::new() } else { state.put(batch)? };
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
            state.check()?;
            // After a panic on the way, what was being committed is still here.
            state.put_back();
            if let LogState::Full { from } = state.log_state {
                // What reached the log whole before the disk was full was not acknowledged, but it is there: it counts.
                let state = &mut *state;
                state.log = open_log(&self.storage, &self.snapshot().manifest, from, &mut state.pending)?;
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
        let committed = self.write_batch(&batch).and_then(|mut manifest| {
            manifest.log_start = log_start;
            self.publish(manifest)
        });
        drop(batch);
        let mut state = lock(&self.state);
        match &committed {
            Ok(_) => state.finish(log_start),
            Err(_) => state.put_back(),
        }
        phase!("commit", "end");
        committed
    }

    /// Writes the segment and the tombstones of a batch; returns the manifest that would make them count.
    fn write_batch(&self, batch: &Pending) -> Result<Manifest, IndexError> {
        let snapshot = self.snapshot();
        let mut manifest = snapshot.manifest.clone();
        manifest.generation += 1;
        for (index, part) in snapshot.segments.iter().enumerate() {
            let mut dead = part.dead.as_ref().clone();
            for id in batch.touched() {
                if let Some(ordinal) = part.segment.find(id)? {
                    dead.push(ordinal);
                }
            }
            dead.sort_unstable();
            dead.dedup();
            self.bury(&mut manifest, index, &dead)?;
        }
        if batch.cases().len() > 0 {
            let id = self.take_segment_id();
            let write = || {
                let (storage, reader) = (self.storage.as_ref(), snapshot.reader());
                let mut builder = SegmentBuilder::new(storage, snapshot.definition(), reader, id.clone())?;
                for (sequence, case) in batch.cases() {
                    let embeddings = case.entry.embeddings.iter().map(|(image, e)| (*image, e.as_slice()));
                    builder.push(sequence, &case.entry.case, &case.record, embeddings)?;
                }
                // Graphs are for merges; what was just taken in has codes at most.
                builder.finish(None, snapshot.largest_graph())
            };
            manifest.segments.push(self.or_remove_segment(&id, write)?);
        }
        Ok(manifest)
    }

    /// Sets the dead cases of a segment in a manifest, in a new file if they changed.
    pub(crate) fn bury(&self, manifest: &mut Manifest, index: usize, dead: &[u32]) -> Result<(), IndexError> {
        let generation = manifest.generation;
        let Some(entry) = manifest.segments.get_mut(index) else { return Ok(()) };
        if dead.len() as u64 == entry.dead() {
            return Ok(());
        }
        // A failed commit may have left the file of a generation that never was.
        let path = format!("tombstones/{}-{generation:020}", entry.id);
        self.storage.remove(&path)?;
        let mut writer = SealedWriter::create(self.storage.as_ref(), &path, TOMBSTONES)?;
        let bytes: Vec<u8> = dead.iter().flat_map(|ordinal| ordinal.to_le_bytes()).collect();
        writer.append(&bytes)?;
        let file = FileRecord::of(&writer.finish()?);
        self.storage.sync_dir("tombstones")?;
        entry.tombstones = Some(TombstoneEntry { count: dead.len() as u64, file });
        Ok(())
    }

    /// The folder name of a new segment: a number that nothing has used, not even what failed or is being written.
    pub(crate) fn take_segment_id(&self) -> String {
        let mut state = lock(&self.state);
        let id = format!("{:010}", state.next_segment);
        state.next_segment += 1;
        id
    }

    /// Runs what writes a segment; takes its folder away when it fails.
    pub(crate) fn or_remove_segment<T>(
        &self,
        id: &str,
        write: impl FnOnce() -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        write().inspect_err(|_| {
            if let Err(error) = self.storage.remove_dir_all(&format!("segments/{id}")) {
                tracing::warn!(%error, "the folder of a failed segment stays until the next start");
            }
        })
    }

    /// Makes a manifest the newest generation.
    ///
    /// A full disk that left no trace of the generation leaves everything as it was. After any other failure it is
    /// open which generation a reader sees, so the writer stops and must be opened anew.
    pub(crate) fn publish(&self, mut manifest: Manifest) -> Result<Arc<Snapshot>, IndexError> {
        let previous = self.snapshot();
        let storage = self.storage.as_ref();
        manifest.next_segment = lock(&self.state).next_segment;
        let published =
            manifest.publish(storage).and_then(|()| Snapshot::of(storage, manifest.clone(), Some(&previous)));
        let snapshot = match published {
            Ok(snapshot) => Arc::new(snapshot),
            Err(error) => {
                let untouched = matches!(error, IndexError::Storage(StorageError::Full { .. }))
                    && !storage.exists(&Manifest::file_name(manifest.generation)).unwrap_or(true)
                    && retire(storage, &manifest, &previous.manifest).is_ok();
                lock(&self.state).failed |= !untouched;
                return Err(error);
            }
        };
        snapshot.check_ahead(&previous);
        self.current.advance(&snapshot);
        if let Err(error) = retire(storage, &previous.manifest, &snapshot.manifest) {
            // Litter is harmless: the next start removes it.
            tracing::warn!(%error, "files that no generation needs stay until the next start");
        }
        Ok(snapshot)
    }

    /// The state, ready to take operations.
    fn writable(&self) -> Result<MutexGuard<'_, State>, IndexError> {
        loop {
            let state = lock(&self.state);
            state.check()?;
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
    fn put(&mut self, puts: Vec<Put>) -> Result<Vec<u64>, IndexError> {
        phase!("log-append", "begin");
        let sequences = self.append(puts.iter().map(|put| put.operation.as_slice()))?;
        phase!("log-append", "end");
        for (&sequence, put) in sequences.iter().zip(puts) {
            self.pending.put(sequence, put.case);
        }
        Ok(sequences)
    }

    /// What an operation that no generation holds yet left under an id; nothing, if none named it.
    fn held(&self, id: &CaseId) -> Option<Option<&CaseEntry>> {
        self.waiting().find_map(|pending| pending.held(id))
    }

    fn check(&self) -> Result<(), IndexError> {
        if self.failed { Err(IndexError::Failed) } else { Ok(()) }
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

/// Opens the log and adds every operation from sequence number `from` on to what is pending.
fn open_log(
    storage: &Arc<dyn Storage>,
    manifest: &Manifest,
    from: u64,
    pending: &mut Pending,
) -> Result<Log, IndexError> {
    let space = manifest.definition.image_space.as_ref();
    let damaged = |sequence: u64, problem: String| {
        IndexError::damaged(LOG, format!("operation {sequence} cannot be read: {problem}"))
    };
    let (log, recovery) =
        Log::open(storage.clone(), LOG, manifest.log_start, LogLimits::default(), |sequence, bytes| {
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
            Ok::<(), IndexError>(())
        })?;
    if recovery.torn_bytes > 0 {
        tracing::warn!(
            bytes = recovery.torn_bytes,
            "the log ended in an operation that was never acknowledged"
        );
    }
    Ok(log)
}

/// Removes what the older of two generations needed and the newer does not.
fn retire(storage: &dyn Storage, older: &Manifest, newer: &Manifest) -> Result<(), IndexError> {
    precedent_storage::remove_generations_before(storage, newer.generation)?;
    for entry in &older.segments {
        let kept = newer.segments.iter().find(|other| other.id == entry.id);
        if kept.is_none() {
            storage.remove_dir_all(&entry.folder())?;
        }
        if let Some(tombstones) = &entry.tombstones
            && kept.and_then(|kept| kept.tombstones.as_ref()) != Some(tombstones)
        {
            storage.remove(&format!("tombstones/{}", tombstones.file.name))?;
        }
    }
    Ok(())
}

/// Removes what a crash left behind: all that the newest generation does not name.
fn remove_litter(storage: &dyn Storage, manifest: &Manifest) -> Result<(), IndexError> {
    precedent_storage::clean_temporary(storage)?;
    precedent_storage::remove_generations_before(storage, manifest.generation)?;
    for name in storage.list("segments")? {
        // What is no number is not ours: file managers and network file systems leave things of their own.
        let ours = name.bytes().all(|b| b.is_ascii_digit());
        if ours && !manifest.segments.iter().any(|entry| entry.id == name) {
            storage.remove_dir_all(&format!("segments/{name}"))?;
        }
    }
    let tombstones = || manifest.segments.iter().filter_map(|entry| entry.tombstones.as_ref());
    for name in storage.list("tombstones")? {
        if !tombstones().any(|entry| entry.file.name == name) {
            storage.remove(&format!("tombstones/{name}"))?;
        }
    }
    Ok(())
}

/// A lock whose holder panicked guards data that each step leaves consistent, so it is taken all the same.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
