//! Distances from one query: counted, bounded in time, and never NaN.

use crate::order::Key;
use crate::{HnswError, VectorRows};
use precedent_vector::{DistanceFn, Metric, prefetch};

/// Steps between two looks at the clock: some tens of microseconds.
const STOP_INTERVAL: usize = 256;

/// One query against rows.
pub(crate) struct Measure<'a, R> {
    rows: &'a R,
    distance: DistanceFn,
    query: &'a [f32],
    stop: &'a dyn Fn() -> bool,
    steps: usize,
    pub visited: usize,
    pub stopped: bool,
}

/// Holds a query against the rows, so that no kernel meets another length or a number that is not finite.
pub(crate) fn check_query<R: VectorRows>(rows: &R, query: &[f32]) -> Result<(), HnswError> {
    if query.len() != rows.dimension() {
        return Err(HnswError::QueryDimension { found: query.len(), expected: rows.dimension() });
    }
    // The sum of the squares is finite only where every number is, and where it is not they are looked through.
    let squares = Metric::Dot.distance_fn()(query, query);
    if !squares.is_finite()
        && let Some(index) = query.iter().position(|number| !number.is_finite())
    {
        return Err(HnswError::QueryNotFinite { index });
    }
    Ok(())
}

impl<'a, R: VectorRows> Measure<'a, R> {
    /// Checks the query, so that the kernel cannot meet another length, and asks once whether to start at all.
    pub fn new(
        rows: &'a R,
        distance: DistanceFn,
        query: &'a [f32],
        stop: &'a dyn Fn() -> bool,
    ) -> Result<Self, HnswError> {
        check_query(rows, query)?;
        Ok(Self { rows, distance, query, stop, steps: 0, visited: 0, stopped: stop() })
    }

    /// The key of a node, none when its distance is not a number.
    #[inline]
    pub fn key(&mut self, node: u32) -> Result<Option<Key>, HnswError> {
        let row = self.rows.row(node).map_err(|error| HnswError::row(node, error))?;
        let distance = (self.distance)(self.query, row);
        self.visited += 1;
        self.step();
        Ok(Key::new(distance, node))
    }

    /// Counts one step of work, a distance or a list of links. Sets `stopped` when the caller's time is up.
    #[inline]
    pub fn step(&mut self) {
        self.steps += 1;
        if self.steps.is_multiple_of(STOP_INTERVAL) && (self.stop)() {
            self.stopped = true;
        }
    }

    /// Asks for the vector of a node that will be measured soon.
    #[inline]
    pub fn prefetch(&self, node: u32) -> Result<(), HnswError> {
        prefetch(self.rows.row(node).map_err(|error| HnswError::row(node, error))?);
        Ok(())
    }
}
