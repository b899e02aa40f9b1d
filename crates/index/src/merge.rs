//! Merges segments: drops dead cases, reads the reports again and builds the graph. Cases can be ingested and searched meanwhile,
//! and other segments merged.

use crate::manifest::{Manifest, SegmentEntry};
use crate::merge_policy::{Choice, Circumstances, choose, shares};
use crate::new_segments::NewSegments;
use crate::segment::{GraphWork, Segment};
use crate::shared::lock;
use crate::snapshot::LiveCases;
use crate::writer::phase;
use crate::{IndexError, IndexWriter, SegmentSize, Snapshot, VectorAccess};
use std::sync::Arc;
use std::time::Instant;

/// Progress of a merge: (phase, done, total), with the phases `cases` and `graph`. Returns whether to continue.
pub type MergeProgress<'a> = &'a (dyn Fn(&'static str, usize, usize) -> bool + Sync);

impl IndexWriter {
    /// Merges segments if there are enough of one size, as the background does. Returns whether it did anything. Several threads
    /// may call it; each merges different segments.
    ///
    /// # Errors
    /// As [`Self::merge_all`].
    pub fn merge_some(&self, progress: MergeProgress<'_>) -> Result<bool, IndexError> {
        self.merge_below(&SegmentSize::UNLIMITED, progress)
    }

    /// As [`Self::merge_some`], but only merges whose result is smaller than `size`; others are left alone.
    ///
    /// # Errors
    /// As [`Self::merge_all`].
    pub fn merge_below(&self, size: &SegmentSize, progress: MergeProgress<'_>) -> Result<bool, IndexError> {
        let limit = self.generations.limit();
        let claimed = self.merges.some(|claimed| {
            let snapshot = self.snapshot();
            let segments: Vec<&SegmentEntry> = snapshot.manifest.segments.iter().collect();
            let unlinked = |entry: &SegmentEntry| snapshot.lacks_graph(&entry.id);
            choose(&segments, &Circumstances { limit, largest: *size, claimed, unlinked: &unlinked })
        });
        let Some((_claim, Choice { ids, linked })) = claimed else { return Ok(false) };
        self.merge(&ids, limit, linked, progress).map(|_| true)
    }

    /// Makes everything visible and merges it into one segment, or as few as the limits allow. Reports are read with the current
    /// lexicon.
    ///
    /// # Errors
    /// [`IndexError::Stopped`] if `progress` returns false; a full disk; a damaged file. The index is then as before.
    pub fn merge_all(&self, progress: MergeProgress<'_>) -> Result<Arc<Snapshot>, IndexError> {
        let _claim = self.merges.all();
        let snapshot = self.commit()?;
        let size = (snapshot.manifest.segments.iter())
            .fold(SegmentSize::default(), |sum, entry| sum.plus(&entry.live_size()));
        let (count, share) = shares(&size, &self.generations.limit());
        if snapshot.segments.len() <= count && snapshot.is_merged() {
            return Ok(snapshot);
        }
        let ids: Vec<String> = snapshot.manifest.segments.iter().map(|entry| entry.id.clone()).collect();
        self.merge(&ids, share, true, progress)
    }

    /// Makes everything visible and rewrites each segment that holds deleted or replaced cases without them. Segments that are
    /// being merged already are skipped.
    ///
    /// # Errors
    /// As [`Self::merge_all`]; segments already rewritten stay so.
    pub fn drop_dead(&self, progress: MergeProgress<'_>) -> Result<Arc<Snapshot>, IndexError> {
        let snapshot = self.commit()?;
        let limit = self.generations.limit();
        for entry in snapshot.manifest.segments.iter().filter(|entry| entry.dead() > 0) {
            let claimed = self.merges.some(|claimed| {
                let snapshot = self.snapshot();
                let is_there = snapshot.manifest.segments.iter().any(|there| there.id == entry.id);
                let is_free = is_there && !claimed.contains(&entry.id);
                is_free.then(|| Choice { ids: vec![entry.id.clone()], linked: true })
            });
            if let Some((_claim, Choice { ids, linked })) = claimed {
                self.merge(&ids, limit, linked, progress)?;
            }
        }
        Ok(self.snapshot())
    }

    fn merge(
        &self,
        ids: &[String],
        limit: SegmentSize,
        linked: bool,
        progress: MergeProgress<'_>,
    ) -> Result<Arc<Snapshot>, IndexError> {
        phase!("merge", "begin");
        let begun = Instant::now();
        let snapshot = self.snapshot();
        let sources = (snapshot.segments.iter())
            .filter(|part| ids.contains(&part.segment.entry.id))
            .map(|part| self.source(&snapshot, part))
            .collect::<Result<Vec<_>, _>>()?;
        let order = live_in_order(&sources)?;
        let tell = |done: usize, total: usize| progress("graph", done, total);
        // If no graph can lend its quantiser, vectors without a graph would be compared at full precision.
        let linked = linked || snapshot.largest_graph().is_none();
        let graphs = linked.then_some(GraphWork { threads: self.threads, progress: &tell });
        let mut new = NewSegments::new(self.generations.folders(), &snapshot, graphs, limit);
        for (done, place) in order.iter().enumerate() {
            if done % 1024 == 0 && !progress("cases", done, order.len()) {
                return Err(IndexError::Stopped);
            }
            let segment = &sources[place.source as usize].segment;
            let (case, record) = (segment.case(place.ordinal)?, segment.records.bytes(place.ordinal)?);
            let beside = segment.beside(place.ordinal)?;
            new.push(place.sequence, &case, record, segment.embeddings(place.ordinal)?, &beside)?;
        }
        let opened = new.finish()?;
        let places = Places::of(&sources, &order);
        let snapshot = self.install_merged(&sources, &places, new, opened)?;
        phase!("merge", "end");
        let (segments, cases, milliseconds) = (ids.len(), order.len(), begun.elapsed().as_millis() as u64);
        tracing::debug!(segments, cases, linked, milliseconds, "segments are merged");
        Ok(snapshot)
    }

    /// Reopens a segment, so that each block is checked again before it is copied: a block that decayed since a search checked it
    /// must not get a new checksum.
    fn source(&self, snapshot: &Snapshot, part: &LiveCases) -> Result<LiveCases, IndexError> {
        let (entry, name) = (&part.segment.entry, Manifest::file_name(snapshot.generation()));
        let storage = self.generations.storage().as_ref();
        let segment = Arc::new(Segment::open(storage, snapshot.definition(), entry, &name)?);
        Ok(LiveCases { segment, ..part.clone() })
    }

    /// Replaces the sources by the merged segments. Cases that died in a source meanwhile are dead in them, too.
    fn install_merged(
        &self,
        sources: &[LiveCases],
        places: &Places,
        new: NewSegments<'_>,
        opened: Vec<Arc<Segment>>,
    ) -> Result<Arc<Snapshot>, IndexError> {
        let _install = lock(&self.install);
        let now = self.snapshot();
        let mut manifest = now.manifest.clone();
        manifest.generation += 1;
        let mut dead = Vec::new();
        for (source, part) in sources.iter().enumerate() {
            let id = &part.segment.entry.id;
            if let Some(later) = now.segments.iter().find(|later| later.segment.entry.id == *id) {
                dead.extend(later.dead().iter().filter_map(|&ordinal| places.merged(source, ordinal)));
            }
        }
        manifest.segments.retain(|entry| !sources.iter().any(|part| part.segment.entry.id == entry.id));
        let mut first = 0;
        for (index, segment) in opened.iter().enumerate() {
            manifest.segments.insert(index, segment.entry.clone());
            let end = first + segment.cases() as u32;
            let within = dead.iter().filter(|place| (first..end).contains(place));
            self.generations.bury(&mut manifest, index, within.map(|place| place - first).collect())?;
            first = end;
        }
        new.keep();
        self.generations.publish(manifest, opened)
    }
}

/// A live case of a source.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    sequence: u64,
    source: u32,
    ordinal: u32,
}

/// All live cases of the sources, in the order of the log.
fn live_in_order(sources: &[LiveCases]) -> Result<Vec<Place>, IndexError> {
    let mut order = Vec::with_capacity(sources.iter().map(|part| part.live.count()).sum());
    for (source, part) in (0..).zip(sources) {
        let sequences = part.segment.keys.sequences()?;
        let place = |ordinal| Place { sequence: sequences[ordinal as usize], source, ordinal };
        order.extend(part.live.iter().map(place));
    }
    order.sort_unstable();
    Ok(order)
}

/// Per source, the new positions of its cases, counted across all merged segments.
struct Places(Vec<Vec<u32>>);

impl Places {
    /// The case was dead already.
    const NOWHERE: u32 = u32::MAX;

    fn of(sources: &[LiveCases], order: &[Place]) -> Self {
        let mut places: Vec<Vec<u32>> =
            sources.iter().map(|part| vec![Self::NOWHERE; part.segment.cases()]).collect();
        for (merged, place) in (0..).zip(order) {
            places[place.source as usize][place.ordinal as usize] = merged;
        }
        Self(places)
    }

    fn merged(&self, source: usize, ordinal: u32) -> Option<u32> {
        let place = self.0.get(source)?.get(ordinal as usize).copied();
        place.filter(|&place| place != Self::NOWHERE)
    }
}

impl Snapshot {
    /// Whether merging would change nothing but the number of segments: no case is dead, all reports were read with the current
    /// lexicon, and there are graphs where they pay.
    fn is_merged(&self) -> bool {
        self.stale().segments == 0
            && self.segments.iter().all(|part| part.dead().is_empty() && !lacks_graph(self, &part.segment))
    }

    /// Whether a segment has no graph although it has enough vectors for one.
    fn lacks_graph(&self, id: &str) -> bool {
        let found = self.segments.iter().find(|part| part.segment.entry.id == id);
        found.is_some_and(|part| lacks_graph(self, &part.segment))
    }
}

fn lacks_graph(snapshot: &Snapshot, segment: &Segment) -> bool {
    let minimum = snapshot.definition().graph.min_nodes as u64;
    segment.vector_access() != VectorAccess::Graph && segment.entry.nodes >= minimum
}
