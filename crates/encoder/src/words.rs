//! A sentence as words, and a word as rows of a table: its own, and those of its parts.
//!
//! There is no vocabulary: rows are found by hashing (Bojanowski et al. 2017, "Enriching Word Vectors with Subword
//! Information"), so that a word that training never met still shares its parts with words that it did: "oedema" with
//! "edema".

use xxhash_rust::xxh3::xxh3_64;

/// Words of a sentence that are looked at.
pub const MOST_WORDS: usize = 64;
/// Bytes of a word that are looked at.
const MOST_BYTES: usize = 48;
/// Letters of a part of a word.
const PART: usize = 3;

/// The words of a sentence: letters in small form, every number as `0`, no punctuation.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// The first [`MOST_WORDS`] words of a text, or `None` where it has none.
    pub fn of(text: &str) -> Option<Self> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<String> = words.take(MOST_WORDS).map(plain).collect();
        if words.is_empty() { None } else { Some(Self(words)) }
    }

    /// How many there are; never 0.
    #[allow(clippy::len_without_is_empty, reason = "there is always a word")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Per word the rows of a table of `buckets` rows, and empty bags up to `length`.
    pub(crate) fn rows(&self, buckets: usize, length: usize) -> impl Iterator<Item = Vec<u32>> {
        let behind = length.saturating_sub(self.0.len());
        self.0.iter().map(move |word| rows(word, buckets)).chain(std::iter::repeat_n(Vec::new(), behind))
    }
}

/// Report text.
impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({}, hidden)", self.0.len())
    }
}

fn plain(word: &str) -> String {
    if word.chars().all(char::is_numeric) {
        return "0".to_owned();
    }
    let mut plain = String::new();
    for letter in word.chars().flat_map(char::to_lowercase) {
        if plain.len() + letter.len_utf8() > MOST_BYTES {
            break;
        }
        plain.push(letter);
    }
    plain
}

fn rows(word: &str, buckets: usize) -> Vec<u32> {
    let half = (buckets / 2).max(1) as u64;
    let mut rows = vec![(xxh3_64(word.as_bytes()) % half) as u32];
    let letters: Vec<char> = std::iter::once('<').chain(word.chars()).chain(['>']).collect();
    if letters.len() > PART {
        let parts = letters.windows(PART).map(|part| part.iter().collect::<String>());
        rows.extend(parts.map(|part| (half + xxh3_64(part.as_bytes()) % half) as u32));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_small_letters_and_numbers_are_alike() {
        let words = |text| Words::of(text).map(|words| words.0);
        assert_eq!(words("No PNEUMOTHORAX, 12 mm."), words("no pneumothorax 7 MM"));
        assert_eq!(words("Œdème? T12/L1"), Some(vec!["œdème".into(), "t12".into(), "l1".into()]));
        assert_eq!(words(" .,;- "), None);
        assert_eq!(Words::of(&"a ".repeat(1000)).unwrap().len(), MOST_WORDS);
        assert!(Words::of(&"ß".repeat(1000)).unwrap().0[0].len() <= MOST_BYTES);
    }

    #[test]
    fn like_words_share_rows_and_halves_are_apart() {
        let (with, without) = (rows("oedema", 64), rows("edema", 64));
        assert!(with[0] < 32 && with[1..].iter().all(|row| (32..64).contains(row)));
        assert!(without[2..].iter().all(|row| with.contains(row)));
        assert_eq!(rows("a", 64).len(), 1, "a letter is not its own part");
    }

    #[test]
    fn debug_hides_the_words() {
        assert_eq!(format!("{:?}", Words::of("left effusion").unwrap()), "Words(2, hidden)");
    }
}
