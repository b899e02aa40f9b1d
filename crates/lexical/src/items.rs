//! The text of a query, cut into words with the signs around them.

use crate::analyzer::{MAX_WORD_BYTES, analyzer, written_words};
use crate::clause::Occur;
use crate::schema::LexicalField;
use precedent_model::Span;
use tantivy::tokenizer::TextAnalyzer;

/// A word of a query as the index holds it, and where it stands in the query.
#[derive(Clone)]
pub(crate) struct QueryWord {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// How words stand together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Each for itself.
    Loose,
    /// In a row, because they are one word for who wrote them: `+x-ray`.
    Joined,
    /// In a row, because they stand in quotation marks.
    Quoted,
}

/// What stands between white space, or in quotation marks.
pub(crate) struct Item {
    pub(crate) occur: Occur,
    /// The field named before it.
    pub(crate) field: Option<LexicalField>,
    pub(crate) form: Form,
    /// Empty for a row that no index holds.
    pub(crate) words: Vec<QueryWord>,
}

/// A word of a query as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenWord {
    /// Its bytes in the query.
    pub span: Span,
    /// Whether it is asked for as written: in quotation marks, or behind the name of a section or an assertion.
    pub as_written: bool,
}

/// The words of a query, in order.
pub(crate) fn query_words(text: &str) -> Vec<WrittenWord> {
    let of_item = |item: Item| {
        let as_written = item.form == Form::Quoted || item.field.is_some();
        item.words.into_iter().map(move |word| WrittenWord { span: word.span, as_written })
    };
    items(text).into_iter().flat_map(of_item).collect()
}

/// Cuts a text.
pub(crate) fn items(text: &str) -> Vec<Item> {
    let mut cutter = Cutter { text, analyzer: analyzer(), items: Vec::new() };
    let mut rest = text;
    let mut separated = true;
    loop {
        let trimmed = rest.trim_start();
        separated |= trimmed.len() < rest.len();
        if trimmed.is_empty() {
            return cutter.items;
        }
        rest = cutter.cut_one(trimmed, separated);
        separated = false;
    }
}

struct Cutter<'a> {
    text: &'a str,
    analyzer: TextAnalyzer,
    items: Vec<Item>,
}

impl<'a> Cutter<'a> {
    /// Cuts off a word or a phrase with what stands before it; gives what follows. `separated`: after white space.
    fn cut_one(&mut self, text: &'a str, separated: bool) -> &'a str {
        let (occur, text) = if separated { operator(text) } else { (Occur::Should, text) };
        let (field, text) = if separated { field(text) } else { (None, text) };
        if let Some((phrase, rest)) = quoted(text) {
            let mark = text.chars().next().map_or(0, char::len_utf8);
            self.add(occur, field, Form::Quoted, phrase, text.len() - mark);
            return rest;
        }
        let (word, rest) = text.split_at(word_end(text));
        let form = if occur == Occur::Should { Form::Loose } else { Form::Joined };
        self.add(occur, field, form, word, text.len());
        rest
    }

    /// `left`: how many bytes of the query there are from the start of `piece` on.
    fn add(&mut self, occur: Occur, field: Option<LexicalField>, form: Form, piece: &str, left: usize) {
        let offset = self.text.len() - left;
        let mut pieces = written_words(piece).peekable();
        if pieces.peek().is_none() {
            return;
        }
        let nowhere = form != Form::Loose && pieces.any(|piece| piece.len() > MAX_WORD_BYTES);
        let mut words = Vec::new();
        if !nowhere {
            self.analyzer.token_stream(piece).process(&mut |token| {
                let span = Span::new(offset + token.offset_from..offset + token.offset_to);
                words.push(QueryWord { text: token.text.clone(), span });
            });
        }
        if form != Form::Loose || !words.is_empty() {
            self.items.push(Item { occur, field, form, words });
        }
    }
}

fn operator(text: &str) -> (Occur, &str) {
    let split = [('+', Occur::Must), ('-', Occur::MustNot)]
        .into_iter()
        .find_map(|(sign, occur)| Some((occur, text.strip_prefix(sign)?)));
    split.filter(|(_, rest)| rest.starts_with(|c: char| !c.is_whitespace())).unwrap_or((Occur::Should, text))
}

fn field(text: &str) -> (Option<LexicalField>, &str) {
    text.split_once(':')
        .filter(|(_, rest)| rest.starts_with(|c: char| !c.is_whitespace()))
        .and_then(|(name, rest)| Some((Some(LexicalField::from_name(name)?), rest)))
        .unwrap_or((None, text))
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

    /// Items as text: sign, field, words as written and joined by `_` in a row, by `,` each for itself, in quotation
    /// marks where they stood in some.
    fn check(text: &str, expected: &str) {
        let shown = items(text).into_iter().map(|item| {
            let sign = match item.occur {
                Occur::Should => "",
                Occur::Must => "+",
                Occur::MustNot => "-",
            };
            let field = item.field.map_or(String::new(), |field| format!("{field:?}:"));
            let words: Vec<&str> = item.words.iter().map(|word| &text[word.span.range()]).collect();
            let words = match item.form {
                Form::Loose => words.join(","),
                Form::Joined => words.join("_"),
                Form::Quoted => format!("\"{}\"", words.join("_")),
            };
            format!("{sign}{field}{words}")
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{text}");
    }

    #[test]
    fn words_phrases_and_operators() {
        check("Effusion no cardiomegaly", "Effusion no cardiomegaly");
        check(r#""Pleural effusions" left"#, r#""Pleural_effusions" left"#);
        check(r#"+effusion -"no acute" -mass"#, r#"+effusion -"no_acute" -mass"#);
        check("“no effusion” „small nodule“", r#""no_effusion" "small_nodule""#);
        check(r#"œdème "œdème étendu" b"#, r#"œdème "œdème_étendu" b"#);
    }

    #[test]
    fn fields_are_known_names_with_no_space_after_the_colon() {
        check(
            r#"indication:cough +findings:"small nodule" -body:x"#,
            r#"Section(Indication):cough +Section(Findings):"small_nodule" -Section(Body):x"#,
        );
        check("text:no -absent:mass", "Text:no -Asserted(Absent):mass");
        check(r#"other_person:"lung cancer""#, r#"Asserted(OtherPerson):"lung_cancer""#);
        check("findings: clear", "findings clear");
        check("finding:clear Findings:clear", "finding,clear Findings,clear");
        check("findings:x-ray", "Section(Findings):x,ray");
        check("findings:", "findings");
        check("findings:-- a", "a");
    }

    #[test]
    fn other_punctuation_is_text() {
        check("x-ray, T9/T10; (effusion)", "x,ray T9,T10 effusion");
        check("+x-ray -well-defined", "+x_ray -well_defined");
        check(r#"2" drain, 3" tube"#, "2 drain 3 tube");
        check(r#"("no effusion")"#, r#""no_effusion""#);
        check(r#""unclosed phrase"#, "unclosed phrase");
        check(r#"a"b c"#, "a,b c");
        check(r#""a b"-c"#, r#""a_b" c"#);
        check("- + a +- -+b", "a -b");
        check("AND ( OR *?~^[]{}\\", "AND OR");
        check("5'10\" tall", "5,10 tall");
    }

    #[test]
    fn rows_that_no_index_holds_have_no_words() {
        let long = "x".repeat(65);
        check(&format!("a {long} +{long} \"a {long} b\""), r#"a + """#);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..Default::default() })]

        /// Every word stands in the text where its span says, ascending.
        #[test]
        fn spans_are_those_of_the_words(text in "(\\PC|[ \"+:-]|findings:|“){0,60}") {
            let mut analyzer = analyzer();
            let mut before = 0;
            for word in items(&text).into_iter().flat_map(|item| item.words) {
                let mut words = Vec::new();
                let written = &text[word.span.range()];
                analyzer.token_stream(written).process(&mut |token| words.push(token.text.clone()));
                prop_assert_eq!(&words, &[word.text]);
                prop_assert!(word.span.start >= before);
                before = word.span.end;
            }
        }
    }
}
