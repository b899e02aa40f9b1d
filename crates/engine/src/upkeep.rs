//! When to merge after a load.

use crate::{Engine, VectorAccess};

/// Number of segments from which on a merge makes searches faster, whatever they hold.
const HINT_SEGMENTS: usize = 8;

/// What a merge would gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeGain {
    /// Current number of segments.
    pub segments: usize,
    /// Distinct vectors outside of graphs, which are scanned.
    pub scanned: usize,
    /// Distinct vectors in graphs, which are walked.
    pub linked: usize,
    /// The fewest vectors for which a graph is built.
    pub fewest: usize,
}

impl MergeGain {
    /// Whether a load should end with a full merge: most vectors are outside of graphs, and there are enough to build one.
    ///
    /// A merge then links at most twice the vectors added since the last one, so an archive that grows load by load links each
    /// vector about twice in all, and a small load into a large archive never merges.
    /// links each vector about twice in all, and a load of a few into many never merges.
    pub fn is_due(self) -> bool {
        self.scanned >= self.fewest && self.scanned >= self.linked
    }

    /// Whether searches would become noticeably faster by a merge.
    pub fn is_worth_a_hint(self) -> bool {
        let scans_much = self.scanned >= self.fewest && self.scanned * 10 >= self.linked;
        self.segments >= HINT_SEGMENTS || scans_much
    }
}

impl Engine {
    /// What a merge of the newest generation would gain. Reads no file.
    pub fn merge_gain(&self) -> MergeGain {
        let segments = self.view().snapshot().parts();
        let vectors = |linked: bool| {
            let such = segments.iter().filter(|segment| (segment.access == VectorAccess::Graph) == linked);
            such.map(|segment| segment.distinct_vectors).sum()
        };
        MergeGain {
            segments: segments.len(),
            scanned: vectors(false),
            linked: vectors(true),
            fewest: self.definition().graph.min_nodes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain(segments: usize, scanned: usize, linked: usize) -> MergeGain {
        MergeGain { segments, scanned, linked, fewest: 5_000 }
    }

    #[test]
    fn a_load_merges_where_most_of_the_archive_came_with_it() {
        assert!(gain(4, 100_000, 0).is_due());
        assert!(gain(5, 100_000, 100_000).is_due());
        assert!(!gain(2, 50, 100_000).is_due());
        assert!(!gain(1, 4_999, 0).is_due(), "too few for a graph");
        assert!(!gain(9, 0, 0).is_due(), "reports alone need no graph");
    }

    #[test]
    fn an_archive_that_grows_load_by_load_links_each_vector_about_twice() {
        let (mut scanned, mut linked, mut work) = (0, 0, 0);
        for _ in 0..1_000 {
            scanned += 1_000;
            if gain(2, scanned, linked).is_due() {
                (linked, scanned) = (linked + scanned, 0);
                work += linked;
            }
        }
        assert!(work <= 2 * linked, "{work} for {linked}");
        assert!(linked >= scanned, "{linked} and {scanned}");
    }

    #[test]
    fn a_hint_comes_where_a_merge_would_be_felt() {
        assert!(!gain(2, 50, 100_000).is_worth_a_hint());
        assert!(gain(8, 50, 100_000).is_worth_a_hint());
        assert!(gain(2, 20_000, 100_000).is_worth_a_hint());
        assert!(!gain(2, 4_000, 0).is_worth_a_hint());
    }
}
