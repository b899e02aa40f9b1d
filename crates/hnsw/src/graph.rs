//! A frozen graph, read in place.

use crate::layout::{GraphHeader, LEVELS, NONE, VERSIONS, read_header};
use crate::recall::RecallTable;
use crate::{Audit, HnswError, Pages};
use precedent_vector::{CodeShape, LinkQuantiser, Quantiser, quads_of};

/// A frozen graph over its bytes. Opening reads the header, the quantiser and the recall table; every length and link is checked
/// against its bounds when it is followed, so damaged bytes give an error and never a read out of bounds.
pub struct Graph<P> {
    pages: P,
    header: GraphHeader,
    /// `None` in an empty graph.
    quantiser: Option<Quantiser>,
    /// The quantiser of the blocks of links, if there are any.
    links: Option<LinkQuantiser>,
    recall: RecallTable,
}

impl<P: Pages> Graph<P> {
    /// Whether the bytes are a graph of an earlier version, which is rebuilt and not read.
    ///
    /// # Errors
    /// [`HnswError::Pages`].
    pub fn is_of_earlier_version(pages: &P) -> Result<bool, HnswError> {
        if pages.len() < 4 {
            return Ok(false);
        }
        let bytes = pages.bytes(0..4).map_err(HnswError::pages)?;
        let version = bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
        Ok((1..VERSIONS[0]).contains(&version))
    }

    /// Opens a graph that [`crate::build`] made.
    ///
    /// # Errors
    /// [`HnswError::Header`] if a field contradicts another or the length, [`HnswError::Quantiser`], [`HnswError::Pages`].
    pub fn open(pages: P) -> Result<Self, HnswError> {
        let header = read_header(&pages)?;
        let mut graph = Self { pages, header, quantiser: None, links: None, recall: RecallTable::default() };
        if header.node_count > 0 {
            let quantiser =
                Quantiser::from_bytes(graph.bytes(header.quantiser_offset(), header.quantiser_bytes)?)?;
            for (field, offset, found, expected) in [
                ("bytes of a code", 72, header.code_bytes, quantiser.shape().bytes() as u64),
                ("bytes of a rest", 80, header.rest_bytes, quantiser.rest_shape().bytes() as u64),
            ] {
                if found != expected {
                    return Err(HnswError::Header { field, offset, found, expected });
                }
            }
            graph.quantiser = Some(quantiser);
        }
        if header.node_count > 0 && header.block_bytes > 0 {
            let bytes = graph.bytes(header.link_quantiser_offset(), header.link_quantiser_bytes.into())?;
            let links = LinkQuantiser::from_bytes(bytes)?;
            let dimension = graph.quantiser.as_ref().map_or(0, Quantiser::dimension);
            for (field, found, expected) in [
                ("quads of a block", quads_of(header.block_bytes as usize).unwrap_or(0), links.quads()),
                ("dimension of blocks", links.dimension(), dimension),
            ] {
                if found != expected {
                    let (found, expected) = (found as u64, expected as u64);
                    return Err(HnswError::Header { field, offset: 108, found, expected });
                }
            }
            graph.links = Some(links);
        }
        let table = graph.bytes(header.table_offset(), header.table_bytes())?;
        graph.recall = RecallTable::from_bytes(table, header.walk_points as usize, header.spread);
        graph.recall.walks_measure = graph.has_blocks();
        Ok(graph)
    }

    /// Whether it has links to walk over, or only codes to scan ([`crate::encode_like`]).
    pub fn has_links(&self) -> bool {
        self.header.m0 > 0
    }

    /// Whether the links of a node are stored with their codes in one block.
    pub fn has_blocks(&self) -> bool {
        self.links.is_some()
    }

    pub(crate) fn link_quantiser(&self) -> Option<&LinkQuantiser> {
        self.links.as_ref()
    }

    /// Number of nodes, which is the number of rows it was built over.
    pub fn node_count(&self) -> usize {
        self.header.node_count as usize
    }

    /// Links of a node above level 0.
    pub fn m(&self) -> usize {
        self.header.m as usize
    }

    /// Links of a node on level 0.
    pub fn m0(&self) -> usize {
        self.header.m0 as usize
    }

    /// What walks and scans were measured to find, for queries that were not in the graph.
    pub fn recall(&self) -> &RecallTable {
        &self.recall
    }

    /// Replaces the recall table in its bytes.
    pub(crate) fn with_recall(mut self, recall: RecallTable) -> Self {
        self.recall = recall;
        self
    }

    /// The result of the audit after the build.
    pub fn audit(&self) -> Audit {
        Audit {
            unreachable_before: self.header.unreachable as usize,
            repaired: self.header.repaired as usize,
        }
    }

    /// Lines of 64 bytes of a node's first code.
    pub fn lines_per_code(&self) -> usize {
        self.header.code_bytes as usize / precedent_vector::LINE_BYTES
    }

    /// Bytes that a search reads of every node it meets (links and first code), and of those it refines (the rest).
    pub fn bytes_per_node(&self) -> (usize, usize) {
        (4 * self.header.stride() as usize + self.header.code_bytes as usize, self.header.rest_bytes as usize)
    }

    pub(crate) fn header(&self) -> &GraphHeader {
        &self.header
    }

    pub(crate) fn quantiser(&self) -> Option<&Quantiser> {
        self.quantiser.as_ref()
    }

    /// Added to a distance before a share of it is taken as slack ([`crate::WalkBreadth::Slack`]).
    pub(crate) fn spread(&self) -> f32 {
        self.recall.spread
    }

    pub(crate) fn code_shape(&self) -> Option<CodeShape> {
        self.quantiser.as_ref().map(Quantiser::shape)
    }

    /// The entry point and its level; `None` in an empty graph.
    pub(crate) fn entry_point(&self) -> Option<(u32, u32)> {
        (self.header.entry_point != NONE).then_some((self.header.entry_point, self.header.max_level))
    }

    /// The pages with its bytes.
    pub fn pages(&self) -> &P {
        &self.pages
    }

    pub(crate) fn bytes(&self, offset: u64, count: u64) -> Result<&[u8], HnswError> {
        let start = offset as usize;
        self.pages.bytes(start..start + count as usize).map_err(HnswError::pages)
    }

    /// Replaces the contents of `links` by the links of a node on level 0.
    pub(crate) fn level_zero_links(&self, node: u32, links: &mut Vec<u32>) -> Result<(), HnswError> {
        self.read_links(self.header.level_zero_offset(node), self.header.m0, links)
    }

    /// Replaces the contents of `links` by the links of a node on a higher level.
    pub(crate) fn upper_links(&self, node: u32, level: u32, links: &mut Vec<u32>) -> Result<(), HnswError> {
        let (record, own_level) = self.upper_record(node)?;
        if level > own_level {
            return Err(self.not_on_level(node, level, own_level));
        }
        let words = 1 + u64::from(level - 1) * u64::from(self.header.m);
        self.read_links(record + 4 * words, self.header.m, links)
    }

    /// The level of a node.
    pub(crate) fn level(&self, node: u32) -> Result<u32, HnswError> {
        match self.upper_index(node)? {
            NONE => Ok(0),
            _ => Ok(self.upper_record(node)?.1),
        }
    }

    /// Checks a link against its level: the node it leads to must be on it.
    pub(crate) fn check_on_level(&self, node: u32, level: u32) -> Result<(), HnswError> {
        let own_level = self.level(node)?;
        if own_level < level {
            return Err(self.not_on_level(node, level, own_level));
        }
        Ok(())
    }

    /// The error for a link to a node that does not exist.
    #[cold]
    pub(crate) fn no_such_node(&self, from: u32, link: u32) -> HnswError {
        let offset = self.header.level_zero_offset(from);
        HnswError::Damaged {
            offset,
            what: "a link",
            found: link,
            max: self.header.node_count.saturating_sub(1),
        }
    }

    fn not_on_level(&self, node: u32, level: u32, own_level: u32) -> HnswError {
        let offset = self.header.upper_index_offset(node);
        HnswError::Damaged { offset, what: "a level that links lead to", found: level, max: own_level }
    }

    fn upper_index(&self, node: u32) -> Result<u32, HnswError> {
        self.word(self.header.upper_index_offset(node))
    }

    /// The start of the record of a node above level 0, and the node's level.
    fn upper_record(&self, node: u32) -> Result<(u64, u32), HnswError> {
        let start = self.upper_index(node)?;
        let words = self.header.upper_bytes / 4;
        if u64::from(start) >= words {
            return Err(HnswError::Damaged {
                offset: self.header.upper_index_offset(node),
                what: "the place of an upper record",
                found: start,
                max: words.saturating_sub(1).min(u64::from(NONE - 1)) as u32,
            });
        }
        let record = self.header.upper_offset() + 4 * u64::from(start);
        let level = self.word(record)?;
        let max = self.header.max_level.min(LEVELS - 1);
        if level == 0 || level > max {
            return Err(HnswError::Damaged { offset: record, what: "a level", found: level, max });
        }
        Ok((record, level))
    }

    fn word(&self, offset: u64) -> Result<u32, HnswError> {
        Ok(self.bytes(offset, 4)?.first_chunk().map_or(NONE, |word| u32::from_le_bytes(*word)))
    }

    fn read_links(&self, offset: u64, capacity: u32, links: &mut Vec<u32>) -> Result<(), HnswError> {
        let (words, _) = self.bytes(offset, 4 * u64::from(capacity))?.as_chunks::<4>();
        links.clear();
        links.extend(words.iter().map(|word| u32::from_le_bytes(*word)).take_while(|&link| link != NONE));
        match links.iter().position(|&link| link >= self.header.node_count) {
            None => Ok(()),
            Some(place) => Err(HnswError::Damaged {
                offset: offset + 4 * place as u64,
                what: "a link",
                found: links[place],
                max: self.header.node_count - 1,
            }),
        }
    }
}

#[cfg(test)]
impl<P: Pages> Graph<P> {
    /// A graph without codes, for tests of links.
    pub fn of_links(pages: P) -> Self {
        let header = read_header(&pages).unwrap();
        Self { pages, header, quantiser: None, links: None, recall: RecallTable::default() }
    }
}
