//! Our builder: several threads insert rows one by one, by the estimates from their codes.
//!
//! Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW graphs" (TPAMI 2020), algorithms 1
//! to 4. Links are chosen by their diversity rule (algorithm 4), also when a list of links overflows. A new row keeps as many
//! links on level 0 as fit, not only `m`: on 100,000 x 512 this finds 0.991 where `m` links find 0.988.
//!
//! Links are words that are read while others write them. A reader may see a half-changed list, but every word in it is a node
//! all the same. A thread that changes a list holds the lock of its node.

use crate::HnswError;
use crate::draft::{Draft, Lists};
use crate::layout::{LEVELS, MAX_LINKS, NONE};
use crate::walk::{Breadth, Level, Walker};
use precedent_vector::{
    CodeQueries, CodeTable, GROUP, NodeSet, QueryView, SortedKeys, bias, key, key_node, key_value,
};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Nodes of a level from which the walk on the next lower level starts.
const STARTS: usize = 4;

/// A graph into which rows are inserted.
pub(crate) struct Inserter<'a> {
    lists: Lists,
    level_zero: Vec<AtomicU32>,
    upper: Vec<AtomicU32>,
    locks: Vec<Mutex<()>>,
    /// The entry point and its level, once there is one.
    entry: Mutex<Option<(u32, u8)>>,
    codes: CodeTable<'a>,
    queries: &'a CodeQueries,
    ef_construction: usize,
}

/// Working memory of a thread.
#[derive(Default)]
pub(crate) struct InsertScratch {
    visited: NodeSet,
    held: SortedKeys,
    candidates: Vec<u64>,
    chosen: Vec<u32>,
    crowded: Vec<u64>,
    kept: Vec<u32>,
}

/// The level of each row: drawn with a fixed seed, so that the same rows give the same levels. Each level has `1 / m` of the
/// nodes of the one below.
pub(crate) fn draw_levels(rows: usize, m: usize) -> Vec<u8> {
    let scale = 1.0 / (m as f64).ln();
    (0..rows as u64)
        .map(|row| {
            // splitmix64 (Steele, Lea, Flood 2014).
            let mut z = (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let uniform = (((z ^ (z >> 31)) >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
            (-uniform.ln() * scale).min(f64::from(LEVELS - 1)) as u8
        })
        .collect()
}

impl<'a> Inserter<'a> {
    pub fn new(
        m: usize,
        m0: usize,
        ef_construction: usize,
        codes: CodeTable<'a>,
        queries: &'a CodeQueries,
    ) -> Self {
        let lists = Lists::new(m, m0, draw_levels(codes.len(), m));
        let free = |words: usize| (0..words).map(|_| AtomicU32::new(NONE)).collect::<Vec<_>>();
        Self {
            level_zero: free(m0 * codes.len()),
            upper: free(lists.upper_words),
            locks: (0..codes.len()).map(|_| Mutex::new(())).collect(),
            entry: Mutex::new(None),
            lists,
            codes,
            queries,
            ef_construction,
        }
    }

    /// Links a row that is not in the graph yet.
    pub fn insert(&self, node: u32, scratch: &mut InsertScratch) -> Result<(), HnswError> {
        let own_level = self.lists.levels[node as usize];
        let Some((entry, top)) = self.entry_for(node, own_level) else { return Ok(()) };
        let query = self.query(node)?;
        let InsertScratch { visited, held, candidates, chosen, crowded, kept } = scratch;
        let mut walker = Walker { visited, held, stop: &|| false, without: &[], compared: 0, stopped: false };
        let mut keys = [0; GROUP];
        self.nearer(&[entry], query, u32::MAX, &mut keys)?;
        let mut nearest = keys[0];
        for level in (own_level + 1..=top).rev() {
            nearest = walker.descend(&Linking { graph: self, level }, query, nearest)?;
        }
        let mut starts = vec![nearest];
        for level in (0..=own_level.min(top)).rev() {
            let nodes = self.lists.levels.len();
            let breadth = Breadth::fixed(self.ef_construction);
            walker.walk(&Linking { graph: self, level }, query, &starts, breadth, nodes, None)?;
            candidates.clear();
            let held = walker.held.keys().iter().map(|key| key & !1);
            candidates.extend(held.filter(|key| key_node(*key) != node));
            starts.clear();
            starts.extend(candidates.iter().take(STARTS));
            self.choose(candidates, self.capacity(level), self.own_term(node), chosen)?;
            self.write(node, level, chosen);
            for &other in chosen.iter() {
                self.link_back(other, node, level, crowded, kept)?;
            }
        }
        self.raise_entry(node, own_level);
        Ok(())
    }

    /// The links so far.
    pub fn draft(&self) -> Draft {
        let mut draft = Draft::new(self.lists.m, self.lists.m0, self.lists.levels.clone());
        for node in 0..self.lists.levels.len() as u32 {
            for level in 0..=self.lists.levels[node as usize] {
                let list = self.list(node, level).iter().map(|word| word.load(Relaxed));
                draft.set_links(node, level, list.take_while(|&link| link != NONE));
            }
        }
        draft
    }

    /// The entry point for a new node; `None` for the first, which becomes the entry point.
    fn entry_for(&self, node: u32, level: u8) -> Option<(u32, u8)> {
        let mut entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        if entry.is_none() {
            *entry = Some((node, level));
            return None;
        }
        *entry
    }

    fn raise_entry(&self, node: u32, level: u8) {
        let mut entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        if entry.is_none_or(|(_, top)| level > top) {
            *entry = Some((node, level));
        }
    }

    fn capacity(&self, level: u8) -> usize {
        if level == 0 { self.lists.m0 } else { self.lists.m }
    }

    fn list(&self, node: u32, level: u8) -> &[AtomicU32] {
        match level {
            0 => &self.level_zero[self.lists.level_zero(node)],
            _ => &self.upper[self.lists.upper(node, level)],
        }
    }

    fn query(&self, node: u32) -> Result<QueryView<'a>, HnswError> {
        self.queries.get(node).ok_or_else(|| self.no_such_node(node))
    }

    /// The term of a node's distances that depends on the node alone.
    fn own_term(&self, node: u32) -> f32 {
        self.codes.code(node).map_or(0.0, bias)
    }

    fn nearer(
        &self,
        nodes: &[u32],
        query: QueryView<'_>,
        limit: u32,
        keys: &mut [u64; GROUP],
    ) -> Result<usize, HnswError> {
        let kept = self.codes.nearer(nodes, query, limit, keys);
        kept.ok_or_else(|| self.no_such_node(nodes.iter().copied().max().unwrap_or(NONE)))
    }

    fn no_such_node(&self, node: u32) -> HnswError {
        HnswError::Damaged { offset: 0, what: "a link", found: node, max: self.codes.len() as u32 }
    }

    /// Chooses links among candidates, nearest first: skips a candidate if a chosen one is nearer to it than the node itself is.
    /// `own_term` turns the estimates into distances.
    fn choose(
        &self,
        candidates: &[u64],
        capacity: usize,
        own_term: f32,
        chosen: &mut Vec<u32>,
    ) -> Result<(), HnswError> {
        chosen.clear();
        for &candidate in candidates {
            if chosen.len() == capacity {
                break;
            }
            let node = key_node(candidate);
            // An estimate with the candidate as the query lacks the candidate's own term.
            let limit = key_value(candidate) + own_term - self.own_term(node);
            let limit = (key(limit, 0) >> 32) as u32;
            let query = self.query(node)?;
            let mut keys = [0; GROUP];
            let mut shadowed = false;
            for group in chosen.chunks(GROUP) {
                if self.nearer(group, query, limit, &mut keys)? > 0 {
                    shadowed = true;
                    break;
                }
            }
            if !shadowed {
                chosen.push(node);
            }
        }
        Ok(())
    }

    /// Sets the links of a new node. Others may already have linked back to it; their links are kept if they fit.
    fn write(&self, node: u32, level: u8, chosen: &[u32]) {
        let _lock = self.locks[node as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let list = self.list(node, level);
        let before: Vec<u32> =
            list.iter().map(|word| word.load(Relaxed)).take_while(|&link| link != NONE).collect();
        let others = before.iter().filter(|link| !chosen.contains(link));
        for (place, &link) in list.iter().zip(chosen.iter().chain(others)) {
            place.store(link, Relaxed);
        }
    }

    /// Links a node to a new one. If the list is full, its links are chosen again.
    fn link_back(
        &self,
        node: u32,
        new: u32,
        level: u8,
        crowded: &mut Vec<u64>,
        kept: &mut Vec<u32>,
    ) -> Result<(), HnswError> {
        let _lock = self.locks[node as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let list = self.list(node, level);
        kept.clear();
        kept.extend(list.iter().map(|word| word.load(Relaxed)).take_while(|&link| link != NONE));
        if kept.contains(&new) {
            return Ok(());
        }
        if let Some(free) = list.get(kept.len()) {
            free.store(new, Relaxed);
            return Ok(());
        }
        kept.push(new);
        let query = self.query(node)?;
        crowded.clear();
        for group in kept.chunks(GROUP) {
            let mut keys = [0; GROUP];
            let count = self.nearer(group, query, u32::MAX, &mut keys)?;
            crowded.extend_from_slice(&keys[..count]);
        }
        crowded.sort_unstable();
        self.choose(crowded, list.len(), self.own_term(node), kept)?;
        for (place, link) in list.iter().zip(kept.iter().copied().chain(std::iter::repeat(NONE))) {
            place.store(link, Relaxed);
        }
        Ok(())
    }
}

/// A level of a graph under construction.
struct Linking<'a, 'b> {
    graph: &'a Inserter<'b>,
    level: u8,
}

impl Level for Linking<'_, '_> {
    #[inline]
    fn links<'a>(&'a self, node: u32, buffer: &'a mut [u32; MAX_LINKS]) -> Result<&'a [u32], HnswError> {
        let list = self.graph.list(node, self.level);
        for (place, word) in buffer.iter_mut().zip(list) {
            *place = word.load(Relaxed);
        }
        Ok(&buffer[..list.len()])
    }

    #[inline]
    fn prefetch_links(&self, node: u32) {
        precedent_vector::prefetch(self.graph.list(node, self.level));
    }

    #[inline]
    fn nearer(
        &self,
        nodes: &[u32],
        query: QueryView<'_>,
        limit: u32,
        keys: &mut [u64; GROUP],
    ) -> Result<usize, HnswError> {
        self.graph.nearer(nodes, query, limit, keys)
    }

    #[inline]
    fn prefetch_codes(&self, nodes: &[u32]) {
        self.graph.codes.prefetch(nodes);
    }

    fn no_such_node(&self, _from: u32, link: u32) -> HnswError {
        self.graph.no_such_node(link)
    }
}
