//! What a user asks for in words. Every text is a query; only its size can be refused.

use crate::analyzer::{MAX_WORD_BYTES, analyzer};
use crate::schema::LexicalField;
use precedent_model::SectionKind;
use std::collections::HashMap;
use std::fmt;
use tantivy::tokenizer::TextAnalyzer;

/// Most different words of a query, those of phrases counted one by one. Each holds a posting list open.
pub const MAX_QUERY_WORDS: usize = 256;

/// Why a text is refused as a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryTextError {
    /// More different words than [`MAX_QUERY_WORDS`].
    #[error("text has {found} different words and phrases, the limit is {limit}; give the words that matter")]
    TooManyWords {
        /// Different words, those of phrases counted one by one.
        found: usize,
        /// [`MAX_QUERY_WORDS`].
        limit: usize,
    },
}

/// A query in words, already analysed.
///
/// - `effusion cardiomegaly`: cases with any of the words; more of them, and rarer ones, score higher. A word that
///   stands several times counts as often.
/// - `"pleural effusion"`: the words one after the other, in one section.
/// - `+effusion`, `+"pleural effusion"`: must be there; the other words then only add to the score.
/// - `-pneumothorax`, `-"no acute"`: must not be there.
/// - `indication:cough`, `findings:"small nodule"`: in that section, with or without `+` or `-` before. The name is one
///   of [`SectionKind`], in lower case, and nothing stands between colon and word.
///
/// A plain word is looked for in what was reported: findings, impression and text without a heading. Any other
/// punctuation only separates words, so any text can be pasted: `x-ray` is two words, and `+x-ray` and `-x-ray` are
/// about the two in a row. `+` and `-` count at the start of a word only, a quotation mark only with its partner and
/// not right after a letter or digit (`2" drain`). A word above [`MAX_WORD_BYTES`] stands in no index, so a
/// phrase with one is nowhere.
///
/// `Debug` hides the words: they may lead to a person.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct TextQuery {
    clauses: Vec<Clause>,
}

impl TextQuery {
    /// Reads a text. Its length is the caller's to limit.
    ///
    /// # Errors
    /// More than [`MAX_QUERY_WORDS`] different words.
    pub fn parse(text: &str) -> Result<Self, QueryTextError> {
        let mut reader = Reader { analyzer: analyzer(), clauses: Vec::new(), places: HashMap::new() };
        let mut rest = text;
        let mut separated = true;
        loop {
            let trimmed = rest.trim_start();
            separated |= trimmed.len() < rest.len();
            if trimmed.is_empty() {
                break;
            }
            rest = reader.read_one(trimmed, separated);
            separated = false;
        }
        let found = reader.clauses.iter().map(|clause| clause.words.len().max(1)).sum();
        if found > MAX_QUERY_WORDS {
            return Err(QueryTextError::TooManyWords { found, limit: MAX_QUERY_WORDS });
        }
        Ok(Self { clauses: reader.clauses })
    }

    /// Whether any case could be found: false for a text without words, or with words to be left out only.
    pub fn is_searchable(&self) -> bool {
        let impossible = |clause: &Clause| clause.occur == Occur::Must && clause.words.is_empty();
        let positive = |clause: &Clause| clause.occur != Occur::MustNot && !clause.words.is_empty();
        !self.clauses.iter().any(impossible) && self.clauses.iter().any(positive)
    }

    /// The clauses, in the order in which their scores are added up.
    pub(crate) fn clauses(&self) -> &[Clause] {
        &self.clauses
    }
}

impl fmt::Debug for TextQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextQuery({} clauses hidden)", self.clauses.len())
    }
}

/// Whether a clause must hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Occur {
    /// Adds to the score.
    Should,
    /// Adds to the score and must hold.
    Must,
    /// Must not hold.
    MustNot,
}

/// A word or a phrase in a field.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Clause {
    pub(crate) occur: Occur,
    pub(crate) field: LexicalField,
    /// In a row. None: holds nowhere.
    pub(crate) words: Vec<String>,
    /// How often the clause stands in the query.
    pub(crate) times: u32,
}

struct Reader {
    analyzer: TextAnalyzer,
    clauses: Vec<Clause>,
    places: HashMap<Clause, usize>,
}

impl Reader {
    /// Reads a word or a phrase with what stands before it; gives what follows. `separated`: after white space.
    fn read_one<'a>(&mut self, text: &'a str, separated: bool) -> &'a str {
        let (occur, text) = if separated { operator(text) } else { (Occur::Should, text) };
        let (field, text) = if separated { section(text) } else { (LexicalField::Text, text) };
        if let Some((phrase, rest)) = quoted(text) {
            self.add_row(occur, field, phrase);
            return rest;
        }
        let (word, rest) = text.split_at(word_end(text));
        if occur == Occur::Should {
            for word in self.words(word) {
                self.add(Clause { occur, field, words: vec![word], times: 1 });
            }
        } else {
            self.add_row(occur, field, word);
        }
        rest
    }

    fn add_row(&mut self, occur: Occur, field: LexicalField, text: &str) {
        let mut pieces =
            text.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty()).peekable();
        if pieces.peek().is_none() {
            return;
        }
        let too_long = pieces.any(|piece| piece.len() > MAX_WORD_BYTES);
        let words = if too_long { Vec::new() } else { self.words(text) };
        self.add(Clause { occur, field, words, times: 1 });
    }

    fn add(&mut self, clause: Clause) {
        match self.places.get(&clause) {
            Some(&place) => self.clauses[place].times += 1,
            None => {
                self.places.insert(clause.clone(), self.clauses.len());
                self.clauses.push(clause);
            }
        }
    }

    fn words(&mut self, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        self.analyzer.token_stream(text).process(&mut |token| words.push(token.text.clone()));
        words
    }
}

fn operator(text: &str) -> (Occur, &str) {
    let split = [('+', Occur::Must), ('-', Occur::MustNot)]
        .into_iter()
        .find_map(|(sign, occur)| Some((occur, text.strip_prefix(sign)?)));
    split.filter(|(_, rest)| rest.starts_with(|c: char| !c.is_whitespace())).unwrap_or((Occur::Should, text))
}

fn section(text: &str) -> (LexicalField, &str) {
    text.split_once(':')
        .filter(|(_, rest)| rest.starts_with(|c: char| !c.is_whitespace()))
        .and_then(|(name, rest)| Some((LexicalField::Section(SectionKind::from_name(name)?), rest)))
        .unwrap_or((LexicalField::Text, text))
}

/// The text between a quotation mark at the start and the next one, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix(is_quote)?;
    let end = inside.find(is_quote)?;
    let after = inside[end..].chars().next().map_or(0, char::len_utf8);
    Some((&inside[..end], &inside[end + after..]))
}

/// Where a word ends: before white space, or before a quotation mark that does not follow a letter or digit.
fn word_end(text: &str) -> usize {
    let mut before = 'a';
    for (at, c) in text.char_indices() {
        if c.is_whitespace() || (is_quote(c) && !before.is_alphanumeric()) {
            return at;
        }
        before = c;
    }
    text.len()
}

/// Straight, and the typographic ones that word processors put in their place.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// Clauses as text: sign, section, words joined by `_`, `*n` when repeated.
    fn check(text: &str, expected: &str) {
        let query = TextQuery::parse(text).unwrap();
        let shown: Vec<String> = query
            .clauses()
            .iter()
            .map(|clause| {
                let sign = match clause.occur {
                    Occur::Should => "",
                    Occur::Must => "+",
                    Occur::MustNot => "-",
                };
                let section = match clause.field {
                    LexicalField::Text => String::new(),
                    LexicalField::Section(kind) => format!("{}:", kind.name()),
                };
                let times = if clause.times > 1 { format!("*{}", clause.times) } else { String::new() };
                format!("{sign}{section}{}{times}", clause.words.join("_"))
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "{text}");
    }

    #[test]
    fn words_phrases_and_operators() {
        check("Effusion no cardiomegaly", "effus no cardiomegali");
        check(r#""Pleural effusions" left"#, "pleural_effus left");
        check(r#"+effusion -"no acute" -mass"#, "+effus -no_acut -mass");
        check("“no effusion” „small nodule“", "no_effus small_nodul");
        check("cough Cough coughing +cough", "cough*3 +cough");
        check(r#""one""#, "one");
    }

    #[test]
    fn sections_are_known_names_with_no_space_after_the_colon() {
        check(
            r#"indication:cough +findings:"small nodule" -body:x"#,
            "indication:cough +findings:small_nodul -body:x",
        );
        check("findings: clear", "find clear");
        check("finding:clear Findings:clear text:a", "find*2 clear*2 text a");
        check("findings:x-ray", "findings:x findings:ray");
        check("findings:", "find");
        check("findings:-- a", "a");
    }

    #[test]
    fn other_punctuation_is_text() {
        check("x-ray, T9/T10; (effusion)", "x ray t9 t10 effus");
        check("+x-ray -well-defined", "+x_ray -well_defin");
        check(r#"2" drain, 3" tube"#, "2 drain 3 tube");
        check(r#"("no effusion")"#, "no_effus");
        check(r#""unclosed phrase"#, "unclos phrase");
        check(r#"a"b c"#, "a b c");
        check(r#""a b"-c"#, "a_b c");
        check("- + a +- -+b", "a -b");
        check("AND ( OR *?~^[]{}\\", "and or");
        check("5'10\" tall", "5 10 tall");
    }

    #[test]
    fn words_that_no_index_holds() {
        let long = "x".repeat(65);
        check(&format!("a {long}"), "a");
        check(&format!("+{long} \"a {long} b\""), "+ ");
        assert!(!TextQuery::parse(&format!("a +{long}")).unwrap().is_searchable());
    }

    #[test]
    fn what_cannot_find_anything_says_so() {
        for (text, searchable) in [
            ("", false),
            (" ?! -- ", false),
            ("-a", false),
            ("-a b", true),
            ("\"..\"", false),
            ("肺炎", true),
        ] {
            assert_eq!(TextQuery::parse(text).unwrap().is_searchable(), searchable, "{text}");
        }
    }

    #[test]
    fn different_words_are_limited_repeated_ones_are_not() {
        let words = |n: usize| (0..n).map(|i| format!("w{i}")).collect::<Vec<_>>().join(" ");
        assert!(TextQuery::parse(&format!("{0} {0}", words(256))).is_ok());
        let error = TextQuery::parse(&words(257)).unwrap_err();
        assert_eq!(error, QueryTextError::TooManyWords { found: 257, limit: 256 });
        assert!(TextQuery::parse(&format!("\"{}\" a", words(256))).is_err());
        assert_eq!(format!("{:?}", TextQuery::parse("Jane Doe").unwrap()), "TextQuery(2 clauses hidden)");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..Default::default() })]

        /// No text is an error or a panic, and every clause has words that the analyzer gives.
        #[test]
        fn any_text_is_a_query(text in "(\\PC|[ \"+:-]|findings:|“){0,60}") {
            let query = TextQuery::parse(&text).unwrap();
            prop_assert!(query.clauses().iter().all(|clause| clause.words.iter().all(|word| !word.is_empty())));
        }
    }
}
