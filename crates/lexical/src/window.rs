//! Scores of a run of neighbouring documents.

/// Documents of a window. Their scores take 16 KiB and stay in the first-level cache while clause after clause adds.
pub(crate) const WINDOW: u32 = 4096;
const WORDS: usize = WINDOW as usize / 64;

/// Which documents a clause holds for, one bit each.
pub(crate) type Bits = [u64; WORDS];

/// Scores and matches of the documents from `base` on.
pub(crate) struct Window {
    base: u32,
    scores: Vec<f32>,
    /// Frequencies of the clause at hand, summed over its alternatives; zero between clauses.
    frequencies: Vec<f32>,
    any: Bits,
    all: Bits,
    none: Bits,
}

impl Window {
    pub(crate) fn new() -> Self {
        let (scores, frequencies) = (vec![0.0; WINDOW as usize], vec![0.0; WINDOW as usize]);
        Self { base: 0, scores, frequencies, any: [0; WORDS], all: [!0; WORDS], none: [0; WORDS] }
    }

    /// Empties the window and moves it. `base` is a multiple of 64.
    pub(crate) fn move_to(&mut self, base: u32) {
        self.base = base;
        self.scores.fill(0.0);
        (self.any, self.all, self.none) = ([0; WORDS], [!0; WORDS], [0; WORDS]);
    }

    /// Adds to the score of a document in the window.
    #[inline]
    pub(crate) fn add(&mut self, document: u32, score: f32) {
        let at = (document - self.base) as usize % WINDOW as usize;
        self.scores[at] += score;
        self.any[at / 64] |= 1 << (at % 64);
    }

    /// Adds to the frequency of the clause at hand in a document in the window.
    #[inline]
    pub(crate) fn weigh(&mut self, bits: &mut Bits, document: u32, frequency: f32) {
        let at = (document - self.base) as usize % WINDOW as usize;
        self.frequencies[at] += frequency;
        bits[at / 64] |= 1 << (at % 64);
    }

    /// Adds what the frequencies of these documents are worth to their scores, and forgets the frequencies.
    pub(crate) fn add_weighed(&mut self, bits: &Bits, score: impl Fn(u32, f32) -> f32) {
        for (word, &bits) in bits.iter().enumerate() {
            let mut left = bits;
            while left != 0 {
                let at = (word * 64 + left.trailing_zeros() as usize) % WINDOW as usize;
                self.scores[at] += score(self.base + at as u32, std::mem::take(&mut self.frequencies[at]));
                left &= left - 1;
            }
            self.any[word] |= bits;
        }
    }

    /// Takes the bit of a document in the window.
    #[inline]
    pub(crate) fn mark(&self, bits: &mut Bits, document: u32) {
        let at = (document - self.base) as usize % WINDOW as usize;
        bits[at / 64] |= 1 << (at % 64);
    }

    /// Keeps only documents among these.
    pub(crate) fn require(&mut self, bits: &Bits) {
        self.all.iter_mut().zip(bits).for_each(|(all, bits)| *all &= bits);
    }

    /// Drops these documents.
    pub(crate) fn exclude(&mut self, bits: &Bits) {
        self.none.iter_mut().zip(bits).for_each(|(none, bits)| *none |= bits);
    }

    /// Gives every match with its score, in ascending order. `deleted` gives the deleted ones of a word of 64.
    pub(crate) fn matches(&self, deleted: impl Fn(usize) -> u64, mut each: impl FnMut(u32, f32)) {
        for word in 0..WORDS {
            let mut bits = self.any[word] & self.all[word] & !self.none[word];
            if bits != 0 {
                bits &= !deleted(self.base as usize / 64 + word);
            }
            while bits != 0 {
                let at = word * 64 + bits.trailing_zeros() as usize;
                each(self.base + at as u32, self.scores[at]);
                bits &= bits - 1;
            }
        }
    }
}
