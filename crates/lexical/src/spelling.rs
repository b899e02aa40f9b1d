//! Words that are spelt much like another.

use crate::vocabulary::is_spelt;

/// Shortest word that is taken for a misspelt one, in letters: shorter ones are abbreviations, of which most are near another.
const FEWEST_LETTERS: usize = 4;
/// From how many letters on two mistakes are allowed for.
const LETTERS_FOR_TWO: usize = 8;

/// A word as it was written, to hold others against.
pub struct Spelling {
    letters: Vec<char>,
    most: u32,
}

impl Spelling {
    /// A folded word, or `None` for one that no other is like: with a digit, or of less than four letters.
    pub fn of(word: &str) -> Option<Self> {
        let letters: Vec<char> = word.chars().collect();
        let most = if letters.len() < LETTERS_FOR_TWO { 1 } else { 2 };
        (letters.len() >= FEWEST_LETTERS && is_spelt(word)).then_some(Self { letters, most })
    }

    /// The letters with which a word may begin that is like this one: its first, and its second, which may have changed
    /// places with the first.
    pub(crate) fn first_letters(&self) -> impl Iterator<Item = char> {
        let second = self.letters.get(1).filter(|second| Some(*second) != self.letters.first());
        self.letters.first().into_iter().chain(second).copied()
    }

    /// How many insertions, deletions, replacements and swaps of neighbours lead from one to the other (optimal string
    /// alignment): at most one, or two from eight letters on. `None` for a word that is farther, or begins otherwise.
    pub fn distance(&self, word: &str) -> Option<u32> {
        let other: Vec<char> = word.chars().collect();
        let swapped =
            || matches!((&self.letters[..], &other[..]), ([a, b, ..], [c, d, ..]) if a == d && b == c);
        let near = self.letters.len().abs_diff(other.len()) <= self.most as usize;
        if !near || (self.letters.first() != other.first() && !swapped()) {
            return None;
        }
        aligned(&self.letters, &other, self.most)
    }
}

/// The distance by rows, given up as soon as a row holds nothing small enough.
fn aligned(a: &[char], b: &[char], most: u32) -> Option<u32> {
    let mut before: Vec<u32> = Vec::new();
    let mut row: Vec<u32> = (0..=b.len() as u32).collect();
    for (i, from) in a.iter().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i as u32 + 1);
        for (j, to) in b.iter().enumerate() {
            let mut least = (row[j] + u32::from(from != to)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        if next.iter().all(|&value| value > most) {
            return None;
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|&distance| distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn check(written: &str, word: &str, distance: Option<u32>) {
        let found = Spelling::of(written).and_then(|spelling| spelling.distance(word));
        assert_eq!(found, distance, "{written} {word}");
    }

    #[test]
    fn one_mistake_in_short_words_and_two_in_long_ones() {
        check("cardiomegally", "cardiomegaly", Some(1));
        check("pnuemothroax", "pneumothorax", Some(2));
        check("effusoin", "effusion", Some(1));
        check("noduel", "nodule", Some(1));
        check("nodluel", "nodule", None);
        check("mss", "mass", None);
        check("masss", "mass", Some(1));
        check("t12x", "t12", None);
        check("atelectasis", "atelectasis", Some(0));
    }

    #[test]
    fn the_first_letter_is_right_or_swapped_with_the_second() {
        check("npeumonia", "pneumonia", Some(1));
        check("kneumonia", "pneumonia", None);
        check("neumonia", "pneumonia", None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..Default::default() })]

        /// It is as far from here to there as back, and what is near begins with a letter that is looked under.
        #[test]
        fn distance_has_no_direction(a in "[abc]{8,10}", b in "[abc]{8,10}") {
            let (from, to) = (Spelling::of(&a).unwrap(), Spelling::of(&b).unwrap());
            prop_assert_eq!(from.distance(&b), to.distance(&a));
            if from.distance(&b).is_some() {
                prop_assert!(from.first_letters().any(|first| b.starts_with(first)));
            }
        }
    }
}
