//! One index, opened.

use crate::background::Background;
use crate::encode::{self, EncodedImage, Encoding};
use crate::ingest::{Admitted, IngestOutcome, Ingested, NewCase, Refusal, admit, refusal};
use crate::kept::KeptGenerations;
use crate::troubles::{Condition, Troubles};
use crate::{EngineError, View, Violation, files};
use precedent_encoder::{Encoder, spread};
use precedent_index::{
    CaseEntry, Definition, Effect, IndexError, IndexReader, IndexStats, IndexWriter, MergeProgress, Refused,
    Replacement, Scrub, Snapshot, Stored, Verification,
};
use precedent_model::CaseId;
use precedent_query::QueryVector;
use precedent_storage::{DiskStorage, Storage, StorageError};
use std::path::Path;
use std::sync::Arc;

/// Memory that cases may take before they are written as a segment, whatever the time.
const PENDING_BYTES: usize = 128 << 20;
/// The same where commits fail: no case is taken beyond it.
const MOST_PENDING_BYTES: usize = 4 * PENDING_BYTES;
/// Cases of one call that are made durable together, in bytes.
const SLICE_BYTES: usize = PENDING_BYTES / 4;

/// What an opened index may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Search; any number of processes at a time.
    Read,
    /// Search and ingest; one process at a time. Cases become visible within a second, merges run beside.
    Write,
    /// As `Write`, for bulk loading: cases become visible at [`Engine::commit`] or when memory fills; nothing runs beside.
    Bulk,
}

/// What a delete did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteOutcome {
    /// Cases deleted.
    pub deleted: usize,
    /// Positions in the request of ids under which there was no case.
    pub unknown: Vec<usize>,
}

/// One index, opened. Shared between threads.
///
/// What was acknowledged is in the log, so dropping an engine at any time loses nothing.
#[derive(Debug)]
pub struct Engine {
    storage: Arc<dyn Storage>,
    definition: Definition,
    encoding: Arc<Encoding>,
    access: Access,
    side: Side,
    /// Generations of which another page may be asked for.
    kept: KeptGenerations,
    troubles: Arc<Troubles>,
    /// Ends before the writer does.
    background: Option<Background>,
}

#[derive(Debug)]
pub(crate) enum Side {
    Reader(IndexReader),
    Writer(Arc<IndexWriter>),
}

impl Side {
    fn newest(&self) -> Arc<Snapshot> {
        match self {
            Self::Reader(reader) => reader.snapshot(),
            Self::Writer(writer) => writer.snapshot(),
        }
    }
}

impl Engine {
    /// Makes an empty index in `root`, which must be missing or empty.
    ///
    /// # Errors
    /// A directory that holds something, or a file system that refuses.
    pub fn create(root: &Path, definition: &Definition) -> Result<(), EngineError> {
        Ok(IndexWriter::create(&DiskStorage::create(root)?, definition)?)
    }

    /// Opens the index in `root`. Pictures and words are encoded by the bundled encoder, if the index is made for it.
    ///
    /// # Errors
    /// No index, another writer, a damaged file, a newer format.
    pub fn open(root: &Path, access: Access) -> Result<Self, EngineError> {
        Self::open_with(root, access, &[])
    }

    /// As [`Self::open`], with encoders of the site's own beside the bundled one: that of the index's image space is
    /// taken.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(root: &Path, access: Access, encoders: &[Arc<Encoder>]) -> Result<Self, EngineError> {
        let storage: Arc<dyn Storage> = Arc::new(disk(root)?);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let side = match access {
            Access::Read => Side::Reader(IndexReader::open(storage.clone())?),
            Access::Write | Access::Bulk => {
                Side::Writer(Arc::new(IndexWriter::open(storage.clone(), threads)?))
            }
        };
        let definition = side.newest().definition().clone();
        let is_writer = access != Access::Read;
        let troubles = Arc::new(Troubles::new(storage.clone(), &definition.name, is_writer));
        let background = match (&side, access) {
            (Side::Writer(writer), Access::Write) => {
                Some(Background::start(writer, &troubles).map_err(EngineError::Threads)?)
            }
            _ => None,
        };
        let mut at_hand = encoders.to_vec();
        at_hand.push(Encoder::bundled()?);
        let encoding = Arc::new(Encoding::choose(definition.image_space.as_ref(), &at_hand));
        Ok(Self {
            storage,
            definition,
            encoding,
            access,
            side,
            kept: KeptGenerations::default(),
            troubles,
            background,
        })
    }

    /// What the index is made for.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// How it was opened.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The encoder of the index's image space, if this process has it.
    pub fn encoder(&self) -> Option<&Arc<Encoder>> {
        self.encoding.encoder()
    }

    /// Whether pictures and words can be encoded.
    ///
    /// # Errors
    /// Why not, of the field `content`.
    pub fn can_encode(&self) -> Result<(), Violation> {
        self.encoding.of("content").map(|_| ())
    }

    /// What must be said wherever results of the image space are shown.
    pub fn notice(&self) -> Option<&str> {
        self.encoding.notice()
    }

    /// Reads a DICOM, PNG or JPEG file and encodes it for the image space. Takes one core for some tens of milliseconds,
    /// and memory for every pixel.
    ///
    /// # Errors
    /// [`EngineError::Precondition`] where the encoder of the space is not here, [`EngineError::Invalid`] for a file that
    /// gives no picture; both of the field `content`.
    pub fn encode_image(&self, content: &[u8]) -> Result<EncodedImage, EngineError> {
        let encoder = self.encoding.required("content")?;
        encode::image(encoder, content, "content").map_err(|violation| EngineError::Invalid(vec![violation]))
    }

    /// Encodes words into the image space.
    ///
    /// # Errors
    /// As [`Self::encode_image`], of the field `text`: no encoder, a text that is too long or has no word.
    pub fn encode_text(&self, text: &str) -> Result<QueryVector, EngineError> {
        let encoder = self.encoding.required("text")?;
        encode::text(encoder, text, "text").map_err(|violation| EngineError::Invalid(vec![violation]))
    }

    /// Encodes the files of a case ahead of [`Self::ingest`], which would do it: for a caller that decides when, and how many at
    /// a time. Fields, patient and views that the case does not give are taken from the files' headers.
    ///
    /// # Errors
    /// Every file that gives no picture, by its field; the encoder of the space is not here; an image with both a file
    /// and an embedding; too much.
    pub fn encode(&self, new: NewCase) -> Result<NewCase, Vec<Violation>> {
        files::encode(&self.definition, &self.encoding, new)
    }

    /// The newest generation that this process has seen.
    pub fn view(&self) -> View {
        self.kept.expire();
        self.view_of(self.newest())
    }

    fn newest(&self) -> Arc<Snapshot> {
        self.side.newest()
    }

    /// Keeps the generation of a view for the next page of an answer: for two minutes from when it was last kept or asked
    /// for. The ones asked for longest ago go earlier where all of them hold more of the disk than the newest generation
    /// (at least 1 GiB), or more than 256 MiB of memory.
    pub fn keep(&self, view: &View) {
        self.kept.keep(view.shared_snapshot(), &self.newest());
    }

    /// The newest generation, or an earlier one while [`Self::keep`] keeps it.
    pub fn view_at(&self, generation: u64) -> Option<View> {
        let newest = self.view();
        if newest.generation() == generation {
            return Some(newest);
        }
        Some(self.view_of(self.kept.find(generation)?))
    }

    fn view_of(&self, snapshot: Arc<Snapshot>) -> View {
        View::new(snapshot, Arc::clone(&self.encoding), Arc::clone(&self.troubles))
    }

    /// Looks for a newer generation written by another process.
    ///
    /// # Errors
    /// A damaged file; the view stays as it was.
    pub fn refresh(&self) -> Result<(), EngineError> {
        match &self.side {
            Side::Reader(reader) => reader.refresh().map(|_| ()).map_err(EngineError::from),
            Side::Writer(_) => Ok(()),
        }
    }

    /// Takes cases in. Files are encoded, every case is checked, and one whose id is held is held against that case: an equal one
    /// is not written again, and otherwise [`NewCase::replacement`] says what happens. Returns when all that are not refused are
    /// durable; one answer per case, in order.
    ///
    /// # Errors
    /// Read-only, a full disk, a failed writer. Then nothing of the batch is acknowledged. Of many bytes of cases some may be
    /// held all the same; taking them in again changes nothing.
    pub fn ingest(&self, cases: Vec<NewCase>) -> Result<Vec<IngestOutcome>, EngineError> {
        let writer = self.writer()?;
        self.in_slices(cases, |entries, bytes| {
            let stored = self.put(writer, entries, bytes)?;
            Ok(stored
                .into_iter()
                .map(|stored| stored.map(|stored| (stored.effect, stored.sequence)))
                .collect())
        })
    }

    /// What [`Self::ingest`] would do; nothing is changed. Cases are held against each other within some megabytes of them. An
    /// engine that only reads knows what was committed.
    ///
    /// # Errors
    /// A damaged file, a failed writer.
    pub fn rehearse(&self, cases: Vec<NewCase>) -> Result<Vec<IngestOutcome>, EngineError> {
        self.in_slices(cases, |entries, _| {
            let effects = match &self.side {
                Side::Writer(writer) => writer.rehearse(entries)?,
                Side::Reader(reader) => reader.snapshot().rehearse(entries)?,
            };
            Ok(effects.into_iter().map(|effect| effect.map(|effect| (effect, 0))).collect())
        })
    }

    /// Encodes and admits each case once, and hands them to `take` in slices, so that little is in memory twice however much
    /// comes at once.
    fn in_slices(
        &self,
        cases: Vec<NewCase>,
        take: impl Fn(
            Vec<(CaseEntry, Replacement)>,
            usize,
        ) -> Result<Vec<Result<(Effect, u64), Refused>>, EngineError>,
    ) -> Result<Vec<IngestOutcome>, EngineError> {
        let mut outcomes: Vec<IngestOutcome> = Vec::with_capacity(cases.len());
        let mut taken = Vec::with_capacity(cases.len());
        let (mut slice, mut bytes) = (Vec::new(), 0);
        let ready: Box<dyn Iterator<Item = Result<NewCase, Vec<Violation>>>> =
            match cases.iter().any(NewCase::has_files) {
                true => Box::new(spread(cases, |case| self.encode(case)).into_iter()),
                false => Box::new(cases.into_iter().map(Ok)),
            };
        for case in ready {
            outcomes.push(match case.and_then(|case| admit(&self.definition, case)) {
                Ok(Admitted { entry, replacement, warnings }) => {
                    bytes += entry.memory_bytes();
                    slice.push((entry, replacement));
                    Ok(Ingested { effect: Effect::Created, sequence: 0, warnings })
                }
                Err(violations) => Err(Refusal::Invalid(violations)),
            });
            if bytes > SLICE_BYTES {
                taken.append(&mut take(std::mem::take(&mut slice), std::mem::take(&mut bytes))?);
            }
        }
        taken.append(&mut take(slice, bytes)?);
        for (outcome, taken) in outcomes.iter_mut().filter(|outcome| outcome.is_ok()).zip(taken) {
            match (&mut *outcome, taken) {
                (Ok(ingested), Ok(done)) => (ingested.effect, ingested.sequence) = done,
                (_, Err(refused)) => *outcome = Err(refusal(refused)),
                (Err(_), Ok(_)) => {}
            }
        }
        Ok(outcomes)
    }

    /// Makes cases durable; what waits in memory is made visible where it gets too much.
    fn put(
        &self,
        writer: &IndexWriter,
        entries: Vec<(CaseEntry, Replacement)>,
        bytes: usize,
    ) -> Result<Vec<Result<Stored, Refused>>, EngineError> {
        if writer.pending_bytes() > MOST_PENDING_BYTES {
            // Commits have been failing for a while. Memory is no place for an archive, so the caller hears of it.
            writer.commit()?;
        }
        if let Some(background) = &self.background {
            background.hold_back(bytes);
        }
        let put = writer.replace(entries)?;
        if writer.pending_bytes() > PENDING_BYTES {
            // The caller waits: memory stays bounded however fast cases come.
            if let Err(error) = writer.commit() {
                tracing::error!(%error, "a commit failed; the cases are in the log and the next commit takes them");
            }
        }
        self.taken_in(writer);
        Ok(put)
    }

    fn taken_in(&self, writer: &IndexWriter) {
        if let Some(background) = &self.background {
            background.taken_in(writer.pending_bytes());
        }
    }

    /// What is wrong beside the calls: what fails in the background, and which files are damaged. Of an index that was opened for
    /// reading it is what was met here, and what the process that writes it left for others.
    pub fn condition(&self) -> Condition {
        self.troubles.condition(&self.newest())
    }

    /// Reads every file of the index again and holds it against its checksums. What is damaged is told by [`Self::condition`],
    /// [`Self::health`] and the log, and refused to searches from then on. `pace` gets the bytes of each piece and says whether to
    /// go on.
    pub(crate) fn scrub(&self, pace: &dyn Fn(usize) -> bool) -> Result<(), EngineError> {
        let scrub = Scrub {
            storage: self.storage.as_ref(),
            newest: &|| self.newest(),
            pace,
            checked: &|file, outcome| self.troubles.checked(file, outcome),
        };
        Ok(scrub.run()?)
    }

    /// Takes cases out. Returns when it is durable.
    ///
    /// # Errors
    /// As [`Self::ingest`].
    pub fn delete(&self, ids: &[CaseId]) -> Result<DeleteOutcome, EngineError> {
        let writer = self.writer()?;
        let unknown = writer.delete(ids)?.unknown;
        self.taken_in(writer);
        Ok(DeleteOutcome { deleted: ids.len() - unknown.len(), unknown })
    }

    /// Makes everything acknowledged visible now; returns the generation.
    ///
    /// # Errors
    /// As [`Self::ingest`].
    pub fn commit(&self) -> Result<u64, EngineError> {
        Ok(self.writer()?.commit()?.generation())
    }

    /// Merges all segments into one and builds its graph. `progress` gets (phase, done, total), phases `cases` and
    /// `graph`, and says whether to go on; if not, the index is as it was.
    ///
    /// # Errors
    /// As [`Self::ingest`], and [`EngineError::Cancelled`].
    pub fn merge_all(&self, progress: MergeProgress<'_>) -> Result<u64, EngineError> {
        Ok(self.writer()?.merge_all(progress)?.generation())
    }

    /// Writes each segment that holds deleted or replaced cases anew without them, and leaves the others as they are. A
    /// segment that a merge of the background has in hand is left to it.
    ///
    /// # Errors
    /// As [`Self::merge_all`]; segments that were done stay so.
    pub fn drop_deleted(&self, progress: MergeProgress<'_>) -> Result<u64, EngineError> {
        Ok(self.writer()?.drop_dead(progress)?.generation())
    }

    /// Merges what the policy would merge by itself, until it finds nothing more to do.
    ///
    /// # Errors
    /// As [`Self::merge_all`].
    pub fn merge_some(&self, progress: MergeProgress<'_>) -> Result<(), EngineError> {
        let writer = self.writer()?;
        while writer.merge_some(progress)? {}
        Ok(())
    }

    /// Figures of the newest generation.
    ///
    /// # Errors
    /// A damaged file.
    pub fn stats(&self) -> Result<IndexStats, EngineError> {
        let pending = match &self.side {
            Side::Reader(reader) => reader.pending_operations()?,
            Side::Writer(writer) => writer.pending_operations(),
        };
        Ok(IndexStats::of(self.storage.as_ref(), self.view().snapshot(), pending)?)
    }

    /// Reads every byte and checks it. Damage is in the answer, not an error. `progress` gets bytes done and total.
    ///
    /// # Errors
    /// No index, or a file system that refuses.
    pub fn verify(root: &Path, progress: &dyn Fn(u64, u64)) -> Result<Verification, EngineError> {
        Ok(precedent_index::verify(&disk(root)?, progress)?)
    }

    /// As [`Self::verify`], until `stop` says to end; it is asked between files and every few hundred cases.
    ///
    /// # Errors
    /// As [`Self::verify`], and [`EngineError::Cancelled`].
    pub fn verify_until(
        root: &Path,
        progress: &dyn Fn(u64, u64),
        stop: &dyn Fn() -> bool,
    ) -> Result<Verification, EngineError> {
        Ok(precedent_index::verify_until(&disk(root)?, progress, stop)?)
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        self.storage.as_ref()
    }

    pub(crate) fn side(&self) -> &Side {
        &self.side
    }

    pub(crate) fn background(&self) -> Option<&Background> {
        self.background.as_ref()
    }

    fn writer(&self) -> Result<&IndexWriter, EngineError> {
        match &self.side {
            Side::Writer(writer) => Ok(writer),
            Side::Reader(_) => Err(EngineError::ReadOnly),
        }
    }
}

/// What an engine that made cases visible by itself has taken in is visible when it is gone, too.
impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.background.take());
        if let (Side::Writer(writer), Access::Write) = (&self.side, self.access)
            && let Err(error) = writer.commit()
        {
            tracing::error!(%error, "the last commit failed; the cases are in the log and the next start takes them");
        }
        self.troubles.close();
    }
}

/// The directory of an index; one that is not there is no index.
fn disk(root: &Path) -> Result<DiskStorage, EngineError> {
    DiskStorage::open(root).map_err(|error| match error {
        StorageError::NotFound { .. } => EngineError::Index(IndexError::NotAnIndex),
        other => other.into(),
    })
}
