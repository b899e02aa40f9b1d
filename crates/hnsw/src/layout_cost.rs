//! The costs of walks over lists and over blocks, by what they were measured to find: decides which of the two a graph gets.

use crate::blocks::START_BLOCKS;
use crate::recall::{DEPTHS, RecallTable};
use precedent_vector::{BLOCK_LINKS, quads_for};

/// Nanoseconds of a walk over lists: fixed part, per code compared, and per line of the code. These and the following figures
/// were measured on 100,000 sentence embeddings of 384 dimensions, 100,000 clustered vectors of 512, 100,000 near copies of 384
/// (codes of four lines) and 64,000 image patches of 128, with AVX-512. They are a model and not a clock, so that the same rows
/// give the same graph.
const LIST_WALK: f32 = 5_000.0;
const LIST_CODE: f32 = 8.2;
const LIST_LINE: f32 = 2.3;
/// A walk over blocks: fixed part including the starts, per node expanded, per quad of its block, and per number of its vector.
const BLOCK_WALK: f32 = 4_000.0;
const BLOCK_STEP: f32 = 120.0;
const BLOCK_QUAD: f32 = 5.0;
const BLOCK_NUMBER: f32 = 0.12;
/// Blocks take twice the bytes of lists, including the vectors that are measured, and must save this share of the time.
const SAVED: f32 = 0.15;
/// The recalls at which both are compared, and the fewest steps over blocks on any of the data above.
pub(crate) const RECALLS: [f32; 2] = [0.95, 0.99];
const FEWEST_STEPS: [f32; RECALLS.len()] = [30.0, 60.0];

/// What walks over lists were measured to find, and how many lines their codes have.
pub(crate) struct ListCost<'a> {
    pub table: &'a RecallTable,
    pub lines: usize,
}

/// What walks over blocks were measured to find, and what they read.
pub(crate) struct BlockCost<'a> {
    pub table: &'a RecallTable,
    pub dimension: usize,
}

impl ListCost<'_> {
    fn of_walk(&self, recall: f32) -> Option<f32> {
        let plan = self.table.walk(recall, DEPTHS[0])?;
        Some(LIST_WALK + plan.compared * (LIST_CODE + LIST_LINE * self.lines as f32))
    }

    /// Whether blocks may pay, as far as is known before they are made: making them takes as long as linking the rows.
    pub fn may_be_beaten(&self, dimension: usize) -> bool {
        self.exceed(FEWEST_STEPS.map(|steps| Some(block_walk(steps, dimension))))
    }

    /// Whether others are fast enough at the recalls that lists reach, if they reach any.
    fn exceed(&self, others: [Option<f32>; RECALLS.len()]) -> bool {
        let shares: Vec<f32> = (RECALLS.iter().zip(others))
            .filter_map(|(&recall, other)| {
                self.of_walk(recall).map(|own| other.unwrap_or(f32::INFINITY) / own)
            })
            .collect();
        let mean = shares.iter().sum::<f32>() / shares.len() as f32;
        // The mean of no shares is not a number, and nothing is below it.
        mean < 1.0 - SAVED
    }
}

impl BlockCost<'_> {
    fn of_walk(&self, recall: f32) -> Option<f32> {
        let plan = self.table.walk(recall, DEPTHS[0])?;
        let steps = (plan.compared / BLOCK_LINKS as f32 - START_BLOCKS as f32).max(0.0);
        Some(block_walk(steps, self.dimension))
    }

    /// Whether walks over blocks are fast enough compared with lists, and find no less.
    pub fn pays(&self, lists: &ListCost<'_>) -> bool {
        lists.exceed(RECALLS.map(|recall| self.of_walk(recall)))
    }
}

/// Time of a walk over blocks.
fn block_walk(steps: f32, dimension: usize) -> f32 {
    let step = BLOCK_STEP + BLOCK_QUAD * quads_for(dimension) as f32 + BLOCK_NUMBER * dimension as f32;
    BLOCK_WALK + steps * step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recall::WalkPoint;

    fn table(walks: &[(f32, f32)], walks_measure: bool) -> RecallTable {
        let walk = |&(recall, compared): &(f32, f32)| WalkPoint {
            slack: recall,
            recall: [recall; DEPTHS.len()],
            compared: [compared; DEPTHS.len()],
        };
        RecallTable { walks: walks.iter().map(walk).collect(), walks_measure, ..RecallTable::default() }
    }

    #[test]
    fn blocks_must_save_a_part_of_the_time_and_lose_no_recall() {
        let pays = |of_lists: &[(f32, f32)], of_blocks: &[(f32, f32)]| {
            let (lists, blocks) = (table(of_lists, false), table(of_blocks, true));
            let lists = ListCost { table: &lists, lines: 1 };
            BlockCost { table: &blocks, dimension: 384 }.pays(&lists)
        };
        // As measured: sentence embeddings, then clustered vectors.
        let sentences = [(0.96, 1_474.0), (0.993, 3_866.0)];
        assert!(pays(&sentences, &[(0.95, 1_606.0), (0.99, 5_244.0)]));
        assert!(!pays(&[(0.96, 948.0), (0.993, 1_459.0)], &[(0.95, 1_576.0), (0.99, 2_559.0)]));
        assert!(!pays(&sentences, &[(0.95, 1_606.0)]), "0.99 would be lost");
        assert!(!pays(&[], &[(0.95, 1_606.0)]), "vectors without neighbourhoods");
    }

    #[test]
    fn blocks_are_made_only_where_they_may_pay() {
        let may = |walks: &[(f32, f32)], dimension| {
            ListCost { table: &table(walks, false), lines: 1 }.may_be_beaten(dimension)
        };
        // As measured: sentence embeddings, clustered vectors, image patches.
        assert!(may(&[(0.96, 1_474.0), (0.993, 3_866.0)], 384));
        assert!(!may(&[(0.96, 948.0), (0.993, 1_459.0)], 512));
        assert!(!may(&[(0.96, 427.0), (0.993, 595.0)], 128));
        assert!(!may(&[], 512));
    }
}
