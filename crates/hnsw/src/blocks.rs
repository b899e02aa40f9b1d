//! Makes blocks of links from the lists of a graph.

use crate::draft::{Blocks, Codes};
use crate::flat_lists::FlatLists;
use crate::rows::row_of;
use crate::stop::{Stopped, go_on};
use crate::{BuildParams, GraphLayout, HnswError, VectorRows};
use precedent_vector::{
    BLOCK_LINKS, Lines, LinkEncoder, LinkOf, LinkQuantiser, MOST_RESIDUALS, Metric, NodeSet, Quantiser,
    block_bytes, sample,
};
use rayon::prelude::*;

/// Fewest dimensions for blocks: the coordinates of one quad.
const LEAST_DIMENSION: usize = 16;
/// With fewer dimensions, a one-line code holds nearly everything.
const DIMENSION_THAT_PAYS: usize = 64;
/// With fewer rows, all codes fit the caches, and a walk waits for nothing.
const ROWS_THAT_PAY: usize = 5_000;
/// Links per node that the quantiser learns from.
const LINKS_OF_SAMPLE: usize = 4;
/// Number of start blocks: of 0, 16, 32 and 64, 16 was fastest.
pub(crate) const START_BLOCKS: usize = 16;

/// Whether a graph can have blocks and, unless they are requested, whether they may pay.
pub(crate) fn are_possible(params: &BuildParams, rows: usize, dimension: usize) -> bool {
    (8..=BLOCK_LINKS).contains(&params.m)
        && dimension >= LEAST_DIMENSION
        && match params.layout {
            GraphLayout::Fast => dimension >= DIMENSION_THAT_PAYS && rows >= ROWS_THAT_PAY,
            GraphLayout::Blocks => true,
            GraphLayout::Lists | GraphLayout::Compact => false,
        }
}

/// What is needed to make blocks.
pub(crate) struct BlockMaker<'a, R> {
    rows: &'a R,
    metric: Metric,
    quantiser: &'a Quantiser,
    links: LinkQuantiser,
    /// Coordinates of all rows, row by row.
    coordinates: Vec<f32>,
}

impl<'a, R: VectorRows + Sync> BlockMaker<'a, R> {
    /// Learns from links between some of the nodes, but not from those used to measure recall: the codes would suit these best,
    /// and what was measured would be promised to others.
    pub fn learn(
        rows: &'a R,
        metric: Metric,
        quantiser: &'a Quantiser,
        lists: &FlatLists,
        learnt_from: &[u32],
    ) -> Result<Self, HnswError> {
        let mut residuals = Vec::new();
        let mut may_learn = NodeSet::default();
        may_learn.reset(rows.len());
        learnt_from.iter().for_each(|&node| _ = may_learn.add(node));
        for place in sample(MOST_RESIDUALS / LINKS_OF_SAMPLE, learnt_from.len()) {
            let node = learnt_from[place];
            let links = lists.of(node).iter().filter(|&&link| may_learn.holds(link) == Some(true));
            let list: Vec<u32> = links.copied().collect();
            for link in sample(LINKS_OF_SAMPLE, list.len()) {
                let (from, to) = (row_of(rows, node)?, row_of(rows, list[link])?);
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
                quantiser.less_mean(row_of(rows, node as u32)?, centred);
                encoder.project(centred, projected);
                out.copy_from_slice(projected);
                Ok::<_, HnswError>(())
            },
        )?;
        drop(encoder);
        Ok(Self { rows, metric, quantiser, links, coordinates })
    }

    /// The codes stored in a graph with blocks: first codes only, without rests.
    pub fn codes(&self, codes: &Codes, lists: &FlatLists, stopped: &Stopped<'_>) -> Result<Codes, HnswError> {
        Ok(Codes {
            quantiser: self.quantiser.without_rest().to_bytes(),
            first: codes.first.clone(),
            rest: Lines::new(0),
            blocks: Some(self.blocks(lists, stopped)?),
        })
    }

    /// The blocks of all nodes, then the start blocks.
    fn blocks(&self, lists: &FlatLists, stopped: &Stopped<'_>) -> Result<Blocks, HnswError> {
        let size = block_bytes(self.links.quads());
        let count = self.rows.len();
        let mut bytes = vec![0; (count + START_BLOCKS) * size];
        let (nodes, starts) = bytes.split_at_mut(count * size);
        let encoder = self.links.encoder();
        nodes.par_chunks_mut(size).enumerate().try_for_each(|(node, block)| {
            let node = node as u32;
            go_on(node, stopped)?;
            self.encode(&encoder, node, lists.of(node), block)
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
        let centre = row_of(self.rows, node)?;
        let mut links = Vec::with_capacity(list.len());
        for &link in list {
            links.push(LinkOf::new(
                self.metric,
                link,
                self.coordinates_of(link),
                (row_of(self.rows, link)?, centre),
            ));
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
            links.push(LinkOf::new(
                self.metric,
                node,
                self.coordinates_of(node),
                (row_of(self.rows, node)?, mean),
            ));
        }
        let zeros = vec![0.0; self.links.quads() * 16];
        encoder.encode(&zeros, self.quantiser.weight(), links.into_iter(), block);
        Ok(())
    }

    fn coordinates_of(&self, node: u32) -> &[f32] {
        let count = self.links.quads() * 16;
        &self.coordinates[node as usize * count..][..count]
    }
}
