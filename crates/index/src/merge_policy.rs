//! Chooses segments to merge, so that there are few segments and none is rewritten often.

use crate::SegmentSize;
use crate::manifest::SegmentEntry;
use std::collections::HashSet;

/// Fewest segments of about one size that are merged together.
const FAN_IN: usize = 8;
/// Most segments merged together while merges are behind: each case is then rewritten fewer times.
const MOST_AT_ONCE: usize = 32;
/// Merges are behind if there are more segments than this: some seven of each of three sizes are normal.
const MANY: usize = 24;
/// A merge leaves out the graph while merges are behind, if its vectors take at most this many bytes at full precision: scanning
/// their codes adds a millisecond or two to a search.
const UNLINKED_BYTES: u64 = 64 << 20;
/// Merges without a graph may exceed the requested size by this factor, because building the graph takes most of the time.
const UNLINKED_SHARE: f64 = 4.0;
/// Fewest distinct vectors for which a segment is rewritten to get a graph, once there is time.
const LINKED_LATER: u64 = 16_384;
/// Segments with fewer cases count as one size, so that a trickle of single cases does not pile up.
const SMALLEST_TIER: u64 = 1000;
/// A segment is rewritten when one case in this many is dead.
const DEAD_SHARE: u64 = 4;
/// Share of the limit at which a segment is large enough to be left alone.
const LARGE: f64 = 0.5;

/// A merge to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The segments.
    pub ids: Vec<String>,
    /// Whether the result gets a graph, if it has enough vectors for one. Not while merges are behind, as it will soon be merged
    /// again.
    pub linked: bool,
}

/// What the choice depends on, besides the segments.
pub(crate) struct Circumstances<'a> {
    /// The limit for every segment.
    pub limit: SegmentSize,
    /// The largest merge result to choose.
    pub largest: SegmentSize,
    /// Segments that are being merged already.
    pub claimed: &'a HashSet<String>,
    /// Whether a segment has vectors outside of a graph that could be in one.
    pub unlinked: &'a dyn Fn(&SegmentEntry) -> bool,
}

/// Which of all these segments to merge now: those of the smallest size of which there are enough, or one with many dead cases,
/// or one that was merged without a graph while merges were behind.
///
/// Segments are grouped by size, in live cases, each size up to eight times the one before. Eight or more of one size are merged,
/// or as many as fit the limit of a segment once they fill half of it: the result is then left alone. So a case is written at
/// most once per size.
pub(crate) fn choose(segments: &[&SegmentEntry], circumstances: &Circumstances<'_>) -> Option<Choice> {
    let Circumstances { limit, largest, claimed, .. } = circumstances;
    let is_small = |size: &SegmentSize| size.share_of(limit) < LARGE;
    let hurried = segments.iter().filter(|entry| is_small(&entry.live_size())).count() > MANY;
    let free = segments.iter().filter(|entry| !claimed.contains(&entry.id));
    let sized = || free.clone().map(|entry| (*entry, entry.live_size()));
    let small: Vec<_> = sized().filter(|(_, size)| is_small(size)).collect();
    let unlinked = |size: &SegmentSize| hurried && is_small(size) && size.vector_bytes <= UNLINKED_BYTES;
    let fits = |size: &SegmentSize| {
        let share = size.share_of(largest);
        share <= 1.0 || (unlinked(size) && share <= UNLINKED_SHARE)
    };
    let mut tiers: Vec<u32> = small.iter().map(|(_, size)| tier(size.cases)).collect();
    tiers.sort_unstable();
    tiers.dedup();
    for wanted in tiers {
        let (mut ids, mut sum) = (Vec::new(), SegmentSize::default());
        let mut overfull = false;
        for (entry, size) in small.iter().filter(|(_, size)| tier(size.cases) == wanted) {
            let with = sum.plus(size);
            if with.share_of(limit) > 1.0 {
                overfull = true;
            } else if ids.len() < FAN_IN || (ids.len() < MOST_AT_ONCE && fits(&with)) {
                ids.push(entry.id.clone());
                sum = with;
            }
        }
        let enough = ids.len() >= FAN_IN || (ids.len() > 1 && overfull && sum.share_of(limit) >= LARGE);
        if enough && fits(&sum) {
            return Some(Choice { ids, linked: !unlinked(&sum) });
        }
    }
    let rotten = |entry: &SegmentEntry| entry.dead() > 0 && entry.dead() * DEAD_SHARE >= entry.cases;
    let calm = claimed.is_empty() && !hurried;
    let waits = |entry: &SegmentEntry| calm && entry.nodes >= LINKED_LATER && (circumstances.unlinked)(entry);
    let alone = |(entry, size): &(&SegmentEntry, SegmentSize)| {
        (rotten(entry) || waits(entry)) && size.share_of(largest) <= 1.0
    };
    sized().find(alone).map(|(entry, _)| Choice { ids: vec![entry.id.clone()], linked: true })
}

fn tier(live: u64) -> u32 {
    let (mut tier, mut size) = (0_u32, SMALLEST_TIER);
    while live >= size {
        tier += 1;
        size = size.saturating_mul(FAN_IN as u64);
    }
    tier
}

/// The number of segments for data of this size, and the size of each so that they come out equal.
pub(crate) fn shares(all: &SegmentSize, limit: &SegmentSize) -> (usize, SegmentSize) {
    let count = all.share_of(limit).ceil().max(1.0);
    let cases = (all.cases as f64 / count).ceil() as u64;
    (count as usize, SegmentSize { cases: cases.clamp(1, limit.cases), ..*limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{FileRecord, TombstoneEntry};

    const LIMIT: SegmentSize = SegmentSize::LARGEST;

    /// Segments with these numbers of cases and dead cases, and bytes of text.
    fn segments(sizes: &[(u64, u64, u64)]) -> Vec<SegmentEntry> {
        (sizes.iter().enumerate())
            .map(|(number, &(cases, dead, text_bytes))| SegmentEntry {
                id: number.to_string(),
                cases,
                rows: 0,
                nodes: cases,
                files: Vec::new(),
                tombstones: match dead {
                    0 => Vec::new(),
                    _ => vec![TombstoneEntry {
                        count: dead,
                        file: FileRecord { name: String::new(), bytes: 0, digest: String::new() },
                    }],
                },
                text_bytes: Some(text_bytes),
                lexicon: None,
            })
            .collect()
    }

    /// The choice if all segments have graphs and nothing else is being merged.
    fn choice(
        sizes: &[(u64, u64, u64)],
        limit: SegmentSize,
        largest: SegmentSize,
        unlinked: &dyn Fn(&SegmentEntry) -> bool,
    ) -> Option<(Vec<usize>, bool)> {
        let segments = segments(sizes);
        let circumstances = Circumstances { limit, largest, claimed: &HashSet::new(), unlinked };
        let choice = choose(&segments.iter().collect::<Vec<_>>(), &circumstances)?;
        Some((choice.ids.iter().map(|id| id.parse().unwrap()).collect(), choice.linked))
    }

    fn chosen(sizes: &[(u64, u64, u64)], limit: &SegmentSize) -> Option<Vec<usize>> {
        choice(sizes, *limit, SegmentSize::UNLIMITED, &|_| false).map(|(ids, _)| ids)
    }

    #[test]
    fn eight_of_one_size_are_merged_and_a_large_one_is_left_alone() {
        let mut sizes = vec![(1_000_000, 0, 0)];
        sizes.extend([(10, 0, 0); 7]);
        assert_eq!(chosen(&sizes, &LIMIT), None);
        sizes.push((900, 0, 0));
        assert_eq!(chosen(&sizes, &LIMIT), Some((1..9).collect()));
    }

    #[test]
    fn a_segment_with_many_dead_cases_is_written_anew() {
        assert_eq!(chosen(&[(100, 24, 0)], &LIMIT), None);
        assert_eq!(chosen(&[(100, 25, 0)], &LIMIT), Some(vec![0]));
        assert_eq!(chosen(&[], &LIMIT), None);
    }

    #[test]
    fn what_is_merged_fits_the_limit_and_fills_half_of_it() {
        // 0.6 million each: three of them make nearly two million.
        let large = (600_000, 0, 0);
        assert_eq!(chosen(&[large; 3], &LIMIT), None);
        assert_eq!(chosen(&[large; 4], &LIMIT), Some(vec![0, 1, 2]));
        // Few cases with much text.
        let long = (100, 0, 300 << 20);
        assert_eq!(chosen(&[long; 3], &LIMIT), None);
        assert_eq!(chosen(&[long; 4], &LIMIT), Some(vec![0, 1, 2]));
        assert_eq!(chosen(&[(100, 0, 600 << 20); 20], &LIMIT), None);
    }

    #[test]
    fn what_is_too_large_for_one_who_asks_is_left_to_others() {
        let mut sizes = vec![(10_000, 0, 0); 8];
        let asked = |sizes: &[(u64, u64, u64)]| {
            let small = SegmentSize { cases: 50_000, ..SegmentSize::UNLIMITED };
            choice(sizes, LIMIT, small, &|_| false).map(|(ids, _)| ids.len())
        };
        assert_eq!(asked(&sizes), None);
        sizes.extend([(5_000, 0, 0); 8]);
        assert_eq!(asked(&sizes), Some(8));
        // More are merged at a time, as long as they fit.
        sizes.extend([(5_000, 0, 0); 8]);
        assert_eq!(asked(&sizes), Some(10));
    }

    #[test]
    fn merges_that_fell_behind_take_more_at_a_time_and_leave_graphs_for_later() {
        let of =
            |count: usize| choice(&vec![(3_000, 0, 0); count], LIMIT, SegmentSize::UNLIMITED, &|_| false);
        let (ids, linked) = of(20).unwrap();
        assert_eq!((ids.len(), linked), (20, true));
        let (ids, linked) = of(70).unwrap();
        assert_eq!((ids.len(), linked), (32, false));
        // A result that is left alone afterwards gets its graph at once.
        let (_, linked) = choice(&[(60_000, 0, 0); 70], LIMIT, SegmentSize::UNLIMITED, &|_| false).unwrap();
        assert!(linked);
    }

    #[test]
    fn what_was_left_without_a_graph_gets_one_when_there_is_time() {
        let unlinked = |entry: &SegmentEntry| entry.id == "1";
        let asked = |sizes: &[(u64, u64, u64)]| choice(sizes, LIMIT, SegmentSize::UNLIMITED, &unlinked);
        let merged = (100_000, 0, 0);
        assert_eq!(asked(&[merged; 3]), Some((vec![1], true)));
        assert_eq!(asked(&[(1_500, 0, 0); 3]), None, "as few as a commit brings");
        let mut busy = vec![merged; 4];
        for size in [500, 1_500, 9_000] {
            busy.extend([(size, 0, 0); 7]);
        }
        assert_eq!(asked(&busy), None, "they will be merged");
    }

    /// However cases arrive, there are few segments, none exceeds the limit, and no case is written more often than there are
    /// sizes.
    #[test]
    fn segments_stay_few_and_are_seldom_written() {
        let limit = SegmentSize { cases: 300_000, ..LIMIT };
        for batch in [100, 700, 5_000] {
            let (mut sizes, mut written, mut all) = (Vec::new(), 0, 0);
            while all < 3_000_000 {
                sizes.push((batch, 0, 0));
                all += batch;
                while let Some(picked) = chosen(&sizes, &limit) {
                    let merged: u64 = picked.iter().map(|&place| sizes[place].0).sum();
                    assert!(merged <= limit.cases && picked.len() > 1);
                    written += merged;
                    let mut place = 0;
                    sizes.retain(|_| {
                        place += 1;
                        !picked.contains(&(place - 1))
                    });
                    sizes.insert(0, (merged, 0, 0));
                }
                assert!(sizes.len() < 7 * 4 + 3_000_000 / 150_000, "{} segments", sizes.len());
            }
            assert!(written <= 5 * all, "each case was written {} times", written as f64 / all as f64);
        }
    }

    #[test]
    fn everything_is_shared_out_evenly() {
        let size = |cases, text_bytes| SegmentSize { cases, text_bytes, ..SegmentSize::default() };
        assert_eq!(shares(&size(0, 0), &LIMIT).0, 1);
        assert_eq!(shares(&size(2_000_000, 5), &LIMIT), (1, LIMIT));
        let (count, share) = shares(&size(2_000_001, 5), &LIMIT);
        assert_eq!((count, share.cases), (2, 1_000_001));
        let (count, share) = shares(&size(1_000, 5 << 30), &LIMIT);
        assert_eq!((count, share.cases, share.text_bytes), (5, 200, LIMIT.text_bytes));
    }
}
