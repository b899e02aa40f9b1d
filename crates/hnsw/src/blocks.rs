//! Blocks of links made of the lists of a graph.

use crate::build::Stopped;
use crate::draft::{Blocks, Codes};
use crate::recall::{DEPTHS, RecallTable};
use crate::relink::{FlatLists, NODES_BETWEEN_STOPS};
use crate::{BuildParams, GraphLayout, HnswError, VectorRows};
use precedent_vector::{
    BLOCK_LINKS, Lines, LinkEncoder, LinkOf, LinkQuantiser, MOST_RESIDUALS, Metric, NodeSet, Quantiser,
    block_bytes, quads_for, sample,
};
use rayon::prelude::*;

/// Vectors of fewer numbers have no blocks: coordinates of one quad.
const LEAST_DIMENSION: usize = 16;
/// Of fewer numbers a code of one line holds nearly all.
const DIMENSION_THAT_PAYS: usize = 64;
/// Of fewer rows all codes fit the caches, and a walk waits for nothing.
const ROWS_THAT_PAY: usize = 5_000;
/// Links of a node that the quantiser learns from.
const LINKS_OF_SAMPLE: usize = 4;
/// Blocks of starts: of 0, 16, 32 and 64, 16 took least time.
const START_BLOCKS: usize = 16;

/// Whether a graph can have blocks, and where that is not asked for whether they may pay.
pub(crate) fn are_possible(params: &BuildParams, rows: usize, dimension: usize) -> bool {
    (8..=BLOCK_LINKS).contains(&params.m)
        && dimension >= LEAST_DIMENSION
        && match params.layout {
            GraphLayout::Fast => dimension >= DIMENSION_THAT_PAYS && rows >= ROWS_THAT_PAY,
            GraphLayout::Blocks => true,
            GraphLayout::Lists | GraphLayout::Compact => false,
        }
}

/// Nanoseconds of a walk over lists: to begin with, for each code compared, and besides for each line of it. This and what follows was
/// measured on 100,000 sentence embeddings of 384 numbers, 100,000 clustered vectors of 512, 100,000 near copies of 384 (codes of four lines) and
/// 64,000 image patches of 128, with AVX-512.
/// It is a model and no clock, so that the same rows give the same graph.
const LIST_WALK: f32 = 5_000.0;
const LIST_CODE: f32 = 8.2;
const LIST_LINE: f32 = 2.3;
/// Of a walk over blocks: to begin with, the starts included, for each node walked on from, and besides for each quad of its block and for
/// each number of its vector.
const BLOCK_WALK: f32 = 4_000.0;
const BLOCK_STEP: f32 = 120.0;
const BLOCK_QUAD: f32 = 5.0;
const BLOCK_NUMBER: f32 = 0.12;
/// Blocks take up twice the bytes of lists with the vectors that are measured, and must save this share of the time.
const SAVED: f32 = 0.15;
/// What is asked of both, and the fewest steps over blocks that it took on any data of those above.
pub(crate) const RECALLS: [f32; 2] = [0.95, 0.99];
const FEWEST_STEPS: [f32; RECALLS.len()] = [30.0, 60.0];

/// What walks over lists were measured to find, and codes of how many lines they compare.
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

    /// Whether blocks may pay, for all that is known before they are made: to make them takes as long as to link the rows.
    pub fn may_be_beaten(&self, dimension: usize) -> bool {
        self.exceed(FEWEST_STEPS.map(|steps| Some(block_walk(steps, dimension))))
    }

    /// Whether others take enough less time at the recalls that lists give, if they give any.
    fn exceed(&self, others: [Option<f32>; RECALLS.len()]) -> bool {
        let shares: Vec<f32> = (RECALLS.iter().zip(others))
            .filter_map(|(&recall, other)| {
                self.of_walk(recall).map(|own| other.unwrap_or(f32::INFINITY) / own)
            })
            .collect();
        let mean = shares.iter().sum::<f32>() / shares.len() as f32;
        // Of no shares that is no number, and nothing is below it.
        mean < 1.0 - SAVED
    }
}

impl BlockCost<'_> {
    fn of_walk(&self, recall: f32) -> Option<f32> {
        let plan = self.table.walk(recall, DEPTHS[0])?;
        let steps = (plan.compared / BLOCK_LINKS as f32 - START_BLOCKS as f32).max(0.0);
        Some(block_walk(steps, self.dimension))
    }

    /// Whether walks over blocks take enough less time than over lists, and find no less.
    pub fn pays(&self, lists: &ListCost<'_>) -> bool {
        lists.exceed(RECALLS.map(|recall| self.of_walk(recall)))
    }
}

/// Time of a walk over blocks.
fn block_walk(steps: f32, dimension: usize) -> f32 {
    let step = BLOCK_STEP + BLOCK_QUAD * quads_for(dimension) as f32 + BLOCK_NUMBER * dimension as f32;
    BLOCK_WALK + steps * step
}

/// What blocks are made with.
pub(crate) struct BlockMaker<'a, R> {
    rows: &'a R,
    metric: Metric,
    quantiser: &'a Quantiser,
    links: LinkQuantiser,
    /// Coordinates of all rows, one after another.
    coordinates: Vec<f32>,
}

impl<'a, R: VectorRows + Sync> BlockMaker<'a, R> {
    /// Learns from links between some of the nodes, not of those that recall is measured with: the codes would suit them best, and
    /// what is measured would be promised to others.
    pub fn learn(
        rows: &'a R,
        metric: Metric,
        quantiser: &'a Quantiser,
        lists: &FlatLists,
        learnt_from: &[u32],
    ) -> Result<Self, HnswError> {
        let row = |row: u32| rows.row(row).map_err(|error| HnswError::row(row, error));
        let mut residuals = Vec::new();
        let mut may_learn = NodeSet::default();
        may_learn.reset(rows.len());
        learnt_from.iter().for_each(|&node| _ = may_learn.add(node));
        for place in sample(MOST_RESIDUALS / LINKS_OF_SAMPLE, learnt_from.len()) {
            let node = learnt_from[place];
            let links = lists.of(node).iter().filter(|&&link| may_learn.holds(link) == Some(true));
            let list: Vec<u32> = links.copied().collect();
            for link in sample(LINKS_OF_SAMPLE, list.len()) {
                let (from, to) = (row(node)?, row(list[link])?);
                residuals.extend(to.iter().zip(from).map(|(to, from)| to - from));
            }
        }
        let links = LinkQuantiser::learn(&residuals, rows.dimension());
        let count = links.quads() * 16;
        let encoder = links.encoder();
        let mut coordinates = vec![0.0; rows.len() * count];
        coordinates.par_chunks_mut(count.max(1)).enumerate().try_for_each_init(
            || (Vec::new(), Vec::new()),
            |(centred, projected), (node, out)| {
                centre(row(node as u32)?, quantiser.mean(), centred);
                encoder.project(centred, projected);
                out.copy_from_slice(projected);
                Ok::<_, HnswError>(())
            },
        )?;
        drop(encoder);
        Ok(Self { rows, metric, quantiser, links, coordinates })
    }

    /// What lies in a graph with blocks: the first codes and no rests.
    pub fn codes(&self, codes: &Codes, lists: &FlatLists, stopped: &Stopped<'_>) -> Result<Codes, HnswError> {
        Ok(Codes {
            quantiser: self.quantiser.without_rest().to_bytes(),
            first: codes.first.clone(),
            rest: Lines::new(0),
            blocks: Some(self.blocks(lists, stopped)?),
        })
    }

    /// The blocks of all nodes and of the starts.
    fn blocks(&self, lists: &FlatLists, stopped: &Stopped<'_>) -> Result<Blocks, HnswError> {
        let size = block_bytes(self.links.quads());
        let count = self.rows.len();
        let mut bytes = vec![0; (count + START_BLOCKS) * size];
        let (nodes, starts) = bytes.split_at_mut(count * size);
        let encoder = self.links.encoder();
        nodes.par_chunks_mut(size).enumerate().try_for_each(|(node, block)| {
            let node = node as u32;
            match node.is_multiple_of(NODES_BETWEEN_STOPS) && stopped() {
                true => Err(HnswError::Stopped),
                false => self.encode(&encoder, node, lists.of(node), block),
            }
        })?;
        let linked: Vec<u32> = sample(START_BLOCKS * BLOCK_LINKS, count)
            .into_iter()
            .map(|node| node as u32)
            .filter(|&node| !lists.of(node).is_empty())
            .collect();
        let chunks = linked.chunks(BLOCK_LINKS).chain(std::iter::repeat(&[][..]));
        for (block, nodes) in starts.chunks_mut(size).zip(chunks) {
            self.encode_starts(&encoder, nodes, block)?;
        }
        Ok(Blocks { bytes, block_bytes: size, start_blocks: START_BLOCKS, quantiser: self.links.to_bytes() })
    }

    fn encode(
        &self,
        encoder: &LinkEncoder<'_>,
        node: u32,
        list: &[u32],
        block: &mut [u8],
    ) -> Result<(), HnswError> {
        let centre = self.row(node)?;
        let mut links = Vec::with_capacity(list.len());
        for &link in list {
            links.push(LinkOf {
                node: link,
                coordinates: self.coordinates_of(link),
                own: own_term(self.metric, self.row(link)?, centre),
            });
        }
        encoder.encode(self.coordinates_of(node), self.quantiser.weight(), links.into_iter(), block);
        Ok(())
    }

    fn encode_starts(
        &self,
        encoder: &LinkEncoder<'_>,
        nodes: &[u32],
        block: &mut [u8],
    ) -> Result<(), HnswError> {
        let mean = self.quantiser.mean();
        let mut links = Vec::with_capacity(nodes.len());
        for &node in nodes {
            links.push(LinkOf {
                node,
                coordinates: self.coordinates_of(node),
                own: own_term(self.metric, self.row(node)?, mean),
            });
        }
        let zeros = vec![0.0; self.links.quads() * 16];
        encoder.encode(&zeros, self.quantiser.weight(), links.into_iter(), block);
        Ok(())
    }

    fn row(&self, row: u32) -> Result<&[f32], HnswError> {
        self.rows.row(row).map_err(|error| HnswError::row(row, error))
    }

    fn coordinates_of(&self, node: u32) -> &[f32] {
        let count = self.links.quads() * 16;
        &self.coordinates[node as usize * count..][..count]
    }
}

/// [`LinkOf::own`].
pub(crate) fn own_term(metric: Metric, link: &[f32], centre: &[f32]) -> f32 {
    match metric {
        Metric::Cosine | Metric::L2 => Metric::L2.distance_fn()(link, centre),
        Metric::Dot => {
            let negative = Metric::Dot.distance_fn();
            negative(link, centre) - negative(centre, centre)
        }
    }
}

pub(crate) fn centre(row: &[f32], mean: &[f32], centred: &mut Vec<f32>) {
    centred.clear();
    centred.extend(row.iter().zip(mean).map(|(value, mean)| value - mean));
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
