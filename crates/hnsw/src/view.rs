//! A graph as one search sees it: as whole slices once all its bytes have been verified, otherwise block by block, and without
//! the nodes that are left out.

use crate::graph::Graph;
use crate::hop::BlockPages;
use crate::layout::{MAX_LINKS, NONE};
use crate::left_out::LeftOut;
use crate::walk::Level;
use crate::{HnswError, Pages};
use precedent_vector::{CodeTable, GROUP, PreparedQuery, QueryView, key, key_node, key_value, prefetch};
use std::cell::RefCell;

/// A graph for one search.
pub(crate) struct View<'a, P> {
    pub graph: &'a Graph<P>,
    links: Option<&'a [u32]>,
    upper_index: Option<&'a [u32]>,
    upper: Option<&'a [u32]>,
    codes: Option<CodeTable<'a>>,
    rests: Option<CodeTable<'a>>,
    blocks: Option<&'a [u8]>,
    /// Nodes to skip.
    pub left_out: Option<&'a LeftOut>,
}

impl<'a, P: Pages> View<'a, P> {
    /// With nothing left out.
    pub fn of(graph: &'a Graph<P>) -> Self {
        let none = Self {
            graph,
            links: None,
            upper_index: None,
            upper: None,
            codes: None,
            rests: None,
            blocks: None,
            left_out: None,
        };
        let (Some(bytes), Some(quantiser)) = (graph.pages().checked(), graph.quantiser()) else {
            return none;
        };
        let layout = graph.header();
        let part = |from: u64, to: u64| bytes.get(from as usize..to as usize);
        let words =
            |from: u64, to: u64| part(from, to).and_then(|bytes| bytemuck::try_cast_slice(bytes).ok());
        let codes = part(layout.code_offset(0), layout.rest_offset(0));
        let rests = part(layout.rest_offset(0), layout.link_quantiser_offset());
        Self {
            graph,
            links: words(layout.level_zero_offset(0), layout.upper_index_offset(0)),
            upper_index: words(layout.upper_index_offset(0), layout.upper_offset()),
            upper: words(layout.upper_offset(), layout.quantiser_offset()),
            codes: codes.map(|bytes| CodeTable::new(bytes, quantiser.shape())),
            rests: rests.map(|bytes| CodeTable::new(bytes, quantiser.rest_shape())),
            blocks: part(layout.level_zero_offset(0), layout.upper_index_offset(0)),
            left_out: None,
        }
    }

    /// Its blocks of links.
    pub fn blocks(&self) -> BlockPages<'a, P> {
        BlockPages { graph: self.graph, whole: self.blocks, left_out: self.left_out }
    }

    /// Codes of some nodes, copied together.
    #[cold]
    fn gathered(&self, nodes: &[u32], offset: impl Fn(u32) -> u64, bytes: u64) -> Result<Vec<u8>, HnswError> {
        let mut gathered = Vec::with_capacity(nodes.len() * bytes as usize);
        for &node in nodes {
            if node >= self.graph.header().node_count {
                return Err(self.graph.no_such_node(0, node));
            }
            gathered.extend_from_slice(self.graph.bytes(offset(node), bytes)?);
        }
        Ok(gathered)
    }

    /// Subtracts the products of the second codes from estimates.
    pub fn refine(
        &self,
        keys: &mut [u64],
        nodes: &mut Vec<u32>,
        query: &mut PreparedQuery,
    ) -> Result<(), HnswError> {
        let (Some(quantiser), layout) = (self.graph.quantiser(), self.graph.header()) else { return Ok(()) };
        if layout.rest_bytes == 0 {
            return Ok(());
        }
        nodes.clear();
        nodes.extend(keys.iter().map(|&key| key_node(key)));
        if let Some(table) = &self.rests {
            table.prefetch(nodes);
        }
        quantiser.prepare_rest(query);
        let query = query.rest.view();
        for (keys, nodes) in keys.chunks_mut(GROUP).zip(nodes.chunks(GROUP)) {
            let products = match &self.rests {
                Some(table) => table.products(nodes, query),
                None => {
                    let gathered =
                        self.gathered(nodes, |node| layout.rest_offset(node), layout.rest_bytes)?;
                    let places: [u32; GROUP] = std::array::from_fn(|place| place as u32);
                    CodeTable::new(&gathered, quantiser.rest_shape()).products(&places[..nodes.len()], query)
                }
            };
            let Some(products) = products else { return Err(self.graph.no_such_node(0, NONE)) };
            for ((place, &node), product) in keys.iter_mut().zip(nodes).zip(products) {
                *place = key(key_value(*place) - product, node);
            }
        }
        Ok(())
    }
}

impl<P: Pages> Level for View<'_, P> {
    #[inline]
    fn links<'b>(&'b self, node: u32, buffer: &'b mut [u32; MAX_LINKS]) -> Result<&'b [u32], HnswError> {
        if let Some(list) = self.left_out.and_then(|left_out| left_out.list(node)) {
            return Ok(list);
        }
        let layout = self.graph.header();
        let stride = layout.stride() as usize;
        if let Some(links) = self.links {
            let start = node as usize * stride;
            let list = links.get(start..start + layout.m0 as usize);
            return list.ok_or_else(|| self.graph.no_such_node(node, node));
        }
        let bytes = self.graph.bytes(layout.level_zero_offset(node), 4 * u64::from(layout.m0))?;
        let (words, _) = bytes.as_chunks();
        for (place, word) in buffer.iter_mut().zip(words) {
            *place = u32::from_le_bytes(*word);
        }
        Ok(&buffer[..layout.m0 as usize])
    }

    #[inline]
    fn prefetch_links(&self, node: u32) {
        if let Some(links) = self.links {
            let start = node as usize * self.graph.header().stride() as usize;
            if let Some(list) = links.get(start..start + self.graph.header().m0 as usize) {
                prefetch(list);
            }
        }
    }

    #[inline]
    fn nearer(
        &self,
        nodes: &[u32],
        query: QueryView<'_>,
        limit: u32,
        keys: &mut [u64; GROUP],
    ) -> Result<usize, HnswError> {
        if let Some(codes) = &self.codes {
            let kept = codes.nearer(nodes, query, limit, keys);
            return kept
                .ok_or_else(|| self.graph.no_such_node(0, nodes.iter().copied().max().unwrap_or(NONE)));
        }
        let (Some(shape), layout) = (self.graph.code_shape(), self.graph.header()) else { return Ok(0) };
        let gathered = self.gathered(nodes, |node| layout.code_offset(node), layout.code_bytes)?;
        let places: [u32; GROUP] = std::array::from_fn(|place| place as u32);
        let table = CodeTable::new(&gathered, shape);
        let kept = table.nearer(&places[..nodes.len()], query, limit, keys).unwrap_or(0);
        for place in &mut keys[..kept] {
            let node = nodes.get(key_node(*place) as usize).copied().unwrap_or(NONE);
            *place = key(key_value(*place), node);
        }
        Ok(kept)
    }

    #[inline]
    fn prefetch_codes(&self, nodes: &[u32]) {
        if let Some(codes) = &self.codes {
            codes.prefetch(nodes);
        }
    }

    fn no_such_node(&self, from: u32, link: u32) -> HnswError {
        self.graph.no_such_node(from, link)
    }
}

/// A level above 0.
pub(crate) struct Upper<'a, 'b, P> {
    pub view: &'a View<'a, P>,
    pub level: u32,
    /// Buffer for a list.
    pub links: RefCell<&'b mut Vec<u32>>,
}

impl<P: Pages> Upper<'_, '_, P> {
    /// The list of a node, if it is available without a copy and entirely valid.
    #[inline]
    fn whole(&self, node: u32) -> Option<&[u32]> {
        let start = *self.view.upper_index?.get(node as usize)? as usize;
        let m = self.view.graph.m();
        let (level, lists) = self.view.upper?.get(start..)?.split_first()?;
        if self.level > *level || *level > self.view.graph.header().max_level {
            return None;
        }
        lists.chunks_exact(m).nth(self.level as usize - 1)
    }
}

impl<P: Pages> Level for Upper<'_, '_, P> {
    fn links<'a>(&'a self, node: u32, buffer: &'a mut [u32; MAX_LINKS]) -> Result<&'a [u32], HnswError> {
        if let Some(list) = self.whole(node) {
            return Ok(list);
        }
        let mut links = self.links.borrow_mut();
        self.view.graph.upper_links(node, self.level, &mut links)?;
        let count = links.len().min(MAX_LINKS);
        buffer[..count].copy_from_slice(&links[..count]);
        Ok(&buffer[..count])
    }

    fn prefetch_links(&self, _node: u32) {}

    fn nearer(
        &self,
        nodes: &[u32],
        query: QueryView<'_>,
        limit: u32,
        keys: &mut [u64; GROUP],
    ) -> Result<usize, HnswError> {
        self.view.nearer(nodes, query, limit, keys)
    }

    fn prefetch_codes(&self, nodes: &[u32]) {
        self.view.prefetch_codes(nodes);
    }

    fn no_such_node(&self, from: u32, link: u32) -> HnswError {
        self.view.no_such_node(from, link)
    }
}
