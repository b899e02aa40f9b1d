//! One index, opened.

use crate::background::{Background, BackgroundFailure};
use crate::encode::{self, EncodedImage, Encoding};
use crate::ingest::{Admitted, IngestOutcome, Ingested, NewCase, admit, violations};
use crate::kept::KeptGenerations;
use crate::overdue::Overdue;
use crate::raw::{self, RawCase};
use crate::{CaseWarning, EngineError, View, Violation};
use precedent_encoder::Encoder;
use precedent_index::{
    CaseEntry, Definition, IndexError, IndexReader, IndexStats, IndexWriter, MergeProgress, Refused,
    Replacement, Snapshot, Verification,
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
    /// Whether commits fail.
    overdue: Overdue,
    /// Ends before the writer does.
    background: Option<Background>,
}

#[derive(Debug)]
pub(crate) enum Side {
    Reader(IndexReader),
    Writer(Arc<IndexWriter>),
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
        let (side, background) = match access {
            Access::Read => (Side::Reader(IndexReader::open(storage.clone())?), None),
            Access::Write | Access::Bulk => {
                let writer = Arc::new(IndexWriter::open(storage.clone(), threads)?);
                let background = match access {
                    Access::Write => Some(Background::start(&writer).map_err(EngineError::Threads)?),
                    _ => None,
                };
                (Side::Writer(writer), background)
            }
        };
        let snapshot = match &side {
            Side::Reader(reader) => reader.snapshot(),
            Side::Writer(writer) => writer.snapshot(),
        };
        let definition = snapshot.definition().clone();
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
            overdue: Overdue::default(),
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

    /// Encodes the files of a case, so that [`Self::ingest`] can take it in. Fields, patient and views that the case does
    /// not give are taken from the files' headers. Apart from `ingest`, so that callers can encode many cases at a time.
    ///
    /// # Errors
    /// Every file that gives no picture, by its field; the encoder of the space is not here; an image with both a file
    /// and an embedding; too much.
    pub fn encode(&self, raw: RawCase) -> Result<NewCase, Vec<Violation>> {
        raw::encode(&self.definition, &self.encoding, raw)
    }

    /// The newest generation that this process has seen.
    pub fn view(&self) -> View {
        self.kept.expire();
        View::new(self.newest(), Arc::clone(&self.encoding))
    }

    fn newest(&self) -> Arc<Snapshot> {
        match &self.side {
            Side::Reader(reader) => reader.snapshot(),
            Side::Writer(writer) => writer.snapshot(),
        }
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
        let snapshot = self.kept.find(generation)?;
        Some(View::new(snapshot, Arc::clone(&self.encoding)))
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

    /// Takes cases in; one that is held under the same id is replaced whole, unless it would lose its report, its patient,
    /// images or embeddings: then the case is refused. Returns when all that are not refused are durable; one answer per
    /// case, in order.
    ///
    /// # Errors
    /// Read-only, a full disk, a failed writer. Then nothing of the batch is acknowledged.
    pub fn ingest(&self, cases: Vec<NewCase>) -> Result<Vec<IngestOutcome>, EngineError> {
        self.ingest_as(cases.into_iter().map(|case| (case, Replacement::Whole)).collect())
    }

    /// As [`Self::ingest`], each case with what becomes of the one that is held under its id.
    ///
    /// # Errors
    /// As [`Self::ingest`]. Of many bytes of cases some may be held all the same; taking them in again changes nothing.
    pub fn ingest_as(&self, cases: Vec<(NewCase, Replacement)>) -> Result<Vec<IngestOutcome>, EngineError> {
        let writer = self.writer()?;
        let mut outcomes: Vec<IngestOutcome> = Vec::with_capacity(cases.len());
        let (mut slice, mut bytes) = (Vec::new(), 0);
        let mut put = Vec::with_capacity(cases.len());
        for (case, replacement) in cases {
            outcomes.push(match admit(&self.definition, case, replacement) {
                Ok(Admitted { entry, warnings }) => {
                    bytes += entry.memory_bytes();
                    slice.push((entry, replacement));
                    Ok(Ingested { sequence: 0, warnings })
                }
                Err(violations) => Err(violations),
            });
            // However much comes at once, little of it is in memory twice.
            if bytes > SLICE_BYTES {
                put.append(&mut self.put(writer, std::mem::take(&mut slice), bytes)?);
                bytes = 0;
            }
        }
        put.append(&mut self.put(writer, slice, bytes)?);
        for (outcome, put) in outcomes.iter_mut().filter(|outcome| outcome.is_ok()).zip(put) {
            match (&mut *outcome, put) {
                (Ok(ingested), Ok(sequence)) => ingested.sequence = sequence,
                (_, Err(refused)) => *outcome = Err(violations(refused)),
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
    ) -> Result<Vec<Result<u64, Refused>>, EngineError> {
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

    /// What fails in the background at present: commits, merges.
    pub fn background_failures(&self) -> Vec<BackgroundFailure> {
        self.background.as_ref().map(Background::failures).unwrap_or_default()
    }

    /// Says what [`Self::ingest`] would refuse whatever is held under the same id, and changes nothing. Of a case that is
    /// not refused, what would be left out.
    ///
    /// # Errors
    /// Every violation.
    pub fn check(
        &self,
        case: &NewCase,
        replacement: Replacement,
    ) -> Result<Vec<CaseWarning>, Vec<Violation>> {
        admit(&self.definition, case.clone(), replacement).map(|admitted| admitted.warnings)
    }

    /// Says what [`Self::ingest`] would refuse because the newest generation holds more under the same id.
    ///
    /// # Errors
    /// A damaged file.
    pub fn would_lose(&self, case: &NewCase) -> Result<Vec<Violation>, EngineError> {
        let Ok(admitted) = admit(&self.definition, case.clone(), Replacement::Whole) else {
            return Ok(Vec::new());
        };
        let loss = self.newest().loss(&admitted.entry)?;
        Ok(loss.map(|loss| violations(Refused::Loss(loss))).unwrap_or_default())
    }

    /// Whether the index holds exactly this case already, or all that an update gives, so that taking it in again would
    /// change nothing.
    ///
    /// # Errors
    /// A damaged file. A case that would be refused is not held.
    pub fn holds(&self, case: &NewCase, replacement: Replacement) -> Result<bool, EngineError> {
        let Ok(Admitted { entry, .. }) = admit(&self.definition, case.clone(), replacement) else {
            return Ok(false);
        };
        Ok(match (&self.side, replacement) {
            (Side::Writer(writer), _) if writer.awaits(&entry.case.id) => false,
            (_, Replacement::Update) => self.newest().holds_updated(&entry)?,
            (_, Replacement::Whole | Replacement::Without) => self.newest().holds(&entry)?,
        })
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

    pub(crate) fn overdue(&self) -> &Overdue {
        &self.overdue
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
    }
}

/// The directory of an index; one that is not there is no index.
fn disk(root: &Path) -> Result<DiskStorage, EngineError> {
    DiskStorage::open(root).map_err(|error| match error {
        StorageError::NotFound { .. } => EngineError::Index(IndexError::NotAnIndex),
        other => other.into(),
    })
}
