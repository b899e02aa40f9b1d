//! The BM25 formula.
//!
//! A clause `t` adds to the score of a document `d`
//!
//! `times(t) · idf(t) · (k1 + 1) · tf / (tf + k1 · (1 − b + b · |d| / avg))`
//!
//! with k1 = 1.2 and b = 0.75 for words, the values of Lucene and tantivy, and `idf(t) = ln(1 + (N − n + 0.5) / (n + 0.5))`
//! (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; the 1 inside keeps it positive, as in Lucene).
//! The idf of words in a row is the sum of those of the words, as in tantivy. `|d|` is the exact number of tokens of the
//! field in the document, where Lucene and tantivy round to one of 256 lengths. `N` is the number of live documents with
//! at least one token in any field, the same for every field; `n` counts the live ones with the word; `avg` is the
//! number of tokens of the field in live documents, over `N`. The length of the fields by assertion and of `finding` is
//! that of `text`.
//!
//! A clause with several alternatives is scored as one word, as Lucene's `SynonymQuery` with boosts does it: `tf` is the
//! sum of boost times frequency over the alternatives, and the idf is that of the commonest of them, so that a rare
//! narrower finding does not lift all the others.
//!
//! Clauses on findings have a k1 and a b of their own, [`FINDINGS`].

/// How fast the score of a clause levels off as its frequency grows, and how much the length of a text counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    pub k1: f64,
    pub b: f64,
}

/// For words: the values of Lucene and tantivy.
pub(crate) const WORDS: Shape = Shape { k1: 1.2, b: 0.75 };
/// For mentions of findings. A second mention says little that the first did not, so that a report with both of two findings
/// asked for comes before one that names the rarer of them four times; and a mention in a long report counts nearly as much
/// as one in a short report.
pub(crate) const FINDINGS: Shape = Shape { k1: 0.5, b: 0.4 };

/// Rarity of a word that is in `found` of `documents`.
pub(crate) fn idf(found: u64, documents: u64) -> f64 {
    let absent = documents.saturating_sub(found) as f64;
    (1.0 + (absent + 0.5) / (found as f64 + 0.5)).ln()
}

/// What does not depend on the document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weight {
    scale: f32,
    shortest: f32,
    per_token: f32,
}

impl Weight {
    /// The weight of a clause with its idf, standing `times` in the query, for a field with so many tokens.
    pub(crate) fn new(idf: f64, times: u32, shape: Shape, tokens: u64, documents: u64) -> Self {
        let Shape { k1, b } = shape;
        // Without tokens nothing is found, so the average is of no matter as long as it is a number.
        let average = (tokens.max(1) as f64) / (documents.max(1) as f64);
        Self {
            scale: (idf * (k1 + 1.0) * f64::from(times)) as f32,
            shortest: (k1 * (1.0 - b)) as f32,
            per_token: (k1 * b / average) as f32,
        }
    }

    /// What no score exceeds: the quotient in it is never more than 1, however it is rounded.
    pub(crate) fn most(self) -> f32 {
        self.scale
    }

    /// What the clause adds to the score of a document with so many tokens, for the sum of boost times frequency. The
    /// same operations in the same order wherever it is called from, so the same bits.
    #[inline]
    pub(crate) fn score(self, frequency: f32, tokens: u32) -> f32 {
        self.scale * (frequency / (frequency + (self.shortest + self.per_token * tokens as f32)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_gives_textbook_values() {
        // N = 4, n = 1: ln(1 + 3.5 / 1.5) = ln(10 / 3).
        assert!((idf(1, 4) - 1.203_972_804_325_936).abs() < 1e-12);
        // A document of average length with tf 1: idf * 2.2 * 1 / (1 + 1.2).
        let weight = Weight::new(idf(1, 4), 1, WORDS, 40, 4);
        assert!((weight.score(1.0, 10) - 1.203_972_8).abs() < 1e-6);
        // Twice as long, tf 3: 1.2 * (0.25 + 0.75 * 2) = 2.1; idf * 2.2 * 3 / 5.1.
        assert!((weight.score(3.0, 20) - 1.558_082_4).abs() < 1e-6);
        // With b = 0.4: 1.2 * (0.6 + 0.4 * 2) = 1.68; tf 1 + 0.5: idf * 2.2 * 1.5 / 3.18.
        let weight = Weight::new(idf(1, 4), 1, Shape { k1: 1.2, b: 0.4 }, 40, 4);
        assert!((weight.score(1.5, 20) - 1.249_405_8).abs() < 1e-6);
        assert!(idf(4, 4) > 0.0 && Weight::new(1.0, 1, WORDS, 0, 0).score(1.0, 0).is_finite());
    }
}
