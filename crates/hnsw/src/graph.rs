//! A frozen graph, read where it lies.

use crate::layout::{HEADER_BYTES, LEVELS, Layout, NONE};
use crate::{HnswError, Pages};
use precedent_vector::prefetch;

/// A frozen graph over its bytes. Opening reads the header only; every length and link is held against its bounds
/// when it is followed, so damaged bytes give an error and never a read outside.
pub struct Graph<P> {
    pages: P,
    layout: Layout,
}

impl<P: Pages> Graph<P> {
    /// Opens a graph that [`crate::build`] froze.
    ///
    /// # Errors
    /// [`HnswError::Header`] when a field contradicts another or the length, [`HnswError::Pages`].
    pub fn open(pages: P) -> Result<Self, HnswError> {
        let file_bytes = pages.len();
        if file_bytes < HEADER_BYTES {
            return Err(HnswError::Header {
                field: "bytes of the graph",
                offset: 0,
                found: file_bytes as u64,
                expected: HEADER_BYTES as u64,
            });
        }
        let bytes = pages.bytes(0..HEADER_BYTES).map_err(HnswError::pages)?;
        let mut header = [0; HEADER_BYTES];
        header.iter_mut().zip(bytes).for_each(|(place, &byte)| *place = byte);
        let layout = Layout::decode(&header, file_bytes as u64)?;
        Ok(Self { pages, layout })
    }

    /// How many nodes there are, which is the number of rows it was built over.
    pub fn node_count(&self) -> usize {
        self.layout.node_count as usize
    }

    /// Links of a node on a level above 0; twice as many on level 0.
    pub fn m(&self) -> usize {
        self.layout.m as usize
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Where a walk starts, and the level of that node; none in an empty graph.
    pub(crate) fn entry_point(&self) -> Option<(u32, u32)> {
        (self.layout.entry_point != NONE).then_some((self.layout.entry_point, self.layout.max_level))
    }

    /// Puts the links of a node on level 0 in place of what `links` held.
    #[inline]
    pub(crate) fn level_zero_links(&self, node: u32, links: &mut Vec<u32>) -> Result<(), HnswError> {
        self.read_links(self.layout.level_zero_offset(node), 2 * self.layout.m, links)
    }

    /// Asks for the links of a node on level 0 that will be read soon.
    #[inline]
    pub(crate) fn prefetch_links(&self, node: u32) -> Result<(), HnswError> {
        let start = self.layout.level_zero_offset(node) as usize;
        let end = start + 4 * self.layout.stride() as usize;
        prefetch(self.pages.bytes(start..end).map_err(HnswError::pages)?);
        Ok(())
    }

    /// Puts the links of a node on a level above 0 in place of what `links` held.
    pub(crate) fn upper_links(&self, node: u32, level: u32, links: &mut Vec<u32>) -> Result<(), HnswError> {
        let (record, own_level) = self.upper_record(node)?;
        if level > own_level {
            return Err(self.not_on_level(node, level, own_level));
        }
        let words = 1 + u64::from(level - 1) * u64::from(1 + self.layout.m);
        self.read_links(record + 4 * words, self.layout.m, links)
    }

    /// The level of a node.
    pub(crate) fn level(&self, node: u32) -> Result<u32, HnswError> {
        match self.upper_index(node)? {
            NONE => Ok(0),
            _ => Ok(self.upper_record(node)?.1),
        }
    }

    /// Holds a link against the level it was found on: the node it goes to must be there.
    pub(crate) fn check_on_level(&self, node: u32, level: u32) -> Result<(), HnswError> {
        let own_level = self.level(node)?;
        if own_level < level {
            return Err(self.not_on_level(node, level, own_level));
        }
        Ok(())
    }

    fn not_on_level(&self, node: u32, level: u32, own_level: u32) -> HnswError {
        let offset = self.layout.upper_index_offset(node);
        HnswError::Damaged { offset, what: "a level that links lead to", found: level, max: own_level }
    }

    fn upper_index(&self, node: u32) -> Result<u32, HnswError> {
        self.word(self.layout.upper_index_offset(node))
    }

    /// Where the record of a node above level 0 begins, and the level of the node.
    fn upper_record(&self, node: u32) -> Result<(u64, u32), HnswError> {
        let start = self.upper_index(node)?;
        let words = self.layout.upper_bytes / 4;
        if u64::from(start) >= words {
            return Err(HnswError::Damaged {
                offset: self.layout.upper_index_offset(node),
                what: "the place of an upper record",
                found: start,
                max: words.saturating_sub(1).min(u64::from(NONE - 1)) as u32,
            });
        }
        let record = self.layout.upper_offset() + 4 * u64::from(start);
        let level = self.word(record)?;
        let max = self.layout.max_level.min(LEVELS - 1);
        if level == 0 || level > max {
            return Err(HnswError::Damaged { offset: record, what: "a level", found: level, max });
        }
        Ok((record, level))
    }

    fn word(&self, offset: u64) -> Result<u32, HnswError> {
        let start = offset as usize;
        let bytes = self.pages.bytes(start..start + 4).map_err(HnswError::pages)?;
        Ok(bytes.first_chunk().map_or(NONE, |word| u32::from_le_bytes(*word)))
    }

    #[inline]
    fn read_links(&self, offset: u64, capacity: u32, links: &mut Vec<u32>) -> Result<(), HnswError> {
        let start = offset as usize;
        let bytes = self.pages.bytes(start..start + 4 * (1 + capacity as usize)).map_err(HnswError::pages)?;
        let (words, _) = bytes.as_chunks::<4>();
        let damaged = |place: usize, what, found, max| HnswError::Damaged {
            offset: offset + 4 * place as u64,
            what,
            found,
            max,
        };
        let degree = words.first().map_or(0, |word| u32::from_le_bytes(*word));
        let Some(targets) = words.get(1..1 + degree as usize) else {
            return Err(damaged(0, "the number of links", degree, capacity));
        };
        links.clear();
        let mut max = 0;
        links.extend(targets.iter().map(|word| {
            let target = u32::from_le_bytes(*word);
            max = max.max(target);
            target
        }));
        if max >= self.layout.node_count {
            let place = links.iter().position(|&target| target == max).unwrap_or(0);
            return Err(damaged(1 + place, "a link", max, self.layout.node_count - 1));
        }
        Ok(())
    }
}
