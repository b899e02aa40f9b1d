//! What the engine needs from an archive.

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
    /// Search and ingest; one process at a time. Cases become visible within a second, and merges run in the background.
    Write,
    /// As `Write`, for bulk loading: cases become visible at [`Archive::commit`] or when memory fills up; nothing runs in the
    /// background.
    Bulk,
}

/// Cases with their reports and embeddings, searchable as a sequence of generations.
///
/// An operation is acknowledged once it is durable: it then survives a crash of the process or the machine. A later generation
/// makes it visible. A refused operation never changes anything.
pub trait Archive: Debug + Send + Sync {
    /// How it was opened.
    fn access(&self) -> Access;

    /// The newest generation that this process has seen.
    fn newest(&self) -> Arc<dyn Generation>;

    /// Checks whether another process has made a newer generation.
    ///
    /// # Errors
    /// A damaged file; the newest generation then stays as it was.
    fn refresh(&self) -> Result<(), ArchiveError>;

    /// Stores cases that take up `bytes` in memory. If the archive holds a case with the same id, an equal one is not written
    /// again, and otherwise the [`Replacement`] decides. Returns once every case that is not refused is acknowledged; may block
    /// while cases arrive faster than they become visible.
    ///
    /// # Errors
    /// A read-only archive, a full disk, a failed writer. No case is acknowledged then.
    fn replace(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
        bytes: usize,
    ) -> Result<Vec<Result<Stored, Refused>>, ArchiveError>;

    /// What [`Self::replace`] would do, without changing anything. A read-only archive compares with the cases that are visible.
    ///
    /// # Errors
    /// A damaged file, a failed writer.
    fn rehearse(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<Vec<Result<Effect, Refused>>, ArchiveError>;

    /// Deletes cases. Returns once the deletion is acknowledged.
    ///
    /// # Errors
    /// As [`Self::replace`].
    fn delete(&self, ids: &[CaseId]) -> Result<Deleted, ArchiveError>;

    /// Makes everything acknowledged so far visible now; returns the generation.
    ///
    /// # Errors
    /// As [`Self::replace`].
    fn commit(&self) -> Result<u64, ArchiveError>;

    /// Makes everything visible and rearranges it for the fastest searches. `progress` gets the phase, the work done and the
    /// total, and returns whether to continue; if not, the archive stays as it was. Returns the generation.
    ///
    /// # Errors
    /// As [`Self::replace`], and [`IndexError::Stopped`].
    fn merge_all(&self, progress: MergeProgress<'_>) -> Result<u64, ArchiveError>;

    /// Makes everything visible and physically removes deleted and replaced cases, except from segments that are being merged
    /// already. Returns the generation.
    ///
    /// # Errors
    /// As [`Self::merge_all`]; what was already done is kept.
    fn drop_dead(&self, progress: MergeProgress<'_>) -> Result<u64, ArchiveError>;

    /// Does the work that the archive would do in the background, until there is none left.
    ///
    /// # Errors
    /// As [`Self::merge_all`].
    fn merge_some(&self, progress: MergeProgress<'_>) -> Result<(), ArchiveError>;

    /// Statistics of the newest generation.
    ///
    /// # Errors
    /// A damaged file.
    fn stats(&self) -> Result<IndexStats, ArchiveError>;

    /// What is wrong apart from failed calls: background work that fails, and damaged files.
    fn condition(&self) -> Condition;

    /// Records the error of a call, so that [`Self::condition`] reports it if a file is damaged.
    fn note(&self, error: &IndexError);

    /// Reads all files again and verifies their checksums. Damage is logged, reported by [`Self::condition`], and from then on
    /// refused to searches. `pace` gets the bytes of each piece and returns whether to continue.
    ///
    /// # Errors
    /// [`IndexError::Stopped`]. Damage is not an error here.
    fn scrub(&self, pace: &dyn Fn(usize) -> bool) -> Result<(), ArchiveError>;

    /// Checks that the newest state is still where it was.
    ///
    /// # Errors
    /// Why it can no longer be read.
    fn check_readable(&self) -> Result<(), ArchiveError>;

    /// Checks that the archive accepts cases. Being read-only is not a problem.
    ///
    /// # Errors
    /// Why it accepts none.
    fn check_writable(&self) -> Result<(), ArchiveError>;

    /// How long acknowledged operations have waited to become visible.
    fn waiting(&self) -> Duration;
}
