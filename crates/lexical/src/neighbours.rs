//! Which words a snapshot knows, and which of them are spelt much like another.

use crate::analyzer::analyzer;
use crate::schema::LexicalField;
use crate::{LexicalError, LexicalSnapshot, Spelling};
use std::collections::HashMap;
use std::fmt;

/// A word of the reports.
#[derive(Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// In the form of [`precedent_model::fold_word`].
    pub word: String,
    /// How many letters lie between it and the word that it is like.
    pub distance: u32,
    /// Documents with it, deleted ones among them.
    pub documents: u64,
}

/// A word of a report may lead to a person.
impl fmt::Debug for Neighbour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Neighbour(word hidden, {} away, {} documents)", self.distance, self.documents)
    }
}

impl LexicalSnapshot {
    /// Whether a live report holds a word, under whatever ending, in whatever section. Said of text that is no single word,
    /// it is true where every word is held.
    ///
    /// # Errors
    /// A failed read.
    pub fn knows(&self, word: &str) -> Result<bool, LexicalError> {
        let mut stems = Vec::new();
        analyzer().token_stream(word).process(&mut |token| stems.push(token.text.clone()));
        for stem in &stems {
            let mut held = false;
            for field in LexicalField::measured() {
                held = held || self.found(field, stem)? > 0;
            }
            if !held {
                return Ok(false);
            }
        }
        Ok(!stems.is_empty())
    }

    /// The words of the reports that are spelt much like another, the nearest first, of those the commonest first.
    /// Segments that are older than their list of words say nothing. Deleted reports count, so whoever wants a word that
    /// is found asks [`Self::knows`].
    ///
    /// Looks at the words with the same first letter, and at those with the second in its place.
    ///
    /// # Errors
    /// A failed read, a damaged list of words.
    pub fn neighbours(&self, spelling: &Spelling) -> Result<Vec<Neighbour>, LexicalError> {
        let mut found: HashMap<&str, Neighbour> = HashMap::new();
        for part in self.parts() {
            let vocabulary = part.segment.vocabulary()?;
            for (word, documents) in
                spelling.first_letters().flat_map(|first| vocabulary.beginning_with(first))
            {
                if let Some(known) = found.get_mut(word) {
                    known.documents += u64::from(documents);
                } else if let Some(distance) = spelling.distance(word) {
                    let documents = u64::from(documents);
                    found.insert(word, Neighbour { word: word.to_owned(), distance, documents });
                }
            }
        }
        let mut found: Vec<Neighbour> = found.into_values().collect();
        found.sort_unstable_by(|a, b| {
            (a.distance, b.documents, &a.word).cmp(&(b.distance, a.documents, &b.word))
        });
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::{document, segment};
    use precedent_model::SectionKind;

    fn snapshot(version: u32, texts: &[&str], deleted: &[u32]) -> LexicalSnapshot {
        let documents: Vec<_> = texts.iter().map(|text| document(&[(SectionKind::Findings, text)])).collect();
        LexicalSnapshot::new([(segment(version, &documents), deleted)]).unwrap()
    }

    fn near(snapshot: &LexicalSnapshot, written: &str) -> Vec<(String, u32, u64)> {
        let spelling = Spelling::of(written).unwrap();
        let found = snapshot.neighbours(&spelling).unwrap().into_iter();
        found.map(|found| (found.word, found.distance, found.documents)).collect()
    }

    #[test]
    fn the_nearest_words_come_first_and_of_those_the_commonest() {
        let texts = ["Effusions", "effusion effusion", "Effusion", "effusive", "Eﬀu\u{ad}sion"];
        let snapshot = snapshot(3, &texts, &[]);
        let expected = [("effusion", 1, 3), ("effusions", 2, 1), ("effusive", 2, 1)];
        assert_eq!(
            near(&snapshot, "effusiom"),
            expected.map(|(word, far, count)| (word.to_owned(), far, count))
        );
        assert!(near(&snapshot, "pneumonia").is_empty());
    }

    #[test]
    fn a_word_is_known_under_any_ending_in_any_live_report() {
        let snapshot = snapshot(3, &["Opacities", "Zebra"], &[1]);
        for (word, known) in [
            ("opacity", true),
            ("OPACITIES", true),
            ("zebra", false),
            ("opacity zebra", false),
            ("...", false),
        ] {
            assert_eq!(snapshot.knows(word).unwrap(), known, "{word}");
        }
    }

    #[test]
    fn older_segments_know_words_and_list_none() {
        let snapshot = snapshot(2, &["effusion"], &[]);
        assert!(snapshot.knows("effusions").unwrap() && near(&snapshot, "effusiom").is_empty());
    }
}
