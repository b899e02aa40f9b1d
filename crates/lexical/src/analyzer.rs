//! From text to words. One analyzer for every field and for queries.
//!
//! Text is cut at every character that is neither letter nor digit; words are folded to lower case and to ASCII and
//! reduced to their English stem (Snowball "English"). There are no stop words: in a report "no" is the finding.

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer,
};

/// The name under which the analyzer stands in every segment.
pub const ANALYZER_NAME: &str = "precedent_english";
/// Changes with every change of the words that a text gives; a segment of another version is not read.
pub const ANALYZER_VERSION: u32 = 1;
/// Longest word that is indexed, in bytes as written. Longer ones keep their place in the text but are never found.
pub const MAX_WORD_BYTES: usize = 64;

/// The analyzer.
pub(crate) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(long_words())
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::new(Language::English))
        .build()
}

fn long_words() -> RemoveLongFilter {
    // The filter keeps what is shorter than its limit.
    RemoveLongFilter::limit(MAX_WORD_BYTES + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        analyzer().token_stream(text).process(&mut |token| words.push(token.text.clone()));
        words
    }

    #[test]
    fn words_are_folded_and_stemmed_and_none_is_a_stop_word() {
        assert_eq!(words("No effusions, the OPACITIES"), ["no", "effus", "the", "opac"]);
        assert_eq!(words("Élévation x-ray T9/T10"), ["elev", "x", "ray", "t9", "t10"]);
        assert_eq!(words("肺炎 пневмония"), ["肺炎", "пневмония"]);
        assert!(words(" -- !? ").is_empty());
    }

    #[test]
    fn long_words_are_left_out() {
        assert_eq!(words(&format!("a {} b", "x".repeat(64))).len(), 3);
        assert_eq!(words(&format!("a {} b", "x".repeat(65))), ["a", "b"]);
    }
}
