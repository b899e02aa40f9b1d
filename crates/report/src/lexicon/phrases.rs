//! All phrases of a lexicon as one tree of words, so that a sentence is looked at once.

use super::pattern::Atom;
use crate::token::{Token, WordId};
use rustc_hash::FxHashMap;

/// What a phrase stands for: an index into the lexicon's table of meanings.
pub(crate) type MeaningId = u32;

/// Widest match, in tokens: the bits of [`Found::mask`].
const MAX_WIDTH: usize = 64;
const NONE: u32 = 0;
/// So many edges are looked at one after the other.
const FEW_EDGES: usize = 8;

/// A phrase found in a row of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub meaning: MeaningId,
    /// First token.
    pub first: u32,
    /// Last token.
    pub last: u32,
    /// Which tokens from `first` on are words of the phrase: those in its gaps are not.
    pub mask: u64,
}

impl Found {
    /// Number of words that the phrase itself has.
    pub fn words(&self) -> u32 {
        self.mask.count_ones()
    }

    /// Whether token `at` is a word of the phrase.
    pub fn holds(&self, at: usize) -> bool {
        let first = self.first as usize;
        at >= first && at - first < MAX_WIDTH && self.mask >> (at - first) & 1 == 1
    }
}

#[derive(Debug, Default)]
struct Node {
    /// The node behind a gap, and how many words the gap may hold.
    gaps: Vec<(u8, u32)>,
    meanings: Vec<MeaningId>,
}

/// The tree. Node 0 is the root.
#[derive(Debug)]
pub(crate) struct Phrases {
    nodes: Vec<Node>,
    edges: FxHashMap<(u32, WordId), u32>,
    /// By word: the root's edges, as most words begin no phrase.
    first: Vec<u32>,
    /// All edges by node, of one node ascending by word; and by node where its edges begin. Most nodes have one or two, which
    /// lie in one cache line.
    ordered: Vec<(WordId, u32)>,
    begins: Vec<u32>,
    /// By word: whether no gap may hold it.
    breaks: Vec<bool>,
}

impl Phrases {
    pub fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            edges: FxHashMap::default(),
            first: Vec::new(),
            ordered: Vec::new(),
            begins: Vec::new(),
            breaks: Vec::new(),
        }
    }

    pub fn insert(&mut self, form: &[Atom], meaning: MeaningId) {
        let mut at = 0;
        for atom in form {
            at = match *atom {
                Atom::Word(word) => {
                    let next = self.nodes.len() as u32;
                    let found = *self.edges.entry((at, word)).or_insert(next);
                    if found == next {
                        self.nodes.push(Node::default());
                    }
                    found
                }
                Atom::Gap(width) => {
                    let next = self.nodes.len() as u32;
                    let gaps = &mut self.nodes[at as usize].gaps;
                    match gaps.iter().find(|(known, _)| *known == width) {
                        Some(&(_, known)) => known,
                        None => {
                            gaps.push((width, next));
                            self.nodes.push(Node::default());
                            next
                        }
                    }
                }
            };
        }
        let meanings = &mut self.nodes[at as usize].meanings;
        if !meanings.contains(&meaning) {
            meanings.push(meaning);
        }
    }

    /// Makes the tree ready and complete, for a vocabulary of `words` numbers; no gap holds a word for which `breaks` says so.
    pub fn finish(&mut self, words: usize, breaks: impl Fn(WordId) -> bool) {
        self.first = vec![NONE; words];
        for (&(from, word), &to) in &self.edges {
            if from == 0 {
                self.first[word as usize] = to;
            }
        }
        let mut ordered: Vec<(u32, WordId, u32)> =
            self.edges.drain().map(|((from, word), to)| (from, word, to)).collect();
        ordered.sort_unstable();
        let begins = |node: usize| ordered.partition_point(|&(from, ..)| (from as usize) < node) as u32;
        self.begins = (0..=self.nodes.len()).map(begins).collect();
        self.ordered = ordered.into_iter().map(|(_, word, to)| (word, to)).collect();
        self.breaks = (0..words).map(|word| breaks(word as WordId)).collect();
    }

    /// Every phrase in the tokens, ascending by first token; of one first token in no stated order. `is_mark` says
    /// whether a token is a mark and no word.
    pub fn find(&self, tokens: &[Token], is_mark: &dyn Fn(&Token) -> bool, out: &mut Vec<Found>) {
        let mut open: Vec<(u32, usize, u64)> = Vec::new();
        for (first, token) in tokens.iter().enumerate() {
            let node = self.first.get(token.word as usize).copied().unwrap_or(NONE);
            if node == NONE {
                continue;
            }
            open.push((node, first + 1, 1));
            while let Some((node, next, mask)) = open.pop() {
                let here = &self.nodes[node as usize];
                out.extend((here.meanings.iter()).map(|&meaning| Found {
                    meaning,
                    first: first as u32,
                    last: (next - 1) as u32,
                    mask,
                }));
                self.step(tokens, first, (node, next, mask), &mut open);
                for &(width, behind) in &here.gaps {
                    for (skipped, token) in
                        tokens[next.min(tokens.len())..].iter().enumerate().take(width as usize + 1)
                    {
                        self.step(tokens, first, (behind, next + skipped, mask), &mut open);
                        if is_mark(token) || self.breaks.get(token.word as usize).copied().unwrap_or(false) {
                            break;
                        }
                    }
                }
            }
        }
    }

    fn step(
        &self,
        tokens: &[Token],
        first: usize,
        (node, next, mask): (u32, usize, u64),
        open: &mut Vec<(u32, usize, u64)>,
    ) {
        let Some(token) = tokens.get(next).filter(|_| next - first < MAX_WIDTH) else { return };
        if let Some(to) = self.edge(node, token.word) {
            open.push((to, next + 1, mask | 1 << (next - first)));
        }
    }

    /// The node that the word leads to from this one.
    fn edge(&self, node: u32, word: WordId) -> Option<u32> {
        let node = node as usize;
        let edges = &self.ordered[self.begins[node] as usize..self.begins[node + 1] as usize];
        if edges.len() <= FEW_EDGES {
            return edges.iter().find(|(known, _)| *known == word).map(|&(_, to)| to);
        }
        edges.binary_search_by_key(&word, |&(known, _)| known).ok().map(|place| edges[place].1)
    }
}
