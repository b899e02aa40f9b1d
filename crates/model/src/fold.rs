//! One form for texts that look alike: the rule by which words of reports, queries and filters are compared.
//!
//! Two texts are the same when they differ only in case, accents, ligatures, width, invisible characters, or in whether
//! an accented letter is one character or two. Letters that Unicode does not take apart, but readers do, are spelt out:
//! `ß` is `ss`, `œ` is `oe`, `ø` is `o`, the dotless `ı` is `i`. Only accents of the European kind go; what
//! distinguishes syllables in other scripts, such as the voiced marks of kana, stays.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Appends a word in the form under which words are compared: lower case, without accents and invisible characters.
/// Folding what is folded changes nothing.
pub fn fold_word(word: &str, into: &mut String) {
    if word.is_ascii() {
        into.extend(word.bytes().map(|byte| byte.to_ascii_lowercase() as char));
        return;
    }
    let mut plain = String::with_capacity(word.len());
    for letter in word.chars() {
        fold_letter(letter, &mut plain);
    }
    into.extend(plain.nfc());
}

/// The form under which keywords are compared: trimmed, each blank a space and each hyphen `-`, and otherwise as
/// [`fold_word`] does it, so that `dx` finds `DX` and `Koln` finds `Köln`, however it is encoded.
pub fn fold_keyword(text: &str) -> String {
    let blank = |c: char| c.is_whitespace() || is_invisible(c);
    fold_keyword_part(text.trim_matches(blank))
}

/// As [`fold_keyword`], for a part of a keyword: blanks at its ends stay.
pub fn fold_keyword_part(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if c.is_whitespace() => plain.push(' '),
            _ if is_hyphen(c) => plain.push('-'),
            _ => fold_letter(c, &mut plain),
        }
    }
    plain.nfc().collect()
}

/// Whether a character is a hyphen, which joins words or parts of one: the plain one, and the typographic and wide ones.
pub fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2012}' | '\u{fe63}' | '\u{ff0d}')
}

/// Whether a character belongs to the word that it stands in, though it is neither letter nor digit: an accent of its
/// own, or a character that nobody sees, such as a soft hyphen.
pub fn continues_word(c: char) -> bool {
    !c.is_ascii() && (is_invisible(c) || is_combining_mark(c))
}

/// Whether nobody sees a character: it advises on line breaks, joins, direction or glyphs.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// A diacritic of Latin, Greek or Cyrillic letters, by its block.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

fn fold_letter(letter: char, into: &mut String) {
    // A letter that comes apart into more than letters and digits, such as a fraction, stays one character, and so does
    // an accent of its own that would become a blank.
    let is_letter = letter.is_alphanumeric();
    let mut apart = true;
    decompose_compatible(letter, |part| {
        apart &=
            if is_letter { part.is_alphanumeric() || is_combining_mark(part) } else { !part.is_whitespace() };
    });
    if apart {
        decompose_compatible(letter, |part| fold_part(part, into));
    } else {
        fold_part(letter, into);
    }
}

fn fold_part(part: char, into: &mut String) {
    if is_invisible(part) || is_accent(part) {
        return;
    }
    for small in part.to_lowercase() {
        match small {
            'ß' => into.push_str("ss"),
            'æ' => into.push_str("ae"),
            'œ' => into.push_str("oe"),
            'þ' => into.push_str("th"),
            'ø' => into.push('o'),
            'ı' => into.push('i'),
            'ł' => into.push('l'),
            'đ' | 'ð' => into.push('d'),
            'ħ' => into.push('h'),
            'ŧ' => into.push('t'),
            'ŋ' => into.push('n'),
            'ĸ' => into.push('k'),
            'ς' => into.push('σ'),
            _ if is_accent(small) => {}
            _ => into.push(small),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> String {
        let mut folded = String::new();
        fold_word(text, &mut folded);
        folded
    }

    #[test]
    fn words_that_look_alike_are_one() {
        for (text, folded) in [
            ("FIBROSIS", "fibrosis"),
            ("\u{fb01}brosis", "fibrosis"),
            ("\u{fb04}uent", "ffluent"),
            ("Pneumo\u{ad}thorax", "pneumothorax"),
            ("\u{feff}Pneumo\u{200b}tho\u{2060}rax\u{200d}", "pneumothorax"),
            ("\u{153}d\u{e8}me", "oedeme"),
            ("oede\u{300}me", "oedeme"),
            ("K\u{f6}ln", "koln"),
            ("Ko\u{308}ln", "koln"),
            ("Stra\u{df}e", "strasse"),
            ("STRA\u{1e9e}E", "strasse"),
            ("\u{130}zm\u{131}r", "izmir"),
            ("\u{ff30}\u{ff4e}\u{ff45}\u{ff55}\u{ff4d}\u{ff4f}\u{ff11}", "pneumo1"),
            ("s\u{f8}r \u{141}\u{f3}d\u{17a}", "sor lodz"),
            ("cm\u{b2}", "cm2"),
            ("\u{bd}", "\u{bd}"),
            ("\u{212b}", "a"),
            ("\u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}", "σισυφοσ"),
        ] {
            assert_eq!(word(text), folded, "{text:?}");
        }
    }

    #[test]
    fn marks_that_make_syllables_stay() {
        for text in ["が", "カ\u{3099}", "한국어", "हिन्दी", "肺炎"] {
            let composed: String = text.nfc().collect();
            assert_eq!(word(text), composed, "{text}");
        }
        assert_eq!(word("\u{ff76}\u{ff9e}"), "ガ");
    }

    #[test]
    fn keywords_keep_their_inner_blanks_and_hyphens_as_plain_ones() {
        for (text, folded) in [
            (" DX ", "dx"),
            ("\u{feff}St.\u{a0}Mary\u{2011}North\u{200b} ", "st. mary-north"),
            ("AP\u{3000}Supine", "ap supine"),
            ("  ", ""),
            ("a  b", "a  b"),
        ] {
            assert_eq!(fold_keyword(text), folded, "{text:?}");
        }
        assert_eq!(fold_keyword_part(" AP\u{a0}"), " ap ");
    }

    #[test]
    fn folding_twice_is_folding_once() {
        // Without the planes and blocks of ideographs, which all behave alike.
        for c in ('\0'..='\u{33ff}').chain('\u{a000}'..='\u{abff}').chain('\u{f900}'..='\u{1ffff}') {
            for text in [c.to_string(), format!("a{c}か{c}\u{301}b")] {
                let (once, key) = (word(&text), fold_keyword(&text));
                assert_eq!(word(&once), once, "{c:?}");
                assert_eq!(fold_keyword(&key), key, "{c:?}");
            }
        }
    }

    #[test]
    fn a_letter_folds_to_letters() {
        for c in ('\0'..='\u{2ffff}').filter(|c| c.is_alphanumeric()) {
            let folded = word(&c.to_string());
            assert!(folded.chars().all(|c| c.is_alphanumeric() || is_combining_mark(c)), "{c:?} {folded:?}");
        }
    }
}
