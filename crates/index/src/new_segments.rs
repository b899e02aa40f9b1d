//! Segments being written: as many as the limit requires, and none left behind after a failure.

use crate::manifest::SegmentEntry;
use crate::segment::{Beside, GraphWork, Segment, SegmentBuilder};
use crate::segment_folders::SegmentFolders;
use crate::{IndexError, SegmentSize, Snapshot};
use precedent_model::Case;
use std::sync::Arc;

/// Segments into which a batch or a merge is written. Unless they are kept, their folders are removed with this value, even after
/// an error or a panic.
pub(crate) struct NewSegments<'a> {
    folders: &'a SegmentFolders,
    snapshot: &'a Snapshot,
    graphs: Option<GraphWork<'a>>,
    limit: SegmentSize,
    /// The folder names of all segments begun.
    ids: Vec<String>,
    open: Option<SegmentBuilder<'a>>,
    done: Vec<SegmentEntry>,
}

impl<'a> NewSegments<'a> {
    /// Starts with no segment. They get codes like those of the snapshot's largest graph, and graphs if `graphs` is given.
    pub fn new(
        folders: &'a SegmentFolders,
        snapshot: &'a Snapshot,
        graphs: Option<GraphWork<'a>>,
        limit: SegmentSize,
    ) -> Self {
        let (ids, open, done) = (Vec::new(), None, Vec::new());
        Self { folders, snapshot, graphs, limit, ids, open, done }
    }

    /// Adds a case, as [`SegmentBuilder::push`] does, to a new segment if the last one is full.
    pub fn push<'e>(
        &mut self,
        sequence: u64,
        case: &Case,
        record: &[u8],
        embeddings: impl IntoIterator<Item = (usize, &'e [f32])>,
        beside: &Beside<'_>,
    ) -> Result<(), IndexError> {
        if self.open.as_ref().is_some_and(|segment| segment.size().is_full(&self.limit)) {
            self.finish_open()?;
        }
        let segment = match &mut self.open {
            Some(segment) => segment,
            None => self.open.insert(begin(self.folders, self.snapshot, &mut self.ids)?),
        };
        segment.push(sequence, case, record, embeddings, beside)
    }

    /// Makes all of them durable, opens them, and checks what searches read of every case, so that no search has to.
    pub fn finish(&mut self) -> Result<Vec<Arc<Segment>>, IndexError> {
        self.finish_open()?;
        let storage = self.folders.storage().as_ref();
        let open = |entry| {
            let segment = Segment::open(storage, self.snapshot.definition(), entry, "the new manifest")?;
            segment.check_ahead();
            Ok(Arc::new(segment))
        };
        self.done.iter().map(open).collect()
    }

    /// The segments for a manifest, which is responsible for their folders from now on.
    pub fn keep(mut self) -> Vec<SegmentEntry> {
        self.ids.clear();
        std::mem::take(&mut self.done)
    }

    fn finish_open(&mut self) -> Result<(), IndexError> {
        if let Some(segment) = self.open.take() {
            self.done.push(segment.finish(self.graphs.as_ref(), self.snapshot.largest_graph())?);
        }
        Ok(())
    }
}

fn begin<'a>(
    folders: &'a SegmentFolders,
    snapshot: &'a Snapshot,
    ids: &mut Vec<String>,
) -> Result<SegmentBuilder<'a>, IndexError> {
    let id = folders.take();
    ids.push(id.clone());
    SegmentBuilder::new(folders.storage().as_ref(), snapshot.definition(), snapshot.reader(), id)
}

impl Drop for NewSegments<'_> {
    fn drop(&mut self) {
        // Closes its files first.
        self.open = None;
        for id in &self.ids {
            if let Err(error) = self.folders.storage().remove_dir_all(&format!("segments/{id}")) {
                tracing::warn!(%error, "the folder of a failed segment stays until the next start");
            }
        }
    }
}
