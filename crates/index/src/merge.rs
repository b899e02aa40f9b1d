//! Several segments into one: dead cases go, reports are read anew, the graph is built. Cases come in and are found
//! meanwhile.

use crate::manifest::SegmentEntry;
use crate::segment::{GraphWork, SegmentBuilder};
use crate::snapshot::LiveCases;
use crate::writer::{lock, phase};
use crate::{IndexError, IndexWriter, Snapshot, VectorAccess};
use std::collections::HashMap;
use std::sync::Arc;

/// Segments of about one size that are merged together.
const FAN_IN: usize = 8;
/// Segments below this many cases count as one size, so that a trickle of single cases does not pile up.
const SMALLEST_TIER: u64 = 1000;
/// Share of dead cases at which a segment is written anew: one in this many.
const DEAD_SHARE: u64 = 4;

/// What a merge tells while it runs: (phase, done, total), phases `cases` and `graph`. It says whether to go on.
pub type MergeProgress<'a> = &'a (dyn Fn(&'static str, usize, usize) -> bool + Sync);

impl IndexWriter {
    /// Merges segments while there are enough of one size, as the background does. Returns whether it did anything.
    ///
    /// # Errors
    /// As [`Self::merge_all`].
    pub fn merge_some(&self, progress: MergeProgress<'_>) -> Result<bool, IndexError> {
        let _merging = lock(&self.merging);
        match choose(&self.snapshot().manifest.segments) {
            Some(ids) => self.merge(&ids, progress).map(|_| true),
            None => Ok(false),
        }
    }

    /// Makes everything visible and merges all of it into one segment, whose reports are read by the lexicon of now.
    ///
    /// # Errors
    /// [`IndexError::Stopped`] when `progress` says so; a full disk; a damaged file. The index is then as before.
    pub fn merge_all(&self, progress: MergeProgress<'_>) -> Result<Arc<Snapshot>, IndexError> {
        let _merging = lock(&self.merging);
        let snapshot = self.commit()?;
        let minimum = snapshot.definition().graph.min_nodes as u64;
        let done = match snapshot.segments.as_slice() {
            [] => true,
            [only] => {
                let linked =
                    only.segment.vector_access() == VectorAccess::Graph || only.segment.entry.nodes < minimum;
                only.dead.is_empty() && linked && snapshot.stale().segments == 0
            }
            _ => false,
        };
        if done {
            return Ok(snapshot);
        }
        let ids: Vec<String> = snapshot.manifest.segments.iter().map(|entry| entry.id.clone()).collect();
        self.merge(&ids, progress)
    }

    fn merge(&self, ids: &[String], progress: MergeProgress<'_>) -> Result<Arc<Snapshot>, IndexError> {
        phase!("merge", "begin");
        let snapshot = self.snapshot();
        let sources: Vec<&LiveCases> =
            snapshot.segments.iter().filter(|part| ids.contains(&part.segment.entry.id)).collect();
        let order = live_in_order(&sources)?;
        let id = self.take_segment_id();
        let write = || self.write_merged(&snapshot, &sources, &order, id.clone(), progress);
        let merged = match order.is_empty() {
            true => None,
            false => Some(self.or_remove_segment(&id, write)?),
        };
        let snapshot = self.install_merged(&sources, &order, merged)?;
        phase!("merge", "end");
        Ok(snapshot)
    }

    fn write_merged(
        &self,
        snapshot: &Snapshot,
        sources: &[&LiveCases],
        order: &[(u64, usize, u32)],
        id: String,
        progress: MergeProgress<'_>,
    ) -> Result<SegmentEntry, IndexError> {
        let mut builder =
            SegmentBuilder::new(self.storage.as_ref(), snapshot.definition(), snapshot.reader(), id)?;
        for (done, &(sequence, source, ordinal)) in order.iter().enumerate() {
            if done % 1024 == 0 && !progress("cases", done, order.len()) {
                return Err(IndexError::Stopped);
            }
            let segment = &sources[source].segment;
            let (case, record) = (segment.case(ordinal)?, segment.records.bytes(ordinal)?);
            builder.push(sequence, &case, record, segment.embeddings(ordinal)?)?;
        }
        let tell = |done: usize, total: usize| progress("graph", done, total);
        let work = GraphWork { threads: self.threads, progress: &tell };
        builder.finish(Some(work), snapshot.largest_graph())
    }

    /// Puts the merged segment in place of its sources. Cases that died in a source meanwhile are dead in it, too.
    fn install_merged(
        &self,
        sources: &[&LiveCases],
        order: &[(u64, usize, u32)],
        merged: Option<SegmentEntry>,
    ) -> Result<Arc<Snapshot>, IndexError> {
        let _install = lock(&self.install);
        let now = self.snapshot();
        let mut manifest = now.manifest.clone();
        manifest.generation += 1;
        let place: HashMap<(usize, u32), u32> =
            (order.iter().enumerate()).map(|(new, &(_, source, old))| ((source, old), new as u32)).collect();
        let mut dead = Vec::new();
        for (source, part) in sources.iter().enumerate() {
            let id = &part.segment.entry.id;
            if let Some(later) = now.segments.iter().find(|later| later.segment.entry.id == *id) {
                dead.extend(later.dead.iter().filter_map(|&ordinal| place.get(&(source, ordinal)).copied()));
            }
        }
        dead.sort_unstable();
        manifest.segments.retain(|entry| !sources.iter().any(|part| part.segment.entry.id == entry.id));
        if let Some(entry) = merged {
            let id = entry.id.clone();
            manifest.segments.insert(0, entry);
            let bury = || self.bury(&mut manifest, 0, &dead);
            self.or_remove_segment(&id, bury)?;
        }
        self.publish(manifest)
    }
}

/// Every live case of the sources in the order of the log: (sequence, source, ordinal).
fn live_in_order(sources: &[&LiveCases]) -> Result<Vec<(u64, usize, u32)>, IndexError> {
    let mut order = Vec::new();
    for (source, part) in sources.iter().enumerate() {
        let sequences = part.segment.keys.sequences()?;
        order.extend(part.live.iter().map(|ordinal| (sequences[ordinal as usize], source, ordinal)));
    }
    order.sort_unstable();
    Ok(order)
}

/// Which segments to merge now: the smallest size of which there are enough, or one with many dead cases.
fn choose(segments: &[SegmentEntry]) -> Option<Vec<String>> {
    let live = |entry: &SegmentEntry| entry.cases - entry.dead().min(entry.cases);
    let tier = |entry: &SegmentEntry| {
        let (mut tier, mut size) = (0_u32, SMALLEST_TIER);
        while live(entry) >= size {
            tier += 1;
            size = size.saturating_mul(FAN_IN as u64);
        }
        tier
    };
    let mut tiers: Vec<u32> = segments.iter().map(tier).collect();
    tiers.sort_unstable();
    tiers.dedup();
    for wanted in tiers {
        let of_size: Vec<&SegmentEntry> = segments.iter().filter(|entry| tier(entry) == wanted).collect();
        if of_size.len() >= FAN_IN {
            return Some(of_size.into_iter().map(|entry| entry.id.clone()).collect());
        }
    }
    let rotten = segments.iter().find(|entry| entry.dead() > 0 && entry.dead() * DEAD_SHARE >= entry.cases);
    rotten.map(|entry| vec![entry.id.clone()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{FileRecord, TombstoneEntry};

    fn segments(sizes: &[(u64, u64)]) -> Vec<SegmentEntry> {
        (sizes.iter().enumerate())
            .map(|(number, &(cases, dead))| SegmentEntry {
                id: number.to_string(),
                cases,
                rows: 0,
                nodes: 0,
                files: Vec::new(),
                tombstones: (dead > 0).then(|| TombstoneEntry {
                    count: dead,
                    file: FileRecord { name: String::new(), bytes: 0, digest: String::new() },
                }),
                lexicon: None,
            })
            .collect()
    }

    #[test]
    fn eight_of_one_size_are_merged_and_a_large_one_is_left_alone() {
        let mut sizes = vec![(1_000_000, 0)];
        sizes.extend([(10, 0); 7]);
        assert_eq!(choose(&segments(&sizes)), None);
        sizes.push((900, 0));
        assert_eq!(choose(&segments(&sizes)).unwrap().len(), 8);
        assert!(!choose(&segments(&sizes)).unwrap().contains(&"0".to_owned()));
    }

    #[test]
    fn a_segment_with_many_dead_cases_is_written_anew() {
        assert_eq!(choose(&segments(&[(100, 24)])), None);
        assert_eq!(choose(&segments(&[(100, 25)])), Some(vec!["0".to_owned()]));
        assert_eq!(choose(&segments(&[])), None);
    }
}
