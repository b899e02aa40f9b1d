//! The words of a segment as they are spelt, for queries whose words nobody wrote.
//!
//! The term dictionaries hold stems, which are no words: this list holds the folded words before they are reduced, with
//! the number of documents of each. It lies in the bundle as the file `words`, since version 3:
//!
//! ```text
//! offset     bytes  content
//!      0         4  words n, u32
//!      4   4 * n+4  where the text of each begins, and where the last ends, from the start of the texts, u32
//!     ..     4 * n  documents with the word, u32
//!     ..            the texts, UTF-8, ascending by their bytes
//! ```
//!
//! It holds words of letters alone, of 3 to 32 of them, whatever section they stand in, and of these the first 262,144
//! different ones that came.

use crate::bundle::damaged;
use crate::{LexicalError, OwnedBytes};
use std::collections::HashMap;

/// The name of the file in the bundle.
pub(crate) const WORDS_FILE: &str = "words";

const FEWEST_LETTERS: usize = 3;
const MOST_LETTERS: usize = 32;
/// A report of random letters must not fill the memory; a vocabulary is seldom a tenth of this.
const MOST_WORDS: usize = 1 << 18;

/// Whether a folded word is one of letters alone, of a length that is spelt rather than abbreviated or made up.
pub(crate) fn is_spelt(word: &str) -> bool {
    let letters = word.chars().count();
    (FEWEST_LETTERS..=MOST_LETTERS).contains(&letters) && word.chars().all(char::is_alphabetic)
}

/// Collects the words of documents that come one after the other.
#[derive(Default)]
pub(crate) struct VocabularyWriter {
    words: HashMap<String, Entry>,
    /// Bytes of the words themselves.
    spelt_bytes: usize,
}

struct Entry {
    documents: u32,
    last: u32,
}

impl VocabularyWriter {
    /// Adds a folded word of a document.
    pub(crate) fn add(&mut self, word: &str, document: u32) {
        if let Some(entry) = self.words.get_mut(word) {
            entry.documents += u32::from(entry.last != document);
            entry.last = document;
        } else if self.words.len() < MOST_WORDS && is_spelt(word) {
            self.spelt_bytes += word.len();
            self.words.insert(word.to_owned(), Entry { documents: 1, last: document });
        }
    }

    /// Bytes of memory that the words take.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.spelt_bytes + self.words.capacity() * (size_of::<String>() + size_of::<Entry>())
    }

    /// The file.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut words: Vec<(String, Entry)> = self.words.into_iter().collect();
        words.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut bytes = (words.len() as u32).to_le_bytes().to_vec();
        let mut end = 0_u32;
        bytes.extend(end.to_le_bytes());
        for (word, _) in &words {
            end += word.len() as u32;
            bytes.extend(end.to_le_bytes());
        }
        bytes.extend(words.iter().flat_map(|(_, entry)| entry.documents.to_le_bytes()));
        bytes.extend(words.iter().flat_map(|(word, _)| word.bytes()));
        bytes
    }
}

/// The file, read in place.
#[derive(Clone)]
pub(crate) struct Vocabulary {
    bytes: OwnedBytes,
    count: usize,
}

impl Vocabulary {
    /// No words: that of a segment without the file.
    pub(crate) fn empty() -> Self {
        Self { bytes: OwnedBytes::empty(), count: 0 }
    }

    /// Reads the head of the file.
    pub(crate) fn open(bytes: OwnedBytes) -> Result<Self, LexicalError> {
        let count = u32_at(&bytes, 0).map_or(0, |count| count as usize);
        let texts = 8 + 8 * count;
        let whole = u32_at(&bytes, 4 + 4 * count).map(|end| texts + end as usize);
        if whole != Some(bytes.len()) {
            let (expected, found) = (format!("{count} words"), format!("{} bytes", bytes.len()));
            return Err(damaged("words", 0, expected, found));
        }
        Ok(Self { bytes, count })
    }

    /// The words that begin with a letter, ascending, each with its number of documents.
    pub(crate) fn beginning_with(&self, first: char) -> impl Iterator<Item = (&str, u32)> {
        let start = self.first_from(&first.to_string());
        (start..self.count).map_while(|at| self.word(at)).take_while(move |(word, _)| word.starts_with(first))
    }

    /// The place of the first word from `wanted` on.
    fn first_from(&self, wanted: &str) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.word(middle) {
                Some((word, _)) if word < wanted => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// A word; `None` beyond the end, and for damaged bytes.
    fn word(&self, at: usize) -> Option<(&str, u32)> {
        let texts = 8 + 8 * self.count;
        let start = texts + u32_at(&self.bytes, 4 + 4 * at)? as usize;
        let end = texts + u32_at(&self.bytes, 8 + 4 * at)? as usize;
        let text = std::str::from_utf8(self.bytes.get(start..end)?).ok()?;
        Some((text, u32_at(&self.bytes, 8 + 4 * self.count + 4 * at)?))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(documents: &[&str]) -> Vec<u8> {
        let mut writer = VocabularyWriter::default();
        for (document, words) in (0..).zip(documents) {
            words.split(' ').for_each(|word| writer.add(word, document));
        }
        writer.finish()
    }

    #[test]
    fn words_come_by_their_first_letter_with_their_documents() {
        let documents = ["lung mass lung", "mass left", "no t9 a écran mass"];
        let vocabulary = Vocabulary::open(OwnedBytes::new(written(&documents))).unwrap();
        let of = |first| vocabulary.beginning_with(first).collect::<Vec<_>>();
        assert_eq!(of('l'), [("left", 1), ("lung", 1)]);
        assert_eq!(of('m'), [("mass", 3)]);
        assert_eq!(of('é'), [("écran", 1)]);
        assert!(of('t').is_empty() && of('n').is_empty() && of('z').is_empty());
        assert!(Vocabulary::empty().beginning_with('l').next().is_none());
        assert!(
            Vocabulary::open(OwnedBytes::new(written(&[]))).unwrap().beginning_with('l').next().is_none()
        );
    }

    #[test]
    fn equal_words_give_equal_bytes() {
        assert_eq!(written(&["lung mass", "left"]), written(&["mass lung", "left"]));
    }

    #[test]
    fn a_cut_file_is_refused_and_damaged_words_are_left_out() {
        let bytes = written(&["lung mass"]);
        for length in [0, 3, 4, 8, bytes.len() - 1] {
            assert!(Vocabulary::open(OwnedBytes::new(bytes[..length].to_vec())).is_err(), "{length}");
        }
        let mut damaged = bytes;
        damaged[8] = 0xff;
        let vocabulary = Vocabulary::open(OwnedBytes::new(damaged)).unwrap();
        assert_eq!(vocabulary.beginning_with('z').count(), 0);
    }
}
