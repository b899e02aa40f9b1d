//! What an archive does for the engine.

use crate::generation::Generation;
use crate::{
    ArchiveError, CaseEntry, Condition, Deleted, Effect, IndexError, IndexStats, MergeProgress, Refused,
    Replacement, Stored,
};
use precedent_model::CaseId;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// What an opened archive may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Search; any number of processes at a time.
    Read,
    /// Search and ingest; one process at a time. Cases become visible within a second, merges run beside.
    Write,
    /// As `Write`, for bulk loading: cases become visible at [`Archive::commit`] or when memory fills; nothing runs beside.
    Bulk,
}

/// Cases with their reports and embeddings, of which one state after the other can be searched.
///
/// An operation is acknowledged when it is durable: it survives whatever befalls the process or the machine. It is visible in
/// the generations from some later one on. What is refused changes nothing, then or later.
pub trait Archive: Debug + Send + Sync {
    /// How it was opened.
    fn access(&self) -> Access;

    /// The newest generation that this process has seen.
    fn newest(&self) -> Arc<dyn Generation>;

    /// Looks for a newer generation that another process made.
    ///
    /// # Errors
    /// A damaged file; the newest generation stays what it was.
    fn refresh(&self) -> Result<(), ArchiveError>;

    /// Takes cases in, of so many bytes in memory. One whose id is held is held against that case: an equal one is not written
    /// again, and otherwise the [`Replacement`] says what happens. Returns when all that are not refused are acknowledged; may
    /// wait where cases come faster than they become visible.
    ///
    /// # Errors
    /// Read-only, a full disk, a failed writer. Then no case is acknowledged.
    fn replace(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
        bytes: usize,
    ) -> Result<Vec<Result<Stored, Refused>>, ArchiveError>;

    /// What [`Self::replace`] would do; nothing is changed. Where the archive is read-only, by what is visible.
    ///
    /// # Errors
    /// A damaged file, a failed writer.
    fn rehearse(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<Vec<Result<Effect, Refused>>, ArchiveError>;

    /// Takes cases out. Returns when it is acknowledged.
    ///
    /// # Errors
    /// As [`Self::replace`].
    fn delete(&self, ids: &[CaseId]) -> Result<Deleted, ArchiveError>;

    /// Makes all that was acknowledged visible now; the generation.
    ///
    /// # Errors
    /// As [`Self::replace`].
    fn commit(&self) -> Result<u64, ArchiveError>;

    /// Makes everything visible and brings it into the form in which searches are fastest. `progress` gets phase, done and total,
    /// and says whether to go on; if not, the archive is as it was. The generation.
    ///
    /// # Errors
    /// As [`Self::replace`], and [`IndexError::Stopped`].
    fn merge_all(&self, progress: MergeProgress<'_>) -> Result<u64, ArchiveError>;

    /// Makes everything visible and drops what was deleted or replaced for good, as far as nobody else is at it. The generation.
    ///
    /// # Errors
    /// As [`Self::merge_all`]; what was done stays so.
    fn drop_dead(&self, progress: MergeProgress<'_>) -> Result<u64, ArchiveError>;

    /// Does what the archive would do beside the calls by itself, until there is nothing left to do.
    ///
    /// # Errors
    /// As [`Self::merge_all`].
    fn merge_some(&self, progress: MergeProgress<'_>) -> Result<(), ArchiveError>;

    /// Figures of the newest generation.
    ///
    /// # Errors
    /// A damaged file.
    fn stats(&self) -> Result<IndexStats, ArchiveError>;

    /// What is wrong beside the calls: what fails in the background, and which files are damaged.
    fn condition(&self) -> Condition;

    /// Notes what a call failed with, for [`Self::condition`] where a file is damaged.
    fn note(&self, error: &IndexError);

    /// Reads everything again and holds it against its checksums. What is damaged is told by [`Self::condition`] and the log, and
    /// refused to searches from then on. `pace` gets the bytes of each piece and says whether to go on.
    ///
    /// # Errors
    /// [`IndexError::Stopped`]. Damage is no error.
    fn scrub(&self, pace: &dyn Fn(usize) -> bool) -> Result<(), ArchiveError>;

    /// Whether its newest state is still where it was.
    ///
    /// # Errors
    /// Why it cannot be read any more.
    fn check_readable(&self) -> Result<(), ArchiveError>;

    /// Whether it takes cases; nothing is wrong with one that is read-only.
    ///
    /// # Errors
    /// Why it takes none.
    fn check_writable(&self) -> Result<(), ArchiveError>;

    /// How long acknowledged operations have waited to become visible.
    fn waiting(&self) -> Duration;
}
