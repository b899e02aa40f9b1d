//! The order of measured nodes, by exact vectors where it depends on them.
//!
//! A search measures with a shorter form of the vectors, which may be slightly off ([`Measure::error`]). Among near copies, such
//! as films taken twice, that error decides which comes first. So nodes whose order the errors leave open, and only these, are
//! measured again with exact vectors: on ordinary embeddings, a few in a hundred.

use crate::order::Neighbour;
use crate::{HnswError, Measure, RowQuery, VectorRows};
use precedent_vector::prefetch;

/// Which distances a search returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// The exact ones.
    #[default]
    Whole,
    /// The measured ones, except where they leave the order open. Reads very few exact vectors.
    Order,
}

/// A measured node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub node: u32,
    pub measure: Measure,
}

impl Measured {
    fn least(&self) -> f32 {
        self.measure.distance - self.measure.error
    }

    fn most(&self) -> f32 {
        self.measure.distance + self.measure.error
    }
}

/// Keeps everything that may be among the `k` nearest, in a few times the memory of what is kept. If all were measured exactly,
/// that is `k` nodes, of equal distances those with the lowest numbers.
pub(crate) struct Nearest<'a> {
    k: usize,
    kept: &'a mut Vec<Measured>,
    /// Whether all were measured exactly.
    exact: bool,
    /// The least possible distance of a new node must not exceed this.
    limit: f32,
    /// How many are kept before those that can no longer be among the nearest are dropped.
    room: usize,
}

/// Number kept beyond those wanted before any are dropped.
const ROOM: usize = 256;

impl<'a> Nearest<'a> {
    pub fn new(k: usize, kept: &'a mut Vec<Measured>) -> Self {
        kept.clear();
        Self { k, kept, exact: true, limit: f32::INFINITY, room: 2 * k + ROOM }
    }

    #[inline]
    pub fn add(&mut self, node: u32, measure: Measure) {
        let measured = Measured { node, measure };
        self.exact &= measure.error == 0.0;
        // A distance that is not a number has no place in an order.
        if measured.least() <= self.limit {
            self.kept.push(measured);
            if self.kept.len() >= self.room {
                self.drop_far();
            }
        }
    }

    fn drop_far(&mut self) {
        let Some(last) = self.k.checked_sub(1) else { return self.kept.clear() };
        self.kept
            .select_nth_unstable_by(last, |a, b| a.most().total_cmp(&b.most()).then(a.node.cmp(&b.node)));
        // This many are certainly no farther.
        self.limit = self.kept[last].most();
        match self.exact {
            true => self.kept.truncate(self.k),
            false => self.kept.retain(|measured| measured.least() <= self.limit),
        }
        self.room = self.room.max(2 * self.kept.len());
    }
}

/// The `k` nearest of the measured nodes, in the order of exact distances, equal ones by node.
pub(crate) fn settle<R: VectorRows>(
    rows: &R,
    query: &RowQuery<'_>,
    measured: &mut Vec<Measured>,
    k: usize,
    precision: Precision,
) -> Result<Vec<Neighbour>, HnswError> {
    if measured.len() > k && k > 0 {
        measured.select_nth_unstable_by(k - 1, |a, b| a.most().total_cmp(&b.most()));
        let limit = measured[k - 1].most();
        measured.retain(|measured| measured.least() <= limit);
    }
    let by_distance = |a: &Measured, b: &Measured| {
        a.measure.distance.total_cmp(&b.measure.distance).then(a.node.cmp(&b.node))
    };
    measured.sort_unstable_by(by_distance);
    let error = measured.iter().fold(0.0_f32, |most, measured| most.max(measured.measure.error));
    // Two nodes whose distances differ by more than both errors are in order.
    let apart = |nearer: &Measured, farther: &Measured| {
        farther.measure.distance - nearer.measure.distance > 2.0 * error
    };
    let is_open: Vec<bool> = (0..measured.len())
        .map(|place| {
            let own = &measured[place];
            let before = place.checked_sub(1).is_some_and(|before| !apart(&measured[before], own));
            let behind = measured.get(place + 1).is_some_and(|behind| !apart(own, behind));
            own.measure.error > 0.0 && (before || behind || precision == Precision::Whole)
        })
        .collect();
    let again: Vec<usize> = (0..measured.len()).filter(|&place| is_open[place]).collect();
    let row = |place: usize| {
        let node = measured[place].node;
        rows.row(node).map_err(|error| HnswError::row(node, error))
    };
    for &place in again.iter().take(AHEAD) {
        prefetch(row(place)?);
    }
    let mut distances = Vec::with_capacity(again.len());
    for (number, &place) in again.iter().enumerate() {
        if let Some(&ahead) = again.get(number + AHEAD) {
            prefetch(row(ahead)?);
        }
        distances.push(query.distance(row(place)?));
    }
    for (&place, distance) in again.iter().zip(distances) {
        measured[place].measure = Measure { distance, error: 0.0 };
    }
    if !again.is_empty() {
        measured.sort_unstable_by(by_distance);
    }
    let nearest = measured.iter().filter(|measured| !measured.measure.distance.is_nan()).take(k);
    // Adding 0 turns -0 into 0.
    let neighbour =
        |measured: &Measured| Neighbour { node: measured.node, distance: measured.measure.distance + 0.0 };
    Ok(nearest.map(neighbour).collect())
}

/// Exact vectors prefetched ahead of the one being measured.
const AHEAD: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FlatRows;
    use precedent_vector::Metric;

    fn settled(distances: &[(f32, f32)], k: usize, precision: Precision) -> Vec<(u32, f32)> {
        // Rows at the distances 0, 1, 4, 9, ... from the query.
        let values: Vec<f32> = (0..distances.len()).map(|row| row as f32).collect();
        let rows = FlatRows::new(&values, 1).unwrap();
        let query = RowQuery::new(&rows, Metric::L2.distance_fn(), &[0.0]).unwrap();
        let mut kept = Vec::new();
        let mut nearest = Nearest::new(k, &mut kept);
        for (node, &(distance, error)) in (0..).zip(distances) {
            nearest.add(node, Measure { distance, error });
        }
        let found = settle(&rows, &query, &mut kept, k, precision).unwrap();
        found.iter().map(|neighbour| (neighbour.node, neighbour.distance)).collect()
    }

    #[test]
    fn an_order_that_errors_leave_open_is_that_of_whole_vectors() {
        let measured = [(0.6, 0.5), (0.4, 0.5), (4.1, 0.5), (9.2, 0.5)];
        assert_eq!(settled(&measured, 2, Precision::Order), [(0, 0.0), (1, 1.0)]);
        assert_eq!(settled(&measured, 1, Precision::Order), [(0, 0.0)], "the first is the same for every k");
        assert_eq!(settled(&measured, 4, Precision::Order), [(0, 0.0), (1, 1.0), (2, 4.1), (3, 9.2)]);
        assert_eq!(settled(&measured, 4, Precision::Whole), [(0, 0.0), (1, 1.0), (2, 4.0), (3, 9.0)]);
    }

    #[test]
    fn what_was_measured_exactly_stays_and_what_is_no_number_goes() {
        let measured = [(5.0, 0.0), (f32::NAN, 0.0), (3.0, 0.0), (-0.0, 0.0)];
        assert_eq!(settled(&measured, 9, Precision::Whole), [(3, 0.0), (2, 3.0), (0, 5.0)]);
        assert!(settled(&measured, 9, Precision::Order)[0].1.is_sign_positive());
        assert_eq!(settled(&measured, 0, Precision::Order), []);
    }

    #[test]
    fn of_equal_ones_no_more_are_kept_than_are_wanted() {
        let mut kept = Vec::new();
        let mut nearest = Nearest::new(3, &mut kept);
        for node in (0..100_000_u32).rev() {
            nearest.add(node, Measure { distance: 1.0 + (node % 2) as f32, error: 0.0 });
            assert!(nearest.kept.len() <= nearest.room && nearest.room <= 2 * 3 + ROOM);
        }
        nearest.drop_far();
        kept.sort_by_key(|measured| measured.node);
        assert_eq!(kept.iter().map(|measured| measured.node).collect::<Vec<_>>(), [0, 2, 4]);
    }

    #[test]
    fn crowds_are_kept_whole() {
        let measured: Vec<(f32, f32)> = (0..5_000).map(|place| (1.0 - place as f32 * 1e-6, 1e6)).collect();
        let nodes: Vec<u32> = settled(&measured, 3, Precision::Order).iter().map(|found| found.0).collect();
        assert_eq!(nodes, [0, 1, 2]);
        let exact: Vec<(f32, f32)> = (0..5_000).map(|place| (place as f32, 0.0)).rev().collect();
        let nodes: Vec<u32> = settled(&exact, 3, Precision::Order).iter().map(|found| found.0).collect();
        assert_eq!(nodes, [4_999, 4_998, 4_997]);
    }
}
