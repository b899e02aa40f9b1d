//! What each path was measured to find, and its cost: the basis of promised recall.
//!
//! Recall is the mean share of a query's `k` true nearest neighbours, by exact vectors, that are found. It was measured for a few
//! `k`, the [`DEPTHS`]; a `k` between two of them goes as far as both need. Nothing is promised that was not measured: if no path
//! finds enough, there is none, and the caller compares every vector.

/// The `k` for which recall is measured. The first one stands for all smaller `k`, too: a search for fewer holds as many, so that
/// the best hit is the same for every `k`.
pub const DEPTHS: [usize; 5] = [10, 30, 100, 300, 1_000];
/// The shares of true neighbours for which the errors of estimates are given.
pub(crate) const LOST: [f32; 8] = [0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.000_5, 0.000_2];
/// How many deviations of a normal distribution these shares exceed.
const DEVIATIONS: [f32; LOST.len()] = [1.64, 2.05, 2.33, 2.58, 2.88, 3.09, 3.29, 3.54];
/// Deviations in [`RecallTable::spread`].
pub(crate) const SPREAD: f32 = 4.0;
/// The part of what a promise may miss that is left to measuring, which stops before every held vector was measured.
const LOST_IN_MEASURING: f32 = 0.2;

/// What a walk of some slack found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WalkPoint {
    /// As in [`crate::WalkBreadth::Slack`].
    pub slack: f32,
    /// For each of the [`DEPTHS`], the share of that many nearest neighbours that the walk held.
    pub recall: [f32; DEPTHS.len()],
    /// For each of the [`DEPTHS`], the number of codes compared.
    pub compared: [f32; DEPTHS.len()],
}

/// What a scan of some width found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScanPoint {
    /// Codes held, as a multiple of the number wanted.
    pub width: f32,
    /// For each of the [`DEPTHS`], the share of that many nearest neighbours that are among those held.
    pub recall: [f32; DEPTHS.len()],
}

/// Everything measured for a graph, or for codes without one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecallTable {
    /// Four deviations of an estimate by first codes, relative to the length of the query: near copies are nearer to each other
    /// than that.
    pub(crate) spread: f32,
    /// By how much the estimate of a true neighbour exceeds its distance, relative to the length of the query: for each share of
    /// `LOST`, the amount that this share exceeds. `None` if nothing was measured.
    pub(crate) errors: Option<[f32; LOST.len()]>,
    /// Whether walks measure everything they find: then nothing is lost afterwards.
    pub(crate) walks_measure: bool,
    /// Sorted by slack, with recalls and comparisons.
    pub walks: Vec<WalkPoint>,
    /// Sorted by width, with recalls.
    pub scans: Vec<ScanPoint>,
}

/// A walk that was measured to find what is requested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WalkPlan {
    /// As in [`crate::WalkBreadth::Slack`].
    pub slack: f32,
    /// Approximate number of codes it compares.
    pub compared: f32,
}

impl RecallTable {
    /// The walk that finds a share of the `k` nearest; `None` if none was measured to, or beyond the last depth.
    pub fn walk(&self, recall: f32, k: usize) -> Option<WalkPlan> {
        if k > DEPTHS[DEPTHS.len() - 1] {
            return None;
        }
        let needed = if self.walks_measure { recall } else { held_for(recall) };
        let plan = |depth: usize| self.walk_at(needed, depth);
        between(k, plan, |low, high, share| WalkPlan {
            slack: low.slack.max(high.slack),
            compared: low.compared.max(1.0).powf(1.0 - share) * high.compared.max(1.0).powf(share),
        })
    }

    /// The walk that was measured to find the most of the `k` nearest, and the share that it finds.
    pub fn longest_walk(&self, k: usize) -> Option<(WalkPlan, f32)> {
        let last = self.walks.last()?;
        let plan = |depth: usize| {
            let plan = WalkPlan { slack: last.slack, compared: last.compared[depth] };
            Some((plan, last.recall[depth]))
        };
        between(k, plan, |low, high, _| if high.1 < low.1 { high } else { low })
    }

    /// How many codes a scan must hold to find a share of the `k` nearest, as a multiple of `k` (or of the first of the
    /// [`DEPTHS`], if that is more); `None` if no width was measured to.
    pub fn scan(&self, recall: f32, k: usize) -> Option<f32> {
        let width = |depth: usize| {
            let enough = |point: &&ScanPoint| point.recall[depth] >= held_for(recall);
            self.scans.iter().find(enough).map(|point| point.width)
        };
        between(k, width, |low, high, _| low.max(high))
    }

    /// How far beyond the last of the nearest an estimate may be for its vector to be measured, if a share of the nearest may be
    /// lost.
    pub(crate) fn slack_of_estimates(&self, recall: f32) -> f32 {
        let may_be_lost = (1.0 - recall) * LOST_IN_MEASURING;
        let Some(errors) = &self.errors else { return f32::INFINITY };
        let place = LOST.iter().position(|&lost| lost <= 1.001 * may_be_lost);
        // If less may be lost than was measured, everything held is measured.
        place.and_then(|place| errors.get(place)).copied().unwrap_or(f32::INFINITY)
    }

    /// By how much a first estimate may exceed its distance, relative to the length of the query, for all but the share of
    /// neighbours that a recall allows to be dropped.
    pub(crate) fn deviation_of_estimates(&self, recall: f32) -> f32 {
        let place = LOST.iter().position(|&lost| lost <= 1.0 - held_for(recall));
        place.map_or(SPREAD, |place| DEVIATIONS[place]) * self.spread / SPREAD
    }

    fn walk_at(&self, recall: f32, depth: usize) -> Option<WalkPlan> {
        let missed = |recall: f32| (1.0 - recall).max(1e-5).ln();
        let place = self.walks.iter().position(|point| point.recall[depth] >= recall)?;
        let above = &self.walks[place];
        let Some(below) = place.checked_sub(1).and_then(|below| self.walks.get(below)) else {
            return Some(WalkPlan { slack: above.slack, compared: above.compared[depth] });
        };
        // Between measured walks, slack grows with the logarithm of what is missed.
        let (low, high) = (missed(below.recall[depth]), missed(above.recall[depth]));
        let part = ((low - missed(recall)) / (low - high).max(1e-6)).clamp(0.0, 1.0);
        let interpolated = |low: f32, high: f32| low + part * (high - low);
        Some(WalkPlan {
            slack: interpolated(below.slack, above.slack),
            compared: interpolated(below.compared[depth], above.compared[depth]),
        })
    }
}

/// The share that must be held so that a share is found.
fn held_for(recall: f32) -> f32 {
    1.0 - (1.0 - recall) * (1.0 - LOST_IN_MEASURING)
}

/// The value for a `k`, from the depths on either side of it: `share` is how far it is from the first to the second.
fn between<T: Copy>(k: usize, at: impl Fn(usize) -> Option<T>, both: impl Fn(T, T, f32) -> T) -> Option<T> {
    let high = DEPTHS.iter().position(|&depth| depth >= k).unwrap_or(DEPTHS.len() - 1);
    let found = at(high)?;
    match high.checked_sub(1) {
        Some(low) if DEPTHS[high] > k => {
            let of = |k: usize| (k as f32).ln();
            let share = (of(k) - of(DEPTHS[low])) / (of(DEPTHS[high]) - of(DEPTHS[low]));
            Some(both(at(low)?, found, share))
        }
        _ => Some(found),
    }
}

/// Bytes of the errors, of a walk point, and of a scan point.
pub(crate) const ERROR_BYTES: u64 = 4 * LOST.len() as u64;
pub(crate) const WALK_POINT_BYTES: u64 = 4 * (1 + 2 * DEPTHS.len() as u64);
pub(crate) const SCAN_POINT_BYTES: u64 = 4 * (1 + DEPTHS.len() as u64);

impl RecallTable {
    /// Everything but the spread: the errors (zeros if there are none), the walks, the scans: all f32, little-endian.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let errors = self.errors.unwrap_or_default();
        let walks = self.walks.iter().flat_map(|point| {
            std::iter::once(point.slack).chain(point.recall).chain(point.compared).collect::<Vec<f32>>()
        });
        let scans = (self.scans.iter())
            .flat_map(|point| std::iter::once(point.width).chain(point.recall).collect::<Vec<f32>>());
        errors.into_iter().chain(walks).chain(scans).flat_map(f32::to_le_bytes).collect()
    }

    /// The table with this many walks; the rest are scans. Values that are not a number promise nothing.
    pub(crate) fn from_bytes(bytes: &[u8], walks: usize, spread: f32) -> Self {
        let (words, _) = bytes.as_chunks();
        let numbers: Vec<f32> = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
        let (errors, points) = numbers.split_at(LOST.len().min(numbers.len()));
        let size = 1 + 2 * DEPTHS.len();
        let (of_walks, of_scans) = points.split_at((walks * size).min(points.len()));
        let part = |numbers: &[f32], from: usize| -> [f32; DEPTHS.len()] {
            std::array::from_fn(|place| numbers[from + place])
        };
        Self {
            spread,
            walks_measure: false,
            errors: (errors.iter().any(|error| *error > 0.0))
                .then(|| std::array::from_fn(|place| errors[place])),
            walks: (of_walks.chunks_exact(size))
                .map(|point| WalkPoint {
                    slack: point[0],
                    recall: part(point, 1),
                    compared: part(point, 1 + DEPTHS.len()),
                })
                .collect(),
            scans: (of_scans.chunks_exact(1 + DEPTHS.len()))
                .map(|point| ScanPoint { width: point[0], recall: part(point, 1) })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> RecallTable {
        let walk = |slack, recall: [f32; 5]| WalkPoint { slack, recall, compared: [slack * 1_000.0; 5] };
        let scan = |width, recall: [f32; 5]| ScanPoint { width, recall };
        RecallTable {
            spread: 0.25,
            walks_measure: false,
            errors: Some([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
            walks: vec![
                walk(0.0, [0.8, 0.7, 0.6, 0.5, 0.4]),
                walk(0.1, [0.9, 0.9, 0.9, 0.9, 0.9]),
                walk(0.2, [0.999, 0.999, 0.98, 0.97, 0.96]),
            ],
            scans: vec![scan(1.0, [0.8, 0.9, 0.9, 0.9, 0.9]), scan(4.0, [0.999, 0.98, 0.99, 0.99, 0.99])],
        }
    }

    #[test]
    fn a_table_reads_back() {
        for table in [table(), RecallTable::default(), RecallTable { walks: Vec::new(), ..table() }] {
            assert_eq!(RecallTable::from_bytes(&table.to_bytes(), table.walks.len(), table.spread), table);
        }
    }

    #[test]
    fn a_walk_goes_as_far_as_the_depths_around_need() {
        let table = table();
        let slack = |recall, k| table.walk(recall, k).map(|plan| plan.slack);
        assert_eq!(slack(0.5, 10), Some(0.0));
        let at_10 = slack(0.95, 10).unwrap();
        assert!((0.1..0.2).contains(&at_10));
        assert_eq!(slack(0.95, 1), Some(at_10), "fewer are looked for as ten are");
        assert_eq!(slack(0.95, 30), slack(0.95, 20));
        assert!(slack(0.95, 100).unwrap() > at_10);
        assert!(slack(0.95, 1_000).is_some() && slack(0.95, 1_001).is_none());
        assert_eq!(slack(0.99, 100), None, "no walk was measured to find as much");
        assert_eq!(slack(0.99, 50), None);
        assert!(slack(0.99, 30).is_some());
        assert_eq!(table.longest_walk(50).map(|(plan, recall)| (plan.slack, recall)), Some((0.2, 0.98)));
        assert_eq!(RecallTable::default().walk(0.1, 10), None);
    }

    #[test]
    fn a_scan_is_as_wide_as_the_depths_around_need() {
        let table = table();
        assert_eq!(table.scan(0.5, 100), Some(1.0));
        assert_eq!((table.scan(0.95, 10), table.scan(0.95, 2)), (Some(4.0), Some(4.0)));
        assert_eq!(table.scan(0.95, 20), Some(4.0));
        assert_eq!(table.scan(0.99, 30), None);
    }

    #[test]
    fn estimates_may_be_off_by_more_where_less_may_be_lost() {
        let table = table();
        assert_eq!(table.slack_of_estimates(0.9), 0.2);
        assert_eq!(table.slack_of_estimates(0.999), 0.8);
        assert_eq!(table.slack_of_estimates(0.99999), f32::INFINITY);
        assert_eq!(RecallTable::default().slack_of_estimates(0.5), f32::INFINITY);
    }

    #[test]
    fn more_deviations_are_allowed_for_where_less_may_be_dropped() {
        let table = table();
        let deviation = |recall| table.deviation_of_estimates(recall);
        assert_eq!(deviation(0.9), 1.64 * 0.25 / 4.0);
        assert_eq!(deviation(0.999), 3.29 * 0.25 / 4.0);
        assert_eq!(deviation(1.0), 0.25);
    }
}
