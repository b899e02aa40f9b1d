//! Scores of a run of neighbouring documents, clause by clause.
//!
//! Each clause has a lane: what it adds to the score of every document of the window. Lanes are summed up in the order of
//! the query, 64 documents at a time, so that the sums are those of one document after the other, bit by bit. Lanes, not
//! one row of scores: to store takes less time than to add to what is there, and a clause can be looked up for single
//! documents and still come in its turn.

/// Documents of a window. The lanes of a usual query stay in the second-level cache.
pub(crate) const WINDOW: u32 = 4096;
/// Neighbouring documents that are looked at together. A window has as many chunks as a word has bits.
pub(crate) const CHUNK: usize = 64;

/// Stands for a document that a clause does not hold for. To add to it changes no bit, not even of zero, and the formula
/// of BM25 leaves it as it is.
pub(crate) const NONE: f32 = -0.0;

/// Whether this is a score or frequency, be it zero, and not [`NONE`].
#[inline]
pub(crate) fn is_some(value: f32) -> bool {
    value.to_bits() != NONE.to_bits()
}

/// The tokens of the documents of a window, as little-endian bytes.
pub(crate) type Tokens = [[u8; 4]; WINDOW as usize];

/// By chunk, one bit for each document of a window.
pub(crate) type Marks = [u64; CHUNK];

/// Whether a document of the window is marked: 1 or 0.
#[inline]
pub(crate) fn marked(marks: &Marks, document: u32) -> usize {
    let at = place(document);
    (marks[at / CHUNK] >> (at % CHUNK) & 1) as usize
}

/// The place in a window of the document at hand; any number where it is in another window.
#[inline]
fn place(document: u32) -> usize {
    document as usize % WINDOW as usize
}

/// What one clause adds to the documents of a window. Every window begins at a multiple of its length.
pub(crate) struct Lane {
    values: Box<[f32; WINDOW as usize]>,
    /// Which chunks hold anything.
    touched: u64,
    /// Which documents the clause holds for.
    marks: Marks,
    /// Documents of a clause with several alternatives, in the order in which they were found.
    list: Vec<u16>,
}

impl Lane {
    pub(crate) fn new() -> Self {
        Self { values: Box::new([NONE; WINDOW as usize]), touched: 0, marks: [0; CHUNK], list: Vec::new() }
    }

    pub(crate) fn touched(&self) -> u64 {
        self.touched
    }

    /// What is there for a document of the window.
    #[inline]
    pub(crate) fn of(&self, document: u32) -> f32 {
        self.values[place(document)]
    }

    /// Forgets the window.
    pub(crate) fn clear(&mut self) {
        for chunk in ones(std::mem::take(&mut self.touched)) {
            self.chunk_mut(chunk).fill(NONE);
            self.marks[chunk % CHUNK] = 0;
        }
        self.list.clear();
    }

    /// Puts in a value for a document.
    pub(crate) fn put(&mut self, document: u32, value: f32) {
        let at = place(document);
        self.values[at] = value;
        self.mark(at);
    }

    #[inline]
    fn mark(&mut self, at: usize) {
        self.marks[at / CHUNK] |= 1 << (at % CHUNK);
        self.touched |= 1 << (at / CHUNK);
    }

    /// Puts in what `value` makes of the frequencies of documents and their tokens.
    #[inline]
    pub(crate) fn put_run(
        &mut self,
        documents: &[u32],
        frequencies: &[u32],
        lengths: &Tokens,
        value: impl Fn(u32, u32) -> f32,
    ) {
        let (mut tokens, mut values) = ([0; RUN], [NONE; RUN]);
        for (documents, frequencies) in documents.chunks(RUN).zip(frequencies.chunks(RUN)) {
            // Step by step, so that the arithmetic in the middle runs on vectors.
            for (tokens, &document) in tokens.iter_mut().zip(documents) {
                *tokens = u32::from_le_bytes(lengths[place(document)]);
            }
            for ((new, &frequency), &tokens) in values.iter_mut().zip(frequencies).zip(&tokens) {
                *new = value(frequency, tokens);
            }
            for (&document, &value) in documents.iter().zip(&values) {
                let at = place(document);
                self.values[at] = value;
                self.mark(at);
            }
        }
    }

    /// Adds to the frequencies of documents, which [`Lane::convert`] then makes scores. `listed` keeps a list of them.
    #[inline]
    pub(crate) fn add_run(&mut self, documents: &[u32], frequencies: &[u32], boost: f32, listed: bool) {
        for (&document, &frequency) in documents.iter().zip(frequencies) {
            let at = place(document);
            let before = self.values[at];
            self.values[at] = before + boost * frequency as f32;
            if listed && !is_some(before) {
                self.list.push(at as u16);
            }
            self.mark(at);
        }
    }

    /// Makes each value, of the document with so many tokens, another. `convert` leaves [`NONE`] as it is.
    #[inline]
    pub(crate) fn convert(&mut self, lengths: &Tokens, listed: bool, convert: impl Fn(f32, u32) -> f32) {
        if listed {
            for place in &self.list {
                let at = usize::from(*place) % WINDOW as usize;
                self.values[at] = convert(self.values[at], u32::from_le_bytes(lengths[at]));
            }
            return;
        }
        let lengths = lengths.as_chunks::<CHUNK>().0;
        for chunk in ones(self.touched) {
            for (value, tokens) in self.chunk_mut(chunk).iter_mut().zip(&lengths[chunk % CHUNK]) {
                *value = convert(*value, u32::from_le_bytes(*tokens));
            }
        }
    }

    #[inline]
    fn chunk(&self, chunk: usize) -> &[f32; CHUNK] {
        &self.values.as_chunks().0[chunk % CHUNK]
    }

    #[inline]
    fn chunk_mut(&mut self, chunk: usize) -> &mut [f32; CHUNK] {
        &mut self.values.as_chunks_mut().0[chunk % CHUNK]
    }
}

/// Documents that are scored at a time.
pub(crate) const RUN: usize = 128;

/// Up to so many documents of a chunk are summed up one by one; more are summed up with the whole chunk.
const FEW: u32 = 12;

/// What the lane of a clause does to the documents of a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Say {
    /// It adds.
    Adds,
    /// It adds, and only its documents match.
    Keeps,
    /// Its documents do not match.
    Drops,
}

/// The sums of the lanes of a window, chunk by chunk.
pub(crate) struct Sums {
    values: Box<[f32; WINDOW as usize]>,
    /// Which documents match and have a sum that is high enough.
    high: Marks,
}

impl Sums {
    pub(crate) fn new() -> Self {
        Self { values: Box::new([NONE; WINDOW as usize]), high: [0; CHUNK] }
    }

    /// Sums up a chunk, of which only the `accepted` documents count, and looks for sums of `least` or more. Gives how many documents
    /// match.
    pub(crate) fn take<'l>(
        &mut self,
        chunk: usize,
        lanes: impl Iterator<Item = (Say, &'l Lane)> + Clone,
        accepted: u64,
        least: f32,
    ) -> u32 {
        let (chunk, mut any, mut kept) = (chunk % CHUNK, 0, accepted);
        for (say, lane) in lanes.clone() {
            let here = lane.marks[chunk];
            match say {
                Say::Adds => any |= here,
                Say::Keeps => (any, kept) = (any | here, kept & here),
                Say::Drops => kept &= !here,
            }
        }
        let (matches, values) = (any & kept, &mut self.values.as_chunks_mut().0[chunk]);
        let count = matches.count_ones();
        let adding = lanes.filter(|(say, lane)| *say != Say::Drops && lane.touched >> chunk & 1 == 1);
        let mut high = 0;
        if count <= FEW {
            for at in ones(matches) {
                let sum = adding.clone().fold(NONE, |sum, (_, lane)| sum + lane.chunk(chunk)[at % CHUNK]);
                values[at % CHUNK] = sum;
                high |= u64::from(sum >= least) << (at % CHUNK);
            }
        } else {
            let mut sums = [NONE; CHUNK];
            for (_, lane) in adding {
                sums.iter_mut().zip(lane.chunk(chunk)).for_each(|(sum, value)| *sum += value);
            }
            *values = sums;
            // Most chunks have no high sum.
            if sums.iter().fold(false, |any, &value| any | (value >= least)) {
                high = mask(&sums, |value| value >= least) & matches;
            }
        }
        self.high[chunk] = high;
        count
    }

    /// Which documents of a chunk that was taken have a high sum.
    pub(crate) fn high(&self, chunk: usize) -> u64 {
        self.high[chunk % CHUNK]
    }

    /// The sum for a document of a chunk that was taken.
    pub(crate) fn of(&self, document: u32) -> f32 {
        self.values[place(document)]
    }
}

/// One bit for each value that something holds for.
fn mask(values: &[f32; CHUNK], holds: impl Fn(f32) -> bool) -> u64 {
    let flags = values.map(|value| u8::from(holds(value)));
    let mut mask = 0;
    for (at, flags) in flags.as_chunks().0.iter().enumerate() {
        // Gathers the lowest bits of eight bytes: byte i of the one is moved to bit i of the top byte by bit 56 - 7 i of
        // the other.
        mask |= (u64::from_le_bytes(*flags).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * at);
    }
    mask
}

/// The places of the bits that are set, ascending.
pub(crate) fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (place < CHUNK).then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn double(frequency: f32, tokens: u32) -> f32 {
        2.0 * (frequency / (frequency + (0.3 + 0.01 * tokens as f32)))
    }

    #[test]
    fn nothing_added_changes_no_bit() {
        for value in [0.0_f32, 1.0e-40, 0.1, 3.0] {
            assert_eq!((NONE + value).to_bits(), value.to_bits());
            assert_eq!((value + NONE).to_bits(), value.to_bits());
        }
        assert!(is_some(NONE + 0.0) && !is_some(NONE + NONE) && !is_some(double(NONE, 7)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(29), failure_persistence: None, ..Default::default() })]

        /// Whichever way documents come into a lane, the same bits are there, and sums are those of one after the other.
        #[test]
        fn lanes_add_up_as_single_documents_do(
            found in proptest::collection::btree_map(0_u32..300, (1_u32..9, 0_u32..90), 0..200),
            barred in any::<u64>(), least in -1.0_f32..3.0,
        ) {
            let base = 2 * WINDOW;
            let documents: Vec<u32> = found.keys().map(|document| base + document).collect();
            let frequencies: Vec<u32> = found.values().map(|(frequency, _)| *frequency).collect();
            let mut tokens = [[0; 4]; WINDOW as usize];
            for (document, (_, length)) in &found {
                tokens[*document as usize] = length.to_le_bytes();
            }
            let mut lanes = [Lane::new(), Lane::new(), Lane::new()];
            lanes[0].put_run(&documents, &frequencies, &tokens, |frequency, tokens| double(frequency as f32, tokens));
            for (lane, listed) in [(1, true), (2, false)] {
                lanes[lane].add_run(&documents, &frequencies, 1.0, listed);
                lanes[lane].convert(&tokens, listed, double);
            }
            let mut sums = Sums::new();
            for chunk in 0..CHUNK {
                let count = sums.take(chunk, lanes.iter().map(|lane| (Say::Adds, lane)), !barred, least);
                let mut expected = 0;
                for at in 0..CHUNK {
                    let document = base + (chunk * CHUNK + at) as u32;
                    let score = found.get(&(document - base)).map(|(times, length)| double(*times as f32, *length));
                    for lane in &lanes {
                        prop_assert_eq!(lane.of(document).to_bits(), score.unwrap_or(NONE).to_bits());
                    }
                    let sum = score.map(|score| score + score + score).filter(|_| barred >> at & 1 == 0);
                    expected += u32::from(sum.is_some());
                    let high = sums.high(chunk) >> at & 1 == 1;
                    prop_assert_eq!(high, sum.is_some_and(|sum| sum >= least));
                    prop_assert!(!high || Some(sums.of(document)) == sum);
                }
                prop_assert_eq!(count, expected);
            }
            lanes.iter_mut().for_each(Lane::clear);
            prop_assert!(lanes.iter().all(|lane| lane.touched() == 0 && lane.values.iter().all(|&value| !is_some(value))));
        }
    }
}
