//! An open index.

use crate::counted::Counted;
use crate::encode::{self, EncodedImage, Encoding};
use crate::ingest::{Admitted, IngestOutcome, Ingested, NewCase, Refusal, admit, refusal};
use crate::kept::KeptGenerations;
use crate::{EngineError, View, Violation, files, sentences};
use precedent_archive::{
    Access, Archive, CaseEntry, Condition, Definition, Effect, Embedded, Generation, IndexStats,
    MergeProgress, Refused, Replacement, Verification, verify_until,
};
use precedent_encoder::{Encoder, spread};
use precedent_model::CaseId;
use precedent_query::QueryVector;
use std::path::Path;
use std::sync::Arc;

/// Bytes of cases of one call that are made durable together.
const SLICE_BYTES: usize = 32 << 20;

/// The result of a delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteOutcome {
    /// Cases deleted.
    pub deleted: usize,
    /// Positions in the request of ids that do not exist.
    pub unknown: Vec<usize>,
}

/// An open index. Can be shared between threads.
///
/// Everything acknowledged is in the log, so an engine can be dropped at any time without losing anything.
#[derive(Debug)]
pub struct Engine {
    archive: Arc<dyn Archive>,
    definition: Definition,
    encoding: Arc<Encoding>,
    /// What was counted in the whole archive so far.
    counted: Arc<Counted>,
    /// Generations kept for further pages.
    kept: KeptGenerations,
}

impl Engine {
    /// Creates an empty index in `root`, which must be missing or empty.
    ///
    /// # Errors
    /// A directory that is not empty, or a file system error.
    pub fn create(root: &Path, definition: &Definition) -> Result<(), EngineError> {
        Ok(Embedded::create(root, definition)?)
    }

    /// Opens the index in `root`. If the index was made for the bundled encoder, that encodes images and words.
    ///
    /// # Errors
    /// No index, another writer, a damaged file, a newer format.
    pub fn open(root: &Path, access: Access) -> Result<Self, EngineError> {
        Self::open_with(root, access, &[])
    }

    /// As [`Self::open`], with encoders of your own besides the bundled one: the one that fits the index's image space is used.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(root: &Path, access: Access, encoders: &[Arc<Encoder>]) -> Result<Self, EngineError> {
        Self::over(Arc::new(Embedded::open(root, access)?), encoders)
    }

    /// An engine over an archive of any kind.
    ///
    /// # Errors
    /// The bundled encoder cannot be read.
    pub fn over(archive: Arc<dyn Archive>, encoders: &[Arc<Encoder>]) -> Result<Self, EngineError> {
        let definition = archive.newest().definition().clone();
        let mut at_hand = encoders.to_vec();
        at_hand.push(Encoder::bundled()?);
        let encoding = Arc::new(Encoding::choose(definition.image_space.as_ref(), &at_hand));
        let counted = Arc::default();
        Ok(Self { archive, definition, encoding, counted, kept: KeptGenerations::default() })
    }

    /// The definition of the index.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// How it was opened.
    pub fn access(&self) -> Access {
        self.archive.access()
    }

    /// The encoder of the index's image space, if this process has it.
    pub fn encoder(&self) -> Option<&Arc<Encoder>> {
        self.encoding.encoder()
    }

    /// Checks that images and words can be encoded.
    ///
    /// # Errors
    /// Why not, for the field `content`.
    pub fn can_encode(&self) -> Result<(), Violation> {
        self.encoding.of("content").map(|_| ())
    }

    /// The notice to show with all results of the image space.
    pub fn notice(&self) -> Option<&str> {
        self.encoding.notice()
    }

    /// Reads a DICOM, PNG or JPEG file and encodes it for the image space. Takes one core for some tens of milliseconds, and
    /// memory for every pixel.
    ///
    /// # Errors
    /// [`EngineError::Precondition`] if this process lacks the encoder of the space, [`EngineError::Invalid`] for a file without
    /// a readable image; both for the field `content`.
    pub fn encode_image(&self, content: &[u8]) -> Result<EncodedImage, EngineError> {
        let encoder = self.encoding.required("content")?;
        encode::image(encoder, content, "content").map_err(|violation| EngineError::Invalid(vec![violation]))
    }

    /// Encodes words into the image space.
    ///
    /// # Errors
    /// As [`Self::encode_image`], for the field `text`: no encoder, or a text that is too long or has no words.
    pub fn encode_text(&self, text: &str) -> Result<QueryVector, EngineError> {
        let encoder = self.encoding.required("text")?;
        encode::text(encoder, text, "text").map_err(|violation| EngineError::Invalid(vec![violation]))
    }

    /// Encodes the files of a case, and the sentences of its report if the index keeps their vectors, ahead of [`Self::ingest`], which would otherwise do it: for callers that control when, and how
    /// many at a time. Fields, patient and views that the case does not give are taken from the files' headers.
    ///
    /// # Errors
    /// Every file without a readable image, by its field; no encoder for the space; an image with both a file and an embedding;
    /// too many bytes.
    pub fn encode(&self, new: NewCase) -> Result<NewCase, Vec<Violation>> {
        let new = files::encode(&self.definition, &self.encoding, new)?;
        sentences::add(&self.definition, &self.encoding, self.newest().reader(), new)
    }

    /// The newest generation that this process has seen.
    pub fn view(&self) -> View {
        self.kept.expire();
        self.view_of(self.newest())
    }

    fn newest(&self) -> Arc<dyn Generation> {
        self.archive.newest()
    }

    /// Keeps the generation of a view for the next page of an answer: for two minutes after it was last kept or requested. If the
    /// kept generations take more disk space than the newest generation (at least 1 GiB), or more than 256 MiB of memory, those
    /// requested longest ago are dropped earlier.
    pub fn keep(&self, view: &View) {
        self.kept.keep(view.shared_snapshot(), self.newest().as_ref());
    }

    /// The newest generation, or an earlier one that [`Self::keep`] still keeps.
    pub fn view_at(&self, generation: u64) -> Option<View> {
        let newest = self.view();
        if newest.generation() == generation {
            return Some(newest);
        }
        Some(self.view_of(self.kept.find(generation)?))
    }

    fn view_of(&self, snapshot: Arc<dyn Generation>) -> View {
        View::new(
            snapshot,
            Arc::clone(&self.encoding),
            Arc::clone(&self.counted),
            Arc::downgrade(&self.archive),
        )
    }

    /// Checks whether another process has written a newer generation.
    ///
    /// # Errors
    /// A damaged file; the view then stays as it was.
    pub fn refresh(&self) -> Result<(), EngineError> {
        Ok(self.archive.refresh()?)
    }

    /// Ingests cases. Files are encoded and every case is checked. If the index holds a case with the same id, an equal one is
    /// not written again, and otherwise [`NewCase::replacement`] decides. Returns once every case that is not refused is durable,
    /// with one result per case, in order.
    ///
    /// # Errors
    /// A read-only index, a full disk, a failed writer. Nothing of the batch is acknowledged then. Some cases of a large batch
    /// may be stored all the same; ingesting them again changes nothing.
    pub fn ingest(&self, cases: Vec<NewCase>) -> Result<Vec<IngestOutcome>, EngineError> {
        self.in_slices(cases, |entries, bytes| {
            let stored = self.archive.replace(entries, bytes)?;
            Ok(stored
                .into_iter()
                .map(|stored| stored.map(|stored| (stored.effect, stored.sequence)))
                .collect())
        })
    }

    /// What [`Self::ingest`] would do, without changing anything. Cases are compared with one another within slices of some
    /// megabytes. A read-only engine compares with what was committed.
    ///
    /// # Errors
    /// A damaged file, a failed writer.
    pub fn rehearse(&self, cases: Vec<NewCase>) -> Result<Vec<IngestOutcome>, EngineError> {
        self.in_slices(cases, |entries, _| {
            let effects = self.archive.rehearse(entries)?;
            Ok(effects.into_iter().map(|effect| effect.map(|effect| (effect, 0))).collect())
        })
    }

    /// Encodes and admits each case once, and passes the cases to `take` in slices, so that little is held in memory twice
    /// however large the call.
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
        let encodes_sentences = sentences::encoder(&self.definition, &self.encoding).is_some();
        let ready: Box<dyn Iterator<Item = Result<NewCase, Vec<Violation>>>> =
            match encodes_sentences || cases.iter().any(NewCase::has_files) {
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

    /// What is wrong apart from failed calls: background work that fails, and damaged files. For an index opened for reading:
    /// what this process found, and what the writing process left for others.
    pub fn condition(&self) -> Condition {
        self.archive.condition()
    }

    /// Reads all files of the index again and verifies their checksums. Damage is logged, reported by [`Self::condition`] and
    /// [`Self::health`], and from then on refused to searches. `pace` gets the bytes of each piece and returns whether to
    /// continue.
    pub(crate) fn scrub(&self, pace: &dyn Fn(usize) -> bool) -> Result<(), EngineError> {
        Ok(self.archive.scrub(pace)?)
    }

    /// Deletes cases. Returns once the deletion is durable.
    ///
    /// # Errors
    /// As [`Self::ingest`].
    pub fn delete(&self, ids: &[CaseId]) -> Result<DeleteOutcome, EngineError> {
        let unknown = self.archive.delete(ids)?.unknown;
        Ok(DeleteOutcome { deleted: ids.len() - unknown.len(), unknown })
    }

    /// Makes everything acknowledged visible now; returns the generation.
    ///
    /// # Errors
    /// As [`Self::ingest`].
    pub fn commit(&self) -> Result<u64, EngineError> {
        Ok(self.archive.commit()?)
    }

    /// Merges all segments into one and builds its graph. `progress` gets (phase, done, total), with the phases `cases` and
    /// `graph`, and returns whether to continue; if not, the index stays as it was.
    ///
    /// # Errors
    /// As [`Self::ingest`], and [`EngineError::Cancelled`].
    pub fn merge_all(&self, progress: MergeProgress<'_>) -> Result<u64, EngineError> {
        Ok(self.archive.merge_all(progress)?)
    }

    /// Rewrites each segment that holds deleted or replaced cases without them, and leaves the others alone. Segments that are
    /// being merged in the background are skipped.
    ///
    /// # Errors
    /// As [`Self::merge_all`]; segments already rewritten stay so.
    pub fn drop_deleted(&self, progress: MergeProgress<'_>) -> Result<u64, EngineError> {
        Ok(self.archive.drop_dead(progress)?)
    }

    /// Runs the merges that the policy would run in the background, until none is left.
    ///
    /// # Errors
    /// As [`Self::merge_all`].
    pub fn merge_some(&self, progress: MergeProgress<'_>) -> Result<(), EngineError> {
        Ok(self.archive.merge_some(progress)?)
    }

    /// Statistics of the newest generation.
    ///
    /// # Errors
    /// A damaged file.
    pub fn stats(&self) -> Result<IndexStats, EngineError> {
        Ok(self.archive.stats()?)
    }

    /// Reads every byte and checks it. Damage is part of the result and not an error. `progress` gets bytes done and total.
    ///
    /// # Errors
    /// No index, or a file system error.
    pub fn verify(root: &Path, progress: &dyn Fn(u64, u64)) -> Result<Verification, EngineError> {
        Self::verify_until(root, progress, &|| false)
    }

    /// As [`Self::verify`], until `stop` returns true; it is called between files and every few hundred cases.
    ///
    /// # Errors
    /// As [`Self::verify`], and [`EngineError::Cancelled`].
    pub fn verify_until(
        root: &Path,
        progress: &dyn Fn(u64, u64),
        stop: &dyn Fn() -> bool,
    ) -> Result<Verification, EngineError> {
        Ok(verify_until(root, progress, stop)?)
    }

    pub(crate) fn archive(&self) -> &dyn Archive {
        self.archive.as_ref()
    }
}
